#!/bin/bash
# check.sh [--update] [HEADER]: the interface that HEADER (include/dbapi.h) declares keeps what abi/libdbapi.abi has of
# it: every function with its prototype, every struct with its layout, every number. Additions are welcome: functions,
# types, members of enums. Needs abigail-tools and gcc.
#
# --update writes abi/libdbapi.abi anew, which releases a changed interface: additions with every release, anything
# else only with a new ABI_VERSION in build.rs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() { printf 'check.sh: %s\n' "$*" >&2; }

update=no
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi
header=$(readlink -f "${1:-$here/../include/dbapi.h}")
baseline=$here/libdbapi.abi
for program in abidw abidiff; do
    command -v "$program" >/dev/null || { say "$program is not there: apt-get install abigail-tools"; exit 2; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-abi.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$here/witness.sh" "$header" "$work/libdbapi.so"

if [ "$update" = yes ]; then
    # Nothing of this machine, and names of types that don't change with their number.
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-parameter-names --no-elf-needed --type-id-style hash \
        --out-file "$baseline" "$work/libdbapi.so"
    say "abi/libdbapi.abi is written: see what git diff says of it"
    exit
fi

status=0
abidiff --no-show-locs --no-added-syms "$baseline" "$work/libdbapi.so" > "$work/report" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
    cat "$work/report" >&2
    say "the interface is not what programs were built with: something was removed, renumbered or laid out anew." \
        "If that is meant (see the head of abi/check.sh): abi/check.sh --update"
    exit 1
fi
echo "the interface keeps all that abi/libdbapi.abi has"
