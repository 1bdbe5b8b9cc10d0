//! Connection strings, and all else that says where to connect and as whom.
//!
//! Owns the keywords, both forms of connection string, the environment, the service file, the password file,
//! the defaults, and what of these may be shown. Follows the PostgreSQL 18 manual, chapter "libpq - C
//! Library": "Connection Strings", "Parameter Key Words", "Environment Variables", "The Password File", "The
//! Connection Service File". Knows no socket: `net` takes the `Config` from here.
//!
//! Reading order: `options` (the table), `keyword_value` and `uri` (text to pairs), `resolve` (pairs
//! completed), `config` (pairs made typed), `refusals` (what is not implemented yet), `dsn` (pairs to text).

use std::collections::BTreeMap;
use std::fmt;

use self::options::{OPTIONS, OptionSpec};
use crate::error::Result;

mod config;
mod dsn;
mod environment;
mod hosts;
mod keyword_value;
mod options;
mod os;
mod passfile;
mod refusals;
mod require_auth;
mod resolve;
mod service;
#[cfg(test)]
mod tests;
mod tls_options;
mod uri;
mod values;

pub(crate) use self::{
    config::{Config, MOST_PREPARED, MOST_USES},
    environment::ProcessEnvironment,
    hosts::{Host, Target},
    os::name_of_user,
    passfile::Password,
    refusals::is_utf8,
    require_auth::{AuthMethod, RequireAuth},
    values::{
        ChannelBinding, LONGEST_TIMEOUT, LoadBalanceHosts, ProtocolVersion, SslCertMode, SslMode,
        SslNegotiation, TargetSessionAttrs, TlsVersion,
    },
};

/// Keyword/value pairs, in the table's order, each keyword at most once. `Debug` shows no secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Conninfo {
    /// By place in `OPTIONS`.
    values: BTreeMap<usize, String>,
}

impl Conninfo {
    /// What `dsn` (a keyword/value string or a URI) says, nothing added. A programming error `invalid dsn:
    /// ...` says what is wrong and where, and shows nothing that could be a password.
    pub(crate) fn parse(dsn: &str) -> Result<Conninfo> {
        if let Some(at) = dsn.chars().position(|c| c == '\0') {
            let position = at.saturating_add(1);
            return Err(dsn::invalid_dsn(format!(
                "a NUL character at character {position} of the connection string"
            )));
        }
        match uri::strip_scheme(dsn) {
            Some(rest) => uri::parse(dsn, rest),
            None => keyword_value::parse(dsn),
        }
    }

    /// The value of `keyword`, if there is one.
    pub(crate) fn get(&self, keyword: &str) -> Option<&str> {
        let (index, _) = options::find(keyword)?;
        self.values.get(&index).map(String::as_str)
    }

    /// The value of `keyword`, if there is one and it is not empty: to libpq, for most keywords, an empty
    /// value is none.
    pub(crate) fn get_non_empty(&self, keyword: &str) -> Option<&str> {
        self.get(keyword).filter(|value| !value.is_empty())
    }

    /// All pairs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.specs().map(|(spec, value)| (spec.keyword, value))
    }

    /// As a keyword/value DSN with secrets shown as `xxx`, suitable for a `dsn` attribute.
    pub(crate) fn redacted(&self) -> String {
        dsn::redact(self)
    }

    /// All pairs but secrets: what a live connection tells of itself.
    pub(crate) fn without_secrets(&self) -> Conninfo {
        dsn::without_secrets(self)
    }

    /// As a keyword/value DSN that parses back to the same pairs, secrets included.
    pub(crate) fn to_dsn(&self) -> String {
        dsn::join(self, |_, value| value)
    }

    fn specs(&self) -> impl Iterator<Item = (&'static OptionSpec, &str)> {
        self.values
            .iter()
            .filter_map(|(&index, value)| Some((OPTIONS.get(index)?, value.as_str())))
    }

    /// Sets `keyword`, over what it was; false if there is no such keyword.
    fn store(&mut self, keyword: &str, value: String) -> bool {
        // The keyword of before sslmode; libpq still takes it wherever a keyword may stand.
        let (keyword, value) = match keyword {
            "requiressl" if value.starts_with('1') => ("sslmode", "require".to_owned()),
            "requiressl" => ("sslmode", "prefer".to_owned()),
            _ => (keyword, value),
        };
        match options::find(keyword) {
            Some((index, _)) => {
                self.values.insert(index, value);
                true
            }
            None => false,
        }
    }

    /// Sets `keyword` unless it is set, if only to an empty value.
    fn fill_in(&mut self, keyword: &str, value: &str) {
        if self.get(keyword).is_none() {
            self.store(keyword, value.to_owned());
        }
    }
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conninfo({})", self.redacted())
    }
}
