//! Signs deliveries with a published key, for the tests of applications.
//!
//! **The secret half of the key is published.** A client that uses [`keys`] or [`public_key`] outside
//! tests accepts deliveries from everybody.
//!
//! Pass [`keys`] to a client with `webhook_keys` of its builder or with `webhooks().restore_keys`.
//! For a day, the client then verifies deliveries from [`sign`] without a network. If a signature
//! does not match, the client fetches newer keys. A test of a signature that does not match needs a
//! transport that imitates the service.
//!
//! ```
//! use connect_core::{App, Config, machine::Now, webhooks::{CheckStep, KeyRing, testing}};
//!
//! let now = Now { wall: "2026-11-21T10:00:00Z".parse()?, monotonic: std::time::Duration::ZERO };
//! let ring = KeyRing::new(&App::new(Config::new("id", "secret", [7; 32]))?)?;
//! ring.restore(testing::keys(now.wall), now);
//!
//! let request = testing::sign("msg_1", r#"{"userId": "ada"}"#, now.wall);
//! let step = ring.check(request.headers(), request.body(), now);
//! assert!(matches!(step, CheckStep::Done(Ok(_), None)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use bytes::Bytes;
pub use connect_types::webhooks::testing::public_key;
use connect_types::webhooks::testing::signature;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;

use super::FetchedKeys;
use crate::base::Request;

/// Returns [`public_key`], as if it were the only key that the service has published.
///
/// Only for tests of a client: never use this function outside tests.
pub fn keys(now: Timestamp) -> FetchedKeys {
    FetchedKeys::of(public_key(), now)
}

/// Returns a delivery with the given id and body, sent at `now`.
///
/// The request is a POST with the headers of a genuine delivery. If `id` is not valid in a header, the
/// request has no id and cannot be verified.
pub fn sign(id: &str, body: impl Into<Bytes>, now: Timestamp) -> Request {
    let body = body.into();
    let timestamp = now.as_second().to_string();
    let signature = signature(id, &timestamp, &body);

    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, text) in [
        ("webhook-id", id),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    request
}
