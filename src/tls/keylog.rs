//! `sslkeylogfile`: the session's secrets in NSS's key log format, for a person with a packet capture.
//!
//! Source: PostgreSQL 18 manual, "sslkeylogfile": appended, created readable by its owner alone. One write per
//! line, so that several connections may share a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use parking_lot::Mutex;
use rustls::KeyLog;

/// An open key log.
#[derive(Debug)]
pub(super) struct KeyLogFile(Mutex<File>);

impl KeyLogFile {
    pub(super) fn open(path: &Path) -> io::Result<KeyLogFile> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)?;
        Ok(KeyLogFile(Mutex::new(file)))
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = label.to_owned();
        for bytes in [client_random, secret] {
            line.push(' ');
            line.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
        }
        line.push('\n');
        // A full disk must not end a connection.
        let _ = self.0.lock().write_all(line.as_bytes());
    }
}
