//! The switches: what the service's documentation leaves open, and the demo application's own data.
//!
//! One table, [`SWITCHES`], says of each its name, its values, its default and the fact behind it; `--set`, `POST
//! /sandbox/set` and the listing all read it.

use std::collections::BTreeMap;

/// One switch of the sandbox.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Switch {
    /// The name used by `--set` and `POST /sandbox/set`.
    pub name: &'static str,
    /// The values it takes, for people.
    pub values: &'static str,
    /// The value it starts with.
    pub default: &'static str,
    /// Why it exists: what the real service does or is not known to do.
    pub about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    OneOf(&'static [&'static str]),
    Number { least: u64, most: u64 },
    Text,
    RedirectUri,
}

/// Every switch, in the order they are listed.
pub const SWITCHES: &[Switch] = &[
    one_of(
        "auto_consent",
        "on|off",
        &["on", "off"],
        "on: authorize approves at once; off: it shows the provider page",
    ),
    one_of(
        "code",
        "random|user_id",
        &["random", "user_id"],
        "the documentation says the code equals the user id",
    ),
    number(
        "token_ttl",
        "SECONDS",
        "3600",
        0,
        31_536_000,
        "how long an access token lives; documented as 3600",
    ),
    one_of(
        "rotation",
        "grace|strict|family",
        &["grace", "strict", "family"],
        "what a replayed refresh token does: the newest rule keeps one generation of grace, older ones did not",
    ),
    one_of(
        "expired_body",
        "message|error|empty",
        &["message", "error", "empty"],
        "the body of a 401 for an expired token is undocumented",
    ),
    one_of(
        "write_denied",
        "401|403",
        &["401", "403"],
        "documented as 401 in one place and as 403 in another",
    ),
    one_of(
        "event_response",
        "root|wrapped",
        &["root", "wrapped"],
        "an event written comes back at the root (documented) or under `event` (expected by two official SDKs)",
    ),
    one_of("create_status", "201|200", &["201", "200"], "documented as 201, 200 in the official SDKs' tests"),
    one_of(
        "delete_status",
        "204|200",
        &["204", "200"],
        "204 without a body, or 200 with success and message",
    ),
    one_of("conference", "string|object", &["string", "object"], "a URL, or an object with url and provider"),
    number("latency_ms", "MILLISECONDS", "0", 0, 600_000, "every answer of the service takes this long"),
    number("seed", "NUMBER", "1", 0, u64::MAX, "the same seed gives the same tokens, ids and events"),
    text("client_id", "TEXT", "sandbox-client", Kind::Text, "the demo application's id"),
    text("client_secret", "TEXT", "sandbox-secret", Kind::Text, "the demo application's secret"),
    text(
        "redirect_uri",
        "URI",
        "http://127.0.0.1:8765/callback",
        Kind::RedirectUri,
        "where authorize redirects to: the stored value wins over the query's",
    ),
];

/// A value for each switch.
#[derive(Clone, Debug)]
pub struct Settings(BTreeMap<&'static str, String>);

/// A switch could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// There is no switch of this name.
    #[error("there is no switch {name:?}; the switches are {known}")]
    UnknownName {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The switch does not take this value.
    #[error("{name} takes {values}, not {value:?}")]
    BadValue {
        /// The switch.
        name: &'static str,
        /// What it takes.
        values: &'static str,
        /// What it was given.
        value: String,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self(SWITCHES.iter().map(|switch| (switch.name, switch.default.to_owned())).collect())
    }
}

impl Settings {
    /// Sets one switch by name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self, SettingError> {
        let switch = SWITCHES.iter().find(|switch| switch.name == name).ok_or_else(|| unknown(name))?;
        if !switch.kind.takes(value) {
            return Err(SettingError::BadValue {
                name: switch.name,
                values: switch.values,
                value: value.to_owned(),
            });
        }
        self.0.insert(switch.name, value.to_owned());
        Ok(self)
    }

    /// The same, for a chain: `Settings::default().with("rotation", "strict")?`.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, SettingError> {
        self.set(name, value)?;
        Ok(self)
    }

    /// The value of a switch; empty for a name that does not exist.
    pub fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SWITCHES.iter().map(|switch| (switch.name, self.value(switch.name)))
    }

    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.value(name) == value
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.value(name).parse().unwrap_or(0)
    }
}

impl Kind {
    fn takes(self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::Number { least, most } => {
                value.parse().is_ok_and(|number| (least..=most).contains(&number))
            }
            Self::Text => !value.is_empty(),
            Self::RedirectUri => value.contains("://") && value.bytes().all(|byte| byte.is_ascii_graphic()),
        }
    }
}

fn unknown(name: &str) -> SettingError {
    let known: Vec<_> = SWITCHES.iter().map(|switch| switch.name).collect();
    SettingError::UnknownName { name: name.to_owned(), known: known.join(", ") }
}

/// The first of `choices` is the default.
const fn one_of(
    name: &'static str,
    values: &'static str,
    choices: &'static [&'static str],
    about: &'static str,
) -> Switch {
    Switch { name, values, default: choices[0], about, kind: Kind::OneOf(choices) }
}

const fn number(
    name: &'static str,
    values: &'static str,
    default: &'static str,
    least: u64,
    most: u64,
    about: &'static str,
) -> Switch {
    Switch { name, values, default, about, kind: Kind::Number { least, most } }
}

const fn text(
    name: &'static str,
    values: &'static str,
    default: &'static str,
    kind: Kind,
    about: &'static str,
) -> Switch {
    Switch { name, values, default, about, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_it_takes() {
        for switch in SWITCHES {
            assert!(switch.kind.takes(switch.default), "{}", switch.name);
        }
    }

    #[test]
    fn an_unknown_name_lists_the_names() {
        let error = Settings::default().set("rotatoin", "strict").unwrap_err().to_string();
        assert!(error.contains("rotation") && error.contains("seed"), "{error}");
    }

    #[test]
    fn a_bad_value_changes_nothing() {
        let mut settings = Settings::default();
        assert!(settings.set("rotation", "loose").is_err());
        assert!(settings.set("token_ttl", "-1").is_err());
        assert!(settings.set("redirect_uri", "http://a/\r\nx: y").is_err());
        assert_eq!(settings.value("rotation"), "grace");
    }
}
