//! Limits: `Retry-After`, the cool-down, the retry budget, and the size of a response.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use std::time::Duration;

use connect_core::{machine::*, types::*, *};
use support::*;

fn limited(retry_after: &str) -> Response {
    with_header(status(429, ""), "retry-after", retry_after)
}

#[test]
fn retry_after_in_either_form_is_obeyed() {
    for form in ["7", " 7 ", "Sat, 21 Nov 2026 10:00:07 GMT"] {
        let world = World::loaded();
        let (pause, _) = sleep(world.answered(limited(form)));
        assert_eq!(pause, secs(7), "{form}");
    }
    let world = World::loaded();
    let (pause, _) = sleep(world.answered(limited("Sat, 21 Nov 2020 10:00:00 GMT")));
    assert_eq!(pause, Duration::ZERO);
}

#[test]
fn retry_after_of_503_is_obeyed() {
    let world = World::loaded();
    let unavailable = || with_header(status(503, ""), "retry-after", "7");
    assert_eq!(sleep(world.answered(unavailable())).0, secs(7));
    // `Retry-After` is at least as long as the timeout of the call.
    for task in [60, 600] {
        let answer = with_header(unavailable(), "retry-after", &task.to_string());
        assert_eq!(response(world.answered(answer)).unwrap_err().retry_after(), Some(secs(task)));
    }
}

#[test]
fn unreadable_retry_after_is_ignored() {
    for odd in ["", "-1", "soon", "1e9", "7s", "Sat, 99 Nov 2026 10:00:07 GMT"] {
        let world = World::loaded();
        let (pause, _) = sleep(world.answered(limited(odd)));
        assert!((secs(1)..=secs(2)).contains(&pause), "{odd}: {pause:?}");
    }
}

#[test]
fn cool_down_applies_to_all_calls_of_a_client() {
    let mut world = World::loaded();
    let (_, sleeping) = sleep(world.answered(limited("5")));
    let (pause, other) = sleep(world.call());
    assert_eq!(pause, secs(5));
    let (pause, _) = sleep(Call::anonymous(world.session.app(), &CheckHealth::new(), world.now()));
    assert_eq!(pause, secs(5));
    world.pass(3);
    let (pause, other) = sleep(other.resume(world.now()));
    assert_eq!(pause, secs(2), "woken too early");
    world.pass(2);
    send(other.resume(world.now()));
    send(sleeping.resume(world.now()));
}

#[test]
fn retry_after_beyond_the_deadline_fails_immediately() {
    let world = World::loaded();
    let error = response(world.answered(limited("61"))).unwrap_err();
    assert_eq!((error.retry_after(), error.attempts()), (Some(secs(61)), 1));
    let error = response(world.call()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RateLimited) && error.retry_after().is_some());
    assert_eq!(error.attempts(), 0);
}

#[test]
fn retry_after_is_capped() {
    for task in ["99999999999999999999999999", "18446744073709551615", "Thu, 31 Dec 9998 23:59:59 GMT"] {
        let mut world = World::loaded();
        response(world.answered(limited(task))).unwrap_err();
        response(world.call()).unwrap_err();
        world.monotonic += secs(HOUR);
        send(world.call());
    }
}

#[test]
fn cool_down_uses_the_monotonic_clock() {
    let mut world = World::loaded();
    sleep(world.answered(limited("5")));
    world.jump(-1000);
    assert_eq!(sleep(world.call()).0, secs(5));
    world.jump(2000);
    assert_eq!(sleep(world.call()).0, secs(5));
}

#[test]
fn retry_after_of_the_token_endpoint_is_obeyed() {
    let world = World::loaded();
    let (exchanging, call) = world.exchanging(&world.pair(1));
    let outcome = release(exchanging.resume(Ok(limited("5")), world.now()), world.now());
    assert_eq!(sleep(call.resume(outcome, world.now())).0, secs(5));
}

#[test]
fn retries_of_all_calls_share_one_budget() {
    let world = World::loaded();
    let retried = || matches!(world.answered(status(503, "")), Step::Sleep(..));
    assert_eq!((0..500).filter(|_| retried()).count(), 100);
    (0..10).for_each(|_| world.prove());
    assert!(retried() && !retried(), "ten successes pay for one retry");
}

#[test]
fn attempts_are_counted() {
    let world = World::loaded();
    let mut step = world.call();
    for _ in 1..3 {
        let (_, sleeping) = sleep(send(step).1.resume(Ok(status(503, "")), world.now()));
        step = sleeping.resume(world.now());
    }
    let error = response(send(step).1.resume(Ok(status(503, "")), world.now())).unwrap_err();
    assert_eq!(error.attempts(), 3);
}

#[test]
fn retry_policy_with_extreme_numbers_does_not_panic() {
    let policy = RetryPolicy::attempts(u32::MAX).with_backoff(Duration::MAX, Duration::MAX);
    let error = Error::new(ErrorKind::Network { sent: Sent::No });
    for attempt in [0, 1, 2, 33, u32::MAX - 1] {
        for unit in [0.0, 0.5, 1.0, 2.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(policy.pause(attempt, Safety::Safe, &error, unit).is_some());
        }
    }
}

#[test]
fn response_larger_than_the_limit_is_refused() {
    let world = World::with(|config| config.max_response_size = 10).holding(1);
    let error = response(world.answered(status(200, "[0,0,0,0,0,0]"))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }));
    response(world.answered(status(200, "[0,0,0,00]"))).expect("the body is exactly at the limit");
}

#[test]
fn redirect_is_not_followed() {
    let world = World::loaded();
    let answer = with_header(status(302, ""), "location", "https://elsewhere.example/");
    let error = response(world.answered(answer)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Http));
}

#[test]
fn debug_output_shows_no_secret() {
    let world = World::loaded();
    let (request, _) = send(world.call());
    let refresh = token_task(world.answered(status(401, ""))).0;
    let shown =
        format!("{:?} {:?} {:?} {:?}", world.session, world.pair(1), world.session.app(), request.headers());
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("ann") && shown.contains("connect.mobiscroll.com"), "{shown}");
    drop(refresh);
}
