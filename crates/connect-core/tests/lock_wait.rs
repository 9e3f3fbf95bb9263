//! Waiting for the store's lock: attempts with growing pauses, until the caller's deadline.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use std::time::Duration;

use connect_core::{machine::*, *};
use support::*;

/// The refresh task of a call that got a 401.
fn due(world: &World) -> (TokenTask, Refreshing) {
    token_task(world.answered(status(401, "")))
}

/// Fails an attempt, as if another caller held the lock. Returns the pause and the next attempt.
fn fail_attempt(world: &mut World, step: RefreshStep) -> (Duration, RefreshStep) {
    let (pause, next) = resting(locking(step).1.resume(Ok(false), world.now(), world.now()));
    world.monotonic += pause;
    (pause, next.resume(world.now()))
}

#[test]
fn held_lock_is_retried_with_growing_pauses() {
    let mut world = World::loaded();
    let mut step = due(&world).0.start(world.now());
    for ceiling in [4, 8, 16, 32, 64, 120, 120, 120] {
        let (pause, next) = fail_attempt(&mut world, step);
        let ceiling = Duration::from_millis(ceiling);
        assert!(ceiling / 2 <= pause && pause <= ceiling, "{pause:?} of {ceiling:?}");
        step = next;
    }
    let (outcome, presented) = world.drive(step, &mut Some(world.pair(1)), |_| Ok(minted(2)));
    outcome.unwrap();
    assert_eq!(presented, ["hush-r1"]);
}

#[test]
fn two_waiters_pause_for_different_times() {
    let pauses = [[7; 32], [8; 32]].map(|seed: [u8; 32]| {
        let mut world = World::with(|config| config.seed = seed.into()).holding(1);
        let step = due(&world).0.start(world.now());
        fail_attempt(&mut world, step).0
    });
    assert_ne!(pauses[0], pauses[1]);
}

#[test]
fn caller_stops_waiting_at_its_deadline() {
    for timeout in [1, 7, 60] {
        let mut world = World::with(|config| config.timeout = secs(timeout)).holding(1);
        let start = world.monotonic;
        let (task, call) = due(&world);
        let mut step = task.start(world.now());
        let outcome = loop {
            step = match locking(step).1.resume(Ok(false), world.now(), world.now()) {
                RefreshStep::Sleep(pause, next) => {
                    world.monotonic += pause;
                    next.resume(world.now())
                }
                step => break done(step),
            };
        };
        assert_eq!(world.monotonic - start, secs(timeout), "not one pause longer");
        let error = response(call.resume(outcome, world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout) && !error.may_have_happened(), "{error:?}");
        assert!(world.session.is_clean());
    }
}

#[test]
fn waiter_with_time_left_outlives_one_that_timed_out() {
    let mut world = World::with(|config| config.timeout = secs(10)).holding(1);
    let first = due(&world).0;
    world.pass(9);
    let second = due(&world).0;
    let waiting = first.start(world.now());
    world.pass(1);
    done(locking(waiting).1.resume(Ok(false), world.now(), world.now())).unwrap_err();
    let (_, presented) = world.drive(second.start(world.now()), &mut Some(world.pair(1)), |_| Ok(minted(2)));
    assert_eq!(presented, ["hush-r1"], "the second waiter has time left");
}

#[test]
fn early_refresh_gives_up_if_the_lock_is_held() {
    let mut world = World::loaded();
    world.pass(HOUR - 40);
    let (early, call) = token_task(world.call());
    let outcome = done(locking(early.start(world.now())).1.resume(Ok(false), world.now(), world.now()));
    let request = send(call.resume(outcome, world.now())).0;
    assert_eq!(bearer(&request), "hush-a1", "the token still works");
    assert_eq!(world.bearer(), "hush-a1", "the next call does not refresh immediately");
}

#[test]
fn early_refresh_that_gives_up_fails_no_waiter() {
    let mut world = World::loaded();
    world.pass(HOUR - 40);
    let (early, _call) = token_task(world.call());
    let waiter = due(&world).0;
    done(locking(early.start(world.now())).1.resume(Ok(false), world.now(), world.now())).unwrap_err();
    let (_, presented) = world.drive(waiter.start(world.now()), &mut Some(world.pair(1)), |_| Ok(minted(2)));
    assert_eq!(presented, ["hush-r1"], "the waiter waits for the lock itself");
}

#[test]
fn early_refresh_does_not_wait_for_a_task_permit() {
    let mut world = World::loaded();
    world.pass(HOUR - 40);
    let (early, _call) = token_task(world.call());
    assert_eq!(locking(early.start(world.now())).1.deadline(), world.monotonic);
}

#[test]
fn sign_in_that_times_out_stays_pending() {
    let mut world = World::with(|config| config.timeout = secs(5));
    let save = queue(world.session.import(world.pair(3), world.now())).start(world.now());
    world.pass(5);
    let error = done(locking(save).1.resume(Ok(false), world.now(), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(world.session.has_pending());
    let (flush, _call) = token_task(world.call());
    let mut store = None;
    world.drive(flush.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().access_token.expose(), "hush-a3");
}

#[test]
fn sign_out_waits_for_the_lock() {
    let mut world = World::loaded();
    let (_, step) = {
        let step = world.sign_out();
        fail_attempt(&mut world, step)
    };
    let mut store = Some(world.pair(1));
    world.drive(step, &mut store, |_| Ok(status(200, ""))).0.unwrap();
    assert!(store.is_none());
    let waiting = world.sign_out();
    world.pass(60);
    let error = done(locking(waiting).1.resume(Ok(false), world.now(), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
}

#[test]
fn one_sign_out_serves_all_waiting_callers() {
    for (answer, works) in [(200, true), (400, false)] {
        let world = World::loaded();
        let deadline = world.monotonic + secs(60);
        let waiters: Vec<_> = (0..3).map(|_| world.session.sign_out(deadline)).collect();
        let mut store = Some(world.pair(1));
        let (outcome, requests) = world.drive(world.sign_out(), &mut store, |_| Ok(status(answer, "")));
        assert_eq!((outcome.is_ok(), requests.len()), (works, 1));
        for waiter in waiters {
            assert_eq!(done(waiter.start(world.now())).is_ok(), works);
        }
        locking(world.sign_out()); // a later sign-out acquires the lock itself
    }
}

#[test]
fn lease_starts_before_the_lock_attempt() {
    for (seconds, sends) in [(5, true), (6, false)] {
        let mut world = World::loaded();
        let step = due(&world).0.start(world.now());
        let tried = world.now();
        world.monotonic += secs(seconds);
        let step = locking(step).1.resume(Ok(true), tried, world.now());
        let step = load(step, Ok(Some(world.pair(1))), world.now());
        assert_eq!(matches!(step, RefreshStep::Send(..)), sends, "{seconds} s");
    }
}
