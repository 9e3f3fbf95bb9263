//! What differs from one authorization server to the next.

use std::borrow::Cow;

use http::Uri;

use super::ClientAuth;
use crate::base::{Error, Secret, Service, is_protected};

/// How an authorization server is spoken to: where its endpoints are, and what it expects there.
///
/// [`Profile::new`] is a server that keeps to the RFCs; what is different about one is set by field. Of the settings
/// that a server documents nowhere the default is the one that works with either answer.
///
/// ```
/// use connect_core::oauth::{ClientAuth, Pkce, Profile, Revocation};
///
/// let mut profile = Profile::new(
///     "https://login.example",
///     "https://login.example/oauth/authorize",
///     "https://api.example/oauth/token",
/// );
/// profile.client_auth = ClientAuth::Body;
/// profile.revocation = Revocation::Form("https://api.example/oauth/revoke".into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The issuer: what tokens are kept under, and what the `iss` of a callback has to be, to the letter (RFC 9207).
    pub issuer: String,
    /// The authorization endpoint (RFC 6749 3.1), to which the user's browser is sent.
    pub authorize_url: String,
    /// The token endpoint (RFC 6749 3.2).
    pub token_url: String,
    /// Who stands between a client without the secret and the token endpoint. Default: nobody.
    pub relay: Option<Relay>,
    /// How tokens are revoked. Default: they cannot be.
    pub revocation: Revocation,
    /// How a client with a secret authenticates. Default [`ClientAuth::Basic`].
    pub client_auth: ClientAuth,
    /// Whether codes are bound to who asked for them. Default [`Pkce::Used`].
    pub pkce: Pkce,
    /// What a refresh does to the refresh token. Default [`Rotation::Unknown`].
    pub rotation: Rotation,
    /// What the `iss` of a callback is held to. Default [`IssuerParameter::Compared`].
    pub issuer_parameter: IssuerParameter,
    /// The parameter of the authorization request that names the application's own user. Default: none. With one the
    /// access token has to be a JSON Web Token of that user and this client, or one that says nothing.
    pub user_parameter: Option<String>,
    /// What stands between the scopes of an authorization request. Default: a space (RFC 6749 3.3).
    pub scope_separator: char,
    /// What is added to every authorization request, such as `access_type=offline`.
    pub authorize_parameters: Vec<(String, String)>,
    /// Whether a refresh sends the redirect URI along.
    pub redirect_uri_on_refresh: bool,
    /// The error codes (RFC 6749 5.2) with which the token endpoint ends a sign-in for good: the stored tokens are deleted.
    /// They count with status 400 or 401 alone. Default `invalid_grant`.
    pub final_errors: Vec<String>,
    /// The error codes with which it refuses a refresh token for a reason that may pass, such as a policy or a lock. Calls
    /// fail with [`ErrorKind::Authentication`](crate::ErrorKind), the stored tokens stay, and the refresh token is presented
    /// again at most once in ten minutes. Default: none.
    pub recoverable_errors: Vec<String>,
}

/// A server of the application's own that exchanges codes and refresh tokens for clients that must not know the secret: one
/// with the two endpoints that Mobiscroll's calendar integration calls `authUrl` and `refreshUrl`.
///
/// ```
/// use connect_core::oauth::{Profile, Relay};
///
/// let mut profile =
///     Profile::new("https://login.example", "https://login.example/authorize", "https://login.example/token");
/// let relay = Relay::new("https://app.example/auth", "https://app.example/refresh");
/// profile.relay = Some(relay.header("Authorization", "Bearer of the application's own session"));
/// ```
///
/// The server has to hand the refresh token through, since the device keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relay {
    /// Takes a form with a `code`.
    pub auth_url: String,
    /// Takes a form with a `refresh_token`.
    pub refresh_url: String,
    /// What the server wants besides, such as the `Authorization` of the application's own session.
    pub headers: Vec<(String, Secret)>,
}

impl Relay {
    /// The server with these endpoints.
    pub fn new(auth_url: impl Into<String>, refresh_url: impl Into<String>) -> Self {
        Self { auth_url: auth_url.into(), refresh_url: refresh_url.into(), headers: Vec::new() }
    }

    /// Sends a header along.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// How tokens are revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// There is no endpoint: a sign-out removes what is kept.
    None,
    /// RFC 7009, at this URL: a form with the token, and the client as at the token endpoint.
    Form(String),
    /// A form with the token alone; 400 `invalid_token` says that it was revoked before. Google's.
    TokenAlone(String),
    /// A JSON object with the token alone. Mobiscroll Connect's.
    Json(String),
}

