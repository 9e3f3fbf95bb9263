//! Faults on demand: error statuses, slow responses and lost responses.
//!
//! ```text
//! request ──▶ first matching fault ──▶ service ──▶ first fault with a matching when_status ──▶ response
//!             status, cut before: the service is not called
//! ```
//!
//! At most one fault without `when_status` and one with `when_status` apply to a request. `skip` counts every
//! matching request, even if another fault applies to the request. If two faults match the same requests, the
//! fault that was added second applies after the first fault has been used up.

use crate::reply::{Reply, text};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// An error, a delay or a lost response at an endpoint, for a number of requests.
///
/// ```
/// use connect_sandbox::Fault;
/// let busy = Fault::on("GET /calendars").status(429).header("retry-after", "1").times(2);
/// ```
///
/// With `when_status`, the service handles the request, and the fault applies if the response has that
/// status. Without `when_status`, a fault with a `status` responds instead of the service, which does not
/// handle the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    pub(crate) endpoint: String,
    pub(crate) grant_type: Option<String>,
    pub(crate) when_status: Option<u16>,
    pub(crate) skip: u64,
    times: Option<u64>,
    pub(crate) status: Option<u16>,
    pub(crate) headers: BTreeMap<String, String>,
    body: Option<String>,
    pub(crate) delay_ms: u64,
    pub(crate) cut: Option<Cut>,
    pub(crate) garbage: bool,
    pub(crate) truncate: Option<usize>,
    cut_body: Option<usize>,
}

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// Before the service handles the request.
    Before,
    /// After the service has handled the request; the response is lost.
    After,
}

