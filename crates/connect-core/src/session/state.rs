//! The state of a session and all its transitions. No other file changes the state.
//!
//! *Generation*: a counter that increases when another pair is put into use and when the session ends. A call
//! remembers the generation that it used, so a late response does not affect a newer pair.
//!
//! *Round*: one refresh task, from start to end. A caller remembers how many rounds had ended when it
//! requested a refresh. If a round ends while the caller waits, the caller gets the outcome of that round
//! (success or failure) and starts no other round.
//!
//! *Pending pair*: a pair that the server has issued and that is not saved yet. The pair is not
//! used before it is saved.
//!
//! Of two pairs of one sign-in, the older never replaces the newer, even if the store returns the
//! older one (for example from a restored backup). The revisions decide which pair is older.
//! Without revisions, the issue and expiry times inside the access tokens decide, never a local
//! clock. If neither the revisions nor the times decide, the stored pair is treated as newer.
//!
//! A refused refresh token ends the session only if the refusal is final. After a refusal that may be
//! temporary, the stored pair is marked as refused, not deleted.

use std::time::Duration;

use connect_types::Scope;
use http::HeaderValue;
use jiff::Timestamp;

use crate::{
    base::{Error, Now},
    session::{
        TaskReason,
        pending::{PairOrigin, Pending, Replaceable, is_same_or_older, same_pair},
    },
    tokens::{Refused, Tokens},
};

/// The maximum length of the early window, which is at most half the lifetime of the access token.
const REFRESH_AHEAD: Duration = Duration::from_secs(60);
/// The minimum time from a failed early refresh to the next early refresh.
///
/// This time is also the minimum age at which a pair from a refresh is refreshed again after a 401, unless a
/// call has already succeeded with the pair.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(10);
/// The maximum back-off of early refreshes, even if the `Retry-After` of the server is longer.
const MAX_REFRESH_INTERVAL: Duration = Duration::from_secs(3600);

#[derive(Default)]
pub(super) struct SessionState {
    generation: u64,
    current: Option<Current>,
    /// Boxed, because idle sessions have no pending pair.
    pending: Option<Box<Pending>>,
    /// The number of sign-ins and sign-outs so far. A refresh that began at a lower number must not change
    /// the state.
    sign_ins: u64,
    rounds: u64,
    failure: Option<Failure>,
    /// The number of sign-outs that have begun.
    sign_outs: u64,
    /// The number and the outcome of the last sign-out that ended, for the callers that waited for it.
    signed_out: Option<(u64, Result<(), Error>)>,
    /// Whether a leader is running.
    leading: bool,
    /// Whether a call has requested an early refresh that has not started.
    early_refresh_requested: bool,
    no_early_before: Duration,
    ended: Option<Box<Ended>>,
}

/// The pair in use.
struct Current {
    tokens: Tokens,
    bearer: Option<HeaderValue>,
    /// The (monotonic) time at which the server issued the pair to this process. A pair from the
    /// store has `None`.
    minted: Option<Duration>,
    /// Before this (monotonic) time, a 401 causes no refresh unless a call has succeeded with the pair.
    no_refresh_before: Duration,
    /// Whether a call has succeeded with the pair.
    proven: bool,
    /// The (monotonic) time at which this process received a temporary refusal of the refresh token.
    refused_at: Option<Duration>,
    /// Whether the response to an exchange of the refresh token was lost, so the token may be used up.
    fate_unknown: bool,
    /// The (monotonic) time at which `fate_unknown` was set.
    fate_unknown_since: Duration,
}

/// The last failed round.
struct Failure {
    round: u64,
    generation: u64,
    error: Error,
}

/// The end of a session.
struct Ended {
    /// The refused or revoked pairs: the session must not use them again.
    barred: Vec<Tokens>,
    /// The pair that was in use when the store was found empty. The pair may be used again, unless the user
    /// signs out.
    gone: Option<Tokens>,
    /// Whether the user has signed out. If so, no pair from the sign-in of a barred pair, or from an earlier
    /// sign-in, may be used again.
    by_sign_out: bool,
    error: Error,
}

/// The next action of a call: use the pair of a generation, refresh first, or fail.
pub(super) enum TokenDecision {
    Use { generation: u64, bearer: HeaderValue },
    Refresh(TaskReason),
    Fail(Error),
}

/// What a call has already tried.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tried {
    /// The generation of the pair that the server refused with a 401 and that has to be refreshed.
    pub(crate) unauthorized: Option<u64>,
    /// Whether this call has already requested a refresh because of the expiry time.
    pub(crate) ahead: bool,
}

