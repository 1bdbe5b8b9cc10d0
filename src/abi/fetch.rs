//! Fetching rows, and moving among them. A row is an array of values, one for each column of the description; a block is such rows,
//! one behind the other.

use std::ptr;

use super::boundary::{guard, required_output, set_output};
use super::cursor::{CursorHandle, State, dbapi_cursor_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
use crate::dbapi::{Cursor, RowBlock};
use crate::error::{Error, Result};
use crate::types::value::Value;

/// PEP 249's fetchone: the next row.
///
/// @param cursor borrowed.
/// @param out_row receives a row, borrowed from the cursor: it lives until the next call on it that executes,
///   fetches, closes or frees. NULL at the end.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE at the end, again and again; DBAPI_PROGRAMMING_ERROR if there is no result set;
///   DBAPI_INTERFACE_ERROR on a closed cursor or connection.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_fetchone(
    cursor: *mut dbapi_cursor_t,
    out_row: *mut *const Value,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    fetch_row(cursor, out_row, out_error, |cursor, block| {
        cursor.fetch(1, block)
    })
}

/// PEP 249's iteration: the next row, as by `dbapi_fetchone`; but a named cursor asks the server for itersize
/// rows at a time, and hands them out one by one. Fetching and scrolling may be mixed with it: no row is lost.
///
/// @param cursor borrowed.
/// @param out_row receives a row, as by `dbapi_fetchone`; NULL at the end.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_fetchone`. A commit in the midst of a named cursor's rows ends it, unless it is with hold:
///   then DBAPI_PROGRAMMING_ERROR, also for rows that have been received already.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_next(
    cursor: *mut dbapi_cursor_t,
    out_row: *mut *const Value,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    fetch_row(cursor, out_row, out_error, Cursor::next)
}

/// Fetches one row by `fetch`, which says how many it was, unless it was decoded together with the last one.
#[inline(always)]
fn fetch_row(
    cursor: *mut dbapi_cursor_t,
    out_row: *mut *const Value,
    out_error: *mut *mut dbapi_error_t,
    fetch: fn(&mut Cursor, &mut RowBlock) -> Result<usize>,
) -> dbapi_status_t {
    // Without a guard: nothing in it can panic.
    if !out_row.is_null()
        && let Some(mut handle) = registry::find_sole::<CursorHandle>(cursor)
        && let State { cursor, block, .. } = handle.sole_state()
        && cursor.is_open()
    {
        if let Some(row) = cursor.next_ahead(block) {
            set_output(out_row, row.map_or(ptr::null(), <[Value]>::as_ptr));
            return if row.is_none() { DBAPI_DONE } else { DBAPI_OK };
        }
        if cursor.fetch_only(block) {
            set_output(out_row, block.values().as_ptr());
            return DBAPI_OK;
        }
    }
    fetch_new_row(cursor, out_row, out_error, fetch)
}

/// Apart, so that the quick way needs no room for what this does.
#[inline(never)]
fn fetch_new_row(
    cursor: *mut dbapi_cursor_t,
    out_row: *mut *const Value,
    out_error: *mut *mut dbapi_error_t,
    fetch: fn(&mut Cursor, &mut RowBlock) -> Result<usize>,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        required_output(out_row, "out_row")?;
        handle.with(|state| {
            if fetch(&mut state.cursor, &mut state.block)? == 0 {
                set_output(out_row, ptr::null());
                return Ok(DBAPI_DONE);
            }
            set_output(out_row, state.block.values().as_ptr());
            Ok(DBAPI_OK)
        })
    })
}

/// PEP 249's fetchmany: the next rows, as one block.
///
/// @param cursor borrowed.
/// @param size how many at most; 0: arraysize.
/// @param out_rows receives the block, borrowed from the cursor: it lives until the next call on it that
///   executes, fetches, closes or frees. Row i begins at `rows[i * ncolumns]`. NULL when there are none.
/// @param out_nrows receives how many rows there are.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE and no rows at the end; errors as `dbapi_fetchone`.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_fetchmany(
    cursor: *mut dbapi_cursor_t,
    size: usize,
    out_rows: *mut *const Value,
    out_nrows: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    fetch_block(cursor, Some(size), out_rows, out_nrows, out_error)
}

