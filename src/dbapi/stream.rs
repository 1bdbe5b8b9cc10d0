//! Streaming: a result whose rows are received as they are fetched (SEMANTICS, "Cursor"; manual, 55.2.3).
//!
//! While such a result is open, it has the connection for itself: the server sends, and the socket holds it back.
//! Its cursor is known by a token, which the session compares; a cursor that is freed before the end leaves a mark on
//! it, and the next command that finds the mark ends the result first.
//!
//! Ended early, what is left is read if it is little; else the statement is cancelled. In a transaction that would be
//! its end, so a SELECT there has a savepoint around it, set and released in the same packets as the statement. What
//! may change something is not cancelled: closing a cursor undoes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::deadline::Limit;
use super::exchange::Answers;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::net::Cancelled;
use crate::types::Catalog;
use crate::wire::{Column, Event, Rows, Streamed, Tag};

mod start;

pub(super) use start::Kept;

const UNDO: &str = "ROLLBACK TO SAVEPOINT dbapi_stream; RELEASE SAVEPOINT dbapi_stream";

/// How many rows' batches are read, and for how long, before a statement whose rows nobody wants is cancelled.
const PATIENT_BATCHES: u32 = 4;
const PATIENCE: Duration = Duration::from_millis(5);
/// How long a cancel request may take.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);
const LEAST_CANCEL_PATIENCE: Duration = Duration::from_secs(1);

/// What a cursor and the session know an open result by.
#[derive(Debug, Default)]
pub(super) struct Token {
    abandoned: AtomicBool,
}

impl Token {
    /// Its cursor is gone.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }
}

/// A result that is being received.
pub(super) struct Stream {
    token: Arc<Token>,
    sent: Arc<str>,
    answers: Answers,
    /// How many command tags of ours come before the statement's own.
    before: u32,
    /// The statement's own tag, once it has come.
    tag: Option<Tag>,
    /// The statement has a savepoint around it.
    savepoint: bool,
    /// It changes nothing, so that it may be cancelled.
    harmless: bool,
    /// The time of an earlier fetch, which got rows all the same, and had the statement cancelled.
    overdue: Option<Limit>,
}

/// How a streamed result begins.
pub(super) struct Beginning {
    pub(super) columns: Option<Arc<[Column]>>,
    pub(super) catalog: Option<Arc<Catalog>>,
    /// The first rows, or, of a statement that has ended already, all of them.
    pub(super) rows: Rows,
    /// The command tag of a statement that has ended already.
    pub(super) tag: Option<Tag>,
    pub(super) token: Arc<Token>,
}

/// What comes next of a result.
pub(super) enum More {
    Rows(Rows),
    /// Nothing: the statement has ended, with this command tag.
    End(Tag),
}

impl Session {
    /// An interface error while a streamed result is open. One whose cursor is gone is ended first.
    pub(super) fn check_no_stream(&mut self) -> Result<()> {
        match &self.stream {
            None => Ok(()),
            Some(stream) if stream.token.abandoned.load(Ordering::Acquire) => self.end_stream(),
            Some(_) => Err(Error::interface(
                "a streamed result is open on the connection: fetch it to its end, or close its cursor, first",
            )),
        }
    }

    /// Whether a streamed result is open.
    pub(super) fn is_streaming(&self) -> bool {
        self.stream.is_some()
    }

    /// Receives the next rows of the open result, whose token this is.
    pub(super) fn more_of(&mut self, token: &Arc<Token>) -> Result<More> {
        match &self.stream {
            Some(stream) if Arc::ptr_eq(&stream.token, token) => self.receive_stream(),
            _ => Err(Error::interface("the streamed result is not open any more")),
        }
    }

    fn receive_stream(&mut self) -> Result<More> {
        let received = self.receive_rows_or_end();
        self.more_or_end(received)
    }

    /// What has been received: rows, or the end, which is then concluded.
    fn more_or_end(&mut self, received: Result<Option<Rows>>) -> Result<More> {
        let outcome = match received {
            Ok(Some(rows)) => Ok(More::Rows(rows)),
            Ok(None) => self.conclude_stream(),
            Err(error) => Err(error),
        };
        if let (Some(stream), Some(limit)) = (&mut self.stream, &self.limit)
            && limit.is_cancelled()
        {
            stream.overdue = Some(*limit);
        }
        if !matches!(outcome, Ok(More::Rows(_))) {
            self.stream = None;
        }
        outcome
    }

