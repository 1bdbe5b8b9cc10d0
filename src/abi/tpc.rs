//! Two-phase commit and savepoints.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

use super::boundary::{
    guard, guard_value, optional_text, required_output, required_text, set_output,
};
use super::connection::dbapi_connection_t;
use super::error::{c_string, dbapi_error_t};
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
use crate::dbapi::{Connection, Xid};
use crate::error::Result;

/// PEP 249's transaction id for two-phase commit. Made by `dbapi_xid`, `dbapi_xid_from_string` and
/// `dbapi_tpc_recover`, owned; freed by `dbapi_xid_free`. It never changes, and is tied to no connection. What its
/// functions give lives as long as it does.
pub struct dbapi_xid_t {
    _opaque: [u8; 0],
}

/// What an xid's handle stands for.
pub(super) struct XidHandle {
    xid: Xid,
    name: CString,
    gtrid: CString,
    bqual: CString,
    prepared: Option<CString>,
    owner: Option<CString>,
    database: Option<CString>,
}

/// What `dbapi_tpc_recover` found. Owned; freed by `dbapi_xid_list_free`. It never changes.
pub struct dbapi_xid_list_t {
    _opaque: [u8; 0],
}

/// What a list's handle stands for.
pub(super) struct XidListHandle(Vec<Xid>);

fn give(xid: Xid, out_xid: *mut *mut dbapi_xid_t) -> Result<dbapi_status_t> {
    let optional = |text: &Option<String>| text.as_deref().map(c_string);
    let handle = XidHandle {
        name: c_string(&xid.name()),
        gtrid: c_string(&xid.gtrid),
        bqual: c_string(&xid.bqual),
        prepared: optional(&xid.prepared),
        owner: optional(&xid.owner),
        database: optional(&xid.database),
        xid,
    };
    set_output(out_xid, registry::insert(Arc::new(handle))?);
    Ok(DBAPI_OK)
}

/// PEP 249's xid: a transaction id of its three parts.
///
/// @param format_id not negative.
/// @param gtrid borrowed: the global transaction; at most 64 printable ASCII characters.
/// @param bqual borrowed: its branch; at most 64 printable ASCII characters.
/// @param out_xid receives an owned xid; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for parts that cannot be. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid(
    format_id: i32,
    gtrid: *const c_char,
    bqual: *const c_char,
    out_xid: *mut *mut dbapi_xid_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_xid, ptr::null_mut());
    guard(out_error, || {
        required_output(out_xid, "out_xid")?;
        let gtrid = required_text(gtrid, "gtrid")?;
        give(
            Xid::new(format_id, gtrid, required_text(bqual, "bqual")?)?,
            out_xid,
        )
    })
}

/// psycopg2's Xid.from_string: the xid that a name on the server (`gid` in pg_prepared_xacts) stands for. A name
/// of another form makes an xid without a format id, whose gtrid is the name.
///
/// @param name borrowed.
/// @param out_xid receives an owned xid; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_from_string(
    name: *const c_char,
    out_xid: *mut *mut dbapi_xid_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_xid, ptr::null_mut());
    guard(out_error, || {
        required_output(out_xid, "out_xid")?;
        give(Xid::from_server(required_text(name, "name")?), out_xid)
    })
}

fn read<T>(xid: *const dbapi_xid_t, fallback: T, get: impl FnOnce(&XidHandle) -> T) -> T {
    guard_value(fallback, || {
        Ok(get(&*registry::get::<XidHandle>(xid, "xid")?))
    })
}

fn optional(
    xid: *const dbapi_xid_t,
    get: impl FnOnce(&XidHandle) -> &Option<CString>,
) -> *const c_char {
    read(xid, ptr::null(), |handle| {
        get(handle)
            .as_ref()
            .map_or(ptr::null(), |text| text.as_ptr())
    })
}

/// The format id.
///
/// @param xid borrowed.
/// @return the format id; -1 if the name on the server has not the form of an xid, and for what is not an xid's
///   handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_format_id(xid: *const dbapi_xid_t) -> i32 {
    read(xid, -1, |handle| handle.xid.format_id.unwrap_or(-1))
}

