//! One request and its answers: what is sent for a statement, and what comes back, read on to ReadyForQuery
//! whatever happens, so that a connection is either ready or broken.

use std::sync::Arc;

use super::all_results::Earlier;
use super::catalog;
use super::probe;
use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::net::Channel;
use crate::types::{Catalog, Param};
use crate::wire::{self, Column, Event, RowShape, Step, Tag, Wire};

/// What is told to a server that waits for COPY's data.
const NO_COPY: &str = "COPY cannot be run by execute";

/// What has come back so far.
#[derive(Default)]
pub(super) struct Answers {
    /// BEGIN went first, and has not been answered yet.
    pub(super) began: bool,
    /// Columns of the statement under way.
    pub(super) columns: Option<Arc<[Column]>>,
    /// The last statement that ended.
    pub(super) last: Option<Reply>,
    /// Those before it, if they are wanted.
    pub(super) before: Option<Earlier>,
    /// A statement was empty.
    pub(super) empty: bool,
    /// A transaction was committed. The next may have begun at once: COMMIT AND CHAIN, or a BEGIN behind it.
    pub(super) committed: bool,
    /// A command that may have changed types has ended.
    pub(super) changes_types: bool,
    /// The first thing that went wrong.
    pub(super) failure: Option<Error>,
    /// At which step the server said so.
    pub(super) failed_at: Option<Step>,
}

impl Answers {
    /// Takes in one event; true when the answers are complete. `sent` is the statement, for error messages.
    pub(super) fn take(&mut self, channel: &mut Channel, event: Event, sent: &str) -> Result<bool> {
        match event {
            Event::Ready => return Ok(true),
            Event::Columns(columns) => self.columns = Some(columns),
            Event::NoData => self.columns = None,
            Event::Complete(_) if self.began => self.began = false,
            Event::Complete(tag) => {
                if !tag.is_select() {
                    self.changes_types |= catalog::changes_types(&tag);
                    self.committed |= commits(&tag);
                }
                if let Some(before) = &mut self.before
                    && let Some(reply) = self.last.take()
                {
                    before.keep(reply)?;
                }
                self.last = Some(Reply {
                    columns: self.columns.take(),
                    rows: channel.wire().take_rows()?,
                    tag,
                    catalog: None,
                });
            }
            Event::EmptyQuery => self.empty = true,
            Event::Failed(fields, step) => {
                self.columns = None;
                self.failed_at.get_or_insert(step);
                let sent = if self.began { "BEGIN" } else { sent };
                self.failure
                    .get_or_insert_with(|| advised(Error::from_server(*fields, Some(sent))));
            }
            Event::CopyIn => {
                channel.wire().start_copy_fail(NO_COPY)?;
                self.failure
                    .get_or_insert_with(|| copy_refused("FROM STDIN"));
            }
            Event::CopyOut => {
                self.failure
                    .get_or_insert_with(|| copy_refused("TO STDOUT"));
            }
            Event::Suspended => return Err(Error::protocol("a row limit that was never set")),
            // The session keeps them.
            Event::Notice(_) | Event::Notification(_) => {}
        }
        Ok(false)
    }
}

/// How a description ended.
enum Described {
    Yes(Answers),
    Failed(Answers),
}

impl Answers {
    /// Those to a statement with, perhaps, a BEGIN before it.
    pub(super) fn after(begin: Option<&String>) -> Answers {
        Answers {
            began: begin.is_some(),
            ..Answers::default()
        }
    }

    /// Whether it was the statement that failed, rather than a BEGIN before it, and nothing of it has run.
    pub(super) fn failed_before_it_ran(&self) -> bool {
        self.failed_at == Some(Step::Before) && !self.began
    }

    /// The last statement's reply.
    pub(super) fn reply(mut self) -> Result<Reply> {
        self.take_reply()
    }

    /// The same, out of answers that stay where they are.
    pub(super) fn take_reply(&mut self) -> Result<Reply> {
        match self.last.take() {
            Some(reply) => Ok(reply),
            None => Err(self.no_reply()),
        }
    }

    fn no_reply(&self) -> Error {
        if self.empty {
            empty_query()
        } else {
            Error::protocol("no answer to a statement")
        }
    }
}

/// Whether a command with this tag has committed a transaction.
fn commits(tag: &Tag) -> bool {
    matches!(tag.as_bytes(), b"COMMIT" | b"PREPARE TRANSACTION")
}

/// What to do where the server cannot infer a parameter's type; it says which.
fn advised(error: Error) -> Error {
    if error
        .sqlstate()
        .is_some_and(|state| state.as_str() == "42P18")
    {
        return error.suffixed(
            "\nGive the parameter a type: by a cast in the statement (%s::text), an oid in the value (DBAPI_TYPED), or dbapi_setinputsizes.",
        );
    }
    error
}

fn copy_refused(which: &str) -> Error {
    Error::programming(format!("COPY ... {which} cannot be run by execute"))
}

