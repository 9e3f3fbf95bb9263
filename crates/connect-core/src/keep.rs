//! Putting a pair into a session: the end of a sign-in, or tokens handed in; and taking it out: sign-out.

use std::{sync::Arc, time::Duration};

use connect_types::{Safety, Scope};

use crate::{
    Callback, Error, Now, PendingSignIn, Request, Response, Session, SignInFault, StoreError, Tokens,
    TransportError, answer,
    leader::{not_saved, store_error},
    oauth::Code,
    pending::{Origin, Over, Pending},
    steps::{Deleting, Exchanging, Loading, Locking, RefreshStep, Releasing, Resting, Saving, Work},
    token_endpoint::{self, Refusal},
    tokens::Claims,
};

impl PendingSignIn {
    /// Finishes the sign-in with what came back to the redirect URI. The session must be that of
    /// [`user`](Self::user). The exchange is made once; on any fault before the save nothing is kept.
    pub fn finish(self, session: &Arc<Session>, callback: &Callback, now: Now) -> RefreshStep {
        let app = session.app();
        if *session.key().user != *self.user() {
            let text = "a sign-in is finished in the session of the user who signs in";
            return RefreshStep::Done(Err(Error::configuration(text)));
        }
        let request = self
            .accept(app, callback, now.wall)
            .and_then(|code| token_endpoint::exchange(app, &code, self.redirect_uri(), self.verifier()));
        Finish::start(session, request, self.scope().cloned())
    }
}

impl Session {
    /// Exchanges a code that came by another way than a redirect. The exchange is made once; on any fault before the save
    /// nothing is kept.
    pub fn exchange(self: &Arc<Self>, code: &Code) -> RefreshStep {
        if self.key().user.is_empty() {
            return RefreshStep::Done(Err(Error::validation("the user id must not be empty")));
        }
        Finish::start(self, code.request(self.app()), None)
    }

    /// Takes tokens that came from elsewhere: saved first, then in use. Where they are JSON Web Tokens they have
    /// to be this user's and this client's.
    pub fn import(self: &Arc<Self>, mut tokens: Tokens, now: Now) -> RefreshStep {
        if let Err(error) = check(self, &tokens) {
            return RefreshStep::Done(Err(error));
        }
        tokens.issued_at = tokens.issued_at.or(Some(now.wall));
        Keep::start(self, tokens, now)
    }

    /// Ends the session: the server first (RFC 7009), then the store, whatever the server said.
    pub fn sign_out(self: &Arc<Self>) -> RefreshStep {
        let work = SignOut {
            session: self.clone(),
            sign_ins: 0,
            tokens: Vec::new(),
            revoked: Ok(()),
            locked_at: Duration::ZERO,
            tries: 0,
        };
        RefreshStep::Lock(token_endpoint::lease(self.app()), Locking(Box::new(work)))
    }
}

/// The exchange of a code.
struct Finish {
    session: Arc<Session>,
    /// What was asked for: it is granted where the answer names nothing else (RFC 6749 5.1).
    scope: Option<Scope>,
}

impl Finish {
    fn start(session: &Arc<Session>, request: Result<Request, Error>, scope: Option<Scope>) -> RefreshStep {
        match request {
            Err(error) => RefreshStep::Done(Err(error)),
            Ok(request) => {
                RefreshStep::Send(request, Exchanging(Box::new(Self { session: session.clone(), scope })))
            }
        }
    }
}

impl Work for Finish {
    fn sent(self: Box<Self>, outcome: Result<Response, TransportError>, now: Now) -> RefreshStep {
        let Self { session, scope } = *self;
        let tokens = match outcome {
            Ok(response) => {
                token_endpoint::read(session.app(), &response, None, now).map_err(Refusal::into_error)
            }
            Err(error) => Err(error.into()),
        };
        let tokens = tokens.map_err(|error| error.with_attempts(1)).and_then(|mut tokens| {
            check(&session, &tokens)?;
            tokens.scope = tokens.scope.or(scope);
            Ok(tokens)
        });
        match tokens {
            Ok(tokens) => Keep::start(&session, tokens, now),
            Err(error) => RefreshStep::Done(Err(error)),
        }
    }
}

/// Whether the access token is this user's and this client's; one that is no JWT cannot be asked.
fn check(session: &Session, tokens: &Tokens) -> Result<(), Error> {
    if session.app().profile().user_parameter.is_none() {
        return Ok(()); // whoever signed in there: the application's own ids mean nothing to it
    }
    let Some(claims) = Claims::of(&tokens.access_token) else { return Ok(()) };
    let fault = if !claims.is_user(&session.key().user) {
        SignInFault::WrongUser
    } else if !claims.is_client(&session.key().client_id) {
        SignInFault::WrongClient
    } else {
        return Ok(());
    };
    Err(Error::sign_in(fault).with_message("the tokens were not issued for this sign-in; nothing was saved"))
}

/// A pair on its way into the store and then into use.
struct Keep {
    session: Arc<Session>,
    sign_ins: u64,
}

impl Keep {
    /// The pair is pending from now on: whatever happens to these steps, the next call goes on with it.
    fn start(session: &Arc<Session>, tokens: Tokens, now: Now) -> RefreshStep {
        let sign_ins = {
            let mut state = session.state();
            state.sign_ins += 1;
            state.failure = None;
            state.pending =
                Some(Pending { tokens, origin: Origin::SignIn(now.monotonic), over: Over::Anything });
            state.sign_ins
        };
        let work = Box::new(Self { session: session.clone(), sign_ins });
        RefreshStep::Lock(token_endpoint::lease(session.app()), Locking(work))
    }
}

