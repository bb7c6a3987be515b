//! Keys that are in use and end soon, against plain statements of what that means.

use std::collections::HashSet;

use owui_keygate::endings::{Ending, Endings, end_of};
use owui_keygate::limits::{Age, Limits, Presets};
use owui_keygate::policy::{Bypass, Principal, Times, User};
use owui_keygate::policy_file::PolicyFile;
use proptest::prelude::*;

const DAY: i64 = 86_400;
const NOON: i64 = 20_000 * DAY + DAY / 2;
const MOST: usize = 1024;

fn endings() -> Endings {
    Endings::new(Some(14 * DAY))
}

fn use_key(endings: &Endings, key: &str, now: i64) -> Option<Ending> {
    endings.note(key, Some("bot"), "user", i64::MAX, now)
}

/// When a key of a bypass with these ages ends.
fn end(age: Option<&str>, account: Option<&str>, times: impl Into<Option<Times>>) -> Option<i64> {
    let of_account = account.map(|age| format!("max_age = \"{age}\""));
    let text = format!(
        "[account.bot]\nuser = \"bot@example.org\"\n{}",
        of_account.unwrap_or_default()
    );
    let bypass = Bypass {
        on: true,
        limits: Limits {
            age: age.map(|text| Age::parse(text).unwrap()),
            ..Limits::default()
        },
        accounts: Some(PolicyFile::parse(&text, &Presets::new()).unwrap()),
    };
    let user = User {
        id: "id",
        email: "bot@example.org",
        role: "admin",
    };
    end_of(
        &bypass,
        &Principal {
            user,
            times: times.into(),
            permitted: None,
        },
    )
}

fn times(expires_at: Option<i64>, created_at: Option<i64>) -> Times {
    Times {
        expires_at,
        created_at,
    }
}

#[test]
fn a_key_ends_at_the_earliest_of_its_ends() {
    assert_eq!(end(None, None, times(None, Some(100))), None);
    assert_eq!(end(None, None, times(Some(500), Some(100))), Some(500));
    assert_eq!(end(Some("9s"), None, times(None, Some(100))), Some(109));
    assert_eq!(end(None, Some("9s"), times(None, Some(100))), Some(109));
    for (age, account, expires_at) in [("1s", "2s", 103), ("3s", "1s", 102), ("2s", "3s", 101)] {
        let found = end(Some(age), Some(account), times(Some(expires_at), Some(100)));
        assert_eq!(found, Some(101), "{age} {account} {expires_at}");
    }
    assert_eq!(
        end(Some("9s"), Some("9s"), times(None, None)),
        None,
        "no age"
    );
    assert_eq!(end(Some("9s"), None, None), None, "nothing is known");
    let far = times(None, Some(i64::MAX));
    assert_eq!(end(Some("9s"), None, far), Some(i64::MAX));
}

#[test]
fn an_end_is_soon_within_the_time_that_was_set() {
    let endings = endings();
    assert!(endings.is_soon(NOON + 14 * DAY, NOON));
    assert!(!endings.is_soon(NOON + 14 * DAY + 1, NOON));
    assert!(endings.is_soon(i64::MIN, i64::MAX) && !endings.is_soon(i64::MAX, i64::MIN));
    assert!(!Endings::new(None).is_soon(NOON, NOON), "never");
}

#[test]
fn a_warning_names_the_key_once_a_day() {
    let endings = endings();
    let warning = Ending {
        key: "0a1b2c3d".into(),
        account: Some("bot".into()),
        user: "user".into(),
        end: NOON + 2 * DAY,
    };
    let use_it = |now| endings.note("0a1b2c3d", Some("bot"), "user", NOON + 2 * DAY, now);
    assert_eq!(use_it(NOON), Some(warning.clone()));
    assert_eq!(use_it(NOON), None);
    assert_eq!(use_it(NOON + DAY / 2 - 1), None, "the last second of a day");
    assert_eq!(
        use_it(NOON + DAY / 2),
        Some(warning),
        "the first of the next"
    );
    assert!(use_key(&endings, "another", NOON + DAY / 2).is_some());
}

