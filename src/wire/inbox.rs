//! What was received and not yet understood: the receive buffer, and the framing of messages in it.
//!
//! A message's header is checked against the most its type can need before a byte is reserved for it, and
//! room grows only as data arrives, so a lying length costs nothing (SECURITY, "reserving before the data is
//! there"). Rows stay in the buffer (`rows`); a full buffer that holds rows is handed over whole.

use super::messages::ready;
use super::rows::{Collector, Rows};
use super::{Tag, TransactionStatus};
use crate::error::{Error, Result};

/// The first buffer: enough for point queries, little for a thousand idle connections.
const SMALLEST_BUFFER: usize = 8 << 10;
/// Full buffers are followed by larger ones up to this; more saves no system calls.
const LARGEST_BUFFER: usize = 256 << 10;
/// Type byte and length.
const HEADER: usize = 5;

/// A whole message: its type, and where its body lies in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The receive side of a connection.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
    /// The first byte not yet understood.
    head: usize,
    /// Where the first row that lies in the buffer begins, if any does.
    first_row: usize,
    /// Where the last of them ends.
    last_row_end: usize,
    /// How many bytes the message at `head` takes, once its header is here.
    wanted: usize,
    rows: Collector,
}

impl Inbox {
    /// The buffer to append received bytes to, and how many it takes. Never zero.
    #[inline]
    pub(super) fn space(&mut self) -> Result<(&mut Vec<u8>, usize)> {
        if self.is_empty() && !self.rows.holds_buffer() {
            self.buffer.clear();
            self.head = 0;
            if self.buffer.capacity() > 2 * LARGEST_BUFFER {
                // A long message has passed; its room is given back.
                self.buffer = Vec::new();
            }
        }
        // One byte stays free, for the NUL behind a last value.
        if self.buffer.capacity() <= self.buffer.len() + 1 {
            self.make_space()?;
        }
        let free = self.buffer.capacity().saturating_sub(self.buffer.len() + 1);
        Ok((&mut self.buffer, free))
    }

    #[cold]
    #[inline(never)]
    fn make_space(&mut self) -> Result<()> {
        let rest = self.buffer.len() - self.head;
        let capacity = self.buffer.capacity();
        // Twice what has come of a message at most, so that its length alone reserves nothing.
        let grown = self.wanted.min(rest.saturating_mul(2));
        let next = (capacity * 2)
            .clamp(SMALLEST_BUFFER, LARGEST_BUFFER)
            .max(grown);
        if self.rows.holds_buffer() {
            let end = self.head;
            let mut full = self.replace_buffer(next)?;
            full.truncate(end);
            self.rows.seal(full)
        } else if self.head == 0 {
            // The whole buffer is one message's beginning: grown in place, which costs no copy where the
            // allocator can remap pages.
            let more = next.max(rest) + HEADER + 1 - rest;
            self.buffer.try_reserve_exact(more).map_err(out_of_memory)
        } else if capacity < LARGEST_BUFFER {
            self.replace_buffer(next).map(drop)
        } else {
            self.buffer.copy_within(self.head.., 0);
            self.buffer.truncate(rest);
            self.head = 0;
            Ok(())
        }
    }

