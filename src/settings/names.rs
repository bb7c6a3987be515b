//! The names of the settings, and names that were probably meant as one.

pub(super) const BYPASS: &str = "ENABLE_ADMIN_API_KEY_BYPASS";
pub(super) const ENABLED: &str = "OWUI_KEYGATE";
pub(super) const STRICT: &str = "OWUI_KEYGATE_STRICT";
pub(super) const AUDIT: &str = "OWUI_KEYGATE_AUDIT";
pub(super) const USERS: &str = "ADMIN_API_KEY_BYPASS_USERS";
pub(super) const ENDPOINTS: &str = "ADMIN_API_KEY_ALLOWED_ENDPOINTS";
pub(super) const NETWORKS: &str = "ADMIN_API_KEY_ALLOWED_NETWORKS";
pub(super) const MAX_AGE: &str = "ADMIN_API_KEY_MAX_AGE";
pub(super) const POLICY_FILE: &str = "ADMIN_API_KEY_POLICY_FILE";
pub(super) const EXPIRY_WARNING: &str = "ADMIN_API_KEY_EXPIRY_WARNING";

const ALL: [&str; 10] = [
    BYPASS,
    ENABLED,
    STRICT,
    AUDIT,
    USERS,
    ENDPOINTS,
    NETWORKS,
    MAX_AGE,
    POLICY_FILE,
    EXPIRY_WARNING,
];

/// The beginnings of our names and of likely misspellings. No setting of Open WebUI begins like
/// this (0.5.4 to 0.12.4). Plain `ADMIN_API_KEY` is left alone, because scripts keep a key in it.
const BEGINNINGS: [&str; 7] = [
    "ADMIN_API_KEY_",
    "ADMIN_API_KEYS_",
    "ADMIN_APIKEY_",
    "ADMIN_APIKEYS_",
    "ENABLE_ADMIN_API",
    "ENABLE_ADMIN_KEY",
    "OWUI_KEYGATE_",
];

/// How many characters of an unknown name are compared and shown: twice the length of our longest
/// name. The name of a variable may have 100,000 characters.
const MOST_CHARACTERS: usize = 64;

/// Whether the name is exactly one of ours.
pub(super) fn is_known(name: &str) -> bool {
    ALL.contains(&name)
}

/// Whether the name was probably meant as one of ours. Case and surrounding space do not count:
/// `admin_api_key_max_age` looks like a limit, too, and sets none.
pub(super) fn looks_like_ours(name: &str) -> bool {
    let plain = name.trim().to_ascii_uppercase();
    let begins_so = BEGINNINGS
        .iter()
        .any(|beginning| plain.starts_with(beginning));
    !is_known(name) && (begins_so || is_known(&plain)) && !tells_of_a_service(name)
}

/// Whether Kubernetes sets the variable to tell the address of a Service whose name begins with
/// `owui-keygate`. Docker's links set such variables, too.
fn tells_of_a_service(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let Some(rest) = name
        .strip_prefix(ENABLED)
        .filter(|rest| rest.bytes().all(is_plain))
    else {
        return false;
    };
    let ends_so = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"]
        .iter()
        .any(|end| rest.ends_with(end));
    ends_so || rest.contains("_SERVICE_PORT_") || tells_of_a_port(rest)
}

/// Whether a name ends like `_PORT_8080_TCP` or `_PORT_8080_TCP_ADDR`.
fn tells_of_a_port(name: &str) -> bool {
    let without = |name, ends: &[&str]| ends.iter().find_map(|end| str::strip_suffix(name, end));
    let port = without(name, &["_ADDR", "_PORT", "_PROTO"]).unwrap_or(name);
    without(port, &["_TCP", "_UDP", "_SCTP"]).is_some_and(|port| {
        let before = port.trim_end_matches(|character: char| character.is_ascii_digit());
        before != port && before.ends_with("_PORT_")
    })
}

/// Our name that is nearest to another name.
pub(super) fn nearest(name: &str) -> &'static str {
    let plain = name.trim().to_ascii_uppercase();
    let measured: Vec<char> = plain.chars().take(MOST_CHARACTERS).collect();
    ALL.into_iter()
        .min_by_key(|known| distance(&measured, known))
        .unwrap_or(BYPASS)
}

/// The number of characters to insert, delete or replace to turn one name into the other
/// (Levenshtein).
fn distance(one: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=one.len()).collect();
    for (line, theirs) in other.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, ours) in one.iter().enumerate() {
            let replaced = diagonal + usize::from(*ours != theirs);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[one.len()]
}

/// A name that is safe to log: cut, and without characters that could forge a line.
pub(super) fn shown(name: &str) -> String {
    let mut characters = name.chars();
    let mut shown = String::new();
    for character in characters.by_ref().take(MOST_CHARACTERS) {
        if character.is_ascii_graphic() {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    if characters.next().is_some() {
        shown.push_str("...");
    }
    shown
}
