//! Logging in: from the startup message to the first Ready.

use super::support::*;
use crate::conninfo::ProtocolVersion::V3_0;
use crate::wire::{Credentials, ProtocolVersions, Wire};

#[test]
fn the_startup_message_names_protocol_3_0_the_user_and_the_parameters() {
    let wire = connecting(None);
    let expected = b"\0\0\0\x22\0\x03\0\0user\0alice\0database\0shop\0\0";
    assert_eq!(wire.poll_transmit(), expected);
    assert!(!wire.is_authenticated());
    assert!(!wire.is_busy());
}

#[test]
fn a_nul_in_a_startup_parameter_is_refused() {
    let try_with = |user: &str, value: &str| {
        let credentials = Credentials {
            user: user.into(),
            ..credentials(None)
        };
        let versions = ProtocolVersions {
            min: V3_0,
            max: V3_0,
        };
        Wire::start_startup(credentials, versions, &[("database", value)]).is_err()
    };
    assert!(!try_with("alice", "shop"));
    assert!(try_with("al\0ice", "shop"));
    assert!(try_with("alice", "shop\0user\0root"));
}

#[test]
fn trust_leads_to_ready() {
    transcript(|| connecting(None), &welcome(), &["Ready Idle"]);
}

#[test]
fn what_is_reported_while_connecting_is_known_afterwards() {
    let mut wire = connecting(None);
    let bytes = [
        notice("before the password"),
        authentication(0, &[]),
        setting("server_version", "18.1"),
        setting("TimeZone", "UTC"),
        backend_key(-5, b"\xff\0\x01\x02"),
        notice("your password expires"),
        setting("TimeZone", "Europe/Berlin"),
        ready(b'I'),
    ]
    .concat();
    let expected = [
        "Notice before the password",
        "Notice your password expires",
        "Ready Idle",
    ];
    assert_eq!(hear(&mut wire, &bytes), expected);
    assert_eq!(wire.parameter_status("server_version"), Some("18.1"));
    assert_eq!(wire.parameter_status("TimeZone"), Some("Europe/Berlin"));
    assert_eq!(wire.parameter_status("timezone"), None);
    assert_eq!(wire.backend_key(), Some((-5, &b"\xff\0\x01\x02"[..])));
    transcript(|| connecting(None), &bytes, &expected);
}

#[test]
fn a_setting_reported_later_replaces_the_one_before() {
    let mut wire = connected();
    assert!(hear(&mut wire, &setting("client_encoding", "UTF8")).is_empty());
    assert!(hear(&mut wire, &setting("client_encoding", "LATIN1")).is_empty());
    assert_eq!(wire.parameter_status("client_encoding"), Some("LATIN1"));
}

#[test]
fn settings_without_end_are_refused() {
    let mut wire = connected();
    for number in 0..1000 {
        hear(&mut wire, &setting(&number.to_string(), "x"));
    }
    hear(&mut wire, &setting("999", "known already"));
    assert_eq!(refused(&mut wire, &setting("1000", "x")), "08P01");
}

#[test]
fn settings_of_many_megabytes_together_are_refused() {
    let mut wire = connected();
    let value = "x".repeat(400 << 10);
    // The same one again takes no more room.
    for _ in 0..20 {
        hear(&mut wire, &setting("search_path", &value));
    }
    hear(&mut wire, &setting("b", &value));
    assert_eq!(refused(&mut wire, &setting("c", &value)), "08P01");
}

#[test]
fn an_error_while_connecting_ends_the_connection_with_the_servers_words() {
    for severity in ["FATAL", "ERROR", "PANIC", "FEHLER"] {
        let body = format!("S{severity}\0C28P01\0Mpassword authentication failed\0\0");
        let mut wire = connecting(Some("x"));
        let error = refusal(&mut wire, &message(b'E', body.as_bytes()));
        assert_eq!(error.sqlstate().unwrap().as_str(), "28P01");
        assert!(error.message().contains("password authentication failed"));
    }
}

#[test]
fn an_error_that_is_not_utf_8_stays_readable() {
    let mut wire = connecting(None);
    let error = refusal(
        &mut wire,
        &message(b'E', b"SFATAL\0C3D000\0MBase \xe9\xff\0\0"),
    );
    assert!(error.message().contains("Base \u{fffd}\u{fffd}"), "{error}");
}

#[test]
fn nothing_is_accepted_behind_the_login_before_ready() {
    for bytes in [
        authentication(0, &[]),
        columns(&["a"]),
        text_row(&["a"]),
        complete("SELECT 1"),
        empty(b'1'),
        notification(1, "a", "b"),
    ] {
        let mut wire = connecting(None);
        hear(&mut wire, &authentication(0, &[]));
        assert_eq!(refused(&mut wire, &bytes), "08P01", "{bytes:?}");
    }
}

#[test]
fn nothing_but_authentication_is_accepted_before_it() {
    for bytes in [
        ready(b'I'),
        backend_key(1, b"key!"),
        setting("a", "b"),
        columns(&["a"]),
        text_row(&["a"]),
        complete("SELECT 1"),
        notification(1, "a", "b"),
    ] {
        assert_eq!(refused(&mut connecting(None), &bytes), "08P01", "{bytes:?}");
    }
}
