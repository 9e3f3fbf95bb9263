//! Rate limits, failures and temporary refusals of the token endpoint must not end a sign-in.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use std::sync::{Arc, Mutex};

use connect_core::{machine::*, oauth::Profile, *};
use support::*;

fn invalid_grant(code: u16) -> Response {
    status(code, r#"{"error":"invalid_grant"}"#)
}

fn limited(code: u16, seconds: &str) -> Response {
    with_header(status(code, ""), "retry-after", seconds)
}

/// Refreshes with this response. Returns the error, the stored record, and the presented tokens.
fn answered(world: &World, answer: Response) -> (Error, Option<Tokens>, Vec<String>) {
    let mut store = Some(world.pair(1));
    let (task, _call) = token_task(world.answered(status(401, "")));
    let (outcome, presented) = world.drive(task.start(world.now()), &mut store, |_| Ok(answer.clone()));
    (outcome.unwrap_err(), store, presented)
}

#[test]
fn only_a_400_or_401_ends_a_sign_in() {
    for code in [403, 404, 408, 409, 422, 425, 429, 500, 502, 503, 504] {
        let world = World::loaded();
        let (error, store, _) = answered(&world, invalid_grant(code));
        assert!(!matches!(error.kind(), ErrorKind::Authentication), "{code}: {error:?}");
        assert!(store.is_some(), "{code}");
        assert_eq!(world.bearer(), "hush-a1", "{code}");
    }
    for code in [400, 401] {
        let world = World::loaded();
        let (error, store, _) = answered(&world, invalid_grant(code));
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{code}: {error:?}");
        assert!(store.is_none(), "{code}");
    }
}

#[test]
fn byte_order_mark_before_an_error_code_is_skipped() {
    let world = World::loaded();
    let (error, store, _) = answered(&world, status(400, "\u{feff}{\"error\":\"invalid_grant\"}"));
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
    assert_eq!((error.server_code(), store), (Some("invalid_grant"), None));
}

#[test]
fn status_429_is_a_rate_limit_with_any_error_code() {
    for code in ["invalid_grant", "invalid_client", "unauthorized_client", "temporarily_unavailable", "x", ""]
    {
        let world = World::loaded();
        let (error, store, _) = answered(&world, status(429, &format!(r#"{{"error":"{code}"}}"#)));
        assert!(matches!(error.kind(), ErrorKind::RateLimited), "{code}: {error:?}");
        assert!(!error.may_have_happened() && store.is_some(), "{code}");
    }
}

#[test]
fn cool_down_applies_to_all_exchanges_of_an_application() {
    for code in [429, 503] {
        let mut world = World::loaded();
        let (_, _, presented) = answered(&world, limited(code, "3600"));
        assert_eq!(presented, ["hush-r1"]);
        let bob = Session::new(world.session.app().clone(), "bob");
        let bob = World { session: bob, ..world }.holding(1);
        for _ in 0..30 {
            let (error, _, presented) = answered(&bob, minted(2));
            assert_eq!(presented, [""; 0], "nothing is sent");
            assert!(matches!(error.kind(), ErrorKind::RateLimited), "{error:?}");
            assert_eq!(error.retry_after(), Some(secs(3600)));
        }
        let app = bob.session.app();
        for grant in [Grant::AuthorizationCode(AuthorizationCode::new("c")), Grant::RefreshToken("r".into())]
        {
            assert!(matches!(grant.request(app, bob.now()).unwrap_err().kind(), ErrorKind::RateLimited));
        }
        let sign_in = done(bob.session.exchange(&AuthorizationCode::new("c"), bob.now())).unwrap_err();
        assert_eq!(sign_in.retry_after(), Some(secs(3600)));
        // A pair that another process has refreshed needs no exchange.
        let (task, _call) = token_task(bob.answered(status(401, "")));
        let (outcome, _) = bob.drive(task.start(bob.now()), &mut Some(bob.pair(5)), |_| unreachable!());
        outcome.unwrap();
        world = bob;
        world.pass(3600);
        let (expired, _call) = token_task(world.call());
        let mut store = world.session.tokens().ok();
        let (_, presented) = world.drive(expired.start(world.now()), &mut store, |_| Ok(minted(2)));
        assert_eq!(presented, ["hush-r5"]);
    }
}

#[test]
fn code_exchange_waits_out_a_short_cool_down() {
    let mut world = World::loaded();
    answered(&world, limited(429, "20"));
    let (wait, next) = resting(world.session.exchange(&AuthorizationCode::new("c0de"), world.now()));
    assert!((secs(20)..secs(22)).contains(&wait), "a little longer than `Retry-After`: {wait:?}");
    world.pass(22);
    let (code, _) = exchange(next.resume(world.now()));
    assert_eq!(code, "c0de");
}

/// Returns a user of a server with temporary refusals, and `may_recover` of each ended session.
fn recoverable() -> (World, Arc<Mutex<Vec<bool>>>) {
    let (world, told) = recoverable_unloaded();
    (world.holding(1), told)
}

fn recoverable_unloaded() -> (World, Arc<Mutex<Vec<bool>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let observed = told.clone();
    let world = World::with(|config| {
        let mut profile =
            Profile::new("https://login.example", "https://login.example/a", "https://login.example/t");
        std::mem::swap(&mut profile.final_errors, &mut profile.recoverable_errors);
        config.profile = Some(profile);
        config.base_url = Some("https://api.example".to_owned());
        config.observer = Some(Arc::new(move |ended: SessionEnded| {
            observed.lock().unwrap().push(ended.may_recover);
        }));
    });
    (world, told)
}

#[test]
fn recoverable_refusal_marks_the_record_and_fails_calls() {
    let (mut world, told) = recoverable();
    let refused =
        r#"{"error":"invalid_grant","error_description":"AADSTS50196: slow down","error_codes":[50196]}"#;
    let mut store = Some(world.pair(1));
    let mut refresh = |world: &World, answer: &Response| {
        let (task, _call) = token_task(world.answered(status(401, "")));
        world.drive(task.start(world.now()), &mut store, |_| Ok(answer.clone()))
    };
    let (outcome, presented) = refresh(&world, &status(400, refused));
    let error = outcome.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication) && presented.len() == 1, "{error:?}");
    for _ in 0..5 {
        world.pass(100);
        let (outcome, presented) = refresh(&world, &minted(2));
        assert_eq!(presented, [""; 0], "at most once in ten minutes");
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
        assert!(error.to_string().contains("AADSTS50196"), "{error}");
    }
    assert_eq!(*told.lock().unwrap(), [true], "the observer is called once");
    world.pass(100);
    let (outcome, presented) = refresh(&world, &minted(2));
    outcome.unwrap();
    assert_eq!(presented, ["hush-r1"]);
    assert_eq!(world.bearer(), "hush-a2");
    let store = store.unwrap();
    assert_eq!((store.refused, store.revision.unwrap().number), (None, 0));
}

#[test]
fn refusal_mark_applies_to_other_processes() {
    let (world, _) = recoverable();
    let mut store = Some(world.pair(1));
    let (task, _call) = token_task(world.answered(status(401, "")));
    world.drive(task.start(world.now()), &mut store, |_| Ok(invalid_grant(400))).0.unwrap_err();
    let (mut other, told) = recoverable();
    for (seconds, expected) in [(599, &[][..]), (1, &["hush-r1"][..])] {
        other.pass(seconds);
        let (task, _call) = token_task(other.answered(status(401, "")));
        let (_, presented) = other.drive(task.start(other.now()), &mut store, |_| Ok(invalid_grant(401)));
        assert_eq!(presented, expected);
    }
    assert_eq!(*told.lock().unwrap(), [true]);
    // A new sign-in removes the mark of the temporary refusal.
    other.drive(other.session.import(other.pair(6), other.now()), &mut store, |_| unreachable!()).0.unwrap();
    assert_eq!(store.unwrap().refused, None);
    assert_eq!(other.bearer(), "hush-a6");
}

#[test]
fn recoverable_refusal_keeps_a_working_access_token() {
    let (mut world, _) = recoverable();
    world.pass(HOUR - 40);
    let (early, call) = token_task(world.call());
    let mut stored = world.pair(1);
    stored.expires_at = Some(world.wall + jiff::SignedDuration::from_secs(40));
    stored.issued_at = Some(world.wall - jiff::SignedDuration::from_secs(3560));
    let (outcome, _) = world.drive(early.start(world.now()), &mut Some(stored), |_| Ok(invalid_grant(400)));
    assert_eq!(bearer(&send(call.resume(outcome, world.now())).0), "hush-a1");
}

#[test]
fn unsaved_refusal_mark_applies_in_its_process() {
    let (world, _) = recoverable();
    let (exchanging, _call) = world.exchanging(&world.pair(1));
    let step =
        load(exchanging.resume(Ok(invalid_grant(400)), world.now()), Ok(Some(world.pair(1))), world.now());
    let (marked, saving) = save(step);
    assert_eq!(marked.refused.as_ref().unwrap().at, world.wall);
    release(saving.resume(Err(StoreError::new("read only")), world.now()), world.now()).unwrap_err();
    assert!(!world.session.has_pending());
    let (task, _call) = token_task(world.answered(status(401, "")));
    let mut unmarked = Some(world.pair(1));
    let (outcome, presented) = world.drive(task.start(world.now()), &mut unmarked, |_| Ok(minted(2)));
    assert!(outcome.is_err());
    assert_eq!(presented, [""; 0]);
    // The session measures the time since the refusal with the monotonic clock. The session uses neither the
    // wall clock nor the time of an older mark in the store.
    let mut jumped = World { session: world.session.clone(), ..world };
    let mut older = marked;
    older.refused.as_mut().unwrap().at -= jiff::SignedDuration::from_secs(700);
    jumped.jump(-7200);
    let (task, _call) = token_task(jumped.answered(status(401, "")));
    let (_, presented) = jumped.drive(task.start(jumped.now()), &mut Some(older), |_| Ok(minted(2)));
    assert_eq!(presented, [""; 0]);
}

#[test]
fn recoverable_refusal_does_not_restore_an_earlier_sign_in() {
    let signed_in = |n, seconds| {
        let ((world, _), mut store) = (recoverable(), None);
        let importing = world.session.import(world.pair(n), world.now());
        world.drive(importing, &mut store, |_| unreachable!()).0.unwrap();
        let mut tokens = store.unwrap();
        let revision = tokens.revision.as_mut().unwrap();
        revision.sign_in = n.to_string();
        revision.signed_in_at = Some(world.wall - jiff::SignedDuration::from_secs(seconds));
        tokens
    };
    let (world, _) = recoverable_unloaded();
    world.load(signed_in(1, 0));
    let (exchanging, _call) = world.exchanging(&signed_in(1, 0));
    let refused = exchanging.resume(Ok(invalid_grant(400)), world.now());
    let (marked, _saving) = save(load(refused, Ok(Some(signed_in(2, 60))), world.now()));
    assert_eq!(marked.refresh_token, world.pair(1).refresh_token);
    assert!(marked.refused.is_some());
}
