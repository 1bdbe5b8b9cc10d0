//! Versions of the protocol: what is asked for, what the server may answer, and how long cancel keys may be.

use super::support::*;
use crate::conninfo::ProtocolVersion::{self, V3_0, V3_2};
use crate::wire::{Wire, cancel_request, ssl_request};

/// A NegotiateProtocolVersion.
fn negotiate(version: i32, options: &[&str]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend_from_slice(&(options.len() as i32).to_be_bytes());
    for option in options {
        body.extend_from_slice(option.as_bytes());
        body.push(0);
    }
    message(b'v', &body)
}

const NUMBER_3_0: i32 = 0x0003_0000;
const NUMBER_3_2: i32 = 0x0003_0002;

#[test]
fn the_startup_message_asks_for_the_newest_version() {
    for (max, number) in [(V3_0, b"\0\x03\0\0"), (V3_2, b"\0\x03\0\x02")] {
        let wire = speaking(V3_0, max);
        assert_eq!(wire.poll_transmit()[4..8], *number);
        assert_eq!(wire.protocol_version(), max);
    }
}

#[test]
fn a_server_that_knows_the_newest_version_says_nothing_of_it() {
    for min in [V3_0, V3_2] {
        let mut wire = speaking(min, V3_2);
        assert_eq!(hear(&mut wire, &welcome()), ["Ready Idle"]);
        assert_eq!(wire.protocol_version(), V3_2);
    }
}

#[test]
fn an_older_server_says_which_it_knows() {
    let bytes = [negotiate(NUMBER_3_0, &[]), welcome()].concat();
    let mut wire = speaking(V3_0, V3_2);
    assert_eq!(hear(&mut wire, &bytes), ["Ready Idle"]);
    assert_eq!(wire.protocol_version(), V3_0);
    transcript(|| speaking(V3_0, V3_2), &bytes, &["Ready Idle"]);
    // Amid an exchange, too.
    let mut wire = speaking(V3_0, V3_2);
    let bytes = [negotiate(NUMBER_3_0, &[]), authentication(3, &[])].concat();
    assert_eq!(refused(&mut wire, &bytes), "28P01");
    assert_eq!(wire.protocol_version(), V3_0);
}

#[test]
fn a_server_that_is_too_old_is_refused_and_named() {
    let mut wire = speaking(V3_2, V3_2);
    let error = refusal(&mut wire, &negotiate(NUMBER_3_0, &[]));
    assert_eq!(
        error.message(),
        "the server only supports protocol version 3.0, but min_protocol_version was set to 3.2"
    );
    assert_eq!(error.sqlstate().unwrap().as_str(), "08001");
}

/// Servers of before NegotiateProtocolVersion.
#[test]
fn an_error_instead_of_a_version_is_shown_as_it_is() {
    let text = "unsupported frontend protocol 3.2: server supports 2.0 to 3.0";
    let error = refusal(&mut speaking(V3_0, V3_2), &fatal("0A000", text));
    assert_eq!(error.message(), text);
    assert_eq!(error.sqlstate().unwrap().as_str(), "0A000");
}

#[test]
fn lies_about_the_version_are_refused() {
    for (number, options, why) in [
        (NUMBER_3_2 + 1, &[][..], "newer version than was asked for"),
        (4 << 16, &[], "newer version than was asked for"),
        (i32::MAX, &[], "newer version than was asked for"),
        (0x0003_0001, &[], "3.1, which there never was"),
        (0x0002_ffff, &[], "before 3.0"),
        (0, &[], "before 3.0"),
        (-1, &[], "before 3.0"),
        (i32::MIN, &[], "before 3.0"),
        (NUMBER_3_2, &[], "changes nothing"),
        (NUMBER_3_0, &["_pq_.x"], "option that was not asked for"),
        (NUMBER_3_2, &["_pq_.x"], "option that was not asked for"),
        (NUMBER_3_0, &["database"], "option that is none"),
        (NUMBER_3_0, &["_pq_"], "option that is none"),
    ] {
        let error = refusal(&mut speaking(V3_0, V3_2), &negotiate(number, options));
        assert!(error.message().contains(why), "{number:#x}: {error}");
        assert_eq!(error.sqlstate().unwrap().as_str(), "08P01");
    }
    // 3.0 was asked for: there is nothing to negotiate about.
    for number in [0, NUMBER_3_0, NUMBER_3_2] {
        let bytes = negotiate(number, &[]);
        assert_eq!(refused(&mut speaking(V3_0, V3_0), &bytes), "08P01");
    }
}

