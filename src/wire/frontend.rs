//! Messages to the server. `postgres-protocol` lays them out, but for those that each statement takes; here they are
//! checked first.
//!
//! PostgreSQL refuses messages of 1 GiB and more by ending the session, and lengths that wrap have smuggled
//! SQL through other clients (SECURITY, "length and count wrap on sending"), so what is too long is an error
//! before the first byte of its message is written.

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend as message;

use crate::conninfo::ProtocolVersion;
use crate::error::{Class, Error, Result};
use crate::types::Param;

/// The longest message a server accepts (`PQ_LARGE_MESSAGE_LIMIT`), length field included.
pub(crate) const LONGEST_MESSAGE: usize = (1 << 30) - 2;
/// The most parameters a statement can have: Bind counts them in 16 bits.
const MOST_PARAMETERS: usize = 65535;
/// Above this, an allocation is tried before `BytesMut`, which aborts the process when memory runs out, is
/// asked for it.
const CAREFUL_FROM: usize = 1 << 20;

/// Makes room for a message of `length` bytes, type byte included, or says why not.
fn reserve(out: &mut BytesMut, length: usize, what: &str) -> Result<()> {
    reserve_before(out, length, 0, what)
}

/// The same, and for `more` bytes of short messages behind it.
#[inline]
fn reserve_before(out: &mut BytesMut, length: usize, more: usize, what: &str) -> Result<()> {
    if length > LONGEST_MESSAGE + 1 {
        return Err(too_long(what, length));
    }
    let length = length + more;
    if out.capacity() - out.len() < length {
        if length > CAREFUL_FROM {
            let mut probe = Vec::<u8>::new();
            probe
                .try_reserve_exact(length + out.len())
                .map_err(|_| Error::out_of_memory(format_args!("for {what} of {length} bytes")))?;
        }
        out.reserve(length);
    }
    Ok(())
}

fn too_long(what: &str, length: usize) -> Error {
    Error::data(format!(
        "{what} is too long: {length} bytes in one message, and PostgreSQL accepts {LONGEST_MESSAGE}"
    ))
    .with_sqlstate("54000")
}

/// A failure of `postgres-protocol`, which checks again what was checked here.
fn unwritable(error: std::io::Error) -> Error {
    Error::new(Class::Internal, "a message could not be written").caused_by(error)
}

/// What stands in the place of a version to ask for something else (manual, 55.7).
const CANCEL_REQUEST: i32 = 80_877_102;
const SSL_REQUEST: i32 = 80_877_103;

/// A protocol version as messages have it.
pub(super) fn version_number(version: ProtocolVersion) -> i32 {
    match version {
        ProtocolVersion::V3_0 => 3 << 16,
        ProtocolVersion::V3_2 => (3 << 16) | 2,
    }
}

/// StartupMessage, by hand: `postgres-protocol` asks for 3.0 whatever is wanted. A NUL in a parameter would
/// begin another.
pub(super) fn startup(
    version: ProtocolVersion,
    parameters: &[(&str, &str)],
    out: &mut BytesMut,
) -> Result<()> {
    let mut body = Vec::with_capacity(256);
    body.extend_from_slice(&version_number(version).to_be_bytes());
    for text in parameters.iter().flat_map(|(name, value)| [name, value]) {
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return Err(Error::programming(
                "a connection parameter holds a NUL byte",
            ));
        }
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = i32::try_from(body.len())
        .ok()
        .and_then(|length| length.checked_add(4))
        .ok_or_else(|| Error::programming("the connection parameters are too long"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&body);
    Ok(())
}

/// CancelRequest: the whole packet, for a connection of its own. `key` is what the server gave, 256 bytes at
/// most.
pub(crate) fn cancel_request(pid: i32, key: &[u8]) -> Vec<u8> {
    let length = 12 + key.len() as u32;
    let mut packet = Vec::with_capacity(12 + key.len());
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&CANCEL_REQUEST.to_be_bytes());
    packet.extend_from_slice(&pid.to_be_bytes());
    packet.extend_from_slice(key);
    packet
}

