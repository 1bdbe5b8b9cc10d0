#!/bin/bash
# Asks libpq for its verdict on the rows of c_tests/25_tls_rows.h, and prints those that are not as the rows say. Not
# a test: it needs libpq-dev. The rows are written for libpq 18; to ask one that is not the system's, name its
# directory in LD_LIBRARY_PATH.
#
#     c_tests/bench/tls_verdicts.sh [-v]      -v: prints every row
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
for command in pg_config gcc openssl; do
    command -v "$command" >/dev/null || { echo "tls_verdicts.sh: $command is not there: apt-get install libpq-dev gcc openssl" >&2; exit 1; }
done
work=$(mktemp -d)
finish() {
    "$root/c_tests/support/tls.sh" stop "$work/tls"
    rm -rf "$work"
}
trap finish EXIT
gcc -std=c99 -Wall -Wextra -I"$(pg_config --includedir)" "$root/c_tests/bench/tls_verdicts_libpq.c" -o "$work/verdicts" -lpq
"$root/c_tests/support/tls.sh" start "$work/tls"
"$root/c_tests/support/tls.sh" run "$work/tls" "$work/verdicts" "$@"
