//! Values that point to a struct: the setters and getters for languages whose FFI does not care for unions.

use super::boundary::{required_output, set_output};
use super::status::dbapi_status_t;
use super::value::{Kind, Value, fill, held};
pub use crate::types::value::{
    Array, Bits, Composite, DBAPI_RANGE_EMPTY, DBAPI_RANGE_LOWER_INCLUSIVE,
    DBAPI_RANGE_UPPER_INCLUSIVE, DBAPI_SHAPE_BOX, DBAPI_SHAPE_CIRCLE, DBAPI_SHAPE_LINE,
    DBAPI_SHAPE_LSEG, DBAPI_SHAPE_PATH, DBAPI_SHAPE_POLYGON, Geometry, Hstore, Inet, Multirange,
    Point, Range,
};

/// Makes `value` an ARRAY. Neither the struct nor what it points to is copied: as with those below, both must live
/// as long as the value is used.
///
/// @param value written.
/// @param array borrowed: the array. It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `array` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_array(
    value: *mut Value,
    array: *const Array,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_ARRAY, |held| {
        required_output(array.cast_mut(), "array")?;
        held.array = array;
        Ok(())
    })
}

/// Makes `value` a RANGE.
///
/// @param value written.
/// @param range borrowed: a range. It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `range` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_range(
    value: *mut Value,
    range: *const Range,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_RANGE, |held| {
        required_output(range.cast_mut(), "range")?;
        held.range = range;
        Ok(())
    })
}

/// Makes `value` a MULTIRANGE.
///
/// @param value written.
/// @param multirange borrowed: a multirange. It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `multirange` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_multirange(
    value: *mut Value,
    multirange: *const Multirange,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_MULTIRANGE, |held| {
        required_output(multirange.cast_mut(), "multirange")?;
        held.multirange = multirange;
        Ok(())
    })
}

/// Makes `value` a COMPOSITE.
///
/// @param value written.
/// @param composite borrowed: the row. As a parameter it is an untyped literal, unless the value's oid says its type.
///   It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `composite` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_composite(
    value: *mut Value,
    composite: *const Composite,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_COMPOSITE, |held| {
        required_output(composite.cast_mut(), "composite")?;
        held.composite = composite;
        Ok(())
    })
}

/// Makes `value` an INET.
///
/// @param value written.
/// @param inet borrowed: an address: an inet, unless the value's oid says cidr. It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `inet` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_inet(
    value: *mut Value,
    inet: *const Inet,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_INET, |held| {
        required_output(inet.cast_mut(), "inet")?;
        held.inet = inet;
        Ok(())
    })
}

/// Makes `value` a BITS.
///
/// @param value written.
/// @param bits borrowed: a bit string: a bit, unless the value's oid says varbit. It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `bits` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_bits(
    value: *mut Value,
    bits: *const Bits,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_BITS, |held| {
        required_output(bits.cast_mut(), "bits")?;
        held.bits = bits;
        Ok(())
    })
}

/// Makes `value` a POINT.
///
/// @param value written.
/// @param x to the right.
/// @param y upward.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_point(
    value: *mut Value,
    x: f64,
    y: f64,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_POINT, |held| {
        held.point = Point { x, y };
        Ok(())
    })
}

/// Makes `value` a GEOMETRY.
///
/// @param value written.
/// @param geometry borrowed: a figure. It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `geometry` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_geometry(
    value: *mut Value,
    geometry: *const Geometry,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_GEOMETRY, |held| {
        required_output(geometry.cast_mut(), "geometry")?;
        held.geometry = geometry;
        Ok(())
    })
}

/// Makes `value` an HSTORE.
///
/// @param value written.
/// @param hstore borrowed: the pairs. As a parameter they are an untyped literal, unless the value's oid says
///   their type.
///   It is not copied.
/// @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `hstore` is NULL. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_set_hstore(
    value: *mut Value,
    hstore: *const Hstore,
) -> dbapi_status_t {
    fill(value, Kind::DBAPI_KIND_HSTORE, |held| {
        required_output(hstore.cast_mut(), "hstore")?;
        held.hstore = hstore;
        Ok(())
    })
}

/// Reads an ARRAY.
///
/// @param value borrowed.
/// @param out_array receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_array(
    value: *const Value,
    out_array: *mut *const Array,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(value, &[Kind::DBAPI_KIND_ARRAY], out_array, |held| unsafe {
        held.array
    })
}

/// Reads a RANGE.
///
/// @param value borrowed.
/// @param out_range receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_range(
    value: *const Value,
    out_range: *mut *const Range,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(value, &[Kind::DBAPI_KIND_RANGE], out_range, |held| unsafe {
        held.range
    })
}

/// Reads a MULTIRANGE.
///
/// @param value borrowed.
/// @param out_multirange receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_multirange(
    value: *const Value,
    out_multirange: *mut *const Multirange,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(
        value,
        &[Kind::DBAPI_KIND_MULTIRANGE],
        out_multirange,
        |held| unsafe { held.multirange },
    )
}

/// Reads a COMPOSITE.
///
/// @param value borrowed.
/// @param out_composite receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_composite(
    value: *const Value,
    out_composite: *mut *const Composite,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(
        value,
        &[Kind::DBAPI_KIND_COMPOSITE],
        out_composite,
        |held| unsafe { held.composite },
    )
}

/// Reads an INET.
///
/// @param value borrowed.
/// @param out_inet receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_inet(
    value: *const Value,
    out_inet: *mut *const Inet,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(value, &[Kind::DBAPI_KIND_INET], out_inet, |held| unsafe {
        held.inet
    })
}

/// Reads a BITS.
///
/// @param value borrowed.
/// @param out_bits receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_bits(
    value: *const Value,
    out_bits: *mut *const Bits,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(value, &[Kind::DBAPI_KIND_BITS], out_bits, |held| unsafe {
        held.bits
    })
}

/// Reads a POINT.
///
/// @param value borrowed.
/// @param out_x receives x; may be NULL.
/// @param out_y receives y; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_point(
    value: *const Value,
    out_x: *mut f64,
    out_y: *mut f64,
) -> dbapi_status_t {
    held(value, &[Kind::DBAPI_KIND_POINT], out_x, |held| {
        // SAFETY: any bit pattern is a point's.
        let point = unsafe { held.point };
        set_output(out_y, point.y);
        point.x
    })
}

/// Reads a GEOMETRY.
///
/// @param value borrowed.
/// @param out_geometry receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_geometry(
    value: *const Value,
    out_geometry: *mut *const Geometry,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(
        value,
        &[Kind::DBAPI_KIND_GEOMETRY],
        out_geometry,
        |held| unsafe { held.geometry },
    )
}

/// Reads an HSTORE.
///
/// @param value borrowed.
/// @param out_hstore receives a pointer to the struct, borrowed from where the value came from; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
///   Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_value_get_hstore(
    value: *const Value,
    out_hstore: *mut *const Hstore,
) -> dbapi_status_t {
    // SAFETY: any bit pattern is a pointer's.
    held(
        value,
        &[Kind::DBAPI_KIND_HSTORE],
        out_hstore,
        |held| unsafe { held.hstore },
    )
}
