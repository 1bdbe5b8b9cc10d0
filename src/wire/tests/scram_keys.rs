//! `scram_client_key` and `scram_server_key` in place of the password.

use super::scram_server::*;
use super::support::*;
use crate::wire::{Credentials, Wire};

/// The keys of "secret" under the server's salt.
fn keys(iterations: u32) -> ([u8; 32], [u8; 32]) {
    let salted = salted_password("secret", SALT, iterations);
    (hmac(&salted, b"Client Key"), hmac(&salted, b"Server Key"))
}

fn with(password: Option<&str>, client: Option<[u8; 32]>, server: Option<[u8; 32]>) -> Wire {
    connecting_as(Credentials {
        scram_client_key: client,
        scram_server_key: server,
        ..credentials(password)
    })
}

#[test]
fn both_keys_are_as_good_as_the_password() {
    let (client, server) = keys(4096);
    for password in [None, Some(""), Some("another one, which is not used")] {
        let mut wire = with(password, Some(client), Some(server));
        Server::challenge(&mut wire, "secret", 4096).let_in(&mut wire);
        assert!(wire.password_was_used() && !wire.password_was_missing());
    }
}

#[test]
fn the_servers_key_alone_checks_the_server_and_the_password_proves_us() {
    let (_, server) = keys(4096);
    let mut wire = with(Some("secret"), None, Some(server));
    Server::challenge(&mut wire, "secret", 4096).let_in(&mut wire);
    // Without the password there is nothing to prove with.
    let mut wire = with(None, None, Some(server));
    assert_eq!(refused(&mut wire, &authentication(SASL, PLAIN)), "28P01");
    assert!(wire.password_was_missing());
}

#[test]
fn the_clients_key_alone_is_refused_before_anything_is_proved() {
    let (client, _) = keys(4096);
    for password in [None, Some("secret")] {
        let mut wire = with(password, Some(client), None);
        take_sent(&mut wire);
        let error = refusal(&mut wire, &authentication(SASL, PLAIN));
        assert!(error.message().contains("scram_server_key"), "{error}");
        assert_eq!(error.sqlstate().unwrap().as_str(), "28000");
        assert!(take_sent(&mut wire).is_empty());
    }
}

#[test]
fn a_wrong_key_convinces_no_one() {
    let (client, server) = keys(4096);
    // The server's key is wrong: its true proof is refused.
    for password in [None, Some("secret")] {
        let mut wire = with(
            password,
            password.is_none().then_some(client),
            Some([7; 32]),
        );
        let judge = Server::challenge(&mut wire, "secret", 4096);
        judge.ask(&mut wire);
        let (known, proof) = judge.judge(&mut wire);
        assert!(known);
        let last = authentication(SASL_FINAL, proof.as_bytes());
        assert_eq!(refused(&mut wire, &last), "28000");
    }
    // Ours is wrong: the server finds out.
    let mut wire = with(None, Some([7; 32]), Some(server));
    let judge = Server::challenge(&mut wire, "secret", 4096);
    judge.ask(&mut wire);
    assert!(!judge.judge(&mut wire).0);
}

#[test]
fn keys_cost_no_iterations_so_none_are_too_many() {
    let (client, server) = keys(1);
    let mut wire = with(None, Some(client), Some(server));
    let judge = Server::challenge(&mut wire, "secret", 1);
    let challenge = judge.challenge.replace(",i=1", ",i=2147483647");
    hear(
        &mut wire,
        &authentication(SASL_CONTINUE, challenge.as_bytes()),
    );
    assert_eq!(take_sent(&mut wire)[0], b'p');
}

#[test]
fn keys_are_for_scram_alone() {
    let (client, server) = keys(1);
    for request in [
        authentication(CLEARTEXT, &[]),
        authentication(MD5, &[1, 2, 3, 4]),
    ] {
        let mut wire = with(None, Some(client), Some(server));
        assert_eq!(refused(&mut wire, &request), "28P01");
        assert!(wire.password_was_missing());
    }
    let mut wire = with(None, Some(client), Some(server));
    assert_eq!(hear(&mut wire, &welcome()), ["Ready Idle"]);
}
