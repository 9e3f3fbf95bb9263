//! The options and the output of `connect sandbox`.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

fn connect(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect"));
    command.arg("sandbox").args(arguments);
    command
}

fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = connect(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running sandbox, which is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn json_line_has_the_base_url_and_credentials() {
    let child = connect(&["--json", "--set", "client_id=mine"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["client_id"], "mine");
    assert!(ready["client_secret"].is_string() && ready["redirect_uri"].is_string());

    let address =
        ready["base_url"].as_str().unwrap().strip_prefix("http://").unwrap().strip_suffix("/api").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /api/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.ends_with(r#"{"status":"ok"}"#), "{response}");
}

#[test]
fn ready_text_has_the_url_of_the_debug_page() {
    let mut running = Running(connect(&[]).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let page =
        lines.find_map(|line| line.strip_prefix("  debug page     http://").map(str::to_owned)).unwrap();
    let (address, path) = page.split_at(page.find('/').unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    assert!(response.contains(&format!("The state of the sandbox at http://{address}")), "{response}");
}

#[test]
fn control_requests_need_an_allowed_host() {
    let mut child = connect(&["--json", "--host", "sandbox.test", "--host", "192.0.2.7"]);
    let mut running = Running(child.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address =
        ready["base_url"].as_str().unwrap()["http://".len()..].strip_suffix("/api").unwrap().to_owned();
    let status = |host: &str| -> String {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET /sandbox/stats HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split(' ').nth(1).unwrap().to_owned()
    };
    for (host, expected) in [
        (address.as_str(), "200"),
        ("sandbox.test", "200"),
        ("sandbox.test:8080", "200"),
        ("192.0.2.7", "200"),
        ("rebound.example", "403"),
        ("192.0.2.8", "403"),
    ] {
        assert_eq!(status(host), expected, "{host}");
    }
    for wrong in ["http://sandbox.test", "sandbox.test:8080", ""] {
        let (code, _, error) = output(&["--host", wrong]);
        assert!(code == Some(2) && error.contains("host"), "{wrong}: {code:?} {error}");
    }
}

/// Starts a sandbox, and returns its ready line and what it wrote to stderr until then.
fn started(arguments: &[&str]) -> (Running, serde_json::Value, String) {
    let child = connect(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut told = String::new();
    let mut stderr = running.0.stderr.take().unwrap();
    running.0.kill().unwrap();
    stderr.read_to_string(&mut told).unwrap();
    (running, serde_json::from_str(&line).unwrap(), told)
}

#[test]
fn listener_that_others_reach_is_warned_of() {
    for (address, base_url, warned) in [
        ("127.0.0.1:0", "http://127.0.0.1:", false),
        ("127.0.0.9:0", "http://127.0.0.9:", false),
        ("0.0.0.0:0", "http://127.0.0.1:", true),
        #[cfg(target_os = "linux")]
        ("[::1]:0", "http://[::1]:", false),
        #[cfg(target_os = "linux")]
        ("[::]:0", "http://[::1]:", true),
        #[cfg(target_os = "linux")]
        ("[::ffff:127.0.0.1]:0", "http://[::ffff:127.0.0.1]:", false),
    ] {
        let (_, ready, told) = started(&["--json", "--listen", address]);
        assert!(ready["base_url"].as_str().unwrap().starts_with(base_url), "{address}: {ready}");
        let warning = format!("warning: other machines can reach {address}, and read and change everything");
        assert_eq!(told.contains(&warning), warned, "{address}: {told}");
        assert_eq!(told.is_empty(), !warned, "{address}: {told}");
    }
}

#[test]
fn invalid_listen_address_is_a_usage_error() {
    for wrong in
        ["0.0.0.0", "8080", ":8080", "localhost:8080", "::", "[::]", "0.0.0.0:70000", "http://[::]:80", ""]
    {
        let (code, _, error) = output(&["--listen", wrong]);
        assert_eq!(code, Some(2), "{wrong}: {error}");
        assert!(
            error.contains("--listen") && error.contains("such as 0.0.0.0:8080 or [::]:8080"),
            "{wrong}: {error}"
        );
    }
    let (code, _, error) = output(&["--listen", "0.0.0.0:0", "--port", "8080"]);
    assert!(code == Some(2) && error.contains("--port"), "{error}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, error) = output(&["--listen", &address]);
    assert!(code == Some(1) && error.contains(&format!("cannot listen on {address}: ")), "{error}");
}

#[cfg(unix)]
#[test]
fn sandbox_exits_with_0_on_sigterm() {
    let child = connect(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("ready"));
    Command::new("kill").arg(running.0.id().to_string()).status().unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}

#[test]
fn invalid_switch_is_a_usage_error() {
    for (switch, expected) in
        [("rotation=loose", "grace|strict|family"), ("nope=1", "rotation"), ("x", "NAME=VALUE")]
    {
        let (code, _, error) = output(&["--set", switch]);
        assert!(code == Some(2) && error.contains(expected), "{switch}: {code:?} {error}");
    }
    assert_eq!(output(&["--tls-cert", "only-one.pem"]).0, Some(2));
}

#[test]
fn invalid_seed_file_is_refused_with_its_location() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../connect-sandbox/examples/team.json");
    let folder = tempfile::TempDir::new().unwrap();
    let marked = folder.path().join("team.json");
    std::fs::write(&marked, format!("\u{feff}{}", std::fs::read_to_string(example).unwrap())).unwrap();
    let marked = marked.to_str().unwrap();
    let child = connect(&["--json", "--seed-file", example, "--seed-file", marked])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("base_url"), "{line}");

    let bad = folder.path().join("bad.json");
    std::fs::write(&bad, r#"{"users":{"ada":{"google":{"calendars":[{"id":5}]}}}}"#).unwrap();
    let (code, _, error) = output(&["--seed-file", bad.to_str().unwrap()]);
    assert!(code == Some(2) && error.contains("ada") && error.contains("id"), "{code:?} {error}");
    assert_eq!(output(&["--seed-file", "/nowhere/at/all.json"]).0, Some(2));
}

#[test]
fn list_switches_prints_all_switches() {
    let (code, text, _) = output(&["--list-switches"]);
    assert!(code == Some(0) && text.contains("event_response=root|wrapped"));
    let (_, json, _) = output(&["--list-switches", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert!(list.iter().all(|switch| switch["name"].is_string() && switch["about"].is_string()));
}
