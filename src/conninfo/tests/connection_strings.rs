//! What connection strings say. Expectations were compared with libpq 15 and 18's `PQconninfoParse`; the
//! messages of errors are ours, which show less.

use super::super::Conninfo;
use crate::error::Class;

/// A connection string and its pairs in the table's order, joined by `|`; or `!` and the message without
/// its `invalid dsn: `.
#[rustfmt::skip]
static CASES: &[(&str, &str)] = &[
    // Keyword/value strings: layout.
    ("", ""),
    (" ", ""),
    (" \t\n\x0b\x0c\r", ""),
    ("host=a", "host=a"),
    ("host=a port=5", "host=a|port=5"),
    ("port=5 host=a", "host=a|port=5"),
    ("  host=a  port=5  ", "host=a|port=5"),
    ("host = a  port   =  5", "host=a|port=5"),
    ("host\t=\ta\nport=5", "host=a|port=5"),
    ("host\x0b=\x0ca\rport\n=\n5", "host=a|port=5"),
    ("host=a host=b", "host=b"),
    ("host=a host=", "host="),
    ("host=", "host="),
    ("host= ", "host="),
    ("host= port=5", "host=port=5"),
    ("host=a=b", "host=a=b"),
    ("host==", "host=="),
    ("dbname=a,b user=c:d", "user=c:d|dbname=a,b"),
    ("dbname=postgres://u:p@h/d", "dbname=postgres://u:p@h/d"),
    ("dbname=é user=日本", "user=日本|dbname=é"),
    ("dbname=a\u{a0}b", "dbname=a\u{a0}b"),
    ("dbname=a\u{2003}b", "dbname=a\u{2003}b"),
    // Quotes and backslashes.
    ("host=''", "host="),
    ("host='a b'", "host=a b"),
    ("host=' a '", "host= a "),
    ("host='a'port=5", "host=a|port=5"),
    ("host='a''b'=c", "!invalid connection option at character 9 of the connection string"),
    ("host='a' port='5'", "host=a|port=5"),
    ("host = 'a' port = '5'", "host=a|port=5"),
    (r"host='a\'b' port=1", "host=a'b|port=1"),
    (r"host='a\\b'", r"host=a\b"),
    (r"host='\a\b'", "host=ab"),
    (r"host=a\ b", "host=a b"),
    (r"host=a\'b", "host=a'b"),
    (r"host=a\\b", r"host=a\b"),
    (r"host=\a", "host=a"),
    (r"host=a\", "host=a"),
    (r"host=\", "host="),
    (r"host=a\\", r"host=a\"),
    ("host=a'b", "host=a'b"),
    ("host=a'b'", "host=a'b'"),
    ("host=\"a", "host=\"a"),
    ("host=a\\\nb", "host=a\nb"),
    ("options='-c geqo=off -c a=b'", "options=-c geqo=off -c a=b"),
    (r"options=-c\ geqo=off", "options=-c geqo=off"),
    (r"password='\'\\'", r"password='\"),
    ("host='a", "!unterminated quoted string, which begins at character 6 of the connection string"),
    ("host='", "!unterminated quoted string, which begins at character 6 of the connection string"),
    (r"host='a\'", "!unterminated quoted string, which begins at character 6 of the connection string"),
    (r"host='a\", "!unterminated quoted string, which begins at character 6 of the connection string"),
    ("user=é host='a", "!unterminated quoted string, which begins at character 13 of the connection string"),
    // What is not a pair.
    ("host", "!missing \"=\" after \"host\" at character 1 of the connection string"),
    ("host ", "!missing \"=\" after \"host\" at character 1 of the connection string"),
    ("mydb", "!missing \"=\" after the word at character 1 of the connection string"),
    ("host=a port", "!missing \"=\" after \"port\" at character 8 of the connection string"),
    ("host=a port 5", "!missing \"=\" after \"port\" at character 8 of the connection string"),
    ("host=a'b c'", "!missing \"=\" after the word at character 10 of the connection string"),
    ("password=my secret", "!missing \"=\" after the word at character 13 of the connection string"),
    ("'host'=a", "!invalid connection option at character 1 of the connection string"),
    ("=5", "!invalid connection option \"\" at character 1 of the connection string"),
    (" = 5", "!invalid connection option \"\" at character 2 of the connection string"),
    ("nosuch=1", "!invalid connection option \"nosuch\" at character 1 of the connection string"),
    ("host=a no_such=1", "!invalid connection option \"no_such\" at character 8 of the connection string"),
    ("password=my sec=ret", "!invalid connection option at character 13 of the connection string"),
    ("HOST=a", "!invalid connection option \"HOST\" at character 1 of the connection string"),
    ("database=a", "!invalid connection option \"database\" at character 1 of the connection string"),
    ("servicefile=x", "!invalid connection option \"servicefile\" at character 1 of the connection string"),
    ("hunter2secret=x", "!invalid connection option at character 1 of the connection string"),
    ("POSTGRES://h", "!missing \"=\" after the word at character 1 of the connection string"),
    ("postgres:h", "!missing \"=\" after the word at character 1 of the connection string"),
    ("postgres:/h", "!missing \"=\" after the word at character 1 of the connection string"),
    (" postgres://h", "!missing \"=\" after the word at character 2 of the connection string"),
    ("postgresqls://h?a=b", "!invalid connection option at character 1 of the connection string"),
    ("host=a\0", "!a NUL character at character 7 of the connection string"),
    ("\0", "!a NUL character at character 1 of the connection string"),
    ("postgres://é\0", "!a NUL character at character 13 of the connection string"),
    // Every keyword, and requiressl, which became sslmode.
    ("service=a user=b password=c passfile=d", "service=a|user=b|password=c|passfile=d"),
    ("channel_binding=a connect_timeout=b client_encoding=c", "channel_binding=a|connect_timeout=b|client_encoding=c"),
    ("hostaddr=a,b application_name=c fallback_application_name=d", "hostaddr=a,b|application_name=c|fallback_application_name=d"),
    ("keepalives=0 keepalives_idle=1 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=4",
     "keepalives=0|keepalives_idle=1|keepalives_interval=2|keepalives_count=3|tcp_user_timeout=4"),
    ("sslmode=a sslnegotiation=b sslcompression=c sslcert=d sslkey=e sslcertmode=f sslpassword=g",
     "sslmode=a|sslnegotiation=b|sslcompression=c|sslcert=d|sslkey=e|sslcertmode=f|sslpassword=g"),
    ("sslrootcert=a sslcrl=b sslcrldir=c sslsni=d sslkeylogfile=e", "sslrootcert=a|sslcrl=b|sslcrldir=c|sslsni=d|sslkeylogfile=e"),
    ("ssl_max_protocol_version=b ssl_min_protocol_version=a", "ssl_min_protocol_version=a|ssl_max_protocol_version=b"),
    ("max_protocol_version=b min_protocol_version=a", "min_protocol_version=a|max_protocol_version=b"),
    ("requirepeer=a require_auth=b gssencmode=c krbsrvname=d gsslib=e gssdelegation=f",
     "requirepeer=a|require_auth=b|gssencmode=c|krbsrvname=d|gsslib=e|gssdelegation=f"),
    ("replication=a target_session_attrs=b load_balance_hosts=c", "replication=a|target_session_attrs=b|load_balance_hosts=c"),
    ("scram_client_key=a scram_server_key=b", "scram_client_key=a|scram_server_key=b"),
    ("oauth_issuer=a oauth_client_id=b oauth_client_secret=c oauth_scope=d",
     "oauth_issuer=a|oauth_client_id=b|oauth_client_secret=c|oauth_scope=d"),
    ("scram_max_iterations=5", "scram_max_iterations=5"),
    ("requiressl=1", "sslmode=require"),
    ("requiressl=10", "sslmode=require"),
    ("requiressl=0", "sslmode=prefer"),
    ("requiressl=", "sslmode=prefer"),
    ("sslmode=disable requiressl=1", "sslmode=require"),
    // URIs: parts.
    ("postgres://", ""),
    ("postgresql://", ""),
    ("postgres:///", ""),
    ("postgres://?", ""),
    ("postgres:///?", ""),
    ("postgresql://localhost", "host=localhost"),
    ("postgresql://localhost:5433", "host=localhost|port=5433"),
    ("postgresql://localhost/mydb", "dbname=mydb|host=localhost"),
    ("postgresql://user@localhost", "user=user|host=localhost"),
    ("postgresql://user:secret@localhost", "user=user|password=secret|host=localhost"),
    ("postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
     "user=other|connect_timeout=10|dbname=otherdb|host=localhost|application_name=myapp"),
    ("postgresql://host1:123,host2:456/somedb?target_session_attrs=any&application_name=myapp",
     "dbname=somedb|host=host1,host2|port=123,456|application_name=myapp|target_session_attrs=any"),
    ("postgres://h/", "host=h"),
    ("postgres://h?", "host=h"),
    ("postgres://h/?", "host=h"),
    ("postgres:///d", "dbname=d"),
    ("postgres://:5/d", "dbname=d|port=5"),
    ("postgres://h:", "host=h"),
    ("postgres://h:/d", "dbname=d|host=h"),
    ("postgres://h:abc/d", "dbname=d|host=h|port=abc"),
    ("postgres://h/d/e?port=6", "dbname=d/e|host=h|port=6"),
    ("postgres://h//", "dbname=/|host=h"),
    ("postgres://h/d#f", "dbname=d#f|host=h"),
    ("postgres://h/d:e@f", "dbname=d:e@f|host=h"),
    ("postgres://é/ü", "dbname=ü|host=é"),
    // Credentials.
    ("postgres://@h", "host=h"),
    ("postgres://:@h", "host=h"),
    ("postgres://:p@h", "password=p|host=h"),
    ("postgres://u:@h", "user=u|host=h"),
    ("postgres://u@", "user=u"),
    ("postgres://u:p@/d", "user=u|password=p|dbname=d"),
    ("postgres://u:p:q@h", "user=u|password=p:q|host=h"),
    ("postgres://a@b@c/d", "user=a|dbname=d|host=b@c"),
    ("postgres://u%40x:p%3Aq%2F@h/", "user=u@x|password=p:q/|host=h"),
    ("postgres://h?user=a@b", "user=h?user=a|host=b"),
    ("postgres://u:p?q@h", "user=u|password=p?q|host=h"),
    ("postgres://u,v@h", "user=u,v|host=h"),
    ("postgres://u:[@h", "user=u|password=[|host=h"),
    ("postgres://u:a/b@h/d", "dbname=b@h/d|host=u|port=a"),
    // Lists of hosts.
    ("postgres://a,b", "host=a,b|port=,"),
    ("postgres://a,b:1,c:2/d", "dbname=d|host=a,b,c|port=,1,2"),
    ("postgres://a:1,b:2", "host=a,b|port=1,2"),
    ("postgres://a:1,b", "host=a,b|port=1,"),
    ("postgres://h:,i:5", "host=h,i|port=,5"),
    ("postgres://,", "host=,|port=,"),
    ("postgres://,,", "host=,,|port=,,"),
    ("postgres://a,", "host=a,|port=,"),
    ("postgres://,:5", "host=,|port=,5"),
    ("postgres://u@a,b/d?port=7", "user=u|dbname=d|host=a,b|port=7"),
    ("postgres://a%2Cb", "host=a,b"),
    // IPv6.
    ("postgres://[::1]", "host=::1"),
    ("postgres://[::1]:5/d", "dbname=d|host=::1|port=5"),
    ("postgres://u@[::1]:5/d", "user=u|dbname=d|host=::1|port=5"),
    ("postgres://[::1]/d", "dbname=d|host=::1"),
    ("postgres://[::1]?port=5", "host=::1|port=5"),
    ("postgres://[::1],h:5,[::2]:6/d", "dbname=d|host=::1,h,::2|port=,5,6"),
    ("postgres://[fe80::1%25eth0]", "host=fe80::1%eth0"),
    ("postgresql://[2001:db8::1234]/database", "dbname=database|host=2001:db8::1234"),
    ("postgres://[anything]", "host=anything"),
    ("postgres://::1", "port=:1"),
    ("postgres://[::1", "!the end of the URI was reached when looking for the matching \"]\" of an IPv6 host address, at character 12"),
    ("postgres://[", "!the end of the URI was reached when looking for the matching \"]\" of an IPv6 host address, at character 12"),
    ("postgres://é,[::1", "!the end of the URI was reached when looking for the matching \"]\" of an IPv6 host address, at character 14"),
    ("postgres://[]", "!an IPv6 host address may not be empty in a URI, at character 12"),
    ("postgres://[::1]x", "!unexpected character in URI (expected \":\" or \"/\" after an IPv6 host address), at character 17"),
    ("postgres://[::1][::2]", "!unexpected character in URI (expected \":\" or \"/\" after an IPv6 host address), at character 17"),
    ("postgres://a[::1]", "host=a[|port=:1]"),
    // Sockets.
    ("postgres://%2Ftmp:5433/d", "dbname=d|host=/tmp|port=5433"),
    ("postgresql://%2fvar%2Flib%2Fpostgresql/dbname", "dbname=dbname|host=/var/lib/postgresql"),
    ("postgresql:///dbname?host=/var/lib/postgresql", "dbname=dbname|host=/var/lib/postgresql"),
    ("postgres://%40abstract", "host=@abstract"),
    // Percent-encoding.
    ("postgres://h/a%20b", "dbname=a b|host=h"),
    ("postgres://h/%E2%82%AC", "dbname=€|host=h"),
    ("postgres://h/%25", "dbname=%|host=h"),
    ("postgres://h/%2525", "dbname=%25|host=h"),
    ("postgres://h/a+b", "dbname=a+b|host=h"),
    ("postgres://%zz", "!invalid percent-encoded token in the host of the URI"),
    ("postgres://h/%", "!invalid percent-encoded token in the database name of the URI"),
    ("postgres://h/d%2", "!invalid percent-encoded token in the database name of the URI"),
    ("postgres://h/%2é", "!invalid percent-encoded token in the database name of the URI"),
    ("postgres://h/%+1", "!invalid percent-encoded token in the database name of the URI"),
    ("postgres://u:%gg@h", "!invalid percent-encoded token in the password of the URI"),
    ("postgres://%:p@h", "!invalid percent-encoded token in the user of the URI"),
    ("postgres://h:%5", "!invalid percent-encoded token in the port of the URI"),
    ("postgres://h/?user=%x", "!invalid percent-encoded token in the value of a query parameter of the URI"),
    ("postgres://h/?%x=user", "!invalid percent-encoded token in the name of a query parameter of the URI"),
    ("postgres://h/%00", "!forbidden value %00 in percent-encoded value: the database name of the URI"),
    ("postgres://u:a%00b@h", "!forbidden value %00 in percent-encoded value: the password of the URI"),
    ("postgres://h/%ff", "!the database name of the URI is not UTF-8 once its percent-encoding is undone"),
    // Spaces, where libpq 15 differs.
    ("postgres:// h /d ", "dbname=d|host=h"),
    ("postgres://h/ d?user= a &port= 5 ", "user=a|dbname=d|host=h|port=5"),
    ("postgres://u : p @h", "user=u|password=p|host=h"),
    ("postgres:// ", "host="),
    ("postgres://h/d b", "!unexpected spaces found in the database name of the URI, use percent-encoded spaces (%20) instead"),
    ("postgres://h/%20d%20", "dbname= d |host=h"),
    ("postgres://h/?user=a b", "!unexpected spaces found in the value of a query parameter of the URI, use percent-encoded spaces (%20) instead"),
    ("postgres://h/?user=a\tb", "user=a\tb|host=h"),
    ("postgres://h/\nd\n", "dbname=\nd\n|host=h"),
    // Parameters.
    ("postgres://?host=x", "host=x"),
    ("postgres://h?host=x", "host=x"),
    ("postgres://h/?host=/tmp", "host=/tmp"),
    ("postgres:///?host=x&port=", "host=x|port="),
    ("postgres://h/d?user=", "user=|dbname=d|host=h"),
    ("postgres://h/d?dbname=e", "dbname=e|host=h"),
    ("postgres://u:p@h/?user=v&password=q", "user=v|password=q|host=h"),
    ("postgres://h/?user=a&", "user=a|host=h"),
    ("postgres://h/?user=a&user=b", "user=b|host=h"),
    ("postgres://h/?user=a%26b%3D", "user=a&b=|host=h"),
    ("postgres://h/?us%65r=a", "user=a|host=h"),
    ("postgres://h/?user=a?b/c", "user=a?b/c|host=h"),
    ("postgres://h/?options=-c%20geqo%3Doff", "host=h|options=-c geqo=off"),
    ("postgres://h/?ssl=true", "host=h|sslmode=require"),
    ("postgres://h/?ssl=%74rue", "host=h|sslmode=require"),
    ("postgres://h/?requiressl=1", "host=h|sslmode=require"),
    ("postgres://h/?ssl=false", "!invalid URI query parameter \"ssl\", at character 15"),
    ("postgres://h/?ssl=1", "!invalid URI query parameter \"ssl\", at character 15"),
    ("postgres://h/?nosuch=1", "!invalid URI query parameter \"nosuch\", at character 15"),
    ("postgres://h/?User=1", "!invalid URI query parameter \"User\", at character 15"),
    ("postgres://u:p@h/?nosuch=1", "!invalid URI query parameter, at character 19"),
    ("postgres://h/?port=1&nosuch=1", "!invalid URI query parameter \"nosuch\", at character 22"),
    ("postgres://u:a/b?letters=x@h/d", "!invalid URI query parameter, at character 18"),
    ("postgres://h/?=x", "!invalid URI query parameter \"\", at character 15"),
    ("postgres://h/?user", "!missing key/value separator \"=\" in URI query parameter \"user\", at character 15"),
    ("postgres://h/?nosuch", "!missing key/value separator \"=\" in URI query parameter, at character 15"),
    ("postgres://h/?&", "!missing key/value separator \"=\" in URI query parameter, at character 15"),
    ("postgres://h/?user=a&&port=5", "!missing key/value separator \"=\" in URI query parameter, at character 22"),
    ("postgres://h/??user=a", "!invalid URI query parameter, at character 15"),
    ("postgres://h/?user=b=c", "!extra key/value separator \"=\" in URI query parameter \"user\", at character 15"),
    ("postgres://h/?password=b==", "!extra key/value separator \"=\" in URI query parameter \"password\", at character 15"),
];

fn outcome(dsn: &str) -> String {
    match Conninfo::parse(dsn) {
        Ok(conninfo) => {
            let pairs = conninfo
                .iter()
                .map(|(keyword, value)| format!("{keyword}={value}"));
            pairs.collect::<Vec<_>>().join("|")
        }
        Err(error) => {
            assert_eq!(error.class(), Class::Programming, "{dsn:?}");
            let message = error.message();
            format!("!{}", message.strip_prefix("invalid dsn: ").expect(message))
        }
    }
}

#[test]
fn say_what_libpq_says() {
    assert!(CASES.len() >= 170, "{} cases", CASES.len());
    let wrong: Vec<String> = CASES
        .iter()
        .filter(|(dsn, expected)| outcome(dsn) != *expected)
        .map(|(dsn, expected)| format!("{dsn:?}\n  is  {}\n  not {expected}", outcome(dsn)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn come_back_from_text() {
    for (dsn, _) in CASES {
        if let Ok(conninfo) = Conninfo::parse(dsn) {
            let text = conninfo.to_dsn();
            assert_eq!(
                Conninfo::parse(&text).expect(&text),
                conninfo,
                "{dsn:?} as {text:?}"
            );
        }
    }
}

/// Every string of up to four characters from those that mean something.
#[test]
fn any_value_comes_back_from_text() {
    let alphabet = [' ', '\'', '\\', '=', 'a', '\n', '\x0b', 'é', '\u{a0}'];
    let mut values = vec![String::new()];
    let mut longest = values.clone();
    for _ in 0..4 {
        longest = longest
            .iter()
            .flat_map(|value| alphabet.iter().map(move |c| format!("{value}{c}")))
            .collect();
        values.extend(longest.iter().cloned());
    }
    assert!(values.len() > 7000);
    for value in values {
        let keywords = [
            ("user", Some("u")),
            ("options", Some(&*value)),
            ("port", Some("1")),
        ];
        let conninfo = Conninfo::merge(None, &keywords).unwrap();
        let text = conninfo.to_dsn();
        assert_eq!(
            Conninfo::parse(&text).unwrap(),
            conninfo,
            "{value:?} as {text:?}"
        );
    }
}

/// No input may panic: cut every case everywhere, and put every delimiter everywhere.
#[test]
fn any_piece_of_text_is_an_answer() {
    for (dsn, _) in CASES {
        for (at, c) in dsn.char_indices() {
            let (head, tail) = dsn.split_at(at);
            let _ = Conninfo::parse(head);
            let _ = Conninfo::parse(&format!("postgres://{tail}"));
            for inserted in [
                "'", "\\", "=", "%", "[", "]", "@", ":", "/", "?", "&", ",", " ", "é",
            ] {
                let _ = Conninfo::parse(&format!("{head}{inserted}{tail}"));
                let _ = Conninfo::parse(&format!("{head}{inserted}{}", &tail[c.len_utf8()..]));
            }
        }
    }
}

#[test]
fn text_is_quoted_only_where_needed() {
    let conninfo =
        Conninfo::parse(r"user=a\'\\ dbname='a b' host='' port=5 options='-c a=b'").unwrap();
    assert_eq!(
        conninfo.to_dsn(),
        r"user=a\'\\ dbname='a b' host='' port=5 options='-c a=b'"
    );
}
