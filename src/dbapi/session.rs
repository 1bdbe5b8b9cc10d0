//! What a thread has of a connection while it is its turn: the channel to the server, and where its transaction
//! stands (SEMANTICS, "Connection").

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::catalog::Types;
use super::characteristics::{Changes, Characteristics};
use super::deadline::Limit;
use super::mailbox::Mailbox;
use super::statements::Statements;
use super::stream::Stream;
use super::tpc::Tpc;
use crate::conninfo::is_utf8;
use crate::error::{Class, Error, Result, SqlState};
use crate::net::{CancelTarget, Channel};
use crate::types::Dialect;
use crate::wire::{Event, TransactionStatus};

/// How long `close` waits for the rollback of a transaction that was left open.
const GOOD_BYE_PATIENCE: Duration = Duration::from_secs(2);

/// psycopg2's transaction statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// In no transaction.
    Idle = 0,
    /// A command is in progress.
    Active = 1,
    /// In a transaction.
    InTransaction = 2,
    /// In a transaction that failed.
    InError = 3,
    /// There is no usable connection.
    Unknown = 4,
}

/// What a thread has while it is its turn.
pub(crate) struct Session {
    channel: Option<Channel>,
    /// The time that the call under way has.
    pub(super) limit: Option<Limit>,
    pub(super) cancel: Option<CancelTarget>,
    characteristics: Characteristics,
    /// How many transactions have ended: a server-side cursor lives in the one that declared it.
    pub(super) transactions: u64,
    /// What made the present transaction fail.
    pub(super) failure: Option<Failure>,
    /// How often the session was reset: a cursor with hold lives until then.
    pub(super) resets: u64,
    pub(super) tpc: Tpc,
    /// The names of the savepoints that the helper has set, innermost last.
    pub(super) savepoints: Vec<String>,
    pub(super) types: Types,
    pub(super) statements: Statements,
    /// The streamed result that is open.
    pub(super) stream: Option<Box<Stream>>,
    /// The server has reported settings, and the encoding among them has not been looked at yet.
    settings_unseen: bool,
    mailbox: Arc<Mailbox>,
}

pub(super) struct Failure {
    class: Class,
    sqlstate: Option<SqlState>,
    message: String,
}

impl Session {
    pub(super) fn new(
        channel: Channel,
        cancel: Option<CancelTarget>,
        mut statements: Statements,
        mailbox: Arc<Mailbox>,
    ) -> Session {
        let wire = channel.wire_ref();
        statements.settings_are(|name| wire.parameter_status(name));
        Session {
            channel: Some(channel),
            limit: None,
            cancel,
            characteristics: Characteristics::default(),
            transactions: 0,
            failure: None,
            resets: 0,
            tpc: Tpc::None,
            savepoints: Vec::new(),
            types: Types::default(),
            statements,
            stream: None,
            settings_unseen: false,
            mailbox,
        }
    }

    /// Drops the connection to the server, which is of no use any more.
    pub(super) fn drop_channel(&mut self) {
        self.stream = None;
        self.channel = None;
    }

    /// The connection to the server.
    pub(super) fn channel(&mut self) -> Result<&mut Channel> {
        self.channel
            .as_mut()
            .ok_or_else(|| Error::interface("the connection is already closed"))
    }

