//! The quick way to read a cell against the usual one.

use super::*;

const TYPES: [u32; 8] = [
    oid::TEXT,
    oid::INT4,
    oid::INT8,
    oid::FLOAT8,
    oid::BOOL,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::DATE,
];

/// What both ways give of a cell, which has a NUL behind it.
fn both(type_oid: u32, binary: bool, cell: &[u8]) -> (Option<String>, Option<String>) {
    let cell = [cell, b"\0"].concat();
    let cell = &cell[..cell.len() - 1];
    let mut arena = Arena::default();
    let usual = if binary {
        decode_binary(type_oid, cell, Catalog::EMPTY, &mut arena)
    } else {
        decode_text(type_oid, cell, Catalog::EMPTY, &mut arena)
    };
    let shown = |value: Value| format!("{} {} {:?}", value.kind, value.oid, view(&value));
    let quick = Plain::of(type_oid, binary).read(type_oid, cell);
    (quick.map(shown), usual.ok().map(shown))
}

#[test]
fn what_is_read_quickly_is_what_is_read_slowly() {
    let texts = [
        "",
        "-",
        "0",
        "1",
        "-1",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "999999999999999999",
        "9223372036854775807",
        "0.5",
        "-0",
        "1e5",
        "NaN",
        "Infinity",
        "123456789.125",
        "t",
        "f",
        "true",
        "2020-02-29",
        "2019-02-29",
        "2020-02-30",
        "0001-01-01",
        "0000-01-01",
        "9999-12-31",
        "10000-01-01",
        "2020-13-01",
        "2020-00-01",
        "2020-01-00",
        "2020-01-32",
        "2020-04-31",
        "0044-03-15 BC",
        "2020-1-01",
        "2020-02-29 04:05:06",
        "2020-02-29 04:05:06.7",
        "2020-02-29 04:05:06.123456",
        "2020-02-29 04:05:06.1234567",
        "2020-02-29 04:05:06.",
        "2020-02-29 24:00:00",
        "2020-02-29 23:60:00",
        "2020-02-29 23:59:60",
        "2020-12-31 04:05:06+00",
        "2020-12-31 04:05:06.7+05:30",
        "2020-12-31 04:05:06-15:59",
        "2020-12-31 04:05:06+16",
        "1890-12-31 04:05:06+00:19:32",
        "2020-12-31 04:05:06 UTC",
        "2020-12-31T04:05:06+00",
        "2020-12-31 04:05:06+0",
        "0001-12-31 04:05:06+00 BC",
        "infinity",
        "-infinity",
        "12/31/2020 04:05:06",
        "2020-12-31 04:05:06+00:60",
        "1969-12-31 23:59:59.999999+00",
        "abc'def",
        "gr\u{fc}n",
    ];
    let mut quick = 0;
    for type_oid in TYPES {
        for text in texts {
            let (plain, usual) = both(type_oid, false, text.as_bytes());
            if plain.is_some() {
                assert_eq!(plain, usual, "{type_oid} {text}");
                quick += 1;
            }
        }
    }
    // What most columns hold is read quickly.
    assert!(quick > 80, "{quick}");
    for (type_oid, text) in [
        (oid::INT4, "-2147483648"),
        (oid::FLOAT8, "1499998.5"),
        (oid::TIMESTAMP, "2020-12-31 04:05:06.123456"),
        (oid::TIMESTAMPTZ, "2020-12-31 04:05:06.7+05:30"),
        (oid::TIMESTAMPTZ, "1999-01-08 04:05:06-08"),
        (oid::DATE, "1999-01-08"),
    ] {
        assert!(both(type_oid, false, text.as_bytes()).0.is_some(), "{text}");
    }
}

#[test]
fn the_same_in_binary_format() {
    let numbers = [
        0,
        1,
        -1,
        i64::MAX,
        i64::MIN,
        1 << 58,
        -(1 << 57),
        1 << 57,
        0x3ff0_0000_0000_0000,
    ];
    for type_oid in TYPES {
        for number in numbers {
            let bytes = number.to_be_bytes();
            for length in [0, 1, 4, 8] {
                let (plain, usual) = both(type_oid, true, &bytes[8 - length..]);
                if plain.is_some() {
                    assert_eq!(plain, usual, "{type_oid} {number} {length}");
                }
            }
        }
    }
}
