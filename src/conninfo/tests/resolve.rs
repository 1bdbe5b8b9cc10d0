//! What connecting would use: precedence, keywords over a DSN, defaults. Expectations are libpq 18's
//! (`PQconninfo` after a failed `PQconnectdbParams`), plus host and dbname, which it leaves out.

use super::super::{Conninfo, OPTIONS};
use super::Fake;
use crate::error::Class;

type Keywords<'a> = &'a [(&'a str, Option<&'a str>)];

/// DSN, keywords, and the pairs of `merge` joined by `|`, or `!` and the message.
#[rustfmt::skip]
static MERGED: &[(Option<&str>, Keywords<'static>, &str)] = &[
    (None, &[], ""),
    (Some(""), &[], ""),
    (Some("host=a port=1"), &[("port", Some("2"))], "host=a|port=2"),
    (Some("postgres://a:1/d"), &[("port", Some("2"))], "dbname=d|host=a|port=2"),
    (Some("host=a"), &[("host", None)], "host=a"),
    (Some("host=a"), &[("host", Some(""))], "host="),
    (None, &[("port", Some("1")), ("port", Some("2"))], "port=2"),
    (None, &[("requiressl", Some("1"))], "sslmode=require"),
    (None, &[("user", Some("a b'c\\"))], "user=a b'c\\"),
    (None, &[("database", Some("d"))], "dbname=d"),
    (Some("dbname=e"), &[("database", Some("d"))], "dbname=d"),
    (None, &[("database", Some("d")), ("dbname", None)], "dbname=d"),
    (None, &[("database", None), ("dbname", Some("d"))], "dbname=d"),
    (None, &[("database", Some("d")), ("dbname", Some("d"))], "!invalid dsn: \"database\" and \"dbname\" are the same, and both are given"),
    (None, &[("nosuch", None)], ""),
    (None, &[("nosuch", Some("1"))], "!invalid dsn: invalid connection option \"nosuch\""),
    (None, &[("User", Some("1"))], "!invalid dsn: invalid connection option \"User\""),
    (None, &[("user", Some("a\0b"))], "!invalid dsn: a NUL character in the value of \"user\""),
    (None, &[("us\0er", Some("a"))], "!invalid dsn: a NUL character in a keyword"),
    (Some("host"), &[("user", Some("a"))], "!invalid dsn: missing \"=\" after \"host\" at character 1 of the connection string"),
    // expand_dbname
    (None, &[("dbname", Some("host=a dbname=d"))], "dbname=d|host=a"),
    (None, &[("dbname", Some("postgres://u@h/d"))], "user=u|dbname=d|host=h"),
    (None, &[("database", Some("postgres://u@h/d"))], "user=u|dbname=d|host=h"),
    (Some("host=z port=9"), &[("dbname", Some("host=a"))], "host=a|port=9"),
    (None, &[("host", Some("b")), ("dbname", Some("host=a"))], "host=a"),
    (None, &[("dbname", Some("host=a")), ("host", Some("b"))], "host=b"),
    (None, &[("dbname", Some("d")), ("dbname", Some("host=a"))], "dbname=host=a"),
    (None, &[("dbname", None), ("dbname", Some("host=a"))], "host=a"),
    (None, &[("dbname", Some("dbname='host=a'"))], "dbname=host=a"),
    (None, &[("dbname", Some("postgres://%zz"))], "!invalid dsn: invalid percent-encoded token in the host of the URI"),
    (None, &[("dbname", Some("a=b"))], "!invalid dsn: invalid connection option \"a\" at character 1 of the connection string"),
    (None, &[("dbname", Some("mysql://h/d"))], "dbname=mysql://h/d"),
];

fn pairs(conninfo: &Conninfo) -> String {
    let pairs = conninfo
        .iter()
        .map(|(keyword, value)| format!("{keyword}={value}"));
    pairs.collect::<Vec<_>>().join("|")
}

#[test]
fn keywords_override_the_dsn() {
    for (dsn, keywords, expected) in MERGED {
        let outcome = match Conninfo::merge(*dsn, keywords) {
            Ok(conninfo) => pairs(&conninfo),
            Err(error) => {
                assert_eq!(error.class(), Class::Programming);
                format!("!{}", error.message())
            }
        };
        assert_eq!(outcome, *expected, "{dsn:?} {keywords:?}");
    }
}

#[test]
fn nothing_given_means_the_defaults() {
    let conninfo = Conninfo::resolve(None, &[], &Fake::new()).unwrap();
    assert_eq!(
        pairs(&conninfo),
        "user=me|passfile=/home/me/.pgpass|channel_binding=prefer|dbname=me|host=/var/run/postgresql|\
         port=5432|options=|sslmode=prefer|sslnegotiation=postgres|sslcompression=0|sslcertmode=allow|\
         sslsni=1|min_protocol_version=3.0|max_protocol_version=3.0|ssl_min_protocol_version=TLSv1.2|\
         gssencmode=disable|krbsrvname=postgres|gssdelegation=0|target_session_attrs=any|\
         load_balance_hosts=disable|scram_max_iterations=100000|prepare_threshold=3|prepared_max=100|busy_poll=100"
    );
}

#[test]
fn every_variable_reaches_its_keyword() {
    for spec in OPTIONS {
        if let Some(variable) = spec.variable.filter(|_| spec.keyword != "service") {
            let env = Fake::new().var(variable, "v");
            let resolve = |keywords: Keywords<'_>| Conninfo::resolve(None, keywords, &env).unwrap();
            assert_eq!(resolve(&[]).get(spec.keyword), Some("v"), "{variable}");
            assert_eq!(
                resolve(&[(spec.keyword, None)]).get(spec.keyword),
                Some("v")
            );
            assert_eq!(
                resolve(&[(spec.keyword, Some("x"))]).get(spec.keyword),
                Some("x")
            );
        }
    }
}

/// DSN, variables, keyword, its value.
#[rustfmt::skip]
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, Option<&'static str>);

#[rustfmt::skip]
static RESOLVED: &[Case] = &[
    // An empty value is a value, and keeps the environment out.
    ("host=''", &[("PGHOST", "h")], "host", Some("")),
    ("", &[("PGPORT", "")], "port", Some("")),
    ("", &[("PGHOST", "")], "host", Some("")),
    // But no name of a user or a database.
    ("user=''", &[("PGUSER", "u")], "user", Some("me")),
    ("user=u", &[], "dbname", Some("u")),
    ("", &[("PGUSER", "u")], "dbname", Some("u")),
    ("user=u dbname=''", &[("PGDATABASE", "d")], "dbname", Some("u")),
    ("postgres://u@h/", &[("PGDATABASE", "d")], "dbname", Some("d")),
    ("", &[], "password", None),
    // The socket directory is where there is no address.
    ("hostaddr=1.2.3.4", &[], "host", None),
    ("hostaddr=''", &[], "host", Some("/var/run/postgresql")),
    ("", &[("PGHOSTADDR", "1.2.3.4")], "host", None),
    // Relations between keywords.
    ("", &[("PGREQUIRESSL", "1")], "sslmode", Some("require")),
    ("", &[("PGREQUIRESSL", "0")], "sslmode", Some("prefer")),
    ("", &[("PGREQUIRESSL", "1"), ("PGSSLMODE", "disable")], "sslmode", Some("disable")),
    ("sslmode=allow", &[("PGREQUIRESSL", "1")], "sslmode", Some("allow")),
    ("sslrootcert=system", &[], "sslmode", Some("verify-full")),
    ("", &[("PGSSLROOTCERT", "system")], "sslmode", Some("verify-full")),
    ("sslrootcert=system sslmode=disable", &[], "sslmode", Some("disable")),
    ("sslrootcert=x", &[], "sslmode", Some("prefer")),
    ("min_protocol_version=3.2", &[], "max_protocol_version", Some("latest")),
    ("min_protocol_version=3.0", &[], "max_protocol_version", Some("3.0")),
    ("passfile=x", &[], "passfile", Some("x")),
    ("", &[("PGPASSFILE", "y")], "passfile", Some("y")),
];

#[test]
fn gaps_are_filled_in_order() {
    for (dsn, variables, keyword, expected) in RESOLVED {
        let env = variables
            .iter()
            .fold(Fake::new(), |env, (name, value)| env.var(name, value));
        let conninfo = Conninfo::resolve(Some(dsn), &[], &env).unwrap();
        assert_eq!(
            conninfo.get(keyword),
            *expected,
            "{dsn:?} {variables:?} {keyword}"
        );
    }
}

#[test]
fn a_bare_machine_still_resolves() {
    let conninfo = Conninfo::resolve(None, &[], &Fake::default()).unwrap();
    assert_eq!(conninfo.get("host"), Some("/tmp"));
    assert_eq!(conninfo.get("user"), None);
    assert_eq!(conninfo.get("dbname"), None);
    assert_eq!(conninfo.get("passfile"), None);
    let error = conninfo.config(&Fake::default()).unwrap_err();
    assert_eq!(error.message(), "no such user");
}

#[test]
fn a_nul_in_a_variable_is_an_error() {
    let error = Conninfo::resolve(None, &[], &Fake::new().var("PGUSER", "a\0b")).unwrap_err();
    assert_eq!(
        error.message(),
        "invalid dsn: a NUL character in the value of PGUSER"
    );
}

#[test]
fn the_process_is_an_environment() {
    use super::super::environment::{Environment, File, ProcessEnvironment};
    use std::path::Path;
    let env = ProcessEnvironment;
    assert!(env.is_directory(Path::new("/")));
    assert!(!env.user_name().unwrap().is_empty());
    assert_eq!(env.var("LIBDBAPI_NO_SUCH_VARIABLE"), None);
    assert!(matches!(
        env.read_file(Path::new("/dev/zero")),
        Ok(File::Other)
    ));
    assert!(matches!(env.read_file(Path::new("/")), Ok(File::Other)));
    let missing = env.read_file(Path::new("/no/such/file")).unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    let File::Regular { content, .. } = env.read_file(Path::new("Cargo.toml")).unwrap() else {
        panic!("Cargo.toml is a plain file");
    };
    assert!(content.starts_with(b"[package]"));
}
