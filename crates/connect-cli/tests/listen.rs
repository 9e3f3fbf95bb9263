//! `connect webhooks listen` with deliveries that the tests sign.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    process::Command,
    time::Duration,
};

use common::{
    Outcome, bare, free_port,
    hook::{Listening, Target, post, read_request, send, status},
};
use connect_hyper::{
    Request,
    webhooks::testing::{public_key, sign},
};
use jiff::Timestamp;
use tempfile::TempDir;

const BODY: &str = r#"{"provider":"google","userId":"ada","calendarId":"work","changeType":"updated", "room": 5,
  "events":[{"id":"e1","title":"歯医者 \u001b[2J","start":"2026-12-01T09:00:00.000Z","end":"2026-12-01T09:30:00.000Z","changeType":"created"},
            {"id":"e2","provider":"apple","calendarId":"home"}]}"#;

/// Returns the command with an unreachable base URL, so that only `--key` can verify.
fn listen(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = bare(folder);
    command.args(["webhooks", "listen", "--key", &public_key().to_string()]).args(arguments);
    command.env("MOBISCROLL_CONNECT_BASE_URL", common::nowhere());
    command
}

fn delivery(id: &str) -> Request {
    sign(id, BODY, Timestamp::now())
}

#[test]
fn delivery_is_verified_shown_and_handled_once() {
    let folder = TempDir::new().unwrap();
    let mut listening = Listening::start(&mut listen(&folder, &[]));
    assert!(listening.url.starts_with("http://127.0.0.1:") && listening.url.ends_with('/'));

    assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), 200);
    let shown = listening.next();
    assert_eq!(
        (&shown["id"], &shown["verified"], &shown["duplicate"]),
        (&"msg_1".into(), &true.into(), &false.into())
    );
    assert_eq!(
        (shown["status"].as_u64(), &shown["reason"], &shown["error"]),
        (Some(200), &().into(), &().into())
    );
    assert!(shown["at"].as_str().unwrap().parse::<Timestamp>().is_ok());
    assert_eq!(shown["delivery"], serde_json::from_str::<serde_json::Value>(BODY).unwrap());

    assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), 200);
    let shown = listening.next();
    assert_eq!(
        (&shown["verified"], &shown["duplicate"], &shown["delivery"]),
        (&true.into(), &true.into(), &().into())
    );
    assert_eq!(shown["status"], 200);
}

#[test]
fn invalid_delivery_is_refused_with_its_reason() {
    let folder = TempDir::new().unwrap();
    let mut listening = Listening::start(&mut listen(&folder, &[]));
    let mut bare = delivery("msg_1");
    bare.headers_mut().remove("webhook-id");
    let old = sign("msg_2", BODY, Timestamp::from_second(1_700_000_000).unwrap());
    let mut word = delivery("msg_3");
    word.headers_mut().insert("webhook-timestamp", "soon".parse().unwrap());
    let list = sign("msg_4", "[]", Timestamp::now());
    let mut other = delivery("msg_5");
    *other.body_mut() = "{}".into();
    for (request, response, reason) in [
        (bare, 400, "missing_headers"),
        (word, 400, "invalid_timestamp"),
        (old, 401, "timestamp_out_of_tolerance"),
        (list, 400, "invalid_payload"),
        // Newer keys cannot be fetched, so the delivery may be genuine.
        (other, 503, "no_matching_signature"),
    ] {
        assert_eq!(status(&post(&listening.url, &request)), response, "{reason}");
        let shown = listening.next();
        assert_eq!((&shown["verified"], shown["reason"].as_str()), (&false.into(), Some(reason)), "{shown}");
        assert_eq!((shown["status"].as_u64(), &shown["delivery"]), (Some(response.into()), &().into()));
    }
    // A refused delivery does not block a genuine one with the same id.
    assert_eq!(status(&post(&listening.url, &delivery("msg_5"))), 200);
    assert_eq!(listening.next()["verified"], true);
}

#[test]
fn long_text_in_a_delivery_is_cut() {
    let folder = TempDir::new().unwrap();
    // About the longest request head that the server accepts.
    let id = "i".repeat(60_000);
    let long = "t".repeat(300_000);
    let body = format!(
        r#"{{"provider":"{long}","calendarId":"{long}","changeType":"{long}","events":[{{"id":"e","title":"{long}","start":"{long}"}}]}}"#
    );
    let mut listening = Listening::start(&mut listen(&folder, &[]));
    post(&listening.url, &sign(&id, "{}", Timestamp::UNIX_EPOCH));
    let shown = listening.next();
    assert_eq!((&shown["verified"], shown["id"].as_str().unwrap().len()), (&false.into(), 203), "{shown}");
    drop(listening);

    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/");
    let child = common::piped(&mut listen(&folder, &["--port", &port.to_string(), "--once"]));
    await_port(port);
    post(&url, &sign(&id, "{}", Timestamp::UNIX_EPOCH));
    assert_eq!(status(&post(&url, &sign("msg_1", body, Timestamp::now()))), 200);
    let text = Outcome::of(child.wait_with_output().unwrap()).ok();
    assert!(text.contains("refused") && text.contains("iii") && text.contains("ttt"), "{}", text.len());
    assert!(text.lines().all(|line| line.len() < 1_000), "{}", text.len());
}

