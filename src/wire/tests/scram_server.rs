//! A server's side of SCRAM-SHA-256, from RFC 5802 and not from our own client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::support::*;
use crate::wire::Wire;

pub(super) const OK: i32 = 0;
pub(super) const CLEARTEXT: i32 = 3;
pub(super) const MD5: i32 = 5;
pub(super) const SASL: i32 = 10;
pub(super) const SASL_CONTINUE: i32 = 11;
pub(super) const SASL_FINAL: i32 = 12;

/// The offer of a server without TLS.
pub(super) const PLAIN: &[u8] = b"SCRAM-SHA-256\0\0";
/// The offer of a server with TLS.
pub(super) const BOTH: &[u8] = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";

/// The exchange after the server's challenge.
pub(super) struct Server {
    /// The mechanism that the client chose.
    pub(super) mechanism: String,
    /// What the client says of channel binding: `n,,`, `y,,` or `p=tls-server-end-point,,`.
    pub(super) gs2_header: String,
    first_bare: String,
    pub(super) challenge: String,
    salted: [u8; 32],
    /// The digest of the certificate that this server has.
    end_point: Vec<u8>,
}

pub(super) fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// RFC 5802's Hi.
pub(super) fn salted_password(password: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut round = hmac(password.as_bytes(), &[salt, &[0, 0, 0, 1]].concat());
    let mut salted = round;
    for _ in 1..iterations {
        round = hmac(password.as_bytes(), &round);
        salted
            .iter_mut()
            .zip(round)
            .for_each(|(all, new)| *all ^= new);
    }
    salted
}

pub(super) const SALT: &[u8] = b"pinch of";

impl Server {
    /// Offers SCRAM-SHA-256, reads the client's first message and makes a challenge.
    pub(super) fn challenge(wire: &mut Wire, password: &str, iterations: u32) -> Server {
        let server = Server::offer(wire, PLAIN, &[], password, iterations);
        assert_eq!(server.mechanism, "SCRAM-SHA-256");
        assert_eq!(server.gs2_header, "n,,");
        server
    }

    /// The same with an offer of one's own, of a server whose certificate has this digest.
    pub(super) fn offer(
        wire: &mut Wire,
        offer: &[u8],
        end_point: &[u8],
        password: &str,
        iterations: u32,
    ) -> Server {
        take_sent(wire);
        assert!(hear(wire, &authentication(SASL, offer)).is_empty());
        let sent = take_sent(wire);
        assert_eq!(sent[0], b'p');
        assert_eq!(sent[1..5], (sent.len() as u32 - 1).to_be_bytes());
        let end = 5 + sent[5..].iter().position(|&byte| byte == 0).unwrap();
        let mechanism = std::str::from_utf8(&sent[5..end]).unwrap().to_owned();
        let (length, first) = sent[end + 1..].split_first_chunk::<4>().unwrap();
        assert_eq!(u32::from_be_bytes(*length) as usize, first.len());
        let first = std::str::from_utf8(first).unwrap();
        let (header, first_bare) = first.split_at(first.find(",,").unwrap() + 2);
        let nonce = first_bare.strip_prefix("n=,r=").unwrap();
        assert!(nonce.len() >= 24, "a short nonce: {nonce}");
        Server {
            mechanism,
            gs2_header: header.to_owned(),
            challenge: format!("r={nonce}server,s={},i={iterations}", BASE64.encode(SALT)),
            first_bare: first_bare.to_owned(),
            salted: salted_password(password, SALT, iterations),
            end_point: end_point.to_vec(),
        }
    }

    /// Sends the challenge.
    pub(super) fn ask(&self, wire: &mut Wire) {
        hear(
            wire,
            &authentication(SASL_CONTINUE, self.challenge.as_bytes()),
        );
    }

    /// Checks the client's proof and what it says of the channel, as PostgreSQL does, and gives the server's
    /// own proof.
    pub(super) fn judge(&self, wire: &mut Wire) -> (bool, String) {
        let sent = take_sent(wire);
        assert_eq!(sent[0], b'p');
        assert_eq!(sent[1..5], (sent.len() as u32 - 1).to_be_bytes());
        let answer = std::str::from_utf8(&sent[5..]).unwrap();
        let (without_proof, proof) = answer.rsplit_once(",p=").unwrap();
        let nonce = self.challenge.split(',').next().unwrap();
        let mut channel = self.gs2_header.clone().into_bytes();
        if channel[0] == b'p' {
            channel.extend_from_slice(&self.end_point);
        }
        let bound = without_proof == format!("c={},{nonce}", BASE64.encode(channel));
        let auth = format!("{},{},{without_proof}", self.first_bare, self.challenge);
        let stored: [u8; 32] = Sha256::digest(hmac(&self.salted, b"Client Key")).into();
        let mut client_key = BASE64.decode(proof).unwrap();
        client_key
            .iter_mut()
            .zip(hmac(&stored, auth.as_bytes()))
            .for_each(|(byte, mask)| *byte ^= mask);
        let known = <[u8; 32]>::from(Sha256::digest(&client_key)) == stored;
        let proof = hmac(&hmac(&self.salted, b"Server Key"), auth.as_bytes());
        (known && bound, format!("v={}", BASE64.encode(proof)))
    }

    /// Goes on from the challenge to the end, both being content.
    pub(super) fn let_in(&self, wire: &mut Wire) {
        self.ask(wire);
        let (known, proof) = self.judge(wire);
        assert!(known, "the proof is wrong");
        assert!(hear(wire, &authentication(SASL_FINAL, proof.as_bytes())).is_empty());
        assert_eq!(hear(wire, &welcome()), ["Ready Idle"]);
    }
}
