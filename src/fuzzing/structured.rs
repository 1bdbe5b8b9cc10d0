//! The decoders of values that are made of values, with types of a user's own among them.
#![allow(
    unsafe_code,
    reason = "a decoded value's structs are read, while the cell and the arena are there"
)]

use crate::types::value::{Arena, Value};
use crate::types::{self, Catalog, Field, UserType, oid, view};

const MOOD: u32 = 20_000;
const PAIR: u32 = 20_001;
const PAIRS: u32 = 20_002;
const NESTED: u32 = 20_003;
const HSTORE: u32 = 20_004;
const DOMAIN: u32 = 20_005;
const DOMAINS: u32 = 20_006;
const TEXT_RANGE: u32 = 20_007;
const TEXT_MULTIRANGE: u32 = 20_008;
/// A row of itself: no server has one.
const ENDLESS: u32 = 20_009;

/// The first byte of the input chooses one of these.
const TYPES: [u32; 40] = [
    1007, // int4[]
    1009, // text[]
    1022, // float8[]
    1231, // numeric[]
    1115, // timestamp[]
    1001, // bytea[]
    3807, // jsonb[]
    1020, // box[]
    1041, // inet[]
    1563, // varbit[]
    3905, // int4range[]
    6150, // int4multirange[]
    2287, // record[]
    1187, // interval[]
    791,  // money[]
    3904, // int4range
    3906, // numrange
    3908, // tsrange
    3910, // tstzrange
    3912, // daterange
    4451, // int4multirange
    4532, // nummultirange
    oid::RECORD,
    oid::INET,
    oid::CIDR,
    oid::BIT,
    oid::VARBIT,
    oid::POINT,
    oid::LINE,
    oid::LSEG,
    oid::BOX,
    oid::PATH,
    oid::POLYGON,
    oid::CIRCLE,
    oid::XID8,
    PAIRS,
    NESTED,
    HSTORE,
    DOMAINS,
    TEXT_MULTIRANGE,
];

fn catalog() -> Catalog {
    let field = |name: &std::ffi::CStr, oid| Field {
        name: name.to_owned(),
        oid,
    };
    let array = |element| UserType::Array {
        element,
        delimiter: b',',
    };
    let pair = [field(c"number", oid::INT4), field(c"label", oid::TEXT)];
    let nested = [
        field(c"pairs", PAIRS),
        field(c"mood", MOOD),
        field(c"range", TEXT_RANGE),
        field(c"domain", DOMAIN),
        field(c"more", ENDLESS),
    ];
    let mut catalog = Catalog::default();
    for (oid, described) in [
        (MOOD, UserType::Enum),
        (PAIR, UserType::Composite(pair.into())),
        (PAIRS, array(PAIR)),
        (NESTED, UserType::Composite(nested.into())),
        (HSTORE, UserType::Hstore),
        (DOMAIN, UserType::Domain(oid::FLOAT4)),
        (DOMAINS, array(DOMAIN)),
        (TEXT_RANGE, UserType::Range(oid::TEXT)),
        (TEXT_MULTIRANGE, UserType::Multirange(TEXT_RANGE)),
        (
            ENDLESS,
            UserType::Composite([field(c"below", ENDLESS)].into()),
        ),
    ] {
        catalog.insert(oid, described);
    }
    catalog
}

/// The value's text, if it is one that has a text.
fn text_of(value: &Value) -> Option<String> {
    // SAFETY: just decoded; the cell and the arena are still there.
    let param = unsafe { view::param(value) }.ok()?;
    let mut text = String::new();
    types::format(param.oid, &param.datum, &mut text).ok()?;
    Some(text)
}

/// A cell in text format. What is read is written, and read again as the same.
pub fn structured_text(data: &[u8]) {
    let Some((&choice, cell)) = data.split_first() else {
        return;
    };
    let oid = TYPES[usize::from(choice) % TYPES.len()];
    let catalog = catalog();
    let with_nul = [cell, b"\0"].concat();
    let mut arena = Arena::default();
    let read = types::decode_text(oid, &with_nul[..cell.len()], &catalog, &mut arena);
    let Ok(value) = read else {
        return;
    };
    // Text that is not UTF-8 is bytes, whose text is another.
    if std::str::from_utf8(cell).is_err() {
        return;
    }
    let text = text_of(&value).unwrap();
    let mut arena = Arena::default();
    let again = types::decode_text(oid, text.as_bytes(), &catalog, &mut arena)
        .unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(text_of(&again).unwrap(), text, "of type {oid}");
}

/// A cell in binary format. What is read may be what no server could mean, and then has no text.
pub fn structured_binary(data: &[u8]) {
    let Some((&choice, cell)) = data.split_first() else {
        return;
    };
    let oid = TYPES[usize::from(choice) % TYPES.len()];
    let catalog = catalog();
    let with_nul = [cell, b"\0"].concat();
    let mut arena = Arena::default();
    let read = types::decode_binary(oid, &with_nul[..cell.len()], &catalog, &mut arena);
    if let Ok(value) = read {
        let _ = text_of(&value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corpora are worth mutating: what is in them is read.
    #[test]
    fn the_corpora_are_values() {
        let catalog = catalog();
        for (target, binary) in [("structured_text", false), ("structured_binary", true)] {
            let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus");
            let files = std::fs::read_dir(format!("{directory}/{target}")).unwrap();
            for path in files.map(|file| file.unwrap().path()) {
                let bytes = [std::fs::read(&path).unwrap(), vec![0]].concat();
                let oid = TYPES[usize::from(bytes[0])];
                let cell = &bytes[1..bytes.len() - 1];
                let mut arena = Arena::default();
                let value = match binary {
                    true => types::decode_binary(oid, cell, &catalog, &mut arena),
                    false => types::decode_text(oid, cell, &catalog, &mut arena),
                };
                let value = value.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let text = text_of(&value).unwrap();
                assert!(binary || text.as_bytes() == cell, "{text}");
            }
        }
    }
}
