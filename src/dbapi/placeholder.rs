//! Placeholders (SEMANTICS, "Placeholders"): `%s`, `%(name)s` or `$1` in a statement, and what stands in their
//! places when it is sent: `$1`, `$2` ... for parameters that travel apart, or literals.
//!
//! Text inside quotes, dollar quotes and comments is left alone, but for `%%`, which is `%` everywhere (in the
//! `%` styles). Whatever is put in is kept apart from what is around it: it never becomes part of a word, a
//! number, an operator or a literal of the statement's own.

use std::collections::HashMap;

use super::lexer::{Lexer, Token, is_continuation, is_word};
use crate::error::{Error, Result};
use crate::types::{self, Datum, Dialect, Param};

/// What placeholders look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamStyle {
    /// `%s` and `%(name)s`, and `%%` for a percent sign.
    Pyformat,
    /// `$1`; a percent sign is a percent sign.
    Numeric,
}

/// What placeholders stand for.
#[derive(Clone, Copy)]
pub(super) enum Names<'a> {
    /// So many, in order.
    Positional(usize),
    /// One each.
    Named(&'a [&'a str]),
}

/// What is known of an argument that travels apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// It has a type, or takes that of its place.
    Typed,
    /// A text of no type, which is what the server infers.
    Untyped,
    /// A NULL of no type.
    Null,
}

impl Slot {
    /// How a parameter is written.
    #[inline]
    pub(super) fn of(param: &Param<'_>) -> Slot {
        match param.datum {
            Datum::Null if param.oid == 0 => Slot::Null,
            Datum::Text(_) | Datum::Json(_) if param.oid == 0 => Slot::Untyped,
            _ => Slot::Typed,
        }
    }
}

/// What is written in their places.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    /// `$1`, `$2` ... for these, or, where none are given, for whatever they are. NULLs of no type become the word NULL:
    /// a parameter without a type is not what a bare NULL is to PostgreSQL, which cannot infer one in `$1 IS NULL`.
    Numbers(&'a [Param<'a>]),
    /// The values.
    Literals(&'a [Param<'a>]),
}

/// Which argument each `$n` is, from 1 on. As long as they are the arguments in order it needs no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    count: usize,
    /// All of them, once one was not.
    other: Vec<usize>,
}

impl Order {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Whether they are `arguments` arguments, all of them, in order.
    pub(super) fn is_plain(&self, arguments: usize) -> bool {
        self.other.is_empty() && self.count == arguments
    }

    /// The arguments.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let in_order = if self.other.is_empty() { self.count } else { 0 };
        (0..in_order).chain(self.other.iter().copied())
    }

    /// The parameters that travel, of those of all arguments; `None`: all, as they are.
    pub(super) fn of<'p>(&self, params: &[Param<'p>]) -> Option<Vec<Param<'p>>> {
        let travel = || self.iter().filter_map(|index| params.get(index).copied());
        (!self.is_plain(params.len())).then(|| travel().collect())
    }

    fn push(&mut self, index: usize) {
        if !self.other.is_empty() {
            self.other.push(index);
        } else if index != self.count {
            self.other.extend((0..self.count).chain([index]));
        }
        self.count += 1;
    }
}

/// Appends `sql` to `out`, with what its placeholders stand for. Which argument each `$n` is that was written comes
/// back.
pub(super) fn convert(
    sql: &str,
    style: ParamStyle,
    names: Names<'_>,
    values: Values<'_>,
    dialect: Dialect,
    out: &mut String,
) -> Result<Order> {
    let repeated = match (names, style) {
        (Names::Positional(_), ParamStyle::Pyformat) => 0,
        (Names::Positional(count), ParamStyle::Numeric) => count,
        (Names::Named(names), _) => names.len(),
    };
    let mut converter = Converter {
        sql,
        out,
        copied: 0,
        names: Index::new(names),
        values,
        dialect,
        order: Order::default(),
        numbers: vec![0; repeated],
        used: 0,
        literal_end: None,
        own_number: None,
        numbers_are_ours: style == ParamStyle::Pyformat,
    };
    converter.reserve(sql.len())?;
    let mut lexer = Lexer::new(sql, dialect.standard_strings);
    match style {
        ParamStyle::Pyformat => converter.pyformat(&mut lexer)?,
        ParamStyle::Numeric => converter.numeric(&mut lexer)?,
    }
    converter.copy_to(sql.len(), sql.len())?;
    Ok(converter.order)
}

