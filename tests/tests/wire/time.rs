//! Deadlines against servers that are slow, and the pauses a 429 asks for.
//!
//! A call that is given up has taken its time, and at most a tenth more; [`SLACK`] on top and a second try are for a
//! machine that is busy with other tests.

use std::time::{Duration, Instant};

use connect_core::ErrorKind;
use connect_tests::{
    certificates::Authority,
    wire::{Fault, Wire},
};
use jiff::Timestamp;

use crate::caller::{CALLS, Setup, both};

const DEADLINE: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_millis(150);

/// Calls until the deadline, which is that of the call or that of its only attempt.
fn given_up(wire: &Wire, root: Option<String>, fault: &Fault) {
    let long = Duration::from_secs(15);
    for (timeout, attempt_timeout, attempts) in [(DEADLINE, long, 3), (long, DEADLINE, 1)] {
        let setup = Setup { root: root.clone(), timeout, attempt_timeout, attempts, ..Setup::default() };
        for caller in both(&wire.base_url(), &setup) {
            let most = DEADLINE + DEADLINE / 10 + SLACK;
            let mut shortest = Duration::MAX;
            for _ in 0..3 {
                wire.next(fault.clone());
                let started = Instant::now();
                let error = caller.read().unwrap_err();
                let took = started.elapsed();
                assert!(matches!(error.kind(), ErrorKind::Timeout), "{}: {error:?}", caller.name());
                assert!(took >= DEADLINE, "{}: {fault:?} took {took:?}", caller.name());
                caller.works(wire);
                shortest = shortest.min(took);
                if shortest < most {
                    break;
                }
            }
            assert!(shortest < most, "{}: {fault:?} took {shortest:?}", caller.name());
        }
    }
}

fn pieces(text: &str) -> Fault {
    // Often enough to be a sign of life, for far longer than anybody waits.
    Fault::Drips(text.as_bytes().to_vec(), Duration::from_millis(100))
}

#[test]
fn a_body_that_trickles() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let wire = Wire::plain().unwrap();
    given_up(&wire, None, &Fault::Slow(head.into(), b" ".to_vec(), Duration::from_millis(100)));
}

#[test]
fn a_head_that_trickles() {
    given_up(&Wire::plain().unwrap(), None, &pieces(&format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(100))));
}

#[test]
fn informational_answers_without_end() {
    let hint = b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec();
    given_up(&Wire::plain().unwrap(), None, &Fault::Slow(Vec::new(), hint, Duration::from_millis(50)));
}

#[test]
fn a_handshake_that_stalls() {
    let authority = Authority::new().unwrap();
    given_up(&Wire::tls(&authority).unwrap(), Some(authority.pem()), &Fault::Stall);
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing() {
    given_up(&Wire::plain().unwrap(), None, &Fault::Stall);
}

#[test]
fn a_body_that_trickles_over_tls() {
    let authority = Authority::new().unwrap();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let fault = Fault::Slow(head.into(), b"1\r\n \r\n".to_vec(), Duration::from_millis(100));
    given_up(&Wire::tls(&authority).unwrap(), Some(authority.pem()), &fault);
}

/// A 429 with this header.
fn limited(retry_after: &str) -> Fault {
    let head = format!("HTTP/1.1 429 Slow\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\n\r\n");
    Fault::Keeps(head.into())
}

/// The form of HTTP's dates.
fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[test]
fn a_pause_in_seconds_and_one_until_a_date_are_waited_for() {
    let wire = Wire::plain().unwrap();
    for asked in CALLS {
        for caller in both(&wire.base_url(), &Setup::default()) {
            wire.next(limited("1"));
            (asked.call)(&*caller).unwrap();
            let seen = wire.seen();
            let [.., first, second] = seen.as_slice() else { panic!("two requests") };
            let pause = second.at - first.at;
            assert!(pause >= Duration::from_secs(1), "{}: after {pause:?}", caller.name());
            assert!(pause < Duration::from_millis(1500), "{}: after {pause:?}", caller.name());

            // Whole seconds: a date less than two of them away is more than one away.
            let until = Timestamp::from_second(Timestamp::now().as_second() + 2).unwrap();
            wire.next(limited(&date(until)));
            let before = wire.seen().len();
            (asked.call)(&*caller).unwrap();
            assert_eq!(wire.seen().len() - before, 2, "{}", caller.name());
            assert!(Timestamp::now() >= until, "{}: before the date", caller.name());
        }
    }
}

#[test]
fn a_pause_beyond_the_deadline_fails_at_once() {
    let far = date(Timestamp::from_second(Timestamp::now().as_second() + 3600).unwrap());
    for retry_after in ["11", far.as_str()] {
        let wire = Wire::plain().unwrap();
        for caller in both(&wire.base_url(), &Setup::default()) {
            wire.next(limited(retry_after));
            let (before, started) = (wire.seen().len(), Instant::now());
            let error = caller.read().unwrap_err();
            assert!(started.elapsed() < Duration::from_secs(1), "{}: {:?}", caller.name(), started.elapsed());
            assert!(matches!(error.kind(), ErrorKind::RateLimited), "{}: {error:?}", caller.name());
            assert_eq!((error.attempts(), wire.seen().len() - before), (1, 1), "{}", caller.name());
        }
    }
}
