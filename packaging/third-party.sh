#!/bin/bash
# third-party.sh: writes packaging/THIRD-PARTY-LICENSES, the licences of what is linked into the library, as Cargo.lock
# has it. --check compares it instead. Whoever passes on the library in binary form must pass on these.
set -eu
export LC_ALL=C
shopt -s nullglob
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/packaging/THIRD-PARTY-LICENSES
die() { printf 'third-party.sh: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-licenses.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$root"
cargo fetch --locked --quiet --target x86_64-unknown-linux-gnu
# One platform's crates, whatever the machine: those of others are licensed alike.
cargo tree --locked --edges normal,no-proc-macro --prefix none --target x86_64-unknown-linux-gnu --format '{p}|{l}' \
    | sed 's/ (\*)$//' | grep -v '^dbapi v' | sort -u > "$work/crates"

cat > "$work/list" <<'END'
What is linked into libdbapi, besides Rust's standard library (MIT or Apache-2.0, the Rust project), and under which
licences; their texts are below. Where one of several may be chosen and MIT is among them, it is MIT.

END
mkdir "$work/texts"
while IFS='|' read -r crate license; do
    printf '  %s: %s\n' "${crate/ v/ }" "$license" >> "$work/list"
    sources=("${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"${crate/ v/-}")
    [ "${#sources[@]}" -gt 0 ] || die "the source of $crate is not in cargo's registry"
    mapfile -t files < <(cd "${sources[0]}" && find . -maxdepth 4 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' \) \
        -not -path '*/tests/*' -not -name '*.rs' | sort)
    [ "${#files[@]}" -gt 0 ] || { printf '    (has no file of its licence)\n' >> "$work/list"; continue; }
    case ${files[*]} in *[Mm][Ii][Tt]*) mit=yes ;; *) mit=no ;; esac
    for file in "${files[@]}"; do
        case $mit:$file in
            yes:*[Aa][Pp][Aa][Cc][Hh][Ee]* | yes:*[Uu][Nn][Ll][Ii][Cc]* | yes:*[Zz][Ll][Ii][Bb]*) continue ;;
        esac
        # Each text once, with all whose it is.
        tr -d '\r' < "${sources[0]}/$file" | sed 's/[[:space:]]*$//' > "$work/text"
        sum=$(sha256sum < "$work/text" | cut -c1-20)
        [ -e "$work/texts/$sum" ] || cp "$work/text" "$work/texts/$sum"
        printf '%s %s\n' "${crate/ v/ }" "${file#./}" >> "$work/texts/$sum.of"
    done
done < "$work/crates"

{
    cat "$work/list"
    # In the order of the first crate that has it.
    for of in "$work"/texts/*.of; do
        printf '%s\t%s\n' "$(head -n 1 "$of")" "${of%.of}"
    done | sort | while IFS=$'\t' read -r _ text; do
        printf '\n%s\n' '--------------------------------------------------------------------------------------------------'
        sed 's/^/  /' "$text.of"
        printf '\n'
        cat "$text"
    done
} > "$work/out"

if [ "${1:-}" = --check ]; then
    cmp -s "$work/out" "$out" || die "packaging/THIRD-PARTY-LICENSES is not what Cargo.lock says: run packaging/third-party.sh"
    echo "packaging/THIRD-PARTY-LICENSES has the licences of $(wc -l < "$work/crates") crates"
else
    cp "$work/out" "$out"
fi
