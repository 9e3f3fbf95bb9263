//! Copies the chapters of the guide, with the set-up of each Rust snippet around its visible code.
//!
//! The info string of a snippet names its set-ups: the first is the outermost. A copy has the line numbers of
//! its chapter, so that a failing doc test reports the right line.

use std::{env, fs, path::Path};

/// Words of an info string that name no set-up.
const ATTRIBUTES: [&str; 5] = ["rust", "no_run", "ignore", "should_panic", "compile_fail"];
/// The line of a set-up in whose place the snippet is written.
const PLACE: &str = "// snippet\n";

fn main() {
    println!("cargo::rerun-if-changed=../guide");
    println!("cargo::rerun-if-changed=setups");
    let target = env::var("OUT_DIR").expect("Cargo sets OUT_DIR");
    for entry in fs::read_dir("../guide").expect("a folder with chapters") {
        let chapter = entry.expect("a readable entry").path();
        let text = fs::read_to_string(&chapter).expect("a readable chapter");
        let name = chapter.file_name().expect("a file name");
        fs::write(Path::new(&target).join(name), with_setups(&text)).expect("a writable OUT_DIR");
    }
}

fn with_setups(chapter: &str) -> String {
    let (mut copy, mut in_block, mut before, mut after) =
        (String::new(), false, String::new(), String::new());
    for line in chapter.lines() {
        if let Some(info) = line.strip_prefix("```") {
            if !in_block {
                (before, after) = if info.starts_with("rust") { setups(info) } else { Default::default() };
            } else if !after.is_empty() {
                // Takes the place of the empty line that follows the block.
                copy += &format!("{after}\n");
            }
            in_block = !in_block;
        } else if in_block {
            copy += &std::mem::take(&mut before);
            if line == "#[test]" {
                copy += "// "; // a doc test has no tests: its set-up calls the function
            }
        } else if line.is_empty() && !std::mem::take(&mut after).is_empty() {
            continue;
        }
        copy += &format!("{line}\n");
    }
    copy
}

/// Returns the code before and after the snippet, each in one line.
fn setups(info: &str) -> (String, String) {
    let (mut before, mut after) = (String::new(), String::new());
    for name in info.split(',').filter(|word| !ATTRIBUTES.contains(word)) {
        let path = format!("setups/{name}.rs");
        let setup = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (start, end) = setup.split_once(PLACE).unwrap_or_else(|| panic!("{path} has no line {PLACE:?}"));
        before += &one_line(start);
        after.insert_str(0, &one_line(end));
    }
    (before, after)
}

fn one_line(code: &str) -> String {
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.flat_map(|line| [line, " "]).collect()
}
