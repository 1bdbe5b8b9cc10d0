//! Rows as the bytes that were received: chunks of DataRow messages, owned by a result, decoded when fetched.
//!
//! A DataRow (manual, 55.7) is a count of columns, then for each a length and that many bytes. It stays where
//! the kernel put it. Two bytes of it change when it is accepted, so that a cell can be handed to C as it
//! lies, with a NUL behind it:
//!
//! * The byte behind a cell is the first of the next cell's length, and 0 for any length below 16 MiB. A
//!   NULL's length (-1) becomes `00 ff ff ff`, so that it is 0 there too; `ff ff ff` is then what says NULL.
//! * Behind the last cell stands the type byte of the next message, which is zeroed once it has been read.
//!
//! A row with a cell too long for three bytes of length has its cells listed beside the chunk instead.

use crate::error::{Error, Result};
use crate::types::Cell;

mod whole;

/// What three bytes of length cannot say, or say of NULL.
const NULL_LENGTH: u32 = 0x00ff_ffff;
/// In a chunk's index: the row's cells are listed in `long_rows`, at the rest of the number.
const LONG_ROW: u32 = 0x8000_0000;
/// Where a row's first length stands, counted from the message's type byte.
const CELLS_AT: usize = 7;

/// Messages of one receive buffer that are rows of one result.
#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each row's first length stands, or `LONG_ROW` and a place in `long_rows`.
    index: Index,
    /// Rare, so that it takes little room where there are none.
    long_rows: Option<Box<LongRows>>,
}

/// The cells of rows with a long one.
#[derive(Debug, Default)]
struct LongRows(Vec<Vec<LongCell>>);

/// More memory is not kept for another result.
const MOST_ROOM: usize = 4 << 10;
/// How many rows' places need no memory of their own.
const FEW: usize = 5;

/// Where the rows of a chunk are.
#[derive(Debug)]
enum Index {
    Few(u8, [u32; FEW]),
    Many(Vec<u32>),
}

impl Default for Index {
    fn default() -> Index {
        Index::Few(0, [0; FEW])
    }
}

impl Index {
    #[inline]
    fn of(entries: &[u32]) -> Result<Index> {
        let mut few = [0; FEW];
        if entries.len() <= FEW {
            for (to, &entry) in few.iter_mut().zip(entries) {
                *to = entry;
            }
            return Ok(Index::Few(entries.len() as u8, few));
        }
        let mut many = Vec::new();
        many.try_reserve_exact(entries.len())
            .map_err(out_of_memory)?;
        many.extend_from_slice(entries);
        Ok(Index::Many(many))
    }

    #[inline]
    fn entries(&self) -> &[u32] {
        match self {
            Index::Few(count, entries) => entries.get(..usize::from(*count)).unwrap_or_default(),
            Index::Many(entries) => entries,
        }
    }
}

/// A cell of a long row: where it begins and how long it is, or `None` for NULL.
pub(crate) type LongCell = Option<(u32, u32)>;

/// The rows of one result, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Most results are of one chunk.
    first: Chunk,
    later: Option<Box<Chunks>>,
    count: u64,
}

/// The chunks behind the first.
#[derive(Debug, Default)]
struct Chunks(Vec<Later>);

/// A chunk that is not the first.
#[derive(Debug)]
struct Later {
    /// How many rows the chunks before it hold, for access by number.
    before: u64,
    chunk: Chunk,
}

/// How many rows are read side by side, and how many bytes they begin within: what stays in the nearest cache.
pub(crate) const MOST_ABREAST: usize = 64;
const ABREAST_WITHIN: u32 = 32 << 10;

/// What comes next of a result's rows.
#[allow(clippy::large_enum_variant, reason = "one at a time, where it is used")]
pub(crate) enum Next<'a> {
    Abreast(Abreast<'a>),
    /// A row that cannot be read so, or that no other is near.
    Alone(Cells<'a>),
}

/// Some rows of one chunk that are read column by column.
pub(crate) struct Abreast<'a> {
    bytes: &'a [u8],
    /// Where the length of each row's next cell stands.
    places: [u32; MOST_ABREAST],
    count: usize,
}

