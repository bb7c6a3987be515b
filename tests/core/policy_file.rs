//! The policy file against plain statements of what it means.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use owui_keygate::limits::{Endpoints, Limits, Presets};
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
fn whom_the_bypass_rules_has_the_name_of_their_one_account() {
    let bypass = Bypass {
        on: true,
        accounts: Some(parse(FILE).unwrap()),
        ..Bypass::default()
    };
    let name = |id, email, role| bypass.account_name(&User { id, email, role });
    assert_eq!(name(ID, "x@example.org", "admin"), Some("prometheus"));
    assert_eq!(name(ID, "terraform@example.org", "admin"), None, "two");
    assert_eq!(name("other", "x@example.org", "admin"), None, "none");
    assert_eq!(name(ID, "x@example.org", "user"), None, "not ruled");
}

#[test]
fn an_account_is_found_by_its_name() {
    let file = parse(FILE).unwrap();
    for account in file.accounts() {
        let named = file.named(&account.name).map(|named| &named.name);
        assert_eq!(named, Some(&account.name));
    }
    assert!(file.named("prometheu").is_none() && file.named("z").is_none());
}

#[test]
fn a_route_is_reached_if_the_environment_and_the_account_reach_it() {
    let bypass = |endpoints: Option<&str>, file: &str| Bypass {
        on: true,
        limits: Limits {
            endpoints: endpoints.map(|text| Endpoints::parse(text).unwrap()),
            ..Limits::default()
        },
        accounts: Some(parse(file).unwrap()),
    };
    let reaches = |bypass: &Bypass, account: Option<&str>, template: &str| {
        let account = account.map(|name| bypass.accounts.as_ref().unwrap().named(name).unwrap());
        bypass.reaches(account, Some("GET"), template)
    };
    let file = format!("{FILE}[account.open]\nuser = \"open@example.org\"\n");
    let without = bypass(None, &file);
    let limited = bypass(Some("GET /api/v1"), &file);
    for (account, template, alone, with_environment) in [
        (None, "/api/v1/{}", None, Some(true)),
        (None, "/api/models", None, Some(false)),
        (Some("open"), "/api/v1/{}", None, Some(true)),
        (Some("open"), "/api/models", None, Some(false)),
        (Some("prometheus"), "/api/models", Some(true), Some(false)),
        (
            Some("prometheus"),
            "/api/v1/groups",
            Some(false),
            Some(false),
        ),
        (Some("terraform"), "/api/v1/groups", Some(true), Some(true)),
        (Some("terraform"), "/api/v1/{}", Some(true), Some(true)),
    ] {
        assert_eq!(
            reaches(&without, account, template),
            alone,
            "{account:?} {template}"
        );
        assert_eq!(
            reaches(&limited, account, template),
            with_environment,
            "{account:?} {template}"
        );
    }
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

/// A folder of its own for a test, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("owui-keygate-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// A file with a text, which its owner alone can write.
    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).unwrap();
        set_mode(&file, 0o600);
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_a_file_that_others_cannot_write_is_read() {
    let folder = Folder::new("modes");
    let file = folder.file("policy.toml", FILE);
    for mode in [0o400, 0o600, 0o644, 0o440, 0o640, 0o755] {
        set_mode(&file, mode);
        assert_eq!(load(&file).as_deref(), Ok(FILE), "{mode:o}");
    }
    for mode in [0o602, 0o620, 0o660, 0o646, 0o664, 0o666, 0o777] {
        set_mode(&file, mode);
        assert_eq!(
            load(&file).unwrap_err(),
            "can be written by others than its owner: run `chmod go-w` on it",
            "{mode:o}"
        );
    }
}

