//! The leader: the task that loads, refreshes and saves a user's tokens while other callers wait.
//!
//! The driver must perform all steps of the leader, even if the caller is cancelled. If a leader is
//! dropped before its last step, the waiters get an error. If a leader is dropped before it
//! receives the response to an exchange, the refresh token may be used up.

use std::{sync::Arc, time::Duration};

use connect_types::Scope;

use crate::{
    app::SessionEnded,
    base::{Error, ErrorKind, Now, Request, Response, Sent, TransportError},
    oauth::Rotation,
    session::{
        Session,
        lock_wait::{self, LockWait},
        pending::{PairOrigin, Pending, Replaceable, is_same_or_older, same_pair},
        state::StartPoint,
        steps::{
            Deleting, Exchanging, Loading, Preparing, RefreshSleeping, RefreshStep, Releasing, Saving, Work,
            notify_unless_synced,
        },
        task::TaskReason,
        trace,
    },
    sign_in::token_endpoint::{self, TokenRequestError},
    tokens::{Refused, StoreError, Tokens, Written},
};

/// The time after a temporary refusal in which no process sends the refresh token again.
const REFUSAL_BACK_OFF: Duration = Duration::from_secs(600);

/// The task that performs a refresh for all waiting callers.
pub(crate) struct Leader {
    session: Arc<Session>,
    reason: TaskReason,
    /// The counters of the session at the start of the task. `exchange` updates the generation.
    since: StartPoint,
    lock: LockWait,
    phase: Phase,
    now: Now,
    /// The (monotonic) time just before the lock was taken, which is the earliest start of the lease.
    locked_at: Duration,
    /// Whether an exchange was sent.
    exchanged: bool,
    finished: bool,
}

/// The result that the leader waits for.
enum Phase {
    /// The lock or, if the task needs no lock, the stored tokens.
    Waiting,
    /// The stored tokens, loaded under the lock.
    Locked,
    /// The save of the current pair, which replaces an older stored pair.
    Restoring,
    /// The check that the next pair can be saved.
    Preparing(Tokens, Box<Request>),
    /// The response to the exchange of the contained pair.
    Exchanging(Tokens),
    /// After a refusal of the contained pair: the reloaded stored tokens, or the deletion of the pair.
    Refused(Tokens, TokenRequestError),
    /// The save of the contained pair, marked as refused.
    Marking(Tokens, Error),
    /// The save of the pending pair.
    Saving,
}

impl Work for Leader {
    fn loaded(mut self: Box<Self>, stored: Result<Option<Tokens>, StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        match (std::mem::replace(&mut self.phase, Phase::Waiting), stored) {
            (Phase::Waiting, stored) => self.loaded_unlocked(stored),
            (Phase::Refused(tokens, refusal), Ok(stored)) => self.reread(tokens, stored, refusal),
            (Phase::Locked, Err(error)) => self.unreadable(error),
            (_, Err(error)) => self.release(Err(store_error("the tokens could not be read", error))),
            (_, Ok(stored)) => self.loaded_locked(stored),
        }
    }

    fn locked(mut self: Box<Self>, held: Result<bool, StoreError>, tried: Duration, now: Now) -> RefreshStep {
        self.now = now;
        match held {
            Err(error) if self.reason == TaskReason::FlushPending => self.done(Err(not_saved(error))),
            Err(error) => self.done(Err(store_error("the tokens could not be locked", error))),
            Ok(true) => {
                self.phase = Phase::Locked;
                self.locked_at = tried;
                RefreshStep::Load(Loading(self))
            }
            Ok(false) => {
                let session = self.session.clone();
                match self.lock.pause(session.app(), now) {
                    Some(pause) => RefreshStep::Sleep(pause, RefreshSleeping(self)),
                    None => self.give_up(),
                }
            }
        }
    }

    fn rested(self: Box<Self>, _: Now) -> RefreshStep {
        self.lock.request(self)
    }

    fn prepared(mut self: Box<Self>, outcome: Result<(), StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        let Phase::Preparing(tokens, request) = std::mem::replace(&mut self.phase, Phase::Locked) else {
            return self.release(Ok(()));
        };
        if let Err(error) = outcome {
            return self.release(Err(store_error("tokens cannot be saved, so no refresh was sent", error)));
        }
        if now.monotonic.saturating_sub(self.locked_at) > token_endpoint::MAX_EXCHANGE_DELAY {
            let text = "the token store was too slow: its lock could expire before the new tokens are saved, so no \
                        refresh was sent";
            return self.release(Err(Error::new(ErrorKind::TokenStore).with_message(text)));
        }
        if self.is_superseded() {
            return self.release(Ok(()));
        }
        if let Some(error) = token_endpoint::cool_down_error(self.session.app(), now) {
            return self.release(Err(error)); // another user's request has got a 429
        }
        self.exchanged = true;
        self.phase = Phase::Exchanging(tokens);
        RefreshStep::Send(*request, Exchanging(self))
    }

