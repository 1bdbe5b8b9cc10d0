//! Cancelling, and time-outs.

use std::time::Duration;

use super::boundary::{guard, guard_value};
use super::connection::dbapi_connection_t;
use super::cursor::{CursorHandle, dbapi_cursor_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
use crate::dbapi::Connection;
use crate::error::{Error, Result};

/// Cancels the command that is in progress on the connection, in whatever thread: that call fails with
/// DBAPI_OPERATIONAL_ERROR and SQLSTATE 57014, unless it ends before. Harmless when none is. Never waits for the
/// call that it cancels, only (10 seconds at most) for the server to have taken the request, which travels by a
/// connection of its own, with TLS if the session has it; a command that begins later is never hit.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, also when nothing was in progress; DBAPI_OPERATIONAL_ERROR if the server could not be
///   reached; DBAPI_NOT_SUPPORTED_ERROR if it gave no key to cancel with; DBAPI_INTERFACE_ERROR on a closed
///   connection. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_cancel(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.cancel()?;
        Ok(DBAPI_OK)
    })
}

/// Cancels as `dbapi_connection_cancel`, but is not lost when it comes too early: for a binding whose language ends a
/// call from outside (a context, a signal, another thread), which knows that a call is being made but not how far it
/// has come.
///
/// The call that is in progress fails with DBAPI_OPERATIONAL_ERROR and SQLSTATE 57014, unless it ends before: the
/// request is repeated until it has ended, also while the statement is only being sent, and this waits for it, for 10
/// seconds or the connection's timeout at most. If none is in progress, a wait for a notification ends so, or the next
/// call that would have the server do something, before anything is sent: the transaction stays as it is. Rolling back,
/// resetting and closing are never refused. An interrupt that no call has met is taken back by
/// `dbapi_connection_clear_interrupt`, which a binding calls when what could interrupt its call is over.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK: the call has ended, or the next one will fail; DBAPI_OPERATIONAL_ERROR if the server could not be
///   reached, or the call has not ended in time; DBAPI_NOT_SUPPORTED_ERROR if the server gave no key to cancel with;
///   DBAPI_INTERFACE_ERROR on a closed connection. Any thread but that of the call.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_interrupt(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.interrupt()?;
        Ok(DBAPI_OK)
    })
}

/// Takes back an interrupt that no call has met.
///
/// @param connection borrowed; it may be closed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE if there was none; DBAPI_INTERFACE_ERROR for what is not a connection's handle. Any
///   thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_clear_interrupt(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let cleared = registry::get::<Connection>(connection, "connection")?.clear_interrupt()?;
        Ok(if cleared { DBAPI_OK } else { DBAPI_DONE })
    })
}

/// Sets what a call on the connection or on its cursors may take, from the next call on: waiting for its turn,
/// sending, and reading the answer to its end. A statement that takes longer is cancelled, and its call fails
/// with DBAPI_OPERATIONAL_ERROR, for which `dbapi_error_timed_out` is true. If the server answers, the SQLSTATE
/// is 57014 and the connection stays usable; if it does not within half of the timeout more (at least 0.5, at
/// most 2 seconds), the connection is broken. A statement that ends just then has succeeded. The keyword
/// `timeout` in the connection string, in seconds, sets it from connecting on, connecting included.
///
/// @param connection borrowed.
/// @param milliseconds 0: none.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than 0 or more than 2147483647;
///   DBAPI_INTERFACE_ERROR on a closed connection. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_timeout(
    connection: *mut dbapi_connection_t,
    milliseconds: i64,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.set_timeout(timeout(milliseconds, "0 (none)")?)?;
        Ok(DBAPI_OK)
    })
}

/// What a call on the connection may take.
///
/// @param connection borrowed; it may be closed.
/// @return milliseconds; 0: as long as it takes, and for what is not a connection's handle. Any thread; never
///   waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_timeout(connection: *const dbapi_connection_t) -> i64 {
    guard_value(0, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(milliseconds(connection.timeout()))
    })
}

/// Sets what a call on this cursor may take, from the next call on, whatever its connection's timeout is.
///
/// @param cursor borrowed.
/// @param milliseconds 0: none; -1: what the connection says, as at first.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than -1 or more than 2147483647;
///   DBAPI_INTERFACE_ERROR on a closed cursor. Any thread, in turn with other calls on the cursor.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_timeout(
    cursor: *mut dbapi_cursor_t,
    milliseconds: i64,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let timeout = match milliseconds {
            -1 => None,
            _ => Some(timeout(milliseconds, "-1 (what the connection says)")?),
        };
        registry::get::<CursorHandle>(cursor, "cursor")?
            .with(|state| state.cursor.set_timeout(timeout))?;
        Ok(DBAPI_OK)
    })
}

/// What `dbapi_cursor_set_timeout` set.
///
/// @param cursor borrowed; it may be closed.
/// @return milliseconds; 0: as long as it takes; -1: what the connection says, and for what is not a cursor's
///   handle. Any thread, in turn with other calls on the cursor.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_timeout(cursor: *const dbapi_cursor_t) -> i64 {
    guard_value(-1, || {
        registry::get::<CursorHandle>(cursor, "cursor")?
            .with(|state| Ok(state.cursor.timeout().map_or(-1, milliseconds)))
    })
}

fn timeout(milliseconds: i64, least: &str) -> Result<Option<Duration>> {
    match u64::try_from(milliseconds) {
        Ok(0) => Ok(None),
        Ok(milliseconds) => Ok(Some(Duration::from_millis(milliseconds))),
        Err(_) => Err(Error::programming(format!(
            "argument milliseconds is {milliseconds}, less than {least}"
        ))),
    }
}

fn milliseconds(timeout: Option<Duration>) -> i64 {
    timeout.map_or(0, |timeout| {
        i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)
    })
}