#[test]
fn a_symbolic_link_leads_to_the_file() {
    let folder = Folder::new("links");
    // As Kubernetes mounts a Secret or a ConfigMap.
    fs::create_dir(folder.0.join("..2026")).unwrap();
    let file = folder.file("..2026/policy.toml", FILE);
    symlink("..2026", folder.0.join("..data")).unwrap();
    let link = folder.0.join("policy.toml");
    symlink("..data/policy.toml", &link).unwrap();
    assert_eq!(load(&link).as_deref(), Ok(FILE));
    set_mode(&file, 0o646);
    assert!(load(&link).is_err(), "the mode of the file counts");
    fs::remove_file(file).unwrap();
    assert!(load(&link).unwrap_err().starts_with("names no file: "));
}

#[test]
fn what_is_no_file_is_named_and_waits_for_nobody() {
    const OTHER: &str =
        "names no file, but a folder, a pipe or a device: expected the path of a TOML file";
    let folder = Folder::new("others");
    let pipe = folder.0.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for path in [pipe, folder.0.clone(), PathBuf::from("/dev/zero")] {
        let (sender, receiver) = mpsc::channel();
        let asked = path.clone();
        thread::spawn(move || sender.send(load(&asked)));
        let read = receiver.recv_timeout(Duration::from_secs(20));
        assert_eq!(read, Ok(Err(OTHER.to_owned())), "{}", path.display());
    }
    assert_eq!(
        load(&folder.0.join("none")).unwrap_err(),
        "names no file: expected the path of a TOML file"
    );
    let below = folder.file("policy.toml", FILE).join("below");
    assert_eq!(
        load(&below).unwrap_err(),
        "cannot be read (not a directory)"
    );
    let nul = load(Path::new("a\0b")).unwrap_err();
    assert!(nul.starts_with("cannot be read ("), "{nul}");
}

#[test]
fn a_file_has_its_length_and_its_encoding() {
    let folder = Folder::new("texts");
    let most = "#".repeat(1 << 20);
    assert_eq!(load(&folder.file("most", &most)), Ok(most.clone()));
    assert_eq!(
        load(&folder.file("more", most + "#")).unwrap_err(),
        "is longer than 1 MiB"
    );
    assert_eq!(
        load(&folder.file("latin-1", b"a = 1\n\n# caf\xe9\n")).unwrap_err(),
        "is not UTF-8 in line 3: save it as UTF-8"
    );
    assert_eq!(
        fault("\u{feff}default = \"deny\""),
        (1, 1, "expected UTF-8 without a byte order mark".to_owned())
    );
}

#[test]
fn what_is_no_toml_has_its_place_and_a_reason() {
    for (text, line, column, reason) in [
        (
            "[account.x]\nuser = a@b",
            2,
            8,
            "string values must be quoted",
        ),
        (
            "[account.x]\nuser = \"a@b\"\nuser = \"c@d\"",
            3,
            1,
            "duplicate key",
        ),
        ("[account.x]\n[account.x]", 2, 10, "duplicate key"),
        ("[account.x\nuser = 1", 1, 11, "unclosed table"),
    ] {
        let (found_line, found_column, found) = fault(text);
        assert_eq!(
            (found_line, found_column),
            (line, column),
            "{text}: {found}"
        );
        assert!(
            found.starts_with(&format!("is not TOML: {reason}")),
            "{found}"
        );
    }
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(fault(&deep).2.starts_with("is not TOML: "));
}

/// An account of a file that a test has made.
#[derive(Clone, Debug)]
struct Made {
    /// Which of the users, and whether by e-mail address.
    user: (usize, bool),
    endpoints: Option<Vec<&'static str>>,
    networks: Option<&'static str>,
    max_age: Option<i64>,
}

const ENTRIES: [&str; 5] = ["/a", "GET /a$", "/{x}/b$", "@status", "POST|PUT *"];

/// Whether an entry covers a GET request, by a plain statement for each.
fn is_covered(entry: &str, path: &str) -> bool {
    match entry {
        "/a" => path == "/a" || path.starts_with("/a/"),
        "GET /a$" => path == "/a",
        "/{x}/b$" => path.split('/').count() == 3 && path.ends_with("/b"),
        "@status" => path == "/health" || path == "/api/version",
        "POST|PUT *" => false,
        _ => panic!("{entry}"),
    }
}

