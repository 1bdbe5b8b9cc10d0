//! Keys and signatures, all of them AWS-LC's, and its queue of errors.
//!
//! rustls' own helpers take the public key out of a certificate with webpki, which refuses X.509 v1; here it comes
//! from AWS-LC's parser. Sources: RFC 8446, 4.2.3 (signature schemes); RFC 5246, 7.4.1.4.1; the headers of
//! AWS-LC. Knows nothing of files or sessions.
#![allow(
    unsafe_code,
    reason = "AWS-LC's C interface; each block says why it is sound"
)]

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use aws_lc_sys as lc;
use rustls::SignatureScheme;

/// Forgets what earlier calls on this thread complained of.
pub(super) fn errors_cleared() {
    // SAFETY: no preconditions; the queue is this thread's.
    unsafe { lc::ERR_clear_error() };
}

/// What AWS-LC complained of on this thread since the queue was cleared, in words: the first complaint, which is
/// the cause of those behind it.
pub(super) fn first_reason() -> String {
    // SAFETY: no preconditions; the text is static or NULL.
    let text = unsafe { lc::ERR_reason_error_string(lc::ERR_peek_error()) };
    errors_cleared();
    if text.is_null() {
        return "no reason given".to_owned();
    }
    // SAFETY: a static, NUL-terminated text.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    text.replace('_', " ").to_lowercase()
}

/// Whether the latest complaint is that no (further) PEM block is there.
pub(super) fn last_is_no_start_line() -> bool {
    // SAFETY: no preconditions.
    let code = unsafe { lc::ERR_peek_last_error() };
    lc::ERR_GET_LIB(code) == c_int::try_from(lc::ERR_LIB_PEM).unwrap_or(-1)
        && lc::ERR_GET_REASON(code) == lc::PEM_R_NO_START_LINE
}

/// Bytes for AWS-LC to read.
pub(super) struct MemoryBio<'a>(NonNull<lc::BIO>, PhantomData<&'a [u8]>);

impl<'a> MemoryBio<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<MemoryBio<'a>, String> {
        let length = bytes.len().try_into().map_err(|_| "too long".to_owned())?;
        // SAFETY: the bytes are borrowed for as long as this lives, and only read.
        let bio = unsafe { lc::BIO_new_mem_buf(bytes.as_ptr().cast(), length) };
        NonNull::new(bio)
            .map(|bio| MemoryBio(bio, PhantomData))
            .ok_or_else(first_reason)
    }

    pub(super) fn as_ptr(&self) -> *mut lc::BIO {
        self.0.as_ptr()
    }
}

impl Drop for MemoryBio<'_> {
    fn drop(&mut self) {
        // SAFETY: this owns it.
        unsafe { lc::BIO_free(self.0.as_ptr()) };
    }
}

/// A public or private key.
pub(super) struct Key(NonNull<lc::EVP_PKEY>);

// SAFETY: AWS-LC documents keys as usable from several threads as long as none changes them; none does here.
unsafe impl Send for Key {}
// SAFETY: as above.
unsafe impl Sync for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: this is the owner of one reference, and gives it up.
        unsafe { lc::EVP_PKEY_free(self.0.as_ptr()) };
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Hands the password to AWS-LC, which asks for it only if a key is encrypted. Nobody is ever prompted.
///
/// # Safety
/// `room` is `size` writable bytes, and `data` a live `Option<&[u8]>`.
unsafe extern "C" fn give_password(
    room: *mut c_char,
    size: c_int,
    _writing: c_int,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    let password = unsafe { data.cast::<Option<&[u8]>>().as_ref() };
    let (Some(Some(password)), Ok(size)) = (password, usize::try_from(size)) else {
        return -1;
    };
    if password.len() > size {
        return -1;
    }
    // SAFETY: there is room for them, and nobody else has the room.
    unsafe { ptr::copy_nonoverlapping(password.as_ptr(), room.cast::<u8>(), password.len()) };
    c_int::try_from(password.len()).unwrap_or(-1)
}

/// In place of AWS-LC's own callback, which would ask on the terminal: there is no password.
///
/// # Safety
/// None; it touches nothing.
pub(super) unsafe extern "C" fn no_password(
    _room: *mut c_char,
    _size: c_int,
    _writing: c_int,
    _data: *mut c_void,
) -> c_int {
    -1
}

