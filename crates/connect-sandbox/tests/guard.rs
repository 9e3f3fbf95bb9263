//! Protection of the sandbox against web pages that its user visits in a browser.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{App, read};
use http::Request;

fn status(app: &mut App, method: &str, uri: &str, headers: &[(&str, &[u8])]) -> u16 {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let body = if method == "GET" { "" } else { r#"{"webhook_url": "http://10.0.0.1/hook"}"# };
    let reply = app.send(request.body(Bytes::from_static(body.as_bytes())).unwrap());
    let (status, body) = read(&reply);
    if status == 403 {
        assert!(body["error"] == "Forbidden" && body["message"].is_string(), "{body}");
        assert!(!body.to_string().contains("sandbox-secret"), "{body}");
    }
    status.as_u16()
}

#[test]
fn control_call_with_foreign_host_is_refused() {
    let mut app = App::new(&[]);
    app.sandbox.allow_host("Sandbox.test").unwrap();
    app.sandbox.allow_host("192.168.7.7").unwrap();
    app.sandbox.allow_host("fd00::7").unwrap();
    for host in [
        "localhost",
        "localhost:8080",
        "LOCALHOST:1",
        "localhost.",
        "localhost.:80",
        "127.0.0.1",
        "127.9.9.9:65535",
        "[::1]",
        "[::1]:8080",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]:1",
        "app.localhost:3000",
        "sandbox.test",
        "SANDBOX.TEST.:443",
        "192.168.7.7:80",
        "[FD00::7]:80",
    ] {
        assert_eq!(status(&mut app, "GET", "/sandbox/apps", &[("host", host.as_bytes())]), 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
        "localhost@evil.example",
        "evil.example#localhost",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::2]:80",
        "::1",
        "[::1",
        "localhost:port",
        "localhost:99999",
        "localhost:1:2",
        "localhost:+80",
        "localhost..",
        ".localhost",
        "",
        ":80",
        "other.sandbox.test",
        "127.1",
        "2130706433",
        "localhost evil.example",
        "[::ffff:10.0.0.1]",
    ] {
        assert_eq!(status(&mut app, "GET", "/sandbox/apps", &[("host", host.as_bytes())]), 403, "{host}");
    }
    assert_eq!(status(&mut app, "GET", "/sandbox/apps", &[("host", b"\xff")]), 403);
    assert_eq!(status(&mut app, "GET", "/sandbox/apps", &[]), 200, "HTTP/1.0");
    let twice: [(&str, &[u8]); 2] = [("host", b"localhost"), ("host", b"localhost")];
    assert_eq!(status(&mut app, "GET", "/sandbox/apps", &twice), 403);
}

#[test]
fn absolute_request_target_is_checked_as_host() {
    let mut app = App::new(&[]);
    for (target, host, expected) in [
        ("http://localhost:1/sandbox/apps", "localhost:1", 200),
        ("http://[::1]/sandbox/apps", "[::1]", 200),
        ("http://evil.example/sandbox/apps", "localhost", 403),
        ("http://localhost/sandbox/apps", "evil.example", 403),
        ("http://me@localhost/sandbox/apps", "localhost", 403),
    ] {
        assert_eq!(
            status(&mut app, "GET", target, &[("host", host.as_bytes())]),
            expected,
            "{target} {host}"
        );
    }
}

#[test]
fn control_call_from_foreign_origin_is_refused() {
    let mut app = App::new(&[]);
    app.sandbox.allow_host("sandbox.test").unwrap();
    for (host, origin, expected) in [
        ("localhost:8080", "http://localhost:8080", 200),
        ("LOCALHOST:8080", "http://localhost:8080", 200),
        ("localhost", "http://localhost:80", 200),
        ("[::1]:8080", "http://[::1]:8080", 200),
        ("sandbox.test", "https://sandbox.test", 200),
        ("localhost:8080", "http://localhost:3000", 403),
        ("localhost:8080", "http://127.0.0.1:8080", 403),
        ("localhost:8080", "http://evil.example", 403),
        ("localhost:8080", "https://localhost", 403),
        ("sandbox.test", "http://other.sandbox.test", 403),
        ("localhost:8080", "null", 403),
        ("localhost:8080", "", 403),
        ("localhost:8080", "localhost:8080", 403),
        ("localhost:8080", "ftp://localhost:8080", 403),
        ("localhost:8080", "http://localhost:8080@evil.example", 403),
    ] {
        let headers: [(&str, &[u8]); 2] = [("host", host.as_bytes()), ("origin", origin.as_bytes())];
        for (method, path) in
            [("POST", "/sandbox/set"), ("GET", "/sandbox/stats"), ("POST", "/api/sandbox/set")]
        {
            assert_eq!(status(&mut app, method, path, &headers), expected, "{method} {host} {origin}");
        }
    }
    let own: (&str, &[u8]) = ("origin", b"http://localhost");
    assert_eq!(
        status(&mut app, "GET", "/sandbox/stats", &[own]),
        200,
        "the sandbox's own origin, without a Host header"
    );
    assert_eq!(status(&mut app, "GET", "/sandbox/stats", &[("origin", b"http://evil.example")]), 403);
    let two: [(&str, &[u8]); 3] = [("host", b"localhost"), own, ("origin", b"http://evil.example")];
    assert_eq!(status(&mut app, "GET", "/sandbox/stats", &two), 403);
}

