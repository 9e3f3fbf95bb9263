//! Sign-ins: which tokens are accepted, and how sign-ins and refreshes affect each other.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, *};
use support::*;

const OURS: &str = r#"{"sub":"ann","aud":"id"}"#;

fn started(world: &World) -> PendingSignIn {
    SignIn::new("ann").scope(types::Scope::Read).start(world.session.app(), world.now()).unwrap()
}

/// The callback of a successful sign-in.
fn callback(sign_in: &PendingSignIn) -> Callback {
    let state = field(sign_in.url(), "state").unwrap();
    Callback::parse(&format!("?code=c0de&state={state}")).unwrap()
}

fn tokens_for(payload: &str) -> Response {
    status(
        200,
        &format!(r#"{{"access_token":"{}","refresh_token":"hush-r5","token_type":"bearer"}}"#, jwt(payload)),
    )
}

/// Runs a sign-in up to the end of its exchange. Returns the task that saves the tokens.
fn exchanged(world: &World) -> TokenTask {
    let sign_in = started(world);
    let callback = callback(&sign_in);
    let (code, exchanging) = exchange(sign_in.finish(&world.session, &callback, world.now()));
    assert_eq!(code, "c0de");
    queue(exchanging.resume(Ok(tokens_for(OURS)), world.now()))
}

#[track_caller]
fn fault(outcome: Result<(), Error>, expected: SignInFault) {
    let error = outcome.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SignIn(fault) if *fault == expected), "{error:?}");
}

#[track_caller]
fn refused_with(world: &World, sign_in: PendingSignIn, query: &str, expected: SignInFault) {
    let callback = Callback::parse(query).unwrap();
    fault(done(sign_in.finish(&world.session, &callback, world.now())), expected);
}

#[test]
fn byte_order_mark_before_the_tokens_is_skipped() {
    let world = World::default();
    let sign_in = started(&world);
    let callback = callback(&sign_in);
    let (_, exchanging) = exchange(sign_in.finish(&world.session, &callback, world.now()));
    let mut answer = tokens_for(OURS);
    let marked = [b"\xef\xbb\xbf", &answer.body()[..]].concat();
    *answer.body_mut() = marked.into();
    let task = queue(exchanging.resume(Ok(answer), world.now()));
    let step = load(lock(task.start(world.now()), world.now()), Ok(None), world.now());
    assert_eq!(save(step).0.access_token.expose(), jwt(OURS));
}

#[test]
fn sign_in_is_saved_and_then_used() {
    let world = World::default();
    let step = load(lock(exchanged(&world).start(world.now()), world.now()), Ok(None), world.now());
    let (tokens, saving) = save(step);
    assert_eq!(tokens.scope, Some(types::Scope::Read), "the requested scope, since the response has none");
    assert!(world.session.has_pending());
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    assert_eq!(world.bearer(), jwt(OURS));
}

