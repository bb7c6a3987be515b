use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString};

use crate::limits::{Age, Presets};
use crate::policy_file::{self, PolicyFile};
use crate::proxies;
use crate::settings;

/// The settings, read from an environment mapping such as `os.environ`.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct Settings(pub(super) Arc<settings::Settings>);

#[pymethods]
impl Settings {
    /// Reads only our variables from the mapping. A value that is not valid Unicode counts as empty,
    /// which is invalid for every setting.
    #[new]
    #[pyo3(signature = (environment, presets=None))]
    fn new(environment: &Bound<'_, PyMapping>, presets: Option<Presets>) -> PyResult<Self> {
        let mut ours = BTreeMap::new();
        for item in environment.items()?.iter() {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            let Ok(name) = name.cast::<PyString>() else {
                continue;
            };
            let name = name.to_string_lossy();
            if settings::is_setting(&name) {
                ours.insert(name.into_owned(), value.extract().unwrap_or_default());
            }
        }
        let presets = presets.unwrap_or_default();
        let settings = settings::Settings::from_environment(&ours, &presets);
        Ok(Self(Arc::new(settings)))
    }

    #[getter]
    fn enabled(&self) -> bool {
        self.0.enabled
    }

    #[getter]
    fn strict(&self) -> bool {
        self.0.strict
    }

    #[getter]
    fn bypass(&self) -> bool {
        self.0.bypass.on
    }

    #[getter]
    fn problems(&self) -> Vec<String> {
        self.0.problems.iter().map(ToString::to_string).collect()
    }

    /// Everything above, and every setting with its value and effect, as a JSON object.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&*self.0).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

/// Whether `Settings` reads an environment variable of this name, if only to refuse it.
#[pyfunction]
pub fn is_setting(name: &Bound<'_, PyString>) -> bool {
    settings::is_setting(&name.to_string_lossy())
}

/// Returns a duration such as `90d` in seconds.
#[pyfunction]
pub fn parse_duration(text: &str) -> PyResult<i64> {
    let age = Age::parse(text).map_err(|misread| PyValueError::new_err(misread.to_string()))?;
    Ok(age.seconds())
}

/// Whether a comma-separated list of proxies contains everyone, or so many addresses that a client
/// can have one of them.
#[pyfunction]
pub fn hold_everyone(proxies: &str) -> bool {
    proxies::hold_everyone(proxies)
}

/// Returns the faults of a policy file, each with its line, its column and what is wrong. A file that
/// cannot be read has one fault without a place.
#[pyfunction]
#[allow(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands out what it has extracted"
)]
pub fn check_policy_file(
    path: PathBuf,
    presets: Presets,
) -> Vec<(Option<usize>, Option<usize>, String)> {
    match policy_file::load(&path) {
        Err(reason) => vec![(None, None, reason)],
        Ok(text) => match PolicyFile::parse(&text, &presets) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .into_iter()
                .map(|fault| (Some(fault.line), Some(fault.column), fault.reason))
                .collect(),
        },
    }
}
