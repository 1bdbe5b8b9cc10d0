//! Errors: what went wrong, every diagnostic field PostgreSQL sent, and what can be done about it.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;

use super::boundary::guard_value;
use super::registry;
use super::status::dbapi_status_t;
use crate::error::{Error, ServerFields};

/// An error. Received through a function's last argument, owned; freed by `dbapi_error_free`. It never
/// changes, and is tied to no thread and to no connection. What its functions give lives as long as it does.
pub struct dbapi_error_t {
    _opaque: [u8; 0],
}

/// What an error's handle stands for: everything ready to be borrowed by C.
pub(super) struct ErrorHandle {
    status: dbapi_status_t,
    class: &'static CStr,
    message: CString,
    sqlstate: Option<CString>,
    condition: Option<&'static CStr>,
    fields: [Option<CString>; FIELDS],
    row: i64,
    connection_usable: bool,
    transaction_usable: bool,
    retryable: bool,
    timed_out: bool,
}

/// Numbers of the diagnostic fields.
#[derive(Clone, Copy)]
enum Field {
    Severity,
    SeverityNonlocalized,
    MessagePrimary,
    MessageDetail,
    MessageHint,
    StatementPosition,
    InternalPosition,
    InternalQuery,
    Context,
    SchemaName,
    TableName,
    ColumnName,
    DatatypeName,
    ConstraintName,
    SourceFile,
    SourceLine,
    SourceFunction,
}

const FIELDS: usize = Field::SourceFunction as usize + 1;

impl ErrorHandle {
    pub(super) fn new(error: &Error) -> ErrorHandle {
        let none = ServerFields::default();
        let sent = error.fields().unwrap_or(&none);
        let fields = [
            &sent.severity,
            &sent.severity_nonlocalized,
            &sent.message_primary,
            &sent.message_detail,
            &sent.message_hint,
            &sent.statement_position,
            &sent.internal_position,
            &sent.internal_query,
            &sent.context,
            &sent.schema_name,
            &sent.table_name,
            &sent.column_name,
            &sent.datatype_name,
            &sent.constraint_name,
            &sent.source_file,
            &sent.source_line,
            &sent.source_function,
        ]
        .map(|field| field.as_deref().map(c_string));
        ErrorHandle {
            status: dbapi_status_t::of(error.class()),
            class: error.class().name_c(),
            message: c_string(error.message()),
            sqlstate: error.sqlstate().map(|state| c_string(state.as_str())),
            condition: error.sqlstate().and_then(|state| state.condition()),
            fields,
            row: error
                .row()
                .and_then(|row| i64::try_from(row).ok())
                .unwrap_or(-1),
            connection_usable: !error.breaks_connection(),
            transaction_usable: !error.breaks_transaction(),
            retryable: error.is_retryable(),
            timed_out: error.is_timeout(),
        }
    }

    /// A notice: an error's object, though none.
    pub(super) fn notice(fields: ServerFields) -> ErrorHandle {
        let severity = fields.severity.clone().unwrap_or_else(|| "NOTICE".into());
        let notice = Error::from_server(fields, None).prefixed(&format!("{severity}:  "));
        ErrorHandle {
            status: dbapi_status_t::DBAPI_OK,
            class: c"Warning",
            connection_usable: true,
            transaction_usable: true,
            retryable: false,
            ..ErrorHandle::new(&notice)
        }
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &CStr {
        &self.message
    }
}

/// `text` for C; a NUL inside is shown as U+FFFD.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text)
        .unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

fn read<T>(error: *const dbapi_error_t, fallback: T, read: impl FnOnce(&ErrorHandle) -> T) -> T {
    // The handle keeps what is pointed to: it is dropped only when the caller frees it.
    let handle: Option<Arc<ErrorHandle>> = guard_value(None, || {
        registry::get::<ErrorHandle>(error, "error").map(Some)
    });
    handle.map_or(fallback, |handle| read(&handle))
}

fn text(error: *const dbapi_error_t, field: Field) -> *const c_char {
    read(error, ptr::null(), |handle| {
        let text = handle.fields.get(field as usize).and_then(Option::as_ref);
        text.map_or(ptr::null(), |text| text.as_ptr())
    })
}

/// The status that the failed function returned.
///
/// @param error borrowed.
/// @return a negative status; DBAPI_INTERFACE_ERROR for what is not an error's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_status(error: *const dbapi_error_t) -> dbapi_status_t {
    read(error, dbapi_status_t::DBAPI_INTERFACE_ERROR, |handle| {
        handle.status
    })
}

/// PEP 249's name of the exception, such as "IntegrityError".
///
/// @param error borrowed.
/// @return a static string; "InterfaceError" for what is not an error's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_class(error: *const dbapi_error_t) -> *const c_char {
    read(error, c"InterfaceError".as_ptr(), |handle| {
        handle.class.as_ptr()
    })
}

