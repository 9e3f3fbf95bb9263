//! Many processes share the users of one token store, and each calls for all of them all the time.
//!
//! ```sh
//! cargo run -p many-processes -- --store file
//! bash tests/engines.sh cargo run -p many-processes -- --store postgres --users 20
//! bash tests/engines.sh cargo run -p many-processes -- --store redis --kill --rotation strict
//! ```
//!
//! The service is a sandbox in this process; the processes are this program again ([`worker`]). Again and again every
//! access token is made to expire, and one process has to exchange it while the others wait for what comes of it. The
//! figures come from the sandbox's counters and from the store, not from the processes. It fails when they are not as
//! promised: one exchange an expiry and user, no failed call, no sign-out; and of the exchanges whose process was killed
//! before it could save, none costs a sign-in under `--rotation grace`, and each one under `strict`, where no client
//! could prevent it.

mod fleet;
mod run;
mod store;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use store::Place;

/// What goes wrong is told as a text.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser, Clone)]
#[command(about)]
struct Program {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    run: run::Options,
}

#[derive(Subcommand, Clone)]
enum Role {
    /// One of the processes; started by the program itself.
    #[command(hide = true)]
    Worker(worker::Options),
}

/// What a refresh token does that was used already.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Rotation {
    /// The last but one is still accepted.
    Grace,
    /// It is refused.
    Strict,
}

fn main() -> ExitCode {
    let program = Program::parse();
    let outcome = match program.role {
        Some(Role::Worker(options)) => worker::main(options),
        None => run::main(&program.run),
    };
    outcome.map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
