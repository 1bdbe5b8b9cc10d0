//! Certificates, revocation lists and the path validation, all of it AWS-LC's: this file only owns the objects
//! and asks the questions.
//!
//! AWS-LC's `X509_verify_cert` descends from the verifier that libpq uses, so what real installations have (X.509
//! v1 certificates, self-signed server certificates as their own root) gets the verdict that it gets there.
//! Sources: RFC 5280; RFC 5929, 4.1; the headers of AWS-LC. Knows nothing of files, hosts or sessions.
#![allow(
    unsafe_code,
    reason = "AWS-LC's C interface; each block says why it is sound"
)]

use std::ffi::{CStr, CString, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};

use aws_lc_sys as lc;

use super::evp::{Key, MemoryBio, errors_cleared, first_reason, no_password};

/// A certificate.
pub(super) struct Certificate(NonNull<lc::X509>);

// SAFETY: AWS-LC counts references atomically, and nothing here changes a certificate once it is parsed; its
// lazily computed fields are behind AWS-LC's own locks.
unsafe impl Send for Certificate {}
// SAFETY: as above.
unsafe impl Sync for Certificate {}

impl Clone for Certificate {
    fn clone(&self) -> Certificate {
        // SAFETY: the pointer is to a live certificate; the new owner's reference is counted.
        unsafe { lc::X509_up_ref(self.0.as_ptr()) };
        Certificate(self.0)
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        // SAFETY: this is the owner of one reference, and gives it up.
        unsafe { lc::X509_free(self.0.as_ptr()) };
    }
}

/// One entry of a subjectAltName that libpq looks at. Bytes, as they stand in the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AltName {
    Dns(Vec<u8>),
    Ip(Vec<u8>),
}

impl Certificate {
    /// A certificate in DER, with nothing behind it.
    pub(super) fn from_der(der: &[u8]) -> Result<Certificate, String> {
        errors_cleared();
        let length = c_long::try_from(der.len()).map_err(|_| "too long".to_owned())?;
        let mut next = der.as_ptr();
        // SAFETY: `next` points to `length` readable bytes; NULL asks for a new object.
        let found = unsafe { lc::d2i_X509(ptr::null_mut(), &raw mut next, length) };
        let certificate = NonNull::new(found)
            .map(Certificate)
            .ok_or_else(first_reason)?;
        if next != der.as_ptr_range().end {
            return Err("bytes behind the certificate".to_owned());
        }
        Ok(certificate)
    }

    /// The certificates of a PEM text, first the one that is ours, as `SSL_CTX_use_certificate_chain_file` takes
    /// them: other text is passed over, and the end of it is no error once there was one.
    pub(super) fn chain_from_pem(pem: &[u8]) -> Result<Vec<Certificate>, String> {
        errors_cleared();
        let bio = MemoryBio::new(pem)?;
        // SAFETY: a live BIO; no object to reuse; the callback looks at nothing.
        let read = |aux: bool| unsafe {
            NonNull::new(if aux {
                lc::PEM_read_bio_X509_AUX(
                    bio.as_ptr(),
                    ptr::null_mut(),
                    Some(no_password),
                    ptr::null_mut(),
                )
            } else {
                lc::PEM_read_bio_X509(
                    bio.as_ptr(),
                    ptr::null_mut(),
                    Some(no_password),
                    ptr::null_mut(),
                )
            })
        };
        let mut chain = vec![Certificate(read(true).ok_or_else(first_reason)?)];
        while let Some(next) = read(false) {
            chain.push(Certificate(next));
        }
        if super::evp::last_is_no_start_line() {
            errors_cleared();
            return Ok(chain);
        }
        Err(first_reason())
    }

    /// In DER.
    pub(super) fn to_der(&self) -> Option<Vec<u8>> {
        let mut out = ptr::null_mut();
        // SAFETY: a live certificate; NULL asks for memory of the right size, which is ours to free.
        let length = unsafe { lc::i2d_X509(self.0.as_ptr(), &raw mut out) };
        let length = usize::try_from(length).ok()?;
        let bytes = NonNull::new(out)?;
        // SAFETY: i2d_X509 wrote `length` bytes there.
        let der = unsafe { std::slice::from_raw_parts(bytes.as_ptr(), length) }.to_vec();
        // SAFETY: the memory came from AWS-LC, and no reference to it is left.
        unsafe { lc::OPENSSL_free(bytes.as_ptr().cast()) };
        Some(der)
    }

