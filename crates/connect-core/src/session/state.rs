//! The state of a session and all its transitions: no other file writes it.
//!
//! A session counts *generations*: every pair that comes into use is one more. A call notes the generation it
//! used, so a response that comes late says nothing about the pair in use by then. It counts *rounds* as well:
//! a caller that asks for a refresh notes how many had ended, so that callers that waited for one share its outcome,
//! success or failure, and do not start another.
//!
//! A pair that the server handed out is *pending* until it is saved, and only then in use.
//!
//! Of two pairs of one sign-in the older never replaces the newer, wherever it comes from: a store may come back with an
//! older record. Their revisions decide which is the older, or the server's clock in both access tokens, never a
//! machine's; where neither decides, the stored pair counts as the newer. A refusal ends a session only where the
//! authorization server means it for good; otherwise the stored pair is marked and stays.

use std::time::Duration;

use connect_types::Scope;
use http::HeaderValue;

use crate::{
    base::{Error, Now},
    session::{
        TaskReason,
        pending::{PairOrigin, Pending, Replaceable, is_same_or_older, same_pair},
    },
    tokens::{Refused, Tokens},
};

/// A pair is refreshed this long before its end, or half its life before if that is less.
const REFRESH_AHEAD: Duration = Duration::from_secs(60);
/// No early try for this long after one failed; no refresh of a pair no call has succeeded with before it is
/// this old.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(10);
/// No server keeps a pair from being refreshed early for longer than this.
const MAX_REFRESH_INTERVAL: Duration = Duration::from_secs(3600);

#[derive(Default)]
pub(super) struct SessionState {
    generation: u64,
    current: Option<Current>,
    pending: Option<Pending>,
    /// How often the user signed in or out: a refresh that began before the last time has nothing to say.
    sign_ins: u64,
    rounds: u64,
    failure: Option<Failure>,
    /// The sign-outs that have begun.
    sign_outs: u64,
    /// The last sign-out that ended: its number and its outcome, for the callers that waited meanwhile.
    signed_out: Option<(u64, Result<(), Error>)>,
    leading: bool,
    /// Whether a call is on its way to lead an early refresh.
    early_refresh_requested: bool,
    no_early_before: Duration,
    ended: Option<Ended>,
}

/// The pair in use.
struct Current {
    tokens: Tokens,
    bearer: Option<HeaderValue>,
    /// When (monotonic) this process minted it, if it did.
    minted: Option<Duration>,
    /// Until when (monotonic) it is not refreshed again unless a call has succeeded with it.
    no_refresh_before: Duration,
    /// Whether a call has succeeded with it.
    proven: bool,
    /// When (monotonic) its refresh token was refused here for a reason that may pass.
    refused_at: Option<Duration>,
    /// Whether its refresh token was sent for an exchange whose answer never came.
    fate_unknown: bool,
    /// When (monotonic) that was.
    fate_unknown_since: Duration,
}

struct Failure {
    round: u64,
    generation: u64,
    error: Error,
}

/// A session that is over.
struct Ended {
    /// The pairs that must not bring it back: they were refused or revoked.
    barred: Vec<Tokens>,
    /// The pair that was in use when the store held none any more: it may come back, unless the user signs out here.
    gone: Option<Tokens>,
    /// Whether the user signed out: then no pair of those sign-ins brings it back.
    by_sign_out: bool,
    error: Error,
}

