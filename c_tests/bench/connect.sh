#!/bin/bash
# Time to connect and close, through libdbapi and through libpq, in one run: rounds of the two in turn, and the
# medians of wall time and of the client's CPU time. Not a test: it needs libpq-dev and openssl, and starts a
# throw-away server that speaks TLS.
#
#     c_tests/bench/connect.sh [ROUNDS [CONNECTIONS-A-ROUND]]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-7} count=${2:-100}
for command in pg_config gcc openssl; do
    command -v "$command" >/dev/null || { echo "connect.sh: $command is not there: apt-get install libpq-dev gcc openssl" >&2; exit 1; }
done
[ -e "$root/target/release/libdbapi.so" ] || { echo "connect.sh: run cargo build --release first" >&2; exit 1; }
work=$(mktemp -d)
finish() {
    "$root/c_tests/support/tls.sh" stop "$work/tls"
    rm -rf "$work"
}
trap finish EXIT
"$root/c_tests/support/tls.sh" start "$work/tls"

ln -s "$root/target/release/libdbapi.so" "$work/libdbapi.so.0"
gcc -O2 -I"$root/include" "$root/c_tests/bench/connect_dbapi.c" -o "$work/dbapi" "$work/libdbapi.so.0" -Wl,-rpath,"$work"
gcc -O2 -I"$(pg_config --includedir)" "$root/c_tests/bench/connect_libpq.c" -o "$work/libpq" -lpq

median() { sort -n | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int((NR + 2) / 2)]) / 2 }'; }
printf '%s, %s rounds of %s connections, microseconds a connection (medians)\n' "$(pg_config --version)" "$rounds" "$count"
printf '%-36s %10s %10s %6s   %10s %10s %6s\n' '' 'dbapi wall' 'libpq wall' ratio 'dbapi CPU' 'libpq CPU' ratio
compare() { # WHAT DSN
    local program
    rm -f "$work"/*.times
    for ((i = 0; i < rounds; i++)); do
        for program in dbapi libpq; do
            "$root/c_tests/support/tls.sh" run "$work/tls" "$work/$program" "$count" "$2" >>"$work/$program.times"
        done
    done
    dbapi_wall=$(cut -d' ' -f1 "$work/dbapi.times" | median)
    libpq_wall=$(cut -d' ' -f1 "$work/libpq.times" | median)
    dbapi_cpu=$(cut -d' ' -f2 "$work/dbapi.times" | median)
    libpq_cpu=$(cut -d' ' -f2 "$work/libpq.times" | median)
    awk -v what="$1" -v a="$dbapi_wall" -v b="$libpq_wall" -v c="$dbapi_cpu" -v d="$libpq_cpu" \
        'BEGIN { printf "%-36s %10.0f %10.0f %6.2f   %10.0f %10.0f %6.2f\n", what, a, b, a / b, c, d, c / d }'
}
compare 'trust over a Unix socket' 'user=dbapi gssencmode=disable'
compare 'SCRAM over TCP' 'host=127.0.0.1 user=scram_user password=secret-scram gssencmode=disable sslmode=disable'
compare 'SCRAM over TLS, unverified' 'host=127.0.0.1 user=scram_user password=secret-scram gssencmode=disable sslmode=require'
compare 'SCRAM over TLS, verify-full' "host=db.example hostaddr=127.0.0.1 user=scram_user password=secret-scram gssencmode=disable sslmode=verify-full sslrootcert=$work/tls/certs/root.crt"
