//! What a type is made of: what a decoder must know before it can take an array, a range or a row apart.
//!
//! PostgreSQL's own types need no look-up (`builtin`, generated from pg_type). A type of a user or of an
//! extension has another oid in every database: whoever asks the server fills a `Catalog` with the answers, and
//! `Catalog::lacks` says which oids to ask for. Without an answer such a type's values are exact TEXT. Knows no
//! connection, and no query.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::builtin::{BUILT, PLAIN};
use super::oid;

/// How deep types and values may nest. Far more than any schema needs, far less than a stack holds.
pub(super) const MAX_DEPTH: u32 = 40;

/// How a built-in type is made of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Built {
    /// An array of this type.
    Array(u32),
    /// A range of this type.
    Range(u32),
    /// A multirange of this range type.
    Multirange(u32),
}

/// A column of a composite type, dropped ones left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: CString,
    /// The oid of its type.
    pub(crate) oid: u32,
}

/// What the server's catalog says of a type that is not built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserType {
    /// None of the below: its text is all that can be read.
    Opaque,
    /// Its binary form is its text: citext.
    Text,
    /// An enum; its label is its text in both formats.
    Enum,
    /// An array of this type, its items separated by this character (pg_type.typdelim).
    Array { element: u32, delimiter: u8 },
    /// A range of this type.
    Range(u32),
    /// A multirange of this range type.
    Multirange(u32),
    /// A row.
    Composite(Box<[Field]>),
    /// A domain over this type.
    Domain(u32),
    /// The extension hstore's type.
    Hstore,
}

/// What a type is, to a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    /// A type with a decoder of its own, or without any.
    Plain,
    /// Text in both formats.
    Text,
    /// An array of this type.
    Array(u32),
    /// A range of this type.
    Range(u32),
    /// A multirange of this range type.
    Multirange(u32),
    /// A row; without fields when they are not known.
    Composite(Option<&'a [Field]>),
    /// hstore.
    Hstore,
}

/// The types that are not built in, as far as they have been looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    types: BTreeMap<u32, UserType>,
    /// Set when a value was not as it is described here; there once a row type is. Copies share it, so that what
    /// decodes with an older one tells the newer.
    doubt: Option<Arc<AtomicBool>>,
}

