//! Values: reading those that C hands in, filling those it wants filled, and their text.

use std::ffi::c_char;

use super::boundary::{guard, guard_value, put_text, required_output, set_output};
use super::error::dbapi_error_t;
use super::status::dbapi_status_t::{
    self, DBAPI_INTERFACE_ERROR, DBAPI_OK, DBAPI_PROGRAMMING_ERROR,
};
use crate::error::{Error, Result};
pub use crate::types::value::{Interval, Kind, Text, TimeTz, Value, ValueAs};
use crate::types::{self, Param, view};
use crate::wire::LONGEST_MESSAGE;

/// The values of a parameter list. An error says which, counted from 1.
pub(super) fn params(values: &[Value]) -> Result<Vec<Param<'_>>> {
    values
        .iter()
        .enumerate()
        .map(|(index, value)| param(value).map_err(|error| numbered(index, error)))
        .collect()
}

/// Says which parameter is meant.
#[cold]
fn numbered(index: usize, error: Error) -> Error {
    error.prefixed(&format!("parameter {}: ", index + 1))
}

/// How many parameters need no memory of their own.
const FEW_PARAMS: usize = 8;

/// Runs `work` with the values of a parameter list, as `params` gives them.
#[inline]
pub(super) fn with_params<T>(
    values: &[Value],
    work: impl FnOnce(&[Param<'_>]) -> Result<T>,
) -> Result<T> {
    let mut few = [Param::NULL; FEW_PARAMS];
    let Some(few) = few.get_mut(..values.len()) else {
        return work(&params(values)?);
    };
    for (index, (to, value)) in few.iter_mut().zip(values).enumerate() {
        *to = param(value).map_err(|error| numbered(index, error))?;
    }
    work(few)
}

/// A value as safe Rust sees it.
#[inline]
pub(super) fn param(value: &Value) -> Result<Param<'_>> {
    // SAFETY: the caller promises that the member that the kind names is filled, and that its pointers are good
    // for the call (the contract in `abi`).
    unsafe { view::param(value) }
}

/// What a value may be long, and what a message.
const _: () = assert!(view::LONGEST_VALUE == LONGEST_MESSAGE);

/// Renders a value as PostgreSQL would write it (its text output under DateStyle ISO, IntervalStyle postgres,
/// TimeZone UTC), whatever form it arrived in. Works as snprintf does: what does not fit is cut off, at a
/// character's end, and the full length is told.
///
/// @param value borrowed: a cell of a row, or a value of the caller's. NULL renders as nothing.
/// @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
/// @param capacity of the buffer, in bytes, the NUL included.
/// @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
///   May be NULL.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for a bad argument, DBAPI_DATA_ERROR for a
///   value that is none (a date that no calendar of PostgreSQL's has). Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_format(
    value: *const Value,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        required_output(value.cast_mut(), "value")?;
        if capacity > 0 {
            required_output(buffer, "buffer")?;
        }
        // SAFETY: not NULL, and the caller promises a value.
        let value = unsafe { &*value };
        let is_text = [
            Kind::DBAPI_KIND_TEXT,
            Kind::DBAPI_KIND_JSON,
            Kind::DBAPI_KIND_NUMERIC,
        ]
        .iter()
        .any(|&kind| kind as i32 == value.kind);
        if is_text {
            // What a server sent is shown as it is, also where it is not UTF-8 (SQL_ASCII databases).
            // SAFETY: these kinds hold text, every bit pattern is one of Text's, and the caller promises that its
            // bytes are there.
            let text = unsafe { view::bytes(value.r#as.text) }
                .map_err(|error| error.prefixed("argument value: "))?;
            put_text(text, buffer, capacity, out_length);
            return Ok(DBAPI_OK);
        }
        let param = param(value).map_err(|error| error.prefixed("argument value: "))?;
        let mut text = String::new();
        types::format(param.oid, &param.datum, &mut text)
            .map_err(|error| error.prefixed("argument value: "))?;
        put_text(text.as_bytes(), buffer, capacity, out_length);
        Ok(DBAPI_OK)
    })
}

