//! The other way in: an API key.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
pub use connect_core::Keyed;
use connect_core::{Endpoint, Error, Secret};
use http::header::AUTHORIZATION;

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
        let headers = key.over(&super::super::ListAddressBooks::new()).headers().unwrap();
        assert!(headers[AUTHORIZATION].is_sensitive());
    }
}