fn made() -> impl Strategy<Value = Made> {
    (
        (0..3_usize, any::<bool>()),
        prop::option::of(prop::collection::vec(prop::sample::select(&ENTRIES), 1..3)),
        prop::option::of(prop::sample::select(&["10.20.0.0/16", "192.0.2.0/24"])),
        prop::option::of(0..3_i64),
    )
        .prop_map(|(user, endpoints, networks, max_age)| Made {
            user,
            endpoints,
            networks,
            max_age: max_age.map(|age| 999 + age),
        })
}

fn id(user: usize) -> String {
    format!("{user}d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f")
}

fn email(user: usize) -> String {
    format!("User{user}@example.org")
}

fn written(accounts: &[Made]) -> String {
    let mut text = String::new();
    for (place, account) in accounts.iter().enumerate() {
        let (user, by_email) = account.user;
        let user = if by_email { email(user) } else { id(user) };
        writeln!(text, "[account.a{place}]\nuser = {user:?}").unwrap();
        if let Some(endpoints) = &account.endpoints {
            writeln!(text, "endpoints = {endpoints:?}").unwrap();
        }
        if let Some(networks) = account.networks {
            writeln!(text, "networks = [{networks:?}]").unwrap();
        }
        if let Some(age) = account.max_age {
            writeln!(text, "max_age = \"{age}s\"").unwrap();
        }
    }
    text
}

proptest! {
    /// The key is 1,000 seconds old and comes from 10.20.1.2.
    #[test]
    fn a_decision_is_that_of_a_plain_reading(
        accounts in prop::collection::vec(made(), 0..4),
        rules_others in any::<bool>(),
        asked in 0..3_usize,
        path in prop::sample::select(&["/a", "/a/b", "/a/b/c", "/c/b", "/health", "/health/x", "/"]),
    ) {
        let mut text = written(&accounts);
        if rules_others {
            text = format!("default = \"bypass\"\n{text}");
        }
        let users: HashSet<_> = accounts.iter().map(|account| account.user).collect();
        if users.len() < accounts.len() {
            let faults = parse(&text).unwrap_err();
            prop_assert!(faults.iter().all(|fault| fault.reason.contains("no other account")));
            return Ok(());
        }
        let own: Vec<_> = accounts.iter().filter(|account| account.user.0 == asked).collect();
        let expected = match own[..] {
            [] if rules_others => Judgement::Decided(Decision::AllowBypass),
            [] => Judgement::AskHost,
            [account] => Judgement::Decided(
                if account.max_age.is_some_and(|age| age < 1000) {
                    Decision::AccountAgeLimit
                } else if account.networks.is_some_and(|networks| networks != "10.20.0.0/16") {
                    Decision::AccountNetworkLimit
                } else if account.endpoints.as_ref().is_some_and(|endpoints| {
                    !endpoints.iter().any(|entry| is_covered(entry, path))
                }) {
                    Decision::AccountEndpointLimit
                } else {
                    Decision::AllowBypass
                },
            ),
            _ => Judgement::Decided(Decision::TwoAccounts),
        };
        let found = decide(&text, &id(asked), &email(asked).to_uppercase(), "GET", path);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), toml in "[a-z\\[\\]=\"{}., \n@/0-9-]{0,80}") {
        for text in [text, toml] {
            if let Err(faults) = parse(&text) {
                prop_assert!(!faults.is_empty());
            }
        }
    }

    /// However many accounts there are, and in whatever order.
    #[test]
    fn every_account_is_found_by_its_name(names in prop::collection::hash_set("[A-Za-z0-9_-]{1,4}", 0..20)) {
        let mut text = String::new();
        for (place, name) in names.iter().enumerate() {
            writeln!(text, "[account.{name}]\nuser = \"a{place}@example.org\"").unwrap();
        }
        let file = parse(&text).unwrap();
        for name in &names {
            prop_assert_eq!(file.named(name).map(|account| &*account.name), Some(name.as_str()));
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
