//! Tests of the responses for errors of the authorization server.

use std::time::Duration;

use connect_core::{Error, ErrorKind, Sent, SignInFault, TransportError, TransportErrorKind};

use crate::common::{
    upstream::{Upstream, response},
    *,
};

#[test]
fn every_error_kind_has_its_status() {
    let decode = ErrorKind::Decode { path: "secret".into(), offset: 1 };
    for (kind, status, code) in [
        (ErrorKind::Authentication, 400, "invalid_grant"),
        (ErrorKind::SignIn(SignInFault::WrongUser), 400, "invalid_grant"),
        (ErrorKind::RateLimited, 503, "temporarily_unavailable"),
        (ErrorKind::TokenStore, 503, "temporarily_unavailable"),
        (ErrorKind::Timeout, 504, "temporarily_unavailable"),
        (ErrorKind::Network { sent: Sent::No }, 502, "server_error"),
        (ErrorKind::Network { sent: Sent::Maybe }, 502, "server_error"),
        (ErrorKind::Server, 502, "server_error"),
        (ErrorKind::Http, 502, "server_error"),
        (ErrorKind::Configuration, 502, "server_error"),
        (ErrorKind::Validation { details: None }, 502, "server_error"),
        (ErrorKind::Permission { needed: None, accounts: Vec::new() }, 502, "server_error"),
        (ErrorKind::NotFound, 502, "server_error"),
        (ErrorKind::Conflict, 502, "server_error"),
        (ErrorKind::PageLoop, 502, "server_error"),
        (decode, 502, "server_error"),
    ] {
        let asked = endpoint().accept(&ask("/refresh", &[]), Some(&ada())).unwrap();
        let reply =
            asked.reply(Err(Error::new(kind.clone()).with_message("text of the authorization server")));
        assert_eq!(refused(&reply), error(status, code), "{kind:?}");
        assert_eq!(readable_by(&reply), Some(PAGE));
    }
}

#[test]
fn only_known_error_codes_are_passed_on() {
    for (status, body, expected) in [
        (400, "invalid_grant", error(400, "invalid_grant")),
        (400, "invalid_request", error(400, "invalid_request")),
        (400, "invalid_scope", error(400, "invalid_scope")),
        (400, "redirect_uri_mismatch", error(400, "redirect_uri_mismatch")),
        (403, "access_denied", error(400, "access_denied")),
        (403, "admin_policy_enforced", error(400, "admin_policy_enforced")),
        (403, "org_internal", error(400, "org_internal")),
        (401, "invalid_grant", error(400, "invalid_grant")),
        (401, "invalid_client", error(502, "server_error")),
        (400, "invalid_client", error(502, "server_error")),
        (401, "unauthorized_client", error(502, "server_error")),
        (401, "", error(502, "server_error")),
        (400, "unsupported_grant_type", error(502, "server_error")),
        (400, "<script>", error(502, "server_error")),
        (404, "not_found", error(502, "server_error")),
        (500, "invalid_grant", error(502, "server_error")),
        (400, "temporarily_unavailable", error(503, "temporarily_unavailable")),
        (503, "temporarily_unavailable", error(503, "temporarily_unavailable")),
        (200, "invalid_grant", error(502, "server_error")),
        (302, "invalid_grant", error(502, "server_error")),
    ] {
        let body = format!(r#"{{"error":"{body}","error_description":"text of the authorization server"}}"#);
        let upstream = Upstream::says(status, body.clone());
        for connect in upstream.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert_eq!(refused(&reply), expected, "{status} {body}");
        }
        assert_eq!(upstream.count(), 2, "one request for each client");
    }
}

#[test]
fn retry_after_is_passed_on() {
    for (received, sent) in
        [(Some("7"), Some("7")), (Some("99999999999999999999"), Some("86400")), (None, None)]
    {
        let upstream = Upstream::new(move |_| {
            let mut reply = response(429, "{}");
            if let Some(received) = received {
                reply.headers_mut().insert("retry-after", received.parse().unwrap());
            }
            Ok(reply)
        });
        for connect in upstream.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert_eq!(refused(&reply), error(503, "temporarily_unavailable"));
            let header = reply.headers().get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(header, sent);
            assert_eq!(reply.headers().contains_key("access-control-expose-headers"), sent.is_some());
        }
    }
    let busy = Error::new(ErrorKind::RateLimited);
    let asked = endpoint().accept(&ask("/refresh", &[]), Some(&ada())).unwrap();
    assert!(!asked.reply(Err(busy)).headers().contains_key("retry-after"));
}

#[test]
fn transport_error_is_502_or_504_for_a_timeout() {
    for (kind, expected) in [
        (TransportErrorKind::Connect, error(502, "server_error")),
        (TransportErrorKind::Tls, error(502, "server_error")),
        (TransportErrorKind::Broken, error(502, "server_error")),
        (TransportErrorKind::TooLarge, error(502, "server_error")),
        (TransportErrorKind::Timeout, error(504, "temporarily_unavailable")),
    ] {
        let upstream =
            Upstream::new(move |_| Err(TransportError::new(kind, Sent::Maybe, "address and host")));
        for connect in upstream.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert_eq!(refused(&reply), expected, "{kind:?}");
        }
        assert_eq!(upstream.count(), 2, "each client sends the code once");
    }
}

#[test]
fn reply_at_computes_expires_in_from_the_given_time() {
    let asked = endpoint().accept(&ask("/refresh", &[]), Some(&ada())).unwrap();
    let end: jiff::Timestamp = "2026-11-15T11:00:00Z".parse().unwrap();
    let tokens = connect_core::Tokens::access_only("a").with_expires_at(end);
    let reply = asked.reply_at(Ok(tokens), end - Duration::from_secs(90));
    assert_eq!(granted(&reply)["expires_in"], 90);
}
