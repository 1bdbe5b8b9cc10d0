# libdbapi for CMake:
#
#     find_package(dbapi 0.1 REQUIRED)
#     target_link_libraries(program PRIVATE dbapi::dbapi)    # the shared library
#     target_link_libraries(program PRIVATE dbapi::static)   # the static one
#
# COMPONENTS shared and static ask for one that must be there. The same file serves every way of installing: it looks
# for the header and the libraries around itself, so the installed tree may also be moved.
cmake_policy(PUSH)
cmake_policy(VERSION 3.13)

# Without REALPATH, /lib/... on systems where that is a link to /usr/lib would lead to the prefix /.
get_filename_component(_dbapi_directory "${CMAKE_CURRENT_LIST_DIR}" REALPATH)

# LIBDIR/cmake/dbapi or share/dbapi/cmake: the prefix is the first directory above with include/dbapi.h.
set(_dbapi_prefix "${_dbapi_directory}")
foreach(_dbapi_level RANGE 1 6)
  get_filename_component(_dbapi_prefix "${_dbapi_prefix}" DIRECTORY)
  if(EXISTS "${_dbapi_prefix}/include/dbapi.h")
    break()
  endif()
endforeach()
set(_dbapi_include "${_dbapi_prefix}/include")

# Nearest first, so that what was installed with this file is what is found.
set(_dbapi_libraries "${_dbapi_directory}/../..")
if(CMAKE_LIBRARY_ARCHITECTURE)
  list(APPEND _dbapi_libraries "${_dbapi_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
endif()
list(APPEND _dbapi_libraries "${_dbapi_prefix}/lib64" "${_dbapi_prefix}/lib")

# _dbapi_find(OUT NAME...): the first of these files in these directories; empty if there is none.
function(_dbapi_find out)
  foreach(directory IN LISTS _dbapi_libraries)
    foreach(name IN LISTS ARGN)
      if(EXISTS "${directory}/${name}")
        get_filename_component(path "${directory}/${name}" ABSOLUTE)
        set(${out} "${path}" PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
  set(${out} "" PARENT_SCOPE)
endfunction()

_dbapi_find(_dbapi_shared libdbapi.so libdbapi.dylib)
_dbapi_find(_dbapi_static libdbapi.a)

set(dbapi_shared_FOUND FALSE)
set(dbapi_static_FOUND FALSE)
if(EXISTS "${_dbapi_include}/dbapi.h")
  if(_dbapi_shared)
    set(dbapi_shared_FOUND TRUE)
    if(NOT TARGET dbapi::dbapi)
      add_library(dbapi::dbapi SHARED IMPORTED)
      set_target_properties(dbapi::dbapi PROPERTIES
        IMPORTED_LOCATION "${_dbapi_shared}"
        INTERFACE_INCLUDE_DIRECTORIES "${_dbapi_include}")
    endif()
  endif()
  # A static library leaves what it needs itself to the program that takes it in.
  find_package(Threads QUIET)
  if(_dbapi_static AND Threads_FOUND)
    set(dbapi_static_FOUND TRUE)
    if(NOT TARGET dbapi::static)
      add_library(dbapi::static STATIC IMPORTED)
      set_target_properties(dbapi::static PROPERTIES
        IMPORTED_LOCATION "${_dbapi_static}"
        INTERFACE_INCLUDE_DIRECTORIES "${_dbapi_include}"
        INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
    endif()
  endif()
endif()

set(dbapi_FOUND TRUE)
if(NOT dbapi_shared_FOUND AND NOT dbapi_static_FOUND)
  set(dbapi_FOUND FALSE)
  set(dbapi_NOT_FOUND_MESSAGE "neither libdbapi.so nor libdbapi.a is where ${CMAKE_CURRENT_LIST_DIR} was installed")
endif()
foreach(_dbapi_component IN LISTS dbapi_FIND_COMPONENTS)
  if(dbapi_FIND_REQUIRED_${_dbapi_component} AND NOT dbapi_${_dbapi_component}_FOUND)
    set(dbapi_FOUND FALSE)
    set(dbapi_NOT_FOUND_MESSAGE "the component ${_dbapi_component} is not installed (there are: shared, static)")
  endif()
endforeach()

unset(_dbapi_directory)
unset(_dbapi_prefix)
unset(_dbapi_level)
unset(_dbapi_include)
unset(_dbapi_libraries)
unset(_dbapi_shared)
unset(_dbapi_static)
unset(_dbapi_component)
cmake_policy(POP)