    /// Whether nothing is here that is not understood yet.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head >= self.buffer.len()
    }

    /// The next bytes, as many as are asked for, if they are here.
    #[inline]
    pub(super) fn peek<const N: usize>(&self) -> Option<&[u8; N]> {
        self.buffer.get(self.head..)?.first_chunk()
    }

    /// Passes over the next `length` bytes, which are here: a message. Its type byte is zeroed as by `body`.
    #[inline]
    pub(super) fn pass(&mut self, length: usize) {
        if let Some(kind) = self.buffer.get_mut(self.head) {
            *kind = 0;
        }
        self.head += length;
    }

    /// Whether anything received awaits its rest.
    pub(super) fn is_mid_message(&self) -> bool {
        !self.is_empty()
    }

    /// The next whole message, if one is here. `most` says how long a message of a type may be.
    #[inline]
    pub(super) fn next_frame(&mut self, most: impl Fn(u8) -> Option<u32>) -> Result<Option<Frame>> {
        let rest = self.buffer.get(self.head..).unwrap_or_default();
        let Some(&[kind, a, b, c, d]) = rest.first_chunk::<HEADER>() else {
            self.wanted = HEADER;
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]);
        let Some(most) = most(kind) else {
            return Err(Error::protocol(format_args!(
                "an unknown message of type {}",
                shown(kind)
            )));
        };
        if length < 4 || length > most {
            return Err(Error::protocol(format_args!(
                "a message of type {} that says it is {length} bytes long",
                shown(kind)
            )));
        }
        let total = length as usize + 1;
        if rest.len() < total {
            self.wanted = total;
            return Ok(None);
        }
        let start = self.head;
        self.head += total;
        Ok(Some(Frame {
            kind,
            start,
            end: start + total,
        }))
    }

    /// Whether there are rows that have not been taken.
    pub(super) fn holds_rows(&self) -> bool {
        self.rows.holds_rows()
    }

    /// Whether a whole DataRow comes next.
    pub(super) fn next_is_row(&self) -> bool {
        let rest = self.buffer.get(self.head..).unwrap_or_default();
        match rest.first_chunk::<HEADER>() {
            Some(&[b'D', a, b, c, d]) => rest.len() > u32::from_be_bytes([a, b, c, d]) as usize,
            _ => false,
        }
    }

    /// Accepts the DataRow at `frame`, and those that are here behind it. `most` is how long one may be.
    pub(super) fn accept_rows(&mut self, frame: Frame, columns: u16, most: u32) -> Result<()> {
        self.accept_row(frame, columns)?;
        let head = self
            .rows
            .accept_run(&mut self.buffer, self.head, columns, most)?;
        if head > self.head {
            self.head = head;
            self.last_row_end = head;
        }
        Ok(())
    }

    /// Accepts the usual DataRows that are here, one behind the other; others are left. `most` is how long one may be.
    #[inline]
    pub(super) fn accept_run(&mut self, columns: u16, most: u32) -> Result<()> {
        let start = self.head;
        let held = self.rows.holds_buffer();
        let end = self
            .rows
            .accept_run(&mut self.buffer, start, columns, most)?;
        if end > start {
            if !held {
                self.first_row = start;
            }
            self.last_row_end = end;
            self.head = end;
        }
        Ok(())
    }

    /// Passes over a CommandComplete with a short tag and a ReadyForQuery, if both are what comes next: the body of the
    /// one, and the status of the other.
    #[inline]
    pub(super) fn pass_ending(&mut self) -> Option<(&[u8], u8)> {
        let start = self.head;
        let rest = self.buffer.get_mut(start..)?;
        let &[b'C', 0, 0, 0, length] = rest.first_chunk::<HEADER>()? else {
            return None;
        };
        let end = usize::from(length) + 1;
        let &[b'Z', 0, 0, 0, 5, status] = rest.get(end..)?.first_chunk()? else {
            return None;
        };
        // As by `body`: the value before it ends there.
        if let Some(kind) = rest.first_mut() {
            *kind = 0;
        }
        self.head = start + end + HEADER + 1;
        let rest = self.buffer.get(start..)?;
        Some((rest.get(HEADER..end)?, status))
    }

    /// Accepts a DataRow. See [`Collector::accept`].
    #[inline]
    pub(super) fn accept_row(&mut self, frame: Frame, columns: u16) -> Result<()> {
        if !self.rows.holds_buffer() {
            self.first_row = frame.start;
        }
        self.last_row_end = frame.end;
        self.rows
            .accept(&mut self.buffer, frame.start, frame.end, columns)
    }

    /// A message's body. Its type byte is zeroed: it ends the value before it.
    pub(super) fn body(&mut self, frame: Frame) -> &[u8] {
        if let Some(kind) = self.buffer.get_mut(frame.start) {
            *kind = 0;
        }
        self.buffer
            .get(frame.start + HEADER..frame.end)
            .unwrap_or_default()
    }

    /// The rows received since the last call. A buffer mostly full of them is handed over; a few are copied,
    /// so that a result of one row does not keep a whole buffer.
    pub(super) fn take_rows(&mut self) -> Result<Rows> {
        let (first, end) = (self.first_row, self.last_row_end);
        if !self.rows.holds_buffer() || end - first <= self.buffer.capacity() / 2 {
            return self.rows.take_copy(&self.buffer, first, end);
        }
        // Larger, if it was filled: whoever takes rows as they come would never fill it otherwise.
        let filled = self.buffer.len() + HEADER + 2 >= self.buffer.capacity();
        let capacity =
            (self.buffer.capacity() << u32::from(filled)).clamp(SMALLEST_BUFFER, LARGEST_BUFFER);
        let mut full = self.replace_buffer(capacity)?;
        full.truncate(end);
        self.rows.seal(full)?;
        Ok(self.rows.take_sealed())
    }

    /// Takes a whole answer, if it is here, short and nothing unusual is in it: `first`, its rows, `columns` wide, if any
    /// are to come, and its command tag. The status of the ReadyForQuery comes back. `None`: nothing was taken. Of these
    /// rows none may have been accepted yet.
    #[inline(always)]
    pub(super) fn take_answer<const N: usize>(
        &mut self,
        first: &[u8; N],
        columns: Option<u16>,
        rows: &mut Rows,
        tag: &mut Tag,
    ) -> Option<TransactionStatus> {
        if self.peek() != Some(first) {
            return None;
        }
        self.take_behind(N, columns, rows, tag)
    }

    #[inline(never)]
    fn take_behind(
        &mut self,
        first: usize,
        columns: Option<u16>,
        rows: &mut Rows,
        tag: &mut Tag,
    ) -> Option<TransactionStatus> {
        let start = self.head + first;
        let most = self.buffer.capacity() / 2;
        let (length, ending, status) = rows.read_whole(self.buffer.get(start..)?, columns, most)?;
        let status = ready(&[status]).ok()?;
        if !tag.become_short(ending) {
            return None;
        }
        self.head = start + length + HEADER + ending.len() + HEADER + 1;
        Some(status)
    }

    /// Moves what is not understood yet to a fresh buffer, and hands over the one it was in.
    fn replace_buffer(&mut self, capacity: usize) -> Result<Vec<u8>> {
        let rest = self.buffer.get(self.head..).unwrap_or_default();
        let mut fresh = Vec::new();
        fresh
            .try_reserve_exact(capacity.max(rest.len()) + HEADER + 1)
            .map_err(out_of_memory)?;
        fresh.extend_from_slice(rest);
        self.head = 0;
        Ok(std::mem::replace(&mut self.buffer, fresh))
    }

    /// Forgets the rows received since the last `take_rows`: nobody wants them.
    pub(super) fn drop_rows(&mut self) {
        self.rows.clear();
    }

    /// What the receive buffer takes of the host's memory.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

