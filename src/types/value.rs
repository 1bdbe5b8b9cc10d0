//! The value struct that crosses the C boundary, and its kinds. Layout frozen by DESIGN 2.4.
//!
//! Building one is safe Rust: every union starts as zeroes, then one field is written, so bytes that a kind
//! does not use stay zero. Reading one is for `abi`, which alone knows what a caller's pointers are worth.

use std::ffi::c_char;

pub(crate) use super::arena::Arena;

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
    /// `as.integer`: int2, int4, int8, oid, xid, cid, xid8.
    DBAPI_KIND_INT = 2,
    /// `as.floating`: float4, float8; NaN and infinities included.
    DBAPI_KIND_FLOAT = 3,
    /// `as.text`: the exact decimal digits, or NaN, Infinity, -Infinity. Also an xid8 beyond int64.
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
    /// `as.range`.
    DBAPI_KIND_RANGE = 16,
    /// `as.multirange`.
    DBAPI_KIND_MULTIRANGE = 17,
    /// `as.composite`: a row in a column.
    DBAPI_KIND_COMPOSITE = 18,
    /// `as.inet`: inet and cidr.
    DBAPI_KIND_INET = 19,
    /// `as.bits`: bit and varbit.
    DBAPI_KIND_BITS = 20,
    /// `as.point`.
    DBAPI_KIND_POINT = 21,
    /// `as.geometry`: line, lseg, box, path, polygon, circle.
    DBAPI_KIND_GEOMETRY = 22,
    /// `as.hstore`.
    DBAPI_KIND_HSTORE = 23,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub(crate) fn from_number(number: i32) -> Option<Kind> {
        use Kind::*;
        const ALL: [Kind; 24] = [
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
            DBAPI_KIND_RANGE,
            DBAPI_KIND_MULTIRANGE,
            DBAPI_KIND_COMPOSITE,
            DBAPI_KIND_INET,
            DBAPI_KIND_BITS,
            DBAPI_KIND_POINT,
            DBAPI_KIND_GEOMETRY,
            DBAPI_KIND_HSTORE,
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
///
/// Like every struct that a value points to: in a row it belongs to the cursor, as long as the row; in a
/// parameter it belongs to the caller, and is needed only during the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Array {
    /// The oid of the items' type. In a parameter 0: that of its items.
    pub element_oid: u32,
    /// How many dimensions, at most 6; 0 for an empty array.
    pub dimensions: i32,
    /// One length a dimension. In a parameter of one dimension, NULL is `count`.
    pub lengths: *const i32,
    /// One lower bound a dimension; 1 unless the array says otherwise. In a parameter, NULL is 1 for each.
    pub lower_bounds: *const i32,
    /// How many items: the product of the lengths.
    pub count: usize,
    /// The items; NULL ones are values of kind NULL.
    pub items: *const Value,
}

/// A range: two bounds, or empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Range {
    /// The oid of the bounds' type. In a parameter 0: that of its bounds.
    pub subtype_oid: u32,
    /// Of DBAPI_RANGE_EMPTY, DBAPI_RANGE_LOWER_INCLUSIVE and DBAPI_RANGE_UPPER_INCLUSIVE.
    pub flags: i32,
    /// The lower bound; of kind NULL if there is none.
    pub lower: Value,
    /// The upper bound; of kind NULL if there is none.
    pub upper: Value,
}

/// No value lies in the range; it has no bounds.
pub const DBAPI_RANGE_EMPTY: i32 = 1;
/// The lower bound itself lies in the range.
pub const DBAPI_RANGE_LOWER_INCLUSIVE: i32 = 2;
/// The upper bound itself lies in the range.
pub const DBAPI_RANGE_UPPER_INCLUSIVE: i32 = 4;

/// A multirange: ranges in order, which do not meet.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Multirange {
    /// The oid of the ranges' type. In a parameter 0: that of its ranges.
    pub range_oid: u32,
    /// How many ranges.
    pub count: usize,
    /// Values of kind RANGE.
    pub ranges: *const Value,
}

/// A row: a value of a composite type, or a record.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Composite {
    /// How many fields.
    pub count: usize,
    /// The fields.
    pub fields: *const Value,
    /// The fields' names; NULL if they are not known, as those of a record. Not looked at in a parameter.
    pub names: *const *const c_char,
}

/// An address of a host or a network: inet or cidr, which the value's oid tells apart.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inet {
    /// 4 or 6.
    pub family: u8,
    /// How many bits, from the first, are the network's: at most 32 or 128.
    pub prefix: u8,
    /// In network order; of IPv4 the first four bytes, the others being 0.
    pub address: [u8; 16],
}

