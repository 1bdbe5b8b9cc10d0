# The Lua module's tests, of both of its bindings: language/lua/luajit and language/lua/5.1 to language/lua/5.4, those
# of them whose interpreter and headers are there. With DBAPI_VALGRIND, also 5.4 under valgrind.

# dbapi_lua(NAME PROGRAM HEADERS PACKAGES): the tests under one interpreter. HEADERS: lua5.4 and the like, a
# directory's name; the C parts are built with them.
function(dbapi_lua name program headers packages)
  set(test language/lua/${name})
  find_program(LUA_${name}_PROGRAM ${program})
  find_path(LUA_${name}_HEADERS NAMES lua.h PATH_SUFFIXES ${headers})
  # Without the suffix it may have found another version's.
  set(modules "")
  if(LUA_${name}_HEADERS MATCHES "${headers}$")
    set(modules test_canceller dbapi_lua)
  endif()
  # LuaJIT needs no C module; without one test.lua skips what takes a second thread, and says so.
  if(name STREQUAL luajit)
    list(REMOVE_ITEM modules dbapi_lua)
  endif()
  if(NOT LUA_${name}_PROGRAM OR NOT modules AND NOT name STREQUAL luajit)
    message(WARNING "${program} or its headers are not there: ${test} is skipped (Debian: apt-get install ${packages})")
    add_test(NAME ${test} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: ${program} or its headers are not there")
    set_tests_properties(${test} PROPERTIES LABELS language SKIP_REGULAR_EXPRESSION "skipped:")
    return()
  endif()
  set(output "${CMAKE_CURRENT_BINARY_DIR}/lua/${name}")
  set(environment "DBAPI_LIBRARY=${library_links}/libdbapi.so" "LUA_CPATH=${output}/?.so")
  if(modules)
    list(APPEND environment "DBAPI_TEST_CANCELLER=${output}/test_canceller.so")
  endif()
  foreach(module IN LISTS modules)
    file(GLOB sources CONFIGURE_DEPENDS "${DBAPI_ROOT}/examples/lua/${module}.c" "${DBAPI_ROOT}/examples/lua/${module}/*.c")
    add_library(${module}_${name} MODULE ${sources})
    target_include_directories(${module}_${name} SYSTEM PRIVATE "${LUA_${name}_HEADERS}")
    target_compile_options(${module}_${name} PRIVATE ${strict})
    target_link_libraries(${module}_${name} PRIVATE dbapi Threads::Threads)
    # Lua's own functions are the interpreter's.
    set_target_properties(${module}_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${module} LIBRARY_OUTPUT_DIRECTORY "${output}")
  endforeach()
  set(command "${LUA_${name}_PROGRAM}" "${DBAPI_ROOT}/examples/lua/test.lua")
  add_test(NAME ${test} COMMAND ${with_server} ${command})
  set_tests_properties(${test} PROPERTIES LABELS language TIMEOUT ${DBAPI_TIMEOUT} FIXTURES_REQUIRED server
    RESOURCE_LOCK lua ENVIRONMENT "${environment}")
  if(DBAPI_VALGRIND AND name STREQUAL 5.4)
    math(EXPR timeout "${DBAPI_TIMEOUT} * 10")
    add_test(NAME valgrind/${test} COMMAND ${with_server} "${VALGRIND}" --quiet --leak-check=full
      --errors-for-leak-kinds=definite,possible --error-exitcode=99 --num-callers=40 --fair-sched=yes
      --keep-debuginfo=yes ${command})
    # LD_PRELOAD: the state unloads its modules as it closes; what the library's globals hold would then count as lost.
    set_tests_properties(valgrind/${test} PROPERTIES LABELS valgrind TIMEOUT ${timeout} FIXTURES_REQUIRED server
      RESOURCE_LOCK lua ENVIRONMENT "${environment};LD_PRELOAD=${library_links}/libdbapi.so.0")
  endif()
endfunction()

# LuaJIT's C functions are Lua 5.1's.
dbapi_lua(luajit luajit lua5.1 "luajit liblua5.1-0-dev")
dbapi_lua(5.4 lua5.4 lua5.4 "lua5.4 liblua5.4-dev")
foreach(version 5.1 5.2 5.3)
  # Whoever has these, tests them; nobody is told to install them.
  find_program(LUA_${version}_PROGRAM lua${version})
  if(LUA_${version}_PROGRAM AND EXISTS "/usr/include/lua${version}/lua.h")
    dbapi_lua(${version} lua${version} lua${version} "")
  endif()
endforeach()
