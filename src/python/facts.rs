//! The facts about a request, taken from the objects that Python has of them.

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyDict;

use super::decision::Transport;
use crate::policy;

/// A request with an API key: a `KeyRequest` of `owui_keygate.replacements.credentials`.
pub struct KeyRequest {
    pub scope: Scope,
    pub api_key: PyBackedStr,
    pub transport: Transport,
    /// The time now, in seconds since the epoch.
    pub now: f64,
}

impl KeyRequest {
    pub fn as_core(&self) -> policy::Request<'_> {
        policy::Request {
            transport: self.transport.into(),
            method: self.scope.method(),
            path: &self.scope.path,
            client: self.scope.client(),
            #[allow(clippy::cast_possible_truncation, reason = "a cast saturates")]
            now: self.now as i64,
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for KeyRequest {
    type Error = PyErr;

    fn extract(request: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (scope, api_key, transport, now) = request.extract()?;
        Ok(Self {
            scope,
            api_key,
            transport,
            now,
        })
    }
}

/// What is taken from an ASGI scope.
pub struct Scope {
    method: Option<PyBackedStr>,
    pub path: PyBackedStr,
    client: Option<PyBackedStr>,
}

impl Scope {
    /// A scope without a method is no HTTP request; no endpoint with methods covers it.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or_default()
    }

    /// The address of the client.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }
}

impl<'py> FromPyObject<'_, 'py> for Scope {
    type Error = PyErr;

    fn extract(scope: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = scope.py();
        let scope = scope.cast::<PyDict>()?;
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
}

/// What is taken from the host's user object.
#[derive(FromPyObject)]
pub struct User {
    id: PyBackedStr,
    email: PyBackedStr,
    role: PyBackedStr,
}

impl User {
    pub fn as_core(&self) -> policy::User<'_> {
        policy::User {
            id: &self.id,
            email: &self.email,
            role: &self.role,
        }
    }
}

/// `expires_at` and `created_at` of a key, in seconds since the epoch.
#[derive(FromPyObject)]
pub struct Times(Option<i64>, Option<i64>);

impl From<Times> for policy::Times {
    fn from(Times(expires_at, created_at): Times) -> Self {
        Self {
            expires_at,
            created_at,
        }
    }
}

/// What the database holds about a key: a `Reading` of `owui_keygate.readers`.
pub struct Reading {
    pub user: User,
    pub times: policy::Times,
    pub rules: Option<Rules>,
}

impl<'py> FromPyObject<'_, 'py> for Reading {
    type Error = PyErr;

    fn extract(reading: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (user, expires_at, created_at, rules) = reading.extract()?;
        Ok(Self {
            user,
            times: Times(expires_at, created_at).into(),
            rules,
        })
    }
}

/// The host's rules: a `Rules` of `owui_keygate.readers`, whose permissions the host judges.
pub struct Rules {
    pub keys_enabled: bool,
    pub allowed_endpoints: Option<PyBackedStr>,
}

impl<'py> FromPyObject<'_, 'py> for Rules {
    type Error = PyErr;

    fn extract(rules: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (keys_enabled, allowed_endpoints, _permissions): (_, _, Bound<'py, PyAny>) =
            rules.extract()?;
        Ok(Self {
            keys_enabled,
            allowed_endpoints,
        })
    }
}
