use pyo3::prelude::*;
use pyo3::types::PyDict;
use sha2::{Digest, Sha256};

use super::decision::Decision;
use super::facts::KeyRequest;
use crate::audit::{self, Mode, Record};
use crate::policy;

/// Counts decisions, and says what to write down.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Audit(audit::Audit);

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
        Self(audit::Audit::new(mode))
    }

    /// How often each decision was counted, by its name.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (decision, count) in self.0.counts() {
            counts.set_item(decision.name(), count)?;
        }
        Ok(counts)
    }

    /// Counts a decision, and returns what is to be written down now.
    fn note<'py>(
        &self,
        py: Python<'py>,
        request: KeyRequest,
        decision: Decision,
        user: Option<&str>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.record(py, &request, decision.into(), user)
    }

    /// Returns what was suppressed and not yet written down.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        to_python(py, &self.0.drain())
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
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.0.count(decision);
        if !self.0.writes(decision) {
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
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast saturates"
        )]
        let records = self.0.admit(&event, request.now as u64);
        to_python(py, &records)
    }
}

/// Returns what an API key is named by: the first 8 hex digits of its SHA-256.
#[pyfunction]
pub fn fingerprint(api_key: &str) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(api_key.as_bytes()));
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

fn to_python<'py>(py: Python<'py>, records: &[Record]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    records.iter().map(|record| to_dict(py, record)).collect()
}

/// A record has its client and its limit also where there is none, and all else where it is known.
fn to_dict<'py>(py: Python<'py>, record: &Record) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("event", record.event())?;
    let texts = [
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
