//! What is sent: its limits, and that a request is queued whole or not at all.

use super::support::*;
use crate::error::Class;
use crate::types::{Datum, Param};
use crate::wire::{LONGEST_MESSAGE, RowShape, Wire};

fn int(number: i64) -> Param<'static> {
    Param {
        oid: 0,
        datum: Datum::Int(number),
    }
}

fn bytes(value: &[u8]) -> Param<'_> {
    Param {
        oid: 0,
        datum: Datum::Bytes(value),
    }
}

/// Queues as `dbapi` does, all or nothing.
fn queue(wire: &mut Wire, fill: impl Fn(&mut Wire) -> crate::error::Result<()>) -> Option<Class> {
    let mark = wire.mark();
    let error = fill(wire).err()?;
    wire.revert(mark);
    Some(error.class())
}

#[test]
fn a_request_that_cannot_be_queued_leaves_nothing_behind() {
    let mut wire = connected();
    wire.start_parse("", "SELECT 1", &[]).unwrap();
    let before = wire.poll_transmit().to_vec();
    let nul = Param {
        oid: 0,
        datum: Datum::Text("a\0b"),
    };
    type Fill = Box<dyn Fn(&mut Wire) -> crate::error::Result<()>>;
    let fills: [(Class, Fill); 6] = [
        (
            Class::Programming,
            Box::new(|wire| wire.start_query("SELECT '\0'")),
        ),
        (
            Class::Programming,
            Box::new(|wire| {
                wire.start_command_before("BEGIN")?;
                wire.start_query("\0")
            }),
        ),
        (
            Class::Programming,
            Box::new(|wire| wire.start_parse("", "a\0", &[])),
        ),
        (
            Class::Data,
            Box::new(move |wire| {
                wire.start_parse("", "SELECT", &[])?;
                wire.start_bind("", &[int(1), nul], &[])
            }),
        ),
        // A name with a NUL fails when half of its message is written.
        (
            Class::Internal,
            Box::new(|wire| wire.start_parse("a\0", "SELECT", &[])),
        ),
        (
            Class::Internal,
            Box::new(|wire| {
                wire.start_execute(0, RowShape::Unwanted)?;
                wire.start_describe_statement("a\0b")
            }),
        ),
    ];
    for (number, (class, fill)) in fills.iter().enumerate() {
        assert_eq!(queue(&mut wire, fill), Some(*class), "{number}");
        assert_eq!(wire.poll_transmit(), before, "{number}");
    }
    // What is owed is as before, too.
    wire.start_sync();
    assert_eq!(
        hear(&mut wire, &[empty(b'1'), ready(b'I')].concat()),
        ["Ready Idle"]
    );
    assert!(is_idle(&wire));
}

#[test]
fn a_bad_parameter_is_named_and_nothing_of_its_bind_is_written() {
    let mut wire = connected();
    let nul = Param {
        oid: 0,
        datum: Datum::Text("a\0b"),
    };
    let error = wire
        .start_bind("", &[int(1), int(2), nul], &[])
        .unwrap_err();
    assert!(error.message().starts_with("parameter 3: "), "{error}");
    assert_eq!(error.sqlstate().unwrap().as_str(), "22021");
    assert!(wire.poll_transmit().is_empty());
    assert!(!wire.is_busy());
}

#[test]
fn parameters_of_more_than_1_gib_together_are_refused_before_a_byte_is_written() {
    // The same 16 MiB over and over: 64 of them are 1 GiB, 256 wrap 32 bits.
    let value = vec![b'x'; 16 << 20];
    for count in [64, 65, 127, 128, 129, 255, 256, 257, 1024] {
        let mut wire = connected();
        let error = wire
            .start_bind("", &vec![bytes(&value); count], &[])
            .unwrap_err();
        assert_eq!(error.sqlstate().unwrap().as_str(), "54000", "{count}");
        assert_eq!(error.class(), Class::Data);
        // The one that is too much is the 64th: 1 GiB is the first length refused.
        assert!(
            error.message().starts_with("parameter 64 is too long"),
            "{error}"
        );
        assert!(wire.poll_transmit().is_empty());
        assert!(!wire.is_busy());
        assert!(wire.out.capacity() < 1000, "room was made for {count}");
    }
}

