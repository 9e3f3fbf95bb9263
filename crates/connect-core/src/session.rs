//! One signed-in user in this process: which tokens are in use, and who may do what about them.
//!
//! A session counts *generations*: every pair that comes into use is one more. A call notes the generation it
//! used, so an answer that comes late says nothing about the pair in use by then. It counts *rounds* as well:
//! whoever asks for a refresh notes how many had ended, so that who waited for one shares its outcome,
//! success or failure, and does not start another.
//!
//! A pair that the server handed out is *pending* until it is saved, and only then in use.
//!
//! Of two pairs of one sign-in the older never replaces the newer, wherever it comes from: a store may come back with an
//! older record. Their revisions decide which is the older, or the server's clock in both access tokens, never a
//! machine's; where neither decides, the stored pair counts as the newer. A refusal ends a session only where the
//! authorization server means it for good; otherwise the stored pair is marked and stays.
//!
//! The state is under one mutex that is never held across input or output. Waiting for a refresh is the
//! driver's affair; deciding is done here.

mod exchange;
mod leader;
mod lock_wait;
mod pending;
mod registry;
mod sign_out;
mod steps;
mod task;
mod trace;

pub use registry::{Member, Registry};
pub use steps::{
    Deleting, Exchanging, Loading, Locked, Locking, MAX_TASKS_AT_ONCE, Preparing, RefreshStep, Releasing,
    Resting, Saving,
};
pub(crate) use task::Reason;
pub use task::TokenTask;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_types::Scope;
use http::HeaderValue;

use crate::{
    app::App,
    base::{Error, ErrorKind, Now, Sent},
    session::pending::{Origin, Pending, is_same_or_older, same_pair},
    tokens::{TokenKey, Tokens},
};

/// A pair is refreshed this long before its end, or half its life before if that is less.
const EARLY: Duration = Duration::from_secs(60);
/// No early try for this long after one failed; no refresh of a pair no call has succeeded with before it is
/// this old.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// No server keeps a pair from being refreshed early for longer than this.
pub(crate) const LONGEST_PATIENCE: Duration = Duration::from_secs(3600);

/// One signed-in user. Shared by all handles of that user in a process.
pub struct Session {
    app: App,
    key: TokenKey,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) generation: u64,
    pub(crate) current: Option<Current>,
    pub(crate) pending: Option<Pending>,
    /// How often the user signed in: a refresh that began before the last time has nothing to say.
    pub(crate) sign_ins: u64,
    pub(crate) rounds: u64,
    pub(crate) failure: Option<Failure>,
    /// The sign-outs that have begun.
    pub(crate) sign_outs: u64,
    /// The last sign-out that ended: its number and its outcome, for the callers that waited meanwhile.
    pub(crate) signed_out: Option<(u64, Result<(), Error>)>,
    pub(crate) leading: bool,
    /// Whether a call is on its way to lead an early refresh.
    pub(crate) early_wish: bool,
    pub(crate) no_early_before: Duration,
    pub(crate) ended: Option<Ended>,
}

/// The pair in use.
pub(crate) struct Current {
    pub(crate) tokens: Tokens,
    bearer: Option<HeaderValue>,
    /// When (monotonic) this process minted it, if it did.
    minted: Option<Duration>,
    /// Until when (monotonic) it is not refreshed again unless a call has succeeded with it.
    patient_until: Duration,
    /// Whether a call has succeeded with it.
    proven: bool,
    /// When (monotonic) its refresh token was refused here for a reason that may pass.
    pub(crate) refused_at: Option<Duration>,
    /// Whether its refresh token was sent for an exchange whose answer never came.
    pub(crate) fate_unknown: bool,
    /// When (monotonic) that was.
    pub(crate) doubted_at: Duration,
}

pub(crate) struct Failure {
    pub(crate) round: u64,
    pub(crate) generation: u64,
    pub(crate) error: Error,
}

/// A session that is over.
pub(crate) struct Ended {
    /// The pairs that must not bring it back: they were refused or revoked.
    over: Vec<Tokens>,
    /// The pair that was in use when the store held none any more: it may come back, unless the user signs out here.
    gone: Option<Tokens>,
    /// Whether the user signed out: then no pair of those sign-ins brings it back.
    by_sign_out: bool,
    pub(crate) error: Error,
}

/// What a call is to do next about its bearer token.
pub(crate) enum Plan {
    Use { generation: u64, bearer: HeaderValue },
    Refresh(TokenTask),
    Fail(Error),
}

