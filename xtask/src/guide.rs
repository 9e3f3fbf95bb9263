//! Writes the guide as text for language models.
//!
//! `llms.txt` is an index, and `llms-full.txt` has all chapters.

use std::{fmt::Write as _, fs, path::Path};

/// Writes both files from `docs/guide` into `folder`.
pub(crate) fn write(root: &Path, folder: &Path) -> Result<(), String> {
    let read = |name: &str| {
        let path = root.join("docs/guide").join(name);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut index = String::from("# Mobiscroll Connect for Rust\n\n> ");
    index += first_paragraph(&read("index.md")?);
    index += "\n";
    let mut all = String::new();
    for line in read("SUMMARY.md")?.lines() {
        if let Some(part) = line.strip_prefix("# ").filter(|part| *part != "Summary") {
            let _ = write!(index, "\n## {part}\n\n");
        }
        let Some((_, name)) = line.split_once("](") else { continue };
        let name = name.trim_end_matches(')');
        let chapter = visible(&read(name)?);
        let title = chapter.lines().next().unwrap_or_default().trim_start_matches("# ");
        let summary = first_paragraph(&chapter).replace('\n', " ");
        let page = name.replace(".md", ".html");
        let _ = writeln!(index, "- [{title}]({page}): {summary}");
        all += chapter.trim_end();
        all += "\n\n";
    }
    for (name, text) in [("llms.txt", &index), ("llms-full.txt", &all)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}: {} bytes", path.display(), text.len());
    }
    Ok(())
}

/// Returns the first paragraph after the heading.
fn first_paragraph(chapter: &str) -> &str {
    chapter.split("\n\n").nth(1).unwrap_or_default().trim()
}

/// Removes what only the doc tests need: hidden lines of Rust snippets, and names of set-ups.
fn visible(chapter: &str) -> String {
    let mut in_rust = false;
    let shown = chapter.lines().filter_map(|line| {
        if line.starts_with("```") {
            in_rust = !in_rust && line.starts_with("```rust");
            return Some(if in_rust { "```rust" } else { line });
        }
        (!in_rust || (line != "#" && !line.trim_start().starts_with("# "))).then_some(line)
    });
    shown.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_lines_and_setups_of_rust_snippets_are_removed() {
        let chapter = "# Title\n\n```rust,setup\n# hidden();\n#\nshown();\n  # hidden\n#[test]\n```\n\n```sh\n# comment\n```\n";
        let expected = "# Title\n\n```rust\nshown();\n#[test]\n```\n\n```sh\n# comment\n```\n";
        assert_eq!(visible(chapter), expected);
    }
}
