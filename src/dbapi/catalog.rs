//! Types that are not built in: looked up when a result first has one, and kept for the connection.
//!
//! A look-up is a query of our own behind the user's statement, in its transaction, if it is in one; in a failed one
//! there is none, and values of unknown types are text. What a session's own DDL may have changed is forgotten.
//!
//! What another session alters, nobody tells. Of all that is kept here only the columns of row types can change, so
//! only these are ever asked for again: at once when a result's first rows are not as they are described, before the
//! next result when a later row was not, and in any case when they were asked for `MOST_AGE` ago (a column that was
//! only renamed does not show in a row). Results without rows of rows never wait for that.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::types::value::Arena;
use crate::types::{self, Catalog, Field, Plain, UserType};
use crate::wire::{Column, Event, Rows, Tag};

/// Types made of types made of types: no more rounds than this, each of them a query.
const MOST_ROUNDS: usize = 40;
/// The first version whose pg_range knows multiranges.
const MULTIRANGES_SINCE: i32 = 14;

/// What row types are made of is asked for again after this long, when a result next has one.
const MOST_AGE: Duration = Duration::from_secs(10);
/// So many values of each column of rows are looked at before the first is fetched.
const LOOKED_AT: usize = 4;
/// But none longer than this, which would take as long again as fetching it.
const LONGEST_LOOKED_AT: usize = 1 << 16;

/// What is known of the types of a connection's database.
#[derive(Default)]
pub(super) struct Types {
    known: Arc<Catalog>,
    /// When the first of the row types in it was asked for.
    rows_since: Option<Instant>,
    /// A command of the open transaction may have changed types.
    changed: bool,
}

impl Types {
    /// All that is known.
    pub(super) fn catalog(&self) -> &Arc<Catalog> {
        &self.known
    }

    /// Takes note that a command has ended that may have changed types: nothing is known of them any more.
    pub(super) fn forget(&mut self) {
        self.known = Arc::default();
        self.rows_since = None;
        self.changed = true;
    }

    /// Takes note that a transaction has ended, which may have undone what it had changed.
    pub(super) fn end_transaction(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.known = Arc::default();
            self.rows_since = None;
        }
    }

    /// The row types that values of these types are or hold, as far as that is known.
    fn rows_in(&self, oids: &[u32]) -> BTreeSet<u32> {
        let mut rows = BTreeSet::new();
        for &oid in oids {
            self.known.rows_in(oid, &mut rows);
        }
        rows
    }

    /// Whether what is known of row types may not be so any more.
    fn is_doubtful(&self) -> bool {
        self.known.is_doubted()
            || self
                .rows_since
                .is_some_and(|since| since.elapsed() > MOST_AGE)
    }

    /// Adds what the server said. `asked`: what it was asked for.
    fn learn(&mut self, asked: impl IntoIterator<Item = u32>, found: Vec<(u32, UserType)>) {
        if found
            .iter()
            .any(|(_, described)| matches!(described, UserType::Composite(_)))
        {
            self.rows_since.get_or_insert_with(Instant::now);
        }
        let catalog = Arc::make_mut(&mut self.known);
        for oid in asked {
            // One that is not there any more is text, too.
            catalog.insert(oid, UserType::Opaque);
        }
        for (oid, described) in found {
            catalog.insert(oid, described);
        }
    }
}

/// Whether a command with this tag may have changed what a type is.
pub(super) fn changes_types(tag: &Tag) -> bool {
    matches!(
        tag.command(),
        b"ALTER" | b"DROP" | b"DISCARD" | b"DO" | b"CALL"
    )
}

/// Whether nothing has to be looked up to read columns, whatever is looked up of others.
pub(super) fn types_are_builtin(columns: &[Column]) -> bool {
    !columns.iter().any(needs_look_up)
}

fn needs_look_up(column: &Column) -> bool {
    column.plain == Plain::No && !types::is_builtin(column.type_oid)
}

impl Session {
    /// Whether nothing has to be looked up to read these columns.
    pub(super) fn knows(&self, columns: &[Column]) -> bool {
        let mut missing = Vec::new();
        for column in columns {
            self.types.known.lacks(column.type_oid, &mut missing);
        }
        missing.is_empty()
    }

