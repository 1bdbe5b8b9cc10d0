//! int2, int4, int8 and oid (PostgreSQL manual, "Integer Types" and "Object Identifier Types"): decimal
//! digits in text, big-endian two's complement in binary. An oid is unsigned.

use crate::error::Error;

use super::words::{self, Cell, TENS};
use super::{fixed, malformed};

/// Decimal digits, as the server writes them, that fit `T`.
#[inline]
pub(super) fn from_text<T: TryFrom<i64>>(name: &str, cell: &[u8]) -> Result<i64, Error> {
    let number = parse(cell).filter(|&number| T::try_from(number).is_ok());
    number.ok_or_else(|| malformed(name, "no number in its range"))
}

/// An xid8: unsigned, of 64 bits. `Err` of the number beyond an i64.
pub(super) fn xid8_from_text(cell: &[u8]) -> Result<Result<i64, u64>, Error> {
    let digits = std::str::from_utf8(cell)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number: u64 = digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| malformed("xid8", "no number in its range"))?;
    Ok(i64::try_from(number).map_err(|_| number))
}

/// The number, if it has so few digits that nothing can overflow, and a `T` can hold it.
#[inline(always)]
pub(super) fn quick<T: TryFrom<i64>>(cell: Cell<'_>) -> Option<i64> {
    // 8 digits fit into 4 bytes.
    if size_of::<T>() >= 4
        && (1..=8).contains(&cell.len())
        && let Some(word) = cell.word()
        && let Some(number) = words::number(word, cell.len())
    {
        return Some(number as i64);
    }
    let (memory, length) = cell.parts();
    longer(memory, length).filter(|&number| T::try_from(number).is_ok())
}

/// The same of any number of up to 18 digits.
#[inline(never)]
fn longer(memory: &[u8], length: usize) -> Option<i64> {
    let cell = Cell::new(memory, length)?;
    let negative = cell.bytes().first() == Some(&b'-');
    let number = digits(cell.skip(usize::from(negative))?)? as i64;
    Some(if negative { -number } else { number })
}

fn digits(digits: Cell<'_>) -> Option<u64> {
    let count = digits.len();
    match (digits.word(), count) {
        (_, 0) => None,
        (Some(head), 1..=8) => words::number(head, count),
        (Some(head), 9..=16) => {
            // Those of the head that are in the tail, too, do not count.
            let head = words::number(head, count - 8)?;
            let tail = words::number(digits.word_at(count - 8)?, 8)?;
            Some(head * TENS[8] + tail)
        }
        _ => one_by_one(digits.bytes()),
    }
}

fn one_by_one(digits: &[u8]) -> Option<u64> {
    if digits.len() > 18 {
        return None;
    }
    let mut number = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

#[inline]
fn parse(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = match cell.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, cell),
    };
    // 19 digits always fit u64, so the loop needs no check of its own.
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut number: u64 = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    if negative {
        0i64.checked_sub_unsigned(number)
    } else {
        i64::try_from(number).ok()
    }
}

#[inline]
pub(super) fn int2_from_binary(cell: &[u8]) -> Result<i64, Error> {
    fixed("int2", cell).map(|bytes| i64::from(i16::from_be_bytes(bytes)))
}

#[inline]
pub(super) fn int4_from_binary(cell: &[u8]) -> Result<i64, Error> {
    fixed("int4", cell).map(|bytes| i64::from(i32::from_be_bytes(bytes)))
}

#[inline]
pub(super) fn int8_from_binary(cell: &[u8]) -> Result<i64, Error> {
    fixed("int8", cell).map(i64::from_be_bytes)
}

#[inline]
pub(super) fn oid_from_binary(cell: &[u8]) -> Result<i64, Error> {
    fixed("oid", cell).map(|bytes| i64::from(u32::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_within_the_types_range() {
        assert_eq!(from_text::<i16>("int2", b"-32768").unwrap(), -32768);
        assert!(from_text::<i16>("int2", b"32768").is_err());
        assert_eq!(
            from_text::<i32>("int4", b"-2147483648").unwrap(),
            -2147483648
        );
        assert!(from_text::<i32>("int4", b"2147483648").is_err());
        assert_eq!(from_text::<u32>("oid", b"4294967295").unwrap(), 4294967295);
        assert!(from_text::<u32>("oid", b"-1").is_err());
        assert_eq!(
            from_text::<i64>("int8", b"-9223372036854775808").unwrap(),
            i64::MIN
        );
        assert_eq!(
            from_text::<i64>("int8", b"9223372036854775807").unwrap(),
            i64::MAX
        );
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
        ] {
            assert!(from_text::<i64>("int8", text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn quickly_or_not_it_is_the_same() {
        for text in [
            "0",
            "-1",
            "7",
            "2147483647",
            "-999999999999999999",
            "999999999999999999",
            "1000000000000000000",
            "",
            "-",
            "1x",
            "+1",
            "--1",
            " 1",
            "1.0",
        ] {
            let short = text.len() <= 18 || text.starts_with("-9");
            // With and without something behind it in memory.
            for behind in ["", "9999999999"] {
                let memory = format!("{text}{behind}");
                let quick = quick::<i64>(Cell::new(memory.as_bytes(), text.len()).unwrap());
                let usual = parse(text.as_bytes());
                assert_eq!(quick, usual.filter(|_| short), "{text}");
            }
        }
        // Of every length, and with a byte that is no digit at every place.
        let digits = "123456789012345678";
        for length in 1..=18 {
            let memory = format!("-{digits}0000000000");
            let text = &memory[..=length];
            let negative = quick::<i64>(Cell::new(memory.as_bytes(), length + 1).unwrap());
            let positive = quick::<i64>(Cell::new(&memory.as_bytes()[1..], length).unwrap());
            assert_eq!(negative, text.parse().ok());
            assert_eq!(positive, text[1..].parse().ok());
            for at in 1..=length {
                for byte in [b'/', b':', b'-', b'.', 0, 0x80, 0xff] {
                    let mut memory = memory.clone().into_bytes();
                    memory[at] = byte;
                    let cell = Cell::new(&memory, length + 1).unwrap();
                    assert_eq!(quick::<i64>(cell), None, "{at} of {length}: {byte}");
                }
            }
        }
    }

    #[test]
    fn text_that_is_no_number() {
        for text in [
            "", "-", "+1", " 1", "1 ", "1.0", "0x1", "--1", "1-", "\u{0661}",
        ] {
            assert!(
                from_text::<i64>("int8", text.as_bytes()).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn binary_of_the_right_length_only() {
        assert_eq!(int2_from_binary(&[0xff, 0xfe]).unwrap(), -2);
        assert_eq!(
            int4_from_binary(&[0x80, 0, 0, 0]).unwrap(),
            i64::from(i32::MIN)
        );
        assert_eq!(oid_from_binary(&[0xff; 4]).unwrap(), 4294967295);
        assert_eq!(int8_from_binary(&[0xff; 8]).unwrap(), -1);
        for length in (0..10).filter(|&length| length != 4) {
            assert!(int4_from_binary(&vec![0; length]).is_err());
            assert!(oid_from_binary(&vec![0; length]).is_err());
        }
    }
}
