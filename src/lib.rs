//! libdbapi: the Python DB-API 2.0 (PEP 249) for PostgreSQL, as psycopg2 understands it, behind a C ABI.
//!
//! The layers, each of which knows only those below it (`tests/layers.rs` checks that):
//!
//! ```text
//! abi       every extern "C" function: handles, NULLs, panics; nearly all `unsafe`
//! dbapi     PEP 249 in safe Rust: connection, transaction, cursor, placeholders, results
//! net       sockets, TLS on them, host selection, deadlines, cancel, and the one loop that drives `wire`
//! wire      the protocol as a state machine over bytes: no socket, no clock
//! types     values <-> PostgreSQL's binary and text forms        } below all of them,
//! conninfo  connection strings, environment, defaults            } beside each other
//! tls       sessions over bytes, and libpq's verdicts            }
//! error     the one error type, with its PEP 249 class           }
//! ```
//!
//! To read it, begin with `wire/mod.rs` (how the protocol is driven), then `dbapi/connection.rs` and
//! `dbapi/cursor.rs` (what a call means), and last `abi/boundary.rs` (how a call from C gets there).

pub mod abi;
mod conninfo;
mod dbapi;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod net;
mod tls;
mod types;
mod wire;
