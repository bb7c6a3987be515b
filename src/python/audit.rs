use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::policy::{Decision, Scope};
use crate::audit;

/// What was left out of the log: user id, method, path, decision and how often.
type LeftOut = (String, String, String, Decision, u64);

/// Counts decisions, and says which to write down.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Audit(pub(super) audit::Audit);

#[pymethods]
impl Audit {
    #[new]
    fn new(settings: &super::settings::Settings) -> Self {
        Self(audit::Audit::new(settings.0.audit))
    }

    /// How often each decision was counted.
    fn counts(&self) -> Vec<(Decision, u64)> {
        let counts = self.0.counts().into_iter();
        counts.map(|(decision, n)| (decision.into(), n)).collect()
    }

    /// Counts a decision. Returns what was left out in the minute before, if the decision is to be
    /// written down; `None` where it is left out itself, as without a user.
    fn note(
        &self,
        decision: Decision,
        user: Option<&str>,
        scope: &Bound<'_, PyDict>,
        now: f64,
    ) -> PyResult<Option<Vec<LeftOut>>> {
        let decision = decision.into();
        self.0.count(decision);
        let Some(user) = user else {
            return Ok(None);
        };
        let scope = Scope::extract(scope)?;
        let event = audit::Kind::new(user, scope.method(), &scope.path, decision);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast saturates"
        )]
        let left_out = self.0.admit(event, now as u64);
        Ok(left_out.map(to_tuples))
    }

    /// Returns what was left out and not yet told.
    fn drain(&self) -> Vec<LeftOut> {
        to_tuples(self.0.drain())
    }
}

fn to_tuples(left_out: Vec<audit::LeftOut>) -> Vec<LeftOut> {
    left_out.into_iter().map(to_tuple).collect()
}

fn to_tuple(left_out: audit::LeftOut) -> LeftOut {
    let audit::LeftOut { kind, count } = left_out;
    (
        kind.user.into(),
        kind.method.into(),
        kind.path.into(),
        kind.decision.into(),
        count,
    )
}
