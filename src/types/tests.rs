//! What a real server says, and the decoders, `format` and `Param` together against it.
#![allow(unsafe_code)] // Reads the unions and pointers that the decoders filled.

use bytes::BytesMut;

use super::value::{Arena, Kind, Value};
use super::*;

/// A value as a caller of the library sees it.
fn view(value: &Value) -> Datum<'_> {
    // SAFETY: the decoders fill the member that belongs to the kind they set; text points into the cell or
    // the arena, and both outlive the value in these tests.
    unsafe {
        let bytes = || match value.r#as.text {
            text if text.data.is_null() => &[][..],
            text => std::slice::from_raw_parts(text.data.cast::<u8>(), text.length),
        };
        let text = || std::str::from_utf8(bytes()).unwrap();
        let integer = || value.r#as.integer;
        match Kind::from_number(value.kind).unwrap() {
            Kind::DBAPI_KIND_NULL => Datum::Null,
            Kind::DBAPI_KIND_BOOL => Datum::Bool(value.r#as.boolean),
            Kind::DBAPI_KIND_INT => Datum::Int(integer()),
            Kind::DBAPI_KIND_FLOAT => Datum::Float(value.r#as.floating),
            Kind::DBAPI_KIND_NUMERIC => Datum::Numeric(text()),
            Kind::DBAPI_KIND_TEXT => Datum::Text(text()),
            Kind::DBAPI_KIND_BYTES => Datum::Bytes(bytes()),
            Kind::DBAPI_KIND_DATE => Datum::Date(integer()),
            Kind::DBAPI_KIND_TIME => Datum::Time(integer()),
            Kind::DBAPI_KIND_TIMETZ => Datum::TimeTz(value.r#as.timetz),
            Kind::DBAPI_KIND_TIMESTAMP => Datum::Timestamp(integer()),
            Kind::DBAPI_KIND_TIMESTAMPTZ => Datum::TimestampTz(integer()),
            Kind::DBAPI_KIND_INTERVAL => Datum::Interval(value.r#as.interval),
            Kind::DBAPI_KIND_UUID => Datum::Uuid(value.r#as.uuid),
            Kind::DBAPI_KIND_JSON => Datum::Json(text()),
            Kind::DBAPI_KIND_ARRAY => unreachable!(),
        }
    }
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
    let from_binary =
        decode_binary(oid, &binary, &mut arena).unwrap_or_else(|e| panic!("{row}: {e}"));
    let from_text =
        decode_text(oid, text.as_bytes(), &mut arena2).unwrap_or_else(|e| panic!("{row}: {e}"));
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

#[test]
#[ignore]
fn scratch_big() {
    let path = std::env::var("TYPES_ROWS").unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let mut bad = 0;
    let mut counts = std::collections::BTreeMap::new();
    std::panic::set_hook(Box::new(|_| {}));
    for row in text.lines() {
        *counts.entry(row.split('\t').next().unwrap()).or_insert(0) += 1;
        if let Err(e) = std::panic::catch_unwind(|| check(row)) {
            bad += 1;
            if bad < 20 {
                eprintln!("{}", e.downcast_ref::<String>().map_or("?", |s| s));
            }
        }
    }
    eprintln!("{counts:?} bad {bad}");
    assert_eq!(bad, 0);
}
