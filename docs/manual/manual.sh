#!/bin/bash
# manual.sh [OUT]: makes the manual, OUT/html/index.html (target/manual), of docs/*.md and the comments of
# include/dbapi.h. It fails on whatever is not documented: a function, a parameter, a member, a number, a link that
# leads nowhere. Needs Doxygen 1.9 or newer.
set -eu
die() { printf 'manual.sh: %s\n' "$*" >&2; exit 1; }

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-${CARGO_TARGET_DIR:-$root/target}/manual}
header=${DBAPI_HEADER:-$root/include/dbapi.h}
command -v doxygen >/dev/null || die "doxygen is not there: apt-get install doxygen"
rm -rf "$out"
mkdir -p "$out"

# Doxygen does not ask how its filter ended.
"$root/docs/manual/filter.sh" "$header" > /dev/null || die "the header's sections are not complete: see above"

input="$header"
for page in "$root"/docs/*.md; do
    input+=" $page"
done
version=$(sed -n 's/^#define DBAPI_VERSION "\(.*\)"$/\1/p' "$header")
sed -e "s|@FILTER@|$root/docs/manual/filter.sh|g" -e "s|@INPUT@|$input|" -e "s|@MAINPAGE@|$root/docs/index.md|" \
    -e "s|@ROOT@|$root|" -e "s|@OUT@|$out|" "$root/docs/manual/Doxyfile" > "$out/Doxyfile"
printf 'PROJECT_NUMBER = %s\n' "$version" >> "$out/Doxyfile"
(cd "$root" && doxygen "$out/Doxyfile") > "$out/log" 2>&1 || { cat "$out/log" >&2; die "the manual is not complete: see above"; }
# Quiet as it was told to be, unless its filter or its configuration failed.
[ ! -s "$out/log" ] || { cat "$out/log" >&2; die "doxygen had something to say: see above"; }
[ -e "$out/html/index.html" ] || die "there is no manual"
# Each function has its place on a page of a section.
while read -r name; do
    grep -qs ">$name<" "$out"/html/group__*.html || die "$name is on no page of a section"
done < <(sed -n 's/^[a-z].*[ *]\(dbapi_[a-z0-9_]*\)(.*/\1/p' "$header" | grep -v '^dbapi_inline_')
printf '%s\n' "$out/html/index.html"
