//! The public key with which webhook deliveries are verified.

use core::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};

/// An Ed25519 public key. The text of a key is `whpk_` (optional) and the standard base64 of its 32
/// bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The error for a text that is not a valid [`PublicKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the webhook key is not a valid Ed25519 public key (expected 44 base64 characters, optionally \
     after `whpk_`)"
)]
pub struct InvalidKey;

/// The prefix of the text of a public key.
pub const PREFIX: &str = "whpk_";

impl PublicKey {
    /// Only for a key of which the secret half is known, because a weak key is not refused.
    pub(super) fn from_verifying(key: VerifyingKey) -> Self {
        Self(key)
    }

    pub(super) fn verifies(&self, signed: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(signed, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| InvalidKey)?;
        let key = VerifyingKey::try_from(bytes.as_slice()).map_err(|_| InvalidKey)?;
        // With a key of small order, one signature would be valid for many messages.
        if key.is_weak() { Err(InvalidKey) } else { Ok(Self(key)) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
