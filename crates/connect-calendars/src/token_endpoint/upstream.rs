//! Maps errors of calls to the authorization server to responses for the page. The page never
//! receives the text of an error of the authorization server.

use std::time::Duration;

use connect_core::{Error, ErrorKind};
use http::StatusCode;

use super::refusal::Refusal;

/// Errors that the page or its user caused. The page receives the codes of these errors.
const PASSED_ON: [Refusal; 7] = [
    INVALID_GRANT,
    refused("invalid_request", "The authorization server refused the request as invalid"),
    refused("invalid_scope", "The authorization server does not grant the scope"),
    refused("redirect_uri_mismatch", "The code was requested with another redirect URI"),
    refused("access_denied", "The authorization server denied access"),
    refused("admin_policy_enforced", "A policy of the user's organization does not allow access"),
    refused("org_internal", "The application is only for users of one organization"),
];

const INVALID_GRANT: Refusal = refused("invalid_grant", "The user has to consent again");

/// The error for failures that the page did not cause, except timeouts and temporary failures.
const FAILED: Refusal =
    Refusal::new(StatusCode::BAD_GATEWAY, "server_error", "The authorization server issued no tokens");

const UNAVAILABLE: Refusal =
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Try again later");

const TIMED_OUT: Refusal = Refusal::new(
    StatusCode::GATEWAY_TIMEOUT,
    "temporarily_unavailable",
    "The authorization server did not respond in time",
);

/// The longest `Retry-After` sent to a page.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

pub(super) fn refusal(error: &Error) -> Refusal {
    if error.server_code() == Some("temporarily_unavailable") {
        return Refusal { retry_after: error.retry_after().map(seconds), ..UNAVAILABLE };
    }
    match error.kind() {
        ErrorKind::Authentication
        | ErrorKind::Validation { .. }
        | ErrorKind::Permission { .. }
        | ErrorKind::Http => by_code(error),
        ErrorKind::SignIn(_) => INVALID_GRANT,
        ErrorKind::RateLimited => Refusal { retry_after: error.retry_after().map(seconds), ..UNAVAILABLE },
        ErrorKind::TokenStore => UNAVAILABLE,
        ErrorKind::Timeout => TIMED_OUT,
        _ => FAILED,
    }
}

fn by_code(error: &Error) -> Refusal {
    let is_refused = error.status().is_some_and(|status| status.is_client_error());
    let code = error.server_code().filter(|_| is_refused);
    let known = PASSED_ON.into_iter().find(|known| code == Some(known.error));
    // A 401 without a known code means that the client credentials were refused.
    let is_over =
        matches!(error.kind(), ErrorKind::Authentication) && error.status() != Some(StatusCode::UNAUTHORIZED);
    known.unwrap_or(if is_over { INVALID_GRANT } else { FAILED })
}

/// The whole seconds of a wait, rounded up.
fn seconds(wait: Duration) -> u64 {
    let wait = wait.min(MAX_RETRY_AFTER);
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

const fn refused(error: &'static str, description: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, error, description)
}
