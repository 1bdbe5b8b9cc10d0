//! The client's side of authentication: its certificate and key, and whether the server asked for them.
//!
//! As libpq, it shows its certificate to whoever asks, whatever authorities the server names, and counts it as
//! sent only if its key can sign as the server wants. Sources: RFC 8446, 4.3.2 and 4.4.2; manual, "sslcertmode".

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::evp::Key;
use super::verifier::Observed;

/// A certificate chain and the key to its first certificate.
#[derive(Debug)]
pub(super) struct Identity {
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// The key must be that of the first certificate.
    pub(super) fn new(chain: Vec<Vec<u8>>, key: Key) -> Identity {
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let key = Arc::new(PrivateKey(Arc::new(key)));
        Identity {
            certified: Arc::new(CertifiedKey::new(chain, key)),
        }
    }

    /// Chain and key as rustls wants them.
    #[cfg(test)]
    pub(super) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }
}

/// Answers the server's request for a certificate, and notes that there was one.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) observed: Arc<Observed>,
}

impl ResolvesClientCert for Answer {
    fn resolve(
        &self,
        _issuers: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let certified = self
            .identity
            .as_ref()
            .map(|identity| &identity.certified)
            .filter(|certified| certified.key.choose_scheme(schemes).is_some());
        self.observed.note_request(certified.is_some());
        certified.cloned()
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// AWS-LC's key as rustls wants one.
#[derive(Debug)]
struct PrivateKey(Arc<Key>);

impl SigningKey for PrivateKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self
            .0
            .schemes()
            .iter()
            .find(|scheme| offered.contains(scheme))?;
        Some(Box::new(Pen {
            key: Arc::clone(&self.0),
            scheme,
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.schemes().first() {
            Some(SignatureScheme::ED25519) => SignatureAlgorithm::ED25519,
            Some(
                SignatureScheme::ECDSA_NISTP256_SHA256
                | SignatureScheme::ECDSA_NISTP384_SHA384
                | SignatureScheme::ECDSA_NISTP521_SHA512,
            ) => SignatureAlgorithm::ECDSA,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

/// A key and the scheme it will sign with.
#[derive(Debug)]
struct Pen {
    key: Arc<Key>,
    scheme: SignatureScheme,
}

impl Signer for Pen {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.key
            .sign(self.scheme, message)
            .map_err(rustls::Error::General)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
