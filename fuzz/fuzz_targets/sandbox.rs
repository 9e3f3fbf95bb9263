//! A sequence of requests to the sandbox.
//!
//! Without injected faults, a response with a JSON content type must be JSON, the client's types must decode
//! successful responses, and the status must never be 500.
//!
//! A request has two lines: a line such as `GET /api/events?pageSize=3`, and a line with the body, which may
//! be empty. The prefix `*` adds the user's access token, the prefix `+` the application's credentials. A
//! second passes after each request.

#![no_main]

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use connect_core::types::{Calendar, ConnectionStatus, EventPage, WebhookKeys, decode};
use connect_fuzz::{Input, at};
use connect_sandbox::{AttemptOutcome, Outcome, Sandbox, Settings};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut settings = Settings::default();
    settings.set("webhook_url", "http://127.0.0.1:9/hook").expect("a valid setting");
    let mut sandbox = Sandbox::new(settings);
    // A few events for Ada, because the hundreds of demo events would take most of the time.
    sandbox.seed(include_str!("../seed.json")).expect("a seed");
    let mut client = Client::new(sandbox);
    let mut input = Input::new(bytes);
    for _ in 0..16 {
        if input.is_empty() {
            return;
        }
        let (line, body) = (input.line(), input.line());
        client.send(line, body);
    }
});

struct Client {
    sandbox: Sandbox,
    now: Timestamp,
    basic: HeaderValue,
    bearer: Option<HeaderValue>,
}

impl Client {
    fn new(sandbox: Sandbox) -> Self {
        let credentials = sandbox.credentials();
        let basic = STANDARD.encode(format!("{}:{}", credentials.client_id, credentials.client_secret));
        let basic = HeaderValue::try_from(format!("Basic {basic}")).expect("a header");
        Self { sandbox, now: at().wall, basic, bearer: None }
    }

    /// Returns the user's access token. First signs the user in if needed.
    fn sign_in(&mut self) -> Option<HeaderValue> {
        if self.bearer.is_none() {
            let client = self.sandbox.credentials().client_id;
            let authorize = format!("GET /api/oauth/authorize?user_id=ada&client_id={client}");
            let (_, location) = self.send(authorize.as_bytes(), b"")?;
            let code = location.split("code=").nth(1)?.split('&').next()?.to_owned();
            let grant = format!("grant_type=authorization_code&code={code}");
            let (tokens, _) = self.send(b"+POST /api/oauth/token", grant.as_bytes())?;
            let tokens: Value = serde_json::from_slice(&tokens).ok()?;
            self.bearer = HeaderValue::try_from(format!("Bearer {}", tokens["access_token"].as_str()?)).ok();
        }
        self.bearer.clone()
    }

    /// Sends a request, checks the response, and returns its body and its `Location`.
    fn send(&mut self, line: &[u8], body: &[u8]) -> Option<(Bytes, String)> {
        let request = self.request(line, body)?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let handled = self.sandbox.handle(request, self.now);
        self.wait_a_second();
        let Outcome::Reply(reply) = handled.outcome else { return None };
        let (status, without_faults) = (reply.status(), self.sandbox.stats().faults.asked == 0);
        let kind = reply.headers().get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if kind.starts_with(b"application/json") && without_faults {
            serde_json::from_slice::<IgnoredAny>(reply.body())
                .expect("a response with a JSON content type is JSON");
        }
        if status == StatusCode::OK && method == Method::GET && without_faults {
            check_decodes(&path, reply.body());
        }
        assert!(status != 500 || !without_faults, "the sandbox fails without an injected fault");
        let location = reply.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.unwrap_or_default().to_owned();
        Some((reply.into_body(), location))
    }

    fn request(&mut self, line: &[u8], body: &[u8]) -> Option<Request<Bytes>> {
        let (authorization, line) = match line {
            [b'*', line @ ..] => (self.sign_in(), line),
            [b'+', line @ ..] => (Some(self.basic.clone()), line),
            line => (None, line),
        };
        let (method, uri) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let mut request = Request::new(Bytes::copy_from_slice(body));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = uri.parse::<Uri>().ok()?;
        let kind =
            if body.starts_with(b"{") { "application/json" } else { "application/x-www-form-urlencoded" };
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        Some(request)
    }

    /// Advances the clock by a second, and responds to the due deliveries with 200 and 503 in turn.
    fn wait_a_second(&mut self) {
        self.now = self.now.checked_add(SignedDuration::from_secs(1)).expect("a few seconds");
        for (index, attempt) in self.sandbox.deliveries(self.now).into_iter().enumerate() {
            serde_json::from_slice::<Value>(attempt.request.body()).expect("a delivery is JSON");
            let status = if index % 2 == 0 { 200 } else { 503 };
            self.sandbox.delivered(attempt.token, AttemptOutcome::Status(status), self.now);
        }
    }
}

/// Checks that the client's types decode a successful response.
fn check_decodes(path: &str, body: &[u8]) {
    match path {
        "/api/events" => drop(decode::<EventPage>(body).expect("a page of events")),
        "/api/calendars" => drop(decode::<Vec<Calendar>>(body).expect("calendars")),
        "/api/oauth/connection-status" => drop(decode::<ConnectionStatus>(body).expect("connections")),
        "/.well-known/webhook-keys" => drop(decode::<WebhookKeys>(body).expect("keys")),
        _ => {}
    }
}