/// What a call does after a 401.
pub(crate) enum Verdict {
    /// Send the request again, because another pair is in use or pending.
    Again,
    /// Refresh the tokens.
    Refresh,
    /// Send the request again after this time, without a refresh. Another process obtained the pair a few
    /// seconds ago, according to the pair's timestamp. If the timestamp is wrong, the next 401 causes a
    /// refresh.
    Wait(Duration),
    /// Fail, because this process has just received the pair, and another refresh would not help.
    Fail,
}

enum Freshness {
    Fresh,
    Early,
    Expired,
}

/// The counters at the start of a task. Comparing them later shows whether the session has changed.
#[derive(Clone, Copy)]
pub(super) struct StartPoint {
    pub(super) generation: u64,
    pub(super) sign_ins: u64,
}

/// The transitions that calls make.
impl SessionState {
    pub(super) fn plan(&mut self, tried: Tried, now: Now) -> TokenDecision {
        let generation = self.generation;
        if self.pending.is_some() && !(self.leading && self.can_use_current(tried, now)) {
            return TokenDecision::Refresh(TaskReason::FlushPending);
        }
        let Some(current) = &self.current else { return TokenDecision::Refresh(TaskReason::Absent) };
        if tried.unauthorized == Some(generation) {
            return TokenDecision::Refresh(TaskReason::Unauthorized);
        }
        match current.freshness(now) {
            Freshness::Expired if !tried.ahead => return TokenDecision::Refresh(TaskReason::Expired),
            Freshness::Early if !tried.ahead && self.may_refresh_early(now) => {
                self.early_refresh_requested = true; // other calls go on with the current pair
                return TokenDecision::Refresh(TaskReason::Early);
            }
            _ => {}
        }
        match &current.bearer {
            Some(bearer) => TokenDecision::Use { generation, bearer: bearer.clone() },
            None => TokenDecision::Fail(Error::authentication(
                "the access token has characters that are not allowed in a header",
            )),
        }
    }

    /// Records that a call succeeded with the pair of `generation`.
    pub(super) fn mark_proven(&mut self, generation: u64) {
        if self.generation == generation {
            if let Some(current) = &mut self.current {
                current.proven = true;
            }
        }
    }

    /// Returns what a call does after a 401 for the pair of `generation`.
    pub(super) fn unauthorized(&self, generation: u64, now: Now) -> Verdict {
        if self.generation != generation || self.pending.is_some() {
            return Verdict::Again;
        }
        match &self.current {
            None => Verdict::Again,
            Some(current) => match current.no_refresh_before.saturating_sub(now.monotonic) {
                wait if wait.is_zero() || current.proven => Verdict::Refresh,
                _ if current.minted.is_some() => Verdict::Fail,
                wait => Verdict::Wait(wait),
            },
        }
    }

    /// Returns whether a call can use the current pair while a leader saves the pending pair.
    fn can_use_current(&self, tried: Tried, now: Now) -> bool {
        tried.unauthorized != Some(self.generation) && self.current.is_some() && !self.is_expired(now)
    }

    fn may_refresh_early(&self, now: Now) -> bool {
        !self.leading && !self.early_refresh_requested && now.monotonic >= self.no_early_before
    }
}

/// Queries.
impl SessionState {
    /// Returns the pair in use.
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.current.as_ref().map(|current| &current.tokens)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn start_point(&self) -> StartPoint {
        StartPoint { generation: self.generation, sign_ins: self.sign_ins }
    }

    /// Returns whether the user has signed in or out since the start point `since`.
    pub(super) fn is_superseded(&self, since: StartPoint) -> bool {
        self.sign_ins != since.sign_ins
    }

    pub(super) fn pending(&self) -> Option<&Tokens> {
        self.pending.as_ref().map(|pending| &pending.tokens)
    }

    /// Returns the error that ended the session, if it has ended.
    pub(super) fn ended(&self) -> Option<&Error> {
        self.ended.as_ref().map(|ended| &ended.error)
    }

    /// Returns the error that ended the session, if `tokens` must not be used again.
    ///
    /// A barred pair must not be used, nor an older pair from the sign-in of a barred pair (for
    /// example from a restored backup). After a sign-out, no pair from the sign-in of a barred
    /// pair, or from an earlier sign-in, may be used.
    pub(super) fn ended_with(&self, tokens: &Tokens) -> Option<Error> {
        let ended = self.ended.as_ref()?;
        let is_over = |known: &Tokens| {
            is_same_or_older(tokens, known)
                || ended.by_sign_out && (tokens.is_older_than(known) || tokens.shares_sign_in_with(known))
        };
        ended.barred.iter().any(is_over).then(|| ended.error.clone())
    }

