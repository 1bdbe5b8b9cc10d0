//! The typed form of a `Conninfo`, every value checked: what `net` connects with.
//!
//! Source: manual, "Parameter Key Words" and "Environment Variables". Owns the rules that involve several
//! keywords, and reads the password file.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::dsn::invalid_value;
use super::environment::Environment;
use super::hosts::Host;
use super::passfile::{PassFile, Password};
use super::require_auth::RequireAuth;
use super::resolve::default_passfile;
use super::tls_options::TlsOptions;
use super::values::{
    ChannelBinding, GssEncMode, LoadBalanceHosts, ProtocolVersion, SslCertMode, SslMode,
    SslNegotiation, TargetSessionAttrs, TlsVersion,
};
use super::{Conninfo, refusals};
use crate::error::Result;

/// Session settings that have a variable and no keyword, and the names of the server's parameters.
static STARTUP_VARIABLES: [(&str, &str); 3] = [
    ("PGDATESTYLE", "datestyle"),
    ("PGTZ", "timezone"),
    ("PGGEQO", "geqo"),
];

/// The most that `prepare_threshold` and `prepared_max` can be: more is a mistake.
pub(crate) const MOST_USES: u32 = 1_000_000;
pub(crate) const MOST_PREPARED: u32 = 10_000;
/// The most that `busy_poll` can be, in microseconds: a wait that long is no short one.
const LONGEST_POLL: u32 = 10_000;

/// Everything needed to connect. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// In the order in which they are to be tried; at least one.
    pub(crate) hosts: Vec<Host>,
    /// Never empty.
    pub(crate) user: String,
    /// The one given for all hosts. See `password_for`.
    pub(crate) password: Option<Password>,
    /// Never empty.
    pub(crate) dbname: String,
    /// For each host (and each of its addresses); None: wait for ever. One second is one second, as since
    /// libpq 17.
    pub(crate) connect_timeout: Option<Duration>,
    /// What connecting, and any later call, may take; None: as long as it takes.
    pub(crate) timeout: Option<Duration>,
    /// With fallback_application_name applied.
    pub(crate) application_name: Option<String>,
    /// Command-line options for the server.
    pub(crate) options: Option<String>,
    /// As given; `auto` is not resolved.
    pub(crate) client_encoding: Option<String>,
    /// As given: the server knows the values.
    pub(crate) replication: Option<String>,
    /// What goes into the start-up packet because a variable says so: PGDATESTYLE, PGTZ, PGGEQO.
    pub(crate) startup_settings: Vec<(String, String)>,
    /// Whether TCP keepalives are on.
    pub(crate) keepalives: bool,
    /// None: the system's default.
    pub(crate) keepalives_idle: Option<Duration>,
    /// None: the system's default.
    pub(crate) keepalives_interval: Option<Duration>,
    /// None: the system's default.
    pub(crate) keepalives_count: Option<u32>,
    /// None: the system's default.
    pub(crate) tcp_user_timeout: Option<Duration>,
    /// The user that the server must run as, on a Unix socket.
    pub(crate) require_peer: Option<String>,
    /// Which server will do.
    pub(crate) target_session_attrs: TargetSessionAttrs,
    /// The order of hosts.
    pub(crate) load_balance_hosts: LoadBalanceHosts,
    /// Not above `max_protocol_version`.
    pub(crate) min_protocol_version: ProtocolVersion,
    /// What to ask the server for.
    pub(crate) max_protocol_version: ProtocolVersion,
    /// Channel binding.
    pub(crate) channel_binding: ChannelBinding,
    /// The ways of authentication a server may ask for.
    pub(crate) require_auth: RequireAuth,
    /// How many SCRAM iterations a server may ask for.
    pub(crate) scram_max_iterations: u32,
    /// At which use a statement is prepared; 0: never.
    pub(crate) prepare_threshold: u32,
    /// How many statements are kept prepared; 0: none.
    pub(crate) prepared_max: u32,
    /// How long a call may look for its answer again and again before it sleeps.
    pub(crate) busy_poll: Duration,
    /// SCRAM's ClientKey: what proves us in place of the password.
    pub(crate) scram_client_key: Option<[u8; 32]>,
    /// SCRAM's ServerKey: what the server's proof is checked with.
    pub(crate) scram_server_key: Option<[u8; 32]>,
    /// GSSAPI encryption.
    pub(crate) gssencmode: GssEncMode,
    /// TLS.
    pub(crate) sslmode: SslMode,
    /// How TLS begins.
    pub(crate) sslnegotiation: SslNegotiation,
    /// Client certificates.
    pub(crate) sslcertmode: SslCertMode,
    /// Whether TLS names the host it wants.
    pub(crate) sslsni: bool,
    /// Files and the like.
    pub(crate) tls: TlsOptions,
    /// None: no lower bound.
    pub(crate) ssl_min_protocol_version: Option<TlsVersion>,
    /// None: no upper bound.
    pub(crate) ssl_max_protocol_version: Option<TlsVersion>,
    /// The password file, if it was looked into: an authentication failure with a password from it says so.
    pub(crate) passfile: Option<PathBuf>,
    /// Why the password file was ignored, for the message of an authentication failure without a password.
    pub(crate) passfile_problem: Option<String>,
}

impl Config {
    /// The password for `host`: the one that was given, else the password file's.
    pub(crate) fn password_for<'a>(&'a self, host: &'a Host) -> Option<&'a Password> {
        self.password.as_ref().or(host.password.as_ref())
    }

