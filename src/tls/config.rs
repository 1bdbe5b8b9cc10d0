//! What the connection string says about TLS, loaded and checked: trust anchors, revocation lists, the client's
//! certificate and key, versions.
//!
//! Owns libpq's order of doing so and its defaults (which file is read when, which may be missing); errors name
//! the keyword, the file and the reason, never a password. Source: PostgreSQL 18 manual, "SSL Support" and
//! "Parameter Key Words". Where it is stricter than libpq, which passes over unreadable revocation lists and key
//! logs in silence, the function says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::pki_types::{DnsName, ServerName};

use super::client::Identity;
use super::evp::Key;
use super::files::{self, Environment, KeyFileError};
use super::keylog::KeyLogFile;
use super::x509::{Certificate, Store};
use crate::error::{Error, Result};

/// What the sslmode asks to be verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verify {
    /// allow, prefer, require: nothing, unless there is a file of root certificates, in which case the chain.
    #[default]
    None,
    /// verify-ca: the chain.
    Ca,
    /// verify-full: the chain, and that the certificate is for the host.
    Full,
}

/// `sslcertmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CertMode {
    /// No certificate is sent, even if there is one.
    Disable,
    /// A certificate is sent if there is one and the server asks.
    #[default]
    Allow,
    /// The server must ask, and be sent one.
    Require,
}

/// The connection string's words on TLS. An empty string is one not given, as in libpq.
/// No `Debug`: it holds secrets.
#[derive(Clone, Copy, Default)]
pub(crate) struct Settings<'a> {
    pub(crate) verify: Verify,
    /// The name or address in `host`: what verify-full checks, and SNI sends.
    pub(crate) host: &'a str,
    /// A file, or "system".
    pub(crate) sslrootcert: Option<&'a str>,
    pub(crate) sslcert: Option<&'a str>,
    pub(crate) sslkey: Option<&'a str>,
    pub(crate) sslpassword: Option<&'a [u8]>,
    pub(crate) sslcrl: Option<&'a str>,
    pub(crate) sslcrldir: Option<&'a str>,
    pub(crate) sslcertmode: CertMode,
    pub(crate) sslsni: bool,
    pub(crate) ssl_min_protocol_version: Option<&'a str>,
    pub(crate) ssl_max_protocol_version: Option<&'a str>,
    pub(crate) sslkeylogfile: Option<&'a str>,
    /// Ours: the same from memory.
    pub(crate) sslrootcert_pem: Option<&'a str>,
    pub(crate) sslcert_pem: Option<&'a str>,
    pub(crate) sslkey_pem: Option<&'a str>,
    /// `sslnegotiation=direct`: the server must select "postgresql" in ALPN.
    pub(crate) direct: bool,
}

/// Everything that sessions need, loaded. Cheap to start sessions from.
pub(crate) struct TlsConfig {
    pub(super) trust: Option<Arc<Store>>,
    pub(super) check_host: Option<String>,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) cert_mode: CertMode,
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) key_log: Option<Arc<KeyLogFile>>,
    pub(super) direct: bool,
}

impl TlsConfig {
    /// Loads what `settings` name, in libpq's order.
    pub(crate) fn load(settings: &Settings<'_>, env: &dyn Environment) -> Result<TlsConfig> {
        let settings = &settings.without_empty();
        let versions = versions(
            settings.ssl_min_protocol_version,
            settings.ssl_max_protocol_version,
        )?;
        if settings.verify == Verify::Full && settings.host.is_empty() {
            return Err(Error::operational(
                "host name must be specified for a verified SSL connection",
            ));
        }
        exclusive(settings)?;
        let trust = trust(settings, env)?;
        let identity = identity(settings, env, trust.as_ref())?;
        let key_log = key_log(settings)?;
        Ok(TlsConfig {
            trust: trust.map(Arc::new),
            check_host: (settings.verify == Verify::Full).then(|| settings.host.to_owned()),
            identity: identity.map(Arc::new),
            cert_mode: settings.sslcertmode,
            versions,
            server_name: server_name(settings),
            key_log: key_log.map(Arc::new),
            direct: settings.direct,
        })
    }

    /// What `load` refuses and libpq does not: revocation lists and a key log that were asked for and cannot be
    /// had, and keywords of ours that exclude another. Such an error is no reason to go on without TLS, where
    /// sslmode allows that: libpq would have it.
    pub(crate) fn check_beyond_libpq(settings: &Settings<'_>, env: &dyn Environment) -> Result<()> {
        let settings = &settings.without_empty();
        exclusive(settings)?;
        let verifies = settings.sslrootcert_pem.is_some()
            || settings.sslrootcert == Some("system")
            || root_file(settings, env).is_some_and(|path| path.exists());
        if verifies {
            let mut scratch = Store::new().map_err(Error::operational)?;
            add_revocation_lists(&mut scratch, settings, env)?;
        }
        key_log(settings).map(drop)
    }

