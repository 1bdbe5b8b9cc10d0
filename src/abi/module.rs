//! PEP 249's module globals, and the library's version.

use std::ffi::c_char;

/// The version of this header, as text. Compare with `dbapi_version()`, the library's.
pub const DBAPI_VERSION: &str = "0.1.0";

/// The version of this header: major * 10000 + minor * 100 + patch. Compare with `dbapi_version_number()`.
pub const DBAPI_VERSION_NUMBER: i32 = 100;

/// The DB-API level, "2.0".
///
/// @return a static string. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub extern "C" fn dbapi_apilevel() -> *const c_char {
    c"2.0".as_ptr()
}

/// PEP 249's threadsafety, 2: threads may share the module and connections; calls on one connection take
/// turns.
///
/// @return 2. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub extern "C" fn dbapi_threadsafety() -> i32 {
    2
}

/// PEP 249's paramstyle, "pyformat": placeholders are `%s`, or `%(name)s`.
///
/// @return a static string. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub extern "C" fn dbapi_paramstyle() -> *const c_char {
    c"pyformat".as_ptr()
}

/// The version of the library that is loaded, as text.
///
/// @return a static string. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub extern "C" fn dbapi_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of the library that is loaded: major * 10000 + minor * 100 + patch. A program built for
/// DBAPI_VERSION_NUMBER runs with any library of the same major version and at least that number.
///
/// @return the number. Any thread.
/// @since 0.1
#[unsafe(no_mangle)]
pub extern "C" fn dbapi_version_number() -> i32 {
    DBAPI_VERSION_NUMBER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_agree() {
        assert_eq!(DBAPI_VERSION, env!("CARGO_PKG_VERSION"));
        let number = DBAPI_VERSION
            .split('.')
            .map(|part| part.parse::<i32>().unwrap())
            .fold(0, |number, part| number * 100 + part);
        assert_eq!(number, DBAPI_VERSION_NUMBER);
    }
}