/// A string of bits.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bits {
    /// In bits.
    pub length: usize,
    /// The first bit is the highest of the first byte. What the last byte has more is 0.
    pub bytes: *const u8,
}

/// A point of a plane.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Upward.
    pub y: f64,
}

/// A figure of a plane.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// A DBAPI_SHAPE_: which figure.
    pub shape: i32,
    /// 1 if a path's last point is joined to its first, 0 if not; of other shapes 0.
    pub closed: i32,
    /// How many points.
    pub count: usize,
    /// The points.
    pub points: *const Point,
    /// A line's A, B and C, of Ax + By + C = 0; a circle's radius; else 0.
    pub numbers: [f64; 3],
}

/// A line: three numbers and no point.
pub const DBAPI_SHAPE_LINE: i32 = 1;
/// A line segment: two points.
pub const DBAPI_SHAPE_LSEG: i32 = 2;
/// A box: two corners, the upper right one first.
pub const DBAPI_SHAPE_BOX: i32 = 3;
/// A path: points, open or closed.
pub const DBAPI_SHAPE_PATH: i32 = 4;
/// A polygon: points.
pub const DBAPI_SHAPE_POLYGON: i32 = 5;
/// A circle: its centre, and a number.
pub const DBAPI_SHAPE_CIRCLE: i32 = 6;

/// Keys with their values, of the extension hstore.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Hstore {
    /// How many pairs.
    pub count: usize,
    /// The keys, of kind TEXT.
    pub keys: *const Value,
    /// The values, of kind TEXT or NULL.
    pub values: *const Value,
}

// A range holds values, so C must see it behind them. cbindgen does not follow a name given by `use`, and writes for
// this one what cbindgen.toml says.
use Range as RangeBehind;

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
    /// RANGE.
    pub range: *const RangeBehind,
    /// MULTIRANGE.
    pub multirange: *const Multirange,
    /// COMPOSITE.
    pub composite: *const Composite,
    /// INET.
    pub inet: *const Inet,
    /// BITS.
    pub bits: *const Bits,
    /// POINT.
    pub point: Point,
    /// GEOMETRY.
    pub geometry: *const Geometry,
    /// HSTORE.
    pub hstore: *const Hstore,
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

/// The layout that programs are compiled against.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<Value>() == 24 && align_of::<Value>() == 8);
    assert!(size_of::<Array>() == 40 && size_of::<Range>() == 56);
    assert!(size_of::<Multirange>() == 24 && size_of::<Composite>() == 24);
    assert!(size_of::<Inet>() == 18 && size_of::<Bits>() == 16);
    assert!(size_of::<Geometry>() == 48 && size_of::<Hstore>() == 24);
};

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

    /// An array, which outlives the value, as do those below.
    pub(crate) fn array(oid: u32, array: *const Array) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_ARRAY, oid);
        value.r#as.array = array;
        value
    }

    /// A range.
    pub(crate) fn range(oid: u32, range: *const Range) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_RANGE, oid);
        value.r#as.range = range;
        value
    }

    /// A multirange.
    pub(crate) fn multirange(oid: u32, multirange: *const Multirange) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_MULTIRANGE, oid);
        value.r#as.multirange = multirange;
        value
    }

    /// A row.
    pub(crate) fn composite(oid: u32, composite: *const Composite) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_COMPOSITE, oid);
        value.r#as.composite = composite;
        value
    }

    /// An inet or cidr.
    pub(crate) fn inet(oid: u32, inet: *const Inet) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_INET, oid);
        value.r#as.inet = inet;
        value
    }

    /// A bit string.
    pub(crate) fn bits(oid: u32, bits: *const Bits) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_BITS, oid);
        value.r#as.bits = bits;
        value
    }

    /// A point.
    pub(crate) fn point(oid: u32, point: Point) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_POINT, oid);
        value.r#as.point = point;
        value
    }

    /// A figure.
    pub(crate) fn geometry(oid: u32, geometry: *const Geometry) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_GEOMETRY, oid);
        value.r#as.geometry = geometry;
        value
    }

    /// An hstore.
    pub(crate) fn hstore(oid: u32, hstore: *const Hstore) -> Value {
        let mut value = Value::zeroed(Kind::DBAPI_KIND_HSTORE, oid);
        value.r#as.hstore = hstore;
        value
    }
}
