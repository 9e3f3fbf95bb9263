//! Pending pairs must be saved before they are used. If a save fails, the next call must save the pair.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::*;
use support::*;

/// A user whose pair 2, exchanged from pair 1, could not be saved.
fn unsaved() -> World {
    let world = World::loaded();
    let (exchanging, call) = world.exchanging(&world.pair(1));
    let (tokens, saving) = save(exchanging.resume(Ok(minted(2)), world.now()));
    assert_eq!(tokens.access_token.expose(), "hush-a2");
    let outcome = release(saving.resume(Err(StoreError::new("disk full")), world.now()), world.now());
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert!(error.to_string().contains("disk full"));
    assert!(world.session.has_pending() && !world.session.is_clean());
    world
}

/// Runs the next call with this record in the store, and returns what the call saved.
fn flush(world: &World, stored: Option<Tokens>) -> Option<Tokens> {
    let (task, call) = token_task(world.call());
    let mut store = stored.clone();
    let (outcome, presented) = world.drive(task.start(world.now()), &mut store, |_| Ok(minted(9)));
    assert!(presented.is_empty(), "saving a pending pair needs no exchange");
    send(call.resume(outcome, world.now()));
    assert!(!world.session.has_pending());
    (store != stored).then_some(store).flatten()
}

#[test]
fn unsaved_pair_is_not_used_before_it_is_saved() {
    let world = unsaved();
    let (refresh, _call) = token_task(world.call());
    let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(world.pair(1))), world.now());
    let (tokens, saving) = save(step);
    assert_eq!(tokens.refresh_token.unwrap().expose(), "hush-r2");
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    assert_eq!(world.bearer(), "hush-a2");
}

#[test]
fn pending_pair_replaces_its_predecessor_or_an_empty_record() {
    let world = unsaved();
    let saved = flush(&world, Some(world.pair(1))).unwrap();
    assert_eq!(saved.access_token.expose(), "hush-a2");
    let world = unsaved();
    assert!(flush(&world, None).is_some());
}

#[test]
fn pending_pair_gives_way_to_a_pair_rotated_elsewhere() {
    let world = unsaved();
    assert_eq!(flush(&world, Some(world.pair(3))), None);
    assert_eq!(world.bearer(), "hush-a3");
}

#[test]
fn save_that_failed_but_was_stored_counts_as_saved() {
    let mut world = unsaved();
    let stored = world.pair(2);
    assert_eq!(flush(&world, Some(stored)), None);
    world.jump(86_400);
    assert_eq!(world.bearer(), "hush-a2", "this process knows when it received the pair");
}

#[test]
fn new_refresh_token_with_same_access_token_is_saved() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let answer = status(200, r#"{"access_token":"hush-a1","refresh_token":"hush-r2","expires_in":3600}"#);
    let (_, saving) = save(exchanging.resume(Ok(answer), world.now()));
    release(saving.resume(Err(StoreError::new("disk full")), world.now()), world.now()).unwrap_err();
    let saved = flush(&world, Some(world.pair(1))).expect("the rotated token must reach the store");
    assert_eq!(saved.refresh_token.unwrap().expose(), "hush-r2");
}

#[test]
fn second_failed_save_keeps_the_pending_pair() {
    let world = unsaved();
    for _ in 0..3 {
        let (refresh, _call) = token_task(world.call());
        let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(world.pair(1))), world.now());
        release(save(step).1.resume(Err(StoreError::new("no")), world.now()), world.now()).unwrap_err();
        assert!(world.session.has_pending());
    }
}

#[test]
fn lost_lease_counts_as_a_failed_save() {
    let world = World::loaded();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let (_, saving) = save(exchanging.resume(Ok(minted(2)), world.now()));
    release(saving.resume(Err(StoreError::lost_lease()), world.now()), world.now()).unwrap_err();
    assert!(world.session.has_pending());
    assert_eq!(flush(&world, Some(world.pair(3))), None, "the next holder of the lock has rotated the pair");
}

