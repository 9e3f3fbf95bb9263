//! `cargo xtask simulate` runs the simulation. `cargo xtask mutants` checks that the simulation detects each
//! mutant in `tests/mutants`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the simulation with these options.
pub(crate) fn simulate(root: &Path, options: &[&str]) -> Result<(), String> {
    let status = simulation(root).args(options).status().map_err(|error| error.to_string())?;
    if status.success() {
        Ok(())
    } else {
        Err("the simulation failed: its output names the broken rule or the other error".to_owned())
    }
}

/// Runs the simulation with each patch of `tests/mutants`, in a copy of the workspace.
///
/// With each patch, the simulation must find a broken rule within `seeds` seeds.
pub(crate) fn mutants(root: &Path, seeds: &str) -> Result<(), String> {
    let copy = root.join("target/mutants");
    copy_tracked(root, &copy)?;
    let mut patches: Vec<PathBuf> = fs::read_dir(root.join("tests/mutants"))
        .map_err(|error| format!("tests/mutants: {error}"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "patch"))
        .collect();
    patches.sort();
    if patches.is_empty() {
        return Err("tests/mutants contains no .patch file".to_owned());
    }
    let mut survivors = Vec::new();
    for patch in &patches {
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        apply(&copy, patch, &[]).map_err(|error| format!("the patch {name} does not apply: {error}"))?;
        let caught = is_caught(&copy, seeds);
        apply(&copy, patch, &["--reverse"])?;
        match caught? {
            Some(breach) => println!("caught    {name}: {breach}"),
            None => {
                println!("SURVIVED  {name}");
                survivors.push(name);
            }
        }
    }
    if survivors.is_empty() {
        Ok(())
    } else {
        Err(format!("the simulation does not detect these patches: {}", survivors.join(", ")))
    }
}

/// Returns the first broken rule that the simulation reports, or `None` if no rule was broken.
fn is_caught(copy: &Path, seeds: &str) -> Result<Option<String>, String> {
    // A mutant is compiled once and runs for a moment, so compiling counts.
    let output = simulation(copy)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_INCREMENTAL", "1")
        .args(["--seeds", seeds, "--until-breach", "--json"])
        .output()
        .map_err(|error| error.to_string())?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    let report: serde_json::Value = serde_json::from_str(last).map_err(|_| {
        format!("the simulation printed no report: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let breaches = report["breaches"].as_u64().unwrap_or(0);
    let first = printed.lines().find(|line| line.starts_with("seed ")).unwrap_or_default();
    Ok((breaches > 0).then(|| first.to_owned()))
}

fn simulation(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).env_remove("CARGO_TARGET_DIR");
    command.args(["run", "--quiet", "--release", "--locked", "--package", "connect-simulation", "--"]);
    command
}

fn apply(folder: &Path, patch: &Path, options: &[&str]) -> Result<(), String> {
    // `git apply` would patch the workspace, because the copy is inside its repository.
    let output = Command::new("patch")
        .current_dir(folder)
        .args(["--strip=1", "--force", "--fuzz=0", "--no-backup-if-mismatch", "--silent", "--reject-file=-"])
        .args(options)
        .arg("--input")
        .arg(patch)
        .output()
        .map_err(|error| format!("patch: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
}

/// Copies to `copy` all files in `root` that git does not ignore.
///
/// Deletes all other files in `copy`, but no file in `copy/target`.
pub(crate) fn copy_tracked(root: &Path, copy: &Path) -> Result<(), String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .map_err(|error| format!("git: {error}"))?;
    let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let listed = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(text) = fs::read(&from) else { continue }; // deleted in the work tree, but not committed
        if fs::read(&to).is_ok_and(|existing| existing == text) {
            continue; // keeps the file time, so that cargo does not rebuild
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| wrong(folder, error))?;
        }
        fs::write(&to, text).map_err(|error| wrong(&to, error))?;
    }
    let existing = listed.split('\0').filter(|name| root.join(name).is_file());
    let kept: BTreeSet<_> = existing.map(|name| copy.join(name)).collect();
    remove_others(copy, &|path| path == copy.join("target"), &|path| kept.contains(path))
        .map_err(|error| wrong(copy, error))
}

/// Removes each file in `folder` for which `keeps` returns false.
///
/// A subfolder for which `skips` returns true is not changed.
fn remove_others(
    folder: &Path,
    skips: &dyn Fn(&Path) -> bool,
    keeps: &dyn Fn(&Path) -> bool,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !skips(&path) {
                remove_others(&path, skips, keeps)?;
            }
        } else if !keeps(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
