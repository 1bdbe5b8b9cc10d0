//! How a cursor's SQL and parameters become what is sent: its placeholders' style, whether the server binds
//! the parameters or they go into the text as literals, and the types that setinputsizes said.

use std::borrow::Cow;
use std::ffi::CStr;

use super::placeholder::{Names, ParamStyle, Slot, Values, convert};
use crate::error::{Error, Result};
use crate::types::{Datum, Dialect, Param};

/// Who puts parameters in their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// The server: they travel apart from the statement, typed.
    Server,
    /// The client: they are literals in the statement.
    Client,
}

/// The parameters of a call, none of them bound yet.
#[derive(Clone, Copy)]
pub(crate) enum Arguments<'a> {
    /// In order.
    Positional(&'a [Param<'a>]),
    /// Names, and a parameter for each.
    Named(&'a [&'a str], &'a [Param<'a>]),
}

impl<'a> Arguments<'a> {
    fn names(&self) -> Names<'a> {
        match self {
            Arguments::Positional(params) => Names::Positional(params.len()),
            Arguments::Named(names, _) => Names::Named(names),
        }
    }

    fn params(&self) -> &'a [Param<'a>] {
        match self {
            Arguments::Positional(params) | Arguments::Named(_, params) => params,
        }
    }

    /// The parameters with the types that setinputsizes said.
    fn sized(&self, sizes: &[u32]) -> Cow<'a, [Param<'a>]> {
        let mut params = Cow::Borrowed(self.params());
        if !sizes.is_empty() {
            apply_sizes(params.to_mut(), sizes);
        }
        params
    }
}

/// A text of more bytes than this is given back when the next statement comes.
const KEPT_TEXT: usize = 1 << 16;

/// A cursor's ways, and the last statement as it was sent.
pub(super) struct Binder {
    pub(super) binding: Binding,
    pub(super) style: ParamStyle,
    sizes: Vec<u32>,
    /// With a NUL behind it; empty if there is none.
    sent: String,
}

impl Binder {
    pub(super) fn new() -> Binder {
        Binder {
            binding: Binding::Server,
            style: ParamStyle::Pyformat,
            sizes: Vec::new(),
            sent: String::new(),
        }
    }

    /// PEP 249's setinputsizes: oids, 0 for none, for the next statement's parameters.
    pub(super) fn set_sizes(&mut self, oids: &[u32]) {
        self.sizes = oids.to_vec();
    }

    /// The types that were set, which the next statement has no more.
    pub(super) fn take_sizes(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.sizes)
    }

    /// The last statement as it was sent.
    pub(super) fn sent(&self) -> Option<&CStr> {
        CStr::from_bytes_with_nul(self.sent.as_bytes()).ok()
    }

    /// The same, for sending it.
    pub(super) fn sql(&self) -> &str {
        self.sent.strip_suffix('\0').unwrap_or("")
    }

    /// Makes of a statement what is to be sent, which `sql` gives from then on. `head` goes before it. The
    /// parameters that travel apart come back, in the order of their numbers; `None`: there are none to
    /// travel, and the text may be several statements.
    pub(super) fn prepare<'p>(
        &mut self,
        head: &str,
        sql: &str,
        arguments: Option<Arguments<'p>>,
        sizes: &[u32],
        dialect: Dialect,
    ) -> Result<Option<Vec<Param<'p>>>> {
        let mut out = std::mem::take(&mut self.sent);
        if out.capacity() > KEPT_TEXT {
            out = String::new();
        }
        out.clear();
        push(&mut out, head)?;
        if let Some(arguments) = arguments {
            check_sizes(sizes, arguments.params().len())?;
        }
        let mut apart = None;
        match (arguments, self.binding) {
            (None, _) => push(&mut out, sql)?,
            (Some(arguments), Binding::Server) => {
                let params = arguments.sized(sizes);
                let slots: Vec<Slot> = params.iter().map(slot).collect();
                let values = Values::Numbers(&slots);
                let names = arguments.names();
                let order = convert(sql, self.style, names, values, dialect, &mut out)?;
                let in_order = order.iter().filter_map(|&index| params.get(index).copied());
                apart = Some(in_order.collect());
            }
            (Some(arguments), Binding::Client) => {
                let params = arguments.sized(sizes);
                let values = Values::Literals(&params);
                let names = arguments.names();
                convert(sql, self.style, names, values, dialect, &mut out)?;
            }
        }
        push(&mut out, "\0")?;
        self.sent = out;
        Ok(apart)
    }

    /// Takes `sql` for what was sent.
    pub(super) fn keep(&mut self, mut sql: String) -> Result<()> {
        if !sql.is_empty() {
            push(&mut sql, "\0")?;
        }
        self.sent = sql;
        Ok(())
    }

    /// Nothing was sent. What was before comes back.
    pub(super) fn forget(&mut self) -> String {
        let mut sql = std::mem::take(&mut self.sent);
        sql.pop();
        sql
    }

    /// A statement for rows of `count` parameters that the server binds: `$n` in the order of the row.
    pub(super) fn numbered(&self, sql: &str, count: usize, dialect: Dialect) -> Result<String> {
        let mut out = String::new();
        // A NULL fits whatever type another row gives its column.
        let values = Values::Numbers(&[]);
        let names = Names::Positional(count);
        convert(sql, self.style, names, values, dialect, &mut out)?;
        Ok(out)
    }

    /// The statement with literals for parameters.
    pub(super) fn literal(
        &self,
        sql: &str,
        arguments: Option<Arguments<'_>>,
        dialect: Dialect,
    ) -> Result<String> {
        let mut out = String::new();
        match arguments {
            None => push(&mut out, sql)?,
            Some(arguments) => {
                let values = Values::Literals(arguments.params());
                let names = arguments.names();
                convert(sql, self.style, names, values, dialect, &mut out)?;
            }
        }
        Ok(out)
    }
}

fn slot(param: &Param<'_>) -> Slot {
    match param.datum {
        Datum::Null if param.oid == 0 => Slot::Null,
        Datum::Text(_) | Datum::Json(_) if param.oid == 0 => Slot::Untyped,
        _ => Slot::Typed,
    }
}

fn push(out: &mut String, text: &str) -> Result<()> {
    out.try_reserve(text.len()).map_err(|_| {
        Error::out_of_memory(format_args!("for a statement of {} bytes", text.len()))
    })?;
    out.push_str(text);
    Ok(())
}

/// A programming error if setinputsizes gave more types than there are parameters.
pub(super) fn check_sizes(sizes: &[u32], count: usize) -> Result<()> {
    if sizes.len() > count {
        return Err(Error::programming(format!(
            "setinputsizes gave {} types, but the call has {count} parameters",
            sizes.len()
        )));
    }
    Ok(())
}

/// Gives parameters that have no type of their own the one that setinputsizes said.
pub(super) fn apply_sizes(params: &mut [Param<'_>], sizes: &[u32]) {
    for (param, &oid) in params.iter_mut().zip(sizes) {
        if param.oid == 0 {
            param.oid = oid;
        }
    }
}
