#!/bin/bash
# Controls one throw-away PostgreSQL server.
#
#   pg.sh start DIR [ADDITIONS]   starts a private server and writes DIR/env (variables for sh, to be sourced)
#   pg.sh stop DIR    stops that server, removes its data and DIR
#   pg.sh run DIR COMMAND [ARGUMENT...]   runs a command with the variables of DIR/env
#
# The binaries come from PG_BINDIR, else PATH, else the newest /usr/lib/postgresql/*/bin. Only initdb,
# pg_ctl and postgres are needed (fetch_postgres.sh brings those of other majors). A server refuses to run as root, so root starts it as `postgres`, or as
# `nobody` where there is no such user.
#
# The data and the Unix socket live in a directory of their own with a short name, since DIR may be too long
# for a socket's address (107 bytes), hold blanks, or be closed to the server's user.
#
# Users: `dbapi` is a superuser and needs no password. `password_user`, `md5_user`, `scram_user` and
# `saslprep_user` must give theirs, in the manner their names say; see `roles` below. So must the members of
# `temporary_roles`, which a test may make, by MD5 or SCRAM as their passwords are stored. All of them may
# come over the Unix socket, 127.0.0.1 and ::1.
#
# ADDITIONS is a directory with what one kind of test needs besides. Of these, what is there counts:
#   postgresql.conf  settings, which win over those below
#   pg_hba.conf      rules, tried before those below
#   roles.sql        more roles: one command a line, without a semicolon
#   files/           copied to files/ in the server's data, as its own
set -eu

