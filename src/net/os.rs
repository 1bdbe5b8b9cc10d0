//! The calls to the operating system that need `unsafe`, and nothing else: poll, a peer's user, receiving into memory
//! not yet written, and what is called so often that no wrapper is to make an error of "nothing there".
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
#[inline(always)]
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    events: i16,
    deadline: Option<Instant>,
) -> io::Result<Readiness> {
    wait_for(&mut [entry(fd, events)], deadline)
}

/// The same, or until `other` can be read.
pub(super) fn wait_beside(
    fd: BorrowedFd<'_>,
    events: i16,
    other: Option<BorrowedFd<'_>>,
    deadline: Option<Instant>,
) -> io::Result<Readiness> {
    match other {
        None => wait(fd, events, deadline),
        Some(other) => wait_for(
            &mut [entry(fd, events), entry(other, libc::POLLIN)],
            deadline,
        ),
    }
}

fn entry(fd: BorrowedFd<'_>, events: i16) -> libc::pollfd {
    libc::pollfd {
        fd: fd.as_raw_fd(),
        events,
        revents: 0,
    }
}

#[inline(always)]
fn wait_for<const N: usize>(
    entries: &mut [libc::pollfd; N],
    deadline: Option<Instant>,
) -> io::Result<Readiness> {
    loop {
        let timeout = match deadline {
            None => -1,
            Some(deadline) => milliseconds_until(deadline),
        };
        // SAFETY: there are N `entries`, each of them valid.
        let count = unsafe { libc::poll(entries.as_mut_ptr(), N as libc::nfds_t, timeout) };
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
            _ => match last_error() {
                libc::EINTR => {}
                code => return Err(io::Error::from_raw_os_error(code)),
            },
        }
    }
}

/// Rounded up: a wait of under a millisecond must not become a busy loop.
#[cold]
fn milliseconds_until(deadline: Instant) -> i32 {
    deadline
        .saturating_duration_since(Instant::now())
        .as_micros()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(i32::MAX)
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

/// Sends what it can of `bytes` without waiting; `None` when that is nothing. Never a signal, and never a wait that a
/// deadline could not end.
#[inline]
pub(super) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<Option<usize>> {
    loop {
        // SAFETY: the descriptor is open, and `bytes` are as many as is said.
        let sent = unsafe {
            libc::send(
                socket.as_raw_fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT,
            )
        };
        if let Ok(sent) = usize::try_from(sent) {
            return Ok(Some(sent));
        }
        match last_error() {
            libc::EINTR => {}
            code if would_block(code) => return Ok(None),
            code => return Err(io::Error::from_raw_os_error(code)),
        }
    }
}

/// Receives up to `most` bytes behind what `buffer` holds; it has room for them. 0 is the end, `None` that nothing is
/// there. `wait` is whether to wait for the first.
#[inline(always)]
pub(super) fn receive(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    most: usize,
    wait: bool,
) -> io::Result<Option<usize>> {
    let room = Room::behind(socket, buffer, most);
    let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
    loop {
        match room.receive(flags) {
            Ok(count) => {
                room.fill(buffer, count);
                return Ok(Some(count));
            }
            Err(libc::EINTR) => {}
            Err(code) if would_block(code) => return Ok(None),
            Err(code) => return Err(io::Error::from_raw_os_error(code)),
        }
    }
}

/// The same without waiting, again and again for so many nanoseconds, with the processor given up in between. Whether
/// it was there at the first look comes back too.
///
/// What a look costs is all in here: there are dozens of them to an answer.
#[inline(always)]
pub(super) fn look(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    most: usize,
    nanoseconds: u64,
) -> io::Result<(Option<usize>, bool)> {
    let room = Room::behind(socket, buffer, most);
    let mut looks = Looks::new(nanoseconds);
    loop {
        match room.receive(libc::MSG_DONTWAIT) {
            Ok(count) => {
                room.fill(buffer, count);
                return Ok((Some(count), looks.is_first()));
            }
            Err(code) if would_block(code) || code == libc::EINTR => {}
            Err(code) => return Err(io::Error::from_raw_os_error(code)),
        }
        if !looks.go_on() {
            return Ok((None, false));
        }
    }
}

/// How long to look again and again.
pub(super) struct Looks {
    nanoseconds: u64,
    /// So many before the clock is read.
    left: u32,
    first: bool,
    end: Option<u64>,
}

/// Before so many looks the clock is not read: most answers are there by then. After them it is, once in so many looks.
const LOOKS_AT_FIRST: u32 = 16;
const LOOKS_A_READING: u32 = 8;
/// How often the processor is given up between two looks. A look costs several times as much, and takes a lock on the
/// socket that the server needs to answer.
const YIELDS_A_LOOK: u32 = 3;

impl Looks {
    /// For so many nanoseconds; 0: a single look.
    #[inline]
    pub(super) fn new(nanoseconds: u64) -> Looks {
        Looks {
            nanoseconds,
            left: if nanoseconds == 0 { 1 } else { LOOKS_AT_FIRST },
            first: true,
            end: None,
        }
    }

    /// Whether it is the first.
    #[inline]
    pub(super) fn is_first(&self) -> bool {
        self.first
    }

    /// Gives up the processor, if another wants it, before the next look; false if there is to be none.
    #[inline]
    pub(super) fn go_on(&mut self) -> bool {
        self.first = false;
        self.left -= 1;
        if self.left == 0 && self.is_over() {
            return false;
        }
        for _ in 0..YIELDS_A_LOOK {
            // SAFETY: it takes nothing and touches nothing.
            unsafe { libc::sched_yield() };
        }
        true
    }

    #[cold]
    fn is_over(&mut self) -> bool {
        self.left = LOOKS_A_READING;
        if self.nanoseconds == 0 {
            return true;
        }
        let now = now();
        let end = self
            .end
            .get_or_insert_with(|| now.saturating_add(self.nanoseconds));
        now >= *end
    }
}

/// A clock that never goes back, in nanoseconds: at a fraction of what arithmetic with `Instant` costs.
#[inline]
pub(super) fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is writable. The clock is always there, so that it cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    (time.tv_sec as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec as u64)
}

