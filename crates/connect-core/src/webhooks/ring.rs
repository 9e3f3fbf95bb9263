//! The keys deliveries are verified with, fetched when they are needed: one ring a client.
//!
//! ```text
//!   KeyRing::check ──> CheckStep::Fetch(Fetch, Checking) ──┐      Fetch::start ──> (Request, Fetching), or nothing
//!        │                      Checking::resume(now) <──────┘                         Fetching::resume(answer, now)
//!        └──> CheckStep::Done(Result<Verified, Rejection>)
//! ```
//!
//! The rules:
//!
//! * a delivery whose headers are wrong fetches nothing;
//! * keys are good for the `max-age` of the answer (an hour without one, a day at most); while someone fetches newer
//!   ones, the others go on with those there are;
//! * where no signature matches, the keys are fetched once more, since they may have changed;
//! * there is at most one attempt a minute, and who finds one under way waits for it: a driver starts a [`Fetch`]
//!   under a gate of the ring, one at a time;
//! * a fetch that fails leaves the keys as they are; a document that lists no usable key withdraws them all;
//! * a fetch that is dropped half-way counts as none, so the next caller starts its own;
//! * a pinned key is used for as long as no document was ever fetched, and never after.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_types::{GetWebhookKeys, KeyStatus, Safety, WebhookKey, WebhookKeys};
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{PublicKey, Reason, Rejection, Verified, key::PREFIX, verify::Envelope};
use crate::{App, Error, Now, Request, Response, TransportError, answer, wire::Draft};

/// How long a fetch of the keys may take; also how long a driver should wait for the fetch of another caller.
pub const KEYS_TIMEOUT: Duration = Duration::from_secs(10);

const ONE_ATTEMPT_A: Duration = Duration::from_secs(60);
const USUAL_MAX_AGE: Duration = Duration::from_secs(3600);
const LONGEST_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// The public keys of the service. Cheap to clone; clones are the same ring.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    app: App,
    pinned: Option<PublicKey>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fetched: Option<Arc<Fetched>>,
    /// When (monotonic) a fetch was last started.
    attempt: Option<Duration>,
    /// When a fetch that succeeded was started.
    success: Option<Duration>,
    fetching: bool,
    failure: Option<Error>,
}

struct Fetched {
    keys: Vec<ListedKey>,
    /// Until when (monotonic) they are good.
    fresh_until: Duration,
    document: FetchedKeys,
}

struct ListedKey {
    key: PublicKey,
    retires_at: Option<Timestamp>,
}

/// The keys as they were fetched, to be kept by the application and [restored](KeyRing::restore) when it starts: for
/// programs that live shortly and should not fetch each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FetchedKeys {
    /// The service's document.
    pub document: WebhookKeys,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// For how many seconds from then it is good.
    pub max_age: u64,
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
        let envelope = match Envelope::read(headers, now.wall) {
            Ok(envelope) => envelope,
            Err(reason) => return CheckStep::Done(Err(reason.into())),
        };
        let checking = Checking { ring: self.clone(), envelope, body, started: now.monotonic };
        match self.wish(now) {
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
            let age = Duration::try_from(now.wall.duration_since(keys.fetched_at)).unwrap_or(Duration::MAX);
            let left = Duration::from_secs(keys.max_age).min(LONGEST_MAX_AGE).saturating_sub(age);
            let fresh_until = now.monotonic.saturating_add(left);
            state.fetched =
                Some(Arc::new(Fetched { keys: listed(&keys.document), fresh_until, document: keys }));
        }
    }

    /// Whether newer keys are due before those there are are tried.
    fn wish(&self, now: Now) -> Option<Fetch> {
        let state = self.state();
        let fresh = state.fetched.as_ref().is_some_and(|fetched| now.monotonic < fetched.fresh_until);
        (!fresh && state.may_fetch(now)).then(|| Fetch(self.clone()))
    }

    /// Whether there is something to fetch, or to wait for, now that the keys did not fit.
    fn wish_again(&self, now: Now) -> Option<Fetch> {
        let state = self.state();
        (state.fetching || state.may_fetch(now)).then(|| Fetch(self.clone()))
    }

    fn try_keys(&self, envelope: &Envelope<'_>, body: &[u8], now: Timestamp) -> Result<Verified, Reason> {
        let fetched = self.state().fetched.clone();
        match fetched {
            Some(fetched) => {
                let usable = fetched.keys.iter().filter(|key| key.retires_at.is_none_or(|end| now < end));
                envelope.check(body, usable.map(|key| &key.key))?;
            }
            None => envelope.check(body, self.0.pinned.iter())?,
        }
        envelope.open(body)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn may_fetch(&self, now: Now) -> bool {
        self.attempt.is_none_or(|at| now.monotonic.saturating_sub(at) >= ONE_ATTEMPT_A)
    }
}

