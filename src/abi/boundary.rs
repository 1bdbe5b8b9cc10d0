//! The guard around every exported function: no panic and no error leaves without being turned into a
//! status, and no argument enters without being looked at.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once};

use super::error::{ErrorHandle, dbapi_error_t};
use super::registry;
use super::status::dbapi_status_t;
use crate::error::{Class, Error, Result};

thread_local! {
    /// How deep this thread is in calls of ours.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// What the last panic inside said.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics inside a call off the host's stderr: their message goes into the error instead. Panics
/// elsewhere go where they went before.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                return before(info);
            }
            PANIC.set(Some(info.to_string()));
        }));
    });
}

/// Runs `body`; a panic becomes an internal error.
fn contained<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    keep_quiet();
    let outcome = DEPTH.with(|depth| {
        depth.set(depth.get() + 1);
        let outcome = panic::catch_unwind(AssertUnwindSafe(body));
        depth.set(depth.get() - 1);
        outcome
    });
    outcome.unwrap_or_else(|_| {
        let what = PANIC.take().unwrap_or_default();
        Err(
            Error::new(Class::Internal, format!("a defect of libdbapi: {what}"))
                .breaking_connection(),
        )
    })
}

/// The body of a function that returns a status.
pub(super) fn guard(
    out_error: *mut *mut dbapi_error_t,
    body: impl FnOnce() -> Result<dbapi_status_t>,
) -> dbapi_status_t {
    match contained(body) {
        Ok(status) => status,
        Err(error) => {
            let status = dbapi_status_t::of(error.class());
            if !out_error.is_null() {
                let handle = registry::insert(Arc::new(ErrorHandle::new(&error)));
                // SAFETY: the caller promises that out_error is NULL or writable.
                unsafe { out_error.write(handle.unwrap_or(std::ptr::null_mut())) };
            }
            status
        }
    }
}

/// The body of a function that cannot fail: `fallback` is what a wrong handle, or a panic, gives.
pub(super) fn guard_value<T>(fallback: T, body: impl FnOnce() -> Result<T>) -> T {
    contained(body).unwrap_or(fallback)
}

/// `text` as UTF-8; NULL is an error.
pub(super) fn required_text<'a>(text: *const c_char, argument: &str) -> Result<&'a str> {
    optional_text(text, argument)?
        .ok_or_else(|| Error::programming(format!("argument {argument} is NULL")))
}

/// `text` as UTF-8, or `None` for NULL.
pub(super) fn optional_text<'a>(text: *const c_char, argument: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller promises a string that ends with a NUL and outlives the call.
    let text = unsafe { CStr::from_ptr(text) };
    if text.to_bytes().is_ascii() {
        // SAFETY: ASCII is UTF-8, and seen to be so faster.
        return Ok(Some(unsafe { str::from_utf8_unchecked(text.to_bytes()) }));
    }
    text.to_str().map(Some).map_err(|error| {
        Error::programming(format!(
            "argument {argument} is not valid UTF-8, at byte {}",
            error.valid_up_to()
        ))
        .with_sqlstate("22021")
    })
}

/// Whether `text` is `known`, which holds no NUL; so it is UTF-8, as that is.
#[inline]
pub(super) fn is_text(text: *const c_char, known: &str) -> bool {
    debug_assert!(!known.contains('\0'));
    if text.is_null() {
        return false;
    }
    // SAFETY: the caller promises a string that ends with a NUL; strncmp reads no further than that, and no more than
    // `known.len()` bytes of either. If those are alike, none of them is the NUL, and there is one more to read.
    unsafe {
        libc::strncmp(text, known.as_ptr().cast(), known.len()) == 0
            && text.add(known.len()).read() == 0
    }
}

/// `count` elements at `data`. NULL is fine for none.
#[inline(always)]
pub(super) fn array<'a, T>(data: *const T, count: usize, argument: &str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::programming(format!(
            "argument {argument} is NULL, with {count} elements"
        )));
    }
    if !data.is_aligned() {
        return Err(Error::programming(format!(
            "argument {argument} is not aligned"
        )));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Error::programming(format!(
            "argument {argument} cannot have {count} elements"
        )));
    }
    // SAFETY: not NULL, aligned, and the caller promises that many elements which outlive the call.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// Checks an output that the function cannot do without.
pub(super) fn required_output<T>(output: *mut T, argument: &str) -> Result<()> {
    if output.is_null() {
        return Err(Error::programming(format!("argument {argument} is NULL")));
    }
    Ok(())
}

/// Sets an output, unless it is NULL.
pub(super) fn set_output<T>(output: *mut T, value: T) {
    if !output.is_null() {
        // SAFETY: not NULL, and the caller promises that an output is writable.
        unsafe { output.write(value) };
    }
}

/// Copies to a caller's buffer what fits of `text`, cut at a character's end, and a NUL, as snprintf does.
pub(super) fn put_text(text: &[u8], buffer: *mut c_char, capacity: usize, out_length: *mut usize) {
    set_output(out_length, text.len());
    let Some(room) = capacity.checked_sub(1) else {
        return;
    };
    let mut length = text.len().min(room);
    if length < text.len() {
        // Not inside a character: back to a byte that begins one.
        while length > 0 && text.get(length).is_some_and(|byte| byte & 0xc0 == 0x80) {
            length -= 1;
        }
    }
    // SAFETY: the caller promises `capacity` writable bytes, and `length` is below that.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), buffer, length);
        buffer.add(length).write(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_if_it_ends_where_the_known_one_does() {
        for (text, known, same) in [
            (c"SELECT 1", "SELECT 1", true),
            (c"SELECT 1", "SELECT 12", false),
            (c"SELECT 12", "SELECT 1", false),
            (c"SELECT 1", "SELECT 2", false),
            (c"", "", true),
            (c"a", "", false),
            (c"", "a", false),
            (c"\xff", "\u{ff}", false),
        ] {
            assert_eq!(is_text(text.as_ptr(), known), same, "{text:?} {known}");
        }
        assert!(!is_text(std::ptr::null(), ""));
    }

    #[test]
    fn a_panic_becomes_an_internal_error() {
        let mut out = std::ptr::null_mut();
        let status = guard(&raw mut out, || panic!("on purpose"));
        assert_eq!(status, dbapi_status_t::DBAPI_INTERNAL_ERROR);
        let error = registry::remove::<ErrorHandle>(out, "error").unwrap();
        assert!(error.message().to_str().unwrap().contains("on purpose"));
        assert_eq!(guard_value(7, || panic!("again")), 7);
        assert_eq!(DEPTH.get(), 0);
    }
}
