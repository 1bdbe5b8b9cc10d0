//! `require_auth`: each way of logging in under each requirement, and what the server is told.

use super::scram_server::*;
use super::support::*;
use crate::conninfo::RequireAuth;
use crate::wire::{Credentials, Wire};

fn requiring(text: &str) -> Wire {
    connecting_as(Credentials {
        require_auth: RequireAuth::parse(text).unwrap(),
        ..credentials(Some("secret"))
    })
}

/// What the server does, what that is called, and what is said when it may not.
fn requests() -> [(&'static str, Vec<u8>, &'static str); 8] {
    [
        (
            "none",
            authentication(OK, &[]),
            "the server did not complete authentication",
        ),
        (
            "password",
            authentication(CLEARTEXT, &[]),
            "the server requested a cleartext password",
        ),
        (
            "md5",
            authentication(MD5, &[1, 2, 3, 4]),
            "the server requested a hashed password",
        ),
        (
            "scram-sha-256",
            authentication(SASL, PLAIN),
            "the server requested S",
        ),
        (
            "gss",
            authentication(7, &[]),
            "the server requested GSSAPI authentication",
        ),
        (
            "gss",
            authentication(8, &[]),
            "the server requested GSSAPI authentication",
        ),
        (
            "sspi",
            authentication(9, &[]),
            "the server requested SSPI authentication",
        ),
        (
            "oauth",
            authentication(SASL, b"OAUTHBEARER\0\0"),
            "the server requested S",
        ),
    ]
}

#[test]
fn what_is_not_allowed_is_refused_before_it_is_answered() {
    for list in [
        "none",
        "password",
        "md5",
        "scram-sha-256",
        "gss",
        "sspi",
        "oauth",
        "none,password",
        "md5,scram-sha-256",
        "!none",
        "!password",
        "!md5",
        "!scram-sha-256",
        "!gss,!sspi",
        "!password,!md5",
        "!oauth,!scram-sha-256",
        "!none,!password,!md5",
    ] {
        for (method, request, why) in requests() {
            let allows = |method| {
                let named = list.split(',').any(|word| word.trim_matches('!') == method);
                named != list.starts_with('!')
            };
            let allowed = allows(method);
            let mut wire = requiring(list);
            take_sent(&mut wire);
            let outcome = Listener::default().hear(&mut wire, &request, usize::MAX);
            let sent = take_sent(&mut wire);
            match outcome {
                Ok(()) => {
                    assert!(allowed, "{list}: {method} was not refused");
                    assert_eq!(sent.is_empty(), method == "none", "{list}: {method}");
                }
                Err(error) => {
                    assert!(sent.is_empty(), "{list}: {method}: {sent:?}");
                    let message = error.message();
                    let expected =
                        format!("authentication method requirement \"{list}\" failed: {why}");
                    // What this library does not have fails for that reason, if it may be had. An offer of
                    // mechanisms is looked into if any mechanism may be used.
                    let absent = match method {
                        "oauth" => allowed || allows("scram-sha-256"),
                        method => allowed && matches!(method, "gss" | "sspi"),
                    };
                    if absent {
                        assert!(message.contains("does not have"), "{list}: {error}");
                    } else {
                        assert!(!allowed, "{list}: {method}: {error}");
                        assert!(message.starts_with(&expected), "{list}: {error}");
                        assert_eq!(error.sqlstate().unwrap().as_str(), "28000");
                    }
                }
            }
        }
    }
}

#[test]
fn an_exchange_that_was_required_must_have_been_completed() {
    // Both methods that send the password are complete with it.
    for (list, request) in [
        ("password", authentication(CLEARTEXT, &[])),
        ("md5", authentication(MD5, &[1, 2, 3, 4])),
        ("!none", authentication(CLEARTEXT, &[])),
    ] {
        let mut wire = requiring(list);
        hear(&mut wire, &request);
        assert_eq!(hear(&mut wire, &welcome()), ["Ready Idle"]);
    }
    for list in ["scram-sha-256", "!none", "none,scram-sha-256", "!md5"] {
        let mut wire = requiring(list);
        Server::challenge(&mut wire, "secret", 4).let_in(&mut wire);
        // An end before the server's proof is none, even where no exchange was required.
        let mut wire = requiring(list);
        let server = Server::challenge(&mut wire, "secret", 4);
        assert_eq!(refused(&mut wire, &welcome()), "08P01", "{list}");
        let mut wire = requiring(list);
        let server_again = Server::challenge(&mut wire, "secret", 4);
        server_again.ask(&mut wire);
        assert_eq!(refused(&mut wire, &welcome()), "08P01", "{list}");
        drop(server);
    }
}

#[test]
fn an_unknown_request_is_refused_whatever_is_required() {
    for list in ["!md5", "md5", "none"] {
        let mut wire = requiring(list);
        take_sent(&mut wire);
        assert_eq!(refused(&mut wire, &authentication(99, &[])), "08P01");
        let error = refusal(&mut requiring(list), &authentication(2, &[]));
        assert!(error.message().contains("Kerberos V5"), "{error}");
        assert!(take_sent(&mut wire).is_empty());
    }
}

#[test]
fn whether_a_password_was_asked_for_is_known_also_after_an_error() {
    let asked = |wire: &Wire| (wire.password_was_used(), wire.password_was_missing());
    let request = || authentication(CLEARTEXT, &[]);

    let mut wire = connecting(Some("secret"));
    assert_eq!(asked(&wire), (false, false));
    hear(&mut wire, &request());
    assert_eq!(asked(&wire), (true, false));
    let error = refusal(&mut wire, &fatal("28P01", "wrong"));
    assert_eq!(error.message(), "wrong");
    assert_eq!(asked(&wire), (true, false));

    let mut wire = connecting(None);
    hear(&mut wire, &welcome());
    assert_eq!(asked(&wire), (false, false));

    for password in [None, Some("")] {
        for bytes in [
            request(),
            authentication(MD5, &[1, 2, 3, 4]),
            authentication(SASL, PLAIN),
        ] {
            let mut wire = connecting(password);
            assert_eq!(refused(&mut wire, &bytes), "28P01");
            assert_eq!(asked(&wire), (true, true));
        }
    }
    // Refused before it came to a password.
    let mut wire = requiring("md5");
    refusal(&mut wire, &request());
    assert_eq!(asked(&wire), (false, false));
}
