//! Short texts read eight bytes at a time, as one number: their digits all at once (after D. Lemire, Number Parsing at a
//! Gigabyte per Second, 2021). The first byte is a word's lowest.

/// The highest bit of each byte.
pub(super) const HIGH: u64 = 0x8080_8080_8080_8080;
/// Eight digits 0.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
/// What makes a byte's highest bit 1 when it is added to more than 9.
const ABOVE_9: u64 = u64::from_le_bytes([0x7f - 9; 8]);

/// Powers of ten, as far as a text of two words needs them.
pub(super) const TENS: [u64; 17] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
    1_000_000_000_000_000,
    10_000_000_000_000_000,
];

/// A cell that is not NULL, and what lies behind it in memory: a word may reach beyond the cell.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    bytes: &'a [u8],
    length: usize,
}

impl<'a> Cell<'a> {
    /// The first `length` of `bytes`, if they have so many.
    #[inline(always)]
    pub(crate) fn new(bytes: &'a [u8], length: usize) -> Option<Cell<'a>> {
        (length <= bytes.len()).then_some(Cell { bytes, length })
    }

    /// Its bytes.
    #[inline(always)]
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.bytes.get(..self.length).unwrap_or(self.bytes)
    }

    /// The same, if there are so many.
    #[inline(always)]
    pub(super) fn exactly<const N: usize>(self) -> Option<[u8; N]> {
        self.bytes
            .first_chunk()
            .copied()
            .filter(|_| self.length == N)
    }

    #[inline(always)]
    pub(super) fn len(self) -> usize {
        self.length
    }

    /// The same without its first `count` bytes.
    #[inline(always)]
    pub(super) fn skip(self, count: usize) -> Option<Cell<'a>> {
        Some(Cell {
            length: self.length.checked_sub(count)?,
            bytes: self.bytes.get(count..)?,
        })
    }

    /// The eight bytes from the first on. `None` near the end of what is in memory, be it that the cell reaches so far.
    #[inline(always)]
    pub(super) fn word(self) -> Option<u64> {
        self.bytes.first_chunk().copied().map(u64::from_le_bytes)
    }

    /// Those from byte `at` on.
    #[inline(always)]
    pub(super) fn word_at(self, at: usize) -> Option<u64> {
        let word = self.bytes.get(at..at.checked_add(8)?)?;
        word.first_chunk().copied().map(u64::from_le_bytes)
    }

    /// What is in memory from its first byte on, and how long it is: for functions that are called, to which these are
    /// simpler to hand.
    #[inline(always)]
    pub(super) fn parts(self) -> (&'a [u8], usize) {
        (self.bytes, self.length)
    }
}

/// Where in a word the first byte is that is `byte`; 8 if none is.
#[inline(always)]
pub(super) fn find(word: u64, byte: u8) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let differs = word ^ u64::from_le_bytes([byte; 8]);
    // Exact up to the first byte that is 0: no byte below it borrows.
    let found = differs.wrapping_sub(ONES) & !differs & HIGH;
    found.trailing_zeros() as usize / 8
}

/// How many of a word's first bytes are digits.
#[inline(always)]
fn count_digits(word: u64) -> usize {
    let digits = word ^ ZEROS;
    // Exact up to the first byte that is no digit: none below it carries.
    let others = (digits.wrapping_add(ABOVE_9) | digits) & HIGH;
    others.trailing_zeros() as usize / 8
}

/// The number that a word's first `count` bytes are, 1 to 8 of them, if all of them are digits.
#[inline(always)]
pub(super) fn number(word: u64, count: usize) -> Option<u64> {
    // Shifted to the end, with digits 0 before them.
    let digits = (word ^ ZEROS) << ((64 - 8 * count as u32) & 63);
    // A byte that is no digit may carry into the next; its own bit says so then all the same.
    if (digits.wrapping_add(ABOVE_9) | digits) & HIGH != 0 {
        return None;
    }
    Some(sum(digits))
}

/// The number of the digits that a word begins with, and how many they are. If none are, the number is none.
#[inline(always)]
pub(super) fn leading(word: u64) -> (u64, usize) {
    let count = count_digits(word);
    let digits = (word ^ ZEROS) << ((64 - 8 * count as u32) & 63);
    (sum(digits), count)
}

/// Eight digits, as values.
#[inline(always)]
fn sum(digits: u64) -> u64 {
    const EVERY_OTHER_PAIR: u64 = 0x0000_00ff_0000_00ff;
    let pairs = pairs(digits);
    let first = (pairs & EVERY_OTHER_PAIR).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & EVERY_OTHER_PAIR).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// Compares a text with a pattern, in which `0` stands for any digit: the digits as values, in their bytes, and a number
/// that has bits of `HIGH` if it does not match.
#[inline(always)]
pub(super) fn compare<const N: usize>(text: &[u8; N], pattern: &[u8; N]) -> (u64, u64) {
    let digits = widened(text) ^ widened(pattern);
    let mut limit = [0; N];
    for (limit, &byte) in limit.iter_mut().zip(pattern) {
        *limit = if byte == b'0' { 0x7f - 9 } else { 0x7f };
    }
    (digits, digits.wrapping_add(widened(&limit)) | digits)
}

