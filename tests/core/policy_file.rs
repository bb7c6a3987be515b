//! The policy file against plain statements of what it means.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use owui_keygate::limits::Presets;
use owui_keygate::policy::{
    Bypass, Decision, Judgement, Principal, Request, Times, Transport, User, judge,
};
use owui_keygate::policy_file::{Fault, Found, PolicyFile, load};
use proptest::prelude::*;

const ID: &str = "9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f";
const FILE: &str = r#"
default = "deny"

[account.prometheus]
user = "9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f"
endpoints = ["@status", "GET /api/models"]
networks = ["10.20.0.0/16"]
max_age = "90d"

[account.terraform]
user = "Terraform@example.org"
endpoints = ["GET|POST /api/v1/groups", "/api/v1/chats/{id}/messages/{message_id}/event"]
"#;

fn presets() -> Presets {
    let status = vec!["GET /health$".to_owned(), "GET /api/version$".to_owned()];
    Presets::from([("status".to_owned(), status)])
}

fn parse(text: &str) -> Result<PolicyFile, Vec<Fault>> {
    PolicyFile::parse(text, &presets())
}

/// The one fault of a file: its line, its column and what was expected.
fn fault(text: &str) -> (usize, usize, String) {
    let faults = parse(text).expect_err(text);
    let [
        Fault {
            line,
            column,
            reason,
        },
    ] = &faults[..]
    else {
        panic!("{text}: {faults:?}");
    };
    (*line, *column, reason.clone())
}

/// What becomes of a bearer key of an administrator.
fn decide(file: &str, id: &str, email: &str, method: &str, path: &str) -> Judgement {
    let bypass = Bypass {
        on: true,
        accounts: Some(parse(file).unwrap()),
        ..Bypass::default()
    };
    let request = Request {
        transport: Transport::Bearer,
        method,
        path,
        client: Some("10.20.1.2"),
        now: 1_000,
    };
    let principal = Principal {
        user: User {
            id,
            email,
            role: "admin",
        },
        times: Some(Times {
            expires_at: None,
            created_at: Some(0),
        }),
        permitted: None,
    };
    judge(&bypass, &request, Some(&principal), None)
}

#[test]
fn an_account_is_found_by_id_or_by_e_mail_in_any_case() {
    let file = parse(FILE).unwrap();
    let name = |id: &str, email: &str| match file.account(id, email) {
        Found::None => "nobody".to_owned(),
        Found::One(account) => account.name.to_string(),
        Found::Two(one, other) => format!("{} and {}", one.name, other.name),
    };
    assert_eq!(name(ID, "x@example.org"), "prometheus");
    assert_eq!(name("other", "TERRAFORM@example.org"), "terraform");
    assert_eq!(
        name(ID, "terraform@example.org"),
        "prometheus and terraform"
    );
    assert_eq!(name("other", "x@example.org"), "nobody");
    assert_eq!(name(&ID.to_uppercase(), "x@example.org"), "nobody");
    assert!(!file.rules_others);
    assert!(parse("default = \"bypass\"").unwrap().rules_others);
    assert!(
        !parse("").unwrap().rules_others,
        "without a default nobody else bypasses"
    );
}

#[test]
fn each_account_has_its_own_limits() {
    let allowed = Judgement::Decided(Decision::AllowBypass);
    let refused = Judgement::Decided(Decision::AccountEndpointLimit);
    let by_id = |method, path| decide(FILE, ID, "x@example.org", method, path);
    assert_eq!(by_id("GET", "/api/models"), allowed);
    assert_eq!(by_id("GET", "/api/version"), allowed, "by the preset");
    assert_eq!(by_id("GET", "/api/version/x"), refused);
    assert_eq!(by_id("GET", "/api/v1/groups"), refused);
    let by_email = |path| decide(FILE, "other", "terraform@example.org", "POST", path);
    assert_eq!(by_email("/api/v1/groups"), allowed);
    assert_eq!(by_email("/api/v1/chats/1/messages/2/event"), allowed);
    assert_eq!(by_email("/api/v1/chats/1/messages/2"), refused);
    let both = decide(FILE, ID, "terraform@example.org", "GET", "/api/models");
    assert_eq!(both, Judgement::Decided(Decision::TwoAccounts));
    let nobody = decide(FILE, "other", "x@example.org", "GET", "/api/models");
    assert_eq!(nobody, Judgement::AskHost, "the host's rules decide");
    let open = format!("default = \"bypass\"\n{}", &FILE[18..]);
    assert_eq!(
        decide(&open, "other", "x@example.org", "GET", "/anything"),
        allowed
    );
}

