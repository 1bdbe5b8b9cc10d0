//! The source's layers, as src/lib.rs and DESIGN 3 draw them: each knows only those below it. And `unsafe` is
//! in `abi`, or in a file that allows it by name and says why.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what failed by panicking"
)]

#[path = "layers/source.rs"]
mod source;

use std::path::Path;

/// Each layer, and what it may use besides itself.
const LAYERS: [(&str, &[&str]); 9] = [
    (
        "fuzzing",
        &["dbapi", "net", "wire", "types", "conninfo", "tls", "error"],
    ),
    (
        "abi",
        &["dbapi", "net", "wire", "types", "conninfo", "tls", "error"],
    ),
    (
        "dbapi",
        &["net", "wire", "types", "conninfo", "tls", "error"],
    ),
    ("net", &["wire", "types", "conninfo", "tls", "error"]),
    ("wire", &["types", "conninfo", "tls", "error"]),
    ("tls", &["conninfo", "error"]),
    ("conninfo", &["error"]),
    ("types", &["error"]),
    ("error", &[]),
];

/// The layers that see no socket, no file and no clock, and what of the outside they therefore may not name.
const PURE: [&str; 3] = ["wire", "types", "error"];
const OUTSIDE: [&str; 8] = [
    "libc",
    "socket2",
    "std::net",
    "std::os",
    "std::fs",
    "std::time",
    "std::thread",
    "std::process",
];

/// What is wrong with a file, given as a path below src/.
fn violations(file: &str, source: &str) -> Vec<String> {
    let tokens = source::tokens(source);
    let layer = source::module(file).first().cloned().unwrap_or_default();
    let mut found = Vec::new();
    if !layer.is_empty() {
        match LAYERS.iter().find(|(name, _)| *name == layer) {
            Some((_, below)) => found.extend(wrong_paths(file, &tokens, &layer, below)),
            None => found.push(format!("{layer} is not a layer")),
        }
    }
    if layer != "abi" && tokens.iter().any(|token| token == "unsafe") && !allows_unsafe(source) {
        found.push("unsafe outside of abi, not allowed by name with a reason".into());
    }
    found
}

fn wrong_paths(file: &str, tokens: &[String], layer: &str, below: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in source::paths(file, tokens, &["std", "libc", "socket2"]) {
        let Some(first) = path.first().map(String::as_str) else {
            continue;
        };
        let shown = path.join("::");
        if matches!(first, "std" | "libc" | "socket2") {
            let whole = |name: &str| shown == name || shown.starts_with(&format!("{name}::"));
            // A deadline may be counted, but not a clock be read.
            let pure = PURE.contains(&layer) && shown != "std::time::Duration";
            if pure && (OUTSIDE.iter().any(|name| whole(name)) || shown == "std::*") {
                found.push(format!("{layer} names {shown}"));
            }
        } else if !LAYERS.iter().any(|(name, _)| *name == first) {
            found.push(format!("{layer} names {shown}, of no layer"));
        } else if first != layer && !below.contains(&first) {
            found.push(format!("{layer} must not know {shown}"));
        }
    }
    found
}

/// Whether the file allows `unsafe_code` with a reason: within the attribute, or as a comment on its line.
fn allows_unsafe(source: &str) -> bool {
    let mut attributes = source.split("#![allow(").skip(1);
    attributes.any(|rest| {
        let (lints, after) = rest.split_once(")]").unwrap_or((rest, ""));
        let line = after.lines().next().unwrap_or("");
        lints.split(',').any(|lint| lint.trim() == "unsafe_code")
            && (lints.contains("reason =") || line.trim_start().starts_with("//"))
    })
}