#[test]
fn a_request_that_was_overtaken_at_midnight_is_of_the_new_day() {
    let endings = endings();
    let midnight = NOON + DAY / 2;
    assert!(use_key(&endings, "a", midnight - 1).is_some());
    assert!(use_key(&endings, "a", midnight).is_some());
    assert!(use_key(&endings, "a", midnight - 1).is_none());
    assert!(use_key(&endings, "a", midnight).is_none());
}

#[test]
fn a_clock_that_is_set_back_begins_anew() {
    let endings = endings();
    assert!(use_key(&endings, "a", NOON).is_some());
    assert!(use_key(&endings, "a", NOON - DAY).is_none());
    assert!(use_key(&endings, "a", NOON - DAY - 1).is_some());
    assert!(use_key(&endings, "a", NOON - DAY - 1).is_none());
}

#[test]
fn listed_is_what_was_used_within_a_day_and_has_not_ended() {
    let endings = endings();
    let keys = |now| -> Vec<String> {
        let listed = endings.list(now).into_iter();
        listed.map(|ending| ending.key.into()).collect()
    };
    assert_eq!(keys(NOON), [""; 0]);
    let _ = endings.note("later", None, "user", NOON + 2 * DAY, NOON);
    let _ = endings.note("sooner", None, "user", NOON + 10, NOON);
    assert_eq!(keys(NOON), ["sooner", "later"]);
    assert_eq!(keys(NOON + 9), ["sooner", "later"]);
    assert_eq!(keys(NOON + 10), ["later"], "the other has ended");
    assert_eq!(keys(NOON + DAY - 1), ["later"]);
    assert_eq!(keys(NOON + DAY), [""; 0], "nobody uses it any more");
    let _ = endings.note("later", None, "user", NOON + 3 * DAY, NOON + 1);
    assert_eq!(endings.list(NOON + DAY)[0].end, NOON + 3 * DAY, "put off");
}

#[test]
fn too_many_keys_fill_neither_the_log_nor_the_memory() {
    let endings = endings();
    let keys: Vec<String> = (0..2 * MOST).map(|number| number.to_string()).collect();
    let warned = |now| {
        let used = keys
            .iter()
            .filter(|key| use_key(&endings, key, now).is_some());
        used.count()
    };
    assert_eq!(warned(NOON), MOST);
    assert_eq!(warned(NOON), 0);
    assert_eq!(endings.list(NOON).len(), MOST);
    assert!(
        use_key(&endings, "new", NOON + DAY - 1).is_none(),
        "there is no room yet"
    );
    assert!(
        use_key(&endings, "new", NOON + DAY).is_some(),
        "the others are forgotten"
    );
}

proptest! {
    #[test]
    fn a_key_is_warned_of_once_a_day_whatever_the_order(
        uses in prop::collection::vec((0..4_u8, 0..DAY / 3, 0..DAY), 1..80)
    ) {
        let endings = endings();
        let (mut clock, mut warned) = (NOON, HashSet::new());
        for (key, passed, late) in uses {
            clock += passed;
            // A request is judged some time after it has read the clock.
            let asked = clock - late;
            // Until a request of a new day is judged, it is the day before.
            let _ = use_key(&endings, "clock", clock);
            let is_first = warned.insert((key, clock.div_euclid(DAY)));
            prop_assert_eq!(use_key(&endings, &key.to_string(), asked).is_some(), is_first);
        }
    }

    #[test]
    fn no_day_has_two_warnings_of_a_key_and_the_memory_is_bounded(
        uses in prop::collection::vec((0..3_000_u16, 0..2_000_i64, 0..DAY), 1..3_000)
    ) {
        let endings = endings();
        let (mut clock, mut latest, mut warned) = (NOON, i64::MIN, HashSet::new());
        for (key, passed, late) in uses {
            clock += passed;
            let asked = clock - late;
            latest = latest.max(asked);
            if use_key(&endings, &key.to_string(), asked).is_some() {
                prop_assert!(warned.insert((key, latest.div_euclid(DAY))));
            }
        }
        prop_assert!(endings.list(latest).len() <= MOST);
    }
}
