use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyDict;

use super::settings::Settings;

use crate::endpoints::Allowlist;
use crate::policy::{self, Verdict};
use crate::settings;

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
#[pyclass(frozen, eq, hash, from_py_object, module = "owui_keygate._native")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    Allow,
    AllowBypass,
    AllowWithinLimits,
    UnknownKey,
    ExpiredKey,
    UnreadKey,
    AgeLimit,
    NetworkLimit,
    EndpointLimit,
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
            policy::Decision::AllowWithinLimits => Self::AllowWithinLimits,
            policy::Decision::UnknownKey => Self::UnknownKey,
            policy::Decision::ExpiredKey => Self::ExpiredKey,
            policy::Decision::UnreadKey => Self::UnreadKey,
            policy::Decision::AgeLimit => Self::AgeLimit,
            policy::Decision::NetworkLimit => Self::NetworkLimit,
            policy::Decision::EndpointLimit => Self::EndpointLimit,
            policy::Decision::KeysDisabled => Self::KeysDisabled,
            policy::Decision::NotPermitted => Self::NotPermitted,
            policy::Decision::EndpointRefused => Self::EndpointRefused,
            policy::Decision::AskPermission => Self::AskPermission,
        }
    }
}

impl From<Decision> for policy::Decision {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allow,
            Decision::AllowBypass => Self::AllowBypass,
            Decision::AllowWithinLimits => Self::AllowWithinLimits,
            Decision::UnknownKey => Self::UnknownKey,
            Decision::ExpiredKey => Self::ExpiredKey,
            Decision::UnreadKey => Self::UnreadKey,
            Decision::AgeLimit => Self::AgeLimit,
            Decision::NetworkLimit => Self::NetworkLimit,
            Decision::EndpointLimit => Self::EndpointLimit,
            Decision::KeysDisabled => Self::KeysDisabled,
            Decision::NotPermitted => Self::NotPermitted,
            Decision::EndpointRefused => Self::EndpointRefused,
            Decision::AskPermission => Self::AskPermission,
        }
    }
}

#[pymethods]
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "PyO3 hands out a reference"
)]
impl Decision {
    /// The name in logs, metrics and the status route.
    #[getter]
    fn name(&self) -> &'static str {
        policy::Decision::from(*self).name()
    }

    /// Whether it lets the user in.
    #[getter]
    fn allows(&self) -> bool {
        match policy::Decision::from(*self).verdict() {
            Verdict::Allowed | Verdict::AllowedByBypass => true,
            Verdict::Unknown | Verdict::Refused | Verdict::RefusedByLimit(_) | Verdict::Open => {
                false
            }
        }
    }

    /// Whether the bypass rules the user, so that the host has no say in a refusal.
    #[getter]
    fn is_of_bypass(&self) -> bool {
        match policy::Decision::from(*self).verdict() {
            Verdict::AllowedByBypass | Verdict::RefusedByLimit(_) => true,
            Verdict::Allowed | Verdict::Unknown | Verdict::Refused | Verdict::Open => false,
        }
    }

    /// The limit that refuses, if one does.
    #[getter]
    fn limit(&self) -> Option<&'static str> {
        match policy::Decision::from(*self).verdict() {
            Verdict::RefusedByLimit(name) => Some(name),
            Verdict::Allowed
            | Verdict::AllowedByBypass
            | Verdict::Unknown
            | Verdict::Refused
            | Verdict::Open => None,
        }
    }
}

/// Who decides whether a user may create, read and delete their own key.
#[pyclass(frozen, eq, hash, from_py_object, module = "owui_keygate._native")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnKey {
    ByHost,
    Allowed,
    Refused,
}

impl From<policy::OwnKey> for OwnKey {
    fn from(own_key: policy::OwnKey) -> Self {
        match own_key {
            policy::OwnKey::ByHost => Self::ByHost,
            policy::OwnKey::Allowed => Self::Allowed,
            policy::OwnKey::Refused => Self::Refused,
        }
    }
}

/// What is known of the addresses that clients have in the ASGI scope.
#[repr(u8)]
enum Addresses {
    /// The server has not been asked whom it believes about them.
    Unknown,
    /// They are those of the clients.
    True,
    /// Anybody can claim any.
    Forgeable,
}

/// The decision, with the settings it depends on.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Policy {
    settings: Arc<settings::Settings>,
    /// An `Addresses`. Networks refuse unless it is `True`.
    addresses: AtomicU8,
    /// The last endpoint list with its text. It follows from the text alone.
    parsed: Mutex<Option<(Box<str>, Arc<Allowlist>)>>,
}

impl Policy {
    fn regime(&self) -> &policy::Regime {
        &self.settings.regime
    }

    fn addresses_are(&self, known: Addresses) -> bool {
        self.addresses.load(Ordering::Acquire) == known as u8
    }