#[test]
fn a_malformed_negotiation_is_refused() {
    let whole = &negotiate(NUMBER_3_0, &[])[5..];
    for length in 0..whole.len() {
        let bytes = message(b'v', &whole[..length]);
        assert_eq!(
            refused(&mut speaking(V3_0, V3_2), &bytes),
            "08P01",
            "{length}"
        );
    }
    for (count, rest) in [
        (0, &b"\0"[..]),
        (0, b"_pq_.x\0"),
        (1, b""),
        (1, b"_pq_.x"),
        (-1, b""),
        (i32::MIN, b""),
        (i32::MAX, b"_pq_.x\0"),
    ] {
        let body = [
            &NUMBER_3_0.to_be_bytes()[..],
            &i32::to_be_bytes(count),
            rest,
        ]
        .concat();
        let bytes = message(b'v', &body);
        assert_eq!(
            refused(&mut speaking(V3_0, V3_2), &bytes),
            "08P01",
            "{count}"
        );
    }
}

#[test]
fn a_version_is_negotiated_once_and_before_the_login() {
    let once = negotiate(NUMBER_3_0, &[]);
    let twice = [&once[..], &once].concat();
    let error = refusal(&mut speaking(V3_0, V3_2), &twice);
    assert!(error.message().contains("twice"), "{error}");
    for before in [authentication(0, &[]), welcome()] {
        let mut wire = speaking(V3_0, V3_2);
        hear(&mut wire, &before);
        assert_eq!(refused(&mut wire, &once), "08P01");
    }
}

/// A login with a cancel key of this length, in this version.
fn key_of(length: usize, version: ProtocolVersion) -> (Wire, Vec<u8>) {
    let bytes = [
        authentication(0, &[]),
        backend_key(-7, &vec![0xa5; length]),
        ready(b'I'),
    ];
    (speaking(V3_0, version), bytes.concat())
}

#[test]
fn a_cancel_key_has_4_bytes_in_3_0_and_4_to_256_in_3_2() {
    for length in 0..=260 {
        for (version, right) in [(V3_0, length == 4), (V3_2, (4..=256).contains(&length))] {
            let (mut wire, bytes) = key_of(length, version);
            if right {
                assert_eq!(hear(&mut wire, &bytes), ["Ready Idle"], "{length}");
                assert_eq!(wire.backend_key(), Some((-7, &vec![0xa5; length][..])));
            } else {
                assert_eq!(refused(&mut wire, &bytes), "08P01", "{length}");
                assert_eq!(wire.backend_key(), None);
            }
        }
    }
    // The version that counts is the one agreed on.
    let (mut wire, bytes) = key_of(32, V3_2);
    let bytes = [negotiate(NUMBER_3_0, &[]), bytes].concat();
    let error = refusal(&mut wire, &bytes);
    assert!(
        error
            .message()
            .contains("a key of 32 bytes, in protocol 3.0"),
        "{error}"
    );
}

#[test]
fn a_server_may_send_no_key() {
    let mut wire = speaking(V3_0, V3_2);
    let bytes = [authentication(0, &[]), ready(b'I')].concat();
    assert_eq!(hear(&mut wire, &bytes), ["Ready Idle"]);
    assert_eq!(wire.backend_key(), None);
}

#[test]
fn requests_outside_of_a_session_are_whole_packets() {
    assert_eq!(ssl_request(), *b"\0\0\0\x08\x04\xd2\x16\x2f");
    let packet = b"\0\0\0\x10\x04\xd2\x16\x2e\xff\xff\xff\xfbkey!";
    assert_eq!(cancel_request(-5, b"key!"), packet);
    let long = cancel_request(1, &[9; 256]);
    assert_eq!(long.len(), 268);
    assert_eq!(long[..4], [0, 0, 1, 12]);
}
