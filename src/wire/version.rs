//! Which version of the protocol is spoken (manual, 55.2.1 and 55.7, NegotiateProtocolVersion and
//! BackendKeyData), judged as libpq 18 does.

use super::backend::Body;
use super::frontend::version_number;
use crate::conninfo::ProtocolVersion;
use crate::error::{Error, Result};

/// The longest cancel key of protocol 3.2.
const LONGEST_KEY: usize = 256;
/// What names of protocol extensions begin with.
const EXTENSION: &str = "_pq_.";

/// The versions that may be spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProtocolVersions {
    /// A server that knows only older ones is refused.
    pub(crate) min: ProtocolVersion,
    /// What the server is asked for.
    pub(crate) max: ProtocolVersion,
}

/// What was asked for, and what became of it.
#[derive(Debug)]
pub(super) struct Negotiation {
    asked: ProtocolVersions,
    /// What the server named instead.
    answered: Option<ProtocolVersion>,
}

impl Negotiation {
    pub(super) fn new(asked: ProtocolVersions) -> Negotiation {
        Negotiation {
            asked,
            answered: None,
        }
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.answered.unwrap_or(self.asked.max)
    }

    /// Takes a NegotiateProtocolVersion.
    pub(super) fn handle(&mut self, body: &[u8]) -> Result<()> {
        let mut body = Body::new("NegotiateProtocolVersion", body);
        if self.answered.is_some() {
            return Err(body.error("twice"));
        }
        let number = body.i32()?;
        let count = body.i32()?;
        if number > version_number(self.asked.max) {
            return Err(body.error("with a newer version than was asked for"));
        }
        let version = match number {
            number if number < version_number(ProtocolVersion::V3_0) => {
                return Err(body.error("with a version before 3.0"));
            }
            number if number == version_number(ProtocolVersion::V3_0) => ProtocolVersion::V3_0,
            number if number == version_number(ProtocolVersion::V3_2) => ProtocolVersion::V3_2,
            _ => return Err(body.error("with version 3.1, which there never was")),
        };
        if count < 0 {
            return Err(body.error("with a negative number of options"));
        }
        // No extension was asked for, so none can be missing.
        if count > 0 {
            let name = body.text()?;
            return Err(body.error(if name.starts_with(EXTENSION) {
                "with an option that was not asked for"
            } else {
                "with an option that is none"
            }));
        }
        if version == self.asked.max {
            return Err(body.error("that changes nothing"));
        }
        body.end()?;
        if version < self.asked.min {
            return Err(Error::broken(format!(
                "the server only supports protocol version {}, but min_protocol_version was set to {}",
                shown(version),
                shown(self.asked.min)
            ))
            .with_sqlstate("08001"));
        }
        self.answered = Some(version);
        Ok(())
    }
}

fn shown(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::V3_0 => "3.0",
        ProtocolVersion::V3_2 => "3.2",
    }
}

/// A BackendKeyData: the backend's process id and its cancel key, whose length depends on the version.
pub(super) fn backend_key(body: &[u8], version: ProtocolVersion) -> Result<(i32, Vec<u8>)> {
    let mut body = Body::new("BackendKeyData", body);
    let pid = body.i32()?;
    let key = body.rest();
    let right = match version {
        ProtocolVersion::V3_0 => key.len() == 4,
        ProtocolVersion::V3_2 => (4..=LONGEST_KEY).contains(&key.len()),
    };
    if !right {
        return Err(body.error(&format!(
            "with a key of {} bytes, in protocol {}",
            key.len(),
            shown(version)
        )));
    }
    Ok((pid, key.to_vec()))
}