/// The global transaction; of a name on the server that has not the form of an xid, that name.
///
/// @param xid borrowed.
/// @return a string borrowed from the xid; NULL for what is not an xid's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_gtrid(xid: *const dbapi_xid_t) -> *const c_char {
    read(xid, ptr::null(), |handle| handle.gtrid.as_ptr())
}

/// The branch.
///
/// @param xid borrowed.
/// @return a string borrowed from the xid; NULL for what is not an xid's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_bqual(xid: *const dbapi_xid_t) -> *const c_char {
    read(xid, ptr::null(), |handle| handle.bqual.as_ptr())
}

/// The name on the server, as psycopg2 and JDBC form it: "42_Z3RyaWQ=_YnF1YWw=".
///
/// @param xid borrowed.
/// @return a string borrowed from the xid; NULL for what is not an xid's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_name(xid: *const dbapi_xid_t) -> *const c_char {
    read(xid, ptr::null(), |handle| handle.name.as_ptr())
}

/// When it was prepared, as the server writes a timestamptz.
///
/// @param xid borrowed.
/// @return a string borrowed from the xid; NULL for one that `dbapi_tpc_recover` did not find. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_prepared(xid: *const dbapi_xid_t) -> *const c_char {
    optional(xid, |handle| &handle.prepared)
}

/// The role that prepared it.
///
/// @param xid borrowed.
/// @return a string borrowed from the xid; NULL for one that `dbapi_tpc_recover` did not find. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_owner(xid: *const dbapi_xid_t) -> *const c_char {
    optional(xid, |handle| &handle.owner)
}

/// The database that it was prepared in: only there can it be committed or rolled back.
///
/// @param xid borrowed.
/// @return a string borrowed from the xid; NULL for one that `dbapi_tpc_recover` did not find. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_database(xid: *const dbapi_xid_t) -> *const c_char {
    optional(xid, |handle| &handle.database)
}

/// Frees an xid.
///
/// @param xid owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_free(xid: *mut dbapi_xid_t) {
    guard_value((), || registry::remove::<XidHandle>(xid, "xid").map(drop));
}

/// PEP 249's tpc_begin: begins a transaction that can be prepared. Until it ends, `dbapi_commit` and
/// `dbapi_rollback` are errors.
///
/// @param connection borrowed.
/// @param xid borrowed: the transaction's id.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR inside a transaction, and with autocommit on. Any thread; calls on one
///   connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_tpc_begin(
    connection: *mut dbapi_connection_t,
    xid: *const dbapi_xid_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.tpc_begin(&registry::get::<XidHandle>(xid, "xid")?.xid)?;
        Ok(DBAPI_OK)
    })
}

/// PEP 249's tpc_prepare: the first phase. From then on the transaction outlives the connection and even a crash of
/// the server, and no statement can be run here until `dbapi_tpc_commit` or `dbapi_tpc_rollback`.
///
/// @param connection borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR unless `dbapi_tpc_begin` was called; if the transaction had failed, an
///   error as by `dbapi_commit`, and the two-phase commit is over. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_tpc_prepare(
    connection: *mut dbapi_connection_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<Connection>(connection, "connection")?.tpc_prepare()?;
        Ok(DBAPI_OK)
    })
}

/// PEP 249's tpc_commit: the second phase; without `dbapi_tpc_prepare` before it, the only one. With an xid it commits
/// one that was prepared elsewhere.
///
/// @param connection borrowed.
/// @param xid borrowed: a prepared transaction; NULL: the one under way.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR without an xid unless a two-phase commit is under way, with one if it is or
///   inside a transaction, and with SQLSTATE 42704 for one that the server does not know. Any thread; calls on one
///   connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_tpc_commit(
    connection: *mut dbapi_connection_t,
    xid: *const dbapi_xid_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        let xid = optional_xid(xid)?;
        connection.tpc_commit(xid.as_ref().map(|handle| &handle.xid))?;
        Ok(DBAPI_OK)
    })
}

/// PEP 249's tpc_rollback: undoes the transaction, before or after its first phase. With an xid it rolls back one that
/// was prepared elsewhere.
///
/// @param connection borrowed.
/// @param xid borrowed: a prepared transaction; NULL: the one under way.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_tpc_commit`. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_tpc_rollback(
    connection: *mut dbapi_connection_t,
    xid: *const dbapi_xid_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        let xid = optional_xid(xid)?;
        connection.tpc_rollback(xid.as_ref().map(|handle| &handle.xid))?;
        Ok(DBAPI_OK)
    })
}

