//! Proof Key for Code Exchange (RFC 7636), method `S256`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::base::{Entropy, Secret};

/// The code verifier. The server accepts the authorization code only together with this secret.
pub(crate) struct Verifier(Secret);

impl Verifier {
    /// Creates a verifier of 32 random bytes, encoded as 43 characters (RFC 7636 section 4.1).
    pub(crate) fn new(entropy: &Entropy) -> Self {
        Self(entropy.text().into())
    }

    /// Returns the code challenge of the authorization request (RFC 7636 section 4.2).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(self.0.expose().as_bytes()))
    }

    /// Returns the verifier, for the exchange.
    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_challenge_matches_the_vectors() {
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
            214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121_u8,
        ];
        // RFC 7636 appendices A and B.
        assert_eq!(URL_SAFE_NO_PAD.encode([3, 236, 255, 224, 193]), "A-z_4ME");
        let verifier = URL_SAFE_NO_PAD.encode(octets);
        assert_eq!(verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        for (verifier, challenge) in [
            (verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("a".repeat(43), "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA"),
            ("-._~".repeat(32), "wEN2Mh1i33jhevH7WF-NulA1aGJPY9l0zG2M4t8rhw4"),
            ("A".repeat(128), "tqw8wQOGMxx2XwTwQcFH0PJ48q7Y6qAh4tAFf8b2_54"),
        ] {
            assert_eq!(Verifier(verifier.as_str().into()).challenge(), challenge);
        }
    }

    #[test]
    fn verifier_is_unique_and_has_the_required_form() {
        let entropy = Entropy::new([7; 32].into());
        let (one, other) = (Verifier::new(&entropy).into_secret(), Verifier::new(&entropy).into_secret());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 43);
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        assert!(one.expose().bytes().all(unreserved));
    }
}