    /// Returns whether the state can be dropped without losing tokens.
    pub(super) fn is_clean(&self) -> bool {
        self.pending.is_none()
            && !self.leading
            && !self.current.as_ref().is_some_and(|pair| pair.fate_unknown)
    }

    /// Returns whether this process received the pair in use from the server.
    pub(super) fn has_minted(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.minted.is_some())
    }

    /// Returns the (monotonic) time at which the current refresh token was refused with a temporary error.
    pub(super) fn refused_at(&self) -> Option<Duration> {
        self.current.as_ref()?.refused_at
    }

    /// Returns whether the granted scope is known and does not cover `needed`.
    pub(super) fn lacks(&self, needed: &Scope) -> bool {
        self.tokens().and_then(|tokens| tokens.scope.as_ref()).is_some_and(|has| !has.covers(needed))
    }

    /// Returns whether the current access token has expired, by this machine's clock.
    pub(super) fn is_expired(&self, now: Now) -> bool {
        self.current.as_ref().is_some_and(|current| matches!(current.freshness(now), Freshness::Expired))
    }

    /// Returns whether the access token may still be valid although the response to its refresh was lost.
    ///
    /// Returns `None` if no response was lost.
    ///
    /// After the lost exchange, the access token may be valid for at most its whole lifetime. The monotonic
    /// clock measures this time, because the wall clock may be wrong.
    pub(super) fn is_in_doubt(&self, now: Now) -> Option<bool> {
        let current = self.current.as_ref().filter(|current| current.fate_unknown)?;
        let life = current.tokens.lifetime().unwrap_or(MAX_REFRESH_INTERVAL);
        Some(now.monotonic.saturating_sub(current.fate_unknown_since) < life)
    }

    /// Returns the tokens in use if they need no refresh. See
    /// [`Session::tokens_within`](super::Session::tokens_within).
    pub(super) fn tokens_within(&self, max_age: Duration, asked: Now) -> Option<&Tokens> {
        let current = self.current.as_ref()?;
        let tokens = &current.tokens;
        // The monotonic clock decides, so that a jump of the wall clock does not cause another exchange.
        let is_new = current.minted.is_some_and(|at| at >= asked.monotonic);
        let is_recent =
            tokens.issued_at.is_some_and(|at| asked.wall.duration_since(at).unsigned_abs() <= max_age)
                && tokens.remaining(asked.wall) != Some(Duration::ZERO);
        self.is_in_doubt(asked).unwrap_or(is_new || is_recent).then_some(tokens)
    }
}

/// The transitions that tasks make. The session's gate admits one task at a time.
impl SessionState {
    /// Returns the number of ended rounds. For a sign-out, returns the number of sign-outs that have begun.
    pub(super) fn round(&self, reason: TaskReason) -> u64 {
        if reason == TaskReason::SignOut { self.sign_outs } else { self.rounds }
    }

    /// Returns the outcome of an earlier task, if it has already done the work of the given task.
    ///
    /// `generation` and `round` are the values of the session when the given task was requested.
    pub(super) fn outcome_since(
        &self,
        reason: TaskReason,
        generation: u64,
        round: u64,
    ) -> Option<Result<(), Error>> {
        if reason == TaskReason::SignOut {
            let (number, outcome) = self.signed_out.as_ref()?;
            return (*number > round).then(|| outcome.clone());
        }
        let is_done = match reason {
            TaskReason::FlushPending => true, // saved by another task, or dropped by a sign-out
            _ => self.generation != generation && self.current.is_some(),
        };
        if is_done && self.pending.is_none() {
            return Some(Ok(()));
        }
        let failure = self.failure.as_ref()?;
        (failure.round > round && failure.generation == generation).then(|| Err(failure.error.clone()))
    }

    /// Begins a sign-out and returns its number.
    pub(super) fn begin_sign_out(&mut self) -> u64 {
        self.sign_outs += 1;
        self.sign_outs
    }

    /// Records the outcome of a sign-out, for the callers that requested a sign-out before this one began.
    pub(super) fn end_sign_out(&mut self, number: u64, outcome: Result<(), Error>) {
        self.signed_out = Some((number, outcome));
    }

    /// Begins the round of a leader.
    pub(super) fn begin_round(&mut self, reason: TaskReason) -> StartPoint {
        self.leading = true;
        self.early_refresh_requested &= reason != TaskReason::Early;
        self.start_point()
    }

    /// Withdraws the request for an early refresh, after the task of the refresh was dropped unstarted.
    pub(super) fn withdraw_early_refresh(&mut self) {
        self.early_refresh_requested = false;
    }

