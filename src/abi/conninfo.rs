//! Connection strings, taken apart.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

use super::boundary::{guard, guard_value, put_text, required_output, set_output};
use super::connection::{keyword_pairs, optional_dsn};
use super::error::dbapi_error_t;
use super::registry;
use super::status::dbapi_status_t::{self, DBAPI_OK};
use crate::conninfo::{Conninfo, ProcessEnvironment};
use crate::error::{Error, Result};

/// Keywords and values of a connection string. Made by `dbapi_conninfo_parse`,
/// `dbapi_conninfo_resolve` and `dbapi_connection_conninfo`, freed by `dbapi_conninfo_free`. It never changes; what its functions give lives as long as it does.
pub struct dbapi_conninfo_t {
    _opaque: [u8; 0],
}

/// What a conninfo's handle stands for.
pub(super) struct ConninfoHandle {
    pairs: Vec<(CString, CString)>,
}

pub(super) fn make(
    conninfo: &Conninfo,
    out_conninfo: *mut *mut dbapi_conninfo_t,
) -> Result<dbapi_status_t> {
    let pairs = conninfo
        .iter()
        .map(|(keyword, value)| Ok((CString::new(keyword)?, CString::new(value)?)))
        .collect::<std::result::Result<_, std::ffi::NulError>>()
        .map_err(|_| Error::programming("invalid dsn: a value holds a NUL byte"))?;
    set_output(
        out_conninfo,
        registry::insert(Arc::new(ConninfoHandle { pairs }))?,
    );
    Ok(DBAPI_OK)
}

/// Takes a connection string apart: what it says, and nothing else.
///
/// @param dsn borrowed: `keyword=value ...` or `postgresql://...`.
/// @param out_conninfo receives an owned handle; NULL on failure. It holds passwords as they were given.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR, with a message that begins "invalid dsn", which holds no
///   password. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_parse(
    dsn: *const c_char,
    out_conninfo: *mut *mut dbapi_conninfo_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_conninfo, ptr::null_mut());
    guard(out_error, || {
        required_output(out_conninfo, "out_conninfo")?;
        let dsn = optional_dsn(dsn)?.ok_or_else(|| Error::programming("argument dsn is NULL"))?;
        make(&Conninfo::parse(dsn)?, out_conninfo)
    })
}

/// Takes a connection string apart, and adds what connecting with it would: service file, environment,
/// defaults.
///
/// @param dsn borrowed; NULL or "": nothing is said.
/// @param out_conninfo receives an owned handle; NULL on failure. It holds passwords as they were given.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad dsn. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_resolve(
    dsn: *const c_char,
    out_conninfo: *mut *mut dbapi_conninfo_t,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    set_output(out_conninfo, ptr::null_mut());
    guard(out_error, || {
        required_output(out_conninfo, "out_conninfo")?;
        let dsn = optional_dsn(dsn)?;
        make(
            &Conninfo::resolve(dsn, &[], &ProcessEnvironment)?,
            out_conninfo,
        )
    })
}

/// psycopg2's make_dsn: one connection string of a dsn and keywords beside it, which need no quoting. Nothing
/// is added from the environment. Works as snprintf does: what does not fit is cut off, and the full length is
/// told.
///
/// @param dsn borrowed; NULL or "": nothing is said.
/// @param keywords borrowed: an array that ends with NULL; each overrides the dsn. NULL: none.
/// @param values borrowed: one for each keyword; NULL leaves that keyword unset.
/// @param buffer receives `keyword=value ...` and a NUL, passwords included; may be NULL if `capacity` is 0.
/// @param capacity of the buffer, in bytes, the NUL included.
/// @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
///   May be NULL.
/// @param out_error receives an owned error on failure; may be NULL.
/// @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for a bad dsn or keyword. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_make_dsn(
    dsn: *const c_char,
    keywords: *const *const c_char,
    values: *const *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
    out_error: *mut *mut dbapi_error_t,
) -> dbapi_status_t {
    guard(out_error, || {
        if capacity > 0 {
            required_output(buffer, "buffer")?;
        }
        let dsn = optional_dsn(dsn)?;
        let pairs = keyword_pairs(keywords, values)?;
        let joined = Conninfo::merge(dsn, &pairs)?.to_dsn();
        put_text(joined.as_bytes(), buffer, capacity, out_length);
        Ok(DBAPI_OK)
    })
}

fn pair<T>(
    conninfo: *const dbapi_conninfo_t,
    fallback: T,
    read: impl FnOnce(&ConninfoHandle) -> T,
) -> T {
    let handle = guard_value(None, || {
        registry::get::<ConninfoHandle>(conninfo, "conninfo").map(Some)
    });
    handle.map_or(fallback, |handle| read(&handle))
}

/// How many keywords it holds.
///
/// @param conninfo borrowed.
/// @return the number; 0 for what is not a conninfo's handle. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_count(conninfo: *const dbapi_conninfo_t) -> usize {
    pair(conninfo, 0, |handle| handle.pairs.len())
}

/// The keyword at a place.
///
/// @param conninfo borrowed.
/// @param index from 0.
/// @return a string borrowed from the conninfo; NULL if there is no such place. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_keyword(
    conninfo: *const dbapi_conninfo_t,
    index: usize,
) -> *const c_char {
    pair(conninfo, ptr::null(), |handle| {
        handle
            .pairs
            .get(index)
            .map_or(ptr::null(), |(keyword, _)| keyword.as_ptr())
    })
}

/// The value of the keyword at a place.
///
/// @param conninfo borrowed.
/// @param index from 0.
/// @return a string borrowed from the conninfo; NULL if there is no such place. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_value(
    conninfo: *const dbapi_conninfo_t,
    index: usize,
) -> *const c_char {
    pair(conninfo, ptr::null(), |handle| {
        handle
            .pairs
            .get(index)
            .map_or(ptr::null(), |(_, value)| value.as_ptr())
    })
}

/// Frees a conninfo, and all strings that came from it.
///
/// @param conninfo owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dbapi_conninfo_free(conninfo: *mut dbapi_conninfo_t) {
    guard_value((), || {
        registry::remove::<ConninfoHandle>(conninfo, "conninfo").map(drop)
    });
}
