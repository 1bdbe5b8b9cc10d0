//! What a connection's transactions are like, and its session as a whole.

use std::ffi::{CStr, c_char};

use super::boundary::{guard, guard_value, put_text, required_output, required_text};
use super::connection::dbapi_connection_t;
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
use super::status::{DBAPI_DEFAULT, DBAPI_UNCHANGED};
use crate::dbapi::{Changes, Connection, Isolation};
use crate::error::{Error, Result};

/// psycopg2's set_session: what transactions are like from the next one on. With autocommit off it goes on each
/// BEGIN; with it on, the session's defaults (`default_transaction_isolation` and its like) are set.
///
/// @param connection borrowed.
/// @param isolation_level a `dbapi_isolation_t`, or DBAPI_UNCHANGED.
/// @param readonly 1, 0, DBAPI_DEFAULT (the server's default) or DBAPI_UNCHANGED.
/// @param deferrable 1, 0, DBAPI_DEFAULT or DBAPI_UNCHANGED; it matters to serializable read-only transactions.
/// @param autocommit 1, 0 or DBAPI_UNCHANGED.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR inside a transaction, during a two-phase commit, and for any other
///   number; then nothing is changed. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_session(
    connection: *mut dbapi_connection_t,
    isolation_level: i32,
    readonly: i32,
    deferrable: i32,
    autocommit: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let changes = Changes {
            isolation: unless_unchanged(isolation_level, isolation)?,
            readonly: unless_unchanged(readonly, |value| ternary(value, "readonly"))?,
            deferrable: unless_unchanged(deferrable, |value| ternary(value, "deferrable"))?,
            autocommit: unless_unchanged(autocommit, |value| match value {
                0 => Ok(false),
                1 => Ok(true),
                _ => Err(out_of_range("autocommit", value)),
            })?,
        };
        set(connection, changes, "the session's characteristics")
    })
}

/// Sets the isolation level of transactions, from the next one on. See `dbapi_connection_set_session`.
///
/// @param connection borrowed.
/// @param isolation_level a `dbapi_isolation_t`.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_connection_set_session`. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_isolation_level(
    connection: *mut dbapi_connection_t,
    isolation_level: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let changes = Changes {
            isolation: Some(isolation(isolation_level)?),
            ..Changes::default()
        };
        set(connection, changes, "the isolation level")
    })
}

/// Sets whether transactions are read-only, from the next one on. See `dbapi_connection_set_session`.
///
/// @param connection borrowed.
/// @param readonly 1, 0, or DBAPI_DEFAULT (the server's default).
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_connection_set_session`. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_readonly(
    connection: *mut dbapi_connection_t,
    readonly: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let changes = Changes {
            readonly: Some(ternary(readonly, "readonly")?),
            ..Changes::default()
        };
        set(connection, changes, "readonly")
    })
}

/// Sets whether transactions are deferrable, from the next one on. See `dbapi_connection_set_session`.
///
/// @param connection borrowed.
/// @param deferrable 1, 0, or DBAPI_DEFAULT (the server's default).
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_connection_set_session`. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_deferrable(
    connection: *mut dbapi_connection_t,
    deferrable: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let changes = Changes {
            deferrable: Some(ternary(deferrable, "deferrable")?),
            ..Changes::default()
        };
        set(connection, changes, "deferrable")
    })
}

/// The isolation level that was set.
///
/// @param connection borrowed; it may be closed.
/// @return a `dbapi_isolation_t`; DBAPI_ISOLATION_DEFAULT for what is not a connection's handle. Any thread;
///   never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_isolation_level(
    connection: *const dbapi_connection_t,
) -> i32 {
    guard_value(0, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(connection.characteristics().isolation as i32)
    })
}

/// Whether transactions are read-only, as it was set.
///
/// @param connection borrowed; it may be closed.
/// @return 1, 0, or DBAPI_DEFAULT: that, too, for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_readonly(connection: *const dbapi_connection_t) -> i32 {
    guard_value(DBAPI_DEFAULT, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(number(connection.characteristics().readonly))
    })
}

/// Whether transactions are deferrable, as it was set.
///
/// @param connection borrowed; it may be closed.
/// @return 1, 0, or DBAPI_DEFAULT: that, too, for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_deferrable(connection: *const dbapi_connection_t) -> i32 {
    guard_value(DBAPI_DEFAULT, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(number(connection.characteristics().deferrable))
    })
}

