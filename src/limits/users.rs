use std::collections::HashSet;

use super::{Misread, entries};

const EXPECTED: &str = "the e-mail or the id of a user, such as `automation@example.org`";

/// Where a UUID has its hyphens (RFC 9562, 4). Open WebUI makes every id of a user one, whoever
/// signs them in (0.5.4 to 0.12.4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const UUID_LENGTH: usize = 36;

/// Named users, by e-mail or id.
#[derive(Debug)]
pub struct Users {
    /// In lower case.
    emails: HashSet<String>,
    ids: HashSet<String>,
}

impl Users {
    /// Reads a list of e-mails and ids, parted by commas. What holds an `@` is an e-mail, and a
    /// UUID is an id.
    ///
    /// # Errors
    ///
    /// An entry is neither, or looks like a credential. Doctor and the status route show the list,
    /// so what may be a secret put into the wrong variable is no entry.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let (emails, ids) = entries(text, |entry| {
            let is_name = is_email(entry) || is_uuid(entry);
            is_name.then(|| entry.to_owned()).ok_or(EXPECTED)
        })?
        .into_iter()
        .partition::<Vec<_>, _>(|entry| entry.contains('@'));
        Ok(Self {
            emails: emails.iter().map(|email| lower(email)).collect(),
            ids: ids.into_iter().collect(),
        })
    }

    /// Whether the list names a user. Case does not count in an e-mail.
    #[must_use]
    pub fn names(&self, id: &str, email: &str) -> bool {
        self.ids.contains(id) || self.emails.contains(&lower(email))
    }
}

/// Whether it may be an e-mail, as loosely as Open WebUI takes one, without what parts a name from a
/// password (`name@host:password`) and what a quotation leaves.
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

/// ASCII alone: beyond it, two letters may have the same lower case, as the Kelvin sign and `K`.
fn lower(email: &str) -> String {
    email.to_ascii_lowercase()
}
