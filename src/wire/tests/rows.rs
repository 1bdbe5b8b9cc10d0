//! Rows: as they are kept, over many buffers, and beyond what three bytes of length can say.

use super::support::*;
use crate::wire::{RowShape, Rows, Wire};

type Cells = Vec<Option<Vec<u8>>>;

/// Rows of a number, a NULL now and then, and a text of a length that differs.
fn some_rows(count: usize, salt: usize) -> Vec<Cells> {
    let text = |number: usize| {
        let length = (number * 7919 + salt) % 301;
        Some(vec![b'a' + ((number + salt) % 26) as u8; length])
    };
    (0..count)
        .map(|number| {
            let middle = if number % 3 == 0 {
                None
            } else {
                text(number + 1)
            };
            vec![Some(number.to_string().into_bytes()), middle, text(number)]
        })
        .collect()
}

fn message_of(cells: &Cells) -> Vec<u8> {
    let cells: Vec<_> = cells.iter().map(Option::as_deref).collect();
    row(&cells)
}

fn answer(rows: &[Cells], width: usize) -> Vec<u8> {
    let names = vec!["c"; width];
    let mut bytes = columns(&names);
    rows.iter()
        .for_each(|row| bytes.extend_from_slice(&message_of(row)));
    bytes.extend_from_slice(&complete("SELECT"));
    bytes.extend_from_slice(&ready(b'I'));
    bytes
}

/// Asks, hears the answer in pieces of `step` bytes, and gives the rows.
fn ask(wire: &mut Wire, bytes: &[u8], step: usize) -> Rows {
    wire.start_query("SELECT").unwrap();
    take_sent(wire);
    let mut listener = Listener::default();
    listener.hear(wire, bytes, step).unwrap();
    assert!(is_idle(wire));
    assert_eq!(listener.results.len(), 1);
    listener.results.pop().unwrap()
}

fn check_row(rows: &Rows, number: u64, expected: &Cells) {
    let found = cells(rows, number, expected.len());
    let expected: Vec<_> = expected.iter().map(Option::as_deref).collect();
    assert!(found == expected, "row {number} of {}", rows.len());
}

fn check(rows: &Rows, expected: &[Cells]) {
    assert_eq!(rows.len(), expected.len() as u64);
    for (number, expected) in expected.iter().enumerate() {
        check_row(rows, number as u64, expected);
    }
    assert!(rows.row(rows.len()).is_none());
}

#[test]
fn rows_over_many_buffers_are_what_was_sent_however_they_arrive() {
    let expected = some_rows(5000, 1);
    let bytes = answer(&expected, 3);
    assert!(bytes.len() > 4 * (256 << 10));
    for step in [1, 5, 4096, 8191, 100_000, usize::MAX] {
        let rows = ask(&mut connected(), &bytes, step);
        assert!(rows.chunks() > 3, "{} chunks at {step}", rows.chunks());
        check(&rows, &expected);
    }
}

#[test]
fn rows_are_found_by_number_in_any_order() {
    let expected = some_rows(5000, 2);
    let rows = ask(&mut connected(), &answer(&expected, 3), 10_000);
    let mut number = 0;
    for _ in 0..20_000 {
        number = (number * 1_103_515_245 + 12_345) % 5000;
        check_row(&rows, number as u64, &expected[number]);
    }
}

#[test]
fn earlier_rows_are_unaffected_by_later_ones() {
    let mut wire = connected();
    let mut kept = Vec::new();
    for salt in 0..6 {
        // Large results and small ones, which are handed over differently.
        let count = if salt % 2 == 0 { 2000 } else { 3 };
        let expected = some_rows(count, salt);
        let rows = ask(&mut wire, &answer(&expected, 3), 3000);
        kept.push((rows, expected));
        for (rows, expected) in &kept {
            check(rows, expected);
        }
    }
}

#[test]
fn a_small_result_keeps_no_large_buffer() {
    let mut wire = connected();
    ask(&mut wire, &answer(&some_rows(5000, 1), 3), usize::MAX);
    let rows = ask(&mut wire, &answer(&some_rows(1, 1), 3), usize::MAX);
    assert!(rows.capacity() < 1000, "{}", rows.capacity());
}

