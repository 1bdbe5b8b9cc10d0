//! What the fuzz targets in fuzz/ do with their bytes, as plain functions: `cargo test` replays the corpora
//! through them (`replay`), `cargo fuzz` finds new ones. Built for tests, and with the feature `fuzzing`.
//!
//! Each panics when it finds what must not be. Knows every layer but `abi`; nothing knows it.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a target says what it found by panicking"
)]

#[cfg(test)]
mod replay;
mod server;
mod sql;
mod structured;

use crate::conninfo::Conninfo;
use crate::types::value::{Arena, Kind};
use crate::types::{self, Catalog, oid};

pub use server::wire_server_bytes;
pub use sql::{lexer, placeholders};
pub use structured::{structured_binary, structured_text};

/// A target's name, as in fuzz/, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 8] = [
    ("wire_server_bytes", wire_server_bytes),
    ("text_decoders", text_decoders),
    ("binary_decoders", binary_decoders),
    ("structured_text", structured_text),
    ("structured_binary", structured_binary),
    ("conninfo_parse", conninfo_parse),
    ("placeholders", placeholders),
    ("lexer", lexer),
];

/// The types that have decoders, and one that has not.
const TYPES: [u32; 24] = [
    oid::BOOL,
    oid::BYTEA,
    oid::NAME,
    oid::INT8,
    oid::INT2,
    oid::INT4,
    oid::TEXT,
    oid::OID,
    oid::JSON,
    oid::FLOAT4,
    oid::FLOAT8,
    oid::UNKNOWN,
    oid::BPCHAR,
    oid::VARCHAR,
    oid::DATE,
    oid::TIME,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::INTERVAL,
    oid::TIMETZ,
    oid::NUMERIC,
    oid::UUID,
    oid::JSONB,
    600,
];

/// A type, chosen by the first byte, and a cell of it: the rest.
fn cell(data: &[u8]) -> Option<(u32, &[u8])> {
    let (&choice, cell) = data.split_first()?;
    Some((TYPES[usize::from(choice) % TYPES.len()], cell))
}

/// A cell in text format. The first byte chooses the type.
pub fn text_decoders(data: &[u8]) {
    let Some((oid, cell)) = cell(data) else {
        return;
    };
    let with_nul = [cell, b"\0"].concat();
    let mut arena = Arena::default();
    if let Ok(value) = types::decode_text(oid, &with_nul[..cell.len()], Catalog::EMPTY, &mut arena)
    {
        assert_eq!(value.oid, oid);
        let kind = Kind::from_number(value.kind).unwrap();
        // What cannot be read as its kind is the text it is, or the bytes.
        let plain = matches!(kind, Kind::DBAPI_KIND_TEXT | Kind::DBAPI_KIND_BYTES);
        assert!(
            kind == types::kind_of(oid) || plain,
            "{kind:?} of type {oid}"
        );
    }
}

/// A cell in binary format. The first byte chooses the type.
pub fn binary_decoders(data: &[u8]) {
    let Some((oid, cell)) = cell(data) else {
        return;
    };
    let with_nul = [cell, b"\0"].concat();
    let mut arena = Arena::default();
    if let Ok(value) =
        types::decode_binary(oid, &with_nul[..cell.len()], Catalog::EMPTY, &mut arena)
    {
        assert_eq!(value.oid, oid);
        let kind = Kind::from_number(value.kind).unwrap();
        let plain = matches!(kind, Kind::DBAPI_KIND_TEXT | Kind::DBAPI_KIND_BYTES);
        assert!(
            kind == types::kind_of(oid) || plain,
            "{kind:?} of type {oid}"
        );
    }
}

/// A connection string. What is understood is understood the same when it is written out.
pub fn conninfo_parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(conninfo) = Conninfo::parse(&text) else {
        return;
    };
    let written = conninfo.to_dsn();
    match Conninfo::parse(&written) {
        Ok(again) => assert!(again == conninfo, "{text:?} became {written:?}"),
        Err(error) => panic!("{text:?} became {written:?}: {error}"),
    }
    let shown = conninfo.redacted();
    if let Some(password) = conninfo
        .get("password")
        .filter(|password| password.len() >= 8)
    {
        let elsewhere = conninfo
            .iter()
            .any(|(keyword, value)| keyword != "password" && value.contains(password));
        // Nor by chance: " user=xx" may be a password.
        let of_the_form = "password=xxx ".contains(password) || password.contains('=');
        assert!(
            elsewhere || of_the_form || !shown.contains(password),
            "{shown}"
        );
    }
}