impl Fault {
    /// Creates a fault at an endpoint, such as `"GET /calendars"` (the path under `/api`). The
    /// endpoint `"*"` means every endpoint.
    pub fn on(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into(), ..Self::default() }
    }

    /// Applies the fault only to token requests with this grant type.
    #[must_use]
    pub fn grant_type(mut self, grant_type: impl Into<String>) -> Self {
        self.grant_type = Some(grant_type.into());
        self
    }

    /// Applies the fault after the service has handled the request, if the response has this status.
    #[must_use]
    pub fn when_status(mut self, status: u16) -> Self {
        self.when_status = Some(status);
        self
    }

    /// Skips the first `count` matching requests.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Applies the fault to `count` requests (one by default).
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    /// Responds with this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Sets the body of the response that [`status`](Self::status) creates.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Delays the response.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Closes the connection before the service handles the request.
    #[must_use]
    pub fn cut_before(mut self) -> Self {
        self.cut = Some(Cut::Before);
        self
    }

    /// Closes the connection after the service has handled the request: the response is lost.
    #[must_use]
    pub fn cut_after(mut self) -> Self {
        self.cut = Some(Cut::After);
        self
    }

    /// Responds with 200 and an HTML page after the service has handled the request.
    #[must_use]
    pub fn garbage(mut self) -> Self {
        self.garbage = true;
        self
    }

    /// Sends only the first `bytes` bytes of the body of the response.
    #[must_use]
    pub fn truncate(mut self, bytes: usize) -> Self {
        self.truncate = Some(bytes);
        self
    }

    /// Closes the connection after the first `bytes` bytes of the body of the response.
    ///
    /// The response has the Content-Length of the whole body. A body that is not longer than `bytes` gets a
    /// Content-Length that is one byte too long.
    #[must_use]
    pub fn cut_body(mut self, bytes: usize) -> Self {
        self.cut_body = Some(bytes);
        self
    }

    pub(crate) fn times_left(&self) -> u64 {
        self.times.unwrap_or(1)
    }

    /// Whether the service handles the request.
    pub(crate) fn reaches_service(&self) -> bool {
        self.when_status.is_some() || (self.status.is_none() && self.cut != Some(Cut::Before))
    }

    pub(crate) fn pause(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// Applies the fault to the response of the service. `reply` is `None` if the service was not called, or
    /// if another fault cuts the connection. Returns `None` to cut the connection.
    pub(crate) fn apply(&self, reply: Option<Reply>) -> Option<Reply> {
        if self.cut.is_some() {
            return None;
        }
        let mut reply = match self.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            Some(status) => self.refusal(status),
            None if self.garbage => text(StatusCode::OK, "text/html; charset=utf-8", GARBAGE.to_owned()),
            None => reply?,
        };
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                reply.headers_mut().insert(name, value);
            }
        }
        if let Some(bytes) = self.truncate {
            let kept = reply.body().len().min(bytes);
            *reply.body_mut() = reply.body().slice(..kept);
        }
        if let Some(bytes) = self.cut_body {
            let length = reply.body().len();
            let kept = length.min(bytes);
            *reply.body_mut() = reply.body().slice(..kept);
            reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length.max(kept + 1)));
        }
        Some(reply)
    }

    fn refusal(&self, status: StatusCode) -> Reply {
        let reason = status.canonical_reason().unwrap_or("Error");
        let body =
            self.body.clone().unwrap_or_else(|| format!(r#"{{"error":"{reason}","message":"{reason}"}}"#));
        let mut reply = Response::new(Bytes::from(body));
        *reply.status_mut() = status;
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        reply
    }

    fn matches(&self, call: &Matched<'_>) -> bool {
        (self.endpoint == "*" || self.endpoint == call.endpoint)
            && self.grant_type.as_deref().is_none_or(|wanted| call.grant_type == Some(wanted))
            && self.when_status == call.status
    }

    /// Validates a fault that a control call adds.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !crate::route::Route::is_endpoint_name(&self.endpoint) {
            return Err(format!(
                "there is no endpoint {:?} (expected \"METHOD /path\" or \"*\")",
                self.endpoint
            ));
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("status must be between 200 and 599".to_owned());
        }
        let header = |(name, value): (&String, &String)| {
            HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok()
        };
        if !self.headers.iter().all(header) {
            return Err(
                "headers must be valid HTTP headers (expected an object of names and strings)".to_owned()
            );
        }
        let shortens = self.truncate.is_some() || self.cut_body.is_some();
        let acts = self.status.is_some() || self.cut.is_some() || self.garbage || shortens;
        if !(acts || self.delay_ms > 0 || !self.headers.is_empty()) {
            return Err(
                "the fault has no effect (expected status, headers, delay_ms, cut, garbage, truncate or cut_body)"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

const GARBAGE: &str =
    "<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>It works</h1></body></html>\n";

/// The properties of a request that decide which faults apply to the request. `status` is the status of the
/// service's response, or `None` before the service has responded.
pub(crate) struct Matched<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) grant_type: Option<&'a str>,
    pub(crate) status: Option<u16>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault and returns the number of requests to which the fault will apply.
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        let times = fault.times_left();
        if times > 0 {
            self.0.push(fault);
        }
        times
    }

    /// Removes all faults, and returns the number of requests to which they would have applied.
    pub(crate) fn clear(&mut self) -> u64 {
        self.0.drain(..).fold(0, |left, fault| left.saturating_add(fault.times_left()))
    }

    /// Returns the faults that can still apply.
    pub(crate) fn waiting(&self) -> &[Fault] {
        &self.0
    }

    /// Returns the fault that applies to this request, and decrements `times` of that fault. If a fault
    /// matches but still skips requests, decrements its `skip`.
    pub(crate) fn fire(&mut self, call: &Matched<'_>) -> Option<Fault> {
        let mut fired = None;
        for fault in self.0.iter_mut().filter(|fault| fault.matches(call)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fired.is_none() {
                fault.times = Some(fault.times_left().saturating_sub(1));
                fired = Some(fault.clone());
            }
        }
        self.0.retain(|fault| fault.times_left() > 0);
        fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Matched<'_> = Matched { endpoint: "GET /calendars", grant_type: None, status: None };

    fn statuses(faults: &mut Faults, count: usize) -> Vec<Option<u16>> {
        (0..count).map(|_| faults.fire(&CALL).and_then(|fault| fault.status)).collect()
    }

    #[test]
    fn faults_for_one_endpoint_apply_in_order() {
        let mut faults = Faults::default();
        faults.add(Fault::on("GET /calendars").status(429));
        faults.add(Fault::on("*").status(503).times(2));
        assert_eq!(statuses(&mut faults, 4), [Some(429), Some(503), Some(503), None]);
    }

    #[test]
    fn skip_counts_every_matching_request() {
        let mut faults = Faults::default();
        faults.add(Fault::on("GET /calendars").status(429));
        faults.add(Fault::on("GET /calendars").skip(2).status(500));
        assert_eq!(statuses(&mut faults, 4), [Some(429), None, Some(500), None]);
    }

    #[test]
    fn fault_for_other_endpoint_grant_or_status_does_not_apply() {
        let mut faults = Faults::default();
        faults.add(Fault::on("GET /events").status(500));
        faults.add(Fault::on("*").grant_type("refresh_token").status(500));
        faults.add(Fault::on("*").when_status(401).delay(Duration::from_secs(1)));
        assert!(faults.fire(&CALL).is_none());
        assert!(faults.fire(&Matched { status: Some(401), ..CALL }).is_some());
    }
}
