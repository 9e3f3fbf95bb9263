//! Flaws in the requests to the authorization server, and in the responses to the page.

use std::time::Duration;

use bytes::Bytes;
use connect_calendars::token_endpoint::Visitor;
use connect_core::{Timeout, Tokens};
use http::Method;

use crate::common::{upstream::Upstream, *};

/// The samples do not pass on the status of errors, and let caches store tokens.
#[test]
fn status_is_reported_and_responses_are_not_cached() {
    for (upstream, status) in [
        (Upstream::good(), 200),
        (Upstream::says(400, r#"{"error":"invalid_grant"}"#), 400),
        (Upstream::says(401, r#"{"error":"invalid_client"}"#), 502),
        (Upstream::says(500, ""), 502),
        (Upstream::says(200, "<html>"), 502),
    ] {
        for connect in upstream.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert_eq!(json(&reply).0, status);
        }
    }
}

/// The samples wait for the authorization server without a timeout, and log its errors unchanged.
#[test]
fn code_is_sent_once_with_a_timeout() {
    for upstream in [Upstream::says(500, ""), Upstream::says(429, ""), Upstream::says(200, "")] {
        for connect in upstream.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert!(reply.status().is_server_error());
            let sent = upstream.take();
            assert_eq!(sent.len(), 1);
            assert_eq!(sent[0].extensions().get(), Some(&Timeout(Duration::from_secs(30))));
        }
    }
}

/// The samples have the client secret in their source code.
#[test]
fn secrets_are_not_printed() {
    let upstream = Upstream::good();
    let connect = upstream.blocking(connect_calendars::google::profile());
    let asked = endpoint().accept(&ask("/auth", &[("code", "4/0-code")]), Some(&ada().nonce("n"))).err();
    assert!(asked.is_some());
    let visitor = ada().nonce("nonce-of-ada");
    let fields = [
        ("code", "4/0-code"),
        ("state", "nonce-of-ada"),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    let mut printed = format!("{connect:?} {:?} {visitor:?} {:?}", connect.app(), endpoint());
    for endpoint in [endpoint(), endpoint().pass_through()] {
        let asked = endpoint.accept(&ask("/auth", &fields), Some(&visitor)).unwrap();
        printed.push_str(&format!("{asked:?} {:?}", asked.work()));
    }
    let asked =
        endpoint().pass_through().accept(&ask("/refresh", &[("refresh_token", "1//refresh")]), Some(&ada()));
    printed.push_str(&format!("{:?}", asked.unwrap()));
    for secret in ["client&secret=+", "4/0-code", "nonce-of-ada", "dBjftJeZ4", "1//refresh"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

/// The samples' errors and preflight responses lack the CORS headers that pages need.
#[test]
fn preflight_allows_the_headers_and_errors_are_readable() {
    let endpoint = endpoint();
    for path in ["/auth", "/refresh"] {
        let reply = turned_away(&endpoint, &preflight(path, PAGE), None);
        assert_eq!((reply.status().as_u16(), reply.body()), (204, &Bytes::new()));
        assert_not_cached(reply.headers());
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "X-Requested-With, Content-Type"),
            ("access-control-max-age", "600"),
        ] {
            assert_eq!(reply.headers()[name], value);
        }
        assert!(!reply.headers().contains_key("access-control-allow-credentials"));

        let reply = turned_away(&endpoint, &preflight(path, STRANGER), None);
        assert_eq!(refused(&reply), error(403, "access_denied"));
        assert!(reply.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
    }
    assert_eq!(refused(&turned_away(&endpoint, &preflight("/x", PAGE), None)), error(404, "invalid_request"));
    let without_origin = with(preflight("/auth", PAGE), "origin", None);
    let reply = turned_away(&endpoint.clone().allow_missing_origin(), &without_origin, None);
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["allow"]),
        (204, &"POST, OPTIONS".parse().unwrap())
    );
    assert!(reply.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
    for request in [
        ask("/other", &[]),
        method(ask("/auth", &[]), Method::GET),
        with(ask("/auth", &[]), "x-requested-with", None),
        with(ask("/auth", &[]), "content-type", None),
        ask("/auth", &[]),
        post("/auth", vec![0; 1 << 20]),
    ] {
        assert_eq!(readable_by(&turned_away(&endpoint, &request, Some(&ada()))), Some(PAGE));
    }
    let cookies = endpoint.allow_credentials();
    for reply in [
        turned_away(&cookies, &preflight("/auth", PAGE), None),
        turned_away(&cookies, &ask("/auth", &[]), None),
        cookies
            .accept(&ask("/refresh", &[]), Some(&Visitor::new("ada")))
            .unwrap()
            .reply(Ok(Tokens::access_only("a"))),
    ] {
        assert_eq!(reply.headers()["access-control-allow-credentials"], "true");
    }
    let reply = turned_away(&cookies, &preflight("/auth", STRANGER), None);
    assert!(!reply.headers().contains_key("access-control-allow-credentials"));
}