    /// The reply with what its types are made of: what is not known yet is looked up.
    pub(super) fn with_types(&mut self, mut reply: Reply) -> Result<Reply> {
        self.add_types(&mut reply)?;
        Ok(reply)
    }

    /// The same of a reply that stays where it is.
    pub(super) fn add_types(&mut self, reply: &mut Reply) -> Result<()> {
        let Some(columns) = &reply.columns else {
            return Ok(());
        };
        let users: Vec<u32> = columns
            .iter()
            .filter(|column| needs_look_up(column))
            .map(|column| column.type_oid)
            .collect();
        if !users.is_empty() {
            let again = self.types.is_doubtful() && self.look_up_again(&users)?;
            self.look_up(&users)?;
            // Not twice: in a snapshot older than the change, the answer stays what it was.
            if !again && self.has_other_rows(columns, &reply.rows) && self.look_up_again(&users)? {
                self.look_up(&users)?;
            }
            reply.catalog = Some(Arc::clone(&self.types.known));
        }
        Ok(())
    }

    /// Whether the first rows are not as their types are described.
    fn has_other_rows(&self, columns: &[Column], rows: &Rows) -> bool {
        let catalog = &*self.types.known;
        let types = columns.iter().map(|column| column.type_oid);
        let of_rows: Vec<bool> = types
            .map(|oid| !self.types.rows_in(&[oid]).is_empty())
            .collect();
        if !of_rows.contains(&true) {
            return false;
        }
        let mut arena = Arena::default();
        let mut looked_at = vec![0; columns.len()];
        // Where NULLs come first, a few rows more.
        for number in 0..rows.len().min(16 * LOOKED_AT as u64) {
            let Some(mut cells) = rows.row(number) else {
                break;
            };
            for ((column, of_rows), looked_at) in columns.iter().zip(&of_rows).zip(&mut looked_at) {
                let Some(cell) = cells.next_cell() else {
                    continue;
                };
                if !of_rows || *looked_at == LOOKED_AT || cell.len() > LONGEST_LOOKED_AT {
                    continue;
                }
                *looked_at += 1;
                // What is wrong with a value is said when it is fetched.
                let _ = match column.binary {
                    true => types::decode_binary(column.type_oid, cell, catalog, &mut arena),
                    false => types::decode_text(column.type_oid, cell, catalog, &mut arena),
                };
                arena.clear();
            }
        }
        catalog.is_doubted()
    }

    /// Asks again what the row types in these types are made of. False: that could not be asked.
    fn look_up_again(&mut self, oids: &[u32]) -> Result<bool> {
        let rows: Vec<u32> = self.types.rows_in(oids).into_iter().collect();
        if rows.is_empty() || self.status() == Status::InError {
            return Ok(false);
        }
        let found = self.ask_for_types(&rows)?;
        // The others are asked for again when they come.
        Arc::make_mut(&mut self.types.known).forget_rows();
        self.types.rows_since = None;
        self.types.learn(rows, found);
        Ok(true)
    }

    fn look_up(&mut self, oids: &[u32]) -> Result<()> {
        for _ in 0..MOST_ROUNDS {
            let mut missing = Vec::new();
            for &oid in oids {
                self.types.known.lacks(oid, &mut missing);
            }
            if missing.is_empty() || self.status() == Status::InError {
                return Ok(());
            }
            let found = self.ask_for_types(&missing)?;
            self.types.learn(missing, found);
        }
        Ok(())
    }

