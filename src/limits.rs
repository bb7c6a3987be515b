//! The limits on an administrator's key while it bypasses the host's rules.

mod age;
mod credentials;
mod endpoints;
mod networks;
mod users;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use age::Age;
pub use endpoints::{Endpoints, Written};
pub use networks::Networks;
pub use users::{UserName, Users};

/// Lists of endpoints, by the name that stands for each after an `@`.
pub type Presets = BTreeMap<String, Vec<String>>;

/// The limits in force; one that is `None` is not set.
#[derive(Debug, Default)]
pub struct Limits {
    /// `ADMIN_API_KEY_BYPASS_USERS`: the only administrators whose keys bypass anything.
    pub users: Option<Users>,
    /// `ADMIN_API_KEY_MAX_AGE`.
    pub age: Option<Age>,
    /// `ADMIN_API_KEY_ALLOWED_NETWORKS`.
    pub networks: Option<Networks>,
    /// `ADMIN_API_KEY_ALLOWED_ENDPOINTS`.
    pub endpoints: Option<Endpoints>,
}

/// Why the text of a limit is invalid. It never contains the text, which may be a secret in the
/// wrong variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Misread {
    /// Which entry of a list is invalid, counted from 1.
    pub entry: Option<usize>,
    /// What was expected, with an example.
    pub expected: &'static str,
}

impl fmt::Display for Misread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            None => write!(formatter, "is invalid: expected {}", self.expected),
            Some(entry) => write!(
                formatter,
                "is invalid at entry {entry}: expected {}",
                self.expected
            ),
        }
    }
}

const NO_CREDENTIAL: &str = "a name, a path or a network, but found what looks like an API key or \
    a token: revoke it if it is one";

/// Reads the entries of a list, without white space around each. A valid entry that may be a
/// credential is refused, because valid settings are shown.
fn entries<'a, T>(
    list: impl Iterator<Item = &'a str>,
    read: impl Fn(&'a str) -> Result<T, &'static str>,
) -> Result<Vec<T>, Misread> {
    list.zip(1..)
        .map(|(entry, place)| {
            let entry = entry.trim();
            match read(entry) {
                Ok(_) if credentials::are_in(entry) => Err(NO_CREDENTIAL),
                understood => understood,
            }
            .map_err(|expected| Misread {
                entry: Some(place),
                expected,
            })
        })
        .collect()
}
