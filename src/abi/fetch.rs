//! Fetching rows. A row is an array of values, one for each column of the description; a block is such rows,
//! one behind the other.

use std::ptr;

use super::boundary::{guard, required_output, set_output};
use super::cursor::{CursorHandle, dbapi_cursor_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
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
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        required_output(out_row, "out_row")?;
        handle.with(|state| {
            if state.cursor.fetch(1, &mut state.block)? == 0 {
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
