//! Page tokens and sync tokens of providers: opaque texts that say what was asked for and how far the answers have come.
//!
//! A check over the whole, with the calendar in it, refuses texts that were not made here or were made for another one.

use crate::settings::Limit;
use crate::world::calendar::{Entry, Key, Listing};
use crate::world::random::hash;
use crate::world::time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// `Q` is what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token<Q> {
    pub(crate) query: Q,
    /// In the ledger, when the first page was made: the sync token that ends the pages begins there.
    pub(crate) position: u64,
    /// Where the changes begin, if the pages are of changes.
    pub(crate) since: Option<u64>,
    /// For a page token, which page is next and what the last one ended with.
    pub(crate) next: Option<Next>,
    pub(crate) generation: u64,
    pub(crate) issued: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Next {
    pub(crate) page: u32,
    pub(crate) after: Option<Key>,
}

impl<Q: Serialize + DeserializeOwned> Token<Q> {
    /// Whether the service has forgotten what the token stands for.
    pub(crate) fn is_over(&self, lifetime: Limit, generation: u64, now: Timestamp) -> bool {
        lifetime.is_some_and(|seconds| now >= time::plus_seconds(self.issued, seconds))
            || self.generation < generation
    }

    pub(crate) fn encode(&self, place: &str) -> String {
        let content = serde_json::to_string(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{:016x}{content}", check(place, &content)))
    }

    pub(crate) fn decode(text: &str, place: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (sum, content) = (text.get(..16)?, text.get(16..)?);
        (sum == format!("{:016x}", check(place, content))).then(|| serde_json::from_str(content).ok())?
    }
}

/// The next page of a list, without the first `skip` entries that are left, and where to go on after it. With `empties` every
/// other page has nothing, although there is more.
pub(crate) fn page<'a>(
    listing: &'a Listing,
    from: Option<&Next>,
    skip: usize,
    size: usize,
    empties: bool,
    descending: bool,
) -> (Vec<&'a Entry>, Option<Next>) {
    let before = from.and_then(|next| next.after.as_ref());
    let number = from.map_or(0, |next| next.page);
    let size = if empties && number % 2 == 1 { 0 } else { size };
    let left = if descending { listing.before(before) } else { listing.after(before) };
    let shown: Vec<_> = if descending {
        left.iter().rev().skip(skip).take(size).collect()
    } else {
        left.iter().skip(skip).take(size).collect()
    };
    let more = left.len().saturating_sub(skip) > size;
    let after = shown.last().map(|entry| &entry.key).or(before).cloned();
    (shown, more.then_some(Next { page: number + 1, after }))
}

fn check(place: &str, content: &str) -> u64 {
    hash(hash(10, place), content)
}
