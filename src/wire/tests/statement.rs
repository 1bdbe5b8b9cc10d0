//! Statements that are prepared and run at once, whose answers are read in one piece where they come in one.

use super::support::*;
use crate::types::{Datum, Param};
use crate::wire::{RowShape, Rows, Tag, Wire};

fn asked() -> Wire {
    let mut wire = connected();
    wire.start_statement("SELECT", &[]).unwrap();
    wire
}

fn begun(description: &[u8]) -> Vec<u8> {
    [&empty(b'1')[..], &empty(b'2'), description].concat()
}

fn answer(description: &[u8], rows: &[Vec<u8>], tag: &str, status: u8) -> Vec<u8> {
    [
        begun(description),
        rows.concat(),
        complete(tag),
        ready(status),
    ]
    .concat()
}

#[test]
fn what_is_sent_is_what_the_five_messages_are() {
    let params =
        [Datum::Int(1), Datum::Null, Datum::Text("a")].map(|datum| Param { oid: 0, datum });
    let mut one = connected();
    one.start_parse("", "SELECT", &[23, 0, 0]).unwrap();
    one.start_bind("", &params, &[]).unwrap();
    one.start_describe_portal().unwrap();
    one.start_execute(0, RowShape::Described).unwrap();
    one.start_sync();
    let mut other = connected();
    other.start_statement("SELECT", &params).unwrap();
    assert_eq!(take_sent(&mut one), take_sent(&mut other));
}

#[test]
fn an_answer_is_understood_however_it_comes() {
    let rows = [text_row(&["a", "b"]), row(&[None, Some(b"")])];
    let bytes = answer(&columns(&["x", "y"]), &rows, "SELECT 2", b'T');
    let expected = [
        "Columns x,y",
        "Complete SELECT 2 [a|b] [NULL|]",
        "Ready InTransaction",
    ];
    transcript(asked, &bytes, &expected);
    let bytes = answer(&empty(b'n'), &[], "INSERT 0 1", b'I');
    let expected = ["NoData", "Complete INSERT 0 1", "Ready Idle"];
    transcript(asked, &bytes, &expected);
    let bytes = [begun(&empty(b'n')), empty(b'I'), ready(b'I')].concat();
    transcript(asked, &bytes, &["NoData", "EmptyQuery", "Ready Idle"]);
    // More rows than are copied in one walk, and a tag longer than a short one.
    let tag = "T".repeat(300);
    let bytes = answer(&columns(&["x"]), &vec![text_row(&["x"]); 9], &tag, b'I');
    let complete = format!("Complete {tag}{}", " [x]".repeat(9));
    transcript(asked, &bytes, &["Columns x", &complete, "Ready Idle"]);
}

#[test]
fn others_come_in_between_and_errors_end_it() {
    let one = text_row(&["a"]);
    let bytes = [
        notice("first"),
        empty(b'1'),
        setting("TimeZone", "UTC"),
        empty(b'2'),
        notice("second"),
        columns(&["x"]),
        notice("third"),
        one.clone(),
        notice("then"),
        complete("SELECT 1"),
        notification(1, "c", "p"),
        ready(b'I'),
    ];
    let expected = [
        "Notice first",
        "Notice second",
        "Columns x",
        "Notice third",
        "Notice then",
        "Complete SELECT 1 [a]",
        "Notification 1 c=p",
        "Ready Idle",
    ];
    transcript(asked, &bytes.concat(), &expected);
    let failed = [error("42601"), ready(b'E')].concat();
    let heard = ["Failed 42601", "Ready InError"];
    transcript(asked, &failed, &heard);
    transcript(asked, &[empty(b'1'), failed.clone()].concat(), &heard);
    let bytes = [begun(&columns(&["x"])), one, failed].concat();
    transcript(asked, &bytes, &["Columns x", heard[0], heard[1]]);
}

/// Whether something of a statement has run is known from the step it failed at.
#[test]
fn the_step_it_failed_at_is_known() {
    use crate::wire::{Event, Step};
    for (before, step) in [
        (vec![], Step::Before),
        (empty(b'1'), Step::Before),
        ([empty(b'1'), empty(b'2')].concat(), Step::Before),
        (begun(&columns(&["x"])), Step::Running),
        (begun(&empty(b'n')), Step::Running),
    ] {
        let mut wire = asked();
        receive(&mut wire, &[before, error("22012")].concat());
        let (mut rows, mut tag) = (Rows::default(), Tag::default());
        let failed = loop {
            match wire.poll_event().unwrap().unwrap() {
                Event::Failed(_, step) => break step,
                _ => assert!(!wire.poll_rest(&mut rows, &mut tag).unwrap()),
            }
        };
        assert_eq!(failed, step);
    }
}

#[test]
fn what_goes_before_is_answered_before_and_skips_it_if_it_fails() {
    let make = || {
        let mut wire = connected();
        wire.start_close_statement("old").unwrap();
        wire.start_command_before("BEGIN").unwrap();
        wire.start_statement("SELECT", &[]).unwrap();
        wire.start_query("SELECT").unwrap();
        wire
    };
    let begin = [empty(b'3'), empty(b'1'), empty(b'2'), complete("BEGIN")].concat();
    let second = [complete("SELECT 0"), ready(b'T')].concat();
    let whole = answer(&columns(&["x"]), &[text_row(&["a"])], "SELECT 1", b'T');
    let expected = [
        "Complete BEGIN",
        "Columns x",
        "Complete SELECT 1 [a]",
        "Ready InTransaction",
        "Complete SELECT 0",
        "Ready InTransaction",
    ];
    transcript(make, &[&begin[..], &whole, &second].concat(), &expected);
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
fn a_copy_is_refused_and_its_sync_sent_again() {
    let mut wire = asked();
    take_sent(&mut wire);
    let bytes = [begun(&empty(b'n')), copy_response(b'G', 1)].concat();
    assert_eq!(hear(&mut wire, &bytes), ["NoData", "CopyIn"]);
    wire.start_copy_fail("no").unwrap();
    assert_eq!(kinds(&take_sent(&mut wire)), "fS");
}

#[test]
fn what_does_not_belong_is_refused() {
    let one = columns(&["x"]);
    for (bytes, what) in [
        (
            answer(&one, &[text_row(&["a", "b"])], "SELECT 1", b'I'),
            "a row of another width",
        ),
        (
            answer(&empty(b'n'), &[text_row(&["a"])], "SELECT 1", b'I'),
            "a row without columns",
        ),
        (begun(&empty(b'2')), "bound twice"),
        (begun(&ready(b'I')), "no end"),
        (begun(&complete("SELECT 1")), "no description"),
        (begun(&[&one[..], &one].concat()), "described twice"),
        (answer(&one, &[], "SELECT 0", b'?'), "an unknown status"),
        (
            [begun(&one), ready(b'I')].concat(),
            "ready before it has ended",
        ),
        ([empty(b'2'), empty(b'1')].concat(), "the wrong way round"),
        (text_row(&["a"]), "a row before all"),
    ] {
        assert_eq!(refused(&mut asked(), &bytes), "08P01", "{what}");
    }
}