/// PEP 249's fetchall: all rows that are left, as one block.
///
/// @param cursor borrowed.
/// @param out_rows receives the block, as by `dbapi_fetchmany`.
/// @param out_nrows receives how many rows there are.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE and no rows when none are left; errors as `dbapi_fetchone`.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_fetchall(
    cursor: *mut dbapi_cursor_t,
    out_rows: *mut *const Value,
    out_nrows: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    fetch_block(cursor, None, out_rows, out_nrows, out_error)
}

/// Fetches `size` rows (0: arraysize) or all.
fn fetch_block(
    cursor: *mut dbapi_cursor_t,
    size: Option<usize>,
    out_rows: *mut *const Value,
    out_nrows: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        required_output(out_rows, "out_rows")?;
        required_output(out_nrows, "out_nrows")?;
        handle.with(|state| {
            let most = match size {
                Some(0) => state.cursor.array_size() as u64,
                Some(size) => size as u64,
                None => u64::MAX,
            };
            let count = state.cursor.fetch(most, &mut state.block)?;
            if count == 0 {
                set_output(out_rows, ptr::null());
                set_output(out_nrows, 0);
                return Ok(DBAPI_DONE);
            }
            set_output(out_rows, state.block.values().as_ptr());
            set_output(out_nrows, count);
            Ok(DBAPI_OK)
        })
    })
}

/// psycopg2's scroll: moves to another row of the result, which the next fetch gives.
///
/// An ordinary cursor holds all its rows, and moves among them. A named one moves on the server, as MOVE does: it
/// stops before the first row and behind the last, and that is no error. Absolute, a negative value counts from the
/// end: -1 is onto the last row, and the next fetch gives none. Relative, the first step back from behind the last
/// row (where a fetch that met the end leaves it) is onto the last row. Afterwards rowcount is -1 and the
/// statusmessage tells how many rows MOVE counted; the description stays.
///
/// @param cursor borrowed.
/// @param value how many rows on, negative for back; or the row's number, from 0.
/// @param mode a `dbapi_scroll_t`.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if there is no result set, if `mode` is none, if an ordinary cursor's
///   result has no such row (the cursor then stays where it was), if a named cursor's transaction has ended; for a
///   named cursor what the server reports: 55000, an operational error, for going back in one that cannot
///   (declare it with scrollable 1). Calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_scroll(
    cursor: *mut dbapi_cursor_t,
    value: i64,
    mode: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let absolute = match mode {
            0 => false,
            1 => true,
            other => {
                return Err(Error::programming(format!(
                    "argument mode is {other}, which is not a dbapi_scroll_t"
                )));
            }
        };
        handle.with(|state| {
            state.forget_rows();
            state.cursor.scroll(value, absolute)
        })?;
        Ok(DBAPI_OK)
    })
}

/// PEP 249's nextset: goes to the result of the next statement, leaving behind what was not fetched of the present
/// one. There is a next one only if `dbapi_cursor_set_all_results` was called before execute, and several
/// statements were executed. Each of them has a result, be it without rows (rowcount and statusmessage tell of it).
///
/// @param cursor borrowed.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE if there is no other: the present one then stays; DBAPI_PROGRAMMING_ERROR before
///   execute, after one that failed, and after executemany; DBAPI_INTERFACE_ERROR on a closed cursor or connection.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_nextset(
    cursor: *mut dbapi_cursor_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let next = registry::get::<CursorHandle>(cursor, "cursor")?.with(|state| {
            state.forget_rows();
            state.cursor.next_set()
        })?;
        Ok(if next { DBAPI_OK } else { DBAPI_DONE })
    })
}
