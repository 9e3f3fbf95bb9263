//! Before an exchange, a refresh must check that the store can save. The observer must be notified of writes
//! that a crash may undo.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use std::sync::{Arc, Mutex};

use connect_core::{machine::*, *};
use support::*;

/// Returns a refresh that checks whether the store can save.
fn preparing_refresh(world: &World) -> (Preparing, Refreshing) {
    let (task, call) = token_task(world.answered(status(401, "")));
    let step = lock(task.start(world.now()), world.now());
    (preparing(loading(step).resume(Ok(Some(world.pair(1))), world.now())), call)
}

#[test]
fn store_that_cannot_save_prevents_the_exchange() {
    for error in [StoreError::new("no space left on device"), StoreError::lost_lease()] {
        let text = error.to_string();
        let world = World::loaded();
        let (preparing, call) = preparing_refresh(&world);
        let outcome = release(preparing.resume(Err(error), world.now()), world.now());
        let error = response(call.resume(outcome, world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TokenStore) && !error.may_have_happened(), "{error:?}");
        assert!(error.to_string().contains(&text), "{error}");
        assert!(world.session.is_clean());
        assert_eq!(world.bearer(), "hush-a1");
        let mut store = Some(world.pair(1));
        world.refresh_to(2, &mut store);
    }
}

#[test]
fn sign_in_during_the_save_check_prevents_the_exchange() {
    let world = World::loaded();
    let (preparing, _call) = preparing_refresh(&world);
    let save = queue(world.session.import(world.pair(6), world.now()));
    release(preparing.resume(Ok(()), world.now()), world.now()).unwrap();
    let mut store = Some(world.pair(1));
    world.drive(save.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(world.bearer(), "hush-a6");
}

#[test]
fn slow_save_check_prevents_the_exchange() {
    let mut world = World::loaded();
    let (preparing, _call) = preparing_refresh(&world);
    world.monotonic += secs(6);
    let error = release(preparing.resume(Ok(()), world.now()), world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
}

/// Records the writes that a crash may undo.
#[derive(Clone, Default)]
struct RecordingObserver(Arc<Mutex<Vec<String>>>);

impl Observer for RecordingObserver {
    fn session_ended(&self, _: SessionEnded) {}

    fn not_synced(&self, key: &TokenKey, error: &StoreError) {
        self.0.lock().unwrap().push(format!("{}: {error}", key.user));
    }
}

#[test]
fn unsynced_write_is_reported_only_to_the_observer() {
    let observer = RecordingObserver::default();
    let told = observer.clone();
    let world = World::with(|config| config.observer = Some(Arc::new(told))).holding(1);
    let unsynced = || Ok(Written::NotSynced(StoreError::new("cannot sync the folder")));
    // A refresh.
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let (_, saving) = save(exchanging.resume(Ok(minted(2)), world.now()));
    release(saving.resume(unsynced(), world.now()), world.now()).unwrap();
    assert_eq!(world.bearer(), "hush-a2");
    // A sign-in.
    let step =
        load(lock(world.session.import(world.pair(6), world.now()), world.now()), Ok(None), world.now());
    release(save(step).1.resume(unsynced(), world.now()), world.now()).unwrap();
    assert_eq!(world.bearer(), "hush-a6");
    // A sign-out.
    let (_, revoking) = exchange(load(lock(world.sign_out(), world.now()), Ok(None), world.now()));
    let step = deleting(revoking.resume(Ok(status(200, "")), world.now()));
    release(step.resume(unsynced(), world.now()), world.now()).unwrap();
    assert_eq!(*observer.0.lock().unwrap(), ["ann: cannot sync the folder"; 3]);
}

#[test]
fn token_endpoint_requests_require_a_fresh_connection() {
    let world = World::loaded();
    let (preparing, _call) = preparing_refresh(&world);
    let RefreshStep::Send(refresh, _) = preparing.resume(Ok(()), world.now()) else { panic!() };
    let code = AuthorizationCode::new("c0de");
    let RefreshStep::Send(exchange, _) = world.session.exchange(&code, world.now()) else { panic!() };
    let grant = Grant::AuthorizationCode(code).request(world.session.app(), world.now()).unwrap();
    let step = load(lock(world.sign_out(), world.now()), Ok(None), world.now());
    let RefreshStep::Send(revoke, _) = step else { panic!() };
    for request in [refresh, exchange, grant, revoke] {
        assert!(FreshConnection::is_required(&request), "{}", request.uri());
    }
    assert!(!FreshConnection::is_required(&send(world.call()).0));
}
