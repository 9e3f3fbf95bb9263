//! Pages for what went wrong: what happened, and what the visitor can do.

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use connect_hyper::{Error, ErrorKind, SignInFault};
use maud::html;

use crate::{page::Page, session::Visitor, sign_in::connect_form};

/// The reason why a page cannot be shown. `session::guard` makes a page of it, in the visitor's language.
#[derive(Clone)]
pub(crate) enum Failure {
    Call(Error),
    Problem(Problem),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A status, what happened, and what the visitor can do.
#[derive(Clone, Copy)]
pub(crate) struct Problem(StatusCode, &'static str, &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        Failure::Problem(self).into_response()
    }
}

#[rustfmt::skip]
impl Problem {
    pub(crate) const FOREIGN: Self = Self(StatusCode::FORBIDDEN, "The request came from another site",
        "Nothing was changed. Open this application and use its own pages.");
    pub(crate) const FORGED: Self = Self(StatusCode::FORBIDDEN, "The form is out of date",
        "Nothing was changed. Go back, reload the page and send the form again.");
    pub(crate) const BAD_FORM: Self = Self(StatusCode::UNPROCESSABLE_ENTITY, "The form is not complete",
        "Nothing was changed. Go back, reload the page and send the form again.");
    pub(crate) const NO_SUCH_ZONE: Self = Self(StatusCode::UNPROCESSABLE_ENTITY, "This time zone does not exist",
        "Go back and enter a time zone such as Europe/Berlin.");
    pub(crate) const UNKNOWN_SIGN_IN: Self = Self(StatusCode::BAD_REQUEST, "This sign-in was not started here",
        "It may be finished already. If somebody else sent you here, remove the application in the settings of your calendar account. Otherwise, start again from the page of accounts.");
    pub(crate) const NOT_REVOKED: Self = Self(StatusCode::BAD_GATEWAY, "You are signed out, but the service did not confirm it",
        "This application has deleted its access. To be sure, remove the application in the settings of your calendar account.");
    pub(crate) const UNFINISHED_SIGN_IN: Self = Self(StatusCode::BAD_GATEWAY, "The calendars were not connected",
        "The calendar service did not finish the sign-in. Start again from the page of accounts.");
    pub(crate) const NO_EVENT: Self = Self(StatusCode::NOT_FOUND, "This entry does not exist any more",
        "It was deleted or moved. Go back to the calendar.");
    pub(crate) const NO_DATE: Self = Self(StatusCode::NOT_FOUND, "This date cannot be shown", "Go back to the calendar.");
    pub(crate) const NO_PAGE: Self = Self(StatusCode::NOT_FOUND, "This page does not exist", "Go back to the calendar.");
}

impl Failure {
    pub(crate) fn page(self, visitor: &Visitor) -> Response {
        let Problem(status, title, advice) = match &self {
            Self::Call(error) => explain(error),
            Self::Problem(problem) => *problem,
        };
        let error = if let Self::Call(error) = &self { Some(error) } else { None };
        let kind = error.map(Error::kind);
        if let (true, Some(error)) = (status.is_server_error(), error) {
            eprintln!("{error:?}"); // one line, without tokens
        }
        let main = html! {
            p.panel { (visitor.t(advice)) }
            @if let (Some(ErrorKind::Validation { .. }), Some(message)) = (kind, error.and_then(Error::message)) {
                p.panel dir="auto" { (message) }
            }
            @if let Some(ErrorKind::Authentication | ErrorKind::Permission { .. } | ErrorKind::SignIn(_)) = kind {
                (connect_form(visitor))
            }
            @if let Some(id) = error.and_then(Error::request_id) {
                p.hint { (visitor.t("For support:")) " " bdi { (id) } }
            }
        };
        let mut response = Page::new(visitor, visitor.t(title), main).with_status(status).into_response();
        let wait = error.and_then(Error::retry_after).filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
        if let Some(wait) = wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}

#[rustfmt::skip]
fn explain(error: &Error) -> Problem {
    if error.may_have_happened() {
        return Problem(StatusCode::BAD_GATEWAY, "It is not known whether the change was made",
            "The connection broke. Look in the calendar before you make the change again.");
    }
    match error.kind() {
        ErrorKind::Authentication => Problem(StatusCode::UNAUTHORIZED, "Connect your calendars",
            "You are not signed in, or were signed out elsewhere. Connect your calendars to go on."),
        ErrorKind::SignIn(fault) => Problem(StatusCode::BAD_REQUEST, "The calendars were not connected", match fault {
            SignInFault::Denied => "You did not permit the access, so nothing was connected.",
            SignInFault::Expired => "The sign-in took more than ten minutes. Start again.",
            SignInFault::WrongUser => "The calendars belong to another user. Start again.",
            _ => "The sign-in could not be verified. Start again.",
        }),
        ErrorKind::Permission { .. } => Problem(StatusCode::FORBIDDEN, "A permission is missing",
            "Connect the account again, and permit the access to its calendars."),
        ErrorKind::NotFound => Problem::NO_EVENT,
        ErrorKind::Conflict => Problem(StatusCode::CONFLICT, "Somebody else changed the event",
            "Go back to the calendar, look at the event, and make your change again."),
        ErrorKind::Validation { .. } => Problem(StatusCode::UNPROCESSABLE_ENTITY, "The calendar did not accept this",
            "Nothing was changed. Go back and correct the form."),
        ErrorKind::RateLimited => Problem(StatusCode::TOO_MANY_REQUESTS, "Too many requests",
            "The calendar service asks for a pause. Reload this page in a minute."),
        ErrorKind::Server | ErrorKind::Network { .. } | ErrorKind::Timeout => Problem(StatusCode::BAD_GATEWAY,
            "The calendars cannot be reached",
            "The calendar service does not answer. Nothing is lost: reload this page in a few minutes."),
        ErrorKind::TokenStore => Problem(StatusCode::SERVICE_UNAVAILABLE, "The application cannot save your access",
            "Reload this page in a few minutes."),
        _ => Problem(StatusCode::INTERNAL_SERVER_ERROR, "The application does not work",
            "Try again later, or tell the people who run it."),
    }
}