/// What went wrong, complete, for a person: with the line at fault, detail, hint and context where the server
/// gave them. Several lines; UTF-8. Never holds a password.
///
/// @param error borrowed.
/// @return a string, never NULL, borrowed from the error. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_message(error: *const dbapi_error_t) -> *const c_char {
    read(error, c"not an error's handle".as_ptr(), |handle| {
        handle.message.as_ptr()
    })
}

/// The SQLSTATE: five characters (PostgreSQL manual, appendix A).
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL when there is none. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_sqlstate(error: *const dbapi_error_t) -> *const c_char {
    read(error, ptr::null(), |handle| {
        handle
            .sqlstate
            .as_ref()
            .map_or(ptr::null(), |state| state.as_ptr())
    })
}

/// PostgreSQL's name of the error's SQLSTATE, such as "unique_violation"; psycopg2.errors has the same names in
/// camel case.
///
/// @param error borrowed.
/// @return a static string; NULL if the error has no SQLSTATE, or one that PostgreSQL's table lacks, such as one
///   of a RAISE's own making. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_condition(error: *const dbapi_error_t) -> *const c_char {
    read(error, ptr::null(), |handle| {
        handle.condition.map_or(ptr::null(), CStr::as_ptr)
    })
}

/// Which row of an executemany met the error.
///
/// @param error borrowed.
/// @return the row's number, from 0; -1 if it was no row. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_row(error: *const dbapi_error_t) -> i64 {
    read(error, -1, |handle| handle.row)
}

/// Whether the connection can still be used.
///
/// @param error borrowed.
/// @return false if the connection is broken: only closing it, and another connection, will help; false for
///   what is not an error's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_connection_usable(error: *const dbapi_error_t) -> bool {
    read(error, false, |handle| handle.connection_usable)
}

/// Whether the transaction can go on.
///
/// @param error borrowed.
/// @return false if it can only be rolled back; false for what is not an error's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_transaction_usable(error: *const dbapi_error_t) -> bool {
    read(error, false, |handle| handle.transaction_usable)
}

/// Whether the same work, run again from the start of its transaction, may succeed: after a serialization
/// failure, a deadlock, a lock time-out, a server that is starting up or full, or a failed attempt to connect.
///
/// @param error borrowed.
/// @return true if so; false for what is not an error's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_retryable(error: *const dbapi_error_t) -> bool {
    read(error, false, |handle| handle.retryable)
}

/// Whether a time-out brought it about: the connection's or the cursor's (`dbapi_connection_set_timeout`), the
/// keywords `timeout` or `connect_timeout`. Not for one that the server keeps, such as statement_timeout.
///
/// @param error borrowed.
/// @return true if so; false for what is not an error's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_timed_out(error: *const dbapi_error_t) -> bool {
    read(error, false, |handle| handle.timed_out)
}

/// ERROR, FATAL or PANIC, in the server's language. This and the functions that follow give a field that
/// PostgreSQL sent with its error (manual, 55.8), under psycopg2's name for it.
///
/// @param error borrowed.
/// @return a string borrowed from the error; NULL if the server sent none, or the error is not the server's.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_severity(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::Severity)
}

/// ERROR, FATAL or PANIC, never translated.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_severity_nonlocalized(
    error: *const dbapi_error_t,
) -> *const c_char {
    text(error, Field::SeverityNonlocalized)
}

/// The message alone, usually one line.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_message_primary(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::MessagePrimary)
}

/// More about the problem.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_message_detail(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::MessageDetail)
}

/// What to do about it.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_message_hint(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::MessageHint)
}

/// Where in the statement, as it was sent, the error is: decimal digits, counted in characters from 1.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_statement_position(
    error: *const dbapi_error_t,
) -> *const c_char {
    text(error, Field::StatementPosition)
}

/// Where in `dbapi_error_internal_query` the error is: decimal digits, counted in characters from 1.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_internal_position(
    error: *const dbapi_error_t,
) -> *const c_char {
    text(error, Field::InternalPosition)
}

/// A statement that the server made itself, such as one inside a function, and that failed.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_internal_query(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::InternalQuery)
}

/// Where it happened: the calls, innermost first, one a line.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_context(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::Context)
}

/// The schema of what the error is about.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_schema_name(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::SchemaName)
}

/// The table that the error is about.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_table_name(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::TableName)
}

/// The column that the error is about.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_column_name(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::ColumnName)
}

/// The data type that the error is about.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_datatype_name(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::DatatypeName)
}

/// The constraint that was violated.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_constraint_name(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::ConstraintName)
}

/// The file of the server's source that reported it.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_source_file(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::SourceFile)
}

/// The line in that file.
///
/// @param error borrowed.
/// @return a string of decimal digits borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_source_line(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::SourceLine)
}

/// The function in that file.
///
/// @param error borrowed.
/// @return a string borrowed from the error, or NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_source_function(error: *const dbapi_error_t) -> *const c_char {
    text(error, Field::SourceFunction)
}

/// Frees an error, and all strings that came from it.
///
/// @param error owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_error_free(error: *mut dbapi_error_t) {
    guard_value((), || {
        registry::remove::<ErrorHandle>(error, "error").map(drop)
    });
}
