//! Authentication: each method's exact answers, and servers that skip, repeat or forge a step.

use super::scram_server::*;
use super::support::*;
use crate::error::Class;

#[test]
fn a_password_in_clear_is_sent_as_it_is() {
    let mut wire = connecting(Some("s3cret \u{e9}"));
    take_sent(&mut wire);
    assert!(hear(&mut wire, &authentication(CLEARTEXT, &[])).is_empty());
    assert_eq!(take_sent(&mut wire), b"p\0\0\0\x0es3cret \xc3\xa9\0");
    assert!(!wire.is_authenticated());
    assert_eq!(hear(&mut wire, &welcome()), ["Ready Idle"]);
    assert!(wire.is_authenticated());
}

#[test]
fn md5_sends_the_digest_of_password_user_and_salt() {
    let mut wire = connecting(Some("secret"));
    take_sent(&mut wire);
    assert!(hear(&mut wire, &authentication(MD5, &[1, 2, 0xfe, 0xff])).is_empty());
    // "md5" and md5(md5("secretalice") in hexadecimal, 01 02 fe ff), made by Python's hashlib.
    assert_eq!(
        take_sent(&mut wire),
        b"p\0\0\0\x28md5e9b7072d7c7ccc7b5f9a7b7d60c9a2f9\0"
    );
    assert_eq!(hear(&mut wire, &welcome()), ["Ready Idle"]);
}

#[test]
fn scram_proves_each_side_to_the_other() {
    for (step, password) in [(usize::MAX, "secret"), (1, "p\u{e4}ss, w\u{f6}rd=")] {
        let mut wire = connecting(Some(password));
        let server = Server::challenge(&mut wire, password, 4096);
        let mut listener = Listener::default();
        let challenge = authentication(SASL_CONTINUE, server.challenge.as_bytes());
        listener.hear(&mut wire, &challenge, step).unwrap();
        let (known, proof) = server.judge(&mut wire);
        assert!(known);
        let bytes = [authentication(SASL_FINAL, proof.as_bytes()), welcome()].concat();
        listener.hear(&mut wire, &bytes, step).unwrap();
        assert_eq!(listener.heard, ["Ready Idle"]);
        assert!(take_sent(&mut wire).is_empty());
    }
}

#[test]
fn scram_with_the_wrong_password_convinces_no_server_and_believes_none() {
    let mut wire = connecting(Some("guess"));
    let server = Server::challenge(&mut wire, "secret", 4096);
    hear(
        &mut wire,
        &authentication(SASL_CONTINUE, server.challenge.as_bytes()),
    );
    let (known, proof) = server.judge(&mut wire);
    assert!(!known);
    let error = refusal(&mut wire, &authentication(SASL_FINAL, proof.as_bytes()));
    assert_eq!(error.sqlstate().unwrap().as_str(), "28000");
    assert!(!error.message().contains("guess"));
}

#[test]
fn a_server_that_has_not_proved_itself_is_not_believed() {
    // AuthenticationOk in place of the challenge, and in place of the proof.
    let mut wire = connecting(Some("secret"));
    Server::challenge(&mut wire, "secret", 1);
    assert_eq!(refused(&mut wire, &welcome()), "08P01");

    let mut wire = connecting(Some("secret"));
    let server = Server::challenge(&mut wire, "secret", 1);
    hear(
        &mut wire,
        &authentication(SASL_CONTINUE, server.challenge.as_bytes()),
    );
    assert_eq!(refused(&mut wire, &welcome()), "08P01");
}

#[test]
fn scram_steps_out_of_order_are_refused() {
    let begin = || {
        let mut wire = connecting(Some("secret"));
        let server = Server::challenge(&mut wire, "secret", 1);
        (
            wire,
            authentication(SASL_CONTINUE, server.challenge.as_bytes()),
        )
    };
    let offer = authentication(SASL, b"SCRAM-SHA-256\0\0");
    // Before the mechanism is agreed.
    for code in [SASL_CONTINUE, SASL_FINAL] {
        let bytes = authentication(code, b"v=AAAA");
        assert_eq!(refused(&mut connecting(Some("secret")), &bytes), "08P01");
    }
    // SASLFinal first, and the offer again.
    for bytes in [authentication(SASL_FINAL, b"v=AAAA"), offer.clone()] {
        assert_eq!(refused(&mut begin().0, &bytes), "08P01");
    }
    // After the challenge: the challenge again, the offer again, another method.
    for code in [SASL, CLEARTEXT, MD5] {
        let (mut wire, challenge) = begin();
        hear(&mut wire, &challenge);
        assert_eq!(refused(&mut wire, &authentication(code, &[0; 4])), "08P01");
    }
    let (mut wire, challenge) = begin();
    hear(&mut wire, &challenge);
    assert_eq!(refused(&mut wire, &challenge), "08P01");
}

#[test]
fn a_second_proof_is_refused() {
    let mut wire = connecting(Some("secret"));
    let server = Server::challenge(&mut wire, "secret", 1);
    hear(
        &mut wire,
        &authentication(SASL_CONTINUE, server.challenge.as_bytes()),
    );
    let (_, proof) = server.judge(&mut wire);
    let last = authentication(SASL_FINAL, proof.as_bytes());
    hear(&mut wire, &last);
    assert!(!wire.is_authenticated());
    assert_eq!(refused(&mut wire, &last), "08P01");
}

