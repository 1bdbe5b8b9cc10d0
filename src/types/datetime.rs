//! date, time, timetz, timestamp and timestamptz (PostgreSQL manual, "Date/Time Types").
//!
//! This library counts from 1970-01-01, PostgreSQL's binary forms from 2000-01-01; both in days or
//! microseconds, with the ends of the integer for the infinities (integer_datetimes, the only way since
//! PostgreSQL 10). Of the text forms only ISO's is read (DateStyle ISO, the default): its dates begin with a
//! year of at least four digits, which no other style's do, so a text in another style is never mistaken
//! for it. Such a text is `None` here, and stays text.

use std::fmt::Write;

use crate::error::Error;

use super::calendar::{civil_from_days, day_of_common_era, days_from_civil};
use super::scan::Scan;
use super::value::TimeTz;
use super::words::{self, Cell, TENS};
use super::{fixed, malformed};

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(super) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// From 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS * MICROS_PER_DAY;
/// 4714-11-24 BC, Julian day 0: the first day of dates and timestamps.
const FIRST_DAY: i64 = -2_451_545 + EPOCH_DAYS;
/// 5874897-12-31, the last day of dates.
const LAST_DAY: i64 = 2_145_031_948 + EPOCH_DAYS;
/// The first microsecond of timestamps.
const FIRST_MICRO: i64 = FIRST_DAY * MICROS_PER_DAY;
/// The last microsecond of timestamps, 294276-12-31 23:59:59.999999, from 2000-01-01: counted from 1970 it
/// does not fit.
const LAST_MICRO_FROM_2000: i64 = 9_223_371_331_199_999_999;
/// Its day.
const LAST_TIMESTAMP_DAY: i64 = LAST_MICRO_FROM_2000 / MICROS_PER_DAY + EPOCH_DAYS;
/// Offsets from UTC are less than 16 hours.
const OFFSET_LIMIT: i32 = 16 * 3600;

/// A binary timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timestamp {
    /// Microseconds from 1970-01-01, or an infinity.
    Unix(i64),
    /// Too late for that: microseconds from 2000-01-01. It is to be handed out as text.
    Late(i64),
}

pub(super) fn date_from_binary(cell: &[u8]) -> Result<i64, Error> {
    match i32::from_be_bytes(fixed("date", cell)?) {
        i32::MIN => Ok(i64::MIN),
        i32::MAX => Ok(i64::MAX),
        days => Some(i64::from(days) + EPOCH_DAYS)
            .filter(|days| (FIRST_DAY..=LAST_DAY).contains(days))
            .ok_or_else(|| malformed("date", "out of range")),
    }
}

pub(super) fn time_from_binary(cell: &[u8]) -> Result<i64, Error> {
    let micros = i64::from_be_bytes(fixed("time", cell)?);
    if is_time(micros) {
        Ok(micros)
    } else {
        Err(malformed("time", "out of range"))
    }
}

pub(super) fn timetz_from_binary(cell: &[u8]) -> Result<TimeTz, Error> {
    let [t0, t1, t2, t3, t4, t5, t6, t7, z0, z1, z2, z3] = fixed("timetz", cell)?;
    let microseconds = i64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
    // The server counts seconds west of UTC.
    let utc_offset = i32::from_be_bytes([z0, z1, z2, z3]).saturating_neg();
    if is_time(microseconds) && is_offset(utc_offset) {
        Ok(TimeTz {
            microseconds,
            utc_offset,
        })
    } else {
        Err(malformed("timetz", "out of range"))
    }
}

/// `name` is timestamp or timestamptz, for the error.
pub(super) fn timestamp_from_binary(name: &str, cell: &[u8]) -> Result<Timestamp, Error> {
    match i64::from_be_bytes(fixed(name, cell)?) {
        infinity @ (i64::MIN | i64::MAX) => Ok(Timestamp::Unix(infinity)),
        micros if !(FIRST_MICRO - EPOCH_MICROS..=LAST_MICRO_FROM_2000).contains(&micros) => {
            Err(malformed(name, "out of range"))
        }
        // One that lands exactly on i64::MAX is a moment, not infinity.
        micros => Ok(match micros.checked_add(EPOCH_MICROS) {
            None | Some(i64::MAX) => Timestamp::Late(micros),
            Some(unix) => Timestamp::Unix(unix),
        }),
    }
}

