//! What the core costs, without Python. Every result is asserted before it is timed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use owui_keygate::endpoints::Allowlist;
use owui_keygate::limits::{Age, Endpoints, Limits, Networks, Presets};
use owui_keygate::policy::{
    Bypass, Decision, HostRules, Judgement, Principal, Request, Times, Transport, User, judge,
};
use owui_keygate::policy_file::PolicyFile;
use owui_keygate::session::{SessionKey, Verdict};
use owui_keygate::settings::Settings;
use sha2::Sha256;

const PATH: &str = "/api/v1/chat/completions";
const NOW: f64 = 1_800_000_000.5;
const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const CLAIMS: &str = r#"{"id":"9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f","typ":"session","auth_method":"password","auth_time":1799999990,"session_stamp":"4f1d2c3b5a697887a6b5c4d3e2f10912","mfa_verified":false,"exp":1802592000,"jti":"1b4e28ba-2fa1-41d2-883f-0016d3cca427","iat":1799999990}"#;

/// Rules of which only the last covers the path.
fn rules(count: usize) -> String {
    let others = (1..count).map(|number| format!("/api/v1/rule/{number}"));
    let all: Vec<String> = others.chain([PATH.to_owned()]).collect();
    all.join(",")
}

fn allowlist(count: usize) -> Allowlist {
    Allowlist::parse(&rules(count))
}

fn matching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching");
    for rules in [1, 10, 100, 1000] {
        let list = allowlist(rules);
        assert!(list.allows(PATH));
        assert!(!list.allows("/api/v1/chat"));
        group.bench_function(BenchmarkId::from_parameter(rules), |bencher| {
            bencher.iter(|| list.allows(black_box(PATH)));
        });
    }
}

/// The bypass, with limits and that many endpoints.
fn bypass(endpoints: Option<usize>) -> Bypass {
    let limits = endpoints.map_or_else(Limits::default, |endpoints| Limits {
        users: None,
        age: Some(Age::parse("90d").expect("a duration")),
        networks: Some(Networks::parse("10.0.0.0/8").expect("a network")),
        endpoints: Some(Endpoints::parse(&rules(endpoints)).expect("endpoints")),
    });
    Bypass {
        on: true,
        limits,
        accounts: None,
    }
}

const REQUEST: Request = Request {
    transport: Transport::Bearer,
    method: "GET",
    path: PATH,
    client: Some("10.1.2.3"),
    now: 1_800_000_000,
};

const fn principal(role: &str) -> Principal<'_> {
    Principal {
        user: User {
            id: "9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f",
            email: "automation@example.org",
            role,
        },
        times: Some(Times {
            expires_at: None,
            created_at: Some(1_799_999_000),
        }),
        permitted: Some(true),
    }
}

fn decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    let mut bench = |name: &str, bypass: Bypass, role, list: &Allowlist, expected| {
        let principal = principal(role);
        let rules = HostRules {
            keys_enabled: true,
            allowlist: Some(list),
        };
        let judge = || judge(&bypass, black_box(&REQUEST), Some(&principal), Some(&rules));
        assert_eq!(judge(), Judgement::Decided(expected));
        group.bench_function(name, |bencher| bencher.iter(judge));
    };
    let (one, thousand) = (allowlist(1), allowlist(1000));
    bench(
        "bypass",
        bypass(None),
        "admin",
        &thousand,
        Decision::AllowBypass,
    );
    bench(
        "1 limit of each kind",
        bypass(Some(1)),
        "admin",
        &thousand,
        Decision::AllowBypass,
    );
    bench(
        "1000 endpoints",
        bypass(Some(1000)),
        "admin",
        &thousand,
        Decision::AllowBypass,
    );
    bench("1 rule", Bypass::default(), "user", &one, Decision::Allow);
    bench(
        "1000 rules",
        Bypass::default(),
        "user",
        &thousand,
        Decision::Allow,
    );
}

