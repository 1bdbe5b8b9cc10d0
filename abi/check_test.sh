#!/bin/bash
# check.sh finds what breaks programs, and lets additions pass: each case is a change to a copy of the header.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
header=$here/../include/dbapi.h
work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-abi-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# breaks|passes NAME SED-SCRIPT: what check.sh says of the header after that. -z: the script sees the whole header.
verdict() { # EXPECTED NAME SCRIPT
    sed -z -E "$3" "$header" > "$work/dbapi.h"
    local said=passes
    if cmp -s "$header" "$work/dbapi.h"; then
        said='changed nothing'
    elif ! "$here/check.sh" "$work/dbapi.h" > "$work/log" 2>&1; then
        said=breaks
        # For a reason of its own, not because the changed header no longer compiles.
        grep -q 'the interface is not what programs were built with' "$work/log" || said='does not work'
    fi
    printf '%-8s %s\n' "$said" "$2"
    if [ "$said" != "$1" ]; then
        printf 'check_test.sh: %s: expected "%s"\n' "$2" "$1" >&2
        [ "$said" = 'changed nothing' ] || cat "$work/log" >&2
        failed=1
    fi
}
breaks() { verdict breaks "$@"; }
passes() { verdict passes "$@"; }

breaks 'a function removed' 's/int64_t dbapi_rowcount\(const dbapi_cursor_t \*cursor\);//'
breaks 'a function renamed' 's/int64_t dbapi_rowcount\(/int64_t dbapi_row_count(/'
breaks 'another type returned' 's/int64_t dbapi_rowcount\(/int32_t dbapi_rowcount(/'
breaks 'a parameter of another type' 's/(dbapi_connection_set_timeout\(dbapi_connection_t \*connection,\s*)int64_t/\1int32_t/'
breaks 'a parameter more' 's/(dbapi_commit\(dbapi_connection_t \*connection,)/\1 int32_t how,/'
breaks 'a parameter less' 's/(dbapi_commit\()dbapi_connection_t \*connection,/\1/'
breaks 'parameters the other way round' 's/(dbapi_commit\()dbapi_connection_t \*connection,\s*dbapi_error_t \*\*out_error/\1dbapi_error_t **out_error, dbapi_connection_t *connection/'
breaks 'a pointer to another handle' 's/(dbapi_cursor_close\()dbapi_cursor_t/\1dbapi_connection_t/'
breaks 'a member of another type' 's/int32_t utc_offset;/int64_t utc_offset;/'
breaks 'a member renamed' 's/int32_t utc_offset;/int32_t offset;/'
breaks 'members the other way round' 's/int32_t kind;(.{1,200})uint32_t oid;/uint32_t oid;\1int32_t kind;/'
breaks 'a member appended, which moves the next row' 's/(union dbapi_value_as_t as;)/\1 int64_t more;/'
breaks 'a member of a union removed' 's/struct dbapi_point_t point;//'
breaks 'a member of an array of bytes, longer' 's/uint8_t uuid\[16\];/uint8_t uuid[17];/'
breaks 'a number changed' 's/DBAPI_KIND_HSTORE = 23/DBAPI_KIND_HSTORE = 24/'
breaks 'two numbers exchanged' 's/DBAPI_DATA_ERROR = -3/DBAPI_DATA_ERROR = -4/; s/DBAPI_OPERATIONAL_ERROR = -4/DBAPI_OPERATIONAL_ERROR = -3/'
breaks 'a number removed' 's/DBAPI_CLOSED_BROKEN = 2,//'
breaks 'a macro changed' 's/#define DBAPI_SHAPE_PATH 4/#define DBAPI_SHAPE_PATH 7/'
breaks 'a macro removed' 's/#define DBAPI_SHAPE_PATH 4//'
breaks 'a struct removed' 's/typedef struct dbapi_parts_t (\{[^}]*\}) dbapi_parts_t;/typedef struct dbapi_pieces_t \1 dbapi_parts_t;/'

passes 'a comment changed' 's/PEP 249.s commit\. Outside/PEP 249 has it. Outside/'
passes 'a function added' 's/(int64_t dbapi_rowcount\(const dbapi_cursor_t \*cursor\);)/\1\nint64_t dbapi_rowcount_again(const dbapi_cursor_t *cursor);/'
passes 'a kind added' 's/DBAPI_KIND_HSTORE = 23,/DBAPI_KIND_HSTORE = 23, DBAPI_KIND_NEW = 24,/'
passes 'a macro added' 's/#define DBAPI_SHAPE_PATH 4/#define DBAPI_SHAPE_PATH 4\n#define DBAPI_SHAPE_NEW 9/'
passes 'a struct added' 's/(typedef struct dbapi_parts_t \{)/typedef struct dbapi_new_t { int32_t one; } dbapi_new_t;\n\1/'
passes 'a parameter renamed' 's/(dbapi_rowcount\(const dbapi_cursor_t \*)cursor/\1one/'

exit "$failed"
