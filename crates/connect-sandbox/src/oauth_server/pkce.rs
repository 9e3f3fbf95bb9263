//! Proof Key for Code Exchange (RFC 7636).

use super::error::OAuthError;
use super::parameters::Parameters;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The code challenge of an authorization request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Challenge {
    S256(String),
    Plain(String),
}

impl Challenge {
    /// Reads the code challenge. A request without `code_challenge_method` uses the method `plain` (RFC 7636
    /// 4.3). If the argument `plain` is false, the method `plain` is refused.
    pub(super) fn read(query: &Parameters, plain: bool) -> Result<Option<Self>, OAuthError> {
        let method = query.find("code_challenge_method");
        let Some(challenge) = query.find("code_challenge") else {
            return method.map_or(Ok(None), |_| Err(OAuthError::Missing("code_challenge")));
        };
        if !is_verifier(challenge) {
            return Err(OAuthError::Challenge);
        }
        match method {
            Some("S256") => Ok(Some(Self::S256(challenge.to_owned()))),
            None | Some("plain") if plain => Ok(Some(Self::Plain(challenge.to_owned()))),
            _ => Err(OAuthError::ChallengeMethod),
        }
    }

    fn is_met_by(&self, verifier: &str) -> bool {
        match self {
            Self::S256(challenge) => s256(verifier) == *challenge,
            Self::Plain(challenge) => verifier == challenge,
        }
    }
}

/// Checks the code verifier of an exchange against the code challenge (RFC 7636 4.6). If the authorization
/// request had no challenge, an exchange with a verifier is refused, because an attacker may have removed the
/// challenge (RFC 9700 4.8.2).
pub(super) fn check_verifier(
    challenge: Option<&Challenge>,
    verifier: Option<&str>,
) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(OAuthError::VerifierMissing),
        (Some(challenge), Some(verifier)) if is_verifier(verifier) && challenge.is_met_by(verifier) => Ok(()),
        (_, Some(_)) => Err(OAuthError::Verifier),
    }
}

/// Returns whether the text is 43 to 128 unreserved characters (RFC 7636 4.1). Verifiers and
/// challenges have this format (RFC 7636 4.2).
fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s256_matches_the_rfc_vectors() {
        assert_eq!(URL_SAFE_NO_PAD.encode([3, 236, 255, 224, 193]), "A-z_4ME", "RFC 7636 appendix A");
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
            214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let verifier = URL_SAFE_NO_PAD.encode(octets);
        assert_eq!(verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "appendix B");
        for (verifier, challenge) in [
            (verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("a".repeat(43), "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA"),
            ("-._~".repeat(32), "wEN2Mh1i33jhevH7WF-NulA1aGJPY9l0zG2M4t8rhw4"),
            ("A".repeat(128), "tqw8wQOGMxx2XwTwQcFH0PJ48q7Y6qAh4tAFf8b2_54"),
        ] {
            assert_eq!(s256(&verifier), challenge);
            assert_eq!(check_verifier(Some(&Challenge::S256(challenge.to_owned())), Some(&verifier)), Ok(()));
        }
    }

    #[test]
    fn malformed_verifier_is_refused() {
        for verifier in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43))] {
            for challenge in [Challenge::S256(s256(&verifier)), Challenge::Plain(verifier.clone())] {
                assert_eq!(check_verifier(Some(&challenge), Some(&verifier)), Err(OAuthError::Verifier));
            }
        }
    }

    #[test]
    fn verifier_without_challenge_and_reverse_are_refused() {
        let verifier = "a".repeat(43);
        let challenge = Challenge::S256(s256(&verifier));
        assert_eq!(check_verifier(None, None), Ok(()));
        assert_eq!(check_verifier(Some(&challenge), None), Err(OAuthError::VerifierMissing));
        assert_eq!(check_verifier(None, Some(&verifier)), Err(OAuthError::Verifier));
        assert_eq!(check_verifier(Some(&Challenge::Plain(verifier.clone())), Some(&verifier)), Ok(()));
        assert_eq!(
            check_verifier(Some(&challenge), Some(&s256(&verifier))),
            Err(OAuthError::Verifier),
            "the challenge is not the verifier"
        );
    }
}
