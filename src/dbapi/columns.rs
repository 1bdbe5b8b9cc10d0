//! Rows as columns: what `ResultSet::decode` decodes into values, decoded into an array for each column instead.
//!
//! Some rows are read side by side, a column at a time, so that one loop reads many cells of one type. What a cell means,
//! and what is wrong with one, is said where values are decoded.

use std::mem;
use std::ptr;

use super::cursor::Cursor;
use super::result::{ResultSet, RowBlock, decode_cell, no_results, read_abreast};
use crate::error::{Error, Result};
use crate::types::column::{BlockColumn, DBAPI_KIND_MIXED, Held, Layout};
use crate::types::value::{Arena, Kind, Value};
use crate::types::view::{byte, decoded, word};
use crate::types::{Catalog, Cell, Plain, is_ascii};
use crate::wire::{Abreast, Column, MOST_ABREAST, Next};

/// What an array may hold, in bytes, to be kept for the next block.
const KEPT: usize = 1 << 20;

impl Cursor {
    /// As `fetch`, but into columns.
    pub(crate) fn fetch_columns(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        let count = self.fetch(most, Wanting::of(block).0)?;
        block.columns.show()?;
        Ok(count)
    }
}

/// A block that columns are wanted of, until this goes: also by a panic, after which rows are asked for again.
struct Wanting<'a>(&'a mut RowBlock);

impl Wanting<'_> {
    fn of(block: &mut RowBlock) -> Wanting<'_> {
        block.columns.wanted = true;
        block.used = true;
        Wanting(block)
    }
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        self.0.columns.wanted = false;
    }
}

/// A block of rows as columns, and the memory behind it.
#[derive(Default)]
pub(super) struct ColumnBlock {
    /// Whether the next fetch is to fill it, and not the values of the rows.
    pub(super) wanted: bool,
    columns: Vec<Built>,
    rows: usize,
    /// For what is copied once more.
    scratch: Arena,
    shown: Vec<BlockColumn>,
}

impl ColumnBlock {
    /// Forgets the rows, and gives back what too many of them needed.
    #[inline]
    pub(super) fn clear(&mut self) {
        if self.rows > 0 {
            self.clear_columns();
        }
    }

    fn clear_columns(&mut self) {
        self.rows = 0;
        self.shown.clear();
        self.scratch.clear();
        for column in &mut self.columns {
            column.clear();
        }
    }

    /// The columns of the rows that were fetched.
    pub(super) fn shown(&self) -> &[BlockColumn] {
        &self.shown
    }

    /// Makes the columns fit to be shown.
    fn show(&mut self) -> Result<()> {
        self.shown.clear();
        self.shown
            .try_reserve(self.columns.len())
            .map_err(|_| out_of_memory())?;
        for column in &mut self.columns {
            let shown = column.show()?;
            self.shown.push(shown);
        }
        Ok(())
    }

    /// Gets ready for `more` rows of `columns`, behind those that are there.
    fn prepare(&mut self, columns: &[Column], types: &Catalog, more: usize) -> Result<()> {
        if self.rows == 0 {
            self.columns.resize_with(columns.len(), Built::default);
            for (built, column) in self.columns.iter_mut().zip(columns) {
                built.oid = column.type_oid;
                built.clear();
                built.become_kind(types.kind_of(column.type_oid));
            }
        } else if self.columns.len() != columns.len() {
            return Err(Error::protocol("rows of another width in one result"));
        }
        let rows = self.rows.checked_add(more).ok_or_else(out_of_memory)?;
        for built in &mut self.columns {
            built.expected = rows;
            built.reserve()?;
        }
        Ok(())
    }

    /// Forgets what was begun of rows that could not all be decoded.
    fn take_back(&mut self) {
        for built in &mut self.columns {
            built.truncate(self.rows);
        }
    }
}

