//! Dates and times taken apart, as a calendar and a clock show them, and put together again.
//!
//! Years are PostgreSQL's (make_date, EXTRACT): -1 is 1 BC, and there is no year 0.

use crate::error::{Error, Result};

use super::calendar::{civil_from_days, days_from_civil};
use super::datetime::{
    self, MICROS_PER_DAY, MICROS_PER_SECOND, check_date, check_time, check_timestamp, check_timetz,
};
use super::oid;
use super::param::{Datum, Param};
use super::value::TimeTz;

/// A date and a time of day, taken apart.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// As PostgreSQL counts: -1 is 1 BC, and no year is 0. 0 in a time of day, which has no date.
    pub year: i32,
    /// 1 to 12; 0 in a time of day.
    pub month: i32,
    /// 1 to 31; 0 in a time of day.
    pub day: i32,
    /// 0 to 23, and 24 in the time of day 24:00:00.
    pub hour: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 59: PostgreSQL has no leap seconds.
    pub second: i32,
    /// 0 to 999999.
    pub microsecond: i32,
    /// Seconds east of UTC, less than 16 hours either way; 0 where the kind has no offset.
    pub utc_offset: i32,
}

/// Seconds from 1970-01-01 00:00:00 UTC as PEP 249's ticks give them, in whole ones and microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticks {
    pub(crate) seconds: i64,
    pub(crate) microsecond: i32,
}

impl Parts {
    /// Days from 1970-01-01.
    pub(crate) fn date(&self) -> Result<i64> {
        let days = self.days()?;
        check_date(days)?;
        Ok(days)
    }

