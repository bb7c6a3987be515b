//! The settings: the bypass is on where all that is set is understood, and nowhere else. An input
//! has a line `NAME=VALUE` for each. A `$` in a value stands for a secret, which no problem may
//! repeat.

#![no_main]

use std::collections::BTreeMap;
use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use owui_keygate::limits::Presets;
use owui_keygate::limits::{Age, Endpoints, Networks, Users};
use owui_keygate::settings::Settings;

const SECRET: &str = "sk-0123456789abcdef";

type Environment = BTreeMap<String, String>;

fn environment(input: &str) -> Environment {
    input
        .split('\n')
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.replace('$', SECRET)))
        .collect()
}

fn word(environment: &Environment, name: &str, default: &str) -> String {
    let value = environment.get(name).map_or(default, |value| value.trim());
    value.to_ascii_lowercase()
}

fn is_understood(environment: &Environment, name: &str, value: &str) -> bool {
    match name {
        "ENABLE_ADMIN_API_KEY_BYPASS" | "OWUI_KEYGATE" | "OWUI_KEYGATE_STRICT" => {
            ["true", "on", "false", "off"].contains(&&*word(environment, name, ""))
        }
        "OWUI_KEYGATE_AUDIT" => {
            ["all", "throttled", "off", "false"].contains(&&*word(environment, name, ""))
        }
        "ADMIN_API_KEY_EXPIRY_WARNING" => {
            let word = word(environment, name, "");
            ["off", "false"].contains(&&*word) || Age::parse(&word).is_ok()
        }
        "ADMIN_API_KEY_BYPASS_USERS" => Users::parse(value).is_ok(),
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS" => Endpoints::parse(value).is_ok(),
        "ADMIN_API_KEY_ALLOWED_NETWORKS" => {
            Networks::parse(value).is_ok() && is_forgeable(environment) == Some(false)
        }
        "ADMIN_API_KEY_MAX_AGE" => Age::parse(value).is_ok(),
        _ => !is_a_slip(name),
    }
}

/// Whether a name that is none of ours looks as if it were.
fn is_a_slip(name: &str) -> bool {
    let words = name.trim().to_ascii_uppercase();
    let begins = |beginnings: &[&str]| beginnings.iter().any(|text| words.starts_with(text));
    if name.starts_with("OWUI_KEYGATE") && is_of_a_service(name) {
        return false;
    }
    begins(&["ADMIN_API_KEY_", "ADMIN_API_KEYS_", "ADMIN_APIKEY_"])
        || begins(&[
            "ADMIN_APIKEYS_",
            "ENABLE_ADMIN_API",
            "ENABLE_ADMIN_KEY",
            "OWUI_KEYGATE_",
        ])
        || words == "OWUI_KEYGATE"
}

/// Whether the words of a name end as those do that Kubernetes sets for a Service.
fn is_of_a_service(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words: Vec<&str> = name.split('_').skip(2).collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let is_protocol = |word: &str| ["TCP", "UDP", "SCTP"].contains(&word);
    let is_named_port = words
        .windows(3)
        .any(|words| words[..2] == ["SERVICE", "PORT"]);
    name.chars().all(fits)
        && (is_named_port
            || match words[..] {
                [.., "SERVICE", "HOST"] | [.., "PORT"] => true,
                [.., "PORT", number, protocol] => is_number(number) && is_protocol(protocol),
                [.., "PORT", number, protocol, "ADDR" | "PROTO"] => {
                    is_number(number) && is_protocol(protocol)
                }
                _ => false,
            })
}

/// A name as a problem shows it.
fn shown(name: &str) -> String {
    let show = |c: char| match c {
        '!'..='~' => c.to_string(),
        _ => format!("\\u{{{:x}}}", u32::from(c)),
    };
    let start: String = name.chars().take(64).map(show).collect();
    let end = if name.chars().count() > 64 { "..." } else { "" };
    start + end
}