/// SSLRequest: the whole packet. A single byte answers it, before the protocol proper begins.
pub(crate) fn ssl_request() -> [u8; 8] {
    let mut packet = [0, 0, 0, 8, 0, 0, 0, 0];
    packet[4..].copy_from_slice(&SSL_REQUEST.to_be_bytes());
    packet
}

/// PasswordMessage. A NUL would end the password early.
pub(super) fn password(password: &[u8], out: &mut BytesMut) -> Result<()> {
    message::password_message(password, out)
        .map_err(|_| Error::programming("the password holds a NUL byte").breaking_connection())
}

pub(super) fn sasl_initial_response(
    mechanism: &str,
    data: &[u8],
    out: &mut BytesMut,
) -> Result<()> {
    message::sasl_initial_response(mechanism, data, out).map_err(unwritable)
}

pub(super) fn sasl_response(data: &[u8], out: &mut BytesMut) -> Result<()> {
    message::sasl_response(data, out).map_err(unwritable)
}

pub(super) fn query(sql: &str, out: &mut BytesMut) -> Result<()> {
    no_nul(sql)?;
    reserve(out, 6 + sql.len(), "the statement")?;
    message::query(sql, out).map_err(unwritable)
}

pub(super) fn parse(name: &str, sql: &str, types: &[u32], out: &mut BytesMut) -> Result<()> {
    no_nul(sql)?;
    count_parameters(types.len())?;
    reserve(
        out,
        9 + name.len() + sql.len() + 4 * types.len(),
        "the statement",
    )?;
    message::parse(name, sql, types.iter().copied(), out).map_err(unwritable)
}

