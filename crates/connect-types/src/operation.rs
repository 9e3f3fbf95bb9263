//! What a request value says about itself, and what an answer can mean.
//!
//! An [`Operation`] is everything a client needs to send a request value; it holds no URL, header or
//! token. An [`Answer`] is what comes back, with the two things JSON alone does not say: whether the
//! text refuses, and what an empty body means.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;

use crate::Scope;

/// A request value: what to send, and what may be done with it.
pub trait Operation {
    /// What a success carries.
    type Answer: Answer;
    /// Method and path, for people: `GET /calendars`.
    const NAME: &'static str;
    /// The HTTP method, in capitals.
    const METHOD: &'static str;
    /// The path under [`BASE`](Self::BASE), beginning with `/`; parameters in braces, as in `/calendars/{calendarId}`.
    const PATH: &'static str;
    /// What the path is under.
    const BASE: Base;
    /// Who authenticates.
    const AUTH: Auth;

    /// What a retry may do.
    fn safety(&self) -> Safety;

    /// The least scope the call needs, if any.
    fn scope(&self) -> Option<Scope>;

    /// The path with its parameters.
    ///
    /// # Errors
    /// [`Invalid`] when a parameter cannot be part of a path.
    fn path(&self) -> Result<Cow<'static, str>, Invalid> {
        Ok(Self::PATH.into())
    }

    /// The query parameters, not percent-encoded.
    ///
    /// # Errors
    /// [`Invalid`] when an argument cannot be sent.
    fn query(&self) -> Result<Query, Invalid>;

    /// The body.
    ///
    /// # Errors
    /// [`Invalid`] when an argument cannot be sent.
    fn body(&self) -> Result<Body, Invalid>;
}

/// A decoded success.
pub trait Answer: Sized + DeserializeOwned {
    /// The reason, possibly empty, when the body says `success: false`: some failures come with
    /// status 200.
    fn refused(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// What an empty body means; `None` when it is not allowed.
    fn empty() -> Option<Self> {
        None
    }
}

/// Query parameters in their order: name and value, not percent-encoded.
pub type Query = Vec<(&'static str, String)>;

/// What a retry of a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safety {
    /// It changes nothing (RFC 9110 9.2.1).
    Safe,
    /// Twice has the effect of once (RFC 9110 9.2.2).
    Idempotent,
    /// Twice may do it twice: to be repeated only when the first surely was not processed.
    Once,
    /// It reaches people or costs money: never to be repeated on anybody's guess of what became of the first. A 401 tells
    /// for certain, so it is sent again with a new token.
    Never,
}

/// Who authenticates a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Auth {
    /// The signed-in user, by access token (RFC 6750).
    Bearer,
    /// The application, by client id and secret (HTTP Basic).
    Client,
    /// Nobody; no `Authorization` header may be sent.
    None,
}

/// What a path is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Base {
    /// The base URL, `https://connect.mobiscroll.com/api`.
    Api,
    /// The base URL's origin, `https://connect.mobiscroll.com`.
    Origin,
}

/// A request's body. `Debug` shows no content: it may hold tokens.
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

/// An argument that cannot be sent: found before anything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: &'static str,
    message: Cow<'static, str>,
}

impl Invalid {
    /// An argument that cannot be sent, and why.
    pub fn new(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field, message: message.into() }
    }

    /// The field's name on the wire.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Why it cannot be sent.
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
