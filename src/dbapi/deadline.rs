//! Time-outs: what a call may take, and what happens when it has taken that long.
//!
//! At the deadline the statement is cancelled on the server, and the answer is awaited for a while more: a
//! server that answers leaves the connection usable, one that does not breaks it. So a call ends at the latest
//! [`grace`] after its deadline.

use std::time::{Duration, Instant};

use super::result::Reply;
use super::session::Session;
use crate::error::{Error, Result};
use crate::net::{CancelTarget, Cancelled};
use crate::wire::{Event, Streamed};

/// The SQLSTATE of a cancelled statement.
const QUERY_CANCELED: &str = "57014";

/// How long after the deadline a server may take to cancel: long enough for a slow handshake, and in
/// proportion to what the caller was willing to wait.
fn grace(timeout: Duration) -> Duration {
    (timeout / 2).clamp(Duration::from_millis(500), Duration::from_secs(2))
}

/// What is left of a call's time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    timeout: Duration,
    deadline: Instant,
    /// The statement was cancelled at the deadline, which has been put off since.
    cancelled: bool,
}

impl Limit {
    /// From now on.
    pub(super) fn start(timeout: Option<Duration>) -> Option<Limit> {
        timeout.map(|timeout| Limit {
            timeout,
            deadline: Instant::now() + timeout,
            cancelled: false,
        })
    }

    /// Whether the statement was cancelled since it was over.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// When the time is over.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The error of a call that never had its turn. Nothing has happened.
    pub(super) fn no_turn(&self) -> Error {
        Error::timeout(format!(
            "timeout: another call on this connection was still in progress after {}",
            seconds(self.timeout)
        ))
        .with_sqlstate(QUERY_CANCELED)
    }

    /// What went wrong, said as the consequence of a time-out if it is one.
    pub(super) fn explain(&self, error: Error) -> Error {
        let cancelled = error
            .sqlstate()
            .is_some_and(|state| state.as_str() == QUERY_CANCELED);
        if self.cancelled && cancelled {
            error
                .prefixed(&format!(
                    "timeout: the statement was cancelled after {}: ",
                    seconds(self.timeout)
                ))
                .by_timeout()
        } else {
            error
        }
    }

    /// The deadline has passed. `Ok`: the statement was cancelled, and its answer is awaited.
    fn overdue(&mut self, target: Option<&CancelTarget>) -> Result<()> {
        let broken = |what: &str| {
            Error::timeout(format!(
                "timeout: the server did not answer within {}, {what}",
                seconds(self.timeout)
            ))
            .breaking_connection()
        };
        if self.cancelled {
            return Err(broken("nor to the request to cancel"));
        }
        let Some(target) = target else {
            return Err(broken("and gave no key to cancel with"));
        };
        self.cancelled = true;
        self.deadline = Instant::now() + grace(self.timeout);
        match target.cancel(self.deadline) {
            Cancelled::Done => Ok(()),
            // The answer may be on its way all the same.
            Cancelled::NotSent(_) => Ok(()),
            // What is cancelled late may be a later statement.
            Cancelled::Unknown(error) => {
                Err(broken("nor to the request to cancel").caused_by(error))
            }
        }
    }
}

/// "1.5 s"
fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

impl Session {
    /// What the server says next, within the time that the call has.
    #[inline]
    pub(super) fn next_event(&mut self) -> Result<Event> {
        loop {
            let deadline = self.limit.as_ref().map(Limit::deadline);
            match self.channel()?.next_event(deadline) {
                Err(error) if error.is_timeout() => self.overdue(error)?,
                Err(error) => return Err(error),
                Ok(event @ (Event::Notice(_) | Event::Notification(_))) => {
                    self.sort(event);
                }
                Ok(event) => return Ok(event),
            }
        }
    }

    /// The same, or at once the whole answer to a prepared statement: `None`, and `reply` has its rows and its tag.
    #[inline]
    pub(super) fn next_answer(&mut self, reply: &mut Reply) -> Result<Option<Event>> {
        loop {
            let deadline = self.limit.as_ref().map(Limit::deadline);
            let channel = self.channel()?;
            match channel.next_answer(deadline, &mut reply.rows, &mut reply.tag) {
                Err(error) if error.is_timeout() => self.overdue(error)?,
                Ok(Some(event)) => {
                    if let Some(event) = self.sort(event) {
                        return Ok(Some(event));
                    }
                }
                other => return other,
            }
        }
    }

    /// The same, where rows are taken as they come.
    pub(super) fn next_streamed(&mut self) -> Result<Streamed> {
        loop {
            let deadline = self.limit.as_ref().map(Limit::deadline);
            match self.channel()?.next_streamed(deadline) {
                Err(error) if error.is_timeout() => self.overdue(error)?,
                Err(error) => return Err(error),
                Ok(Streamed::Rows) => return Ok(Streamed::Rows),
                Ok(Streamed::Event(event)) => {
                    if let Some(event) = self.sort(event) {
                        return Ok(Streamed::Event(event));
                    }
                }
            }
        }
    }

    /// The same; `None` if the server says nothing until `end`.
    pub(super) fn next_streamed_until(&mut self, end: Instant) -> Result<Option<Streamed>> {
        loop {
            match self.channel()?.next_streamed_until(end)? {
                Some(Streamed::Event(event)) => {
                    if let Some(event) = self.sort(event) {
                        return Ok(Some(Streamed::Event(event)));
                    }
                }
                other => return Ok(other),
            }
        }
    }

    /// Sends what waits; what the server says meanwhile comes back first.
    pub(super) fn send_or_event(&mut self) -> Result<Option<Event>> {
        loop {
            let deadline = self.limit.as_ref().map(Limit::deadline);
            match self.channel()?.send_or_event(deadline) {
                Err(error) if error.is_timeout() => self.overdue(error)?,
                Err(error) => return Err(error),
                Ok(None) => return Ok(None),
                Ok(Some(event)) => {
                    if let Some(event) = self.sort(event) {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    fn overdue(&mut self, error: Error) -> Result<()> {
        match &mut self.limit {
            Some(limit) => limit.overdue(self.cancel.as_ref()),
            None => Err(error),
        }
    }
}
