//! numeric (PostgreSQL manual, "Arbitrary Precision Numbers"): in text the exact decimal digits, which is
//! also how this library hands it out; in binary groups of four digits.
//!
//! The binary form is the one that `numeric_send` of the server writes: four 16-bit numbers (how many
//! groups follow, the weight of the first group as a power of 10000, the sign, how many digits to display
//! behind the point) and the groups, each 0 to 9999.

use crate::error::Error;

use super::malformed;
use super::value::Arena;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
/// The most digits behind the point that a numeric can have.
const MAX_SCALE: u16 = 16383;
/// Decimal digits in a group.
const GROUP: usize = 4;

/// Checks that a text is a decimal number or one of the special values: what the kind promises. Exponents
/// and spaces are no part of the server's output.
pub(super) fn check_text(cell: &[u8]) -> Result<(), Error> {
    let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
    let digits = unsigned
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let well_formed = match unsigned.split_at_checked(digits) {
        Some((_, [])) => digits > 0,
        Some((_, [b'.', decimals @ ..])) => {
            digits > 0 && !decimals.is_empty() && decimals.iter().all(u8::is_ascii_digit)
        }
        _ => cell == b"NaN" || unsigned == b"Infinity",
    };
    if well_formed {
        Ok(())
    } else {
        Err(malformed("numeric", "no decimal number"))
    }
}

/// The decimal digits of a binary numeric; they lie in `arena`.
pub(super) fn from_binary<'a>(cell: &[u8], arena: &'a mut Arena) -> Result<&'a [u8], Error> {
    let number = Number::read(cell)?;
    let special: Option<&[u8]> = match number.sign {
        NAN => Some(b"NaN"),
        INFINITY => Some(b"Infinity"),
        NEGATIVE_INFINITY => Some(b"-Infinity"),
        _ => None,
    };
    let out_of_memory = || Error::out_of_memory("decoding a numeric");
    if let Some(text) = special {
        let copy = |out: &mut [u8]| {
            out.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
            text.len()
        };
        return arena.alloc(text.len(), copy).ok_or_else(out_of_memory);
    }
    arena
        .alloc(number.capacity(), |out| number.write(out))
        .ok_or_else(out_of_memory)
}

/// A binary numeric whose header and groups have been checked.
#[derive(Debug)]
struct Number<'a> {
    groups: &'a [[u8; 2]],
    /// The first group counts 10000 to this power.
    weight: i16,
    sign: u16,
    scale: u16,
}

impl<'a> Number<'a> {
    fn read(cell: &'a [u8]) -> Result<Number<'a>, Error> {
        let bad = |what: &str| Err(malformed("numeric", what));
        let Some((&[n0, n1, w0, w1, s0, s1, d0, d1], body)) = cell.split_first_chunk() else {
            return bad("shorter than its header");
        };
        let number = Number {
            groups: body.as_chunks().0,
            weight: i16::from_be_bytes([w0, w1]),
            sign: u16::from_be_bytes([s0, s1]),
            scale: u16::from_be_bytes([d0, d1]),
        };
        // Unsigned: the longest numeric has 36864 groups.
        let count = u16::from_be_bytes([n0, n1]);
        if usize::from(count) * 2 != body.len() {
            return bad("of another length than its header says");
        }
        if !matches!(
            number.sign,
            POSITIVE | NEGATIVE | NAN | INFINITY | NEGATIVE_INFINITY
        ) {
            return bad("of an unknown sign");
        }
        if number.scale > MAX_SCALE {
            return bad("with more decimals than a numeric can have");
        }
        if number
            .groups
            .iter()
            .any(|&group| u16::from_be_bytes(group) > 9999)
        {
            return bad("with a group of digits over 9999");
        }
        Ok(number)
    }

    /// An upper bound of the text's length. A weight of 32767 means 131072 digits before the point however
    /// few groups follow, so this is at most some 147 kB, and that only for a number of such a size.
    fn capacity(&self) -> usize {
        let integer = usize::try_from(i32::from(self.weight) + 1).unwrap_or(0) * GROUP;
        "-".len() + integer.max(1) + ".".len() + usize::from(self.scale) + GROUP
    }

    /// The group that counts 10000 to the power `weight`; those that were not sent are zero.
    fn group(&self, weight: i32) -> u16 {
        usize::try_from(i32::from(self.weight) - weight)
            .ok()
            .and_then(|index| self.groups.get(index))
            .map_or(0, |&group| u16::from_be_bytes(group))
    }

    /// Writes the text to the front of `out`, which holds at least `capacity` bytes; answers its length.
    fn write(&self, out: &mut [u8]) -> usize {
        let mut text = Digits { out, length: 0 };
        if self.sign == NEGATIVE {
            text.push(b'-');
        }
        let sign_end = text.length;
        for weight in (0..=i32::from(self.weight)).rev() {
            for digit in decimal(self.group(weight)) {
                if digit != b'0' || text.length > sign_end {
                    text.push(digit);
                }
            }
        }
        if text.length == sign_end {
            text.push(b'0');
        }
        if self.scale > 0 {
            text.push(b'.');
            let end = text.length + usize::from(self.scale);
            let mut weight = -1;
            while text.length < end {
                for digit in decimal(self.group(weight)) {
                    text.push(digit);
                }
                weight -= 1;
            }
            // The last group is filled up with zeroes that are not for display.
            text.length = end;
        }
        text.finish()
    }
}

/// The four decimal digits of a group, leading zeroes included.
fn decimal(group: u16) -> [u8; GROUP] {
    [1000, 100, 10, 1].map(|unit| b'0' + (group / unit % 10) as u8)
}

/// The text as it grows.
#[derive(Debug)]
struct Digits<'a> {
    out: &'a mut [u8],
    length: usize,
}

