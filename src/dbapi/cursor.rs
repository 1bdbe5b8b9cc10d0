//! A cursor (SEMANTICS, "Cursor"): runs statements on its connection, and hands out the rows of the last.
//!
//! A client-side cursor's rows were all received by `execute`; fetching touches neither the connection nor
//! its lock. A named cursor's rows stay on the server (`server_cursor`).

use std::ffi::CStr;
use std::sync::Arc;
use std::time::Duration;

use super::binding::{Arguments, Binder, Binding};
use super::connection::{self, Connection};
use super::exchange;
use super::executemany::{self, RowSource};
use super::lexer;
use super::placeholder::ParamStyle;
use super::result::{ResultSet, RowBlock, no_results};
use super::server_cursor::{Declaration, ServerCursor};
use crate::error::{Error, Result};
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
    connection: Arc<Connection>,
    server: Option<ServerCursor>,
    result: Option<ResultSet>,
    /// Of an executemany, or of a statement whose rows are gone.
    row_count: i64,
    array_size: usize,
    format: ResultFormat,
    binder: Binder,
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
            row_count: -1,
            array_size: 1,
            format: ResultFormat::Auto,
            binder: Binder::new(),
            timeout: None,
            closed: false,
        })
    }

    fn check_open(&self) -> Result<()> {
        if self.closed {
            return Err(Error::interface("the cursor is already closed"));
        }
        self.connection.check_open()
    }

    /// PEP 249's execute. `None`: `sql` is sent as it is, and may hold several statements.
    pub(crate) fn execute(&mut self, sql: &str, arguments: Option<Arguments<'_>>) -> Result<()> {
        self.check_open()?;
        let sizes = self.binder.take_sizes();
        if let Some(server) = &self.server {
            server.check_unused()?;
        }
        self.forget_result();
        if lexer::is_blank(sql) {
            return Err(exchange::empty_query());
        }
        let binary = self.format == ResultFormat::Binary;
        let timeout = self.time_for_a_call();
        let server = self.server.as_mut();
        let (connection, binder) = (&self.connection, &mut self.binder);
        let reply = connection.command(timeout, |session| {
            let head = server.as_ref().map(|server| server.head());
            let head = head.as_deref().unwrap_or("");
            let params = binder.prepare(head, sql, arguments, &sizes, connection.dialect())?;
            let sql = binder.sql();
            match (server, params.as_deref()) {
                (Some(server), params) => server.declare(session, sql, params).map(|()| None),
                (None, Some(params)) => session.run_extended(sql, params, binary).map(Some),
                (None, None) if binary => session.run_extended(sql, &[], true).map(Some),
                (None, None) => session.run_simple(sql).map(Some),
            }
        })?;
        if let Some(reply) = reply {
            let result = ResultSet::new(reply);
            self.row_count = result.row_count;
            self.result = Some(result);
        }
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
        self.row_count = -1;
    }

    /// Decodes the next rows into `block`, at most `most`; how many they are comes back. None are left if
    /// that is 0.
    pub(crate) fn fetch(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        self.check_open()?;
        let timeout = self.time_for_a_call();
        if let Some(server) = &mut self.server {
            let binary = self.format == ResultFormat::Binary;
            let reply = self
                .connection
                .command(timeout, |session| server.fetch(session, most, binary))?;
            let result = ResultSet::new(reply);
            self.row_count = result.row_count;
            self.result = Some(result);
        }
        let result = self.result.as_mut().ok_or_else(no_results)?;
        let count = result.fetch(most, block)?;
        if let Some(server) = &mut self.server {
            server.moved(count as u64);
        }
        Ok(count)
    }

    /// The columns of the result; `None` without one.
    pub(crate) fn columns(&self) -> Option<&Arc<[Column]>> {
        self.result
            .as_ref()
            .and_then(|result| result.columns.as_ref())
    }

    /// Rows produced or affected, or -1.
    pub(crate) fn row_count(&self) -> i64 {
        self.row_count
    }

    /// Of the next row, from 0.
    pub(crate) fn row_number(&self) -> u64 {
        match (&self.server, &self.result) {
            (Some(server), _) => server.position(),
            (None, Some(result)) => result.position,
            (None, None) => 0,
        }
    }

    /// The last statement's command tag.
    pub(crate) fn status_message(&self) -> Option<&CStr> {
        self.result.as_ref().map(|result| result.tag.as_c_str())
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

    /// Sets the format that results are asked for in, from the next execute on.
    pub(crate) fn set_result_format(&mut self, format: ResultFormat) -> Result<()> {
        self.check_open()?;
        self.format = format;
        Ok(())
    }

    /// What a call on this cursor may take.
    fn time_for_a_call(&self) -> Option<Duration> {
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
        // The description and the counts stay readable; the rows go.
        if let Some(result) = &mut self.result {
            result.drop_rows();
        }
        let timeout = self.time_for_a_call();
        match &mut self.server {
            Some(server) if self.connection.check_open().is_ok() => self
                .connection
                .command(timeout, |session| server.close(session)),
            _ => Ok(()),
        }
    }

    /// Before a cursor is freed: closes a named one on the server, if that needs no waiting. Errors go
    /// nowhere.
    pub(crate) fn abandon(&mut self) {
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
