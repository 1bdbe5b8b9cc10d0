//! How TLS begins: the request for it, its answer, and what is handed to `tls`.
//!
//! Until the handshake is done, nothing that arrives is the server's word: whoever sits in between may have
//! written it. So the one byte that answers is all that is read, what comes with it is refused
//! (CVE-2021-23222), and no text of it is shown (CVE-2024-10977). Source: manual, 55.2.11 "SSL Session
//! Encryption".

use std::time::Instant;

use super::os::Readiness;
use super::stream::{Received, Stream};
use super::transport::{lost, timed_out};
use crate::conninfo::{Config, Host, SslCertMode, SslMode, SslNegotiation, TlsVersion};
use crate::error::{Error, Result};
use crate::tls::{CertMode, ProcessEnvironment, Settings, TlsConfig, Verify};
use crate::wire;

/// Whether the server takes TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The handshake may begin.
    Yes,
    /// It has none; the connection goes on in the clear.
    No,
}

/// Asks for TLS.
pub(super) fn request(stream: &Stream, deadline: Option<Instant>) -> Result<Answer> {
    let request = wire::ssl_request();
    let mut waiting = request.as_slice();
    while !waiting.is_empty() {
        match stream.send(waiting).map_err(lost)? {
            Some(count) => waiting = waiting.get(count..).unwrap_or_default(),
            None => wait(stream, true, deadline)?,
        }
    }
    // Room for one byte more than belongs here.
    let mut answer = Vec::with_capacity(2);
    let received = loop {
        match stream.receive(&mut answer, 2, false).map_err(lost)? {
            Received::Nothing => wait(stream, false, deadline)?,
            received => break received,
        }
    };
    if received == Received::End {
        return Err(
            Error::broken("the server closed the connection when it was asked for SSL")
                .with_sqlstate("08006"),
        );
    }
    match answer.as_slice() {
        b"S" => Ok(Answer::Yes),
        b"N" => Ok(Answer::No),
        [b'S' | b'N', _, ..] => Err(refused("received unencrypted data after SSL response")),
        [b'E', ..] => Err(refused("server sent an error response during SSL exchange")),
        _ => Err(refused("received invalid response to SSL negotiation")),
    }
}

fn refused(reason: &str) -> Error {
    Error::broken(reason).with_sqlstate("08P01")
}

fn wait(stream: &Stream, write: bool, deadline: Option<Instant>) -> Result<()> {
    match stream.wait(write, deadline).map_err(lost)? {
        Readiness::Ready { .. } => Ok(()),
        Readiness::TimedOut => Err(timed_out()),
    }
}

/// Whether what `config` says of TLS is in order where libpq does not mind.
pub(super) fn check_beyond_libpq(config: &Config, host: &Host) -> Result<()> {
    TlsConfig::check_beyond_libpq(&settings(config, host), &ProcessEnvironment)
}

/// What `config` says of TLS towards `host`, loaded.
pub(super) fn load(config: &Config, host: &Host) -> Result<TlsConfig> {
    TlsConfig::load(&settings(config, host), &ProcessEnvironment)
}

fn settings<'a>(config: &'a Config, host: &'a Host) -> Settings<'a> {
    let tls = &config.tls;
    Settings {
        verify: match config.sslmode {
            SslMode::VerifyCa => Verify::Ca,
            SslMode::VerifyFull => Verify::Full,
            _ => Verify::None,
        },
        host: &host.given,
        sslrootcert: tls.sslrootcert.as_deref(),
        sslcert: tls.sslcert.as_deref(),
        sslkey: tls.sslkey.as_deref(),
        sslpassword: tls.sslpassword.as_ref().map(|password| password.as_bytes()),
        sslcrl: tls.sslcrl.as_deref(),
        sslcrldir: tls.sslcrldir.as_deref(),
        sslcertmode: match config.sslcertmode {
            SslCertMode::Disable => CertMode::Disable,
            SslCertMode::Allow => CertMode::Allow,
            SslCertMode::Require => CertMode::Require,
        },
        sslsni: config.sslsni,
        ssl_min_protocol_version: config.ssl_min_protocol_version.map(TlsVersion::word),
        ssl_max_protocol_version: config.ssl_max_protocol_version.map(TlsVersion::word),
        sslkeylogfile: tls.sslkeylogfile.as_deref(),
        sslrootcert_pem: tls.sslrootcert_pem.as_deref(),
        sslcert_pem: tls.sslcert_pem.as_deref(),
        sslkey_pem: tls.sslkey_pem.as_deref(),
        direct: config.sslnegotiation == SslNegotiation::Direct,
    }
}
