//! Random values of every type: their text is read as the same value, and so is the binary form in which they go
//! to the server. The seed is fixed.
#![allow(unsafe_code)] // Reads the unions and pointers that the decoders filled.

use std::collections::BTreeMap;

use super::super::describe::Shape;
use super::super::value::{
    Array, Bits, Composite, DBAPI_RANGE_EMPTY, DBAPI_RANGE_LOWER_INCLUSIVE,
    DBAPI_RANGE_UPPER_INCLUSIVE, Hstore, Inet, Multirange, Point, Range,
};
use super::structured::{catalog, rows};
use super::*;

struct Generator {
    random: Random,
    catalog: Catalog,
    /// Values that a server wrote, by type.
    samples: BTreeMap<u32, Vec<String>>,
}

impl Generator {
    fn new() -> Generator {
        let mut samples = BTreeMap::<u32, Vec<String>>::new();
        for row in rows() {
            samples.entry(row.oid).or_default().push(row.text);
        }
        Generator {
            random: Random(0x0139_408d_cbbf_7a44),
            catalog: catalog(),
            samples,
        }
    }

    fn chance(&mut self, of: usize) -> bool {
        self.random.below(of) == 0
    }

    /// What quoting goes wrong with, more often than not.
    fn text(&mut self) -> String {
        const PIECES: [&str; 24] = [
            "\"",
            "\\",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ",",
            ";",
            " ",
            "\t",
            "\n",
            "\u{b}",
            "NULL",
            "null",
            "=>",
            "\u{e4}",
            "\u{1f418}",
            "\u{a0}",
            "'",
            "a",
            "b",
            "empty",
        ];
        let count = self.random.below(6);
        (0..count)
            .map(|_| PIECES[self.random.below(PIECES.len())])
            .collect()
    }

    fn number(&mut self) -> u64 {
        (self.random.below(1 << 32) as u64) << 32 | self.random.below(1 << 32) as u64
    }

    fn values(&mut self, oid: u32, count: usize, nulls: bool, arena: &mut Arena) -> Vec<Value> {
        (0..count)
            .map(|_| match nulls && self.chance(4) {
                true => Value::null(self.catalog.base(oid)),
                false => self.value(oid, arena),
            })
            .collect()
    }

