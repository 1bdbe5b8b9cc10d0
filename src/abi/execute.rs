//! Executing statements.

use std::ffi::c_char;

use super::boundary::{array, guard, is_text, required_text};
use super::cursor::{CursorHandle, State, dbapi_cursor_t};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use super::value::{param, with_params};
use crate::dbapi::{Arguments, Last, RowSource};
use crate::error::{Error, Result};
use crate::types::Param;
use crate::types::value::Value;

/// PEP 249's execute. Unless autocommit is on, the first statement of a transaction takes BEGIN along in the
/// same packet. What the cursor held before is gone, whether or not this succeeds.
///
/// @param cursor borrowed.
/// @param sql borrowed, UTF-8. With `params`, `%s` stands for each of them in turn and `%%` for a percent
///   sign; they are sent apart from the statement, so nothing needs quoting (`dbapi_cursor_set_paramstyle`
///   and `dbapi_cursor_set_binding` have it otherwise). Without, it is sent as it is, and may hold several
///   statements separated by `;`: the last one's result is the one to fetch.
/// @param params borrowed: the parameters. NULL with `nparams` 0: none are given, and `%` means itself.
/// @param nparams how many, at most 65535 where the server binds them.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, or an error: DBAPI_PROGRAMMING_ERROR for an empty statement, for placeholders and
///   parameters that do not match, and for COPY ... FROM STDIN or TO STDOUT; DBAPI_DATA_ERROR for a parameter
///   that is not a value; else what the server reports. Calls on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_execute(
    cursor: *mut dbapi_cursor_t,
    sql: *const c_char,
    params: *const Value,
    nparams: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        handle.with(|state| {
            let text = Text::of(state, sql)?;
            with_params(array(params, nparams, "params")?, |bound| {
                let arguments = (!params.is_null()).then_some(Arguments::Positional(bound));
                execute(state, &text, arguments)
            })
        })
    })
}

/// `dbapi_execute` with parameters by name: `%(name)s` stands for the one called so, as often as it is
/// written.
///
/// @param cursor borrowed.
/// @param sql borrowed, UTF-8.
/// @param names borrowed: a name for each parameter. Names that the statement does not use are fine.
/// @param params borrowed: the parameters.
/// @param nparams how many names and parameters. With `names` and `params` NULL and this 0, none are given.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return as `dbapi_execute`; DBAPI_PROGRAMMING_ERROR names a placeholder without a parameter.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_execute_named(
    cursor: *mut dbapi_cursor_t,
    sql: *const c_char,
    names: *const *const c_char,
    params: *const Value,
    nparams: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        handle.with(|state| {
            let text = Text::of(state, sql)?;
            let given = !(names.is_null() && params.is_null());
            let names = required_names(names, nparams)?;
            with_params(array(params, nparams, "params")?, |bound| {
                let arguments = given.then_some(Arguments::Named(&names, bound));
                execute(state, &text, arguments)
            })
        })
    })
}

/// `count` names.
pub(super) fn required_names<'a>(
    names: *const *const c_char,
    count: usize,
) -> Result<Vec<&'a str>> {
    array(names, count, "names")?
        .iter()
        .enumerate()
        .map(|(index, &name)| required_text(name, &format!("names[{index}]")))
        .collect()
}

/// A statement's text: the cursor's last one's, or another.
enum Text<'a> {
    Again(Last),
    New(&'a str),
}

impl<'a> Text<'a> {
    #[inline]
    fn of(state: &State, sql: *const c_char) -> Result<Text<'a>> {
        match state.cursor.last() {
            Some(last) if is_text(sql, last.sql()) => Ok(Text::Again(last)),
            _ => required_text(sql, "sql").map(Text::New),
        }
    }
}

#[inline]
fn execute(
    state: &mut State,
    text: &Text<'_>,
    arguments: Option<Arguments<'_>>,
) -> Result<dbapi_status_t> {
    state.forget_rows();
    match text {
        Text::Again(last) => state.cursor.execute_again(last, arguments)?,
        Text::New(sql) => state.cursor.execute(sql, arguments)?,
    }
    Ok(DBAPI_OK)
}

