//! The token pair of a user, its age and expiry, and the claims of an access token.

mod hook;
mod memory;
mod store;

pub use hook::{AsyncTokenHook, TokenHook};
pub use memory::MemoryStore;
pub use store::{AsyncStoreLock, AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore, Written};

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_types::{Scope, TokenResponse};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::base::Secret;

/// A token pair: an access token with its refresh token. Token stores save this value.
///
/// ```
/// use connect_core::Tokens;
/// let tokens = Tokens::new("access", "refresh");
/// assert!(!format!("{tokens:?}").contains("refresh\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token, sent with every call.
    pub access_token: Secret,
    /// The refresh token, which is exchanged for the next pair. Without a refresh token, the session ends
    /// when the access token expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// The time at which the access token was received, by the clock of the machine that received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// The time at which the access token expires.
    ///
    /// The time is read from `expires_in` of the response or, if `expires_in` is missing, from the
    /// token's claim `exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The granted scope, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The position of the pair among the pairs of the user. The positions of two pairs show which pair is
    /// newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The last temporary refusal of the refresh token, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// The position of a pair among the pairs of its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revision {
    /// The random id of the sign-in from which the pair was obtained.
    pub sign_in: String,
    /// The time at which the server issued the first access token of the sign-in, by the server's clock. This
    /// time is the claim `iat` or, if `iat` is missing, the claim `exp` minus `expires_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<Timestamp>,
    /// The number of refreshes since the sign-in.
    pub number: u64,
}

/// A refusal, possibly temporary, of a refresh token, such as Microsoft's `invalid_grant`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// The time of the refusal, by the clock of the machine that sent the refresh token.
    pub at: Timestamp,
    /// The error message of the server.
    pub reason: String,
}

impl Tokens {
    /// Creates a pair from two tokens. The expiry time is read from the access token if it is a JWT.
    pub fn new(access_token: impl Into<Secret>, refresh_token: impl Into<Secret>) -> Self {
        Self::access_only(access_token).with_refresh_token(refresh_token)
    }

    /// Creates a pair without a refresh token.
    pub fn access_only(access_token: impl Into<Secret>) -> Self {
        let access_token = access_token.into();
        let expires_at = Claims::of(&access_token).and_then(|claims| claims.expires_at());
        Self {
            access_token,
            refresh_token: None,
            issued_at: None,
            expires_at,
            scope: None,
            revision: None,
            refused: None,
        }
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// Sets the expiry time of the access token.
    #[must_use]
    pub fn with_expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Sets the granted scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Creates the pair from the response of a token endpoint, received at `now`.
    ///
    /// `before` is the previous pair. A scope or refresh token that the response omits (RFC 6749 5.1) is
    /// copied from `before`. Without a previous pair that has a revision, the new pair gets a new revision
    /// with the random sign-in id `sign_in`.
    pub(crate) fn from_response(
        answer: TokenResponse,
        before: Option<&Tokens>,
        sign_in: String,
        now: Timestamp,
    ) -> Self {
        let mut tokens = Self::access_only(answer.access_token.as_str());
        tokens.revision = Some(match before.and_then(|tokens| tokens.revision.clone()) {
            Some(revision) => Revision { number: revision.number.saturating_add(1), ..revision },
            None => {
                let signed_in_at = before.is_none().then(|| issued_at(&tokens, answer.expires_in)).flatten();
                Revision { sign_in, signed_in_at, number: 0 }
            }
        });
        tokens.issued_at = Some(now);
        if let Some(lifetime) = answer.expires_in.and_then(|s| i64::try_from(s).ok()).filter(|s| *s > 0) {
            tokens.expires_at =
                now.checked_add(SignedDuration::from_secs(lifetime)).ok().or(tokens.expires_at);
        }
        // If a new token seems expired, a clock is wrong. Then only a 401 shows the expiry.
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

    /// Returns the lifetime of the access token, if its issue and expiry times are known.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        duration_between(self.issued_at?, self.expires_at?)
    }

    /// Returns the time since the access token was received, or `None` if it is unknown or negative.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        duration_between(self.issued_at?, now)
    }