/// Finds arguments by name.
enum Index<'a> {
    Positional(usize),
    Few(&'a [&'a str]),
    Many(HashMap<&'a str, usize>),
}

impl<'a> Index<'a> {
    fn new(names: Names<'a>) -> Index<'a> {
        /// As many are searched one by one.
        const FEW: usize = 16;
        match names {
            Names::Positional(count) => Index::Positional(count),
            Names::Named(names) if names.len() <= FEW => Index::Few(names),
            Names::Named(names) => {
                Index::Many(names.iter().enumerate().map(|(i, &n)| (n, i)).collect())
            }
        }
    }

    /// The last of equal names counts, as in a Python dict built from pairs.
    fn find(&self, name: &str) -> Option<usize> {
        match self {
            Index::Positional(_) => None,
            Index::Few(names) => names.iter().rposition(|&known| known == name),
            Index::Many(names) => names.get(name).copied(),
        }
    }
}

/// Whether `IS NULL` or `IS NOT NULL` comes next.
fn is_null_test(after: &str) -> bool {
    let mut words = after
        .split(|c: char| c.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    let is = |word: Option<&str>, wanted: &str| {
        word.is_some_and(|word| word.eq_ignore_ascii_case(wanted))
    };
    if !after.starts_with(|c: char| c.is_ascii_whitespace()) || !is(words.next(), "is") {
        return false;
    }
    let mut word = words.next();
    if is(word, "not") {
        word = words.next();
    }
    word.and_then(|word| word.get(..4))
        .is_some_and(|start| start.eq_ignore_ascii_case("null"))
        && word.is_some_and(|word| !word.as_bytes().get(4).copied().is_some_and(is_word))
}

/// One conversion. `sql` is copied in as long pieces as possible: up to `copied` it has been.
struct Converter<'a> {
    sql: &'a str,
    out: &'a mut String,
    copied: usize,
    names: Index<'a>,
    values: Values<'a>,
    dialect: Dialect,
    order: Order,
    /// For each argument that may be there more than once, its `$n` once it has one.
    numbers: Vec<usize>,
    /// How many `%s` there were.
    used: usize,
    /// Where in `sql` the last literal ended, or the last placeholder if it became one.
    literal_end: Option<usize>,
    /// A `$n` that was in the statement where placeholders are `%s`.
    own_number: Option<&'a str>,
    /// The statement does not say them itself.
    numbers_are_ours: bool,
}

impl<'a> Converter<'a> {
    /// Makes room without aborting the process where there is none.
    #[inline]
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        if self.out.capacity() - self.out.len() >= bytes {
            return Ok(());
        }
        self.grow(bytes)
    }

    #[cold]
    fn grow(&mut self, bytes: usize) -> Result<()> {
        self.out.try_reserve(bytes).map_err(|_| {
            Error::out_of_memory(format_args!("for a statement of {} bytes", self.sql.len()))
        })
    }

