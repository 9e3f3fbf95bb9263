//! Page tokens and sync tokens: opaque texts that say what was asked for and how far the answers have come.
//!
//! A check over the whole, with the calendar in it, refuses texts that were not made here or were made for another one.

use crate::random::hash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// `Q` is what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token<Q> {
    pub(super) query: Q,
    /// In the ledger, when the first page was made: the sync token that ends the pages begins there.
    pub(super) position: u64,
    /// Where the changes begin, if the pages are of changes.
    pub(super) since: Option<u64>,
    /// For a page token, which page is next and what the last one ended with.
    pub(super) next: Option<Next>,
    pub(super) generation: u64,
    pub(super) issued: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Next {
    pub(super) page: u32,
    pub(super) after: Option<Key>,
}

/// What entries are in order of: nothing or a time, and then the id, which never changes.
pub(super) type Key = (Option<Timestamp>, String);

impl<Q: Serialize + DeserializeOwned> Token<Q> {
    pub(super) fn encode(&self, place: &str) -> String {
        let content = serde_json::to_string(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{:016x}{content}", check(place, &content)))
    }

    pub(super) fn decode(text: &str, place: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (sum, content) = (text.get(..16)?, text.get(16..)?);
        (sum == format!("{:016x}", check(place, content))).then(|| serde_json::from_str(content).ok())?
    }
}

fn check(place: &str, content: &str) -> u64 {
    hash(hash(10, place), content)
}
