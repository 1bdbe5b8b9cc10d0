//! SQL: how it is split, and what placeholders become.

use crate::dbapi::{Arguments, ParamStyle, probes};
use crate::types::{Datum, Dialect, Param};

/// A statement with placeholders. The first byte says how many parameters, whether they have names, whether
/// strings are standard, the style, and who binds; what is behind a 0xff is the text of a parameter.
pub fn placeholders(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let mut parts = rest.splitn(2, |&byte| byte == 0xff);
    let (sql, hostile) = (parts.next().unwrap_or_default(), parts.next());
    let Ok(sql) = std::str::from_utf8(sql) else {
        return;
    };
    let hostile = String::from_utf8_lossy(hostile.unwrap_or(b"a'\\$$ -- /* \""));
    let count = usize::from(choice & 7);
    let named = choice & 8 != 0;
    let style = match choice & 32 {
        0 => ParamStyle::Pyformat,
        _ => ParamStyle::Numeric,
    };
    let dialect = Dialect {
        standard_strings: choice & 16 != 0,
        sql_intervals: false,
    };
    let names = &["a", "b", "c", "", "a b", "\u{e9}", "a"][..count];
    let bind = |params: &[Param<'_>], client: bool| {
        let arguments = match named {
            true => Arguments::Named(names, params),
            false => Arguments::Positional(params),
        };
        probes::bind(sql, style, arguments, client, dialect)
    };
    if choice & 64 != 0 {
        return non_interference(&hostile, dialect, |text| {
            bind(&params(count, text), true).ok()
        });
    }
    let Ok((converted, bound)) = bind(&params(count, &hostile), false) else {
        return;
    };
    if named {
        assert!(bound <= count);
    } else {
        assert_eq!(bound, count - usize::from(count > 2), "{sql:?}");
    }
    for number in 1..=bound {
        assert!(
            converted.contains(&format!("${number}")),
            "{sql:?}: {converted:?}"
        );
    }
    if !sql.contains(['%', '$']) {
        assert_eq!(converted, sql);
    }
}

/// So many parameters, one of which is this text.
fn params(count: usize, text: &str) -> Vec<Param<'_>> {
    let datum = |index| match index {
        2 => Datum::Null,
        1 => Datum::Text(text),
        _ => Datum::Int(-7),
    };
    (0..count)
        .map(|index| Param {
            oid: 0,
            datum: datum(index),
        })
        .collect()
}

/// Whatever a parameter's text is, it is one literal in the statement that `bind` makes, and the statement
/// around it is what it is with a harmless one.
fn non_interference(
    hostile: &str,
    dialect: Dialect,
    bind: impl Fn(&str) -> Option<(String, usize)>,
) {
    let Some((harmless, _)) = bind("x") else {
        return;
    };
    let Some((found, _)) = bind(hostile) else {
        assert!(hostile.contains('\0'), "{hostile:?} is refused");
        return;
    };
    let doubled = hostile.replace('\'', "''");
    let (plain, expected) = match dialect.standard_strings {
        true => ("'x'", format!("'{doubled}'")),
        false => ("E'x'", format!("E'{}'", doubled.replace('\\', r"\\"))),
    };
    let before = probes::tokens(&harmless, dialect);
    let after = probes::tokens(&found, dialect);
    assert_eq!(before.len(), after.len(), "{harmless:?} {found:?}");
    for (one, other) in before.into_iter().zip(after) {
        assert!(
            one == other || (one.1 == plain && other.1 == expected),
            "{harmless:?} {found:?}"
        );
    }
}

/// A statement; the first byte says whether strings are standard. It is split as a slow reader, byte by byte,
/// sees it.
pub fn lexer(data: &[u8]) {
    let Some((&choice, sql)) = data.split_first() else {
        return;
    };
    let Ok(sql) = std::str::from_utf8(sql) else {
        return;
    };
    let dialect = Dialect {
        standard_strings: choice & 1 != 0,
        sql_intervals: false,
    };
    let tokens = probes::tokens(sql, dialect);
    let joined: String = tokens.iter().map(|(_, text)| *text).collect();
    assert_eq!(joined, sql);
    let mut specials = tokens.clone();
    specials.retain(|(token, _)| !["Space", "Word", "Digits", "Other"].contains(&token.as_str()));
    assert_eq!(probes::special_tokens(sql, dialect), specials);
    let mut classes = Vec::new();
    for (token, text) in &tokens {
        assert!(!text.is_empty());
        let class = match token.as_str() {
            "Literal" => b'l',
            "Identifier" => b'i',
            "DollarQuoted" => b'q',
            "Comment" => b'c',
            _ => b'.',
        };
        classes.extend(std::iter::repeat_n(class, text.len()));
    }
    let read = read(sql.as_bytes(), dialect.standard_strings);
    assert!(
        read == classes,
        "{sql:?}:\n{}\n{}",
        read.escape_ascii(),
        classes.escape_ascii()
    );
}

