//! Cancelling what a connection is doing, by a connection of its own (manual, 55.2.9 "Canceling Requests in
//! Progress"). It is encrypted as the session is: the key would do an eavesdropper good for as long as the
//! session lasts.
//!
//! Needs nothing of the session's own socket, so that it never waits for the call that it cancels.

use std::sync::Arc;
use std::time::Instant;

use super::attempt::Origin;
use super::os::Readiness;
use super::secure::{self, Answer};
use super::stream::Received;
use super::transport::{Transport, timed_out};
use crate::error::{Error, Result};
use crate::wire::{self, Wire};

/// What it takes to cancel a session's statements.
#[derive(Clone)]
pub(crate) struct CancelTarget {
    origin: Arc<Origin>,
    request: Arc<[u8]>,
}

/// How a cancel request ended.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// The server has acted on it, if there was something to cancel: nothing later will be hit.
    Done,
    /// It never reached the server.
    NotSent(Error),
    /// It was sent, and whether and when the server acts on it is not known: it may hit a later statement.
    Unknown(Error),
}

impl CancelTarget {
    pub(super) fn new(origin: Arc<Origin>, wire: &Wire) -> Option<CancelTarget> {
        let (pid, key) = wire.backend_key()?;
        Some(CancelTarget {
            origin,
            request: wire::cancel_request(pid, key).into(),
        })
    }

    /// Asks the server to cancel, and waits until it has passed the request on, which it shows by closing.
    pub(crate) fn cancel(&self, deadline: Instant) -> Cancelled {
        let deadline = Some(deadline);
        let mut transport = match self.connect(deadline) {
            Ok(transport) => transport,
            Err(error) => return Cancelled::NotSent(failed(error)),
        };
        let mut waiting = &*self.request;
        while !waiting.is_empty() || transport.wants_write() {
            match transport.send(waiting) {
                Ok(Some(count)) => waiting = waiting.get(count..).unwrap_or_default(),
                Ok(None) => match transport.wait_to_send(deadline) {
                    Ok(Readiness::Ready { .. }) => {}
                    Ok(Readiness::TimedOut) => return Cancelled::Unknown(failed(timed_out())),
                    Err(error) => return Cancelled::Unknown(failed(error)),
                },
                Err(error) => return Cancelled::Unknown(failed(error)),
            }
        }
        self.await_close(&mut transport, deadline)
    }

    fn connect(&self, deadline: Option<Instant>) -> Result<Transport> {
        let origin = &self.origin;
        let stream = origin
            .address
            .connect(&origin.tcp, deadline)
            .map_err(super::transport::lost)?;
        let Some(tls) = &origin.tls else {
            return Ok(Transport::plain(stream));
        };
        if !tls.direct && secure::request(&stream, deadline)? == Answer::No {
            return Err(Error::broken(
                "the server no longer supports SSL, which the connection has",
            ));
        }
        Transport::secure(stream, &tls.config, deadline)
    }

    fn await_close(&self, transport: &mut Transport, deadline: Option<Instant>) -> Cancelled {
        // Nothing is to be said here. Whatever is, is not kept.
        let mut ignored = Vec::with_capacity(256);
        loop {
            match transport.wait(false, deadline) {
                Ok(Readiness::TimedOut) => return Cancelled::Unknown(failed(timed_out())),
                Err(error) => return Cancelled::Unknown(failed(error)),
                Ok(Readiness::Ready { .. }) => {}
            }
            ignored.clear();
            match transport.receive(&mut ignored, 256, false) {
                Ok(Received::End) => return Cancelled::Done,
                // A server that closes with something of ours unread resets the connection: it has closed.
                Err(error) if is_reset(&error) => return Cancelled::Done,
                Err(error) => return Cancelled::Unknown(failed(error)),
                Ok(_) => {}
            }
        }
    }
}

fn is_reset(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
}

/// A failure to cancel says nothing of the connection whose statement was to be cancelled.
fn failed(error: Error) -> Error {
    let state = error.sqlstate();
    let failure = Error::operational(format!("the cancel request failed: {error}"))
        .with_sqlstate(state.as_ref().map_or("08006", |state| state.as_str()));
    if error.is_timeout() {
        failure.by_timeout()
    } else {
        failure
    }
}
