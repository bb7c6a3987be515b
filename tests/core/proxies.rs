//! Whom a server believes, against plain statements of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use owui_keygate::proxies::hold_everyone;
use proptest::prelude::*;

/// Lists that hold everyone, or so many that a client can be among them.
pub const EVERYONE: &[&str] = &[
    "*",
    " * ",
    "127.0.0.1,*",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.1, ::/0",
    "0.0.0.0/0.0.0.0",
    "0.0.0.0/000",
    "::/0000",
    "::%eth0/0",
    "10.0.0.1/0",
    "0.0.0.0/1,128.0.0.0/1,::/1,8000::/1",
    "0.0.0.0/1,128.0.0.0/1",
    "::/1,8000::/1",
    "0.0.0.0/128.0.0.0, 128.0.0.0/127.255.255.255",
    "64.0.0.0/63.255.255.255",
    // All that is routed, which is everyone on the Internet.
    "0.0.0.0/1,128.0.0.0/2,192.0.0.0/3",
    "2000::/3",
    "64.0.0.0/2",
    "10.0.0.0/8,11.0.0.0/8",
    "10.0.0.0/9,10.128.0.0/9,11.0.0.0/8",
    "fc00::/6",
    "::ffff:0:0/96",
    "::ffff:0.0.0.0/96",
    "::ffff:0:0/97,::ffff:128.0.0.0/97",
    "::ffff:0:0/97,128.0.0.0/1",
    "::/64",
];

#[test]
fn everyone_is_a_star_or_what_fills_more_than_a_private_network() {
    for list in EVERYONE {
        assert!(hold_everyone(list), "{list}");
    }
}

#[test]
fn what_a_private_network_may_hold_is_not() {
    for list in [
        "",
        "127.0.0.1",
        "127.0.0.1,::1",
        "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10,127.0.0.0/8,100.64.0.0/10",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/0.255.255.255",
        "0.0.0.0/255.255.255.255",
        "::ffff:10.0.0.0/104",
        "::ffff:0:0",
        "unix",
        "unix:,/run/proxy.sock",
        "localhost/0",
        "0.0.0.0/",
        "0.0.0.0/+0",
        "0.0.0.0/255.0.255.0",
        "::/128.0.0.0",
        "010.0.0.0/1",
        "10.0.0.0/7x",
    ] {
        assert!(!hold_everyone(list), "{list}");
    }
}

/// How many bits of an address are told apart, as many as the longest prefix has.
const BITS: u32 = 9;

/// Whether a whole network with a shorter prefix than a private one is covered.
fn fills(covered: &[bool], private_prefix: u32) -> bool {
    covered
        .chunks(1 << (BITS + 1 - private_prefix))
        .any(|network| network.iter().all(|place| *place))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn networks_together_are_what_they_cover(
        six: bool,
        networks in prop::collection::vec((any::<u8>(), 6..=9_u8), 0..24),
    ) {
        // The mapped addresses are in the other half of IPv6.
        let half = if six { 0x80 } else { 0 };
        let networks: Vec<_> = networks.iter().map(|(top, prefix)| (top | half, prefix)).collect();
        let private_prefix = if six { 7 } else { 8 };
        let list: Vec<String> = networks
            .iter()
            .map(|(top, prefix)| if six {
                format!("{}/{prefix}", Ipv6Addr::from(u128::from(*top) << 120))
            } else {
                format!("{}/{prefix}", Ipv4Addr::from(u32::from(*top) << 24))
            })
            .collect();
        let covered: Vec<bool> = (0..1_u32 << BITS)
            .map(|place| {
                networks.iter().any(|(top, prefix)| {
                    let shift = BITS - u32::from(**prefix);
                    place >> shift == u32::from(*top) << 1 >> shift
                })
            })
            .collect();
        prop_assert_eq!(hold_everyone(&list.join(",")), fills(&covered, private_prefix));
    }

    #[test]
    fn no_list_panics(list in "[0-9a-f:./,%* ]{0,60}") {
        let _ = hold_everyone(&list);
    }
}
