//! The tests of both token endpoint examples. Each test sends the requests of a page to an example.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use connect_sandbox::{AuthorizationServer, ClientType, Outcome, Server, Settings};
use jiff::Timestamp;
use serde_json::Value;

const PAGE: &str = "https://app.example";

/// Checks that a request gets tokens only with the page's origin and a session cookie.
pub fn is_served(example: &str) {
    let server = Server::builder().settings(Settings::default()).start().unwrap();
    let (_running, host) = start(example, &server);
    let form = format!("code={}", code(&server).replace('/', "%2F"));
    let session = "cookie: user=ada\r\n";

    let stranger = send(&host, "POST /auth", "https://evil.example", session, form.as_bytes());
    assert!(stranger.starts_with("HTTP/1.1 403 ") && !stranger.contains("access-control-"), "{stranger}");
    let nobody = send(&host, "POST /auth", PAGE, "", form.as_bytes());
    assert!(nobody.starts_with("HTTP/1.1 401 ") && nobody.contains("login_required"), "{nobody}");
    let preflight = send(&host, "OPTIONS /auth", PAGE, "access-control-request-method: POST\r\n", b"");
    assert!(preflight.starts_with("HTTP/1.1 204 "), "{preflight}");
    assert!(preflight.contains("access-control-allow-credentials: true\r\n"), "{preflight}");
    assert!(send(&host, "GET /auth", PAGE, session, b"").starts_with("HTTP/1.1 405 "));
    assert!(send(&host, "POST /authX", PAGE, session, form.as_bytes()).starts_with("HTTP/1.1 404 "));
    assert_eq!(server.stats().total("POST /google/token"), 0, "refused requests do not reach Google");

    let signed_in = send(&host, "POST /auth", PAGE, session, form.as_bytes());
    assert!(signed_in.starts_with("HTTP/1.1 200 "), "{signed_in}");
    assert!(signed_in.contains("cache-control: no-store\r\n"), "{signed_in}");
    assert!(signed_in.contains(&format!("access-control-allow-origin: {PAGE}\r\n")), "{signed_in}");
    let tokens = body(&signed_in);
    assert!(tokens["access_token"].is_string() && tokens.get("refresh_token").is_none());
    let refreshed = send(&host, "POST /refresh", PAGE, session, b"refresh_token=undefined");
    assert_eq!(
        body(&refreshed)["access_token"],
        tokens["access_token"],
        "a new access token is not refreshed"
    );
    let again = send(&host, "POST /auth", PAGE, session, form.as_bytes());
    assert!(again.starts_with("HTTP/1.1 400 ") && again.contains("invalid_grant"), "{again}");
}

/// Checks that a body that is too large is refused, with a `Content-Length` and in endless chunks.
pub fn is_cut_short(example: &str) {
    let server = Server::builder().start().unwrap();
    let (_running, host) = start(example, &server);
    let large = send(&host, "POST /auth", PAGE, "cookie: user=ada\r\n", &vec![b'a'; 1 << 20]);
    assert!(large.starts_with("HTTP/1.1 413 "), "{large}");

    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "{}transfer-encoding: chunked\r\n\r\n", head(&host, "POST /auth", PAGE, "")).unwrap();
    // Slightly more than the limit, without a last chunk.
    for _ in 0..5 {
        write!(stream, "1000\r\n{}\r\n", "a".repeat(4096)).unwrap();
    }
    let mut response = [0; 13];
    stream.read_exact(&mut response).unwrap();
    assert_eq!(&response, b"HTTP/1.1 413 ");
    assert_eq!(server.stats().total("POST /google/token"), 0);
}

/// A running example, which is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(example: &str, server: &Server) -> (Running, String) {
    let mut child = Command::new(example)
        .arg("127.0.0.1:0")
        .env("APP_ORIGIN", PAGE)
        .env("GOOGLE_CLIENT_ID", "google-client")
        .env("GOOGLE_CLIENT_SECRET", secret(server))
        .env("GOOGLE_TOKEN_URL", format!("{}/google/token", server.origin()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Running(child), line.trim().trim_start_matches("http://").to_owned())
}

fn secret(server: &Server) -> String {
    let known = server
        .with(|sandbox| sandbox.provider_credentials(AuthorizationServer::Google, ClientType::Confidential));
    known.unwrap().client_secret.unwrap()
}

/// Returns an authorization code, as the page gets it from Google's popup.
fn code(server: &Server) -> String {
    let query = "client_id=google-client&redirect_uri=postmessage&response_type=code\
                 &scope=https://www.googleapis.com/auth/calendar.readonly";
    let request = http::Request::get(format!("/google/o/oauth2/v2/auth?{query}")).body(bytes::Bytes::new());
    let response = server.with(|sandbox| sandbox.handle(request.unwrap(), Timestamp::now()));
    let Outcome::Reply(reply) = response.outcome else { panic!("the connection was cut") };
    let body: Value = serde_json::from_slice(reply.body()).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

fn head(host: &str, line: &str, origin: &str, headers: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nx-requested-with: XmlHttpRequest\r\n\
         content-type: application/x-www-form-urlencoded\r\nconnection: close\r\n{headers}"
    )
}

fn send(host: &str, line: &str, origin: &str, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{}content-length: {}\r\n\r\n", head(host, line, origin, headers), body.len()).unwrap();
    // The server may close the connection before the whole body is sent.
    let _ = stream.write_all(body);
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8(response).unwrap()
}

fn body(response: &str) -> Value {
    serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
}