/// Every .rs file below `directory`, as paths below src/, with its text.
fn files(directory: &Path, prefix: &str, all: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files(&path, &format!("{prefix}{name}/"), all);
        } else if name.ends_with(".rs") {
            all.push((
                format!("{prefix}{name}"),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

#[test]
fn every_file_knows_only_the_layers_below_it() {
    let mut all = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        "",
        &mut all,
    );
    assert!(all.len() > 50, "only {} files found", all.len());
    let found: Vec<String> = all
        .iter()
        .flat_map(|(file, source)| {
            let found = violations(file, source).into_iter();
            found.map(move |what| format!("src/{file}: {what}"))
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// What is said of `source` as `file`, in one line.
fn said(file: &str, source: &str) -> String {
    violations(file, source).join("; ")
}

#[test]
fn a_path_upwards_is_found_however_it_is_written() {
    let upwards = "wire must not know net::Channel";
    assert_eq!(said("wire/mod.rs", "use crate::net::Channel;"), upwards);
    assert_eq!(
        said("wire/a.rs", "fn f(_: &crate::net::Channel) {}"),
        upwards
    );
    assert_eq!(said("wire/mod.rs", "use super::net::Channel;"), upwards);
    assert_eq!(
        said("wire/a.rs", "use super::super::net::Channel;"),
        upwards
    );
    assert_eq!(
        said("wire/a/b.rs", "type A = super::super::super::net::Channel;"),
        upwards
    );
    assert_eq!(
        said("wire/a.rs", "use self::super::super::net::Channel;"),
        upwards
    );
    assert_eq!(
        said(
            "wire/a.rs",
            "mod tests { use super::super::super::net::Channel; }"
        ),
        upwards
    );
    assert_eq!(said("wire/a.rs", "use crate :: net\n:: Channel;"), upwards);
    assert_eq!(
        said("wire/a.rs", "use crate::{error::Error, net::{Channel}};"),
        upwards
    );
    assert_eq!(
        said(
            "wire/a.rs",
            "use crate::{net::Channel as C, error::{self, Error}};"
        ),
        upwards
    );
    assert_eq!(
        said("wire/a.rs", "use super::{b, super::net::Channel};"),
        upwards
    );
    assert_eq!(
        said("wire/a.rs", "pub(in crate::net) fn f() {}"),
        "wire must not know net"
    );
    assert_eq!(
        said("wire/a.rs", "use crate::*;"),
        "wire names *, of no layer"
    );
    assert_eq!(
        said("wire/a.rs", "use crate::new::X;"),
        "wire names new::X, of no layer"
    );
    assert_eq!(said("new.rs", "fn f() {}"), "new is not a layer");
}

#[test]
fn the_layers_below_are_beside_each_other() {
    assert_eq!(
        said("types/a.rs", "use crate::conninfo::X;"),
        "types must not know conninfo::X"
    );
    assert_eq!(
        said("conninfo/a.rs", "use crate::types::X;"),
        "conninfo must not know types::X"
    );
    assert_eq!(
        said("conninfo/a.rs", "use crate::tls::X;"),
        "conninfo must not know tls::X"
    );
    assert_eq!(
        said("tls/a.rs", "use crate::types::X;"),
        "tls must not know types::X"
    );
    assert_eq!(
        said("error.rs", "use crate::types::X;"),
        "error must not know types::X"
    );
    assert_eq!(
        said("dbapi/a.rs", "use crate::abi::X;"),
        "dbapi must not know abi::X"
    );
    assert_eq!(said("tls/a.rs", "use crate::{conninfo::X, error::Y};"), "");
}

#[test]
fn paths_downwards_and_words_in_comments_and_texts_are_no_violation() {
    for source in [
        "use crate::{error::{Error, Result}, types::Param};",
        "use super::{backend, frontend::{self, parse}};",
        "mod tests { use super::*; use super::super::rows; mod deeper { use super::super::rows; } }",
        "use crate::wire::Rows; use crate::types::value::{Kind::*};",
        "// crate::net::Channel and unsafe",
        "/* crate::net /* unsafe */ crate::dbapi */",
        "const A: &str = \"crate::net::X \\\" unsafe\";",
        "const A: &str = r#\"crate::net::X \" unsafe\"#;",
        "const A: u8 = b'\"'; const B: char = '\\''; fn f<'a>(x: &'a str) {} // unsafe",
        "fn f(net: u8) { net::x(); self.libc(); }",
        "use std::{io, sync::Arc, collections::VecDeque}; use std::time::Duration;",
    ] {
        assert_eq!(said("wire/a.rs", source), "", "{source}");
    }
    assert_eq!(said("abi/a.rs", "use crate::dbapi::X; unsafe { f() }"), "");
    assert_eq!(said("lib.rs", "pub mod abi; mod wire;"), "");
}

#[test]
fn sockets_and_clocks_are_found_where_none_belong() {
    for (source, what) in [
        ("use std::net::TcpStream;", "std::net::TcpStream"),
        ("use std::{io, net};", "std::net"),
        ("use std::time::{Duration, Instant};", "std::time::Instant"),
        (
            "fn f() { std::time::SystemTime::now(); }",
            "std::time::SystemTime::now",
        ),
        ("use std::time;", "std::time"),
        ("use std::os::fd::AsFd;", "std::os::fd::AsFd"),
        ("fn f() { libc::socket(1, 2, 3); }", "libc::socket"),
        ("use libc;", "libc"),
        ("use socket2::Socket;", "socket2::Socket"),
    ] {
        for layer in PURE {
            assert_eq!(
                said(&format!("{layer}/a.rs"), source),
                format!("{layer} names {what}")
            );
        }
        assert_eq!(said("net/a.rs", source), "");
    }
}

#[test]
fn unsafe_is_found_where_no_reason_allows_it() {
    let wrong = "unsafe outside of abi, not allowed by name with a reason";
    let body = "fn f() { unsafe { g() } }";
    for allowing in [
        "",
        "#![allow(dead_code, reason = \"x\")]\n",
        "#![allow(unsafe_code)]\n",
        "#![allow(unsafe_op_in_unsafe_fn, reason = \"x\")]\n",
    ] {
        assert_eq!(said("net/os.rs", &format!("{allowing}{body}")), wrong);
        assert_eq!(said("lib.rs", &format!("{allowing}{body}")), wrong);
    }
    for allowing in [
        "#![allow(\n    unsafe_code,\n    reason = \"x\"\n)]\n",
        "#![allow(unsafe_code)] // For poll.\n",
    ] {
        assert_eq!(said("net/os.rs", &format!("{allowing}{body}")), "");
    }
    assert_eq!(said("abi/a.rs", body), "");
}
