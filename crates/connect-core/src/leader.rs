//! The leader of a refresh: what the store holds, the exchange, the save.
//!
//! It must be driven to its end even if its caller is gone. One that is dropped all the same says so to the
//! session: an exchange that may have happened leaves the refresh token of unknown fate.

use std::{sync::Arc, time::Duration};

use crate::{
    Error, ErrorKind, Now, Response, Sent, Session, SessionEnded, SignIn, StoreError, Tokens, TransportError,
    oauth::Rotation,
    pending::{Origin, Over, Pending, same_pair},
    refresh::Reason,
    session::{LONGEST_PATIENCE, PATIENCE},
    steps::{Deleting, Exchanging, Loading, RefreshStep, Releasing, Saving, Work},
    token_endpoint::{self, Refusal},
    trace,
};

/// Who refreshes for everybody.
pub(crate) struct Leader {
    session: Arc<Session>,
    reason: Reason,
    generation: u64,
    sign_ins: u64,
    phase: Phase,
    now: Now,
    /// When (monotonic) it got the lock.
    locked_at: Duration,
    /// Whether it has sent an exchange.
    exchanged: bool,
    finished: bool,
}

enum Phase {
    /// For the tokens, or for the lock.
    Waiting,
    /// For what the store holds, under the lock.
    Locked,
    /// For the answer to the exchange of this pair.
    Exchanging(Tokens),
    /// For what the store holds now that the refresh token of this pair was refused.
    Refused(Tokens, Error),
    /// For the save of the pending pair.
    Saving,
}

impl Work for Leader {
    fn loaded(mut self: Box<Self>, stored: Result<Option<Tokens>, StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        match (std::mem::replace(&mut self.phase, Phase::Waiting), stored) {
            (Phase::Waiting, stored) => self.loaded_unlocked(stored),
            (_, Err(error)) => self.release(Err(store_error("could not be read", error))),
            (Phase::Refused(tokens, refusal), Ok(stored)) => self.reread(tokens, stored, refusal),
            (_, Ok(stored)) => self.loaded_locked(stored),
        }
    }

    fn locked(mut self: Box<Self>, outcome: Result<(), StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        match outcome {
            Err(error) => self.done(Err(store_error("could not be locked", error))),
            Ok(()) => {
                self.phase = Phase::Locked;
                self.locked_at = now.monotonic;
                RefreshStep::Load(Loading(self))
            }
        }
    }

    fn sent(mut self: Box<Self>, outcome: Result<Response, TransportError>, now: Now) -> RefreshStep {
        self.now = now;
        let Phase::Exchanging(from) = std::mem::replace(&mut self.phase, Phase::Locked) else {
            return self.release(Ok(()));
        };
        let error = match outcome {
            Ok(response) => match token_endpoint::read(self.session.app(), &response, Some(&from), now) {
                Ok(tokens) => {
                    return self.save(Pending {
                        tokens,
                        origin: Origin::Refresh(now.monotonic),
                        over: Over::Pair(from),
                    });
                }
                Err(Refusal::Over(error)) => {
                    self.phase = Phase::Refused(from, error);
                    return RefreshStep::Load(Loading(self));
                }
                Err(Refusal::Other(error)) => error,
            },
            Err(error) => error.into(),
        };
        if error.may_have_happened() {
            self.fate_unknown(&from);
        }
        self.release(Err(error.with_attempts(1)))
    }

    fn saved(mut self: Box<Self>, outcome: Result<(), StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        self.phase = Phase::Locked;
        if let Err(error) = outcome {
            return self.release(Err(not_saved(error)));
        }
        let expired = {
            let mut state = self.session.state();
            let superseded = state.sign_ins != self.sign_ins;
            if !superseded {
                state.adopt_pending();
            }
            !superseded && state.is_expired(now)
        };
        // A pair that waited so long for its save that it is over goes on to the exchange under the same lock,
        // but never one that this leader has just minted: that would go round for ever.
        if expired && !self.exchanged && self.reason != Reason::Settle {
            self.exchange()
        } else {
            self.release(Ok(()))
        }
    }

