//! Two-phase commit (PEP 249, "Optional Two-Phase Commit Extensions"; manual, PREPARE TRANSACTION).
//!
//! A transaction's name on the server is psycopg2's and JDBC's: `<format>_<base64 gtrid>_<base64 bqual>`, so that
//! either recovers what the other prepared.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::connection::Connection;
use super::exchange::Answers;
use super::session::{self, Session, Status};
use crate::error::{Error, Result};

/// The SQLSTATE for a prepared transaction that the server does not know.
const UNDEFINED_OBJECT: &str = "42704";
/// The longest gtrid and bqual, in characters.
const LONGEST_PART: usize = 64;

/// A transaction's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Xid {
    /// `None`: the server's name for it has not this form; it is `gtrid`, whole.
    pub(crate) format_id: Option<i32>,
    /// The global transaction.
    pub(crate) gtrid: String,
    /// Its branch.
    pub(crate) bqual: String,
    /// When it was prepared, as the server writes it; of a recovered one alone.
    pub(crate) prepared: Option<String>,
    /// Who prepared it.
    pub(crate) owner: Option<String>,
    /// In which database.
    pub(crate) database: Option<String>,
}

impl Xid {
    /// PEP 249's xid.
    pub(crate) fn new(format_id: i32, gtrid: &str, bqual: &str) -> Result<Xid> {
        if format_id < 0 {
            return Err(Error::programming(format!(
                "argument format_id is {format_id}: it must not be negative"
            )));
        }
        for (argument, part) in [("gtrid", gtrid), ("bqual", bqual)] {
            if part.len() > LONGEST_PART {
                return Err(Error::programming(format!(
                    "argument {argument} is longer than {LONGEST_PART} characters"
                )));
            }
            if !part.chars().all(|c| matches!(c, ' '..='~')) {
                return Err(Error::programming(format!(
                    "argument {argument} holds more than printable ASCII characters"
                )));
            }
        }
        Ok(Xid {
            format_id: Some(format_id),
            gtrid: gtrid.to_owned(),
            bqual: bqual.to_owned(),
            prepared: None,
            owner: None,
            database: None,
        })
    }

    /// What a name on the server stands for.
    pub(crate) fn from_server(name: &str) -> Xid {
        parse(name).unwrap_or_else(|| Xid {
            format_id: None,
            gtrid: name.to_owned(),
            bqual: String::new(),
            prepared: None,
            owner: None,
            database: None,
        })
    }

    /// Its name on the server.
    pub(crate) fn name(&self) -> String {
        match self.format_id {
            None => self.gtrid.clone(),
            Some(format_id) => format!(
                "{format_id}_{}_{}",
                BASE64.encode(&self.gtrid),
                BASE64.encode(&self.bqual)
            ),
        }
    }

    /// The same as a literal in SQL, whatever the server takes a backslash for.
    fn literal(&self) -> String {
        let name = self.name().replace('\'', "''");
        if name.contains('\\') {
            format!("E'{}'", name.replace('\\', "\\\\"))
        } else {
            format!("'{name}'")
        }
    }
}

fn parse(name: &str) -> Option<Xid> {
    let mut parts = name.splitn(3, '_');
    let (format_id, gtrid, bqual) = (parts.next()?, parts.next()?, parts.next()?);
    if format_id.is_empty() || !format_id.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = |part: &str| String::from_utf8(BASE64.decode(part).ok()?).ok();
    let xid = Xid::new(format_id.parse().ok()?, &text(gtrid)?, &text(bqual)?).ok()?;
    // Another spelling of the same would not be found under this one's name.
    (xid.name() == name).then_some(xid)
}

/// Where a two-phase commit stands.
#[derive(Clone, Debug, Default)]
pub(super) enum Tpc {
    /// None is under way.
    #[default]
    None,
    /// Its transaction is open.
    Begun(Xid),
    /// Its transaction is prepared, and waits for its second phase.
    Prepared(Xid),
}

impl Tpc {
    /// A programming error while a two-phase commit is under way.
    pub(super) fn check_none(&self, what: &str) -> Result<()> {
        match self {
            Tpc::None => Ok(()),
            _ => Err(Error::programming(format!(
                "{what} during a two-phase commit"
            ))),
        }
    }

