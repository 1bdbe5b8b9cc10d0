//! interval (PostgreSQL manual, "Interval Input" and "Interval Output"): months, days and microseconds.
//!
//! The four IntervalStyles can be told apart, so each is read: postgres_verbose begins with `@`, iso_8601
//! with `P`; of the other two only postgres has letters, since it names years, months and days. What has no
//! letters is sql_standard, or the bare time of either, `-04:05:06`, which means the same in both. A text in
//! none of these forms is `None`, and stays text.
//!
//! PostgreSQL 17 has infinite intervals: in binary, all three fields at the same end of their range. A value
//! carries them that way, too.

use std::fmt::Write;

use crate::error::Error;

use super::datetime::{MICROS_PER_SECOND, push_fraction};
use super::fixed;
use super::scan::Scan;
use super::value::Interval;

const INFINITY: Interval = Interval {
    microseconds: i64::MAX,
    days: i32::MAX,
    months: i32::MAX,
};
const NEGATIVE_INFINITY: Interval = Interval {
    microseconds: i64::MIN,
    days: i32::MIN,
    months: i32::MIN,
};
const SECOND: i128 = MICROS_PER_SECOND as i128;
/// More than any field of any style has.
const MAX_DIGITS: usize = 18;

/// Microseconds, days, months: 64, 32 and 32 bits.
pub(super) fn from_binary(cell: &[u8]) -> Result<Interval, Error> {
    let bits = u128::from_be_bytes(fixed("interval", cell)?);
    Ok(Interval {
        microseconds: (bits >> 64) as i64,
        days: (bits >> 32) as i32,
        months: bits as i32,
    })
}

pub(super) fn to_binary(interval: Interval) -> [u8; 16] {
    let bits = u128::from(interval.microseconds as u64) << 64
        | u128::from(interval.days as u32) << 32
        | u128::from(interval.months as u32);
    bits.to_be_bytes()
}

/// An interval in any of the four styles.
pub(super) fn from_text(cell: &[u8]) -> Option<Interval> {
    let sum = match cell {
        b"infinity" => return Some(INFINITY),
        b"-infinity" => return Some(NEGATIVE_INFINITY),
        [b'@', rest @ ..] => verbose(Scan(rest))?,
        [b'P', rest @ ..] => iso_8601(Scan(rest))?,
        _ if cell.iter().any(u8::is_ascii_alphabetic) => postgres(Scan(cell))?,
        _ => sql_standard(Scan(cell))?,
    };
    // Before PostgreSQL 17 the fields of the infinities are an interval like any other.
    sum.interval()
        .filter(|interval| !matches!(*interval, INFINITY | NEGATIVE_INFINITY))
}

/// Fields as they add up; wide enough for all that `MAX_DIGITS` can say.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    months: i128,
    days: i128,
    micros: i128,
}

impl Sum {
    fn interval(self) -> Option<Interval> {
        Some(Interval {
            microseconds: i64::try_from(self.micros).ok()?,
            days: i32::try_from(self.days).ok()?,
            months: i32::try_from(self.months).ok()?,
        })
    }

    fn negated(self) -> Sum {
        Sum {
            months: -self.months,
            days: -self.days,
            micros: -self.micros,
        }
    }
}

/// Whether a sign is next, and which: 1 without one.
fn sign(scan: &mut Scan<'_>) -> i128 {
    match scan.eat(b'-') {
        true => -1,
        false => {
            scan.eat(b'+');
            1
        }
    }
}

fn number(scan: &mut Scan<'_>) -> Option<i128> {
    scan.digits(1, MAX_DIGITS).map(i128::from)
}