    fn deleted(mut self: Box<Self>, outcome: Result<(), StoreError>, now: Now) -> RefreshStep {
        self.now = now;
        match outcome {
            // Whoever has the lock by now may have rotated the very token that was refused.
            Err(error) if error.lease_lost() => {
                return self.release(Err(store_error("could not be deleted", error)));
            }
            // A record that could not be deleted is refused again by whoever loads it.
            _ => {}
        }
        let Phase::Refused(tokens, error) = std::mem::replace(&mut self.phase, Phase::Locked) else {
            return self.release(Ok(()));
        };
        self.end(tokens, error)
    }
}

impl Leader {
    pub(crate) fn new(
        session: &Arc<Session>,
        reason: Reason,
        generation: u64,
        sign_ins: u64,
        now: Now,
    ) -> Box<Self> {
        let session = session.clone();
        let phase = Phase::Waiting;
        Box::new(Self {
            session,
            reason,
            generation,
            sign_ins,
            phase,
            now,
            locked_at: now.monotonic,
            exchanged: false,
            finished: false,
        })
    }

    fn loaded_unlocked(self: Box<Self>, stored: Result<Option<Tokens>, StoreError>) -> RefreshStep {
        let outcome = match stored {
            Err(error) => Err(store_error("could not be read", error)),
            Ok(stored) => {
                let mut state = self.session.state();
                match (stored, &state.ended) {
                    _ if state.sign_ins != self.sign_ins => Ok(()),
                    (Some(tokens), _) => match state.ended_with(&tokens) {
                        Some(error) => Err(error),
                        None => {
                            state.adopt(tokens, Origin::Loaded);
                            Ok(())
                        }
                    },
                    (None, Some(ended)) => Err(ended.error.clone()),
                    (None, None) => Err(Error::authentication(
                        "the token store holds no tokens for this user: start with `auth().sign_in`",
                    )),
                }
            }
        };
        self.done(outcome)
    }

