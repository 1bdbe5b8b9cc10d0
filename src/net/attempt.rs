//! One address: the socket, TLS as sslmode wants it, and logging in.
//!
//! Who else is tried after a failure follows libpq: another encryption after a refusal by a server that has not
//! let us in, another address after a failure to reach one, another host after a server that is starting up; a
//! server that refuses us, or that we refuse, ends it. One thing is ours: a connection that is lost while
//! logging in is a server that cannot be reached, so the next address is tried.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::Channel;
use super::secure::{self, Answer};
use super::stream::{Stream, TcpOptions};
use super::transport::{Transport, words};
use crate::conninfo::{Config, Host, SslCertMode, SslMode, SslNegotiation, name_of_user};
use crate::error::{Error, Result};
use crate::tls::TlsConfig;
use crate::wire::{Credentials, Event, ProtocolVersions, TlsFacts, Wire};

/// More notices than this are not kept from a login.
const MOST_EARLY_NOTICES: usize = 50;
/// The SQLSTATE of a server that is starting up or shutting down.
const CANNOT_CONNECT_NOW: &str = "57P03";
/// The SQLSTATE of a wrong password.
const INVALID_PASSWORD: &str = "28P01";

/// Where one attempt goes.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// A path, or an abstract name behind a NUL.
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// What may be tried after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The host's next address, or else the next host.
    Address,
    /// The next host.
    Host,
    /// Nothing.
    Nothing,
}

/// Where a connection leads, and how it is secured.
pub(super) struct Origin {
    pub(super) address: Address,
    pub(super) tcp: TcpOptions,
    /// What its TLS was made with.
    pub(super) tls: Option<Secured>,
    host: String,
    port: u16,
}

/// A connection's TLS.
pub(super) struct Secured {
    pub(super) config: TlsConfig,
    /// Without a request first.
    pub(super) direct: bool,
}

impl Origin {
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

/// How a connection is to be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    /// Not at all.
    Clear,
    /// By TLS, after a request.
    Requested,
    /// By TLS from the first byte.
    Direct,
}

/// What is tried, in this order. A Unix socket is never encrypted, whatever sslmode says, as in libpq.
fn encryptions(config: &Config, address: &Address) -> &'static [Encryption] {
    use Encryption::{Clear, Direct, Requested};
    match (address, config.sslmode, config.sslnegotiation) {
        (Address::Unix(_), ..) | (_, SslMode::Disable, _) => &[Clear],
        (_, _, SslNegotiation::Direct) => &[Direct],
        (_, SslMode::Allow, _) => &[Clear, Requested],
        (_, SslMode::Prefer, _) => &[Requested, Clear],
        _ => &[Requested],
    }
}

/// One attempt's failure.
struct Failure {
    error: Error,
    /// Whether the encryption may be why.
    other_encryption: bool,
    next: Next,
}

impl Failure {
    fn new(error: Error, next: Next) -> Failure {
        Failure {
            error,
            other_encryption: false,
            next,
        }
    }

    /// Of TLS itself.
    fn of_encryption(error: Error) -> Failure {
        Failure {
            other_encryption: !error.is_timeout(),
            next: after(&error),
            error,
        }
    }
}

/// What may be tried after an error that is no server's word.
fn after(error: &Error) -> Next {
    let lost = error.is_timeout() || error.sqlstate().is_some_and(|s| s.as_str() == "08006");
    if lost { Next::Address } else { Next::Nothing }
}

/// Connects to `address` and logs in. Every failure is added to `failures`.
pub(super) fn log_in(
    config: &Config,
    host: &Host,
    address: &Address,
    deadline: Option<Instant>,
    failures: &mut Vec<Error>,
) -> std::result::Result<Channel, Next> {
    let mut next = Next::Nothing;
    for &encryption in encryptions(config, address) {
        match with_encryption(config, host, address, encryption, deadline) {
            Ok(channel) => return Ok(channel),
            Err(failure) => {
                let error = failure.error;
                // Only the server's own words follow "FATAL:", as in libpq.
                let severity = error.fields().and_then(|fields| fields.severity.as_deref());
                let label = match severity {
                    Some(severity) => format!("{} failed: {severity}:  ", address.describe(host)),
                    None => format!("{} failed: ", address.describe(host)),
                };
                failures.push(error.prefixed(&label));
                next = failure.next;
                if !failure.other_encryption {
                    break;
                }
            }
        }
    }
    Err(next)
}

