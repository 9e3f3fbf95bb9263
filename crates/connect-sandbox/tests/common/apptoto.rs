//! A client of the Apptoto API.

use super::oauth::*;
use super::{App, read};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

pub const ADA: &str = "user@example.com";
/// The scopes of the Apptoto API.
pub const ALL: &str = "calendars:read address_books:read contacts:read contacts:write events:read events:write \
                       bookings:read bookings:write imports:read imports:write lists:read lists:write messaging:read \
                       messaging:send";

impl App {
    /// Returns the `Authorization` header of a token with these scopes.
    pub fn apptoto_bearer(&mut self, scope: &str) -> String {
        let ask: Pairs<'_> = &[
            ("client_id", "apptoto-client"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", scope),
        ];
        let code = self.new_code("/apptoto/www/oauth/authorize", ask);
        let exchange: Pairs<'_> = &[
            ("grant_type", "authorization_code"),
            ("client_id", "apptoto-client"),
            ("client_secret", "apptoto-secret"),
            ("redirect_uri", REDIRECT),
            ("code", &code),
        ];
        format!("Bearer {}", text(&self.granted("/apptoto/api/oauth/token", exchange), "access_token"))
    }

    /// Returns the response to a call. `path` is relative to `/v1`.
    pub fn apptoto_reply(&mut self, auth: &str, method: &str, path: &str, body: &str) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(format!("/apptoto/api/v1{path}"));
        let request = request.header("content-type", "application/json");
        let request = if auth.is_empty() { request } else { request.header("authorization", auth) };
        self.send(request.body(Bytes::from(body.to_owned())).unwrap())
    }

    /// Makes a call with Ada's API key.
    pub fn apptoto(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (status, body) = read(&self.apptoto_reply(&basic(ADA, "sandbox-key"), method, path, &body));
        (status.as_u16(), body)
    }

    pub fn apptoto_ok(&mut self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, body) = self.apptoto(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {body}");
        body
    }

    /// Writes an event, and returns the only event of the response.
    pub fn write_event(&mut self, method: &str, event: Value) -> Value {
        let body = self.apptoto_ok(method, "/events", Some(json!({ "events": [event] })));
        let events = body["events"].as_array().unwrap();
        assert_eq!(events.len(), 1, "{body}");
        events[0].clone()
    }

    pub fn events_at(&mut self, query: &str) -> Vec<Value> {
        self.apptoto_ok("GET", &format!("/events?{query}"), None)["events"].as_array().unwrap().clone()
    }

    pub fn messages(&mut self) -> Vec<Value> {
        let (status, body) = read(&self.send(super::get("/sandbox/apptoto/messages")));
        assert_eq!(status, 200);
        body["messages"].as_array().unwrap().clone()
    }
}

/// Returns an event on 17 November, two days after the date at which the clock of [`App`] starts.
pub fn appointment() -> Value {
    json!({
        "calendar": "Practice", "title": "Check-up",
        "start_time": "2026-11-17T14:00:00-08:00", "end_time": "2026-11-17T15:00:00-08:00",
    })
}

/// Returns `base` with the members in `changes` added or replaced.
pub fn changed(base: Value, changes: Value) -> Value {
    let mut object = base.as_object().unwrap().clone();
    object.extend(changes.as_object().unwrap().clone());
    Value::Object(object)
}

pub fn titles(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["title"].as_str().unwrap()).collect()
}
