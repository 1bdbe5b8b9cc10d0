//! Values and their forms on the wire: PostgreSQL's text and binary representations, both directions.
//!
//! Knows nothing of messages or cursors: bytes of one cell in, one [`value::Value`] out, and back. One file
//! for each family of types, after the chapters of "Data Types" in the PostgreSQL manual; what a server's
//! binary form is, the manual leaves to the types' `send` functions.
//!
//! Two kinds of surprise are kept apart. Bytes that no server sends (a bool of two bytes, a numeric whose
//! header lies) are an internal error. A text in a style that is not read here (DateStyle SQL) is no error:
//! it arrives as the text it is.

mod arena;
mod array;
mod bits;
mod boolean;
mod builtin;
mod bytea;
mod calendar;
pub(crate) mod column;
mod composite;
mod datetime;
mod describe;
mod float;
mod formats;
mod geometry;
mod hstore;
mod int;
mod interval;
mod literal;
mod multirange;
mod names;
mod nested;
mod network;
mod numeric;
pub(crate) mod oid;
mod param;
pub(crate) mod parts;
mod plain;
mod quote;
mod range;
mod scan;
mod uuid;
pub(crate) mod value;
pub(crate) mod view;
mod words;

#[cfg(test)]
mod tests;

use crate::error::{Class, Error};
use datetime::Timestamp;
use describe::Shape;
use nested::{Decoder, Place};
use value::{Arena, Kind, Value};

pub(crate) use describe::{Catalog, Field, UserType, is_builtin};
pub(crate) use formats::{Styles, is_quicker_in_binary};
pub(crate) use literal::{Dialect, write as write_literal};
pub(crate) use param::{Datum, Param, format};
pub(crate) use plain::Plain;
pub(crate) use words::Cell;

/// The kind a column of this built-in type arrives as.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn kind_of(oid: u32) -> Kind {
    Catalog::EMPTY.kind_of(oid)
}

/// `Catalog::has_binary` of the built-in types.
#[cfg(test)]
pub(crate) fn has_binary(oid: u32) -> bool {
    Catalog::EMPTY.has_binary(oid)
}

impl Catalog {
    /// The kind a column of this type arrives as (`DBAPI_KIND_TEXT` for every type without its own). NULLs
    /// aside, single values may still be TEXT: a timestamp too late for microseconds from 1970, a record whose
    /// columns cannot be told, and dates, times and intervals that the server writes in another style than those
    /// read here.
    pub(crate) fn kind_of(&self, oid: u32) -> Kind {
        let oid = self.base(oid);
        match oid {
            oid::BOOL => Kind::DBAPI_KIND_BOOL,
            oid::INT2 | oid::INT4 | oid::INT8 | oid::OID => Kind::DBAPI_KIND_INT,
            oid::XID | oid::CID | oid::XID8 => Kind::DBAPI_KIND_INT,
            oid::FLOAT4 | oid::FLOAT8 => Kind::DBAPI_KIND_FLOAT,
            oid::NUMERIC => Kind::DBAPI_KIND_NUMERIC,
            oid::BYTEA => Kind::DBAPI_KIND_BYTES,
            oid::DATE => Kind::DBAPI_KIND_DATE,
            oid::TIME => Kind::DBAPI_KIND_TIME,
            oid::TIMETZ => Kind::DBAPI_KIND_TIMETZ,
            oid::TIMESTAMP => Kind::DBAPI_KIND_TIMESTAMP,
            oid::TIMESTAMPTZ => Kind::DBAPI_KIND_TIMESTAMPTZ,
            oid::INTERVAL => Kind::DBAPI_KIND_INTERVAL,
            oid::UUID => Kind::DBAPI_KIND_UUID,
            oid::JSON | oid::JSONB => Kind::DBAPI_KIND_JSON,
            oid::INET | oid::CIDR => Kind::DBAPI_KIND_INET,
            oid::BIT | oid::VARBIT => Kind::DBAPI_KIND_BITS,
            oid::POINT => Kind::DBAPI_KIND_POINT,
            oid::LINE | oid::LSEG | oid::BOX | oid::PATH | oid::POLYGON | oid::CIRCLE => {
                Kind::DBAPI_KIND_GEOMETRY
            }
            _ => match self.shape(oid) {
                Shape::Plain | Shape::Text => Kind::DBAPI_KIND_TEXT,
                Shape::Array(_) => Kind::DBAPI_KIND_ARRAY,
                Shape::Range(_) => Kind::DBAPI_KIND_RANGE,
                Shape::Multirange(_) => Kind::DBAPI_KIND_MULTIRANGE,
                Shape::Composite(_) => Kind::DBAPI_KIND_COMPOSITE,
                Shape::Hstore => Kind::DBAPI_KIND_HSTORE,
            },
        }
    }