impl Key {
    /// Takes over one reference; `None` for NULL.
    ///
    /// # Safety
    /// `key` is NULL or a live key of which the caller gives one reference away.
    pub(super) unsafe fn from_raw(key: *mut lc::EVP_PKEY) -> Option<Key> {
        NonNull::new(key).map(Key)
    }

    pub(super) fn as_ptr(&self) -> *mut lc::EVP_PKEY {
        self.0.as_ptr()
    }

    /// A private key in PEM (PKCS#1, PKCS#8, SEC1; encrypted ones too, PBES2 and `Proc-Type: 4,ENCRYPTED`) or
    /// DER (the same; encrypted PKCS#8). The reason is that of PEM, as in libpq, unless it was no PEM at all.
    pub(super) fn from_private(bytes: &[u8], password: Option<&[u8]>) -> Result<Key, String> {
        let mut password = password.filter(|password| !password.is_empty());
        let data: *mut c_void = (&raw mut password).cast();
        errors_cleared();
        let bio = MemoryBio::new(bytes)?;
        // SAFETY: a live BIO; the callback's data is a live `Option<&[u8]>`; no object to reuse.
        let found = unsafe {
            lc::PEM_read_bio_PrivateKey(bio.as_ptr(), ptr::null_mut(), Some(give_password), data)
        };
        // SAFETY: a new key or NULL.
        if let Some(key) = unsafe { Key::from_raw(found) } {
            return Ok(key);
        }
        let not_pem = last_is_no_start_line();
        let reason = first_reason();
        if !not_pem {
            return Err(reason);
        }
        let length = c_long::try_from(bytes.len()).map_err(|_| "too long".to_owned())?;
        let mut next = bytes.as_ptr();
        // SAFETY: `next` points to `length` readable bytes; NULL asks for a new object.
        let found = unsafe { lc::d2i_AutoPrivateKey(ptr::null_mut(), &raw mut next, length) };
        // SAFETY: a new key or NULL.
        if let Some(key) = unsafe { Key::from_raw(found) } {
            errors_cleared();
            return Ok(key);
        }
        let bio = MemoryBio::new(bytes)?;
        // SAFETY: as for PEM above.
        let found = unsafe {
            lc::d2i_PKCS8PrivateKey_bio(bio.as_ptr(), ptr::null_mut(), Some(give_password), data)
        };
        errors_cleared();
        // SAFETY: a new key or NULL.
        unsafe { Key::from_raw(found) }.ok_or(reason)
    }

    fn kind(&self) -> c_int {
        // SAFETY: a live key.
        unsafe { lc::EVP_PKEY_id(self.0.as_ptr()) }
    }

    /// The named curve of an elliptic-curve key.
    fn curve(&self) -> c_int {
        // SAFETY: a live key; what is asked for belongs to it, and each step is checked for NULL.
        unsafe {
            let key = lc::EVP_PKEY_get0_EC_KEY(self.0.as_ptr());
            if key.is_null() {
                return lc::NID_undef;
            }
            let group = lc::EC_KEY_get0_group(key);
            if group.is_null() {
                return lc::NID_undef;
            }
            lc::EC_GROUP_get_curve_name(group)
        }
    }

    /// Its strength as OpenSSL's security levels count it (NIST SP 800-57, table 2).
    pub(super) fn security_bits(&self) -> i32 {
        // SAFETY: a live key.
        let bits = unsafe { lc::EVP_PKEY_bits(self.0.as_ptr()) };
        match self.kind() {
            lc::EVP_PKEY_EC => bits / 2,
            lc::EVP_PKEY_ED25519 => 128,
            _ => match bits {
                ..=1023 => 0,
                1024..=2047 => 80,
                2048..=3071 => 112,
                _ => 128,
            },
        }
    }

