//! Sockets, the choice of a server, deadlines, and the one loop that drives `wire`.
//!
//! Knows nothing of cursors or transactions. Everything that waits, waits here, and ends at a deadline if it
//! is given one.

mod connect;
pub(crate) mod os;
mod stream;

use std::io;
use std::time::Instant;

pub(crate) use connect::connect;

use crate::error::{Error, Result};
use crate::wire::{Event, Wire};
use os::Readiness;
use stream::{Received, Stream};

/// A connection to a server: the socket, and the protocol's state on it.
pub(crate) struct Channel {
    stream: Stream,
    wire: Wire,
    /// Why nothing can be sent any more. What the server said last may still be read: it may say why.
    send_failure: Option<io::Error>,
}

impl Channel {
    fn new(stream: Stream, wire: Wire) -> Channel {
        Channel {
            stream,
            wire,
            send_failure: None,
        }
    }

    /// The protocol's state, to queue requests and read what it knows.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// The same, to read only.
    pub(crate) fn wire_ref(&self) -> &Wire {
        &self.wire
    }

    /// The loop: sends what waits, and receives until the server has said something. An error ends the
    /// connection.
    pub(crate) fn next_event(&mut self, deadline: Option<Instant>) -> Result<Event> {
        loop {
            if let Some(event) = self.send_or_event(deadline)? {
                return Ok(event);
            }
            self.receive(deadline)?;
        }
    }

    /// Sends all that waits. If the server will not take it before it is heard, it is heard: its next event
    /// comes back, and more may wait to be sent.
    pub(crate) fn send_or_event(&mut self, deadline: Option<Instant>) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.wire.poll_event()? {
                return Ok(Some(event));
            }
            let waiting = self.wire.poll_transmit();
            if waiting.is_empty() || self.send_failure.is_some() {
                return Ok(None);
            }
            match self.stream.send(waiting) {
                Ok(Some(count)) => self.wire.handle_sent(count),
                Ok(None) => match self.stream.wait(true, deadline).map_err(lost)? {
                    Readiness::Ready { readable: true } => self.receive_now()?,
                    Readiness::Ready { readable: false } => {}
                    Readiness::TimedOut => return Err(timed_out()),
                },
                Err(error) => self.send_failure = Some(error),
            }
        }
    }

    /// Sends what waits without waiting for the server, and without a word if it cannot be: for good-byes.
    pub(crate) fn send_last(&mut self) {
        while let Ok(Some(count)) = self.stream.send(self.wire.poll_transmit()) {
            self.wire.handle_sent(count);
            if self.wire.poll_transmit().is_empty() {
                return;
            }
        }
    }

    /// Waits for bytes and takes them in.
    fn receive(&mut self, deadline: Option<Instant>) -> Result<()> {
        if self.send_failure.is_some() {
            return self.receive_now();
        }
        if deadline.is_some()
            && self.stream.wait(false, deadline).map_err(lost)? == Readiness::TimedOut
        {
            return Err(timed_out());
        }
        self.take_in(true)
    }

    /// Takes in the bytes that are there.
    fn receive_now(&mut self) -> Result<()> {
        self.take_in(false)
    }

    fn take_in(&mut self, wait: bool) -> Result<()> {
        let (buffer, most) = self.wire.receive_space()?;
        match self.stream.receive(buffer, most, wait) {
            Ok(Received::Bytes(_)) => Ok(()),
            Ok(Received::Nothing) => match self.send_failure.take() {
                Some(error) => Err(lost(error)),
                None => Ok(()),
            },
            Ok(Received::End) => Err(self.wire.handle_eof()),
            Err(error) => Err(lost(error)),
        }
    }
}

fn lost(error: io::Error) -> Error {
    Error::broken(format!("the connection to the server was lost: {error}"))
        .with_sqlstate("08006")
        .caused_by(error)
}

fn timed_out() -> Error {
    Error::broken("timeout: the server did not answer in time").with_sqlstate("08006")
}
