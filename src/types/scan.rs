//! A reader of short ASCII texts, left to right, that never reads past their end: what the date, time and
//! interval parsers share.

/// What is left to read. A method that answers `None` or `false` may have consumed part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a>(pub(super) &'a [u8]);

impl<'a> Scan<'a> {
    /// Whether everything has been read.
    #[inline]
    pub(super) fn at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Consumes `byte` if it is next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Consumes `word` if it is next.
    #[inline]
    pub(super) fn eat_word(&mut self, word: &[u8]) -> bool {
        match self.0.strip_prefix(word) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// A decimal number of at least `min` and at most `max` digits. Reading stops at the first byte that is
    /// no digit; a digit more than `max` is `None`, as is `max` over 18, which an i64 could not hold.
    #[inline]
    pub(super) fn digits(&mut self, min: usize, max: usize) -> Option<i64> {
        let mut number: i64 = 0;
        let mut count: usize = 0;
        while let Some((&first, rest)) = self.0.split_first() {
            let digit = first.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            count += 1;
            if count > max || count > 18 {
                return None;
            }
            number = number * 10 + i64::from(digit);
            self.0 = rest;
        }
        (count >= min).then_some(number)
    }

    /// Exactly two digits, at most `limit`.
    #[inline]
    pub(super) fn pair(&mut self, limit: i64) -> Option<i64> {
        self.digits(2, 2).filter(|&number| number <= limit)
    }

    /// A run of letters, perhaps none.
    pub(super) fn letters(&mut self) -> &'a [u8] {
        let length = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let (letters, rest) = self.0.split_at_checked(length).unwrap_or((self.0, &[]));
        self.0 = rest;
        letters
    }

    /// Microseconds: `.` and one to six digits, or nothing at all for 0.
    #[inline]
    pub(super) fn fraction(&mut self) -> Option<i64> {
        if !self.eat(b'.') {
            return Some(0);
        }
        let before = self.0.len();
        let mut micros = self.digits(1, 6)?;
        for _ in before - self.0.len()..6 {
            micros *= 10;
        }
        Some(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted() {
        assert_eq!(Scan(b"0044-").digits(4, 7), Some(44));
        assert_eq!(Scan(b"044-").digits(4, 7), None);
        assert_eq!(Scan(b"12345678").digits(4, 7), None);
        assert_eq!(Scan(b"").digits(1, 7), None);
        assert_eq!(Scan(b"9999999999999999999").digits(1, 40), None);
        assert_eq!(
            Scan(b"999999999999999999").digits(1, 40),
            Some(999_999_999_999_999_999)
        );
        assert_eq!(Scan(b"60").pair(59), None);
    }

    #[test]
    fn a_fraction_is_microseconds() {
        assert_eq!(Scan(b"").fraction(), Some(0));
        assert_eq!(Scan(b".5").fraction(), Some(500_000));
        assert_eq!(Scan(b".000001").fraction(), Some(1));
        assert_eq!(Scan(b".").fraction(), None);
        assert_eq!(Scan(b".1234567").fraction(), None);
    }
}
