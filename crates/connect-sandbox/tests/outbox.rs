//! Delivery attempts: retries, order, duplicates and resending.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::hook::{self, Got, last, one, take, triggered};
use common::{App, get, read};
use connect_sandbox::{AttemptOutcome, DeliveryState, Trigger};
use serde_json::json;

/// Advances the clock by `seconds`, and responds to each delivery with `status`. Returns each delivery with
/// the second at which the delivery arrived.
fn watch(app: &mut App, status: u16, seconds: i64) -> Vec<(i64, Got)> {
    let mut all = Vec::new();
    for second in 1..=seconds {
        app.pass(1);
        all.extend(take(app, status).into_iter().map(|got| (second, got)));
    }
    all
}

#[test]
fn failed_delivery_is_retried_with_growing_backoff() {
    for status in [503, 500, 400, 404, 301] {
        let (mut app, _) = hook::app(&[]);
        triggered(&mut app, Trigger::updated());
        let got = watch(&mut app, status, 400);
        let at: Vec<_> = got.iter().map(|(second, _)| *second).collect();
        assert_eq!(at, [1, 6, 16, 36, 76, 156], "{status}");
        let key = hook::keys(&mut app).remove(0);
        for (n, (_, attempt)) in (1..).zip(&got) {
            assert_eq!((attempt.number, &attempt.id, &attempt.bytes), (n, &got[0].1.id, &got[0].1.bytes));
            assert_eq!(attempt.signed_by(&key), 1);
        }
        assert!(got.windows(2).all(|pair| pair[0].1.timestamp < pair[1].1.timestamp));
        let last = last(&app);
        assert_eq!((last.state, last.attempts.len()), (DeliveryState::Failed, 6));
        assert!(last.attempts.iter().all(|tried| tried.status == Some(status)));
        let stats = app.sandbox.stats().deliveries;
        assert_eq!((stats.attempts, stats.failed, stats.delivered), (6 + hook::CHANNELS, 1, hook::CHANNELS));
    }
}

#[test]
fn delivery_ends_on_401_and_2xx() {
    let (mut app, _) = hook::app(&[("delivery_retries", "2"), ("delivery_backoff", "1")]);
    triggered(&mut app, Trigger::updated());
    assert_eq!(watch(&mut app, 401, 400).len(), 1);
    assert_eq!(last(&app).state, DeliveryState::Failed);
    triggered(&mut app, Trigger::updated());
    let at: Vec<_> = watch(&mut app, 503, 9).into_iter().map(|(second, _)| second).collect();
    assert_eq!(at, [1, 2, 4]);
    triggered(&mut app, Trigger::updated());
    app.pass(1);
    take(&mut app, 503);
    assert_eq!(last(&app).state, DeliveryState::Pending);
    assert_eq!(watch(&mut app, 204, 400).len(), 1);
    assert_eq!(last(&app).state, DeliveryState::Delivered);
}

#[test]
fn missing_response_counts_as_failure() {
    let (mut app, _) = hook::app(&[]);
    triggered(&mut app, Trigger::updated());
    app.pass(1);
    let attempt = app.sandbox.deliveries(app.now).remove(0);
    assert!(app.sandbox.deliveries(app.now).is_empty(), "the delivery is in flight");
    assert_eq!(app.sandbox.next_delivery(), None);
    app.sandbox.delivered(attempt.token, AttemptOutcome::Failed("refused".to_owned()), app.now);
    app.sandbox.delivered(attempt.token, AttemptOutcome::Status(200), app.now);
    let delivery = last(&app);
    assert_eq!((delivery.attempts.len(), delivery.attempts[0].error.as_deref()), (1, Some("refused")));
    assert_eq!(watch(&mut app, 200, 5).len(), 1);

    app.sandbox.set("webhook_url", "http://[::/").unwrap();
    triggered(&mut app, Trigger::updated());
    assert!(watch(&mut app, 200, 200).is_empty());
    let delivery = last(&app);
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Failed, 6));
    assert!(delivery.attempts[0].error.as_ref().unwrap().contains("cannot be used"));
}

#[test]
fn deliveries_of_a_calendar_keep_their_order() {
    let (mut app, _) = hook::app(&[]);
    let first = triggered(&mut app, Trigger::created().provider("google"));
    app.pass(2);
    app.sandbox.deliveries(app.now.checked_sub(jiff::SignedDuration::from_secs(2)).unwrap());
    let attempt = app.sandbox.deliveries(app.now).remove(0);
    let second = triggered(&mut app, Trigger::created().provider("google"));
    triggered(&mut app, Trigger::created().provider("microsoft"));
    app.pass(1);
    let other = app.sandbox.deliveries(app.now);
    assert_eq!(
        (other.len(), other[0].request.body().is_empty()),
        (1, false),
        "only the other calendar has a delivery"
    );
    assert_eq!(attempt.delivery, first.delivery);
    app.sandbox.delivered(attempt.token, AttemptOutcome::Status(503), app.now);
    assert_eq!(app.sandbox.next_delivery(), Some(app.now));
    let next = app.sandbox.deliveries(app.now);
    assert_eq!(
        (next.len(), &next[0].delivery),
        (1, &second.delivery),
        "a new delivery does not wait for the retry"
    );
}

