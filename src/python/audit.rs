use pyo3::prelude::*;
use pyo3::types::PyDict;
use sha2::{Digest, Sha256};

use super::policy::{Decision, Scope};
use crate::audit::{self, Kind, Mode};

/// Counts decisions, and says which to write down.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Audit(pub(super) audit::Audit);

/// Events that were left out of the log.
#[pyclass(frozen, get_all, module = "owui_keygate._native")]
pub struct LeftOut {
    decision: Decision,
    user: Option<String>,
    key: Option<String>,
    method: Option<String>,
    path: Option<String>,
    client: Option<String>,
    count: u64,
}

#[pymethods]
impl Audit {
    /// Without the bypass, decisions are only counted.
    #[new]
    fn new(settings: &super::settings::Settings) -> Self {
        let audit = settings.0.audit;
        let mode = if settings.0.bypass { audit } else { Mode::Off };
        Self(audit::Audit::new(mode))
    }

    /// How often each decision was counted.
    fn counts(&self) -> Vec<(Decision, u64)> {
        let counts = self.0.counts().into_iter();
        counts.map(|(decision, n)| (decision.into(), n)).collect()
    }

    /// Counts a decision. Returns what was left out in the minute before, if the decision is to be
    /// written down; `None` where it is left out itself, or the host's rules alone have decided.
    fn note(
        &self,
        decision: Decision,
        user: Option<&str>,
        api_key: &str,
        scope: &Bound<'_, PyDict>,
        now: f64,
    ) -> PyResult<Option<Vec<LeftOut>>> {
        let decision = decision.into();
        self.0.count(decision);
        if !self.0.writes(decision) {
            return Ok(None);
        }
        let scope = Scope::extract(scope)?;
        let event = audit::Event {
            decision,
            user,
            key: &fingerprint(api_key),
            method: scope.method(),
            path: &scope.path,
            client: scope.client(),
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast saturates"
        )]
        let left_out = self.0.admit(&event, now as u64);
        Ok(left_out.map(to_python))
    }

    /// Returns what was left out and not yet told.
    fn drain(&self) -> Vec<LeftOut> {
        to_python(self.0.drain())
    }
}

/// Returns what an API key is named by: the first 8 hex digits of its SHA-256.
#[pyfunction]
pub fn fingerprint(api_key: &str) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(api_key.as_bytes()));
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

fn to_python(left_out: Vec<audit::LeftOut>) -> Vec<LeftOut> {
    left_out.into_iter().map(LeftOut::from).collect()
}

impl From<audit::LeftOut> for LeftOut {
    fn from(left_out: audit::LeftOut) -> Self {
        let count = left_out.count;
        match left_out.kind {
            Kind::Ruled {
                user,
                key,
                method,
                path,
                client,
                decision,
            } => Self {
                decision: decision.into(),
                user: Some(user.into()),
                key: Some(key.into()),
                method: Some(method.into()),
                path: Some(path.into()),
                client: client.map(Into::into),
                count,
            },
            Kind::Unknown { client } => Self {
                decision: Decision::UnknownKey,
                user: None,
                key: None,
                method: None,
                path: None,
                client: client.map(Into::into),
                count,
            },
        }
    }
}
