//! Interrupting: cancelling that is not lost when it comes before the statement.
//!
//! A server ignores a request to cancel while it has nothing to do, be it that the statement is only about to be sent,
//! or that it has been and was not read yet. So an interrupt is kept for the next call if none is in progress, and
//! otherwise repeated until that call has ended. All of it is the work of the thread that interrupts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::session::Status;
use crate::error::{Error, Result};
use crate::net::Cancelled;

/// How long a call may take to end before the request is repeated; then twice as long, up to the other.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// What interrupting knows of a connection.
#[derive(Default)]
pub(super) struct Interrupt {
    /// The next call that would have the server do something is to fail.
    pending: AtomicBool,
    /// How many calls have begun: changed with `Connection::cancelling` held.
    calls: AtomicU64,
}

impl Interrupt {
    /// A call begins.
    #[inline]
    pub(super) fn note_call(&self) {
        let calls = self.calls.load(Ordering::Relaxed);
        self.calls.store(calls.wrapping_add(1), Ordering::Relaxed);
    }

    /// Whether the next call is to fail.
    #[inline]
    pub(super) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::SeqCst)
    }

    /// Fails if this call is to.
    #[inline]
    pub(super) fn check(&self) -> Result<()> {
        if self.pending.load(Ordering::Relaxed) && self.take() {
            return Err(interrupted());
        }
        Ok(())
    }

    fn take(&self) -> bool {
        self.pending.swap(false, Ordering::SeqCst)
    }
}

#[cold]
fn interrupted() -> Error {
    Error::operational("interrupted before anything was sent").with_sqlstate("57014")
}

impl Connection {
    /// Cancels the call in progress, and returns when it has ended; without one, the next one fails.
    pub(crate) fn interrupt(&self) -> Result<()> {
        self.check_open()?;
        let deadline = self.cancel_deadline();
        let late = || {
            Error::timeout("timeout: the call that was to be interrupted has not ended")
                .with_sqlstate("57014")
        };
        let mut meant = None;
        let mut pause = FIRST_PAUSE;
        loop {
            // No call begins while this is held.
            let gate = self.cancelling.try_lock_until(deadline).ok_or_else(late)?;
            let call = self.interrupt.calls.load(Ordering::Relaxed);
            match (self.status() == Status::Active, meant) {
                (true, None) => meant = Some(call),
                (true, Some(meant)) if meant == call => {}
                (_, Some(_)) => return Ok(()),
                (false, None) => {
                    self.interrupt.pending.store(true, Ordering::SeqCst);
                    drop(gate);
                    // Who waits for a notification is in no call that the server knows of.
                    drop(self.bell.ring());
                    return Ok(());
                }
            }
            match self.cancel_target()?.cancel(deadline) {
                Cancelled::Done => {}
                Cancelled::NotSent(error) | Cancelled::Unknown(error) => return Err(error),
            }
            drop(gate);
            // When it is this thread's turn, no call is in progress: at most a result that is being streamed.
            if self.session.try_lock_for(pause).is_some() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(late());
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Forgets an interrupt that no call has met yet; false if there is none.
    pub(crate) fn clear_interrupt(&self) -> Result<bool> {
        self.check_own()?;
        Ok(self.interrupt.take())
    }
}
