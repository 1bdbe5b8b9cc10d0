//! What a connection string may ask for and this library does not do yet.
//!
//! Each is refused by name: ignoring `sslmode=verify-full` would connect without the protection that was asked
//! for. A row goes when its feature comes.

use super::Conninfo;
use crate::error::{Error, Result};

enum Refused {
    /// Any value but the empty one.
    Set,
    /// These values.
    Values(&'static [&'static str]),
}

use Refused::{Set, Values};

#[rustfmt::skip]
static REFUSALS: &[(&str, Refused)] = &[
    ("gssencmode", Values(&["require"])),
    ("oauth_issuer", Set),
    ("oauth_client_id", Set),
    ("oauth_client_secret", Set),
    ("oauth_scope", Set),
];

/// A not-supported error that names the first keyword in the table's way.
pub(super) fn check(conninfo: &Conninfo) -> Result<()> {
    for (keyword, refused) in REFUSALS {
        let value = conninfo.get(keyword).unwrap_or_default();
        match refused {
            Set if !value.is_empty() => {
                return Err(Error::not_supported(format!(
                    "the connection option \"{keyword}\" is not supported yet"
                )));
            }
            Values(values) if values.contains(&value) => {
                return Err(Error::not_supported(format!(
                    "the connection option \"{keyword}\" with the value \"{value}\" is not supported yet"
                )));
            }
            _ => {}
        }
    }
    check_encoding(conninfo.get("client_encoding").unwrap_or_default())
}

/// The library's text is UTF-8: the server converts, and no other encoding can be had.
fn check_encoding(value: &str) -> Result<()> {
    // As PostgreSQL compares names of encodings: letters and digits alone, in any case.
    let name: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    match name.to_ascii_lowercase().as_str() {
        "" | "auto" | "utf8" | "unicode" => Ok(()),
        _ => Err(Error::not_supported(
            "the connection option \"client_encoding\" can only be UTF8: the library's text is UTF-8",
        )),
    }
}
