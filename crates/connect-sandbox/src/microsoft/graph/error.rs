//! The errors of Microsoft Graph. The format of an error is `{error: {code, message, innerError:
//! {date, request-id, client-request-id, code?}}}`.

use crate::reply::{Reply, json_reply};
use crate::settings::GraphLimit;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

/// An error response. The fields are boxed, so that a `Result` with an error is small.
#[derive(Clone, Debug)]
pub(super) struct ApiError(Box<ErrorFields>);

#[derive(Clone, Debug)]
struct ErrorFields {
    status: u16,
    code: &'static str,
    message: String,
    /// The value of `Retry-After` in seconds.
    retry_after: Option<String>,
}

/// The format of an error response, which depends on two switches. Includes the values of the inner error.
pub(super) struct ErrorFormat<'a> {
    /// The name of the inner error: `innerError` or `innererror`.
    pub(super) inner: &'a str,
    /// Whether `code` is general and the inner error contains the specific code.
    pub(super) nested: bool,
    pub(super) date: String,
    pub(super) request: &'a str,
    pub(super) client_request: &'a str,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorFields { status, code, message: message.into(), retry_after: None }))
    }

    /// Creates the error for an invalid value in the body.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ErrorInvalidRequest", message)
    }

    pub(super) fn property(name: &str, message: &str) -> Self {
        Self::new(400, "ErrorPropertyValidationFailure", format!("The property '{name}' is wrong: {message}"))
    }

    /// Creates the error for a body that does not have the expected structure.
    pub(super) fn body(message: impl Into<String>) -> Self {
        Self::new(400, "RequestBodyRead", message)
    }

    pub(super) fn no_json() -> Self {
        let message = "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is \
                       of valid JSON format.";
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn parameter(name: &str, value: &str) -> Self {
        let message = format!("The value '{value}' of parameter '{name}' is invalid.");
        Self::new(400, "ErrorInvalidParameter", message)
    }

    /// Creates the error for a query option that the endpoint does not support.
    pub(super) fn option(message: impl Into<String>) -> Self {
        Self::new(400, "ErrorInvalidUrlQuery", message)
    }

    pub(super) fn zone(name: &str) -> Self {
        let message = format!(
            "A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
        );
        Self::new(400, "TimeZoneNotSupportedException", message)
    }

    pub(super) fn recurrence(message: &str) -> Self {
        Self::new(400, "ErrorInvalidRecurrencePattern", message)
    }

    pub(super) fn malformed_id() -> Self {
        Self::new(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    }

    pub(super) fn no_token(message: &str) -> Self {
        Self::new(401, "InvalidAuthenticationToken", message)
    }

    pub(super) fn access_denied() -> Self {
        Self::new(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    }

    pub(super) fn segment(segment: &str) -> Self {
        Self::new(400, "BadRequest", format!("Resource not found for the segment '{segment}'."))
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "Specified HTTP method is not allowed for the request target.";
        Self::new(405, "Request_BadRequest", message)
    }

    pub(super) fn no_mailbox() -> Self {
        Self::new(
            404,
            "ErrorMailRecipientNotFound",
            "Unable to resolve e-mail address to an Active Directory object.",
        )
    }

    pub(super) fn conflict() -> Self {
        let message = "The send or update operation could not be performed because the change key passed in the \
                       request does not match the current change key for the item.";
        Self::new(412, "ErrorIrresolvableConflict", message)
    }

    /// Returns the error that a value of the switch `graph_limit` selects.
    pub(super) fn limit(limit: GraphLimit) -> Option<Self> {
        let (status, code, message) = match limit {
            GraphLimit::TooManyRequests => (429, "TooManyRequests", "Too many requests."),
            GraphLimit::ServiceUnavailable => {
                (503, "ServiceUnavailable", "The service is temporarily unavailable.")
            }
            GraphLimit::GatewayTimeout => (504, "GatewayTimeout", "The server did not respond in time."),
            GraphLimit::BandwidthLimitExceeded => {
                (509, "BandwidthLimitExceeded", "The application has used up its bandwidth.")
            }
            GraphLimit::Off => return None,
        };
        Some(Self::new(status, code, message))
    }

    pub(super) fn too_many_concurrent() -> Self {
        Self::new(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
    }

    pub(super) fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.0.retry_after = seconds.map(|seconds| seconds.to_string());
        self
    }

    /// Returns the error as part of a response about several mailboxes.
    pub(super) fn entry(&self) -> Value {
        json!({ "message": self.0.message, "responseCode": self.0.code })
    }

    pub(super) fn reply(&self, format: &ErrorFormat<'_>) -> Reply {
        let mut inner = json!({
            "date": format.date, "request-id": format.request, "client-request-id": format.client_request,
        });
        let mut code = self.0.code;
        if format.nested {
            inner["code"] = json!(code);
            code = general(self.0.status);
        }
        let mut error = json!({ "code": code, "message": self.0.message });
        error[format.inner] = inner;
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = json_reply(status, &json!({ "error": error }));
        let retry = self.0.retry_after.as_deref().and_then(|text| HeaderValue::from_str(text).ok());
        reply.headers_mut().extend(retry.map(|seconds| (RETRY_AFTER, seconds)));
        if status == StatusCode::UNAUTHORIZED {
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        reply
    }
}

const CHALLENGE: &str = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                         client_id=\"00000003-0000-0000-c000-000000000000\"";

/// Returns the general error code for a status.
fn general(status: u16) -> &'static str {
    match status {
        401 => "unauthenticated",
        403 => "accessDenied",
        404 => "itemNotFound",
        409 => "nameAlreadyExists",
        410 => "resyncRequired",
        412 => "resourceModified",
        429 => "activityLimitReached",
        400..=499 => "invalidRequest",
        503 => "serviceNotAvailable",
        _ => "generalException",
    }
}
