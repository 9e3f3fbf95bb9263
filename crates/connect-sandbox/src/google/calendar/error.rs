//! The errors of Google Calendar. The format of an error is `{error: {code, message, errors:
//! [{domain, reason, message, locationType?, location?}], status?, details?}}`.

use crate::reply::{Reply, json_reply};
use crate::settings::GoogleLimit;
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

/// An error response. The fields are boxed, so that a `Result` with an error is small.
#[derive(Clone, Debug)]
pub(super) struct ApiError(Box<ErrorFields>);

#[derive(Clone, Debug)]
struct ErrorFields {
    code: u16,
    domain: &'static str,
    reason: &'static str,
    message: String,
    /// The type and name of the parameter or header at fault.
    location: Option<(&'static str, String)>,
    /// The name of the gRPC status; `None` for errors that Google sends without a status.
    status: Option<&'static str>,
    /// The reason in the error's `details`.
    detail: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let (domain, location) = ("global", None);
        Self(Box::new(ErrorFields { code, domain, reason, message, location, status: None, detail: None }))
    }

    /// Creates the error for a query parameter or body field with an invalid value.
    pub(super) fn invalid(parameter: &str, message: impl Into<String>) -> Self {
        Self::new(400, "invalid", message).at("parameter", parameter)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "badRequest", message)
    }

    pub(super) fn required(message: &str) -> Self {
        Self::new(400, "required", message)
    }

    pub(super) fn empty_range() -> Self {
        Self::new(400, "timeRangeEmpty", "The specified time range is empty.").of("calendar")
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "notFound", "Not Found")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "httpMethodNotAllowed", "The HTTP method is not allowed for this resource.")
    }

    pub(super) fn duplicate() -> Self {
        Self::new(409, "duplicate", "The requested identifier already exists.")
    }

    pub(super) fn deleted() -> Self {
        Self::new(410, "deleted", "Resource has been deleted")
    }

    pub(super) fn full_sync_required() -> Self {
        let message = "Sync token is no longer valid, a full sync is required.";
        Self::new(410, "fullSyncRequired", message).of("calendar").at("parameter", "syncToken")
    }

    pub(super) fn updated_min_too_long_ago() -> Self {
        let message = "The requested minimum modification time lies too far in the past.";
        Self::new(410, "updatedMinTooLongAgo", message).of("calendar").at("parameter", "updatedMin")
    }

    pub(super) fn condition_not_met() -> Self {
        Self::new(412, "conditionNotMet", "Precondition Failed").at("header", "If-Match")
    }

    /// Creates the error for an access token that is unknown, revoked, expired or from another service.
    pub(super) fn credentials() -> Self {
        let message = "Invalid Credentials";
        Self::new(401, "authError", message).at("header", "Authorization").with_status("UNAUTHENTICATED")
    }

    /// Creates the error for an API key on a call that needs a user. With the switch `google_no_auth=401`, a
    /// call that has neither an access token nor an API key gets the same error.
    pub(super) fn login_required() -> Self {
        let message = "Login Required.";
        Self::new(401, "required", message).at("header", "Authorization").with_status("UNAUTHENTICATED")
    }

    /// Creates the error for a call that has neither an access token nor an API key.
    pub(super) fn unregistered() -> Self {
        let message = "Method doesn't allow unregistered callers (callers without established identity). \
                       Please use API Key or other form of API consumer identity to call this API.";
        Self::new(403, "forbidden", message).with_status("PERMISSION_DENIED")
    }

    pub(super) fn api_key() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        Self::bad_request(message).with_status("INVALID_ARGUMENT").with_detail("API_KEY_INVALID")
    }

    pub(super) fn scope() -> Self {
        Self::new(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
            .with_status("PERMISSION_DENIED")
            .with_detail("ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    }

    /// Creates the error for a calendar that cannot be watched.
    pub(super) fn push_not_supported() -> Self {
        let message = "Push notifications are not supported by this resource.";
        Self::new(400, "pushNotSupportedForRequestedResource", message).of("calendar")
    }

    /// Creates the error for a write to a calendar that the user may only read.
    pub(super) fn access_level() -> Self {
        let message = "You need to have writer access to this calendar.";
        Self::new(403, "requiredAccessLevel", message).of("calendar")
    }

    fn of(mut self, domain: &'static str) -> Self {
        self.0.domain = domain;
        self
    }

    fn at(mut self, kind: &'static str, location: &str) -> Self {
        self.0.location = Some((kind, location.to_owned()));
        self
    }

    pub(super) fn at_parameter(self, name: &str) -> Self {
        self.at("parameter", name)
    }

    fn with_status(mut self, status: &'static str) -> Self {
        self.0.status = Some(status);
        self
    }

    fn with_detail(mut self, reason: &'static str) -> Self {
        self.0.detail = Some(reason);
        self
    }

    /// Returns the error as an item of a list `errors`, in an error response or in a free/busy response.
    pub(super) fn entry(&self) -> Value {
        json!({ "domain": self.0.domain, "reason": self.0.reason })
    }

    pub(super) fn body(&self) -> Value {
        let mut entry = self.entry();
        entry["message"] = json!(self.0.message);
        if let Some((kind, location)) = &self.0.location {
            entry["locationType"] = json!(kind);
            entry["location"] = json!(location);
        }
        let mut error = json!({ "code": self.0.code, "message": self.0.message, "errors": [entry] });
        if let Some(status) = self.0.status {
            error["status"] = json!(status);
        }
        if let Some(reason) = self.0.detail {
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": { "service": "calendar-json.googleapis.com" },
            }]);
        }
        json!({ "error": error })
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        let status = StatusCode::from_u16(error.0.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = json_reply(status, &error.body());
        if status == StatusCode::UNAUTHORIZED {
            let challenge = match error.0.reason {
                "authError" => "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"",
                _ => "Bearer realm=\"https://accounts.google.com/\"",
            };
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        reply
    }
}

/// Returns the error that a value of the switch `google_limit` selects. In the domain `usageLimits`, the
/// status 403 does not mean that the caller lacks a permission. The error `accessNotConfigured` is also in
/// that domain, but it means that the API is not enabled for the project, not that there were too many calls.
pub(super) fn limit(limit: GoogleLimit) -> Option<ApiError> {
    let usage = |code, reason, message: &str| Some(ApiError::new(code, reason, message).of("usageLimits"));
    match limit {
        GoogleLimit::UserRateLimitExceeded => usage(403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
        GoogleLimit::RateLimitExceeded => usage(403, "rateLimitExceeded", "Rate Limit Exceeded"),
        GoogleLimit::QuotaExceeded => usage(403, "quotaExceeded", "Calendar usage limits exceeded."),
        GoogleLimit::AccessNotConfigured => usage(
            403,
            "accessNotConfigured",
            "Google Calendar API has not been used in this project before or it is disabled.",
        )
        .map(|error| error.with_status("PERMISSION_DENIED")),
        GoogleLimit::TooManyRequests => usage(429, "rateLimitExceeded", "Rate Limit Exceeded")
            .map(|error| error.with_status("RESOURCE_EXHAUSTED")),
        GoogleLimit::BackendError => Some(ApiError::new(500, "backendError", "Backend Error")),
        GoogleLimit::Off => None,
    }
}
