//! The decision about one request that carries an API key.

use crate::endpoints::Allowlist;
use crate::limits::Limits;
use crate::policy_file::{Account, Found, PolicyFile};

/// How the API key travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// The host's own API-key header, `x-api-key` unless `CUSTOM_API_KEY_HEADER` names another.
    ApiKeyHeader,
    /// The cookie `token`. A browser sends it by itself, so it never proves intent.
    Cookie,
    /// Any other way the host accepts, such as another scheme in `Authorization`.
    Other,
}

impl Transport {
    /// Whether the client had to put the key into a header itself.
    #[must_use]
    pub fn is_header(self) -> bool {
        match self {
            Self::Bearer | Self::ApiKeyHeader => true,
            Self::Cookie | Self::Other => false,
        }
    }

    /// The name in the audit log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::ApiKeyHeader => "api_key_header",
            Self::Cookie => "cookie",
            Self::Other => "other",
        }
    }
}

/// The request, as far as the decision looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How the key travelled.
    pub transport: Transport,
    /// The method, as the ASGI scope has it.
    pub method: &'a str,
    /// The path of the ASGI scope, which no header can forge (CVE-2026-48710).
    pub path: &'a str,
    /// The address of the client, as the ASGI scope has it.
    pub client: Option<&'a str>,
    /// The time now, in seconds since the epoch.
    pub now: i64,
}

/// A user, as the database has them now.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The id.
    pub id: &'a str,
    /// The e-mail.
    pub email: &'a str,
    /// The role, as the host spells it.
    pub role: &'a str,
}

/// The times in the row of a key, in seconds since the epoch. `None` is a time that is not set, or
/// one that the host does not know: before 0.6.41 it keeps neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// `expires_at`. The host (0.12.4) reads it nowhere; it binds whom the bypass rules.
    pub expires_at: Option<i64>,
    /// `created_at`.
    pub created_at: Option<i64>,
}

/// The user whom the key names, and what is known about the key.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// The user.
    pub user: User<'a>,
    /// The times of the key; `None` where its row could not be read.
    pub times: Option<Times>,
    /// Whether the host's `has_permission` grants `features.api_keys`; `None` while not asked.
    pub permitted: Option<bool>,
}

/// The host's rules about API keys, as the database has them now.
#[derive(Clone, Copy, Debug)]
pub struct HostRules<'a> {
    /// The switch `auth.enable_api_keys`.
    pub keys_enabled: bool,
    /// The endpoint list, if `auth.api_key.endpoint_restrictions` puts it in force.
    pub allowlist: Option<&'a Allowlist>,
}

/// What the operator lets administrators' keys do.
#[derive(Debug, Default)]
pub struct Bypass {
    /// The setting `ENABLE_ADMIN_API_KEY_BYPASS`; `false` while any setting is wrong.
    pub on: bool,
    /// The limits of the bypass.
    pub limits: Limits,
    /// What each automation may do; `None` without a policy file.
    pub accounts: Option<PolicyFile>,
}

