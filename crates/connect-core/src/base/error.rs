//! The error type of the crate.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use connect_types::{Invalid, Raw, Scope};
use http::StatusCode;

use crate::base::{Sent, TransportError, TransportErrorKind};

/// The error that the functions of this crate return, cheap to clone and one pointer wide.
///
/// Programs match on [`kind`](Self::kind); people read `Display`. `Display` never shows a token. The only
/// text of a response body that `Display` shows is the server's error message.
#[derive(Clone)]
pub struct Error(Arc<ErrorDetails>);

/// The kind of an [`Error`].
///
/// ```
/// use connect_core::{Error, ErrorKind};
///
/// /// What to do about an error of a call.
/// fn advice(error: &Error) -> String {
///     match error.kind() {
///         ErrorKind::Authentication => "start a new sign-in of this user".into(),
///         ErrorKind::SignIn(fault) => format!("let the user try again: {fault}"),
///         ErrorKind::Permission { accounts, .. } if !accounts.is_empty() => {
///             format!("ask the user for access to the calendars of {accounts:?}")
///         }
///         ErrorKind::Permission { needed, .. } => format!("sign the user in with the scope {needed:?}"),
///         ErrorKind::Validation { details } => format!("correct the request: {details:?}"),
///         ErrorKind::NotFound => "reload the list: the object is gone".into(),
///         ErrorKind::Conflict => "read the object again, and repeat the change".into(),
///         ErrorKind::RateLimited => format!("wait {:?}", error.retry_after()),
///         _ if error.may_have_happened() => "check whether the write happened".into(),
///         ErrorKind::Server | ErrorKind::Network { .. } | ErrorKind::Timeout => "try again later".into(),
///         ErrorKind::TokenStore => "repair the store: the new tokens are in memory until then".into(),
///         ErrorKind::Configuration => format!("correct the program: {error}"),
///         _ => format!("report this: {error:?}"), // Http, Decode, PageLoop
///     }
/// }
/// # assert!(advice(&Error::validation("the title is missing")).starts_with("correct the request"));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The user is not signed in, or the session has ended. Start a new sign-in.
    #[error("the user has to sign in")]
    Authentication,
    /// A sign-in failed. No tokens were saved.
    #[error("the sign-in failed: {0}")]
    SignIn(SignInFault),
    /// The granted scope is too small, or the user did not grant access to the calendars of an account.
    #[error("the permission is missing{}", scope_suffix(.needed))]
    Permission {
        /// The smallest scope that covers the call, if known.
        needed: Option<Scope>,
        /// The provider and id of each account for which the user did not grant calendar access.
        accounts: Vec<(String, String)>,
    },
    /// The client refused to send an invalid request, or the server responded with 400 or 422.
    #[error("the request is not valid")]
    Validation {
        /// The `details` of the server's response, unchanged.
        details: Option<Raw>,
    },
    /// 404 or 410: the calendar, event or account does not exist.
    #[error("not found")]
    NotFound,
    /// 409 or 412: another client changed the object after this client read it.
    #[error("another client changed the object")]
    Conflict,
    /// 429: too many requests. [`Error::retry_after`] is the time to wait, if known.
    #[error("too many requests")]
    RateLimited,
    /// 5xx: the server failed.
    #[error("the server failed")]
    Server,
    /// The server responded with any other status that is not a success, such as a redirect.
    #[error("the server responded with an unexpected status")]
    Http,
    /// No complete response was received.
    #[error("the network failed")]
    Network {
        /// Whether the request may have reached the server.
        sent: Sent,
    },
    /// The call or one of its attempts took too long.
    #[error("the call timed out")]
    Timeout,
    /// The response body does not have the form that the endpoint expects.
    #[error("the response could not be decoded{}", place(.path, *.offset))]
    Decode {
        /// The place in the response body, such as `events[3].start`, or `.` if no part of the body is meant.
        path: Box<str>,
        /// The byte at which decoding stopped.
        offset: usize,
    },
    /// The token store failed. If the store could not save a new token pair, the pair stays in
    /// memory. The next call saves the pair before using it.
    #[error("the token store failed")]
    TokenStore,
    /// The configuration of the client is wrong: the base URL, credentials, redirect URI or
    /// runtime.
    #[error("the configuration is wrong")]
    Configuration,
    /// The server returned the same page token twice, so paging would never end.
    #[error("the server returned the same page token twice")]
    PageLoop,
}

/// The reason why a sign-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SignInFault {
    /// The `state` of the callback differs from the `state` of this sign-in (RFC 6749 10.12).
    #[error("the `state` of the callback differs from the `state` of this sign-in")]
    State,
    /// The sign-in was started more than ten minutes ago.
    #[error("the sign-in was started more than ten minutes ago")]
    Expired,
    /// The user or the authorization server denied the authorization. [`Error::message`] has the details.
    #[error("the authorization was denied")]
    Denied,
    /// The callback has neither a code nor an error, or has a parameter twice.
    #[error("the callback is not valid")]
    Callback,
    /// The callback is from another authorization server, or lacks a required `iss` (RFC 9207).
    #[error("the `iss` of the callback is wrong or missing")]
    Issuer,
    /// The access token was issued for another user.
    #[error("the access token was issued for another user")]
    WrongUser,
    /// The access token was issued for another application, or another application started the sign-in.
    #[error("the access token or the sign-in belongs to another application")]
    WrongClient,
}

