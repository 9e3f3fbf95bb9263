//! The sign-out task: it revokes the tokens at the server and deletes them from the store.

use std::{sync::Arc, time::Duration};

use connect_types::Safety;

use crate::{
    base::{Error, Now, Response, TransportError},
    endpoint::answer,
    session::{
        Session,
        leader::store_error,
        lock_wait::{self, LockWait},
        state::StartPoint,
        steps::{
            Deleting, Exchanging, Loading, RefreshSleeping, RefreshStep, Releasing, Work,
            notify_unless_synced,
        },
    },
    sign_in::token_endpoint,
    tokens::{StoreError, Tokens, Written},
};

/// The task that signs a user out.
pub(crate) struct SignOut {
    session: Arc<Session>,
    /// The counters of the session when the tokens to revoke were loaded.
    since: StartPoint,
    /// All known token pairs of the user, which must not be used again. The first pair is revoked.
    tokens: Vec<Tokens>,
    revoked: Result<(), Error>,
    /// The number of this sign-out in the session.
    number: u64,
    lock: LockWait,
    /// The (monotonic) time just before the lock was taken, which is the earliest start of the lease.
    locked_at: Duration,
    /// The number of times the revocation was sent.
    tries: u32,
}

impl SignOut {
    pub(crate) fn start(session: &Arc<Session>, number: u64, lock: LockWait) -> RefreshStep {
        lock.request(Box::new(Self {
            session: session.clone(),
            since: session.state().start_point(),
            tokens: Vec::new(),
            revoked: Ok(()),
            number,
            lock,
            locked_at: Duration::ZERO,
            tries: 0,
        }))
    }

    /// Shares the outcome with the callers that requested a sign-out before this sign-out began.
    fn share_outcome(&self, outcome: &Result<(), Error>) {
        self.session.state().end_sign_out(self.number, outcome.clone());
    }

    fn revoke(mut self: Box<Self>) -> RefreshStep {
        let Some(tokens) = self.tokens.first() else { return self.delete() };
        match token_endpoint::revocation_request(self.session.app(), tokens) {
            Some(Ok(request)) => {
                self.tries += 1;
                return RefreshStep::Send(request, Exchanging(self));
            }
            Some(Err(error)) => self.revoked = Err(error),
            None => {}
        }
        self.delete()
    }

    /// Returns the pause before the next try of the revocation, or `None` if no other try is allowed.
    ///
    /// No other try is allowed if the lease could end before the response, or if the retry policy forbids it.
    /// A repeated revocation does no harm, and after a 503 the tokens are still valid (RFC 7009 2.2.1).
    fn pause(&self, error: &Error, now: Now) -> Option<Duration> {
        let app = self.session.app();
        let pause = app.config().retry.pause(self.tries, Safety::Idempotent, error, app.entropy().unit())?;
        let held = now.monotonic.saturating_sub(self.locked_at);
        (held.saturating_add(pause) <= token_endpoint::MAX_EXCHANGE_DELAY).then_some(pause)
    }

    fn delete(self: Box<Self>) -> RefreshStep {
        RefreshStep::Delete(Deleting(self))
    }
}

impl Work for SignOut {
    fn locked(mut self: Box<Self>, held: Result<bool, StoreError>, tried: Duration, now: Now) -> RefreshStep {
        self.locked_at = tried;
        let session = self.session.clone();
        let outcome = match held {
            Ok(true) => return RefreshStep::Load(Loading(self)),
            Ok(false) => match self.lock.pause(session.app(), now) {
                Some(pause) => return RefreshStep::Sleep(pause, RefreshSleeping(self)),
                // The waiters do not get this error, because they may have later deadlines.
                None => return RefreshStep::Done(Err(lock_wait::timed_out())),
            },
            Err(error) => Err(store_error("the tokens could not be locked", error)),
        };
        self.share_outcome(&outcome);
        RefreshStep::Done(outcome)
    }

    fn loaded(mut self: Box<Self>, stored: Result<Option<Tokens>, StoreError>, _: Now) -> RefreshStep {
        let (pending, current) = {
            let state = self.session.state();
            self.since = state.start_point();
            (state.pending().cloned(), state.tokens().cloned())
        };
        let stored = stored.unwrap_or_else(|error| {
            self.revoked = Err(store_error("the tokens could not be read", error)); // replaced by the outcome of a revocation
            None
        });
        // The first pair is revoked. It must be the newest pair: the server may have forgotten older pairs.
        self.tokens = match (stored, current) {
            (Some(stored), Some(current)) if stored.is_older_than(&current) => vec![current, stored],
            (stored, current) => stored.into_iter().chain(current).collect(),
        };
        self.tokens.splice(0..0, pending);
        self.revoke()
    }

    fn rested(self: Box<Self>, _: Now) -> RefreshStep {
        if self.tries == 0 { self.lock.request(self) } else { self.revoke() }
    }

    fn sent(mut self: Box<Self>, outcome: Result<Response, TransportError>, now: Now) -> RefreshStep {
        self.revoked = match outcome {
            Ok(response) if token_endpoint::is_revoked(self.session.app(), &response) => Ok(()),
            Ok(response) => Err(answer::classify(&response, None, now.wall)),
            Err(error) => Err(error.into()),
        }
        .map_err(|error| error.with_attempts(self.tries));
        match self.revoked.as_ref().err().and_then(|error| self.pause(error, now)) {
            Some(pause) => RefreshStep::Sleep(pause, RefreshSleeping(self)),
            None => self.delete(),
        }
    }

    fn deleted(mut self: Box<Self>, outcome: Result<Written, StoreError>, _: Now) -> RefreshStep {
        {
            let session = self.session.clone();
            let mut state = session.state();
            // If the user has signed in since the load, this sign-out does not end the new session.
            if !state.is_superseded(self.since) {
                state.end_by_sign_out(std::mem::take(&mut self.tokens));
            }
        }
        let deleted = notify_unless_synced(&self.session, outcome)
            .map_err(|error| store_error("the tokens could not be deleted", error));
        let outcome = deleted.and(std::mem::replace(&mut self.revoked, Ok(())));
        self.share_outcome(&outcome);
        RefreshStep::Release(Releasing::new(outcome))
    }
}
