//! The memory behind decoded values. What it hands out stays where it is until `clear`, so values may point
//! into it; it knows nothing of what the bytes mean.

use std::ffi::{CStr, c_char};

use crate::error::Error;

use super::value::{
    Array, Bits, Composite, Geometry, Hstore, Inet, Multirange, Point, Range, Value,
};

/// Memory for what a cell's bytes do not hold as they are (digits of a binary numeric, bytes of a hex
/// bytea). What it hands out stays where it is until `clear`.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Vec<u8>>,
    /// Not there before the first structured value: most rows have none.
    structures: Option<Box<Structures>>,
}

/// Small enough for a row of numerics, large enough that a block of rows needs few.
const ARENA_CHUNK: usize = 4096;
/// Doubling ends here.
const ARENA_CHUNK_MAX: usize = 1 << 20;

impl Arena {
    /// Forgets everything handed out; keeps the newest (largest) chunk for the next row.
    #[inline]
    pub(crate) fn clear(&mut self) {
        let used = match self.chunks.as_slice() {
            [] => false,
            [chunk] => !chunk.is_empty(),
            _ => true,
        };
        if used || self.structures.is_some() {
            self.clear_chunks();
        }
    }

    fn clear_chunks(&mut self) {
        if self.chunks.len() > 1 {
            let last = self.chunks.pop();
            self.chunks.clear();
            self.chunks.extend(last);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.clear();
        }
        if let Some(structures) = &mut self.structures {
            structures.clear();
        }
    }

    /// Room for up to `capacity` bytes and a NUL behind them. `fill` gets that many zeroed bytes and
    /// answers how many it used, from the front. `None` when memory ran out.
    pub(crate) fn alloc(
        &mut self,
        capacity: usize,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Option<&[u8]> {
        let need = capacity.checked_add(1)?;
        // A chunk never grows past the capacity it began with, so that what was handed out stays put.
        let fits = self
            .chunks
            .last()
            .is_some_and(|c| c.capacity() - c.len() >= need);
        if !fits {
            let doubled = self
                .chunks
                .last()
                .map_or(0, |c| c.capacity().saturating_mul(2));
            let mut chunk = Vec::new();
            chunk
                .try_reserve_exact(need.max(doubled.clamp(ARENA_CHUNK, ARENA_CHUNK_MAX)))
                .ok()?;
            self.chunks.try_reserve(1).ok()?;
            self.chunks.push(chunk);
        }
        let chunk = self.chunks.last_mut()?;
        let start = chunk.len();
        chunk.resize(start + capacity, 0);
        let used = fill(chunk.get_mut(start..)?).min(capacity);
        chunk.truncate(start + used);
        chunk.push(0);
        chunk.get(start..start + used)
    }

    /// A copy of `bytes`, with a NUL behind it.
    pub(super) fn copy(&mut self, bytes: &[u8]) -> Result<&[u8], Error> {
        let copy = |out: &mut [u8]| {
            out.copy_from_slice(bytes);
            bytes.len()
        };
        self.alloc(bytes.len(), copy).ok_or_else(out_of_memory)
    }

    /// Copies structs of one type to where they stay; NULL if there are none.
    pub(super) fn keep<T: Kept>(&mut self, items: &[T]) -> Result<*const T, Error> {
        if items.is_empty() {
            return Ok(std::ptr::null());
        }
        let chunks = T::chunks(self.structures.get_or_insert_default());
        chunks.keep(items).ok_or_else(out_of_memory)
    }

    /// How many values are on the stack: where those that are pushed next begin.
    pub(super) fn mark(&self) -> usize {
        self.structures.as_ref().map_or(0, |s| s.stack.len())
    }

    /// Empties the stack of what a failed decoding left there.
    pub(super) fn forget_stack(&mut self) {
        if let Some(structures) = &mut self.structures {
            structures.stack.clear();
        }
    }

    /// Takes the values above `mark` off the stack for good.
    pub(super) fn drop_to(&mut self, mark: usize) {
        if let Some(structures) = &mut self.structures {
            structures.stack.truncate(mark);
        }
    }

    /// Puts a value on the stack: an item of what is being decoded. Between an item and the next, the decoding
    /// of the former has pushed and taken its own.
    pub(super) fn push(&mut self, value: Value) -> Result<(), Error> {
        let stack = &mut self.structures.get_or_insert_default().stack;
        stack.try_reserve(1).map_err(|_| out_of_memory())?;
        stack.push(value);
        Ok(())
    }

    /// Takes the values above `mark` off the stack, to where they stay.
    pub(super) fn take(&mut self, mark: usize) -> Result<(*const Value, usize), Error> {
        let structures = self.structures.get_or_insert_default();
        let count = structures.stack.len().saturating_sub(mark);
        if count == 0 {
            return Ok((std::ptr::null(), 0));
        }
        // All of a long stack: it stays where it is, rather than being copied.
        if mark == 0 && count > KEPT_WHOLE {
            let values = std::mem::take(&mut structures.stack);
            let kept = structures.values.keep_whole(values);
            return Ok((kept.ok_or_else(out_of_memory)?, count));
        }
        let Structures { stack, values, .. } = structures.as_mut();
        let items = stack.get(mark..).unwrap_or_default();
        let kept = values.keep(items).ok_or_else(out_of_memory)?;
        stack.truncate(mark);
        Ok((kept, count))
    }

    /// The same for pairs of values: the first of each, the second of each, and how many pairs.
    pub(super) fn take_pairs(
        &mut self,
        mark: usize,
    ) -> Result<(*const Value, *const Value, usize), Error> {
        let structures = self.structures.get_or_insert_default();
        let (pairs, _) = structures
            .stack
            .get(mark..)
            .unwrap_or_default()
            .as_chunks::<2>();
        let count = pairs.len();
        let mut halves = Vec::new();
        halves
            .try_reserve_exact(2 * count)
            .map_err(|_| out_of_memory())?;
        halves.extend(pairs.iter().map(|[first, _]| *first));
        halves.extend(pairs.iter().map(|[_, second]| *second));
        structures.stack.truncate(mark);
        let (firsts, seconds) = halves.split_at_checked(count).unwrap_or_default();
        Ok((self.keep(firsts)?, self.keep(seconds)?, count))
    }

    /// The names of a composite type's fields, if `keep_names` has had them since the last `clear`.
    pub(super) fn names(&self, oid: u32) -> Option<*const *const c_char> {
        let known = &self.structures.as_ref()?.names_of;
        known.iter().find(|of| of.0 == oid).map(|of| of.1)
    }

    /// Copies the names of a composite type's fields: once for all rows of a block.
    pub(super) fn keep_names<'a>(
        &mut self,
        oid: u32,
        names: impl Iterator<Item = &'a CStr>,
    ) -> Result<*const *const c_char, Error> {
        let mut pointers = Vec::new();
        for name in names {
            pointers.push(self.copy(name.to_bytes())?.as_ptr().cast());
        }
        let kept = self.keep(&pointers)?;
        let structures = self.structures.get_or_insert_default();
        structures.names_of.push((oid, kept));
        Ok(kept)
    }
}