    fn value(&mut self, oid: u32, arena: &mut Arena) -> Value {
        let oid = self.catalog.base(oid);
        let catalog = self.catalog.clone();
        match catalog.shape(oid) {
            Shape::Array(element) => self.array(oid, element, arena),
            Shape::Range(subtype) => self.range(oid, subtype, arena),
            Shape::Multirange(range_oid) => {
                let count = self.random.below(4);
                let mut ranges = self.values(range_oid, count, false, arena);
                // No server has an empty one among them.
                // SAFETY: ranges that were just made.
                ranges
                    .retain(|range| unsafe { (*range.r#as.range).flags } & DBAPI_RANGE_EMPTY == 0);
                let ranges = Multirange {
                    range_oid,
                    count: ranges.len(),
                    ranges: arena.keep(&ranges).unwrap(),
                };
                Value::multirange(oid, arena.keep(&[ranges]).unwrap())
            }
            Shape::Composite(fields) => {
                let oids: Vec<u32> = match fields {
                    Some(fields) => fields.iter().map(|field| field.oid).collect(),
                    None => vec![oid::UNKNOWN; 2 + self.random.below(3)],
                };
                let fields: Vec<Value> = oids
                    .iter()
                    .flat_map(|&oid| self.values(oid, 1, true, arena))
                    .collect();
                let composite = Composite {
                    count: fields.len(),
                    fields: arena.keep(&fields).unwrap(),
                    names: std::ptr::null(),
                };
                Value::composite(oid, arena.keep(&[composite]).unwrap())
            }
            Shape::Hstore => {
                let count = self.random.below(4);
                let keys = self.values(oid::TEXT, count, false, arena);
                let values = self.values(oid::TEXT, count, true, arena);
                let hstore = Hstore {
                    count,
                    keys: arena.keep(&keys).unwrap(),
                    values: arena.keep(&values).unwrap(),
                };
                Value::hstore(oid, arena.keep(&[hstore]).unwrap())
            }
            Shape::Plain | Shape::Text => self.leaf(oid, arena),
        }
    }

    fn leaf(&mut self, oid: u32, arena: &mut Arena) -> Value {
        let number = self.number();
        match oid {
            _ if is_plain_text(oid) => {
                let text = self.text();
                Value::text(
                    Kind::DBAPI_KIND_TEXT,
                    oid,
                    arena.copy(text.as_bytes()).unwrap(),
                )
            }
            oid::INT2 => Value::integer(Kind::DBAPI_KIND_INT, oid, (number as i16).into()),
            oid::INT4 => Value::integer(Kind::DBAPI_KIND_INT, oid, (number as i32).into()),
            oid::INT8 => Value::integer(Kind::DBAPI_KIND_INT, oid, number as i64),
            oid::OID | oid::XID | oid::CID => {
                Value::integer(Kind::DBAPI_KIND_INT, oid, (number as u32).into())
            }
            oid::FLOAT8 if !f64::from_bits(number).is_nan() => {
                Value::floating(oid, f64::from_bits(number))
            }
            oid::POINT if !f64::from_bits(number).is_nan() => {
                let point = Point {
                    x: f64::from_bits(number),
                    y: number as f64,
                };
                Value::point(oid, point)
            }
            oid::INET | oid::CIDR => {
                let six = self.chance(2);
                let mut address = [0; 16];
                for byte in address.iter_mut().take(if six { 16 } else { 4 }) {
                    // Runs of zeroes matter.
                    *byte = self.random.below(256) as u8 * u8::from(self.chance(3));
                }
                let inet = Inet {
                    family: if six { 6 } else { 4 },
                    prefix: self.random.below(if six { 129 } else { 33 }) as u8,
                    address,
                };
                Value::inet(oid, arena.keep(&[inet]).unwrap())
            }
            oid::BIT | oid::VARBIT => {
                let length = self.random.below(65);
                let bytes = number
                    .checked_shl(64 - length as u32)
                    .unwrap_or(0)
                    .to_be_bytes();
                let bytes = arena.copy(&bytes[..length.div_ceil(8)]).unwrap().as_ptr();
                Value::bits(oid, arena.keep(&[Bits { length, bytes }]).unwrap())
            }
            // Some that a server wrote, of this type or of a domain over it.
            _ => {
                let catalog = self.catalog.clone();
                let known = self.samples.get(&oid).or_else(|| {
                    let same = |(known, _): &(&u32, _)| catalog.base(**known) == oid;
                    self.samples.iter().find(same).map(|known| known.1)
                });
                let known = known
                    .unwrap_or_else(|| panic!("no sample of {oid}"))
                    .clone();
                let text = known[self.random.below(known.len())].as_bytes();
                // SAFETY: to keep the borrow of the arena apart from the text's, which is in it.
                let text: &'static [u8] =
                    unsafe { &*std::ptr::from_ref(arena.copy(text).unwrap()) };
                decode_text(oid, text, &catalog, arena).unwrap()
            }
        }
    }

    fn array(&mut self, oid: u32, element: u32, arena: &mut Arena) -> Value {
        let depth = if self.chance(3) {
            self.random.below(7)
        } else {
            1
        };
        let lengths: Vec<i32> = (0..depth)
            .map(|_| 1 + self.random.below(if depth > 2 { 2 } else { 4 }) as i32)
            .collect();
        let plain = self.chance(2);
        let lower_bounds: Vec<i32> = (0..depth)
            .map(|_| if plain { 1 } else { self.number() as i32 / 2 })
            .collect();
        let count = if depth == 0 {
            0
        } else {
            lengths.iter().product::<i32>() as usize
        };
        let items = self.values(element, count, true, arena);
        let array = Array {
            element_oid: element,
            dimensions: depth as i32,
            lengths: arena.keep(&lengths).unwrap(),
            lower_bounds: arena.keep(&lower_bounds).unwrap(),
            count,
            items: arena.keep(&items).unwrap(),
        };
        Value::array(oid, arena.keep(&[array]).unwrap())
    }

    fn range(&mut self, oid: u32, subtype: u32, arena: &mut Arena) -> Value {
        let empty = self.chance(8);
        let mut flags = 0;
        let mut bounds = [Value::null(subtype); 2];
        for (bound, inclusive) in [DBAPI_RANGE_LOWER_INCLUSIVE, DBAPI_RANGE_UPPER_INCLUSIVE]
            .iter()
            .enumerate()
        {
            if !empty && !self.chance(4) {
                bounds[bound] = self.value(subtype, arena);
                flags |= inclusive * i32::from(self.chance(2));
            }
        }
        let range = Range {
            subtype_oid: subtype,
            flags: if empty { DBAPI_RANGE_EMPTY } else { flags },
            lower: bounds[0],
            upper: bounds[1],
        };
        Value::range(oid, arena.keep(&[range]).unwrap())
    }
}

/// The value's bytes of all its structs, as far as their texts say: kinds, oids and structure.
fn described(value: &Value) -> String {
    format!(
        "{} {} {}",
        value.kind,
        value.oid,
        formatted(value.oid, &view(value))
    )
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let mut generator = Generator::new();
    let oids: Vec<u32> = generator.samples.keys().copied().collect();
    let (mut texts, mut binaries) = (0, 0);
    for oid in oids {
        for _ in 0..60 {
            let mut arena = Arena::default();
            let value = generator.value(oid, &mut arena);
            let expected = described(&value);
            let text = formatted(value.oid, &view(&value));
            let mut arena2 = Arena::default();
            let again = decode_text(oid, text.as_bytes(), &generator.catalog, &mut arena2)
                .unwrap_or_else(|error| panic!("{expected}: {error}"));
            assert_eq!(described(&again), expected);
            texts += 1;

            let param = Param {
                oid: value.oid,
                datum: view(&value),
            };
            let sent = encoded(param).to_vec();
            if param.format_code() == 0 {
                if value.oid != oid::FLOAT4 {
                    assert_eq!(sent, text.as_bytes());
                }
                continue;
            }
            let with_nul = [&sent, &b"\0"[..]].concat();
            let cell = &with_nul[..sent.len()];
            let again = decode_binary(oid, cell, &generator.catalog, &mut arena2)
                .unwrap_or_else(|error| panic!("{expected}: {error}"));
            assert_eq!(described(&again), expected);
            binaries += 1;
        }
    }
    assert!(texts > 5000 && binaries > 1000, "{texts}, {binaries}");
}
