//! The reasons for which a delivery is refused, and the HTTP status to respond with.

use connect_types::webhooks::Reason;
use http::StatusCode;

use crate::{base::Error, tokens::StoreError};

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
        let status = if self.retry { 503 } else { self.reason.status() };
        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
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