/// What a call has already been through.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tried {
    /// The generation that got a 401 which asks for a refresh.
    pub(crate) unauthorized: Option<u64>,
    /// Whether this call has refreshed ahead of the server's 401 already.
    pub(crate) ahead: bool,
}

/// What a 401 means.
pub(crate) enum Verdict {
    /// Another pair is in use by now: send again with it.
    Again,
    Refresh,
    /// Another process seems to have minted the pair just now: send again after this time. It is not refreshed before,
    /// and by then it is known whether it is new, or only the clock of that process is wrong.
    Wait(Duration),
    /// The pair that this process has just minted is not accepted.
    Fail,
}

enum Freshness {
    Fresh,
    Early,
    Expired,
}

impl Session {
    /// The session of a user, without tokens as yet: they are loaded when first needed.
    pub fn new(app: App, user: &str) -> Arc<Self> {
        let key = app.token_key(user);
        Arc::new(Self { app, key, state: Mutex::default() })
    }

    /// The application it belongs to.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Whose it is.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Whether the server handed out a pair that could not be saved yet.
    pub fn has_pending(&self) -> bool {
        self.state().pending.is_some()
    }

    /// The tokens in use: they are in the store.
    ///
    /// # Errors
    /// When none are loaded, or the session has ended.
    pub fn tokens(&self) -> Result<Tokens, Error> {
        let state = self.state();
        match (&state.current, &state.ended) {
            (Some(current), _) => Ok(current.tokens.clone()),
            (None, Some(ended)) => Err(ended.error.clone()),
            (None, None) => Err(Error::authentication("no tokens are loaded for this user")),
        }
    }

    /// The tokens in use unless they are over, if they were minted within `max_age` before they were `asked` for, or since;
    /// or if they cannot be exchanged as long as they work: see [`refresh`](Self::refresh).
    pub fn tokens_within(&self, max_age: Duration, asked: Now) -> Option<Tokens> {
        let state = self.state();
        let current = state.current.as_ref()?;
        let tokens = &current.tokens;
        // Whatever a clock that jumps says of a pair that this process has minted since, it is not exchanged again.
        let is_new = current.minted.is_some_and(|at| at >= asked.monotonic);
        let is_recent =
            tokens.issued_at.is_some_and(|at| asked.wall.duration_since(at).unsigned_abs() <= max_age)
                && tokens.remaining(asked.wall) != Some(Duration::ZERO);
        state.is_in_doubt(asked).unwrap_or(is_new || is_recent).then(|| tokens.clone())
    }

    /// Whether nothing would be lost with this value: all its tokens are in the store.
    pub fn is_clean(&self) -> bool {
        let state = self.state();
        state.pending.is_none()
            && !state.leading
            && !state.current.as_ref().is_some_and(|pair| pair.fate_unknown)
    }

    /// A request to save the pending pair, if there is one: for an orderly end.
    pub fn settle(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        state.pending.is_some().then(|| self.wish(&state, Reason::Settle, deadline))
    }

    /// What has to come before a refresh that is asked for: tokens that are not in memory are loaded, a pair
    /// that is not saved is saved. `None` when nothing has to.
    pub fn before_refresh(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        let reason = match (&state.pending, &state.current) {
            (Some(_), _) => Reason::Settle,
            (None, None) => Reason::Absent,
            (None, Some(_)) => return None,
        };
        Some(self.wish(&state, reason, deadline))
    }

    /// A refresh that is asked for, whatever the clock says of the pair in use. An error where the answer to an
    /// earlier exchange was lost: its refresh token is not sent again before the access token has failed, or is over.
    pub fn refresh(self: &Arc<Self>, now: Now, deadline: Duration) -> Result<TokenTask, Error> {
        let state = self.state();
        if state.is_in_doubt(now) == Some(true) {
            let text =
                "the answer to the last refresh was lost; calls go on with the tokens as long as they work";
            return Err(Error::new(ErrorKind::Network { sent: Sent::Maybe }).with_message(text));
        }
        Ok(self.wish(&state, Reason::Unauthorized, deadline))
    }

    /// Ends the session: the server first (RFC 7009), then the store, whatever the server said. A sign-out that begins
    /// after this request and before this task serves both.
    pub fn sign_out(self: &Arc<Self>, deadline: Duration) -> TokenTask {
        self.wish(&self.state(), Reason::SignOut, deadline)
    }

