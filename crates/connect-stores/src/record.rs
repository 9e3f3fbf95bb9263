//! What a store keeps of a user: one JSON object, the same in a file, a row and a Redis hash.
//!
//! It names the key it belongs to, so that a record that was moved is noticed. Where the store has keys of the
//! caller, `sealed` is in the place of `tokens`.

#[cfg(feature = "seal")]
use std::sync::Arc;

use connect_core::{StoreError, TokenKey, Tokens};
use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};

#[cfg(feature = "seal")]
use crate::seal::{Seal, Sealed};
#[cfg(not(feature = "seal"))]
type Sealed = serde_json::Value;

#[derive(Serialize, Deserialize)]
struct Record {
    issuer: String,
    client_id: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

impl Record {
    fn is_of(&self, key: &TokenKey) -> bool {
        (&*self.issuer, &*self.client_id, &*self.user) == (&*key.issuer, &*key.client_id, &*key.user)
    }
}

/// Writes and reads records.
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
        // The cause may quote what it could not write.
        serde_json::to_vec(&record).map_err(|_| StoreError::new("the tokens cannot be written as JSON"))
    }

    /// The tokens of a record; `place` says where it was found.
    pub(crate) fn read(&self, key: &TokenKey, record: &[u8], place: &str) -> Result<Tokens, StoreError> {
        // The cause may quote the text, and the text is tokens.
        let unreadable =
            || StoreError::new(format!("{place} does not hold tokens; delete it and sign in again"));
        // An editor may have put one in front.
        let record = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(record);
        let record: Record = serde_json::from_slice(record).map_err(|_| unreadable())?;
        if !record.is_of(key) {
            let text = format!("{place} holds the tokens of another user; it was moved here");
            return Err(StoreError::new(text));
        }
        #[cfg(feature = "seal")]
        if let Some(seal) = &self.seal {
            return match (&record.sealed, record.tokens) {
                (Some(sealed), _) => seal.open(key, sealed, place),
                (None, Some(tokens)) if seal.allows_plain() => Ok(tokens),
                (None, Some(_)) => Err(StoreError::new(format!("the tokens in {place} are not sealed"))),
                (None, None) => Err(unreadable()),
            };
        }
        if record.sealed.is_some() {
            return Err(StoreError::new(format!("the tokens in {place} are sealed, and no key was given")));
        }
        record.tokens.ok_or_else(unreadable)
    }
}

/// A name for a key that is safe everywhere, whatever the parts hold: in hexadecimal digits.
pub(crate) fn name(key: &TokenKey) -> String {
    digest(&[&key.issuer, &key.client_id, &key.user])
}

/// The SHA-256 of the parts. Each is preceded by its length, so that parts never run together.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Hash::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
