//! Statements that the server keeps prepared, without anybody asking for it.

use super::boundary::{guard, guard_value};
use super::connection::dbapi_connection_t;
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use crate::dbapi::Connection;
use crate::error::{Error, Result};

/// Sets at which use of a statement the server prepares it (manual, PREPARE). A statement is used again if its text
/// and the types of its parameters are the same, on whatever cursor. Only queries and INSERT, UPDATE, DELETE, MERGE
/// are, one at a time, and nothing is where a pooler is found between client and server.
///
/// It changes nothing but the time that statements take. One that is out of date is prepared anew: by itself after
/// DDL, SET, DISCARD and the like of this session; where another session changed a table, when the server says so.
/// Only in the midst of a transaction can that be seen: the server has failed the transaction then, with SQLSTATE
/// 0A000 or 26000, and it succeeds when it is run again. Columns of numbers, dates and the like may be sent in binary
/// format from then on (see `dbapi_cursor_set_result_format`), which gives the same values.
///
/// @param connection borrowed.
/// @param uses at which use, at first 3 or what the connection string's `prepare_threshold` says; 1 and 2 are as 3; 0:
///   never, and what is prepared is given back.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than 0 or more than 1000000; DBAPI_INTERFACE_ERROR on a
///   closed connection. Calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_prepare_threshold(
    connection: *mut dbapi_connection_t,
    uses: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.set_prepare_threshold(count(uses, "uses")?)?;
        Ok(DBAPI_OK)
    })
}

/// What `dbapi_connection_set_prepare_threshold` set.
///
/// @param connection borrowed; it may be closed.
/// @return at which use statements are prepared; 0: never; -1 for what is not a connection's handle. Any thread;
///   never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_prepare_threshold(
    connection: *const dbapi_connection_t,
) -> i32 {
    guard_value(-1, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(number(connection.preparing().threshold))
    })
}

/// Sets how many statements the connection keeps prepared at most; the least recently used go first.
///
/// @param connection borrowed.
/// @param statements at first 100, or what the connection string's `prepared_max` says; 0: none.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than 0 or more than 10000; DBAPI_INTERFACE_ERROR on a closed
///   connection. Calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_prepared_max(
    connection: *mut dbapi_connection_t,
    statements: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.set_prepared_max(count(statements, "statements")?)?;
        Ok(DBAPI_OK)
    })
}

/// What `dbapi_connection_set_prepared_max` set.
///
/// @param connection borrowed; it may be closed.
/// @return how many statements are kept prepared at most; -1 for what is not a connection's handle. Any thread; never
///   waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_prepared_max(
    connection: *const dbapi_connection_t,
) -> i32 {
    guard_value(-1, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(number(connection.preparing().most))
    })
}

fn count(number: i32, argument: &str) -> Result<u32> {
    u32::try_from(number)
        .map_err(|_| Error::programming(format!("argument {argument} is {number}, less than 0")))
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
