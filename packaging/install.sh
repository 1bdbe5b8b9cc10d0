#!/bin/bash
# Installs libdbapi without cargo-c: the headers, the shared library with its links, the static one, dbapi.pc, the
# CMake package, and the licences. Arguments are as make has them:
#
#     cargo build --release
#     packaging/install.sh                        into /usr/local
#     packaging/install.sh PREFIX=/opt/dbapi LIBDIR=lib64
#     packaging/install.sh DESTDIR=/tmp/stage PREFIX=/usr
#     packaging/install.sh uninstall PREFIX=/opt/dbapi
#
# PREFIX   where it will be used (/usr/local)
# LIBDIR   where libraries go, below PREFIX (lib)
# DESTDIR  a directory to put before everything, for those who make packages (none)
# FROM     where cargo put the libraries (target/release)
set -eu

say() { printf '%s\n' "$*" >&2; }
die() { say "install.sh: $*"; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
PREFIX=/usr/local LIBDIR=lib DESTDIR='' FROM=${CARGO_TARGET_DIR:-$root/target}/release
task=install
for argument; do
    case $argument in
        install | uninstall) task=$argument ;;
        PREFIX=* | LIBDIR=* | DESTDIR=* | FROM=*) printf -v "${argument%%=*}" %s "${argument#*=}" ;;
        *) die "what is $argument? See the head of $0" ;;
    esac
done
case $PREFIX in
    /*) ;;
    *) die "PREFIX must begin with /, and is '$PREFIX'" ;;
esac
PREFIX=${PREFIX%/}
# The CMake package finds everything from where it is, so the libraries lie below the prefix.
case $LIBDIR in
    "$PREFIX"/*) LIBDIR=${LIBDIR#"$PREFIX"/} ;;
    /*) die "LIBDIR must be below PREFIX ($PREFIX), and is $LIBDIR" ;;
esac

# The header has the version, build.rs the number of the ABI.
version=$(sed -n 's/^#define DBAPI_VERSION "\(.*\)"$/\1/p' "$root/include/dbapi.h")
abi=$(sed -n 's/^const ABI_VERSION: &str = "\(.*\)";$/\1/p' "$root/build.rs")
if [ -z "$version" ] || [ -z "$abi" ]; then
    die "include/dbapi.h or build.rs does not say which version this is"
fi

if [ "$(uname)" = Darwin ]; then
    built=libdbapi.dylib real=libdbapi.$version.dylib soname=libdbapi.$abi.dylib
else
    built=libdbapi.so real=libdbapi.so.$version soname=libdbapi.so.$abi
fi

to=$DESTDIR$PREFIX
libdir=$to/$LIBDIR
headers=()
for header in "$root"/include/*.h* "$root"/include/dbapi/*.hpp; do
    headers+=("${header#"$root"/include/}")
done
documents=(LICENSE-MIT LICENSE-APACHE packaging/THIRD-PARTY-LICENSES README.md CHANGELOG.md)

if [ "$task" = uninstall ]; then
    for header in "${headers[@]}"; do
        rm -f "$to/include/$header"
    done
    for file in "${documents[@]}"; do
        rm -f "$to/share/doc/dbapi/${file##*/}"
    done
    rm -f "$libdir/$real" "$libdir/$soname" "$libdir/$built" "$libdir/libdbapi.a" \
        "$libdir/pkgconfig/dbapi.pc" "$libdir"/cmake/dbapi/dbapi-config{,-version}.cmake
    for directory in "$to/include/dbapi" "$libdir/cmake/dbapi" "$to/share/doc/dbapi"; do
        [ ! -d "$directory" ] || rmdir "$directory" || die "$directory holds something that is not ours"
    done
    exit
fi

# All or nothing, as far as that can be known beforehand.
for file in "$FROM/$built" "$FROM/libdbapi.a"; do
    [ -r "$file" ] || die "$file is not there: run cargo build --release first, or say FROM=DIRECTORY"
done

put() { # MODE FILE DIRECTORY [NAME]
    install -d "$3"
    install -m "$1" "$2" "$3/${4:-${2##*/}}"
}
for header in "${headers[@]}"; do
    put 644 "$root/include/$header" "$(dirname "$to/include/$header")"
done
put 755 "$FROM/$built" "$libdir" "$real"
ln -sf "$real" "$libdir/$soname"
ln -sf "$real" "$libdir/$built"
put 644 "$FROM/libdbapi.a" "$libdir"
for file in dbapi-config.cmake dbapi-config-version.cmake; do
    put 644 "$root/packaging/cmake/$file" "$libdir/cmake/dbapi"
done
for file in "${documents[@]}"; do
    put 644 "$root/$file" "$to/share/doc/dbapi"
done
pc=$(<"$root/packaging/dbapi.pc.in")
pc=${pc//@prefix@/"${PREFIX:-/}"}
pc=${pc//@libdir@/"$LIBDIR"}
pc=${pc//@version@/"$version"}
install -d "$libdir/pkgconfig"
printf '%s\n' "$pc" > "$libdir/pkgconfig/dbapi.pc"
chmod 644 "$libdir/pkgconfig/dbapi.pc"

# The loader looks in its list, not in the directories, where the system has one.
if [ -z "$DESTDIR" ] && [ "$(uname)" = Linux ]; then
    case $PREFIX in
        /usr | /usr/local)
            PATH=$PATH:/sbin:/usr/sbin
            ! command -v ldconfig >/dev/null || ldconfig || say "install.sh: ldconfig failed: run it as root"
            ;;
    esac
fi
