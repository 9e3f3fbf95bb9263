//! The key ring: the public keys of the service, fetched when a delivery needs them.
//!
//! ```text
//!  KeyRing::check ──> CheckStep::Fetch(Fetch, Checking) ──┐  Fetch::start ──> (Request, Fetching) or None
//!       │                      Checking::resume(now) <────┘          Fetching::resume(response, now)
//!       └──> CheckStep::Done(Result<Verified, Rejection>, Option<Fetch>)
//! ```
//!
//! The rules:
//!
//! * A delivery starts no fetch if its headers are invalid, or if they contain no well-formed signature.
//! * Fetched keys are valid for the `max-age` of the response, but for at most a day. If the response has no
//!   `max-age`, its keys are valid for an hour. Keys expire when this time has passed on the wall clock or on
//!   the monotonic clock. If a signature matches an expired key, the delivery is verified, and newer keys are
//!   fetched in the background.
//! * If no signature matches, the keys are fetched once more, because they may have changed. If no signature
//!   matches the fetched keys either, the delivery is refused: with 401 if the keys came from the service
//!   itself (not from a cache) by a fetch that started after the delivery arrived; otherwise with 503, so
//!   that the service sends the delivery again.
//! * There is at most one fetch a minute. A driver holds a lock, the fetch lock, while it starts and runs a
//!   [`Fetch`]. Other callers wait for a fetch that is running.
//! * A fetch that is dropped before its response counts as failed. The next fetch may start two
//!   seconds after the start of the dropped fetch.
//! * A fetch that hangs prevents other fetches for a minute. The late response of such a fetch
//!   never replaces newer keys.
//! * If a fetch fails, or if no entry of the fetched document is usable, the ring does not change its keys. A
//!   document without entries removes all keys.
//! * The pinned key is used until the first document is fetched, and never afterwards.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_types::webhooks::{PublicKey, Reason, TOLERANCE, UnverifiedDelivery, Verified};
use http::HeaderMap;
use jiff::Timestamp;

use super::{Fetch, FetchedKeys, Rejection, fetch::FetchState, fetched::KeySet, signed_delivery};
use crate::{
    app::App,
    base::{Error, Now},
};

/// The public keys of the service. Clones are cheap and share the keys.
///
/// The clients drive the ring. A program without a client carries out the steps itself. The program needs a
/// fetch lock. One caller at a time holds the lock during a fetch, and other callers wait.
///
/// ```
/// use std::{sync::{Mutex, PoisonError}, time::Duration};
/// use connect_core::{App, Config, Request, Response, TransportError, machine::Now};
/// use connect_core::webhooks::{CheckStep, Fetch, KeyRing, Rejection, Verified, testing};
///
/// struct Receiver {
///     ring: KeyRing,
///     gate: Mutex<()>,
/// }
///
/// impl Receiver {
///     fn verify(&self, delivery: &Request) -> Result<Verified, Rejection> {
///         let mut step = self.ring.check(delivery.headers(), delivery.body(), now());
///         loop {
///             step = match step {
///                 CheckStep::Fetch(fetch, next) => {
///                     self.fetch(fetch);
///                     next.resume(now())
///                 }
///                 CheckStep::Done(outcome, background) => {
///                     background.into_iter().for_each(|fetch| self.fetch(fetch));
///                     return outcome;
///                 }
///             };
///         }
///     }
///
///     fn fetch(&self, fetch: Fetch) {
///         let _guard = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
///         if let Some((request, next)) = fetch.start(now()) {
///             next.resume(send(request), now());
///         }
///     }
/// }
/// # fn now() -> Now {
/// #     Now { wall: "2026-11-21T10:00:00Z".parse().unwrap(), monotonic: Duration::ZERO }
/// # }
/// # fn send(_: Request) -> Result<Response, TransportError> {
/// #     Ok(Response::new(format!(r#"{{"keys": [{{"key": "{}"}}]}}"#, testing::public_key()).into()))
/// # }
/// # let app = App::new(Config::new("id", "secret", [7; 32]))?;
///
/// let receiver = Receiver { ring: KeyRing::new(&app)?, gate: Mutex::new(()) };
/// let verified = receiver.verify(&testing::sign("msg_1", "{}", now().wall))?;
/// assert_eq!(&*verified.id, "msg_1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<RingInner>);

struct RingInner {
    app: App,
    pinned: Option<PublicKey>,
    state: Mutex<FetchState>,
}

impl KeyRing {
    /// Creates a ring without fetched keys, with the pinned key of the application's configuration, if any.
    ///
    /// # Errors
    /// If the pinned key is not a valid [`PublicKey`].
    pub fn new(app: &App) -> Result<Self, Error> {
        let pinned = app.config().webhook_key.as_deref().map(str::parse).transpose();
        let pinned = pinned.map_err(|error| {
            Error::configuration("the pinned webhook key is not a valid public key (expected `whpk_..`)")
                .with_source(error)
        })?;
        Ok(Self(Arc::new(RingInner { app: app.clone(), pinned, state: Mutex::default() })))
    }