impl ResultSet {
    /// Decodes up to `most` rows into the columns of `block`, behind those that are there, and goes on behind them; their
    /// number comes back. If one of them cannot be decoded, none is.
    pub(super) fn fetch_columns(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        let count = most.min(self.left());
        if self.reply.columns.is_none() {
            return Err(no_results());
        }
        if count == 0 {
            return Ok(0);
        }
        let more = usize::try_from(count).map_err(|_| out_of_memory())?;
        let RowBlock {
            columns: into,
            arena,
            ..
        } = block;
        let (mut walk, columns, types) = self.rest()?;
        into.prepare(columns, types, more)?;
        let mut left = count;
        while left > 0 {
            let mut next = walk.next_rows(left).ok_or_else(no_results)?;
            left -= match &next {
                Next::Abreast(rows) => rows.len() as u64,
                Next::Alone(_) => 1,
            };
            let read = into
                .columns
                .iter_mut()
                .zip(columns)
                .try_for_each(|(built, column)| {
                    let reader = &mut Reader {
                        column,
                        types,
                        arena,
                        scratch: &mut into.scratch,
                    };
                    match &mut next {
                        Next::Abreast(rows) => built.read(rows, reader),
                        Next::Alone(cells) => built.push(cells.next_cell(), reader),
                    }
                });
            if let Err(error) = read {
                into.take_back();
                // Not what its column met first, but its row.
                return Err(self.first_failure(count).unwrap_or(error));
            }
        }
        let place = walk.place();
        into.rows += more;
        self.walked(count, place);
        Ok(more)
    }

    /// What is wrong with the first of the next `count` rows that something is wrong with.
    #[cold]
    fn first_failure(&mut self, count: u64) -> Option<Error> {
        let position = self.position;
        let mut block = RowBlock::default();
        let mut left = count;
        let failure = loop {
            block.clear();
            let (decoded, failure) = self.decode(left, &mut block);
            left = left.saturating_sub(decoded as u64);
            if failure.is_some() || decoded == 0 {
                break failure;
            }
        };
        self.position = position;
        failure
    }
}

/// What is needed to read a column's cells: what they are, memory that lasts as long as the block, and memory that need
/// not.
struct Reader<'a> {
    column: &'a Column,
    types: &'a Catalog,
    arena: &'a mut Arena,
    scratch: &'a mut Arena,
}

/// One column.
struct Built {
    oid: u32,
    /// Of its values; once they are `Data::Values`, each has its own.
    kind: Kind,
    /// How many rows the block will have.
    expected: usize,
    /// One for each row up to the last NULL: 1 for a NULL.
    nulls: Vec<u8>,
    null_count: usize,
    data: Data,
}

/// A column's values; zeroes for NULLs.
enum Data {
    /// Integers, and floats by their bits.
    Words(Vec<i64>),
    /// 0 and 1.
    Bools(Vec<u8>),
    /// Texts, each with a NUL behind it; and where they begin, and what comes next will.
    Texts(Vec<u8>, Vec<i64>),
    /// Values, and the texts of those that were `Texts` before.
    Values(Vec<Value>, Vec<u8>),
}

impl Default for Built {
    fn default() -> Built {
        Built {
            oid: 0,
            kind: Kind::DBAPI_KIND_INT,
            expected: 0,
            nulls: Vec::new(),
            null_count: 0,
            data: Data::Words(Vec::new()),
        }
    }
}

impl Built {
    fn clear(&mut self) {
        self.null_count = 0;
        forget(&mut self.nulls);
        match &mut self.data {
            Data::Words(words) => forget(words),
            Data::Bools(bools) => forget(bools),
            Data::Texts(texts, starts) => {
                forget(texts);
                forget(starts);
            }
            Data::Values(values, texts) => {
                forget(values);
                forget(texts);
            }
        }
    }

    /// Has the data, of which there is none, be of this kind.
    fn become_kind(&mut self, kind: Kind) {
        self.kind = kind;
        let layout = Layout::of(kind);
        let fits = match &self.data {
            Data::Words(_) => matches!(
                layout,
                Layout::DBAPI_LAYOUT_INT64 | Layout::DBAPI_LAYOUT_DOUBLE
            ),
            Data::Bools(_) => layout == Layout::DBAPI_LAYOUT_BOOL,
            Data::Texts(..) => layout == Layout::DBAPI_LAYOUT_BYTES,
            Data::Values(..) => layout == Layout::DBAPI_LAYOUT_VALUES,
        };
        if fits {
            return;
        }
        self.data = match layout {
            Layout::DBAPI_LAYOUT_INT64 | Layout::DBAPI_LAYOUT_DOUBLE => Data::Words(Vec::new()),
            Layout::DBAPI_LAYOUT_BOOL => Data::Bools(Vec::new()),
            Layout::DBAPI_LAYOUT_BYTES => Data::Texts(Vec::new(), Vec::new()),
            Layout::DBAPI_LAYOUT_VALUES => Data::Values(Vec::new(), Vec::new()),
        };
    }

