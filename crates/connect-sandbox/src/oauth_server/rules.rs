//! The rules in which authorization servers differ.
//!
//! The defaults follow RFC 6749, RFC 7636 and RFC 7009. A server defines its name, its endpoints, the texts
//! of its consent page, and every rule in which it differs from the default.
//!
//! To add a server, implement [`Rules`] in a new file and add a variant to
//! [`AuthorizationServer`] and counters to
//! [`Providers`](crate::stats::Providers).

use super::clients::Client;
use super::device::DeviceRules;
use super::error::{OAuthError, token_reply};
use super::issued::{GrantOwner, Issued};
use super::openid::OpenIdRules;
use super::parameters::Parameters;
use super::redirect_target::{RedirectTarget, ResponseMode};
use super::{AuthorizationServer, Endpoint};
use crate::call::Call;
use crate::reply::Reply;
use crate::settings::{PublicPkce, Settings};
use crate::world::random::Random;
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The rules of one authorization server.
pub(crate) trait Rules {
    /// Returns the name of the server in paths, switches and statistics.
    fn name(&self) -> &'static str;

    fn routes(&self) -> Routes;

    fn consent_words(&self) -> ConsentWords;

    /// Returns the descriptions of scopes on the consent page, by short scope name. If a scope has no
    /// description, the page shows the scope itself.
    fn descriptions(&self) -> Descriptions {
        &[]
    }

