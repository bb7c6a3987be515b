//! The settings: what they mean, and that nothing misunderstood widens access.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use crate::proxies::EVERYONE;
use owui_keygate::audit::Mode;
use owui_keygate::limits::Presets;
use owui_keygate::settings::{Settings, is_setting};
use proptest::prelude::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let environment: BTreeMap<String, String> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings::from_environment(&environment, &Presets::new())
}

#[test]
fn an_empty_environment_means_in_place_and_off() {
    let settings = settings(&[]);
    assert!(settings.enabled);
    assert!(!settings.strict);
    assert!(!settings.bypass.on);
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
        assert!(settings.bypass.on && settings.strict, "{on:?}");
    }
    for off in ["false", "False", "off", "OFF "] {
        let settings = settings(&[("ENABLE_ADMIN_API_KEY_BYPASS", off), ("OWUI_KEYGATE", off)]);
        assert!(!settings.bypass.on && !settings.enabled, "{off:?}");
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
            assert!(!settings.bypass.on, "{variable}={value:?}");
            assert_eq!(settings.problems.len(), 1);
            assert_eq!(
                settings.problems[0].to_string(),
                format!("{variable} is invalid: expected `true` or `false` (or unset it)")
            );
        }
    }
}

/// What is wrong with one more setting while the bypass is wanted.
fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    let bypass = [("ENABLE_ADMIN_API_KEY_BYPASS", "true")];
    let settings = settings(&[&bypass, pairs].concat());
    assert_eq!(settings.bypass.on, settings.problems.is_empty());
    settings.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_that_looks_like_a_setting_keeps_the_bypass_off_and_the_nearest_one_is_named() {
    for (name, nearest) in [
        (
            "ADMIN_API_KEYS_ALLOWED_ENDPOINTS",
            "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
        ),
        (
            "ADMIN_API_KEY_ALLOWED_NETWORK",
            "ADMIN_API_KEY_ALLOWED_NETWORKS",
        ),
        ("ADMIN_APIKEY_MAX_AGE", "ADMIN_API_KEY_MAX_AGE"),
        ("ADMIN_APIKEYS_BYPASS_USER", "ADMIN_API_KEY_BYPASS_USERS"),
        ("ADMIN_API_KEY_BYPASS", "ADMIN_API_KEY_BYPASS_USERS"),
        ("ADMIN_API_KEY_", "ADMIN_API_KEY_MAX_AGE"),
        (
            "ENABLE_ADMIN_API_KEYS_BYPASS",
            "ENABLE_ADMIN_API_KEY_BYPASS",
        ),
        ("ENABLE_ADMIN_APIKEY_BYPASS", "ENABLE_ADMIN_API_KEY_BYPASS"),
        ("ENABLE_ADMIN_KEY_BYPASS", "ENABLE_ADMIN_API_KEY_BYPASS"),
        ("OWUI_KEYGATE_STRCIT", "OWUI_KEYGATE_STRICT"),
        ("OWUI_KEYGATE_AUDITS", "OWUI_KEYGATE_AUDIT"),
        ("OWUI_KEYGATE_", "OWUI_KEYGATE"),
        // Settings of later versions are unknown to this one.
        ("ADMIN_API_KEY_POLICY_FILES", "ADMIN_API_KEY_POLICY_FILE"),
        // On Linux case makes another name, and so does what a careless file leaves around it.
        ("admin_api_key_max_age", "ADMIN_API_KEY_MAX_AGE"),
        ("Owui_Keygate", "OWUI_KEYGATE"),
        ("enable_admin_api_key_bypass", "ENABLE_ADMIN_API_KEY_BYPASS"),
    ] {
        for value in ["/api/models", "true", ""] {
            assert_eq!(
                problems(&[(name, value)]),
                [format!(
                    "{name} is not a setting of this version: did you mean {nearest}? Rename or unset it"
                )]
            );
        }
        assert!(is_setting(name), "{name}");
    }
    for spaced in [
        "ADMIN_API_KEY_MAX_AGE ",
        " ADMIN_API_KEY_MAX_AGE",
        "\tOWUI_KEYGATE_STRICT",
    ] {
        assert!(is_setting(spaced));
        let [told] = &problems(&[(spaced, "90d")])[..] else {
            panic!("one problem");
        };
        assert!(
            told.contains("\\u{20}") || told.contains("\\u{9}"),
            "{told}"
        );
    }
}

#[test]
fn a_mistyped_strict_is_not_strict() {
    let settings = settings(&[
        ("ENABLE_ADMIN_API_KEY_BYPASS", "true"),
        ("OWUI_KEYGATE_STRCIT", "true"),
    ]);
    assert!(!settings.strict && !settings.bypass.on);
}

