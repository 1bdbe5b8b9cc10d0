//! A connection and its transaction (SEMANTICS, "Connection").
//!
//! Calls on one connection take turns: each locks the session for as long as it talks to the server. What a
//! getter needs is kept beside the lock, so that getters never wait.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::conninfo::{Conninfo, ProcessEnvironment};
use crate::error::{Class, Error, Result, SqlState};
use crate::net::{self, Channel};
use crate::wire::TransactionStatus;

/// How long `close` waits for the rollback of a transaction that was left open.
const GOOD_BYE_PATIENCE: Duration = Duration::from_secs(2);

/// psycopg2's `connection.closed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "psycopg2's word is closed")]
pub(crate) enum Closed {
    /// It can be used.
    Open = 0,
    /// `close` was called.
    Closed = 1,
    /// It was lost, or what the server said could not be understood.
    Broken = 2,
}

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

/// A connection: shared by its handle and by its cursors, and closed when the last of them is gone.
pub(crate) struct Connection {
    session: Mutex<Session>,
    closed: AtomicU8,
    status: AtomicU8,
    /// The process that connected. In a forked child, the connection is its parent's.
    process: u32,
}

/// What a thread has while it is its turn.
pub(crate) struct Session {
    channel: Option<Channel>,
    autocommit: bool,
    /// How many transactions have ended: a server-side cursor lives in the one that declared it.
    pub(super) transactions: u64,
    /// What made the present transaction fail.
    failure: Option<Failure>,
}

struct Failure {
    class: Class,
    sqlstate: Option<SqlState>,
    message: String,
}

impl Connection {
    /// Connects as `dsn`, overridden by `keywords`, says.
    pub(crate) fn open(dsn: Option<&str>, keywords: &[(&str, Option<&str>)]) -> Result<Connection> {
        // Whatever goes wrong, there is no connection to use.
        let channel = Connection::connect(dsn, keywords).map_err(Error::breaking_connection)?;
        Ok(Connection {
            session: Mutex::new(Session {
                channel: Some(channel),
                autocommit: false,
                transactions: 0,
                failure: None,
            }),
            closed: AtomicU8::new(Closed::Open as u8),
            status: AtomicU8::new(Status::Idle as u8),
            process: std::process::id(),
        })
    }

    fn connect(dsn: Option<&str>, keywords: &[(&str, Option<&str>)]) -> Result<Channel> {
        let environment = ProcessEnvironment;
        let conninfo = Conninfo::resolve(dsn, keywords, &environment)?;
        net::connect(&conninfo.config(&environment)?)
    }

    /// Whether it is open, closed or broken. Never waits.
    pub(crate) fn closed(&self) -> Closed {
        match self.closed.load(Ordering::Acquire) {
            0 => Closed::Open,
            1 => Closed::Closed,
            _ => Closed::Broken,
        }
    }

    /// The transaction's status. Never waits.
    pub(crate) fn status(&self) -> Status {
        match self.status.load(Ordering::Acquire) {
            _ if self.closed() != Closed::Open => Status::Unknown,
            0 => Status::Idle,
            1 => Status::Active,
            2 => Status::InTransaction,
            3 => Status::InError,
            _ => Status::Unknown,
        }
    }

    /// An interface error unless the connection can be used.
    pub(crate) fn check_open(&self) -> Result<()> {
        match self.closed() {
            Closed::Open => Ok(()),
            Closed::Closed => Err(Error::interface("the connection is already closed")),
            Closed::Broken => Err(Error::interface(
                "the connection is already closed: it broke earlier",
            )),
        }
    }

    /// Takes a turn: runs `work` while no other thread uses the connection. An error that breaks the
    /// connection closes it; so does a panic on the way.
    pub(super) fn turn<T>(&self, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        self.turn_with(&mut self.session.lock(), work)
    }

    /// The same, unless another thread has its turn.
    pub(super) fn turn_if_idle(&self, work: impl FnOnce(&mut Session) -> Result<()>) -> Result<()> {
        match self.session.try_lock() {
            Some(mut session) => self.turn_with(&mut session, work),
            None => Ok(()),
        }
    }