    /// Room for all rows that are expected; but not for the bytes of texts.
    fn reserve(&mut self) -> Result<()> {
        let more = self.expected.saturating_sub(self.rows());
        match &mut self.data {
            Data::Words(words) => words.try_reserve(more),
            Data::Bools(bools) => bools.try_reserve(more),
            Data::Texts(_, starts) => {
                let reserved = starts.try_reserve(more + 1);
                if starts.is_empty() && reserved.is_ok() {
                    starts.push(0);
                }
                reserved
            }
            Data::Values(values, _) => values.try_reserve(more),
        }
        .map_err(|_| out_of_memory())?;
        match self.null_count {
            0 => Ok(()),
            _ => self.reserve_nulls(),
        }
    }

    fn reserve_nulls(&mut self) -> Result<()> {
        let more = self.expected.saturating_sub(self.nulls.len());
        self.nulls.try_reserve(more).map_err(|_| out_of_memory())
    }

    /// How many rows there are.
    fn rows(&self) -> usize {
        match &self.data {
            Data::Words(words) => words.len(),
            Data::Bools(bools) => bools.len(),
            Data::Texts(_, starts) => starts.len().saturating_sub(1),
            Data::Values(values, _) => values.len(),
        }
    }

    /// Takes the next cell of each of the rows.
    fn read(&mut self, rows: &mut Abreast<'_>, reader: &mut Reader<'_>) -> Result<()> {
        match (reader.column.plain, &self.data) {
            (Plain::Text, Data::Texts(..)) => self.read_texts(Kind::DBAPI_KIND_TEXT, rows, reader),
            (Plain::Json, Data::Texts(..)) => self.read_texts(Kind::DBAPI_KIND_JSON, rows, reader),
            (Plain::No, _) | (_, Data::Texts(..) | Data::Values(..)) => rows
                .next_cells()
                .try_for_each(|cell| self.push(cell.map(Cell::bytes), reader)),
            (_, Data::Words(_) | Data::Bools(_)) => self.read_plain(rows, reader),
        }
    }

    fn read_plain(&mut self, rows: &mut Abreast<'_>, reader: &mut Reader<'_>) -> Result<()> {
        let oid = reader.column.type_oid;
        let mut values = [Value::null(oid); MOST_ABREAST];
        let mut odd = [None; MOST_ABREAST];
        let count = rows.len();
        read_abreast(
            reader.column,
            rows,
            &mut values,
            (0, 1),
            &mut |row, cell, _| {
                if let Some(odd) = odd.get_mut(row) {
                    *odd = Some(cell);
                }
            },
        );
        for (value, odd) in values.iter().zip(odd).take(count) {
            match &mut self.data {
                Data::Words(words) if value.kind == self.kind as i32 => words.push(word(value)),
                Data::Bools(bools) if value.kind == self.kind as i32 => bools.push(byte(value)),
                // A NULL, what is not so plain, or what comes behind that.
                _ => self.push_value(value, odd.map(Cell::bytes), reader)?,
            }
        }
        Ok(())
    }

    /// Takes a cell that is not plain or NULL; or a plain value of a column that has turned out to be of another kind.
    #[inline(never)]
    fn push_value(
        &mut self,
        value: &Value,
        odd: Option<&[u8]>,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        if odd.is_some() || value.kind == Kind::DBAPI_KIND_NULL as i32 {
            return self.push(odd, reader);
        }
        if !matches!(self.data, Data::Values(..)) {
            let kind = Kind::from_number(value.kind).unwrap_or(Kind::DBAPI_KIND_NULL);
            self.change_kind(kind)?;
        }
        match &mut self.data {
            Data::Values(values, _) => values.push(*value),
            Data::Words(words) => words.push(word(value)),
            Data::Bools(bools) => bools.push(byte(value)),
            // Not reached: nothing plain that is no text has the form of one.
            Data::Texts(..) => return Err(Error::protocol("a number in a column of texts")),
        }
        Ok(())
    }

