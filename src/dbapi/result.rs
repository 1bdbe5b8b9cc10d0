//! The result of a statement: its rows as they were received, decoded a row or a block at a time.

use std::sync::Arc;

use super::columns::ColumnBlock;
use crate::error::{Error, Result};
use crate::types::column::BlockColumn;
use crate::types::{self, Catalog, Cell, oid, value::Arena, value::Value};
use crate::wire::{Abreast, Cells, Column, Next, Rows, Tag, Walk};

/// What came back for one statement.
#[derive(Default)]
pub(super) struct Reply {
    /// The columns; `None` for a statement without a result set.
    pub(super) columns: Option<Arc<[Column]>>,
    /// The rows.
    pub(super) rows: Rows,
    /// The command tag.
    pub(super) tag: Tag,
    /// What its types are made of, if some are not built in.
    pub(super) catalog: Option<Arc<Catalog>>,
}

impl Reply {
    /// Rows produced, or affected, or -1 (SEMANTICS, "Cursor").
    pub(super) fn row_count(&self) -> i64 {
        match self.columns {
            Some(_) => self.rows.len() as i64,
            None => self.tag.count(),
        }
    }
}

/// A reply that rows are fetched from.
#[derive(Default)]
pub(super) struct ResultSet {
    pub(super) reply: Reply,
    pub(super) position: u64,
    /// Of a streamed result: how many rows were before those of `reply`, and those of them that the last block still shows.
    base: u64,
    kept: Vec<Rows>,
    /// Where in the rows the row of this number is: the one behind the last that was fetched.
    place: Option<(u64, (usize, usize))>,
    pub(super) row_count: i64,
}

impl ResultSet {
    pub(super) fn new(reply: Reply) -> Box<ResultSet> {
        let row_count = reply.row_count();
        Box::new(ResultSet {
            reply,
            row_count,
            ..ResultSet::default()
        })
    }

    /// What its types are made of.
    pub(super) fn catalog(&self) -> &Catalog {
        self.reply.catalog.as_deref().unwrap_or(Catalog::EMPTY)
    }

    /// Gives the rows' memory back; what describes them stays.
    pub(super) fn drop_rows(&mut self) {
        self.reply.rows = Rows::default();
        self.kept.clear();
        self.base = 0;
        self.position = 0;
        self.place = None;
    }

