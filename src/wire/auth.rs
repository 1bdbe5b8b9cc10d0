//! Authentication (manual, 55.2.1): what the server may ask for, in which order, and what we answer.

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;

use super::backend::Body;
use super::frontend;
use super::scram::{ClientFirst, SCRAM_SHA_256, ServerProof};
use crate::error::{Error, Result};

/// Who we are. Lives until the server has let us in.
pub(crate) struct Credentials {
    /// The role to log in as.
    pub(crate) user: String,
    /// The password, if there is one.
    pub(crate) password: Option<Vec<u8>>,
    /// The most SCRAM iterations a server may ask for.
    pub(crate) scram_max_iterations: u32,
}

/// How far the exchange has come.
enum Progress {
    /// Nothing asked yet.
    Start,
    /// We sent a password; the answer decides.
    Answered,
    /// SCRAM, before the server's challenge.
    ScramFirst(ClientFirst),
    /// SCRAM, before the server's proof.
    ScramProof(ServerProof),
    /// SCRAM, the server has proved itself.
    ScramVerified,
    /// AuthenticationOk has come.
    Done,
}

/// The authentication exchange of one connection.
pub(super) struct Authentication {
    credentials: Option<Credentials>,
    progress: Progress,
}

impl Authentication {
    pub(super) fn new(credentials: Credentials) -> Authentication {
        Authentication {
            credentials: Some(credentials),
            progress: Progress::Start,
        }
    }

    /// Whether the server has let us in.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.progress, Progress::Done)
    }

    /// Takes an Authentication message and writes the answer, if it asks for one.
    pub(super) fn handle(&mut self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        let mut body = Body::new("Authentication", body);
        let code = body.i32()?;
        let progress = std::mem::replace(&mut self.progress, Progress::Done);
        self.progress = match (code, progress) {
            (0, Progress::Start | Progress::Answered | Progress::ScramVerified) => {
                body.end()?;
                // The password has done its work.
                self.credentials = None;
                Progress::Done
            }
            (0, _) => {
                return Err(Error::protocol(
                    "it ended the authentication before it had proved that it knows the password",
                ));
            }
            (3, Progress::Start) => {
                body.end()?;
                frontend::password(self.password()?, out)?;
                Progress::Answered
            }
            (5, Progress::Start) => {
                let salt = body.u32()?.to_be_bytes();
                body.end()?;
                let user = self.credentials.as_ref().map_or("", |c| c.user.as_str());
                let digest = md5_hash(user.as_bytes(), self.password()?, salt);
                frontend::password(digest.as_bytes(), out)?;
                Progress::Answered
            }
            (10, Progress::Start) => {
                choose_mechanism(body)?;
                self.password()?;
                let first = ClientFirst::new()?;
                frontend::sasl_initial_response(SCRAM_SHA_256, first.message().as_bytes(), out)?;
                Progress::ScramFirst(first)
            }
            (11, Progress::ScramFirst(first)) => {
                let most = self
                    .credentials
                    .as_ref()
                    .map_or(0, |c| c.scram_max_iterations);
                let (answer, proof) = first.answer(body.rest(), self.password()?, most)?;
                frontend::sasl_response(answer.as_bytes(), out)?;
                Progress::ScramProof(proof)
            }
            (12, Progress::ScramProof(proof)) => {
                proof.verify(body.rest())?;
                Progress::ScramVerified
            }
            (3 | 5 | 10 | 11 | 12, _) => {
                return Err(Error::protocol(format_args!(
                    "an authentication request out of order (code {code})"
                )));
            }
            (code, _) => return Err(unsupported(code)),
        };
        Ok(())
    }

    fn password(&self) -> Result<&[u8]> {
        self.credentials
            .as_ref()
            .and_then(|credentials| credentials.password.as_deref())
            .filter(|password| !password.is_empty())
            .ok_or_else(|| {
                Error::broken("the server asks for a password, and none was given")
                    .with_sqlstate("28P01")
            })
    }
}

/// Makes sure that SCRAM-SHA-256 is among the mechanisms the server offers.
fn choose_mechanism(mut body: Body<'_>) -> Result<()> {
    let mut offered = Vec::new();
    loop {
        match body.text()? {
            name if name.is_empty() => break,
            name => offered.push(name),
        }
    }
    body.end()?;
    if offered.iter().any(|name| name == SCRAM_SHA_256) {
        return Ok(());
    }
    Err(Error::not_supported(format!(
        "the server offers only authentication mechanisms that this library does not have: {}",
        offered.join(", ")
    ))
    .breaking_connection())
}

fn unsupported(code: i32) -> Error {
    let name = match code {
        2 => "Kerberos V5",
        7 | 8 => "GSSAPI",
        9 => "SSPI",
        _ => {
            return Error::protocol(format_args!(
                "an unknown authentication request (code {code})"
            ));
        }
    };
    Error::not_supported(format!(
        "the server asks for {name} authentication, which this library does not have"
    ))
    .breaking_connection()
}
