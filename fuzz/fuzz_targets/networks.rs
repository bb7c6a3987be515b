//! The networks against a comparison of bits. An input is the list and, behind its last line
//! break, a client. A `$` in the list stands for a secret, which no error may repeat.

#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use owui_keygate::limits::Networks;

const SECRET: &str = "sk-0123456789abcdef";

/// The bits of an address, and how many it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

/// Every address as one of IPv6: an IPv4 address as the one that maps it (RFC 4291, 2.5.5.2).
fn in_ipv6(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// A number as RFC 4632 and RFC 4291 write it: without a sign and leading zeros.
fn decimal(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn is_mapped(value: u128) -> bool {
    value >> 32 == 0xffff
}

/// The bits that count, and how many they are from the left.
struct Network {
    value: u128,
    prefix: u32,
}

impl Network {
    fn read(entry: &str) -> Option<Self> {
        let (address, prefix) = match entry.split_once('/') {
            None => (entry, None),
            Some((address, prefix)) => (address, Some(prefix)),
        };
        let address: IpAddr = address.parse().ok()?;
        let (value, length) = bits(address);
        let prefix = prefix.map_or(Some(length), decimal)?;
        if prefix > length {
            return None;
        }
        let behind = value.checked_shl(128 - length + prefix).unwrap_or(0);
        (behind == 0).then_some(Self {
            value: in_ipv6(address),
            prefix: 128 - length + prefix,
        })
    }

    /// A network that is wider than the mapped addresses is one of IPv6 alone.
    fn contains(&self, client: u128) -> bool {
        let behind = 128 - self.prefix;
        let equal = self.value.checked_shr(behind) == client.checked_shr(behind);
        equal && (self.prefix >= 96 || !is_mapped(client))
    }
}

fuzz_target!(|input: &str| {
    let (list, client) = input.rsplit_once('\n').unwrap_or((input, "192.0.2.7"));
    let list = list.replace('$', SECRET);
    let expected: Vec<_> = list
        .split(',')
        .map(|entry| Network::read(entry.trim()))
        .collect();
    match (
        Networks::parse(&list),
        expected.iter().position(Option::is_none),
    ) {
        (Ok(networks), None) => {
            let client_bits = client.parse().ok().map(in_ipv6);
            let contained = client_bits.is_some_and(|client| {
                expected
                    .iter()
                    .flatten()
                    .any(|network| network.contains(client))
            });
            assert_eq!(networks.contain(client), contained);
        }
        (Err(misread), Some(place)) => {
            assert_eq!(misread.entry, Some(place + 1));
            assert!(!misread.to_string().contains(SECRET), "{misread}");
        }
        (parsed, expected) => panic!("{parsed:?}, and the first wrong entry is {expected:?}"),
    }
});
