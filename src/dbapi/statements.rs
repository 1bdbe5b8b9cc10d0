//! Statements that a connection has seen before: what their placeholders became, and, after a few uses, their
//! prepared form on the server (manual, PREPARE, and 55.2.3). A bounded cache, the least recently used going first.
//!
//! A statement is prepared so that nobody notices: what may change its meaning (DDL, SET, DISCARD) makes it be
//! prepared anew, and `prepared` (the module) runs it unprepared where the server finds it out of date. What talks to
//! the server is there; here is what is known.

use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

use super::binding::{Arguments, Slot, slot};
use super::cursor::ResultFormat;
use super::lexer;
use super::placeholder::ParamStyle;
use super::result::Reply;
use crate::types::{Dialect, Param};
use crate::wire::{Column, Tag};

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

/// What a statement is told by: its text, how its placeholders are written, and the types of its parameters.
pub(super) struct Key<'a> {
    sql: &'a str,
    style: ParamStyle,
    arguments: Option<Arguments<'a>>,
    /// The parameters with the types that they are sent with.
    params: &'a [Param<'a>],
    standard_strings: bool,
    hash: u64,
}

impl<'a> Key<'a> {
    pub(super) fn new(
        sql: &'a str,
        style: ParamStyle,
        arguments: Option<Arguments<'a>>,
        params: &'a [Param<'a>],
        dialect: Dialect,
    ) -> Key<'a> {
        let mut hasher = KeyHasher::default();
        hasher.write(sql.as_bytes());
        hasher.write_u8(style as u8 | u8::from(arguments.is_none()) << 1);
        for param in params {
            hasher.write_u64(signature(param));
        }
        if let Some(Arguments::Named(names, _)) = arguments {
            for name in names {
                hasher.write(name.as_bytes());
            }
        }
        Key {
            sql,
            style,
            arguments,
            params,
            standard_strings: dialect.standard_strings,
            hash: hasher.finish(),
        }
    }
}

/// Makes a number of a key. What has the same number is told apart where it matters: so it is quick rather than proof
/// against a program that picks its own statements.
#[derive(Default)]
struct KeyHasher(u64);

