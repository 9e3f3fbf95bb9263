//! Whether a delivery is genuine: Standard Webhooks `v1a`, checked in the order of the official SDKs.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_types::{Delivery, EventChange, Raw, decode};
use ed25519_dalek::Signature;
use http::HeaderMap;
use jiff::Timestamp;

use super::{PublicKey, Reason};

/// How far the timestamp of a delivery may be from now, both ways; exactly this far is near enough.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// How many different signatures of a delivery are looked at: a genuine one has one for each key in use, one or two, and
/// each that is looked at costs a pass over the body.
const MOST_SIGNATURES: usize = 4;

/// A delivery that is genuine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The `webhook-id`: the same when the service sends the delivery again.
    pub id: Box<str>,
    /// When it was sent, to the second.
    pub timestamp: Timestamp,
    /// What it says. Nothing is certain to be there: two shapes are known, and unknown fields are kept. An element of
    /// `events` that cannot be an event hides none of the others: the list as it came is in `extra` then.
    pub delivery: Delivery,
}

/// Verifies a delivery: its headers, its body as it came (not parsed and written again), the keys, and the time.
///
/// After a right signature only a body that is no JSON object is refused: what cannot be typed is kept in `extra`,
/// and a broken UTF-8 sequence is read as U+FFFD.
///
/// # Errors
/// The first [`Reason`] that holds, in the order they are listed there.
pub fn verify(
    headers: &HeaderMap,
    body: &[u8],
    keys: &[PublicKey],
    now: Timestamp,
) -> Result<Verified, Reason> {
    let mut envelope = Envelope::read(headers, now)?;
    envelope.check(body, keys.iter())?;
    envelope.open(body)
}

/// What the headers of a delivery say, checked as far as that goes without keys and body.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    id: &'a str,
    /// As it was sent: it is signed to the letter.
    timestamp: &'a str,
    seconds: i64,
    signatures: Vec<Signature>,
    signed: Signed,
}

/// What is signed: the body and what stands before it. Copied together once, when there are keys to try.
#[derive(Default)]
struct Signed(Option<Vec<u8>>);

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl<'a> Envelope<'a> {
    pub(super) fn read(headers: &'a HeaderMap, now: Timestamp) -> Result<Self, Reason> {
        let id = single(headers, "webhook-id")?;
        let timestamp = single(headers, "webhook-timestamp")?;
        let entries = single(headers, "webhook-signature")?;
        let seconds = seconds(timestamp)?;
        if seconds.abs_diff(now.as_second()) > TOLERANCE.as_secs() {
            return Err(Reason::TimestampOutOfTolerance);
        }
        Ok(Self { id, timestamp, seconds, signatures: signatures(entries), signed: Signed::default() })
    }

    /// Whether there is anything that could be a signature.
    pub(super) fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// Whether one of the signatures is one of these keys. The body is the same each time this is asked.
    pub(super) fn check<'k>(
        &mut self,
        body: &[u8],
        keys: impl Iterator<Item = &'k PublicKey> + Clone,
    ) -> Result<(), Reason> {
        if keys.clone().next().is_none() {
            return Err(Reason::NoPublicKeys);
        }
        if !self.is_signed() {
            return Err(Reason::NoMatchingSignature);
        }
        let parts = [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b".", body];
        let signed = self.signed.0.get_or_insert_with(|| parts.concat());
        let matches = |signature| keys.clone().any(|key| key.verifies(signed, signature));
        if self.signatures.iter().any(matches) { Ok(()) } else { Err(Reason::NoMatchingSignature) }
    }

    pub(super) fn open(&self, body: &[u8]) -> Result<Verified, Reason> {
        let mut delivery: Delivery = decode(body).map_err(|_| Reason::InvalidPayload)?;
        if let Some(events) = delivery.extra.get("events") {
            delivery.events = readable(events);
        }
        let timestamp = Timestamp::from_second(self.seconds).map_err(|_| Reason::TimestampOutOfTolerance)?;
        Ok(Verified { id: self.id.into(), timestamp, delivery })
    }
}

/// The `v1a` entries that have the form of a signature, each once. Others, such as `v1` (HMAC), mean nothing here, and
/// hide none of those after them.
fn signatures(entries: &str) -> Vec<Signature> {
    let texts = entries.split(' ').filter_map(|entry| entry.strip_prefix("v1a,"));
    let parsed = texts.filter_map(|text| Signature::from_slice(&STANDARD.decode(text).ok()?).ok());
    let mut signatures = Vec::new();
    for signature in parsed {
        if !signatures.contains(&signature) {
            signatures.push(signature);
        }
        if signatures.len() == MOST_SIGNATURES {
            break;
        }
    }
    signatures
}

/// What can be read of a list in which something cannot.
fn readable(events: &Raw) -> Vec<EventChange> {
    let all: Vec<Raw> = events.decode().unwrap_or_default();
    all.iter().filter_map(|one| one.decode().ok()).collect()
}

/// The value of a header that is there once. Of two it could not be said which one was signed.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Reason> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            value.to_str().ok().filter(|text| !text.is_empty()).ok_or(Reason::MissingHeaders)
        }
        _ => Err(Reason::MissingHeaders),
    }
}

/// Digits and nothing else; a number too large for any time is out of tolerance.
fn seconds(text: &str) -> Result<i64, Reason> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::InvalidTimestamp);
    }
    text.parse().map_err(|_| Reason::TimestampOutOfTolerance)
}
