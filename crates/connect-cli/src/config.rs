//! `connect config`: shows the settings and their sources, and changes profiles.

use std::{io::IsTerminal as _, path::Path, process::ExitCode};

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde_json::json;

use crate::{
    context,
    failure::Failure,
    input,
    output::Output,
    profile,
    settings::{
        DEFAULT_USER, KNOWN, KnownSetting, Settings,
        sources::{Setting, variable},
    },
    table::{ColumnFit, Table},
    text::clean,
};

/// The arguments of `connect config`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<ConfigAction>,
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Save a setting in the profile of --profile [default: the profile default].
    #[command(after_help = "Example: connect config set read-only true --profile work")]
    Set {
        /// The setting, by its name in `connect config`.
        #[arg(value_name = "NAME", value_parser = known(), hide_possible_values = true)]
        setting: &'static KnownSetting,
        /// The value; a secret is read from stdin instead.
        #[arg(value_name = "VALUE")]
        value: Option<String>,
    },
    /// Remove a setting from the profile of --profile [default: the profile default].
    #[command(after_help = "Example: connect config unset read-only --profile work")]
    Unset {
        /// The setting, by its name in `connect config`.
        #[arg(value_name = "NAME", value_parser = known(), hide_possible_values = true)]
        setting: &'static KnownSetting,
    },
    /// List the profiles.
    #[command(after_help = "Example: connect config profiles")]
    Profiles,
}

pub(crate) fn run(settings: &Settings, arguments: &Arguments) -> ExitCode {
    context::run_local(settings, |out| match &arguments.action {
        None => show(settings, out),
        Some(ConfigAction::Set { setting, value }) => set(settings, out, setting, value.as_deref()),
        Some(ConfigAction::Unset { setting }) => unset(settings, out, setting),
        Some(ConfigAction::Profiles) => profiles(out),
    })
}

fn show(settings: &Settings, out: &Output) -> Result<(), Failure> {
    let (profile, every) = settings.every()?;
    let value = |known: &KnownSetting, setting: &Option<Setting>| {
        setting.as_ref().filter(|_| !known.is_secret).map(|setting| setting.value.clone())
    };
    let source = |setting: &Option<Setting>| setting.as_ref().map(|setting| setting.source.to_string());
    let described = KNOWN.iter().zip(&every).map(|(known, setting)| {
        json!({
            "name": known.name, "value": value(known, setting), "source": source(setting),
            "isSecret": known.is_secret,
        })
    });
    let described = json!({ "profile": profile, "settings": described.collect::<Vec<_>>() });
    out.print(&described, || {
        let mut table = Table::new(&[
            ("SETTING", ColumnFit::Fixed),
            ("VALUE", ColumnFit::Cut),
            ("FROM", ColumnFit::Fixed),
        ]);
        for (known, setting) in KNOWN.iter().zip(&every) {
            let shown = match (setting, known.is_secret) {
                (Some(_), true) => "(hidden)".to_owned(),
                (Some(setting), false) => setting.value.clone(),
                (None, _) => default(known.name).to_owned(),
            };
            if !shown.is_empty() {
                let from = setting.as_ref().map_or("default".to_owned(), |setting| setting.source.place());
                table.row([known.name.into(), shown.as_str().into(), from.as_str().into()]);
            }
        }
        let exists = if profile.is_file() { "" } else { " (does not exist)" };
        let profile = format!("Profile: {}{exists}", clean(&profile.display().to_string()));
        out.table(&table) + &out.remark(&profile)
    })
}

/// Returns the default of a setting; empty if it has none.
fn default(name: &str) -> &'static str {
    match name {
        "base-url" => connect_hyper::CONNECT_BASE_URL,
        "redirect-uri" => crate::settings::REDIRECT_URI,
        "user" => DEFAULT_USER,
        "via" => "connect",
        "read-only" => "false",
        "timeout" => "60",
        "tokens" => "mobiscroll-connect/tokens in the user's state folder",
        _ => "",
    }
}

fn set(settings: &Settings, out: &Output, known: &KnownSetting, value: Option<&str>) -> Result<(), Failure> {
    let name = known.name;
    let path = profile::path(&named(settings))?;
    let value = match value {
        Some(_) if known.is_secret => {
            return Err(Failure::usage(format!("{name}: a secret must not be an argument"))
                .cause("every user of the machine can see the arguments of a program")
                .next(format!("write the secret to stdin: connect config set {name}")));
        }
        Some(value) => value.to_owned(),
        None if known.is_secret => secret(name)?,
        None => return Err(Failure::usage(format!("{name}: the value is missing"))),
    };
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(Failure::usage(format!("{name}: the value is empty or has a control character"))
            .next(format!("to remove the setting: connect config unset {name}")));
    }
    Settings::check(known.name, &value)?;
    profile::edit(&path, &variable(known.name), Some(&value))?;
    saved(out, &path, name, "Set")
}

fn unset(settings: &Settings, out: &Output, known: &KnownSetting) -> Result<(), Failure> {
    let path = profile::existing(&named(settings))?;
    profile::edit(&path, &variable(known.name), None)?;
    saved(out, &path, known.name, "Removed")
}

fn saved(out: &Output, path: &Path, name: &str, done: &str) -> Result<(), Failure> {
    out.print(&json!({ "profile": path, "name": name }), || {
        format!("{done} {name} in {}.\n", clean(&path.display().to_string()))
    })
}

/// Returns the name of the profile to change.
fn named(settings: &Settings) -> String {
    settings.profile().unwrap_or_else(|| profile::DEFAULT.to_owned())
}

fn known() -> impl TypedValueParser<Value = &'static KnownSetting> {
    let names = PossibleValuesParser::new(KNOWN.iter().map(|known| known.name));
    names.try_map(|name| KNOWN.iter().find(|known| known.name == name).ok_or("not a setting"))
}

/// Reads a secret from stdin, without the line break at its end.
fn secret(name: &str) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        crate::output::note(&format!("Paste {name}, and press Enter and Ctrl-D:"));
    }
    let text = input::read(None).map_err(|error| Failure::usage("cannot read the secret").cause(error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn profiles(out: &Output) -> Result<(), Failure> {
    let names = profile::names()?;
    out.print(&names, || match names.as_slice() {
        [] => "No profiles.\n".to_owned(),
        names => names.iter().map(|name| format!("{}\n", clean(name))).collect(),
    })
}
