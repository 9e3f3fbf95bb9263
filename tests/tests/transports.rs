//! Tests both HTTP transports with misbehaving servers, compressed responses and proxies.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use connect_core::{Error, ErrorKind, RetryPolicy, Sent, types::Health};
use connect_sandbox::{Fault, Sandbox, Server};
use connect_tests::certificates::Authority;
use flate2::{Compression, write::GzEncoder};

/// The settings that both client builders have.
#[derive(Clone, Default)]
struct Setup {
    base_url: String,
    root: Option<String>,
    proxy: Option<String>,
    attempts: u32,
    attempt_timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    max_response_size: Option<usize>,
}

macro_rules! built {
    ($client:ident, $setup:expr) => {{
        let setup: &Setup = $setup;
        let mut builder = $client::Client::builder("id", "secret")
            .base_url(&setup.base_url)
            .no_proxy()
            .retry(RetryPolicy::attempts(setup.attempts).with_backoff(Duration::ZERO, Duration::ZERO));
        if let Some(root) = &setup.root {
            builder = builder.root_certificates(root.clone());
        }
        if let Some(proxy) = &setup.proxy {
            builder = builder.proxy(proxy);
        }
        if let Some(time) = setup.attempt_timeout {
            builder = builder.attempt_timeout(time);
        }
        if let Some(time) = setup.connect_timeout {
            builder = builder.connect_timeout(time);
        }
        if let Some(bytes) = setup.max_response_size {
            builder = builder.max_response_size(bytes);
        }
        builder.build().unwrap()
    }};
}

/// Requests the health of the server with ureq and with hyper.
fn health(setup: &Setup) -> [Result<Health, Error>; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    [built!(connect_blocking, setup).health(), runtime.block_on(built!(connect_hyper, setup).health())]
}

/// Starts a server that sends these bytes after each request and counts its connections.
fn canned(response: Vec<u8>) -> (Setup, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            counter.fetch_add(1, SeqCst);
            head(&mut socket);
            let _ = socket.write_all(&response);
        }
    });
    (Setup { base_url, attempts: 1, ..Setup::default() }, count)
}

/// Reads the head of a request.
fn head(socket: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|read| read == 1) {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_response_is_decoded() {
    let (setup, _) = canned(response("content-encoding: gzip\r\n", &gzip(br#"{"status":"ok"}"#)));
    for outcome in health(&setup) {
        assert_eq!(outcome.unwrap().status.as_deref(), Some("ok"));
    }
}

#[test]
fn small_response_that_decompresses_to_a_huge_one_is_refused() {
    let bomb = gzip(format!(r#"{{"status":"{}"}}"#, " ".repeat(20 << 20)).as_bytes());
    assert!(bomb.len() < 100_000);
    let (mut setup, _) = canned(response("content-encoding: gzip\r\n", &bomb));
    setup.max_response_size = Some(1 << 20);
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
    }
}

#[test]
fn body_over_the_size_limit_is_refused() {
    let (mut setup, _) = canned(response("", format!(r#"{{"status":"{}"}}"#, " ".repeat(5000)).as_bytes()));
    setup.max_response_size = Some(1000);
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{error:?}");
    }
}

#[test]
fn incomplete_or_invalid_response_may_have_happened() {
    let broken: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 2",
        b"",
        b"220 mail.example ESMTP\r\n",
    ];
    for bytes in broken {
        let (setup, _) = canned(bytes.to_vec());
        for outcome in health(&setup) {
            let error = outcome.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::Maybe }), "{bytes:?}: {error:?}");
        }
    }
}

#[test]
fn read_with_a_broken_response_is_repeated() {
    let (mut setup, count) = canned(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec());
    setup.attempts = 3;
    for outcome in health(&setup) {
        assert_eq!(outcome.unwrap_err().attempts(), 3);
    }
    assert_eq!(count.load(SeqCst), 6);
}

#[test]
fn closed_port_is_a_network_error_with_nothing_sent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = Setup { base_url: format!("http://{free}"), attempts: 2, ..Setup::default() };
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
        assert_eq!((error.attempts(), error.may_have_happened()), (2, false));
    }
}

#[test]
fn unknown_host_is_a_network_error_with_nothing_sent() {
    let setup = Setup { base_url: "https://connect.invalid/api".to_owned(), attempts: 1, ..Setup::default() };
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
    }
}

