//! `connect webhooks verify`: a test for every reason to refuse a delivery.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use common::{Outcome, bare};
use connect_hyper::{
    Request,
    webhooks::testing::{public_key, sign},
};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

const NOW: i64 = 1_795_000_000;
const BODY: &str = r#"{"userId": "ada", "events": [{"id": "e1"}]}"#;

/// A delivery, its keys and the current time. The delivery is genuine until a test changes it.
struct Case {
    headers: Vec<String>,
    body: Vec<u8>,
    keys: Vec<String>,
    now: i64,
}

impl Case {
    fn of(request: &Request) -> Self {
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        let headers = request.headers().iter().map(line).collect();
        Self { headers, body: request.body().to_vec(), keys: vec![public_key().to_string()], now: NOW }
    }

    fn genuine() -> Self {
        Self::of(&sign("msg_1", BODY, Timestamp::from_second(NOW).unwrap()))
    }

    /// Replaces the value of a header.
    fn with(mut self, name: &str, value: &str) -> Self {
        for line in &mut self.headers {
            if line.starts_with(name) {
                *line = format!("{name}: {value}");
            }
        }
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn value(&self, name: &str) -> String {
        let found = self.headers.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap().to_owned()
    }

    fn run(&self, json: bool) -> Outcome {
        let folder = TempDir::new().unwrap();
        // `verify` reads no settings, so an invalid `.env` does not matter.
        std::fs::write(folder.path().join(".env"), "MOBISCROLL_CONNECT_CLIENT_ID='").unwrap();
        std::fs::write(folder.path().join("body"), &self.body).unwrap();
        Outcome::of(self.command(&folder, "body", json).stdin(Stdio::null()).output().unwrap())
    }

    fn command(&self, folder: &TempDir, body: &str, json: bool) -> Command {
        let mut command = bare(folder);
        command.args(["webhooks", "verify", "--body", body, "--now", &self.now.to_string()]);
        for header in &self.headers {
            command.args(["--header", header]);
        }
        for key in &self.keys {
            command.args(["--key", key]);
        }
        if json {
            command.arg("--json");
        }
        command
    }

    #[track_caller]
    fn is(self, reason: Option<&str>) {
        let done = self.run(true);
        let response: serde_json::Value =
            serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}{}", done.out, done.err));
        assert_eq!(response, json!({ "verified": reason.is_none(), "reason": reason }), "{:?}", self.headers);
        assert_eq!(done.code, Some(i32::from(reason.is_some())), "{:?}", self.headers);
        let text = self.run(false);
        assert_eq!(text.code, done.code);
        match reason {
            None => assert!(text.out.starts_with("The delivery msg_1 is genuine"), "{}", text.out),
            Some(code) => assert!(text.out.contains(&format!("({code})")), "{}", text.out),
        }
    }
}

#[test]
fn delivery_is_genuine_within_the_tolerance() {
    Case::genuine().is(None);
    Case::genuine().change(|case| case.now += 300).is(None);
    Case::genuine().change(|case| case.now -= 300).is(None);
}

#[test]
fn every_reason_has_its_code() {
    let with = |name, value| Case::genuine().with(name, value);
    Case::genuine().change(|case| case.headers.clear()).is(Some("missing_headers"));
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        Case::genuine()
            .change(|case| case.headers.retain(|line| !line.starts_with(name)))
            .is(Some("missing_headers"));
        with(name, "").is(Some("missing_headers"));
        with(name, "\u{e9}").is(Some("missing_headers"));
    }
    for text in ["soon", "-1", "+1795000000", "1795000000.0", "１"] {
        let reason = if text.is_ascii() { "invalid_timestamp" } else { "missing_headers" };
        with("webhook-timestamp", text).is(Some(reason));
    }
    for seconds in [301, -301] {
        Case::genuine().change(|case| case.now += seconds).is(Some("timestamp_out_of_tolerance"));
    }
    with("webhook-timestamp", "9999999999999999999").is(Some("timestamp_out_of_tolerance"));
    Case::genuine().change(|case| case.keys.clear()).is(Some("no_public_keys"));
    Case::genuine().change(|case| case.keys = vec!["whpk_abc".to_owned()]).is(Some("no_public_keys"));
    with("webhook-id", "msg_2").is(Some("no_matching_signature"));
    with("webhook-signature", "v1a,AAAA").is(Some("no_matching_signature"));
    Case::genuine().change(|case| case.body[3] ^= 1).is(Some("no_matching_signature"));
    let list = sign("msg_1", "[]", Timestamp::from_second(NOW).unwrap());
    Case::of(&list).is(Some("invalid_payload"));
}