    /// Returns whether this pair is known to be older than `other`.
    ///
    /// The revisions decide. If a revision is missing, the issue and expiry times inside the access
    /// tokens decide. `issued_at` is not used, because local clocks may differ by more than the age
    /// of a pair.
    pub(crate) fn is_older_than(&self, other: &Tokens) -> bool {
        match (&self.revision, &other.revision) {
            (Some(this), Some(other)) if this.sign_in == other.sign_in => this.number < other.number,
            (Some(_), Some(_)) => self.signed_in_before(other),
            _ => match (Claims::of(&self.access_token), Claims::of(&other.access_token)) {
                (Some(these), Some(others)) => is_before(these.issued_at(), others.issued_at())
                    .or_else(|| is_before(self.issued_by_server(&these), other.issued_by_server(&others)))
                    .or_else(|| is_before(these.expires_at(), others.expires_at()))
                    .unwrap_or(false),
                _ => false,
            },
        }
    }

    /// Returns the issue time by the server's clock: the claim `exp` minus the lifetime from `expires_in`.
    ///
    /// The claim `exp` alone is not enough, because the server may change the lifetime of its tokens.
    fn issued_by_server(&self, claims: &Claims) -> Option<Timestamp> {
        let end = claims.expires_at()?;
        let lifetime = self.lifetime().filter(|_| self.expires_at != Some(end))?; // if equal, `expires_in` was missing
        end.checked_sub(lifetime).ok()
    }

    /// Returns whether this pair is known to be from an earlier sign-in than `other`.
    pub(crate) fn signed_in_before(&self, other: &Tokens) -> bool {
        let at = |tokens: &Tokens| tokens.revision.as_ref().and_then(|revision| revision.signed_in_at);
        is_before(at(self), at(other)).unwrap_or(false) && !self.shares_sign_in_with(other)
    }

    /// Returns whether both pairs are known to be from the same sign-in.
    pub(crate) fn shares_sign_in_with(&self, other: &Tokens) -> bool {
        let revisions = self.revision.as_ref().zip(other.revision.as_ref());
        revisions.is_some_and(|(this, other)| this.sign_in == other.sign_in)
    }

    /// Returns the time until the access token expires, zero if it has expired, or `None` if unknown.
    pub(crate) fn remaining(&self, now: Timestamp) -> Option<Duration> {
        self.expires_at.map(|end| duration_between(now, end).unwrap_or_default())
    }
}

/// Returns the time at which the server issued an access token, by the server's clock.
fn issued_at(tokens: &Tokens, lifetime: Option<u64>) -> Option<Timestamp> {
    let claims = Claims::of(&tokens.access_token)?;
    let lifetime = || Some(SignedDuration::from_secs(i64::try_from(lifetime?).ok()?));
    claims.issued_at().or_else(|| claims.expires_at()?.checked_sub(lifetime()?).ok())
}

fn is_before(this: Option<Timestamp>, other: Option<Timestamp>) -> Option<bool> {
    Some(this? < other?)
}

fn duration_between(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

/// The claims of a JSON Web Token (RFC 7519). The signature is not verified, so the claims prove nothing.
#[derive(Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    sub: Option<serde_json::Value>,
    #[serde(default)]
    aud: Option<serde_json::Value>,
    #[serde(default)]
    exp: Option<serde_json::Value>,
    #[serde(default)]
    iat: Option<serde_json::Value>,
}

