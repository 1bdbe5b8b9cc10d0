//! hstore (PostgreSQL manual, "hstore"): `"a"=>"1", "b"=>NULL`; in binary the number of pairs, and each key and
//! value with its length.

use crate::error::Error;

use super::nested::{Decoder, Place, Reader};
use super::param::render;
use super::scan::Scan;
use super::value::{Hstore, Kind, Value};
use super::view::View;
use super::{malformed, oid, quote};

const TEXT: Kind = Kind::DBAPI_KIND_TEXT;

/// The text form. `cell` need not outlive the value.
pub(super) fn from_text(decoder: &mut Decoder<'_>, oid: u32, cell: &[u8]) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut scan = Scan(cell);
    let mut buffer = Vec::new();
    while !scan.at_end() {
        if scan.0.len() < cell.len() && !scan.eat_word(b", ") {
            return Err(wrong());
        }
        for part in [b"\"".as_slice(), b"=>\""] {
            if part.starts_with(b"=") && scan.eat_word(b"=>NULL") {
                decoder.arena.push(Value::null(oid::TEXT))?;
                continue;
            }
            let text = scan
                .eat_word(part)
                .then(|| quote::quoted(&mut scan, b"\\", &mut buffer));
            let text = text.flatten().ok_or_else(wrong)?;
            let value = decoder.plain(TEXT, oid::TEXT, text, Place::Passing)?;
            decoder.arena.push(value)?;
        }
    }
    finish(decoder, oid, mark)
}

#[cold]
fn wrong() -> Error {
    malformed("hstore", "not in the form that the server writes")
}

/// The binary form.
pub(super) fn from_binary(
    decoder: &mut Decoder<'_>,
    oid: u32,
    cell: &[u8],
    place: Place,
) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut reader = Reader::new("hstore", cell, place);
    // Two lengths.
    for _ in 0..reader.count(8)? {
        let (key, place) = reader
            .value()?
            .ok_or_else(|| reader.malformed("a key that is NULL"))?;
        let key = decoder.plain(TEXT, oid::TEXT, key, place)?;
        decoder.arena.push(key)?;
        let value = match reader.value()? {
            None => Value::null(oid::TEXT),
            Some((value, place)) => decoder.plain(TEXT, oid::TEXT, value, place)?,
        };
        decoder.arena.push(value)?;
    }
    reader.end()?;
    finish(decoder, oid, mark)
}

/// Makes an hstore of the keys and values above `mark`, which alternate.
fn finish(decoder: &mut Decoder<'_>, oid: u32, mark: usize) -> Result<Value, Error> {
    let (keys, values, count) = decoder.arena.take_pairs(mark)?;
    let hstore = Hstore {
        count,
        keys,
        values,
    };
    let hstore = decoder.arena.keep(&[hstore])?;
    Ok(Value::hstore(oid, hstore))
}

/// Appends the text form.
pub(super) fn format(hstore: View<'_, Hstore>, out: &mut String, depth: u32) -> Result<(), Error> {
    let (keys, values) = hstore.pairs()?;
    let mut text = String::new();
    for (index, (key, value)) in keys.iter().zip(values.iter()).enumerate() {
        let (key, value) = (key?, value?);
        if key.is_null() {
            let message = format!("key {} of an hstore is NULL", index + 1);
            return Err(Error::programming(message));
        }
        if index > 0 {
            out.push_str(", ");
        }
        for (part, before) in [(key, ""), (value, "=>")] {
            out.push_str(before);
            if part.is_null() {
                out.push_str("NULL");
                continue;
            }
            text.clear();
            render(part.oid, &part.datum, &mut text, depth + 1)?;
            quote::push_quoted(&text, '\\', out);
        }
    }
    Ok(())
}
