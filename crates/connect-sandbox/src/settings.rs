//! The switches: what the service's documentation leaves open, and the demo application's own data.
//!
//! One table, [`SWITCHES`], says of each its name, its values, its default and the fact behind it; `--set`, `POST
//! /sandbox/set` and the listing all read it.

mod apptoto_api;
mod google_calendar;
mod graph;
mod neighbours;
mod switch;
mod table;

use std::collections::BTreeMap;
pub use switch::Switch;
pub(crate) use switch::is_uri;
pub use table::SWITCHES;

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
        if !switch.takes(value) {
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

fn unknown(name: &str) -> SettingError {
    let known: Vec<_> = SWITCHES.iter().map(|switch| switch.name).collect();
    SettingError::UnknownName { name: name.to_owned(), known: known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_it_takes() {
        for switch in SWITCHES {
            assert!(switch.takes(switch.default), "{}", switch.name);
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