impl Catalog {
    /// A catalog of nothing: what is built in needs none.
    pub(crate) const EMPTY: &'static Catalog = &Catalog {
        types: BTreeMap::new(),
        doubt: None,
    };

    /// Adds what the server said of a type, or replaces it.
    pub(crate) fn insert(&mut self, oid: u32, described: UserType) {
        if matches!(described, UserType::Composite(_)) {
            self.doubt.get_or_insert_default();
        }
        self.types.insert(oid, described);
    }

    /// Takes note that a row was not as it is described here: another session has altered its type.
    pub(super) fn set_doubt(&self) {
        if let Some(doubt) = &self.doubt {
            doubt.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a row was not as it is described here.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubt
            .as_ref()
            .is_some_and(|doubt| doubt.load(Ordering::Relaxed))
    }

    /// Forgets what rows are made of, and all doubt. What copies come to doubt does not matter any more.
    pub(crate) fn forget_rows(&mut self) {
        self.types
            .retain(|_, described| !matches!(described, UserType::Composite(_)));
        self.doubt = None;
    }

    /// The row types that values of type `oid` are or hold. Of all that a catalog knows, only what these are made of
    /// can change: no type's items, bounds, base or labels become others.
    pub(crate) fn rows_in(&self, oid: u32, rows: &mut BTreeSet<u32>) {
        let mut seen = BTreeSet::new();
        let mut next = vec![oid];
        while let Some(oid) = next.pop() {
            if !seen.insert(oid) {
                continue;
            }
            if let Some(UserType::Composite(_)) = self.types.get(&oid) {
                rows.insert(oid);
            }
            self.made_of(oid, &mut next);
        }
    }

    /// Adds the types that one is made of, as far as that is known.
    fn made_of(&self, oid: u32, parts: &mut Vec<u32>) {
        match self.types.get(&oid) {
            Some(
                UserType::Array { element: of, .. }
                | UserType::Range(of)
                | UserType::Multirange(of)
                | UserType::Domain(of),
            ) => parts.push(*of),
            Some(UserType::Composite(fields)) => {
                parts.extend(fields.iter().map(|field| field.oid));
            }
            None | Some(UserType::Opaque | UserType::Text | UserType::Enum | UserType::Hstore) => {}
        }
    }

    /// Adds to `missing` the oids that must be looked up before values of type `oid` can be taken apart: its
    /// own, or those of the types it is made of. What is added already is not added again.
    pub(crate) fn lacks(&self, oid: u32, missing: &mut Vec<u32>) {
        let mut seen = BTreeSet::new();
        let mut next = vec![oid];
        while let Some(oid) = next.pop() {
            if is_builtin(oid) || !seen.insert(oid) {
                continue;
            }
            if self.types.contains_key(&oid) {
                self.made_of(oid, &mut next);
            } else if !missing.contains(&oid) {
                missing.push(oid);
            }
        }
    }

    /// The type below a domain, as the server names it in a result's columns; any other type itself.
    pub(super) fn base(&self, oid: u32) -> u32 {
        let mut base = oid;
        for _ in 0..MAX_DEPTH {
            match self.types.get(&base) {
                Some(UserType::Domain(below)) => base = *below,
                _ => break,
            }
        }
        base
    }

    /// What a type is that is no domain.
    pub(super) fn shape(&self, oid: u32) -> Shape<'_> {
        match built(oid) {
            Some(Built::Array(element)) => return Shape::Array(element),
            Some(Built::Range(subtype)) => return Shape::Range(subtype),
            Some(Built::Multirange(range)) => return Shape::Multirange(range),
            None if oid == oid::RECORD => return Shape::Composite(None),
            None => {}
        }
        match self.types.get(&oid) {
            None | Some(UserType::Opaque | UserType::Domain(_)) => Shape::Plain,
            Some(UserType::Text | UserType::Enum) => Shape::Text,
            // Only a comma can be written again without the catalog.
            Some(UserType::Array { delimiter, .. }) if *delimiter != b',' => Shape::Plain,
            Some(UserType::Array { element, .. }) => Shape::Array(*element),
            Some(UserType::Range(subtype)) => Shape::Range(*subtype),
            Some(UserType::Multirange(range)) => Shape::Multirange(*range),
            Some(UserType::Composite(fields)) => Shape::Composite(Some(fields)),
            Some(UserType::Hstore) => Shape::Hstore,
        }
    }
}

fn built(oid: u32) -> Option<Built> {
    let index = BUILT.binary_search_by_key(&oid, |&(oid, _)| oid).ok()?;
    BUILT.get(index).map(|&(_, built)| built)
}

/// Whether the oid is the same type in every database. Between these and users' types lie those that initdb
/// numbers anew in each major version.
pub(crate) fn is_builtin(oid: u32) -> bool {
    // The types that nearly all columns have.
    let common = matches!(
        oid,
        oid::BOOL
            | oid::INT4
            | oid::INT8
            | oid::TEXT
            | oid::VARCHAR
            | oid::FLOAT8
            | oid::NUMERIC
            | oid::TIMESTAMPTZ
    );
    common || oid == 0 || built(oid).is_some() || PLAIN.binary_search(&oid).is_ok()
}

/// The built-in type made in this way, if there is one.
pub(super) fn made(how: Built) -> Option<u32> {
    BUILT
        .iter()
        .find(|&&(_, built)| built == how)
        .map(|&(oid, _)| oid)
}

/// The type of the items, bounds or ranges of a built-in type.
pub(super) fn built_of(oid: u32) -> Option<Built> {
    built(oid)
}

