//! What is exchanged for tokens by hand: without a session, or without a redirect.

use std::fmt;

use crate::{
    app::App,
    base::{Error, Now, Request, Response, Secret},
    sign_in::token_endpoint,
    tokens::Tokens,
};

/// An authorization code that came by another way than [`PendingSignIn`](crate::PendingSignIn), which checks where a code
/// comes from: who takes one in has to see to that.
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    code: Secret,
    redirect_uri: Option<String>,
    verifier: Option<Secret>,
}

impl AuthorizationCode {
    /// A code that was asked for with the application's own redirect URI.
    pub fn new(code: impl Into<Secret>) -> Self {
        Self { code: code.into(), redirect_uri: None, verifier: None }
    }

    /// The redirect URI it was asked for with (RFC 6749 4.1.3).
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// The code verifier of the challenge it was asked for with (RFC 7636 4.5).
    #[must_use]
    pub fn verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.verifier = Some(verifier.into());
        self
    }

    pub(crate) fn request(&self, app: &App) -> Result<Request, Error> {
        if app.config().is_anonymous() {
            return Err(app.config().no_user());
        }
        let redirect_uri = self.redirect_uri.as_deref().unwrap_or(&app.config().redirect_uri);
        token_endpoint::exchange_request(app, &self.code, redirect_uri, self.verifier.as_ref())
    }
}

/// What a token endpoint gives tokens for (RFC 6749 1.3).
///
/// For who hands tokens through and keeps none. A [`Session`](crate::machine::Session) does the same so that no token is lost.
#[derive(Clone)]
#[non_exhaustive]
pub enum Grant {
    /// An authorization code. It is good for one request: never repeat it.
    AuthorizationCode(AuthorizationCode),
    /// A refresh token.
    RefreshToken(Secret),
}

impl Grant {
    /// The request to the application's token endpoint.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`](crate::ErrorKind) while the token endpoint has asked to wait, with
    /// [`retry_after`](Error::retry_after).
    pub fn request(&self, app: &App, now: Now) -> Result<Request, Error> {
        if let Some(error) = token_endpoint::cool_down_error(app, now) {
            return Err(error);
        }
        match self {
            Self::AuthorizationCode(code) => code.request(app),
            Self::RefreshToken(token) => token_endpoint::refresh_request(app, token),
        }
    }

    /// The tokens of its answer.
    ///
    /// # Errors
    /// With the server's `error` as [`server_code`](Error::server_code) where there is one.
    pub fn read(&self, app: &App, response: &Response, now: Now) -> Result<Tokens, Error> {
        let before = match self {
            Self::AuthorizationCode(_) => None,
            Self::RefreshToken(token) => Some(Tokens::access_only("").with_refresh_token(token.clone())),
        };
        token_endpoint::read_tokens(app, response, before.as_ref(), now)
            .map_err(token_endpoint::TokenRequestError::into_error)
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthorizationCode(_) => "AuthorizationCode",
            Self::RefreshToken(_) => "RefreshToken",
        })
    }
}
