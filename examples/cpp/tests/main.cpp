// The tests of include/dbapi.hpp. They need a server, which PGHOST and its like name.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
