//! The quick way to read cells of the types that most columns have, where they are as plain as most are: numbers of
//! few digits, ASCII texts, dates of four-digit years. What it does not read, `decode_text` and `decode_binary` do, to
//! the same value: they say what a value is, and what is wrong with one.

use super::value::{Kind, Value};
use super::{datetime, float, int, oid};

/// How a column's cells are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// Not here.
    No,
    Text,
    Int4InText,
    Int8InText,
    Float8InText,
    BoolInText,
    TimestampInText,
    TimestampTzInText,
    DateInText,
    Int4,
    Int8,
    Float8,
    Bool,
    Timestamp,
    TimestampTz,
}

impl Plain {
    /// How cells of this type and format are read.
    pub(crate) fn of(type_oid: u32, binary: bool) -> Plain {
        match (type_oid, binary) {
            (oid::TEXT | oid::VARCHAR, _) => Plain::Text,
            (oid::INT4, false) => Plain::Int4InText,
            (oid::INT8, false) => Plain::Int8InText,
            (oid::FLOAT8, false) => Plain::Float8InText,
            (oid::BOOL, false) => Plain::BoolInText,
            (oid::TIMESTAMP, false) => Plain::TimestampInText,
            (oid::TIMESTAMPTZ, false) => Plain::TimestampTzInText,
            (oid::DATE, false) => Plain::DateInText,
            (oid::INT4, true) => Plain::Int4,
            (oid::INT8, true) => Plain::Int8,
            (oid::FLOAT8, true) => Plain::Float8,
            (oid::BOOL, true) => Plain::Bool,
            (oid::TIMESTAMP, true) => Plain::Timestamp,
            (oid::TIMESTAMPTZ, true) => Plain::TimestampTz,
            _ => Plain::No,
        }
    }

    /// The value of a cell that is not NULL; `None`: it must be read the usual way. A text points at the cell.
    #[inline(always)]
    pub(crate) fn read(self, type_oid: u32, cell: &[u8]) -> Option<Value> {
        let integer = |kind, number| Some(Value::integer(kind, type_oid, number));
        match self {
            Plain::No => None,
            Plain::Text => {
                is_ascii(cell).then(|| Value::text(Kind::DBAPI_KIND_TEXT, type_oid, cell))
            }
            Plain::Int4InText => {
                let number = int::quick(cell).filter(|&number| i32::try_from(number).is_ok());
                integer(Kind::DBAPI_KIND_INT, number?)
            }
            Plain::Int8InText => integer(Kind::DBAPI_KIND_INT, int::quick(cell)?),
            Plain::Float8InText => Some(Value::floating(type_oid, float::quick(cell)?)),
            Plain::BoolInText => match cell {
                b"t" => Some(Value::boolean(type_oid, true)),
                b"f" => Some(Value::boolean(type_oid, false)),
                _ => None,
            },
            Plain::TimestampInText => integer(
                Kind::DBAPI_KIND_TIMESTAMP,
                datetime::quick_text(cell, false)?,
            ),
            Plain::TimestampTzInText => integer(
                Kind::DBAPI_KIND_TIMESTAMPTZ,
                datetime::quick_text(cell, true)?,
            ),
            Plain::DateInText => integer(Kind::DBAPI_KIND_DATE, datetime::quick_date(cell)?),
            Plain::Int4 => integer(
                Kind::DBAPI_KIND_INT,
                i32::from_be_bytes(cell.try_into().ok()?).into(),
            ),
            Plain::Int8 => integer(
                Kind::DBAPI_KIND_INT,
                i64::from_be_bytes(cell.try_into().ok()?),
            ),
            Plain::Float8 => Some(Value::floating(
                type_oid,
                f64::from_be_bytes(cell.try_into().ok()?),
            )),
            Plain::Bool => match cell {
                [byte @ (0 | 1)] => Some(Value::boolean(type_oid, *byte == 1)),
                _ => None,
            },
            Plain::Timestamp => integer(Kind::DBAPI_KIND_TIMESTAMP, datetime::quick(cell)?),
            Plain::TimestampTz => integer(Kind::DBAPI_KIND_TIMESTAMPTZ, datetime::quick(cell)?),
        }
    }
}

/// As the method of that name, quicker for what is a few bytes long.
#[inline(always)]
fn is_ascii(cell: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let Some(last) = cell.last_chunk::<8>() else {
        return cell.iter().fold(0, |seen, byte| seen | byte) < 0x80;
    };
    // The last word may have some of the one before in it.
    let (words, _) = cell.as_chunks::<8>();
    let seen = words.iter().fold(u64::from_ne_bytes(*last), |seen, word| {
        seen | u64::from_ne_bytes(*word)
    });
    seen & HIGH == 0
}
