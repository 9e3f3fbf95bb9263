//! The errors that the endpoint finds in a request, with their statuses and texts.

use std::borrow::Cow;

use http::StatusCode;

/// An error response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// A code of RFC 6749 (4.1.2.1, 5.2), OpenID Connect Core (3.1.2.6) or Google.
    pub(super) error: &'static str,
    /// A whole sentence if `field` is `None`; otherwise, the text after `The field {field}`.
    pub(super) description: &'static str,
    /// The name of the field that caused the error.
    pub(super) field: Option<&'static str>,
    /// The seconds after which a retry may succeed.
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "invalid_request", "No endpoint has this path");
    pub(super) const METHOD: Self =
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "The method has to be POST");
    pub(super) const ORIGIN: Self =
        Self::new(StatusCode::FORBIDDEN, "access_denied", "The Origin header is missing or not allowed");
    pub(super) const REQUESTED_WITH: Self =
        Self::new(StatusCode::FORBIDDEN, "access_denied", "X-Requested-With has to be XMLHttpRequest");
    pub(super) const STATE: Self =
        Self::new(StatusCode::FORBIDDEN, "access_denied", "The state is not the nonce of the session");
    pub(super) const LOGIN_REQUIRED: Self =
        Self::new(StatusCode::UNAUTHORIZED, "login_required", "The user is not signed in to the application");
    pub(super) const MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "invalid_request",
        "The body has to be application/x-www-form-urlencoded",
    );
    pub(super) const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "The body is too large");
    pub(super) const ENCODING: Self =
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "A name or value in the body is not UTF-8");
    pub(super) const MISSING: Self = Self::new(StatusCode::BAD_REQUEST, "invalid_request", "is missing");
    pub(super) const REPEATED: Self =
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "occurs more than once");
    pub(super) const VALUE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        "is too long, too short or has characters that are not allowed",
    );

    pub(super) const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, field: None, retry_after: None }
    }

    /// Names the field that caused the error.
    pub(super) fn of(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// The description for the page.
    pub(super) fn text(&self) -> Cow<'static, str> {
        match self.field {
            Some(field) => format!("The field {field} {}", self.description).into(),
            None => self.description.into(),
        }
    }
}
