//! Verifies deliveries by Standard Webhooks `v1a`. The checks have the same order as in the
//! official SDKs.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::Signature;
use jiff::Timestamp;

use super::{PublicKey, Reason};
use crate::{Delivery, EventChange, Raw, ResponseBody};

/// The default for the maximum difference between a timestamp and the receiver's clock: 300 s.
///
/// A delivery that differs by exactly this time is accepted.
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

/// A delivery as received: the values of its three headers, and its body.
///
/// If one of the headers is missing, pass an empty text. If one of the headers occurs more than once, refuse
/// the delivery with [`Reason::MissingHeaders`], because it is unknown which of the values was signed.
///
/// See the example of the [module](crate::webhooks).
#[derive(Clone, Copy)]
pub struct SignedDelivery<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The header `webhook-signature`.
    pub signatures: &'a str,
    /// The bytes of the body. The signature does not match JSON that was parsed and written again.
    pub body: &'a [u8],
}

impl<'a> SignedDelivery<'a> {
    /// Verifies the signature, and that the delivery was sent within `tolerance` of `now`.
    ///
    /// The service uses [`TOLERANCE`]. Fractions of a second in `tolerance` are ignored.
    ///
    /// If the signature is valid, the body is refused only if it is not a JSON object. Values of an
    /// unexpected type are in `extra`, and invalid UTF-8 is read as U+FFFD.
    ///
    /// # Errors
    /// If several [`Reason`]s apply, returns the first in the order of the enum.
    pub fn verify(self, keys: &[PublicKey], now: Timestamp, tolerance: Duration) -> Result<Verified, Reason> {
        self.check_headers(now, tolerance)?.verify(keys)
    }

    /// Makes all checks that need no key. A receiver can then fetch keys only for plausible deliveries.
    ///
    /// # Errors
    /// [`Reason::MissingHeaders`], [`Reason::InvalidTimestamp`] or [`Reason::TimestampOutOfTolerance`].
    pub fn check_headers(
        self,
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<UnverifiedDelivery<'a>, Reason> {
        if ![self.id, self.timestamp, self.signatures].into_iter().all(is_header_value) {
            return Err(Reason::MissingHeaders);
        }
        let seconds = seconds(self.timestamp)?;
        if seconds.abs_diff(now.as_second()) > tolerance.as_secs() {
            return Err(Reason::TimestampOutOfTolerance);
        }
        Ok(UnverifiedDelivery {
            timestamp: Timestamp::from_second(seconds).map_err(|_| Reason::TimestampOutOfTolerance)?,
            signatures: signatures(self.signatures),
            received: self,
            message: None,
        })
    }
}

/// Omits the body, which is private.
impl fmt::Debug for SignedDelivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, timestamp, signatures, body: _ } = self;
        f.debug_struct("SignedDelivery")
            .field("id", id)
            .field("timestamp", timestamp)
            .field("signatures", signatures)
            .finish_non_exhaustive()
    }
}

/// A delivery whose headers are well-formed and whose signatures have not been checked.
///
/// See [`SignedDelivery::check_headers`].
pub struct UnverifiedDelivery<'a> {
    received: SignedDelivery<'a>,
    timestamp: Timestamp,
    signatures: Vec<Signature>,
    /// The signed message, which is built when the first key is tried.
    message: Option<Vec<u8>>,
}

impl UnverifiedDelivery<'_> {
    /// Returns whether at least one entry of `webhook-signature` has the form of a signature.
    ///
    /// If not, no key can verify the delivery.
    pub fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// Verifies that a signature was made with one of `keys`, and decodes the body.
    ///
    /// If no signature matches, this method can be called again with other keys.
    ///
    /// # Errors
    /// [`Reason::NoPublicKeys`], [`Reason::NoMatchingSignature`] or [`Reason::InvalidPayload`].
    pub fn verify<'k, K>(&mut self, keys: K) -> Result<Verified, Reason>
    where
        K: IntoIterator<Item = &'k PublicKey>,
        K::IntoIter: Clone,
    {
        let keys = keys.into_iter();
        if keys.clone().next().is_none() {
            return Err(Reason::NoPublicKeys);
        }
        if !self.is_signed() {
            return Err(Reason::NoMatchingSignature);
        }
        let SignedDelivery { id, timestamp, body, .. } = self.received;
        let message = self.message.get_or_insert_with(|| message(id, timestamp, body));
        let matches = |signature| keys.clone().any(|key| key.verifies(message, signature));
        if !self.signatures.iter().any(matches) {
            return Err(Reason::NoMatchingSignature);
        }
        Ok(Verified { id: id.into(), timestamp: self.timestamp, delivery: decode(body)? })
    }
}

/// Omits the body, which is private.
impl fmt::Debug for UnverifiedDelivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedDelivery").field("received", &self.received).finish_non_exhaustive()
    }
}

/// Returns the signed message of a delivery.
pub(super) fn message(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

fn decode(body: &[u8]) -> Result<Delivery, Reason> {
    let mut delivery = Delivery::decode(body).map_err(|_| Reason::InvalidPayload)?;
    if let Some(events) = delivery.extra.get("events") {
        delivery.events = decodable(events);
    }
    Ok(delivery)
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

/// Returns whether the text is a header value that is not empty: visible ASCII, spaces and tabs.
fn is_header_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
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
