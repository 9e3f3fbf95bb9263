//! The chores of the workspace.
//!
//! ```text
//! cargo xtask codegen            write the generated types from schema/connect.openapi.json
//! cargo xtask codegen --check    fail when the committed ones differ
//! cargo xtask simulate           users, processes and faults in simulated time: --seeds N, --from S, --json, --replay S
//! cargo xtask mutants            whether the simulation notices each patch of tests/mutants: --seeds N
//! cargo xtask requirements       whether the tests that OAUTH.md names notice the changes it names: --only N
//! cargo xtask requirements --check   whether both are still there
//! cargo xtask licences           whether everything that is built in may be
//! cargo xtask words              check prose and names against xtask/words.txt
//! cargo xtask words --sample N --seed S   print N random sentences, for a reader to judge
//! cargo xtask ci [--quick]       run every check of .ci/run, or those to pass before a push
//! ```

mod codegen;
mod licences;
mod requirements;
mod simulation;
mod words;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask codegen [--check] | simulate [options] | mutants [--seeds N] | requirements [--check] | licences | words [--sample N --seed S] | ci [--quick]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["codegen"] => codegen::write(&root()),
        ["codegen", "--check"] => codegen::check(&root()),
        ["simulate", options @ ..] => simulation::simulate(&root(), options),
        ["mutants"] => simulation::mutants(&root(), "2000"),
        ["mutants", "--seeds", seeds] => simulation::mutants(&root(), seeds),
        ["requirements"] => requirements::run(&root(), false, None),
        ["requirements", "--check"] => requirements::run(&root(), true, None),
        ["requirements", "--only", section] => match section.parse() {
            Ok(section) => requirements::run(&root(), false, Some(section)),
            Err(_) => Err(USAGE.to_owned()),
        },
        ["licences"] => licences::check(&root()),
        ["words"] => words::check(&root()),
        ["words", "--sample", count, "--seed", seed] => match (count.parse(), seed.parse()) {
            (Ok(count), Ok(seed)) => words::sample(&root(), count, seed),
            _ => Err(USAGE.to_owned()),
        },
        ["ci"] => ci(&[]),
        ["ci", "--quick"] => ci(&["--quick"]),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the script that CI runs.
fn ci(options: &[&str]) -> Result<(), String> {
    let status = Command::new("bash").arg(".ci/run").args(options).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(".ci/run failed: {status}")),
        Err(error) => Err(format!("bash could not be started: {error}")),
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
