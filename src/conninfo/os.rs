//! The names of users, from wherever the system keeps users (NSS: files, LDAP, sssd, systemd).
#![allow(
    unsafe_code,
    reason = "getpwuid_r: no safe wrapper asks NSS without a dependency of its own"
)]

use std::ffi::CStr;
use std::mem::MaybeUninit;

use crate::error::{Error, Result};

/// The name of the user that this process runs as (its effective id).
pub(super) fn user_name() -> Result<String> {
    // SAFETY: geteuid has no preconditions.
    let id = unsafe { libc::geteuid() };
    match name_of_user(id) {
        Ok(Some(name)) => Ok(name),
        Ok(None) => Err(Error::operational(format!(
            "no user name given, and the system has no name for user id {id}"
        ))),
        Err(NotText) => Err(Error::operational(
            "no user name given, and the system's name for this user is not UTF-8",
        )),
    }
}

/// A user's name that is not UTF-8.
#[derive(Debug)]
pub(crate) struct NotText;

/// The name of the user with this id; `None` if the system has none.
pub(crate) fn name_of_user(id: u32) -> std::result::Result<Option<String>, NotText> {
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
            return Ok(None);
        }
        // SAFETY: getpwuid_r succeeded, so `entry` is filled and its name is a string in `text`.
        let name = unsafe { CStr::from_ptr((*found).pw_name) };
        return match name.to_str() {
            Ok(name) => Ok(Some(name.to_owned())),
            Err(_) => Err(NotText),
        };
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_user_has_a_name() {
        assert!(!super::user_name().unwrap().is_empty());
    }
}