/// Microseconds from 1970-01-01 of a binary timestamp between the years -9999 and 9999 or so; `None` for others.
#[inline(always)]
pub(super) fn quick(bytes: [u8; 8]) -> Option<i64> {
    const FAR: i64 = 1 << 58;
    let micros = i64::from_be_bytes(bytes);
    (-FAR / 2..FAR)
        .contains(&micros)
        .then(|| micros + EPOCH_MICROS)
}

/// Days from 1970-01-01 of a binary date of about as many years; `None` for others.
#[inline(always)]
pub(super) fn quick_day(bytes: [u8; 4]) -> Option<i64> {
    const FAR: i32 = 1 << 21;
    let days = i32::from_be_bytes(bytes);
    (-FAR..FAR)
        .contains(&days)
        .then(|| i64::from(days) + EPOCH_DAYS)
}

/// A date in ISO form of a year from 1 to 9999: days from 1970-01-01. `None` for any other text.
#[inline(always)]
pub(super) fn quick_date(cell: Cell<'_>) -> Option<i64> {
    let text = cell.exactly::<10>()?;
    let (month, wrong_month) = words::compare(text.first_chunk()?, b"0000-00-");
    let (day, wrong_day) = words::compare(text.last_chunk()?, b"-00");
    if (wrong_month | wrong_day) & words::HIGH != 0 {
        return None;
    }
    day_of_digits(month, words::pair(day, 1))
}

/// The day of a year and a month as `0000-00-` has their digits.
#[inline(always)]
fn day_of_digits(month: u64, day: u32) -> Option<i64> {
    let year = 100 * words::pair(month, 0) + words::pair(month, 2);
    day_of_common_era(year, words::pair(month, 5), day)
}

/// A timestamp in ISO form, on a day that `quick_date` reads: microseconds from 1970-01-01. With an offset of hours, or of
/// hours and minutes, if it is `zoned`. `None` for any other text.
#[inline(always)]
pub(super) fn quick_text(cell: Cell<'_>, zoned: bool) -> Option<i64> {
    let (until_second, mut rest) = cell.bytes().split_first_chunk::<19>()?;
    let (month, wrong_month) = words::compare(until_second.first_chunk()?, b"0000-00-");
    let (day, wrong_day) = words::compare(until_second.get(7..)?.first_chunk()?, b"-00 ");
    let (time, wrong_time) = words::compare(until_second.last_chunk()?, b"00:00:00");
    if (wrong_month | wrong_day | wrong_time) & words::HIGH != 0 {
        return None;
    }
    let days = day_of_digits(month, words::pair(day, 1))?;
    let time = words::pairs(time) & u64::from_le_bytes([0xff, 0, 0, 0xff, 0, 0, 0xff, 0]);
    // What makes the highest bit of a number's byte 1 if it is too large.
    let limits = u64::from_le_bytes([0x7f - 23, 0, 0, 0x7f - 59, 0, 0, 0x7f - 59, 0]);
    if (time + limits) & words::HIGH != 0 {
        return None;
    }
    let (hour, minute, second) = (time & 0xff, time >> 24 & 0xff, time >> 48);
    let mut fraction = 0;
    if let [b'.', after @ ..] = rest {
        let (micros, count) = match cell.word_at(20) {
            Some(word) => words::leading(word),
            None => first_digits(after),
        };
        if !(1..=6).contains(&count) {
            return None;
        }
        rest = after.get(count..)?;
        fraction = (micros * TENS.get(6 - count)?) as i64;
    }
    let east = match *rest {
        [] if !zoned => 0,
        // As most are.
        [b'+', b'0', b'0'] if zoned => 0,
        _ if zoned => minutes_east(rest)?,
        _ => return None,
    };
    let minutes = (60 * hour + minute) as i64 - east;
    let seconds = 86_400 * days + 60 * minutes + second as i64;
    Some(seconds * MICROS_PER_SECOND + fraction)
}

