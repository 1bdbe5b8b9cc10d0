//! How a cursor's SQL and parameters become what is sent: placeholders' style, binding, mogrify, query, and
//! PEP 249's setinputsizes and setoutputsize.

use std::ffi::c_char;
use std::ptr;

use super::boundary::{array, guard, put_text, required_output, required_text};
use super::cursor::{CursorHandle, dbapi_cursor_t, value_of};
use super::error::dbapi_error_t;
use super::execute::required_names;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use super::value::params as read_params;
use crate::dbapi::{Arguments, Binding, ParamStyle};
use crate::error::{Error, Result};
use crate::types::value::Value;

/// Who puts parameters in their places (`dbapi_cursor_set_binding`).
#[repr(C)]
pub enum dbapi_binding_t {
    /// The server: they travel apart from the statement, typed.
    DBAPI_BINDING_SERVER = 0,
    /// The client: they become literals in the statement.
    DBAPI_BINDING_CLIENT = 1,
}

/// What placeholders look like (`dbapi_cursor_set_paramstyle`).
#[repr(C)]
pub enum dbapi_paramstyle_t {
    /// `%s` and `%(name)s`; `%%` is a percent sign.
    DBAPI_PARAMSTYLE_PYFORMAT = 0,
    /// `$1`; a percent sign is a percent sign.
    DBAPI_PARAMSTYLE_NUMERIC = 1,
}

/// Sets who puts parameters in their places, from the next execute or executemany on.
///
/// The server is what a cursor begins with: it is given the parameters typed, and nothing needs quoting; a
/// placeholder stands only where SQL takes a value. With the client, parameters become literals in the
/// statement, as `dbapi_cursor_mogrify` shows: that serves DDL and whatever else takes no parameters, there may
/// be several statements separated by `;` (not in executemany, and not where the result format is binary), and
/// any number of parameters. Their types are those of literals: a double's is numeric.
///
/// @param cursor borrowed.
/// @param binding a `dbapi_binding_t`.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `binding` is none; DBAPI_INTERFACE_ERROR on a closed cursor.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_binding(
    cursor: *mut dbapi_cursor_t,
    binding: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let binding = match binding {
            0 => Binding::Server,
            1 => Binding::Client,
            other => {
                return Err(Error::programming(format!(
                    "argument binding is {other}, which is not a dbapi_binding_t"
                )));
            }
        };
        handle.with(|state| state.cursor.set_binding(binding))?;
        Ok(DBAPI_OK)
    })
}

/// Who puts parameters in their places.
///
/// @param cursor borrowed.
/// @return a `dbapi_binding_t`; -1 for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_binding(cursor: *const dbapi_cursor_t) -> i32 {
    value_of(cursor, -1, |cursor| match cursor.binding() {
        Binding::Server => dbapi_binding_t::DBAPI_BINDING_SERVER as i32,
        Binding::Client => dbapi_binding_t::DBAPI_BINDING_CLIENT as i32,
    })
}

/// Sets what placeholders look like, from the next call on.
///
/// With DBAPI_PARAMSTYLE_NUMERIC, `$1` stands for the first parameter, as often as it is written; each
/// parameter has to be used, and there are no names. Inside quotes and comments `$1` is text. Without
/// parameters (NULL) a statement is sent as it is, in either style.
///
/// @param cursor borrowed.
/// @param paramstyle a `dbapi_paramstyle_t`. A cursor begins with DBAPI_PARAMSTYLE_PYFORMAT.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `paramstyle` is none; DBAPI_INTERFACE_ERROR on a closed cursor.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_set_paramstyle(
    cursor: *mut dbapi_cursor_t,
    paramstyle: i32,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let style = match paramstyle {
            0 => ParamStyle::Pyformat,
            1 => ParamStyle::Numeric,
            other => {
                return Err(Error::programming(format!(
                    "argument paramstyle is {other}, which is not a dbapi_paramstyle_t"
                )));
            }
        };
        handle.with(|state| state.cursor.set_param_style(style))?;
        Ok(DBAPI_OK)
    })
}

/// What placeholders look like.
///
/// @param cursor borrowed.
/// @return a `dbapi_paramstyle_t`; -1 for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_paramstyle(cursor: *const dbapi_cursor_t) -> i32 {
    value_of(cursor, -1, |cursor| match cursor.param_style() {
        ParamStyle::Pyformat => dbapi_paramstyle_t::DBAPI_PARAMSTYLE_PYFORMAT as i32,
        ParamStyle::Numeric => dbapi_paramstyle_t::DBAPI_PARAMSTYLE_NUMERIC as i32,
    })
}

