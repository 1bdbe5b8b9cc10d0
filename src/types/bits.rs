//! bit and varbit (PostgreSQL manual, "Bit String Types"): `0`s and `1`s; in binary their number, and eight of
//! them to a byte, the first one highest.

use bytes::{BufMut, BytesMut};

use crate::error::Error;

use super::malformed;
use super::nested::{Place, Reader};
use super::value::{Arena, Bits, Value};
use super::view::View;

/// The text form.
pub(super) fn from_text(oid: u32, cell: &[u8], arena: &mut Arena) -> Result<Value, Error> {
    let mut well_formed = true;
    let pack = |out: &mut [u8]| {
        for (digits, byte) in cell.chunks(8).zip(out.iter_mut()) {
            for (place, digit) in digits.iter().enumerate() {
                well_formed &= matches!(digit, b'0' | b'1');
                *byte |= (digit & 1) << (7 - place);
            }
        }
        out.len()
    };
    let bytes = arena
        .alloc(cell.len().div_ceil(8), pack)
        .ok_or_else(|| Error::out_of_memory("decoding a bit string"))?
        .as_ptr();
    match well_formed {
        true => keep(oid, cell.len(), bytes, arena),
        false => Err(malformed("bit string", "neither 0 nor 1")),
    }
}

/// The binary form; its bits stay where they are.
pub(super) fn from_binary(oid: u32, cell: &[u8], arena: &mut Arena) -> Result<Value, Error> {
    let mut reader = Reader::new("bit string", cell, Place::Pinned);
    let length =
        usize::try_from(reader.int4()?).map_err(|_| reader.malformed("a negative length"))?;
    let bytes = reader.bytes(length.div_ceil(8))?;
    reader.end()?;
    let beyond = length.next_multiple_of(8) - length;
    if bytes
        .last()
        .is_some_and(|last| last.trailing_zeros() < beyond as u32)
    {
        return Err(reader.malformed("bits behind its end"));
    }
    // A binary cell of text has a NUL behind it; bits need none, but every cell stays as long as its row.
    keep(oid, length, bytes.as_ptr(), arena)
}

fn keep(oid: u32, length: usize, bytes: *const u8, arena: &mut Arena) -> Result<Value, Error> {
    let bits = arena.keep(&[Bits { length, bytes }])?;
    Ok(Value::bits(oid, bits))
}

/// Appends the text form.
pub(super) fn format(bits: View<'_, Bits>, out: &mut String) -> Result<(), Error> {
    let (bytes, length) = bits.bits()?;
    out.reserve(length);
    let digits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1));
    out.extend(
        digits
            .take(length)
            .map(|bit| if bit == 1 { '1' } else { '0' }),
    );
    Ok(())
}

/// Appends the binary form.
pub(super) fn encode(bits: View<'_, Bits>, out: &mut BytesMut) {
    let Ok((bytes, length)) = bits.bits() else {
        return;
    };
    out.put_i32(length as i32);
    out.put_slice(bytes);
    // What a caller left behind the last bit is not sent.
    let beyond = length.next_multiple_of(8) - length;
    if let Some(last) = out.last_mut().filter(|_| !bytes.is_empty()) {
        *last &= 0xff << beyond;
    }
}
