#!/bin/bash
# install_test.sh KIND WORK FROM: installs libdbapi into WORK in one of its ways, and sees that just the files are there
# that should be. FROM has the built libraries. KIND is one of
#
#   plain      packaging/install.sh, into WORK/prefix
#   destdir    the same into a stage; moved to its place, and removed again
#   cinstall   cargo cinstall, into WORK/prefix; FROM is not used
#   deb        the Debian packages, installed by dpkg in WORK/root
set -eu

die() { printf 'install_test.sh: %s\n' "$*" >&2; exit 1; }
[ "$#" -eq 3 ] || die "usage: install_test.sh KIND WORK FROM"
kind=$1 work=$2 from=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -n 's/^#define DBAPI_VERSION "\(.*\)"$/\1/p' "$root/include/dbapi.h")
rm -rf "$work"
mkdir -p "$work"

# What is to be there: LIBDIR, the CMake package's directory, the documents' (none: not checked).
expected() {
    local document
    (cd "$root" && find include -type f)
    printf '%s\n' "$2/dbapi-config-version.cmake" "$2/dbapi-config.cmake" "$1/libdbapi.a" "$1/libdbapi.so -> libdbapi.so.$version" \
        "$1/libdbapi.so.0 -> libdbapi.so.$version" "$1/libdbapi.so.$version" "$1/pkgconfig/dbapi.pc"
    [ -z "$3" ] || for document in CHANGELOG.md LICENSE-APACHE LICENSE-MIT README.md THIRD-PARTY-LICENSES; do
        printf '%s/%s\n' "$3" "$document"
    done
}

# PREFIX LIBDIR CMAKE DOCUMENTS
check_files() {
    (cd "$1" && find . -type l -printf '%P -> %l\n' -o -type f -printf '%P\n') | grep -v "${5:-^$}" | LC_ALL=C sort > "$work/found"
    expected "$2" "$3" "$4" | LC_ALL=C sort > "$work/expected"
    diff "$work/expected" "$work/found" >&2 || die "these are not the files that should be there (<: missing, >: extra)"
    diff -r "$root/include" "$1/include" >&2 || die "the headers are not those of the source"
    readelf -d "$1/$2/libdbapi.so" | grep -q 'SONAME.*\[libdbapi\.so\.0\]' || die "the SONAME is not libdbapi.so.0"
    # Nothing but libc and its loader.
    ! readelf -d "$1/$2/libdbapi.so" | grep NEEDED | grep -v -e '\[libc\.so' -e '\[ld-linux' || die "it needs more than libc"
    "$root/c_tests/support/exports.sh" "$1/include/dbapi.h" "$1/$2/libdbapi.so"
}

# SYSTEM OPTION...: dpkg in WORK/SYSTEM, by whoever this is.
in_system() {
    local system=$work/$1
    shift
    PATH=$PATH:/usr/sbin:/sbin dpkg --root="$system" --force-not-root --force-depends --force-bad-path --force-unsafe-io \
        --log=/dev/null "$@" > "$system.log" 2>&1 || { cat "$system.log" >&2; die "dpkg failed"; }
}

