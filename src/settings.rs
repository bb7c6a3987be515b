//! The settings, read once from the environment.

mod names;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::audit::Mode;
use crate::limits::{Age, Endpoints, Limits, Misread, Networks, Presets, Users};
use crate::policy::Bypass;
use crate::policy_file::{self, Fault, PolicyFile};
use crate::proxies;
use names::{
    AUDIT, BYPASS, ENABLED, ENDPOINTS, EXPIRY_WARNING, MAX_AGE, NETWORKS, POLICY_FILE, STRICT,
    USERS,
};

/// Uvicorn's variable: the proxies whose `X-Forwarded-For` the server trusts.
const PROXIES: &str = "FORWARDED_ALLOW_IPS";

const SWITCH: &str = "is invalid: expected `true` or `false` (or unset it)";
const AUDIT_MODES: &str = "is invalid: expected `all`, `throttled` or `off` (or unset it)";
const WARNING_TIMES: &str =
    "is invalid: expected a time such as `14d` or `12h`, or `off` (or unset it)";
const EMPTY: &str = "is set but empty: unset it if you want no limit";
const FORGEABLE: &str = "cannot be enforced: Open WebUI trusts X-Forwarded-For from every client, \
    so a client can claim any address; set FORWARDED_ALLOW_IPS to the addresses of your proxies, \
    or to 127.0.0.1 if you have none (the official image honours it from 0.8.11 on, `open-webui \
    serve` from 0.12.0 on; earlier releases honour only Uvicorn's --forwarded-allow-ips)";

/// What the operator wants.
#[derive(Debug, Serialize)]
pub struct Settings {
    /// `OWUI_KEYGATE`: `false` means that the extension does nothing at all.
    pub enabled: bool,
    /// `OWUI_KEYGATE_STRICT`: the host refuses to start if the extension is not active.
    pub strict: bool,
    /// `ENABLE_ADMIN_API_KEY_BYPASS` and its limits. The bypass is off while there are any `problems`.
    #[serde(serialize_with = "serialize_switch")]
    pub bypass: Bypass,
    /// `OWUI_KEYGATE_AUDIT`: which decisions about keys are written to the log.
    pub audit: Mode,
    /// `ADMIN_API_KEY_EXPIRY_WARNING`: how long before its end a used key is warned of, in seconds;
    /// `None` for never.
    pub expiry_warning: Option<i64>,
    /// The invalid settings. Any of them keeps the bypass off.
    pub problems: Vec<Problem>,
    /// Every setting with its value and effect, for people to read.
    pub report: Vec<Report>,
}

fn serialize_switch<S: Serializer>(bypass: &Bypass, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(bypass.on)
}

/// An invalid setting. It never contains the value, which may be a secret in the wrong variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The environment variable, safe to log.
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
    /// The value in effect, or `refused` if it is invalid.
    pub value: String,
    /// Whether the environment sets it.
    pub given: bool,
    /// What the value means for the operator.
    pub effect: &'static str,
}

/// Whether the settings read the environment variable `name`, if only to refuse it.
#[must_use]
pub fn is_setting(name: &str) -> bool {
    name == PROXIES || names::is_known(name) || names::looks_like_ours(name)
}

