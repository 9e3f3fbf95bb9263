//! Deliveries over real connections.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#![cfg(feature = "server")]

use connect_sandbox::{Delivery, DeliveryState, Server, Settings, Trigger};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

/// A request: the request line and the header fields, in lower case, and the body.
type Arrived = (String, Vec<u8>);

/// Starts a receiver. The first request gets the first response of the list, the second request the second
/// response, and so on. Further requests get the last response.
fn receiver(answers: &[&'static str]) -> (String, Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let (answers, (arrived, received)) = (answers.to_vec(), channel());
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let Some(request) = read(&mut stream) else { continue };
            if arrived.send(request).is_err() {
                return;
            }
            let _ = stream.write_all(answers[n.min(answers.len() - 1)].as_bytes());
        }
    });
    (url, received)
}

fn read(stream: &mut TcpStream) -> Option<Arrived> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head.split_once("content-length: ")?.1.split_once("\r\n")?.0.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// Starts a server that has a signed-in user and sends deliveries to `url`.
fn serve(url: &str, switches: &[(&str, &str)]) -> Server {
    let settings = [("webhook_url", url), ("initial_sync", "off")];
    let set = |all: Settings, (name, value): &(&str, &str)| all.with(name, value).unwrap();
    let settings = settings.iter().chain(switches).fold(Settings::default(), set);
    let server = Server::builder().settings(settings).start().unwrap();
    call(&server, "GET", "/api/oauth/authorize?client_id=sandbox-client&user_id=ada", "");
    server
}

fn call(server: &Server, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.origin().split_once("://").unwrap().1).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let begun = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(2 * SOON)).unwrap();
                return stream;
            }
            Err(error) if begun.elapsed() > SOON => panic!("no connection arrived: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Waits until the last delivery is no longer pending, and returns this delivery.
fn over(server: &Server) -> Delivery {
    let begun = Instant::now();
    loop {
        match server.delivery_log().pop() {
            Some(delivery) if delivery.state != DeliveryState::Pending => return delivery,
            _ if begun.elapsed() > 2 * SOON => panic!("{:?}", server.delivery_log()),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[test]
fn change_is_delivered_within_seconds() {
    let (url, received) = receiver(&[OK]);
    let server = serve(&url, &[]);
    let answer = call(&server, "POST", "/sandbox/trigger", r#"{"title":"Now"}"#);
    let (head, body) = received.recv_timeout(SOON).unwrap();
    assert!(head.starts_with("post /hook?a=b http/1.1\r\n"), "{head}");
    let host = url.split_once("://").unwrap().1.split_once('/').unwrap().0;
    for line in [&format!("host: {host}"), "content-type: application/json", "webhook-signature: v1a,"] {
        assert!(head.contains(&format!("\r\n{line}")), "{head}");
    }
    let delivery = over(&server);
    assert!(head.contains(&format!("\r\nwebhook-id: {}\r\n", delivery.id)) && answer.contains(&delivery.id));
    assert_eq!(body, delivery.body);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["events"][0]["title"], "Now");
    assert_eq!((delivery.state, delivery.attempts[0].status), (DeliveryState::Delivered, Some(204)));
    assert!(call(&server, "GET", "/sandbox/deliveries", "").contains(&delivery.id));

    let (id, again) = (server.resend(None).unwrap(), received.recv_timeout(SOON).unwrap());
    assert!(id == delivery.id && again.0.contains(&id) && again.1 == body);
    assert_eq!(server.rotate_keys().len(), 2);
    server.resend(Some(&id)).unwrap();
    let (head, _) = received.recv_timeout(SOON).unwrap();
    assert_eq!(head.matches("v1a,").count(), 2);
    assert_eq!(server.stats().deliveries.resent, 2);
}

#[test]
fn advancing_the_clock_triggers_the_poll() {
    let (url, received) = receiver(&[OK]);
    let server = serve(&url, &[]);
    server.trigger(Trigger::created().provider("apple").title("Polled")).unwrap();
    assert_eq!(received.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    server.advance(Duration::from_secs(299));
    assert!(call(&server, "POST", "/sandbox/advance", r#"{"seconds":1}"#).contains(r#""now":"#));
    let (_, body) = received.recv_timeout(SOON).expect("without `advance`, the poll is in five minutes");
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["events"][0]["title"], "Polled");
}

#[test]
fn failed_attempts_are_retried() {
    let away = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let busy = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";
    let (url, received) = receiver(&[busy, away, "", "nonsense\r\n\r\n", OK]);
    let server = serve(&url, &[("delivery_backoff", "0")]);
    server.trigger(Trigger::updated()).unwrap();
    let delivery = over(&server);
    let statuses: Vec<_> = delivery.attempts.iter().map(|tried| tried.status).collect();
    assert_eq!(statuses, [Some(503), Some(302), None, None, Some(204)]);
    assert!(delivery.attempts[2].error.as_ref().unwrap().starts_with("no response"), "{delivery:?}");
    assert_eq!(received.try_iter().count(), 5);
    assert_eq!(server.stats().deliveries.attempts, 5);
}

#[test]
fn delivery_without_receiver_fails() {
    let once = [("delivery_retries", "0")];
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let secure = if cfg!(feature = "tls") { "cannot connect" } else { "without the feature" };
    for (url, reason) in [
        (format!("http://{gone}/"), "cannot connect"),
        (format!("http://user:password@{gone}/"), "cannot connect"),
        ("ftp://127.0.0.1/".to_owned(), "neither http nor https"),
        ("http://localhost:1".to_owned(), "cannot connect"),
        ("http://[::1]:1/hook".to_owned(), "cannot connect"),
        ("https://127.0.0.1:1/".to_owned(), secure),
    ] {
        let server = serve(&url, &once);
        server.trigger(Trigger::updated()).unwrap();
        let delivery = over(&server);
        let error = delivery.attempts[0].error.clone().unwrap();
        assert!(delivery.state == DeliveryState::Failed && error.contains(reason), "{url}: {error}");
    }
}

#[test]
fn silent_receiver_blocks_neither_service_nor_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = serve(&format!("http://{}/", listener.local_addr().unwrap()), &[("delivery_retries", "0")]);
    let begun = Instant::now();
    server.trigger(Trigger::updated()).unwrap();
    let mut stream = accept(&listener);
    assert!(read(&mut stream).is_some());
    assert!(call(&server, "GET", "/api/health", "").contains("200 OK"));
    assert_eq!(server.delivery_log()[0].state, DeliveryState::Pending);
    let delivery = over(&server);
    assert!(begun.elapsed() >= Duration::from_secs(10));
    assert_eq!(delivery.attempts[0].error.as_deref(), Some("no response within 10 seconds"));
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "the connection is closed");

    server.resend(None).unwrap();
    let mut stream = accept(&listener);
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(8), "the delivery would time out after 10 seconds");
    assert!(stream.read_to_end(&mut Vec::new()).is_ok(), "stopping the server closes open connections");
}

#[cfg(feature = "tls")]
#[test]
fn https_receiver_needs_trusted_certificate() {
    let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let receiver =
        Server::builder().tls(identity.cert.pem(), identity.signing_key.serialize_pem()).start().unwrap();
    let server = serve(&receiver.base_url(), &[("delivery_retries", "0")]);
    server.trigger(Trigger::updated()).unwrap();
    let error = over(&server).attempts[0].error.clone().unwrap();
    assert!(error.contains("cannot open a TLS connection") && error.contains("certificate"), "{error}");
}

/// Starts a receiver that responds to validation requests of Graph. Other requests get `other`.
fn validating_receiver(other: &'static str) -> (String, Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (arrived, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some((head, body)) = read(&mut stream) else { continue };
            let query =
                head.split_whitespace().nth(1).unwrap().split_once('?').map_or("", |(_, query)| query);
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let answer = match pairs.find(|(name, _)| name == "validationtoken") {
                // The request was read in lower case, but a token of Graph begins with capital letters.
                Some((_, token)) => {
                    let token = token
                        .replace("validation: testing", "Validation: Testing")
                        .replace("request-id", "Request-Id");
                    format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{token}",
                        token.len()
                    )
                }
                None => other.to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes());
            if arrived.send((head, body)).is_err() {
                return;
            }
        }
    });
    (url, received)
}

