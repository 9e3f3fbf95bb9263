//! The tokens of one user, and what they say about themselves.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_types::{Scope, TokenAnswer};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Secret;

/// An access token with the refresh token that goes with it: what a token store keeps.
///
/// ```
/// use connect_core::Tokens;
/// let tokens = Tokens::new("access", "refresh");
/// assert!(!format!("{tokens:?}").contains("refresh\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tokens {
    /// Sent with every call.
    pub access_token: Secret,
    /// Exchanged for the next pair; without one the session ends with its access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the access token was minted, by this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// When it ends: from `expires_in`, else from the token's own `exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What it allows, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

impl Tokens {
    /// A pair that came from elsewhere. Where the access token is a JWT its expiry is read from it.
    pub fn new(access_token: impl Into<Secret>, refresh_token: impl Into<Secret>) -> Self {
        Self::access_only(access_token).with_refresh_token(refresh_token)
    }

    /// An access token that cannot be refreshed.
    pub fn access_only(access_token: impl Into<Secret>) -> Self {
        let access_token = access_token.into();
        let expires_at = Claims::of(&access_token).and_then(|claims| claims.expires_at());
        Self { access_token, refresh_token: None, issued_at: None, expires_at, scope: None }
    }

    /// With this refresh token.
    pub fn with_refresh_token(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// With this end of the access token's life.
    pub fn with_expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// With this scope.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The pair that a token endpoint answered with at `now`. What the answer leaves out (RFC 6749 5.1: the
    /// refresh token on a refresh, the scope) stays as it was in `before`.
    pub(crate) fn from_answer(answer: TokenAnswer, before: Option<&Tokens>, now: Timestamp) -> Self {
        let mut tokens = Self::access_only(answer.access_token.as_str());
        tokens.issued_at = Some(now);
        if let Some(lifetime) = answer.expires_in.and_then(|s| i64::try_from(s).ok()).filter(|s| *s > 0) {
            tokens.expires_at =
                now.checked_add(SignedDuration::from_secs(lifetime)).ok().or(tokens.expires_at);
        }
        // No pair is over when it is minted: the clock is wrong, and the server's 401 has to do.
        tokens.expires_at = tokens.expires_at.filter(|end| *end > now);
        tokens.refresh_token = match answer.refresh_token.as_deref() {
            Some(token) if !token.is_empty() => Some(token.into()),
            _ => before.and_then(|tokens| tokens.refresh_token.clone()),
        };
        tokens.scope = answer
            .scope
            .filter(|scope| !scope.is_empty())
            .map(|scope| Scope::from(scope.as_str()))
            .or_else(|| before.and_then(|tokens| tokens.scope.clone()));
        tokens
    }

    /// How long the access token lives from its minting, where both ends are known.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        span(self.issued_at?, self.expires_at?)
    }

    /// How long ago it was minted; `None` when unknown or in the future.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        span(self.issued_at?, now)
    }

    /// Whether it was minted before the other one: by their own ends where both are JSON Web Tokens, since those are by
    /// one clock, the server's; else by the clocks of those who received them.
    pub(crate) fn is_older_than(&self, other: &Tokens) -> bool {
        let end = |tokens: &Tokens| Claims::of(&tokens.access_token).and_then(|claims| claims.expires_at());
        match (end(self), end(other)) {
            (Some(this), Some(other)) => this < other,
            _ => self.issued_at < other.issued_at,
        }
    }

    /// How long the access token still lives; zero when it is over, `None` when unknown.
    pub(crate) fn remaining(&self, now: Timestamp) -> Option<Duration> {
        self.expires_at.map(|end| span(now, end).unwrap_or_default())
    }
}

fn span(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

/// What a JSON Web Token (RFC 7519) says in its payload. The signature is the server's business: this is
/// read to compare, never to trust.
#[derive(Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    sub: Option<serde_json::Value>,
    #[serde(default)]
    aud: Option<serde_json::Value>,
    #[serde(default)]
    exp: Option<serde_json::Value>,
}

impl Claims {
    /// The claims of a token, or `None` for one that is no JWT.
    pub(crate) fn of(token: &Secret) -> Option<Self> {
        let mut parts = token.expose().split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Whether the subject is this user.
    pub(crate) fn is_user(&self, user: &str) -> bool {
        self.sub.as_ref().is_some_and(|sub| names(sub, user))
    }

    /// Whether it was made for this client, be it among others.
    pub(crate) fn is_client(&self, client_id: &str) -> bool {
        match &self.aud {
            None => false,
            Some(serde_json::Value::Array(all)) => all.iter().any(|aud| names(aud, client_id)),
            Some(aud) => names(aud, client_id),
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        let seconds = self.exp.as_ref()?;
        let seconds = seconds.as_i64().or_else(|| seconds.as_f64().map(|s| s as i64))?;
        Timestamp::from_second(seconds).ok()
    }
}

fn names(claim: &serde_json::Value, wanted: &str) -> bool {
    match claim {
        serde_json::Value::String(text) => text == wanted,
        serde_json::Value::Number(number) => number.to_string() == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> Secret {
        format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload)).into()
    }

    #[test]
    fn expiry_is_read_from_a_jwt() {
        let tokens = Tokens::access_only(jwt(r#"{"exp":1790000000}"#));
        assert_eq!(tokens.expires_at, Some(Timestamp::from_second(1_790_000_000).unwrap()));
    }

    #[test]
    fn of_two_pairs_the_older_is_known_by_the_clock_of_the_server() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let pair = |access: Secret, second| Tokens { issued_at: at(second), ..Tokens::access_only(access) };
        let ends = |end: u32| jwt(&format!(r#"{{"exp":{end}}}"#));
        // The second was received by a machine whose clock is slow.
        let (first, second) = (pair(ends(1_790_000_000), 50), pair(ends(1_790_000_001), 40));
        assert!(first.is_older_than(&second) && !second.is_older_than(&first));
        assert!(!first.is_older_than(&first));
        let (first, second) = (pair("opaque".into(), 40), pair(ends(1_790_000_001), 50));
        assert!(first.is_older_than(&second) && !second.is_older_than(&first));
    }

    #[test]
    fn opaque_and_broken_tokens_say_nothing() {
        for token in ["opaque", "a.b.c", "a..c", "....", "é.é.é", "a.bm90IGpzb24.c"] {
            assert!(Claims::of(&token.into()).is_none(), "{token}");
        }
    }

    #[test]
    fn audience_may_be_a_list_and_a_subject_a_number() {
        let claims = Claims::of(&jwt(r#"{"sub":42,"aud":["a","b"],"exp":"never"}"#)).unwrap();
        assert!(claims.is_user("42") && !claims.is_user("4"));
        assert!(claims.is_client("b") && !claims.is_client("c"));
        assert_eq!(claims.expires_at(), None);
    }
}
