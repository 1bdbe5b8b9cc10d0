#!/bin/bash
# Controls one PgBouncer in front of a throw-away server of pg.sh.
#
#   pgbouncer.sh start DIR SERVER   starts one before the server of `pg.sh start SERVER` and writes DIR/env
#   pgbouncer.sh stop DIR           stops it, removes its files and DIR
#   pgbouncer.sh run DIR COMMAND [ARGUMENT...]   runs a command with the variables of DIR/env: those of the
#                                   server, and DBAPI_TEST_POOLER_HOST (a socket's directory), _PORT and _LOG
#
# Its databases `session`, `transaction` and `statement` are the server's `test`, each by a pool of that kind.
# Each has one server connection, which its clients share. `pgbouncer` is its console. The user is
# `dbapi`, without a password. Like the server, it refuses to run as root.
set -eu
# shellcheck source=c_tests/support/pg.sh
. "$(dirname "$0")/pg.sh"
say() { printf 'pgbouncer.sh: %s\n' "$*" >&2; }

find_pgbouncer() {
    PATH=$PATH:/usr/sbin:/usr/local/sbin command -v pgbouncer \
        || die "no PgBouncer found: install it (Debian: apt-get install pgbouncer)"
}

configuration() { # HOST PORT of the server, PORT of ours
    local target="host='$1' port=$2 dbname=test user=dbapi"
    cat <<CONF
[databases]
session = $target pool_mode=session pool_size=1
transaction = $target pool_mode=transaction pool_size=1
statement = $target pool_mode=statement pool_size=1

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $3
unix_socket_dir = $work
auth_type = trust
auth_file = $work/users
admin_users = dbapi
logfile = $work/pooler.log
pidfile = $work/pooler.pid
log_connections = 1
log_disconnections = 1
log_pooler_errors = 1
max_client_conn = 200
CONF
}

start_pooler() {
    local bouncer server port attempt pid deadline name
    dir=$1
    [ -f "$2/env" ] || die "no server runs for $2: start one with 'pg.sh start $2'"
    server=$(cd "$2" && pwd)
    if [ -f "$dir/pid" ] && pooler_alive "$dir"; then
        say "a pooler is running already for $dir"
        return
    fi
    [ ! -e "$dir/work" ] || stop_pooler "$dir"
    bouncer=$(find_pgbouncer)
    choose_user
    mkdir -p "$dir" || die "cannot make the directory $dir"
    dir=$(cd "$dir" && pwd)
    trap '[ -z "$work" ] || rm -rf "$work"; rmdir "$dir" 2>/dev/null' EXIT
    make_work
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    # shellcheck source=/dev/null
    . "$server/env"
    cd "$work"
    printf '"dbapi" ""\n' | as_server tee "$work/users" >/dev/null
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
        port_is_free "$port" || continue
        configuration "$PGHOST" "$PGPORT" "$port" | as_server tee "$work/pgbouncer.ini" >/dev/null
        # It binds its port before it leaves for the background, so its status tells.
        if as_server "$bouncer" -q -d "$work/pgbouncer.ini" >"$work/start.log" 2>&1 </dev/null; then
            break
        fi
        grep -qi 'address already in use' "$work/pooler.log" "$work/start.log" 2>/dev/null \
            || give_up "the pooler did not start" "$work/start.log"
        [ "$attempt" -lt 10 ] || die "no free port on 127.0.0.1 after 10 tries: run it again"
    done
    deadline=$((SECONDS + 20))
    until [ -S "$work/.s.PGSQL.$port" ] && read -r pid 2>/dev/null <"$work/pooler.pid"; do
        [ "$SECONDS" -lt "$deadline" ] || give_up "the pooler did not start within 20 s" "$work/pooler.log"
        sleep 0.05
    done
    printf '%s\n' "$work" >"$dir/work"
    printf '%s\n' "$pid" >"$dir/pid"
    {
        cat "$server/env"
        for name in "DBAPI_TEST_POOLER_HOST=$work" "DBAPI_TEST_POOLER_PORT=$port" "DBAPI_TEST_POOLER_LOG=$work/pooler.log"; do
            printf "export %s='%s'\n" "${name%%=*}" "${name#*=}"
        done
    } >"$dir/env"
    trap - EXIT INT TERM HUP
    say "started $("$bouncer" --version | head -n 1) as process $pid, port $port, socket in $work"
}

# Whether the process in DIR/pid is the pooler that `start` left there.
pooler_alive() {
    local work pid now
    work=$(cat "$1/work" 2>/dev/null) && pid=$(cat "$1/pid" 2>/dev/null) || return 1
    { read -r now <"$work/pooler.pid"; } 2>/dev/null || return 1
    [ -n "$pid" ] && [ "$now" = "$pid" ] && kill -0 "$pid" 2>/dev/null
}

stop_pooler() {
    local dir=$1 work pid deadline
    [ -d "$dir" ] || return 0
    work=$(cat "$dir/work" 2>/dev/null || true)
    if pooler_alive "$dir"; then
        pid=$(cat "$dir/pid")
        # SIGTERM is PgBouncer's immediate shutdown.
        kill -TERM "$pid"
        deadline=$((SECONDS + 30))
        while kill -0 "$pid" 2>/dev/null; do
            [ "$SECONDS" -lt "$deadline" ] || die "the pooler (process $pid) did not stop within 30 s: stop it by hand"
            sleep 0.05
        done
    fi
    case $work in
        */dbapi-pg.*) rm -rf "$work" ;;
    esac
    rm -f "$dir/env" "$dir/pid" "$dir/work"
    rmdir "$dir" 2>/dev/null || say "left $dir in place: it holds files that are not this script's"
}

case "${1:-} $#" in
    'start 3') start_pooler "$2" "$3" ;;
    'stop 2') stop_pooler "$2" ;;
    # The same variables file as a server's.
    'run '*) exec "$(dirname "$0")/pg.sh" "$@" ;;
    *) die "usage: pgbouncer.sh start DIR SERVER | stop DIR | run DIR COMMAND [ARGUMENT...]" ;;
esac
