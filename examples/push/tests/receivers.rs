//! Starts both receivers and sends them the requests of the services.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use connect_calendars::{
    google::Channels,
    push::{PushKey, Watch},
};
use connect_core::{Endpoint, types::Body};

const KEY: &str = "the key of these tests";

/// A running receiver, which is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the token of the watch `ada`.
fn token() -> String {
    let mut watch = Watch::new(Channels::new("primary"), "ada", "https://app.example/").unwrap();
    let call = watch.request(&PushKey::new(KEY).unwrap(), jiff::Timestamp::now()).unwrap();
    let Body::Json(body) = call.body().unwrap() else { panic!("no JSON") };
    serde_json::from_str::<serde_json::Value>(&body).unwrap()["token"].as_str().unwrap().to_owned()
}

fn post(url: &str, target: &str, headers: &str, body: &str) -> String {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

fn receives(receiver: &str) {
    let mut child = Command::new(receiver)
        .arg("127.0.0.1:0")
        .env("PUSH_KEY", KEY)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let _running = Running(child);
    let mut line = || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        line.trim().to_owned()
    };
    let url = line();

    let validation =
        post(&url, "/?validationToken=a%20b%3C", "content-type: text/plain\r\n", "").to_lowercase();
    assert!(validation.starts_with("http/1.1 200 ") && validation.ends_with("\r\n\r\na b<"), "{validation}");
    assert!(validation.contains("content-type: text/plain"), "{validation}");

    let token = token();
    let google = |token: &str| {
        format!("x-goog-channel-id: c1\r\nx-goog-channel-token: {token}\r\nx-goog-resource-state: exists\r\n")
    };
    assert!(post(&url, "/", &google("ada.forged"), "").starts_with("HTTP/1.1 401 "));
    assert!(post(&url, "/", "", "{}").starts_with("HTTP/1.1 400 "));
    assert!(post(&url, "/", &google(&token), "").starts_with("HTTP/1.1 202 "));
    assert_eq!(line(), "ada: Changed");
    let body = serde_json::json!({ "value": [{ "subscriptionId": "s1", "clientState": token, "lifecycleEvent": "missed" }] });
    assert!(post(&url, "/", "", &body.to_string()).starts_with("HTTP/1.1 202 "));
    assert_eq!(line(), "ada: Missed");
    let large = post(&url, "/", "", &" ".repeat(2 << 20));
    assert!(large.is_empty() || large.starts_with("HTTP/1.1 413 "), "{large}");
}

#[test]
fn axum_receives_notifications() {
    receives(env!("CARGO_BIN_EXE_push-axum"));
}

#[test]
fn hyper_receives_notifications() {
    receives(env!("CARGO_BIN_EXE_push-hyper"));
}
