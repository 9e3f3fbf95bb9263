//! When a pair is refreshed: by which clock, how early, and how soon again.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // machines are given up half-way on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

/// Whether the next call refreshes ahead of a 401; the task is given up.
fn refreshes(world: &World) -> bool {
    matches!(world.call(), Step::Refresh(..))
}

/// A user whose pair 2 of this lifetime this process has just minted.
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
fn a_long_lived_pair_is_refreshed_a_minute_before_its_end() {
    let mut world = World::loaded();
    world.pass(HOUR - 61);
    assert!(!refreshes(&world));
    world.pass(1);
    assert!(refreshes(&world));
}

#[test]
fn a_short_lived_pair_is_never_refreshed_in_its_first_half() {
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
fn the_early_window_of_a_short_lived_pair_is_half_its_life_wherever_it_was_minted() {
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
fn only_the_leader_waits_for_an_early_refresh() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    let (early, call) = token_task(world.call());
    assert_eq!(world.bearer(), "hush-a1");
    let step = early.start(world.now());
    assert_eq!(world.bearer(), "hush-a1");
    drop((step, call));
}

#[test]
fn an_early_wish_that_is_given_up_passes_the_lead_on() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    drop(world.call());
    assert!(refreshes(&world));
}

#[test]
fn an_early_wish_that_is_given_up_does_not_speak_for_a_leader() {
    let mut world = World::with(|config| config.timeout = secs(2 * HOUR)).holding(1);
    let (_, old) = send(world.call());
    world.pass(HOUR - 30);
    let early = world.call();
    let (leader, _call) = token_task(old.resume(Ok(status(401, "")), world.now()));
    let leading = leader.start(world.now());
    drop(early);
    assert!(!refreshes(&world), "somebody leads: the others use the pair that still works");
    assert!(!world.session.is_clean());
    drop(leading);
}

#[test]
fn a_wish_for_another_reason_that_is_given_up_does_not_speak_for_an_early_one() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    let (_early, _call) = token_task(world.call());
    drop(world.answered(status(401, "")));
    assert!(!refreshes(&world), "somebody is on the way already");
}

#[test]
fn an_early_refresh_that_failed_costs_the_call_nothing_and_is_not_repeated_for_a_while() {
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
fn a_call_whose_early_refresh_failed_leaves_the_rest_to_the_server() {
    let mut world = World::loaded();
    world.pass(HOUR - 5);
    let (early, call) = token_task(world.call());
    let mut store = Some(world.pair(1));
    let (outcome, _) = world.drive(early.start(world.now()), &mut store, |_| Err(unreachable()));
    let (_, sending) = send(call.resume(outcome, world.now()));
    let (_, sleeping) = sleep(sending.resume(Ok(status(503, "")), world.now()));
    world.pass(6);
    let (request, sending) = send(sleeping.resume(world.now()));
    assert_eq!(bearer(&request), "hush-a1", "over by the clock, but it may still work");
    token_task(sending.resume(Ok(status(401, "")), world.now()));
}

#[test]
fn an_early_refresh_that_could_not_be_saved_fails_the_call() {
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
fn a_new_pair_that_no_call_succeeded_with_is_left_alone_for_ten_seconds() {
    let (mut world, _) = minted_here(HOUR);
    let error = response(world.answered(status(401, ""))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Server), "no sign-in would help: {error:?}");
    assert_eq!((error.status().unwrap().as_u16(), error.code()), (401, "SERVER_ERROR"));
    world.pass(9);
    response(world.answered(status(401, ""))).unwrap_err();
    assert_eq!(world.bearer(), "hush-a2", "the session goes on for others");
    world.pass(1);
    token_task(world.answered(status(401, "")));
}

#[test]
fn patience_is_by_the_monotonic_clock() {
    let (mut world, _) = minted_here(HOUR);
    world.jump(60);
    response(world.answered(status(401, ""))).unwrap_err();
    world.jump(-7200);
    response(world.answered(status(401, ""))).unwrap_err();
    world.monotonic += secs(10);
    token_task(world.answered(status(401, "")));
}

#[test]
fn a_proven_pair_is_refreshed_at_once() {
    let (world, _) = minted_here(HOUR);
    world.prove();
    token_task(world.answered(status(401, "")));
}

#[test]
fn the_young_pair_of_another_process_is_left_alone_as_well() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(2));
    world.pass(4);
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| unreachable!());
    let (_, sending) = send(call.resume(outcome, world.now()));
    let Step::Sleep(pause, sleeping) = sending.resume(Ok(status(401, "")), world.now()) else { panic!() };
    assert_eq!(pause, secs(6));
    world.pass(6);
    // By now it may be accepted; if not, it was a clock that made it look new.
    let (again, sending) = send(sleeping.resume(world.now()));
    assert_eq!(bearer(&again), "hush-a2");
    let (leader, call) = token_task(sending.resume(Ok(status(401, "")), world.now()));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(3)));
    let (again, sending) = send(call.resume(outcome, world.now()));
    assert_eq!(bearer(&again), "hush-a3");
    response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
}

