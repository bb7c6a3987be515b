//! What is counted and what is written down about decisions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

use crate::policy::Decision;

/// How long one record stands for all like it, in seconds.
const PERIOD: u64 = 60;
/// How many kinds of event are told apart within a period; what is beyond is all written down.
/// With the longest paths they take 8 MB.
const MAX_KINDS: usize = 4096;
/// How much of a path is kept, in characters: longer ones are one kind if they begin alike.
const MAX_PATH: usize = 512;

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

/// Events that are one to the reader: the same user, method, path and outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The user's id.
    pub user: Box<str>,
    /// The method.
    pub method: Box<str>,
    /// The path, cut after `MAX_PATH` characters.
    pub path: Box<str>,
    /// The outcome.
    pub decision: Decision,
}

/// Events of a kind that were left out since its record was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Their kind.
    pub kind: Kind,
    /// How many, at least one.
    pub count: u64,
}

/// Counts decisions, and says which to write down.
#[derive(Debug)]
pub struct Audit {
    mode: Mode,
    counters: [AtomicU64; Decision::ALL.len()],
    throttle: Mutex<Throttle>,
}

/// What was seen in one period.
#[derive(Debug, Default)]
struct Throttle {
    period: u64,
    /// How many of each kind were left out.
    seen: HashMap<Kind, u64>,
}

impl Audit {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            counters: Default::default(),
            throttle: Mutex::default(),
        }
    }

    /// Counts a decision.
    pub fn count(&self, decision: Decision) {
        self.counters[decision as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often each decision was counted.
    #[must_use]
    pub fn counts(&self) -> Vec<(Decision, u64)> {
        let loaded = self.counters.iter().map(|c| c.load(Ordering::Relaxed));
        Decision::ALL.into_iter().zip(loaded).collect()
    }

    /// What was left out in the minute before, if an event is to be written down; `None` where it is
    /// left out itself. Of a minute the first event is never left out.
    ///
    /// `now` is in seconds, of a clock that never goes back.
    #[must_use]
    pub fn admit(&self, event: Kind, now: u64) -> Option<Vec<LeftOut>> {
        match self.mode {
            Mode::All => Some(Vec::new()),
            Mode::Off => None,
            Mode::Throttled => {
                let mut throttle = self.throttle.lock();
                let left_out = throttle.enter(now / PERIOD);
                throttle.admit(event).then_some(left_out)
            }
        }
    }

    /// Returns what was left out and not yet told, as before the process ends.
    #[must_use]
    pub fn drain(&self) -> Vec<LeftOut> {
        self.throttle.lock().drain()
    }
}

impl Kind {
    /// The kind of an event.
    #[must_use]
    pub fn new(user: &str, method: &str, path: &str, decision: Decision) -> Self {
        Self {
            user: user.into(),
            method: method.into(),
            path: path.chars().take(MAX_PATH).collect(),
            decision,
        }
    }
}

impl Throttle {
    /// Begins another period, if it is another, and returns what was left out in the last.
    fn enter(&mut self, period: u64) -> Vec<LeftOut> {
        if period == self.period {
            return Vec::new();
        }
        self.period = period;
        self.drain()
    }

    fn drain(&mut self) -> Vec<LeftOut> {
        self.seen
            .drain()
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| LeftOut { kind, count })
            .collect()
    }

    fn admit(&mut self, event: Kind) -> bool {
        if let Some(count) = self.seen.get_mut(&event) {
            *count += 1;
            return false;
        }
        if self.seen.len() < MAX_KINDS {
            self.seen.insert(event, 0);
        }
        true
    }
}