    /// "TLSv1.2 and TLSv1.3".
    pub(super) fn version_range(&self) -> String {
        let name = |version: &SupportedProtocolVersion| match version.version {
            rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
            _ => "TLSv1.3",
        };
        let mut names: Vec<_> = self.versions.iter().map(|version| name(version)).collect();
        names.sort_unstable();
        match names.as_slice() {
            [only] => format!("{only} and {only}"),
            _ => names.join(" and "),
        }
    }
}

impl<'a> Settings<'a> {
    fn without_empty(&self) -> Settings<'a> {
        let given = |value: Option<&'a str>| value.filter(|value| !value.is_empty());
        Settings {
            sslrootcert: given(self.sslrootcert),
            sslcert: given(self.sslcert),
            sslkey: given(self.sslkey),
            sslcrl: given(self.sslcrl),
            sslcrldir: given(self.sslcrldir),
            ssl_min_protocol_version: given(self.ssl_min_protocol_version),
            ssl_max_protocol_version: given(self.ssl_max_protocol_version),
            sslkeylogfile: given(self.sslkeylogfile),
            sslrootcert_pem: given(self.sslrootcert_pem),
            sslcert_pem: given(self.sslcert_pem),
            sslkey_pem: given(self.sslkey_pem),
            ..*self
        }
    }
}

/// The versions within the limits. rustls has none below 1.2, so a minimum below that is met by 1.2.
fn versions(
    min: Option<&str>,
    max: Option<&str>,
) -> Result<Vec<&'static SupportedProtocolVersion>> {
    let number = |keyword: &str, value: &str| {
        ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
            .iter()
            .position(|name| name.eq_ignore_ascii_case(value))
            .ok_or_else(|| Error::operational(format!("invalid \"{keyword}\" value: \"{value}\"")))
    };
    let min_number = min.map_or(Ok(0), |min| number("ssl_min_protocol_version", min))?;
    let max_number = max.map_or(Ok(3), |max| number("ssl_max_protocol_version", max))?;
    if max_number < min_number {
        return Err(Error::operational("invalid SSL protocol version range"));
    }
    if max_number < 2 {
        return Err(Error::not_supported(format!(
            "ssl_max_protocol_version \"{}\" is not supported: this library speaks TLSv1.2 and TLSv1.3",
            max.unwrap_or_default()
        )));
    }
    let mut versions = Vec::new();
    if max_number >= 3 {
        versions.push(&rustls::version::TLS13);
    }
    if min_number <= 2 {
        versions.push(&rustls::version::TLS12);
    }
    Ok(versions)
}

/// The name to send in SNI: none for what looks like an address to libpq, nor for what is no DNS name.
fn server_name(settings: &Settings<'_>) -> Option<ServerName<'static>> {
    let host = settings.host;
    let address = host.chars().all(|c| c.is_ascii_digit() || c == '.') || host.contains(':');
    if !settings.sslsni || address {
        return None;
    }
    let name = DnsName::try_from(host.to_owned()).ok()?;
    Some(ServerName::DnsName(name))
}

/// Ours take the place of libpq's.
fn exclusive(settings: &Settings<'_>) -> Result<()> {
    for (pem, file, keyword) in [
        (
            settings.sslrootcert_pem,
            settings.sslrootcert,
            "sslrootcert",
        ),
        (settings.sslcert_pem, settings.sslcert, "sslcert"),
        (settings.sslkey_pem, settings.sslkey, "sslkey"),
    ] {
        if pem.is_some() && file.is_some() {
            return Err(Error::operational(format!(
                "both \"{keyword}_pem\" and \"{keyword}\" are given"
            )));
        }
    }
    Ok(())
}

/// The log of keys. libpq goes on without the one that was asked for.
fn key_log(settings: &Settings<'_>) -> Result<Option<KeyLogFile>> {
    let Some(path) = settings.sslkeylogfile else {
        return Ok(None);
    };
    KeyLogFile::open(Path::new(path))
        .map(Some)
        .map_err(|error| {
            Error::operational(format!(
                "could not open SSL key logging file \"{path}\" (sslkeylogfile): {error}"
            ))
        })
}

/// Where the root certificates are, if they are in a file.
fn root_file(settings: &Settings<'_>, env: &dyn Environment) -> Option<PathBuf> {
    match settings.sslrootcert {
        Some(path) => Some(PathBuf::from(path)),
        None => files::in_home(env, files::ROOT_CERTIFICATE),
    }
}

/// The trust anchors and revocation lists, if the server's certificate is to be verified.
fn trust(settings: &Settings<'_>, env: &dyn Environment) -> Result<Option<Store>> {
    let mut store = Store::new().map_err(Error::operational)?;
    let system = settings.sslrootcert == Some("system");
    if let Some(pem) = settings.sslrootcert_pem {
        add_roots(&mut store, pem.as_bytes())
            .map_err(|reason| in_memory("root certificates", "sslrootcert_pem", &reason))?;
    } else if system {
        if settings.verify != Verify::Full {
            return Err(Error::operational(
                "weak sslmode may not be used with sslrootcert=system (use \"verify-full\")",
            ));
        }
        add_system_roots(&mut store, env)?;
    } else {
        let Some(path) = root_file(settings, env).filter(|path| path.exists()) else {
            return match settings.verify {
                Verify::None => Ok(None),
                Verify::Ca | Verify::Full => Err(no_root_file(settings, env)),
            };
        };
        let shown = path.display();
        files::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|pem| add_roots(&mut store, &pem))
            .map_err(|reason| {
                Error::operational(format!(
                    "could not read root certificate file \"{shown}\" (sslrootcert): {reason}"
                ))
            })?;
    }
    add_revocation_lists(&mut store, settings, env)?;
    Ok(Some(store))
}

