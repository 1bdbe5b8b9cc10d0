//! The frontend/backend protocol, versions 3.0 and 3.2, as a state machine over bytes (manual, chapter 55).
//!
//! No socket, no clock: whoever drives it (`net`, or a test) moves bytes and asks what happened.
//!
//! * `start_*` queues a request: its bytes wait to be sent, its answers are expected in order.
//! * [`Wire::poll_transmit`] yields what to send; [`Wire::handle_sent`] says how much was.
//! * [`Wire::receive_space`] is where received bytes go; [`Wire::handle_eof`] says that no more will come.
//! * [`Wire::poll_event`] yields what the server said, one message at a time, but for rows: those are
//!   collected where they were received, until [`Wire::take_rows`].
//!
//! An error from `poll_event` ends the connection: what the server says after it cannot be trusted.
//!
//! What is to come fits in here so:
//!
//! * Non-blocking use: nothing to do; `poll_transmit` and `poll_event` never wait.
//! * Pipelining: the queue of expected answers is one already. Several `start_*` in a row are several
//!   requests in flight; an error skips to the next Sync, as the server does.
//! * Streaming: `take_rows` may be called between events, at any time, for the rows so far.
//! * COPY: `CopyIn`, `CopyOut` events exist; CopyData becomes an event of its own, and a `start_copy_data`.
//!
//! TLS is below this, in `net`, between the socket and `receive_space`. The single byte that answers
//! [`ssl_request`] comes before this machine starts; what authentication must know of the session is told it
//! with the [`Credentials`].
//!
//! The startup message asks for the newest version that may be spoken; a server that knows only an older one
//! says so with NegotiateProtocolVersion (`version`), or refuses with an error if it is older than that
//! message. 3.2 changes one thing: a cancel key may be 256 bytes long.

mod auth;
mod backend;
mod description;
mod frontend;
mod inbox;
mod messages;
mod name;
mod policy;
mod prepared;
mod rows;
mod scram;
mod statement;
mod tag;
#[cfg(test)]
mod tests;
pub(crate) mod verifier;
mod version;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, BytesMut};

pub(crate) use auth::Credentials;
pub(crate) use backend::{Column, Notification};
pub(crate) use frontend::{Call, LONGEST_MESSAGE, check_parameters};
pub(crate) use frontend::{cancel_request, ssl_request};
pub(crate) use policy::TlsFacts;
pub(crate) use rows::{Abreast, Cells, MOST_ABREAST, Next, Rows, Walk};
pub(crate) use tag::Tag;
pub(crate) use version::ProtocolVersions;

use crate::conninfo::ProtocolVersion;
use crate::error::{Error, Result, ServerFields};
use crate::types::Param;
use auth::{Authentication, PasswordUse};
use description::LastDescription;
use inbox::Inbox;
use messages::ready;
use version::Negotiation;

/// More settings than this are not reported by any server, but by one that wants our memory.
const MOST_SETTINGS: usize = 1000;
/// What names and values of all settings may take together.
const MOST_SETTINGS_BYTES: usize = 1 << 20;
/// A send buffer larger than this is given back once it is empty.
const KEPT_OUT_BUFFER: usize = 1 << 20;

/// The settings that a server reports: names and values.
pub(crate) type Settings = Arc<Vec<(String, String)>>;

/// Where the server stands, as its last ReadyForQuery said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransactionStatus {
    /// `I`: in no transaction.
    Idle,
    /// `T`: in a transaction.
    InTransaction,
    /// `E`: in a transaction that failed and can only be rolled back.
    InError,
}

/// What the server said.
#[derive(Debug)]
pub(crate) enum Event {
    /// The answers to everything up to a Sync, or to a simple query, are complete.
    Ready,
    /// The columns of the rows to come, or of a described statement.
    Columns(Arc<[Column]>),
    /// A described statement gives no rows.
    NoData,
    /// A statement has ended; its command tag. Its rows are there to take.
    Complete(Tag),
    /// A statement without any command in it.
    EmptyQuery,
    /// Execute's row limit was reached; the portal has more.
    Suspended,
    /// A statement failed, at this step. The answers to come are those from the next Sync on.
    Failed(Box<ServerFields>, Step),
    /// A notice.
    Notice(Box<ServerFields>),
    /// A notification.
    Notification(Box<Notification>),
    /// The server waits for CopyData.
    CopyIn,
    /// The server sends CopyData, which is skipped.
    CopyOut,
}

