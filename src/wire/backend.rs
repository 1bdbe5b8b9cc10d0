//! Messages from the server: their longest lengths, and their bodies taken apart (manual, 55.7).
//!
//! Nothing here trusts a count or a length, and nothing panics. Text that is not UTF-8 (errors from before
//! the encoding is agreed come in the server's own) is kept readable, with U+FFFD where it is not.

use std::sync::Arc;

use super::name::Name;
use crate::error::{Error, Result, ServerFields, SqlState};
use crate::types::Plain;

/// The longest message that PostgreSQL can build, as its length says: its buffers hold up to 1 GiB - 2 bytes
/// (`MaxAllocSize`, less a NUL), and the length counts its own four.
pub(super) const LONGEST: u32 = (1 << 30) + 2;

/// How long a message of this type may say it is (the length field, which counts itself); `None` for types
/// that do not exist. `authenticated` is whether the server has proved anything yet: before that, nothing it
/// says needs to be long.
pub(super) fn longest(kind: u8, authenticated: bool) -> Option<u32> {
    let after = match kind {
        // Authentication, NegotiateProtocolVersion.
        b'R' | b'v' => 64 << 10,
        // BackendKeyData: 256 bytes of key in protocol 3.2.
        b'K' => 4 + 4 + 256,
        // ParameterStatus; NotificationResponse (a payload is below 8000 bytes).
        b'S' => 1 << 20,
        b'A' => 64 << 10,
        // ErrorResponse, NoticeResponse: they may quote a whole statement.
        b'E' | b'N' => 64 << 20,
        // ParseComplete, BindComplete, CloseComplete, NoData, PortalSuspended, EmptyQueryResponse, CopyDone.
        b'1' | b'2' | b'3' | b'n' | b's' | b'I' | b'c' => 4,
        // ReadyForQuery.
        b'Z' => 5,
        // CommandComplete.
        b'C' => 64 << 10,
        // ParameterDescription: a count and an oid each.
        b't' => 4 + 2 + 4 * 65535,
        // CopyInResponse, CopyOutResponse, CopyBothResponse: a count and a format code each.
        b'G' | b'H' | b'W' => 4 + 1 + 2 + 2 * 65535,
        // RowDescription: a name (63 bytes, and longer ones should a server be built so) and 18 bytes each.
        b'T' => 64 << 20,
        // DataRow, CopyData.
        b'D' | b'd' => LONGEST,
        _ => return None,
    };
    Some(if authenticated {
        after
    } else {
        after.min(64 << 10)
    })
}

/// One column, as RowDescription gives it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The name.
    pub(crate) name: Name,
    /// The table it is a column of, or 0.
    pub(crate) table_oid: u32,
    /// Its number in that table, or 0.
    pub(crate) table_column: i16,
    /// Its type.
    pub(crate) type_oid: u32,
    /// `pg_type.typlen`: negative for types of variable width.
    pub(crate) type_size: i16,
    /// `pg_attribute.atttypmod`: -1 for none.
    pub(crate) type_modifier: i32,
    /// Whether values come in binary format.
    pub(crate) binary: bool,
    /// How they are read.
    pub(crate) plain: Plain,
}

impl Column {
    /// That of nothing.
    const NONE: Column = Column {
        name: Name::EMPTY,
        table_oid: 0,
        table_column: 0,
        type_oid: 0,
        type_size: 0,
        type_modifier: 0,
        binary: false,
        plain: Plain::No,
    };

    /// The same, with its values in binary format or not.
    pub(crate) fn in_format(&self, binary: bool) -> Column {
        Column {
            binary,
            plain: Plain::of(self.type_oid, binary),
            ..self.clone()
        }
    }
}

/// A NotificationResponse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    /// The backend that sent it.
    pub(crate) pid: i32,
    /// The channel's name.
    pub(crate) channel: String,
    /// What was sent with it; may be empty.
    pub(crate) payload: String,
}

/// Reads a message's body front to back.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    rest: &'a [u8],
    /// The message, for errors.
    name: &'static str,
}

