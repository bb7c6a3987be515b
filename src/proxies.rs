//! Which proxies a server trusts about the address of a client.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// No private network is wider than `10.0.0.0/8` (RFC 1918) or `fc00::/7` (RFC 4193), so a wider
/// one contains anybody.
const SHORTEST_IPV4_PREFIX: u8 = 8;
const SHORTEST_IPV6_PREFIX: u8 = 7;

/// The number of bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

/// Whether a comma-separated list of proxies contains everyone, or so many addresses that a client
/// can have one of them: `*`, or networks that fill one wider than any private network, each alone
/// or together.
///
/// Uvicorn reads the list with Python's `ipaddress`. An entry that neither can read is a name to
/// Uvicorn, which no address equals.
#[must_use]
pub fn hold_everyone(list: &str) -> bool {
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for proxy in list.split(',').map(str::trim) {
        match read(proxy) {
            _ if proxy == "*" => return true,
            None => {}
            Some(IpNet::V4(network)) => ipv4.push(network),
            Some(IpNet::V6(network)) => {
                ipv6.push(network);
                ipv4.extend(mapped_by(network));
            }
        }
    }
    let is_wide = |network: &Ipv4Net| network.prefix_len() < SHORTEST_IPV4_PREFIX;
    let is_wide_ipv6 = |network: &Ipv6Net| network.prefix_len() < SHORTEST_IPV6_PREFIX;
    Ipv4Net::aggregate(&ipv4).iter().any(is_wide)
        || Ipv6Net::aggregate(&ipv6).iter().any(is_wide_ipv6)
}

/// Reads an address or a network as Python does, and more: bits after the prefix and a zone are
/// dropped, and a prefix may be a mask.
fn read(proxy: &str) -> Option<IpNet> {
    let (address, prefix) = match proxy.split_once('/') {
        None => (proxy, None),
        Some((address, prefix)) => (address, Some(prefix)),
    };
    let address: IpAddr = address.split('%').next()?.parse().ok()?;
    match prefix {
        None => Some(address.into()),
        Some(prefix) => {
            let length = prefix_length(prefix, address.is_ipv4())?;
            Some(IpNet::new(address, length).ok()?.trunc())
        }
    }
}

/// Reads a prefix: a number, with any leading zeros, or for IPv4 the mask of the network or of its
/// hosts.
fn prefix_length(text: &str, is_ipv4: bool) -> Option<u8> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mask = u32::from(text.parse::<Ipv4Addr>().ok().filter(|_| is_ipv4)?);
    [mask, !mask]
        .into_iter()
        .find(|mask| mask.leading_ones() + mask.trailing_zeros() == u32::BITS)
        .and_then(|mask| u8::try_from(mask.leading_ones()).ok())
}

/// The IPv4 network whose addresses a dual-stack socket shows within an IPv6 network.
fn mapped_by(network: Ipv6Net) -> Option<Ipv4Net> {
    let all = Ipv6Net::new_assert(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped(), MAPPED_PREFIX);
    if network.contains(&all) {
        return Some(Ipv4Net::default());
    }
    let length = network.prefix_len().checked_sub(MAPPED_PREFIX)?;
    Ipv4Net::new(network.addr().to_ipv4_mapped()?, length).ok()
}
