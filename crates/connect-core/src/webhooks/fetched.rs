//! The service's key document: its usable entries, and how long they are valid.
//!
//! An entry is used if its key starts with `whpk_`, its algorithm is absent or Ed25519, and its
//! status is absent, active or previous. An entry that cannot be decoded is skipped. The time at
//! which a key retires is checked on each use of the key.

use std::time::Duration;

use connect_types::{
    KeyStatus, Raw, Safety, WebhookKey, WebhookKeys,
    webhooks::{PREFIX, PublicKey},
};
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    base::{Error, ErrorKind, Now, Response},
    endpoint::answer,
};

const DEFAULT_MAX_AGE: Duration = Duration::from_secs(3600);
const MAX_AGE_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// Fetched keys, for the application to store and [restore](super::KeyRing::restore) when it starts.
///
/// A short-lived program that stores the keys does not have to fetch them at each start. For tests, see
/// [`testing::keys`](super::testing::keys).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FetchedKeys {
    /// The service's document, without the entries that could not be decoded.
    pub document: WebhookKeys,
    /// The time of the fetch.
    pub fetched_at: Timestamp,
    /// The time for which the document is valid after `fetched_at`, in seconds.
    pub max_age: u64,
}

/// The fetched or restored keys with which a ring verifies deliveries.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<ListedKey>,
    /// The time at which the keys expire, by both clocks. The monotonic clock may stop while the machine
    /// sleeps, and the wall clock may be set back.
    fresh_until: Now,
    pub(super) document: FetchedKeys,
    /// Whether the service itself sent the keys, not a cache.
    pub(super) is_from_origin: bool,
}

#[derive(Debug)]
struct ListedKey {
    key: PublicKey,
    retires_at: Option<Timestamp>,
}

impl FetchedKeys {
    pub(super) fn of(key: PublicKey, now: Timestamp) -> Self {
        let mut entry = WebhookKey::default();
        entry.key = Some(key.to_string());
        let mut document = WebhookKeys::default();
        document.keys.push(entry);
        Self { document, fetched_at: now, max_age: MAX_AGE_LIMIT.as_secs() }
    }
}

impl KeySet {
    /// Reads the keys from a response.
    ///
    /// # Errors
    /// If the status is not a success, if the response has no list of keys, or if the list has entries but
    /// no usable key. An empty list is not an error: the service then has no keys.
    pub(super) fn from_response(response: &Response, now: Now) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Listed {
            keys: Vec<Raw>,
        }
        if !response.status().is_success() {
            return Err(answer::classify(response, None, now.wall));
        }
        let listed: Listed = answer::from_json(response.body())?;
        let mut document: WebhookKeys = answer::decode(response, Safety::Safe)?;
        document.extra.remove("keys");
        document.keys = listed.keys.iter().filter_map(|entry| entry.decode().ok()).collect();
        let keys = usable_keys(&document);
        if keys.is_empty() && !listed.keys.is_empty() {
            let error = Error::new(ErrorKind::Decode { path: "keys".into(), offset: 0 });
            return Err(error.with_message("the key document of the service has entries, but no usable key"));
        }
        let max_age = max_age(response.headers());
        Ok(Self {
            keys,
            fresh_until: after(now, max_age),
            document: FetchedKeys { document, fetched_at: now.wall, max_age: max_age.as_secs() },
            is_from_origin: age(response.headers()).is_none_or(|age| age == Some(Duration::ZERO)),
        })
    }

    /// Creates a key set from stored keys. The keys are valid for the rest of their `max_age`.
    ///
    /// Returns `None` if the document has entries but no usable key.
    pub(super) fn restored(document: FetchedKeys, now: Now) -> Option<Self> {
        let keys = usable_keys(&document.document);
        if keys.is_empty() && !document.document.keys.is_empty() {
            return None;
        }
        let age = Duration::try_from(now.wall.duration_since(document.fetched_at)).unwrap_or(Duration::MAX);
        let left = Duration::from_secs(document.max_age).min(MAX_AGE_LIMIT).saturating_sub(age);
        Some(Self { keys, fresh_until: after(now, left), document, is_from_origin: false })
    }

    /// Returns whether the keys are valid by both clocks.
    pub(super) fn is_fresh(&self, now: Now) -> bool {
        now.monotonic < self.fresh_until.monotonic && now.wall < self.fresh_until.wall
    }

    /// Returns the keys that are not retired.
    pub(super) fn keys(&self, now: Timestamp) -> impl Iterator<Item = &PublicKey> + Clone {
        let usable = move |listed: &&ListedKey| listed.retires_at.is_none_or(|end| now < end);
        self.keys.iter().filter(usable).map(|listed| &listed.key)
    }
}

fn usable_keys(document: &WebhookKeys) -> Vec<ListedKey> {
    let key = |listed: &WebhookKey| {
        let alg = listed.alg.as_deref().unwrap_or_default();
        let ours = alg.is_empty() || alg.eq_ignore_ascii_case("ed25519");
        let trusted = match &listed.status {
            None | Some(KeyStatus::Active | KeyStatus::Previous) => true,
            Some(other) => {
                ["active", "previous"].iter().any(|known| other.as_str().eq_ignore_ascii_case(known))
            }
        };
        // A field whose value could not be decoded is in `extra`. Such a field may restrict the key's use.
        let clear = ["alg", "status", "retires_at"].iter().all(|name| listed.extra.get(name).is_none());
        let text = listed.key.as_deref().filter(|text| text.starts_with(PREFIX))?;
        (ours && trusted && clear).then_some(())?;
        Some(ListedKey { key: text.parse().ok()?, retires_at: listed.retires_at })
    };
    document.keys.iter().filter_map(key).collect()
}

fn after(now: Now, time: Duration) -> Now {
    let wall = now.wall.saturating_add(time).unwrap_or(Timestamp::MAX);
    Now { wall, monotonic: now.monotonic.saturating_add(time) }
}

/// Returns how long the response is valid (RFC 9111 sections 5.2.2.1 and 5.1), at most a day.
fn max_age(headers: &HeaderMap) -> Duration {
    let texts = || headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = || texts().flat_map(|text| text.split(',')).map(str::trim);
    if directives()
        .any(|directive| ["no-store", "no-cache"].iter().any(|no| directive.eq_ignore_ascii_case(no)))
    {
        return Duration::ZERO;
    }
    let seconds = directives().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let digits = value.trim().trim_matches('"');
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (name.trim().eq_ignore_ascii_case("max-age") && is_number).then(|| digits.parse().unwrap_or(u64::MAX))
    });
    let whole = seconds.map_or(DEFAULT_MAX_AGE, Duration::from_secs);
    whole.saturating_sub(age(headers).flatten().unwrap_or_default()).min(MAX_AGE_LIMIT)
}

/// Returns how long the response was in a cache, from the header `Age`.
///
/// Returns `None` if the header is missing, or `Some(None)` if its value is not a number.
fn age(headers: &HeaderMap) -> Option<Option<Duration>> {
    let age = headers.get(header::AGE)?;
    Some(age.to_str().ok().and_then(|age| age.trim().parse().ok()).map(Duration::from_secs))
}
