//! bool (PostgreSQL manual, "Boolean Type"): `t` or `f` in text, one byte in binary.

use crate::error::Error;

use super::malformed;

pub(super) fn from_text(cell: &[u8]) -> Result<bool, Error> {
    match cell {
        b"t" => Ok(true),
        b"f" => Ok(false),
        _ => Err(malformed("bool", "neither \"t\" nor \"f\"")),
    }
}

pub(super) fn from_binary(cell: &[u8]) -> Result<bool, Error> {
    match cell {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(malformed("bool", "not one byte of 0 or 1")),
    }
}

/// The server's text form, which is also an input form of every type that a truth value may be sent as.
pub(super) fn text(value: bool) -> &'static str {
    if value { "t" } else { "f" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_forms() {
        assert!(from_text(b"t").unwrap() && !from_text(b"f").unwrap());
        assert!(from_binary(&[1]).unwrap() && !from_binary(&[0]).unwrap());
        for text in ["", "true", "T", "1", "tt"] {
            assert!(from_text(text.as_bytes()).is_err(), "{text}");
        }
        for binary in [&[][..], &[2], &[0, 0], b"t"] {
            assert!(from_binary(binary).is_err(), "{binary:?}");
        }
    }
}
