#!/bin/bash
# Tests examples/go/dbapi: gofmt, go vet, and go test with the race detector and every check of cgo's pointer rules
# that Go has. Against the server that PGHOST, PGPORT, PGUSER and PGDATABASE say. Nothing is fetched from anywhere.
#
#   test.sh INCLUDE_DIR LIBRARY_DIR BUILD_DIR [FLAG OF GO TEST...]
set -eu
[ "$#" -ge 3 ] || { echo "usage: test.sh INCLUDE_DIR LIBRARY_DIR BUILD_DIR [FLAG OF GO TEST...]" >&2; exit 2; }
command -v go >/dev/null || { echo "go is not there: apt-get install golang-go" >&2; exit 1; }
include=$1 library=$2 build=$3
shift 3
mkdir -p "$build"
build=$(cd "$build" && pwd)
cd "$(dirname "$0")/dbapi"
export CGO_ENABLED=1 GOPROXY=off GOFLAGS=-mod=mod GOTOOLCHAIN=local
export GOCACHE=$build/cache GOPATH=$build/path
# Quotes: cgo splits its flags at blanks.
export CGO_CFLAGS="\"-I$include\"" CGO_LDFLAGS="\"-L$library\" \"-Wl,-rpath,$library\""
unformatted=$(gofmt -l ../dbapi ../bench ../session)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet .
# The stricter check was a setting of the program's before it became one of the compiler's.
if [[ $(go env GOVERSION) =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -lt 21 ]; then
    export GODEBUG=cgocheck=2
else
    export GOEXPERIMENT=cgocheck2
fi
exec go test -race -count=1 -timeout 240s "$@" .
