//! What is known of a connection: where it leads, and what it is made of. None of it waits or changes.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::boundary::{guard_value, required_text};
use super::connection::dbapi_connection_t;
use super::registry;
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
