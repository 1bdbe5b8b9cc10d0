#!/bin/bash
# filter.sh FILE: what Doxygen reads instead of FILE. Into each comment of dbapi.h it puts the section that the thing
# belongs to (sections.txt), and before them the sections themselves; other files stay as they are. The header has no
# marks of sections, since cbindgen would not carry them: the functions' are the modules of src/abi that they stand in.
set -eu -o pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..

# Doxygen takes the % before a word away, also between backticks: `%s` would come out as s.
percents() {
    awk '
        /^ *```/ { fenced = !fenced }
        !fenced && /`[^`]*%[A-Za-z][^`]*`/ {
            out = ""; rest = $0
            while (match(rest, /`[^`]+`/)) {
                code = substr(rest, RSTART + 1, RLENGTH - 2)
                out = out substr(rest, 1, RSTART - 1)
                rest = substr(rest, RSTART + RLENGTH)
                if (code ~ /%[A-Za-z]/) {
                    gsub(/&/, "\\&amp;", code); gsub(/</, "\\&lt;", code); gsub(/>/, "\\&gt;", code); gsub(/%/, "\\%", code)
                    out = out "<code>" code "</code>"
                } else out = out "`" code "`"
            }
            $0 = out rest
        }
        { print }
    '
}

case $1 in
    */dbapi.h) ;;
    *.md)
        # A page may have the table of another file: its rows without the columns that only testers need.
        while IFS= read -r line; do
            case $line in
                '<!-- table: c_tests/README.md -->')
                    awk -F' \\| ' '
                        /^## / { print "\n#" $0 "\n" }
                        /^\| psycopg2 \|/ { print "| psycopg2 | here | remark |"; next }
                        /^\|---/ { print "|---|---|---|"; next }
                        /^\| / { sub(/ \|$/, "", $5); print $1 " | " $2 " | " ($5 == "—" ? "" : $5) " |" }
                    ' "$root/c_tests/README.md"
                    ;;
                *) printf '%s\n' "$line" ;;
            esac
        done < "$1" | percents
        exit
        ;;
    *) exec cat "$1" ;;
esac

{
    # Lines for the table below: F function module, and S name title modules types.
    (cd "$root/src/abi" && grep -Eo 'extern "C" fn dbapi_[a-z0-9_]+' ./*.rs) | sed -E 's,^\./([a-z0-9_]+)\.rs:.* (dbapi_.*)$,F|\2|\1,'
    grep -v '^#' "$here/sections.txt" | sed 's/^/S|/'
} | awk -F'|' -v header="$1" '
    $1 == "F" { module[$2] = $3; next }
    {
        order[++sections] = $2; title[$2] = $3
        n = split($4, names, " "); for (i = 1; i <= n; i++) section_of_module[names[i]] = $2
        n = split($5, names, " "); for (i = 1; i <= n; i++) section_of_name[names[i]] = $2
    }
    function complain(what) { print "filter.sh: " what > "/dev/stderr"; failed = 1 }
    # The section of a macro, type or function.
    function section(name,   pattern) {
        if (name in section_of_name) return section_of_name[name]
        for (pattern in section_of_name)
            if (pattern ~ /\*$/ && index(name, substr(pattern, 1, length(pattern) - 1)) == 1) return section_of_name[pattern]
        if (name in module) {
            if (module[name] in section_of_module) return section_of_module[module[name]]
            complain("src/abi/" module[name] ".rs is in no section of docs/manual/sections.txt (" name ")")
            return ""
        }
        complain(name " is in no section of docs/manual/sections.txt")
        return ""
    }
    # The name that the first line behind a comment declares.
    function declared(line) {
        if (match(line, /^#define [A-Za-z0-9_]+/)) return substr(line, 9, RLENGTH - 8)
        if (match(line, /^typedef (enum|struct|union) [a-z0-9_]+/)) { sub(/^typedef [a-z]+ /, "", line); sub(/[^a-z0-9_].*/, "", line); return line }
        sub(/\(.*/, "", line); sub(/.*[ *]/, "", line)
        return line
    }
    END {
        while ((getline line < header) > 0) {
            lines++
            # Doxygen lets a number of an enum pass without a word on it.
            if (line ~ /^  DBAPI_[A-Z0-9_]+ = / && before !~ /\*\/$/) {
                name = line; sub(/ =.*/, "", name); sub(/^ */, "", name)
                complain(name " is not documented")
            }
            before = line
            # A comment at the margin: kept until its thing is seen. The first is the whole headers.
            if (line ~ /^\/\*\*/) {
                if (line ~ /\*\/$/) { sub(/^\/\*\* */, "", line); sub(/ *\*\/$/, "", line); comment = "/**\n * " line "\n"; state = "after" }
                else { comment = line "\n"; state = "in" }
                continue
            }
            if (state == "in") {
                if (line ~ /^ \*\//) state = "after"; else comment = comment line "\n"
                continue
            }
            if (state == "after") {
                if (line == "") {
                    # The comment of the file, which introduces the manual; then the sections.
                    printf "%s */\n", comment
                    for (i = 1; i <= sections; i++) printf "/** @defgroup %s %s */\n", order[i], title[order[i]]
                } else {
                    printf "%s * @ingroup %s\n */\n", comment, section(declared(line))
                }
                state = ""
            }
            print line
        }
        if (!lines) complain("there is nothing in " header)
        exit failed
    }
' | percents
