//! In which format a column is quicker to read, where both say the same.

use super::describe::{Built, built_of};
use super::oid;

/// What a session's settings make of values' text: where it says less than the binary form, or is not read, a value
/// would not be the same in both formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Styles {
    /// DateStyle is ISO.
    pub(crate) iso_dates: bool,
    /// IntervalStyle is postgres.
    pub(crate) plain_intervals: bool,
    /// extra_float_digits is above 0: a float's text is all of it.
    pub(crate) exact_floats: bool,
}

/// Whether a column of this type is quicker to read in binary format, and the same value. Text is the same in both; a
/// numeric is quicker as text. Of types that are not built in, nothing is said.
pub(crate) fn is_quicker_in_binary(oid: u32, styles: Styles) -> bool {
    match oid {
        oid::BOOL | oid::INT2 | oid::INT4 | oid::INT8 | oid::OID => true,
        oid::BYTEA | oid::UUID => true,
        oid::FLOAT4 | oid::FLOAT8 | oid::POINT => styles.exact_floats,
        oid::DATE | oid::TIME | oid::TIMETZ | oid::TIMESTAMP | oid::TIMESTAMPTZ => styles.iso_dates,
        oid::INTERVAL => styles.plain_intervals,
        _ => match built_of(oid) {
            Some(Built::Array(element)) => is_quicker_in_binary(element, styles),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_another_style_is_read_as_text() {
        let styles = |iso_dates, plain_intervals, exact_floats| Styles {
            iso_dates,
            plain_intervals,
            exact_floats,
        };
        let usual = styles(true, true, true);
        for (type_oid, other, by_setting) in [
            (oid::INT4, styles(false, false, false), false),
            (oid::TIMESTAMPTZ, styles(false, true, true), true),
            (oid::INTERVAL, styles(true, false, true), true),
            (oid::FLOAT8, styles(true, true, false), true),
            // float8[]
            (1022, styles(true, true, false), true),
        ] {
            assert!(is_quicker_in_binary(type_oid, usual), "{type_oid}");
            assert_eq!(
                !is_quicker_in_binary(type_oid, other),
                by_setting,
                "{type_oid}"
            );
        }
        // numeric[], text, and a type of a user's.
        for type_oid in [oid::NUMERIC, 1231, oid::TEXT, 20_000] {
            assert!(!is_quicker_in_binary(type_oid, usual), "{type_oid}");
        }
    }
}
