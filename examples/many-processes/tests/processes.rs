//! Runs the program with each store, and checks the printed numbers of exchanges and sign-outs.
//!
//! The runs with PostgreSQL and Redis need `tests/engines.sh`.

use std::process::Command;

/// Runs the program, and returns a function that reads a figure from the program's output.
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
            let available = needs.is_none_or(|name| std::env::var(name).is_ok_and(|url| !url.is_empty()));
            if !available {
                println!("{store} skipped: run `bash tests/engines.sh cargo test --workspace`");
            }
            available
        })
        .map(|(store, _)| store)
}

#[test]
fn eight_processes_make_one_exchange_per_expiry() {
    for store in stores() {
        let figure = figures(&["--store", store, "--expiries", "5"]);
        assert_eq!(figure("exchanges"), "5 granted, 0 refused", "{store}");
        assert_eq!(figure("sign-outs"), "0", "{store}");
        assert!(figure("failed").starts_with("0 calls"), "{store}");
    }
}

#[test]
fn each_user_costs_one_exchange_per_expiry() {
    for store in stores() {
        let figure = figures(&["--store", store, "--processes", "4", "--users", "10", "--expiries", "3"]);
        assert_eq!(figure("exchanges"), "30 granted, 0 refused", "{store}");
    }
}

/// Uses the file store, because a Redis lock of a killed process would last too long.
#[test]
fn killed_process_costs_a_sign_in_only_under_strict() {
    let figure = figures(&["--expiries", "6", "--kill"]);
    assert_eq!(figure("sign-outs"), "0");
    let figure = figures(&["--expiries", "6", "--kill", "--rotation", "strict"]);
    let (lost, unsaved) = (figure("sign-outs"), figure("unsaved"));
    assert!(unsaved.starts_with(&format!("{lost} ")), "{lost} lost sign-ins, but {unsaved}");
}
