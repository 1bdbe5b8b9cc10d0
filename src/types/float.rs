//! float4 and float8 (PostgreSQL manual, "Floating-Point Types"): IEEE 754, big-endian in binary; in text
//! the shortest digits that read back as the same number, as extra_float_digits 1 asks for.
//!
//! The server's shortest digits are not quite Rust's. A decimal half-way between two floats reads back as
//! the one whose mantissa is even, so Rust takes such a half-way decimal when it is short; the server never
//! does (its Ryu is built with the interval's bounds excluded). And where two decimals of the same length
//! are equally near, the server takes the one that ends in an even digit. `shortest` does as the server.

use std::fmt::{LowerExp, Write};
use std::str::FromStr;

use crate::error::Error;

use super::words::{self, Cell, TENS};
use super::{fixed, malformed};

/// A text float: `None` if it is a number too large for the type, which a server that was told to round
/// (extra_float_digits below 1) writes for the largest ones.
#[inline]
pub(super) fn float8_from_text(cell: &[u8]) -> Result<Option<f64>, Error> {
    let number = parse::<f64>("float8", cell)?;
    Ok((number.is_finite() || is_special(cell)).then_some(number))
}

/// The same for float4; widened, which is exact, so that text and binary give the same value.
#[inline]
pub(super) fn float4_from_text(cell: &[u8]) -> Result<Option<f64>, Error> {
    let number = parse::<f32>("float4", cell)?;
    Ok((number.is_finite() || is_special(cell)).then_some(f64::from(number)))
}

/// A number whose digits and whose power of ten are both exact as floats, so that dividing one by the other rounds once
/// and rightly (W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990). `None` for others.
#[inline(always)]
pub(super) fn quick(cell: Cell<'_>) -> Option<f64> {
    match short_digits(cell) {
        Some((digits, decimals)) => quotient(digits, decimals),
        None => {
            let (memory, length) = cell.parts();
            longer(memory, length)
        }
    }
}

/// The same of what is not so short, or negative.
#[inline(never)]
fn longer(memory: &[u8], length: usize) -> Option<f64> {
    let cell = Cell::new(memory, length)?;
    let negative = cell.bytes().first() == Some(&b'-');
    let cell = cell.skip(usize::from(negative))?;
    let (digits, decimals) = match short_digits(cell) {
        Some(found) => found,
        None => long_digits(cell.bytes())?,
    };
    let magnitude = quotient(digits, decimals)?;
    Some(if negative { -magnitude } else { magnitude })
}

#[inline(always)]
fn quotient(digits: u64, decimals: usize) -> Option<f64> {
    const POWERS: [f64; 17] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    ];
    // Every whole number up to 2^53 is a float.
    if digits > 1 << 53 {
        return None;
    }
    // As i64, which is quicker to convert.
    Some(digits as i64 as f64 / POWERS.get(decimals)?)
}

/// The digits of an unsigned decimal without its point, and how many of them stand behind the point: up to 8, and up to 7
/// before it; or up to 8 without one.
#[inline(always)]
fn short_digits(cell: Cell<'_>) -> Option<(u64, usize)> {
    let word = cell.word()?;
    let point = words::find(word, b'.');
    if point >= cell.len() {
        if !(1..=8).contains(&cell.len()) {
            return None;
        }
        return Some((words::number(word, cell.len())?, 0));
    }
    let decimals = cell.len() - point - 1;
    if !(1..=7).contains(&point) || !(1..=8).contains(&decimals) {
        return None;
    }
    // Without the point, all in a word or nearly so.
    let behind = cell.word_at(point + 1)?;
    let whole = word & ((1 << (8 * point)) - 1);
    let joined = whole | behind << (8 * point);
    let count = point + decimals;
    if count <= 8 {
        return Some((words::number(joined, count)?, decimals));
    }
    let more = count - 8;
    let rest = behind >> (8 * (8 - point));
    let head = words::number(joined, 8)? * TENS.get(more)?;
    Some((head + words::number(rest, more)?, decimals))
}

