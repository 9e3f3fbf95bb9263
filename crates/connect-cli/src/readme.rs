//! The README, held to what the program takes.

use clap::Parser as _;

use crate::{Arguments, failure::AFTER_HELP};

const README: &str = include_str!("../README.md");

#[test]
fn every_example_is_a_command() {
    let examples: Vec<_> = README.lines().filter(|line| line.starts_with("connect ")).collect();
    assert!(examples.len() > 20);
    for line in examples {
        if let Err(error) = Arguments::try_parse_from(words(line)) {
            panic!("{line}\n{error}");
        }
    }
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let (_, table) = AFTER_HELP.split_once("Exit codes:\n").unwrap();
    for line in table.lines() {
        let (code, meaning) = line.trim().split_once(' ').unwrap();
        assert!(README.contains(&format!("| {code} | {} |", meaning.trim())), "{line}");
    }
}

#[test]
fn the_arguments_fit_together() {
    <Arguments as clap::CommandFactory>::command().debug_assert();
}

/// The words of a line of a shell, as far as the README goes: double quotes, comments, a redirection.
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
