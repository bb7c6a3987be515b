//! The module `owui_keygate._native`: the core, as Python sees it.

mod audit;
mod decision;
mod facts;
mod policy;
mod session;
mod settings;

/// The native part of owui-keygate.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::audit::{Audit, Ending, fingerprint};
    #[pymodule_export]
    use super::decision::{Decision, Judgement, OwnKey, Transport};
    #[pymodule_export]
    use super::policy::Policy;
    #[pymodule_export]
    use super::session::SessionVerifier;
    #[pymodule_export]
    use super::settings::{Settings, check_policy_file, hold_everyone, is_setting, parse_duration};
    #[pymodule_export]
    use pyo3::panic::PanicException;

    /// The version of the package, stated once, in Cargo.toml.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
