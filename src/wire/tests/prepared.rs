//! Prepared statements, whose answers are read in one piece where they come in one.

use super::support::*;
use crate::types::{Datum, Param};
use crate::wire::{Call, RowShape, Rows, Tag, Wire};

fn running(shape: RowShape) -> Wire {
    let mut wire = connected();
    wire.start_prepared(&Call::new("s", &[]), &[], shape)
        .unwrap();
    wire
}

fn answer(rows: &[Vec<u8>], tag: &str, status: u8) -> Vec<u8> {
    [empty(b'2'), rows.concat(), complete(tag), ready(status)].concat()
}

#[test]
fn what_is_sent_is_what_the_three_messages_are() {
    let params = [
        Datum::Int(1),
        Datum::Null,
        Datum::Text("a"),
        Datum::Bool(true),
    ]
    .map(|datum| Param { oid: 0, datum });
    let short = [
        Datum::Int(-1),
        Datum::Bool(false),
        Datum::Int(i64::MAX),
        Datum::Float(0.5),
        Datum::Int(2),
    ]
    .map(|datum| Param { oid: 0, datum });
    for formats in [&[][..], &[1], &[0, 1, 0]] {
        for params in [&params[..], &short, &[]] {
            let mut one = connected();
            one.start_bind("name", params, formats).unwrap();
            one.start_execute(0, RowShape::Known(3)).unwrap();
            one.start_sync();
            let mut other = connected();
            let call = Call::new("name", formats);
            other
                .start_prepared(&call, params, RowShape::Known(3))
                .unwrap();
            assert_eq!(take_sent(&mut one), take_sent(&mut other));
        }
    }
}

#[test]
fn an_answer_is_understood_however_it_comes() {
    let rows = [text_row(&["a", "b"]), row(&[None, Some(b"")])];
    let bytes = answer(&rows, "SELECT 2", b'T');
    let expected = ["Complete SELECT 2 [] []", "Ready InTransaction"];
    transcript(|| running(RowShape::Known(2)), &bytes, &expected);
    let bytes = answer(&[], "INSERT 0 1", b'I');
    let expected = ["Complete INSERT 0 1", "Ready Idle"];
    transcript(|| running(RowShape::None), &bytes, &expected);
    // More rows than are copied in one walk, and a tag longer than a short one.
    let bytes = answer(&vec![text_row(&["x"]); 9], &"T".repeat(300), b'I');
    let expected = [
        &format!("Complete {}{}", "T".repeat(300), " []".repeat(9))[..],
        "Ready Idle",
    ];
    transcript(|| running(RowShape::Known(1)), &bytes, &expected);
}

#[test]
fn its_cells_are_as_they_came_and_end_with_a_nul() {
    let rows = [text_row(&["a", "bc"]), row(&[None, Some(b"")])];
    let mut wire = running(RowShape::Known(2));
    let mut listener = Listener {
        width: 2,
        ..Listener::default()
    };
    let bytes = answer(&rows, "SELECT 2", b'I');
    listener.hear(&mut wire, &bytes, usize::MAX).unwrap();
    assert_eq!(listener.heard[0], "Complete SELECT 2 [a|bc] [NULL|]");
    assert!(is_idle(&wire));
}

#[test]
fn others_come_in_between_and_errors_end_it() {
    let make = || running(RowShape::Known(1));
    let one = text_row(&["a"]);
    let said = [
        notice("first"),
        empty(b'2'),
        setting("TimeZone", "UTC"),
        one.clone(),
        notice("then"),
        complete("SELECT 1"),
        notification(1, "c", "p"),
        ready(b'I'),
    ];
    let expected = [
        "Notice first",
        "Notice then",
        "Complete SELECT 1 []",
        "Notification 1 c=p",
        "Ready Idle",
    ];
    transcript(make, &said.concat(), &expected);
    let failed = ["Failed 26000", "Ready InError"];
    transcript(make, &[error("26000"), ready(b'E')].concat(), &failed);
    let bytes = [empty(b'2'), one, error("26000"), ready(b'E')].concat();
    transcript(make, &bytes, &failed);
}