/// An offset of hours, or of hours and minutes.
#[inline(never)]
fn minutes_east(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match *text {
        [sign, h0, h1] => (sign, two_digits(h0, h1)?, 0),
        [sign, h0, h1, b':', m0, m1] => (sign, two_digits(h0, h1)?, two_digits(m0, m1)?),
        _ => return None,
    };
    let size = 60 * hours + minutes;
    if minutes > 59 || size >= i64::from(OFFSET_LIMIT) / 60 {
        return None;
    }
    match sign {
        b'+' => Some(size),
        b'-' => Some(-size),
        _ => None,
    }
}

/// The number that a text begins with, of up to 6 digits, and how many digits there are.
#[cold]
fn first_digits(text: &[u8]) -> (u64, usize) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = text.iter().take(count.min(6));
    let number = digits.fold(0, |number, byte| number * 10 + u64::from(byte & 0xf));
    (number, count)
}

#[inline(always)]
fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

pub(super) fn date_to_binary(days: i64) -> i32 {
    match days {
        i64::MIN => i32::MIN,
        i64::MAX => i32::MAX,
        _ => i32::try_from(days.wrapping_sub(EPOCH_DAYS)).unwrap_or(0),
    }
}

pub(super) fn timestamp_to_binary(micros: i64) -> i64 {
    match micros {
        infinity @ (i64::MIN | i64::MAX) => infinity,
        _ => micros.wrapping_sub(EPOCH_MICROS),
    }
}

/// Whether a date can be sent or written.
pub(super) fn check_date(days: i64) -> Result<(), Error> {
    match days {
        i64::MIN | i64::MAX | FIRST_DAY..=LAST_DAY => Ok(()),
        _ => Err(Error::data("a date is out of PostgreSQL's range").with_sqlstate("22008")),
    }
}

/// Whether a timestamp can be sent or written. What fits microseconds from 1970 is never too late.
pub(super) fn check_timestamp(micros: i64) -> Result<(), Error> {
    match micros {
        i64::MIN | FIRST_MICRO.. => Ok(()),
        _ => Err(Error::data("a timestamp is out of PostgreSQL's range").with_sqlstate("22008")),
    }
}

/// Whether a time of day can be sent or written.
pub(super) fn check_time(micros: i64) -> Result<(), Error> {
    if is_time(micros) {
        Ok(())
    } else {
        Err(Error::data("a time of day is not within 00:00:00 and 24:00:00").with_sqlstate("22008"))
    }
}

/// Whether a time of day with its offset can be sent or written.
pub(super) fn check_timetz(time: TimeTz) -> Result<(), Error> {
    check_time(time.microseconds)?;
    if is_offset(time.utc_offset) {
        Ok(())
    } else {
        Err(
            Error::data("a time's offset from UTC is not less than 16 hours")
                .with_sqlstate("22009"),
        )
    }
}

fn is_time(micros: i64) -> bool {
    (0..=MICROS_PER_DAY).contains(&micros)
}

fn is_offset(seconds: i32) -> bool {
    (1 - OFFSET_LIMIT..OFFSET_LIMIT).contains(&seconds)
}

/// Days from 1970-01-01; `None` for any text but ISO's.
pub(super) fn date_from_text(cell: &[u8]) -> Option<i64> {
    if let Some(infinity) = infinity_from_text(cell) {
        return Some(infinity);
    }
    let mut scan = Scan(cell);
    let date = Date::read(&mut scan)?;
    let days = date.days(scan)?;
    (FIRST_DAY..=LAST_DAY).contains(&days).then_some(days)
}

/// Microseconds from midnight; `None` for anything but a time of day.
pub(super) fn time_from_text(cell: &[u8]) -> Option<i64> {
    let mut scan = Scan(cell);
    let micros = time_of_day(&mut scan)?;
    scan.at_end().then_some(micros)
}

/// `None` for anything but a time of day with an offset.
pub(super) fn timetz_from_text(cell: &[u8]) -> Option<TimeTz> {
    let mut scan = Scan(cell);
    let microseconds = time_of_day(&mut scan)?;
    let utc_offset = offset(&mut scan)?;
    scan.at_end().then_some(TimeTz {
        microseconds,
        utc_offset,
    })
}

