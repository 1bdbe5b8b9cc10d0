//! How a cursor's SQL and parameters become what is sent: its placeholders' style, whether the server binds
//! the parameters or they go into the text as literals, and the types that setinputsizes said.

use std::borrow::Cow;
use std::ffi::CStr;
use std::sync::Arc;

use super::placeholder::{Names, Order, ParamStyle, Values, convert};
use super::statements::{Plan, Shape};
use crate::error::{Error, Result};
use crate::types::{Dialect, Param};

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
    pub(super) fn sized(&self, sizes: &[u32]) -> Cow<'a, [Param<'a>]> {
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
    sent: Sent,
}

/// The last statement as it was sent, with a NUL behind it; empty if there is none.
enum Sent {
    Own(String),
    Shared(Arc<str>),
    /// As this plan has it, which held when so much that was prepared had gone.
    Planned(Arc<Plan>, u64),
}

impl Sent {
    fn text(&self) -> &str {
        match self {
            Sent::Own(text) => text,
            Sent::Shared(text) => text,
            Sent::Planned(plan, _) => &plan.shape.sent,
        }
    }
}

impl Binder {
    pub(super) fn new() -> Binder {
        Binder {
            binding: Binding::Server,
            style: ParamStyle::Pyformat,
            sizes: Vec::new(),
            sent: Sent::Own(String::new()),
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

    /// The parameters with the types that setinputsizes said; none where there are no arguments.
    #[inline]
    pub(super) fn sized<'p>(
        &self,
        arguments: Option<Arguments<'p>>,
        sizes: &[u32],
    ) -> Result<Cow<'p, [Param<'p>]>> {
        let Some(arguments) = arguments else {
            return Ok(Cow::Borrowed(&[]));
        };
        if sizes.is_empty() {
            return Ok(Cow::Borrowed(arguments.params()));
        }
        check_sizes(sizes, arguments.params().len())?;
        Ok(arguments.sized(sizes))
    }

    /// Whether the text that is sent is the same whatever the parameters are: there are none, or they travel apart.
    #[inline]
    pub(super) fn has_one_text(&self, arguments: Option<Arguments<'_>>) -> bool {
        arguments.is_none() || self.binding == Binding::Server
    }

    /// The last statement as it was sent.
    pub(super) fn sent(&self) -> Option<&CStr> {
        CStr::from_bytes_with_nul(self.sent.text().as_bytes()).ok()
    }

    /// The same, for sending it.
    pub(super) fn sql(&self) -> &str {
        self.sent.text().strip_suffix('\0').unwrap_or("")
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
        let mut out = self.take_text();
        push(&mut out, head)?;
        if let Some(arguments) = arguments {
            check_sizes(sizes, arguments.params().len())?;
        }
        let mut apart = None;
        match (arguments, self.binding) {
            (None, _) => push(&mut out, sql)?,
            (Some(arguments), Binding::Server) => {
                let params = arguments.sized(sizes);
                let values = Values::Numbers(&params);
                let names = arguments.names();
                let order = convert(sql, self.style, names, values, dialect, &mut out)?;
                apart = Some(order.of(&params).unwrap_or_else(|| params.into_owned()));
            }
            (Some(arguments), Binding::Client) => {
                let params = arguments.sized(sizes);
                let values = Values::Literals(&params);
                let names = arguments.names();
                convert(sql, self.style, names, values, dialect, &mut out)?;
            }
        }
        push(&mut out, "\0")?;
        self.sent = Sent::Own(out);
        Ok(apart)
    }

    /// Makes of a statement what is to be sent, which `sql` gives from then on. For parameters that travel apart, or
    /// none. Which argument each of its numbers is comes back, if there are arguments.
    pub(super) fn convert(
        &mut self,
        sql: &str,
        arguments: Option<Arguments<'_>>,
        params: &[Param<'_>],
        dialect: Dialect,
    ) -> Result<Option<Order>> {
        let mut out = self.take_text();
        let order = match arguments {
            None => {
                push(&mut out, sql)?;
                None
            }
            Some(arguments) => {
                let values = Values::Numbers(params);
                let names = arguments.names();
                Some(convert(sql, self.style, names, values, dialect, &mut out)?)
            }
        };
        push(&mut out, "\0")?;
        self.sent = Sent::Own(out);
        Ok(order)
    }

    /// The same, to be kept.
    pub(super) fn shape(
        &mut self,
        sql: &str,
        arguments: Option<Arguments<'_>>,
        params: &[Param<'_>],
        dialect: Dialect,
    ) -> Result<Shape> {
        let order = self.convert(sql, arguments, params, dialect)?;
        let order = order.unwrap_or_default();
        Ok(Shape::new(self.sent.text().into(), &order, params.len()))
    }

    /// Room for a text, that of the last statement if it can be had.
    fn take_text(&mut self) -> String {
        let sent = std::mem::replace(&mut self.sent, Sent::Own(String::new()));
        match sent {
            Sent::Own(mut text) if text.capacity() <= KEPT_TEXT => {
                text.clear();
                text
            }
            _ => String::new(),
        }
    }

    /// The last statement as it was sent, with the NUL behind it, to be kept.
    pub(super) fn shared(&self) -> Arc<str> {
        match &self.sent {
            Sent::Own(text) => text.as_str().into(),
            Sent::Shared(text) => Arc::clone(text),
            Sent::Planned(plan, _) => Arc::clone(&plan.shape.sent),
        }
    }

    /// Takes a text that ends with a NUL for what was sent.
    pub(super) fn keep_shared(&mut self, sent: Arc<str>) {
        self.sent = Sent::Shared(sent);
    }

    /// Takes a plan's text for what was sent, which `plan` gives back as long as nothing else is sent.
    pub(super) fn keep_plan(&mut self, plan: &Arc<Plan>, closings: u64) {
        self.sent = Sent::Planned(Arc::clone(plan), closings);
    }

    /// The plan of the statement that was sent last, if it had one, and `closings` when it was had.
    #[inline]
    pub(super) fn plan(&self) -> Option<(&Arc<Plan>, u64)> {
        match &self.sent {
            Sent::Planned(plan, closings) => Some((plan, *closings)),
            _ => None,
        }
    }

    /// Takes `sql` for what was sent.
    pub(super) fn keep(&mut self, mut sql: String) -> Result<()> {
        if !sql.is_empty() {
            push(&mut sql, "\0")?;
        }
        self.sent = Sent::Own(sql);
        Ok(())
    }

    /// Nothing was sent. What was before comes back.
    pub(super) fn forget(&mut self) -> String {
        let mut sql = match std::mem::replace(&mut self.sent, Sent::Own(String::new())) {
            Sent::Own(text) => text,
            Sent::Shared(text) => text.to_string(),
            Sent::Planned(plan, _) => plan.shape.sent.to_string(),
        };
        sql.pop();
        sql
    }

    /// A statement for rows of parameters that the server binds, and which of a row's each `$n` is.
    pub(super) fn numbered(
        &self,
        sql: &str,
        names: Names<'_>,
        dialect: Dialect,
    ) -> Result<(String, Vec<usize>)> {
        let mut out = String::new();
        // A NULL fits whatever type another row gives its column.
        let values = Values::Numbers(&[]);
        let order = convert(sql, self.style, names, values, dialect, &mut out)?;
        Ok((out, order.iter().collect()))
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

#[inline]
fn push(out: &mut String, text: &str) -> Result<()> {
    if out.capacity() - out.len() < text.len() {
        out.try_reserve(text.len()).map_err(|_| {
            Error::out_of_memory(format_args!("for a statement of {} bytes", text.len()))
        })?;
    }
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
