//! `cargo xtask requirements`: whether the tests that `OAUTH.md` names hold what it says they hold.
//!
//! Each section names a test by its command, and in a `diff` block one change under which that test has to fail:
//!
//! ````text
//! ### 5. One way of authentication
//!
//! `cargo test -p mobiscroll-connect-core --test oauth a_client_says_who_it_is_in_one_way`
//!
//! ```diff crates/connect-core/src/sign_in/token_endpoint.rs
//! -        None => fields.push(("client_id", config.client_id.clone())),
//! +        None => {}
//! ```
//! ````

use std::{fs, path::Path, process::Command};

use crate::simulation::copy_tracked;

const DOCUMENT: &str = "OAUTH.md";
/// How many there are.
const ALL: usize = 38;

/// One test, and the change that it has to notice.
struct Claim {
    section: usize,
    test: String,
    file: String,
    old: String,
    new: String,
}

/// Makes every change in a copy and runs its test, or, with `check` alone, sees that all changes and tests are still there.
pub(crate) fn run(root: &Path, check: bool, only: Option<usize>) -> Result<(), String> {
    let text = fs::read_to_string(root.join(DOCUMENT)).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let claims = read(&text)?;
    for section in 1..=ALL {
        if !claims.iter().any(|claim| claim.section == section) {
            return Err(format!("{DOCUMENT}: nothing holds {section}"));
        }
    }
    for claim in &claims {
        claim.is_there(root)?;
    }
    if check {
        println!("{} changes, each with its test", claims.len());
        return Ok(());
    }
    let copy = root.join("target/requirements");
    copy_tracked(root, &copy)?;
    let claims: Vec<_> =
        claims.iter().filter(|claim| only.is_none_or(|only| claim.section == only)).collect();
    // First of all as they are, so that nothing is built twice.
    for claim in &claims {
        if !claim.passes(&copy)? {
            return Err(format!("{}: {} fails without a change", claim.section, claim.test));
        }
    }
    let mut unnoticed = Vec::new();
    for claim in claims {
        let noticed = claim.is_noticed(&copy)?;
        println!("{} {:>2} {}", if noticed { "fails " } else { "PASSES" }, claim.section, claim.test);
        if !noticed {
            unnoticed.push(claim.section.to_string());
        }
    }
    if unnoticed.is_empty() { Ok(()) } else { Err(format!("not noticed: {}", unnoticed.join(", "))) }
}

fn read(text: &str) -> Result<Vec<Claim>, String> {
    let (mut claims, mut section, mut test) = (Vec::new(), 0, None);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("### ") {
            let number = rest.split('.').next().unwrap_or_default();
            section = number.parse().map_err(|_| format!("{DOCUMENT}: no number: {line}"))?;
        } else if let Some(rest) = line.strip_prefix("`cargo test ") {
            test = Some(rest.trim_end_matches('`').to_owned());
        } else if let Some(file) = line.strip_prefix("```diff ") {
            let test = test.clone().ok_or_else(|| format!("{DOCUMENT}: {section} names no test"))?;
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let side = |sign| -> Vec<_> { block.iter().filter_map(|line| line.strip_prefix(sign)).collect() };
            let (old, new) = (side('-').join("\n"), side('+').join("\n"));
            claims.push(Claim { section, test, file: file.to_owned(), old, new });
        }
    }
    Ok(claims)
}

impl Claim {
    /// Whether the file holds the text once, and some file the test.
    fn is_there(&self, root: &Path) -> Result<(), String> {
        let text =
            fs::read_to_string(root.join(&self.file)).map_err(|error| format!("{}: {error}", self.file))?;
        if self.old.is_empty() || text.matches(&self.old).count() != 1 {
            return Err(format!("{DOCUMENT} {}: not once in {}:\n{}", self.section, self.file, self.old));
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
            Err(format!("{DOCUMENT} {}: there is no test {name}", self.section))
        }
    }

    /// Whether the test fails with the change.
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
            return Err(format!("{}: {} does not run:\n{why}", self.section, self.test));
        }
        Ok(output.status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_its_test_and_its_change() {
        let text = "# OAuth\n\n### 7. State\n\ntext\n\n`cargo test -p a --test b c`\n\n```diff src/x.rs\n-  old\n+  new\n+  er\n```\n";
        let [claim] = &read(text).unwrap()[..] else { panic!() };
        assert_eq!(
            (claim.section, claim.test.as_str(), claim.file.as_str()),
            (7, "-p a --test b c", "src/x.rs")
        );
        assert_eq!((claim.old.as_str(), claim.new.as_str()), ("  old", "  new\n  er"));
        assert!(read("### x. State\n").is_err());
        assert!(read("### 1. State\n```diff src/x.rs\n-a\n```\n").is_err());
    }
}
