//! What the connection's settings let the server do during authentication: `require_auth` and
//! `channel_binding` (manual, "Parameter Key Words"), judged before anything is answered.
//!
//! libpq 18's rules (`check_expected_areq` and `pg_SASL_init`). Knows the exchange's outcome, not its bytes.

use super::scram::Binding;
use crate::conninfo::{AuthMethod, ChannelBinding, RequireAuth};
use crate::error::{Error, Result};

/// The mechanisms' names.
pub(super) const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
pub(super) const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// What authentication must know of the TLS session it runs in.
pub(crate) struct TlsFacts {
    /// The digest of the server's certificate (RFC 5929); `None`: its signature has no digest (Ed25519).
    pub(crate) server_end_point: Option<Vec<u8>>,
    /// Whether the server was shown a certificate of ours.
    pub(crate) client_certificate_sent: bool,
}

/// The settings, and what they are judged by.
pub(super) struct Policy {
    pub(super) require_auth: RequireAuth,
    pub(super) channel_binding: ChannelBinding,
    pub(super) tls: Option<TlsFacts>,
}

/// How an exchange ended, when the server says that we are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The server asked for nothing.
    Nothing,
    /// It took our password, and proved nothing itself.
    Password,
    /// It proved that it knows the password; `bound`: at this end of the TLS session.
    Mutual { bound: bool },
}

impl Policy {
    /// Whether a request may be answered. `method` is what it asks for; `None`: something unknown.
    pub(super) fn check_request(&self, method: Option<AuthMethod>, asked: &str) -> Result<()> {
        if let Some(required) = self.require_auth.text()
            && !method.is_some_and(|method| self.require_auth.allows(method))
        {
            return Err(requirement_failed(
                required,
                &format!("the server requested {asked}"),
            ));
        }
        if self.channel_binding == ChannelBinding::Require {
            return Err(refused(
                "channel binding is required, and the server's way of authentication has none",
            ));
        }
        Ok(())
    }

    /// Whether SASL may begin, whatever its mechanism.
    pub(super) fn check_sasl(&self) -> Result<()> {
        if let Some(required) = self.require_auth.text()
            && !self.require_auth.allows(AuthMethod::ScramSha256)
            && !self.require_auth.allows(AuthMethod::OAuth)
        {
            return Err(requirement_failed(
                required,
                "the server requested SASL authentication",
            ));
        }
        if self.channel_binding == ChannelBinding::Require && self.tls.is_none() {
            return Err(refused(
                "channel binding is required, and the connection has no TLS",
            ));
        }
        Ok(())
    }

    /// Chooses from the mechanisms that the server offers.
    pub(super) fn choose(&self, offered: &[String]) -> Result<(&'static str, Binding)> {
        let offers = |mechanism| offered.iter().any(|name| name == mechanism);
        let plus = offers(SCRAM_SHA_256_PLUS);
        if plus && self.tls.is_none() {
            // The server believes that there is TLS, and would refuse an exchange without channel binding.
            return Err(refused(
                "the server offered SCRAM-SHA-256-PLUS over a connection without TLS: TLS may have been stripped on the way",
            ));
        }
        let binding = match &self.tls {
            None => Binding::Unsupported,
            Some(_) if self.channel_binding == ChannelBinding::Disable => Binding::Unsupported,
            Some(tls) if plus => Binding::EndPoint(tls.server_end_point.clone().ok_or_else(|| {
                // Not silently without: who stands in between would only have to show such a certificate.
                refused(
                    "channel binding is not possible with the server's certificate, whose signature has no digest (Ed25519): only channel_binding=disable can connect to this server",
                )
            })?),
            Some(_) => Binding::NotOffered,
        };
        let mechanism = match binding {
            Binding::EndPoint(_) => SCRAM_SHA_256_PLUS,
            _ if offers(SCRAM_SHA_256) => SCRAM_SHA_256,
            _ => {
                return Err(Error::not_supported(format!(
                    "the server offers only authentication mechanisms that this library does not have: {}",
                    offered.join(", ")
                ))
                .breaking_connection());
            }
        };
        if let Some(required) = self.require_auth.text()
            && !self.require_auth.allows(AuthMethod::ScramSha256)
        {
            return Err(requirement_failed(
                required,
                &format!("the server requested {mechanism} authentication"),
            ));
        }
        if self.channel_binding == ChannelBinding::Require
            && !matches!(binding, Binding::EndPoint(_))
        {
            return Err(refused(
                "channel binding is required, and the server did not offer a way of authentication that has it",
            ));
        }
        Ok((mechanism, binding))
    }

    /// Whether the server may let us in, having proved this.
    pub(super) fn check_ok(&self, proof: Proof) -> Result<()> {
        if let Some(required) = self.require_auth.text()
            && proof == Proof::Nothing
            && !self.require_auth.allows(AuthMethod::None)
        {
            let certificate = match &self.tls {
                Some(tls) if tls.client_certificate_sent => {
                    " (a client certificate, which it was shown, is no exchange: that is the method \"none\")"
                }
                _ => "",
            };
            return Err(requirement_failed(
                required,
                &format!("the server did not complete authentication{certificate}"),
            ));
        }
        if self.channel_binding == ChannelBinding::Require
            && proof != (Proof::Mutual { bound: true })
        {
            return Err(refused(
                "channel binding is required, and the server let the client in without it",
            ));
        }
        Ok(())
    }
}

fn requirement_failed(required: &str, why: &str) -> Error {
    refused(&format!(
        "authentication method requirement \"{required}\" failed: {why}"
    ))
}

/// Something that this side does not put up with.
pub(super) fn refused(why: &str) -> Error {
    Error::broken(why).with_sqlstate("28000")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The requests before the end would have been refused already: this is the last line of defence.
    #[test]
    fn an_end_without_channel_binding_does_not_meet_its_requirement() {
        let policy = |channel_binding| Policy {
            require_auth: RequireAuth::default(),
            channel_binding,
            tls: None,
        };
        for (proof, bound) in [
            (Proof::Nothing, false),
            (Proof::Password, false),
            (Proof::Mutual { bound: false }, false),
            (Proof::Mutual { bound: true }, true),
        ] {
            let required = policy(ChannelBinding::Require).check_ok(proof);
            assert_eq!(required.is_ok(), bound, "{proof:?}");
            assert!(policy(ChannelBinding::Prefer).check_ok(proof).is_ok());
            assert!(policy(ChannelBinding::Disable).check_ok(proof).is_ok());
        }
    }
}