    fn wish(self: &Arc<Self>, state: &State, reason: Reason, deadline: Duration) -> TokenTask {
        TokenTask::new(self, state, reason, deadline)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call does next about its token.
    pub(crate) fn plan(self: &Arc<Self>, tried: Tried, now: Now, deadline: Duration) -> Plan {
        let mut state = self.state();
        let generation = state.generation;
        let refresh = |state: &State, reason| Plan::Refresh(self.wish(state, reason, deadline));
        if state.pending.is_some() && !(state.leading && state.works(tried, now)) {
            return refresh(&state, Reason::Settle);
        }
        let Some(current) = &state.current else { return refresh(&state, Reason::Absent) };
        if tried.unauthorized == Some(generation) {
            return refresh(&state, Reason::Unauthorized);
        }
        match current.freshness(now) {
            Freshness::Expired if !tried.ahead => return refresh(&state, Reason::Expired),
            Freshness::Early if !tried.ahead && state.may_go_early(now) => {
                state.early_wish = true; // the others go on with the pair that still works
                return refresh(&state, Reason::Early);
            }
            _ => {}
        }
        match &current.bearer {
            Some(bearer) => Plan::Use { generation, bearer: bearer.clone() },
            None => Plan::Fail(Error::authentication("the access token does not fit into a header")),
        }
    }

    /// A call succeeded with this generation.
    pub(crate) fn prove(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            if let Some(current) = &mut state.current {
                current.proven = true;
            }
        }
    }

    /// What a 401 for this generation means.
    pub(crate) fn unauthorized(&self, generation: u64, now: Now) -> Verdict {
        let state = self.state();
        if state.generation != generation || state.pending.is_some() {
            return Verdict::Again;
        }
        match &state.current {
            None => Verdict::Again,
            Some(current) => match current.patient_until.saturating_sub(now.monotonic) {
                wait if wait.is_zero() || current.proven => Verdict::Refresh,
                _ if current.minted.is_some() => Verdict::Fail,
                wait => Verdict::Wait(wait),
            },
        }
    }

    /// Whether the pair in use was minted by this process.
    pub(crate) fn has_minted(&self) -> bool {
        self.state().current.as_ref().is_some_and(|current| current.minted.is_some())
    }

    /// Whether there is a saved pair to go on with.
    pub(crate) fn is_usable(&self) -> bool {
        let state = self.state();
        state.current.is_some() && state.pending.is_none()
    }

    /// Whether the scope in use is known not to cover what a call needs.
    pub(crate) fn lacks(&self, needed: &Scope) -> bool {
        let state = self.state();
        state
            .current
            .as_ref()
            .and_then(|current| current.tokens.scope.as_ref())
            .is_some_and(|has| !has.covers(needed))
    }
}

impl State {
    /// Takes a pair into use that is in the store.
    pub(crate) fn adopt(&mut self, tokens: Tokens, origin: Origin) {
        self.generation += 1;
        self.ended = None;
        self.failure = None;
        self.no_early_before = Duration::ZERO;
        self.current = Some(Current::new(tokens, origin));
    }

    /// What ended the session that these tokens belonged to, if it is over: a pair that was refused does not come back, nor
    /// does an older one of its sign-in, such as from a restored backup; after a sign-out, nor does any other pair of that
    /// sign-in or of an older one.
    pub(crate) fn ended_with(&self, tokens: &Tokens) -> Option<Error> {
        let ended = self.ended.as_ref()?;
        let is_over = |known: &Tokens| {
            is_same_or_older(tokens, known)
                || ended.by_sign_out && (tokens.is_older_than(known) || tokens.shares_sign_in_with(known))
        };
        ended.over.iter().any(is_over).then(|| ended.error.clone())
    }

    /// Ends the session: the store holds no tokens any more.
    pub(crate) fn end_gone(&mut self, error: Error) {
        let gone = self.current.take().map(|current| current.tokens);
        let before = self.end(Vec::new(), error);
        if let Some(ended) = &mut self.ended {
            ended.gone = gone.or(before);
        }
    }

    /// Ends the session: the server refused these tokens.
    pub(crate) fn end_refused(&mut self, tokens: Tokens, error: Error) {
        self.end(vec![tokens], error);
    }

