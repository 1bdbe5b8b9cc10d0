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

use super::cursor::ResultFormat;
use super::deadline::Limit;
use super::exchange::{Answers, with_chosen_formats};
use super::lexer;
use super::probe;
use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::net::Cancelled;
use crate::types::{Catalog, Param};
use crate::wire::{self, Column, Event, RowShape, Rows, Streamed, Tag};

const SAVEPOINT: &str = "SAVEPOINT dbapi_stream";
const RELEASE: &str = "RELEASE SAVEPOINT dbapi_stream";
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

    /// Runs one statement by the extended protocol, and receives its first rows. `sent` has a NUL behind it.
    pub(super) fn start_stream(
        &mut self,
        sent: Arc<str>,
        params: &[Param<'_>],
        format: ResultFormat,
    ) -> Result<Beginning> {
        let sql: &str = sent.strip_suffix('\0').unwrap_or(&sent);
        wire::check_parameters(params)?;
        let types: Vec<u32> = params.iter().map(Param::declared_oid).collect();
        let begin = self.begin()?;
        let harmless = lexer::only_selects(sql);
        let in_transaction = begin.is_some() || self.status() == Status::InTransaction;
        let savepoint = harmless && in_transaction;
        // How floats are written decides how they are asked for.
        let asks = format == ResultFormat::Auto
            && self.statements.wants_probe()
            && self.status() == Status::Idle;
        let mut before = u32::from(begin.is_some()) + u32::from(savepoint);
        self.queue(|wire| {
            if asks {
                wire.start_query(probe::question(false))?;
            }
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            if savepoint {
                wire.start_command_before(SAVEPOINT)?;
            }
            wire.start_parse("", sql, &types)?;
            wire.start_describe_statement("")?;
            wire.start_flush();
            Ok(())
        })?;
        if asks {
            self.receive_probe(true)?;
        }
        let mut columns = self.describe_stream(sql, &mut before)?;
        if columns.as_ref().is_some_and(|columns| !self.knows(columns)) {
            // What they are is asked for while nothing else is under way.
            self.queue(|wire| {
                wire.start_sync();
                Ok(())
            })?;
            self.wait_for_ready()?;
            self.with_types(Reply {
                columns: columns.take(),
                ..Reply::default()
            })?;
            self.queue(|wire| {
                wire.start_parse("", sql, &types)?;
                wire.start_describe_statement("")?;
                wire.start_flush();
                Ok(())
            })?;
            columns = self.describe_stream(sql, &mut before)?;
        }
        let binary = self.chooser(format);
        let columns = columns.map(|columns| with_chosen_formats(&columns, binary));
        let catalog = columns.as_ref().map(|_| Arc::clone(self.types.catalog()));
        let formats: Vec<i16> = columns
            .iter()
            .flat_map(|columns| columns.iter())
            .map(|column| i16::from(column.binary))
            .collect();
        let shape = match &columns {
            Some(columns) => RowShape::Known(columns.len() as u16),
            None => RowShape::None,
        };
        let queued = self.queue(|wire| {
            wire.start_bind("", params, &formats)?;
            wire.start_execute(0, shape)?;
            if savepoint {
                wire.start_command_before(RELEASE)?;
            }
            wire.start_sync();
            Ok(())
        });
        if let Err(error) = queued {
            // Too large together: the server still waits for a Sync.
            self.queue(|wire| {
                wire.start_sync();
                Ok(())
            })?;
            self.wait_for_ready()?;
            self.settle(None)?;
            return Err(error);
        }
        let token = Arc::new(Token::default());
        self.stream = Some(Box::new(Stream {
            token: Arc::clone(&token),
            answers: Answers {
                columns: columns.clone(),
                ..Answers::default()
            },
            before,
            tag: None,
            savepoint,
            harmless,
            overdue: None,
            sent: Arc::clone(&sent),
        }));
        let (rows, tag) = match self.receive_stream()? {
            More::Rows(rows) => (rows, None),
            More::End(tag) => (Rows::default(), Some(tag)),
        };
        Ok(Beginning {
            columns,
            catalog,
            rows,
            tag,
            token,
        })
    }

    /// Reads until the statement has been described. If it, or what went before it, fails: up to Ready, and an error.
    fn describe_stream(&mut self, sql: &str, before: &mut u32) -> Result<Option<Arc<[Column]>>> {
        let mut failure = None;
        loop {
            match self.next_event()? {
                Event::Columns(columns) => return Ok(Some(columns)),
                Event::NoData => return Ok(None),
                Event::Complete(_) => *before = before.saturating_sub(1),
                Event::Failed(fields, _) => {
                    failure = Some(Error::from_server(*fields, Some(sql)));
                }
                Event::Ready => {
                    self.settle(failure)?;
                    return Err(Error::protocol("an end where a description belongs"));
                }
                _ => {}
            }
        }
    }

    fn wait_for_ready(&mut self) -> Result<()> {
        loop {
            if let Event::Ready = self.next_event()? {
                return Ok(());
            }
        }
    }

    /// Receives the next rows of the open result, whose token this is.
    pub(super) fn more_of(&mut self, token: &Arc<Token>) -> Result<More> {
        match &self.stream {
            Some(stream) if Arc::ptr_eq(&stream.token, token) => self.receive_stream(),
            _ => Err(Error::interface("the streamed result is not open any more")),
        }
    }

    fn receive_stream(&mut self) -> Result<More> {
        let outcome = self.receive_rows_or_end();
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

    fn receive_rows_or_end(&mut self) -> Result<More> {
        loop {
            match self.next_streamed()? {
                Streamed::Rows => {
                    return Ok(More::Rows(self.channel()?.wire().take_rows()?));
                }
                Streamed::Event(event) => {
                    if self.take_in_stream(event)? {
                        return self.conclude_stream();
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
