//! Whether a server is of the kind that `target_session_attrs` asks for.
//!
//! Servers since 14 report what it takes while logging in; older ones are asked (manual, keyword
//! `target_session_attrs`).

use std::time::Instant;

use super::Channel;
use crate::conninfo::TargetSessionAttrs;
use crate::error::{Error, Result};
use crate::wire::Event;

/// What one round through the hosts looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

impl Wanted {
    /// The rounds.
    pub(super) fn passes(attrs: TargetSessionAttrs) -> &'static [Wanted] {
        match attrs {
            TargetSessionAttrs::Any => &[Wanted::Any],
            TargetSessionAttrs::ReadWrite => &[Wanted::ReadWrite],
            TargetSessionAttrs::ReadOnly => &[Wanted::ReadOnly],
            TargetSessionAttrs::Primary => &[Wanted::Primary],
            TargetSessionAttrs::Standby => &[Wanted::Standby],
            TargetSessionAttrs::PreferStandby => &[Wanted::Standby, Wanted::Any],
        }
    }
}

/// An error unless the server at the other end is wanted.
pub(super) fn check(
    channel: &mut Channel,
    wanted: Wanted,
    deadline: Option<Instant>,
) -> Result<()> {
    let refusal = match wanted {
        Wanted::Any => None,
        Wanted::ReadWrite if is_read_only(channel, deadline)? => Some("session is read-only"),
        Wanted::ReadOnly if !is_read_only(channel, deadline)? => Some("session is not read-only"),
        Wanted::Primary if is_standby(channel, deadline)? => Some("server is in hot standby mode"),
        Wanted::Standby if !is_standby(channel, deadline)? => {
            Some("server is not in hot standby mode")
        }
        _ => None,
    };
    match refusal {
        None => Ok(()),
        Some(reason) => Err(Error::operational(reason)
            .with_sqlstate("08001")
            .before_sending()),
    }
}

/// Whether its sessions cannot write unless they ask to.
fn is_read_only(channel: &mut Channel, deadline: Option<Instant>) -> Result<bool> {
    let reported = |name| reported(channel, name);
    match (
        reported("default_transaction_read_only"),
        reported("in_hot_standby"),
    ) {
        (Some(read_only), Some(standby)) => Ok(read_only || standby),
        _ => ask(channel, "SHOW transaction_read_only", deadline),
    }
}

fn is_standby(channel: &mut Channel, deadline: Option<Instant>) -> Result<bool> {
    match reported(channel, "in_hot_standby") {
        Some(standby) => Ok(standby),
        None => ask(channel, "SELECT pg_catalog.pg_is_in_recovery()", deadline),
    }
}

fn reported(channel: &Channel, name: &str) -> Option<bool> {
    channel
        .wire_ref()
        .parameter_status(name)
        .map(|value| value == "on")
}

/// Runs a query whose one value is a truth.
fn ask(channel: &mut Channel, sql: &str, deadline: Option<Instant>) -> Result<bool> {
    channel.wire().start_query(sql)?;
    let mut answer = None;
    let mut failure = None;
    loop {
        match channel.next_event(deadline)? {
            Event::Ready => break,
            Event::Complete(_) => {
                let rows = channel.wire().take_rows()?;
                answer = rows
                    .row(0)
                    .and_then(|mut cells| cells.next_cell())
                    .map(|value| matches!(value, b"on" | b"t"));
            }
            Event::Failed(fields, _) => failure = Some(Error::from_server(*fields, Some(sql))),
            _ => {}
        }
    }
    match (failure, answer) {
        (Some(error), _) => Err(error.prefixed(&format!("\"{sql}\" failed: "))),
        (None, Some(answer)) => Ok(answer),
        (None, None) => Err(Error::protocol(format_args!("no answer to \"{sql}\""))),
    }
}
