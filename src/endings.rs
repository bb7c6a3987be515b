//! Keys that are in use and end soon.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::limits::Limits;
use crate::policy::{Bypass, Principal};
use crate::policy_file::Found;

/// How many keys are remembered; nobody is warned of those beyond. They take 0.5 MB.
const MAX_KEYS: usize = 1024;
/// In seconds.
const DAY: i64 = 86_400;

/// A key that ends soon, as it was last used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The fingerprint of the key.
    pub key: Box<str>,
    /// The name of the user's account in the policy file.
    pub account: Option<Box<str>>,
    /// The user's id.
    pub user: Box<str>,
    /// When it ends, in seconds since the epoch.
    pub end: i64,
}

/// Returns when the key of a user whom the bypass rules ends, in seconds since the epoch: at its
/// `expires_at`, or as soon as it is too old; `None` for a key that does not end.
#[must_use]
pub fn end_of(bypass: &Bypass, principal: &Principal<'_>) -> Option<i64> {
    let times = principal.times?;
    let too_old = |limits: &Limits| {
        let age = limits.age?;
        Some(times.created_at?.saturating_add(age.seconds()))
    };
    let of_account = match bypass.account(&principal.user) {
        Found::One(account) => too_old(&account.limits),
        Found::None | Found::Two(..) => None,
    };
    let ends = [times.expires_at, too_old(&bypass.limits), of_account];
    ends.into_iter().flatten().min()
}

/// Remembers which keys were used lately and end soon, and says once a day that one does.
#[derive(Debug)]
pub struct Endings {
    /// How long before its end a key is one of them, in seconds; `None` for never.
    within: Option<i64>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The latest time of a use. One that was overtaken counts as of then, so that a day which has
    /// ended does not begin again.
    now: i64,
    uses: BTreeMap<Box<str>, Use>,
}

#[derive(Debug)]
struct Use {
    ending: Ending,
    /// The last use.
    at: i64,
}

impl Endings {
    /// No key was used yet.
    #[must_use]
    pub fn new(within: Option<i64>) -> Self {
        Self {
            within,
            seen: Mutex::default(),
        }
    }

    /// Whether an end is so near that its key is to be warned of.
    #[must_use]
    pub fn is_soon(&self, end: i64, now: i64) -> bool {
        self.within
            .is_some_and(|within| end.saturating_sub(now) <= within)
    }

    /// Notes that a key which ends soon is used now. Returns it at its first use of a day (UTC): then
    /// somebody is to be warned.
    #[must_use]
    pub fn note(
        &self,
        key: &str,
        account: Option<&str>,
        user: &str,
        end: i64,
        now: i64,
    ) -> Option<Ending> {
        let mut seen = self.seen.lock();
        let now = seen.advance(now);
        if let Some(last) = seen.uses.get_mut(key)
            && day(last.at) == day(now)
        {
            last.at = now;
            last.ending.end = end;
            return None;
        }
        let ending = Ending {
            key: key.into(),
            account: account.map(Into::into),
            user: user.into(),
            end,
        };
        seen.remember(ending.clone(), now).then_some(ending)
    }

    /// The keys that were used within the last day and have not ended yet; first the one that ends
    /// first.
    #[must_use]
    pub fn list(&self, now: i64) -> Vec<Ending> {
        let seen = self.seen.lock();
        let lately = seen.uses.values().filter(|last| last.is_recent(now));
        let endings = lately.map(|last| &last.ending);
        let mut listed: Vec<_> = endings.filter(|each| each.end > now).cloned().collect();
        listed.sort_by_key(|ending| ending.end);
        listed
    }
}

impl Seen {
    /// Returns the time that counts as now. A clock that is set back by more than a day begins anew.
    fn advance(&mut self, now: i64) -> i64 {
        if now.saturating_add(DAY) < self.now {
            *self = Self::default();
        }
        self.now = self.now.max(now);
        self.now
    }

    /// Remembers a use, and returns whether there was room for it. Only keys that were not used
    /// within the last day are forgotten, which no one has been warned of today.
    fn remember(&mut self, ending: Ending, now: i64) -> bool {
        self.uses.retain(|_, last| last.is_recent(now));
        let has_room = self.uses.contains_key(&ending.key) || self.uses.len() < MAX_KEYS;
        if has_room {
            let key = ending.key.clone();
            self.uses.insert(key, Use { ending, at: now });
        }
        has_room
    }
}

impl Use {
    fn is_recent(&self, now: i64) -> bool {
        now.saturating_sub(self.at) < DAY
    }
}

fn day(at: i64) -> i64 {
    at.div_euclid(DAY)
}
