//! include/dbapi.h is what cbindgen makes of the source. Run with DBAPI_UPDATE_HEADER=1 to write it anew.
#![allow(clippy::unwrap_used, reason = "a test says what failed by panicking")]

use std::path::Path;

/// What cbindgen ends a header with; ours ends behind the macros of the trailer.
const GUARD_END: &str = "#endif  /* DBAPI_H */\n";

/// The header as the source has it.
fn generated() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_crate(root)
        .with_config(config)
        .generate()
        .unwrap()
        .write(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let text = untagged_prototypes(&text.replacen(GUARD_END, "", 1));
    // cbindgen skips constants that are text.
    text.replace("@DBAPI_VERSION@", env!("CARGO_PKG_VERSION"))
}

/// Prototypes with the types' names alone: cgo takes `enum dbapi_status_t` and `dbapi_status_t` for two types.
fn untagged_prototypes(text: &str) -> String {
    let (types, functions) = text.split_once("extern \"C\" {").unwrap();
    let mut out = format!("{types}extern \"C\" {{");
    // By how much a prototype's first line became shorter: those below it stand as far to the left.
    let mut shorter = 0;
    for line in functions.split('\n') {
        let bare = line
            .replace("enum dbapi_", "dbapi_")
            .replace("struct dbapi_", "dbapi_");
        if !line.starts_with(' ') {
            let (head, _) = line.split_once('(').unwrap_or((line, ""));
            let (bare_head, _) = bare.split_once('(').unwrap_or((&bare, ""));
            shorter = head.len() - bare_head.len();
            out.push_str(&bare);
        } else {
            let indented = bare.starts_with("    ");
            out.push_str(&bare[if indented { shorter } else { 0 }..]);
        }
        out.push('\n');
    }
    out.pop();
    out
}

#[test]
fn the_committed_header_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/dbapi.h");
    let generated = generated();
    if std::env::var_os("DBAPI_UPDATE_HEADER").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/dbapi.h is not what the source says: run DBAPI_UPDATE_HEADER=1 cargo test --test header"
    );
}
