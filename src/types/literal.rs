//! Values as SQL literals, as psycopg2 2.9 renders them (observed, not read): for mogrify and for binding on
//! the client.
//!
//! Whatever the value, the server reads the literal as that value and nothing else: a text ends where it
//! ends, under either setting of standard_conforming_strings, and a minus sign has a space before it, so that
//! it cannot begin a comment. Where psycopg2's own form would be read as another value (a numeric's Infinity,
//! which it makes NaN; `-1 days 2 seconds` where IntervalStyle is sql_standard) the form here differs.
//!
//! Knows nothing of where in a statement the literal goes.

use std::fmt::Write;

use super::param::{self, Datum, Param};
use super::value::{Array, Interval, TimeTz};
use super::view::View;
use super::{bytea, datetime, float, interval, names, oid, uuid};
use crate::error::{Error, Result};

/// What of a session's settings decides how literals are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// standard_conforming_strings: a backslash in a plain literal is itself.
    pub(crate) standard_strings: bool,
    /// IntervalStyle is sql_standard: a sign before the first field of an interval is for all of them.
    pub(crate) sql_intervals: bool,
}

/// The server's defaults.
impl Default for Dialect {
    fn default() -> Dialect {
        Dialect {
            standard_strings: true,
            sql_intervals: false,
        }
    }
}

/// Appends the value as a literal. Its own oid, if it has one that another type than the literal's has, and
/// that is a built-in type's, becomes a cast.
pub(crate) fn write(param: &Param<'_>, dialect: Dialect, out: &mut String) -> Result<()> {
    let typed = names::name_of(param.oid).filter(|_| !has_type(param));
    let Some((name, is_array)) = typed else {
        return write_own(&param.datum, dialect, out);
    };
    match param.datum {
        Datum::Null => out.push_str("NULL"),
        Datum::Text(text) | Datum::Numeric(text) | Datum::Json(text) => {
            quote(text, dialect, out)?;
        }
        datum => {
            let mut text = String::new();
            // For another type the server reads what `format` writes; a float keeps all its digits.
            reserve(&mut text, longest(&datum))?;
            param::format(0, &datum, &mut text)?;
            quote(&text, dialect, out)?;
        }
    }
    let brackets = if is_array { "[]" } else { "" };
    let _ = write!(out, "::{name}{brackets}");
    Ok(())
}

/// Whether the literal that the value gets anyway is of the type that its oid says.
fn has_type(param: &Param<'_>) -> bool {
    match param.datum {
        Datum::Null | Datum::Text(_) | Datum::Json(_) | Datum::Float(_) | Datum::Numeric(_) => {
            param.oid == 0
        }
        // Of an int8 the literal may be an int4 or a numeric.
        Datum::Int(number) => {
            param.oid == 0 || (param.oid == oid::INT4 && i32::try_from(number).is_ok())
        }
        datum => {
            let untyped = Param { oid: 0, datum };
            param.oid == 0 || param.oid == untyped.declared_oid()
        }
    }
}

/// At least as many bytes as `format` needs, where that may be many.
fn longest(datum: &Datum<'_>) -> usize {
    match datum {
        Datum::Bytes(bytes) => bytes.len().saturating_mul(2).saturating_add(2),
        _ => 0,
    }
}

fn write_own(datum: &Datum<'_>, dialect: Dialect, out: &mut String) -> Result<()> {
    match *datum {
        Datum::Null => out.push_str("NULL"),
        Datum::Bool(boolean) => out.push_str(if boolean { "true" } else { "false" }),
        Datum::Int(number) => {
            let space = if number < 0 { " " } else { "" };
            let _ = write!(out, "{space}{number}");
        }
        Datum::Float(number) => write_float(number, out),
        Datum::Numeric(text) => write_numeric(text, dialect, out)?,
        Datum::Text(text) | Datum::Json(text) => quote(text, dialect, out)?,
        Datum::Bytes(bytes) => {
            reserve(out, longest(datum).saturating_add(16))?;
            out.push_str(if dialect.standard_strings {
                "'"
            } else {
                "E'\\"
            });
            bytea::format(bytes, out);
            out.push_str("'::bytea");
        }
        Datum::Date(days) => cast(out, "date", |out| datetime::format_date(days, out))?,
        Datum::Time(micros) => cast(out, "time", |out| {
            datetime::check_time(micros)?;
            push_clock(micros, out);
            Ok(())
        })?,
        Datum::TimeTz(time) => cast(out, "timetz", |out| {
            datetime::check_timetz(time)?;
            push_timetz(time, out);
            Ok(())
        })?,
        Datum::Timestamp(micros) => {
            cast(out, "timestamp", |out| push_timestamp(micros, "", out))?;
        }
        Datum::TimestampTz(micros) => cast(out, "timestamptz", |out| {
            push_timestamp(micros, "+00:00", out)
        })?,
        Datum::Interval(interval) => cast(out, "interval", |out| {
            push_interval(interval, dialect, out);
            Ok(())
        })?,
        Datum::Uuid(uuid) => cast(out, "uuid", |out| {
            uuid::format(&uuid, out);
            Ok(())
        })?,
        Datum::Array(array) => write_array(array, dialect, out)?,
        // What psycopg2 has adapters for it casts too; a row or an hstore has no type that is known by its oid.
        structured => {
            let oid = Param {
                oid: 0,
                datum: structured,
            };
            write_text_of(oid, dialect, out)?;
        }
    }
    Ok(())
}

