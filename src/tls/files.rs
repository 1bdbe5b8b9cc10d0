//! The files that TLS is told of: where they are by default, how they are read, and the private key's
//! permissions.
//!
//! Source: manual, "SSL Support" (SSL Client File Usage). Errors name the file; who calls adds the keyword.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// libpq's names in `~/.postgresql`.
pub(super) const ROOT_CERTIFICATE: &str = "root.crt";
pub(super) const ROOT_LIST: &str = "root.crl";
pub(super) const USER_CERTIFICATE: &str = "postgresql.crt";
pub(super) const USER_KEY: &str = "postgresql.key";

/// What TLS asks of the outside world. The same two questions as `conninfo`'s trait of that name, which is
/// `conninfo`'s own; files are read here, since a key's owner matters.
pub(crate) trait Environment {
    /// An environment variable.
    fn var(&self, name: &str) -> Option<String>;

    /// The user's home directory.
    fn home(&self) -> Option<PathBuf>;
}

/// This process's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }
}

/// More than any certificate, list or key file is. A bound, so that a path to something endless is an error.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// More files than a directory of revocation lists holds.
const MAX_FILES: usize = 10_000;

/// `~/.postgresql/name`; `None` without a home.
pub(super) fn in_home(env: &dyn Environment, name: &str) -> Option<PathBuf> {
    Some(env.home()?.join(".postgresql").join(name))
}

/// Whether an error says that there is no such file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// All of a plain file. Never waits for a pipe.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, _) = open(path)?.ok_or_else(|| io::Error::other("it is not a regular file"))?;
    read_all(&mut file)
}

/// Opens a plain file; `None` if it is something else. Devices can act on being opened: looks first, and again
/// at what was opened.
fn open(path: &Path) -> io::Result<Option<(fs::File, fs::Metadata)>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)?;
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata)))
}

fn read_all(file: &mut fs::File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(MAX_FILE_BYTES.saturating_add(1))
        .read_to_end(&mut content)?;
    if u64::try_from(content.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(io::Error::other("the file is larger than 64 MiB"));
    }
    Ok(content)
}

/// The paths of the files of a directory, in order.
pub(super) fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.is_file() {
            files.push(file);
        }
        if files.len() > MAX_FILES {
            return Err(io::Error::other("the directory holds too many files"));
        }
    }
    files.sort();
    Ok(files)
}

/// Why a private key's file was not taken.
pub(super) enum KeyFileError {
    Absent,
    /// libpq's whole message.
    Refused(String),
}

/// A private key's file: a regular one, the owner's alone, or root's and readable by its group.
pub(super) fn read_key(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let shown = path.display();
    let refused = |message: String| KeyFileError::Refused(message);
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyFileError::Absent,
        _ => refused(format!(
            "could not stat private key file \"{shown}\" (sslkey): {error}"
        )),
    })?;
    let irregular = || {
        refused(format!(
            "private key file \"{shown}\" (sslkey) is not a regular file"
        ))
    };
    if !metadata.is_file() {
        return Err(irregular());
    }
    // Before opening, so that the message is libpq's for a file that may not even be read.
    if is_too_open(metadata.uid(), metadata.mode()) {
        return Err(too_open(path));
    }
    let unreadable = |error: io::Error| {
        refused(format!(
            "could not load private key file \"{shown}\" (sslkey): {error}"
        ))
    };
    let (mut file, metadata) = open(path).map_err(unreadable)?.ok_or_else(irregular)?;
    if is_too_open(metadata.uid(), metadata.mode()) {
        return Err(too_open(path));
    }
    read_all(&mut file).map_err(unreadable)
}

fn too_open(path: &Path) -> KeyFileError {
    KeyFileError::Refused(format!(
        "private key file \"{}\" (sslkey) has group or world access; file must have permissions u=rw (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root",
        path.display()
    ))
}

/// libpq's rule.
fn is_too_open(owner: u32, mode: u32) -> bool {
    let forbidden = if owner == 0 { 0o037 } else { 0o077 };
    mode & forbidden != 0
}

#[cfg(test)]
mod tests {
    use super::is_too_open;

    #[test]
    fn a_key_is_its_owners_alone_or_roots_and_its_groups() {
        for (owner, mode, refused) in [
            (1000, 0o100_600, false),
            (1000, 0o100_400, false),
            (1000, 0o100_640, true),
            (1000, 0o100_604, true),
            (0, 0o100_600, false),
            (0, 0o100_640, false),
            (0, 0o100_660, true),
            (0, 0o100_650, true),
            (0, 0o100_644, true),
        ] {
            assert_eq!(is_too_open(owner, mode), refused, "{owner} {mode:o}");
        }
    }
}