#[test]
fn a_call_that_has_no_time_to_wait_for_it_fails() {
    for timeout in [9, 10] {
        let world = World::with(|config| config.timeout = secs(timeout)).holding(1);
        let mut store = Some(world.pair(2));
        let (leader, call) = token_task(world.answered(status(401, "")));
        let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| unreachable!());
        let (_, sending) = send(call.resume(outcome, world.now()));
        let error = response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "nobody has to sign in: {timeout}: {error:?}");
    }
}

#[test]
fn a_wall_clock_that_jumps_ahead_costs_no_refresh_in_the_first_half() {
    let (mut world, _) = minted_here(HOUR);
    world.jump(86_400);
    assert!(!refreshes(&world));
    world.monotonic += secs(HOUR / 2 - 1);
    assert!(!refreshes(&world));
    world.monotonic += secs(1);
    assert!(refreshes(&world));
}

#[test]
fn after_a_jump_ahead_one_refresh_sets_things_right() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(1));
    world.jump(86_400);
    let (leader, _call) = token_task(world.call());
    world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(2))).0.unwrap();
    assert!(!refreshes(&world));
}

#[test]
fn a_wall_clock_that_jumps_back_leaves_it_to_the_server() {
    let (mut world, _) = minted_here(HOUR);
    world.prove();
    world.pass(2 * HOUR);
    world.jump(-86_400);
    assert!(!refreshes(&world));
    token_task(world.answered(status(401, "")));
}

#[test]
fn a_lifetime_of_nothing_is_no_lifetime() {
    let (mut world, _) = minted_here(0);
    assert!(!refreshes(&world), "every call would refresh");
    world.pass(2 * HOUR);
    assert!(!refreshes(&world));
    token_task(world.answered(status(401, "")));
}

#[test]
fn a_pair_that_is_over_by_a_wrong_clock_when_minted_is_exchanged_once() {
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
fn a_pair_that_is_over_before_it_is_saved_is_not_exchanged_again_by_the_same_leader() {
    let mut world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let (_, saving) = save(exchanging.resume(Ok(minted_for(2, 5)), world.now()));
    world.pass(20);
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
}

#[test]
fn huge_lifetimes_overflow_nothing() {
    for lifetime in [u64::MAX, i64::MAX as u64, u64::from(u32::MAX), 400_000_000_000] {
        let (mut world, _) = minted_here(lifetime);
        assert!(!refreshes(&world));
        world.monotonic = std::time::Duration::MAX;
        let _ = world.call();
    }
}

#[test]
fn an_endless_exchange_timeout_is_no_panic() {
    let world = World::with(|config| config.exchange_timeout = std::time::Duration::MAX).holding(1);
    let (leader, _call) = token_task(world.answered(status(401, "")));
    locking(leader.start(world.now()));
}

#[test]
fn while_an_early_leader_saves_the_others_go_on_with_the_old_pair() {
    let mut world = World::loaded();
    world.pass(HOUR - 30);
    let (leader, _call) = token_task(world.call());
    let step = load(lock(leader.start(world.now()), world.now()), Ok(Some(world.pair(1))), world.now());
    let (_, saving) = save(exchange(step).1.resume(Ok(minted(2)), world.now()));

    assert_eq!(
        world.bearer(),
        "hush-a1",
        "the pair that is being saved is not used, and nobody waits for it"
    );
    let (waiting, call) = token_task(world.answered(status(401, "")));
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    done(waiting.start(world.now())).unwrap();
    assert_eq!(bearer(&send(call.resume(Ok(()), world.now())).0), "hush-a2");
}

#[test]
fn a_rate_limited_early_refresh_waits_as_long_as_it_was_asked_and_stops_no_call() {
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
