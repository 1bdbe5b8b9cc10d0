//! A `Conninfo` as text again: quoting, and what may be shown of it.
//!
//! Quoting follows psycopg2's `make_dsn`, which the manual's "Keyword/Value Connection Strings" reads back.
//! Every message of this module that shows a piece of the input asks here whether it may: a connection
//! string with a slip in it (a forgotten quote, an unescaped `/` in a URI) has its password anywhere.

use super::options::OptionSpec;
use super::{Conninfo, OPTIONS};
use crate::error::Error;

/// What stands in for a secret.
const HIDDEN: &str = "xxx";

/// C's `isspace` in the C locale, which is what separates pairs.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

/// All pairs as a keyword/value string; each value is what `value_of` makes of it.
pub(super) fn join<'a>(
    conninfo: &'a Conninfo,
    value_of: impl Fn(&OptionSpec, &'a str) -> &'a str,
) -> String {
    let mut dsn = String::new();
    for (spec, value) in conninfo.specs() {
        if !dsn.is_empty() {
            dsn.push(' ');
        }
        dsn.push_str(spec.keyword);
        dsn.push('=');
        push_quoted(&mut dsn, value_of(spec, value));
    }
    dsn
}

fn push_quoted(dsn: &mut String, value: &str) {
    let quote = value.is_empty() || value.contains(is_space);
    if quote {
        dsn.push('\'');
    }
    for c in value.chars() {
        if matches!(c, '\\' | '\'') {
            dsn.push('\\');
        }
        dsn.push(c);
    }
    if quote {
        dsn.push('\'');
    }
}

/// All pairs with secrets shown as `xxx`. Hidden are the secret keywords, and what the usual slips make of a
/// password: a connection string as a value, and the pieces into which a URI with an unescaped `/` in its
/// password falls (`u:a,b/c@h/d`: hosts `u,b`, port `a,`, database `c@h/d`).
pub(super) fn redact(conninfo: &Conninfo) -> String {
    let fallen = is_fallen(conninfo);
    join(conninfo, |spec, value| {
        let piece = matches!(spec.keyword, "host" | "port" | "dbname");
        if spec.secret || fallen && piece || holds_credentials(value) {
            HIDDEN
        } else {
            value
        }
    })
}

fn is_fallen(conninfo: &Conninfo) -> bool {
    let number = |c: char| c.is_ascii_digit() || is_space(c) || matches!(c, ',' | '-' | '+');
    let has = |keyword, strange: &dyn Fn(&str) -> bool| conninfo.get(keyword).is_some_and(strange);
    has("port", &|port| !port.chars().all(number)) || has("dbname", &|dbname| dbname.contains('@'))
}

/// All pairs but the secret keywords; a value that looks like a connection string with a password in it is shown
/// as `xxx`. Meant for what has led to a connection, whose host, port and dbname are therefore no slips.
pub(super) fn without_secrets(mut conninfo: Conninfo) -> Conninfo {
    for (spec, value) in OPTIONS.iter().zip(&mut conninfo.values) {
        match value {
            Some(_) if spec.secret => *value = None,
            Some(text) if holds_credentials(text) => *value = Some(HIDDEN.into()),
            _ => {}
        }
    }
    conninfo
}

/// Whether `value` looks like a connection string with a password in it.
fn holds_credentials(value: &str) -> bool {
    if !value.bytes().any(|byte| matches!(byte, b'@' | b'=')) {
        return false;
    }
    if value.contains("://") && value.contains('@') {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    ["password", "_secret", "_key"].iter().any(|word| {
        lower.match_indices(word).any(|(at, found)| {
            lower
                .get(at.saturating_add(found.len())..)
                .is_some_and(|rest| rest.trim_start_matches(is_space).starts_with('='))
        })
    })
}

/// ` "word"` for a message when `word` can be an attempt at a keyword or at one of the fixed values: letters
/// or a number, not the mixture that a password is. Otherwise nothing.
pub(super) fn shown(word: &str) -> String {
    let letters = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-');
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-');
    let tls = word.strip_prefix("TLSv").unwrap_or(word);
    if word.len() <= 32 && (word.chars().all(letters) || tls.chars().all(number)) {
        format!(" \"{word}\"")
    } else {
        String::new()
    }
}

/// ` "name"` for a message, as `shown`, for what a person names freely, such as a service.
pub(super) fn shown_name(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.len() <= 64 && name.chars().all(plain) {
        format!(" \"{name}\"")
    } else {
        String::new()
    }
}

/// A connection string or keyword that is wrong in itself, whatever it would connect to.
pub(super) fn invalid_dsn(what: impl std::fmt::Display) -> Error {
    Error::programming(format!("invalid dsn: {what}"))
}

/// A value that its keyword cannot have, wherever it came from. Operational, as psycopg2 reports what
/// libpq finds only when it connects.
pub(super) fn invalid_value(what: impl Into<String>) -> Error {
    Error::operational(what)
}