    /// Starts to verify a delivery. Requests a fetch of keys only if the headers are well-formed.
    pub fn check<'a>(&self, headers: &'a HeaderMap, body: &'a [u8], now: Now) -> CheckStep<'a> {
        let refused = |reason: Reason| CheckStep::Done(Err(reason.into()), None);
        let received = signed_delivery(headers, body);
        let delivery = match received.and_then(|received| received.check_headers(now.wall, TOLERANCE)) {
            Ok(delivery) if delivery.is_signed() => delivery,
            Ok(_) => return refused(Reason::NoMatchingSignature),
            Err(reason) => return refused(reason),
        };
        let checking = Checking { ring: self.clone(), delivery, started: now.monotonic };
        match self.request_fetch(now, |state, may_fetch| may_fetch && state.fetched.is_none()) {
            Some(fetch) => CheckStep::Fetch(fetch, checking),
            None => checking.try_keys(now, true),
        }
    }

    /// Returns the last fetched keys, for the application to store across restarts.
    pub fn fetched(&self) -> Option<FetchedKeys> {
        self.state().fetched.as_ref().map(|fetched| fetched.document.clone())
    }

    /// Sets stored keys, unless the ring already has fetched or stored keys.
    ///
    /// Expired keys are used until newer keys are fetched.
    pub fn restore(&self, keys: FetchedKeys, now: Now) {
        let mut state = self.state();
        if state.fetched.is_none() {
            state.fetched = KeySet::restored(keys, now).map(Arc::new);
        }
    }

    /// Returns a fetch if `is_due` returns true.
    ///
    /// `is_due` is called with the state, and with true if a fetch may start now.
    fn request_fetch(&self, now: Now, is_due: impl FnOnce(&FetchState, bool) -> bool) -> Option<Fetch> {
        let state = self.state();
        is_due(&state, state.may_fetch(now)).then(|| Fetch::of(self))
    }

    fn try_keys(&self, delivery: &mut UnverifiedDelivery<'_>, now: Timestamp) -> Result<Verified, Reason> {
        let fetched = self.state().fetched.clone();
        match fetched {
            Some(fetched) => delivery.verify(fetched.keys(now)),
            None => delivery.verify(&self.0.pinned),
        }
    }

    pub(super) fn app(&self) -> &App {
        &self.0.app
    }

    pub(super) fn state(&self) -> MutexGuard<'_, FetchState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("fetched", &self.fetched()).finish_non_exhaustive()
    }
}

/// The next step of verifying a delivery.
///
/// The enum is exhaustive on purpose: a driver that omits a step does not compile.
#[derive(Debug)]
#[must_use = "the delivery is verified only when the steps are carried out"]
pub enum CheckStep<'a> {
    /// Carry out the fetch while you hold the fetch lock. Then call [`Checking::resume`], even if the fetch
    /// failed.
    Fetch(Fetch, Checking<'a>),
    /// The result, and a fetch if newer keys are needed. Carry out the fetch without delaying the
    /// delivery.
    Done(Result<Verified, Rejection>, Option<Fetch>),
}

/// A delivery that waits for a fetch of the keys.
#[derive(Debug)]
pub struct Checking<'a> {
    ring: KeyRing,
    delivery: UnverifiedDelivery<'a>,
    started: Duration,
}

impl<'a> Checking<'a> {
    /// Continues with the keys that the ring has now.
    pub fn resume(self, now: Now) -> CheckStep<'a> {
        self.try_keys(now, false)
    }

    fn try_keys(mut self, now: Now, may_wait: bool) -> CheckStep<'a> {
        let outcome = self.ring.try_keys(&mut self.delivery, now.wall);
        let reason = match outcome {
            Err(reason @ (Reason::NoMatchingSignature | Reason::NoPublicKeys)) => reason,
            decided => {
                let background =
                    self.ring.request_fetch(now, |state, may_fetch| may_fetch && !state.is_fresh(now));
                return CheckStep::Done(decided.map_err(Rejection::from), background);
            }
        };
        let is_due = |state: &FetchState, may_fetch| may_wait && (may_fetch || state.is_fetching(now));
        if let Some(fetch) = self.ring.request_fetch(now, is_due) {
            return CheckStep::Fetch(fetch, self);
        }
        let state = self.ring.state();
        let is_final = state.last_origin_fetch.is_some_and(|at| at >= self.started);
        let cause = state.failure.clone().filter(|_| !is_final);
        CheckStep::Done(Err(Rejection::new(reason, !is_final, cause)), None)
    }
}
