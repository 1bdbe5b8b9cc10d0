//! SQL's surface: where quotes, comments and identifiers begin and end (manual, 4.1). Enough to tell text that
//! a placeholder can stand in from text that it cannot.

/// A run of SQL text of one sort. The runs of a statement, joined, are the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Text outside quotes and comments, without a percent sign.
    Plain,
    /// One percent sign outside quotes and comments.
    Percent,
    /// A comment, to its end or the statement's.
    Comment,
    /// A quoted literal or identifier, to its end or the statement's.
    Quoted,
}

/// Splits a statement into runs.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    /// Where the last quote or comment ended: words do not reach back over it.
    plain_from: usize,
    /// Whether a backslash in a plain literal is itself (`standard_conforming_strings`).
    standard_strings: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(sql: &'a str, standard_strings: bool) -> Lexer<'a> {
        Lexer {
            sql,
            at: 0,
            plain_from: 0,
            standard_strings,
        }
    }

    /// What is left, not split yet.
    pub(super) fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or("")
    }

    /// Where the next run begins, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Skips `bytes` of what is left.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.plain_from = self.at;
    }

    /// What begins at `at`, if it is not plain text, and how long it is.
    #[inline]
    fn special(&self, at: usize) -> Option<(Run, usize)> {
        let bytes = self.sql.as_bytes().get(at..)?;
        match bytes.first()? {
            b'%' => Some((Run::Percent, 1)),
            b'\'' => {
                let backslashes = !self.standard_strings || self.ends_with_e(at);
                Some((Run::Quoted, literal_length(bytes, backslashes)))
            }
            b'"' => Some((Run::Quoted, quoted_length(bytes, b'"', false))),
            b'$' if !self.continues_word(at) => {
                dollar_quote_length(self.sql.get(at..)?).map(|length| (Run::Quoted, length))
            }
            b'-' | b'/' => comment_length(bytes).map(|length| (Run::Comment, length)),
            _ => None,
        }
    }

    /// Whether the quote at `at` belongs to an E: `E'...'`, but not `name'...'` nor `1E'...'`.
    fn ends_with_e(&self, at: usize) -> bool {
        let before = self
            .sql
            .as_bytes()
            .get(self.plain_from..at)
            .unwrap_or_default();
        match before.split_last() {
            Some((b'e' | b'E', rest)) => !rest.last().is_some_and(|&byte| is_word(byte)),
            _ => false,
        }
    }

    /// Whether what stands before `at` is an identifier that goes on there.
    fn continues_word(&self, at: usize) -> bool {
        let before = self
            .sql
            .as_bytes()
            .get(self.plain_from..at)
            .unwrap_or_default();
        let length = before
            .iter()
            .rev()
            .take_while(|&&byte| is_word(byte))
            .count();
        let word = before.get(before.len() - length..).unwrap_or_default();
        // Digits alone are a number, which ends where a `$` begins.
        word.iter().any(|byte| !byte.is_ascii_digit())
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = (Run, &'a str);

    fn next(&mut self) -> Option<(Run, &'a str)> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let mut plain = 0;
        for byte in rest.bytes() {
            if matches!(byte, b'%' | b'\'' | b'"' | b'$' | b'-' | b'/')
                && let Some((run, length)) = self.special(self.at + plain)
            {
                if plain > 0 {
                    break;
                }
                let text = rest.get(..length).unwrap_or(rest);
                self.at += text.len();
                self.plain_from = self.at;
                return Some((run, text));
            }
            plain += 1;
        }
        let text = rest.get(..plain).unwrap_or(rest);
        self.at += text.len();
        Some((Run::Plain, text))
    }
}

/// Whether `byte` may begin an identifier. All of a multi-byte character may.
fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Whether `byte` may go on an identifier.
pub(super) fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// Whether `sql` holds no command: nothing but white space, comments and semicolons.
pub(super) fn is_blank(sql: &str) -> bool {
    let mut bytes = sql.as_bytes();
    while let Some(first) = bytes.first() {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c' | b';' => 1,
            _ => match comment_length(bytes) {
                Some(length) => length,
                None => return false,
            },
        };
        bytes = bytes.get(length..).unwrap_or_default();
    }
    true
}

/// How long the comment is that begins here, if one does.
fn comment_length(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"--") {
        Some(line_length(bytes))
    } else if bytes.starts_with(b"/*") {
        Some(block_comment_length(bytes))
    } else {
        None
    }
}

fn run_length(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|&byte| !belongs(byte))
        .unwrap_or(bytes.len())
}

/// To the end of the line, which is not part of it.
fn line_length(bytes: &[u8]) -> usize {
    run_length(bytes, |byte| byte != b'\n' && byte != b'\r')
}

