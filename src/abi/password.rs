//! Passwords for ALTER ROLE.

use std::ffi::c_char;

use super::boundary::{guard, optional_text, put_text, required_output, required_text};
use super::connection::dbapi_connection_t;
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use crate::dbapi::{self, Connection};

/// psycopg2's encrypt_password: what to give a role as its password, so that the password itself never
/// travels, nor stands in a log. Use the outcome as a literal: `ALTER ROLE alice PASSWORD 'SCRAM-SHA-256$...'`.
///
/// Works as snprintf does: what does not fit is cut off, and the full length is told. 200 bytes are enough for
/// either algorithm. A SCRAM-SHA-256 verifier has a fresh salt each time, so its text differs from call to
/// call, and its length does not.
///
/// @param connection borrowed; NULL: none. Its server says how many iterations a SCRAM-SHA-256 verifier gets
///   (16 and later report it; else 4096). No transaction is begun.
/// @param user borrowed: the role's name. It is part of an MD5 verifier.
/// @param password borrowed: the password in clear.
/// @param algorithm borrowed: "scram-sha-256" or "md5". NULL: what the server of `connection` uses, which is
///   asked (setting `password_encryption`); without a connection, scram-sha-256.
/// @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
/// @param capacity of the buffer, in bytes, the NUL included.
/// @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
///   May be NULL.
/// @param out_error receives an owned error on failure; may be NULL. It never holds the password.
/// @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for another algorithm or a NULL argument,
///   DBAPI_NOT_SUPPORTED_ERROR if it is the server that uses another one, DBAPI_INTERFACE_ERROR if the
///   connection is closed; the server's error if it is asked in a transaction that has failed. Any thread;
///   calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_encrypt_password(
    connection: *mut dbapi_connection_t,
    user: *const c_char,
    password: *const c_char,
    algorithm: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        if capacity > 0 {
            required_output(buffer, "buffer")?;
        }
        let connection = if connection.is_null() {
            None
        } else {
            Some(registry::get::<Connection>(connection, "connection")?)
        };
        let user = required_text(user, "user")?;
        let password = required_text(password, "password")?;
        let algorithm = optional_text(algorithm, "algorithm")?;
        let text = dbapi::encrypt_password(connection.as_deref(), user, password, algorithm)?;
        put_text(text.as_bytes(), buffer, capacity, out_length);
        Ok(DBAPI_OK)
    })
}
