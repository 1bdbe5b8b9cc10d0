//! Sockets, TLS, the choice of a server, deadlines, and the one loop that drives `wire`.
//!
//! Knows nothing of cursors or transactions. Everything that waits, waits here, and ends at a deadline if it
//! is given one; only the system's resolver waits as long as it likes.
//!
//! Reading order: `stream` (a socket), `transport` (TLS on it), this file (the loop), `attempt` (one address:
//! encryption, login), `choose` (which of several servers), `cancel`.

mod attempt;
mod cancel;
mod choose;
mod gather;
pub(crate) mod os;
mod patience;
mod secure;
mod stream;
mod target;
mod transport;

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use cancel::{CancelTarget, Cancelled};
pub(crate) use choose::connect;

use crate::error::{Error, Result, ServerFields};
use crate::tls::TlsSession;
use crate::wire::{Event, Rows, Streamed, Tag, Wire};
use attempt::Origin;
use gather::Gathering;
use os::Readiness;
use patience::{Patience, Wait};
use stream::Received;
use transport::{Transport, timed_out};

/// A connection to a server: the socket, and the protocol's state on it.
pub(crate) struct Channel {
    transport: Transport,
    wire: Wire,
    /// Where it leads, for cancelling.
    origin: Arc<Origin>,
    /// Why nothing can be sent any more. What the server said last may still be read: it may say why.
    send_failure: Option<Error>,
    /// What the server had to say while it let us in.
    early_notices: Vec<ServerFields>,
    patience: Patience,
    gathering: Gathering,
    /// Something was sent, and nothing has been received since.
    awaiting: bool,
}

impl Channel {
    fn new(transport: Transport, wire: Wire, origin: Arc<Origin>) -> Channel {
        Channel {
            transport,
            wire,
            origin,
            send_failure: None,
            early_notices: Vec::new(),
            patience: Patience::default(),
            gathering: Gathering::default(),
            awaiting: false,
        }
    }

    /// Sets how long a call looks for its answer again and again before it sleeps.
    pub(crate) fn set_busy_poll(&mut self, most: Duration) {
        self.patience.set_most(most);
    }

    /// The protocol's state, to queue requests and read what it knows.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// The same, to read only.
    pub(crate) fn wire_ref(&self) -> &Wire {
        &self.wire
    }

    /// Notices from the login, such as of a password that expires.
    pub(crate) fn take_early_notices(&mut self) -> Vec<ServerFields> {
        std::mem::take(&mut self.early_notices)
    }

    /// The TLS session that it runs in, if it does.
    pub(crate) fn tls(&self) -> Option<&TlsSession> {
        self.transport.tls()
    }

    /// The socket's number in this process. It stays the same as long as the channel lives.
    pub(crate) fn socket_number(&self) -> RawFd {
        self.transport.socket_number()
    }

