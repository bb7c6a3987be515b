//! The outcome of a judgement, as Python sees it.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::audit::Ending;
use crate::policy::{self, for_each_decision};

/// How an API key travelled.
#[pyclass(frozen, eq, hash, from_py_object, module = "owui_keygate._native")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Bearer,
    ApiKeyHeader,
    Cookie,
    Other,
}

impl From<Transport> for policy::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Bearer => Self::Bearer,
            Transport::ApiKeyHeader => Self::ApiKeyHeader,
            Transport::Cookie => Self::Cookie,
            Transport::Other => Self::Other,
        }
    }
}

macro_rules! mirror {
    ($($(#[doc = $doc:literal])+ $member:ident = $name:literal,)+) => {
        /// What becomes of a request.
        #[pyclass(frozen, eq, hash, from_py_object, module = "owui_keygate._native")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Decision {
            $($(#[doc = $doc])+ $member,)+
        }

        impl From<policy::Decision> for Decision {
            fn from(decision: policy::Decision) -> Self {
                match decision {
                    $(policy::Decision::$member => Self::$member,)+
                }
            }
        }

        impl From<Decision> for policy::Decision {
            fn from(decision: Decision) -> Self {
                match decision {
                    $(Decision::$member => Self::$member,)+
                }
            }
        }
    };
}
for_each_decision!(mirror);

#[pymethods]
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "PyO3 hands out a reference"
)]
impl Decision {
    /// The name in metrics and the status route.
    #[getter]
    fn name(&self) -> &'static str {
        policy::Decision::from(*self).name()
    }

    /// Whether the user is let in.
    #[getter]
    fn allows(&self) -> bool {
        policy::Decision::from(*self).verdict().allows()
    }

    /// Whether the bypass rules the user, so that the host has no say in a refusal.
    #[getter]
    fn is_of_bypass(&self) -> bool {
        policy::Decision::from(*self).verdict().is_of_bypass()
    }

    /// The limit that refuses, if one does.
    #[getter]
    fn limit(&self) -> Option<&'static str> {
        policy::Decision::from(*self).verdict().limit()
    }
}

/// What the facts about a request come to.
#[pyclass(frozen, get_all, module = "owui_keygate._native")]
pub struct Judgement {
    /// The decision; `None` where it is the host's.
    decision: Option<Decision>,
    /// Whether the host's permission is missing for a decision.
    asks_permission: bool,
    /// The name of the user's account in the policy file.
    account: Option<String>,
    /// What is to be written down now.
    records: Vec<Py<PyDict>>,
    /// The key, if somebody is to be warned that it ends soon.
    ending: Option<Py<Ending>>,
}

impl Judgement {
    pub fn new(
        judgement: policy::Judgement,
        account: Option<&str>,
        records: Vec<Bound<'_, PyDict>>,
        ending: Option<Py<Ending>>,
    ) -> Self {
        let (decision, asks_permission) = match judgement {
            policy::Judgement::Decided(decision) => (Some(decision.into()), false),
            policy::Judgement::AskPermission => (None, true),
            policy::Judgement::AskHost => (None, false),
        };
        let records = records.into_iter().map(Bound::unbind).collect();
        Self {
            decision,
            asks_permission,
            account: account.map(ToOwned::to_owned),
            records,
            ending,
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
