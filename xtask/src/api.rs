//! `cargo xtask api`: keeps the public API of each library, as text, in the library's `public-api.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILE: &str = "public-api.txt";

/// Writes the public API of each library, with all features.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    document(root)?;
    for library in libraries(root)? {
        let path = library.join(FILE);
        fs::write(&path, public_api(root, &library)?).map_err(|error| wrong(&path, &error))?;
    }
    Ok(())
}

/// Returns an error that lists all changes since the last call of `write`, if there are any.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    document(root)?;
    let mut changes = String::new();
    for library in libraries(root)? {
        let path = library.join(FILE);
        let before = fs::read_to_string(&path).map_err(|error| wrong(&path, &error))?;
        changes += &differences(&before, &public_api(root, &library)?);
    }
    if changes.is_empty() {
        return Ok(());
    }
    Err(format!("{changes}the public API has changed: run `cargo xtask api`, and commit the files {FILE}"))
}

/// Returns the removed lines with `-` and the added lines with `+`.
fn differences(before: &str, after: &str) -> String {
    let [old, new] = [before, after].map(|text| text.lines().collect::<BTreeSet<_>>());
    let removed = old.difference(&new).map(|line| format!("- {line}\n"));
    removed.chain(new.difference(&old).map(|line| format!("+ {line}\n"))).collect()
}

/// Returns the folders of the published libraries.
fn libraries(root: &Path) -> Result<Vec<PathBuf>, String> {
    let crates = root.join("crates");
    let entries = fs::read_dir(&crates).map_err(|error| wrong(&crates, &error))?;
    let mut found: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|folder| folder.join("src/lib.rs").exists());
    found.sort();
    Ok(found)
}

/// Writes the JSON of all libraries to `target/doc`, where it replaces the HTML.
///
/// The features are those of the HTML documentation, so that the dependencies are checked only once.
fn document(root: &Path) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["doc", "--quiet", "--locked", "--workspace", "--no-deps", "--all-features"])
        // Only rustdoc may see RUSTC_BOOTSTRAP: cargo would build the dependencies anew.
        .env("RUSTDOC", root.join("xtask/unstable-rustdoc"))
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format json")
        .status()
        .map_err(|error| format!("cargo doc: {error}"))?;
    if status.success() { Ok(()) } else { Err("cargo doc failed".to_owned()) }
}

/// Returns the public items of a library, a line for each item.
///
/// Leaves out implementations that every type has (`Any`, `Into`) and of auto traits (`Unpin`).
fn public_api(root: &Path, library: &Path) -> Result<String, String> {
    let name = library.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |set| root.join(set));
    let json = target.join("doc").join(format!("{name}.json"));
    public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map(|api| api.to_string())
        .map_err(|error| {
            format!(
                "{name}: {error}\nThe version of `public-api` in Cargo.toml must fit the version of Rust."
            )
        })
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn difference_lists_removed_and_added_lines() {
        assert_eq!(
            differences("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"),
            "- pub fn a()\n+ pub fn c()\n"
        );
        assert_eq!(differences("pub fn a()\n", "pub fn a()\n"), "");
    }
}
