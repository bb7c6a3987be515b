//! The limits against plain statements of what they mean.

use std::net::IpAddr;

use owui_keygate::limits::{Age, Endpoints, Misread, Networks, Presets, UserName, Users};
use proptest::prelude::*;

fn place<T: std::fmt::Debug>(result: Result<T, Misread>) -> Option<usize> {
    result.expect_err("is refused").entry
}

#[test]
fn an_age_is_a_whole_number_and_a_unit() {
    for (text, seconds) in [
        ("90d", 90 * 86_400),
        ("12h", 12 * 3_600),
        ("30m", 1_800),
        ("45s", 45),
        (" 1s\n", 1),
        ("007d", 7 * 86_400),
        ("999999d", 999_999 * 86_400),
    ] {
        assert_eq!(Age::parse(text).map(Age::seconds), Ok(seconds), "{text:?}");
    }
    for text in [
        "",
        "d",
        "90",
        "90 d",
        "-1d",
        "+1d",
        "1.5h",
        "0d",
        "90D",
        "1w",
        "1d12h",
        "９d",
        "1é",
        "1000000s",
        "9223372036854775807d",
        "99999999999999999999s",
    ] {
        assert_eq!(place(Age::parse(text)), None, "{text:?}");
    }
}

#[test]
fn an_age_covers_its_last_second_and_nothing_unknown() {
    let age = Age::parse("10s").unwrap();
    assert!(age.covers(Some(100), 100));
    assert!(age.covers(Some(100), 110));
    assert!(!age.covers(Some(100), 111));
    assert!(age.covers(Some(100), 99), "made by a clock ahead of ours");
    assert!(!age.covers(None, 100));
    assert!(!age.covers(Some(i64::MIN), i64::MAX));
}

#[test]
fn users_are_named_by_e_mail_in_any_case_or_by_id() {
    let id = "9d2f6c1e-5b8a-4f0e-9a52-0d3c7c1f2a6b";
    let users = Users::parse(&format!("Bot@Example.org, {id}")).unwrap();
    assert!(users.names("x", "bot@example.org"));
    assert!(users.names("x", "BOT@EXAMPLE.ORG"));
    assert!(users.names(id, "x"));
    assert!(!users.names(&id.to_uppercase(), "x"));
    assert!(!users.names("x", "bot@example.or"));
    assert!(!users.names("bot@example.org", id), "each in its place");
    assert!(!users.names("", ""));
    let kelvin = Users::parse("k@x").unwrap();
    assert!(!kelvin.names("", "\u{212a}@x"), "the Kelvin sign is no K");
}

#[test]
fn a_user_without_a_name_is_refused() {
    assert_eq!(place(Users::parse("a@x,,b@x")), Some(2));
    assert_eq!(place(Users::parse("a@x b@x")), Some(1));
    assert_eq!(place(Users::parse("a@x,")), Some(2));
    assert_eq!(
        place(UserName::parse("a@x b@x")),
        None,
        "one name has no place"
    );
}

#[test]
fn what_is_neither_e_mail_nor_id_is_refused_at_its_place() {
    for text in [
        "sk-0123456789abcdef0123456789abcdef",
        "\"sk-0123456789abcdef0123456789abcdef\"",
        "'sk-0123456789abcdef0123456789abcdef'",
        "Bearer sk-0123456789abcdef0123456789abcdef",
        "sk-",
        "0123456789abcdef0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl",
        "hunter2",
        "bot@example.org:hunter2",
        "https://bot:hunter2@example.org",
        "bot@example.org=sk-0123456789abcdef",
        "bot@example.org/SK-0123456789abcdef",
        "sk-0123456789abcdef@example.org",
        "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ@x",
        "a@b@c",
        "@x",
        "a@",
        "\"a\"@x",
        "9d2f6c1e-5b8a-4f0e-9a52-0d3c7c1f2a6",
        "9d2f6c1e-5b8a-4f0e-9a52-0d3c7c1f2a6bc",
        "9d2f6c1ex5b8a-4f0e-9a52-0d3c7c1f2a6b",
        "9d2f6c1e-5b8a-4f0e-9a52-0d3c7c1f2a6g",
        "sk-d2f6c1e5b8a-4f0e-9a52-0d3c7c1f2a6",
    ] {
        let misread = Users::parse(&format!("a@x, {text}")).expect_err(text);
        assert_eq!(misread.entry, Some(2), "{text}");
        assert!(!misread.to_string().contains("0123456789"), "{misread}");
    }
    for text in [
        "sk-team@example.org",
        "o'brien@example.org",
        "admin@localhost",
        "oidc@auth0|42.local",
        "müller@exämple.org",
        "task-automation-of-team-1@example.org",
    ] {
        assert!(Users::parse(text).unwrap().names("", text), "{text}");
    }
}

