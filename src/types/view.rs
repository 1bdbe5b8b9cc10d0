//! Reads the structs that values point to: those that decoding made, and those that C hands in as parameters.
//! The latter are checked here (NULL, counts, alignment); what they mean, the types' own files check.
#![allow(
    unsafe_code,
    reason = "a value's pointers are followed here, for `abi`, which vouches for them"
)]

use std::fmt;

use crate::error::Error;

use super::array::MAX_DIMENSIONS;
use super::column::{Held, Layout};
use super::param::{Datum, Param};
use super::value::{
    Arena, Array, Bits, Composite, DBAPI_RANGE_EMPTY, DBAPI_RANGE_LOWER_INCLUSIVE,
    DBAPI_RANGE_UPPER_INCLUSIVE, Geometry, Hstore, Inet, Kind, Multirange, Point, Range, Text,
    Value,
};
use super::{Catalog, decode_binary, decode_text};

/// The longest value that a message to the server can hold, in bytes.
pub(crate) const LONGEST_VALUE: usize = (1 << 30) - 2;

/// A value as safe Rust sees it.
///
/// # Safety
/// The member of the union that the value's kind names is filled, and its pointers lead to what they say, for
/// `'a`; and so for the values there.
pub(crate) unsafe fn param<'a>(value: &'a Value) -> Result<Param<'a>, Error> {
    let kind = Kind::from_number(value.kind)
        .ok_or_else(|| Error::programming(format!("kind {} is not a dbapi_kind_t", value.kind)))?;
    let held = &value.r#as;
    // SAFETY: every bit pattern is a value of each member that is read here; the kind says which one was
    // filled, and the caller vouches for its pointers.
    let datum = unsafe {
        match kind {
            Kind::DBAPI_KIND_NULL => Datum::Null,
            // Not as a bool: a C caller may have left more than a 1 there.
            Kind::DBAPI_KIND_BOOL => Datum::Bool(held.uuid[0] != 0),
            Kind::DBAPI_KIND_INT => Datum::Int(held.integer),
            Kind::DBAPI_KIND_FLOAT => Datum::Float(held.floating),
            Kind::DBAPI_KIND_NUMERIC => Datum::Numeric(utf8(held.text)?),
            Kind::DBAPI_KIND_TEXT => Datum::Text(utf8(held.text)?),
            Kind::DBAPI_KIND_BYTES => Datum::Bytes(bytes(held.text)?),
            Kind::DBAPI_KIND_DATE => Datum::Date(held.integer),
            Kind::DBAPI_KIND_TIME => Datum::Time(held.integer),
            Kind::DBAPI_KIND_TIMETZ => Datum::TimeTz(held.timetz),
            Kind::DBAPI_KIND_TIMESTAMP => Datum::Timestamp(held.integer),
            Kind::DBAPI_KIND_TIMESTAMPTZ => Datum::TimestampTz(held.integer),
            Kind::DBAPI_KIND_INTERVAL => Datum::Interval(held.interval),
            Kind::DBAPI_KIND_UUID => Datum::Uuid(held.uuid),
            Kind::DBAPI_KIND_JSON => Datum::Json(utf8(held.text)?),
            Kind::DBAPI_KIND_ARRAY => Datum::Array(View::of(held.array)?),
            Kind::DBAPI_KIND_RANGE => Datum::Range(View::of(held.range)?),
            Kind::DBAPI_KIND_MULTIRANGE => Datum::Multirange(View::of(held.multirange)?),
            Kind::DBAPI_KIND_COMPOSITE => Datum::Composite(View::of(held.composite)?),
            Kind::DBAPI_KIND_INET => Datum::Inet(*View::<Inet>::of(held.inet)?.0),
            Kind::DBAPI_KIND_BITS => Datum::Bits(View::of(held.bits)?),
            Kind::DBAPI_KIND_POINT => Datum::Point(held.point),
            Kind::DBAPI_KIND_GEOMETRY => Datum::Geometry(View::of(held.geometry)?),
            Kind::DBAPI_KIND_HSTORE => Datum::Hstore(View::of(held.hstore)?),
        }
    };
    Ok(Param {
        oid: value.oid,
        datum,
    })
}