    /// The schemes that this key can sign with, the preferred first.
    pub(super) fn schemes(&self) -> &'static [SignatureScheme] {
        match self.kind() {
            lc::EVP_PKEY_RSA => &[
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PSS_SHA384,
                SignatureScheme::RSA_PSS_SHA512,
                SignatureScheme::RSA_PKCS1_SHA256,
                SignatureScheme::RSA_PKCS1_SHA384,
                SignatureScheme::RSA_PKCS1_SHA512,
            ],
            lc::EVP_PKEY_RSA_PSS => &[PSS_PSS_SHA256, PSS_PSS_SHA384, PSS_PSS_SHA512],
            lc::EVP_PKEY_EC => match self.curve() {
                lc::NID_X9_62_prime256v1 => &[SignatureScheme::ECDSA_NISTP256_SHA256],
                lc::NID_secp384r1 => &[SignatureScheme::ECDSA_NISTP384_SHA384],
                lc::NID_secp521r1 => &[SignatureScheme::ECDSA_NISTP521_SHA512],
                _ => &[],
            },
            lc::EVP_PKEY_ED25519 => &[SignatureScheme::ED25519],
            _ => &[],
        }
    }

    /// Signs `message`.
    pub(super) fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, String> {
        if !self.schemes().contains(&scheme) {
            return Err("the key cannot sign so".to_owned());
        }
        let plan = Plan::of(scheme).ok_or("an unknown signature scheme")?;
        errors_cleared();
        let context = DigestContext::new()?;
        // SAFETY: context and key are live; the first call asks for the size, the second has that room.
        unsafe {
            let mut options = ptr::null_mut();
            let raw = context.0.as_ptr();
            let mut length = 0;
            let ready = lc::EVP_DigestSignInit(
                raw,
                &raw mut options,
                plan.digest(),
                ptr::null_mut(),
                self.0.as_ptr(),
            ) == 1
                && plan.set_padding(options)
                && lc::EVP_DigestSign(
                    raw,
                    ptr::null_mut(),
                    &raw mut length,
                    message.as_ptr(),
                    message.len(),
                ) == 1;
            if !ready {
                return Err(first_reason());
            }
            let mut signature = vec![0; length];
            if lc::EVP_DigestSign(
                raw,
                signature.as_mut_ptr(),
                &raw mut length,
                message.as_ptr(),
                message.len(),
            ) != 1
            {
                return Err(first_reason());
            }
            signature.truncate(length);
            Ok(signature)
        }
    }

    /// Whether `signature` is this public key's under `message`. In TLS 1.3 (`strict`) an ECDSA scheme names the
    /// curve too, and PKCS#1 v1.5 is out.
    pub(super) fn verify(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
        strict: bool,
    ) -> bool {
        let Some(plan) = Plan::of(scheme) else {
            return false;
        };
        let fits = match plan.kind {
            Kind::Pkcs1 => self.kind() == lc::EVP_PKEY_RSA && !strict,
            Kind::Pss => self.kind() == lc::EVP_PKEY_RSA,
            Kind::PssPss => self.kind() == lc::EVP_PKEY_RSA_PSS,
            Kind::Ecdsa(curve) => {
                self.kind() == lc::EVP_PKEY_EC && (!strict || self.curve() == curve)
            }
            Kind::Ed25519 => self.kind() == lc::EVP_PKEY_ED25519,
        };
        let (true, Ok(context)) = (fits, DigestContext::new()) else {
            return false;
        };
        // SAFETY: context and key are live, and both slices have the lengths given.
        let valid = unsafe {
            let mut options = ptr::null_mut();
            lc::EVP_DigestVerifyInit(
                context.0.as_ptr(),
                &raw mut options,
                plan.digest(),
                ptr::null_mut(),
                self.0.as_ptr(),
            ) == 1
                && plan.set_padding(options)
                && lc::EVP_DigestVerify(
                    context.0.as_ptr(),
                    signature.as_ptr(),
                    signature.len(),
                    message.as_ptr(),
                    message.len(),
                ) == 1
        };
        errors_cleared();
        valid
    }
}

/// rsa_pss_pss_*: RSASSA-PSS with a key that is for nothing else. rustls has no names for them, and speaks them
/// in TLS 1.3 alone.
pub(super) const PSS_PSS_SHA256: SignatureScheme = SignatureScheme::Unknown(0x0809);
pub(super) const PSS_PSS_SHA384: SignatureScheme = SignatureScheme::Unknown(0x080a);
pub(super) const PSS_PSS_SHA512: SignatureScheme = SignatureScheme::Unknown(0x080b);

