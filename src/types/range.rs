//! Ranges (PostgreSQL manual, "Range Types"): `[1,5)`, `(,"a b"]`, `empty`. In binary a byte of flags, then
//! each bound that is there.

use bytes::{BufMut, BytesMut};

use crate::error::Error;

use super::nested::{Decoder, Place, Reader};
use super::param::{Datum, Param, render};
use super::scan::Scan;
use super::value::{
    DBAPI_RANGE_EMPTY, DBAPI_RANGE_LOWER_INCLUSIVE, DBAPI_RANGE_UPPER_INCLUSIVE, Kind, Range, Value,
};
use super::view::View;
use super::{malformed, oid, quote};

/// Flags of the binary form.
const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// The text form. `cell` need not outlive the value.
pub(super) fn from_text(
    decoder: &mut Decoder<'_>,
    oid: u32,
    subtype: u32,
    cell: &[u8],
) -> Result<Value, Error> {
    let mut scan = Scan(cell);
    let range = read(decoder, oid, subtype, &mut scan)?;
    match scan.at_end() {
        true => Ok(range),
        false => Err(wrong()),
    }
}

/// The range that is next; one of a multirange is followed by others.
pub(super) fn read(
    decoder: &mut Decoder<'_>,
    oid: u32,
    subtype: u32,
    scan: &mut Scan<'_>,
) -> Result<Value, Error> {
    let mut range = Range {
        subtype_oid: subtype,
        flags: 0,
        lower: Value::null(subtype),
        upper: Value::null(subtype),
    };
    if scan.eat_word(b"empty") {
        range.flags = DBAPI_RANGE_EMPTY;
    } else {
        match (scan.eat(b'['), scan.eat(b'(')) {
            (true, false) => range.flags |= DBAPI_RANGE_LOWER_INCLUSIVE,
            (false, true) => {}
            _ => return Err(wrong()),
        }
        let mut buffer = Vec::new();
        if let Some(lower) = quote::piece(scan, b",", &mut buffer).ok_or_else(wrong)? {
            range.lower = decoder.text(subtype, lower, Place::Passing)?;
        }
        if !scan.eat(b',') {
            return Err(wrong());
        }
        if let Some(upper) = quote::piece(scan, b")]", &mut buffer).ok_or_else(wrong)? {
            range.upper = decoder.text(subtype, upper, Place::Passing)?;
        }
        match (scan.eat(b']'), scan.eat(b')')) {
            (true, false) => range.flags |= DBAPI_RANGE_UPPER_INCLUSIVE,
            (false, true) => {}
            _ => return Err(wrong()),
        }
    }
    let unbounded = |bound: &Value| bound.kind == Kind::DBAPI_KIND_NULL as i32;
    if unbounded(&range.lower) && range.flags & DBAPI_RANGE_LOWER_INCLUSIVE != 0
        || unbounded(&range.upper) && range.flags & DBAPI_RANGE_UPPER_INCLUSIVE != 0
    {
        return Err(wrong());
    }
    let range = decoder.arena.keep(&[range])?;
    Ok(Value::range(oid, range))
}

#[cold]
fn wrong() -> Error {
    malformed("range", "not in the form that the server writes")
}

/// The binary form.
pub(super) fn from_binary(
    decoder: &mut Decoder<'_>,
    oid: u32,
    subtype: u32,
    cell: &[u8],
    place: Place,
) -> Result<Value, Error> {
    let mut reader = Reader::new("range", cell, place);
    let [bits] = reader.fixed::<1>()?;
    let mut range = Range {
        subtype_oid: subtype,
        flags: 0,
        lower: Value::null(subtype),
        upper: Value::null(subtype),
    };
    let wrong_flags =
        bits & !(EMPTY | LOWER_INCLUSIVE | UPPER_INCLUSIVE | LOWER_INFINITE | UPPER_INFINITE) != 0
            || bits & EMPTY != 0 && bits != EMPTY
            || bits & LOWER_INCLUSIVE != 0 && bits & LOWER_INFINITE != 0
            || bits & UPPER_INCLUSIVE != 0 && bits & UPPER_INFINITE != 0;
    if wrong_flags {
        return Err(reader.malformed("impossible flags"));
    }
    if bits & EMPTY != 0 {
        range.flags = DBAPI_RANGE_EMPTY;
    } else {
        if bits & LOWER_INCLUSIVE != 0 {
            range.flags |= DBAPI_RANGE_LOWER_INCLUSIVE;
        }
        if bits & UPPER_INCLUSIVE != 0 {
            range.flags |= DBAPI_RANGE_UPPER_INCLUSIVE;
        }
        for (infinite, bound) in [
            (LOWER_INFINITE, &mut range.lower),
            (UPPER_INFINITE, &mut range.upper),
        ] {
            if bits & infinite == 0 {
                let (bytes, place) = reader
                    .value()?
                    .ok_or_else(|| reader.malformed("a bound that is NULL"))?;
                *bound = decoder.binary(subtype, bytes, place)?;
            }
        }
    }
    reader.end()?;
    let range = decoder.arena.keep(&[range])?;
    Ok(Value::range(oid, range))
}