/// Decodes one cell that is not NULL, and shows what its value holds: its kind, and what lies in the cell or in `arena`.
pub(crate) fn decoded<'a>(
    oid: u32,
    binary: bool,
    cell: &'a [u8],
    catalog: &Catalog,
    arena: &'a mut Arena,
) -> Result<(Kind, Held<'a>), Error> {
    let value = if binary {
        decode_binary(oid, cell, catalog, arena)
    } else {
        decode_text(oid, cell, catalog, arena)
    }?;
    let kind = Kind::from_number(value.kind).unwrap_or(Kind::DBAPI_KIND_NULL);
    let held = match Layout::of(kind) {
        Layout::DBAPI_LAYOUT_INT64 | Layout::DBAPI_LAYOUT_DOUBLE => Held::Word(word(&value)),
        Layout::DBAPI_LAYOUT_BOOL => Held::Byte(byte(&value)),
        // SAFETY: the kinds of this layout hold a text, and decoding made it of bytes of the cell or of the arena, both of
        // which stay as they are for 'a.
        Layout::DBAPI_LAYOUT_BYTES => Held::Bytes(unsafe { bytes(value.r#as.text) }?),
        Layout::DBAPI_LAYOUT_VALUES => Held::Value,
    };
    Ok((kind, held))
}

/// The integer of a decoded value, or the bits of its float.
#[inline(always)]
pub(crate) fn word(value: &Value) -> i64 {
    // SAFETY: the union begins as zeroes (`Value`), so all of it is filled, and every bit pattern is an integer.
    unsafe { value.r#as.integer }
}

/// 1 if a decoded value is true.
#[inline(always)]
pub(crate) fn byte(value: &Value) -> u8 {
    // SAFETY: as in `word`.
    let [first, ..] = unsafe { value.r#as.uuid };
    first
}

/// The bytes that a text counts.
///
/// # Safety
/// Its pointer leads to that many bytes, for `'a`.
pub(crate) unsafe fn bytes<'a>(text: Text) -> Result<&'a [u8], Error> {
    if text.length == 0 {
        return Ok(&[]);
    }
    if text.data.is_null() {
        return Err(Error::programming(format!(
            "its data is NULL, with length {}",
            text.length
        )));
    }
    if text.length > LONGEST_VALUE {
        return Err(Error::data(format!(
            "it is {} bytes long, and PostgreSQL accepts {LONGEST_VALUE}",
            text.length
        ))
        .with_sqlstate("54000"));
    }
    // SAFETY: not NULL, and the caller vouches for the bytes.
    Ok(unsafe { std::slice::from_raw_parts(text.data.cast(), text.length) })
}

/// # Safety
/// As of `bytes`.
unsafe fn utf8<'a>(text: Text) -> Result<&'a str, Error> {
    // SAFETY: the caller vouches for it.
    let bytes = unsafe { bytes(text) }?;
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8. For short texts, finding that out is several times as fast.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        Error::data(format!(
            "it is not valid UTF-8, at byte {}",
            error.valid_up_to()
        ))
        .with_sqlstate("22021")
    })
}

/// A struct whose pointers lead to what they say: only `param` makes one, whose caller vouched for it.
pub(crate) struct View<'a, T>(&'a T);

impl<T> Clone for View<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for View<'_, T> {}

impl<'a, T> View<'a, T> {
    /// # Safety
    /// The pointer, if not NULL, is good for `'a`, and so is what the struct points to.
    unsafe fn of(pointer: *const T) -> Result<View<'a, T>, Error> {
        if pointer.is_null() || !pointer.is_aligned() {
            return Err(Error::programming(
                "its struct is NULL, or not aligned as its type is",
            ));
        }
        // SAFETY: not NULL, aligned, and the caller vouches for it.
        Ok(View(unsafe { &*pointer }))
    }
}

/// # Safety
/// The pointer, if not NULL, leads to that many, for `'a`.
unsafe fn slice<'a, T>(data: *const T, count: usize, what: &str) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    if data.is_null() || !data.is_aligned() {
        let message = format!("its {what} are NULL, or not aligned as their type is");
        return Err(Error::programming(message));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Error::programming(format!("it cannot have {count} {what}")));
    }
    // SAFETY: not NULL, aligned, no longer than memory, and the caller vouches for the rest.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// Values that a struct points to.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a>(&'a [Value]);

impl<'a> Values<'a> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Param<'a>, Error>> + use<'a> {
        // SAFETY: whoever made the struct's view vouched for the values it points to.
        self.0.iter().map(|value| unsafe { param(value) })
    }
}

/// One dimension of an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) length: usize,
    pub(super) lower: i32,
    /// How many items lie in one step of the dimension around it: the product of this length and those below.
    pub(super) items: usize,
}

/// The dimensions of an array, outermost first.
#[derive(Clone, Copy, Default)]
pub(super) struct Extents {
    extents: [Extent; MAX_DIMENSIONS],
    count: usize,
}

impl Extents {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Extent> {
        self.extents.iter().take(self.count)
    }
}

impl<'a> View<'a, Array> {
    pub(super) fn element_oid(&self) -> u32 {
        self.0.element_oid
    }

