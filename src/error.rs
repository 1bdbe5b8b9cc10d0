//! The one error type, and what a caller can do about it.
//!
//! Owns the PEP 249 classes, the diagnostic fields PostgreSQL sends (manual, 55.8 "Error and Notice Message
//! Fields") and what an error leaves unusable. Knows nothing of sockets or C. No password ever enters one:
//! whoever builds a message from text that may hold one redacts it first (`conninfo`).

use std::fmt;

mod conditions;
mod sqlstate;

pub(crate) use sqlstate::SqlState;

/// Shorthand for results of this crate.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// PEP 249's exception classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A misuse of the interface itself: a closed handle, an argument of the wrong kind.
    Interface,
    /// An error of the database that no narrower class names.
    Database,
    /// A problem with the data processed: division by zero, a value out of range.
    Data,
    /// Not necessarily under the programmer's control: a lost connection, a cancelled statement.
    Operational,
    /// A violated constraint.
    Integrity,
    /// An internal error of the database or of this library.
    Internal,
    /// A wrong program: a missing table, a syntax error, a bad placeholder or argument.
    Programming,
    /// Something that the database or this library does not support.
    NotSupported,
}

impl Class {
    /// PEP 249's name of the exception.
    pub(crate) fn name_c(self) -> &'static std::ffi::CStr {
        match self {
            Class::Interface => c"InterfaceError",
            Class::Database => c"DatabaseError",
            Class::Data => c"DataError",
            Class::Operational => c"OperationalError",
            Class::Integrity => c"IntegrityError",
            Class::Internal => c"InternalError",
            Class::Programming => c"ProgrammingError",
            Class::NotSupported => c"NotSupportedError",
        }
    }
}

/// The fields of an ErrorResponse or NoticeResponse, as text. Bytes that are not UTF-8 (errors from before
/// the encoding is agreed come in the server's own) have become U+FFFD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerFields {
    /// `S`, possibly localized.
    pub(crate) severity: Option<String>,
    /// `V`, never localized.
    pub(crate) severity_nonlocalized: Option<String>,
    /// `C`.
    pub(crate) sqlstate: Option<SqlState>,
    /// `M`.
    pub(crate) message_primary: Option<String>,
    /// `D`.
    pub(crate) message_detail: Option<String>,
    /// `H`.
    pub(crate) message_hint: Option<String>,
    /// `P`: counted in characters from 1, in the statement as sent.
    pub(crate) statement_position: Option<String>,
    /// `p`.
    pub(crate) internal_position: Option<String>,
    /// `q`.
    pub(crate) internal_query: Option<String>,
    /// `W`.
    pub(crate) context: Option<String>,
    /// `s`.
    pub(crate) schema_name: Option<String>,
    /// `t`.
    pub(crate) table_name: Option<String>,
    /// `c`.
    pub(crate) column_name: Option<String>,
    /// `d`.
    pub(crate) datatype_name: Option<String>,
    /// `n`.
    pub(crate) constraint_name: Option<String>,
    /// `F`.
    pub(crate) source_file: Option<String>,
    /// `L`.
    pub(crate) source_line: Option<String>,
    /// `R`.
    pub(crate) source_function: Option<String>,
}

impl ServerFields {
    /// Whether the server ends the session with this (severity FATAL or PANIC).
    pub(crate) fn is_fatal(&self) -> bool {
        let severity = self
            .severity_nonlocalized
            .as_deref()
            .or(self.severity.as_deref());
        matches!(severity, Some("FATAL" | "PANIC"))
    }
}

/// An error: its PEP 249 class, what it says, and what it leaves unusable. One word wide, so that results
/// stay small.
#[derive(Debug)]
pub(crate) struct Error(Box<Repr>);

#[derive(Debug)]
struct Repr {
    class: Class,
    sqlstate: Option<SqlState>,
    message: String,
    fields: Option<Box<ServerFields>>,
    breaks_connection: bool,
    breaks_transaction: bool,
    nothing_sent: bool,
    timed_out: bool,
    row: Option<u64>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `class` that leaves connection and transaction as they were.
    #[cold]
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Error {
        Error(Box::new(Repr {
            class,
            sqlstate: None,
            message: message.into(),
            fields: None,
            breaks_connection: false,
            breaks_transaction: false,
            nothing_sent: false,
            timed_out: false,
            row: None,
            source: None,
        }))
    }

    /// A misuse of the interface.
    #[cold]
    pub(crate) fn interface(message: impl Into<String>) -> Error {
        Error::new(Class::Interface, message)
    }

    /// A wrong program: a bad placeholder, a bad argument.
    #[cold]
    pub(crate) fn programming(message: impl Into<String>) -> Error {
        Error::new(Class::Programming, message)
    }

    /// A value that cannot be what it is asked to be.
    #[cold]
    pub(crate) fn data(message: impl Into<String>) -> Error {
        Error::new(Class::Data, message)
    }

    /// Something this library does not do.
    #[cold]
    pub(crate) fn not_supported(message: impl Into<String>) -> Error {
        Error::new(Class::NotSupported, message)
    }

