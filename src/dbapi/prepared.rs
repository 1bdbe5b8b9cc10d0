//! Running statements that may come again: by their prepared form, once they have one (`statements`).
//!
//! Nobody notices but by the time it takes. A prepared statement that has gone out of date under us (DDL of another
//! session, a DEALLOCATE in a function) fails before it runs; it is then run anew, unprepared, where nothing is lost by
//! that: outside a transaction, or in one that began with it. In the midst of a transaction the server has failed that
//! already, and the error says so.

use std::sync::Arc;

use super::binding::{Arguments, Binder};
use super::cursor::ResultFormat;
use super::exchange::Answers;
use super::result::Reply;
use super::session::{Session, Status};
use super::statements::{Key, Known, Plan, Shape, Way};
use crate::error::{Error, Result, SqlState};
use crate::types::{self, Dialect, Param};
use crate::wire::{Column, Event, RowShape};

/// A statement that a cursor runs.
pub(super) struct Request<'a> {
    pub(super) sql: &'a str,
    /// The plan whose text that is, if it is known to be one's.
    pub(super) again: Option<&'a Arc<Plan>>,
    pub(super) arguments: Option<Arguments<'a>>,
    /// The parameters with the types that setinputsizes gave them.
    pub(super) params: &'a [Param<'a>],
    pub(super) format: ResultFormat,
    pub(super) dialect: Dialect,
}

impl<'a> Request<'a> {
    /// What the statement is known by.
    #[inline(always)]
    pub(super) fn key(&self, binder: &Binder) -> Key<'a> {
        Key::new(
            self.sql,
            binder.style,
            self.arguments,
            self.params,
            self.dialect,
        )
    }
}

impl Session {
    /// Runs a statement whose parameters, if it has any, travel apart. What is sent is kept in `binder`, and what comes
    /// back takes the place of what `reply` was.
    pub(super) fn run(
        &mut self,
        binder: &mut Binder,
        request: &Request<'_>,
        reply: &mut Reply,
    ) -> Result<()> {
        let key = request.key(binder);
        if let Some((plan, closings)) = binder.plan() {
            let again = request.again.filter(|again| Arc::ptr_eq(plan, again));
            if plan.is_for(&key, request.format, again.is_some())
                && self.statements.holds(plan, closings)
            {
                return match again {
                    Some(plan) => self.run_planned(plan, request, reply),
                    None => self.run_planned(&Arc::clone(plan), request, reply),
                };
            }
        }
        self.run_looked_up(binder, request, &key, reply)
    }

    /// Runs a statement by what is known of it.
    fn run_looked_up(
        &mut self,
        binder: &mut Binder,
        request: &Request<'_>,
        key: &Key<'_>,
        reply: &mut Reply,
    ) -> Result<()> {
        let hash = key.hash();
        let binary = request.format == ResultFormat::Binary;
        let Some((shape, way)) = self.look(binder, request, key, hash)? else {
            return self.run_new(binder, request, reply);
        };
        let (ask, name) = match way {
            Way::Prepared(plan) => match plan.or_else(|| self.plan(hash, request.format)) {
                Some(plan) => {
                    binder.keep_plan(&plan, self.statements.closings());
                    return self.run_planned(&plan, request, reply);
                }
                None => (false, None),
            },
            Way::Prepare(name) => (false, Some(name)),
            Way::Plain { ask } => (ask, None),
        };
        binder.keep_shared(Arc::clone(&shape.sent));
        let ordered = shape.ordered(request.params);
        let params = ordered.as_deref().unwrap_or(request.params);
        *reply = match name {
            Some(name) => self.run_preparing(hash, name, shape.sql(), params, binary)?,
            // Without parameters it may be several statements.
            None if !ask && request.arguments.is_none() && !binary => {
                self.run_simple(shape.sql())?
            }
            None if !ask && !binary => return self.run_at_once(shape.sql(), params, reply),
            None => {
                let answers = self.ask_extended("", shape.sql(), params, binary, ask)?;
                self.reply_to(answers)?
            }
        };
        Ok(())
    }

    /// What is known of a statement, one use of which is now; `None`: nothing, or nothing is kept.
    pub(super) fn look(
        &mut self,
        binder: &mut Binder,
        request: &Request<'_>,
        key: &Key<'_>,
        hash: u64,
    ) -> Result<Option<(Shape, Way)>> {
        match self.statements.look(key, hash, request.format) {
            Known::Kept(shape, way) => Ok(Some((shape, way))),
            Known::Once => {
                let shape = binder.shape(
                    request.sql,
                    request.arguments,
                    request.params,
                    request.dialect,
                )?;
                let ask = self.statements.keep(key, hash, shape.clone());
                Ok(Some((shape, Way::Plain { ask })))
            }
            Known::New => Ok(None),
        }
    }

    /// Runs a statement of which nothing is known.
    fn run_new(
        &mut self,
        binder: &mut Binder,
        request: &Request<'_>,
        reply: &mut Reply,
    ) -> Result<()> {
        let Request {
            sql,
            arguments,
            params,
            ..
        } = *request;
        let order = binder.convert(sql, arguments, params, request.dialect)?;
        let binary = request.format == ResultFormat::Binary;
        *reply = match order {
            Some(order) => {
                let ordered = order.of(params);
                let params = ordered.as_deref().unwrap_or(params);
                if !binary {
                    return self.run_at_once(binder.sql(), params, reply);
                }
                self.run_extended(binder.sql(), params, true)?
            }
            None if binary => self.run_extended(binder.sql(), &[], true)?,
            None => self.run_simple(binder.sql())?,
        };
        Ok(())
    }