/// What the server said, where rows are taken as they come.
#[derive(Debug)]
pub(crate) enum Streamed {
    /// Rows are there to take, those before the next event.
    Rows,
    /// Anything else.
    Event(Event),
}

/// Where the columns of an Execute's rows are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowShape {
    /// From the Describe sent before it.
    Described,
    /// From an earlier one: this many.
    Known(u16),
    /// From an earlier one: there are none.
    None,
    /// The rows are not wanted.
    Unwanted,
    /// Nor are they here; and of statements that end one after the other with the same command tag, only the first is
    /// an event. See [`Wire::take_repeats`].
    Counted,
}

/// An answer that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    Query,
    /// Those to Bind, Execute and Sync. They are owed one by one as soon as the first does not come with the rest.
    Run(RowShape),
    /// Those to Parse, Bind, Describe of the portal, Execute and Sync, in the same way.
    Statement,
    Parse,
    Bind,
    DescribeStatement,
    DescribePortal,
    Execute(RowShape),
    Close,
    Sync,
}

/// Which request a statement failed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Before its parameters were bound and its plan made: nothing of it has run.
    Before,
    /// While or after it ran.
    Running,
}

/// A point in what is queued. See [`Wire::mark`].
pub(crate) struct Mark {
    bytes: usize,
    owed: usize,
}

/// Which way a COPY goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copying {
    In,
    Out,
}

enum Phase {
    Startup(Authentication),
    Running,
    Ended,
}

/// The protocol's state for one connection.
pub(crate) struct Wire {
    phase: Phase,
    out: BytesMut,
    /// Some of what `out` began with has been sent.
    sent_in_part: bool,
    inbox: Inbox,
    owed: VecDeque<Owed>,
    status: TransactionStatus,
    /// Columns of the rows now arriving, once described.
    columns: Option<u16>,
    last_description: LastDescription,
    /// The copy that the statement under way has begun.
    copying: Option<Copying>,
    /// The body of the last event that `RowShape::Counted` let be one, since the last Ready or failure.
    counted_tag: Vec<u8>,
    /// How many others have ended alike.
    repeats: u64,
    settings: Settings,
    settings_changed: bool,
    /// AuthenticationOk has come.
    let_in: bool,
    negotiation: Negotiation,
    password_use: PasswordUse,
    scram_max_iterations: u32,
    backend_key: Option<(i32, Vec<u8>)>,
}

impl Wire {
    /// Begins a connection: queues the startup message, which asks for the newest of `versions`. `parameters`
    /// are name and value; the user is `credentials`' own.
    pub(crate) fn start_startup(
        credentials: Credentials,
        versions: ProtocolVersions,
        parameters: &[(&str, &str)],
    ) -> Result<Wire> {
        let mut out = BytesMut::new();
        let mut all = vec![("user", credentials.user.as_str())];
        all.extend_from_slice(parameters);
        frontend::startup(versions.max, &all, &mut out)?;
        Ok(Wire {
            negotiation: Negotiation::new(versions),
            password_use: PasswordUse::default(),
            scram_max_iterations: credentials.scram_max_iterations,
            phase: Phase::Startup(Authentication::new(credentials)),
            out,
            sent_in_part: false,
            inbox: Inbox::default(),
            owed: VecDeque::new(),
            status: TransactionStatus::Idle,
            columns: None,
            last_description: LastDescription::default(),
            copying: None,
            counted_tag: Vec::new(),
            repeats: 0,
            settings: Settings::default(),
            settings_changed: false,
            let_in: false,
            backend_key: None,
        })
    }

    /// Query: the simple protocol. Answered by the results of each statement in it, then Ready.
    pub(crate) fn start_query(&mut self, sql: &str) -> Result<()> {
        frontend::query(sql, &mut self.out)?;
        self.owed.push_back(Owed::Query);
        Ok(())
    }

    /// Parse: prepares `sql` under `name` ("" for the unnamed statement). `types`: 0 leaves one to the server.
    pub(crate) fn start_parse(&mut self, name: &str, sql: &str, types: &[u32]) -> Result<()> {
        frontend::parse(name, sql, types, &mut self.out)?;
        self.owed.push_back(Owed::Parse);
        Ok(())
    }

