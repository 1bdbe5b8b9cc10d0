//! A command tag: what CommandComplete says of a statement that has ended, as `INSERT 0 5`.

use std::ffi::{CStr, CString};

use super::backend::Body;
use crate::error::Result;

/// With the NUL behind it; what is longer is rare.
const SHORT: usize = 22;

/// A command tag. The usual ones need no memory of their own.
#[derive(Clone, Debug)]
pub(crate) struct Tag(Kept);

#[derive(Clone, Debug)]
enum Kept {
    /// ASCII, with a NUL behind it.
    Short {
        length: u8,
        bytes: [u8; SHORT],
    },
    Long(CString),
}

impl Default for Tag {
    /// That of nothing.
    fn default() -> Tag {
        Tag(Kept::Short {
            length: 0,
            bytes: [0; SHORT],
        })
    }
}

impl Tag {
    /// Of a CommandComplete's body.
    pub(super) fn read(body: &[u8]) -> Result<Tag> {
        if let Some((0, text)) = body.split_last()
            && let Some(tag) = Tag::short(text)
        {
            return Ok(tag);
        }
        let mut body = Body::new("CommandComplete", body);
        let text = body.text()?;
        body.end()?;
        // What ended at a NUL has none.
        Ok(Tag(Kept::Long(CString::new(text).unwrap_or_default())))
    }

    #[inline]
    fn short(text: &[u8]) -> Option<Tag> {
        let mut bytes = [0; SHORT];
        if text.len() >= SHORT || !text.iter().all(|byte| matches!(byte, 1..=0x7f)) {
            return None;
        }
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Tag(Kept::Short {
            length: text.len() as u8,
            bytes,
        }))
    }

    /// Becomes that of a CommandComplete's body, if it is one of the usual ones; most say what the last one said.
    #[inline]
    pub(super) fn become_short(&mut self, body: &[u8]) -> bool {
        if let Kept::Short { length, bytes } = &self.0
            && bytes.get(..=usize::from(*length)) == Some(body)
        {
            return true;
        }
        let short = body
            .strip_suffix(b"\0")
            .and_then(Tag::short)
            .map(|tag| *self = tag);
        short.is_some()
    }

    /// Its text's bytes: UTF-8.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Kept::Long(text) => text.as_bytes(),
        }
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The same for C.
    pub(crate) fn as_c_str(&self) -> &CStr {
        match &self.0 {
            Kept::Short { bytes, .. } => CStr::from_bytes_until_nul(bytes).unwrap_or_default(),
            Kept::Long(text) => text,
        }
    }

    /// Whether it is that of a query, or of what made a table of one.
    #[inline]
    pub(crate) fn is_select(&self) -> bool {
        self.as_bytes().starts_with(b"SELECT ")
    }

    /// The first word: which command it was.
    pub(crate) fn command(&self) -> &[u8] {
        let text = self.as_bytes();
        let end = text.iter().position(|&byte| byte == b' ');
        text.get(..end.unwrap_or(text.len())).unwrap_or_default()
    }

    /// The count at its end (`INSERT 0 5`, `UPDATE 2`), or -1.
    pub(crate) fn count(&self) -> i64 {
        self.as_str()
            .rsplit(' ')
            .next()
            .and_then(|count| count.parse().ok())
            .unwrap_or(-1)
    }
}

impl PartialEq<&str> for Tag {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

#[cfg(test)]
impl From<&str> for Tag {
    fn from(text: &str) -> Tag {
        Tag::read(format!("{text}\0").as_bytes()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_every_length_are_what_they_were() {
        for length in 0..60 {
            let text: String = "SELECT 12345678901234567890123456789012345678901234567890ABCDEF"
                .chars()
                .take(length)
                .collect();
            let tag = Tag::from(text.as_str());
            assert_eq!(tag.as_str(), text);
            assert_eq!(tag.as_c_str().to_str().unwrap(), text);
            assert!(tag == text.as_str());
            let first = text.split(' ').next().unwrap();
            assert_eq!(tag.command(), first.as_bytes());
            assert_eq!(tag.is_select(), length > 6);
        }
        assert!(matches!(
            Tag::from("PREPARE TRANSACTION").0,
            Kept::Short { .. }
        ));
        assert_eq!(Tag::default().as_bytes(), b"");
    }

    #[test]
    fn what_is_no_ascii_stays_readable() {
        assert_eq!(Tag::from("\u{e9}t\u{e9} 3").as_str(), "\u{e9}t\u{e9} 3");
        assert_eq!(Tag::read(b"a\xff 3\0").unwrap().as_str(), "a\u{fffd} 3");
    }

    #[test]
    fn a_body_is_one_string() {
        for body in [&b""[..], b"SELECT 1", b"SELECT\0\x31\0", b"\0\0", b"a\0b"] {
            assert!(Tag::read(body).is_err(), "{body:?}");
        }
        assert_eq!(Tag::read(b"\0").unwrap().as_str(), "");
    }

    #[test]
    fn counts() {
        for (tag, count) in [
            ("INSERT 0 5", 5),
            ("UPDATE 2", 2),
            ("DELETE 0", 0),
            ("SELECT 3", 3),
            ("CREATE TABLE", -1),
            ("", -1),
            ("INSERT 0 x", -1),
            ("MOVE 99999999999999999999", -1),
        ] {
            assert_eq!(Tag::from(tag).count(), count, "{tag}");
        }
    }
}