#[test]
fn what_others_use_is_left_alone() {
    for name in [
        "ADMIN_API_KEY",
        "admin_api_key",
        "ADMIN_API_KEYS",
        "ADMIN_APIKEY",
        "MY_ADMIN_API_KEY_MAX_AGE",
        "ENABLE_ADMIN_EXPORT",
        "ENABLE_API_KEYS",
        "OWUI_KEYGATES",
        "OWUI",
        "OWUI_KEYGATE_SERVICE_HOST",
        "OWUI_KEYGATE_SERVICE_PORT",
        "OWUI_KEYGATE_SERVICE_PORT_HTTP",
        "OWUI_KEYGATE_PORT",
        "OWUI_KEYGATE_PORT_8080_TCP",
        "OWUI_KEYGATE_PORT_8080_TCP_ADDR",
        "OWUI_KEYGATE_PORT_8080_TCP_PORT",
        "OWUI_KEYGATE_PORT_8080_TCP_PROTO",
        "OWUI_KEYGATE_PORT_53_UDP_PROTO",
        "OWUI_KEYGATE_PORT_53_SCTP",
        "OWUI_KEYGATE_METRICS_SERVICE_HOST",
        "OWUI_KEYGATE_METRICS_2_PORT_80_TCP",
    ] {
        assert!(!is_setting(name), "{name}");
        assert_eq!(
            problems(&[(name, "tcp://10.0.0.1:80")]),
            Vec::<String>::new()
        );
    }
    for name in [
        "OWUI_KEYGATE_PORTS",
        "OWUI_KEYGATE_PORT_TCP",
        "OWUI_KEYGATE_PORT__TCP",
        "OWUI_KEYGATE_PORT_80_ICMP",
        "OWUI_KEYGATE_PORT_80_TCP_ADDRESS",
        "OWUI_KEYGATE_80_TCP",
        "OWUI_KEYGATE_SERVICE",
        "OWUI_KEYGATE_SERVICE_HOSTS",
        "owui_keygate_service_host",
        "OWUI_KEYGATE_X-PORT",
        "ADMIN_API_KEY_ALLOWED_PORT",
        "ADMIN_API_KEY_SERVICE_HOST",
    ] {
        assert_eq!(problems(&[(name, "")]).len(), 1, "{name}");
    }
}

#[test]
fn an_unknown_name_is_shown_in_part_and_cannot_forge_a_line() {
    let long = format!("ADMIN_API_KEY_{}", "X".repeat(100_000));
    let [told] = &problems(&[(&long, "secret")])[..] else {
        panic!("one problem");
    };
    assert!(told.starts_with(&format!("{}... is not", &long[..64])) && told.len() < 200);
    let sixty_four = &long[..64];
    assert!(problems(&[(sixty_four, "")])[0].starts_with(&format!("{sixty_four} is not")));
    let told = problems(&[("OWUI_KEYGATE_\nERROR\u{1b}[2K\u{202e}é", "secret")]);
    assert!(
        told[0].starts_with(r"OWUI_KEYGATE_\u{a}ERROR\u{1b}[2K\u{202e}\u{e9} is not"),
        "{told:?}"
    );
    assert!(!told[0].contains("secret"));
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
    let limits = &settings.bypass.limits;
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
    let limits = &settings.bypass.limits;
    assert!(limits.users.is_none() && limits.endpoints.is_none());
    assert!(limits.networks.is_none() && limits.age.is_none());
}

