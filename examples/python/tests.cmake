# The tests of dbapi, the module for Python. It needs nothing but Debian's python3.
find_program(python3_PROGRAM python3)
if(python3_PROGRAM)
  foreach(name module types session hostile usage)
    add_test(NAME language/python/${name} COMMAND ${with_server}
      "${python3_PROGRAM}" "${DBAPI_ROOT}/examples/python/tests/test_${name}.py")
    set_tests_properties(language/python/${name} PROPERTIES LABELS language TIMEOUT ${DBAPI_TIMEOUT}
      FIXTURES_REQUIRED server
      # No __pycache__ in the tree.
      ENVIRONMENT "LIBDBAPI_PATH=${library_links}/libdbapi.so.0;PYTHONDONTWRITEBYTECODE=1")
  endforeach()
  # The classic session makes the table `test`, as all of them do.
  set_tests_properties(language/python/usage PROPERTIES RESOURCE_LOCK session_table)
else()
  message(WARNING "python3 is not there: language/python is skipped (Debian: apt-get install python3)")
  add_test(NAME language/python COMMAND "${CMAKE_COMMAND}" -E echo "skipped: python3 is not there")
  set_tests_properties(language/python PROPERTIES LABELS language SKIP_REGULAR_EXPRESSION "skipped:")
endif()
