//! Arrays (PostgreSQL manual, "Arrays"): in text nested braces, quoted items and, where a dimension does not
//! begin at 1, the bounds before them: `[0:1]={{1,NULL},{"a b",""}}`. In binary the dimensions and each item with
//! its length.

use bytes::{BufMut, BytesMut};

use crate::error::Error;

use super::describe::{Built, built_of, delimiter};
use super::nested::{Decoder, Place, Reader};
use super::param::{Datum, Param, render};
use super::scan::Scan;
use super::value::{Array, Value};
use super::view::View;
use super::{malformed, oid, quote};

/// More dimensions than this no array has.
pub(super) const MAX_DIMENSIONS: usize = 6;

/// One dimension while its items are read.
#[derive(Clone, Copy, Default)]
struct Dimension {
    lower: i32,
    length: Option<i32>,
    count: i32,
}

/// The text form. `cell` need not outlive the value.
pub(super) fn from_text(
    decoder: &mut Decoder<'_>,
    oid: u32,
    element: u32,
    cell: &[u8],
) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut scan = Scan(cell);
    let mut dimensions = [Dimension::default(); MAX_DIMENSIONS];
    let bounds = match scan.0.first() {
        Some(b'[') => Some(read_bounds(&mut scan, &mut dimensions).ok_or_else(wrong)?),
        _ => None,
    };
    let mut depth = 0;
    while scan.eat(b'{') {
        depth += 1;
    }
    if depth == 1 && bounds.is_none() && scan.0 == b"}" {
        return finish(decoder, oid, element, mark, &[]);
    }
    let dimensions = dimensions
        .get_mut(..depth)
        .filter(|_| depth > 0 && bounds.is_none_or(|count| count == depth))
        .ok_or_else(wrong)?;
    if bounds.is_none() {
        dimensions
            .iter_mut()
            .for_each(|dimension| dimension.lower = 1);
    }
    let delimiter = delimiter(element);
    let mut buffer = Vec::new();
    loop {
        let item = match quote::array_item(&mut scan, delimiter, &mut buffer).ok_or_else(wrong)? {
            None => Value::null(element),
            Some(item) => decoder.text(element, item, Place::Passing)?,
        };
        decoder.arena.push(item)?;
        if !after_item(&mut scan, dimensions, delimiter).ok_or_else(wrong)? {
            break;
        }
    }
    if !scan.at_end() {
        return Err(wrong());
    }
    finish(decoder, oid, element, mark, dimensions)
}

/// `[1:2][0:0]=`: how many dimensions that names.
fn read_bounds(scan: &mut Scan<'_>, dimensions: &mut [Dimension]) -> Option<usize> {
    let number = |scan: &mut Scan<'_>| {
        let negative = scan.eat(b'-');
        let number = scan.digits(1, 10)?;
        i32::try_from(if negative { -number } else { number }).ok()
    };
    let mut count = 0;
    while scan.eat(b'[') {
        let dimension = dimensions.get_mut(count)?;
        dimension.lower = number(scan)?;
        let upper = scan.eat(b':').then(|| number(scan))??;
        let length = upper.checked_sub(dimension.lower)?.checked_add(1)?;
        dimension.length = Some(length).filter(|&length| length > 0);
        dimension.length?;
        if !scan.eat(b']') {
            return None;
        }
        count += 1;
    }
    scan.eat(b'=').then_some(count)
}

/// What stands behind an item: the end of some dimensions, then another item (true) or nothing.
fn after_item(scan: &mut Scan<'_>, dimensions: &mut [Dimension], delimiter: u8) -> Option<bool> {
    let depth = dimensions.len();
    let mut open = depth;
    loop {
        let dimension = dimensions.get_mut(open.checked_sub(1)?)?;
        dimension.count = dimension.count.checked_add(1)?;
        if scan.eat(delimiter) {
            for _ in open..depth {
                if !scan.eat(b'{') {
                    return None;
                }
            }
            return Some(true);
        }
        if !scan.eat(b'}') {
            return None;
        }
        // All of one dimension are as long as the first.
        let count = std::mem::take(&mut dimension.count);
        if *dimension.length.get_or_insert(count) != count {
            return None;
        }
        open -= 1;
        if open == 0 {
            return Some(false);
        }
    }
}

#[cold]
fn wrong() -> Error {
    malformed("array", "not in the form that the server writes")
}