/// The same, byte by byte.
fn long_digits(bytes: &[u8]) -> Option<(u64, usize)> {
    if bytes.len() > 17 {
        return None;
    }
    let mut digits: u64 = 0;
    let mut count = 0;
    let mut point = None;
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            digits = digits * 10 + u64::from(digit);
            count += 1;
        } else if byte == b'.' && point.is_none() && count > 0 {
            point = Some(count);
        } else {
            return None;
        }
    }
    let decimals = point.map_or(0, |point| count - point);
    (1..=16).contains(&count).then_some((digits, decimals))
}

#[inline]
fn parse<F: FromStr>(name: &str, cell: &[u8]) -> Result<F, Error> {
    std::str::from_utf8(cell)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| malformed(name, "no number"))
}

fn is_special(cell: &[u8]) -> bool {
    matches!(cell, b"NaN" | b"Infinity" | b"-Infinity")
}

#[inline]
pub(super) fn float8_from_binary(cell: &[u8]) -> Result<f64, Error> {
    fixed("float8", cell).map(f64::from_be_bytes)
}

#[inline]
pub(super) fn float4_from_binary(cell: &[u8]) -> Result<f64, Error> {
    fixed("float4", cell).map(|bytes| f64::from(f32::from_be_bytes(bytes)))
}

/// Appends the text of a float8.
pub(super) fn format_float8(number: f64, out: &mut String) {
    format(number, number.is_sign_negative(), number.abs(), out);
}

/// Appends the text of a float4 held in an f64. An error if it is none: out of float4's range, where the
/// server too refuses it.
pub(super) fn format_float4(number: f64, out: &mut String) -> Result<(), Error> {
    let narrow = number as f32;
    if narrow.is_infinite() && number.is_finite() || narrow == 0.0 && number != 0.0 {
        return Err(Error::data("a number is out of the range of float4").with_sqlstate("22003"));
    }
    format(narrow, narrow.is_sign_negative(), narrow.abs(), out);
    Ok(())
}

fn format<F: Ieee>(number: F, negative: bool, magnitude: F, out: &mut String) {
    if number.is_nan() {
        return out.push_str("NaN");
    }
    if negative {
        out.push('-');
    }
    if magnitude.is_infinite() {
        return out.push_str("Infinity");
    }
    if magnitude.is_zero() {
        return out.push('0');
    }
    shortest(magnitude).write(F::FIXED_BELOW, out);
}

/// What `shortest` has to know about a float type.
trait Ieee: Copy + PartialEq + LowerExp + FromStr {
    /// Digits that always suffice to tell its numbers apart.
    const ENOUGH_DIGITS: usize;
    /// The decimal exponent from which on the server writes an exponent.
    const FIXED_BELOW: i32;
    fn is_nan(self) -> bool;
    fn is_infinite(self) -> bool;
    fn is_zero(self) -> bool;
    /// (m, e, n): a finite positive number is m * 2^e; n says that its lower neighbour is half as far as
    /// its upper one, since it is a power of two.
    fn parts(self) -> (u64, i32, bool);
}

impl Ieee for f64 {
    const ENOUGH_DIGITS: usize = 17;
    const FIXED_BELOW: i32 = 15;
    fn is_nan(self) -> bool {
        self.is_nan()
    }
    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
    fn is_zero(self) -> bool {
        self == 0.0
    }
    fn parts(self) -> (u64, i32, bool) {
        let bits = self.to_bits();
        split(
            bits & ((1 << 52) - 1),
            (bits >> 52 & 0x7ff) as i32,
            52,
            1023,
        )
    }
}