/// Hands the members of [`Decision`], their names and meanings to another macro: the one place that
/// states them.
macro_rules! for_each_decision {
    ($define:ident) => {
        $define! {
            /// The host's rules allow the request.
            Allow = "allow",
            /// The bypass allows the request, whatever the host's rules say.
            AllowBypass = "allow_bypass",
            /// The bypass rules the user and the key came in no header: the host's rules allow the
            /// request, and the key is within the limits.
            AllowWithinLimits = "allow_within_limits",
            /// The key names no user.
            UnknownKey = "unknown_key",
            /// The key is past its `expires_at`.
            ExpiredKey = "expired_key",
            /// The row of the key could not be read, so nobody knows when the key ends.
            UnreadKey = "unread_key",
            /// The key is older than `ADMIN_API_KEY_MAX_AGE`, or the host does not keep its age.
            AgeLimit = "age_limit",
            /// The client is in none of `ADMIN_API_KEY_ALLOWED_NETWORKS`, or is not known.
            NetworkLimit = "network_limit",
            /// None of `ADMIN_API_KEY_ALLOWED_ENDPOINTS` covers the request.
            EndpointLimit = "endpoint_limit",
            /// Two accounts of the policy file name the user, one by id and one by e-mail address.
            TwoAccounts = "two_accounts",
            /// The key is older than `max_age` of its account, or the host does not keep its age.
            AccountAgeLimit = "account_age_limit",
            /// The client is in none of the `networks` of the account, or is not known.
            AccountNetworkLimit = "account_network_limit",
            /// None of the `endpoints` of the account covers the request.
            AccountEndpointLimit = "account_endpoint_limit",
            /// The host's switch is off.
            KeysDisabled = "keys_disabled",
            /// The user is no administrator and lacks the permission `features.api_keys`.
            NotPermitted = "not_permitted",
            /// No rule of the host's endpoint list covers the path.
            EndpointRefused = "endpoint_refused",
        }
    };
}
#[cfg(feature = "python")]
pub(crate) use for_each_decision;

macro_rules! define {
    ($($(#[doc = $doc:literal])+ $member:ident = $name:literal,)+) => {
        /// What becomes of the request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Decision {
            $($(#[doc = $doc])+ $member,)+
        }

        impl Decision {
            /// All of them, in order.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$member),+];

            /// The name in logs, metrics and the status route.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$member => $name,)+
                }
            }
        }
    };
}
for_each_decision!(define);

/// What a decision means, and who has made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The host's rules let the user in.
    Allowed,
    /// The bypass rules the user, and lets them in.
    AllowedByBypass,
    /// The key names nobody.
    Unknown,
    /// The host's rules refuse.
    Refused,
    /// The bypass rules the user, and the limit of this name refuses: a setting, `expires_at`, or
    /// `unread` where the limits could not be checked.
    RefusedByLimit(&'static str),
}

impl Verdict {
    /// Whether the user is let in.
    #[must_use]
    pub fn allows(self) -> bool {
        match self {
            Self::Allowed | Self::AllowedByBypass => true,
            Self::Unknown | Self::Refused | Self::RefusedByLimit(_) => false,
        }
    }

    /// Whether the bypass rules the user, so that the host has no say in a refusal.
    #[must_use]
    pub fn is_of_bypass(self) -> bool {
        match self {
            Self::AllowedByBypass | Self::RefusedByLimit(_) => true,
            Self::Allowed | Self::Unknown | Self::Refused => false,
        }
    }

    /// The limit that refuses, if one does.
    #[must_use]
    pub fn limit(self) -> Option<&'static str> {
        match self {
            Self::RefusedByLimit(name) => Some(name),
            Self::Allowed | Self::AllowedByBypass | Self::Unknown | Self::Refused => None,
        }
    }
}

impl Decision {
    /// What it means, and who has made it.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Allow => Verdict::Allowed,
            Self::AllowBypass | Self::AllowWithinLimits => Verdict::AllowedByBypass,
            Self::UnknownKey => Verdict::Unknown,
            Self::ExpiredKey => Verdict::RefusedByLimit("expires_at"),
            Self::UnreadKey => Verdict::RefusedByLimit("unread"),
            Self::AgeLimit => Verdict::RefusedByLimit("ADMIN_API_KEY_MAX_AGE"),
            Self::NetworkLimit => Verdict::RefusedByLimit("ADMIN_API_KEY_ALLOWED_NETWORKS"),
            Self::EndpointLimit => Verdict::RefusedByLimit("ADMIN_API_KEY_ALLOWED_ENDPOINTS"),
            Self::TwoAccounts => Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: user"),
            Self::AccountAgeLimit => Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: max_age"),
            Self::AccountNetworkLimit => {
                Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: networks")
            }
            Self::AccountEndpointLimit => {
                Verdict::RefusedByLimit("ADMIN_API_KEY_POLICY_FILE: endpoints")
            }
            Self::KeysDisabled | Self::NotPermitted | Self::EndpointRefused => Verdict::Refused,
        }
    }
}

