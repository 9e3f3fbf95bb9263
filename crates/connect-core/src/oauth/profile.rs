//! The profile of an authorization server: its endpoints and its deviations from the RFCs.

use std::borrow::Cow;

use http::Uri;

use super::ClientAuth;
use crate::base::{Error, Secret, Service, is_protected};

/// The endpoints of an authorization server, and how it deviates from the RFCs.
///
/// [`Profile::new`] describes a server that follows the RFCs. Set the fields in which your server differs.
/// Most servers do not document whether they rotate refresh tokens, or whether they send `iss` in callbacks.
/// The default of [`rotation`](Self::rotation) works whether or not the server rotates refresh tokens, and
/// the default of [`issuer_parameter`](Self::issuer_parameter) works whether or not the server sends its
/// issuer as `iss`.
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
    /// The issuer, which is part of the key of stored tokens. If [`issuer_parameter`](Self::issuer_parameter)
    /// demands a check, the `iss` of a callback must equal the issuer, byte for byte (RFC 9207).
    pub issuer: String,
    /// The authorization endpoint (RFC 6749 section 3.1), which the user's browser opens.
    pub authorize_url: String,
    /// The token endpoint (RFC 6749 section 3.2).
    pub token_url: String,
    /// The application's server that performs the exchanges in place of the client. Default: none.
    pub relay: Option<Relay>,
    /// How tokens are revoked. Default: the server has no revocation endpoint.
    pub revocation: Revocation,
    /// How a client with a secret authenticates. Default: [`ClientAuth::Basic`].
    pub client_auth: ClientAuth,
    /// How the server supports PKCE. Default: [`Pkce::Used`].
    pub pkce: Pkce,
    /// Whether a refresh replaces the refresh token. Default: [`Rotation::Unknown`].
    pub rotation: Rotation,
    /// How the `iss` of a callback is checked. Default: [`IssuerParameter::Compared`].
    pub issuer_parameter: IssuerParameter,
    /// The name of the parameter with the application's user id in an authorization request. Default: none.
    ///
    /// If this field is set and the access token is a JSON Web Token, the claims of the token must name the
    /// user and the client of the sign-in.
    pub user_parameter: Option<String>,
    /// The separator of the scopes in an authorization request. Default: a space (RFC 6749 section 3.3).
    pub scope_separator: char,
    /// Additional parameters of every authorization request, such as `access_type=offline`.
    pub authorize_parameters: Vec<(String, String)>,
    /// Whether the refresh request contains the redirect URI. Default: no.
    pub redirect_uri_on_refresh: bool,
    /// The error codes with which the token endpoint refuses a refresh token permanently (RFC 6749 5.2).
    ///
    /// If the response to a refresh has status 400 or 401 and one of these codes, the session ends and the
    /// stored tokens are deleted. Default: `invalid_grant`.
    pub final_errors: Vec<String>,
    /// The error codes of refusals that may be temporary, such as for a locked account. Default: none.
    ///
    /// After a temporary refusal, calls that need a new access token fail with
    /// [`ErrorKind::Authentication`](crate::ErrorKind). The stored tokens are not deleted, and the refresh
    /// token is sent again at most once in ten minutes.
    pub recoverable_errors: Vec<String>,
}

/// A server of the application that performs exchanges for clients that lack the client secret.
///
/// In Mobiscroll's calendar integration, the URLs of the relay are named `authUrl` and
/// `refreshUrl`.
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
/// The relay must return the access token and the refresh token, because the client stores both.
/// `TokenEndpoint` of the package `mobiscroll-connect-calendars` is such a server, with `pass_through` and
/// `allow_missing_origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relay {
    /// The URL that receives a form with a `code`.
    pub auth_url: String,
    /// The URL that receives a form with a `refresh_token`.
    pub refresh_url: String,
    /// Additional headers of every request to the relay, such as an `Authorization` that the relay checks.
    pub headers: Vec<(String, Secret)>,
}

impl Relay {
    /// Creates a relay with the given endpoints and no additional headers.
    pub fn new(auth_url: impl Into<String>, refresh_url: impl Into<String>) -> Self {
        Self { auth_url: auth_url.into(), refresh_url: refresh_url.into(), headers: Vec::new() }
    }

    /// Adds a header to every request to the relay.
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
    /// The server has no revocation endpoint, so a sign-out only deletes the stored tokens.
    None,
    /// RFC 7009: a form with the token, sent to this URL with the client authentication.
    Form(String),
    /// Google: a form with only the token, sent to this URL.
    ///
    /// A 400 with `invalid_token` means that the token is already revoked.
    TokenAlone(String),
    /// Mobiscroll Connect: a JSON object with only the token, sent to this URL.
    Json(String),
}

/// How a server supports PKCE (RFC 7636). The client always uses the method `S256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pkce {
    /// The server checks the challenge.
    Used,
    /// The client sends a challenge, but the server may ignore it. A public client without a relay refuses a
    /// profile with this value.
    Offered,
    /// The server does not support PKCE. A public client without a relay refuses a profile with this value.
    Absent,
}

/// Whether a refresh replaces the refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rotation {
    /// The refresh token stays valid and can be used any number of times.
    Keeps,
    /// The response may contain a new refresh token, which may invalidate the old one. Use this value for
    /// servers that do not document whether they rotate refresh tokens.
    Unknown,
}

/// How the `iss` parameter of a callback is checked (RFC 9207 section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssuerParameter {
    /// The server always sends `iss`. A callback without `iss`, or with a different issuer, is refused.
    Required,
    /// The server may send `iss`. A callback with a different issuer is refused.
    Compared,
    /// The server never sends `iss`. A callback with `iss` is refused.
    Unexpected,
    /// `iss` is not checked. A server with several tenants may send the issuer of the user's tenant, which is
    /// unknown before the sign-in.
    ///
    /// Register a separate redirect URI for a server whose `iss` is not checked (RFC 9700 section
    /// 4.4.2).
    Ignored,
}

impl Profile {
    /// Creates the profile of a server that follows the RFCs.
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

    /// Returns the profile of Mobiscroll Connect at the base URL of `service`.
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

    /// Returns `scopes` with [`scope_separator`](Self::scope_separator) in place of each space.
    pub(crate) fn with_separator<'a>(&self, scopes: &'a str) -> Cow<'a, str> {
        match self.scope_separator {
            ' ' => scopes.into(),
            separator => scopes.replace(' ', separator.encode_utf8(&mut [0; 4])).into(),
        }
    }

    /// Checks that all endpoints are https (or http at a loopback address) and the issuer is not empty.
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
            let uri: Uri = url.parse().map_err(|_| {
                Error::configuration(format!("the URL of the {name} endpoint is not a valid URL"))
            })?;
            let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
            if !is_protected(&uri) || has_user || url.contains('#') {
                return Err(Error::configuration(format!(
                    "the URL of the {name} endpoint is not allowed (expected https, or http at a loopback address, without user name and fragment)"
                )));
            }
        }
        if self.issuer.is_empty() {
            return Err(Error::configuration(
                "the profile has no issuer (expected the issuer URL of the authorization server)",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_with_plain_http_endpoint_is_refused() {
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
