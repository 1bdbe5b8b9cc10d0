//! Multiranges (PostgreSQL manual, "Range Types"): ranges in braces, `{[1,3),[5,)}`; in binary their count, and
//! each range with its length.

use crate::error::Error;

use super::malformed;
use super::nested::{Decoder, Place, Reader};
use super::param::{Datum, render};
use super::range;
use super::scan::Scan;
use super::value::{Multirange, Value};
use super::view::View;

/// The text form. `cell` need not outlive the value.
pub(super) fn from_text(
    decoder: &mut Decoder<'_>,
    oid: u32,
    range_oid: u32,
    subtype: u32,
    cell: &[u8],
) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut scan = Scan(cell);
    if !scan.eat(b'{') {
        return Err(wrong());
    }
    if !scan.eat(b'}') {
        loop {
            let range = range::read(decoder, range_oid, subtype, &mut scan)?;
            decoder.arena.push(range)?;
            if scan.eat(b'}') {
                break;
            }
            if !scan.eat(b',') {
                return Err(wrong());
            }
        }
    }
    if !scan.at_end() {
        return Err(wrong());
    }
    finish(decoder, oid, range_oid, mark)
}

#[cold]
fn wrong() -> Error {
    malformed("multirange", "not in the form that the server writes")
}

/// The binary form.
pub(super) fn from_binary(
    decoder: &mut Decoder<'_>,
    oid: u32,
    range_oid: u32,
    subtype: u32,
    cell: &[u8],
    place: Place,
) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut reader = Reader::new("multirange", cell, place);
    // A length and a byte of flags.
    for _ in 0..reader.count(5)? {
        let (bytes, place) = reader
            .value()?
            .ok_or_else(|| reader.malformed("a range that is NULL"))?;
        let range = range::from_binary(decoder, range_oid, subtype, bytes, place)?;
        decoder.arena.push(range)?;
    }
    reader.end()?;
    finish(decoder, oid, range_oid, mark)
}

fn finish(
    decoder: &mut Decoder<'_>,
    oid: u32,
    range_oid: u32,
    mark: usize,
) -> Result<Value, Error> {
    let (ranges, count) = decoder.arena.take(mark)?;
    let multirange = Multirange {
        range_oid,
        count,
        ranges,
    };
    let multirange = decoder.arena.keep(&[multirange])?;
    Ok(Value::multirange(oid, multirange))
}

/// Appends the text form.
pub(super) fn format(
    multirange: View<'_, Multirange>,
    out: &mut String,
    depth: u32,
) -> Result<(), Error> {
    out.push('{');
    for (index, range) in multirange.ranges()?.iter().enumerate() {
        let range = range?;
        if !matches!(range.datum, Datum::Range(_)) {
            let message = format!("range {} of a multirange is no range", index + 1);
            return Err(Error::programming(message));
        }
        if index > 0 {
            out.push(',');
        }
        render(range.oid, &range.datum, out, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

/// The type of the ranges: as the multirange says, or that of the first; 0 if nothing says it.
pub(super) fn range_type(multirange: View<'_, Multirange>) -> u32 {
    if multirange.range_oid() != 0 {
        return multirange.range_oid();
    }
    let first = multirange
        .ranges()
        .ok()
        .and_then(|ranges| ranges.iter().next());
    match first {
        Some(Ok(first)) if matches!(first.datum, Datum::Range(_)) => first.declared_oid(),
        _ => 0,
    }
}
