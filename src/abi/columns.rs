//! Fetching rows as columns.

use std::ptr;

use super::boundary::{guard, required_output, set_output};
use super::cursor::{CursorHandle, dbapi_cursor_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_DONE, DBAPI_OK};
pub use crate::types::column::{BlockColumn, DBAPI_KIND_MIXED, Layout};

/// The next rows, as columns: one array for each, of plain numbers or of texts where it can be. For authors of language
/// bindings, who make whole columns into objects of their language rather than cell by cell, and for programs that work on
/// columns. The same values as `dbapi_fetchmany` gives, in another form.
///
/// Look at a column's `layout` first, and know what to do with DBAPI_LAYOUT_VALUES: one value of another kind, such as a
/// timestamp beyond what microseconds can count, is enough for a column to come so, in this block and not in the next.
///
/// @param cursor borrowed.
/// @param max_rows how many at most; 0: arraysize. Some hundreds or thousands at a time are quickest: they stay in the
///   processor's cache.
/// @param out_columns receives one struct for each column, one behind the other, borrowed from the cursor, as all that
///   they point to: they live until the next call on it that executes, fetches, closes or frees. NULL when there are no
///   rows; not NULL for rows without columns.
/// @param out_ncolumns receives how many columns there are; 0 when there are no rows.
/// @param out_nrows receives how many rows there are, the length of each array.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_DONE and no rows at the end; errors as `dbapi_fetchmany`: if a value of the block cannot be
///   read, the error of the first row that has one, and no row is passed over.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_fetch_columns(
    cursor: *mut dbapi_cursor_t,
    max_rows: usize,
    out_columns: *mut *const BlockColumn,
    out_ncolumns: *mut usize,
    out_nrows: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        required_output(out_columns, "out_columns")?;
        required_output(out_ncolumns, "out_ncolumns")?;
        required_output(out_nrows, "out_nrows")?;
        handle.with(|state| {
            let most = match max_rows {
                0 => state.cursor.array_size(),
                most => most,
            };
            let count = state.cursor.fetch_columns(most as u64, &mut state.block)?;
            set_output(out_nrows, count);
            if count == 0 {
                set_output(out_columns, ptr::null());
                set_output(out_ncolumns, 0);
                return Ok(DBAPI_DONE);
            }
            let columns = state.block.columns();
            set_output(out_columns, columns.as_ptr());
            set_output(out_ncolumns, columns.len());
            Ok(DBAPI_OK)
        })
    })
}