    /// Ends the session at the user's request.
    pub(crate) fn end_by_sign_out(&mut self, tokens: Vec<Tokens>) {
        self.sign_ins += 1; // a refresh that is under way has nothing to say any more
        let gone = self.end(tokens, Error::authentication("the user has signed out"));
        if let Some(ended) = &mut self.ended {
            ended.over.extend(gone);
            ended.by_sign_out = true;
        }
    }

    /// Adds to the pairs that had ended before, and returns the one that the store no longer held.
    fn end(&mut self, mut over: Vec<Tokens>, error: Error) -> Option<Tokens> {
        self.current = None;
        self.pending = None;
        self.generation += 1;
        let (mut gone, mut by_sign_out) = (None, false);
        if let Some(before) = self.ended.take() {
            (gone, by_sign_out) = (before.gone, before.by_sign_out);
            let is_new = |known: &Tokens| !over.iter().any(|tokens| same_pair(Some(tokens), known));
            let before: Vec<_> = before.over.into_iter().filter(is_new).collect();
            over.extend(before);
        }
        self.ended = Some(Ended { over, gone: None, by_sign_out, error });
        gone
    }

    /// The pair in use.
    pub(crate) fn tokens(&self) -> Option<&Tokens> {
        self.current.as_ref().map(|current| &current.tokens)
    }

    /// Whether the pair in use is good enough while a leader saves the next one.
    fn works(&self, tried: Tried, now: Now) -> bool {
        tried.unauthorized != Some(self.generation) && self.current.is_some() && !self.is_expired(now)
    }

    fn may_go_early(&self, now: Now) -> bool {
        !self.leading && !self.early_wish && now.monotonic >= self.no_early_before
    }

    /// Where the refresh token in use was sent for an exchange whose answer never came: whether the access token may still
    /// work. By no clock but this machine's count of time, and so by the token's whole life after that exchange.
    fn is_in_doubt(&self, now: Now) -> Option<bool> {
        let current = self.current.as_ref().filter(|current| current.fate_unknown)?;
        let life = current.tokens.lifetime().unwrap_or(LONGEST_PATIENCE);
        Some(now.monotonic.saturating_sub(current.doubted_at) < life)
    }

    /// Whether the pair in use is over by the clock.
    pub(crate) fn is_expired(&self, now: Now) -> bool {
        self.current.as_ref().is_some_and(|current| matches!(current.freshness(now), Freshness::Expired))
    }
}

impl Current {
    fn new(tokens: Tokens, origin: Origin) -> Self {
        let bearer = HeaderValue::try_from(format!("Bearer {}", tokens.access_token.expose())).ok().map(
            |mut value| {
                value.set_sensitive(true);
                value
            },
        );
        let (minted, patient_until) = match origin {
            Origin::Loaded => (None, Duration::ZERO),
            Origin::Taken(now) => {
                let young = tokens.age(now.wall).map_or(Duration::ZERO, |age| PATIENCE.saturating_sub(age));
                (None, if young.is_zero() { young } else { now.monotonic.saturating_add(young) })
            }
            Origin::SignIn(at) => (Some(at), Duration::ZERO),
            Origin::Refresh(at) => (Some(at), at.saturating_add(PATIENCE)),
        };
        Self {
            tokens,
            bearer,
            minted,
            patient_until,
            proven: false,
            refused_at: None,
            fate_unknown: false,
            doubted_at: Duration::ZERO,
        }
    }

    fn freshness(&self, now: Now) -> Freshness {
        let Some(remaining) = self.tokens.remaining(now.wall) else { return Freshness::Fresh };
        // When the fate of the refresh token is unknown, only the server's 401 is reason enough to send it again.
        if self.tokens.refresh_token.is_none() || self.fate_unknown {
            return Freshness::Fresh;
        }
        let half = self.tokens.lifetime().map(|lifetime| lifetime / 2);
        let age = self.minted.map(|minted| now.monotonic.saturating_sub(minted));
        if age.zip(half).is_some_and(|(age, half)| age < half) {
            return Freshness::Fresh;
        }
        if remaining.is_zero() {
            Freshness::Expired
        } else if remaining <= half.map_or(EARLY, |half| half.min(EARLY)) {
            Freshness::Early
        } else {
            Freshness::Fresh
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Session")
            .field("key", &self.key)
            .field("generation", &state.generation)
            .field("signed_in", &state.current.is_some())
            .field("pending", &state.pending.is_some())
            .finish_non_exhaustive()
    }
}
