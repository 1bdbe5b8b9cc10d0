//! What must be known of a server before statements are prepared on it: that it is the one that let us in, not one
//! of several behind a pooler, and whether floats' text is all of them.
//!
//! Asked once, behind a statement that will be prepared at its next use, in the same packet. In a transaction it has
//! a savepoint around it: should it fail (a cancel request that came late hits it), the transaction goes on.

use super::session::{Session, Status};
use super::statements::Trust;
use crate::error::{Error, Result};
use crate::wire::Event;

const QUESTION: &str =
    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('extra_float_digits')";
const IN_TRANSACTION: &str = "SAVEPOINT dbapi_probe; \
     SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('extra_float_digits'); \
     RELEASE SAVEPOINT dbapi_probe";
const UNDO: &str = "ROLLBACK TO SAVEPOINT dbapi_probe; RELEASE SAVEPOINT dbapi_probe";

/// What is sent.
pub(super) fn question(in_transaction: bool) -> &'static str {
    if in_transaction {
        IN_TRANSACTION
    } else {
        QUESTION
    }
}

impl Session {
    /// Reads the answer, up to Ready. `sound`: what went before it did not fail.
    pub(super) fn receive_probe(&mut self, sound: bool) -> Result<()> {
        let mut answer = None;
        loop {
            match self.next_event()? {
                Event::Ready => break,
                Event::Complete(_) => {
                    let rows = self.channel()?.wire().take_rows()?;
                    let cells = rows.row(0).filter(|_| rows.len() == 1);
                    let number = |cell: Option<&[u8]>| -> Option<i32> {
                        std::str::from_utf8(cell?).ok()?.parse().ok()
                    };
                    if let Some(mut cells) = cells {
                        answer = number(cells.next_cell()).zip(number(cells.next_cell()));
                    }
                }
                _ => {}
            }
        }
        match answer {
            Some((pid, digits)) => {
                let key = self.channel()?.wire_ref().backend_key();
                let direct = key.is_some_and(|(known, _)| known == pid);
                let trust = if direct { Trust::Direct } else { Trust::Pooled };
                self.statements.learn(trust, digits > 0);
            }
            // Whatever is at the other end, it does not know these functions, or forbids them.
            None if sound => self.statements.learn(Trust::Pooled, false),
            None => {}
        }
        if sound && answer.is_none() && self.status() == Status::InError {
            self.command_unsettled(UNDO)?;
        }
        Ok(())
    }

    /// Runs a command of our own beside the user's statement. An error breaks the connection.
    pub(super) fn command_unsettled(&mut self, sql: &str) -> Result<()> {
        self.queue(|wire| wire.start_query(sql))?;
        let mut failure = None;
        loop {
            match self.next_event()? {
                Event::Ready => return failure.map_or(Ok(()), Err),
                Event::Failed(fields, _) => {
                    failure = Some(Error::from_server(*fields, Some(sql)).breaking_connection());
                }
                _ => {}
            }
        }
    }
}
