//! A column of a block as C sees it, and which form its values have there.

use std::ffi::c_void;

use super::value::{Kind, Value};

/// Which form a column's values have, and so what its `data` points to.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    non_camel_case_types,
    reason = "these are the names that the C header shows"
)]
pub enum Layout {
    /// `const dbapi_value_t *`, each with a kind of its own: the kinds that have no other layout, columns of
    /// several kinds, and whatever else does not come in another layout. Always possible.
    DBAPI_LAYOUT_VALUES = 0,
    /// `const int64_t *`: INT; DATE, TIME, TIMESTAMP and TIMESTAMPTZ, counted as in `dbapi_value_t`, with INT64_MIN
    /// and INT64_MAX for -infinity and infinity.
    DBAPI_LAYOUT_INT64 = 1,
    /// `const double *`: FLOAT.
    DBAPI_LAYOUT_DOUBLE = 2,
    /// `const uint8_t *`, 0 or 1: BOOL.
    DBAPI_LAYOUT_BOOL = 3,
    /// `const char *`: TEXT, NUMERIC, JSON and BYTES; one value behind the other, each with a NUL behind it. Value i
    /// begins at `offsets[i]`, and ends with the NUL at `offsets[i + 1] - 1`. No value has a NUL in it, unless the
    /// kind is BYTES: so the NULs alone tell the values apart, and a language may split the whole by them.
    DBAPI_LAYOUT_BYTES = 4,
}

impl Layout {
    /// How values of one kind are laid out.
    pub(crate) fn of(kind: Kind) -> Layout {
        match kind {
            Kind::DBAPI_KIND_INT
            | Kind::DBAPI_KIND_DATE
            | Kind::DBAPI_KIND_TIME
            | Kind::DBAPI_KIND_TIMESTAMP
            | Kind::DBAPI_KIND_TIMESTAMPTZ => Layout::DBAPI_LAYOUT_INT64,
            Kind::DBAPI_KIND_FLOAT => Layout::DBAPI_LAYOUT_DOUBLE,
            Kind::DBAPI_KIND_BOOL => Layout::DBAPI_LAYOUT_BOOL,
            Kind::DBAPI_KIND_TEXT
            | Kind::DBAPI_KIND_NUMERIC
            | Kind::DBAPI_KIND_JSON
            | Kind::DBAPI_KIND_BYTES => Layout::DBAPI_LAYOUT_BYTES,
            _ => Layout::DBAPI_LAYOUT_VALUES,
        }
    }
}

/// In `dbapi_block_column_t`: the column's values are of several kinds, and each says which.
pub const DBAPI_KIND_MIXED: i32 = -1;

/// One column of a block of rows. 64 bytes on 64-bit machines, now and later: what may come takes a reserved place.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BlockColumn {
    /// The `dbapi_kind_t` of all its values that are not NULL, or DBAPI_KIND_MIXED. If all are NULL, the one that
    /// the description says.
    pub kind: i32,
    /// A `dbapi_layout_t`.
    pub layout: i32,
    /// The oid of its type.
    pub oid: u32,
    /// 0.
    pub reserved: u32,
    /// How many of its values are NULL.
    pub null_count: usize,
    /// A byte for each row: 1 for NULL, 0 for a value. NULL if `null_count` is 0.
    pub nulls: *const u8,
    /// The values, in their layout. NULLs have their place among them: 0, 0.0, false, an empty text, a value of
    /// kind NULL.
    pub data: *const c_void,
    /// How many bytes `data` has.
    pub data_size: usize,
    /// In the layout BYTES, where in `data` the values begin: one for each row, and one more, which is `data_size`.
    /// Else NULL.
    pub offsets: *const i64,
    /// NULL.
    pub reserved_data: *const c_void,
}

/// The layout that programs are compiled against.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<BlockColumn>() == 64 && size_of::<Value>() == 24);

/// What a value of a kind with a layout holds.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    /// INT64; the bits of DOUBLE.
    Word(i64),
    /// BOOL.
    Byte(u8),
    /// BYTES.
    Bytes(&'a [u8]),
    /// The value has to stay whole.
    Value,
}
