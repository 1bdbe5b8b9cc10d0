//! A cursor (SEMANTICS, "Cursor"): runs statements on its connection, and hands out the rows of the last.
//!
//! A client-side cursor's rows were all received by `execute`; fetching (`fetch`) touches neither the connection
//! nor its lock. A named cursor's rows stay on the server (`server_cursor`).

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::Arc;
use std::time::Duration;

use super::binding::{Arguments, Binder, Binding};
use super::connection::{self, Connection};
use super::exchange;
use super::executemany::{self, RowSource};
use super::lexer;
use super::placeholder::ParamStyle;
use super::prepared::Request;
use super::result::{Reply, ResultSet};
use super::server_cursor::{Declaration, ServerCursor};
use super::statements::Plan;
use super::stream::{Kept, Token};
use crate::error::{Error, Result};
use crate::types::Catalog;
use crate::wire::Column;

/// In which format results are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultFormat {
    /// PostgreSQL's text form.
    Text,
    /// The binary form, for types that this library reads in it; one more round trip.
    Binary,
    /// Whatever is quicker.
    Auto,
}

/// A cursor. Not shared between threads: whoever holds it takes turns.
pub(crate) struct Cursor {
    pub(super) connection: Arc<Connection>,
    pub(super) server: Option<ServerCursor>,
    pub(super) result: Option<Box<ResultSet>>,
    /// A result before that one, whose rows the last block still shows.
    pub(super) earlier: Option<Box<ResultSet>>,
    /// The results to come, for `next_set`.
    pub(super) later: VecDeque<Reply>,
    all_results: bool,
    /// Whether rows are to be received as they are fetched.
    stream: bool,
    /// The streamed result that is open, and what its rows ended with that were fetched so far.
    pub(super) token: Option<Arc<Token>>,
    pub(super) stream_failure: Option<Error>,
    /// The result is streamed, be it that it has ended.
    pub(super) streamed: bool,
    /// Of an executemany, or of a statement whose rows are gone.
    pub(super) row_count: i64,
    array_size: usize,
    pub(super) iter_size: usize,
    pub(super) format: ResultFormat,
    pub(super) binder: Binder,
    /// What a call may take; `None`: what its connection says.
    timeout: Option<Option<Duration>>,
    closed: bool,
}

impl Cursor {
    /// A fresh cursor; on the server if `declaration` names one.
    pub(crate) fn new(
        connection: Arc<Connection>,
        declaration: Option<Declaration>,
    ) -> Result<Cursor> {
        connection.check_open()?;
        Ok(Cursor {
            connection,
            server: declaration.map(ServerCursor::new).transpose()?,
            result: None,
            earlier: None,
            later: VecDeque::new(),
            all_results: false,
            stream: false,
            token: None,
            stream_failure: None,
            streamed: false,
            row_count: -1,
            array_size: 1,
            iter_size: 2000,
            format: ResultFormat::Auto,
            binder: Binder::new(),
            timeout: None,
            closed: false,
        })
    }

