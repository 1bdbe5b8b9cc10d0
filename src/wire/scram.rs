//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's side (RFC 5802, RFC 7677; manual, 55.3 "SASL
//! Authentication"), and the verifiers that PostgreSQL stores.
//!
//! Each step consumes the state before it, so an exchange cannot be answered twice or out of order. The server
//! must prove that it knows the password too: only [`ServerProof::verify`] ends an exchange. Which mechanism
//! is right is `policy`'s matter.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Bytes of randomness in a nonce, as libpq has it.
const NONCE_BYTES: usize = 18;
/// What the server's messages may be long: they hold a nonce, a salt and a number.
const LONGEST_MESSAGE: usize = 8192;

/// Whether the exchange is bound to a TLS session, and what the server is told of it: it notices when
/// someone in between took SCRAM-SHA-256-PLUS from its offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// `n`: we could not, or do not want to.
    Unsupported,
    /// `y`: we could, and the server did not offer it.
    NotOffered,
    /// `p`: SCRAM-SHA-256-PLUS, with the digest of the server's certificate (RFC 5929, section 4).
    EndPoint(Vec<u8>),
}

impl Binding {
    fn gs2_header(&self) -> &'static str {
        match self {
            Binding::Unsupported => "n,,",
            Binding::NotOffered => "y,,",
            Binding::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// The `c=` attribute's value: the header again, and the digest.
    fn channel_data(&self) -> String {
        let mut data = self.gs2_header().as_bytes().to_vec();
        if let Binding::EndPoint(digest) = self {
            data.extend_from_slice(digest);
        }
        BASE64.encode(data)
    }
}

/// What proves the client, and what checks the server.
pub(super) enum Secrets<'a> {
    /// The password; the server's key, if it is given, is not derived from it.
    Password {
        password: &'a [u8],
        server_key: Option<&'a [u8; 32]>,
    },
    /// Both keys, without the password.
    Keys {
        client_key: &'a [u8; 32],
        server_key: &'a [u8; 32],
    },
}

/// The exchange before the server's challenge.
pub(super) struct ClientFirst {
    nonce: String,
    binding: Binding,
}

/// The exchange after our proof.
pub(super) struct ServerProof {
    server_key: [u8; 32],
    auth_message: String,
    bound: bool,
}

impl ClientFirst {
    /// Begins an exchange with a fresh nonce.
    pub(super) fn new(binding: Binding) -> Result<ClientFirst> {
        Ok(ClientFirst {
            nonce: BASE64.encode(random::<NONCE_BYTES>()?),
            binding,
        })
    }

    #[cfg(test)]
    fn with_nonce(nonce: &str, binding: Binding) -> ClientFirst {
        ClientFirst {
            nonce: nonce.into(),
            binding,
        }
    }

