//! One TLS session: ciphertext in and out on one side, plaintext on the other. No socket.
//!
//! Whoever has the socket sends what `poll_transmit` shows, puts what arrives behind what `receive_space` gives
//! and calls `handle_received`, and takes plaintext with `read` until it says `Nothing`: only then is nothing
//! left here, and waiting for the socket makes sense. Every buffer is bounded. After an error an alert may wait to
//! be sent; nothing else works any more. Sources: RFC 5246, 8446; RFC 7301; RFC 5929, 4.

use std::io::{BufRead, ErrorKind, Write};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
    aws_lc_rs,
};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::{AlertDescription, ClientConfig, ClientConnection, ProtocolVersion};

use super::client::Answer;
use super::config::{CertMode, TlsConfig};
use super::p521::Secp521r1;
use super::verifier::{Observed, Verifier};
use super::x509::Certificate;
use crate::error::{Error, Result};

/// The name of PostgreSQL's protocol in ALPN.
const ALPN: &[u8] = b"postgresql";
/// Room for one TLS record and its header.
const RECORD: usize = 16 * 1024 + 256 + 5;
/// How much ciphertext waits at most before more is asked for.
const MOST_OUTGOING: usize = 4 * RECORD;

/// What reading plaintext ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plaintext {
    /// This many bytes, at least one. There may be more.
    Bytes(usize),
    /// Nothing more until more ciphertext comes.
    Nothing,
    /// The other side has closed.
    End,
}

/// A session.
pub(crate) struct TlsSession {
    connection: ClientConnection,
    observed: Arc<Observed>,
    /// Ciphertext as it came, not yet understood.
    incoming: Vec<u8>,
    /// Ciphertext to be sent, from `sent` on.
    outgoing: Vec<u8>,
    sent: usize,
    direct: bool,
    certificate_required: bool,
    versions: String,
    handshake_done: bool,
    ended: bool,
}