impl Digits<'_> {
    #[inline]
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.out.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    /// The length, after taking back the sign of a zero, which the server never writes.
    fn finish(self) -> usize {
        let shown = self.out.get(..self.length).unwrap_or_default();
        if shown.first() == Some(&b'-') && !shown.iter().any(|byte| matches!(byte, b'1'..=b'9')) {
            self.out.copy_within(1..self.length, 0);
            return self.length - 1;
        }
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(count: u16, weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let header = [count, weight as u16, sign, scale];
        header
            .iter()
            .chain(groups)
            .flat_map(|number| number.to_be_bytes())
            .collect()
    }

    fn text(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> String {
        let mut arena = Arena::default();
        let cell = binary(groups.len() as u16, weight, sign, scale, groups);
        String::from_utf8(from_binary(&cell, &mut arena).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn groups_become_digits() {
        assert_eq!(text(0, POSITIVE, 0, &[]), "0");
        assert_eq!(text(0, POSITIVE, 3, &[]), "0.000");
        assert_eq!(text(1, NEGATIVE, 2, &[1, 2345, 6700]), "-12345.67");
        assert_eq!(text(-2, POSITIVE, 8, &[1]), "0.00000001");
        assert_eq!(text(2, POSITIVE, 0, &[1]), "100000000");
        assert_eq!(text(0, NAN, 0, &[]), "NaN");
        assert_eq!(text(0, INFINITY, 32, &[]), "Infinity");
        assert_eq!(text(0, NEGATIVE_INFINITY, 32, &[]), "-Infinity");
    }

    #[test]
    fn what_only_a_lying_server_sends_is_still_a_number() {
        assert_eq!(text(1, POSITIVE, 0, &[0, 5]), "5");
        assert_eq!(text(0, NEGATIVE, 1, &[]), "0.0");
        assert_eq!(text(-1, NEGATIVE, 2, &[1]), "0.00");
        assert_eq!(text(i16::MAX, POSITIVE, 0, &[]), "0");
        assert_eq!(text(i16::MIN, POSITIVE, 16383, &[1]).len(), 16385);
    }

    #[test]
    fn the_largest_number() {
        let digits = text(i16::MAX, NEGATIVE, 16383, &[9999]);
        assert_eq!(digits.len(), 1 + 131072 + 1 + 16383);
        assert!(digits.starts_with("-99990"));
        // All digits that a numeric can have: more groups than an int2 counts.
        let mut groups = [9999; 36864];
        groups[36863] = 9990;
        let all = text(i16::MAX, POSITIVE, 16383, &groups);
        assert_eq!(all, format!("{}.{}", "9".repeat(131072), "9".repeat(16383)));
    }

    #[test]
    fn hostile_headers() {
        let mut arena = Arena::default();
        for cell in [
            vec![],
            vec![0; 7],
            vec![0; 9],
            binary(1, 0, POSITIVE, 0, &[]),
            binary(0, 0, POSITIVE, 0, &[1]),
            binary(2, 0, POSITIVE, 0, &[1]),
            binary(0xffff, 0, POSITIVE, 0, &[]),
            binary(0xfffe, 0, POSITIVE, 0, &[1]),
            binary(0x7fff, 0, POSITIVE, 0, &[1]),
            binary(1, 0, 0x8000, 0, &[1]),
            binary(1, 0, POSITIVE, 16384, &[1]),
            binary(1, 0, POSITIVE, 0xffff, &[1]),
            binary(1, 0, POSITIVE, 0, &[10000]),
            binary(1, 0, NAN, 0, &[]),
        ] {
            assert!(from_binary(&cell, &mut arena).is_err(), "{cell:?}");
        }
    }

    #[test]
    fn texts() {
        for good in ["0", "-1", "12.50", "NaN", "Infinity", "-Infinity"] {
            assert!(check_text(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "", "-", ".", "1.", ".5", "+1", "1e5", "--1", "1.2.3", "-NaN", "nan", " 1",
        ] {
            assert!(check_text(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
