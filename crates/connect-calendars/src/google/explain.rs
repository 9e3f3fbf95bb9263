//! Maps the error bodies of Google to [`ErrorKind`]s.
//!
//! A body is `{error: {code, message, errors: [{domain, reason, message, ..}], status?, details?}}`.
//!
//! | status, reason | kind |
//! |---|---|
//! | 403 of the domain `usageLimits`, 403 `rateLimitExceeded`, .. | [`RateLimited`](ErrorKind::RateLimited) |
//! | 403 `accessNotConfigured`, 400 `API_KEY_INVALID`, .. | [`Configuration`](ErrorKind::Configuration) |
//! | any other 403 | [`Permission`](ErrorKind::Permission) |
//! | 410 `deleted`, `fullSyncRequired`, `updatedMinTooLongAgo` | [`NotFound`](ErrorKind::NotFound) |
//! | any other | the default kind of the status |
//!
//! The reason becomes the error's [`server_code`](Error::server_code).

use connect_core::{
    Error, ErrorKind, Response,
    types::{self, Raw},
};

use super::json::{fields, list};

/// Adds the reason and the message of a response to its error.
///
/// If the body is not readable, the error does not change.
pub(super) fn explain(response: &Response, error: Error) -> Error {
    let Some(body) = ErrorBody::read(response) else { return error };
    let kind = body.kind(response.status().as_u16());
    let mut error = match kind {
        Some(kind) => error.with_kind(kind),
        None => error,
    };
    if let Some(reason) = &body.reason {
        error = error.with_server_code(reason.as_str());
    }
    let names_reason = matches!(error.kind(), ErrorKind::Configuration);
    match (body.message, body.reason) {
        (Some(message), Some(reason)) if names_reason => error.with_message(format!("{reason}: {message}")),
        (Some(message), _) => error.with_message(message),
        (None, Some(reason)) => error.with_message(reason),
        (None, None) => error,
    }
}

/// Returns the error kind of a reason, without regard to the HTTP status.
///
/// A `freeBusy` response with status 200 can contain reasons as well.
pub(super) fn kind_of_reason(domain: &str, reason: &str) -> Option<ErrorKind> {
    if CONFIGURATION_REASONS.contains(&reason) {
        return Some(ErrorKind::Configuration);
    }
    if RATE_LIMIT_REASONS.contains(&reason) || domain == "usageLimits" {
        return Some(ErrorKind::RateLimited);
    }
    match reason {
        "notFound" => Some(ErrorKind::NotFound),
        "backendError" | "internalError" => Some(ErrorKind::Server),
        _ => None,
    }
}

struct ErrorBody {
    message: Option<String>,
    domain: String,
    reason: Option<String>,
    raw: Raw,
}

/// The reasons that mean a wrong project or API key. A later request or a request of another user
/// would fail in the same way.
const CONFIGURATION_REASONS: [&str; 14] = [
    "accessNotConfigured",
    "SERVICE_DISABLED",
    "API_KEY_INVALID",
    "API_KEY_EXPIRED",
    "API_KEY_SERVICE_BLOCKED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "API_KEY_ANDROID_APP_BLOCKED",
    "API_KEY_IOS_APP_BLOCKED",
    "CONSUMER_INVALID",
    "keyInvalid",
    "keyExpired",
    "ipRefererBlocked",
    "referrerNotAllowed",
];

/// The reasons for too many requests, in any domain.
const RATE_LIMIT_REASONS: [&str; 10] = [
    "userRateLimitExceeded",
    "rateLimitExceeded",
    "quotaExceeded",
    "calendarUsageLimits",
    "calendarUsageLimitsExceeded",
    "dailyLimitExceeded",
    "concurrentLimitExceeded",
    "servingLimitExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
];

impl ErrorBody {
    fn read(response: &Response) -> Option<Self> {
        let body: Raw = types::decode(response.body()).ok()?;
        let raw = fields(&body).remove("error").filter(|raw| raw.get().starts_with('{'))?;
        let mut error = fields(&raw);
        let entry = error.get("errors").and_then(|errors| list(errors).into_iter().next());
        let mut entry = entry.as_ref().map(fields).unwrap_or_default();
        let details = error.get("details").map(list).unwrap_or_default();
        let details: Vec<_> = details
            .iter()
            .filter_map(|one| fields(one).remove("reason").as_ref().and_then(Raw::text))
            .collect();
        // A detail is more precise than the reason in `errors` only if it concerns the configuration.
        let detail = details.iter().find(|reason| CONFIGURATION_REASONS.contains(&reason.as_str())).cloned();
        let reason = detail
            .or_else(|| entry.remove("reason").as_ref().and_then(Raw::text))
            .or_else(|| details.into_iter().next())
            .or_else(|| error.remove("status").as_ref().and_then(Raw::text))
            .filter(|reason| !reason.is_empty());
        let message = error.remove("message").or_else(|| entry.remove("message"));
        let message = message.as_ref().and_then(Raw::text).filter(|message| !message.is_empty());
        let domain = entry.remove("domain").as_ref().and_then(Raw::text).unwrap_or_default();
        Some(Self { message, domain, reason, raw })
    }

    /// Returns the kind if it differs from the default kind of the status.
    fn kind(&self, status: u16) -> Option<ErrorKind> {
        let reason = self.reason.as_deref().unwrap_or_default();
        match status {
            403 => kind_of_reason(&self.domain, reason)
                .filter(|kind| matches!(kind, ErrorKind::Configuration | ErrorKind::RateLimited)),
            400 if CONFIGURATION_REASONS.contains(&reason) => Some(ErrorKind::Configuration),
            400 | 422 => Some(ErrorKind::Validation { details: Some(self.raw.clone()) }),
            _ => None,
        }
    }
}
