//! The decision against a plain statement of the host's rules.

use owui_keygate::endpoints::Allowlist;
use owui_keygate::limits::{Age, Endpoints, Limits, Networks, Users};
use owui_keygate::policy::{
    Bypass, Decision, HostRules, Judgement, OwnKey, Principal, Request, Times, Transport, User,
    Verdict, decide_let_in, judge,
};
use proptest::prelude::*;

use Judgement::Decided;

/// Everything the decision may look at, owned.
#[derive(Clone, Debug)]
struct Case {
    bypass: bool,
    users: Option<&'static str>,
    max_age: Option<&'static str>,
    networks: Option<&'static str>,
    endpoints: Option<&'static str>,
    transport: Transport,
    method: &'static str,
    path: String,
    client: Option<&'static str>,
    now: i64,
    known: bool,
    email: &'static str,
    role: String,
    times: Option<Times>,
    permitted: Option<bool>,
    keys_enabled: bool,
    list: Option<String>,
}

impl Case {
    fn bypass(&self) -> Bypass {
        Bypass {
            on: self.bypass,
            accounts: None,
            limits: Limits {
                users: self.users.map(|text| Users::parse(text).unwrap()),
                age: self.max_age.map(|text| Age::parse(text).unwrap()),
                networks: self.networks.map(|text| Networks::parse(text).unwrap()),
                endpoints: self.endpoints.map(|text| Endpoints::parse(text).unwrap()),
            },
        }
    }

    fn user(&self) -> User<'_> {
        User {
            id: "an id",
            email: self.email,
            role: &self.role,
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            transport: self.transport,
            method: self.method,
            path: &self.path,
            client: self.client,
            now: self.now,
        }
    }

    fn principal(&self) -> Principal<'_> {
        Principal {
            user: self.user(),
            times: self.times,
            permitted: self.permitted,
        }
    }

    fn judge(&self) -> Judgement {
        let list = self.list.as_deref().map(Allowlist::parse);
        let principal = self.principal();
        let rules = HostRules {
            keys_enabled: self.keys_enabled,
            allowlist: list.as_ref(),
        };
        judge(
            &self.bypass(),
            &self.request(),
            self.known.then_some(&principal),
            Some(&rules),
        )
    }

    fn judge_without_rules(&self) -> Judgement {
        let principal = self.principal();
        let principal = self.known.then_some(&principal);
        judge(&self.bypass(), &self.request(), principal, None)
    }

    fn decide_let_in(&self) -> Decision {
        decide_let_in(&self.bypass(), &self.request(), &self.principal())
    }

    /// Whether the bypass rules the user, as the design says it.
    fn is_ruled(&self) -> bool {
        self.bypass && self.role == "admin" && self.is_named()
    }

    fn is_expired(&self) -> bool {
        let end = self.times.and_then(|times| times.expires_at);
        end.is_some_and(|end| end <= self.now)
    }

    /// Whether the end of the key or a limit refuses, or whether that cannot be known.
    fn is_beyond_limits(&self) -> bool {
        self.times.is_none() || self.is_expired() || self.refused().is_some()
    }

    /// Whether the user is among the named ones, if any are.
    fn is_named(&self) -> bool {
        self.users.is_none_or(|_| self.email == "named@x")
    }

    /// The limits as one sentence: the first that refuses.
    fn refused(&self) -> Option<Decision> {
        let made = self.times.and_then(|times| times.created_at);
        let old = self.max_age.is_some() && made.is_none_or(|made| self.now - made > 2);
        let outside = self.networks.is_some() && self.client != Some("10.1.2.3");
        let elsewhere = self.endpoints.is_some()
            && !(matches!(self.method, "GET" | "HEAD")
                && (self.path == "/a"
                    || self.path.starts_with("/a/") && !self.path.contains("//")));
        match (old, outside, elsewhere) {
            (true, _, _) => Some(Decision::AgeLimit),
            (false, true, _) => Some(Decision::NetworkLimit),
            (false, false, true) => Some(Decision::EndpointLimit),
            (false, false, false) => None,
        }
    }

    fn with_bypass(&self, bypass: bool) -> Self {
        Self {
            bypass,
            ..self.clone()
        }
    }

    /// The host's rules as one sentence, order left out.
    fn host_allows(&self) -> bool {
        self.known
            && self.keys_enabled
            && (self.role == "admin" || self.permitted == Some(true))
            && self
                .list
                .as_deref()
                .is_none_or(|text| Allowlist::parse(text).allows(&self.path))
    }
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![header(), no_header()]
}

