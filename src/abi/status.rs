//! Status codes and the other numbers of the interface.

use crate::error::Class;

/// How a call ended: 0 is success, positive an outcome that is no error, negative an error of one PEP 249
/// class. Never renumbered.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum dbapi_status_t {
    /// Success.
    DBAPI_OK = 0,
    /// No more rows or results. Not an error.
    DBAPI_DONE = 1,
    /// InterfaceError: a misused handle, or a closed object.
    DBAPI_INTERFACE_ERROR = -1,
    /// DatabaseError: an error of the server that no narrower class names.
    DBAPI_DATABASE_ERROR = -2,
    /// DataError: a value out of range, a division by zero, text that is not UTF-8.
    DBAPI_DATA_ERROR = -3,
    /// OperationalError: a lost connection, a cancelled statement, a deadlock.
    DBAPI_OPERATIONAL_ERROR = -4,
    /// IntegrityError: a violated constraint.
    DBAPI_INTEGRITY_ERROR = -5,
    /// InternalError: of the server, or of this library.
    DBAPI_INTERNAL_ERROR = -6,
    /// ProgrammingError: wrong SQL, a bad placeholder, a bad argument.
    DBAPI_PROGRAMMING_ERROR = -7,
    /// NotSupportedError: something the server or this library does not do.
    DBAPI_NOT_SUPPORTED_ERROR = -8,
}

impl dbapi_status_t {
    /// The status of an error's class.
    pub(super) fn of(class: Class) -> dbapi_status_t {
        match class {
            Class::Interface => dbapi_status_t::DBAPI_INTERFACE_ERROR,
            Class::Database => dbapi_status_t::DBAPI_DATABASE_ERROR,
            Class::Data => dbapi_status_t::DBAPI_DATA_ERROR,
            Class::Operational => dbapi_status_t::DBAPI_OPERATIONAL_ERROR,
            Class::Integrity => dbapi_status_t::DBAPI_INTEGRITY_ERROR,
            Class::Internal => dbapi_status_t::DBAPI_INTERNAL_ERROR,
            Class::Programming => dbapi_status_t::DBAPI_PROGRAMMING_ERROR,
            Class::NotSupported => dbapi_status_t::DBAPI_NOT_SUPPORTED_ERROR,
        }
    }
}

/// What `dbapi_connection_closed` answers.
#[repr(C)]
pub enum dbapi_closed_t {
    /// The connection can be used.
    DBAPI_CLOSED_OPEN = 0,
    /// `dbapi_close` was called, or the handle is not that of a connection.
    DBAPI_CLOSED_CLOSED = 1,
    /// The connection was lost.
    DBAPI_CLOSED_BROKEN = 2,
}

/// What `dbapi_connection_transaction_status` answers.
#[repr(C)]
pub enum dbapi_transaction_status_t {
    /// In no transaction.
    DBAPI_TRANSACTION_IDLE = 0,
    /// A command is in progress, in another thread.
    DBAPI_TRANSACTION_ACTIVE = 1,
    /// In a transaction.
    DBAPI_TRANSACTION_INTRANS = 2,
    /// In a transaction that failed and can only be rolled back.
    DBAPI_TRANSACTION_INERROR = 3,
    /// The connection is closed or broken.
    DBAPI_TRANSACTION_UNKNOWN = 4,
}

/// Isolation levels of transactions.
#[repr(C)]
pub enum dbapi_isolation_t {
    /// The server's default.
    DBAPI_ISOLATION_DEFAULT = 0,
    /// READ UNCOMMITTED, which PostgreSQL treats as READ COMMITTED.
    DBAPI_ISOLATION_READ_UNCOMMITTED = 1,
    /// READ COMMITTED: each statement sees what was committed before it.
    DBAPI_ISOLATION_READ_COMMITTED = 2,
    /// REPEATABLE READ: all statements see what was committed before the first.
    DBAPI_ISOLATION_REPEATABLE_READ = 3,
    /// SERIALIZABLE: as if transactions ran one after the other.
    DBAPI_ISOLATION_SERIALIZABLE = 4,
}

/// For readonly and deferrable: the server's default.
pub const DBAPI_DEFAULT: i32 = -1;
/// For `dbapi_connection_set_session`: as it is.
pub const DBAPI_UNCHANGED: i32 = -2;

/// What `dbapi_cursor_set_result_format` takes.
#[repr(C)]
pub enum dbapi_format_t {
    /// PostgreSQL's text form.
    DBAPI_FORMAT_TEXT = 0,
    /// PostgreSQL's binary form, for the types that this library reads in it.
    DBAPI_FORMAT_BINARY = 1,
    /// Whichever the library finds quicker. The default.
    DBAPI_FORMAT_AUTO = 2,
}

/// What `dbapi_scroll` counts from.
#[repr(C)]
pub enum dbapi_scroll_t {
    /// The row that the next fetch would give.
    DBAPI_SCROLL_RELATIVE = 0,
    /// The start of the result.
    DBAPI_SCROLL_ABSOLUTE = 1,
}