/// The binary form.
pub(super) fn from_binary(
    decoder: &mut Decoder<'_>,
    oid: u32,
    element: u32,
    cell: &[u8],
    place: Place,
) -> Result<Value, Error> {
    let mark = decoder.arena.mark();
    let mut reader = Reader::new("array", cell, place);
    let depth = reader.int4()?;
    let has_nulls = reader.int4()?;
    if !matches!(has_nulls, 0 | 1) {
        return Err(reader.malformed("unknown flags"));
    }
    if reader.oid()? != element {
        return Err(reader.malformed("of another type's items"));
    }
    let mut dimensions = [Dimension::default(); MAX_DIMENSIONS];
    let dimensions = usize::try_from(depth)
        .ok()
        .and_then(|depth| dimensions.get_mut(..depth))
        .ok_or_else(|| reader.malformed("of an impossible number of dimensions"))?;
    let mut count = usize::from(!dimensions.is_empty());
    for dimension in dimensions.iter_mut() {
        let length = reader.int4()?;
        dimension.lower = reader.int4()?;
        dimension.length = Some(length);
        let fits = length > 0 && dimension.lower.checked_add(length - 1).is_some();
        // Each item has its length before it, of four bytes.
        count = usize::try_from(length)
            .ok()
            .filter(|_| fits)
            .and_then(|length| count.checked_mul(length))
            .filter(|&count| count <= reader.left() / 4)
            .ok_or_else(|| reader.malformed("dimensions that its bytes do not hold"))?;
    }
    for _ in 0..count {
        let item = match reader.value()? {
            None if has_nulls == 0 => return Err(reader.malformed("a NULL that is not announced")),
            None => Value::null(element),
            Some((item, place)) => decoder.binary(element, item, place)?,
        };
        decoder.arena.push(item)?;
    }
    reader.end()?;
    finish(decoder, oid, element, mark, dimensions)
}

/// Makes the array of the values above `mark`.
fn finish(
    decoder: &mut Decoder<'_>,
    oid: u32,
    element: u32,
    mark: usize,
    dimensions: &[Dimension],
) -> Result<Value, Error> {
    let arena = &mut *decoder.arena;
    let (items, count) = arena.take(mark)?;
    // Lengths, then lower bounds: one piece of memory.
    let mut numbers = [0; 2 * MAX_DIMENSIONS];
    let depth = dimensions.len();
    let of = dimensions.iter().map(|d| d.length.unwrap_or(0));
    let of = of.chain(dimensions.iter().map(|d| d.lower));
    numbers.iter_mut().zip(of).for_each(|(to, from)| *to = from);
    let lengths = arena.keep(numbers.get(..depth).unwrap_or_default())?;
    let lower_bounds = arena.keep(numbers.get(depth..2 * depth).unwrap_or_default())?;
    let array = Array {
        element_oid: element,
        dimensions: depth as i32,
        lengths,
        lower_bounds,
        count,
        items,
    };
    let array = arena.keep(&[array])?;
    Ok(Value::array(oid, array))
}

/// Appends the text form.
pub(super) fn format(array: View<'_, Array>, out: &mut String, depth: u32) -> Result<(), Error> {
    let extents = array.extents()?;
    let items = array.items()?;
    if items.len() == 0 {
        out.push_str("{}");
        return Ok(());
    }
    if extents.iter().any(|extent| extent.lower != 1) {
        for extent in extents.iter() {
            let upper = i64::from(extent.lower) + extent.length as i64 - 1;
            out.push_str(&format!("[{}:{upper}]", extent.lower));
        }
        out.push('=');
    }
    let element = match array.element_oid() {
        0 => element_type(array).unwrap_or(0),
        element => element,
    };
    let delimiter = delimiter(element);
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        let item = in_item(index, item)?;
        // As many braces close and open as dimensions begin anew here.
        let begun = extents
            .iter()
            .filter(|e| index.is_multiple_of(e.items))
            .count();
        if index > 0 {
            out.extend(std::iter::repeat_n('}', begun));
            out.push(char::from(delimiter));
        }
        out.extend(std::iter::repeat_n('{', begun));
        if item.is_null() {
            out.push_str("NULL");
            continue;
        }
        text.clear();
        let oid = if item.oid == 0 { element } else { item.oid };
        let rendered = render(oid, &item.datum, &mut text, depth + 1);
        // The way to the item, but not of what has no end.
        match depth {
            0..=3 => in_item(index, rendered)?,
            _ => rendered?,
        }
        quote::push_array_item(&text, delimiter, out);
    }
    out.extend(std::iter::repeat_n('}', extents.iter().count()));
    Ok(())
}