impl<'a> Abreast<'a> {
    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Leaves out those from row `count` on.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// The next cell of each; `None` for NULL. To be called once for each column of the result.
    #[inline(always)]
    pub(crate) fn next_cells(&mut self) -> impl Iterator<Item = Option<Cell<'a>>> {
        let bytes = self.bytes;
        let places = self.places.get_mut(..self.count).unwrap_or_default();
        places.iter_mut().map(move |place| {
            let at = *place as usize;
            let behind = bytes.get(at + 4..)?;
            let length = bytes.get(at..at + 4)?.first_chunk::<4>()?;
            let length = u32::from_be_bytes(*length);
            if length == NULL_LENGTH {
                *place = at as u32 + 4;
                return None;
            }
            *place = at as u32 + 4 + length;
            Cell::new(behind, length as usize)
        })
    }
}

/// Brings memory into the nearest cache. In order, which processors do well; column by column, which they do not, each
/// line would be waited for.
#[inline]
fn touch(bytes: &[u8]) {
    const LINE: usize = 64;
    let lines = bytes.chunks(LINE).filter_map(<[u8]>::first);
    std::hint::black_box(lines.fold(0, |seen, byte| seen | byte));
}

/// Goes through rows from one on, in order.
pub(crate) struct Walk<'a> {
    rows: &'a Rows,
    /// The number of the chunk of the next row, and that chunk.
    number: usize,
    chunk: &'a Chunk,
    entries: &'a [u32],
    /// The row's place in it.
    within: usize,
}

impl<'a> Walk<'a> {
    /// The next rows, if there is one: at most `most`, and those that are of the same chunk and near.
    pub(crate) fn next_rows(&mut self, most: u64) -> Option<Next<'a>> {
        loop {
            let entries = self.entries.get(self.within..)?;
            let Some(&first) = entries.first() else {
                *self = self.rows.walk_on((self.number + 1, 0))?;
                continue;
            };
            if first & LONG_ROW != 0 {
                self.within += 1;
                return self.chunk.cells(first).map(Next::Alone);
            }
            let most = usize::try_from(most).unwrap_or(MOST_ABREAST);
            let entries = entries.get(..most.min(MOST_ABREAST)).unwrap_or(entries);
            if entries.len() == 1 {
                self.within += 1;
                return self.chunk.cells(first).map(Next::Alone);
            }
            let mut abreast = Abreast {
                bytes: &self.chunk.bytes,
                places: [0; MOST_ABREAST],
                count: entries.len(),
            };
            if let Some(places) = abreast.places.get_mut(..entries.len()) {
                places.copy_from_slice(entries);
            }
            let near = |&entry: &u32| entry & LONG_ROW == 0 && entry - first < ABREAST_WITHIN;
            // They lie in order, and nothing behind a long one is near.
            if !entries.last().is_some_and(near) {
                abreast.count = entries.iter().take_while(|entry| near(entry)).count();
            }
            self.within += abreast.count;
            let end = match self.entries.get(self.within) {
                Some(&entry) if entry & LONG_ROW == 0 => entry as usize,
                _ => abreast
                    .bytes
                    .len()
                    .min((first + 2 * ABREAST_WITHIN) as usize),
            };
            touch(abreast.bytes.get(first as usize..end).unwrap_or_default());
            return Some(Next::Abreast(abreast));
        }
    }

    /// Where it stands, for `Rows::walk_on`.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.number, self.within)
    }
}

