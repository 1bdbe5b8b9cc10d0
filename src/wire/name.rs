//! A column's name, as RowDescription gives it.

use std::ffi::{CString, c_char};

/// With the NUL behind it; what is longer is rare.
const SHORT: usize = 23;

/// A column's name: bytes as the server sent them, none of which is NUL. The usual ones need no memory of their own.
#[derive(Clone, Debug)]
pub(crate) struct Name(Kept);

#[derive(Clone, Debug)]
enum Kept {
    /// The rest is zero, at least one byte of it.
    Short([u8; SHORT]),
    Long(CString),
}

impl Name {
    /// That of nothing.
    pub(super) const EMPTY: Name = Name(Kept::Short([0; SHORT]));

    /// Of bytes that a NUL ends and that hold none.
    #[inline]
    pub(super) fn new(bytes: &[u8]) -> Name {
        let mut short = [0; SHORT];
        if bytes.len() < SHORT {
            for (to, &from) in short.iter_mut().zip(bytes) {
                *to = from;
            }
            return Name(Kept::Short(short));
        }
        Name(Kept::Long(CString::new(bytes).unwrap_or_default()))
    }

    /// For C: its bytes and a NUL, which stay where they are as long as the column does.
    pub(crate) fn as_ptr(&self) -> *const c_char {
        match &self.0 {
            Kept::Short(bytes) => bytes.as_ptr().cast(),
            Kept::Long(text) => text.as_ptr(),
        }
    }

    /// Its bytes, without the NUL.
    #[cfg(test)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Short(bytes) => {
                let end = bytes.iter().position(|&byte| byte == 0);
                bytes.get(..end.unwrap_or(SHORT)).unwrap_or_default()
            }
            Kept::Long(text) => text.as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_length_is_what_it_was() {
        for length in 0..2 * SHORT {
            let bytes: Vec<u8> = (1..=length as u8).map(|byte| byte | 0x80).collect();
            let name = Name::new(&bytes);
            assert_eq!(name.as_bytes(), bytes);
            assert_eq!(name.clone().as_bytes(), bytes);
            let is_short = matches!(name.0, Kept::Short(_));
            assert_eq!(is_short, length < SHORT);
            if let Kept::Short(kept) = name.0 {
                assert_eq!(kept[length..], [0; SHORT][length..]);
            }
        }
        assert_eq!(Name::EMPTY.as_bytes(), b"");
    }
}
