//! The program `connect`.
//!
//! One file a subcommand; each has its arguments and a `run` that gives the exit code.

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
    /// Run the sandbox: the whole service on this machine.
    Sandbox(sandbox::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Sandbox(arguments) => sandbox::run(&arguments),
    }
}
