use std::{
    io::Read as _,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use super::*;

const SIGN_IN: &str = "https://server.example/authorize?client_id=id&state=s%2B1";
const CALLBACK: &str = "/callback?code=c0de&state=s%2B1";

/// A listener that waits for the callback of `SIGN_IN`, and its address.
struct TestListener {
    at: String,
    outcome: JoinHandle<Result<Visit, LoopbackError>>,
}

impl TestListener {
    fn new() -> Self {
        let listener = Loopback::bind().unwrap();
        let at = authority(&listener);
        let outcome = thread::spawn(move || listener.callback(SIGN_IN, Duration::from_secs(120)));
        Self { at, outcome }
    }

    fn send(&self, request: &str) -> String {
        send(&self.at, request)
    }

    /// Sends a GET with these additional headers, as a browser does.
    fn get(&self, target: &str, headers: &str) -> String {
        self.send(&format!("GET {target} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.at))
    }

    /// Sends the callback. Returns the query that the listener received, and the response.
    fn finish(self, target: &str) -> (String, String) {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n\r\n", self.at);
        let browser = thread::spawn({
            let at = self.at.clone();
            move || send(&at, &request)
        });
        let visit = self.outcome.join().unwrap().unwrap();
        let query = visit.query().to_owned();
        visit.answer(true);
        (query, browser.join().unwrap())
    }
}

fn authority(listener: &Loopback) -> String {
    listener.redirect_uri()[7..].split('/').next().unwrap().to_owned()
}

fn send(at: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    // A listener that mistakes the request for the callback does not respond.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    response
}

#[track_caller]
fn assert_refused(response: &str, status: u16) {
    assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {response}");
    assert!(!response.contains("c0de") && response.contains("cache-control: no-store"), "{response}");
}

#[test]
fn listener_on_free_port_accepts_one_callback_and_closes() {
    let (one, other) = (Loopback::bind().unwrap(), Loopback::bind().unwrap());
    assert_ne!(one.redirect_uri(), other.redirect_uri());
    let uri = one.redirect_uri().to_owned();
    assert!(uri.starts_with("http://127.0.0.1:") && uri.ends_with("/callback"), "{uri}");
    let at = authority(&one);
    let browser = thread::spawn({
        let at = at.clone();
        move || {
            let _idle = TcpStream::connect(&at).unwrap();
            send(&at, &format!("GET {CALLBACK} HTTP/1.1\r\nHost: {at}\r\n\r\n"))
        }
    });
    let visit = one.callback(SIGN_IN, Duration::from_secs(120)).unwrap();
    assert_eq!(visit.query(), "code=c0de&state=s%2B1");
    assert!(TcpStream::connect(at).is_err(), "the listener must be closed");
    visit.answer(true);
    let page = browser.join().unwrap();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("referrer-policy: no-referrer"), "{page}");
    assert!(!page.contains("c0de") && !page.contains("<script") && !page.contains("href"), "{page}");
}

#[test]
fn callback_with_wrong_query_does_not_end_the_wait() {
    let waiting = TestListener::new();
    for query in [
        "",
        "?",
        "?code=x&state=y",
        "?code=x",
        "?code=x&state=",
        "?state=s%2B1",
        "?code=&state=s%2B1",
        "?code=x&state=s+1",
        "?code=x&state=S%2B1",
        "?code=x&state=s%2B1&state=y",
        "?code=x&state=s%2B1&state=s%2B1",
        "?error=access_denied",
        "?error=access_denied&state=y",
    ] {
        assert_refused(&waiting.get(&format!("/callback{query}"), ""), 400);
    }
    let (query, page) = waiting.finish(CALLBACK);
    assert!(query.starts_with("code=c0de&") && page.starts_with("HTTP/1.1 200"), "{query} {page}");
}

#[test]
fn error_callback_with_right_state_ends_the_wait() {
    let (query, _) = TestListener::new().finish("/callback?error=access_denied&state=s%2B1");
    assert_eq!(query, "error=access_denied&state=s%2B1");
}

#[test]
fn invalid_request_does_not_end_the_wait() {
    let waiting = TestListener::new();
    let own = format!("host: {}\r\n", waiting.at);
    for (request, status) in [
        (format!("HEAD {CALLBACK} HTTP/1.1\r\n{own}\r\n"), 405),
        (format!("POST {CALLBACK} HTTP/1.1\r\n{own}content-length: 3\r\n\r\nabc"), 405),
        (format!("OPTIONS {CALLBACK} HTTP/1.1\r\n{own}\r\n"), 405),
        (format!("GET {CALLBACK} HTTP/1.1\r\n\r\n"), 421),
        (format!("GET {CALLBACK} HTTP/1.1\r\nhost: rebound.example\r\n\r\n"), 421),
        (format!("GET {CALLBACK} HTTP/1.1\r\nhost: x@{}\r\n\r\n", waiting.at), 421),
        (format!("GET {CALLBACK} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"), 421),
        (format!("GET /callback/?code=c0de&state=s%2B1 HTTP/1.1\r\n{own}\r\n"), 404),
        (format!("GET /favicon.ico HTTP/1.1\r\n{own}\r\n"), 404),
        ("\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), 400),
        (format!("GET /{}", "a".repeat(70 * 1024)), 431),
    ] {
        let response = waiting.send(&request);
        assert_refused(&response, status);
        assert_eq!(response.contains("<html"), !request.starts_with("HEAD"), "{response}");
    }
    waiting.finish(CALLBACK);
}

#[test]
fn prefetch_and_subresource_requests_do_not_end_the_wait() {
    let waiting = TestListener::new();
    for (headers, status) in [
        ("sec-purpose: prefetch\r\n", 503),
        ("Sec-Purpose: prefetch;prerender\r\n", 503),
        ("purpose: prefetch\r\n", 503),
        ("x-purpose: preview\r\n", 503),
        ("x-moz: prefetch\r\n", 503),
        ("sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors\r\nsec-fetch-dest: image\r\n", 403),
        ("sec-fetch-mode: cors\r\nsec-fetch-dest: empty\r\n", 403),
        ("sec-fetch-mode: navigate\r\nsec-fetch-dest: iframe\r\n", 403),
    ] {
        assert_refused(&waiting.get(CALLBACK, headers), status);
    }
    let at = waiting.at.clone();
    let real = "sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n";
    let browser =
        thread::spawn(move || send(&at, &format!("GET {CALLBACK} HTTP/1.1\r\nhost: {at}\r\n{real}\r\n")));
    waiting.outcome.join().unwrap().unwrap().answer(true);
    assert!(browser.join().unwrap().starts_with("HTTP/1.1 200"));
}

#[test]
fn idle_connections_do_not_block_the_browser() {
    for count in [32, 400] {
        let waiting = TestListener::new();
        let idle: Vec<_> = (0..count).map(|_| TcpStream::connect(&waiting.at).unwrap()).collect();
        let (query, page) = waiting.finish(CALLBACK);
        assert!(query.contains("c0de") && page.starts_with("HTTP/1.1 200"), "{count}: {page}");
        drop(idle);
    }
}

#[test]
fn request_in_pieces_is_read_completely() {
    let waiting = TestListener::new();
    let (sent, began) = mpsc::channel();
    let at = waiting.at.clone();
    let browser = thread::spawn(move || {
        let mut stream = TcpStream::connect(&at).unwrap();
        let request =
            format!("GET {CALLBACK} HTTP/1.1\r\nhost: {at}\r\ncookie: {}\r\n\r\n", "c".repeat(40_000));
        for piece in request.as_bytes().chunks(999) {
            stream.write_all(piece).unwrap();
        }
        sent.send(()).unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    });
    began.recv().unwrap();
    waiting.outcome.join().unwrap().unwrap().answer(false);
    assert!(browser.join().unwrap().starts_with("HTTP/1.1 400"));
}

#[test]
fn missing_callback_or_missing_state_is_an_error() {
    let listener = Loopback::bind().unwrap();
    assert!(matches!(listener.callback(SIGN_IN, Duration::from_millis(50)), Err(LoopbackError::Late)));
    for url in ["https://server.example/authorize", "https://server.example/?state=", "?state=a&state=b"] {
        let listener = Loopback::bind().unwrap();
        assert!(matches!(listener.callback(url, Duration::ZERO), Err(LoopbackError::NoState)), "{url}");
    }
}

#[test]
fn given_redirect_uri_is_used_exactly_or_refused() {
    let first = Loopback::bind().unwrap();
    let taken = Loopback::at(first.redirect_uri()).unwrap_err();
    assert!(matches!(taken, LoopbackError::Listen(..)), "{taken}");
    let at = first.redirect_uri().replace("/callback", "/own/path");
    drop(first);
    assert_eq!(Loopback::at(&at).unwrap().redirect_uri(), at);
    for elsewhere in ["https://127.0.0.1/callback", "http://app.example/callback", "/callback", "app:/x"] {
        let error = Loopback::at(elsewhere).unwrap_err();
        assert!(matches!(error, LoopbackError::Elsewhere(_)), "{elsewhere}");
    }
    for port in ["87650", "65536", "0", "99999999999999999999", "000000"] {
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let uri = format!("http://{host}:{port}/callback");
            let error = Loopback::at(&uri).err();
            assert!(
                matches!(error, Some(LoopbackError::Port(_) | LoopbackError::Elsewhere(_))),
                "{uri}: {error:?}"
            );
        }
    }
    let port = |authority: &'static str| expected::port(&http::uri::Authority::from_static(authority));
    assert_eq!(["127.0.0.1", "localhost:", "[::1]:80", "a:8765"].map(port), [80, 80, 80, 8765].map(Some));
    assert_eq!(["127.0.0.1:87650", "[::1]:65536"].map(port), [None; 2]);
    assert_eq!(addresses("[::1]", 1), ["[::1]:1".parse().unwrap()]);
    assert_eq!(addresses("localhost", 1).len(), 2);
}
