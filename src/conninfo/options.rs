//! The table of keywords: one row for each that libpq 18 knows, in libpq's order, and ours at the end.
//!
//! Source: PostgreSQL 18 manual, "Parameter Key Words" and "Environment Variables". Owns the names, the
//! variables and the constant defaults; defaults that depend on the machine or on another keyword (user,
//! dbname, host, passfile, sslmode, max_protocol_version) are `resolve`'s.

/// One keyword.
#[derive(Debug)]
pub(crate) struct OptionSpec {
    /// As written in a connection string.
    pub(crate) keyword: &'static str,
    /// The environment variable that is consulted when neither the connection string nor the service file
    /// gives it.
    pub(crate) variable: Option<&'static str>,
    /// What it is when nothing gives it.
    pub(crate) default: Option<&'static str>,
    /// Whether its value may never be shown.
    pub(crate) secret: bool,
}

const fn row(
    keyword: &'static str,
    variable: Option<&'static str>,
    default: Option<&'static str>,
) -> OptionSpec {
    OptionSpec {
        keyword,
        variable,
        default,
        secret: false,
    }
}

const fn secret(keyword: &'static str, variable: Option<&'static str>) -> OptionSpec {
    OptionSpec {
        keyword,
        variable,
        default: None,
        secret: true,
    }
}

/// Every keyword.
#[rustfmt::skip]
pub(crate) static OPTIONS: &[OptionSpec] = &[
    row("service", Some("PGSERVICE"), None),
    row("user", Some("PGUSER"), None),
    secret("password", Some("PGPASSWORD")),
    row("passfile", Some("PGPASSFILE"), None),
    row("channel_binding", Some("PGCHANNELBINDING"), Some("prefer")),
    row("connect_timeout", Some("PGCONNECT_TIMEOUT"), None),
    row("dbname", Some("PGDATABASE"), None),
    row("host", Some("PGHOST"), None),
    row("hostaddr", Some("PGHOSTADDR"), None),
    row("port", Some("PGPORT"), Some("5432")),
    row("client_encoding", Some("PGCLIENTENCODING"), None),
    row("options", Some("PGOPTIONS"), Some("")),
    row("application_name", Some("PGAPPNAME"), None),
    row("fallback_application_name", None, None),
    row("keepalives", None, None),
    row("keepalives_idle", None, None),
    row("keepalives_interval", None, None),
    row("keepalives_count", None, None),
    row("tcp_user_timeout", None, None),
    row("sslmode", Some("PGSSLMODE"), Some("prefer")),
    row("sslnegotiation", Some("PGSSLNEGOTIATION"), Some("postgres")),
    row("sslcompression", Some("PGSSLCOMPRESSION"), Some("0")),
    row("sslcert", Some("PGSSLCERT"), None),
    row("sslkey", Some("PGSSLKEY"), None),
    row("sslcertmode", Some("PGSSLCERTMODE"), Some("allow")),
    secret("sslpassword", None),
    row("sslrootcert", Some("PGSSLROOTCERT"), None),
    row("sslcrl", Some("PGSSLCRL"), None),
    row("sslcrldir", Some("PGSSLCRLDIR"), None),
    row("sslsni", Some("PGSSLSNI"), Some("1")),
    row("requirepeer", Some("PGREQUIREPEER"), None),
    row("require_auth", Some("PGREQUIREAUTH"), None),
    row("min_protocol_version", Some("PGMINPROTOCOLVERSION"), Some("3.0")),
    row("max_protocol_version", Some("PGMAXPROTOCOLVERSION"), Some("3.0")),
    row("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), Some("TLSv1.2")),
    row("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), None),
    // "disable" as in a libpq built without GSSAPI, which is what this library is.
    row("gssencmode", Some("PGGSSENCMODE"), Some("disable")),
    row("krbsrvname", Some("PGKRBSRVNAME"), Some("postgres")),
    row("gsslib", Some("PGGSSLIB"), None),
    row("gssdelegation", Some("PGGSSDELEGATION"), Some("0")),
    row("replication", None, None),
    row("target_session_attrs", Some("PGTARGETSESSIONATTRS"), Some("any")),
    row("load_balance_hosts", Some("PGLOADBALANCEHOSTS"), Some("disable")),
    secret("scram_client_key", None),
    secret("scram_server_key", None),
    row("oauth_issuer", None, None),
    row("oauth_client_id", None, None),
    secret("oauth_client_secret", None),
    row("oauth_scope", None, None),
    row("sslkeylogfile", None, None),
    // How many SCRAM iterations a server may ask of us before we call it an attack.
    row("scram_max_iterations", None, Some("100000")),
    // Seconds, with decimals, that connecting and any later call may take.
    row("timeout", None, None),
    // At which use a statement is prepared (0: never), and how many are kept so.
    row("prepare_threshold", None, Some("3")),
    row("prepared_max", None, Some("100")),
    // Microseconds that a call may look for its answer again and again before it sleeps; 0: none.
    row("busy_poll", None, Some("100")),
    // What sslrootcert, sslcert and sslkey name files of, as PEM text, for programs that never write it to a disk.
    row("sslrootcert_pem", None, None),
    row("sslcert_pem", None, None),
    secret("sslkey_pem", None),
];

/// The row of `keyword` and its place in the table. Case matters, as in libpq.
pub(crate) fn find(keyword: &str) -> Option<(usize, &'static OptionSpec)> {
    let mut place = hash(keyword.as_bytes());
    loop {
        let index = usize::from(*PLACES.get(place)?);
        // Past the table's end where there is no keyword.
        let spec = OPTIONS.get(index)?;
        if spec.keyword == keyword {
            return Some((index, spec));
        }
        place = (place + 1) % PLACES.len();
    }
}

/// Where each keyword stands in `OPTIONS`: at its hash, or in the next free place behind. Most places stay free.
static PLACES: [u8; 256] = places();
/// A free place.
const FREE: u8 = u8::MAX;

#[allow(
    clippy::indexing_slicing,
    reason = "the compiler runs it, and only the compiler"
)]
const fn places() -> [u8; 256] {
    assert!(OPTIONS.len() < 128);
    let mut places = [FREE; 256];
    let mut index = 0;
    while index < OPTIONS.len() {
        let mut place = hash(OPTIONS[index].keyword.as_bytes());
        while places[place] != FREE {
            place = (place + 1) % places.len();
        }
        places[place] = index as u8;
        index += 1;
    }
    places
}

const fn hash(mut keyword: &[u8]) -> usize {
    let mut hash: u32 = 0;
    while let [first, rest @ ..] = keyword {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        keyword = rest;
    }
    (hash >> 8) as usize % 256
}
