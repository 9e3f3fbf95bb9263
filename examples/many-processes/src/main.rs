//! Many processes share one token store and continuously call the API for all users.
//!
//! ```sh
//! cargo run -p many-processes -- --store file
//! bash tests/engines.sh cargo run -p many-processes -- --store postgres --users 20
//! bash tests/engines.sh cargo run -p many-processes -- --store redis --kill --rotation strict
//! ```
//!
//! The main process runs the sandbox, starts this program again as worker processes ([`worker`]), and
//! repeatedly expires all access tokens. For each user, one worker must refresh while the other workers wait
//! for the result. The main process counts calls, exchanges and sign-outs in the sandbox and in the store;
//! only the number of failed calls comes from the workers.
//!
//! Without `--kill`, the run fails unless each expiry costs one exchange per user, no call fails, and no user
//! is signed out. With `--kill`, a process may be killed after an exchange and before it saves the new token
//! pair. The user of this pair then stays signed in under `--rotation grace`, but must sign in again under
//! `--rotation strict`, whatever the client does.

mod fleet;
mod run;
mod store;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use store::StoreOptions;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser, Clone)]
#[command(about)]
struct Program {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    run: run::RunOptions,
}

#[derive(Subcommand, Clone)]
enum Role {
    /// Run as a worker process; used by the program itself.
    #[command(hide = true)]
    Worker(worker::WorkerOptions),
}

/// How the sandbox treats a used refresh token.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Rotation {
    /// Accept the most recently used refresh token, and refuse older ones.
    Grace,
    /// Refuse all used refresh tokens.
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