impl Rows {
    /// From row `number` on; `None` if there is no such row.
    pub(crate) fn walk(&self, number: u64) -> Option<Walk<'_>> {
        let chunks = self.later();
        let later = chunks.partition_point(|later| later.before <= number);
        let before = match later.checked_sub(1) {
            Some(place) => chunks.get(place)?.before,
            None => 0,
        };
        let within = usize::try_from(number - before).ok()?;
        self.walk_on((later, within))
    }

    /// From where an earlier one stood; `None` if there is no such chunk.
    #[inline]
    pub(crate) fn walk_on(&self, (number, within): (usize, usize)) -> Option<Walk<'_>> {
        let chunk = match number.checked_sub(1) {
            Some(place) => &self.later().get(place)?.chunk,
            None => &self.first,
        };
        Some(Walk {
            rows: self,
            number,
            chunk,
            entries: chunk.index.entries(),
            within,
        })
    }

    /// The cells of the only row, if there is one and no other.
    #[inline]
    pub(crate) fn only(&self) -> Option<Cells<'_>> {
        match self.first.index.entries() {
            &[entry] if self.count == 1 => self.first.cells(entry),
            _ => None,
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// Forgets them. The memory that a few short ones were in stays, for others.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.later.is_some()
            || self.first.bytes.capacity() > MOST_ROOM
            || !matches!(
                self.first,
                Chunk {
                    index: Index::Few(..),
                    long_rows: None,
                    ..
                }
            )
        {
            *self = Rows::default();
        }
        if let Index::Few(count, _) = &mut self.first.index {
            *count = 0;
        }
        self.count = 0;
    }

    /// The cells of row `number` (from 0), if there is such a row.
    pub(crate) fn row(&self, number: u64) -> Option<Cells<'_>> {
        let walk = self.walk(number)?;
        walk.chunk.cells(*walk.entries.get(walk.within)?)
    }

    #[inline]
    fn later(&self) -> &[Later] {
        self.later.as_ref().map_or(&[], |chunks| &chunks.0)
    }

    /// Adds a chunk behind those that are there.
    #[inline]
    fn push(&mut self, chunk: Chunk) -> Result<()> {
        let rows = chunk.index.entries().len() as u64;
        if self.count == 0 {
            self.first = chunk;
        } else {
            let Chunks(later) = &mut **self.later.get_or_insert_default();
            later.try_reserve(1).map_err(out_of_memory)?;
            later.push(Later {
                before: self.count,
                chunk,
            });
        }
        self.count += rows;
        Ok(())
    }

    #[cfg(any(test, feature = "fuzzing"))]
    fn all_chunks(&self) -> impl Iterator<Item = &Chunk> {
        std::iter::once(&self.first).chain(self.later().iter().map(|later| &later.chunk))
    }
}

/// What tests look at.
#[cfg(any(test, feature = "fuzzing"))]
impl Rows {
    /// The byte that follows `cell`, a cell of these rows, in memory.
    pub(crate) fn byte_behind(&self, cell: &[u8]) -> Option<u8> {
        self.all_chunks().find_map(|chunk| {
            let start = (cell.as_ptr() as usize).checked_sub(chunk.bytes.as_ptr() as usize)?;
            chunk.bytes.get(start.checked_add(cell.len())?).copied()
        })
    }

    /// How many chunks the rows are in.
    #[cfg(test)]
    pub(super) fn chunks(&self) -> usize {
        self.all_chunks()
            .filter(|chunk| !chunk.bytes.is_empty())
            .count()
    }

    /// What the rows' bytes take of the host's memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.all_chunks().map(|chunk| chunk.bytes.capacity()).sum()
    }
}

impl Chunk {
    #[inline]
    fn cells(&self, entry: u32) -> Option<Cells<'_>> {
        if entry & LONG_ROW == 0 {
            return self.bytes.get(entry as usize..).map(Cells::Inline);
        }
        let cells = self
            .long_rows
            .as_ref()?
            .0
            .get((entry & !LONG_ROW) as usize)?;
        Some(Cells::Listed {
            bytes: &self.bytes,
            cells: cells.iter(),
        })
    }
}

/// The cells of one row, first to last. Each is followed in memory by a NUL.
#[derive(Debug)]
pub(crate) enum Cells<'a> {
    /// What follows in the chunk, from the next cell's length on.
    Inline(&'a [u8]),
    /// A long row: the chunk, and where in it the remaining cells are.
    Listed {
        /// The chunk.
        bytes: &'a [u8],
        /// The remaining cells.
        cells: std::slice::Iter<'a, LongCell>,
    },
}

impl<'a> Cells<'a> {
    /// The next cell; `None` for NULL. To be called once for each column of the result.
    #[inline]
    pub(crate) fn next_cell(&mut self) -> Option<&'a [u8]> {
        self.next_with_rest().map(Cell::bytes)
    }

    /// The same, with what lies behind it.
    #[inline]
    pub(crate) fn next_with_rest(&mut self) -> Option<Cell<'a>> {
        match self {
            Cells::Inline(rest) => {
                let (length, after) = rest.split_first_chunk::<4>()?;
                let length = u32::from_be_bytes(*length);
                if length == NULL_LENGTH {
                    *rest = after;
                    return None;
                }
                *rest = after.get(length as usize..)?;
                Cell::new(after, length as usize)
            }
            Cells::Listed { bytes, cells } => {
                let (at, length) = (*cells.next()?)?;
                Cell::new(bytes.get(at as usize..)?, length as usize)
            }
        }
    }
}

