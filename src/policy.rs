//! The decision about one request that carries an API key.

use crate::endpoints::Allowlist;

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
    /// The path of the ASGI scope, which no header can forge (CVE-2026-48710).
    pub path: &'a str,
    /// The time now, in seconds since the epoch.
    pub now: i64,
}

/// The user whom the key names now, as the database has it.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// The user's role, as the host spells it.
    pub role: &'a str,
    /// `expires_at` of the key's row, in seconds since the epoch. The host (0.12.4) reads it
    /// nowhere; it binds in the admin regime.
    pub expires_at: Option<i64>,
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

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The host's rules allow it.
    Allow,
    /// The admin regime allows it, whatever the host's rules say.
    AllowBypass,
    /// The key names no user.
    UnknownKey,
    /// The key is past its `expires_at`, in the admin regime.
    ExpiredKey,
    /// The host's switch is off.
    KeysDisabled,
    /// The user is no administrator and lacks the permission `features.api_keys`.
    NotPermitted,
    /// No rule of the host's endpoint list covers the path.
    EndpointRefused,
    /// `Principal::permitted` is needed: ask the host and decide again.
    AskPermission,
}

/// Decides about a request. `bypass` is the setting `ENABLE_ADMIN_API_KEY_BYPASS`.
///
/// Outside the admin regime the rules and their order are those of
/// `get_current_user_by_api_key` in Open WebUI 0.10.0 to 0.12.4.
#[must_use]
pub fn decide(
    bypass: bool,
    request: &Request<'_>,
    principal: Option<&Principal<'_>>,
    rules: &HostRules<'_>,
) -> Decision {
    let Some(principal) = principal else {
        return Decision::UnknownKey;
    };
    if admin_regime(bypass, request.way) && is_admin(principal.role) {
        return decide_admin_regime(request, principal);
    }
    decide_host_rules(request, principal, rules)
}

/// Whether the admin regime rules an administrator's key that travelled this way. The host's rules
/// do not count there and need not be read.
#[must_use]
pub fn admin_regime(bypass: bool, way: Way) -> bool {
    bypass && way.is_header()
}

/// Whether a user may create, read and delete their own key although the host's switch is off:
/// an administrator who is signed in. A key cannot be used to make the next one.
#[must_use]
pub fn may_manage_own_key(bypass: bool, role: &str, session: bool) -> bool {
    bypass && session && is_admin(role)
}

fn decide_admin_regime(request: &Request<'_>, principal: &Principal<'_>) -> Decision {
    match principal.expires_at {
        Some(expiry) if expiry <= request.now => Decision::ExpiredKey,
        _ => Decision::AllowBypass,
    }
}

fn decide_host_rules(
    request: &Request<'_>,
    principal: &Principal<'_>,
    rules: &HostRules<'_>,
) -> Decision {
    if !rules.keys_enabled {
        return Decision::KeysDisabled;
    }
    if !is_admin(principal.role) {
        match principal.permitted {
            None => return Decision::AskPermission,
            Some(false) => return Decision::NotPermitted,
            Some(true) => {}
        }
    }
    match rules.allowlist {
        Some(list) if !list.allows(request.path) => Decision::EndpointRefused,
        _ => Decision::Allow,
    }
}

fn is_admin(role: &str) -> bool {
    role == "admin"
}
