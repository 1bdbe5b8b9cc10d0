//! What a real server says, and the decoders, `format` and `Param` together against it.
#![allow(unsafe_code)] // Reads the unions and pointers that the decoders filled.

mod params;
mod plain;
mod property;
mod structured;

use bytes::BytesMut;

use super::value::{Arena, Kind, Value};
use super::*;

/// A value as a caller of the library sees it.
fn view(value: &Value) -> Datum<'_> {
    // SAFETY: the decoders fill the member that belongs to the kind they set; what it points to lies in the cell
    // or the arena, and both outlive the value in these tests.
    unsafe { super::view::param(value) }.unwrap().datum
}

fn formatted(oid: u32, datum: &Datum<'_>) -> String {
    let mut out = String::new();
    format(oid, datum, &mut out).unwrap();
    out
}

fn encoded(param: Param<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    let length = param.encoded_len().unwrap();
    param.encode(&mut out);
    assert_eq!(out.len(), length, "{param:?}");
    out
}

fn unhex(text: &str) -> Vec<u8> {
    let mut arena = Arena::default();
    bytea::from_text(format!("\\x{text}").as_bytes(), &mut arena)
        .unwrap()
        .to_vec()
}

fn oid_of(name: &str) -> u32 {
    match name {
        "bool" => oid::BOOL,
        "bytea" => oid::BYTEA,
        "name" => oid::NAME,
        "int8" => oid::INT8,
        "int2" => oid::INT2,
        "int4" => oid::INT4,
        "text" => oid::TEXT,
        "oid" => oid::OID,
        "json" => oid::JSON,
        "float4" => oid::FLOAT4,
        "float8" => oid::FLOAT8,
        "bpchar" => oid::BPCHAR,
        "varchar" => oid::VARCHAR,
        "date" => oid::DATE,
        "time" => oid::TIME,
        "timestamp" => oid::TIMESTAMP,
        "timestamptz" => oid::TIMESTAMPTZ,
        "interval" => oid::INTERVAL,
        "timetz" => oid::TIMETZ,
        "numeric" => oid::NUMERIC,
        "uuid" => oid::UUID,
        "jsonb" => oid::JSONB,
        _ => panic!("no type {name}"),
    }
}

/// How a row's text is to be taken.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// As `format` writes it.
    Own,
    /// Another spelling of the same value: IntervalStyle, a session's TimeZone, bytea_output.
    Other,
    /// A style that is not read: the text stays a text.
    Foreign,
}

/// One row: type, style, binary form in hexadecimal, text form, as one server wrote them.
fn check(row: &str) {
    let mut columns = row.splitn(3, '\t');
    let (head, hex, text) = (
        columns.next().unwrap(),
        columns.next().unwrap(),
        columns.next().unwrap(),
    );
    let (name, style) = match head.split_once('/') {
        None => (head, Style::Own),
        Some((name, "foreign")) => (name, Style::Foreign),
        Some((name, _)) => (name, Style::Other),
    };
    let oid = oid_of(name);
    assert!(has_binary(oid), "{row}");
    let binary = unhex(hex);
    let (mut arena, mut arena2) = (Arena::default(), Arena::default());
    let from_binary = decode_binary(oid, &binary, Catalog::EMPTY, &mut arena)
        .unwrap_or_else(|e| panic!("{row}: {e}"));
    let from_text = decode_text(oid, text.as_bytes(), Catalog::EMPTY, &mut arena2)
        .unwrap_or_else(|e| panic!("{row}: {e}"));
    let (b, t) = (view(&from_binary), view(&from_text));
    assert_eq!((from_binary.oid, from_text.oid), (oid, oid));

    if style == Style::Foreign {
        assert!(
            matches!(t, Datum::Text(same) if same == text),
            "{row}: {t:?}"
        );
        return;
    }
    // Debug tells -0 from 0, and compares NaN.
    if style == Style::Own {
        assert_eq!(format!("{b:?}"), format!("{t:?}"), "{row}");
        assert_eq!(formatted(oid, &b), text, "{row}");
    } else if !matches!(t, Datum::Text(same) if same == text) || matches!(b, Datum::Text(_)) {
        assert_eq!(format!("{b:?}"), format!("{t:?}"), "{row}");
    } else {
        panic!("{row}: not read");
    }
    assert!(
        from_binary.kind == kind_of(oid) as i32 || from_binary.kind == Kind::DBAPI_KIND_TEXT as i32
    );

    // And back to the server: the binary form where that is what is sent, else a text it would take.
    let param = Param { oid, datum: b };
    if param.format_code() == 1 {
        assert_eq!(encoded(param), binary, "{row}");
        assert_eq!(Param { oid: 0, datum: b }.format_code(), 1, "{row}");
    } else if !matches!(b, Datum::Float(_)) {
        assert_eq!(encoded(param), formatted(oid, &b).as_bytes(), "{row}");
    }
}

/// What PostgreSQL 15.18 wrote: `type[/style]`, the type's `send` function in hexadecimal, its output
/// function. Besides random values, the ends of every range, powers of two, and floats whose shortest digits
/// are not Rust's.
const SERVER_ROWS: &str = include_str!("server_rows.tsv");

