//! Arrows go down only: what the crates of the workspace are built on.

use std::process::Command;

/// The crates that `package` is built on, with these features, for this machine.
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
fn the_core_has_no_runtime_http_library_tls_clock_or_random_source() {
    let names = tree("connect-core", &["--all-features"]);
    assert!(names.iter().any(|name| name == "connect-types"), "{names:?}");
    for part in [
        "tokio", "futures", "hyper", "ureq", "reqwest", "tls", "ring", "aws-lc", "socket", "mio", "rand",
        "chrono", "libc",
    ] {
        let found: Vec<_> = names.iter().filter(|name| name.contains(part) && *name != "thiserror").collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn the_sandbox_depends_on_no_crate_of_the_workspace() {
    let names = tree("connect-sandbox", &["--all-features"]);
    let own: Vec<_> = names.iter().filter(|name| name.starts_with("connect-")).collect();
    assert_eq!(own, ["connect-sandbox"]);
}

#[test]
fn the_types_know_no_http() {
    let names = tree("connect-types", &["--all-features"]);
    assert!(!names.iter().any(|name| name == "http" || name == "bytes" || name == "std"), "{names:?}");
}

#[test]
fn the_clients_do_not_meet() {
    assert!(!tree("connect-hyper", &[]).iter().any(|name| name == "ureq"));
    assert!(!tree("connect-blocking", &[]).iter().any(|name| name == "tokio" || name == "hyper"));
    let neighbours = tree("connect-providers", &["--all-features"]);
    let own: Vec<_> = neighbours.iter().filter(|name| name.starts_with("connect-")).collect();
    assert_eq!(own, ["connect-core", "connect-providers", "connect-types"], "they bring no client");
}