#[test]
fn notices_between_rows_do_not_get_into_them() {
    let expected = some_rows(3000, 3);
    let mut bytes = columns(&["a", "b", "c"]);
    for row in &expected {
        bytes.extend_from_slice(&message_of(row));
        bytes.extend_from_slice(&notice("between rows"));
    }
    bytes.extend_from_slice(&[complete("SELECT"), ready(b'I')].concat());
    for step in [777, usize::MAX] {
        check(&ask(&mut connected(), &bytes, step), &expected);
    }
}

#[test]
fn rows_without_columns_are_counted() {
    let expected = vec![Cells::new(); 100_000];
    let rows = ask(&mut connected(), &answer(&expected, 0), usize::MAX);
    check(&rows, &expected);
    assert!(rows.chunks() > 1);
}

#[test]
fn rows_of_nulls_and_empty_values_are_told_apart() {
    let expected = vec![
        vec![None, None, None],
        vec![Some(vec![]), Some(vec![]), Some(vec![])],
        vec![None, Some(vec![]), None],
        vec![Some(b"\0".to_vec()), None, Some(b"\0\xff\xff\xff".to_vec())],
        vec![None, Some(b"\xff\xff\xff\xff".to_vec()), Some(vec![])],
    ];
    for step in [1, usize::MAX] {
        check(
            &ask(&mut connected(), &answer(&expected, 3), step),
            &expected,
        );
    }
}

#[test]
fn a_row_of_1600_columns_and_one_of_65535() {
    for width in [1600, 65535] {
        let cell = |number: usize| (!number.is_multiple_of(4)).then(|| vec![b'x'; number % 5]);
        let expected = vec![(0..width).map(cell).collect::<Cells>(); 2];
        check(
            &ask(&mut connected(), &answer(&expected, width), usize::MAX),
            &expected,
        );
    }
}

/// A value that differs at every place near its ends.
fn long(length: usize, byte: u8) -> Option<Vec<u8>> {
    let mut value = vec![byte; length];
    value[0] = b'<';
    value[length - 1] = b'>';
    Some(value)
}

#[test]
fn rows_longer_than_16_mib_keep_their_nulls_and_their_neighbours() {
    const LIMIT: usize = 1 << 24;
    let small = || vec![Some(b"1".to_vec()), None, Some(b"x".to_vec()), None];
    let expected = vec![
        small(),
        vec![None, long(LIMIT + 100, b'a'), None, Some(vec![])],
        small(),
        // No value is long by itself, but the row is.
        vec![long(LIMIT / 2, b'b'), None, long(LIMIT / 2, b'c'), None],
        small(),
        vec![Some(vec![]), None, None, long(LIMIT, b'd')],
        small(),
    ];
    let bytes = answer(&expected, 4);
    for step in [1 << 16, usize::MAX] {
        let mut wire = connected();
        let rows = ask(&mut wire, &bytes, step);
        check(&rows, &expected);
        // The room they took is given back.
        let after = ask(&mut wire, &answer(&expected[..1], 4), usize::MAX);
        check(&after, &expected[..1]);
        let room = wire.inbox.capacity();
        assert!(room <= 1 << 20, "{room} bytes kept");
        check(&rows, &expected);
    }
}

#[test]
fn rows_of_every_length_about_what_three_bytes_can_say() {
    // With one value, the lengths of the row's values and the row differ by 4.
    for length in (0xff_ffff - 6)..=(0xff_ffff + 2) {
        let expected = vec![vec![long(length, b'a')], vec![None], vec![Some(vec![])]];
        let rows = ask(&mut connected(), &answer(&expected, 1), usize::MAX);
        check(&rows, &expected);
    }
}

#[test]
fn a_row_has_as_many_fields_as_it_was_described_with() {
    for width in 0..5usize {
        for said in 0..=width + 2 {
            for held in 0..=width + 2 {
                let cells = vec![Some(&b"x"[..]); held];
                let mut bytes = row(&cells);
                bytes[5..7].copy_from_slice(&(said as u16).to_be_bytes());
                let mut wire = connected();
                wire.start_query("SELECT").unwrap();
                hear(&mut wire, &columns(&vec!["c"; width]));
                if said == width && held == width {
                    assert!(hear(&mut wire, &bytes).is_empty());
                } else {
                    assert_eq!(refused(&mut wire, &bytes), "08P01", "{width} {said} {held}");
                }
            }
        }
    }
}

