//! The one error of the library.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use connect_types::{Invalid, Raw, Scope};
use http::StatusCode;

use crate::base::{Sent, TransportError, TransportErrorKind};

/// What went wrong, with everything a caller may want to know about it. Cheap to clone, one pointer wide.
///
/// [`kind`](Self::kind) is for programs, `Display` for people; neither holds a token or a body's text beyond
/// the server's own message.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// The kinds of [`Error`], each with what is particular to it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The user is not signed in, or no longer: send them through the authorization again.
    #[error("the user has to sign in")]
    Authentication,
    /// The sign-in itself was not completed; nothing was saved.
    #[error("the sign-in was refused: {0}")]
    SignIn(SignInFault),
    /// Signed in, but not allowed: the scope does not cover the call, or accounts withheld calendar access.
    #[error("the permission is missing{}", scope_suffix(.needed))]
    Permission {
        /// The least scope that the call needs, where that is known.
        needed: Option<Scope>,
        /// Accounts (provider, account) that withheld calendar access.
        accounts: Vec<(String, String)>,
    },
    /// The request cannot be right: found before sending, or a 400 or 422.
    #[error("the request is not valid")]
    Validation {
        /// The server's `details` as it sent them.
        details: Option<Raw>,
    },
    /// 404: there is no such calendar, event or account.
    #[error("not found")]
    NotFound,
    /// 409 or 412: what was to be changed has changed meanwhile.
    #[error("conflict with a newer state")]
    Conflict,
    /// 429: too many requests; [`Error::retry_after`] says how long to wait, if the server did.
    #[error("too many requests")]
    RateLimited,
    /// 5xx: the server failed.
    #[error("the server failed")]
    Server,
    /// Any other status that is no success, a redirect among them.
    #[error("an unexpected answer")]
    Http,
    /// No whole answer came.
    #[error("the network failed")]
    Network {
        /// Whether the request may have reached the server.
        sent: Sent,
    },
    /// The time was over.
    #[error("the time was over")]
    Timeout,
    /// The answer is not what the endpoint returns.
    #[error("the answer could not be read at {path} (byte {offset})")]
    Decode {
        /// Where in the document, such as `events[3].start`.
        path: Box<str>,
        /// The byte at which reading stopped.
        offset: usize,
    },
    /// The token store failed. Where a rotated token was waiting to be saved, it is kept and saved first by
    /// the next call.
    #[error("the token store failed")]
    TokenStore,
    /// The client is not set up rightly: base URL, credentials, redirect URI, runtime.
    #[error("the configuration is wrong")]
    Configuration,
    /// The server gave a page token a second time, so paging would never end.
    #[error("the pages repeat")]
    PageLoop,
}

/// Why a sign-in was not completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SignInFault {
    /// The `state` of the callback is not the one of this sign-in (RFC 6749 10.12).
    #[error("the state does not match")]
    State,
    /// More than ten minutes passed since it was started.
    #[error("it is too old")]
    Expired,
    /// The user or the service refused it; the message says how.
    #[error("the authorization was denied")]
    Denied,
    /// The callback holds neither a code nor an error, or something twice.
    #[error("the callback cannot be read")]
    Callback,
    /// The callback comes from another authorization server than the one it was sent to (RFC 9207), or does not say
    /// from which although it should.
    #[error("the issuer does not match")]
    Issuer,
    /// The access token belongs to another user.
    #[error("the token belongs to another user")]
    WrongUser,
    /// The access token, or the sign-in, belongs to another application.
    #[error("it belongs to another application")]
    WrongClient,
}

#[derive(Clone)]
struct Inner {
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
    /// An error of this kind.
    pub fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(Inner {
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

    /// The kind, to match on.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The server's own code: `error` of RFC 6749 5.2, or `code` of an API answer.
    pub fn server_code(&self) -> Option<&str> {
        self.0.server_code.as_deref()
    }

    /// The text that goes with it: the server's `message`, `error_description` or `error`, else ours.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The server's id of the request, to quote to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How often the request was sent (0: it was never sent).
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the server may have acted on the request although it failed here. Where this is true for a
    /// create, look before creating again.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// How long the server asked to wait before the next try (RFC 9110 10.2.3, both forms): with a 429, or with
    /// a 503.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The code that the official SDKs use for this kind, so that handlers port over; kinds they do not
    /// know have codes of the same form.
    pub fn code(&self) -> &'static str {
        match self.kind() {
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

    /// A wrong set-up, with what to do about it.
    pub fn configuration(message: impl Into<Box<str>>) -> Self {
        Self::new(ErrorKind::Configuration).with_message(message)
    }

    /// A request that cannot be right, found before it was sent.
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

    /// Adds the text for people.
    #[must_use]
    pub fn with_message(self, message: impl Into<Box<str>>) -> Self {
        self.edit(|inner| inner.message = Some(message.into()))
    }

    /// The same of another kind: for endpoints whose service has errors of its own form.
    #[must_use]
    pub fn with_kind(self, kind: ErrorKind) -> Self {
        self.edit(|inner| inner.kind = kind)
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    /// Sets the service's own code of the error.
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

    /// Adds the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
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

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// What happened, and the innermost cause, which is where libraries say what a person needs: the address, the
/// certificate.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn display_says_kind_message_and_status() {
        let error = Error::validation("title is missing").with_status(StatusCode::BAD_REQUEST);
        assert_eq!(error.to_string(), "the request is not valid: title is missing (HTTP 400)");
        let shown = format!("{error:?}");
        assert!(shown.contains("Validation") && shown.contains("title is missing"), "{shown}");
    }

    #[test]
    fn a_missing_permission_names_the_scope_where_it_is_known() {
        for (needed, text) in [
            (Some(Scope::ReadWrite), "the permission is missing: the call needs the scope read-write"),
            (None, "the permission is missing"),
        ] {
            assert_eq!(Error::new(ErrorKind::Permission { needed, accounts: Vec::new() }).to_string(), text);
        }
    }
}