    /// Its public key, if it is of a kind that AWS-LC knows.
    pub(super) fn public_key(&self) -> Option<Key> {
        // SAFETY: a live certificate; the key comes with a reference of its own.
        unsafe { Key::from_raw(lc::X509_get_pubkey(self.0.as_ptr())) }
    }

    /// Whether `key` is the private half of its public key.
    pub(super) fn matches(&self, key: &Key) -> Result<(), String> {
        errors_cleared();
        // SAFETY: both are live.
        match unsafe { lc::X509_check_private_key(self.0.as_ptr(), key.as_ptr()) } {
            1 => Ok(()),
            _ => Err(first_reason()),
        }
    }

    /// The first common name of its subject, in the bytes that stand there.
    pub(super) fn common_name(&self) -> Option<Vec<u8>> {
        // SAFETY: what is asked for belongs to the certificate, which is live; each step is checked for NULL (the
        // entry's functions accept NULL).
        unsafe {
            let subject = lc::X509_get_subject_name(self.0.as_ptr());
            let index = lc::X509_NAME_get_index_by_NID(subject, lc::NID_commonName, -1);
            if index < 0 {
                return None;
            }
            let entry = lc::X509_NAME_get_entry(subject, index);
            string_bytes(lc::X509_NAME_ENTRY_get_data(entry))
        }
    }

