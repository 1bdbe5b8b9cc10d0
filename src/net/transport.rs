//! The socket, with or without TLS on it: plaintext in, plaintext out, and waiting for either.
//!
//! Never waits where it was not asked to: with TLS, a write that the socket will not take yet leaves ciphertext
//! behind, which `wants_write` tells of.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Instant;

use super::os::{Looks, Readiness};
use super::stream::{Received, Stream};
use crate::error::{Error, Result};
use crate::tls::{Plaintext, TlsConfig, TlsSession};

/// A connected socket, and the TLS session on it.
pub(super) struct Transport {
    stream: Stream,
    tls: Option<Box<Tls>>,
}

struct Tls {
    session: TlsSession,
    /// Whether plaintext may wait in the session, where polling the socket would not see it.
    undrained: bool,
}

impl Transport {
    /// Without TLS.
    pub(super) fn plain(stream: Stream) -> Transport {
        Transport { stream, tls: None }
    }

    /// With TLS: shakes hands until the server has shown who it is. An error may come with an alert for the
    /// server, which is sent if that needs no waiting.
    pub(super) fn secure(
        stream: Stream,
        config: &TlsConfig,
        deadline: Option<Instant>,
    ) -> Result<Transport> {
        let mut transport = Transport {
            stream,
            tls: Some(Box::new(Tls {
                session: TlsSession::start(config)?,
                undrained: false,
            })),
        };
        transport.shake_hands(deadline)?;
        Ok(transport)
    }

    fn shake_hands(&mut self, deadline: Option<Instant>) -> Result<()> {
        let Transport { stream, tls } = self;
        let Some(tls) = tls else { return Ok(()) };
        while tls.session.is_handshaking() {
            let flushed = tls.flush(stream)?;
            if !tls.session.is_handshaking() {
                break;
            }
            if stream.wait(!flushed, deadline).map_err(lost)? == Readiness::TimedOut {
                return Err(timed_out());
            }
            let received = tls.receive_ciphertext(stream, false);
            if received.is_err() {
                // The alert that says why. The error is what counts.
                let _ = tls.flush(stream);
            }
            if received? == Received::End && tls.session.is_handshaking() {
                return Err(Error::broken(
                    "the server closed the connection during the TLS handshake",
                )
                .with_sqlstate("08006"));
            }
        }
        // The last flight may hold what the server is waiting for; the rest goes with what is sent next.
        tls.flush(stream)?;
        tls.undrained = true;
        Ok(())
    }

    /// Whether it is a Unix socket.
    #[inline]
    pub(super) fn is_local(&self) -> bool {
        self.stream.is_local()
    }

    /// The TLS session, if there is one.
    pub(super) fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref().map(|tls| &tls.session)
    }

    /// The socket's number in this process.
    pub(super) fn socket_number(&self) -> RawFd {
        self.stream.number()
    }

    /// Whether ciphertext waits to be sent.
    #[inline]
    pub(super) fn wants_write(&self) -> bool {
        self.tls
            .as_ref()
            .is_some_and(|tls| tls.session.wants_write())
    }

    /// Sends what it can of `bytes` without waiting; `None` when the socket must be waited for first. An empty
    /// `bytes` sends what waits.
    #[inline(always)]
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        match &mut self.tls {
            None => self.stream.send(bytes).map_err(lost),
            Some(tls) => tls.send(&self.stream, bytes),
        }
    }

    /// Receives plaintext behind what `buffer` holds, at most `most` bytes. `wait` is whether to wait for the
    /// first.
    #[inline(always)]
    pub(super) fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        most: usize,
        wait: bool,
    ) -> Result<Received> {
        match &mut self.tls {
            None => self.stream.receive(buffer, most, wait).map_err(lost),
            Some(tls) => tls.receive(&self.stream, buffer, most, wait),
        }
    }

    /// Receives like `receive` without waiting, again and again for so many nanoseconds, giving up the processor in
    /// between. Whether it was there at the first look comes back too.
    #[inline(always)]
    pub(super) fn look(
        &mut self,
        buffer: &mut Vec<u8>,
        most: usize,
        nanoseconds: u64,
    ) -> Result<(Received, bool)> {
        match &mut self.tls {
            None => self.stream.look(buffer, most, nanoseconds).map_err(lost),
            Some(tls) => tls.look(&self.stream, buffer, most, nanoseconds),
        }
    }

    /// Waits until there is something to receive, or, if `write` is set, the socket can be written.
    #[inline(always)]
    pub(super) fn wait(&self, write: bool, deadline: Option<Instant>) -> Result<Readiness> {
        if self.tls.as_ref().is_some_and(|tls| tls.undrained) {
            return Ok(Readiness::Ready { readable: true });
        }
        self.stream.wait(write, deadline).map_err(lost)
    }

    /// Waits until there is something to receive, here or on `other`.
    pub(super) fn wait_beside(
        &self,
        deadline: Option<Instant>,
        other: Option<BorrowedFd<'_>>,
    ) -> Result<Readiness> {
        if self.tls.as_ref().is_some_and(|tls| tls.undrained) {
            return Ok(Readiness::Ready { readable: true });
        }
        self.stream.wait_beside(deadline, other).map_err(lost)
    }

    /// Waits until the socket can be written, whatever there is to receive.
    pub(super) fn wait_to_send(&self, deadline: Option<Instant>) -> Result<Readiness> {
        self.stream.wait_to_send(deadline).map_err(lost)
    }

    /// Says that nothing more will be sent: TLS's close_notify, if that needs no waiting.
    pub(super) fn say_good_bye(&mut self) {
        let Transport { stream, tls } = self;
        if let Some(tls) = tls {
            tls.session.close_notify();
            let _ = tls.flush(stream);
        }
    }
}

