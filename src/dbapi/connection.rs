//! A connection and its transaction (SEMANTICS, "Connection").
//!
//! Calls on one connection take turns: each locks the session for as long as it talks to the server. What a
//! getter needs is kept beside the lock, so that getters never wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::about::About;
use super::characteristics::{Changes, Characteristics};
use super::deadline::Limit;
use super::fork::Process;
use super::interrupt::Interrupt;
use super::listen::Bell;
use super::mailbox::Mailbox;
use super::session::{Session, Status};
use super::statements::{Preparing, Statements};
use crate::conninfo::{
    Conninfo, LONGEST_TIMEOUT, MOST_PREPARED, MOST_USES, ProcessEnvironment, is_utf8,
};
use crate::error::{Error, Result};
use crate::net::{self, CancelTarget, Cancelled, Channel};
use crate::types::Dialect;
use crate::wire::Settings;

/// How long a cancel request may take to reach the server, at most.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

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

/// A connection: shared by its handle and by its cursors, and closed when the last of them is gone.
pub(crate) struct Connection {
    pub(super) session: Mutex<Session>,
    closed: AtomicU8,
    status: AtomicU8,
    /// The session's `Dialect`, as its two truth values' bits, after the last command.
    dialect: AtomicU8,
    /// Milliseconds; 0 is none.
    timeout: AtomicU64,
    /// When statements are prepared, as of the last turn.
    preparing: (AtomicU32, AtomicU32),
    about: About,
    cancel: Option<CancelTarget>,
    /// Held while a cancel request is under way, and passed through by each command: what one thread cancels
    /// must not be the next command, which another has begun meanwhile.
    pub(super) cancelling: Mutex<()>,
    pub(super) interrupt: Interrupt,
    /// The session's; see `Characteristics::pack`.
    characteristics: AtomicU32,
    /// What the server reports of its settings, as of the last turn.
    parameters: Mutex<Settings>,
    mailbox: Arc<Mailbox>,
    pub(super) bell: Bell,
    /// The process that connected. In a forked child, the connection is its parent's.
    process: Process,
}

impl Connection {
    /// Connects as `dsn`, overridden by `keywords`, says.
    pub(crate) fn open(dsn: Option<&str>, keywords: &[(&str, Option<&str>)]) -> Result<Connection> {
        // Whatever goes wrong, there is no connection to use.
        let (mut channel, about, timeout, preparing) =
            Connection::connect(dsn, keywords).map_err(Error::breaking_connection)?;
        let mailbox = Arc::new(Mailbox::default());
        for notice in channel.take_early_notices() {
            mailbox.put_notice(Box::new(notice));
        }
        let cancel = channel.cancel_target();
        let parameters = Arc::clone(channel.wire_ref().parameters());
        let statements = Statements::new(preparing, names_token());
        let session = Session::new(channel, cancel.clone(), statements, Arc::clone(&mailbox));
        Ok(Connection {
            timeout: AtomicU64::new(milliseconds(timeout)),
            preparing: (
                AtomicU32::new(preparing.threshold),
                AtomicU32::new(preparing.most),
            ),
            about,
            cancel,
            cancelling: Mutex::new(()),
            interrupt: Interrupt::default(),
            characteristics: AtomicU32::new(Characteristics::default().pack()),
            parameters: Mutex::new(parameters),
            mailbox,
            bell: Bell::default(),
            dialect: AtomicU8::new(dialect_bits(session.dialect())),
            session: Mutex::new(session),
            closed: AtomicU8::new(Closed::Open as u8),
            status: AtomicU8::new(Status::Idle as u8),
            process: Process::this(),
        })
    }

