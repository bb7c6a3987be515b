use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use super::audit::{Audit, Ending};
use super::decision::{Decision, Judgement, OwnKey, Transport};
use super::facts::{KeyRequest, Reading, Times, User};
use super::settings::Settings;

use crate::endpoints::Allowlist;
use crate::policy;
use crate::policy_file::{Account, PolicyFile};
use crate::settings;

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
    fn bypass(&self) -> &policy::Bypass {
        &self.settings.bypass
    }

    fn addresses_are(&self, known: Addresses) -> bool {
        self.addresses.load(Ordering::Acquire) == known as u8
    }

    /// The request, without the address of its client where that may be another's.
    fn request<'a>(&self, request: &'a KeyRequest) -> policy::Request<'a> {
        let mut request = request.as_core();
        request.client = request
            .client
            .filter(|_| self.addresses_are(Addresses::True));
        request
    }

    fn named(&self, account: &str) -> PyResult<&Account> {
        let file = self.bypass().accounts.as_ref();
        file.and_then(|file| file.named(account))
            .ok_or_else(|| PyKeyError::new_err(account.to_owned()))
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
#[allow(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands out what it has extracted"
)]
impl Policy {
    #[new]
    fn new(settings: &Settings) -> Self {
        Self {
            settings: Arc::clone(&settings.0),
            addresses: AtomicU8::new(Addresses::Unknown as u8),
            parsed: Mutex::new(None),
        }
    }

    /// Judges one request. `reading` is `None` for a key that names nobody. With `audit`, a decision
    /// is counted there, and the judgement says what to write down.
    #[pyo3(signature = (request, reading, *, permitted=None, audit=None))]
    fn judge(
        &self,
        py: Python<'_>,
        request: KeyRequest,
        reading: Option<Reading>,
        permitted: Option<bool>,
        audit: Option<&Audit>,
    ) -> PyResult<Judgement> {
        let principal = reading.as_ref().map(|reading| policy::Principal {
            user: reading.user.as_core(),
            times: Some(reading.times),
            permitted,
        });
        let rules = reading.as_ref().and_then(|reading| reading.rules.as_ref());
        let allowlist = rules
            .and_then(|rules| rules.allowed_endpoints.as_deref())
            .map(|text| self.allowlist(text));
        let rules = rules.map(|rules| policy::HostRules {
            keys_enabled: rules.keys_enabled,
            allowlist: allowlist.as_deref(),
        });
        let judgement = policy::judge(
            self.bypass(),
            &self.request(&request),
            principal.as_ref(),
            rules.as_ref(),
        );
        let user = principal.as_ref().map(|principal| principal.user);
        let account = user.and_then(|user| self.bypass().account_name(&user));
        let records = match (judgement, audit) {
            (policy::Judgement::Decided(decision), Some(audit)) => {
                audit.record(py, &request, decision, user.map(|user| user.id), account)?
            }
            _ => Vec::new(),
        };
        let ending = match (judgement, audit, &principal) {
            (policy::Judgement::Decided(decision), Some(audit), Some(principal))
                if decision.verdict() == policy::Verdict::AllowedByBypass =>
            {
                audit.watch(self.bypass(), &request, principal)
            }
            _ => None,
        };
        let ending = ending.map(|ending| Py::new(py, ending)).transpose()?;
        Ok(Judgement::new(judgement, account, records, ending))
    }

    /// Decides about a request that the host has let in by its own rules. `times` are `expires_at`
    /// and `created_at` of the key; `None` where its row could not be read.
    fn decide_let_in(&self, request: KeyRequest, user: User, times: Option<Times>) -> Decision {
        let principal = policy::Principal {
            user: user.as_core(),
            times: times.map(Into::into),
            permitted: None,
        };
        policy::decide_let_in(self.bypass(), &self.request(&request), &principal).into()
    }

    /// Notes that a user whom the bypass rules is let in, and returns the key if somebody is to be
    /// warned that it ends soon. `judge` does so itself.
    fn watch(
        &self,
        request: KeyRequest,
        user: User,
        times: Option<Times>,
        audit: &Audit,
    ) -> Option<Ending> {
        let principal = policy::Principal {
            user: user.as_core(),
            times: times.map(Into::into),
            permitted: None,
        };
        audit.watch(self.bypass(), &request, &principal)
    }

    /// Whether the bypass is on.
    #[getter(bypass)]
    fn is_on(&self) -> bool {
        self.bypass().on
    }

    /// Whether keys that travelled this way can bypass the host's rules.
    fn may_bypass(&self, transport: Transport) -> bool {
        self.bypass().may_bypass(transport.into())
    }

    /// Whether the bypass rules every administrator.
    #[getter]
    fn rules_every_admin(&self) -> bool {
        self.bypass().rules_every_admin()
    }

    /// Whether there are networks to hold a client against, and the server has not been asked yet
    /// whom it believes about the addresses of clients. Until then networks refuse.
    #[getter]
    fn must_ask_server(&self) -> bool {
        let bypass = self.bypass();
        bypass.on && bypass.limits_networks() && self.addresses_are(Addresses::Unknown)
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

    /// The name of a user's account, if the policy file has exactly one and the bypass rules the
    /// user.
    fn account(&self, user: User) -> Option<&str> {
        self.bypass().account_name(&user.as_core())
    }

    /// For each account of the policy file whether it has endpoints.
    #[getter]
    fn accounts(&self) -> BTreeMap<&str, bool> {
        let accounts = self.bypass().accounts.iter();
        accounts
            .flat_map(PolicyFile::accounts)
            .map(|account| (&*account.name, account.limits.endpoints.is_some()))
            .collect()
    }

    /// Whether the allowed endpoints, if there are any, let a key reach a route. `method` is
    /// `None` for a route that answers to every method. With `account`, they are those of an
    /// account as well.
    #[pyo3(signature = (method, template, *, account=None))]
    fn reaches(
        &self,
        method: Option<&str>,
        template: &str,
        account: Option<&str>,
    ) -> PyResult<bool> {
        let account = account.map(|name| self.named(name)).transpose()?;
        let reached = self.bypass().reaches(account, method, template);
        Ok(reached.unwrap_or_default())
    }

    /// The entry of the allowed endpoints, or of those of an account, that covers a request.
    #[pyo3(signature = (method, path, *, account=None))]
    fn covering(
        &self,
        method: &str,
        path: &str,
        account: Option<&str>,
    ) -> PyResult<Option<String>> {
        let limits = match account {
            None => &self.bypass().limits,
            Some(name) => &self.named(name)?.limits,
        };
        let endpoints = limits.endpoints.as_ref();
        let covering = endpoints.and_then(|endpoints| endpoints.covering(method, path));
        Ok(covering.map(ToString::to_string))
    }

    /// Who decides whether a user may create, read and delete their own key.
    #[pyo3(signature = (user, *, session))]
    fn own_key(&self, user: User, session: bool) -> OwnKey {
        self.bypass().own_key(&user.as_core(), session).into()
    }
}