/// Who decides whether a user may create, read and delete their own key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKey {
    /// The host's rules: the bypass does not rule the user.
    ByHost,
    /// The bypass, and they may, whatever the host's rules say: they are signed in.
    Allowed,
    /// The bypass, and they may not: a key must not make the next one, or read itself.
    Refused,
}

/// What the facts about a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// They are enough.
    Decided(Decision),
    /// [`Principal::permitted`] is missing: ask the host for the permission and judge again.
    AskPermission,
    /// The host's rules are missing: the host decides.
    AskHost,
}

/// Judges a request.
///
/// Where the bypass rules the user and the key came in a header, the end of the key and the limits
/// alone decide. Otherwise the host's rules decide, in the order of `get_current_user_by_api_key`
/// in Open WebUI 0.10.0 to 0.12.4, and whom the bypass rules must be within the limits *as well*.
#[must_use]
pub fn judge(
    bypass: &Bypass,
    request: &Request<'_>,
    principal: Option<&Principal<'_>>,
    rules: Option<&HostRules<'_>>,
) -> Judgement {
    let Some(principal) = principal else {
        return Judgement::Decided(Decision::UnknownKey);
    };
    if request.transport.is_header()
        && let Some(account) = bypass.ruled(&principal.user)
    {
        let refusal = bypass.refusal(request, principal, account);
        return Judgement::Decided(refusal.unwrap_or(Decision::AllowBypass));
    }
    let Some(rules) = rules else {
        return Judgement::AskHost;
    };
    match judge_by_host_rules(request.path, principal, rules) {
        Judgement::Decided(Decision::Allow) => {
            Judgement::Decided(decide_let_in(bypass, request, principal))
        }
        judgement => judgement,
    }
}

/// Decides about a request that the host's rules allow: whom the bypass rules must be within the
/// limits as well.
#[must_use]
pub fn decide_let_in(
    bypass: &Bypass,
    request: &Request<'_>,
    principal: &Principal<'_>,
) -> Decision {
    let Some(account) = bypass.ruled(&principal.user) else {
        return Decision::Allow;
    };
    bypass
        .refusal(request, principal, account)
        .unwrap_or(Decision::AllowWithinLimits)
}

impl Bypass {
    /// Whether keys that travelled this way can bypass the host's rules, those of some user at
    /// least.
    #[must_use]
    pub fn may_bypass(&self, transport: Transport) -> bool {
        self.on && transport.is_header()
    }

    /// Whether the bypass rules every administrator, so that for a key in a header the host's
    /// rules do not count and need not be read.
    #[must_use]
    pub fn rules_every_admin(&self) -> bool {
        self.limits.users.is_none() && self.rules_others()
    }

    /// Whether any limit looks at the address of a client.
    #[must_use]
    pub fn limits_networks(&self) -> bool {
        let accounts = self.accounts.iter().flat_map(PolicyFile::accounts);
        let of_accounts = accounts.map(|account| &account.limits);
        of_accounts
            .chain([&self.limits])
            .any(|limits| limits.networks.is_some())
    }