    /// Microseconds from midnight.
    pub(crate) fn time(&self) -> Result<i64> {
        let within = |number: i32, highest: i32| (0..=highest).contains(&number);
        if !(within(self.hour, 24)
            && within(self.minute, 59)
            && within(self.second, 59)
            && within(self.microsecond, 999_999))
        {
            return Err(overflow(format!(
                "there is no time of day {:02}:{:02}:{:02} with {} microseconds",
                self.hour, self.minute, self.second, self.microsecond
            )));
        }
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute);
        let micros = (minutes * 60 + i64::from(self.second)) * MICROS_PER_SECOND
            + i64::from(self.microsecond);
        check_time(micros)?;
        Ok(micros)
    }

    /// A time of day with its offset.
    pub(crate) fn timetz(&self) -> Result<TimeTz> {
        let time = TimeTz {
            microseconds: self.time()?,
            utc_offset: self.utc_offset,
        };
        check_timetz(time)?;
        Ok(time)
    }

    /// Microseconds from 1970-01-01 00:00:00, the offset not counted. 24:00:00 is the next day's midnight, as
    /// make_timestamp has it.
    pub(crate) fn timestamp(&self) -> Result<i64> {
        self.since_1970(0)
    }

    /// Microseconds from 1970-01-01 00:00:00 UTC.
    pub(crate) fn timestamptz(&self) -> Result<i64> {
        check_offset(self.utc_offset)?;
        self.since_1970(self.utc_offset)
    }

    fn days(&self) -> Result<i64> {
        let year = i64::from(self.year);
        let astronomical = match year {
            0 => None,
            1.. => Some(year),
            _ => Some(year + 1),
        };
        astronomical
            .and_then(|year| days_from_civil(year, i64::from(self.month), i64::from(self.day)))
            .ok_or_else(|| {
                overflow(format!(
                    "there is no day {}-{:02}-{:02}",
                    self.year, self.month, self.day
                ))
            })
    }

    fn since_1970(&self, offset: i32) -> Result<i64> {
        // Divided first: only what a moment amounts to in UTC has to fit.
        let time = self.time()? - i64::from(offset) * MICROS_PER_SECOND;
        let days = self.days()? + time.div_euclid(MICROS_PER_DAY);
        let micros = days
            .checked_mul(MICROS_PER_DAY)
            .and_then(|micros| micros.checked_add(time.rem_euclid(MICROS_PER_DAY)))
            .filter(|&micros| micros < i64::MAX);
        match micros {
            Some(micros) => check_timestamp(micros).map(|()| micros),
            None if days < 0 => check_timestamp(i64::MIN + 1).map(|()| 0),
            None => Err(overflow(
                "a timestamp from 294247-01-10 04:00:54.775807 on does not fit microseconds from 1970: \
                 pass it as text, with the oid of timestamp or timestamptz"
                    .into(),
            )),
        }
    }

    /// Of a date, a time or a timestamp; what the server sent as a text since it does not fit microseconds
    /// from 1970 included. A timestamptz is told with this offset, in seconds east of UTC.
    pub(crate) fn of(param: &Param<'_>, utc_offset: i32) -> Result<Parts> {
        check_offset(utc_offset)?;
        match param.datum {
            Datum::Date(days) => {
                finite(days)?;
                check_date(days)?;
                Ok(Parts::at(days, 0, 0))
            }
            Datum::Time(micros) => {
                check_time(micros)?;
                Ok(Parts::default().with_time(micros))
            }
            Datum::TimeTz(time) => {
                check_timetz(time)?;
                Ok(Parts {
                    utc_offset: time.utc_offset,
                    ..Parts::default().with_time(time.microseconds)
                })
            }
            Datum::Timestamp(micros) => Parts::of_timestamp(micros, 0),
            Datum::TimestampTz(micros) => Parts::of_timestamp(micros, utc_offset),
            Datum::Text(text) if matches!(param.oid, oid::TIMESTAMP | oid::TIMESTAMPTZ) => {
                let zoned = param.oid == oid::TIMESTAMPTZ;
                let (days, micros) = datetime::moment_from_text(text.as_bytes(), zoned)
                    .ok_or_else(|| {
                        Error::data("a timestamp in another DateStyle than ISO")
                            .with_sqlstate("22007")
                    })?;
                Ok(Parts::at(days, micros, if zoned { utc_offset } else { 0 }))
            }
            _ => Err(Error::programming(
                "the value is no date, time, timetz, timestamp or timestamptz",
            )),
        }
    }

    fn of_timestamp(micros: i64, utc_offset: i32) -> Result<Parts> {
        finite(micros)?;
        check_timestamp(micros)?;
        let (days, time) = (
            micros.div_euclid(MICROS_PER_DAY),
            micros.rem_euclid(MICROS_PER_DAY),
        );
        Ok(Parts::at(days, time, utc_offset))
    }

    /// A UTC day and time, told with an offset.
    fn at(days: i64, micros: i64, utc_offset: i32) -> Parts {
        let local = micros + i64::from(utc_offset) * MICROS_PER_SECOND;
        let (year, month, day) = civil_from_days(days + local.div_euclid(MICROS_PER_DAY));
        let part = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        Parts {
            year: part(if year > 0 { year } else { year - 1 }),
            month: part(month),
            day: part(day),
            utc_offset,
            ..Parts::default().with_time(local.rem_euclid(MICROS_PER_DAY))
        }
    }

    fn with_time(self, micros: i64) -> Parts {
        let seconds = micros / MICROS_PER_SECOND;
        let part = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        Parts {
            hour: part(seconds / 3600),
            minute: part(seconds / 60 % 60),
            second: part(seconds % 60),
            microsecond: part(micros % MICROS_PER_SECOND),
            ..self
        }
    }
}

impl Ticks {
    /// Rounded to a microsecond, halves to the even one, as psycopg2 does.
    pub(crate) fn new(ticks: f64) -> Result<Ticks> {
        // Four times what any timestamp needs, and exact in a double's conversion.
        const LIMIT: f64 = 4e13;
        if !(-LIMIT..=LIMIT).contains(&ticks) {
            return Err(overflow(format!("{ticks} seconds from 1970 are no date")));
        }
        let whole = ticks.floor();
        let micros = ((ticks - whole) * 1e6).round_ties_even();
        // In range, and integral: the casts are exact.
        let (mut seconds, mut microsecond) = (whole as i64, micros as i32);
        if microsecond == 1_000_000 {
            (seconds, microsecond) = (seconds + 1, 0);
        }
        Ok(Ticks {
            seconds,
            microsecond,
        })
    }

