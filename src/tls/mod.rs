//! TLS towards a PostgreSQL server, with libpq's verdicts: what is loaded from files, what is asked of the
//! server's certificate, and the session itself, as a machine over bytes.
//!
//! rustls speaks the protocol; AWS-LC judges the certificates (`x509`), since webpki, which rustls would ask, is
//! stricter and laxer than libpq in a dozen ways. The rest is libpq's own: which files are read when (`config`),
//! whose name must be in the certificate (`names`). No sockets and no clock but AWS-LC's and rustls' own; who
//! sends an SSLRequest, and what the sslmodes fall back to, is `net`'s.
//!
//! Sources: PostgreSQL 18 manual, "SSL Support" and "Parameter Key Words"; RFC 5246, 8446 (TLS), 7301 (ALPN),
//! 5280 (X.509), 5929 (channel binding).

mod client;
mod config;
mod evp;
mod files;
mod keylog;
mod names;
mod p521;
mod session;
#[cfg(test)]
mod tests;
mod verifier;
mod x509;

pub(crate) use config::{CertMode, Settings, TlsConfig, Verify};
pub(crate) use files::ProcessEnvironment;
pub(crate) use session::{Plaintext, TlsSession};
