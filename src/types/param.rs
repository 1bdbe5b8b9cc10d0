//! Values on their way out: parameters as they go into Parse and Bind (PostgreSQL manual, "Message
//! Formats"), and any value as the text that the server would write.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};

use crate::error::Error;

use super::describe::{Built, MAX_DEPTH, built_of, made};
use super::value::{
    Array, Bits, Composite, Geometry, Hstore, Inet, Interval, Multirange, Point, Range, TimeTz,
};
use super::view::{LONGEST_VALUE, View};
use super::{
    array, bits, boolean, bytea, composite, datetime, float, geometry, hstore, interval,
    multirange, network, oid, range, uuid,
};

/// A parameter, or any value to be rendered, in safe Rust. The units are those of `dbapi_value_t`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Datum<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Decimal digits; whether they are is the server's to say.
    Numeric(&'a str),
    Text(&'a str),
    Bytes(&'a [u8]),
    Date(i64),
    Time(i64),
    TimeTz(TimeTz),
    Timestamp(i64),
    TimestampTz(i64),
    Interval(Interval),
    Uuid([u8; 16]),
    Json(&'a str),
    Array(View<'a, Array>),
    Range(View<'a, Range>),
    Multirange(View<'a, Multirange>),
    Composite(View<'a, Composite>),
    Inet(Inet),
    Bits(View<'a, Bits>),
    Point(Point),
    Geometry(View<'a, Geometry>),
    Hstore(View<'a, Hstore>),
}

macro_rules! from_view {
    ($($held:ident,)*) => {
        $(impl<'a> From<View<'a, $held>> for Datum<'a> {
            fn from(view: View<'a, $held>) -> Self {
                Datum::$held(view)
            }
        })*
    };
}

from_view! { Array, Range, Multirange, Composite, Bits, Geometry, Hstore, }

/// A value and the type it is to be sent as; 0: as the same literal would be typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param<'a> {
    pub(crate) oid: u32,
    pub(crate) datum: Datum<'a>,
}

/// How a parameter goes into Bind.
enum Form<'a> {
    /// The binary form of the declared type.
    Binary,
    /// A text that is there already.
    Verbatim(&'a str),
    /// The text that `format` makes of it.
    Formatted,
}

impl Form<'_> {
    fn code(&self) -> i16 {
        match self {
            Form::Binary => 1,
            Form::Verbatim(_) | Form::Formatted => 0,
        }
    }
}

impl<'a> Param<'a> {
    /// One that is nothing in particular.
    pub(crate) const NULL: Param<'static> = Param {
        oid: 0,
        datum: Datum::Null,
    };

    /// The type to declare in Parse: its own oid if that is not zero, else what the same literal would be.
    /// 0 for text, json and NULL: an untyped literal, whose type the server infers. So too for what is made of
    /// these, except that an array of texts is a text[], and for types that have no oid of their own everywhere.
    #[inline]
    pub(crate) fn declared_oid(&self) -> u32 {
        match (self.oid, self.datum) {
            (0, Datum::Null | Datum::Text(_)) => 0,
            (0, Datum::Int(number)) if i32::try_from(number).is_ok() => oid::INT4,
            (0, _) => self.own_oid(),
            (oid, _) => oid,
        }
    }

    /// What the same literal would be.
    fn own_oid(&self) -> u32 {
        match self.datum {
            Datum::Null | Datum::Text(_) | Datum::Json(_) => 0,
            Datum::Bool(_) => oid::BOOL,
            Datum::Int(number) if i32::try_from(number).is_ok() => oid::INT4,
            Datum::Int(_) => oid::INT8,
            Datum::Float(_) => oid::FLOAT8,
            Datum::Numeric(_) => oid::NUMERIC,
            Datum::Bytes(_) => oid::BYTEA,
            Datum::Date(_) => oid::DATE,
            Datum::Time(_) => oid::TIME,
            Datum::TimeTz(_) => oid::TIMETZ,
            Datum::Timestamp(_) => oid::TIMESTAMP,
            Datum::TimestampTz(_) => oid::TIMESTAMPTZ,
            Datum::Interval(_) => oid::INTERVAL,
            Datum::Uuid(_) => oid::UUID,
            // encoded_len says what is wrong with an array whose items have no type in common.
            Datum::Array(array) => match array::element_type(array) {
                Ok(element) => made(Built::Array(element)).unwrap_or(0),
                Err(_) => 0,
            },
            Datum::Range(range) => made(Built::Range(range::subtype(range))).unwrap_or(0),
            Datum::Multirange(multirange) => {
                made(Built::Multirange(multirange::range_type(multirange))).unwrap_or(0)
            }
            Datum::Composite(_) | Datum::Hstore(_) => 0,
            Datum::Inet(_) => oid::INET,
            Datum::Bits(_) => oid::BIT,
            Datum::Point(_) => oid::POINT,
            Datum::Geometry(geometry) => geometry::type_of(geometry),
        }
    }

    /// The bytes of a number or a truth value that is sent as the same literal would be, and how many they are: what
    /// `encode` writes of it. Nothing can be wrong with these.
    #[inline]
    pub(crate) fn short(&self) -> Option<([u8; 8], usize)> {
        if self.oid != 0 {
            return None;
        }
        match self.datum {
            // As `declared_oid`: an int4 if it fits.
            Datum::Int(number) => Some(match i32::try_from(number) {
                Ok(number) => {
                    let [a, b, c, d] = number.to_be_bytes();
                    ([a, b, c, d, 0, 0, 0, 0], 4)
                }
                Err(_) => (number.to_be_bytes(), 8),
            }),
            Datum::Float(number) => Some((number.to_be_bytes(), 8)),
            Datum::Bool(boolean) => Some(([u8::from(boolean), 0, 0, 0, 0, 0, 0, 0], 1)),
            _ => None,
        }
    }

    /// Whether it is NULL.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.datum, Datum::Null)
    }

    /// Whether it is a NULL that fits whatever type a statement was prepared with.
    pub(crate) fn is_untyped_null(&self) -> bool {
        self.oid == 0 && self.is_null()
    }

    /// 1 if `encode` writes the binary form of `declared_oid()`, 0 if it writes a text form.
    #[cfg(test)]
    pub(crate) fn format_code(&self) -> i16 {
        self.form(self.declared_oid()).code()
    }

    /// Binary where kind and type are each other's own. Elsewhere text, from which the server makes the
    /// type as it would from the literal: an integer for a numeric, a date for a timestamp. Also a double
    /// for a float4: the server then refuses what is out of range, where a conversion here would not.
    fn form(&self, declared: u32) -> Form<'a> {
        // What most parameters are, by a shorter way.
        match self.datum {
            Datum::Text(text) => return Form::Verbatim(text),
            Datum::Int(_) if self.oid == 0 => return Form::Binary,
            _ => {}
        }
        match (self.datum, declared) {
            (Datum::Text(text) | Datum::Numeric(text) | Datum::Json(text), _) => {
                Form::Verbatim(text)
            }
            (Datum::Bool(_), oid::BOOL)
            | (Datum::Int(_), oid::INT2 | oid::INT4 | oid::INT8 | oid::OID | oid::XID | oid::CID)
            | (Datum::Float(_), oid::FLOAT8)
            | (Datum::Bytes(_), oid::BYTEA)
            | (Datum::Date(_), oid::DATE)
            | (Datum::Time(_), oid::TIME)
            | (Datum::TimeTz(_), oid::TIMETZ)
            | (Datum::Timestamp(_), oid::TIMESTAMP)
            | (Datum::TimestampTz(_), oid::TIMESTAMPTZ)
            | (Datum::Interval(_), oid::INTERVAL)
            | (Datum::Uuid(_), oid::UUID)
            | (Datum::Inet(_), oid::INET | oid::CIDR)
            | (Datum::Bits(_), oid::BIT | oid::VARBIT)
            | (Datum::Point(_), oid::POINT) => Form::Binary,
            (Datum::Array(array), declared) => match built_of(declared) {
                Some(Built::Array(element)) if array::has_binary(array, element) => Form::Binary,
                _ => Form::Formatted,
            },
            (Datum::Range(range), declared) => match subtype_of(declared) {
                Some(subtype) if range::has_binary(range, subtype) => Form::Binary,
                _ => Form::Formatted,
            },
            (Datum::Multirange(multirange), declared) => match subtype_within(declared) {
                Some(subtype) if multirange::has_binary(multirange, subtype) => Form::Binary,
                _ => Form::Formatted,
            },
            (Datum::Geometry(geometry), declared)
                if declared != 0 && declared == geometry::type_of(geometry) =>
            {
                Form::Binary
            }
            _ => Form::Formatted,
        }
    }

    /// Checks everything that can be wrong with the value and gives the length of its encoded form in bytes
    /// (0 for NULL). A data error with its SQLSTATE; the message does not say which parameter it was.
    pub(crate) fn encoded_len(&self) -> Result<usize, Error> {
        let declared = self.declared_oid();
        match self.form(declared) {
            Form::Binary => self.binary_len(declared),
            Form::Verbatim(text) if memchr::memchr(0, text.as_bytes()).is_some() => Err(nul()),
            Form::Verbatim(text) => Ok(text.len()),
            Form::Formatted => match self.datum {
                // Without writing all of it just to count.
                Datum::Bytes(bytes) => bytes
                    .len()
                    .checked_mul(2)
                    .and_then(|length| length.checked_add(2))
                    .ok_or_else(|| Error::data("a bytea is too long").with_sqlstate("54000")),
                Datum::Array(array) if self.oid == 0 => {
                    array::element_type(array)?;
                    self.formatted().map(|text| text.len())
                }
                _ => self.formatted().map(|text| text.len()),
            },
        }
    }

    /// Whether the item of an array is sent as it would be alone, in the binary form of its type.
    pub(super) fn is_binary_item(&self) -> bool {
        match self.form(self.declared_oid()) {
            Form::Binary => !matches!(self.datum, Datum::Array(_)),
            // Of these the text is the binary form too.
            Form::Verbatim(_) => super::is_plain_text(self.oid) || self.oid == oid::JSON,
            Form::Formatted => self.is_null(),
        }
    }

    fn binary_len(&self, declared: u32) -> Result<usize, Error> {
        match self.datum {
            Datum::Bool(_) => Ok(1),
            Datum::Int(number) => {
                let (name, length, fits) = match declared {
                    oid::INT2 => ("int2", 2, i16::try_from(number).is_ok()),
                    oid::INT4 => ("int4", 4, i32::try_from(number).is_ok()),
                    oid::OID => ("oid", 4, u32::try_from(number).is_ok()),
                    oid::XID => ("xid", 4, u32::try_from(number).is_ok()),
                    oid::CID => ("cid", 4, u32::try_from(number).is_ok()),
                    _ => ("int8", 8, true),
                };
                if fits {
                    return Ok(length);
                }
                let message = format!("an integer is out of the range of {name}");
                Err(Error::data(message).with_sqlstate("22003"))
            }
            Datum::Float(_) => Ok(8),
            Datum::Bytes(bytes) => Ok(bytes.len()),
            Datum::Date(days) => datetime::check_date(days).map(|()| 4),
            Datum::Time(micros) => datetime::check_time(micros).map(|()| 8),
            Datum::TimeTz(time) => datetime::check_timetz(time).map(|()| 12),
            Datum::Timestamp(micros) | Datum::TimestampTz(micros) => {
                datetime::check_timestamp(micros).map(|()| 8)
            }
            Datum::Interval(_) | Datum::Uuid(_) => Ok(16),
            Datum::Inet(inet) => network::check(inet),
            Datum::Bits(bits) => bits.bits().map(|(bytes, _)| bytes.len() + 4),
            Datum::Point(_) => Ok(16),
            Datum::Array(array) => array::binary_len(array, declared),
            Datum::Range(range) => range::binary_len(range, subtype_of(declared).unwrap_or(0)),
            Datum::Multirange(multirange) => {
                multirange::binary_len(multirange, subtype_within(declared).unwrap_or(0))
            }
            Datum::Geometry(geometry) => geometry::binary_len(geometry),
            _ => Ok(0),
        }
    }

    /// Appends exactly `encoded_len` bytes, which must have succeeded. The format code comes back.
    pub(crate) fn encode(&self, out: &mut BytesMut) -> i16 {
        let declared = self.declared_oid();
        let form = self.form(declared);
        match form {
            Form::Binary => self.encode_binary(declared, out),
            Form::Verbatim(text) => out.put_slice(text.as_bytes()),
            Form::Formatted => {
                if let Ok(text) = self.formatted() {
                    out.put_slice(text.as_bytes());
                }
            }
        }
        form.code()
    }

    fn encode_binary(&self, declared: u32, out: &mut BytesMut) {
        match self.datum {
            Datum::Bool(boolean) => out.put_u8(u8::from(boolean)),
            // encoded_len has seen that the number fits, so nothing is cut off.
            Datum::Int(number) => match declared {
                oid::INT2 => out.put_i16(number as i16),
                oid::INT4 => out.put_i32(number as i32),
                oid::OID | oid::XID | oid::CID => out.put_u32(number as u32),
                _ => out.put_i64(number),
            },
            Datum::Float(number) => out.put_f64(number),
            Datum::Bytes(bytes) => out.put_slice(bytes),
            Datum::Date(days) => out.put_i32(datetime::date_to_binary(days)),
            Datum::Time(micros) => out.put_i64(micros),
            Datum::TimeTz(time) => {
                out.put_i64(time.microseconds);
                // The server counts seconds west of UTC.
                out.put_i32(time.utc_offset.saturating_neg());
            }
            Datum::Timestamp(micros) | Datum::TimestampTz(micros) => {
                out.put_i64(datetime::timestamp_to_binary(micros));
            }
            Datum::Interval(interval) => out.put_slice(&interval::to_binary(interval)),
            Datum::Uuid(uuid) => out.put_slice(&uuid),
            Datum::Inet(inet) => {
                network::to_binary(declared, inet).for_each(|byte| out.put_u8(byte))
            }
            Datum::Bits(bits) => bits::encode(bits, out),
            Datum::Point(point) => {
                out.put_f64(point.x);
                out.put_f64(point.y);
            }
            Datum::Array(array) => array::encode(array, declared, out),
            Datum::Range(range) => {
                range::encode(range, subtype_of(declared).unwrap_or(0), out);
            }
            Datum::Multirange(multirange) => {
                let subtype = subtype_within(declared).unwrap_or(0);
                multirange::encode(multirange, subtype, out);
            }
            Datum::Geometry(geometry) => geometry::encode(geometry, out),
            _ => {}
        }
    }

    /// The text for a type that is not the kind's own. A float keeps all the digits of its double, whatever
    /// type it is for.
    fn formatted(&self) -> Result<String, Error> {
        let mut text = String::new();
        // A cidr is told from an inet by its type; of other values the type changes nothing that matters.
        let oid = if self.oid == oid::CIDR { self.oid } else { 0 };
        format(oid, &self.datum, &mut text)?;
        if text.as_bytes().contains(&0) {
            return Err(nul());
        }
        Ok(text)
    }
}

/// The type of the bounds of a built-in range type.
fn subtype_of(range: u32) -> Option<u32> {
    match built_of(range)? {
        Built::Range(subtype) => Some(subtype),
        Built::Array(_) | Built::Multirange(_) => None,
    }
}

/// The same of a built-in multirange type.
fn subtype_within(multirange: u32) -> Option<u32> {
    match built_of(multirange)? {
        Built::Multirange(range) => subtype_of(range),
        Built::Array(_) | Built::Range(_) => None,
    }
}

fn nul() -> Error {
    Error::data("a text contains a NUL byte").with_sqlstate("22021")
}

/// Appends the server's text of the value under DateStyle ISO, IntervalStyle postgres, TimeZone UTC,
/// bytea_output hex and extra_float_digits 1. `oid` matters where a kind serves several types: a float with
/// the oid of float4 gets float4's digits. NULL has no text and appends nothing.
///
/// A data error (and nothing appended) for a value that no server could have sent: a date, time or offset
/// out of range, a float4 that is none.
pub(crate) fn format(oid: u32, datum: &Datum<'_>, out: &mut String) -> Result<(), Error> {
    let before = out.len();
    let outcome = render(oid, datum, out, 0);
    if outcome.is_err() {
        out.truncate(before);
    }
    outcome
}

/// `format` of a value that lies within `depth` others; a failure may leave something in `out`.
pub(super) fn render(
    oid: u32,
    datum: &Datum<'_>,
    out: &mut String,
    depth: u32,
) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        let message = format!("it is nested more than {MAX_DEPTH} levels deep");
        return Err(Error::programming(message));
    }
    match *datum {
        Datum::Null => {}
        Datum::Bool(boolean) => out.push_str(boolean::text(boolean)),
        Datum::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Datum::Float(number) if oid == oid::FLOAT4 => float::format_float4(number, out)?,
        Datum::Float(number) => float::format_float8(number, out),
        Datum::Numeric(text) | Datum::Text(text) | Datum::Json(text) => out.push_str(text),
        Datum::Bytes(bytes) => bytea::format(bytes, out),
        Datum::Date(days) => datetime::format_date(days, out)?,
        Datum::Time(micros) => datetime::format_time(micros, out)?,
        Datum::TimeTz(time) => datetime::format_timetz(time, out)?,
        Datum::Timestamp(micros) => datetime::format_timestamp(micros, false, out)?,
        Datum::TimestampTz(micros) => datetime::format_timestamp(micros, true, out)?,
        Datum::Interval(interval) => interval::format(interval, out),
        Datum::Uuid(uuid) => uuid::format(&uuid, out),
        Datum::Array(array) => array::format(array, out, depth)?,
        Datum::Range(range) => range::format(range, out, depth)?,
        Datum::Multirange(multirange) => multirange::format(multirange, out, depth)?,
        Datum::Composite(composite) => composite::format(composite, out, depth)?,
        Datum::Inet(inet) => network::format(oid, inet, out)?,
        Datum::Bits(bits) => bits::format(bits, out)?,
        Datum::Point(point) => geometry::format_point(point, out),
        Datum::Geometry(geometry) => geometry::format(geometry, out)?,
        Datum::Hstore(hstore) => hstore::format(hstore, out, depth)?,
    }
    // Quotes within quotes double at each level, so what is short inside may be beyond all measure outside.
    if depth > 0 && out.len() > LONGEST_VALUE {
        let message = format!("its text is longer than the {LONGEST_VALUE} bytes of a value");
        return Err(Error::data(message).with_sqlstate("54000"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The declared type, the format code and the bytes.
    fn sent(oid: u32, datum: Datum<'_>) -> (u32, i16, Vec<u8>) {
        let param = Param { oid, datum };
        let length = param.encoded_len().unwrap();
        let mut out = BytesMut::new();
        param.encode(&mut out);
        assert_eq!(out.len(), length);
        if let Some((bytes, length)) = param.short() {
            assert_eq!(out[..], bytes[..length]);
            assert_eq!(param.format_code(), 1);
        }
        (param.declared_oid(), param.format_code(), out.to_vec())
    }

    fn refused(oid: u32, datum: Datum<'_>) -> String {
        let param = Param { oid, datum };
        let error = param.encoded_len().unwrap_err();
        assert_eq!(error.class(), crate::error::Class::Data);
        // Not called after an error, but harmless.
        param.encode(&mut BytesMut::new());
        error.sqlstate().unwrap().as_str().to_owned()
    }

    #[test]
    fn without_a_type_as_the_literal_would_be() {
        assert_eq!(sent(0, Datum::Null), (0, 0, vec![]));
        assert_eq!(sent(0, Datum::Bool(true)), (oid::BOOL, 1, vec![1]));
        assert_eq!(
            sent(0, Datum::Int(-2)),
            (oid::INT4, 1, vec![255, 255, 255, 254])
        );
        assert_eq!(sent(0, Datum::Int(i64::from(i32::MIN))).0, oid::INT4);
        let above = i64::from(i32::MAX) + 1;
        assert_eq!(
            sent(0, Datum::Int(above)),
            (oid::INT8, 1, above.to_be_bytes().to_vec())
        );
        assert_eq!(
            sent(0, Datum::Float(1.5)),
            (oid::FLOAT8, 1, 1.5f64.to_be_bytes().to_vec())
        );
        assert_eq!(
            sent(0, Datum::Numeric("1.50")),
            (oid::NUMERIC, 0, b"1.50".to_vec())
        );
        assert_eq!(
            sent(0, Datum::Text("\u{e9}")),
            (0, 0, "\u{e9}".as_bytes().to_vec())
        );
        assert_eq!(sent(0, Datum::Json("{}")), (0, 0, b"{}".to_vec()));
        assert_eq!(
            sent(0, Datum::Bytes(&[0, 255])),
            (oid::BYTEA, 1, vec![0, 255])
        );
        assert_eq!(
            sent(0, Datum::Date(0)),
            (oid::DATE, 1, (-10957i32).to_be_bytes().to_vec())
        );
        let timetz = TimeTz {
            microseconds: 1,
            utc_offset: 3600,
        };
        let (declared, code, bytes) = sent(0, Datum::TimeTz(timetz));
        assert_eq!(
            (declared, code, &bytes[8..]),
            (oid::TIMETZ, 1, &(-3600i32).to_be_bytes()[..])
        );
        let infinity = sent(0, Datum::TimestampTz(i64::MAX));
        assert_eq!(
            infinity,
            (oid::TIMESTAMPTZ, 1, i64::MAX.to_be_bytes().to_vec())
        );
        assert_eq!(
            sent(0, Datum::Timestamp(i64::MIN)).2,
            i64::MIN.to_be_bytes()
        );
    }

    #[test]
    fn for_another_type_as_text() {
        let text = |oid, datum| {
            let (declared, code, bytes) = sent(oid, datum);
            assert_eq!((declared, code), (oid, 0));
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(text(oid::NUMERIC, Datum::Int(-123)), "-123");
        assert_eq!(
            text(oid::FLOAT8, Datum::Int(i64::MAX)),
            "9223372036854775807"
        );
        // All of the double: the server rounds it, or refuses it.
        assert_eq!(text(oid::FLOAT4, Datum::Float(0.1)), "0.1");
        assert_eq!(text(oid::FLOAT4, Datum::Float(1e300)), "1e+300");
        assert_eq!(text(oid::NUMERIC, Datum::Float(f64::NAN)), "NaN");
        assert_eq!(text(oid::INT4, Datum::Text("12")), "12");
        assert_eq!(text(oid::TEXT, Datum::Bool(false)), "f");
        assert_eq!(text(oid::TEXT, Datum::Bytes(b"ab")), "\\x6162");
        assert_eq!(text(oid::TIMESTAMP, Datum::Date(-1)), "1969-12-31");
        assert_eq!(
            text(oid::DATE, Datum::TimestampTz(0)),
            "1970-01-01 00:00:00+00"
        );
        assert_eq!(
            text(99_999, Datum::Uuid([0x11; 16])),
            "11111111-1111-1111-1111-111111111111"
        );
        assert_eq!(sent(oid::INT4, Datum::Null), (oid::INT4, 0, vec![]));
    }

    #[test]
    fn what_is_out_of_range() {
        assert_eq!(refused(oid::INT2, Datum::Int(32768)), "22003");
        assert_eq!(refused(oid::INT2, Datum::Int(-32769)), "22003");
        assert_eq!(refused(oid::INT4, Datum::Int(1 << 31)), "22003");
        assert_eq!(refused(oid::OID, Datum::Int(-1)), "22003");
        assert_eq!(refused(oid::OID, Datum::Int(1 << 32)), "22003");
        assert_eq!(sent(oid::OID, Datum::Int(u32::MAX.into())).2, [255; 4]);
        for declared in [0, oid::TEXT] {
            assert_eq!(refused(declared, Datum::Date(i64::MAX - 1)), "22008");
            assert_eq!(refused(declared, Datum::Date(i64::MIN + 1)), "22008");
            assert_eq!(refused(declared, Datum::Timestamp(i64::MIN + 1)), "22008");
            assert_eq!(refused(declared, Datum::Time(86_400_000_001)), "22008");
            assert_eq!(refused(declared, Datum::Time(-1)), "22008");
            let timetz = |utc_offset| {
                Datum::TimeTz(TimeTz {
                    microseconds: 0,
                    utc_offset,
                })
            };
            assert_eq!(refused(declared, timetz(57_600)), "22009");
            assert_eq!(refused(declared, timetz(i32::MIN)), "22009");
            assert_eq!(refused(declared, Datum::Text("a\0b")), "22021");
            assert_eq!(refused(declared, Datum::Numeric("1\0")), "22021");
            assert_eq!(refused(declared, Datum::Json("\0")), "22021");
        }
        assert_eq!(sent(0, Datum::Bytes(&[0])).2, [0]);
    }

    #[test]
    fn a_float_by_its_type() {
        let text = |oid| {
            let mut out = String::new();
            format(oid, &Datum::Float(f64::from(1.1f32)), &mut out).unwrap();
            out
        };
        assert_eq!(text(oid::FLOAT4), "1.1");
        assert_eq!(text(oid::FLOAT8), "1.100000023841858");
        let mut out = String::new();
        assert!(format(0, &Datum::Null, &mut out).is_ok());
        assert!(format(oid::FLOAT4, &Datum::Float(1e300), &mut out).is_err());
        assert_eq!(out, "");
    }
}
