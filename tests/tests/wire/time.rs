//! Tests timeouts with slow servers, and the pauses after a 429.
//!
//! A call must end at its timeout, or at most 10% later. [`SLACK`] and up to two more tries allow for a busy
//! machine.

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

/// Checks that a call ends at its timeout, and that an attempt ends at the attempt timeout.
fn assert_times_out(wire: &Wire, root: Option<String>, fault: &Fault) {
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
                caller.assert_works(wire);
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
    // A byte arrives every 100 ms, and the whole response takes longer than the timeout.
    Fault::Drips(text.as_bytes().to_vec(), Duration::from_millis(100))
}

#[test]
fn trickling_body_times_out() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let wire = Wire::plain().unwrap();
    assert_times_out(&wire, None, &Fault::Slow(head.into(), b" ".to_vec(), Duration::from_millis(100)));
}

#[test]
fn trickling_head_times_out() {
    assert_times_out(
        &Wire::plain().unwrap(),
        None,
        &pieces(&format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(100))),
    );
}

#[test]
fn endless_informational_responses_time_out() {
    let hint = b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec();
    assert_times_out(
        &Wire::plain().unwrap(),
        None,
        &Fault::Slow(Vec::new(), hint, Duration::from_millis(50)),
    );
}

#[test]
fn stalled_handshake_times_out() {
    let authority = Authority::new().unwrap();
    assert_times_out(&Wire::tls(&authority).unwrap(), Some(authority.pem()), &Fault::Stall);
}

#[test]
fn silent_server_times_out() {
    assert_times_out(&Wire::plain().unwrap(), None, &Fault::Stall);
}

#[test]
fn trickling_body_over_tls_times_out() {
    let authority = Authority::new().unwrap();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let fault = Fault::Slow(head.into(), b"1\r\n \r\n".to_vec(), Duration::from_millis(100));
    assert_times_out(&Wire::tls(&authority).unwrap(), Some(authority.pem()), &fault);
}

/// Returns a 429 with this Retry-After header.
fn limited(retry_after: &str) -> Fault {
    let head = format!("HTTP/1.1 429 Slow\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\n\r\n");
    Fault::Keeps(head.into())
}

/// Returns an HTTP date.
fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[test]
fn retry_after_in_seconds_and_as_a_date_is_waited_for() {
    let wire = Wire::plain().unwrap();
    for test_call in CALLS {
        for caller in both(&wire.base_url(), &Setup::default()) {
            let mut shortest = Duration::MAX;
            for _ in 0..3 {
                wire.next(limited("1"));
                (test_call.call)(&*caller).unwrap();
                let seen = wire.seen();
                let [.., first, second] = seen.as_slice() else { panic!("two requests") };
                let pause = second.at - first.at;
                assert!(pause >= Duration::from_secs(1), "{}: after {pause:?}", caller.name());
                shortest = shortest.min(pause);
                if shortest < Duration::from_millis(1500) {
                    break;
                }
            }
            assert!(shortest < Duration::from_millis(1500), "{}: after {shortest:?}", caller.name());

            // HTTP dates have whole seconds, so `until` is between one and two seconds away.
            let until = Timestamp::from_second(Timestamp::now().as_second() + 2).unwrap();
            wire.next(limited(&date(until)));
            let before = wire.seen().len();
            (test_call.call)(&*caller).unwrap();
            assert_eq!(wire.seen().len() - before, 2, "{}", caller.name());
            assert!(Timestamp::now() >= until, "{}: before the date", caller.name());
        }
    }
}

#[test]
fn retry_after_beyond_the_timeout_fails_immediately() {
    let far = date(Timestamp::from_second(Timestamp::now().as_second() + 3600).unwrap());
    for retry_after in ["11", far.as_str()] {
        let wire = Wire::plain().unwrap();
        for caller in both(&wire.base_url(), &Setup::default()) {
            wire.next(limited(retry_after));
            let (before, started) = (wire.seen().len(), Instant::now());
            let error = caller.read().unwrap_err();
            assert!(started.elapsed() < Duration::from_secs(8), "{}: {:?}", caller.name(), started.elapsed());
            assert!(matches!(error.kind(), ErrorKind::RateLimited), "{}: {error:?}", caller.name());
            assert_eq!((error.attempts(), wire.seen().len() - before), (1, 1), "{}", caller.name());
        }
    }
}
