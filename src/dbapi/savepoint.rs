//! Savepoints, nested: begin, and then release or roll back, the innermost first or any by its name.

use super::connection::Connection;
use super::server_cursor::quote_identifier;
use super::session::{Session, Status};
use crate::error::{Error, Result};

/// The longest identifier of a server as it is usually built (NAMEDATALEN less one).
const LONGEST_NAME: usize = 63;

impl Connection {
    /// Sets a savepoint; `None`: under a name of ours. Begins the transaction, if need be.
    pub(crate) fn savepoint_begin(&self, name: Option<&str>) -> Result<()> {
        self.command(self.timeout(), |session| session.savepoint_begin(name))
    }

    /// Keeps what was done since a savepoint, and forgets it; `None`: the innermost.
    pub(crate) fn savepoint_release(&self, name: Option<&str>) -> Result<()> {
        self.command(self.timeout(), |session| session.savepoint_end(name, false))
    }

    /// Undoes what was done since a savepoint, and forgets it; `None`: the innermost.
    pub(crate) fn savepoint_rollback(&self, name: Option<&str>) -> Result<()> {
        self.cleanup(self.timeout(), |session| session.savepoint_end(name, true))
    }
}

impl Session {
    fn savepoint_begin(&mut self, name: Option<&str>) -> Result<()> {
        if self.autocommit() && self.status() == Status::Idle {
            return Err(Error::programming(
                "a savepoint needs a transaction, and autocommit is on",
            ));
        }
        let name = match name {
            Some(name) => name.to_owned(),
            None => format!("dbapi_savepoint_{}", self.savepoints.len() + 1),
        };
        if name.len() > LONGEST_NAME {
            // The server would cut it off, and take it for another that begins alike.
            return Err(Error::programming(format!(
                "the savepoint's name is longer than {LONGEST_NAME} bytes"
            )));
        }
        let quoted = quote_identifier(&name, "the savepoint's name")?;
        self.run_simple(&format!("SAVEPOINT {quoted}"))?;
        self.savepoints.push(name);
        Ok(())
    }

    fn savepoint_end(&mut self, name: Option<&str>, undo: bool) -> Result<()> {
        let found = match name {
            None => self.savepoints.len().checked_sub(1),
            Some(name) => self.savepoints.iter().rposition(|known| known == name),
        };
        let Some(index) = found else {
            return Err(Error::programming(match name {
                None => "there is no savepoint".to_owned(),
                Some(name) => format!("there is no savepoint \"{name}\""),
            })
            .with_sqlstate("3B001"));
        };
        let name = self.savepoints.get(index).cloned().unwrap_or_default();
        let quoted = quote_identifier(&name, "the savepoint's name")?;
        if undo {
            self.command(&format!("ROLLBACK TO SAVEPOINT {quoted}"))?;
        }
        self.command(&format!("RELEASE SAVEPOINT {quoted}"))?;
        self.savepoints.truncate(index);
        Ok(())
    }
}