case $kind in
    plain)
        "$root/packaging/install.sh" FROM="$from" PREFIX="$work/prefix"
        check_files "$work/prefix" lib lib/cmake/dbapi share/doc/dbapi
        # Twice is the same as once.
        "$root/packaging/install.sh" FROM="$from" PREFIX="$work/prefix"
        check_files "$work/prefix" lib lib/cmake/dbapi share/doc/dbapi
        ;;
    destdir)
        "$root/packaging/install.sh" FROM="$from" DESTDIR="$work/stage" PREFIX=/opt/dbapi LIBDIR=lib64
        check_files "$work/stage/opt/dbapi" lib64 lib64/cmake/dbapi share/doc/dbapi
        grep -qx 'prefix=/opt/dbapi' "$work/stage/opt/dbapi/lib64/pkgconfig/dbapi.pc" || die "DESTDIR is in dbapi.pc"
        ! grep -rIl "$work" "$work/stage" || die "these files know where they were staged"
        # A file of somebody else's stays.
        touch "$work/stage/opt/dbapi/include/other.h"
        "$root/packaging/install.sh" uninstall DESTDIR="$work/stage" PREFIX=/opt/dbapi LIBDIR=lib64
        left=$(find "$work/stage" ! -type d)
        [ "$left" = "$work/stage/opt/dbapi/include/other.h" ] || die "uninstall left: $left"
        [ ! -e "$work/stage/opt/dbapi/include/dbapi" ] || die "uninstall left a directory for headers"
        # What cannot be is refused, and nothing is written.
        ! "$root/packaging/install.sh" FROM="$work/nowhere" PREFIX="$work/none" 2> "$work/said" || die "installed from nowhere"
        grep -q 'run cargo build --release first' "$work/said" || die "it said: $(cat "$work/said")"
        ! "$root/packaging/install.sh" PREFIX=relative 2>/dev/null || die "installed into a relative prefix"
        ! "$root/packaging/install.sh" FROM="$from" PREFIX="$work/none" LIBDIR=/usr/lib 2>/dev/null || die "LIBDIR outside of PREFIX"
        ! "$root/packaging/install.sh" PREFX="$work/none" 2>/dev/null || die "took PREFX for something"
        [ ! -e "$work/none" ] || die "what was refused has left something"
        ;;
    cinstall)
        (cd "$root" && cargo cinstall --locked --release --prefix="$work/prefix" --libdir=lib)
        check_files "$work/prefix" lib share/dbapi/cmake share/doc/dbapi
        # Both ways say the same of the library but for where it is, and what it needs when linked statically.
        "$root/packaging/install.sh" FROM="$from" PREFIX="$work/plain"
        for pc in prefix plain; do
            grep -E '^(Name|Description|Version|Libs|Cflags):' "$work/$pc/lib/pkgconfig/dbapi.pc" | sort > "$work/$pc.pc"
        done
        diff "$work/prefix.pc" "$work/plain.pc" >&2 || die "cargo-c's dbapi.pc says something else than ours"
        rm -r "$work/plain"
        ;;
    deb)
        "$root/packaging/deb.sh" FROM="$from" OUT="$work/debs"
        # Installed by dpkg into a system of its own, which has nothing else: no libc6 either, hence --force-depends.
        packages=("$work"/debs/libdbapi0_*.deb "$work"/debs/libdbapi-dev_*.deb)
        for system in root gone; do
            mkdir -p "$work/$system/var/lib/dpkg"/{info,updates,triggers}
            touch "$work/$system/var/lib/dpkg"/{status,available}
            in_system "$system" --install "${packages[@]}"
        done
        in_system gone --purge libdbapi-dev libdbapi0
        left=$(find "$work/gone" ! -type d ! -path '*/var/lib/dpkg/*')
        [ -z "$left" ] || die "removing the packages left $left"
        # What they depend on is there, in the system that they were made on.
        if command -v apt-get >/dev/null; then
            apt-get --simulate install "${packages[@]}" > "$work/said" 2>&1 || { cat "$work/said" >&2; die "apt would not install them"; }
        fi
        libdir=lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
        check_files "$work/root/usr" "$libdir" "$libdir/cmake/dbapi" '' '^share/\(doc\|lintian\)/'
        dpkg-deb --ctrl-tarfile "$work"/debs/libdbapi0_*.deb | tar -x -C "$work"
        grep -qx "libdbapi 0 libdbapi0 .*\|libdbapi 0 libdbapi0" "$work/shlibs" || die "shlibs says: $(cat "$work/shlibs")"
        grep -qx ' dbapi_connect@Base 0.1' "$work/symbols" || die "symbols does not know since when dbapi_connect is there"
        grep -q ldconfig "$work/triggers" || die "the loader's list is not made anew"
        [ "$(dpkg-deb -f "$work"/debs/libdbapi-dev_*.deb Depends)" = "libdbapi0 (= $version-1)" ] || die "libdbapi-dev takes another libdbapi0"
        case $(dpkg-deb -f "$work"/debs/libdbapi0_*.deb Depends) in
            'libc6 (>='*) ;;
            *) die "libdbapi0 depends on $(dpkg-deb -f "$work"/debs/libdbapi0_*.deb Depends)" ;;
        esac
        if command -v lintian >/dev/null; then
            root_too=()
            ! lintian --help | grep -q -e --allow-root || root_too=(--allow-root)
            lintian "${root_too[@]}" --pedantic --fail-on warning,error "$work"/debs/*.changes || die "lintian has something to say: see above"
        else
            echo 'lintian is not there, and says nothing (Debian: apt-get install lintian)'
        fi
        ;;
    *) die "what is $kind?" ;;
esac