impl Session {
    /// Queues a request, all of it or nothing: an argument that cannot be sent leaves no half behind.
    pub(super) fn queue(&mut self, fill: impl FnOnce(&mut Wire) -> Result<()>) -> Result<()> {
        let wire = self.channel()?.wire();
        let mark = wire.mark();
        fill(wire).inspect_err(|_| wire.revert(mark))
    }

    /// Reads the answers to what was queued, to their end.
    pub(super) fn finish(&mut self, answers: Answers, sent: &str) -> Result<Answers> {
        let answers = self.receive(answers, sent)?;
        self.conclude(answers)
    }

    /// Reads the answers to what was queued, up to Ready.
    pub(super) fn receive(&mut self, mut answers: Answers, sent: &str) -> Result<Answers> {
        self.receive_into(&mut answers, sent)?;
        Ok(answers)
    }

    /// The same, into `answers`, which are large.
    pub(super) fn receive_into(&mut self, answers: &mut Answers, sent: &str) -> Result<()> {
        let first = self.next_event()?;
        self.receive_from(first, answers, sent)
    }

    /// The same, where the first event has come.
    pub(super) fn receive_from(
        &mut self,
        first: Event,
        answers: &mut Answers,
        sent: &str,
    ) -> Result<()> {
        let mut event = first;
        loop {
            let tag = match &event {
                Event::Complete(tag) if !answers.began => Some(tag),
                _ => None,
            };
            if let Some(tag) = tag {
                self.statements.saw(tag, answers.columns.is_some(), sent);
            }
            if answers.take(self.channel()?, event, sent)? {
                return Ok(());
            }
            event = self.next_event()?;
        }
    }

    /// Draws the conclusions once the answers are complete: what they changed, and what went wrong.
    pub(super) fn conclude(&mut self, mut answers: Answers) -> Result<Answers> {
        self.conclude_of(&mut answers)?;
        Ok(answers)
    }

    pub(super) fn conclude_of(&mut self, answers: &mut Answers) -> Result<()> {
        if answers.changes_types {
            self.types.forget();
        }
        if answers.committed && self.status() != Status::Idle {
            self.end_transaction();
        }
        self.settle(answers.failure.take())
    }

    /// Runs `sql` by the simple protocol. The last statement's reply comes back.
    pub(super) fn run_simple(&mut self, sql: &str) -> Result<Reply> {
        let begin = self.begin()?;
        self.queue(|wire| {
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            wire.start_query(sql)
        })?;
        let answers = Answers::after(begin.as_ref());
        let answers = self.finish(answers, sql)?;
        self.with_types(answers.reply()?)
    }

    /// Runs one statement by the extended protocol. `binary`: columns come in binary format where this
    /// library reads it, for one more round trip to know them first.
    pub(super) fn run_extended(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        binary: bool,
    ) -> Result<Reply> {
        if !binary {
            let mut reply = Reply::default();
            self.run_at_once(sql, params, &mut reply)?;
            return Ok(reply);
        }
        let answers = self.ask_extended("", sql, params, binary, false)?;
        self.reply_to(answers)
    }

    /// Runs one statement by the extended protocol, with its columns in text. What comes back takes the place of what
    /// `reply` was, which has no rows.
    pub(super) fn run_at_once(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        reply: &mut Reply,
    ) -> Result<()> {
        let begin = self.begin()?;
        self.queue_with_closings(|wire| {
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            wire.start_statement(sql, params)
        })?;
        let mut first = self.next_event()?;
        let mut began = begin.is_some();
        if began && matches!(first, Event::Complete(_)) {
            began = false;
            first = self.next_event()?;
        }
        if matches!(first, Event::Columns(_) | Event::NoData)
            && self
                .channel()?
                .wire()
                .poll_rest(&mut reply.rows, &mut reply.tag)?
        {
            reply.columns = match first {
                Event::Columns(columns) => Some(columns),
                _ => None,
            };
            self.settle_whole(&reply.tag, reply.columns.is_some(), sql)?;
            return self.add_types(reply);
        }
        let mut answers = Answers {
            began,
            ..Answers::default()
        };
        self.receive_from(first, &mut answers, sql)?;
        *reply = self.reply_to(answers)?;
        Ok(())
    }

    /// Draws the conclusions of an answer that came in one piece, as `receive_from` and `conclude_of` do.
    #[inline(always)]
    pub(super) fn settle_whole(&mut self, tag: &Tag, rows: bool, sent: &str) -> Result<()> {
        if !tag.is_select() || !rows {
            self.saw_whole(tag, rows, sent);
        }
        self.settle_well()
    }

    fn saw_whole(&mut self, tag: &Tag, rows: bool, sent: &str) {
        self.statements.saw(tag, rows, sent);
        if catalog::changes_types(tag) {
            self.types.forget();
        }
        if commits(tag) && self.status() != Status::Idle {
            self.end_transaction();
        }
    }

