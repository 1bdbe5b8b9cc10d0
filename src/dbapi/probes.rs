//! What the fuzz targets ask of this layer, whose parts it does not show otherwise.

use super::binding::{Arguments, Binder, Binding};
use super::lexer::Lexer;
use super::placeholder::ParamStyle;
use crate::error::Result;
use crate::types::Dialect;

/// The tokens of a statement: their names, and their texts.
pub(crate) fn tokens(sql: &str, dialect: Dialect) -> Vec<(String, &str)> {
    Lexer::new(sql, dialect.standard_strings)
        .map(|(token, text)| (format!("{token:?}"), text))
        .collect()
}

/// Those of them that `next_special` gives, in the same form.
pub(crate) fn special_tokens(sql: &str, dialect: Dialect) -> Vec<(String, &str)> {
    let mut lexer = Lexer::new(sql, dialect.standard_strings);
    std::iter::from_fn(|| lexer.next_special())
        .map(|(token, text, _)| (format!("{token:?}"), text))
        .collect()
}

/// What is sent for a statement, and how many parameters travel apart from it.
pub(crate) fn bind(
    sql: &str,
    style: ParamStyle,
    arguments: Arguments<'_>,
    client: bool,
    dialect: Dialect,
) -> Result<(String, usize)> {
    let mut binder = Binder::new();
    binder.style = style;
    if client {
        binder.binding = Binding::Client;
    }
    let apart = binder.prepare("", sql, Some(arguments), &[], dialect)?;
    Ok((binder.sql().into(), apart.map_or(0, |params| params.len())))
}
