//! The service file and the password file.

use super::super::Conninfo;
use super::super::passfile::PassFile;
use super::Fake;
use crate::error::{Class, Error};

const USERS: &str = "/home/me/.pg_service.conf";
const SYSTEMS: &str = "/etc/postgresql-common/pg_service.conf";

/// Host, port and dbname of what `resolve` makes of it, or `!` and the message.
fn resolve(dsn: &str, env: &Fake) -> String {
    match Conninfo::resolve(Some(dsn), &[], env) {
        Ok(conninfo) => ["host", "port", "dbname"]
            .map(|keyword| conninfo.get(keyword).unwrap_or("-"))
            .join("|"),
        Err(error) => format!("!{}", error.message()),
    }
}

/// The file's content, and the outcome of `service=s`.
#[rustfmt::skip]
static SERVICE_FILES: &[(&str, &str)] = &[
    ("[s]\nhost=a\nport=1\ndbname=d\n", "a|1|d"),
    ("[s]\nhost=a\nport=1\ndbname=d", "a|1|d"),
    ("[s]\r\nhost=a\r\nport=1\r\n", "a|1|me"),
    ("# c\n\n  # d\n  [s]  \n  host=a  \n\n#port=1\n\tport=2\x0b\n", "a|2|me"),
    ("[t]\nhost=b\n[s]\nhost=a\n[u]\nhost=c\n", "a|5432|me"),
    ("[t]\nnonsense\n[s]\nhost=a\n[u]\nnonsense\n", "a|5432|me"),
    ("nonsense\n[s]\nhost=a\n", "a|5432|me"),
    // The first section, the first line; the header ends at its bracket.
    ("[s]\nhost=a\nhost=b\n[s]\nport=7\n", "a|5432|me"),
    ("[s]x\nhost=a\n", "a|5432|me"),
    ("[s]\n", "/var/run/postgresql|5432|me"),
    // No spaces around =, no quotes, no comments after a value.
    ("[s]\nhost=a \ndbname= y # c\n", "a|5432| y # c"),
    ("[s]\nhost='a'\nport=\n", "'a'||me"),
    ("[s]\ndbname=a=b\n", "/var/run/postgresql|5432|a=b"),
    ("[s]\nhost = a\n", "!syntax error in service file \"/home/me/.pg_service.conf\", line 2"),
    ("[s]\n\nhost\n", "!syntax error in service file \"/home/me/.pg_service.conf\", line 3"),
    ("[s]\nnosuch=1\n", "!syntax error in service file \"/home/me/.pg_service.conf\", line 2"),
    ("[s]\nrequiressl=1\n", "!syntax error in service file \"/home/me/.pg_service.conf\", line 2"),
    ("[s]\nhost=a\0b\n", "!syntax error in service file \"/home/me/.pg_service.conf\", line 2"),
    ("[s]\nhost=a\nservice=t\n", "!nested service specifications not supported in service file \"/home/me/.pg_service.conf\", line 3"),
    ("[s]\nldap://x/y?z\n", "!LDAP lookups are not supported (service file \"/home/me/.pg_service.conf\", line 2)"),
    ("", "!definition of service \"s\" not found"),
    ("[S]\nhost=a\n", "!definition of service \"s\" not found"),
    ("[ s]\nhost=a\n", "!definition of service \"s\" not found"),
    ("[ss]\nhost=a\n", "!definition of service \"s\" not found"),
    ("[s\nhost=a\n", "!definition of service \"s\" not found"),
];

#[test]
fn a_service_fills_in() {
    for (content, expected) in SERVICE_FILES {
        let env = Fake::new().file(USERS, 0o644, content);
        assert_eq!(resolve("service=s", &env), *expected, "{content:?}");
    }
}

#[test]
fn a_service_stands_between_the_dsn_and_the_environment() {
    let env = Fake::new()
        .file(USERS, 0o644, "[s]\nhost=file\nport=1\n")
        .var("PGHOST", "environment")
        .var("PGPORT", "2")
        .var("PGDATABASE", "environment");
    assert_eq!(resolve("service=s port=3", &env), "file|3|environment");
    assert_eq!(resolve("port=3", &env), "environment|3|environment");
    let env = env.var("PGSERVICE", "s");
    assert_eq!(resolve("port=3", &env), "file|3|environment");
    let conninfo = Conninfo::resolve(None, &[], &env).unwrap();
    assert_eq!(conninfo.get("service"), Some("s"));
    assert_eq!(
        resolve("service=t", &env),
        "!definition of service \"t\" not found"
    );
}

