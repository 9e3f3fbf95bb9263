//! Calls that have no type in this crate.

use std::borrow::Cow;

use connect_core::{
    Endpoint, Error, path_segment,
    types::{Body, Raw, ResponseBody, Safety},
};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Scope, answer::null, object::Parameters};

/// Any call under `/v1`, for endpoints without a type in this crate, such as the opt-out lists.
///
/// By default, the method decides whether a call may be retried (RFC 9110 9.2): a POST or PATCH is [never
/// retried](super#calls-that-are-never-retried). [`with_safety`](Self::with_safety) changes the default.
///
/// ```
/// use connect_apptoto::{RawCall, Scope};
/// use http::Method;
///
/// let call = RawCall::new(Method::GET, "/lists").segment("a/b").parameter("page", "2");
/// let call = call.needs(Scope::ListsRead);
/// assert_eq!(connect_core::Endpoint::path(&call)?, "/v1/lists/a%2Fb");
/// # Ok::<(), connect_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct RawCall {
    method: Method,
    path: String,
    segments: Vec<String>,
    parameters: Parameters,
    json: Option<Result<Raw, ()>>,
    scope: Option<Scope>,
    safety: Option<Safety>,
}

impl RawCall {
    /// Creates a call with a method and a path, which begins with `/` and is appended to `/v1`. Data in the
    /// path must be percent-encoded: [`segment`](Self::segment) percent-encodes the data that it adds.
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            segments: Vec::new(),
            parameters: Parameters::default(),
            json: None,
            scope: None,
            safety: None,
        }
    }

    /// Adds a path segment, such as an id, and percent-encodes it.
    pub fn segment(mut self, part: impl Into<String>) -> Self {
        self.segments.push(part.into());
        self
    }

    /// Sets a query parameter.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.with(name, value);
        self
    }

    /// Sets the JSON body: a serialisable value, or [`Raw`] JSON.
    pub fn json(mut self, body: impl Serialize) -> Self {
        self.json = Some(Raw::from_value(&body).map_err(drop));
        self
    }

    /// Sets the scope that the call needs. The error after a 403 names this scope.
    pub fn needs(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Sets whether the call may be retried. The default depends on the method.
    pub fn with_safety(mut self, safety: Safety) -> Self {
        self.safety = Some(safety);
        self
    }
}

impl Endpoint for RawCall {
    type Output = Anything;

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        let climbs = |part: &str| matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | "..");
        if !self.path.starts_with('/')
            || self.path.contains(['?', '#', '\\'])
            || self.path.split('/').any(climbs)
        {
            return Err(Error::validation(
                "the path is not valid (expected a leading slash, and no query, fragment, backslash, or segment `.` or `..`)",
            ));
        }
        let mut path = format!("/v1{}", self.path);
        for part in &self.segments {
            path.push('/');
            path.push_str(&path_segment("segment", part)?);
        }
        Ok(path.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.parameters.query())
    }

    fn body(&self) -> Result<Body, Error> {
        match &self.json {
            None => Ok(Body::None),
            Some(Ok(raw)) => Ok(Body::Json(raw.get().to_owned())),
            Some(Err(())) => Err(Error::validation("the body cannot be written as JSON")),
        }
    }

    fn scope(&self) -> Option<connect_core::types::Scope> {
        self.scope.clone().map(Into::into)
    }

    fn safety(&self) -> Safety {
        self.safety.unwrap_or(match self.method {
            Method::GET | Method::HEAD | Method::OPTIONS => Safety::Safe,
            Method::PUT | Method::DELETE => Safety::Idempotent,
            _ => Safety::Never,
        })
    }
}

/// A response in an undocumented format, as JSON. An empty body becomes null.
#[derive(Clone, Debug, PartialEq)]
pub struct Anything(pub Raw);

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer).map(Self)
    }
}

impl ResponseBody for Anything {
    fn empty() -> Option<Self> {
        null().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_outside_v1_is_refused() {
        for path in ["/events", "/lists/", "/a%2Fb", "/a/..b", "/"] {
            assert!(RawCall::new(Method::GET, path).query().is_ok(), "{path}");
        }
        for path in [
            "",
            "events",
            "@evil.example/",
            "/a?b=c",
            "/a#b",
            "/../oauth/token",
            "/a/%2E%2e",
            "/a/./b",
            "/a\\b",
        ] {
            assert!(RawCall::new(Method::GET, path).path().is_err(), "{path}");
        }
        let call = RawCall::new(Method::GET, "/lists").segment("..");
        assert!(call.path().is_err(), "{call:?}");
    }
}
