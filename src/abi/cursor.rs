//! Cursors: making, closing, and their attributes.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::boundary::{guard, guard_value, optional_text, required_output, set_output};
use super::connection::dbapi_connection_t;
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use crate::dbapi::{ColumnFacts, Connection, Cursor, Declaration, ResultFormat, RowBlock};
use crate::error::{Error, Result};
use crate::types::Catalog;
use crate::wire::Column;

/// A cursor on a connection. Made by `dbapi_cursor` and `dbapi_cursor_named`, freed by `dbapi_cursor_free`.
/// Two threads may each use a cursor of one connection; one cursor belongs in one thread at a time, since
/// each call on it ends the life of the rows that the last one gave.
pub struct dbapi_cursor_t {
    _opaque: [u8; 0],
}

/// One column of a description. -1 stands where PEP 249 says None.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dbapi_column_t {
    /// The column's name. Not unique, and not always UTF-8 in a SQL_ASCII database.
    pub name: *const c_char,
    /// The oid of its type.
    pub type_code: u32,
    /// The `dbapi_kind_t` that its values arrive as, but for NULLs, and for dates and times that do not come
    /// in ISO form, which arrive as text.
    pub kind: i32,
    /// Always -1: PostgreSQL does not say.
    pub display_size: i32,
    /// Bytes of a fixed-size type; the declared length of varchar(n), char(n), bit(n); the precision of a
    /// numeric; else -1.
    pub internal_size: i32,
    /// Digits of numeric(p, s), else -1.
    pub precision: i32,
    /// Digits after the point of numeric(p, s), else -1.
    pub scale: i32,
    /// Always -1: PostgreSQL does not say.
    pub null_ok: i32,
    /// The table whose column it is, else 0.
    pub table_oid: u32,
    /// Its number in that table, else 0.
    pub table_column: i32,
}

/// What a cursor's handle stands for.
pub(super) struct CursorHandle {
    connection: Arc<Connection>,
    state: Mutex<State>,
}

/// A cursor, and the memory behind what its last calls gave.
pub(super) struct State {
    pub(super) cursor: Cursor,
    pub(super) block: RowBlock,
    description: Option<Description>,
}

/// Columns, and what C is shown of them; its names point into the columns.
type Description = (Arc<[Column]>, Box<[dbapi_column_t]>);

// SAFETY: the pointers in `block` and `description` lead into memory that the same State owns (the cursor's
// result, the block's arena, the columns' names) and that does not move with it. Nothing in it is tied to a
// thread.
unsafe impl Send for State {}

impl CursorHandle {
    /// Runs `work` on the cursor, after any other thread's call on it. In a forked child there may be no such thread
    /// any more, and the call never ends: that is an interface error.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = match self.state.try_lock() {
            Some(state) => state,
            None => {
                self.connection.check_own()?;
                self.state.lock()
            }
        };
        work(&mut state)
    }
}

impl CursorHandle {
    /// The cursor, which no other thread can be at.
    #[inline]
    pub(super) fn sole_state(&mut self) -> &mut State {
        self.state.get_mut()
    }
}

impl Drop for CursorHandle {
    fn drop(&mut self) {
        self.state.get_mut().cursor.abandon();
    }
}

impl State {
    /// Forgets the rows that the last fetch gave: their memory is about to change.
    pub(super) fn forget_rows(&mut self) {
        self.block.clear();
    }

    /// The description of the present result, made when first asked for.
    fn description(&mut self) -> Option<&[dbapi_column_t]> {
        let columns = self.cursor.columns()?;
        let made = self
            .description
            .as_ref()
            .is_some_and(|(known, _)| Arc::ptr_eq(known, columns));
        if !made {
            let catalog = self.cursor.catalog();
            let described = columns
                .iter()
                .map(|column| describe(column, catalog))
                .collect();
            self.description = Some((Arc::clone(columns), described));
        }
        self.description
            .as_ref()
            .map(|(_, described)| described.as_ref())
    }
}

fn describe(column: &Column, catalog: &Catalog) -> dbapi_column_t {
    let facts = ColumnFacts::of(column, catalog);
    dbapi_column_t {
        name: column.name.as_ptr(),
        type_code: column.type_oid,
        kind: facts.kind,
        display_size: -1,
        internal_size: facts.internal_size,
        precision: facts.precision,
        scale: facts.scale,
        null_ok: -1,
        table_oid: column.table_oid,
        table_column: c_int::from(column.table_column),
    }
}