    fn connect(
        dsn: Option<&str>,
        keywords: &[(&str, Option<&str>)],
    ) -> Result<(Channel, About, Option<Duration>, Preparing)> {
        let environment = ProcessEnvironment;
        let said = Conninfo::merge(dsn, keywords)?;
        let conninfo = said.clone().completed(&environment)?;
        let config = conninfo.config(&environment)?;
        let mut channel = net::connect(&config)?;
        channel.set_busy_poll(config.busy_poll);
        let about = About::new(&said.redacted(), conninfo, &config, &channel);
        let preparing = Preparing {
            threshold: config.prepare_threshold,
            most: config.prepared_max,
        };
        Ok((channel, about, config.timeout, preparing))
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

    /// When statements are prepared. Never waits.
    pub(crate) fn preparing(&self) -> Preparing {
        Preparing {
            threshold: self.preparing.0.load(Ordering::Acquire),
            most: self.preparing.1.load(Ordering::Acquire),
        }
    }

    /// Sets at which use statements are prepared; 0: never.
    pub(crate) fn set_prepare_threshold(&self, threshold: u32) -> Result<()> {
        check_at_most(threshold, MOST_USES, "uses")?;
        self.set_preparing(|preparing| Preparing {
            threshold,
            ..preparing
        })
    }

    /// Sets how many statements are kept prepared at most.
    pub(crate) fn set_prepared_max(&self, most: u32) -> Result<()> {
        check_at_most(most, MOST_PREPARED, "statements")?;
        self.set_preparing(|preparing| Preparing { most, ..preparing })
    }

    fn set_preparing(&self, change: impl FnOnce(Preparing) -> Preparing) -> Result<()> {
        self.check_open()?;
        self.cleanup(self.timeout(), |session| {
            let new = change(session.statements.preparing());
            session.statements.set(new);
            self.preparing.0.store(new.threshold, Ordering::Release);
            self.preparing.1.store(new.most, Ordering::Release);
            Ok(())
        })
    }

    /// Cancels the command that is in progress, if one is. Does not wait for it, but for the server to have
    /// passed the request on, so that no later command is hit.
    pub(crate) fn cancel(&self) -> Result<()> {
        self.check_open()?;
        let deadline = self.cancel_deadline();
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
        match self.cancel_target()?.cancel(deadline) {
            Cancelled::Done => Ok(()),
            Cancelled::NotSent(error) | Cancelled::Unknown(error) => Err(error),
        }
    }

    /// Until when a request to cancel may take.
    pub(super) fn cancel_deadline(&self) -> Instant {
        let limit = self
            .timeout()
            .map_or(CANCEL_PATIENCE, |limit| limit.min(CANCEL_PATIENCE));
        Instant::now() + limit
    }

    /// Where a request to cancel goes.
    pub(super) fn cancel_target(&self) -> Result<&CancelTarget> {
        self.cancel.as_ref().ok_or_else(|| {
            Error::not_supported("the server gave no key to cancel its statements with")
        })
    }

    /// Whether it is open, closed or broken. Never waits.
    #[inline]
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

    /// An interface error in a forked child of the process that connected: of what it has a copy of, another thread of
    /// the parent may have held the lock.
    #[inline]
    pub(crate) fn check_own(&self) -> Result<()> {
        if self.is_inherited() {
            return Err(inherited());
        }
        Ok(())
    }

    /// Whether the connection can be used, as `check_open` says.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        !self.is_inherited() && self.closed() == Closed::Open
    }

    /// An interface error unless the connection can be used.
    #[inline]
    pub(crate) fn check_open(&self) -> Result<()> {
        self.check_own()?;
        match self.closed() {
            Closed::Open => Ok(()),
            closed => Err(not_open(closed)),
        }
    }

    /// Takes a turn: runs `work` while no other thread uses the connection, and within `timeout`, its waiting for
    /// its turn included. An error that breaks the connection closes it; so does a panic on the way.
    #[inline]
    pub(super) fn command<T>(
        &self,
        timeout: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let limit = Limit::start(timeout);
        let mut session = self.take_turn(limit)?;
        let turn = Turn::begin(self, &mut session, limit)?;
        let begun = self.begin_call(&mut session, limit);
        let result = match begun.and_then(|()| self.interrupt.check()) {
            Ok(()) => work(&mut session),
            Err(error) => Err(error),
        };
        turn.end(&mut session, breaks(&result));
        result
    }

    /// The same for what is to be done even if the connection was interrupted.
    pub(super) fn cleanup<T>(
        &self,
        timeout: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let limit = Limit::start(timeout);
        let mut session = self.take_turn(limit)?;
        let turn = Turn::begin(self, &mut session, limit)?;
        let result = match self.begin_call(&mut session, limit) {
            Ok(()) => work(&mut session),
            Err(error) => Err(error),
        };
        turn.end(&mut session, breaks(&result));
        result
    }