    /// Whether `decode_binary` understands this type's binary form (then a caller may ask the server for it),
    /// and it says no less than the text.
    ///
    /// Not xml, whose binary form has an XML declaration that its text lacks, nor `"char"`, whose text is not
    /// the same in every version, nor types whose text depends on the server's settings (money) or catalogs
    /// (regclass). Nor record, whose fields may be of any of these.
    pub(crate) fn has_binary(&self, oid: u32) -> bool {
        // Enough for any type that is not below itself.
        let mut steps = 1000;
        self.has_binary_below(oid, &mut steps)
    }

    fn has_binary_below(&self, oid: u32, steps: &mut u32) -> bool {
        if *steps == 0 {
            return false;
        }
        *steps -= 1;
        let oid = self.base(oid);
        match self.shape(oid) {
            Shape::Plain => is_plain_text(oid) || self.kind_of(oid) != Kind::DBAPI_KIND_TEXT,
            Shape::Text | Shape::Hstore => true,
            Shape::Array(of) | Shape::Range(of) | Shape::Multirange(of) => {
                self.has_binary_below(of, steps)
            }
            Shape::Composite(None) => false,
            Shape::Composite(Some(fields)) => fields
                .iter()
                .all(|field| self.has_binary_below(field.oid, steps)),
        }
    }
}

/// The types whose binary form is their text form.
fn is_plain_text(oid: u32) -> bool {
    matches!(
        oid,
        oid::TEXT
            | oid::VARCHAR
            | oid::BPCHAR
            | oid::NAME
            | oid::UNKNOWN
            | oid::REFCURSOR
            | oid::CSTRING
            | oid::VOID
    )
}

/// One non-NULL cell in text format. `cell` must be followed by a NUL byte in memory: TEXT, NUMERIC and JSON
/// values point at the cell itself. What must be rewritten (a bytea) goes to `arena`.
///
/// TEXT and JSON are always UTF-8: bytes that are not (a SQL_ASCII database may hold any) arrive as BYTES.
#[inline]
pub(crate) fn decode_text(
    oid: u32,
    cell: &[u8],
    catalog: &Catalog,
    arena: &mut Arena,
) -> Result<Value, Error> {
    leaf_text(oid, cell, arena, |arena| {
        Decoder::new(catalog, arena).made_text(oid, cell, Place::Pinned)
    })
}