    fn sent(mut self: Box<Self>, outcome: Result<Response, TransportError>, now: Now) -> RefreshStep {
        self.now = now;
        let Phase::Exchanging(from) = std::mem::replace(&mut self.phase, Phase::Locked) else {
            return self.release(Ok(()));
        };
        let error = match outcome {
            Ok(response) => {
                match token_endpoint::read_tokens(self.session.app(), &response, Some(&from), now) {
                    Ok(tokens) => {
                        return self.save(Pending {
                            tokens,
                            origin: PairOrigin::Refresh(now.monotonic),
                            replaceable: Replaceable::Pair(from),
                        });
                    }
                    Err(TokenRequestError::Other(error)) => error,
                    Err(refusal) => {
                        self.phase = Phase::Refused(from, refusal);
                        return RefreshStep::Load(Loading(self));
                    }
                }
            }
            Err(error) => error.into(),
        };
        if error.may_have_happened() {
            self.mark_fate_unknown(&from);
        }
        self.release(Err(error.with_attempts(1)))
    }

    fn saved(mut self: Box<Self>, outcome: Result<Written, StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        let outcome = notify_unless_synced(&self.session, outcome);
        match (std::mem::replace(&mut self.phase, Phase::Locked), outcome) {
            // The refusal applies in this process even if its mark could not be saved.
            (Phase::Marking(tokens, error), _) => return self.refused(tokens, error),
            (Phase::Restoring, Ok(())) => return self.exchange(),
            (Phase::Restoring, Err(error)) => {
                let what = "the tokens in memory are newer than the stored ones and could not be saved again";
                return self.release(Err(store_error(what, error)));
            }
            (_, Err(error)) => return self.release(Err(not_saved(error))),
            (_, Ok(())) => {}
        }
        let expired = {
            let mut state = self.session.state();
            let superseded = state.is_superseded(self.since);
            if !superseded {
                state.adopt_pending();
            }
            !superseded && state.is_expired(now)
        };
        // A pair that expired before it was saved is refreshed under the same lock. A pair from this leader's
        // own exchange is not refreshed: with a wrong clock, the refreshes would never end.
        if expired && !self.exchanged && self.reason != TaskReason::FlushPending {
            self.exchange()
        } else {
            self.release(Ok(()))
        }
    }

    fn deleted(mut self: Box<Self>, outcome: Result<Written, StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        match notify_unless_synced(&self.session, outcome) {
            // The next holder of the lock may have saved a newer pair.
            Err(error) if error.lease_lost() => {
                return self.release(Err(store_error("the tokens could not be deleted", error)));
            }
            // Other errors are ignored. If the pair is still stored, the server refuses it again.
            _ => {}
        }
        let Phase::Refused(tokens, TokenRequestError::Final(error)) =
            std::mem::replace(&mut self.phase, Phase::Locked)
        else {
            return self.release(Ok(()));
        };
        self.end(tokens, error)
    }
}

impl Leader {
    pub(crate) fn new(
        session: &Arc<Session>,
        reason: TaskReason,
        since: StartPoint,
        lock: LockWait,
        now: Now,
    ) -> Box<Self> {
        let session = session.clone();
        let phase = Phase::Waiting;
        Box::new(Self {
            session,
            reason,
            since,
            lock,
            phase,
            now,
            locked_at: now.monotonic,
            exchanged: false,
            finished: false,
        })
    }

    fn loaded_unlocked(self: Box<Self>, stored: Result<Option<Tokens>, StoreError>) -> RefreshStep {
        let outcome = match stored {
            Err(error) => Err(store_error("the tokens could not be read", error)),
            Ok(stored) => {
                let mut state = self.session.state();
                match (stored, state.ended()) {
                    _ if state.is_superseded(self.since) => Ok(()),
                    (Some(tokens), _) => match state.ended_with(&tokens) {
                        Some(error) => Err(error),
                        None => {
                            state.adopt(tokens, PairOrigin::Loaded);
                            Ok(())
                        }
                    },
                    (None, Some(ended)) => Err(ended.clone()),
                    (None, None) => Err(Error::authentication(
                        "the token store has no tokens for this user: sign in with `auth().sign_in`",
                    )),
                }
            }
        };
        self.done(outcome)
    }

