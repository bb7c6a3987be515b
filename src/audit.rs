//! What is counted and what is written down about decisions.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

use crate::policy::{Decision, Transport, Verdict};

/// How long one record stands for all like it, in seconds.
const PERIOD: u64 = 60;
/// How many kinds of event are told apart within a period; what is beyond is all written down.
/// With the longest paths they take 8 MB.
const MAX_KINDS: usize = 4096;
/// How many clients with unknown keys are told apart within a period; those beyond are only
/// counted, as anybody can send such keys.
const MAX_STRANGERS: usize = 1024;
/// How much of a path is kept, in characters: longer ones are one kind if they begin alike.
const MAX_PATH: usize = 512;
/// How much of a client is kept, in characters. No address is as long; a proxy may pass on any text.
const MAX_CLIENT: usize = 64;

/// Which events are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Every one.
    All,
    /// The first of each kind in a minute, and how many more there were.
    Throttled,
    /// None.
    Off,
}

/// Events that are one to the reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A key of a user whom the bypass rules.
    Ruled {
        /// The name of the user's account in the policy file.
        account: Option<Box<str>>,
        /// The user's id.
        user: Box<str>,
        /// The fingerprint of the key.
        key: Box<str>,
        /// The method.
        method: Box<str>,
        /// The path, cut after `MAX_PATH` characters.
        path: Box<str>,
        /// The address of the client, cut after `MAX_CLIENT` characters.
        client: Option<Box<str>>,
        /// The outcome.
        decision: Decision,
    },
    /// A key that names nobody. What else came with it is a stranger's choice.
    Unknown {
        /// The address of the client, cut after `MAX_CLIENT` characters.
        client: Option<Box<str>>,
    },
}

/// The facts of an event.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The outcome.
    pub decision: Decision,
    /// The user's id.
    pub user: Option<&'a str>,
    /// The fingerprint of the key.
    pub key: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The address of the client.
    pub client: Option<&'a str>,
    /// How the key travelled.
    pub transport: Transport,
    /// The name of the user's account in the policy file.
    pub account: Option<&'a str>,
}

/// What is written down: an event, or how many were suppressed that are one to the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The outcome.
    pub decision: Decision,
    /// The name of the user's account in the policy file.
    pub account: Option<Box<str>>,
    /// The user's id.
    pub user: Option<Box<str>>,
    /// The fingerprint of the key.
    pub key: Option<Box<str>>,
    /// The method, cut after `MAX_PATH` characters.
    pub method: Option<Box<str>>,
    /// The path, cut after `MAX_PATH` characters.
    pub path: Option<Box<str>>,
    /// The address of the client, cut after `MAX_CLIENT` characters.
    pub client: Option<Box<str>>,
    /// How the key of an event travelled.
    pub transport: Option<Transport>,
    /// How many events were suppressed, at least one; `None` for an event.
    pub suppressed: Option<u64>,
}

/// Counts decisions, and says which to write down.
#[derive(Debug)]
pub struct Audit {
    mode: Mode,
    /// About users with an account, by its name. What is counted in one place alone never seems to
    /// go back to somebody who reads all of them.
    accounts: BTreeMap<Box<str>, Counters>,
    /// About everybody else.
    others: Counters,
    throttle: Mutex<Throttle>,
}

/// How often each decision was made.
pub type Counts = Vec<(Decision, u64)>;

/// The same, while it is counted.
type Counters = [AtomicU64; Decision::ALL.len()];

/// What was seen in one period.
#[derive(Debug, Default)]
struct Throttle {
    period: u64,
    /// How many of each kind were suppressed.
    ruled: HashMap<Kind, u64>,
    /// How many of each client were suppressed.
    strangers: HashMap<Kind, u64>,
    /// How many of other clients were suppressed.
    beyond: u64,
}