/// What a call does next about its bearer token.
pub(super) enum TokenDecision {
    Use { generation: u64, bearer: HeaderValue },
    Refresh(TaskReason),
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

/// What a task began with: what happened since is told by comparing.
#[derive(Clone, Copy)]
pub(super) struct StartPoint {
    pub(super) generation: u64,
    pub(super) sign_ins: u64,
}

/// What a call asks, and what it tells.
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
                self.early_refresh_requested = true; // the others go on with the pair that still works
                return TokenDecision::Refresh(TaskReason::Early);
            }
            _ => {}
        }
        match &current.bearer {
            Some(bearer) => TokenDecision::Use { generation, bearer: bearer.clone() },
            None => TokenDecision::Fail(Error::authentication("the access token does not fit into a header")),
        }
    }

    /// A call succeeded with this generation.
    pub(super) fn mark_proven(&mut self, generation: u64) {
        if self.generation == generation {
            if let Some(current) = &mut self.current {
                current.proven = true;
            }
        }
    }

    /// What a 401 for this generation means.
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

    /// Whether the pair in use is good enough while a leader saves the next one.
    fn can_use_current(&self, tried: Tried, now: Now) -> bool {
        tried.unauthorized != Some(self.generation) && self.current.is_some() && !self.is_expired(now)
    }

    fn may_refresh_early(&self, now: Now) -> bool {
        !self.leading && !self.early_refresh_requested && now.monotonic >= self.no_early_before
    }
}

/// What is so.
impl SessionState {
    /// The pair in use.
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.current.as_ref().map(|current| &current.tokens)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn start_point(&self) -> StartPoint {
        StartPoint { generation: self.generation, sign_ins: self.sign_ins }
    }

    /// Whether the user has signed in or out since.
    pub(super) fn is_superseded(&self, since: StartPoint) -> bool {
        self.sign_ins != since.sign_ins
    }

    pub(super) fn pending(&self) -> Option<&Tokens> {
        self.pending.as_ref().map(|pending| &pending.tokens)
    }

    /// What ended the session, if it is over.
    pub(super) fn ended(&self) -> Option<&Error> {
        self.ended.as_ref().map(|ended| &ended.error)
    }

    /// What ended the session that these tokens belonged to, if it is over: a pair that was refused does not come back, nor
    /// does an older one of its sign-in, such as from a restored backup; after a sign-out, nor does any other pair of that
    /// sign-in or of an older one.
    pub(super) fn ended_with(&self, tokens: &Tokens) -> Option<Error> {
        let ended = self.ended.as_ref()?;
        let is_over = |known: &Tokens| {
            is_same_or_older(tokens, known)
                || ended.by_sign_out && (tokens.is_older_than(known) || tokens.shares_sign_in_with(known))
        };
        ended.barred.iter().any(is_over).then(|| ended.error.clone())
    }

    /// Whether nothing would be lost with this value: all its tokens are in the store.
    pub(super) fn is_clean(&self) -> bool {
        self.pending.is_none()
            && !self.leading
            && !self.current.as_ref().is_some_and(|pair| pair.fate_unknown)
    }

    /// Whether the pair in use was minted by this process.
    pub(super) fn has_minted(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.minted.is_some())
    }

    /// When (monotonic) the refresh token in use was refused here for a reason that may pass.
    pub(super) fn refused_at(&self) -> Option<Duration> {
        self.current.as_ref()?.refused_at
    }

    /// Whether the scope in use is known not to cover what a call needs.
    pub(super) fn lacks(&self, needed: &Scope) -> bool {
        self.tokens().and_then(|tokens| tokens.scope.as_ref()).is_some_and(|has| !has.covers(needed))
    }

    /// Whether the pair in use is over by the clock.
    pub(super) fn is_expired(&self, now: Now) -> bool {
        self.current.as_ref().is_some_and(|current| matches!(current.freshness(now), Freshness::Expired))
    }

    /// Where the refresh token in use was sent for an exchange whose answer never came: whether the access token may still
    /// work. By no clock but this machine's count of time, and so by the token's whole life after that exchange.
    pub(super) fn is_in_doubt(&self, now: Now) -> Option<bool> {
        let current = self.current.as_ref().filter(|current| current.fate_unknown)?;
        let life = current.tokens.lifetime().unwrap_or(MAX_REFRESH_INTERVAL);
        Some(now.monotonic.saturating_sub(current.fate_unknown_since) < life)
    }

    /// The tokens in use unless they are over, if they were minted within `max_age` before they were `asked` for, or since;
    /// or if they cannot be exchanged as long as they work.
    pub(super) fn tokens_within(&self, max_age: Duration, asked: Now) -> Option<&Tokens> {
        let current = self.current.as_ref()?;
        let tokens = &current.tokens;
        // Whatever a clock that jumps says of a pair that this process has minted since, it is not exchanged again.
        let is_new = current.minted.is_some_and(|at| at >= asked.monotonic);
        let is_recent =
            tokens.issued_at.is_some_and(|at| asked.wall.duration_since(at).unsigned_abs() <= max_age)
                && tokens.remaining(asked.wall) != Some(Duration::ZERO);
        self.is_in_doubt(asked).unwrap_or(is_new || is_recent).then_some(tokens)
    }
}