    /// Whether `check_open` finds nothing wrong.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.closed && self.connection.is_open()
    }

    pub(super) fn check_open(&self) -> Result<()> {
        if self.closed {
            return Err(Error::interface("the cursor is already closed"));
        }
        self.connection.check_open()
    }

    /// The last statement, if it is known how to run it again.
    #[inline]
    pub(crate) fn last(&self) -> Option<Last> {
        let (plan, _) = self.binder.plan()?;
        Some(Last(Arc::clone(plan)))
    }

    /// PEP 249's execute of the text of the last statement.
    #[inline]
    pub(crate) fn execute_again(
        &mut self,
        last: &Last,
        arguments: Option<Arguments<'_>>,
    ) -> Result<()> {
        self.execute_as(last.sql(), Some(&last.0), arguments)
    }

    /// PEP 249's execute. `None`: `sql` is sent as it is, and may hold several statements.
    pub(crate) fn execute(&mut self, sql: &str, arguments: Option<Arguments<'_>>) -> Result<()> {
        self.execute_as(sql, None, arguments)
    }

    /// The same, where `again` is the plan whose text `sql` is, if it is one's.
    fn execute_as(
        &mut self,
        sql: &str,
        again: Option<&Arc<Plan>>,
        arguments: Option<Arguments<'_>>,
    ) -> Result<()> {
        if !self.is_open() {
            self.check_open()?;
        }
        let sizes = self.binder.take_sizes();
        if let Some(server) = &self.server {
            server.check_unused()?;
        }
        if self.token.is_some() || self.stream_failure.is_some() {
            self.end_stream()?;
        }
        let mut result = self.result.take().unwrap_or_default();
        result.forget();
        self.forget_result();
        if again.is_none() && lexer::is_blank(sql) {
            return Err(exchange::empty_query());
        }
        if self.stream {
            return self.execute_streamed(sql, arguments, &sizes);
        }
        let binary = self.format == ResultFormat::Binary;
        let timeout = self.time_for_a_call();
        let server = self.server.as_mut();
        let later = self.all_results.then_some(&mut self.later);
        let format = self.format;
        let (connection, binder) = (&self.connection, &mut self.binder);
        // Statements that come again are known by what is the same each time: not by literals, nor by a cursor's name.
        let apart = binder.has_one_text(arguments);
        let reply = &mut result.reply;
        connection.command(timeout, |session| {
            if apart && server.is_none() && (arguments.is_some() || later.is_none()) {
                let params = binder.sized(arguments, &sizes)?;
                let request = Request {
                    sql,
                    again,
                    arguments,
                    params: &params,
                    format,
                    dialect: connection.dialect(),
                };
                return session.run(binder, &request, reply);
            }
            let head = server.as_ref().map(|server| server.head());
            let head = head.as_deref().unwrap_or("");
            let params = binder.prepare(head, sql, arguments, &sizes, connection.dialect())?;
            let sql = binder.sql();
            *reply = match (server, params.as_deref()) {
                (Some(server), params) => server.declare(session, sql, params)?,
                (None, Some(params)) => session.run_extended(sql, params, binary)?,
                (None, None) if binary => session.run_extended(sql, &[], true)?,
                (None, None) => match later {
                    Some(later) => session.run_all(sql, later)?,
                    None => session.run_simple(sql)?,
                },
            };
            Ok(())
        })?;
        result.begin();
        self.row_count = result.row_count;
        self.result = Some(result);
        Ok(())
    }

    fn execute_streamed(
        &mut self,
        sql: &str,
        arguments: Option<Arguments<'_>>,
        sizes: &[u32],
    ) -> Result<()> {
        if self.all_results {
            return Err(Error::programming(
                "a cursor that keeps all results cannot stream one",
            ));
        }
        let (timeout, format) = (self.time_for_a_call(), self.format);
        let (connection, binder) = (&self.connection, &mut self.binder);
        let beginning = connection.command(timeout, |session| {
            if !binder.has_one_text(arguments) {
                binder.prepare("", sql, arguments, sizes, connection.dialect())?;
                return session.start_stream(binder.shared(), &[], format, Kept::default());
            }
            let params = binder.sized(arguments, sizes)?;
            let request = Request {
                sql,
                again: None,
                arguments,
                params: &params,
                format,
                dialect: connection.dialect(),
            };
            session.stream(binder, &request)
        })?;
        let ended = beginning.tag.is_some();
        let mut result = ResultSet::new(Reply {
            columns: beginning.columns,
            rows: beginning.rows,
            tag: beginning.tag.unwrap_or_default(),
            catalog: beginning.catalog,
        });
        if !ended {
            result.row_count = -1;
            self.token = Some(beginning.token);
        }
        self.streamed = true;
        self.row_count = result.row_count;
        self.result = Some(result);
        Ok(())
    }

    /// Ends the streamed result that is open, if one is.
    fn end_stream(&mut self) -> Result<()> {
        self.stream_failure = None;
        let Some(token) = self.token.take() else {
            return Ok(());
        };
        if self.connection.check_open().is_err() {
            return Ok(());
        }
        let timeout = self.time_for_a_call();
        self.connection
            .command_of_stream(timeout, |session| session.close_stream(&token))
    }

    /// Whether results are streamed.
    pub(crate) fn stream(&self) -> bool {
        self.stream
    }

    /// Sets whether results are streamed, from the next execute on.
    pub(crate) fn set_stream(&mut self, stream: bool) -> Result<()> {
        self.check_open()?;
        if stream && self.server.is_some() {
            return Err(Error::programming(
                "a named cursor cannot stream: its rows come when they are fetched in any case",
            ));
        }
        self.stream = stream;
        Ok(())
    }

    /// PEP 249's executemany: `sql` once for each row of parameters, in one pipeline.
    pub(crate) fn execute_many(&mut self, sql: &str, rows: &dyn RowSource) -> Result<()> {
        self.check_open()?;
        let sizes = self.binder.take_sizes();
        if self.server.is_some() {
            return Err(Error::programming(
                "executemany cannot be called on a named cursor",
            ));
        }
        self.end_stream()?;
        self.forget_result();
        if lexer::is_blank(sql) {
            return Err(exchange::empty_query());
        }
        let timeout = self.time_for_a_call();
        let (connection, binder) = (&self.connection, &mut self.binder);
        self.row_count = connection.command(timeout, |session| {
            executemany::run(session, binder, sql, rows, &sizes, connection.dialect())
        })?;
        Ok(())
    }

    /// psycopg2's mogrify: `sql` with its parameters as literals, in the dialect that the connection had at
    /// the end of its last command. Talks to nobody and waits for nobody.
    pub(crate) fn mogrify(&self, sql: &str, arguments: Option<Arguments<'_>>) -> Result<String> {
        self.check_open()?;
        if sql.is_empty() {
            return Err(exchange::empty_query());
        }
        self.binder
            .literal(sql, arguments, self.connection.dialect())
    }

    /// Who binds parameters.
    pub(crate) fn binding(&self) -> Binding {
        self.binder.binding
    }

    /// Sets who binds parameters, from the next call on.
    pub(crate) fn set_binding(&mut self, binding: Binding) -> Result<()> {
        self.check_open()?;
        self.binder.binding = binding;
        Ok(())
    }

    /// What placeholders look like.
    pub(crate) fn param_style(&self) -> ParamStyle {
        self.binder.style
    }

    /// Sets what placeholders look like, from the next call on.
    pub(crate) fn set_param_style(&mut self, style: ParamStyle) -> Result<()> {
        self.check_open()?;
        self.binder.style = style;
        Ok(())
    }

    /// PEP 249's setinputsizes: types for the parameters of the next execute or executemany.
    pub(crate) fn set_input_sizes(&mut self, oids: &[u32]) -> Result<()> {
        self.check_open()?;
        self.binder.set_sizes(oids);
        Ok(())
    }

    /// PEP 249's setoutputsize, which has nothing to do here.
    pub(crate) fn set_output_size(&mut self) -> Result<()> {
        self.check_open()
    }

    /// The last statement as it was sent.
    pub(crate) fn query(&self) -> Option<&CStr> {
        self.binder.sent()
    }

    fn forget_result(&mut self) {
        self.result = None;
        self.earlier = None;
        if !self.later.is_empty() {
            self.later.clear();
        }
        self.row_count = -1;
        self.streamed = false;
    }

    /// The columns of the result; `None` without one.
    pub(crate) fn columns(&self) -> Option<&Arc<[Column]>> {
        self.result
            .as_ref()
            .and_then(|result| result.reply.columns.as_ref())
    }

    /// What the types of the result's columns are made of.
    pub(crate) fn catalog(&self) -> &Catalog {
        self.result
            .as_ref()
            .map_or(Catalog::EMPTY, |result| result.catalog())
    }

    /// Rows produced or affected, or -1.
    pub(crate) fn row_count(&self) -> i64 {
        self.row_count
    }

    /// The last statement's command tag.
    pub(crate) fn status_message(&self) -> Option<&CStr> {
        let ended = self.result.as_ref().filter(|_| self.token.is_none());
        ended.map(|result| result.reply.tag.as_c_str())
    }

    /// How many rows `fetchmany` gives unless told.
    pub(crate) fn array_size(&self) -> usize {
        self.array_size
    }

    /// Sets what `array_size` gives.
    pub(crate) fn set_array_size(&mut self, size: usize) -> Result<()> {
        self.check_open()?;
        if size == 0 {
            return Err(Error::programming("arraysize must be at least 1"));
        }
        self.array_size = size;
        Ok(())
    }

    /// How many rows iteration over a named cursor asks the server for at a time.
    pub(crate) fn iter_size(&self) -> usize {
        self.iter_size
    }

    /// Sets what `iter_size` gives.
    pub(crate) fn set_iter_size(&mut self, size: usize) -> Result<()> {
        self.check_open()?;
        if size == 0 {
            return Err(Error::programming("itersize must be at least 1"));
        }
        self.iter_size = size;
        Ok(())
    }

    /// Whether every result of several statements is kept.
    pub(crate) fn all_results(&self) -> bool {
        self.all_results
    }

    /// Sets whether every result of several statements is kept, from the next execute on.
    pub(crate) fn set_all_results(&mut self, all: bool) -> Result<()> {
        self.check_open()?;
        self.all_results = all;
        Ok(())
    }

    /// What it is declared as on the server; `None`: it is not a named cursor.
    pub(crate) fn declaration(&self) -> Option<&Declaration> {
        self.server.as_ref().map(ServerCursor::declaration)
    }

    /// The name of a named cursor.
    pub(crate) fn name(&self) -> Option<&CStr> {
        self.server.as_ref().map(ServerCursor::name)
    }

    /// The oid of the row that the last statement inserted, in a table with oids, if it was one row; else 0.
    pub(crate) fn last_row_id(&self) -> u32 {
        self.status_message()
            .and_then(|tag| tag.to_str().ok())
            .map_or(0, inserted_oid)
    }

    /// Sets the format that results are asked for in, from the next execute on.
    pub(crate) fn set_result_format(&mut self, format: ResultFormat) -> Result<()> {
        self.check_open()?;
        self.format = format;
        Ok(())
    }

    /// What a call on this cursor may take.
    pub(super) fn time_for_a_call(&self) -> Option<Duration> {
        self.timeout.unwrap_or_else(|| self.connection.timeout())
    }

    /// What `set_timeout` set; `None`: what its connection says.
    pub(crate) fn timeout(&self) -> Option<Option<Duration>> {
        self.timeout
    }

    /// Sets what a call may take, from the next one on; `None`: what its connection says.
    pub(crate) fn set_timeout(&mut self, timeout: Option<Option<Duration>>) -> Result<()> {
        self.check_open()?;
        connection::check_timeout(timeout.flatten())?;
        self.timeout = timeout;
        Ok(())
    }

    /// Whether `close` was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// PEP 249's close: idempotent. A named cursor is closed on the server, if it can still be there.
    pub(crate) fn close(&mut self) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        self.closed = true;
        let ended = self.end_stream();
        // The description and the counts stay readable; the rows go.
        if let Some(result) = &mut self.result {
            result.drop_rows();
        }
        self.earlier = None;
        self.later.clear();
        let timeout = self.time_for_a_call();
        match &mut self.server {
            Some(server) if self.connection.check_open().is_ok() => self
                .connection
                .cleanup(timeout, |session| server.close(session)),
            _ => ended,
        }
    }

    /// Before a cursor is freed: closes a named one on the server, if that needs no waiting. Errors go
    /// nowhere.
    pub(crate) fn abandon(&mut self) {
        if let Some(token) = self.token.take() {
            // Without waiting: the next command on the connection ends it.
            token.abandon();
        }
        let Some(server) = &mut self.server else {
            return;
        };
        if self.closed || self.connection.is_inherited() {
            return;
        }
        self.closed = true;
        let _ = self
            .connection
            .command_if_idle(|session| server.close(session));
    }
}

/// A cursor's last statement.
pub(crate) struct Last(Arc<Plan>);

impl Last {
    /// Its text, as it was given.
    #[inline]
    pub(crate) fn sql(&self) -> &str {
        self.0.given()
    }
}

/// The oid in the command tag of an INSERT of one row, or 0.
fn inserted_oid(tag: &str) -> u32 {
    tag.strip_prefix("INSERT ")
        .and_then(|rest| rest.strip_suffix(" 1"))
        .and_then(|oid| oid.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::inserted_oid;

    #[test]
    fn oids_of_command_tags() {
        for (tag, oid) in [
            ("INSERT 16385 1", 16385),
            ("INSERT 4294967295 1", u32::MAX),
            ("INSERT 0 1", 0),
            ("INSERT 16385 2", 0),
            ("INSERT x 1", 0),
            ("UPDATE 1", 0),
            ("", 0),
        ] {
            assert_eq!(inserted_oid(tag), oid, "{tag}");
        }
    }
}