/// psycopg2's reset: rolls back what is open, and makes the session as it was after connecting (DISCARD ALL):
/// settings, temporary tables, prepared statements, advisory locks and LISTENs go; autocommit is off, and
/// isolation level, readonly and deferrable are the server's defaults. Notices, notifications and the timeout stay.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR during a two-phase commit. Any thread; calls on one connection take
///   turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_reset(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.reset()?;
        Ok(DBAPI_OK)
    })
}

/// The encoding of all text to and from the server.
///
/// @param connection borrowed; it may be closed.
/// @return "UTF8", a static text: there is no other (see `dbapi_connection_set_encoding`). Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_encoding(
    connection: *const dbapi_connection_t,
) -> *const c_char {
    const UTF8: &CStr = c"UTF8";
    let _ = connection;
    UTF8.as_ptr()
}

/// psycopg2's set_client_encoding. The library's text is UTF-8, and the server converts from and to its own
/// encoding; so this accepts UTF8, under any of PostgreSQL's names for it, and as in psycopg2 rolls back a
/// transaction that is open. A statement that sets client_encoding to anything else fails with
/// DBAPI_NOT_SUPPORTED_ERROR, after the encoding has been set back.
///
/// @param connection borrowed.
/// @param encoding borrowed: the encoding's name.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_NOT_SUPPORTED_ERROR for another encoding; DBAPI_PROGRAMMING_ERROR during a two-phase
///   commit. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_encoding(
    connection: *mut dbapi_connection_t,
    encoding: *const c_char,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.set_encoding(required_text(encoding, "encoding")?)?;
        Ok(DBAPI_OK)
    })
}

/// What the server reports of one of its settings, such as `TimeZone`, `server_version` or `in_hot_standby`
/// (manual, 55.2.7); not every setting is reported.
///
/// @param connection borrowed; it may be closed.
/// @param name borrowed: the setting, spelled as the server does.
/// @param buffer receives the text and a NUL, cut off if need be; may be NULL if `capacity` is 0.
/// @param capacity of the buffer, in bytes, the NUL included.
/// @param out_length receives the full length in bytes, without the NUL; may be NULL.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE, with nothing written, if the server does not report it; DBAPI_INTERFACE_ERROR in a
///   forked child. Any thread; never waits for a call in progress: what it says is as of the last call that ended.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_parameter_status(
    connection: *const dbapi_connection_t,
    name: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.check_own()?;
        let name = required_text(name, "name")?;
        if capacity > 0 {
            required_output(buffer, "buffer")?;
        }
        match connection.parameter_status(name) {
            None => Ok(DBAPI_DONE),
            Some(value) => {
                put_text(value.as_bytes(), buffer, capacity, out_length);
                Ok(DBAPI_OK)
            }
        }
    })
}

fn set(
    connection: *mut dbapi_connection_t,
    changes: Changes,
    what: &str,
) -> Result<dbapi_status_t> {
    registry::get::<Connection>(connection, "connection")?.set_characteristics(changes, what)?;
    Ok(DBAPI_OK)
}

fn unless_unchanged<T>(value: i32, read: impl FnOnce(i32) -> Result<T>) -> Result<Option<T>> {
    match value {
        DBAPI_UNCHANGED => Ok(None),
        value => read(value).map(Some),
    }
}

fn isolation(level: i32) -> Result<Isolation> {
    Ok(match level {
        0 => Isolation::Default,
        1 => Isolation::ReadUncommitted,
        2 => Isolation::ReadCommitted,
        3 => Isolation::RepeatableRead,
        4 => Isolation::Serializable,
        _ => return Err(out_of_range("isolation_level", level)),
    })
}

fn ternary(value: i32, argument: &str) -> Result<Option<bool>> {
    Ok(match value {
        0 => Some(false),
        1 => Some(true),
        DBAPI_DEFAULT => None,
        _ => return Err(out_of_range(argument, value)),
    })
}

fn number(value: Option<bool>) -> i32 {
    value.map_or(DBAPI_DEFAULT, i32::from)
}

fn out_of_range(argument: &str, value: i32) -> Error {
    Error::programming(format!("argument {argument} cannot be {value}"))
}
