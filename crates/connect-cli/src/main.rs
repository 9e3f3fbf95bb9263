//! The program `connect`.
//!
//! One file a subcommand; each has its arguments and a `run` that gives the exit code.

mod demo;
mod sandbox;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Calendars behind Mobiscroll Connect, and a sandbox to try them without an account.
#[derive(Debug, Parser)]
#[command(name = "connect", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Go through a user's whole life on a sandbox of its own: no account, no network.
    Demo(demo::Arguments),
    /// Run the sandbox: the whole service on this machine.
    Sandbox(sandbox::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Sandbox(arguments) => sandbox::run(&arguments),
    }
}