impl Audit {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new<'a>(mode: Mode, accounts: impl IntoIterator<Item = &'a str>) -> Self {
        let accounts = accounts.into_iter();
        Self {
            mode,
            accounts: accounts
                .map(|name| (name.into(), Default::default()))
                .collect(),
            others: Default::default(),
            throttle: Mutex::default(),
        }
    }

    /// Counts a decision, about a user of the policy file for their account.
    pub fn count(&self, decision: Decision, account: Option<&str>) {
        let of_account = account.and_then(|name| self.accounts.get(name));
        let counters = of_account.unwrap_or(&self.others);
        counters[decision as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often each decision was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let all = || self.accounts.values().chain([&self.others]);
        let total = |decision| all().map(|counters| load(counters, decision)).sum();
        Decision::ALL
            .map(|decision| (decision, total(decision)))
            .to_vec()
    }

    /// The same for each account, in the order of their names, and in front, as `None`, about
    /// everybody else.
    #[must_use]
    pub fn counts_by_account(&self) -> Vec<(Option<&str>, Counts)> {
        let named = self.accounts.iter();
        let named = named.map(|(name, counters)| (Some(&**name), counters));
        [(None, &self.others)]
            .into_iter()
            .chain(named)
            .map(|(name, counters)| {
                let counts = Decision::ALL.map(|decision| (decision, load(counters, decision)));
                (name, counts.to_vec())
            })
            .collect()
    }

    /// Whether events with a decision are ever written down.
    #[must_use]
    pub fn writes(&self, decision: Decision) -> bool {
        let is_told = match decision.verdict() {
            Verdict::AllowedByBypass | Verdict::RefusedByLimit(_) | Verdict::Unknown => true,
            Verdict::Allowed | Verdict::Refused => false,
        };
        is_told && self.mode != Mode::Off
    }

    /// What is to be written down now: the event last, before it what was suppressed in the minute
    /// before; nothing where the event is suppressed itself, or is none to write down. Of a minute
    /// the first event of a kind is never suppressed, except those of too many strangers.
    ///
    /// `now` is in seconds. A clock that is set back begins another minute.
    #[must_use]
    pub fn admit(&self, event: &Event<'_>, now: u64) -> Vec<Record> {
        if !self.writes(event.decision) {
            return Vec::new();
        }
        match self.mode {
            Mode::All => vec![Record::of(event)],
            Mode::Off => Vec::new(),
            Mode::Throttled => {
                let mut throttle = self.throttle.lock();
                let mut records = throttle.enter(now / PERIOD);
                if throttle.admit(Kind::of(event)) {
                    records.push(Record::of(event));
                }
                records
            }
        }
    }

    /// Returns what was suppressed and not yet written down, as before the process ends.
    #[must_use]
    pub fn drain(&self) -> Vec<Record> {
        self.throttle.lock().drain()
    }
}

impl Record {
    fn of(event: &Event<'_>) -> Self {
        Self {
            decision: event.decision,
            account: event.account.map(Into::into),
            user: event.user.map(Into::into),
            key: Some(event.key.into()),
            method: Some(cut(event.method, MAX_PATH)),
            path: Some(cut(event.path, MAX_PATH)),
            client: event.client.map(|client| cut(client, MAX_CLIENT)),
            transport: Some(event.transport),
            suppressed: None,
        }
    }

    fn of_suppressed(kind: Kind, count: u64) -> Self {
        match kind {
            Kind::Ruled {
                account,
                user,
                key,
                method,
                path,
                client,
                decision,
            } => Self {
                decision,
                account,
                user: Some(user),
                key: Some(key),
                method: Some(method),
                path: Some(path),
                client,
                transport: None,
                suppressed: Some(count),
            },
            Kind::Unknown { client } => Self {
                decision: Decision::UnknownKey,
                account: None,
                user: None,
                key: None,
                method: None,
                path: None,
                client,
                transport: None,
                suppressed: Some(count),
            },
        }
    }

    /// What kind of event it is, in one word or two.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self.decision.verdict() {
            Verdict::AllowedByBypass if self.decision == Decision::AllowBypass => "bypass",
            Verdict::Allowed | Verdict::AllowedByBypass => "allowed",
            Verdict::Unknown => "unknown key",
            Verdict::Refused | Verdict::RefusedByLimit(_) => "refused",
        }
    }
}

impl Kind {
    /// The kind of an event.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let client = event.client.map(|client| cut(client, MAX_CLIENT));
        if event.decision == Decision::UnknownKey {
            return Self::Unknown { client };
        }
        Self::Ruled {
            account: event.account.map(Into::into),
            user: event.user.unwrap_or_default().into(),
            key: event.key.into(),
            method: cut(event.method, MAX_PATH),
            path: cut(event.path, MAX_PATH),
            client,
            decision: event.decision,
        }
    }
}

fn load(counters: &Counters, decision: Decision) -> u64 {
    counters[decision as usize].load(Ordering::Relaxed)
}

fn cut(text: &str, length: usize) -> Box<str> {
    text.chars().take(length).collect()
}

impl Throttle {
    /// Begins another period, if it is another, and returns what was suppressed in the last.
    fn enter(&mut self, period: u64) -> Vec<Record> {
        if period == self.period {
            return Vec::new();
        }
        self.period = period;
        self.drain()
    }

    fn drain(&mut self) -> Vec<Record> {
        let beyond = (
            Kind::Unknown { client: None },
            std::mem::take(&mut self.beyond),
        );
        self.ruled
            .drain()
            .chain(self.strangers.drain())
            .chain([beyond])
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| Record::of_suppressed(kind, count))
            .collect()
    }

    fn admit(&mut self, kind: Kind) -> bool {
        let (seen, room, beyond) = match kind {
            Kind::Ruled { .. } => (&mut self.ruled, MAX_KINDS, None),
            Kind::Unknown { .. } => (&mut self.strangers, MAX_STRANGERS, Some(&mut self.beyond)),
        };
        if let Some(count) = seen.get_mut(&kind) {
            *count += 1;
            return false;
        }
        if seen.len() < room {
            seen.insert(kind, 0);
            return true;
        }
        match beyond {
            None => true,
            Some(count) => {
                *count += 1;
                false
            }
        }
    }
}