/// PEP 249's cursor: a new cursor, whose results are received completely by execute.
///
/// @param connection borrowed; the cursor keeps it alive.
/// @param out_cursor receives an owned handle; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR on a closed connection. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor(
    connection: *mut dbapi_connection_t,
    out_cursor: *mut *mut dbapi_cursor_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_cursor, ptr::null_mut());
    guard(out_error, || {
        required_output(out_cursor, "out_cursor")?;
        let connection = registry::get::<Connection>(connection, "connection")?;
        make(connection, None, out_cursor)
    })
}

/// psycopg2's named cursor: its rows stay on the server, and each fetch brings some. It executes once, and
/// needs a transaction (so not autocommit) unless it is declared with hold.
///
/// @param connection borrowed; the cursor keeps it alive.
/// @param name borrowed: any name but "", at best of up to 63 bytes, which is what PostgreSQL tells apart. NULL:
///   an ordinary cursor, as by `dbapi_cursor`; it can be neither scrollable nor withhold.
/// @param scrollable 1: SCROLL, 0: NO SCROLL, -1: neither is said.
/// @param withhold true: WITH HOLD, it outlives its transaction.
/// @param out_cursor receives an owned handle; NULL on failure.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad argument, DBAPI_INTERFACE_ERROR on a closed
///   connection. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_named(
    connection: *mut dbapi_connection_t,
    name: *const c_char,
    scrollable: i32,
    withhold: bool,
    out_cursor: *mut *mut dbapi_cursor_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_cursor, ptr::null_mut());
    guard(out_error, || {
        required_output(out_cursor, "out_cursor")?;
        let connection = registry::get::<Connection>(connection, "connection")?;
        let scrollable = match scrollable {
            1 => Some(true),
            0 => Some(false),
            -1 => None,
            other => {
                return Err(Error::programming(format!(
                    "argument scrollable is {other}: it must be 1, 0 or -1"
                )));
            }
        };
        let declaration = match optional_text(name, "name")? {
            Some(name) => Some(Declaration {
                name: name.to_owned(),
                scrollable,
                with_hold: withhold,
            }),
            None if scrollable.is_none() && !withhold => None,
            None => {
                return Err(Error::programming(
                    "argument name is NULL: only a named cursor can be scrollable or withhold",
                ));
            }
        };
        make(connection, declaration, out_cursor)
    })
}

fn make(
    connection: Arc<Connection>,
    declaration: Option<Declaration>,
    out_cursor: *mut *mut dbapi_cursor_t,
) -> Result<dbapi_status_t> {
    let cursor = Cursor::new(Arc::clone(&connection), declaration)?;
    let state = State {
        cursor,
        block: RowBlock::default(),
        description: None,
    };
    let handle = registry::insert(Arc::new(CursorHandle {
        connection,
        state: Mutex::new(state),
    }))?;
    set_output(out_cursor, handle);
    Ok(DBAPI_OK)
}

/// PEP 249's close: the cursor cannot be used any more. Its rows are gone; its description, rowcount and
/// statusmessage stay readable. Closing again does nothing. The handle still has to be freed.
///
/// @param cursor borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; an error if a named cursor could not be closed on the server (it is closed here all the
///   same). Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_close(
    cursor: *mut dbapi_cursor_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<CursorHandle>(cursor, "cursor")?.with(|state| {
            state.forget_rows();
            state.cursor.close()
        })?;
        Ok(DBAPI_OK)
    })
}

/// Frees the handle, the cursor's rows, and what `dbapi_description` gave. A named cursor is closed on the
/// server if that needs no waiting; else it ends with its transaction, or, with hold, with the session.
///
/// @param cursor owned, consumed. NULL, or a handle freed already, does nothing.
/// Any thread, also while another is in a call on it: that call ends first.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_free(cursor: *mut dbapi_cursor_t) {
    guard_value((), || {
        registry::remove::<CursorHandle>(cursor, "cursor").map(drop)
    });
}

/// Whether the cursor was closed.
///
/// @param cursor borrowed.
/// @return 0 if it can be used as far as it knows, 1 if it was closed or is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_closed(cursor: *const dbapi_cursor_t) -> i32 {
    value_of(cursor, 1, |cursor| i32::from(cursor.is_closed()))
}

/// PEP 249's description: the columns of the result.
///
/// @param cursor borrowed.
/// @param out_ncolumns receives how many columns there are, 0 without a result set; may be NULL.
/// @return an array, borrowed from the cursor: it lives until the next call that executes, goes to the next
///   result or frees, for a named cursor until the next fetch. NULL if there is no result set (after DML or DDL, before execute). A
///   result of no columns (`SELECT`) gives an array of none, which is not NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_description(
    cursor: *mut dbapi_cursor_t,
    out_ncolumns: *mut usize,
) -> *const dbapi_column_t {
    set_output(out_ncolumns, 0);
    guard_value(ptr::null(), || {
        registry::get::<CursorHandle>(cursor, "cursor")?.with(|state| {
            Ok(state.description().map_or(ptr::null(), |columns| {
                set_output(out_ncolumns, columns.len());
                columns.as_ptr()
            }))
        })
    })
}

