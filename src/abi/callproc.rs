//! Calling functions.

use std::ffi::c_char;

use super::boundary::{array, guard, required_text};
use super::cursor::{CursorHandle, dbapi_cursor_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use super::value::params as read_params;
use crate::error::Result;
use crate::types::value::Value;

/// PEP 249's callproc: runs `SELECT * FROM name(...)`, whose rows are then there to fetch.
///
/// @param cursor borrowed; not a named one.
/// @param name borrowed, UTF-8: the function's name. Each part of it, as dots divide it, is quoted, so that any
///   character may be in it and upper case counts; a part with a dot in it is to be quoted by the caller:
///   `"a.b".f`. Procedures are not functions: execute CALL for them.
/// @param params borrowed: the parameters, in order; may be NULL if there are none.
/// @param nparams how many.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, or an error as `dbapi_execute`; DBAPI_PROGRAMMING_ERROR for a bad name, on a named cursor, and
///   with SQLSTATE 42883 if there is no such function. Calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_callproc(
    cursor: *mut dbapi_cursor_t,
    name: *const c_char,
    params: *const Value,
    nparams: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let name = required_text(name, "name")?;
        call(&handle, name, None, array(params, nparams, "params")?)
    })
}

/// `dbapi_callproc` with parameters by name: `SELECT * FROM name("a" := ..., "b" := ...)`.
///
/// @param cursor borrowed; not a named one.
/// @param name borrowed, UTF-8: the function's name, as for `dbapi_callproc`.
/// @param names borrowed: the name of each parameter. It is quoted, so that upper case counts.
/// @param params borrowed: the parameters.
/// @param nparams how many names and parameters.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_callproc`.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_callproc_named(
    cursor: *mut dbapi_cursor_t,
    name: *const c_char,
    names: *const *const c_char,
    params: *const Value,
    nparams: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let name = required_text(name, "name")?;
        let names = array(names, nparams, "names")?
            .iter()
            .enumerate()
            .map(|(index, &name)| required_text(name, &format!("names[{index}]")))
            .collect::<Result<Vec<_>>>()?;
        call(
            &handle,
            name,
            Some(&names),
            array(params, nparams, "params")?,
        )
    })
}

fn call(
    handle: &CursorHandle,
    name: &str,
    names: Option<&[&str]>,
    params: &[Value],
) -> Result<dbapi_status_t> {
    let params = read_params(params)?;
    handle.with(|state| {
        state.forget_rows();
        state.cursor.call(name, names, &params)
    })?;
    Ok(DBAPI_OK)
}
