//! The key exchange group secp521r1, which rustls' provider leaves out: a server with `ssl_ecdh_curve =
//! secp521r1` takes no other from a TLS 1.2 client, and OpenSSL, hence libpq, offers it.
//!
//! The agreement is AWS-LC's; this only fits it to rustls. Sources: RFC 8446, 4.2.8.2; RFC 8422, 5.4 and 5.11.

use aws_lc_rs::agreement::{ECDH_P521, PrivateKey, PublicKey, UnparsedPublicKey, agree};
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// The group.
#[derive(Debug)]
pub(super) struct Secp521r1;

impl SupportedKxGroup for Secp521r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let failed = |_| Error::General("no key for the key exchange".to_owned());
        let private = PrivateKey::generate(&ECDH_P521).map_err(failed)?;
        let public = private.compute_public_key().map_err(failed)?;
        Ok(Box::new(Exchange { private, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

/// A key of ours that waits for the server's.
struct Exchange {
    private: PrivateKey,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let refused = Error::from(PeerMisbehaved::InvalidKeyShare);
        // Uncompressed points alone: RFC 8446, 4.2.8.2.
        if peer.first() != Some(&4) {
            return Err(refused);
        }
        agree(
            &self.private,
            UnparsedPublicKey::new(&ECDH_P521, peer),
            refused,
            |secret| Ok(SharedSecret::from(secret)),
        )
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_ref()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}
