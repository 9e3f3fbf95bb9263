//! Refreshes: one exchange must serve all callers, and calls must use the newest pair.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

#[test]
fn late_401_retries_with_the_newer_pair() {
    let world = World::loaded();
    let (_, early) = send(world.call());
    let (_, late) = send(world.call());
    let mut store = Some(world.pair(1));
    let (leader, _call) = token_task(early.resume(Ok(status(401, "")), world.now()));
    world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(2))).0.unwrap();
    let (request, _) = send(late.resume(Ok(status(401, "")), world.now()));
    assert_eq!(bearer(&request), "hush-a2");
}

#[test]
fn call_with_an_older_pair_does_not_refresh_the_newer() {
    let world = World::loaded();
    let mut store = Some(world.pair(1));
    let (first, _call) = token_task(world.answered(status(401, "")));
    let (second, waiting) = token_task(world.answered(status(401, "")));
    world.drive(first.start(world.now()), &mut store, |_| Ok(minted(2))).0.unwrap();
    let outcome = done(second.start(world.now()));
    let (request, _) = send(waiting.resume(outcome, world.now()));
    assert_eq!(bearer(&request), "hush-a2");
}

#[test]
fn waiters_share_a_failure_and_the_next_call_retries() {
    let world = World::loaded();
    let mut store = Some(world.pair(1));
    let (first, _a) = token_task(world.answered(status(401, "")));
    let (second, _b) = token_task(world.answered(status(401, "")));
    let (failed, _) = world.drive(first.start(world.now()), &mut store, |_| Ok(status(503, "")));
    let shared = done(second.start(world.now())).unwrap_err();
    assert_eq!(shared.to_string(), failed.unwrap_err().to_string());
    assert!(matches!(shared.kind(), ErrorKind::Server));
    let (third, _c) = token_task(world.answered(status(401, "")));
    assert!(
        matches!(third.start(world.now()), RefreshStep::TryLock(..)),
        "later calls do not share an old failure"
    );
}

#[test]
fn waiter_with_tokens_gets_no_missing_tokens_error() {
    let world = World::loaded();
    let (waiter, call) = token_task(world.answered(status(401, "")));
    let (leader, _a) = token_task(world.answered(status(401, "")));
    let step = load(lock(leader.start(world.now()), world.now()), Ok(None), world.now());
    release(step, world.now()).unwrap_err();
    let (absent, _b) = token_task(world.call());
    done(load(absent.start(world.now()), Ok(None), world.now())).unwrap_err();
    // Meanwhile the user has signed in again, in another process.
    let mut store = Some(world.pair(5));
    let (outcome, _) = world.drive(waiter.start(world.now()), &mut store, |_| unreachable!());
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), "hush-a5");
}

#[test]
fn transient_failure_keeps_the_session() {
    for fate in
        [Ok(status(503, "")), Ok(status(429, "")), Ok(status(401, "")), Err(lost()), Err(unreachable())]
    {
        let world = World::loaded();
        let mut store = Some(world.pair(1));
        let answer = std::sync::Mutex::new(Some(fate));
        let (leader, _call) = token_task(world.answered(status(401, "")));
        let (outcome, _) =
            world.drive(leader.start(world.now()), &mut store, |_| answer.lock().unwrap().take().unwrap());
        assert!(outcome.is_err());
        assert!(store.is_some(), "the record stays");
        assert_eq!(world.bearer(), "hush-a1", "the pair stays");
    }
}

#[test]
fn exchange_has_its_own_timeout_within_the_lease() {
    let world = World::with(|config| config.timeout = secs(5)).holding(1);
    let (leader, _call) = token_task(world.answered(status(401, "")));
    let (lease, locked) = locking(leader.start(world.now()));
    let RefreshStep::Send(request, _) =
        load(locked.resume(Ok(true), world.now(), world.now()), Ok(Some(world.pair(1))), world.now())
    else {
        panic!("no exchange");
    };
    let time = request.extensions().get::<Timeout>().unwrap().0;
    assert_eq!(time, secs(30));
    assert!(lease > time);
    assert!(request.headers()["authorization"].is_sensitive());
}

#[test]
fn pair_refreshed_by_another_process_replaces_an_exchange() {
    let world = World::loaded();
    let mut store = Some(world.pair(2));
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (outcome, presented) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(9)));
    assert!(presented.is_empty());
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), "hush-a2");
}

#[test]
fn expired_pair_of_another_process_is_exchanged_under_one_lock() {
    let mut world = World::loaded();
    let theirs = world.pair(2);
    world.pass(2 * HOUR);
    let mut store = Some(theirs);
    let (leader, _call) = token_task(world.call());
    let (outcome, presented) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(3)));
    outcome.unwrap();
    assert_eq!(presented, ["hush-r2"], "the pair in memory is not presented again");
    assert_eq!(world.bearer(), "hush-a3");
}

