//! Dates and times by their parts, and PEP 249's constructors from ticks.

use super::boundary::{guard, required_output, set_output};
use super::error::dbapi_error_t;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use super::value::{Kind, Value, ValueAs, param};
use crate::error::{Error, Result};
pub use crate::types::parts::Parts;
use crate::types::parts::Ticks;

/// Fills `value` if there is something to fill it with.
fn construct(
    value: *mut Value,
    kind: Kind,
    out_error: *mut *mut dbapi_error_t,
    make: impl FnOnce() -> Result<ValueAs>,
) -> dbapi_status_t {
    guard(out_error, || {
        required_output(value, "value")?;
        let made = make()?;
        // SAFETY: not NULL, and the caller promises that it is writable.
        unsafe {
            value.write(Value {
                kind: kind as i32,
                oid: 0,
                r#as: made,
            })
        };
        Ok(DBAPI_OK)
    })
}

/// A union that holds an integer, and zeroes.
fn integer(integer: i64) -> ValueAs {
    let mut made = ValueAs { uuid: [0; 16] };
    made.integer = integer;
    made
}

/// Makes `value` the DATE of a year, month and day: PEP 249's Date. A DATE of a day's number is
/// `dbapi_value_set_date`'s.
///
/// @param value written on success.
/// @param year as PostgreSQL's make_date counts: -1 is 1 BC, and there is no year 0. Dates reach from 4714-11-24 BC
///   to 5874897-12-31.
/// @param month 1 to 12.
/// @param day 1 to 31.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for a day that there is not; DBAPI_PROGRAMMING_ERROR if
///   `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_date_from_parts(
    value: *mut Value,
    year: i32,
    month: i32,
    day: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    let parts = Parts {
        year,
        month,
        day,
        ..Parts::default()
    };
    construct(value, Kind::DBAPI_KIND_DATE, out_error, || {
        parts.date().map(integer)
    })
}

/// Makes `value` the TIME of an hour, a minute and a second: PEP 249's Time.
///
/// @param value written on success.
/// @param hour 0 to 23, or 24 for 24:00:00.
/// @param minute 0 to 59.
/// @param second 0 to 59.
/// @param microsecond 0 to 999999.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for a time that there is not; DBAPI_PROGRAMMING_ERROR if
///   `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_time_from_parts(
    value: *mut Value,
    hour: i32,
    minute: i32,
    second: i32,
    microsecond: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    let parts = Parts {
        hour,
        minute,
        second,
        microsecond,
        ..Parts::default()
    };
    construct(value, Kind::DBAPI_KIND_TIME, out_error, || {
        parts.time().map(integer)
    })
}

/// Makes `value` a DATE, TIME, TIMETZ, TIMESTAMP or TIMESTAMPTZ of its parts; with DBAPI_KIND_TIMESTAMP it is PEP
/// 249's Timestamp. It undoes `dbapi_value_get_parts`.
///
/// @param value written on success.
/// @param kind which: a `dbapi_kind_t`. Parts that a kind does not have are not looked at, as the offset of a
///   TIMESTAMP.
/// @param parts borrowed. In a timestamp the time 24:00:00 is the next day's midnight, as in PostgreSQL's
///   make_timestamp.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for a date or a time that there is not, or a timestamp from
///   294247-01-10 04:00:54.775807 on, which goes to the server as text only, 22009 for an offset of 16 hours or
///   more; DBAPI_PROGRAMMING_ERROR for another kind, or if an argument is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_parts(
    value: *mut Value,
    kind: i32,
    parts: *const Parts,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        required_output(value, "value")?;
        required_output(parts.cast_mut(), "parts")?;
        // SAFETY: not NULL, and the caller promises a readable struct, all of whose bit patterns are good.
        let parts = unsafe { parts.read() };
        let (kind, made) = match kind {
            kind if kind == Kind::DBAPI_KIND_DATE as i32 => {
                (Kind::DBAPI_KIND_DATE, integer(parts.date()?))
            }
            kind if kind == Kind::DBAPI_KIND_TIME as i32 => {
                (Kind::DBAPI_KIND_TIME, integer(parts.time()?))
            }
            kind if kind == Kind::DBAPI_KIND_TIMETZ as i32 => {
                let mut made = ValueAs { uuid: [0; 16] };
                made.timetz = parts.timetz()?;
                (Kind::DBAPI_KIND_TIMETZ, made)
            }
            kind if kind == Kind::DBAPI_KIND_TIMESTAMP as i32 => {
                (Kind::DBAPI_KIND_TIMESTAMP, integer(parts.timestamp()?))
            }
            kind if kind == Kind::DBAPI_KIND_TIMESTAMPTZ as i32 => {
                (Kind::DBAPI_KIND_TIMESTAMPTZ, integer(parts.timestamptz()?))
            }
            other => {
                return Err(Error::programming(format!(
                    "argument kind is {other}, not DATE, TIME, TIMETZ, TIMESTAMP or TIMESTAMPTZ"
                )));
            }
        };
        // SAFETY: not NULL, and the caller promises that it is writable.
        unsafe {
            value.write(Value {
                kind: kind as i32,
                oid: 0,
                r#as: made,
            })
        };
        Ok(DBAPI_OK)
    })
}

