//! The settings, read once from the environment.

mod names;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::audit::Mode;
use crate::limits::{Age, Endpoints, Limits, Misread, Networks, Users};
use crate::policy::Bypass;
use crate::proxies;
use names::{AUDIT, BYPASS, ENABLED, ENDPOINTS, MAX_AGE, NETWORKS, STRICT, USERS};

/// Uvicorn's: the proxies whose `X-Forwarded-For` is believed.
const PROXIES: &str = "FORWARDED_ALLOW_IPS";

const SWITCH: &str = "is not understood: expected `true` or `false` (or unset it)";
const AUDIT_MODES: &str = "is not understood: expected `all`, `throttled` or `off` (or unset it)";
const EMPTY: &str = "is set but empty: unset it to mean no limit";
const FORGEABLE: &str = "cannot hold: Open WebUI believes X-Forwarded-For of everyone, so a client \
    can claim any address; set FORWARDED_ALLOW_IPS to the addresses of your proxies, or to \
    127.0.0.1 without any (the official image honours it from 0.8.11 on, `open-webui serve` from \
    0.12.0 on; before, only Uvicorn's --forwarded-allow-ips counts)";

/// What the operator wants.
#[derive(Debug, Serialize)]
pub struct Settings {
    /// `OWUI_KEYGATE`: `false` means that the extension does nothing at all.
    pub enabled: bool,
    /// `OWUI_KEYGATE_STRICT`: the host refuses to start where the extension cannot take its place.
    pub strict: bool,
    /// `ENABLE_ADMIN_API_KEY_BYPASS` and its limits. It is off while anything in `problems` stands.
    #[serde(serialize_with = "serialize_switch")]
    pub bypass: Bypass,
    /// `OWUI_KEYGATE_AUDIT`: which decisions about keys are written to the log.
    pub audit: Mode,
    /// The settings that cannot be understood. Any of them keeps the bypass off.
    pub problems: Vec<Problem>,
    /// Every setting with its value and effect, for people to read.
    pub report: Vec<Report>,
}

fn serialize_switch<S: Serializer>(bypass: &Bypass, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(bypass.on)
}

/// A setting that cannot be understood. It never holds the value, which may be a secret put
/// into the wrong variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The environment variable, as a log can show it.
    pub variable: String,
    /// What is wrong with it and what was expected.
    pub reason: String,
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
    pub value: String,
    /// Whether the environment sets it.
    pub given: bool,
    /// What follows from it.
    pub effect: &'static str,
}

/// Whether the environment variable `name` is for us to read, be it to refuse it.
#[must_use]
pub fn is_setting(name: &str) -> bool {
    name == PROXIES || names::is_known(name) || names::looks_like_ours(name)
}

impl Settings {
    /// Reads the settings from environment variables. It cannot fail: what cannot be understood
    /// becomes a [`Problem`] and keeps the bypass off.
    ///
    /// `FORWARDED_ALLOW_IPS` must be what the server goes by; networks are refused without it.
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
        let audit = reader.audit();
        let limits = Limits {
            users: reader.limit(
                USERS,
                "only these administrators' keys bypass",
                Users::parse,
            ),
            endpoints: reader.limit(
                ENDPOINTS,
                "bypassing keys reach only these endpoints",
                Endpoints::parse,
            ),
            networks: reader.limit(
                NETWORKS,
                "bypassing keys work only from these networks",
                Networks::parse,
            ),
            age: reader.limit(MAX_AGE, "bypassing keys work up to this age", Age::parse),
        };
        reader.refuse_forgeable_networks();
        reader.refuse_unknown_names();
        let on = wanted && enabled && reader.problems.is_empty();
        if wanted && !on {
            reader.report[0].effect = "overruled by what follows: the bypass stays off";
        }
        Self {
            enabled,
            strict,
            bypass: Bypass { on, limits },
            audit,
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
            _ => Err(SWITCH),
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
            value: value.to_string(),
            given: text.is_some(),
            effect: effect(value),
        });
        value
    }

    /// `false` is `off` here as well.
    fn audit(&mut self) -> Mode {
        let text = self.environment.get(AUDIT);
        let word = text.map_or_else(
            || "throttled".to_owned(),
            |text| text.trim().to_ascii_lowercase(),
        );
        let (mode, effect) = match word.as_str() {
            "all" => (
                Mode::All,
                "the log has every request that bypasses or is refused by a limit",
            ),
            "throttled" => (
                Mode::Throttled,
                "the log has the first of each user, method, path and outcome in a minute, and how many more there were",
            ),
            "off" | "false" => (Mode::Off, "the log has no requests"),
            _ => {
                self.refuse(AUDIT, AUDIT_MODES);
                return Mode::Throttled;
            }
        };
        self.report.push(Report {
            variable: AUDIT.to_owned(),
            value: word,
            given: text.is_some(),
            effect,
        });
        mode
    }

    fn limit<T>(
        &mut self,
        variable: &str,
        effect: &'static str,
        parse: impl Fn(&str) -> Result<T, Misread>,
    ) -> Option<T> {
        let text = self.environment.get(variable)?;
        if text.trim().is_empty() {
            self.refuse(variable, EMPTY);
            return None;
        }
        match parse(text) {
            Ok(limit) => {
                self.report.push(Report {
                    variable: variable.to_owned(),
                    value: text.clone(),
                    given: true,
                    effect,
                });
                Some(limit)
            }
            Err(misread) => {
                self.refuse(variable, &misread.to_string());
                None
            }
        }
    }

    fn refuse_forgeable_networks(&mut self) {
        let list = self.environment.get(PROXIES);
        if self.environment.contains_key(NETWORKS)
            && list.is_none_or(|list| proxies::hold_everyone(list))
        {
            self.refuse(NETWORKS, FORGEABLE);
        }
    }

    /// A limit that nobody enforces must not look like one that holds, so each unknown name
    /// refuses the bypass.
    fn refuse_unknown_names(&mut self) {
        let names = self.environment.keys();
        for name in names.filter(|name| names::looks_like_ours(name)) {
            let nearest = names::nearest(name);
            self.refuse(
                &names::shown(name),
                &format!(
                    "is no setting of this version: did you mean {nearest}? Rename or unset it"
                ),
            );
        }
    }

    fn refuse(&mut self, variable: &str, reason: &str) {
        self.problems.push(Problem {
            variable: variable.to_owned(),
            reason: reason.to_owned(),
        });
        // What was understood but cannot hold must not look as if it did.
        self.report.retain(|row| row.variable != variable);
        self.report.push(Report {
            variable: variable.to_owned(),
            value: "refused".to_owned(),
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