#[test]
fn graph_subscription_waits_for_its_receiver() {
    let server = Server::builder().start().unwrap();
    let token = graph_token(&server);
    let (url, received) = validating_receiver(OK);
    let create = |url: &str| {
        let expires = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(2)).unwrap();
        let body = format!(
            r#"{{"changeType":"created","resource":"me/events","notificationUrl":"{url}","expirationDateTime":"{expires}"}}"#
        );
        call_with(&server, "POST", "/v1.0/subscriptions", &token, &body)
    };
    let made = create(&url);
    assert!(made.starts_with("HTTP/1.1 201"), "{made}");
    let (head, _) = received.recv_timeout(SOON).unwrap();
    assert!(head.starts_with("post /hook?validationtoken="), "{head}");
    let event = r#"{"subject":"x","start":{"dateTime":"2026-11-18T10:00:00"},"end":{"dateTime":"2026-11-18T11:00:00"}}"#;
    let created = call_with(&server, "POST", "/v1.0/me/events", &token, event);
    assert!(created.starts_with("HTTP/1.1 201"), "{created}");
    let (_, body) = received.recv_timeout(SOON).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["value"][0]["changeType"], "created");
    let (silent, _requests) = receiver(&[OK]);
    let refused = create(&silent);
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("NoContent"), "{refused}");
}

fn graph_token(server: &Server) -> String {
    let client = "client_id=microsoft-client&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback";
    let asked = format!(
        "{client}&response_type=code&scope=Calendars.ReadWrite&login_hint=ada%40outlook.example\
         &code_challenge=challengechallengechallengechallengechallen&code_challenge_method=plain"
    );
    let to = server.consent(&format!("/microsoft/common/oauth2/v2.0/authorize?{asked}")).unwrap();
    let code =
        form_urlencoded::parse(to.split_once('?').unwrap().1.as_bytes()).find(|(name, _)| name == "code");
    let code: String = form_urlencoded::byte_serialize(code.unwrap().1.as_bytes()).collect();
    let form = format!(
        "grant_type=authorization_code&{client}&client_secret=microsoft-secret&code={code}\
         &code_verifier=challengechallengechallengechallengechallen"
    );
    let got = call_with(server, "POST", "/microsoft/common/oauth2/v2.0/token", "", &form);
    let body: Value = serde_json::from_str(got.split_once("\r\n\r\n").unwrap().1).unwrap();
    body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

fn call_with(server: &Server, method: &str, path: &str, token: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.origin().split_once("://").unwrap().1).unwrap();
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let authorization =
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{authorization}content-type: {kind}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
