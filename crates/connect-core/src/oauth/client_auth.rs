//! Authenticates a confidential client at the token endpoint (RFC 6749 section 2.3.1).

use base64::{Engine, engine::general_purpose::STANDARD};
use form_urlencoded::byte_serialize;
use http::HeaderValue;

use crate::base::{Error, Secret};

/// How a client with a secret authenticates at the token endpoint. A client without a secret sends only
/// `client_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// HTTP Basic with a form-encoded id and secret (RFC 6749 section 2.3.1).
    Basic,
    /// HTTP Basic with an unencoded id and secret, like the official SDKs of Mobiscroll Connect.
    PlainBasic,
    /// `client_id` and `client_secret` in the form body.
    Body,
}

/// Returns the `Authorization` header, or `None` if the credentials are sent in the form.
pub(crate) fn basic(auth: ClientAuth, id: &str, secret: &Secret) -> Result<Option<HeaderValue>, Error> {
    let credentials = match auth {
        ClientAuth::Body => return Ok(None),
        ClientAuth::PlainBasic => format!("{id}:{}", secret.expose()),
        ClientAuth::Basic => {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            format!("{}:{}", encode(id), encode(secret.expose()))
        }
    };
    let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(credentials)))
        .map_err(|_| Error::configuration("the client id and secret are not valid in an HTTP header"))?;
    header.set_sensitive(true);
    Ok(Some(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(auth: ClientAuth, id: &str, secret: &str) -> String {
        basic(auth, id, &secret.into())
            .unwrap()
            .map_or_else(String::new, |header| header.to_str().unwrap().to_owned())
    }

    #[test]
    fn basic_authentication_matches_the_vectors() {
        // RFC 6749 section 2.3.1.
        let example = sent(ClientAuth::Basic, "s6BhdRkqt3", "gX1fBat3bV");
        assert_eq!(example, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        // a+b%3Ac:s%2B%2F%3D%25%C2%A3
        let encoded = sent(ClientAuth::Basic, "a b:c", "s+/=%£");
        assert_eq!(encoded, "Basic YStiJTNBYzpzJTJCJTJGJTNEJTI1JUMyJUEz");
    }

    #[test]
    fn form_encoding_matches_the_vector() {
        // RFC 6749 appendix B.
        let text: String = byte_serialize(" %&+£€".as_bytes()).collect();
        assert_eq!(text, "+%25%26%2B%C2%A3%E2%82%AC");
    }

    #[test]
    fn plain_basic_credentials_are_not_encoded() {
        assert_eq!(
            sent(ClientAuth::PlainBasic, "a b:c", "s+"),
            format!("Basic {}", STANDARD.encode("a b:c:s+"))
        );
        assert_eq!(sent(ClientAuth::Body, "id", "secret"), "");
    }
}