fn out_of_memory(_: std::collections::TryReserveError) -> Error {
    Error::out_of_memory("while receiving a result").breaking_connection()
}

/// The rows that are being received: those in finished chunks, and the index of those that still lie in the
/// receive buffer.
#[derive(Debug, Default)]
pub(super) struct Collector {
    done: Rows,
    index: Vec<u32>,
    long_rows: Vec<Vec<LongCell>>,
}

impl Collector {
    /// Whether rows lie in the receive buffer, which therefore must not be written over.
    pub(super) fn holds_buffer(&self) -> bool {
        !self.index.is_empty()
    }

    /// Whether there are rows.
    pub(super) fn holds_rows(&self) -> bool {
        self.holds_buffer() || self.done.len() > 0
    }

    /// Accepts the DataRow that lies at `start..end` of the receive buffer, `columns` wide as the result's
    /// description said. Every count and length in it is checked here, once.
    pub(super) fn accept(
        &mut self,
        buffer: &mut [u8],
        start: usize,
        end: usize,
        columns: u16,
    ) -> Result<()> {
        let message = buffer.get_mut(start..end).ok_or_else(truncated)?;
        let count = message
            .get(5..CELLS_AT)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u16::from_be_bytes)
            .ok_or_else(truncated)?;
        if count != columns {
            return Err(Error::protocol(format_args!(
                "a row of {count} columns in a result of {columns}"
            )));
        }
        let cells = message.get_mut(CELLS_AT..).ok_or_else(truncated)?;
        // No value of a message shorter than that can be.
        let entry = if cells.len() < NULL_LENGTH as usize {
            mark_nulls(cells, count)?;
            (start + CELLS_AT) as u32
        } else {
            self.long_rows.try_reserve(1).map_err(out_of_memory)?;
            self.long_rows
                .push(list_cells(cells, start + CELLS_AT, count)?);
            LONG_ROW | (self.long_rows.len() as u32 - 1)
        };
        if let Some(kind) = message.first_mut() {
            *kind = 0;
        }
        self.push_entry(entry)
    }

    /// Accepts the whole DataRows that lie one behind the other from `head` on, none longer than `most`. Where the
    /// first byte that belongs to none of them is comes back. What it is is the caller's to see.
    #[inline]
    pub(super) fn accept_run(
        &mut self,
        buffer: &mut [u8],
        mut head: usize,
        columns: u16,
        most: u32,
    ) -> Result<usize> {
        let [high, low] = columns.to_be_bytes();
        loop {
            let rest = buffer.get_mut(head..).unwrap_or_default();
            let Some(&mut [kind, a, b, c, d, count_high, count_low]) =
                rest.first_chunk_mut::<CELLS_AT>()
            else {
                return Ok(head);
            };
            let length = u32::from_be_bytes([a, b, c, d]);
            let total = length as usize + 1;
            // A row of another width, or a long one, goes the slower way.
            let usual = kind == b'D' && count_high == high && count_low == low;
            if !usual || length >= most.min(NULL_LENGTH) {
                return Ok(head);
            }
            let Some(cells) = rest.get_mut(CELLS_AT..total) else {
                return Ok(head);
            };
            mark_nulls(cells, columns)?;
            if let Some(kind) = rest.first_mut() {
                *kind = 0;
            }
            self.push_entry((head + CELLS_AT) as u32)?;
            head += total;
        }
    }

    #[inline(always)]
    fn push_entry(&mut self, entry: u32) -> Result<()> {
        if self.index.len() == self.index.capacity() {
            self.index
                .try_reserve(self.index.len().max(16))
                .map_err(out_of_memory)?;
        }
        self.index.push(entry);
        Ok(())
    }

    /// Takes the receive buffer for good, with the rows that lie in it: it is full. `buffer` must end behind
    /// the last row and have room for one byte more.
    pub(super) fn seal(&mut self, mut buffer: Vec<u8>) -> Result<()> {
        buffer.push(0);
        self.push_chunk(buffer)
    }

    /// Takes all rows received so far. Those in `buffer` are copied out of it; `first` is where the first of
    /// their messages begins, `end` where the last ends.
    pub(super) fn take_copy(&mut self, buffer: &[u8], first: usize, end: usize) -> Result<Rows> {
        if self.holds_buffer() {
            let bytes = buffer.get(first..end).ok_or_else(truncated)?;
            let mut copy = Vec::new();
            copy.try_reserve_exact(bytes.len() + 1)
                .map_err(out_of_memory)?;
            copy.extend_from_slice(bytes);
            copy.push(0);
            for entry in &mut self.index {
                if *entry & LONG_ROW == 0 {
                    *entry -= first as u32;
                }
            }
            for cell in self.long_rows.iter_mut().flatten().flatten() {
                cell.0 -= first as u32;
            }
            self.push_chunk(copy)?;
        }
        Ok(self.take_sealed())
    }

    /// Takes the rows of the chunks sealed so far.
    pub(super) fn take_sealed(&mut self) -> Rows {
        std::mem::take(&mut self.done)
    }

    /// Forgets everything received so far.
    pub(super) fn clear(&mut self) {
        *self = Collector::default();
    }

    #[inline]
    fn push_chunk(&mut self, bytes: Vec<u8>) -> Result<()> {
        // A copy of exact size, so that the index keeps its capacity for the chunk to come.
        let index = Index::of(&self.index)?;
        self.index.clear();
        let long_rows = std::mem::take(&mut self.long_rows);
        let long_rows = (!long_rows.is_empty()).then(|| Box::new(LongRows(long_rows)));
        self.done.push(Chunk {
            bytes,
            index,
            long_rows,
        })
    }
}

