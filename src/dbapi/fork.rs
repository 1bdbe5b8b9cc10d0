//! Whether this process is a forked child of the one that opened a connection.
//!
//! Asked at each call, so without a system call where the system can tell: Linux wipes a page that asks for it
//! when a process forks (madvise(2), MADV_WIPEONFORK). No handler is installed. A child made by vfork, or that
//! shares its memory, is no child in this sense: it is the same program.
#![allow(
    unsafe_code,
    reason = "mmap and madvise: libc calls that no safe wrapper covers"
)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The process that opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process(u64);

/// A page that is zero in a fresh process, and again in each child.
static PAGE: OnceLock<Option<&'static AtomicU64>> = OnceLock::new();
/// Numbers that no two processes of a family share; the page holds that of its own.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Process {
    /// This one.
    pub(super) fn this() -> Process {
        let Some(page) = PAGE.get_or_init(wiped_page) else {
            return Process(std::process::id().into());
        };
        match page.load(Ordering::Relaxed) {
            0 => Process(numbered(page)),
            number => Process(number),
        }
    }
}

/// Gives a process its number. A child's is above its parent's, whose counter it has inherited: so neither the
/// parent nor any process before it has it. Sisters may share one, but no connection of one another's.
fn numbered(page: &AtomicU64) -> u64 {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    match page.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => number,
        Err(number) => number,
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn wiped_page() -> Option<&'static AtomicU64> {
    // SAFETY: sysconf has no preconditions.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    // SAFETY: a new mapping at an address of the system's choice touches nothing that exists.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is ours alone.
    if unsafe { libc::madvise(page, size, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: the page is ours alone, and nothing points into it.
        unsafe { libc::munmap(page, size) };
        return None;
    }
    // SAFETY: aligned to a page, zeroed, writable, and never given back.
    Some(unsafe { &*page.cast::<AtomicU64>() })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn wiped_page() -> Option<&'static AtomicU64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_itself_and_no_child_of_its() {
        let this = Process::this();
        assert_eq!(Process::this(), this);
        // SAFETY: the child does nothing but load and compare, and ends without running anything else.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let same = Process::this() == this;
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(same)) };
        }
        let mut status = -1;
        // SAFETY: `status` is writable.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(Process::this(), this);
    }
}