    fn loaded_locked(self: Box<Self>, stored: Option<Tokens>) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if state.is_superseded(self.since) || state.generation() != self.since.generation {
            drop(state);
            return self.release(Ok(())); // the user has signed in since the task began
        }
        if state.pending().is_some() {
            if let Some(pending) = state.reconcile(stored, self.now) {
                drop(state);
                return self.save(pending);
            }
        } else {
            match stored {
                None => {
                    let error = Error::authentication(
                        "the user has signed out: the token store no longer has tokens for this user",
                    );
                    state.end_missing(error.clone());
                    drop(state);
                    return self.release(Err(error));
                }
                Some(tokens) if same_pair(state.tokens(), &tokens) => {
                    state.merge_refusal(tokens, self.now.wall);
                    drop(state);
                    return self.exchange();
                }
                // The store has an older pair than this process, for example from a restored backup.
                Some(tokens) if state.tokens().is_some_and(|current| tokens.is_older_than(current)) => {
                    drop(state);
                    return self.restore();
                }
                Some(tokens) => {
                    if let Some(error) = state.ended_with(&tokens) {
                        drop(state);
                        return self.release(Err(error)); // a refused or revoked pair that could not be deleted
                    }
                    state.adopt(tokens, PairOrigin::Taken(self.now));
                }
            }
        }
        let expired = state.is_expired(self.now);
        drop(state);
        if expired { self.exchange() } else { self.release(Ok(())) }
    }

    /// Returns whether the user has signed in or out since the task began. If so, the task must not change
    /// the state.
    fn is_superseded(&self) -> bool {
        self.session.state().is_superseded(self.since)
    }

    /// Handles a failed load under the lock. The pair of a new sign-in is saved even after this failure.
    fn unreadable(self: Box<Self>, error: StoreError) -> RefreshStep {
        let unattempted = self.session.state().claim_unattempted();
        match unattempted {
            Some(pending) => self.save(pending),
            None if self.reason == TaskReason::FlushPending => self.release(Err(not_saved(error))),
            None => self.release(Err(store_error("the tokens could not be read", error))),
        }
    }

    /// Replaces an older stored pair with the current pair.
    fn restore(mut self: Box<Self>) -> RefreshStep {
        let current = self.session.state().tokens().cloned();
        let Some(tokens) = current else { return self.release(Ok(())) };
        self.phase = Phase::Restoring;
        RefreshStep::Save(tokens, Saving(self))
    }

    fn exchange(mut self: Box<Self>) -> RefreshStep {
        let app = self.session.app().clone();
        if self.is_superseded() {
            return self.release(Ok(()));
        }
        let (tokens, refused_at) = {
            let state = self.session.state();
            // The outcome of the round applies to the pair that is exchanged now. Another pair may have been
            // in use at the start of the task.
            self.since.generation = state.generation();
            (state.tokens().cloned(), state.refused_at())
        };
        let Some((tokens, refresh_token)) =
            tokens.and_then(|tokens| Some((tokens.clone(), tokens.refresh_token?)))
        else {
            let text = "the access token cannot be refreshed, because there is no refresh token";
            return self.release(Err(Error::authentication(text)));
        };
        if let Some(refused) = &tokens.refused {
            // `refused.at` may be from a machine with a wrong clock, so the monotonic clock is checked too.
            let is_recent =
                refused_at.is_some_and(|at| self.now.monotonic.saturating_sub(at) < REFUSAL_BACK_OFF);
            if is_recent || self.now.wall.duration_since(refused.at).unsigned_abs() < REFUSAL_BACK_OFF {
                let text = format!("the server refused to refresh the tokens: {}", refused.reason);
                return self.release(Err(Error::authentication(text)));
            }
        }
        if let Some(error) = token_endpoint::cool_down_error(&app, self.now) {
            return self.release(Err(error));
        }
        match token_endpoint::refresh_request(&app, &refresh_token) {
            Err(error) => self.release(Err(error)),
            Ok(request) => {
                self.phase = Phase::Preparing(tokens, Box::new(request));
                RefreshStep::Prepare(Preparing(self))
            }
        }
    }

    fn save(mut self: Box<Self>, pending: Pending) -> RefreshStep {
        let tokens = pending.tokens.clone();
        {
            let session = self.session.clone();
            let mut state = session.state();
            if state.is_superseded(self.since) {
                drop(state);
                return self.release(Ok(())); // the user has signed in again: drop the older pair
            }
            state.set_pending(pending);
        }
        self.phase = Phase::Saving;
        RefreshStep::Save(tokens, Saving(self))
    }

    /// Handles the refusal of `tokens`: uses a newer stored pair, or marks or deletes `tokens`.
    fn reread(
        mut self: Box<Self>,
        tokens: Tokens,
        stored: Option<Tokens>,
        refusal: TokenRequestError,
    ) -> RefreshStep {
        // After a temporary refusal, a stored pair from an earlier sign-in does not replace `tokens`. It may
        // come from a backup.
        let may_recover = matches!(refusal, TokenRequestError::Recoverable(_));
        let is_not_newer = |stored: &Tokens| {
            is_same_or_older(stored, &tokens) || (may_recover && stored.is_older_than(&tokens))
        };
        match (stored, refusal) {
            (Some(stored), _) if !is_not_newer(&stored) => {
                let expired = {
                    let mut state = self.session.state();
                    let superseded = state.is_superseded(self.since);
                    if !superseded {
                        state.adopt(stored, PairOrigin::Taken(self.now));
                    }
                    !superseded && state.is_expired(self.now)
                };
                if expired { self.exchange() } else { self.release(Ok(())) }
            }
            (Some(_), TokenRequestError::Recoverable(error)) => {
                let mut tokens = tokens;
                let reason = error.message().unwrap_or_default().to_owned();
                tokens.refused = Some(Refused { at: self.now.wall, reason });
                self.phase = Phase::Marking(tokens.clone(), error);
                RefreshStep::Save(tokens, Saving(self))
            }
            (Some(_), refusal) => {
                self.phase = Phase::Refused(tokens, refusal);
                RefreshStep::Delete(Deleting(self))
            }
            (None, refusal) => self.end(tokens, refusal.into_error()),
        }
    }

    /// Marks `tokens` as temporarily refused. The session continues to use the access token.
    fn refused(self: Box<Self>, tokens: Tokens, error: Error) -> RefreshStep {
        if !self.session.state().mark_refused(&tokens, self.now.monotonic) {
            return self.release(Ok(())); // the user has signed in again
        }
        self.release_refused(tokens.scope, error, true)
    }

    fn end(self: Box<Self>, tokens: Tokens, error: Error) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if state.is_superseded(self.since) {
            drop(state);
            return self.release(Ok(()));
        }
        let scope = tokens.scope.clone();
        state.end_refused(tokens, error.clone());
        drop(state);
        self.release_refused(scope, error, false)
    }

    /// Ends the round after a refusal. The observer is notified after the lock is released.
    fn release_refused(
        mut self: Box<Self>,
        scope: Option<Scope>,
        error: Error,
        may_recover: bool,
    ) -> RefreshStep {
        let session = self.session.clone();
        let (key, app) = (session.key().clone(), session.app().clone());
        let ended = SessionEnded { key, may_recover, app, scope, at: self.now };
        let outcome = Err(error);
        self.end_round(&outcome);
        RefreshStep::Release(Releasing { outcome, ended: Some((session, ended)) })
    }

    fn mark_fate_unknown(&self, from: &Tokens) {
        if self.session.app().profile().rotation == Rotation::Keeps {
            return; // this server keeps refresh tokens valid
        }
        self.session.state().mark_fate_unknown(from, self.now.monotonic);
    }

    fn release(mut self: Box<Self>, outcome: Result<(), Error>) -> RefreshStep {
        self.end_round(&outcome);
        RefreshStep::Release(Releasing::new(outcome))
    }

    fn done(mut self: Box<Self>, outcome: Result<(), Error>) -> RefreshStep {
        self.end_round(&outcome);
        RefreshStep::Done(outcome)
    }

    /// Ends the task after its deadline. The waiters may have later deadlines and do not get the error.
    fn give_up(mut self: Box<Self>) -> RefreshStep {
        let outcome = Err(lock_wait::timed_out());
        trace::task_ended(self.reason, self.exchanged, &outcome);
        self.finished = true;
        self.session.state().abandon_round(self.reason, self.now);
        RefreshStep::Done(outcome)
    }

    /// Ends the round. The waiters get the outcome.
    fn end_round(&mut self, outcome: &Result<(), Error>) {
        trace::task_ended(self.reason, self.exchanged, outcome);
        self.finished = true;
        self.session.state().end_round(self.reason, self.since, outcome, self.now);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let exchanging = matches!(self.phase, Phase::Exchanging(_));
        if let Phase::Exchanging(from) = &self.phase {
            self.mark_fate_unknown(from);
        }
        let error = Error::new(ErrorKind::Network { sent: if exchanging { Sent::Maybe } else { Sent::No } })
            .with_message("the refresh was cancelled before it ended");
        self.end_round(&Err(error.with_may_have_happened(exchanging)));
    }
}

pub(crate) fn store_error(what: &str, error: StoreError) -> Error {
    Error::new(ErrorKind::TokenStore).with_message(format!("{what}: {error}")).with_source(error)
}

pub(crate) fn not_saved(error: StoreError) -> Error {
    Error::new(ErrorKind::TokenStore)
        .with_message(format!(
            "the new tokens could not be saved and are not used until a later call has saved them: {error}"
        ))
        .with_source(error)
}