impl Claims {
    /// Returns the claims of a token, or `None` if the token is not a JWT.
    pub(crate) fn of(token: &Secret) -> Option<Self> {
        let mut parts = token.expose().split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns whether the subject is `user`.
    pub(crate) fn is_user(&self, user: &str) -> bool {
        self.sub.as_ref().is_some_and(|sub| claim_equals(sub, user))
    }

    /// Returns whether the audience is `client_id`, or a list that contains `client_id`.
    pub(crate) fn is_client(&self, client_id: &str) -> bool {
        match &self.aud {
            None => false,
            Some(serde_json::Value::Array(all)) => all.iter().any(|aud| claim_equals(aud, client_id)),
            Some(aud) => claim_equals(aud, client_id),
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        numeric_date(self.exp.as_ref()?)
    }

    fn issued_at(&self) -> Option<Timestamp> {
        numeric_date(self.iat.as_ref()?)
    }
}

/// Parses a `NumericDate` (RFC 7519 2), a number of seconds. A fraction of a second is dropped.
fn numeric_date(claim: &serde_json::Value) -> Option<Timestamp> {
    let seconds = claim.as_i64().or_else(|| claim.as_f64().map(|s| s as i64))?;
    Timestamp::from_second(seconds).ok()
}

fn claim_equals(claim: &serde_json::Value, wanted: &str) -> bool {
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

    fn pair(access: impl Into<Secret>, revision: Option<(&str, Option<i64>, u64)>) -> Tokens {
        let mut tokens = Tokens::access_only(access);
        tokens.revision = revision.map(|(sign_in, signed_in_at, number)| Revision {
            sign_in: sign_in.to_owned(),
            signed_in_at: signed_in_at.map(|second| Timestamp::from_second(second).unwrap()),
            number,
        });
        tokens
    }

    #[track_caller]
    fn assert_older(older: &Tokens, newer: &Tokens) {
        assert!(older.is_older_than(newer));
        assert!(!newer.is_older_than(older) && !older.is_older_than(older));
    }

    #[track_caller]
    fn assert_unknown(one: &Tokens, other: &Tokens) {
        assert!(!one.is_older_than(other) && !other.is_older_than(one));
    }

    #[test]
    fn revisions_of_one_sign_in_decide_age() {
        let ends = |end: u32| jwt(&format!(r#"{{"exp":{end}}}"#));
        assert_older(&pair("opaque", Some(("a", None, 3))), &pair("opaque2", Some(("a", None, 4))));
        // The server has shortened the lifetime of its tokens, but the revisions decide, not the claims.
        let (older, newer) = (pair(ends(9), Some(("a", None, 3))), pair(ends(8), Some(("a", None, 4))));
        assert_older(&older, &newer);
        assert_unknown(&pair("one", Some(("a", None, 4))), &pair("two", Some(("a", None, 4))));
    }

    #[test]
    fn server_clock_decides_age_of_two_sign_ins() {
        let (first, second) = (pair("1", Some(("a", Some(100), 9))), pair("2", Some(("b", Some(101), 0))));
        assert_older(&first, &second);
        assert_unknown(&first, &pair("3", Some(("c", Some(100), 0))));
        assert_unknown(&first, &pair("4", Some(("d", None, 0))));
    }

    #[test]
    fn server_clock_decides_age_without_revisions() {
        let claims = |text: &str| pair(jwt(text), None);
        assert_older(&claims(r#"{"exp":1790000000}"#), &claims(r#"{"exp":1790000001}"#));
        // The token with the shorter lifetime was issued later.
        assert_older(&claims(r#"{"iat":10,"exp":90}"#), &claims(r#"{"iat":11,"exp":80}"#));
        assert_older(&claims(r#"{"exp":1}"#), &pair(jwt(r#"{"exp":2}"#), Some(("a", None, 0))));
        // The server has shortened the lifetime of its tokens. The newer token expires first.
        let received = |exp: i64, lifetime: i64| {
            let mut tokens = claims(&format!(r#"{{"exp":{exp}}}"#));
            tokens.issued_at = Some(Timestamp::from_second(5).unwrap()); // by any clock
            tokens.expires_at = Some(Timestamp::from_second(5 + lifetime).unwrap());
            tokens
        };
        assert_older(&received(1_000_003_600, 3600), &received(1_000_000_960, 900));
    }

    #[test]
    fn machine_clock_never_decides_age() {
        let received = |access: &str, second| Tokens {
            issued_at: Some(Timestamp::from_second(second).unwrap()),
            ..pair(access, None)
        };
        assert_unknown(&received("opaque", 40), &received("other", 50));
    }

    #[test]
    fn opaque_and_malformed_tokens_have_no_claims() {
        for token in ["opaque", "a.b.c", "a..c", "....", "é.é.é", "a.bm90IGpzb24.c"] {
            assert!(Claims::of(&token.into()).is_none(), "{token}");
        }
    }

    #[test]
    fn claims_accept_an_audience_list_and_a_numeric_subject() {
        let claims = Claims::of(&jwt(r#"{"sub":42,"aud":["a","b"],"exp":"never"}"#)).unwrap();
        assert!(claims.is_user("42") && !claims.is_user("4"));
        assert!(claims.is_client("b") && !claims.is_client("c"));
        assert_eq!(claims.expires_at(), None);
    }
}
