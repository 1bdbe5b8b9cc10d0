# Installing in each way, a program outside the tree that uses what was installed, the interface against its baseline,
# the manual, and the code blocks of README.md and docs/. c_tests/CMakeLists.txt includes this.

set(packaging_source "${DBAPI_ROOT}/examples/packaging")
set(packaging_work "${CMAKE_CURRENT_BINARY_DIR}/packaging")

# packaging_test(NAME [SERVER] [REQUIRES FIXTURE] [SETUP FIXTURE] [TIMEOUT s] [NEEDS PROGRAM PACKAGE] COMMAND...): a test packaging/NAME, with the
# throw-away server if SERVER. Without PROGRAM it is one that says that it is skipped.
function(packaging_test name)
  cmake_parse_arguments(arg "SERVER" "REQUIRES;SETUP;TIMEOUT" "NEEDS;COMMAND" ${ARGN})
  set(test packaging/${name})
  if(NOT arg_TIMEOUT)
    # Compilers and cmake are in most of them.
    math(EXPR arg_TIMEOUT "${DBAPI_TIMEOUT} * 2")
  endif()
  if(arg_NEEDS)
    list(GET arg_NEEDS 0 program)
    list(GET arg_NEEDS 1 package)
    find_program(${program}_PROGRAM ${program})
    if(NOT ${program}_PROGRAM)
      message(WARNING "${program} is not there: ${test} is skipped (${package})")
      add_test(NAME ${test} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: ${program} is not there")
      set_tests_properties(${test} PROPERTIES LABELS packaging SKIP_REGULAR_EXPRESSION "^skipped:")
      return()
    endif()
  endif()
  set(prefix "")
  set(fixtures ${arg_REQUIRES})
  if(arg_SERVER)
    set(prefix ${with_server})
    list(APPEND fixtures server)
  endif()
  add_test(NAME ${test} COMMAND ${prefix} ${arg_COMMAND})
  set_tests_properties(${test} PROPERTIES LABELS packaging TIMEOUT ${arg_TIMEOUT} FIXTURES_REQUIRED "${fixtures}")
  if(arg_SETUP)
    set_tests_properties(${test} PROPERTIES FIXTURES_SETUP ${arg_SETUP})
  endif()
endfunction()

# ---- installing, and programs that use what was installed -----------------------------------------------------

# packaging_consumers(KIND HOW how... WHERE prefix [libdir sysroot] ...): the consumer, built and run with what the
# test KIND/install installed, once for each how (see consumer.sh).
function(packaging_consumers kind)
  cmake_parse_arguments(arg "" "NEEDS_PROGRAM;NEEDS_PACKAGE" "HOW;WHERE" ${ARGN})
  foreach(how IN LISTS arg_HOW)
    packaging_test(${kind}/${how} SERVER REQUIRES packaging_${kind} NEEDS ${arg_NEEDS_PROGRAM} ${arg_NEEDS_PACKAGE}
      COMMAND "${packaging_source}/consumer.sh" ${how} "${packaging_work}/${kind}/${how}" ${arg_WHERE})
  endforeach()
endfunction()

packaging_test(plain/destdir COMMAND "${packaging_source}/install_test.sh" destdir "${packaging_work}/destdir" "${DBAPI_LIBRARY_DIR}")

packaging_test(plain/install SETUP packaging_plain
  COMMAND "${packaging_source}/install_test.sh" plain "${packaging_work}/plain/installed" "${DBAPI_LIBRARY_DIR}")
packaging_consumers(plain HOW pkg-config pkg-config-archive pkg-config-static cmake
  NEEDS_PROGRAM pkg-config NEEDS_PACKAGE "Debian: apt-get install pkgconf"
  WHERE "${packaging_work}/plain/installed/prefix")

# cargo-c is not in Debian 12: packaging/cargo-c.sh brings it. It builds the library again, in cargo's own directory.
find_program(cargo-cinstall_PROGRAM cargo-cinstall HINTS "${DBAPI_ROOT}/target/tools/bin")
set(cargo_c_hint "run packaging/cargo-c.sh, and cmake again")
packaging_test(cinstall/install SETUP packaging_cinstall TIMEOUT 1200 NEEDS cargo-cinstall "${cargo_c_hint}"
  COMMAND "${packaging_source}/install_test.sh" cinstall "${packaging_work}/cinstall/installed" "${DBAPI_LIBRARY_DIR}")
packaging_consumers(cinstall HOW pkg-config pkg-config-archive cargo-c-static cmake
  NEEDS_PROGRAM cargo-cinstall NEEDS_PACKAGE "${cargo_c_hint}"
  WHERE "${packaging_work}/cinstall/installed/prefix")
if(cargo-cinstall_PROGRAM)
  get_filename_component(directory "${cargo-cinstall_PROGRAM}" DIRECTORY)
  set_tests_properties(packaging/cinstall/install PROPERTIES ENVIRONMENT "PATH=${directory}:$ENV{PATH}" COST 100)
endif()

# Made and installed by whoever runs the tests, root or not, into a directory that dpkg takes for the system. What
# takes its time is packing the static library, and lintian.
packaging_test(deb/install SETUP packaging_deb TIMEOUT 900 NEEDS dh "Debian: apt-get install debhelper"
  COMMAND "${packaging_source}/install_test.sh" deb "${packaging_work}/deb/installed" "${DBAPI_LIBRARY_DIR}")
find_program(dpkg-architecture_PROGRAM dpkg-architecture)
if(dpkg-architecture_PROGRAM)
  execute_process(COMMAND "${dpkg-architecture_PROGRAM}" -qDEB_HOST_MULTIARCH OUTPUT_VARIABLE multiarch OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
packaging_consumers(deb HOW pkg-config pkg-config-archive pkg-config-static cmake
  NEEDS_PROGRAM dh NEEDS_PACKAGE "Debian: apt-get install debhelper"
  WHERE /usr "lib/${multiarch}" "${packaging_work}/deb/installed/root")

packaging_test(third-party NEEDS cargo "from rustup" COMMAND "${DBAPI_ROOT}/packaging/third-party.sh" --check)

# ---- the interface against its baseline -----------------------------------------------------------------------

packaging_test(abi NEEDS abidiff "Debian: apt-get install abigail-tools" COMMAND "${DBAPI_ROOT}/abi/check.sh" "${DBAPI_INCLUDE_DIR}/dbapi.h")
packaging_test(abi/catches TIMEOUT 300 NEEDS abidiff "Debian: apt-get install abigail-tools" COMMAND "${DBAPI_ROOT}/abi/check_test.sh")

# ---- the manual, and the code on its pages --------------------------------------------------------------------

packaging_test(manual NEEDS doxygen "Debian: apt-get install doxygen"
  COMMAND "${DBAPI_ROOT}/docs/manual/manual.sh" "${packaging_work}/manual")
packaging_test(manual/refuses TIMEOUT 300 NEEDS doxygen "Debian: apt-get install doxygen" COMMAND "${DBAPI_ROOT}/docs/manual/manual_test.sh")
set(blocks --include "${DBAPI_INCLUDE_DIR}" --library "${library_links}" --installed "${packaging_work}/plain/installed/prefix")
packaging_test(blocks SERVER TIMEOUT 600 REQUIRES packaging_plain NEEDS python3 "Debian: apt-get install python3"
  COMMAND python3 "${DBAPI_ROOT}/docs/manual/blocks.py" ${blocks})
packaging_test(blocks/refuses SERVER TIMEOUT 300 REQUIRES packaging_plain NEEDS python3 "Debian: apt-get install python3"
  COMMAND "${DBAPI_ROOT}/docs/manual/blocks_test.sh" ${blocks})