#[test]
fn tokens_of_another_user_or_client_are_refused() {
    for (payload, expected) in [
        (r#"{"sub":"bob","aud":"id"}"#, SignInFault::WrongUser),
        (r#"{"sub":"ann","aud":"other"}"#, SignInFault::WrongClient),
        (r#"{"sub":"ann","aud":["x","y"]}"#, SignInFault::WrongClient),
        (r#"{"sub":["ann"],"aud":"id"}"#, SignInFault::WrongUser),
        (r#"{"aud":"id"}"#, SignInFault::WrongUser),
        (r#"{"sub":"ann"}"#, SignInFault::WrongClient),
    ] {
        let world = World::default();
        let sign_in = started(&world);
        let callback = callback(&sign_in);
        let (_, exchanging) = exchange(sign_in.finish(&world.session, &callback, world.now()));
        fault(done(exchanging.resume(Ok(tokens_for(payload)), world.now())), expected);
        assert!(!world.session.has_pending());
    }
}

#[test]
fn callback_with_wrong_state_is_refused() {
    let world = World::default();
    for query in ["code=c", "code=c&state=", "code=c&state=guess", "error=access_denied&state=guess"] {
        refused_with(&world, started(&world), query, SignInFault::State);
    }
    let sign_in = started(&world);
    let other = format!("code=c&state={}", field(started(&world).url(), "state").unwrap());
    refused_with(&world, sign_in, &other, SignInFault::State);
}

#[test]
fn error_callback_returns_the_server_error() {
    let world = World::default();
    let sign_in = started(&world);
    let state = field(sign_in.url(), "state").unwrap();
    let query = format!("error=access_denied&error_description=No+thanks&code=c&state={state}");
    let callback = Callback::parse(&query).unwrap();
    let error = done(sign_in.finish(&world.session, &callback, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SignIn(SignInFault::Denied)));
    assert_eq!((error.message(), error.server_code()), (Some("No thanks"), Some("access_denied")));
    let sign_in = started(&world);
    let query = format!("code=&state={}", field(sign_in.url(), "state").unwrap());
    refused_with(&world, sign_in, &query, SignInFault::Callback);
}

#[test]
fn sign_in_expires_after_ten_minutes_of_either_clock_direction() {
    for jump in [601, -601, 1 << 33] {
        let mut world = World::default();
        let sign_in = started(&world);
        let query = format!("code=c&state={}", field(sign_in.url(), "state").unwrap());
        assert!(!sign_in.is_expired(world.now().wall));
        world.jump(jump);
        assert!(sign_in.is_expired(world.now().wall));
        refused_with(&world, sign_in, &query, SignInFault::Expired);
    }
    let mut world = World::default();
    let sign_in = started(&world);
    let callback = callback(&sign_in);
    world.pass(600);
    exchange(sign_in.finish(&world.session, &callback, world.now()));
}

#[test]
fn callback_is_parsed_from_query_path_or_url() {
    let world = World::default();
    for form in [
        "code=a?b/c&state=S",
        "?code=a?b/c&state=S",
        "https://app.example/callback?code=a?b/c&state=S",
        "/callback;v=1?code=a?b/c&state=S#_=_",
        "  code=a%3Fb%2Fc&state=S\n",
    ] {
        let sign_in = started(&world);
        let query = form.replace('S', &field(sign_in.url(), "state").unwrap());
        let callback = Callback::parse(&query).unwrap();
        let (code, _) = exchange(sign_in.finish(&world.session, &callback, world.now()));
        assert_eq!(code, "a?b/c", "{form}");
    }
    for twice in ["code=a&code=b", "state=a&state=a", "error=a&error=b", "?code=&code="] {
        fault(Callback::parse(twice).map(|_| ()), SignInFault::Callback);
    }
    for odd in ["", "?", "#", "%", "%ff%fe=%", "code", "\u{0}", "&&==&", "code=%E0%A4%A"] {
        Callback::parse(odd).unwrap();
    }
}

#[test]
fn sign_in_cannot_finish_in_another_users_session() {
    let world = World::default();
    let sign_in = SignIn::new("bob").start(world.session.app(), world.now()).unwrap();
    let callback = callback(&sign_in);
    let error = done(sign_in.finish(&world.session, &callback, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration));
}

#[test]
fn sign_in_cannot_finish_in_another_application() {
    let edits: [fn(&mut Config); 2] = [
        |config| config.client_id = "other".to_owned(),
        |config| config.base_url = Some("https://other.example/api".to_owned()),
    ];
    for edit in edits {
        let sign_in = started(&World::default());
        let callback = callback(&sign_in);
        let other = World::with(edit);
        fault(done(sign_in.finish(&other.session, &callback, other.now())), SignInFault::WrongClient);
    }
}

#[test]
fn code_exchange_sends_the_redirect_uri_of_the_sign_in() {
    let world = World::default();
    let sign_in = started(&world);
    let asked = field(sign_in.url(), "redirect_uri").unwrap();
    assert_eq!(asked, "https://app.example/callback");
    let callback = callback(&sign_in);
    let step = sign_in.finish(&world.session, &callback, world.now());
    let RefreshStep::Send(request, _) = step else { panic!("no exchange") };
    let sent = field(std::str::from_utf8(request.body()).unwrap(), "redirect_uri");
    assert_eq!(sent, Some(asked));
}

#[test]
fn lost_code_exchange_stores_nothing() {
    let world = World::default();
    let sign_in = started(&world);
    let callback = callback(&sign_in);
    let (_, exchanging) = exchange(sign_in.finish(&world.session, &callback, world.now()));
    let error = done(exchanging.resume(Err(lost()), world.now())).unwrap_err();
    assert!(error.may_have_happened());
    assert!(!world.session.has_pending() && world.session.is_clean());
}

#[test]
fn unsaved_sign_in_is_saved_by_the_next_call() {
    let world = World::loaded();
    let error = done(locking(exchanged(&world).start(world.now())).1.resume(
        Err(StoreError::new("busy")),
        world.now(),
        world.now(),
    ))
    .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore));
    let (refresh, call) = token_task(world.call());
    let mut store = Some(world.pair(3));
    let (outcome, _) = world.drive(refresh.start(world.now()), &mut store, |_| unreachable!());
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), jwt(OURS));
    assert_eq!(store.unwrap().refresh_token.unwrap().expose(), "hush-r5");
}

#[test]
fn sign_in_during_exchange_discards_the_exchanged_pair() {
    for answer in [Ok(minted(2)), Ok(refused()), Err(lost()), Ok(status(503, ""))] {
        let world = World::loaded();
        let (exchanging, _call) = world.exchanging(&world.pair(1));
        let signing_in = exchanged(&world);
        let mut store = Some(world.pair(1));
        let _ = world.drive(exchanging.resume(answer, world.now()), &mut store, |_| unreachable!());
        world.drive(signing_in.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
        assert_eq!(world.bearer(), jwt(OURS));
        assert_eq!(store.unwrap().refresh_token.unwrap().expose(), "hush-r5");
        assert!(world.session.is_clean());
    }
}

#[test]
fn sign_in_during_save_does_not_exchange_the_old_pair_twice() {
    let mut world = World::loaded();
    let stored = world.pair(1);
    world.pass(2 * HOUR);
    let (leader, _call) = token_task(world.call());
    let step = load(lock(leader.start(world.now()), world.now()), Ok(Some(stored)), world.now());
    let (_, saving) = save(exchange(step).1.resume(Ok(minted(2)), world.now()));
    let signing_in = exchanged(&world);
    release(saving.resume(Ok(Written::Durable), world.now()), world.now()).unwrap();
    let mut store = Some(world.pair(2));
    world.drive(signing_in.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(world.bearer(), jwt(OURS));
}

#[test]
fn sign_in_before_the_leader_locks_replaces_its_refresh() {
    let world = World::loaded();
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (_, waiting) = locking(leader.start(world.now()));
    let mut store = Some(world.pair(1));
    world.drive(exchanged(&world).start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    let (outcome, presented) =
        world.drive(waiting.resume(Ok(true), world.now(), world.now()), &mut store, |_| unreachable!());
    assert!(presented.is_empty());
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), jwt(OURS));
}

#[test]
fn sign_in_holding_the_lock_replaces_the_next_refresh() {
    let world = World::loaded();
    let (leader, call) = token_task(world.answered(status(401, "")));
    let signing_in = exchanged(&world);
    let (_, waiting) = locking(leader.start(world.now()));
    let mut store = Some(world.pair(1));
    world.drive(signing_in.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    let (outcome, presented) =
        world.drive(waiting.resume(Ok(true), world.now(), world.now()), &mut store, |_| Ok(minted(9)));
    assert!(presented.is_empty(), "the new pair needs no exchange");
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), jwt(OURS));
}

#[test]
fn leader_saves_pending_sign_in_and_exchanges_it_if_expired() {
    for (waits, expected) in [(0, &[][..]), (2 * HOUR, &["hush-r6"][..])] {
        let mut world = World::with(|config| config.timeout = secs(3 * HOUR)).holding(1);
        let mut store = Some(world.pair(1));
        let (leader, _call) = token_task(world.answered(status(401, "")));
        let _signing_in = queue(world.session.import(world.pair(6), world.now()));
        world.pass(waits);
        let (outcome, presented) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(7)));
        outcome.unwrap();
        assert_eq!(presented, expected);
        let latest = if waits == 0 { "hush-a6" } else { "hush-a7" };
        assert_eq!((world.bearer().as_str(), store.unwrap().access_token.expose()), (latest, latest));
    }
}

