//! Authorization codes from sources other than a redirect, and grants whose tokens are not stored.

use std::fmt;

use crate::{
    app::App,
    base::{Error, Now, Request, Response, Secret},
    sign_in::token_endpoint,
    tokens::Tokens,
};

/// An authorization code that was not received through a [`PendingSignIn`](crate::PendingSignIn).
///
/// The application itself must check the source of the code, because only a
/// [`PendingSignIn`](crate::PendingSignIn) compares the `state`.
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    code: Secret,
    redirect_uri: Option<String>,
    verifier: Option<Secret>,
}

impl AuthorizationCode {
    /// Creates a code that was requested with the redirect URI of the configuration.
    pub fn new(code: impl Into<Secret>) -> Self {
        Self { code: code.into(), redirect_uri: None, verifier: None }
    }

    /// Sets the redirect URI of the authorization request (RFC 6749 4.1.3).
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets the PKCE code verifier of the authorization request (RFC 7636 4.5).
    #[must_use]
    pub fn verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.verifier = Some(verifier.into());
        self
    }

    pub(crate) fn request(&self, app: &App) -> Result<Request, Error> {
        if app.config().is_anonymous() {
            return Err(app.config().no_user());
        }
        let redirect_uri = app.config().redirect_uri(self.redirect_uri.as_deref())?;
        token_endpoint::exchange_request(app, &self.code, redirect_uri, self.verifier.as_ref())
    }
}

/// A grant that a token endpoint exchanges for tokens (RFC 6749 1.3).
///
/// Use a grant only in servers that pass the tokens on without saving them. All other programs
/// should use a [`Session`](crate::machine::Session), which loses no token.
#[derive(Clone)]
#[non_exhaustive]
pub enum Grant {
    /// An authorization code. Do not retry the request: a code is valid only once.
    AuthorizationCode(AuthorizationCode),
    /// A refresh token.
    RefreshToken(Secret),
    /// A grant that a user sent: see [`Grant::of_user`].
    OfUser(Box<str>, Box<Grant>),
}

impl Grant {
    /// Requires that the tokens are those of the user with this id.
    ///
    /// If the profile has a [`user_parameter`](crate::oauth::Profile::user_parameter), [`read`](Self::read)
    /// returns an error for an access token of another user or client that is a JSON Web Token. Other tokens
    /// cannot be checked.
    #[must_use]
    pub fn of_user(self, user: impl Into<Box<str>>) -> Self {
        Self::OfUser(user.into(), Box::new(self))
    }

    /// Returns the request that exchanges this grant at the token endpoint.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`](crate::ErrorKind) with [`retry_after`](Error::retry_after) during a
    /// cool-down of the token endpoint.
    pub fn request(&self, app: &App, now: Now) -> Result<Request, Error> {
        if let Some(error) = token_endpoint::cool_down_error(app, now) {
            return Err(error);
        }
        match self {
            Self::AuthorizationCode(code) => code.request(app),
            Self::RefreshToken(token) => token_endpoint::refresh_request(app, token),
            Self::OfUser(_, grant) => grant.request(app, now),
        }
    }

    /// Reads the tokens from the response to [`request`](Self::request).
    ///
    /// # Errors
    /// The error that the server returned. The OAuth `error` is its [`server_code`](Error::server_code).
    pub fn read(&self, app: &App, response: &Response, now: Now) -> Result<Tokens, Error> {
        let before = match self {
            Self::AuthorizationCode(_) => None,
            Self::RefreshToken(token) => Some(Tokens::access_only("").with_refresh_token(token.clone())),
            Self::OfUser(user, grant) => {
                let tokens = grant.read(app, response, now)?;
                return token_endpoint::check_token_owner(app, user, &tokens).map(|()| tokens);
            }
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
            Self::OfUser(_, grant) => return grant.fmt(f),
        })
    }
}