impl<'a> Body<'a> {
    pub(super) fn new(name: &'static str, body: &'a [u8]) -> Body<'a> {
        Body { rest: body, name }
    }

    pub(super) fn error(&self, what: &str) -> Error {
        Error::protocol(format_args!("{} {what}", self.name))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| self.error("cut short"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The bytes up to a NUL, which is skipped.
    pub(super) fn cstr(&mut self) -> Result<&'a [u8]> {
        let end =
            memchr::memchr(0, self.rest).ok_or_else(|| self.error("with an endless string"))?;
        let (text, rest) = self
            .rest
            .split_at_checked(end)
            .ok_or_else(|| self.error("cut short"))?;
        self.rest = rest.get(1..).unwrap_or_default();
        Ok(text)
    }

    /// A column of a RowDescription.
    #[inline]
    fn column(&mut self) -> Result<Column> {
        let name = Name::new(self.cstr()?);
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, format @ ..] =
            self.array::<COLUMN_TAIL>()?;
        let binary = match i16::from_be_bytes(format) {
            0 => false,
            1 => true,
            _ => return Err(self.error("with an unknown format code")),
        };
        let type_oid = u32::from_be_bytes([g, h, i, j]);
        Ok(Column {
            name,
            table_oid: u32::from_be_bytes([a, b, c, d]),
            table_column: i16::from_be_bytes([e, f]),
            type_oid,
            type_size: i16::from_be_bytes([k, l]),
            type_modifier: i32::from_be_bytes([m, n, o, p]),
            binary,
            plain: Plain::of(type_oid, binary),
        })
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let bytes = self.cstr()?;
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// All that is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn end(self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error("with bytes behind its end"))
        }
    }
}

/// A column's description behind its name.
const COLUMN_TAIL: usize = 18;

/// A RowDescription's columns.
pub(super) fn row_description(body: &[u8]) -> Result<Arc<[Column]>> {
    let mut body = Body::new("RowDescription", body);
    let count = body.u16()?;
    // With the NUL behind its name each takes one byte more at least, so what a lying count reserves is in proportion
    // to what has come.
    if usize::from(count) * (COLUMN_TAIL + 1) > body.rest.len() {
        return Err(body.error("cut short"));
    }
    // They are made where they stay.
    let mut failure = None;
    let mut next = |_| match body.column() {
        Ok(column) => column,
        Err(error) => {
            failure.get_or_insert(error);
            Column::NONE
        }
    };
    let columns = (0..count).map(&mut next).collect();
    match failure {
        None => body.end().map(|()| columns),
        Some(error) => Err(error),
    }
}

/// A ParameterDescription's type oids.
pub(super) fn parameter_description(body: &[u8]) -> Result<Vec<u32>> {
    let mut body = Body::new("ParameterDescription", body);
    let count = body.u16()?;
    let mut types = Vec::with_capacity(usize::from(count).min(body.rest.len() / 4));
    for _ in 0..count {
        types.push(body.u32()?);
    }
    body.end()?;
    Ok(types)
}

/// An ErrorResponse's or NoticeResponse's fields. Unknown ones are skipped, as the manual asks.
pub(super) fn fields(name: &'static str, body: &[u8]) -> Result<ServerFields> {
    let mut body = Body::new(name, body);
    let mut fields = ServerFields::default();
    loop {
        let code = body.u8()?;
        if code == 0 {
            return body.end().map(|()| fields);
        }
        let value = body.cstr()?;
        let place = match code {
            b'C' => {
                fields.sqlstate = SqlState::parse(value);
                continue;
            }
            b'S' => &mut fields.severity,
            b'V' => &mut fields.severity_nonlocalized,
            b'M' => &mut fields.message_primary,
            b'D' => &mut fields.message_detail,
            b'H' => &mut fields.message_hint,
            b'P' => &mut fields.statement_position,
            b'p' => &mut fields.internal_position,
            b'q' => &mut fields.internal_query,
            b'W' => &mut fields.context,
            b's' => &mut fields.schema_name,
            b't' => &mut fields.table_name,
            b'c' => &mut fields.column_name,
            b'd' => &mut fields.datatype_name,
            b'n' => &mut fields.constraint_name,
            b'F' => &mut fields.source_file,
            b'L' => &mut fields.source_line,
            b'R' => &mut fields.source_function,
            _ => continue,
        };
        *place = Some(String::from_utf8_lossy(value).into_owned());
    }
}