/// A file of that many accounts of 100 rules each, of which the last is for the user.
fn file_of(count: usize) -> PolicyFile {
    let list = rules(100).replace(',', "\", \"");
    let mut text = String::new();
    for number in 1..=count {
        let user = if number == count {
            "automation".to_owned()
        } else {
            format!("other-{number}")
        };
        writeln!(
            text,
            "[account.a{number}]\nuser = \"{user}@example.org\"\nendpoints = [\"{list}\"]\n\
             networks = [\"10.0.0.0/8\"]\nmax_age = \"90d\""
        )
        .expect("a string takes all text");
    }
    PolicyFile::parse(&text, &Presets::new()).expect("a valid file")
}

/// How long a decision by a file takes at most, in seconds.
const LONGEST: f64 = 2e-6;
/// How many times the decision by one account one by a thousand accounts takes at most.
const HIGHEST_RATIO: f64 = 1.5;

fn accounts(criterion: &mut Criterion) {
    let principal = principal("admin");
    let bypasses = [1, 1000].map(|count| Bypass {
        on: true,
        limits: Limits::default(),
        accounts: Some(file_of(count)),
    });
    let mut group = criterion.benchmark_group("accounts");
    for (bypass, count) in bypasses.iter().zip([1, 1000]) {
        let judge = || judge(bypass, black_box(&REQUEST), Some(&principal), None);
        assert_eq!(judge(), Judgement::Decided(Decision::AllowBypass));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(judge);
        });
    }
    group.finish();
    let [one, thousand] = side_by_side(&bypasses.each_ref().map(|bypass| {
        || {
            black_box(judge(bypass, black_box(&REQUEST), Some(&principal), None));
        }
    }));
    println!("accounts: {one:.1e} s by one, {thousand:.1e} s by a thousand");
    assert!(thousand < LONGEST, "{thousand:.1e} s");
    assert!(
        thousand < HIGHEST_RATIO * one,
        "{thousand:.1e} s and {one:.1e} s"
    );
}

/// How many seconds each of two functions takes, the best of rounds that take turns: another program
/// makes a round longer, and never shorter.
fn side_by_side(functions: &[impl Fn(); 2]) -> [f64; 2] {
    const ROUNDS: usize = 200;
    const CALLS: u32 = 1000;
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (function, best) in functions.iter().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..CALLS {
                function();
            }
            *best = best.min(start.elapsed().as_secs_f64() / f64::from(CALLS));
        }
    }
    best
}

fn token(claims: &str) -> String {
    let signed = [r#"{"alg":"HS256","typ":"JWT"}"#, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key of any length");
    let signature = mac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn session(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("token verification");
    let key = SessionKey::new(SECRET).expect("a usable secret");
    let token = token(CLAIMS);
    let forged = format!("{}A", &token[..token.len() - 1]);
    let mut buffer = Vec::new();
    let Verdict::Accept(claims) = key.verify(&token, NOW, &mut buffer) else {
        panic!("the token is not accepted");
    };
    assert_eq!(claims.members().len(), 9);
    assert_eq!(key.verify(&forged, NOW, &mut Vec::new()), Verdict::Reject);
    for (name, token) in [("accepted", token), ("forged", forged)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(key.verify(black_box(&token), NOW, &mut Vec::new()));
            });
        });
    }
}

fn settings(criterion: &mut Criterion) {
    let pairs = [
        ("ENABLE_ADMIN_API_KEY_BYPASS", "true"),
        ("OWUI_KEYGATE_STRICT", "true"),
    ];
    let environment: BTreeMap<String, String> = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert!(
        Settings::from_environment(&environment, &Presets::new())
            .bypass
            .on
    );
    criterion.bench_function("settings", |bencher| {
        bencher.iter(|| Settings::from_environment(black_box(&environment), &Presets::new()));
    });
}

criterion_group!(core, accounts, decision, matching, session, settings);
criterion_main!(core);
