//! uuid (PostgreSQL manual, "UUID Type"): 8-4-4-4-12 lower-case hexadecimal digits in text, its 16 bytes
//! in binary.

use crate::error::Error;

use super::bytea::{HEX, nibble};
use super::{fixed, malformed};

pub(super) fn from_text(cell: &[u8]) -> Result<[u8; 16], Error> {
    parse(cell).ok_or_else(|| malformed("uuid", "not of the form 8-4-4-4-12"))
}

fn parse(cell: &[u8]) -> Option<[u8; 16]> {
    let mut uuid = [0; 16];
    let mut rest = cell;
    for (index, byte) in uuid.iter_mut().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            rest = rest.strip_prefix(b"-")?;
        }
        let (&[high, low], tail) = rest.split_first_chunk()?;
        *byte = nibble(high)? << 4 | nibble(low)?;
        rest = tail;
    }
    rest.is_empty().then_some(uuid)
}

pub(super) fn from_binary(cell: &[u8]) -> Result<[u8; 16], Error> {
    fixed("uuid", cell)
}

pub(super) fn format(uuid: &[u8; 16], out: &mut String) {
    for (index, byte) in uuid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.extend(HEX.get(usize::from(digit)).map(|&digit| char::from(digit)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let uuid = from_text(text.as_bytes()).unwrap();
        assert_eq!(uuid[..6], [0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b]);
        let mut out = String::new();
        format(&uuid, &mut out);
        assert_eq!(out, text);
        assert_eq!(from_binary(&uuid).unwrap(), uuid);
    }

    #[test]
    fn malformed_forms() {
        for text in [
            "",
            "a0eebc99",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g",
            "a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11",
        ] {
            assert!(from_text(text.as_bytes()).is_err(), "{text}");
        }
        assert!(from_binary(&[0; 15]).is_err());
        assert!(from_binary(&[0; 17]).is_err());
    }
}
