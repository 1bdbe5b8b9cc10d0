#!/bin/bash
# consumer.sh HOW WORK PREFIX [LIBDIR [SYSROOT]]: builds consumer/, copied into WORK, with the libdbapi installed in
# PREFIX (its libraries in LIBDIR below it, by default lib; all of it unpacked in SYSROOT, by default /), sees that
# the program has of libdbapi what it should, and runs it on the server that PGHOST names. HOW is one of
#
#   pkg-config          dynamically
#   pkg-config-archive  libdbapi.a taken in, the C library dynamic
#   pkg-config-static   nothing dynamic at all
#   cargo-c-static      the same, with what cargo-c's dbapi.pc says
#   cmake               find_package: dynamically and with libdbapi.a, each a program
set -eu

die() { printf 'consumer.sh: %s\n' "$*" >&2; exit 1; }
[ "$#" -ge 3 ] || die "usage: consumer.sh HOW WORK PREFIX [LIBDIR [SYSROOT]]"
how=$1 work=$2 prefix=$3 libdir=${4:-lib} sysroot=${5:-}
here=$(cd "$(dirname "$0")" && pwd)
installed=$sysroot$prefix

rm -rf "$work"
mkdir -p "$work"
cp "$here"/consumer/* "$work"
cd "$work"

# This installation, and no other that the machine may have.
export PKG_CONFIG_LIBDIR=$installed/$libdir/pkgconfig
unset PKG_CONFIG_PATH
[ -z "$sysroot" ] || export PKG_CONFIG_SYSROOT_DIR=$sysroot

# PROGRAM: the shared libraries that it names, in one line.
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | tr '\n' ' '; }

expect() { # PROGRAM shared|archive|static
    local names out
    names=$(needed "$1")
    case $2:" $names" in
        shared:*' libdbapi.so.0 '*) ;;
        archive:*libdbapi* | archive:' ') die "$1 needs: $names" ;;
        archive:*) ;;
        static:' ') ;;
        *) die "$1 was to be linked $2, and needs: $names" ;;
    esac
    out=$(LD_LIBRARY_PATH=$installed/$libdir "$1")
    [ "$out" = "$(sed -n 's/^#define DBAPI_VERSION "\(.*\)"$/\1/p' "$installed/include/dbapi.h"): (100, \"abc'def\")" ] \
        || die "$1 said: $out"
    printf '%s (%s): %s\n' "$1" "$names" "$out"
}

# PREFIX ARGUMENTS ANSWER: whether find_package(dbapi ARGUMENTS) finds what is in PREFIX, and nothing else.
asked=0
find_package() {
    local ask=ask/$((asked += 1)) answer
    mkdir -p "$ask"
    cat > "$ask/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.19)
project(ask LANGUAGES C)
find_package(dbapi $2 QUIET)
message(STATUS "answer: \${dbapi_FOUND} \${dbapi_DIR}")
END
    cmake -S "$ask" -B "$ask/build" -DCMAKE_PREFIX_PATH="$1" > "$ask/log" 2>&1 || { cat "$ask/log" >&2; die "cmake failed"; }
    answer=$(sed -n 's/^-- answer: //p' "$ask/log")
    case $3:$answer in
        yes:TRUE" $1"/* | yes:1" $1"/* | no:FALSE* | no:0*) ;;
        *) die "find_package(dbapi $2) should answer $3, and answered: $answer" ;;
    esac
}

strict=(-std=c99 -Wall -Wextra -Wpedantic -Werror)
case $how in
    pkg-config)
        read -ra flags < <(pkg-config --cflags --libs dbapi)
        "${CC:-gcc}" "${strict[@]}" -o program main.c "${flags[@]}"
        expect ./program shared
        "${CXX:-g++}" -std=c++17 -Wall -Wextra -Wpedantic -Werror -o program_cpp main.cpp "${flags[@]}"
        expect ./program_cpp shared
        ;;
    pkg-config-archive)
        read -ra cflags < <(pkg-config --cflags --libs-only-L dbapi)
        read -ra private < <(pkg-config --static --libs-only-l dbapi | sed 's/-ldbapi //')
        # Nothing of the list is needed that is not used: cargo-c's names the shared unwinder, which gcc knows itself.
        "${CC:-gcc}" "${strict[@]}" -o program main.c "${cflags[@]}" -l:libdbapi.a -Wl,--as-needed "${private[@]}"
        expect ./program archive
        ;;
    pkg-config-static)
        read -ra flags < <(pkg-config --static --cflags --libs dbapi)
        # glibc warns that looking up names needs its shared parts at run time.
        "${CC:-gcc}" "${strict[@]}" -static -o program main.c "${flags[@]}" 2> link.log || { cat link.log >&2; die "it does not link"; }
        expect ./program static
        ;;
    cargo-c-static)
        # As above, but without the shared unwinder, which cargo-c puts there because rustc says so, and which cannot be
        # part of such a program: gcc brings the static one by itself.
        read -ra flags < <(pkg-config --static --cflags --libs dbapi | sed 's/-lgcc_s//')
        "${CC:-gcc}" "${strict[@]}" -static -o program main.c "${flags[@]}" 2> link.log || { cat link.log >&2; die "it does not link"; }
        expect ./program static
        ;;
    cmake)
        cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$installed" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF \
            > cmake.log 2>&1 || { cat cmake.log >&2; die "cmake does not find the package"; }
        cmake --build build >> cmake.log 2>&1 || { cat cmake.log >&2; die "it does not build"; }
        grep -q "^dbapi_DIR:PATH=$(readlink -f "$installed")/" build/CMakeCache.txt \
            || grep -q "^dbapi_DIR:PATH=$installed/" build/CMakeCache.txt || die "cmake found another dbapi: $(grep ^dbapi_DIR build/CMakeCache.txt)"
        expect build/program shared
        expect build/program_cpp shared
        expect build/program_static archive
        # Versions: what is older or of this major is there, what is newer or of another major is not.
        for wanted in 0.0:yes 0.1:yes 0.1.0:yes '0.1.0 EXACT:yes' '0.0 EXACT:no' 0.9:no 1.0:no 0.0...0.9:yes 0.2...0.9:no; do
            find_package "$installed" "${wanted%:*}" "${wanted#*:}"
        done
        # Moved elsewhere, and without the static library: what is left is found, what is not there is missed.
        mkdir moved
        cp -R "$installed/include" "$installed/share" moved
        mkdir -p "moved/$libdir"
        (cd "$installed/$libdir" && cp -Pr libdbapi.so* "$work/moved/$libdir" && if [ -d cmake ]; then cp -r cmake "$work/moved/$libdir"; fi)
        find_package "$work/moved" 'COMPONENTS shared' yes
        find_package "$work/moved" '' yes
        find_package "$work/moved" 'COMPONENTS static' no
        find_package "$work/moved" 'COMPONENTS shared OPTIONAL_COMPONENTS static' yes
        find_package "$work/moved" 'COMPONENTS shred' no
        ;;
    *) die "what is $how?" ;;
esac