    /// Bind: makes the unnamed portal of a prepared statement. `result_formats`: none for text, one for all
    /// columns, or one a column.
    pub(crate) fn start_bind(
        &mut self,
        statement: &str,
        params: &[Param<'_>],
        result_formats: &[i16],
    ) -> Result<()> {
        frontend::bind(statement, params, result_formats, &mut self.out)?;
        self.owed.push_back(Owed::Bind);
        Ok(())
    }

    /// Describe of a prepared statement. Answered by Parameters, then Columns or NoData.
    pub(crate) fn start_describe_statement(&mut self, name: &str) -> Result<()> {
        frontend::describe_statement(name, &mut self.out)?;
        self.owed.push_back(Owed::DescribeStatement);
        Ok(())
    }

    /// Describe of the unnamed portal. Answered by Columns or NoData.
    pub(crate) fn start_describe_portal(&mut self) -> Result<()> {
        frontend::describe_portal("", &mut self.out)?;
        self.owed.push_back(Owed::DescribePortal);
        Ok(())
    }

    /// Execute of the unnamed portal; `most_rows` 0 for all.
    pub(crate) fn start_execute(&mut self, most_rows: i32, shape: RowShape) -> Result<()> {
        frontend::execute(most_rows, &mut self.out);
        self.owed.push_back(Owed::Execute(shape));
        Ok(())
    }

    /// Close of a prepared statement; one that is not there is no error. Not an event.
    pub(crate) fn start_close_statement(&mut self, name: &str) -> Result<()> {
        frontend::close_statement(name, &mut self.out)?;
        self.owed.push_back(Owed::Close);
        Ok(())
    }

    /// Sync: ends a run of extended messages. Answered by Ready.
    pub(crate) fn start_sync(&mut self) {
        frontend::sync(&mut self.out);
        self.owed.push_back(Owed::Sync);
    }

    /// Flush: asks for the answers so far, without ending the run. Not answered itself.
    pub(crate) fn start_flush(&mut self) {
        frontend::flush(&mut self.out);
    }

    /// What is queued now, to come back to if what is to be queued next cannot be.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            bytes: self.out.len(),
            owed: self.owed.len(),
        }
    }

    /// Forgets what was queued since `mark`. Nothing may have been sent in between.
    pub(crate) fn revert(&mut self, mark: Mark) {
        self.out.truncate(mark.bytes);
        self.owed.truncate(mark.owed);
    }

    /// A statement that gives no rows, by the extended protocol and without a Sync: if it fails, the server
    /// skips what follows it, be it a Query. That is how BEGIN travels with a statement that must not run
    /// without it.
    pub(crate) fn start_command_before(&mut self, sql: &str) -> Result<()> {
        self.start_parse("", sql, &[])?;
        self.start_bind("", &[], &[])?;
        self.start_execute(0, RowShape::Unwanted)
    }

    /// CopyFail: refuses a CopyIn. Its statement then fails with 57014.
    pub(crate) fn start_copy_fail(&mut self, reason: &str) -> Result<()> {
        frontend::copy_fail(reason, &mut self.out)?;
        // A server in copy mode ignores a Sync; the one that was sent with the Execute is owed again. If
        // something else was sent behind the Execute, that ended the copy mode, and its Sync still counts.
        if let [Owed::Execute(_), Owed::Sync] = *self.owed.make_contiguous() {
            frontend::sync(&mut self.out);
        }
        Ok(())
    }

    /// Terminate: says good-bye. Not answered.
    pub(crate) fn start_terminate(&mut self) {
        if !matches!(self.phase, Phase::Ended) {
            frontend::terminate(&mut self.out);
            self.phase = Phase::Ended;
        }
    }

    /// What waits to be sent.
    pub(crate) fn poll_transmit(&self) -> &[u8] {
        &self.out
    }

    /// Takes note that `count` bytes of what waited were sent.
    #[inline]
    pub(crate) fn handle_sent(&mut self, count: usize) {
        if count >= self.out.len() && !self.sent_in_part && self.out.capacity() <= KEPT_OUT_BUFFER {
            self.out.clear();
        } else {
            self.handle_part(count);
        }
    }

    #[cold]
    fn handle_part(&mut self, count: usize) {
        if count >= self.out.len() && !self.sent_in_part {
            self.out = BytesMut::new();
            return;
        }
        self.out.advance(count.min(self.out.len()));
        self.sent_in_part = !self.out.is_empty();
        // What was sent is no part of its capacity any more, until it is reclaimed.
        if self.out.is_empty() && self.out.try_reclaim(KEPT_OUT_BUFFER + 1) {
            self.out = BytesMut::new();
        }
    }

    /// Where to append received bytes, and the most that may be appended (at least 1).
    #[inline]
    pub(crate) fn receive_space(&mut self) -> Result<(&mut Vec<u8>, usize)> {
        self.inbox.space()
    }

    /// The server closed the connection.
    pub(crate) fn handle_eof(&mut self) -> Error {
        let phase = std::mem::replace(&mut self.phase, Phase::Ended);
        let when = match phase {
            Phase::Startup(_) => "while connecting",
            _ if self.inbox.is_mid_message() => "in the middle of a message",
            _ => "unexpectedly",
        };
        Error::broken(format!("the server closed the connection {when}")).with_sqlstate("08006")
    }

    /// Whether answers are owed.
    pub(crate) fn is_busy(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Whether the server has let us in.
    pub(crate) fn is_authenticated(&self) -> bool {
        match &self.phase {
            Phase::Startup(authentication) => authentication.is_done(),
            Phase::Running => true,
            Phase::Ended => false,
        }
    }

    /// Where the server stood at the last Ready.
    pub(crate) fn transaction_status(&self) -> TransactionStatus {
        self.status
    }

    /// A setting that the server reports, by its name.
    pub(crate) fn parameter_status(&self, name: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// All settings that the server reports.
    pub(crate) fn parameters(&self) -> &Settings {
        &self.settings
    }

    /// Whether one has changed since `note_parameters`.
    pub(crate) fn parameters_changed(&self) -> bool {
        self.settings_changed
    }

    /// Takes note that the settings have been looked at.
    pub(crate) fn note_parameters(&mut self) {
        self.settings_changed = false;
    }

    /// The backend's process id, and the key that cancels its statements. `None`: the server sent no key,
    /// and nothing can be cancelled.
    pub(crate) fn backend_key(&self) -> Option<(i32, &[u8])> {
        self.backend_key.as_ref().map(|(pid, key)| (*pid, &key[..]))
    }

    /// The version that is spoken: what was asked for, until the server says otherwise.
    pub(crate) fn protocol_version(&self) -> ProtocolVersion {
        self.negotiation.version()
    }

    /// Whether the server asked for a password, be it that there was none (`PQconnectionUsedPassword`). Stays
    /// after an error.
    pub(crate) fn password_was_used(&self) -> bool {
        self.password_use != PasswordUse::NotAsked
    }

    /// Whether the login failed because the server asked for a password and there was none
    /// (`PQconnectionNeedsPassword`): whoever knows why there was none may add it to the error. Stays after
    /// an error.
    pub(crate) fn password_was_missing(&self) -> bool {
        self.password_use == PasswordUse::Missing
    }

    /// Whether the server has accepted who we are, whatever has happened since.
    pub(crate) fn has_let_us_in(&self) -> bool {
        self.let_in
    }

    /// How many rounds a new SCRAM verifier gets: what the server reports (from 16 on), else what all older
    /// ones use. A number that no login with this connection's settings would get past is an error, before it
    /// costs anything.
    pub(crate) fn verifier_iterations(&self) -> Result<u32> {
        let reported = self.parameter_status("scram_iterations");
        let iterations = reported
            .and_then(|text| text.parse().ok())
            .filter(|&count| count > 0)
            .unwrap_or(verifier::ITERATIONS);
        if reported.is_some() && iterations > self.scram_max_iterations {
            return Err(Error::operational(format!(
                "the server's scram_iterations is {iterations}, more than scram_max_iterations allows ({})",
                self.scram_max_iterations
            )));
        }
        Ok(iterations)
    }

    /// How many statements have ended since the last call as the one before them did, without being an event.
    pub(crate) fn take_repeats(&mut self) -> u64 {
        std::mem::take(&mut self.repeats)
    }

    /// The rows received since the last call.
    pub(crate) fn take_rows(&mut self) -> Result<Rows> {
        self.inbox.take_rows()
    }

    /// What is held in memory, apart from rows and settings.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn memory(&self) -> usize {
        self.inbox.capacity()
            + self.out.capacity()
            + self.owed.capacity()
            + self.last_description.memory()
    }

    /// What the server said next; `None` until more is received. An error ends the connection.
    #[inline]
    pub(crate) fn poll_event(&mut self) -> Result<Option<Event>> {
        if matches!(self.phase, Phase::Running) {
            if self.inbox.is_empty() {
                return Ok(None);
            }
            if let Some(event) = self.quick() {
                return Ok(Some(event));
            }
        }
        self.poll_any()
    }

    /// What ends and begins the answers to most statements, known by its bytes: an event, if it is one.
    #[inline]
    fn quick(&mut self) -> Option<Event> {
        match self.owed.front()? {
            Owed::Bind if self.inbox.peek() == Some(b"2\0\0\0\x04") => {
                self.inbox.pass(5);
                self.owed.pop_front();
            }
            Owed::Sync => {
                if let Some(&[b'Z', 0, 0, 0, 5, status]) = self.inbox.peek() {
                    let status = ready(&[status]).ok()?;
                    self.inbox.pass(6);
                    return Some(self.ready(status));
                }
            }
            _ => {}
        }
        None
    }

    /// Everything up to a Sync, or a simple query, has been answered.
    fn ready(&mut self, status: TransactionStatus) -> Event {
        self.answered(status);
        Event::Ready
    }

    #[inline]
    fn answered(&mut self, status: TransactionStatus) {
        self.status = status;
        self.owed.pop_front();
        self.counted_tag.clear();
        self.columns = None;
        self.copying = None;
    }

    /// Whether the server has said something that `poll_answer` and `poll_event` have not seen yet, or the connection has
    /// ended.
    #[inline]
    pub(crate) fn has_unseen(&self) -> bool {
        !self.inbox.is_empty() || !matches!(self.phase, Phase::Running)
    }

    /// The answers to what was sent at once do not come in one piece.
    #[cold]
    pub(super) fn owe_one_by_one(&mut self) {
        let (shape, first): (_, &[Owed]) = match self.owed.front() {
            Some(&Owed::Run(shape)) => (shape, &[Owed::Bind]),
            Some(Owed::Statement) => (
                RowShape::Described,
                &[Owed::DescribePortal, Owed::Bind, Owed::Parse],
            ),
            _ => return,
        };
        self.owed.pop_front();
        for &owed in [Owed::Sync, Owed::Execute(shape)].iter().chain(first) {
            self.owed.push_front(owed);
        }
    }

    #[inline(never)]
    fn poll_any(&mut self) -> Result<Option<Event>> {
        let outcome = match self.owed.front() {
            Some(Owed::Statement) => self.description(),
            _ => self.next_event(),
        };
        if outcome.is_err() {
            self.phase = Phase::Ended;
        }
        outcome
    }

    /// The same, but rows are an event of their own as soon as there are some, and none lies behind another event.
    pub(crate) fn poll_streamed(&mut self) -> Result<Option<Streamed>> {
        let outcome = self.next_streamed();
        if outcome.is_err() {
            self.phase = Phase::Ended;
        }
        outcome
    }

    fn next_streamed(&mut self) -> Result<Option<Streamed>> {
        loop {
            if self.inbox.holds_rows() && !self.inbox.next_is_row() {
                return Ok(Some(Streamed::Rows));
            }
            match self.next_event_before_rows()? {
                Some(event) => return Ok(Some(Streamed::Event(event))),
                None if self.inbox.holds_rows() => {}
                None => return Ok(None),
            }
        }
    }

    /// The next event, unless a row comes first: that is accepted, with those behind it.
    fn next_event_before_rows(&mut self) -> Result<Option<Event>> {
        if matches!(self.phase, Phase::Ended) {
            return Err(Error::broken("the connection has ended"));
        }
        loop {
            let frame = self.inbox.next_frame(|kind| backend::longest(kind, true))?;
            let Some(frame) = frame else { return Ok(None) };
            if frame.kind == b'D' {
                self.row(frame)?;
                if self.inbox.holds_rows() {
                    return Ok(None);
                }
            } else if let Some(event) = self.message(frame)? {
                return Ok(Some(event));
            }
        }
    }

    /// Forgets the rows received since the last `take_rows`.
    pub(crate) fn discard_rows(&mut self) {
        self.inbox.drop_rows();
    }

    pub(super) fn next_event(&mut self) -> Result<Option<Event>> {
        if matches!(self.phase, Phase::Ended) {
            return Err(Error::broken("the connection has ended"));
        }
        let authenticated = self.is_authenticated();
        loop {
            let frame = self
                .inbox
                .next_frame(|kind| backend::longest(kind, authenticated))?;
            let Some(frame) = frame else { return Ok(None) };
            if frame.kind == b'D' {
                self.row(frame)?;
            } else if let Some(event) = self.message(frame)? {
                return Ok(Some(event));
            } else if !authenticated && self.is_authenticated() {
                // The limits have changed.
                return self.next_event();
            }
        }
    }
}
