use pyo3::prelude::*;
use pyo3::types::PyDict;
use sha2::{Digest, Sha256};

use super::decision::Decision;
use super::facts::KeyRequest;
use crate::audit::{self, Mode, Record};
use crate::endings::{self, Endings};
use crate::policy;
use crate::policy_file::PolicyFile;

/// Counts decisions, and says what to write down.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Audit {
    audit: audit::Audit,
    endings: Endings,
}

/// A key that ends soon, as it was last used.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Ending(endings::Ending);

#[pymethods]
impl Ending {
    /// The fingerprint of the key.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// The name of the user's account in the policy file.
    #[getter]
    fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// The user's id.
    #[getter]
    fn user(&self) -> &str {
        &self.0.user
    }

    /// When it ends, in seconds since the epoch.
    #[getter]
    fn end(&self) -> i64 {
        self.0.end
    }
}

#[pymethods]
#[allow(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands out what it has extracted"
)]
impl Audit {
    /// Without the bypass, decisions are only counted.
    #[new]
    fn new(settings: &super::settings::Settings) -> Self {
        let settings = &settings.0;
        let mode = if settings.bypass.on {
            settings.audit
        } else {
            Mode::Off
        };
        let accounts = settings
            .bypass
            .accounts
            .iter()
            .flat_map(PolicyFile::accounts);
        Self {
            audit: audit::Audit::new(mode, accounts.map(|account| &*account.name)),
            endings: Endings::new(settings.expiry_warning),
        }
    }

    /// How often each decision was counted, by its name.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_name(py, self.audit.counts())
    }

    /// The same for each account of the policy file, and as `None` about everybody else.
    fn counts_by_account<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (account, decisions) in self.audit.counts_by_account() {
            counts.set_item(account, by_name(py, decisions)?)?;
        }
        Ok(counts)
    }

    /// Counts a decision, and returns what is to be written down now.
    #[pyo3(signature = (request, decision, user, account=None))]
    fn note<'py>(
        &self,
        py: Python<'py>,
        request: KeyRequest,
        decision: Decision,
        user: Option<&str>,
        account: Option<&str>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.record(py, &request, decision.into(), user, account)
    }

    /// Returns what was suppressed and not yet written down.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        to_python(py, &self.audit.drain())
    }

    /// The keys that were used within the last day and end soon.
    fn endings(&self, now: f64) -> Vec<Ending> {
        let listed = self.endings.list(seconds(now));
        listed.into_iter().map(Ending).collect()
    }
}

impl Audit {
    /// Counts a decision, and returns what is to be written down now.
    pub fn record<'py>(
        &self,
        py: Python<'py>,
        request: &KeyRequest,
        decision: policy::Decision,
        user: Option<&str>,
        account: Option<&str>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.audit.count(decision, account);
        if !self.audit.writes(decision) {
            return Ok(Vec::new());
        }
        let scope = &request.scope;
        let event = audit::Event {
            decision,
            user,
            key: &fingerprint(&request.api_key),
            method: scope.method(),
            path: &scope.path,
            client: scope.client(),
            transport: request.transport.into(),
            account,
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast saturates"
        )]
        let records = self.audit.admit(&event, request.now as u64);
        to_python(py, &records)
    }

    /// Notes that a user whom the bypass rules is let in with a key, and returns the key if somebody
    /// is to be warned that it ends soon.
    pub fn watch(
        &self,
        bypass: &policy::Bypass,
        request: &KeyRequest,
        principal: &policy::Principal<'_>,
    ) -> Option<Ending> {
        let end = endings::end_of(bypass, principal)?;
        let now = seconds(request.now);
        if !self.endings.is_soon(end, now) {
            return None;
        }
        let user = &principal.user;
        let account = bypass.account_name(user);
        let key = fingerprint(&request.api_key);
        let ending = self.endings.note(&key, account, user.id, end, now);
        ending.map(Ending)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a cast saturates")]
fn seconds(now: f64) -> i64 {
    now as i64
}

/// Returns what an API key is named by: the first 8 hex digits of its SHA-256.
#[pyfunction]
pub fn fingerprint(api_key: &str) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(api_key.as_bytes()));
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

fn by_name(py: Python<'_>, counts: Vec<(policy::Decision, u64)>) -> PyResult<Bound<'_, PyDict>> {
    let named = PyDict::new(py);
    for (decision, count) in counts {
        named.set_item(decision.name(), count)?;
    }
    Ok(named)
}

fn to_python<'py>(py: Python<'py>, records: &[Record]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    records.iter().map(|record| to_dict(py, record)).collect()
}

/// A record has its client and its limit also where there is none, and all else where it is known.
fn to_dict<'py>(py: Python<'py>, record: &Record) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("event", record.event())?;
    let texts = [
        ("account", &record.account),
        ("user", &record.user),
        ("key", &record.key),
        ("method", &record.method),
        ("path", &record.path),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            dict.set_item(name, &**text)?;
        }
    }
    dict.set_item("client", record.client.as_deref())?;
    if let Some(transport) = record.transport {
        dict.set_item("transport", transport.name())?;
    }
    if let Some(suppressed) = record.suppressed {
        dict.set_item("suppressed", suppressed)?;
    }
    dict.set_item("limit", record.decision.verdict().limit())?;
    Ok(dict)
}