/// Whether a code is bound to who asked for it (RFC 7636, always `S256`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pkce {
    /// It is.
    Used,
    /// It is, for all that is known: the server does not say whether it looks at that, so a client without a secret cannot
    /// rely on it.
    Offered,
    /// The server does not know it, so only a client with a secret can use it.
    Absent,
}

/// What a refresh does to the refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rotation {
    /// Nothing: it may be presented again at any time.
    Keeps,
    /// The answer may hold another one, and the old one may be no good from then on. Also where that is not known.
    Unknown,
}

/// What the `iss` parameter of a callback is held to (RFC 9207 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssuerParameter {
    /// The server says that it sends one: without it a callback is refused.
    Required,
    /// If there is one, it has to be the right one.
    Compared,
    /// The server sends none: a callback with one is refused.
    Unexpected,
    /// Nothing, because what the server will call itself is not known before: of many tenants, it may be each one's own.
    /// Such a server needs a redirect URI that no other server is given (RFC 9700 4.4.2).
    Ignored,
}

impl Profile {
    /// A server that keeps to the RFCs.
    pub fn new(
        issuer: impl Into<String>,
        authorize_url: impl Into<String>,
        token_url: impl Into<String>,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            authorize_url: authorize_url.into(),
            token_url: token_url.into(),
            relay: None,
            revocation: Revocation::None,
            client_auth: ClientAuth::Basic,
            pkce: Pkce::Used,
            rotation: Rotation::Unknown,
            issuer_parameter: IssuerParameter::Compared,
            user_parameter: None,
            scope_separator: ' ',
            authorize_parameters: Vec::new(),
            redirect_uri_on_refresh: false,
            final_errors: vec!["invalid_grant".to_owned()],
            recoverable_errors: Vec::new(),
        }
    }

    /// Mobiscroll Connect at this base URL.
    pub fn connect(service: &Service) -> Self {
        let base = service.base_url();
        let at = |path: &str| format!("{base}{path}");
        let mut profile = Self::new(service.origin(), at("/oauth/authorize"), at("/oauth/token"));
        profile.revocation = Revocation::Json(at("/oauth/revoke"));
        profile.client_auth = ClientAuth::PlainBasic;
        profile.pkce = Pkce::Absent;
        profile.user_parameter = Some("user_id".to_owned());
        profile.redirect_uri_on_refresh = true;
        profile
    }

    /// The scopes as this server wants them apart.
    pub(crate) fn separated<'a>(&self, scopes: &'a str) -> Cow<'a, str> {
        match self.scope_separator {
            ' ' => scopes.into(),
            separator => scopes.replace(' ', separator.encode_utf8(&mut [0; 4])).into(),
        }
    }

    /// Whether nothing that it sends can be read on the way.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let revocation = match &self.revocation {
            Revocation::None => None,
            Revocation::Form(url) | Revocation::TokenAlone(url) | Revocation::Json(url) => {
                Some(("revocation", url))
            }
        };
        let relay = self
            .relay
            .iter()
            .flat_map(|relay| [("relay's code", &relay.auth_url), ("relay's refresh", &relay.refresh_url)]);
        let endpoints = [("authorization", &self.authorize_url), ("token", &self.token_url)];
        for (name, url) in endpoints.into_iter().chain(revocation).chain(relay) {
            let uri: Uri = url
                .parse()
                .map_err(|_| Error::configuration(format!("the URL of the {name} endpoint is none")))?;
            let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
            if !is_protected(&uri) || has_user || url.contains('#') {
                return Err(Error::configuration(format!(
                    "the URL of the {name} endpoint must be https (http is for loopback only), without a user name and a fragment"
                )));
            }
        }
        if self.issuer.is_empty() {
            return Err(Error::configuration("a profile needs an issuer"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_protected() {
        let profile =
            |token: &str| Profile::new("https://a.example", "https://a.example/authorize", token).check();
        for good in ["https://a.example/token", "http://127.0.0.1:1/token"] {
            assert!(profile(good).is_ok(), "{good}");
        }
        for bad in ["http://a.example/token", "/token", "", "https://a.example/token#x"] {
            assert!(profile(bad).is_err(), "{bad}");
        }
    }
}
