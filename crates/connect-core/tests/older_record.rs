//! If a store returns an older record, the record must not replace a newer pair of the same sign-in.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

/// Refreshes after a 401, with `answer` as the response of the token endpoint. Returns the saved pair.
fn refreshed(world: &World, store: &mut Option<Tokens>, answer: &Response) -> Tokens {
    let (task, _call) = token_task(world.answered(status(401, "")));
    world.drive(task.start(world.now()), store, |_| Ok(answer.clone())).0.unwrap();
    store.clone().unwrap()
}

/// A user who has refreshed to pair 2, then to pair 3.
fn rotated() -> (World, Tokens, Tokens) {
    let mut world = World::loaded();
    let mut store = Some(world.pair(1));
    let older = refreshed(&world, &mut store, &minted(2));
    world.pass(11);
    let newer = refreshed(&world, &mut store, &minted(3));
    world.pass(11);
    (world, older, newer)
}

/// Refreshes after a 401 with this record in the store. Returns the saves and exchanges, in order.
fn refresh(world: &World, stored: &Tokens) -> Vec<String> {
    let (task, _call) = token_task(world.answered(status(401, "")));
    let mut steps = Vec::new();
    let mut step = load(lock(task.start(world.now()), world.now()), Ok(Some(stored.clone())), world.now());
    loop {
        step = match step {
            RefreshStep::Save(tokens, next) => {
                steps.push(format!("save {}", tokens.refresh_token.unwrap().expose()));
                next.resume(Ok(Written::Durable), world.now())
            }
            RefreshStep::Prepare(next) => next.resume(Ok(()), world.now()),
            RefreshStep::Send(request, next) => {
                steps.push(format!("present {}", grant(&request)));
                next.resume(Ok(minted(9)), world.now())
            }
            step => {
                release(step, world.now()).unwrap();
                return steps;
            }
        };
    }
}

#[test]
fn older_record_is_replaced_before_the_pair_is_exchanged() {
    let (world, older, newer) = rotated();
    assert_eq!(refresh(&world, &older), ["save hush-r3", "present hush-r3", "save hush-r9"]);
    // Another process has stored a newer record.
    let (world, _, _) = rotated();
    let mut theirs = world.pair(7);
    theirs.revision.clone_from(&newer.revision);
    theirs.revision.as_mut().unwrap().number += 4;
    assert_eq!(refresh(&world, &theirs), [""; 0]);
    assert_eq!(world.bearer(), "hush-a7");
}

