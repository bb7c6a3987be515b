use std::borrow::Cow;

use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::session::{SessionKey, Value, Verdict};

/// Verifies the host's session tokens with one secret.
#[pyclass(frozen, module = "owui_keygate._native")]
pub struct SessionVerifier(Option<SessionKey>);

#[pymethods]
impl SessionVerifier {
    /// A secret that is no valid Unicode leaves every token to the host.
    #[new]
    fn new(secret: &Bound<'_, PyString>) -> Self {
        let key = secret.to_str().ok();
        Self(key.and_then(|text| SessionKey::new(text.as_bytes())))
    }

    /// Returns the claims, `None` for a token that is refused, and `NotImplemented` for one that
    /// only the host can judge.
    #[pyo3(signature = (token, now, /))]
    fn verify<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
        now: f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.judge(token, now, &mut Vec::new()) {
            Verdict::Accept(claims) => to_dict(py, claims.members())?.into_bound_py_any(py),
            Verdict::Reject => Ok(py.None().into_bound(py)),
            Verdict::HandOver => Ok(py.NotImplemented().into_bound(py)),
        }
    }
}

impl SessionVerifier {
    /// A subclass of `str` may encode itself in its own way, and PyJWT asks it to.
    fn judge<'a>(
        &self,
        token: &Bound<'_, PyAny>,
        now: f64,
        buffer: &'a mut Vec<u8>,
    ) -> Verdict<'a> {
        let token = token.cast_exact::<PyString>().ok();
        let text = token.and_then(|token| token.to_str().ok());
        match (&self.0, text) {
            (Some(key), Some(text)) => key.verify(text, now, buffer),
            _ => Verdict::HandOver,
        }
    }
}

fn to_dict<'py>(
    py: Python<'py>,
    members: &[(Cow<'_, str>, Value<'_>)],
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in members {
        dict.set_item(to_name(py, name), to_object(py, value)?)?;
    }
    Ok(dict)
}

/// The names of the host's claims are made once.
fn to_name<'py>(py: Python<'py>, name: &str) -> Bound<'py, PyString> {
    match name {
        "auth_method" => intern!(py, "auth_method").clone(),
        "auth_time" => intern!(py, "auth_time").clone(),
        "exp" => intern!(py, "exp").clone(),
        "iat" => intern!(py, "iat").clone(),
        "id" => intern!(py, "id").clone(),
        "jti" => intern!(py, "jti").clone(),
        "mfa_verified" => intern!(py, "mfa_verified").clone(),
        "session_stamp" => intern!(py, "session_stamp").clone(),
        "typ" => intern!(py, "typ").clone(),
        _ => PyString::new(py, name),
    }
}

/// It recurses as deep as the claims, which are read only down to a certain depth.
fn to_object<'py>(py: Python<'py>, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(value) => value.into_bound_py_any(py),
        Value::Integer(value) => value.into_bound_py_any(py),
        Value::Text(value) => value.into_bound_py_any(py),
        Value::Object(members) => to_dict(py, members)?.into_bound_py_any(py),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_object(py, item)?)?;
            }
            list.into_bound_py_any(py)
        }
    }
}