#[test]
fn what_goes_before_is_answered_before_and_skips_it_if_it_fails() {
    let make = || {
        let mut wire = connected();
        wire.start_close_statement("old").unwrap();
        wire.start_command_before("BEGIN").unwrap();
        let call = Call::new("s", &[]);
        wire.start_prepared(&call, &[], RowShape::Known(1)).unwrap();
        wire.start_query("SELECT").unwrap();
        wire
    };
    let begun = [empty(b'3'), empty(b'1'), empty(b'2'), complete("BEGIN")].concat();
    let second = [complete("SELECT 0"), ready(b'T')].concat();
    let whole = answer(&[text_row(&["a"])], "SELECT 1", b'T');
    let expected = [
        "Complete BEGIN",
        "Complete SELECT 1 []",
        "Ready InTransaction",
        "Complete SELECT 0",
        "Ready InTransaction",
    ];
    transcript(make, &[&begun[..], &whole, &second].concat(), &expected);
    let expected = [
        "Failed 57014",
        "Ready Idle",
        "Complete SELECT 0",
        "Ready InTransaction",
    ];
    let failed = [empty(b'3'), error("57014"), ready(b'I')].concat();
    transcript(make, &[&failed[..], &second].concat(), &expected);
}

#[test]
fn an_answer_takes_the_place_of_the_last_one() {
    let (mut rows, mut tag) = (Rows::default(), Tag::default());
    let long = vec![b'x'; 3000];
    for (cells, said) in [
        (vec![[Some(&b"ab"[..]), None]], "SELECT 1"),
        (vec![[None, None]; 5], "SELECT 5"),
        (vec![[Some(&long[..]), Some(b"")]], "SELECT 1"),
        (vec![[None, Some(b"c")]], "SELECT 10"),
        (vec![[Some(b"\0"), Some(&long)]; 6], "SELECT 6"),
        (vec![], "SELECT 0"),
        (vec![[Some(b"d"), Some(b"")]; 2], "SELECT"),
        (vec![[Some(&long), Some(&long)]; 40], "DELETE 40"),
        (vec![[Some(b"e"), None]], &"T".repeat(40)),
        (vec![[None, Some(b"f")]], "SELECT 1"),
    ] {
        let mut wire = running(RowShape::Known(2));
        let messages: Vec<_> = cells.iter().map(|cells| row(cells)).collect();
        let bytes = answer(&messages, said, b'I');
        rows.clear();
        receive(&mut wire, &bytes);
        assert!(wire.poll_answer(&mut rows, &mut tag).unwrap(), "{said}");
        assert_eq!(tag.as_str(), said);
        assert_eq!(rows.len(), cells.len() as u64);
        for (number, cells) in cells.iter().enumerate() {
            let mut row = rows.row(number as u64).unwrap();
            for expected in cells {
                let cell = row.next_cell();
                assert_eq!(cell, *expected, "row {number} of {said}");
                if let Some(cell) = cell {
                    assert_eq!(rows.byte_behind(cell), Some(0));
                }
            }
        }
        assert!(rows.row(cells.len() as u64).is_none());
        assert!(is_idle(&wire));
    }
}

#[test]
fn what_does_not_belong_is_refused() {
    let bind = empty(b'2');
    let fine = text_row(&["a"]);
    // Of a row of one value: the message's length, its count and the value's length.
    let lying = |length: u32, count: u16, value: u32| {
        let mut row = b"D".to_vec();
        row.extend_from_slice(&length.to_be_bytes());
        row.extend_from_slice(&count.to_be_bytes());
        row.extend_from_slice(&value.to_be_bytes());
        row.push(b'a');
        answer(&[fine.clone(), row], "SELECT 2", b'I')
    };
    for (bytes, what) in [
        (
            answer(&[text_row(&["a", "b"])], "SELECT 1", b'I'),
            "a row of another width",
        ),
        ([&bind[..], &bind].concat(), "bound twice"),
        ([&bind[..], &ready(b'I')].concat(), "no end"),
        (answer(&[], "SELECT 0", b'?'), "an unknown status"),
        ([&bind[..], b"C\0\0\0\x04", &ready(b'I')].concat(), "no tag"),
        (
            [&bind[..], b"C\0\0\0\x05x", &ready(b'I')].concat(),
            "a tag without an end",
        ),
        (complete("SELECT 1"), "an end before the beginning"),
        (lying(11, 2, 1), "a count of more values"),
        (lying(11, 0, 1), "a count of fewer"),
        (lying(11, 1, 2), "a value longer than its row"),
        (lying(11, 1, 0), "bytes behind the last value"),
        (lying(11, 1, u32::MAX), "bytes behind a NULL"),
        (lying(11, 1, u32::MAX - 1), "a length below that of NULL"),
        (lying(11, 1, 0x8000_0000), "the lowest length"),
        (lying(5, 1, 1), "a message that ends in its count"),
        (lying(3, 1, 1), "a message shorter than its length"),
        (lying(0, 1, 1), "a message of nothing"),
    ] {
        assert_eq!(
            refused(&mut running(RowShape::Known(1)), &bytes),
            "08P01",
            "{what}"
        );
    }
    let row = answer(&[text_row(&["a"])], "SELECT 1", b'I');
    assert_eq!(refused(&mut running(RowShape::None), &row), "08P01");
}
