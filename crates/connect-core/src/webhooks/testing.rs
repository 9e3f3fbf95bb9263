//! For the tests of applications: deliveries that verify, signed with a key that everybody knows.
//!
//! **The key is public, its secret half stands in this file.** Whoever gives a client that runs [`keys`] or
//! [`public_key`] takes deliveries from anybody.
//!
//! A client that is given [`keys`] (`webhook_keys` on its builder, or `webhooks().restore_keys`) verifies what [`sign`]
//! makes without a network, for a day. Only a signature that does not fit has it ask the service for newer keys: a
//! test of that needs a transport of its own.
//!
//! ```
//! use connect_core::{App, Config, machine::Now, webhooks::{CheckStep, KeyRing, testing}};
//!
//! let now = Now { wall: "2026-11-21T10:00:00Z".parse()?, monotonic: std::time::Duration::ZERO };
//! let ring = KeyRing::new(&App::new(Config::new("id", "secret", "https://app.example/callback", [7; 32]))?)?;
//! ring.restore(testing::keys(now.wall), now);
//!
//! let request = testing::sign("msg_1", r#"{"userId": "ada"}"#, now.wall);
//! let step = ring.check(request.headers(), request.body(), now);
//! assert!(matches!(step, CheckStep::Done(Ok(_), None)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use http::{HeaderValue, Method, header};
use jiff::Timestamp;

use super::{FetchedKeys, PublicKey};
use crate::base::Request;

/// Known to everybody: for tests only.
const SECRET: [u8; 32] = *b"a key for tests, known to anyone";

/// The key that [`sign`] signs with, for [`verify`](super::verify). A client that is tested takes [`keys`] rather than
/// this as its pinned key, which counts only until the service's own were fetched.
pub fn public_key() -> PublicKey {
    PublicKey::from_verifying(SigningKey::from_bytes(&SECRET).verifying_key())
}

/// The key that [`sign`] signs with, as if it had been fetched now from a service that has no other. For a client that is
/// tested; never for one that runs.
pub fn keys(now: Timestamp) -> FetchedKeys {
    FetchedKeys::of(public_key(), now)
}

/// A delivery of this body, sent now: a POST with the three headers of a genuine one.
///
/// An id that cannot stand in a header is left out of the request, which then does not verify.
pub fn sign(id: &str, body: impl Into<Bytes>, now: Timestamp) -> Request {
    let body = body.into();
    let timestamp = now.as_second().to_string();
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body].concat();
    let signature = SigningKey::from_bytes(&SECRET).sign(&signed);
    let signature = format!("v1a,{}", STANDARD.encode(signature.to_bytes()));

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