#[test]
fn a_path_that_looks_like_a_credential_is_refused() {
    for text in [
        "/sk-0123456789abcdef",
        "GET /a/Sk-0123456789abcdef/b",
        "SK-0123456789ABCDEF /a",
        "/eyJhbGciOiJIUzI1NiJ9",
        "/a;token=eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl",
    ] {
        let misread = Endpoints::parse(&format!("/ok, {text}")).expect_err(text);
        assert_eq!(misread.entry, Some(2), "{text}");
        assert!(misread.to_string().contains("revoke it"), "{misread}");
    }
    for text in [
        "/locales/sk-SK",
        "/sk-team",
        "/task-01234567890123456789",
        "/eyJ",
        "/sk-abcdefghijklmnopq",
    ] {
        assert!(Endpoints::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn networks_are_cidr_of_both_families() {
    let networks = Networks::parse("10.20.0.0/16, 2001:db8::/32,192.0.2.7").unwrap();
    for client in [
        "10.20.0.0",
        "10.20.255.255",
        "2001:db8:ffff::1",
        "192.0.2.7",
        "::ffff:10.20.3.4",
    ] {
        assert!(networks.contain(client), "{client}");
    }
    for client in [
        "10.21.0.0",
        "10.19.255.255",
        "2001:db9::",
        "192.0.2.8",
        "::ffff:10.21.0.0",
        "::10.20.0.1",
        "",
        "testclient",
        "10.20.0.1:80",
        "[2001:db8::1]",
        "10.20.0",
        "010.20.0.1",
        "unix:",
    ] {
        assert!(!networks.contain(client), "{client}");
    }
}

#[test]
fn all_of_one_family_is_nothing_of_the_other() {
    let six = Networks::parse("::/0").unwrap();
    assert!(
        six.contain("2001:db8::1") && !six.contain("10.0.0.1") && !six.contain("::ffff:10.0.0.1")
    );
    let four = Networks::parse("0.0.0.0/0").unwrap();
    assert!(
        !four.contain("2001:db8::1") && four.contain("10.0.0.1") && four.contain("::ffff:10.0.0.1")
    );
    let mapped = Networks::parse("::ffff:10.0.0.0/104").unwrap();
    assert!(
        mapped.contain("10.9.9.9")
            && mapped.contain("::ffff:10.9.9.9")
            && !mapped.contain("11.0.0.0")
    );
}

#[test]
fn what_is_no_network_is_refused_at_its_place() {
    for text in [
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0.0/8;",
        "localhost",
        "*",
        "",
        "10.0.0.0/-1",
        "fe80::1%eth0",
        "10.0.0.0 /8",
        "010.0.0.0/8",
        "::ffff:010.0.0.0/104",
        "10.0.0.0/08",
        "010.0.0.0",
    ] {
        assert_eq!(
            place(Networks::parse(&format!("::1, {text}"))),
            Some(2),
            "{text:?}"
        );
    }
}

#[test]
fn an_endpoint_covers_itself_and_what_is_below_it() {
    let list = Endpoints::parse("/api/models, GET|POST /api/v1/users").unwrap();
    for (method, path) in [
        ("DELETE", "/api/models"),
        ("GET", "/api/models/"),
        ("GET", "/api/models/x/y"),
        ("GET", "/api/v1/users"),
        ("HEAD", "/api/v1/users/x"),
        ("POST", "/api/v1/users/"),
    ] {
        assert!(list.cover(method, path), "{method} {path}");
    }
    for (method, path) in [
        ("GET", "/api"),
        ("GET", "/api/modelsx"),
        ("GET", "/API/models"),
        ("DELETE", "/api/v1/users"),
        ("get", "/api/v1/users"),
        ("", "/api/v1/users"),
        ("GET", ""),
        ("GET", "/"),
    ] {
        assert!(!list.cover(method, path), "{method} {path}");
    }
}

#[test]
fn only_get_covers_head() {
    let list = Endpoints::parse("POST /a, HEAD /b").unwrap();
    assert!(!list.cover("HEAD", "/a"));
    assert!(list.cover("HEAD", "/b") && !list.cover("GET", "/b"));
}

#[test]
fn methods_of_one_path_add_up() {
    let list = Endpoints::parse("GET /a, PUT /a, /a/b").unwrap();
    assert!(list.cover("PUT", "/a") && list.cover("GET", "/a") && !list.cover("PATCH", "/a"));
    assert!(list.cover("PATCH", "/a/b"));
}

#[test]
fn a_name_in_braces_is_exactly_one_segment() {
    let list = Endpoints::parse("POST /chats/{id}/messages/{message_id}/event").unwrap();
    assert!(list.cover("POST", "/chats/1/messages/2/event"));
    assert!(list.cover("POST", "/chats/1/messages/2/event/below"));
    for path in [
        "/chats/1/messages/event",
        "/chats//messages/2/event",
        "/chats/1/2/messages/2/event",
        "/chats/../messages/2/event",
        "/chats/..;x/messages/2/event",
        "/chats/%2e%2e/messages/2/event",
        "/chats/a\\b/messages/2/event",
        "/chats/{id}/messages/2",
    ] {
        assert!(!list.cover("POST", path), "{path}");
    }
    let both = Endpoints::parse("/a/{x}/c, /a/b").unwrap();
    assert!(
        both.cover("GET", "/a/b/d") && both.cover("GET", "/a/d/c") && both.cover("GET", "/a/b")
    );
    assert!(!both.cover("GET", "/a/d"));
    assert!(list.reach(Some("POST"), "/chats/{}/messages/{}/event"));
    assert!(list.reach(Some("POST"), "/chats/1/{:path}"));
    assert!(!list.reach(Some("POST"), "/chats/{}/messages"));
}

#[test]
fn a_dollar_ends_a_path() {
    let list = Endpoints::parse("GET /api/models$, /api/v1/users/{id}$, /$").unwrap();
    for path in ["/api/models", "/api/v1/users/1", "/"] {
        assert!(list.cover("GET", path), "{path}");
    }
    for path in [
        "/api/models/",
        "/api/models/1",
        "/api/v1/users/1/2",
        "/a",
        "/api",
    ] {
        assert!(!list.cover("GET", path), "{path}");
    }
    assert!(!list.cover("POST", "/api/models"));
    assert!(list.reach(Some("GET"), "/api/models") && !list.reach(Some("GET"), "/api/models/{}"));
    let added = Endpoints::parse("GET /a$, POST /a").unwrap();
    assert!(added.cover("GET", "/a") && added.cover("POST", "/a/b") && !added.cover("GET", "/a/b"));
    let literal = Endpoints::parse("/a$b").unwrap();
    assert!(literal.cover("GET", "/a$b/c"));
}

#[test]
fn braces_that_are_no_whole_segment_are_refused() {
    for entry in [
        "/a/{id",
        "/a/id}",
        "/a/x{id}",
        "/a/{}",
        "/a/{1}",
        "/a/{a-b}",
        "/a/{path:path}",
        "/{a}{b}",
    ] {
        let refused = Endpoints::parse(&format!("/ok, {entry}")).expect_err(entry);
        assert_eq!(refused.entry, Some(2), "{entry}");
        assert!(
            refused.expected.contains("`{name}` is a whole segment"),
            "{entry}"
        );
    }
}

#[test]
fn a_star_is_for_all() {
    let list = Endpoints::parse("*").unwrap();
    assert!(list.cover("DELETE", "/a//../b") && list.cover("", ""));
    let reads = Endpoints::parse("GET *").unwrap();
    assert!(reads.cover("HEAD", "/a//b") && !reads.cover("POST", "/a"));
}

#[test]
fn a_path_that_needs_normalising_is_covered_as_far_as_it_is_written() {
    let list = Endpoints::parse("/api/models, /x/../y, /s/").unwrap();
    for path in [
        "/api/models/../v1/users",
        "/api/models//x",
        "/api/models/.",
        "/api/models/a/../b",
        "/s//a",
        "/s/a",
        "/s",
    ] {
        assert!(!list.cover("GET", path), "{path}");
    }
    for path in ["/x/../y", "/x/../y/z", "/s/", "/api/models/..a/.b"] {
        assert!(list.cover("GET", path), "{path}");
    }
}

#[test]
fn a_path_that_somebody_may_decode_once_more_is_covered_as_far_as_it_is_written() {
    let upload = "/api/v1/terminals/t1/files/upload";
    let list =
        Endpoints::parse(&format!("POST {upload}, /100%, /x/a%2fb, /c\\d, /e\u{1}f")).unwrap();
    for below in [
        "%2e%2e/%2e%2e/execute",
        "%252e%252e/execute",
        "a/%2fb",
        "100%",
        "..\\..\\execute",
        "a\\b",
        "..;/..;x=1/execute",
        ".;",
        "a\0",
        "a\n/b",
        "\u{7f}",
        "\u{80}",
        "\u{9f}/a",
    ] {
        assert!(!list.cover("POST", &format!("{upload}/{below}")), "{below}");
    }
    for path in [
        "/100%/%41",
        "/x/a%2fb/c%2fd",
        "/c\\d/e\\f",
        "/e\u{1}f/\u{1}",
        "/x/%",
    ] {
        assert!(!list.cover("GET", path), "{path}");
    }
    for path in [
        "/100%/a",
        "/100%",
        "/x/a%2fb/c",
        "/c\\d/e",
        "/e\u{1}f/g",
        "/x/a%2fb/é:=@ ?#",
        "/x/a%2fb/a;..",
        "/x/a%2fb/..a;b",
    ] {
        assert!(list.cover("GET", path), "{path}");
    }
    let all = Endpoints::parse("*").unwrap();
    assert!(all.cover("POST", &format!("{upload}/%2e%2e\\\0")));
}

#[test]
fn what_is_no_endpoint_is_refused_at_its_place_and_told_why() {
    for (text, expected) in [
        ("", "such as"),
        ("api/models", "/path"),
        ("GET", "/path"),
        ("GET POST /a", "/path"),
        ("GET /a b", "/path"),
        ("|GET /a", "METHOD"),
        ("G(T /a", "METHOD"),
        ("get /a", "upper case"),
        ("Get|POST /a", "upper case"),
        ("/a/*", "without `*`"),
        ("/a*", "without `*`"),
        ("/a?x=1", "without `?`"),
        ("/a#b", "without `?`"),
        ("https://host/a", "/path"),
    ] {
        let misread = Endpoints::parse(&format!("/ok,{text}")).expect_err(text);
        assert_eq!(misread.entry, Some(2), "{text:?}");
        assert!(misread.expected.contains(expected), "{text:?}: {misread}");
    }
}

#[test]
fn a_list_reaches_a_route_of_which_it_covers_a_path() {
    let list = Endpoints::parse("GET /a/b, PUT /a/b/c, /d, POST /e/f/").unwrap();
    for (method, template) in [
        (Some("GET"), "/a/b"),
        (Some("HEAD"), "/a/b"),
        (Some("GET"), "/a/{}"),
        (Some("GET"), "/a/b/{}/x"),
        (Some("GET"), "/{:path}"),
        (Some("PUT"), "/a/{:path}"),
        (Some("PUT"), "/{}/{}/{}"),
        (Some("PUT"), "/a/{:path}/x"),
        (None, "/a/{:path}"),
        (Some("TRACE"), "/d/"),
        (Some("POST"), "/e/{:path}"),
        (Some("POST"), "/e/f/"),
    ] {
        assert!(list.reach(method, template), "{method:?} {template}");
    }
    for (method, template) in [
        (Some("GET"), "/a"),
        (Some("POST"), "/a/b"),
        (Some("PUT"), "/a/{}"),
        (Some("GET"), "/a/x/{}"),
        (None, "/b/{:path}"),
        (Some("POST"), "/e/{}"),
        (Some("POST"), "/e/{:path}/g"),
    ] {
        assert!(!list.reach(method, template), "{method:?} {template}");
    }
    let all = Endpoints::parse("GET *").unwrap();
    assert!(
        all.reach(Some("HEAD"), "/x") && all.reach(None, "/x") && !all.reach(Some("PUT"), "/x")
    );
}

#[test]
fn a_route_that_may_be_read_as_another_is_reached_by_what_spells_it_out() {
    for (list, template, reaches) in [
        ("/a", "/a//b", false),
        ("/a", "/a/../b", false),
        ("/a", "/a/b%", false),
        ("/a//b", "/a//b", true),
        ("/a/../b", "/a/../b/c", true),
        ("/a/../b$", "/a/../b", true),
    ] {
        let endpoints = Endpoints::parse(list).unwrap();
        assert_eq!(
            endpoints.reach(Some("GET"), template),
            reaches,
            "{template}"
        );
    }
}

#[test]
fn a_preset_reaches_the_routes_it_is_made_of_and_those_that_a_parameter_of_it_names() {
    let routes = ["GET /files/count$", "GET /chats/{id}$"];
    let presets = Presets::from([("read".to_owned(), routes.map(str::to_owned).to_vec())]);
    let preset = Endpoints::with_presets(&["@read"], &presets).unwrap();
    let written = Endpoints::of(routes.into_iter()).unwrap();
    for (template, by_preset, by_entries) in [
        ("/files/count", true, true),
        ("/files/{}", false, true),
        ("/files/{:path}", false, true),
        ("/chats/{}", true, true),
        ("/chats/{:path}", true, true),
        ("/chats/all", true, true),
        ("/chats/{}/share", false, false),
        ("/{}/count", false, true),
        ("/{}", false, false),
    ] {
        assert_eq!(preset.reach(Some("GET"), template), by_preset, "{template}");
        assert_eq!(
            written.reach(Some("GET"), template),
            by_entries,
            "{template}"
        );
        assert!(!preset.reach(Some("POST"), template), "{template}");
    }
    for path in ["/files/count", "/chats/1"] {
        assert!(preset.cover("HEAD", path), "{path}");
    }
    assert!(!preset.cover("GET", "/files/count/1"));
    let below = Presets::from([("below".to_owned(), vec!["/files".to_owned()])]);
    let below = Endpoints::with_presets(&["@below"], &below).unwrap();
    assert!(below.reach(Some("GET"), "/{}/count") && below.reach(Some("GET"), "/files/{}"));
}

#[test]
fn the_entry_that_covers_a_request_is_named_as_it_is_written() {
    let presets = Presets::from([(
        "status".to_owned(),
        vec!["GET /health$".to_owned(), "GET /api/version$".to_owned()],
    )]);
    let list = [
        " GET  /api/models ",
        "@status",
        "/a,b",
        "/api/{x}",
        "POST *",
    ];
    let list = Endpoints::with_presets(&list, &presets).unwrap();
    let named = |method, path| list.covering(method, path).map(ToString::to_string);
    for (method, path, entry) in [
        ("HEAD", "/api/models/x", "GET  /api/models"),
        ("GET", "/api/version", "@status (GET /api/version$)"),
        ("PUT", "/a,b", "/a,b"),
        ("PUT", "/api/version", "/api/{x}"),
        ("POST", "/", "POST *"),
    ] {
        assert_eq!(
            named(method, path).as_deref(),
            Some(entry),
            "{method} {path}"
        );
    }
    assert_eq!(named("GET", "/healthy"), None);
    assert_eq!(named("GET", "/a"), None);
}

#[test]
fn an_error_never_holds_the_text() {
    let secret = "sk-0123456789abcdef";
    for told in [
        Users::parse(&format!("{secret} x"))
            .unwrap_err()
            .to_string(),
        Networks::parse(secret).unwrap_err().to_string(),
        Endpoints::parse(secret).unwrap_err().to_string(),
        Age::parse(secret).unwrap_err().to_string(),
    ] {
        assert!(!told.contains("0123456789"), "{told}");
        assert!(
            told.starts_with("is invalid") && told.contains("such as"),
            "{told}"
        );
    }
}

#[test]
fn a_rule_of_very_many_segments_neither_recurses_nor_matches_less() {
    let deep = "/a".repeat(200_000);
    let list = Endpoints::parse(&deep).unwrap();
    assert!(list.cover("GET", &deep));
    assert!(!list.cover("GET", &deep[..deep.len() - 2]));
    assert!(list.reach(None, "/{:path}/{:path}/{:path}/a"));
    assert!(!list.reach(None, "/b/{:path}/{:path}"));
}

/// The meaning of a list of endpoints, rule by rule.
fn covered(rules: &[(Option<&str>, String)], method: &str, path: &str) -> bool {
    rules.iter().any(|(wanted, rule)| {
        let method_fits =
            wanted.is_none_or(|wanted| wanted == method || wanted == "GET" && method == "HEAD");
        method_fits && covers(rule, path)
    })
}

/// The meaning of a rule, segment by segment.
fn covers(rule: &str, path: &str) -> bool {
    let exact = rule.ends_with('$');
    let rule: Vec<&str> = rule.strip_suffix('$').unwrap_or(rule).split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    if path.len() < rule.len() {
        return false;
    }
    let (above, below) = path.split_at(rule.len());
    let fits = |(wanted, found): (&&str, &&str)| {
        wanted == found || *wanted == "{x}" && !found.is_empty() && is_plain(found)
    };
    let last = below.len().saturating_sub(1);
    let nothing_is_read_again = below
        .iter()
        .enumerate()
        .all(|(place, segment)| is_plain(segment) && (!segment.is_empty() || place == last));
    rule.iter().zip(above).all(fits)
        && (below.is_empty() || !exact && rule.last() != Some(&"") && nothing_is_read_again)
}

/// Whether no server reads a segment as something else.
fn is_plain(segment: &str) -> bool {
    !matches!(segment, "." | "..")
        && !segment.starts_with(".;")
        && !segment.starts_with("..;")
        && !segment.contains(|c: char| c == '%' || c == '\\' || c.is_control())
}

/// How templates end.
const TAILS: &[&[&str]] = &[
    &[],
    &[""],
    &["{:path}"],
    &["{:path}", "a"],
    &["{:path}", "{}"],
];

/// The paths that a template stands for, made of these segments, the longest of `most` segments.
fn instances(template: &[&str], segments: &[&str], most: usize) -> Vec<String> {
    let Some((first, rest)) = template.split_first() else {
        return vec![String::new()];
    };
    let firsts: Vec<String> = match *first {
        "{}" => segments
            .iter()
            .filter(|s| !s.is_empty())
            .map(|s| format!("/{s}"))
            .collect(),
        "{:path}" => {
            let one: Vec<String> = segments.iter().map(|s| format!("/{s}")).collect();
            let mut all = one.clone();
            for _ in 1..most {
                let longer = all
                    .iter()
                    .flat_map(|p| one.iter().map(move |s| format!("{p}{s}")));
                all = longer.chain(one.iter().cloned()).collect();
            }
            all
        }
        literal => vec![format!("/{literal}")],
    };
    let rests = instances(rest, segments, most);
    firsts
        .iter()
        .flat_map(|first| rests.iter().map(move |rest| format!("{first}{rest}")))
        .collect()
}

/// The meaning of a network: the leading bits are equal.
fn contains(network: (u128, u8, u8), address: (u128, u8)) -> bool {
    let (base, prefix, bits) = network;
    let shift = u32::from(bits - prefix);
    bits == address.1
        && base.checked_shr(shift).unwrap_or(0) == address.0.checked_shr(shift).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn endpoints_equal_the_plain_statement(
        rules in prop::collection::vec((prop::sample::select(&[None, Some("GET"), Some("PUT")]), "(/[ab.;%\\\\\u{81}]{0,3}|/\\{x\\}){1,3}\\$?"), 1..5),
        method in prop::sample::select(&["GET", "HEAD", "PUT", "POST"]),
        path in "/[ab./;%\\\\\u{81}]{0,7}",
    ) {
        let text: Vec<String> = rules
            .iter()
            .map(|(method, path)| method.map_or_else(|| path.clone(), |method| format!("{method} {path}")))
            .collect();
        let list = Endpoints::parse(&text.join(", ")).unwrap();
        prop_assert_eq!(list.cover(method, &path), covered(&rules, method, &path));
        let place = rules.iter().position(|rule| covered(std::slice::from_ref(rule), method, &path));
        let written = list.covering(method, &path).map(|written| &*written.endpoint);
        prop_assert_eq!(written, place.map(|place| &*text[place]));
    }

    #[test]
    fn a_route_is_reached_if_and_only_if_one_of_its_paths_is_covered(
        rules in prop::collection::vec((prop::sample::select(&[None, Some("GET"), Some("PUT")]), "(/(a|\\.\\.||\\{x\\})){1,3}\\$?"), 1..4),
        method in prop::sample::select(&[Some("GET"), Some("HEAD"), Some("POST"), None]),
        template in prop::collection::vec(prop::sample::select(&["a", "b", "{}"]), 0..3),
        tail in prop::sample::select(TAILS),
    ) {
        let text: Vec<String> = rules
            .iter()
            .map(|(method, path)| method.map_or_else(|| path.clone(), |method| format!("{method} {path}")))
            .collect();
        let list = Endpoints::parse(&text.join(", ")).unwrap();
        let template: Vec<&str> = template.iter().chain(tail).copied().collect();
        prop_assume!(!template.is_empty());
        let methods = method.map_or(vec!["GET", "PUT", "POST"], |method| vec![method]);
        let covered = instances(&template, &["a", "b", "..", ""], 3)
            .iter()
            .any(|path| methods.iter().any(|method| list.cover(method, path)));
        prop_assert_eq!(list.reach(method, &format!("/{}", template.join("/"))), covered);
    }

    #[test]
    fn networks_equal_the_plain_statement_of_ipv4(base: u32, prefix in 0..=32_u8, address: u32, near in 0..=32_u32) {
        let base = base.checked_shr(u32::from(32 - prefix)).unwrap_or(0).checked_shl(u32::from(32 - prefix)).unwrap_or(0);
        // Addresses that share the leading bits with the network are rare unless they are made.
        let address = base ^ address.checked_shr(near).unwrap_or(0);
        let list = Networks::parse(&format!("{}/{prefix}", std::net::Ipv4Addr::from(base))).unwrap();
        let expected = contains((base.into(), prefix, 32), (address.into(), 32));
        let v4 = std::net::Ipv4Addr::from(address);
        prop_assert_eq!(list.contain(&v4.to_string()), expected);
        prop_assert_eq!(list.contain(&v4.to_ipv6_mapped().to_string()), expected);
    }

    #[test]
    fn networks_equal_the_plain_statement_of_ipv6(base: u128, prefix in 0..=128_u8, address: u128, near in 0..=128_u32) {
        let shift = u32::from(128 - prefix);
        let base = base.checked_shr(shift).unwrap_or(0).checked_shl(shift).unwrap_or(0);
        let address = base ^ address.checked_shr(near).unwrap_or(0);
        let [base_ip, ip] = [base, address].map(std::net::Ipv6Addr::from);
        prop_assume!(base_ip.to_ipv4_mapped().is_none() && matches!(IpAddr::from(ip).to_canonical(), IpAddr::V6(_)));
        let list = Networks::parse(&format!("{base_ip}/{prefix}")).unwrap();
        prop_assert_eq!(list.contain(&ip.to_string()), contains((base, prefix, 128), (address, 128)));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), other in any::<String>(), now: i64, made: i64) {
        let _ = Users::parse(&text).map(|users| users.names(&other, &other));
        let _ = Networks::parse(&text).map(|networks| networks.contain(&other));
        let _ = Endpoints::parse(&text).map(|endpoints| endpoints.cover(&other, &other));
        let _ = Endpoints::parse(&text).map(|endpoints| endpoints.reach(Some(&other), &other));
        let _ = Age::parse(&text).map(|age| age.covers(Some(made), now));
    }
}
