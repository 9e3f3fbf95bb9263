//! An application that receives deliveries without a socket.

use super::App;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect_sandbox::{Attempt, AttemptOutcome, Delivery, Triggered};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};

/// The number of the demo user's calendars whose subscription begins with a delivery.
pub const CHANNELS: u64 = 5;
pub const URL: &str = "https://app.example/hook";

/// A delivery as the application receives it.
pub struct Got {
    pub id: String,
    pub number: u64,
    pub signature: String,
    pub timestamp: i64,
    pub bytes: bytes::Bytes,
    pub body: Value,
    pub uri: String,
    pub content_type: String,
}

impl Got {
    fn of(attempt: &Attempt) -> Self {
        let request = &attempt.request;
        assert_eq!(request.method(), "POST");
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("webhook-id"), attempt.delivery);
        Self {
            id: attempt.delivery.clone(),
            number: attempt.number,
            signature: header("webhook-signature"),
            timestamp: header("webhook-timestamp").parse().unwrap(),
            bytes: request.body().clone(),
            body: serde_json::from_slice(request.body()).unwrap(),
            uri: request.uri().to_string(),
            content_type: header("content-type"),
        }
    }

    /// Returns the number of signatures that match a public key (`whpk_...`).
    pub fn signed_by(&self, key: &str) -> usize {
        let key = STANDARD.decode(key.strip_prefix("whpk_").unwrap()).unwrap();
        let key = VerifyingKey::from_bytes(key.as_slice().try_into().unwrap()).unwrap();
        let content = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.bytes].concat();
        let fits = |entry: &&str| {
            let signature = STANDARD.decode(entry.strip_prefix("v1a,").unwrap()).unwrap();
            key.verify_strict(&content, &Signature::from_slice(&signature).unwrap()).is_ok()
        };
        self.signature.split(' ').filter(fits).count()
    }

    pub fn events(&self) -> Vec<(String, String)> {
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let events = self.body["events"].as_array().unwrap();
        events.iter().map(|event| (text(event, "id"), text(event, "changeType"))).collect()
    }
}

/// Returns an application with a webhook URL and a user. The application has already received the
/// first deliveries of the subscriptions.
pub fn app(switches: &[(&str, &str)]) -> (App, String) {
    let mut app = App::new(&[&[("webhook_url", URL)], switches].concat());
    let token = app.user().access;
    app.pass(1);
    take(&mut app, 200);
    (app, token)
}

/// Receives all due deliveries, and responds to each with `status`.
pub fn take(app: &mut App, status: u16) -> Vec<Got> {
    let mut all = Vec::new();
    loop {
        let attempts = app.sandbox.deliveries(app.now);
        if attempts.is_empty() {
            return all;
        }
        for attempt in attempts {
            all.push(Got::of(&attempt));
            app.sandbox.delivered(attempt.token, AttemptOutcome::Status(status), app.now);
        }
    }
}

/// Advances the clock by one second, and receives the due delivery. Fails unless exactly one delivery is due.
pub fn one(app: &mut App) -> Got {
    app.pass(1);
    let mut got = take(app, 200);
    assert_eq!(got.len(), 1);
    got.remove(0)
}

pub fn trigger(app: &mut App, body: Value) -> (u16, Value) {
    let (status, body) = app.post("/sandbox/trigger", &body);
    (status.as_u16(), body)
}

pub fn triggered(app: &mut App, trigger: connect_sandbox::Trigger) -> Triggered {
    app.sandbox.trigger(trigger, app.now).unwrap()
}

pub fn last(app: &App) -> Delivery {
    app.sandbox.delivery_log().last().unwrap().clone()
}

/// Returns the active key and, if there is one, the previous key.
pub fn keys(app: &mut App) -> Vec<String> {
    let keys = app.sandbox.webhook_keys(app.now);
    keys.into_iter().map(|key| key.key).collect()
}

pub fn calendar(app: &App, provider: &str) -> String {
    let found = app.sandbox.subscriptions().iter().find(|one| one.provider == provider);
    found.unwrap().calendar_id.clone()
}

/// Returns a meeting in the first calendar of a provider.
pub fn meeting_of(app: &App, provider: &str) -> Value {
    let mut meeting = super::meeting();
    meeting["provider"] = json!(provider);
    meeting["calendarId"] = json!(calendar(app, provider));
    meeting
}