/// Takes a DATE, TIME, TIMETZ, TIMESTAMP or TIMESTAMPTZ apart. Also a timestamp that arrived as text, with its
/// oid, since microseconds from 1970 do not reach it.
///
/// @param value borrowed: a cell of a row, or a value of the caller's.
/// @param utc_offset seconds east of UTC that a TIMESTAMPTZ is to be told with, less than 16 hours either way; 0 for
///   UTC. The server does not send what its session's TimeZone would give. Other kinds pay no heed to it.
/// @param out_parts receives the parts; those that the kind does not have are 0, as the date of a TIME.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for an infinity or a number out of the kind's range, 22009
///   for an offset of 16 hours or more; DBAPI_PROGRAMMING_ERROR for another kind, or if `value` or `out_parts` is
///   NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_parts(
    value: *const Value,
    utc_offset: i32,
    out_parts: *mut Parts,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        required_output(value.cast_mut(), "value")?;
        required_output(out_parts, "out_parts")?;
        // SAFETY: not NULL, and the caller promises a value.
        let param = param(unsafe { &*value })?;
        set_output(out_parts, Parts::of(&param, utc_offset)?);
        Ok(DBAPI_OK)
    })
}

/// Makes `value` the DATE that ticks are in: PEP 249's DateFromTicks.
///
/// @param value written on success.
/// @param ticks seconds from 1970-01-01 00:00:00 UTC. The date is that of the process's time zone (TZ), as the C
///   library's localtime_r tells it, and as PEP 249 wants it.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for ticks that are no number or beyond every date;
///   DBAPI_PROGRAMMING_ERROR if `value` is NULL. Any thread, but none may be setting TZ meanwhile.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_date_from_ticks(
    value: *mut Value,
    ticks: f64,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    construct(value, Kind::DBAPI_KIND_DATE, out_error, || {
        local(Ticks::new(ticks)?)?.date().map(integer)
    })
}

/// Makes `value` the TIME of day that ticks are at: PEP 249's TimeFromTicks.
///
/// @param value written on success.
/// @param ticks seconds from 1970-01-01 00:00:00 UTC, rounded to microseconds. The time is that of the process's
///   time zone, as with `dbapi_value_set_date_from_ticks`.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_value_set_date_from_ticks`.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_time_from_ticks(
    value: *mut Value,
    ticks: f64,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    construct(value, Kind::DBAPI_KIND_TIME, out_error, || {
        local(Ticks::new(ticks)?)?.time().map(integer)
    })
}

/// Makes `value` the TIMESTAMPTZ that ticks are: PEP 249's TimestampFromTicks, which is in psycopg2 a timestamp
/// with a time zone as well.
///
/// @param value written on success.
/// @param ticks seconds from 1970-01-01 00:00:00 UTC, rounded to microseconds.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for ticks that are no number or beyond every timestamp;
///   DBAPI_PROGRAMMING_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_timestamp_from_ticks(
    value: *mut Value,
    ticks: f64,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    construct(value, Kind::DBAPI_KIND_TIMESTAMPTZ, out_error, || {
        Ticks::new(ticks)?.timestamptz().map(integer)
    })
}

/// Ticks as the clocks of the process's time zone show them.
fn local(ticks: Ticks) -> Result<Parts> {
    let beyond = || {
        Error::data(format!("{} seconds from 1970 are no date", ticks.seconds))
            .with_sqlstate("22008")
    };
    let seconds = libc::time_t::try_from(ticks.seconds).map_err(|_| beyond())?;
    let mut told = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are good for the call, and all zeroes is a good tm.
    let told = unsafe {
        if libc::localtime_r(&raw const seconds, told.as_mut_ptr()).is_null() {
            return Err(beyond());
        }
        told.assume_init()
    };
    let year = told.tm_year.checked_add(1900).ok_or_else(beyond)?;
    Ok(Parts {
        year: if year > 0 { year } else { year - 1 },
        month: told.tm_mon + 1,
        day: told.tm_mday,
        hour: told.tm_hour,
        minute: told.tm_min,
        // A leap second, which only the zones below "right/" have, is told as the one before.
        second: told.tm_sec.min(59),
        microsecond: ticks.microsecond,
        utc_offset: 0,
    })
}