    /// Forgets all that another reply does not replace. The memory that a few short rows were in stays, for the next ones.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.reply.rows.clear();
        self.reply.catalog = None;
        if !self.kept.is_empty() {
            self.kept.clear();
        }
        self.base = 0;
        self.position = 0;
        self.place = None;
    }

    /// Another reply has come in place of the one that was forgotten.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.row_count = self.reply.row_count();
    }

    /// How many rows have not been fetched.
    pub(super) fn left(&self) -> u64 {
        self.received().saturating_sub(self.position)
    }

    /// How many rows have been received.
    pub(super) fn received(&self) -> u64 {
        self.base + self.reply.rows.len()
    }

    /// The next rows of a streamed result, all before which have been fetched. `shown`: the block shows some of them.
    pub(super) fn go_on(&mut self, rows: Rows, shown: bool) {
        self.base = self.received();
        self.place = None;
        let before = std::mem::replace(&mut self.reply.rows, rows);
        if shown {
            self.kept.push(before);
        }
    }

    /// The block shows nothing any more.
    pub(super) fn forget_shown(&mut self) {
        self.kept.clear();
    }

    /// The statement has ended.
    pub(super) fn ended(&mut self, tag: Tag) {
        self.row_count = match self.reply.columns {
            Some(_) => self.received() as i64,
            None => tag.count(),
        };
        self.reply.tag = tag;
    }

    /// Passes over `count` rows, or as many as are left.
    pub(super) fn skip(&mut self, count: u64) {
        self.position += count.min(self.left());
    }

    /// Moves by `value` rows, or to row `value`, from 0. An error if there is no such row.
    pub(super) fn scroll(&mut self, value: i64, absolute: bool) -> Result<()> {
        if self.reply.columns.is_none() {
            return Err(no_results());
        }
        let target = if absolute {
            u64::try_from(value).ok()
        } else {
            self.position.checked_add_signed(value)
        };
        self.position = target
            .filter(|&target| target < self.reply.rows.len())
            .ok_or_else(|| Error::programming("scroll destination out of bounds"))?;
        Ok(())
    }

    /// Decodes up to `most` rows into `block`, behind those that are there; their number comes back.
    pub(super) fn fetch(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        if block.columns.wanted {
            return self.fetch_columns(most, block);
        }
        let (position, filled) = (self.position, block.filled);
        let count = most.min(self.left());
        let width = self
            .reply
            .columns
            .as_ref()
            .map_or(0, |columns| columns.len());
        let cells = usize::try_from(count)
            .ok()
            .and_then(|rows| rows.checked_mul(width)?.checked_add(filled));
        let room = cells.map(|cells| cells.saturating_sub(block.values.len()));
        if room.is_none_or(|room| block.values.try_reserve(room).is_err()) {
            return Err(Error::out_of_memory(format_args!("for {count} rows")));
        }
        let mut done = 0;
        loop {
            let (decoded, failure) = self.decode(count - done, block);
            done += decoded as u64;
            if let Some(error) = failure {
                self.position = position;
                block.filled = filled;
                return Err(error);
            }
            if done >= count {
                return Ok(done as usize);
            }
        }
    }

    /// Fetches one row, and decodes some of those behind it while it is at it: `RowBlock::next` has them.
    pub(super) fn fetch_ahead(&mut self, block: &mut RowBlock) -> Result<usize> {
        if block.columns.wanted {
            return self.fetch(1, block);
        }
        let width = self
            .reply
            .columns
            .as_ref()
            .map_or(0, |columns| columns.len());
        // Few at first: most results are read from their beginning, and not all to their end.
        let position = self.position;
        let count = match self.decode(position.saturating_add(1), block) {
            (0, Some(error)) => return Err(error),
            (0, None) => return Ok(0),
            // Whoever comes to the row that failed will hear of it.
            (count, _) => count,
        };
        self.position = position + 1;
        block.ahead = Ahead {
            from: position,
            count: count as u64,
            width,
            end: None,
        };
        Ok(1)
    }

    /// As `Cursor::fetch_only`.
    #[inline(never)]
    pub(super) fn fetch_only(&mut self, block: &mut RowBlock) -> bool {
        let (Some(columns), Some(cells)) = (&self.reply.columns, self.reply.rows.only()) else {
            return false;
        };
        if self.position != 0 || block.columns.wanted {
            return false;
        }
        block.clear();
        let width = columns.len();
        let read = match block.room(width) {
            Ok((values, _)) => are_read(cells, columns, values),
            Err(_) => false,
        };
        if !read {
            return false;
        }
        block.filled = width;
        block.ahead = Ahead {
            from: 0,
            count: 1,
            width,
            end: Some(1),
        };
        self.position = 1;
        true
    }

    /// Goes on to the next row, if it was decoded ahead: its values; nothing at the end that `RowBlock::end_at` told of.
    #[inline(always)]
    pub(super) fn next_ahead<'a>(&mut self, block: &'a RowBlock) -> Option<Option<&'a [Value]>> {
        let ahead = &block.ahead;
        let number = self.position.wrapping_sub(ahead.from);
        if number >= ahead.count {
            return (ahead.end == Some(self.position)).then_some(None);
        }
        let row = block.values.get(number as usize * ahead.width..)?;
        self.position += 1;
        Some(Some(row))
    }

    /// The number behind the last row's.
    pub(super) fn end(&self) -> u64 {
        self.reply.rows.len()
    }

    /// Decodes rows from the present one on, as many as are near and at most `most`, and goes on behind them. How many
    /// they are comes back, and why the row behind them, if it was among those, could not be decoded.
    pub(super) fn decode(&mut self, most: u64, block: &mut RowBlock) -> (usize, Option<Error>) {
        let most = most.min(self.left());
        let Some(columns) = self.reply.columns.as_deref() else {
            return (0, Some(no_results()));
        };
        if most == 0 {
            return (0, None);
        }
        let types = self.reply.catalog.as_deref().unwrap_or(Catalog::EMPTY);
        let Some((walk, next)) = self.walk().and_then(|mut walk| {
            let next = walk.next_rows(most)?;
            Some((walk, next))
        }) else {
            return (0, Some(no_results()));
        };
        let (count, failure) = match next {
            Next::Abreast(rows) => decode_abreast(rows, columns, types, block),
            Next::Alone(cells) => decode_alone(cells, columns, types, block),
        };
        block.filled += count * columns.len();
        let place = walk.place();
        self.walked(count as u64, place);
        if failure.is_some() {
            self.place = None;
        }
        (count, failure)
    }

    fn walk(&self) -> Option<Walk<'_>> {
        match self.place {
            Some((position, place)) if position == self.position => self.reply.rows.walk_on(place),
            _ => self.reply.rows.walk(self.position - self.base),
        }
    }

    /// What is needed to go through the rows from the present one on.
    pub(super) fn rest(&self) -> Result<(Walk<'_>, &[Column], &Catalog)> {
        let columns = self.reply.columns.as_deref().ok_or_else(no_results)?;
        let walk = self.walk().ok_or_else(no_results)?;
        Ok((walk, columns, self.catalog()))
    }

    /// Goes on behind `count` rows, to the place where a walk stands that went over them.
    pub(super) fn walked(&mut self, count: u64, place: (usize, usize)) {
        self.position += count;
        self.place = Some((self.position, place));
    }
}