#[test]
fn as_the_server_has_it() {
    assert!(SERVER_ROWS.lines().count() > 500);
    SERVER_ROWS.lines().for_each(check);
}

/// A xorshift generator: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// Some bytes changed, dropped, doubled or inserted.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const LIKELY: &[u8] = b"0123456789-+.: eTPYMDHS@BCago\\x\0\x7f\x80\xff";
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            let byte = LIKELY[self.below(LIKELY.len())];
            match self.below(4) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 if at < bytes.len() => bytes[at] = byte,
                _ => bytes.insert(at, byte),
            }
        }
    }
}

#[test]
fn mutated_cells_never_panic_and_keep_their_meaning() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for row in SERVER_ROWS.lines() {
        let columns: Vec<&str> = row.splitn(3, '\t').collect();
        let oid = oid_of(columns[0].split('/').next().unwrap());
        for _ in 0..60 {
            let mut arena = Arena::default();
            let mut binary = unhex(columns[1]);
            random.mutate(&mut binary);
            let _ = decode_binary(oid, &binary, Catalog::EMPTY, &mut arena);

            let mut cell = columns[2].as_bytes().to_vec();
            random.mutate(&mut cell);
            let Ok(value) = decode_text(oid, &cell, Catalog::EMPTY, &mut arena) else {
                continue;
            };
            // Whatever was read has a text of its own that means the same.
            if std::str::from_utf8(&cell).is_err() {
                continue;
            }
            let datum = view(&value);
            let text = formatted(oid, &datum);
            let mut arena2 = Arena::default();
            let again = decode_text(oid, text.as_bytes(), Catalog::EMPTY, &mut arena2).unwrap();
            assert_eq!(
                format!("{:?}", view(&again)),
                format!("{datum:?}"),
                "{row} {text}"
            );
            let param = Param { oid, datum };
            if param.encoded_len().is_ok() {
                encoded(param);
            }
        }
    }
}

#[test]
fn fixed_lengths_are_exact() {
    let mut arena = Arena::default();
    for (oid, length) in [
        (oid::BOOL, 1),
        (oid::INT2, 2),
        (oid::INT4, 4),
        (oid::INT8, 8),
        (oid::OID, 4),
        (oid::FLOAT4, 4),
        (oid::FLOAT8, 8),
        (oid::DATE, 4),
        (oid::TIME, 8),
        (oid::TIMETZ, 12),
        (oid::TIMESTAMP, 8),
        (oid::TIMESTAMPTZ, 8),
        (oid::INTERVAL, 16),
        (oid::UUID, 16),
    ] {
        for wrong in 0..20 {
            let result = decode_binary(oid, &vec![0; wrong], Catalog::EMPTY, &mut arena);
            assert_eq!(result.is_ok(), wrong == length, "oid {oid}, {wrong} bytes");
            if let Err(error) = result {
                assert_eq!(error.class(), Class::Internal);
            }
        }
    }
}

#[test]
fn jsonb_has_a_version() {
    let mut arena = Arena::default();
    assert!(decode_binary(oid::JSONB, b"", Catalog::EMPTY, &mut arena).is_err());
    assert!(decode_binary(oid::JSONB, b"\x02{}", Catalog::EMPTY, &mut arena).is_err());
    let value = decode_binary(oid::JSONB, b"\x01{}", Catalog::EMPTY, &mut arena).unwrap();
    assert!(matches!(view(&value), Datum::Json("{}")));
}

#[test]
fn types_without_a_kind_are_text() {
    let mut arena = Arena::default();
    // money, xml, "char", int2vector, none, none
    for oid in [790, 142, 18, 22, 0, u32::MAX] {
        assert_eq!(kind_of(oid), Kind::DBAPI_KIND_TEXT);
        assert!(!has_binary(oid));
        let value = decode_text(oid, b"{1,2}", Catalog::EMPTY, &mut arena).unwrap();
        assert!(matches!(view(&value), Datum::Text("{1,2}")));
        let value = decode_binary(oid, b"{1,2}", Catalog::EMPTY, &mut arena).unwrap();
        assert!(matches!(view(&value), Datum::Bytes(b"{1,2}")));
    }
}

#[test]
fn text_that_is_not_utf8_is_bytes() {
    let mut arena = Arena::default();
    for oid in [oid::TEXT, oid::JSON, oid::NAME] {
        for decode in [decode_text, decode_binary] {
            let value = decode(oid, b"a\xff", Catalog::EMPTY, &mut arena).unwrap();
            assert!(matches!(view(&value), Datum::Bytes(b"a\xff")));
        }
    }
}

#[test]
fn text_is_not_copied() {
    let cell = b"12.50";
    let mut arena = Arena::default();
    for oid in [oid::TEXT, oid::NUMERIC, oid::JSON] {
        let value = decode_text(oid, cell, Catalog::EMPTY, &mut arena).unwrap();
        // SAFETY: all three are kinds that `as.text` holds.
        assert_eq!(unsafe { value.r#as.text.data }, cell.as_ptr().cast());
    }
}
