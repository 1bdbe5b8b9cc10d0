//! PEP 249 in safe Rust: connections, transactions, cursors, placeholders, results.
//!
//! Knows what a call means (SEMANTICS), and nothing of C or of sockets.

mod about;
mod binding;
mod connection;
mod cursor;
mod deadline;
mod exchange;
mod executemany;
mod lexer;
mod password;
mod placeholder;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod probes;
mod result;
mod server_cursor;

pub(crate) use about::About;
pub(crate) use binding::{Arguments, Binding};
pub(crate) use connection::{Closed, Connection, Status};
pub(crate) use cursor::{Cursor, ResultFormat};
pub(crate) use executemany::RowSource;
pub(crate) use password::encrypt_password;
pub(crate) use placeholder::ParamStyle;
pub(crate) use result::{ColumnFacts, RowBlock};
pub(crate) use server_cursor::Declaration;
