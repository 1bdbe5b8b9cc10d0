//! The values that are made of values, against what a real server wrote (tests/pg_types/rows.sh), and hostile
//! forms of them.
#![allow(unsafe_code)] // Reads the unions and pointers that the decoders filled.

use std::ffi::CString;

use super::super::describe::{Built, made};
use super::*;

const ROWS: &str = include_str!("structured_rows.tsv");

/// One row of the file.
pub(super) struct Row {
    line: &'static str,
    pub(super) oid: u32,
    binary: Vec<u8>,
    pub(super) text: String,
}

pub(super) fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for line in ROWS.lines().filter(|line| line.starts_with("#TYPE")) {
        let columns: Vec<&str> = line.split('\t').collect();
        let of = || columns[4].parse::<u32>().unwrap();
        let described = match columns[3] {
            "text" => UserType::Text,
            "enum" => UserType::Enum,
            "hstore" => UserType::Hstore,
            "domain" => UserType::Domain(of()),
            "range" => UserType::Range(of()),
            "multirange" => UserType::Multirange(of()),
            "array" => UserType::Array {
                element: of(),
                delimiter: b',',
            },
            "composite" => {
                let fields = columns[4].split(',').filter(|field| !field.is_empty());
                let field = |field: &str| {
                    let (name, oid) = field.split_once(' ').unwrap();
                    Field {
                        name: CString::new(name).unwrap(),
                        oid: oid.parse().unwrap(),
                    }
                };
                UserType::Composite(fields.map(field).collect())
            }
            other => panic!("{other}"),
        };
        catalog.insert(columns[1].parse().unwrap(), described);
    }
    catalog
}

pub(super) fn rows() -> Vec<Row> {
    let lines = ROWS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<&str> = line.splitn(4, '\t').collect();
            let mut text = String::new();
            let mut rest = columns[3].chars();
            while let Some(character) = rest.next() {
                text.push(match character {
                    '\\' => match rest.next().unwrap() {
                        't' => '\t',
                        'n' => '\n',
                        other => other,
                    },
                    other => other,
                });
            }
            Row {
                line,
                oid: columns[0].parse().unwrap(),
                binary: unhex(columns[1]),
                text,
            }
        })
        .collect()
}

/// The cell as a row has it: followed by a NUL.
fn with_nul(bytes: &[u8]) -> Vec<u8> {
    [bytes, b"\0"].concat()
}

fn text_of(value: &Value) -> String {
    formatted(value.oid, &view(value))
}

#[test]
fn as_the_server_writes_it() {
    let catalog = catalog();
    let rows = rows();
    assert!(rows.len() > 600);
    let mut as_text = vec![];
    for row in &rows {
        let line = row.line;
        let (mut arena, mut arena2) = (Arena::default(), Arena::default());
        let base = catalog.base(row.oid);
        let cell = with_nul(row.text.as_bytes());
        let value = decode_text(row.oid, &cell[..cell.len() - 1], &catalog, &mut arena)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(value.oid, base, "{line}");
        assert_eq!(text_of(&value), row.text, "{line}");
        if value.kind != catalog.kind_of(row.oid) as i32 {
            as_text.push(row.text.as_str());
        }
        let binary = with_nul(&row.binary);
        let cell = &binary[..row.binary.len()];
        let from_binary = decode_binary(row.oid, cell, &catalog, &mut arena2)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        if catalog.has_binary(row.oid) {
            assert_eq!(from_binary.kind, value.kind, "{line}");
            assert_eq!(text_of(&from_binary), row.text, "{line}");
        }

        // Sent back: what the server sent, or its text.
        let param = Param {
            oid: row.oid,
            datum: view(&value),
        };
        match param.format_code() {
            1 => assert_eq!(encoded(param), row.binary, "{line}"),
            // All of the double, which the server rounds.
            _ if base == oid::FLOAT4 => {}
            _ => assert_eq!(encoded(param), row.text.as_bytes(), "{line}"),
        }
    }
    // Timestamps too late for an i64; records of no or one NULL field; an xid8 beyond int64.
    as_text.sort_unstable();
    as_text.dedup();
    assert_eq!(
        as_text,
        [
            "()",
            "18446744073709551615",
            "294276-12-31 23:59:59.999999",
            "294276-12-31 23:59:59.999999+00",
            "9223372036854775808",
        ]
    );
}

