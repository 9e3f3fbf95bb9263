//! When pairs are refreshed: by which clock, how early, and how soon after the last refresh.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

/// Whether the next call refreshes before it is sent. The refresh task is dropped.
fn refreshes(world: &World) -> bool {
    matches!(world.call(), Step::Refresh(..))
}

/// Returns a user and the user's store. The process has just received pair 2, which has this lifetime.
fn minted_here(lifetime: u64) -> (World, Option<Tokens>) {
    let world = World::loaded();
    let mut store = Some(world.pair(1));
    let (leader, _call) = token_task(world.answered(status(401, "")));
    let (outcome, presented) =
        world.drive(leader.start(world.now()), &mut store, |_| Ok(minted_for(2, lifetime)));
    outcome.unwrap();
    assert_eq!(presented, ["hush-r1"], "one exchange");
    (world, store)
}

#[test]
fn long_lived_pair_is_refreshed_a_minute_before_expiry() {
    let mut world = World::loaded();
    world.pass(HOUR - 61);
    assert!(!refreshes(&world));
    world.pass(1);
    assert!(refreshes(&world));
}

#[test]
fn short_lived_pair_is_not_refreshed_in_its_first_half() {
    for lifetime in [2, 30, 100] {
        let (mut world, _) = minted_here(lifetime);
        assert!(!refreshes(&world), "{lifetime}");
        world.pass(lifetime / 2 - 1);
        assert!(!refreshes(&world), "{lifetime}");
        world.pass(1);
        assert!(refreshes(&world), "{lifetime}");
    }
}

#[test]
fn short_lived_loaded_pair_is_refreshed_in_its_second_half() {
    let mut world = World::default();
    let mut stored = world.pair(1);
    stored.expires_at = Some(world.now().wall + jiff::SignedDuration::from_secs(30));
    world.load(stored);
    assert!(!refreshes(&world));
    world.pass(14);
    assert!(!refreshes(&world));
    world.pass(1);
    assert!(refreshes(&world));
}

#[test]
fn early_refresh_delays_only_the_leader() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    let (early, call) = token_task(world.call());
    assert_eq!(world.bearer(), "hush-a1");
    let step = early.start(world.now());
    assert_eq!(world.bearer(), "hush-a1");
    drop((step, call));
}

#[test]
fn dropped_early_refresh_request_passes_the_lead_on() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    drop(world.call());
    assert!(refreshes(&world));
}

#[test]
fn dropped_early_refresh_request_does_not_end_a_running_one() {
    let mut world = World::with(|config| config.timeout = secs(2 * HOUR)).holding(1);
    let (_, old) = send(world.call());
    world.pass(HOUR - 30);
    let early = world.call();
    let (leader, _call) = token_task(old.resume(Ok(status(401, "")), world.now()));
    let leading = leader.start(world.now());
    drop(early);
    assert!(!refreshes(&world), "a leader refreshes, so other calls use the valid pair");
    assert!(!world.session.is_clean());
    drop(leading);
}

#[test]
fn dropped_refresh_request_does_not_end_an_early_one() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    let (_early, _call) = token_task(world.call());
    drop(world.answered(status(401, "")));
    assert!(!refreshes(&world), "an early refresh is already requested");
}

#[test]
fn failed_early_refresh_does_not_fail_the_call_and_pauses() {
    let mut world = World::loaded();
    world.pass(HOUR - 40);
    let (early, call) = token_task(world.call());
    let mut store = Some(world.pair(1));
    let (outcome, _) = world.drive(early.start(world.now()), &mut store, |_| Err(unreachable()));
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), "hush-a1");
    assert!(!refreshes(&world));
    world.pass(9);
    assert!(!refreshes(&world));
    world.pass(1);
    assert!(refreshes(&world));
}

#[test]
fn call_after_a_failed_early_refresh_uses_the_old_token() {
    let mut world = World::loaded();
    world.pass(HOUR - 5);
    let (early, call) = token_task(world.call());
    let mut store = Some(world.pair(1));
    let (outcome, _) = world.drive(early.start(world.now()), &mut store, |_| Err(unreachable()));
    let (_, sending) = send(call.resume(outcome, world.now()));
    let (_, sleeping) = sleep(sending.resume(Ok(status(503, "")), world.now()));
    world.pass(6);
    let (request, sending) = send(sleeping.resume(world.now()));
    assert_eq!(bearer(&request), "hush-a1", "expired by the clock, but the server may accept it");
    token_task(sending.resume(Ok(status(401, "")), world.now()));
}

#[test]
fn unsaved_early_refresh_fails_the_call() {
    let mut world = World::loaded();
    let stored = world.pair(1);
    world.pass(HOUR - 40);
    let (early, call) = token_task(world.call());
    let step = load(lock(early.start(world.now()), world.now()), Ok(Some(stored)), world.now());
    let (_, saving) = save(exchange(step).1.resume(Ok(minted(2)), world.now()));
    let outcome = release(saving.resume(Err(StoreError::new("full")), world.now()), world.now());
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore));
}

#[test]
fn unproven_new_pair_is_not_refreshed_for_ten_seconds() {
    let (mut world, _) = minted_here(HOUR);
    let error = response(world.answered(status(401, ""))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Server), "no sign-in would help: {error:?}");
    assert_eq!((error.status().unwrap().as_u16(), error.code()), (401, "SERVER_ERROR"));
    world.pass(9);
    response(world.answered(status(401, ""))).unwrap_err();
    assert_eq!(world.bearer(), "hush-a2", "other calls still use the session");
    world.pass(1);
    token_task(world.answered(status(401, "")));
}

