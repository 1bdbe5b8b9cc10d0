//! Handshakes in memory against a rustls server that shows the certificates of `testdata`.
//!
//! `testdata/cases.txt` holds what libpq said of each case (`libpq_verdicts.sh` asked it); `DEVIATIONS` the
//! cases where ours differs on purpose.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};

use super::client::Identity;
use super::evp::Key;
use super::files::Environment;
use super::x509::Certificate;
use super::*;
use crate::error::{Class, Result};

mod cases;
mod identity;
mod mutations;
mod session;

pub(super) type Versions = &'static [&'static rustls::SupportedProtocolVersion];
pub(super) static TLS12: Versions = &[&rustls::version::TLS12];
pub(super) static TLS13: Versions = &[&rustls::version::TLS13];

pub(super) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/tls/testdata")
        .join(name)
}

pub(super) fn text(name: &str) -> String {
    std::fs::read_to_string(data(name)).unwrap()
}

/// A world of its own: a home directory, and variables.
#[derive(Default)]
pub(super) struct World {
    pub(super) home: Option<PathBuf>,
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Environment for World {
    fn var(&self, name: &str) -> Option<String> {
        let found = self.variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone())
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }
}

/// A directory that goes with the test.
pub(super) struct Temporary(pub(super) PathBuf);

impl Temporary {
    pub(super) fn new(name: &str) -> Temporary {
        let path = std::env::temp_dir().join(format!("dbapi-tls-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Temporary(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Settings that verify nothing.
pub(super) fn settings<'a>() -> Settings<'a> {
    Settings {
        host: "db.example",
        sslsni: true,
        ..Settings::default()
    }
}

/// The server's side of a test.
pub(super) struct Server {
    pub(super) chain: &'static str,
    pub(super) key: &'static str,
    pub(super) asks: bool,
    pub(super) alpn: Option<&'static [u8]>,
    pub(super) versions: Versions,
    pub(super) groups: Option<&'static [&'static dyn rustls::crypto::SupportedKxGroup]>,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            chain: "dns.crt",
            key: "server.key",
            asks: false,
            alpn: Some(b"postgresql"),
            versions: rustls::ALL_VERSIONS,
            groups: None,
        }
    }
}

#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Asks for a certificate and takes any, as long as its key signed.
#[derive(Debug)]
struct Asks;

impl ClientCertVerifier for Asks {
    fn client_auth_mandatory(&self) -> bool {
        false
    }
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        &[]
    }
    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: rustls::pki_types::UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> std::result::Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let key = Certificate::from_der(cert).unwrap().public_key().unwrap();
        assert!(key.verify(dss.scheme, message, dss.signature(), false));
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> std::result::Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let key = Certificate::from_der(cert).unwrap().public_key().unwrap();
        assert!(key.verify(dss.scheme, message, dss.signature(), true));
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        super::evp::VERIFY_SCHEMES.to_vec()
    }
}

impl Server {
    pub(super) fn start(&self) -> ServerConnection {
        let chain = Certificate::chain_from_pem(text(self.chain).as_bytes()).unwrap();
        let key = Key::from_private(text(self.key).as_bytes(), None).unwrap();
        let chain = chain.iter().map(|link| link.to_der().unwrap()).collect();
        let shown = Arc::clone(Identity::new(chain, key).certified());
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        if let Some(groups) = self.groups {
            provider.kx_groups = groups.to_vec();
        }
        let builder = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = if self.asks {
            builder.with_client_cert_verifier(Arc::new(Asks))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(Arc::new(Shows(shown)));
        config.alpn_protocols = self.alpn.map(<[u8]>::to_vec).into_iter().collect();
        ServerConnection::new(Arc::new(config)).unwrap()
    }
}

/// Carries what the client has to say, `step` bytes at a time, to the server.
pub(super) fn to_server(client: &mut TlsSession, server: &mut ServerConnection, step: usize) {
    loop {
        let waiting = client.poll_transmit();
        if waiting.is_empty() {
            return;
        }
        let mut piece = &waiting[..waiting.len().min(step)];
        let count = server.read_tls(&mut piece).unwrap();
        // What the server makes of it shows in what it answers.
        let _ = server.process_new_packets();
        client.handle_sent(count);
    }
}

/// And back.
pub(super) fn to_client(
    server: &mut ServerConnection,
    client: &mut TlsSession,
    step: usize,
) -> Result<()> {
    let mut waiting = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut waiting).unwrap();
    }
    for mut piece in waiting.chunks(step) {
        while !piece.is_empty() {
            let (space, most) = client.receive_space();
            assert!(most > 0, "room for what arrives");
            let count = most.min(piece.len());
            space.extend_from_slice(&piece[..count]);
            piece = &piece[count..];
            client.handle_received()?;
        }
    }
    Ok(())
}

/// The whole handshake, `step` bytes at a time.
pub(super) fn shake(
    config: &TlsConfig,
    server: &Server,
    step: usize,
) -> Result<(TlsSession, ServerConnection)> {
    let mut client = TlsSession::start(config)?;
    let mut server = server.start();
    for _ in 0..8 {
        to_server(&mut client, &mut server, step);
        to_client(&mut server, &mut client, step)?;
    }
    assert!(!client.is_handshaking(), "the handshake comes to an end");
    Ok((client, server))
}