/// Without what the catalog says, users' types are their text.
#[test]
fn without_a_catalog_exact_text() {
    let users = rows().into_iter().filter(|row| row.oid >= 16_384);
    let mut count = 0;
    for row in users {
        let mut arena = Arena::default();
        let value = decode_text(row.oid, row.text.as_bytes(), Catalog::EMPTY, &mut arena).unwrap();
        assert!(matches!(view(&value), Datum::Text(text) if text == row.text));
        assert!(!has_binary(row.oid));
        count += 1;
    }
    assert!(count > 50, "{count}");
}

/// What is written into a value of this kind does not change when more is decoded behind it.
#[test]
fn values_stay_when_others_follow() {
    let catalog = catalog();
    let rows = rows();
    let (texts, binaries): (Vec<_>, Vec<_>) = rows
        .iter()
        .map(|row| (with_nul(row.text.as_bytes()), with_nul(&row.binary)))
        .unzip();
    let mut arena = Arena::default();
    for _ in 0..2 {
        arena.clear();
        let mut values = vec![];
        for (index, row) in rows.iter().enumerate() {
            let (text, binary) = (&texts[index], &binaries[index]);
            let text = &text[..text.len() - 1];
            values.push((
                row,
                decode_text(row.oid, text, &catalog, &mut arena).unwrap(),
            ));
            if catalog.has_binary(row.oid) {
                let binary = &binary[..binary.len() - 1];
                let value = decode_binary(row.oid, binary, &catalog, &mut arena).unwrap();
                values.push((row, value));
            }
        }
        for (row, value) in values {
            assert_eq!(text_of(&value), row.text, "{}", row.line);
        }
    }
}

/// Every text in a value ends with a NUL, as C is promised.
#[test]
fn texts_end_with_a_nul() {
    fn check(value: &Value, line: &str) {
        // SAFETY: decoded values; the cells they may point into have a NUL behind them.
        unsafe {
            let values = |data: *const Value, count| match count {
                0 => &[][..],
                _ => std::slice::from_raw_parts(data, count),
            };
            let held = &value.r#as;
            let below: Vec<&[Value]> = match Kind::from_number(value.kind).unwrap() {
                Kind::DBAPI_KIND_TEXT
                | Kind::DBAPI_KIND_NUMERIC
                | Kind::DBAPI_KIND_JSON
                | Kind::DBAPI_KIND_BYTES => {
                    assert_eq!(*held.text.data.add(held.text.length), 0, "{line}");
                    vec![]
                }
                Kind::DBAPI_KIND_ARRAY => vec![values((*held.array).items, (*held.array).count)],
                Kind::DBAPI_KIND_MULTIRANGE => {
                    vec![values((*held.multirange).ranges, (*held.multirange).count)]
                }
                Kind::DBAPI_KIND_RANGE => vec![
                    std::slice::from_ref(&(*held.range).lower),
                    std::slice::from_ref(&(*held.range).upper),
                ],
                Kind::DBAPI_KIND_COMPOSITE => {
                    let composite = &*held.composite;
                    for index in 0..composite.count {
                        if !composite.names.is_null() {
                            let name = std::ffi::CStr::from_ptr(*composite.names.add(index));
                            assert!(!name.is_empty());
                        }
                    }
                    vec![values(composite.fields, composite.count)]
                }
                Kind::DBAPI_KIND_HSTORE => vec![
                    values((*held.hstore).keys, (*held.hstore).count),
                    values((*held.hstore).values, (*held.hstore).count),
                ],
                _ => vec![],
            };
            below
                .into_iter()
                .flatten()
                .for_each(|value| check(value, line));
        }
    }
    let catalog = catalog();
    for row in rows() {
        let mut arena = Arena::default();
        let text = with_nul(row.text.as_bytes());
        let value = decode_text(row.oid, &text[..text.len() - 1], &catalog, &mut arena).unwrap();
        check(&value, row.line);
        let binary = with_nul(&row.binary);
        let cell = &binary[..row.binary.len()];
        check(
            &decode_binary(row.oid, cell, &catalog, &mut arena).unwrap(),
            row.line,
        );
    }
}

