# dbapi.hpp: its examples, each of which must print what the comment at its head says; its tests; and the header alone
# under strict warnings. Includers tell session.cpp, the example on the raw interface, themselves.

set(strict_cpp ${strict} -Wconversion -Wshadow)

# dbapi_cpp_program(NAME SOURCE...): one in C++17, and linked to the library.
function(dbapi_cpp_program name)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES CXX_STANDARD 17)
  target_compile_options(${name} PRIVATE ${strict_cpp})
  target_link_libraries(${name} PRIVATE dbapi Threads::Threads)
endfunction()

# dbapi_cpp_test(NAME COMMAND...): on the server.
function(dbapi_cpp_test name)
  add_test(NAME ${name} COMMAND ${with_server} ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS language TIMEOUT ${DBAPI_TIMEOUT} FIXTURES_REQUIRED server)
endfunction()

foreach(name quickstart transactions typed_rows errors threads large_results own_types)
  set(source "${DBAPI_ROOT}/examples/cpp/${name}.cpp")
  dbapi_cpp_program(cpp_${name} "${source}")
  dbapi_cpp_test(language/cpp/${name} "${DBAPI_ROOT}/examples/c/expect.sh" "${source}" $<TARGET_FILE:cpp_${name}>)
endforeach()

# Its parts, each of which includes what it needs.
file(GLOB parts CONFIGURE_DEPENDS "${DBAPI_INCLUDE_DIR}/dbapi/*.hpp")
foreach(part IN LISTS parts)
  get_filename_component(name "${part}" NAME)
  add_test(NAME language/cpp/header/${name} COMMAND "${CMAKE_CXX_COMPILER}" -x c++ -std=c++17 ${strict_cpp}
    "-I${DBAPI_INCLUDE_DIR}" -include "${part}" -fsyntax-only "${part}")
  set_tests_properties(language/cpp/header/${name} PROPERTIES LABELS language TIMEOUT 60)
endforeach()

# The header alone, by each compiler that is there, in each standard. Optimized: some warnings come only then.
foreach(compiler g++ clang++)
  find_program(compiler_${compiler} ${compiler})
  foreach(standard c++17 c++20)
    set(test language/cpp/header/${compiler}/${standard})
    if(compiler_${compiler})
      add_test(NAME ${test} COMMAND "${compiler_${compiler}}" -x c++ -std=${standard} ${strict_cpp} -O2
        "-I${DBAPI_INCLUDE_DIR}" -S -o "${CMAKE_CURRENT_BINARY_DIR}/header_use_${compiler}_${standard}.s"
        "${DBAPI_ROOT}/examples/cpp/tests/header_use.cpp")
      set_tests_properties(${test} PROPERTIES LABELS language TIMEOUT 120)
    else()
      add_test(NAME ${test} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: ${compiler} is not there")
      set_tests_properties(${test} PROPERTIES LABELS language SKIP_REGULAR_EXPRESSION "skipped:")
    endif()
  endforeach()
endforeach()

# One program of several translation units, each of which includes the header.
find_path(DOCTEST_INCLUDE_DIR doctest/doctest.h)
set(sources main types cursors errors transactions lifetimes concurrency)
list(TRANSFORM sources PREPEND "${DBAPI_ROOT}/examples/cpp/tests/")
list(TRANSFORM sources APPEND ".cpp")
if(DOCTEST_INCLUDE_DIR)
  dbapi_cpp_program(cpp_tests ${sources})
  dbapi_cpp_test(language/cpp/tests $<TARGET_FILE:cpp_tests>)
  set(names language/cpp/tests)

  dbapi_cpp_program(cpp_tests_sanitized ${sources})
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
  # Not optimized: with sanitizers that takes the compiler ten times as long.
  target_compile_options(cpp_tests_sanitized PRIVATE -g -O0 ${sanitizers})
  target_link_libraries(cpp_tests_sanitized PRIVATE ${sanitizers})
  dbapi_cpp_test(language/cpp/tests_sanitized $<TARGET_FILE:cpp_tests_sanitized>)
  list(APPEND names language/cpp/tests_sanitized)

  if(DBAPI_VALGRIND)
    dbapi_cpp_test(valgrind/cpp/tests "${VALGRIND}" --quiet --leak-check=full --errors-for-leak-kinds=definite,possible
      --error-exitcode=99 --num-callers=40 --fair-sched=yes $<TARGET_FILE:cpp_tests>)
    math(EXPR limit "${DBAPI_TIMEOUT} * 10")
    set_tests_properties(valgrind/cpp/tests PROPERTIES LABELS valgrind TIMEOUT ${limit})
    list(APPEND names valgrind/cpp/tests)
  endif()
  # They use the same tables.
  set_tests_properties(${names} PROPERTIES RESOURCE_LOCK cpp_tests)
else()
  message(WARNING "doctest is not there: language/cpp/tests is skipped (Debian: apt-get install doctest-dev)")
  add_test(NAME language/cpp/tests COMMAND "${CMAKE_COMMAND}" -E echo "skipped: doctest is not there")
  set_tests_properties(language/cpp/tests PROPERTIES LABELS language SKIP_REGULAR_EXPRESSION "skipped:")
endif()

# The benchmark is built by its name alone: cmake --build ... --target cpp_bench.
find_library(PQXX_LIBRARY pqxx)
find_library(PQ_LIBRARY pq)
if(PQXX_LIBRARY AND PQ_LIBRARY)
  add_executable(cpp_bench EXCLUDE_FROM_ALL "${DBAPI_ROOT}/examples/cpp/bench.cpp")
  set_target_properties(cpp_bench PROPERTIES CXX_STANDARD 17)
  target_compile_options(cpp_bench PRIVATE -O2)
  target_link_libraries(cpp_bench PRIVATE dbapi "${PQXX_LIBRARY}" "${PQ_LIBRARY}")
endif()