/// What a server may sign its handshake with, the preferred first.
pub(super) const VERIFY_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    PSS_PSS_SHA256,
    PSS_PSS_SHA384,
    PSS_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

#[derive(Clone, Copy)]
enum Kind {
    Pkcs1,
    Pss,
    PssPss,
    Ecdsa(c_int),
    Ed25519,
}

#[derive(Clone, Copy)]
enum Sha {
    Of256,
    Of384,
    Of512,
    Inherent,
}

/// What AWS-LC must be told for a scheme.
struct Plan {
    kind: Kind,
    sha: Sha,
}

impl Plan {
    fn of(scheme: SignatureScheme) -> Option<Plan> {
        let (kind, sha) = match scheme {
            SignatureScheme::RSA_PKCS1_SHA256 => (Kind::Pkcs1, Sha::Of256),
            SignatureScheme::RSA_PKCS1_SHA384 => (Kind::Pkcs1, Sha::Of384),
            SignatureScheme::RSA_PKCS1_SHA512 => (Kind::Pkcs1, Sha::Of512),
            SignatureScheme::RSA_PSS_SHA256 => (Kind::Pss, Sha::Of256),
            SignatureScheme::RSA_PSS_SHA384 => (Kind::Pss, Sha::Of384),
            SignatureScheme::RSA_PSS_SHA512 => (Kind::Pss, Sha::Of512),
            PSS_PSS_SHA256 => (Kind::PssPss, Sha::Of256),
            PSS_PSS_SHA384 => (Kind::PssPss, Sha::Of384),
            PSS_PSS_SHA512 => (Kind::PssPss, Sha::Of512),
            SignatureScheme::ECDSA_NISTP256_SHA256 => {
                (Kind::Ecdsa(lc::NID_X9_62_prime256v1), Sha::Of256)
            }
            SignatureScheme::ECDSA_NISTP384_SHA384 => (Kind::Ecdsa(lc::NID_secp384r1), Sha::Of384),
            SignatureScheme::ECDSA_NISTP521_SHA512 => (Kind::Ecdsa(lc::NID_secp521r1), Sha::Of512),
            SignatureScheme::ED25519 => (Kind::Ed25519, Sha::Inherent),
            _ => return None,
        };
        Some(Plan { kind, sha })
    }

    fn digest(&self) -> *const lc::EVP_MD {
        // SAFETY: no preconditions; these are statics.
        unsafe {
            match self.sha {
                Sha::Of256 => lc::EVP_sha256(),
                Sha::Of384 => lc::EVP_sha384(),
                Sha::Of512 => lc::EVP_sha512(),
                Sha::Inherent => ptr::null(),
            }
        }
    }

    /// # Safety
    /// `options` belongs to a live context that was just set up for a key of this kind.
    unsafe fn set_padding(&self, options: *mut lc::EVP_PKEY_CTX) -> bool {
        // SAFETY: the caller's promise. A salt as long as the digest: RFC 8446, 4.2.3.
        unsafe {
            match self.kind {
                Kind::Pkcs1 => {
                    lc::EVP_PKEY_CTX_set_rsa_padding(options, lc::RSA_PKCS1_PADDING) == 1
                }
                Kind::Pss | Kind::PssPss => {
                    lc::EVP_PKEY_CTX_set_rsa_padding(options, lc::RSA_PKCS1_PSS_PADDING) == 1
                        && lc::EVP_PKEY_CTX_set_rsa_pss_saltlen(options, -1) == 1
                }
                Kind::Ecdsa(_) | Kind::Ed25519 => true,
            }
        }
    }
}

/// One signature under way.
struct DigestContext(NonNull<lc::EVP_MD_CTX>);

impl DigestContext {
    fn new() -> Result<DigestContext, String> {
        // SAFETY: no preconditions.
        NonNull::new(unsafe { lc::EVP_MD_CTX_new() })
            .map(DigestContext)
            .ok_or_else(first_reason)
    }
}

impl Drop for DigestContext {
    fn drop(&mut self) {
        // SAFETY: this owns it.
        unsafe { lc::EVP_MD_CTX_free(self.0.as_ptr()) };
    }
}
