//! Reads and writes a user's record.
//!
//! A record is the same JSON object in a file, a PostgreSQL row and a Redis hash. The record contains the
//! issuer, the client id and the user, so that a record moved to another user is detected. A store with
//! encryption keys writes the field `sealed` instead of the field `tokens`.

#[cfg(feature = "seal")]
use std::sync::Arc;

use connect_core::{StoreError, TokenKey, Tokens};
use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};

#[cfg(feature = "seal")]
use crate::seal::{Seal, SealedTokens};

#[derive(Serialize, Deserialize)]
struct Record {
    issuer: String,
    client_id: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg(feature = "seal")]
    sealed: Option<SealedTokens>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg(not(feature = "seal"))]
    sealed: Option<serde_json::Value>,
}

impl Record {
    fn is_of(&self, key: &TokenKey) -> bool {
        (&*self.issuer, &*self.client_id, &*self.user) == (&*key.issuer, &*key.client_id, &*key.user)
    }
}

/// Writes and reads records. With a [`Seal`](crate::Seal), the tokens in the records are encrypted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Codec {
    #[cfg(feature = "seal")]
    seal: Option<Arc<Seal>>,
}

impl Codec {
    #[cfg(feature = "seal")]
    pub(crate) fn sealed(seal: Seal) -> Self {
        Self { seal: Some(Arc::new(seal)) }
    }

    pub(crate) fn write(&self, key: &TokenKey, tokens: &Tokens) -> Result<Vec<u8>, StoreError> {
        let mut record = Record {
            issuer: key.issuer.to_string(),
            client_id: key.client_id.to_string(),
            user: key.user.to_string(),
            tokens: None,
            sealed: None,
        };
        #[cfg(feature = "seal")]
        if let Some(seal) = &self.seal {
            record.sealed = Some(seal.seal(key, tokens)?);
        }
        if record.sealed.is_none() {
            record.tokens = Some(tokens.clone());
        }
        // The error of serde_json is not attached, because it may quote a token.
        serde_json::to_vec(&record).map_err(|_| StoreError::new("cannot write the tokens as JSON"))
    }

    /// Returns the tokens of a record. Errors use `location` to name the record.
    pub(crate) fn read(&self, key: &TokenKey, record: &[u8], location: &str) -> Result<Tokens, StoreError> {
        // The error of serde_json is not attached, because it may quote a token.
        let unreadable = || {
            StoreError::new(format!(
                "{location} does not contain tokens in the format of this store: delete it, and sign in again"
            ))
        };
        // A text editor may have added a byte order mark.
        let record = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(record);
        let record: Record = serde_json::from_slice(record).map_err(|_| unreadable())?;
        if !record.is_of(key) {
            let text = format!(
                "{location} contains the tokens of another user, application or issuer: the record was moved"
            );
            return Err(StoreError::new(text));
        }
        #[cfg(feature = "seal")]
        if let Some(seal) = &self.seal {
            return match (&record.sealed, record.tokens) {
                (Some(sealed), _) => seal.open(key, sealed, location),
                (None, Some(tokens)) if seal.allows_plain() => Ok(tokens),
                (None, Some(_)) => Err(StoreError::new(format!(
                    "the tokens in {location} are not sealed (encrypted), and the store accepts only sealed tokens"
                ))),
                (None, None) => Err(unreadable()),
            };
        }
        if record.sealed.is_some() {
            let text = format!(
                "the tokens in {location} are sealed (encrypted), but the store has no key to open them"
            );
            return Err(StoreError::new(text));
        }
        record.tokens.ok_or_else(unreadable)
    }
}

/// Returns the name of a key's record: 64 hexadecimal digits, whatever characters the key contains.
pub(crate) fn record_name(key: &TokenKey) -> String {
    digest(&[&key.issuer, &key.client_id, &key.user])
}

/// Returns the SHA-256 of the parts in hexadecimal digits.
///
/// Each part is preceded by its length, so that `["ab", "c"]` and `["a", "bc"]` have different digests.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Hash::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
