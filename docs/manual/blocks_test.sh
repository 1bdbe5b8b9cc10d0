#!/bin/bash
# blocks.py finds what is wrong on a page: each case is a page that it must refuse, or accept, with what it says.
#
#     blocks_test.sh --include DIR --library DIR [--installed PREFIX]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-blocks-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
# blocks.py looks for pages in the tree that it stands in.
mkdir -p "$work/docs/manual" "$work/examples"
cp "$here/blocks.py" "$work/docs/manual"
cp -R "$here/preludes" "$work/docs/manual"
printf '# Nothing\n' > "$work/README.md"

# page NAME STATUS SAYING, the page from stdin.
page() {
    local status=0
    cat > "$work/docs/page.md"
    python3 "$work/docs/manual/blocks.py" "${arguments[@]}" > "$work/said" 2>&1 || status=$?
    if [ "$status" -ne "$2" ] || ! grep -qF -e "$3" "$work/said"; then
        printf 'blocks_test.sh: %s: expected status %s and "%s", and got status %s:\n' "$1" "$2" "$3" "$status" >&2
        cat "$work/said" >&2
        failed=1
    else
        printf '%s: %s\n' "$([ "$2" -eq 0 ] && echo accepted || echo refused)" "$1"
    fi
}
arguments=("$@")
f='```'

page 'a fragment' 0 '1 blocks' <<END
${f}c
check(dbapi_commit(NULL, NULL), NULL);
$f
END
page 'a function that is not there' 1 'docs/page.md:2' <<END
${f}c
dbapi_comit(NULL, NULL);
$f
END
page 'a fragment that runs, and what it writes' 0 '2 blocks' <<END
<!-- run in session -->
${f}c
printf("%d\n", (int)dbapi_rowcount(cursor));
$f
<!-- output -->
${f}text
-1
$f
END
page 'another output than the page says' 1 'and the block before wrote' <<END
<!-- run in session -->
${f}c
printf("%d\n", (int)dbapi_rowcount(cursor));
$f
<!-- output -->
${f}text
-2
$f
END
page 'a fragment whose statement fails' 1 'ProgrammingError' <<END
<!-- run in session -->
${f}c
check(dbapi_execute(cursor, "SELECT nonsense", NULL, 0, &error), &error);
$f
END
page 'a shell script that is none' 1 'bash -n' <<END
${f}sh
if true; then
$f
END
page 'a script that is not in the tree' 1 'there is no examples/nothing.sh' <<END
${f}sh
examples/nothing.sh
$f
END
page 'a command that fails' 1 'ended with 1' <<END
<!-- run -->
${f}sh
false
true
$f
END
page 'Python that fails' 1 'ZeroDivisionError' <<END
${f}python
1 / 0
$f
END
page 'a language that nobody knows' 1 "what language is 'cobol'" <<END
${f}cobol
STOP RUN.
$f
END
page 'a block of no language' 1 "what language is ''" <<END
$f
something
$f
END
page 'an order that nobody knows' 1 'what is <!-- rum -->' <<END
<!-- rum -->
${f}c
;
$f
END
page 'a name that the header does not have' 1 'docs/page.md:1: the header has no dbapi_fetchsome' <<END
Call \`dbapi_fetchone\`, not \`dbapi_fetchsome\`; \`dbapi_value_get_...\` are many.
END
page 'a block without an end' 1 'has no end' <<END
${f}c
END
exit "$failed"
