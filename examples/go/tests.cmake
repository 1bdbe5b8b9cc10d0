# The Go driver's own tests. Included by c_tests/CMakeLists.txt.
find_program(go_PROGRAM go)
if(go_PROGRAM)
  add_test(NAME language/go/driver COMMAND ${with_server} "${DBAPI_ROOT}/examples/go/test.sh" "${DBAPI_INCLUDE_DIR}"
    "${library_links}" "${CMAKE_CURRENT_BINARY_DIR}/go_driver")
  # Building comes on top of the tests, with the race detector's runtime.
  set_tests_properties(language/go/driver PROPERTIES LABELS language TIMEOUT 600 FIXTURES_REQUIRED server)
else()
  add_test(NAME language/go/driver COMMAND "${CMAKE_COMMAND}" -E echo "skipped: go is not there")
  set_tests_properties(language/go/driver PROPERTIES LABELS language SKIP_REGULAR_EXPRESSION "skipped:")
endif()
