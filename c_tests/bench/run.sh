#!/bin/bash
# Measures libdbapi beside libpq and beside a bare socket that only walks messages' headers: the same works through
# each, in turn (A B C A B C ...), against a throw-away server over its Unix socket. Prints a report in Markdown:
# medians of wall time and of the client's CPU time, system calls, instructions, memory, and how the bars of the
# project's table are met. Not a test: its verdicts depend on the machine.
#
#     c_tests/bench/run.sh [OPTION...]
#     --works LIST      of rows,wide,point,one-shot,inserts,connect,threads,size; all but logins without it.
#                       logins: connecting with SCRAM, over TCP and TLS, to a server that speaks TLS (needs openssl)
#     --rounds N        7 without it
#     --scale PERCENT   of the usual number of rows, queries ...
#     --library DIR     where libdbapi.so is; target/release without it
#     --beside DIR      another libdbapi.so to measure beside it, such as the one before a change
#     --libpq DIR       another libpq.so.5 beside the system's; without it the newest that support/fetch_postgres.sh
#                       has, and none with --libpq none
#     --no-times, --no-calls, --no-instructions   leaves that part out
#     --smoke           only whether the programs still work: tiny sizes, 1 round, nothing counted
#     --raw FILE        keeps every single measurement there
#
# Needs libpq-dev, strace and valgrind, and what support/pg.sh needs. Whose server it is: see PG_BINDIR there.
set -eu
export LC_ALL=C
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../.." && pwd)
support=$root/c_tests/support
say() { printf 'run.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

works=rows,wide,point,one-shot,inserts,connect,threads,size
rounds=7 scale=100 library=$root/target/release beside='' newest='' raw='' times=yes calls=yes instructions=yes smoke=
command_line="c_tests/bench/run.sh${*:+ $*}"
while [ "$#" -gt 0 ]; do
    case $1 in
        --works | --rounds | --scale | --library | --beside | --libpq | --raw)
            [ "$#" -ge 2 ] || die "$1 needs a value"
            case $1 in
                --works) works=$2 ;;
                --rounds) rounds=$2 ;;
                --scale) scale=$2 ;;
                --library) library=$2 ;;
                --beside) beside=$2 ;;
                --libpq) newest=$2 ;;
                --raw) raw=$2 ;;
            esac
            shift
            ;;
        --no-times) times= ;;
        --no-calls) calls= ;;
        --no-instructions) instructions= ;;
        --smoke) smoke=yes rounds=1 scale=0 calls='' instructions='' newest=${newest:-none} ;;
        *) die "unknown option $1; see the head of this file" ;;
    esac
    shift
done

need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null && return
    say "$1 is not there: install it (Debian: apt-get install $2)"
    # As a test, the smoke run is skipped then.
    [ -z "$smoke" ] || exit 77
    exit 1
}
need gcc gcc
need pg_config libpq-dev
[ -z "$calls" ] || need strace strace
[ -z "$instructions" ] || need valgrind valgrind
[ -e "$library/libdbapi.so" ] || die "there is no libdbapi.so in $library: run cargo build --release first, or name its directory with --library"
library=$(cd "$library" && pwd)
if [ -n "$beside" ]; then
    [ -e "$beside/libdbapi.so" ] || die "there is no libdbapi.so in $beside"
    beside=$(cd "$beside" && pwd)
fi
wants() { case ,$works, in *,"$1",*) return 0 ;; esac; return 1; }

