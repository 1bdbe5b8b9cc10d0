#!/bin/bash
# witness.sh HEADER LIBRARY: writes to LIBRARY (.so) a shared library that has every type, number and function of
# dbapi.h, with debug information: what abidw can read the interface from.
#
# The real library will not do. Its debug information is Rust's: enums without C's names, numbers of the header that
# exist nowhere in it, functions whose types are those of the implementation. That the real library exports what the
# header declares is exports.sh's matter, and that the header is what Rust compiled is tests/header.rs's. So the
# interface is the header, and this makes of it what a C library with that header would be:
#
#   * each prototype, with an empty body;
#   * a variable of each struct, union and enum, since most are reached through int32_t and void alone;
#   * an enum for the place of each member, whose name abidiff thinks nothing of;
#   * an enum for each number that is a macro. One for all would hide a removed one whose number another has too.
set -eu
export LC_ALL=C

[ "$#" -eq 2 ] || { echo "usage: witness.sh HEADER LIBRARY" >&2; exit 2; }
header=$1 library=$2

# Without the header's inline functions: programs hold those themselves.
sed '/^static inline/,/^}/d' "$header" > "$library.h"

# What the preprocessor leaves of the header itself, one declaration a line: braces of structs stay together.
declarations=$(
    sed '/^#include/d' "$library.h" | "${CC:-gcc}" -E -P -x c - | tr '\n' ' ' \
        | awk '{
            depth = 0; line = ""
            for (i = 1; i <= length($0); i++) {
                c = substr($0, i, 1); line = line c
                if (c == "{") depth++
                if (c == "}") depth--
                if (c == ";" && depth == 0) { sub(/^ +/, "", line); print line; line = "" }
            }
        }'
)

{
    printf '#include "%s"\n' "${library##*/}.h"
    # dbapi_status_t dbapi_close(...); and the like, with a body.
    grep -v '^typedef\|^struct\|^enum\|^union' <<<"$declarations" | sed -n '/(/s/;$/ { __builtin_trap(); }/p'
    # typedef struct dbapi_value_t { ... } dbapi_value_t;
    sed -n 's/^typedef .*} \(dbapi_[a-z0-9_]*\);$/extern \1 witness_\1; \1 witness_\1;/p' <<<"$declarations"
    # struct dbapi_x_t { int32_t a; uint8_t b[16]; } as x.a and x.b.
    sed -n 's/^typedef \(struct\|union\) .*{\(.*\)} \(dbapi_[a-z0-9_]*\);$/\3;\2/p' <<<"$declarations" \
        | awk -F' *; *' '{
            for (i = 2; i <= NF; i++) {
                member = $i; sub(/\[.*/, "", member); sub(/.*[^A-Za-z0-9_]/, "", member)
                if (member != "")
                    printf "extern enum place_%s_%s { offset_%s_%s = offsetof(%s, %s) } witness_%s_%s; enum place_%s_%s witness_%s_%s;\n",
                        $1, member, $1, member, $1, member, $1, member, $1, member, $1, member
            }
        }'
    sed -n 's/^#define \(DBAPI_[A-Z0-9_]*\) -\{0,1\}[0-9][0-9]*$/\1/p' "$header" | grep -v '^DBAPI_VERSION_NUMBER$' \
        | sed 's/.*/extern enum macro_& { value_of_& = & } witness_&; enum macro_& witness_&;/'
} > "$library.c"

functions=$(grep -c '__builtin_trap' "$library.c") || { echo "witness.sh: no function found in $header" >&2; exit 1; }
types=$(grep -c 'extern dbapi_' "$library.c") || { echo "witness.sh: no type found in $header" >&2; exit 1; }
"${CC:-gcc}" -std=c99 -w -g -gdwarf-4 -O0 -shared -fPIC -ffile-prefix-map="${library%/*}"=. -Wl,-soname,libdbapi.so.0 -o "$library" "$library.c"
members=$(grep -c 'offsetof' "$library.c") || { echo "witness.sh: no member found in $header" >&2; exit 1; }
printf 'witness of %s functions, %s types and %s members\n' "$functions" "$types" "$members"
