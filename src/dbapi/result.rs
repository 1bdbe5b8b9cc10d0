//! The result of a statement: its rows as they were received, decoded a row or a block at a time.

use std::sync::Arc;

use super::columns::ColumnBlock;
use crate::error::{Error, Result};
use crate::types::column::BlockColumn;
use crate::types::{self, Catalog, oid, value::Arena, value::Value};
use crate::wire::{Cells, Column, Rows, Tag, Walk, split_cell};

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
pub(super) struct ResultSet {
    pub(super) columns: Option<Arc<[Column]>>,
    rows: Rows,
    catalog: Option<Arc<Catalog>>,
    pub(super) position: u64,
    /// Of a streamed result: how many rows were before `rows`, and those of them that the last block still shows.
    base: u64,
    kept: Vec<Rows>,
    /// Where in `rows` the row of this number is: the one behind the last that was fetched.
    place: Option<(u64, (usize, usize))>,
    pub(super) row_count: i64,
    pub(super) tag: Tag,
}

impl ResultSet {
    pub(super) fn new(reply: Reply) -> ResultSet {
        let row_count = reply.row_count();
        ResultSet {
            columns: reply.columns,
            rows: reply.rows,
            catalog: reply.catalog,
            position: 0,
            base: 0,
            kept: Vec::new(),
            place: None,
            row_count,
            tag: reply.tag,
        }
    }

    /// What its types are made of.
    pub(super) fn catalog(&self) -> &Catalog {
        self.catalog.as_deref().unwrap_or(Catalog::EMPTY)
    }

    /// Gives the rows' memory back; what describes them stays.
    pub(super) fn drop_rows(&mut self) {
        self.rows = Rows::default();
        self.kept.clear();
        self.base = 0;
        self.position = 0;
        self.place = None;
    }

    /// How many rows have not been fetched.
    pub(super) fn left(&self) -> u64 {
        self.received().saturating_sub(self.position)
    }

    /// How many rows have been received.
    pub(super) fn received(&self) -> u64 {
        self.base + self.rows.len()
    }

    /// The next rows of a streamed result, all before which have been fetched. `shown`: the block shows some of them.
    pub(super) fn go_on(&mut self, rows: Rows, shown: bool) {
        self.base = self.received();
        self.place = None;
        let before = std::mem::replace(&mut self.rows, rows);
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
        self.row_count = match self.columns {
            Some(_) => self.received() as i64,
            None => tag.count(),
        };
        self.tag = tag;
    }

    /// Passes over `count` rows, or as many as are left.
    pub(super) fn skip(&mut self, count: u64) {
        self.position += count.min(self.left());
    }

    /// Moves by `value` rows, or to row `value`, from 0. An error if there is no such row.
    pub(super) fn scroll(&mut self, value: i64, absolute: bool) -> Result<()> {
        if self.columns.is_none() {
            return Err(no_results());
        }
        let target = if absolute {
            u64::try_from(value).ok()
        } else {
            self.position.checked_add_signed(value)
        };
        self.position = target
            .filter(|&target| target < self.rows.len())
            .ok_or_else(|| Error::programming("scroll destination out of bounds"))?;
        Ok(())
    }

    /// Decodes up to `most` rows into `block`, behind those that are there; their number comes back.
    pub(super) fn fetch(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        let count = if block.columns.wanted {
            self.decode_columns(most, block)?
        } else {
            self.decode(most, usize::MAX, block)?
        };
        self.position += count as u64;
        Ok(count)
    }

    /// Fetches one row, and decodes some of those behind it while it is at it: `RowBlock::next` has them.
    pub(super) fn fetch_ahead(&mut self, block: &mut RowBlock) -> Result<usize> {
        if block.columns.wanted {
            return self.fetch(1, block);
        }
        let width = self.columns.as_ref().map_or(0, |columns| columns.len());
        // Few at first: most results are read from their beginning, and not all to their end.
        let most = (self.position + 1).min(MOST_AHEAD);
        let count = self.decode(most, MOST_BYTES_AHEAD, block)?;
        if count == 0 {
            return Ok(0);
        }
        self.position += 1;
        block.ahead = Ahead {
            shown: 0,
            left: count - 1,
            width,
            position: self.position,
            end: None,
        };
        Ok(1)
    }

    /// Goes on to a row that was decoded ahead: 1; 0 at the end that `RowBlock::end_at` told of.
    #[inline]
    pub(super) fn next_ahead(&mut self, block: &mut RowBlock) -> Option<usize> {
        let ahead = &mut block.ahead;
        if ahead.left == 0 || ahead.position != self.position {
            return (ahead.end == Some(self.position)).then_some(0);
        }
        ahead.left -= 1;
        ahead.shown += ahead.width;
        ahead.position += 1;
        self.position += 1;
        Some(1)
    }

    /// The number behind the last row's.
    pub(super) fn end(&self) -> u64 {
        self.rows.len()
    }

