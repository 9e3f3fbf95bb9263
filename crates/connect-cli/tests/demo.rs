//! The text and JSON output of `connect demo`.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_connect")).arg("demo").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn json_has_the_sandboxs_counters() {
    let report: Value = serde_json::from_slice(&demo(&["--json"]).stdout).unwrap();
    let stats = &report["stats"];
    assert_eq!(stats["exchanges"]["code"]["granted"], 1);
    assert_eq!(stats["exchanges"]["refresh"]["granted"], 1, "one refresh for fifty calls");
    assert_eq!(stats["exchanges"]["refresh"]["refused"], 0);
    assert_eq!(stats["expiries"], 1);
    assert_eq!(stats["requests"]["GET /calendars"]["429"], 1);
    assert_eq!(stats["requests"]["POST /oauth/revoke"]["200"], 1);
    assert_eq!(stats["revocations"], 1);
    let step =
        |name: &str| report["steps"].as_array().unwrap().iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(step("expiry")["requests"]["GET /calendars"]["200"], 50);
    assert_eq!(step("expiry")["requests"]["POST /oauth/token"]["200"], 1);
    assert!(step("events")["requests"]["GET /events"]["200"].as_u64().unwrap() > 1, "several pages");
    assert_eq!(step("delivery")["requests"]["GET /.well-known/webhook-keys"]["200"], 1);
    assert_eq!(step("duplicate")["requests"], serde_json::json!({}), "the keys are cached");
    assert_eq!(stats["deliveries"]["resent"], 1);
    assert_eq!(step("rate limit")["requests"]["GET /calendars"]["200"], 1);
}

#[test]
fn text_shows_every_step_in_80_columns() {
    let text = String::from_utf8(demo(&[]).stdout).unwrap();
    for step in [
        "authorize",
        "exchange",
        "calendars",
        "events",
        "create",
        "delete",
        "update",
        "expiry",
        "rate limit",
        "delivery",
        "duplicate",
        "sign-out",
    ] {
        assert!(text.lines().any(|line| line.starts_with(step)), "{step}\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("50 concurrent calls, 1 refresh, no failed call"), "{text}");
}
