//! The reasons for which a delivery is refused, and the HTTP status to respond with.

use http::StatusCode;

use crate::{base::Error, tokens::StoreError};

/// The reason why a delivery could not be verified. The official SDKs have the same six reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A required header is missing, empty, repeated, or not visible ASCII.
    ///
    /// The required headers are `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    #[error(
        "the header `webhook-id`, `webhook-timestamp` or `webhook-signature` is missing, empty, repeated or \
         not visible ASCII"
    )]
    MissingHeaders,
    /// The timestamp has a character other than a digit.
    #[error("`webhook-timestamp` is not a Unix time in seconds (expected only digits)")]
    InvalidTimestamp,
    /// The timestamp differs from the receiver's clock by more than 300 s. If every delivery is refused
    /// because of its timestamp, the receiver's clock is wrong.
    #[error("`webhook-timestamp` differs from the receiver's clock by more than 300 s")]
    TimestampOutOfTolerance,
    /// No public key is available: the caller passed no key, or the key ring could not fetch a usable key.
    #[error("no public key is available to verify the delivery")]
    NoPublicKeys,
    /// No signature of the delivery's id, timestamp and body can be verified with a known key.
    #[error("no signature in `webhook-signature` matches a known public key")]
    NoMatchingSignature,
    /// The signature is valid, but the body is not a JSON object.
    #[error("the body of the delivery is not a JSON object")]
    InvalidPayload,
}

impl Reason {
    /// Returns the name of this reason in the official SDKs, such as `no_matching_signature`.
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingHeaders => "missing_headers",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::TimestampOutOfTolerance => "timestamp_out_of_tolerance",
            Self::NoPublicKeys => "no_public_keys",
            Self::NoMatchingSignature => "no_matching_signature",
            Self::InvalidPayload => "invalid_payload",
        }
    }

    /// Returns the status to respond with: 503 (deliver again), 401 (not genuine) or 400 (malformed).
    ///
    /// According to its documentation, the service sends a delivery again after 503 but not after 401. The
    /// documentation does not mention 400. This SDK uses 400 for malformed deliveries.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoPublicKeys => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimestampOutOfTolerance | Self::NoMatchingSignature => StatusCode::UNAUTHORIZED,
            Self::MissingHeaders | Self::InvalidTimestamp | Self::InvalidPayload => StatusCode::BAD_REQUEST,
        }
    }
}

/// The error for a delivery that a [`KeyRing`](super::KeyRing) could not verify.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Rejection {
    reason: Reason,
    retry: bool,
    #[source]
    cause: Option<Error>,
}

impl Rejection {
    pub(super) fn new(reason: Reason, retry: bool, cause: Option<Error>) -> Self {
        Self { reason, retry, cause }
    }

    /// Returns the reason of the rejection.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the status to respond with: usually [`Reason::status`].
    ///
    /// If no signature matched and newer keys could not be fetched, the status is 503, because the delivery
    /// may be signed with a key that the ring does not have yet.
    pub fn status(&self) -> StatusCode {
        if self.retry { StatusCode::SERVICE_UNAVAILABLE } else { self.reason.status() }
    }

    /// Returns the error of the last fetch of the keys, if that error caused the rejection.
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason, false, None)
    }
}

/// The reason why a delivery must not be handled, or why the replay guard failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Declined {
    /// The delivery could not be verified.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The delivery was handled already.
    #[error("the delivery was handled already")]
    Handled,
    /// Another caller is handling the delivery, in this process or another process.
    #[error("the delivery is being handled by another caller")]
    InProgress,
    /// The replay guard failed.
    #[error("the replay guard could not read or write its record of the delivery")]
    Guard(#[source] StoreError),
}

impl Declined {
    /// Returns the status to respond with.
    ///
    /// The status is 200 if the delivery was already handled, and 503 if the service should send it
    /// again. For [`Self::Rejected`], this method returns the status of the [`Rejection`].
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) => rejection.status(),
            Self::Handled => StatusCode::OK,
            Self::InProgress | Self::Guard(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
