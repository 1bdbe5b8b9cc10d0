#!/bin/bash
# Controls a streaming-replication pair: a primary and its hot standby.
#
#   pair.sh start DIR   starts both and writes DIR/env: the variables of pg.sh for the primary, and
#                       DBAPI_TEST_PRIMARY_PORT, DBAPI_TEST_PRIMARY_PID, DBAPI_TEST_STANDBY_PORT and
#                       DBAPI_TEST_STANDBY_PID. Both listen where a server of pg.sh does.
#   pair.sh stop DIR    stops both, removes their data and DIR
#   pair.sh run DIR COMMAND [ARGUMENT...]   runs a command with the variables of DIR/env. A pair that an earlier
#                       command left broken, its primary killed or its standby promoted, is first made anew.
#
# A commit on the primary waits for the standby to have it (synchronous_standby_names), so whatever a client was
# told is committed is there after a promotion. The standby is a copy of the primary's files, made before either
# runs, so that initdb, pg_ctl and postgres are enough.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=c_tests/support/pg.sh
. "$here/pg.sh"
say() { printf 'pair.sh: %s\n' "$*" >&2; }

# A port that is free and is not $1.
free_port() {
    local port attempt
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
        if [ "$port" != "${1:-}" ] && port_is_free "$port"; then
            printf '%s\n' "$port"
            return
        fi
    done
    die "no free port on 127.0.0.1 after $attempt tries: run it again"
}

common_settings() { # PORT
    cat <<CONF
port = $1
wal_level = replica
hot_standby = on
# A standby that comes late still finds all since the copy.
wal_keep_size = 256MB
wal_sender_timeout = 10s
CONF
}

primary_settings() {
    cat <<'CONF'
# What was committed has reached the standby, even where neither writes to disk. Not the standby's own: once
# promoted, it has no one to wait for.
synchronous_commit = on
synchronous_standby_names = 'standby'
CONF
}

standby_settings() { # the primary's PORT
    cat <<CONF
primary_conninfo = 'host=127.0.0.1 port=$1 user=dbapi application_name=standby'
wal_retrieve_retry_interval = 100ms
CONF
}

bin='' ports=()
# Starts the server in $work/$1.
launch() {
    as_server "$bin/pg_ctl" start -w -t 60 -D "$work/$1" -l "$work/$1.log" >"$work/pg_ctl.log" 2>&1 </dev/null \
        || give_up "the $1 did not start" "$work/$1.log"
}

# Starts both on ports of their own; false if another took one of them meanwhile.
launch_both() {
    local name
    ports=("$(free_port)")
    ports+=("$(free_port "${ports[0]}")")
    { common_settings "${ports[0]}"; primary_settings; } | as_server tee "$work/primary/pair.conf" >/dev/null
    { common_settings "${ports[1]}"; standby_settings "${ports[0]}"; } \
        | as_server tee "$work/standby/pair.conf" >/dev/null
    launch primary
    launch standby
    for name in primary standby; do
        if grep -q 'could not bind' "$work/$name.log"; then
            as_server "$bin/pg_ctl" stop -w -m immediate -D "$work/standby" >/dev/null 2>&1 || true
            as_server "$bin/pg_ctl" stop -w -m immediate -D "$work/primary" >/dev/null 2>&1 || true
            return 1
        fi
    done
}

