//! Composite types and records (PostgreSQL manual, "Composite Types"): `(1,"a b",)`, an empty field being NULL.
//! In binary the number of fields, and each with its type and length.

use crate::error::Error;

use super::describe::Field;
use super::nested::{Decoder, Place, Reader};
use super::param::render;
use super::scan::Scan;
use super::value::{Composite, Value};
use super::view::View;
use super::{malformed, oid, quote};

/// The text form. `cell` need not outlive the value. Without `fields` (a record) each field is the text that it
/// is, of type unknown.
///
/// `None`: it must stay text, since it has other columns than `fields` says (the type has changed meanwhile), or
/// is a record of no field or of one that is NULL, which look the same.
pub(super) fn from_text(
    decoder: &mut Decoder<'_>,
    oid: u32,
    fields: Option<&[Field]>,
    cell: &[u8],
) -> Result<Option<Value>, Error> {
    let mark = decoder.arena.mark();
    let mut scan = Scan(cell);
    if !scan.eat(b'(') {
        return Err(wrong());
    }
    if cell == b"()" && fields.is_none() {
        return Ok(None);
    }
    let mut known = fields.unwrap_or_default().iter();
    let mut count = 0;
    let mut buffer = Vec::new();
    if !(cell == b"()" && fields.is_some_and(<[Field]>::is_empty)) {
        loop {
            let type_oid = match (fields, known.next()) {
                (None, _) => oid::UNKNOWN,
                (_, Some(field)) => field.oid,
                // More columns than are known.
                (_, None) => return Ok(None),
            };
            let field = match quote::piece(&mut scan, b",)", &mut buffer).ok_or_else(wrong)? {
                None => Value::null(type_oid),
                Some(field) => decoder.text(type_oid, field, Place::Passing)?,
            };
            decoder.arena.push(field)?;
            count += 1;
            if !scan.eat(b',') {
                break;
            }
        }
    }
    if !scan.eat(b')') || !scan.at_end() {
        return Err(wrong());
    }
    if fields.is_some_and(|fields| fields.len() != count) {
        return Ok(None);
    }
    finish(decoder, oid, fields, mark).map(Some)
}

#[cold]
fn wrong() -> Error {
    malformed("row", "not in the form that the server writes")
}

/// The binary form, which says the fields' types itself.
pub(super) fn from_binary(
    decoder: &mut Decoder<'_>,
    oid: u32,
    fields: Option<&[Field]>,
    cell: &[u8],
    place: Place,
) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut reader = Reader::new("row", cell, place);
    // An oid and a length.
    let count = reader.count(8)?;
    // Names are only worth something if they are those of these very columns.
    let described = fields.is_some();
    let mut fields = fields.filter(|fields| fields.len() == count);
    for index in 0..count {
        let type_oid = reader.oid()?;
        fields = fields.filter(|fields| fields.get(index).is_some_and(|f| f.oid == type_oid));
        let field = match reader.value()? {
            None => Value::null(type_oid),
            Some((bytes, place)) => decoder.binary(type_oid, bytes, place)?,
        };
        decoder.arena.push(field)?;
    }
    reader.end()?;
    if described && fields.is_none() {
        decoder.doubt();
    }
    finish(decoder, oid, fields, mark)
}

fn finish(
    decoder: &mut Decoder<'_>,
    oid: u32,
    fields: Option<&[Field]>,
    mark: usize,
) -> Result<Value, Error> {
    let names = match fields {
        None => std::ptr::null(),
        Some(fields) => decoder.names(oid, fields)?,
    };
    let (fields, count) = decoder.arena.take(mark)?;
    let composite = Composite {
        count,
        fields,
        names,
    };
    let composite = decoder.arena.keep(&[composite])?;
    Ok(Value::composite(oid, composite))
}

/// Appends the text form.
pub(super) fn format(
    composite: View<'_, Composite>,
    out: &mut String,
    depth: u32,
) -> Result<(), Error> {
    out.push('(');
    let mut text = String::new();
    for (index, field) in composite.fields()?.iter().enumerate() {
        let at = |error: Error| match depth {
            0..=3 => error.prefixed(&format!("field {}: ", index + 1)),
            // The way to the field, but not of what has no end.
            _ => error,
        };
        let field = field.map_err(at)?;
        if index > 0 {
            out.push(',');
        }
        if !field.is_null() {
            text.clear();
            render(field.oid, &field.datum, &mut text, depth + 1).map_err(at)?;
            quote::push_field(&text, out);
        }
    }
    out.push(')');
    Ok(())
}
