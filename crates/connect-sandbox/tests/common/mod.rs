//! A client of the sandbox for its tests.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "not every test file uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, outside of a test fn"
)]

pub mod apptoto;
pub mod calendar;
pub mod google;
pub mod graph;
pub mod hook;
pub mod oauth;
pub mod push;
pub mod traffic;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use connect_sandbox::{Answer, Outcome, Sandbox, Settings};
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub struct App {
    pub sandbox: Sandbox,
    pub now: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl App {
    pub fn new(switches: &[(&str, &str)]) -> Self {
        let mut settings = Settings::default();
        for (name, value) in switches {
            settings.set(name, value).unwrap();
        }
        Self { sandbox: Sandbox::new(settings), now: "2026-11-15T10:00:00Z".parse().unwrap() }
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub fn answer(&mut self, request: Request<Bytes>) -> Answer {
        self.sandbox.handle(request, self.now)
    }

    pub fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        match self.answer(request).outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Cut => panic!("the sandbox cut the connection"),
        }
    }

    pub fn call(
        &mut self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(format!("/api{path}"));
        let request = request.header("authorization", format!("Bearer {token}"));
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        read(&self.send(request.body(body).unwrap()))
    }

    pub fn get(&mut self, token: &str, path: &str) -> (StatusCode, Value) {
        self.call(token, "GET", path, None)
    }

    pub fn ok(&mut self, token: &str, path: &str) -> Value {
        let (status, body) = self.get(token, path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub fn post(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path).header("content-type", "application/json");
        read(&self.send(request.body(Bytes::from(body.to_string())).unwrap()))
    }

    /// Returns the `Location` of the authorization endpoint's response.
    pub fn location(&mut self, query: &str) -> String {
        let reply = self.send(get(&format!("/api/oauth/authorize?{query}")));
        assert_eq!(reply.status(), 302, "{:?}", reply.body());
        reply.headers()["location"].to_str().unwrap().to_owned()
    }

    pub fn code(&mut self, user: &str, scope: &str) -> String {
        let location = self.location(&format!("client_id=sandbox-client&user_id={user}&scope={scope}"));
        parameter(&location, "code").unwrap()
    }

    pub fn token(&mut self, form: &str) -> (StatusCode, Value) {
        let basic = STANDARD.encode("sandbox-client:sandbox-secret");
        let request = Request::post("/api/oauth/token")
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded");
        read(&self.send(request.body(Bytes::from(form.to_owned())).unwrap()))
    }

    pub fn sign_in(&mut self, user: &str, scope: &str) -> Tokens {
        let code = self.code(user, scope);
        let (status, body) = self.token(&format!("grant_type=authorization_code&code={code}"));
        assert_eq!(status, 200, "{body}");
        tokens(&body)
    }

    pub fn user(&mut self) -> Tokens {
        self.sign_in("user-1", "read-write")
    }

    pub fn refresh(&mut self, token: &str) -> Result<Tokens, Value> {
        let (status, body) = self.token(&format!("grant_type=refresh_token&refresh_token={token}"));
        if status == 200 { Ok(tokens(&body)) } else { Err(body) }
    }

    /// Returns the events of each page of a list.
    pub fn pages(&mut self, token: &str, query: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut next = String::new();
        loop {
            let page = self.ok(token, &format!("/events?{query}{next}"));
            pages.push(page["events"].as_array().unwrap().clone());
            match page["nextPageToken"].as_str() {
                Some(token) => next = format!("&nextPageToken={}", encode(token)),
                None => return pages,
            }
            assert!(pages.len() < 500, "the pages do not end");
        }
    }

    pub fn events(&mut self, token: &str, query: &str) -> Vec<Value> {
        self.pages(token, query).concat()
    }

    pub fn create(&mut self, token: &str, event: Value) -> Value {
        let (status, body) = self.call(token, "POST", "/event", Some(event));
        assert_eq!(status, 201, "{body}");
        body
    }
}

pub const ALL: &str = "start=2026-01-01&end=2027-12-31&pageSize=1000";

pub fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

pub fn tokens(body: &Value) -> Tokens {
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}

pub fn read(reply: &Response<Bytes>) -> (StatusCode, Value) {
    let body =
        if reply.body().is_empty() { Value::Null } else { serde_json::from_slice(reply.body()).unwrap() };
    (reply.status(), body)
}

pub fn claims(token: &str) -> Value {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

pub fn parameter(uri: &str, name: &str) -> Option<String> {
    let query = uri.split_once('?')?.1;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub fn id(event: &Value) -> &str {
    event["id"].as_str().unwrap()
}

pub fn meeting() -> Value {
    json!({
        "provider": "google", "calendarId": "primary", "title": "Meeting",
        "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T10:00:00Z",
    })
}
