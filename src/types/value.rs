//! The value struct that crosses the C boundary, and its kinds. Layout frozen by DESIGN 2.4.
//!
//! Building one is safe Rust: every union starts as zeroes, then one field is written, so bytes that a kind
//! does not use stay zero. Reading one is for `abi`, which alone knows what a caller's pointers are worth.

use std::ffi::c_char;

/// What a value is, and so which member of its union holds it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    non_camel_case_types,
    reason = "these are the names that the C header shows"
)]
pub enum Kind {
    /// NULL; no member.
    DBAPI_KIND_NULL = 0,
    /// `as.boolean`.
    DBAPI_KIND_BOOL = 1,
    /// `as.integer`: int2, int4, int8, oid.
    DBAPI_KIND_INT = 2,
    /// `as.floating`: float4, float8; NaN and infinities included.
    DBAPI_KIND_FLOAT = 3,
    /// `as.text`: the exact decimal digits, or NaN, Infinity, -Infinity.
    DBAPI_KIND_NUMERIC = 4,
    /// `as.text`, UTF-8. Also every type without a kind of its own, in PostgreSQL's text form.
    DBAPI_KIND_TEXT = 5,
    /// `as.text`: the bytes of a bytea. Also text that is not UTF-8, which a SQL_ASCII database may hold, and
    /// binary forms that this library does not read, from a cursor that SQL declared BINARY.
    DBAPI_KIND_BYTES = 6,
    /// `as.integer`: days from 1970-01-01; INT64_MIN and INT64_MAX are -infinity and infinity.
    DBAPI_KIND_DATE = 7,
    /// `as.integer`: microseconds from midnight, 86400000000 (24:00:00) included.
    DBAPI_KIND_TIME = 8,
    /// `as.timetz`.
    DBAPI_KIND_TIMETZ = 9,
    /// `as.integer`: microseconds from 1970-01-01 00:00:00, no time zone; INT64_MIN and INT64_MAX are
    /// -infinity and infinity.
    DBAPI_KIND_TIMESTAMP = 10,
    /// `as.integer`: microseconds from 1970-01-01 00:00:00 UTC; INT64_MIN and INT64_MAX are -infinity and
    /// infinity.
    DBAPI_KIND_TIMESTAMPTZ = 11,
    /// `as.interval`.
    DBAPI_KIND_INTERVAL = 12,
    /// `as.uuid`.
    DBAPI_KIND_UUID = 13,
    /// `as.text`: a json or jsonb document.
    DBAPI_KIND_JSON = 14,
    /// `as.array`.
    DBAPI_KIND_ARRAY = 15,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub(crate) fn from_number(number: i32) -> Option<Kind> {
        use Kind::*;
        const ALL: [Kind; 16] = [
            DBAPI_KIND_NULL,
            DBAPI_KIND_BOOL,
            DBAPI_KIND_INT,
            DBAPI_KIND_FLOAT,
            DBAPI_KIND_NUMERIC,
            DBAPI_KIND_TEXT,
            DBAPI_KIND_BYTES,
            DBAPI_KIND_DATE,
            DBAPI_KIND_TIME,
            DBAPI_KIND_TIMETZ,
            DBAPI_KIND_TIMESTAMP,
            DBAPI_KIND_TIMESTAMPTZ,
            DBAPI_KIND_INTERVAL,
            DBAPI_KIND_UUID,
            DBAPI_KIND_JSON,
            DBAPI_KIND_ARRAY,
        ];
        usize::try_from(number)
            .ok()
            .and_then(|index| ALL.get(index).copied())
    }
}

/// A counted run of bytes. What this library hands out is also followed by a NUL that is not counted.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The first byte. In a parameter, NULL is allowed only with length 0.
    pub data: *const c_char,
    /// In bytes.
    pub length: usize,
}

/// An interval: months and days are kept apart, since neither has a fixed length.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The part below a day.
    pub microseconds: i64,
    /// Whole days.
    pub days: i32,
    /// Whole months.
    pub months: i32,
}

/// A time of day with its offset.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeTz {
    /// Local time: microseconds from midnight.
    pub microseconds: i64,
    /// Seconds east of UTC.
    pub utc_offset: i32,
}

/// An array: `dimensions` lengths and lower bounds, and the items in row-major order.
#[repr(C)]
#[derive(Debug)]
pub struct Array {
    /// The oid of the items' type.
    pub element_oid: u32,
    /// How many dimensions; 0 for an empty array.
    pub dimensions: i32,
    /// One length a dimension.
    pub lengths: *const i32,
    /// One lower bound a dimension; 1 unless the array says otherwise.
    pub lower_bounds: *const i32,
    /// How many items: the product of the lengths.
    pub count: usize,
    /// The items.
    pub items: *const Value,
}

