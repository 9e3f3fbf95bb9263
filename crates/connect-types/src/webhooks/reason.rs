//! The reasons for which a delivery cannot be verified.

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
    /// The timestamp differs from the receiver's clock by more than the tolerance, by default 300 s.
    ///
    /// If every delivery is refused because of its timestamp, the receiver's clock is wrong.
    #[error(
        "`webhook-timestamp` differs from the receiver's clock by more than the tolerance (default: 300 s)"
    )]
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

    /// Returns the HTTP status to respond with: 503 (deliver again), 401 (not genuine) or 400 (malformed).
    ///
    /// According to its documentation, the service sends a delivery again after 503 but not after 401. The
    /// documentation does not mention 400. This SDK uses 400 for malformed deliveries.
    pub fn status(self) -> u16 {
        match self {
            Self::NoPublicKeys => 503,
            Self::TimestampOutOfTolerance | Self::NoMatchingSignature => 401,
            Self::MissingHeaders | Self::InvalidTimestamp | Self::InvalidPayload => 400,
        }
    }
}