    fn turn_with<T>(
        &self,
        session: &mut Session,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        self.check_open()?;
        let mut outcome = Turn {
            connection: self,
            over: false,
        };
        let result = work(session);
        outcome.over = true;
        self.status.store(session.status() as u8, Ordering::Release);
        if result.as_ref().is_err_and(Error::breaks_connection) {
            self.closed.store(Closed::Broken as u8, Ordering::Release);
            session.channel = None;
        }
        result
    }

    /// PEP 249's commit. Nothing to do outside a transaction.
    pub(crate) fn commit(&self) -> Result<()> {
        self.turn(|session| {
            self.begin_work();
            session.commit()
        })
    }

    /// PEP 249's rollback. Nothing to do outside a transaction.
    pub(crate) fn rollback(&self) -> Result<()> {
        self.turn(|session| {
            self.begin_work();
            session.rollback()
        })
    }

    /// Whether statements commit by themselves.
    pub(crate) fn autocommit(&self) -> bool {
        self.session.lock().autocommit
    }

    /// Makes statements commit by themselves, or not. Not inside a transaction.
    pub(crate) fn set_autocommit(&self, autocommit: bool) -> Result<()> {
        self.turn(|session| {
            if session.status() != Status::Idle {
                return Err(Error::programming(
                    "autocommit cannot be set inside a transaction",
                ));
            }
            session.autocommit = autocommit;
            Ok(())
        })
    }

    /// PEP 249's close. Rolls back what is open, says good-bye, and never fails: calling it again is fine.
    pub(crate) fn close(&self) {
        let mut session = self.session.lock();
        let _ = self.closed.compare_exchange(
            Closed::Open as u8,
            Closed::Closed as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        session.say_good_bye(self.is_inherited());
    }

    /// Whether this process is a forked child of the one that connected.
    pub(super) fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }

    /// Shows other threads that a command is in progress.
    pub(super) fn begin_work(&self) {
        self.status.store(Status::Active as u8, Ordering::Release);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let inherited = self.is_inherited();
        self.session.get_mut().say_good_bye(inherited);
    }
}

/// Marks the connection broken if a turn ends by a panic: what was under way is in an unknown state.
struct Turn<'a> {
    connection: &'a Connection,
    over: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.connection
                .closed
                .store(Closed::Broken as u8, Ordering::Release);
        }
    }
}

impl Session {
    /// The connection to the server.
    pub(super) fn channel(&mut self) -> Result<&mut Channel> {
        self.channel
            .as_mut()
            .ok_or_else(|| Error::interface("the connection is already closed"))
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
        self.autocommit
    }

    /// Whether the next statement must be preceded by BEGIN.
    pub(super) fn must_begin(&self) -> bool {
        !self.autocommit && self.status() == Status::Idle
    }

    /// Whether the server writes backslashes in plain string literals as themselves.
    pub(super) fn standard_strings(&self) -> bool {
        self.channel.as_ref().and_then(|channel| {
            channel
                .wire_ref()
                .parameter_status("standard_conforming_strings")
        }) != Some("off")
    }

    /// Called when the answers to a request are complete: keeps what made a transaction fail, and notices
    /// the end of one.
    pub(super) fn settle(&mut self, error: Option<Error>) -> Result<()> {
        let status = self.status();
        if status == Status::Idle {
            self.failure = None;
            self.transactions += 1;
        }
        let Some(error) = error else { return Ok(()) };
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

    fn commit(&mut self) -> Result<()> {
        match self.status() {
            Status::InError => {
                let failure = self.failure.take();
                self.command("ROLLBACK")?;
                Err(rolled_back(failure))
            }
            Status::InTransaction => {
                let tag = self.command("COMMIT").map_err(|error| {
                    if error.breaks_connection() && error.fields().is_none() {
                        error
                            .prefixed("whether the transaction was committed is unknown: ")
                            .with_sqlstate("08007")
                    } else {
                        error
                    }
                })?;
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

    fn rollback(&mut self) -> Result<()> {
        match self.status() {
            Status::InTransaction | Status::InError => self.command("ROLLBACK").map(drop),
            _ => Ok(()),
        }
    }

    /// Ends the connection in good order: a transaction left open is rolled back first, since poolers throw
    /// away a server connection that is not clean.
    fn say_good_bye(&mut self, inherited: bool) {
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

/// The error of a commit that could only roll back: of the class of what made the transaction fail.
fn rolled_back(failure: Option<Failure>) -> Error {
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
