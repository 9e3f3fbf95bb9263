//! The service's document of keys: which of them count, and for how long.
//!
//! An entry counts when its key has the form `whpk_..`, and what it says about itself can be read and is good: the
//! algorithm is absent or Ed25519, the status absent, active or previous. What retires is looked at when keys are used.
//! An entry that does not count hides no other.

use std::time::Duration;

use connect_types::{KeyStatus, Raw, Safety, WebhookKey, WebhookKeys};
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PublicKey, key::PREFIX};
use crate::{
    base::{Error, ErrorKind, Now, Response},
    endpoint::answer,
};

const USUAL_MAX_AGE: Duration = Duration::from_secs(3600);
const LONGEST_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// The keys as they were fetched, to be kept by the application and [restored](super::KeyRing::restore) when it starts:
/// for programs that live shortly and should not fetch each time. For tests there is
/// [`testing::keys`](super::testing::keys).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FetchedKeys {
    /// The service's document, without the entries that could not be read.
    pub document: WebhookKeys,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// For how many seconds from then it is good.
    pub max_age: u64,
}

/// Keys in use.
#[derive(Debug)]
pub(super) struct Fetched {
    keys: Vec<ListedKey>,
    /// Until when they are good, by each of the clocks: the monotonic one stands still while a machine sleeps, the
    /// other may be set back.
    fresh_until: Now,
    pub(super) document: FetchedKeys,
    /// Whether they came from the service itself, not from a cache on the way.
    pub(super) first_hand: bool,
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
        Self { document, fetched_at: now, max_age: LONGEST_MAX_AGE.as_secs() }
    }
}

impl Fetched {
    /// # Errors
    /// When the answer says nothing about the keys: it is no success, has no list, or one in which no key can be used.
    /// An empty list says that there are none.
    pub(super) fn read(response: &Response, now: Now) -> Result<Self, Error> {
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
        let keys = usable(&document);
        if keys.is_empty() && !listed.keys.is_empty() {
            let error = Error::new(ErrorKind::Decode { path: "keys".into(), offset: 0 });
            return Err(error.with_message("the service lists keys, but none that can be used"));
        }
        let max_age = max_age(response.headers());
        Ok(Self {
            keys,
            fresh_until: after(now, max_age),
            document: FetchedKeys { document, fetched_at: now.wall, max_age: max_age.as_secs() },
            first_hand: age(response.headers()).is_none_or(|age| age == Some(Duration::ZERO)),
        })
    }

    /// Keys that were kept: good for what is left of their time. Nothing, where nothing in them can be used.
    pub(super) fn kept(document: FetchedKeys, now: Now) -> Option<Self> {
        let keys = usable(&document.document);
        if keys.is_empty() && !document.document.keys.is_empty() {
            return None;
        }
        let age = Duration::try_from(now.wall.duration_since(document.fetched_at)).unwrap_or(Duration::MAX);
        let left = Duration::from_secs(document.max_age).min(LONGEST_MAX_AGE).saturating_sub(age);
        Some(Self { keys, fresh_until: after(now, left), document, first_hand: false })
    }

    /// Whether both clocks say that they are good.
    pub(super) fn is_fresh(&self, now: Now) -> bool {
        now.monotonic < self.fresh_until.monotonic && now.wall < self.fresh_until.wall
    }

    /// The keys that are not retired.
    pub(super) fn keys(&self, now: Timestamp) -> impl Iterator<Item = &PublicKey> + Clone {
        let usable = move |listed: &&ListedKey| listed.retires_at.is_none_or(|end| now < end);
        self.keys.iter().filter(usable).map(|listed| &listed.key)
    }
}

fn usable(document: &WebhookKeys) -> Vec<ListedKey> {
    let key = |listed: &WebhookKey| {
        let alg = listed.alg.as_deref().unwrap_or_default();
        let ours = alg.is_empty() || alg.eq_ignore_ascii_case("ed25519");
        let trusted = match &listed.status {
            None | Some(KeyStatus::Active | KeyStatus::Previous) => true,
            Some(other) => {
                ["active", "previous"].iter().any(|known| other.as_str().eq_ignore_ascii_case(known))
            }
        };
        // What stands there without its type was meant to say something.
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

/// For how long the answer is good (RFC 9111 5.2.2.1 and 5.1), a day at most.
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
    let whole = seconds.map_or(USUAL_MAX_AGE, Duration::from_secs);
    whole.saturating_sub(age(headers).flatten().unwrap_or_default()).min(LONGEST_MAX_AGE)
}

/// How long the answer was in a cache: some time that cannot be read, where the header is no number.
fn age(headers: &HeaderMap) -> Option<Option<Duration>> {
    let age = headers.get(header::AGE)?;
    Some(age.to_str().ok().and_then(|age| age.trim().parse().ok()).map(Duration::from_secs))
}
