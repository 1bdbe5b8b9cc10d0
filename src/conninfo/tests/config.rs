//! The typed form: what is accepted, what is an error, what is refused.

use std::time::Duration;

use super::super::values::{
    LoadBalanceHosts, ProtocolVersion, SslCertMode, SslMode, SslNegotiation, TargetSessionAttrs,
    TlsVersion,
};
use super::super::{ChannelBinding, Config, Conninfo, RequireAuth, Target};
use super::Fake;
use crate::error::{Class, Result};

fn config_with(dsn: &str, env: &Fake) -> Result<Config> {
    Conninfo::resolve(Some(dsn), &[], env)?.config(env)
}

fn config(dsn: &str) -> Config {
    config_with(dsn, &Fake::new()).expect(dsn)
}

/// DSN and the message; operational, as psycopg2 has what libpq finds when it connects.
#[rustfmt::skip]
static INVALID: &[(&str, &str)] = &[
    ("port=0", "invalid port number: \"0\""),
    ("port=-1", "invalid port number: \"-1\""),
    ("port=65536", "invalid port number: \"65536\""),
    ("port=99999999999", "invalid integer value for connection option \"port\""),
    ("port=9999999", "invalid port number"),
    ("port=abc", "invalid integer value for connection option \"port\""),
    ("port=' '", "invalid integer value for connection option \"port\""),
    ("port=-", "invalid integer value \"-\" for connection option \"port\""),
    ("port='5 4'", "invalid integer value for connection option \"port\""),
    ("port=5x", "invalid integer value for connection option \"port\""),
    ("host=a,b port=1,2,3", "could not match 3 port numbers to 2 hosts"),
    ("host=a port=1,2", "could not match 2 port numbers to 1 hosts"),
    ("port=,", "could not match 2 port numbers to 1 hosts"),
    ("hostaddr=1.1.1.1,1.1.1.2 port=1,2,3", "could not match 3 port numbers to 2 hosts"),
    ("host=a,b hostaddr=1.1.1.1", "could not match 2 host names to 1 hostaddr values"),
    ("host=a hostaddr=1.1.1.1,", "could not match 1 host names to 2 hostaddr values"),
    ("hostaddr=abc", "could not parse network address \"abc\": hostaddr must be a numeric IP address"),
    ("hostaddr=1.2.3.256", "could not parse network address \"1.2.3.256\": hostaddr must be a numeric IP address"),
    ("hostaddr=1.2.3.4%eth0", "could not parse network address: hostaddr must be a numeric IP address"),
    ("hostaddr=fe80::1%", "could not parse network address: hostaddr must be a numeric IP address"),
    ("hostaddr=/tmp", "could not parse network address: hostaddr must be a numeric IP address"),
    ("hostaddr=[::1]", "could not parse network address: hostaddr must be a numeric IP address"),
    ("sslmode=x", "invalid sslmode value: \"x\""),
    ("sslmode=''", "invalid sslmode value: \"\""),
    ("sslmode=Disable", "invalid sslmode value: \"Disable\""),
    ("sslmode= port=5", "invalid sslmode value"),
    ("sslnegotiation=x", "invalid sslnegotiation value: \"x\""),
    ("sslcertmode=x", "invalid sslcertmode value: \"x\""),
    ("gssencmode=x", "invalid gssencmode value: \"x\""),
    ("channel_binding=x", "invalid channel_binding value: \"x\""),
    ("channel_binding=''", "invalid channel_binding value: \"\""),
    ("target_session_attrs=x", "invalid target_session_attrs value: \"x\""),
    ("target_session_attrs=read_write", "invalid target_session_attrs value: \"read_write\""),
    ("load_balance_hosts=x", "invalid load_balance_hosts value: \"x\""),
    ("load_balance_hosts=1", "invalid load_balance_hosts value: \"1\""),
    ("min_protocol_version=3.1", "invalid min_protocol_version value: \"3.1\""),
    ("max_protocol_version=3.1", "invalid max_protocol_version value: \"3.1\""),
    ("max_protocol_version=''", "invalid max_protocol_version value: \"\""),
    ("max_protocol_version=3", "invalid max_protocol_version value: \"3\""),
    ("ssl_min_protocol_version=x", "invalid ssl_min_protocol_version value: \"x\""),
    ("ssl_max_protocol_version=TLSv1.4", "invalid ssl_max_protocol_version value: \"TLSv1.4\""),
    ("ssl_min_protocol_version=tlsv1.3 ssl_max_protocol_version=TLSv1.1", "invalid SSL protocol version range"),
    ("ssl_max_protocol_version=TLSv1", "invalid SSL protocol version range"),
    ("connect_timeout=x", "invalid integer value \"x\" for connection option \"connect_timeout\""),
    ("connect_timeout=''", "invalid integer value \"\" for connection option \"connect_timeout\""),
    ("connect_timeout=0.5", "invalid integer value \"0.5\" for connection option \"connect_timeout\""),
    ("connect_timeout=2147483648", "invalid integer value \"2147483648\" for connection option \"connect_timeout\""),
    ("keepalives=x", "invalid integer value \"x\" for connection option \"keepalives\""),
    ("keepalives=''", "invalid integer value \"\" for connection option \"keepalives\""),
    ("keepalives=true", "invalid integer value \"true\" for connection option \"keepalives\""),
    ("keepalives_idle=x", "invalid integer value \"x\" for connection option \"keepalives_idle\""),
    ("keepalives_interval=x", "invalid integer value \"x\" for connection option \"keepalives_interval\""),
    ("keepalives_count=1.0", "invalid integer value \"1.0\" for connection option \"keepalives_count\""),
    ("tcp_user_timeout=x", "invalid integer value \"x\" for connection option \"tcp_user_timeout\""),
    ("sslnegotiation=direct", "weak sslmode may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")"),
    ("sslrootcert=system sslmode=prefer", "weak sslmode may not be used with sslrootcert=system (use \"verify-full\")"),
    ("sslrootcert=system sslmode=verify-ca", "weak sslmode may not be used with sslrootcert=system (use \"verify-full\")"),
    ("scram_max_iterations=x", "invalid integer value \"x\" for connection option \"scram_max_iterations\""),
    ("scram_max_iterations=0", "scram_max_iterations must be between 1 and 2147483647"),
    ("scram_max_iterations=-5", "scram_max_iterations must be between 1 and 2147483647"),
    ("scram_max_iterations=2147483648", "invalid integer value \"2147483648\" for connection option \"scram_max_iterations\""),
];