/// What to do next about a delivery.
#[must_use = "the delivery is verified only when the steps are carried out"]
pub enum CheckStep<'a> {
    /// Carry out the fetch under the ring's gate, then go on, whatever came of it.
    Fetch(Fetch, Checking<'a>),
    /// It is genuine, or it is not.
    Done(Result<Verified, Rejection>),
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

    fn try_keys(self, now: Now, may_fetch: bool) -> CheckStep<'a> {
        let reason = match self.ring.try_keys(&self.envelope, self.body, now.wall) {
            Ok(verified) => return CheckStep::Done(Ok(verified)),
            Err(reason) => reason,
        };
        if !matches!(reason, Reason::NoMatchingSignature | Reason::NoPublicKeys) {
            return CheckStep::Done(Err(reason.into()));
        }
        if let Some(fetch) = may_fetch.then(|| self.ring.wish_again(now)).flatten() {
            return CheckStep::Fetch(fetch, self);
        }
        let state = self.ring.state();
        let newest = state.success.is_some_and(|at| at >= self.started);
        let cause = state.failure.clone().filter(|_| !newest);
        CheckStep::Done(Err(Rejection::new(reason, !newest, cause)))
    }
}

/// The wish for newer keys, to be started under the ring's gate.
#[must_use = "nothing is fetched until it is started"]
pub struct Fetch(KeyRing);

impl Fetch {
    /// Starts it: what to send, without following redirects. Nothing if another caller did it meanwhile.
    pub fn start(self, now: Now) -> Option<(Request, Fetching)> {
        let ring = self.0;
        let mut state = ring.state();
        if state.fetching || !state.may_fetch(now) {
            return None;
        }
        let before = state.attempt.replace(now.monotonic);
        state.fetching = true;
        drop(state);
        let app = ring.0.app.clone();
        let fetching = Fetching { ring, started: now.monotonic, before, ended: false };
        match Draft::new(&app, &GetWebhookKeys::new()) {
            Ok(draft) => {
                let time = KEYS_TIMEOUT.min(app.config().attempt_timeout);
                Some((draft.request(&app, None, time), fetching))
            }
            Err(error) => {
                fetching.end(Err(error));
                None
            }
        }
    }
}

/// Goes on with the answer; dropped without one, it is as if there had been no attempt.
#[must_use = "without the answer there are no keys"]
pub struct Fetching {
    ring: KeyRing,
    started: Duration,
    before: Option<Duration>,
    ended: bool,
}

impl Fetching {
    /// Takes the answer.
    pub fn resume(self, outcome: Result<Response, TransportError>, now: Now) {
        self.end(outcome.map_err(Error::from).and_then(|response| read(&response, now)));
    }

    fn end(mut self, fetched: Result<Fetched, Error>) {
        self.ended = true;
        let mut state = self.ring.state();
        state.fetching = false;
        match fetched {
            Ok(fetched) => {
                state.fetched = Some(Arc::new(fetched));
                state.success = Some(self.started);
                state.failure = None;
            }
            Err(error) => state.failure = Some(error),
        }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if !self.ended {
            let mut state = self.ring.state();
            state.fetching = false;
            state.attempt = self.before;
        }
    }
}

fn read(response: &Response, now: Now) -> Result<Fetched, Error> {
    /// A document without a list says nothing about the keys; an empty list says that there are none.
    #[derive(Deserialize)]
    struct Listed {
        #[serde(rename = "keys")]
        _keys: Vec<IgnoredAny>,
    }
    if !response.status().is_success() {
        return Err(answer::classify(response, None, now.wall));
    }
    let _: Listed = answer::from_json(response.body())?;
    let document: WebhookKeys = answer::decode(response, Safety::Safe)?;
    let max_age = max_age(response.headers());
    Ok(Fetched {
        keys: listed(&document),
        fresh_until: now.monotonic.saturating_add(max_age),
        document: FetchedKeys { document, fetched_at: now.wall, max_age: max_age.as_secs() },
    })
}

/// The keys of a document that can be used; what retires is looked at when they are.
fn listed(document: &WebhookKeys) -> Vec<ListedKey> {
    let key = |listed: &WebhookKey| {
        let alg = listed.alg.as_deref().unwrap_or_default();
        let ours = alg.is_empty() || alg.eq_ignore_ascii_case("ed25519");
        let trusted = match &listed.status {
            None | Some(KeyStatus::Active | KeyStatus::Previous) => true,
            Some(other) => {
                ["active", "previous"].iter().any(|known| other.as_str().eq_ignore_ascii_case(known))
            }
        };
        let text = listed.key.as_deref().filter(|text| text.starts_with(PREFIX) && ours && trusted)?;
        Some(ListedKey { key: text.parse().ok()?, retires_at: listed.retires_at })
    };
    document.keys.iter().filter_map(key).collect()
}

/// For how long the answer is good (RFC 9111 5.2.2.1 and 5.1).
fn max_age(headers: &HeaderMap) -> Duration {
    let texts = || headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = || texts().flat_map(|text| text.split(',')).map(str::trim);
    if directives()
        .any(|directive| ["no-store", "no-cache"].iter().any(|no| directive.eq_ignore_ascii_case(no)))
    {
        return Duration::ZERO;
    }
    let seconds = directives().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let digits = value.trim().trim_matches('"');
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (name.trim().eq_ignore_ascii_case("max-age") && is_number).then(|| digits.parse().unwrap_or(u64::MAX))
    });
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok());
    let whole = seconds.map_or(USUAL_MAX_AGE, Duration::from_secs).min(LONGEST_MAX_AGE);
    whole.saturating_sub(Duration::from_secs(age.unwrap_or(0)))
}
