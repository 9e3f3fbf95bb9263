//! What a call asks for: method, path, query, body, and how its answer is read.

pub(crate) mod answer;
mod keyed;
mod limits;
mod pager;

pub use answer::decode as decode_answer;
pub use connect_types::path_segment;
pub use keyed::Keyed;
pub(crate) use limits::CoolDowns;
pub use limits::{AtOnce, Limits};
pub use pager::{Paged, Pager};

use std::borrow::Cow;

use connect_types::{Answer, Auth, Base, Body, Operation, Safety, Scope};
use http::{HeaderMap, Method};

use crate::base::{Error, Response, Service};

/// An operation of a service, as a value.
///
/// Every request of `connect_types` is one; a type of your own can be its answer once it has
/// `impl Answer for Mine {}`. For an endpoint the library does not know, implement the two
/// methods without a default; whatever you leave out is what most endpoints want.
///
/// ```
/// use std::borrow::Cow;
/// use connect_core::{Endpoint, Error, types::Raw};
///
/// struct Colors;
/// impl Endpoint for Colors {
///     type Answer = Raw;
///     fn method(&self) -> http::Method { http::Method::GET }
///     fn path(&self) -> Result<Cow<'_, str>, Error> { Ok("/colors".into()) }
/// }
/// ```
pub trait Endpoint {
    /// What a successful answer holds.
    type Answer: Answer;

    /// The HTTP method.
    fn method(&self) -> Method;

    /// The path under the base URL, starting with `/`; ids in it as [`path_segment`] returns them.
    fn path(&self) -> Result<Cow<'_, str>, Error>;

    /// The query, not yet encoded.
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(Vec::new())
    }

    /// The body.
    fn body(&self) -> Result<Body, Error> {
        Ok(Body::None)
    }

    /// Headers beside those that every request has. An `Accept` replaces the usual one; an `Authorization` goes along
    /// where [`auth`](Self::auth) adds none. What is secret in them should be marked as sensitive.
    fn headers(&self) -> Result<HeaderMap, Error> {
        Ok(HeaderMap::new())
    }

    /// Whose credentials go along.
    fn auth(&self) -> Auth {
        Auth::Bearer
    }

    /// Its name in traces: the method and the path without values, such as `GET /calendars`. Default: none.
    fn operation(&self) -> &'static str {
        ""
    }

    /// What may be repeated: from the method, unless said otherwise (RFC 9110 9.2).
    fn safety(&self) -> Safety {
        match self.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Safety::Safe,
            Method::PUT | Method::DELETE => Safety::Idempotent,
            _ => Safety::Once,
        }
    }

    /// The least scope that the call needs, where that is known.
    fn scope(&self) -> Option<Scope> {
        None
    }

    /// Whether the path hangs under the base URL or under its origin.
    fn base(&self) -> Base {
        Base::Api
    }

    /// The whole URL instead of path and query: that of a next page, where a server hands out URLs. One of another origin
    /// than the service's is refused, since the access token would go along.
    fn url(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// What the service allows, where that is known.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// The service it belongs to: `connect`, unless it has its own.
    fn service<'a>(&'a self, connect: &'a Service) -> &'a Service {
        connect
    }

    /// What an answer that is no success means at a service whose errors have a form of their own: `error` is what the
    /// status says.
    fn explain(response: &Response, error: Error) -> Error
    where
        Self: Sized,
    {
        let _ = response;
        error
    }

    /// Reads a successful answer.
    fn decode(&self, response: &Response) -> Result<Self::Answer, Error> {
        answer::decode(response, self.safety())
    }
}

impl<T: Operation> Endpoint for T {
    type Answer = T::Answer;

    fn method(&self) -> Method {
        // The methods are literals of the generated code; one that is none would be caught by its tests.
        Method::from_bytes(T::METHOD.as_bytes()).unwrap_or_default()
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(Operation::path(self)?)
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(Operation::query(self)?.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    fn body(&self) -> Result<Body, Error> {
        Ok(Operation::body(self)?)
    }

    fn auth(&self) -> Auth {
        T::AUTH
    }

    fn operation(&self) -> &'static str {
        T::NAME
    }

    fn safety(&self) -> Safety {
        Operation::safety(self)
    }

    fn scope(&self) -> Option<Scope> {
        Operation::scope(self)
    }

    fn base(&self) -> Base {
        T::BASE
    }
}