    /// Looks each host up in the password file.
    fn read_passfile(&mut self, path: PathBuf, env: &dyn Environment) {
        match PassFile::read(&path, env) {
            Ok(None) => return,
            Ok(Some(file)) => {
                for host in &mut self.hosts {
                    let name = host.passfile_name(env);
                    host.password = file
                        .password(name, host.port, &self.dbname, &self.user)
                        .filter(|password| !password.as_bytes().is_empty());
                }
            }
            Err(problem) => self.passfile_problem = Some(problem),
        }
        self.passfile = Some(path);
    }
}

impl Conninfo {
    /// The typed form. Meant for what `resolve` made; what else is missing gets the table's defaults. Errors:
    /// operational for a value that its keyword cannot have, not supported for one that we cannot serve.
    pub(crate) fn config(&self, env: &dyn Environment) -> Result<Config> {
        let text = |keyword| self.get_non_empty(keyword).map(str::to_owned);
        let seconds = |keyword| {
            self.positive(keyword)
                .map(|value| value.map(|value| Duration::from_secs(value.into())))
        };
        let user = match text("user") {
            Some(user) => user,
            None => env.user_name()?,
        };
        let mut config = Config {
            hosts: self.hosts(env)?,
            dbname: text("dbname").unwrap_or_else(|| user.clone()),
            user,
            password: self.get_non_empty("password").map(Password::new),
            connect_timeout: seconds("connect_timeout")?,
            timeout: self.timeout()?,
            application_name: text("application_name")
                .or_else(|| text("fallback_application_name")),
            options: text("options"),
            client_encoding: text("client_encoding"),
            replication: text("replication"),
            startup_settings: startup_settings(env)?,
            keepalives: self.integer("keepalives")?.is_none_or(|value| value != 0),
            keepalives_idle: seconds("keepalives_idle")?,
            keepalives_interval: seconds("keepalives_interval")?,
            keepalives_count: self.positive("keepalives_count")?,
            tcp_user_timeout: self
                .positive("tcp_user_timeout")?
                .map(|value| Duration::from_millis(value.into())),
            require_peer: text("requirepeer"),
            target_session_attrs: self.choice("target_session_attrs")?,
            load_balance_hosts: self.choice("load_balance_hosts")?,
            min_protocol_version: self.choice("min_protocol_version")?,
            max_protocol_version: self.choice("max_protocol_version")?,
            channel_binding: self.choice("channel_binding")?,
            require_auth: self.require_auth()?,
            scram_max_iterations: self.positive("scram_max_iterations")?.ok_or_else(|| {
                invalid_value("scram_max_iterations must be between 1 and 2147483647")
            })?,
            prepare_threshold: self.at_most("prepare_threshold", MOST_USES)?,
            prepared_max: self.at_most("prepared_max", MOST_PREPARED)?,
            busy_poll: Duration::from_micros(self.at_most("busy_poll", LONGEST_POLL)?.into()),
            scram_client_key: self.scram_key("scram_client_key")?,
            scram_server_key: self.scram_key("scram_server_key")?,
            gssencmode: self.choice("gssencmode")?,
            sslmode: self.choice("sslmode")?,
            sslnegotiation: self.choice("sslnegotiation")?,
            sslcertmode: self.choice("sslcertmode")?,
            // libpq looks at the first character only.
            sslsni: self
                .or_default("sslsni")
                .is_some_and(|value| value.starts_with('1')),
            tls: self.tls_options(),
            ssl_min_protocol_version: self.tls_version("ssl_min_protocol_version")?,
            ssl_max_protocol_version: self.tls_version("ssl_max_protocol_version")?,
            passfile: None,
            passfile_problem: None,
        };
        refusals::check(self)?;
        config.check()?;
        if config.password.is_none()
            && let Some(path) = text("passfile")
                .map(PathBuf::from)
                .or_else(|| default_passfile(env))
        {
            config.read_passfile(path, env);
        }
        Ok(config)
    }
}

impl Config {
    /// The rules between keywords.
    fn check(&self) -> Result<()> {
        if self.min_protocol_version > self.max_protocol_version {
            return Err(invalid_value(
                "\"min_protocol_version\" is greater than \"max_protocol_version\"",
            ));
        }
        if let (Some(min), Some(max)) =
            (self.ssl_min_protocol_version, self.ssl_max_protocol_version)
            && min > max
        {
            return Err(invalid_value("invalid SSL protocol version range"));
        }
        // Without TLS required, a server that has none would be sent gibberish.
        if self.sslnegotiation == SslNegotiation::Direct && self.sslmode < SslMode::Require {
            return Err(invalid_value(
                "weak sslmode may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")",
            ));
        }
        // The system's certificates vouch for anyone: only with the host name checked do they mean a thing.
        if self.tls.sslrootcert.as_deref() == Some("system") && self.sslmode != SslMode::VerifyFull
        {
            return Err(invalid_value(
                "weak sslmode may not be used with sslrootcert=system (use \"verify-full\")",
            ));
        }
        Ok(())
    }
}

fn startup_settings(env: &dyn Environment) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    for (variable, parameter) in STARTUP_VARIABLES {
        let Some(value) = env.var(variable) else {
            continue;
        };
        if value.contains('\0') {
            return Err(invalid_value(format!(
                "a NUL character in the value of {variable}"
            )));
        }
        // The word that asks for what the server would do anyway.
        if !value.eq_ignore_ascii_case("default") {
            settings.push((parameter.to_owned(), value));
        }
    }
    Ok(settings)
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("hosts", &self.hosts)
            .field("password", &self.password)
            .field("sslmode", &self.sslmode)
            .finish_non_exhaustive()
    }
}
