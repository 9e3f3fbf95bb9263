//! Decides the fault and the delays of each request.

use bytes::Bytes;
use connect_core::{Response, Sent, TransportError, TransportErrorKind};
use fastrand::Rng;
use http::{HeaderValue, StatusCode, header};

use crate::Fault;

/// The fault of a request and its delays to the service and back, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    pub(super) fault: Option<Fault>,
    pub(super) there: u64,
    pub(super) back: u64,
}

impl Fate {
    /// Chooses the fault and the delays of a request. On average, `often` out of 1,000 requests have a fault.
    /// `time` is the timeout of the request in milliseconds.
    ///
    /// Only exchanges can have the fault `InvalidClient` and, if `refused` is true, `RefusedForNow`.
    pub(super) fn of(rng: &mut Rng, often: u64, exchange: bool, refused: bool, time: u64) -> Self {
        let quick = |rng: &mut Rng| rng.u64(1..40);
        let (mut there, mut back) = (quick(rng), quick(rng));
        if rng.u64(0..1000) >= often {
            return Self { fault: None, there, back };
        }
        let kinds = [
            Fault::Unreachable,
            Fault::RequestLost,
            Fault::AnswerLost,
            Fault::Slow,
            Fault::Unavailable,
            Fault::ActedUnavailable,
            Fault::Limited,
            Fault::Garbage,
            Fault::InvalidClient,
            Fault::RefusedForNow,
        ];
        let but = if !exchange { 2 } else { usize::from(!refused) };
        let fault = kinds[rng.usize(0..kinds.len() - but)];
        match fault {
            Fault::Slow => {
                there = rng.u64(1..time / 2);
                back = rng.u64(1..time / 2);
            }
            // The client notices the loss at the timeout or when the connection breaks.
            Fault::RequestLost | Fault::AnswerLost => back = rng.u64(1..time.saturating_sub(there).max(2)),
            _ => {}
        }
        Self { fault: Some(fault), there, back }
    }

    /// Returns whether the service executes the request.
    pub(super) fn arrives(&self) -> bool {
        use Fault::{InvalidClient, Limited, RefusedForNow, RequestLost, Unavailable, Unreachable};
        let refused = matches!(self.fault, Some(Unavailable | Limited | InvalidClient | RefusedForNow));
        !refused && !matches!(self.fault, Some(Unreachable | RequestLost))
    }

    /// Returns whether the client receives the service's response unchanged.
    pub(super) fn delivers_response(&self) -> bool {
        matches!(self.fault, None | Some(Fault::Slow))
    }

    /// Returns the result that the client receives.
    pub(super) fn outcome(
        &self,
        response: Option<Response>,
        rng: &mut Rng,
    ) -> Result<Response, TransportError> {
        match (self.fault, response) {
            (None | Some(Fault::Slow), Some(response)) => Ok(response),
            (Some(Fault::Unreachable), _) => Err(TransportError::unreachable("simulated")),
            (Some(Fault::Unavailable | Fault::ActedUnavailable), _) => Ok(status(503, "{}")),
            (Some(Fault::Limited), _) => {
                let codes = ["invalid_grant", "invalid_client", "slow_down", "temporarily_unavailable", ""];
                let code = codes[rng.usize(0..codes.len())];
                let mut response = status(429, format!(r#"{{"error":"{code}"}}"#));
                let seconds = HeaderValue::from(rng.u64(1..20));
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
                Ok(response)
            }
            (Some(Fault::Garbage), _) => Ok(status(200, "<html>")),
            (Some(Fault::InvalidClient), _) => Ok(status(401, r#"{"error":"invalid_client"}"#)),
            (Some(Fault::RefusedForNow), _) => Ok(status(400, r#"{"error":"invalid_grant"}"#)),
            _ if rng.bool() => Err(TransportError::broken("simulated")),
            _ => Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, "simulated")),
        }
    }
}

fn status(code: u16, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or_default();
    response
}
