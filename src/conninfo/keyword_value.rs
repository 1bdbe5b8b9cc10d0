//! `keyword = value` connection strings (manual, "Keyword/Value Connection Strings").
//!
//! Owns the grammar only: spaces around `=` are optional, a value with spaces stands in single quotes, and a
//! backslash takes the character after it literally, in quotes or not. The last of several settings wins.

use std::iter::{Enumerate, Peekable};
use std::str::Chars;

use super::dsn::{invalid_dsn, is_space, shown};
use super::{Conninfo, options};
use crate::error::Result;

type Input<'a> = Peekable<Enumerate<Chars<'a>>>;

pub(super) fn parse(dsn: &str) -> Result<Conninfo> {
    let mut conninfo = Conninfo::default();
    let mut input: Input<'_> = dsn.chars().enumerate().peekable();
    let mut after_secret = false;
    loop {
        skip_spaces(&mut input);
        let Some(&(at, _)) = input.peek() else {
            return Ok(conninfo);
        };
        // Positions are for people: from 1, in characters.
        let position = at.saturating_add(1);
        let keyword = keyword(&mut input);
        skip_spaces(&mut input);
        if input.next_if(|&(_, c)| c == '=').is_none() {
            // The word may be the second half of an unquoted password: only keywords are repeated.
            let name = match options::find(&keyword) {
                Some((_, spec)) => format!("\"{}\"", spec.keyword),
                None => "the word".to_owned(),
            };
            return Err(invalid_dsn(format!(
                "missing \"=\" after {name} at character {position} of the connection string"
            )));
        }
        skip_spaces(&mut input);
        let value = value(&mut input)?;
        if !conninfo.store(&keyword, value) {
            // So may this one.
            let name = if after_secret {
                String::new()
            } else {
                shown(&keyword)
            };
            return Err(invalid_dsn(format!(
                "invalid connection option{name} at character {position} of the connection string"
            )));
        }
        after_secret |= options::find(&keyword).is_some_and(|(_, spec)| spec.secret);
    }
}

fn skip_spaces(input: &mut Input<'_>) {
    while input.next_if(|&(_, c)| is_space(c)).is_some() {}
}

fn keyword(input: &mut Input<'_>) -> String {
    let mut keyword = String::new();
    while let Some((_, c)) = input.next_if(|&(_, c)| c != '=' && !is_space(c)) {
        keyword.push(c);
    }
    keyword
}

/// A quote means something only as the value's first character; what follows the closing one begins the
/// next pair, with or without a space between.
fn value(input: &mut Input<'_>) -> Result<String> {
    let quote = input.next_if(|&(_, c)| c == '\'');
    let mut value = String::new();
    loop {
        match (input.peek(), quote) {
            (None, None) => return Ok(value),
            (None, Some((at, _))) => {
                return Err(invalid_dsn(format!(
                    "unterminated quoted string, which begins at character {} of the connection string",
                    at.saturating_add(1)
                )));
            }
            (Some(&(_, c)), None) if is_space(c) => return Ok(value),
            (Some(&(_, '\'')), Some(_)) => {
                input.next();
                return Ok(value);
            }
            (Some(&(_, '\\')), _) => {
                input.next();
                // A backslash at the very end stands for nothing.
                value.extend(input.next().map(|(_, c)| c));
            }
            (Some(&(_, c)), _) => {
                input.next();
                value.push(c);
            }
        }
    }
}
