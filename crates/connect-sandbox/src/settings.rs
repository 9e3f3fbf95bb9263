//! The switches of the sandbox and the data of the demo application.
//!
//! Each group of switches is a struct with a field for each switch. The rows of
//! [`switches!`](switch) define the fields, the values that `--set` and `POST /sandbox/set` accept,
//! and the list of switches.

mod app;
mod apptoto;
mod connect;
mod google;
mod itself;
mod microsoft;
mod oauth;
mod push;
mod switch;
mod webhooks;

pub(crate) use app::*;
pub(crate) use apptoto::*;
pub(crate) use connect::*;
pub(crate) use google::*;
use itself::Itself;
pub(crate) use microsoft::*;
pub(crate) use oauth::*;
pub(crate) use push::*;
pub use switch::Switch;
pub(crate) use switch::{Limit, Value, is_uri};
pub(crate) use webhooks::*;

macro_rules! groups {
    ($($field:ident: $Group:ident)+) => {
        /// The values of all switches.
        #[derive(Clone, Debug, Default)]
        pub struct Settings {
            $(pub(crate) $field: $Group,)+
        }

        /// Returns every switch, in the order of `connect sandbox --list-switches`.
        pub fn switches() -> impl Iterator<Item = &'static Switch> {
            [$($Group::SWITCHES),+].into_iter().flatten()
        }

        impl Settings {
            /// Returns the value of a switch; `None` for an unknown name.
            pub fn value(&self, name: &str) -> Option<String> {
                None$(.or_else(|| self.$field.text(name)))+
            }

            /// Sets a switch. Returns false for an invalid value, and `None` for an unknown name.
            fn set_text(&mut self, name: &str, text: &str) -> Option<bool> {
                None$(.or_else(|| self.$field.set(name, text)))+
            }
        }
    };
}

groups! {
    oauth: OAuth
    connect: Connect
    webhooks: Webhooks
    push: Push
    google: Google
    microsoft: Microsoft
    apptoto: Apptoto
    itself: Itself
    app: DemoApp
}

/// The error of setting a switch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// No switch has this name.
    #[error("there is no switch {name:?} (expected one of {known})")]
    UnknownName {
        /// The unknown name.
        name: String,
        /// The names of all switches, separated by commas.
        known: String,
    },
    /// The value is invalid for the switch.
    #[error("{value:?} is not a value of the switch {name} (expected {values})")]
    BadValue {
        /// The name of the switch.
        name: &'static str,
        /// The values that the switch accepts.
        values: &'static str,
        /// The invalid value.
        value: String,
    },
}

impl Settings {
    /// Sets a switch by name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self, SettingError> {
        let switch = switches().find(|switch| switch.name == name).ok_or_else(|| unknown(name))?;
        if self.set_text(name, value) == Some(true) {
            return Ok(self);
        }
        Err(SettingError::BadValue { name: switch.name, values: switch.values, value: value.to_owned() })
    }

    /// Sets a switch and returns the settings: `Settings::default().with("rotation", "strict")?`.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, SettingError> {
        self.set(name, value)?;
        Ok(self)
    }

    /// Returns the name and value of every switch.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, String)> {
        switches().map(|switch| (switch.name, self.value(switch.name).unwrap_or_default()))
    }
}

/// Writes and reads the switches of a state file. A missing switch has its default.
pub(crate) mod stored {
    use super::Settings;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    pub(crate) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(settings.iter())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Settings, D::Error> {
        let mut settings = Settings::default();
        for (name, value) in BTreeMap::<String, String>::deserialize(deserializer)? {
            settings.set(&name, &value).map_err(D::Error::custom)?;
        }
        Ok(settings)
    }
}

fn unknown(name: &str) -> SettingError {
    let known: Vec<_> = switches().map(|switch| switch.name).collect();
    SettingError::UnknownName { name: name.to_owned(), known: known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_valid_value() {
        let settings = Settings::default();
        for switch in switches() {
            assert_eq!(settings.value(switch.name).as_deref(), Some(switch.default), "{}", switch.name);
        }
    }

    #[test]
    fn unknown_name_error_lists_the_names() {
        let error = Settings::default().set("rotatoin", "strict").unwrap_err().to_string();
        assert!(error.contains("rotation") && error.contains("seed"), "{error}");
    }

    #[test]
    fn invalid_value_changes_nothing() {
        let mut settings = Settings::default();
        assert!(settings.set("rotation", "loose").is_err());
        assert!(settings.set("token_ttl", "-1").is_err());
        assert!(settings.set("redirect_uri", "http://a/\r\nx: y").is_err());
        assert_eq!(settings.value("rotation").as_deref(), Some("grace"));
    }
}
