//! bytea (PostgreSQL manual, "Binary Data Types"): in text either `\x` and pairs of hexadecimal digits, or
//! the older escape form (`\\` for a backslash, `\nnn` octal for what is not printable); in binary the bytes
//! themselves.
//!
//! The server chooses the text form (bytea_output). A cell in escape form never begins with `\x`, since a
//! backslash is doubled there.

use crate::error::Error;

use super::malformed;
use super::value::Arena;

pub(super) const HEX: &[u8; 16] = b"0123456789abcdef";

/// The bytes that a text form stands for; they lie in `arena`.
pub(super) fn from_text<'a>(cell: &[u8], arena: &'a mut Arena) -> Result<&'a [u8], Error> {
    let hex = cell.strip_prefix(b"\\x");
    // Both forms only ever shrink: two digits, or up to four characters, become a byte.
    let capacity = hex.map_or(cell.len(), |digits| digits.len() / 2);
    let decode = |out: &mut [u8]| match hex {
        Some(digits) => from_hex(digits, out),
        None => from_escape(cell, out),
    };
    let mut well_formed = true;
    let bytes = arena
        .alloc(capacity, |out| match decode(out) {
            Some(used) => used,
            None => {
                well_formed = false;
                0
            }
        })
        .ok_or_else(|| Error::out_of_memory("decoding a bytea"))?;
    if well_formed {
        Ok(bytes)
    } else {
        Err(malformed(
            "bytea",
            "neither its hex form nor its escape form",
        ))
    }
}

fn from_hex(digits: &[u8], out: &mut [u8]) -> Option<usize> {
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    for (&[high, low], byte) in pairs.iter().zip(out.iter_mut()) {
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(pairs.len())
}

fn from_escape(cell: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut used = 0;
    let mut rest = cell;
    for slot in out.iter_mut() {
        *slot = match *rest {
            [] => break,
            [b'\\', b'\\', ref tail @ ..] => {
                rest = tail;
                b'\\'
            }
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                ref tail @ ..,
            ] => {
                rest = tail;
                (a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')
            }
            [b'\\', ..] => return None,
            [byte, ref tail @ ..] => {
                rest = tail;
                byte
            }
        };
        used += 1;
    }
    Some(used)
}

/// What a hexadecimal digit stands for.
#[inline]
pub(super) fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Appends the hex form.
pub(super) fn format(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len().saturating_mul(2).saturating_add(2));
    out.push_str("\\x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.extend(HEX.get(usize::from(digit)).map(|&digit| char::from(digit)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut arena = Arena::default();
        from_text(text.as_bytes(), &mut arena)
            .ok()
            .map(<[u8]>::to_vec)
    }

    #[test]
    fn hex_form() {
        assert_eq!(decoded("\\x"), Some(vec![]));
        assert_eq!(decoded("\\x00ff5C"), Some(vec![0, 255, b'\\']));
        for text in ["\\x0", "\\x000", "\\x0g", "\\x 00", "\\x00 ", "\\x\\x"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn escape_form() {
        assert_eq!(decoded(""), Some(vec![]));
        assert_eq!(decoded("abc"), Some(b"abc".to_vec()));
        assert_eq!(decoded("\\\\x41"), Some(b"\\x41".to_vec()));
        assert_eq!(decoded("\\000\\377'\\\\"), Some(vec![0, 255, b'\'', b'\\']));
        for text in [
            "\\", "\\0", "\\00", "\\400", "\\08", "\\008", "a\\", "\\X00", "\\\\\\",
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn every_byte_in_both_forms() {
        let all: Vec<u8> = (0..=255).collect();
        let mut hex = String::new();
        format(&all, &mut hex);
        assert_eq!(decoded(&hex).unwrap(), all);
        let escape: String = all.iter().map(|byte| format!("\\{byte:03o}")).collect();
        assert_eq!(decoded(&escape).unwrap(), all);
    }
}
