//! Tests that crates, and the modules of the core, have only the allowed dependencies.

use std::{fs, path::Path, process::Command};

/// Returns all dependencies of `package` on this platform.
fn tree(package: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "-p",
            package,
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<_> =
        text.lines().filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn core_has_no_runtime_http_tls_clock_or_random_source() {
    let names = tree("mobiscroll-connect-core", &["--all-features"]);
    assert!(names.iter().any(|name| name == "mobiscroll-connect-types"), "{names:?}");
    for part in [
        "tokio", "futures", "hyper", "ureq", "reqwest", "tls", "ring", "aws-lc", "socket", "mio", "rand",
        "chrono", "libc",
    ] {
        let found: Vec<_> = names.iter().filter(|name| name.contains(part) && *name != "thiserror").collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn sandbox_depends_on_no_workspace_crate() {
    let names = tree("mobiscroll-connect-sandbox", &["--all-features"]);
    let own: Vec<_> = names.iter().filter(|name| name.starts_with("mobiscroll-")).collect();
    assert_eq!(own, ["mobiscroll-connect-sandbox"]);
}

#[test]
fn types_do_not_depend_on_http() {
    let names = tree("mobiscroll-connect-types", &["--all-features"]);
    assert!(!names.iter().any(|name| name == "http" || name == "bytes" || name == "std"), "{names:?}");
}

#[test]
fn clients_do_not_depend_on_each_other() {
    assert!(!tree("mobiscroll-connect-hyper", &[]).iter().any(|name| name == "ureq"));
    assert!(!tree("mobiscroll-connect-blocking", &[]).iter().any(|name| name == "tokio" || name == "hyper"));
    for package in ["mobiscroll-connect-calendars", "mobiscroll-connect-apptoto"] {
        let names = tree(package, &["--all-features"]);
        let own: Vec<_> = names.iter().filter(|name| name.starts_with("mobiscroll-")).collect();
        assert_eq!(
            own,
            [
                package.min("mobiscroll-connect-core"),
                package.max("mobiscroll-connect-core"),
                "mobiscroll-connect-types"
            ],
            "they depend on no client"
        );
    }
}

/// The modules of the core, lowest first: each may use itself and the modules before it.
const MODULES: [&str; 11] = [
    "base", "tokens", "endpoint", "oauth", "app", "sign_in", "loopback", "session", "call", "webhooks",
    "dual",
];

/// Returns the path, relative to `folder`, and the text of each file in `folder` and its subfolders.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Returns the names after each `crate::`, including those in braces.
fn used(text: &str) -> Vec<String> {
    let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
    let name = |text: &str| text.trim_start().chars().take_while(is_name).collect::<String>();
    let program = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<_> = program.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let program = lines.join("\n").replace("$crate::", "");
    let mut names = Vec::new();
    for after in program.split("crate::").skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            names.push(name(after));
            continue;
        };
        names.push(name(group));
        let mut depth = 0_usize;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.push(name(&group[at + 1..])),
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn core_modules_only_use_lower_modules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/connect-core/src");
    let height = |module: &str| MODULES.iter().position(|known| *known == module);
    let mut uses = 0;
    for (file, text) in sources(&folder).iter().filter(|(file, _)| file != "lib.rs") {
        let module = file.split(['/', '.']).next().unwrap();
        assert!(height(module).is_some(), "{file} does not belong to a known module");
        for used in used(text) {
            assert!(height(&used).is_some_and(|used| Some(used) <= height(module)), "{file} uses {used}");
            uses += 1;
        }
    }
    assert!(uses > 100, "{uses}");
}
