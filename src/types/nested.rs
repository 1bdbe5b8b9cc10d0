//! The values that are made of values: which decoder takes them apart, how deep that may go, and where the text
//! of their items lies.
//!
//! The text of a value must stay where it is and have a NUL behind it. A cell has that; an item within a cell
//! has it only by chance (in binary format, the next item's length often begins with a 0), so `Place` goes along
//! with the bytes, and what does not have it is copied.

use std::ffi::CStr;

use crate::error::{Class, Error};

use super::describe::{Catalog, Field, MAX_DEPTH, Shape};
use super::value::{Arena, Kind, Value};
use super::{array, composite, hstore, leaf_binary, leaf_text, malformed, multirange, oid, range};

/// Where the bytes of a value lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the result, with a NUL behind them: values may point at them.
    Pinned,
    /// Elsewhere, or without a NUL: values that point at them need a copy.
    Passing,
}

/// Decodes one cell. Items go to the arena; a failure may leave some there.
pub(super) struct Decoder<'a> {
    catalog: &'a Catalog,
    pub(super) arena: &'a mut Arena,
    depth: u32,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(catalog: &'a Catalog, arena: &'a mut Arena) -> Decoder<'a> {
        arena.forget_stack();
        Decoder {
            catalog,
            arena,
            depth: 0,
        }
    }

    /// A value of any type in text format.
    pub(super) fn text(&mut self, oid: u32, cell: &[u8], place: Place) -> Result<Value, Error> {
        let oid = self.catalog.base(oid);
        let (catalog, depth) = (self.catalog, self.depth);
        let mut made = false;
        let value = leaf_text(oid, cell, self.arena, |arena| {
            made = true;
            let mut decoder = Decoder {
                catalog,
                arena,
                depth,
            };
            decoder.made_text(oid, cell, place)
        })?;
        let points_at_cell = match Kind::from_number(value.kind) {
            _ if made => false,
            Some(Kind::DBAPI_KIND_TEXT | Kind::DBAPI_KIND_JSON | Kind::DBAPI_KIND_NUMERIC) => true,
            // What a bytea's text stands for is in the arena.
            Some(Kind::DBAPI_KIND_BYTES) => oid != oid::BYTEA,
            _ => false,
        };
        match points_at_cell {
            true => self.at(value, cell, place),
            false => Ok(value),
        }
    }

    /// A value of a type that is made of others, or unknown, in text format.
    #[inline(never)]
    pub(super) fn made_text(
        &mut self,
        oid: u32,
        cell: &[u8],
        place: Place,
    ) -> Result<Value, Error> {
        let base = self.catalog.base(oid);
        if base != oid {
            return self.text(base, cell, place);
        }
        let shape = self.catalog.shape(oid);
        if self.depth < MAX_DEPTH {
            let mark = self.arena.mark();
            self.depth += 1;
            let value = self.text_of(shape, oid, cell);
            self.depth -= 1;
            if let Some(value) = value? {
                return Ok(value);
            }
            self.arena.drop_to(mark);
        }
        self.plain(Kind::DBAPI_KIND_TEXT, oid, cell, place)
    }

    /// `None`: it stays the text that it is.
    fn text_of(&mut self, shape: Shape<'a>, oid: u32, cell: &[u8]) -> Result<Option<Value>, Error> {
        match shape {
            Shape::Plain | Shape::Text => Ok(None),
            Shape::Array(element) => array::from_text(self, oid, element, cell).map(Some),
            Shape::Range(subtype) => range::from_text(self, oid, subtype, cell).map(Some),
            Shape::Multirange(range) => match self.catalog.shape(range) {
                Shape::Range(subtype) => {
                    multirange::from_text(self, oid, range, subtype, cell).map(Some)
                }
                _ => Ok(None),
            },
            Shape::Composite(None) => composite::from_text(self, oid, None, cell),
            Shape::Composite(fields) => match composite::from_text(self, oid, fields, cell) {
                // Most likely another session has altered the type since it was looked up.
                Err(error) if error.class() == Class::Internal => {
                    self.catalog.set_doubt();
                    Ok(None)
                }
                outcome => {
                    // As has this, but for a row whose type is not known at all.
                    if fields.is_some() && matches!(outcome, Ok(None)) {
                        self.catalog.set_doubt();
                    }
                    outcome
                }
            },
            Shape::Hstore => hstore::from_text(self, oid, cell).map(Some),
        }
    }

    /// A value of any type in binary format.
    pub(super) fn binary(&mut self, oid: u32, cell: &[u8], place: Place) -> Result<Value, Error> {
        let oid = self.catalog.base(oid);
        let (catalog, depth) = (self.catalog, self.depth);
        let value = leaf_binary(oid, cell, self.arena, |arena| {
            let mut decoder = Decoder {
                catalog,
                arena,
                depth,
            };
            decoder.made_binary(oid, cell, place)
        })?;
        match oid {
            oid::JSONB => self.at(value, cell.get(1..).unwrap_or_default(), place),
            oid::BYTEA | oid::JSON => self.at(value, cell, place),
            _ if super::is_plain_text(oid) => self.at(value, cell, place),
            // All else is in the value itself, or in the arena.
            _ => Ok(value),
        }
    }

    /// A value of a type that is made of others, or unknown, in binary format.
    #[inline(never)]
    pub(super) fn made_binary(
        &mut self,
        oid: u32,
        cell: &[u8],
        place: Place,
    ) -> Result<Value, Error> {
        let base = self.catalog.base(oid);
        if base != oid {
            return self.binary(base, cell, place);
        }
        if self.depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        let value = match self.catalog.shape(oid) {
            Shape::Plain => Ok(None),
            Shape::Text => self
                .plain(Kind::DBAPI_KIND_TEXT, oid, cell, place)
                .map(Some),
            Shape::Array(element) => array::from_binary(self, oid, element, cell, place).map(Some),
            Shape::Range(subtype) => range::from_binary(self, oid, subtype, cell, place).map(Some),
            Shape::Multirange(range) => match self.catalog.shape(range) {
                Shape::Range(subtype) => {
                    multirange::from_binary(self, oid, range, subtype, cell, place).map(Some)
                }
                _ => Ok(None),
            },
            Shape::Composite(fields) => {
                composite::from_binary(self, oid, fields, cell, place).map(Some)
            }
            Shape::Hstore => hstore::from_binary(self, oid, cell, place).map(Some),
        };
        self.depth -= 1;
        match value? {
            Some(value) => Ok(value),
            None => self.at(Value::text(Kind::DBAPI_KIND_BYTES, oid, cell), cell, place),
        }
    }

    /// Text, or bytes if it is not UTF-8.
    pub(super) fn plain(
        &mut self,
        kind: Kind,
        oid: u32,
        cell: &[u8],
        place: Place,
    ) -> Result<Value, Error> {
        let value = super::utf8(kind, oid, cell);
        self.at(value, cell, place)
    }

    /// A value that points at `text`, pointing at where that stays.
    fn at(&mut self, value: Value, text: &[u8], place: Place) -> Result<Value, Error> {
        if place == Place::Pinned {
            return Ok(value);
        }
        let copy = self.arena.copy(text)?;
        Ok(Value {
            r#as: Value::text(Kind::DBAPI_KIND_TEXT, 0, copy).r#as,
            ..value
        })
    }

    /// Takes note that a row has other columns than its type is known to have.
    pub(super) fn doubt(&self) {
        self.catalog.set_doubt();
    }

    /// The names of a composite type's fields, where they stay.
    pub(super) fn names(
        &mut self,
        oid: u32,
        fields: &[Field],
    ) -> Result<*const *const std::ffi::c_char, Error> {
        if let Some(names) = self.arena.names(oid) {
            return Ok(names);
        }
        let names = fields.iter().map(|field| -> &CStr { &field.name });
        self.arena.keep_names(oid, names)
    }
}

