#!/bin/bash
# Instructions and system calls of one point query in the client, through libdbapi and through libpq: the
# difference of two run lengths, so that connecting does not count. Not a test: it needs valgrind, strace and
# libpq-dev, and a server that PGHOST and the like name, or a throw-away one.
#
#     c_tests/bench/instructions.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
for command in valgrind strace pg_config gcc; do
    command -v "$command" >/dev/null || { echo "instructions.sh: $command is not there: apt-get install valgrind strace libpq-dev gcc" >&2; exit 1; }
done
[ -e "$root/target/release/libdbapi.so" ] || { echo "instructions.sh: run cargo build --release first" >&2; exit 1; }
work=$(mktemp -d)
if [ -z "${PGHOST:-}" ]; then
    "$root/c_tests/support/pg.sh" start "$work/server"
    # shellcheck source=/dev/null
    . "$work/server/env"
fi
finish() {
    [ ! -d "$work/server" ] || "$root/c_tests/support/pg.sh" stop "$work/server"
    rm -rf "$work"
}
trap finish EXIT

ln -s "$root/target/release/libdbapi.so" "$work/libdbapi.so.0"
gcc -O2 -I"$root/include" "$root/c_tests/bench/point_query_dbapi.c" -o "$work/dbapi" "$work/libdbapi.so.0" -Wl,-rpath,"$work"
gcc -O2 -I"$(pg_config --includedir)" "$root/c_tests/bench/point_query_libpq.c" -o "$work/libpq" -lpq

short=200 long=1200
instructions() { # PROGRAM COUNT
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/$1" "$2" 2>&1 >/dev/null \
        | sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}
system_calls() { # PROGRAM COUNT
    strace -f -c -o "$work/strace" "$work/$1" "$2" >/dev/null
    # The number of calls is the fourth column of the last line; there is no column of errors if there were none.
    awk '$NF == "total" { print $4 }' "$work/strace"
}
printf '%-10s %22s %22s\n' client 'instructions a query' 'system calls a query'
for program in dbapi libpq; do
    first=$(instructions "$program" "$short")
    second=$(instructions "$program" "$long")
    calls_first=$(system_calls "$program" "$short")
    calls_second=$(system_calls "$program" "$long")
    awk -v name="$program" -v i="$((second - first))" -v c="$((calls_second - calls_first))" -v n="$((long - short))" \
        'BEGIN { printf "%-10s %22.0f %22.2f\n", name, i / n, c / n }'
done
