//! Reads the headers of deliveries. `connect_types::webhooks` verifies them.

use connect_types::webhooks::{PublicKey, Reason, SignedDelivery, TOLERANCE, Verified};
use http::HeaderMap;
use jiff::Timestamp;

/// Verifies the signature of a delivery, and that the delivery was sent within [`TOLERANCE`] of `now`.
///
/// Pass `body` as the bytes that were received, because the signature does not match JSON that was parsed and
/// written again. For another tolerance, see [`signed_delivery`].
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
    signed_delivery(headers, body)?.verify(keys, now, TOLERANCE)
}

/// Returns the headers and the body of a delivery, to verify them with another tolerance.
///
/// A [`ReplayGuard`](super::ReplayGuard) must remember deliveries for at least twice the tolerance.
///
/// ```
/// use std::time::Duration;
/// use connect_core::webhooks::{signed_delivery, testing};
///
/// let sent = "2026-11-21T10:00:00Z".parse()?;
/// let request = testing::sign("msg_1", "{}", sent);
/// let delivery = signed_delivery(request.headers(), request.body())?;
///
/// let hour_later = "2026-11-21T11:00:00Z".parse()?;
/// let verified = delivery.verify(&[testing::public_key()], hour_later, Duration::from_secs(3600))?;
/// assert_eq!(verified.timestamp, sent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Reason::MissingHeaders`], if a header is missing, repeated or not visible ASCII.
pub fn signed_delivery<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Result<SignedDelivery<'a>, Reason> {
    Ok(SignedDelivery {
        id: single(headers, "webhook-id")?,
        timestamp: single(headers, "webhook-timestamp")?,
        signatures: single(headers, "webhook-signature")?,
        body,
    })
}

/// Returns the value of a header that occurs exactly once.
///
/// If a header occurs twice, it is unknown which of its values was signed.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Reason> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Reason::MissingHeaders),
        _ => Err(Reason::MissingHeaders),
    }
}
