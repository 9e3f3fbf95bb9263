//! Requests to the token endpoint and what its answers mean (RFC 6749 5).

use std::time::Duration;

use connect_types::{ErrorBody, TokenAnswer};

use crate::{App, Endpoint, Error, ErrorKind, Now, Request, Response, Tokens, answer, wire::Draft};

/// What an answer without tokens means.
pub(crate) enum Refusal {
    /// `invalid_grant`: the grant is used up, revoked or was never good.
    Over(Error),
    /// Anything else, which says nothing about the grant.
    Other(Error),
}

/// How long after it got its lock a leader may begin an exchange. A store may give the lock for up to 10 s less than it
/// is asked for, and the save comes after.
pub(crate) const HEAD_START: Duration = Duration::from_secs(3);

/// The lock of the store outlasts the exchange it protects, and the save after it.
pub(crate) fn lease(app: &App) -> Duration {
    app.config().exchange_timeout.saturating_add(Duration::from_secs(15))
}

pub(crate) fn request<E: Endpoint>(app: &App, endpoint: &E) -> Result<Request, Error> {
    Ok(Draft::new(app, endpoint)?.request(app, None, app.config().exchange_timeout))
}

/// The tokens of an answer; what it leaves out stays as it was in `before`.
pub(crate) fn read(response: &Response, before: Option<&Tokens>, now: Now) -> Result<Tokens, Refusal> {
    let status = response.status();
    if status.is_success() {
        return match answer::from_json::<TokenAnswer>(response.body()) {
            // One without an access token cannot be read.
            Ok(answer) => Ok(Tokens::from_answer(answer, before, now.wall)),
            Err(error) => Err(Refusal::Other(error.with_status(status).with_may_have_happened(true))),
        };
    }
    let body: ErrorBody = answer::from_json(response.body()).unwrap_or_default();
    let error = answer::classify(response, None, now.wall);
    let text = error.message().unwrap_or("no reason given").to_owned();
    Err(match body.error.as_deref() {
        Some("invalid_grant") if status.is_client_error() => {
            Refusal::Over(error.with_kind(ErrorKind::Authentication).with_message(text))
        }
        Some("invalid_client" | "unauthorized_client") => Refusal::Other(
            error
                .with_kind(ErrorKind::Configuration)
                .with_message(format!("the service does not accept the client id and secret: {text}")),
        ),
        _ => {
            // These kinds are about what a call asked for, such as an event that is not there.
            let error = match error.kind() {
                ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Permission { .. } => {
                    error.with_kind(ErrorKind::Http).with_message(format!("the token endpoint: {text}"))
                }
                _ => error,
            };
            let unknown = status.is_server_error();
            Refusal::Other(error.with_may_have_happened(unknown))
        }
    })
}
