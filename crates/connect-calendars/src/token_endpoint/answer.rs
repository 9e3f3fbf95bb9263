//! Builds the responses of the token endpoint: JSON that must not be cached. CORS headers let pages of
//! allowed origins read the JSON.

use std::borrow::Cow;

use connect_core::{Response, Tokens};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
        CACHE_CONTROL, CONTENT_TYPE, ORIGIN, PRAGMA, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use jiff::Timestamp;
use serde::Serialize;

use super::{TokenEndpoint, head::single_header, refusal::Refusal};

/// The result of checking the `Origin` header: an allowed origin, no header, or a foreign origin.
#[derive(Clone, Debug)]
pub(super) enum Cors {
    Allowed { origin: HeaderValue, credentials: bool },
    Missing,
    Foreign,
}

impl Cors {
    pub(super) fn of(endpoint: &TokenEndpoint, headers: &HeaderMap) -> Self {
        if !headers.contains_key(ORIGIN) {
            return Self::Missing;
        }
        match single_header(headers, ORIGIN) {
            Some(origin) if endpoint.origins.iter().any(|known| known.is(origin)) => {
                Self::Allowed { origin: origin.clone(), credentials: endpoint.credentials }
            }
            _ => Self::Foreign,
        }
    }

    /// The response to a preflight request.
    pub(super) fn preflight(&self) -> Response {
        let mut reply = self.reply(StatusCode::NO_CONTENT, Vec::new());
        let headers = reply.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
        if matches!(self, Self::Allowed { .. }) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            let allowed = HeaderValue::from_static("X-Requested-With, Content-Type");
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
        reply
    }

    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        let Refusal { status, error, retry_after, .. } = *refusal;
        let mut reply = self.json(status, &ErrorBody { error, error_description: refusal.text() });
        let headers = reply.headers_mut();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
        }
        reply
    }

    /// The response with tokens (RFC 6749 5.1).
    pub(super) fn grant(&self, tokens: &Tokens, with_refresh_token: bool, now: Timestamp) -> Response {
        let left = tokens.expires_at.map(|end| end.duration_since(now).as_secs().max(0));
        let refresh_token = tokens.refresh_token.as_ref().filter(|_| with_refresh_token);
        let body = TokenBody {
            access_token: tokens.access_token.expose(),
            token_type: "Bearer",
            expires_in: left,
            scope: tokens.scope.as_ref().map(|scope| scope.as_str()),
            refresh_token: refresh_token.map(|token| token.expose()),
        };
        self.json(StatusCode::OK, &body)
    }

    fn json(&self, status: StatusCode, body: &impl Serialize) -> Response {
        // Structs of strings and numbers always serialize.
        let mut reply = self.reply(status, serde_json::to_vec(body).unwrap_or_default());
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        reply
    }

    fn reply(&self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut reply = Response::new(body.into());
        *reply.status_mut() = status;
        let headers = reply.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        if let Self::Allowed { origin, credentials } = self {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            if *credentials {
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
        reply
    }
}

#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    error_description: Cow<'static, str>,
}

#[derive(Serialize)]
struct TokenBody<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// The seconds until the access token expires, rounded down.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn expires_in_is_rounded_down_and_never_negative() {
        let end: Timestamp = "2026-11-15T11:00:00Z".parse().unwrap();
        let tokens = Tokens::new("a", "r").with_expires_at(end);
        let left = |before: SignedDuration| {
            let reply = Cors::Missing.grant(&tokens, false, end - before);
            serde_json::from_slice::<serde_json::Value>(reply.body()).unwrap()["expires_in"].clone()
        };
        for (before, seconds) in [(1_999, 1), (1_000, 1), (999, 0), (0, 0), (-5_000, 0)] {
            assert_eq!(left(SignedDuration::from_millis(before)), seconds, "{before} ms");
        }
    }

    #[test]
    fn grant_omits_unknown_fields() {
        let reply = Cors::Missing.grant(&Tokens::access_only("a"), true, Timestamp::UNIX_EPOCH);
        assert_eq!(reply.body(), r#"{"access_token":"a","token_type":"Bearer"}"#);
    }
}