    /// Out of the programmer's hands; the connection is as it was.
    #[cold]
    pub(crate) fn operational(message: impl Into<String>) -> Error {
        Error::new(Class::Operational, message)
    }

    /// The connection is gone: the server closed it, the network failed, or it said something after which
    /// nothing it says can be trusted.
    #[cold]
    pub(crate) fn broken(message: impl Into<String>) -> Error {
        Error::new(Class::Operational, message).breaking_connection()
    }

    /// A time-out of the caller's choosing has passed.
    #[cold]
    pub(crate) fn timeout(message: impl Into<String>) -> Error {
        Error::new(Class::Operational, message)
            .with_sqlstate("08006")
            .by_timeout()
    }

    /// The server broke the protocol. The connection is unusable after it.
    #[cold]
    pub(crate) fn protocol(message: impl fmt::Display) -> Error {
        Error::broken(format!("the server broke the protocol: {message}")).with_sqlstate("08P01")
    }

    /// Memory ran out while holding what the server sent. The connection is unusable, the process alive.
    #[cold]
    pub(crate) fn out_of_memory(what: impl fmt::Display) -> Error {
        Error::operational(format!("out of memory {what}")).with_sqlstate("53200")
    }

    /// What the server reported; its class follows the SQLSTATE.
    /// `query` is the statement as it was sent, for the line that the error's position points at.
    #[cold]
    pub(crate) fn from_server(fields: ServerFields, query: Option<&str>) -> Error {
        let class = fields
            .sqlstate
            .map_or(Class::Database, |state| state.class());
        let mut error = Error::new(class, sqlstate::describe(&fields, query));
        error.0.sqlstate = fields.sqlstate;
        error.0.breaks_connection = fields.is_fatal();
        error.0.fields = Some(Box::new(fields));
        error
    }

    /// The same error with an SQLSTATE of our own choosing. Anything but five ASCII characters is ignored.
    #[cold]
    pub(crate) fn with_sqlstate(mut self, state: &str) -> Error {
        self.0.sqlstate = SqlState::parse(state.as_bytes());
        self
    }

    /// The same error, after which the connection cannot be used.
    #[cold]
    pub(crate) fn breaking_connection(mut self) -> Error {
        self.0.breaks_connection = true;
        self.0.breaks_transaction = true;
        self
    }

    /// The same error, after which the transaction can only be rolled back.
    #[cold]
    pub(crate) fn breaking_transaction(mut self) -> Error {
        self.0.breaks_transaction = true;
        self
    }

    /// The same error, raised while connecting, before any statement could have been sent.
    #[cold]
    pub(crate) fn before_sending(mut self) -> Error {
        self.0.nothing_sent = true;
        self
    }

    /// The same error, brought about by a time-out of the caller's choosing.
    pub(crate) fn by_timeout(mut self) -> Error {
        self.0.timed_out = true;
        self
    }

    /// The same error, met by row `row` (from 0) of an executemany.
    pub(crate) fn in_row(mut self, row: u64) -> Error {
        self.0.row = Some(row);
        self.0.message = format!(
            "{} (row {row} of executemany, counted from 0)",
            self.0.message
        );
        self
    }

    /// The same error as another class.
    pub(crate) fn with_class(mut self, class: Class) -> Error {
        self.0.class = class;
        self
    }

    /// The same error with words before its message, such as which host was tried.
    pub(crate) fn prefixed(mut self, prefix: &str) -> Error {
        self.0.message = format!("{prefix}{}", self.0.message);
        self
    }

    /// The same error with more behind its message.
    pub(crate) fn suffixed(mut self, suffix: &str) -> Error {
        self.0.message.push_str(suffix);
        self
    }

    /// The same error with the one below it kept as its source.
    pub(crate) fn caused_by(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The PEP 249 class.
    pub(crate) fn class(&self) -> Class {
        self.0.class
    }

    /// The SQLSTATE, the server's or ours.
    pub(crate) fn sqlstate(&self) -> Option<SqlState> {
        self.0.sqlstate
    }

    /// The whole message, for a person.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// What the server sent, if it was the server.
    pub(crate) fn fields(&self) -> Option<&ServerFields> {
        self.0.fields.as_deref()
    }

    /// The row of an executemany that met it, from 0.
    pub(crate) fn row(&self) -> Option<u64> {
        self.0.row
    }

    /// Whether the connection cannot be used any more.
    pub(crate) fn breaks_connection(&self) -> bool {
        self.0.breaks_connection
    }

    /// Whether the transaction it happened in can only be rolled back.
    pub(crate) fn breaks_transaction(&self) -> bool {
        self.0.breaks_transaction || self.0.breaks_connection
    }

    /// Whether a time-out of the caller's choosing brought it about.
    pub(crate) fn is_timeout(&self) -> bool {
        self.0.timed_out
    }

    /// Whether running the same work again, from the start of its transaction, may succeed without any
    /// change to it: serialization failures, deadlocks, lock time-outs, a server that is starting up or
    /// full, and connection attempts that failed before anything was sent.
    pub(crate) fn is_retryable(&self) -> bool {
        self.0.nothing_sent || self.0.sqlstate.is_some_and(|state| state.is_transient())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}
