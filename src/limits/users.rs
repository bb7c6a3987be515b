use std::collections::HashSet;

use super::{Misread, entries};

const EXPECTED: &str = "the e-mail or the id of a user, such as `automation@example.org`";

/// Named users, by e-mail or id.
#[derive(Debug)]
pub struct Users {
    /// In lower case.
    emails: HashSet<String>,
    ids: HashSet<String>,
}

impl Users {
    /// Reads a list of e-mails and ids, parted by commas. What holds an `@` is an e-mail.
    ///
    /// # Errors
    ///
    /// An entry is empty or has white space in it.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let (emails, ids) = entries(text, |entry| {
            let is_name = !entry.is_empty() && !entry.contains(char::is_whitespace);
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

/// ASCII alone: beyond it, two letters may have the same lower case, as the Kelvin sign and `K`.
fn lower(email: &str) -> String {
    email.to_ascii_lowercase()
}
