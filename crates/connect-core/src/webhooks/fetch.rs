//! Fetches the keys of the service, by the rules of the [key ring](super::KeyRing).

use std::{fmt, sync::Arc, thread, time::Duration};

use connect_types::GetWebhookKeys;
use http::{HeaderValue, header};

use super::{KeyRing, fetched::KeySet};
use crate::{
    app::RequestTemplate,
    base::{Error, Now, Request, Response, TransportError},
};

/// The timeout of a fetch of the keys (10 s), and of the wait for a fetch by another caller.
pub const KEYS_TIMEOUT: Duration = Duration::from_secs(10);

const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(60);
/// The minimum time from the start of a fetch that is dropped without a response to the next fetch.
///
/// This time prevents cancelled callers from causing many requests.
const MIN_INTERVAL_AFTER_DROP: Duration = Duration::from_secs(2);

/// A fetch of newer keys that has not started. Hold the fetch lock (see [`KeyRing`]) while the
/// fetch runs.
#[derive(Debug)]
#[must_use = "the keys are not fetched before `start`"]
pub struct Fetch(KeyRing);

impl Fetch {
    pub(super) fn of(ring: &KeyRing) -> Self {
        Self(ring.clone())
    }

    /// Starts the fetch and returns the request to send.
    ///
    /// Returns `None` if no fetch may start now, usually because another caller has just fetched the keys. Do
    /// not follow redirects of the request.
    pub fn start(self, now: Now) -> Option<(Request, Fetching)> {
        let ring = self.0;
        let mut state = ring.state();
        if !state.may_fetch(now) {
            return None;
        }
        state.attempts += 1;
        state.next = now.monotonic.saturating_add(MIN_FETCH_INTERVAL);
        state.fetching = Some(now.monotonic);
        let attempt = state.attempts;
        drop(state);
        let app = ring.app().clone();
        let fetching = Fetching { ring, attempt, started: now.monotonic, ended: false };
        match RequestTemplate::new(&app, &GetWebhookKeys::new()) {
            Ok(template) => {
                let time = KEYS_TIMEOUT.min(app.config().attempt_timeout);
                let mut request = template.request(&app, None, time);
                // A cached response may be older than the signature to verify.
                request.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                Some((request, fetching))
            }
            Err(error) => {
                fetching.end(Err(error));
                None
            }
        }
    }

    /// Records `cause`, the reason why the fetch could not be started.
    ///
    /// If a delivery is then rejected because newer keys are missing, the [`Rejection`](super::Rejection)
    /// contains `cause`.
    pub fn give_up(self, cause: Error) {
        self.0.state().failure = Some(cause);
    }
}

/// A fetch that waits for its response. A fetch that is dropped without a response counts as
/// failed.
#[must_use = "the keys are not read before `resume` gets the response"]
pub struct Fetching {
    ring: KeyRing,
    attempt: u64,
    started: Duration,
    ended: bool,
}

impl Fetching {
    /// Ends the fetch with the response, or with the error of the transport.
    pub fn resume(self, outcome: Result<Response, TransportError>, now: Now) {
        self.end(outcome.map_err(Error::from).and_then(|response| KeySet::from_response(&response, now)));
    }

    fn end(mut self, outcome: Result<KeySet, Error>) {
        self.ended = true;
        let mut state = self.ring.state();
        let is_last = state.attempts == self.attempt;
        if is_last {
            state.fetching = None;
        }
        match outcome {
            Ok(fetched) if state.fetched_by < self.attempt => {
                if fetched.is_from_origin {
                    state.last_origin_fetch = Some(self.started);
                }
                state.fetched = Some(Arc::new(fetched));
                state.fetched_by = self.attempt;
                state.failure = None;
            }
            Err(error) if is_last => state.failure = Some(error),
            _ => {} // a newer fetch has replaced this one
        }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut state = self.ring.state();
        if state.attempts != self.attempt {
            return;
        }
        state.fetching = None;
        state.next = self.started.saturating_add(MIN_INTERVAL_AFTER_DROP);
        let what = if thread::panicking() {
            "the transport panicked while the keys were fetched"
        } else {
            "the fetch of the keys was cancelled before a response arrived"
        };
        state.failure = Some(TransportError::broken(what).into());
    }
}

impl fmt::Debug for Fetching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetching").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

#[derive(Default)]
pub(super) struct FetchState {
    pub(super) fetched: Option<Arc<KeySet>>,
    /// The number of the attempt that fetched the keys; 0 if the keys were restored.
    fetched_by: u64,
    /// The (monotonic) start of the last attempt whose response came from the service, not from a cache.
    pub(super) last_origin_fetch: Option<Duration>,
    /// The number of attempts started.
    attempts: u64,
    /// The monotonic time from which the next attempt may start.
    next: Duration,
    /// The (monotonic) start of the last attempt, if it is still running.
    fetching: Option<Duration>,
    /// The error of the last attempt, if it failed.
    pub(super) failure: Option<Error>,
}

impl FetchState {
    pub(super) fn may_fetch(&self, now: Now) -> bool {
        !self.is_fetching(now) && now.monotonic >= self.next
    }

    pub(super) fn is_fetching(&self, now: Now) -> bool {
        self.fetching.is_some_and(|at| now.monotonic.saturating_sub(at) < MIN_FETCH_INTERVAL)
    }

    pub(super) fn is_fresh(&self, now: Now) -> bool {
        self.fetched.as_ref().is_some_and(|fetched| fetched.is_fresh(now))
    }
}