    fn begin_call(&self, session: &mut Session, limit: Option<Limit>) -> Result<()> {
        session.check_no_stream()?;
        self.begin_work(limit)
    }

    #[inline]
    fn take_turn(&self, limit: Option<Limit>) -> Result<MutexGuard<'_, Session>> {
        if !self.is_inherited()
            && let Some(session) = self.session.try_lock()
        {
            return Ok(session);
        }
        self.wait_for_turn(limit)
    }

    #[cold]
    fn wait_for_turn(&self, limit: Option<Limit>) -> Result<MutexGuard<'_, Session>> {
        let deadline = limit.as_ref().map(Limit::deadline);
        match (self.take_turn_until(deadline)?, limit) {
            (Some(session), _) => Ok(session),
            (None, Some(limit)) => Err(limit.no_turn()),
            (None, None) => Err(Error::interface("no turn")),
        }
    }

    /// Waits for its turn; `None` if the deadline passes first.
    pub(super) fn take_turn_until(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Option<MutexGuard<'_, Session>>> {
        // A forked child has but a copy of the lock, and no one to unlock it.
        self.check_own()?;
        if let Some(session) = self.session.try_lock() {
            return Ok(Some(session));
        }
        let _wanting = self.bell.ring();
        Ok(match deadline {
            None => Some(self.session.lock()),
            Some(deadline) => self.session.try_lock_until(deadline),
        })
    }

    /// Shows other threads that a command is in progress, once no cancel request meant for an earlier one is
    /// on its way any more.
    #[inline]
    fn begin_work(&self, limit: Option<Limit>) -> Result<()> {
        let gate = match limit {
            None => self.cancelling.lock(),
            Some(limit) => self
                .cancelling
                .try_lock_until(limit.deadline())
                .ok_or_else(|| limit.no_turn())?,
        };
        self.interrupt.note_call();
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
                self.interrupt.note_call();
                self.status.store(Status::Active as u8, Ordering::Release);
                drop(gate);
                work(session)
            }),
            _ => Ok(()),
        }
    }

    /// The same as `command`, for the cursor of a streamed result that is open.
    pub(super) fn command_of_stream<T>(
        &self,
        timeout: Option<Duration>,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let limit = Limit::start(timeout);
        let mut session = self.take_turn(limit)?;
        let turn = Turn::begin(self, &mut session, limit)?;
        let result = match self.begin_work(limit) {
            Ok(()) => work(&mut session),
            Err(error) => Err(error),
        };
        turn.end(&mut session, breaks(&result));
        result
    }

    /// A turn in which no call begins as others see it.
    pub(super) fn turn_with<T>(
        &self,
        session: &mut Session,
        limit: Option<Limit>,
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let turn = Turn::begin(self, session, limit)?;
        let result = match session.check_no_stream() {
            Ok(()) => work(session),
            Err(error) => Err(error),
        };
        turn.end(session, breaks(&result));
        result
    }

    #[cold]
    fn note_parameters(&self, session: &mut Session) {
        if let Ok(channel) = session.channel() {
            channel.wire().note_parameters();
            *self.parameters.lock() = Arc::clone(channel.wire_ref().parameters());
        }
        let dialect = dialect_bits(session.dialect());
        self.dialect.store(dialect, Ordering::Release);
    }

    fn note_characteristics(&self, session: &Session) {
        self.characteristics
            .store(session.characteristics().pack(), Ordering::Release);
    }

    /// PEP 249's commit. Nothing to do outside a transaction.
    pub(crate) fn commit(&self) -> Result<()> {
        self.command(self.timeout(), Session::commit)
    }

    /// PEP 249's rollback. Nothing to do outside a transaction.
    pub(crate) fn rollback(&self) -> Result<()> {
        self.cleanup(self.timeout(), Session::rollback)
    }

    /// Whether statements commit by themselves.
    pub(crate) fn autocommit(&self) -> bool {
        self.characteristics().autocommit
    }

    /// What transactions are like. Never waits.
    pub(crate) fn characteristics(&self) -> Characteristics {
        Characteristics::unpack(self.characteristics.load(Ordering::Acquire))
    }

    /// Changes what transactions are like. Not inside one. `what` is what is set, for errors.
    pub(crate) fn set_characteristics(&self, changes: Changes, what: &str) -> Result<()> {
        self.command(self.timeout(), |session| {
            session.set_characteristics(changes, what)?;
            self.note_characteristics(session);
            Ok(())
        })
    }

    /// Ends what is open, and makes the session as it was after connecting: the server's settings, prepared
    /// statements, temporary tables, locks, LISTENs, and our characteristics (psycopg2's reset).
    pub(crate) fn reset(&self) -> Result<()> {
        self.cleanup(self.timeout(), |session| {
            session.reset()?;
            self.note_characteristics(session);
            Ok(())
        })
    }

    /// psycopg2's set_client_encoding: UTF-8 is the only one. Rolls back what is open.
    pub(crate) fn set_encoding(&self, encoding: &str) -> Result<()> {
        self.check_open()?;
        if !is_utf8(encoding) {
            return Err(Error::not_supported(
                "the encoding can only be UTF8: the library's text is UTF-8",
            ));
        }
        self.rollback()
    }

    /// What the server reports of a setting; `None` if it does not report it. Never waits for a call.
    pub(crate) fn parameter_status(&self, name: &str) -> Option<String> {
        self.parameters
            .lock()
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }

    /// Notices and notifications.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// PEP 249's close. Rolls back what is open, says good-bye, and never fails: calling it again is fine.
    pub(crate) fn close(&self) {
        if self.is_inherited() {
            // The parent's session goes on; here, the connection is closed.
            self.closed.store(Closed::Closed as u8, Ordering::Release);
            return;
        }
        let _wanting = self.bell.ring();
        let mut session = self.session.lock();
        let _ = self.closed.compare_exchange(
            Closed::Open as u8,
            Closed::Closed as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        session.say_good_bye(false);
    }

    /// Whether this process is a forked child of the one that connected.
    #[inline]
    pub(super) fn is_inherited(&self) -> bool {
        !self.process.is_this()
    }
}

