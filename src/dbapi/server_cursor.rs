//! Named cursors: declared on the server, and fetched from it a call at a time (manual, DECLARE, FETCH).

use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::types::Param;

/// What a named cursor is declared as.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    /// Any name; it is quoted.
    pub(crate) name: String,
    /// SCROLL, NO SCROLL, or neither.
    pub(crate) scrollable: Option<bool>,
    /// WITH HOLD: it outlives its transaction.
    pub(crate) with_hold: bool,
}

/// A named cursor's life on the server.
pub(super) struct ServerCursor {
    declaration: Declaration,
    quoted_name: String,
    /// The number of the transaction that declared it.
    declared_in: Option<u64>,
    position: u64,
}

impl ServerCursor {
    pub(super) fn new(declaration: Declaration) -> Result<ServerCursor> {
        let quoted_name = quote_identifier(&declaration.name, "the cursor's name")?;
        Ok(ServerCursor {
            declaration,
            quoted_name,
            declared_in: None,
            position: 0,
        })
    }

    /// A named cursor is declared once.
    pub(super) fn check_unused(&self) -> Result<()> {
        if self.declared_in.is_some() {
            return Err(Error::programming(format!(
                "the named cursor {} cannot execute more than once",
                self.quoted_name
            )));
        }
        Ok(())
    }

    /// How many rows were fetched.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Takes note that `count` rows were fetched.
    pub(super) fn moved(&mut self, count: u64) {
        self.position += count;
    }

    /// What goes before its statement.
    pub(super) fn head(&self) -> String {
        let scroll = match self.declaration.scrollable {
            Some(true) => " SCROLL",
            Some(false) => " NO SCROLL",
            None => "",
        };
        let hold = if self.declaration.with_hold {
            " WITH HOLD"
        } else {
            ""
        };
        format!("DECLARE {}{scroll} CURSOR{hold} FOR ", self.quoted_name)
    }

    /// Declares it by `sql`, which begins with `head`; `params` are those that travel apart.
    pub(super) fn declare(
        &mut self,
        session: &mut Session,
        sql: &str,
        params: Option<&[Param<'_>]>,
    ) -> Result<()> {
        let hold = self.declaration.with_hold;
        if session.autocommit() && !hold && session.status() == Status::Idle {
            return Err(Error::programming(format!(
                "the named cursor {} is without hold: it cannot be used outside a transaction (autocommit is on)",
                self.quoted_name
            )));
        }
        match params {
            Some(params) => session.run_extended(sql, params, false)?,
            None => session.run_simple(sql)?,
        };
        self.declared_in = Some(session.transactions);
        Ok(())
    }

    /// The next rows, at most `most`.
    pub(super) fn fetch(
        &mut self,
        session: &mut Session,
        most: u64,
        binary: bool,
    ) -> Result<Reply> {
        let Some(declared_in) = self.declared_in else {
            return Err(super::result::no_results());
        };
        if !self.declaration.with_hold && declared_in != session.transactions {
            return Err(Error::programming(format!(
                "the named cursor {} is gone: the transaction that declared it has ended",
                self.quoted_name
            )));
        }
        // FETCH counts in 64 bits, and knows ALL.
        let count = match i64::try_from(most) {
            Ok(count) => count.to_string(),
            Err(_) => "ALL".into(),
        };
        let sql = format!("FETCH FORWARD {count} FROM {}", self.quoted_name);
        if binary {
            session.run_extended(&sql, &[], true)
        } else {
            session.run_simple(&sql)
        }
    }

    /// Closes it, if it can still be there.
    pub(super) fn close(&mut self, session: &mut Session) -> Result<()> {
        let Some(declared_in) = self.declared_in.take() else {
            return Ok(());
        };
        let alive = self.declaration.with_hold || declared_in == session.transactions;
        // In a failed transaction nothing can be said; its end closes the cursor, or never kept it.
        if !alive || session.status() == Status::InError {
            return Ok(());
        }
        session
            .command(&format!("CLOSE {}", self.quoted_name))
            .map(drop)
    }
}

/// `name` as an identifier in SQL, whatever characters it has. `what` is what it names, for errors.
pub(super) fn quote_identifier(name: &str, what: &str) -> Result<String> {
    if name.is_empty() {
        return Err(Error::programming(format!("{what} is empty")));
    }
    if name.contains('\0') {
        return Err(Error::programming(format!("{what} holds a NUL byte")));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}