fn too_deep() -> Error {
    Error::not_supported(format!(
        "a value is nested more than {MAX_DEPTH} levels deep: cast it to text"
    ))
}

/// Reads the counts, lengths and values of a binary form, never past its end.
pub(super) struct Reader<'c> {
    name: &'static str,
    rest: &'c [u8],
    place: Place,
}

impl<'c> Reader<'c> {
    pub(super) fn new(name: &'static str, cell: &'c [u8], place: Place) -> Reader<'c> {
        Reader {
            name,
            rest: cell,
            place,
        }
    }

    pub(super) fn malformed(&self, what: &str) -> Error {
        malformed(self.name, what)
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn fixed<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Error> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<LENGTH>()
            .ok_or_else(|| self.malformed("too short"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn int4(&mut self) -> Result<i32, Error> {
        self.fixed().map(i32::from_be_bytes)
    }

    pub(super) fn oid(&mut self) -> Result<u32, Error> {
        self.fixed().map(u32::from_be_bytes)
    }

    pub(super) fn float8(&mut self) -> Result<f64, Error> {
        self.fixed().map(f64::from_be_bytes)
    }

    /// A count of things that take at least `least` bytes each.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, Error> {
        let count = self.int4()?;
        usize::try_from(count)
            .ok()
            .filter(|&count| count <= self.rest.len() / least.max(1))
            .ok_or_else(|| self.malformed("a count that its bytes do not hold"))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'c [u8], Error> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.malformed("a length beyond its end"))?;
        self.rest = rest;
        Ok(head)
    }

    /// A value with its length before it: `None` for NULL (-1).
    pub(super) fn value(&mut self) -> Result<Option<(&'c [u8], Place)>, Error> {
        let length = self.int4()?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| self.malformed("a negative length"))?;
        let bytes = self.bytes(length)?;
        let place = match self.rest.first() {
            // What comes next is the NUL.
            Some(0) => Place::Pinned,
            Some(_) => Place::Passing,
            None => self.place,
        };
        Ok(Some((bytes, place)))
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        match self.rest {
            [] => Ok(()),
            _ => Err(self.malformed("bytes behind its end")),
        }
    }
}
