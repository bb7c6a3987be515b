//! What is counted and what is written down.

use owui_keygate::audit::{Audit, Kind, LeftOut, Mode};
use owui_keygate::policy::Decision;

fn kind(path: &str) -> Kind {
    Kind::new("user", "GET", path, Decision::AllowBypass)
}

#[test]
fn decisions_are_counted_each_for_itself() {
    let audit = Audit::new(Mode::Off);
    audit.count(Decision::AllowBypass);
    audit.count(Decision::AllowBypass);
    audit.count(Decision::EndpointLimit);
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
        assert_eq!(Audit::new(Mode::All).admit(kind("/a"), 0), Some(vec![]));
        assert_eq!(Audit::new(Mode::Off).admit(kind("/a"), 0), None);
    }
}

#[test]
fn throttled_admits_the_first_of_each_kind_in_a_minute_and_tells_how_many_more() {
    let audit = Audit::new(Mode::Throttled);
    assert_eq!(audit.admit(kind("/a"), 60), Some(vec![]));
    assert_eq!(audit.admit(kind("/a"), 60), None);
    assert_eq!(audit.admit(kind("/a"), 119), None);
    assert_eq!(audit.admit(kind("/b"), 119), Some(vec![]));
    let expected = LeftOut {
        kind: kind("/a"),
        count: 2,
    };
    let left_out = audit.admit(kind("/b"), 120);
    assert_eq!(
        left_out,
        Some(vec![expected]),
        "and nothing of what was not left out"
    );
    assert_eq!(audit.admit(kind("/a"), 180), Some(vec![]));
}

#[test]
fn user_method_path_and_decision_make_a_kind() {
    let audit = Audit::new(Mode::Throttled);
    for event in [
        Kind::new("u", "GET", "/a", Decision::AllowBypass),
        Kind::new("v", "GET", "/a", Decision::AllowBypass),
        Kind::new("u", "PUT", "/a", Decision::AllowBypass),
        Kind::new("u", "GET", "/b", Decision::AllowBypass),
        Kind::new("u", "GET", "/a", Decision::NetworkLimit),
    ] {
        assert!(audit.admit(event, 0).is_some());
    }
}

#[test]
fn what_is_left_out_is_not_lost_at_the_end() {
    let audit = Audit::new(Mode::Throttled);
    let _ = audit.admit(kind("/a"), 0);
    assert_eq!(audit.drain(), []);
    let _ = audit.admit(kind("/a"), 0);
    let _ = audit.admit(kind("/a"), 0);
    let [LeftOut { count: 1, .. }] = audit.drain()[..] else {
        panic!("what came after the first drain");
    };
}

#[test]
fn long_paths_are_one_kind_and_many_paths_are_all_written_down() {
    let audit = Audit::new(Mode::Throttled);
    let long = "/é".repeat(10_000);
    assert!(audit.admit(kind(&long), 0).is_some());
    assert!(audit.admit(kind(&format!("{long}x")), 0).is_none());
    for number in 0..5_000 {
        assert!(audit.admit(kind(&number.to_string()), 0).is_some());
    }
    assert!(
        audit.admit(kind("4094"), 0).is_none(),
        "4096 are known with the long one, and left out"
    );
    assert!(
        audit.admit(kind("4095"), 0).is_some(),
        "what is beyond is written down"
    );
}