impl TlsSession {
    /// A new session, with its first message ready to be sent.
    pub(crate) fn start(config: &TlsConfig) -> Result<TlsSession> {
        let observed = Arc::new(Observed::default());
        let verifier = Verifier {
            trust: config.trust.clone(),
            host: config.check_host.clone(),
            observed: Arc::clone(&observed),
        };
        let answer = Answer {
            identity: config.identity.clone(),
            observed: Arc::clone(&observed),
        };
        let mut client = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(&config.versions)
            .map_err(|error| internal(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(answer));
        client.alpn_protocols = vec![ALPN.to_vec()];
        // As libpq: each connection proves itself anew.
        client.resumption = Resumption::disabled();
        client.enable_sni = config.server_name.is_some();
        if let Some(log) = &config.key_log {
            client.key_log = Arc::clone(log) as _;
        }
        // Without a name to send, any will do: it is the verifier that knows whom to expect.
        let name = config
            .server_name
            .clone()
            .unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
        let connection =
            ClientConnection::new(Arc::new(client), name).map_err(|error| internal(&error))?;
        Ok(TlsSession {
            connection,
            observed,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            direct: config.direct,
            certificate_required: config.cert_mode == CertMode::Require,
            versions: config.version_range(),
            handshake_done: false,
            ended: false,
        })
    }

    /// Whether the handshake is still going on. When it no longer is, the server is who it should be.
    pub(crate) fn is_handshaking(&self) -> bool {
        !self.handshake_done
    }

    /// Whether ciphertext waits to be sent.
    pub(crate) fn wants_write(&self) -> bool {
        self.sent < self.outgoing.len() || self.connection.wants_write()
    }

    /// The ciphertext to send next; empty when there is none.
    pub(crate) fn poll_transmit(&mut self) -> &[u8] {
        if self.sent >= self.outgoing.len() {
            self.outgoing.clear();
            self.sent = 0;
            while self.connection.wants_write() && self.outgoing.len() < MOST_OUTGOING {
                // Writing to memory cannot fail.
                if !matches!(self.connection.write_tls(&mut self.outgoing), Ok(1..)) {
                    break;
                }
            }
        }
        self.outgoing.get(self.sent..).unwrap_or_default()
    }

    /// The first `count` bytes that `poll_transmit` showed have been sent.
    pub(crate) fn handle_sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count).min(self.outgoing.len());
    }

    /// Where to put arriving ciphertext: behind what the buffer holds, at most so many bytes. 0 means that there
    /// is plaintext to be read first.
    pub(crate) fn receive_space(&mut self) -> (&mut Vec<u8>, usize) {
        let most = RECORD.saturating_sub(self.incoming.len());
        self.incoming.reserve(most);
        (&mut self.incoming, most)
    }

    /// Takes in what was put into `receive_space`.
    pub(crate) fn handle_received(&mut self) -> Result<()> {
        self.take_in()
    }

    /// The socket has come to its end.
    pub(crate) fn handle_eof(&mut self) {
        self.ended = true;
    }

    /// Appends plaintext to `into`, at most `most` bytes. An end without a close_notify is an end too: each
    /// message of PostgreSQL's says its length, so that none can be cut short unnoticed.
    pub(crate) fn read(&mut self, into: &mut Vec<u8>, most: usize) -> Result<Plaintext> {
        let mut count = 0;
        while count < most {
            match self.connection.reader().fill_buf() {
                Ok([]) => {
                    self.ended = true;
                    break;
                }
                Ok(bytes) => {
                    let taken = bytes.get(..most.saturating_sub(count)).unwrap_or(bytes);
                    into.extend_from_slice(taken);
                    let length = taken.len();
                    self.connection.reader().consume(length);
                    count = count.saturating_add(length);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => {
                    self.ended = true;
                    break;
                }
            }
            if self.incoming.is_empty() {
                break;
            }
            if count > 0 {
                // What is read is handed over before what comes next can fail.
                break;
            }
            self.take_in()?;
        }
        Ok(match count {
            0 if self.ended && self.incoming.is_empty() => Plaintext::End,
            0 => Plaintext::Nothing,
            _ => Plaintext::Bytes(count),
        })
    }

    /// Encrypts as much of `bytes` as there is room for, and says how much that was; 0 when what waits must be
    /// sent first.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if !self.handshake_done {
            // Nothing is said to a server that has not proved itself.
            return Ok(0);
        }
        self.connection
            .writer()
            .write(bytes)
            .map_err(|error| Error::broken(format!("could not encrypt: {error}")).caused_by(error))
    }

    /// Says good-bye: a close_notify waits to be sent.
    pub(crate) fn close_notify(&mut self) {
        self.connection.send_close_notify();
    }

    /// The binding data of "tls-server-end-point"; `None` if the certificate's signature has no digest, or
    /// before the handshake is done.
    pub(crate) fn server_end_point(&self) -> Option<Vec<u8>> {
        let certificate = self.connection.peer_certificates()?.first()?;
        Certificate::from_der(certificate).ok()?.end_point_digest()
    }

    /// Whether the server asked for a certificate.
    #[cfg(test)]
    pub(crate) fn client_certificate_requested(&self) -> bool {
        self.observed.was_requested()
    }

    /// Whether the server asked for a certificate and was given one.
    pub(crate) fn client_certificate_sent(&self) -> bool {
        self.observed.was_sent()
    }

    /// The protocol's version in OpenSSL's words: "TLSv1.3".
    pub(crate) fn protocol(&self) -> Option<&'static str> {
        match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// The cipher in OpenSSL's words ("ECDHE-RSA-AES256-GCM-SHA384"), and the bits of its key.
    pub(crate) fn cipher(&self) -> Option<(&'static str, u32)> {
        use rustls::CipherSuite as S;
        Some(match self.connection.negotiated_cipher_suite()?.suite() {
            S::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
            S::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
            S::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
            S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-ECDSA-AES256-GCM-SHA384", 256),
            S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-ECDSA-AES128-GCM-SHA256", 128),
            S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
                ("ECDHE-ECDSA-CHACHA20-POLY1305", 256)
            }
            S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-RSA-AES256-GCM-SHA384", 256),
            S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-RSA-AES128-GCM-SHA256", 128),
            S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-RSA-CHACHA20-POLY1305", 256),
            _ => return None,
        })
    }

    /// The protocol that the server selected in ALPN.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// Decrypts what is there, until plaintext waits or nothing is left.
    fn take_in(&mut self) -> Result<()> {
        let mut taken = 0;
        let outcome = loop {
            let Some(mut rest) = self.incoming.get(taken..).filter(|rest| !rest.is_empty()) else {
                break Ok(());
            };
            let before = rest.len();
            if self.connection.read_tls(&mut rest).is_err() {
                // Its plaintext must be read first.
                break Ok(());
            }
            if rest.len() == before {
                // It has had a close_notify; what follows one is nobody's.
                taken = self.incoming.len();
                break Ok(());
            }
            taken = self.incoming.len().saturating_sub(rest.len());
            match self.connection.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() > 0 => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        self.incoming.drain(..taken);
        outcome.map_err(|error| self.describe(error))?;
        if !self.handshake_done && !self.connection.is_handshaking() {
            self.check_handshake()?;
            self.handshake_done = true;
        }
        Ok(())
    }

    /// What must hold at the end of the handshake beyond what rustls sees to.
    fn check_handshake(&self) -> Result<()> {
        let refused = |reason: &str| Err(Error::broken(reason).with_sqlstate("08001"));
        match self.connection.alpn_protocol() {
            None if self.direct => {
                return refused(
                    "direct SSL connection was established without ALPN protocol negotiation extension",
                );
            }
            Some(selected) if selected != ALPN => {
                return refused("SSL connection was established with unexpected ALPN protocol");
            }
            _ => {}
        }
        if self.certificate_required {
            if !self.observed.was_requested() {
                return refused("server did not request an SSL certificate");
            }
            if !self.observed.was_sent() {
                return refused("server accepted connection without a valid SSL certificate");
            }
        }
        Ok(())
    }

    /// rustls' error in words. Nothing in it is text of the server's.
    fn describe(&self, error: rustls::Error) -> Error {
        let state = if self.handshake_done {
            "08006"
        } else {
            "08001"
        };
        let message = match (&error, self.observed.take_refusal()) {
            (_, Some(refusal)) => refusal,
            (
                rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
                | rustls::Error::PeerIncompatible(
                    rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13
                    | rustls::PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
                ),
                None,
            ) => format!(
                "SSL error: unsupported protocol\nThis may indicate that the server does not support any SSL protocol version between {}.",
                self.versions
            ),
            (rustls::Error::AlertReceived(alert), None) => {
                format!("SSL error: {}", alert_text(*alert))
            }
            _ => format!("SSL error: {error}"),
        };
        Error::broken(message).with_sqlstate(state).caused_by(error)
    }
}

