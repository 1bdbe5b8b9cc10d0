//! Gives the shared library its SONAME, which a Rust cdylib has only if the linker is told so.
//! The number is that of the ABI: it changes when something is removed or renumbered (DESIGN 2.6),
//! not with every release.

const ABI_VERSION: &str = "0";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match target.as_str() {
        "macos" | "ios" => println!(
            "cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libdbapi.{ABI_VERSION}.dylib"
        ),
        "windows" => {}
        _ => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libdbapi.so.{ABI_VERSION}"),
    }
}
