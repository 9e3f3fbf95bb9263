//! For the tests of applications: deliveries that verify, signed with a key that everybody knows.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use http::{HeaderValue, Method, header};
use jiff::Timestamp;

use super::PublicKey;
use crate::Request;

/// Known to everybody: for tests only.
const SECRET: [u8; 32] = *b"a key for tests, known to anyone";

/// The key that [`sign`] signs with. Pin it in a client that is tested; never in one that runs.
pub fn public_key() -> PublicKey {
    PublicKey::from_verifying(SigningKey::from_bytes(&SECRET).verifying_key())
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
