//! The calls to the operating system that need `unsafe`, and nothing else: poll, and receiving into memory not
//! yet written.
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

/// Waits until `fd` can be read, or, if `write` is set, written. Interrupted waits go on.
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    write: bool,
    deadline: Option<Instant>,
) -> io::Result<Readiness> {
    let events = if write {
        libc::POLLIN | libc::POLLOUT
    } else {
        libc::POLLIN
    };
    let mut entry = libc::pollfd {
        fd: fd.as_raw_fd(),
        events,
        revents: 0,
    };
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
        // SAFETY: `entry` is one valid pollfd, and the count says one.
        let count = unsafe { libc::poll(&raw mut entry, 1, timeout) };
        match count {
            0 if timeout != i32::MAX => return Ok(Readiness::TimedOut),
            0 => {}
            1.. => {
                // An error or a hang-up shows when reading.
                return Ok(Readiness::Ready {
                    readable: entry.revents != libc::POLLOUT,
                });
            }
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
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
