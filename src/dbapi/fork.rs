//! Whether this process is a forked child of the one that opened a connection.
//!
//! Asked at each call, so without a system call where the system can tell: Linux wipes a page that asks for it
//! when a process forks (madvise(2), MADV_WIPEONFORK). No handler is installed. A child made by vfork, or that
//! shares its memory, is no child in this sense: it is the same program.
#![allow(
    unsafe_code,
    reason = "mmap and madvise: libc calls that no safe wrapper covers"
)]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// The process that opened a connection. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u64);

/// A page that is zero in a fresh process, and again in each child; null until it is first needed. Where the system
/// has none to give, `NO_PAGE`.
static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
static NO_PAGE: AtomicU64 = AtomicU64::new(0);
/// Numbers that no two processes of a family share; the page holds that of its own.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Process {
    /// This one.
    #[cold]
    pub(crate) fn this() -> Process {
        let page = page();
        if ptr::eq(page, &raw const NO_PAGE) {
            return Process(std::process::id().into());
        }
        match page.load(Ordering::Relaxed) {
            0 => Process(numbered(page)),
            number => Process(number),
        }
    }
}

impl Process {
    /// Whether it is this one.
    #[inline]
    pub(crate) fn is_this(self) -> bool {
        // SAFETY: what is not null was stored by `first_page`: it is never given back.
        let page = unsafe { PAGE.load(Ordering::Acquire).as_ref() };
        // A process' number is never 0, which is what a fresh page holds, and `NO_PAGE` always.
        page.is_some_and(|page| page.load(Ordering::Relaxed) == self.0) || self == Process::this()
    }
}

/// The process that came first to something; none at first. A number and nothing more, so it needs no lock, which a fork
/// could leave held.
pub(crate) struct FirstProcess(AtomicU64);

impl FirstProcess {
    pub(crate) const fn none() -> FirstProcess {
        FirstProcess(AtomicU64::new(0))
    }

    /// Notes this process, unless one is noted.
    #[inline]
    pub(crate) fn note(&self) {
        if self.0.load(Ordering::Relaxed) == 0 {
            let this = Process::this().0;
            // Another thread was quicker: it has noted the same.
            let _ = self
                .0
                .compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether another process is noted, which this one is then a child of.
    pub(crate) fn is_another(&self) -> bool {
        match self.0.load(Ordering::Relaxed) {
            0 => false,
            number => !Process(number).is_this(),
        }
    }
}

/// The page, or `NO_PAGE`.
fn page() -> &'static AtomicU64 {
    let known = PAGE.load(Ordering::Acquire);
    // SAFETY: what is not null was stored by `first_page`: it is never given back.
    match unsafe { known.as_ref() } {
        Some(page) => page,
        None => first_page(),
    }
}

/// Several threads may get here at once: each makes a page, and the first one's counts.
#[cold]
fn first_page() -> &'static AtomicU64 {
    let page: &'static AtomicU64 = wiped_page().unwrap_or(&NO_PAGE);
    let made = ptr::from_ref(page).cast_mut();
    match PAGE.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => page,
        // A page of memory that nobody points to stays with the process: this happens once, if at all.
        // SAFETY: what is not null was stored here, by another thread.
        Err(first) => unsafe { first.as_ref() }.unwrap_or(page),
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
            ptr::null_mut(),
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
        let first = FirstProcess::none();
        assert_eq!(Process::this(), this);
        assert!(this.is_this());
        assert!(!first.is_another());
        first.note();
        assert!(!first.is_another());
        // SAFETY: the child does nothing but load and compare, and ends without running anything else.
        let child = unsafe { libc::fork() };
        if child == 0 {
            first.note();
            let same = this.is_this() || Process::this() == this || !first.is_another();
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