    fn read_texts(
        &mut self,
        kind: Kind,
        rows: &mut Abreast<'_>,
        reader: &mut Reader<'_>,
    ) -> Result<()> {
        for cell in rows.next_cells() {
            match (&mut self.data, cell) {
                (Data::Texts(texts, starts), Some(cell)) if self.kind == kind && is_ascii(cell) => {
                    put(texts, starts, cell.bytes())?;
                }
                _ => self.push(cell.map(Cell::bytes), reader)?,
            }
        }
        Ok(())
    }

    /// Takes any cell.
    #[inline(never)]
    fn push(&mut self, cell: Option<&[u8]>, reader: &mut Reader<'_>) -> Result<()> {
        let Reader {
            column,
            types,
            arena,
            scratch,
        } = reader;
        let Some(cell) = cell else {
            return self.push_null();
        };
        if !matches!(self.data, Data::Values(..)) {
            scratch.clear();
            let (kind, held) = decoded(column.type_oid, column.binary, cell, types, scratch)?;
            if kind != self.kind {
                self.change_kind(kind)?;
            }
            match (&mut self.data, held) {
                (Data::Words(words), Held::Word(word)) => {
                    words.push(word);
                    return Ok(());
                }
                (Data::Bools(bools), Held::Byte(byte)) => {
                    bools.push(byte);
                    return Ok(());
                }
                (Data::Texts(texts, starts), Held::Bytes(text)) => {
                    return put(texts, starts, text);
                }
                _ => {}
            }
        }
        // If it was decoded above, then into memory that does not last.
        let value = decode_cell(column, cell, types, arena)?;
        if let Data::Values(values, _) = &mut self.data {
            values.push(value);
        }
        Ok(())
    }

    fn push_null(&mut self) -> Result<()> {
        if self.null_count == 0 {
            self.reserve_nulls()?;
        }
        self.nulls.resize(self.rows(), 0);
        self.nulls.push(1);
        self.null_count += 1;
        self.push_zero()
    }

    /// What stands for a NULL.
    fn push_zero(&mut self) -> Result<()> {
        match &mut self.data {
            Data::Words(words) => words.push(0),
            Data::Bools(bools) => bools.push(0),
            Data::Texts(texts, starts) => return put(texts, starts, &[]),
            Data::Values(values, _) => values.push(Value::null(self.oid)),
        }
        Ok(())
    }

    /// A value of another kind than those before comes next. If there are none but NULLs, it decides; else all become
    /// values.
    fn change_kind(&mut self, kind: Kind) -> Result<()> {
        let rows = self.rows();
        if self.null_count < rows {
            return self.become_values();
        }
        self.truncate_data(0);
        self.become_kind(kind);
        self.reserve()?;
        (0..rows).try_for_each(|_| self.push_zero())
    }

    /// Turns the column into values.
    fn become_values(&mut self) -> Result<()> {
        let mut values = Vec::new();
        values
            .try_reserve(self.expected.max(self.rows()))
            .map_err(|_| out_of_memory())?;
        let (kind, oid) = (self.kind, self.oid);
        let mut kept = Vec::new();
        match mem::replace(&mut self.data, Data::Words(Vec::new())) {
            Data::Words(words) => values.extend(words.iter().map(|&word| match kind {
                Kind::DBAPI_KIND_FLOAT => Value::floating(oid, f64::from_bits(word as u64)),
                _ => Value::integer(kind, oid, word),
            })),
            Data::Bools(bools) => {
                values.extend(bools.iter().map(|&byte| Value::boolean(oid, byte != 0)));
            }
            Data::Texts(texts, starts) => {
                for (&start, &next) in starts.iter().zip(starts.iter().skip(1)) {
                    // Without its NUL.
                    let text = texts.get(start as usize..(next as usize).saturating_sub(1));
                    values.push(Value::text(kind, oid, text.unwrap_or_default()));
                }
                kept = texts;
            }
            Data::Values(before, texts) => (values, kept) = (before, texts),
        }
        for (value, null) in values.iter_mut().zip(&self.nulls) {
            if *null == 1 {
                *value = Value::null(oid);
            }
        }
        self.data = Data::Values(values, kept);
        Ok(())
    }

