//! The policy file: what each automation may do.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::limits::{Age, Endpoints, Limits, Misread, Networks, Presets, UserName};

/// The longest file, in bytes. Thousands of accounts fit into it.
const MAX_BYTES: u64 = 1 << 20;
/// The longest name of an account: it stands in each line of the log and labels metrics.
const MAX_NAME: usize = 64;

const TOP_LEVEL: &str = "`default` or a table `[account.NAME]`";
const DEFAULT: &str = "`\"deny\"` or `\"bypass\"`";
const NAME: &str =
    "an account name of letters, digits, `-` and `_`, 64 at most, such as `[account.prometheus]`";
const ACCOUNT: &str = "a table such as `[account.prometheus]`";
const MEMBER: &str = "`user`, `endpoints`, `networks` or `max_age`";
const NO_USER: &str = "a `user`: the e-mail address or the id of one account of Open WebUI";
const TEXT: &str = "a text in quotation marks";
const LIST: &str = "a list of texts, such as `[\"GET /api/models\"]`";
const EMPTY_LIST: &str = "at least one entry: leave the member out if you want no limit";
const BYTE_ORDER_MARK: char = '\u{feff}';
const NO_MARK: &str = "UTF-8 without a byte order mark";
const SAME_USER: &str = "a user that no other account names";

/// What the file says.
#[derive(Debug)]
pub struct PolicyFile {
    /// Whether the bypass rules administrators without an account in the file.
    pub rules_others: bool,
    accounts: Vec<Account>,
    by_user: HashMap<UserName, usize>,
}

/// What one automation may do.
#[derive(Debug)]
pub struct Account {
    /// The name for people: in the log, in metrics and in errors.
    pub name: Box<str>,
    /// The limits, without named users.
    pub limits: Limits,
}

/// The account of a user.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// No account names the user.
    None,
    /// One account does.
    One(&'a Account),
    /// One account names the id, and another the e-mail address.
    Two(&'a Account, &'a Account),
}

/// Why the file is invalid. A fault never holds what the file says, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there, and what was expected.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            reason,
        } = self;
        write!(formatter, "line {line}, column {column}: {reason}")
    }
}

impl PolicyFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// All faults of the file, in order.
    pub fn parse(text: &str, presets: &Presets) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader {
            text,
            presets,
            faults: Vec::new(),
        };
        let file = reader.read();
        reader
            .faults
            .sort_by_key(|fault| (fault.line, fault.column));
        match file {
            Some(file) if reader.faults.is_empty() => Ok(file),
            _ => Err(reader.faults),
        }
    }

    /// The account of a user, whom an account may name by id or by e-mail address.
    #[must_use]
    pub fn account(&self, id: &str, email: &str) -> Found<'_> {
        let [by_id, by_email] = UserName::of(id, email)
            .map(|name| self.by_user.get(&name).map(|at| &self.accounts[*at]));
        match (by_id, by_email) {
            (None, None) => Found::None,
            (Some(account), None) | (None, Some(account)) => Found::One(account),
            (Some(one), Some(other)) => Found::Two(one, other),
        }
    }

    /// The account of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Account> {
        let place = self
            .accounts
            .binary_search_by(|account| (*account.name).cmp(name));
        place.ok().map(|place| &self.accounts[place])
    }

    /// All accounts, in the order of their names.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}

/// Reads a file that only its owner can write, as OpenSSH wants it of its own. A symbolic link leads
/// to the file, as in what Kubernetes mounts.
///
/// # Errors
///
/// What is wrong with it, and the remedy. The text of the file is never in it.
pub fn load(path: &Path) -> Result<String, String> {
    // A pipe would let the opening of it wait for a writer.
    check(&fs::metadata(path).map_err(|error| unreadable(&error))?)?;
    let file = fs::File::open(path).map_err(|error| unreadable(&error))?;
    check(&file.metadata().map_err(|error| unreadable(&error))?)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    if read.map_err(|error| unreadable(&error))? as u64 > MAX_BYTES {
        return Err("is longer than 1 MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        format!("is not UTF-8 in line {line}: save it as UTF-8")
    })
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "names no file: expected the path of a TOML file".to_owned(),
        kind => format!("cannot be read ({kind})"),
    }
}

fn check(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        Err("names no file, but a folder, a pipe or a device: expected the path of a TOML file")?;
    }
    #[cfg(unix)]
    check_writers(metadata)?;
    Ok(())
}

