//! Running statements that may come again: by their prepared form, once they have one (`statements`).
//!
//! Nobody notices but by the time it takes. A prepared statement that has gone out of date under us (DDL of another
//! session, a DEALLOCATE in a function) fails before it runs; it is then run anew, unprepared, where nothing is lost by
//! that: outside a transaction, or in one that began with it. In the midst of a transaction the server has failed that
//! already, and the error says so.

use std::cell::Cell;
use std::sync::Arc;

use super::binding::{Arguments, Binder};
use super::catalog;
use super::cursor::ResultFormat;
use super::exchange::Answers;
use super::result::Reply;
use super::session::{Session, Status};
use super::statements::{Key, Known, Plan, Way};
use crate::error::{Error, Result, SqlState};
use crate::net::Heard;
use crate::types::{self, Dialect, Param};
use crate::wire::{Column, Event, RowShape, Step, Tag};

/// A statement that a cursor runs.
pub(super) struct Request<'a> {
    pub(super) sql: &'a str,
    pub(super) arguments: Option<Arguments<'a>>,
    /// The parameters with the types that setinputsizes gave them.
    pub(super) params: &'a [Param<'a>],
    pub(super) format: ResultFormat,
    pub(super) dialect: Dialect,
    /// Memory for a few rows.
    pub(super) room: Cell<Vec<u8>>,
}

impl Session {
    /// Runs a statement whose parameters, if it has any, travel apart. What is sent is kept in `binder`.
    pub(super) fn run(&mut self, binder: &mut Binder, request: &Request<'_>) -> Result<Reply> {
        let key = Key::new(
            request.sql,
            binder.style,
            request.arguments,
            request.params,
            request.dialect,
        );
        if let Some((plan, closings)) = binder.plan()
            && plan.is_for(&key, request.format)
            && self.statements.holds(plan, closings)
        {
            let plan = Arc::clone(plan);
            return self.run_planned(&plan, request);
        }
        self.run_looked_up(binder, request, &key)
    }

    /// Runs a statement by what is known of it.
    fn run_looked_up(
        &mut self,
        binder: &mut Binder,
        request: &Request<'_>,
        key: &Key<'_>,
    ) -> Result<Reply> {
        let hash = key.hash();
        let binary = request.format == ResultFormat::Binary;
        let (shape, way) = match self.statements.look(key, hash, request.format) {
            Known::Kept(shape, way) => (shape, way),
            Known::Once => {
                let shape = binder.shape(
                    request.sql,
                    request.arguments,
                    request.params,
                    request.dialect,
                )?;
                let ask = self.statements.keep(key, hash, shape.clone());
                (shape, Way::Plain { ask })
            }
            Known::New => return self.run_new(binder, request),
        };
        let (ask, name) = match way {
            Way::Prepared(plan) => match plan.or_else(|| self.plan(hash, request.format)) {
                Some(plan) => {
                    binder.keep_plan(&plan, self.statements.closings());
                    return self.run_planned(&plan, request);
                }
                None => (false, None),
            },
            Way::Prepare(name) => (false, Some(name)),
            Way::Plain { ask } => (ask, None),
        };
        binder.keep_shared(Arc::clone(&shape.sent));
        let ordered = shape.ordered(request.params);
        let params = ordered.as_deref().unwrap_or(request.params);
        match name {
            Some(name) => self.run_preparing(hash, name, shape.sql(), params, binary),
            // Without parameters it may be several statements.
            None if !ask && request.arguments.is_none() && !binary => self.run_simple(shape.sql()),
            None if !ask && !binary => self.run_at_once(shape.sql(), params, request.room.take()),
            None => {
                let answers = self.ask_extended("", shape.sql(), params, binary, ask)?;
                self.reply_to(answers)
            }
        }
    }

    /// Runs a statement of which nothing is known.
    fn run_new(&mut self, binder: &mut Binder, request: &Request<'_>) -> Result<Reply> {
        let Request {
            sql,
            arguments,
            params,
            ..
        } = *request;
        let order = binder.convert(sql, arguments, params, request.dialect)?;
        let binary = request.format == ResultFormat::Binary;
        match order {
            Some(order) => {
                let ordered = order.of(params);
                let params = ordered.as_deref().unwrap_or(params);
                match binary {
                    true => self.run_extended(binder.sql(), params, true),
                    false => self.run_at_once(binder.sql(), params, request.room.take()),
                }
            }
            None if binary => self.run_extended(binder.sql(), &[], true),
            None => self.run_simple(binder.sql()),
        }
    }

    /// How to run a prepared statement.
    #[cold]
    fn plan(&mut self, hash: u64, format: ResultFormat) -> Option<Arc<Plan>> {
        let choose = self.chooser(format);
        self.statements.plan(hash, format, choose)
    }

    /// Whether a column is to be asked for in binary format, once it is known.
    pub(super) fn chooser(&self, format: ResultFormat) -> impl Fn(&Column) -> bool + use<> {
        let catalog = Arc::clone(self.types.catalog());
        let styles = self.styles();
        move |column| match format {
            ResultFormat::Text => false,
            ResultFormat::Binary => catalog.has_binary(column.type_oid),
            ResultFormat::Auto => types::is_quicker_in_binary(column.type_oid, styles),
        }
    }