#[test]
fn call_saves_pending_sign_in_while_a_leader_loads() {
    let world = World::default();
    let (absent, _call) = token_task(world.call());
    let reading = loading(absent.start(world.now()));
    drop(exchanged(&world));
    let (refresh, call) = token_task(world.call());
    done(reading.resume(Ok(None), world.now())).unwrap();
    let (outcome, _) = world.drive(refresh.start(world.now()), &mut None, |_| unreachable!());
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), jwt(OURS));
}

#[test]
fn call_without_tokens_saves_a_pending_sign_in() {
    let world = World::default();
    let (first, _first) = token_task(world.call());
    let (second, _second) = token_task(world.call());
    let reading = loading(first.start(world.now()));
    let save = exchanged(&world);
    done(reading.resume(Ok(None), world.now())).unwrap();
    let mut store = None;
    world.drive(second.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().refresh_token.unwrap().expose(), "hush-r5");
    done(save.start(world.now())).unwrap();
    assert_eq!(world.bearer(), jwt(OURS));
}

#[test]
fn record_loaded_before_a_sign_in_is_ignored_after_it() {
    for read in [false, true] {
        let world = World::default();
        let (absent, call) = token_task(world.call());
        let reading = loading(absent.start(world.now()));
        let before = read.then(|| world.pair(1));
        let mut store = before.clone();
        world.drive(exchanged(&world).start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
        let outcome = done(reading.resume(Ok(before), world.now()));
        assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), jwt(OURS));
    }
}