/// Fills `value`, unless it is NULL.
pub(super) fn fill(
    value: *mut Value,
    kind: Kind,
    set: impl FnOnce(&mut ValueAs) -> Result<()>,
) -> dbapi_status_t {
    guard_value(DBAPI_INTERFACE_ERROR, || {
        required_output(value, "value")?;
        let mut filled = ValueAs { uuid: [0; 16] };
        set(&mut filled)?;
        // SAFETY: not NULL, and the caller promises that it is writable.
        unsafe {
            value.write(Value {
                kind: kind as i32,
                oid: 0,
                r#as: filled,
            })
        };
        Ok(DBAPI_OK)
    })
}

fn fill_text(value: *mut Value, kind: Kind, data: *const c_char, length: usize) -> dbapi_status_t {
    fill(value, kind, |held| {
        if length > 0 {
            required_output(data.cast_mut(), "data")?;
        }
        held.text = Text { data, length };
        Ok(())
    })
}

/// Makes `value` NULL. The setters exist for languages whose FFI does not care for unions; each zeroes what it
/// does not set, the oid included, which may be set afterwards.
///
/// @param value written.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_null(value: *mut Value) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_NULL, |_| Ok(()))
}

/// Makes `value` a BOOL.
///
/// @param value written.
/// @param boolean the truth value.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_bool(value: *mut Value, boolean: bool) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_BOOL, |held| {
        held.boolean = boolean;
        Ok(())
    })
}

fn fill_integer(value: *mut Value, kind: Kind, integer: i64) -> dbapi_status_t {
    fill(value, kind, |held| {
        held.integer = integer;
        Ok(())
    })
}

/// Makes `value` an INT.
///
/// @param value written.
/// @param integer the number. As a parameter it is typed as the same literal: int4 if it fits, else int8.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_int64(value: *mut Value, integer: i64) -> dbapi_status_t {
    fill_integer(value, Kind::DBAPI_KIND_INT, integer)
}

/// Makes `value` a FLOAT.
///
/// @param value written.
/// @param floating the number; as a parameter it is a float8.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_double(
    value: *mut Value,
    floating: f64,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_FLOAT, |held| {
        held.floating = floating;
        Ok(())
    })
}

/// Makes `value` a NUMERIC.
///
/// @param value written.
/// @param data borrowed: decimal digits, as PostgreSQL reads them. It must live as long as the value is used.
/// @param length of `data`, in bytes.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_numeric(
    value: *mut Value,
    data: *const c_char,
    length: usize,
) -> dbapi_status_t {
    fill_text(value, Kind::DBAPI_KIND_NUMERIC, data, length)
}

/// Makes `value` a TEXT.
///
/// @param value written.
/// @param data borrowed: UTF-8. As a parameter it is typed as an untyped literal: the server infers the type.
///   It must live as long as the value is used.
/// @param length of `data`, in bytes.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_text(
    value: *mut Value,
    data: *const c_char,
    length: usize,
) -> dbapi_status_t {
    fill_text(value, Kind::DBAPI_KIND_TEXT, data, length)
}

/// Makes `value` a BYTES, PEP 249's Binary.
///
/// @param value written.
/// @param data borrowed: any bytes. It must live as long as the value is used.
/// @param length of `data`, in bytes.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_bytes(
    value: *mut Value,
    data: *const c_char,
    length: usize,
) -> dbapi_status_t {
    fill_text(value, Kind::DBAPI_KIND_BYTES, data, length)
}

/// Makes `value` a JSON document.
///
/// @param value written.
/// @param data borrowed: UTF-8. As a parameter it is typed as an untyped literal, so that it fits json and
///   jsonb alike. It must live as long as the value is used.
/// @param length of `data`, in bytes.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_json(
    value: *mut Value,
    data: *const c_char,
    length: usize,
) -> dbapi_status_t {
    fill_text(value, Kind::DBAPI_KIND_JSON, data, length)
}

