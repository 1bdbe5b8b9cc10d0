//! Statements that a connection has seen before: what their placeholders became, and, after a few uses, their
//! prepared form on the server (manual, PREPARE, and 55.2.3). A bounded cache, the least recently used going first.
//!
//! A statement is prepared so that nobody notices: what may change its meaning (DDL, SET, DISCARD) makes it be
//! prepared anew, and `prepared` (the module) runs it unprepared where the server finds it out of date. What talks to
//! the server is there; here is what is known.

use std::hash::BuildHasherDefault;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

pub(super) use key::Key;

use super::catalog::types_are_builtin;
use super::cursor::ResultFormat;
use super::lexer;
use super::placeholder::Order;
use super::result::Reply;
use crate::types::Param;
use crate::wire::{Call, Column, Tag};
use key::{Hashed, OwnedKey};

mod key;

/// Longer statements are not kept: they are rarely the same twice, and fill the memory.
const LONGEST: usize = 16 << 10;
/// How many statements that came once are told from new ones, as a power of two.
const ONCE: usize = 512;

/// The settings that the server reports and that decide what a statement's text means.
const READ_WITH: [&str; 5] = [
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "search_path",
    "standard_conforming_strings",
];

/// Whether statements may be prepared here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Not asked yet.
    Unknown,
    /// The server at the other end is the one that let us in.
    Direct,
    /// A pooler is in between: the next transaction's server may be another one, which knows nothing of what this
    /// one has prepared.
    Pooled,
}

/// When statements are prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preparing {
    /// At which use; 0: never.
    pub(crate) threshold: u32,
    /// How many at most.
    pub(crate) most: u32,
}

/// A statement that came more than once.
struct Statement {
    key: Arc<OwnedKey>,
    shape: Shape,
    uses: u32,
    /// Whether it is a query or changes rows, and one statement: another gains nothing from being prepared.
    preparable: bool,
    prepared: Option<Prepared>,
}

/// What a statement is sent as.
#[derive(Clone)]
pub(super) struct Shape {
    /// With a NUL behind it.
    pub(super) sent: Arc<str>,
    /// Which argument each `$n` is; `None`: they are in order.
    order: Option<Arc<[usize]>>,
}

impl Plan {
    /// Whether it is how the statement of this key is run, with results of this format. `same_text`: it has its text.
    #[inline]
    pub(super) fn is_for(&self, key: &Key<'_>, format: ResultFormat, same_text: bool) -> bool {
        self.format == format && (same_text || self.key.has_text(key)) && self.key.has_rest(key)
    }

    /// The statement's text as it was given. It holds no NUL.
    #[inline]
    pub(super) fn given(&self) -> &str {
        self.key.text()
    }
}

impl Shape {
    pub(super) fn new(sent: Arc<str>, order: &Order, arguments: usize) -> Shape {
        Shape {
            sent,
            order: (!order.is_plain(arguments)).then(|| order.iter().collect()),
        }
    }

    /// The statement's text.
    pub(super) fn sql(&self) -> &str {
        self.sent.strip_suffix('\0').unwrap_or_default()
    }

    /// The parameters that travel, in the order of their numbers; `None`: as they are.
    #[inline(always)]
    pub(super) fn ordered<'p>(&self, params: &[Param<'p>]) -> Option<Vec<Param<'p>>> {
        self.order.as_ref().map(|order| {
            order
                .iter()
                .filter_map(|&index| params.get(index).copied())
                .collect()
        })
    }
}

/// What the server has prepared.
struct Prepared {
    name: Arc<str>,
    columns: Option<Arc<[Column]>>,
    /// The same columns with the formats that each `ResultFormat` asks for, once it was asked for.
    asked: [Option<Arc<Plan>>; 3],
}

/// How to run a prepared statement.
pub(super) struct Plan {
    key: Arc<OwnedKey>,
    /// What `key` is kept under.
    pub(super) hash: u64,
    format: ResultFormat,
    pub(super) shape: Shape,
    /// What the server has it prepared under.
    pub(super) name: Arc<str>,
    pub(super) call: Call,
    /// The columns, in the formats that are asked for; `None` for a statement without a result set.
    pub(super) columns: Option<Arc<[Column]>>,
    /// Whether the columns' types are all built in, so that nothing has to be known of them.
    pub(super) is_plain: bool,
}

