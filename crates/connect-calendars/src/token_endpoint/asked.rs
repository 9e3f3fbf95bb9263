//! A request that is served: what is to be done for it, and its answer.

use std::time::Duration;

use connect_core::{AuthorizationCode, Error, Grant, Response, Secret, Tokens};
use jiff::Timestamp;

use super::{answer::Cors, refusal::Refusal, upstream};

/// The signed-in user of the application whose page sends a request, as the server knows it by its own session.
#[derive(Clone, Debug)]
pub struct Visitor {
    user: String,
    nonce: Option<Secret>,
}

impl Visitor {
    /// The application's own id of the user: the one that tokens are kept under.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), nonce: None }
    }

    /// A random text of the session that the page asked for its code with, and that it has to send along as `state`: a code
    /// that somebody slipped to the page is refused then (RFC 6749 10.12).
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Secret>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Whether it is a user at all.
    pub(super) fn is_somebody(&self) -> bool {
        !self.user.is_empty()
    }

    /// Whether a request with this state is one of the session.
    pub(super) fn sent(&self, state: Result<Option<Secret>, Refusal>) -> bool {
        match &self.nonce {
            None => true,
            Some(nonce) => state.ok().flatten().as_ref() == Some(nonce), // takes the same time wherever they differ
        }
    }
}

/// What is to be done for a request.
#[derive(Clone, Debug)]
pub enum Work {
    /// Exchange the code and keep the tokens: `user.exchange(code)`.
    Exchange(AuthorizationCode),
    /// Tokens of the user that were minted within this time, or new ones: `user.tokens(max_age)`.
    Tokens(Duration),
    /// Exchange the grant and keep nothing: `client.grant(grant)`.
    Grant(Grant),
}

/// A request that is served: do its [`work`](Self::work) once, and [`reply`](Self::reply) with the outcome.
#[derive(Debug)]
#[must_use = "the request is not answered"]
pub struct Asked {
    user: String,
    work: Work,
    cors: Cors,
    pass_through: bool,
}

impl Asked {
    pub(super) fn new(visitor: &Visitor, work: Work, cors: Cors, pass_through: bool) -> Self {
        Self { user: visitor.user.clone(), work, cors, pass_through }
    }

    /// Whose request it is.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What is to be done for it.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// The answer.
    ///
    /// | outcome | status | `error` |
    /// |---|---|---|
    /// | tokens | 200 | |
    /// | the grant, the scope, the redirect URI was refused | 400 | the authorization server's, as `invalid_grant` |
    /// | the user's tokens are gone, or good no longer | 400 | `invalid_grant` |
    /// | the client's credentials were refused, an answer that is none, no connection | 502 | `server_error` |
    /// | too many requests (with `Retry-After`, where it is known); the token store failed | 503 | `temporarily_unavailable` |
    /// | no answer in time | 504 | `temporarily_unavailable` |
    pub fn reply(self, outcome: Result<Tokens, Error>) -> Response {
        self.reply_at(outcome, Timestamp::now())
    }

    /// The answer, by a clock of one's own.
    pub fn reply_at(self, outcome: Result<Tokens, Error>, now: Timestamp) -> Response {
        match outcome {
            Ok(tokens) => self.cors.grant(&tokens, self.pass_through, now),
            Err(error) => self.cors.refuse(&upstream::refusal(&error)),
        }
    }
}