work=$(mktemp -d)
finish() {
    "$support/pg.sh" stop "$work/server"
    ! wants logins || "$support/tls.sh" stop "$work/tls"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- what takes part ----------------------------------------------------------------------------------------------------

# Each line: work | name in the bars | program | its variant | what the report calls it | keywords for connecting
# A line of libpq is run with each libpq there is; one with asterisks once for each placement: "free" leaves client and
# server to the scheduler, "same" has them on one core, "different" on two.
contenders() {
    awk '/\*/ { asterisks = asterisks $0 "\n"; next }
        { place(); print }
        END { place() }
        # One placement after the other, work by work.
        function place(    lines, words, n, i, j, k, at, work, line) {
            n = split(asterisks, lines, "\n") - 1
            asterisks = ""
            for (i = 1; i <= n; i = j) {
                work = substr(lines[i], 1, index(lines[i], "|"))
                for (k = 1; k <= 3; k++) {
                    at = k == 1 ? "free" : k == 2 ? "same" : "different"
                    words = k == 1 ? "; free" : k == 2 ? "; one core" : "; two cores"
                    for (j = i; j <= n && index(lines[j], work) == 1; j++) {
                        line = lines[j]
                        gsub(/\*/, at, line)
                        sub(/\|[^|]*$/, words "&", line)
                        print line
                    }
                }
            }
        }' <<'LIST'
rows|one|dbapi|one|libdbapi, fetchone|
rows|many|dbapi|many|libdbapi, fetchmany(1000)|
rows|all|dbapi|all|libdbapi, fetchall|
rows|one-binary|dbapi|one-binary|libdbapi, fetchone, binary asked for|
rows|stream-one|dbapi|stream-one|libdbapi, streamed, fetchone|
rows|stream-many|dbapi|stream-many|libdbapi, streamed, fetchmany(1000)|
rows|exec|libpq|exec|PQexec|
rows|binary|libpq|binary|PQexecParams, binary|
rows|single|libpq|single|single-row mode|
rows|single-binary|libpq|single-binary|single-row mode, binary|
rows|chunks|libpq|chunks|chunked rows mode (1000)|
rows|chunks-binary|libpq|chunks-binary|chunked rows mode (1000), binary|
rows|text|socket|text|bare socket, text|
rows|binary|socket|binary|bare socket, binary|
wide|one|dbapi|one|libdbapi, fetchone|
wide|many|dbapi|many|libdbapi, fetchmany(1000)|
wide|many-binary|dbapi|many-binary|libdbapi, fetchmany(1000), binary asked for|
wide|stream-many|dbapi|stream-many|libdbapi, streamed, fetchmany(1000)|
wide|exec-binary|libpq|exec-binary|PQexecParams, binary|
wide|single-binary|libpq|single-binary|single-row mode, binary|
wide|binary|socket|binary|bare socket, binary|
point|*|dbapi|*|libdbapi, execute|
point|no-poll-*|dbapi|*|libdbapi, execute, busy_poll=0|busy_poll=0
point|params-*|libpq|params-*|PQexecParams|
point|prepared-*|libpq|prepared-*|PQexecPrepared|
point|prepared-binary-*|libpq|prepared-binary-*|PQexecPrepared, binary|
point|*|socket|*|bare socket|
one-shot|*|dbapi|*|libdbapi, execute|
one-shot|params-*|libpq|params-*|PQexecParams|
one-shot|*|socket|*|bare socket|
inserts|*|dbapi|*|libdbapi, executemany|
inserts|pipeline-*|libpq|pipeline-*|pipeline mode, prepared, binary|
inserts|loop-*|libpq|loop-*|loop of PQexecPrepared, binary|
inserts|*|socket|*|bare socket, one pipeline|
connect|close|dbapi|close|libdbapi|
connect|close|libpq|close|libpq|
connect|socket|socket|close|bare socket|
threads|execute|dbapi|execute|libdbapi, execute|
threads|params|libpq|params|PQexecParams|
threads|prepared|libpq|prepared|PQexecPrepared|
threads|socket|socket|all|bare socket|
logins|scram|dbapi|close|libdbapi, SCRAM over TCP|host=127.0.0.1 user=scram_user password=secret-scram sslmode=disable
logins|scram|libpq|close|libpq, SCRAM over TCP|host=127.0.0.1 user=scram_user password=secret-scram sslmode=disable
logins|tls|dbapi|close|libdbapi, SCRAM over TLS, unverified|host=127.0.0.1 user=scram_user password=secret-scram sslmode=require
logins|tls|libpq|close|libpq, SCRAM over TLS, unverified|host=127.0.0.1 user=scram_user password=secret-scram sslmode=require
logins|verify|dbapi|close|libdbapi, SCRAM over TLS, verify-full|host=db.example hostaddr=127.0.0.1 user=scram_user password=secret-scram sslmode=verify-full sslrootcert=ROOT
logins|verify|libpq|close|libpq, SCRAM over TLS, verify-full|host=db.example hostaddr=127.0.0.1 user=scram_user password=secret-scram sslmode=verify-full sslrootcert=ROOT
LIST
}

# Operations of a work: usually, in a smoke run, and the two run lengths whose difference is counted.
sizes() { # WORK NAME
    case $1 in
        rows) echo 1000000 1000 10000 60000 ;;
        wide) echo 100000 1000 1000 4000 ;;
        point) echo 10000 200 500 2500 ;;
        one-shot) echo 10000 200 500 2500 ;;
        inserts) if [ "${2#loop}" != "$2" ]; then echo 20000 200 500 2500; else echo 100000 1000 5000 25000; fi ;;
        connect) echo 300 10 20 120 ;;
        threads) echo 40000 800 800 4000 ;;
        logins) echo 100 5 5 30 ;;
        *) die "there is no work $1" ;;
    esac
}

# ---- running ------------------------------------------------------------------------------------------------------------

