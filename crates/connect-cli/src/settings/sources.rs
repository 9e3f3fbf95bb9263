//! Finds the value of a setting, and tells where it comes from.
//!
//! ```text
//!   option ─> environment ─> the profile of --profile
//!                        └─> .env ─> the default profile     (without --profile)
//! ```

use std::path::{Path, PathBuf};

use crate::{
    dot_env::{self, DotEnv},
    failure::{Exit, Failure},
    profile,
};

pub(crate) const PREFIX: &str = "MOBISCROLL_CONNECT_";

/// Settings that `.env` cannot set: they decide where tokens are kept and which servers are trusted.
const NOT_IN_DOT_ENV: [&str; 3] = ["tokens", "root-certificate", "profile"];

/// A value and its source.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) source: Source,
}

/// Where a value was found.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The option with this name.
    Argument(&'static str),
    /// The environment variable with this name.
    Environment(String),
    /// The variable in `.env` with this name and line number.
    DotEnv(String, usize),
    /// The variable in this profile with this name and line number.
    Profile(PathBuf, String, usize),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Argument(name) => write!(f, "{name} (argument)"),
            Self::Environment(name) | Self::DotEnv(name, _) | Self::Profile(_, name, _) => {
                write!(f, "{name} ({})", self.place())
            }
        }
    }
}

impl Source {
    /// Returns the place without the name of the variable, such as `profile work, line 3`.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Argument(name) => (*name).to_owned(),
            Self::Environment(_) => "environment".to_owned(),
            Self::DotEnv(_, line) => format!(".env, line {line}"),
            Self::Profile(path, _, line) => {
                let profile = path.file_stem().unwrap_or_default().to_string_lossy();
                format!("profile {profile}, line {line}")
            }
        }
    }
}

impl Setting {
    /// Returns the source, unless the value is from `.env`.
    pub(crate) fn source_outside_dot_env(&self) -> Option<Source> {
        Some(self.source.clone()).filter(|source| !matches!(source, Source::DotEnv(..)))
    }

    /// Returns the failure for a value that is not valid.
    pub(crate) fn refused(&self, problem: &str) -> Failure {
        Failure::new(Exit::Usage, "CONFIGURATION_ERROR", format!("{}: {problem}", self.source))
    }

    /// Returns whether a setting that is on or off is on.
    pub(crate) fn is_on(&self) -> Result<bool, Failure> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            value => Err(self.refused(&format!("{value:?} is not a switch (expected true or false)"))),
        }
    }
}

/// Returns the name of a setting's variable: `client-id` is `MOBISCROLL_CONNECT_CLIENT_ID`.
pub(crate) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// The environment and the files that contain settings.
pub(crate) struct Sources {
    dot_env: DotEnv,
    profile: PathBuf,
    profile_settings: DotEnv,
}

impl Sources {
    /// Reads `.env` and the default profile or, if `profile` is given, only that profile.
    pub(crate) fn read(profile: Option<&str>) -> Result<Self, Failure> {
        let (dot_env, path) = match profile {
            Some(name) => (DotEnv::default(), Some(profile::existing(name)?)),
            None => (DotEnv::read(Path::new(dot_env::FILE))?, profile::path(profile::DEFAULT).ok()),
        };
        let path = path.unwrap_or_default();
        Ok(Self { dot_env, profile_settings: DotEnv::read(&path)?, profile: path })
    }

    /// Returns the path of the profile, which may not exist.
    pub(crate) fn profile(&self) -> &Path {
        &self.profile
    }

    /// Returns the value of the environment or, if the variable is not set there, of the files.
    pub(crate) fn find(&self, name: &str) -> Option<Setting> {
        let from_environment = environment(name);
        let from_dot_env = || Some(self.in_dot_env(name)?).filter(|_| !NOT_IN_DOT_ENV.contains(&name));
        from_environment.or_else(from_dot_env).or_else(|| self.in_profile(name))
    }

    /// Returns the setting `read-only`.
    ///
    /// `.env` may come from somebody else, so it can only switch read-only on.
    pub(crate) fn read_only(&self) -> Result<Option<Setting>, Failure> {
        let found = self.find("read-only");
        match &found {
            Some(Setting { source: Source::DotEnv(..), .. }) => {}
            _ => return Ok(found),
        }
        match found.map(|setting| setting.is_on().map(|is_on| (setting, is_on))).transpose()? {
            Some((setting, true)) => Ok(Some(setting)),
            _ => Ok(self.in_profile("read-only")),
        }
    }

    fn in_dot_env(&self, name: &str) -> Option<Setting> {
        let variable = variable(name);
        let entry = self.dot_env.get(&variable)?;
        Some(Setting { value: entry.value.clone(), source: Source::DotEnv(variable, entry.line) })
    }

    fn in_profile(&self, name: &str) -> Option<Setting> {
        let variable = variable(name);
        let entry = self.profile_settings.get(&variable)?;
        let source = Source::Profile(self.profile.clone(), variable, entry.line);
        Some(Setting { value: entry.value.clone(), source })
    }
}

/// Returns the value of the environment, unless it is empty.
pub(crate) fn environment(name: &str) -> Option<Setting> {
    let variable = variable(name);
    let value = std::env::var(&variable).ok().filter(|value| !value.is_empty())?;
    Some(Setting { value, source: Source::Environment(variable) })
}
