//! `connect completions` and `connect man`, and the two lengths of help.
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

mod common;

use std::{collections::BTreeSet, process::Command};

use common::{Outcome, World};

/// Returns the subcommands of a command, from its short help.
fn subcommands(world: &World, command: &[&str]) -> Vec<String> {
    let help = world.run(&[command, &["-h"]].concat()).ok();
    let listed = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest).split("\n\n").next().unwrap();
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

/// Returns all commands, each with its parents.
fn commands(world: &World) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        let below = subcommands(world, &words);
        found.extend(below.into_iter().map(|name| [command.clone(), vec![name]].concat()));
        next += 1;
    }
    found
}

#[test]
fn completion_scripts_know_all_commands() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = world.run(&["completions", shell]).ok();
        for word in ["connect", "events", "--duration", "--calendar", "--public-calendar"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(world.run(&["completions", "cmd"]).code, Some(2));
}

#[cfg(unix)]
#[test]
fn bash_accepts_its_completion_script() {
    let world = World::new();
    let file = world.folder.path().join("connect.bash");
    std::fs::write(&file, world.run(&["completions", "bash"]).ok()).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&file).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    // The script completes a subcommand and an option.
    let completed = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let [.., before, last] = words.as_slice() else { panic!("{line}") };
        let script = format!(
            "source '{}'; COMP_WORDS=({line}); COMP_CWORD={}; _connect connect {last} {before}; \
             echo \"${{COMPREPLY[@]}}\"",
            file.display(),
            words.len() - 1
        );
        Outcome::of(Command::new("bash").args(["-c", &script]).output().unwrap()).out
    };
    assert_eq!(completed("connect ev").trim(), "events");
    assert_eq!(completed("connect events create --dur").trim(), "--duration");
}

#[test]
fn every_command_has_a_manual_page_with_an_example() {
    let world = World::new();
    let folder = world.folder.path().join("man/man1");
    world.run(&["man", folder.to_str().unwrap()]).ok();
    let commands = commands(&world);
    assert!(commands.len() > 25, "{commands:?}");
    let mut expected = BTreeSet::new();
    for command in commands {
        let name = [vec!["connect".to_owned()], command].concat().join("-") + ".1";
        let page = std::fs::read_to_string(folder.join(&name)).unwrap();
        assert!(page.contains(".SH EXTRA") && page.contains("Example"), "{name}");
        expected.insert(name);
    }
    let files = std::fs::read_dir(&folder).unwrap();
    let written: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(written, expected);
    assert!(world.run(&["man"]).ok().contains(".SH NAME\nconnect "));
    let file = folder.join("connect.1");
    let refused = world.run(&["man", file.to_str().unwrap()]);
    assert!(refused.code == Some(1) && refused.err.contains("next:"), "{}", refused.err);
}

#[test]
fn help_shows_own_options_before_global_ones() {
    let world = World::new();
    for command in commands(&world) {
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        let (long, short) = (
            world.run(&[&words[..], &["--help"]].concat()).ok(),
            world.run(&[&words[..], &["-h"]].concat()).ok(),
        );
        let (own, global) = long.split_once("\nGlobal options:\n").unwrap_or_else(|| (&long, ""));
        // The sandbox and the demo do not use all global options, but accept them.
        assert!(own.contains("Usage: ") && global.contains("--base-url"), "{command:?}: {long}");
        let after = global.split("\nExample").next().unwrap();
        assert!(!after.contains("options:\n") && !after.contains("Fields:"), "{command:?}: {long}");
        assert!(short.contains("Example") && !short.contains("--base-url"), "{command:?}: {short}");
        assert!(short.len() < long.len());
    }
}
