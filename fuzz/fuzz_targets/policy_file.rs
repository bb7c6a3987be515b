//! The policy file against a plain reading of its table. An input is three lines of a request, which
//! are a user, a method and a path, and then the file. A `~` in the file stands for a secret, which
//! no fault may repeat.

#![no_main]

use libfuzzer_sys::fuzz_target;
use owui_keygate::limits::{Age, Endpoints, Networks, Presets, UserName};
use owui_keygate::policy_file::{Found, PolicyFile};
use toml::{Table, Value};

const SECRET: &str = "sk-0123456789abcdef";

fn presets() -> Presets {
    let status = vec!["GET /health$".to_owned(), "GET /api/version$".to_owned()];
    Presets::from([("status".to_owned(), status)])
}

/// An account, as it is written.
struct Account<'a> {
    name: &'a str,
    user: &'a str,
    endpoints: Option<Vec<&'a str>>,
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(Value::as_str).collect()
}

/// Replaces each preset by what it stands for.
fn spelled_out(entries: &[&str]) -> Option<Vec<String>> {
    let presets = presets();
    let mut all = Vec::new();
    for entry in entries {
        match entry.trim().strip_prefix('@') {
            Some(name) => all.extend(presets.get(name)?.clone()),
            None => all.push((*entry).to_owned()),
        }
    }
    Some(all)
}

fn is_understood(member: &str, value: &Value) -> bool {
    match member {
        "user" => value
            .as_str()
            .is_some_and(|text| UserName::parse(text).is_ok()),
        "max_age" => value.as_str().is_some_and(|text| Age::parse(text).is_ok()),
        "networks" => texts(value).is_some_and(|list| Networks::of(list.into_iter()).is_ok()),
        "endpoints" => texts(value)
            .and_then(|list| spelled_out(&list))
            .is_some_and(|list| Endpoints::of(list.iter().map(String::as_str)).is_ok()),
        _ => false,
    }
}

fn read_account<'a>(name: &'a str, value: &'a Value) -> Option<Account<'a>> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let members = value.as_table()?;
    let is_named = !name.is_empty() && name.len() <= 64 && name.chars().all(fits);
    let is_fine = members
        .iter()
        .all(|(member, value)| is_understood(member, value));
    let user = members.get("user")?.as_str()?;
    (is_named && is_fine).then(|| Account {
        name,
        user,
        endpoints: members.get("endpoints").and_then(texts),
    })
}

/// The accounts, and whether others are ruled; none if anything is wrong.
fn read(table: &Table) -> Option<(Vec<Account<'_>>, bool)> {
    let mut accounts = Vec::new();
    let mut rules_others = false;
    for (name, value) in table {
        match (name.as_str(), value) {
            ("default", Value::String(text)) if text == "deny" => {}
            ("default", Value::String(text)) if text == "bypass" => rules_others = true,
            ("account", Value::Table(members)) => {
                for (name, value) in members {
                    accounts.push(read_account(name, value)?);
                }
            }
            _ => return None,
        }
    }
    let mut users: Vec<String> = accounts.iter().map(|each| plain(each.user)).collect();
    users.sort_unstable();
    let is_twice = users.windows(2).any(|pair| pair[0] == pair[1]);
    (!is_twice).then_some((accounts, rules_others))
}

/// The same text for each that names the same user.
fn plain(user: &str) -> String {
    let user = user.trim();
    if user.contains('@') {
        user.to_ascii_lowercase()
    } else {
        user.to_owned()
    }
}

fuzz_target!(|input: &str| {
    let mut lines = input.splitn(4, '\n');
    let (Some(user), Some(method), Some(path), Some(text)) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let text = text.replace('~', SECRET);
    // A byte order mark is refused, and the parser leaves it out.
    let has_mark = text.starts_with('\u{feff}');
    let table = text.parse::<Table>().ok().filter(|_| !has_mark);
    match (
        PolicyFile::parse(&text, &presets()),
        table.as_ref().and_then(read),
    ) {
        (Ok(file), Some((accounts, rules_others))) => {
            assert_eq!(file.rules_others, rules_others);
            assert_eq!(file.accounts().len(), accounts.len());
            for account in &accounts {
                let found = file.named(account.name).expect("it has that name");
                let covered = found
                    .limits
                    .endpoints
                    .as_ref()
                    .map(|list| list.cover(method, path));
                let expected = account.endpoints.as_ref().map(|entries| {
                    let entries = spelled_out(entries).expect("they are understood");
                    entries.iter().any(|entry| {
                        let alone = Endpoints::of(std::iter::once(entry.as_str()));
                        alone.expect("it is understood").cover(method, path)
                    })
                });
                assert_eq!(covered, expected);
            }
            let named = accounts.iter().find(|each| plain(each.user) == plain(user));
            let found = if user.contains('@') {
                file.account("", user.trim())
            } else {
                file.account(user.trim(), "")
            };
            match (found, named) {
                (Found::None, None) => {}
                (Found::One(found), Some(named)) => assert_eq!(&*found.name, named.name),
                (found, named) => panic!("{found:?}, and it is {:?}", named.map(|each| each.name)),
            }
        }
        (Err(faults), None) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(!fault.to_string().contains(SECRET), "{fault}");
                // A file may end in the fault, behind its last line break.
                let line = text
                    .split('\n')
                    .nth(fault.line - 1)
                    .expect("there is that line");
                assert!(fault.column <= line.chars().count() + 1, "{fault}");
            }
        }
        (parsed, expected) => panic!("{parsed:?}, and it is right: {}", expected.is_some()),
    }
});
