//! The decision against a plain statement of the host's rules.

use owui_keygate::endpoints::Allowlist;
use owui_keygate::policy::{
    Decision, HostRules, Principal, Request, Way, admin_regime, decide, may_manage_own_key,
};
use proptest::prelude::*;

/// Everything the decision may look at, owned.
#[derive(Clone, Debug)]
struct Case {
    bypass: bool,
    way: Way,
    path: String,
    now: i64,
    known: bool,
    role: String,
    expires_at: Option<i64>,
    permitted: Option<bool>,
    keys_enabled: bool,
    list: Option<String>,
}

impl Case {
    fn decide(&self) -> Decision {
        let list = self.list.as_deref().map(Allowlist::parse);
        let request = Request {
            way: self.way,
            path: &self.path,
            now: self.now,
        };
        let principal = Principal {
            role: &self.role,
            expires_at: self.expires_at,
            permitted: self.permitted,
        };
        let rules = HostRules {
            keys_enabled: self.keys_enabled,
            allowlist: list.as_ref(),
        };
        decide(
            self.bypass,
            &request,
            self.known.then_some(&principal),
            &rules,
        )
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

prop_compose! {
    fn case()(
        bypass in any::<bool>(),
        way in way(),
        path in "/[ab]{0,2}(/[ab]{0,2}){0,2}",
        now in 0..4_i64,
        known in prop::bool::weighted(0.9),
        role in role(),
        expires_at in prop::option::of(0..4_i64),
        permitted in any::<Option<bool>>(),
        keys_enabled in any::<bool>(),
        list in prop::option::of("(/[ab]{1,2}(/[ab]{1,2})?,){0,3}"),
    ) -> Case {
        Case { bypass, way, path, now, known, role, expires_at, permitted, keys_enabled, list }
    }
}

fn is_admin_regime(decision: Decision) -> bool {
    matches!(decision, Decision::AllowBypass | Decision::ExpiredKey)
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
    fn the_admin_regime_asks_only_for_the_expiry(case in case(), way in prop_oneof![Just(Way::Bearer), Just(Way::ApiKeyHeader)]) {
        let case = Case { bypass: true, known: true, role: "admin".to_owned(), way, ..case };
        let expired = case.expires_at.is_some_and(|expiry| case.now >= expiry);
        let expected = if expired { Decision::ExpiredKey } else { Decision::AllowBypass };
        prop_assert_eq!(case.decide(), expected);
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
    fn only_a_signed_in_administrator_manages_a_key(bypass: bool, role in role(), session: bool) {
        prop_assert_eq!(
            may_manage_own_key(bypass, &role, session),
            bypass && session && role == "admin"
        );
    }
}

#[test]
fn the_host_looks_at_the_switch_then_the_permission_then_the_list() {
    let case = Case {
        bypass: false,
        way: Way::Bearer,
        path: "/b".to_owned(),
        now: 0,
        known: true,
        role: "user".to_owned(),
        expires_at: None,
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
        assert_eq!(admin_regime(true, way), way.is_header());
        assert!(!admin_regime(false, way));
    }
}

proptest! {
    /// So they need not be read there.
    #[test]
    fn the_hosts_rules_do_not_count_for_an_administrator_in_the_admin_regime(
        case in case(), other in case(),
    ) {
        let case = Case {
            bypass: true,
            way: Way::Bearer,
            known: true,
            role: "admin".to_owned(),
            ..case
        };
        let changed = Case {
            keys_enabled: other.keys_enabled,
            list: other.list,
            permitted: other.permitted,
            ..case.clone()
        };
        prop_assert_eq!(case.decide(), changed.decide());
    }
}
