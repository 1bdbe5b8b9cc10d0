//! Rows as they are kept and read.

use super::*;

/// A DataRow.
fn message(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = (cells.len() as u16).to_be_bytes().to_vec();
    for cell in cells {
        let length = cell.map_or(-1, |cell| cell.len() as i32);
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(cell.unwrap_or_default());
    }
    let mut bytes = vec![b'D'];
    bytes.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

fn check(rows: &Rows, number: u64, expected: &[Option<&[u8]>]) {
    let mut row = rows.row(number).unwrap();
    for expected in expected {
        let cell = row.next_cell();
        assert!(cell == *expected, "row {number}");
        assert_eq!(cell.map_or(Some(0), |cell| rows.byte_behind(cell)), Some(0));
    }
}

#[test]
fn rows_that_lie_behind_other_messages_are_copied_out_of_the_buffer() {
    let small: [Option<&[u8]>; 3] = [None, Some(b"x"), Some(b"")];
    let value = vec![b'y'; 1 << 24];
    let long: [Option<&[u8]>; 3] = [Some(b"a"), None, Some(&value)];
    for second in [small, long] {
        let mut buffer = vec![b'N'; 100];
        let mut collector = Collector::default();
        let mut accept = |buffer: &mut Vec<u8>, cells: &[Option<&[u8]>]| {
            let start = buffer.len();
            buffer.extend_from_slice(&message(cells));
            let end = buffer.len();
            collector.accept(buffer, start, end, 3).unwrap();
            end
        };
        accept(&mut buffer, &small);
        accept(&mut buffer, &second);
        let end = accept(&mut buffer, &small);
        buffer.extend_from_slice(b"more");
        let rows = collector.take_copy(&buffer, 100, end).unwrap();
        buffer.fill(0xff);
        assert_eq!(rows.len(), 3);
        check(&rows, 0, &small);
        check(&rows, 1, &second);
        check(&rows, 2, &small);
        assert!(!collector.holds_buffer());
        assert_eq!(collector.take_copy(&buffer, 100, end).unwrap().len(), 0);
    }
}

#[test]
fn a_row_is_found_in_the_chunk_that_holds_it() {
    let mut collector = Collector::default();
    for number in 0..10u8 {
        // Chunks of 1, 2, 3 ... rows.
        let mut buffer = Vec::new();
        for row in 0..=number {
            let start = buffer.len();
            buffer.extend_from_slice(&message(&[Some(&[number, row])]));
            let end = buffer.len();
            collector.accept(&mut buffer, start, end, 1).unwrap();
        }
        collector.seal(buffer).unwrap();
    }
    let rows = collector.take_sealed();
    assert_eq!((rows.len(), rows.chunks()), (55, 10));
    let mut at = 0;
    for number in 0..10u8 {
        for row in 0..=number {
            check(&rows, at, &[Some(&[number, row])]);
            at += 1;
        }
    }
    assert!(rows.row(55).is_none());
}

#[test]
fn a_message_shorter_than_a_rows_count_is_refused() {
    for length in 0..7 {
        let mut buffer = message(&[])[..length].to_vec();
        let mut collector = Collector::default();
        assert!(
            collector.accept(&mut buffer, 0, length, 0).is_err(),
            "{length}"
        );
    }
    let mut buffer = message(&[]);
    assert!(Collector::default().accept(&mut buffer, 0, 8, 0).is_err());
    assert!(Collector::default().accept(&mut buffer, 0, 7, 0).is_ok());
}

#[test]
fn reading_more_cells_than_a_row_has_reads_nothing_outside() {
    let mut buffer = message(&[Some(b"abc")]);
    let mut collector = Collector::default();
    let end = buffer.len();
    collector.accept(&mut buffer, 0, end, 1).unwrap();
    let rows = collector.take_copy(&buffer, 0, end).unwrap();
    let mut row = rows.row(0).unwrap();
    assert_eq!(row.next_cell(), Some(&b"abc"[..]));
    for _ in 0..10 {
        assert_eq!(row.next_cell(), None);
    }
}

/// The cells of a row.
type Row = Vec<Option<Vec<u8>>>;

/// All rows as `next_rows` gives them, at most `most` at a time, and how many it gave each time.
fn read_abreast(rows: &Rows, columns: usize, most: u64) -> (Vec<Row>, Vec<usize>) {
    let mut walk = rows.walk(0).unwrap();
    let (mut read, mut counts) = (Vec::new(), Vec::new());
    while let Some(next) = walk.next_rows(most) {
        let mut block = match next {
            Next::Alone(mut cells) => {
                vec![
                    (0..columns)
                        .map(|_| cells.next_cell().map(<[u8]>::to_vec))
                        .collect(),
                ]
            }
            Next::Abreast(mut abreast) => {
                let mut block = vec![Vec::new(); abreast.len()];
                for _ in 0..columns {
                    for (row, cell) in block.iter_mut().zip(abreast.next_cells()) {
                        row.push(cell.map(|cell| cell.bytes().to_vec()));
                    }
                }
                block
            }
        };
        counts.push(block.len());
        read.append(&mut block);
        // From where it stands it could be gone on with.
        walk = rows.walk_on(walk.place()).unwrap();
    }
    (read, counts)
}

#[test]
fn rows_read_abreast_are_those_read_one_by_one() {
    let long = vec![b'l'; 1 << 24];
    let middle = vec![b'm'; 20_000];
    let cells = |row: usize| -> [Option<Vec<u8>>; 3] {
        let text = |salt: usize| vec![b'a' + (salt % 26) as u8; (row * salt) % 7];
        [
            (!row.is_multiple_of(5)).then(|| text(1)),
            match row {
                30 | 31 | 200 => Some(long.clone()),
                100..=102 => Some(middle.clone()),
                _ => (!row.is_multiple_of(3)).then(|| text(5)),
            },
            (!row.is_multiple_of(7)).then(|| text(3)),
        ]
    };
    let mut collector = Collector::default();
    for chunk in [0..70, 70..71, 71..90, 90..201] {
        let mut buffer = b"before".to_vec();
        for row in chunk {
            let cells = cells(row);
            let start = buffer.len();
            buffer.extend_from_slice(&message(&cells.each_ref().map(Option::as_deref)));
            let end = buffer.len();
            collector.accept(&mut buffer, start, end, 3).unwrap();
        }
        collector.seal(buffer).unwrap();
    }
    let rows = collector.take_sealed();
    let expected: Vec<Vec<_>> = (0..201).map(|row| cells(row).to_vec()).collect();
    for most in [1, 2, 10, 64, u64::MAX] {
        let (read, counts) = read_abreast(&rows, 3, most);
        assert!(read == expected, "{most}");
        assert!(counts.iter().all(|&count| count as u64 <= most));
        if most == u64::MAX {
            // Up to a long row, a chunk's end, and what begins too far behind the first.
            assert_eq!(counts, [30, 1, 1, 38, 1, 19, 12, 64, 34, 1]);
        }
    }
}

#[test]
fn rows_left_out_are_not_read_any_further() {
    let mut buffer = Vec::new();
    let mut collector = Collector::default();
    for row in 0..3u8 {
        let start = buffer.len();
        buffer.extend_from_slice(&message(&[Some(&[row]), None, Some(&[row, row])]));
        let end = buffer.len();
        collector.accept(&mut buffer, start, end, 3).unwrap();
    }
    collector.seal(buffer).unwrap();
    let rows = collector.take_sealed();
    let Some(Next::Abreast(mut abreast)) = rows.walk(0).unwrap().next_rows(9) else {
        panic!("they are short");
    };
    assert_eq!(abreast.next_cells().count(), 3);
    abreast.truncate(2);
    assert!(abreast.next_cells().all(|cell| cell.is_none()));
    abreast.truncate(5);
    let last: Vec<_> = abreast
        .next_cells()
        .map(|cell| cell.unwrap().bytes())
        .collect();
    assert_eq!(last, [[0, 0], [1, 1]]);
    // There is nothing behind a row's last cell that could be read outside of the chunk.
    for _ in 0..20 {
        abreast.next_cells().for_each(drop);
    }
}

#[test]
fn what_is_forgotten_is_gone() {
    let mut buffer = message(&[None]);
    let end = buffer.len();
    let mut collector = Collector::default();
    collector.accept(&mut buffer, 0, end, 1).unwrap();
    collector.clear();
    assert!(!collector.holds_buffer());
    assert_eq!(collector.take_copy(&buffer, 0, end).unwrap().len(), 0);
}