    /// The client-first-message. The user is named by the startup message.
    pub(super) fn message(&self) -> String {
        format!("{}{}", self.binding.gs2_header(), self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers the server-first-message: our proof, and what checks the server's.
    /// More than `most_iterations` rounds are refused before the first is computed.
    pub(super) fn answer(
        self,
        challenge: &[u8],
        secrets: Secrets<'_>,
        most_iterations: u32,
    ) -> Result<(String, ServerProof)> {
        let challenge = message_text(challenge)?;
        let mut attributes = challenge.split(',');
        let nonce = attribute(&mut attributes, "r=")?;
        let salt = attribute(&mut attributes, "s=")?;
        let iterations = attribute(&mut attributes, "i=")?;

        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(refused("its nonce does not continue ours"));
        }
        let salt = BASE64
            .decode(salt)
            .map_err(|_| refused("its salt is not base64"))?;
        if salt.is_empty() {
            return Err(refused("its salt is empty"));
        }
        let iterations: u32 = iterations
            .parse()
            .ok()
            .filter(|&count| count > 0)
            .ok_or_else(|| refused("its iteration count is not a number"))?;

        let (client_key, server_key) = match secrets {
            Secrets::Keys {
                client_key,
                server_key,
            } => (*client_key, *server_key),
            Secrets::Password {
                password,
                server_key,
            } => {
                if iterations > most_iterations {
                    return Err(refused(&format!(
                        "it asks for {iterations} iterations, more than scram_max_iterations allows ({most_iterations})"
                    )));
                }
                let keys = Keys::derive(password, &salt, iterations)?;
                (keys.client, server_key.copied().unwrap_or(keys.server))
            }
        };
        let stored_key: [u8; 32] = Sha256::digest(client_key).into();
        let without_proof = format!("c={},r={nonce}", self.binding.channel_data());
        let auth_message = format!("{},{challenge},{without_proof}", self.bare());
        let mut proof = hmac(&stored_key, auth_message.as_bytes())?;
        for (byte, key) in proof.iter_mut().zip(client_key) {
            *byte ^= key;
        }
        let message = format!("{without_proof},p={}", BASE64.encode(proof));
        Ok((
            message,
            ServerProof {
                server_key,
                auth_message,
                bound: matches!(self.binding, Binding::EndPoint(_)),
            },
        ))
    }
}

impl ServerProof {
    /// Checks the server-final-message, in constant time. Only after this has the server proved anything:
    /// that it knows the password and, if true comes back, that it is the other end of the TLS session.
    pub(super) fn verify(self, message: &[u8]) -> Result<bool> {
        let message = message_text(message)?;
        if let Some(reason) = message.strip_prefix("e=") {
            return Err(refused(&format!("it reports {reason:?}")));
        }
        let mut attributes = message.split(',');
        let verifier = attribute(&mut attributes, "v=")?;
        let verifier = BASE64
            .decode(verifier)
            .map_err(|_| refused("its proof is not base64"))?;
        let mut mac = keyed(&self.server_key)?;
        mac.update(self.auth_message.as_bytes());
        mac.verify_slice(&verifier)
            .map_err(|_| refused("its proof is wrong: it does not know the password"))?;
        Ok(self.bound)
    }
}

/// What a password becomes under a salt.
struct Keys {
    client: [u8; 32],
    server: [u8; 32],
}

impl Keys {
    fn derive(password: &[u8], salt: &[u8], iterations: u32) -> Result<Keys> {
        let salted = salted_password(password, salt, iterations)?;
        Ok(Keys {
            client: hmac(&salted, b"Client Key")?,
            server: hmac(&salted, b"Server Key")?,
        })
    }
}

/// What a server stores for a password (`pg_authid.rolpassword`; manual, "pg_authid").
pub(super) fn verifier(password: &[u8], salt: &[u8], iterations: u32) -> Result<String> {
    let keys = Keys::derive(password, salt, iterations)?;
    Ok(format!(
        "SCRAM-SHA-256${iterations}:{}${}:{}",
        BASE64.encode(salt),
        BASE64.encode(Sha256::digest(keys.client)),
        BASE64.encode(keys.server)
    ))
}

/// Bytes that no one can guess.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut random = [0; N];
    getrandom::fill(&mut random)
        .map_err(|_| Error::operational("the system has no random numbers for SCRAM"))?;
    Ok(random)
}

/// SASLprep where the password allows it, else the password's own bytes, as the server does.
fn normalized(password: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(password)
        .ok()
        .and_then(|text| stringprep::saslprep(text).ok())
    {
        Some(text) => text.into_owned().into_bytes(),
        None => password.to_vec(),
    }
}

/// RFC 5802's `Hi`: PBKDF2 with one block. The keyed state is made once; each round is two hashes.
fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Result<[u8; 32]> {
    let keyed = keyed(&normalized(password))?;
    let mut mac = keyed.clone();
    mac.update(salt);
    mac.update(&1u32.to_be_bytes());
    let mut round: [u8; 32] = mac.finalize().into_bytes().into();
    let mut result = round;
    for _ in 1..iterations {
        let mut mac = keyed.clone();
        mac.update(&round);
        round = mac.finalize().into_bytes().into();
        for (byte, new) in result.iter_mut().zip(round) {
            *byte ^= new;
        }
    }
    Ok(result)
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>> {
    Hmac::<Sha256>::new_from_slice(key)
        .map_err(|_| Error::new(crate::error::Class::Internal, "HMAC refused a key"))
}

fn hmac(key: &[u8], data: &[u8]) -> Result<[u8; 32]> {
    let mut mac = keyed(key)?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().into())
}

fn message_text(message: &[u8]) -> Result<&str> {
    if message.len() > LONGEST_MESSAGE {
        return Err(refused("its message is too long"));
    }
    std::str::from_utf8(message).map_err(|_| refused("its message is not text"))
}

fn attribute<'a>(attributes: &mut std::str::Split<'a, char>, name: &str) -> Result<&'a str> {
    attributes
        .next()
        .and_then(|attribute| attribute.strip_prefix(name))
        .ok_or_else(|| refused(&format!("its message has no {name:?} where one belongs")))
}

