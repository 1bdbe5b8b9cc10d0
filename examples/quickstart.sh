#!/bin/bash
# The quick start: builds libdbapi, starts a private throw-away PostgreSQL, and runs examples/c/quickstart.c,
# which prints
#
#     (1, 100, "abc'def")
#
# With DATABASE_URL or PGHOST set, that server is used instead: the program makes a table named `test` there,
# and drops it again. What is missing is installed from Debian's packages, after saying so. Run it as often as
# you like: nothing is left behind but target/.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
# Wherever the caller has cargo build other things.
export CARGO_TARGET_DIR=$root/target
server='' work=''

# Everything but the program's own line goes to stderr.
say() { printf '%s\n' "$*" >&2; }
die() { say "quickstart.sh: $*"; exit 1; }

finish() {
    local status=$?
    trap - EXIT
    if [ -n "$server" ]; then
        c_tests/support/pg.sh stop "$server" || status=1
    fi
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

own_server=yes
if [ -n "${DATABASE_URL:-}${PGHOST:-}" ]; then
    own_server=no
fi

has_server() {
    local initdb
    for initdb in "${PG_BINDIR:+$PG_BINDIR/initdb}" /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$initdb" ] || return 0
    done
    command -v initdb >/dev/null
}

packages=()
if ! command -v gcc >/dev/null || [ ! -e /usr/include/stdio.h ]; then
    packages+=(gcc libc6-dev)
fi
[ "$own_server" = no ] || has_server || packages+=(postgresql)
if [ "${#packages[@]}" -gt 0 ]; then
    say "Installing Debian packages that are missing: ${packages[*]}"
    command -v apt-get >/dev/null || die "apt-get is not there: install what ${packages[*]} are called on this system"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "neither root nor sudo: have ${packages[*]} installed"
        as_root=(sudo)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 || die "apt-get update failed: see above"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${packages[@]}" >&2 \
        || die "apt-get install failed: see above"
fi

# rustup puts cargo where a shell without a profile does not look.
command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
{ command -v cargo && command -v rustc; } >/dev/null \
    || die "Rust is not there: install it with rustup, or Debian's packages cargo and rustc (at least 1.88)"

say "Building the library (cargo build --release)"
cargo build --locked --release >&2 || die "the library does not build: see above"

say "Compiling examples/c/quickstart.c"
work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-quickstart.XXXXXX")
library=$root/target/release
# Programs ask for the library by its SONAME.
ln -s "$library/libdbapi.so" "$work/libdbapi.so.0"
gcc -std=c99 -Wall -Wextra -I"$root/include" -o "$work/quickstart" examples/c/quickstart.c \
    -L"$library" -ldbapi "-Wl,-rpath,$work" || die "quickstart.c does not compile: see above"

if [ "$own_server" = yes ]; then
    say "Starting a throw-away PostgreSQL"
    server=$work/server
    c_tests/support/pg.sh start "$server"
    say "Running it:"
    c_tests/support/pg.sh run "$server" "$work/quickstart"
else
    say "Running it on the server that DATABASE_URL or PGHOST names:"
    "$work/quickstart"
fi
