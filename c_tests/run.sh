#!/bin/bash
# The one test command: formatting, lints, the header, Rust's tests, the release library, its exports, the C
# tests and the examples against a throw-away PostgreSQL with its peers (PgBouncer, a standby), what needs a server
# again on PostgreSQL 18, the thread tests under ThreadSanitizer, and all C tests again under valgrind.
# c_tests/matrix.sh has the other majors.
#
#     c_tests/run.sh              everything
#     c_tests/run.sh --no-valgrind    without the last ring, which takes longest
#
# Needs cargo. What else is missing it installs from Debian's packages, having said so.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
# Wherever the caller has cargo build other things.
export CARGO_TARGET_DIR=$root/target
build=$root/target/c_tests

valgrind_ring=yes
case "${1:-}" in
    '') ;;
    --no-valgrind) valgrind_ring=no ;;
    *) echo "usage: c_tests/run.sh [--no-valgrind]" >&2; exit 2 ;;
esac

# Says how many cases ctest's programs just had; those that were skipped said why.
count_cases() {
    local programs passed failed skipped
    read -r programs passed failed skipped < <(c_tests/support/cases.sh "$build")
    printf '%d programs: %d cases passed, %d failed, %d skipped\n' "$programs" "$passed" "$failed" "$skipped"
}

step() { printf '\n==> %s\n' "$*"; }
die() { printf '\nrun.sh: %s\n' "$*" >&2; exit 1; }

# The major that everything is run on besides the system's.
other_major=18

# Whatever ends this script, the servers of ctest's fixtures are stopped.
finish() {
    local status=$? major
    trap - EXIT
    for major in '' "$other_major"; do
        c_tests/support/pgbouncer.sh stop "$build/pooler$major" || status=1
        c_tests/support/pair.sh stop "$build/pair$major" || status=1
        c_tests/support/tls.sh stop "$build/tls$major" || status=1
        c_tests/support/pg.sh stop "$build/server$major" || status=1
    done
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# ---- what is needed ----------------------------------------------------------------------------------------

has_server() {
    local initdb
    if [ -n "${PG_BINDIR:-}" ]; then
        [ -x "$PG_BINDIR/initdb" ]
        return
    fi
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$initdb" ] || return 0
    done
    command -v initdb >/dev/null
}

missing=()
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || missing+=("$2")
}
need cmake cmake
need make make
need gcc gcc
need g++ g++
need nm binutils
need go golang-go
need ruby ruby
need luajit luajit
need lua5.4 lua5.4
need python3 python3
need pkg-config pkgconf
need dpkg-buildpackage dpkg-dev
need pg_config libpq-dev
need shellcheck shellcheck
need openssl openssl
[ "$valgrind_ring" = no ] || need valgrind valgrind
has_server || missing+=(postgresql)
# Where Debian puts it is not in every user's PATH.
[ -x /usr/sbin/pgbouncer ] || need pgbouncer pgbouncer
# It fetches the other major. What it recommends is a whole compiler suite more.
lean=()
command -v npm >/dev/null || lean+=(npm)
command -v dh >/dev/null || lean+=(debhelper)
command -v doxygen >/dev/null || lean+=(doxygen)
command -v abidiff >/dev/null || lean+=(abigail-tools)
# Headers, and what has no command of its own.
[ -e /usr/include/doctest/doctest.h ] || missing+=(doctest-dev)
[ -e /usr/include/lua5.4/lua.h ] || missing+=(liblua5.4-dev)
[ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
! command -v ruby >/dev/null || ruby -e 'require "minitest"' 2>/dev/null || missing+=(ruby-minitest)
command -v ruby >/dev/null || missing+=(ruby-minitest)
# gcc alone comes without the headers of the C library where recommended packages are left out.
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)

if [ "${#missing[@]}" -gt 0 ] || [ "${#lean[@]}" -gt 0 ]; then
    step "Installing Debian packages that are missing: ${missing[*]} ${lean[*]}"
    command -v apt-get >/dev/null \
        || die "apt-get is not there: install what ${missing[*]} ${lean[*]} are called on this system"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "neither root nor sudo: have ${missing[*]} ${lean[*]} installed"
        as_root=(sudo)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q \
        || die "apt-get update failed: see above"
    if [ "${#missing[@]}" -gt 0 ]; then
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${missing[@]}" \
            || die "apt-get install failed: see above"
    fi
    if [ "${#lean[@]}" -gt 0 ]; then
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${lean[@]}" \
            || die "apt-get install failed: see above"
    fi
fi
command -v cargo >/dev/null \
    || die "cargo is not there: install Rust with rustup, or Debian's packages cargo and rustc (at least 1.88), and see that it is in PATH"

# ---- Rust --------------------------------------------------------------------------------------------------

step "Formatting (cargo fmt --check)"
cargo fmt --check || die "not formatted: run cargo fmt"

step "Lints (cargo clippy)"
cargo clippy --locked --all-targets -- -D warnings || die "clippy found something: see above"

step "The header (cargo test --test header)"
cargo test --locked --test header || die "include/dbapi.h is not what the source makes: see above for how to generate it"

step "Rust's tests (cargo test)"
cargo test --locked || die "a Rust test failed: see above"

step "The library (cargo build --release)"
cargo build --locked --release || die "the library does not build: see above"

# ---- C -----------------------------------------------------------------------------------------------------

step "Shell scripts (shellcheck)"
find c_tests examples packaging abi docs .ci -name '*.sh' -print0 | xargs -0 shellcheck .ci/run || die "shellcheck found something: see above"

step "Exported symbols"
c_tests/support/exports.sh include/dbapi.h target/release/libdbapi.so || die "the exports are not the header's functions"

step "PostgreSQL $other_major"
c_tests/support/fetch_postgres.sh "$other_major" || die "PostgreSQL $other_major is not there: see above"

step "cargo-c, which the tests of installing need (built in target/tools unless it is there)"
packaging/cargo-c.sh >/dev/null || die "cargo-c does not build: see above"

step "Building the C tests in target/c_tests"
cmake -S c_tests -B "$build" -DDBAPI_MAJORS="$other_major" -DDBAPI_VALGRIND="$([ "$valgrind_ring" = yes ] && echo ON || echo OFF)" \
    || die "cmake did not configure the C tests: see above"
cmake --build "$build" -j2 || die "the C tests do not build: see above"

step "The C tests and the examples (ctest)"
ctest --test-dir "$build" --output-on-failure --no-tests=error -j2 -LE '^(valgrind|pg[0-9]+)$' \
    || die "C tests failed. One alone: ctest --test-dir target/c_tests --output-on-failure -R NAME"
count_cases

step "What needs a server on PostgreSQL $other_major (ctest -L pg$other_major)"
ctest --test-dir "$build" --output-on-failure --no-tests=error -j2 -L "^pg$other_major\$" \
    || die "C tests failed on PostgreSQL $other_major. One alone: ctest --test-dir target/c_tests --output-on-failure -R pg$other_major/NAME"
count_cases

step "The thread tests under ThreadSanitizer (c_tests/sanitize.sh)"
status=0
c_tests/sanitize.sh || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || die "ThreadSanitizer found something: see above. One alone: c_tests/sanitize.sh NAME"

if [ "$valgrind_ring" = yes ]; then
    step "The C tests under valgrind (ctest -L valgrind)"
    ctest --test-dir "$build" --output-on-failure --no-tests=error -j2 -L valgrind \
        || die "valgrind found something. One alone: ctest --test-dir target/c_tests --output-on-failure -R valgrind/NAME"
    count_cases
fi

step "All passed"
