//! The name of the effective user.
//!
//! A seam. `getpwuid_r` is the one right way (it asks NSS: LDAP, sssd, systemd users), it needs `unsafe`, and
//! that belongs to `net`'s one file. Until the integrator puts the call there (`crate::net::os::user_name()`)
//! in place of `user_name`'s body, the kernel's word for the uid and `/etc/passwd` serve local users.

use std::fs;

pub(super) fn user_name() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let uid = effective_uid(&status)?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

/// `Uid:` lists the real, effective, saved and file system ids (proc(5)).
fn effective_uid(status: &str) -> Option<&str> {
    status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))?
        .split_ascii_whitespace()
        .nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_uid_is_the_second() {
        let status = "Name:\tx\nUid:\t1000\t33\t1000\t1000\nGid:\t5\t5\t5\t5\n";
        assert_eq!(effective_uid(status), Some("33"));
        assert_eq!(effective_uid("Name:\tx\n"), None);
    }
}
