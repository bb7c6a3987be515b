//! The settings, read once from the environment.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

const BYPASS: &str = "ENABLE_ADMIN_API_KEY_BYPASS";
const ENABLED: &str = "OWUI_KEYGATE";
const STRICT: &str = "OWUI_KEYGATE_STRICT";
const LIMIT_PREFIX: &str = "ADMIN_API_KEY_";

/// What the operator wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// `OWUI_KEYGATE`: `false` means that the extension does nothing at all.
    pub enabled: bool,
    /// `OWUI_KEYGATE_STRICT`: the host refuses to start where the extension cannot take its place.
    pub strict: bool,
    /// `ENABLE_ADMIN_API_KEY_BYPASS`, and `false` while anything in `problems` stands.
    pub bypass: bool,
    /// The settings that cannot be understood. Any of them keeps the bypass off.
    pub problems: Vec<Problem>,
    /// Every setting with its value and effect, for people to read.
    pub report: Vec<Report>,
}

/// A setting that cannot be understood. It never holds the value, which may be a secret put
/// into the wrong variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The environment variable.
    pub variable: String,
    /// What is wrong with it and what was expected.
    pub reason: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.variable, self.reason)
    }
}

/// One setting, as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The environment variable.
    pub variable: String,
    /// The value in effect, or `refused` where it cannot be understood.
    pub value: &'static str,
    /// Whether the environment sets it.
    pub given: bool,
    /// What follows from it.
    pub effect: &'static str,
}

/// Whether the environment variable `name` is one of ours.
#[must_use]
pub fn is_setting(name: &str) -> bool {
    matches!(name, BYPASS | ENABLED | STRICT) || name.starts_with(LIMIT_PREFIX)
}

impl Settings {
    /// Reads the settings from environment variables. It cannot fail: what cannot be understood
    /// becomes a [`Problem`] and keeps the bypass off.
    #[must_use]
    pub fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let mut reader = Reader {
            environment,
            problems: Vec::new(),
            report: Vec::new(),
        };
        let wanted = reader.switch(BYPASS, false, bypass_effect);
        let enabled = reader.switch(ENABLED, true, enabled_effect);
        let strict = reader.switch(STRICT, false, strict_effect);
        reader.refuse_limits();
        let bypass = wanted && enabled && reader.problems.is_empty();
        if wanted && !bypass {
            reader.report[0].effect = "overruled by what follows: the bypass stays off";
        }
        Self {
            enabled,
            strict,
            bypass,
            problems: reader.problems,
            report: reader.report,
        }
    }
}

struct Reader<'a> {
    environment: &'a BTreeMap<String, String>,
    problems: Vec<Problem>,
    report: Vec<Report>,
}

impl Reader<'_> {
    /// `true` and `on` are one word here, and `false` and `off` are, because YAML 1.1 turns an
    /// unquoted `off` into `false` before it reaches the environment.
    fn switch(&mut self, variable: &str, default: bool, effect: fn(bool) -> &'static str) -> bool {
        let text = self.environment.get(variable);
        let parsed = text.map(|text| match text.trim().to_ascii_lowercase().as_str() {
            "true" | "on" => Ok(true),
            "false" | "off" => Ok(false),
            _ => Err("is not understood: expected `true` or `false` (or unset it)"),
        });
        let value = match parsed {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(reason)) => {
                self.refuse(variable, reason);
                return default;
            }
        };
        self.report.push(Report {
            variable: variable.to_owned(),
            value: if value { "true" } else { "false" },
            given: text.is_some(),
            effect: effect(value),
        });
        value
    }

    /// A limit that nobody enforces must not look like one that holds, so each refuses the bypass.
    fn refuse_limits(&mut self) {
        let limits = self.environment.keys();
        for variable in limits.filter(|name| name.starts_with(LIMIT_PREFIX)) {
            self.refuse(
                variable,
                "is set, but this version has no such limit: unset it",
            );
        }
    }

    fn refuse(&mut self, variable: &str, reason: &'static str) {
        self.problems.push(Problem {
            variable: variable.to_owned(),
            reason,
        });
        self.report.push(Report {
            variable: variable.to_owned(),
            value: "refused",
            given: true,
            effect: "the bypass stays off",
        });
    }
}

fn bypass_effect(on: bool) -> &'static str {
    if on {
        "administrators' API keys bypass the host's switch and endpoint list"
    } else {
        "the host's rules hold for every API key"
    }
}

fn enabled_effect(on: bool) -> &'static str {
    if on {
        "the extension takes the place of the host's API-key check"
    } else {
        "the extension does nothing at all"
    }
}

fn strict_effect(on: bool) -> &'static str {
    if on {
        "the host refuses to start when the extension cannot take its place or a setting is wrong"
    } else {
        "the host starts in any case"
    }
}