    #[inline]
    fn push(&mut self, text: &str) -> Result<()> {
        self.reserve(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// Copies what is before `end`, and goes on at `next`.
    #[inline]
    fn copy_to(&mut self, end: usize, next: usize) -> Result<()> {
        let text = self.sql.get(self.copied..end).unwrap_or("");
        self.push(text)?;
        self.copied = next;
        Ok(())
    }

    fn pyformat(&mut self, lexer: &mut Lexer<'a>) -> Result<()> {
        let mut sort = None;
        while let Some((token, text, at)) = lexer.next_special() {
            match token {
                Token::Percent => {
                    let after = lexer.rest();
                    let length = self.percent(at, after, &mut sort)?;
                    lexer.advance(length);
                }
                Token::Literal | Token::Identifier | Token::DollarQuoted | Token::Comment => {
                    self.pass(token, text, at)?;
                    self.percent_signs(text, at)?;
                }
                Token::Parameter => self.own_number = Some(text),
                _ => {}
            }
        }
        if let Index::Positional(count) = self.names
            && self.used != count
        {
            return Err(Error::programming(format!(
                "the statement has {} placeholders, but {count} parameters were given",
                self.used,
            )));
        }
        match self.own_number {
            Some(number) if self.order.len() > 0 => Err(Error::programming(format!(
                "the statement has {number} beside % placeholders, whose numbers that would be one of"
            ))),
            _ => Ok(()),
        }
    }

    /// Inside quotes and comments, `%%` is `%` and nothing else is anything.
    fn percent_signs(&mut self, text: &str, at: usize) -> Result<()> {
        let first = memchr::memchr(b'%', text.as_bytes());
        if first.is_none_or(|first| !text.get(first..).unwrap_or_default().contains("%%")) {
            return Ok(());
        }
        self.copy_to(at, at + text.len())?;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%%") {
            self.push(before)?;
            self.push("%")?;
            rest = after;
        }
        self.push(rest)
    }

    /// Converts what begins with the percent sign at `at`, behind which is `after`. How much of that belongs
    /// to it comes back.
    fn percent(&mut self, at: usize, after: &str, sort: &mut Option<bool>) -> Result<usize> {
        let mut one_sort = |positional: bool| {
            if *sort.get_or_insert(positional) != positional {
                return Err(Error::programming(format!(
                    "the statement mixes %s and %(name)s placeholders (at byte {at})"
                )));
            }
            Ok(())
        };
        match after.as_bytes().first() {
            Some(b'%') => {
                self.copy_to(at + 1, at + 2)?;
                Ok(1)
            }
            Some(b's') => {
                one_sort(true)?;
                let Index::Positional(count) = self.names else {
                    return Err(Error::programming(format!(
                        "the statement has a placeholder %s at byte {at}, but its parameters were given by name"
                    )));
                };
                let index = self.used;
                self.used += 1;
                // Too many are counted, and said in the end.
                if index < count {
                    self.put(index, at, 2)?;
                }
                Ok(1)
            }
            Some(b'(') => {
                let end = after.find(')').ok_or_else(|| {
                    Error::programming(format!("the placeholder at byte {at} has no ')'"))
                })?;
                let name = after.get(1..end).unwrap_or("");
                if after.as_bytes().get(end + 1) != Some(&b's') {
                    return Err(Error::programming(format!(
                        "the placeholder %({name}) at byte {at} is not followed by 's'"
                    )));
                }
                one_sort(false)?;
                if let Index::Positional(_) = self.names {
                    return Err(Error::programming(format!(
                        "the statement has a placeholder %({name})s at byte {at}, but its parameters were given without names"
                    )));
                }
                let index = self.names.find(name).ok_or_else(|| {
                    Error::programming(format!(
                        "no parameter was given for the placeholder %({name})s"
                    ))
                })?;
                self.put(index, at, end + 3)?;
                Ok(end + 2)
            }
            Some(_) => {
                let next = after.chars().next().unwrap_or(' ');
                Err(Error::programming(format!(
                    "unsupported placeholder {:?} at byte {at}: %s, %(name)s or %% (a percent sign) can stand here",
                    format!("%{next}")
                )))
            }
            None => Err(Error::programming(
                "the statement ends with an incomplete placeholder: write %% for a percent sign",
            )),
        }
    }

    fn numeric(&mut self, lexer: &mut Lexer<'a>) -> Result<()> {
        let Index::Positional(count) = self.names else {
            return Err(Error::programming(
                "the cursor's placeholders are $1, $2 ..., but its parameters were given by name",
            ));
        };
        // They keep their numbers, but for those behind a NULL.
        if let Values::Numbers(params) = self.values {
            let is_null = |index| params.get(index).map(Slot::of) == Some(Slot::Null);
            for index in (0..count).filter(|&index| !is_null(index)) {
                self.number(index);
            }
        }
        let mut used = vec![false; count];
        while let Some((token, text, at)) = lexer.next_special() {
            match token {
                Token::Parameter => {
                    // Numbers too long for usize are too large as well.
                    let number = text.get(1..).and_then(|digits| digits.parse().ok());
                    let index = number.unwrap_or(usize::MAX).checked_sub(1);
                    let Some(index) = index else {
                        return Err(Error::programming(format!(
                            "the statement has a placeholder {text} at byte {at}: they begin with $1"
                        )));
                    };
                    let Some(used) = used.get_mut(index) else {
                        return Err(Error::programming(format!(
                            "the statement has a placeholder {text} at byte {at}, but {count} parameters were given"
                        )));
                    };
                    *used = true;
                    self.put(index, at, text.len())?;
                }
                _ => self.pass(token, text, at)?,
            }
        }
        match used.iter().position(|used| !used) {
            Some(index) => Err(Error::programming(format!(
                "{count} parameters were given, but the statement has no placeholder ${}",
                index + 1
            ))),
            None => Ok(()),
        }
    }

    /// Writes argument `index` in the place of the `length` bytes at `at`.
    fn put(&mut self, index: usize, at: usize, length: usize) -> Result<()> {
        self.copy_to(at, at + length)?;
        let next = self.sql.as_bytes().get(at + length).copied();
        match self.values {
            Values::Numbers(params) => {
                if self.out.bytes().next_back().is_some_and(is_word) {
                    self.out.push(' ');
                }
                let slot = params.get(index).map(Slot::of);
                if slot == Some(Slot::Null) {
                    self.push("NULL")?;
                } else {
                    let after = self.sql.get(at + length..).unwrap_or("");
                    let untyped = self.numbers_are_ours && slot == Some(Slot::Untyped);
                    if untyped && is_null_test(after) {
                        // Nothing infers a type there, and the one it gets must not be that of other places.
                        self.order.push(index);
                        self.push_number(self.order.len())?;
                        self.push("::text")?;
                    } else {
                        let number = self.number(index);
                        self.push_number(number)?;
                    }
                }
                if next.is_some_and(is_word) {
                    self.out.push(' ');
                }
            }
            Values::Literals(params) => {
                let param = params.get(index).ok_or_else(|| {
                    Error::programming(format!("there is no parameter {}", index + 1))
                })?;
                self.literal(index, param, at)?;
                let quoted = self.out.ends_with('\'');
                self.literal_end = quoted.then_some(at + length);
                // `.5`, `'`: what would go on a number or a literal.
                if next.is_some_and(|byte| is_word(byte) || matches!(byte, b'.' | b'\'')) {
                    self.out.push(' ');
                }
            }
        }
        Ok(())
    }

    /// Writes a `$n`.
    #[inline]
    fn push_number(&mut self, number: usize) -> Result<()> {
        // As short as most are; a usize has twenty digits at most.
        if let (Ok(digit), true) = (u8::try_from(number), number < 10) {
            self.reserve(2)?;
            self.out.push('$');
            self.out.push(char::from(b'0' + digit));
            return Ok(());
        }
        self.push(&format!("${number}"))
    }

    /// The `$n` of an argument: the same one each time.
    fn number(&mut self, index: usize) -> usize {
        let order = &mut self.order;
        let Some(number) = self.numbers.get_mut(index) else {
            order.push(index);
            return order.len();
        };
        if *number == 0 {
            order.push(index);
            *number = order.len();
        }
        *number
    }

    fn literal(&mut self, index: usize, param: &Param<'_>, at: usize) -> Result<()> {
        let start = self.out.len();
        types::write_literal(param, self.dialect, self.out)
            .map_err(|error| error.prefixed(&format!("parameter {}: ", index + 1)))?;
        let (before, literal) = self.out.split_at(start);
        let is_quoted = literal.starts_with('\'') || literal.starts_with("E'");
        if is_quoted {
            self.check_gap(at, "the placeholder")?;
        }
        // Neither a part of a word, nor of a number, nor of a literal, nor does it become one in U&''.
        let last = before.bytes().next_back();
        let joined = last.is_some_and(|byte| is_word(byte) || matches!(byte, b'\'' | b'.'))
            || (is_quoted && (before.ends_with("U&") || before.ends_with("u&")));
        if joined && !literal.starts_with(' ') {
            self.out.insert(start, ' ');
        }
        Ok(())
    }

    /// Takes note of a token of the statement's own. A literal must not go on the one that a placeholder
    /// became.
    fn pass(&mut self, token: Token, text: &str, at: usize) -> Result<()> {
        if let (Values::Literals(_), Token::Literal) = (self.values, token) {
            if text.starts_with('\'') {
                self.check_gap(at, "the literal")?;
            }
            self.literal_end = Some(at + text.len());
        }
        Ok(())
    }

    /// What stands at `at` must not go on the literal before it: two that have a line's end between them are
    /// one to SQL, and the second is read as the first is.
    fn check_gap(&self, at: usize, what: &str) -> Result<()> {
        let gap = self.literal_end.and_then(|end| self.sql.get(end..at));
        if gap.is_some_and(is_continuation) {
            return Err(Error::programming(format!(
                "{what} at byte {at} would go on the literal that stands before it"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