/// The class of each byte, as `lexer` has them.
fn read(sql: &[u8], standard: bool) -> Vec<u8> {
    let mut reader = Reader {
        sql,
        at: 0,
        classes: Vec::new(),
    };
    while reader.at < sql.len() {
        reader.one(standard);
    }
    reader.classes
}

struct Reader<'a> {
    sql: &'a [u8],
    at: usize,
    classes: Vec<u8>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.sql.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn is(&self, text: &[u8]) -> bool {
        self.sql[self.at..].starts_with(text)
    }

    fn take(&mut self, class: u8, count: usize) {
        for _ in 0..count {
            if self.at < self.sql.len() {
                self.classes.push(class);
                self.at += 1;
            }
        }
    }

    fn one(&mut self, standard: bool) {
        let (lower, second) = (self.peek(0).to_ascii_lowercase(), self.peek(1));
        let starts_word = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte > 127;
        let goes_on = |byte: u8| starts_word(byte) || byte.is_ascii_digit();
        if lower == b'\'' {
            self.literal(!standard);
        } else if lower == b'"' {
            self.quoted(b'i', b'"', false);
        } else if b"bxen".contains(&lower) && second == b'\'' {
            self.take(b'l', 1);
            self.literal(lower == b'e' || (lower == b'n' && !standard));
        } else if lower == b'u' && second == b'&' && self.peek(2) == b'\'' {
            self.take(b'l', 2);
            self.literal(false);
        } else if lower == b'u' && second == b'&' && self.peek(2) == b'"' {
            self.take(b'i', 2);
            self.quoted(b'i', b'"', false);
        } else if self.is(b"--") {
            while self.at < self.sql.len() && !b"\n\r".contains(&self.peek(0)) {
                self.take(b'c', 1);
            }
        } else if self.is(b"/*") {
            let mut depth = 0;
            while self.at < self.sql.len() {
                if self.is(b"/*") {
                    depth += 1;
                    self.take(b'c', 2);
                } else if self.is(b"*/") {
                    depth -= 1;
                    self.take(b'c', 2);
                    if depth == 0 {
                        return;
                    }
                } else {
                    self.take(b'c', 1);
                }
            }
        } else if lower == b'$' {
            let mut length = 1;
            while goes_on(self.peek(length)) {
                length += 1;
            }
            if second.is_ascii_digit() {
                self.take(b'.', 1);
                while self.peek(0).is_ascii_digit() {
                    self.take(b'.', 1);
                }
            } else if self.peek(length) == b'$' {
                let tag = self.sql[self.at..=self.at + length].to_vec();
                self.take(b'q', tag.len());
                while self.at < self.sql.len() && !self.is(&tag) {
                    self.take(b'q', 1);
                }
                self.take(b'q', tag.len());
            } else {
                self.take(b'.', 1);
            }
        } else if starts_word(lower) {
            while goes_on(self.peek(0)) || self.peek(0) == b'$' {
                self.take(b'.', 1);
            }
        } else {
            self.take(b'.', 1);
        }
    }

    /// A literal, and those behind it that a line's end joins to it.
    fn literal(&mut self, escapes: bool) {
        loop {
            self.quoted(b'l', b'\'', escapes);
            let (mut end, mut lines) = (self.at, 0);
            loop {
                match self.sql.get(end) {
                    Some(b'\n' | b'\r') => lines += 1,
                    Some(b' ' | b'\t' | 0x0b | 0x0c) => {}
                    Some(b'-') if self.sql.get(end + 1) == Some(&b'-') => {
                        while !matches!(self.sql.get(end + 1), None | Some(b'\n' | b'\r')) {
                            end += 1;
                        }
                    }
                    _ => break,
                }
                end += 1;
            }
            if lines == 0 || self.sql.get(end) != Some(&b'\'') {
                return;
            }
            self.take(b'l', end - self.at);
        }
    }

    fn quoted(&mut self, class: u8, quote: u8, escapes: bool) {
        self.take(class, 1);
        while self.at < self.sql.len() {
            if self.peek(0) == quote && self.peek(1) != quote {
                return self.take(class, 1);
            }
            let pair = self.peek(0) == quote || (escapes && self.peek(0) == b'\\');
            self.take(class, if pair { 2 } else { 1 });
        }
    }
}
