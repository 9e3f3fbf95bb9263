//! The errors of the authorization servers.

use super::AuthorizationServer;
use super::Servers;
use crate::call::Call;
use crate::reply::{Reply, json_reply};
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

/// The cause of an error (RFC 6749 4.1.2.1 and 5.2, and RFC 8628 3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OAuthError {
    /// The body is not a form.
    NoForm,
    Repeated(String),
    Missing(&'static str),
    /// A parameter has an invalid value.
    Value(&'static str),
    UnknownClient,
    Tenant,
    /// The redirect URI of the authorization request is not registered.
    RedirectUri,
    ResponseType,
    Challenge,
    ChallengeMethod,
    Scope(String),
    /// The user denied access.
    Denied,
    /// The client secret is wrong, or the credentials are malformed.
    Secret,
    SecretMissing,
    /// A public application sent a secret, although none was issued to it.
    PublicSecret,
    TwoMethods,
    /// A request with an `Origin` header contains a client secret.
    CrossOrigin,
    GrantType,
    Code,
    CodeUsed,
    CodeExpired,
    /// The redirect URI of the exchange differs from the redirect URI of the authorization request.
    RedirectMismatch,
    VerifierMissing,
    Verifier,
    RefreshToken,
    RefreshExpired,
    /// The device code is unknown, was used, or was issued to another application.
    DeviceCode,
    DevicePending,
    DeviceTooFast,
    DeviceDenied,
    DeviceExpired,
    /// A scope that the device authorization grant does not support.
    DeviceScope(String),
    /// The type of the application does not support the device authorization grant.
    DeviceClient,
}

impl OAuthError {
    /// Returns the value of `error` (RFC 6749 4.1.2.1 and 5.2).
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoForm
            | Self::Repeated(_)
            | Self::Missing(_)
            | Self::Value(_)
            | Self::RedirectUri
            | Self::Challenge
            | Self::ChallengeMethod
            | Self::Tenant
            | Self::CrossOrigin
            | Self::TwoMethods => "invalid_request",
            Self::UnknownClient
            | Self::Secret
            | Self::SecretMissing
            | Self::PublicSecret
            | Self::DeviceClient => "invalid_client",
            Self::ResponseType => "unsupported_response_type",
            Self::Scope(_) | Self::DeviceScope(_) => "invalid_scope",
            Self::Denied | Self::DeviceDenied => "access_denied",
            Self::DevicePending => "authorization_pending",
            Self::DeviceTooFast => "slow_down",
            Self::DeviceExpired => "expired_token",
            Self::GrantType => "unsupported_grant_type",
            Self::Code
            | Self::CodeUsed
            | Self::CodeExpired
            | Self::RedirectMismatch
            | Self::VerifierMissing
            | Self::Verifier
            | Self::RefreshToken
            | Self::RefreshExpired
            | Self::DeviceCode => "invalid_grant",
        }
    }

    /// Returns a description for developers. Programs should use the value of `error`, not the
    /// description.
    pub(crate) fn description(&self) -> String {
        let text = match self {
            Self::NoForm => "The body must be application/x-www-form-urlencoded",
            Self::Repeated(name) => {
                return format!("The parameter '{}' occurs more than once", printable(name));
            }
            Self::Missing(name) => return format!("Missing required parameter: {name}"),
            Self::Value(name) => return format!("Invalid value of the parameter: {name}"),
            Self::UnknownClient => "The OAuth client was not found",
            Self::RedirectUri => "The redirect URI is not registered for the application",
            Self::ResponseType => "response_type must be code",
            Self::Challenge => "code_challenge must be 43 to 128 unreserved characters",
            Self::ChallengeMethod => "code_challenge_method is not supported",
            Self::Scope(scope) => return format!("The scope '{}' cannot be requested", printable(scope)),
            Self::Denied => "The user denied access",
            Self::Secret => "Client authentication failed",
            Self::SecretMissing => "A confidential client has to present its secret",
            Self::Tenant => "The tenant does not exist",
            Self::CrossOrigin => "A request with an Origin header must not contain a client secret",
            Self::PublicSecret => "A public client must not send a client secret",
            Self::TwoMethods => "More than one method of client authentication",
            Self::GrantType => "Unsupported grant_type",
            Self::Code => "Unknown authorization code",
            Self::CodeUsed => "The authorization code was used already",
            Self::CodeExpired => "The authorization code has expired",
            Self::RedirectMismatch => "redirect_uri differs from that of the authorization request",
            Self::VerifierMissing => "Missing code verifier",
            Self::Verifier => "Invalid code verifier",
            Self::RefreshToken => "Token has been expired or revoked",
            Self::RefreshExpired => "The refresh token has expired",
            Self::DeviceCode => "The device code is unknown or was used already",
            Self::DevicePending => "The user has not entered the code yet",
            Self::DeviceTooFast => "The request came before the polling interval had passed",
            Self::DeviceDenied => "The user denied access",
            Self::DeviceExpired => "The device code has expired",
            Self::DeviceScope(scope) => return format!("Invalid device flow scope: {}", printable(scope)),
            Self::DeviceClient => "Invalid client type.",
        };
        text.to_owned()
    }
}

/// Removes the characters that `error_description` must not contain (RFC 6749 5.2). Returns at most 100
/// characters.
fn printable(text: &str) -> String {
    let fit = |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    text.chars().filter(fit).take(100).collect()
}

impl Servers<'_> {
    /// Creates an error response without a redirect. A 401 names the authentication scheme if the request has
    /// an `Authorization` header (RFC 6749 5.2).
    pub(super) fn error_reply(
        &mut self,
        server: AuthorizationServer,
        error: &OAuthError,
        call: &Call,
    ) -> Reply {
        let rules = server.rules();
        let code = rules.error_code(error);
        let mut body = Map::new();
        body.insert("error".to_owned(), json!(code));
        body.insert("error_description".to_owned(), json!(error.description()));
        body.extend(rules.error_members(error, call, &mut self.own.random));
        let mut reply = uncached(json_reply(rules.error_status(error), &body.into()));
        if reply.status() == StatusCode::UNAUTHORIZED && call.request.headers().contains_key(AUTHORIZATION) {
            let scheme = HeaderValue::from_static("Basic realm=\"token\"");
            reply.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        reply
    }
}

/// Creates a token response (RFC 6749 5.1).
pub(super) fn token_reply(body: &Value) -> Reply {
    uncached(json_reply(StatusCode::OK, body))
}

/// Forbids caches to store the response (RFC 6749 5.1).
pub(crate) fn uncached(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    reply
}
