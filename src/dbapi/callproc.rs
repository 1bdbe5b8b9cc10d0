//! `callproc`: a function's result as a set of rows (SEMANTICS, "Cursor").

use super::binding::Arguments;
use super::cursor::Cursor;
use super::placeholder::ParamStyle;
use super::server_cursor::quote_identifier;
use crate::error::{Error, Result};
use crate::types::Param;

/// What a function's name is called in errors.
const NAME: &str = "the function's name";

impl Cursor {
    /// PEP 249's callproc: runs `SELECT * FROM name(...)`. `names`: the parameters' own, or `None` for their
    /// places.
    pub(crate) fn call(
        &mut self,
        name: &str,
        names: Option<&[&str]>,
        params: &[Param<'_>],
    ) -> Result<()> {
        self.check_open()?;
        if self.server.is_some() {
            return Err(Error::programming(
                "callproc cannot be called on a named cursor",
            ));
        }
        let sql = statement(name, names, params.len())?;
        // The text is ours, and so is its style. Always with parameters, be it none: a percent sign is then doubled
        // in any case.
        let style = std::mem::replace(&mut self.binder.style, ParamStyle::Pyformat);
        let outcome = self.execute(&sql, Some(Arguments::Positional(params)));
        self.binder.style = style;
        outcome
    }
}

/// The statement, with a placeholder for each of `count` parameters.
fn statement(name: &str, names: Option<&[&str]>, count: usize) -> Result<String> {
    let mut sql = format!("SELECT * FROM {}(", in_statement(&quote_name(name)?));
    for index in 0..count {
        if index > 0 {
            sql.push_str(", ");
        }
        if let Some(names) = names {
            let name = names.get(index).copied().unwrap_or_default();
            let what = format!("the name of parameter {}", index + 1);
            sql.push_str(&in_statement(&quote_identifier(name, &what)?));
            sql.push_str(" := ");
        }
        sql.push_str("%s");
    }
    sql.push(')');
    Ok(sql)
}

/// In a statement with parameters, a percent sign is written twice.
fn in_statement(quoted: &str) -> String {
    quoted.replace('%', "%%")
}

/// Each part of a name that dots divide, quoted. A part that begins with a quote is quoted already: dots in it
/// divide nothing, and a doubled quote is one.
fn quote_name(name: &str) -> Result<String> {
    let mut quoted = String::with_capacity(name.len() + 8);
    let mut rest = name;
    loop {
        let (part, after) = next_part(rest)?;
        quoted.push_str(&quote_identifier(&part, &of_part(name))?);
        match after {
            Some(after) => rest = after,
            None => return Ok(quoted),
        }
        quoted.push('.');
    }
}

fn of_part(name: &str) -> String {
    if name.is_empty() {
        NAME.into()
    } else {
        format!("a part of {NAME}")
    }
}

/// The first part of `name`, without quotes, and what follows the dot behind it, if one does.
fn next_part(name: &str) -> Result<(String, Option<&str>)> {
    let Some(inner) = name.strip_prefix('"') else {
        return Ok(match name.split_once('.') {
            Some((part, after)) => (part.into(), Some(after)),
            None => (name.into(), None),
        });
    };
    let mut part = String::new();
    let mut rest = inner;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err(Error::programming(format!(
                "{NAME} has a quote that does not end"
            )));
        };
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                rest = after;
            }
            None if after.is_empty() => return Ok((part, None)),
            None => {
                let after = after.strip_prefix('.').ok_or_else(|| {
                    Error::programming(format!("{NAME} goes on behind a quoted part without a dot"))
                })?;
                return Ok((part, Some(after)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_part_by_part() {
        for (name, expected) in [
            ("f", r#""f""#),
            ("s.f", r#""s"."f""#),
            ("d.s.f", r#""d"."s"."f""#),
            ("My Func", r#""My Func""#),
            (r#""a.b".c"#, r#""a.b"."c""#),
            (r#"a."b.c""#, r#""a"."b.c""#),
            (r#""a""b""#, r#""a""b""#),
            (r#"a"b"#, r#""a""b""#),
            (r#"a".b""#, r#""a"""."b""""#),
            ("f(); DROP TABLE t; --", r#""f(); DROP TABLE t; --""#),
            ("f\n'", "\"f\n'\""),
            ("é.日本", r#""é"."日本""#),
        ] {
            assert_eq!(quote_name(name).as_deref().ok(), Some(expected), "{name}");
        }
        for name in [
            "", ".", ".f", "f.", "a..b", "\"", "\"a", "\"a\"\"", "\"a\"b", "\"\"", "a.\"\"",
            "\"a\".", "\"a\" .b", "a\0b",
        ] {
            assert!(quote_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn statements() {
        let text = |name, names, count| statement(name, names, count).ok();
        assert_eq!(text("f", None, 0).as_deref(), Some("SELECT * FROM \"f\"()"));
        assert_eq!(
            text("a%s%%", None, 2).as_deref(),
            Some("SELECT * FROM \"a%%s%%%%\"(%s, %s)")
        );
        assert_eq!(
            text("f", Some(&["n", "a\") --%s"]), 2).as_deref(),
            Some("SELECT * FROM \"f\"(\"n\" := %s, \"a\"\") --%%s\" := %s)")
        );
        assert_eq!(text("f", Some(&[""]), 1), None);
    }
}
