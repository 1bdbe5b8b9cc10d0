//! Hostile headers: every type byte with every sort of length, and what they cost.

use super::support::*;
use crate::wire::backend::longest;
use crate::wire::{RowShape, Wire};

/// What an empty receive buffer may take.
const SMALL: usize = 9 << 10;

fn states() -> [(bool, fn() -> Wire); 6] {
    [
        (false, || connecting(Some("x"))),
        (true, || {
            let mut wire = connecting(None);
            hear(&mut wire, &authentication(0, &[]));
            wire
        }),
        (true, connected),
        (true, || {
            let mut wire = connected();
            wire.start_query("SELECT").unwrap();
            wire
        }),
        (true, || {
            let mut wire = connected();
            wire.start_query("SELECT").unwrap();
            hear(&mut wire, &[columns(&["a"]), text_row(&["1"])].concat());
            wire
        }),
        (true, || {
            let mut wire = connected();
            wire.start_execute(0, RowShape::Known(1)).unwrap();
            wire.start_sync();
            wire
        }),
    ]
}

fn header(kind: u8, length: u32) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes
}

#[test]
fn every_header_is_refused_or_waited_for_and_reserves_nothing() {
    for (authenticated, make) in states() {
        for kind in 0..=255u8 {
            let cap = longest(kind, authenticated);
            let about = cap.into_iter().flat_map(|cap| [cap - 1, cap, cap + 1]);
            let fixed = [
                0,
                1,
                2,
                3,
                5,
                1 << 16,
                (1 << 31) - 1,
                1 << 31,
                u32::MAX - 1,
                u32::MAX,
            ];
            for length in about.chain(fixed) {
                let mut wire = make();
                let outcome = Listener::default().hear(&mut wire, &header(kind, length), 1);
                let sound = cap.is_some_and(|cap| (4..=cap).contains(&length));
                // A message of length 4 is whole: whether it belongs is another question.
                if !sound {
                    let error = outcome.unwrap_err();
                    assert_eq!(error.sqlstate().unwrap().as_str(), "08P01");
                    assert!(wire.poll_event().is_err());
                } else if length > 4 {
                    outcome.unwrap();
                    assert!(wire.handle_eof().breaks_connection());
                }
                let room = wire.inbox.capacity();
                assert!(room <= SMALL, "type {kind} of {length} reserved {room}");
            }
        }
    }
}

#[test]
fn no_type_is_longer_before_authentication_than_after() {
    for kind in 0..=255u8 {
        let (before, after) = (longest(kind, false), longest(kind, true));
        assert_eq!(before.is_some(), after.is_some());
        assert!(before <= after);
        assert!(before.unwrap_or(0) <= 64 << 10);
        assert!(after.unwrap_or(0) <= (1 << 30) + 2);
    }
}

#[test]
fn the_room_for_a_message_grows_with_what_has_come_of_it() {
    // A DataRow that says it is 1 GiB long, of which 3 MiB come.
    let mut wire = connected();
    wire.start_execute(0, RowShape::Known(1)).unwrap();
    let mut listener = Listener::default();
    listener.hear(&mut wire, &header(b'D', 1 << 30), 1).unwrap();
    let mut come = 5;
    while come < 3 << 20 {
        listener.hear(&mut wire, &[b'x'; 1000], 1000).unwrap();
        come += 1000;
        let room = wire.inbox.capacity();
        assert!(room <= (2 * come + 100).max(257 << 10), "{room} for {come}");
    }
    assert!(listener.heard.is_empty());
}

#[test]
fn a_long_message_before_authentication_is_not_read() {
    let mut wire = connecting(None);
    let bytes = [header(b'E', 1 << 20), vec![b'x'; 1000]].concat();
    assert_eq!(refused(&mut wire, &bytes), "08P01");
    assert!(wire.inbox.capacity() <= SMALL);
}

#[test]
fn the_limits_change_with_authentication_within_the_same_bytes() {
    let long = setting("search_path", &"x".repeat(100_000));
    let bytes = [authentication(0, &[]), long.clone(), ready(b'I')].concat();
    assert_eq!(hear(&mut connecting(None), &bytes), ["Ready Idle"]);
    assert_eq!(refused(&mut connecting(None), &long), "08P01");
}

#[test]
fn garbage_of_every_sort_is_refused_within_its_first_bytes() {
    let http = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec();
    let ssh = b"SSH-2.0-OpenSSH_9.2\r\n".to_vec();
    let mysql = b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0aaaaaaaa\0".to_vec();
    for bytes in [
        http,
        ssh,
        mysql,
        vec![0; 1000],
        vec![0xff; 1000],
        vec![b'x'; 1000],
    ] {
        for (_, make) in states() {
            assert_eq!(refused(&mut make(), &bytes), "08P01", "{bytes:?}");
        }
    }
}

#[test]
fn a_lying_count_of_columns_reserves_no_more_than_the_message() {
    // 65535 columns, and nothing of them.
    for kind in [b'T', b't', b'G', b'H', b'D'] {
        for (_, make) in states() {
            let mut wire = make();
            let bytes = message(kind, &[0xff, 0xff, 0xff]);
            assert!(Listener::default().hear(&mut wire, &bytes, 1).is_err());
            assert!(wire.inbox.capacity() <= SMALL);
        }
    }
}

#[test]
fn the_byte_of_an_unknown_type_is_shown_readably() {
    let error = refusal(&mut connected(), &header(b'x', 4));
    assert!(error.message().contains("type 'x'"), "{error}");
    let error = refusal(&mut connected(), &header(0x1b, 4));
    assert!(error.message().contains("type 0x1b"), "{error}");
}
