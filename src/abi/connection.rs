//! Connections: opening, closing, and what they are.

use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;

use super::boundary::{guard, guard_value, optional_text, required_output, set_output};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use crate::dbapi::{Closed, Connection, Status};
use crate::error::{Error, Result};

/// A connection to a server. Made by `dbapi_connect` and `dbapi_connect_params`, freed by
/// `dbapi_connection_free`; may be used from any thread, and by several at once: their calls take turns.
pub struct dbapi_connection_t {
    _opaque: [u8; 0],
}

/// More keywords than this is an array without its terminating NULL.
const MOST_KEYWORDS: usize = 4096;

/// PEP 249's connect: connects to a PostgreSQL server.
///
/// @param dsn borrowed: a connection string of libpq's, `host=... dbname=...` or `postgresql://...`; what it
///   leaves out comes from the environment (PGHOST and the like) and from defaults. NULL or "": everything.
/// @param out_connection receives an owned handle; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad dsn, DBAPI_OPERATIONAL_ERROR if no server let us in,
///   DBAPI_NOT_SUPPORTED_ERROR for a keyword that this version cannot honour. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connect(
    dsn: *const c_char,
    out_connection: *mut *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_connection, ptr::null_mut());
    guard(out_error, || {
        required_output(out_connection, "out_connection")?;
        let dsn = optional_dsn(dsn)?;
        open(dsn, &[], out_connection)
    })
}

/// `dbapi_connect` with keywords beside the dsn, for values that should need no quoting.
///
/// @param dsn borrowed, as for `dbapi_connect`; may be NULL.
/// @param keywords borrowed: an array that ends with NULL; each overrides the dsn. `database` is an alias of
///   `dbname`. NULL: none.
/// @param values borrowed: one for each keyword; NULL leaves that keyword unset. NULL if `keywords` is.
/// @param out_connection receives an owned handle; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_connect`. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connect_params(
    dsn: *const c_char,
    keywords: *const *const c_char,
    values: *const *const c_char,
    out_connection: *mut *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_connection, ptr::null_mut());
    guard(out_error, || {
        required_output(out_connection, "out_connection")?;
        let dsn = optional_dsn(dsn)?;
        let pairs = keyword_pairs(keywords, values)?;
        open(dsn, &pairs, out_connection)
    })
}

/// A dsn as UTF-8, or `None` for NULL.
pub(super) fn optional_dsn<'a>(dsn: *const c_char) -> Result<Option<&'a str>> {
    optional_text(dsn, "dsn").map_err(|error| error.prefixed("invalid dsn: "))
}

fn open(
    dsn: Option<&str>,
    keywords: &[(&str, Option<&str>)],
    out_connection: *mut *mut dbapi_connection_t,
) -> Result<dbapi_status_t> {
    let connection = Connection::open(dsn, keywords)?;
    set_output(out_connection, registry::insert(Arc::new(connection))?);
    Ok(DBAPI_OK)
}

/// The pairs of two parallel arrays, the first of which ends with NULL.
pub(super) fn keyword_pairs<'a>(
    keywords: *const *const c_char,
    values: *const *const c_char,
) -> Result<Vec<(&'a str, Option<&'a str>)>> {
    let mut pairs = Vec::new();
    if keywords.is_null() {
        if values.is_null() {
            return Ok(pairs);
        }
        return Err(Error::programming(
            "argument keywords is NULL, with values given",
        ));
    }
    loop {
        let index = pairs.len();
        // SAFETY: the caller promises an array that ends with NULL, which has not been met yet.
        let keyword = unsafe { *keywords.add(index) };
        let Some(keyword) = optional_text(keyword, &format!("keywords[{index}]"))? else {
            return Ok(pairs);
        };
        if values.is_null() {
            return Err(Error::programming(
                "argument values is NULL, with keywords given",
            ));
        }
        if index == MOST_KEYWORDS {
            return Err(Error::programming(
                "argument keywords does not end with NULL",
            ));
        }
        // SAFETY: the caller promises a value for each keyword.
        let value = unsafe { *values.add(index) };
        pairs.push((keyword, optional_text(value, &format!("values[{index}]"))?));
    }
}

/// PEP 249's close: the connection cannot be used any more, nor can its cursors. An open transaction is
/// rolled back. Closing again does nothing. The handle still has to be freed.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if it is not a connection's handle. Any thread; waits for a call
///   that is in progress in another.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_close(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.close();
        Ok(DBAPI_OK)
    })
}

/// Frees the handle. The connection is closed, as by `dbapi_close`, once its last cursor is freed too: a
/// cursor keeps its connection alive, so handles may be freed in any order, by any finalizer.
///
/// @param connection owned, consumed. NULL, or a handle freed already, does nothing.
/// Any thread, also while another is in a call on it: that call ends first.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_free(connection: *mut dbapi_connection_t) {
    guard_value((), || {
        registry::remove::<Connection>(connection, "connection").map(drop)
    });
}

/// Whether the connection can be used.
///
/// @param connection borrowed.
/// @return a `dbapi_closed_t`: open, closed or broken; closed for what is not a connection's handle. Any
///   thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_closed(connection: *const dbapi_connection_t) -> i32 {
    guard_value(Closed::Closed as i32, || {
        Ok(registry::get::<Connection>(connection, "connection")?.closed() as i32)
    })
}

/// Where the server said the transaction stands.
///
/// @param connection borrowed.
/// @return a `dbapi_transaction_status_t`; unknown for a closed connection or what is not a connection's
///   handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_transaction_status(
    connection: *const dbapi_connection_t,
) -> i32 {
    guard_value(Status::Unknown as i32, || {
        Ok(registry::get::<Connection>(connection, "connection")?.status() as i32)
    })
}