/// Says which item an error is about.
fn in_item<T>(index: usize, outcome: Result<T, Error>) -> Result<T, Error> {
    outcome.map_err(|error| error.prefixed(&format!("item {}: ", index + 1)))
}

/// The type of the items: as the array says, or what they have in common. 0 if nothing says it: an array of
/// NULLs, of json, or without items.
pub(super) fn element_type(array: View<'_, Array>) -> Result<u32, Error> {
    if array.element_oid() != 0 {
        return Ok(array.element_oid());
    }
    let (mut common, mut has_text, mut has_json) = (0, false, false);
    for (index, item) in array.items()?.iter().enumerate() {
        let item = in_item(index, item)?;
        match item {
            Param {
                oid: 0,
                datum: Datum::Text(_),
            } => has_text = true,
            Param {
                oid: 0,
                datum: Datum::Json(_),
            } => has_json = true,
            Param {
                oid: 0,
                datum: Datum::Array(_),
            } => {
                let message = "an array within an array: it takes one array with more dimensions";
                return in_item(index, Err(Error::programming(message)));
            }
            _ => {
                let declared = item.declared_oid();
                common = join(common, declared).ok_or_else(|| {
                    Error::programming(format!(
                        "item {}: of type {declared}, and those before it of type {common}: \
                         give the array its element_oid, or an oid",
                        index + 1
                    ))
                })?;
            }
        }
    }
    match common {
        0 if has_text && !has_json => Ok(oid::TEXT),
        _ => Ok(common),
    }
}

/// The type that two items' types become in one array, as ARRAY[] has it for numbers. 0 is no type yet.
fn join(one: u32, other: u32) -> Option<u32> {
    const WIDENING: [u32; 6] = [
        oid::INT2,
        oid::INT4,
        oid::INT8,
        oid::NUMERIC,
        oid::FLOAT4,
        oid::FLOAT8,
    ];
    if one == other || other == 0 {
        return Some(one);
    }
    if one == 0 {
        return Some(other);
    }
    let place = |oid| WIDENING.iter().position(|&wide| wide == oid);
    let widest = place(one)?.max(place(other)?);
    WIDENING.get(widest).copied()
}

/// An item as a parameter of the array's element type.
fn as_element(item: Param<'_>, element: u32) -> Param<'_> {
    Param {
        oid: element,
        datum: item.datum,
    }
}

/// Whether each item can be sent in the binary form of `element`.
pub(super) fn has_binary(array: View<'_, Array>, element: u32) -> bool {
    array.items().is_ok_and(|items| {
        items
            .iter()
            .all(|item| item.is_ok_and(|item| as_element(item, element).is_binary_item()))
    })
}

/// Of an array type that `has_binary` was true of: the element's type.
fn element_of(declared: u32) -> u32 {
    match built_of(declared) {
        Some(Built::Array(element)) => element,
        _ => 0,
    }
}

/// The length of the binary form, if the array is in order.
pub(super) fn binary_len(array: View<'_, Array>, declared: u32) -> Result<usize, Error> {
    let element = element_of(declared);
    let mut length = 12 + 8 * array.extents()?.iter().count();
    for (index, item) in array.items()?.iter().enumerate() {
        let item = in_item(index, item)?;
        let item = in_item(index, as_element(item, element).encoded_len())?;
        length = length
            .checked_add(item)
            .and_then(|length| length.checked_add(4))
            .ok_or_else(|| Error::data("an array is too long").with_sqlstate("54000"))?;
    }
    Ok(length)
}

/// Appends the binary form, of which `binary_len` has told the length.
pub(super) fn encode(array: View<'_, Array>, declared: u32, out: &mut BytesMut) {
    let (Ok(extents), Ok(items)) = (array.extents(), array.items()) else {
        return;
    };
    let element = element_of(declared);
    let null = |item: Result<Param<'_>, Error>| item.is_ok_and(|item| item.is_null());
    out.put_i32(extents.iter().count() as i32);
    out.put_i32(i32::from(items.iter().any(null)));
    out.put_u32(element);
    for extent in extents.iter() {
        out.put_i32(extent.length as i32);
        out.put_i32(extent.lower);
    }
    for item in items.iter() {
        match item {
            Ok(item) if !item.is_null() => {
                let item = as_element(item, element);
                // No longer than the whole, which fits a message.
                out.put_i32(item.encoded_len().unwrap_or(0) as i32);
                item.encode(out);
            }
            _ => out.put_i32(-1),
        }
    }
}