/// A message's type, as it should be shown: the byte may be anything.
fn shown(kind: u8) -> String {
    if kind.is_ascii_graphic() {
        format!("'{}'", kind as char)
    } else {
        format!("0x{kind:02x}")
    }
}

fn out_of_memory(_: std::collections::TryReserveError) -> Error {
    Error::out_of_memory("while receiving from the server").breaking_connection()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type may be as long as it likes.
    fn any(_: u8) -> Option<u32> {
        Some(u32::MAX)
    }

    /// Receives all of `bytes`, and takes what messages are whole after each piece.
    fn receive(inbox: &mut Inbox, mut bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let (buffer, most) = inbox.space().unwrap();
            let (now, later) = bytes.split_at(most.min(bytes.len()));
            assert!(!now.is_empty());
            buffer.extend_from_slice(now);
            bytes = later;
            while let Some(frame) = inbox.next_frame(any).unwrap() {
                frames.push(frame);
            }
        }
        frames
    }

    fn message(kind: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&(length as u32 + 4).to_be_bytes());
        bytes.resize(5 + length, b'x');
        bytes
    }

    #[test]
    fn there_is_always_space_and_never_all_of_it() {
        let mut inbox = Inbox::default();
        for length in [0, 1, 100, 8 << 10, 300 << 10, 3, 1 << 20, 0, 5000] {
            let mut rest = &message(b'd', length)[..];
            while !rest.is_empty() {
                let (buffer, most) = inbox.space().unwrap();
                // A byte stays free, so that what is appended reallocates nothing, and a NUL fits.
                assert!(most > 0 && buffer.len() + most < buffer.capacity());
                let count = most.min(rest.len()).min(4096);
                buffer.extend_from_slice(&rest[..count]);
                rest = &rest[count..];
                let whole = inbox.next_frame(any).unwrap().is_some();
                assert_eq!(whole, rest.is_empty());
            }
            assert!(!inbox.is_mid_message());
        }
    }

    #[test]
    fn space_again_without_receiving_is_the_same_space() {
        let mut inbox = Inbox::default();
        receive(&mut inbox, &message(b'd', 10));
        receive(&mut inbox, b"d\0");
        let most = inbox.space().unwrap().1;
        for _ in 0..10 {
            assert_eq!(inbox.space().unwrap().1, most);
        }
        assert!(inbox.is_mid_message());
    }

    #[test]
    fn the_room_of_a_long_message_is_given_back() {
        let mut inbox = Inbox::default();
        assert_eq!(receive(&mut inbox, &message(b'd', 5 << 20)).len(), 1);
        assert!(inbox.capacity() > 5 << 20);
        inbox.space().unwrap();
        assert!(
            inbox.capacity() <= 2 * SMALLEST_BUFFER,
            "{}",
            inbox.capacity()
        );
    }

    #[test]
    fn small_messages_never_need_more_than_the_largest_buffer() {
        let mut inbox = Inbox::default();
        let all = message(b'd', 1000).repeat(1000);
        assert_eq!(receive(&mut inbox, &all).len(), 1000);
        assert!(inbox.capacity() <= LARGEST_BUFFER + HEADER + 1);
    }

    #[test]
    fn a_length_is_checked_before_its_message_comes() {
        let most = |kind| (kind == b'd').then_some(100);
        for (bytes, fine) in [
            (&b"d\0\0\0\x04"[..], true),
            (b"d\0\0\0\x64", true),
            (b"d\0\0\0\x65", false),
            (b"d\0\0\0\x03", false),
            (b"d\0\0\0\0", false),
            (b"d\xff\xff\xff\xff", false),
            (b"d\x80\0\0\0", false),
            (b"e\0\0\0\x04", false),
            // Not all of the header: nothing can be said yet.
            (b"e\0\0\0", true),
        ] {
            let mut inbox = Inbox::default();
            inbox.space().unwrap().0.extend_from_slice(bytes);
            assert_eq!(inbox.next_frame(most).is_ok(), fine, "{bytes:?}");
        }
    }

    #[test]
    fn a_body_is_what_lies_behind_the_header_and_its_type_becomes_a_nul() {
        let mut inbox = Inbox::default();
        let frames = receive(&mut inbox, b"C\0\0\0\x07abcZ\0\0\0\x05I");
        assert_eq!(frames.iter().map(|f| f.kind).collect::<Vec<_>>(), b"CZ");
        assert_eq!(inbox.body(frames[0]), b"abc");
        assert_eq!(inbox.body(frames[1]), b"I");
        assert_eq!(inbox.buffer, b"\0\0\0\0\x07abc\0\0\0\0\x05I");
    }

    #[test]
    fn a_buffer_mostly_full_of_rows_is_handed_over_and_few_rows_are_copied() {
        for (count, handed_over) in [(1, false), (5, true)] {
            let mut inbox = Inbox::default();
            let mut row = vec![b'D'];
            row.extend_from_slice(&(4 + 2 + 4 + 1000u32).to_be_bytes());
            row.extend_from_slice(&[0, 1, 0, 0, 0x03, 0xe8]);
            row.extend_from_slice(&[b'x'; 1000]);
            for frame in receive(&mut inbox, &row.repeat(count)) {
                inbox.accept_row(frame, 1).unwrap();
            }
            let before = inbox.buffer.as_ptr_range();
            let rows = inbox.take_rows().unwrap();
            assert_eq!(rows.len(), count as u64);
            let cell = rows.row(0).unwrap().next_cell().unwrap();
            assert_eq!(before.contains(&cell.as_ptr()), handed_over, "{count} rows");
            assert_eq!(rows.byte_behind(cell), Some(0));
        }
    }
}