#[test]
fn a_limit_that_is_empty_or_wrong_keeps_the_bypass_off_and_says_what_is_expected() {
    for (variable, wrong, expected) in [
        (
            "ADMIN_API_KEY_BYPASS_USERS",
            "a@x,,",
            "at entry 2: expected a user's e-mail",
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
                    "{variable} is set but empty: unset it if you want no limit"
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
    for everyone in EVERYONE {
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
            ["OWUI_KEYGATE_AUDIT is invalid: expected `all`, `throttled` or `off` (or unset it)"]
        );
    }
}

/// A file of its own for a test, with this text.
fn policy_file(name: &str, text: &str) -> String {
    let file =
        std::env::temp_dir().join(format!("owui-keygate-{}-{name}.toml", std::process::id()));
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_policy_file_is_read_or_keeps_the_bypass_off() {
    let good = policy_file("good", "[account.x]\nuser = \"a@example.org\"\n");
    let on = ("ENABLE_ADMIN_API_KEY_BYPASS", "true");
    let read = settings(&[on, ("ADMIN_API_KEY_POLICY_FILE", &good)]);
    assert!(read.bypass.on && read.bypass.accounts.is_some());
    let told = read
        .report
        .iter()
        .find(|row| row.variable == "ADMIN_API_KEY_POLICY_FILE")
        .unwrap();
    assert_eq!(told.value, good);
    assert!(told.effect.contains("only to the accounts of the file"));

    let bad = policy_file("bad", "[account.x]\nuser = 1\nmax_age = 1\n");
    assert_eq!(
        problems(&[("ADMIN_API_KEY_POLICY_FILE", &bad)]),
        [format!(
            "ADMIN_API_KEY_POLICY_FILE is invalid: {bad}: line 2, column 8: expected a text in \
             quotation marks; and 1 more, see `owui-keygate policy check`"
        )]
    );
    for (value, reason) in [
        ("", "is set but empty: unset it if you want no policy file"),
        (
            "/no/such.toml",
            "names no file: expected the path of a TOML file",
        ),
        (
            "sk-0123456789abcdef0123",
            "names no file: expected the path of a TOML file",
        ),
    ] {
        let told = problems(&[("ADMIN_API_KEY_POLICY_FILE", value)]);
        assert_eq!(told, [format!("ADMIN_API_KEY_POLICY_FILE {reason}")]);
    }
    for file in [good, bad] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn networks_of_an_account_do_not_hold_while_the_host_believes_everyone() {
    let file = policy_file(
        "networks",
        "[account.x]\nuser = \"a@example.org\"\nnetworks = [\"10.0.0.0/8\"]\n",
    );
    let given = ("ADMIN_API_KEY_POLICY_FILE", file.as_str());
    let [told] = &problems(&[given])[..] else {
        panic!("one problem");
    };
    assert!(told.starts_with("ADMIN_API_KEY_POLICY_FILE has `networks`, which cannot be enforced"));
    assert!(problems(&[given, ("FORWARDED_ALLOW_IPS", "127.0.0.1")]).is_empty());
    std::fs::remove_file(file).unwrap();
}

#[test]
fn switched_off_altogether_there_is_no_bypass() {
    let settings = settings(&[
        ("ENABLE_ADMIN_API_KEY_BYPASS", "true"),
        ("OWUI_KEYGATE", "off"),
    ]);
    assert!(!settings.enabled && !settings.bypass.on);
}

#[test]
fn keys_are_warned_of_within_a_time_or_never() {
    let day = 86_400;
    for (text, within) in [
        ("30d", Some(30 * day)),
        (" 12H\n", Some(day / 2)),
        ("off", None),
        ("False", None),
    ] {
        let given = [("ADMIN_API_KEY_EXPIRY_WARNING", text)];
        assert_eq!(problems(&given), [""; 0], "{text:?}");
        assert_eq!(settings(&given).expiry_warning, within, "{text:?}");
    }
    assert_eq!(settings(&[]).expiry_warning, Some(14 * day));
    for text in ["", " ", "0s", "0", "14", "on", "none", "14 days"] {
        assert_eq!(
            problems(&[("ADMIN_API_KEY_EXPIRY_WARNING", text)]),
            [
                "ADMIN_API_KEY_EXPIRY_WARNING is invalid: expected a time such as `14d` or `12h`, \
                 or `off` (or unset it)"
            ],
            "{text:?}"
        );
    }
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
            "ENABLE_ADMIN_API_KEY_BYPASS=false false: Open WebUI's own rules apply to every API key",
            "OWUI_KEYGATE=true false: owui-keygate replaces Open WebUI's API-key check",
            "OWUI_KEYGATE_STRICT=false false: Open WebUI starts in any case",
            "OWUI_KEYGATE_AUDIT=throttled false: the log shows the first request per minute \
             for each user, method, path and outcome, and counts the rest",
            "ADMIN_API_KEY_EXPIRY_WARNING=14d false: the log warns once a day of each key that is \
             used and ends within this time",
        ]
    );
    assert_eq!(
        told(&[("ENABLE_ADMIN_API_KEY_BYPASS", "on")])[0],
        "ENABLE_ADMIN_API_KEY_BYPASS=true true: administrators' API keys bypass Open WebUI's \
         switch and endpoint list"
    );
    assert_eq!(
        told(&[
            ("ADMIN_API_KEY_MAX_AGE", "90"),
            ("ENABLE_ADMIN_API_KEY_BYPASS", "on"),
            ("OWUI_KEYGATE", "off"),
            ("OWUI_KEYGATE_AUDIT", "all"),
            ("OWUI_KEYGATE_STRICT", "true"),
            ("ADMIN_API_KEY_EXPIRY_WARNING", "off"),
        ]),
        [
            "ENABLE_ADMIN_API_KEY_BYPASS=true true: overridden by a setting below: the bypass stays off",
            "OWUI_KEYGATE=false true: owui-keygate does nothing at all",
            "OWUI_KEYGATE_STRICT=true true: Open WebUI refuses to start if owui-keygate is not \
             active or a setting is invalid",
            "OWUI_KEYGATE_AUDIT=all true: the log shows every request that uses the bypass or is \
             refused by a limit",
            "ADMIN_API_KEY_EXPIRY_WARNING=off true: nothing warns of keys that end soon",
            "ADMIN_API_KEY_MAX_AGE=refused true: the bypass stays off",
        ]
    );
}

#[test]
fn nothing_shows_a_credential_in_a_wrong_variable() {
    let body = "0123456789abcdef0123456789abcdef";
    for variable in [
        "ENABLE_ADMIN_API_KEY_BYPASS",
        "OWUI_KEYGATE",
        "OWUI_KEYGATE_STRICT",
        "OWUI_KEYGATE_AUDIT",
        "ADMIN_API_KEY_BYPASS_USERS",
        "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
        "ADMIN_API_KEY_ALLOWED_NETWORKS",
        "ADMIN_API_KEY_MAX_AGE",
        "ADMIN_API_KEY_X",
    ] {
        for value in [
            format!("sk-{body}"),
            format!("'sk-{body}'"),
            format!("Bearer sk-{body}"),
            format!("bot@example.org, sk-{body}"),
            format!("bot@example.org:sk-{body}"),
            format!("GET /api/models, /sk-{body}"),
            format!("/api/models;sk-{body}"),
            format!("eyJ{body}.eyJ{body}.{body}"),
            format!("/eyJ{body}.eyJ{body}.{body}"),
        ] {
            let settings = settings(&[
                ("ENABLE_ADMIN_API_KEY_BYPASS", "true"),
                ("FORWARDED_ALLOW_IPS", "127.0.0.1"),
                (variable, &value),
            ]);
            assert!(!settings.bypass.on, "{variable}={value}");
            let shown = serde_json::to_string(&settings).unwrap();
            assert!(!shown.contains(body), "{variable}={value}: {shown}");
        }
    }
}

#[test]
fn our_variables_are_told_from_others() {
    for name in [
        "ENABLE_ADMIN_API_KEY_BYPASS",
        "OWUI_KEYGATE",
        "OWUI_KEYGATE_STRICT",
        "ADMIN_API_KEY_X",
        "FORWARDED_ALLOW_IPS",
    ] {
        assert!(is_setting(name), "{name}");
    }
    assert!(!is_setting("PATH"));
}

/// How far two words are apart (Levenshtein), as the textbook says it.
fn edits(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = table[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
                replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1)
            };
        }
    }
    table[one.len()][other.len()]
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
        let settings = Settings::from_environment(&values, &Presets::new());
        if settings.bypass.on {
            prop_assert_eq!(settings.problems.len(), 0);
            prop_assert!(values.contains_key("ENABLE_ADMIN_API_KEY_BYPASS"));
            prop_assert!(!values.contains_key("ADMIN_API_KEY_MAX_AGE"));
        }
    }

    #[test]
    fn the_nearest_name_is_as_near_as_any(slip in "[A-Z_]{0,12}", place in 0..10_usize, cut in 0..6_usize) {
        let known = [
            "ENABLE_ADMIN_API_KEY_BYPASS",
            "OWUI_KEYGATE",
            "OWUI_KEYGATE_STRICT",
            "OWUI_KEYGATE_AUDIT",
            "ADMIN_API_KEY_BYPASS_USERS",
            "ADMIN_API_KEY_ALLOWED_ENDPOINTS",
            "ADMIN_API_KEY_ALLOWED_NETWORKS",
            "ADMIN_API_KEY_MAX_AGE",
            "ADMIN_API_KEY_POLICY_FILE",
            "ADMIN_API_KEY_EXPIRY_WARNING",
        ];
        let name = format!("{}{slip}", &known[place][..known[place].len().saturating_sub(cut).max(14).min(known[place].len())]);
        let told = problems(&[(&name, "")]);
        prop_assume!(!told.is_empty() && !known.contains(&&*name));
        let named = known.iter().find(|known| told[0].contains(&format!("did you mean {known}?"))).unwrap();
        let least = known.iter().map(|known| edits(&name, known)).min();
        prop_assert_eq!(Some(edits(&name, named)), least);
    }

    #[test]
    fn no_value_is_repeated(value in "[a-z]{12,20}") {
        let variables = ["ENABLE_ADMIN_API_KEY_BYPASS", "OWUI_KEYGATE", "ADMIN_API_KEY_MAX_AGE"];
        let settings = settings(&variables.map(|name| (name, value.as_str())));
        let printed = format!("{settings:?}");
        prop_assert!(!printed.contains(&value));
    }
}
