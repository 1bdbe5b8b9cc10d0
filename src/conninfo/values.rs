//! The types of single values: numbers, and keywords that take one word of a list.
//!
//! Source: manual, "Parameter Key Words". Messages are libpq's in substance: the keyword, and the value if it
//! can be shown. Owns no rule that involves two keywords: `config` does.

use std::time::Duration;

use base64::engine::general_purpose::{GeneralPurpose, PAD};
use base64::{Engine, alphabet};

use super::Conninfo;
use super::dsn::{invalid_value, is_space, shown};
use super::options;
use crate::error::{Error, Result};

/// The longest `timeout`: as many milliseconds as 31 bits count, which is what libpq's own time-outs can be.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// As libpq reads base64: padded, no blanks, and whatever bits a last digit has too many.
static BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    PAD.with_decode_allow_trailing_bits(true),
);

/// A value that is one of several words.
pub(super) trait Choice: Copy + 'static {
    /// The words.
    const WORDS: &'static [(&'static str, Self)];
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $($word:literal)|+,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl Choice for $name {
            const WORDS: &'static [(&'static str, Self)] =
                &[$($(($word, $name::$variant),)+)+];
        }
    )+};
}

choices! {
    /// `sslmode`, from no TLS to a checked host name.
    SslMode {
        /// No TLS.
        Disable = "disable",
        /// TLS if the server insists.
        Allow = "allow",
        /// TLS if the server can.
        Prefer = "prefer",
        /// TLS, whoever the server is.
        Require = "require",
        /// TLS, and a trusted certificate.
        VerifyCa = "verify-ca",
        /// TLS, a trusted certificate, and the host's name in it.
        VerifyFull = "verify-full",
    }
    /// `sslnegotiation`.
    SslNegotiation {
        /// An SSLRequest first.
        Postgres = "postgres",
        /// TLS from the first byte.
        Direct = "direct",
    }
    /// `sslcertmode`: whether a client certificate is sent.
    SslCertMode {
        /// Never.
        Disable = "disable",
        /// If asked for and there is one.
        Allow = "allow",
        /// The server must ask.
        Require = "require",
    }
    /// `ssl_min_protocol_version` and `ssl_max_protocol_version`, in order.
    TlsVersion {
        /// TLS 1.0
        V1_0 = "TLSv1",
        /// TLS 1.1
        V1_1 = "TLSv1.1",
        /// TLS 1.2
        V1_2 = "TLSv1.2",
        /// TLS 1.3
        V1_3 = "TLSv1.3",
    }
    /// `channel_binding`: SCRAM-SHA-256-PLUS.
    ChannelBinding {
        /// Never.
        Disable = "disable",
        /// If the server offers it.
        Prefer = "prefer",
        /// Always.
        Require = "require",
    }
    /// `gssencmode`.
    GssEncMode {
        /// Never.
        Disable = "disable",
        /// If there are credentials.
        Prefer = "prefer",
        /// Always.
        Require = "require",
    }
    /// `target_session_attrs`: which server of several will do.
    TargetSessionAttrs {
        /// Any.
        Any = "any",
        /// One whose sessions can write by default.
        ReadWrite = "read-write",
        /// One whose sessions cannot write by default.
        ReadOnly = "read-only",
        /// One that is not in recovery.
        Primary = "primary",
        /// One in recovery.
        Standby = "standby",
        /// One in recovery, or else any.
        PreferStandby = "prefer-standby",
    }
    /// `load_balance_hosts`: the order in which hosts are tried.
    LoadBalanceHosts {
        /// As given.
        Disable = "disable",
        /// Shuffled, and the addresses of each.
        Random = "random",
    }
    /// `min_protocol_version` and `max_protocol_version`, in order.
    ProtocolVersion {
        /// 3.0
        V3_0 = "3.0",
        /// 3.2
        V3_2 = "3.2" | "latest",
    }
}

impl ProtocolVersion {
    /// libpq's number: 30002 for 3.2.
    pub(crate) fn number(self) -> i32 {
        match self {
            ProtocolVersion::V3_0 => 30_000,
            ProtocolVersion::V3_2 => 30_002,
        }
    }
}

impl TlsVersion {
    /// As written in a connection string.
    pub(crate) fn word(self) -> &'static str {
        TlsVersion::WORDS
            .iter()
            .find(|&&(_, version)| version == self)
            .map_or("", |(word, _)| word)
    }
}