    fn loaded_locked(self: Box<Self>, stored: Option<Tokens>) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if state.sign_ins != self.sign_ins || state.generation != self.generation {
            drop(state);
            return self.release(Ok(())); // a sign-in came in between: there is a new pair
        }
        if state.pending.is_some() {
            if let Some(pending) = state.reconcile(stored, self.now) {
                drop(state);
                return self.save(pending);
            }
        } else {
            match stored {
                None => {
                    let error = Error::authentication(
                        "the user has signed out: the token store holds no tokens for them",
                    );
                    state.end(Vec::new(), error.clone());
                    drop(state);
                    return self.release(Err(error));
                }
                Some(tokens) if same_pair(state.current.as_ref().map(|pair| &pair.tokens), &tokens) => {
                    drop(state);
                    return self.exchange();
                }
                Some(tokens) => {
                    if let Some(error) = state.ended_with(&tokens) {
                        drop(state);
                        return self.release(Err(error)); // it could not be deleted
                    }
                    state.adopt(tokens, Origin::Taken(self.now));
                }
            }
        }
        let expired = state.is_expired(self.now);
        drop(state);
        if expired { self.exchange() } else { self.release(Ok(())) }
    }

    fn exchange(mut self: Box<Self>) -> RefreshStep {
        if self.now.monotonic.saturating_sub(self.locked_at) > token_endpoint::HEAD_START {
            let text =
                "the token store took so long that its lock could end during the exchange; nothing was sent";
            return self.release(Err(Error::new(ErrorKind::TokenStore).with_message(text)));
        }
        let app = self.session.app().clone();
        let tokens = {
            let state = self.session.state();
            // Who waits for this exchange waits for one of the pair there is now, not of the one it began with.
            self.generation = state.generation;
            state.current.as_ref().map(|current| current.tokens.clone())
        };
        let Some((tokens, refresh_token)) =
            tokens.and_then(|tokens| Some((tokens.clone(), tokens.refresh_token?)))
        else {
            let text = "the access token is no longer accepted and there is no refresh token";
            return self.release(Err(Error::authentication(text)));
        };
        match token_endpoint::refresh(&app, &refresh_token) {
            Err(error) => self.release(Err(error)),
            Ok(request) => {
                self.exchanged = true;
                self.phase = Phase::Exchanging(tokens);
                RefreshStep::Send(request, Exchanging(self))
            }
        }
    }

    fn save(mut self: Box<Self>, pending: Pending) -> RefreshStep {
        let tokens = pending.tokens.clone();
        {
            let session = self.session.clone();
            let mut state = session.state();
            if state.sign_ins != self.sign_ins {
                drop(state);
                return self.release(Ok(())); // the user signed in anew: this pair has no say
            }
            state.pending = Some(pending);
        }
        self.phase = Phase::Saving;
        RefreshStep::Save(tokens, Saving(self))
    }

    /// The refresh token of `tokens` was refused: if the store holds another pair by now, that is used.
    fn reread(mut self: Box<Self>, tokens: Tokens, stored: Option<Tokens>, refusal: Error) -> RefreshStep {
        match stored {
            Some(stored) if !same_pair(Some(&tokens), &stored) => {
                let expired = {
                    let mut state = self.session.state();
                    let superseded = state.sign_ins != self.sign_ins;
                    if !superseded {
                        state.adopt(stored, Origin::Taken(self.now));
                    }
                    !superseded && state.is_expired(self.now)
                };
                if expired { self.exchange() } else { self.release(Ok(())) }
            }
            Some(_) => {
                self.phase = Phase::Refused(tokens, refusal);
                RefreshStep::Delete(Deleting(self))
            }
            None => self.end(tokens, refusal),
        }
    }

    fn end(mut self: Box<Self>, tokens: Tokens, error: Error) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if state.sign_ins != self.sign_ins {
            drop(state);
            return self.release(Ok(()));
        }
        state.end(vec![tokens.clone()], error.clone());
        drop(state);
        let mut again = SignIn::new(&*session.key().user);
        again.scope = tokens.scope;
        // What another server has to be asked for is not all in what it granted.
        let is_enough = session.app().config().profile.is_none();
        let sign_in = is_enough.then(|| again.start(session.app(), self.now).ok()).flatten();
        let ended = SessionEnded { key: session.key().clone(), sign_in };
        let outcome = Err(error);
        self.tell(&outcome);
        RefreshStep::Release(Releasing { outcome, ended: Some((session, ended)) })
    }

    fn fate_unknown(&self, from: &Tokens) {
        if self.session.app().profile().rotation == Rotation::Keeps {
            return; // it was not used up
        }
        if let Some(current) = &mut self.session.state().current {
            if same_pair(Some(from), &current.tokens) {
                (current.fate_unknown, current.doubted_at) = (true, self.now.monotonic);
            }
        }
    }

    fn release(mut self: Box<Self>, outcome: Result<(), Error>) -> RefreshStep {
        self.tell(&outcome);
        RefreshStep::Release(Releasing::new(outcome))
    }

    fn done(mut self: Box<Self>, outcome: Result<(), Error>) -> RefreshStep {
        self.tell(&outcome);
        RefreshStep::Done(outcome)
    }

    /// Ends the round: whoever waits for it gets the same outcome.
    fn tell(&mut self, outcome: &Result<(), Error>) {
        trace::refreshed(self.reason, self.exchanged, outcome);
        self.finished = true;
        let mut state = self.session.state();
        state.leading = false;
        state.rounds += 1;
        let Err(error) = outcome else { return };
        if state.sign_ins == self.sign_ins {
            if self.reason == Reason::Early {
                let patience = error.retry_after().unwrap_or_default().clamp(PATIENCE, LONGEST_PATIENCE);
                state.no_early_before = self.now.monotonic.saturating_add(patience);
            }
            let (round, generation) = (state.rounds, self.generation);
            state.failure = Some(crate::session::Failure { round, generation, error: error.clone() });
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let exchanging = matches!(self.phase, Phase::Exchanging(_));
        if let Phase::Exchanging(from) = &self.phase {
            self.fate_unknown(from);
        }
        let error = Error::new(ErrorKind::Network { sent: if exchanging { Sent::Maybe } else { Sent::No } })
            .with_message("the refresh was given up before its end");
        self.tell(&Err(error.with_may_have_happened(exchanging)));
    }
}

pub(crate) fn store_error(what: &str, error: StoreError) -> Error {
    Error::new(ErrorKind::TokenStore).with_message(format!("the tokens {what}: {error}")).with_source(error)
}

pub(crate) fn not_saved(error: StoreError) -> Error {
    Error::new(ErrorKind::TokenStore)
        .with_message(format!(
            "the new tokens could not be saved and are not used before they are; the next call tries again: {error}"
        ))
        .with_source(error)
}
