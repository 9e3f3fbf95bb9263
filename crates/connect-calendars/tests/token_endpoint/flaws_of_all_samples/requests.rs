//! Flaws in how the samples check requests.

use connect_calendars::token_endpoint::TokenEndpoint;
use connect_core::Request;
use http::Method;

use crate::common::{
    upstream::{Upstream, field},
    wire::at,
    *,
};

/// The samples send an empty `code_verifier`.
#[test]
fn empty_code_verifier_is_not_sent() {
    let upstream = Upstream::good();
    for connect in upstream.both() {
        for fields in [&[("code", "4/0")][..], &[("code", "4/0"), ("code_verifier", "")]] {
            granted(&serve(&endpoint(), &*connect, &ask("/auth", fields), Some(&ada())));
        }
    }
    for form in upstream.forms() {
        assert_eq!(field(&form, "code_verifier"), None);
        assert!(form.iter().all(|(_, value)| !value.is_empty()));
    }
    for wrong in ["short", &"a".repeat(129), &"ä".repeat(30)] {
        let request = ask("/auth", &[("code", "4/0"), ("code_verifier", wrong)]);
        assert_eq!(refused(&turned_away(&endpoint(), &request, Some(&ada()))), error(400, "invalid_request"));
    }
}

/// The samples listen on `http://` URLs, and their documentation uses such URLs.
#[test]
fn plain_http_is_refused_except_for_loopback() {
    for origin in ["http://app.example", "http://127.0.0.1.example", "http://192.168.0.7"] {
        assert!(TokenEndpoint::new(origin).is_err(), "{origin}");
    }
    for origin in ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]"] {
        assert!(TokenEndpoint::new(origin).is_ok(), "{origin}");
    }
    let clear = at("http://oauth2.example/token");
    let blocking =
        connect_blocking::Client::builder("id", "secret").redirect_uri("postmessage").profile(clear.clone());
    let hyper = connect_hyper::Client::builder("id", "secret").redirect_uri("postmessage").profile(clear);
    assert!(blocking.build().is_err() && hyper.build().is_err());
}

/// If `X-Requested-With` is missing, the samples respond with a 500 without a body.
#[test]
fn missing_x_requested_with_is_403() {
    for value in [None, Some(""), Some("fetch"), Some("XMLHttpRequest, XMLHttpRequest")] {
        let request = with(ask("/auth", &[("code", "4/0")]), "x-requested-with", value);
        let reply = turned_away(&endpoint(), &request, Some(&ada()));
        assert_eq!(refused(&reply), error(403, "access_denied"));
        assert_eq!(readable_by(&reply), Some(PAGE));
    }
    let mut twice = ask("/auth", &[("code", "4/0")]);
    twice.headers_mut().append("x-requested-with", "XMLHttpRequest".parse().unwrap());
    assert_eq!(refused(&turned_away(&endpoint(), &twice, Some(&ada()))), error(403, "access_denied"));
}

/// The samples accept any method, and any path that contains one of the expected paths.
#[test]
fn methods_and_paths_are_matched_exactly() {
    let endpoint = endpoint();
    for method_ in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        let reply = turned_away(&endpoint, &method(ask("/auth", &[("code", "4/0")]), method_), Some(&ada()));
        assert_eq!(refused(&reply), error(405, "invalid_request"));
        assert_eq!(reply.headers()["allow"], "POST, OPTIONS");
    }
    for path in [
        "/authX",
        "/auth/",
        "/auth/x",
        "//auth",
        "/Auth",
        "/%61uth",
        "/x?y=/auth",
        "/",
        "/x/auth",
        "/refresh/..",
    ] {
        let reply = turned_away(&endpoint, &ask(path, &[("code", "4/0")]), Some(&ada()));
        assert_eq!(refused(&reply), error(404, "invalid_request"), "{path}");
    }
    for path in ["/auth", "/auth?tenant=7", "https://app.example/auth"] {
        assert!(endpoint.accept(&ask(path, &[("code", "4/0")]), Some(&ada())).is_ok(), "{path}");
    }
    let asked = endpoint.accept(&ask("/auth?code=4/0", &[]), Some(&ada()));
    assert_eq!(
        refused(&asked.map(drop).unwrap_err()),
        error(400, "invalid_request"),
        "a code in the query is ignored"
    );

    let moved = endpoint.clone().paths("/google/auth", "/google/refresh").unwrap();
    assert!(moved.accept(&ask("/google/auth", &[("code", "4/0")]), Some(&ada())).is_ok());
    assert!(moved.accept(&ask("/auth", &[("code", "4/0")]), Some(&ada())).is_err());
    for (auth, refresh) in [("/a", "/a"), ("a", "/b"), ("/a", ""), ("/a?b", "/c"), ("/a#b", "/c")] {
        assert!(endpoint.clone().paths(auth, refresh).is_err(), "{auth} {refresh}");
    }
}