/// What is known of a statement.
pub(super) enum Known {
    /// Nothing, or nothing is kept.
    New,
    /// It came once before: worth keeping.
    Once,
    /// What it is sent as, and how to run it.
    Kept(Shape, Way),
}

/// How to run a statement that is kept.
pub(super) enum Way {
    /// As if it were new. It may be prepared soon: then it must be known whether that can be.
    Plain { ask: bool },
    /// Prepared under this name, from now on.
    Prepare(Arc<str>),
    /// It is prepared. `None`: how it is run with results of this format is `plan`'s to find out.
    Prepared(Option<Arc<Plan>>),
}

/// The statements of a connection.
pub(super) struct Statements {
    kept: Option<LruCache<u64, Statement, BuildHasherDefault<Hashed>>>,
    once: Box<[u64]>,
    preparing: Preparing,
    trust: Trust,
    /// Whether a float's text is all of it (`extra_float_digits` above 0), so that its binary form is the same.
    exact_floats: bool,
    /// What no other connection's names begin with.
    token: u64,
    next: u64,
    /// Names that the server may know and that are not used any more.
    to_close: Vec<Arc<str>>,
    closings: u64,
    /// What was used last, if `kept` has not been told.
    last_used: Option<u64>,
    /// What statements mean may have changed in the open transaction.
    changed: bool,
    /// The values of `READ_WITH`.
    read_with: [Option<String>; READ_WITH.len()],
}

impl Statements {
    pub(super) fn new(preparing: Preparing, token: u64) -> Statements {
        let mut statements = Statements {
            kept: None,
            once: Box::default(),
            preparing,
            trust: Trust::Unknown,
            exact_floats: false,
            token,
            next: 0,
            to_close: Vec::new(),
            closings: 0,
            last_used: None,
            changed: false,
            read_with: Default::default(),
        };
        statements.set(preparing);
        statements
    }

    /// When statements are prepared.
    pub(super) fn preparing(&self) -> Preparing {
        self.preparing
    }

    /// Sets when statements are prepared. What is prepared is, unless there is no room for it any more.
    pub(super) fn set(&mut self, preparing: Preparing) {
        self.preparing = preparing;
        let most = NonZeroUsize::new(preparing.most as usize);
        match (most, preparing.threshold) {
            (None, _) | (_, 0) => {
                self.forget_prepared();
                self.kept = None;
                self.once = Box::default();
            }
            (Some(most), _) => {
                self.note_last_used();
                let kept = self.kept.get_or_insert_with(|| {
                    LruCache::unbounded_with_hasher(BuildHasherDefault::default())
                });
                while kept.len() > most.get() {
                    let gone = kept.pop_lru().and_then(|(_, statement)| statement.prepared);
                    self.to_close.extend(gone.map(|prepared| prepared.name));
                    self.closings += 1;
                }
            }
        }
    }

    /// How often something that was prepared has gone. As long as this stays the same, each plan holds.
    #[inline]
    pub(super) fn closings(&self) -> u64 {
        self.closings
    }

    /// Whether a plan that was had at `closings` still holds: one use of it is now.
    #[inline]
    pub(super) fn holds(&mut self, plan: &Plan, closings: u64) -> bool {
        if closings != self.closings {
            return false;
        }
        if self.last_used != Some(plan.hash) {
            self.note_last_used();
            self.last_used = Some(plan.hash);
        }
        true
    }

    /// Tells the cache what was used without asking it.
    fn note_last_used(&mut self) {
        if let Some(hash) = self.last_used.take()
            && let Some(kept) = &mut self.kept
        {
            kept.promote(&hash);
        }
    }

