//! `postgresql://` connection URIs (manual, "Connection URIs").
//!
//! Owns the grammar `scheme://[user[:password]@][host[:port][,...]][/dbname][?keyword=value[&...]]` and
//! percent-decoding. No message repeats a piece of the URI except a parameter's name that can be nothing
//! else: where a delimiter is missing or unescaped, the password can be in any piece.

use super::dsn::{invalid_dsn, shown};
use super::{Conninfo, options};
use crate::error::{Error, Result};

/// What follows the scheme, if `dsn` is a URI. Case matters, as in libpq.
pub(super) fn strip_scheme(dsn: &str) -> Option<&str> {
    dsn.strip_prefix("postgresql://")
        .or_else(|| dsn.strip_prefix("postgres://"))
}

/// `dsn` is the whole URI (for positions) and `rest` what follows its scheme.
pub(super) fn parse(dsn: &str, rest: &str) -> Result<Conninfo> {
    let mut conninfo = Conninfo::default();
    let rest = credentials(&mut conninfo, rest)?;
    let rest = hosts(&mut conninfo, dsn, rest)?;
    let rest = match rest.strip_prefix('/') {
        Some(path) => {
            let (dbname, rest) = split_before(path, &['?']);
            store(&mut conninfo, "dbname", dbname, "the database name")?;
            rest
        }
        None => rest,
    };
    if let Some(parameters) = rest.strip_prefix('?') {
        self::parameters(&mut conninfo, dsn, parameters)?;
    }
    Ok(conninfo)
}

/// Takes `user[:password]@` off the front: it is there if an `@` comes before the first `/`.
fn credentials<'a>(conninfo: &mut Conninfo, rest: &'a str) -> Result<&'a str> {
    let (credentials, tail) = split_before(rest, &['@', '/']);
    let Some(tail) = tail.strip_prefix('@') else {
        return Ok(rest);
    };
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    store(conninfo, "user", user, "the user")?;
    store(conninfo, "password", password, "the password")?;
    Ok(tail)
}

/// Takes the list of `host[:port]` off the front. The lists are decoded as wholes, so that an escaped comma
/// separates too, as in libpq.
fn hosts<'a>(conninfo: &mut Conninfo, dsn: &str, mut rest: &'a str) -> Result<&'a str> {
    let (mut hosts, mut ports) = (String::new(), String::new());
    loop {
        let host;
        if let Some(bracketed) = rest.strip_prefix('[') {
            let Some((inside, tail)) = bracketed.split_once(']') else {
                return Err(at(
                    dsn,
                    rest,
                    "the end of the URI was reached when looking for the matching \"]\" of an IPv6 host address",
                ));
            };
            if inside.is_empty() {
                return Err(at(
                    dsn,
                    rest,
                    "an IPv6 host address may not be empty in a URI",
                ));
            }
            if !tail.is_empty() && !tail.starts_with([':', '/', '?', ',']) {
                return Err(at(
                    dsn,
                    tail,
                    "unexpected character in URI (expected \":\" or \"/\" after an IPv6 host address)",
                ));
            }
            (host, rest) = (inside, tail);
        } else {
            (host, rest) = split_before(rest, &[':', '/', '?', ',']);
        }
        hosts.push_str(host);
        if let Some(tail) = rest.strip_prefix(':') {
            let port;
            (port, rest) = split_before(tail, &['/', '?', ',']);
            ports.push_str(port);
        }
        let Some(tail) = rest.strip_prefix(',') else {
            break;
        };
        rest = tail;
        hosts.push(',');
        ports.push(',');
    }
    store(conninfo, "host", &hosts, "the host")?;
    store(conninfo, "port", &ports, "the port")?;
    Ok(rest)
}

fn parameters(conninfo: &mut Conninfo, dsn: &str, mut rest: &str) -> Result<()> {
    // Once a secret has gone by, or with an `@` still to come, a name can be a piece of a password.
    let mut after_secret = conninfo.get("password").is_some();
    while !rest.is_empty() {
        let name_shown = |name: &str| {
            if after_secret || rest.contains('@') {
                String::new()
            } else {
                shown(name)
            }
        };
        let (parameter, tail) = split_before(rest, &['&']);
        let Some((name, value)) = parameter.split_once('=') else {
            let name = match options::find(parameter) {
                Some((_, spec)) => format!(" \"{}\"", spec.keyword),
                None => String::new(),
            };
            return Err(at(
                dsn,
                rest,
                &format!("missing key/value separator \"=\" in URI query parameter{name}"),
            ));
        };
        if value.contains('=') {
            return Err(at(
                dsn,
                rest,
                &format!(
                    "extra key/value separator \"=\" in URI query parameter{}",
                    name_shown(name)
                ),
            ));
        }
        let name = decode(name, "the name of a query parameter")?;
        let value = decode(value, "the value of a query parameter")?;
        let (keyword, value) = match (name.as_str(), value.as_str()) {
            // For JDBC's URIs.
            ("ssl", "true") => ("sslmode", "require".to_owned()),
            _ => (name.as_str(), value),
        };
        if !conninfo.store(keyword, value) {
            return Err(at(
                dsn,
                rest,
                &format!("invalid URI query parameter{}", name_shown(&name)),
            ));
        }
        after_secret |= options::find(keyword).is_some_and(|(_, spec)| spec.secret);
        rest = tail.strip_prefix('&').unwrap_or(tail);
    }
    Ok(())
}

/// An empty part of the URI leaves its keyword to the environment and the defaults.
fn store(conninfo: &mut Conninfo, keyword: &str, text: &str, part: &str) -> Result<()> {
    if !text.is_empty() {
        let value = decode(text, part)?;
        conninfo.store(keyword, value);
    }
    Ok(())
}

/// Percent-decoding. Spaces around a part are dropped, and inside one are an error, as in libpq 18; tabs and
/// line ends are characters like others.
fn decode(text: &str, part: &str) -> Result<String> {
    let text = text.trim_matches(' ');
    if text.contains(' ') {
        return Err(invalid_dsn(format!(
            "unexpected spaces found in {part} of the URI, use percent-encoded spaces (%20) instead"
        )));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(invalid_dsn(format!(
                "invalid percent-encoded token in {part} of the URI"
            )));
        };
        match u8::try_from(high << 4 | low) {
            Ok(0) | Err(_) => {
                return Err(invalid_dsn(format!(
                    "forbidden value %00 in percent-encoded value: {part} of the URI"
                )));
            }
            Ok(byte) => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).map_err(|_| {
        invalid_dsn(format!(
            "{part} of the URI is not UTF-8 once its percent-encoding is undone"
        ))
    })
}

/// `text` up to the first of `delimiters`, and the rest from it on.
fn split_before<'a>(text: &'a str, delimiters: &[char]) -> (&'a str, &'a str) {
    text.find(delimiters)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// An error at the place where `rest`, the tail of `dsn`, begins.
fn at(dsn: &str, rest: &str, what: &str) -> Error {
    let position = dsn
        .chars()
        .count()
        .saturating_sub(rest.chars().count())
        .saturating_add(1);
    invalid_dsn(format!("{what}, at character {position}"))
}