/// Microseconds from 1970-01-01; `None` for any text but ISO's, and for a moment that they can't hold.
/// `zoned`: whether an offset must follow, as a timestamptz has one, or must not.
#[inline]
pub(super) fn timestamp_from_text(cell: &[u8], zoned: bool) -> Option<i64> {
    if let Some(infinity) = infinity_from_text(cell) {
        return Some(infinity);
    }
    let (days, time) = moment_from_text(cell, zoned)?;
    let micros = days.checked_mul(MICROS_PER_DAY)?.checked_add(time)?;
    (FIRST_MICRO..i64::MAX).contains(&micros).then_some(micros)
}

/// Days from 1970-01-01 and microseconds from midnight, in UTC if it is `zoned`; `None` for any text but
/// ISO's, infinities and what no timestamp can be.
#[inline]
pub(super) fn moment_from_text(cell: &[u8], zoned: bool) -> Option<(i64, i64)> {
    let mut scan = Scan(cell);
    let date = Date::read(&mut scan)?;
    if !scan.eat(b' ') {
        return None;
    }
    let time = time_of_day(&mut scan).filter(|&micros| micros < MICROS_PER_DAY)?;
    let offset = if zoned { offset(&mut scan)? } else { 0 };
    let days = date.days(scan)?;
    // The offset first: a local time may be just out of range where its UTC is not.
    let local = time - i64::from(offset) * MICROS_PER_SECOND;
    let days = days + local.div_euclid(MICROS_PER_DAY);
    (FIRST_DAY..=LAST_TIMESTAMP_DAY)
        .contains(&days)
        .then_some((days, local.rem_euclid(MICROS_PER_DAY)))
}

fn infinity_from_text(cell: &[u8]) -> Option<i64> {
    match cell {
        b"infinity" => Some(i64::MAX),
        b"-infinity" => Some(i64::MIN),
        _ => None,
    }
}

/// A date as it is written: the era comes last, behind time and offset.
#[derive(Clone, Copy, Debug)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    #[inline]
    fn read(scan: &mut Scan<'_>) -> Option<Date> {
        let year = scan.digits(4, 7)?;
        let month = scan.eat(b'-').then(|| scan.pair(12))??;
        let day = scan.eat(b'-').then(|| scan.pair(31))??;
        Some(Date { year, month, day })
    }

    /// Its day number, by the era that is all that may be left.
    #[inline]
    fn days(self, mut rest: Scan<'_>) -> Option<i64> {
        let year = if rest.eat_word(b" BC") {
            1 - self.year
        } else {
            self.year
        };
        if !rest.at_end() || self.year == 0 {
            return None;
        }
        days_from_civil(year, self.month, self.day)
    }
}

/// `HH:MM:SS[.ffffff]`, up to 24:00:00.
#[inline]
fn time_of_day(scan: &mut Scan<'_>) -> Option<i64> {
    let hours = scan.pair(24)?;
    let minutes = scan.eat(b':').then(|| scan.pair(59))??;
    let seconds = scan.eat(b':').then(|| scan.pair(59))??;
    let micros = ((hours * 60 + minutes) * 60 + seconds) * MICROS_PER_SECOND + scan.fraction()?;
    is_time(micros).then_some(micros)
}

/// `+HH[:MM[:SS]]`, in seconds east of UTC.
#[inline]
fn offset(scan: &mut Scan<'_>) -> Option<i32> {
    let negative = scan.eat(b'-');
    if !negative && !scan.eat(b'+') {
        return None;
    }
    let mut seconds = scan.pair(15)? * 3600;
    if scan.eat(b':') {
        seconds += scan.pair(59)? * 60;
        if scan.eat(b':') {
            seconds += scan.pair(59)?;
        }
    }
    i32::try_from(if negative { -seconds } else { seconds }).ok()
}

/// Appends a date that `check_date` accepts.
pub(super) fn format_date(days: i64, out: &mut String) -> Result<(), Error> {
    check_date(days)?;
    if !push_infinity(days, out) {
        let before_christ = push_date(days, out);
        out.push_str(before_christ);
    }
    Ok(())
}

/// Appends a time of day that `check_time` accepts.
pub(super) fn format_time(micros: i64, out: &mut String) -> Result<(), Error> {
    check_time(micros)?;
    push_time(micros, out);
    Ok(())
}

