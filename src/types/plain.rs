//! The quick way to read cells of the types that most columns have, where they are as plain as most are: numbers of
//! few digits, ASCII texts, dates of four-digit years. What it does not read, `decode_text` and `decode_binary` do, to
//! the same value: they say what a value is, and what is wrong with one.

use super::value::{Kind, Value};
use super::words::{self, Cell};
use super::{datetime, float, int, oid};

/// How a column's cells are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// Not here.
    No,
    Text,
    Json,
    Int2InText,
    Int4InText,
    Int8InText,
    Float8InText,
    BoolInText,
    TimestampInText,
    TimestampTzInText,
    DateInText,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Bool,
    Timestamp,
    TimestampTz,
    Date,
}

impl Plain {
    /// How cells of this type and format are read.
    pub(crate) fn of(type_oid: u32, binary: bool) -> Plain {
        match (type_oid, binary) {
            (oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME, _) => Plain::Text,
            (oid::JSON, _) | (oid::JSONB, false) => Plain::Json,
            (oid::INT2, false) => Plain::Int2InText,
            (oid::INT4, false) => Plain::Int4InText,
            (oid::INT8, false) => Plain::Int8InText,
            (oid::FLOAT8, false) => Plain::Float8InText,
            (oid::BOOL, false) => Plain::BoolInText,
            (oid::TIMESTAMP, false) => Plain::TimestampInText,
            (oid::TIMESTAMPTZ, false) => Plain::TimestampTzInText,
            (oid::DATE, false) => Plain::DateInText,
            (oid::INT2, true) => Plain::Int2,
            (oid::INT4, true) => Plain::Int4,
            (oid::INT8, true) => Plain::Int8,
            (oid::FLOAT4, true) => Plain::Float4,
            (oid::FLOAT8, true) => Plain::Float8,
            (oid::BOOL, true) => Plain::Bool,
            (oid::TIMESTAMP, true) => Plain::Timestamp,
            (oid::TIMESTAMPTZ, true) => Plain::TimestampTz,
            (oid::DATE, true) => Plain::Date,
            _ => Plain::No,
        }
    }

    /// Reads one cell, or NULL; false if it must be read the usual way.
    #[inline]
    pub(crate) fn read_one(self, type_oid: u32, cell: Option<Cell<'_>>, value: &mut Value) -> bool {
        let mut usual = false;
        let cells = std::iter::once((cell, Some(value)));
        self.read(type_oid, cells, |_, _, _| usual = true);
        !usual
    }

    /// Reads the cells of a column, from one row to the next, as far as there is a place for their values; `None` is NULL. A text points at its cell. `usual` reads
    /// those that must be read the usual way; it is told which one of them it is.
    pub(crate) fn read<'a, 'v>(
        self,
        type_oid: u32,
        cells: impl Iterator<Item = (Option<Cell<'a>>, Option<&'v mut Value>)>,
        usual: impl FnMut(usize, Cell<'a>, &mut Value),
    ) {
        let integer = |kind, number| Value::integer(kind, type_oid, number);
        let text = |kind, cell| {
            words::is_ascii(cell).then(|| Value::text(kind, type_oid, Cell::bytes(cell)))
        };
        // Which way is chosen once, and each is a loop of its own.
        macro_rules! each {
            ($quick:expr) => {
                each(type_oid, cells, $quick, usual)
            };
        }
        match self {
            Plain::No => each!(|_| None),
            Plain::Text => each!(|cell| text(Kind::DBAPI_KIND_TEXT, cell)),
            Plain::Json => each!(|cell| text(Kind::DBAPI_KIND_JSON, cell)),
            Plain::Int2InText => {
                each!(|cell| Some(integer(Kind::DBAPI_KIND_INT, int::quick::<i16>(cell)?)))
            }
            Plain::Int4InText => {
                each!(|cell| Some(integer(Kind::DBAPI_KIND_INT, int::quick::<i32>(cell)?)))
            }
            Plain::Int8InText => {
                each!(|cell| Some(integer(Kind::DBAPI_KIND_INT, int::quick::<i64>(cell)?)))
            }
            Plain::Float8InText => {
                each!(|cell| Some(Value::floating(type_oid, float::quick(cell)?)))
            }
            Plain::BoolInText => each!(|cell| match cell.bytes() {
                [byte @ (b't' | b'f')] => Some(Value::boolean(type_oid, *byte == b't')),
                _ => None,
            }),
            Plain::TimestampInText => each!(|cell| {
                let micros = datetime::quick_text(cell, false)?;
                Some(integer(Kind::DBAPI_KIND_TIMESTAMP, micros))
            }),
            Plain::TimestampTzInText => each!(|cell| {
                let micros = datetime::quick_text(cell, true)?;
                Some(integer(Kind::DBAPI_KIND_TIMESTAMPTZ, micros))
            }),
            Plain::DateInText => each!(|cell| {
                let days = datetime::quick_date(cell)?;
                Some(integer(Kind::DBAPI_KIND_DATE, days))
            }),
            Plain::Int2 => each!(|cell| {
                let number = i16::from_be_bytes(cell.exactly()?);
                Some(integer(Kind::DBAPI_KIND_INT, number.into()))
            }),
            Plain::Int4 => each!(|cell| {
                let number = i32::from_be_bytes(cell.exactly()?);
                Some(integer(Kind::DBAPI_KIND_INT, number.into()))
            }),
            Plain::Int8 => each!(|cell| {
                let number = i64::from_be_bytes(cell.exactly()?);
                Some(integer(Kind::DBAPI_KIND_INT, number))
            }),
            Plain::Float4 => each!(|cell| {
                let number = f32::from_be_bytes(cell.exactly()?);
                Some(Value::floating(type_oid, number.into()))
            }),
            Plain::Float8 => each!(|cell| {
                let number = f64::from_be_bytes(cell.exactly()?);
                Some(Value::floating(type_oid, number))
            }),
            Plain::Bool => each!(|cell| match cell.exactly()? {
                [byte @ (0 | 1)] => Some(Value::boolean(type_oid, byte == 1)),
                _ => None,
            }),
            Plain::Timestamp => each!(|cell| {
                let micros = datetime::quick(cell.exactly()?)?;
                Some(integer(Kind::DBAPI_KIND_TIMESTAMP, micros))
            }),
            Plain::TimestampTz => each!(|cell| {
                let micros = datetime::quick(cell.exactly()?)?;
                Some(integer(Kind::DBAPI_KIND_TIMESTAMPTZ, micros))
            }),
            Plain::Date => each!(|cell| {
                let days = datetime::quick_day(cell.exactly()?)?;
                Some(integer(Kind::DBAPI_KIND_DATE, days))
            }),
        }
    }
}

#[inline(always)]
fn each<'a, 'v>(
    type_oid: u32,
    cells: impl Iterator<Item = (Option<Cell<'a>>, Option<&'v mut Value>)>,
    mut quick: impl FnMut(Cell<'a>) -> Option<Value>,
    mut usual: impl FnMut(usize, Cell<'a>, &mut Value),
) {
    for (number, (cell, value)) in cells.enumerate() {
        let Some(value) = value else { return };
        match cell {
            None => *value = Value::null(type_oid),
            Some(cell) => match quick(cell) {
                Some(read) => *value = read,
                None => usual(number, cell, value),
            },
        }
    }
}