#[test]
fn challenges_that_would_cost_or_prove_nothing_are_refused() {
    // Two thousand million rounds would take minutes: the refusal comes before the first.
    let mut wire = connecting(Some("secret"));
    let server = Server::challenge(&mut wire, "secret", 1);
    let nonce = server.challenge.split(',').next().unwrap();
    let own = nonce.strip_suffix("server").unwrap();
    for challenge in [
        format!("{nonce},s=AAAA,i=2147483647"),
        format!("{nonce},s=AAAA,i=100001"),
        format!("{nonce},s=AAAA,i=0"),
        format!("{own},s=AAAA,i=1"),
        "r=another,s=AAAA,i=1".into(),
        format!("{nonce},s=,i=1"),
        String::new(),
    ] {
        let mut wire = connecting(Some("secret"));
        Server::challenge(&mut wire, "secret", 1);
        // The nonce is new each time, so only the other attributes are judged by the first three.
        let bytes = authentication(SASL_CONTINUE, challenge.as_bytes());
        assert_eq!(refused(&mut wire, &bytes), "28000", "{challenge}");
    }
    let text = format!("{nonce},s=AAAA,i=2147483647");
    let error = refusal(&mut wire, &authentication(SASL_CONTINUE, text.as_bytes()));
    assert!(error.message().contains("2147483647 iterations"), "{error}");
}

#[test]
fn a_missing_or_empty_password_is_said_before_anything_is_sent() {
    for password in [None, Some("")] {
        for request in [
            authentication(CLEARTEXT, &[]),
            authentication(MD5, &[1, 2, 3, 4]),
            authentication(SASL, b"SCRAM-SHA-256\0\0"),
        ] {
            let mut wire = connecting(password);
            take_sent(&mut wire);
            assert_eq!(refused(&mut wire, &request), "28P01");
            assert!(take_sent(&mut wire).is_empty());
        }
    }
}

#[test]
fn a_nul_in_the_password_is_refused() {
    let mut wire = connecting(Some("sec\0ret"));
    take_sent(&mut wire);
    let error = refusal(&mut wire, &authentication(CLEARTEXT, &[]));
    assert_eq!(error.class(), Class::Programming);
    assert!(!error.message().contains("sec\0"), "{error}");
}

#[test]
fn methods_that_are_not_here_are_named() {
    for (code, name) in [(2, "Kerberos"), (7, "GSSAPI"), (9, "SSPI")] {
        let error = refusal(&mut connecting(None), &authentication(code, &[]));
        assert_eq!(error.class(), Class::NotSupported);
        assert!(error.message().contains(name), "{error}");
    }
    let offer = authentication(SASL, b"SCRAM-SHA-1\0OAUTHBEARER\0\0");
    let error = refusal(&mut connecting(Some("x")), &offer);
    assert_eq!(error.class(), Class::NotSupported);
    assert!(
        error.message().contains("SCRAM-SHA-1, OAUTHBEARER"),
        "{error}"
    );
}

#[test]
fn scram_is_chosen_from_among_other_mechanisms() {
    let mut wire = connecting(Some("x"));
    take_sent(&mut wire);
    let offer = authentication(SASL, b"OAUTHBEARER\0SCRAM-SHA-256\0SCRAM-SHA-1\0\0");
    hear(&mut wire, &offer);
    assert_eq!(&take_sent(&mut wire)[5..19], b"SCRAM-SHA-256\0");
}

#[test]
fn unknown_and_malformed_requests_are_refused() {
    for code in [1, 4, 6, 13, 255, -1, i32::MIN, i32::MAX] {
        let mut wire = connecting(Some("x"));
        assert_eq!(
            refused(&mut wire, &authentication(code, &[])),
            "08P01",
            "{code}"
        );
    }
    for bytes in [
        message(b'R', &[]),
        message(b'R', &[0, 0, 0]),
        authentication(OK, &[0]),
        authentication(CLEARTEXT, &[0]),
        authentication(MD5, &[]),
        authentication(MD5, &[1, 2, 3]),
        authentication(MD5, &[1, 2, 3, 4, 5]),
        authentication(SASL, &[]),
        authentication(SASL, b"SCRAM-SHA-256"),
        authentication(SASL, b"SCRAM-SHA-256\0"),
        authentication(SASL, b"SCRAM-SHA-256\0\0more"),
    ] {
        assert_eq!(
            refused(&mut connecting(Some("x")), &bytes),
            "08P01",
            "{bytes:?}"
        );
    }
}

#[test]
fn a_second_request_after_a_password_is_refused() {
    for first in [
        authentication(CLEARTEXT, &[]),
        authentication(MD5, &[1, 2, 3, 4]),
    ] {
        for second in [
            authentication(CLEARTEXT, &[]),
            authentication(MD5, &[1, 2, 3, 4]),
            authentication(SASL, b"SCRAM-SHA-256\0\0"),
            authentication(SASL_CONTINUE, b"r=x"),
            authentication(SASL_FINAL, b"v=x"),
        ] {
            let mut wire = connecting(Some("x"));
            hear(&mut wire, &first);
            assert_eq!(refused(&mut wire, &second), "08P01");
        }
    }
}

#[test]
fn authentication_again_after_the_login_is_refused() {
    for code in [OK, CLEARTEXT, SASL] {
        assert_eq!(
            refused(&mut connected(), &authentication(code, &[])),
            "08P01"
        );
    }
}
