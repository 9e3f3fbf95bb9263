//! A client without a network: records its requests and gets its responses from the test.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "not every test file uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, outside of a test fn"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_apptoto as apptoto;
use connect_blocking::{Client, Request, Response, RetryPolicy, Tokens, TransportError};
use connect_core::Endpoint;

pub const REDIRECT_URI: &str = "https://app.example/callback";

/// The recorded requests as text.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Vec<String>>>);

impl Wire {
    pub fn sent(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Creates a client of the Apptoto API. Each request of the client gets its response from `answer`.
    pub fn client(
        &self,
        answer: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> Client {
        self.client_with(RetryPolicy::default(), answer)
    }

    pub fn client_with(
        &self,
        policy: RetryPolicy,
        answer: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> Client {
        let sent = self.clone();
        Client::builder("client", "secret")
            .redirect_uri(REDIRECT_URI)
            .profile(apptoto::profile())
            .base_url(apptoto::BASE_URL)
            .retry(policy.with_backoff(Duration::ZERO, Duration::ZERO))
            .transport(move |request: Request| {
                sent.0.lock().unwrap().push(text(&request));
                answer(&request)
            })
            .build()
            .unwrap()
    }
}

pub fn user(client: &Client) -> connect_blocking::User {
    let user = client.user("user-123");
    user.import(Tokens::new("access", "refresh")).unwrap();
    user
}

pub fn answer(status: u16, body: &str) -> Response {
    let mut response = Response::new(body.to_owned().into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

/// Returns the exact request of a call.
pub fn sent<E: Endpoint + Sync>(call: &E) -> String {
    let wire = Wire::default();
    let client = wire.client(|_| Ok(answer(418, "")));
    let _ = user(&client).send(call);
    let [only] = wire.sent().try_into().unwrap();
    only
}

/// Sends a call, responds with 200 and `body`, and returns the result of the call.
pub fn read<E: Endpoint + Sync>(call: &E, body: &str) -> Result<E::Output, connect_core::Error> {
    let body = body.to_owned();
    let client = Wire::default().client(move |_| Ok(answer(200, &body)));
    user(&client).send(call)
}

/// Returns the text of a request without the `User-Agent`.
fn text(request: &Request) -> String {
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != http::header::USER_AGENT)
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = std::str::from_utf8(request.body()).unwrap();
    format!("{} {}\n{}\n{body}", request.method(), request.uri(), headers.concat())
}
