//! Messages out of place, and messages whose bodies lie.

use super::support::*;
use crate::wire::{RowShape, Wire};

/// A body that is right for each type there is.
fn sound() -> Vec<Vec<u8>> {
    vec![
        authentication(0, &[]),
        backend_key(1, b"key!"),
        setting("name", "value"),
        notification(1, "channel", "payload"),
        error("42601"),
        notice("text"),
        empty(b'1'),
        empty(b'2'),
        empty(b'3'),
        empty(b'n'),
        empty(b's'),
        empty(b'I'),
        empty(b'c'),
        ready(b'T'),
        complete("SELECT 1"),
        parameters(&[23, 25]),
        copy_response(b'G', 2),
        copy_response(b'H', 2),
        copy_response(b'W', 2),
        columns(&["a", "b"]),
        text_row(&["1", "2"]),
        message(b'd', b"data"),
        message(b'v', &[0; 8]),
    ]
}

/// A state, how to get there, and the types that are welcome in it.
type State = (&'static str, fn() -> Wire, &'static str);

fn asked(ask: impl FnOnce(&mut Wire)) -> Wire {
    let mut wire = connected();
    ask(&mut wire);
    wire
}

const STATES: [State; 14] = [
    ("before authentication", || connecting(None), "RN"),
    (
        "before the first Ready",
        || {
            let mut wire = connecting(None);
            hear(&mut wire, &authentication(0, &[]));
            wire
        },
        "SKNZ",
    ),
    ("idle", connected, "SANE"),
    (
        "query",
        || asked(|wire| wire.start_query("x").unwrap()),
        "SANEZTCIGH",
    ),
    (
        "query, described",
        || {
            let mut wire = asked(|wire| wire.start_query("x").unwrap());
            hear(&mut wire, &columns(&["a", "b"]));
            wire
        },
        "SANEZTCIGHD",
    ),
    (
        "query, copying out",
        || {
            let mut wire = asked(|wire| wire.start_query("x").unwrap());
            hear(&mut wire, &copy_response(b'H', 1));
            wire
        },
        "SANEZTCIdc",
    ),
    (
        "query, copying in",
        || {
            let mut wire = asked(|wire| wire.start_query("x").unwrap());
            hear(&mut wire, &copy_response(b'G', 1));
            wire
        },
        "SANEZTCI",
    ),
    (
        "query, failed",
        || {
            let mut wire = asked(|wire| wire.start_query("x").unwrap());
            hear(&mut wire, &error("42601"));
            wire
        },
        "SANEZ",
    ),
    (
        "parse",
        || asked(|wire| wire.start_parse("", "x", &[]).unwrap()),
        "SANE1",
    ),
    (
        "bind",
        || asked(|wire| wire.start_bind("", &[], &[]).unwrap()),
        "SANE2",
    ),
    (
        "describe statement",
        || asked(|wire| wire.start_describe_statement("").unwrap()),
        "SANEtTn",
    ),
    (
        "describe portal",
        || asked(|wire| wire.start_describe_portal().unwrap()),
        "SANETn",
    ),
    (
        "execute",
        || asked(|wire| wire.start_execute(0, RowShape::Known(2)).unwrap()),
        "SANEDCIsGH",
    ),
    ("sync", || asked(Wire::start_sync), "SANEZ"),
];

#[test]
fn a_message_is_accepted_where_it_belongs_and_nowhere_else() {
    for (name, make, welcome) in STATES {
        for bytes in sound() {
            let kind = char::from(bytes[0]);
            let mut wire = make();
            let outcome = Listener::default().hear(&mut wire, &bytes, usize::MAX);
            match outcome {
                Ok(()) => assert!(welcome.contains(kind), "{kind} accepted: {name}"),
                Err(error) => {
                    assert!(!welcome.contains(kind), "{kind} refused: {name}: {error}");
                    assert!(error.breaks_connection(), "{kind}: {name}");
                    assert!(wire.poll_event().is_err());
                }
            }
        }
    }
}

#[test]
fn a_ready_with_a_status_that_does_not_exist_is_refused() {
    for status in 0..=255u8 {
        let mut wire = asked(Wire::start_sync);
        if b"ITE".contains(&status) {
            hear(&mut wire, &ready(status));
        } else {
            assert_eq!(refused(&mut wire, &ready(status)), "08P01");
        }
    }
}

