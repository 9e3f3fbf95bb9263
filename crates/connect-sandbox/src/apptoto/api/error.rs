//! The errors of the API. Only the 403 `insufficient_scope` is documented. Switches select the format of
//! errors, and the status for invalid requests.

use super::fields::FieldError;
use crate::reply::{Reply, empty, json_reply, text};
use crate::settings::Settings;
use crate::settings::{ErrorBody, InvalidStatus};
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;

#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The values of `WWW-Authenticate` headers.
    challenges: Vec<String>,
}

const BASIC: &str = "Basic realm=\"Apptoto\"";

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), challenges: Vec::new() }
    }

    /// Creates the error for a call without credentials. The response names both authentication
    /// schemes (RFC 9110 11.6.1).
    pub(super) fn no_credentials() -> Self {
        let message = "An access token or an API key is required";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .challenged("Bearer realm=\"Apptoto\"".to_owned())
            .challenged(BASIC.to_owned())
    }

    pub(super) fn basic() -> Self {
        let message = "The e-mail address or the API key is wrong";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message).challenged(BASIC.to_owned())
    }

    /// Creates the error for an invalid access token (RFC 6750 3.1).
    pub(super) fn token(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", message).challenged(format!(
            "Bearer realm=\"Apptoto\", error=\"invalid_token\", error_description=\"{message}\""
        ))
    }

    /// Creates the error for a missing scope (RFC 6750 3.1).
    pub(super) fn scope(scope: &str) -> Self {
        let message = format!("The access token needs the scope {scope}");
        Self::new(StatusCode::FORBIDDEN, "insufficient_scope", message)
            .challenged(format!("Bearer realm=\"Apptoto\", error=\"insufficient_scope\", scope=\"{scope}\""))
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here")
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}"))
    }

    pub(super) fn full() -> Self {
        Self::invalid("The account is full")
    }

    pub(super) fn rate() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests")
    }

    /// Creates the error of a gateway that timed out. The API has written the batch nevertheless.
    pub(super) fn gateway() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "bad_gateway", "Bad Gateway")
    }

    fn challenged(mut self, challenge: String) -> Self {
        self.challenges.push(challenge);
        self
    }

    pub(super) fn reply(&self, settings: &Settings) -> Reply {
        let status = match self.status {
            StatusCode::BAD_REQUEST
                if settings.apptoto.invalid_status == InvalidStatus::UnprocessableEntity =>
            {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            status => status,
        };
        let mut reply = match settings.apptoto.error_body {
            _ if status == StatusCode::BAD_GATEWAY => {
                let page = "<html><body><h1>502 Bad Gateway</h1></body></html>\n";
                text(status, "text/html; charset=utf-8", page.to_owned())
            }
            ErrorBody::Empty => empty(status),
            ErrorBody::Errors if self.code == "insufficient_scope" => {
                json_reply(status, &json!({ "errors": [self.code] }))
            }
            ErrorBody::Errors => json_reply(status, &json!({ "errors": [self.message] })),
            ErrorBody::Error => json_reply(status, &json!({ "error": self.code, "message": self.message })),
        };
        for challenge in &self.challenges {
            let value = HeaderValue::from_str(challenge);
            reply.headers_mut().extend(value.ok().map(|value| (WWW_AUTHENTICATE, value)));
        }
        reply
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::invalid(format!("{}: {}", error.path, error.reason))
    }
}
