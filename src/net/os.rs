//! The calls to the operating system that need `unsafe`, and nothing else: poll, a peer's user, and receiving into
//! memory not yet written.
#![allow(
    unsafe_code,
    reason = "libc calls that no safe wrapper covers; each block says why it is sound"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Instant;

use socket2::Socket;

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Reading, or writing if that was asked for, will not block.
    Ready {
        /// Reading will not block: there are bytes, the end of them, or an error.
        readable: bool,
    },
    /// The deadline passed first.
    TimedOut,
}

/// Waits until one of poll's `events` happens on `fd`. Interrupted waits go on.
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    events: i16,
    deadline: Option<Instant>,
) -> io::Result<Readiness> {
    wait_beside(fd, events, None, deadline)
}

/// The same, or until `other` can be read.
pub(super) fn wait_beside(
    fd: BorrowedFd<'_>,
    events: i16,
    other: Option<BorrowedFd<'_>>,
    deadline: Option<Instant>,
) -> io::Result<Readiness> {
    // poll passes over a negative descriptor.
    let mut entries = [
        (fd.as_raw_fd(), events),
        (other.map_or(-1, |fd| fd.as_raw_fd()), libc::POLLIN),
    ]
    .map(|(fd, events)| libc::pollfd {
        fd,
        events,
        revents: 0,
    });
    let used = if other.is_some() { 2 } else { 1 };
    loop {
        let timeout = match deadline {
            None => -1,
            // Rounded up: a wait of under a millisecond must not become a busy loop.
            Some(deadline) => deadline
                .saturating_duration_since(Instant::now())
                .as_micros()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(i32::MAX),
        };
        // SAFETY: `used` is at most the number of `entries`, each of them valid.
        let count = unsafe { libc::poll(entries.as_mut_ptr(), used, timeout) };
        match count {
            0 if timeout != i32::MAX => return Ok(Readiness::TimedOut),
            0 => {}
            1.. => {
                // An error or a hang-up shows when reading.
                return Ok(Readiness::Ready {
                    readable: entries
                        .iter()
                        .any(|entry| entry.revents & !libc::POLLOUT != 0),
                });
            }
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

/// The user id of the process at the other end of a Unix socket, when it began to listen.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn peer_user(socket: &Socket) -> io::Result<u32> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and `credentials` is as long as `length` says.
    let code = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    match code {
        0 => Ok(credentials.uid),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The user id of the process at the other end of a Unix socket.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn peer_user(socket: &Socket) -> io::Result<u32> {
    let (mut user, mut group) = (0, 0);
    // SAFETY: the descriptor is open, and both outputs are writable.
    match unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut user, &raw mut group) } {
        0 => Ok(user),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Receives up to `most` bytes behind what `buffer` holds; it has room for them. 0 is the end.
pub(super) fn receive(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    most: usize,
    flags: i32,
) -> io::Result<usize> {
    let length = buffer.len();
    let spare = buffer.spare_capacity_mut();
    let most = most.min(spare.len());
    let received = socket.recv_with_flags(spare.get_mut(..most).unwrap_or_default(), flags)?;
    // SAFETY: recv wrote the first `received` bytes of the spare room, and `received` is at most its length.
    unsafe { buffer.set_len(length + received.min(most)) };
    Ok(received)
}

/// The same without waiting; `None` if nothing is there, or a signal came in between.
#[inline]
pub(super) fn look(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    most: usize,
) -> io::Result<Option<usize>> {
    let length = buffer.len();
    let spare = buffer.spare_capacity_mut();
    let most = most.min(spare.len());
    // SAFETY: the descriptor is open, and `spare` has room for `most` bytes.
    let received = unsafe {
        libc::recv(
            socket.as_raw_fd(),
            spare.as_mut_ptr().cast(),
            most,
            libc::MSG_DONTWAIT,
        )
    };
    match usize::try_from(received) {
        Ok(received) => {
            // SAFETY: recv wrote the first `received` bytes of the spare room, and `received` is at most its length.
            unsafe { buffer.set_len(length + received.min(most)) };
            Ok(Some(received))
        }
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        },
    }
}
