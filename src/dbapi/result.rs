//! The result of a statement: its rows as they were received, decoded a row or a block at a time.

use std::ffi::CString;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::types::{self, Catalog, oid, value::Arena, value::Value};
use crate::wire::{Column, Rows};

/// What came back for one statement.
#[derive(Default)]
pub(super) struct Reply {
    /// The columns; `None` for a statement without a result set.
    pub(super) columns: Option<Arc<[Column]>>,
    /// The rows.
    pub(super) rows: Rows,
    /// The command tag.
    pub(super) tag: String,
    /// What its types are made of, if some are not built in.
    pub(super) catalog: Option<Arc<Catalog>>,
}

impl Reply {
    /// Rows produced, or affected, or -1 (SEMANTICS, "Cursor").
    pub(super) fn row_count(&self) -> i64 {
        match self.columns {
            Some(_) => self.rows.len() as i64,
            None => affected(&self.tag),
        }
    }
}

/// The count at the end of a command tag (`INSERT 0 5`, `UPDATE 2`), or -1.
pub(super) fn affected(tag: &str) -> i64 {
    tag.rsplit(' ')
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(-1)
}

/// A reply that rows are fetched from.
pub(super) struct ResultSet {
    pub(super) columns: Option<Arc<[Column]>>,
    rows: Rows,
    catalog: Option<Arc<Catalog>>,
    pub(super) position: u64,
    pub(super) row_count: i64,
    pub(super) tag: CString,
}

impl ResultSet {
    pub(super) fn new(reply: Reply) -> ResultSet {
        let row_count = reply.row_count();
        ResultSet {
            columns: reply.columns,
            rows: reply.rows,
            catalog: reply.catalog,
            position: 0,
            row_count,
            // A tag was a C string on the wire.
            tag: CString::new(reply.tag).unwrap_or_default(),
        }
    }

    /// What its types are made of.
    pub(super) fn catalog(&self) -> &Catalog {
        self.catalog.as_deref().unwrap_or(Catalog::EMPTY)
    }

    /// Gives the rows' memory back; what describes them stays.
    pub(super) fn drop_rows(&mut self) {
        self.rows = Rows::default();
        self.position = 0;
    }

    /// How many rows have not been fetched.
    pub(super) fn left(&self) -> u64 {
        self.rows.len().saturating_sub(self.position)
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
        let types = self.catalog.as_deref().unwrap_or(Catalog::EMPTY);
        let columns = self.columns.as_ref().ok_or_else(no_results)?;
        let count = most.min(self.left());
        let cells = usize::try_from(count)
            .ok()
            .and_then(|rows| rows.checked_mul(columns.len()));
        let cells = cells.filter(|&cells| block.values.try_reserve(cells).is_ok());
        if cells.is_none() {
            return Err(Error::out_of_memory(format_args!("for {count} rows")));
        }
        for row in self.position..self.position + count {
            let mut cells = self.rows.row(row).ok_or_else(no_results)?;
            for column in columns.iter() {
                let value = match cells.next_cell() {
                    None => Value::null(column.type_oid),
                    Some(cell) if column.binary => {
                        types::decode_binary(column.type_oid, cell, types, &mut block.arena)?
                    }
                    Some(cell) => {
                        types::decode_text(column.type_oid, cell, types, &mut block.arena)?
                    }
                };
                block.values.push(value);
            }
        }
        self.position += count;
        Ok(count as usize)
    }
}

/// The memory behind fetched rows. The values point into it and into the result they came from.
#[derive(Default)]
pub(crate) struct RowBlock {
    values: Vec<Value>,
    arena: Arena,
}

/// A block larger than this is given back before the next fetch.
const KEPT_VALUES: usize = 1 << 16;

impl RowBlock {
    /// The rows' values, row-major.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Forgets the rows.
    pub(crate) fn clear(&mut self) {
        if self.values.capacity() > KEPT_VALUES {
            *self = RowBlock::default();
        }
        self.values.clear();
        self.arena.clear();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_command_tags() {
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
            assert_eq!(affected(tag), count, "{tag}");
        }
    }
}
