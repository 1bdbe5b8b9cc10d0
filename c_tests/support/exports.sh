#!/bin/bash
# exports.sh HEADER LIBRARY: the library exports the functions that the header declares, and nothing else.
set -eu
export LC_ALL=C

[ "$#" -eq 2 ] || { echo "usage: exports.sh HEADER LIBRARY" >&2; exit 2; }
header=$1 library=$2
for file in "$header" "$library"; do
    [ -r "$file" ] || { echo "exports.sh: $file is not there: run cargo build --release first" >&2; exit 2; }
done
command -v nm >/dev/null || { echo "exports.sh: nm is not there: apt-get install binutils" >&2; exit 2; }

# A declared function is, in what the preprocessor leaves, a name before the first parenthesis of a statement.
declared=$(
    sed '/^static inline/,/^}/d' "$header" | "${CC:-gcc}" -E -P -x c - | tr '\n' ' ' | sed 's/[;{}]/\n/g' \
        | grep -v -e '\<typedef\>' -e '\<inline\>' \
        | sed -n 's/^[^(]*\<\(dbapi_[a-z0-9_]*\)[[:space:]]*(.*/\1/p' \
        | sort -u
)
exported=$(nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort -u)
[ -n "$declared" ] || { echo "exports.sh: no function found in $header" >&2; exit 1; }

missing=$(comm -23 <(printf '%s\n' "$declared") <(printf '%s\n' "$exported"))
extra=$(comm -13 <(printf '%s\n' "$declared") <(printf '%s\n' "$exported"))
if [ -n "$missing$extra" ]; then
    [ -z "$missing" ] || printf '%s\n' "declared, but not exported:" "$missing" >&2
    [ -z "$extra" ] || printf '%s\n' "exported, but not declared:" "$extra" >&2
    exit 1
fi
printf 'the header declares %s functions, and the library exports exactly these\n' "$(wc -l <<<"$declared")"
