//! Helpers of the tests: a ring, a clock, and deliveries signed with any key.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::{
    App, Config, Request, Response, TransportError,
    machine::Now,
    webhooks::{CheckStep, Checking, Fetch, Fetching, KeyRing, Reason, Rejection, Verified},
};
use ed25519_dalek::{Signer, SigningKey};
use http::{HeaderMap, HeaderValue, header};

/// A ring and a clock, with methods that check deliveries signed with any key.
pub(crate) struct World {
    pub(crate) ring: KeyRing,
    pub(crate) now: Now,
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public(seed: u8) -> String {
    format!("whpk_{}", STANDARD.encode(key(seed).verifying_key().as_bytes()))
}

/// Returns an entry of the key document.
pub(crate) fn entry(seed: u8) -> String {
    format!(r#"{{"id": "k{seed}", "alg": "ed25519", "key": "{}", "status": "active"}}"#, public(seed))
}

pub(crate) fn document(entries: &[String]) -> Response {
    let mut response = Response::new(format!(r#"{{"keys": [{}]}}"#, entries.join(",")).into());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

pub(crate) fn cached(mut response: Response, name: header::HeaderName, value: &'static str) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

pub(crate) fn status(code: u16) -> Response {
    let mut response = Response::new("{}".into());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap();
    response
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(edit: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("id", "hush-client", [7; 32]);
        config.base_url = Some("https://connect.example:8443/deep/api".to_owned());
        edit(&mut config);
        let now = Now { wall: "2026-11-21T10:00:00Z".parse().unwrap(), monotonic: Duration::from_secs(5000) };
        Self { ring: KeyRing::new(&App::new(config).unwrap()).unwrap(), now }
    }

    /// Creates a world whose ring has just fetched these keys.
    pub(crate) fn fetched(entries: &[String]) -> Self {
        let world = Self::new();
        let _ = world.deliver_fetching(1, document(entries));
        world
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now.monotonic += Duration::from_secs(seconds);
        self.now.wall += Duration::from_secs(seconds);
    }

    pub(crate) fn check<'a>(&self, headers: &'a HeaderMap) -> CheckStep<'a> {
        self.ring.check(headers, b"{}", self.now)
    }

    pub(crate) fn delivery(&self, seed: u8) -> HeaderMap {
        let timestamp = self.now.wall.as_second().to_string();
        let signature = key(seed).sign(format!("msg_1.{timestamp}.{{}}").as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
        headers.insert("webhook-timestamp", timestamp.parse().unwrap());
        headers.insert(
            "webhook-signature",
            format!("v1a,{}", STANDARD.encode(signature.to_bytes())).parse().unwrap(),
        );
        headers
    }

    /// Verifies a delivery. Fails the test if the key ring requests a fetch of the keys.
    pub(crate) fn deliver(&self, seed: u8) -> Result<Verified, Rejection> {
        match self.check(&self.delivery(seed)) {
            CheckStep::Done(outcome, None) => outcome,
            CheckStep::Fetch(..) | CheckStep::Done(_, Some(_)) => panic!("a fetch was requested"),
        }
    }

    /// Verifies a delivery that requests a fetch. The fetch gets this response. The delivery may wait for the
    /// fetch.
    pub(crate) fn deliver_fetching(&self, seed: u8, answer: Response) -> Result<Verified, Rejection> {
        self.deliver_answered(seed, Ok(answer))
    }

    pub(crate) fn deliver_answered(
        &self,
        seed: u8,
        answer: Result<Response, TransportError>,
    ) -> Result<Verified, Rejection> {
        match self.check(&self.delivery(seed)) {
            CheckStep::Fetch(fetch, checking) => {
                self.start(fetch).1.resume(answer, self.now);
                self.decided(checking)
            }
            CheckStep::Done(outcome, background) => {
                self.start(background.expect("newer keys are due")).1.resume(answer, self.now);
                outcome
            }
        }
    }

    pub(crate) fn wishes<'a>(&self, headers: &'a HeaderMap) -> (Fetch, Checking<'a>) {
        match self.check(headers) {
            CheckStep::Fetch(fetch, checking) => (fetch, checking),
            CheckStep::Done(outcome, _) => panic!("no fetch was requested: {outcome:?}"),
        }
    }

    pub(crate) fn decided(&self, checking: Checking<'_>) -> Result<Verified, Rejection> {
        match checking.resume(self.now) {
            CheckStep::Done(outcome, None) => outcome,
            CheckStep::Fetch(..) | CheckStep::Done(_, Some(_)) => panic!("another fetch was requested"),
        }
    }

    pub(crate) fn start(&self, fetch: Fetch) -> (Request, Fetching) {
        fetch.start(self.now).expect("another fetch is running")
    }
}

pub(crate) fn reason(outcome: Result<Verified, Rejection>) -> (Reason, u16) {
    let rejection = outcome.unwrap_err();
    (rejection.reason(), rejection.status().as_u16())
}
