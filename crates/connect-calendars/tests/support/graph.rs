//! Helpers for tests of Microsoft Graph: a client with a scripted transport that records its requests.
#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_blocking::{Client, Error, Request, Response, RetryPolicy, Tokens, TransportError, User};
use connect_calendars::{microsoft, outlook};
use connect_core::{Endpoint, types::Body};

/// Records the requests of a client.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Vec<Sent>>>);

/// A recorded request with its query decoded.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub url: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub prefer: Option<String>,
    pub if_match: Option<String>,
    pub body: String,
}

impl Sent {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Wire {
    pub fn sent(&self) -> Vec<Sent> {
        self.0.lock().unwrap().clone()
    }

    /// A signed-in user of a client whose transport calls `respond`.
    pub fn user(
        &self,
        respond: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> User {
        let sent = self.clone();
        let client = Client::builder("client", "secret")
            .redirect_uri("https://app.example/callback")
            .profile(microsoft::profile(&microsoft::Tenant::Common))
            .base_url(outlook::BASE_URL)
            .retry(RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO))
            .transport(move |request: Request| {
                sent.0.lock().unwrap().push(note(&request));
                respond(&request)
            })
            .build()
            .unwrap();
        let user = client.user("user-123");
        user.import(Tokens::new("access", "refresh")).unwrap();
        user
    }
}

fn note(request: &Request) -> Sent {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("authorization").as_deref(), Some("Bearer access"));
    let query = request.uri().query().unwrap_or_default();
    assert!(!query.contains("+0"), "a plus in an offset must be sent as %2B");
    Sent {
        method: request.method().to_string(),
        url: request.uri().to_string(),
        path: request.uri().path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        prefer: header("prefer"),
        if_match: header("if-match"),
        body: String::from_utf8(request.body().to_vec()).unwrap(),
    }
}

/// A response with this status.
pub fn response(status: u16, body: &str) -> Response {
    let mut response = Response::new(body.to_owned().into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

/// The request that a call sends.
pub fn sent<E: Endpoint + Sync>(call: &E) -> Sent {
    let wire = Wire::default();
    let _ = wire.user(|_| Ok(response(418, ""))).send(call);
    let [only] = wire.sent().try_into().unwrap();
    only
}

/// The result of a call that gets this response.
pub fn read<E: Endpoint + Sync>(call: &E, body: &str) -> Result<E::Output, Error> {
    let body = body.to_owned();
    Wire::default().user(move |_| Ok(response(200, &body))).send(call)
}

/// The body of a call, as JSON.
pub fn body(call: &impl Endpoint) -> serde_json::Value {
    match call.body().unwrap() {
        Body::Json(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The error of a call that is refused before it is sent.
pub fn refusal<E: Endpoint + Sync>(call: &E) -> String {
    let wire = Wire::default();
    let error = wire.user(|_| Ok(response(200, "{}"))).send(call).map(drop).unwrap_err();
    assert!(matches!(error.kind(), connect_blocking::ErrorKind::Validation { .. }), "{error:?}");
    assert_eq!(wire.sent().len(), 0, "{error:?}");
    error.to_string()
}