/// The text form in quotes, with the type that it would be sent as.
fn write_text_of(param: Param<'_>, dialect: Dialect, out: &mut String) -> Result<()> {
    let mut text = String::new();
    param::format(0, &param.datum, &mut text)?;
    quote(&text, dialect, out)?;
    if let Some((name, is_array)) = names::name_of(param.declared_oid()) {
        let brackets = if is_array { "[]" } else { "" };
        let _ = write!(out, "::{name}{brackets}");
    }
    Ok(())
}

/// `ARRAY[1,2]`, as psycopg2 writes a list; without an item that says its type it is untyped text, and with other
/// lower bounds than 1, or with items that are arrays themselves (of a domain: ARRAY would make a dimension of
/// them), it can only be text.
fn write_array(array: View<'_, Array>, dialect: Dialect, out: &mut String) -> Result<()> {
    let extents = array.extents()?;
    let lengths: Vec<usize> = extents.iter().map(|extent| extent.length).collect();
    let mut items = Vec::new();
    for item in array.items()?.iter() {
        items.push(item?);
    }
    if items.iter().all(Param::is_null) {
        let mut text = String::new();
        param::format(0, &Datum::Array(array), &mut text)?;
        return quote(&text, dialect, out);
    }
    let nested = items
        .iter()
        .any(|item| matches!(item.datum, Datum::Array(_)));
    if nested || extents.iter().any(|extent| extent.lower != 1) {
        let untyped = Param {
            oid: 0,
            datum: Datum::Array(array),
        };
        return write_text_of(untyped, dialect, out);
    }
    write_items(&items, &lengths, dialect, out)
}

/// The items of one dimension, each of them an item or a dimension more.
fn write_items(
    items: &[Param<'_>],
    lengths: &[usize],
    dialect: Dialect,
    out: &mut String,
) -> Result<()> {
    out.push_str("ARRAY[");
    let (length, below) = lengths.split_first().map_or((1, &[][..]), |(l, b)| (*l, b));
    let size = items.len() / length.max(1);
    for (index, part) in items.chunks(size.max(1)).enumerate() {
        if index > 0 {
            out.push(',');
        }
        match (below.is_empty(), part) {
            (true, [item]) => write(item, dialect, out)?,
            _ => write_items(part, below, dialect, out)?,
        }
    }
    out.push(']');
    Ok(())
}

/// `'...'::name`, where what `fill` appends has neither quotes nor backslashes.
fn cast(out: &mut String, name: &str, fill: impl FnOnce(&mut String) -> Result<()>) -> Result<()> {
    out.push('\'');
    fill(out)?;
    out.push_str("'::");
    out.push_str(name);
    Ok(())
}

/// Room for what may be large, without aborting the process where there is none.
fn reserve(out: &mut String, bytes: usize) -> Result<()> {
    out.try_reserve(bytes)
        .map_err(|_| Error::out_of_memory(format_args!("for a literal of {bytes} bytes")))
}

/// A text in quotes. Where backslashes count in plain literals, it is an E'' literal: that is read the same
/// under either setting.
fn quote(text: &str, dialect: Dialect, out: &mut String) -> Result<()> {
    let escapes = |byte: u8| byte == b'\'' || (byte == b'\\' && !dialect.standard_strings);
    let bytes = text.as_bytes();
    if memchr::memchr(0, bytes).is_some() {
        return Err(Error::data("a text contains a NUL byte").with_sqlstate("22021"));
    }
    let doubled = bytes.iter().filter(|&&byte| escapes(byte)).count();
    reserve(out, text.len().saturating_add(doubled).saturating_add(16))?;
    out.push_str(if dialect.standard_strings { "'" } else { "E'" });
    let mut rest = text;
    while let Some(at) = rest.bytes().position(escapes) {
        // Both are ASCII: neither is ever part of another character in UTF-8.
        let (before, after) = rest.split_at(at);
        let (special, behind) = after.split_at(1);
        out.push_str(before);
        out.push_str(special);
        out.push_str(special);
        rest = behind;
    }
    out.push_str(rest);
    out.push('\'');
    Ok(())
}

/// Decimal digits stand as they are; what is anything else is quoted, for the server to judge.
fn write_numeric(text: &str, dialect: Dialect, out: &mut String) -> Result<()> {
    if !is_decimal(text) {
        quote(text, dialect, out)?;
        out.push_str("::numeric");
        return Ok(());
    }
    reserve(out, text.len().saturating_add(1))?;
    if text.starts_with('-') {
        out.push(' ');
    }
    out.push_str(text);
    Ok(())
}

/// `-1.5E+3` and the like.
fn is_decimal(text: &str) -> bool {
    fn digits(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    }
    let number = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)))
}

