//! Types that are not built in: looked up when a result first has one, and kept for the connection.
//!
//! A look-up is a query of our own behind the user's statement, in its transaction, if it is in one; in a failed one
//! there is none, and values of unknown types are text. What a session's own DDL may have changed is forgotten.

use std::ffi::CString;
use std::fmt::Write;
use std::sync::Arc;

use super::result::Reply;
use super::session::{Session, Status};
use crate::error::{Error, Result};
use crate::types::{self, Catalog, Field, Plain, UserType};
use crate::wire::{Event, Rows, Tag};

/// Types made of types made of types: no more rounds than this, each of them a query.
const MOST_ROUNDS: usize = 40;
/// The first version whose pg_range knows multiranges.
const MULTIRANGES_SINCE: i32 = 14;

/// What is known of the types of a connection's database.
#[derive(Default)]
pub(super) struct Types {
    known: Arc<Catalog>,
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
        self.changed = true;
    }

    /// Takes note that a transaction has ended, which may have undone what it had changed.
    pub(super) fn end_transaction(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.known = Arc::default();
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

impl Session {
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
            .filter(|column| column.plain == Plain::No && !types::is_builtin(column.type_oid))
            .map(|column| column.type_oid)
            .collect();
        if !users.is_empty() {
            self.look_up(&users)?;
            reply.catalog = Some(Arc::clone(&self.types.known));
        }
        Ok(())
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
            let catalog = Arc::make_mut(&mut self.types.known);
            for oid in missing {
                // One that is not there any more is text, too.
                catalog.insert(oid, UserType::Opaque);
            }
            for (oid, described) in found {
                catalog.insert(oid, described);
            }
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