    /// The names and addresses of its subjectAltName, in order. Other kinds of names are left out.
    pub(super) fn alt_names(&self) -> Vec<AltName> {
        let mut names = Vec::new();
        // SAFETY: a live certificate; the extension comes decoded, as a stack of GENERAL_NAME that is ours, or
        // as NULL.
        let found = unsafe {
            lc::X509_get_ext_d2i(
                self.0.as_ptr(),
                lc::NID_subject_alt_name,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let Some(stack) = NonNull::new(found.cast::<lc::GENERAL_NAMES>()) else {
            return names;
        };
        // SAFETY: the stack is live and holds GENERAL_NAMEs; what get0_value gives for these two types is an
        // ASN1_STRING that lives as long.
        unsafe {
            let items = stack.as_ptr().cast::<lc::OPENSSL_STACK>();
            for index in 0..lc::OPENSSL_sk_num(items) {
                let mut kind: c_int = -1;
                let name = lc::OPENSSL_sk_value(items, index).cast::<lc::GENERAL_NAME>();
                let value = lc::GENERAL_NAME_get0_value(name, &raw mut kind);
                let bytes = |value: *mut c_void| string_bytes(value.cast()).unwrap_or_default();
                match kind {
                    lc::GEN_DNS => names.push(AltName::Dns(bytes(value))),
                    lc::GEN_IPADD => names.push(AltName::Ip(bytes(value))),
                    _ => {}
                }
            }
            lc::GENERAL_NAMES_free(stack.as_ptr());
        }
        names
    }

    /// The digest of the certificate for the channel binding "tls-server-end-point" (RFC 5929, 4.1): that of the
    /// certificate's signature, SHA-256 for MD5 and SHA-1, and none for signatures without a digest (Ed25519).
    pub(super) fn end_point_digest(&self) -> Option<Vec<u8>> {
        let mut digest = self.signature_digest()?;
        if digest == lc::NID_undef {
            return None;
        }
        if digest == lc::NID_md5 || digest == lc::NID_sha1 || digest == lc::NID_md5_sha1 {
            digest = lc::NID_sha256;
        }
        let mut out = vec![0_u8; lc::EVP_MAX_MD_SIZE as usize];
        let mut length = 0;
        // SAFETY: `out` has room for the longest digest there is; the digest is a static or NULL, which is checked.
        let written = unsafe {
            let method = lc::EVP_get_digestbynid(digest);
            !method.is_null()
                && lc::X509_digest(self.0.as_ptr(), method, out.as_mut_ptr(), &raw mut length) == 1
        };
        out.truncate(usize::try_from(length).ok()?);
        written.then_some(out)
    }

    /// The digest under its signature: `NID_undef` if the signature brings its own (Ed25519), `None` if unknown.
    fn signature_digest(&self) -> Option<c_int> {
        // SAFETY: a live certificate; two places for the answers, neither of which is NULL.
        unsafe {
            let mut digest = lc::NID_undef;
            let mut key = lc::NID_undef;
            let signature = lc::X509_get_signature_nid(self.0.as_ptr());
            if signature == lc::NID_rsassaPss {
                return self.pss_digest();
            }
            let known = lc::OBJ_find_sigid_algs(signature, &raw mut digest, &raw mut key) == 1;
            errors_cleared();
            (known && (digest != lc::NID_undef || signature == lc::NID_ED25519)).then_some(digest)
        }
    }

    /// The digest among the parameters of an RSASSA-PSS signature (RFC 4055, 3.1; SHA-1 when it says nothing).
    fn pss_digest(&self) -> Option<c_int> {
        let mut algorithm = ptr::null();
        let mut kind = 0;
        let mut value = ptr::null();
        // SAFETY: a live certificate; what is given belongs to it. Each step is checked: for NULL, and that the
        // value is a SEQUENCE, which is an ASN1_STRING of its DER. The parsed parameters are ours to free.
        unsafe {
            lc::X509_get0_signature(ptr::null_mut(), &raw mut algorithm, self.0.as_ptr());
            if algorithm.is_null() {
                return None;
            }
            lc::X509_ALGOR_get0(ptr::null_mut(), &raw mut kind, &raw mut value, algorithm);
            if kind != lc::V_ASN1_SEQUENCE {
                return None;
            }
            let der = string_bytes(value.cast())?;
            let mut next = der.as_ptr();
            let length = c_long::try_from(der.len()).ok()?;
            let parsed = lc::d2i_RSA_PSS_PARAMS(ptr::null_mut(), &raw mut next, length);
            errors_cleared();
            let digest = match parsed.as_ref()?.hashAlgorithm.as_ref() {
                Some(hash) => lc::OBJ_obj2nid(hash.algorithm),
                None => lc::NID_sha1,
            };
            lc::RSA_PSS_PARAMS_free(parsed);
            Some(digest)
        }
    }

    /// The strength of the digest under its signature, in bits, as OpenSSL counts it; `None` if unknown.
    fn signature_bits(&self) -> Option<i32> {
        Some(match self.signature_digest()? {
            lc::NID_md5 | lc::NID_md4 => 39,
            lc::NID_sha1 | lc::NID_md5_sha1 => 63,
            lc::NID_sha224 | lc::NID_sha3_224 | lc::NID_sha512_224 => 112,
            lc::NID_sha384 => 192,
            lc::NID_sha512 => 256,
            // SHA-256, and the signatures that bring a digest of their own (Ed25519).
            _ => 128,
        })
    }
}

/// The bytes of an ASN.1 string.
///
/// # Safety
/// `string` is NULL or live.
unsafe fn string_bytes(string: *const lc::ASN1_STRING) -> Option<Vec<u8>> {
    if string.is_null() {
        return None;
    }
    // SAFETY: the string is live, and has as many bytes as it says.
    unsafe {
        let length = usize::try_from(lc::ASN1_STRING_length(string)).ok()?;
        let data = lc::ASN1_STRING_get0_data(string);
        if length == 0 || data.is_null() {
            return Some(Vec::new());
        }
        Some(std::slice::from_raw_parts(data, length).to_vec())
    }
}

/// Why a chain was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    /// `X509_V_ERR_...`.
    pub(super) code: i32,
    /// AWS-LC's words for it.
    pub(super) reason: String,
}

impl Rejection {
    fn of(code: i32, reason: &str) -> Rejection {
        Rejection {
            code,
            reason: reason.to_owned(),
        }
    }

    fn from_code(code: c_int) -> Rejection {
        // SAFETY: any number has a static text.
        let text = unsafe { lc::X509_verify_cert_error_string(c_long::from(code)) };
        let reason = if text.is_null() {
            format!("error {code}")
        } else {
            // SAFETY: a static, NUL-terminated text.
            unsafe { CStr::from_ptr(text) }
                .to_string_lossy()
                .into_owned()
        };
        Rejection { code, reason }
    }
}

/// How many things a text held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) certificates: usize,
    pub(super) lists: usize,
}

/// The trust anchors and revocation lists.
pub(super) struct Store(NonNull<lc::X509_STORE>);

// SAFETY: filled through `&mut`, then only read; AWS-LC locks what a look-up in a directory adds to it.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: this owns it.
        unsafe { lc::X509_STORE_free(self.0.as_ptr()) };
    }
}

/// What strength a key or digest must have: OpenSSL's security level 2, which is Debian's and, since 3.2,
/// OpenSSL's own: RSA of 2048 bits, curves of 224, no SHA-1.
const MIN_SECURITY_BITS: i32 = 112;

