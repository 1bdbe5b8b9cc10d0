//! How a streamed result begins: what is sent, and what must be known before it is.
//!
//! While rows come, nothing can be asked: so what the columns are is known before they are sent. A statement is
//! described first, one round trip of its own, until it is prepared (`statements`).

use std::sync::Arc;

use super::super::binding::Binder;
use super::super::cursor::ResultFormat;
use super::super::exchange::{Answers, with_chosen_formats};
use super::super::lexer;
use super::super::prepared::{Request, explained, is_taken, may_be_stale};
use super::super::probe;
use super::super::result::Reply;
use super::super::session::{Session, Status};
use super::super::statements::{Plan, Way};
use super::{Beginning, More, Stream, Token, UNDO};
use crate::error::{Error, Result};
use crate::types::Param;
use crate::wire::{self, Column, Event, RowShape, Rows, Wire};

const SAVEPOINT: &str = "SAVEPOINT dbapi_stream";
const RELEASE: &str = "RELEASE SAVEPOINT dbapi_stream";

/// What is to be done for the next uses of a statement, beside running it.
#[derive(Default)]
pub(in super::super) struct Kept {
    /// It is kept under this hash, and the server is to keep it under this name.
    prepare: Option<(u64, Arc<str>)>,
    /// It may be prepared soon: then it must be known whether that can be.
    ask: bool,
}

/// What goes around a streamed statement.
struct Frame {
    begin: Option<String>,
    /// It changes nothing, so that it may be cancelled.
    harmless: bool,
    /// It has a savepoint around it, for that.
    savepoint: bool,
}

impl Frame {
    /// How many command tags of ours come before the statement's own.
    fn before(&self) -> u32 {
        u32::from(self.begin.is_some()) + u32::from(self.savepoint)
    }

    /// What takes back the statement and keeps the transaction, if anything does.
    fn undo(&self) -> Option<&'static str> {
        self.savepoint.then_some(UNDO)
    }

    fn open(&self, wire: &mut Wire) -> Result<()> {
        if let Some(begin) = &self.begin {
            wire.start_command_before(begin)?;
        }
        if self.savepoint {
            wire.start_command_before(SAVEPOINT)?;
        }
        Ok(())
    }

    /// Bind, Execute and Sync, of the statement of this name.
    fn run(
        &self,
        wire: &mut Wire,
        name: &str,
        params: &[Param<'_>],
        columns: Option<&[Column]>,
    ) -> Result<()> {
        let formats: Vec<i16> = columns
            .iter()
            .flat_map(|columns| columns.iter())
            .map(|column| i16::from(column.binary))
            .collect();
        let shape = match columns {
            Some(columns) => RowShape::Known(columns.len() as u16),
            None => RowShape::None,
        };
        wire.start_bind(name, params, &formats)?;
        wire.start_execute(0, shape)?;
        if self.savepoint {
            wire.start_command_before(RELEASE)?;
        }
        wire.start_sync();
        Ok(())
    }
}

impl Session {
    /// Runs one statement whose parameters, if it has any, travel apart, and receives its first rows. What is sent is
    /// kept in `binder`.
    pub(in super::super) fn stream(
        &mut self,
        binder: &mut Binder,
        request: &Request<'_>,
    ) -> Result<Beginning> {
        let key = request.key(binder);
        let hash = key.hash();
        let format = request.format;
        let Some((shape, way)) = self.look(binder, request, &key, hash)? else {
            let order = binder.convert(
                request.sql,
                request.arguments,
                request.params,
                request.dialect,
            )?;
            let ordered = order.and_then(|order| order.of(request.params));
            let params = ordered.as_deref().unwrap_or(request.params);
            return self.start_stream(binder.shared(), params, format, Kept::default());
        };
        binder.keep_shared(Arc::clone(&shape.sent));
        let ordered = shape.ordered(request.params);
        let params = ordered.as_deref().unwrap_or(request.params);
        let mut kept = Kept::default();
        match way {
            Way::Prepared(plan) => {
                let plan = plan.or_else(|| self.plan(hash, format));
                let streamed = plan.map(|plan| self.stream_planned(&plan, params));
                if let Some(beginning) = streamed.transpose()?.flatten() {
                    return Ok(beginning);
                }
            }
            Way::Prepare(name) => kept.prepare = Some((hash, name)),
            Way::Plain { ask } => kept.ask = ask,
        }
        self.start_stream(shape.sent, params, format, kept)
    }