    /// A programming error between its phases.
    pub(super) fn check_not_prepared(&self) -> Result<()> {
        match self {
            Tpc::Prepared(_) => Err(Error::programming(
                "no statement can be run between tpc_prepare and tpc_commit or tpc_rollback",
            )),
            _ => Ok(()),
        }
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

impl Connection {
    /// PEP 249's tpc_begin.
    pub(crate) fn tpc_begin(&self, xid: &Xid) -> Result<()> {
        self.command(self.timeout(), |session| session.tpc_begin(xid))
    }

    /// PEP 249's tpc_prepare: the first phase.
    pub(crate) fn tpc_prepare(&self) -> Result<()> {
        self.command(self.timeout(), Session::tpc_prepare)
    }

    /// PEP 249's tpc_commit: the second phase, or the only one; of another transaction, if one is named.
    pub(crate) fn tpc_commit(&self, xid: Option<&Xid>) -> Result<()> {
        self.command(self.timeout(), |session| session.tpc_end(End::Commit, xid))
    }

    /// PEP 249's tpc_rollback.
    pub(crate) fn tpc_rollback(&self, xid: Option<&Xid>) -> Result<()> {
        self.cleanup(self.timeout(), |session| {
            session.tpc_end(End::Rollback, xid)
        })
    }

    /// PEP 249's tpc_recover: what is prepared and waits, in all databases. Begins no transaction.
    pub(crate) fn tpc_recover(&self) -> Result<Vec<Xid>> {
        self.command(self.timeout(), Session::tpc_recover)
    }
}

impl Session {
    fn tpc_begin(&mut self, xid: &Xid) -> Result<()> {
        self.tpc.check_none("tpc_begin cannot be used")?;
        if self.status() != Status::Idle {
            return Err(Error::programming(
                "tpc_begin cannot be used inside a transaction",
            ));
        }
        if self.autocommit() {
            return Err(Error::programming(
                "tpc_begin cannot be used with autocommit on",
            ));
        }
        if xid.format_id.is_none() {
            return Err(Error::programming(
                "tpc_begin cannot be used with a recovered transaction whose name is not an xid",
            ));
        }
        // At once: a transaction without a statement can be prepared, too.
        self.command(&self.characteristics().begin())?;
        self.tpc = Tpc::Begun(xid.clone());
        Ok(())
    }

    fn tpc_prepare(&mut self) -> Result<()> {
        let xid = match &self.tpc {
            Tpc::Begun(xid) => xid.clone(),
            Tpc::Prepared(_) => {
                return Err(Error::programming("tpc_prepare was called already"));
            }
            Tpc::None => {
                return Err(Error::programming(
                    "tpc_prepare can only be used during a two-phase commit",
                ));
            }
        };
        if self.status() == Status::Idle {
            self.tpc = Tpc::None;
            return Err(Error::programming(
                "the two-phase commit's transaction was ended by a statement: there is nothing to prepare",
            ));
        }
        let failure = self.take_failure();
        let outcome = self.command(&format!("PREPARE TRANSACTION {}", xid.literal()));
        match outcome {
            // What a server answers for a transaction that had failed.
            Ok(tag) if tag == "ROLLBACK" => {
                self.tpc = Tpc::None;
                Err(session::rolled_back(failure))
            }
            Ok(_) => {
                self.tpc = Tpc::Prepared(xid);
                Ok(())
            }
            Err(error) if error.breaks_connection() => Err(session::in_doubt(error)),
            Err(error) => {
                // The server rolls back what it cannot prepare.
                if self.status() == Status::Idle {
                    self.tpc = Tpc::None;
                }
                Err(error)
            }
        }
    }

    fn tpc_end(&mut self, end: End, xid: Option<&Xid>) -> Result<()> {
        let (name, verb) = match end {
            End::Commit => ("tpc_commit", "COMMIT PREPARED"),
            End::Rollback => ("tpc_rollback", "ROLLBACK PREPARED"),
        };
        if let Some(xid) = xid {
            self.tpc
                .check_none(&format!("{name} cannot be used with an xid"))?;
            if self.status() != Status::Idle {
                return Err(Error::programming(format!(
                    "{name} with an xid cannot be used inside a transaction"
                )));
            }
            return self.end_prepared(verb, xid);
        }
        match self.tpc.clone() {
            Tpc::None => Err(Error::programming(format!(
                "{name} without an xid can only be used during a two-phase commit"
            ))),
            Tpc::Begun(_) => {
                let outcome = match end {
                    End::Commit => self.commit_transaction(),
                    End::Rollback => self.rollback_transaction(),
                };
                if self.status() == Status::Idle {
                    self.tpc = Tpc::None;
                }
                outcome
            }
            Tpc::Prepared(xid) => {
                let outcome = self.end_prepared(verb, &xid);
                // It stays as it is unless it has ended, or another connection has ended it.
                let gone = |error: &Error| {
                    error
                        .sqlstate()
                        .is_some_and(|state| state.as_str() == UNDEFINED_OBJECT)
                };
                if outcome.as_ref().err().is_none_or(gone) {
                    self.tpc = Tpc::None;
                }
                outcome
            }
        }
    }

    /// The second phase. If it fails, the transaction stays prepared.
    fn end_prepared(&mut self, verb: &str, xid: &Xid) -> Result<()> {
        self.command(&format!("{verb} {}", xid.literal()))
            .map(drop)
            .map_err(|error| match verb {
                "COMMIT PREPARED" => session::in_doubt(error),
                _ => error,
            })
    }

    fn tpc_recover(&mut self) -> Result<Vec<Xid>> {
        self.tpc.check_not_prepared()?;
        let sql = "SELECT gid, prepared::text, owner::text, database::text FROM pg_catalog.pg_prepared_xacts ORDER BY prepared, gid";
        self.queue(|wire| wire.start_query(sql))?;
        let answers = self.finish(Answers::default(), sql)?;
        let reply = answers
            .last
            .ok_or_else(|| Error::protocol("no answer to a query"))?;
        let mut found = Vec::new();
        for number in 0..reply.rows.len() {
            let mut cells = reply
                .rows
                .row(number)
                .ok_or_else(|| Error::protocol("fewer rows than were counted"))?;
            let mut text = || {
                cells
                    .next_cell()
                    .map(|cell| String::from_utf8_lossy(cell).into_owned())
            };
            let name = text().unwrap_or_default();
            let (prepared, owner, database) = (text(), text(), text());
            found.push(Xid {
                prepared,
                owner,
                database,
                ..Xid::from_server(&name)
            });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_psycopg2s_and_jdbcs() {
        let xid = Xid::new(42, "gtrid", "bqual").unwrap();
        assert_eq!(xid.name(), "42_Z3RyaWQ=_YnF1YWw=");
        assert_eq!(Xid::from_server("42_Z3RyaWQ=_YnF1YWw="), xid);
        assert_eq!(Xid::new(0, "", "").unwrap().name(), "0__");
        assert_eq!(Xid::from_server("0__"), Xid::new(0, "", "").unwrap());
    }

    #[test]
    fn other_names_are_kept_whole() {
        for name in [
            "",
            "a",
            "42",
            "42_Z3RyaWQ=",
            "x_Z3RyaWQ=_YnF1YWw=",
            "-1_Z3RyaWQ=_YnF1YWw=",
            "+1_Z3RyaWQ=_YnF1YWw=",
            "042_Z3RyaWQ=_YnF1YWw=",
            "99999999999_Z3RyaWQ=_YnF1YWw=",
            "42_Z3RyaWQ_YnF1YWw=",
            "42_!_YnF1YWw=",
            "42_/w==_YnF1YWw=",
            "42_Z3RyaWQ=_YnF1YWw=_",
            "it's\\ours",
        ] {
            let xid = Xid::from_server(name);
            assert_eq!(xid.format_id, None, "{name}");
            assert_eq!(xid.name(), name);
        }
        assert_eq!(Xid::from_server("it's").literal(), "'it''s'");
        assert_eq!(Xid::from_server("it's\\").literal(), "E'it''s\\\\'");
    }

    #[test]
    fn parts_have_their_limits() {
        let long = "x".repeat(64);
        assert!(Xid::new(i32::MAX, &long, &long).is_ok());
        let longer = "x".repeat(65);
        for (format_id, gtrid, bqual) in [
            (-1, "a", "b"),
            (1, longer.as_str(), "b"),
            (1, "a", longer.as_str()),
            (1, "a\n", "b"),
            (1, "a", "\u{e4}"),
            (1, "\u{7f}", "b"),
        ] {
            assert!(Xid::new(format_id, gtrid, bqual).is_err());
        }
    }
}
