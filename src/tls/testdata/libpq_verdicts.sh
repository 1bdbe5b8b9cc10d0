#!/bin/bash
# Asks libpq (psql) for its verdict on every line of cases.in, against a real server with each certificate, and
# writes cases.txt: the line, and "ok" or libpq's message. Run in this directory as root; needs PostgreSQL and its
# psql, and a user "postgres" to run the server as. Touches nothing but a temporary directory.
set -u
bin=$(pg_config --bindir) here=$(pwd) work=$(mktemp -d) port=${PORT:-54329}
chown postgres "$work"; chmod 755 "$work"
as() { (cd "$work" && setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups env HOME="$work" OPENSSL_CONF="$work/openssl.cnf" "$@"); }
# The server may use what a client would refuse.
printf 'openssl_conf=o\n[o]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nCipherString=DEFAULT@SECLEVEL=0\n' > "$work/openssl.cnf"
as "$bin/initdb" -D "$work/data" -A trust >/dev/null || exit 1
printf "ssl=on\nport=$port\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nlogging_collector=off\nfsync=off\n" >> "$work/data/postgresql.conf"
trap 'as "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1; rm -rf "$work"' EXIT
last=
: > cases.txt
while IFS='|' read -r id chain key root crl crldir mode host; do
  if [ "$chain $key" != "$last" ]; then
    last="$chain $key"
    as "$bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1
    install -o postgres -m 600 "$chain" "$work/data/server.crt"; install -o postgres -m 600 "$key" "$work/data/server.key"
    as "$bin/pg_ctl" -D "$work/data" -l "$work/log" -w -t 20 start >/dev/null 2>&1 || { echo "$id: no server: $(tail -3 "$work/log")" >&2; continue; }
  fi
  [ "$root" = - ] && root=nonesuch.crt
  out=$(env -i HOME="$work/nohome" PATH="$PATH" PGCONNECT_TIMEOUT=10 "$bin/psql" -XAtc 'select 1' "host='$host' hostaddr=127.0.0.1 port=$port user=postgres dbname=postgres sslmode=$mode sslrootcert='$here/$root' ${crl:+sslcrl='$here/$crl'} ${crldir:+sslcrldir='$here/$crldir'}" 2>&1)
  if [ "$out" = 1 ]; then verdict=ok; else verdict=$(printf '%s' "$out" | head -1 | sed "s|.*failed: ||; s|$here/||g; s|^psql: error: ||"); fi
  echo "$id|$chain|$key|$root|$crl|$crldir|$mode|$host|$verdict" >> cases.txt
done < cases.in
rm -f cases.in.bak; wc -l cases.txt >&2