impl Store {
    /// An empty one, which trusts nobody.
    pub(super) fn new() -> Result<Store, String> {
        // SAFETY: no preconditions.
        NonNull::new(unsafe { lc::X509_STORE_new() })
            .map(Store)
            .ok_or_else(first_reason)
    }

    /// Adds the revocation lists of a PEM text, and its certificates too if `trust` says that they are trust
    /// anchors. A damaged block is an error, text around blocks is not.
    pub(super) fn add_pem(&mut self, pem: &[u8], trust: bool) -> Result<Added, String> {
        errors_cleared();
        let bio = MemoryBio::new(pem)?;
        // SAFETY: a live BIO; NULL asks for a new stack, which is ours; the callback looks at nothing.
        let found = unsafe {
            lc::PEM_X509_INFO_read_bio(
                bio.as_ptr(),
                ptr::null_mut(),
                Some(no_password),
                ptr::null_mut(),
            )
        };
        let stack = NonNull::new(found).ok_or_else(first_reason)?;
        let items = stack.as_ptr().cast::<lc::OPENSSL_STACK>();
        let mut added = Added::default();
        let mut failed = None;
        // SAFETY: the stack holds X509_INFOs; the store takes references of its own; each is freed once.
        unsafe {
            for index in 0..lc::OPENSSL_sk_num(items) {
                let info = lc::OPENSSL_sk_value(items, index).cast::<lc::X509_INFO>();
                let Some(content) = info.as_ref() else {
                    continue;
                };
                if trust && !content.x509.is_null() {
                    added.certificates += 1;
                    if lc::X509_STORE_add_cert(self.0.as_ptr(), content.x509) != 1 {
                        failed = Some(first_reason());
                    }
                }
                if !content.crl.is_null() {
                    added.lists += 1;
                    if lc::X509_STORE_add_crl(self.0.as_ptr(), content.crl) != 1 {
                        failed = Some(first_reason());
                    }
                }
                lc::X509_INFO_free(info);
            }
            lc::OPENSSL_sk_free(items);
        }
        errors_cleared();
        failed.map_or(Ok(added), Err)
    }

    /// Has certificates looked up, when they are needed, in a directory of files named by the hash of their
    /// subject.
    pub(super) fn add_hashed_directory(&mut self, path: &Path) -> Result<(), String> {
        errors_cleared();
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: a live store owns the look-up; the path is copied.
        let added = unsafe {
            let lookup = lc::X509_STORE_add_lookup(self.0.as_ptr(), lc::X509_LOOKUP_hash_dir());
            !lookup.is_null()
                && lc::X509_LOOKUP_add_dir(lookup, path.as_ptr(), lc::X509_FILETYPE_PEM) == 1
        };
        if added { Ok(()) } else { Err(first_reason()) }
    }

    /// From now on every certificate of a chain but the last needs a revocation list.
    pub(super) fn require_revocation_lists(&mut self) {
        let flags = lc::X509_V_FLAG_CRL_CHECK | lc::X509_V_FLAG_CRL_CHECK_ALL;
        // SAFETY: a live store.
        unsafe { lc::X509_STORE_set_flags(self.0.as_ptr(), flags.unsigned_abs().into()) };
    }

    /// AWS-LC's verdict on a TLS server's certificate and what came with it, at `now` (seconds from the Unix
    /// epoch); then the strength of what it found, which AWS-LC has no level for and OpenSSL has.
    pub(super) fn verify(
        &self,
        leaf: &Certificate,
        others: &[Certificate],
        now: i64,
    ) -> Result<(), Rejection> {
        let (outcome, chain) = self.build(leaf, others, Some(now))?;
        outcome?;
        check_strength(&chain)
    }

    /// The chain from `leaf` upwards, as far as the trust anchors give it: what OpenSSL sends to a server when
    /// the certificate's file holds no more than the certificate.
    pub(super) fn chain_of(&self, leaf: &Certificate) -> Vec<Certificate> {
        self.build(leaf, &[], None)
            .map_or_else(|_| vec![leaf.clone()], |(_, chain)| chain)
    }

