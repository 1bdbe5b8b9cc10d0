//! SQL's surface: where quotes, comments, words and parameters begin and end, as the server's own lexer sees
//! them (manual, 4.1, and the rules of its scan.l). The only tokenizer there is: whatever asks what a piece of
//! SQL is asks here.
//!
//! Where versions differ (`1E'x'` is two tokens up to 14, an error from 15 on) the reading is that of the
//! version that runs it. Knows nothing of placeholders: a percent sign is a token, and what it means is
//! `placeholder`'s to say.

/// A token of SQL. The tokens of a statement, joined, are the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// White space.
    Space,
    /// A keyword or an identifier without quotes.
    Word,
    /// A run of digits.
    Digits,
    /// A literal in single quotes, with what stands before the first of them (E, B, X, N, U&) and with the
    /// literals that continue it behind a newline. To its end, or the statement's.
    Literal,
    /// An identifier in double quotes, U&"" included.
    Identifier,
    /// `$tag$ ... $tag$`.
    DollarQuoted,
    /// `--` to the end of the line, which is not part of it, or `/* ... */`, which nests.
    Comment,
    /// `$1`.
    Parameter,
    /// One percent sign.
    Percent,
    /// Any other character: part of an operator, or punctuation.
    Other,
}

/// Splits a statement into tokens.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    /// Whether a backslash in a plain literal is itself (`standard_conforming_strings`).
    standard_strings: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(sql: &'a str, standard_strings: bool) -> Lexer<'a> {
        Lexer {
            sql,
            at: 0,
            standard_strings,
        }
    }

    /// What is left, not split yet.
    pub(super) fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or("")
    }

    /// The next token that is neither white space, nor a word, nor digits, nor another character: one that
    /// quotes, comments, or may be a placeholder. And where it begins.
    ///
    /// It leaps from one byte that may begin such a token to the next, and looks back for what is before it. Nothing
    /// is looked at again and again: what a look back passes is never passed by another.
    pub(super) fn next_special(&mut self) -> Option<(Token, &'a str, usize)> {
        let bytes = self.sql.as_bytes();
        // Up to here all has been split; what is between it and `at` holds no special token.
        let mut split = self.at;
        let mut at = split;
        while let Some(next) = find_special(bytes, at) {
            let before = bytes.get(split..next)?;
            let start = match bytes.get(next)? {
                b'%' => {
                    self.at = next + 1;
                    return Some((Token::Percent, "%", next));
                }
                b'-' if bytes.get(next + 1) != Some(&b'-') => {
                    at = next + 1;
                    continue;
                }
                b'/' if bytes.get(next + 1) != Some(&b'*') => {
                    at = next + 1;
                    continue;
                }
                &quote @ (b'\'' | b'"') => next - prefix_length(before, quote),
                b'$' if ends_in_word(before) => {
                    let word = bytes.get(next..)?;
                    at = next + run_length(word, is_word);
                    split = at;
                    continue;
                }
                _ => next,
            };
            let rest = bytes.get(start..)?;
            let (token, length) = self.first(rest, *rest.first()?);
            if token == Token::Other {
                // A dollar sign that begins nothing.
                at = next + 1;
                split = at;
                continue;
            }
            let text = self.sql.get(start..start + length)?;
            self.at = start + length;
            return Some((token, text, start));
        }
        self.at = bytes.len();
        None
    }

    /// Skips `bytes` of what is left: they are no SQL.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// What `bytes`, which are not empty, begin with, and how long it is.
    fn first(&self, bytes: &[u8], first: u8) -> (Token, usize) {
        match first {
            b'\'' => (
                Token::Literal,
                literal_length(bytes, !self.standard_strings),
            ),
            b'"' => (Token::Identifier, quoted_length(bytes, b'"', false)),
            b'$' => dollar(bytes),
            b'%' => (Token::Percent, 1),
            b'0'..=b'9' => (
                Token::Digits,
                run_length(bytes, |byte| byte.is_ascii_digit()),
            ),
            _ if is_space(first) => (Token::Space, run_length(bytes, is_space)),
            _ if is_word_start(first) => self.word(bytes),
            _ => match comment_length(bytes) {
                Some(length) => (Token::Comment, length),
                None => (Token::Other, 1),
            },
        }
    }

    /// A word, or the literal or identifier whose prefix looks like one.
    fn word(&self, bytes: &[u8]) -> (Token, usize) {
        let (token, prefix, backslashes) = match bytes {
            [b'e' | b'E', b'\'', ..] => (Token::Literal, 1, true),
            [b'n' | b'N', b'\'', ..] => (Token::Literal, 1, !self.standard_strings),
            [b'b' | b'B' | b'x' | b'X', b'\'', ..] => (Token::Literal, 1, false),
            [b'u' | b'U', b'&', b'\'', ..] => (Token::Literal, 2, false),
            [b'u' | b'U', b'&', b'"', ..] => (Token::Identifier, 2, false),
            _ => return (Token::Word, run_length(bytes, is_word)),
        };
        let quoted = bytes.get(prefix..).unwrap_or_default();
        let length = match token {
            Token::Literal => literal_length(quoted, backslashes),
            _ => quoted_length(quoted, b'"', false),
        };
        (token, prefix + length)
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = (Token, &'a str);

    fn next(&mut self) -> Option<(Token, &'a str)> {
        let rest = self.rest();
        let (token, length) = self.first(rest.as_bytes(), *rest.as_bytes().first()?);
        // Every token ends before or behind an ASCII character, or at the end.
        let text = rest.get(..length).unwrap_or(rest);
        self.at += text.len();
        Some((token, text))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c')
}

/// What a byte may be: flags.
const WORD_START: u8 = 1;
const WORD: u8 = 2;

#[allow(clippy::indexing_slicing, reason = "by the 256 values of a byte")]
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => WORD_START | WORD,
            b'0'..=b'9' | b'$' => WORD,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether `byte` may begin an identifier. All of a multi-byte character may.
fn is_word_start(byte: u8) -> bool {
    class(byte) & WORD_START != 0
}

/// Whether `byte` may go on an identifier.
pub(super) fn is_word(byte: u8) -> bool {
    class(byte) & WORD != 0
}

/// So many bytes are compared at once.
const BLOCK: usize = 16;
/// Of the bytes that may begin a quote, a comment or a placeholder, whatever is before them: those that differ in the
/// bits that are not in `ALIKE_IN` alone, and the two others.
const SPECIAL: [u8; 2] = [b'"', b'$'];
const SPECIAL_ALIKE: u8 = b'%' & b'\'' & b'-' & b'/';
const ALIKE_IN: u8 = !(b'%' ^ b'/');

/// Where the next such byte is, from `at` on.
#[inline]
fn find_special(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let (blocks, last) = rest.as_chunks::<BLOCK>();
    let mut passed = at;
    for block in blocks {
        if has_special(block) {
            return Some(passed + first_special(block)?);
        }
        passed += BLOCK;
    }
    let mut block = [0; BLOCK];
    block.get_mut(..last.len())?.copy_from_slice(last);
    let within = has_special(&block).then(|| first_special(&block));
    Some(passed + within??)
}

/// Said so that it becomes a few instructions for all of them.
#[inline]
fn has_special(block: &[u8; BLOCK]) -> bool {
    let [one, other] = SPECIAL;
    let any = block.iter().fold(0, |any, &byte| {
        let is = |is| u8::from(is);
        any | is(byte == one) | is(byte == other) | is(byte & ALIKE_IN == SPECIAL_ALIKE)
    });
    any != 0
}

/// Where in a block the first is.
#[inline]
fn first_special(block: &[u8; BLOCK]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let all = |byte: u8| u64::from(byte) * ONES;
    // Sets the highest bit of the first byte that is zero, and none before it: what is borrowed goes on only from there.
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & all(0x80);
    let [one, other] = SPECIAL;
    let (words, _) = block.as_chunks::<8>();
    words.iter().enumerate().find_map(|(word, &bytes)| {
        let bytes = u64::from_le_bytes(bytes);
        let found = zero(bytes ^ all(one))
            | zero(bytes ^ all(other))
            | zero(bytes & all(ALIKE_IN) ^ all(SPECIAL_ALIKE));
        (found != 0).then(|| 8 * word + found.trailing_zeros() as usize / 8)
    })
}

/// How much of what stands before a quote belongs to it (E, B, X, N, U&), if it does: a letter that begins a word.
#[inline]
fn prefix_length(before: &[u8], quote: u8) -> usize {
    let (length, word) = match before {
        [word @ .., b'u' | b'U', b'&'] => (2, word),
        [
            word @ ..,
            b'e' | b'E' | b'b' | b'B' | b'x' | b'X' | b'n' | b'N',
        ] if quote == b'\'' => (1, word),
        _ => return 0,
    };
    if ends_in_word(word) { 0 } else { length }
}

/// Whether a word goes on where `before` ends, in which no dollar sign stands outside of a word. Digits begin none.
#[inline]
fn ends_in_word(before: &[u8]) -> bool {
    let last = before.iter().rev().find(|byte| !byte.is_ascii_digit());
    last.is_some_and(|&byte| is_word(byte))
}

/// Whether `sql` holds no command: nothing but white space, comments and semicolons.
pub(super) fn is_blank(sql: &str) -> bool {
    // As nearly every statement: a word begins it.
    if sql.bytes().next().is_some_and(is_word_start) {
        return false;
    }
    Lexer::new(sql, true).all(|(token, text)| match token {
        Token::Space | Token::Comment => true,
        _ => text == ";",
    })
}

/// Whether a prepared form of `sql` means, at any later time, what `sql` does: one statement that reads or changes
/// rows, with no literal that the server reads as a moment of its own, once, when it prepares it (`'now'`, `'today'`).
pub(super) fn is_preparable(sql: &str, standard_strings: bool) -> bool {
    let mut first = None;
    let mut ended = false;
    for (token, text) in Lexer::new(sql, standard_strings) {
        match token {
            Token::Space | Token::Comment => continue,
            Token::Other if text == ";" => {
                ended = true;
                continue;
            }
            _ if ended => return false,
            Token::Literal | Token::DollarQuoted if has_moment(text, standard_strings) => {
                return false;
            }
            Token::Word if first.is_none() => first = Some(text),
            // What begins with a parenthesis is a SELECT.
            Token::Other if first.is_none() && text == "(" => {}
            _ if first.is_none() => return false,
            _ => {}
        }
    }
    const FIRST: [&str; 8] = [
        "select", "insert", "update", "delete", "merge", "with", "values", "table",
    ];
    first.is_some_and(|word| FIRST.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Whether `sql` begins as a statement that reads and changes nothing, so far as its text shows.
pub(super) fn only_selects(sql: &str) -> bool {
    let mut tokens = Lexer::new(sql, true)
        .filter(|(token, text)| !matches!(token, Token::Space | Token::Comment) && *text != "(");
    matches!(tokens.next(), Some((Token::Word, word))
        if ["select", "table", "values"].iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Whether a literal may be a date or time that depends on when it is read.
fn has_moment(literal: &str, standard_strings: bool) -> bool {
    // An escape may write any letter: in E'', U&'', and, where strings are not standard ones, in any.
    let escapes = !standard_strings || literal.starts_with(['e', 'E', 'u', 'U']);
    let mut words = literal.split(|c: char| !c.is_ascii_alphabetic());
    escapes && literal.contains('\\')
        || words.any(|word| {
            ["now", "today", "tomorrow", "yesterday"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        })
}

/// Whether `sql` is one SET of a setting that no statement's meaning depends on.
pub(super) fn sets_what_is_harmless(sql: &str) -> bool {
    let mut tokens = Lexer::new(sql, true)
        .filter(|(token, _)| !matches!(token, Token::Space | Token::Comment))
        .peekable();
    let is = |token: Option<(Token, &str)>, wanted: &str| {
        token.is_some_and(|(token, text)| token == Token::Word && text.eq_ignore_ascii_case(wanted))
    };
    if !is(tokens.next(), "set") {
        return false;
    }
    if is(tokens.peek().copied(), "local") || is(tokens.peek().copied(), "session") {
        tokens.next();
    }
    let Some((Token::Word, name)) = tokens.next() else {
        return false;
    };
    const HARMLESS: [&str; 9] = [
        "application_name",
        "client_min_messages",
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "statement_timeout",
        "synchronous_commit",
        "transaction",
        "transaction_timeout",
        "work_mem",
    ];
    // A name of two parts is a setting of the program's own.
    let own = matches!(tokens.peek(), Some((Token::Other, ".")));
    let harmless = own
        || HARMLESS
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
    let mut ends = tokens.skip_while(|(_, text)| *text != ";");
    harmless && ends.all(|(_, text)| text == ";")
}

/// Whether a literal that begins behind `gap` goes on the literal that ends before it: that takes white space
/// with a newline in it, and comments to the end of a line.
pub(super) fn is_continuation(gap: &str) -> bool {
    continuation_length(gap.as_bytes()) == Some(gap.len())
}

/// How long the comment is that begins here, if one does. It may do so within what would be an operator.
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
    memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len())
}

/// Block comments nest.
fn block_comment_length(bytes: &[u8]) -> usize {
    let mut depth = 0u64;
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

/// A literal, with those that continue it: they are read as its first part is.
fn literal_length(bytes: &[u8], backslashes: bool) -> usize {
    let mut length = 0;
    loop {
        let rest = bytes.get(length..).unwrap_or_default();
        length += quoted_length(rest, b'\'', backslashes);
        let after = bytes.get(length..).unwrap_or_default();
        match continuation_length(after) {
            Some(gap) if after.get(gap) == Some(&b'\'') => length += gap,
            _ => return length,
        }
    }
}

/// How long what stands between a literal and its continuation is, if all of it up to a quote or the end may
/// stand there.
fn continuation_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut newline = false;
    while let Some(rest) = bytes.get(at..) {
        match rest.first() {
            Some(b'\n' | b'\r') => {
                newline = true;
                at += 1;
            }
            Some(&byte) if is_space(byte) => at += 1,
            // A comment's line has to end before a quote.
            Some(b'-') if rest.starts_with(b"--") => {
                at += line_length(rest);
                bytes.get(at)?;
            }
            None | Some(b'\'') if newline => break,
            _ => return None,
        }
    }
    Some(at)
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

/// What begins with a dollar sign: a parameter, a quote, or neither.
fn dollar(bytes: &[u8]) -> (Token, usize) {
    let tag = bytes.get(1..).unwrap_or_default();
    match tag.first() {
        Some(b'0'..=b'9') => {
            let digits = run_length(tag, |byte| byte.is_ascii_digit());
            (Token::Parameter, 1 + digits)
        }
        Some(&first) if first == b'$' || is_word_start(first) => {
            let length = 2 + run_length(tag, |byte| is_word(byte) && byte != b'$');
            match bytes.get(..length) {
                Some(opening) if opening.ends_with(b"$") => {
                    let body = bytes.get(length..).unwrap_or_default();
                    let end = memchr::memmem::find(body, opening);
                    let length = end.map_or(bytes.len(), |end| 2 * length + end);
                    (Token::DollarQuoted, length)
                }
                _ => (Token::Other, 1),
            }
        }
        _ => (Token::Other, 1),
    }
}

#[cfg(test)]
mod tests;
