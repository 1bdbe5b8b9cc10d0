//! Choosing a server: each host in turn, each of its addresses in turn, until one lets us in. When none
//! does, the error lists every attempt and its reason.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Instant;

use super::Channel;
use super::stream::{Stream, TcpOptions};
use crate::conninfo::{Config, Host, Target};
use crate::error::{Class, Error, Result};
use crate::wire::{Credentials, Event, ProtocolVersions, Wire};

/// Connects and logs in. The connection is ready for its first statement.
pub(crate) fn connect(config: &Config) -> Result<Channel> {
    let mut failures: Vec<Error> = Vec::new();
    for host in &config.hosts {
        let addresses = match addresses(host) {
            Ok(addresses) => addresses,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
        for address in addresses {
            let deadline = config.connect_timeout.map(|limit| Instant::now() + limit);
            match attempt(config, host, &address, deadline) {
                Ok(channel) => return Ok(channel),
                Err((error, next)) => {
                    failures.push(error);
                    if !next {
                        return Err(all_failed(failures));
                    }
                }
            }
        }
    }
    Err(all_failed(failures))
}

/// Where one attempt goes.
enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
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

/// One attempt. The flag of a failure is whether another server may fare better.
fn attempt(
    config: &Config,
    host: &Host,
    address: &Address,
    deadline: Option<Instant>,
) -> std::result::Result<Channel, (Error, bool)> {
    let place = describe(host, address);
    let stream = match address {
        Address::Unix(path) => Stream::connect_unix(path, deadline),
        Address::Tcp(address) => Stream::connect_tcp(*address, &tcp_options(config), deadline),
    };
    let stream = stream.map_err(|error| {
        let hint = match address {
            Address::Unix(_) => {
                "Is the server running locally and accepting connections on that socket?"
            }
            Address::Tcp(_) => {
                "Is the server running on that host and accepting TCP/IP connections?"
            }
        };
        let failure = Error::operational(format!("{place} failed: {error}\n\t{hint}"))
            .with_sqlstate("08001")
            .caused_by(error)
            .before_sending();
        (failure, true)
    })?;
    log_in(config, host, stream, deadline).map_err(|error| {
        // A server that is starting up or shutting down says nothing about the next one.
        let next = error.fields().is_none()
            || error
                .sqlstate()
                .is_some_and(|state| state.as_str() == "57P03");
        // Only the server's own words follow "FATAL:", as in libpq.
        let label = match error.fields().and_then(|fields| fields.severity.as_deref()) {
            Some(severity) => format!("{place} failed: {severity}:  "),
            None => format!("{place} failed: "),
        };
        (error.prefixed(&label), next)
    })
}

fn log_in(
    config: &Config,
    host: &Host,
    stream: Stream,
    deadline: Option<Instant>,
) -> Result<Channel> {
    let password = config.password_for(host);
    let credentials = Credentials {
        user: config.user.clone(),
        password: password.map(|password| password.as_bytes().to_vec()),
        scram_max_iterations: config.scram_max_iterations,
        scram_client_key: config.scram_client_key,
        scram_server_key: config.scram_server_key,
        channel_binding: config.channel_binding,
        require_auth: config.require_auth.clone(),
        tls: None,
    };
    let versions = ProtocolVersions {
        min: config.min_protocol_version,
        max: config.max_protocol_version,
    };
    let wire = Wire::start_startup(credentials, versions, &startup_parameters(config))?;
    let mut channel = Channel::new(stream, wire);
    loop {
        match channel.next_event(deadline)? {
            Event::Ready => return Ok(channel),
            // Notices from a login (an expiring password) have no one to go to yet.
            Event::Notice(_) => {}
            _ => return Err(Error::protocol("an answer to nothing while connecting")),
        }
    }
}

/// The startup message's parameters but the user. The library's text is UTF-8; the server converts. Dates
/// come in ISO form, as psycopg2 asks for them, unless PGDATESTYLE says otherwise.
fn startup_parameters(config: &Config) -> Vec<(&str, &str)> {
    let mut parameters = vec![("database", config.dbname.as_str())];
    if let Some(replication) = &config.replication {
        parameters.push(("replication", replication));
    }
    if let Some(options) = &config.options {
        parameters.push(("options", options));
    }
    if let Some(name) = &config.application_name {
        parameters.push(("application_name", name));
    }
    parameters.push(("client_encoding", "UTF8"));
    let mut date_style = Some(("DateStyle", "ISO"));
    for (name, value) in &config.startup_settings {
        if name.eq_ignore_ascii_case("datestyle") {
            date_style = None;
        }
        parameters.push((name, value));
    }
    parameters.extend(date_style);
    parameters
}

fn tcp_options(config: &Config) -> TcpOptions {
    TcpOptions {
        keepalives: config.keepalives,
        keepalives_idle: config.keepalives_idle,
        keepalives_interval: config.keepalives_interval,
        keepalives_count: config.keepalives_count,
        user_timeout: config.tcp_user_timeout,
    }
}

/// What is tried, in libpq's words.
fn describe(host: &Host, address: &Address) -> String {
    match address {
        Address::Unix(path) => {
            let shown = path.to_string_lossy().replace('\0', "@");
            format!("connection to server on socket \"{shown}\"")
        }
        Address::Tcp(address) if host.name == address.ip().to_string() => {
            format!(
                "connection to server at \"{}\", port {}",
                host.name, host.port
            )
        }
        Address::Tcp(address) => {
            format!(
                "connection to server at \"{}\" ({}), port {}",
                host.name,
                address.ip(),
                host.port
            )
        }
    }
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