/// Makes `value` a DATE.
///
/// @param value written.
/// @param days from 1970-01-01; INT64_MIN and INT64_MAX are -infinity and infinity.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_date(value: *mut Value, days: i64) -> dbapi_status_t {
    fill_integer(value, Kind::DBAPI_KIND_DATE, days)
}

/// Makes `value` a TIME.
///
/// @param value written.
/// @param microseconds from midnight, at most 86400000000.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_time(
    value: *mut Value,
    microseconds: i64,
) -> dbapi_status_t {
    fill_integer(value, Kind::DBAPI_KIND_TIME, microseconds)
}

/// Makes `value` a TIMETZ.
///
/// @param value written.
/// @param microseconds from midnight, local time, at most 86400000000.
/// @param utc_offset seconds east of UTC.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_timetz(
    value: *mut Value,
    microseconds: i64,
    utc_offset: i32,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_TIMETZ, |held| {
        held.timetz = TimeTz {
            microseconds,
            utc_offset,
        };
        Ok(())
    })
}

/// Makes `value` a TIMESTAMP.
///
/// @param value written.
/// @param microseconds from 1970-01-01 00:00:00, without time zone; INT64_MIN and INT64_MAX are -infinity and
///   infinity.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_timestamp(
    value: *mut Value,
    microseconds: i64,
) -> dbapi_status_t {
    fill_integer(value, Kind::DBAPI_KIND_TIMESTAMP, microseconds)
}

/// Makes `value` a TIMESTAMPTZ.
///
/// @param value written.
/// @param microseconds from 1970-01-01 00:00:00 UTC; INT64_MIN and INT64_MAX are -infinity and infinity.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_timestamptz(
    value: *mut Value,
    microseconds: i64,
) -> dbapi_status_t {
    fill_integer(value, Kind::DBAPI_KIND_TIMESTAMPTZ, microseconds)
}

/// Makes `value` an INTERVAL.
///
/// @param value written.
/// @param months whole months, kept apart from days since they have no fixed length.
/// @param days whole days.
/// @param microseconds the rest.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_interval(
    value: *mut Value,
    months: i32,
    days: i32,
    microseconds: i64,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_INTERVAL, |held| {
        held.interval = Interval {
            microseconds,
            days,
            months,
        };
        Ok(())
    })
}

/// Makes `value` a UUID.
///
/// @param value written.
/// @param uuid borrowed: 16 bytes, in the order they are written. They are copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `uuid` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_uuid(
    value: *mut Value,
    uuid: *const u8,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_UUID, |held| {
        required_output(uuid.cast_mut(), "uuid")?;
        // SAFETY: not NULL, and the caller promises 16 bytes; any alignment will do for bytes.
        held.uuid = unsafe { uuid.cast::<[u8; 16]>().read() };
        Ok(())
    })
}

/// Reads a member of `value`, if its kind is one of `kinds`.
pub(super) fn held<T>(
    value: *const Value,
    kinds: &[Kind],
    out: *mut T,
    read: impl FnOnce(&ValueAs) -> T,
) -> dbapi_status_t {
    guard_value(DBAPI_INTERFACE_ERROR, || {
        required_output(value.cast_mut(), "value")?;
        // SAFETY: not NULL, and the caller promises a value that is good for the call; what is read of it does
        // not outlive the call.
        let value = unsafe { &*value };
        if kinds.iter().all(|&kind| kind as i32 != value.kind) {
            return Ok(DBAPI_PROGRAMMING_ERROR);
        }
        set_output(out, read(&value.r#as));
        Ok(DBAPI_OK)
    })
}

/// Reads a BOOL. The getters exist for languages whose FFI does not care for unions; a program in C reads
/// `value->as`.
///
/// @param value borrowed.
/// @param out_boolean receives the truth value; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_bool(
    value: *const Value,
    out_boolean: *mut bool,
) -> dbapi_status_t {
    held(value, &[Kind::DBAPI_KIND_BOOL], out_boolean, |held| {
        // SAFETY: any bit pattern is one of `uuid`'s.
        unsafe { held.uuid[0] != 0 }
    })
}

/// Reads an INT, DATE, TIME, TIMESTAMP or TIMESTAMPTZ.
///
/// @param value borrowed.
/// @param out_integer receives the number, in the kind's unit; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_int64(
    value: *const Value,
    out_integer: *mut i64,
) -> dbapi_status_t {
    let kinds = [
        Kind::DBAPI_KIND_INT,
        Kind::DBAPI_KIND_DATE,
        Kind::DBAPI_KIND_TIME,
        Kind::DBAPI_KIND_TIMESTAMP,
        Kind::DBAPI_KIND_TIMESTAMPTZ,
    ];
    // SAFETY: any bit pattern is an integer's.
    held(value, &kinds, out_integer, |held| unsafe { held.integer })
}

