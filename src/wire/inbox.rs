//! What was received and not yet understood: the receive buffer, and the framing of messages in it.
//!
//! A message's header is checked against the most its type can need before a byte is reserved for it, and
//! room grows only as data arrives, so a lying length costs nothing (SECURITY, "reserving before the data is
//! there"). Rows stay in the buffer (`rows`); a full buffer that holds rows is handed over whole.

use super::rows::{Collector, Rows};
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
    pub(super) fn space(&mut self) -> Result<(&mut Vec<u8>, usize)> {
        if self.head == self.buffer.len() && !self.rows.holds_buffer() {
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

    /// Whether anything received awaits its rest.
    pub(super) fn is_mid_message(&self) -> bool {
        self.head < self.buffer.len()
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
        let capacity = self
            .buffer
            .capacity()
            .clamp(SMALLEST_BUFFER, LARGEST_BUFFER);
        let mut full = self.replace_buffer(capacity)?;
        full.truncate(end);
        self.rows.seal(full)?;
        Ok(self.rows.take_sealed())
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
