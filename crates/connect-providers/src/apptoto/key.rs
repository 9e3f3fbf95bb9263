//! The other way in: an API key.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::{
    Endpoint, Error, Paged, Response, Secret, Service,
    types::{Auth, Base, Body, Safety, Scope},
};
use http::{HeaderMap, HeaderValue, Method, header::AUTHORIZATION};

/// An API key of one's own account, with the account's e-mail address: HTTP Basic (RFC 7617). It needs no consent and has no
/// scopes. The account's settings can disable and delete it: then a call fails with the kind
/// [`Authentication`](connect_core::ErrorKind::Authentication).
#[derive(Clone)]
pub struct ApiKey {
    email: Box<str>,
    authorization: Secret,
}

impl ApiKey {
    /// The key of this account.
    ///
    /// # Errors
    /// When one of them is empty or has a control character, and when the e-mail address has a colon (RFC 7617 2).
    pub fn new(email: &str, key: impl Into<Secret>) -> Result<Self, Error> {
        let key = key.into();
        for (name, text) in [("e-mail address", email), ("API key", key.expose())] {
            if text.is_empty() || text.chars().any(char::is_control) {
                return Err(Error::configuration(format!(
                    "the {name} must not be empty or have control characters"
                )));
            }
        }
        if email.contains(':') {
            return Err(Error::configuration("the e-mail address must not have a colon"));
        }
        let pair = Secret::from(format!("{email}:{}", key.expose()));
        let authorization = format!("Basic {}", STANDARD.encode(pair.expose()));
        Ok(Self { email: email.into(), authorization: authorization.into() })
    }

    /// The call with this key instead of a signed-in user: for the `send` of a client.
    ///
    /// That client's base URL is where the key goes: [`BASE_URL`](super::BASE_URL).
    pub fn over<E: Endpoint + Clone>(&self, endpoint: &E) -> Keyed<E> {
        Keyed { key: self.clone(), endpoint: endpoint.clone() }
    }

    fn header(&self) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::try_from(self.authorization.expose())
            .map_err(|error| Error::configuration("the API key fits in no header").with_source(error))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("email", &self.email).field("key", &self.authorization).finish()
    }
}

/// A call that carries an API key: see [`ApiKey::over`].
#[derive(Clone, Debug)]
pub struct Keyed<E> {
    key: ApiKey,
    endpoint: E,
}

impl<E: Endpoint> Endpoint for Keyed<E> {
    type Answer = E::Answer;

    fn method(&self) -> Method {
        self.endpoint.method()
    }

    fn path(&self) -> Cow<'_, str> {
        self.endpoint.path()
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        self.endpoint.query()
    }

    fn body(&self) -> Result<Body, Error> {
        self.endpoint.body()
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = self.endpoint.headers()?;
        headers.insert(AUTHORIZATION, self.key.header()?);
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

    fn service<'a>(&'a self, connect: &'a Service) -> &'a Service {
        self.endpoint.service(connect)
    }

    fn url(&self) -> Option<Cow<'_, str>> {
        self.endpoint.url()
    }

    fn explain(response: &Response, error: Error) -> Error {
        E::explain(response, error)
    }

    fn decode(&self, response: &Response) -> Result<Self::Answer, Error> {
        self.endpoint.decode(response)
    }
}

impl<E: Paged> Paged for Keyed<E> {
    type Item = E::Item;

    fn at(&self, token: &str) -> Self {
        Self { key: self.key.clone(), endpoint: self.endpoint.at(token) }
    }

    fn next_token(page: &Self::Answer) -> Option<&str> {
        E::next_token(page)
    }

    fn into_items(page: Self::Answer) -> Vec<Self::Item> {
        E::into_items(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_basic_can_carry_is_a_key() {
        for (email, key) in [("a:b@example.com", "k"), ("", "k"), ("a@b", ""), ("a@b\n", "k"), ("a@b", "k\0")]
        {
            assert!(ApiKey::new(email, key).is_err(), "{email:?} {key:?}");
        }
        assert!(ApiKey::new("ada@example.com", "with:colons and spaces é").is_ok());
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = ApiKey::new("ada@example.com", "hunter2").unwrap();
        let shown = format!("{key:?} {:?}", key.over(&super::super::ListAddressBooks::new()));
        assert!(shown.contains("ada@example.com") && shown.contains("[redacted]"), "{shown}");
        assert!(
            !shown.contains("hunter2") && !shown.contains(&STANDARD.encode("ada@example.com:hunter2")),
            "{shown}"
        );
        assert!(key.header().unwrap().is_sensitive());
    }
}
