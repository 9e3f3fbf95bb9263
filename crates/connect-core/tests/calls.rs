//! Calls: retries, deadlines, and the meaning of a 401.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use connect_core::{machine::*, types::*, *};
use support::*;

fn create(world: &World) -> Step {
    let new = NewEvent::new((Provider::Google, "c"), "Stand-up", world.wall, world.wall);
    Call::start(&world.session, &new, world.now())
}

fn delete(world: &World) -> Step {
    Call::start(&world.session, &DeleteEvent::new(Provider::Google, "c", "e"), world.now())
}

#[test]
fn call_without_a_user_is_not_sent() {
    let world = World::default();
    let nobody = Session::new(world.session.app().clone(), "");
    let error = response(Call::start(&nobody, &ListCalendars::new(), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
    let error = response(Call::anonymous(nobody.app(), &ListCalendars::new(), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
}

#[test]
fn permission_denied_starts_no_refresh() {
    let challenge = with_header(
        status(401, ""),
        "www-authenticate",
        r#"Bearer realm="api", error="insufficient_scope", scope="read-write""#,
    );
    let message =
        status(401, r#"{"error":"Unauthorized","message":"Write access denied for current scope"}"#);
    let withheld = status(
        403,
        r#"{"error":"Forbidden","code":"calendar_permission_required","accounts":[{"provider":"google","account":"a"}]}"#,
    );
    for answer in [challenge, message, withheld, status(403, r#"{"error":"Forbidden"}"#)] {
        let world = World::loaded();
        let error = response(send(create(&world)).1.resume(Ok(answer), world.now())).unwrap_err();
        let ErrorKind::Permission { accounts, .. } = error.kind() else { panic!("{error:?}") };
        let code = if accounts.is_empty() { "AUTHENTICATION_ERROR" } else { "CALENDAR_PERMISSION_REQUIRED" };
        assert_eq!(error.code(), code);
    }
}

#[test]
fn read_with_a_lost_response_has_not_happened() {
    for (is_read, may_have_happened) in [(true, false), (false, true)] {
        let world = World::loaded();
        let step = if is_read { world.call() } else { create(&world) };
        let lost = TransportError::new(TransportErrorKind::Configuration, Sent::Maybe, "lost");
        let error = response(send(step).1.resume(Err(lost), world.now())).unwrap_err();
        assert_eq!(error.may_have_happened(), may_have_happened, "{error:?}");
    }
}

#[test]
fn insufficient_scope_turns_401_into_permission_denied() {
    let world = World::default();
    world.load(world.pair(1).with_scope(Scope::Read));
    let error = response(send(create(&world)).1.resume(Ok(status(401, "")), world.now())).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Permission { needed: Some(Scope::ReadWrite), .. }),
        "{error:?}"
    );
    // A read needs only the scope `read`, so it refreshes after the 401.
    token_task(world.answered(status(401, "")));
}

#[test]
fn expired_token_401_with_message_starts_a_refresh() {
    for body in
        ["", "x", r#"{"error":"Unauthorized","message":"Token expired"}"#, r#"{"error":"invalid_token"}"#]
    {
        let world = World::loaded();
        let answer = with_header(status(401, body), "www-authenticate", r#"Bearer error="invalid_token""#);
        token_task(world.answered(answer));
    }
}

#[test]
fn call_refreshes_once_after_401() {
    let world = World::loaded();
    let (leader, call) = token_task(world.answered(status(401, "")));
    let mut store = Some(world.pair(1));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(2)));
    let (_, sending) = send(call.resume(outcome, world.now()));
    world.prove();
    let error = response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
    assert_eq!(error.attempts(), 2);
}

#[test]
fn call_with_tokens_of_other_process_may_still_refresh_once() {
    let mut world = World::loaded();
    let mut store = Some(world.pair(2));
    world.pass(60);
    let (leader, call) = token_task(world.answered(status(401, "")));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| unreachable!());
    let (_, sending) = send(call.resume(outcome, world.now()));
    let (leader, call) = token_task(sending.resume(Ok(status(401, "")), world.now()));
    let (outcome, presented) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(3)));
    assert_eq!(presented, ["hush-r2"]);
    let (_, sending) = send(call.resume(outcome, world.now()));
    let error = response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
    assert_eq!(error.attempts(), 3, "no further retry");
}

#[test]
fn call_with_every_pair_refused_ends() {
    let mut world = World::with(|config| config.timeout = secs(60)).holding(1);
    let mut store = Some(world.pair(1));
    let (_, mut sending) = send(world.call());
    for generation in 2..5 {
        world.pass(11);
        world.refresh_to(generation, &mut store); // another call refreshes
        sending = send(sending.resume(Ok(status(401, "")), world.now())).1;
    }
    world.pass(11);
    world.refresh_to(5, &mut store);
    let error = response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
    assert_eq!(error.attempts(), 4);
}

#[test]
fn refresh_does_not_count_as_a_retry() {
    let world = World::with(|config| config.retry = RetryPolicy::attempts(2)).holding(1);
    let (leader, call) = token_task(world.answered(status(401, "")));
    let mut store = Some(world.pair(1));
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(2)));
    let (_, sending) = send(call.resume(outcome, world.now()));
    let (_, sleeping) = sleep(sending.resume(Ok(status(503, "")), world.now()));
    let (_, sending) = send(sleeping.resume(world.now()));
    let answer = response(sending.resume(Ok(status(200, "[]")), world.now())).unwrap();
    assert_eq!(answer.extensions().get::<Attempts>(), Some(&Attempts(3)));
}