/// PEP 249's rowcount: rows produced by a query, rows affected by DML, the sum of them for executemany.
///
/// @param cursor borrowed.
/// @return the count; -1 before execute, after a command that counts nothing, and for what is not a cursor's
///   handle. Of a named cursor, how many rows came with the last fetch; -1 before the first and after
///   `dbapi_scroll`. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_rowcount(cursor: *const dbapi_cursor_t) -> i64 {
    value_of(cursor, -1, Cursor::row_count)
}

/// PEP 249's rownumber: the place of the next row in the result, from 0. Of a named cursor, in all that it gives,
/// not in the rows of the last fetch.
///
/// @param cursor borrowed.
/// @return the number; 0 without a result; -1 when it cannot be known (a named cursor that was scrolled by
///   DBAPI_SCROLL_ABSOLUTE past an end that no fetch has met), and for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_rownumber(cursor: *const dbapi_cursor_t) -> i64 {
    value_of(cursor, -1, |cursor| {
        cursor
            .row_number()
            .and_then(|number| i64::try_from(number).ok())
            .unwrap_or(-1)
    })
}

/// PEP 249's arraysize: how many rows `dbapi_fetchmany` gives unless told.
///
/// @param cursor borrowed.
/// @return the number, at first 1; 0 for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_arraysize(cursor: *const dbapi_cursor_t) -> usize {
    value_of(cursor, 0, Cursor::array_size)
}

/// Sets PEP 249's arraysize.
///
/// @param cursor borrowed.
/// @param arraysize at least 1.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for 0. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_arraysize(
    cursor: *mut dbapi_cursor_t,
    arraysize: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<CursorHandle>(cursor, "cursor")?
            .with(|state| state.cursor.set_array_size(arraysize))?;
        Ok(DBAPI_OK)
    })
}

/// psycopg2's statusmessage: the command tag of the last statement, such as "INSERT 0 1".
///
/// @param cursor borrowed.
/// @return a string, borrowed from the cursor: it lives until the next call on it. NULL when no statement has
///   run, or the last one failed. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_statusmessage(
    cursor: *const dbapi_cursor_t,
) -> *const c_char {
    value_of(cursor, ptr::null(), |cursor| {
        cursor
            .status_message()
            .map_or(ptr::null(), |tag| tag.as_ptr())
    })
}

/// psycopg2's itersize: how many rows `dbapi_next` asks the server for at a time, if the cursor is a named one.
///
/// @param cursor borrowed.
/// @return the number, at first 2000; 0 for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_itersize(cursor: *const dbapi_cursor_t) -> usize {
    value_of(cursor, 0, Cursor::iter_size)
}

/// Sets psycopg2's itersize, from the next time on that rows are asked for.
///
/// @param cursor borrowed; one without a name takes it, and has no use for it.
/// @param itersize at least 1.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for 0. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_itersize(
    cursor: *mut dbapi_cursor_t,
    itersize: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<CursorHandle>(cursor, "cursor")?
            .with(|state| state.cursor.set_iter_size(itersize))?;
        Ok(DBAPI_OK)
    })
}

/// Whether the cursor keeps every result of a call with several statements, for `dbapi_nextset`.
///
/// @param cursor borrowed.
/// @return true if it does; false if it keeps the last, as at first, and for what is not a cursor's handle. Any
///   thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_all_results(cursor: *const dbapi_cursor_t) -> bool {
    value_of(cursor, false, Cursor::all_results)
}

/// Sets whether the cursor keeps every result of a call with several statements, from the next execute on. Then
/// the first is the one to fetch, and `dbapi_nextset` goes on to the others; else the last is, as in psycopg2.
///
/// @param cursor borrowed.
/// @param all_results true: every result is kept.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR on a closed cursor or connection. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_all_results(
    cursor: *mut dbapi_cursor_t,
    all_results: bool,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<CursorHandle>(cursor, "cursor")?
            .with(|state| state.cursor.set_all_results(all_results))?;
        Ok(DBAPI_OK)
    })
}

/// The name of a named cursor, as it was given.
///
/// @param cursor borrowed; it may be closed.
/// @return a string borrowed from the cursor, until it is freed; NULL for a cursor without a name, and for what is
///   not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_name(cursor: *const dbapi_cursor_t) -> *const c_char {
    value_of(cursor, ptr::null(), |cursor| {
        cursor.name().map_or(ptr::null(), CStr::as_ptr)
    })
}

