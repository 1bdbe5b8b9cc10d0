#!/bin/bash
# manual.sh refuses a header that leaves something unsaid: each case takes something out of a copy of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
header=${DBAPI_HEADER:-$here/../../include/dbapi.h}
work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-manual-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# NAME SCRIPT SAYING: after the sed script (-z: it sees the whole header) manual.sh fails and says so.
refuses() {
    sed -z -E "$2" "$header" > "$work/dbapi.h"
    if cmp -s "$header" "$work/dbapi.h"; then
        printf 'manual_test.sh: %s: nothing was changed\n' "$1" >&2
        failed=1
    elif DBAPI_HEADER=$work/dbapi.h "$here/manual.sh" "$work/manual" > "$work/said" 2>&1; then
        printf 'manual_test.sh: %s: the manual was made\n' "$1" >&2
        failed=1
    elif ! grep -q "$3" "$work/said"; then
        printf 'manual_test.sh: %s: expected "%s", and it said:\n' "$1" "$3" >&2
        head -n 5 "$work/said" >&2
        failed=1
    else
        printf 'refused: %s\n' "$1"
    fi
}

refuses 'a function without a comment' 's@\n/\*\*\n( \*[^\n]*\n)+(dbapi_status_t dbapi_rollback)@\n\2@' 'dbapi_rollback'
refuses 'a parameter without @param' 's@(PEP 249.s rollback.{1,80}) \* \@param connection borrowed\.\n@\1@' "parameter 'connection'"
refuses 'a parameter of another name' 's@(dbapi_rollback\(dbapi_connection_t \*)connection@\1it@' 'dbapi_rollback'
refuses 'no word on what is returned' 's@(Whether each statement commits by itself\..{1,60}) \* \@return[^@]*\@since@\1 * \@since@' 'dbapi_connection_autocommit'
refuses 'a member without a comment' 's@  /\*\*\n   \* 0 to 59\.\n   \*/\n@@' 'minute'
refuses 'a number without a comment' 's@  /\*\*\n   \* The connection was lost\.\n   \*/\n@@' 'DBAPI_CLOSED_BROKEN'
refuses 'a macro without a comment' 's@/\*\* NULL\. \*/\n@@' 'DBAPI_NULL'
refuses 'a type of no section' 's@dbapi_parts_t@dbapi_pieces_t@g' 'dbapi_pieces_t is in no section'
refuses 'a function of no module' 's@dbapi_rollback@dbapi_roll_back@g' 'dbapi_roll_back is in no section'
exit "$failed"
