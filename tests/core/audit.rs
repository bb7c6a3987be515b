//! What is counted and what is written down.

use owui_keygate::audit::{Audit, Event, Mode, Record};
use owui_keygate::policy::{Decision, Transport};

const CLIENT: Option<&str> = Some("192.0.2.1");

fn event(path: &str) -> Event<'_> {
    Event {
        decision: Decision::AllowBypass,
        user: Some("user"),
        key: "0a1b2c3d",
        method: "GET",
        path,
        client: CLIENT,
        transport: Transport::Bearer,
        account: None,
    }
}

/// The record of an event with that path.
fn record(path: &str) -> Record {
    Record {
        decision: Decision::AllowBypass,
        account: None,
        user: Some("user".into()),
        key: Some("0a1b2c3d".into()),
        method: Some("GET".into()),
        path: Some(path.into()),
        client: CLIENT.map(Into::into),
        transport: Some(Transport::Bearer),
        suppressed: None,
    }
}

/// The record of that many suppressed events with that path.
fn suppressed(path: &str, count: u64) -> Record {
    Record {
        transport: None,
        suppressed: Some(count),
        ..record(path)
    }
}

fn stranger<'a>(client: Option<&'a str>, path: &'a str) -> Event<'a> {
    Event {
        decision: Decision::UnknownKey,
        user: None,
        client,
        ..event(path)
    }
}

#[test]
fn decisions_are_counted_each_for_itself() {
    let audit = Audit::new(Mode::Off, []);
    audit.count(Decision::AllowBypass, None);
    audit.count(Decision::AllowBypass, None);
    audit.count(Decision::EndpointLimit, None);
    for (decision, count) in audit.counts() {
        let expected = match decision {
            Decision::AllowBypass => 2,
            Decision::EndpointLimit => 1,
            _ => 0,
        };
        assert_eq!(count, expected, "{decision:?}");
    }
    assert_eq!(audit.counts().len(), Decision::ALL.len());
}

#[test]
fn every_decision_has_its_own_counter() {
    for (index, decision) in Decision::ALL.into_iter().enumerate() {
        assert_eq!(decision as usize, index, "{decision:?}");
    }
}

#[test]
fn all_admits_all_and_off_none() {
    for _ in 0..3 {
        let all = Audit::new(Mode::All, []).admit(&event("/a"), 0);
        assert_eq!(all, [record("/a")]);
        assert_eq!(Audit::new(Mode::Off, []).admit(&event("/a"), 0), []);
    }
}

#[test]
fn throttled_admits_the_first_of_each_kind_in_a_minute_and_tells_how_many_more() {
    let audit = Audit::new(Mode::Throttled, []);
    assert_eq!(audit.admit(&event("/a"), 60), [record("/a")]);
    assert_eq!(audit.admit(&event("/a"), 60), []);
    assert_eq!(audit.admit(&event("/a"), 119), []);
    assert_eq!(audit.admit(&event("/b"), 119), [record("/b")]);
    assert_eq!(
        audit.admit(&event("/b"), 120),
        [suppressed("/a", 2), record("/b")],
        "and nothing of what was not suppressed"
    );
    assert_eq!(audit.admit(&event("/a"), 180), [record("/a")]);
}

#[test]
fn user_key_method_path_client_and_decision_make_a_kind() {
    let audit = Audit::new(Mode::Throttled, []);
    let first = event("/a");
    for differing in [
        first,
        Event {
            user: Some("another"),
            ..first
        },
        Event {
            key: "3d2c1b0a",
            ..first
        },
        Event {
            method: "PUT",
            ..first
        },
        event("/b"),
        Event {
            client: Some("192.0.2.2"),
            ..first
        },
        Event {
            client: None,
            ..first
        },
        Event {
            decision: Decision::NetworkLimit,
            ..first
        },
        Event {
            decision: Decision::AllowWithinLimits,
            ..first
        },
    ] {
        assert!(!audit.admit(&differing, 0).is_empty(), "{differing:?}");
        assert!(audit.admit(&differing, 0).is_empty(), "{differing:?}");
    }
}

#[test]
fn what_the_hosts_rules_alone_decide_is_never_written_down() {
    for mode in [Mode::All, Mode::Throttled, Mode::Off] {
        let audit = Audit::new(mode, []);
        for decision in Decision::ALL {
            let is_told = !matches!(
                decision,
                Decision::Allow
                    | Decision::KeysDisabled
                    | Decision::NotPermitted
                    | Decision::EndpointRefused
            );
            let found = Event {
                decision,
                ..event("/a")
            };
            let is_written = is_told && mode != Mode::Off;
            assert_eq!(audit.writes(decision), is_written, "{decision:?}");
            assert_eq!(
                !audit.admit(&found, 0).is_empty(),
                is_written,
                "{decision:?}"
            );
        }
    }
}

