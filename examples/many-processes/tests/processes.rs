//! A short run over each store; those of the engines where `tests/engines.sh` started them.

use std::process::Command;

/// The line of a figure.
fn figures(arguments: &[&str]) -> impl Fn(&str) -> String + use<> {
    let output = Command::new(env!("CARGO_BIN_EXE_many-processes")).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    move |name| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.trim_start_matches(name).trim().to_owned()
    }
}

fn stores() -> impl Iterator<Item = &'static str> {
    [("file", None), ("postgres", Some("CONNECT_TEST_POSTGRES")), ("redis", Some("CONNECT_TEST_REDIS"))]
        .into_iter()
        .filter(|(store, needs)| {
            let there = needs.is_none_or(|name| std::env::var(name).is_ok_and(|url| !url.is_empty()));
            if !there {
                println!("{store} skipped: start with `bash tests/engines.sh cargo test --workspace`");
            }
            there
        })
        .map(|(store, _)| store)
}

#[test]
fn eight_processes_make_one_exchange_an_expiry() {
    for store in stores() {
        let figure = figures(&["--store", store, "--expiries", "5"]);
        assert_eq!(figure("exchanges"), "5 granted, 0 refused", "{store}");
        assert_eq!(figure("sign-outs"), "0", "{store}");
        assert!(figure("failed").starts_with("0 calls"), "{store}");
    }
}

#[test]
fn many_users_are_not_mixed_up() {
    for store in stores() {
        let figure = figures(&["--store", store, "--processes", "4", "--users", "10", "--expiries", "3"]);
        assert_eq!(figure("exchanges"), "30 granted, 0 refused", "{store}");
    }
}

/// On files alone: the lock of a process that was killed ends with its lease in Redis, and the test would wait for it.
#[test]
fn processes_that_are_killed_cost_no_sign_in_that_could_be_kept() {
    let figure = figures(&["--expiries", "6", "--kill"]);
    assert_eq!(figure("sign-outs"), "0");
    let figure = figures(&["--expiries", "6", "--kill", "--rotation", "strict"]);
    let (lost, unsaved) = (figure("sign-outs"), figure("unsaved"));
    assert!(unsaved.starts_with(&format!("{lost} ")), "{lost} sign-ins for {unsaved}");
}
