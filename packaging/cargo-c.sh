#!/bin/bash
# Sees that `cargo cinstall` is there, for the tests: found in PATH, or installed from crates.io into target/tools.
# Prints the directory to have in PATH. The version is the newest that Rust 1.88 can build, as the library itself.
# Built without optimization, which is quick to build (some three minutes) and is no slower in what it does here.
# Needs pkg-config, and the headers of OpenSSL for cargo's own use (Debian: libssl-dev).
set -eu
version=0.10.16
root=$(cd "$(dirname "$0")/.." && pwd)
tools=${CARGO_TARGET_DIR:-$root/target}/tools

if found=$(command -v cargo-cinstall); then
    dirname "$found"
    exit
fi
if [ ! -x "$tools/bin/cargo-cinstall" ]; then
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tools/build \
        cargo install cargo-c --version "$version" --locked --debug --bin cargo-cinstall --root "$tools" >&2
    rm -rf "$tools/build"
fi
printf '%s\n' "$tools/bin"
