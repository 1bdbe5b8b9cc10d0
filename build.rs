//! Two things that the linker must be told for the shared library to be what DESIGN promises.

use std::{env, fs, path::Path};

/// The number in the SONAME, which a Rust cdylib has only if the linker is told so. It is that of the ABI: it
/// changes when something is removed or renumbered, not with every release.
const ABI_VERSION: &str = "0";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    match variable("CARGO_CFG_TARGET_OS").as_str() {
        "macos" | "ios" => println!(
            "cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libdbapi.{ABI_VERSION}.dylib"
        ),
        "linux" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libdbapi.so.{ABI_VERSION}");
            if variable("CARGO_CFG_TARGET_ENV") == "gnu" {
                link_unwinder_statically(Path::new(&variable("OUT_DIR")));
            }
        }
        "windows" => {}
        _ => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libdbapi.so.{ABI_VERSION}"),
    }
}

/// No runtime dependency beyond libc: Rust's std asks for `-lgcc_s`, the shared unwinder. A linker script of
/// that name, found first, gives it gcc's static one; no panic of ours ever unwinds into the host.
fn link_unwinder_statically(directory: &Path) {
    let script = "/* The static unwinder in place of the shared one. */\nINPUT(-lgcc_eh -lgcc)\n";
    if fs::write(directory.join("libgcc_s.so"), script).is_ok() {
        println!("cargo:rustc-cdylib-link-arg=-L{}", directory.display());
    }
}