    /// Queues a request as `queue` does, behind the Close of the prepared statements that are of no use any more.
    pub(super) fn queue_with_closings(
        &mut self,
        fill: impl FnOnce(&mut Wire) -> Result<()>,
    ) -> Result<()> {
        let closing = self.statements.take_to_close();
        let queued = self.queue(|wire| {
            for name in &closing {
                wire.start_close_statement(name)?;
            }
            fill(wire)
        });
        if queued.is_err() {
            // They have not been closed.
            closing
                .into_iter()
                .for_each(|name| self.statements.drop_name(name));
        }
        queued
    }

    /// The reply that the answers are, once they are complete.
    pub(super) fn reply_to(&mut self, answers: Answers) -> Result<Reply> {
        let answers = self.conclude(answers)?;
        self.with_types(answers.reply()?)
    }

    /// Prepares one statement under `name` ("": for this time only), runs it, and reads the answers up to Ready.
    /// `probe`: the server is also asked what `probe` (the module) wants to know.
    pub(super) fn ask_extended(
        &mut self,
        name: &str,
        sql: &str,
        params: &[Param<'_>],
        binary: bool,
        probe: bool,
    ) -> Result<Answers> {
        let begin = self.begin()?;
        let types: Vec<u32> = params.iter().map(Param::declared_oid).collect();
        let begin_and_parse = |wire: &mut Wire| {
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            wire.start_parse(name, sql, &types)
        };
        let mut answers = Answers::after(begin.as_ref());
        let in_transaction = begin.is_some() || self.status() != Status::Idle;
        if binary {
            // Everything that can be wrong with a parameter is wrong before anything is sent.
            wire::check_parameters(params)?;
            self.queue_with_closings(|wire| {
                begin_and_parse(wire)?;
                wire.start_describe_statement(name)?;
                wire.start_flush();
                Ok(())
            })?;
            answers = match self.described(answers, sql)? {
                Described::Yes(answers) => answers,
                Described::Failed(answers) => return Ok(answers),
            };
            let columns = answers.columns.take();
            let columns = columns.map(|columns| with_formats(&columns, self.types.catalog()));
            let formats: Vec<i16> = columns
                .iter()
                .flat_map(|c| c.iter())
                .map(|c| i16::from(c.binary))
                .collect();
            let shape = RowShape::Known(formats.len() as u16);
            answers.columns = columns;
            let queued = self.queue(|wire| {
                wire.start_bind(name, params, &formats)?;
                wire.start_execute(0, shape)?;
                wire.start_sync();
                Ok(())
            });
            if let Err(error) = queued {
                // Too large together: the server still waits for a Sync.
                self.queue(|wire| {
                    wire.start_sync();
                    Ok(())
                })?;
                self.finish(answers, sql)?;
                return Err(error);
            }
        } else {
            self.queue_with_closings(|wire| {
                begin_and_parse(wire)?;
                wire.start_bind(name, params, &[])?;
                wire.start_describe_portal()?;
                wire.start_execute(0, RowShape::Described)?;
                wire.start_sync();
                Ok(())
            })?;
        }
        if probe {
            self.queue(|wire| wire.start_query(probe::question(in_transaction)))?;
        }
        let answers = self.receive(answers, sql)?;
        if probe {
            self.receive_probe(answers.failure.is_none())?;
        }
        Ok(answers)
    }

    /// Reads on until the statement has been described, or has failed: then up to Ready.
    fn described(&mut self, mut answers: Answers, sent: &str) -> Result<Described> {
        loop {
            let event = self.next_event()?;
            let described = matches!(event, Event::Columns(_) | Event::NoData);
            if answers.take(self.channel()?, event, sent)? {
                if answers.failure.is_none() {
                    return Err(Error::protocol("an end where a description belongs"));
                }
                return Ok(Described::Failed(answers));
            }
            if described {
                return Ok(Described::Yes(answers));
            }
        }
    }

    /// Runs a command of our own, such as COMMIT. Its command tag comes back.
    pub(super) fn command(&mut self, sql: &str) -> Result<Tag> {
        self.queue(|wire| wire.start_query(sql))?;
        let answers = self.finish(Answers::default(), sql)?;
        answers.reply().map(|reply| reply.tag)
    }
}

/// The columns, in the format they are asked for in.
pub(super) fn with_formats(columns: &[Column], catalog: &Catalog) -> Arc<[Column]> {
    with_chosen_formats(columns, |column| catalog.has_binary(column.type_oid))
}

/// The same, where `binary` says whether a column is asked for in binary format.
pub(super) fn with_chosen_formats(
    columns: &[Column],
    binary: impl Fn(&Column) -> bool,
) -> Arc<[Column]> {
    columns
        .iter()
        .map(|column| column.in_format(binary(column)))
        .collect()
}

pub(super) fn empty_query() -> Error {
    Error::programming("can't execute an empty query")
}