fn internal(error: &rustls::Error) -> Error {
    Error::operational(format!("could not create SSL context: {error}"))
}

/// An alert of the server's in OpenSSL's words, which are libpq's.
fn alert_text(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let text = match alert {
        A::HandshakeFailure => "sslv3 alert handshake failure",
        A::BadCertificate => "sslv3 alert bad certificate",
        A::UnsupportedCertificate => "sslv3 alert unsupported certificate",
        A::CertificateRevoked => "sslv3 alert certificate revoked",
        A::CertificateExpired => "sslv3 alert certificate expired",
        A::CertificateUnknown => "sslv3 alert certificate unknown",
        A::IllegalParameter => "sslv3 alert illegal parameter",
        A::UnexpectedMessage => "sslv3 alert unexpected message",
        A::UnknownCA => "tlsv1 alert unknown ca",
        A::AccessDenied => "tlsv1 alert access denied",
        A::DecodeError => "tlsv1 alert decode error",
        A::DecryptError => "tlsv1 alert decrypt error",
        A::InsufficientSecurity => "tlsv1 alert insufficient security",
        A::InternalError => "tlsv1 alert internal error",
        A::UnrecognisedName => "tlsv1 unrecognized name",
        A::CertificateRequired => "tlsv13 alert certificate required",
        A::NoApplicationProtocol => "tlsv1 alert no application protocol",
        _ => return format!("the server sent the alert {alert:?}"),
    };
    text.to_owned()
}

/// rustls' AWS-LC provider with one group more, and without what nothing here asks for: webpki's algorithms, and
/// the reading of keys.
fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: aws_lc_rs::DEFAULT_CIPHER_SUITES.to_vec(),
        kx_groups: aws_lc_rs::DEFAULT_KX_GROUPS
            .iter()
            .copied()
            .chain([&Secp521r1 as _])
            .collect(),
        signature_verification_algorithms: WebPkiSupportedAlgorithms {
            all: &[],
            mapping: &[],
        },
        secure_random: &Random,
        key_provider: &NoKeys,
    }
}

/// The system's own source of randomness.
#[derive(Debug)]
struct Random;

impl SecureRandom for Random {
    fn fill(&self, bytes: &mut [u8]) -> std::result::Result<(), GetRandomFailed> {
        getrandom::fill(bytes).map_err(|_| GetRandomFailed)
    }
}

/// Keys come from AWS-LC's own reader (`evp`).
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _key: PrivateKeyDer<'static>,
    ) -> std::result::Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("keys are not read here".to_owned()))
    }
}
