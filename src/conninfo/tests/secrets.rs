//! No secret in any text: errors, `Debug`, the redacted DSN.

use super::super::Conninfo;
use super::Fake;

const SECRET: &str = "hunter2secret";

/// `@@` is where the secret stands. Right strings and broken ones: a forgotten quote, `=`, `@` or escape, a
/// space too many, a connection string in the wrong place.
#[rustfmt::skip]
static STRINGS: &[&str] = &[
    "password=@@", "password='@@'", "password='@@", r"password=@@\", "password=a @@", "password=a @@=b",
    "password=a b=@@", "password=@@ nosuch=1", "nosuch=1 password=@@", "password=@@ host", "password @@",
    "password @@ host=a", "password=@@'", "password='a'@@", "password='a'@@=b", "password='a' @@", "@@", "@@=", "@@=x",
    "'@@'", "host=a @@", "host=a\npassword:@@", "passwd=@@", "PASSWORD=@@", "password=@@\0", "\0password=@@",
    "password=@@ port=abc", "password=@@ port=0", "password=@@ sslmode=x", "password=@@ connect_timeout=x",
    "password=@@ hostaddr=x", "password=@@ sslmode=require", "password=@@ host=a,b port=1,2,3", "password=@@ service=x",
    "password=@@ scram_max_iterations=0", "password=@@ passfile=/p", "password='@@' user=''", "password=a,@@ port=5",
    "sslpassword=@@", "scram_client_key=@@", "scram_server_key=@@", "oauth_client_secret=@@", "sslpassword=@@ nosuch=1",
    "sslpassword=a @@=b", "scram_client_key='@@", "oauth_client_secret=a @@=x",
    // An empty value swallows the next pair.
    "host= password=@@", "user= password=@@", "dbname= password=@@", "port= password=@@", "sslmode= password=@@",
    "hostaddr= password=@@", "connect_timeout= password=@@", "service= password=@@", "options= password=@@",
    "target_session_attrs= password=@@", "application_name= password=@@", "keepalives= password=@@", "sslmode= sslpassword=@@",
    "host= scram_client_key=@@", "user= oauth_client_secret=@@", "user=' PASSWORD =@@'", "passfile= password=@@",
    // A URI in the wrong place.
    "dbname=postgres://u:@@@h/d", "host=postgres://u:@@@h/d", "dbname='host=a password=@@'", "service=postgres://u:@@@h/d",
    " postgres://u:@@@h/d", "Postgres://u:@@@h/d", "postgres:/u:@@@h/d", "postgresq://u:@@@h/d", "postgres://u:@@@h/d port=1",
    "mysql://u:@@@h/d", "postgres://u:@@@h/d?x=y", "postgres://u:@@@h?@@",
    // URIs.
    "postgres://u:@@@h/d", "postgres://u:%40@@@h/d", "postgres://u:@@%@h/d", "postgres://u:@@%00@h/d", "postgres://u:@@%ff@h/d",
    "postgres://u:%zz@@@h/d", "postgres://u:@@ x@h/d", "postgres://u:x @@@h/d", "postgres://u:@@", "postgres://u:@@/d",
    "postgres://u:@@?user=x", "postgres://u:@@/x@h/d", "postgres://u:x/@@@h/d", "postgres://u:/@@@h/d", "postgres://u:1/@@@h/d",
    "postgres://u:x,@@/y@h/d", "postgres://u:12,@@/34@h/d", "postgres://u:@@[x@h/d", "postgres://u:[@@/@h/d", "postgres://u:x/[@@@h/d",
    "postgres://u:@@@h:abc/d", "postgres://u:@@@[::1/d", "postgres://u:@@@[]/d", "postgres://u:@@@[::1]x/d", "postgres://[@@/d",
    "postgres://[::1]:@@/d", "postgres://[::1]@@@h/d", "postgres://u:@@@h/d?nosuch=1", "postgres://u:@@@h/d?user", "postgres://u:@@@h/%",
    "postgres://u:@@@h/d?a=b=c", "postgres://u:@@@h/d e", "postgres://u:@@@h:0/d", "postgres://u:@@@a,b:1,2:3,c/d", "postgres://:@@@h/d",
    "postgres://u:@@@/d", "postgres://u:@@@", "postgres://u:@@@h/d?sslmode=x", "postgres://u:@@@h/d?sslmode=require", "postgres://u:x@@@@h/d",
    "postgres://u:a/b?@@@h/d", "postgres://u:a/b?@@=x@h/d", "postgres://u:a/b?x=@@@h/d", "postgres://u:a?@@=x@h/d", "postgres://u:a/b?user=x&@@=@h/d",
    "postgres://h/d?password=@@", "postgres://h/d?password=@@&nosuch=1", "postgres://h/d?password=@@=x", "postgres://h/d?password=a&@@",
    "postgres://h/d?password=a&@@=b", "postgres://h/d?password=a=@@", "postgres://h/d?password=@@%", "postgres://h/d?password=@@%00",
    "postgres://h/d?password=@@ x", "postgres://h/d?password@@", "postgres://h/d?password:@@", "postgres://h/d?passwd=@@", "postgres://h/d?@@",
    "postgres://h/d?@@=1", "postgres://h/d?=@@", "postgres://h/d?sslpassword=@@&x", "postgres://h/d?oauth_client_secret=@@&a=b",
    "postgres://h/d?options=password=@@", "postgres://h/d?port=@@", "postgres://u:p@h/d?user=a&@@=b",
];

