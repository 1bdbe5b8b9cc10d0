//! One connected socket: bytes in, bytes out, waiting. Signals never surface (EINTR is retried, SIGPIPE is
//! never raised), and nothing of it is inherited by a program that the host starts.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};

use super::os::{self, Readiness};

/// What TCP is told of its idle connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct TcpOptions {
    pub(super) keepalives: bool,
    pub(super) keepalives_idle: Option<Duration>,
    pub(super) keepalives_interval: Option<Duration>,
    pub(super) keepalives_count: Option<u32>,
    pub(super) user_timeout: Option<Duration>,
}

/// A connected socket, in blocking mode: whether a call waits is said with each.
#[derive(Debug)]
pub(super) struct Stream {
    socket: Socket,
    /// It is a Unix socket.
    local: bool,
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// This many bytes, at least one.
    Bytes(usize),
    /// The other side has closed.
    End,
    /// Nothing is there yet.
    Nothing,
}

impl From<Option<usize>> for Received {
    #[inline]
    fn from(count: Option<usize>) -> Received {
        match count {
            None => Received::Nothing,
            Some(0) => Received::End,
            Some(count) => Received::Bytes(count),
        }
    }
}

impl Stream {
    /// Connects to a Unix socket; `path` that begins with a NUL is an abstract one.
    pub(super) fn connect_unix(path: &Path, deadline: Option<Instant>) -> io::Result<Stream> {
        Stream::connect(Domain::UNIX, &SockAddr::unix(path)?, deadline)
    }

    /// Connects to an address.
    pub(super) fn connect_tcp(
        address: std::net::SocketAddr,
        options: &TcpOptions,
        deadline: Option<Instant>,
    ) -> io::Result<Stream> {
        let stream = Stream::connect(Domain::for_address(address), &address.into(), deadline)?;
        stream.socket.set_tcp_nodelay(true)?;
        if options.keepalives {
            stream.socket.set_keepalive(true)?;
            let mut keepalive = TcpKeepalive::new();
            if let Some(idle) = options.keepalives_idle {
                keepalive = keepalive.with_time(idle);
            }
            if let Some(interval) = options.keepalives_interval {
                keepalive = keepalive.with_interval(interval);
            }
            if let Some(count) = options.keepalives_count {
                keepalive = keepalive.with_retries(count);
            }
            stream.socket.set_tcp_keepalive(&keepalive)?;
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if options.user_timeout.is_some() {
            stream.socket.set_tcp_user_timeout(options.user_timeout)?;
        }
        Ok(stream)
    }

    fn connect(
        domain: Domain,
        address: &SockAddr,
        deadline: Option<Instant>,
    ) -> io::Result<Stream> {
        let socket = Socket::new(domain, Type::STREAM, None)?;
        match deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                socket.connect_timeout(address, left.max(Duration::from_millis(1)))?;
            }
            None => match socket.connect(address) {
                // The attempt goes on without us: its outcome is waited for.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    os::wait(socket.as_fd(), libc::POLLOUT, None)?;
                    if let Some(error) = socket.take_error()? {
                        return Err(error);
                    }
                }
                outcome => outcome?,
            },
        }
        Ok(Stream {
            socket,
            local: domain == Domain::UNIX,
        })
    }

    /// Whether it is a Unix socket.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// Its number in this process, to look at and to wait for.
    pub(super) fn number(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// The user id of the server's process, on a Unix socket.
    pub(super) fn peer_user(&self) -> io::Result<u32> {
        os::peer_user(&self.socket)
    }

    /// Sends what it can without waiting; `None` when that is nothing.
    #[inline]
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        os::send(&self.socket, bytes)
    }

    /// Receives behind what `buffer` holds, at most `most` bytes. `wait` is whether to wait for the first.
    #[inline(always)]
    pub(super) fn receive(
        &self,
        buffer: &mut Vec<u8>,
        most: usize,
        wait: bool,
    ) -> io::Result<Received> {
        os::receive(&self.socket, buffer, most, wait).map(Received::from)
    }

    /// Receives what is there, again and again for so many nanoseconds. Whether it was there at the first look
    /// comes back too.
    #[inline(always)]
    pub(super) fn look(
        &self,
        buffer: &mut Vec<u8>,
        most: usize,
        nanoseconds: u64,
    ) -> io::Result<(Received, bool)> {
        let (received, first) = os::look(&self.socket, buffer, most, nanoseconds)?;
        Ok((received.into(), first))
    }

    /// Waits until the socket can be read, or, if `write` is set, written.
    #[inline(always)]
    pub(super) fn wait(&self, write: bool, deadline: Option<Instant>) -> io::Result<Readiness> {
        let events = if write {
            libc::POLLIN | libc::POLLOUT
        } else {
            libc::POLLIN
        };
        os::wait(self.socket.as_fd(), events, deadline)
    }

    /// Waits until the socket can be read, or `other` can.
    pub(super) fn wait_beside(
        &self,
        deadline: Option<Instant>,
        other: Option<BorrowedFd<'_>>,
    ) -> io::Result<Readiness> {
        os::wait_beside(self.socket.as_fd(), libc::POLLIN, other, deadline)
    }

    /// Waits until the socket can be written.
    pub(super) fn wait_to_send(&self, deadline: Option<Instant>) -> io::Result<Readiness> {
        os::wait(self.socket.as_fd(), libc::POLLOUT, deadline)
    }
}