/// The samples accept bodies of any size, type and content.
#[test]
fn body_size_type_and_fields_are_checked() {
    let endpoint = endpoint();
    let status = |request: &Request| refused(&turned_away(&endpoint, request, Some(&ada())));
    assert_eq!(status(&post("/auth", vec![b'a'; 1 << 20])), error(413, "invalid_request"));
    assert_eq!(status(&post("/auth", vec![b'a'; endpoint.body_limit() + 1])), error(413, "invalid_request"));
    let full = format!("code=4&x={}", "a".repeat(endpoint.body_limit() - 9));
    assert_eq!(full.len(), endpoint.body_limit());
    assert!(endpoint.accept(&post("/auth", full), Some(&ada())).is_ok());
    let small = endpoint.clone().limit_body(9);
    assert_eq!(refused(&turned_away(&small, &post("/auth", "code=4/0Ab"), Some(&ada()))).0, 413);

    for media_type in [
        None,
        Some(""),
        Some("application/json"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencodedx"),
        Some("text/plain; application/x-www-form-urlencoded"),
    ] {
        let request = with(ask("/auth", &[("code", "4/0")]), "content-type", media_type);
        assert_eq!(status(&request), error(415, "invalid_request"), "{media_type:?}");
    }
    for media_type in
        ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"]
    {
        let request = with(ask("/auth", &[("code", "4/0")]), "content-type", Some(media_type));
        assert!(endpoint.accept(&request, Some(&ada())).is_ok(), "{media_type}");
    }
    for body in [
        &b"code=a&code=b"[..],
        b"code=a&code=a",
        b"code=&code=a",
        b"code=a&code_verifier=&code_verifier=",
        b"code=",
        b"code",
        b"",
        b"code=a%00b",
        b"code=a%0D%0Ab",
        b"code=%FF",
        b"code=a&other=\xff",
        b"code=%C3%A4",
    ] {
        assert_eq!(status(&post("/auth", body)), error(400, "invalid_request"), "{body:?}");
    }
    let long = format!("code={}", "a".repeat(9000));
    assert_eq!(status(&post("/auth", long)), error(400, "invalid_request"));
}

/// A declared length that is too large must be refused before the body is read.
#[test]
fn declared_length_over_the_limit_is_413() {
    let endpoint = endpoint();
    let head = |request: Request| request.into_parts().0;
    let declared = |length| with(ask("/auth", &[]), "content-length", Some(length));
    for length in ["16385", "1048576", "99999999999999999999999999", "-1", "x"] {
        let reply = endpoint.refuse(&head(declared(length))).unwrap();
        assert_eq!(refused(&reply), error(413, "invalid_request"), "{length}");
        assert_eq!(readable_by(&reply), Some(PAGE));
        assert_eq!(turned_away(&endpoint, &declared(length), Some(&ada())).status(), 413);
    }
    assert!(endpoint.refuse(&head(declared("16384"))).is_none());
    assert_eq!(refused(&endpoint.too_large(&head(declared("7")))), error(413, "invalid_request"));

    // `refuse` and `too_large`, before the body is read, return the same response as `accept` afterwards.
    for request in [
        ask("/other", &[]),
        method(ask("/auth", &[]), Method::GET),
        with(ask("/auth", &[]), "origin", Some(STRANGER)),
        with(ask("/auth", &[]), "x-requested-with", None),
        with(ask("/auth", &[]), "content-type", None),
        preflight("/auth", PAGE),
    ] {
        let after = turned_away(&endpoint, &request, None);
        for before in [endpoint.refuse(&head(request.clone())).unwrap(), endpoint.too_large(&head(request))] {
            assert_eq!((before.status(), before.headers()), (after.status(), after.headers()));
            assert_eq!(before.body(), after.body());
        }
    }
}

/// The samples accept only one spelling of `XMLHttpRequest`. Some libraries send another spelling.
#[test]
fn x_requested_with_is_compared_without_case() {
    for value in ["XMLHttpRequest", "XmlHttpRequest", "xmlhttprequest", "XMLHTTPREQUEST"] {
        let request = with(ask("/auth", &[("code", "4/0")]), "x-requested-with", Some(value));
        assert!(endpoint().accept(&request, Some(&ada())).is_ok(), "{value}");
    }
}
