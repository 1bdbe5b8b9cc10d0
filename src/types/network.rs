//! inet and cidr (PostgreSQL manual, "Network Address Types"): `192.168.0.1/24`; in binary the family, the
//! length of the network's part, whether it is a cidr, and the address.
//!
//! An inet's text leaves out the length where all of the address is meant. Of IPv6 the longest run of zeroes is
//! left out, and some addresses end as IPv4 writes them: by the server's rules, which are not quite Rust's.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt::Write;

use crate::error::Error;

use super::value::Inet;
use super::{malformed, oid};

/// The families of the binary form.
const FAMILY_4: u8 = 2;
const FAMILY_6: u8 = 3;

/// The text form.
pub(super) fn from_text(cell: &[u8]) -> Result<Inet, Error> {
    parse(cell).ok_or_else(|| malformed("inet", "no address"))
}

fn parse(cell: &[u8]) -> Option<Inet> {
    let text = std::str::from_utf8(cell).ok()?;
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let mut inet = if address.contains(':') {
        Inet {
            family: 6,
            prefix: 128,
            address: address.parse::<Ipv6Addr>().ok()?.octets(),
        }
    } else {
        ipv4(address.parse::<Ipv4Addr>().ok()?.octets())
    };
    if let Some(prefix) = prefix {
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let number = prefix.parse().ok().filter(|&number| number <= inet.prefix);
        inet.prefix = number.filter(|_| digits)?;
    }
    Some(inet)
}

fn ipv4(octets: [u8; 4]) -> Inet {
    let mut address = [0; 16];
    address
        .iter_mut()
        .zip(octets)
        .for_each(|(to, from)| *to = from);
    Inet {
        family: 4,
        prefix: 32,
        address,
    }
}

/// The binary form.
pub(super) fn from_binary(cell: &[u8]) -> Result<Inet, Error> {
    let inet = match *cell {
        [FAMILY_4, prefix, 0 | 1, 4, ref address @ ..] => <[u8; 4]>::try_from(address)
            .ok()
            .map(|octets| Inet {
                prefix,
                ..ipv4(octets)
            })
            .filter(|_| prefix <= 32),
        [FAMILY_6, prefix, 0 | 1, 16, ref address @ ..] => <[u8; 16]>::try_from(address)
            .ok()
            .filter(|_| prefix <= 128)
            .map(|address| Inet {
                family: 6,
                prefix,
                address,
            }),
        _ => None,
    };
    inet.ok_or_else(|| malformed("inet", "no address"))
}

/// The binary form of an address that `check` has passed.
pub(super) fn to_binary(oid: u32, inet: Inet) -> impl Iterator<Item = u8> {
    let (family, length) = match inet.family {
        4 => (FAMILY_4, 4),
        _ => (FAMILY_6, 16),
    };
    let head = [family, inet.prefix, u8::from(oid == oid::CIDR), length];
    head.into_iter()
        .chain(inet.address.into_iter().take(usize::from(length)))
}

/// The length of the binary form, if it is an address.
pub(super) fn check(inet: Inet) -> Result<usize, Error> {
    match inet {
        Inet {
            family: 4,
            prefix: ..=32,
            ..
        } => Ok(8),
        Inet {
            family: 6,
            prefix: ..=128,
            ..
        } => Ok(20),
        Inet {
            family: 4 | 6,
            prefix,
            ..
        } => {
            let message = format!("an address of IPv{} has no prefix of {prefix}", inet.family);
            Err(Error::data(message).with_sqlstate("22P02"))
        }
        Inet { family, .. } => {
            let message = format!("an address's family is 4 or 6, not {family}");
            Err(Error::programming(message))
        }
    }
}

/// Appends the text form.
pub(super) fn format(oid: u32, inet: Inet, out: &mut String) -> Result<(), Error> {
    check(inet)?;
    let all = if inet.family == 4 { 32 } else { 128 };
    if inet.family == 4 {
        push_ipv4(inet.address.iter(), out);
    } else {
        push_ipv6(inet.address, out);
    }
    if inet.prefix != all || oid == oid::CIDR {
        let _ = write!(out, "/{}", inet.prefix);
    }
    Ok(())
}

fn push_ipv4<'a>(octets: impl Iterator<Item = &'a u8>, out: &mut String) {
    for (index, octet) in octets.take(4).enumerate() {
        let _ = write!(out, "{}{octet}", if index > 0 { "." } else { "" });
    }
}

fn push_ipv6(address: [u8; 16], out: &mut String) {
    let words = Ipv6Addr::from(address).segments();
    // The first of the longest runs of zeroes; one alone is written out.
    let (mut start, mut length) = (0, 1);
    let mut run = 0;
    for (index, &word) in words.iter().enumerate() {
        run = if word == 0 { run + 1 } else { 0 };
        if run > length {
            (start, length) = (index + 1 - run, run);
        }
    }
    if length < 2 {
        (start, length) = (words.len(), 0);
    }
    let as_ipv4 = start == 0 && (length == 6 || length == 5 && words[5] == 0xffff);
    for (index, word) in words.iter().enumerate() {
        if (start..start + length).contains(&index) {
            if index == start {
                out.push(':');
            }
            continue;
        }
        if index > 0 {
            out.push(':');
        }
        if index == 6 && as_ipv4 {
            push_ipv4(address.iter().skip(12), out);
            return;
        }
        let _ = write!(out, "{word:x}");
    }
    if length > 0 && start + length == words.len() {
        out.push(':');
    }
}