    /// Ends the round of a leader. The waiters get the outcome.
    pub(super) fn end_round(
        &mut self,
        reason: TaskReason,
        since: StartPoint,
        outcome: &Result<(), Error>,
        now: Now,
    ) {
        self.leading = false;
        self.rounds += 1;
        let Err(error) = outcome else { return };
        if self.is_superseded(since) {
            return;
        }
        if reason == TaskReason::Early {
            let back_off =
                error.retry_after().unwrap_or_default().clamp(MIN_REFRESH_INTERVAL, MAX_REFRESH_INTERVAL);
            self.no_early_before = now.monotonic.saturating_add(back_off);
        }
        let (round, generation) = (self.rounds, since.generation);
        self.failure = Some(Failure { round, generation, error: error.clone() });
    }

    /// Ends the round of a leader whose deadline has passed. The waiters get no outcome.
    ///
    /// The waiters may have later deadlines.
    pub(super) fn abandon_round(&mut self, reason: TaskReason, now: Now) {
        self.leading = false;
        if reason == TaskReason::Early {
            self.no_early_before = now.monotonic.saturating_add(MIN_REFRESH_INTERVAL);
        }
    }
}

/// The transitions of the token pairs.
impl SessionState {
    /// Puts a saved pair into use.
    pub(super) fn adopt(&mut self, tokens: Tokens, origin: PairOrigin) {
        self.generation += 1;
        self.ended = None;
        self.failure = None;
        self.no_early_before = Duration::ZERO;
        self.current = Some(Current::new(tokens, origin));
    }

    /// Makes the pair of a sign-in or an import pending.
    ///
    /// If the session has received a pair from a later sign-in since the start point `since`, the given pair
    /// is dropped.
    pub(super) fn sign_in(
        &mut self,
        tokens: Tokens,
        replaceable: Replaceable,
        since: StartPoint,
        at: Duration,
    ) {
        let others = self.pending().or(self.tokens());
        if self.is_superseded(since) && others.is_some_and(|others| tokens.signed_in_before(others)) {
            return;
        }
        self.sign_ins += 1;
        self.failure = None;
        self.set_pending(Pending { tokens, origin: PairOrigin::SignIn(at), replaceable });
    }

    /// Makes `pending` the pending pair.
    pub(super) fn set_pending(&mut self, pending: Pending) {
        self.pending = Some(Box::new(pending));
    }

