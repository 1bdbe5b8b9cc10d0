#!/bin/bash
# symbols.sh HEADER: dpkg's symbols file of libdbapi0. A function is there from the version that the @since of its
# comment says, so a program that uses none newer may run with an older library.
set -eu
export LC_ALL=C
[ "$#" -eq 1 ] || { echo "usage: symbols.sh HEADER" >&2; exit 2; }

printf '%s\n' 'libdbapi.so.0 libdbapi0 #MINVER#' '* Build-Depends-Package: libdbapi-dev'
# A prototype's first line begins with no blank; its name stands before the first parenthesis.
awk '
    /^\/\*\*/ { since = "" }
    / @since / { since = $3 }
    /^static inline/ { inline = 1 }
    /^}/ { inline = 0; next }
    !inline && /^[a-z][^#]*[ *]dbapi_[a-z0-9_]*\(/ {
        name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
        if (since == "") { printf "symbols.sh: %s has no @since\n", name > "/dev/stderr"; exit 1 }
        printf " %s@Base %s\n", name, since
        since = ""
    }
' "$1" | sort
[ "${PIPESTATUS[0]}" -eq 0 ]
