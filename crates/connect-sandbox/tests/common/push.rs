//! A receiver of the notifications of Google and Graph, without a socket.

use super::App;
use super::calendar::EVENTS;
use connect_sandbox::AttemptOutcome;
use http::Request;
use serde_json::{Value, json};

pub const RECEIVER: &str = "https://app.example/push";
pub const LIFECYCLE: &str = "https://app.example/lifecycle";

/// A notification as the receiver gets it.
pub struct Notification {
    pub request: Request<bytes::Bytes>,
}

impl Notification {
    pub fn header(&self, name: &str) -> &str {
        self.request.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn state(&self) -> &str {
        self.header("x-goog-resource-state")
    }

    pub fn number(&self) -> u64 {
        self.header("x-goog-message-number").parse().unwrap()
    }

    /// Returns the entries of a Graph notification.
    pub fn entries(&self) -> Vec<Value> {
        let body: Value = serde_json::from_slice(self.request.body()).unwrap();
        body["value"].as_array().unwrap().clone()
    }

    /// Returns the member `name` of each entry of a Graph notification.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.entries().iter().map(|entry| entry[name].as_str().unwrap_or("").to_owned()).collect()
    }
}

/// Receives the notifications that are due, and responds to each with `status`.
pub fn receive(app: &mut App, status: u16) -> Vec<Notification> {
    let mut all = Vec::new();
    loop {
        let attempts = app.sandbox.deliveries(app.now);
        if attempts.is_empty() {
            return all;
        }
        for attempt in attempts {
            app.sandbox.delivered(attempt.token, AttemptOutcome::Status(status), app.now);
            all.push(Notification { request: attempt.request });
        }
    }
}

/// Advances the clock by a second, and receives the notifications that are due.
pub fn next(app: &mut App) -> Vec<Notification> {
    app.pass(1);
    receive(app, 200)
}

pub fn states(all: &[Notification]) -> Vec<&str> {
    all.iter().map(Notification::state).collect()
}

/// Returns the body of a request for a Google channel.
pub fn channel(id: &str) -> Value {
    json!({ "id": id, "type": "web_hook", "address": RECEIVER, "token": "secret" })
}

/// Watches the primary calendar, and receives the notification `sync`.
pub fn watch(app: &mut App, token: &str, id: &str) -> Value {
    let (status, body) = app.google(token, "POST", &format!("{EVENTS}/watch"), Some(channel(id)));
    assert_eq!(status, 200, "{body}");
    assert_eq!(states(&next(app)), ["sync"]);
    body
}
