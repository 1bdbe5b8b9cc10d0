#!/bin/bash
# Runs everything that needs a server on several majors of PostgreSQL, PgBouncer and a streaming-replication pair
# of that major included, and prints a table. The servers are fetched once, into target/postgresql
# (support/fetch_postgres.sh); what else is needed, c_tests/run.sh installs.
#
#     c_tests/matrix.sh             14 to 18
#     c_tests/matrix.sh 14 16       these
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
export CARGO_TARGET_DIR=$root/target
build=$root/target/c_matrix

die() { printf 'matrix.sh: %s\n' "$*" >&2; exit 1; }

known=$(c_tests/support/fetch_postgres.sh | tr '\n' ' ')
# shellcheck disable=SC2086 # a list of words
[ "$#" -gt 0 ] || set -- $known
for major in "$@"; do
    case " $known" in
        *" $major "*) ;;
        *) die "no PostgreSQL $major; usage: c_tests/matrix.sh [MAJOR...], of $known" ;;
    esac
done
majors=("$@")

# Whatever ends this script, the servers of ctest's fixtures are stopped.
finish() {
    local status=$? major
    trap - EXIT
    for major in "${majors[@]}"; do
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

for major in "${majors[@]}"; do
    c_tests/support/fetch_postgres.sh "$major" >/dev/null || die "PostgreSQL $major is not there: see above"
done
cargo build --locked --release || die "the library does not build: see above"
list=$(IFS=';' && printf '%s' "${majors[*]}")
cmake -S c_tests -B "$build" -DDBAPI_VALGRIND=OFF -DDBAPI_MAJORS="$list" >/dev/null || die "cmake did not configure the C tests"
cmake --build "$build" -j2 >/dev/null || die "the C tests do not build"

# A line of the table.
row() { # MAJOR PROGRAMS
    local server ran passed failed skipped
    server=$("$(c_tests/support/fetch_postgres.sh "$1")/postgres" --version)
    read -r ran passed failed skipped < <(c_tests/support/cases.sh "$build")
    printf '%-6s %-8s %4d of %-6d %6d %7d %7d %8d\n' "$1" "${server##* }" "$ran" "$2" $((passed + failed)) "$passed" "$failed" "$skipped"
}

status=0
rows=()
for major in "${majors[@]}"; do
    printf '\n==> PostgreSQL %s\n' "$major"
    programs=$(ctest --test-dir "$build" -N -L "^pg$major\$" | grep -c "^ *Test *#[0-9]*: pg$major/")
    ctest --test-dir "$build" --output-on-failure --no-tests=error -j2 -L "^pg$major\$" || status=1
    rows+=("$(row "$major" "$programs")")
done

# A program that was killed or did not start is missing from the second number.
printf '\n%-6s %-8s %-14s %6s %7s %7s %8s\n' major server 'programs ran' cases passed failed skipped
printf '%s\n' "${rows[@]}"
[ "$status" -eq 0 ] || die "not all passed"