/// The types whose bodies are taken apart, each with states that welcome them.
fn taken_apart() -> Vec<(Vec<u8>, &'static State)> {
    let mut list = Vec::new();
    for bytes in sound() {
        let kind = char::from(bytes[0]);
        // CopyData is whatever it is, and FATAL is an end in any case.
        if kind != 'd' {
            let welcoming = STATES.iter().filter(|(_, _, kinds)| kinds.contains(kind));
            list.extend(welcoming.map(|state| (bytes.clone(), state)));
        }
    }
    list
}

#[test]
fn a_body_cut_short_anywhere_is_refused() {
    for (bytes, (name, make, _)) in taken_apart() {
        for length in 0..bytes.len() - 5 {
            let cut = message(bytes[0], &bytes[5..5 + length]);
            let kind = char::from(bytes[0]);
            assert_eq!(
                refused(&mut make(), &cut),
                "08P01",
                "{kind} of {length}: {name}"
            );
        }
    }
}

#[test]
fn a_body_with_more_behind_it_is_refused() {
    for (bytes, (name, make, _)) in taken_apart() {
        // A longer cancel key is a longer key.
        if bytes[0] == b'K' {
            continue;
        }
        for more in [&b"\0"[..], b"x", b"\0\0\0\0", b"\xff\xff\xff\xff"] {
            let longer = message(bytes[0], &[&bytes[5..], more].concat());
            let kind = char::from(bytes[0]);
            assert_eq!(refused(&mut make(), &longer), "08P01", "{kind}: {name}");
        }
    }
}

#[test]
fn a_lying_count_is_refused() {
    // Where the count stands, in the body.
    for (kind, at, honest) in [
        (b'T', 0, 2),
        (b't', 0, 2),
        (b'D', 0, 2),
        (b'G', 1, 2),
        (b'H', 1, 2),
    ] {
        for (bytes, (name, make, _)) in taken_apart() {
            if bytes[0] != kind {
                continue;
            }
            for lie in [0, 1, 3, 4, 0x7fff, 0x8000, 0xfffe, 0xffff_u16] {
                assert_ne!(lie, honest);
                let mut bytes = bytes.clone();
                bytes[5 + at..7 + at].copy_from_slice(&lie.to_be_bytes());
                let shown = char::from(kind);
                assert_eq!(
                    refused(&mut make(), &bytes),
                    "08P01",
                    "{shown} of {lie}: {name}"
                );
            }
        }
    }
}

#[test]
fn strings_without_an_end_are_refused() {
    for (bytes, (name, make, _)) in taken_apart() {
        let kind = char::from(bytes[0]);
        if !"SANECT".contains(kind) {
            continue;
        }
        let body: Vec<u8> = bytes[5..].iter().map(|&byte| byte.max(1)).collect();
        assert_eq!(
            refused(&mut make(), &message(bytes[0], &body)),
            "08P01",
            "{kind}: {name}"
        );
    }
}

#[test]
fn an_unknown_format_code_of_a_column_is_refused() {
    let honest = columns(&["a"]);
    for code in [2i16, -1, 256, i16::MAX, i16::MIN] {
        let mut bytes = honest.clone();
        let at = bytes.len() - 2;
        bytes[at..].copy_from_slice(&code.to_be_bytes());
        let mut wire = asked(|wire| wire.start_query("x").unwrap());
        assert_eq!(refused(&mut wire, &bytes), "08P01", "{code}");
    }
}

#[test]
fn texts_that_look_like_formats_or_are_not_text_arrive_unharmed() {
    let mut wire = connected();
    let bytes = [
        notice("%n%s%x"),
        notification(1, "%n", "%s"),
        message(b'A', b"\0\0\0\x01\xff\0\xfe\0"),
    ]
    .concat();
    let expected = [
        "Notice %n%s%x",
        "Notification 1 %n=%s",
        "Notification 1 \u{fffd}=\u{fffd}",
    ];
    assert_eq!(hear(&mut wire, &bytes), expected);
}