fn refused(why: &str) -> Error {
    Error::broken(format!(
        "SCRAM authentication with the server failed: {why}"
    ))
    .with_sqlstate("28000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(password: &[u8]) -> Secrets<'_> {
        Secrets::Password {
            password,
            server_key: None,
        }
    }

    /// RFC 7677, section 3, with PostgreSQL's empty user name; the proof is Python's hashlib and hmac's.
    #[test]
    fn the_exchange_of_the_rfc() {
        let first = ClientFirst::with_nonce("rOprNGfwEbeRWgbNEkqO", Binding::Unsupported);
        assert_eq!(first.message(), "n,,n=,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (answer, _) = first
            .answer(challenge, password(b"pencil"), 100_000)
            .unwrap();
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k="
        );
    }

    #[test]
    fn the_channel_is_named_twice_and_its_digest_once() {
        for (binding, header, data) in [
            (Binding::Unsupported, "n,,", "biws"),
            (Binding::NotOffered, "y,,", "eSws"),
            (
                Binding::EndPoint(vec![0xff, 0, 0x80]),
                "p=tls-server-end-point,,",
                "cD10bHMtc2VydmVyLWVuZC1wb2ludCws/wCA",
            ),
        ] {
            let bound = matches!(binding, Binding::EndPoint(_));
            let first = ClientFirst::with_nonce("abc", binding);
            assert_eq!(first.message(), format!("{header}n=,r=abc"));
            let (answer, proof) = first
                .answer(b"r=abcd,s=AAAA,i=1", password(b"x"), 1)
                .unwrap();
            assert!(
                answer.starts_with(&format!("c={data},r=abcd,p=")),
                "{answer}"
            );
            assert_eq!(proof.bound, bound);
        }
    }

    /// The salt is 1 to 16; made by Python's hashlib and hmac. (c_tests/22_authentication.c logs in by such a one.)
    #[test]
    fn a_verifier_is_what_postgresql_stores() {
        let salt: Vec<u8> = (1..=16).collect();
        assert_eq!(
            verifier(b"foo", &salt, 4096).unwrap(),
            "SCRAM-SHA-256$4096:AQIDBAUGBwgJCgsMDQ4PEA==$w7xg45kmcI9DRxQYNSZZIbjzsD2dQ8bOUCOsO/yv0Fw=:PufM/ch4v0UWy82lR3OoAAs6nLBPP8MOV3BPVnUz2Yo="
        );
        // SASLprep: a soft hyphen counts for nothing, a wide letter is the narrow one.
        assert_eq!(
            verifier("f\u{ad}o\u{ff4f}".as_bytes(), &salt, 4096).unwrap(),
            verifier(b"foo", &salt, 4096).unwrap()
        );
    }

    /// RFC 7677's own vectors: the salted password leads to its keys.
    #[test]
    fn the_key_derivation_of_the_rfc() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let salted = salted_password(b"pencil", &salt, 4096).unwrap();
        let server_key = hmac(&salted, b"Server Key").unwrap();
        let auth_message = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = ServerProof {
            server_key,
            auth_message: auth_message.into(),
            bound: false,
        };
        proof
            .verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
            .unwrap();
    }

    #[test]
    fn a_wrong_proof_is_refused() {
        for message in [
            &b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="[..],
            b"v=",
            b"v=AAAA",
            b"v=!",
            b"e=other-error",
            b"",
            b"\xff",
        ] {
            let proof = ServerProof {
                server_key: [7; 32],
                auth_message: "x".into(),
                bound: true,
            };
            assert!(proof.verify(message).is_err(), "{message:?}");
        }
    }

    #[test]
    fn challenges_that_are_refused() {
        for challenge in [
            "",
            "r=other,s=AAAA,i=4096",
            "r=abc,s=AAAA,i=4096",
            "r=abcd,s=!,i=4096",
            "r=abcd,s=,i=4096",
            "r=abcd,s=AAAA,i=0",
            "r=abcd,s=AAAA,i=-1",
            "r=abcd,s=AAAA,i=100001",
            "r=abcd,s=AAAA,i=2147483647",
            "r=abcd,s=AAAA,i=99999999999",
            "r=abcd,s=AAAA",
            "m=ext,r=abcd,s=AAAA,i=4096",
        ] {
            let first = ClientFirst::with_nonce("abc", Binding::Unsupported);
            let outcome = first.answer(challenge.as_bytes(), password(b"x"), 100_000);
            assert!(outcome.is_err(), "{challenge}");
        }
    }

    #[test]
    fn passwords_that_saslprep_refuses_are_used_as_they_are() {
        assert_eq!(normalized(b"\xff\xfe"), b"\xff\xfe");
        assert_eq!(normalized("I\u{ad}X".as_bytes()), b"IX");
        assert_eq!(normalized("a\u{7}b".as_bytes()), b"a\x07b");
    }
}
