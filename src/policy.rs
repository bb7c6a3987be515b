//! The decision about one request that carries an API key.

use crate::endpoints::Allowlist;
use crate::limits::Limits;

/// How the API key travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// The host's own API-key header, `x-api-key` unless `CUSTOM_API_KEY_HEADER` names another.
    ApiKeyHeader,
    /// The cookie `token`. A browser sends it by itself, so it never proves intent.
    Cookie,
    /// Any other way the host accepts, such as another scheme in `Authorization`.
    Other,
}

impl Way {
    /// Whether the client had to put the key into a header itself.
    #[must_use]
    pub fn is_header(self) -> bool {
        match self {
            Self::Bearer | Self::ApiKeyHeader => true,
            Self::Cookie | Self::Other => false,
        }
    }
}

/// The request, as far as the decision looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How the key travelled.
    pub way: Way,
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

/// The user whom the key names, and what is known about the key.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// The user.
    pub user: User<'a>,
    /// `expires_at` of the key's row, in seconds since the epoch. The host (0.12.4) reads it
    /// nowhere; it binds in the admin regime.
    pub expires_at: Option<i64>,
    /// `created_at` of the key's row, in seconds since the epoch.
    pub created_at: Option<i64>,
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
pub struct Regime {
    /// The setting `ENABLE_ADMIN_API_KEY_BYPASS`.
    pub bypass: bool,
    /// The limits of the bypass.
    pub limits: Limits,
}

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The host's rules allow it.
    Allow,
    /// The admin regime allows it, whatever the host's rules say.
    AllowBypass,
    /// The key names no user.
    UnknownKey,
    /// The key is past its `expires_at`, in the admin regime.
    ExpiredKey,
    /// The key is older than `ADMIN_API_KEY_MAX_AGE`, or the host does not know its age.
    AgeLimit,
    /// The client is in none of `ADMIN_API_KEY_ALLOWED_NETWORKS`, or is not known.
    NetworkLimit,
    /// None of `ADMIN_API_KEY_ALLOWED_ENDPOINTS` covers the request.
    EndpointLimit,
    /// The host's switch is off.
    KeysDisabled,
    /// The user is no administrator and lacks the permission `features.api_keys`.
    NotPermitted,
    /// No rule of the host's endpoint list covers the path.
    EndpointRefused,
    /// `Principal::permitted` is needed: ask the host and decide again.
    AskPermission,
}

impl Decision {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Allow,
        Self::AllowBypass,
        Self::UnknownKey,
        Self::ExpiredKey,
        Self::AgeLimit,
        Self::NetworkLimit,
        Self::EndpointLimit,
        Self::KeysDisabled,
        Self::NotPermitted,
        Self::EndpointRefused,
        Self::AskPermission,
    ];
}

/// Decides about a request.
///
/// Outside the admin regime the rules and their order are those of
/// `get_current_user_by_api_key` in Open WebUI 0.10.0 to 0.12.4.
#[must_use]
pub fn decide(
    regime: &Regime,
    request: &Request<'_>,
    principal: Option<&Principal<'_>>,
    rules: &HostRules<'_>,
) -> Decision {
    let Some(principal) = principal else {
        return Decision::UnknownKey;
    };
    if regime.may_rule(request.way) && regime.rules_user(&principal.user) {
        return regime.decide(request, principal);
    }
    decide_host_rules(request.path, principal, rules)
}

impl Regime {
    /// Whether the admin regime rules keys that travelled this way, of some user at least.
    #[must_use]
    pub fn may_rule(&self, way: Way) -> bool {
        self.bypass && way.is_header()
    }

    /// Whether the admin regime rules every administrator, so that the host's rules do not count
    /// for them and need not be read.
    #[must_use]
    pub fn rules_every_admin(&self) -> bool {
        self.limits.users.is_none()
    }

    /// Whether a user may create, read and delete their own key although the host's switch is
    /// off: one whom the admin regime rules and who is signed in. A key cannot be used to make the
    /// next one.
    #[must_use]
    pub fn may_manage_own_key(&self, user: &User<'_>, session: bool) -> bool {
        self.bypass && session && self.rules_user(user)
    }

    fn rules_user(&self, user: &User<'_>) -> bool {
        let named = self.limits.users.as_ref();
        is_admin(user.role) && named.is_none_or(|users| users.names(user.id, user.email))
    }

    fn decide(&self, request: &Request<'_>, principal: &Principal<'_>) -> Decision {
        match principal.expires_at {
            Some(expiry) if expiry <= request.now => Decision::ExpiredKey,
            _ => self
                .limits
                .refusal(request, principal)
                .unwrap_or(Decision::AllowBypass),
        }
    }
}

impl Limits {
    /// What the first limit that refuses a request makes of it.
    fn refusal(&self, request: &Request<'_>, principal: &Principal<'_>) -> Option<Decision> {
        if let Some(age) = self.age
            && !age.covers(principal.created_at, request.now)
        {
            return Some(Decision::AgeLimit);
        }
        if let Some(networks) = &self.networks
            && !request
                .client
                .is_some_and(|client| networks.contain(client))
        {
            return Some(Decision::NetworkLimit);
        }
        if let Some(endpoints) = &self.endpoints
            && !endpoints.cover(request.method, request.path)
        {
            return Some(Decision::EndpointLimit);
        }
        None
    }
}

/// Decides about an administrator's request by the host's rules alone.
#[must_use]
pub fn decide_about_admin(path: &str, rules: &HostRules<'_>) -> Decision {
    if !rules.keys_enabled {
        return Decision::KeysDisabled;
    }
    match rules.allowlist {
        Some(list) if !list.allows(path) => Decision::EndpointRefused,
        _ => Decision::Allow,
    }
}

fn decide_host_rules(path: &str, principal: &Principal<'_>, rules: &HostRules<'_>) -> Decision {
    if rules.keys_enabled && !is_admin(principal.user.role) {
        match principal.permitted {
            None => return Decision::AskPermission,
            Some(false) => return Decision::NotPermitted,
            Some(true) => {}
        }
    }
    decide_about_admin(path, rules)
}

fn is_admin(role: &str) -> bool {
    role == "admin"
}
