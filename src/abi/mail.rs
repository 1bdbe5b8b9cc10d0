//! What the server says without being asked: notices and notifications.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{guard, guard_value, required_output, set_output};
use super::connection::dbapi_connection_t;
use super::error::{ErrorHandle, c_string, dbapi_error_t};
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
use crate::dbapi::Connection;
use crate::error::{Error, Result};
use crate::wire::Notification;

/// A notification: psycopg2's Notify. Received from `dbapi_connection_notify` and `dbapi_connection_wait_notify`,
/// owned; freed by `dbapi_notify_free`. It never changes, and is tied to no connection. What its functions give
/// lives as long as it does.
pub struct dbapi_notify_t {
    _opaque: [u8; 0],
}

/// What a notification's handle stands for.
pub(super) struct NotifyHandle {
    pid: i32,
    channel: CString,
    payload: CString,
}

/// Takes the oldest notice (NOTICE, WARNING, INFO ...) that the server has sent, of the last 50. It comes as an
/// error object, whose functions give its message and its fields; its status is DBAPI_OK and its class "Warning".
///
/// @param connection borrowed; it may be closed.
/// @param out_notice receives an owned notice, freed by `dbapi_error_free`; NULL if there is none.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE if there is none; DBAPI_INTERFACE_ERROR in a forked child. Any thread; never waits, and
///   does not talk to the server.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_notice(
    connection: *mut dbapi_connection_t,
    out_notice: *mut *mut dbapi_error_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_notice, ptr::null_mut());
    guard(out_error, || {
        required_output(out_notice, "out_notice")?;
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.check_own()?;
        match connection.mailbox().take_notice() {
            None => Ok(DBAPI_DONE),
            Some(fields) => {
                let handle = ErrorHandle::notice(*fields);
                set_output(out_notice, registry::insert(Arc::new(handle))?);
                Ok(DBAPI_OK)
            }
        }
    })
}

/// Takes the oldest notification that has arrived. They arrive with the answers to any call, outside of
/// transactions; `dbapi_connection_wait_notify` with 0 looks for more.
///
/// @param connection borrowed; it may be closed.
/// @param out_notify receives an owned notification; NULL if there is none.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE if there is none; DBAPI_INTERFACE_ERROR in a forked child. Any thread; never waits, and
///   does not talk to the server.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_notify(
    connection: *mut dbapi_connection_t,
    out_notify: *mut *mut dbapi_notify_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_notify, ptr::null_mut());
    guard(out_error, || {
        required_output(out_notify, "out_notify")?;
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.check_own()?;
        give(connection.mailbox().take_notification(), out_notify)
    })
}

/// Waits for a notification. Other threads' calls on the connection go on meanwhile. Notifications come outside
/// of transactions alone: end yours first, or use autocommit.
///
/// @param connection borrowed.
/// @param milliseconds how long to wait; 0: take what has arrived; -1: for ever. The connection's timeout does not
///   count.
/// @param out_notify receives an owned notification; NULL if none came.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE if none came in time; DBAPI_OPERATIONAL_ERROR if the connection was lost;
///   DBAPI_PROGRAMMING_ERROR for less than -1; DBAPI_INTERFACE_ERROR on a closed connection. Any thread, also
///   several at once: each notification goes to one.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_connection_wait_notify(
    connection: *mut dbapi_connection_t,
    milliseconds: i64,
    out_notify: *mut *mut dbapi_notify_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_notify, ptr::null_mut());
    guard(out_error, || {
        required_output(out_notify, "out_notify")?;
        let patience = match u64::try_from(milliseconds) {
            // What no clock can count to is for ever.
            Ok(milliseconds) => {
                Some(Duration::from_millis(milliseconds)).filter(|patience| *patience <= FOR_EVER)
            }
            Err(_) if milliseconds == -1 => None,
            Err(_) => {
                return Err(Error::programming(format!(
                    "argument milliseconds is {milliseconds}, less than -1 (for ever)"
                )));
            }
        };
        let connection = registry::get::<Connection>(connection, "connection")?;
        give(connection.wait_notification(patience)?, out_notify)
    })
}

/// A hundred years.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

fn give(
    notification: Option<Notification>,
    out_notify: *mut *mut dbapi_notify_t,
) -> Result<dbapi_status_t> {
    let Some(notification) = notification else {
        return Ok(DBAPI_DONE);
    };
    let handle = NotifyHandle {
        pid: notification.pid,
        channel: c_string(&notification.channel),
        payload: c_string(&notification.payload),
    };
    set_output(out_notify, registry::insert(Arc::new(handle))?);
    Ok(DBAPI_OK)
}

fn read<T>(notify: *const dbapi_notify_t, fallback: T, get: impl FnOnce(&NotifyHandle) -> T) -> T {
    guard_value(fallback, || {
        Ok(get(&*registry::get::<NotifyHandle>(notify, "notify")?))
    })
}

/// The process id of the server's process that sent it: compare with `dbapi_connection_backend_pid`.
///
/// @param notify borrowed.
/// @return the id; 0 for what is not a notification's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_notify_pid(notify: *const dbapi_notify_t) -> i32 {
    read(notify, 0, |handle| handle.pid)
}

/// The channel it was sent on.
///
/// @param notify borrowed.
/// @return a string borrowed from the notification; NULL for what is not one's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_notify_channel(notify: *const dbapi_notify_t) -> *const c_char {
    read(notify, ptr::null(), |handle| handle.channel.as_ptr())
}

/// What was sent with it.
///
/// @param notify borrowed.
/// @return a string borrowed from the notification, "" if nothing was sent; NULL for what is not a notification's
///   handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_notify_payload(notify: *const dbapi_notify_t) -> *const c_char {
    read(notify, ptr::null(), |handle| handle.payload.as_ptr())
}

/// Frees a notification.
///
/// @param notify owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_notify_free(notify: *mut dbapi_notify_t) {
    guard_value((), || {
        registry::remove::<NotifyHandle>(notify, "notify").map(drop)
    });
}