/// Appends the text form.
pub(super) fn format(range: View<'_, Range>, out: &mut String, depth: u32) -> Result<(), Error> {
    let flags = range.flags()?;
    if flags & DBAPI_RANGE_EMPTY != 0 {
        out.push_str("empty");
        return Ok(());
    }
    let mut text = String::new();
    for (bound, is_upper) in [(range.lower()?, false), (range.upper()?, true)] {
        // What is not there is not included either.
        let inclusive = !bound.is_null()
            && flags
                & if is_upper {
                    DBAPI_RANGE_UPPER_INCLUSIVE
                } else {
                    DBAPI_RANGE_LOWER_INCLUSIVE
                }
                != 0;
        if !is_upper {
            out.push(if inclusive { '[' } else { '(' });
        }
        if !bound.is_null() {
            text.clear();
            let oid = if bound.oid == 0 {
                range.subtype_oid()
            } else {
                bound.oid
            };
            render(oid, &bound.datum, &mut text, depth + 1)?;
            quote::push_bound(&text, out);
        }
        match (is_upper, inclusive) {
            (false, _) => out.push(','),
            (true, true) => out.push(']'),
            (true, false) => out.push(')'),
        }
    }
    Ok(())
}

/// The type of the bounds: as the range says, or that of a bound; 0 if nothing says it.
pub(super) fn subtype(range: View<'_, Range>) -> u32 {
    if range.subtype_oid() != 0 {
        return range.subtype_oid();
    }
    let plain = |bound: Result<Param<'_>, Error>| match bound {
        // Whose type would have to be inferred in turn.
        Ok(Param {
            oid: 0,
            datum: Datum::Array(_) | Datum::Range(_) | Datum::Multirange(_),
        }) => 0,
        Ok(bound) => bound.declared_oid(),
        Err(_) => 0,
    };
    match (plain(range.lower()), plain(range.upper())) {
        (0, upper) => upper,
        (oid::INT4, oid::INT8) => oid::INT8,
        (lower, _) => lower,
    }
}

/// The flags of the binary form, and the bounds that are there, as parameters of the subtype.
fn parts<'a>(range: View<'a, Range>, subtype: u32) -> Result<(u8, [Option<Param<'a>>; 2]), Error> {
    let flags = range.flags()?;
    if flags & DBAPI_RANGE_EMPTY != 0 {
        return Ok((EMPTY, [None, None]));
    }
    let bound = |bound: Param<'a>, inclusive, bit, infinite| match bound.is_null() {
        true => (infinite, None),
        false => {
            let bit = if flags & inclusive != 0 { bit } else { 0 };
            let datum = bound.datum;
            (
                bit,
                Some(Param {
                    oid: subtype,
                    datum,
                }),
            )
        }
    };
    let (low, lower) = bound(
        range.lower()?,
        DBAPI_RANGE_LOWER_INCLUSIVE,
        LOWER_INCLUSIVE,
        LOWER_INFINITE,
    );
    let (high, upper) = bound(
        range.upper()?,
        DBAPI_RANGE_UPPER_INCLUSIVE,
        UPPER_INCLUSIVE,
        UPPER_INFINITE,
    );
    Ok((low | high, [lower, upper]))
}

/// Whether the range can be sent in the binary form of a range of `subtype`.
pub(super) fn has_binary(range: View<'_, Range>, subtype: u32) -> bool {
    parts(range, subtype)
        .is_ok_and(|(_, bounds)| bounds.iter().flatten().all(Param::is_binary_item))
}

/// The length of the binary form, if the range is in order.
pub(super) fn binary_len(range: View<'_, Range>, subtype: u32) -> Result<usize, Error> {
    let mut length = 1usize;
    for bound in parts(range, subtype)?.1.iter().flatten() {
        length = length
            .saturating_add(4)
            .saturating_add(bound.encoded_len()?);
    }
    Ok(length)
}

/// Appends the binary form, of which `binary_len` has told the length.
pub(super) fn encode(range: View<'_, Range>, subtype: u32, out: &mut BytesMut) {
    let Ok((bits, bounds)) = parts(range, subtype) else {
        return;
    };
    out.put_u8(bits);
    for bound in bounds.iter().flatten() {
        // No longer than the whole, which fits a message.
        out.put_i32(bound.encoded_len().unwrap_or(0) as i32);
        bound.encode(out);
    }
}
