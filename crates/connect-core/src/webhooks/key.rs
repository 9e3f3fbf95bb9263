//! The public keys that deliveries are verified with.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};

/// A public key (Ed25519): `whpk_` and the standard base64 of its 32 bytes. The prefix may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A text that is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook key is `whpk_` and the base64 of an Ed25519 public key (32 bytes)")]
pub struct InvalidKey;

pub(super) const PREFIX: &str = "whpk_";

impl PublicKey {
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
        // Under a key of small order one signature fits many texts.
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
