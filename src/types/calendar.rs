//! The proleptic Gregorian calendar: day numbers to years, months and days, and back.
//!
//! Our own because no maintained crate covers PostgreSQL's dates, 4714-11-24 BC to 5874897-12-31: `time`
//! ends at year 999999 even with its `large-dates`, `chrono` at 262142, `jiff` at 9999.
//!
//! Years are astronomical: 0 is 1 BC, -43 is 44 BC. Day 0 is 1970-01-01. Both functions are exact for years
//! within some ten million of either side, far more than their callers let through.

/// From 0000-03-01 to 1970-01-01. Counting from a first of March puts the leap day at the end of a year.
const MARCH_0000: i64 = 719_468;
const DAYS_IN_400_YEARS: i64 = 146_097;
const DAYS_IN_100_YEARS: i64 = 36_524;
const DAYS_IN_4_YEARS: i64 = 1_461;

/// The number of a day, or `None` if the calendar has no such day.
#[inline]
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let (march_year, march_month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days =
        march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    Some(march_year * 365 + leap_days + first_of_month(march_month) + day - 1 - MARCH_0000)
}

/// The same of a year from 1 to 9999, quicker; `None` for other years, too.
#[inline(always)]
pub(super) fn day_of_common_era(year: u32, month: u32, day: u32) -> Option<i64> {
    /// Of each month: how long it can be, and `first_of_month`.
    const MONTHS: [(u8, u16); 13] = [
        (0, 0),
        (31, 306),
        (29, 337),
        (31, 0),
        (30, 31),
        (31, 61),
        (30, 92),
        (31, 122),
        (31, 153),
        (30, 184),
        (31, 214),
        (30, 245),
        (31, 275),
    ];
    const BEFORE: i32 = 1 + MARCH_0000 as i32;
    let &(longest, first) = MONTHS.get(month as usize)?;
    if day.wrapping_sub(1) >= u32::from(longest) || year.wrapping_sub(1) >= 9999 {
        return None;
    }
    if day == 29 && month == 2 && days_in_month(year.into(), 2) < 29 {
        return None;
    }
    let march_year = year - u32::from(month < 3);
    let century = march_year / 100;
    let leap_days = march_year / 4 - century + century / 4;
    let days = march_year * 365 + leap_days + u32::from(first) + day;
    Some(i64::from(days as i32 - BEFORE))
}

/// The year, month and day of a day number.
#[inline]
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let since_march = days + MARCH_0000;
    let cycle = since_march.div_euclid(DAYS_IN_400_YEARS);
    let mut day = since_march.rem_euclid(DAYS_IN_400_YEARS);
    // The last century of a cycle and the last year of four are the ones with a day more.
    let century = (day / DAYS_IN_100_YEARS).min(3);
    day -= century * DAYS_IN_100_YEARS;
    let four = day / DAYS_IN_4_YEARS;
    day -= four * DAYS_IN_4_YEARS;
    let one = (day / 365).min(3);
    day -= one * 365;
    let march_year = cycle * 400 + century * 100 + four * 4 + one;
    let march_month = (day * 5 + 2) / 153;
    day -= first_of_month(march_month);
    if march_month < 10 {
        (march_year, march_month + 3, day + 1)
    } else {
        (march_year + 1, march_month - 9, day + 1)
    }
}

/// The day of the year, counted from March, that the month with this number (March is 0) begins with: five
/// months have 153 days wherever one starts to count, as far as February, which is the last.
#[inline]
fn first_of_month(march_month: i64) -> i64 {
    (march_month * 153 + 2) / 5
}

#[inline]
fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (days, civil) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (10957, (2000, 1, 1)),
            (11016, (2000, 2, 29)),
            (-25508, (1900, 3, 1)),
            (-719468, (0, 3, 1)),
            (-719469, (0, 2, 29)),
            // PostgreSQL's first and last day: Julian day 0 and 5874897-12-31.
            (-2451545 + 10957, (-4713, 11, 24)),
            (2145031948 + 10957, (5874897, 12, 31)),
        ] {
            assert_eq!(civil_from_days(days), civil);
            assert_eq!(days_from_civil(civil.0, civil.1, civil.2), Some(days));
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        // All of 2800 years around year 0, and the two ends of PostgreSQL's range.
        for range in [
            -1_230_000..200_000,
            2_920_000..2_940_000,
            -2_441_000..-2_430_000,
            2_145_030_000..2_145_043_000i64,
        ] {
            let mut expected = civil_from_days(range.start);
            for days in range {
                assert_eq!(civil_from_days(days), expected);
                let (year, month, day) = expected;
                assert_eq!(days_from_civil(year, month, day), Some(days));
                if (1..=9999).contains(&year) {
                    let quick = day_of_common_era(year as u32, month as u32, day as u32);
                    assert_eq!(quick, Some(days));
                }
                expected = if day < days_in_month(year, month) {
                    (year, month, day + 1)
                } else if month < 12 {
                    (year, month + 1, 1)
                } else {
                    (year + 1, 1, 1)
                };
            }
        }
    }

    #[test]
    fn days_that_do_not_exist() {
        for (year, month, day) in [
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 2, 30),
            (2024, 4, 31),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
        ] {
            assert_eq!(days_from_civil(year, month, day), None);
            assert_eq!(
                day_of_common_era(year as u32, month as u32, day as u32),
                None
            );
        }
        // Every day that two digits can say.
        for year in [0, 1, 4, 1900, 2000, 2023, 2024, 9999, 10000] {
            for month in 0..100 {
                for day in 0..100 {
                    let slow = days_from_civil(year, month, day);
                    let slow = slow.filter(|_| (1..=9999).contains(&year));
                    let quick = day_of_common_era(year as u32, month as u32, day as u32);
                    assert_eq!(quick, slow, "{year} {month} {day}");
                }
            }
        }
    }
}
