//! An accepted request: the call to make, and the response to send.

use std::time::Duration;

use connect_core::{AuthorizationCode, Error, Grant, Response, Secret, Tokens};
use jiff::Timestamp;

use super::{answer::Cors, refusal::Refusal, upstream};

/// The signed-in user whose page sends a request, known from the session of the application.
#[derive(Clone, Debug)]
pub struct Visitor {
    user: String,
    nonce: Option<Secret>,
}

impl Visitor {
    /// Creates a visitor. The tokens of the visitor are stored under `user`, the user's id.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), nonce: None }
    }

    /// Sets the nonce, a random text of the session. The page must send the nonce as `state` twice: with its
    /// authorization request, and with the code to the token endpoint. The endpoint refuses a code with
    /// another `state`, so an attacker cannot inject a code into the page (RFC 6749 10.12).
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Secret>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn has_user_id(&self) -> bool {
        !self.user.is_empty()
    }

    /// Whether the `state` of a request is the nonce of the session, or the session has no nonce.
    pub(super) fn accepts_state(&self, state: Result<Option<Secret>, Refusal>) -> bool {
        match &self.nonce {
            None => true,
            Some(nonce) => state.ok().flatten().as_ref() == Some(nonce), // a constant-time comparison
        }
    }
}

/// The call to make for a request.
#[derive(Clone, Debug)]
pub enum Work {
    /// Exchange the code and store the tokens: `user.exchange(code)`.
    Exchange(AuthorizationCode),
    /// Return tokens that were issued to the user at most this duration ago: `user.tokens(max_age)`.
    Tokens(Duration),
    /// Exchange the grant and store nothing: `client.grant(grant)`.
    Grant(Grant),
}

/// An accepted request. Make the call of [`work`](Self::work) once, and pass the result to
/// [`reply`](Self::reply).
#[derive(Debug)]
#[must_use = "the request has no response yet"]
pub struct Accepted {
    user: String,
    work: Work,
    cors: Cors,
    pass_through: bool,
}

impl Accepted {
    pub(super) fn new(visitor: &Visitor, work: Work, cors: Cors, pass_through: bool) -> Self {
        Self { user: visitor.user.clone(), work, cors, pass_through }
    }

    /// Returns the id of the user that sends the request.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the call to make for the request.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Returns the response for the result of the call.
    ///
    /// | result | status | `error` |
    /// |---|---|---|
    /// | tokens | 200 | |
    /// | a refused grant, scope, redirect URI or access | 400 | the received code, such as `invalid_grant` |
    /// | the tokens of the user are missing, revoked or expired | 400 | `invalid_grant` |
    /// | the client credentials were refused | 502 | `server_error` |
    /// | the response of the authorization server was invalid | 502 | `server_error` |
    /// | the connection to the authorization server failed | 502 | `server_error` |
    /// | the client sent too many requests (with `Retry-After` if known) | 503 | `temporarily_unavailable` |
    /// | the token store failed | 503 | `temporarily_unavailable` |
    /// | the authorization server did not respond in time | 504 | `temporarily_unavailable` |
    pub fn reply(self, outcome: Result<Tokens, Error>) -> Response {
        self.reply_at(outcome, Timestamp::now())
    }

    /// Like [`reply`](Self::reply), with `now` as the current time.
    pub fn reply_at(self, outcome: Result<Tokens, Error>, now: Timestamp) -> Response {
        match outcome {
            Ok(tokens) => self.cors.grant(&tokens, self.pass_through, now),
            Err(error) => self.cors.refuse(&upstream::refusal(&error)),
        }
    }
}
