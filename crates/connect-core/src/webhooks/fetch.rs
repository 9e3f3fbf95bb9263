//! One fetch of the keys at a time, and how soon the next: the rules are those of the [ring](super::KeyRing).

use std::{fmt, sync::Arc, thread, time::Duration};

use connect_types::GetWebhookKeys;
use http::{HeaderValue, header};

use super::{KeyRing, fetched::Fetched};
use crate::{
    app::RequestTemplate,
    base::{Error, Now, Request, Response, TransportError},
};

/// How long a fetch of the keys may take; also how long a driver should wait for the fetch of another caller.
pub const KEYS_TIMEOUT: Duration = Duration::from_secs(10);

const ONE_ATTEMPT_A: Duration = Duration::from_secs(60);
/// So that callers that give up do not make a storm of requests.
const AFTER_ONE_GIVEN_UP: Duration = Duration::from_secs(2);

/// A request for newer keys, to be started under the ring's gate.
#[derive(Debug)]
#[must_use = "nothing is fetched until it is started"]
pub struct Fetch(KeyRing);

impl Fetch {
    pub(super) fn of(ring: &KeyRing) -> Self {
        Self(ring.clone())
    }

    /// Starts it: what to send, without following redirects. Nothing if another caller did it meanwhile.
    pub fn start(self, now: Now) -> Option<(Request, Fetching)> {
        let ring = self.0;
        let mut state = ring.state();
        if !state.may_fetch(now) {
            return None;
        }
        state.attempts += 1;
        state.next = now.monotonic.saturating_add(ONE_ATTEMPT_A);
        state.fetching = Some(now.monotonic);
        let attempt = state.attempts;
        drop(state);
        let app = ring.app().clone();
        let fetching = Fetching { ring, attempt, started: now.monotonic, ended: false };
        match RequestTemplate::new(&app, &GetWebhookKeys::new()) {
            Ok(template) => {
                let time = KEYS_TIMEOUT.min(app.config().attempt_timeout);
                let mut request = template.request(&app, None, time);
                // What a cache on the way holds may be older than the signature that is asked about.
                request.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                Some((request, fetching))
            }
            Err(error) => {
                fetching.end(Err(error));
                None
            }
        }
    }

    /// It cannot be started, and this is why: what the rejection of who goes on without newer keys will say.
    pub fn give_up(self, cause: Error) {
        self.0.state().failure = Some(cause);
    }
}

/// Goes on with the answer; dropped without one, the attempt has failed.
#[must_use = "without the answer there are no keys"]
pub struct Fetching {
    ring: KeyRing,
    attempt: u64,
    started: Duration,
    ended: bool,
}

impl Fetching {
    /// Takes the answer.
    pub fn resume(self, outcome: Result<Response, TransportError>, now: Now) {
        self.end(outcome.map_err(Error::from).and_then(|response| Fetched::read(&response, now)));
    }

    fn end(mut self, outcome: Result<Fetched, Error>) {
        self.ended = true;
        let mut state = self.ring.state();
        let is_last = state.attempts == self.attempt;
        if is_last {
            state.fetching = None;
        }
        match outcome {
            Ok(fetched) if state.fetched_by < self.attempt => {
                if fetched.first_hand {
                    state.newest = Some(self.started);
                }
                state.fetched = Some(Arc::new(fetched));
                state.fetched_by = self.attempt;
                state.failure = None;
            }
            Err(error) if is_last => state.failure = Some(error),
            _ => {} // it was given up long ago
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
        state.next = self.started.saturating_add(AFTER_ONE_GIVEN_UP);
        let what = if thread::panicking() {
            "the transport panicked while the keys were fetched"
        } else {
            "the fetch of the keys was given up before an answer came"
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
pub(super) struct State {
    pub(super) fetched: Option<Arc<Fetched>>,
    /// Which attempt brought them; none did where they were restored.
    fetched_by: u64,
    /// When (monotonic) the last attempt was started to which the service itself answered.
    pub(super) newest: Option<Duration>,
    /// How many attempts were started.
    attempts: u64,
    /// When the next may start.
    next: Duration,
    /// When the last one was started, if it has not ended.
    fetching: Option<Duration>,
    /// What came of it, if it failed.
    pub(super) failure: Option<Error>,
}

impl State {
    pub(super) fn may_fetch(&self, now: Now) -> bool {
        !self.is_fetching(now) && now.monotonic >= self.next
    }

    pub(super) fn is_fetching(&self, now: Now) -> bool {
        self.fetching.is_some_and(|at| now.monotonic.saturating_sub(at) < ONE_ATTEMPT_A)
    }

    pub(super) fn is_fresh(&self, now: Now) -> bool {
        self.fetched.as_ref().is_some_and(|fetched| fetched.is_fresh(now))
    }
}
