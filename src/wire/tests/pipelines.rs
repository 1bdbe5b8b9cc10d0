//! Several requests in flight, and errors in the middle of them.

use super::support::*;
use crate::wire::{RowShape, Wire};

fn statement(wire: &mut Wire) {
    wire.start_parse("", "INSERT", &[]).unwrap();
    wire.start_bind("", &[], &[]).unwrap();
    wire.start_describe_portal().unwrap();
    wire.start_execute(0, RowShape::Described).unwrap();
}

fn answers(tag: &str) -> Vec<u8> {
    [empty(b'1'), empty(b'2'), empty(b'n'), complete(tag)].concat()
}

/// BEGIN, then a simple query.
fn begin_and_query() -> Wire {
    let mut wire = connected();
    wire.start_command_before("BEGIN").unwrap();
    wire.start_query("SELECT").unwrap();
    wire
}

#[test]
fn statements_before_one_sync_are_answered_in_order() {
    let make = || {
        let mut wire = connected();
        statement(&mut wire);
        statement(&mut wire);
        wire.start_sync();
        wire
    };
    let bytes = [answers("INSERT 0 1"), answers("INSERT 0 2"), ready(b'T')].concat();
    let expected = [
        "NoData",
        "Complete INSERT 0 1",
        "NoData",
        "Complete INSERT 0 2",
        "Ready InTransaction",
    ];
    transcript(make, &bytes, &expected);
}

#[test]
fn an_error_skips_to_the_sync_that_was_sent_and_no_further() {
    let make = || {
        let mut wire = connected();
        statement(&mut wire);
        statement(&mut wire);
        wire.start_sync();
        statement(&mut wire);
        wire.start_sync();
        wire.start_query("SELECT").unwrap();
        take_sent(&mut wire);
        wire
    };
    let second = [
        answers("INSERT 0 2"),
        ready(b'I'),
        complete("SELECT 0"),
        ready(b'I'),
    ]
    .concat();
    let all = answers("INSERT 0 1");
    // The server may fail at any message of the first statement.
    for (said, count) in [(0, 0), (5, 0), (10, 0), (15, 1), (all.len(), 2)] {
        let bytes = [&all[..said], &error("23505"), &ready(b'I'), &second].concat();
        let mut expected = vec!["NoData", "Complete INSERT 0 1"];
        expected.truncate(count);
        expected.extend(["Failed 23505", "Ready Idle"]);
        expected.extend(["NoData", "Complete INSERT 0 2", "Ready Idle"]);
        expected.extend(["Complete SELECT 0", "Ready Idle"]);
        let mut wire = make();
        assert_eq!(hear(&mut wire, &bytes), expected);
        assert!(take_sent(&mut wire).is_empty(), "a Sync too many");
        assert!(is_idle(&wire));
        transcript(make, &bytes, &expected);
    }
}

#[test]
fn an_error_at_the_sync_itself_ends_with_its_ready() {
    // A deferred constraint fails when the Sync commits.
    let make = || {
        let mut wire = connected();
        statement(&mut wire);
        wire.start_sync();
        take_sent(&mut wire);
        wire
    };
    let bytes = [answers("INSERT 0 1"), error("23503"), ready(b'I')].concat();
    let expected = [
        "NoData",
        "Complete INSERT 0 1",
        "Failed 23503",
        "Ready Idle",
    ];
    transcript(make, &bytes, &expected);
    let mut wire = make();
    hear(&mut wire, &bytes);
    assert!(take_sent(&mut wire).is_empty());
}

#[test]
fn an_error_without_a_sync_sends_one_and_comes_to_ready() {
    let mut wire = connected();
    wire.start_parse("", "SELECT", &[]).unwrap();
    wire.start_describe_statement("").unwrap();
    wire.start_flush();
    take_sent(&mut wire);
    assert_eq!(hear(&mut wire, &error("42601")), ["Failed 42601"]);
    assert_eq!(take_sent(&mut wire), b"S\0\0\0\x04");
    assert!(wire.is_busy());
    assert_eq!(hear(&mut wire, &ready(b'I')), ["Ready Idle"]);
    assert!(is_idle(&wire));
}

#[test]
fn the_sync_after_an_error_is_sent_once() {
    let mut wire = connected();
    wire.start_parse("", "SELECT", &[]).unwrap();
    wire.start_flush();
    take_sent(&mut wire);
    let errors = [error("42601"), error("42601"), error("42601")].concat();
    assert_eq!(hear(&mut wire, &errors), ["Failed 42601"; 3]);
    assert_eq!(kinds(&take_sent(&mut wire)), "S");
}

