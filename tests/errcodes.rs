//! src/error/conditions.rs is what this makes of tests/errcodes/conditions.txt, the facts of PostgreSQL's
//! errcodes.txt. Run with DBAPI_UPDATE_ERRCODES=1 to write it anew; tests/errcodes/reduce.py makes the facts.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what failed by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// One line of the facts.
struct Fact<'a> {
    code: &'a str,
    /// S, W or E: success, warning, error.
    kind: &'a str,
    name: &'a str,
}

fn facts(text: &str) -> Vec<Fact<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(fields.len(), 5, "{line}");
            Fact {
                code: fields[0],
                kind: fields[1],
                name: fields[3],
            }
        })
        .collect()
}

/// Name -> code. Where several codes share a name, what PL/pgSQL makes of it in RAISE: only errors count, and
/// of those the first.
fn by_name<'a>(facts: &[Fact<'a>]) -> BTreeMap<&'a str, &'a str> {
    let mut names = BTreeMap::new();
    for errors in [true, false] {
        for fact in facts.iter().filter(|fact| (fact.kind == "E") == errors) {
            names.entry(fact.name).or_insert(fact.code);
        }
    }
    names
}

/// A table of two columns.
fn table<'a>(
    out: &mut String,
    comment: &str,
    name: &str,
    rows: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
) {
    let count = rows.len();
    writeln!(out, "\n/// {comment}\n#[rustfmt::skip]").unwrap();
    writeln!(
        out,
        "pub(super) static {name}: [(&CStr, &CStr); {count}] = ["
    )
    .unwrap();
    for (first, second) in rows {
        writeln!(out, "    (c\"{first}\", c\"{second}\"),").unwrap();
    }
    out.push_str("];\n");
}

fn generated() -> String {
    let facts = facts(include_str!("errcodes/conditions.txt"));
    assert!(
        facts.is_sorted_by(|a, b| a.code < b.code),
        "the facts are not in the order of their codes"
    );
    let mut out = String::from(
        "//! The names of PostgreSQL's error conditions (manual, appendix A). Generated: see tests/errcodes.rs.\n\n\
         use std::ffi::CStr;\n",
    );
    table(
        &mut out,
        "SQLSTATE and name, in the order of SQLSTATEs.",
        "BY_CODE",
        facts.iter().map(|fact| (fact.code, fact.name)),
    );
    table(
        &mut out,
        "Name and SQLSTATE, in the order of names; each name once.",
        "BY_NAME",
        by_name(&facts).into_iter(),
    );
    out
}

#[test]
fn the_committed_table_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error/conditions.rs");
    let generated = generated();
    if std::env::var_os("DBAPI_UPDATE_ERRCODES").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "src/error/conditions.rs is not what tests/errcodes/conditions.txt says: \
         run DBAPI_UPDATE_ERRCODES=1 cargo test --test errcodes"
    );
}
