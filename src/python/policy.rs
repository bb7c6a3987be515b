use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::endpoints::Allowlist;
use crate::policy;

/// How an API key travelled.
#[pyclass(frozen, eq, hash, from_py_object, module = "owui_keygate._native")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    Bearer,
    ApiKeyHeader,
    Cookie,
    Other,
}

impl From<Way> for policy::Way {
    fn from(way: Way) -> Self {
        match way {
            Way::Bearer => Self::Bearer,
            Way::ApiKeyHeader => Self::ApiKeyHeader,
            Way::Cookie => Self::Cookie,
            Way::Other => Self::Other,
        }
    }
}

/// What becomes of a request.
#[pyclass(frozen, eq, hash, module = "owui_keygate._native")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    Allow,
    AllowBypass,
    UnknownKey,
    ExpiredKey,
    KeysDisabled,
    NotPermitted,
    EndpointRefused,
    AskPermission,
}

impl From<policy::Decision> for Decision {
    fn from(decision: policy::Decision) -> Self {
        match decision {
            policy::Decision::Allow => Self::Allow,
            policy::Decision::AllowBypass => Self::AllowBypass,
            policy::Decision::UnknownKey => Self::UnknownKey,
            policy::Decision::ExpiredKey => Self::ExpiredKey,
            policy::Decision::KeysDisabled => Self::KeysDisabled,
            policy::Decision::NotPermitted => Self::NotPermitted,
            policy::Decision::EndpointRefused => Self::EndpointRefused,
            policy::Decision::AskPermission => Self::AskPermission,
        }
    }
}

/// The decision, with the setting it depends on.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Policy {
    bypass: bool,
    /// The last endpoint list with its text. It follows from the text alone.
    parsed: Mutex<Option<(Box<str>, Arc<Allowlist>)>>,
}

impl Policy {
    fn allowlist(&self, text: &str) -> Arc<Allowlist> {
        let mut parsed = self.parsed.lock();
        match &*parsed {
            Some((known, list)) if **known == *text => Arc::clone(list),
            _ => {
                let list = Arc::new(Allowlist::parse(text));
                *parsed = Some((text.into(), Arc::clone(&list)));
                list
            }
        }
    }
}

#[pymethods]
impl Policy {
    #[new]
    fn new(bypass: bool) -> Self {
        Self {
            bypass,
            parsed: Mutex::new(None),
        }
    }

    /// Decides about one request. `role` is `None` for a key that names no user;
    /// `allowed_endpoints` is `None` while the host's endpoint list is not in force.
    #[pyo3(signature = (way, path, now, role, expires_at=None, keys_enabled=false, allowed_endpoints=None, permitted=None))]
    #[allow(clippy::too_many_arguments, reason = "the facts of one request")]
    fn decide(
        &self,
        way: Way,
        path: &str,
        now: i64,
        role: Option<&str>,
        expires_at: Option<i64>,
        keys_enabled: bool,
        allowed_endpoints: Option<&str>,
        permitted: Option<bool>,
    ) -> Decision {
        let request = policy::Request {
            way: way.into(),
            path,
            now,
        };
        let principal = role.map(|role| policy::Principal {
            role,
            expires_at,
            permitted,
        });
        let allowlist = allowed_endpoints.map(|text| self.allowlist(text));
        let rules = policy::HostRules {
            keys_enabled,
            allowlist: allowlist.as_deref(),
        };
        policy::decide(self.bypass, &request, principal.as_ref(), &rules).into()
    }

    /// Whether the admin regime rules an administrator's key that travelled this way.
    fn admin_regime(&self, way: Way) -> bool {
        policy::admin_regime(self.bypass, way.into())
    }

    /// Whether a user may manage their own key although the host's switch is off.
    #[pyo3(signature = (*, role, session))]
    fn may_manage_own_key(&self, role: &str, session: bool) -> bool {
        policy::may_manage_own_key(self.bypass, role, session)
    }
}