/// Reads a FLOAT.
///
/// @param value borrowed.
/// @param out_floating receives the number; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_double(
    value: *const Value,
    out_floating: *mut f64,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a float's.
    held(
        value,
        &[Kind::DBAPI_KIND_FLOAT],
        out_floating,
        |held| unsafe { held.floating },
    )
}

/// Reads a NUMERIC, TEXT, BYTES or JSON.
///
/// @param value borrowed.
/// @param out_data receives a pointer to the first byte, borrowed from where the value came from; may be NULL.
/// @param out_length receives the length in bytes; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_text(
    value: *const Value,
    out_data: *mut *const c_char,
    out_length: *mut usize,
) -> dbapi_status_t {
    let kinds = [
        Kind::DBAPI_KIND_NUMERIC,
        Kind::DBAPI_KIND_TEXT,
        Kind::DBAPI_KIND_BYTES,
        Kind::DBAPI_KIND_JSON,
    ];
    held(value, &kinds, out_data, |held| {
        // SAFETY: these kinds hold text, and every bit pattern is one of Text's.
        let text = unsafe { held.text };
        set_output(out_length, text.length);
        text.data
    })
}

/// Reads a TIMETZ.
///
/// @param value borrowed.
/// @param out_microseconds receives the microseconds from midnight, local time; may be NULL.
/// @param out_utc_offset receives the seconds east of UTC; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_timetz(
    value: *const Value,
    out_microseconds: *mut i64,
    out_utc_offset: *mut i32,
) -> dbapi_status_t {
    held(
        value,
        &[Kind::DBAPI_KIND_TIMETZ],
        out_microseconds,
        |held| {
            // SAFETY: any bit pattern is one of TimeTz's.
            let timetz = unsafe { held.timetz };
            set_output(out_utc_offset, timetz.utc_offset);
            timetz.microseconds
        },
    )
}

/// Reads an INTERVAL.
///
/// @param value borrowed.
/// @param out_months receives the months; may be NULL.
/// @param out_days receives the days; may be NULL.
/// @param out_microseconds receives the microseconds; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_interval(
    value: *const Value,
    out_months: *mut i32,
    out_days: *mut i32,
    out_microseconds: *mut i64,
) -> dbapi_status_t {
    held(
        value,
        &[Kind::DBAPI_KIND_INTERVAL],
        out_microseconds,
        |held| {
            // SAFETY: any bit pattern is one of Interval's.
            let interval = unsafe { held.interval };
            set_output(out_months, interval.months);
            set_output(out_days, interval.days);
            interval.microseconds
        },
    )
}

/// Reads a UUID.
///
/// @param value borrowed.
/// @param out_uuid receives 16 bytes, in the order they are written; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_uuid(
    value: *const Value,
    out_uuid: *mut u8,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is one of `uuid`'s.
    held(
        value,
        &[Kind::DBAPI_KIND_UUID],
        out_uuid.cast::<[u8; 16]>(),
        |held| unsafe { held.uuid },
    )
}
