//! SECURITY.md, "certificate names and chains": certificates and revocation lists with bytes changed are refused or
//! not, but never crash what reads them, and never make a certificate pass that did not.

use super::*;
use crate::tls::names::{self, Names};
use crate::tls::x509::Store;

/// How often each file is changed.
const ROUNDS: usize = 60;

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs() as i64
}

/// xorshift: the same changes in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
            2 => bytes.truncate(at.max(1)),
            3 => drop(bytes.remove(at)),
            _ => bytes.insert(at, numbers.below(256) as u8),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

/// A DER body as PEM.
fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n").into_bytes();
    for line in text.as_bytes().chunks(64) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    pem
}

/// The first DER body of a PEM file with this label.
fn der(name: &str, label: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let text = std::fs::read_to_string(data(name)).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once("-----END")?;
    let body: String = body.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

fn files(ending: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(data(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

#[test]
fn changed_certificates_are_read_or_refused() {
    let mut numbers = Numbers(0x5eed_0001);
    let mut store = Store::new().unwrap();
    let root = std::fs::read(data("root.crt")).unwrap();
    store.add_pem(&root, true).unwrap();
    let (mut read, mut refused) = (0, 0);
    for name in files(".crt") {
        let Some(original) = der(&name, "CERTIFICATE") else {
            continue;
        };
        let passes = Certificate::from_der(&original)
            .is_ok_and(|certificate| store.verify(&certificate, &[], now()).is_ok());
        for _ in 0..ROUNDS {
            let mut changed = original.clone();
            mutate(&mut changed, &mut numbers);
            let Ok(certificate) = Certificate::from_der(&changed) else {
                refused += 1;
                continue;
            };
            read += 1;
            let names = Names {
                alt: certificate.alt_names(),
                common: certificate.common_name(),
            };
            let _ = names::check(&names, "db.example");
            let _ = certificate.end_point_digest();
            let _ = certificate.public_key();
            let verdict = store.verify(&certificate, &[], now());
            // Its signature no longer fits, unless nothing that is signed was changed.
            assert!(
                verdict.is_err() || passes || changed == original,
                "{name}: a changed certificate passes"
            );
        }
    }
    assert!(
        read > 100 && refused > 100,
        "{read} read, {refused} refused"
    );
}

#[test]
fn changed_revocation_lists_are_read_or_refused() {
    let mut numbers = Numbers(0x5eed_0002);
    let root = std::fs::read(data("root.crt")).unwrap();
    let leaf = der("dns.crt", "CERTIFICATE").unwrap();
    let leaf = Certificate::from_der(&leaf).unwrap();
    let (mut read, mut refused) = (0, 0);
    for name in files(".crl") {
        let Some(original) = der(&name, "X509 CRL") else {
            continue;
        };
        for _ in 0..ROUNDS * 4 {
            let mut changed = original.clone();
            mutate(&mut changed, &mut numbers);
            let mut store = Store::new().unwrap();
            store.add_pem(&root, true).unwrap();
            match store.add_pem(&pem("X509 CRL", &changed), false) {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
            store.require_revocation_lists();
            let verdict = store.verify(&leaf, &[], now());
            // A list whose signature does not fit vouches for nothing.
            let untouched = changed == original;
            let valid = der("root.crl", "X509 CRL").is_some_and(|list| list == changed);
            assert!(
                verdict.is_err() || untouched || valid,
                "{name}: a changed list vouches for a certificate"
            );
        }
    }
    assert!(read > 20 && refused > 20, "{read} read, {refused} refused");
}
