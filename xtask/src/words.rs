//! Checks prose and names against the rules in `xtask/words.txt`.

mod names;
mod prose;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prose::{Passage, ProseKind};
use regex::{Regex, RegexBuilder};

/// The maximum length of the first sentence of a documentation comment, in characters.
const LONGEST_SUMMARY: usize = 100;
/// The last column of a line comment, the same as rustfmt's `max_width` for code.
const LAST_COLUMN: usize = 110;
/// The maximum length of the name of a function, in characters.
const LONGEST_NAME: usize = 80;

struct Rules {
    /// The forbidden patterns, each with its replacement.
    patterns: Vec<(Regex, String)>,
    /// A passage that contains one of these texts is not checked.
    allowed: Vec<String>,
    /// Type names that may occur several times in a crate.
    twins: BTreeSet<String>,
}

/// Prints each place that breaks a rule. Fails if a place was printed.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let rules = Rules::read(root)?;
    let mut found = Vec::new();
    let mut types = names::Types::default();
    for path in tracked(root)? {
        let text = fs::read_to_string(root.join(&path)).unwrap_or_default();
        let passages = prose::passages(&path, &text);
        found.extend(passages.iter().flat_map(|passage| rules.breaches(passage)));
        if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(layout(&path, &text));
            types.read(&path, &text)?;
        }
    }
    found.extend(types.repeated(&rules.twins));
    for place in &found {
        println!("{place}");
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(format!("{} places break a rule of xtask/words.txt", found.len()))
    }
}

/// Prints `count` random sentences of documentation, errors and help, with their places.
///
/// If the files have not changed, the same `count` and `seed` select the same sentences.
pub(crate) fn sample(root: &Path, count: usize, seed: u64) -> Result<(), String> {
    let mut sentences = Vec::new();
    for path in tracked(root)? {
        let text = fs::read_to_string(root.join(&path)).unwrap_or_default();
        for passage in
            prose::passages(&path, &text).iter().filter(|passage| passage.kind != ProseKind::Comment)
        {
            sentences
                .extend(passage.sentences().map(|sentence| format!("{}\n    {sentence}", passage.place())));
        }
    }
    for sentence in fastrand::Rng::with_seed(seed).choose_multiple(sentences.iter(), count) {
        println!("{sentence}");
    }
    Ok(())
}

impl Rules {
    fn read(root: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(root.join("xtask/words.txt"))
            .map_err(|error| format!("words.txt: {error}"))?;
        let mut rules = Self { patterns: Vec::new(), allowed: Vec::new(), twins: BTreeSet::new() };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(text) = line.strip_prefix("allow: ") {
                rules.allowed.push(text.to_owned());
            } else if let Some(names) = line.strip_prefix("twins: ") {
                rules.twins.extend(names.split(' ').map(str::to_owned));
            } else {
                let (pattern, instead) =
                    line.split_once(" => ").ok_or_else(|| format!("words.txt: no \" => \" in {line:?}"))?;
                let pattern = RegexBuilder::new(pattern).case_insensitive(true).build();
                rules
                    .patterns
                    .push((pattern.map_err(|error| format!("words.txt: {error}"))?, instead.to_owned()));
            }
        }
        Ok(rules)
    }

    fn breaches(&self, passage: &Passage) -> Vec<String> {
        if self.allowed.iter().any(|text| passage.text.contains(text)) {
            return Vec::new();
        }
        let plain = passage.without_code();
        let broken = self.patterns.iter().filter_map(|(pattern, instead)| {
            let hit = pattern.find(&plain)?;
            Some(format!("{}: \"{}\": write {instead}", passage.place(), hit.as_str()))
        });
        let summary = passage.summary().map_or(0, |summary| summary.chars().count());
        let long = (summary > LONGEST_SUMMARY).then(|| {
            format!(
                "{}: the first sentence has {summary} characters (at most {LONGEST_SUMMARY})",
                passage.place()
            )
        });
        broken.chain(long).collect()
    }
}

/// Returns an error for each comment that is too wide, and for each function name that is too long.
fn layout(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let is_comment = line.trim_start().starts_with("//");
        if is_comment && line.chars().count() > LAST_COLUMN && !line.contains("://") {
            found.push(format!("{}:{number}: the comment ends after column {LAST_COLUMN}", path.display()));
        }
        let name = line.trim_start().strip_prefix("fn ").and_then(|rest| rest.split('(').next());
        if name.is_some_and(|name| name.len() > LONGEST_NAME) {
            found.push(format!(
                "{}:{number}: the function name is longer than {LONGEST_NAME} characters",
                path.display()
            ));
        }
    }
    found
}

/// Returns the files of the repository that contain prose, except generated code.
fn tracked(root: &Path) -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
    let output = output.map_err(|error| format!("git could not be started: {error}"))?;
    let list =
        String::from_utf8(output.stdout).map_err(|_| "git lists a path that is not UTF-8".to_owned())?;
    let paths = list.split('\0').map(PathBuf::from);
    Ok(paths.filter(|path| ProseKind::of_file(path).is_some()).collect())
}