#[test]
fn a_fault_names_its_place_and_what_was_expected() {
    for (text, line, column, expected) in [
        ("default = \"yes\"", 1, 11, "`\"deny\"` or `\"bypass\"`"),
        ("default = true", 1, 11, "`\"deny\"` or `\"bypass\"`"),
        ("\n defaults = \"deny\"", 2, 2, "`default` or a table"),
        ("account = 1", 1, 11, "a table such as"),
        ("[account]\nx = 1", 2, 5, "a table such as"),
        ("[account.x]\nendpoints = [\"/a\"]", 1, 10, "a `user`"),
        ("[account.\"é\"]\nuser = \"a@b\"", 1, 10, "an account name"),
        (
            "[account.x]\nuser = \"nobody\"",
            2,
            8,
            "e-mail address or id",
        ),
        ("[account.x]\nuser = 5", 2, 8, "a text in quotation marks"),
        (
            "[account.x]\nuser = \"a@b\"\nuesr = 1",
            3,
            1,
            "`user`, `endpoints`",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nendpoints = []",
            3,
            13,
            "at least one entry",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nendpoints = \"/a\"",
            3,
            13,
            "a list of texts",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nendpoints = [\"/a\",\n  \"b\"]",
            4,
            3,
            "`[METHOD",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nendpoints = [\"/a\", 1]",
            3,
            20,
            "a text in quotation",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nendpoints = [\"@statu\"]",
            3,
            14,
            "a preset",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nnetworks = [\"10.0.0.1/8\"]",
            3,
            13,
            "bits set after",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nmax_age = \"90\"",
            3,
            11,
            "a whole number",
        ),
        (
            "[account.x]\nuser = \"a@b\"\n[account.y]\nuser = \"A@B\"",
            4,
            8,
            "no other account",
        ),
    ] {
        let (found_line, found_column, reason) = fault(text);
        assert_eq!(
            (found_line, found_column),
            (line, column),
            "{text}: {reason}"
        );
        assert!(reason.contains(expected), "{text}: {reason}");
    }
    let (line, _, reason) = fault("[account.x]\nuser = a@b");
    assert_eq!(
        (line, reason.as_str()),
        (2, "is not TOML: see https://toml.io")
    );
}

#[test]
fn a_file_names_all_its_faults_in_order_and_repeats_nothing() {
    let text = "secret = \"sk-0123456789abcdef0123\"\n[account.x]\nuser = \"sk-0123456789abcdef0123\"\n\
        endpoints = [\"sk-0123456789abcdef0123\"]\n";
    let faults = parse(text).unwrap_err();
    assert_eq!(
        faults.iter().map(|fault| fault.line).collect::<Vec<_>>(),
        [1, 3, 4]
    );
    assert!(
        !faults
            .iter()
            .any(|fault| fault.to_string().contains("0123456789"))
    );
}

#[test]
fn only_a_file_that_others_cannot_write_is_read() {
    let folder = std::env::temp_dir().join(format!("owui-keygate-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("policy.toml");
    assert!(
        load(&file)
            .unwrap_err()
            .starts_with("cannot be read (entity not found)")
    );
    assert!(load(&folder).unwrap_err().starts_with("cannot be read ("));
    fs::write(&file, FILE).unwrap();
    for (mode, reason) in [
        (0o600, None),
        (0o644, None),
        (0o646, Some("can be written by")),
    ] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        match reason {
            None => assert_eq!(load(&file).unwrap(), FILE),
            Some(reason) => assert!(load(&file).unwrap_err().starts_with(reason)),
        }
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "#".repeat((1 << 20) + 1)).unwrap();
    assert_eq!(load(&file).unwrap_err(), "is longer than 1 MiB");
    fs::write(&file, b"\xff").unwrap();
    assert!(load(&file).unwrap_err().starts_with("cannot be read ("));
    fs::remove_dir_all(&folder).unwrap();
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), toml in "[a-z\\[\\]=\"{}., \n@/0-9-]{0,80}") {
        for text in [text, toml] {
            if let Err(faults) = parse(&text) {
                prop_assert!(!faults.is_empty());
            }
        }
    }

    /// Whatever others there are.
    #[test]
    fn an_account_means_what_it_means_alone(
        paths in prop::collection::vec(prop::option::of("(/(a|b|\\{x\\})){1,2}\\$?"), 1..4),
        path in "(/[ab]){1,3}",
        asked in 0..4_usize,
    ) {
        let mut all = String::new();
        let mut alone = String::new();
        for (place, endpoint) in paths.iter().enumerate() {
            let mut account = format!("[account.a{place}]\nuser = \"a{place}@example.org\"\n");
            if let Some(endpoint) = endpoint {
                writeln!(account, "endpoints = [\"{endpoint}\"]").unwrap();
            }
            all += &account;
            if place == asked {
                alone = account;
            }
        }
        let email = format!("a{asked}@example.org");
        prop_assert_eq!(
            decide(&all, "id", &email, "GET", &path),
            decide(&alone, "id", &email, "GET", &path)
        );
    }
}
