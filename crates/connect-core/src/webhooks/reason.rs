//! Why a delivery is not handled, and what to answer.

use http::StatusCode;

use crate::{base::Error, tokens::StoreError};

/// Why a delivery could not be verified: the six reasons of the official SDKs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// `webhook-id`, `webhook-timestamp` or `webhook-signature` is absent, empty, given more than once, or not
    /// visible ASCII.
    #[error("a webhook header is missing, given twice, or not text")]
    MissingHeaders,
    /// The timestamp is not made of digits alone.
    #[error("the webhook timestamp is not a number of seconds")]
    InvalidTimestamp,
    /// The timestamp is more than 300 s from now, in the past or in the future. Now is what the receiver's clock says:
    /// one that is wrong by minutes refuses every delivery with this.
    #[error("the webhook timestamp is too far from now")]
    TimestampOutOfTolerance,
    /// There is no public key to verify with: none was given, or none could be fetched.
    #[error("there is no public key to verify the delivery with")]
    NoPublicKeys,
    /// No signature is one of a known key over this id, timestamp and body.
    #[error("no signature matches")]
    NoMatchingSignature,
    /// The signature is right, but the body is not a JSON object.
    #[error("the body is not a JSON object")]
    InvalidPayload,
}

impl Reason {
    /// The official SDKs' text for it, such as `no_matching_signature`.
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

    /// What to answer: 503 where the service should try again, 401 for what is not genuine, 400 for what is malformed.
    ///
    /// Of the service it is documented that it tries again after 503 and not after 401. What it makes of 400 is not
    /// known: that is this SDK's choice, for what would be malformed the next time as well.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoPublicKeys => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimestampOutOfTolerance | Self::NoMatchingSignature => StatusCode::UNAUTHORIZED,
            Self::MissingHeaders | Self::InvalidTimestamp | Self::InvalidPayload => StatusCode::BAD_REQUEST,
        }
    }
}

/// A delivery that could not be verified with the keys of a [`KeyRing`](super::KeyRing).
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

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What to answer. As [`Reason::status`], but 503 as well where no signature matched and newer keys could not
    /// be fetched: the delivery may be genuine, signed with a key that is not known here yet.
    pub fn status(&self) -> StatusCode {
        if self.retry { StatusCode::SERVICE_UNAVAILABLE } else { self.reason.status() }
    }

    /// Why the keys could not be fetched, where that is behind it.
    pub fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason, false, None)
    }
}

/// Why a delivery is not to be handled: it is not genuine, or not new.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Declined {
    /// It could not be verified.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It was handled already.
    #[error("the delivery was handled already")]
    Handled,
    /// It is being handled at this moment, here or in another process.
    #[error("the delivery is being handled")]
    InHand,
    /// Whether it is new could not be found out.
    #[error("the replay guard failed")]
    Guard(#[source] StoreError),
}

impl Declined {
    /// What to answer: 200 for one that was handled, 503 where the service should try again, else the status of
    /// the [`Rejection`].
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) => rejection.status(),
            Self::Handled => StatusCode::OK,
            Self::InHand | Self::Guard(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
