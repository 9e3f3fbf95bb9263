//! Unfinished refreshes: a leader dropped at each of its steps, and exchanges whose response is lost.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

/// The refresh task of a call that got a 401.
fn due(world: &World) -> (TokenTask, Refreshing) {
    token_task(world.answered(status(401, "")))
}

/// Checks that the session still works: the next call refreshes with `presents` and finishes.
#[track_caller]
fn assert_next_refresh_presents(world: &World, stored: Tokens, presents: &str) {
    let (refresh, _call) = due(world);
    let (outcome, presented) = world.drive(refresh.start(world.now()), &mut Some(stored), |_| Ok(minted(7)));
    outcome.unwrap();
    assert_eq!(presented, [presents]);
    assert_eq!(world.bearer(), "hush-a7");
    assert!(world.session.is_clean());
}

#[test]
fn leader_dropped_before_start_loses_nothing() {
    let world = World::loaded();
    let _ = due(&world);
    assert_next_refresh_presents(&world, world.pair(1), "hush-r1");
}

#[test]
fn leader_dropped_while_waiting_for_the_lock_loses_nothing() {
    let world = World::loaded();
    drop(due(&world).0.start(world.now()));
    assert_next_refresh_presents(&world, world.pair(1), "hush-r1");
}

#[test]
fn leader_dropped_while_loading_loses_nothing() {
    let world = World::loaded();
    drop(lock(due(&world).0.start(world.now()), world.now()));
    assert_next_refresh_presents(&world, world.pair(1), "hush-r1");
}

#[test]
fn leader_dropped_during_exchange_leaves_fate_unknown() {
    let world = World::loaded();
    drop(world.exchanging(&world.pair(1)));
    assert!(!world.session.is_clean(), "the fate of the refresh token is not known");
    assert_eq!(world.bearer(), "hush-a1", "the access token is used while it works");
    assert_next_refresh_presents(&world, world.pair(1), "hush-r1");
}

#[test]
fn leader_dropped_after_refusal_loses_nothing() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    drop(exchanging.resume(Ok(refused()), world.now()));
    assert_next_refresh_presents(&world, world.pair(1), "hush-r1");
}

#[test]
fn leader_dropped_during_save_keeps_the_new_pair() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    drop(save(exchanging.resume(Ok(minted(2)), world.now())));
    assert!(world.session.has_pending());
    let (refresh, _call) = token_task(world.call());
    let mut store = Some(world.pair(1));
    world.drive(refresh.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().refresh_token.unwrap().expose(), "hush-r2");
}

#[test]
fn leader_dropped_during_release_keeps_the_new_pair() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let (_, saving) = save(exchanging.resume(Ok(minted(2)), world.now()));
    drop(saving.resume(Ok(Written::Durable), world.now()));
    assert_eq!(world.bearer(), "hush-a2");
}

#[test]
fn waiters_of_a_dropped_leader_fail_and_may_retry() {
    let world = World::loaded();
    let (leader, _a) = due(&world);
    let (waiter, waiting) = due(&world);
    drop(lock(leader.start(world.now()), world.now()));
    let outcome = done(waiter.start(world.now()));
    let error = outcome.clone().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
    let (_, sleeping) = sleep(waiting.resume(outcome, world.now()));
    token_task(sleeping.resume(world.now()));
}

#[test]
fn waiters_of_leader_dropped_in_exchange_do_not_resend_token() {
    let world = World::loaded();
    let (waiter, waiting) = due(&world);
    drop(world.exchanging(&world.pair(1)));
    let outcome = done(waiter.start(world.now()));
    let error = response(waiting.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::Maybe }), "{error:?}");
}

#[test]
fn lost_exchange_response_fails_call_and_401_resends_token() {
    let mut world = World::loaded();
    let stored = world.pair(1);
    world.pass(2 * HOUR);
    let (refresh, call) = token_task(world.call());
    let (outcome, _) = world.drive(refresh.start(world.now()), &mut Some(stored.clone()), |_| Err(lost()));
    response(call.resume(outcome, world.now())).unwrap_err();
    assert_eq!(world.bearer(), "hush-a1", "the server decides whether the token is expired");
    assert_next_refresh_presents(&world, stored, "hush-r1");
}

