//! The development tasks of the workspace.
//!
//! ```text
//! cargo xtask codegen               generate the Rust types from schema/connect.openapi.json
//! cargo xtask codegen --check       fail if the committed files differ from the generated ones
//! cargo xtask collection            write schema/connect.postman_collection.json from the schema
//! cargo xtask collection --check    fail if the committed collection differs from the generated one
//! cargo xtask simulate              run the simulation: --seeds N, --from S, --json, --replay S
//! cargo xtask mutants               check that the simulation detects each patch of tests/mutants: --seeds N
//! cargo xtask requirements          check that each change in OAUTH.md makes its test fail: --only SECTION
//! cargo xtask requirements --check  check that each test in OAUTH.md and the code to change exist
//! cargo xtask examples              check that each entry point in target/doc has an example
//! cargo xtask llms FOLDER           write llms.txt and llms-full.txt from the guide
//! cargo xtask api                   write the public API of each library to its public-api.txt
//! cargo xtask api --check           fail if the public API differs from the committed files
//! cargo xtask words                 check prose and names against xtask/words.txt
//! cargo xtask words --sample N --seed S  print N random sentences, for a reader to judge
//! cargo xtask bench [ROW..]         measure both clients against hand-written ones
//! cargo xtask ci [--quick]          run all checks of .ci/run; --quick: only those required before a push
//! ```

mod api;
mod codegen;
mod collection;
mod examples;
mod guide;
mod requirements;
mod simulation;
mod words;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask codegen [--check] | collection [--check] | simulate [options] | mutants [--seeds N] | requirements [--check | --only SECTION] | examples | llms FOLDER | api [--check] | words [--sample N --seed S] | ci [--quick] | bench [ROW..]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["codegen"] => codegen::write(&root()),
        ["codegen", "--check"] => codegen::check(&root()),
        ["collection"] => collection::write(&root()),
        ["collection", "--check"] => collection::check(&root()),
        ["simulate", options @ ..] => simulation::simulate(&root(), options),
        ["mutants"] => simulation::mutants(&root(), "2000"),
        ["mutants", "--seeds", seeds] => simulation::mutants(&root(), seeds),
        ["requirements"] => requirements::run(&root(), false, None),
        ["requirements", "--check"] => requirements::run(&root(), true, None),
        ["requirements", "--only", section] => match section.parse() {
            Ok(section) => requirements::run(&root(), false, Some(section)),
            Err(_) => Err(USAGE.to_owned()),
        },
        ["examples"] => examples::check(&root()),
        ["llms", folder] => guide::write(&root(), Path::new(folder)),
        ["api"] => api::write(&root()),
        ["api", "--check"] => api::check(&root()),
        ["words"] => words::check(&root()),
        ["words", "--sample", count, "--seed", seed] => match (count.parse(), seed.parse()) {
            (Ok(count), Ok(seed)) => words::sample(&root(), count, seed),
            _ => Err(USAGE.to_owned()),
        },
        ["ci"] => run("bash", &[".ci/run"]),
        ["ci", "--quick"] => run("bash", &[".ci/run", "--quick"]),
        ["bench", rows @ ..] => {
            // A counting allocator would slow the other measurements down.
            let features: &[&str] =
                if *rows == ["allocations"] { &["--features", "allocations"] } else { &[] };
            run("cargo", &[&BENCH[..], features, &["--"], rows].concat())
        }
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

/// The arguments with which cargo runs the benchmark in `bench`, a separate workspace.
const BENCH: [&str; 7] =
    ["run", "--release", "--quiet", "--target-dir", "target/bench", "--manifest-path", "bench/Cargo.toml"];

/// Runs a command in the root folder, with its output on the terminal.
fn run(command: &str, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(command).args(arguments).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command} {}: {status}", arguments.join(" "))),
        Err(error) => Err(format!("{command} could not be started: {error}")),
    }
}

/// Returns the root folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