/// Whether Uvicorn believes everyone. There is no answer for what its `ipaddress` may read and we
/// do not.
fn is_forgeable(environment: &Environment) -> Option<bool> {
    let Some(list) = environment.get("FORWARDED_ALLOW_IPS") else {
        return Some(true);
    };
    let mut ranges: [Vec<(u128, u128)>; 2] = [Vec::new(), Vec::new()];
    for proxy in list.split(',').map(str::trim) {
        if proxy == "*" {
            return Some(true);
        }
        let (is_ipv6, first, last) = range(proxy)?;
        ranges[usize::from(is_ipv6)].push((first, last));
        if is_ipv6 && last >= MAPPED && first <= MAPPED + u128::from(u32::MAX) {
            let first = first.max(MAPPED) - MAPPED;
            ranges[0].push((first, last.min(MAPPED + u128::from(u32::MAX)) - MAPPED));
        }
    }
    let [ipv4, ipv6] = ranges;
    Some(fill(ipv4, 32 - 7) || fill(ipv6, 128 - 6))
}

/// Where the addresses begin that map one of IPv4.
const MAPPED: u128 = 0xffff_0000_0000;

/// The first and the last address of a network; none where others may read it otherwise.
fn range(proxy: &str) -> Option<(bool, u128, u128)> {
    let (address, prefix) = proxy.split_once('/').unwrap_or((proxy, "200"));
    let (address, bits) = match address.parse().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let length: u32 = prefix.parse().ok().filter(|_| is_number)?;
    if length > bits && proxy.contains('/') {
        return None;
    }
    let behind = 1_u128
        .checked_shl(bits.saturating_sub(length))
        .map_or(u128::MAX, |size| size - 1);
    Some((bits == 128, address & !behind, address | behind))
}

/// Whether ranges together fill a network whose addresses differ in that many bits.
fn fill(mut ranges: Vec<(u128, u128)>, bits: u32) -> bool {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    let size = 1_u128 << bits;
    merged.iter().any(|(first, last)| {
        let start = first.checked_next_multiple_of(size);
        start.is_some_and(|start| start <= *last && *last - start >= size - 1)
    })
}

fuzz_target!(|input: &str| {
    let environment = environment(input);
    if is_forgeable(&environment).is_none() {
        return;
    }
    let settings = Settings::from_environment(&environment, &Presets::new());

    let mut wrong: Vec<String> = environment
        .iter()
        .filter(|(name, value)| !is_understood(&environment, name, value))
        .map(|(name, _)| shown(name))
        .collect();
    let mut told: Vec<String> = settings
        .problems
        .iter()
        .map(|p| p.variable.clone())
        .collect();
    for names in [&mut wrong, &mut told] {
        names.sort_unstable();
        names.dedup();
    }
    assert_eq!(told, wrong);

    let is_on = |name, default| ["true", "on"].contains(&&*word(&environment, name, default));
    let wanted = is_on("ENABLE_ADMIN_API_KEY_BYPASS", "") && is_on("OWUI_KEYGATE", "on");
    assert_eq!(settings.bypass.on, wanted && wrong.is_empty());

    let limits = &settings.bypass.limits;
    for (name, is_set) in [
        ("ADMIN_API_KEY_BYPASS_USERS", limits.users.is_some()),
        (
            "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
            limits.endpoints.is_some(),
        ),
        ("ADMIN_API_KEY_ALLOWED_NETWORKS", limits.networks.is_some()),
        ("ADMIN_API_KEY_MAX_AGE", limits.age.is_some()),
    ] {
        assert!(
            !settings.bypass.on || is_set == environment.contains_key(name),
            "{name}"
        );
    }

    for problem in &settings.problems {
        assert!(!problem.reason.contains(SECRET), "{problem}");
    }
    for row in &settings.report {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut words = row.value.split(|c| !fits(c));
        assert!(
            !words.any(|word| word.starts_with(SECRET)),
            "{}",
            row.variable
        );
    }
    for row in settings
        .report
        .iter()
        .filter(|row| wrong.contains(&row.variable))
    {
        assert_eq!(row.value, "refused");
    }
});