#[test]
fn later_of_two_sign_ins_wins() {
    for later_first in [true, false] {
        let world = World::default();
        let first = exchanged(&world);
        let later = world.pair(6);
        let second = queue(world.session.import(later, world.now()));
        let mut store = None;
        for task in if later_first { [second, first] } else { [first, second] } {
            world.drive(task.start(world.now()), &mut store, |_| unreachable!()).0.unwrap();
            assert_eq!(
                store.as_ref().unwrap().access_token.expose(),
                "hush-a6",
                "the first save stores the pair of the later sign-in"
            );
        }
        assert!(!world.session.has_pending());
    }
}

#[test]
fn debug_output_shows_neither_state_nor_code() {
    let world = World::default();
    let sign_in = started(&world);
    let state = field(sign_in.url(), "state").unwrap();
    let shown = format!("{sign_in:?} {:?} {:?}", callback(&sign_in), world.session);
    assert!(!shown.contains(&state) && !shown.contains("c0de"), "{shown}");
}

#[test]
fn import_refuses_tokens_of_another_user() {
    let world = World::default();
    let theirs = Tokens::new(jwt(r#"{"sub":"bob","aud":"id"}"#), "hush-r9");
    fault(done(world.session.import(theirs, world.now())), SignInFault::WrongUser);
    assert!(!world.session.has_pending());
    queue(world.session.import(Tokens::new(jwt(OURS), "hush-r9"), world.now()));
    assert!(world.session.has_pending());
}

#[test]
fn sign_in_with_uncertain_save_gives_way_to_its_rotated_pair() {
    let mut world = World::default();
    let before = world.pair(1);
    let late = exchanged(&world);
    // A call saves the new pair before the sign-in does. The process does not know whether the save
    // succeeded.
    let (refresh, _call) = token_task(world.call());
    let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(before)), world.now());
    let (_, saving) = save(step);
    release(saving.resume(Err(StoreError::new("cut off")), world.now()), world.now()).unwrap_err();
    // The save succeeded, and another process has rotated the pair since.
    world.pass(1);
    let after = world.pair(9);
    let error = done(late.start(world.now())).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::TokenStore),
        "the sign-in shares the error of the first save: {error:?}"
    );
    let (refresh, _call) = token_task(world.call());
    let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(after)), world.now());
    release(step, world.now()).unwrap();
    assert_eq!(world.bearer(), "hush-a9");
}

#[test]
fn sign_in_over_unreadable_record_replaces_only_older_records() {
    for rotated_after in [None, Some(0), Some(1)] {
        let mut world = World::default();
        let mut stored = world.pair(1);
        world.pass(60);
        let unreadable = Err(StoreError::new("not JSON"));
        let step = load(lock(exchanged(&world).start(world.now()), world.now()), unreadable, world.now());
        let (signed_in, saving) = save(step);
        release(saving.resume(Err(StoreError::new("cut off")), world.now()), world.now()).unwrap_err();
        if let Some(seconds) = rotated_after {
            world.pass(seconds);
            stored = world.pair(9);
            stored.revision.clone_from(&signed_in.revision);
            stored.revision.as_mut().unwrap().number += 1;
        }
        let (refresh, _call) = token_task(world.call());
        let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(stored)), world.now());
        if rotated_after.is_some() {
            release(step, world.now()).unwrap();
            assert_eq!(world.bearer(), "hush-a9");
        } else {
            assert_eq!(save(step).0.access_token, signed_in.access_token);
        }
    }
}

#[test]
fn sign_in_with_uncertain_save_keeps_an_unreadable_record() {
    let world = World::default();
    let before = world.pair(1);
    let late = exchanged(&world);
    let cut_off = || Err(StoreError::new("cut off"));
    let (refresh, _call) = token_task(world.call());
    let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(before)), world.now());
    release(save(step).1.resume(cut_off(), world.now()), world.now()).unwrap_err();
    done(late.start(world.now())).unwrap_err();
    let unreadable = Err(StoreError::new("not JSON"));
    let (refresh, _call) = token_task(world.call());
    let step = load(lock(refresh.start(world.now()), world.now()), unreadable, world.now());
    let error = release(step, world.now()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore));
    assert!(world.session.has_pending(), "the next call saves the pair");
    // Another process, whose clock is slow, has rotated the new pair.
    let mut theirs = world.pair(9);
    theirs.issued_at = theirs.issued_at.map(|at| at - jiff::SignedDuration::from_secs(60));
    let (refresh, _call) = token_task(world.call());
    let step = load(lock(refresh.start(world.now()), world.now()), Ok(Some(theirs)), world.now());
    release(step, world.now()).unwrap();
    assert_eq!(world.bearer(), "hush-a9");
}