#[derive(Clone)]
struct ErrorDetails {
    kind: ErrorKind,
    message: Option<Box<str>>,
    status: Option<StatusCode>,
    server_code: Option<Box<str>>,
    request_id: Option<Box<str>>,
    attempts: u32,
    may_have_happened: bool,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error of the given kind.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(ErrorDetails {
            kind,
            message: None,
            status: None,
            server_code: None,
            request_id: None,
            attempts: 0,
            may_have_happened: false,
            retry_after: None,
            source: None,
        }))
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the HTTP status, if a response was received.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the server's error code: `error` of OAuth (RFC 6749 5.2), or `code` of an API response.
    pub fn server_code(&self) -> Option<&str> {
        self.0.server_code.as_deref()
    }

    /// Returns the server's message or, if the server sent no message, a message of this crate.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Returns the server's id of the request, for reports to the support of the service.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns the number of times the request was sent (0: never).
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns whether the server may have processed the request, although the call failed.
    ///
    /// After a failed create, check whether the object exists before you create it again.
    ///
    /// Always false for a request that only reads.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// Returns the time to wait before a retry: from `Retry-After` (RFC 9110 10.2.3) or a cool-down.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the error code of the official SDKs, such as `NOT_FOUND_ERROR`.
    ///
    /// A kind that the official SDKs do not have gets a similar code, such as `CONFLICT_ERROR`.
    pub fn code(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Permission { accounts, .. }
                if !accounts.is_empty() || self.server_code() == Some("calendar_permission_required") =>
            {
                "CALENDAR_PERMISSION_REQUIRED"
            }
            ErrorKind::Authentication | ErrorKind::SignIn(_) | ErrorKind::Permission { .. } => {
                "AUTHENTICATION_ERROR"
            }
            ErrorKind::Validation { .. } => "VALIDATION_ERROR",
            ErrorKind::NotFound => "NOT_FOUND_ERROR",
            ErrorKind::RateLimited => "RATE_LIMIT_ERROR",
            ErrorKind::Server => "SERVER_ERROR",
            ErrorKind::Network { .. } | ErrorKind::Timeout => "NETWORK_ERROR",
            ErrorKind::Conflict => "CONFLICT_ERROR",
            ErrorKind::Http => "HTTP_ERROR",
            ErrorKind::Decode { .. } => "DECODE_ERROR",
            ErrorKind::TokenStore => "TOKEN_STORE_ERROR",
            ErrorKind::Configuration => "CONFIGURATION_ERROR",
            ErrorKind::PageLoop => "PAGE_LOOP_ERROR",
        }
    }

    /// Creates a configuration error. The message should say how to correct the configuration.
    pub fn configuration(message: impl Into<Box<str>>) -> Self {
        Self::new(ErrorKind::Configuration).with_message(message)
    }

    /// Creates the error for an invalid request that was not sent.
    pub fn validation(message: impl Into<Box<str>>) -> Self {
        Self::new(ErrorKind::Validation { details: None }).with_message(message)
    }

    pub(crate) fn authentication(message: impl Into<Box<str>>) -> Self {
        Self::new(ErrorKind::Authentication).with_message(message)
    }

    pub(crate) fn sign_in(fault: SignInFault) -> Self {
        Self::new(ErrorKind::SignIn(fault))
    }

    pub(crate) fn timeout() -> Self {
        Self::new(ErrorKind::Timeout)
    }

    /// Sets the message.
    #[must_use]
    pub fn with_message(self, message: impl Into<Box<str>>) -> Self {
        self.edit(|inner| inner.message = Some(message.into()))
    }

    /// Changes the kind of the error. Used by [`Endpoint::explain`](crate::Endpoint::explain).
    #[must_use]
    pub fn with_kind(self, kind: ErrorKind) -> Self {
        self.edit(|inner| inner.kind = kind)
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    /// Sets the server's error code.
    #[must_use]
    pub fn with_server_code(self, code: impl Into<Box<str>>) -> Self {
        self.edit(|inner| inner.server_code = Some(code.into()))
    }

    pub(crate) fn with_request_id(self, id: Option<Box<str>>) -> Self {
        self.edit(|inner| inner.request_id = id)
    }

    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        self.edit(|inner| inner.attempts = attempts)
    }

    pub(crate) fn with_may_have_happened(self, may: bool) -> Self {
        self.edit(|inner| inner.may_have_happened = may)
    }

    pub(crate) fn with_retry_after(self, time: Option<Duration>) -> Self {
        self.edit(|inner| inner.retry_after = time)
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    fn edit(mut self, change: impl FnOnce(&mut ErrorDetails)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::validation(invalid.to_string()).with_source(invalid)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let sent = error.sent();
        let kind = match error.kind() {
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::Configuration => ErrorKind::Configuration,
            TransportErrorKind::TooLarge => ErrorKind::Decode { path: ".".into(), offset: 0 },
            _ => ErrorKind::Network { sent },
        };
        Self::new(kind)
            .with_message(with_cause(&error))
            .with_may_have_happened(sent == Sent::Maybe)
            .with_source(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        if let Some(status) = self.0.status {
            write!(f, " (HTTP {})", status.as_u16())?;
        }
        Ok(())
    }
}

/// The text of [`Display`](fmt::Display) and the details, on one line. `{:#?}` prints the fields.
///
/// Rust prints the `Debug` of an error that `main` returns.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if !f.alternate() {
            return self.fmt_one_line(f);
        }
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("status", &inner.status)
            .field("server_code", &inner.server_code)
            .field("request_id", &inner.request_id)
            .field("attempts", &inner.attempts)
            .field("may_have_happened", &inner.may_have_happened)
            .field("source", &inner.source)
            .finish()
    }
}

