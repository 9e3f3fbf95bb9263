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
        if command.has_subcommands() {
            continue;
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let example = help.strip_prefix("Example: ").unwrap_or_default().replace('\'', "\"");
        if let Err(error) = Arguments::try_parse_from(words(&example)) {
            panic!("{}: {example}\n{error}", command.get_name());
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

/// Splits a shell line into words; supports double quotes, comments and a redirection.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or(line);
    let line = line.split(" < ").next().unwrap_or(line);
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