fn header() -> impl Strategy<Value = Transport> {
    prop_oneof![Just(Transport::Bearer), Just(Transport::ApiKeyHeader)]
}

fn no_header() -> impl Strategy<Value = Transport> {
    prop_oneof![Just(Transport::Cookie), Just(Transport::Other)]
}

fn other_role() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(&["user", "pending", "Admin", "admin ", "administrator", ""])
            .prop_map(str::to_owned),
        1 => any::<String>().prop_filter("the one role that counts", |role| role != "admin"),
    ]
}

fn role() -> impl Strategy<Value = String> {
    prop_oneof![Just("admin".to_owned()), other_role()]
}

fn limit(text: &'static str) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.3, Just(text))
}

prop_compose! {
    fn limits()(
        users in limit("other@x, Named@X"),
        max_age in limit("2s"),
        networks in limit("10.0.0.0/8"),
        endpoints in limit("GET /a"),
    ) -> [Option<&'static str>; 4] {
        [users, max_age, networks, endpoints]
    }
}

prop_compose! {
    fn times()(
        expires_at in prop::option::of(0..4_i64),
        created_at in prop::option::of(-3..4_i64),
    ) -> Times {
        Times { expires_at, created_at }
    }
}

prop_compose! {
    fn case()(
        bypass in any::<bool>(),
        [users, max_age, networks, endpoints] in limits(),
        transport in transport(),
        method in prop::sample::select(&["GET", "HEAD", "POST", ""]),
        client in prop::sample::select(&[Some("10.1.2.3"), Some("192.0.2.1"), None]),
        email in prop::sample::select(&["named@x", "unnamed@x"]),
        times in prop::option::weighted(0.9, times()),
        path in "/[ab]{0,2}(/[ab]{0,2}){0,2}",
        now in 0..4_i64,
        known in prop::bool::weighted(0.9),
        role in role(),
        permitted in any::<Option<bool>>(),
        keys_enabled in any::<bool>(),
        list in prop::option::of("(/[ab]{1,2}(/[ab]{1,2})?,){0,3}"),
    ) -> Case {
        Case {
            bypass, users, max_age, networks, endpoints, transport, method, path, client, now, known,
            email, role, times, permitted, keys_enabled, list,
        }
    }
}

fn is_of_bypass(judgement: Judgement) -> bool {
    matches!(judgement, Judgement::Decided(decision) if decision.verdict().is_of_bypass())
}

