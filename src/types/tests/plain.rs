//! The quick way to read a cell against the usual one.

use super::*;

const TYPES: [u32; 13] = [
    oid::TEXT,
    oid::BPCHAR,
    oid::JSON,
    oid::JSONB,
    oid::INT2,
    oid::INT4,
    oid::INT8,
    oid::FLOAT4,
    oid::FLOAT8,
    oid::BOOL,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::DATE,
];

/// What may lie behind a cell and its NUL: nothing, and what could be taken for more of it.
const BEHIND: [&[u8]; 3] = [b"", b"0000000000", b"\xff\xff\xff\xff\xff\xff\xff\xff"];

/// What both ways give of a cell, which has a NUL behind it, and then `behind`.
fn both(
    type_oid: u32,
    binary: bool,
    cell: &[u8],
    behind: &[u8],
) -> (Option<String>, Option<String>) {
    let length = cell.len();
    let memory = [cell, b"\0", behind].concat();
    let cell = &memory[..length];
    let mut arena = Arena::default();
    let usual = if binary {
        decode_binary(type_oid, cell, Catalog::EMPTY, &mut arena)
    } else {
        decode_text(type_oid, cell, Catalog::EMPTY, &mut arena)
    };
    let shown = |value: Value| format!("{} {} {:?}", value.kind, value.oid, view(&value));
    let mut quick = Some(Value::null(0));
    let mut value = Value::null(0);
    let cells = [(Cell::new(&memory, length), Some(&mut value))];
    Plain::of(type_oid, binary).read(type_oid, cells.into_iter(), |_, _, _| quick = None);
    let quick = quick.map(|_| value);
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
            for behind in BEHIND {
                let (plain, usual) = both(type_oid, false, text.as_bytes(), behind);
                if plain.is_some() {
                    assert_eq!(plain, usual, "{type_oid} {text}");
                    quick += 1;
                }
            }
        }
    }
    // What most columns hold is read quickly.
    assert!(quick > 300, "{quick}");
    for (type_oid, text) in [
        (oid::INT4, "-2147483648"),
        (oid::FLOAT8, "1499998.5"),
        (oid::TIMESTAMP, "2020-12-31 04:05:06.123456"),
        (oid::TIMESTAMPTZ, "2020-12-31 04:05:06.7+05:30"),
        (oid::TIMESTAMPTZ, "1999-01-08 04:05:06-08"),
        (oid::DATE, "1999-01-08"),
    ] {
        for behind in BEHIND {
            let plain = both(type_oid, false, text.as_bytes(), behind).0;
            assert!(plain.is_some(), "{text}");
        }
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
        1 << 20,
        1 << 21,
        -(1 << 21) - 1,
        i64::from(i32::MAX),
        i64::from(i32::MIN),
        0x3ff0_0000_0000_0000,
    ];
    for type_oid in TYPES {
        for number in numbers {
            let bytes = number.to_be_bytes();
            for length in [0, 1, 2, 4, 8] {
                let (plain, usual) = both(type_oid, true, &bytes[8 - length..], b"");
                if plain.is_some() {
                    assert_eq!(plain, usual, "{type_oid} {number} {length}");
                }
            }
        }
    }
}
