//! Signs deliveries with a published key, for the tests of applications.
//!
//! **The secret half of the key is in this file.** A receiver that uses [`public_key`] outside tests
//! accepts deliveries from everybody.

use alloc::{format, string::String};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};

use super::{PublicKey, verify::message};

/// The published secret key: for tests only.
const SECRET: [u8; 32] = *b"a key for tests, known to anyone";

/// Returns the public key that verifies deliveries with a [`signature`].
///
/// In tests of a client, use its `webhooks::testing::keys` instead, because a client uses its `webhook_key`
/// only until it has fetched keys.
pub fn public_key() -> PublicKey {
    PublicKey::from_verifying(SigningKey::from_bytes(&SECRET).verifying_key())
}

/// Returns the `webhook-signature` of a delivery with this id, `webhook-timestamp` and body.
pub fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    let signature = SigningKey::from_bytes(&SECRET).sign(&message(id, timestamp, body));
    format!("v1a,{}", STANDARD.encode(signature.to_bytes()))
}
