//! Statements by the simple and the extended protocol, and what may come between their answers.

use super::support::*;
use crate::error::Class;
use crate::wire::{RowShape, Wire};

fn asking(sql: &str) -> Wire {
    let mut wire = connected();
    wire.start_query(sql).unwrap();
    wire
}

#[test]
fn a_simple_query_is_one_message_and_ends_with_ready() {
    let mut wire = asking("SELECT 1");
    assert!(wire.is_busy());
    assert_eq!(take_sent(&mut wire), b"Q\0\0\0\x0dSELECT 1\0");
    let bytes = [
        columns(&["a"]),
        text_row(&["1"]),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    let expected = ["Columns a", "Complete SELECT 1 [1]", "Ready Idle"];
    assert_eq!(hear(&mut wire, &bytes), expected);
    assert!(is_idle(&wire));
    transcript(|| asking("SELECT 1"), &bytes, &expected);
}

#[test]
fn every_statement_of_a_simple_query_has_its_result() {
    let bytes = [
        complete("BEGIN"),
        columns(&["a", "b"]),
        text_row(&["1", "x"]),
        row(&[None, Some(b"")]),
        complete("SELECT 2"),
        empty(b'I'),
        columns(&[]),
        text_row(&[]),
        complete("SELECT 1"),
        columns(&["c"]),
        complete("SELECT 0"),
        complete("INSERT 0 5"),
        ready(b'T'),
    ]
    .concat();
    let expected = [
        "Complete BEGIN",
        "Columns a,b",
        "Complete SELECT 2 [1|x] [NULL|]",
        "EmptyQuery",
        "Columns ",
        "Complete SELECT 1 []",
        "Columns c",
        "Complete SELECT 0",
        "Complete INSERT 0 5",
        "Ready InTransaction",
    ];
    transcript(|| asking("BEGIN; ..."), &bytes, &expected);
}

#[test]
fn a_simple_query_that_fails_still_ends_with_ready() {
    let bytes = [
        complete("BEGIN"),
        columns(&["a"]),
        text_row(&["lost"]),
        error("22012"),
        ready(b'E'),
    ]
    .concat();
    let expected = [
        "Complete BEGIN",
        "Columns a",
        "Failed 22012",
        "Ready InError",
    ];
    transcript(|| asking("BEGIN; SELECT ..."), &bytes, &expected);

    let mut wire = asking("BEGIN; SELECT ...");
    hear(&mut wire, &bytes);
    assert_eq!(
        wire.take_rows().unwrap().len(),
        0,
        "rows of a failed statement"
    );
    // Nothing more was asked for, unlike after an error in the extended protocol.
    assert_eq!(kinds(&take_sent(&mut wire)), "Q");
}

#[test]
fn after_an_error_only_ready_may_follow() {
    for bytes in [
        columns(&["a"]),
        text_row(&["a"]),
        complete("SELECT 1"),
        empty(b'I'),
    ] {
        let mut wire = asking("SELECT 1");
        hear(&mut wire, &error("42601"));
        assert_eq!(refused(&mut wire, &bytes), "08P01", "{bytes:?}");
    }
}

#[test]
fn a_described_portal_gives_columns_and_rows() {
    let make = || {
        let mut wire = connected();
        wire.start_parse("", "SELECT $1", &[23, 0]).unwrap();
        wire.start_bind("", &[], &[]).unwrap();
        wire.start_describe_portal().unwrap();
        wire.start_execute(0, RowShape::Described).unwrap();
        wire.start_sync();
        wire
    };
    assert_eq!(
        make().poll_transmit(),
        b"P\0\0\0\x19\0SELECT $1\0\0\x02\0\0\0\x17\0\0\0\0\
          B\0\0\0\x0c\0\0\0\0\0\0\0\0\
          D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04"
    );
    let with_rows = [
        empty(b'1'),
        empty(b'2'),
        columns(&["a"]),
        row(&[None]),
        text_row(&["x"]),
        complete("SELECT 2"),
        ready(b'I'),
    ]
    .concat();
    let expected = ["Columns a", "Complete SELECT 2 [NULL] [x]", "Ready Idle"];
    transcript(make, &with_rows, &expected);
    let without = [
        empty(b'1'),
        empty(b'2'),
        empty(b'n'),
        complete("DELETE 3"),
        ready(b'T'),
    ]
    .concat();
    transcript(
        make,
        &without,
        &["NoData", "Complete DELETE 3", "Ready InTransaction"],
    );
}

#[test]
fn a_described_statement_gives_columns_before_it_is_bound() {
    let mut wire = connected();
    wire.start_parse("s", "SELECT $1", &[]).unwrap();
    wire.start_describe_statement("s").unwrap();
    wire.start_flush();
    assert_eq!(kinds(&take_sent(&mut wire)), "PDH");
    let bytes = [empty(b'1'), parameters(&[23]), columns(&["a"])].concat();
    assert_eq!(hear(&mut wire, &bytes), ["Columns a"]);
    assert!(!wire.is_busy());

    wire.start_bind("s", &[], &[1]).unwrap();
    wire.start_execute(0, RowShape::Known(1)).unwrap();
    wire.start_sync();
    assert_eq!(kinds(&take_sent(&mut wire)), "BES");
    let bytes = [
        empty(b'2'),
        text_row(&["x"]),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    let mut listener = Listener {
        width: 1,
        ..Listener::default()
    };
    listener.hear(&mut wire, &bytes, 3).unwrap();
    assert_eq!(listener.heard, ["Complete SELECT 1 [x]", "Ready Idle"]);
}

#[test]
fn a_statement_with_65535_parameters_can_be_described() {
    let mut wire = connected();
    wire.start_describe_statement("").unwrap();
    wire.start_sync();
    let bytes = [parameters(&vec![25; 65535]), empty(b'n'), ready(b'I')].concat();
    assert_eq!(hear(&mut wire, &bytes), ["NoData", "Ready Idle"]);
}

#[test]
fn a_portal_that_is_not_done_is_suspended_and_goes_on() {
    let make = || {
        let mut wire = connected();
        wire.start_bind("s", &[], &[]).unwrap();
        wire.start_describe_portal().unwrap();
        wire.start_execute(1, RowShape::Described).unwrap();
        wire.start_execute(1, RowShape::Described).unwrap();
        wire.start_sync();
        wire
    };
    let bytes = [
        empty(b'2'),
        columns(&["a"]),
        text_row(&["1"]),
        empty(b's'),
        text_row(&["2"]),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    let expected = [
        "Columns a",
        "Suspended",
        "Complete SELECT 1 [1] [2]",
        "Ready Idle",
    ];
    transcript(make, &bytes, &expected);
}

#[test]
fn rows_may_be_taken_at_any_time() {
    let mut wire = asking("SELECT");
    hear(
        &mut wire,
        &[columns(&["a"]), text_row(&["1"]), text_row(&["2"])].concat(),
    );
    let first = wire.take_rows().unwrap();
    assert_eq!(wire.take_rows().unwrap().len(), 0);
    hear(&mut wire, &text_row(&["3"]));
    let second = wire.take_rows().unwrap();
    assert_eq!(
        hear(&mut wire, &complete("SELECT 3")),
        ["Complete SELECT 3"]
    );
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(cells(&first, 1, 1), [Some(&b"2"[..])]);
    assert_eq!(cells(&second, 0, 1), [Some(&b"3"[..])]);
    assert!(first.row(2).is_none());
    assert!(first.row(u64::MAX).is_none());
}

#[test]
fn a_second_description_of_a_simple_query_begins_a_new_result() {
    // A rule DO ALSO SELECT makes the server say this. Rows of the two widths must not be mixed.
    let bytes = [
        columns(&["a"]),
        text_row(&["1"]),
        text_row(&["2"]),
        columns(&["b", "c"]),
        text_row(&["3", "4"]),
        complete("INSERT 0 1"),
        ready(b'I'),
    ]
    .concat();
    let expected = [
        "Columns a",
        "Columns b,c",
        "Complete INSERT 0 1 [3|4]",
        "Ready Idle",
    ];
    transcript(|| asking("INSERT"), &bytes, &expected);
}

#[test]
fn rows_of_an_empty_query_are_not_mixed_with_the_next_result() {
    let mut wire = asking("");
    hear(
        &mut wire,
        &[columns(&["a"]), text_row(&["1"]), empty(b'I')].concat(),
    );
    assert_eq!(wire.take_rows().unwrap().len(), 0);
}

#[test]
fn notices_notifications_and_settings_may_come_between_any_two_messages() {
    let make = || {
        let mut wire = connected();
        wire.start_parse("", "SELECT", &[]).unwrap();
        wire.start_bind("", &[], &[]).unwrap();
        wire.start_describe_portal().unwrap();
        wire.start_execute(0, RowShape::Described).unwrap();
        wire.start_sync();
        wire
    };
    let messages = [
        empty(b'1'),
        empty(b'2'),
        columns(&["a"]),
        text_row(&["1"]),
        text_row(&["2"]),
        complete("SELECT 2"),
        ready(b'I'),
    ];
    let plain = ["Columns a", "Complete SELECT 2 [1] [2]", "Ready Idle"];
    let between = [
        notice("%n%s"),
        notification(7, "channel", "payload"),
        setting("TimeZone", "UTC"),
    ]
    .concat();
    for at in 0..=messages.len() {
        let (before, after) = messages.split_at(at);
        let bytes = [before.concat(), between.clone(), after.concat()].concat();
        let mut wire = make();
        let heard = hear(&mut wire, &bytes);
        let (extra, rest): (Vec<_>, Vec<_>) =
            heard.into_iter().partition(|line| line.starts_with("Noti"));
        assert_eq!(
            extra,
            ["Notice %n%s", "Notification 7 channel=payload"],
            "{at}"
        );
        assert_eq!(rest, plain, "{at}");
        assert_eq!(wire.parameter_status("TimeZone"), Some("UTC"));
    }
    let everywhere: Vec<u8> = messages
        .iter()
        .flat_map(|message| [between.clone(), message.clone()].concat())
        .collect();
    let mut wire = make();
    assert_eq!(
        hear(&mut wire, &everywhere).len(),
        2 * messages.len() + plain.len()
    );
}

#[test]
fn what_comes_while_nothing_is_asked_is_heard() {
    let mut wire = connected();
    let bytes = [notification(7, "a", ""), notice("hello"), error("01000")].concat();
    let expected = ["Notification 7 a=", "Notice hello", "Notice it went wrong"];
    assert_eq!(hear(&mut wire, &bytes), expected);
    assert!(is_idle(&wire));
    assert!(take_sent(&mut wire).is_empty());
}

#[test]
fn a_column_is_described_in_full() {
    let mut wire = asking("SELECT");
    let mut body = vec![0, 1];
    body.extend_from_slice(b"na\xefme\0");
    body.extend_from_slice(&[0x80, 0, 0, 1, 0xff, 0xfe, 0, 0, 6, 0xa4, 0, 8]);
    body.extend_from_slice(&[0xff, 0xff, 0xff, 0xfe, 0, 1]);
    receive(&mut wire, &message(b'T', &body));
    let Some(crate::wire::Event::Columns(columns)) = wire.poll_event().unwrap() else {
        panic!("no columns");
    };
    let [column] = &*columns else {
        panic!("{columns:?}");
    };
    assert_eq!(column.name.as_bytes(), b"na\xefme");
    assert_eq!((column.table_oid, column.table_column), (0x8000_0001, -2));
    assert_eq!((column.type_oid, column.type_size), (1700, 8));
    assert_eq!((column.type_modifier, column.binary), (-2, true));
}

#[test]
fn every_field_of_an_error_is_kept_and_unknown_ones_are_skipped() {
    let mut wire = asking("SELECT");
    let body: Vec<u8> = b"SVCMDHPpqWstcdnFLR"
        .iter()
        .flat_map(|&code| match code {
            b'C' => b"C23505\0".to_vec(),
            _ => vec![code, b'=', code, 0],
        })
        .chain(*b"Zunknown\0\0")
        .collect();
    receive(&mut wire, &message(b'E', &body));
    let Some(crate::wire::Event::Failed(fields, _)) = wire.poll_event().unwrap() else {
        panic!("no failure");
    };
    assert_eq!(fields.sqlstate.unwrap().class(), Class::Integrity);
    let kept = [
        (b'S', &fields.severity),
        (b'V', &fields.severity_nonlocalized),
        (b'M', &fields.message_primary),
        (b'D', &fields.message_detail),
        (b'H', &fields.message_hint),
        (b'P', &fields.statement_position),
        (b'p', &fields.internal_position),
        (b'q', &fields.internal_query),
        (b'W', &fields.context),
        (b's', &fields.schema_name),
        (b't', &fields.table_name),
        (b'c', &fields.column_name),
        (b'd', &fields.datatype_name),
        (b'n', &fields.constraint_name),
        (b'F', &fields.source_file),
        (b'L', &fields.source_line),
        (b'R', &fields.source_function),
    ];
    for (code, field) in kept {
        assert_eq!(field.as_deref(), Some(&*format!("={}", char::from(code))));
    }
}