# Sets `count`: how many operations of the kind that sizes gives in this column.
count=0
size_of() { # WORK NAME COLUMN
    local usual tiny short long
    read -r usual tiny short long < <(sizes "$1" "$2")
    case $3 in
        usual)
            count=$((usual * scale / 100))
            # Eight threads share them, and rows of the wide table come in thousands.
            [ "$usual" -lt 1000 ] || count=$((count / 1000 * 1000))
            [ "$count" -ge "$tiny" ] || count=$tiny
            ;;
        fourfold) size_of "$1" "$2" usual && count=$((count * 4)) ;;
        short) count=$short ;;
        long) count=$long ;;
    esac
}

# Runs a program for what a line of the list says, behind a command such as strace. 77: it cannot do that.
run() { # LIBRARY PROGRAM WORK VARIANT DSN [COMMAND...]
    local libraries='' from=$work/server start=pg.sh
    local library=$1 program=$2 kind=$3 variant=$4 dsn=$5
    shift 5
    case $library in
        newest) libraries=$newest ;;
        beside) libraries=$work/beside ;;
    esac
    if [ "$kind" = logins ]; then
        from=$work/tls start=tls.sh kind=connect
    fi
    # libpq would ask for GSSAPI first, which libdbapi does not have.
    "$support/$start" run "$from" env PGGSSENCMODE=disable BENCH_DSN="${dsn/ROOT/$work/tls/certs/root.crt}" \
        ${libraries:+"LD_LIBRARY_PATH=$libraries"} "$@" "$work/with_$program" "$kind" "$variant" "$count"
}

# Runs a contender and leaves what it printed in $work/line. 77: it cannot do that, and the reason is told once.
attempt() { # LIBRARY PROGRAM WORK NAME VARIANT DSN [COMMAND...]
    local status=0
    run "$1" "$2" "$3" "$5" "$6" "${@:7}" >"$work/line" 2>"$work/words" || status=$?
    case $status in
        0) return 0 ;;
        77)
            printf '%s|%s:%s|%s\n' "$3" "$1" "$4" "$(sed -n "s/^with_$2: //p" "$work/words")" >>"$work/missing"
            return 77
            ;;
    esac
    cat "$work/words" >&2
    die "with_$2 $3 $5 $count ended with status $status"
}

# Calls a function for each contender of a work, and each libpq: FUNCTION LIBRARY PROGRAM WORK NAME VARIANT DSN.
each() { # WORK FUNCTION
    local kind name program variant dsn library libraries
    while IFS='|' read -r kind name program variant _ dsn <&3; do
        [ "$kind" = "$1" ] || continue
        libraries=$program
        case $program in
            libpq) libraries="libpq${newest:+ newest}" ;;
            dbapi) libraries="dbapi${beside:+ beside}" ;;
        esac
        for library in $libraries; do
            if grep -qF "$kind|$library:$name|" "$work/missing"; then continue; fi
            "$2" "$library" "$program" "$kind" "$name" "$variant" "$dsn"
        done
    done 3< <(contenders)
}

# One measurement: work|who|how|ops=... wall=... into the raw file.
measure() {
    size_of "$3" "$4" usual
    if attempt "$@"; then
        printf '%s|%s:%s|times|%s\n' "$3" "$1" "$4" "$(cat "$work/line")" >>"$work/raw"
    fi
}

# Memory with four times the rows, of what should not need more then.
measure_fourfold() {
    case $3:$4 in
        rows:stream-* | rows:single* | rows:chunks* | inserts:free | inserts:pipeline-free) ;;
        *) return 0 ;;
    esac
    size_of "$3" "$4" fourfold
    if attempt "$@"; then
        printf '%s|%s:%s|fourfold|%s\n' "$3" "$1" "$4" "$(cat "$work/line")" >>"$work/raw"
    fi
}

# What is counted of a placement is the same wherever it runs.
countable() { # WORK NAME
    case $1:$2 in
        *:same | *:different | *-same | *-different | threads:* | logins:*) return 1 ;;
    esac
}

# Counts with two run lengths, and keeps the difference of the counts for one operation.
difference() { # KIND COUNTER LIBRARY PROGRAM WORK NAME VARIANT DSN
    local kind=$1 counter=$2 first second short
    shift 2
    size_of "$3" "$4" short
    "$counter" "$@" || return 0
    first=$counted short=$count
    size_of "$3" "$4" long
    "$counter" "$@" || return 0
    second=$counted
    printf '%s|%s:%s|%s|%s\n' "$3" "$1" "$4" "$kind" "$(awk -v n="$((count - short))" -v d="$((second - first))" 'BEGIN { print d / n }')" >>"$work/raw"
}

counted=0
count_calls() {
    # After sending, it waits as long as an answer takes: then the answer is there when the client looks.
    local inject=()
    case $3 in point | one-shot) inject=(-e 'inject=sendto,sendmsg,write,writev:delay_exit=500') ;; esac
    attempt "$@" strace -f -c ${inject[@]+"${inject[@]}"} -o "$work/strace" || return
    # The fourth column of the last line; there is no column of errors if there were none.
    counted=$(awk '$NF == "total" { print $4 }' "$work/strace")
}

