//! Access to public calendars with an API key.

use std::fmt;

use connect_core::{Endpoint, Error, Keyed, Secret};
use http::HeaderName;

/// An API key from the Google Cloud console, for reading public calendars without a user.
///
/// A call for a calendar that is not public fails with [`NotFound`](connect_core::ErrorKind::NotFound). A
/// call with a wrong key fails with [`Configuration`](connect_core::ErrorKind::Configuration).
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_calendars::google::{self, ApiKey, ListEvents};
///
/// let client = Client::anonymous_builder()
///     .base_url(google::BASE_URL)
///     .transport(|request: Request| {
///         assert_eq!(request.headers()["x-goog-api-key"], "the key");
///         Ok(Response::new(r#"{"items": [{"id": "e1", "summary": "New Year"}]}"#.into()))
///     })
///     .build()?;
/// let holidays = ListEvents::new("en.usa#holiday@group.v.calendar.google.com");
/// let page = client.send(&ApiKey::new("the key")?.over(&holidays))?;
/// assert_eq!(page.events[0].title, "New Year");
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiKey {
    key: Secret,
    in_query: bool,
}

impl ApiKey {
    /// Creates a key that is sent in the header `x-goog-api-key`.
    ///
    /// # Errors
    /// If the key is empty or contains characters other than printable ASCII.
    pub fn new(key: impl Into<Secret>) -> Result<Self, Error> {
        let key = key.into();
        let fits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !fits(key.expose()) {
            return Err(Error::configuration(
                "the API key is empty or contains characters other than printable ASCII",
            ));
        }
        Ok(Self { key, in_query: false })
    }

    /// Sends the key in the query parameter `key` instead of the header.
    ///
    /// URLs are logged in more places than headers: use the parameter only if a proxy removes the header.
    #[must_use]
    pub fn in_query(mut self) -> Self {
        self.in_query = true;
        self
    }

    /// Wraps a call so that the `send` method of a client sends this key instead of an access token.
    ///
    /// The client sends the key to its base URL, which must be [`BASE_URL`](super::BASE_URL).
    pub fn over<E: Endpoint + Clone>(&self, endpoint: &E) -> Keyed<E> {
        let key = self.key.clone();
        if self.in_query {
            Keyed::query(endpoint.clone(), "key", key)
        } else {
            Keyed::header(endpoint.clone(), HeaderName::from_static("x-goog-api-key"), key)
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("key", &self.key).field("in_query", &self.in_query).finish()
    }
}
