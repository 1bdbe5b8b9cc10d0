//! Prepared statements, whose answers are read in one piece where they come in one.

use super::support::*;
use crate::types::{Datum, Param};
use crate::wire::{Call, RowShape, Wire};

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
    for formats in [&[][..], &[1], &[0, 1, 0]] {
        for params in [&params[..], &[]] {
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
    // More rows than `take_few` takes, and a tag longer than a short one.
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
fn what_does_not_belong_is_refused() {
    let bind = empty(b'2');
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