#[test]
fn retry_after_a_sleep_uses_the_current_token() {
    let world = World::loaded();
    let (_, sleeping) = sleep(world.answered(status(503, "")));
    world.refresh_to(2, &mut Some(world.pair(1)));
    assert_eq!(bearer(&send(sleeping.resume(world.now())).0), "hush-a2");
}

#[test]
fn create_is_retried_only_if_it_was_not_processed() {
    let world = World::loaded();
    for outcome in [Err(unreachable()), Ok(status(429, ""))] {
        sleep(send(create(&world)).1.resume(outcome, world.now()));
    }
    for outcome in [Err(lost()), Ok(status(503, "")), Ok(status(500, ""))] {
        let error = response(send(create(&world)).1.resume(outcome, world.now())).unwrap_err();
        assert!(error.may_have_happened());
        assert_eq!(error.attempts(), 1);
    }
}

#[test]
fn delete_of_this_and_following_is_not_retried() {
    let world = World::loaded();
    let following = DeleteEvent::new(Provider::Google, "c", "e").recurring_event_id("s").this_and_following();
    let (_, sending) = send(Call::start(&world.session, &following, world.now()));
    response(sending.resume(Err(lost()), world.now())).unwrap_err();
}

#[test]
fn not_found_after_a_lost_delete_response_is_success() {
    for first in [Err(lost()), Ok(status(502, ""))] {
        let world = World::loaded();
        let (_, sleeping) = sleep(send(delete(&world)).1.resume(first, world.now()));
        let (_, sending) = send(sleeping.resume(world.now()));
        let answer = response(sending.resume(Ok(status(404, "")), world.now())).unwrap();
        assert_eq!(answer.status(), 204);
    }
    for first in [Err(unreachable()), Ok(status(429, ""))] {
        let world = World::loaded();
        let (_, sleeping) = sleep(send(delete(&world)).1.resume(first, world.now()));
        let (_, sending) = send(sleeping.resume(world.now()));
        let error = response(sending.resume(Ok(status(404, "")), world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotFound), "the event never existed");
    }
}

#[test]
fn deadline_covers_attempts_and_waits() {
    let mut world = World::loaded();
    let (request, sending) = send(world.call());
    assert_eq!(request.extensions().get::<Timeout>().unwrap().0, secs(30), "the attempt timeout");
    world.pass(45);
    let (pause, sleeping) = sleep(sending.resume(Err(lost()), world.now()));
    assert!(pause < secs(15));
    let (request, sending) = send(sleeping.resume(world.now()));
    assert_eq!(request.extensions().get::<Timeout>().unwrap().0, secs(15), "the time left for the call");
    world.pass(15);
    let error = response(sending.resume(Err(lost()), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Network { .. }), "the last failure is returned");
    assert_eq!(error.attempts(), 2);
}

#[test]
fn deadline_ignores_the_wall_clock() {
    let mut world = World::loaded();
    let (ahead, back) = (send(world.call()).1, send(world.call()).1);
    world.jump(86_400);
    sleep(ahead.resume(Err(lost()), world.now()));
    world.jump(-2 * 86_400);
    world.monotonic += secs(61);
    response(back.resume(Err(lost()), world.now())).unwrap_err();
}

#[test]
fn refresh_longer_than_the_call_keeps_the_new_pair() {
    let mut world = World::loaded();
    let (leader, call) = token_task(world.answered(status(401, "")));
    assert_eq!(leader.deadline(), world.monotonic + secs(60));
    let mut store = Some(world.pair(1));
    world.pass(61);
    let (outcome, _) = world.drive(leader.start(world.now()), &mut store, |_| Ok(minted(2)));
    let error = response(call.resume(outcome, world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout));
    assert_eq!(world.bearer(), "hush-a2");
}

#[test]
fn waiting_too_long_for_the_gate_is_a_timeout() {
    let mut world = World::loaded();
    let (waiter, call) = token_task(world.answered(status(401, "")));
    world.pass(60);
    let error = response(call.resume(Err(waiter.timed_out()), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout));
}
