#!/bin/bash
# Makes libdbapi0_*.deb and libdbapi-dev_*.deb of what cargo has built. Arguments are as make has them:
#
#     cargo build --release
#     packaging/deb.sh                  into target/debian
#     packaging/deb.sh OUT=/tmp/debs FROM=target/release
#
# Needs dpkg-dev and debhelper: these know what a Debian library needs besides its files (the symbols and what they
# depend on, the loader's trigger, multiarch), which tools for programs do not.
set -eu

die() { printf 'deb.sh: %s\n' "$*" >&2; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
FROM=${CARGO_TARGET_DIR:-$root/target}/release OUT=${CARGO_TARGET_DIR:-$root/target}/debian
for argument; do
    case $argument in
        FROM=* | OUT=*) printf -v "${argument%%=*}" %s "${argument#*=}" ;;
        *) die "what is $argument? See the head of $0" ;;
    esac
done
for program in dpkg-buildpackage dh; do
    command -v "$program" >/dev/null || die "$program is not there: apt-get install dpkg-dev debhelper"
done
FROM=$(cd "$FROM" && pwd) || die "run cargo build --release first, or say FROM=DIRECTORY"
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

version=$(sed -n 's/^#define DBAPI_VERSION "\(.*\)"$/\1/p' "$root/include/dbapi.h")
[ -n "$version" ] || die "include/dbapi.h does not say which version this is"

# dpkg-buildpackage works in the tree that it packs, and puts the packages beside it.
work=$(mktemp -d "${TMPDIR:-/tmp}/dbapi-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/libdbapi-$version
mkdir "$tree"
cp -R "$root/include" "$root/packaging" "$root/build.rs" "$root"/*.md "$root"/LICENSE-* "$tree"
cp -R "$root/packaging/debian" "$tree/debian"

# Times in the packages are those of the commit, so that the same source gives the same packages.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=$(stat -c %Y "$root/include/dbapi.h")
export SOURCE_DATE_EPOCH
cat > "$tree/debian/changelog" <<END
libdbapi ($version-1) unstable; urgency=medium

  * See changelog.gz.

 -- libdbapi developers <libdbapi@packages.invalid>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
{
    sed '/^@MIT@$/,$d' "$root/packaging/debian/copyright"
    sed '1,2d; s/^$/./; s/^/ /' "$root/LICENSE-MIT"
    sed '1,/^@MIT@$/d' "$root/packaging/debian/copyright"
} > "$tree/debian/copyright"

(
    cd "$tree"
    # Neither the caller's flags for make nor those for compilers are meant for this.
    unset MAKEFLAGS MAKELEVEL
    DBAPI_FROM=$FROM dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes --no-check-builddeps
) > "$work/log" 2>&1 || { cat "$work/log" >&2; die "dpkg-buildpackage failed: see above"; }
grep -i 'warning' "$work/log" >&2 || true
rm -f "$OUT"/libdbapi0_*.deb "$OUT"/libdbapi-dev_*.deb "$OUT"/libdbapi_*.changes "$OUT"/libdbapi_*.buildinfo
mv "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$OUT"
printf '%s\n' "$OUT"/libdbapi0_*.deb "$OUT"/libdbapi-dev_*.deb