#[test]
fn a_value_that_cannot_be_is_an_operational_error() {
    for (dsn, message) in INVALID {
        let error = config_with(dsn, &Fake::new()).expect_err(dsn);
        assert_eq!(error.message(), *message, "{dsn:?}");
        assert_eq!(error.class(), Class::Operational, "{dsn:?}");
        assert!(
            !error.is_retryable() || error.message().is_empty(),
            "{dsn:?}"
        );
    }
}

/// DSN, and the keyword and value named in the refusal.
#[rustfmt::skip]
static REFUSED: &[(&str, &str)] = &[
    ("gssencmode=require", "\"gssencmode\" with the value \"require\""),
    ("oauth_issuer=x", "\"oauth_issuer\""),
    ("oauth_client_id=x", "\"oauth_client_id\""),
    ("oauth_client_secret=x", "\"oauth_client_secret\""),
    ("oauth_scope=x", "\"oauth_scope\""),
];

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    for (dsn, named) in REFUSED {
        let error = config_with(dsn, &Fake::new()).expect_err(dsn);
        assert_eq!(
            error.message(),
            format!("the connection option {named} is not supported yet"),
            "{dsn:?}"
        );
        assert_eq!(error.class(), Class::NotSupported, "{dsn:?}");
    }
    let error = config_with("", &Fake::new().var("PGGSSENCMODE", "require")).expect_err("GSS");
    assert_eq!(error.class(), Class::NotSupported);
}

