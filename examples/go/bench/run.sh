#!/bin/bash
# Measures the driver beside lib/pq and pgx, as Debian packages them (apt-get install golang-github-lib-pq-dev
# golang-github-jackc-pgx-v4-dev). Against the server that PGHOST, PGPORT, PGUSER and PGDATABASE say.
#
#   run.sh INCLUDE_DIR LIBRARY_DIR BUILD_DIR [-rounds N] [-rows N] [-queries N]
set -eu
[ "$#" -ge 3 ] || { echo "usage: run.sh INCLUDE_DIR LIBRARY_DIR BUILD_DIR [-rounds N] [-rows N] [-queries N]" >&2; exit 2; }
include=$1 library=$2 build=$3
shift 3
packages=/usr/share/gocode
for package in lib/pq jackc/pgx/v4; do
    [ -d "$packages/src/github.com/$package" ] || {
        echo "github.com/$package is not there:" \
            "apt-get install golang-github-lib-pq-dev golang-github-jackc-pgx-v4-dev" >&2
        exit 1
    }
done
mkdir -p "$build/path/src/libdbapi"
build=$(cd "$build" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
# Debian's packages are for GOPATH, so the driver is put there too.
ln -sfn "$here/../dbapi" "$build/path/src/libdbapi/dbapi"
export CGO_ENABLED=1 GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local
export GOPATH=$build/path:$packages GOCACHE=$build/cache
# Quotes: cgo splits its flags at blanks.
export CGO_CFLAGS="\"-I$include\"" CGO_LDFLAGS="\"-L$library\" \"-Wl,-rpath,$library\""
cd "$here"
go build -o "$build/bench" .
exec "$build/bench" "$@"