fn with_encryption(
    config: &Config,
    host: &Host,
    address: &Address,
    encryption: Encryption,
    deadline: Option<Instant>,
) -> std::result::Result<Channel, Failure> {
    let tcp = tcp_options(config);
    let stream = address
        .connect(&tcp, deadline)
        .map_err(|error| Failure::new(address.explain(error).before_sending(), Next::Address))?;
    check_peer(config, address, &stream).map_err(|error| Failure::new(error, Next::Nothing))?;
    let (transport, tls) = encrypted(config, host, stream, encryption, deadline)?;
    // libpq finds out after the login; here nothing has been given away by then.
    if config.sslcertmode == SslCertMode::Require && tls.is_none() {
        let error = Error::broken("server did not request an SSL certificate")
            .with_sqlstate("08001")
            .before_sending();
        return Err(Failure::new(error, Next::Nothing));
    }
    let declined = encryption == Encryption::Requested && tls.is_none();
    let facts = transport.tls().map(|session| TlsFacts {
        server_end_point: session.server_end_point(),
        client_certificate_sent: session.client_certificate_sent(),
    });
    let versions = ProtocolVersions {
        min: config.min_protocol_version,
        max: config.max_protocol_version,
    };
    let credentials = credentials(config, host, facts);
    let wire = Wire::start_startup(credentials, versions, &startup_parameters(config))
        .map_err(|error| Failure::new(error, Next::Nothing))?;
    let origin = Origin {
        address: address.clone(),
        tcp,
        tls,
        host: host.name.clone(),
        port: host.port,
    };
    let mut channel = Channel::new(transport, wire, Arc::new(origin));
    match until_ready(&mut channel, deadline) {
        Ok(()) => Ok(channel),
        Err(error) => {
            let mut failure = Failure::new(error, Next::Nothing);
            match failure.error.fields() {
                None => failure.next = after(&failure.error),
                // What it says once it has let us in has nothing to do with how we came.
                Some(_) if channel.wire_ref().has_let_us_in() => {}
                Some(fields)
                    if fields
                        .sqlstate
                        .is_some_and(|s| s.as_str() == CANNOT_CONNECT_NOW) =>
                {
                    failure.next = Next::Host;
                }
                // Where TLS was declined, the clear has been tried.
                Some(_) => failure.other_encryption = !declined,
            }
            failure.error = with_hint(failure.error, config, host, channel.wire_ref());
            Err(failure)
        }
    }
}

/// Makes TLS of a socket, if that is wanted and the server has it.
fn encrypted(
    config: &Config,
    host: &Host,
    stream: Stream,
    encryption: Encryption,
    deadline: Option<Instant>,
) -> std::result::Result<(Transport, Option<Secured>), Failure> {
    let direct = match encryption {
        Encryption::Clear => return Ok((Transport::plain(stream), None)),
        Encryption::Direct => true,
        Encryption::Requested => false,
    };
    if !direct {
        let answer = secure::request(&stream, deadline).map_err(|error| {
            let next = after(&error);
            Failure::new(error, next)
        })?;
        if answer == Answer::No && config.sslmode >= SslMode::Require {
            let error = Error::broken("server does not support SSL, but SSL was required")
                .with_sqlstate("08001");
            return Err(Failure::new(error, Next::Nothing));
        }
        if answer == Answer::No {
            return Ok((Transport::plain(stream), None));
        }
    }
    secure::check_beyond_libpq(config, host).map_err(|error| Failure::new(error, Next::Nothing))?;
    let config = secure::load(config, host).map_err(Failure::of_encryption)?;
    let transport = Transport::secure(stream, &config, deadline).map_err(Failure::of_encryption)?;
    Ok((transport, Some(Secured { config, direct })))
}

