//! `executemany`: Bind and Execute for each row in one pipeline, with one Sync at its end.
//!
//! The pipeline is bounded: what waits to be sent is sent before more is queued, and the server is heard
//! while it is. With autocommit on, the one Sync makes one implicit transaction of all rows (manual, 55.2.4):
//! all of them happen, or none. Where the client binds, each row is a statement of its own in the pipeline.

use super::binding::{Arguments, Binder, Binding, apply_sizes, check_sizes};
use super::exchange::{self, Answers};
use super::placeholder::Names;
use super::session::Session;
use crate::error::Result;
use crate::types::{Dialect, Param};
use crate::wire::{self, Event, RowShape};

/// How much may wait to be sent before it is sent.
const MOST_WAITING: usize = 64 << 10;

/// Rows of parameters, each as wide as `width`.
pub(crate) trait RowSource {
    /// How many rows.
    fn rows(&self) -> usize;
    /// How many parameters a row has.
    fn width(&self) -> usize;
    /// Their names, if they go by name; one for each.
    fn names(&self) -> Option<&[&str]>;
    /// Appends the parameters of row `row`, from 0. An error says which of them, counted from 1, is not a value.
    fn read<'a>(&'a self, row: usize, params: &mut Vec<Param<'a>>) -> Result<()>;
}

/// Runs `sql` for each row. The sum of the rows affected comes back, or -1 if no command counted any.
pub(super) fn run(
    session: &mut Session,
    binder: &mut Binder,
    sql: &str,
    rows: &dyn RowSource,
    sizes: &[u32],
    dialect: Dialect,
) -> Result<i64> {
    let sent_before = binder.forget();
    if rows.rows() == 0 && rows.width() == 0 {
        // How wide no rows are, nobody can say.
        binder.keep(sent_before)?;
        return Ok(0);
    }
    check_sizes(sizes, rows.width())?;
    // Also where literals are sent: it says whether placeholders and parameters match.
    let names = match rows.names() {
        Some(names) => Names::Named(names),
        None => Names::Positional(rows.width()),
    };
    let (numbered, order) = binder.numbered(sql, names, dialect)?;
    let mut source = Source {
        binder,
        template: sql,
        sql: numbered,
        order: (!order.iter().copied().eq(0..rows.width())).then_some(order),
        rows,
        sizes,
        dialect,
    };
    let mut params = Vec::with_capacity(rows.width());
    // A row that cannot be sent is met before any is, so that none has happened.
    for row in 0..rows.rows() {
        source
            .read(row, &mut params)
            .and_then(|()| source.check(&params))
            .map_err(|error| error.in_row(row as u64))?;
    }
    if rows.rows() == 0 {
        binder.keep(sent_before)?;
        return Ok(0);
    }
    let outcome = send_all(session, &mut source, params);
    let sql = source.sql;
    binder.keep(sql)?;
    outcome
}

/// Sends all rows and reads all answers.
fn send_all<'r>(
    session: &mut Session,
    source: &mut Source<'r>,
    mut params: Vec<Param<'r>>,
) -> Result<i64> {
    let begin = session.begin()?;
    let mut pipeline = Pipeline {
        begin: begin.as_deref(),
        types: None,
        answers: Answers {
            began: begin.is_some(),
            ..Answers::default()
        },
        done: 0,
        count: -1,
        affected: None,
        failed_row: None,
    };
    let outcome = pipeline.send(session, source, &mut params);
    let local = match outcome {
        Ok(()) => None,
        Err(error) if error.breaks_connection() => return Err(error),
        // Refused before it was written: the server still waits for a Sync.
        Err(error) => Some(error),
    };
    pipeline.receive_rest(session, source)?;
    let mut answers = pipeline.answers;
    answers.failure = answers.failure.map(|error| match pipeline.failed_row {
        Some(row) => error.in_row(row),
        None => error,
    });
    let answers = session.conclude(answers)?;
    match local {
        Some(error) => Err(error),
        None if answers.empty => Err(exchange::empty_query()),
        None => Ok(pipeline.affected.unwrap_or(-1)),
    }
}

/// The rows, and the statement that each of them is sent with.
struct Source<'a> {
    binder: &'a Binder,
    /// With placeholders.
    template: &'a str,
    /// As it was sent last; with numbers for parameters until then.
    sql: String,
    /// Which of a row's parameters each `$n` is, unless they are as they come.
    order: Option<Vec<usize>>,
    rows: &'a dyn RowSource,
    sizes: &'a [u32],
    dialect: Dialect,
}

