#!/bin/bash
# Builds examples/go/session with cgo and runs it. Nothing is fetched from anywhere.
#
#   run.sh INCLUDE_DIR LIBRARY_DIR BUILD_DIR
set -eu
[ "$#" -eq 3 ] || { echo "usage: run.sh INCLUDE_DIR LIBRARY_DIR BUILD_DIR" >&2; exit 2; }
command -v go >/dev/null || { echo "go is not there: apt-get install golang-go" >&2; exit 1; }
include=$1 library=$2 build=$3
mkdir -p "$build"
cd "$(dirname "$0")/session"
export CGO_ENABLED=1 GOPROXY=off GOFLAGS=-mod=readonly GOTOOLCHAIN=local
export GOCACHE=$build/cache GOPATH=$build/path
# Quotes: cgo splits its flags at blanks.
export CGO_CFLAGS="\"-I$include\"" CGO_LDFLAGS="\"-L$library\" \"-Wl,-rpath,$library\""
go build -o "$build/session" .
exec "$build/session"
