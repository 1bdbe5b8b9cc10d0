//! Channel binding (SECURITY, "channel binding not enforced"): every offer under every setting, with and
//! without TLS; and `require` against every way of getting around it.

use super::scram_server::*;
use super::support::*;
use crate::conninfo::ChannelBinding::{self, Disable, Prefer, Require};
use crate::error::Class;
use crate::wire::{Credentials, TlsFacts, Wire};

const DIGEST: &[u8] = b"a digest that is not valid UTF-8: \xff\xfe";
const PLUS: &[u8] = b"SCRAM-SHA-256-PLUS\0\0";
/// In the other order, as no PostgreSQL sends it.
const TURNED: &[u8] = b"SCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0";

/// What the connection runs in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Channel {
    Bare,
    Tls,
    /// TLS, and a certificate whose signature has no digest.
    Ed25519,
}

use Channel::{Bare, Ed25519, Tls};

fn connecting_in(channel: Channel, channel_binding: ChannelBinding) -> Wire {
    let facts = |server_end_point| TlsFacts {
        server_end_point,
        client_certificate_sent: true,
    };
    connecting_as(Credentials {
        channel_binding,
        tls: match channel {
            Bare => None,
            Tls => Some(facts(Some(DIGEST.to_vec()))),
            Ed25519 => Some(facts(None)),
        },
        ..credentials(Some("secret"))
    })
}

/// Channel, setting, offer, and what is chosen: the header's first letter, or a part of the refusal.
type Choice = (
    Channel,
    ChannelBinding,
    &'static [u8],
    Result<char, &'static str>,
);

#[rustfmt::skip]
fn choices() -> Vec<Choice> {
    let stripped = Err("over a connection without TLS");
    let required = Err("channel binding is required, and the connection has no TLS");
    let not_offered = Err("the server did not offer a way of authentication that has it");
    let impossible = Err("channel binding is not possible with the server's certificate");
    let none = Err("does not have: SCRAM-SHA-256-PLUS");
    vec![
        (Bare, Disable, PLAIN, Ok('n')), (Bare, Prefer, PLAIN, Ok('n')), (Bare, Require, PLAIN, required),
        (Bare, Disable, BOTH, stripped), (Bare, Prefer, BOTH, stripped), (Bare, Require, BOTH, required),
        (Bare, Disable, PLUS, stripped), (Bare, Prefer, TURNED, stripped), (Bare, Require, PLUS, required),
        (Tls, Disable, PLAIN, Ok('n')), (Tls, Prefer, PLAIN, Ok('y')), (Tls, Require, PLAIN, not_offered),
        (Tls, Disable, BOTH, Ok('n')), (Tls, Prefer, BOTH, Ok('p')), (Tls, Require, BOTH, Ok('p')),
        (Tls, Disable, TURNED, Ok('n')), (Tls, Prefer, TURNED, Ok('p')), (Tls, Require, TURNED, Ok('p')),
        (Tls, Disable, PLUS, none), (Tls, Prefer, PLUS, Ok('p')), (Tls, Require, PLUS, Ok('p')),
        (Ed25519, Disable, BOTH, Ok('n')), (Ed25519, Prefer, BOTH, impossible), (Ed25519, Require, BOTH, impossible),
        (Ed25519, Disable, PLAIN, Ok('n')), (Ed25519, Prefer, PLAIN, Ok('y')), (Ed25519, Require, PLAIN, not_offered),
    ]
}

#[test]
fn a_mechanism_is_chosen_by_offer_setting_and_channel() {
    for (channel, setting, offer, expected) in choices() {
        let what = format!(
            "{channel:?} {setting:?} {:?}",
            String::from_utf8_lossy(offer)
        );
        let mut wire = connecting_in(channel, setting);
        match expected {
            Ok(letter) => {
                let server = Server::offer(&mut wire, offer, DIGEST, "secret", 4);
                let (mechanism, header) = match letter {
                    'p' => ("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,".to_owned()),
                    letter => ("SCRAM-SHA-256", format!("{letter},,")),
                };
                assert_eq!(server.mechanism, mechanism, "{what}");
                assert_eq!(server.gs2_header, header, "{what}");
                server.let_in(&mut wire);
                assert!(wire.is_authenticated(), "{what}");
            }
            Err(why) => {
                take_sent(&mut wire);
                let error = refusal(&mut wire, &authentication(SASL, offer));
                assert!(error.message().contains(why), "{what}: {error}");
                assert!(take_sent(&mut wire).is_empty(), "{what}");
                if error.class() == Class::Operational {
                    assert_eq!(error.sqlstate().unwrap().as_str(), "28000", "{what}");
                }
            }
        }
    }
}

