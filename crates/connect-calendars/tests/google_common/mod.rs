//! Helpers for tests of Google Calendar: a client with a scripted transport, and users of the sandbox.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "not every test file uses all of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_blocking::{Client, Request, Response, RetryPolicy, Tokens, TransportError, User};
use connect_calendars::google;
use connect_core::{Endpoint, Error, SignIn, types::Body};
use connect_sandbox::{AuthorizationServer, ClientType, Server, Settings};
use serde_json::{Value, json};

pub const HOLIDAYS: &str = "en.usa#holiday@group.v.calendar.google.com";
pub const ADA: &str = "ada@gmail.example";

/// Records the requests of a client.
#[derive(Clone, Default)]
pub struct Wire(pub Arc<Mutex<Vec<Request>>>);

impl Wire {
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn uris(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|request| request.uri().to_string()).collect()
    }

    /// A signed-in user of a client whose transport calls `respond`.
    pub fn user(
        &self,
        respond: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> User {
        let user = self.client(respond).user("ada");
        user.import(Tokens::new("access", "refresh")).unwrap();
        user
    }

    /// A client whose transport calls `respond`.
    pub fn client(
        &self,
        respond: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> Client {
        let sent = self.clone();
        Client::builder("client", "secret")
            .redirect_uri("https://app.example/callback")
            .profile(google::profile())
            .base_url(google::BASE_URL)
            .retry(RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO))
            .transport(move |request: Request| {
                sent.0.lock().unwrap().push(request.clone());
                respond(&request)
            })
            .build()
            .unwrap()
    }
}

pub fn response(status: u16, body: impl Into<String>) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

/// The request that a call sends.
pub fn sent<E: Endpoint + Sync>(call: &E) -> Request {
    let wire = Wire::default();
    let _ = wire.user(|_| Ok(response(418, ""))).send(call);
    let [only] = std::mem::take(&mut *wire.0.lock().unwrap()).try_into().unwrap();
    only
}

/// The result of a call that gets this response.
pub fn read<E: Endpoint + Sync>(call: &E, status: u16, body: &str) -> Result<E::Output, Error> {
    let body = body.to_owned();
    Wire::default().user(move |_| Ok(response(status, body.clone()))).send(call)
}

/// The error of a call that is refused before it is sent.
pub fn refused<E: Endpoint + Sync>(call: &E) -> String {
    let user = Wire::default().user(|_| panic!("the call was sent"));
    let error = user.send(call).map(drop).unwrap_err();
    assert_eq!(error.code(), "VALIDATION_ERROR", "{error}");
    error.message().unwrap().to_owned()
}

pub fn body_of(call: &impl Endpoint) -> Value {
    match call.body().unwrap() {
        Body::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A sandbox with the calendars of Ada.
pub fn sandbox(switches: &[(&str, &str)]) -> Server {
    let mut settings = Settings::default();
    for (name, value) in switches {
        settings.set(name, value).unwrap();
    }
    Server::builder().settings(settings).seed(team()).start().unwrap()
}

/// Signs in with this account at the Google endpoints of the sandbox.
pub fn signed_in(server: &Server, account: &str, scopes: &[&str]) -> User {
    let own = server
        .with(|sandbox| sandbox.provider_credentials(AuthorizationServer::Google, ClientType::Confidential))
        .unwrap();
    let client = Client::builder(own.client_id, own.client_secret.unwrap())
        .redirect_uri(own.redirect_uri)
        .profile(google::profile_at(&format!("{}/google", server.origin())))
        .base_url(base_url(server))
        .retry(RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO))
        .build()
        .unwrap();
    let scopes: Vec<_> =
        scopes.iter().map(|scope| format!("https://www.googleapis.com/auth/{scope}")).collect();
    let sign_in =
        SignIn::new("ada").scopes(scopes.iter().map(String::as_str)).parameter("login_hint", account);
    let pending = client.auth().sign_in(sign_in).unwrap();
    let callback = consent(pending.url());
    client.auth().finish(pending, &callback).unwrap()
}

pub fn ada(server: &Server) -> User {
    signed_in(server, ADA, &["calendar"])
}

/// A client without a user, for API keys.
pub fn anonymous(server: &Server) -> Client {
    Client::anonymous_builder().base_url(base_url(server)).build().unwrap()
}

pub fn base_url(server: &Server) -> String {
    format!("{}/google/calendar/v3", server.origin())
}

/// Follows the authorization URL like a browser, and returns the callback URL.
fn consent(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let head = response.split("\r\n\r\n").next().unwrap();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    location.unwrap_or_else(|| panic!("no redirect: {response}"))
}

fn team() -> String {
    let standup = json!({
        "id": "standup", "title": "Stand-up", "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T09:15:00Z",
        "recurrence": { "frequency": "DAILY", "count": 5 }, "location": "Room 5",
    });
    let offsite = json!({
        "id": "offsite", "title": "Off-site", "start": "2026-11-19", "end": "2026-11-21", "allDay": true,
        "availability": "free", "custom": { "ticket": 42 },
    });
    let review = json!({
        "id": "review", "title": "Review", "start": "2026-11-17T13:00:00Z", "end": "2026-11-17T14:00:00Z",
        "privacy": "private", "color": "#d50000",
        "attendees": ["grace@example.org", { "email": "alan@example.org", "status": "accepted" }],
    });
    let shared = |id: &str, role: &str| {
        let hidden = role == "freeBusyReader";
        let original = json!({ "accessRole": role, "summaryOverride": "Mine", "hidden": hidden });
        json!({ "id": id, "title": id, "original": original, "events": [review] })
    };
    let calendars = json!([
        { "id": ADA, "title": "Ada", "timeZone": "Europe/Budapest", "color": "#ac725e",
          "description": "About Ada", "events": [standup, offsite, review] },
        { "id": "open@group.calendar.google.com", "title": "Open", "public": true, "events": [review] },
        shared("written", "writer"), shared("read", "reader"), shared("blocks", "freeBusyReader"),
    ]);
    json!({ "users": { "ada": { "google": { "account": ADA, "calendars": calendars } } } }).to_string()
}