#[test]
fn shuffled_deliveries_change_order() {
    for (order, swapped) in [("in_order", false), ("shuffled", true)] {
        let (mut app, _) = hook::app(&[("delivery_order", order)]);
        let mut told = Vec::new();
        let mut got = Vec::new();
        for _ in 0..4 {
            told.push(triggered(&mut app, Trigger::created()).delivery);
            got.extend(watch(&mut app, 200, 2));
        }
        got.extend(watch(&mut app, 200, 10));
        let got: Vec<_> = got.into_iter().map(|(_, got)| got.id).collect();
        if swapped {
            told.swap(0, 1);
            told.swap(2, 3);
        }
        assert_eq!(got, told, "{order}");
    }
}

#[test]
fn duplicates_have_the_same_id_and_body() {
    let (mut app, _) = hook::app(&[("delivery_duplicates", "on")]);
    triggered(&mut app, Trigger::updated());
    app.pass(1);
    let got = take(&mut app, 200);
    assert_eq!(got.len(), 2);
    assert_eq!((&got[0].id, &got[0].bytes), (&got[1].id, &got[1].bytes));
    assert_eq!((got[0].number, got[1].number), (1, 2));
    let stats = app.sandbox.stats().deliveries;
    assert_eq!(
        (stats.made, stats.delivered, stats.attempts),
        (hook::CHANNELS + 1, 2 * hook::CHANNELS + 2, 2 * hook::CHANNELS + 2)
    );
}

#[test]
fn resend_has_same_body_and_new_signature() {
    let (mut app, _) = hook::app(&[]);
    triggered(&mut app, Trigger::updated());
    let first = one(&mut app);
    triggered(&mut app, Trigger::updated());
    let second = one(&mut app);
    for (body, expected) in
        [(json!({ "id": first.id }), &first), (json!({}), &second), (json!(null), &second)]
    {
        app.pass(7);
        let request = http::Request::post("/sandbox/resend");
        let body = if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() };
        let (status, answer) = read(&app.send(request.body(body).unwrap()));
        assert_eq!((status.as_u16(), &answer["delivery"]), (200, &json!(expected.id)));
        let got = take(&mut app, 200);
        assert_eq!(got.len(), 1);
        assert_eq!((&got[0].id, &got[0].bytes), (&expected.id, &expected.bytes));
        assert!(got[0].timestamp > expected.timestamp && got[0].signature != expected.signature);
        assert_eq!(got[0].signed_by(&hook::keys(&mut app)[0]), 1);
    }
    assert_eq!(app.sandbox.stats().deliveries.resent, 3);
    let (status, answer) = app.post("/sandbox/resend", &json!({ "id": "msg_x" }));
    assert!(status == 400 && answer["message"].as_str().unwrap().contains("msg_x"));
    assert_eq!(App::new(&[]).post("/sandbox/resend", &json!({})).0, 400);
    app.sandbox.resend(None, app.now).unwrap();
    take(&mut app, 401);
    assert_eq!(last(&app).state, DeliveryState::Delivered, "the delivery arrived once");
}

#[test]
fn log_lists_deliveries_and_drops_the_oldest() {
    let (mut app, _) = hook::app(&[("initial_sync", "off"), ("delivery_retries", "0")]);
    let told = triggered(&mut app, Trigger::updated());
    let listed = |app: &mut App| {
        read(&app.send(get("/sandbox/deliveries"))).1["deliveries"].as_array().unwrap().clone()
    };
    assert!(listed(&mut app).is_empty(), "the provider has not sent a notification yet");
    app.pass(1);
    let delivery = listed(&mut app).remove(0);
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("pending"), &json!([])));
    let got = take(&mut app, 503).remove(0);
    let whole = json!({
        "id": told.delivery, "url": hook::URL, "clientId": "sandbox-client", "userId": "user-1",
        "provider": "google", "calendarId": told.calendar_id, "channelId": got.body["metadata"]["channelId"],
        "body": got.body, "created": "2026-11-15T10:00:02.000Z", "state": "failed",
        "attempts": [{ "at": "2026-11-15T10:00:02.000Z", "status": 503 }],
    });
    assert_eq!(listed(&mut app), [whole]);
    for _ in 0..1005 {
        triggered(&mut app, Trigger::updated());
        app.pass(1);
        take(&mut app, 200);
    }
    assert_eq!(app.sandbox.delivery_log().count(), 1000);
    assert!(app.sandbox.delivery_log().all(|one| one.id != told.delivery));
    let stats = read(&app.send(get("/sandbox/stats"))).1;
    let figures = json!({ "made": 1006, "delivered": 1005, "failed": 1, "attempts": 1006, "suppressed": 0, "resent": 0 });
    assert_eq!(stats["deliveries"], figures);
}
