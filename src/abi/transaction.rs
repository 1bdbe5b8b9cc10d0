//! Transactions.

use super::boundary::{guard, guard_value};
use super::connection::dbapi_connection_t;
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use crate::dbapi::{Changes, Connection};

/// PEP 249's commit. Outside a transaction it does nothing.
///
/// A transaction that has failed cannot be committed; the server rolls it back, and this says so with an
/// error of class operational, or integrity if a violated constraint made it fail. If the connection is lost
/// before the answer, the SQLSTATE is 08007: whether it was committed is unknown.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, or an error. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_commit(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.commit()?;
        Ok(DBAPI_OK)
    })
}

/// PEP 249's rollback. Outside a transaction it does nothing.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, or an error. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_rollback(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.rollback()?;
        Ok(DBAPI_OK)
    })
}

/// Makes each statement commit by itself, or (the default) not: then the first statement begins a
/// transaction, which `dbapi_commit` or `dbapi_rollback` ends.
///
/// @param connection borrowed.
/// @param autocommit true: each statement commits by itself.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR inside a transaction. Any thread; calls on one connection take
///   turns. See `dbapi_connection_set_session`.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_set_autocommit(
    connection: *mut dbapi_connection_t,
    autocommit: bool,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let changes = Changes {
            autocommit: Some(autocommit),
            ..Changes::default()
        };
        registry::get::<Connection>(connection, "connection")?
            .set_characteristics(changes, "autocommit")?;
        Ok(DBAPI_OK)
    })
}

/// Whether each statement commits by itself.
///
/// @param connection borrowed.
/// @return what was set last; false for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_autocommit(
    connection: *const dbapi_connection_t,
) -> bool {
    guard_value(false, || {
        Ok(registry::get::<Connection>(connection, "connection")?.autocommit())
    })
}
