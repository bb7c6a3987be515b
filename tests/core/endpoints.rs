//! The endpoint list against a plain statement of the host's rule.

use owui_keygate::endpoints::Allowlist;
use proptest::prelude::*;

/// The rule as a sentence: some trimmed, non-empty entry equals the path or, with a slash behind
/// it, begins the path.
fn covered(text: &str, path: &str) -> bool {
    text.split(',')
        .map(|entry| {
            entry.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
        })
        .any(|entry| !entry.is_empty() && (path == entry || path.starts_with(&format!("{entry}/"))))
}

#[test]
fn a_rule_covers_itself_and_what_is_below_it() {
    let list = Allowlist::parse("/api/models, /api/v1/users");
    for path in [
        "/api/models",
        "/api/models/",
        "/api/models/x",
        "/api/models//",
        "/api/v1/users/a/b",
    ] {
        assert!(list.allows(path), "{path}");
    }
    for path in [
        "",
        "/",
        "/api",
        "/api/modelsx",
        "//api/models",
        "/API/models",
        "/api/v1",
        "/x/api/models",
    ] {
        assert!(!list.allows(path), "{path}");
    }
}

#[test]
fn nothing_in_the_path_is_normalised() {
    let list = Allowlist::parse("/api/models");
    assert!(
        list.allows("/api/models/../v1/users/"),
        "the host reads it as below /api/models"
    );
    assert!(!list.allows("/api/./models"));
    assert!(!list.allows("/api%2Fmodels"));
}

#[test]
fn a_list_without_rules_covers_nothing() {
    for text in ["", ",", " , ,\t", "\u{1c},\u{1f}"] {
        assert!(!Allowlist::parse(text).allows("/api/models"), "{text:?}");
        assert!(!Allowlist::parse(text).allows(""), "{text:?}");
    }
}

#[test]
fn python_drops_the_information_separators_around_a_rule() {
    assert!(Allowlist::parse("\u{1c}/a\u{1f}").allows("/a"));
}

#[test]
fn a_rule_of_very_many_segments_neither_recurses_nor_matches_less() {
    let deep = "/a".repeat(200_000);
    let list = Allowlist::parse(&deep);
    assert!(list.allows(&deep));
    assert!(list.allows(&format!("{deep}/b")));
    assert!(!list.allows(&deep[..deep.len() - 2]));
}

proptest! {
    #[test]
    fn equals_the_plain_statement(
        text in "[/ab, \u{1c}\u{a0}]{0,40}",
        path in "[/ab ]{0,20}",
    ) {
        prop_assert_eq!(Allowlist::parse(&text).allows(&path), covered(&text, &path));
    }

    #[test]
    fn equals_the_plain_statement_on_any_text(text in any::<String>(), path in any::<String>()) {
        prop_assert_eq!(Allowlist::parse(&text).allows(&path), covered(&text, &path));
    }
}
