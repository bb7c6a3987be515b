use std::collections::HashSet;

use super::{Misread, entries};

const EXPECTED: &str = "a user's e-mail address or id, such as `automation@example.org`";

/// The places of the hyphens in a UUID (RFC 9562, 4). Every user id of Open WebUI is a UUID,
/// however the user signed up (0.5.4 to 0.12.4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const UUID_LENGTH: usize = 36;

/// A user, named by e-mail address or id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UserName {
    /// The address, in lower case.
    Email(Box<str>),
    /// The id.
    Id(Box<str>),
}

impl UserName {
    /// Reads an e-mail address, which contains an `@`, or an id, which is a UUID.
    ///
    /// # Errors
    ///
    /// The text is neither, or looks like a credential.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let mut found = entries(std::iter::once(text), read).map_err(|misread| Misread {
            entry: None,
            ..misread
        })?;
        Ok(found.remove(0))
    }

    /// The names of a user: the id and the e-mail address, in any case.
    #[must_use]
    pub fn of(id: &str, email: &str) -> [Self; 2] {
        [Self::Id(id.into()), Self::Email(lower(email))]
    }
}

/// Users, named by e-mail address or id.
#[derive(Debug)]
pub struct Users(HashSet<UserName>);

impl Users {
    /// Reads a comma-separated list of e-mail addresses, which contain an `@`, and ids, which are
    /// UUIDs.
    ///
    /// # Errors
    ///
    /// An entry is neither, or looks like a credential. `doctor` and the status route show the
    /// list, so it must not contain what may be a secret in the wrong variable.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let names = entries(text.split(','), read)?;
        Ok(Self(names.into_iter().collect()))
    }

    /// Whether the list names a user. The case of an e-mail address does not count.
    #[must_use]
    pub fn names(&self, id: &str, email: &str) -> bool {
        UserName::of(id, email)
            .iter()
            .any(|name| self.0.contains(name))
    }
}

fn read(entry: &str) -> Result<UserName, &'static str> {
    if is_email(entry) {
        Ok(UserName::Email(lower(entry)))
    } else if is_uuid(entry) {
        Ok(UserName::Id(entry.into()))
    } else {
        Err(EXPECTED)
    }
}

/// Whether an entry may be an e-mail address, checked as loosely as in Open WebUI. A colon, which
/// separates a name from a password (`name@host:password`), and left-over quotes are not allowed.
fn is_email(entry: &str) -> bool {
    let fits = |character: char| !(character.is_whitespace() || ":\"`".contains(character));
    entry.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && entry.chars().all(fits)
    })
}

fn is_uuid(entry: &str) -> bool {
    entry.len() == UUID_LENGTH
        && entry.bytes().enumerate().all(|(place, byte)| {
            if HYPHENS.contains(&place) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

/// Only ASCII letters change: beyond ASCII, two letters may share a lower case, such as the Kelvin
/// sign and `K`.
fn lower(email: &str) -> Box<str> {
    email.to_ascii_lowercase().into()
}