#[test]
fn pair_with_another_refresh_token_is_a_different_pair() {
    // Two access tokens that are issued in the same second have equal claims, so the two tokens may be the
    // same text.
    let world = World::loaded();
    let mut theirs = world.pair(1);
    theirs.refresh_token = Some("hush-r2".into());
    let mut store = Some(theirs);
    let (leader, _call) = token_task(world.answered(status(401, "")));
    let (_, presented) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(3)));
    assert!(!presented.contains(&"hush-r1".to_owned()), "a refresh token that was rotated is not presented");
}

#[test]
fn refusal_ends_the_session_and_deletes_the_record() {
    let ended = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = ended.clone();
    let world = World::with(|config| {
        config.observer =
            Some(std::sync::Arc::new(move |it: SessionEnded| told.lock().unwrap().push(it.key.user)));
    })
    .holding(1);
    let mut store = Some(world.pair(1));
    let (leader, call) = token_task(world.answered(status(401, "")));
    let step = load(lock(leader.start(world.now()), world.now()), Ok(store.clone()), world.now());
    let step = load(exchange(step).1.resume(Ok(refused()), world.now()), Ok(store.take()), world.now());
    let releasing = releasing(deleting(step).resume(Ok(Written::Durable), world.now()));
    assert!(
        ended.lock().unwrap().is_empty(),
        "the observer runs after the lock is released, since it may use the store"
    );
    let outcome = done(releasing.resume(Ok(()), world.now()));
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication));
    assert_eq!(*ended.lock().unwrap(), ["ann".into()]);
}

#[test]
fn refusal_after_rotation_elsewhere_uses_the_newer_pair() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let step = exchanging.resume(Ok(refused()), world.now());
    release(load(step, Ok(Some(world.pair(2))), world.now()), world.now()).unwrap();
    assert_eq!(world.bearer(), "hush-a2");
}

#[test]
fn refusal_with_expired_newer_pair_exchanges_under_one_lock() {
    let mut world = World::loaded();
    let theirs = world.pair(2);
    world.pass(2 * HOUR);
    let (leader, _call) = token_task(world.call());
    let step = load(lock(leader.start(world.now()), world.now()), Ok(Some(world.pair(1))), world.now());
    let step = exchange(step).1.resume(Ok(refused()), world.now());
    let (presented, _) = exchange(load(step, Ok(Some(theirs)), world.now()));
    assert_eq!(presented, "hush-r2");
}

#[test]
fn refusal_with_unreadable_store_keeps_the_session() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let step = exchanging.resume(Ok(refused()), world.now());
    let error = release(load(step, Err(StoreError::new("away")), world.now()), world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore));
    assert_eq!(world.bearer(), "hush-a1");
}

#[test]
fn refusal_after_a_lost_lock_keeps_the_session() {
    // The next holder of the lock may have rotated the refused token.
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let step = exchanging.resume(Ok(refused()), world.now());
    let step = load(step, Ok(Some(world.pair(1))), world.now());
    let step = deleting(step).resume(Err(StoreError::lost_lease()), world.now());
    let error = release(step, world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert_eq!(world.bearer(), "hush-a1");
}

#[test]
fn wrong_client_secret_is_a_configuration_error() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let step = exchanging.resume(Ok(status(401, r#"{"error":"invalid_client"}"#)), world.now());
    let error = release(step, world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration));
    assert_eq!(world.bearer(), "hush-a1");
}

#[test]
fn token_endpoint_error_is_not_the_error_of_the_request() {
    for code in [403, 404, 409, 410] {
        let world = World::loaded();
        let (exchanging, call) = world.exchanging(&world.pair(1));
        let outcome = release(exchanging.resume(Ok(status(code, "")), world.now()), world.now());
        let error = response(call.resume(outcome, world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Http), "{code}: {error:?}");
    }
}

#[test]
fn record_that_reappears_is_used_again() {
    let world = World::loaded();
    let (leader, _call) = token_task(world.answered(status(401, "")));
    let step = load(lock(leader.start(world.now()), world.now()), Ok(None), world.now());
    let error = release(step, world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication));
    world.load(world.pair(1));
    assert_eq!(world.bearer(), "hush-a1", "no server has refused the pair");
}

#[test]
fn refused_pair_that_stays_in_the_store_is_not_used_again() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let step = exchanging.resume(Ok(refused()), world.now());
    let step = load(step, Ok(Some(world.pair(1))), world.now());
    release(deleting(step).resume(Err(StoreError::new("read only")), world.now()), world.now()).unwrap_err();
    let (again, _call) = token_task(world.call());
    let error = done(load(again.start(world.now()), Ok(Some(world.pair(1))), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication));
    world.load(world.pair(2));
    assert_eq!(world.bearer(), "hush-a2", "another process has signed the user in again");
}

#[test]
fn missing_refresh_token_reloads_the_store_before_failing() {
    let world = World::default();
    world.load(Tokens::access_only("hush-a1"));
    let mut store = Some(Tokens::access_only("hush-a1"));
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (outcome, presented) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(9)));
    assert!(presented.is_empty());
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication));
    let mut store = Some(world.pair(2));
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(9)));
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), "hush-a2");
}
