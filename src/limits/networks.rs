use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::{Misread, entries};

const EXPECTED: &str = "a network such as `10.20.0.0/16`, `2001:db8::/32` or `192.0.2.7`";
const HOST_BITS: &str =
    "a network without bits set after its prefix, such as `10.20.0.0/16`, not `10.20.0.1/16`";

/// The number of bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

/// Networks, IPv4 and IPv6.
#[derive(Debug)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads a comma-separated list of networks in CIDR notation (RFC 4632, RFC 4291). An address
    /// without a prefix is a network of one address.
    ///
    /// # Errors
    ///
    /// An entry is not a network, or has bits set after its prefix.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        Self::of(text.split(','))
    }

    /// Reads the entries of a list of networks.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn of<'a>(list: impl Iterator<Item = &'a str>) -> Result<Self, Misread> {
        entries(list, read).map(Self)
    }

    /// Whether one of the networks contains a client, an address as in the ASGI scope. An
    /// IPv4-mapped IPv6 address counts as the IPv4 address. No network contains a text that is not
    /// an address.
    #[must_use]
    pub fn contain(&self, client: &str) -> bool {
        let address: Option<IpAddr> = client.parse().ok();
        address
            .map(|address| address.to_canonical())
            .is_some_and(|address| self.0.iter().any(|network| network.contains(&address)))
    }
}

fn read(entry: &str) -> Result<IpNet, &'static str> {
    let network: IpNet = entry
        .parse()
        .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| EXPECTED)?;
    if has_leading_zero(entry) {
        return Err(EXPECTED);
    }
    if network.addr() != network.network() {
        return Err(HOST_BITS);
    }
    Ok(canonical(network))
}

/// Whether `IpNet` ignored a leading zero. Other programs read an octal number there, and
/// `010.0.0.0` as another address than `10.0.0.0` (RFC 6943, 3.1.1).
fn has_leading_zero(entry: &str) -> bool {
    let (address, prefix) = entry.split_once('/').unwrap_or((entry, ""));
    address.parse::<IpAddr>().is_err() || prefix.len() > 1 && prefix.starts_with('0')
}

fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len()) {
        (IpAddr::V4(address), prefix @ MAPPED_PREFIX..) => {
            Ipv4Net::new(address, prefix - MAPPED_PREFIX).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}