impl Tls {
    /// Sends the ciphertext that waits; false if the socket must be waited for.
    fn flush(&mut self, stream: &Stream) -> Result<bool> {
        loop {
            let waiting = self.session.poll_transmit();
            if waiting.is_empty() {
                return Ok(true);
            }
            match stream.send(waiting).map_err(lost)? {
                Some(count) => self.session.handle_sent(count),
                None => return Ok(false),
            }
        }
    }

    /// Encrypts, and sends what the socket takes; see `Transport::send`.
    fn send(&mut self, stream: &Stream, bytes: &[u8]) -> Result<Option<usize>> {
        if !self.flush(stream)? {
            return Ok(None);
        }
        if bytes.is_empty() {
            return Ok(Some(0));
        }
        match self.session.write(bytes)? {
            0 => Err(Error::broken("the TLS session takes nothing more").with_sqlstate("08006")),
            count => {
                self.flush(stream)?;
                Ok(Some(count))
            }
        }
    }

    /// Receives and decrypts; see `Transport::receive`.
    fn receive(
        &mut self,
        stream: &Stream,
        buffer: &mut Vec<u8>,
        most: usize,
        wait: bool,
    ) -> Result<Received> {
        loop {
            match self.session.read(buffer, most)? {
                Plaintext::Bytes(count) => {
                    self.undrained = true;
                    return Ok(Received::Bytes(count));
                }
                Plaintext::End => return Ok(Received::End),
                Plaintext::Nothing => self.undrained = false,
            }
            match self.receive_ciphertext(stream, wait) {
                Ok(Received::Nothing) => return Ok(Received::Nothing),
                Ok(_) => self.undrained = true,
                Err(error) => {
                    let _ = self.flush(stream);
                    return Err(error);
                }
            }
        }
    }

    /// See `Transport::look`.
    fn look(
        &mut self,
        stream: &Stream,
        buffer: &mut Vec<u8>,
        most: usize,
        nanoseconds: u64,
    ) -> Result<(Received, bool)> {
        let mut looks = Looks::new(nanoseconds);
        loop {
            let received = self.receive(stream, buffer, most, false)?;
            let first = looks.is_first();
            if received != Received::Nothing || !looks.go_on() {
                return Ok((received, first));
            }
        }
    }

    /// Takes in ciphertext.
    fn receive_ciphertext(&mut self, stream: &Stream, wait: bool) -> Result<Received> {
        let (buffer, most) = self.session.receive_space();
        if most == 0 {
            // What is there already must be understood first.
            self.session.handle_received()?;
            return Ok(Received::Bytes(0));
        }
        let received = stream.receive(buffer, most, wait).map_err(lost)?;
        match received {
            Received::Bytes(_) => self.session.handle_received()?,
            Received::End => self.session.handle_eof(),
            Received::Nothing => {}
        }
        Ok(received)
    }
}

#[cold]
pub(super) fn lost(error: io::Error) -> Error {
    Error::broken(format!(
        "the connection to the server was lost: {}",
        words(&error)
    ))
    .with_sqlstate("08006")
    .caused_by(error)
}

/// What the system calls an error: without the number that Rust adds.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text.get(..end).map(str::to_owned).unwrap_or(text),
        None => text,
    }
}

#[cold]
pub(super) fn timed_out() -> Error {
    Error::timeout("timeout: the server did not answer in time").breaking_connection()
}