#[test]
fn harmless_values_of_the_same_keywords_are_accepted() {
    for dsn in [
        "sslmode=disable",
        "sslmode=allow",
        "sslmode=prefer",
        "sslnegotiation=postgres",
        "sslcompression=0",
        "sslcompression=1",
        "sslcert=''",
        "sslcertmode=disable",
        "sslcertmode=allow",
        "sslpassword=''",
        "sslrootcert=''",
        "sslsni=0",
        "channel_binding=disable",
        "channel_binding=prefer",
        "channel_binding=require",
        "require_auth=''",
        "gssencmode=disable",
        "gssencmode=prefer",
        "krbsrvname=x",
        "gsslib=gssapi",
        "gssdelegation=1",
        "target_session_attrs=any",
        "load_balance_hosts=disable",
        "min_protocol_version=3.0",
        "min_protocol_version=3.2",
        "min_protocol_version=latest",
        "max_protocol_version=3.2",
        "max_protocol_version=latest",
        "oauth_issuer=''",
        "requiressl=0",
        "ssl_min_protocol_version=TLSv1.3",
        "ssl_max_protocol_version=tlsV1.3",
        "ssl_min_protocol_version=''",
    ] {
        config(dsn);
    }
}

#[test]
fn defaults() {
    let config = config("");
    assert_eq!(config.hosts.len(), 1);
    assert_eq!(config.hosts[0].port, 5432);
    assert_eq!(config.hosts[0].name, "/var/run/postgresql");
    assert_eq!((config.user.as_str(), config.dbname.as_str()), ("me", "me"));
    assert_eq!(config.password, None);
    assert_eq!(config.connect_timeout, None);
    assert_eq!(config.application_name, None);
    assert_eq!(config.options, None);
    assert_eq!(config.client_encoding, None);
    assert_eq!(config.replication, None);
    assert!(config.startup_settings.is_empty());
    assert!(config.keepalives && config.sslsni);
    assert_eq!(config.keepalives_idle, None);
    assert_eq!(config.keepalives_interval, None);
    assert_eq!(config.keepalives_count, None);
    assert_eq!(config.tcp_user_timeout, None);
    assert_eq!(config.require_peer, None);
    assert_eq!(config.sslmode, SslMode::Prefer);
    assert_eq!(config.target_session_attrs, TargetSessionAttrs::Any);
    assert_eq!(config.load_balance_hosts, LoadBalanceHosts::Disable);
    assert_eq!(config.min_protocol_version, ProtocolVersion::V3_0);
    assert_eq!(config.max_protocol_version, ProtocolVersion::V3_0);
    assert_eq!(config.ssl_min_protocol_version, Some(TlsVersion::V1_2));
    assert_eq!(config.ssl_max_protocol_version, None);
    assert_eq!(config.scram_max_iterations, 100_000);
    assert_eq!(config.require_auth, RequireAuth::default());
    assert_eq!(config.channel_binding, ChannelBinding::Prefer);
    assert_eq!(
        (config.scram_client_key, config.scram_server_key),
        (None, None)
    );
    // What was only parsed gets the same.
    let env = Fake::new();
    assert_eq!(Conninfo::parse("").unwrap().config(&env).unwrap(), config);
}

#[test]
fn what_is_said_of_tls_becomes_typed() {
    let given = config(
        "sslmode=verify-full sslnegotiation=direct sslcertmode=require sslcert=c sslkey=k sslpassword=p \
         sslrootcert=r sslcrl=l sslcrldir=d sslkeylogfile=f",
    );
    assert_eq!(given.sslmode, SslMode::VerifyFull);
    assert_eq!(given.sslnegotiation, SslNegotiation::Direct);
    assert_eq!(given.sslcertmode, SslCertMode::Require);
    let tls = given.tls;
    assert_eq!(tls.sslcert.as_deref(), Some("c"));
    assert_eq!(tls.sslkey.as_deref(), Some("k"));
    assert_eq!(tls.sslpassword.unwrap().as_bytes(), b"p");
    assert_eq!(tls.sslrootcert.as_deref(), Some("r"));
    assert_eq!(tls.sslcrl.as_deref(), Some("l"));
    assert_eq!(tls.sslcrldir.as_deref(), Some("d"));
    assert_eq!(tls.sslkeylogfile.as_deref(), Some("f"));
    let tls = config("sslcert='' sslrootcert='' sslrootcert_pem=a sslcert_pem=b sslkey_pem=c").tls;
    assert_eq!((tls.sslcert, tls.sslrootcert), (None, None));
    assert_eq!(tls.sslrootcert_pem.as_deref(), Some("a"));
    assert_eq!(tls.sslcert_pem.as_deref(), Some("b"));
    assert_eq!(tls.sslkey_pem.as_deref(), Some("c"));
    for dsn in ["requiressl=1", "postgres:///?ssl=true"] {
        assert_eq!(config(dsn).sslmode, SslMode::Require, "{dsn}");
    }
    for (variable, value) in [("PGREQUIRESSL", "1"), ("PGSSLMODE", "require")] {
        let config = config_with("", &Fake::new().var(variable, value)).expect(variable);
        assert_eq!(config.sslmode, SslMode::Require, "{variable}");
    }
    assert_eq!(config("sslrootcert=system").sslmode, SslMode::VerifyFull);
}