#[test]
fn unknown_keys_are_told_apart_by_their_client_alone() {
    let audit = Audit::new(Mode::Throttled, []);
    assert!(!audit.admit(&stranger(CLIENT, "/a"), 0).is_empty());
    assert!(audit.admit(&stranger(CLIENT, "/b"), 0).is_empty());
    assert!(!audit.admit(&stranger(None, "/b"), 0).is_empty());
    let long = "x".repeat(64);
    let longer = "x".repeat(65);
    assert!(!audit.admit(&stranger(Some(&long), "/"), 0).is_empty());
    assert!(audit.admit(&stranger(Some(&longer), "/"), 0).is_empty());
}

#[test]
fn many_strangers_fill_neither_the_log_nor_the_memory_and_do_not_push_others_out() {
    let audit = Audit::new(Mode::Throttled, []);
    let clients: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    let admitted = clients
        .iter()
        .filter(|client| !audit.admit(&stranger(Some(client), "/"), 0).is_empty())
        .count();
    assert_eq!(admitted, 1_024);
    assert!(!audit.admit(&event("/a"), 0).is_empty());
    assert!(audit.admit(&event("/a"), 0).is_empty());
    let mut told = audit.drain();
    told.sort_by_key(|record| record.suppressed);
    let strangers = Record {
        decision: Decision::UnknownKey,
        account: None,
        user: None,
        key: None,
        method: None,
        path: None,
        client: None,
        transport: None,
        suppressed: Some(2_000 - 1_024),
    };
    assert_eq!(told, [suppressed("/a", 1), strangers]);
    assert_eq!(audit.drain(), []);
}

#[test]
fn what_is_suppressed_is_not_lost_at_the_end() {
    let audit = Audit::new(Mode::Throttled, []);
    let _ = audit.admit(&event("/a"), 0);
    assert_eq!(audit.drain(), []);
    let _ = audit.admit(&event("/a"), 0);
    let _ = audit.admit(&event("/a"), 0);
    assert_eq!(
        audit.drain(),
        [suppressed("/a", 1)],
        "after the first drain"
    );
}

#[test]
fn long_paths_are_one_kind_and_many_paths_are_all_written_down() {
    let audit = Audit::new(Mode::Throttled, []);
    let long = "/é".repeat(10_000);
    assert!(!audit.admit(&event(&long), 0).is_empty());
    assert!(audit.admit(&event(&format!("{long}x")), 0).is_empty());
    for number in 0..5_000 {
        assert!(!audit.admit(&event(&number.to_string()), 0).is_empty());
    }
    assert!(
        audit.admit(&event("4094"), 0).is_empty(),
        "4096 are known with the long one, and suppressed"
    );
    assert!(
        !audit.admit(&event("4095"), 0).is_empty(),
        "what is beyond is written down"
    );
}

#[test]
fn a_record_says_in_a_word_what_happened() {
    let audit = Audit::new(Mode::All, []);
    for (decision, word) in [
        (Decision::AllowBypass, "bypass"),
        (Decision::AllowWithinLimits, "allowed"),
        (Decision::UnknownKey, "unknown key"),
        (Decision::NetworkLimit, "refused"),
        (Decision::ExpiredKey, "refused"),
    ] {
        let found = Event {
            decision,
            ..event("/a")
        };
        assert_eq!(audit.admit(&found, 0)[0].event(), word);
    }
}

#[test]
fn decisions_about_an_account_are_counted_for_it_too() {
    let audit = Audit::new(Mode::Off, ["prometheus", "terraform"]);
    audit.count(Decision::AllowBypass, Some("terraform"));
    audit.count(Decision::AllowBypass, None);
    audit.count(Decision::AccountAgeLimit, Some("no such account"));
    let of = |counts: Vec<(Decision, u64)>, decision| {
        let (_, count) = counts
            .into_iter()
            .find(|(each, _)| *each == decision)
            .unwrap();
        count
    };
    assert_eq!(of(audit.counts(), Decision::AllowBypass), 2);
    assert_eq!(of(audit.counts(), Decision::AccountAgeLimit), 1);
    let by_account: Vec<_> = audit
        .counts_by_account()
        .into_iter()
        .map(|(name, counts)| (name, of(counts, Decision::AllowBypass)))
        .collect();
    let everybody = [(None, 1), (Some("prometheus"), 0), (Some("terraform"), 1)];
    assert_eq!(by_account, everybody);
}

#[test]
fn a_record_names_the_account_also_of_what_was_suppressed() {
    let audit = Audit::new(Mode::Throttled, []);
    let found = Event {
        account: Some("terraform"),
        ..event("/a")
    };
    let [record] = &audit.admit(&found, 0)[..] else {
        panic!("one record");
    };
    assert_eq!(record.account.as_deref(), Some("terraform"));
    assert_eq!(audit.admit(&found, 0), []);
    assert_eq!(audit.drain()[0].account.as_deref(), Some("terraform"));
}
