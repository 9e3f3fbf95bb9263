//! The program `connect`.
//!
//! Each subcommand has a module with its arguments and a function `run`.
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod book;
mod calendars;
mod color;
mod completions;
mod config;
mod context;
mod control;
mod demo;
mod disconnect;
mod doctor;
mod dot_env;
mod events;
mod failure;
mod free;
mod health;
mod input;
mod key;
mod login;
mod logout;
mod next_steps;
mod output;
mod profile;
mod progress;
mod provider;
#[cfg(test)]
mod readme;
mod receiver;
mod sandbox;
mod settings;
mod status;
mod table;
mod text;
mod token;
mod via;
mod webhooks;
mod when;
mod write_guard;

use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::process::ExitCode;

use failure::Failure;
use settings::Settings;

/// The arguments of the program `connect`.
#[derive(Debug, Parser)]
#[command(name = "connect", version, about, after_help = failure::AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
    #[command(flatten)]
    settings: settings::Settings,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Check the credentials, the network and the redirect URI.
    #[command(after_help = "Examples:\n  connect doctor\n  connect doctor --via google --json")]
    Doctor,
    /// Sign in with the browser.
    #[command(after_help = "Examples:
  connect login
  connect login --scope read --providers google,apple
  connect login --paste --no-browser
  connect login --via google")]
    Login(login::Arguments),
    /// Sign out: revoke the tokens and delete them.
    #[command(after_help = "Example: connect logout --user ann")]
    Logout,
    /// Show the connected accounts and their state.
    #[command(after_help = "Example: connect status --json")]
    Status,
    /// Disconnect an account, or all accounts of a provider.
    #[command(after_help = "Examples:
  connect disconnect google
  connect disconnect microsoft --account ann@example.org")]
    Disconnect(disconnect::Arguments),
    /// List the calendars of all connected accounts.
    #[command(after_help = "Examples:\n  connect calendars\n  connect calendars --provider caldav --json")]
    Calendars(calendars::Arguments),
    /// Show the events of the next days.
    #[command(after_help = "Example: connect agenda --days 14")]
    Agenda(events::agenda::Arguments),
    /// List free times, and the calendars that the list rests on.
    #[command(after_help = "Examples:
  connect free --duration 1h --hours 10:00-16:00
  connect free --calendar Work --from tomorrow --to +14d --on-gap busy")]
    Free(free::Arguments),
    /// Create an event if its time is free; of several bookers, exactly one gets the time.
    #[command(after_help = "Example:
  connect book --calendar Work --title Interview --start \"tomorrow 14:00\" --duration 1h")]
    Book(Box<book::Arguments>),
    /// List, show, create, update, delete, export and import events.
    #[command(after_help = events::AFTER_HELP)]
    Events(events::Arguments),
    /// Refresh the saved tokens, or import tokens from another program.
    #[command(after_help = "Example: connect token refresh")]
    Token(token::Arguments),
    /// Manage webhook subscriptions; receive, verify and trigger deliveries.
    #[command(after_help = "Example: connect webhooks listen --port 9000")]
    Webhooks(webhooks::Arguments),
    /// Show the settings and where they come from, or change the settings of a profile.
    #[command(after_help = "Example: connect config")]
    Config(config::Arguments),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example: connect completions bash > ~/.local/share/bash-completion/completions/connect"
    )]
    Completions(completions::Completions),
    /// Print the manual page, or write a page for each command.
    #[command(after_help = "Examples:\n  connect man > connect.1\n  connect man ~/.local/share/man/man1")]
    Man(completions::Man),
    /// Show the health of the service; needs no sign-in.
    #[command(after_help = "Example: connect health")]
    Health,
    /// Run a demo from sign-in to sign-out against a local sandbox; needs no account and no network.
    #[command(after_help = "Example: connect demo")]
    Demo,
    /// Run the sandbox, a local server that imitates the services.
    #[command(after_help = "Examples:
  connect sandbox --port 8080
  connect sandbox --port 8080 --set rotation=strict")]
    Sandbox(sandbox::Arguments),
}

impl Arguments {
    /// Returns the definition of the command line.
    ///
    /// `-h` shows only a command's own options. `--help` shows the global options after them.
    fn definition() -> clap::Command {
        Self::command().mut_args(|argument| {
            let is_global = argument.is_global_set();
            argument.hide_short_help(is_global)
        })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::definition().try_get_matches().map_err(with_advice);
    let Arguments { command, settings } =
        match arguments.and_then(|found| Arguments::from_arg_matches(&found)) {
            Ok(arguments) => arguments,
            Err(error) if error.use_stderr() && asks_for_json() => return report(&error),
            Err(error) => error.exit(),
        };
    match command {
        Subcommands::Doctor => doctor::run(&settings),
        Subcommands::Login(arguments) => context::run(&settings, &arguments),
        Subcommands::Logout => context::run(&settings, &logout::Logout),
        Subcommands::Status => context::run(&settings, &status::Status),
        Subcommands::Disconnect(arguments) => context::run(&settings, &arguments),
        Subcommands::Calendars(arguments) => context::run(&settings, &arguments),
        Subcommands::Agenda(arguments) => context::run(&settings, &arguments),
        Subcommands::Free(arguments) => context::run(&settings, &arguments),
        Subcommands::Book(arguments) => context::run(&settings, &*arguments),
        Subcommands::Events(arguments) => context::run(&settings, &arguments),
        Subcommands::Token(arguments) => context::run(&settings, &arguments),
        Subcommands::Webhooks(arguments) => webhooks::run(&settings, &arguments),
        Subcommands::Config(arguments) => config::run(&settings, &arguments),
        Subcommands::Completions(arguments) => arguments.run(&settings),
        Subcommands::Man(arguments) => arguments.run(&settings),
        Subcommands::Health => context::run_alone(&settings, context::Effect::Reads, health::run),
        Subcommands::Demo => demo::run(&settings),
        Subcommands::Sandbox(arguments) => sandbox::run(&settings, &arguments),
    }
}

/// Adds advice to the error for a time with a blank and without quotes.
fn with_advice(mut error: clap::Error) -> clap::Error {
    let is_time =
        |word: &ContextValue| matches!(word, ContextValue::String(word) if when::is_time_of_day(word));
    if error.get(ContextKind::InvalidArg).is_some_and(is_time) {
        let advice = "put quotes around a time with a blank: --start \"tomorrow 9:00\"";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

/// Returns whether the unparsed arguments contain `--json` or `--json=..`.
fn asks_for_json() -> bool {
    let mut arguments = std::env::args_os().take_while(|argument| argument != "--");
    arguments.any(|argument| argument == "--json" || argument.as_encoded_bytes().starts_with(b"--json="))
}

/// Reports an error of the argument parser as JSON. The message is the error's first paragraph.
fn report(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.strip_prefix("error: ").unwrap_or(paragraph).split_whitespace().collect();
    let message = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a subcommand is missing".to_owned(),
        _ => words.join(" "),
    };
    let mut settings = Settings::default();
    settings.json = Some(output::JsonForm::Document);
    Failure::usage(message).next("list the arguments with --help").report(&settings)
}
