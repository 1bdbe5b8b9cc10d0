//! What is known of a connection from its login on, and never changes.

use std::ffi::{CStr, CString};
use std::os::fd::RawFd;

use super::connection::{Closed, Connection};
use crate::conninfo::{Config, Conninfo};
use crate::net::Channel;
use crate::tls::TlsSession;

/// Facts for getters, which neither wait nor talk to the server.
pub(crate) struct About {
    /// The connection string, with the password hidden.
    pub(crate) dsn: CString,
    /// All parameters in effect, without secrets.
    pub(crate) conninfo: Conninfo,
    /// The user who logged in.
    pub(crate) user: CString,
    /// The database connected to.
    pub(crate) dbname: CString,
    /// The command-line options that the server was given; "" for none.
    pub(crate) options: CString,
    /// The socket, as long as the connection is open.
    socket_number: RawFd,
    /// The host connected to.
    pub(crate) host: CString,
    /// The port connected to.
    pub(crate) port: u16,
    /// The process id of the server's process for this connection; 0 if it did not say.
    pub(crate) backend_pid: i32,
    /// libpq's number: 150018 for 15.18; 0 if it did not say.
    pub(crate) server_version: i32,
    /// libpq's number: 30000 for 3.0.
    pub(crate) protocol_version: i32,
    /// libpq's names of what a TLS session is made of, and OpenSSL's words for it; none without one.
    tls: Vec<(&'static CStr, CString)>,
}

impl About {
    pub(super) fn new(dsn: &str, conninfo: Conninfo, config: &Config, channel: &Channel) -> About {
        let wire = channel.wire_ref();
        let (host, port) = channel.host_and_port();
        About {
            dsn: text(dsn),
            conninfo: conninfo.without_secrets(),
            user: text(&config.user),
            dbname: text(&config.dbname),
            options: text(config.options.as_deref().unwrap_or_default()),
            socket_number: channel.socket_number(),
            host: text(host),
            port,
            backend_pid: wire.backend_key().map_or(0, |(pid, _)| pid),
            server_version: wire
                .parameter_status("server_version")
                .map_or(0, version_number),
            protocol_version: wire.protocol_version().number(),
            tls: channel.tls().map(tls).unwrap_or_default(),
        }
    }

    /// Whether it runs in TLS.
    pub(crate) fn has_tls(&self) -> bool {
        !self.tls.is_empty()
    }

    /// What libpq calls an SSL attribute.
    pub(crate) fn tls_attribute(&self, name: &str) -> Option<&CStr> {
        self.tls
            .iter()
            .find(|(known, _)| known.to_bytes() == name.as_bytes())
            .map(|(_, value)| value.as_c_str())
    }
}

impl Connection {
    /// The socket's number in this process, to wait for what the server says; `None` when the connection is closed or
    /// broken, or another process's. Never waits.
    pub(crate) fn socket_number(&self) -> Option<RawFd> {
        (self.closed() == Closed::Open && !self.is_inherited()).then(|| self.about().socket_number)
    }
}

fn tls(session: &TlsSession) -> Vec<(&'static CStr, CString)> {
    let (cipher, bits) = session.cipher().unwrap_or(("", 0));
    let alpn = String::from_utf8_lossy(session.alpn().unwrap_or_default());
    vec![
        (c"library", text("rustls")),
        (c"protocol", text(session.protocol().unwrap_or_default())),
        (c"key_bits", text(&bits.to_string())),
        (c"cipher", text(cipher)),
        (c"compression", text("off")),
        (c"alpn", text(&alpn)),
    ]
}

/// Nothing that gets here holds a NUL.
fn text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

/// As `PQserverVersion`: two parts since 10, three before. What follows the numbers is not looked at.
fn version_number(version: &str) -> i32 {
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let mut parts = version
        .get(..end)
        .unwrap_or_default()
        .split('.')
        .map(|part| part.parse::<i32>().unwrap_or(0).clamp(0, 9999));
    let mut part = || parts.next().unwrap_or(0);
    let (major, minor) = (part(), part());
    if major >= 10 {
        major * 10_000 + minor
    } else {
        major * 10_000 + minor.min(99) * 100 + part().min(99)
    }
}

#[cfg(test)]
mod tests {
    use super::version_number;

    #[test]
    fn versions_are_numbered_as_libpq_does() {
        for (text, number) in [
            ("15.18 (Debian 15.18-0+deb12u1)", 150_018),
            ("18.4", 180_004),
            ("19beta2", 190_000),
            ("9.6.24", 90_624),
            ("9.6rc1", 90_600),
            ("", 0),
            ("x", 0),
        ] {
            assert_eq!(version_number(text), number, "{text}");
        }
    }
}
