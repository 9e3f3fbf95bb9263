//! The Ed25519 keys that sign deliveries (Standard Webhooks `v1a`), and the endpoint that lists them.
//!
//! Keys are derived from the switch `seed`: the same seed gives the same keys. A rotation creates a new
//! active key. Until the next rotation, but for at most `key_overlap` seconds, the previous key stays listed
//! and also signs. The keys that sign a delivery are exactly the listed keys.

use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Reply, ok};
use crate::world::random::Random;
use crate::world::time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_compact::{KeyPair, Seed};
use http::header::{CACHE_CONTROL, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;

/// A public key, as `GET /.well-known/webhook-keys` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookKey {
    /// The id of the key.
    pub id: String,
    /// The algorithm: `ed25519`.
    pub alg: &'static str,
    /// `whpk_` and the 32 bytes of the key in standard base64.
    pub key: String,
    /// `active` or `previous`.
    pub status: &'static str,
    /// When the key started to sign.
    #[serde(serialize_with = "time::serialize_wire")]
    pub activated_at: Timestamp,
    /// When a previous key stops signing; absent for the active key.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time::serialize_wire_option")]
    pub retires_at: Option<Timestamp>,
}

/// The active key pair, and the previous key pair with the time when it stops signing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Keys {
    active: Pair,
    previous: Option<(Pair, Timestamp)>,
    created: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pair {
    id: String,
    #[serde(with = "crate::stored::text", rename = "secret")]
    pair: KeyPair,
    /// When the pair became active; `None` for the first pair.
    since: Option<Timestamp>,
}

impl Connect<'_> {
    pub(crate) fn rotate_keys(&mut self, now: Timestamp) -> Vec<WebhookKey> {
        let overlap = time::plus_seconds(now, self.world.settings.webhooks.key_overlap.0);
        self.own.keys.rotate(self.world.settings.itself.seed.0, now, overlap);
        self.own.keys.listed(self.world.anchor, now)
    }

    pub(crate) fn serve_keys(&self, call: &Call) -> Reply {
        let mut reply = ok(&json!({ "keys": self.own.keys.listed(self.world.anchor, call.now) }));
        let age = format!("public, max-age={}", self.world.settings.webhooks.keys_max_age.0);
        if let Ok(age) = HeaderValue::try_from(age) {
            reply.headers_mut().insert(CACHE_CONTROL, age);
        }
        reply
    }
}

impl Keys {
    pub(crate) fn new(seed: u64) -> Self {
        Self { active: Pair::new(seed, 0, None), previous: None, created: 1 }
    }

    /// Returns the keys that sign at `now`, the active key first. The first pair became active at `anchor`.
    pub(crate) fn listed(&self, anchor: Option<Timestamp>, now: Timestamp) -> Vec<WebhookKey> {
        let first = anchor.unwrap_or(now);
        let active = self.active.shown("active", first, None);
        let previous = self.co_signing(now).map(|(pair, until)| pair.shown("previous", first, Some(until)));
        std::iter::once(active).chain(previous).collect()
    }

    fn rotate(&mut self, seed: u64, now: Timestamp, overlap: Timestamp) {
        let new = Pair::new(seed, self.created, Some(now));
        self.created += 1;
        self.previous = Some((std::mem::replace(&mut self.active, new), overlap));
    }

    /// Returns the header `webhook-signature`: one signature for each listed key.
    pub(crate) fn sign(&self, id: &str, timestamp: &str, body: &[u8], now: Timestamp) -> String {
        let content = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let pairs = std::iter::once(&self.active).chain(self.co_signing(now).map(|(pair, _)| pair));
        let entries: Vec<_> = pairs
            .map(|pair| format!("v1a,{}", STANDARD.encode(*pair.pair.sk.sign(&content, None))))
            .collect();
        entries.join(" ")
    }

    fn co_signing(&self, now: Timestamp) -> Option<(&Pair, Timestamp)> {
        self.previous.as_ref().filter(|(_, until)| now < *until).map(|(pair, until)| (pair, *until))
    }
}

impl Pair {
    fn new(seed: u64, number: u64, since: Option<Timestamp>) -> Self {
        let mut random = Random::named(seed, &["webhook key", &number.to_string()]);
        let mut secret = [0; 32];
        secret.iter_mut().zip(random.bytes(32)).for_each(|(to, from)| *to = from);
        // The library rejects a seed of only zeros.
        secret[31] |= 1;
        Self { id: format!("whk_{}", random.letters(16)), pair: KeyPair::from_seed(Seed::new(secret)), since }
    }

    fn shown(&self, status: &'static str, first: Timestamp, retires_at: Option<Timestamp>) -> WebhookKey {
        WebhookKey {
            id: self.id.clone(),
            alg: "ed25519",
            key: format!("whpk_{}", STANDARD.encode(*self.pair.pk)),
            status,
            activated_at: self.since.unwrap_or(first),
            retires_at,
        }
    }
}

impl fmt::Debug for Pair {
    /// Omits the secret key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("id", &self.id).finish_non_exhaustive()
    }
}