/// Block comments nest.
fn block_comment_length(bytes: &[u8]) -> usize {
    let mut depth = 0u32;
    let mut at = 0;
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// A literal, with those that continue it behind a newline: they are read as its first part is.
fn literal_length(bytes: &[u8], backslashes: bool) -> usize {
    let mut length = 0;
    loop {
        let rest = bytes.get(length..).unwrap_or_default();
        length += quoted_length(rest, b'\'', backslashes);
        let after = bytes.get(length..).unwrap_or_default();
        match continuation_length(after) {
            Some(gap) if backslashes => length += gap,
            _ => return length,
        }
    }
}

/// What stands between a literal and the one that continues it: white space with a newline in it, and
/// comments to the end of a line behind the first.
fn continuation_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut newline = false;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => {
                newline = true;
                at += 1;
            }
            b' ' | b'\t' | b'\x0b' | b'\x0c' => at += 1,
            b'-' if bytes.get(at..)?.starts_with(b"--") => at += line_length(bytes.get(at..)?),
            b'\'' if newline => return Some(at),
            _ => return None,
        }
    }
}

/// From a quote to the one that ends it. A doubled quote is a quote; so is one behind a backslash, where
/// backslashes count.
fn quoted_length(bytes: &[u8], quote: u8, backslashes: bool) -> usize {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == quote {
            if bytes.get(at) != Some(&quote) {
                return at;
            }
            at += 1;
        } else if byte == b'\\' && backslashes {
            at += 1;
        }
    }
    bytes.len()
}

/// `$tag$ ... $tag$`, if that is what begins here.
fn dollar_quote_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let tag = run_length(bytes.get(1..)?, |byte| is_word(byte) && byte != b'$');
    let opening = text.get(..tag + 2)?;
    let starts_well = tag == 0 || bytes.get(1).is_some_and(|&byte| is_word_start(byte));
    if !starts_well || !opening.ends_with('$') {
        return None;
    }
    let body = text.get(opening.len()..)?;
    let end = memchr::memmem::find(body.as_bytes(), opening.as_bytes());
    Some(end.map_or(text.len(), |end| opening.len() + end + opening.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(sql: &str, standard: bool) -> Vec<(Run, &str)> {
        Lexer::new(sql, standard).collect()
    }

    fn quoted(sql: &str, standard: bool) -> Vec<&str> {
        let runs = runs(sql, standard);
        assert_eq!(runs.iter().map(|(_, text)| *text).collect::<String>(), sql);
        runs.into_iter()
            .filter(|(run, _)| matches!(run, Run::Quoted | Run::Comment))
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn quotes_and_comments_end_where_postgresql_ends_them() {
        for (sql, expected) in [
            ("a 'b' c", &["'b'"][..]),
            ("'it''s' x", &["'it''s'"]),
            (r"'a\' x 'b'", &[r"'a\'", "'b'"]),
            (r"E'a\'b' x", &[r"'a\'b'"]),
            (r"e'\\' x", &[r"'\\'"]),
            (r"fe'a\' x'", &[r"'a\'", "'"]),
            (r"1E'a\' x'", &[r"'a\'", "'"]),
            ("E'a'\n  'b\\'c' x", &["'a'\n  'b\\'c'"]),
            ("E'a' 'b\\' c'", &["'a'", "'b\\'", "'"]),
            ("E'a' -- x\n'b\\'c' y", &["'a' -- x\n'b\\'c'"]),
            (r#""a'b" 'c'"#, &[r#""a'b""#, "'c'"]),
            (r#""a""b" c"#, &[r#""a""b""#]),
            ("-- 'x\n'y'", &["-- 'x", "'y'"]),
            ("/* a /* b */ ' */ 'c'", &["/* a /* b */ ' */", "'c'"]),
            ("/*/ */ 'c'", &["/*/ */", "'c'"]),
            ("$$ ' $$ x", &["$$ ' $$"]),
            ("$a$ $$ $b$ $a$ x", &["$a$ $$ $b$ $a$"]),
            ("$é$ ' $é$ x", &["$é$ ' $é$"]),
            ("a$b$ 'x' $b$", &["'x'", "$b$"]),
            ("$1$ 'x' $1$", &["'x'"]),
            ("$1 + $2", &[]),
            ("'open", &["'open"]),
            ("/* open", &["/* open"]),
            ("$x$ open", &["$x$ open"]),
            ("$$x$$E'a\\'b'", &["$$x$$", "'a\\'b'"]),
            ("U&'a\\' x", &["'a\\'"]),
            ("a-'b'", &["'b'"]),
            ("é'b'", &["'b'"]),
            ("", &[]),
        ] {
            assert_eq!(quoted(sql, true), expected, "{sql}");
        }
    }

    #[test]
    fn without_standard_strings_backslashes_escape() {
        assert_eq!(quoted(r"'a\'b' x", false), [r"'a\'b'"]);
        assert_eq!(quoted(r"'a\\' x", false), [r"'a\\'"]);
        assert_eq!(quoted(r#""a\" x"#, false), [r#""a\""#]);
    }

    #[test]
    fn blank_statements() {
        for sql in ["", ";", " ;; \n", "-- x", "/* ; */", "-- a\n;/* b */"] {
            assert!(is_blank(sql), "{sql}");
        }
        for sql in ["a", "1", "''", "-- x\nselect", "-", "$$$$"] {
            assert!(!is_blank(sql), "{sql}");
        }
    }
}
