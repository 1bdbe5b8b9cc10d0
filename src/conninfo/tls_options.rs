//! What of TLS is given as text: names of files, and PEM from memory.
//!
//! Source: manual, "Parameter Key Words"; the `_pem` keywords are ours. Reads nothing: `tls` does.

use super::{Conninfo, Password};

/// As given; what is empty is not given. No `Debug`: it holds secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsOptions {
    /// A file, or `system`.
    pub(crate) sslrootcert: Option<String>,
    /// A file.
    pub(crate) sslcert: Option<String>,
    /// A file.
    pub(crate) sslkey: Option<String>,
    /// What the key is encrypted with. An empty one counts: it keeps a key from being asked about.
    pub(crate) sslpassword: Option<Password>,
    /// A file.
    pub(crate) sslcrl: Option<String>,
    /// A directory.
    pub(crate) sslcrldir: Option<String>,
    /// A file.
    pub(crate) sslkeylogfile: Option<String>,
    /// Root certificates.
    pub(crate) sslrootcert_pem: Option<String>,
    /// The client's certificates.
    pub(crate) sslcert_pem: Option<String>,
    /// The client's key.
    pub(crate) sslkey_pem: Option<String>,
}

impl Conninfo {
    pub(super) fn tls_options(&self) -> TlsOptions {
        let text = |keyword| self.get_non_empty(keyword).map(str::to_owned);
        TlsOptions {
            sslrootcert: text("sslrootcert"),
            sslcert: text("sslcert"),
            sslkey: text("sslkey"),
            sslpassword: self.get("sslpassword").map(Password::new),
            sslcrl: text("sslcrl"),
            sslcrldir: text("sslcrldir"),
            sslkeylogfile: text("sslkeylogfile"),
            sslrootcert_pem: text("sslrootcert_pem"),
            sslcert_pem: text("sslcert_pem"),
            sslkey_pem: text("sslkey_pem"),
        }
    }
}