    /// Returns the short name of a scope, by which [`Rules::descriptions`] lists the scope.
    fn short_scope<'a>(&self, scope: &'a str) -> Cow<'a, str> {
        scope.into()
    }

    /// Returns the separator of a list of scopes (RFC 6749 3.3).
    fn scope_separator(&self) -> &'static str {
        " "
    }

    /// Returns whether an application chooses its scopes when it is registered.
    fn registers_scopes(&self) -> bool {
        false
    }

    fn takes_one_redirect_uri(&self) -> bool {
        false
    }

    /// Returns whether a public application gets a secret, which its requests may omit.
    fn public_apps_have_secrets(&self) -> bool {
        false
    }

    /// Returns whether a request from a browser (with an `Origin` header) may contain a secret.
    fn accepts_browser_secrets(&self) -> bool {
        true
    }

    /// Returns the rules of the server as an OpenID provider. The authorization endpoint of a provider also
    /// supports `login_hint` and requests with a form body (OpenID Connect Core 3.1.2.1).
    fn openid(&self) -> Option<&'static dyn OpenIdRules> {
        None
    }

    /// Returns the rules of the device authorization grant, if the server supports it.
    fn device(&self) -> Option<&'static DeviceRules> {
        None
    }

    /// Checks the parameters in the path, such as the tenant in a Microsoft path.
    fn check_path(&self, _call: &Call) -> Result<(), OAuthError> {
        Ok(())
    }

    /// Returns the path of the issuer identifier (RFC 9207 2).
    fn issuer_path(&self, _call: &Call) -> String {
        format!("/{}", self.name())
    }

    /// Returns whether the authorization endpoint may redirect to this URI.
    fn allows(&self, client: &Client, redirect_uri: &str) -> bool {
        client.has_registered(redirect_uri)
    }

    /// Returns the response mode. The default is the query (RFC 6749 4.1.2).
    fn response_mode(&self, _redirect_uri: &str, _query: &Parameters) -> Result<ResponseMode, OAuthError> {
        Ok(ResponseMode::Query)
    }

    /// Returns the redirect URI that the exchange must send. The default is the redirect URI of the
    /// authorization request (RFC 6749 4.1.3).
    fn bound_redirect_uri<'a>(&self, target: &'a RedirectTarget, _settings: &Settings) -> &'a str {
        &target.redirect_uri
    }

    /// Returns whether the code challenge method `plain` is accepted (RFC 7636 4.2).
    fn accepts_plain_challenge(&self, _settings: &Settings) -> bool {
        true
    }

    /// Returns whether a public application has to send a code challenge.
    fn needs_pkce(&self, settings: &Settings) -> bool {
        settings.oauth.public_pkce == PublicPkce::Required
    }

    /// Replaces requested scopes that mean other scopes.
    fn expand(&self, scopes: Vec<String>) -> Vec<String> {
        scopes
    }

    /// Returns whether to issue a refresh token. The authorization endpoint calls `is_offline`
    /// before [`Rules::granted`].
    fn is_offline(&self, _request: &AuthorizationRequest<'_>) -> Result<bool, OAuthError> {
        Ok(true)
    }

    /// Returns the scopes that the user grants.
    fn granted(&self, request: &AuthorizationRequest<'_>) -> Result<Vec<String>, OAuthError> {
        Ok(request.scopes.to_vec())
    }

    /// Returns the scopes of an access token: the requested scopes, or by default all granted scopes. Fails
    /// if a requested scope was not granted (RFC 6749 6).
    fn token_scopes(
        &self,
        granted: &[String],
        requested: Option<Vec<String>>,
    ) -> Result<Vec<String>, OAuthError> {
        let Some(scopes) = requested else { return Ok(granted.to_vec()) };
        match scopes.iter().find(|scope| !granted.contains(scope)) {
            Some(scope) => Err(OAuthError::Scope(scope.clone())),
            None => Ok(scopes),
        }
    }

    /// Returns the scopes to put into the token response.
    fn response_scopes(&self, scopes: &[String], _settings: &Settings) -> Vec<String> {
        scopes.to_vec()
    }

    fn prefixes(&self) -> Prefixes {
        Prefixes::default()
    }

    /// Returns the lifetime of an access token in seconds. With `None`, the token does not expire, and the
    /// response has no `expires_in` (RFC 6749 5.1).
    fn lifetime(&self, _settings: &Settings) -> Option<u64> {
        Some(3600)
    }

    /// Returns the lifetime of a refresh token in seconds, or `None` if the token does not expire.
    fn refresh_lifetime(&self, _settings: &Settings) -> Option<u64> {
        None
    }

    /// Returns whether a refresh issues a new refresh token (RFC 6749 6). If so, the old refresh token stays
    /// valid too.
    fn rotates(&self, _settings: &Settings) -> bool {
        false
    }

    /// Returns the value of the member `error` of an error response.
    fn error_code(&self, error: &OAuthError) -> &'static str {
        error.code()
    }

    /// Returns the status of an error response without a redirect (RFC 6749 5.2).
    fn error_status(&self, error: &OAuthError) -> StatusCode {
        if self.error_code(error) == "invalid_client" {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::BAD_REQUEST
        }
    }

    /// Returns further members of an error response, or replacements for `error` and `error_description`.
    fn error_members(&self, _error: &OAuthError, _call: &Call, _random: &mut Random) -> Map<String, Value> {
        Map::new()
    }

    /// Returns whether the server has a revocation endpoint.
    fn revokes(&self, _settings: &Settings) -> bool {
        true
    }

    /// Returns whether a revocation needs client authentication. An authenticated client can revoke
    /// only its own tokens (RFC 7009 2.1).
    fn authenticates_revocations(&self) -> bool {
        true
    }

    /// Returns the response to the revocation of an unknown token. The default is a success (RFC 7009 2.2).
    fn unknown_token(&self) -> Reply {
        token_reply(&json!({}))
    }
}

/// Endpoints with their methods and paths.
pub(crate) type Routes = &'static [(&'static str, fn(AuthorizationServer) -> Endpoint)];

/// Scopes with the descriptions that the real server shows to users.
pub(crate) type Descriptions = &'static [(&'static str, &'static str)];

/// The wording of the consent page. `{}` in the heading represents the application's name.
pub(crate) struct ConsentWords {
    pub(crate) heading: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) deny: &'static str,
}

/// The prefixes of codes and tokens. Random characters follow each prefix.
#[derive(Default)]
pub(crate) struct Prefixes {
    pub(crate) code: &'static str,
    pub(crate) access_token: &'static str,
    pub(crate) refresh_token: &'static str,
}

/// An authorization request whose scopes are not granted yet.
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) target: &'a RedirectTarget,
    pub(crate) query: &'a Parameters,
    pub(crate) owner: &'a GrantOwner,
    pub(crate) scopes: &'a [String],
    pub(crate) settings: &'a Settings,
    pub(crate) issued: &'a Issued,
}