    /// Puts the pending pair into use after it was saved.
    pub(super) fn adopt_pending(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.adopt(pending.tokens, pending.origin);
        }
    }

    /// Compares the pending pair with the stored pair, which was read under the lock.
    ///
    /// Returns the pending pair if it has to be saved. If not, puts the stored pair into use.
    pub(super) fn reconcile(&mut self, stored: Option<Tokens>, now: Now) -> Option<Pending> {
        let pending = self.pending.as_mut()?;
        match stored {
            // Another process may have marked the stored record as refused.
            Some(tokens) if same_pair(Some(&pending.tokens), &tokens) => {
                pending.tokens = tokens;
                self.adopt_pending();
            }
            Some(tokens) if !pending.may_replace(&tokens) => {
                // The stored pair is treated as newer: another process has refreshed.
                self.pending = None;
                self.adopt(tokens, PairOrigin::Taken(now));
            }
            // A second try of the save may replace only the pair that is stored now.
            stored => pending.replaceable = stored.map_or(Replaceable::Nothing, Replaceable::Pair),
        }
        self.pending.as_deref().cloned()
    }

    /// Returns the pending pair if it may be saved although the store cannot be read.
    ///
    /// Only the pair of a sign-in or import may be saved, and only if the pending pair has not been sent to
    /// the store before. After a try of the save, the unreadable record may be the pending pair, or a newer
    /// pair that another process obtained by refreshing the pending pair.
    pub(super) fn claim_unattempted(&mut self) -> Option<Pending> {
        let pending = self.pending.as_deref_mut();
        let pending = pending
            .filter(|pending| matches!(pending.replaceable, Replaceable::SignIn | Replaceable::Import))?;
        pending.replaceable = Replaceable::Unread;
        Some(pending.clone())
    }

    /// Copies the refusal from `stored`, the stored record of the current pair, if it is nearer to `now`.
    ///
    /// Another process may have recorded a refusal in the store. But if the refusal in memory could
    /// not be saved, the refusal in memory may be newer. A refusal from a clock that was ahead is in the
    /// future, and must not hide a later refusal.
    pub(super) fn merge_refusal(&mut self, stored: Tokens, now: Timestamp) {
        let Some(current) = &mut self.current else { return };
        let age = |refused: &Refused| now.duration_since(refused.at).unsigned_abs();
        let is_nearer =
            |stored: &Refused| current.tokens.refused.as_ref().is_none_or(|known| age(stored) < age(known));
        if stored.refused.as_ref().is_some_and(is_nearer) {
            current.tokens.refused = stored.refused;
        }
    }

    /// Marks `tokens` as refused with a temporary error. Returns `false` if `tokens` are no longer
    /// in use.
    pub(super) fn mark_refused(&mut self, tokens: &Tokens, at: Duration) -> bool {
        let Some(current) = self.current_of(tokens) else { return false };
        current.tokens.refused.clone_from(&tokens.refused);
        current.refused_at = Some(at);
        true
    }

    /// Records that the response to an exchange of `tokens` was lost.
    pub(super) fn mark_fate_unknown(&mut self, tokens: &Tokens, at: Duration) {
        if let Some(current) = self.current_of(tokens) {
            (current.fate_unknown, current.fate_unknown_since) = (true, at);
        }
    }

    fn current_of(&mut self, tokens: &Tokens) -> Option<&mut Current> {
        self.current.as_mut().filter(|current| same_pair(Some(&current.tokens), tokens))
    }

    /// Ends the session, because its tokens are missing from the store.
    pub(super) fn end_missing(&mut self, error: Error) {
        let gone = self.current.take().map(|current| current.tokens);
        let before = self.end(Vec::new(), error);
        if let Some(ended) = &mut self.ended {
            ended.gone = gone.or(before);
        }
    }

    /// Ends the session, because the server refused `tokens`.
    pub(super) fn end_refused(&mut self, tokens: Tokens, error: Error) {
        self.end(vec![tokens], error);
    }

    /// Ends the session, because the user has signed out.
    pub(super) fn end_by_sign_out(&mut self, tokens: Vec<Tokens>) {
        self.sign_ins += 1; // supersedes a running refresh
        let gone = self.end(tokens, Error::authentication("the user has signed out"));
        if let Some(ended) = &mut self.ended {
            ended.barred.extend(gone);
            ended.by_sign_out = true;
        }
    }

    /// Ends the session. The pairs in `barred` and the pairs that were already barred are not used again.
    ///
    /// If the session had already ended, returns [`Ended::gone`] of the earlier end.
    fn end(&mut self, mut barred: Vec<Tokens>, error: Error) -> Option<Tokens> {
        self.current = None;
        self.pending = None;
        self.generation += 1;
        let (mut gone, mut by_sign_out) = (None, false);
        if let Some(before) = self.ended.take() {
            (gone, by_sign_out) = (before.gone, before.by_sign_out);
            let is_new = |known: &Tokens| !barred.iter().any(|tokens| same_pair(Some(tokens), known));
            let before: Vec<_> = before.barred.into_iter().filter(is_new).collect();
            barred.extend(before);
        }
        self.ended = Some(Box::new(Ended { barred, gone: None, by_sign_out, error }));
        gone
    }
}

impl Current {
    fn new(tokens: Tokens, origin: PairOrigin) -> Self {
        let bearer = HeaderValue::try_from(format!("Bearer {}", tokens.access_token.expose())).ok().map(
            |mut value| {
                value.set_sensitive(true);
                value
            },
        );
        let (minted, no_refresh_before) = match origin {
            PairOrigin::Loaded => (None, Duration::ZERO),
            PairOrigin::Taken(now) => {
                let young = tokens
                    .age(now.wall)
                    .map_or(Duration::ZERO, |age| MIN_REFRESH_INTERVAL.saturating_sub(age));
                (None, if young.is_zero() { young } else { now.monotonic.saturating_add(young) })
            }
            PairOrigin::SignIn(at) => (Some(at), Duration::ZERO),
            PairOrigin::Refresh(at) => (Some(at), at.saturating_add(MIN_REFRESH_INTERVAL)),
        };
        Self {
            tokens,
            bearer,
            minted,
            no_refresh_before,
            proven: false,
            refused_at: None,
            fate_unknown: false,
            fate_unknown_since: Duration::ZERO,
        }
    }

    fn freshness(&self, now: Now) -> Freshness {
        let Some(remaining) = self.tokens.remaining(now.wall) else { return Freshness::Fresh };
        // A refresh token that may be used up is sent again only after a 401.
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
        } else if remaining <= half.map_or(REFRESH_AHEAD, |half| half.min(REFRESH_AHEAD)) {
            Freshness::Early
        } else {
            Freshness::Fresh
        }
    }
}
