//! The tests of the core, in one crate: each module tests the module of its name.

mod audit;
mod endings;
mod endpoints;
mod limits;
mod policy;
mod policy_file;
mod proxies;
mod session;
mod settings;