#[test]
fn slow_response_times_out() {
    let server = Sandbox::start().unwrap();
    server
        .with(|sandbox| sandbox.add_fault(Fault::on("GET /health").delay(Duration::from_secs(60)).times(2)));
    let attempt_timeout = Some(Duration::from_millis(200));
    let setup = Setup { base_url: server.base_url(), attempts: 1, attempt_timeout, ..Setup::default() };
    let started = Instant::now();
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(!error.may_have_happened(), "a read changes nothing");
    }
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn dripping_body_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            thread::spawn(move || {
                head(&mut socket);
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
                while socket.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
    });
    let attempt_timeout = Some(Duration::from_millis(300));
    let setup = Setup { base_url, attempts: 1, attempt_timeout, ..Setup::default() };
    let started = Instant::now();
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn silent_tls_handshake_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (connect_timeout, attempts) = (Some(Duration::from_millis(300)), 1);
    let base_url = format!("https://localhost:{port}");
    let setup = Setup { base_url, attempts, connect_timeout, ..Setup::default() };
    let started = Instant::now();
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(!error.may_have_happened());
    }
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn maximum_timeout_is_accepted() {
    let (mut setup, _) = canned(response("", br#"{"status":"ok"}"#));
    (setup.attempt_timeout, setup.connect_timeout) = (Some(Duration::MAX), Some(Duration::MAX));
    for outcome in health(&setup) {
        outcome.unwrap();
    }
}

#[test]
fn empty_response_may_have_a_content_encoding() {
    let (setup, _) =
        canned(b"HTTP/1.1 204 No Content\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\n".into());
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(204), "{error:?}");
    }
}

#[test]
fn timeout_while_connecting_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let attempt_timeout = Some(Duration::from_millis(300)); // shorter than the time to connect
    let setup = Setup { base_url, attempts: 1, attempt_timeout, ..Setup::default() };
    for outcome in health(&setup) {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(!error.may_have_happened());
    }
}

#[test]
fn failed_handshake_sends_no_request() {
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let setup = Setup { base_url, attempts: 1, ..Setup::default() };
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let _ = socket.read(&mut [0; 1024]);
                let _ = socket.write_all(bytes);
            }
        });
        for outcome in health(&setup) {
            let error = outcome.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{bytes:?}: {error:?}");
        }
    }
}

/// Starts an HTTP proxy that opens every tunnel to `server`.
///
/// Returns the proxy's address, and a channel with the head of each request to the proxy.
fn proxy_to(server: &Server) -> (String, std::sync::mpsc::Receiver<String>) {
    proxy_that_says(server, "HTTP/1.1 200 Connection established\r\n\r\n".to_owned())
}

/// Starts a proxy that responds to `CONNECT` with these bytes, a few at a time.
fn proxy_that_says(server: &Server, open: String) -> (String, std::sync::mpsc::Receiver<String>) {
    let target = server.base_url().replace("https://localhost:", "127.0.0.1:").replace("/api", "");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, asked) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut client = socket.unwrap();
            tell.send(head(&mut client)).unwrap();
            let mut server = TcpStream::connect(&target).unwrap();
            client.set_nodelay(true).unwrap();
            open.as_bytes().chunks(7).for_each(|piece| client.write_all(piece).unwrap());
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    (address.to_string(), asked)
}

#[test]
fn https_uses_the_tunnel_of_the_proxy() {
    let authority = Authority::new().unwrap();
    let identity = authority.identity("connect.example").unwrap();
    let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
    let (proxy, asked) = proxy_to(&server);
    for (credentials, expected) in [
        ("", ""),
        ("user:p%40ss@", "proxy-authorization: Basic dXNlcjpwQHNz\r\n"),
        ("user:p@ss@", "proxy-authorization: Basic dXNlcjpwQHNz\r\n"),
        ("user@", "proxy-authorization: Basic dXNlcjo=\r\n"),
        ("user:a/b?c#d:e@", "proxy-authorization: Basic dXNlcjphL2I/YyNkOmU=\r\n"),
    ] {
        let setup = Setup {
            base_url: "https://connect.example/api".to_owned(),
            root: Some(authority.pem()),
            proxy: Some(format!("http://{credentials}{proxy}")),
            attempts: 1,
            ..Setup::default()
        };
        for outcome in health(&setup) {
            assert_eq!(outcome.unwrap().status.as_deref(), Some("ok"));
            let (line, server) = ("CONNECT connect.example:443 HTTP/1.1", "host: connect.example:443");
            assert_eq!(asked.try_recv().unwrap(), format!("{line}\r\n{server}\r\n{expected}\r\n"));
        }
    }
}

#[test]
fn proxy_without_a_tunnel_is_a_network_error() {
    let many = format!("HTTP/1.1 502 Bad\r\n{}\r\n", "x: y\r\n".repeat(100));
    for (bytes, text) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "missing or wrong (407)"),
        (many.as_str(), "refused the connection (502)"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", "before any request"),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", "did not respond with HTTP"),
        ("HTTP/1.1 2", "closed the connection"),
        ("", "closed the connection"),
    ] {
        let (proxy, count) = canned(bytes.into());
        let base_url = "https://connect.example/api".to_owned();
        let setup = Setup { base_url, proxy: Some(proxy.base_url), attempts: 2, ..Setup::default() };
        for outcome in health(&setup) {
            let error = outcome.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
            assert_eq!(error.attempts(), 2);
            let mut whole = error.to_string();
            let mut next: Option<&dyn std::error::Error> = std::error::Error::source(&error);
            while let Some(cause) = next {
                whole += &format!(": {cause}");
                next = cause.source();
            }
            assert!(whole.contains(text), "{whole}");
        }
        assert_eq!(count.load(SeqCst), 4);
    }
}