#[test]
fn the_first_file_with_the_section_counts() {
    let section = |host: &str| format!("[s]\nhost={host}\n");
    let both = || {
        Fake::new()
            .file(USERS, 0o644, &section("users"))
            .file(SYSTEMS, 0o644, &section("systems"))
            .file("/x/pg_service.conf", 0o644, &section("sysconfdir"))
            .file("/y", 0o644, &section("variable"))
            .file("/other", 0o644, "[t]\n")
    };
    let host = |env: &Fake| resolve("service=s port=1 dbname=d", env).replace("|1|d", "");
    assert_eq!(host(&both()), "users");
    assert_eq!(host(&both().other(USERS)), "systems");
    assert_eq!(
        host(&Fake::new().file(SYSTEMS, 0o644, &section("systems"))),
        "systems"
    );
    assert_eq!(host(&both().var("PGSERVICEFILE", "/y")), "variable");
    assert_eq!(host(&both().var("PGSERVICEFILE", "/other")), "systems");
    assert_eq!(
        host(
            &both()
                .var("PGSERVICEFILE", "/other")
                .var("PGSYSCONFDIR", "/x")
        ),
        "sysconfdir"
    );
    assert_eq!(
        host(&both().var("PGSERVICEFILE", "/nx")),
        "!service file \"/nx\" not found"
    );
    assert_eq!(
        host(
            &both()
                .file("/locked", 0, "")
                .var("PGSERVICEFILE", "/locked")
        ),
        "!could not read service file \"/locked\": permission denied"
    );
    assert_eq!(host(&Fake::new()), "!definition of service \"s\" not found");
    let empty = Fake::new().var("PGSERVICE", "");
    assert_eq!(
        resolve("host=a", &empty),
        "!definition of service \"\" not found"
    );
    // A name that could be a mistaken password is not repeated.
    assert_eq!(
        resolve("service= password=hunter2secret", &Fake::new()),
        "!definition of service not found"
    );
}

#[test]
fn service_errors_are_operational_and_ldap_is_not_supported() {
    let class = |content| {
        let env = Fake::new().file(USERS, 0o644, content);
        Conninfo::resolve(Some("service=s"), &[], &env)
            .unwrap_err()
            .class()
    };
    assert_eq!(class(""), Class::Operational);
    assert_eq!(class("[s]\nx"), Class::Operational);
    assert_eq!(class("[s]\nldap://x"), Class::NotSupported);
}