#[test]
fn a_row_of_a_known_shape_is_held_to_it() {
    for (known, sent, fits) in [
        (0, 0, true),
        (2, 2, true),
        (2, 1, false),
        (0, 1, false),
        (65535, 0, false),
    ] {
        let mut wire = connected();
        wire.start_execute(0, RowShape::Known(known)).unwrap();
        let bytes = row(&vec![None; sent]);
        if fits {
            assert!(hear(&mut wire, &bytes).is_empty());
        } else {
            assert_eq!(refused(&mut wire, &bytes), "08P01");
        }
    }
}

#[test]
fn every_lie_about_a_values_length_is_refused() {
    // Three cells of 5, 0 and 3 bytes; each length in turn becomes each lie.
    let honest = text_row(&["abcde", "", "xyz"]);
    let ask = || {
        let mut wire = connected();
        wire.start_query("SELECT").unwrap();
        hear(&mut wire, &columns(&["a", "b", "c"]));
        wire
    };
    assert!(hear(&mut ask(), &honest).is_empty());
    for (at, length) in [(7, 5), (16, 0), (20, 3i32)] {
        assert_eq!(honest[at..at + 4], length.to_be_bytes());
        let remaining = (honest.len() - at - 4) as i32;
        let lies = [
            0,
            -1,
            -2,
            i32::MIN,
            i32::MAX,
            i32::MAX - 1,
            length - 1,
            length + 1,
            remaining - 1,
            remaining,
            remaining + 1,
            0x00ff_ffff,
            0x0100_0000,
            1 << 30,
        ];
        for lie in lies {
            // NULL takes the room of an empty value.
            if lie == length || (length, lie) == (0, -1) {
                continue;
            }
            let mut bytes = honest.clone();
            bytes[at..at + 4].copy_from_slice(&lie.to_be_bytes());
            assert_eq!(refused(&mut ask(), &bytes), "08P01", "{lie} at {at}");
        }
    }
}

#[test]
fn every_lie_about_a_values_length_in_a_long_row_is_refused() {
    let honest = row(&[None, long(1 << 24, b'x').as_deref(), Some(b"abc")]);
    let second = 7 + 4;
    let third = second + 4 + (1 << 24);
    for (at, length) in [(7, -1), (second, 1 << 24), (third, 3)] {
        assert_eq!(honest[at..at + 4], i32::to_be_bytes(length));
        for lie in [0, -1, -2, i32::MIN, i32::MAX, length - 1, length + 1] {
            if lie == length || (length, lie) == (-1, 0) {
                continue;
            }
            let mut bytes = honest.clone();
            bytes[at..at + 4].copy_from_slice(&lie.to_be_bytes());
            let mut wire = connected();
            wire.start_execute(0, RowShape::Known(3)).unwrap();
            assert_eq!(refused(&mut wire, &bytes), "08P01", "{lie} at {at}");
        }
    }
}

#[test]
fn a_row_that_nobody_asked_for_is_refused() {
    let bytes = text_row(&["x"]);
    assert_eq!(refused(&mut connected(), &bytes), "08P01");
    // Before its description, and after its end.
    let mut wire = connected();
    wire.start_query("SELECT").unwrap();
    assert_eq!(refused(&mut wire, &bytes), "08P01");
    let mut wire = connected();
    wire.start_query("SELECT").unwrap();
    hear(&mut wire, &[columns(&["a"]), complete("SELECT 0")].concat());
    assert_eq!(refused(&mut wire, &bytes), "08P01");
    // A statement that was described as giving none.
    let mut wire = connected();
    wire.start_describe_portal().unwrap();
    wire.start_execute(0, RowShape::Described).unwrap();
    hear(&mut wire, &empty(b'n'));
    assert_eq!(refused(&mut wire, &bytes), "08P01");
}