impl Settings {
    /// Reads the settings from environment variables. Reading cannot fail: an invalid setting
    /// becomes a [`Problem`] and keeps the bypass off.
    ///
    /// `FORWARDED_ALLOW_IPS` must be the value that the server uses. Without it, networks are
    /// refused. `presets` are those of the host's release.
    #[must_use]
    pub fn from_environment(environment: &BTreeMap<String, String>, presets: &Presets) -> Self {
        let mut reader = Reader {
            environment,
            problems: Vec::new(),
            report: Vec::new(),
        };
        let wanted = reader.switch(BYPASS, false, bypass_effect);
        let enabled = reader.switch(ENABLED, true, enabled_effect);
        let strict = reader.switch(STRICT, false, strict_effect);
        let audit = reader.audit();
        let expiry_warning = reader.expiry_warning();
        let limits = Limits {
            users: reader.limit(
                USERS,
                "the bypass applies only to these administrators",
                Users::parse,
            ),
            endpoints: reader.limit(
                ENDPOINTS,
                "keys under the bypass reach only these endpoints",
                |text| Endpoints::with_presets(&text.split(',').collect::<Vec<_>>(), presets),
            ),
            networks: reader.limit(
                NETWORKS,
                "keys under the bypass work only from these networks",
                Networks::parse,
            ),
            age: reader.limit(
                MAX_AGE,
                "keys under the bypass work only up to this age",
                Age::parse,
            ),
        };
        let accounts = reader.accounts(presets);
        let mut bypass = Bypass {
            on: false,
            limits,
            accounts,
        };
        reader.refuse_forgeable_networks(&bypass);
        reader.refuse_unknown_names();
        bypass.on = wanted && enabled && reader.problems.is_empty();
        if wanted && !bypass.on {
            reader.report[0].effect = "overridden by a setting below: the bypass stays off";
        }
        Self {
            enabled,
            strict,
            bypass,
            audit,
            expiry_warning,
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
    /// `on` means `true` and `off` means `false`: YAML 1.1 turns an unquoted `off` into `false`
    /// before it reaches the environment.
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

    /// `false` means `off` here, too.
    fn audit(&mut self) -> Mode {
        let text = self.environment.get(AUDIT);
        let word = text.map_or_else(
            || "throttled".to_owned(),
            |text| text.trim().to_ascii_lowercase(),
        );
        let (mode, effect) = match word.as_str() {
            "all" => (
                Mode::All,
                "the log shows every request that uses the bypass or is refused by a limit",
            ),
            "throttled" => (
                Mode::Throttled,
                "the log shows the first request per minute for each user, method, path and outcome, and counts the rest",
            ),
            "off" | "false" => (Mode::Off, "the log shows no requests"),
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

    /// `false` means `off` here, too.
    fn expiry_warning(&mut self) -> Option<i64> {
        let text = self.environment.get(EXPIRY_WARNING);
        let word = text.map_or_else(|| "14d".to_owned(), |text| text.trim().to_ascii_lowercase());
        let (within, effect) = if ["off", "false"].contains(&&*word) {
            (None, "nothing warns of keys that end soon")
        } else if let Ok(time) = Age::parse(&word) {
            let effect =
                "the log warns once a day of each key that is used and ends within this time";
            (Some(time.seconds()), effect)
        } else {
            self.refuse(EXPIRY_WARNING, WARNING_TIMES);
            return None;
        };
        self.report.push(Report {
            variable: EXPIRY_WARNING.to_owned(),
            value: word,
            given: text.is_some(),
            effect,
        });
        within
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

    fn accounts(&mut self, presets: &Presets) -> Option<PolicyFile> {
        let path = self.environment.get(POLICY_FILE)?;
        if path.trim().is_empty() {
            self.refuse(
                POLICY_FILE,
                "is set but empty: unset it if you want no policy file",
            );
            return None;
        }
        let text = match policy_file::load(path.as_ref()) {
            Ok(text) => text,
            Err(reason) => {
                self.refuse(POLICY_FILE, &reason);
                return None;
            }
        };
        match PolicyFile::parse(&text, presets) {
            Ok(file) => {
                self.report.push(Report {
                    variable: POLICY_FILE.to_owned(),
                    value: path.clone(),
                    given: true,
                    effect: accounts_effect(file.rules_others),
                });
                Some(file)
            }
            Err(faults) => {
                self.refuse(POLICY_FILE, &invalid_file(path, &faults));
                None
            }
        }
    }

    fn refuse_forgeable_networks(&mut self, bypass: &Bypass) {
        let list = self.environment.get(PROXIES);
        if list.is_some_and(|list| !proxies::hold_everyone(list)) {
            return;
        }
        if self.environment.contains_key(NETWORKS) {
            self.refuse(NETWORKS, FORGEABLE);
        } else if bypass.limits_networks() {
            self.refuse(POLICY_FILE, &format!("has `networks`, which {FORGEABLE}"));
        }
    }

    /// A limit that nothing enforces must not look like one in force, so every unknown name keeps
    /// the bypass off.
    fn refuse_unknown_names(&mut self) {
        let names = self.environment.keys();
        for name in names.filter(|name| names::looks_like_ours(name)) {
            let nearest = names::nearest(name);
            self.refuse(
                &names::shown(name),
                &format!(
                    "is not a setting of this version: did you mean {nearest}? Rename or unset it"
                ),
            );
        }
    }

    fn refuse(&mut self, variable: &str, reason: &str) {
        self.problems.push(Problem {
            variable: variable.to_owned(),
            reason: reason.to_owned(),
        });
        // A limit that was parsed but cannot be enforced must not look as if it were in force.
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
        "administrators' API keys bypass Open WebUI's switch and endpoint list"
    } else {
        "Open WebUI's own rules apply to every API key"
    }
}

fn accounts_effect(rules_others: bool) -> &'static str {
    if rules_others {
        "the accounts of the file have limits of their own; other administrators bypass, too"
    } else {
        "the bypass applies only to the accounts of the file, each with its own limits"
    }
}

/// Names the first fault, which is what an operator mends first.
fn invalid_file(path: &str, faults: &[Fault]) -> String {
    let first = faults.first().map(ToString::to_string).unwrap_or_default();
    let more = match faults.len() {
        0 | 1 => String::new(),
        count => format!("; and {} more, see `owui-keygate policy check`", count - 1),
    };
    format!("is invalid: {path}: {first}{more}")
}

fn enabled_effect(on: bool) -> &'static str {
    if on {
        "owui-keygate replaces Open WebUI's API-key check"
    } else {
        "owui-keygate does nothing at all"
    }
}

fn strict_effect(on: bool) -> &'static str {
    if on {
        "Open WebUI refuses to start if owui-keygate is not active or a setting is invalid"
    } else {
        "Open WebUI starts in any case"
    }
}
