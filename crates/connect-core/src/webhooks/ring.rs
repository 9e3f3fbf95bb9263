//! The keys deliveries are verified with, fetched when they are needed: one ring a client.
//!
//! ```text
//!   KeyRing::check ──> CheckStep::Fetch(Fetch, Checking) ──┐      Fetch::start ──> (Request, Fetching), or nothing
//!        │                      Checking::resume(now) <──────┘                         Fetching::resume(answer, now)
//!        └──> CheckStep::Done(Result<Verified, Rejection>, Option<Fetch>)
//! ```
//!
//! The rules:
//!
//! * a delivery whose headers are wrong, or hold nothing that could be a signature, fetches nothing;
//! * keys are good for the `max-age` of the answer (an hour without one, a day at most), by both clocks. Where they are
//!   over that and fit all the same, the delivery is decided, and newer ones are fetched behind it;
//! * where no signature matches, the keys are fetched once more, since they may have changed. The last word is only
//!   that of an answer asked for after the delivery came, and given by no cache; else the service should try again;
//! * there is at most one attempt a minute, and who finds one under way waits for it: a driver starts a [`Fetch`]
//!   under a gate of the ring, one at a time. One that is dropped without an answer counts as failed, and two seconds
//!   after its start the next may begin. One that hangs counts for a minute; what it brings later replaces nothing newer;
//! * a fetch that fails leaves the keys as they are. So does a document with entries none of which can be used; one
//!   without entries withdraws all keys;
//! * a pinned key is used for as long as no document was ever fetched, and never after.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use jiff::Timestamp;

use super::{
    Fetch, FetchedKeys, PublicKey, Reason, Rejection, Verified, fetch::State, fetched::Fetched,
    verify::Envelope,
};
use crate::{
    app::App,
    base::{Error, Now},
};

/// The public keys of the service. Cheap to clone; clones are the same ring.
///
/// The clients drive it. Who has neither carries out the steps, with a gate: a lock that one caller at a time holds while
/// it fetches, so that the others wait for its answer.
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
///                 CheckStep::Done(outcome, behind) => {
///                     behind.into_iter().for_each(|fetch| self.fetch(fetch)); // better where nobody waits for it
///                     return outcome;
///                 }
///             };
///         }
///     }
///
///     fn fetch(&self, fetch: Fetch) {
///         let _pass = self.gate.lock().unwrap_or_else(PoisonError::into_inner); // for KEYS_TIMEOUT at most
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
/// # let app = App::new(Config::new("id", "secret", "https://app.example/callback", [7; 32]))?;
///
/// let receiver = Receiver { ring: KeyRing::new(&app)?, gate: Mutex::new(()) };
/// let verified = receiver.verify(&testing::sign("msg_1", "{}", now().wall))?;
/// assert_eq!(&*verified.id, "msg_1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    app: App,
    pinned: Option<PublicKey>,
    state: Mutex<State>,
}

impl KeyRing {
    /// No keys as yet but the pinned one of the application's configuration.
    ///
    /// # Errors
    /// When the pinned key is none.
    pub fn new(app: &App) -> Result<Self, Error> {
        let pinned = app.config().webhook_key.as_deref().map(str::parse).transpose();
        let pinned = pinned
            .map_err(|error| Error::configuration("the pinned webhook key is none").with_source(error))?;
        Ok(Self(Arc::new(Inner { app: app.clone(), pinned, state: Mutex::default() })))
    }

    /// Begins to verify a delivery. The headers are looked at first; keys are fetched only for one that could be
    /// genuine.
    pub fn check<'a>(&self, headers: &'a HeaderMap, body: &'a [u8], now: Now) -> CheckStep<'a> {
        let refused = |reason: Reason| CheckStep::Done(Err(reason.into()), None);
        let envelope = match Envelope::read(headers, now.wall) {
            Ok(envelope) if envelope.is_signed() => envelope,
            Ok(_) => return refused(Reason::NoMatchingSignature),
            Err(reason) => return refused(reason),
        };
        let checking = Checking { ring: self.clone(), envelope, body, started: now.monotonic };
        match self.request_fetch(now, |state, may_fetch| may_fetch && state.fetched.is_none()) {
            Some(fetch) => CheckStep::Fetch(fetch, checking),
            None => checking.try_keys(now, true),
        }
    }