/// Parse, Bind, Describe, Execute and Sync, by hand and at once: of the unnamed statement and portal, with all columns in
/// text and for all rows. Errors as `parse` and `bind`.
pub(super) fn statement(sql: &str, params: &[Param<'_>], out: &mut BytesMut) -> Result<()> {
    const DESCRIBE_EXECUTE_AND_SYNC: &[u8; 22] = b"D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
    no_nul(sql)?;
    count_parameters(params.len())?;
    let parse = 9 + sql.len() + 4 * params.len();
    let bind = bind_length(13, params)?;
    let (longer, other, what) = if bind > parse {
        (bind, parse, "the parameters")
    } else {
        (parse, bind, "the statement")
    };
    reserve_before(out, longer, other + DESCRIBE_EXECUTE_AND_SYNC.len(), what)?;
    let [a, b, c, d] = u32::to_be_bytes(parse as u32 - 1);
    out.put_slice(&[b'P', a, b, c, d, 0]);
    out.put_slice(sql.as_bytes());
    let [a, b] = u16::to_be_bytes(params.len() as u16);
    out.put_slice(&[0, a, b]);
    for param in params {
        out.put_u32(param.declared_oid());
    }
    let start = out.len();
    out.put_slice(b"B\0\0\0\0\0\0");
    put_parameters(params, out);
    out.put_u16(0);
    fill_length(out, start + 1, start + 1);
    out.put_slice(DESCRIBE_EXECUTE_AND_SYNC);
    Ok(())
}

/// Bind of the unnamed portal, by hand: `postgres-protocol` asks for each parameter several times, and rows by the hundred
/// thousand pass here. Checks every parameter first; an error says which, counted from 1, and nothing has been written.
/// `result_formats`: none for all text, one for all columns, or one a column.
pub(super) fn bind(
    statement: &str,
    params: &[Param<'_>],
    result_formats: &[i16],
    out: &mut BytesMut,
) -> Result<()> {
    let fixed = 13 + statement.len() + 2 * result_formats.len();
    let length = bind_length(fixed, params)?;
    reserve(out, length, "the parameters")?;
    let start = out.len();
    // Its length is filled in at the end, as those of the parameters are: none is ever other than what was written.
    out.put_slice(b"B\0\0\0\0\0");
    put_name(statement, out);
    put_parameters(params, out);
    out.put_u16(result_formats.len() as u16);
    for &format in result_formats {
        out.put_i16(format);
    }
    fill_length(out, start + 1, start + 1);
    Ok(())
}

/// What is the same of each Bind, Execute and Sync that run a prepared statement.
#[derive(Debug)]
pub(crate) struct Call {
    /// Up to the parameters.
    head: Box<[u8]>,
    /// The result formats, and the messages behind the Bind.
    tail: Box<[u8]>,
    formats: usize,
}

/// Execute of the unnamed portal for all rows, and Sync.
const EXECUTE_AND_SYNC: &[u8; 15] = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
/// So many short parameters are written in one go.
const FEW: usize = 8;

impl Call {
    /// Of the statement of this name; `result_formats` as for `bind`.
    pub(crate) fn new(statement: &str, result_formats: &[i16]) -> Call {
        let mut head = BytesMut::from(&b"B\0\0\0\0\0"[..]);
        put_name(statement, &mut head);
        let mut tail = BytesMut::new();
        tail.put_u16(result_formats.len() as u16);
        for &format in result_formats {
            tail.put_i16(format);
        }
        let formats = tail.len();
        tail.put_slice(EXECUTE_AND_SYNC);
        Call {
            head: head[..].into(),
            tail: tail[..].into(),
            formats,
        }
    }

    /// The three messages, of the unnamed portal and for all rows. Errors as `bind`.
    pub(super) fn write(&self, params: &[Param<'_>], out: &mut BytesMut) -> Result<()> {
        if params.len() <= FEW {
            let start = out.len();
            let most = self.head.len() + 4 + 14 * params.len() + self.tail.len();
            out.resize(start + most, 0);
            let end = out
                .get_mut(start..)
                .and_then(|room| self.write_short(params, room));
            out.truncate(start + end.unwrap_or(0));
            if end.is_some() {
                return Ok(());
            }
        }
        self.write_any(params, out)
    }

    /// The same of short parameters, into room for as many of the longest; how many bytes they are comes back.
    #[inline]
    fn write_short(&self, params: &[Param<'_>], room: &mut [u8]) -> Option<usize> {
        let all = room.len();
        let count = (params.len() as u16).to_be_bytes();
        let (head, rest) = room.split_at_mut_checked(self.head.len())?;
        head.copy_from_slice(&self.head);
        let (place, mut rest) = rest.split_first_chunk_mut()?;
        *place = count;
        for _ in params {
            // Their binary form.
            let place;
            (place, rest) = rest.split_first_chunk_mut()?;
            *place = [0, 1];
        }
        let (place, mut rest) = rest.split_first_chunk_mut()?;
        *place = count;
        for param in params {
            let (bytes, length) = param.short()?;
            let place;
            (place, rest) = rest.split_first_chunk_mut()?;
            *place = (length as u32).to_be_bytes();
            // What is beyond the length is written over.
            *rest.first_chunk_mut()? = bytes;
            rest = rest.get_mut(length..)?;
        }
        let (tail, rest) = rest.split_at_mut_checked(self.tail.len())?;
        tail.copy_from_slice(&self.tail);
        let end = all - rest.len();
        let length = (end - 1 - EXECUTE_AND_SYNC.len()) as u32;
        *room.get_mut(1..)?.first_chunk_mut()? = length.to_be_bytes();
        Some(end)
    }

    fn write_any(&self, params: &[Param<'_>], out: &mut BytesMut) -> Result<()> {
        let fixed = self.head.len() + 4 + self.formats;
        let length = bind_length(fixed, params)?;
        reserve_before(out, length, EXECUTE_AND_SYNC.len(), "the parameters")?;
        let start = out.len();
        out.put_slice(&self.head);
        put_parameters(params, out);
        out.put_slice(self.tail.get(..self.formats).unwrap_or_default());
        fill_length(out, start + 1, start + 1);
        out.put_slice(EXECUTE_AND_SYNC);
        Ok(())
    }
}

/// Appends what a Bind says of its parameters, which `bind_length` has checked.
#[inline]
fn put_parameters(params: &[Param<'_>], out: &mut BytesMut) {
    // They have been counted, and formats are asked for no more columns than a server can describe.
    let count = params.len() as u16;
    out.put_u16(count);
    let codes = out.len();
    out.put_bytes(0, 2 * params.len());
    out.put_u16(count);
    for (index, param) in params.iter().enumerate() {
        let code = match param.short() {
            Some((bytes, length)) => {
                let [a, b, c, d] = (length as u32).to_be_bytes();
                let [e, f, g, h, i, j, k, l] = bytes;
                let piece = [a, b, c, d, e, f, g, h, i, j, k, l];
                out.put_slice(piece.get(..4 + length).unwrap_or_default());
                // Its binary form.
                1
            }
            None if param.is_null() => {
                out.put_i32(-1);
                continue;
            }
            None => {
                let place = out.len();
                out.put_i32(-1);
                let code = param.encode(out);
                fill_length(out, place, place + 4);
                code
            }
        };
        if let Some(place) = out.get_mut(codes + 2 * index..codes + 2 * index + 2) {
            place.copy_from_slice(&i16::to_be_bytes(code));
        }
    }
}

/// Appends a name, which is one of ours: it holds no NUL.
fn put_name(name: &str, out: &mut BytesMut) {
    debug_assert!(!name.contains('\0'));
    out.put_slice(name.as_bytes());
    out.put_u8(0);
}

/// Writes to the four bytes at `place` how many there are behind `from`.
fn fill_length(out: &mut BytesMut, place: usize, from: usize) {
    let length = out.len().saturating_sub(from) as u32;
    if let Some(place) = out.get_mut(place..place + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// Checks all that `bind` checks of parameters, for the unnamed statement and text results, and writes nothing.
pub(crate) fn check_parameters(params: &[Param<'_>]) -> Result<()> {
    bind_length(13, params).map(drop)
}

/// The length of a Bind with these parameters, and `fixed` bytes beside them. An error says which parameter,
/// counted from 1, cannot be sent.
fn bind_length(fixed: usize, params: &[Param<'_>]) -> Result<usize> {
    count_parameters(params.len())?;
    let mut length = fixed;
    for (index, param) in params.iter().enumerate() {
        let value = match param.short() {
            Some((_, length)) => length,
            None => param
                .encoded_len()
                .map_err(|error| error.prefixed(&format!("parameter {}: ", index + 1)))?,
        };
        // Summed without wrapping: each is checked before the next is added.
        length = length.saturating_add(value).saturating_add(6);
        if length > LONGEST_MESSAGE {
            return Err(too_long(&format!("parameter {}", index + 1), length));
        }
    }
    Ok(length)
}

pub(super) fn describe_statement(name: &str, out: &mut BytesMut) -> Result<()> {
    message::describe(b'S', name, out).map_err(unwritable)
}

pub(super) fn describe_portal(name: &str, out: &mut BytesMut) -> Result<()> {
    message::describe(b'P', name, out).map_err(unwritable)
}

pub(super) fn close_statement(name: &str, out: &mut BytesMut) -> Result<()> {
    message::close(b'S', name, out).map_err(unwritable)
}

/// Execute of the unnamed portal.
pub(super) fn execute(most_rows: i32, out: &mut BytesMut) {
    let [a, b, c, d] = most_rows.to_be_bytes();
    out.put_slice(&[b'E', 0, 0, 0, 9, 0, a, b, c, d]);
}

pub(super) fn copy_fail(reason: &str, out: &mut BytesMut) -> Result<()> {
    message::copy_fail(reason, out).map_err(unwritable)
}

pub(super) fn sync(out: &mut BytesMut) {
    out.put_slice(b"S\0\0\0\x04");
}

pub(super) fn flush(out: &mut BytesMut) {
    message::flush(out);
}

pub(super) fn terminate(out: &mut BytesMut) {
    message::terminate(out);
}

fn no_nul(sql: &str) -> Result<()> {
    match memchr::memchr(0, sql.as_bytes()) {
        None => Ok(()),
        Some(at) => Err(Error::programming(format!(
            "the statement holds a NUL byte, at byte {at}"
        ))),
    }
}

fn count_parameters(count: usize) -> Result<()> {
    if count > MOST_PARAMETERS {
        return Err(Error::programming(format!(
            "a statement with {count} parameters: PostgreSQL accepts {MOST_PARAMETERS}"
        ))
        .with_sqlstate("54023"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Datum;

    #[test]
    fn a_message_longer_than_a_server_accepts_gets_no_room() {
        // The length counts the type byte, which the limit does not.
        for length in [LONGEST_MESSAGE + 2, 1 << 31, (1 << 32) + 16, usize::MAX] {
            let mut out = BytesMut::new();
            let error = reserve(&mut out, length, "the statement").unwrap_err();
            assert_eq!(error.sqlstate().unwrap().as_str(), "54000");
            assert!(
                error.message().contains("the statement is too long"),
                "{error}"
            );
            assert_eq!(out.capacity(), 0);
        }
    }

    #[test]
    fn room_is_made_once_for_a_whole_message() {
        let mut out = BytesMut::from(&b"before"[..]);
        reserve(&mut out, 3 << 20, "the statement").unwrap();
        let room = out.capacity();
        assert!(room >= 6 + (3 << 20));
        reserve(&mut out, 3 << 20, "the statement").unwrap();
        assert_eq!(out.capacity(), room);
        assert_eq!(&out[..], b"before");
    }

    #[test]
    fn the_length_that_is_reserved_is_the_length_that_is_written() {
        let mut out = BytesMut::new();
        query("SELECT 1", &mut out).unwrap();
        assert_eq!(out.len(), 6 + 8);
        let mut out = BytesMut::new();
        parse("name", "SELECT 1", &[1, 2], &mut out).unwrap();
        assert_eq!(out.len(), 9 + 4 + 8 + 2 * 4);
        let mut out = BytesMut::new();
        let text = Param {
            oid: 0,
            datum: Datum::Text("abc"),
        };
        bind("s", &[text, text], &[0, 1, 0], &mut out).unwrap();
        assert_eq!(out.len(), 13 + 1 + 2 * 3 + 2 * (3 + 6));
        let mut out = BytesMut::new();
        statement("SELECT 1", &[text, text], &mut out).unwrap();
        assert_eq!(out.len(), (9 + 8 + 2 * 4) + (13 + 2 * (3 + 6)) + 22);
    }

    #[test]
    fn a_statement_at_once_is_its_messages_one_by_one() {
        let param = |oid, datum| Param { oid, datum };
        let all = [
            param(0, Datum::Int(7)),
            param(0, Datum::Int(1 << 40)),
            param(0, Datum::Null),
            param(25, Datum::Null),
            param(0, Datum::Text("a text longer than those that are short")),
            param(700, Datum::Float(1.5)),
            param(0, Datum::Bool(true)),
        ];
        for count in 0..=all.len() {
            let params = &all[..count];
            let types: Vec<u32> = params.iter().map(Param::declared_oid).collect();
            for sql in ["", "SELECT 1", &"x".repeat(1000)] {
                let mut expected = BytesMut::from(&b"before"[..]);
                let mut out = expected.clone();
                parse("", sql, &types, &mut expected).unwrap();
                bind("", params, &[], &mut expected).unwrap();
                describe_portal("", &mut expected).unwrap();
                execute(0, &mut expected);
                sync(&mut expected);
                statement(sql, params, &mut out).unwrap();
                assert_eq!(out, expected);
            }
        }
        // What cannot be sent leaves nothing behind.
        let nul = param(0, Datum::Text("\0"));
        let many = vec![all[0]; MOST_PARAMETERS + 1];
        for (sql, params) in [("\0", &all[..1]), ("x", &[nul]), ("x", &many)] {
            let mut out = BytesMut::new();
            assert!(statement(sql, params, &mut out).is_err());
            assert!(out.is_empty());
        }
    }

    #[test]
    fn a_nul_in_a_statement_is_found_where_it_is() {
        let error = query("SELECT '\0'", &mut BytesMut::new()).unwrap_err();
        assert!(error.message().ends_with("at byte 8"), "{error}");
        assert!(parse("", "\0", &[], &mut BytesMut::new()).is_err());
    }
}
