//! The calls to the operating system that need `unsafe`, and nothing else: poll, receiving into memory not yet
//! written, and the user's name.
#![allow(unsafe_code, reason = "libc calls that no safe wrapper covers; each block says why it is sound")]

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Instant;

use socket2::Socket;

use crate::error::{Error, Result};

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
pub(super) fn wait(fd: BorrowedFd<'_>, write: bool, deadline: Option<Instant>) -> io::Result<Readiness> {
    let events = if write { libc::POLLIN | libc::POLLOUT } else { libc::POLLIN };
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
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
                return Ok(Readiness::Ready { readable: entry.revents != libc::POLLOUT });
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

/// The name of the user that this process runs as (its effective id), from wherever the system keeps users.
pub(crate) fn user_name() -> Result<String> {
    // SAFETY: geteuid has no preconditions.
    let id = unsafe { libc::geteuid() };
    let mut text: Vec<MaybeUninit<libc::c_char>> = vec![MaybeUninit::uninit(); 1024];
    loop {
        let mut entry = MaybeUninit::<libc::passwd>::uninit();
        let mut found = std::ptr::null_mut();
        // SAFETY: all pointers are to live memory of the sizes given; `found` is set to `entry` or NULL.
        let code = unsafe {
            libc::getpwuid_r(
                id,
                entry.as_mut_ptr(),
                text.as_mut_ptr().cast(),
                text.len(),
                &raw mut found,
            )
        };
        if code == libc::ERANGE && text.len() < 1 << 20 {
            text.resize(text.len() * 4, MaybeUninit::uninit());
            continue;
        }
        if code == libc::EINTR {
            continue;
        }
        if code != 0 || found.is_null() {
            return Err(Error::operational(format!(
                "no user name given, and the system has no name for user id {id}"
            )));
        }
        // SAFETY: getpwuid_r succeeded, so `entry` is filled and its name is a string in `text`.
        let name = unsafe { CStr::from_ptr((*found).pw_name) };
        return name.to_str().map(String::from).map_err(|_| {
            Error::operational("no user name given, and the system's name for this user is not UTF-8")
        });
    }
}