#[test]
fn the_choice_of_a_server_becomes_typed() {
    for (word, attrs) in [
        ("any", TargetSessionAttrs::Any),
        ("read-write", TargetSessionAttrs::ReadWrite),
        ("read-only", TargetSessionAttrs::ReadOnly),
        ("primary", TargetSessionAttrs::Primary),
        ("standby", TargetSessionAttrs::Standby),
        ("prefer-standby", TargetSessionAttrs::PreferStandby),
    ] {
        let given = config(&format!("target_session_attrs={word} requirepeer=p"));
        assert_eq!(given.target_session_attrs, attrs);
        assert_eq!(given.require_peer.as_deref(), Some("p"));
    }
    assert_eq!(
        config("load_balance_hosts=random").load_balance_hosts,
        LoadBalanceHosts::Random
    );
}

#[test]
fn a_timeout_is_seconds_with_decimals() {
    for (value, milliseconds) in [
        ("1", Some(1000)),
        ("2.5", Some(2500)),
        (".001", Some(1)),
        ("' 3 '", Some(3000)),
        ("2147483.647", Some(2_147_483_647)),
        ("0", None),
        ("0.0", None),
        ("''", None),
    ] {
        assert_eq!(
            config(&format!("timeout={value}")).timeout,
            milliseconds.map(Duration::from_millis),
            "{value}"
        );
    }
    for value in [
        "-1", "+1", "x", "1s", "1e3", "inf", "nan", "1,5", "1.5.5", ".", "2147484",
    ] {
        let error = config_with(&format!("timeout={value}"), &Fake::new()).expect_err(value);
        assert!(error.message().contains("\"timeout\""), "{error}");
        assert_eq!(error.class(), Class::Operational, "{value}");
    }
}

#[test]
fn values_become_typed() {
    let given = config(
        "user=u dbname=d password=p connect_timeout=1 application_name=a options='-c x=y' \
         client_encoding=utf8 replication=database keepalives=0 keepalives_idle=2 \
         keepalives_interval=' +3 ' keepalives_count=4 tcp_user_timeout=500 \
         max_protocol_version=latest ssl_min_protocol_version=tlsv1 sslsni=0 scram_max_iterations=2147483647",
    );
    assert_eq!((given.user.as_str(), given.dbname.as_str()), ("u", "d"));
    assert_eq!(given.password.as_ref().unwrap().as_bytes(), b"p");
    assert_eq!(
        given.password_for(&given.hosts[0]).unwrap().as_bytes(),
        b"p"
    );
    assert_eq!(given.connect_timeout, Some(Duration::from_secs(1)));
    assert_eq!(given.application_name.as_deref(), Some("a"));
    assert_eq!(given.options.as_deref(), Some("-c x=y"));
    assert_eq!(given.client_encoding.as_deref(), Some("utf8"));
    assert_eq!(given.replication.as_deref(), Some("database"));
    assert!(!given.keepalives && !given.sslsni);
    assert_eq!(given.keepalives_idle, Some(Duration::from_secs(2)));
    assert_eq!(given.keepalives_interval, Some(Duration::from_secs(3)));
    assert_eq!(given.keepalives_count, Some(4));
    assert_eq!(given.tcp_user_timeout, Some(Duration::from_millis(500)));
    assert_eq!(given.max_protocol_version, ProtocolVersion::V3_2);
    assert_eq!(given.ssl_min_protocol_version, Some(TlsVersion::V1_0));
    assert_eq!(given.scram_max_iterations, 2_147_483_647);
    for dsn in ["connect_timeout=0", "connect_timeout=-5"] {
        assert_eq!(config(dsn).connect_timeout, None, "{dsn}");
    }
    assert!(config("keepalives=2").keepalives && config("keepalives=-1").keepalives);
    assert_eq!(
        config("keepalives_idle=-1 tcp_user_timeout=0").keepalives_idle,
        None
    );
    let fallback = "fallback_application_name=f application_name=";
    assert_eq!(config(fallback).application_name.as_deref(), Some("f"));
    assert_eq!(
        config(&format!("{fallback}a")).application_name.as_deref(),
        Some("a")
    );
}