    /// Runs one statement, described first, and receives its first rows. `sent` has a NUL behind it.
    pub(in super::super) fn start_stream(
        &mut self,
        sent: Arc<str>,
        params: &[Param<'_>],
        format: ResultFormat,
        Kept { prepare, ask }: Kept,
    ) -> Result<Beginning> {
        let name = prepare.as_ref().map(|(_, name)| Arc::clone(name));
        let name = name.as_deref().unwrap_or("");
        let sql: &str = sent.strip_suffix('\0').unwrap_or(&sent);
        wire::check_parameters(params)?;
        let types: Vec<u32> = params.iter().map(Param::declared_oid).collect();
        // How floats are written decides how they are asked for.
        let asks = (format == ResultFormat::Auto || ask)
            && self.statements.wants_probe()
            && self.status() == Status::Idle;
        if ask && !asks && self.statements.wants_probe() && self.status() == Status::InTransaction {
            // On its own: should it fail, nothing else has to.
            self.queue(|wire| wire.start_query(probe::question(true)))?;
            self.receive_probe(true)?;
        }
        let frame = self.frame(sql)?;
        let mut before = frame.before();
        self.queue_with_closings(|wire| {
            if asks {
                wire.start_query(probe::question(false))?;
            }
            frame.open(wire)?;
            start_describing(wire, name, sql, &types)
        })?;
        if asks {
            self.receive_probe(true)?;
        }
        let described = self.describe_stream(sql, &mut before);
        if let Some((hash, name)) = prepare {
            match &described {
                Ok(columns) => self.statements.described(hash, name, columns.clone()),
                Err(error) => {
                    self.was_not_prepared(name, error);
                    if is_taken(error)
                        && before == 0
                        && self.is_undone(frame.begin.is_some(), frame.undo())?
                    {
                        return self.start_stream(sent, params, format, Kept::default());
                    }
                }
            }
        }
        let mut columns = described?;
        if columns.as_ref().is_some_and(|columns| !self.knows(columns)) {
            // What they are is asked for while nothing else is under way.
            self.queue(|wire| {
                wire.start_sync();
                Ok(())
            })?;
            self.wait_for_ready()?;
            self.learn_types(&columns)?;
            if name.is_empty() {
                // It is gone with the question.
                self.queue(|wire| start_describing(wire, "", sql, &types))?;
                columns = self.describe_stream(sql, &mut before)?;
            }
        }
        let binary = self.chooser(format);
        let columns = columns.map(|columns| with_chosen_formats(&columns, binary));
        let queued = self.queue(|wire| frame.run(wire, name, params, columns.as_deref()));
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
        let token = self.open_stream(&frame, before, Arc::clone(&sent), columns.clone());
        let more = self.receive_stream()?;
        Ok(self.beginning(columns, more, token))
    }

    /// Runs a prepared statement, and receives its first rows. `None`: it was out of date, nothing of it has run, and
    /// it can be run anew.
    fn stream_planned(&mut self, plan: &Plan, params: &[Param<'_>]) -> Result<Option<Beginning>> {
        let columns = &plan.columns;
        if columns.as_ref().is_some_and(|columns| !self.knows(columns)) {
            self.learn_types(columns)?;
        }
        let frame = self.frame(plan.shape.sql())?;
        self.queue_with_closings(|wire| {
            frame.open(wire)?;
            frame.run(wire, &plan.name, params, columns.as_deref())
        })?;
        let sent = Arc::clone(&plan.shape.sent);
        let token = self.open_stream(&frame, frame.before(), sent, columns.clone());
        let received = self.receive_rows_or_end();
        if matches!(received, Ok(None)) && self.gives_up(plan, &frame)? {
            return Ok(None);
        }
        let more = self.more_or_end(received)?;
        Ok(Some(self.beginning(columns.clone(), more, token)))
    }

    fn frame(&self, sql: &str) -> Result<Frame> {
        let begin = self.begin()?;
        let harmless = lexer::only_selects(sql);
        let in_transaction = begin.is_some() || self.status() == Status::InTransaction;
        Ok(Frame {
            begin,
            harmless,
            savepoint: harmless && in_transaction,
        })
    }

    fn learn_types(&mut self, columns: &Option<Arc<[Column]>>) -> Result<()> {
        self.add_types(&mut Reply {
            columns: columns.clone(),
            ..Reply::default()
        })
    }

    /// From now on a result is open.
    fn open_stream(
        &mut self,
        frame: &Frame,
        before: u32,
        sent: Arc<str>,
        columns: Option<Arc<[Column]>>,
    ) -> Arc<Token> {
        let token = Arc::new(Token::default());
        self.stream = Some(Box::new(Stream {
            token: Arc::clone(&token),
            answers: Answers {
                columns,
                ..Answers::default()
            },
            before,
            tag: None,
            savepoint: frame.savepoint,
            harmless: frame.harmless,
            overdue: None,
            sent,
        }));
        token
    }

    fn beginning(
        &self,
        columns: Option<Arc<[Column]>>,
        first: More,
        token: Arc<Token>,
    ) -> Beginning {
        let (rows, tag) = match first {
            More::Rows(rows) => (rows, None),
            More::End(tag) => (Rows::default(), Some(tag)),
        };
        Beginning {
            catalog: columns.as_ref().map(|_| Arc::clone(self.types.catalog())),
            columns,
            rows,
            tag,
            token,
        }
    }

    /// Whether the open result, whose answers are complete, is one of a statement that was out of date and can be run
    /// anew, unprepared: then it is not open any more, and the transaction is as it was.
    fn gives_up(&mut self, plan: &Plan, frame: &Frame) -> Result<bool> {
        let Some(mut stream) = self.stream.take() else {
            return Ok(false);
        };
        let failure = stream.answers.failure.as_ref();
        let failed_before_it_ran = stream.before == 0 && stream.answers.failed_before_it_ran();
        if failed_before_it_ran && failure.is_some_and(may_be_stale) {
            self.statements.forget(plan.hash);
            if self.is_undone(frame.begin.is_some(), frame.undo())? {
                return Ok(true);
            }
            stream.answers.failure = stream.answers.failure.map(explained);
        }
        self.stream = Some(stream);
        Ok(false)
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
}

/// Parse and Describe, and a Flush, so that they are answered.
fn start_describing(wire: &mut Wire, name: &str, sql: &str, types: &[u32]) -> Result<()> {
    wire.start_parse(name, sql, types)?;
    wire.start_describe_statement(name)?;
    wire.start_flush();
    Ok(())
}