    /// What is known of a statement, one use of which is now. `hash` is its key's.
    pub(super) fn look(&mut self, key: &Key<'_>, hash: u64, format: ResultFormat) -> Known {
        self.note_last_used();
        let Some(kept) = &mut self.kept else {
            return Known::New;
        };
        if key.sql.len() > LONGEST {
            return Known::New;
        }
        if let Some(statement) = kept.get_mut(&hash)
            && statement.key.is(key)
        {
            statement.uses = statement.uses.saturating_add(1);
            let way = match &statement.prepared {
                Some(prepared) => {
                    let plan = prepared.asked.get(format as usize);
                    Way::Prepared(plan.and_then(Option::clone))
                }
                None if !statement.preparable => Way::Plain { ask: false },
                None if self.trust == Trust::Direct
                    && statement.uses >= self.preparing.threshold =>
                {
                    self.next += 1;
                    Way::Prepare(format!("dbapi_{:016x}_{}", self.token, self.next).into())
                }
                None => Way::Plain {
                    ask: self.trust == Trust::Unknown
                        && statement.uses.saturating_add(1) >= self.preparing.threshold,
                },
            };
            return Known::Kept(statement.shape.clone(), way);
        }
        if self.once.is_empty() {
            self.once = vec![0; ONCE].into();
        }
        match self.once.get_mut(hash as usize % ONCE) {
            Some(once) if *once == hash => Known::Once,
            Some(once) => {
                *once = hash;
                Known::New
            }
            None => Known::New,
        }
    }

    /// Keeps a statement that came for the second time. Whether the server should be asked what is not known of it
    /// comes back.
    pub(super) fn keep(&mut self, key: &Key<'_>, hash: u64, shape: Shape) -> bool {
        let Some(kept) = &mut self.kept else {
            return false;
        };
        if kept.len() >= self.preparing.most as usize
            && let Some((_, statement)) = kept.pop_lru()
            && let Some(prepared) = statement.prepared
        {
            self.to_close.push(prepared.name);
            self.closings += 1;
        }
        let preparable = lexer::is_preparable(shape.sql(), key.standard_strings);
        let before = kept.put(
            hash,
            Statement {
                key: Arc::new(key.kept()),
                shape,
                uses: 2,
                preparable,
                prepared: None,
            },
        );
        if let Some(prepared) = before.and_then(|statement| statement.prepared) {
            self.drop_name(prepared.name);
        }
        preparable && self.trust == Trust::Unknown && self.preparing.threshold <= 3
    }

    /// How to run a statement that is prepared; `choose` says whether a column is asked for in binary format.
    pub(super) fn plan(
        &mut self,
        hash: u64,
        format: ResultFormat,
        choose: impl Fn(&Column) -> bool,
    ) -> Option<Arc<Plan>> {
        let statement = self.kept.as_mut()?.peek_mut(&hash)?;
        let prepared = statement.prepared.as_mut()?;
        let asked = prepared.asked.get_mut(format as usize)?;
        if asked.is_none() {
            let columns: Option<Arc<[Column]>> = prepared.columns.as_ref().map(|columns| {
                columns
                    .iter()
                    .map(|column| column.in_format(choose(column)))
                    .collect()
            });
            let formats = columns.iter().flat_map(|columns| columns.iter());
            let mut formats: Vec<i16> = formats.map(|column| i16::from(column.binary)).collect();
            if formats.iter().all(|&format| format == 0) {
                // None is all text.
                formats.clear();
            }
            *asked = Some(Arc::new(Plan {
                key: Arc::clone(&statement.key),
                hash,
                format,
                shape: statement.shape.clone(),
                name: Arc::clone(&prepared.name),
                call: Call::new(&prepared.name, &formats),
                is_plain: columns.as_deref().is_none_or(types_are_builtin),
                columns,
            }));
        }
        asked.clone()
    }

    /// The server has prepared and run a statement, and described it as it did in `reply`.
    pub(super) fn prepared(&mut self, hash: u64, name: Arc<str>, reply: &Reply) {
        if changes_meaning(&reply.tag, reply.columns.is_some()) {
            self.drop_name(name);
        } else {
            self.described(hash, name, reply.columns.clone());
        }
    }

    /// The server has prepared a statement with these columns, which it has not run yet.
    pub(super) fn described(&mut self, hash: u64, name: Arc<str>, columns: Option<Arc<[Column]>>) {
        match self.kept.as_mut().and_then(|kept| kept.peek_mut(&hash)) {
            Some(statement) => {
                statement.prepared = Some(Prepared {
                    name,
                    columns,
                    asked: [None, None, None],
                });
            }
            None => self.drop_name(name),
        }
    }