    /// How to run a prepared statement.
    #[cold]
    pub(super) fn plan(&mut self, hash: u64, format: ResultFormat) -> Option<Arc<Plan>> {
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
        let begins = self.begin()?.is_some();
        let outcome = self.ask_extended(&name, sql, params, binary, false);
        if let Ok(answers) = &outcome
            && answers.failure.as_ref().is_some_and(is_taken)
            && answers.failed_before_it_ran()
            && self.is_undone(begins, None)?
        {
            return self.run_extended(sql, params, binary);
        }
        let outcome = outcome.and_then(|answers| self.conclude(answers));
        let reply = match outcome.and_then(Answers::reply) {
            Ok(reply) => reply,
            Err(error) => {
                self.was_not_prepared(name, &error);
                return Err(error);
            }
        };
        self.statements.prepared(hash, name, &reply);
        self.with_types(reply)
    }

    /// A statement was to be prepared under this name, and failed: whether the server has it is not known.
    pub(super) fn was_not_prepared(&mut self, name: Arc<str>, error: &Error) {
        // What another has made stays.
        if !is_taken(error) {
            self.statements.drop_name(name);
        }
    }

    /// Whether nothing is left of a statement that failed before it ran, so that it can be run anew: outside of a
    /// transaction, and in one that `begins` with it or, by `undo`, with something else of ours. Else the transaction
    /// has failed.
    pub(super) fn is_undone(&mut self, begins: bool, undo: Option<&str>) -> Result<bool> {
        let undo = match self.status() {
            Status::Idle => return Ok(true),
            Status::InError if begins => Some("ROLLBACK"),
            Status::InError => undo,
            _ => None,
        };
        match undo {
            Some(undo) => {
                self.command_unsettled(undo)?;
                self.failure = None;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Runs a prepared statement.
    fn run_planned(&mut self, plan: &Plan, request: &Request<'_>, reply: &mut Reply) -> Result<()> {
        let ordered = plan.shape.ordered(request.params);
        let params = ordered.as_deref().unwrap_or(request.params);
        let begin = self.begin()?;
        let shape = match &plan.columns {
            Some(columns) => RowShape::Known(columns.len() as u16),
            None => RowShape::None,
        };
        if begin.is_none() && !self.statements.has_to_close() {
            self.channel()?
                .wire()
                .start_prepared(&plan.call, params, shape)?;
        } else {
            self.start_behind(begin.as_deref(), plan, params, shape)?;
        }
        match self.next_answer(reply)? {
            None => {
                if !same_columns(reply, plan) {
                    reply.columns = plan.columns.clone();
                }
                self.settle_whole(&reply.tag, plan.columns.is_some(), plan.shape.sql())?;
            }
            Some(event) => {
                let binary = request.format == ResultFormat::Binary;
                match self.answer_from(event, plan, begin.as_ref())? {
                    Outcome::Reply(answered) => *reply = answered,
                    Outcome::Stale => {
                        *reply = self.run_extended(plan.shape.sql(), params, binary)?;
                        return Ok(());
                    }
                }
            }
        }
        if !plan.is_plain {
            self.add_types(reply)?;
        }
        Ok(())
    }

    /// Queues a prepared statement behind what must go before it.
    fn start_behind(
        &mut self,
        begin: Option<&str>,
        plan: &Plan,
        params: &[Param<'_>],
        shape: RowShape,
    ) -> Result<()> {
        self.queue_with_closings(|wire| {
            if let Some(begin) = begin {
                wire.start_command_before(begin)?;
            }
            wire.start_prepared(&plan.call, params, shape)
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
        if answers.failure.as_ref().is_some_and(may_be_stale) && answers.failed_before_it_ran() {
            self.statements.forget(plan.hash);
            if self.is_undone(begin.is_some(), None)? {
                return Ok(Outcome::Stale);
            }
            answers.failure = answers.failure.map(explained);
        }
        self.conclude_of(&mut answers)?;
        answers.take_reply().map(Outcome::Reply)
    }
}

/// Whether a reply has a plan's columns, from the last time.
#[inline]
fn same_columns(reply: &Reply, plan: &Plan) -> bool {
    match (&reply.columns, &plan.columns) {
        (Some(known), Some(columns)) => Arc::ptr_eq(known, columns),
        (known, columns) => known.is_none() && columns.is_none(),
    }
}

/// How a prepared statement ended.
enum Outcome {
    Reply(Reply),
    /// It was out of date, and nothing of it has run.
    Stale,
}

/// The error of a statement that may be out of date, with what that means.
pub(super) fn explained(error: Error) -> Error {
    if !is_stale(&error) {
        return error;
    }
    error.suffixed("\nThe statement was prepared before that, by libdbapi. It will be prepared anew when the transaction is run again.")
}

/// Whether the server says that a prepared statement is not there any more, or not what it was.
fn is_stale(error: &Error) -> bool {
    let state = error.sqlstate();
    state.is_some_and(|state| matches!(state.as_str(), "26000" | "0A000"))
}

/// Whether the server says that the name of a prepared statement is another's.
pub(super) fn is_taken(error: &Error) -> bool {
    let state = error.sqlstate();
    state.is_some_and(|state| state.as_str() == "42P05")
}

/// Whether a statement may have failed because it was prepared before something changed. Then it fails in the same
/// way, unprepared, if it has not: nothing of it has run.
pub(super) fn may_be_stale(error: &Error) -> bool {
    let class = |state: &SqlState| matches!(state.as_str().get(..2), Some("22" | "42"));
    is_stale(error) || error.sqlstate().as_ref().is_some_and(class)
}