#[test]
fn mutated_cells_keep_their_meaning() {
    let catalog = catalog();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for row in rows() {
        for _ in 0..40 {
            let mut arena = Arena::default();
            let mut binary = row.binary.clone();
            random.mutate(&mut binary);
            let cell = with_nul(&binary);
            let value = decode_binary(row.oid, &cell[..binary.len()], &catalog, &mut arena);
            // A value that no server could have sent has no text; never a panic.
            if let Ok(value) = value {
                let mut text = String::new();
                let _ = format(value.oid, &view(&value), &mut text);
            }
            let mut text = row.text.clone().into_bytes();
            random.mutate(&mut text);
            let cell = with_nul(&text);
            let Ok(value) = decode_text(row.oid, &cell[..text.len()], &catalog, &mut arena) else {
                continue;
            };
            if std::str::from_utf8(&text).is_err() {
                continue;
            }
            let written = text_of(&value);
            let mut arena2 = Arena::default();
            let again = decode_text(row.oid, written.as_bytes(), &catalog, &mut arena2)
                .unwrap_or_else(|error| panic!("{} {written}: {error}", row.line));
            assert_eq!(text_of(&again), written, "{}", row.line);
        }
    }
}

/// Every four bytes of every binary form replaced by what counts and lengths go wrong with.
#[test]
fn counts_and_lengths_that_lie() {
    let catalog = catalog();
    for row in rows() {
        for at in 0..row.binary.len().saturating_sub(3) {
            let left = (row.binary.len() - at) as u32;
            for number in [
                0,
                u32::MAX,
                u32::MAX - 1,
                0x7fff_ffff,
                0x8000_0000,
                left,
                left + 1,
                left.wrapping_sub(1),
                left.wrapping_sub(4),
            ] {
                let mut binary = row.binary.clone();
                binary[at..at + 4].copy_from_slice(&number.to_be_bytes());
                let cell = with_nul(&binary);
                let mut arena = Arena::default();
                let _ = decode_binary(row.oid, &cell[..binary.len()], &catalog, &mut arena);
            }
        }
        for length in 0..row.binary.len() {
            let cell = with_nul(&row.binary[..length]);
            let mut arena = Arena::default();
            let _ = decode_binary(row.oid, &cell[..length], &catalog, &mut arena);
        }
    }
}

fn text_is_refused(oid: u32, texts: &[&str]) {
    for text in texts {
        let mut arena = Arena::default();
        let outcome = decode_text(oid, text.as_bytes(), Catalog::EMPTY, &mut arena);
        let error = outcome.err().unwrap_or_else(|| panic!("{text:?} of {oid}"));
        assert_eq!(error.class(), Class::Internal, "{text}");
    }
}

#[test]
fn texts_that_no_server_writes() {
    let int4s = made(Built::Array(oid::INT4)).unwrap();
    text_is_refused(
        int4s,
        &[
            "",
            "{",
            "}",
            "1",
            "{1",
            "{1,}",
            "{,1}",
            "{1}}",
            "{{1}",
            "{{1},2}",
            "{1,{2}}",
            "{{1},{2,3}}",
            "{{}}",
            "{a}",
            "{1 }",
            "[1:2]={1}",
            "[1:1]={{1}}",
            "[2:1]={}",
            "[1:2={1,2}",
            "[1]={1}",
            "[1:2]{1,2}",
            "{{{{{{{1}}}}}}}",
            "[-2147483648:2147483647]={1}",
            "{\"1}",
            "{1}x",
            "[1:0]={}",
            "[99999999999:99999999999]={1}",
            "{1\\,2}",
        ],
    );
    text_is_refused(
        3904,
        &[
            "", "[", "[1,2", "[1,2)x", "1,2)", "[,2)", "(1,]", "[1;2)", "Empty", "empty ", "[a,2)",
            "[\"1,2)",
        ],
    );
    text_is_refused(
        4451,
        &["", "{", "{[1,2)", "{[1,2),}", "{,}", "{[1,2)}x", "{1}"],
    );
    text_is_refused(
        oid::RECORD,
        &["", "(", "(1", "(1,2", "1)", "(1)x", "(\"1)", "(a\"b)"],
    );
    text_is_refused(
        oid::INET,
        &[
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/+1",
            "::/129",
            "::g",
            "1.2.3.4/1/1",
            "01.2.3.4",
        ],
    );
    text_is_refused(oid::BIT, &["2", "0b", " 1"]);
    text_is_refused(
        oid::POINT,
        &["", "(1)", "(1,2", "1,2", "(1,2,3)", "(a,b)", "(1,2)x"],
    );
    text_is_refused(oid::LINE, &["{1,2}", "{1,2,3", "(1,2,3)"]);
    text_is_refused(
        oid::LSEG,
        &[
            "[(1,2)]",
            "[(1,2),(3,4)",
            "((1,2),(3,4))",
            "[(1,2),(3,4),(5,6)]",
        ],
    );
    text_is_refused(
        oid::BOX,
        &["((1,2),(3,4))", "(1,2),", "(1,2)", "(1,2),(3,4),(5,6)"],
    );
    text_is_refused(oid::PATH, &["()", "[]", "((1,2)]", "[(1,2))"]);
    text_is_refused(oid::CIRCLE, &["<(1,2)>", "<(1,2),3", "<1,2,3>"]);
    text_is_refused(oid::XID8, &["", "-1", "+1", "18446744073709551616"]);
}