#[inline(always)]
fn widened<const N: usize>(bytes: &[u8; N]) -> u64 {
    let mut word = [0; 8];
    for (to, &byte) in word.iter_mut().zip(bytes) {
        *to = byte;
    }
    u64::from_le_bytes(word)
}

/// Of digits as values: in each byte the number of two digits that begins with it.
#[inline(always)]
pub(super) fn pairs(digits: u64) -> u64 {
    digits.wrapping_mul(10).wrapping_add(digits >> 8)
}

/// The one at byte `at`.
#[inline(always)]
pub(super) fn pair(digits: u64, at: u32) -> u32 {
    (pairs(digits) >> (8 * at)) as u32 & 0xff
}

/// Whether all bytes are ASCII: as the method of slices, quicker for what is short.
#[inline(always)]
pub(super) fn is_ascii(cell: Cell<'_>) -> bool {
    let bytes = cell.bytes();
    let seen = if bytes.len() < 8 {
        match cell.word() {
            Some(word) => word & ((1 << ((8 * bytes.len() as u32) & 63)) - 1),
            None => return bytes.is_ascii(),
        }
    } else if bytes.len() <= 32
        && let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk())
    {
        // They may overlap.
        let outer = u64::from_le_bytes(*head) | u64::from_le_bytes(*tail);
        match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            (Some([.., a, b, c, d, e, f, g, h]), Some([i, j, k, l, m, n, o, p, ..])) => {
                outer
                    | u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
                    | u64::from_le_bytes([*i, *j, *k, *l, *m, *n, *o, *p])
            }
            _ => outer,
        }
    } else {
        return bytes.is_ascii();
    };
    seen & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> u64 {
        let mut bytes = [0; 8];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        u64::from_le_bytes(bytes)
    }

    #[test]
    fn numbers_of_every_length_are_read_and_nothing_else() {
        for count in 1..=8 {
            for text in ["12345678", "00000000", "99999999", "90909090", "09080706"] {
                let head = &text[..count];
                assert_eq!(number(word(text), count), head.parse().ok(), "{head}");
                // What lies behind it does not matter.
                let mut behind = [0xff; 8];
                behind[..count].copy_from_slice(head.as_bytes());
                assert_eq!(
                    number(u64::from_le_bytes(behind), count),
                    head.parse().ok(),
                    "{head}"
                );
                for at in 0..count {
                    for byte in (0..=255).filter(|byte: &u8| !byte.is_ascii_digit()) {
                        let mut bytes = *text.as_bytes().first_chunk().unwrap();
                        bytes[at] = byte;
                        assert_eq!(number(u64::from_le_bytes(bytes), count), None, "{bytes:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_of_several_is_found() {
        for (text, at) in [
            ("", 8),
            (".", 0),
            ("1.5", 1),
            ("12./4.6.", 2),
            ("/.-", 1),
            ("1234567.", 7),
            ("12345678", 8),
        ] {
            assert_eq!(find(word(text), b'.'), at, "{text}");
        }
        for (text, count) in [
            ("", 0),
            ("+00", 0),
            ("5+00", 1),
            ("123456", 6),
            ("123456\u{0}9", 6),
            ("123:56", 3),
            ("12345678", 8),
        ] {
            let (number, counted) = leading(word(text));
            assert_eq!(counted, count, "{text}");
            if count > 0 {
                assert_eq!(text[..count].parse(), Ok(number), "{text}");
            }
        }
        assert_eq!(leading(u64::MAX).1, 0);
    }

    #[test]
    fn a_pattern_is_matched_byte_by_byte() {
        let pattern = b"0000-00-";
        for at in 0..8 {
            for byte in 0..=255 {
                let mut text = *b"2024-02-";
                text[at] = byte;
                let fits = match pattern[at] {
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                };
                let wrong = compare(&text, pattern).1;
                assert_eq!(wrong & HIGH == 0, fits, "{text:?}");
            }
        }
        let digits = compare(b"1987-65-", pattern).0;
        assert_eq!([0, 2, 5].map(|at| pair(digits, at)), [19, 87, 65]);
        assert_eq!(pair(compare(b"-31 ", b"-00 ").0, 1), 31);
    }

    #[test]
    fn ascii_is_told_at_every_length_and_only_of_the_cell() {
        for length in 0..80 {
            for behind in [0, 20] {
                let mut bytes = vec![b'a'; length];
                bytes.resize(length + behind, 0xff);
                assert!(is_ascii(Cell::new(&bytes, length).unwrap()), "{length}");
                for at in 0..length {
                    bytes[at] = 0x80;
                    assert!(
                        !is_ascii(Cell::new(&bytes, length).unwrap()),
                        "{at} of {length}"
                    );
                    bytes[at] = b'a';
                }
            }
        }
    }

    #[test]
    fn a_cell_is_no_longer_than_what_is_there() {
        assert!(Cell::new(b"abc", 4).is_none());
        let cell = Cell::new(b"abcdefghij", 3).unwrap();
        assert_eq!(cell.bytes(), b"abc");
        assert_eq!(cell.word(), Some(word("abcdefgh")));
        let rest = cell.skip(3).unwrap();
        assert_eq!((rest.bytes(), rest.word()), (&b""[..], None));
        assert!(cell.skip(4).is_none());
    }
}
