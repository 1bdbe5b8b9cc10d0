//! `require_auth`: which ways of authentication a server may ask for.
//!
//! Source: manual, "Parameter Key Words". The words are libpq 18's, those of methods that this library does
//! not have included: who allows only `gss` is refused by every server that it could talk to, as by a libpq
//! built without GSSAPI. Knows nothing of the protocol: `wire` enforces it.

use super::Conninfo;
use super::dsn::{invalid_value, shown};
use crate::error::Result;

/// A way of authentication, as `require_auth` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    /// No exchange at all, as under `trust` and `cert`.
    None,
    /// The password in clear.
    Password,
    /// The password's MD5.
    Md5,
    /// GSSAPI.
    Gss,
    /// SSPI.
    Sspi,
    /// SCRAM-SHA-256, with or without channel binding.
    ScramSha256,
    /// OAUTHBEARER.
    OAuth,
}

static WORDS: [(&str, AuthMethod); 7] = [
    ("password", AuthMethod::Password),
    ("md5", AuthMethod::Md5),
    ("gss", AuthMethod::Gss),
    ("sspi", AuthMethod::Sspi),
    ("scram-sha-256", AuthMethod::ScramSha256),
    ("oauth", AuthMethod::OAuth),
    ("none", AuthMethod::None),
];

/// The methods that are allowed: those named, or all but those named. The default allows all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequireAuth {
    /// As written; `None` if nothing was. Every word of it is known, so it can be shown.
    text: Option<String>,
    negated: bool,
    named: Vec<AuthMethod>,
}

impl Default for RequireAuth {
    fn default() -> RequireAuth {
        RequireAuth {
            text: None,
            negated: true,
            named: Vec::new(),
        }
    }
}

impl RequireAuth {
    /// Words separated by commas, without blanks: either none of them negated by `!`, or each. An empty list
    /// is libpq 18's `none`: a script whose variable was empty is let in nowhere with a password.
    pub(crate) fn parse(text: &str) -> Result<RequireAuth> {
        if text.is_empty() {
            return Ok(RequireAuth {
                text: Some(String::new()),
                negated: false,
                named: vec![AuthMethod::None],
            });
        }
        let negated = text.starts_with('!');
        let mut named = Vec::new();
        for part in text.split(',') {
            let word = part.strip_prefix('!').unwrap_or(part);
            let known = WORDS.iter().find(|(known, _)| *known == word);
            let name = match known {
                Some((word, _)) => format!(" \"{word}\""),
                None => shown(word),
            };
            match (part.starts_with('!'), negated) {
                (true, false) => {
                    return Err(invalid_value(format!(
                        "negative require_auth method{name} cannot be mixed with non-negative methods"
                    )));
                }
                (false, true) => {
                    return Err(invalid_value(format!(
                        "require_auth method{name} cannot be mixed with negative methods"
                    )));
                }
                _ => {}
            }
            let Some(&(_, method)) = known else {
                return Err(invalid_value(match name.as_str() {
                    "" => "invalid require_auth value".to_owned(),
                    name => format!("invalid require_auth value:{name}"),
                }));
            };
            // Most likely a slip of the pen, where one is dangerous.
            if named.contains(&method) {
                return Err(invalid_value(format!(
                    "require_auth method{name} is specified more than once"
                )));
            }
            named.push(method);
        }
        Ok(RequireAuth {
            text: Some(text.to_owned()),
            negated,
            named,
        })
    }

    /// Whether the server may let us in by this.
    pub(crate) fn allows(&self, method: AuthMethod) -> bool {
        self.named.contains(&method) != self.negated
    }

    /// As written; `None` if nothing was required.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl Conninfo {
    pub(super) fn require_auth(&self) -> Result<RequireAuth> {
        self.get("require_auth")
            .map_or_else(|| Ok(RequireAuth::default()), RequireAuth::parse)
    }
}
