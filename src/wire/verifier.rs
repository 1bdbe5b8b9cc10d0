//! Passwords as servers store them, so that ALTER ROLE need not carry them in clear (manual,
//! "pg_authid"). What a server is asked for first (its algorithm, its iterations) is the caller's matter.

use super::scram;
use crate::error::Result;

/// Rounds of a SCRAM verifier, where the server names no number (RFC 7677, section 4).
pub(crate) const ITERATIONS: u32 = 4096;
/// Bytes of salt in a verifier, as PostgreSQL makes it.
const SALT_BYTES: usize = 16;

/// A SCRAM-SHA-256 verifier with a fresh salt.
pub(crate) fn scram_sha_256(password: &str, iterations: u32) -> Result<String> {
    scram::verifier(
        password.as_bytes(),
        &scram::random::<SALT_BYTES>()?,
        iterations,
    )
}

/// PostgreSQL's MD5 form: `md5` and the digest of password and user.
pub(crate) fn md5(password: &str, user: &str) -> String {
    postgres_protocol::password::md5(password.as_bytes(), user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scram_verifier_has_a_salt_of_its_own() {
        let one = scram_sha_256("secret", 1).unwrap();
        let other = scram_sha_256("secret", 1).unwrap();
        assert_ne!(one, other);
        for verifier in [one, other] {
            let rest = verifier.strip_prefix("SCRAM-SHA-256$1:").unwrap();
            // 16, 32 and 32 bytes in base64.
            let lengths: Vec<_> = rest.split(['$', ':']).map(str::len).collect();
            assert_eq!(lengths, [24, 44, 44]);
        }
    }

    /// The digest is Python's hashlib's, of `secretalice`.
    #[test]
    fn md5_is_of_the_password_and_then_the_user() {
        assert_eq!(
            md5("secret", "alice"),
            "md54a0a68b43b6cd5cf266fa02f196e2371"
        );
    }
}
