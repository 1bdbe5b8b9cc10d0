//! The outside world as connecting sees it: variables, home directory, user, files.
//!
//! A trait, so that everything above it is tested without touching the process. Sources: manual,
//! "Environment Variables", "The Password File", "The Connection Service File".

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::os;
use crate::error::Result;

/// More than any password or service file is. A bound, so that a path to something endless is an error.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What `Environment::read_file` found.
#[derive(Debug)]
pub(crate) enum File {
    /// A plain file.
    Regular {
        /// Its permission bits.
        mode: u32,
        /// All of it.
        content: Vec<u8>,
    },
    /// A directory, a pipe, a device: not read.
    Other,
}

/// The outside world.
pub(crate) trait Environment {
    /// An environment variable. A variable that is set but empty is `Some("")`, and libpq cares.
    fn var(&self, name: &str) -> Option<String>;

    /// The name of the user that this process runs as (the effective one, as in libpq).
    fn user_name(&self) -> Result<String>;

    /// The user's home directory.
    fn home(&self) -> Option<PathBuf>;

    /// Whether `path` is a directory.
    fn is_directory(&self, path: &Path) -> bool;

    /// The content and the mode of a file, both of the same open file. Never blocks on a pipe.
    fn read_file(&self, path: &Path) -> io::Result<File>;
}

/// This process's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    /// Bytes that are not UTF-8 become U+FFFD, so that connecting fails on the value; taking the variable as
    /// unset would connect to somewhere else.
    fn var(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| {
            value
                .into_string()
                .unwrap_or_else(|value| value.to_string_lossy().into_owned())
        })
    }

    fn user_name(&self) -> Result<String> {
        os::user_name()
    }

    /// `HOME`, and the user database only where that is unset.
    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn read_file(&self, path: &Path) -> io::Result<File> {
        // Devices can act on being opened: look first, and look again at what was opened.
        if !fs::metadata(path)?.is_file() {
            return Ok(File::Other);
        }
        let file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(File::Other);
        }
        let mut content = Vec::new();
        file.take(MAX_FILE_BYTES.saturating_add(1))
            .read_to_end(&mut content)?;
        if u64::try_from(content.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
            return Err(io::Error::other("the file is larger than 16 MiB"));
        }
        Ok(File::Regular {
            mode: metadata.mode() & 0o7777,
            content,
        })
    }
}