impl Work for Keep {
    fn locked(self: Box<Self>, outcome: Result<(), StoreError>, _: Now) -> RefreshStep {
        match outcome {
            Ok(()) => RefreshStep::Load(Loading(self)),
            Err(error) => RefreshStep::Done(Err(not_saved(error))),
        }
    }

    fn loaded(self: Box<Self>, stored: Result<Option<Tokens>, StoreError>, now: Now) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        let (pending, outcome) = match stored {
            // A later sign-in, or a call that settled it.
            _ if state.sign_ins != self.sign_ins || state.pending.is_none() => (None, Ok(())),
            Ok(stored) => (state.reconcile(stored, now), Ok(())),
            Err(error) => (state.untried(), Err(not_saved(error))),
        };
        match pending {
            Some(pending) => RefreshStep::Save(pending.tokens, Saving(self)),
            None => RefreshStep::Release(Releasing::new(outcome)),
        }
    }

    fn saved(self: Box<Self>, outcome: Result<(), StoreError>, _: Now) -> RefreshStep {
        let outcome = outcome.map_err(not_saved);
        let mut state = self.session.state();
        if outcome.is_ok() && state.sign_ins == self.sign_ins {
            state.adopt_pending();
        }
        RefreshStep::Release(Releasing::new(outcome))
    }
}

/// The end of a session by the user's own wish.
struct SignOut {
    session: Arc<Session>,
    /// The sign-ins there had been when the tokens to revoke were looked up.
    sign_ins: u64,
    /// What is not to bring the user back: what is revoked, and what the store held.
    tokens: Vec<Tokens>,
    revoked: Result<(), Error>,
    /// When (monotonic) it got the lock.
    locked_at: Duration,
    /// How often the revocation was sent.
    tries: u32,
}

impl SignOut {
    fn revoke(mut self: Box<Self>) -> RefreshStep {
        let Some(tokens) = self.tokens.first() else { return self.delete() };
        match token_endpoint::revoke(self.session.app(), tokens) {
            Some(Ok(request)) => {
                self.tries += 1;
                return RefreshStep::Send(request, Exchanging(self));
            }
            Some(Err(error)) => self.revoked = Err(error),
            None => {}
        }
        self.delete()
    }

    /// When the revocation is sent again, if the lock will outlast that: to repeat it does no harm, and after a 503 the
    /// tokens are still good (RFC 7009 2.2.1).
    fn pause(&self, error: &Error, now: Now) -> Option<Duration> {
        let app = self.session.app();
        let pause = app.config().retry.pause(self.tries, Safety::Idempotent, error, app.entropy().unit())?;
        let held = now.monotonic.saturating_sub(self.locked_at);
        (held.saturating_add(pause) <= token_endpoint::HEAD_START).then_some(pause)
    }

    fn delete(self: Box<Self>) -> RefreshStep {
        RefreshStep::Delete(Deleting(self))
    }
}

impl Work for SignOut {
    fn locked(mut self: Box<Self>, outcome: Result<(), StoreError>, now: Now) -> RefreshStep {
        self.locked_at = now.monotonic;
        match outcome {
            Ok(()) => RefreshStep::Load(Loading(self)),
            Err(error) => RefreshStep::Done(Err(store_error("could not be locked", error))),
        }
    }

    fn loaded(mut self: Box<Self>, stored: Result<Option<Tokens>, StoreError>, _: Now) -> RefreshStep {
        let (sign_ins, pending, current) = {
            let state = self.session.state();
            let pending = state.pending.as_ref().map(|pending| pending.tokens.clone());
            let current = state.current.as_ref().map(|current| current.tokens.clone());
            (state.sign_ins, pending, current)
        };
        self.sign_ins = sign_ins;
        let stored = stored.unwrap_or_else(|error| {
            self.revoked = Err(store_error("could not be read", error)); // unless memory has some
            None
        });
        self.tokens = [pending, stored, current].into_iter().flatten().collect();
        self.revoke()
    }

    fn rested(self: Box<Self>, _: Now) -> RefreshStep {
        self.revoke()
    }

    fn sent(mut self: Box<Self>, outcome: Result<Response, TransportError>, now: Now) -> RefreshStep {
        self.revoked = match outcome {
            Ok(response) if token_endpoint::is_revoked(self.session.app(), &response) => Ok(()),
            Ok(response) => Err(answer::classify(&response, None, now.wall)),
            Err(error) => Err(error.into()),
        }
        .map_err(|error| error.with_attempts(self.tries));
        match self.revoked.as_ref().err().and_then(|error| self.pause(error, now)) {
            Some(pause) => RefreshStep::Sleep(pause, Resting(self)),
            None => self.delete(),
        }
    }

    fn deleted(mut self: Box<Self>, outcome: Result<(), StoreError>, _: Now) -> RefreshStep {
        {
            let session = self.session.clone();
            let mut state = session.state();
            // Who signed in since is not signed out; the new pair waits for the lock.
            if state.sign_ins == self.sign_ins {
                state.sign_ins += 1;
                state.end(std::mem::take(&mut self.tokens), Error::authentication("the user has signed out"));
            }
        }
        let deleted = outcome.map_err(|error| store_error("could not be deleted", error));
        RefreshStep::Release(Releasing::new(deleted.and(self.revoked)))
    }
}