    /// Microseconds from 1970-01-01 00:00:00 UTC.
    pub(crate) fn timestamptz(self) -> Result<i64> {
        let day = self.seconds.div_euclid(86_400);
        let micros = self.seconds.rem_euclid(86_400) * MICROS_PER_SECOND;
        Parts::at(day, micros + i64::from(self.microsecond), 0).timestamptz()
    }
}

fn finite(number: i64) -> Result<()> {
    if matches!(number, i64::MIN | i64::MAX) {
        return Err(overflow("infinity has no year, month and day".into()));
    }
    Ok(())
}

fn check_offset(utc_offset: i32) -> Result<()> {
    check_timetz(TimeTz {
        microseconds: 0,
        utc_offset,
    })
}

fn overflow(message: String) -> Error {
    Error::data(message).with_sqlstate("22008")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(date: (i32, i32, i32), time: (i32, i32, i32, i32), utc_offset: i32) -> Parts {
        Parts {
            year: date.0,
            month: date.1,
            day: date.2,
            hour: time.0,
            minute: time.1,
            second: time.2,
            microsecond: time.3,
            utc_offset,
        }
    }

    fn of(oid: u32, datum: Datum<'_>, utc_offset: i32) -> Parts {
        Parts::of(&Param { oid, datum }, utc_offset).unwrap()
    }

    #[test]
    fn there_and_back() {
        for days in [-2_440_588, -719_529, -719_528, -1, 0, 19_782, 2_145_042_905] {
            let told = of(0, Datum::Date(days), 0);
            assert_eq!(told.date().unwrap(), days, "{told:?}");
        }
        for micros in [
            -210_866_803_200_000_000,
            -1,
            0,
            1_234_567_890_123_456,
            i64::MAX - 1,
        ] {
            for offset in [0, 3600, -57_599, 57_599, 19_815] {
                let told = of(0, Datum::TimestampTz(micros), offset);
                assert_eq!(told.timestamptz().unwrap(), micros, "{told:?}");
                assert_eq!(told.utc_offset, offset);
            }
            let told = of(0, Datum::Timestamp(micros), 3600);
            assert_eq!((told.timestamp().unwrap(), told.utc_offset), (micros, 0));
        }
        for micros in [0, 1, 86_399_999_999, 86_400_000_000] {
            assert_eq!(of(0, Datum::Time(micros), 0).time().unwrap(), micros);
        }
    }

    #[test]
    fn years_are_postgres() {
        assert_eq!(
            of(0, Datum::Date(-719_528), 0),
            parts((-1, 1, 1), (0, 0, 0, 0), 0)
        );
        assert_eq!(
            of(0, Datum::Date(-719_162), 0),
            parts((1, 1, 1), (0, 0, 0, 0), 0)
        );
        assert_eq!(
            parts((0, 1, 1), (0, 0, 0, 0), 0)
                .date()
                .unwrap_err()
                .sqlstate()
                .unwrap()
                .as_str(),
            "22008"
        );
        // 1 BC is a leap year, 4714 BC begins in November.
        assert!(parts((-1, 2, 29), (0, 0, 0, 0), 0).date().is_ok());
        assert!(parts((-4714, 11, 24), (0, 0, 0, 0), 0).date().is_ok());
        assert!(parts((-4714, 11, 23), (0, 0, 0, 0), 0).date().is_err());
        assert!(parts((5_874_897, 12, 31), (0, 0, 0, 0), 0).date().is_ok());
        assert!(parts((5_874_898, 1, 1), (0, 0, 0, 0), 0).date().is_err());
        assert!(parts((i32::MIN, 1, 1), (0, 0, 0, 0), 0).date().is_err());
        assert!(
            parts((i32::MAX, 12, 31), (0, 0, 0, 0), 0)
                .timestamp()
                .is_err()
        );
        assert!(
            parts((i32::MIN, 12, 31), (0, 0, 0, 0), 0)
                .timestamp()
                .is_err()
        );
    }

    #[test]
    fn the_last_years_arrive_as_text() {
        let text = "294276-12-31 23:59:59.999999";
        let told = of(oid::TIMESTAMP, Datum::Text(text), 3600);
        assert_eq!(told, parts((294_276, 12, 31), (23, 59, 59, 999_999), 0));
        assert!(told.timestamp().is_err());
        let text = "294276-12-31 22:59:59.999999-01";
        let told = of(oid::TIMESTAMPTZ, Datum::Text(text), 3600);
        assert_eq!(told, parts((294_277, 1, 1), (0, 59, 59, 999_999), 3600));
        for text in [
            "294277-01-01 00:00:00",
            "Thu Jan 01 00:00:00 1970",
            "infinity",
            "",
        ] {
            let param = Param {
                oid: oid::TIMESTAMP,
                datum: Datum::Text(text),
            };
            assert!(Parts::of(&param, 0).is_err(), "{text}");
        }
    }

    #[test]
    fn what_does_not_exist() {
        for wrong in [
            (24, 0, 0, 1),
            (24, 0, 1, 0),
            (25, 0, 0, 0),
            (0, 60, 0, 0),
            (0, 0, 60, 0),
            (0, 0, 0, 1_000_000),
            (-1, 0, 0, 0),
            (0, -1, 0, 0),
            (0, 0, -1, 0),
            (0, 0, 0, -1),
            (i32::MAX, i32::MAX, i32::MAX, i32::MAX),
        ] {
            let wrong = parts((2024, 2, 29), wrong, 0);
            assert_eq!(
                wrong.time().unwrap_err().sqlstate().unwrap().as_str(),
                "22008",
                "{wrong:?}"
            );
            assert!(wrong.timestamp().is_err());
        }
        for offset in [57_600, -57_600, i32::MIN, i32::MAX] {
            let wrong = parts((2024, 2, 29), (0, 0, 0, 0), offset);
            assert_eq!(
                wrong.timetz().unwrap_err().sqlstate().unwrap().as_str(),
                "22009"
            );
            assert_eq!(
                wrong
                    .timestamptz()
                    .unwrap_err()
                    .sqlstate()
                    .unwrap()
                    .as_str(),
                "22009"
            );
            assert!(
                Parts::of(
                    &Param {
                        oid: 0,
                        datum: Datum::Date(0)
                    },
                    offset
                )
                .is_err()
            );
        }
        // 24:00:00 is the next midnight of a timestamp, as in the server's make_timestamp.
        let midnight = parts((2024, 2, 29), (24, 0, 0, 0), 0);
        assert_eq!(
            midnight.timestamp().unwrap(),
            parts((2024, 3, 1), (0, 0, 0, 0), 0).timestamp().unwrap()
        );
    }

    #[test]
    fn ticks_are_rounded_to_microseconds() {
        let ticks = |ticks: f64| {
            let ticks = Ticks::new(ticks).unwrap();
            (ticks.seconds, ticks.microsecond)
        };
        assert_eq!(ticks(0.0), (0, 0));
        assert_eq!(ticks(-0.5), (-1, 500_000));
        assert_eq!(ticks(1.9999999), (2, 0));
        assert_eq!(ticks(-1e-9), (0, 0));
        assert_eq!(ticks(1_700_000_000.25), (1_700_000_000, 250_000));
        assert_eq!(Ticks::new(-0.5).unwrap().timestamptz().unwrap(), -500_000);
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e14] {
            assert!(Ticks::new(wrong).is_err(), "{wrong}");
        }
        assert!(Ticks::new(1e13).unwrap().timestamptz().is_err());
        assert!(Ticks::new(-1e13).unwrap().timestamptz().is_err());
    }
}