/// A list of a list of a list: what a schema cannot mean, but a lying server can say.
#[test]
fn deep_nesting_ends() {
    let mut catalog = Catalog::default();
    let field = |oid| Field {
        name: c"f".to_owned(),
        oid,
    };
    catalog.insert(20_000, UserType::Composite(Box::new([field(20_000)])));
    let mut binary = vec![];
    for _ in 0..100_000 {
        let mut outer = vec![0, 0, 0, 1, 0, 0, 0x4e, 0x20];
        outer.extend((binary.len() as u32).to_be_bytes());
        // Building it inside out would copy it each time: only the first lengths matter.
        binary.splice(
            0..0,
            outer
                .into_iter()
                .take(if binary.len() < 1200 { 12 } else { 0 }),
        );
    }
    let cell = with_nul(&binary);
    let mut arena = Arena::default();
    let error = decode_binary(20_000, &cell[..binary.len()], &catalog, &mut arena)
        .err()
        .unwrap();
    assert_eq!(error.class(), Class::NotSupported, "{error}");

    // Quotes double at each level, so a text nests no deeper than its length's logarithm; it is exact anyway.
    let mut nested = String::from("()");
    for _ in 0..8 {
        let inner = std::mem::take(&mut nested);
        nested.push('(');
        super::super::quote::push_field(&inner, &mut nested);
        nested.push(')');
    }
    let value = decode_text(20_000, nested.as_bytes(), &catalog, &mut arena).unwrap();
    assert_eq!(text_of(&value), nested);
}

/// A type that has changed since it was looked up: text as it is, and no names of other columns.
#[test]
fn a_row_with_other_columns_than_known() {
    let mut catalog = Catalog::default();
    let field = |oid| Field {
        name: c"f".to_owned(),
        oid,
    };
    catalog.insert(
        20_000,
        UserType::Composite(Box::new([field(23), field(25)])),
    );
    catalog.insert(
        20_001,
        UserType::Array {
            element: 20_000,
            delimiter: b',',
        },
    );
    let mut arena = Arena::default();
    for text in ["(1)", "(1,a,2)", "()", "(a,1)", "(2024-01-01,x)"] {
        let value = decode_text(20_000, text.as_bytes(), &catalog, &mut arena).unwrap();
        assert!(matches!(view(&value), Datum::Text(same) if same == text));
        let array = format!("{{\"{text}\",NULL,\"(1,a)\"}}");
        let value = decode_text(20_001, array.as_bytes(), &catalog, &mut arena).unwrap();
        assert_eq!(text_of(&value).replace('"', ""), array.replace('"', ""));
    }
    let binary = [&[0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 4][..], &[0, 0, 0, 9, 0]].concat();
    let value = decode_binary(20_000, &binary[..16], &catalog, &mut arena).unwrap();
    // SAFETY: a composite that was just decoded.
    let names = unsafe { (*value.r#as.composite).names };
    assert!(names.is_null());
    assert_eq!(text_of(&value), "(9)");
}