#[test]
fn headers_are_parsed_like_http() {
    // A name in upper case, blanks around the value, and a value with colons.
    Case::genuine()
        .change(|case| {
            for line in &mut case.headers {
                let (name, value) = line.split_once(": ").unwrap();
                *line = format!("{}:\t {value} \t", name.to_uppercase());
            }
            case.headers.push("X-Time: 10:00:00".to_owned());
        })
        .is(None);
    // A no-break space is not whitespace in HTTP.
    let wide = format!("{NOW}\u{a0}");
    Case::genuine().with("webhook-timestamp", &wide).is(Some("missing_headers"));
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let again =
            |case: &mut Case| case.headers.push(format!("{}: {}", name.to_uppercase(), case.value(name)));
        Case::genuine().change(again).is(Some("missing_headers"));
    }
}

#[test]
fn malformed_header_is_a_usage_error() {
    for line in [
        "webhook-id",
        "webhook-id : a",
        " webhook-id: a",
        ": a",
        "a b: c",
        "webhook-id: a\r\nb: c",
        "x: a\u{1}",
    ] {
        let done = Case::genuine().change(|case| case.headers.push(line.to_owned())).run(true);
        assert_eq!(done.code, Some(2), "{line:?}");
        let message = done.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("is not a header"), "{message}");
        assert_eq!(done.out, "");
    }
}

#[test]
fn malformed_key_is_skipped_with_a_note() {
    let case = Case::genuine().change(|case| case.keys.insert(0, "whpk_abc".to_owned()));
    let done = case.run(true);
    assert!(done.err.contains("Skipped the key whpk_abc"), "{}", done.err);
    case.is(None);
    // Like the official SDKs, accept a key without its prefix.
    Case::genuine().change(|case| case.keys[0] = case.keys[0].replace("whpk_", "")).is(None);
}

#[test]
fn every_byte_of_a_body_from_stdin_counts() {
    let from_stdin = |case: &Case| {
        let folder = TempDir::new().unwrap();
        let mut child = common::piped(&mut case.command(&folder, "-", true));
        child.stdin.take().unwrap().write_all(&case.body).unwrap();
        Outcome::of(child.wait_with_output().unwrap())
    };
    let genuine = Case::genuine();
    assert_eq!(from_stdin(&genuine).json()["verified"], true);
    for end in ["\n", "\r\n"] {
        let longer = Case::genuine().change(|case| case.body.extend(end.bytes()));
        let done = from_stdin(&longer);
        assert_eq!(done.code, Some(1));
        assert!(done.err.contains("genuine without the line break"), "{}", done.err);
    }
    let marked = Case::genuine().change(|case| drop(case.body.splice(..0, *b"\xef\xbb\xbf")));
    let done = from_stdin(&marked);
    assert_eq!(done.code, Some(1), "every byte counts");
    assert!(done.err.contains("genuine without the byte order mark"), "{}", done.err);
    let other = Case::genuine().change(|case| case.body.extend(b" \n"));
    assert!(!from_stdin(&other).err.contains("line break"));

    let bytes = Case::of(&sign("msg_1", &b"{\"a\": \"\xff\"}"[..], Timestamp::from_second(NOW).unwrap()));
    assert_eq!(from_stdin(&bytes).json()["verified"], true);
}

#[test]
fn usage_error_has_its_own_exit_code() {
    let folder = TempDir::new().unwrap();
    for arguments in [
        &[][..],
        &["--body", "no-such-file"],
        &["--body", "-", "--now", "soon"],
        &["--body", "-", "--now", "9999999999999999"],
        &["--body", "-", "--nonce", "1"],
    ] {
        let mut command = bare(&folder);
        command.args(["webhooks", "verify"]).args(arguments);
        assert_eq!(
            Outcome::of(command.stdin(Stdio::null()).output().unwrap()).code,
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn default_time_is_now() {
    let folder = TempDir::new().unwrap();
    let run = |at: Timestamp| {
        let request = sign("msg_1", BODY, at);
        std::fs::write(folder.path().join("body"), BODY).unwrap();
        let mut command = bare(&folder);
        command.args(["webhooks", "verify", "--json", "--body", "body", "--key", &public_key().to_string()]);
        for line in Case::of(&request).headers {
            command.args(["--header", &line]);
        }
        Outcome::of(command.output().unwrap()).code
    };
    assert_eq!(run(Timestamp::now()), Some(0));
    assert_eq!(run(Timestamp::from_second(NOW - 100_000_000).unwrap()), Some(1));
}
