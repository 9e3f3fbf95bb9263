//! Notifications about the application's own writes, polling, and the clock.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::hook::{self, meeting_of, take, triggered};
use connect_sandbox::Trigger;
use serde_json::json;
use std::time::Duration;

fn suppressed(app: &App) -> u64 {
    app.sandbox.stats().deliveries.suppressed
}

#[test]
fn own_write_is_suppressed_for_fast_providers() {
    for provider in ["google", "microsoft"] {
        let (mut app, token) = hook::app(&[]);
        app.create(&token, meeting_of(&app, provider));
        app.pass(600);
        assert!(take(&mut app, 200).is_empty());
        assert_eq!(suppressed(&app), 1);
        app.sandbox.set("echo_suppression", "off").unwrap();
        app.create(&token, meeting_of(&app, provider));
        app.pass(1);
        assert_eq!((take(&mut app, 200).len(), suppressed(&app)), (1, 1));
    }
}

/// The sandbox polls Apple and CalDAV every 300 seconds, counted from the start of the subscription.
#[test]
fn own_write_is_delivered_unless_poll_follows_soon() {
    for provider in ["apple", "caldav"] {
        for (seconds, heard) in [(10, true), (269, true), (270, false), (299, false), (300, true)] {
            let mut app = App::new(&[("webhook_url", hook::URL)]);
            let token = app.user().access;
            app.pass(seconds);
            take(&mut app, 200);
            app.create(&token, meeting_of(&app, provider));
            let until = 300 - seconds % 300;
            app.pass(until - 1);
            assert!(take(&mut app, 200).is_empty(), "{provider} {seconds}: before the poll");
            app.pass(1);
            assert_eq!(!take(&mut app, 200).is_empty(), heard, "{provider} {seconds}");
            assert_eq!(suppressed(&app), u64::from(!heard));
        }
    }
}

#[test]
fn user_change_is_delivered() {
    let (mut app, token) = hook::app(&[]);
    let own = app.create(&token, meeting_of(&app, "google"));
    triggered(&mut app, Trigger::updated().event(common::id(&own)).title("Changed by both"));
    let other = app.create(&token, meeting_of(&app, "google"));
    app.pass(1);
    let got = take(&mut app, 200);
    assert_eq!(got[0].body["metadata"]["eventCount"], 1);
    assert_eq!(got[0].body["events"][0]["title"], "Changed by both");
    assert_ne!(got[0].body["events"][0]["id"], other["id"]);
    assert_eq!(suppressed(&app), 1);
}

#[test]
fn poll_delivers_all_changes_together() {
    let (mut app, token) = hook::app(&[("echo_suppression", "off")]);
    for _ in 0..3 {
        app.create(&token, meeting_of(&app, "apple"));
        app.pass(20);
    }
    triggered(&mut app, Trigger::deleted().provider("apple"));
    app.pass(240);
    let got = take(&mut app, 200);
    assert_eq!((got.len(), got[0].events().len()), (1, 3), "the next event was one of the new ones");
    assert_eq!(got[0].body["changeType"], "mixed");
}

#[test]
fn clock_advances_on_request() {
    let (mut app, _) = hook::app(&[]);
    let told = triggered(&mut app, Trigger::updated().provider("apple"));
    assert_eq!(told.due.to_string(), "2026-11-15T10:05:00Z");
    let due = app.sandbox.next_delivery().unwrap();
    assert_eq!(app.now.duration_until(due).as_secs(), 299);
    let (status, answer) = app.post("/sandbox/advance", &json!({ "seconds": 298.5 }));
    assert_eq!((status.as_u16(), &answer["now"]), (200, &json!("2026-11-15T10:04:59.500Z")));
    assert!(take(&mut app, 200).is_empty());
    app.sandbox.advance(Duration::from_millis(500));
    assert_eq!(app.sandbox.next_delivery(), Some(app.now), "the time is by the caller's clock");
    let got = take(&mut app, 200).remove(0);
    assert_eq!(got.timestamp, app.now.as_second() + 299);
    assert_eq!(got.body["timestamp"], "2026-11-15T10:05:00.000Z");

    for body in [json!({}), json!({ "seconds": -1 }), json!({ "seconds": "soon" }), json!({ "minutes": 5 })] {
        assert_eq!(app.post("/sandbox/advance", &body).0, 400, "{body}");
    }
    for seconds in [1e300, 0.0] {
        assert!(app.post("/sandbox/advance", &json!({ "seconds": seconds })).0.as_u16() < 500);
    }
    app.sandbox.advance(Duration::MAX);
    app.sandbox.advance(Duration::MAX);
    let now = app.post("/sandbox/advance", &json!({ "seconds": 0 })).1["now"].clone();
    assert!(
        now.as_str().unwrap().starts_with("2126-"),
        "{now}: the clock advances by at most a hundred years"
    );
    triggered(&mut app, Trigger::updated());
    app.pass(1);
    assert_eq!(take(&mut app, 200).len(), 1);
}

#[test]
fn tokens_expire_by_the_advanced_clock() {
    let (mut app, token) = hook::app(&[]);
    app.sandbox.advance(Duration::from_secs(3598));
    assert_eq!(app.get(&token, "/calendars").0, 200);
    app.sandbox.advance(Duration::from_secs(1));
    assert_eq!(app.get(&token, "/calendars").0, 401);
}