fn allows(judgement: Judgement) -> bool {
    matches!(judgement, Judgement::Decided(decision) if decision.verdict().allows())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn without_the_bypass_only_the_host_allows(case in case()) {
        let judgement = case.with_bypass(false).judge();
        prop_assert!(!is_of_bypass(judgement));
        prop_assert_eq!(judgement == Decided(Decision::Allow), case.host_allows());
    }

    #[test]
    fn no_other_role_is_ruled_by_the_bypass(case in case(), role in other_role()) {
        let case = Case { role, ..case };
        prop_assert_eq!(case.with_bypass(true).judge(), case.with_bypass(false).judge());
    }

    /// Whatever way the key came, and whatever the host's rules are.
    #[test]
    fn whom_the_bypass_rules_is_never_allowed_what_a_limit_refuses(case in case()) {
        let case = Case { bypass: true, role: "admin".to_owned(), email: "named@x", ..case };
        prop_assert!(case.is_ruled());
        prop_assert!(!(case.is_beyond_limits() && allows(case.judge())));
        prop_assert_eq!(case.decide_let_in().verdict().allows(), !case.is_beyond_limits());
    }

    #[test]
    fn a_key_in_no_header_needs_the_hosts_rules_and_the_limits(case in case(), transport in no_header()) {
        let case = Case { transport, ..case };
        let by_host = case.with_bypass(false).judge();
        let expected = match by_host {
            Decided(Decision::Allow) => Decided(case.decide_let_in()),
            refusal => refusal,
        };
        prop_assert_eq!(case.judge(), expected);
        prop_assert!(case.judge() != Decided(Decision::AllowBypass));
    }

    #[test]
    fn whom_the_host_lets_in_is_held_against_the_limits_if_the_bypass_rules_them(case in case()) {
        let expected = match (case.is_ruled(), case.times) {
            (false, _) => Decision::Allow,
            (true, None) => Decision::UnreadKey,
            (true, Some(_)) if case.is_expired() => Decision::ExpiredKey,
            (true, Some(_)) => case.refused().unwrap_or(Decision::AllowWithinLimits),
        };
        prop_assert_eq!(case.decide_let_in(), expected);
    }

    #[test]
    fn an_unknown_key_is_unknown_whatever_the_settings(case in case()) {
        let case = Case { known: false, ..case };
        prop_assert_eq!(case.judge(), Decided(Decision::UnknownKey));
        prop_assert_eq!(case.judge_without_rules(), Decided(Decision::UnknownKey));
    }

    #[test]
    fn who_is_not_named_is_not_ruled_by_the_bypass(case in case()) {
        let case = Case { users: Some("other@x, Named@X"), email: "unnamed@x", ..case };
        prop_assert_eq!(case.with_bypass(true).judge(), case.with_bypass(false).judge());
    }

    #[test]
    fn for_a_key_in_a_header_the_end_and_the_limits_alone_decide(case in case(), transport in header()) {
        let case = Case { bypass: true, known: true, role: "admin".to_owned(), transport, ..case };
        prop_assume!(case.is_named());
        let expected = match case.decide_let_in() {
            Decision::AllowWithinLimits => Decision::AllowBypass,
            refusal => refusal,
        };
        prop_assert_eq!(case.judge(), Decided(expected));
    }

    /// So nobody is let in, or refused, by rules that nobody has read.
    #[test]
    fn without_the_hosts_rules_the_host_decides_about_all_but_ruled_keys_in_a_header(case in case()) {
        let by_bypass = case.is_ruled() && case.transport.is_header();
        let expected = if by_bypass || !case.known { case.judge() } else { Judgement::AskHost };
        prop_assert_eq!(case.judge_without_rules(), expected);
        prop_assert_ne!(case.judge(), Judgement::AskHost);
    }

    #[test]
    fn the_permission_is_asked_for_only_where_it_decides(case in case()) {
        if case.judge() == Judgement::AskPermission {
            prop_assert_eq!(case.permitted, None);
            for answer in [true, false] {
                let answered = Case { permitted: Some(answer), ..case.clone() };
                prop_assert_ne!(answered.judge(), Judgement::AskPermission);
            }
        }
    }

    #[test]
    fn whom_the_bypass_rules_manages_a_key_only_as_a_person_who_is_signed_in(
        case in case(), session: bool,
    ) {
        let expected = match (case.is_ruled(), session) {
            (false, _) => OwnKey::ByHost,
            (true, true) => OwnKey::Allowed,
            (true, false) => OwnKey::Refused,
        };
        prop_assert_eq!(case.bypass().own_key(&case.user(), session), expected);
    }
}

#[test]
fn the_host_looks_at_the_switch_then_the_permission_then_the_list() {
    let case = Case {
        bypass: false,
        users: None,
        max_age: None,
        networks: None,
        endpoints: None,
        transport: Transport::Bearer,
        method: "GET",
        path: "/b".to_owned(),
        client: None,
        now: 0,
        known: true,
        email: "named@x",
        role: "user".to_owned(),
        times: Some(Times::default()),
        permitted: None,
        keys_enabled: false,
        list: Some("/a".to_owned()),
    };
    assert_eq!(case.judge(), Decided(Decision::KeysDisabled));
    let case = Case {
        keys_enabled: true,
        ..case
    };
    assert_eq!(case.judge(), Judgement::AskPermission);
    let refused = Case {
        permitted: Some(false),
        ..case.clone()
    };
    assert_eq!(refused.judge(), Decided(Decision::NotPermitted));
    let case = Case {
        permitted: Some(true),
        ..case
    };
    assert_eq!(case.judge(), Decided(Decision::EndpointRefused));
    let case = Case {
        path: "/a".to_owned(),
        ..case
    };
    assert_eq!(case.judge(), Decided(Decision::Allow));
}