impl Ieee for f32 {
    const ENOUGH_DIGITS: usize = 9;
    const FIXED_BELOW: i32 = 6;
    fn is_nan(self) -> bool {
        self.is_nan()
    }
    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
    fn is_zero(self) -> bool {
        self == 0.0
    }
    fn parts(self) -> (u64, i32, bool) {
        let bits = u64::from(self.to_bits());
        split(bits & ((1 << 23) - 1), (bits >> 23 & 0xff) as i32, 23, 127)
    }
}

fn split(fraction: u64, exponent: i32, fraction_bits: i32, bias: i32) -> (u64, i32, bool) {
    match exponent {
        // Subnormal: no hidden bit, and the spacing of the smallest exponent.
        0 => (fraction, 1 - bias - fraction_bits, false),
        _ => (
            fraction | 1 << fraction_bits,
            exponent - bias - fraction_bits,
            fraction == 0 && exponent > 1,
        ),
    }
}

/// A decimal: digits * 10^exponent.
#[derive(Clone, Copy, Debug)]
struct Decimal {
    digits: u64,
    exponent: i32,
}

/// The server's digits for a finite positive number.
fn shortest<F: Ieee>(number: F) -> Decimal {
    let mut text = String::with_capacity(32);
    let _ = write!(text, "{number:e}");
    let rust = Decimal::read(&text);
    // Whatever lies strictly between the bounds also lies between them: Rust's length is a lower limit.
    for length in rust.length()..=F::ENOUGH_DIGITS {
        // The nearest decimal of this length; on a tie the one with an even last digit.
        text.clear();
        let _ = write!(text, "{number:.*e}", length - 1);
        let nearest = Decimal::read(&text);
        if nearest.is_within(number, &mut text) {
            return nearest;
        }
        // A power of two has less room below it than above: the nearest decimal may be out below while
        // the next one, though farther, is in above.
        let next = Decimal {
            digits: nearest.digits + 1,
            ..nearest
        };
        if next.is_within(number, &mut text) {
            return next;
        }
    }
    // Not reached: that many digits always do.
    rust
}

impl Decimal {
    /// Reads what `{:e}` writes: `d.ddde-dd`.
    fn read(text: &str) -> Decimal {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut digits = 0u64;
        let mut exponent: i32 = exponent.parse().unwrap_or(0);
        let mut behind_point = false;
        for byte in mantissa.bytes() {
            match byte {
                b'.' => behind_point = true,
                _ => {
                    digits = digits
                        .wrapping_mul(10)
                        .wrapping_add(u64::from(byte.wrapping_sub(b'0')));
                    exponent -= i32::from(behind_point);
                }
            }
        }
        Decimal { digits, exponent }
    }

    fn length(&self) -> usize {
        self.digits.checked_ilog10().unwrap_or(0) as usize + 1
    }

    /// Whether it lies strictly between the two points half-way to the number's neighbours.
    fn is_within<F: Ieee>(&self, number: F, scratch: &mut String) -> bool {
        scratch.clear();
        let _ = write!(scratch, "{}e{}", self.digits, self.exponent);
        if !scratch.parse::<F>().is_ok_and(|back| back == number) {
            return false;
        }
        // It is read back as the number, so at worst it is one of the two points themselves.
        let (mantissa, exponent, narrow_below) = number.parts();
        let below = if narrow_below {
            (4 * mantissa - 1, exponent - 2)
        } else {
            (2 * mantissa - 1, exponent - 1)
        };
        let above = (2 * mantissa + 1, exponent - 1);
        !self.equals(below) && !self.equals(above)
    }

    /// Whether it is exactly m * 2^e, for an odd m below 2^56. Both sides are compared by their odd part
    /// and their power of two, so no number of theirs outgrows u128.
    fn equals(&self, (odd, exponent): (u64, i32)) -> bool {
        let twos = self.digits.trailing_zeros();
        let digits = u128::from(self.digits.checked_shr(twos).unwrap_or(0));
        // 5^27 < 2^63; a higher power of five divides neither m (below 2^56) nor 17 digits.
        if self.exponent.abs() > 27 || twos as i32 + self.exponent != exponent {
            return false;
        }
        let fives = 5u128.pow(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            digits * fives == u128::from(odd)
        } else {
            digits == u128::from(odd) * fives
        }
    }

