//! The test of both webhook examples. The test starts an example, and a sandbox sends deliveries to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use connect_blocking::{Client, SignIn};
use connect_sandbox::{Fault, Server, Settings, Trigger};
use jiff::Timestamp;

/// Checks that each change is handled once, even if a fetch of the keys fails.
///
/// Also checks that invalid requests are refused.
pub fn handles_each_change_once(example: &str) {
    let settings = Settings::default().with("initial_sync", "off").unwrap();
    let settings = settings.with("delivery_backoff", "0").unwrap();
    let server = Server::builder().settings(settings).start().unwrap();
    // Without keys the response is 503, so that Connect tries again.
    server.with(|sandbox| sandbox.add_fault(Fault::on("GET /.well-known/webhook-keys").status(500)));
    let (running, url, _) = start(example, &server);
    server.with(|sandbox| sandbox.set("webhook_url", &url).map(drop)).unwrap();
    sign_in(&server);
    let now = Timestamp::now;
    let change = Trigger::updated().provider("google").title("Moved to Friday");
    let id = server.with(|sandbox| sandbox.trigger(change.clone(), now())).unwrap().delivery;
    assert_eq!(attempts(&server, &id, 1)[0], Some(503));
    drop(running);

    let (_running, url, mut line) = start(example, &server);
    server.with(|sandbox| sandbox.set("webhook_url", &url).map(drop)).unwrap();
    let id = server.with(|sandbox| sandbox.trigger(change, now())).unwrap().delivery;
    assert_eq!(attempts(&server, &id, 1), [Some(200)]);
    assert!(line().ends_with("\"Moved to Friday\""));
    server.with(|sandbox| sandbox.resend(Some(&id), now())).unwrap();
    assert_eq!(attempts(&server, &id, 2), [Some(200), Some(200)]);

    assert!(exchange(&url, "POST", b"{}").starts_with("HTTP/1.1 400 "));
    assert!(exchange(&url, "POST", &vec![b' '; 3 << 20]).starts_with("HTTP/1.1 413 "));
    // Neither the duplicate nor the invalid requests were handled.
    let change = Trigger::created().provider("google").title("Last");
    server.with(|sandbox| sandbox.trigger(change, now())).unwrap();
    assert!(line().ends_with("\"Last\""));
}

/// A running example, which is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(example: &str, server: &Server) -> (Running, String, impl FnMut() -> String) {
    let app = server.credentials();
    let mut child = Command::new(example)
        .arg("127.0.0.1:0")
        .env("MOBISCROLL_CONNECT_BASE_URL", server.base_url())
        .env("MOBISCROLL_CONNECT_CLIENT_ID", app.client_id)
        .env("MOBISCROLL_CONNECT_CLIENT_SECRET", app.client_secret)
        .env("MOBISCROLL_CONNECT_REDIRECT_URI", app.redirect_uri)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = move || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        line.trim().to_owned()
    };
    let url = line();
    (Running(child), url, line)
}

fn sign_in(server: &Server) {
    let app = server.credentials();
    let connect = Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()
        .unwrap();
    let sign_in = connect.auth().sign_in(SignIn::new("ada")).unwrap();
    let back = exchange(sign_in.url(), "GET", b"");
    let back = back.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
    connect.auth().finish(sign_in, &back).unwrap();
}

fn exchange(url: &str, method: &str, body: &[u8]) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n");
    write!(stream, "{head}connection: close\r\n\r\n").unwrap();
    // The server may close the connection before the whole body is sent.
    let _ = stream.write_all(body);
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8(response).unwrap()
}

/// Waits until the delivery `id` has `count` attempts, and returns the statuses of all its attempts.
fn attempts(server: &Server, id: &str, count: usize) -> Vec<Option<u16>> {
    let since = Instant::now();
    loop {
        let tried: Vec<_> = server.with(|sandbox| {
            let delivery = sandbox.delivery_log().find(|one| one.id == id);
            delivery.iter().flat_map(|one| &one.attempts).map(|tried| tried.status).collect()
        });
        if tried.len() >= count {
            return tried;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{tried:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
