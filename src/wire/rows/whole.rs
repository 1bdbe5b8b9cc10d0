//! A few rows read together with the end of their answer: what comes back of most statements. They are copied out of the
//! receive buffer, which is left as it was, so that whatever is unusual can still be looked at the usual way.

use super::{CELLS_AT, Chunk, FEW, Index, NULL_LENGTH, Rows, are_marked};

impl Rows {
    /// Becomes the rows that an answer begins with, if they are few, all of it is here and nothing else is in it:
    /// `columns` wide (`None`: there are none to come), and at most `most` bytes. How many bytes they are comes back, with
    /// the body of the CommandComplete and the status of the ReadyForQuery behind them. `None`: nothing was there, or what
    /// was has to be looked at the usual way. These rows are clear before, and then anything.
    #[inline]
    pub(in super::super) fn read_whole<'b>(
        &mut self,
        bytes: &'b [u8],
        columns: Option<u16>,
        most: usize,
    ) -> Option<(usize, &'b [u8], u8)> {
        let mut places = [0; FEW];
        let mut count = 0;
        let mut at = 0;
        let mut rest = bytes;
        for place in &mut places {
            let &[kind, a, b, c, d] = rest.first_chunk()?;
            if kind != b'D' {
                break;
            }
            let total = u32::from_be_bytes([a, b, c, d]) as usize + 1;
            if total > NULL_LENGTH as usize {
                return None;
            }
            *place = (at + CELLS_AT) as u32;
            count += 1;
            rest = rest.get(total..)?;
            at += total;
        }
        let &[b'C', 0, 0, 0, length] = rest.first_chunk()? else {
            return None;
        };
        let (ending, behind) = rest.split_at_checked(usize::from(length) + 1)?;
        let &[b'Z', 0, 0, 0, 5, status] = behind.first_chunk()? else {
            return None;
        };
        if count > 0 && (at > most || !self.copy_few(bytes.get(..at)?, places, count, columns?)) {
            return None;
        }
        Some((at, ending.get(5..)?, status))
    }

    /// Becomes a copy of `count` messages, whose cells are at these places; false if they are not rows of that width.
    #[inline]
    fn copy_few(&mut self, bytes: &[u8], places: [u32; FEW], count: usize, columns: u16) -> bool {
        let Chunk {
            bytes: room, index, ..
        } = &mut self.first;
        if room.len() <= bytes.len() && !grown(room, bytes.len() + 1) {
            return false;
        }
        // What is behind the NUL is of earlier rows, and nobody's.
        let Some((room, [nul, ..])) = room.split_at_mut_checked(bytes.len()) else {
            return false;
        };
        room.copy_from_slice(bytes);
        *nul = 0;
        self.count = count as u64;
        *index = Index::Few(count as u8, places);
        let [count_high, count_low] = columns.to_be_bytes();
        let mut end = bytes.len();
        for &place in places.get(..count).unwrap_or_default().iter().rev() {
            let start = place as usize - CELLS_AT;
            let message = room.get_mut(start..end).unwrap_or_default();
            let Some((header, cells)) = message.split_first_chunk_mut::<CELLS_AT>() else {
                return false;
            };
            let &mut [ref mut kind, _, _, _, _, high, low] = header;
            // It ends the value before it.
            *kind = 0;
            if high != count_high || low != count_low || !are_marked(cells, columns) {
                return false;
            }
            end = start;
        }
        true
    }
}

/// Makes `room` at least `length` bytes long; false if memory ran out.
#[cold]
fn grown(room: &mut Vec<u8>, length: usize) -> bool {
    let more = length.saturating_sub(room.len());
    if room.try_reserve(more).is_err() {
        return false;
    }
    room.resize(room.capacity(), 0);
    true
}