start_pair() {
    local log attempt deadline name pids=()
    dir=$1
    if intact "$dir"; then
        say "a pair is running already for $dir"
        return
    fi
    [ ! -e "$dir/work" ] || stop_pair "$dir"
    bin=$(find_binaries)
    choose_user
    mkdir -p "$dir" || die "cannot make the directory $dir"
    dir=$(cd "$dir" && pwd)
    trap 'stop_servers "$work"; [ -z "$work" ] || rm -rf "$work"; rmdir "$dir" 2>/dev/null' EXIT
    make_work
    bin=$(runnable "$bin")
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    for name in $(compgen -e PG); do
        [ "$name" = PG_BINDIR ] || unset "$name"
    done
    export LC_ALL=C
    cd "$work"

    log=$work/initdb.log
    as_server "$bin/initdb" -D "$work/primary" -U dbapi -A trust -E UTF8 --locale=C --no-sync \
        >"$log" 2>&1 || give_up "initdb failed" "$log"
    settings | as_server tee -a "$work/primary/postgresql.conf" >/dev/null
    printf "include = 'pair.conf'\n" | as_server tee -a "$work/primary/postgresql.conf" >/dev/null
    { access_rules; printf 'host replication dbapi 127.0.0.1/32 trust\n'; } \
        | as_server tee "$work/primary/pg_hba.conf" >/dev/null
    : | as_server tee "$work/primary/pair.conf" >/dev/null
    roles | as_server "$bin/postgres" --single -D "$work/primary" postgres >"$log" 2>&1 \
        || give_up "the users could not be made" "$log"
    ! grep -qE '(ERROR|FATAL|PANIC):' "$log" || give_up "the users could not be made" "$log"
    as_server cp -R "$work/primary" "$work/standby"
    as_server chmod 700 "$work/standby"
    as_server touch "$work/standby/standby.signal"

    for attempt in 1 2 3 4 5; do
        ! launch_both || break
        : >"$work/primary.log"
        : >"$work/standby.log"
        [ "$attempt" -lt 5 ] || die "no free ports on 127.0.0.1 after $attempt tries: run it again"
    done
    deadline=$((SECONDS + 60))
    until grep -q 'started streaming WAL' "$work/standby.log"; do
        [ "$SECONDS" -lt "$deadline" ] || give_up "the standby did not start to stream within 60 s" "$work/standby.log"
        sleep 0.05
    done
    for name in primary standby; do
        read -r pid <"$work/$name/postmaster.pid"
        pids+=("$pid")
    done

    printf '%s\n' "$work" >"$dir/work"
    {
        for name in "PGHOST=$work" "PGPORT=${ports[0]}" PGUSER=dbapi PGDATABASE=test "DBAPI_TEST_HOST4=127.0.0.1" \
            "DBAPI_TEST_HOST6=$(if has_ipv6; then echo ::1; fi)" "DBAPI_TEST_LOG=$work/primary.log" \
            "DBAPI_TEST_PRIMARY_PORT=${ports[0]}" "DBAPI_TEST_PRIMARY_PID=${pids[0]}" \
            "DBAPI_TEST_STANDBY_PORT=${ports[1]}" "DBAPI_TEST_STANDBY_PID=${pids[1]}"; do
            printf "export %s='%s'\n" "${name%%=*}" "${name#*=}"
        done
    } >"$dir/env"
    trap - EXIT INT TERM HUP
    say "started $("$bin/postgres" --version), a primary (process ${pids[0]}, port ${ports[0]}) and its standby" \
        "(process ${pids[1]}, port ${ports[1]}), sockets in $work"
}

# The process of the server whose data is in $1, if it runs.
process_of() {
    local pid
    { read -r pid <"$1/postmaster.pid"; } 2>/dev/null || return 1
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && printf '%s\n' "$pid"
}

# Whether both servers of DIR run, and the standby is one still.
intact() {
    local work
    work=$(cat "$1/work" 2>/dev/null) || return 1
    [ -n "$work" ] && [ -e "$work/standby/standby.signal" ] \
        && process_of "$work/primary" >/dev/null && process_of "$work/standby" >/dev/null
}

stop_servers() { # the directory of both
    local name pid deadline
    [ -n "$1" ] || return 0
    # The standby first: it would look for its primary.
    for name in standby primary; do
        pid=$(process_of "$1/$name") || continue
        kill -QUIT "$pid"
        deadline=$((SECONDS + 30))
        while kill -0 "$pid" 2>/dev/null; do
            [ "$SECONDS" -lt "$deadline" ] || die "the $name (process $pid) did not stop within 30 s: stop it by hand"
            sleep 0.05
        done
    done
}

stop_pair() {
    local dir=$1 work
    [ -d "$dir" ] || return 0
    work=$(cat "$dir/work" 2>/dev/null || true)
    stop_servers "$work"
    case $work in
        */dbapi-pg.*) rm -rf "$work" ;;
    esac
    rm -f "$dir/env" "$dir/work"
    rmdir "$dir" 2>/dev/null || say "left $dir in place: it holds files that are not this script's"
}

case "${1:-} $#" in
    'start 2') start_pair "$2" ;;
    'stop 2') stop_pair "$2" ;;
    'run '*)
        # Fails by itself where no pair was started.
        if [ -f "${2:-}/env" ] && ! intact "$2"; then
            say "the pair of $2 was broken by an earlier command: making it anew"
            "$0" stop "$2"
            "$0" start "$2"
        fi
        exec "$here/pg.sh" "$@"
        ;;
    *) die "usage: pair.sh start DIR | stop DIR | run DIR COMMAND [ARGUMENT...]" ;;
esac
