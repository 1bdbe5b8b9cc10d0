//! Choosing a server: each host in turn, each of its addresses in turn, until one lets us in and is of the
//! wanted kind. When none is, the error lists every attempt and its reason.
//!
//! Source: manual, "Specifying Multiple Hosts" and the keywords `target_session_attrs`, `load_balance_hosts`,
//! `connect_timeout`.

use std::net::ToSocketAddrs;
use std::time::Instant;

use super::Channel;
use super::attempt::{self, Address, Next};
use super::target::{self, Wanted};
use crate::conninfo::{Config, Host, LoadBalanceHosts, Target};
use crate::error::{Class, Error, Result};

/// Connects and logs in. The connection is ready for its first statement.
pub(crate) fn connect(config: &Config) -> Result<Channel> {
    let overall = config.timeout.map(|limit| Instant::now() + limit);
    let mut failures = Vec::new();
    let mut hosts: Vec<&Host> = config.hosts.iter().collect();
    shuffle(config, &mut hosts)?;
    for &wanted in Wanted::passes(config.target_session_attrs) {
        for host in &hosts {
            match connect_to(config, host, wanted, overall, &mut failures) {
                Ok(Some(channel)) => return Ok(channel),
                Ok(None) => {}
                Err(Stop) => return Err(all_failed(failures)),
            }
        }
    }
    Err(all_failed(failures))
}

/// No other server is to be tried.
struct Stop;

/// Tries the addresses of one host. `Ok(None)`: the next host may fare better.
fn connect_to(
    config: &Config,
    host: &Host,
    wanted: Wanted,
    overall: Option<Instant>,
    failures: &mut Vec<Error>,
) -> std::result::Result<Option<Channel>, Stop> {
    let mut addresses = match addresses(host) {
        Ok(addresses) => addresses,
        Err(error) => {
            failures.push(error);
            return Ok(None);
        }
    };
    if let Err(error) = shuffle(config, &mut addresses) {
        failures.push(error);
        return Err(Stop);
    }
    for address in addresses {
        let own = config.connect_timeout.map(|limit| Instant::now() + limit);
        let deadline = match (own, overall) {
            (Some(own), Some(overall)) => Some(own.min(overall)),
            (own, overall) => own.or(overall),
        };
        let next = match attempt::log_in(config, host, &address, deadline, failures) {
            Ok(mut channel) => match target::check(&mut channel, wanted, deadline) {
                Ok(()) => return Ok(Some(channel)),
                Err(error) => {
                    channel.wire().start_terminate();
                    channel.send_last();
                    let place = address.describe(host);
                    failures.push(error.prefixed(&format!("{place} failed: ")));
                    Next::Host
                }
            },
            Err(next) => next,
        };
        if next == Next::Nothing || overall.is_some_and(|overall| overall <= Instant::now()) {
            return Err(Stop);
        }
        if next == Next::Host {
            break;
        }
    }
    Ok(None)
}

fn addresses(host: &Host) -> Result<Vec<Address>> {
    match &host.target {
        Target::Unix { directory } => Ok(vec![Address::Unix(
            directory.join(format!(".s.PGSQL.{}", host.port)),
        )]),
        Target::Abstract { name } => Ok(vec![Address::Unix(
            format!("\0{name}/.s.PGSQL.{}", host.port).into(),
        )]),
        Target::Tcp { host: name, .. } => {
            let found = (name.as_str(), host.port)
                .to_socket_addrs()
                .map_err(|error| {
                    Error::operational(format!(
                        "could not translate host name \"{name}\" to address: {error}"
                    ))
                    .with_sqlstate("08001")
                    .caused_by(error)
                    .before_sending()
                })?;
            Ok(found.map(Address::Tcp).collect())
        }
    }
}

/// Puts `list` in random order, if the load is to be balanced: each order as likely as any other.
fn shuffle<T>(config: &Config, list: &mut [T]) -> Result<()> {
    if config.load_balance_hosts == LoadBalanceHosts::Disable {
        return Ok(());
    }
    for last in (1..list.len()).rev() {
        let random =
            getrandom::u64().map_err(|_| Error::operational("the system has no random numbers"))?;
        // The bias of the remainder is one in 2^64 over the length.
        let chosen = random % (last as u64 + 1);
        list.swap(last, usize::try_from(chosen).unwrap_or(last));
    }
    Ok(())
}

/// One failure as it is; several as a list, with the last one's SQLSTATE. PEP 249 and psycopg2 call each an
/// operational error, whatever its SQLSTATE's class.
fn all_failed(mut failures: Vec<Error>) -> Error {
    let Some(last) = failures.pop() else {
        return Error::operational("no host to connect to").before_sending();
    };
    let before: String = failures
        .iter()
        .map(|error| format!("{}\n", error.message()))
        .collect();
    let class = if failures.is_empty() && last.class() == Class::NotSupported {
        Class::NotSupported
    } else {
        Class::Operational
    };
    last.prefixed(&before).with_class(class)
}
