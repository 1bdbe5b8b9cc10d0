//! What is known of a connection: where it leads, and what it is made of. None of it waits or changes.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::boundary::{guard, guard_value, required_output, required_text, set_output};
use super::connection::dbapi_connection_t;
use super::conninfo::{self, dbapi_conninfo_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t;
use crate::dbapi::{About, Connection};
use crate::error::Result;

/// A fact of a connection, or `fallback` for what is not a connection's handle.
fn read<T>(connection: *const dbapi_connection_t, fallback: T, get: impl FnOnce(&About) -> T) -> T {
    guard_value(fallback, || {
        Ok(get(
            registry::get::<Connection>(connection, "connection")?.about()
        ))
    })
}

/// A text of a connection, which lives as long as the connection does.
fn text(
    connection: *const dbapi_connection_t,
    get: impl FnOnce(&About) -> Result<Option<&CStr>>,
) -> *const c_char {
    guard_value(ptr::null(), || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        Ok(get(connection.about())?.map_or(ptr::null(), CStr::as_ptr))
    })
}

/// The connection string that it was opened with, as `keyword=value` pairs, with every password shown as `xxx`.
///
/// @param connection borrowed; it may be closed.
/// @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
///   Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_dsn(
    connection: *const dbapi_connection_t,
) -> *const c_char {
    text(connection, |about| Ok(Some(&about.dsn)))
}

/// The host that it is connected to: of several in the connection string, the one. As it was given: a name, an
/// address, or the directory of a Unix socket.
///
/// @param connection borrowed; it may be closed.
/// @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
///   Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_host(
    connection: *const dbapi_connection_t,
) -> *const c_char {
    text(connection, |about| Ok(Some(&about.host)))
}

/// The port that it is connected to; of a Unix socket, the number in its file's name.
///
/// @param connection borrowed; it may be closed.
/// @return the port; 0 for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_port(connection: *const dbapi_connection_t) -> i32 {
    read(connection, 0, |about| i32::from(about.port))
}

/// The user who logged in.
///
/// @param connection borrowed; it may be closed.
/// @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
///   Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_user(
    connection: *const dbapi_connection_t,
) -> *const c_char {
    text(connection, |about| Ok(Some(&about.user)))
}

/// The database that it is connected to.
///
/// @param connection borrowed; it may be closed.
/// @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
///   Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_dbname(
    connection: *const dbapi_connection_t,
) -> *const c_char {
    text(connection, |about| Ok(Some(&about.dbname)))
}

/// The command-line options that the server was given for this connection: the `options` parameter.
///
/// @param connection borrowed; it may be closed.
/// @return a string borrowed from the connection, until it is freed; "" if there were none; NULL for what is not a
///   connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_options(
    connection: *const dbapi_connection_t,
) -> *const c_char {
    text(connection, |about| Ok(Some(&about.options)))
}

/// All parameters in effect: what `dbapi_connect` was given, and what it found in the service file, in the
/// environment and among the defaults, as psycopg2's `dsn_parameters`. Secrets (passwords and keys) are left out,
/// and a value that looks like a connection string with a password in it is shown as `xxx`.
///
/// @param connection borrowed; it may be closed.
/// @param out_conninfo receives an owned handle, to be freed by `dbapi_conninfo_free`; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_conninfo(
    connection: *const dbapi_connection_t,
    out_conninfo: *mut *mut dbapi_conninfo_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_conninfo, ptr::null_mut());
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        required_output(out_conninfo, "out_conninfo")?;
        conninfo::make(&connection.about().conninfo, out_conninfo)
    })
}

/// psycopg2's fileno: the connection's socket, for an event loop to wait until the server says something (a
/// notification, say) between calls. Only to wait for: the library alone reads, writes and closes it. With TLS, what
/// was received may wait where no event loop sees it.
///
/// @param connection borrowed.
/// @return the file descriptor; -1 when the connection is closed, broken, or another process's (after fork), and
///   for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_fileno(connection: *const dbapi_connection_t) -> i32 {
    guard_value(-1, || {
        Ok(registry::get::<Connection>(connection, "connection")?
            .socket_number()
            .unwrap_or(-1))
    })
}

/// The process id of the server's process that serves it: `pid` in pg_stat_activity. Through a pooler, what the
/// pooler says.
///
/// @param connection borrowed; it may be closed.
/// @return the id; 0 if the server did not say, or for what is not a connection's handle. Any thread; never
///   waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_backend_pid(
    connection: *const dbapi_connection_t,
) -> i32 {
    read(connection, 0, |about| about.backend_pid)
}

/// The server's version, as libpq numbers it: 150018 is 15.18, 90624 is 9.6.24.
///
/// @param connection borrowed; it may be closed.
/// @return the number; 0 if the server did not say, or for what is not a connection's handle. Any thread; never
///   waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_server_version(
    connection: *const dbapi_connection_t,
) -> i32 {
    read(connection, 0, |about| about.server_version)
}

/// The version of the frontend/backend protocol that was agreed on, as libpq numbers it: 30000 is 3.0, 30002 is
/// 3.2.
///
/// @param connection borrowed; it may be closed.
/// @return the number; 0 for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_protocol_version(
    connection: *const dbapi_connection_t,
) -> i32 {
    read(connection, 0, |about| about.protocol_version)
}

/// Whether it is encrypted by TLS.
///
/// @param connection borrowed; it may be closed.
/// @return true if it is; false for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_ssl_in_use(
    connection: *const dbapi_connection_t,
) -> bool {
    read(connection, false, About::has_tls)
}

/// What its TLS is made of, under the names of libpq's `PQsslAttribute`: `library` ("rustls"), `protocol`
/// ("TLSv1.3"), `key_bits` ("256"), `cipher` ("TLS_AES_256_GCM_SHA384"), `compression` ("off"), `alpn`
/// ("postgresql", or "" if the server selected none).
///
/// @param connection borrowed; it may be closed.
/// @param name borrowed: the attribute.
/// @return a string borrowed from the connection, until it is freed; NULL without TLS, for an unknown name, and
///   for what is not a connection's handle. Any thread; never waits.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_ssl_attribute(
    connection: *const dbapi_connection_t,
    name: *const c_char,
) -> *const c_char {
    text(connection, |about| {
        Ok(about.tls_attribute(required_text(name, "name")?))
    })
}
