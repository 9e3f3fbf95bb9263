//! The interface of an endpoint: the parts of its request, and how its response is decoded.

pub(crate) mod answer;
mod keyed;
mod limits;
mod pager;
mod windows;

pub use answer::decode as decode_response;
pub use connect_types::path_segment;
pub use keyed::Keyed;
pub(crate) use limits::CoolDowns;
pub use limits::{ConcurrencyLimit, Limits};
pub use pager::{Paged, Pager};
pub use windows::EventWindows;

use std::borrow::Cow;

use connect_types::{Auth, Base, Body, Operation, ResponseBody, Safety, Scope};
use http::{HeaderMap, Method};

use crate::base::{Error, Response, Service};

/// An operation of a service, with its parameters.
///
/// Every request type of `connect_types` is an endpoint. To call an operation that the library lacks,
/// implement this trait. Only `method` and `path` have no default. The response type can be any
/// deserialisable type with `impl ResponseBody for YourType {}`.
///
/// ```
/// use std::borrow::Cow;
/// use connect_core::{Endpoint, Error, types::Raw};
///
/// struct Colors;
/// impl Endpoint for Colors {
///     type Output = Raw;
///     fn method(&self) -> http::Method { http::Method::GET }
///     fn path(&self) -> Result<Cow<'_, str>, Error> { Ok("/colors".into()) }
/// }
/// ```
pub trait Endpoint {
    /// The type of a successful response.
    type Output: ResponseBody;

    /// Returns the HTTP method.
    fn method(&self) -> Method;

    /// Returns the path below the base URL, starting with `/`. Encode ids with [`path_segment`].
    fn path(&self) -> Result<Cow<'_, str>, Error>;

    /// Returns the query parameters, not encoded. Default: no parameters.
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(Vec::new())
    }

    /// Returns the body. Default: no body.
    fn body(&self) -> Result<Body, Error> {
        Ok(Body::None)
    }

    /// Returns additional headers. Mark secret values as sensitive. Default: no headers.
    ///
    /// An `Accept` header from this method replaces the default `Accept`. An `Authorization` header
    /// from this method is sent only if [`auth`](Self::auth) adds no credentials.
    fn headers(&self) -> Result<HeaderMap, Error> {
        Ok(HeaderMap::new())
    }

    /// Returns the kind of credentials sent with the request. Default: the access token of the user.
    fn auth(&self) -> Auth {
        Auth::Bearer
    }

    /// Returns the name of the endpoint in traces: method and path, without values. Default: empty.
    ///
    /// An example is `GET /calendars`.
    fn operation(&self) -> &'static str {
        ""
    }

    /// Returns which failures of the request are retried. Default: depends on the method (RFC 9110 9.2).
    fn safety(&self) -> Safety {
        match self.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Safety::Safe,
            Method::PUT | Method::DELETE => Safety::Idempotent,
            _ => Safety::Once,
        }
    }

    /// Returns the smallest scope that covers the call, if known. Default: unknown.
    fn scope(&self) -> Option<Scope> {
        None
    }

    /// Returns whether the path is relative to the base URL or to its origin. Default: the base URL.
    fn base(&self) -> Base {
        Base::Api
    }

    /// Returns the whole URL of the request, for servers that return the URL of the next page.
    ///
    /// The URL replaces the path and the query. To protect the access token, a URL is refused if its origin
    /// differs from the origin of the service. Default: `None`.
    fn url(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// Returns the limits of the service, if known.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Returns the service of the endpoint. Default: `connect`, the API service of the application.
    fn service<'a>(&'a self, connect: &'a Service) -> &'a Service {
        connect
    }

    /// Converts an unsuccessful response into an error, for services with their own error format.
    ///
    /// `error` is the error that follows from the status. Default: returns `error`.
    fn explain(response: &Response, error: Error) -> Error
    where
        Self: Sized,
    {
        let _ = response;
        error
    }

    /// Decodes a successful response.
    fn decode(&self, response: &Response) -> Result<Self::Output, Error> {
        answer::decode(response, self.safety())
    }
}

impl<T: Operation> Endpoint for T {
    type Output = T::Output;

    fn method(&self) -> Method {
        // The methods are literals in generated code. The tests of that code would find an invalid method.
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
