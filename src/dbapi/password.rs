//! `encrypt_password`: what ALTER ROLE is given in place of a password (psycopg2's `encrypt_password`,
//! libpq's `PQencryptPasswordConn`).
//!
//! Owns where the algorithm and its cost come from. What a verifier is made of is `wire::verifier`'s.

use super::connection::{Connection, Session};
use super::exchange::Answers;
use crate::error::{Class, Error, Result};
use crate::wire::verifier;

/// What verifiers are made by.
#[derive(Clone, Copy)]
enum Algorithm {
    ScramSha256,
    Md5,
}

/// The verifier of `password` for the role `user`. `algorithm` is a word that the server's setting
/// `password_encryption` may have; `None`: what the server of `connection` uses, else SCRAM-SHA-256.
pub(crate) fn encrypt_password(
    connection: Option<&Connection>,
    user: &str,
    password: &str,
    algorithm: Option<&str>,
) -> Result<String> {
    let Some(connection) = connection else {
        let algorithm = algorithm.map_or(Ok(Algorithm::ScramSha256), named)?;
        return algorithm.encrypt(user, password, verifier::ITERATIONS);
    };
    let (algorithm, iterations) = connection.command(connection.timeout(), |session| {
        let algorithm = match algorithm {
            Some(word) => named(word)?,
            None => {
                let word = session.password_encryption()?;
                // The server has one that is new to us.
                named(&word).map_err(|error| error.with_class(Class::NotSupported))?
            }
        };
        let iterations = match algorithm {
            Algorithm::ScramSha256 => session.channel()?.wire().verifier_iterations()?,
            Algorithm::Md5 => verifier::ITERATIONS,
        };
        Ok((algorithm, iterations))
    })?;
    // Not during the connection's turn: it takes a while.
    algorithm.encrypt(user, password, iterations)
}

/// The algorithm of that name.
fn named(word: &str) -> Result<Algorithm> {
    match word {
        "scram-sha-256" => Ok(Algorithm::ScramSha256),
        // "on" and "off" are from when the setting was a boolean, before PostgreSQL 10.
        "md5" | "on" | "off" => Ok(Algorithm::Md5),
        _ => Err(Error::programming(format!(
            "unrecognized password encryption algorithm \"{word}\""
        ))),
    }
}

impl Algorithm {
    fn encrypt(self, user: &str, password: &str, iterations: u32) -> Result<String> {
        match self {
            Algorithm::ScramSha256 => verifier::scram_sha_256(password, iterations),
            Algorithm::Md5 => Ok(verifier::md5(password, user)),
        }
    }
}

impl Session {
    /// Asks the server for its setting: within the transaction that is open, if one is; none is begun. In a
    /// failed one the server's answer is an error.
    fn password_encryption(&mut self) -> Result<String> {
        let sql = "SHOW password_encryption";
        self.queue(|wire| wire.start_query(sql))?;
        let answers = self.finish(Answers::default(), sql)?;
        answers
            .last
            .as_ref()
            .filter(|reply| {
                reply
                    .columns
                    .as_ref()
                    .is_some_and(|columns| columns.len() == 1)
            })
            .and_then(|reply| reply.rows.row(0)?.next_cell())
            .and_then(|cell| std::str::from_utf8(cell).ok())
            .map(str::to_owned)
            .ok_or_else(|| Error::protocol("no value of a setting that was asked for"))
    }
}
