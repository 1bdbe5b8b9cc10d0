//! int2, int4, int8 and oid (PostgreSQL manual, "Integer Types" and "Object Identifier Types"): decimal
//! digits in text, big-endian two's complement in binary. An oid is unsigned.

use crate::error::Error;

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

/// The number, if it has so few digits that nothing can overflow.
#[inline(always)]
pub(super) fn quick(cell: &[u8]) -> Option<i64> {
    let negative = cell.first() == Some(&b'-');
    let digits = cell.get(usize::from(negative)..)?;
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(if negative { -number } else { number })
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
            let quick = quick(text.as_bytes());
            assert!(quick.is_none() || quick == parse(text.as_bytes()), "{text}");
            let short = text.len() <= 18 || text.starts_with("-9");
            assert_eq!(
                quick.is_some(),
                short && parse(text.as_bytes()).is_some(),
                "{text}"
            );
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
