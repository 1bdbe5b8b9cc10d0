#!/bin/bash
# surface.sh [--update]: checks the table of psycopg2's surface in c_tests/README.md.
#
# What is said to be ours is in include/dbapi.h, what is planned is not, tests are there, a row without a function
# or a test says why, and the line at the end has counted right. With --update, planned names that are in the
# header become ours, and that line is written anew, before the check.
set -eu
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
readme=$root/c_tests/README.md header=$root/include/dbapi.h

update=no
case "${1:-}" in
    '') ;;
    --update) update=yes ;;
    *) echo "usage: surface.sh [--update]" >&2; exit 2 ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Each word of the interface: comments may tell of what is not there, so they go first.
"${CC:-gcc}" -fpreprocessed -dD -E -P -x c "$header" 2>/dev/null | grep -oE '\<(dbapi|DBAPI)_[A-Za-z0-9_]+' | sort -u >"$scratch/words"
[ -s "$scratch/words" ] || { echo "surface.sh: no name found in $header" >&2; exit 2; }
# Each case of each program.
for program in "$root"/c_tests/[0-9]*.c; do
    name=$(basename "$program" .c)
    printf '%s\n' "$name"
    grep -oE '\<CASE\([a-z0-9_]+\)' "$program" | sed "s|CASE(\(.*\))|$name/\1|"
done >"$scratch/tests"
(cd "$root" && find src tests c_tests examples -type f) >>"$scratch/tests"

# Prints the table with its count, as it should be; says on stderr what is wrong.
awk -v update="$update" -v words="$scratch/words" -v tests="$scratch/tests" '
    function wrong(what) { printf "c_tests/README.md:%d: %s: %s\n", FNR, row, what >"/dev/stderr"; bad = 1 }
    # The names of a cell, each in backquotes, into `names`; their number.
    function split_names(cell, names,    n, i) {
        if (cell == "—") return 0
        n = split(cell, names, ", ")
        for (i = 1; i <= n; i++)
            if (names[i] !~ /^`[^`]+`$/) wrong("not a name in backquotes: " names[i])
            else names[i] = substr(names[i], 2, length(names[i]) - 2)
        return n
    }
    function join(cell, name) { return cell == "—" ? "`" name "`" : cell ", `" name "`" }
    BEGIN {
        while ((getline line < words) > 0) word[line] = 1
        while ((getline line < tests) > 0) test[line] = 1
    }
    /^## / { beyond = /^## Beyond/ }
    /^\| / && !/^\| psycopg2 \|/ {
        n = split($0, cell, / \| /)
        sub(/^\| /, "", cell[1]); sub(/ \|$/, "", cell[n])
        row = cell[1]
        if (n != 5) wrong("has " n " cells, not 5")
        if (seen[row]++) wrong("stands twice")
        count = split_names(cell[3], names)
        still = "—"
        for (i = 1; i <= count; i++) {
            if (!(names[i] in word)) still = join(still, names[i])
            else if (update == "yes") cell[2] = join(cell[2], names[i])
            else wrong(names[i] " has landed: run surface.sh --update, and name its test")
        }
        if (update == "yes") {
            cell[3] = still
            $0 = "| " cell[1] " | " cell[2] " | " cell[3] " | " cell[4] " | " cell[5] " |"
        }
        count = split_names(cell[2], names)
        for (i = 1; i <= count; i++) if (!(names[i] in word)) wrong(names[i] " is not in the header")
        count = split_names(cell[4], names)
        for (i = 1; i <= count; i++) if (!(names[i] in test)) wrong("no such test: " names[i])
        if (cell[2] == "—" && cell[3] == "—" && cell[5] == "—") wrong("neither a function nor why")
        if (cell[2] != "—" && cell[4] == "—" && cell[5] == "—") wrong("neither a test nor why")
        if (beyond) {
            more++
        } else {
            rows++
            if (cell[2] != "—") ours++
            else if (cell[3] != "—") planned++
            else neither++
        }
    }
    /^[0-9]+ rows: / {
        counted = 1
        $0 = rows + 0 " rows: " ours + 0 " with a function, " planned + 0 " planned, " neither + 0 \
            " with neither, for the reason that the row gives; and " more + 0 " beyond psycopg2."
    }
    { print }
    END {
        if (!counted) { print "c_tests/README.md: no line \"N rows: ...\" at its end" >"/dev/stderr"; bad = 1 }
        exit bad
    }
' "$readme" >"$scratch/README.md" && sound=yes || sound=no

if [ "$update" = yes ]; then
    cat "$scratch/README.md" >"$readme"
elif ! cmp -s "$readme" "$scratch/README.md"; then
    echo "c_tests/README.md: the count is wrong: run c_tests/support/surface.sh --update" >&2
    diff "$readme" "$scratch/README.md" >&2 || true
    sound=no
fi
[ "$sound" = yes ] || exit 1
grep '^[0-9]* rows: ' "$readme"
