//! Addresses: who may call the webhook, and under which name failures are counted.
//!
//! An IPv4 address that comes in IPv6 clothes (`::ffff:35.203.150.117`) is the IPv4 address, in lists as in requests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::number::one_text;

/// `address/bits`. An address alone is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A comma-separated list. `Err` holds the position (from 1) of the first entry that is no network; what it says is
/// not repeated.
pub fn parse_list(text: &str) -> Result<Vec<Network>, usize> {
    let entries = text.split(',').map(str::trim);
    entries
        .enumerate()
        .map(|(at, entry)| Network::parse(entry).ok_or(at + 1))
        .collect()
}

impl Network {
    /// Bits set behind the prefix (`10.0.0.1/8`) are refused: one of the two halves is a mistake.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(one_text(bits)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let whole = width(address);
        let bits = bits.unwrap_or(whole);
        if bits > whole {
            return None;
        }
        let (address, bits) = match (address, address.to_canonical()) {
            // A mapped network must lie within the mapped range to mean an IPv4 network.
            (IpAddr::V6(_), v4 @ IpAddr::V4(_)) => (v4, bits.checked_sub(96)?),
            (_, same) => (same, bits),
        };
        (masked(address, bits) == address).then_some(Self { address, bits })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.bits) == self.address
    }
}

/// Whether a caller's address, as it stands in a header, is on the list. No address, or an odd one: no.
pub fn allows(list: &[Network], caller: Option<&str>) -> bool {
    let caller = caller.and_then(|text| text.parse::<IpAddr>().ok());
    caller.is_some_and(|address| list.iter().any(|network| network.contains(address)))
}

/// The name under which a caller's failures are counted. A household or a host has a whole /64 of IPv6 addresses, so
/// all of it is one caller. Callers without a readable address share one name.
pub fn counted_as(caller: Option<&str>) -> String {
    match caller
        .and_then(|text| text.parse::<IpAddr>().ok())
        .map(|address| address.to_canonical())
    {
        Some(IpAddr::V4(address)) => format!("{:08x}", u32::from(address)),
        Some(IpAddr::V6(address)) => format!("{:016x}", u128::from(address) >> 64),
        None => "unknown".to_owned(),
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(bits.min(32)))
                .unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(address) & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(bits.min(128)))
                .unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<Network> {
        parse_list(text).unwrap()
    }

    #[test]
    fn single_addresses_match_only_themselves() {
        let portal = list("35.203.150.117, 104.155.171.139,35.185.20.23");
        for yes in [
            "35.203.150.117",
            "104.155.171.139",
            "35.185.20.23",
            "::ffff:35.185.20.23",
            "::ffff:23b9:1417",
        ] {
            assert!(allows(&portal, Some(yes)), "{yes}");
        }
        for no in [
            "35.203.150.118",
            "5.203.150.117",
            "::23b9:1417",
            "64:ff9b::23b9:1417",
            "::1",
        ] {
            assert!(!allows(&portal, Some(no)), "{no}");
        }
    }

    #[test]
    fn a_missing_or_odd_caller_is_never_allowed() {
        let everyone = list("0.0.0.0/0,::/0");
        for odd in [
            "",
            " ",
            "localhost",
            "35.185.20.23 ",
            "35.185.20.23:443",
            "[::1]",
            "fe80::1%eth0",
            "1.2.3",
            "1.2.3.4, 5.6.7.8",
            "035.185.20.23",
            "0x23.185.20.23",
            "597234711",
            "1.2.3.4/32",
        ] {
            assert!(!allows(&everyone, Some(odd)), "{odd}");
        }
        assert!(!allows(&everyone, None));
        assert!(!allows(&[], Some("127.0.0.1")));
    }

    #[test]
    fn networks_match_at_every_width() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.0.0.0/31", "10.0.0.1", "10.0.0.2"),
            ("10.0.0.0/32", "10.0.0.0", "10.0.0.1"),
            ("128.0.0.0/1", "255.1.1.1", "127.255.255.255"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::/127", "2001:db8::1", "2001:db8::2"),
            ("2001:db8::1/128", "2001:db8::1", "2001:db8::"),
            ("8000::/1", "ffff::", "7fff::"),
        ] {
            assert!(
                allows(&list(network), Some(inside)),
                "{inside} in {network}"
            );
            assert!(
                !allows(&list(network), Some(outside)),
                "{outside} not in {network}"
            );
        }
        assert!(
            allows(&list("0.0.0.0/0"), Some("1.2.3.4")) && !allows(&list("0.0.0.0/0"), Some("::1"))
        );
        assert!(!allows(&list("2001:db8::1"), Some("1.2.3.4")));
        assert!(allows(&list("::/0"), Some("::1")) && !allows(&list("::/0"), Some("1.2.3.4")));
    }

    #[test]
    fn a_mapped_network_is_the_ipv4_network() {
        assert_eq!(
            Network::parse("::ffff:10.0.0.0/104"),
            Network::parse("10.0.0.0/8")
        );
        assert_eq!(
            Network::parse("::ffff:10.0.0.1"),
            Network::parse("10.0.0.1")
        );
        assert_eq!(Network::parse("::ffff:0.0.0.0/95"), None);
    }

    #[test]
    fn a_list_with_a_mistake_names_its_place() {
        for (text, place) in [
            ("", 1),
            ("1.2.3.4,", 2),
            ("1.2.3.4,,5.6.7.8", 2),
            ("1.2.3.4/33", 1),
            ("::/129", 1),
            ("1.2.3.4/", 1),
            ("1.2.3.4/+8", 1),
            ("10.0.0.0/08", 1),
            ("10.0.0.1/8", 1),
            ("1.2.3.4/24/8", 1),
            ("a.b.c.d", 1),
            ("1.2.3.4 5.6.7.8", 1),
            ("1.2.3.4;5.6.7.8", 1),
            ("01.2.3.4", 1),
            ("2001:db8::1/32", 1),
            ("*", 1),
            ("1.2.3.4/-1", 1),
            ("1.2.3.4/256", 1),
            ("1.2.3.4/1e1", 1),
        ] {
            assert_eq!(parse_list(text), Err(place), "{text}");
        }
    }

    #[test]
    fn callers_are_counted_by_address_or_by_64() {
        let same = |a: &str, b: &str| counted_as(Some(a)) == counted_as(Some(b));
        assert!(same("203.0.113.9", "::ffff:203.0.113.9"));
        assert!(!same("203.0.113.9", "203.0.113.10"));
        assert!(same("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::"));
        assert!(!same("2001:db8:1:2::", "2001:db8:1:3::"));
        assert!(!same("::", "0.0.0.0"));
        assert_eq!(counted_as(Some("nonsense")), counted_as(None));
    }
}