#[cold]
fn inherited() -> Error {
    Error::interface(
        "the connection belongs to the process that opened it, not to its forked child",
    )
}

#[cold]
fn not_open(closed: Closed) -> Error {
    Error::interface(match closed {
        Closed::Broken => "the connection is already closed: it broke earlier",
        _ => "the connection is already closed",
    })
}

/// A programming error for a number that is too large to be meant.
fn check_at_most(number: u32, most: u32, argument: &str) -> Result<()> {
    if number > most {
        return Err(Error::programming(format!(
            "argument {argument} is {number}, more than {most}"
        )));
    }
    Ok(())
}

/// What the names of this connection's prepared statements begin with, and those of no other: behind a pooler, others'
/// may be on the same server.
fn names_token() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness, the address of something of this process's is something.
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => u64::from(std::process::id()) << 32 | (&raw const bytes).addr() as u64 >> 4,
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

/// Whether it is an error that breaks the connection.
fn breaks<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(Error::breaks_connection)
}

/// A thread's turn. Marks the connection broken if it ends by a panic: what was under way is in an unknown state.
struct Turn<'a> {
    connection: &'a Connection,
    over: bool,
}

impl Turn<'_> {
    #[inline]
    fn begin<'a>(
        connection: &'a Connection,
        session: &mut Session,
        limit: Option<Limit>,
    ) -> Result<Turn<'a>> {
        connection.check_open()?;
        session.limit = limit;
        Ok(Turn {
            connection,
            over: false,
        })
    }

    /// Shows other threads how it ended; `broken`: with an error that breaks the connection.
    fn end(mut self, session: &mut Session, broken: bool) {
        self.over = true;
        session.limit = None;
        let status = if session.is_streaming() {
            Status::Active
        } else {
            session.status()
        };
        let connection = self.connection;
        connection.status.store(status as u8, Ordering::Release);
        let channel = session.channel_ref();
        if channel.is_some_and(|channel| channel.wire_ref().parameters_changed()) {
            connection.note_parameters(session);
        }
        if broken {
            let closed = Closed::Broken as u8;
            connection.closed.store(closed, Ordering::Release);
            session.drop_channel();
        }
    }
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