say() { printf 'pg.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# The directory that holds initdb, pg_ctl and postgres.
find_binaries() {
    local candidate version best='' best_version=-1
    if [ -n "${PG_BINDIR:-}" ]; then
        [ -x "$PG_BINDIR/initdb" ] || die "PG_BINDIR is $PG_BINDIR, but there is no initdb in it"
        printf '%s\n' "$PG_BINDIR"
        return
    fi
    if candidate=$(command -v initdb); then
        candidate=$(readlink -f "$candidate")
        if [ -x "${candidate%/*}/postgres" ]; then
            printf '%s\n' "${candidate%/*}"
            return
        fi
    fi
    for candidate in /usr/lib/postgresql/*/bin; do
        [ -x "$candidate/initdb" ] || continue
        version=${candidate#/usr/lib/postgresql/}
        version=${version%%/*}
        case $version in *[!0-9]*) version=0 ;; esac
        if [ "$version" -gt "$best_version" ]; then
            best=$candidate best_version=$version
        fi
    done
    [ -n "$best" ] || die "no PostgreSQL server found: install one (Debian: apt-get install postgresql)," \
        "or set PG_BINDIR to the directory that holds initdb and postgres"
    printf '%s\n' "$best"
}

# Whom the server runs as; empty: whoever runs this script.
server_user=
choose_user() {
    [ "$(id -u)" -eq 0 ] || return 0
    local name
    for name in postgres nobody; do
        if id -u "$name" >/dev/null 2>&1; then
            server_user=$name
            return
        fi
    done
    die "a PostgreSQL server refuses to run as root, and there is neither a user postgres nor nobody: add one"
}

# Runs a command as the server's user.
as_server() {
    if [ -z "$server_user" ]; then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$server_user" -- "$@"
    elif command -v setpriv >/dev/null; then
        setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --clear-groups -- "$@"
    elif command -v su >/dev/null; then
        local command
        command=$(printf '%q ' "$@")
        su -s /bin/bash "$server_user" -c "$command"
    else
        die "root needs runuser, setpriv or su to start a server as $server_user: install util-linux"
    fi
}

# A new directory for data and socket: $work. The directories that the caller named: $dir, $additions.
work='' dir='' additions=''
make_work() {
    local base
    for base in "${TMPDIR:-/tmp}" /tmp; do
        # The longest socket name is .s.PGSQL.65535.lock; some systems allow only 103 bytes.
        [ "${#base}" -le 60 ] || continue
        case $base in /*) ;; *) continue ;; esac
        case $base in *[!A-Za-z0-9/._\ -]*) continue ;; esac
        work=$(mktemp -d "$base/dbapi-pg.XXXXXX" 2>/dev/null) || continue
        [ -z "$server_user" ] || chown "$server_user" "$work"
        if as_server test -w "$work"; then
            return
        fi
        rmdir "$work"
        work=
    done
    die "no directory for the server's data: neither \$TMPDIR nor /tmp can be written by ${server_user:-this user}"
}

# The programs of $1 where the server's user can run them: there, or in a copy in $work.
runnable() {
    local home=${1%/*}
    if as_server test -x "$1/postgres"; then
        printf '%s\n' "$1"
        return
    fi
    # Only an installation that finds its files beside its programs still works elsewhere.
    { [ "$home/bin" = "$1" ] && [ -d "$home/lib" ] && [ -d "$home/share" ]; } \
        || die "user ${server_user:-$(id -un)} cannot run $1/postgres: put the server where that user may read it"
    cp -R "$home" "$work/postgresql" && chmod -R a+rX "$work/postgresql"
    printf '%s\n' "$work/postgresql/bin"
}

has_ipv6() {
    grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null
}

# Whether nobody listens on this port of 127.0.0.1 and ::1.
port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && ! (exec 3<>"/dev/tcp/::1/$1") 2>/dev/null
}

# One command a line, as the single-user server reads them.
roles() {
    cat <<'SQL'
SET password_encryption = 'scram-sha-256'
CREATE ROLE password_user LOGIN PASSWORD 'secret-password'
CREATE ROLE scram_user LOGIN PASSWORD 'secret-scram'
CREATE ROLE saslprep_user LOGIN PASSWORD U&'secret-\2168\00A0x'
SET password_encryption = 'md5'
CREATE ROLE md5_user LOGIN PASSWORD 'secret-md5'
CREATE DATABASE test
CREATE DATABASE dbapi
SQL
}

access_rules() {
    local user method
    for user in password_user:password md5_user:md5 scram_user:scram-sha-256 saslprep_user:scram-sha-256 dbapi:trust \
        +temporary_roles:md5; do
        method=${user#*:}
        user=${user%:*}
        printf 'local all %s %s\n' "$user" "$method"
        printf 'host all %s 127.0.0.1/32 %s\n' "$user" "$method"
        printf 'host all %s ::1/128 %s\n' "$user" "$method"
    done
}

settings() {
    local addresses=127.0.0.1
    if has_ipv6; then addresses=127.0.0.1,::1; fi
    cat <<CONF
listen_addresses = '$addresses'
unix_socket_directories = '"$work"'
max_connections = 100
max_prepared_transactions = 10
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
lc_messages = 'C'
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
CONF
}

# A file of ADDITIONS, if it is there.
added() {
    if [ -n "$additions" ] && [ -e "$additions/$1" ]; then
        cat "$additions/$1"
    fi
}

# Gives up: shows the end of a log, removes what was made.
give_up() {
    local message=$1 log=$2
    say "$message; the end of its log:"
    tail -n 20 "$log" 2>/dev/null | sed 's/^/    /' >&2 || true
    exit 1
}

start() {
    local bin port attempt log pid
    dir=$1
    if [ -n "${2:-}" ]; then
        additions=$(cd "$2" && pwd) || die "the directory of additions, $2, is not there"
    fi
    if [ -f "$dir/pid" ] && alive "$dir"; then
        say "a server is running already for $dir"
        return
    fi
    [ ! -e "$dir/work" ] || stop "$dir"
    bin=$(find_binaries)
    choose_user
    mkdir -p "$dir" || die "cannot make the directory $dir"
    dir=$(cd "$dir" && pwd)
    trap '[ -z "$work" ] || rm -rf "$work"; rmdir "$dir" 2>/dev/null' EXIT
    make_work
    bin=$(runnable "$bin")
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    # What the caller's environment says about servers is not about this one.
    local name
    for name in $(compgen -e PG); do
        [ "$name" = PG_BINDIR ] || unset "$name"
    done
    export LC_ALL=C
    cd "$work"

    log=$work/initdb.log
    as_server "$bin/initdb" -D "$work/data" -U dbapi -A trust -E UTF8 --locale=C --no-sync \
        >"$log" 2>&1 || give_up "initdb failed" "$log"
    if [ -n "$additions" ] && [ -d "$additions/files" ]; then
        cp -R "$additions/files" "$work/data/files"
        [ -z "$server_user" ] || chown -R "$server_user" "$work/data/files"
    fi
    { settings; added postgresql.conf; } | as_server tee -a "$work/data/postgresql.conf" >/dev/null
    { added pg_hba.conf; access_rules; } | as_server tee "$work/data/pg_hba.conf" >/dev/null
    # The single-user server exits with 0 whatever happened, so its words are read.
    { roles; added roles.sql; } | as_server "$bin/postgres" --single -D "$work/data" postgres >"$log" 2>&1 \
        || give_up "the users could not be made" "$log"
    ! grep -qE '(ERROR|FATAL|PANIC):' "$log" || give_up "the users could not be made" "$log"

    log=$work/server.log
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        # Below the ports that the kernel hands out, so that no client's own port collides.
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
        port_is_free "$port" || continue
        # pg_ctl answers when the server takes connections. Its output is the server's too: to a file,
        # or whoever reads ours would wait for the server's end.
        if as_server "$bin/pg_ctl" start -w -t 60 -D "$work/data" -l "$log" -o "-p $port" \
            >"$work/pg_ctl.log" 2>&1 </dev/null; then
            if ! grep -q 'could not bind' "$log"; then
                break
            fi
            as_server "$bin/pg_ctl" stop -w -m immediate -D "$work/data" >/dev/null 2>&1 || true
        elif ! grep -qE 'could not bind|could not create any TCP' "$log"; then
            give_up "the server did not start" "$log"
        fi
        : >"$log"
        [ "$attempt" -lt 10 ] || die "no free port on 127.0.0.1 after 10 tries: run it again"
    done
    read -r pid <"$work/data/postmaster.pid"

    printf '%s\n' "$work" >"$dir/work"
    printf '%s\n' "$pid" >"$dir/pid"
    {
        for name in "PGHOST=$work" "PGPORT=$port" PGUSER=dbapi PGDATABASE=test \
            DBAPI_TEST_HOST4=127.0.0.1 "DBAPI_TEST_HOST6=$(if has_ipv6; then echo ::1; fi)" \
            "DBAPI_TEST_LOG=$log"; do
            printf "export %s='%s'\n" "${name%%=*}" "${name#*=}"
        done
    } >"$dir/env"
    trap - EXIT INT TERM HUP
    say "started $("$bin/postgres" --version) as process $pid, port $port, socket in $work"
}

# Whether the process in DIR/pid is the server that `start` left there.
alive() {
    local work pid now
    work=$(cat "$1/work" 2>/dev/null) && pid=$(cat "$1/pid" 2>/dev/null) || return 1
    [ -n "$work" ] && [ -n "$pid" ] || return 1
    { read -r now <"$work/data/postmaster.pid"; } 2>/dev/null || return 1
    [ "$now" = "$pid" ] && kill -0 "$pid" 2>/dev/null
}

stop() {
    local dir=$1 work pid deadline
    [ -d "$dir" ] || return 0
    work=$(cat "$dir/work" 2>/dev/null || true)
    if alive "$dir"; then
        pid=$(cat "$dir/pid")
        # SIGQUIT is PostgreSQL's immediate shutdown.
        kill -QUIT "$pid"
        deadline=$((SECONDS + 30))
        while kill -0 "$pid" 2>/dev/null; do
            [ "$SECONDS" -lt "$deadline" ] || die "the server (process $pid) did not stop within 30 s: stop it by hand"
            sleep 0.05
        done
    fi
    case $work in
        */dbapi-pg.*) rm -rf "$work" ;;
    esac
    rm -f "$dir/env" "$dir/pid" "$dir/work"
    rmdir "$dir" 2>/dev/null || say "left $dir in place: it holds files that are not this script's"
}
# Another script that sources this one for its functions stops here.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

case "${1:-} $#" in
    'start 2' | 'start 3') start "$2" "${3:-}" ;;
    'stop 2') stop "$2" ;;
    'run '*)
        [ "$#" -ge 3 ] || die "usage: pg.sh run DIR COMMAND [ARGUMENT...]"
        [ -f "$2/env" ] || die "no server runs for $2: start one with 'pg.sh start $2'"
        for name in $(compgen -e PG); do
            [ "$name" = PG_BINDIR ] || unset "$name"
        done
        # shellcheck source=/dev/null
        . "$2/env"
        shift 2
        exec "$@"
        ;;
    *) die "usage: pg.sh start DIR [ADDITIONS] | stop DIR | run DIR COMMAND [ARGUMENT...]" ;;
esac