impl Conninfo {
    /// The value of `keyword`, or the table's default for it.
    pub(super) fn or_default(&self, keyword: &str) -> Option<&str> {
        self.get(keyword)
            .or_else(|| options::find(keyword).and_then(|(_, spec)| spec.default))
    }

    /// A value that must be one of its type's words. An empty one is not: that is libpq's rule.
    pub(super) fn choice<T: Choice>(&self, keyword: &str) -> Result<T> {
        let value = self.or_default(keyword).unwrap_or_default();
        T::WORDS
            .iter()
            .find(|(word, _)| *word == value)
            .map(|&(_, choice)| choice)
            .ok_or_else(|| invalid_choice(keyword, value))
    }

    /// A TLS version: case does not matter, and empty means no bound.
    pub(super) fn tls_version(&self, keyword: &str) -> Result<Option<TlsVersion>> {
        let value = self.or_default(keyword).unwrap_or_default();
        if value.is_empty() {
            return Ok(None);
        }
        TlsVersion::WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(value))
            .map(|&(_, version)| Some(version))
            .ok_or_else(|| invalid_choice(keyword, value))
    }

    /// An integer, if `keyword` is set. An empty value is an error: that is libpq's rule.
    pub(super) fn integer(&self, keyword: &str) -> Result<Option<i32>> {
        self.or_default(keyword)
            .map(|value| {
                parse_integer(value).ok_or_else(|| invalid_integer(keyword, &shown(value)))
            })
            .transpose()
    }

    /// `timeout`: seconds, with decimals if need be. Zero, or no value, means none.
    pub(super) fn timeout(&self) -> Result<Option<Duration>> {
        let Some(value) = self.get_non_empty("timeout") else {
            return Ok(None);
        };
        let text = value.trim_matches(is_space);
        let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
        text.parse()
            .ok()
            .filter(|_| plain)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|&timeout| timeout <= LONGEST_TIMEOUT)
            .map(|timeout| Some(timeout).filter(|timeout| !timeout.is_zero()))
            .ok_or_else(|| {
                invalid_value(format!(
                    "invalid value{} for connection option \"timeout\": it is a number of seconds, at most {}",
                    shown(value),
                    LONGEST_TIMEOUT.as_secs()
                ))
            })
    }

    /// An integer for which zero and less mean the system's default.
    pub(super) fn positive(&self, keyword: &str) -> Result<Option<u32>> {
        Ok(self
            .integer(keyword)?
            .and_then(|value| u32::try_from(value).ok())
            .filter(|&value| value > 0))
    }

    /// An integer from 0 to `most`, of a keyword that has a default.
    pub(super) fn at_most(&self, keyword: &str, most: u32) -> Result<u32> {
        self.integer(keyword)?
            .and_then(|value| u32::try_from(value).ok())
            .filter(|&value| value <= most)
            .ok_or_else(|| invalid_value(format!("{keyword} must be between 0 and {most}")))
    }

    /// A SCRAM-SHA-256 key, in base64. An empty value is an error: that is libpq's rule. The value is never
    /// shown.
    pub(super) fn scram_key(&self, keyword: &str) -> Result<Option<[u8; 32]>> {
        let Some(value) = self.get(keyword) else {
            return Ok(None);
        };
        let bytes = BASE64
            .decode(value)
            .map_err(|_| invalid_value(format!("invalid {keyword} value: it is not base64")))?;
        let length = bytes.len();
        bytes.try_into().map(Some).map_err(|_| {
            invalid_value(format!(
                "invalid {keyword} value: a key has 32 bytes, and it has {length}"
            ))
        })
    }
}

/// As C's `strtol` in base 10 with nothing but spaces around the number, within an `int`.
pub(super) fn parse_integer(text: &str) -> Option<i32> {
    text.trim_matches(is_space).parse().ok()
}

/// `value` is as `shown` made it.
pub(super) fn invalid_integer(keyword: &str, value: &str) -> Error {
    invalid_value(format!(
        "invalid integer value{value} for connection option \"{keyword}\""
    ))
}

fn invalid_choice(keyword: &str, value: &str) -> Error {
    match shown(value).as_str() {
        "" => invalid_value(format!("invalid {keyword} value")),
        shown => invalid_value(format!("invalid {keyword} value:{shown}")),
    }
}