    /// The request, without the address of its client where that may be another's.
    fn request<'a>(&self, scope: &'a Scope, way: Way, now: i64) -> policy::Request<'a> {
        let mut request = scope.as_core(way, now);
        request.client = request
            .client
            .filter(|_| self.addresses_are(Addresses::True));
        request
    }

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
    fn new(settings: &Settings) -> Self {
        Self {
            settings: Arc::clone(&settings.0),
            addresses: AtomicU8::new(Addresses::Unknown as u8),
            parsed: Mutex::new(None),
        }
    }

    /// Decides about one request. `user` is `None` for a key that names nobody;
    /// `allowed_endpoints` is `None` while the host's endpoint list is not in force.
    #[pyo3(signature = (way, scope, now, user, expires_at=None, created_at=None, keys_enabled=false, allowed_endpoints=None, permitted=None))]
    #[allow(clippy::too_many_arguments, reason = "the facts of one request")]
    fn decide(
        &self,
        way: Way,
        scope: &Bound<'_, PyDict>,
        now: i64,
        user: Option<&Bound<'_, PyAny>>,
        expires_at: Option<i64>,
        created_at: Option<i64>,
        keys_enabled: bool,
        allowed_endpoints: Option<&str>,
        permitted: Option<bool>,
    ) -> PyResult<Decision> {
        let scope = Scope::extract(scope)?;
        let user = user.map(User::extract).transpose()?;
        let principal = user.as_ref().map(|user| policy::Principal {
            user: user.as_core(),
            times: Some(policy::Times {
                expires_at,
                created_at,
            }),
            permitted,
        });
        let allowlist = allowed_endpoints.map(|text| self.allowlist(text));
        let rules = policy::HostRules {
            keys_enabled,
            allowlist: allowlist.as_deref(),
        };
        let request = self.request(&scope, way, now);
        Ok(policy::decide(self.regime(), &request, principal.as_ref(), &rules).into())
    }

    /// Decides about a request that the host has let in by its own rules. `times` are `expires_at`
    /// and `created_at` of the key; `None` where its row could not be read.
    fn decide_let_in(
        &self,
        way: Way,
        scope: &Bound<'_, PyDict>,
        now: i64,
        user: &Bound<'_, PyAny>,
        times: Option<(Option<i64>, Option<i64>)>,
    ) -> PyResult<Decision> {
        let scope = Scope::extract(scope)?;
        let user = User::extract(user)?;
        let principal = policy::Principal {
            user: user.as_core(),
            times: times.map(|(expires_at, created_at)| policy::Times {
                expires_at,
                created_at,
            }),
            permitted: None,
        };
        let request = self.request(&scope, way, now);
        Ok(policy::decide_let_in(self.regime(), &request, &principal).into())
    }

    /// Whether the bypass is on.
    #[getter]
    fn bypass(&self) -> bool {
        self.regime().bypass
    }

    /// Whether keys that travelled this way can bypass the host's rules.
    fn may_bypass(&self, way: Way) -> bool {
        self.regime().may_bypass(way.into())
    }

    /// Whether the bypass rules every administrator.
    #[getter]
    fn rules_every_admin(&self) -> bool {
        self.regime().rules_every_admin()
    }

    /// Whether there are networks to hold a client against, and the server has not been asked yet
    /// whom it believes about the addresses of clients. Until then networks refuse.
    #[getter]
    fn must_ask_server(&self) -> bool {
        let regime = self.regime();
        regime.bypass && regime.limits.networks.is_some() && self.addresses_are(Addresses::Unknown)
    }

    /// Whether networks refuse every client, because the server believes anybody about addresses.
    #[getter]
    fn distrusts_addresses(&self) -> bool {
        self.addresses_are(Addresses::Forgeable)
    }

    /// Notes, once, whether the addresses of clients are their own; otherwise networks refuse from
    /// now on. Returns whether this was the first note, the one that counts.
    #[pyo3(signature = (*, addresses_are_true))]
    fn note_server(&self, addresses_are_true: bool) -> bool {
        let known = if addresses_are_true {
            Addresses::True
        } else {
            Addresses::Forgeable
        };
        self.addresses
            .compare_exchange(
                Addresses::Unknown as u8,
                known as u8,
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .is_ok()
    }

    /// Whether the allowed endpoints, if there are any, let a key reach a route. `method` is
    /// `None` for a route that answers to every method.
    fn reaches(&self, method: Option<&str>, template: &str) -> bool {
        let endpoints = self.regime().limits.endpoints.as_ref();
        endpoints.is_some_and(|endpoints| endpoints.reach(method, template))
    }

    /// Who decides whether a user may create, read and delete their own key.
    #[pyo3(signature = (user, *, session))]
    fn own_key(&self, user: &Bound<'_, PyAny>, session: bool) -> PyResult<OwnKey> {
        let user = User::extract(user)?;
        Ok(self.regime().own_key(&user.as_core(), session).into())
    }
}

/// What is taken from an ASGI scope.
pub(super) struct Scope {
    method: Option<PyBackedStr>,
    pub(super) path: PyBackedStr,
    client: Option<PyBackedStr>,
}

impl Scope {
    pub(super) fn extract(scope: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = scope.py();
        let path = scope
            .get_item(intern!(py, "path"))?
            .ok_or_else(|| PyKeyError::new_err("path"))?;
        let method = scope.get_item(intern!(py, "method"))?;
        let client = scope
            .get_item(intern!(py, "client"))?
            .filter(|client| !client.is_none());
        Ok(Self {
            path: path.extract()?,
            method: method.map(|method| method.extract()).transpose()?,
            client: client
                .map(|client| client.get_item(0)?.extract())
                .transpose()?,
        })
    }

    /// A scope without a method is no HTTP request; no endpoint with methods covers it.
    pub(super) fn method(&self) -> &str {
        self.method.as_deref().unwrap_or_default()
    }

    /// The address of the client.
    pub(super) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    fn as_core(&self, way: Way, now: i64) -> policy::Request<'_> {
        policy::Request {
            way: way.into(),
            method: self.method(),
            path: &self.path,
            client: self.client(),
            now,
        }
    }
}

/// What is taken from the host's user object.
struct User {
    id: PyBackedStr,
    email: PyBackedStr,
    role: PyBackedStr,
}

impl User {
    fn extract(user: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = user.py();
        Ok(Self {
            id: user.getattr(intern!(py, "id"))?.extract()?,
            email: user.getattr(intern!(py, "email"))?.extract()?,
            role: user.getattr(intern!(py, "role"))?.extract()?,
        })
    }

    fn as_core(&self) -> policy::User<'_> {
        policy::User {
            id: &self.id,
            email: &self.email,
            role: &self.role,
        }
    }
}
