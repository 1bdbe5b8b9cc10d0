//! What connecting would use: explicit settings, then the service file, then the environment, then defaults.
//!
//! Source: manual, "Database Connection Control Functions" (order of precedence, `expand_dbname`) and
//! "Environment Variables"; for `database`, psycopg2's `connect`.

use std::path::{Path, PathBuf};

use super::dsn::{invalid_dsn, shown};
use super::environment::Environment;
use super::{Conninfo, OPTIONS, options, service, uri};
use crate::error::Result;

/// Where the server's Unix socket is, if nothing says otherwise: Debian's directory, where there is one, and
/// else the one that PostgreSQL is built with everywhere else.
const SOCKET_DIRECTORY: &str = "/var/run/postgresql";
const FALLBACK_SOCKET_DIRECTORY: &str = "/tmp";

pub(super) fn default_socket_directory(env: &dyn Environment) -> &'static str {
    if env.is_directory(Path::new(SOCKET_DIRECTORY)) {
        SOCKET_DIRECTORY
    } else {
        FALLBACK_SOCKET_DIRECTORY
    }
}

/// Where the password file is, if nothing says otherwise.
pub(super) fn default_passfile(env: &dyn Environment) -> Option<PathBuf> {
    env.home().map(|home| home.join(".pgpass"))
}

impl Conninfo {
    /// What `dsn` (None or empty: nothing) overridden by `keywords` says, nothing added. A keyword whose
    /// value is None is as if not given; `database` is `dbname`; of a repeated keyword the last counts; the
    /// first dbname, if it is a connection string itself, stands for its settings.
    pub(crate) fn merge(dsn: Option<&str>, keywords: &[(&str, Option<&str>)]) -> Result<Conninfo> {
        let mut conninfo = Conninfo::parse(dsn.unwrap_or_default())?;
        let given = |wanted: &str| {
            keywords
                .iter()
                .any(|&(keyword, value)| keyword == wanted && value.is_some())
        };
        if given("database") && given("dbname") {
            return Err(invalid_dsn(
                "\"database\" and \"dbname\" are the same, and both are given",
            ));
        }
        let mut dbname_seen = false;
        let pairs = keywords
            .iter()
            .filter_map(|&(keyword, value)| Some((keyword, value?)));
        for (keyword, value) in pairs {
            let keyword = if keyword == "database" {
                "dbname"
            } else {
                keyword
            };
            if keyword.contains('\0') {
                return Err(invalid_dsn("a NUL character in a keyword"));
            }
            if value.contains('\0') {
                return Err(invalid_dsn(format!(
                    "a NUL character in the value of{}",
                    named(keyword)
                )));
            }
            if keyword == "dbname" && !dbname_seen {
                dbname_seen = true;
                if uri::strip_scheme(value).is_some() || value.contains('=') {
                    conninfo.extend(Conninfo::parse(value)?);
                    continue;
                }
            }
            if !conninfo.store(keyword, value.to_owned()) {
                return Err(invalid_dsn(format!(
                    "invalid connection option{}",
                    shown(keyword)
                )));
            }
        }
        Ok(conninfo)
    }

    /// What connecting with `dsn` and `keywords` (as `merge` takes them) would use. Besides `merge`'s errors:
    /// operational ones from the service file.
    pub(crate) fn resolve(
        dsn: Option<&str>,
        keywords: &[(&str, Option<&str>)],
        env: &dyn Environment,
    ) -> Result<Conninfo> {
        Conninfo::merge(dsn, keywords)?.completed(env)
    }

    /// What connecting with these pairs, as `merge` gave them, would use.
    pub(crate) fn completed(mut self, env: &dyn Environment) -> Result<Conninfo> {
        service::apply(&mut self, env)?;
        self.add_environment(env)?;
        self.add_defaults(env);
        Ok(self)
    }

    fn add_environment(&mut self, env: &dyn Environment) -> Result<()> {
        for (index, spec) in OPTIONS.iter().enumerate() {
            let Some(variable) = spec.variable else {
                continue;
            };
            if self.at(index).is_none()
                && let Some(value) = env.var(variable)
            {
                if value.contains('\0') {
                    return Err(invalid_dsn(format!(
                        "a NUL character in the value of {variable}"
                    )));
                }
                self.put(index, value);
            }
        }
        // From before PGSSLMODE, which wins.
        if env
            .var("PGREQUIRESSL")
            .is_some_and(|value| value.starts_with('1'))
        {
            self.fill_in("sslmode", "require");
        }
        Ok(())
    }

    fn add_defaults(&mut self, env: &dyn Environment) {
        // The system's certificates vouch for anyone: only with the host name checked do they mean a thing.
        if self.get("sslrootcert") == Some("system") {
            self.fill_in("sslmode", "verify-full");
        }
        // Who asks for more than 3.0 at least does not want it capped at 3.0.
        if self
            .get("min_protocol_version")
            .is_some_and(|version| version != "3.0")
        {
            self.fill_in("max_protocol_version", "latest");
        }
        for (index, spec) in OPTIONS.iter().enumerate() {
            if let Some(default) = spec.default
                && self.at(index).is_none()
            {
                self.put(index, default);
            }
        }
        // An empty user or dbname is none, and not a name.
        if self.get_non_empty("user").is_none()
            && let Ok(user) = env.user_name()
        {
            self.store("user", user);
        }
        if self.get_non_empty("dbname").is_none()
            && let Some(user) = self.get_non_empty("user").map(str::to_owned)
        {
            self.store("dbname", user);
        }
        if self.get("passfile").is_none()
            && let Some(path) =
                default_passfile(env).and_then(|path| path.into_os_string().into_string().ok())
        {
            self.store("passfile", path);
        }
        if self.get("host").is_none() && self.get_non_empty("hostaddr").is_none() {
            self.store("host", default_socket_directory(env));
        }
    }
}

/// ` "keyword"`, if it is one.
fn named(keyword: &str) -> String {
    match options::find(keyword) {
        Some((_, spec)) => format!(" \"{}\"", spec.keyword),
        None => " a keyword".to_owned(),
    }
}
