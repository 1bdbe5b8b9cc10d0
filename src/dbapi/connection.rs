//! A connection and its transaction (SEMANTICS, "Connection").
//!
//! Calls on one connection take turns: each locks the session for as long as it talks to the server. What a
//! getter needs is kept beside the lock, so that getters never wait.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::about::About;
use super::deadline::Limit;
use crate::conninfo::{Conninfo, LONGEST_TIMEOUT, ProcessEnvironment};
use crate::error::{Class, Error, Result, SqlState};
use crate::net::{self, CancelTarget, Cancelled, Channel};
use crate::types::Dialect;
use crate::wire::TransactionStatus;

/// How long a cancel request may take to reach the server, at most.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

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
    /// The session's `Dialect`, as its two truth values' bits, after the last command.
    dialect: AtomicU8,
    /// Milliseconds; 0 is none.
    timeout: AtomicU64,
    about: About,
    cancel: Option<CancelTarget>,
    /// Held while a cancel request is under way, and passed through by each command: what one thread cancels
    /// must not be the next command, which another has begun meanwhile.
    cancelling: Mutex<()>,
    /// The process that connected. In a forked child, the connection is its parent's.
    process: u32,
}

/// What a thread has while it is its turn.
pub(crate) struct Session {
    channel: Option<Channel>,
    /// The time that the call under way has.
    pub(super) limit: Option<Limit>,
    pub(super) cancel: Option<CancelTarget>,
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
        let (channel, about, timeout) =
            Connection::connect(dsn, keywords).map_err(Error::breaking_connection)?;
        let cancel = channel.cancel_target();
        let session = Session {
            channel: Some(channel),
            limit: None,
            cancel: cancel.clone(),
            autocommit: false,
            transactions: 0,
            failure: None,
        };
        Ok(Connection {
            timeout: AtomicU64::new(milliseconds(timeout)),
            about,
            cancel,
            cancelling: Mutex::new(()),
            dialect: AtomicU8::new(dialect_bits(session.dialect())),
            session: Mutex::new(session),
            closed: AtomicU8::new(Closed::Open as u8),
            status: AtomicU8::new(Status::Idle as u8),
            process: std::process::id(),
        })
    }

    fn connect(
        dsn: Option<&str>,
        keywords: &[(&str, Option<&str>)],
    ) -> Result<(Channel, About, Option<Duration>)> {
        let environment = ProcessEnvironment;
        let conninfo = Conninfo::resolve(dsn, keywords, &environment)?;
        let config = conninfo.config(&environment)?;
        let channel = net::connect(&config)?;
        let said = Conninfo::merge(dsn, keywords)?.redacted();
        let about = About::new(&said, &channel);
        Ok((channel, about, config.timeout))
    }

    /// What never changes.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// What a call may take, unless its cursor says otherwise.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        match self.timeout.load(Ordering::Acquire) {
            0 => None,
            milliseconds => Some(Duration::from_millis(milliseconds)),
        }
    }

    /// Sets what a call may take, from the next one on. Never waits.
    pub(crate) fn set_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.check_open()?;
        check_timeout(timeout)?;
        self.timeout.store(milliseconds(timeout), Ordering::Release);
        Ok(())
    }

    /// Cancels the command that is in progress, if one is. Does not wait for it, but for the server to have
    /// passed the request on, so that no later command is hit.
    pub(crate) fn cancel(&self) -> Result<()> {
        self.check_open()?;
        if self.is_inherited() {
            return Err(Error::interface(
                "the connection belongs to the process that opened it, not to its forked child",
            ));
        }
        let limit = self
            .timeout()
            .map_or(CANCEL_PATIENCE, |limit| limit.min(CANCEL_PATIENCE));
        let deadline = Instant::now() + limit;
        let Some(_gate) = self.cancelling.try_lock_until(deadline) else {
            // Another thread's request is still on its way.
            return Err(
                Error::timeout("timeout: a cancel request is in progress already")
                    .with_sqlstate("57014"),
            );
        };
        if self.status() != Status::Active {
            return Ok(());
        }
        let Some(target) = &self.cancel else {
            return Err(Error::not_supported(
                "the server gave no key to cancel its statements with",
            ));
        };
        match target.cancel(deadline) {
            Cancelled::Done => Ok(()),
            Cancelled::NotSent(error) | Cancelled::Unknown(error) => Err(error),
        }
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

    /// How the server reads literals, as far as it said by the end of the last command; while it is one's
    /// turn and nothing has been received yet, that is how it does. Never waits.
    pub(super) fn dialect(&self) -> Dialect {
        let bits = self.dialect.load(Ordering::Acquire);
        Dialect {
            standard_strings: bits & 1 != 0,
            sql_intervals: bits & 2 != 0,
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
        let limit = Limit::start(self.timeout());
        self.turn_with(&mut *self.take_turn(limit)?, limit, work)
    }

    /// The same for work that sends a command. It has to be done within `timeout`, its waiting for its turn
    /// included.
    pub(super) fn command<T>(
        &self,
        timeout: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let limit = Limit::start(timeout);
        let mut session = self.take_turn(limit)?;
        self.turn_with(&mut session, limit, |session| {
            self.begin_work(limit)?;
            work(session)
        })
    }

    fn take_turn(&self, limit: Option<Limit>) -> Result<MutexGuard<'_, Session>> {
        match limit {
            None => Ok(self.session.lock()),
            Some(limit) => self
                .session
                .try_lock_until(limit.deadline())
                .ok_or_else(|| limit.no_turn()),
        }
    }

    /// Shows other threads that a command is in progress, once no cancel request meant for an earlier one is
    /// on its way any more.
    fn begin_work(&self, limit: Option<Limit>) -> Result<()> {
        let gate = match limit {
            None => self.cancelling.lock(),
            Some(limit) => self
                .cancelling
                .try_lock_until(limit.deadline())
                .ok_or_else(|| limit.no_turn())?,
        };
        self.status.store(Status::Active as u8, Ordering::Release);
        drop(gate);
        Ok(())
    }

    /// The same, unless it would have to wait for another thread.
    pub(super) fn command_if_idle(
        &self,
        work: impl FnOnce(&mut Session) -> Result<()>,
    ) -> Result<()> {
        let limit = Limit::start(self.timeout());
        match (self.session.try_lock(), self.cancelling.try_lock()) {
            (Some(mut session), Some(gate)) => self.turn_with(&mut session, limit, |session| {
                self.status.store(Status::Active as u8, Ordering::Release);
                drop(gate);
                work(session)
            }),
            _ => Ok(()),
        }
    }

    fn turn_with<T>(
        &self,
        session: &mut Session,
        limit: Option<Limit>,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        self.check_open()?;
        let mut outcome = Turn {
            connection: self,
            over: false,
        };
        session.limit = limit;
        let result = work(session);
        session.limit = None;
        outcome.over = true;
        self.status.store(session.status() as u8, Ordering::Release);
        let dialect = dialect_bits(session.dialect());
        self.dialect.store(dialect, Ordering::Release);
        if result.as_ref().is_err_and(Error::breaks_connection) {
            self.closed.store(Closed::Broken as u8, Ordering::Release);
            session.channel = None;
        }
        result
    }

    /// PEP 249's commit. Nothing to do outside a transaction.
    pub(crate) fn commit(&self) -> Result<()> {
        self.command(self.timeout(), Session::commit)
    }

    /// PEP 249's rollback. Nothing to do outside a transaction.
    pub(crate) fn rollback(&self) -> Result<()> {
        self.command(self.timeout(), Session::rollback)
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
}

fn dialect_bits(dialect: Dialect) -> u8 {
    u8::from(dialect.standard_strings) | u8::from(dialect.sql_intervals) << 1
}

/// As milliseconds, of which 0 is none: what is shorter than one is one.
fn milliseconds(timeout: Option<Duration>) -> u64 {
    timeout.map_or(0, |timeout| {
        u64::try_from(timeout.as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    })
}

/// A programming error for a time-out that is too long to be meant.
pub(super) fn check_timeout(timeout: Option<Duration>) -> Result<()> {
    if timeout.is_some_and(|timeout| timeout > LONGEST_TIMEOUT) {
        return Err(Error::programming(format!(
            "a timeout can be at most {} milliseconds",
            LONGEST_TIMEOUT.as_millis()
        )));
    }
    Ok(())
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

    /// How the server reads literals.
    fn dialect(&self) -> Dialect {
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
            self.failure = None;
            self.transactions += 1;
        }
        let Some(error) = error else { return Ok(()) };
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

    fn commit(&mut self) -> Result<()> {
        match self.status() {
            Status::InError => {
                let failure = self.failure.take();
                self.command("ROLLBACK")?;
                Err(rolled_back(failure))
            }
            Status::InTransaction => {
                let tag = self.command("COMMIT").map_err(|error| {
                    // Even a server that says why it goes may have committed first.
                    if error.breaks_connection() {
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
