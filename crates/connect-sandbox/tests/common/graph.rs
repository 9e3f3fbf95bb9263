//! A client of Microsoft Graph.

use super::oauth::*;
use super::{App, read};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

pub const GRAPH: &str = "/microsoft/graph/v1.0";
pub const EVENTS: &str = "/me/events";
pub const VIEW: &str = "/me/calendarView?startDateTime=2026-11-16T00:00:00Z&endDateTime=2026-11-23T00:00:00Z";
pub const ADA: &str = "ada@outlook.example";

/// Returns a seed. Ada has two calendars, and may only read a third calendar, which is shared with her.
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
        "privacy": "private", "description": "<b>Bring</b> slides &amp; tea", "lastModified": "2026-11-03T08:00:00Z",
        "attendees": [
            "grace@example.org", { "email": "alan@example.org", "status": "tentative" },
            { "email": ADA, "organizer": true, "status": "accepted" },
        ],
    });
    let talk = json!({
        "id": "talk", "title": "Talk", "start": "2026-11-18T13:00:00Z", "end": "2026-11-18T14:00:00Z",
        "status": "tentative", "conference": "https://teams.example/1",
        "attendees": [{ "email": "grace@example.org", "organizer": true }, { "email": ADA, "status": "accepted" }],
    });
    let calendars = json!([
        { "id": "own", "title": "Calendar", "timeZone": "Europe/Budapest", "color": "#0078d4",
          "events": [standup, offsite, review] },
        { "id": "other", "title": "Other", "events": [talk] },
        { "id": "read", "title": "Team", "events": [talk],
          "original": { "canEdit": false, "color": "lightBlue", "owner": { "name": "Grace", "address": "grace@example.org" } } },
    ]);
    let grace = json!([{ "id": "graces", "title": "Calendar", "events": [review] }]);
    json!({ "users": {
        "ada": { "microsoft": { "account": ADA, "calendars": calendars } },
        "grace": { "microsoft": { "account": "grace@outlook.example", "calendars": grace } },
    } })
    .to_string()
}

/// Returns a sandbox with the seed [`team`], and Ada's access token with all scopes.
pub fn ada(switches: &[(&str, &str)]) -> (App, String) {
    let mut app = App::new(switches);
    app.sandbox.seed(&team()).unwrap();
    let token = app.graph_token(ADA, "Calendars.ReadWrite");
    (app, token)
}

impl App {
    /// Signs the account in with Microsoft and returns an access token.
    pub fn graph_token(&mut self, account: &str, scope: &str) -> String {
        text(&self.graph_sign_in(account, scope), "access_token")
    }

    /// Signs the account in with Microsoft and returns the token response.
    pub fn graph_sign_in(&mut self, account: &str, scope: &str) -> Value {
        let asked = [
            ("client_id", "microsoft-client"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", scope),
            ("login_hint", account),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let code = self.new_code("/microsoft/common/oauth2/v2.0/authorize", &asked);
        let exchange = [
            ("grant_type", "authorization_code"),
            ("client_id", "microsoft-client"),
            ("client_secret", "microsoft-secret"),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("code", &code),
        ];
        self.granted("/microsoft/common/oauth2/v2.0/token", &exchange)
    }

    pub fn graph_reply(
        &mut self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Response<Bytes> {
        self.send(graph_request(headers, method, path, body))
    }

    /// Makes a call with additional headers.
    pub fn graph_with(
        &mut self,
        token: &str,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        let (status, body) = read(&self.graph_reply(&all, method, path, body));
        (status.as_u16(), body)
    }

    pub fn graph(&mut self, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.graph_with(token, &[], method, path, body)
    }

    pub fn graph_ok(&mut self, token: &str, path: &str) -> Value {
        let (status, body) = self.graph(token, "GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Returns the status and code of an error after checking its format.
    pub fn graph_refused(
        &mut self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, String) {
        let (status, body) = self.graph(token, method, path, body);
        refusal(status, &body)
    }

    pub fn graph_create(&mut self, token: &str, event: Value) -> Value {
        let (status, body) = self.graph(token, "POST", EVENTS, Some(event));
        assert_eq!(status, 201, "{body}");
        body
    }

    pub fn graph_patch(&mut self, token: &str, id: &str, patch: Value) -> Value {
        let (status, body) = self.graph(token, "PATCH", &event_path(id), Some(patch));
        assert_eq!(status, 200, "{body}");
        body
    }

    pub fn graph_delete(&mut self, token: &str, id: &str) {
        let (status, body) = self.graph(token, "DELETE", &event_path(id), None);
        assert_eq!((status, &body), (204, &Value::Null));
    }

    /// Returns the pages of a list, and the delta link of the last page, if any.
    pub fn graph_pages(
        &mut self,
        token: &str,
        headers: &[(&str, &str)],
        path: &str,
    ) -> (Vec<Vec<Value>>, Option<String>) {
        let (mut pages, mut path) = (Vec::new(), path.to_owned());
        loop {
            let (status, page) = self.graph_with(token, headers, "GET", &path, None);
            assert_eq!(status, 200, "{path}: {page}");
            pages.push(page["value"].as_array().unwrap().clone());
            match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
                (Some(next), None) => path = followed(next),
                (None, delta) => return (pages, delta.map(followed)),
                both => panic!("expected a next link or a delta link: {both:?}"),
            }
            assert!(pages.len() < 500, "the pages do not end");
        }
    }

    pub fn graph_list(&mut self, token: &str, path: &str) -> Vec<Value> {
        self.graph_pages(token, &[], path).0.concat()
    }
}

pub fn graph_request(
    headers: &[(&str, &str)],
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(format!("{GRAPH}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    request.body(body).unwrap()
}

/// Returns the path and query of a link, relative to Graph's base URL.
pub fn followed(link: &str) -> String {
    let path = link.strip_prefix("http://localhost").and_then(|path| path.strip_prefix(GRAPH));
    path.unwrap_or_else(|| panic!("{link}")).to_owned()
}

pub fn event_path(id: &str) -> String {
    format!("{EVENTS}/{}", super::encode(id))
}

pub fn refusal(status: u16, body: &Value) -> (u16, String) {
    let error = &body["error"];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert!(
        error["innerError"]["request-id"].is_string() && error["innerError"]["date"].is_string(),
        "{body}"
    );
    (status, text(error, "code"))
}

pub fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(super::id).collect()
}

/// Returns an event that lasts an hour, on 18 November.
pub fn hour() -> Value {
    json!({
        "subject": "Meeting",
        "start": { "dateTime": "2026-11-18T10:00:00", "timeZone": "W. Europe Standard Time" },
        "end": { "dateTime": "2026-11-18T11:00:00", "timeZone": "W. Europe Standard Time" },
    })
}

pub fn with(mut event: Value, changes: &Value) -> Value {
    let changes = changes.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(changes);
    event
}