    /// The keys as last fetched, to keep across restarts.
    pub fn fetched(&self) -> Option<FetchedKeys> {
        self.state().fetched.as_ref().map(|fetched| fetched.document.clone())
    }

    /// Takes keys that were kept, unless some were fetched since. They are good for what is left of their time, and
    /// beyond that until newer ones come.
    pub fn restore(&self, keys: FetchedKeys, now: Now) {
        let mut state = self.state();
        if state.fetched.is_none() {
            state.fetched = Fetched::kept(keys, now).map(Arc::new);
        }
    }

    /// A fetch, if that is is_due for in this state, and given whether one may start.
    fn request_fetch(&self, now: Now, is_due: impl FnOnce(&State, bool) -> bool) -> Option<Fetch> {
        let state = self.state();
        is_due(&state, state.may_fetch(now)).then(|| Fetch::of(self))
    }

    fn try_keys(&self, envelope: &mut Envelope<'_>, body: &[u8], now: Timestamp) -> Result<Verified, Reason> {
        let fetched = self.state().fetched.clone();
        match fetched {
            Some(fetched) => envelope.check(body, fetched.keys(now))?,
            None => envelope.check(body, self.0.pinned.iter())?,
        }
        envelope.open(body)
    }

    pub(super) fn app(&self) -> &App {
        &self.0.app
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("fetched", &self.fetched()).finish_non_exhaustive()
    }
}

/// What to do next about a delivery.
///
/// Exhaustive on purpose: a driver that leaves out a step does not compile.
#[derive(Debug)]
#[must_use = "the delivery is verified only when the steps are carried out"]
pub enum CheckStep<'a> {
    /// Carry out the fetch under the ring's gate, then go on, whatever came of it.
    Fetch(Fetch, Checking<'a>),
    /// It is genuine, or it is not. Where there is a fetch, newer keys are due: carry it out as well, but let the
    /// delivery not wait for it.
    Done(Result<Verified, Rejection>, Option<Fetch>),
}

/// Goes on when the keys were fetched.
pub struct Checking<'a> {
    ring: KeyRing,
    envelope: Envelope<'a>,
    body: &'a [u8],
    started: Duration,
}

impl<'a> Checking<'a> {
    /// Goes on with the keys there are now.
    pub fn resume(self, now: Now) -> CheckStep<'a> {
        self.try_keys(now, false)
    }

    fn try_keys(mut self, now: Now, may_wait: bool) -> CheckStep<'a> {
        let outcome = self.ring.try_keys(&mut self.envelope, self.body, now.wall);
        let reason = match outcome {
            Err(reason @ (Reason::NoMatchingSignature | Reason::NoPublicKeys)) => reason,
            decided => {
                let behind =
                    self.ring.request_fetch(now, |state, may_fetch| may_fetch && !state.is_fresh(now));
                return CheckStep::Done(decided.map_err(Rejection::from), behind);
            }
        };
        let is_due = |state: &State, may_fetch| may_wait && (may_fetch || state.is_fetching(now));
        if let Some(fetch) = self.ring.request_fetch(now, is_due) {
            return CheckStep::Fetch(fetch, self);
        }
        let state = self.ring.state();
        let is_last_word = state.newest.is_some_and(|at| at >= self.started);
        let cause = state.failure.clone().filter(|_| !is_last_word);
        CheckStep::Done(Err(Rejection::new(reason, !is_last_word, cause)), None)
    }
}

/// Without the body, which is private.
impl fmt::Debug for Checking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checking").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}