#[test]
fn someone_in_between_with_another_certificate_convinces_no_server() {
    // The real server's certificate has another digest than the one that was seen here.
    let mut wire = connecting_in(Tls, Prefer);
    let server = Server::offer(&mut wire, BOTH, b"the real server's", "secret", 4);
    server.ask(&mut wire);
    assert!(!server.judge(&mut wire).0);
}

#[test]
fn required_channel_binding_is_not_had_by_another_way_in() {
    for channel in [Bare, Tls, Ed25519] {
        // Trust, or the client's certificate.
        let error = refusal(&mut connecting_in(channel, Require), &welcome());
        assert!(
            error
                .message()
                .contains("the server let the client in without it"),
            "{error}"
        );
        // The password, which must not be sent.
        for request in [
            authentication(CLEARTEXT, &[]),
            authentication(MD5, &[1, 2, 3, 4]),
            authentication(7, &[]),
            authentication(9, &[]),
        ] {
            let mut wire = connecting_in(channel, Require);
            take_sent(&mut wire);
            assert_eq!(refused(&mut wire, &request), "28000", "{channel:?}");
            assert!(take_sent(&mut wire).is_empty());
        }
    }
}

#[test]
fn required_channel_binding_needs_the_servers_proof() {
    let begin = || {
        let mut wire = connecting_in(Tls, Require);
        let server = Server::offer(&mut wire, BOTH, DIGEST, "secret", 4);
        (wire, server)
    };
    // AuthenticationOk before the challenge, before the proof, and after a wrong proof.
    let (mut wire, _) = begin();
    assert_eq!(refused(&mut wire, &welcome()), "08P01");
    let (mut wire, server) = begin();
    server.ask(&mut wire);
    assert_eq!(refused(&mut wire, &welcome()), "08P01");
    let (mut wire, server) = begin();
    server.ask(&mut wire);
    let wrong = authentication(
        SASL_FINAL,
        b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    assert_eq!(refused(&mut wire, &wrong), "28000");
    // A password asked for amid the exchange, or a second exchange without channel binding.
    for request in [authentication(CLEARTEXT, &[]), authentication(SASL, PLAIN)] {
        let (mut wire, server) = begin();
        server.ask(&mut wire);
        take_sent(&mut wire);
        assert_eq!(refused(&mut wire, &request), "08P01");
        assert!(take_sent(&mut wire).is_empty());
    }
}

#[test]
fn both_requirements_must_be_met() {
    use crate::conninfo::RequireAuth;
    let both = |list: &str| {
        let mut wire = connecting_as(Credentials {
            channel_binding: Require,
            require_auth: RequireAuth::parse(list).unwrap(),
            tls: Some(TlsFacts {
                server_end_point: Some(DIGEST.to_vec()),
                client_certificate_sent: false,
            }),
            ..credentials(Some("secret"))
        });
        take_sent(&mut wire);
        wire
    };
    let mut wire = both("scram-sha-256");
    Server::offer(&mut wire, BOTH, DIGEST, "secret", 4).let_in(&mut wire);
    let error = refusal(&mut both("md5"), &authentication(SASL, BOTH));
    assert!(error.message().contains("\"md5\" failed"), "{error}");
    let error = refusal(&mut both("md5"), &authentication(MD5, &[0; 4]));
    assert!(error.message().contains("channel binding"), "{error}");
    let error = refusal(&mut both("none"), &welcome());
    assert!(error.message().contains("channel binding"), "{error}");
}

#[test]
fn a_client_certificate_is_no_exchange() {
    use crate::conninfo::RequireAuth;
    for (sent, hint) in [(true, "a client certificate"), (false, "authentication")] {
        let mut wire = connecting_as(Credentials {
            require_auth: RequireAuth::parse("scram-sha-256").unwrap(),
            tls: Some(TlsFacts {
                server_end_point: None,
                client_certificate_sent: sent,
            }),
            ..credentials(None)
        });
        let error = refusal(&mut wire, &welcome());
        assert!(error.message().contains(hint), "{error}");
        assert_eq!(error.message().contains("certificate"), sent, "{error}");
    }
}