#[test]
fn expired_pending_pair_is_saved_then_exchanged_under_one_lock() {
    let mut world = unsaved();
    let mut store = Some(world.pair(1));
    world.pass(2 * HOUR);
    let (task, call) = token_task(world.call());
    let (outcome, presented) = world.drive(task.start(world.now()), &mut store, |_| Ok(minted(3)));
    // This task only saves, so the exchange is a second task.
    assert!(presented.is_empty());
    let (task, _call) = support::token_task(call.resume(outcome, world.now()));
    let (_, presented) = world.drive(task.start(world.now()), &mut store, |_| Ok(minted(3)));
    assert_eq!(presented, ["hush-r2"]);
    assert_eq!(world.bearer(), "hush-a3");
}

#[test]
fn flush_of_a_pending_pair_leaves_the_call_its_refresh() {
    let world = unsaved();
    let mut store = Some(world.pair(1));
    let (flushing, call) = token_task(world.call());
    let (outcome, _) = world.drive(flushing.start(world.now()), &mut store, |_| unreachable!());
    let mut later = World { session: world.session.clone(), ..world };
    later.pass(11);
    let (_, sending) = send(call.resume(outcome, later.now()));
    let (refresh, call) = token_task(sending.resume(Ok(status(401, "")), later.now()));
    let (outcome, presented) = later.drive(refresh.start(later.now()), &mut store, |_| Ok(minted(3)));
    assert_eq!(presented, ["hush-r2"]);
    assert_eq!(bearer(&send(call.resume(outcome, later.now())).0), "hush-a3");
}

#[test]
fn unsaved_pair_is_saved_on_close() {
    let world = unsaved();
    let refresh = world.session.flush_pending(world.monotonic).unwrap();
    let mut store = Some(world.pair(1));
    world.drive(refresh.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().access_token.expose(), "hush-a2");
    assert!(world.session.is_clean());
    assert!(world.session.flush_pending(world.monotonic).is_none());
}

#[test]
fn explicit_refresh_saves_the_pending_pair_first() {
    let world = World::default();
    let absent = world.session.before_refresh(world.monotonic).unwrap();
    done(load(absent.start(world.now()), Ok(Some(world.pair(1))), world.now())).unwrap();
    assert!(world.session.before_refresh(world.monotonic).is_none());

    let world = unsaved();
    let unsaved = world.session.before_refresh(world.monotonic).unwrap();
    let mut store = Some(world.pair(1));
    world.drive(unsaved.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().access_token.expose(), "hush-a2");
    assert!(world.session.before_refresh(world.monotonic).is_none());
}

/// Refreshes pair 1, which has the scope `read`, with this response. Returns the tokens to save.
fn saved_from(answer: &str) -> Tokens {
    let world = World::default();
    let before = world.pair(1).with_scope(types::Scope::Read);
    world.load(before.clone());
    let (exchanging, _call) = world.exchanging(&before);
    save(exchanging.resume(Ok(status(200, answer)), world.now())).0
}

#[test]
fn fields_missing_in_a_refresh_response_are_saved_from() {
    for answer in [
        r#"{"access_token":"hush-a2","expires_in":"3600"}"#,
        r#"{"access_token":"hush-a2","refresh_token":"","scope":""}"#,
    ] {
        let tokens = saved_from(answer);
        assert_eq!(tokens.refresh_token, Some("hush-r1".into()));
        assert_eq!(tokens.scope, Some(types::Scope::Read));
    }
    let tokens = saved_from(r#"{"access_token":"hush-a2","refresh_token":"hush-r2","scope":"read-write"}"#);
    assert_eq!(tokens.refresh_token, Some("hush-r2".into()));
    assert_eq!(tokens.scope, Some(types::Scope::ReadWrite));
}

#[test]
fn jwt_expiry_is_used_if_the_response_has_none() {
    let now = World::default().wall;
    for (seconds, believed) in [(60, true), (1, true), (0, false), (-1, false)] {
        let end = now + jiff::SignedDuration::from_secs(seconds);
        let access = jwt(&format!(r#"{{"sub":"ann","aud":"id","exp":{}}}"#, end.as_second()));
        for lifetime in ["", r#","expires_in":0"#] {
            let tokens = saved_from(&format!(r#"{{"access_token":"{access}"{lifetime}}}"#));
            assert_eq!(tokens.expires_at, believed.then_some(end), "{seconds} {lifetime}");
        }
    }
}
