//! One call: what is sent again, what is waited for, what a 401 means.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // machines are given up half-way on purpose

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
fn a_call_in_the_name_of_nobody_is_not_sent() {
    let world = World::default();
    let nobody = Session::new(world.session.app().clone(), "");
    let error = response(Call::start(&nobody, &ListCalendars::new(), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
    let error = response(Call::anonymous(nobody.app(), &ListCalendars::new(), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
}

#[test]
fn a_denial_costs_no_refresh() {
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
        assert!(matches!(error.kind(), ErrorKind::Permission { .. }), "{error:?}");
        assert_eq!(error.code(), "AUTHENTICATION_ERROR");
    }
}

#[test]
fn a_scope_too_small_turns_any_401_into_a_denial() {
    let world = World::default();
    world.load(world.pair(1).with_scope(Scope::Read));
    let error = response(send(create(&world)).1.resume(Ok(status(401, "")), world.now())).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Permission { needed: Some(Scope::ReadWrite), .. }),
        "{error:?}"
    );
    token_task(world.answered(status(401, ""))); // a read is within it
}

#[test]
fn a_401_of_an_expired_token_may_carry_a_message_and_refreshes() {
    for body in
        ["", "x", r#"{"error":"Unauthorized","message":"Token expired"}"#, r#"{"error":"invalid_token"}"#]
    {
        let world = World::loaded();
        let answer = with_header(status(401, body), "www-authenticate", r#"Bearer error="invalid_token""#);
        token_task(world.answered(answer));
    }
}

#[test]
fn a_call_refreshes_once_for_a_401() {
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
fn a_call_that_took_the_pair_of_another_process_may_still_refresh_once() {
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
    assert_eq!(error.attempts(), 3, "and that is the end of it");
}

#[test]
fn a_server_that_refuses_every_pair_is_not_asked_for_ever() {
    let mut world = World::with(|config| config.timeout = secs(60)).holding(1);
    let mut store = Some(world.pair(1));
    let (_, mut sending) = send(world.call());
    for generation in 2..5 {
        world.pass(11);
        world.refresh_to(generation, &mut store); // by another call
        sending = send(sending.resume(Ok(status(401, "")), world.now())).1;
    }
    world.pass(11);
    world.refresh_to(5, &mut store);
    let error = response(sending.resume(Ok(status(401, "")), world.now())).unwrap_err();
    assert_eq!(error.attempts(), 4);
}

#[test]
fn a_refresh_leaves_the_retries_of_the_call_alone() {
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
fn the_token_is_read_again_after_a_sleep() {
    let world = World::loaded();
    let (_, sleeping) = sleep(world.answered(status(503, "")));
    world.refresh_to(2, &mut Some(world.pair(1)));
    assert_eq!(bearer(&send(sleeping.resume(world.now())).0), "hush-a2");
}

#[test]
fn a_create_is_sent_again_only_where_it_was_surely_not_processed() {
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
fn a_delete_of_this_and_following_happens_once() {
    let world = World::loaded();
    let following = DeleteEvent::new(Provider::Google, "c", "e").recurring_event_id("s").this_and_following();
    let (_, sending) = send(Call::start(&world.session, &following, world.now()));
    response(sending.resume(Err(lost()), world.now())).unwrap_err();
}

#[test]
fn a_404_after_a_delete_whose_answer_was_lost_is_a_success() {
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
        assert!(matches!(error.kind(), ErrorKind::NotFound), "it was never there");
    }
}

#[test]
fn one_deadline_covers_everything() {
    let mut world = World::loaded();
    let (request, sending) = send(world.call());
    assert_eq!(request.extensions().get::<Timeout>().unwrap().0, secs(30), "an attempt has its own time");
    world.pass(45);
    let (pause, sleeping) = sleep(sending.resume(Err(lost()), world.now()));
    assert!(pause < secs(15));
    let (request, sending) = send(sleeping.resume(world.now()));
    assert_eq!(request.extensions().get::<Timeout>().unwrap().0, secs(15), "or what is left");
    world.pass(15);
    let error = response(sending.resume(Err(lost()), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Network { .. }), "the last failure is what is told");
    assert_eq!(error.attempts(), 2);
}

#[test]
fn the_deadline_is_not_moved_by_the_wall_clock() {
    let mut world = World::loaded();
    let (ahead, back) = (send(world.call()).1, send(world.call()).1);
    world.jump(86_400);
    sleep(ahead.resume(Err(lost()), world.now()));
    world.jump(-2 * 86_400);
    world.monotonic += secs(61);
    response(back.resume(Err(lost()), world.now())).unwrap_err();
}

#[test]
fn a_refresh_that_outlasts_the_call_ends_the_call_but_keeps_the_pair() {
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
fn a_gate_that_did_not_open_in_time_is_a_timeout() {
    let mut world = World::loaded();
    let (waiter, call) = token_task(world.answered(status(401, "")));
    world.pass(60);
    let error = response(call.resume(Err(waiter.timed_out()), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout));
}