fn add_roots(store: &mut Store, pem: &[u8]) -> std::result::Result<(), String> {
    match store.add_pem(pem, true)? {
        added if added.certificates + added.lists > 0 => Ok(()),
        _ => Err("no certificate or crl found".to_owned()),
    }
}

/// The message for verify-ca and verify-full without a file of root certificates.
fn no_root_file(settings: &Settings<'_>, env: &dyn Environment) -> Error {
    let problem = root_file(settings, env).map_or_else(
        || "could not get home directory to locate root certificate file".to_owned(),
        |path| {
            format!(
                "root certificate file \"{}\" does not exist",
                path.display()
            )
        },
    );
    Error::operational(format!(
        "{problem}\nEither provide the file, use the system's trusted roots with sslrootcert=system, or change sslmode to disable server certificate verification."
    ))
}

/// Where systems keep their trusted roots in one file: Debian; Red Hat; SUSE; Alpine, OpenBSD and macOS; FreeBSD.
const SYSTEM_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];
/// And where in a directory of hashed names.
const SYSTEM_DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// OpenSSL's default paths: each is overridden by its variable, and a list of directories has colons.
fn add_system_roots(store: &mut Store, env: &dyn Environment) -> Result<()> {
    let failed = |what: String| {
        Error::operational(format!("could not load system root certificates: {what}"))
    };
    let given = |name: &str| env.var(name).filter(|value| !value.is_empty());
    let file = given("SSL_CERT_FILE").map(PathBuf::from).or_else(|| {
        SYSTEM_FILES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    });
    let mut found = false;
    if let Some(path) = file.filter(|path| path.exists()) {
        files::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|pem| add_roots(store, &pem))
            .map_err(|reason| failed(format!("\"{}\": {reason}", path.display())))?;
        found = true;
    }
    let directories = match given("SSL_CERT_DIR") {
        Some(list) => list.split(':').map(PathBuf::from).collect(),
        None => SYSTEM_DIRECTORIES
            .iter()
            .map(PathBuf::from)
            .collect::<Vec<_>>(),
    };
    for directory in directories.iter().filter(|path| path.is_dir()) {
        store
            .add_hashed_directory(directory)
            .map_err(|reason| failed(format!("\"{}\": {reason}", directory.display())))?;
        found = true;
    }
    if found {
        return Ok(());
    }
    Err(failed(
        "this system keeps none where they are looked for".to_owned(),
    ))
}

/// The revocation lists. libpq passes over a list that was named and cannot be read, and over all of them with
/// sslrootcert=system: here the first is an error, and the second are used.
fn add_revocation_lists(
    store: &mut Store,
    settings: &Settings<'_>,
    env: &dyn Environment,
) -> Result<()> {
    let named = settings.sslcrl.is_some() || settings.sslcrldir.is_some();
    let from_files = settings.sslrootcert != Some("system") && settings.sslrootcert_pem.is_none();
    let by_default = || {
        files::in_home(env, files::ROOT_LIST).filter(|path| !named && from_files && path.exists())
    };
    if let Some(path) = settings.sslcrl.map(PathBuf::from).or_else(by_default) {
        add_list(store, &path).map_err(|reason| {
            Error::operational(format!(
                "could not read certificate revocation list file \"{}\" (sslcrl): {reason}",
                path.display()
            ))
        })?;
        store.require_revocation_lists();
    }
    if let Some(directory) = settings.sslcrldir {
        let failed = |reason: String| {
            Error::operational(format!(
                "could not read certificate revocation list directory \"{directory}\" (sslcrldir): {reason}"
            ))
        };
        for path in files::list(Path::new(directory)).map_err(|error| failed(error.to_string()))? {
            // Other files may lie there; OpenSSL would not look at them either.
            if let Err(reason) = add_list(store, &path)
                && is_hashed_name(&path)
            {
                return Err(failed(format!("\"{}\": {reason}", path.display())));
            }
        }
        store.require_revocation_lists();
    }
    Ok(())
}

