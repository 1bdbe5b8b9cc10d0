//! src/types/builtin.rs is what this makes of tests/pg_types/types.txt, the facts of a server's pg_type. Run with
//! DBAPI_UPDATE_TYPES=1 to write it anew; tests/pg_types/facts.sh asks a server for the facts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what failed by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// One line of the facts.
struct Fact<'a> {
    oid: u32,
    name: &'a str,
    what: &'a str,
    of: u32,
}

fn facts(text: &str) -> Vec<Fact<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            assert_eq!(fields.len(), 4, "{line}");
            Fact {
                oid: fields[0].parse().unwrap(),
                name: fields[1],
                what: fields[2],
                of: fields[3].parse().unwrap(),
            }
        })
        .collect()
}

fn generated() -> String {
    let facts = facts(include_str!("pg_types/types.txt"));
    assert!(
        facts.is_sorted_by(|a, b| a.oid < b.oid),
        "the facts are not in the order of their oids"
    );
    let names: BTreeMap<u32, &str> = facts.iter().map(|fact| (fact.oid, fact.name)).collect();
    let mut out = String::from(
        "//! PostgreSQL's own types that are made of others. Generated: see tests/pg_types.rs.\n\n\
         use super::describe::Built;\n",
    );
    let made: Vec<&Fact<'_>> = facts
        .iter()
        .filter(|fact| !matches!(fact.what, "scalar" | "pseudo"))
        .collect();
    writeln!(
        out,
        "\n/// Oid, and how it is made, in the order of oids.\n#[rustfmt::skip]\n\
         pub(super) static BUILT: [(u32, Built); {}] = [",
        made.len()
    )
    .unwrap();
    for fact in made {
        let how = match fact.what {
            "array" => "Array",
            "range" => "Range",
            "multirange" => "Multirange",
            other => panic!("{} is a {other}", fact.name),
        };
        writeln!(
            out,
            "    ({}, Built::{how}({})), // {} of {}",
            fact.oid, fact.of, fact.name, names[&fact.of]
        )
        .unwrap();
    }
    out.push_str("];\n");
    let plain: Vec<&Fact<'_>> = facts
        .iter()
        .filter(|fact| matches!(fact.what, "scalar" | "pseudo"))
        .collect();
    writeln!(
        out,
        "\n/// The others, in the order of oids.\n#[rustfmt::skip]\n\
         pub(super) static PLAIN: [u32; {}] = [",
        plain.len()
    )
    .unwrap();
    for fact in plain {
        writeln!(out, "    {}, // {}", fact.oid, fact.name).unwrap();
    }
    out.push_str("];\n");
    out
}

#[test]
fn the_committed_table_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/types/builtin.rs");
    let generated = generated();
    if std::env::var_os("DBAPI_UPDATE_TYPES").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "src/types/builtin.rs is not what tests/pg_types/types.txt says: \
         run DBAPI_UPDATE_TYPES=1 cargo test --test pg_types"
    );
}
