//! Why a request was refused, and the error each system answers with.

use super::AuthorizationServer;
use super::Servers;
use crate::call::Call;
use crate::reply::{Reply, json_reply};
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

/// The reason of an error (RFC 6749 4.1.2.1 and 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The body is no form.
    NoForm,
    Repeated(String),
    Missing(&'static str),
    /// A parameter with a value it does not take.
    Value(&'static str),
    UnknownClient,
    /// There is no such tenant.
    Tenant,
    /// Authorize was asked to redirect to where the application did not say.
    RedirectUri,
    ResponseType,
    Challenge,
    ChallengeMethod,
    Scope(String),
    /// The user said no.
    Denied,
    /// A wrong secret, or credentials that cannot be read.
    Secret,
    SecretMissing,
    /// A secret of an application that has none.
    PublicSecret,
    TwoMethods,
    /// Credentials together with an `Origin`.
    CrossOrigin,
    GrantType,
    Code,
    CodeUsed,
    CodeExpired,
    /// The exchange names another redirect URI than authorize did.
    RedirectMismatch,
    VerifierMissing,
    Verifier,
    RefreshToken,
    RefreshExpired,
}

impl Refused {
    /// The value of `error` (RFC 6749 4.1.2.1 and 5.2).
    pub(crate) fn error(&self) -> &'static str {
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
            Self::UnknownClient | Self::Secret | Self::SecretMissing | Self::PublicSecret => "invalid_client",
            Self::ResponseType => "unsupported_response_type",
            Self::Scope(_) => "invalid_scope",
            Self::Denied => "access_denied",
            Self::GrantType => "unsupported_grant_type",
            Self::Code
            | Self::CodeUsed
            | Self::CodeExpired
            | Self::RedirectMismatch
            | Self::VerifierMissing
            | Self::Verifier
            | Self::RefreshToken
            | Self::RefreshExpired => "invalid_grant",
        }
    }

    /// For people; clients go by `error`.
    pub(crate) fn description(&self) -> String {
        let text = match self {
            Self::NoForm => "The body must be application/x-www-form-urlencoded",
            Self::Repeated(name) => {
                return format!("The parameter '{}' is there more than once", plain(name));
            }
            Self::Missing(name) => return format!("Missing required parameter: {name}"),
            Self::Value(name) => return format!("Invalid value of the parameter: {name}"),
            Self::UnknownClient => "The OAuth client was not found",
            Self::RedirectUri => "The redirect URI is not one of the application",
            Self::ResponseType => "response_type must be code",
            Self::Challenge => "code_challenge must be 43 to 128 unreserved characters",
            Self::ChallengeMethod => "code_challenge_method is not supported",
            Self::Scope(scope) => return format!("The scope '{}' cannot be asked for", plain(scope)),
            Self::Denied => "The user denied access",
            Self::Secret => "Client authentication failed",
            Self::SecretMissing => "A confidential client has to present its secret",
            Self::Tenant => "There is no such tenant",
            Self::CrossOrigin => "A request with an Origin must not carry client credentials",
            Self::PublicSecret => "A public client has no secret to present",
            Self::TwoMethods => "More than one method of client authentication",
            Self::GrantType => "Unsupported grant_type",
            Self::Code => "Unknown authorization code",
            Self::CodeUsed => "The authorization code was used already",
            Self::CodeExpired => "The authorization code has expired",
            Self::RedirectMismatch => "redirect_uri is not the one of the authorization request",
            Self::VerifierMissing => "Missing code verifier",
            Self::Verifier => "Invalid code verifier",
            Self::RefreshToken => "Token has been expired or revoked",
            Self::RefreshExpired => "The refresh token has expired",
        };
        text.to_owned()
    }
}

/// What `error_description` may contain of a text from outside (RFC 6749 5.2), and not too much of it.
fn plain(text: &str) -> String {
    let fit = |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    text.chars().filter(fit).take(100).collect()
}

impl Servers<'_> {
    /// The error as an answer: of the token endpoint, or of authorize where it must not redirect. A 401 to a client that
    /// came with an `Authorization` header names the scheme (RFC 6749 5.2).
    pub(super) fn refuse(&mut self, server: AuthorizationServer, refused: &Refused, call: &Call) -> Reply {
        let rules = server.rules();
        let error = rules.error(refused);
        let mut body = Map::new();
        body.insert("error".to_owned(), json!(error));
        body.insert("error_description".to_owned(), json!(refused.description()));
        body.extend(rules.error_members(refused, call, &mut self.own.random));
        let status =
            if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let mut reply = unstored(json_reply(status, &body.into()));
        if reply.status() == StatusCode::UNAUTHORIZED && call.request.headers().contains_key(AUTHORIZATION) {
            let scheme = HeaderValue::from_static("Basic realm=\"token\"");
            reply.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        reply
    }
}

/// An answer with tokens (RFC 6749 5.1).
pub(super) fn tokens(body: &Value) -> Reply {
    unstored(json_reply(StatusCode::OK, body))
}

/// Nobody may keep it (RFC 6749 5.1).
pub(crate) fn unstored(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    reply
}