fn optional_xid(xid: *const dbapi_xid_t) -> Result<Option<Arc<XidHandle>>> {
    if xid.is_null() {
        return Ok(None);
    }
    registry::get::<XidHandle>(xid, "xid").map(Some)
}

/// PEP 249's tpc_recover: the transactions that are prepared and wait for their second phase, oldest first, in all
/// databases of the server. Begins no transaction.
///
/// @param connection borrowed.
/// @param out_list receives an owned list; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, also when none waits; DBAPI_PROGRAMMING_ERROR between the phases of a two-phase commit. Any thread;
///   calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_tpc_recover(
    connection: *mut dbapi_connection_t,
    out_list: *mut *mut dbapi_xid_list_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_list, ptr::null_mut());
    guard(out_error, || {
        required_output(out_list, "out_list")?;
        let connection = registry::get::<Connection>(connection, "connection")?;
        let list = XidListHandle(connection.tpc_recover()?);
        set_output(out_list, registry::insert(Arc::new(list))?);
        Ok(DBAPI_OK)
    })
}

/// How many xids a list has.
///
/// @param list borrowed.
/// @return their number; 0 for what is not a list's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_list_count(list: *const dbapi_xid_list_t) -> usize {
    guard_value(0, || {
        Ok(registry::get::<XidListHandle>(list, "list")?.0.len())
    })
}

/// An xid of a list.
///
/// @param list borrowed.
/// @param index from 0.
/// @param out_xid receives an owned xid, which the list may be freed before; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE if there are not so many. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_list_item(
    list: *const dbapi_xid_list_t,
    index: usize,
    out_xid: *mut *mut dbapi_xid_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_xid, ptr::null_mut());
    guard(out_error, || {
        required_output(out_xid, "out_xid")?;
        let list = registry::get::<XidListHandle>(list, "list")?;
        match list.0.get(index) {
            None => Ok(DBAPI_DONE),
            Some(xid) => give(xid.clone(), out_xid),
        }
    })
}

/// Frees a list.
///
/// @param list owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_xid_list_free(list: *mut dbapi_xid_list_t) {
    guard_value((), || {
        registry::remove::<XidListHandle>(list, "list").map(drop)
    });
}

/// Sets a savepoint, inside of the one set before it, if any: what fails after it can be undone alone. Begins the
/// transaction, if need be. `dbapi_savepoint_release` or `dbapi_savepoint_rollback` ends it; so does the end of the
/// transaction.
///
/// @param connection borrowed.
/// @param name borrowed: any name of at most 63 bytes; NULL: one of the library's own.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR with autocommit on and outside a transaction, and for an empty or too long
///   name. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_savepoint_begin(
    connection: *mut dbapi_connection_t,
    name: *const c_char,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.savepoint_begin(optional_text(name, "name")?)?;
        Ok(DBAPI_OK)
    })
}

/// Keeps what was done since a savepoint, and forgets it, with those inside of it.
///
/// @param connection borrowed.
/// @param name borrowed: a savepoint's; NULL: the innermost.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `dbapi_savepoint_begin` has set none of that name. In a failed
///   transaction it fails, and `dbapi_savepoint_rollback` does not. Any thread; calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_savepoint_release(
    connection: *mut dbapi_connection_t,
    name: *const c_char,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.savepoint_release(optional_text(name, "name")?)?;
        Ok(DBAPI_OK)
    })
}

/// Undoes what was done since a savepoint, and forgets it, with those inside of it. A transaction that has failed since
/// can be used again.
///
/// @param connection borrowed.
/// @param name borrowed: a savepoint's; NULL: the innermost.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `dbapi_savepoint_begin` has set none of that name. Any thread; calls on
///   one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_savepoint_rollback(
    connection: *mut dbapi_connection_t,
    name: *const c_char,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let connection = registry::get::<Connection>(connection, "connection")?;
        connection.savepoint_rollback(optional_text(name, "name")?)?;
        Ok(DBAPI_OK)
    })
}
