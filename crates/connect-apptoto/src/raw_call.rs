//! Calls that have no type here.

use std::borrow::Cow;

use connect_core::{
    Endpoint, Error, path_segment,
    types::{Answer, Body, Raw, Safety},
};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Scope, answer::null, object::Parameters};

/// Any call under `/v1`: for what Apptoto's scopes allow and no type here does, such as the opt-out lists.
///
/// What may be repeated goes by the method (RFC 9110 9.2): a POST or a PATCH is to happen once, as told in the
/// [module's documentation](super#calls-that-reach-people).
///
/// ```
/// use connect_apptoto::{RawCall, Scope};
/// use http::Method;
///
/// let call = RawCall::new(Method::GET, "/lists").segment("a/b").parameter("page", "2").needs(Scope::ListsRead);
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
    /// The call of this method and this path, which begins with `/` and hangs under `/v1`. What of it is data has to be
    /// percent-encoded: see [`segment`](Self::segment).
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

    /// Adds a part to the path, such as an id, percent-encoded.
    pub fn segment(mut self, part: impl Into<String>) -> Self {
        self.segments.push(part.into());
        self
    }

    /// Sets a parameter of the query.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.with(name, value);
        self
    }

    /// Sends this as the JSON body: a value that can be serialised, or [`Raw`] text.
    pub fn json(mut self, body: impl Serialize) -> Self {
        self.json = Some(Raw::from_value(&body).map_err(drop));
        self
    }

    /// The scope that the call needs: what the error says is missing after a 403.
    pub fn needs(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// What may be repeated, where the method does not say it.
    pub fn with_safety(mut self, safety: Safety) -> Self {
        self.safety = Some(safety);
        self
    }
}

impl Endpoint for RawCall {
    type Answer = Anything;

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
                "a path begins with a slash and has no query, no fragment and no dots alone",
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
            Some(Err(())) => Err(Error::validation("the body has no JSON form")),
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

/// An answer whose form is not documented: JSON as it came, null where there was none.
#[derive(Clone, Debug, PartialEq)]
pub struct Anything(pub Raw);

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer).map(Self)
    }
}

impl Answer for Anything {
    fn empty() -> Option<Self> {
        null().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_under_v1_is_one() {
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
