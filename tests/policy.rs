//! The decision against a plain statement of the host's rules.

use owui_keygate::endpoints::Allowlist;
use owui_keygate::limits::{Age, Endpoints, Limits, Networks, Users};
use owui_keygate::policy::{
    Decision, HostRules, Principal, Regime, Request, User, Way, decide, decide_about_admin,
};
use proptest::prelude::*;

/// Everything the decision may look at, owned.
#[derive(Clone, Debug)]
struct Case {
    bypass: bool,
    users: Option<&'static str>,
    max_age: Option<&'static str>,
    networks: Option<&'static str>,
    endpoints: Option<&'static str>,
    way: Way,
    method: &'static str,
    path: String,
    client: Option<&'static str>,
    now: i64,
    known: bool,
    email: &'static str,
    role: String,
    expires_at: Option<i64>,
    created_at: Option<i64>,
    permitted: Option<bool>,
    keys_enabled: bool,
    list: Option<String>,
}

impl Case {
    fn regime(&self) -> Regime {
        Regime {
            bypass: self.bypass,
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

    fn decide(&self) -> Decision {
        let list = self.list.as_deref().map(Allowlist::parse);
        let request = Request {
            way: self.way,
            method: self.method,
            path: &self.path,
            client: self.client,
            now: self.now,
        };
        let principal = Principal {
            user: self.user(),
            expires_at: self.expires_at,
            created_at: self.created_at,
            permitted: self.permitted,
        };
        let rules = HostRules {
            keys_enabled: self.keys_enabled,
            allowlist: list.as_ref(),
        };
        decide(
            &self.regime(),
            &request,
            self.known.then_some(&principal),
            &rules,
        )
    }

    /// Whether the user is among the named ones, if any are.
    fn is_named(&self) -> bool {
        self.users.is_none_or(|_| self.email == "named@x")
    }

    /// The limits as one sentence: the first that refuses.
    fn refused(&self) -> Option<Decision> {
        let old = self.max_age.is_some() && self.created_at.is_none_or(|made| self.now - made > 2);
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

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Bearer),
        Just(Way::ApiKeyHeader),
        Just(Way::Cookie),
        Just(Way::Other)
    ]
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
    fn case()(
        bypass in any::<bool>(),
        [users, max_age, networks, endpoints] in limits(),
        way in way(),
        method in prop::sample::select(&["GET", "HEAD", "POST", ""]),
        client in prop::sample::select(&[Some("10.1.2.3"), Some("192.0.2.1"), None]),
        email in prop::sample::select(&["named@x", "unnamed@x"]),
        created_at in prop::option::of(-3..4_i64),
        path in "/[ab]{0,2}(/[ab]{0,2}){0,2}",
        now in 0..4_i64,
        known in prop::bool::weighted(0.9),
        role in role(),
        expires_at in prop::option::of(0..4_i64),
        permitted in any::<Option<bool>>(),
        keys_enabled in any::<bool>(),
        list in prop::option::of("(/[ab]{1,2}(/[ab]{1,2})?,){0,3}"),
    ) -> Case {
        Case {
            bypass, users, max_age, networks, endpoints, way, method, path, client, now, known,
            email, role, expires_at, created_at, permitted, keys_enabled, list,
        }
    }
}

fn is_admin_regime(decision: Decision) -> bool {
    matches!(
        decision,
        Decision::AllowBypass
            | Decision::ExpiredKey
            | Decision::AgeLimit
            | Decision::NetworkLimit
            | Decision::EndpointLimit
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn without_the_bypass_only_the_host_allows(case in case()) {
        let decision = case.with_bypass(false).decide();
        prop_assert!(!is_admin_regime(decision));
        prop_assert_eq!(decision == Decision::Allow, case.host_allows());
    }

    #[test]
    fn no_other_role_reaches_the_admin_regime(case in case(), role in other_role()) {
        let case = Case { role, ..case };
        prop_assert_eq!(case.with_bypass(true).decide(), case.with_bypass(false).decide());
    }

    #[test]
    fn no_cookie_reaches_the_admin_regime(case in case(), way in prop_oneof![Just(Way::Cookie), Just(Way::Other)]) {
        let case = Case { way, ..case };
        prop_assert_eq!(case.with_bypass(true).decide(), case.with_bypass(false).decide());
    }

    #[test]
    fn an_unknown_key_is_unknown_in_every_regime(case in case()) {
        let case = Case { known: false, ..case };
        prop_assert_eq!(case.decide(), Decision::UnknownKey);
    }

    #[test]
    fn who_is_not_named_never_reaches_the_admin_regime(case in case()) {
        let case = Case { users: Some("other@x, Named@X"), email: "unnamed@x", ..case };
        prop_assert_eq!(case.with_bypass(true).decide(), case.with_bypass(false).decide());
    }

    #[test]
    fn the_admin_regime_asks_for_the_expiry_and_the_limits_alone(case in case(), way in prop_oneof![Just(Way::Bearer), Just(Way::ApiKeyHeader)]) {
        let case = Case { bypass: true, known: true, role: "admin".to_owned(), way, ..case };
        prop_assume!(case.is_named());
        let expired = case.expires_at.is_some_and(|expiry| case.now >= expiry);
        let expected = if expired {
            Decision::ExpiredKey
        } else {
            case.refused().unwrap_or(Decision::AllowBypass)
        };
        prop_assert_eq!(case.decide(), expected);
    }

    #[test]
    fn what_the_host_would_say_is_what_it_says_without_the_bypass(case in case()) {
        let case = Case { bypass: false, known: true, role: "admin".to_owned(), ..case };
        let list = case.list.as_deref().map(Allowlist::parse);
        let rules = HostRules { keys_enabled: case.keys_enabled, allowlist: list.as_ref() };
        prop_assert_eq!(decide_about_admin(&case.path, &rules), case.decide());
    }

    #[test]
    fn the_permission_is_asked_for_only_where_it_decides(case in case()) {
        if case.decide() == Decision::AskPermission {
            prop_assert_eq!(case.permitted, None);
            for answer in [true, false] {
                let answered = Case { permitted: Some(answer), ..case.clone() };
                prop_assert_ne!(answered.decide(), Decision::AskPermission);
            }
        }
    }

    #[test]
    fn only_a_signed_in_administrator_whose_key_bypasses_manages_one(case in case(), session: bool) {
        prop_assert_eq!(
            case.regime().may_manage_own_key(&case.user(), session),
            case.bypass && session && case.role == "admin" && case.is_named()
        );
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
        way: Way::Bearer,
        method: "GET",
        path: "/b".to_owned(),
        client: None,
        now: 0,
        known: true,
        email: "named@x",
        role: "user".to_owned(),
        expires_at: None,
        created_at: None,
        permitted: None,
        keys_enabled: false,
        list: Some("/a".to_owned()),
    };
    assert_eq!(case.decide(), Decision::KeysDisabled);
    let case = Case {
        keys_enabled: true,
        ..case
    };
    assert_eq!(case.decide(), Decision::AskPermission);
    let refused = Case {
        permitted: Some(false),
        ..case.clone()
    };
    assert_eq!(refused.decide(), Decision::NotPermitted);
    let case = Case {
        permitted: Some(true),
        ..case
    };
    assert_eq!(case.decide(), Decision::EndpointRefused);
    let case = Case {
        path: "/a".to_owned(),
        ..case
    };
    assert_eq!(case.decide(), Decision::Allow);
}

#[test]
fn the_admin_regime_is_for_headers_while_the_bypass_is_on() {
    for way in [Way::Bearer, Way::ApiKeyHeader, Way::Cookie, Way::Other] {
        let on = Regime {
            bypass: true,
            ..Regime::default()
        };
        assert_eq!(on.may_rule(way), way.is_header());
        assert!(!Regime::default().may_rule(way));
    }
}

#[test]
fn the_admin_regime_rules_every_administrator_unless_some_are_named() {
    assert!(Regime::default().rules_every_admin());
    let users = Some(Users::parse("named@x").unwrap());
    let limits = Limits {
        users,
        ..Limits::default()
    };
    let named = Regime {
        bypass: true,
        limits,
    };
    assert!(!named.rules_every_admin());
}

proptest! {
    /// So they need not be read there.
    #[test]
    fn the_hosts_rules_do_not_count_for_an_administrator_in_the_admin_regime(
        case in case(), other in case(),
    ) {
        let case = Case {
            bypass: true,
            users: None,
            way: Way::Bearer,
            known: true,
            role: "admin".to_owned(),
            ..case
        };
        prop_assert!(case.regime().rules_every_admin());
        let changed = Case {
            keys_enabled: other.keys_enabled,
            list: other.list,
            permitted: other.permitted,
            ..case.clone()
        };
        prop_assert_eq!(case.decide(), changed.decide());
    }
}