/// `requirepeer`: whose process the server's is, on a Unix socket.
fn check_peer(config: &Config, address: &Address, stream: &Stream) -> Result<()> {
    let (Some(wanted), Address::Unix(_)) = (&config.require_peer, address) else {
        return Ok(());
    };
    let refused = |reason: String| Error::broken(reason).with_sqlstate("08001");
    let user = stream
        .peer_user()
        .map_err(|error| refused(format!("could not get peer credentials: {error}")))?;
    match name_of_user(user) {
        Ok(Some(name)) if name == *wanted => Ok(()),
        Ok(Some(name)) => Err(refused(format!(
            "requirepeer specifies \"{wanted}\", but actual peer user name is \"{name}\""
        ))),
        _ => Err(refused(format!(
            "requirepeer specifies \"{wanted}\", but the system has no name for the peer's user id {user}"
        ))),
    }
}

fn until_ready(channel: &mut Channel, deadline: Option<Instant>) -> Result<()> {
    loop {
        match channel.next_event(deadline)? {
            Event::Ready => return Ok(()),
            Event::Notice(notice) if channel.early_notices.len() < MOST_EARLY_NOTICES => {
                channel.early_notices.push(*notice);
            }
            Event::Notice(_) => {}
            _ => return Err(Error::protocol("an answer to nothing while connecting")),
        }
    }
}

/// Adds what the password file had to do with a refusal: it was ignored and a password is missing, or the
/// refused one comes from it.
fn with_hint(error: Error, config: &Config, host: &Host, wire: &Wire) -> Error {
    let refused = wire.password_was_used()
        && error
            .sqlstate()
            .is_some_and(|state| state.as_str() == INVALID_PASSWORD);
    match (&config.passfile, &config.passfile_problem) {
        (_, Some(problem)) if wire.password_was_missing() => {
            error.suffixed(&format!("\n{problem}"))
        }
        (Some(path), _)
            if refused && config.password.is_none() && config.password_for(host).is_some() =>
        {
            error.suffixed(&format!(
                "\npassword retrieved from file \"{}\"",
                path.display()
            ))
        }
        _ => error,
    }
}

fn credentials(config: &Config, host: &Host, tls: Option<TlsFacts>) -> Credentials {
    Credentials {
        user: config.user.clone(),
        password: config
            .password_for(host)
            .map(|password| password.as_bytes().to_vec()),
        scram_max_iterations: config.scram_max_iterations,
        scram_client_key: config.scram_client_key,
        scram_server_key: config.scram_server_key,
        channel_binding: config.channel_binding,
        require_auth: config.require_auth.clone(),
        tls,
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

impl Address {
    /// A socket connected to it.
    pub(super) fn connect(
        &self,
        tcp: &TcpOptions,
        deadline: Option<Instant>,
    ) -> io::Result<Stream> {
        match self {
            Address::Unix(path) => Stream::connect_unix(path, deadline),
            Address::Tcp(address) => Stream::connect_tcp(*address, tcp, deadline),
        }
    }

    /// Why it could not be reached, with what to look at.
    fn explain(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::TimedOut {
            return Error::timeout("timeout expired").with_sqlstate("08001");
        }
        let hint = match self {
            Address::Unix(_) => {
                "Is the server running locally and accepting connections on that socket?"
            }
            Address::Tcp(_) => {
                "Is the server running on that host and accepting TCP/IP connections?"
            }
        };
        Error::operational(format!("{}\n\t{hint}", words(&error)))
            .with_sqlstate("08001")
            .caused_by(error)
    }

    /// What is tried, in libpq's words.
    pub(super) fn describe(&self, host: &Host) -> String {
        match self {
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
}
