//! The page tokens and sync tokens of Google Calendar and Graph.
//!
//! A token is an opaque string that contains the query and a position. A checksum that depends on the
//! calendar detects tokens of another calendar and tokens that the sandbox did not create.

use crate::settings::Limit;
use crate::world::calendar::{Entry, Key, Listing};
use crate::world::random::hash;
use crate::world::time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A page token or a sync token; `Q` is the type of the query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token<Q> {
    pub(crate) query: Q,
    /// The ledger position when the first page was returned.
    ///
    /// The sync token of the last page continues from this position.
    pub(crate) position: u64,
    /// The position in the ledger from which changes are listed; `None` if the pages list all events.
    pub(crate) since: Option<u64>,
    /// The position of the next page; `None` in a sync token.
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
    pub(crate) fn is_expired(&self, lifetime: Limit, generation: u64, now: Timestamp) -> bool {
        lifetime.is_some_and(|seconds| now >= time::plus_seconds(self.issued, seconds))
            || self.generation < generation
    }

    pub(crate) fn encode(&self, calendar: &str) -> String {
        let content = serde_json::to_string(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{:016x}{content}", check(calendar, &content)))
    }

    pub(crate) fn decode(text: &str, calendar: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (sum, content) = (text.get(..16)?, text.get(16..)?);
        (sum == format!("{:016x}", check(calendar, content))).then(|| serde_json::from_str(content).ok())?
    }
}

/// Returns the next page of a list, and the position of the page after it.
///
/// The page omits the first `skip` entries that follow `from`. With `empties`, every other page is empty
/// although more pages follow.
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

fn check(calendar: &str, content: &str) -> u64 {
    hash(hash(10, calendar), content)
}
