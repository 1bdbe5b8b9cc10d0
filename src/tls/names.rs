//! Whether a certificate speaks for the host that was asked for: libpq's rules, which are not quite RFC 6125's.
//!
//! Source: manual, "SSL Support", "Client Verification of Server Certificates": a wildcard stands for one whole
//! left-most label; addresses are compared by value with iPAddress entries, and as text with dNSName entries; the
//! common name counts unless there is an entry of the host's own kind. Names are bytes from an unverified
//! pen: nothing here trusts them to be text. Knows nothing of chains.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::x509::AltName;

/// What a certificate calls itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) alt: Vec<AltName>,
    pub(super) common: Option<Vec<u8>>,
}

/// `Ok` if one of `names` is `host`'s; else libpq's words for why not.
pub(super) fn check(names: &Names, host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("host name must be specified for a verified SSL connection".to_owned());
    }
    let host_is_address = ipv4(host).is_some() || host.parse::<Ipv6Addr>().is_ok();
    let mut examined: usize = 0;
    let mut first: Option<String> = None;
    let mut see = |shown: String| {
        examined = examined.saturating_add(1);
        first.get_or_insert(shown);
    };
    let mut use_common_name = true;
    for name in &names.alt {
        let matched = match name {
            AltName::Dns(name) => {
                use_common_name &= host_is_address;
                see(String::from_utf8_lossy(name).into_owned());
                name_matches(name, host)?
            }
            AltName::Ip(address) => {
                use_common_name &= !host_is_address;
                let (matched, shown) = address_matches(address, host)?;
                see(shown);
                matched
            }
        };
        if matched {
            return Ok(());
        }
    }
    if let Some(name) = names.common.as_deref().filter(|_| use_common_name) {
        see(String::from_utf8_lossy(name).into_owned());
        if name_matches(name, host)? {
            return Ok(());
        }
    }
    let first = first.unwrap_or_default();
    Err(match examined {
        0 => "could not get server's host name from server certificate".to_owned(),
        1 => format!("server certificate for \"{first}\" does not match host name \"{host}\""),
        2 => format!(
            "server certificate for \"{first}\" (and 1 other name) does not match host name \"{host}\""
        ),
        _ => format!(
            "server certificate for \"{first}\" (and {} other names) does not match host name \"{host}\"",
            examined - 1
        ),
    })
}

/// A dNSName or common name against the host, whatever the host looks like.
fn name_matches(name: &[u8], host: &str) -> Result<bool, String> {
    if name.contains(&0) {
        return Err("SSL certificate's name contains embedded null".to_owned());
    }
    let host = host.as_bytes();
    Ok(name.eq_ignore_ascii_case(host) || wildcard_matches(name, host))
}

/// `*.` and what follows it, against a host whose first label is the rest.
fn wildcard_matches(pattern: &[u8], host: &[u8]) -> bool {
    let Some(suffix) = pattern.strip_prefix(b"*") else {
        return false;
    };
    if suffix.len() < 2 || !suffix.starts_with(b".") {
        return false;
    }
    // The wildcard stands for at least one character.
    let Some((label, rest)) = host
        .len()
        .checked_sub(suffix.len())
        .and_then(|at| host.split_at_checked(at))
    else {
        return false;
    };
    let Some((_, before_last)) = label.split_last() else {
        return false;
    };
    // As in libpq, the label's last character is not looked at: "a." is a label too.
    rest.eq_ignore_ascii_case(suffix) && !before_last.contains(&b'.')
}

/// An iPAddress entry against the host, and the entry as text.
fn address_matches(address: &[u8], host: &str) -> Result<(bool, String), String> {
    if let Ok(octets) = <[u8; 4]>::try_from(address) {
        let address = Ipv4Addr::from(octets);
        return Ok((ipv4(host) == Some(address), address.to_string()));
    }
    if let Ok(octets) = <[u8; 16]>::try_from(address) {
        let address = Ipv6Addr::from(octets);
        return Ok((host.parse() == Ok(address), address.to_string()));
    }
    Err(format!(
        "certificate contains IP address with invalid length {}",
        address.len()
    ))
}

