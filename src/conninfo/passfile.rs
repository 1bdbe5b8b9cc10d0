//! The password file (manual, "The Password File").
//!
//! Owns its format, `hostname:port:database:username:password`, and the rules under which it is ignored.
//! libpq warns on stderr then; a library must not, so the reason is kept for the message of a later
//! authentication failure.

use std::fmt;
use std::io;
use std::path::Path;

use super::environment::{Environment, File};

/// A password. Bytes, since what stands in the file has no encoding; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(Vec<u8>);

impl Password {
    /// From what the user wrote.
    pub(crate) fn new(password: impl Into<Vec<u8>>) -> Password {
        Password(password.into())
    }

    /// For authentication, and nothing else.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A password file that was read. No `Debug`: it is all secrets.
pub(super) struct PassFile(Vec<u8>);

impl PassFile {
    /// The file at `path`: `Ok(None)` if there is none, `Err` with the reason if it is there and ignored.
    pub(super) fn read(path: &Path, env: &dyn Environment) -> Result<Option<PassFile>, String> {
        let file = path.display();
        match env.read_file(path) {
            Ok(File::Regular { mode, .. }) if mode & 0o077 != 0 => Err(format!(
                "password file \"{file}\" was ignored: it has group or world access; permissions should be u=rw (0600) or less"
            )),
            Ok(File::Regular { content, .. }) => Ok(Some(PassFile(content))),
            Ok(File::Other) => Err(format!(
                "password file \"{file}\" was ignored: it is not a plain file"
            )),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(format!("password file \"{file}\" was ignored: {error}")),
        }
    }

    /// The password of the first line that matches all four.
    pub(super) fn password(
        &self,
        host: &str,
        port: u16,
        dbname: &str,
        user: &str,
    ) -> Option<Password> {
        let port = port.to_string();
        let wanted = [host, &port, dbname, user];
        self.0
            .split(|&byte| byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| !line.starts_with(b"#"))
            .find_map(|line| {
                let rest = wanted
                    .iter()
                    .try_fold(line, |rest, text| match_field(rest, text.as_bytes()))?;
                Some(Password(unescape(rest)))
            })
    }
}

/// What follows the field that `line` begins with, if the field is `*` or `text` (`\:` and `\\` undone).
fn match_field<'a>(line: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let mut text = text.iter();
    let mut line = line.iter();
    loop {
        let mut byte = line.next()?;
        if *byte == b':' {
            return text.next().is_none().then_some(line.as_slice());
        }
        if *byte == b'\\' {
            byte = line.next()?;
        }
        if text.next()? != byte {
            return None;
        }
    }
}

/// The last field: to the line's end, or to a colon that no backslash precedes.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut password = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b':' => break,
            b'\\' => password.push(bytes.next().copied().unwrap_or(b'\\')),
            _ => password.push(byte),
        }
    }
    password
}