    /// Forgets the rows from row `rows` on.
    fn truncate(&mut self, rows: usize) {
        self.truncate_data(rows);
        self.nulls.truncate(rows);
        self.null_count = self.nulls.iter().filter(|&&null| null == 1).count();
    }

    fn truncate_data(&mut self, rows: usize) {
        match &mut self.data {
            Data::Words(words) => words.truncate(rows),
            Data::Bools(bools) => bools.truncate(rows),
            Data::Texts(texts, starts) => {
                starts.truncate(rows + 1);
                texts.truncate(starts.last().map_or(0, |&start| start as usize));
            }
            Data::Values(values, _) => values.truncate(rows),
        }
    }

    /// The column as C sees it.
    fn show(&mut self) -> Result<BlockColumn> {
        let rows = self.rows();
        if self.null_count > 0 {
            self.nulls.resize(rows, 0);
        }
        // A server that sends NULs in a text must not make a program miscount its values.
        if let Data::Texts(texts, _) = &self.data
            && self.kind != Kind::DBAPI_KIND_BYTES
            && memchr::memchr_iter(0, texts).count() != rows
        {
            self.become_values()?;
        }
        let mut column = BlockColumn {
            kind: self.kind as i32,
            layout: Layout::of(self.kind) as i32,
            oid: self.oid,
            reserved: 0,
            null_count: self.null_count,
            nulls: ptr::null(),
            data: ptr::null(),
            data_size: 0,
            offsets: ptr::null(),
            reserved_data: ptr::null(),
        };
        if self.null_count > 0 {
            column.nulls = self.nulls.as_ptr();
        }
        match &self.data {
            Data::Words(words) => {
                column.data = words.as_ptr().cast();
                column.data_size = size_of_val(words.as_slice());
            }
            Data::Bools(bools) => {
                column.data = bools.as_ptr().cast();
                column.data_size = bools.len();
            }
            Data::Texts(texts, starts) => {
                column.data = texts.as_ptr().cast();
                column.data_size = texts.len();
                column.offsets = starts.as_ptr();
            }
            Data::Values(values, _) => {
                column.layout = Layout::DBAPI_LAYOUT_VALUES as i32;
                column.kind = common_kind(values).unwrap_or(column.kind);
                column.data = values.as_ptr().cast();
                column.data_size = size_of_val(values.as_slice());
            }
        }
        Ok(column)
    }
}

/// The kind of all values that are not NULL; `None` if there are no others.
fn common_kind(values: &[Value]) -> Option<i32> {
    let mut kinds = values
        .iter()
        .map(|value| value.kind)
        .filter(|&kind| kind != Kind::DBAPI_KIND_NULL as i32);
    let first = kinds.next()?;
    Some(if kinds.all(|kind| kind == first) {
        first
    } else {
        DBAPI_KIND_MIXED
    })
}

/// Adds a text.
#[inline(always)]
fn put(texts: &mut Vec<u8>, starts: &mut Vec<i64>, text: &[u8]) -> Result<()> {
    let need = text.len() + 1;
    if texts.capacity() - texts.len() < need {
        texts.try_reserve(need).map_err(|_| out_of_memory())?;
    }
    texts.extend_from_slice(text);
    texts.push(0);
    starts.push(texts.len() as i64);
    Ok(())
}

/// Empties an array, and gives it back if it is large.
fn forget<T>(array: &mut Vec<T>) {
    if array.capacity() > KEPT / size_of::<T>().max(1) {
        *array = Vec::new();
    }
    array.clear();
}

fn out_of_memory() -> Error {
    Error::out_of_memory("for a block of columns")
}