/// PEP 249's executemany: runs a statement once for each row of parameters. All rows travel in one pipeline;
/// results are discarded. With autocommit on, all rows happen in one transaction, or none does.
///
/// @param cursor borrowed.
/// @param sql borrowed, UTF-8: one statement, with `%s` for each parameter of a row.
/// @param params borrowed: `nrows` x `nparams` values, row after row.
/// @param nparams parameters in a row, at most 65535 where the server binds them.
/// @param nrows rows. 0: nothing is sent.
/// @param out_error receives an owned error on failure; may be NULL. `dbapi_error_row` says which row.
/// @return DBAPI_OK, or an error as `dbapi_execute`. A row that cannot be sent is found before any is. Calls
///   on one connection take turns.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_executemany(
    cursor: *mut dbapi_cursor_t,
    sql: *const c_char,
    params: *const Value,
    nparams: usize,
    nrows: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let sql = required_text(sql, "sql")?;
        execute_many(&handle, sql, None, Rows::new(params, nparams, nrows)?)
    })
}

/// `dbapi_executemany` with parameters by name, as psycopg2's with a list of dicts: the names are said once, and each
/// row has a value for each of them, in their order.
///
/// @param cursor borrowed.
/// @param sql borrowed, UTF-8: one statement, with `%(name)s` for a row's parameter called so, as often as it is
///   written.
/// @param names borrowed: `nparams` names. Names that the statement does not use are fine.
/// @param params borrowed: `nrows` x `nparams` values, row after row.
/// @param nparams how many names, and parameters in a row; the statement may use at most 65535 where the server binds
///   them. 0 with 0 rows: no names are known, and the statement's are not looked at.
/// @param nrows rows. 0: nothing is sent.
/// @param out_error receives an owned error on failure; may be NULL. `dbapi_error_row` says which row.
/// @return as `dbapi_executemany`; DBAPI_PROGRAMMING_ERROR names a placeholder without a parameter, of which there
///   is no row.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_executemany_named(
    cursor: *mut dbapi_cursor_t,
    sql: *const c_char,
    names: *const *const c_char,
    params: *const Value,
    nparams: usize,
    nrows: usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        let handle = registry::get::<CursorHandle>(cursor, "cursor")?;
        let sql = required_text(sql, "sql")?;
        let names = required_names(names, nparams)?;
        let rows = Rows::new(params, nparams, nrows)?;
        execute_many(&handle, sql, Some(&names), rows)
    })
}

fn execute_many<'a>(
    handle: &CursorHandle,
    sql: &str,
    names: Option<&'a [&'a str]>,
    rows: Rows<'a>,
) -> Result<dbapi_status_t> {
    handle.with(|state| {
        state.forget_rows();
        state.cursor.execute_many(sql, &Rows { names, ..rows })
    })?;
    Ok(DBAPI_OK)
}

/// Rows as they lie in the caller's memory.
struct Rows<'a> {
    names: Option<&'a [&'a str]>,
    values: &'a [Value],
    width: usize,
    count: usize,
}

impl Rows<'_> {
    fn new(params: *const Value, width: usize, count: usize) -> Result<Self> {
        let values = width.checked_mul(count).ok_or_else(|| {
            Error::programming(format!(
                "arguments nrows and nparams: {count} rows of {width} parameters are too many"
            ))
        })?;
        Ok(Rows {
            names: None,
            values: array(params, values, "params")?,
            width,
            count,
        })
    }
}

impl RowSource for Rows<'_> {
    fn rows(&self) -> usize {
        self.count
    }

    fn width(&self) -> usize {
        self.width
    }

    fn names(&self) -> Option<&[&str]> {
        self.names
    }

    fn read<'p>(&'p self, row: usize, params: &mut Vec<Param<'p>>) -> Result<()> {
        let start = row * self.width;
        let Some(values) = self.values.get(start..start + self.width) else {
            return Err(Error::programming("argument params has no such row"));
        };
        for (index, value) in values.iter().enumerate() {
            params.push(
                param(value)
                    .map_err(|error| error.prefixed(&format!("parameter {}: ", index + 1)))?,
            );
        }
        Ok(())
    }
}
