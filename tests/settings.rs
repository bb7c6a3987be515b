//! The settings: what they mean, and that nothing misunderstood widens access.

use std::collections::BTreeMap;

use owui_keygate::audit::Mode;
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

/// What is wrong with one more setting while the bypass is wanted.
fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    let bypass = [("ENABLE_ADMIN_API_KEY_BYPASS", "true")];
    let settings = settings(&[&bypass, pairs].concat());
    assert_eq!(settings.bypass, settings.problems.is_empty());
    assert_eq!(settings.regime.bypass, settings.bypass);
    settings.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_limit_this_version_does_not_enforce_keeps_the_bypass_off() {
    for variable in ["ADMIN_API_KEY_TYPO", "ADMIN_API_KEY_"] {
        for value in ["/api/models", ""] {
            assert_eq!(
                problems(&[(variable, value)]),
                [format!(
                    "{variable} is set, but this version has no such limit: unset it"
                )]
            );
        }
    }
}

#[test]
fn limits_that_are_understood_are_in_effect() {
    let given = [
        ("ADMIN_API_KEY_BYPASS_USERS", "bot@example.org"),
        ("ADMIN_API_KEY_ALLOWED_ENDPOINTS", "GET /api/models"),
        ("ADMIN_API_KEY_ALLOWED_NETWORKS", "10.0.0.0/8"),
        ("ADMIN_API_KEY_MAX_AGE", "90d"),
        ("FORWARDED_ALLOW_IPS", "127.0.0.1"),
    ];
    assert_eq!(problems(&given), Vec::<String>::new());
    let settings = settings(&given);
    let limits = &settings.regime.limits;
    assert!(limits.users.as_ref().unwrap().names("", "bot@example.org"));
    assert!(
        limits
            .endpoints
            .as_ref()
            .unwrap()
            .cover("GET", "/api/models")
    );
    assert!(limits.networks.as_ref().unwrap().contain("10.1.1.1"));
    assert_eq!(limits.age.unwrap().seconds(), 90 * 86_400);
    for (variable, value) in &given[..4] {
        let row = settings
            .report
            .iter()
            .find(|row| row.variable == *variable)
            .unwrap();
        assert_eq!((row.value.as_str(), row.given), (*value, true));
    }
}

#[test]
fn without_limits_there_are_none() {
    let settings = settings(&[("ENABLE_ADMIN_API_KEY_BYPASS", "true")]);
    let limits = &settings.regime.limits;
    assert!(limits.users.is_none() && limits.endpoints.is_none());
    assert!(limits.networks.is_none() && limits.age.is_none());
}

#[test]
fn a_limit_that_is_empty_or_wrong_keeps_the_bypass_off_and_says_what_is_expected() {
    for (variable, wrong, expected) in [
        (
            "ADMIN_API_KEY_BYPASS_USERS",
            "a@x,,",
            "at entry 2: expected the e-mail",
        ),
        (
            "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
            "/a,b",
            "at entry 2: expected `[METHOD",
        ),
        (
            "ADMIN_API_KEY_ALLOWED_NETWORKS",
            "10.0.0.1/8",
            "at entry 1: expected a network with",
        ),
        (
            "ADMIN_API_KEY_MAX_AGE",
            "91",
            "expected a whole number from 1",
        ),
    ] {
        let proxies = ("FORWARDED_ALLOW_IPS", "127.0.0.1");
        for empty in ["", " ", "\n"] {
            assert_eq!(
                problems(&[(variable, empty), proxies]),
                [format!(
                    "{variable} is set but empty: unset it to mean no limit"
                )]
            );
        }
        let [told] = &problems(&[(variable, wrong), proxies])[..] else {
            panic!("one problem");
        };
        assert!(
            told.starts_with(variable) && told.contains(expected),
            "{told}"
        );
        assert!(!told.contains(wrong), "{told}");
    }
}

#[test]
fn networks_do_not_hold_while_the_host_believes_everyone() {
    let networks = ("ADMIN_API_KEY_ALLOWED_NETWORKS", "10.0.0.0/8");
    for everyone in [
        "*",
        " * ",
        "127.0.0.1,*",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1, ::/0",
        "0.0.0.0/0.0.0.0",
        "0.0.0.0/000",
        "::/0000",
    ] {
        let [told] = &problems(&[networks, ("FORWARDED_ALLOW_IPS", everyone)])[..] else {
            panic!("one problem: {everyone}");
        };
        assert!(told.contains("X-Forwarded-For") && told.contains("set FORWARDED_ALLOW_IPS"));
    }
    assert_eq!(problems(&[networks]).len(), 1, "unset means everyone");
    for some in [
        "127.0.0.1",
        "",
        "10.0.0.0/8,::1",
        "10.0.0.0/255.0.0.0",
        "unix",
    ] {
        assert_eq!(
            problems(&[networks, ("FORWARDED_ALLOW_IPS", some)]).len(),
            0,
            "{some}"
        );
    }
    assert_eq!(
        problems(&[("FORWARDED_ALLOW_IPS", "*")]).len(),
        0,
        "no networks, no matter"
    );
    let refused = settings(&[networks])
        .report
        .into_iter()
        .filter(|row| row.variable == networks.0);
    assert_eq!(
        refused.map(|row| row.value).collect::<Vec<_>>(),
        ["refused"]
    );
}

#[test]
fn the_audit_is_all_throttled_or_off() {
    for (text, mode) in [
        ("all", Mode::All),
        ("Throttled", Mode::Throttled),
        (" off ", Mode::Off),
        ("false", Mode::Off),
    ] {
        assert_eq!(
            settings(&[("OWUI_KEYGATE_AUDIT", text)]).audit,
            mode,
            "{text:?}"
        );
    }
    assert_eq!(settings(&[]).audit, Mode::Throttled);
    for text in ["", "true", "on", "none"] {
        assert_eq!(
            problems(&[("OWUI_KEYGATE_AUDIT", text)]),
            [
                "OWUI_KEYGATE_AUDIT is not understood: expected `all`, `throttled` or `off` (or unset it)"
            ]
        );
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
            "OWUI_KEYGATE_AUDIT=throttled false: the log has the first of each user, method, path \
             and outcome in a minute, and how many more there were",
        ]
    );
    assert_eq!(
        told(&[("ENABLE_ADMIN_API_KEY_BYPASS", "on")])[0],
        "ENABLE_ADMIN_API_KEY_BYPASS=true true: administrators' API keys bypass the host's switch \
         and endpoint list"
    );
    assert_eq!(
        told(&[
            ("ADMIN_API_KEY_MAX_AGE", "90"),
            ("ENABLE_ADMIN_API_KEY_BYPASS", "on"),
            ("OWUI_KEYGATE", "off"),
            ("OWUI_KEYGATE_AUDIT", "all"),
            ("OWUI_KEYGATE_STRICT", "true"),
        ]),
        [
            "ENABLE_ADMIN_API_KEY_BYPASS=true true: overruled by what follows: the bypass stays off",
            "OWUI_KEYGATE=false true: the extension does nothing at all",
            "OWUI_KEYGATE_STRICT=true true: the host refuses to start when the extension cannot \
             take its place or a setting is wrong",
            "OWUI_KEYGATE_AUDIT=all true: the log has every request that bypasses or is refused by \
             a limit",
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