/// A double as Python writes it: the shortest digits that are read back as it, and of those the nearest.
fn write_float(number: f64, out: &mut String) {
    if !number.is_finite() {
        out.push('\'');
        float::format_float8(number, out);
        return out.push_str("'::float");
    }
    out.push_str(if number.is_sign_negative() { " -" } else { "" });
    let number = number.abs();
    let shortest = format!("{number:e}");
    let count = digits_of(&shortest);
    // As many digits, rounded exactly: of two that are equally near, the even one.
    let nearest = format!("{number:.*e}", count.saturating_sub(1));
    let text = match nearest.parse::<f64>() {
        Ok(back) if back == number => nearest,
        _ => shortest,
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).map(char::from);
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n(
            '0',
            exponent.unsigned_abs() as usize - 1,
        ));
        out.extend(digits);
        return;
    }
    // The point stands behind the digit of ones, and has a digit behind it.
    let ones = exponent as usize;
    let width = count.max(ones + 2);
    let padded = digits.chain(std::iter::repeat('0')).take(width);
    for (place, digit) in padded.enumerate() {
        out.push(digit);
        if place == ones {
            out.push('.');
        }
    }
}

fn digits_of(scientific: &str) -> usize {
    let (mantissa, _) = scientific.split_once('e').unwrap_or((scientific, ""));
    mantissa.bytes().filter(u8::is_ascii_digit).count()
}

/// `01:02:03`, with six digits behind a point if they are not all zero.
fn push_clock(micros: i64, out: &mut String) {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if fraction != 0 {
        let _ = write!(out, ".{fraction:06}");
    }
}

fn push_timetz(time: TimeTz, out: &mut String) {
    push_clock(time.microseconds, out);
    let sign = if time.utc_offset < 0 { '-' } else { '+' };
    let seconds = time.utc_offset.unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{sign}{hours:02}:{minutes:02}");
    if !seconds.is_multiple_of(60) {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
}

/// `2024-01-02T03:04:05` and the zone; years before Christ say so at the end.
fn push_timestamp(micros: i64, zone: &str, out: &mut String) -> Result<()> {
    const DAY: i64 = 86_400_000_000;
    datetime::check_timestamp(micros)?;
    if matches!(micros, i64::MIN | i64::MAX) {
        return datetime::format_timestamp(micros, false, out);
    }
    datetime::format_date(micros.div_euclid(DAY), out)?;
    let before_christ = out.ends_with(" BC");
    if before_christ {
        out.truncate(out.len() - 3);
    }
    out.push('T');
    push_clock(micros.rem_euclid(DAY), out);
    out.push_str(zone);
    if before_christ {
        out.push_str(" BC");
    }
    Ok(())
}

/// `1 days 2.000003 seconds`, and months before them if there are any.
fn push_interval(interval: Interval, dialect: Dialect, out: &mut String) {
    if interval::is_infinite(interval) {
        return interval::format(interval, out);
    }
    let Interval {
        microseconds,
        days,
        months,
    } = interval;
    let negative_first = if months != 0 { months < 0 } else { days < 0 };
    let plus = |negative: bool| {
        if dialect.sql_intervals && negative_first && !negative {
            "+"
        } else {
            ""
        }
    };
    if months != 0 {
        let _ = write!(out, "{months} months {}", plus(days < 0));
    }
    let _ = write!(out, "{days} days {}", plus(microseconds < 0));
    let sign = if microseconds < 0 { "-" } else { "" };
    let micros = microseconds.unsigned_abs();
    let (mut seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    // Servers before 15 read no more seconds than 32 bits hold.
    if i32::try_from(seconds).is_err() {
        let hours = seconds / 3600;
        seconds %= 3600;
        let _ = write!(out, "{sign}{hours} hours {}", plus(microseconds < 0));
    }
    let _ = write!(out, "{sign}{seconds}.{fraction:06} seconds");
}

#[cfg(test)]
mod tests;