/// Tasks, which queue at the session's gate.
impl SessionState {
    /// How many tasks of this kind have ended, or begun.
    pub(super) fn round(&self, reason: TaskReason) -> u64 {
        if reason == TaskReason::SignOut { self.sign_outs } else { self.rounds }
    }

    /// The outcome of a task that was requested at this round and generation, if another has done the same meanwhile.
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
            TaskReason::FlushPending => true, // by another task, or because the user signed out
            _ => self.generation != generation && self.current.is_some(),
        };
        if is_done && self.pending.is_none() {
            return Some(Ok(()));
        }
        let failure = self.failure.as_ref()?;
        (failure.round > round && failure.generation == generation).then(|| Err(failure.error.clone()))
    }

    /// A sign-out begins, with this number.
    pub(super) fn begin_sign_out(&mut self) -> u64 {
        self.sign_outs += 1;
        self.sign_outs
    }

    /// The callers that requested a sign-out before this one began get the same outcome.
    pub(super) fn end_sign_out(&mut self, number: u64, outcome: Result<(), Error>) {
        self.signed_out = Some((number, outcome));
    }

    /// A leader begins.
    pub(super) fn begin_round(&mut self, reason: TaskReason) -> StartPoint {
        self.leading = true;
        self.early_refresh_requested &= reason != TaskReason::Early;
        self.start_point()
    }

    /// The call that was on its way to lead an early refresh has given up.
    pub(super) fn withdraw_early_refresh(&mut self) {
        self.early_refresh_requested = false;
    }

    /// A leader ends its round: its waiters get the same outcome.
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
            let patience =
                error.retry_after().unwrap_or_default().clamp(MIN_REFRESH_INTERVAL, MAX_REFRESH_INTERVAL);
            self.no_early_before = now.monotonic.saturating_add(patience);
        }
        let (round, generation) = (self.rounds, since.generation);
        self.failure = Some(Failure { round, generation, error: error.clone() });
    }

    /// A leader ends because its caller's time is over. Its waiters may have more: the next of them goes on.
    pub(super) fn abandon_round(&mut self, reason: TaskReason, now: Now) {
        self.leading = false;
        if reason == TaskReason::Early {
            self.no_early_before = now.monotonic.saturating_add(MIN_REFRESH_INTERVAL);
        }
    }
}

/// Pairs come and go.
impl SessionState {
    /// Takes a pair into use that is in the store.
    pub(super) fn adopt(&mut self, tokens: Tokens, origin: PairOrigin) {
        self.generation += 1;
        self.ended = None;
        self.failure = None;
        self.no_early_before = Duration::ZERO;
        self.current = Some(Current::new(tokens, origin));
    }