#[cfg(unix)]
fn check_writers(metadata: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o022 != 0 {
        Err("can be written by others than its owner: run `chmod go-w` on it")?;
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    presets: &'a Presets,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn read(&mut self) -> Option<PolicyFile> {
        let text = self.text;
        if text.starts_with(BYTE_ORDER_MARK) {
            self.expect(0..0, NO_MARK);
            return None;
        }
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                // The messages of the parser are fixed texts.
                let reason = format!("is not TOML: {}", error.message());
                self.refuse(error.span().unwrap_or(0..0), reason);
                return None;
            }
        };
        let mut file = PolicyFile {
            rules_others: false,
            accounts: Vec::new(),
            by_user: HashMap::new(),
        };
        for (name, value) in table.get_ref() {
            match name.get_ref().as_ref() {
                "default" => file.rules_others = self.default(value) == Some(true),
                "account" => self.accounts(value, &mut file),
                _ => self.expect(name.span(), TOP_LEVEL),
            }
        }
        Some(file)
    }

    fn default(&mut self, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        match value.get_ref().as_str() {
            Some("deny") => Some(false),
            Some("bypass") => Some(true),
            _ => {
                self.expect(value.span(), DEFAULT);
                None
            }
        }
    }

    fn accounts(&mut self, value: &Spanned<DeValue<'_>>, file: &mut PolicyFile) {
        let DeValue::Table(accounts) = value.get_ref() else {
            self.expect(value.span(), ACCOUNT);
            return;
        };
        for (name, value) in accounts {
            if !is_name(name.get_ref()) {
                self.expect(name.span(), NAME);
            }
            let DeValue::Table(members) = value.get_ref() else {
                self.expect(value.span(), ACCOUNT);
                continue;
            };
            let (user, limits) = self.account(name.span(), members);
            if let Some((user, at)) = user
                && file.by_user.insert(user, file.accounts.len()).is_some()
            {
                self.expect(at, SAME_USER);
            }
            file.accounts.push(Account {
                name: name.get_ref().as_ref().into(),
                limits,
            });
        }
    }

    fn account(
        &mut self,
        at: Range<usize>,
        members: &DeTable<'_>,
    ) -> (Option<(UserName, Range<usize>)>, Limits) {
        let mut limits = Limits::default();
        let mut user = None;
        for (name, value) in members {
            match name.get_ref().as_ref() {
                "user" => user = Some((self.text_of(value, UserName::parse), value.span())),
                "max_age" => limits.age = self.text_of(value, Age::parse),
                "networks" => {
                    limits.networks = self.list(value, |list| Networks::of(list.iter().copied()));
                }
                "endpoints" => limits.endpoints = self.endpoints(value),
                _ => self.expect(name.span(), MEMBER),
            }
        }
        if user.is_none() {
            self.expect(at, NO_USER);
        }
        (user.and_then(|(name, at)| Some((name?, at))), limits)
    }

    fn endpoints(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Endpoints> {
        let presets = self.presets;
        self.list(value, |list| Endpoints::with_presets(list, presets))
    }

    fn text_of<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        parse: impl Fn(&str) -> Result<T, Misread>,
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.expect(value.span(), TEXT);
            return None;
        };
        parse(text)
            .map_err(|misread| self.expect(value.span(), misread.expected))
            .ok()
    }

    fn list<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        parse: impl Fn(&[&str]) -> Result<T, Misread>,
    ) -> Option<T> {
        let Some(array) = value.get_ref().as_array() else {
            self.expect(value.span(), LIST);
            return None;
        };
        let texts = self.texts(array)?;
        if texts.is_empty() {
            self.expect(value.span(), EMPTY_LIST);
            return None;
        }
        parse(&texts)
            .map_err(|misread| {
                let entry = misread.entry.and_then(|place| array.get(place - 1));
                self.expect(entry.map_or(value.span(), Spanned::span), misread.expected);
            })
            .ok()
    }

    fn texts<'v>(&mut self, array: &'v DeArray<'_>) -> Option<Vec<&'v str>> {
        let mut texts = Vec::new();
        for value in array {
            match value.get_ref().as_str() {
                Some(text) => texts.push(text),
                None => self.expect(value.span(), TEXT),
            }
        }
        (texts.len() == array.len()).then_some(texts)
    }

    fn expect(&mut self, at: Range<usize>, expected: &str) {
        self.refuse(at, format!("expected {expected}"));
    }

    fn refuse(&mut self, at: Range<usize>, reason: String) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.faults.push(Fault {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            reason,
        });
    }
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits)
}
