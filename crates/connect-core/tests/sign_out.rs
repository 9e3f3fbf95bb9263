//! A sign-out must revoke the tokens first and then delete them, whatever the server responds.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

fn revoking(world: &World, stored: Option<Tokens>) -> (String, Exchanging) {
    exchange(load(lock(world.sign_out(), world.now()), Ok(stored), world.now()))
}

#[track_caller]
fn signed_out(world: &World, stored: Option<Tokens>) {
    let (refresh, _call) = token_task(world.call());
    let error = done(load(refresh.start(world.now()), Ok(stored), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
}

#[test]
fn record_is_deleted_whatever_the_server_responds() {
    for (answer, ok) in
        [(Ok(status(200, r#"{"success":true}"#)), true), (Ok(status(500, "")), false), (Err(lost()), false)]
    {
        let world = World::with(|config| config.retry = RetryPolicy::none()).holding(1);
        let (token, sending) = revoking(&world, Some(world.pair(1)));
        assert!(token.contains("hush-r1"), "{token}");
        let step = deleting(sending.resume(answer, world.now())).resume(Ok(Written::Durable), world.now());
        assert_eq!(release(step, world.now()).is_ok(), ok);
        signed_out(&world, None);
    }
}

#[test]
fn revocation_is_retried_while_the_lease_lasts() {
    let mut world = World::loaded();
    let busy = || with_header(status(503, ""), "retry-after", "3");
    let (_, sending) = revoking(&world, Some(world.pair(1)));
    let (time, next) = resting(sending.resume(Ok(busy()), world.now()));
    assert_eq!(time, secs(3), "the pause of `Retry-After`");
    world.pass(3);
    let (token, sending) = exchange(next.resume(world.now()));
    assert!(token.contains("hush-r1"), "{token}");
    // The lease ends before the pause of three seconds would end.
    let step = deleting(sending.resume(Ok(busy()), world.now())).resume(Ok(Written::Durable), world.now());
    let error = release(step, world.now()).unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (2, Some(secs(3))));
    // A revocation is not sent again if the server refused it. A revocation is sent again if its response was
    // lost.
    let world = World::loaded();
    let (_, sending) = revoking(&world, Some(world.pair(1)));
    deleting(sending.resume(Ok(status(400, "")), world.now()));
    let (_, sending) = revoking(&world, Some(world.pair(1)));
    let (_, next) = resting(sending.resume(Err(lost()), world.now()));
    let (_, sending) = exchange(next.resume(world.now()));
    let step =
        deleting(sending.resume(Ok(status(200, "")), world.now())).resume(Ok(Written::Durable), world.now());
    release(step, world.now()).unwrap();
}

#[test]
fn sign_out_revokes_the_newest_pair() {
    let world = World::loaded();
    assert!(
        revoking(&world, Some(world.pair(4))).0.contains("hush-r4"),
        "the stored pair is newer than the pair in memory"
    );
    assert!(revoking(&world, None).0.contains("hush-r1"));
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    drop(exchanging.resume(Ok(minted(2)), world.now()));
    assert!(
        revoking(&world, Some(world.pair(1))).0.contains("hush-r2"),
        "the pending pair is newer than both"
    );
}

#[test]
fn undeleted_record_does_not_sign_the_user_in_again() {
    for known in [true, false] {
        let world = if known { World::loaded() } else { World::default() };
        let (_, sending) = revoking(&world, Some(world.pair(1)));
        let step = deleting(sending.resume(Ok(status(200, "")), world.now()));
        let error =
            release(step.resume(Err(StoreError::new("read only")), world.now()), world.now()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TokenStore));
        signed_out(&world, Some(world.pair(1)));
    }
}

#[test]
fn unreadable_tokens_make_the_sign_out_fail() {
    let world = World::default();
    let step = load(lock(world.sign_out(), world.now()), Err(StoreError::new("garbled")), world.now());
    let error = release(deleting(step).resume(Ok(Written::Durable), world.now()), world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert!(error.to_string().contains("garbled"));
}

#[test]
fn sign_out_without_tokens_sends_no_request() {
    let world = World::default();
    let (outcome, requests) = world.drive(world.sign_out(), &mut None, |_| unreachable!());
    outcome.unwrap();
    assert!(requests.is_empty());
}

#[test]
fn waiting_leader_does_not_undo_a_sign_out() {
    let world = World::loaded();
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (_, waiting) = locking(leader.start(world.now()));
    let mut store = Some(world.pair(1));
    world.drive(world.sign_out(), &mut store, |_| Ok(status(200, ""))).0.unwrap();
    let (outcome, _) =
        world.drive(waiting.resume(Ok(true), world.now(), world.now()), &mut store, |_| unreachable!());
    let (absent, _call) = token_task(call.resume(outcome, world.now()));
    let error = done(load(absent.start(world.now()), Ok(None), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication));
    assert!(store.is_none());
}

#[test]
fn exchange_longer_than_its_lease_does_not_undo_a_sign_out() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let mut store = Some(world.pair(1));
    world.drive(world.sign_out(), &mut store, |_| Ok(status(200, ""))).0.unwrap();
    world.drive(exchanging.resume(Ok(minted(2)), world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert!(store.is_none() && !world.session.has_pending());
    signed_out(&world, None);
}

#[test]
fn sign_in_during_a_sign_out_wins() {
    let world = World::loaded();
    let (_, revoking) = revoking(&world, Some(world.pair(1)));
    let step = deleting(revoking.resume(Ok(status(200, "")), world.now()));
    let coming_back = queue(world.session.import(world.pair(6), world.now()));
    release(step.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    let mut store = None;
    world.drive(coming_back.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.expect("the new pair must be kept").access_token.expose(), "hush-a6");
    assert_eq!(world.bearer(), "hush-a6");
}

#[test]
fn sign_in_after_a_sign_out_works() {
    let world = World::loaded();
    let mut store = Some(world.pair(1));
    world.drive(world.sign_out(), &mut store, |_| Ok(status(200, ""))).0.unwrap();
    world.drive(world.session.import(world.pair(6), world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(world.bearer(), "hush-a6");
}

#[test]
fn sign_out_with_pending_pair_ignores_the_older_record() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    drop(save(exchanging.resume(Ok(minted(2)), world.now())));
    assert!(world.session.has_pending());
    let (_, sending) =
        exchange(load(lock(world.sign_out(), world.now()), Ok(Some(world.pair(1))), world.now()));
    let step = deleting(sending.resume(Ok(status(200, "")), world.now()));
    release(step.resume(Err(StoreError::new("read only")), world.now()), world.now()).unwrap_err();
    let (refresh, _call) = token_task(world.call());
    let outcome = done(load(refresh.start(world.now()), Ok(Some(world.pair(1))), world.now()));
    assert!(outcome.is_err());
}

#[test]
fn refused_pair_left_in_the_store_is_not_used_by_a_waiter() {
    let world = World::loaded();
    let (waiter, _call) = token_task(world.answered(status(401, "")));
    let (exchanging, _c) = world.exchanging(&world.pair(1));
    let step = load(exchanging.resume(Ok(refused()), world.now()), Ok(Some(world.pair(1))), world.now());
    release(deleting(step).resume(Err(StoreError::new("read only")), world.now()), world.now()).unwrap_err();
    let (absent, _b) = token_task(world.call());
    done(load(absent.start(world.now()), Ok(Some(world.pair(1))), world.now())).unwrap_err();
    let (outcome, presented) =
        world.drive(waiter.start(world.now()), &mut Some(world.pair(1)), |_| Ok(refused()));
    assert!(outcome.is_err());
    assert_eq!(presented, [""; 0]);
}

#[test]
fn waiting_call_does_not_undo_a_sign_out() {
    let world = World::loaded();
    let (late, _call) = token_task(world.answered(status(401, "")));
    let (_, sending) =
        exchange(load(lock(world.sign_out(), world.now()), Ok(Some(world.pair(1))), world.now()));
    let step = deleting(sending.resume(Ok(status(400, "")), world.now()));
    release(step.resume(Err(StoreError::new("read only")), world.now()), world.now()).unwrap_err();
    let (outcome, _) = world.drive(late.start(world.now()), &mut Some(world.pair(1)), |_| Ok(minted(9)));
    assert!(outcome.is_err());
}