#[test]
fn unreadable_token_response_or_5xx_leaves_the_fate_unknown() {
    let nothing = r#"{"access_token":"","refresh_token":"hush-r2"}"#;
    for answer in [
        status(200, "<html>"),
        status(200, "{}"),
        status(200, nothing),
        status(200, ""),
        status(502, ""),
        status(500, r#"{"error":"invalid_grant"}"#),
    ] {
        let world = World::loaded();
        let (exchanging, _call) = world.exchanging(&world.pair(1));
        release(exchanging.resume(Ok(answer), world.now()), world.now()).unwrap_err();
        assert!(!world.session.is_clean());
    }
    for answer in [Ok(status(429, "")), Err(unreachable())] {
        let world = World::loaded();
        let (exchanging, _call) = world.exchanging(&world.pair(1));
        release(exchanging.resume(answer, world.now()), world.now()).unwrap_err();
        assert!(world.session.is_clean(), "the server did not process it");
    }
}

#[test]
fn lost_exchange_means_the_request_was_not_sent() {
    let mut world = World::loaded();
    let stored = world.pair(1);
    world.pass(2 * HOUR);
    let new = types::NewEvent::new(
        types::CalendarRef::new(types::Provider::Google, "c"),
        "x",
        world.wall,
        world.wall,
    );
    let (refresh, call) = token_task(Call::start(&world.session, &new, world.now()));
    let (outcome, _) = world.drive(refresh.start(world.now()), &mut Some(stored), |_| Err(lost()));
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(!error.may_have_happened(), "the event was never sent");
    assert_eq!(error.attempts(), 0);
}

#[test]
fn unsent_exchange_is_retried_within_the_policy() {
    let world = World::loaded();
    let mut store = Some(world.pair(1));
    let (mut refresh, mut call) = due(&world);
    for attempt in 1.. {
        let (outcome, _) = world.drive(refresh.start(world.now()), &mut store, |_| Err(unreachable()));
        match call.resume(outcome, world.now()) {
            Step::Sleep(_, sleeping) => (refresh, call) = token_task(sleeping.resume(world.now())),
            step => {
                response(step).unwrap_err();
                assert_eq!(attempt, 3);
                break;
            }
        }
    }
    assert_next_refresh_presents(&world, world.pair(1), "hush-r1");
}

#[test]
fn expired_pair_is_not_used_after_an_unsent_exchange() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(1));
    world.pass(2 * HOUR);
    let (refresh, call) = token_task(world.call());
    let (outcome, _) = world.drive(refresh.start(world.now()), &mut store, |_| Err(unreachable()));
    let (_, sleeping) = sleep(call.resume(outcome, world.now()));
    token_task(sleeping.resume(world.now()));
}

#[test]
fn explicit_refresh_does_not_send_a_token_of_unknown_fate() {
    let mut world = World::loaded();
    let deadline = secs(2000);
    assert!(world.session.before_refresh(deadline).is_none());
    let step = lock(world.session.refresh(world.now(), deadline).unwrap().start(world.now()), world.now());
    let (presented, exchanging) = exchange(load(step, Ok(Some(world.pair(1))), world.now()));
    assert_eq!(presented, "hush-r1");
    release(exchanging.resume(Err(lost()), world.now()), world.now()).unwrap_err();
    assert!(matches!(
        world.session.refresh(world.now(), deadline).map(drop).unwrap_err().kind(),
        ErrorKind::Network { sent: Sent::Maybe }
    ));
    // No call has shown whether the access token still works. The session returns the token until it expires.
    assert_eq!(world.session.tokens_within(secs(0), world.now()).unwrap().access_token.expose(), "hush-a1");
    world.pass(3 * HOUR);
    assert!(world.session.tokens_within(secs(0), world.now()).is_none(), "the pair is expired");
    let step = lock(world.session.refresh(world.now(), deadline).unwrap().start(world.now()), world.now());
    assert_eq!(exchange(load(step, Ok(Some(world.pair(1))), world.now())).0, "hush-r1");
}

#[test]
fn waiters_share_the_lost_response_for_a_loaded_pair() {
    let mut world = World::loaded();
    world.pass(HOUR);
    let taken = world.pair(2); // refreshed by another process, and expired when loaded
    world.pass(2 * HOUR);
    let (leader, _call) = token_task(world.call());
    let step = load(lock(leader.start(world.now()), world.now()), Ok(Some(taken)), world.now());
    let (presented, exchanging) = exchange(step);
    assert_eq!(presented, "hush-r2");
    // The waiter sees the loaded pair and waits at the gate.
    let (waiter, waiting) = token_task(world.call());
    release(exchanging.resume(Err(lost()), world.now()), world.now()).unwrap_err();
    let outcome = done(waiter.start(world.now()));
    let error = response(waiting.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::Maybe }), "{error:?}");
    assert_eq!(world.bearer(), "hush-a2", "the server decides whether the token is expired");
}

#[test]
fn exchange_starts_only_if_the_lease_outlasts_it() {
    for (slow, begins) in [(0, true), (5_000, true), (5_001, false), (40_000, false)] {
        let mut world = World::loaded();
        let stored = world.pair(1);
        let (task, _call) = token_task(world.answered(status(401, "")));
        let step = lock(task.start(world.now()), world.now());
        world.monotonic += std::time::Duration::from_millis(slow);
        let step = load(step, Ok(Some(stored)), world.now());
        assert_eq!(matches!(step, RefreshStep::Send(..)), begins, "{slow} ms");
        if !begins {
            let error = release(step, world.now()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::TokenStore) && !error.may_have_happened(), "{error:?}");
            assert!(world.session.is_clean(), "nothing was sent");
        }
    }
}