fn out_of_memory() -> Error {
    Error::out_of_memory("decoding a value")
}

/// A stack of more values than this is kept as it is.
const KEPT_WHOLE: usize = 4096;

/// The structs that values point to, each type in chunks of its own.
#[derive(Default)]
struct Structures {
    /// The items of what is being decoded, innermost last.
    stack: Vec<Value>,
    values: Chunks<Value>,
    integers: Chunks<i32>,
    pointers: Chunks<*const c_char>,
    points: Chunks<Point>,
    arrays: Chunks<Array>,
    ranges: Chunks<Range>,
    multiranges: Chunks<Multirange>,
    composites: Chunks<Composite>,
    inets: Chunks<Inet>,
    bits: Chunks<Bits>,
    geometries: Chunks<Geometry>,
    hstores: Chunks<Hstore>,
    /// Composite types whose names have been copied, by oid.
    names_of: Vec<(u32, *const *const c_char)>,
}

impl std::fmt::Debug for Structures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Structures").finish_non_exhaustive()
    }
}

impl Structures {
    fn clear(&mut self) {
        // A stack that grew large is given back.
        if self.stack.capacity() > KEPT_WHOLE {
            self.stack = Vec::new();
        }
        self.stack.clear();
        self.values.clear();
        self.integers.clear();
        self.pointers.clear();
        self.points.clear();
        self.arrays.clear();
        self.ranges.clear();
        self.multiranges.clear();
        self.composites.clear();
        self.inets.clear();
        self.bits.clear();
        self.geometries.clear();
        self.hstores.clear();
        self.names_of.clear();
    }
}

/// A struct that has chunks in `Structures`.
pub(super) trait Kept: Copy {
    #[allow(
        private_interfaces,
        reason = "the trait is this file's own; others only name what implements it"
    )]
    fn chunks(structures: &mut Structures) -> &mut Chunks<Self>;
}

macro_rules! kept {
    ($($kept:ty: $field:ident,)*) => {
        $(impl Kept for $kept {
            #[allow(private_interfaces, reason = "as in the trait")]
            fn chunks(structures: &mut Structures) -> &mut Chunks<$kept> {
                &mut structures.$field
            }
        })*
    };
}

kept! {
    Value: values,
    i32: integers,
    *const c_char: pointers,
    Point: points,
    Array: arrays,
    Range: ranges,
    Multirange: multiranges,
    Composite: composites,
    Inet: inets,
    Bits: bits,
    Geometry: geometries,
    Hstore: hstores,
}

/// Memory for structs of one type, which never move.
struct Chunks<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Chunks { chunks: Vec::new() }
    }
}

impl<T: Copy> Chunks<T> {
    /// As `Arena::clear`; but what one large value needed is given back.
    fn clear(&mut self) {
        let last = self.chunks.pop();
        self.chunks.clear();
        let usual = |chunk: &Vec<T>| chunk.capacity() <= ARENA_CHUNK_MAX / size_of::<T>().max(1);
        self.chunks.extend(last.filter(usual));
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.clear();
        }
    }

    fn keep(&mut self, items: &[T]) -> Option<*const T> {
        let fits = self
            .chunks
            .last()
            .is_some_and(|c| c.capacity() - c.len() >= items.len());
        if !fits {
            let unit = size_of::<T>().max(1);
            let doubled = self
                .chunks
                .last()
                .map_or(0, |c| c.capacity().saturating_mul(2));
            let mut chunk = Vec::new();
            let usual = doubled.clamp(ARENA_CHUNK / 4 / unit, ARENA_CHUNK_MAX / unit);
            chunk.try_reserve_exact(items.len().max(usual)).ok()?;
            self.chunks.try_reserve(1).ok()?;
            self.chunks.push(chunk);
        }
        let chunk = self.chunks.last_mut()?;
        let start = chunk.len();
        chunk.extend_from_slice(items);
        chunk.get(start..).map(<[T]>::as_ptr)
    }

    /// Keeps a vector as it is, behind the chunk in use.
    fn keep_whole(&mut self, items: Vec<T>) -> Option<*const T> {
        self.chunks.try_reserve(1).ok()?;
        let kept = items.as_ptr();
        let last = self.chunks.len().saturating_sub(1);
        self.chunks.insert(last, items);
        Some(kept)
    }
}