    /// Appends it in the server's notation: fixed from 0.0001 to below 10^fixed_below, else d.ddde+dd.
    fn write(mut self, fixed_below: i32, out: &mut String) {
        while self.digits != 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.exponent += 1;
        }
        let length = self.length() as i32;
        // Where the point would stand behind the first digit.
        let scientific = self.exponent + length - 1;
        let digits = self.digits;
        if !(-4..fixed_below).contains(&scientific) {
            let unit = 10u64.pow(length as u32 - 1);
            let _ = write!(out, "{}", digits / unit);
            if length > 1 {
                let _ = write!(
                    out,
                    ".{:0width$}",
                    digits % unit,
                    width = length as usize - 1
                );
            }
            let sign = if scientific < 0 { '-' } else { '+' };
            let _ = write!(out, "e{sign}{:02}", scientific.unsigned_abs());
        } else if self.exponent >= 0 {
            let _ = write!(out, "{digits}");
            out.extend(std::iter::repeat_n('0', self.exponent as usize));
        } else {
            let decimals = self.exponent.unsigned_abs();
            // At most 17 digits and four zeroes before them: beyond 10^19 the whole part is 0 anyway.
            let unit = 10u64.checked_pow(decimals).unwrap_or(u64::MAX);
            let (whole, rest) = (digits / unit, digits % unit);
            let _ = write!(out, "{whole}.{rest:0width$}", width = decimals as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float8(number: f64) -> String {
        let mut out = String::new();
        format_float8(number, &mut out);
        out
    }

    fn float4(number: f32) -> String {
        let mut out = String::new();
        format_float4(f64::from(number), &mut out).unwrap();
        out
    }

    #[test]
    fn quickly_or_not_it_is_the_same() {
        for text in [
            "0",
            "-0",
            "1",
            "-1.5",
            "0.1",
            "123456789012345",
            "1234567.8901234",
            "0.00000000000001",
            "9007199254740993",
            "999999999999999",
            "99999999999999.9",
            "1.",
            "-1.",
            "1234567.",
            "12345678.",
            ".5",
            "1e5",
            "-",
            "",
            "NaN",
            "1.2.3",
            "0.3",
            "5e-324",
        ] {
            for number in both(text).into_iter().flatten() {
                let exact: f64 = text.parse().unwrap();
                assert_eq!(number.to_bits(), exact.to_bits(), "{text}");
            }
        }
        for text in [
            "0",
            "-0",
            "-1.5",
            "1499998",
            "1499998.5",
            "12345678.5",
            "123456789012345",
            "0.3",
            "1234567.12345678",
            "9007199254740992",
        ] {
            assert!(both(text).iter().all(Option::is_some), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            ".5",
            "1e5",
            "1e-07",
            "9007199254740993",
            "1.2.3",
            "1.23456.7",
            "1234567.1234567x",
            "12345678901234567",
        ] {
            assert!(both(text).iter().all(Option::is_none), "{text}");
        }
        // Every shortest form of many numbers.
        let mut state = 42u64;
        for _ in 0..100_000 {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let number = (state >> (11 + state % 40)) as f64
                / [1.0, 8.0, 10.0, 1000.0, 65536.0][(state >> 7) as usize % 5];
            let text = number.to_string();
            for quick in both(&text).into_iter().flatten() {
                assert_eq!(quick.to_bits(), number.to_bits(), "{text}");
            }
        }
    }

    /// What is read quickly with nothing behind it in memory, and with what could be taken for more of it.
    fn both(text: &str) -> [Option<f64>; 2] {
        ["", ".2345678901234567"].map(|behind| {
            let memory = format!("{text}{behind}");
            quick(Cell::new(memory.as_bytes(), text.len()).unwrap())
        })
    }

    #[test]
    fn notation() {
        assert_eq!(float8(f64::NAN), "NaN");
        assert_eq!(float8(-f64::NAN), "NaN");
        assert_eq!(float8(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(float8(-0.0), "-0");
        assert_eq!(float8(0.1), "0.1");
        assert_eq!(float8(1e14), "100000000000000");
        assert_eq!(float8(1e15), "1e+15");
        assert_eq!(float8(0.0001), "0.0001");
        assert_eq!(float8(0.00012345678901234567), "0.00012345678901234567");
        assert_eq!(float8(0.00001), "1e-05");
        assert_eq!(float8(-1.5e300), "-1.5e+300");
        assert_eq!(float4(123456.0), "123456");
        assert_eq!(float4(1234567.0), "1.234567e+06");
        assert_eq!(float4(1e6), "1e+06");
        assert_eq!(float4(1.1), "1.1");
    }

    #[test]
    fn a_point_half_way_to_the_neighbour_is_not_taken() {
        // Rust ends both with one digit less, exactly half-way: 4.368830526233258e16 and 1.567608e9.
        assert_eq!(
            float8(f64::from_bits(0x4363_66c9_0780_0154)),
            "4.3688305262332576e+16"
        );
        assert_eq!(float4(f32::from_bits(0x4eba_df9a)), "1.5676081e+09");
        // Exactly 3621489881090.28125: of the two nearest the even one, where Rust ends in 13.
        assert_eq!(
            float8(f64::from_bits(0x428a_598c_f180_1240)),
            "3621489881090.2812"
        );
        assert_eq!(float8(9.5367431640625e-07), "9.5367431640625e-07");
        assert_eq!(float8(2f64.powi(76)), "7.555786372591432e+22");
        assert_eq!(float8(5e-324), "5e-324");
        assert_eq!(float8(f64::MAX), "1.7976931348623157e+308");
        assert_eq!(float8(f64::MIN_POSITIVE), "2.2250738585072014e-308");
    }

    #[test]
    fn below_a_power_of_two_there_is_half_the_room() {
        // The nearest decimal of 16 digits, ...801, is already past half-way to the number below.
        assert_eq!(float8(2f64.powi(-44)), "5.684341886080802e-14");
        let decimal = |digits, exponent| Decimal { digits, exponent };
        let within = |decimal: Decimal| decimal.is_within(16_777_216f32, &mut String::new());
        assert!(within(decimal(167_772_156, -1)) && within(decimal(167_772_169, -1)));
        assert!(!within(decimal(167_772_155, -1)), "its lower bound");
        assert!(!within(decimal(16_777_217, 0)), "its upper bound");
    }

    #[test]
    fn float4_has_a_range() {
        let mut out = String::new();
        assert!(format_float4(1e39, &mut out).is_err());
        assert!(format_float4(-1e-60, &mut out).is_err());
        assert_eq!(out, "");
        assert!(format_float4(f64::INFINITY, &mut out).is_ok());
    }

    #[test]
    fn texts() {
        assert_eq!(float8_from_text(b"1.5e+300").unwrap(), Some(1.5e300));
        assert_eq!(
            float8_from_text(b"-Infinity").unwrap(),
            Some(f64::NEG_INFINITY)
        );
        assert!(float8_from_text(b"NaN").unwrap().unwrap().is_nan());
        assert_eq!(float8_from_text(b"1.8e+308").unwrap(), None);
        assert_eq!(float4_from_text(b"1.1").unwrap(), Some(f64::from(1.1f32)));
        assert_eq!(float4_from_text(b"3.403e+38").unwrap(), None);
        for text in [&b""[..], b"-", b"1,5", b" 1", b"0x1", b"\xff", b"e5"] {
            assert!(float8_from_text(text).is_err(), "{text:?}");
        }
    }
}
