//! Tests idle connections that the server closes, or on which the server sends bytes without a request.

use std::{thread, time::Duration};

use connect_tests::wire::{Fault, Wire};

use crate::caller::{Setup, both, tokens};

#[test]
fn read_succeeds_although_the_kept_connection_is_closed() {
    let wire = Wire::plain().unwrap();
    for caller in both(&wire.base_url(), &Setup::default()) {
        for (closes, pause) in PAUSES {
            let before = wire.seen().len();
            wire.next(Fault::Last(closes));
            caller.read().unwrap();
            thread::sleep(pause);
            caller.read().unwrap();
            let requests = wire.seen().len() - before;
            assert!((2..=3).contains(&requests), "{}: {requests} requests", caller.name());
        }
    }
}

#[test]
fn create_is_sent_once_although_the_kept_connection_is_closed() {
    let wire = Wire::plain().unwrap();
    for caller in both(&wire.base_url(), &Setup::default()) {
        for (closes, pause) in PAUSES {
            let ended = wire.ended();
            wire.next(Fault::Last(closes));
            caller.read().unwrap();
            thread::sleep(pause);
            let was_closed = wire.ended() > ended;
            let before = creates(&wire);
            let outcome = caller.create();
            let sent = creates(&wire) - before;
            match outcome {
                Ok(_) => assert_eq!(sent, 1, "{}", caller.name()),
                // The server closed the connection while the request was sent.
                Err(error) => {
                    assert!(sent <= 1, "{}: {sent} creates", caller.name());
                    assert!(error.may_have_happened(), "{}: {error:?}", caller.name());
                    assert!(closes >= pause || !was_closed, "{}: closed before, {error:?}", caller.name());
                }
            }
            caller.assert_works(&wire);
        }
    }
}

#[test]
fn token_requests_use_separate_connections() {
    let wire = Wire::plain().unwrap();
    for caller in both(&wire.base_url(), &Setup::default()) {
        let before = wire.seen().len();
        caller.read().unwrap();
        for _ in 0..2 {
            wire.next(Fault::Keeps(tokens()));
            caller.refresh().unwrap();
            wire.next(Fault::Keeps(tokens()));
            caller.exchange().unwrap();
        }
        caller.read().unwrap();
        let seen = &wire.seen()[before..];
        let on = |connection| seen.iter().filter(|seen| seen.connection == connection).count();
        let (posts, reads): (Vec<_>, Vec<_>) = seen.iter().partition(|seen| seen.line.starts_with("POST"));
        assert_eq!(posts.len(), 4, "{}: {seen:?}", caller.name());
        assert!(posts.iter().all(|post| on(post.connection) == 1), "{}: {seen:?}", caller.name());
        assert_eq!(on(reads[0].connection), 2, "{}: other connections are kept, {seen:?}", caller.name());
    }
}

#[test]
fn dead_kept_connection_does_not_fail_a_token_request() {
    let wire = Wire::plain().unwrap();
    for caller in both(&wire.base_url(), &Setup::default()) {
        for (closes, pause) in PAUSES {
            wire.next(Fault::Last(closes));
            caller.read().unwrap();
            thread::sleep(pause);
            wire.next(Fault::Keeps(tokens()));
            caller.refresh().unwrap();
            wire.next(Fault::Last(closes));
            caller.read().unwrap();
            thread::sleep(pause);
            wire.next(Fault::Keeps(tokens()));
            caller.exchange().unwrap();
        }
    }
}

#[test]
fn idle_connection_is_not_used_after_its_timeout() {
    let wire = Wire::plain().unwrap();
    for (time, pause) in
        [(Duration::ZERO, Duration::ZERO), (Duration::from_millis(50), Duration::from_millis(150))]
    {
        let setup = Setup { pool_idle_timeout: time, ..Setup::default() };
        for caller in both(&wire.base_url(), &setup) {
            let before = wire.seen().len();
            caller.read().unwrap();
            thread::sleep(pause);
            caller.read().unwrap();
            let seen = &wire.seen()[before..];
            assert_ne!(seen[0].connection, seen[1].connection, "{}: {time:?}", caller.name());
        }
    }
}

/// The pauses after a response: until the server closes the connection, and until the next call.
const PAUSES: [(Duration, Duration); 7] = [
    (Duration::ZERO, Duration::ZERO),
    (Duration::ZERO, Duration::from_millis(100)),
    (Duration::from_micros(100), Duration::ZERO),
    (Duration::from_micros(500), Duration::from_micros(500)),
    (Duration::from_millis(1), Duration::from_millis(1)),
    (Duration::from_millis(2), Duration::from_millis(2)),
    (Duration::from_millis(5), Duration::from_millis(100)),
];

fn creates(wire: &Wire) -> usize {
    wire.seen().iter().filter(|seen| seen.line.starts_with("POST")).count()
}

#[test]
fn unrequested_response_is_not_used_for_the_next_call() {
    let answer = |id: &str| {
        let body = format!(r#"[{{"id":"{id}"}}]"#);
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let (good, stale) = (answer("once"), answer("stale"));
    for behind in [stale.as_str(), "\r\n\r\n", "x", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let wire = Wire::plain().unwrap();
        for caller in both(&wire.base_url(), &Setup::default()) {
            wire.next(Fault::Keeps(format!("{good}{behind}").into()));
            assert_eq!(caller.read().unwrap(), "once", "{}", caller.name());
            thread::sleep(Duration::from_millis(20));
            let id = caller.read().unwrap();
            assert_eq!(id, wire.seen().len().to_string(), "{}: {behind:?}", caller.name());
            caller.assert_works(&wire);
        }
    }
}

#[test]
fn body_that_the_server_does_not_read_is_not_sent_again() {
    // More than the socket buffers hold.
    let size = 16 << 20;
    let answer = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec();
    for answer in [answer, Vec::new()] {
        let wire = Wire::plain().unwrap();
        for caller in both(&wire.base_url(), &Setup::default()) {
            let before = creates(&wire);
            wire.next(Fault::Unread(answer.clone()));
            let error = caller.create_of(size).unwrap_err();
            assert_eq!(creates(&wire) - before, 1, "{}: {error:?}", caller.name());
            assert_eq!(error.attempts(), 1, "{}: {error:?}", caller.name());
            assert!(error.may_have_happened() || error.status().is_some(), "{}: {error:?}", caller.name());
            caller.assert_works(&wire);
            caller.create_of(size).unwrap();
        }
    }
}