/// psycopg2's mogrify: a statement with its parameters as literals, as psycopg2 renders them; what client-side
/// binding would send. Works as snprintf does: what does not fit is cut off, at a character's end, and the full
/// length is told.
///
/// Placeholders are those of the cursor's style. Literals are written for the settings that the connection had
/// at the end of its last command (standard_conforming_strings, IntervalStyle): nothing is sent, and a call in
/// progress on the connection is not waited for. A value with a built-in type's oid is cast to that type.
///
/// @param cursor borrowed. Its rows stay.
/// @param sql borrowed, UTF-8.
/// @param params borrowed: the parameters. NULL with `nparams` 0: none are given, and `sql` comes back as it
///   is.
/// @param nparams how many.
/// @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
/// @param capacity of the buffer, in bytes, the NUL included.
/// @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
///   May be NULL.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for an empty `sql`, and for placeholders and
///   parameters that do not match; DBAPI_DATA_ERROR for a parameter that is not a value; DBAPI_INTERFACE_ERROR
///   on a closed cursor or connection. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_mogrify(
    cursor: *mut dbapi_cursor_t,
    sql: *const c_char,
    params: *const Value,
    nparams: usize,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let sql = required_text(sql, "sql")?;
        let bound = read_params(array(params, nparams, "params")?)?;
        let arguments = (!params.is_null()).then_some(Arguments::Positional(&bound));
        mogrify(&handle, sql, arguments, buffer, capacity, out_length)
    })
}

/// `dbapi_cursor_mogrify` with parameters by name, as `dbapi_execute_named`.
///
/// @param cursor borrowed. Its rows stay.
/// @param sql borrowed, UTF-8.
/// @param names borrowed: a name for each parameter. Names that the statement does not use are fine.
/// @param params borrowed: the parameters.
/// @param nparams how many names and parameters. With `names` and `params` NULL and this 0, none are given.
/// @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
/// @param capacity of the buffer, in bytes, the NUL included.
/// @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
///   May be NULL.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_cursor_mogrify`.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_mogrify_named(
    cursor: *mut dbapi_cursor_t,
    sql: *const c_char,
    names: *const *const c_char,
    params: *const Value,
    nparams: usize,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let sql = required_text(sql, "sql")?;
        let given = !(names.is_null() && params.is_null());
        let names = required_names(names, nparams)?;
        let bound = read_params(array(params, nparams, "params")?)?;
        let arguments = given.then_some(Arguments::Named(&names, &bound));
        mogrify(&handle, sql, arguments, buffer, capacity, out_length)
    })
}

fn mogrify(
    handle: &CursorHandle,
    sql: &str,
    arguments: Option<Arguments<'_>>,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> Result<dbapi_status_t> {
    if capacity > 0 {
        required_output(buffer, "buffer")?;
    }
    let text = handle.with(|state| state.cursor.mogrify(sql, arguments))?;
    put_text(text.as_bytes(), buffer, capacity, out_length);
    Ok(DBAPI_OK)
}

/// psycopg2's query: the last statement as it was sent. Where the server binds, that has `$1` and so on in the
/// places of its parameters; where the client binds, literals. Of a named cursor it is its DECLARE; of an
/// executemany, what was sent for the last row.
///
/// @param cursor borrowed.
/// @return a string, borrowed from the cursor: it lives until the next call on it. NULL before the first
///   statement, after one that could not be converted, and for what is not a cursor's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_cursor_query(cursor: *const dbapi_cursor_t) -> *const c_char {
    value_of(cursor, ptr::null(), |cursor| {
        cursor.query().map_or(ptr::null(), |sql| sql.as_ptr())
    })
}

/// PEP 249's setinputsizes: the types of the next statement's parameters, by oid. They count for the next
/// execute or executemany on this cursor, whether it succeeds or not, and are forgotten then. A parameter that
/// has an oid of its own keeps it.
///
/// @param cursor borrowed.
/// @param oids borrowed: one for each parameter, in the order of the call's `params`, also of those with names;
///   0: nothing is said of it. NULL with `count` 0 forgets what was set.
/// @param count how many. Fewer than the call's parameters say nothing of the rest; more make that call fail
///   with DBAPI_PROGRAMMING_ERROR.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad argument, DBAPI_INTERFACE_ERROR on a closed cursor. Any
///   thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_setinputsizes(
    cursor: *mut dbapi_cursor_t,
    oids: *const u32,
    count: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let oids = array(oids, count, "oids")?;
        handle.with(|state| state.cursor.set_input_sizes(oids))?;
        Ok(DBAPI_OK)
    })
}

/// PEP 249's setoutputsize. Accepted, and without effect: values come whole, however large they are.
///
/// @param cursor borrowed.
/// @param size of a large column's buffer.
/// @param column its number, from 0; -1: all of them.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `column` is below -1, DBAPI_INTERFACE_ERROR on a closed cursor.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_setoutputsize(
    cursor: *mut dbapi_cursor_t,
    size: usize,
    column: i64,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        // Whatever the size is.
        let _ = size;
        if column < -1 {
            return Err(Error::programming(format!(
                "argument column is {column}: it must be a column's number, or -1"
            )));
        }
        handle.with(|state| state.cursor.set_output_size())?;
        Ok(DBAPI_OK)
    })
}
