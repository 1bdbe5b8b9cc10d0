//! SQLSTATEs without an error at hand: their conditions' names, and the classes that errors get by them.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::boundary::{guard_value, required_text};
use super::status::dbapi_status_t;
use crate::error::SqlState;

/// PostgreSQL's name of a SQLSTATE, as in the manual's appendix A: "unique_violation" for "23505". Known are the
/// conditions of PostgreSQL 14 to 18.
///
/// @param sqlstate borrowed: five characters, as PostgreSQL writes them, letters in upper case.
/// @return a static string; NULL for a code that is not in PostgreSQL's table, or for NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_sqlstate_condition(sqlstate: *const c_char) -> *const c_char {
    let condition = guard_value(None, || {
        Ok(code(sqlstate)?.and_then(|code| code.condition()))
    });
    condition.map_or(ptr::null(), CStr::as_ptr)
}

/// The SQLSTATE of a condition's name: "23505" for "unique_violation".
///
/// Five names stand for two codes each. Of those, this gives the one that `RAISE name` has in PL/pgSQL: 22001 for
/// string_data_right_truncation (01004 is the warning), 22004 for null_value_not_allowed (not 39004), and 2F002,
/// 2F003 and 2F004 (not 38002, 38003 and 38004) for modifying_sql_data_not_permitted,
/// prohibited_sql_statement_attempted and reading_sql_data_not_permitted.
///
/// @param condition borrowed: the name as PostgreSQL writes it, in lower case with underscores.
/// @return a static string; NULL for a name that PostgreSQL does not have, or for NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_condition_sqlstate(condition: *const c_char) -> *const c_char {
    let code = guard_value(None, || {
        let name = required_text(condition, "condition")?;
        Ok(SqlState::of_condition(name.as_bytes()))
    });
    code.map_or(ptr::null(), CStr::as_ptr)
}

/// The status, and so the PEP 249 class, of a server's error with this SQLSTATE. It follows the first two
/// characters, so codes that PostgreSQL's table lacks have one too: DBAPI_INTEGRITY_ERROR for "23XYZ".
///
/// @param sqlstate borrowed: five characters.
/// @return a negative status; DBAPI_DATABASE_ERROR for what no class names, for what is no SQLSTATE, and for
///   NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_sqlstate_status(sqlstate: *const c_char) -> dbapi_status_t {
    guard_value(dbapi_status_t::DBAPI_DATABASE_ERROR, || {
        Ok(
            code(sqlstate)?.map_or(dbapi_status_t::DBAPI_DATABASE_ERROR, |code| {
                dbapi_status_t::of(code.class())
            }),
        )
    })
}

/// What a caller gave, if it has the form of a code.
fn code(sqlstate: *const c_char) -> crate::error::Result<Option<SqlState>> {
    Ok(SqlState::parse(
        required_text(sqlstate, "sqlstate")?.as_bytes(),
    ))
}