/// `MM:SS[.ffffff]`, behind the hours and their colon, up to the end of the text.
fn clock(hours: i128, scan: &mut Scan<'_>) -> Option<i128> {
    let minutes = i128::from(scan.pair(59)?);
    let seconds = i128::from(scan.eat(b':').then(|| scan.pair(59))??);
    let fraction = i128::from(scan.fraction()?);
    scan.at_end()
        .then_some(((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction)
}

/// postgres: `1 year 2 mons -3 days +04:05:06.789`.
fn postgres(mut scan: Scan<'_>) -> Option<Sum> {
    let sum = words(&mut scan)?;
    scan.at_end().then_some(sum)
}

/// The units in the order that they are written in.
const UNITS: [[&[u8]; 2]; 6] = [
    [b"year", b"years"],
    [b"mon", b"mons"],
    [b"day", b"days"],
    [b"hour", b"hours"],
    [b"min", b"mins"],
    [b"sec", b"secs"],
];

/// Numbers with their units, up to the end or an ` ago`; a time of day may stand last.
fn words(scan: &mut Scan<'_>) -> Option<Sum> {
    let mut sum = Sum::default();
    // Each unit once, the largest first.
    let mut units: &[[&[u8]; 2]] = &UNITS;
    loop {
        let sign = sign(scan);
        let number = number(scan)?;
        if scan.eat(b':') {
            sum.micros += sign * clock(number, scan)?;
            return Some(sum);
        }
        let fraction = i128::from(scan.fraction()?);
        if !scan.eat(b' ') {
            return None;
        }
        let number = sign * number;
        let word = scan.letters();
        let place = units.iter().position(|names| names.contains(&word))?;
        units = units.get(place + 1..).unwrap_or_default();
        match word {
            b"sec" | b"secs" => sum.micros += number * SECOND + sign * fraction,
            _ if fraction != 0 => return None,
            word => match word {
                b"year" | b"years" => sum.months += number * 12,
                b"mon" | b"mons" => sum.months += number,
                b"day" | b"days" => sum.days += number,
                b"hour" | b"hours" => sum.micros += number * SECOND * 3600,
                b"min" | b"mins" => sum.micros += number * SECOND * 60,
                _ => return None,
            },
        }
        if scan.at_end() || matches!(scan.0, b" ago") {
            return Some(sum);
        }
        if !scan.eat(b' ') {
            return None;
        }
    }
}

/// postgres_verbose, behind its `@`: ` 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs ago`, ` 0`.
fn verbose(mut scan: Scan<'_>) -> Option<Sum> {
    if scan.0 == b" 0" {
        return Some(Sum::default());
    }
    let sum = scan.eat(b' ').then(|| words(&mut scan))??;
    match scan.0 {
        b"" => Some(sum),
        b" ago" => Some(sum.negated()),
        _ => None,
    }
}

/// iso_8601, behind its `P`: `1Y2M-3DT4H5M6.789S`, `T0S`.
fn iso_8601(mut scan: Scan<'_>) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut time = false;
    // Each unit once, the largest first.
    let mut units: &[(bool, u8)] = &[
        (false, b'Y'),
        (false, b'M'),
        (false, b'D'),
        (true, b'H'),
        (true, b'M'),
        (true, b'S'),
    ];
    while !scan.at_end() {
        if !time && scan.eat(b'T') {
            time = true;
        }
        let sign = sign(&mut scan);
        let number = sign * number(&mut scan)?;
        let fraction = sign * i128::from(scan.fraction()?);
        let (&unit, rest) = scan.0.split_first()?;
        scan.0 = rest;
        let place = units.iter().position(|&other| other == (time, unit))?;
        units = units.get(place + 1..).unwrap_or_default();
        match (time, unit) {
            (true, b'S') => sum.micros += number * SECOND + fraction,
            _ if fraction != 0 => return None,
            (false, b'Y') => sum.months += number * 12,
            (false, b'M') => sum.months += number,
            (false, b'D') => sum.days += number,
            (true, b'H') => sum.micros += number * SECOND * 3600,
            (true, b'M') => sum.micros += number * SECOND * 60,
            _ => return None,
        }
    }
    Some(sum)
}

/// sql_standard: `0`, `1-2`, `3 4:05:06`, `4:05:06` with one sign for all of it, or
/// `+1-2 -3 +4:05:06.789` with a sign for each part.
fn sql_standard(mut scan: Scan<'_>) -> Option<Sum> {
    let mut sum = Sum::default();
    let first_sign = sign(&mut scan);
    let first = number(&mut scan)?;
    if scan.eat(b':') {
        sum.micros = first_sign * clock(first, &mut scan)?;
    } else if scan.eat(b'-') {
        sum.months = first_sign * (first * 12 + number(&mut scan)?);
        if scan.at_end() {
            return Some(sum);
        }
        sum.days = signed_part(&mut scan)?;
        let negative = matches!(scan.0, [b' ', b'-', ..]);
        let hours = signed_part(&mut scan)?.abs();
        let micros = scan.eat(b':').then(|| clock(hours, &mut scan))??;
        sum.micros = if negative { -micros } else { micros };
    } else if scan.eat(b' ') {
        let hours = number(&mut scan)?;
        sum.days = first_sign * first;
        sum.micros = first_sign * scan.eat(b':').then(|| clock(hours, &mut scan))??;
    } else if first != 0 || !scan.at_end() {
        return None;
    }
    Some(sum)
}

/// A space, a sign that must be there, and a number.
fn signed_part(scan: &mut Scan<'_>) -> Option<i128> {
    if !scan.eat(b' ') || !matches!(scan.0, [b'+' | b'-', ..]) {
        return None;
    }
    Some(sign(scan) * number(scan)?)
}

/// Whether it is one of the infinities that PostgreSQL 17 has.
pub(super) fn is_infinite(interval: Interval) -> bool {
    matches!(interval, INFINITY | NEGATIVE_INFINITY)
}

/// Appends the interval in IntervalStyle postgres.
pub(super) fn format(interval: Interval, out: &mut String) {
    match interval {
        INFINITY => return out.push_str("infinity"),
        NEGATIVE_INFINITY => return out.push_str("-infinity"),
        _ => {}
    }
    let fields = [
        (interval.months / 12, "year"),
        (interval.months % 12, "mon"),
        (interval.days, "day"),
    ];
    let start = out.len();
    // A positive field says so only behind a negative one, which it would otherwise seem to belong to.
    let mut negative_before = false;
    for (number, unit) in fields.into_iter().filter(|&(number, _)| number != 0) {
        if out.len() > start {
            out.push(' ');
        }
        if negative_before && number > 0 {
            out.push('+');
        }
        let plural = if number == 1 { "" } else { "s" };
        let _ = write!(out, "{number} {unit}{plural}");
        negative_before = number < 0;
    }
    if interval.microseconds == 0 && out.len() > start {
        return;
    }
    if out.len() > start {
        out.push(' ');
    }
    match interval.microseconds {
        ..0 => out.push('-'),
        _ if negative_before => out.push('+'),
        _ => {}
    }
    let micros = interval.microseconds.unsigned_abs();
    let seconds = micros / MICROS_PER_SECOND.unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    push_fraction(micros % MICROS_PER_SECOND.unsigned_abs(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(months: i32, days: i32, microseconds: i64) -> Option<Interval> {
        Some(Interval {
            microseconds,
            days,
            months,
        })
    }

    fn formatted(months: i32, days: i32, microseconds: i64) -> String {
        let mut out = String::new();
        format(
            Interval {
                microseconds,
                days,
                months,
            },
            &mut out,
        );
        out
    }

    #[test]
    fn the_four_styles() {
        let expected = interval(14, -3, 14_706_789_000);
        for text in [
            "1 year 2 mons -3 days +04:05:06.789",
            "@ 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs",
            "P1Y2M-3DT4H5M6.789S",
            "+1-2 -3 +4:05:06.789",
        ] {
            assert_eq!(from_text(text.as_bytes()), expected, "{text}");
        }
        for text in ["00:00:00", "@ 0", "PT0S", "0"] {
            assert_eq!(from_text(text.as_bytes()), interval(0, 0, 0), "{text}");
        }
        // One sign for all of it, or for the unit it stands before.
        assert_eq!(from_text(b"-3 4:00:00"), interval(0, -3, -14_400_000_000));
        assert_eq!(
            from_text(b"-3 days 04:00:00"),
            interval(0, -3, 14_400_000_000)
        );
        assert_eq!(
            from_text(b"@ 3 days -4 hours ago"),
            interval(0, -3, 14_400_000_000)
        );
        assert_eq!(from_text(b"+0-0 +1 -0:00:00.5"), interval(0, 1, -500_000));
        assert_eq!(from_text(b"-1-2"), interval(-14, 0, 0));
    }

    #[test]
    fn texts_in_no_style() {
        for text in [
            "",
            "1",
            "-",
            "1 year 2",
            "1 fortnight",
            "1 year ago",
            "1 year 04:05",
            "04:60:00",
            "4:5:6",
            "04:05:06 1 day",
            "@",
            "@ 1",
            "@ 1 day agoo",
            "P1Y2",
            "PT1Y",
            "P1H",
            "P1.5D",
            "1-2 -3",
            "1-2 3 4:05:06",
            "1 2",
            "1 year\0",
            "1.5 years",
            "2147483648 days",
            "178956970 years 8 mons",
            "99999999999999999999 days",
            "2562047788:00:54.775808",
            "1  day",
            "+",
            "P-",
            "PT1S1",
        ] {
            assert_eq!(from_text(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn infinities_are_the_ends_of_all_fields() {
        for (text, ends) in [("infinity", INFINITY), ("-infinity", NEGATIVE_INFINITY)] {
            assert_eq!(from_text(text.as_bytes()), Some(ends));
            assert_eq!(formatted(ends.months, ends.days, ends.microseconds), text);
        }
        // As an older server writes an interval with just these fields: not to be taken for infinity.
        let finite = "178956970 years 7 mons 2147483647 days 2562047788:00:54.775807";
        assert_eq!(from_text(finite.as_bytes()), None);
    }

    #[test]
    fn signs_as_the_server_writes_them() {
        assert_eq!(formatted(0, 0, 0), "00:00:00");
        assert_eq!(formatted(0, 0, -1_000_000), "-00:00:01");
        assert_eq!(formatted(-1, 1, 0), "-1 mons +1 day");
        assert_eq!(
            formatted(-13, 1, 1),
            "-1 years -1 mons +1 day 00:00:00.000001"
        );
        assert_eq!(formatted(0, -1, 1_000_000), "-1 days +00:00:01");
        assert_eq!(formatted(1, 0, i64::MIN), "1 mon -2562047788:00:54.775808");
    }
}