impl Error {
    fn fmt_one_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let text = self.to_string();
        write!(f, "{text} [{}", self.code())?;
        if let Some(code) = &inner.server_code {
            write!(f, ", server code {code:?}")?;
        }
        if let Some(id) = &inner.request_id {
            write!(f, ", request id {id:?}")?;
        }
        match inner.attempts {
            0 => f.write_str(", not sent")?,
            1 => f.write_str(", 1 attempt")?,
            attempts => write!(f, ", {attempts} attempts")?,
        }
        if inner.may_have_happened {
            f.write_str(", the server may have executed the request")?;
        }
        if let Some(time) = inner.retry_after {
            write!(f, ", retry after {time:?}")?;
        }
        f.write_str("]")?;
        let mut cause = self.source();
        while let Some(inner) = cause {
            // The message often contains the text of the cause.
            let shown = inner.to_string();
            if !text.contains(&shown) {
                write!(f, ": {shown}")?;
            }
            cause = inner.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// Returns the texts of the error and of its innermost cause.
///
/// The innermost cause often names the address or the certificate.
fn with_cause(error: &TransportError) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("{error}: {cause}")
}

fn scope_suffix(needed: &Option<Scope>) -> String {
    needed.as_ref().map(|scope| format!(": the call needs the scope {scope}")).unwrap_or_default()
}

/// Returns the place of a [`Decode`](ErrorKind::Decode) error; empty if no part of the body is meant.
fn place(path: &str, offset: usize) -> String {
    match (path, offset) {
        (".", 0) => String::new(),
        (".", _) => format!(" at byte {offset}"),
        _ => format!(" at {path} (byte {offset})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn display_shows_kind_message_and_status() {
        let error = Error::validation("title is missing").with_status(StatusCode::BAD_REQUEST);
        assert_eq!(error.to_string(), "the request is not valid: title is missing (HTTP 400)");
        let shown = format!("{error:#?}");
        assert!(shown.contains("Validation") && shown.contains("title is missing"), "{shown}");
    }

    #[test]
    fn debug_is_one_line_with_details_and_causes() {
        assert_eq!(
            format!("{:?}", Error::from(Invalid::new("title", "is missing"))),
            "the request is not valid: title: is missing [VALIDATION_ERROR, not sent]"
        );
        let cause = TransportError::broken(std::io::Error::other("peer closed"));
        let error =
            Error::from(cause).with_attempts(3).with_server_code("busy").with_request_id(Some("r1".into()));
        let shown = format!("{error:?}");
        assert!(shown.ends_with(
            ": peer closed [NETWORK_ERROR, server code \"busy\", request id \"r1\", 3 attempts, the server may have executed the request]"
        ), "{shown}");
        let hidden =
            Error::configuration("no").with_source(std::io::Error::other("disk full")).with_attempts(1);
        assert!(
            format!("{hidden:?}").ends_with("no [CONFIGURATION_ERROR, 1 attempt]: disk full"),
            "{hidden:?}"
        );
    }

    #[test]
    fn permission_error_names_a_known_scope() {
        for (needed, text) in [
            (Some(Scope::ReadWrite), "the permission is missing: the call needs the scope read-write"),
            (None, "the permission is missing"),
        ] {
            assert_eq!(Error::new(ErrorKind::Permission { needed, accounts: Vec::new() }).to_string(), text);
        }
    }

    #[test]
    fn decode_error_names_a_known_place() {
        for (path, offset, text) in [
            ("events[3].start", 90, "the response could not be decoded at events[3].start (byte 90)"),
            (".", 7, "the response could not be decoded at byte 7"),
            (".", 0, "the response could not be decoded"),
        ] {
            assert_eq!(Error::new(ErrorKind::Decode { path: path.into(), offset }).to_string(), text);
        }
    }
}