#[test]
fn any_2xx_of_the_proxy_opens_the_tunnel() {
    let authority = Authority::new().unwrap();
    let identity = authority.identity("connect.example").unwrap();
    let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
    let headers = "x-more: y\r\n".repeat(100);
    for head in ["HTTP/1.0 200 OK\r\n\r\n".to_owned(), format!("HTTP/1.1 204 No Content\r\n{headers}\r\n")] {
        let (proxy, _asked) = proxy_that_says(&server, head);
        let setup = Setup {
            base_url: "https://connect.example/api".to_owned(),
            root: Some(authority.pem()),
            proxy: Some(proxy),
            attempts: 1,
            ..Setup::default()
        };
        for outcome in health(&setup) {
            assert_eq!(outcome.unwrap().status.as_deref(), Some("ok"));
        }
    }
}

#[test]
fn both_clients_accept_the_same_proxy_urls() {
    let build = |proxy: &str| {
        let builder =
            |id| connect_blocking::Client::builder(id, "secret").redirect_uri("https://app.example/callback");
        let other =
            |id| connect_hyper::Client::builder(id, "secret").redirect_uri("https://app.example/callback");
        [builder("id").proxy(proxy).build().err(), other("id").proxy(proxy).build().err()]
    };
    for proxy in ["http://proxy.example:3128", "http://user:p%40ss@proxy.example:3128", "proxy.example:3128"]
    {
        assert!(build(proxy).iter().all(Option::is_none), "{proxy}: {:?}", build(proxy));
    }
    for proxy in ["https://proxy.example:1", "socks5://proxy.example:1080", "a proxy", "proxy.example:x", ""]
    {
        for error in build(proxy) {
            let text = error.unwrap_or_else(|| panic!("{proxy} was accepted")).to_string();
            assert!(text.contains("HTTPS_PROXY"), "{text}");
        }
    }
}

#[test]
fn environment_proxy_is_used_except_for_no_proxy_hosts() {
    let authority = Authority::new().unwrap();
    let identity = authority.identity("connect.invalid").unwrap();
    let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
    let (proxy, asked) = proxy_to(&server);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&root, authority.pem()).unwrap();
    let process = |no_proxy: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_health-process"))
            .args(["https://connect.invalid/api", "mozilla", root.path().to_str().unwrap()])
            .env("HTTPS_PROXY", &proxy)
            .env("NO_PROXY", no_proxy)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for included in ["other.invalid", "connect.invalid:8443, *.connect.invalid"] {
        assert_eq!(process(included), "blocking: ok\nhyper: ok\n", "{included}");
        assert_eq!(asked.try_iter().count(), 2, "{included}");
    }
    for excepted in
        ["connect.invalid", "other.example, invalid", ".invalid", "*", "*.invalid", "CONNECT.invalid.:443"]
    {
        let direct = process(excepted);
        assert_eq!(direct.matches("could not be reached").count(), 2, "{excepted}: {direct}");
    }
    assert_eq!(asked.try_iter().count(), 0);
}

#[test]
fn loopback_requests_bypass_the_proxy() {
    let server = Sandbox::start().unwrap();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Some(format!("http://{nowhere}"));
    let setup = Setup { base_url: server.base_url(), proxy, attempts: 1, ..Setup::default() };
    for outcome in health(&setup) {
        outcome.unwrap();
    }
}

#[test]
fn kept_connection_is_reused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            counter.fetch_add(1, SeqCst);
            thread::spawn(move || {
                while !head(&mut socket).is_empty() {
                    let _ =
                        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}");
                }
            });
        }
    });
    let setup = Setup { base_url, attempts: 1, ..Setup::default() };
    let blocking = built!(connect_blocking, &setup);
    (0..5).for_each(|_| drop(blocking.health().unwrap()));
    assert_eq!(connections.load(SeqCst), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let hyper = built!(connect_hyper, &setup);
        for _ in 0..5 {
            hyper.health().await.unwrap();
        }
    });
    assert_eq!(connections.load(SeqCst), 2);
}

#[test]
fn closed_connection_is_not_reused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            head(&mut socket);
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}");
            thread::sleep(Duration::from_millis(20)); // closed after the response has been read
        }
    });
    let setup = Setup { base_url, attempts: 1, ..Setup::default() };
    let blocking = built!(connect_blocking, &setup);
    let hyper = built!(connect_hyper, &setup);
    // A current-thread runtime does not run between the calls.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..5 {
        blocking.health().unwrap();
        runtime.block_on(hyper.health()).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn get_has_no_body_headers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            tell.send(head(&mut socket)).unwrap();
            let _ = socket.write_all(&response("", br#"{"status":"ok"}"#));
        }
    });
    let setup = Setup { base_url, attempts: 1, ..Setup::default() };
    for outcome in health(&setup) {
        outcome.unwrap();
        let head = asked.try_recv().unwrap().to_ascii_lowercase();
        for name in ["content-length", "content-type", "transfer-encoding", "authorization"] {
            assert!(!head.contains(name), "{head}");
        }
        for line in ["accept: application/json", "user-agent: connect-rs/", "accept-encoding: gzip"] {
            assert!(head.contains(line), "{head}");
        }
    }
}