    /// The host as the connection string names it, and the port: of several, the ones connected to.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        self.origin.host_and_port()
    }

    /// What it takes to cancel from another thread; `None` if the server gave no key for it.
    pub(crate) fn cancel_target(&self) -> Option<CancelTarget> {
        CancelTarget::new(Arc::clone(&self.origin), &self.wire)
    }

    /// The loop: sends what waits, and receives until the server has said something. An error ends the
    /// connection, but for a time-out: the caller may go on with a later deadline.
    #[inline(always)]
    pub(crate) fn next_event(&mut self, deadline: Option<Instant>) -> Result<Event> {
        match self.wire.poll_event()? {
            Some(event) => Ok(event),
            None => self.send_and_wait(deadline),
        }
    }

    /// The same; the answer to a prepared statement (`Wire::start_prepared`) at once, if it comes in one piece: `None`, and
    /// its rows and command tag are in place of those that were there.
    #[inline]
    pub(crate) fn next_answer(
        &mut self,
        deadline: Option<Instant>,
        rows: &mut Rows,
        tag: &mut Tag,
    ) -> Result<Option<Event>> {
        loop {
            if self.wire.has_unseen() {
                if self.wire.poll_answer(rows, tag)? {
                    return Ok(None);
                }
                if let Some(event) = self.wire.poll_event()? {
                    return Ok(Some(event));
                }
            }
            self.exchange(deadline)?;
        }
    }

    /// Sends what waits, and receives: the path of every call, all of it in one piece.
    #[inline(never)]
    fn exchange(&mut self, deadline: Option<Instant>) -> Result<()> {
        while self.wants_to_send() {
            if self.send_some(deadline)? {
                return Ok(());
            }
        }
        self.receive(deadline)
    }

    /// The same, where nothing is left of what was received.
    fn send_and_wait(&mut self, deadline: Option<Instant>) -> Result<Event> {
        loop {
            self.exchange(deadline)?;
            if let Some(event) = self.wire.poll_event()? {
                return Ok(event);
            }
        }
    }

    /// Sends all that waits. If the server will not take it before it is heard, it is heard: its next event
    /// comes back, and more may wait to be sent.
    pub(crate) fn send_or_event(&mut self, deadline: Option<Instant>) -> Result<Option<Event>> {
        match self.wire.poll_event()? {
            Some(event) => Ok(Some(event)),
            None => self.send(deadline),
        }
    }

    /// The same, where nothing is left of what was received.
    fn send(&mut self, deadline: Option<Instant>) -> Result<Option<Event>> {
        while self.wants_to_send() {
            if self.send_some(deadline)?
                && let Some(event) = self.wire.poll_event()?
            {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The loop for rows that are taken as they come: sends what waits, and receives until there are rows or the server
    /// has said something else. Errors as `next_event`.
    pub(crate) fn next_streamed(&mut self, deadline: Option<Instant>) -> Result<Streamed> {
        loop {
            if let Some(streamed) = self.wire.poll_streamed()? {
                return Ok(streamed);
            }
            self.exchange(deadline)?;
        }
    }

    /// The same, where all has been sent; `None` if nothing has come until `end`, which is no error.
    pub(crate) fn next_streamed_until(&mut self, end: Instant) -> Result<Option<Streamed>> {
        loop {
            if let Some(streamed) = self.wire.poll_streamed()? {
                return Ok(Some(streamed));
            }
            if !self.wait_for_server(Some(end), None)? {
                return Ok(None);
            }
            self.take_in(false)?;
        }
    }

    #[inline]
    fn wants_to_send(&self) -> bool {
        let nothing = self.wire.poll_transmit().is_empty() && !self.transport.wants_write();
        !nothing && self.send_failure.is_none()
    }

    /// Sends what the server will take. If it must be heard first, what it says is taken in, and true comes back.
    #[inline(always)]
    fn send_some(&mut self, deadline: Option<Instant>) -> Result<bool> {
        match self.transport.send(self.wire.poll_transmit()) {
            Ok(Some(count)) => {
                self.wire.handle_sent(count);
                self.patience.asked(os::now);
                self.gathering.asked();
                self.awaiting = true;
                Ok(false)
            }
            Ok(None) => self.wait_to_send(deadline),
            Err(error) => {
                self.send_failure = Some(error);
                Ok(false)
            }
        }
    }

    /// Waits until the server takes something. If it says something first, that is taken in, and true comes back.
    #[cold]
    fn wait_to_send(&mut self, deadline: Option<Instant>) -> Result<bool> {
        match self.transport.wait(true, deadline)? {
            Readiness::Ready { readable: true } => self.take_in(false).map(|()| true),
            Readiness::Ready { readable: false } => Ok(false),
            Readiness::TimedOut => Err(timed_out()),
        }
    }

    /// Waits until the server has something to say, or `other` has; false if the deadline passed first. Takes
    /// nothing in.
    pub(crate) fn wait_for_server(
        &self,
        deadline: Option<Instant>,
        other: Option<BorrowedFd<'_>>,
    ) -> Result<bool> {
        Ok(self.transport.wait_beside(deadline, other)? != Readiness::TimedOut)
    }

    /// What the server has said already; `None`: nothing, or not to its end. Waits for nothing.
    pub(crate) fn event_that_came(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.wire.poll_event()? {
                return Ok(Some(event));
            }
            let (buffer, most) = self.wire.receive_space()?;
            match self.transport.receive(buffer, most, false)? {
                Received::Bytes(_) => {}
                Received::Nothing => return Ok(None),
                Received::End => return Err(self.wire.handle_eof()),
            }
        }
    }

    /// Sends what waits without waiting for the server, and without a word if it cannot be: for good-byes.
    pub(crate) fn send_last(&mut self) {
        while let Ok(Some(count)) = self.transport.send(self.wire.poll_transmit()) {
            self.wire.handle_sent(count);
            if self.wire.poll_transmit().is_empty() {
                break;
            }
        }
        self.transport.say_good_bye();
    }

    /// Waits for bytes and takes them in.
    #[inline(always)]
    fn receive(&mut self, deadline: Option<Instant>) -> Result<()> {
        if self.send_failure.is_some() {
            // What the server said before it stopped listening is there, or never comes.
            return self.take_in(false);
        }
        // A server that keeps sending never makes us wait.
        if deadline.is_some_and(|end| Instant::now() >= end) {
            return Err(timed_out());
        }
        let looks = match self.patience.wait() {
            Wait::Sleep => None,
            Wait::LookOnce => Some(0),
            Wait::Look(nanoseconds) => Some(nanoseconds),
        };
        if let Some(nanoseconds) = looks
            && self.look(nanoseconds)?
        {
            return Ok(());
        }
        if let Some(pause) = self.gathering.pause()
            && self.gather(pause)?
        {
            return Ok(());
        }
        // Who waits in recv on a Unix socket is woken when the server reads what was sent, too; who waits in poll is not.
        // In vain, but at a login: while the server makes a process for it, a processor that has slept less is back
        // sooner (by a tenth of the time that connecting takes, as measured). And only poll ends at a deadline.
        let in_vain = self.awaiting && self.transport.is_local() && self.wire.has_let_us_in();
        let polls = deadline.is_some() || in_vain;
        if polls && self.transport.wait(false, deadline)? == Readiness::TimedOut {
            return Err(timed_out());
        }
        self.take_in_here(!polls)
    }

    /// Takes in what is there, or else what comes during a pause; false if that is nothing.
    #[cold]
    fn gather(&mut self, pause: Duration) -> Result<bool> {
        if self.take_in_now()?.0 > 0 {
            return Ok(true);
        }
        std::thread::sleep(pause);
        let (count, room) = self.take_in_now()?;
        self.gathering.paused(count, room);
        Ok(count > 0)
    }

    /// Takes in what is there. How many bytes that was, and for how many there was room, comes back.
    fn take_in_now(&mut self) -> Result<(usize, usize)> {
        let (buffer, room) = self.wire.receive_space()?;
        match self.transport.receive(buffer, room, false)? {
            Received::Bytes(count) => {
                self.came(count, false);
                Ok((count, room))
            }
            Received::Nothing => Ok((0, room)),
            Received::End => Err(self.wire.handle_eof()),
        }
    }

    /// Looks for something to receive again and again, for so many nanoseconds, and takes it in; false if nothing came.
    #[inline(always)]
    fn look(&mut self, nanoseconds: u64) -> Result<bool> {
        let (buffer, most) = self.wire.receive_space()?;
        match self.transport.look(buffer, most, nanoseconds)? {
            (Received::Bytes(count), first) => {
                self.came(count, first);
                Ok(true)
            }
            (Received::Nothing, _) => Ok(false),
            (Received::End, _) => Err(self.wire.handle_eof()),
        }
    }

    /// Takes in what is there, or waits for it in recv.
    #[inline(never)]
    fn take_in(&mut self, wait: bool) -> Result<()> {
        self.take_in_here(wait)
    }

    /// The same, as a part of `exchange`.
    #[inline(always)]
    fn take_in_here(&mut self, wait: bool) -> Result<()> {
        let (buffer, most) = self.wire.receive_space()?;
        match self.transport.receive(buffer, most, wait)? {
            Received::Bytes(count) => {
                self.came(count, false);
                Ok(())
            }
            Received::Nothing => self.send_failure.take().map_or(Ok(()), Err),
            Received::End => Err(self.wire.handle_eof()),
        }
    }

    /// So many bytes have come; `at_once`: at the first look.
    #[inline(always)]
    fn came(&mut self, count: usize, at_once: bool) {
        self.patience.answered(at_once, os::now);
        self.gathering.received(count);
        self.awaiting = false;
    }
}