/// Where to receive from, and the room behind what a buffer holds: taken once for many calls.
struct Room {
    fd: i32,
    start: *mut libc::c_void,
    most: usize,
}

impl Room {
    #[inline]
    fn behind(socket: &Socket, buffer: &mut Vec<u8>, most: usize) -> Room {
        let spare = buffer.spare_capacity_mut();
        Room {
            fd: socket.as_raw_fd(),
            most: most.min(spare.len()),
            start: spare.as_mut_ptr().cast(),
        }
    }

    /// How many bytes came, or the number of the error.
    #[inline]
    fn receive(&self, flags: i32) -> std::result::Result<usize, i32> {
        // SAFETY: the descriptor is open, and there is room for `most` bytes, which are nobody else's: the buffer that
        // they are of is borrowed as long as this is in use.
        let received = unsafe { libc::recv(self.fd, self.start, self.most, flags) };
        usize::try_from(received).map_err(|_| last_error())
    }

    /// Makes the bytes that came part of the buffer.
    #[inline]
    fn fill(&self, buffer: &mut Vec<u8>, count: usize) {
        // SAFETY: recv wrote the first `count` bytes of the spare room, and `count` is at most its length.
        unsafe { buffer.set_len(buffer.len() + count.min(self.most)) };
    }
}

/// Why the last call failed. What std has for it makes an error that is dropped again, which costs more than a look.
#[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
#[inline]
fn last_error() -> i32 {
    #[cfg(target_os = "linux")]
    use libc::__errno_location as errno;
    #[cfg(not(target_os = "linux"))]
    use libc::__error as errno;
    // SAFETY: it is always there, and this thread's own.
    unsafe { *errno() }
}

/// Why the last call failed.
#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
fn last_error() -> i32 {
    io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or_default()
}

/// Whether there was nothing to do without waiting. The two are one on most systems.
#[inline]
fn would_block(code: i32) -> bool {
    code == libc::EAGAIN || code == libc::EWOULDBLOCK
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Type};
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn pair() -> (Socket, Socket) {
        Socket::pair(Domain::UNIX, Type::STREAM, None).unwrap()
    }

    #[test]
    fn what_is_there_is_seen_at_the_first_look() {
        let (us, them) = pair();
        let mut buffer = Vec::with_capacity(10);
        buffer.push(b'-');
        assert_eq!(send(&them, b"abcdefghijkl").unwrap(), Some(12));
        assert_eq!(look(&us, &mut buffer, 4, 0).unwrap(), (Some(4), true));
        // No more than there is room for.
        assert_eq!(look(&us, &mut buffer, 100, 1).unwrap(), (Some(5), true));
        assert_eq!(buffer, b"-abcdefghi");
        buffer.clear();
        assert_eq!(receive(&us, &mut buffer, 10, true).unwrap(), Some(3));
        assert_eq!(buffer, b"jkl");
        assert_eq!(receive(&us, &mut buffer, 4, false).unwrap(), None);
        drop(them);
        assert_eq!(look(&us, &mut buffer, 4, 1_000_000).unwrap().0, Some(0));
        assert_eq!(receive(&us, &mut buffer, 4, true).unwrap(), Some(0));
    }

    #[test]
    fn looking_ends_with_its_time() {
        let (us, _them) = pair();
        let mut buffer = Vec::with_capacity(4);
        assert_eq!(look(&us, &mut buffer, 4, 0).unwrap(), (None, false));
        let start = Instant::now();
        assert_eq!(
            look(&us, &mut buffer, 4, 20_000_000).unwrap(),
            (None, false)
        );
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(20) && took < Duration::from_secs(5));
    }

    #[test]
    fn what_comes_later_is_seen_later() {
        let (us, them) = pair();
        let mut buffer = Vec::with_capacity(4);
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(10));
            send(&them, b"x").unwrap();
            them
        });
        assert_eq!(
            look(&us, &mut buffer, 4, 10_000_000_000).unwrap(),
            (Some(1), false)
        );
        drop(other.join().unwrap());
        // What is not a socket any more is an error, not an answer that never comes.
        us.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!(look(&us, &mut buffer, 3, 1).unwrap().0, Some(0));
        let error = send(&us, b"x").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
    }

    #[test]
    fn sending_never_waits() {
        let (us, them) = pair();
        let bytes = vec![0; 1 << 20];
        let mut sent = 0;
        while let Some(count) = send(&us, &bytes).unwrap() {
            sent += count;
        }
        assert!(sent > 0);
        let soon = Instant::now() + Duration::from_millis(5);
        let ready = wait(us.as_fd(), libc::POLLIN | libc::POLLOUT, Some(soon));
        assert_eq!(ready.unwrap(), Readiness::TimedOut);
        send(&them, b"x").unwrap();
        let ready = wait(us.as_fd(), libc::POLLIN | libc::POLLOUT, None).unwrap();
        assert_eq!(ready, Readiness::Ready { readable: true });
        let ready = wait_beside(us.as_fd(), libc::POLLOUT, Some(us.as_fd()), None).unwrap();
        assert_eq!(ready, Readiness::Ready { readable: true });
    }
}
