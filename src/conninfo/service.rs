//! The connection service file (manual, "The Connection Service File").
//!
//! Looked for in PGSERVICEFILE or ~/.pg_service.conf, then in the system's pg_service.conf; the first file
//! with the section decides. What it says fills in what the connection string left open.

use std::io;
use std::path::{Path, PathBuf};

use super::dsn::shown_name;
use super::environment::{Environment, File};
use super::{Conninfo, options};
use crate::error::{Error, Result};

/// Where PGSYSCONFDIR is unset: Debian's, since that is where its psql looks too.
const SYSTEM_DIRECTORY: &str = "/etc/postgresql-common";

/// Fills in what the service says, if one is asked for.
pub(super) fn apply(conninfo: &mut Conninfo, env: &dyn Environment) -> Result<()> {
    let asked = conninfo.get("service").map(str::to_owned);
    let Some(service) = asked.or_else(|| env.var("PGSERVICE")) else {
        return Ok(());
    };
    let (users, must_exist) = match env.var("PGSERVICEFILE") {
        Some(path) => (Some(PathBuf::from(path)), true),
        None => (env.home().map(|home| home.join(".pg_service.conf")), false),
    };
    let directory = env
        .var("PGSYSCONFDIR")
        .unwrap_or_else(|| SYSTEM_DIRECTORY.to_owned());
    let systems = Path::new(&directory).join("pg_service.conf");
    let files = users
        .map(|path| (path, must_exist))
        .into_iter()
        .chain([(systems, false)]);
    let mut passed_over = String::new();
    for (path, must_exist) in files {
        let content = match env.read_file(&path) {
            Ok(File::Regular { content, .. }) => content,
            // /dev/null is how one says that there is no such file.
            Ok(File::Other) => {
                passed_over = format!(" (\"{}\" is not a plain file)", path.display());
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if must_exist {
                    return Err(Error::operational(format!(
                        "service file \"{}\" not found",
                        path.display()
                    )));
                }
                continue;
            }
            Err(error) => {
                return Err(Error::operational(format!(
                    "could not read service file \"{}\": {error}",
                    path.display()
                )));
            }
        };
        if read_section(conninfo, &service, &path, &content)? {
            return Ok(());
        }
    }
    Err(Error::operational(format!(
        "definition of service{} not found{passed_over}",
        shown_name(&service)
    )))
}

/// Fills in what the section of `service` says; false if there is none. The first section of that name
/// counts, and in it the first line of a keyword.
fn read_section(
    conninfo: &mut Conninfo,
    service: &str,
    path: &Path,
    content: &[u8],
) -> Result<bool> {
    let mut found = false;
    for (number, line) in (1_u64..).zip(content.split(|&byte| byte == b'\n')) {
        let line = trim(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some(header) = line.strip_prefix(b"[") {
            if found {
                break;
            }
            found = header
                .strip_prefix(service.as_bytes())
                .is_some_and(|rest| rest.starts_with(b"]"));
        } else if found {
            read_line(conninfo, line, path, number)?;
        }
    }
    Ok(found)
}

/// No spaces are allowed around the `=`, and whatever follows it is the value.
fn read_line(conninfo: &mut Conninfo, line: &[u8], path: &Path, number: u64) -> Result<()> {
    let file = path.display();
    let syntax_error = || {
        Error::operational(format!(
            "syntax error in service file \"{file}\", line {number}"
        ))
    };
    let line = std::str::from_utf8(line).map_err(|_| syntax_error())?;
    if line.starts_with("ldap") {
        return Err(Error::not_supported(format!(
            "LDAP lookups are not supported (service file \"{file}\", line {number})"
        )));
    }
    let (keyword, value) = line.split_once('=').ok_or_else(syntax_error)?;
    if keyword == "service" {
        return Err(Error::operational(format!(
            "nested service specifications not supported in service file \"{file}\", line {number}"
        )));
    }
    if options::find(keyword).is_none() || value.contains('\0') {
        return Err(syntax_error());
    }
    conninfo.fill_in(keyword, value.to_owned());
    Ok(())
}

fn trim(mut line: &[u8]) -> &[u8] {
    // C's isspace: unlike Rust's ASCII whitespace it has the vertical tab.
    let space = |byte: u8| byte.is_ascii_whitespace() || byte == b'\x0b';
    while let [first, rest @ ..] = line
        && space(*first)
    {
        line = rest;
    }
    while let [rest @ .., last] = line
        && space(*last)
    {
        line = rest;
    }
    line
}
