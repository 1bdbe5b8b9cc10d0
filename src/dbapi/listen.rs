//! Waiting for a notification, without keeping other threads from the connection.
//!
//! Who waits has its turn, but gives it up as soon as another thread wants one: that thread says so by a byte
//! through a pair of sockets, which the wait watches beside the server's. Of several that wait, one listens.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::connection::Connection;
use super::session::Session;
use crate::error::{Error, Result};
use crate::wire::Notification;

/// How a thread that waits for the server is told that another wants its turn.
#[derive(Default)]
pub(super) struct Bell {
    /// Made when first needed: what is written to the first can be read from the second.
    sockets: OnceLock<(UnixStream, UnixStream)>,
    /// A thread waits for the server with its turn in hand.
    listening: AtomicBool,
    /// How many threads want one.
    wanted: AtomicUsize,
    /// Held by the thread that waits for notifications: two would ring for each other without end.
    listener: Mutex<()>,
}

/// A thread that wants its turn, from the ringing of the bell until it has it.
pub(super) struct Wanting<'a>(&'a Bell);

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        self.0.wanted.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Bell {
    /// Rings, if someone listens. In this order, so that of a thread that begins to listen just now either sees
    /// that a turn is wanted, or is rung for.
    pub(super) fn ring(&self) -> Wanting<'_> {
        self.wanted.fetch_add(1, Ordering::SeqCst);
        if self.listening.load(Ordering::SeqCst)
            && let Some((writer, _)) = self.sockets.get()
        {
            // Full is loud enough.
            let _ = (&mut &*writer).write(&[0]);
        }
        Wanting(self)
    }

    fn sockets(&self) -> Result<&(UnixStream, UnixStream)> {
        if let Some(sockets) = self.sockets.get() {
            return Ok(sockets);
        }
        let pair = UnixStream::pair().and_then(|(writer, reader)| {
            writer.set_nonblocking(true)?;
            reader.set_nonblocking(true)?;
            Ok((writer, reader))
        });
        let pair = pair.map_err(|error| {
            Error::operational(format!("could not make a pair of sockets: {error}"))
                .caused_by(error)
        })?;
        Ok(self.sockets.get_or_init(|| pair))
    }

    /// Waits to be the one that listens; `None` if the deadline passes first.
    fn become_listener(&self, deadline: Option<Instant>) -> Option<MutexGuard<'_, ()>> {
        match deadline {
            None => Some(self.listener.lock()),
            Some(deadline) => self.listener.try_lock_until(deadline),
        }
    }

    /// Forgets the ringing so far.
    fn hush(&self) -> Result<()> {
        let (_, reader) = self.sockets()?;
        let mut ignored = [0; 64];
        loop {
            match (&mut &*reader).read(&mut ignored) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Ok(()),
            }
        }
    }
}

impl Connection {
    /// The next notification, if there is one within `patience` (`None`: for ever). Zero looks at what has
    /// arrived, and does not wait.
    pub(crate) fn wait_notification(
        &self,
        patience: Option<Duration>,
    ) -> Result<Option<Notification>> {
        self.check_open()?;
        let deadline = patience.map(|patience| Instant::now() + patience);
        // Held until one is taken: the next that waits must not take what this one has seen.
        let listener = self.bell.become_listener(deadline);
        while listener.is_some() {
            if let Some(found) = self.mailbox().take_notification() {
                return Ok(Some(found));
            }
            if is_to_come(deadline) {
                self.interrupt.check()?;
            }
            let Some(mut session) = self.take_turn_until(deadline)? else {
                break;
            };
            let over =
                self.turn_with(&mut session, None, |session| self.listen(session, deadline))?;
            // Fairly: to the thread that rang, if one did.
            MutexGuard::unlock_fair(session);
            if over {
                break;
            }
        }
        // The time is over. Other threads' calls, too, may have brought one.
        Ok(self.mailbox().take_notification())
    }

    /// Listens until the server has said something, another thread wants its turn (both false), or the deadline
    /// has passed (true).
    fn listen(&self, session: &mut Session, deadline: Option<Instant>) -> Result<bool> {
        // What came with the last answers has been received already: no waiting would show it.
        session.keep_what_came()?;
        if self.mailbox().has_notification() {
            return Ok(false);
        }
        self.bell.hush()?;
        let (_, reader) = self.bell.sockets()?;
        self.bell.listening.store(true, Ordering::SeqCst);
        let wanted = self.bell.wanted.load(Ordering::SeqCst) > 0;
        let interrupted = self.interrupt.is_pending() && is_to_come(deadline);
        let heard = if wanted || interrupted {
            Ok(true)
        } else {
            session
                .channel()
                .and_then(|channel| channel.wait_for_server(deadline, Some(reader.as_fd())))
        };
        self.bell.listening.store(false, Ordering::SeqCst);
        let heard = heard?;
        // What has come is kept where it belongs; nothing else can have.
        session.keep_what_came()?;
        Ok(!heard)
    }
}

/// Whether there is time to wait, and so something to interrupt.
fn is_to_come(deadline: Option<Instant>) -> bool {
    deadline.is_none_or(|deadline| Instant::now() < deadline)
}