    /// Asks the server what these types are.
    fn ask_for_types(&mut self, oids: &[u32]) -> Result<Vec<(u32, UserType)>> {
        let wire = self.channel()?.wire();
        let major: i32 = wire
            .parameter_status("server_version")
            .and_then(|version| version.split(|c: char| !c.is_ascii_digit()).next())
            .and_then(|major| major.parse().ok())
            .unwrap_or(0);
        let sql = statements(oids, major >= MULTIRANGES_SINCE);
        wire.start_query(&sql)?;
        let mut results = Vec::new();
        let mut failure = None;
        loop {
            match self.next_event()? {
                Event::Ready => break,
                Event::Complete(_) => results.push(self.channel()?.wire().take_rows()?),
                Event::Failed(fields, _) => {
                    failure = Some(Error::from_server(*fields, Some(&sql)));
                }
                _ => {}
            }
        }
        self.settle(failure.map(|error| error.prefixed("looking up types: ")))?;
        match results.as_slice() {
            [types, fields] => read(types, fields),
            _ => Err(Error::protocol("no answer to a query for types")),
        }
    }
}

/// Two queries: of each type, what it is and what it is made of; of each row type, its columns.
fn statements(oids: &[u32], multiranges: bool) -> String {
    let mut list = String::new();
    for oid in oids {
        let comma = if list.is_empty() { "" } else { "," };
        let _ = write!(list, "{comma}{oid}");
    }
    let (range, join) = if multiranges {
        (
            "COALESCE(r.rngsubtype, m.rngtypid, 0)",
            "LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid",
        )
    } else {
        ("COALESCE(r.rngsubtype, 0)", "")
    };
    format!(
        "SELECT t.oid, t.typtype, CASE WHEN e.typarray = t.oid THEN t.typelem ELSE 0 END, \
         COALESCE(e.typdelim, ','), t.typbasetype, {range}, \
         CASE WHEN t.typname IN ('hstore', 'citext') THEN (SELECT x.extname FROM pg_catalog.pg_depend d \
         JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid \
         WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid \
         AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' \
         AND x.extname = t.typname) END \
         FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem \
         LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid {join} WHERE t.oid IN ({list}); \
         SELECT t.oid, a.attname, a.atttypid FROM pg_catalog.pg_type t \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid \
         WHERE t.oid IN ({list}) AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped \
         ORDER BY t.oid, a.attnum"
    )
}

fn read(types: &Rows, fields: &Rows) -> Result<Vec<(u32, UserType)>> {
    let mut found = Vec::new();
    for number in 0..types.len() {
        let mut cells = types.row(number).ok_or_else(wrong)?;
        let oid = number_in(cells.next_cell())?;
        let kind = cells.next_cell().and_then(|cell| cell.first().copied());
        let element = number_in(cells.next_cell())?;
        let delimiter = cells.next_cell().and_then(|cell| cell.first().copied());
        let base = number_in(cells.next_cell())?;
        let range = number_in(cells.next_cell())?;
        let extension = cells.next_cell();
        let described = match (kind, extension) {
            (_, Some(b"hstore")) => UserType::Hstore,
            (_, Some(b"citext")) => UserType::Text,
            _ if element != 0 => UserType::Array {
                element,
                delimiter: delimiter.unwrap_or(b','),
            },
            (Some(b'e'), _) => UserType::Enum,
            (Some(b'd'), _) if base != 0 => UserType::Domain(base),
            (Some(b'r'), _) if range != 0 => UserType::Range(range),
            (Some(b'm'), _) if range != 0 => UserType::Multirange(range),
            (Some(b'c'), _) => UserType::Composite(fields_of(oid, fields)?),
            _ => UserType::Opaque,
        };
        found.push((oid, described));
    }
    Ok(found)
}

/// The columns of one row type.
fn fields_of(oid: u32, fields: &Rows) -> Result<Box<[Field]>> {
    let mut found = Vec::new();
    for number in 0..fields.len() {
        let mut cells = fields.row(number).ok_or_else(wrong)?;
        if number_in(cells.next_cell())? != oid {
            continue;
        }
        let name = cells.next_cell().ok_or_else(wrong)?;
        found.push(Field {
            name: CString::new(name).map_err(|_| wrong())?,
            oid: number_in(cells.next_cell())?,
        });
    }
    Ok(found.into())
}

fn number_in(cell: Option<&[u8]>) -> Result<u32> {
    cell.and_then(|cell| std::str::from_utf8(cell).ok())
        .and_then(|text| text.parse().ok())
        .ok_or_else(wrong)
}

fn wrong() -> Error {
    Error::protocol("an answer to a query for types that is none")
}