#[test]
fn record_without_revision_is_ordered_by_the_servers_clock() {
    let access = |iat: i64| jwt(&format!(r#"{{"sub":"ann","aud":"id","iat":{iat}}}"#));
    for (stored, expected) in [
        (access(1_700_000_000), &["save hush-r3", "present hush-r3", "save hush-r9"][..]),
        (access(1_900_000_000), &[][..]),
        ("opaque".to_owned(), &[][..]),
    ] {
        let mut world = World::loaded();
        let answer = format!(
            r#"{{"access_token":"{}","refresh_token":"hush-r3","expires_in":3600}}"#,
            access(1_800_000_000)
        );
        refreshed(&world, &mut Some(world.pair(1)), &status(200, &answer));
        world.pass(11);
        let mut stored = Tokens::new(stored, "hush-r7");
        stored.issued_at = Some(world.wall - jiff::SignedDuration::from_hours(9)); // not used for the order
        assert_eq!(refresh(&world, &stored), expected);
    }
}

#[test]
fn newer_pair_that_cannot_be_resaved_is_not_exchanged() {
    let (world, older, _) = rotated();
    let (task, call) = token_task(world.answered(status(401, "")));
    let step = load(lock(task.start(world.now()), world.now()), Ok(Some(older)), world.now());
    let (_, saving) = save(step);
    let outcome = release(saving.resume(Err(StoreError::new("read only")), world.now()), world.now());
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert_eq!(world.bearer(), "hush-a3");
}

#[test]
fn pending_pair_is_saved_over_an_older_record() {
    let (world, older, newer) = rotated();
    let (exchanging, _call) = world.exchanging(&newer);
    let (_, saving) = save(exchanging.resume(Ok(minted(4)), world.now()));
    release(saving.resume(Err(StoreError::new("gone")), world.now()), world.now()).unwrap_err();
    let (flush, _call) = token_task(world.call());
    let mut store = Some(older);
    world.drive(flush.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().access_token.expose(), "hush-a4");
    assert_eq!(world.bearer(), "hush-a4");
}

#[test]
fn pending_pair_gives_way_to_a_later_sign_in() {
    let (world, _, newer) = rotated();
    let (exchanging, _call) = world.exchanging(&newer);
    let (_, saving) = save(exchanging.resume(Ok(minted(4)), world.now()));
    release(saving.resume(Err(StoreError::new("gone")), world.now()), world.now()).unwrap_err();
    let other = World::with(|config| config.seed = [8; 32].into());
    let mut store = None;
    let signed_in = other.session.import(other.pair(8), other.now());
    other.drive(signed_in, &mut store, |_| unreachable!()).0.unwrap();
    let (flush, _call) = token_task(world.call());
    world.drive(flush.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(world.bearer(), "hush-a8");
}

#[test]
fn refused_pair_does_not_give_way_to_an_older_record() {
    let (world, older, newer) = rotated();
    let (exchanging, _call) = world.exchanging(&newer);
    let step = load(exchanging.resume(Ok(refused()), world.now()), Ok(Some(older.clone())), world.now());
    let error = release(deleting(step).resume(Ok(Written::Durable), world.now()), world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
    // The record reappears in the store, but does not restore the session.
    let (absent, _call) = token_task(world.call());
    done(load(absent.start(world.now()), Ok(Some(older)), world.now())).unwrap_err();
}

#[test]
fn older_record_does_not_undo_a_sign_out() {
    let (world, older, newer) = rotated();
    let mut store = Some(older.clone());
    let (_, requests) = world.drive(world.sign_out(), &mut store, |_| Ok(status(200, "")));
    assert!(requests[0].contains("hush-r3"), "the newest pair is revoked: {requests:?}");
    let mut pending_elsewhere = newer.clone();
    pending_elsewhere.access_token = "hush-a4".into();
    pending_elsewhere.revision.as_mut().unwrap().number += 1;
    for again in [1, 2] {
        for stored in [&older, &newer, &pending_elsewhere] {
            let (absent, _call) = token_task(world.call());
            let outcome = done(load(absent.start(world.now()), Ok(Some(stored.clone())), world.now()));
            assert!(outcome.is_err(), "{again}: {stored:?}");
        }
        // A second sign-out, which finds no record, does not undo the first.
        world.drive(world.sign_out(), &mut None, |_| unreachable!()).0.unwrap();
    }
}

#[test]
fn later_sign_in_with_shorter_lifetime_wins() {
    let sign_in = |world: &World, n: u32, lifetime: i64| {
        let exp = world.wall.as_second() + lifetime;
        let access = jwt(&format!(r#"{{"sub":"ann","aud":"id","exp":{exp}}}"#));
        let answer = format!(
            r#"{{"access_token":"{access}","refresh_token":"hush-r{n}","token_type":"Bearer","expires_in":{lifetime}}}"#
        );
        let (_, next) = exchange(world.session.exchange(&AuthorizationCode::new("c0de"), world.now()));
        next.resume(Ok(status(200, &answer)), world.now())
    };
    let mut world = World::default();
    let mut store = None;
    world.drive(sign_in(&world, 1, 86_400), &mut store, |_| unreachable!()).0.unwrap();
    world.pass(60);
    // Only the first process has the first sign-in in memory.
    let other = World { session: Session::new(world.session.app().clone(), "ann"), ..World::default() };
    let mut copy = store.clone();
    for (world, store) in [(&world, &mut store), (&World { wall: world.wall, ..other }, &mut copy)] {
        world.drive(sign_in(world, 2, 3600), store, |_| unreachable!()).0.unwrap();
        assert_eq!(store.as_ref().unwrap().refresh_token.as_ref().unwrap().expose(), "hush-r2");
        assert_eq!(world.session.tokens().unwrap().refresh_token.unwrap().expose(), "hush-r2");
    }
}

#[test]
fn import_replaces_newer_tokens() {
    let (world, _, newer) = rotated();
    let old = Tokens::new(jwt(r#"{"sub":"ann","aud":"id","iat":1}"#), "hush-r8");
    let mut store = Some(newer);
    world.drive(world.session.import(old, world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().refresh_token.unwrap().expose(), "hush-r8");
}