impl<'a> Source<'a> {
    fn read(&self, row: usize, params: &mut Vec<Param<'a>>) -> Result<()> {
        params.clear();
        self.rows.read(row, params)?;
        apply_sizes(params, self.sizes);
        if let Some(order) = &self.order
            && !self.binds()
        {
            // Behind the row, which then goes.
            let width = params.len();
            for &index in order {
                params.extend(params.get(index).copied());
            }
            params.drain(..width);
        }
        Ok(())
    }

    fn binds(&self) -> bool {
        self.binder.binding == Binding::Client
    }

    /// Whether a row can be sent.
    fn check(&self, params: &[Param<'_>]) -> Result<()> {
        if self.binds() {
            self.literal(params).map(drop)
        } else {
            wire::check_parameters(params)
        }
    }

    fn literal(&self, params: &[Param<'_>]) -> Result<String> {
        let arguments = match self.rows.names() {
            Some(names) => Arguments::Named(names, params),
            None => Arguments::Positional(params),
        };
        self.binder
            .literal(self.template, Some(arguments), self.dialect)
    }
}

struct Pipeline<'a> {
    /// What begins a transaction, if it must.
    begin: Option<&'a str>,
    /// The parameter types that the statement is prepared with, once it is.
    types: Option<Vec<u32>>,
    answers: Answers,
    /// Rows that have been answered.
    done: u64,
    /// How many rows the last command that ended says it affected, or -1.
    count: i64,
    affected: Option<i64>,
    failed_row: Option<u64>,
}

impl Pipeline<'_> {
    fn send<'r>(
        &mut self,
        session: &mut Session,
        source: &mut Source<'r>,
        params: &mut Vec<Param<'r>>,
    ) -> Result<()> {
        for row in 0..source.rows.rows() {
            source.read(row, params)?;
            if source.binds() {
                source.sql = source.literal(params)?;
                params.clear();
                self.types = None;
            }
            let prepare = !self.is_prepared_for(params);
            if prepare {
                self.types = Some(params.iter().map(Param::declared_oid).collect());
            }
            let types = self.types.as_deref().unwrap_or_default();
            session
                .queue(|wire| {
                    if row == 0
                        && let Some(begin) = self.begin
                    {
                        wire.start_command_before(begin)?;
                    }
                    if prepare {
                        wire.start_parse("", &source.sql, types)?;
                    }
                    wire.start_bind("", params, &[])?;
                    wire.start_execute(0, RowShape::Counted)
                })
                .map_err(|error| error.in_row(row as u64))?;
            if session.channel()?.wire().poll_transmit().len() >= MOST_WAITING {
                while let Some(event) = session.send_or_event()? {
                    self.take(session, event, source)?;
                }
                if self.answers.failure.is_some() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether the prepared statement's types are those that these parameters would have. A NULL is any.
    fn is_prepared_for(&self, params: &[Param<'_>]) -> bool {
        self.types.as_ref().is_some_and(|types| {
            types
                .iter()
                .zip(params)
                .all(|(&oid, param)| param.declared_oid() == oid || param.is_untyped_null())
        })
    }

    /// Ends the pipeline and reads the answers to their end.
    fn receive_rest(&mut self, session: &mut Session, source: &Source<'_>) -> Result<()> {
        // After a failure the Sync is there already: the server skips to it.
        if self.answers.failure.is_none() {
            session.channel()?.wire().start_sync();
        }
        loop {
            let event = session.next_event()?;
            if self.take(session, event, source)? {
                return Ok(());
            }
        }
    }

    fn take(&mut self, session: &mut Session, event: Event, source: &Source<'_>) -> Result<bool> {
        let failed = self.answers.failure.is_some();
        // They came before the event.
        let repeats = session.channel()?.wire().take_repeats();
        self.completed(repeats);
        if let Event::Complete(tag) = &event
            && !self.answers.began
        {
            self.count = tag.count();
            self.completed(1);
            // Whether it had a result was not asked: what says SELECT may have made a table.
            session.statements.saw(tag, false, source.template);
        }
        let over = self.answers.take(session.channel()?, event, &source.sql)?;
        if !failed && self.answers.failure.is_some() && !self.answers.began {
            self.failed_row = Some(self.done);
        }
        Ok(over)
    }

    /// Counts rows that have been answered, each as the last command that ended.
    fn completed(&mut self, rows: u64) {
        self.done += rows;
        if self.count >= 0 && rows > 0 {
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            let affected = self.affected.unwrap_or(0);
            self.affected = Some(affected.saturating_add(self.count.saturating_mul(rows)));
        }
    }
}