    pub(super) fn items(&self) -> Result<Values<'a>, Error> {
        // SAFETY: vouched for when the view was made.
        unsafe { slice(self.0.items, self.0.count, "items") }.map(Values)
    }

    /// Its dimensions, which fit its count. None if it is empty.
    pub(super) fn extents(&self) -> Result<Extents, Error> {
        let mut extents = Extents::default();
        if self.0.count == 0 {
            return Ok(extents);
        }
        let dimensions = usize::try_from(self.0.dimensions)
            .ok()
            .filter(|count| (1..=MAX_DIMENSIONS).contains(count))
            .ok_or_else(|| {
                Error::programming(format!(
                    "an array with items has 1 to {MAX_DIMENSIONS} dimensions, not {}",
                    self.0.dimensions
                ))
            })?;
        const ONES: [i32; MAX_DIMENSIONS] = [1; MAX_DIMENSIONS];
        let all = [i32::try_from(self.0.count).unwrap_or(-1)];
        let lengths = match self.0.lengths.is_null() && dimensions == 1 {
            true => &all[..],
            // SAFETY: vouched for when the view was made.
            false => unsafe { slice(self.0.lengths, dimensions, "lengths") }?,
        };
        let lower_bounds = match self.0.lower_bounds.is_null() {
            true => ONES.get(..dimensions).unwrap_or_default(),
            // SAFETY: as above.
            false => unsafe { slice(self.0.lower_bounds, dimensions, "lower bounds") }?,
        };
        extents.count = dimensions;
        let mut product = Some(1usize);
        let numbers = lengths.iter().zip(lower_bounds).rev();
        let places = extents.extents.iter_mut().take(dimensions).rev();
        for (extent, (&length, &lower)) in places.zip(numbers) {
            // The last item's index is an int4. (A server of today wants that of the one behind it to be, too; what
            // older ones have stored may lack that, and is read and written all the same.)
            product = usize::try_from(length)
                .ok()
                .filter(|&length| length > 0 && lower.checked_add(length as i32 - 1).is_some())
                .and_then(|length| product?.checked_mul(length));
            *extent = Extent {
                length: length as usize,
                lower,
                items: product.unwrap_or(0),
            };
        }
        if product != Some(self.0.count) {
            return Err(Error::programming(format!(
                "its lengths and lower bounds do not make an array of {} items",
                self.0.count
            )));
        }
        Ok(extents)
    }
}

impl<'a> View<'a, Range> {
    pub(super) fn flags(&self) -> Result<i32, Error> {
        const ALL: i32 =
            DBAPI_RANGE_EMPTY | DBAPI_RANGE_LOWER_INCLUSIVE | DBAPI_RANGE_UPPER_INCLUSIVE;
        match self.0.flags {
            flags if flags & !ALL == 0 => Ok(flags),
            flags => Err(Error::programming(format!(
                "its flags {flags} are not of DBAPI_RANGE_EMPTY, _LOWER_INCLUSIVE and _UPPER_INCLUSIVE"
            ))),
        }
    }

    pub(super) fn subtype_oid(&self) -> u32 {
        self.0.subtype_oid
    }

    pub(super) fn lower(&self) -> Result<Param<'a>, Error> {
        // SAFETY: vouched for when the view was made.
        unsafe { param(&self.0.lower) }.map_err(|error| error.prefixed("lower bound: "))
    }

    pub(super) fn upper(&self) -> Result<Param<'a>, Error> {
        // SAFETY: as above.
        unsafe { param(&self.0.upper) }.map_err(|error| error.prefixed("upper bound: "))
    }
}

impl<'a> View<'a, Multirange> {
    pub(super) fn range_oid(&self) -> u32 {
        self.0.range_oid
    }

    pub(super) fn ranges(&self) -> Result<Values<'a>, Error> {
        // SAFETY: vouched for when the view was made.
        unsafe { slice(self.0.ranges, self.0.count, "ranges") }.map(Values)
    }
}

impl<'a> View<'a, Composite> {
    pub(super) fn fields(&self) -> Result<Values<'a>, Error> {
        // SAFETY: vouched for when the view was made.
        unsafe { slice(self.0.fields, self.0.count, "fields") }.map(Values)
    }
}

impl<'a> View<'a, Hstore> {
    /// Keys and values, as many of each.
    pub(super) fn pairs(&self) -> Result<(Values<'a>, Values<'a>), Error> {
        // SAFETY: vouched for when the view was made.
        let (keys, values) = unsafe {
            (
                slice(self.0.keys, self.0.count, "keys")?,
                slice(self.0.values, self.0.count, "values")?,
            )
        };
        Ok((Values(keys), Values(values)))
    }
}

impl<'a> View<'a, Bits> {
    /// The bytes, and how many bits count.
    pub(super) fn bits(&self) -> Result<(&'a [u8], usize), Error> {
        let length = self.0.length;
        if length > LONGEST_VALUE {
            let message = format!("it has {length} bits, more than a value can have");
            return Err(Error::data(message).with_sqlstate("54000"));
        }
        // SAFETY: vouched for when the view was made.
        let bytes = unsafe { slice(self.0.bytes, length.div_ceil(8), "bytes") }?;
        Ok((bytes, length))
    }
}

impl<'a> View<'a, Geometry> {
    pub(super) fn figure(&self) -> &'a Geometry {
        self.0
    }

    pub(super) fn points(&self) -> Result<&'a [Point], Error> {
        // SAFETY: vouched for when the view was made.
        unsafe { slice(self.0.points, self.0.count, "points") }
    }
}

/// Shows the struct as the text that it stands for.
impl<'a, T> fmt::Debug for View<'a, T>
where
    Datum<'a>: From<View<'a, T>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        match super::format(0, &Datum::from(*self), &mut text) {
            Ok(()) => f.write_str(&text),
            Err(error) => write!(f, "{error}"),
        }
    }
}
