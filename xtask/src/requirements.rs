//! `cargo xtask requirements`: checks that the tests named in `OAUTH.md` enforce its requirements.
//!
//! Each numbered section of `OAUTH.md` has one or more `cargo test` commands. After each command, a `diff`
//! block contains a change that must make the test of that command fail:
//!
//! ````text
//! ### 5. A client authenticates by one method
//!
//! `cargo test -p mobiscroll-connect-core --test oauth client_authenticates_in_exactly_one_way`
//!
//! ```diff crates/connect-core/src/sign_in/token_endpoint.rs
//! -        Some(_) => {}
//! +        Some(secret) => fields.push(("client_secret", secret.expose().to_owned())),
//! ```
//! ````

use std::{fs, path::Path, process::Command};

use crate::simulation::copy_tracked;

const DOCUMENT: &str = "OAUTH.md";
/// The number of sections in the document.
const SECTIONS: usize = 38;

/// A test, and a change that must make it fail.
struct Requirement {
    section: usize,
    test: String,
    file: String,
    old: String,
    new: String,
}

/// Applies each change in `OAUTH.md` to a copy of the workspace, and checks that its test then fails.
///
/// If `check` is true, no change is applied: the function only checks that the tests and the code to change
/// exist. If `only` is a section number, the changes of the other sections are not applied.
pub(crate) fn run(root: &Path, check: bool, only: Option<usize>) -> Result<(), String> {
    let text = fs::read_to_string(root.join(DOCUMENT)).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let requirements = read(&text)?;
    for section in 1..=SECTIONS {
        if !requirements.iter().any(|requirement| requirement.section == section) {
            return Err(format!("{DOCUMENT}: section {section} has no test with a `diff` block"));
        }
    }
    for requirement in &requirements {
        requirement.check_exists(root)?;
    }
    if check {
        println!("all {} changes in OAUTH.md can be made, and their tests exist", requirements.len());
        return Ok(());
    }
    let copy = root.join("target/requirements");
    copy_tracked(root, &copy)?;
    let requirements: Vec<_> = requirements
        .iter()
        .filter(|requirement| only.is_none_or(|only| requirement.section == only))
        .collect();
    // All tests run without changes first, because each change causes a rebuild.
    for requirement in &requirements {
        if !requirement.passes(&copy)? {
            return Err(format!(
                "{DOCUMENT}, section {}: `cargo test {}` fails even without the change",
                requirement.section, requirement.test
            ));
        }
    }
    let mut unnoticed = Vec::new();
    for requirement in requirements {
        let noticed = requirement.is_noticed(&copy)?;
        println!(
            "{} {:>2} {}",
            if noticed { "fails " } else { "PASSES" },
            requirement.section,
            requirement.test
        );
        if !noticed {
            unnoticed.push(requirement.section.to_string());
        }
    }
    if unnoticed.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{DOCUMENT}: in these sections, a test passes despite its change: {}",
            unnoticed.join(", ")
        ))
    }
}

fn read(text: &str) -> Result<Vec<Requirement>, String> {
    let (mut requirements, mut section, mut test) = (Vec::new(), 0, None);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("### ") {
            let number = rest.split('.').next().unwrap_or_default();
            section = number.parse().map_err(|_| {
                format!("{DOCUMENT}: the heading {line:?} has no number (expected `### 5. ..`)")
            })?;
        } else if let Some(rest) = line.strip_prefix("`cargo test ") {
            test = Some(rest.trim_end_matches('`').to_owned());
        } else if let Some(file) = line.strip_prefix("```diff ") {
            let test = test
                .clone()
                .ok_or_else(|| format!("{DOCUMENT}: section {section}: no test precedes the `diff` block"))?;
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let side = |sign| -> Vec<_> { block.iter().filter_map(|line| line.strip_prefix(sign)).collect() };
            let (old, new) = (side('-').join("\n"), side('+').join("\n"));
            requirements.push(Requirement { section, test, file: file.to_owned(), old, new });
        }
    }
    Ok(requirements)
}

impl Requirement {
    /// Returns an error unless the file contains the code to change exactly once, and the test
    /// exists.
    fn check_exists(&self, root: &Path) -> Result<(), String> {
        let text =
            fs::read_to_string(root.join(&self.file)).map_err(|error| format!("{}: {error}", self.file))?;
        if self.old.is_empty() || text.matches(&self.old).count() != 1 {
            return Err(format!(
                "{DOCUMENT}, section {}: {} does not contain this code exactly once:\n{}",
                self.section, self.file, self.old
            ));
        }
        let name = self.test.rsplit(' ').next().unwrap_or_default();
        let name = name.rsplit("::").next().unwrap_or_default();
        let found = Command::new("git")
            .current_dir(root)
            .args(["grep", "--quiet", "--untracked", "--word-regexp", &format!("fn {name}"), "--", "*.rs"])
            .status()
            .map_err(|error| format!("git: {error}"))?;
        if found.success() {
            Ok(())
        } else {
            Err(format!("{DOCUMENT}, section {}: the test {name} does not exist", self.section))
        }
    }

    /// Returns whether the test fails with the change.
    fn is_noticed(&self, copy: &Path) -> Result<bool, String> {
        let path = copy.join(&self.file);
        let before = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", self.file))?;
        fs::write(&path, before.replace(&self.old, &self.new)).map_err(|error| error.to_string())?;
        let passes = self.passes(copy);
        fs::write(&path, before).map_err(|error| error.to_string())?;
        Ok(!passes?)
    }

    fn passes(&self, copy: &Path) -> Result<bool, String> {
        let output = Command::new(env!("CARGO"))
            .current_dir(copy)
            .env_remove("CARGO_TARGET_DIR")
            .arg("test")
            .args(self.test.split(' '))
            .output()
            .map_err(|error| error.to_string())?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let ran =
            printed.lines().any(|line| line.starts_with("test ") && !line.contains("0 passed; 0 failed"));
        if !ran {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "{DOCUMENT}, section {}: `cargo test {}` ran no test:\n{why}",
                self.section, self.test
            ));
        }
        Ok(output.status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_is_read_with_its_test_and_change() {
        let text = "# OAuth\n\n### 7. State\n\ntext\n\n`cargo test -p a --test b c`\n\n```diff src/x.rs\n-  old\n+  new\n+  er\n```\n";
        let [requirement] = &read(text).unwrap()[..] else { panic!() };
        assert_eq!(
            (requirement.section, requirement.test.as_str(), requirement.file.as_str()),
            (7, "-p a --test b c", "src/x.rs")
        );
        assert_eq!((requirement.old.as_str(), requirement.new.as_str()), ("  old", "  new\n  er"));
        assert!(read("### x. State\n").is_err());
        assert!(read("### 1. State\n```diff src/x.rs\n-a\n```\n").is_err());
    }
}