/// The file's content, and the password for h:1:d:u.
#[rustfmt::skip]
static PASSFILES: &[(&str, Option<&str>)] = &[
    ("h:1:d:u:p", Some("p")),
    ("h:1:d:u:p\n", Some("p")),
    ("h:1:d:u:p\r\n", Some("p")),
    ("h:1:d:u: p ", Some(" p ")),
    ("*:*:*:*:p", Some("p")),
    ("*:1:*:u:p", Some("p")),
    ("h:1:d:u:", Some("")),
    ("h:1:d:u:a:b", Some("a")),
    (r"h:1:d:u:a\:b\\c\d", Some(r"a:b\cd")),
    (r"h:1:d:u:a\", Some(r"a\")),
    ("h:1:d:u:ü", Some("ü")),
    ("#h:1:d:u:no\n\nh:1:d:u:p", Some("p")),
    (" #\nh:1:d:u:p#q", Some("p#q")),
    // The first line that matches.
    ("x:1:d:u:no\nh:2:d:u:no\nh:1:x:u:no\nh:1:d:x:no\nh:1:d:u:p\n*:*:*:*:q", Some("p")),
    ("*:*:*:*:q\nh:1:d:u:p", Some("q")),
    (r"\h:1:d:u:p", Some("p")),
    ("", None),
    ("h", None),
    ("h:1:d:u", None),
    ("h:1:d:*", None),
    ("hh:1:d:u:p", None),
    (":1:d:u:p", None),
    ("H:1:d:u:p", None),
    ("h*:1:d:u:p", None),
    ("**:1:d:u:p", None),
    (r"\*:1:d:u:p", None),
    (r"h\:1:d:u:p", None),
    (" h:1:d:u:p", None),
    ("h:01:d:u:p", None),
    ("h:1:d:u\\", None),
];

fn lookup(content: &str, host: &str, port: u16, dbname: &str, user: &str) -> Option<String> {
    let env = Fake::new().file("/p", 0o600, content);
    let file = PassFile::read("/p".as_ref(), &env).unwrap().unwrap();
    let password = file.password(host, port, dbname, user)?;
    Some(String::from_utf8(password.as_bytes().to_vec()).unwrap())
}

#[test]
fn the_first_line_that_matches_has_the_password() {
    for (content, expected) in PASSFILES {
        assert_eq!(
            lookup(content, "h", 1, "d", "u").as_deref(),
            *expected,
            "{content:?}"
        );
    }
    let colons = r"::1:5432:a\:b:c\\d:p";
    assert_eq!(lookup(colons, "::1", 5432, "a:b", r"c\d"), None);
    let colons = r"\:\:1:5432:a\:b:c\\d:p";
    assert_eq!(
        lookup(colons, "::1", 5432, "a:b", r"c\d").as_deref(),
        Some("p")
    );
    // A name that is a star matches the star.
    assert_eq!(lookup("h:1:d:*:p", "h", 1, "d", "*").as_deref(), Some("p"));
}

#[test]
fn a_file_that_others_can_read_is_ignored_and_the_reason_kept() {
    let problem = |env: Fake| {
        let outcome = Conninfo::resolve(Some("host=h passfile=/p"), &[], &env)
            .and_then(|conninfo| conninfo.config(&env))
            .unwrap();
        let password = outcome.hosts[0].password.is_some();
        (
            password,
            outcome.passfile.is_some(),
            outcome.passfile_problem,
        )
    };
    let file = |mode| Fake::new().file("/p", mode, "*:*:*:*:p");
    assert_eq!(problem(file(0o600)), (true, true, None));
    assert_eq!(problem(file(0o400)), (true, true, None));
    assert_eq!(problem(file(0o4700)), (true, true, None));
    assert_eq!(problem(Fake::new()), (false, false, None));
    for mode in [0o640, 0o604, 0o610, 0o601, 0o660, 0o777, 0o620] {
        let reason = "password file \"/p\" was ignored: it has group or world access; permissions should be u=rw (0600) or less";
        assert_eq!(problem(file(mode)), (false, true, Some(reason.to_owned())));
    }
    let reason = "password file \"/p\" was ignored: it is not a plain file".to_owned();
    assert_eq!(
        problem(Fake::new().other("/p")),
        (false, true, Some(reason))
    );
    let reason = "password file \"/p\" was ignored: permission denied".to_owned();
    assert_eq!(problem(file(0)), (false, true, Some(reason)));
}

/// DSN, and the password each host gets; the file has one for each name under which it may look.
#[rustfmt::skip]
static HOSTS: &[(&str, &[&str])] = &[
    ("", &["local"]),
    ("host=''", &["local"]),
    ("host=/var/run/postgresql", &["local"]),
    ("host=/var/run/postgresql/", &["-"]),
    ("host=localhost", &["local"]),
    ("host=/tmp", &["tmp"]),
    ("host=@x", &["abstract"]),
    ("hostaddr=127.0.0.1", &["address"]),
    ("host=a hostaddr=127.0.0.1", &["a"]),
    ("host=a,b,,c hostaddr=127.0.0.1,127.0.0.1,127.0.0.1,", &["a", "b", "address", "-"]),
    ("host=a,,b", &["a", "local", "b"]),
    ("host=a,a,a port=1,2,", &["-", "two", "a"]),
    ("host=b user=x", &["-"]),
    ("host=b dbname=x", &["-"]),
    ("host=none", &["-"]),
    ("host=a password=given", &["-"]),
    ("host=a password=''", &["a"]),
    ("host=a passfile=''", &["a"]),
    ("host=a passfile=/nx", &["-"]),
];

#[test]
fn each_host_is_looked_up_under_its_name() {
    let content = "localhost:5432:me:me:local\n/tmp:5432:me:me:tmp\n@x:5432:me:me:abstract\n\
        127.0.0.1:5432:me:me:address\na:5432:me:me:a\nb:5432:me:me:b\na:2:me:me:two\nnone:5432:me:me:\n";
    let env = Fake::new().file("/home/me/.pgpass", 0o600, content);
    for (dsn, expected) in HOSTS {
        let config = Conninfo::resolve(Some(dsn), &[], &env)
            .and_then(|conninfo| conninfo.config(&env))
            .map_err(|error: Error| error.message().to_owned())
            .expect(dsn);
        let passwords: Vec<_> = config
            .hosts
            .iter()
            .map(|host| match &host.password {
                Some(password) => String::from_utf8(password.as_bytes().to_vec()).unwrap(),
                None => "-".to_owned(),
            })
            .collect();
        assert_eq!(passwords, *expected, "{dsn:?}");
    }
}