/// What stands between the items of an array of this type.
pub(super) fn delimiter(element: u32) -> u8 {
    match element {
        oid::BOX => b';',
        _ => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_types_need_no_catalog() {
        let none = Catalog::EMPTY;
        assert_eq!(none.shape(1007), Shape::Array(oid::INT4));
        assert_eq!(none.shape(3904), Shape::Range(oid::INT4));
        assert_eq!(none.shape(4451), Shape::Multirange(3904));
        assert_eq!(none.shape(2287), Shape::Array(oid::RECORD));
        assert_eq!(none.shape(oid::RECORD), Shape::Composite(None));
        for oid in [0, 22, 30, oid::INT4, 2277, 16_384, u32::MAX] {
            assert_eq!(none.shape(oid), Shape::Plain, "{oid}");
        }
        let mut missing = vec![];
        for oid in [0, 16, 22, 1007, 2249, 2278, 6157] {
            none.lacks(oid, &mut missing);
        }
        assert_eq!(missing, []);
        assert_eq!(made(Built::Array(oid::INT4)), Some(1007));
        assert_eq!(made(Built::Array(16_384)), None);
    }

    #[test]
    fn a_catalog_says_what_it_lacks() {
        let field = |oid| Field {
            name: CString::default(),
            oid,
        };
        let mut catalog = Catalog::default();
        let array = UserType::Array {
            element: 20_001,
            delimiter: b',',
        };
        let mut missing = vec![];
        catalog.lacks(20_000, &mut missing);
        assert_eq!(missing, [20_000]);
        catalog.insert(20_000, array);
        catalog.insert(
            20_001,
            UserType::Composite(Box::new([
                field(23),
                field(20_002),
                field(20_003),
                field(20_002),
            ])),
        );
        catalog.insert(20_003, UserType::Domain(20_000));
        missing.clear();
        // The array is below itself.
        catalog.lacks(20_000, &mut missing);
        assert_eq!(missing, [20_002]);
        catalog.insert(20_002, UserType::Enum);
        missing.clear();
        catalog.lacks(20_000, &mut missing);
        assert_eq!(missing, []);
        assert_eq!(catalog.base(20_003), 20_000);
    }

    #[test]
    fn only_rows_can_be_doubted_and_forgotten() {
        let mut catalog = Catalog::default();
        let array = UserType::Array {
            element: 20_001,
            delimiter: b',',
        };
        catalog.insert(20_000, array);
        catalog.insert(20_002, UserType::Enum);
        catalog.set_doubt();
        assert!(!catalog.is_doubted());
        let field = Field {
            name: CString::default(),
            oid: 20_000,
        };
        catalog.insert(20_001, UserType::Composite(Box::new([field])));
        catalog.insert(20_003, UserType::Domain(20_000));
        let rows_in = |catalog: &Catalog, oid| {
            let mut rows = BTreeSet::new();
            catalog.rows_in(oid, &mut rows);
            rows.into_iter().collect::<Vec<_>>()
        };
        // The row is below itself.
        assert_eq!(rows_in(&catalog, 20_003), [20_001]);
        assert_eq!(rows_in(&catalog, 20_002), []);
        let older = catalog.clone();
        older.set_doubt();
        assert!(catalog.is_doubted());
        catalog.forget_rows();
        older.set_doubt();
        assert!(!catalog.is_doubted());
        let mut missing = vec![];
        catalog.lacks(20_003, &mut missing);
        catalog.lacks(20_002, &mut missing);
        assert_eq!(missing, [20_001]);
    }

    #[test]
    fn a_domain_of_itself_ends() {
        let mut catalog = Catalog::default();
        catalog.insert(20_000, UserType::Domain(20_001));
        catalog.insert(20_001, UserType::Domain(20_000));
        let base = catalog.base(20_000);
        assert_eq!(catalog.shape(base), Shape::Plain);
        catalog.lacks(20_000, &mut vec![]);
    }
}