/// psycopg2's scrollable: whether a named cursor is declared SCROLL.
///
/// @param cursor borrowed; it may be closed.
/// @return 1: SCROLL, 0: NO SCROLL, -1: neither was said, or it has no name, or it is not a cursor's handle. Any
///   thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_scrollable(cursor: *const dbapi_cursor_t) -> i32 {
    value_of(cursor, -1, |cursor| {
        cursor
            .declaration()
            .and_then(|declaration| declaration.scrollable)
            .map_or(-1, i32::from)
    })
}

/// psycopg2's withhold: whether a named cursor is declared WITH HOLD, and so outlives its transaction's commit.
///
/// @param cursor borrowed; it may be closed.
/// @return true if it is; false if not, and for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_withhold(cursor: *const dbapi_cursor_t) -> bool {
    value_of(cursor, false, |cursor| {
        cursor
            .declaration()
            .is_some_and(|declaration| declaration.with_hold)
    })
}

/// psycopg2's lastrowid: the oid of the row that the last statement inserted.
///
/// @param cursor borrowed.
/// @return the oid, if the table has oids and one row was inserted; else 0, and so always on servers from version
///   12 on, whose tables have none: use INSERT ... RETURNING. 0 for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_lastrowid(cursor: *const dbapi_cursor_t) -> u32 {
    value_of(cursor, 0, Cursor::last_row_id)
}

/// Sets whether the rows of a result are received as they are fetched, rather than all of them by execute: for results
/// that do not fit into memory. execute then waits for the first rows. Of the rows, the cursor holds those that the last
/// call gave and what the server had sent besides; the server waits as long as nothing is fetched.
///
/// While such a result is open, that is until its end has been fetched, the connection is its own: another statement on
/// it, a commit too, is an interface error. Executing on the cursor again or closing it ends the result: what is left is
/// read if it is little, else a SELECT is cancelled, in a transaction within a savepoint, so that the transaction goes on;
/// any other statement runs to its end. A cursor that is freed has its result ended by the connection's next call. An error
/// that the statement meets later comes from the fetch that meets it, behind the rows before it. The rowcount is -1 until the
/// end; rows come in order and cannot be scrolled. Calls have their timeouts, each its own.
///
/// One statement at a time, and, as long as it is not prepared by itself, one more round trip than without. Not for named
/// cursors, which have their rows on the server.
///
/// @param cursor borrowed.
/// @param stream from the next execute on. At first false.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a named cursor; DBAPI_INTERFACE_ERROR on a closed cursor or connection.
///   Any thread, in turn with other calls on the cursor.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_stream(
    cursor: *mut dbapi_cursor_t,
    stream: bool,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        registry::get::<CursorHandle>(cursor, "cursor")?
            .with(|state| state.cursor.set_stream(stream))?;
        Ok(DBAPI_OK)
    })
}

/// What `dbapi_cursor_set_stream` set.
///
/// @param cursor borrowed; it may be closed.
/// @return whether results are streamed; false for what is not a cursor's handle. Any thread, in turn with other calls on
///   the cursor.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_stream(cursor: *const dbapi_cursor_t) -> bool {
    guard_value(false, || {
        registry::get::<CursorHandle>(cursor, "cursor")?.with(|state| Ok(state.cursor.stream()))
    })
}

/// Sets the format that results are asked for in, from the next execute on. Values are the same in each, but
/// for what only binary carries exactly (every float as the server holds it, whatever extra_float_digits says)
/// and for dates and times in another DateStyle than ISO, which only binary gives as such.
///
/// @param cursor borrowed.
/// @param format a `dbapi_format_t`. Binary asks for the columns' types first, in a round trip of its own, and
///   does not allow several statements in one call.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `format` is none. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_result_format(
    cursor: *mut dbapi_cursor_t,
    format: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let format = match format {
            0 => ResultFormat::Text,
            1 => ResultFormat::Binary,
            2 => ResultFormat::Auto,
            other => {
                return Err(Error::programming(format!(
                    "argument format is {other}, which is not a dbapi_format_t"
                )));
            }
        };
        handle.with(|state| state.cursor.set_result_format(format))?;
        Ok(DBAPI_OK)
    })
}

pub(super) fn value_of<T>(
    cursor: *const dbapi_cursor_t,
    fallback: T,
    read: impl FnOnce(&Cursor) -> T,
) -> T {
    guard_value(None, || {
        registry::get::<CursorHandle>(cursor, "cursor")?.with(|state| Ok(Some(read(&state.cursor))))
    })
    .unwrap_or(fallback)
}