/// inet_aton(3), which libpq prefers: one to four numbers, decimal, octal (`0`) or hexadecimal (`0x`), the last
/// of which fills the bytes that are left; white space ends it.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let text = text
        .split(|c: char| c.is_ascii_whitespace() || c == '\x0b')
        .next()?;
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (&last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|&part| part > 255) {
        return None;
    }
    let free = 32 - 8 * u32::try_from(leading.len()).ok()?;
    if u64::from(last) >= 1_u64 << free {
        return None;
    }
    let high = leading
        .iter()
        .zip([24_u32, 16, 8])
        .fold(0, |sum, (&part, shift)| sum | part << shift);
    Some(Ipv4Addr::from(high | last))
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (text.get(2..)?, 16),
        [b'0', _, ..] => (text.get(1..)?, 8),
        _ => (text, 10),
    };
    // from_str_radix takes a sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(alt: &[&str], common: Option<&str>) -> Names {
        let alt = alt.iter().map(|name| match name.strip_prefix("ip:") {
            Some(address) => AltName::Ip(match address.parse().unwrap() {
                std::net::IpAddr::V4(address) => address.octets().to_vec(),
                std::net::IpAddr::V6(address) => address.octets().to_vec(),
            }),
            None => AltName::Dns(name.as_bytes().to_vec()),
        });
        Names {
            alt: alt.collect(),
            common: common.map(|name| name.as_bytes().to_vec()),
        }
    }

    #[test]
    fn names_and_wildcards_are_libpqs() {
        for (alt, common, host, expected) in [
            (&["db.example"][..], None, "db.example", true),
            (&["DB.Example"], None, "db.exAMPLE", true),
            (&["db.example"], None, "db.example.", false),
            (&["*.example"], None, "db.example", true),
            (&["*.example"], None, "a.db.example", false),
            (&["*.example"], None, ".example", false),
            (&["*.example"], None, "a..example", true),
            (&["*example"], None, "db.example", false),
            (&["d*.example"], None, "db.example", false),
            (&["*.*.example"], None, "a.db.example", false),
            (&["*."], None, "a.", false),
            (&["*"], None, "a", false),
            (&["*.0.0.1"], None, "127.0.0.1", true),
            (&[], Some("db.example"), "db.example", true),
            (&["other.example"], Some("db.example"), "db.example", false),
            (&["ip:192.0.2.1"], Some("db.example"), "db.example", true),
            (&["other.example"], Some("192.0.2.1"), "192.0.2.1", true),
            (&["ip:192.0.2.2"], Some("192.0.2.1"), "192.0.2.1", false),
            (&["ip:192.0.2.1"], None, "192.0.2.1", true),
            (&["ip:192.0.2.1"], None, "0xc0.0.513", true),
            (&["192.0.2.1"], None, "0xc0.0.513", false),
            (&["192.0.2.1"], None, "192.0.2.1", true),
            (&["ip:2001:db8::1"], None, "2001:DB8:0::0:1", true),
            (&["2001:db8::1"], None, "2001:db8:0::1", false),
            (&["ip:::ffff:192.0.2.1"], None, "192.0.2.1", false),
        ] {
            let names = names(alt, common);
            assert_eq!(check(&names, host).is_ok(), expected, "{names:?} {host}");
        }
    }

    #[test]
    fn messages_are_libpqs() {
        let said = |alt: &[&str], common, host| check(&names(alt, common), host).unwrap_err();
        assert_eq!(
            said(&["a.example"], None, "b"),
            "server certificate for \"a.example\" does not match host name \"b\""
        );
        assert_eq!(
            said(&["a.example", "ip:::1"], None, "b"),
            "server certificate for \"a.example\" (and 1 other name) does not match host name \"b\""
        );
        assert_eq!(
            said(&["a", "c", "d"], None, "b"),
            "server certificate for \"a\" (and 2 other names) does not match host name \"b\""
        );
        assert_eq!(
            said(&[], None, "b"),
            "could not get server's host name from server certificate"
        );
        assert_eq!(
            said(&["a"], None, ""),
            "host name must be specified for a verified SSL connection"
        );
        assert_eq!(
            said(&["b\0.evil"], Some("b"), "b"),
            "SSL certificate's name contains embedded null"
        );
        let odd = Names {
            alt: vec![AltName::Ip(vec![1, 2, 3])],
            common: Some(b"b".to_vec()),
        };
        assert_eq!(
            check(&odd, "b").unwrap_err(),
            "certificate contains IP address with invalid length 3"
        );
    }

    #[test]
    fn ipv4_is_inet_atons() {
        for (text, expected) in [
            ("127.0.0.1", Some([127, 0, 0, 1])),
            ("127.1", Some([127, 0, 0, 1])),
            ("0x7f000001", Some([127, 0, 0, 1])),
            ("2130706433", Some([127, 0, 0, 1])),
            ("0177.0.0.01", Some([127, 0, 0, 1])),
            ("127.0.0.1 x", Some([127, 0, 0, 1])),
            ("256.0.0.1", None),
            ("1.2.3.4.5", None),
            ("1.2.3.", None),
            ("+1.2.3.4", None),
            ("0x+1", None),
            ("08.0.0.1", None),
            ("4294967296", None),
            ("1.16777216", None),
            ("", None),
            ("db1", None),
        ] {
            assert_eq!(ipv4(text), expected.map(Ipv4Addr::from), "{text}");
        }
    }
}