/// The same of a type that is not made of others; any other is left to `made`. TEXT, NUMERIC and JSON values, and
/// BYTES of other types than bytea, are all of the cell, and point at it.
#[inline(always)]
fn leaf_text(
    oid: u32,
    cell: &[u8],
    arena: &mut Arena,
    made: impl FnOnce(&mut Arena) -> Result<Value, Error>,
) -> Result<Value, Error> {
    let integer = |kind, number| Ok(Value::integer(kind, oid, number));
    let read = match oid {
        oid::TEXT | oid::VARCHAR | oid::BPCHAR => None,
        oid::INT4 => return integer(Kind::DBAPI_KIND_INT, int::from_text::<i32>("int4", cell)?),
        oid::INT8 => return integer(Kind::DBAPI_KIND_INT, int::from_text::<i64>("int8", cell)?),
        oid::INT2 => return integer(Kind::DBAPI_KIND_INT, int::from_text::<i16>("int2", cell)?),
        oid::OID => return integer(Kind::DBAPI_KIND_INT, int::from_text::<u32>("oid", cell)?),
        oid::BOOL => return Ok(Value::boolean(oid, boolean::from_text(cell)?)),
        oid::UUID => return Ok(Value::uuid(oid, uuid::from_text(cell)?)),
        oid::NUMERIC => {
            numeric::check_text(cell)?;
            return Ok(Value::text(Kind::DBAPI_KIND_NUMERIC, oid, cell));
        }
        oid::BYTEA => {
            let bytes = bytea::from_text(cell, arena)?;
            return Ok(Value::text(Kind::DBAPI_KIND_BYTES, oid, bytes));
        }
        oid::JSON | oid::JSONB => return Ok(utf8(Kind::DBAPI_KIND_JSON, oid, cell)),
        // Those below may be in a style that is not read, or beyond what the kind can hold.
        oid::FLOAT8 => float::float8_from_text(cell)?.map(|number| Value::floating(oid, number)),
        oid::FLOAT4 => float::float4_from_text(cell)?.map(|number| Value::floating(oid, number)),
        oid::TIMESTAMP => datetime::timestamp_from_text(cell, false)
            .map(|micros| Value::integer(Kind::DBAPI_KIND_TIMESTAMP, oid, micros)),
        oid::TIMESTAMPTZ => datetime::timestamp_from_text(cell, true)
            .map(|micros| Value::integer(Kind::DBAPI_KIND_TIMESTAMPTZ, oid, micros)),
        oid::DATE => datetime::date_from_text(cell)
            .map(|days| Value::integer(Kind::DBAPI_KIND_DATE, oid, days)),
        oid::TIME => datetime::time_from_text(cell)
            .map(|micros| Value::integer(Kind::DBAPI_KIND_TIME, oid, micros)),
        oid::TIMETZ => datetime::timetz_from_text(cell).map(|time| Value::timetz(oid, time)),
        oid::INTERVAL => interval::from_text(cell).map(|interval| Value::interval(oid, interval)),
        oid::POINT => geometry::point_from_text(cell)?.map(|point| Value::point(oid, point)),
        oid::LINE | oid::LSEG | oid::BOX | oid::PATH | oid::POLYGON | oid::CIRCLE => {
            geometry::from_text(oid, cell, arena)?
        }
        oid::INET | oid::CIDR => {
            let inet = arena.keep(&[network::from_text(cell)?])?;
            return Ok(Value::inet(oid, inet));
        }
        oid::BIT | oid::VARBIT => return bits::from_text(oid, cell, arena),
        oid::XID => return integer(Kind::DBAPI_KIND_INT, int::from_text::<u32>("xid", cell)?),
        oid::CID => return integer(Kind::DBAPI_KIND_INT, int::from_text::<u32>("cid", cell)?),
        oid::XID8 => {
            return Ok(match int::xid8_from_text(cell)? {
                Ok(number) => Value::integer(Kind::DBAPI_KIND_INT, oid, number),
                Err(_) => Value::text(Kind::DBAPI_KIND_NUMERIC, oid, cell),
            });
        }
        _ if is_plain_text(oid) => None,
        _ => return made(arena),
    };
    Ok(read.unwrap_or_else(|| utf8(Kind::DBAPI_KIND_TEXT, oid, cell)))
}

/// The same for binary format; digits of a numeric, too, go to `arena`. A type without `has_binary` (the
/// columns of a cursor that SQL declared BINARY may be any) arrives as the BYTES that were sent.
#[inline]
pub(crate) fn decode_binary(
    oid: u32,
    cell: &[u8],
    catalog: &Catalog,
    arena: &mut Arena,
) -> Result<Value, Error> {
    leaf_binary(oid, cell, arena, |arena| {
        Decoder::new(catalog, arena).made_binary(oid, cell, Place::Pinned)
    })
}

