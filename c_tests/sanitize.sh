#!/bin/bash
# The thread tests under ThreadSanitizer: the library with its Rust dependencies, and the test programs, all
# instrumented, against the throw-away server.
#
#     c_tests/sanitize.sh              every program below
#     c_tests/sanitize.sh 38_cancel    one, which may be another
#
# It needs no nightly compiler: the flag is unlocked with RUSTC_BOOTSTRAP, and the sanitizer's runtime comes with the
# compilers that rustup installs. Where it is missing the script says so, and ends with 77. Rust's own library is not
# instrumented; what that hides or invents is said in support/tsan.supp.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
build=$root/target/tsan
say() { printf 'sanitize.sh: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

programs=(85_threads 10_handles 32_session 33_notices 34_notify 63_savepoints 64_tpc 65_ownership)
[ "$#" -eq 0 ] || programs=("$@")

target=$(rustc -vV | sed -n 's/^host: //p')
runtime=
for file in "$(rustc --print sysroot)/lib/rustlib/$target/lib"/librustc*_rt.tsan.a; do
    [ ! -e "$file" ] || runtime=$file
done
if [ -z "$runtime" ]; then
    say "skipped: this Rust compiler came without ThreadSanitizer's runtime (rustup's has it)"
    exit 77
fi

flags='-Zsanitizer=thread'
# Compilers that tell such code from other code must be told that the two will meet.
# (Not -o /dev/null: rustc would put a file in its place.)
mkdir -p "$build/c_tests/lib"
if echo 'fn main() {}' | RUSTC_BOOTSTRAP=1 rustc -Cunsafe-allow-abi-mismatch=sanitizer --emit=metadata \
    -o "$build/c_tests/probe.rmeta" - 2>/dev/null; then
    flags="$flags -Cunsafe-allow-abi-mismatch=sanitizer"
fi
say "building the library with $flags"
RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=$build cargo build --quiet --locked --lib --target "$target" \
    || die "the library does not build for ThreadSanitizer"

for name in libdbapi.so libdbapi.so.0; do
    ln -sf "$build/$target/debug/libdbapi.so" "$build/c_tests/lib/$name"
done
compile() { # SOURCE
    gcc -std=c99 -g -O1 -fsanitize=thread -Ic_tests/support -Iinclude -c "$1" -o "$build/c_tests/$(basename "$1" .c).o"
}
support=()
for source in check connect fake_server fake_script hostile; do
    compile "c_tests/support/$source.c"
    support+=("$build/c_tests/$source.o")
done
for name in "${programs[@]}"; do
    compile "c_tests/$name.c"
    # The compiler's runtime, not gcc's: there must be one, and Rust's code is the pickier.
    gcc -o "$build/c_tests/$name" "$build/c_tests/$name.o" "${support[@]}" \
        -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic \
        -L"$build/c_tests/lib" -ldbapi -Wl,-rpath,"$build/c_tests/lib" -lpthread -ldl -lm -lrt \
        || die "$name does not link"
done

finish() {
    local status=$?
    trap - EXIT
    c_tests/support/pg.sh stop "$build/server" || status=1
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
c_tests/support/pg.sh start "$build/server"

# A sanitizer that sees nothing finds nothing: this race it must find.
cat >"$build/c_tests/race.c" <<'END'
#include <pthread.h>
static int shared;
static void *add(void *unused) { (void)unused; shared++; return 0; }
int main(void)
{
    pthread_t one, two;
    pthread_create(&one, 0, add, 0);
    pthread_create(&two, 0, add, 0);
    pthread_join(one, 0);
    pthread_join(two, 0);
    return 0;
}
END
compile "$build/c_tests/race.c"
gcc -o "$build/c_tests/race" "$build/c_tests/race.o" -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive \
    -Wl,--export-dynamic -lpthread -ldl -lm -lrt
options="suppressions=$root/c_tests/support/tsan.supp history_size=4"
if TSAN_OPTIONS=$options "$build/c_tests/race" 2>"$build/c_tests/race.log"; then
    die "ThreadSanitizer does not find a race that is there"
fi
grep -q 'data race' "$build/c_tests/race.log" || die "the race that is there ended otherwise: see $build/c_tests/race.log"

failed=()
for name in "${programs[@]}"; do
    began=$SECONDS
    log=$build/c_tests/$name.log
    status=0
    TSAN_OPTIONS=$options DBAPI_TEST_SANITIZER=thread \
        c_tests/support/pg.sh run "$build/server" timeout 300 "$build/c_tests/$name" >"$log" 2>&1 || status=$?
    say "$name: status $status, $((SECONDS - began)) s"
    if [ "$status" -ne 0 ]; then
        failed+=("$name")
        grep -v '^  ok \|^case ' "$log" | head -n 80
    fi
done
[ "${#failed[@]}" -eq 0 ] || die "failed under ThreadSanitizer: ${failed[*]}"
say "all passed"
