# Each example is run against the server, and must print what the comment at its head says (expect.sh). Includers
# tell the example of the classic session, quickstart.c, themselves.

# dbapi_c_example(NAME LABEL [COMMAND...]): NAME.c, run by COMMAND in front of it if that is given; LABEL is server or
# tls: what it needs.
function(dbapi_c_example name peer)
  add_executable(c_${name} "${DBAPI_ROOT}/examples/c/${name}.c")
  target_compile_options(c_${name} PRIVATE ${strict})
  target_link_libraries(c_${name} PRIVATE dbapi Threads::Threads)
  dbapi_peer_prefix(prefix ${peer} "")
  set(command "${DBAPI_ROOT}/examples/c/expect.sh" "${DBAPI_ROOT}/examples/c/${name}.c" ${ARGN} $<TARGET_FILE:c_${name}>)
  add_test(NAME language/c/${name} COMMAND ${prefix} ${command})
  set_tests_properties(language/c/${name} PROPERTIES LABELS language TIMEOUT ${DBAPI_TIMEOUT} FIXTURES_REQUIRED ${peer})
  set(names language/c/${name})
  if(DBAPI_VALGRIND)
    list(INSERT command 2 "${VALGRIND}" --quiet --leak-check=full --errors-for-leak-kinds=definite,possible
      --error-exitcode=99 --fair-sched=yes)
    add_test(NAME valgrind/c/${name} COMMAND ${prefix} ${command})
    math(EXPR limit "${DBAPI_TIMEOUT} * 10")
    set_tests_properties(valgrind/c/${name} PROPERTIES LABELS valgrind TIMEOUT ${limit} FIXTURES_REQUIRED ${peer})
    list(APPEND names valgrind/c/${name})
  endif()
  if("${peer}" STREQUAL "tls")
    # Other tests change that server's certificate.
    set_tests_properties(${names} PROPERTIES RESOURCE_LOCK tls_server)
  endif()
endfunction()

foreach(name transactions named_parameters server_cursor columns executemany errors threads cancel_and_timeout notify)
  dbapi_c_example(${name} server)
endforeach()
# The user may come over TLS only.
dbapi_c_example(tls tls bash -c
  "DATABASE_URL=\"host=db.example hostaddr=$DBAPI_TEST_HOST4 user=ssl_user sslmode=verify-full sslrootcert='$DBAPI_TEST_TLS/root.crt'\" exec \"$@\"" tls)
