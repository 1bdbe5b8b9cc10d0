//! Tests of `conninfo` as a whole: each file one question.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::{Environment, File};
use crate::error::{Error, Result};

mod authentication;
mod config;
mod connection_strings;
mod files;
mod resolve;
mod secrets;

/// An outside world made of constants.
#[derive(Default)]
pub(super) struct Fake {
    variables: HashMap<&'static str, String>,
    files: HashMap<PathBuf, (u32, Vec<u8>)>,
    others: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    user: Option<&'static str>,
    home: Option<PathBuf>,
}

impl Fake {
    /// A Debian machine with the user `me`, nothing set.
    pub(super) fn new() -> Fake {
        Fake {
            directories: vec!["/var/run/postgresql".into()],
            user: Some("me"),
            home: Some("/home/me".into()),
            ..Fake::default()
        }
    }

    pub(super) fn var(mut self, name: &'static str, value: &str) -> Fake {
        self.variables.insert(name, value.to_owned());
        self
    }

    pub(super) fn file(mut self, path: &str, mode: u32, content: &str) -> Fake {
        self.files
            .insert(path.into(), (mode, content.as_bytes().to_vec()));
        self
    }

    pub(super) fn other(mut self, path: &str) -> Fake {
        self.others.push(path.into());
        self
    }
}

impl Environment for Fake {
    fn var(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn user_name(&self) -> Result<String> {
        self.user
            .map(str::to_owned)
            .ok_or_else(|| Error::operational("no such user"))
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }

    fn is_directory(&self, path: &Path) -> bool {
        self.directories.iter().any(|directory| directory == path)
    }

    fn read_file(&self, path: &Path) -> io::Result<File> {
        if self.others.iter().any(|other| other == path) {
            return Ok(File::Other);
        }
        match self.files.get(path) {
            Some((0, _)) => Err(io::ErrorKind::PermissionDenied.into()),
            Some((mode, content)) => Ok(File::Regular {
                mode: *mode,
                content: content.clone(),
            }),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