/// A NotificationResponse.
pub(super) fn notification(body: &[u8]) -> Result<Notification> {
    let mut body = Body::new("NotificationResponse", body);
    let pid = body.i32()?;
    let channel = body.text()?;
    let payload = body.text()?;
    body.end()?;
    Ok(Notification {
        pid,
        channel,
        payload,
    })
}

/// A ParameterStatus: name and value.
pub(super) fn parameter_status(body: &[u8]) -> Result<(String, String)> {
    let mut body = Body::new("ParameterStatus", body);
    let pair = (body.text()?, body.text()?);
    body.end()?;
    Ok(pair)
}

/// A CopyInResponse or CopyOutResponse: nothing of it is kept, but it must be one.
pub(super) fn copy_response(body: &[u8]) -> Result<()> {
    let mut body = Body::new("CopyResponse", body);
    let overall = body.u8()?;
    let count = body.u16()?;
    for _ in 0..count {
        body.u16()?;
    }
    if overall > 1 {
        return Err(body.error("with an unknown format code"));
    }
    body.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian_and_signed_where_they_are() {
        let mut body = Body::new("Test", &[0xff, 0xfe, 0x80, 0, 0, 1, 0x80, 0, 0, 1, 7]);
        assert_eq!(body.u16().unwrap(), 0xfffe);
        assert_eq!(body.u32().unwrap(), 0x8000_0001);
        assert_eq!(body.i32().unwrap(), i32::MIN + 1);
        assert_eq!(body.u8().unwrap(), 7);
        assert!(body.u8().is_err());
        assert!(body.end().is_ok());
    }

    #[test]
    fn a_read_that_fails_takes_nothing() {
        let mut body = Body::new("Test", b"abc");
        assert!(body.i32().is_err());
        assert!(body.cstr().is_err());
        assert_eq!(body.rest(), b"abc");
    }

    #[test]
    fn an_empty_string_is_a_string() {
        let mut body = Body::new("Test", b"\0\0x");
        assert_eq!(body.cstr().unwrap(), b"");
        assert_eq!(body.text().unwrap(), "");
        let error = body.end().unwrap_err();
        assert!(
            error.message().contains("Test with bytes behind its end"),
            "{error}"
        );
    }

    #[test]
    fn a_thousand_columns_are_read_and_one_too_few_is_not() {
        let column = b"name\0\0\0\0\x01\0\x02\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0";
        let mut body = 1000u16.to_be_bytes().to_vec();
        (0..1000).for_each(|_| body.extend_from_slice(column));
        let columns = row_description(&body).unwrap();
        assert_eq!(columns.len(), 1000);
        assert_eq!(columns[999].type_oid, 23);
        assert!(row_description(&body[..body.len() - column.len()]).is_err());
        body.extend_from_slice(column);
        assert!(row_description(&body).is_err());
        assert!(row_description(&[]).is_err());
        assert!(row_description(&[0, 0]).unwrap().is_empty());
    }

    #[test]
    fn a_code_that_is_no_sqlstate_is_none() {
        for code in ["", "4260", "426011", "42 01"] {
            let body = format!("C{code}\0Mx\0\0");
            let fields = fields("ErrorResponse", body.as_bytes()).unwrap();
            assert_eq!(fields.sqlstate, None);
            assert_eq!(fields.message_primary.as_deref(), Some("x"));
        }
    }

    #[test]
    fn an_error_without_fields_is_one() {
        assert_eq!(
            fields("ErrorResponse", b"\0").unwrap(),
            ServerFields::default()
        );
        for body in [&b""[..], b"M", b"Mx", b"Mx\0", b"\0\0", b"Mx\0\0\0"] {
            assert!(fields("ErrorResponse", body).is_err(), "{body:?}");
        }
    }
}
