//! The server over real connections. A delayed response must not block other requests, and a fault can cut a
//! connection.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#![cfg(feature = "server")]

use connect_sandbox::{Fault, Sandbox, Server, Settings};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn connect(server: &Server) -> TcpStream {
    let address = server.origin().split_once("://").unwrap().1.replace("localhost", "127.0.0.1");
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Sends a GET and reads the response, which must have a `Content-Length`. Returns an empty text if the
/// server closes the connection before the end of the header fields.
fn get(stream: &mut (impl Read + Write), path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => answer.push(byte[0]),
            _ => return String::new(),
        }
    }
    let head = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    let length =
        head.split_once("content-length: ").unwrap().1.split_once("\r\n").unwrap().0.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

#[test]
fn connection_is_kept_alive() {
    let server = Sandbox::start().unwrap();
    assert!(server.base_url().starts_with("http://127.0.0.1:"));
    let mut stream = connect(&server);
    for _ in 0..3 {
        assert!(get(&mut stream, "/api/health").ends_with(r#"{"status":"ok"}"#));
    }
    assert_eq!(server.stats().answered("GET /health", 200), 3);
    assert!(get(&mut stream, "/sandbox/stats").contains("GET /health"));
}

#[test]
fn server_starts_in_runtime_and_refuses_used_port() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let server = Sandbox::start().unwrap();
        let port = server.origin().rsplit_once(':').unwrap().1.parse().unwrap();
        assert!(Server::builder().port(port).start().is_err());
    });
}

#[test]
fn cut_fault_closes_connection_without_response() {
    let server = Sandbox::start().unwrap();
    server.with(|sandbox| sandbox.add_fault(Fault::on("GET /health").cut_after()));
    assert_eq!(get(&mut connect(&server), "/api/health"), "");
    assert!(get(&mut connect(&server), "/api/health").starts_with("http/1.1 200"));
    assert_eq!(server.stats().cut("GET /health"), 1);
}

#[test]
fn cut_body_fault_breaks_connection_inside_body() {
    let server = Sandbox::start().unwrap();
    let body = r#"{"status":"ok"}"#;
    for (bytes, declared) in [(0, body.len()), (5, body.len()), (body.len(), body.len() + 1)] {
        server.with(|sandbox| sandbox.add_fault(Fault::on("GET /health").cut_body(bytes)));
        let mut stream = connect(&server);
        write!(stream, "GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, sent) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(sent, &body[..bytes]);
        assert!(head.to_ascii_lowercase().contains(&format!("content-length: {declared}")), "{head}");
    }
    assert!(get(&mut connect(&server), "/api/health").ends_with(body));
    assert_eq!(server.stats().answered("GET /health", 200), 4);
}

#[test]
fn slow_responses_do_not_block_each_other() {
    let settings = Settings::default().with("latency_ms", "300").unwrap();
    let server = Server::builder().settings(settings).start().unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| assert!(get(&mut connect(&server), "/api/health").starts_with("http/1.1 200")));
        }
    });
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_secs(40),
        "one after another takes 60 s: {took:?}"
    );
}

#[test]
fn oversized_body_is_refused_and_stop_closes_connections() {
    let server = Sandbox::start().unwrap();
    let mut stream = connect(&server);
    write!(stream, "POST /api/oauth/revoke HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n").unwrap();
    let _ = stream.write_all(&vec![b' '; 1_100_000]);
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 413");
    let mut idle = connect(&server);
    assert!(get(&mut idle, "/api/health").starts_with("http/1.1 200"));
    let port = server.origin().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    server.stop();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0, "open connections are closed");
}

#[cfg(feature = "tls")]
#[test]
fn server_uses_given_https_certificate() {
    use std::sync::Arc;
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

    let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (identity.cert.pem(), identity.signing_key.serialize_pem());
    // Some editors write a byte order mark at the beginning of a file.
    let server = Server::builder().tls(format!("\u{feff}{cert}"), format!("\u{feff}{key}")).start().unwrap();
    assert!(server.base_url().starts_with("https://localhost:"));
    let mut roots = RootCertStore::empty();
    roots.add(identity.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, connect(&server));
    assert!(get(&mut stream, "/api/health").ends_with(r#"{"status":"ok"}"#));

    assert!(Server::builder().tls("no certificate", "no key").start().is_err());
}

#[test]
fn consent_returns_the_redirect_or_the_page() {
    let server = Server::builder().start().unwrap();
    let app = server.credentials();
    let query = format!("response_type=code&client_id={}&user_id=ann&state=s7", app.client_id);
    let url = format!("{}/oauth/authorize?{query}&redirect_uri={}", server.base_url(), app.redirect_uri);
    let callback = server.consent(&url).unwrap();
    assert!(callback.starts_with(&app.redirect_uri) && callback.contains("state=s7"), "{callback}");
    server.with(|sandbox| sandbox.set("auto_consent", "off")).unwrap();
    assert!(server.consent(&url).unwrap_err().contains("auto_consent"));
    assert!(server.consent("not a URL").is_err());
}

#[test]
fn large_state_is_loaded_by_a_control_call() {
    let seed = |title: &str| {
        let event = |n| {
            let (start, end) = ("2026-11-16T09:00:00Z", "2026-11-16T10:00:00Z");
            format!(
                r#"{{"id":"e{n}","title":"{title}","start":"{start}","end":"{end}","description":"{}"}}"#,
                "x".repeat(90)
            )
        };
        let events: Vec<_> = (0..6000).map(event).collect();
        let calendar = format!(r#"{{"id":"c","title":"C","events":[{}]}}"#, events.join(","));
        format!(r#"{{"users":{{"ada":{{"google":{{"calendars":[{calendar}]}}}}}}}}"#)
    };
    let server = Server::builder().seed(seed("one")).start().unwrap();
    let file = server.with(|sandbox| sandbox.state()).replace("\"one\"", "\"two\"");
    assert!(file.len() > 2 * connect_sandbox::MAX_BODY);
    let send = |method: &str, path: &str, body: &str| {
        let mut stream = connect(&server);
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(send("PUT", "/sandbox/state", &file).starts_with("HTTP/1.1 200 "));
    let stored = send("GET", "/sandbox/state", "");
    assert_eq!(stored.matches("\"two\"").count(), 6000);
    assert!(send("POST", "/sandbox/reset", "").starts_with("HTTP/1.1 200 "));
    assert_eq!(send("GET", "/sandbox/state", "").matches("\"one\"").count(), 6000);
}

#[test]
fn server_on_all_addresses_has_a_loopback_base_url() {
    for (address, base_url) in [
        ("0.0.0.0:0", "http://127.0.0.1:"),
        ("127.0.0.1:0", "http://127.0.0.1:"),
        ("[::]:0", "http://[::1]:"),
    ] {
        // A machine without IPv6 cannot listen on [::].
        let Ok(server) = Server::builder().listen(address.parse().unwrap()).start() else {
            assert_eq!(address, "[::]:0");
            continue;
        };
        assert!(server.base_url().starts_with(base_url), "{}", server.base_url());
        assert!(get(&mut connect(&server), "/api/health").contains(r#"{"status":"ok"}"#));
    }
}