fn check(what: &str, text: &str) {
    assert!(!text.contains(SECRET), "{what:?} shows it: {text}");
}

/// In the place of a number, or of one of a few words.
#[rustfmt::skip]
static MISPLACED: &[&str] = &[
    "port=@@", "port=1,@@", "connect_timeout=@@", "keepalives=@@", "sslmode=@@", "hostaddr=@@", "channel_binding=@@",
    "max_protocol_version=@@", "ssl_min_protocol_version=@@", "scram_max_iterations=@@", "tcp_user_timeout=@@",
    "postgres://h/d?sslmode=@@", "require_auth=@@", "require_auth=!@@", "require_auth=md5,@@", "require_auth=md5,!@@",
    "require_auth=!md5,@@", "scram_client_key=@@", "scram_server_key=@@",
];

#[test]
fn no_error_repeats_what_is_neither_a_word_nor_a_number() {
    let env = Fake::new();
    for template in MISPLACED {
        let error = Conninfo::resolve(Some(&template.replace("@@", SECRET)), &[], &env)
            .and_then(|conninfo| conninfo.config(&env))
            .expect_err(template);
        check(template, &format!("{error} {error:?}"));
    }
}

/// Everything that can be asked of the outcome of `resolve`.
fn check_all(what: &str, outcome: crate::error::Result<Conninfo>, env: &Fake) {
    match outcome {
        Err(error) => check(what, &format!("{error} {error:?} {}", error.message())),
        Ok(conninfo) => {
            check(what, &conninfo.redacted());
            check(what, &format!("{conninfo:?} {conninfo:#?}"));
            match conninfo.config(env) {
                Err(error) => check(what, &format!("{error} {error:?}")),
                Ok(config) => check(what, &format!("{config:?} {config:#?}")),
            }
        }
    }
}

#[test]
fn no_text_shows_a_secret() {
    let env = Fake::new();
    for template in STRINGS {
        let dsn = template.replace("@@", SECRET);
        check_all(template, Conninfo::parse(&dsn), &env);
        check_all(template, Conninfo::resolve(Some(&dsn), &[], &env), &env);
        let mut lists: Vec<Vec<(&str, Option<&str>)>> = vec![
            vec![("password", Some(&dsn)), ("nosuch", Some("1"))],
            vec![("password", Some(&dsn)), ("port", Some("x"))],
            vec![(&dsn, Some("1"))],
            vec![("nosuch", Some(&dsn))],
            vec![("port", Some(&dsn))],
        ];
        // Anything else is the name of a database, and shown.
        if template.contains('=') || template.contains("://") {
            lists.push(vec![("dbname", Some(&dsn))]);
            lists.push(vec![("database", Some(&dsn)), ("port", Some("x"))]);
        }
        if template.starts_with("postgres://u:@@@") || template.starts_with("password=") {
            lists.push(vec![("dbname", Some("d")), ("dbname", Some(&dsn))]);
        }
        for keywords in lists {
            check_all(template, Conninfo::resolve(None, &keywords, &env), &env);
        }
    }
}

#[test]
fn no_secret_of_a_variable_or_a_file_is_shown() {
    let env = Fake::new()
        .var("PGPASSWORD", SECRET)
        .var("PGPORT", "x")
        .file("/home/me/.pgpass", 0o600, &format!("*:*:*:*:{SECRET}"));
    check_all("variable", Conninfo::resolve(None, &[], &env), &env);
    check_all(
        "variable",
        Conninfo::resolve(Some("port=1"), &[], &env),
        &env,
    );
    let env = Fake::new().file("/home/me/.pgpass", 0o600, &format!("*:*:*:*:{SECRET}"));
    let conninfo = Conninfo::resolve(None, &[], &env).unwrap();
    assert!(conninfo.config(&env).unwrap().hosts[0].password.is_some());
    check_all("password file", Ok(conninfo), &env);
    for line in [
        "password=@@",
        "password @@",
        "password = @@",
        "@@",
        "@@=1",
        "port=@@",
        "ldap://@@",
        "service=@@",
    ] {
        let section = format!("[s]\n{}\n", line.replace("@@", SECRET));
        let env = Fake::new().file("/home/me/.pg_service.conf", 0o600, &section);
        check_all(line, Conninfo::resolve(Some("service=s"), &[], &env), &env);
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    let redacted = |dsn: &str| Conninfo::parse(dsn).unwrap().redacted();
    assert_eq!(
        redacted("postgres://u:p@h:5/d?options=-c%20geqo%3Doff"),
        "user=u password=xxx dbname=d host=h port=5 options='-c geqo=off'"
    );
    assert_eq!(redacted("password=''"), "password=xxx");
    assert_eq!(
        redacted("options='-c password_encryption=md5'"),
        "options='-c password_encryption=md5'"
    );
    assert_eq!(redacted("host=a,b port=1,2"), "host=a,b port=1,2");
    assert_eq!(redacted("dbname='a=b' service=x1"), "service=x1 dbname=a=b");
    assert_eq!(redacted("dbname='password=x'"), "dbname=xxx");
    assert_eq!(
        redacted("postgres://u:a,b/c@h/d"),
        "dbname=xxx host=xxx port=xxx"
    );
}
