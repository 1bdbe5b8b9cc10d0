//! How connections end: fatal errors, the end of the stream in every phase, good-byes.

use super::support::*;
use crate::wire::{RowShape, Wire};

#[test]
fn a_fatal_error_ends_the_connection_whatever_was_asked() {
    let asking: [fn(&mut Wire); 3] = [
        |_| {},
        |wire| wire.start_query("SELECT").unwrap(),
        |wire| {
            wire.start_command_before("BEGIN").unwrap();
            wire.start_sync();
        },
    ];
    for severity in ["FATAL", "PANIC"] {
        for ask in asking {
            let mut wire = connected();
            ask(&mut wire);
            let body = format!("Sx\0V{severity}\0C57P01\0Mshutting down\0\0");
            let error = refusal(&mut wire, &message(b'E', body.as_bytes()));
            assert_eq!(error.sqlstate().unwrap().as_str(), "57P01");
            assert!(error.message().contains("shutting down"), "{error}");
        }
    }
}

#[test]
fn a_severity_in_another_language_does_not_hide_a_fatal_error() {
    let mut wire = connected();
    wire.start_query("SELECT").unwrap();
    let error = refusal(&mut wire, &fatal("57P01", "au revoir"));
    assert_eq!(error.sqlstate().unwrap().as_str(), "57P01");
    // V decides where there is one.
    let mut wire = connected();
    wire.start_query("SELECT").unwrap();
    let body = b"SFATAL\0VERROR\0C42601\0Mx\0\0";
    assert_eq!(hear(&mut wire, &message(b'E', body)), ["Failed 42601"]);
}

#[test]
fn the_end_of_the_stream_breaks_the_connection_in_every_phase() {
    type Phase = (&'static str, fn() -> Wire);
    let phases: [Phase; 6] = [
        ("while connecting", || connecting(None)),
        ("while connecting", || {
            let mut wire = connecting(None);
            hear(&mut wire, &authentication(0, &[]));
            wire
        }),
        ("unexpectedly", connected),
        ("unexpectedly", || {
            let mut wire = connected();
            wire.start_query("SELECT").unwrap();
            hear(&mut wire, &[columns(&["a"]), text_row(&["1"])].concat());
            wire
        }),
        ("in the middle of a message", || {
            let mut wire = connected();
            wire.start_query("SELECT").unwrap();
            let bytes = [columns(&["a"]), text_row(&["1"])].concat();
            hear(&mut wire, &bytes[..bytes.len() - 1]);
            wire
        }),
        ("unexpectedly", || {
            let mut wire = connected();
            wire.start_parse("", "SELECT", &[]).unwrap();
            wire.start_execute(0, RowShape::Described).unwrap();
            wire
        }),
    ];
    for (number, (when, make)) in phases.into_iter().enumerate() {
        let mut wire = make();
        let error = wire.handle_eof();
        assert_eq!(error.sqlstate().unwrap().as_str(), "08006", "{number}");
        assert!(error.breaks_connection(), "{number}");
        assert!(error.message().ends_with(when), "{number}: {error}");
        assert!(!wire.is_authenticated());
        assert!(wire.poll_event().is_err(), "{number}");
    }
}

#[test]
fn the_end_of_the_stream_at_every_byte_of_a_session_is_an_error_and_no_event_is_made_up() {
    let answers = [
        columns(&["a"]),
        text_row(&["1"]),
        notice("x"),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    let mut whole = connected();
    whole.start_query("SELECT").unwrap();
    let all = hear(&mut whole, &answers);
    for end in 0..answers.len() {
        let mut wire = connected();
        wire.start_query("SELECT").unwrap();
        let heard = hear(&mut wire, &answers[..end]);
        assert_eq!(heard, all[..heard.len()], "{end}");
        assert!(heard.len() < all.len(), "{end}");
        assert!(wire.is_busy());
        assert!(wire.handle_eof().breaks_connection());
    }
}

#[test]
fn terminate_is_said_once() {
    let mut wire = connected();
    wire.start_terminate();
    wire.start_terminate();
    assert_eq!(take_sent(&mut wire), b"X\0\0\0\x04");
    assert!(wire.poll_event().is_err());
}

#[test]
fn a_broken_connection_says_no_good_bye() {
    let mut wire = connected();
    refusal(&mut wire, &ready(b'I'));
    wire.start_terminate();
    assert!(take_sent(&mut wire).is_empty());
}

#[test]
fn an_error_stays_one_and_what_was_received_behind_it_is_not_heard() {
    let mut wire = connected();
    wire.start_query("SELECT").unwrap();
    let bytes = [empty(b'1'), complete("SELECT 1"), ready(b'I')].concat();
    assert_eq!(refused(&mut wire, &bytes), "08P01");
    assert!(wire.poll_event().is_err());
    assert!(wire.poll_event().is_err());
}
