//! Named cursors: declared on the server, and fetched from it a call at a time (manual, DECLARE, FETCH, MOVE).

use std::ffi::{CStr, CString};

use super::exchange::{Answers, with_formats};
use super::place::Place;
use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::types::{Datum, Param};
use crate::wire::RowShape;

/// The most rows that one FETCH or MOVE can count: its grammar has 32 bits for it.
const MOST_IN_ONE: u64 = i32::MAX as u64;
/// invalid_cursor_name: there is no such cursor.
const NO_SUCH_CURSOR: &str = "34000";

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
    name: CString,
    quoted_name: String,
    /// The number of the transaction that declared it.
    declared_in: Option<u64>,
    /// How often the session had been reset then.
    resets: u64,
    place: Place,
}

impl ServerCursor {
    pub(super) fn new(declaration: Declaration) -> Result<ServerCursor> {
        let quoted_name = quote_identifier(&declaration.name, "the cursor's name")?;
        Ok(ServerCursor {
            // Without a NUL, or it could not have been quoted.
            name: CString::new(declaration.name.as_str()).unwrap_or_default(),
            declaration,
            quoted_name,
            declared_in: None,
            resets: 0,
            place: Place::START,
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &CStr {
        &self.name
    }

    /// What it is declared as.
    pub(super) fn declaration(&self) -> &Declaration {
        &self.declaration
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

    /// Where it stands on the server.
    pub(super) fn place(&self) -> Place {
        self.place
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
    ) -> Result<Reply> {
        let hold = self.declaration.with_hold;
        if session.autocommit() && !hold && session.status() == Status::Idle {
            return Err(Error::programming(format!(
                "the named cursor {} is without hold: it cannot be used outside a transaction (autocommit is on)",
                self.quoted_name
            )));
        }
        // By the extended protocol in any case: it takes one statement, and what stood behind the query would
        // run as a statement of its own.
        let reply = session.run_extended(sql, params.unwrap_or_default(), false)?;
        self.declared_in = Some(session.transactions);
        self.resets = session.resets;
        self.place = Place::START;
        Ok(reply)
    }

    /// A programming error unless it was declared, and can still be there.
    pub(super) fn check_alive(&self, session: &Session) -> Result<()> {
        let declared_in = self.declared_in.ok_or_else(super::result::no_results)?;
        let gone = if self.resets != session.resets {
            "the session was reset"
        } else if !self.declaration.with_hold && declared_in != session.transactions {
            "the transaction that declared it has ended"
        } else {
            return Ok(());
        };
        Err(Error::programming(format!(
            "the named cursor {} is gone: {gone}",
            self.quoted_name
        )))
    }

    /// The next rows, at most `most`.
    pub(super) fn fetch(
        &mut self,
        session: &mut Session,
        most: u64,
        binary: bool,
    ) -> Result<Reply> {
        self.check_alive(session)?;
        let (count, asked) = match most {
            u64::MAX => ("ALL".into(), u64::MAX),
            most => {
                let asked = most.min(MOST_IN_ONE);
                (asked.to_string(), asked)
            }
        };
        let sql = format!("FETCH FORWARD {count} FROM {}", self.quoted_name);
        let reply = ask(session, &sql, binary)?;
        self.place.forward(asked, reply.rows.len());
        Ok(reply)
    }

    /// Moves by `rows`, as MOVE does: past either end it stops there. The last command's reply comes back.
    pub(super) fn move_by(&mut self, session: &mut Session, rows: i128) -> Result<Reply> {
        self.check_alive(session)?;
        let forward = rows >= 0;
        let mut left = rows.unsigned_abs();
        loop {
            let asked = u64::try_from(left).map_or(MOST_IN_ONE, |left| left.min(MOST_IN_ONE));
            let direction = if forward { "FORWARD" } else { "BACKWARD" };
            let (reply, found) = self.step(session, &format!("{direction} {asked}"))?;
            match (asked, forward) {
                // Moves nothing; its count says whether there is a row.
                (0, _) => {}
                (_, true) => self.place.forward(asked, found),
                (_, false) => self.place.backward(asked, found),
            }
            left -= u128::from(asked);
            if left == 0 || found < asked {
                return Ok(reply);
            }
        }
    }

    /// Moves onto row `number`, from 1: the next row fetched is the one behind it. 0: before the first.
    /// Negative: counted from the end, where -1 is the last.
    pub(super) fn move_to(&mut self, session: &mut Session, number: i64) -> Result<Reply> {
        self.check_alive(session)?;
        let Ok(number) = u64::try_from(number) else {
            // As MOVE does it, but so that both counts are known.
            let (_, found) = self.step(session, "FORWARD ALL")?;
            self.place.forward(u64::MAX, found);
            return self.move_by(session, number.into());
        };
        let near = number.min(MOST_IN_ONE);
        let (reply, found) = self.step(session, &format!("ABSOLUTE {near}"))?;
        self.place.absolute(near, found > 0);
        if number > near && found > 0 {
            return self.move_by(session, i128::from(number - near));
        }
        Ok(reply)
    }

    /// One MOVE; its reply and its count.
    fn step(&mut self, session: &mut Session, how: &str) -> Result<(Reply, u64)> {
        let reply = ask(
            session,
            &format!("MOVE {how} FROM {}", self.quoted_name),
            false,
        )?;
        let found = u64::try_from(reply.tag.count())
            .map_err(|_| Error::protocol("a MOVE that counts nothing"))?;
        Ok((reply, found))
    }

    /// Closes it, if it can still be there.
    pub(super) fn close(&mut self, session: &mut Session) -> Result<()> {
        let Some(declared_in) = self.declared_in.take() else {
            return Ok(());
        };
        let hold = self.declaration.with_hold;
        let own_transaction = declared_in == session.transactions;
        // In a failed transaction nothing can be said; its end closes the cursor, or never kept it.
        let reset = self.resets != session.resets;
        if reset || !(hold || own_transaction) || session.status() == Status::InError {
            return Ok(());
        }
        // If that transaction was rolled back it never was, and CLOSE must not make a later one fail.
        if !own_transaction
            && session.status() == Status::InTransaction
            && !self.is_there(session)?
        {
            return Ok(());
        }
        match session.command(&format!("CLOSE {}", self.quoted_name)) {
            Err(error) if has_code(&error, NO_SUCH_CURSOR) && !own_transaction => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Whether the server has a cursor of its name, which it may have cut off.
    fn is_there(&self, session: &mut Session) -> Result<bool> {
        let sql = "SELECT 1 FROM pg_catalog.pg_cursors \
                   WHERE name OPERATOR(pg_catalog.=) CAST(CAST($1 AS pg_catalog.name) AS pg_catalog.text)";
        let name = Param {
            oid: 0,
            datum: Datum::Text(&self.declaration.name),
        };
        let reply = session.run_extended(sql, &[name], false)?;
        Ok(reply.rows.len() > 0)
    }
}

fn has_code(error: &Error, code: &str) -> bool {
    error.sqlstate().is_some_and(|state| state.as_str() == code)
}

/// Runs a command on a cursor that is there already, which takes no transaction: what was declared with hold is
/// read without beginning one, as psycopg2 does.
fn ask(session: &mut Session, sql: &str, binary: bool) -> Result<Reply> {
    // None is begun, but in a prepared transaction nothing may be run.
    session.begin()?;
    let columns = if binary {
        session.queue(|wire| {
            wire.start_parse("", sql, &[])?;
            wire.start_describe_statement("")?;
            wire.start_sync();
            Ok(())
        })?;
        session.finish(Answers::default(), sql)?.columns
    } else {
        session.queue(|wire| wire.start_query(sql))?;
        None
    };
    let columns = columns.map(|columns| with_formats(&columns, session.types.catalog()));
    if binary {
        let formats: Vec<i16> = columns
            .iter()
            .flat_map(|columns| columns.iter())
            .map(|column| i16::from(column.binary))
            .collect();
        session.queue(|wire| {
            wire.start_bind("", &[], &formats)?;
            wire.start_execute(0, RowShape::Known(formats.len() as u16))?;
            wire.start_sync();
            Ok(())
        })?;
    }
    let answers = Answers {
        columns,
        ..Answers::default()
    };
    let answers = session.finish(answers, sql)?;
    let reply = answers
        .last
        .ok_or_else(|| Error::protocol("no answer to a statement"))?;
    session.with_types(reply)
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