#[test]
fn begin_travels_before_a_query_in_the_same_bytes() {
    let wire = begin_and_query();
    assert_eq!(kinds(wire.poll_transmit()), "PBEQ");
    let bytes = [
        empty(b'1'),
        empty(b'2'),
        complete("BEGIN"),
        columns(&["a"]),
        text_row(&["1"]),
        complete("SELECT 1"),
        ready(b'T'),
    ]
    .concat();
    let expected = [
        "Complete BEGIN",
        "Columns a",
        "Complete SELECT 1 [1]",
        "Ready InTransaction",
    ];
    transcript(begin_and_query, &bytes, &expected);
}

#[test]
fn a_query_behind_a_failed_begin_is_skipped_and_a_sync_ends_the_wait() {
    for said in [&[][..], &empty(b'1'), &[empty(b'1'), empty(b'2')].concat()] {
        let mut wire = begin_and_query();
        take_sent(&mut wire);
        let bytes = [said, &error("25P02")].concat();
        assert_eq!(hear(&mut wire, &bytes), ["Failed 25P02"]);
        // The server ignores the Query, and everything up to this.
        assert_eq!(take_sent(&mut wire), b"S\0\0\0\x04");
        assert_eq!(hear(&mut wire, &ready(b'I')), ["Ready Idle"]);
        assert!(is_idle(&wire));
        // The next request is answered as if nothing had been.
        wire.start_query("SELECT").unwrap();
        let bytes = [complete("SELECT 0"), ready(b'I')].concat();
        assert_eq!(hear(&mut wire, &bytes), ["Complete SELECT 0", "Ready Idle"]);
    }
}

#[test]
fn the_sync_after_a_failed_begin_follows_what_was_not_sent_yet() {
    let mut wire = begin_and_query();
    let all = wire.poll_transmit().len();
    wire.handle_sent(all - 3);
    hear(&mut wire, &error("25P02"));
    let rest = take_sent(&mut wire);
    assert_eq!(&rest[3..], b"S\0\0\0\x04");
}

#[test]
fn a_query_that_fails_behind_begin_needs_no_sync() {
    let mut wire = begin_and_query();
    take_sent(&mut wire);
    let bytes = [
        empty(b'1'),
        empty(b'2'),
        complete("BEGIN"),
        error("42601"),
        ready(b'E'),
    ]
    .concat();
    assert_eq!(
        hear(&mut wire, &bytes),
        ["Complete BEGIN", "Failed 42601", "Ready InError"]
    );
    assert!(take_sent(&mut wire).is_empty());
}

#[test]
fn a_statement_behind_a_failed_begin_is_skipped_to_its_own_sync() {
    let mut wire = connected();
    wire.start_command_before("BEGIN").unwrap();
    statement(&mut wire);
    wire.start_sync();
    take_sent(&mut wire);
    let bytes = [error("25P02"), ready(b'I')].concat();
    assert_eq!(hear(&mut wire, &bytes), ["Failed 25P02", "Ready Idle"]);
    assert!(take_sent(&mut wire).is_empty());
}

#[test]
fn rows_of_an_unwanted_statement_are_dropped_whatever_they_are() {
    let make = || {
        let mut wire = connected();
        wire.start_command_before("SELECT").unwrap();
        wire.start_sync();
        wire
    };
    let bytes = [
        empty(b'1'),
        empty(b'2'),
        text_row(&["1", "2"]),
        message(b'D', &[0xff]),
        complete("SELECT 2"),
        ready(b'I'),
    ]
    .concat();
    transcript(make, &bytes, &["Complete SELECT 2", "Ready Idle"]);
}

#[test]
fn a_long_pipeline_is_followed_to_its_end() {
    let mut wire = connected();
    let mut bytes = Vec::new();
    for number in 0..10_000 {
        statement(&mut wire);
        bytes.extend_from_slice(&answers(&format!("INSERT 0 {number}")));
    }
    wire.start_sync();
    bytes.extend_from_slice(&ready(b'I'));
    let mut listener = Listener::default();
    listener.hear(&mut wire, &bytes, 1000).unwrap();
    assert_eq!(listener.heard.len(), 20_001);
    assert_eq!(listener.heard[19_999], "Complete INSERT 0 9999");
    assert!(is_idle(&wire));
}