impl KeyHasher {
    #[inline]
    fn add(&mut self, word: u64) {
        /// Digits of the golden ratio, as odd as they must be.
        const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.0.rotate_left(23) ^ word) * FACTOR;
        // Both halves: each bit of the word has a part in all of them.
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, &from) in last.iter_mut().zip(rest) {
            *to = from;
        }
        self.add(u64::from_le_bytes(last));
        self.add(bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.add(byte.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For a map whose keys are such numbers.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is asked of a parameter when it takes another's place: how it is written, and its type.
fn signature(param: &Param<'_>) -> u64 {
    let slot = match slot(param) {
        Slot::Typed => 1,
        Slot::Untyped => 2,
        Slot::Null => 3,
    };
    u64::from(param.declared_oid()) << 2 | slot
}

/// A statement that came more than once.
struct Statement {
    source: Box<str>,
    style: ParamStyle,
    /// `None`: without parameters, which is not the same as with none.
    names: Option<Box<[Box<str>]>>,
    bare: bool,
    signatures: Box<[u64]>,
    standard_strings: bool,
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

impl Shape {
    pub(super) fn new(sent: Arc<str>, order: &[usize], arguments: usize) -> Shape {
        let in_order = order.len() == arguments && order.iter().enumerate().all(|(n, &i)| n == i);
        Shape {
            sent,
            order: (!in_order).then(|| order.into()),
        }
    }

    /// The statement's text.
    pub(super) fn sql(&self) -> &str {
        self.sent.strip_suffix('\0').unwrap_or_default()
    }

    /// The parameters that travel, in the order of their numbers; `None`: as they are.
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
    pub(super) name: Arc<str>,
    /// The columns, in the formats that are asked for; `None` for a statement without a result set.
    pub(super) columns: Option<Arc<[Column]>>,
    pub(super) formats: Box<[i16]>,
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
                if self.once.is_empty() {
                    self.once = vec![0; ONCE].into();
                }
                let kept = self.kept.get_or_insert_with(|| {
                    LruCache::unbounded_with_hasher(BuildHasherDefault::default())
                });
                while kept.len() > most.get() {
                    let gone = kept.pop_lru().and_then(|(_, statement)| statement.prepared);
                    self.to_close.extend(gone.map(|prepared| prepared.name));
                }
            }
        }
    }

    /// What is known of a statement, one use of which is now.
    pub(super) fn look(&mut self, key: &Key<'_>, format: ResultFormat) -> Known {
        let Some(kept) = &mut self.kept else {
            return Known::New;
        };
        if key.sql.len() > LONGEST {
            return Known::New;
        }
        if let Some(statement) = kept.get_mut(&key.hash)
            && statement.is(key)
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
        let place = (key.hash as usize) % self.once.len().max(1);
        match self.once.get_mut(place) {
            Some(once) if *once == key.hash => Known::Once,
            Some(once) => {
                *once = key.hash;
                Known::New
            }
            None => Known::New,
        }
    }

    /// Keeps a statement that came for the second time. Whether the server should be asked what is not known of it
    /// comes back.
    pub(super) fn keep(&mut self, key: &Key<'_>, shape: Shape) -> bool {
        let Some(kept) = &mut self.kept else {
            return false;
        };
        if kept.len() >= self.preparing.most as usize
            && let Some((_, statement)) = kept.pop_lru()
            && let Some(prepared) = statement.prepared
        {
            self.to_close.push(prepared.name);
        }
        let names = match key.arguments {
            Some(Arguments::Named(names, _)) => {
                Some(names.iter().map(|&name| name.into()).collect())
            }
            _ => None,
        };
        let preparable = lexer::is_preparable(shape.sql(), key.standard_strings);
        let before = kept.put(
            key.hash,
            Statement {
                source: key.sql.into(),
                style: key.style,
                names,
                bare: key.arguments.is_none(),
                signatures: key.params.iter().map(signature).collect(),
                standard_strings: key.standard_strings,
                shape,
                uses: 2,
                preparable,
                prepared: None,
            },
        );
        let before = before.and_then(|statement| statement.prepared);
        self.to_close.extend(before.map(|prepared| prepared.name));
        preparable && self.trust == Trust::Unknown && self.preparing.threshold <= 3
    }

    /// How to run a statement that is prepared; `choose` says whether a column is asked for in binary format.
    pub(super) fn plan(
        &mut self,
        key: &Key<'_>,
        format: ResultFormat,
        choose: impl Fn(&Column) -> bool,
    ) -> Option<Arc<Plan>> {
        let prepared = self.kept.as_mut()?.peek_mut(&key.hash)?.prepared.as_mut()?;
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
                name: Arc::clone(&prepared.name),
                columns,
                formats: formats.into(),
            }));
        }
        asked.clone()
    }

    /// The server has prepared a statement, and described it as it did in `reply`.
    pub(super) fn prepared(&mut self, key: &Key<'_>, name: Arc<str>, reply: &Reply) {
        let outdated = changes_meaning(&reply.tag, reply.columns.is_some());
        let statement = self
            .kept
            .as_mut()
            .and_then(|kept| kept.peek_mut(&key.hash))
            .filter(|_| !outdated);
        match statement {
            Some(statement) => {
                statement.prepared = Some(Prepared {
                    name,
                    columns: reply.columns.clone(),
                    asked: [None, None, None],
                });
            }
            None => self.to_close.push(name),
        }
    }

    /// A name that was not kept, or is of no use any more: the server may know it.
    pub(super) fn drop_name(&mut self, name: Arc<str>) {
        self.to_close.push(name);
    }

    /// A prepared statement is out of date.
    pub(super) fn forget(&mut self, key: &Key<'_>) {
        let statement = self.kept.as_mut().and_then(|kept| kept.peek_mut(&key.hash));
        if let Some(prepared) = statement.and_then(|statement| statement.prepared.take()) {
            self.to_close.push(prepared.name);
        }
    }

    /// What statements mean may have changed, or the server may have dropped what it had prepared.
    pub(super) fn forget_prepared(&mut self) {
        for (_, statement) in self.kept.iter_mut().flat_map(|kept| kept.iter_mut()) {
            let gone = statement.prepared.take().map(|prepared| prepared.name);
            self.to_close.extend(gone);
        }
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

    /// A setting may have changed, extra_float_digits among them: it is asked for again before anything is prepared.
    fn doubt_floats(&mut self) {
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

    /// Names to close on the server.
    pub(super) fn take_to_close(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.to_close)
    }
}

impl Statement {
    fn is(&self, key: &Key<'_>) -> bool {
        let same_names = match (&self.names, &key.arguments) {
            (Some(known), Some(Arguments::Named(names, _))) => {
                known.len() == names.len() && known.iter().zip(*names).all(|(k, n)| &**k == *n)
            }
            (None, Some(Arguments::Positional(_))) => !self.bare,
            (None, None) => self.bare,
            _ => false,
        };
        same_names
            && self.style == key.style
            && self.standard_strings == key.standard_strings
            && *self.source == *key.sql
            && self.signatures.len() == key.params.len()
            && key
                .params
                .iter()
                .zip(&self.signatures)
                .all(|(param, &known)| signature(param) == known)
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