    /// Decodes the rows from the present one on, at most `most`, and not many more bytes than `bytes`. If `bytes` is a
    /// bound, rows before one that cannot be decoded count as well.
    fn decode(&mut self, most: u64, bytes: usize, block: &mut RowBlock) -> Result<usize> {
        let types = self.catalog.as_deref().unwrap_or(Catalog::EMPTY);
        let columns = self.columns.as_deref().ok_or_else(no_results)?;
        let count = most.min(self.left());
        if count == 0 {
            return Ok(0);
        }
        let RowBlock { values, arena, .. } = block;
        let start = values.len();
        let cells = usize::try_from(count)
            .ok()
            .and_then(|rows| rows.checked_mul(columns.len()));
        if cells.is_none_or(|cells| values.try_reserve(cells).is_err()) {
            return Err(Error::out_of_memory(format_args!("for {count} rows")));
        }
        let mut walk = self.walk()?;
        let mut done = 0;
        let mut read = 0;
        // A long row counts as more bytes than any bound; without one, there is no end before the last.
        while done < count && (read < bytes || bytes == usize::MAX) {
            let decoded = match walk.next_row() {
                Some(cells) => decode(cells, columns, types, arena, values),
                None => Err(no_results()),
            };
            match decoded {
                Ok(length) => read = length.saturating_add(read),
                // Whoever comes to that row first will hear of it.
                Err(_) if done > 0 && bytes != usize::MAX => {
                    values.truncate(start + done as usize * columns.len());
                    self.place = None;
                    return Ok(done as usize);
                }
                Err(error) => {
                    values.truncate(start);
                    return Err(error);
                }
            }
            done += 1;
        }
        let place = walk.place();
        self.walked(done, place);
        Ok(done as usize)
    }

    /// What is needed to go through the rows from the present one on.
    pub(super) fn rest(&self) -> Result<(Walk<'_>, &[Column], &Catalog)> {
        let columns = self.columns.as_deref().ok_or_else(no_results)?;
        Ok((self.walk()?, columns, self.catalog()))
    }

    fn walk(&self) -> Result<Walk<'_>> {
        let walk = match self.place {
            Some((position, place)) if position == self.position => self.rows.walk_on(place),
            _ => self.rows.walk(self.position - self.base),
        };
        walk.ok_or_else(no_results)
    }

    /// Takes note of the place where a walk stands that went over `count` rows.
    pub(super) fn walked(&mut self, count: u64, place: (usize, usize)) {
        self.place = Some((self.position + count, place));
    }
}

/// How many rows, and of how many bytes in all, are decoded ahead.
const MOST_AHEAD: u64 = 64;
const MOST_BYTES_AHEAD: usize = 32 << 10;

/// Decodes one row, behind the values that are there. How many bytes it has comes back.
#[inline(always)]
fn decode(
    cells: Cells<'_>,
    columns: &[Column],
    types: &Catalog,
    arena: &mut Arena,
    row: &mut Vec<Value>,
) -> Result<usize> {
    match cells {
        Cells::Inline(mut rest) => {
            let before = rest.len();
            decode_cells(columns, types, arena, row, || {
                split_cell(&mut rest).flatten()
            })?;
            Ok(before - rest.len())
        }
        mut cells @ Cells::Listed { .. } => {
            decode_cells(columns, types, arena, row, || cells.next_cell())?;
            Ok(usize::MAX)
        }
    }
}

#[inline(always)]
fn decode_cells<'a>(
    columns: &[Column],
    types: &Catalog,
    arena: &mut Arena,
    row: &mut Vec<Value>,
    mut next: impl FnMut() -> Option<&'a [u8]>,
) -> Result<()> {
    for column in columns {
        let value = match next() {
            None => Value::null(column.type_oid),
            Some(cell) => match column.plain.read(column.type_oid, cell) {
                Some(value) => value,
                None => decode_any(column, cell, types, arena)?,
            },
        };
        row.push(value);
    }
    Ok(())
}

#[inline(never)]
pub(super) fn decode_any(
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
    pub(super) arena: Arena,
    ahead: Ahead,
    pub(super) columns: ColumnBlock,
}

/// Where in a block the row is that was fetched, and what lies behind it.
#[derive(Default)]
struct Ahead {
    /// Its first value's place.
    shown: usize,
    /// How many more rows are there.
    left: usize,
    /// How many values each has.
    width: usize,
    /// The number of the first of them in the result.
    position: u64,
    /// Where the result that they are of ends, if that is known.
    end: Option<u64>,
}

/// A block larger than this is given back before the next fetch.
const KEPT_VALUES: usize = 1 << 16;

impl RowBlock {
    /// The values of the rows that were fetched, row-major.
    #[inline]
    pub(crate) fn values(&self) -> &[Value] {
        self.values.get(self.ahead.shown..).unwrap_or_default()
    }

    /// The columns of the rows that were fetched, if it was columns that were asked for.
    pub(crate) fn columns(&self) -> &[BlockColumn] {
        self.columns.shown()
    }

    /// Takes note that there is no row of this number in the result that the rows are of.
    pub(super) fn end_at(&mut self, end: u64) {
        self.ahead.end = Some(end);
    }

    /// Forgets the rows.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.values.capacity() > KEPT_VALUES {
            self.values = Vec::new();
            self.arena = Arena::default();
        }
        self.values.clear();
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