#[test]
fn min_refresh_interval_uses_the_monotonic_clock() {
    let (mut world, _) = minted_here(HOUR);
    world.jump(60);
    response(world.answered(status(401, ""))).unwrap_err();
    world.jump(-7200);
    response(world.answered(status(401, ""))).unwrap_err();
    world.monotonic += secs(10);
    token_task(world.answered(status(401, "")));
}

#[test]
fn proven_pair_is_refreshed_immediately() {
    let (world, _) = minted_here(HOUR);
    world.prove();
    token_task(world.answered(status(401, "")));
}

#[test]
fn new_pair_of_another_process_waits_ten_seconds() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(2));
    world.pass(4);
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| unreachable!());
    let (_, sending) = send(call.resume(outcome, world.now()));
    let Step::Sleep(pause, sleeping) = sending.resume(Ok(status(401, "")), world.now()) else { panic!() };
    assert_eq!(pause, secs(6));
    world.pass(6);
    // By now, the server may accept the pair. If the server refuses the pair again, the pair is refreshed.
    let (again, sending) = send(sleeping.resume(world.now()));
    assert_eq!(bearer(&again), "hush-a2");
    let (leader, call) = token_task(sending.resume(Ok(status(401, "")), world.now()));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(3)));
    let (again, sending) = send(call.resume(outcome, world.now()));
    assert_eq!(bearer(&again), "hush-a3");
    response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
}

#[test]
fn call_without_time_to_wait_for_the_new_pair_times_out() {
    for timeout in [9, 10] {
        let world = World::with(|config| config.timeout = secs(timeout)).holding(1);
        let mut store = Some(world.pair(2));
        let (leader, call) = token_task(world.answered(status(401, "")));
        let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| unreachable!());
        let (_, sending) = send(call.resume(outcome, world.now()));
        let error = response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "no new sign-in is needed: {timeout}: {error:?}");
    }
}

#[test]
fn wall_clock_jump_ahead_starts_no_refresh_in_the_first_half() {
    let (mut world, _) = minted_here(HOUR);
    world.jump(86_400);
    assert!(!refreshes(&world));
    world.monotonic += secs(HOUR / 2 - 1);
    assert!(!refreshes(&world));
    world.monotonic += secs(1);
    assert!(refreshes(&world));
}

#[test]
fn wall_clock_jump_ahead_costs_one_refresh() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(1));
    world.jump(86_400);
    let (leader, _call) = token_task(world.call());
    world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(2))).0.unwrap();
    assert!(!refreshes(&world));
}

#[test]
fn wall_clock_jump_back_refreshes_only_after_401() {
    let (mut world, _) = minted_here(HOUR);
    world.prove();
    world.pass(2 * HOUR);
    world.jump(-86_400);
    assert!(!refreshes(&world));
    token_task(world.answered(status(401, "")));
}

#[test]
fn zero_lifetime_counts_as_unknown() {
    let (mut world, _) = minted_here(0);
    assert!(!refreshes(&world), "every call would refresh");
    world.pass(2 * HOUR);
    assert!(!refreshes(&world));
    token_task(world.answered(status(401, "")));
}

#[test]
fn pair_issued_expired_by_a_wrong_clock_is_exchanged_once() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(1));
    let body = |n: u32| {
        let exp = World::default().wall.as_second() + 3600;
        let access = jwt(&format!(r#"{{"sub":"ann","aud":"id","exp":{exp},"n":{n}}}"#));
        format!(r#"{{"access_token":"{access}","refresh_token":"hush-r{n}"}}"#)
    };
    world.jump(86_400);
    let (leader, _call) = token_task(world.call());
    let (outcome, presented) =
        world.drive(leader.start(world.now()), &mut store, |_| Ok(status(200, &body(2))));
    outcome.unwrap();
    assert_eq!(presented.len(), 1);
    assert!(!refreshes(&world));
}

#[test]
fn pair_expired_before_its_save_is_not_exchanged_again() {
    let mut world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let (_, saving) = save(exchanging.resume(Ok(minted_for(2, 5)), world.now()));
    world.pass(20);
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
}

#[test]
fn huge_lifetime_does_not_overflow() {
    for lifetime in [u64::MAX, i64::MAX as u64, u64::from(u32::MAX), 400_000_000_000] {
        let (mut world, _) = minted_here(lifetime);
        assert!(!refreshes(&world));
        world.monotonic = std::time::Duration::MAX;
        let _ = world.call();
    }
}

#[test]
fn infinite_exchange_timeout_does_not_panic() {
    let world = World::with(|config| config.exchange_timeout = std::time::Duration::MAX).holding(1);
    let (leader, _call) = token_task(world.answered(status(401, "")));
    locking(leader.start(world.now()));
}

#[test]
fn calls_use_the_old_pair_while_an_early_refresh_saves() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    let (leader, _call) = token_task(world.call());
    let step = load(lock(leader.start(world.now()), world.now()), Ok(Some(world.pair(1))), world.now());
    let (_, saving) = save(exchange(step).1.resume(Ok(minted(2)), world.now()));

    assert_eq!(world.bearer(), "hush-a1", "calls neither use the unsaved pair nor wait for it");
    let (waiting, call) = token_task(world.answered(status(401, "")));
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    done(waiting.start(world.now())).unwrap();
    assert_eq!(bearer(&send(call.resume(Ok(()), world.now())).0), "hush-a2");
}

#[test]
fn rate_limited_early_refresh_waits_and_delays_no_call() {
    let mut world = World::loaded();
    world.pass(HOUR - 50);
    let mut store = Some(world.pair(1));
    let (leader, call) = token_task(world.call());
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| {
        Ok(with_header(status(429, ""), "retry-after", "40"))
    });
    send(call.resume(outcome, world.now()));
    assert_eq!(world.bearer(), "hush-a1");
    world.pass(39);
    assert!(!refreshes(&world));
    world.pass(1);
    assert!(refreshes(&world));
}
