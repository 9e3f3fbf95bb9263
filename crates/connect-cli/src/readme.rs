//! Tests that the README and the examples in `--help` match the program.

use clap::Parser as _;

use crate::{Arguments, failure::AFTER_HELP};

const README: &str = include_str!("../README.md");

#[test]
fn readme_examples_are_valid_commands() {
    let examples: Vec<_> = README.lines().filter(|line| line.starts_with("connect ")).collect();
    assert!(examples.len() > 20);
    for line in examples {
        if let Err(error) = Arguments::try_parse_from(words(line)) {
            panic!("{line}\n{error}");
        }
    }
}

#[test]
fn readme_exit_codes_match_the_help() {
    let (_, table) = AFTER_HELP.split_once("Exit codes:\n").unwrap();
    for line in table.lines() {
        let (code, meaning) = line.trim().split_once(' ').unwrap();
        assert!(README.contains(&format!("| {code} | {} |", meaning.trim())), "{line}");
    }
}

#[test]
fn argument_definitions_are_consistent() {
    <Arguments as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn help_examples_are_valid_commands() {
    let mut commands = vec![<Arguments as clap::CommandFactory>::command()];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().cloned());
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        // A longer line is wrapped in the output, and a wrapped command cannot be copied.
        assert!(help.lines().all(|line| line.len() < 100), "{help}");
        let help = help.replace(" \\\n", " ");
        let examples: Vec<_> = help.lines().filter_map(example).collect();
        assert!(!examples.is_empty(), "{} has no example", command.get_name());
        for example in examples {
            let parsed = Arguments::try_parse_from(words(&example.replace('\'', "\"")));
            if let Err(error) = parsed.map(drop).or_else(help_is_fine) {
                panic!("{}: {example}\n{error}", command.get_name());
            }
            let is_own = example.split_whitespace().any(|word| word == command.get_name());
            assert!(is_own, "{}: {example}", command.get_name());
        }
    }
}

#[test]
fn times_may_start_with_a_minus() {
    let mut commands = vec![<Arguments as clap::CommandFactory>::command()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().cloned());
        for argument in command.get_arguments() {
            if argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "WHEN")) {
                assert!(
                    argument.is_allow_hyphen_values_set(),
                    "{} of {}",
                    argument.get_id(),
                    command.get_name()
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

/// Returns the command in a line of examples.
fn example(line: &str) -> Option<&str> {
    line.strip_prefix("Example: ")
        .or_else(|| line.strip_prefix("  "))
        .filter(|line| line.starts_with("connect "))
}

fn help_is_fine(error: clap::Error) -> Result<(), clap::Error> {
    if error.kind() == clap::error::ErrorKind::DisplayHelp { Ok(()) } else { Err(error) }
}

/// Splits a shell line into words; supports double quotes, comments and redirections.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or(line);
    let line = line.split(" < ").next().unwrap_or(line);
    let line = line.split(" > ").next().unwrap_or(line);
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