count_instructions() {
    # Between bench_start and bench_stop: what a program prepares does not count.
    rm -f "$work"/callgrind*
    attempt "$@" valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" --zero-before=bench_start \
        --dump-before=bench_stop || return
    counted=$(awk '$1 == "totals:" { print $2 }' "$work/callgrind.1")
}

measure_calls() { ! countable "$3" "$4" || difference calls count_calls "$@"; }
measure_instructions() { ! countable "$3" "$4" || difference instructions count_instructions "$@"; }

# ---- building -----------------------------------------------------------------------------------------------------------

if [ -z "$newest" ]; then
    # The last line is the newest.
    major=$("$support/fetch_postgres.sh" | tail -n 1)
    if newest=$("$support/fetch_postgres.sh" "$major"); then
        newest=${newest%/bin}/lib
    else
        say "goes without the newest libpq"
        newest=
    fi
elif [ "$newest" = none ]; then
    newest=
fi
[ -z "$newest" ] || [ -e "$newest/libpq.so.5" ] || die "there is no libpq.so.5 in $newest"

ln -s "$library/libdbapi.so" "$work/libdbapi.so.0"
if [ -n "$beside" ]; then
    mkdir "$work/beside"
    ln -s "$beside/libdbapi.so" "$work/beside/libdbapi.so.0"
fi
compile() { # PROGRAM [ARGUMENT...]
    gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -O2 -pthread -I"$root/include" -I"$(pg_config --includedir)" \
        "$bench/with_$1.c" "$bench/bench.c" -o "$work/with_$1" "${@:2}" -ldl
}
compile dbapi "$work/libdbapi.so.0" -Wl,-rpath,"$work"
compile libpq -lpq
compile socket

"$support/pg.sh" start "$work/server"
! wants logins || "$support/tls.sh" start "$work/tls"
: >"$work/missing"
: >"$work/raw"
count=1
run libpq libpq setup tables '' >/dev/null

# ---- measuring ----------------------------------------------------------------------------------------------------------

selected=${works//,/ }
for kind in $selected; do
    [ "$kind" != size ] || continue
    sizes "$kind" any >/dev/null
    if [ -n "$times" ]; then
        for ((round = 1; round <= rounds; round++)); do
            [ -n "$smoke" ] || say "$kind, round $round of $rounds"
            each "$kind" measure
        done
        each "$kind" measure_fourfold
    fi
    if [ -n "$calls" ]; then
        say "$kind, system calls"
        each "$kind" measure_calls
    fi
    if [ -n "$instructions" ]; then
        say "$kind, instructions"
        each "$kind" measure_instructions
    fi
done
if wants size; then
    cp "$library/libdbapi.so" "$work/stripped.so"
    strip "$work/stripped.so"
    printf 'size|dbapi:so|bytes|%s\n' "$(stat -c %s "$work/stripped.so")" >>"$work/raw"
fi
[ -z "$raw" ] || cp "$work/raw" "$raw"

# Those who did the same work have read the same values.
awk -F'|' '$3 == "times" || $3 == "fourfold" {
    split($4, field, " "); ops = field[1]; check = field[6]
    if (check == "check=0") next
    key = $1 " " ops
    if (key in seen && seen[key] != check) { printf "run.sh: %s: %s read %s, others %s\n", key, $2, check, seen[key] > "/dev/stderr"; bad = 1 }
    if (!(key in seen)) seen[key] = check
} END { exit bad }' "$work/raw" || die "the programs do not read the same values"
if [ -n "$smoke" ]; then
    say "the programs work: $(grep -c '|times|' "$work/raw") runs, $(wc -l <"$work/missing") not possible with these libraries"
    exit 0
fi

# ---- the report ---------------------------------------------------------------------------------------------------------

count=1
read -r system_version server_version _ < <(run libpq libpq version numbers '')
newest_version=
if [ -n "$newest" ]; then read -r newest_version _ < <(run newest libpq version numbers ''); fi
contenders >"$work/contenders"
# shellcheck disable=SC2016 # Markdown's backticks
printf 'Measured on %s with `%s`:\nlibdbapi %s, libpq %s%s, PostgreSQL %s with fsync off over its Unix socket, %s cores of %s. Medians of %s rounds, in turn.\n' \
    "$(date -u +%Y-%m-%d)" "$command_line" "$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)" \
    "$system_version" "${newest_version:+ and $newest_version}" "$server_version" "$(nproc)" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$rounds"
awk -f "$bench/report.awk" -v system_version="$system_version" -v newest_version="$newest_version" -v beside="$beside" \
    "$work/contenders" "$work/missing" "$bench/bars.txt" "$work/raw"
