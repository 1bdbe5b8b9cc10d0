//! What rustls asks of a server's certificate, answered by AWS-LC and by libpq's rules of names.
//!
//! rustls parses nothing here: chain and handshake signature both go through AWS-LC's parser, or an X.509 v1
//! certificate, which the manual's own recipe makes, would be refused. Why a certificate was refused is kept in
//! words beside the alert that rustls sends.

use std::fmt;
use std::sync::Arc;

use aws_lc_sys as lc;
use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

use super::evp::VERIFY_SCHEMES;
use super::names::{self, Names};
use super::x509::{Certificate, Rejection, Store};

/// What a handshake showed, beside what rustls tells of it.
#[derive(Debug, Default)]
pub(super) struct Observed(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    refusal: Option<String>,
    requested: bool,
    sent: bool,
}

impl Observed {
    /// Why the server's certificate was refused, once.
    pub(super) fn take_refusal(&self) -> Option<String> {
        self.0.lock().refusal.take()
    }

    /// The server asked for a certificate; `sent` is whether it got one.
    pub(super) fn note_request(&self, sent: bool) {
        let mut notes = self.0.lock();
        notes.requested = true;
        notes.sent = sent;
    }

    /// Whether the server asked for a certificate.
    pub(super) fn was_requested(&self) -> bool {
        self.0.lock().requested
    }

    /// Whether it got one.
    pub(super) fn was_sent(&self) -> bool {
        self.0.lock().sent
    }

    fn refuse(&self, reason: String, kind: CertificateError) -> rustls::Error {
        self.0.lock().refusal = Some(reason);
        rustls::Error::InvalidCertificate(kind)
    }
}

/// The verifier of one session.
pub(super) struct Verifier {
    /// Without anchors any certificate will do, as long as the server has its key.
    pub(super) trust: Option<Arc<Store>>,
    /// The host that the certificate must be for.
    pub(super) host: Option<String>,
    pub(super) observed: Arc<Observed>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.trust.is_some())
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    fn parse(&self, der: &CertificateDer<'_>) -> Result<Certificate, rustls::Error> {
        Certificate::from_der(der).map_err(|reason| {
            self.observed.refuse(
                format!("SSL error: the server's certificate cannot be read: {reason}"),
                CertificateError::BadEncoding,
            )
        })
    }

    fn verify_signature(
        &self,
        message: &[u8],
        der: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        strict: bool,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let valid = self
            .parse(der)?
            .public_key()
            .is_some_and(|key| key.verify(signed.scheme, message, signed.signature(), strict));
        if valid {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(self.observed.refuse(
            "SSL error: the server's handshake signature is not valid for its certificate"
                .to_owned(),
            CertificateError::BadSignature,
        ))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let leaf = self.parse(end_entity)?;
        let others = intermediates
            .iter()
            .map(|der| self.parse(der))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(trust) = &self.trust {
            let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            trust.verify(&leaf, &others, now).map_err(|rejection| {
                self.observed.refuse(
                    format!("SSL error: certificate verify failed: {}", rejection.reason),
                    alert_for(&rejection),
                )
            })?;
        }
        if let Some(host) = &self.host {
            let names = Names {
                alt: leaf.alt_names(),
                common: leaf.common_name(),
            };
            names::check(&names, host).map_err(|reason| {
                self.observed
                    .refuse(reason, CertificateError::NotValidForName)
            })?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature(message, cert, dss, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature(message, cert, dss, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        VERIFY_SCHEMES.to_vec()
    }
}

/// The kind of refusal that makes rustls send the alert that OpenSSL would.
fn alert_for(rejection: &Rejection) -> CertificateError {
    match rejection.code {
        lc::X509_V_ERR_CERT_HAS_EXPIRED | lc::X509_V_ERR_CERT_NOT_YET_VALID => {
            CertificateError::Expired
        }
        lc::X509_V_ERR_CERT_REVOKED => CertificateError::Revoked,
        lc::X509_V_ERR_UNABLE_TO_GET_CRL
        | lc::X509_V_ERR_CRL_HAS_EXPIRED
        | lc::X509_V_ERR_CRL_NOT_YET_VALID => CertificateError::UnknownRevocationStatus,
        lc::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
        | lc::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        | lc::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
        | lc::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
        | lc::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
        | lc::X509_V_ERR_INVALID_CA => CertificateError::UnknownIssuer,
        lc::X509_V_ERR_CERT_SIGNATURE_FAILURE | lc::X509_V_ERR_CRL_SIGNATURE_FAILURE => {
            CertificateError::BadSignature
        }
        lc::X509_V_ERR_INVALID_PURPOSE => CertificateError::InvalidPurpose,
        lc::X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION => CertificateError::UnhandledCriticalExtension,
        _ => CertificateError::ApplicationVerificationFailure,
    }
}
