//! The core of owui-keygate: who may use an Open WebUI API key, and where.
//!
//! The modules here decide in plain types and know no Python; [`python`] shows them to it.

pub mod audit;
pub mod endings;
pub mod endpoints;
pub mod limits;
mod path_tree;
pub mod policy;
pub mod policy_file;
pub mod proxies;
pub mod session;
pub mod settings;

#[cfg(feature = "python")]
mod python;
