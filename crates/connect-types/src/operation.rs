//! Traits that tell a client how to send a request and how to read the response.
//!
//! An [`Operation`] describes a request, but does not contain the base URL, the headers or the token. An
//! [`ResponseBody`] is a decoded response. `ResponseBody` also defines whether the body reports a failure,
//! and what an empty body means.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;

use crate::Scope;

/// A request: what to send, and how it may be retried.
pub trait Operation {
    /// The type of a successful response.
    type Output: ResponseBody;
    /// The method and path, such as `GET /calendars`, for error messages and logs.
    const NAME: &'static str;
    /// The HTTP method, in capitals.
    const METHOD: &'static str;
    /// The path relative to [`BASE`](Self::BASE), with parameters in braces: `/calendars/{calendarId}`.
    const PATH: &'static str;
    /// The URL that the path is relative to.
    const BASE: Base;
    /// The authentication of the request.
    const AUTH: Auth;

    /// Returns the effect of sending the request twice.
    fn safety(&self) -> Safety;

    /// Returns the smallest scope that covers the call, or `None` if the schema names no scope.
    fn scope(&self) -> Option<Scope>;

    /// Returns the path with its parameters filled in.
    ///
    /// # Errors
    /// [`Invalid`] if a parameter of the path is blank, `.` or `..`.
    fn path(&self) -> Result<Cow<'static, str>, Invalid> {
        Ok(Self::PATH.into())
    }

    /// Returns the query parameters, not percent-encoded.
    ///
    /// # Errors
    /// [`Invalid`] if a field has an invalid value.
    fn query(&self) -> Result<Query, Invalid>;

    /// Returns the body.
    ///
    /// # Errors
    /// [`Invalid`] if a field has an invalid value.
    fn body(&self) -> Result<Body, Invalid>;
}

/// A decoded response with a success status.
pub trait ResponseBody: Sized + DeserializeOwned {
    /// Returns the reason for a failure if the body contains `success: false`. The reason may be empty.
    ///
    /// The service reports some failures with status 200.
    fn refused(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// Decodes the body of a response.
    ///
    /// # Errors
    /// If the body is not JSON, or not the expected kind of JSON (an object, a list).
    fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
        crate::decode(body)
    }

    /// Returns the response for an empty body, or `None` if the body must not be empty.
    fn empty() -> Option<Self> {
        None
    }
}

/// Query parameters in order: name and value, not percent-encoded.
pub type Query = Vec<(&'static str, String)>;

/// The effect of sending a request twice, which decides when the request may be retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    /// The request changes nothing (RFC 9110 9.2.1).
    Safe,
    /// Sending the request twice has the same effect as sending it once (RFC 9110 9.2.2).
    Idempotent,
    /// Sending the request twice may have its effect twice.
    ///
    /// The request is retried only if the service certainly did not process it.
    Once,
    /// The request contacts people or costs money.
    ///
    /// The request is retried only after a 401, with a new access token.
    Never,
}

/// The authentication of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Auth {
    /// The access token of the user (RFC 6750).
    Bearer,
    /// The client id and secret of the application (HTTP Basic).
    Client,
    /// No authentication: the request must not have an `Authorization` header.
    None,
}

/// The URL that a path is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Base {
    /// The base URL, `https://connect.mobiscroll.com/api`.
    Api,
    /// The base URL's origin, `https://connect.mobiscroll.com`.
    Origin,
}

/// The body of a request. `Debug` shows no content, because it may contain tokens.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// No body.
    None,
    /// JSON text (`application/json`).
    Json(String),
    /// Form fields, not percent-encoded (`application/x-www-form-urlencoded`).
    Form(Vec<(&'static str, String)>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Json(text) => write!(f, "Json({} bytes)", text.len()),
            Self::Form(fields) => f.debug_list().entries(fields.iter().map(|(name, _)| name)).finish(),
        }
    }
}

/// The error for an invalid value in a request, returned before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    message: Cow<'static, str>,
}

impl Invalid {
    /// Creates an error from the field's name in the API, and the reason.
    pub fn new(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field, message: message.into() }
    }

    /// Returns the field's name in the API.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Returns the reason.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl core::error::Error for Invalid {}
