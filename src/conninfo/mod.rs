//! Connection strings, and all else that says where to connect and as whom.
//!
//! Owns the keywords, both forms of connection string, the environment, the service file, the password file,
//! the defaults, and what of these may be shown. Follows the PostgreSQL 18 manual, chapter "libpq - C
//! Library": "Connection Strings", "Parameter Key Words", "Environment Variables", "The Password File", "The
//! Connection Service File". Knows no socket: `net` takes the `Config` from here.
//!
//! Reading order: `options` (the table), `keyword_value` and `uri` (text to pairs), `resolve` (pairs
//! completed), `config` (pairs made typed), `refusals` (what is not implemented yet), `dsn` (pairs to text).

use std::borrow::Cow;
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
    /// By place in `OPTIONS`: as many as there are keywords, or none while nothing is set. Defaults are constants, and
    /// most of what connecting uses is a default.
    values: Vec<Option<Cow<'static, str>>>,
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
        self.at(index)
    }

    /// The value of the keyword at this place in `OPTIONS`.
    fn at(&self, index: usize) -> Option<&str> {
        self.values.get(index)?.as_deref()
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
    pub(crate) fn without_secrets(self) -> Conninfo {
        dsn::without_secrets(self)
    }

    /// As a keyword/value DSN that parses back to the same pairs, secrets included.
    pub(crate) fn to_dsn(&self) -> String {
        dsn::join(self, |_, value| value)
    }

    fn specs(&self) -> impl Iterator<Item = (&'static OptionSpec, &str)> {
        OPTIONS
            .iter()
            .zip(&self.values)
            .filter_map(|(spec, value)| Some((spec, value.as_deref()?)))
    }

    /// Sets `keyword`, over what it was; false if there is no such keyword.
    fn store(&mut self, keyword: &str, value: impl Into<Cow<'static, str>>) -> bool {
        let value = value.into();
        // The keyword of before sslmode; libpq still takes it wherever a keyword may stand.
        let (keyword, value) = match keyword {
            "requiressl" if value.starts_with('1') => ("sslmode", "require".into()),
            "requiressl" => ("sslmode", "prefer".into()),
            _ => (keyword, value),
        };
        match options::find(keyword) {
            Some((index, _)) => {
                self.put(index, value);
                true
            }
            None => false,
        }
    }

    /// Sets `keyword` unless it is set, if only to an empty value.
    fn fill_in(&mut self, keyword: &str, value: impl Into<Cow<'static, str>>) {
        if self.get(keyword).is_none() {
            self.store(keyword, value);
        }
    }

    /// Sets the keyword at this place in `OPTIONS`, over what it was.
    fn put(&mut self, index: usize, value: impl Into<Cow<'static, str>>) {
        if self.values.is_empty() {
            self.values.resize(OPTIONS.len(), None);
        }
        if let Some(place) = self.values.get_mut(index) {
            *place = Some(value.into());
        }
    }

    /// Sets all that `other` sets.
    fn extend(&mut self, other: Conninfo) {
        for (index, value) in other.values.into_iter().enumerate() {
            if let Some(value) = value {
                self.put(index, value);
            }
        }
    }
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conninfo({})", self.redacted())
    }
}