/// Decodes rows behind those that are there, column by column: which way a column's values are read is seen once, not for
/// every value. The rows before the first that cannot be decoded count.
fn decode_abreast(
    mut rows: Abreast<'_>,
    columns: &[Column],
    types: &Catalog,
    block: &mut RowBlock,
) -> (usize, Option<Error>) {
    let mut failure = None;
    let (values, arena) = match block.room(rows.len() * columns.len()) {
        Ok(room) => room,
        Err(error) => return (0, Some(error)),
    };
    let width = columns.len();
    for (number, column) in columns.iter().enumerate() {
        let mut failed = None;
        read_abreast(
            column,
            &mut rows,
            values,
            (number, width),
            &mut |row, cell, value| {
                if failed.is_none() {
                    match decode_cell(column, cell.bytes(), types, arena) {
                        Ok(decoded) => *value = decoded,
                        Err(error) => failed = Some((row, error)),
                    }
                }
            },
        );
        // Of the columns to come, only the rows before that one matter.
        if let Some((row, error)) = failed {
            rows.truncate(row);
            failure = Some(error);
        }
    }
    (rows.len(), failure)
}

/// Reads the next cell of each row, into the values that are `number` in each `width` of them. `usual` is for those that
/// must be read the usual way; it is told which row's it is.
#[inline(never)]
pub(super) fn read_abreast<'a>(
    column: &Column,
    rows: &mut Abreast<'a>,
    values: &mut [Value],
    (number, width): (usize, usize),
    usual: &mut dyn FnMut(usize, Cell<'a>, &mut Value),
) {
    let places = values.chunks_exact_mut(width);
    let places = places.map(move |row| row.get_mut(number));
    let cells = rows.next_cells().zip(places);
    column.plain.read(column.type_oid, cells, usual);
}

/// Reads the cells of a row, if all of them can be read the quick way.
#[inline]
fn are_read(mut cells: Cells<'_>, columns: &[Column], values: &mut [Value]) -> bool {
    for (column, value) in columns.iter().zip(values) {
        let cell = cells.next_with_rest();
        if !column.plain.read_one(column.type_oid, cell, value) {
            return false;
        }
    }
    true
}

/// Decodes one row, behind those that are there.
fn decode_alone(
    mut cells: Cells<'_>,
    columns: &[Column],
    types: &Catalog,
    block: &mut RowBlock,
) -> (usize, Option<Error>) {
    let (values, arena) = match block.room(columns.len()) {
        Ok(room) => room,
        Err(error) => return (0, Some(error)),
    };
    for (column, value) in columns.iter().zip(values) {
        let cell = cells.next_with_rest();
        if !column.plain.read_one(column.type_oid, cell, value)
            && let Some(cell) = cell
        {
            match decode_cell(column, cell.bytes(), types, arena) {
                Ok(decoded) => *value = decoded,
                Err(error) => return (0, Some(error)),
            }
        }
    }
    (1, None)
}

#[inline(never)]
pub(super) fn decode_cell(
    column: &Column,
    cell: &[u8],
    types: &Catalog,
    arena: &mut Arena,
) -> Result<Value> {
    if column.binary {
        types::decode_binary(column.type_oid, cell, types, arena)
    } else {
        types::decode_text(column.type_oid, cell, types, arena)
    }
}

