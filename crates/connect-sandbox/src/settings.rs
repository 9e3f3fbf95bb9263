//! The switches: what the service's documentation leaves open, and the demo application's own data.
//!
//! A group of them is a struct ([`switches!`](switch)): asking for a switch that does not exist does not compile. `--set`,
//! `POST /sandbox/set` and the listing go by the rows of the groups.

mod app;
mod apptoto;
mod connect;
mod google;
mod itself;
mod microsoft;
mod oauth;
mod switch;
mod webhooks;

pub(crate) use app::*;
pub(crate) use apptoto::*;
pub(crate) use connect::*;
pub(crate) use google::*;
use itself::Itself;
pub(crate) use microsoft::*;
pub(crate) use oauth::*;
pub use switch::Switch;
pub(crate) use switch::{Limit, Value, is_uri};
pub(crate) use webhooks::*;

macro_rules! groups {
    ($($field:ident: $Group:ident)+) => {
        /// A value for each switch.
        #[derive(Clone, Debug, Default)]
        pub struct Settings {
            $(pub(crate) $field: $Group,)+
        }

        /// Every switch, in the order they are listed.
        pub fn switches() -> impl Iterator<Item = &'static Switch> {
            [$($Group::SWITCHES),+].into_iter().flatten()
        }

        impl Settings {
            /// The value of a switch; `None` for a name that does not exist.
            pub fn value(&self, name: &str) -> Option<String> {
                None$(.or_else(|| self.$field.text(name)))+
            }

            /// Whether the switch took the text; `None` for a name that does not exist.
            fn take(&mut self, name: &str, text: &str) -> Option<bool> {
                None$(.or_else(|| self.$field.set(name, text)))+
            }
        }
    };
}

groups! {
    oauth: OAuth
    connect: Connect
    webhooks: Webhooks
    google: Google
    microsoft: Microsoft
    apptoto: Apptoto
    itself: Itself
    app: DemoApp
}

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

impl Settings {
    /// Sets one switch by name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self, SettingError> {
        let switch = switches().find(|switch| switch.name == name).ok_or_else(|| unknown(name))?;
        if self.take(name, value) == Some(true) {
            return Ok(self);
        }
        Err(SettingError::BadValue { name: switch.name, values: switch.values, value: value.to_owned() })
    }

    /// The same, for a chain: `Settings::default().with("rotation", "strict")?`.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, SettingError> {
        self.set(name, value)?;
        Ok(self)
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, String)> {
        switches().map(|switch| (switch.name, self.value(switch.name).unwrap_or_default()))
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
    fn every_default_is_a_value_it_takes() {
        let settings = Settings::default();
        for switch in switches() {
            assert_eq!(settings.value(switch.name).as_deref(), Some(switch.default), "{}", switch.name);
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
        assert_eq!(settings.value("rotation").as_deref(), Some("grace"));
    }
}