/// What a value holds; its kind says which member.
#[repr(C)]
#[derive(Clone, Copy)]
pub union ValueAs {
    /// BOOL.
    pub boolean: bool,
    /// INT, DATE, TIME, TIMESTAMP, TIMESTAMPTZ.
    pub integer: i64,
    /// FLOAT.
    pub floating: f64,
    /// NUMERIC, TEXT, BYTES, JSON.
    pub text: Text,
    /// INTERVAL.
    pub interval: Interval,
    /// TIMETZ.
    pub timetz: TimeTz,
    /// UUID, in the order it is written.
    pub uuid: [u8; 16],
    /// ARRAY.
    pub array: *const Array,
}

/// One value: a cell of a row, or a parameter. 24 bytes on 64-bit machines.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// A `dbapi_kind_t`.
    pub kind: i32,
    /// The oid of the PostgreSQL type. In a parameter, 0: typed as the same literal would be.
    pub oid: u32,
    /// The value itself.
    pub r#as: ValueAs,
}

impl Value {
    fn zeroed(kind: Kind, oid: u32) -> Value {
        Value {
            kind: kind as i32,
            oid,
            r#as: ValueAs { uuid: [0; 16] },
        }
    }

    /// NULL of type `oid`.
    pub(crate) fn null(oid: u32) -> Value {
        Value::zeroed(Kind::DBAPI_KIND_NULL, oid)
    }

    /// A truth value.
    pub(crate) fn boolean(oid: u32, boolean: bool) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_BOOL, oid);
        value.r#as.boolean = boolean;
        value
    }

    /// A value of one of the kinds that `as.integer` holds.
    pub(crate) fn integer(kind: Kind, oid: u32, integer: i64) -> Value {
        let mut value = Value::zeroed(kind, oid);
        value.r#as.integer = integer;
        value
    }

    /// A floating-point number.
    pub(crate) fn floating(oid: u32, floating: f64) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_FLOAT, oid);
        value.r#as.floating = floating;
        value
    }

    /// A value of one of the kinds that `as.text` holds. `bytes` must be followed by a NUL in memory and
    /// outlive the value: they are the cell itself, or came from an `Arena`.
    pub(crate) fn text(kind: Kind, oid: u32, bytes: &[u8]) -> Value {
        let mut value = Value::zeroed(kind, oid);
        value.r#as.text = Text {
            data: bytes.as_ptr().cast(),
            length: bytes.len(),
        };
        value
    }

    /// An interval.
    pub(crate) fn interval(oid: u32, interval: Interval) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_INTERVAL, oid);
        value.r#as.interval = interval;
        value
    }

    /// A time of day with its offset.
    pub(crate) fn timetz(oid: u32, timetz: TimeTz) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_TIMETZ, oid);
        // Field by field: a struct copied whole would bring its padding with it.
        value.r#as.timetz.microseconds = timetz.microseconds;
        value.r#as.timetz.utc_offset = timetz.utc_offset;
        value
    }

    /// A UUID.
    pub(crate) fn uuid(oid: u32, uuid: [u8; 16]) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_UUID, oid);
        value.r#as.uuid = uuid;
        value
    }
}

/// Memory for what a cell's bytes do not hold as they are (digits of a binary numeric, bytes of a hex
/// bytea). What it hands out stays where it is until `clear`.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Vec<u8>>,
}

/// Small enough for a row of numerics, large enough that a block of rows needs few.
const ARENA_CHUNK: usize = 4096;
/// Doubling ends here.
const ARENA_CHUNK_MAX: usize = 1 << 20;

impl Arena {
    /// Forgets everything handed out; keeps the newest (largest) chunk for the next row.
    pub(crate) fn clear(&mut self) {
        if self.chunks.len() > 1 {
            let last = self.chunks.pop();
            self.chunks.clear();
            self.chunks.extend(last);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.clear();
        }
    }

    /// Room for up to `capacity` bytes and a NUL behind them. `fill` gets that many zeroed bytes and
    /// answers how many it used, from the front. `None` when memory ran out.
    pub(crate) fn alloc(
        &mut self,
        capacity: usize,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Option<&[u8]> {
        let need = capacity.checked_add(1)?;
        // A chunk never grows past the capacity it began with, so that what was handed out stays put.
        let fits = self
            .chunks
            .last()
            .is_some_and(|c| c.capacity() - c.len() >= need);
        if !fits {
            let doubled = self
                .chunks
                .last()
                .map_or(0, |c| c.capacity().saturating_mul(2));
            let mut chunk = Vec::new();
            chunk
                .try_reserve_exact(need.max(doubled.clamp(ARENA_CHUNK, ARENA_CHUNK_MAX)))
                .ok()?;
            self.chunks.try_reserve(1).ok()?;
            self.chunks.push(chunk);
        }
        let chunk = self.chunks.last_mut()?;
        let start = chunk.len();
        chunk.resize(start + capacity, 0);
        let used = fill(chunk.get_mut(start..)?).min(capacity);
        chunk.truncate(start + used);
        chunk.push(0);
        chunk.get(start..start + used)
    }
}