/// The memory behind fetched rows. The values point into it and into the result they came from.
#[derive(Default)]
pub(crate) struct RowBlock {
    values: Vec<Value>,
    /// How many of them are of the rows; those behind them are of earlier ones, and say nothing.
    filled: usize,
    pub(super) arena: Arena,
    ahead: Ahead,
    pub(super) columns: ColumnBlock,
    /// Something has been put into it since it was cleared.
    pub(super) used: bool,
}

/// The rows of a block that are handed out one by one.
#[derive(Default)]
struct Ahead {
    /// The number of the first in the result.
    from: u64,
    /// How many they are.
    count: u64,
    /// How many values each has.
    width: usize,
    /// Where the result that they are of ends, if that is known.
    end: Option<u64>,
}

/// A block larger than this is given back before the next fetch.
const KEPT_VALUES: usize = 1 << 16;

impl RowBlock {
    /// The values of the rows that were fetched, row-major.
    #[inline]
    pub(crate) fn values(&self) -> &[Value] {
        self.values.get(..self.filled).unwrap_or_default()
    }

    /// Room for `count` values more, and the memory behind them.
    #[inline]
    fn room(&mut self, count: usize) -> Result<(&mut [Value], &mut Arena)> {
        let end = self.filled + count;
        self.used = true;
        if end > self.values.len() {
            self.grow(end)?;
        }
        let room = self.values.get_mut(self.filled..end).unwrap_or_default();
        Ok((room, &mut self.arena))
    }

    #[cold]
    fn grow(&mut self, end: usize) -> Result<()> {
        let more = end - self.values.len();
        if self.values.try_reserve(more).is_err() {
            return Err(Error::out_of_memory(format_args!("for {more} values")));
        }
        self.values.resize(end, Value::null(0));
        Ok(())
    }

    /// The columns of the rows that were fetched, if it was columns that were asked for.
    pub(crate) fn columns(&self) -> &[BlockColumn] {
        self.columns.shown()
    }

    /// Takes note that there is no row of this number in the result that the rows are of.
    pub(super) fn end_at(&mut self, end: u64) {
        self.used = true;
        self.ahead.end = Some(end);
    }

    /// Forgets the rows.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        if self.used {
            self.clear_used();
        }
    }

    #[inline(never)]
    fn clear_used(&mut self) {
        self.used = false;
        if self.values.capacity() > KEPT_VALUES {
            self.values = Vec::new();
            self.arena = Arena::default();
        }
        self.filled = 0;
        self.arena.clear();
        self.columns.clear();
        self.ahead = Ahead::default();
    }
}

/// What a description says of a column beside what the server sent; -1 is PEP 249's None.
pub(crate) struct ColumnFacts {
    /// The number of the kind its values arrive as.
    pub(crate) kind: i32,
    /// Bytes for fixed-size types, the declared length for varchar(n) and the like.
    pub(crate) internal_size: i32,
    /// Of numeric(p, s).
    pub(crate) precision: i32,
    /// Of numeric(p, s).
    pub(crate) scale: i32,
}

impl ColumnFacts {
    /// What is known of `column`. Type modifiers of text and numeric types count a 4-byte header.
    pub(crate) fn of(column: &Column, catalog: &Catalog) -> ColumnFacts {
        let modifier = column.type_modifier;
        let payload = if modifier >= 4 { modifier - 4 } else { -1 };
        let (mut precision, mut scale) = (-1, -1);
        let internal_size = match column.type_oid {
            _ if column.type_size >= 0 => i32::from(column.type_size),
            oid::NUMERIC if payload >= 0 => {
                precision = (payload >> 16) & 0xffff;
                // 11 bits, signed since PostgreSQL 15.
                scale = ((payload & 0x7ff) ^ 1024) - 1024;
                precision
            }
            oid::BIT | oid::VARBIT => modifier,
            oid::BPCHAR | oid::VARCHAR => payload,
            _ => -1,
        };
        ColumnFacts {
            kind: catalog.kind_of(column.type_oid) as i32,
            internal_size,
            precision,
            scale,
        }
    }
}

pub(super) fn no_results() -> Error {
    Error::programming("no results to fetch")
}
