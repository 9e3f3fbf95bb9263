//! A client of Google Calendar.

use super::google::{AUTHORIZE, EXCHANGE, TOKEN};
use super::oauth::*;
use super::{App, encode, read};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

pub const HOLIDAYS: &str = "en.usa%23holiday%40group.v.calendar.google.com";
pub const EVENTS: &str = "/calendars/primary/events";

/// Returns a seed. Ada owns two calendars, one of which is public, and has access to three shared calendars.
pub fn team() -> String {
    let standup = json!({
        "id": "standup", "title": "Stand-up", "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T09:15:00Z",
        "recurrence": { "frequency": "DAILY", "count": 5 }, "location": "Room 5",
        "lastModified": "2026-11-02T08:00:00Z",
    });
    let offsite = json!({
        "id": "offsite", "title": "Off-site", "start": "2026-11-19", "end": "2026-11-21", "allDay": true,
        "availability": "free", "custom": { "ticket": 42 }, "lastModified": "2026-11-01T08:00:00Z",
    });
    let review = json!({
        "id": "review", "title": "Review", "start": "2026-11-17T13:00:00Z", "end": "2026-11-17T14:00:00Z",
        "privacy": "private", "color": "#d50000", "lastModified": "2026-11-03T08:00:00Z",
        "attendees": ["grace@example.org", { "email": "alan@example.org", "status": "accepted" }],
    });
    let shared = |id: &str, role: &str| {
        let hidden = role == "freeBusyReader";
        let original = json!({ "accessRole": role, "summaryOverride": "Mine", "hidden": hidden });
        json!({ "id": id, "title": id, "original": original, "events": [review] })
    };
    let calendars = json!([
        { "id": "ada@gmail.example", "title": "Ada", "timeZone": "Europe/Budapest", "color": "#ac725e",
          "events": [standup, offsite, review] },
        { "id": "open@group.calendar.google.com", "title": "Open", "public": true, "events": [review] },
        shared("written", "writer"), shared("read", "reader"), shared("blocks", "freeBusyReader"),
    ]);
    let google = json!({ "account": "ada@gmail.example", "calendars": calendars });
    json!({ "users": { "ada": { "google": google } } }).to_string()
}

/// Returns a sandbox with the seed [`team`], and Ada's access token with all scopes.
pub fn ada(switches: &[(&str, &str)]) -> (App, String) {
    let mut app = App::new(switches);
    app.sandbox.seed(&team()).unwrap();
    let token = app.google_token("ada@gmail.example", &["calendar"]);
    (app, token)
}

impl App {
    /// Signs the account in with Google and returns an access token.
    pub fn google_token(&mut self, account: &str, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|scope| format!("https://www.googleapis.com/auth/{scope}"));
        let scope = scopes.collect::<Vec<_>>().join(" ");
        let asked = [
            ("client_id", "google-client"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", &scope),
            ("login_hint", account),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let code = self.new_code(AUTHORIZE, &asked);
        text(&self.granted(TOKEN, &with(EXCHANGE, &[("code", &code)])), "access_token")
    }

    pub fn google_reply(
        &mut self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(format!("/google/calendar/v3{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.send(request.body(body).unwrap())
    }

    pub fn google(&mut self, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        let reply = self.google_reply(&[("authorization", &bearer)], method, path, body);
        let (status, body) = read(&reply);
        (status.as_u16(), body)
    }

    pub fn google_ok(&mut self, token: &str, path: &str) -> Value {
        let (status, body) = self.google(token, "GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Returns the status and reason of an error after checking its format.
    pub fn google_refused(
        &mut self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, String) {
        let (status, body) = self.google(token, method, path, body);
        refusal(status, &body)
    }

    pub fn google_insert(&mut self, token: &str, event: Value) -> Value {
        let (status, body) = self.google(token, "POST", EVENTS, Some(event));
        assert_eq!(status, 200, "{body}");
        body
    }

    pub fn google_patch(&mut self, token: &str, id: &str, patch: Value) -> Value {
        let (status, body) = self.google(token, "PATCH", &format!("{EVENTS}/{id}"), Some(patch));
        assert_eq!(status, 200, "{body}");
        body
    }

    pub fn google_delete(&mut self, token: &str, id: &str) {
        let (status, body) = self.google(token, "DELETE", &format!("{EVENTS}/{id}"), None);
        assert_eq!((status, &body), (204, &Value::Null));
    }

    /// Returns the pages of a list, and the sync token of the last page.
    pub fn google_pages(&mut self, token: &str, path: &str) -> (Vec<Vec<Value>>, String) {
        let mut pages = Vec::new();
        let mut next = String::new();
        loop {
            let page = self.google_ok(token, &format!("{path}{next}"));
            pages.push(page["items"].as_array().unwrap().clone());
            match (page["nextPageToken"].as_str(), page["nextSyncToken"].as_str()) {
                (Some(token), None) => next = format!("&pageToken={}", encode(token)),
                (None, Some(token)) => return (pages, encode(token)),
                both => panic!("expected a page token or a sync token: {both:?}"),
            }
            assert!(pages.len() < 500, "the pages do not end");
        }
    }

    pub fn google_list(&mut self, token: &str, query: &str) -> Vec<Value> {
        self.google_pages(token, &format!("{EVENTS}?{query}")).0.concat()
    }
}

pub fn refusal(status: u16, body: &Value) -> (u16, String) {
    let error = &body["error"];
    let entry = &error["errors"][0];
    assert_eq!(error["code"], status, "{body}");
    assert_eq!(error["message"], entry["message"], "{body}");
    assert!(entry["domain"].is_string() && error["errors"].as_array().unwrap().len() == 1, "{body}");
    (status, text(entry, "reason"))
}

pub fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(super::id).collect()
}

/// Returns an event that lasts an hour, on 18 November.
pub fn hour() -> Value {
    json!({
        "summary": "Meeting",
        "start": { "dateTime": "2026-11-18T10:00:00+01:00" },
        "end": { "dateTime": "2026-11-18T11:00:00+01:00" },
    })
}
