//! Authentication with an API key instead of a signed-in user.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
pub use connect_core::Keyed;
use connect_core::{Endpoint, Error, Secret};
use http::header::AUTHORIZATION;

/// An API key and the e-mail address of its account, sent as HTTP Basic credentials (RFC 7617). A key needs
/// no consent of a user and has no scopes. If the key was disabled or deleted in the account's settings,
/// calls fail with the kind [`Authentication`](connect_core::ErrorKind::Authentication).
#[derive(Clone)]
pub struct ApiKey {
    email: Box<str>,
    authorization: Secret,
}

impl ApiKey {
    /// Creates the credentials of an account.
    ///
    /// # Errors
    /// Fails if the e-mail address or the key is empty or contains control characters, or if the e-mail
    /// address contains a colon (RFC 7617 2).
    pub fn new(email: &str, key: impl Into<Secret>) -> Result<Self, Error> {
        let key = key.into();
        for (name, text) in [("e-mail address", email), ("API key", key.expose())] {
            if text.is_empty() || text.chars().any(char::is_control) {
                return Err(Error::configuration(format!(
                    "the {name} is empty or contains control characters"
                )));
            }
        }
        if email.contains(':') {
            return Err(Error::configuration(
                "the e-mail address contains a colon, which HTTP Basic does not allow",
            ));
        }
        let pair = Secret::from(format!("{email}:{}", key.expose()));
        let authorization = format!("Basic {}", STANDARD.encode(pair.expose()));
        Ok(Self { email: email.into(), authorization: authorization.into() })
    }

    /// Returns a call that sends this key instead of an access token. Pass the call to the `send` method of a
    /// client.
    ///
    /// The client sends the key to the client's base URL, so set that URL to [`BASE_URL`](super::BASE_URL).
    pub fn over<E: Endpoint + Clone>(&self, endpoint: &E) -> Keyed<E> {
        Keyed::header(endpoint.clone(), AUTHORIZATION, self.authorization.clone())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("email", &self.email).field("key", &self.authorization).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_that_basic_cannot_encode_is_refused() {
        for (email, key) in [("a:b@example.com", "k"), ("", "k"), ("a@b", ""), ("a@b\n", "k"), ("a@b", "k\0")]
        {
            assert!(ApiKey::new(email, key).is_err(), "{email:?} {key:?}");
        }
        assert!(ApiKey::new("ada@example.com", "with:colons and spaces é").is_ok());
    }

    #[test]
    fn key_is_redacted_in_debug_output() {
        let key = ApiKey::new("ada@example.com", "hunter2").unwrap();
        let shown = format!("{key:?} {:?}", key.over(&super::super::ListAddressBooks::new()));
        assert!(shown.contains("ada@example.com") && shown.contains("[redacted]"), "{shown}");
        assert!(
            !shown.contains("hunter2") && !shown.contains(&STANDARD.encode("ada@example.com:hunter2")),
            "{shown}"
        );
        let headers = key.over(&super::super::ListAddressBooks::new()).headers().unwrap();
        assert!(headers[AUTHORIZATION].is_sensitive());
    }
}
