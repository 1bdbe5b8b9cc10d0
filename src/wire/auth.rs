//! Authentication (manual, 55.2.1): what the server may ask for, in which order, and what we answer.
//!
//! The server is told nothing before `policy` has allowed it. However lax the settings, a SCRAM exchange that
//! has begun ends with the server's proof, or with an error.

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;

use super::backend::Body;
use super::frontend;
use super::policy::{Policy, Proof, TlsFacts, refused};
use super::scram::{ClientFirst, Secrets, ServerProof};
use crate::conninfo::{AuthMethod, ChannelBinding, RequireAuth};
use crate::error::{Error, Result};

/// Who we are, and whom we put up with. Lives until the server has let us in.
pub(crate) struct Credentials {
    /// The role to log in as.
    pub(crate) user: String,
    /// The password, if there is one.
    pub(crate) password: Option<Vec<u8>>,
    /// The most SCRAM iterations a server may ask for.
    pub(crate) scram_max_iterations: u32,
    /// What proves us to the server in place of the password.
    pub(crate) scram_client_key: Option<[u8; 32]>,
    /// What the server's proof is checked with in place of the password.
    pub(crate) scram_server_key: Option<[u8; 32]>,
    /// Whether SCRAM is bound to the TLS session.
    pub(crate) channel_binding: ChannelBinding,
    /// The ways of authentication a server may ask for.
    pub(crate) require_auth: RequireAuth,
    /// None: no TLS.
    pub(crate) tls: Option<TlsFacts>,
}

/// What became of the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PasswordUse {
    /// The server did not ask for one.
    #[default]
    NotAsked,
    /// It asked, and there was one, or SCRAM's keys in its place.
    Used,
    /// It asked, and there was none.
    Missing,
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
    ScramVerified {
        /// At this end of the TLS session.
        bound: bool,
    },
    /// AuthenticationOk has come, or an error.
    Done,
}

/// What the answers are made of. Forgotten when they are not needed any more.
struct Own {
    user: String,
    password: Option<Vec<u8>>,
    client_key: Option<[u8; 32]>,
    server_key: Option<[u8; 32]>,
    most_iterations: u32,
    policy: Policy,
}

/// The authentication exchange of one connection.
pub(super) struct Authentication {
    own: Option<Box<Own>>,
    progress: Progress,
    password_use: PasswordUse,
}

impl Authentication {
    pub(super) fn new(credentials: Credentials) -> Authentication {
        Authentication {
            own: Some(Box::new(Own {
                user: credentials.user,
                // An empty password is none, as libpq has it.
                password: credentials.password.filter(|text| !text.is_empty()),
                client_key: credentials.scram_client_key,
                server_key: credentials.scram_server_key,
                most_iterations: credentials.scram_max_iterations,
                policy: Policy {
                    require_auth: credentials.require_auth,
                    channel_binding: credentials.channel_binding,
                    tls: credentials.tls,
                },
            })),
            progress: Progress::Start,
            password_use: PasswordUse::NotAsked,
        }
    }

    /// Whether the server has let us in.
    pub(super) fn is_done(&self) -> bool {
        self.own.is_none()
    }

    /// What became of the password so far.
    pub(super) fn password_use(&self) -> PasswordUse {
        self.password_use
    }