#[test]
fn delivery_without_a_known_key_gets_503() {
    let folder = TempDir::new().unwrap();
    let mut command = bare(&folder);
    command.args(["webhooks", "listen", "--base-url", &common::nowhere()]);
    let mut listening = Listening::start(&mut command);
    assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), 503);
    let shown = listening.next();
    assert_eq!(shown["reason"], "no_public_keys");
    assert!(shown["error"].as_str().unwrap().contains("could not be reached"), "{shown}");
}

#[test]
fn text_output_has_one_line_per_changed_event() {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/hooks");
    let mut command = listen(&folder, &["--port", &port.to_string(), "--path", "/hooks", "--once"]);
    let child = common::piped(&mut command);
    await_port(port);
    post(&url, &sign("msg\u{202e}_0", "{}", Timestamp::UNIX_EPOCH));
    assert_eq!(status(&post(&url, &delivery("msg_1"))), 200);
    let text = Outcome::of(child.wait_with_output().unwrap()).ok();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("Receiving deliveries at {url}; press Ctrl-C to stop."));
    assert!(lines[1].contains("  refused  "), "{text}");
    let shown: Vec<_> = lines[2..].iter().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(
        shown,
        [
            "created  google/ck1cx8n7     歯医者 \u{fffd}[2J  2026-12-01 10:00-10:30",
            "updated  apple/c2nm8j22      (no title)  no time",
        ]
    );
}

fn await_port(port: u16) {
    for _ in 0..3000 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no program listens on port {port}");
}

#[test]
fn other_requests_are_refused() {
    let folder = TempDir::new().unwrap();
    let mut listening = Listening::start(&mut listen(&folder, &[]));
    let url = listening.url.clone();
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let response = send(&url, method, "", b"");
        assert_eq!(status(&response), 405, "{method}");
        assert!(response.contains("allow: POST"), "{response}");
    }
    assert_eq!(status(&send(&format!("{url}other"), "POST", "content-length: 0\r\n", b"")), 404);
    let most = 2 * 1024 * 1024;
    for (size, response) in [(most, 400), (most + 1, 413), (3 * most, 413)] {
        let head = format!("content-length: {size}\r\n");
        assert_eq!(status(&send(&url, "POST", &head, &vec![b' '; size])), response, "{size}");
    }
    let chunked = [&b"400000\r\n"[..], &vec![b' '; 0x40_0000], b"\r\n0\r\n\r\n"].concat();
    assert_eq!(status(&send(&url, "POST", "transfer-encoding: chunked\r\n", &chunked)), 413);
    // Invalid and unfinished requests do not stop the server.
    for garbage in [&b"\0\0\0\0\r\n\r\n"[..], b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc", b""] {
        let mut stream =
            TcpStream::connect(url.strip_prefix("http://").unwrap().trim_end_matches('/')).unwrap();
        stream.write_all(garbage).unwrap();
    }
    assert_eq!(listening.next()["reason"], "missing_headers");
    assert_eq!(status(&post(&url, &delivery("msg_1"))), 200);
    assert_eq!(listening.next()["id"], "msg_1");
}

#[test]
fn slow_sender_times_out_and_blocks_no_delivery() {
    let folder = TempDir::new().unwrap();
    let listening = Listening::start(&mut listen(&folder, &[]));
    let address = listening.url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").unwrap();
    let silent: Vec<_> = (0..10).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), 200);
    slow.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let mut response = String::new();
    std::io::Read::read_to_string(&mut slow, &mut response).unwrap();
    assert_eq!(status(&response), 408);
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let mut rest = String::new();
        // The server closes the connection, with or without a 408, before the test's timeout.
        std::io::Read::read_to_string(&mut stream, &mut rest).unwrap();
    }
}

#[test]
fn oldest_idle_connection_is_closed_for_a_delivery() {
    let folder = TempDir::new().unwrap();
    let listening = Listening::start(&mut listen(&folder, &[]));
    let address = listening.url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let mut idle: Vec<_> = (0..64).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), 200);
    // The newest idle connection is still open.
    let mut last = idle.pop().unwrap();
    last.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut response = String::new();
    std::io::Read::read_to_string(&mut last, &mut response).unwrap();
    assert_eq!(status(&response), 405);
    let mut oldest = idle.remove(0);
    let mut rest = Vec::new();
    let _ = std::io::Read::read_to_end(&mut oldest, &mut rest);
    assert!(rest.is_empty(), "closed without a response");
}

