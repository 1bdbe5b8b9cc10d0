//! `%s` and `%(name)s` -> `$1`, `$2` ... (SEMANTICS, "Placeholders").
//!
//! Text inside quotes, dollar quotes and comments is left alone, but for `%%`, which is `%` everywhere.

use super::lexer::{Lexer, Run, is_word};
use crate::error::{Error, Result};
use crate::types::Param;

/// The parameters of a call, none of them bound yet.
#[derive(Clone, Copy)]
pub(crate) enum Arguments<'a> {
    /// For `%s`, in order.
    Positional(&'a [Param<'a>]),
    /// For `%(name)s`: names, and a parameter for each.
    Named(&'a [&'a str], &'a [Param<'a>]),
}

/// What placeholders stand for.
#[derive(Clone, Copy)]
pub(super) enum Names<'a> {
    /// So many, in order.
    Positional(usize),
    /// One each.
    Named(&'a [&'a str]),
}

/// A statement with `$n` parameters.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) sql: String,
    /// For each `$n`, from 1 on, which argument it is.
    pub(super) order: Vec<usize>,
}

impl<'a> Arguments<'a> {
    /// Converts `sql`, and puts the parameters in the order of its `$n`.
    pub(crate) fn bind(
        self,
        sql: &str,
        standard_strings: bool,
    ) -> Result<(String, Vec<Param<'a>>)> {
        let (names, params) = match self {
            Arguments::Positional(params) => (Names::Positional(params.len()), params),
            Arguments::Named(names, params) => (Names::Named(names), params),
        };
        let nulls: Vec<bool> = params.iter().map(Param::is_untyped_null).collect();
        let converted = convert(sql, names, &nulls, standard_strings)?;
        let params = converted
            .order
            .iter()
            .filter_map(|&index| params.get(index).copied())
            .collect();
        Ok((converted.sql, params))
    }
}

/// Converts a statement's placeholders. Those of arguments that `nulls` marks become the word NULL: a parameter
/// without a type is not what a bare NULL is to PostgreSQL, which cannot infer one in `$1 IS NULL`.
pub(super) fn convert(
    sql: &str,
    names: Names<'_>,
    nulls: &[bool],
    standard_strings: bool,
) -> Result<Converted> {
    let mut converter = Converter {
        out: String::with_capacity(sql.len() + 16),
        order: Vec::new(),
        numbers: vec![
            0;
            if let Names::Named(names) = names {
                names.len()
            } else {
                0
            }
        ],
        names,
        nulls,
        positional: None,
        seen: 0,
    };
    let mut lexer = Lexer::new(sql, standard_strings);
    loop {
        let (rest, at) = (lexer.rest(), lexer.position());
        let Some((run, text)) = lexer.next() else {
            break;
        };
        match run {
            Run::Plain => converter.out.push_str(text),
            Run::Percent => {
                let used = converter.placeholder(rest, at)?;
                lexer.advance(used - text.len());
            }
            Run::Quoted | Run::Comment => {
                if memchr::memmem::find(text.as_bytes(), b"%%").is_some() {
                    converter.out.push_str(&text.replace("%%", "%"));
                } else {
                    converter.out.push_str(text);
                }
            }
        }
    }
    if let Names::Positional(count) = names
        && converter.seen != count
    {
        return Err(Error::programming(format!(
            "the statement has {} placeholders, but {count} parameters were given",
            converter.seen,
        )));
    }
    Ok(Converted {
        sql: converter.out,
        order: converter.order,
    })
}

struct Converter<'a> {
    out: String,
    order: Vec<usize>,
    /// For each name, its `$n` once it has one.
    numbers: Vec<usize>,
    names: Names<'a>,
    /// Which arguments are a bare NULL.
    nulls: &'a [bool],
    /// Which sort of placeholder the statement has.
    positional: Option<bool>,
    /// How many `%s` there were.
    seen: usize,
}

