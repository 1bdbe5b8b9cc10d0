//! Multiranges (PostgreSQL manual, "Range Types"): ranges in braces, `{[1,3),[5,)}`; in binary their count, and
//! each range with its length.

use bytes::{BufMut, BytesMut};

use crate::error::Error;

use super::malformed;
use super::nested::{Decoder, Place, Reader};
use super::param::{Datum, render};
use super::range;
use super::scan::Scan;
use super::value::{Multirange, Range, Value};
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
            return Err(no_range(index));
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

/// The ranges, as long as they are ranges.
fn ranges<'a>(
    multirange: View<'a, Multirange>,
) -> Result<impl Iterator<Item = Result<View<'a, Range>, Error>>, Error> {
    let ranges = multirange.ranges()?.iter().enumerate();
    Ok(ranges.map(|(index, range)| match range?.datum {
        Datum::Range(range) => Ok(range),
        _ => Err(no_range(index)),
    }))
}

fn no_range(index: usize) -> Error {
    let message = format!("range {} of a multirange is no range", index + 1);
    Error::programming(message)
}

/// Whether each range can be sent in the binary form of a range of `subtype`.
pub(super) fn has_binary(multirange: View<'_, Multirange>, subtype: u32) -> bool {
    let each = |range: Result<View<'_, Range>, Error>| {
        range.is_ok_and(|range| range::has_binary(range, subtype))
    };
    ranges(multirange).is_ok_and(|mut ranges| ranges.all(each))
}

/// The length of the binary form, if the multirange is in order.
pub(super) fn binary_len(multirange: View<'_, Multirange>, subtype: u32) -> Result<usize, Error> {
    let mut length = 4usize;
    for range in ranges(multirange)? {
        length = length
            .saturating_add(4)
            .saturating_add(range::binary_len(range?, subtype)?);
    }
    Ok(length)
}

/// Appends the binary form, of which `binary_len` has told the length.
pub(super) fn encode(multirange: View<'_, Multirange>, subtype: u32, out: &mut BytesMut) {
    let (Ok(count), Ok(ranges)) = (multirange.ranges(), ranges(multirange)) else {
        return;
    };
    out.put_i32(count.len() as i32);
    for range in ranges.flatten() {
        out.put_i32(range::binary_len(range, subtype).unwrap_or(0) as i32);
        range::encode(range, subtype, out);
    }
}