/// Checks the lengths of a row's values, and makes those of its NULLs end the value before them with a 0.
#[inline(always)]
fn mark_nulls(cells: &mut [u8], count: u16) -> Result<()> {
    if are_marked(cells, count) {
        Ok(())
    } else {
        Err(wrong_lengths(cells, count))
    }
}

/// The same; false if a length is wrong.
#[inline(always)]
fn are_marked(cells: &mut [u8], count: u16) -> bool {
    let mut at = 0;
    for _ in 0..count {
        let length = cells.get_mut(at..at + 4).and_then(<[u8]>::first_chunk_mut);
        let Some(length) = length else {
            return false;
        };
        at += 4;
        match u32::from_be_bytes(*length) {
            u32::MAX => length[0] = 0,
            // Where a sum of a few lengths could be too large.
            value if usize::BITS < 64 && value >= NULL_LENGTH => return false,
            // Perhaps beyond the end, where nothing is found.
            value => at += value as usize,
        }
    }
    at == cells.len()
}

/// What is wrong with a row whose values do not fill it, after `mark_nulls`.
#[cold]
#[inline(never)]
fn wrong_lengths(cells: &[u8], count: u16) -> Error {
    let mut rest = cells;
    for _ in 0..count {
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return truncated();
        };
        let value = u32::from_be_bytes(*length);
        // No value of a row that is marked so can be as long.
        let length = match checked_length(value as i32) {
            _ if value == NULL_LENGTH => 0,
            Ok(length) => length as usize,
            Err(error) => return error,
        };
        rest = match after.get(length..) {
            Some(rest) => rest,
            None => return truncated(),
        };
    }
    nothing_left(rest).err().unwrap_or_else(truncated)
}

/// Checks the lengths of a row's values, lists where the values are (counted from the start of the buffer, in
/// which `cells` begins at `at`), and zeroes the byte behind each.
fn list_cells(cells: &mut [u8], mut at: usize, count: u16) -> Result<Vec<LongCell>> {
    let mut list = Vec::new();
    list.try_reserve_exact(count.into())
        .map_err(out_of_memory)?;
    let mut rest = cells;
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk_mut::<4>().ok_or_else(truncated)?;
        let value = i32::from_be_bytes(*length);
        length[0] = 0;
        at += 4;
        rest = if value == -1 {
            list.push(None);
            after
        } else {
            let length = checked_length(value)?;
            list.push(Some((at as u32, length)));
            at += length as usize;
            after.get_mut(length as usize..).ok_or_else(truncated)?
        };
    }
    nothing_left(rest)?;
    Ok(list)
}

fn checked_length(value: i32) -> Result<u32> {
    u32::try_from(value)
        .map_err(|_| Error::protocol(format_args!("a row with a value of length {value}")))
}

fn nothing_left(rest: &[u8]) -> Result<()> {
    match rest.len() {
        0 => Ok(()),
        left => Err(Error::protocol(format_args!(
            "a row with {left} bytes behind its last value"
        ))),
    }
}

#[cold]
fn truncated() -> Error {
    Error::protocol("a row that ends before its last value")
}

#[cfg(test)]
mod tests;
