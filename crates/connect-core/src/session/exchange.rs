//! Putting a pair into a session: the exchange of a code, or tokens handed in. The pair is pending then, and saved by a
//! task that queues at the session's gate.

use std::{sync::Arc, time::Duration};

use connect_types::Scope;

use crate::{
    base::{Error, Now, Request, Response, SignInFault, TransportError},
    session::{
        Session,
        pending::Replaceable,
        state::StartPoint,
        steps::{Exchanging, RefreshStep, Resting, Work},
    },
    sign_in::{
        AuthorizationCode, Callback, PendingSignIn,
        token_endpoint::{self, TokenRequestError},
    },
    tokens::{Claims, Revision, Tokens},
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
        let request = self.accept(app, callback, now.wall).and_then(|code| {
            token_endpoint::exchange_request(app, &code, self.redirect_uri(), self.verifier())
        });
        CodeExchange::start(session, request, self.scope().cloned(), now)
    }
}

impl Session {
    /// Exchanges a code that came by another way than a redirect. The exchange is made once; on any fault before the save
    /// nothing is kept.
    pub fn exchange(self: &Arc<Self>, code: &AuthorizationCode, now: Now) -> RefreshStep {
        if self.key().user.is_empty() {
            return RefreshStep::Done(Err(self.app().config().no_user()));
        }
        CodeExchange::start(self, code.request(self.app()), None, now)
    }

    /// Takes tokens that came from elsewhere: saved first, then in use. Where they are JSON Web Tokens they have
    /// to be this user's and this client's.
    pub fn import(self: &Arc<Self>, mut tokens: Tokens, now: Now) -> RefreshStep {
        if let Err(error) = check_token_owner(self, &tokens) {
            return RefreshStep::Done(Err(error));
        }
        tokens.issued_at = tokens.issued_at.or(Some(now.wall));
        // The application decides which tokens are used: whether the server issued others later does not matter.
        tokens.revision =
            Some(Revision { sign_in: self.app().entropy().text(), signed_in_at: None, number: 0 });
        tokens.refused = None;
        let since = self.state().start_point();
        queue_save(self, tokens, Replaceable::Import, since, now)
    }
}

/// The exchange of a code.
struct CodeExchange {
    session: Arc<Session>,
    request: Request,
    since: StartPoint,
    /// When (monotonic) it has waited long enough for the token endpoint.
    deadline: Duration,
    /// What was asked for: it is granted where the answer names nothing else (RFC 6749 5.1).
    scope: Option<Scope>,
}

impl CodeExchange {
    fn start(
        session: &Arc<Session>,
        request: Result<Request, Error>,
        scope: Option<Scope>,
        now: Now,
    ) -> RefreshStep {
        let since = session.state().start_point();
        let deadline = now.monotonic.saturating_add(session.app().config().exchange_timeout);
        match request {
            Err(error) => RefreshStep::Done(Err(error)),
            Ok(request) => {
                Box::new(Self { session: session.clone(), request, since, deadline, scope }).send(now)
            }
        }
    }

    /// A code is good for one request, so it waits where the token endpoint asked to wait a moment.
    fn send(self: Box<Self>, now: Now) -> RefreshStep {
        let app = self.session.app();
        let Some(error) = token_endpoint::cool_down_error(app, now) else {
            return RefreshStep::Send(self.request.clone(), Exchanging(self));
        };
        let left = self.deadline.saturating_sub(now.monotonic);
        match error.retry_after() {
            // A little longer than it asked, so that not all come at once.
            Some(wait) if wait <= left => {
                RefreshStep::Sleep(wait.mul_f64(1.0 + app.entropy().unit() / 20.0), Resting(self))
            }
            _ => RefreshStep::Done(Err(error)),
        }
    }
}

impl Work for CodeExchange {
    fn rested(self: Box<Self>, now: Now) -> RefreshStep {
        self.send(now)
    }

    fn sent(self: Box<Self>, outcome: Result<Response, TransportError>, now: Now) -> RefreshStep {
        let Self { session, scope, since, .. } = *self;
        let tokens = match outcome {
            Ok(response) => token_endpoint::read_tokens(session.app(), &response, None, now)
                .map_err(TokenRequestError::into_error),
            Err(error) => Err(error.into()),
        };
        let tokens = tokens.map_err(|error| error.with_attempts(1)).and_then(|mut tokens| {
            check_token_owner(&session, &tokens)?;
            tokens.scope = tokens.scope.or(scope);
            Ok(tokens)
        });
        match tokens {
            Ok(tokens) => queue_save(&session, tokens, Replaceable::SignIn, since, now),
            Err(error) => RefreshStep::Done(Err(error)),
        }
    }
}

/// The pair is pending from now on: whatever happens to these steps, the next call goes on with it.
fn queue_save(
    session: &Arc<Session>,
    tokens: Tokens,
    replaceable: Replaceable,
    since: StartPoint,
    now: Now,
) -> RefreshStep {
    session.state().sign_in(tokens, replaceable, since, now.monotonic);
    let deadline = now.monotonic.saturating_add(session.app().config().timeout);
    match session.flush_pending(deadline) {
        Some(save) => RefreshStep::Queue(save),
        None => RefreshStep::Done(Ok(())), // a call has saved it meanwhile
    }
}

/// Whether the access token is this user's and this client's; one that is no JWT cannot be asked.
fn check_token_owner(session: &Session, tokens: &Tokens) -> Result<(), Error> {
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
