//! One request and its answers: what is sent for a statement, and what comes back, read on to ReadyForQuery
//! whatever happens, so that a connection is either ready or broken.

use std::sync::Arc;

use super::all_results::Earlier;
use super::catalog;
use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::net::Channel;
use crate::types::{Catalog, Param};
use crate::wire::{self, Column, Event, RowShape, Wire};

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
                self.changes_types |= catalog::changes_types(&tag);
                self.committed |= matches!(tag.as_str(), "COMMIT" | "PREPARE TRANSACTION");
                let rows = channel.wire().take_rows()?;
                let last = self.last.replace(Reply {
                    columns: self.columns.take(),
                    rows,
                    tag,
                    catalog: None,
                });
                if let (Some(before), Some(reply)) = (&mut self.before, last) {
                    before.keep(reply)?;
                }
            }
            Event::EmptyQuery => self.empty = true,
            Event::Failed(fields) => {
                self.columns = None;
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

impl Answers {
    /// The last statement's reply.
    fn reply(self) -> Result<Reply> {
        match self.last {
            Some(reply) => Ok(reply),
            None if self.empty => Err(empty_query()),
            None => Err(Error::protocol("no answer to a statement")),
        }
    }
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
    pub(super) fn finish(&mut self, mut answers: Answers, sent: &str) -> Result<Answers> {
        loop {
            let event = self.next_event()?;
            if answers.take(self.channel()?, event, sent)? {
                break;
            }
        }
        if answers.changes_types {
            self.types.forget();
        }
        if answers.committed && self.status() != Status::Idle {
            self.end_transaction();
        }
        self.settle(answers.failure.take())?;
        Ok(answers)
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
        let answers = self.finish(
            Answers {
                began: begin.is_some(),
                ..Answers::default()
            },
            sql,
        )?;
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
        let begin = self.begin()?;
        let types: Vec<u32> = params.iter().map(Param::declared_oid).collect();
        let mut answers = Answers {
            began: begin.is_some(),
            ..Answers::default()
        };
        let begin_and_parse = |wire: &mut Wire| {
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            wire.start_parse("", sql, &types)
        };
        if binary {
            // Everything that can be wrong with a parameter is wrong before anything is sent.
            wire::check_parameters(params)?;
            self.queue(|wire| {
                begin_and_parse(wire)?;
                wire.start_describe_statement("")?;
                wire.start_flush();
                Ok(())
            })?;
            answers = self.described(answers, sql)?;
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
                wire.start_bind("", params, &formats)?;
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
            self.queue(|wire| {
                begin_and_parse(wire)?;
                wire.start_bind("", params, &[])?;
                wire.start_describe_portal()?;
                wire.start_execute(0, RowShape::Described)?;
                wire.start_sync();
                Ok(())
            })?;
        }
        let answers = self.finish(answers, sql)?;
        self.with_types(answers.reply()?)
    }

    /// Reads on until the statement has been described, or has failed, which is an error after Ready.
    fn described(&mut self, mut answers: Answers, sent: &str) -> Result<Answers> {
        loop {
            let event = self.next_event()?;
            let described = matches!(event, Event::Columns(_) | Event::NoData);
            if answers.take(self.channel()?, event, sent)? {
                self.settle(answers.failure.take())?;
                return Err(Error::protocol("an end where a description belongs"));
            }
            if described {
                return Ok(answers);
            }
        }
    }

    /// Runs a command of our own, such as COMMIT. Its command tag comes back.
    pub(super) fn command(&mut self, sql: &str) -> Result<String> {
        self.queue(|wire| wire.start_query(sql))?;
        let answers = self.finish(Answers::default(), sql)?;
        answers.reply().map(|reply| reply.tag)
    }
}

/// The columns, in the format they are asked for in.
pub(super) fn with_formats(columns: &[Column], catalog: &Catalog) -> Arc<[Column]> {
    columns
        .iter()
        .map(|column| Column {
            binary: catalog.has_binary(column.type_oid),
            ..column.clone()
        })
        .collect()
}

pub(super) fn empty_query() -> Error {
    Error::programming("can't execute an empty query")
}