#[test]
fn only_a_key_in_a_header_can_bypass_and_only_while_the_bypass_is_on() {
    for transport in [
        Transport::Bearer,
        Transport::ApiKeyHeader,
        Transport::Cookie,
        Transport::Other,
    ] {
        let on = Bypass {
            on: true,
            ..Bypass::default()
        };
        assert_eq!(on.may_bypass(transport), transport.is_header());
        assert!(!Bypass::default().may_bypass(transport));
    }
}

#[test]
fn each_way_of_a_key_has_a_name() {
    let ways = [
        Transport::Bearer,
        Transport::ApiKeyHeader,
        Transport::Cookie,
        Transport::Other,
    ];
    let names = ["bearer", "api_key_header", "cookie", "other"];
    assert_eq!(ways.map(Transport::name), names);
}

#[test]
fn the_bypass_rules_every_administrator_unless_some_are_named() {
    assert!(Bypass::default().rules_every_admin());
    let users = Some(Users::parse("named@x").unwrap());
    let limits = Limits {
        users,
        ..Limits::default()
    };
    let named = Bypass {
        on: true,
        limits,
        accounts: None,
    };
    assert!(!named.rules_every_admin());
}

proptest! {
    /// So they need not be read there.
    #[test]
    fn the_hosts_rules_do_not_count_for_an_administrators_key_in_a_header(
        case in case(), other in case(),
    ) {
        let case = Case {
            bypass: true,
            users: None,
            transport: Transport::Bearer,
            known: true,
            role: "admin".to_owned(),
            ..case
        };
        prop_assert!(case.bypass().rules_every_admin());
        let changed = Case {
            keys_enabled: other.keys_enabled,
            list: other.list,
            permitted: other.permitted,
            ..case.clone()
        };
        prop_assert_eq!(case.judge(), changed.judge());
    }
}

/// Every new decision needs a line here.
#[test]
fn each_decision_has_a_name_and_a_meaning() {
    let told: Vec<_> = Decision::ALL
        .map(|each| (each.name(), each.verdict()))
        .into();
    assert_eq!(
        told,
        [
            ("allow", Verdict::Allowed),
            ("allow_bypass", Verdict::AllowedByBypass),
            ("allow_within_limits", Verdict::AllowedByBypass),
            ("unknown_key", Verdict::Unknown),
            ("expired_key", Verdict::RefusedByLimit("expires_at")),
            ("unread_key", Verdict::RefusedByLimit("unread")),
            (
                "age_limit",
                Verdict::RefusedByLimit("ADMIN_API_KEY_MAX_AGE")
            ),
            (
                "network_limit",
                Verdict::RefusedByLimit("ADMIN_API_KEY_ALLOWED_NETWORKS")
            ),
            (
                "endpoint_limit",
                Verdict::RefusedByLimit("ADMIN_API_KEY_ALLOWED_ENDPOINTS")
            ),
            (
                "two_accounts",
                Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: user")
            ),
            (
                "account_age_limit",
                Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: max_age")
            ),
            (
                "account_network_limit",
                Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: networks")
            ),
            (
                "account_endpoint_limit",
                Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: endpoints")
            ),
            ("keys_disabled", Verdict::Refused),
            ("not_permitted", Verdict::Refused),
            ("endpoint_refused", Verdict::Refused),
        ]
    );
}

#[test]
fn a_verdict_says_who_gets_in_whose_it_is_and_which_limit_refuses() {
    let told = [
        Verdict::Allowed,
        Verdict::AllowedByBypass,
        Verdict::Unknown,
        Verdict::Refused,
        Verdict::RefusedByLimit("expires_at"),
    ]
    .map(|each| (each.allows(), each.is_of_bypass(), each.limit()));
    assert_eq!(
        told,
        [
            (true, false, None),
            (true, true, None),
            (false, false, None),
            (false, false, None),
            (false, true, Some("expires_at")),
        ]
    );
}