/// DSN, and each host as kind:address:port:name.
#[rustfmt::skip]
static HOSTS: &[(&str, &[&str])] = &[
    ("", &["unix:/var/run/postgresql:5432:/var/run/postgresql"]),
    ("host=h", &["tcp:h:5432:h"]),
    ("host=h port=1", &["tcp:h:1:h"]),
    ("port=''", &["unix:/var/run/postgresql:5432:/var/run/postgresql"]),
    ("host=h port=' 65535 '", &["tcp:h:65535:h"]),
    ("host=/tmp", &["unix:/tmp:5432:/tmp"]),
    ("host=@x", &["abstract:x:5432:@x"]),
    ("host=::1", &["tcp:::1:5432:::1"]),
    ("hostaddr=::1", &["numeric:::1:5432:::1"]),
    ("hostaddr=fe80::1%eth0", &["numeric:fe80::1%eth0:5432:fe80::1%eth0"]),
    ("host=h hostaddr=1.2.3.4", &["numeric:1.2.3.4:5432:h"]),
    ("host=/tmp hostaddr=1.2.3.4", &["numeric:1.2.3.4:5432:/tmp"]),
    ("host=a,b,/c port=1", &["tcp:a:1:a", "tcp:b:1:b", "unix:/c:1:/c"]),
    ("host=a,b,c port=1,,3", &["tcp:a:1:a", "tcp:b:5432:b", "tcp:c:3:c"]),
    ("host=a,", &["tcp:a:5432:a", "unix:/var/run/postgresql:5432:/var/run/postgresql"]),
    ("host=a,b hostaddr=,1.2.3.4", &["tcp:a:5432:a", "numeric:1.2.3.4:5432:b"]),
    ("postgres://[::1],h:5,[::2]:6/d", &["tcp:::1:5432:::1", "tcp:h:5:h", "tcp:::2:6:::2"]),
    ("postgres://%2Ftmp:7/", &["unix:/tmp:7:/tmp"]),
];

#[test]
fn hosts_addresses_and_ports_are_paired() {
    for (dsn, expected) in HOSTS {
        let hosts: Vec<String> = config(dsn)
            .hosts
            .into_iter()
            .map(|host| {
                let (kind, address) = match host.target {
                    Target::Unix { directory } => ("unix", directory.display().to_string()),
                    Target::Abstract { name } => ("abstract", name),
                    Target::Tcp {
                        host,
                        numeric: false,
                    } => ("tcp", host),
                    Target::Tcp {
                        host,
                        numeric: true,
                    } => ("numeric", host),
                };
                format!("{kind}:{address}:{}:{}", host.port, host.name)
            })
            .collect();
        assert_eq!(hosts, *expected, "{dsn:?}");
    }
}

#[test]
fn a_socket_path_has_107_bytes_at_most() {
    for first in ["/", "@"] {
        let dsn = |length: usize| format!("host={first}{}", "a".repeat(length - 1));
        let suffix = "/.s.PGSQL.5432".len();
        assert_eq!(config(&dsn(107 - suffix)).hosts.len(), 1);
        let error = config_with(&dsn(108 - suffix), &Fake::new()).unwrap_err();
        assert_eq!(
            error.message(),
            "the Unix-domain socket path is too long (maximum 107 bytes)"
        );
    }
}

#[test]
fn some_variables_go_into_the_startup_packet() {
    let env = Fake::new()
        .var("PGDATESTYLE", "German")
        .var("PGTZ", "Europe/Vienna")
        .var("PGGEQO", "Default");
    let settings = config_with("", &env).unwrap().startup_settings;
    let expected = [("datestyle", "German"), ("timezone", "Europe/Vienna")];
    assert_eq!(
        settings,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let error = config_with("", &Fake::new().var("PGTZ", "a\0user\0root")).unwrap_err();
    assert_eq!(error.message(), "a NUL character in the value of PGTZ");
}