    /// Takes an Authentication message and writes the answer, if it asks for one.
    pub(super) fn handle(&mut self, body: &[u8], out: &mut BytesMut) -> Result<()> {
        let mut body = Body::new("Authentication", body);
        let code = body.i32()?;
        let progress = std::mem::replace(&mut self.progress, Progress::Done);
        let Some(own) = &self.own else {
            return Err(out_of_order(code));
        };
        self.progress = match (code, progress) {
            (0, progress) => {
                body.end()?;
                own.policy.check_ok(proof(&progress)?)?;
                // The password has done its work.
                self.own = None;
                Progress::Done
            }
            (3, Progress::Start) => {
                let method = Some(AuthMethod::Password);
                own.policy.check_request(method, "a cleartext password")?;
                body.end()?;
                self.password_use = own.password_use();
                frontend::password(own.password()?, out)?;
                Progress::Answered
            }
            (5, Progress::Start) => {
                let method = Some(AuthMethod::Md5);
                own.policy.check_request(method, "a hashed password")?;
                let salt = body.u32()?.to_be_bytes();
                body.end()?;
                self.password_use = own.password_use();
                let digest = md5_hash(own.user.as_bytes(), own.password()?, salt);
                frontend::password(digest.as_bytes(), out)?;
                Progress::Answered
            }
            (10, Progress::Start) => {
                own.policy.check_sasl()?;
                let (mechanism, binding) = own.policy.choose(&mechanisms(body)?)?;
                self.password_use = own.scram_use();
                own.secrets()?;
                let first = ClientFirst::new(binding)?;
                frontend::sasl_initial_response(mechanism, first.message().as_bytes(), out)?;
                Progress::ScramFirst(first)
            }
            (11, Progress::ScramFirst(first)) => {
                let (answer, proof) =
                    first.answer(body.rest(), own.secrets()?, own.most_iterations)?;
                frontend::sasl_response(answer.as_bytes(), out)?;
                Progress::ScramProof(proof)
            }
            (12, Progress::ScramProof(proof)) => Progress::ScramVerified {
                bound: proof.verify(body.rest())?,
            },
            (3 | 5 | 10 | 11 | 12, _) => return Err(out_of_order(code)),
            (code, _) => return Err(own.unsupported(code)),
        };
        Ok(())
    }
}

impl Own {
    fn password(&self) -> Result<&[u8]> {
        self.password.as_deref().ok_or_else(|| {
            Error::broken("the server asks for a password, and none was given")
                .with_sqlstate("28P01")
        })
    }

    fn password_use(&self) -> PasswordUse {
        match self.password {
            Some(_) => PasswordUse::Used,
            None => PasswordUse::Missing,
        }
    }

    fn scram_use(&self) -> PasswordUse {
        match self.client_key {
            Some(_) => PasswordUse::Used,
            None => self.password_use(),
        }
    }

    /// What SCRAM proves us with, and the server by: the keys that were given, else the password's.
    fn secrets(&self) -> Result<Secrets<'_>> {
        match (&self.client_key, &self.server_key) {
            (Some(client_key), Some(server_key)) => Ok(Secrets::Keys {
                client_key,
                server_key,
            }),
            // libpq goes through the whole exchange here, only to find the server's proof wrong.
            (Some(_), None) => Err(refused(
                "scram_client_key without scram_server_key: the server's proof could not be checked",
            )),
            (None, server_key) => Ok(Secrets::Password {
                password: self.password()?,
                server_key: server_key.as_ref(),
            }),
        }
    }

    /// The error for a request that this library cannot answer, or may not.
    fn unsupported(&self, code: i32) -> Error {
        let (method, name) = match code {
            2 => (None, "Kerberos V5"),
            7 | 8 => (Some(AuthMethod::Gss), "GSSAPI"),
            9 => (Some(AuthMethod::Sspi), "SSPI"),
            _ => {
                return Error::protocol(format_args!(
                    "an unknown authentication request (code {code})"
                ));
            }
        };
        if let Err(error) = self
            .policy
            .check_request(method, &format!("{name} authentication"))
        {
            return error;
        }
        Error::not_supported(format!(
            "the server asks for {name} authentication, which this library does not have"
        ))
        .breaking_connection()
    }
}

/// What the server has proved when it lets us in at this point.
fn proof(progress: &Progress) -> Result<Proof> {
    match progress {
        Progress::Start => Ok(Proof::Nothing),
        Progress::Answered => Ok(Proof::Password),
        Progress::ScramVerified { bound } => Ok(Proof::Mutual { bound: *bound }),
        Progress::ScramFirst(_) | Progress::ScramProof(_) => Err(Error::protocol(
            "it ended the authentication before it had proved that it knows the password",
        )),
        Progress::Done => Err(out_of_order(0)),
    }
}

fn out_of_order(code: i32) -> Error {
    Error::protocol(format_args!(
        "an authentication request out of order (code {code})"
    ))
}

/// The mechanisms that an AuthenticationSASL offers.
fn mechanisms(mut body: Body<'_>) -> Result<Vec<String>> {
    let mut offered = Vec::new();
    loop {
        match body.text()? {
            name if name.is_empty() => break,
            name => offered.push(name),
        }
    }
    body.end()?;
    Ok(offered)
}