/// Appends a time of day with its offset, as `check_timetz` accepts it.
pub(super) fn format_timetz(time: TimeTz, out: &mut String) -> Result<(), Error> {
    check_timetz(time)?;
    push_time(time.microseconds, out);
    out.push(if time.utc_offset < 0 { '-' } else { '+' });
    let seconds = time.utc_offset.unsigned_abs();
    let _ = write!(out, "{:02}", seconds / 3600);
    if !seconds.is_multiple_of(3600) {
        let _ = write!(out, ":{:02}", seconds / 60 % 60);
    }
    if !seconds.is_multiple_of(60) {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
    Ok(())
}

/// Appends a timestamp that `check_timestamp` accepts; `zoned` ones in UTC.
pub(super) fn format_timestamp(micros: i64, zoned: bool, out: &mut String) -> Result<(), Error> {
    check_timestamp(micros)?;
    if !push_infinity(micros, out) {
        push_timestamp(
            micros.div_euclid(MICROS_PER_DAY),
            micros.rem_euclid(MICROS_PER_DAY),
            zoned,
            out,
        );
    }
    Ok(())
}

/// Appends a `Timestamp::Late`.
pub(super) fn format_late_timestamp(from_2000: i64, zoned: bool, out: &mut String) {
    let days = from_2000.div_euclid(MICROS_PER_DAY) + EPOCH_DAYS;
    push_timestamp(days, from_2000.rem_euclid(MICROS_PER_DAY), zoned, out);
}

fn push_infinity(number: i64, out: &mut String) -> bool {
    match number {
        i64::MIN => out.push_str("-infinity"),
        i64::MAX => out.push_str("infinity"),
        _ => return false,
    }
    true
}

fn push_timestamp(days: i64, micros: i64, zoned: bool, out: &mut String) {
    let before_christ = push_date(days, out);
    out.push(' ');
    push_time(micros, out);
    if zoned {
        out.push_str("+00");
    }
    out.push_str(before_christ);
}

/// Appends the date and answers its era, which belongs at the very end.
fn push_date(days: i64, out: &mut String) -> &'static str {
    let (year, month, day) = civil_from_days(days);
    let (year, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
    era
}

fn push_time(micros: i64, out: &mut String) {
    let seconds = micros / MICROS_PER_SECOND;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    push_fraction(
        micros.unsigned_abs() % MICROS_PER_SECOND.unsigned_abs(),
        out,
    );
}

/// Appends a fraction of a second without the zeroes at its end.
pub(super) fn push_fraction(micros: u64, out: &mut String) {
    if micros != 0 {
        let _ = write!(out, ".{micros:06}");
        out.truncate(out.trim_end_matches('0').len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_timestamp_is_no_infinity() {
        let read = |micros: i64| timestamp_from_binary("timestamp", &micros.to_be_bytes());
        let first_late = i64::MAX - EPOCH_MICROS;
        assert_eq!(read(first_late - 1).unwrap(), Timestamp::Unix(i64::MAX - 1));
        assert_eq!(read(first_late).unwrap(), Timestamp::Late(first_late));
        assert_eq!(
            read(LAST_MICRO_FROM_2000).unwrap(),
            Timestamp::Late(LAST_MICRO_FROM_2000)
        );
        assert!(read(LAST_MICRO_FROM_2000 + 1).is_err());
        assert!(read(i64::MAX - 1).is_err());
        assert_eq!(read(i64::MAX).unwrap(), Timestamp::Unix(i64::MAX));
        assert_eq!(read(i64::MIN).unwrap(), Timestamp::Unix(i64::MIN));
        assert!(read(i64::MIN + 1).is_err());
        assert_eq!(
            read(FIRST_MICRO - EPOCH_MICROS).unwrap(),
            Timestamp::Unix(FIRST_MICRO)
        );
        assert!(read(FIRST_MICRO - EPOCH_MICROS - 1).is_err());

        let text = "294247-01-10 04:00:54.775807";
        assert_eq!(timestamp_from_text(text.as_bytes(), false), None);
        assert_eq!(
            timestamp_from_text(text.replace("807", "806").as_bytes(), false),
            Some(i64::MAX - 1)
        );
        let mut out = String::new();
        format_late_timestamp(first_late, false, &mut out);
        assert_eq!(out, text);
    }

    #[test]
    fn dates_in_range_only() {
        let read = |days: i32| date_from_binary(&days.to_be_bytes()).ok();
        assert_eq!(read(i32::MIN), Some(i64::MIN));
        assert_eq!(read(i32::MAX), Some(i64::MAX));
        assert_eq!(read(-2_451_545), Some(FIRST_DAY));
        assert_eq!(read(-2_451_546), None);
        assert_eq!(read(2_145_031_948), Some(LAST_DAY));
        assert_eq!(read(2_145_031_949), None);
        assert_eq!(date_from_text(b"4714-11-23 BC"), None);
        assert_eq!(date_from_text(b"5874898-01-01"), None);
        assert!(check_date(FIRST_DAY - 1).is_err() && check_date(LAST_DAY + 1).is_err());
        assert!(check_date(i64::MAX - 1).is_err() && check_date(i64::MIN + 1).is_err());
        assert!(
            check_timestamp(FIRST_MICRO - 1).is_err() && check_timestamp(i64::MIN + 1).is_err()
        );
    }

    #[test]
    fn texts_that_are_not_isos() {
        for text in [
            "",
            "12-31-1999",
            "12/31/1999",
            "31.12.1999",
            "999-01-01",
            "2023-02-29",
            "2023-1-1",
            "0000-01-01",
            "2023-01-01 ",
            "2023-01-01 AD",
            "2023-01-01BC",
            "20230101",
            "-infinit",
            "2023-01-01 00:00:00",
        ] {
            assert_eq!(date_from_text(text.as_bytes()), None, "{text}");
        }
        for text in [
            "",
            "1:02:03",
            "24:00:01",
            "23:60:00",
            "23:59:60",
            "12:00",
            "12:00:00.",
            "12:00:00 PM",
            "12:00:00.1234567",
            "12:00:00+00",
        ] {
            assert_eq!(time_from_text(text.as_bytes()), None, "{text}");
        }
        for text in [
            "2023-01-01",
            "2023-01-01T00:00:00",
            "2023-01-01 24:00:00",
            "2023-01-01 00:00:00+00",
            "2023-01-01 00:00:00 CET",
        ] {
            assert_eq!(timestamp_from_text(text.as_bytes(), false), None, "{text}");
        }
        for text in [
            "2023-01-01 00:00:00",
            "2023-01-01 00:00:00 CET",
            "2023-01-01 00:00:00+16",
            "2023-01-01 00:00:00+5",
            "2023-01-01 00:00:00+05:",
            "2023-01-01 00:00:00 BC+00",
        ] {
            assert_eq!(timestamp_from_text(text.as_bytes(), true), None, "{text}");
        }
        assert!(timetz_from_text(b"12:00:00").is_none());
    }

    #[test]
    fn offsets_in_seconds() {
        assert_eq!(
            timestamp_from_text(b"1970-01-01 05:53:28+05:53:28", true),
            Some(0)
        );
        assert_eq!(
            timestamp_from_text(b"1969-12-31 19:00:00.5-05", true),
            Some(500_000)
        );
        // The local time is past what fits; its UTC is not.
        assert_eq!(
            timestamp_from_text(b"294247-01-10 05:00:54.775806+01", true),
            Some(i64::MAX - 1)
        );
        assert_eq!(
            timestamp_from_text(b"294247-01-10 04:00:54.775806-00:00:01", true),
            None
        );
    }

    #[test]
    fn times_and_their_offsets_in_range_only() {
        let binary = |micros: i64, west: i32| {
            timetz_from_binary(&[&micros.to_be_bytes()[..], &west.to_be_bytes()[..]].concat()).ok()
        };
        assert_eq!(
            binary(1, -19_800),
            Some(TimeTz {
                microseconds: 1,
                utc_offset: 19_800
            })
        );
        for (micros, west) in [
            (-1, 0),
            (MICROS_PER_DAY + 1, 0),
            (0, 57_600),
            (0, -57_600),
            (0, i32::MIN),
        ] {
            assert_eq!(binary(micros, west), None);
        }
        assert!(time_from_binary(&MICROS_PER_DAY.to_be_bytes()).is_ok());
        assert!(time_from_binary(&(-1i64).to_be_bytes()).is_err());
        let mut out = String::new();
        format_timetz(
            TimeTz {
                microseconds: 0,
                utc_offset: -21_208,
            },
            &mut out,
        )
        .unwrap();
        assert_eq!(out, "00:00:00-05:53:28");
    }
}