/// The lists of one file; its certificates are nobody's anchors.
fn add_list(store: &mut Store, path: &Path) -> std::result::Result<(), String> {
    let pem = files::read(path).map_err(|error| error.to_string())?;
    match store.add_pem(&pem, false)? {
        added if added.lists > 0 => Ok(()),
        _ => Err("no crl found".to_owned()),
    }
}

/// `0123abcd.r0`, as c_rehash names a revocation list.
fn is_hashed_name(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.split_once(".r"))
        .is_some_and(|(hash, number)| {
            hash.len() == 8
                && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The client's certificate and key, if there is one and it may be sent.
fn identity(
    settings: &Settings<'_>,
    env: &dyn Environment,
    trust: Option<&Store>,
) -> Result<Option<Identity>> {
    if settings.sslcertmode == CertMode::Disable {
        return Ok(None);
    }
    let Some(mut chain) = client_chain(settings, env)? else {
        return Ok(None);
    };
    let Some(leaf) = chain.first() else {
        return Ok(None);
    };
    let (key, key_name) = client_key(settings, env)?;
    leaf.matches(&key).map_err(|reason| {
        Error::operational(format!("certificate does not match {key_name}: {reason}"))
    })?;
    if let (Some(store), [only]) = (trust, chain.as_slice()) {
        // As OpenSSL does for a file of one certificate.
        let built = store.chain_of(only);
        if !built.is_empty() {
            chain = built;
        }
    }
    let chain = chain.iter().filter_map(Certificate::to_der).collect();
    Ok(Some(Identity::new(chain, key)))
}

fn client_chain(
    settings: &Settings<'_>,
    env: &dyn Environment,
) -> Result<Option<Vec<Certificate>>> {
    if let Some(pem) = settings.sslcert_pem {
        return Certificate::chain_from_pem(pem.as_bytes())
            .map(Some)
            .map_err(|reason| in_memory("certificate", "sslcert_pem", &reason));
    }
    let path = match settings.sslcert {
        Some(path) => Some(PathBuf::from(path)),
        None => files::in_home(env, files::USER_CERTIFICATE),
    };
    let Some(path) = path else {
        return Ok(None);
    };
    let shown = path.display();
    if let Err(error) = std::fs::metadata(&path) {
        // Even one that was named may be missing: the server may let us in without.
        if files::is_absent(&error) {
            return Ok(None);
        }
        return Err(Error::operational(format!(
            "could not open certificate file \"{shown}\" (sslcert): {error}"
        )));
    }
    files::read(&path)
        .map_err(|error| error.to_string())
        .and_then(|pem| Certificate::chain_from_pem(&pem))
        .map(Some)
        .map_err(|reason| {
            Error::operational(format!(
                "could not read certificate file \"{shown}\" (sslcert): {reason}"
            ))
        })
}

/// The key, and what to call it in a message.
fn client_key(settings: &Settings<'_>, env: &dyn Environment) -> Result<(Key, String)> {
    if let Some(pem) = settings.sslkey_pem {
        let key = Key::from_private(pem.as_bytes(), settings.sslpassword)
            .map_err(|reason| in_memory("private key", "sslkey_pem", &reason))?;
        return Ok((key, "the private key in sslkey_pem".to_owned()));
    }
    let path = match settings.sslkey {
        Some(path) => Some(PathBuf::from(path)),
        None => files::in_home(env, files::USER_KEY),
    };
    let Some(path) = path else {
        return Err(Error::operational(
            "certificate present, but no private key (sslkey), and no home directory to look for one in",
        ));
    };
    let shown = path.display();
    let bytes = files::read_key(&path).map_err(|error| {
        Error::operational(match error {
            KeyFileError::Absent => {
                format!("certificate present, but not private key file \"{shown}\" (sslkey)")
            }
            KeyFileError::Refused(reason) => reason,
        })
    })?;
    let key = Key::from_private(&bytes, settings.sslpassword).map_err(|reason| {
        Error::operational(format!(
            "could not load private key file \"{shown}\" (sslkey): {reason}"
        ))
    })?;
    Ok((key, format!("private key file \"{shown}\" (sslkey)")))
}

fn in_memory(what: &str, keyword: &str, reason: &str) -> Error {
    Error::operational(format!("could not read the {what} in {keyword}: {reason}"))
}