    /// The account of a user in the policy file.
    #[must_use]
    pub fn account(&self, user: &User<'_>) -> Found<'_> {
        let file = self.accounts.as_ref();
        file.map_or(Found::None, |file| file.account(user.id, user.email))
    }

    /// Whether the endpoints that keys of an account may reach, or those of the environment without
    /// one, let a key reach a route. A route that two lists reach by different paths counts as
    /// reached. Without any list, which reaches everything, the answer is `None`.
    #[must_use]
    pub fn reaches(
        &self,
        account: Option<&Account>,
        method: Option<&str>,
        template: &str,
    ) -> Option<bool> {
        let of_account = account.and_then(|account| account.limits.endpoints.as_ref());
        let lists = [self.limits.endpoints.as_ref(), of_account];
        lists
            .into_iter()
            .flatten()
            .map(|list| list.reach(method, template))
            .reduce(|one, other| one && other)
    }

    /// Who decides whether a user may create, read and delete their own key, in a request that
    /// carries the session of a person or something else.
    #[must_use]
    pub fn own_key(&self, user: &User<'_>, session: bool) -> OwnKey {
        match (self.ruled(user).is_some(), session) {
            (false, _) => OwnKey::ByHost,
            (true, true) => OwnKey::Allowed,
            (true, false) => OwnKey::Refused,
        }
    }

    /// The name of a user's account, if the policy file has exactly one and the bypass rules the
    /// user.
    #[must_use]
    pub fn account_name(&self, user: &User<'_>) -> Option<&str> {
        match self.ruled(user) {
            Some(Found::One(account)) => Some(&account.name),
            _ => None,
        }
    }

    /// Whether the bypass rules administrators without an account in the policy file.
    fn rules_others(&self) -> bool {
        self.accounts.as_ref().is_none_or(|file| file.rules_others)
    }

    /// The account of a user whose keys the bypass rules; `None` for everybody else.
    fn ruled(&self, user: &User<'_>) -> Option<Found<'_>> {
        let named = self.limits.users.as_ref();
        let is_meant = self.on
            && is_admin(user.role)
            && named.is_none_or(|users| users.names(user.id, user.email));
        let account = is_meant.then(|| self.account(user))?;
        (self.rules_others() || !matches!(account, Found::None)).then_some(account)
    }

    /// What the end of the key, or the first limit that refuses, makes of a request. The limits of
    /// the environment are a ceiling: those of the user's account must hold as well.
    fn refusal(
        &self,
        request: &Request<'_>,
        principal: &Principal<'_>,
        account: Found<'_>,
    ) -> Option<Decision> {
        let Some(times) = principal.times else {
            return Some(Decision::UnreadKey);
        };
        if times.expires_at.is_some_and(|end| end <= request.now) {
            return Some(Decision::ExpiredKey);
        }
        let of_environment = self
            .limits
            .refusal(request, times)
            .map(|limit| match limit {
                Limit::Age => Decision::AgeLimit,
                Limit::Networks => Decision::NetworkLimit,
                Limit::Endpoints => Decision::EndpointLimit,
            });
        of_environment.or_else(|| match account {
            Found::None => None,
            Found::Two(..) => Some(Decision::TwoAccounts),
            Found::One(account) => {
                account
                    .limits
                    .refusal(request, times)
                    .map(|limit| match limit {
                        Limit::Age => Decision::AccountAgeLimit,
                        Limit::Networks => Decision::AccountNetworkLimit,
                        Limit::Endpoints => Decision::AccountEndpointLimit,
                    })
            }
        })
    }
}

/// A kind of limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Age,
    Networks,
    Endpoints,
}

impl Limits {
    /// The first limit that refuses a request.
    fn refusal(&self, request: &Request<'_>, times: Times) -> Option<Limit> {
        if let Some(age) = self.age
            && !age.covers(times.created_at, request.now)
        {
            return Some(Limit::Age);
        }
        if let Some(networks) = &self.networks
            && !request
                .client
                .is_some_and(|client| networks.contain(client))
        {
            return Some(Limit::Networks);
        }
        if let Some(endpoints) = &self.endpoints
            && !endpoints.cover(request.method, request.path)
        {
            return Some(Limit::Endpoints);
        }
        None
    }
}

fn judge_by_host_rules(path: &str, principal: &Principal<'_>, rules: &HostRules<'_>) -> Judgement {
    if !rules.keys_enabled {
        return Judgement::Decided(Decision::KeysDisabled);
    }
    if !is_admin(principal.user.role) {
        match principal.permitted {
            None => return Judgement::AskPermission,
            Some(false) => return Judgement::Decided(Decision::NotPermitted),
            Some(true) => {}
        }
    }
    Judgement::Decided(match rules.allowlist {
        Some(list) if !list.allows(path) => Decision::EndpointRefused,
        _ => Decision::Allow,
    })
}

fn is_admin(role: &str) -> bool {
    role == "admin"
}
