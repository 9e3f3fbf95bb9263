//! The program `connect`.
//!
//! One file a subcommand; each has its arguments and a `run` that gives the exit code.

mod calendars;
mod context;
mod control;
mod demo;
mod disconnect;
mod doctor;
mod dot_env;
mod events;
mod failure;
mod health;
mod input;
mod key;
mod login;
mod logout;
mod next_steps;
mod output;
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

use clap::{Parser, Subcommand, error::ErrorKind};
use std::process::ExitCode;

use failure::Failure;
use settings::Settings;

/// Calendars behind Mobiscroll Connect, and a sandbox to try them without an account.
#[derive(Debug, Parser)]
#[command(name = "connect", version, about, after_help = failure::AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: settings::Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the credentials, the network and the redirect URI, and say what to do.
    Doctor,
    /// Sign in with the browser.
    Login(login::Arguments),
    /// Sign out: revoke the tokens at the service and delete them here.
    Logout,
    /// Show the connected accounts and how they are.
    Status,
    /// Disconnect an account, or all accounts of a provider.
    Disconnect(disconnect::Arguments),
    /// List the calendars of all connected accounts.
    Calendars(calendars::Arguments),
    /// List, show, create, change and delete events.
    Events(events::Arguments),
    /// Take tokens from elsewhere.
    Token(token::Arguments),
    /// Subscribe calendars to webhooks, and receive, check and trigger deliveries.
    Webhooks(webhooks::Arguments),
    /// Ask the service whether it is well; needs no sign-in.
    Health,
    /// Go through a user's whole life on a sandbox of its own: no account, no network.
    Demo(demo::Arguments),
    /// Run the sandbox: the whole service on this machine.
    Sandbox(sandbox::Arguments),
}

fn main() -> ExitCode {
    let Arguments { command, settings } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() && asks_for_json() => return report(&error),
        Err(error) => error.exit(),
    };
    match command {
        Command::Doctor => doctor::run(&settings),
        Command::Login(arguments) => context::run(&settings, &arguments),
        Command::Logout => context::run(&settings, &logout::Logout),
        Command::Status => context::run(&settings, &status::Status),
        Command::Disconnect(arguments) => context::run(&settings, &arguments),
        Command::Calendars(arguments) => context::run(&settings, &arguments),
        Command::Events(arguments) => context::run(&settings, &arguments),
        Command::Token(arguments) => context::run(&settings, &arguments),
        Command::Webhooks(arguments) => webhooks::run(&settings, &arguments),
        Command::Health => context::run_alone(&settings, health::run),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Sandbox(arguments) => sandbox::run(&arguments),
    }
}

/// Whether `--json` is among arguments that could not be parsed.
fn asks_for_json() -> bool {
    std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// The parser's own error as any other failure: its first paragraph says what is wrong.
fn report(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.strip_prefix("error: ").unwrap_or(paragraph).split_whitespace().collect();
    let message = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a subcommand is missing".to_owned(),
        _ => words.join(" "),
    };
    let mut settings = Settings::default();
    settings.json = true;
    Failure::usage(message).next("list the arguments with --help").report(&settings)
}