    /// The same, to read only.
    pub(super) fn channel_ref(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Where the server stands.
    pub(super) fn status(&self) -> Status {
        match self
            .channel
            .as_ref()
            .map(|channel| channel.wire_ref().transaction_status())
        {
            None => Status::Unknown,
            Some(TransactionStatus::Idle) => Status::Idle,
            Some(TransactionStatus::InTransaction) => Status::InTransaction,
            Some(TransactionStatus::InError) => Status::InError,
        }
    }

    /// Whether statements commit by themselves.
    pub(super) fn autocommit(&self) -> bool {
        self.characteristics.autocommit
    }

    /// What transactions are like.
    pub(super) fn characteristics(&self) -> Characteristics {
        self.characteristics
    }

    /// Changes what transactions are like. Outside of a transaction only, and not while a two-phase commit is
    /// under way. `what` is what the caller wants to set, for errors.
    pub(super) fn set_characteristics(&mut self, changes: Changes, what: &str) -> Result<()> {
        if self.status() != Status::Idle {
            return Err(Error::programming(format!(
                "{what} cannot be set inside a transaction"
            )));
        }
        self.tpc.check_none(&format!("{what} cannot be set"))?;
        let new = self.characteristics.changed(changes);
        let settings = new.settings(&self.characteristics);
        if !settings.is_empty() {
            // Several statements in one simple query are one transaction: all are set, or none.
            self.command(&settings)?;
        }
        self.characteristics = new;
        Ok(())
    }

    /// What the next statement must be preceded by, if a transaction begins with it. An error between the phases of
    /// a two-phase commit, when no statement can be run.
    pub(super) fn begin(&self) -> Result<Option<String>> {
        self.tpc.check_not_prepared()?;
        let begins = !self.characteristics.autocommit && self.status() == Status::Idle;
        Ok(begins.then(|| self.characteristics.begin()))
    }

    /// Takes in what the server has sent without being asked, and waits for nothing.
    pub(super) fn keep_what_came(&mut self) -> Result<()> {
        while let Some(event) = self.channel()?.event_that_came()? {
            if self.sort(event).is_some() {
                return Err(Error::protocol("an answer to nothing"));
            }
        }
        Ok(())
    }

    /// Keeps what the server said without being asked; gives back anything else.
    #[inline]
    pub(super) fn sort(&self, event: Event) -> Option<Event> {
        match event {
            Event::Notice(fields) => self.mailbox.put_notice(fields),
            Event::Notification(notification) => self.mailbox.put_notification(*notification),
            event => return Some(event),
        }
        None
    }

    /// How the server reads literals.
    pub(super) fn dialect(&self) -> Dialect {
        let setting = |name| {
            let channel = self.channel.as_ref()?;
            channel.wire_ref().parameter_status(name)
        };
        Dialect {
            standard_strings: setting("standard_conforming_strings") != Some("off"),
            sql_intervals: setting("IntervalStyle") == Some("sql_standard"),
        }
    }

    /// Called when the answers to a request are complete: keeps what made a transaction fail, and notices
    /// the end of one.
    pub(super) fn settle(&mut self, error: Option<Error>) -> Result<()> {
        let status = self.status();
        if status == Status::Idle {
            self.end_transaction();
        }
        if status != Status::InError {
            self.failure = None;
        }
        let error = match (error, self.restore_encoding()?) {
            (Some(error), _) | (None, Some(error)) => error,
            (None, None) => return Ok(()),
        };
        let error = match &self.limit {
            Some(limit) => limit.explain(error),
            None => error,
        };
        if status != Status::InError {
            return Err(error);
        }
        if self.failure.is_none() {
            self.failure = Some(Failure {
                class: error.class(),
                sqlstate: error.sqlstate(),
                message: error.message().into(),
            });
        }
        Err(error.breaking_transaction())
    }

    /// The same where nothing went wrong.
    #[inline]
    pub(super) fn settle_well(&mut self) -> Result<()> {
        let Some(channel) = &self.channel else {
            return self.settle(None);
        };
        let wire = channel.wire_ref();
        let changed = self.settings_unseen || wire.parameters_changed();
        match wire.transaction_status() {
            TransactionStatus::Idle if !changed => self.end_transaction(),
            TransactionStatus::InTransaction if !changed => {}
            _ => return self.settle(None),
        }
        self.failure = None;
        Ok(())
    }

    /// Takes note that a transaction has ended, be it that the next has begun already.
    #[inline]
    pub(super) fn end_transaction(&mut self) {
        self.transactions += 1;
        self.types.end_transaction();
        self.statements.end_transaction();
        if !self.savepoints.is_empty() {
            self.savepoints.clear();
        }
    }

    /// Sets the encoding back to UTF-8, if a statement has changed it: what the server sends and takes from then on
    /// would be read as what it is not. In a failed transaction the rollback does.
    fn restore_encoding(&mut self) -> Result<Option<Error>> {
        // What was reported in a failed transaction may have come to stay when a rollback to a savepoint saves it.
        self.settings_unseen |= self.channel()?.wire_ref().parameters_changed();
        if self.status() == Status::InError || !self.settings_unseen {
            return Ok(None);
        }
        self.settings_unseen = false;
        let Some(channel) = self.channel.as_ref() else {
            return Ok(None);
        };
        let wire = channel.wire_ref();
        self.statements
            .settings_changed(|name| wire.parameter_status(name));
        let encoding = wire.parameter_status("client_encoding");
        let Some(encoding) = encoding.filter(|encoding| !is_utf8(encoding)) else {
            return Ok(None);
        };
        let error = Error::not_supported(format!(
            "client_encoding was set to {encoding}: the library's text is UTF-8, so it has been set back to UTF8"
        ));
        self.queue(|wire| wire.start_query("SET client_encoding TO 'UTF8'"))?;
        loop {
            match self.next_event()? {
                Event::Ready => return Ok(Some(error)),
                Event::Failed(fields, _) => {
                    return Err(Error::from_server(*fields, None).breaking_connection());
                }
                _ => {}
            }
        }
    }

    /// PEP 249's commit.
    pub(super) fn commit(&mut self) -> Result<()> {
        self.tpc.check_none("commit cannot be used")?;
        self.commit_transaction()
    }

    pub(super) fn commit_transaction(&mut self) -> Result<()> {
        match self.status() {
            Status::InError => {
                let failure = self.failure.take();
                self.command("ROLLBACK")?;
                Err(rolled_back(failure))
            }
            Status::InTransaction => {
                let tag = self.command("COMMIT").map_err(in_doubt)?;
                // A server answers so when the transaction had failed and only it knew.
                if tag == "ROLLBACK" {
                    Err(rolled_back(None))
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    /// PEP 249's rollback.
    pub(super) fn rollback(&mut self) -> Result<()> {
        self.tpc.check_none("rollback cannot be used")?;
        self.rollback_transaction()
    }

    pub(super) fn rollback_transaction(&mut self) -> Result<()> {
        match self.status() {
            Status::InTransaction | Status::InError => self.command("ROLLBACK").map(drop),
            _ => Ok(()),
        }
    }

    /// psycopg2's reset.
    pub(super) fn reset(&mut self) -> Result<()> {
        self.tpc.check_none("reset cannot be used")?;
        self.rollback_transaction()?;
        self.command("DISCARD ALL")?;
        self.resets += 1;
        self.characteristics = Characteristics::default();
        Ok(())
    }

    /// Takes what made the present transaction fail.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Ends the connection in good order: a transaction left open is rolled back first, since poolers throw
    /// away a server connection that is not clean.
    pub(super) fn say_good_bye(&mut self, inherited: bool) {
        let Some(mut channel) = self.channel.take() else {
            return;
        };
        if inherited {
            // A forked child: only its copy of the socket is closed. The parent's session goes on.
            return;
        }
        let wire = channel.wire();
        if !wire.is_busy() && wire.transaction_status() != TransactionStatus::Idle {
            let deadline = Instant::now() + GOOD_BYE_PATIENCE;
            if wire.start_query("ROLLBACK").is_ok() {
                while channel.wire_ref().is_busy() && channel.next_event(Some(deadline)).is_ok() {}
            }
        }
        channel.wire().start_terminate();
        channel.send_last();
    }
}

/// The error of a commit without an answer. Even a server that says why it goes may have committed first.
pub(super) fn in_doubt(error: Error) -> Error {
    if error.breaks_connection() {
        error
            .prefixed("whether the transaction was committed is unknown: ")
            .with_sqlstate("08007")
    } else {
        error
    }
}

/// The error of a commit that could only roll back: of the class of what made the transaction fail.
pub(super) fn rolled_back(failure: Option<Failure>) -> Error {
    let Some(failure) = failure else {
        return Error::operational("the transaction had failed: it was rolled back, not committed")
            .with_sqlstate("25P02");
    };
    let class = match failure.class {
        Class::Integrity => Class::Integrity,
        _ => Class::Operational,
    };
    let error = Error::new(
        class,
        format!(
            "the transaction had failed: it was rolled back, not committed. It failed with: {}",
            failure.message
        ),
    );
    match failure.sqlstate {
        Some(state) => error.with_sqlstate(state.as_str()),
        None => error,
    }
}
