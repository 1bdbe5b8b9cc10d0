//! What is required of the server's authentication, and SCRAM's keys.

use super::super::AuthMethod::{self, Gss, Md5, None, OAuth, Password, ScramSha256, Sspi};
use super::super::{ChannelBinding, Config, Conninfo, ProtocolVersion};
use super::Fake;
use crate::error::{Class, Result};

const ALL: [AuthMethod; 7] = [None, Password, Md5, Gss, Sspi, ScramSha256, OAuth];

fn config(keyword: &str, value: &str) -> Result<Config> {
    let env = Fake::new();
    Conninfo::resolve(Option::None, &[(keyword, Some(value))], &env)?.config(&env)
}

fn message(keyword: &str, value: &str) -> String {
    let error = config(keyword, value).expect_err(value);
    assert_eq!(error.class(), Class::Operational, "{value:?}");
    error.message().to_owned()
}

/// A value, and what it allows.
static ALLOWED: &[(&str, &[AuthMethod])] = &[
    ("", &[None]),
    ("password", &[Password]),
    ("md5", &[Md5]),
    ("gss", &[Gss]),
    ("sspi", &[Sspi]),
    ("scram-sha-256", &[ScramSha256]),
    ("oauth", &[OAuth]),
    ("none", &[None]),
    ("none,md5", &[None, Md5]),
    ("gss,sspi,oauth", &[Gss, Sspi, OAuth]),
    ("password,md5,scram-sha-256", &[Password, Md5, ScramSha256]),
    ("!none", &[Password, Md5, Gss, Sspi, ScramSha256, OAuth]),
    ("!password", &[None, Md5, Gss, Sspi, ScramSha256, OAuth]),
    ("!password,!md5,!none", &[Gss, Sspi, ScramSha256, OAuth]),
    ("!scram-sha-256,!oauth", &[None, Password, Md5, Gss, Sspi]),
];

#[test]
fn a_list_allows_what_it_names_and_a_negated_one_all_else() {
    for (value, allowed) in ALLOWED {
        let required = config("require_auth", value).expect(value).require_auth;
        for method in ALL {
            assert_eq!(
                required.allows(method),
                allowed.contains(&method),
                "{value:?} {method:?}"
            );
        }
        assert_eq!(required.text(), Some(*value));
    }
    let none = config("user", "me").unwrap().require_auth;
    assert!(ALL.into_iter().all(|method| none.allows(method)));
    assert_eq!(none.text(), Option::None);
}

#[test]
#[rustfmt::skip]
fn lists_that_are_no_lists_are_refused() {
    for (value, expected) in [
        ("x", "invalid require_auth value: \"x\""),
        ("!x", "invalid require_auth value: \"x\""),
        ("creds", "invalid require_auth value: \"creds\""),
        ("MD-five", "invalid require_auth value: \"MD-five\""),
        ("md5,x", "invalid require_auth value: \"x\""),
        ("md5,", "invalid require_auth value: \"\""),
        (",md5", "invalid require_auth value: \"\""),
        ("!", "invalid require_auth value: \"\""),
        ("!!md5", "invalid require_auth value"),
        ("md5, password", "invalid require_auth value"),
        ("md5 ", "invalid require_auth value"),
        ("md5,md5", "require_auth method \"md5\" is specified more than once"),
        ("none,none", "require_auth method \"none\" is specified more than once"),
        ("!none,!none", "require_auth method \"none\" is specified more than once"),
        ("!md5,!password,!md5", "require_auth method \"md5\" is specified more than once"),
        ("scram-sha-256,scram-sha-256", "require_auth method \"scram-sha-256\" is specified more than once"),
        ("md5,!password", "negative require_auth method \"password\" cannot be mixed with non-negative methods"),
        ("!md5,password", "require_auth method \"password\" cannot be mixed with negative methods"),
        ("!none,none", "require_auth method \"none\" cannot be mixed with negative methods"),
    ] {
        assert_eq!(message("require_auth", value), expected, "{value:?}");
    }
}

#[test]
fn the_variable_counts_too() {
    let env = Fake::new()
        .var("PGREQUIREAUTH", "!password")
        .var("PGCHANNELBINDING", "require")
        .var("PGMINPROTOCOLVERSION", "3.2");
    let config = Conninfo::resolve(Option::None, &[], &env)
        .unwrap()
        .config(&env)
        .unwrap();
    assert_eq!(config.require_auth.text(), Some("!password"));
    assert_eq!(config.channel_binding, ChannelBinding::Require);
    assert_eq!(config.min_protocol_version, ProtocolVersion::V3_2);
    assert_eq!(config.max_protocol_version, ProtocolVersion::V3_2);
}

#[test]
fn scram_keys_are_32_bytes_of_base64() {
    let key = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    let bytes = config("scram_client_key", key)
        .unwrap()
        .scram_client_key
        .unwrap();
    assert_eq!(bytes[..4], [0xc1, 0xf3, 0xcb, 0xc1]);
    // What the last digit has too many is not looked at, as by libpq.
    let server = config("scram_server_key", &key.replace("U=", "X=")).unwrap();
    assert_eq!(server.scram_server_key, Some(bytes));
    assert_eq!(server.scram_client_key, Option::None);

    for keyword in ["scram_client_key", "scram_server_key"] {
        for value in [
            "x",
            "====",
            "!AAA",
            "AAAAA",
            "-_AA",
            &key[..43],
            &format!("{key}="),
            &format!(" {key}"),
            &format!("{key}\n"),
        ] {
            assert_eq!(
                message(keyword, value),
                format!("invalid {keyword} value: it is not base64"),
                "{value:?}"
            );
        }
        for (value, length) in [("", 0), ("AAAA", 3), (&format!("AAAA{key}")[..], 35)] {
            assert_eq!(
                message(keyword, value),
                format!("invalid {keyword} value: a key has 32 bytes, and it has {length}"),
                "{value:?}"
            );
        }
    }
}
