//! Verifies deliveries by Standard Webhooks `v1a`. The checks have the same order as in the
//! official SDKs.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_types::{Delivery, EventChange, Raw, ResponseBody};
use ed25519_dalek::Signature;
use http::HeaderMap;
use jiff::Timestamp;

use super::{PublicKey, Reason};

/// The maximum difference between a delivery's timestamp and the receiver's clock: 300 s, inclusive.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// The maximum number of different signatures that are checked. Each check reads the whole body.
///
/// A genuine delivery has one signature for each active key. The service has one or two active keys.
const MAX_SIGNATURES: usize = 4;

/// A verified delivery.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The `webhook-id`, which stays the same when the service sends the delivery again.
    pub id: Box<str>,
    /// The time at which the delivery was sent, to the second.
    pub timestamp: Timestamp,
    /// The decoded body. Every field is optional. Unknown fields are in `extra`.
    ///
    /// If an element of `events` cannot be decoded, `events` lacks this element, and `extra` has the
    /// original list.
    pub delivery: Delivery,
}

/// Verifies the signature of a delivery, and that the delivery was sent within [`TOLERANCE`] of `now`.
///
/// Pass `body` as the bytes that were received, because the signature does not match JSON that was parsed and
/// written again.
///
/// If the signature is valid, the body is refused only if it is not a JSON object. Values of an unexpected
/// type are in `extra`, and invalid UTF-8 is read as U+FFFD.
///
/// # Errors
/// If several [`Reason`]s apply, returns the first in the order of the enum.
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

/// The headers of a delivery, after all checks that need neither the keys nor the body.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    id: &'a str,
    /// The text as received, because the signature covers it.
    timestamp: &'a str,
    seconds: i64,
    signatures: Vec<Signature>,
    signed: Signed,
}

/// The signed message (id, timestamp and body), which is built when the first key is tried.
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

    /// Returns whether at least one entry has the form of a signature.
    pub(super) fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// Checks that a signature was made with one of `keys`. Every call must pass the same `body`.
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
        let mut delivery = Delivery::decode(body).map_err(|_| Reason::InvalidPayload)?;
        if let Some(events) = delivery.extra.get("events") {
            delivery.events = decodable(events);
        }
        let timestamp = Timestamp::from_second(self.seconds).map_err(|_| Reason::TimestampOutOfTolerance)?;
        Ok(Verified { id: self.id.into(), timestamp, delivery })
    }
}

/// Returns the distinct `v1a` entries that have the form of a signature.
///
/// Other entries, such as `v1` (HMAC), are skipped.
fn signatures(entries: &str) -> Vec<Signature> {
    let texts = entries.split(' ').filter_map(|entry| entry.strip_prefix("v1a,"));
    let parsed = texts.filter_map(|text| Signature::from_slice(&STANDARD.decode(text).ok()?).ok());
    let mut signatures = Vec::new();
    for signature in parsed {
        if !signatures.contains(&signature) {
            signatures.push(signature);
        }
        if signatures.len() == MAX_SIGNATURES {
            break;
        }
    }
    signatures
}

/// Returns the elements of the list that can be decoded.
fn decodable(events: &Raw) -> Vec<EventChange> {
    let all: Vec<Raw> = events.decode().unwrap_or_default();
    all.iter().filter_map(|one| one.decode().ok()).collect()
}

/// Returns the value of a header that occurs exactly once.
///
/// If a header occurs twice, it is unknown which of its values was signed.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Reason> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            value.to_str().ok().filter(|text| !text.is_empty()).ok_or(Reason::MissingHeaders)
        }
        _ => Err(Reason::MissingHeaders),
    }
}

/// Parses a number of seconds that consists only of digits.
///
/// A number that is too large for `i64` is out of tolerance.
fn seconds(text: &str) -> Result<i64, Reason> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::InvalidTimestamp);
    }
    text.parse().map_err(|_| Reason::TimestampOutOfTolerance)
}