#[test]
fn parameters_that_fit_are_written_whole() {
    let value = vec![b'x'; 1 << 20];
    let mut wire = connected();
    wire.start_bind("", &[bytes(&value), int(1), bytes(&value)], &[])
        .unwrap();
    let sent = wire.poll_transmit();
    // Names, 3 formats, 3 lengths and values, no result formats.
    let body = 2 + (2 + 6) + 2 + 12 + (2 << 20) + 4 + 2;
    assert_eq!(sent.len(), 1 + 4 + body);
    assert_eq!(sent[1..5], (4 + body as u32).to_be_bytes());
    let all = sent.len();
    wire.handle_sent(all - 1);
    assert_eq!(wire.poll_transmit().len(), 1);
    wire.handle_sent(5);
    assert!(wire.poll_transmit().is_empty());
}

#[test]
fn the_room_of_a_long_message_is_given_back_however_it_was_sent() {
    let value = vec![b'x'; 2 << 20];
    for step in [usize::MAX, 300_000, 4096] {
        let mut wire = connected();
        wire.start_bind("", &[bytes(&value)], &[]).unwrap();
        while !wire.poll_transmit().is_empty() {
            wire.handle_sent(step);
        }
        // What is written next shows the room there is.
        wire.start_sync();
        assert!(
            wire.out.capacity() <= 1 << 20,
            "{} at {step}",
            wire.out.capacity()
        );
    }
}

#[test]
fn the_room_of_short_messages_is_kept() {
    let value = vec![b'x'; 100_000];
    let mut wire = connected();
    wire.start_bind("", &[bytes(&value)], &[]).unwrap();
    take_sent(&mut wire);
    wire.start_sync();
    assert!(wire.out.capacity() >= 100_000);
}

#[test]
fn a_statement_has_65535_parameters_at_most() {
    let mut wire = connected();
    wire.start_parse("", "SELECT", &vec![23; 65535]).unwrap();
    wire.start_bind("", &vec![int(7); 65535], &[]).unwrap();
    let sent = take_sent(&mut wire);
    assert_eq!(kinds(&sent), "PB");
    assert_eq!(sent[1..5], (4 + 8 + 2 + 4 * 65535u32).to_be_bytes());
    assert_eq!(sent[13..15], [0xff, 0xff]);
    let bind = &sent[15 + 4 * 65535..];
    assert_eq!(
        bind[1..5],
        (4 + 2 + (2 + 2 * 65535) + (2 + 8 * 65535) + 2u32).to_be_bytes()
    );
    assert_eq!(bind[7..9], [0xff, 0xff]);

    for count in [65536, 65537, 131_072] {
        let mut wire = connected();
        let error = wire
            .start_parse("", "SELECT", &vec![23; count])
            .unwrap_err();
        assert_eq!(error.sqlstate().unwrap().as_str(), "54023");
        let error = wire.start_bind("", &vec![int(7); count], &[]).unwrap_err();
        assert_eq!(error.sqlstate().unwrap().as_str(), "54023");
        assert!(wire.poll_transmit().is_empty());
        assert!(!wire.is_busy());
    }
}

#[test]
fn null_is_sent_as_length_minus_1_and_an_empty_text_as_0() {
    let mut wire = connected();
    let param = |datum| Param { oid: 25, datum };
    wire.start_bind("s", &[param(Datum::Null), param(Datum::Text(""))], &[0, 1])
        .unwrap();
    assert_eq!(
        take_sent(&mut wire),
        b"B\0\0\0\x1d\0s\0\0\x02\0\0\0\0\0\x02\xff\xff\xff\xff\0\0\0\0\0\x02\0\0\0\x01"
    );
}

#[test]
fn the_longest_message_is_what_a_server_accepts() {
    // PQ_LARGE_MESSAGE_LIMIT is MaxAllocSize - 1.
    assert_eq!(LONGEST_MESSAGE, 0x3fff_ffff - 1);
}

#[test]
fn a_part_that_was_sent_is_not_sent_again() {
    let mut wire = connected();
    wire.start_query("SELECT 1").unwrap();
    let all = wire.poll_transmit().to_vec();
    for sent in 0..all.len() {
        assert_eq!(wire.poll_transmit(), &all[sent..]);
        wire.handle_sent(1);
    }
    assert!(wire.poll_transmit().is_empty());
    wire.handle_sent(100);
    wire.start_sync();
    assert_eq!(wire.poll_transmit(), b"S\0\0\0\x04");
}