#[test]
fn delivery_is_forwarded_unchanged() {
    let folder = TempDir::new().unwrap();
    let target = Target::new();
    target.respond(&["202 Accepted\r\nx-app: mine\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"]);
    let mut listening = Listening::start(&mut listen(&folder, &["--forward-to", &target.url()]));
    let mut request =
        sign("msg_1", &b"{\"b\":1, \"a\": \"\xff\\u00e9\",\r\n\t\"n\": 1.10}\n"[..], Timestamp::now());
    for (name, value) in [
        ("webhook-extra", "one"),
        ("webhook-extra", "two"),
        ("user-agent", "Connect/1"),
        ("keep-alive", "timeout=5"),
        ("expect", "100-continue"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request.headers_mut().insert("content-type", "application/json; charset=utf-8".parse().unwrap());

    let response = post(&listening.url, &request);
    assert_eq!(status(&response), 202);
    assert!(response.contains("x-app: mine") && response.ends_with("\r\n\r\nok"), "{response}");

    let came = target.next();
    assert!(came.head.starts_with("POST /hooks?app=1 HTTP/1.1\r\n"), "{}", came.head);
    assert_eq!(&came.body[..], &request.body()[..]);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent"] {
        assert_eq!(came.all(name), [request.headers()[name].to_str().unwrap()], "{}", came.head);
    }
    assert_eq!(came.all("webhook-extra"), ["one", "two"]);
    assert!(came.all("keep-alive").is_empty() && came.all("expect").is_empty(), "{}", came.head);
    assert!(target.url().contains(came.all("host")[0]));

    let shown = listening.next();
    assert_eq!((shown["status"].as_u64(), shown["forwarded"]["status"].as_u64()), (Some(202), Some(202)));
    assert_eq!(shown["forwarded"]["url"], target.url());
    // A handled delivery is not forwarded again; the target no longer listens.
    assert_eq!(status(&post(&listening.url, &request)), 200);
    assert_eq!(listening.next()["duplicate"], true);
}

#[test]
fn once_handles_one_of_two_simultaneous_deliveries() {
    let folder = TempDir::new().unwrap();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", target.local_addr().unwrap());
    let mut listening = Listening::start(&mut listen(&folder, &["--forward-to", &to, "--once"]));
    let url = listening.url.clone();
    let first = std::thread::spawn(move || post(&url, &delivery("msg_1")));
    let (mut forwarded, _) = target.accept().unwrap();
    read_request(&mut forwarded);
    // The first delivery is being handled until the target responds.
    assert_eq!(status(&post(&listening.url, &sign("msg_3", BODY, Timestamp::UNIX_EPOCH))), 401);
    assert_eq!(listening.next()["id"], "msg_3");
    assert_eq!(status(&post(&listening.url, &delivery("msg_2"))), 503);
    forwarded.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    assert_eq!(status(&first.join().unwrap()), 200);
    assert_eq!(listening.next()["id"], "msg_1");
    let ended = listening.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
}

#[test]
fn delivery_is_forwarded_until_the_target_accepts_it() {
    let folder = TempDir::new().unwrap();
    let target = Target::new();
    let mut listening = Listening::start(&mut listen(&folder, &["--forward-to", &target.url(), "--once"]));
    for _ in 0..2 {
        assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), 502);
        let shown = listening.next();
        assert_eq!((shown["status"].as_u64(), &shown["forwarded"]["status"]), (Some(502), &().into()));
        assert!(shown["forwarded"]["error"].is_string() && shown["duplicate"] == false, "{shown}");
    }
    target.respond(&[
        "500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "302 Found\r\nlocation: /x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "nonsense\r\n\r\n",
        "204 No Content\r\nconnection: close\r\n\r\n",
    ]);
    for response in [500, 302, 502, 204] {
        assert_eq!(status(&post(&listening.url, &delivery("msg_1"))), response);
        assert_eq!(listening.next()["status"], response);
        assert_eq!(target.next().body, BODY.as_bytes());
    }
    listening.end().ok();
}

#[test]
fn invalid_delivery_is_not_forwarded() {
    let folder = TempDir::new().unwrap();
    let target = Target::new();
    target.respond(&["200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]);
    let mut listening = Listening::start(&mut listen(&folder, &["--forward-to", &target.url()]));
    post(&listening.url, &sign("msg_0", "[]", Timestamp::now()));
    assert!(listening.next()["forwarded"].is_null());
    post(&listening.url, &delivery("msg_1"));
    assert_eq!(target.next().all("webhook-id"), ["msg_1"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_listen_with_exit_code_0() {
    let folder = TempDir::new().unwrap();
    let mut listening = Listening::start(&mut listen(&folder, &[]));
    post(&listening.url, &delivery("msg_1"));
    listening.next();
    let done = listening.interrupt();
    assert_eq!((done.code, done.out.as_str(), done.err.trim()), (Some(0), "", ""));
}

#[test]
fn invalid_options_fail_immediately() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let code = |arguments: &[&str]| Outcome::of(listen(&folder, arguments).output().unwrap()).code;
    assert_eq!(code(&["--port", &port]), Some(1));
    assert_eq!(code(&["--path", "hooks"]), Some(2));
    assert_eq!(code(&["--path", "/hooks?a=b"]), Some(2));
    assert_eq!(code(&["--forward-to", "localhost:80"]), Some(2));
    assert_eq!(code(&["--forward-to", "ftp://localhost/"]), Some(2));
    let mut command = bare(&folder);
    command.args(["webhooks", "listen", "--key", "whpk_abc"]);
    assert_eq!(Outcome::of(command.output().unwrap()).code, Some(2));
}