    /// The next rows; `None`: the answers are complete.
    fn receive_rows_or_end(&mut self) -> Result<Option<Rows>> {
        loop {
            match self.next_streamed()? {
                Streamed::Rows => return self.channel()?.wire().take_rows().map(Some),
                Streamed::Event(event) => {
                    if self.take_in_stream(event)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Takes in one event of the open result; true when its answers are complete.
    fn take_in_stream(&mut self, event: Event) -> Result<bool> {
        // Out of its place, so that the channel can be used beside it.
        let Some(mut stream) = self.stream.take() else {
            return Err(Error::protocol("an answer to nothing"));
        };
        let mut own = true;
        if let Event::Complete(tag) = &event {
            own = stream.before == 0 && stream.tag.is_none();
            stream.before = stream.before.saturating_sub(1);
            if own {
                self.statements
                    .saw(tag, stream.answers.columns.is_some(), &stream.sent);
                stream.tag = Some(tag.clone());
            }
        }
        let over = if own {
            let channel = self.channel()?;
            let sent = stream.sent.strip_suffix('\0').unwrap_or_default();
            stream.answers.take(channel, event, sent)?
        } else {
            false
        };
        self.stream = Some(stream);
        Ok(over)
    }

    fn conclude_stream(&mut self) -> Result<More> {
        let Some(mut stream) = self.stream.take() else {
            return Err(Error::protocol("an answer to nothing"));
        };
        if let Some(limit) = &stream.overdue {
            let failure = stream.answers.failure.take();
            stream.answers.failure = failure.map(|error| limit.explain(error));
        }
        let answers = self.conclude(stream.answers)?;
        match stream.tag {
            Some(tag) => Ok(More::End(tag)),
            None => answers.reply().map(|reply| More::End(reply.tag)),
        }
    }

    /// Ends the open result, if this is its token.
    pub(super) fn close_stream(&mut self, token: &Arc<Token>) -> Result<()> {
        match &self.stream {
            Some(stream) if Arc::ptr_eq(&stream.token, token) => self.end_stream(),
            _ => Ok(()),
        }
    }

    /// Reads what is left of the open result, or has the server end it. What the statement fails with meanwhile
    /// nobody asked for; the transaction knows it.
    fn end_stream(&mut self) -> Result<()> {
        let Some((harmless, savepoint)) = self
            .stream
            .as_ref()
            .map(|stream| (stream.harmless, stream.savepoint))
        else {
            return Ok(());
        };
        let began = Instant::now();
        let mut batches = 0;
        let mut cancelled = !harmless;
        loop {
            let next = if cancelled {
                Some(self.next_streamed()?)
            } else {
                self.next_streamed_until(began + PATIENCE)?
            };
            match next {
                Some(Streamed::Event(event)) => {
                    if self.take_in_stream(event)? {
                        break;
                    }
                    continue;
                }
                Some(Streamed::Rows) => {
                    self.channel()?.wire().discard_rows();
                    batches += 1;
                }
                // The server is at work, and has nothing to say.
                None => batches = PATIENT_BATCHES,
            }
            let patient = batches < PATIENT_BATCHES && began.elapsed() < PATIENCE;
            if !cancelled && !patient {
                cancelled = true;
                self.cancel_stream()?;
            }
        }
        let Some(mut stream) = self.stream.take() else {
            return Ok(());
        };
        let by_us = harmless
            && cancelled
            && stream.answers.failure.as_ref().is_some_and(|error| {
                error
                    .sqlstate()
                    .is_some_and(|state| state.as_str() == "57014")
            });
        if by_us {
            stream.answers.failure = None;
            if savepoint && self.status() == Status::InError {
                self.command_unsettled(UNDO)?;
            }
        }
        match self.conclude(stream.answers) {
            Err(error) if error.breaks_connection() => Err(error),
            _ => Ok(()),
        }
    }

    fn cancel_stream(&mut self) -> Result<()> {
        let now = Instant::now();
        // A request of which nobody knows whether it was taken costs the connection, so it has some time in any case.
        let deadline = match &self.limit {
            None => now + CANCEL_PATIENCE,
            Some(limit) => limit
                .deadline()
                .clamp(now + LEAST_CANCEL_PATIENCE, now + CANCEL_PATIENCE),
        };
        match self.cancel.as_ref().map(|target| target.cancel(deadline)) {
            // What is cancelled late may be a later statement.
            Some(Cancelled::Unknown(error)) => Err(error.breaking_connection()),
            _ => Ok(()),
        }
    }
}
