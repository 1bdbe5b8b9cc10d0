//! What statements are told apart by.

use std::hash::Hasher;

use super::super::binding::Arguments;
use super::super::placeholder::{ParamStyle, Slot};
use crate::types::{Datum, Dialect, Param};

/// What a statement is told by: its text, how its placeholders are written, and the types of its parameters.
#[derive(Clone, Copy)]
pub(in super::super) struct Key<'a> {
    pub(super) sql: &'a str,
    pub(super) style: ParamStyle,
    pub(super) arguments: Option<Arguments<'a>>,
    /// The parameters with the types that they are sent with.
    pub(super) params: &'a [Param<'a>],
    pub(super) standard_strings: bool,
}

impl<'a> Key<'a> {
    #[inline]
    pub(in super::super) fn new(
        sql: &'a str,
        style: ParamStyle,
        arguments: Option<Arguments<'a>>,
        params: &'a [Param<'a>],
        dialect: Dialect,
    ) -> Key<'a> {
        Key {
            sql,
            style,
            arguments,
            params,
            standard_strings: dialect.standard_strings,
        }
    }

    /// What it is kept under.
    pub(in super::super) fn hash(&self) -> u64 {
        let mut hasher = KeyHasher::default();
        hasher.write(self.sql.as_bytes());
        hasher.write_u8(self.style as u8 | u8::from(self.arguments.is_none()) << 1);
        for param in self.params {
            hasher.write_u64(signature(param));
        }
        if let Some(Arguments::Named(names, _)) = self.arguments {
            for name in names {
                hasher.write(name.as_bytes());
            }
        }
        hasher.finish()
    }

    /// The same, to be kept.
    pub(super) fn kept(&self) -> OwnedKey {
        let names = match self.arguments {
            Some(Arguments::Named(names, _)) => {
                Some(names.iter().map(|&name| name.into()).collect())
            }
            _ => None,
        };
        OwnedKey {
            sql: self.sql.into(),
            style: self.style,
            names,
            bare: self.arguments.is_none(),
            signatures: self.params.iter().map(signature).collect(),
            standard_strings: self.standard_strings,
        }
    }
}

/// A key that is kept.
pub(super) struct OwnedKey {
    sql: Box<str>,
    style: ParamStyle,
    names: Option<Box<[Box<str>]>>,
    /// Without parameters, which is not the same as with none.
    bare: bool,
    signatures: Box<[u64]>,
    standard_strings: bool,
}

impl OwnedKey {
    pub(super) fn is(&self, key: &Key<'_>) -> bool {
        self.has_text(key) && self.has_rest(key)
    }

    #[inline]
    pub(super) fn text(&self) -> &str {
        &self.sql
    }

    #[inline]
    pub(super) fn has_text(&self, key: &Key<'_>) -> bool {
        *self.sql == *key.sql
    }

    /// Whether all but the text is the same.
    #[inline(always)]
    pub(super) fn has_rest(&self, key: &Key<'_>) -> bool {
        let same_names = match (&self.names, &key.arguments) {
            (Some(known), Some(Arguments::Named(names, _))) => {
                known.len() == names.len() && known.iter().zip(*names).all(|(k, n)| &**k == *n)
            }
            (None, Some(Arguments::Positional(_))) => !self.bare,
            (None, None) => self.bare,
            _ => false,
        };
        if !same_names
            || self.style != key.style
            || self.standard_strings != key.standard_strings
            || self.signatures.len() != key.params.len()
        {
            return false;
        }
        // A loop, since `all` is not inlined here.
        for (param, &known) in key.params.iter().zip(&self.signatures) {
            if signature(param) != known {
                return false;
            }
        }
        true
    }
}

/// Makes a number of a key. What has the same number is told apart where it matters: so it is quick rather than proof
/// against a program that picks its own statements.
#[derive(Default)]
struct KeyHasher(u64);

impl KeyHasher {
    #[inline]
    fn add(&mut self, word: u64) {
        /// Digits of the golden ratio, as odd as they must be.
        const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.0.rotate_left(23) ^ word) * FACTOR;
        // Both halves: each bit of the word has a part in all of them.
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, &from) in last.iter_mut().zip(rest) {
            *to = from;
        }
        self.add(u64::from_le_bytes(last));
        self.add(bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.add(byte.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For a map whose keys are such numbers.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is asked of a parameter when it takes another's place: how it is written, and its type.
#[inline]
fn signature(param: &Param<'_>) -> u64 {
    match (param.oid, &param.datum) {
        // What most are, by a shorter way.
        (0, Datum::Text(_)) => of(Slot::Untyped, 0),
        (0, Datum::Int(_)) => of(Slot::Typed, param.declared_oid()),
        _ => signature_of_any(param),
    }
}

fn signature_of_any(param: &Param<'_>) -> u64 {
    of(Slot::of(param), param.declared_oid())
}

#[inline]
fn of(slot: Slot, oid: u32) -> u64 {
    let slot = match slot {
        Slot::Typed => 1,
        Slot::Untyped => 2,
        Slot::Null => 3,
    };
    u64::from(oid) << 2 | slot
}
