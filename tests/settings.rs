//! The settings: what they mean, and that nothing misunderstood widens access.

use std::collections::BTreeMap;

use owui_keygate::settings::{Settings, is_setting};
use proptest::prelude::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let environment: BTreeMap<String, String> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings::from_environment(&environment)
}

#[test]
fn an_empty_environment_means_in_place_and_off() {
    let settings = settings(&[]);
    assert!(settings.enabled);
    assert!(!settings.strict);
    assert!(!settings.bypass);
    assert!(settings.problems.is_empty());
    assert!(settings.report.iter().all(|row| !row.given));
}

#[test]
fn switches_take_true_on_false_and_off_in_any_case() {
    for on in ["true", "True", "TRUE", "on", " on\n"] {
        let settings = settings(&[
            ("ENABLE_ADMIN_API_KEY_BYPASS", on),
            ("OWUI_KEYGATE_STRICT", on),
        ]);
        assert!(settings.bypass && settings.strict, "{on:?}");
    }
    for off in ["false", "False", "off", "OFF "] {
        let settings = settings(&[("ENABLE_ADMIN_API_KEY_BYPASS", off), ("OWUI_KEYGATE", off)]);
        assert!(!settings.bypass && !settings.enabled, "{off:?}");
        assert!(settings.problems.is_empty(), "{off:?}");
    }
}

#[test]
fn a_switch_that_is_not_understood_keeps_the_bypass_off_and_is_named() {
    for variable in [
        "ENABLE_ADMIN_API_KEY_BYPASS",
        "OWUI_KEYGATE",
        "OWUI_KEYGATE_STRICT",
    ] {
        for value in ["maybe", "", " ", "1", "yes", "truе"] {
            let settings = settings(&[("ENABLE_ADMIN_API_KEY_BYPASS", "true"), (variable, value)]);
            assert!(!settings.bypass, "{variable}={value:?}");
            assert_eq!(settings.problems.len(), 1);
            assert_eq!(
                settings.problems[0].to_string(),
                format!("{variable} is not understood: expected `true` or `false` (or unset it)")
            );
        }
    }
}

#[test]
fn a_limit_this_version_does_not_enforce_keeps_the_bypass_off() {
    for variable in [
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
        "ADMIN_API_KEY_MAX_AGE",
        "ADMIN_API_KEY_TYPO",
    ] {
        for value in ["/api/models", ""] {
            let settings = settings(&[("ENABLE_ADMIN_API_KEY_BYPASS", "true"), (variable, value)]);
            assert!(!settings.bypass);
            assert_eq!(
                settings.problems[0].to_string(),
                format!("{variable} is set, but this version has no such limit: unset it")
            );
        }
    }
}

#[test]
fn switched_off_altogether_there_is_no_bypass() {
    let settings = settings(&[
        ("ENABLE_ADMIN_API_KEY_BYPASS", "true"),
        ("OWUI_KEYGATE", "off"),
    ]);
    assert!(!settings.enabled && !settings.bypass);
}

#[test]
fn the_report_tells_the_value_and_its_effect() {
    let told = |pairs: &[(&str, &str)]| -> Vec<String> {
        settings(pairs)
            .report
            .iter()
            .map(|row| {
                format!(
                    "{}={} {}: {}",
                    row.variable, row.value, row.given, row.effect
                )
            })
            .collect()
    };
    assert_eq!(
        told(&[]),
        [
            "ENABLE_ADMIN_API_KEY_BYPASS=false false: the host's rules hold for every API key",
            "OWUI_KEYGATE=true false: the extension takes the place of the host's API-key check",
            "OWUI_KEYGATE_STRICT=false false: the host starts in any case",
        ]
    );
    assert_eq!(
        told(&[("ENABLE_ADMIN_API_KEY_BYPASS", "on")])[0],
        "ENABLE_ADMIN_API_KEY_BYPASS=true true: administrators' API keys bypass the host's switch \
         and endpoint list"
    );
    assert_eq!(
        told(&[
            ("ADMIN_API_KEY_MAX_AGE", "90d"),
            ("ENABLE_ADMIN_API_KEY_BYPASS", "on"),
            ("OWUI_KEYGATE", "off"),
            ("OWUI_KEYGATE_STRICT", "true"),
        ]),
        [
            "ENABLE_ADMIN_API_KEY_BYPASS=true true: overruled by what follows: the bypass stays off",
            "OWUI_KEYGATE=false true: the extension does nothing at all",
            "OWUI_KEYGATE_STRICT=true true: the host refuses to start when the extension cannot \
             take its place or a setting is wrong",
            "ADMIN_API_KEY_MAX_AGE=refused true: the bypass stays off",
        ]
    );
}

#[test]
fn our_variables_are_told_from_others() {
    for name in [
        "ENABLE_ADMIN_API_KEY_BYPASS",
        "OWUI_KEYGATE",
        "OWUI_KEYGATE_STRICT",
        "ADMIN_API_KEY_X",
    ] {
        assert!(is_setting(name), "{name}");
    }

    for name in [
        "ENABLE_API_KEYS",
        "OWUI_KEYGATE_PORT",
        "OWUI_KEYGATE_SERVICE_HOST",
        "PATH",
    ] {
        assert!(!is_setting(name), "{name}");
    }
}

proptest! {
    #[test]
    fn the_bypass_needs_its_own_word_and_no_problem(
        values in prop::collection::btree_map(
            prop_oneof![
                Just("ENABLE_ADMIN_API_KEY_BYPASS"),
                Just("OWUI_KEYGATE"),
                Just("OWUI_KEYGATE_STRICT"),
                Just("ADMIN_API_KEY_MAX_AGE"),
            ].prop_map(str::to_owned),
            prop_oneof![Just("true".to_owned()), Just("false".to_owned()), any::<String>()],
            0..4,
        )
    ) {
        let settings = Settings::from_environment(&values);
        if settings.bypass {
            prop_assert_eq!(settings.problems.len(), 0);
            prop_assert!(values.contains_key("ENABLE_ADMIN_API_KEY_BYPASS"));
            prop_assert!(!values.contains_key("ADMIN_API_KEY_MAX_AGE"));
        }
    }

    #[test]
    fn no_value_is_repeated(value in "[a-z]{12,20}") {
        let variables = ["ENABLE_ADMIN_API_KEY_BYPASS", "OWUI_KEYGATE", "ADMIN_API_KEY_MAX_AGE"];
        let settings = settings(&variables.map(|name| (name, value.as_str())));
        let printed = format!("{settings:?}");
        prop_assert!(!printed.contains(&value));
    }
}