    /// A name that was not kept, or is of no use any more: the server may know it.
    pub(super) fn drop_name(&mut self, name: Arc<str>) {
        self.to_close.push(name);
        self.closings += 1;
    }

    /// A prepared statement is out of date.
    pub(super) fn forget(&mut self, hash: u64) {
        let statement = self.kept.as_mut().and_then(|kept| kept.peek_mut(&hash));
        if let Some(prepared) = statement.and_then(|statement| statement.prepared.take()) {
            self.drop_name(prepared.name);
        }
    }

    /// What statements mean may have changed, or the server may have dropped what it had prepared.
    pub(super) fn forget_prepared(&mut self) {
        for (_, statement) in self.kept.iter_mut().flat_map(|kept| kept.iter_mut()) {
            let gone = statement.prepared.take().map(|prepared| prepared.name);
            self.to_close.extend(gone);
        }
        self.closings += 1;
    }

    /// Takes note that a command with this tag has ended; `rows`: it described a result. It came with `sql`.
    pub(super) fn saw(&mut self, tag: &Tag, rows: bool, sql: &str) {
        if changes_meaning(tag, rows) && !(*tag == "SET" && lexer::sets_what_is_harmless(sql)) {
            self.forget_prepared();
            self.changed = true;
            self.doubt_floats();
        }
    }

    /// Takes note of the settings that literals are read with; whether they have changed comes back.
    pub(super) fn settings_are<'a>(
        &mut self,
        setting: impl Fn(&'static str) -> Option<&'a str>,
    ) -> bool {
        let now = READ_WITH.map(|name| setting(name).map(str::to_owned));
        let changed = now != self.read_with;
        self.read_with = now;
        changed
    }

    /// The server has reported settings: literals may have been read with other ones.
    pub(super) fn settings_changed<'a>(
        &mut self,
        setting: impl Fn(&'static str) -> Option<&'a str>,
    ) {
        if self.settings_are(setting) {
            self.forget_prepared();
            self.changed = true;
        }
    }

    /// A setting may have changed, extra_float_digits among them: it is asked for again before anything is prepared, and
    /// floats come as text until then.
    fn doubt_floats(&mut self) {
        self.exact_floats = false;
        if self.trust == Trust::Direct {
            self.trust = Trust::Unknown;
        }
    }

    /// Takes note that a transaction has ended, which may have undone what it had changed.
    pub(super) fn end_transaction(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.forget_prepared();
            self.doubt_floats();
        }
    }

    /// What the server said of itself.
    pub(super) fn learn(&mut self, trust: Trust, exact_floats: bool) {
        self.trust = trust;
        self.exact_floats = exact_floats;
    }

    /// Whether it is not known what the server says of itself.
    pub(super) fn wants_probe(&self) -> bool {
        self.trust == Trust::Unknown
    }

    /// Whether a float's binary form says what its text does.
    pub(super) fn exact_floats(&self) -> bool {
        self.exact_floats
    }

    /// Whether there are names to close on the server.
    #[inline]
    pub(super) fn has_to_close(&self) -> bool {
        !self.to_close.is_empty()
    }

    /// Names to close on the server.
    pub(super) fn take_to_close(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.to_close)
    }
}

/// Whether a command with this tag may have changed what statements mean. One that says SELECT and described no
/// result has made a table (SELECT INTO), which may stand before another of its name.
#[inline]
fn changes_meaning(tag: &Tag, rows: bool) -> bool {
    if tag.is_select() {
        return !rows;
    }
    match tag.command() {
        // As servers before 9.0 have it, and those that take after them.
        b"SELECT" => !rows,
        b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE" | b"BEGIN" | b"START" | b"COMMIT"
        | b"ROLLBACK" | b"SAVEPOINT" | b"RELEASE" | b"FETCH" | b"MOVE" | b"CLOSE" | b"LISTEN"
        | b"UNLISTEN" | b"NOTIFY" | b"COPY" | b"SHOW" | b"EXPLAIN" | b"LOCK" | b"TRUNCATE"
        | b"ANALYZE" | b"VACUUM" | b"CHECKPOINT" => false,
        // DECLARE CURSOR.
        b"DECLARE" => false,
        // PREPARE TRANSACTION ends one; PREPARE makes a name of the user's own.
        b"PREPARE" => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