#[test]
fn cross_site_control_call_is_refused() {
    let mut app = App::new(&[]);
    for (site, expected) in [
        ("none", 200),
        ("same-origin", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("Cross-Site", 403),
        ("", 403),
    ] {
        let headers: [(&str, &[u8]); 2] = [("host", b"localhost"), ("sec-fetch-site", site.as_bytes())];
        assert_eq!(status(&mut app, "POST", "/sandbox/set", &headers), expected, "{site}");
    }
    app.sandbox.set("webhook_url", "").unwrap();
    let page: [(&str, &[u8]); 2] = [("sec-fetch-site", b"cross-site"), ("content-type", b"text/plain")];
    for path in
        ["/sandbox/set", "/sandbox/trigger", "/api/sandbox/set", "/sandbox", "/sandbox/", "/sandbox/nothing"]
    {
        assert_eq!(status(&mut app, "POST", path, &page), 403, "{path}");
    }
    assert_eq!(status(&mut app, "OPTIONS", "/sandbox/set", &page), 403);
    assert_eq!(
        app.sandbox.settings().value("webhook_url").as_deref(),
        Some(""),
        "the setting did not change"
    );
}

#[test]
fn services_accept_any_host_and_origin() {
    let mut app = App::new(&[]);
    let token = app.google_token("ada@gmail.example", &["calendar"]);
    let bearer = format!("Bearer {token}");
    let page: [(&str, &[u8]); 3] = [
        ("host", b"www.googleapis.com"),
        ("origin", b"https://app.example"),
        ("sec-fetch-site", b"cross-site"),
    ];
    let mut headers = page.to_vec();
    headers.push(("authorization", bearer.as_bytes()));
    assert_eq!(status(&mut app, "GET", "/google/calendar/v3/users/me/calendarList", &headers), 200);
    for path in ["/api/health", "/.well-known/webhook-keys"] {
        assert_eq!(status(&mut app, "GET", path, &page), 200);
    }
    assert_eq!(status(&mut app, "GET", "/sandboxes", &page), 404, "the path is not under /sandbox");
}

#[test]
fn allowed_host_must_be_name_or_address() {
    let mut app = App::new(&[]);
    for host in ["a.test", "a_b", "10.0.0.1", "[fd00::1]", "fd00::1"] {
        app.sandbox.allow_host(host).unwrap();
    }
    for host in ["", "http://a.test", "a.test:80", "a.test:", "a.test/x", "a b", "*", "é.test"] {
        let error = app.sandbox.allow_host(host).unwrap_err().to_string();
        assert!(error.contains(&format!("{host:?}")), "{error}");
    }
}

#[cfg(feature = "server")]
#[test]
fn server_refuses_foreign_host_and_accepts_allowed_one() {
    use connect_sandbox::Server;
    use std::io::{Read as _, Write as _};

    assert!(Server::builder().allow_host("http://a").start().unwrap_err().to_string().contains("http://a"));
    let server = Server::builder().allow_host("sandbox.test").start().unwrap();
    let address = server.origin().strip_prefix("http://").unwrap().to_owned();
    for (request, expected) in [
        (format!("GET /sandbox/apps HTTP/1.1\r\nhost: {address}\r\n"), "200"),
        ("GET /sandbox/apps HTTP/1.1\r\nhost: sandbox.test\r\n".to_owned(), "200"),
        ("GET /sandbox/apps HTTP/1.0\r\n".to_owned(), "200"),
        ("GET /sandbox/apps HTTP/1.1\r\nhost: evil.example\r\n".to_owned(), "403"),
        ("GET http://evil.example/sandbox/apps HTTP/1.1\r\nhost: localhost\r\n".to_owned(), "403"),
        ("GET /sandbox/apps HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n".to_owned(), "403"),
        ("GET /api/health HTTP/1.1\r\nhost: evil.example\r\n".to_owned(), "200"),
    ] {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(stream, "{request}connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{request}{answer}");
    }
}
