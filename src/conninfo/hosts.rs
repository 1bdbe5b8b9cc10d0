//! The list of servers to try: host, hostaddr and port, paired.
//!
//! Source: manual, "Specifying Multiple Hosts" and the keywords `host`, `hostaddr`, `port`. Knows no resolver:
//! names stay names.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use super::Conninfo;
use super::dsn::{invalid_value, shown};
use super::environment::Environment;
use super::passfile::Password;
use super::resolve::default_socket_directory;
use super::values::{invalid_integer, parse_integer};
use crate::error::Result;

/// `sun_path` less its NUL.
const MAX_SOCKET_PATH: usize = 107;

/// The port where none is given.
const DEFAULT_PORT: u16 = 5432;

/// One server to try.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// For messages: the host as given, else the hostaddr, else the default socket directory.
    pub(crate) name: String,
    /// The host as given, and nothing else: what a certificate must be for. Empty without one, and for sockets.
    pub(crate) given: String,
    /// What to connect to.
    pub(crate) target: Target,
    /// The TCP port, or the number in the socket file's name. Never 0.
    pub(crate) port: u16,
    /// From the password file. `Config::password` goes before it.
    pub(crate) password: Option<Password>,
}

/// The kind of address.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The socket file `.s.PGSQL.<port>` in `directory`.
    Unix {
        /// An absolute path.
        directory: PathBuf,
    },
    /// A socket in Linux's abstract namespace: a NUL, then `name`, then `/.s.PGSQL.<port>`.
    Abstract {
        /// Without the leading `@`.
        name: String,
    },
    /// TCP.
    Tcp {
        /// A name or an IP address.
        host: String,
        /// Whether it is a hostaddr: an IP address (with a scope, perhaps), never to be looked up.
        numeric: bool,
    },
}

impl Host {
    /// The name under which the password file lists it: sockets in the default directory are `localhost`.
    pub(super) fn passfile_name(&self, env: &dyn Environment) -> &str {
        match &self.target {
            Target::Unix { .. } if self.name == default_socket_directory(env) => "localhost",
            _ => &self.name,
        }
    }
}

/// Without the name: after a slip in a URI, a piece of the password is taken for one.
impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.target {
            Target::Unix { .. } | Target::Abstract { .. } => "Unix",
            Target::Tcp { .. } => "TCP",
        };
        write!(f, "Host({kind}, port {})", self.port)
    }
}

impl Conninfo {
    /// At least one.
    pub(super) fn hosts(&self, env: &dyn Environment) -> Result<Vec<Host>> {
        let names = list(self.get_non_empty("host"));
        let addresses = list(self.get_non_empty("hostaddr"));
        let ports = list(self.get_non_empty("port"));
        let count = match (names.len(), addresses.len()) {
            (0, 0) => 1,
            (names, 0) => names,
            (0, addresses) => addresses,
            (names, addresses) if names == addresses => addresses,
            (names, addresses) => {
                return Err(invalid_value(format!(
                    "could not match {names} host names to {addresses} hostaddr values"
                )));
            }
        };
        if ports.len() > 1 && ports.len() != count {
            return Err(invalid_value(format!(
                "could not match {} port numbers to {count} hosts",
                ports.len()
            )));
        }
        // One port serves all hosts.
        let single_port = if ports.len() == 1 {
            ports.first()
        } else {
            None
        };
        (0..count)
            .map(|index| {
                let at = |list: &[&str]| list.get(index).copied().unwrap_or_default().to_owned();
                let port = single_port.or_else(|| ports.get(index)).copied();
                host(at(&names), at(&addresses), port.unwrap_or_default(), env)
            })
            .collect()
    }
}

fn list(value: Option<&str>) -> Vec<&str> {
    value
        .map(|value| value.split(',').collect())
        .unwrap_or_default()
}

fn host(name: String, address: String, port: &str, env: &dyn Environment) -> Result<Host> {
    let port = self::port(port)?;
    let given = name.clone();
    let (name, target) = if !address.is_empty() {
        if !is_numeric(&address) {
            let address = shown(&address);
            return Err(invalid_value(format!(
                "could not parse network address{address}: hostaddr must be a numeric IP address"
            )));
        }
        let name = if name.is_empty() {
            address.clone()
        } else {
            name
        };
        (
            name,
            Target::Tcp {
                host: address,
                numeric: true,
            },
        )
    } else {
        let name = match name.as_str() {
            "" => default_socket_directory(env).to_owned(),
            _ => name,
        };
        let target = if name.starts_with('/') {
            Target::Unix {
                directory: PathBuf::from(&name),
            }
        } else if let Some(name) = name.strip_prefix('@') {
            Target::Abstract {
                name: name.to_owned(),
            }
        } else {
            Target::Tcp {
                host: name.clone(),
                numeric: false,
            }
        };
        (name, target)
    };
    if !matches!(target, Target::Tcp { .. })
        && format!("{name}/.s.PGSQL.{port}").len() > MAX_SOCKET_PATH
    {
        return Err(invalid_value(format!(
            "the Unix-domain socket path is too long (maximum {MAX_SOCKET_PATH} bytes)"
        )));
    }
    let given = match target {
        Target::Tcp { .. } => given,
        _ => String::new(),
    };
    Ok(Host {
        name,
        given,
        target,
        port,
        password: None,
    })
}

/// Only what is short and a number is repeated: in a URI whose `@` is missing, the password stands here.
fn port(text: &str) -> Result<u16> {
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    let plain = text.len() <= 6 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    let shown = if plain {
        format!(" \"{text}\"")
    } else {
        String::new()
    };
    let number = parse_integer(text).ok_or_else(|| invalid_integer("port", &shown))?;
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        _ if plain => Err(invalid_value(format!("invalid port number:{shown}"))),
        _ => Err(invalid_value("invalid port number")),
    }
}

/// An IPv4 address, or an IPv6 one, which a `%` and the name of an interface may follow.
fn is_numeric(address: &str) -> bool {
    match address.split_once('%') {
        Some((address, scope)) => !scope.is_empty() && address.parse::<Ipv6Addr>().is_ok(),
        None => address.parse::<IpAddr>().is_ok(),
    }
}
