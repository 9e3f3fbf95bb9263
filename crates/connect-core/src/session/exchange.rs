//! New token pairs of a session: from the exchange of a code, or imported by the application.
//!
//! The new pair is pending until a task has saved it. The saving task runs under the session's gate.

use std::{sync::Arc, time::Duration};

use connect_types::Scope;

use crate::{
    base::{Error, Now, Request, Response, TransportError},
    session::{
        Session,
        pending::Replaceable,
        state::StartPoint,
        steps::{Exchanging, RefreshSleeping, RefreshStep, Work},
    },
    sign_in::{
        AuthorizationCode, Callback, PendingSignIn,
        token_endpoint::{self, TokenRequestError, check_token_owner},
    },
    tokens::{Revision, Tokens},
};

impl PendingSignIn {
    /// Finishes the sign-in: exchanges the code of the callback for tokens. The code is sent only once.
    ///
    /// # Errors
    /// Nothing is saved if `session` is not the session of [`user`](Self::user), the callback is not valid,
    /// the exchange fails, or the tokens were issued for another user or client. If only the save fails, the
    /// next call saves the tokens.
    pub fn finish(self, session: &Arc<Session>, callback: &Callback, now: Now) -> RefreshStep {
        let app = session.app();
        if *session.key().user != *self.user() {
            let text = "the session and the sign-in belong to different users";
            return RefreshStep::Done(Err(Error::configuration(text)));
        }
        let request = self.accept(app, callback, now.wall).and_then(|code| {
            token_endpoint::exchange_request(app, &code, self.redirect_uri(), self.verifier())
        });
        CodeExchange::start(session, request, self.scope().cloned(), now)
    }
}

impl Session {
    /// Exchanges an authorization code that was not received through a redirect. The code is sent only once.
    ///
    /// # Errors
    /// If the user id of the session is empty, or if the exchange or the save fails. See
    /// [`PendingSignIn::finish`].
    pub fn exchange(self: &Arc<Self>, code: &AuthorizationCode, now: Now) -> RefreshStep {
        if self.key().user.is_empty() {
            return RefreshStep::Done(Err(self.app().config().no_user()));
        }
        CodeExchange::start(self, code.request(self.app()), None, now)
    }

    /// Saves tokens that the application obtained itself, and then puts them into use.
    ///
    /// If `issued_at` is missing, the tokens count as issued now.
    ///
    /// # Errors
    /// If the profile has a [`user_parameter`](crate::oauth::Profile::user_parameter) and the access token is
    /// a JSON Web Token for another user or client, or if the save fails.
    pub fn import(self: &Arc<Self>, mut tokens: Tokens, now: Now) -> RefreshStep {
        if let Err(error) = check_token_owner(self.app(), &self.key().user, &tokens) {
            return RefreshStep::Done(Err(error));
        }
        tokens.issued_at = tokens.issued_at.or(Some(now.wall));
        // Without a sign-in time, no stored pair is known to be newer, so the imported pair replaces every
        // stored pair.
        tokens.revision =
            Some(Revision { sign_in: self.app().entropy().text(), signed_in_at: None, number: 0 });
        tokens.refused = None;
        let since = self.state().start_point();
        queue_save(self, tokens, Replaceable::Import, since, now)
    }
}

/// The exchange of an authorization code.
struct CodeExchange {
    session: Arc<Session>,
    request: Request,
    since: StartPoint,
    /// The latest (monotonic) time at which the request may be sent.
    deadline: Duration,
    /// The requested scope. A response without a scope means that the requested scope was granted
    /// (RFC 6749 5.1).
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

    /// Sends the request after the end of a cool-down, or fails if the cool-down ends after the deadline.
    fn send(self: Box<Self>, now: Now) -> RefreshStep {
        let app = self.session.app();
        let Some(error) = token_endpoint::cool_down_error(app, now) else {
            return RefreshStep::Send(self.request.clone(), Exchanging(self));
        };
        let left = self.deadline.saturating_sub(now.monotonic);
        match error.retry_after() {
            // The random part of the pause prevents that all waiting exchanges are sent together.
            Some(wait) if wait <= left => {
                RefreshStep::Sleep(wait.mul_f64(1.0 + app.entropy().unit() / 20.0), RefreshSleeping(self))
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
            check_token_owner(session.app(), &session.key().user, &tokens)?;
            tokens.scope = tokens.scope.or(scope);
            Ok(tokens)
        });
        match tokens {
            Ok(tokens) => queue_save(&session, tokens, Replaceable::SignIn, since, now),
            Err(error) => RefreshStep::Done(Err(error)),
        }
    }
}

/// Makes the pair pending and returns the step that saves it.
///
/// If the step is dropped, the next call saves the pair.
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
        None => RefreshStep::Done(Ok(())), // a concurrent call has saved the pair
    }
}