    /// A pair of a new sign-in waits to be saved from now on, unless a later sign-in was faster: one that came `since`.
    /// Whatever was in doubt before is settled by it.
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
        self.pending = Some(Pending { tokens, origin: PairOrigin::SignIn(at), replaceable });
    }

    /// This pair waits to be saved.
    pub(super) fn set_pending(&mut self, pending: Pending) {
        self.pending = Some(pending);
    }

    /// Takes the pending pair into use: it is in the store now.
    pub(super) fn adopt_pending(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.adopt(pending.tokens, pending.origin);
        }
    }

    /// Holds the pending pair against what the store holds, read under the lock: adopts the one or the other, or says
    /// what is to be saved.
    pub(super) fn reconcile(&mut self, stored: Option<Tokens>, now: Now) -> Option<Pending> {
        let pending = self.pending.as_mut()?;
        match stored {
            // As it is stored: another process may have marked it as refused meanwhile.
            Some(tokens) if same_pair(Some(&pending.tokens), &tokens) => {
                pending.tokens = tokens;
                self.adopt_pending();
            }
            Some(tokens) if !pending.may_replace(&tokens) => {
                // Another process has rotated since, as far as is known: its pair is the newer one.
                self.pending = None;
                self.adopt(tokens, PairOrigin::Taken(now));
            }
            // What is there now is what it is saved over, should that have to be tried again.
            stored => pending.replaceable = stored.map_or(Replaceable::Nothing, Replaceable::Pair),
        }
        self.pending.clone()
    }

    /// The pending pair, if it may be saved over what cannot be read: one that nobody has tried to save yet. Of another it
    /// may be what is there, or another process may have rotated it since.
    pub(super) fn claim_unattempted(&mut self) -> Option<Pending> {
        let pending = self.pending.as_mut();
        let pending = pending
            .filter(|pending| matches!(pending.replaceable, Replaceable::SignIn | Replaceable::Import))?;
        pending.replaceable = Replaceable::Unread;
        Some(pending.clone())
    }

    /// The stored pair is the one in use; its mark of a refusal is another process's, perhaps, or one that could not be
    /// saved is the later one.
    pub(super) fn merge_refusal(&mut self, stored: Tokens) {
        let Some(current) = &mut self.current else { return };
        let at = |refused: &Option<Refused>| refused.as_ref().map(|refused| refused.at);
        if at(&stored.refused) > at(&current.tokens.refused) {
            current.tokens.refused = stored.refused;
        }
    }

    /// The refresh token of these tokens was refused for a reason that may pass: the session goes on with them. Nothing is
    /// marked if they are in use no more.
    pub(super) fn mark_refused(&mut self, tokens: &Tokens, at: Duration) -> bool {
        let Some(current) = self.current_of(tokens) else { return false };
        current.tokens.refused.clone_from(&tokens.refused);
        current.refused_at = Some(at);
        true
    }

    /// The refresh token of these tokens was sent for an exchange whose answer never came.
    pub(super) fn mark_fate_unknown(&mut self, tokens: &Tokens, at: Duration) {
        if let Some(current) = self.current_of(tokens) {
            (current.fate_unknown, current.fate_unknown_since) = (true, at);
        }
    }

    fn current_of(&mut self, tokens: &Tokens) -> Option<&mut Current> {
        self.current.as_mut().filter(|current| same_pair(Some(&current.tokens), tokens))
    }

    /// Ends the session: the store holds no tokens any more.
    pub(super) fn end_missing(&mut self, error: Error) {
        let gone = self.current.take().map(|current| current.tokens);
        let before = self.end(Vec::new(), error);
        if let Some(ended) = &mut self.ended {
            ended.gone = gone.or(before);
        }
    }

    /// Ends the session: the server refused these tokens.
    pub(super) fn end_refused(&mut self, tokens: Tokens, error: Error) {
        self.end(vec![tokens], error);
    }

    /// Ends the session at the user's request.
    pub(super) fn end_by_sign_out(&mut self, tokens: Vec<Tokens>) {
        self.sign_ins += 1; // a refresh that is under way has nothing to say any more
        let gone = self.end(tokens, Error::authentication("the user has signed out"));
        if let Some(ended) = &mut self.ended {
            ended.barred.extend(gone);
            ended.by_sign_out = true;
        }
    }

    /// Adds to the pairs that had ended before, and returns the one that the store no longer held.
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
        self.ended = Some(Ended { barred, gone: None, by_sign_out, error });
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
        } else if remaining <= half.map_or(REFRESH_AHEAD, |half| half.min(REFRESH_AHEAD)) {
            Freshness::Early
        } else {
            Freshness::Fresh
        }
    }
}
