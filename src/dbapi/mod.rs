//! PEP 249 in safe Rust: connections, transactions, cursors, placeholders, results.
//!
//! Knows what a call means (SEMANTICS), and nothing of C or of sockets.

mod about;
mod all_results;
mod binding;
mod callproc;
mod catalog;
mod characteristics;
mod columns;
mod connection;
mod cursor;
mod deadline;
mod exchange;
mod executemany;
mod fetch;
mod fork;
mod interrupt;
mod lexer;
mod listen;
mod mailbox;
mod password;
mod place;
mod placeholder;
mod prepared;
mod probe;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod probes;
mod result;
mod savepoint;
mod server_cursor;
mod session;
mod statements;
mod stream;
mod tpc;

pub(crate) use about::About;
pub(crate) use binding::{Arguments, Binding};
pub(crate) use characteristics::{Changes, Isolation};
pub(crate) use connection::{Closed, Connection};
pub(crate) use cursor::{Cursor, Last, ResultFormat};
pub(crate) use executemany::RowSource;
pub(crate) use fork::FirstProcess;
pub(crate) use password::encrypt_password;
pub(crate) use placeholder::ParamStyle;
pub(crate) use result::{ColumnFacts, RowBlock};
pub(crate) use server_cursor::Declaration;
pub(crate) use session::Status;
pub(crate) use tpc::Xid;
