//! Checks the built documentation: each entry point has an example.

use std::{fs, path::Path};

const LIST: &str = "xtask/entry-points.txt";
/// The class that rustdoc gives a Rust example.
const EXAMPLE: &str = "rust-example-rendered";

/// Reads the documentation that `cargo doc --all-features` wrote to `target/doc`.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let list = fs::read_to_string(root.join(LIST)).map_err(|error| format!("{LIST}: {error}"))?;
    let entries = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut seen, mut missing) = (0, Vec::new());
    for entry in entries {
        let words: Vec<&str> = entry.split(' ').collect();
        let [krate, page, rest @ ..] = words.as_slice() else {
            return Err(format!("{LIST}: {entry:?} is not a crate and a page"));
        };
        let path = root.join("target/doc").join(krate).join(format!("{page}.html"));
        let html = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        seen += 1;
        if !html.contains(EXAMPLE) {
            missing.push(format!("{krate} {page}"));
        }
        if *rest == ["methods"] {
            // Only the methods of the type itself: those of traits follow.
            let own = html.split("id=\"trait-implementations\"").next().unwrap_or_default();
            for method in own.split("<section id=\"method.").skip(1) {
                seen += 1;
                if !method.contains(EXAMPLE) {
                    let name = method.split('"').next().unwrap_or_default();
                    missing.push(format!("{krate} {page}: {name}"));
                }
            }
        }
    }
    println!("{seen} entry points, {} without an example", missing.len());
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
}