impl Converter<'_> {
    /// Converts what begins with the `%` at the front of `rest`; how many bytes that was comes back. `at` is
    /// where it stands in the statement.
    fn placeholder(&mut self, rest: &str, at: usize) -> Result<usize> {
        let after = rest.get(1..).unwrap_or("");
        match after.as_bytes().first() {
            Some(b'%') => {
                self.out.push('%');
                Ok(2)
            }
            Some(b's') => {
                self.one_sort(true, at)?;
                if let Names::Named(_) = self.names {
                    return Err(Error::programming(format!(
                        "the statement has a placeholder %s at byte {at}, but its parameters were given by name"
                    )));
                }
                let index = self.seen;
                self.seen += 1;
                if self.is_null(index) {
                    self.write("NULL", after.get(1..));
                } else {
                    self.order.push(index);
                    self.write(&format!("${}", self.order.len()), after.get(1..));
                }
                Ok(2)
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
                self.one_sort(false, at)?;
                let text = self.named(name, at)?;
                self.write(&text, after.get(end + 2..));
                Ok(end + 3)
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

    fn one_sort(&mut self, positional: bool, at: usize) -> Result<()> {
        if *self.positional.get_or_insert(positional) != positional {
            return Err(Error::programming(format!(
                "the statement mixes %s and %(name)s placeholders (at byte {at})"
            )));
        }
        Ok(())
    }

    fn is_null(&self, index: usize) -> bool {
        self.nulls.get(index) == Some(&true)
    }

    /// The `$n` of a name: the same one each time.
    fn named(&mut self, name: &str, at: usize) -> Result<String> {
        let Names::Named(names) = self.names else {
            return Err(Error::programming(format!(
                "the statement has a placeholder %({name})s at byte {at}, but its parameters were given without names"
            )));
        };
        // The last of equal names counts, as in a Python dict built from pairs.
        let index = names
            .iter()
            .rposition(|&known| known == name)
            .ok_or_else(|| {
                Error::programming(format!(
                    "no parameter was given for the placeholder %({name})s"
                ))
            })?;
        if self.is_null(index) {
            return Ok("NULL".into());
        }
        let number = self.numbers.get_mut(index).ok_or_else(|| {
            Error::programming(format!(
                "no parameter was given for the placeholder %({name})s"
            ))
        })?;
        if *number == 0 {
            self.order.push(index);
            *number = self.order.len();
        }
        Ok(format!("${number}"))
    }

    /// Writes `$n` or NULL, kept apart from the words around it: `LIMIT%s` must not become the name `LIMIT$1`,
    /// nor `%s0` the parameter `$10`.
    fn write(&mut self, text: &str, after: Option<&str>) {
        if self
            .out
            .as_bytes()
            .last()
            .is_some_and(|&byte| is_word(byte))
        {
            self.out.push(' ');
        }
        self.out.push_str(text);
        if after
            .and_then(|text| text.as_bytes().first())
            .is_some_and(|&byte| is_word(byte))
        {
            self.out.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positional(sql: &str, count: usize) -> std::result::Result<String, String> {
        convert(sql, Names::Positional(count), &[], true)
            .map(|converted| converted.sql)
            .map_err(|error| error.message().into())
    }

    fn named(sql: &str, names: &[&str]) -> std::result::Result<(String, Vec<usize>), String> {
        convert(sql, Names::Named(names), &[], true)
            .map(|converted| (converted.sql, converted.order))
            .map_err(|error| error.message().into())
    }

    #[test]
    fn positional_placeholders_become_numbers() {
        for (sql, count, expected) in [
            ("select 1", 0, "select 1"),
            ("select %s, %s", 2, "select $1, $2"),
            ("select 5 %% 2", 0, "select 5 % 2"),
            ("select %s%%", 1, "select $1%"),
            ("x like 'a%%' and y = %s", 1, "x like 'a%' and y = $1"),
            ("select '%s', %s", 1, "select '%s', $1"),
            ("select '50% off', %s", 1, "select '50% off', $1"),
            ("select \"%s\", %s", 1, "select \"%s\", $1"),
            ("select $$%s$$, %s", 1, "select $$%s$$, $1"),
            ("select %s -- %s", 1, "select $1 -- %s"),
            ("select /* %s */ %s", 1, "select /* %s */ $1"),
            ("select 1 LIMIT%s", 1, "select 1 LIMIT $1"),
            ("select %s0", 1, "select $1 0"),
            ("select %s%s", 2, "select $1 $2"),
            ("select -%s, a-%s", 2, "select -$1, a-$2"),
            ("select %s::int", 1, "select $1::int"),
            ("é%s", 1, "é $1"),
            ("'a''%s' || %s", 1, "'a''%s' || $1"),
        ] {
            assert_eq!(positional(sql, count).as_deref(), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn a_repeated_name_is_one_parameter() {
        assert_eq!(
            named("select %(b)s, %(a)s, %(b)s", &["a", "b", "unused"]),
            Ok(("select $1, $2, $1".into(), vec![1, 0]))
        );
        assert_eq!(
            named("select %(a b%)s", &["a b%"]),
            Ok(("select $1".into(), vec![0]))
        );
        assert_eq!(
            named("select %(a)s", &["a", "a"]),
            Ok(("select $1".into(), vec![1]))
        );
        assert_eq!(named("select 1%%2", &[]), Ok(("select 1%2".into(), vec![])));
    }

    #[test]
    fn what_is_no_placeholder_is_an_error() {
        for (sql, count, needle) in [
            ("select %d", 1, "\"%d\""),
            ("select 5 % 2", 0, "\"% \""),
            ("select %", 0, "incomplete"),
            ("select %(a", 1, "no ')'"),
            ("select %(a)", 1, "not followed by 's'"),
            ("select %(a)d", 1, "not followed by 's'"),
            ("select %(a)s", 1, "without names"),
            ("select %s, %(a)s", 1, "mixes"),
            ("select %s", 0, "has 1 placeholders, but 0"),
            ("select %s", 2, "has 1 placeholders, but 2"),
            ("select 1", 1, "has 0 placeholders, but 1"),
            ("select %é", 1, "\"%é\""),
        ] {
            let error = positional(sql, count).expect_err(sql);
            assert!(error.contains(needle), "{sql}: {error}");
        }
        for (sql, needle) in [
            ("select %(b)s", "%(b)s"),
            ("select %s", "given by name"),
            ("select %()s", "%()s"),
        ] {
            let error = named(sql, &["a"]).expect_err(sql);
            assert!(error.contains(needle), "{sql}: {error}");
        }
    }

    #[test]
    fn backslashes_follow_the_servers_setting() {
        let sql = r"select 'a\', %s, 'b'";
        let standard = convert(sql, Names::Positional(1), &[], true).unwrap();
        assert_eq!(standard.sql, r"select 'a\', $1, 'b'");
        assert!(convert(sql, Names::Positional(1), &[], false).is_err());
    }

    #[test]
    fn a_bare_null_is_written_out() {
        let sql = "select %s, %s is%s, -%s";
        let converted = convert(
            sql,
            Names::Positional(4),
            &[false, false, true, false],
            true,
        )
        .unwrap();
        assert_eq!(converted.sql, "select $1, $2 is NULL, -$3");
        assert_eq!(converted.order, [0, 1, 3]);
        let sql = "select %(a)s, %(b)s, %(a)s";
        let converted = convert(sql, Names::Named(&["a", "b"]), &[true, false], true).unwrap();
        assert_eq!(
            (converted.sql.as_str(), converted.order),
            ("select NULL, $1, NULL", vec![1])
        );
    }
}