/// The same of a type that is not made of others; any other is left to `made`. A value of the text types, of bytea, json
/// or jsonb points at the cell.
#[inline(always)]
fn leaf_binary(
    oid: u32,
    cell: &[u8],
    arena: &mut Arena,
    made: impl FnOnce(&mut Arena) -> Result<Value, Error>,
) -> Result<Value, Error> {
    let integer = |kind, number| Ok(Value::integer(kind, oid, number));
    match oid {
        oid::INT4 => integer(Kind::DBAPI_KIND_INT, int::int4_from_binary(cell)?),
        oid::INT8 => integer(Kind::DBAPI_KIND_INT, int::int8_from_binary(cell)?),
        oid::INT2 => integer(Kind::DBAPI_KIND_INT, int::int2_from_binary(cell)?),
        oid::OID => integer(Kind::DBAPI_KIND_INT, int::oid_from_binary(cell)?),
        oid::BOOL => Ok(Value::boolean(oid, boolean::from_binary(cell)?)),
        oid::FLOAT8 => Ok(Value::floating(oid, float::float8_from_binary(cell)?)),
        oid::FLOAT4 => Ok(Value::floating(oid, float::float4_from_binary(cell)?)),
        oid::NUMERIC => {
            let digits = numeric::from_binary(cell, arena)?;
            Ok(Value::text(Kind::DBAPI_KIND_NUMERIC, oid, digits))
        }
        oid::BYTEA => Ok(Value::text(Kind::DBAPI_KIND_BYTES, oid, cell)),
        oid::UUID => Ok(Value::uuid(oid, uuid::from_binary(cell)?)),
        oid::DATE => integer(Kind::DBAPI_KIND_DATE, datetime::date_from_binary(cell)?),
        oid::TIME => integer(Kind::DBAPI_KIND_TIME, datetime::time_from_binary(cell)?),
        oid::TIMETZ => Ok(Value::timetz(oid, datetime::timetz_from_binary(cell)?)),
        oid::TIMESTAMP => match datetime::timestamp_from_binary("timestamp", cell)? {
            Timestamp::Unix(micros) => integer(Kind::DBAPI_KIND_TIMESTAMP, micros),
            Timestamp::Late(micros) => late_timestamp(oid, micros, false, arena),
        },
        oid::TIMESTAMPTZ => match datetime::timestamp_from_binary("timestamptz", cell)? {
            Timestamp::Unix(micros) => integer(Kind::DBAPI_KIND_TIMESTAMPTZ, micros),
            Timestamp::Late(micros) => late_timestamp(oid, micros, true, arena),
        },
        oid::INTERVAL => Ok(Value::interval(oid, interval::from_binary(cell)?)),
        oid::JSON => Ok(utf8(Kind::DBAPI_KIND_JSON, oid, cell)),
        oid::JSONB => match cell.split_first() {
            Some((1, text)) => Ok(utf8(Kind::DBAPI_KIND_JSON, oid, text)),
            _ => Err(malformed("jsonb", "not of version 1")),
        },
        oid::POINT => Ok(Value::point(oid, geometry::point_from_binary(cell)?)),
        oid::LINE | oid::LSEG | oid::BOX | oid::PATH | oid::POLYGON | oid::CIRCLE => {
            geometry::from_binary(oid, cell, arena)
        }
        oid::INET | oid::CIDR => {
            let inet = arena.keep(&[network::from_binary(cell)?])?;
            Ok(Value::inet(oid, inet))
        }
        oid::BIT | oid::VARBIT => bits::from_binary(oid, cell, arena),
        oid::XID | oid::CID => integer(Kind::DBAPI_KIND_INT, int::oid_from_binary(cell)?),
        oid::XID8 => {
            let number = u64::from_be_bytes(fixed("xid8", cell)?);
            match i64::try_from(number) {
                Ok(number) => integer(Kind::DBAPI_KIND_INT, number),
                Err(_) => {
                    let digits = arena.copy(number.to_string().as_bytes())?;
                    Ok(Value::text(Kind::DBAPI_KIND_NUMERIC, oid, digits))
                }
            }
        }
        _ if is_plain_text(oid) => Ok(utf8(Kind::DBAPI_KIND_TEXT, oid, cell)),
        _ => made(arena),
    }
}

/// Text, if it is; else the bytes that it is.
#[inline]
fn utf8(kind: Kind, oid: u32, cell: &[u8]) -> Value {
    let kind = if cell.is_ascii() || std::str::from_utf8(cell).is_ok() {
        kind
    } else {
        Kind::DBAPI_KIND_BYTES
    };
    Value::text(kind, oid, cell)
}

/// A timestamp that microseconds from 1970 can't hold, as the server's own text (a timestamptz in UTC).
#[cold]
fn late_timestamp(oid: u32, micros: i64, zoned: bool, arena: &mut Arena) -> Result<Value, Error> {
    let mut text = String::new();
    datetime::format_late_timestamp(micros, zoned, &mut text);
    let copy = |out: &mut [u8]| {
        out.iter_mut()
            .zip(text.as_bytes())
            .for_each(|(to, from)| *to = *from);
        text.len()
    };
    let text = arena
        .alloc(text.len(), copy)
        .ok_or_else(|| Error::out_of_memory("decoding a timestamp"))?;
    Ok(Value::text(Kind::DBAPI_KIND_TEXT, oid, text))
}

/// The bytes of a binary value of fixed length.
#[inline]
fn fixed<const LENGTH: usize>(name: &str, cell: &[u8]) -> Result<[u8; LENGTH], Error> {
    match cell.try_into() {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(malformed(
            name,
            &format!("of {} bytes instead of {LENGTH}", cell.len()),
        )),
    }
}

/// The server sent what no server sends.
#[cold]
fn malformed(name: &str, what: &str) -> Error {
    Error::new(
        Class::Internal,
        format!("the server sent a malformed {name}: {what}"),
    )
}