    /// Builds a chain, and judges it as a TLS server's if `now` is given.
    fn build(
        &self,
        leaf: &Certificate,
        others: &[Certificate],
        now: Option<i64>,
    ) -> Result<(Result<(), Rejection>, Vec<Certificate>), Rejection> {
        errors_cleared();
        let internal = || Rejection::of(lc::X509_V_ERR_OUT_OF_MEM, "out of memory");
        let untrusted = Stack::of(others).ok_or_else(internal)?;
        // SAFETY: no preconditions.
        let context =
            Context(NonNull::new(unsafe { lc::X509_STORE_CTX_new() }).ok_or_else(internal)?);
        let raw = context.0.as_ptr();
        // SAFETY: store, certificate and stack outlive the context: they are borrowed or, declared before it,
        // dropped after it.
        unsafe {
            if lc::X509_STORE_CTX_init(
                raw,
                self.0.as_ptr(),
                leaf.0.as_ptr(),
                untrusted.0.as_ptr().cast(),
            ) != 1
            {
                return Err(internal());
            }
            lc::X509_STORE_CTX_set_flags(raw, lc::X509_V_FLAG_TRUSTED_FIRST.unsigned_abs().into());
            if let Some(now) = now {
                if lc::X509_STORE_CTX_set_default(raw, c"ssl_server".as_ptr()) != 1 {
                    return Err(internal());
                }
                lc::X509_STORE_CTX_set_time_posix(raw, 0, now);
            }
            let outcome = match lc::X509_verify_cert(raw) {
                1 => Ok(()),
                _ => match lc::X509_STORE_CTX_get_error(raw) {
                    // A failure that left no verdict (memory) must never read as success.
                    0 => Err(Rejection::from_code(lc::X509_V_ERR_UNSPECIFIED)),
                    code => Err(Rejection::from_code(code)),
                },
            };
            errors_cleared();
            let mut chain = Vec::new();
            let items = lc::X509_STORE_CTX_get0_chain(raw).cast::<lc::OPENSSL_STACK>();
            if !items.is_null() {
                for index in 0..lc::OPENSSL_sk_num(items) {
                    let found = lc::OPENSSL_sk_value(items, index).cast::<lc::X509>();
                    if let Some(found) = NonNull::new(found) {
                        lc::X509_up_ref(found.as_ptr());
                        chain.push(Certificate(found));
                    }
                }
            }
            Ok((outcome, chain))
        }
    }
}

/// OpenSSL's `check_auth_level` (security level 2) on an accepted chain: every key, and every signature but the
/// trust anchor's, which nobody relies on.
fn check_strength(chain: &[Certificate]) -> Result<(), Rejection> {
    let last = chain.len().saturating_sub(1);
    for (depth, certificate) in chain.iter().enumerate() {
        let strong = certificate
            .public_key()
            .is_some_and(|key| key.security_bits() >= MIN_SECURITY_BITS);
        if !strong {
            return Err(if depth == 0 {
                Rejection::of(
                    lc::X509_V_ERR_EE_KEY_TOO_SMALL,
                    "EE certificate key too weak",
                )
            } else {
                Rejection::of(
                    lc::X509_V_ERR_CA_KEY_TOO_SMALL,
                    "CA certificate key too weak",
                )
            });
        }
        let signed = certificate
            .signature_bits()
            .is_some_and(|bits| bits >= MIN_SECURITY_BITS);
        if depth < last && !signed {
            return Err(Rejection::of(
                lc::X509_V_ERR_CA_MD_TOO_WEAK,
                "CA signature digest algorithm too weak",
            ));
        }
    }
    Ok(())
}

/// A stack that holds certificates without owning them.
struct Stack(NonNull<lc::OPENSSL_STACK>);

impl Stack {
    fn of(certificates: &[Certificate]) -> Option<Stack> {
        // SAFETY: no preconditions.
        let stack = Stack(NonNull::new(unsafe { lc::OPENSSL_sk_new_null() })?);
        for certificate in certificates {
            // SAFETY: a live stack; it only keeps the pointer.
            if unsafe { lc::OPENSSL_sk_push(stack.0.as_ptr(), certificate.0.as_ptr().cast()) } == 0
            {
                return None;
            }
        }
        Some(stack)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: frees the stack alone; whose certificates these are is borrowed from elsewhere.
        unsafe { lc::OPENSSL_sk_free(self.0.as_ptr()) };
    }
}

/// One verification under way.
struct Context(NonNull<lc::X509_STORE_CTX>);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: this owns it.
        unsafe { lc::X509_STORE_CTX_free(self.0.as_ptr()) };
    }
}
