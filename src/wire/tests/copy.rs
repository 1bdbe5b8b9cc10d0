//! COPY, which is refused on its way in and skipped on its way out.

use super::support::*;
use crate::wire::{RowShape, Wire};

fn by_query() -> Wire {
    let mut wire = connected();
    wire.start_query("COPY").unwrap();
    take_sent(&mut wire);
    wire
}

fn by_execute() -> Wire {
    let mut wire = connected();
    wire.start_parse("", "COPY", &[]).unwrap();
    wire.start_bind("", &[], &[]).unwrap();
    wire.start_describe_portal().unwrap();
    wire.start_execute(0, RowShape::Described).unwrap();
    wire.start_sync();
    take_sent(&mut wire);
    hear(&mut wire, &[empty(b'1'), empty(b'2'), empty(b'n')].concat());
    wire
}

#[test]
fn copy_out_is_skipped_to_its_end() {
    let bytes = [
        copy_response(b'H', 2),
        message(b'd', b"1\tx\n"),
        message(b'd', &[]),
        notice("still copying"),
        message(b'd', &[0xff; 300]),
        empty(b'c'),
        complete("COPY 3"),
        ready(b'I'),
    ]
    .concat();
    let expected = [
        "CopyOut",
        "Notice still copying",
        "Complete COPY 3",
        "Ready Idle",
    ];
    transcript(by_query, &bytes, &expected);
    transcript(by_execute, &bytes, &expected);
}

#[test]
fn a_long_copy_out_keeps_no_memory() {
    let mut wire = by_query();
    let line = message(b'd', &[b'x'; 5000]);
    let mut listener = Listener::default();
    listener
        .hear(&mut wire, &copy_response(b'H', 1), 1)
        .unwrap();
    for _ in 0..1000 {
        listener.hear(&mut wire, &line, 1500).unwrap();
    }
    assert!(
        wire.inbox.capacity() < 300 << 10,
        "{}",
        wire.inbox.capacity()
    );
}

#[test]
fn copy_out_that_fails_comes_to_ready() {
    let bytes = [
        copy_response(b'H', 1),
        message(b'd', b"1\n"),
        error("57014"),
        ready(b'I'),
    ]
    .concat();
    transcript(by_query, &bytes, &["CopyOut", "Failed 57014", "Ready Idle"]);
}

#[test]
fn copy_data_outside_of_copy_is_refused() {
    for kind in [b'd', b'c'] {
        assert_eq!(refused(&mut connected(), &empty(kind)), "08P01");
        assert_eq!(refused(&mut by_query(), &empty(kind)), "08P01");
        // After the statement has ended; while the server waits for ours.
        let mut wire = by_query();
        hear(
            &mut wire,
            &[copy_response(b'H', 1), empty(b'c'), complete("COPY 0")].concat(),
        );
        assert_eq!(refused(&mut wire, &empty(kind)), "08P01");
        let mut wire = by_query();
        hear(&mut wire, &copy_response(b'G', 1));
        assert_eq!(refused(&mut wire, &empty(kind)), "08P01");
    }
}

#[test]
fn copy_in_by_a_query_is_refused_without_a_sync() {
    let mut wire = by_query();
    assert_eq!(hear(&mut wire, &copy_response(b'G', 2)), ["CopyIn"]);
    wire.start_copy_fail("no").unwrap();
    assert_eq!(take_sent(&mut wire), b"f\0\0\0\x07no\0");
    let bytes = [error("57014"), ready(b'I')].concat();
    assert_eq!(hear(&mut wire, &bytes), ["Failed 57014", "Ready Idle"]);
    assert!(is_idle(&wire));
}

#[test]
fn copy_in_by_execute_is_refused_with_the_sync_that_the_server_ignored() {
    let mut wire = by_execute();
    assert_eq!(hear(&mut wire, &copy_response(b'G', 2)), ["CopyIn"]);
    wire.start_copy_fail("no").unwrap();
    assert_eq!(take_sent(&mut wire), b"f\0\0\0\x07no\0S\0\0\0\x04");
    let bytes = [error("57014"), ready(b'I')].concat();
    assert_eq!(hear(&mut wire, &bytes), ["Failed 57014", "Ready Idle"]);
    assert!(is_idle(&wire));
    assert!(take_sent(&mut wire).is_empty());
}

#[test]
fn a_second_copy_in_response_within_one_statement_is_refused() {
    // Each asks for an answer: a server could have any number of them written.
    for make in [by_query, by_execute] {
        for (first, second) in [(b'G', b'G'), (b'H', b'G'), (b'G', b'H'), (b'H', b'H')] {
            let mut wire = make();
            hear(&mut wire, &copy_response(first, 1));
            assert_eq!(refused(&mut wire, &copy_response(second, 1)), "08P01");
        }
    }
}

#[test]
fn two_copies_in_one_query_are_two_copies() {
    let bytes = [
        copy_response(b'H', 1),
        complete("COPY 0"),
        copy_response(b'H', 1),
        complete("COPY 0"),
        ready(b'I'),
    ]
    .concat();
    let expected = [
        "CopyOut",
        "Complete COPY 0",
        "CopyOut",
        "Complete COPY 0",
        "Ready Idle",
    ];
    transcript(by_query, &bytes, &expected);
}

#[test]
fn replication_is_not_supported() {
    let error = refusal(&mut by_query(), &copy_response(b'W', 1));
    assert_eq!(error.class(), crate::error::Class::NotSupported);
}
