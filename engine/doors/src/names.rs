// SPDX-License-Identifier: Apache-2.0
//! What a guest writes where a host stands: one normal form, the one that rules are written in.

use std::net::IpAddr;

/// A host in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// Lower case, no final dot, `xn--` where it isn't ASCII.
    Name(String),
    /// Never IPv4 dressed as IPv6.
    Address(IpAddr),
}

impl Host {
    /// Nothing when it is neither a name nor a plain address. A number in another spelling (`0x7f.1`, `127.1`,
    /// `2130706433`) is neither: no resolver gets to read it its own way.
    pub fn parse(text: &str) -> Option<Host> {
        let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = inside {
            return address.parse().ok().map(|v6: std::net::Ipv6Addr| Host::Address(IpAddr::V6(v6).to_canonical()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Host::Address(address.to_canonical()));
        }
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL).ok()?;
        let name = ascii.strip_suffix('.').unwrap_or(&ascii);
        let plain = !name.is_empty() && name.len() <= 253 && name.split('.').all(is_label) && !ends_in_number(name);
        plain.then(|| Host::Name(name.to_owned()))
    }
}

impl Host {
    /// As it stands in a URL.
    pub fn in_url(&self) -> String {
        match self {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        }
    }
}

fn is_label(label: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len()) && label.bytes().all(known) && !label.starts_with('-') && !label.ends_with('-')
}

/// What some resolver reads as a number, as the URL standard tells it.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x")
}

/// Whether the name always means this machine (RFC 6761).
pub fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Where the names of modules lie that this process serves: no name server knows them.
const INSIDE: &str = "berth.internal";

/// Whether a name in normal form is that of a module of this process, or would be.
pub fn is_inside(name: &str) -> bool {
    name.strip_suffix(INSIDE).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{Host, is_inside};

    #[test]
    fn a_name_inside_is_the_zone_or_below_it() {
        for name in ["berth.internal", "a.berth.internal", "a.b.berth.internal"] {
            assert!(is_inside(name), "{name}");
        }
        for name in ["internal", "aberth.internal", "berth.internal.example", "berth"] {
            assert!(!is_inside(name), "{name}");
        }
    }

    fn name(text: &str) -> Option<String> {
        match Host::parse(text)? {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        }
    }

    #[test]
    fn every_spelling_of_a_name_is_one_name() {
        for text in ["example.com", "EXAMPLE.com", "example.com.", "ⓔxample。com", "exam\u{ad}ple.com"] {
            assert_eq!(name(text).as_deref(), Some("example.com"), "{text}");
        }
        assert_eq!(name("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
    }

    #[test]
    fn a_number_that_is_no_plain_address_is_nothing() {
        let odd = ["0x7f.1", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "１２７.0.0.1", "1.0x2"];
        for text in odd {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_no_name_holds_is_nothing() {
        for text in ["", ".", "a..b", "a b", "a/b", "user@host", "host:80", "[1.2.3.4]", "fe80::1%eth0", "-a.b", "*"] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
        assert_eq!(Host::parse(&format!("{}.com", "a".repeat(64))), None);
    }

    #[test]
    fn ipv4_within_ipv6_is_ipv4() {
        let address = Some(Host::Address("127.0.0.1".parse().expect("an address")));
        for text in ["127.0.0.1", "::ffff:127.0.0.1", "[::ffff:7f00:1]"] {
            assert_eq!(Host::parse(text), address, "{text}");
        }
    }
}
