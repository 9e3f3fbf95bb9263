//! Endpoints whose requests contain an API key in place of an access token.

use std::{borrow::Cow, fmt};

use connect_types::{Auth, Base, Body, Safety, Scope};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{
    base::{Error, Response, Secret, Service},
    endpoint::{Endpoint, Limits, Paged},
};

/// An endpoint and the API key that its requests contain.
///
/// To call the endpoint, pass this value to a client's method `send`. `Debug` and errors do not show the key.
#[derive(Clone)]
pub struct Keyed<E> {
    endpoint: E,
    credential: Credential,
}

/// The place of the key in the request.
#[derive(Clone)]
enum Credential {
    /// A header: its name and the key.
    Header(HeaderName, Secret),
    /// A query parameter: its name and the key.
    Query(&'static str, Secret),
}

impl<E> Keyed<E> {
    /// Creates an endpoint that sends `key` in the header `name`.
    pub fn header(endpoint: E, name: HeaderName, key: Secret) -> Self {
        Self { endpoint, credential: Credential::Header(name, key) }
    }

    /// Creates an endpoint that sends `key` in the query parameter `name`.
    pub fn query(endpoint: E, name: &'static str, key: Secret) -> Self {
        Self { endpoint, credential: Credential::Query(name, key) }
    }
}

impl<E: Endpoint> Endpoint for Keyed<E> {
    type Output = E::Output;

    fn method(&self) -> Method {
        self.endpoint.method()
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        self.endpoint.path()
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        let mut query = self.endpoint.query()?;
        if let Credential::Query(name, key) = &self.credential {
            query.retain(|(known, _)| known != name);
            query.push(((*name).into(), key.expose().to_owned()));
        }
        Ok(query)
    }

    fn body(&self) -> Result<Body, Error> {
        self.endpoint.body()
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = self.endpoint.headers()?;
        if let Credential::Header(name, key) = &self.credential {
            let mut value = HeaderValue::try_from(key.expose()).map_err(|error| {
                Error::configuration("the API key has characters that are not allowed in a header")
                    .with_source(error)
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn auth(&self) -> Auth {
        Auth::None
    }

    fn operation(&self) -> &'static str {
        self.endpoint.operation()
    }

    fn safety(&self) -> Safety {
        self.endpoint.safety()
    }

    fn scope(&self) -> Option<Scope> {
        self.endpoint.scope()
    }

    fn base(&self) -> Base {
        self.endpoint.base()
    }

    fn limits(&self) -> Limits {
        self.endpoint.limits()
    }

    fn service<'a>(&'a self, connect: &'a Service) -> &'a Service {
        self.endpoint.service(connect)
    }

    fn url(&self) -> Option<Cow<'_, str>> {
        self.endpoint.url()
    }

    fn explain(response: &Response, error: Error) -> Error {
        E::explain(response, error)
    }

    fn decode(&self, response: &Response) -> Result<Self::Output, Error> {
        self.endpoint.decode(response)
    }
}

impl<E: Paged> Paged for Keyed<E> {
    type Item = E::Item;

    fn at(&self, token: &str) -> Self {
        Self { endpoint: self.endpoint.at(token), credential: self.credential.clone() }
    }

    fn next_token(page: &Self::Output) -> Option<&str> {
        E::next_token(page)
    }

    fn into_items(page: Self::Output) -> Vec<Self::Item> {
        E::into_items(page)
    }

    fn peek_token(body: &[u8]) -> Option<String> {
        E::peek_token(body)
    }
}

impl<E: fmt::Debug> fmt::Debug for Keyed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("endpoint", &self.endpoint)
            .field("credential", &self.credential)
            .finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name, key) => f.debug_tuple("Header").field(name).field(key).finish(),
            Self::Query(name, key) => f.debug_tuple("Query").field(name).field(key).finish(),
        }
    }
}