    /// What of values' text is as their binary form would be read.
    fn styles(&self) -> types::Styles {
        let setting = |name| {
            let channel = self.channel_ref()?;
            channel.wire_ref().parameter_status(name)
        };
        types::Styles {
            iso_dates: setting("DateStyle").is_some_and(|style| style.starts_with("ISO")),
            plain_intervals: setting("IntervalStyle") == Some("postgres"),
            exact_floats: self.statements.exact_floats(),
        }
    }

    /// Runs a statement and has the server keep it.
    fn run_preparing(
        &mut self,
        hash: u64,
        name: Arc<str>,
        sql: &str,
        params: &[Param<'_>],
        binary: bool,
    ) -> Result<Reply> {
        let outcome = self.ask_extended(&name, sql, params, binary, false);
        let outcome = outcome.and_then(|answers| self.conclude(answers));
        let reply = match outcome.and_then(Answers::reply) {
            Ok(reply) => reply,
            Err(error) => {
                // Whether it was prepared is not known.
                self.statements.drop_name(name);
                return Err(error);
            }
        };
        self.statements.prepared(hash, name, &reply);
        self.with_types(reply)
    }

    /// Runs a prepared statement.
    fn run_planned(&mut self, plan: &Plan, request: &Request<'_>) -> Result<Reply> {
        let ordered = plan.shape.ordered(request.params);
        let params = ordered.as_deref().unwrap_or(request.params);
        let begin = self.begin()?;
        let closing = self.statements.take_to_close();
        let shape = match &plan.columns {
            Some(columns) => RowShape::Known(columns.len() as u16),
            None => RowShape::None,
        };
        let queued = self.queue(|wire| {
            for name in &closing {
                wire.start_close_statement(name)?;
            }
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            wire.start_prepared(&plan.call, params, shape)
        });
        if queued.is_err() {
            // They have not been closed.
            closing
                .into_iter()
                .for_each(|name| self.statements.drop_name(name));
        }
        queued?;
        let mut reply = match self.next_answer()? {
            Heard::Answer(tag) => self.reply_of(plan, tag, request.room.take())?,
            Heard::Event(event) => {
                let binary = request.format == ResultFormat::Binary;
                match self.answer_from(event, plan, begin.as_ref())? {
                    Outcome::Reply(reply) => reply,
                    Outcome::Stale => return self.run_extended(plan.shape.sql(), params, binary),
                }
            }
        };
        if !plan.is_plain {
            self.add_types(&mut reply)?;
        }
        Ok(reply)
    }

    /// Draws the conclusions of an answer that came in one piece, as `receive_into` and `conclude_of` do.
    #[inline]
    fn reply_of(&mut self, plan: &Plan, tag: Tag, room: Vec<u8>) -> Result<Reply> {
        let rows = self.channel()?.wire().take_rows_into(room)?;
        if !tag.is_select() || plan.columns.is_none() {
            self.statements
                .saw(&tag, plan.columns.is_some(), plan.shape.sql());
            if catalog::changes_types(&tag) {
                self.types.forget();
            }
        }
        self.settle(None)?;
        Ok(Reply {
            columns: plan.columns.clone(),
            rows,
            tag,
            catalog: None,
        })
    }

    /// Takes in the answer to a prepared statement, event by event; `first` has come.
    #[cold]
    fn answer_from(
        &mut self,
        first: Event,
        plan: &Plan,
        begin: Option<&String>,
    ) -> Result<Outcome> {
        let sql = plan.shape.sql();
        let mut answers = Answers {
            columns: plan.columns.clone(),
            ..Answers::after(begin)
        };
        self.receive_from(first, &mut answers, sql)?;
        if let Some(error) = answers.failure.as_ref()
            && answers.failed_at == Some(Step::Before)
            && !answers.began
            && may_be_stale(error)
        {
            self.statements.forget(plan.hash);
            match self.status() {
                Status::Idle => return Ok(Outcome::Stale),
                Status::InError if begin.is_some() => {
                    self.command_unsettled("ROLLBACK")?;
                    return Ok(Outcome::Stale);
                }
                _ if is_stale(error) => {
                    answers.failure = answers.failure.map(|error| {
                        error.suffixed("\nThe statement was prepared before that, by libdbapi. It will be prepared anew when the transaction is run again.")
                    });
                }
                _ => {}
            }
        }
        self.conclude_of(&mut answers)?;
        answers.take_reply().map(Outcome::Reply)
    }
}

/// How a prepared statement ended.
enum Outcome {
    Reply(Reply),
    /// It was out of date, and nothing of it has run.
    Stale,
}

/// Whether the server says that a prepared statement is not there any more, or not what it was.
fn is_stale(error: &Error) -> bool {
    let state = error.sqlstate();
    state.is_some_and(|state| matches!(state.as_str(), "26000" | "0A000"))
}

/// Whether a statement may have failed because it was prepared before something changed. Then it fails in the same
/// way, unprepared, if it has not: nothing of it has run.
fn may_be_stale(error: &Error) -> bool {
    let class = |state: &SqlState| matches!(state.as_str().get(..2), Some("22" | "42"));
    is_stale(error) || error.sqlstate().as_ref().is_some_and(class)
}
