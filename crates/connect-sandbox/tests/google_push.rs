//! The notification channels of Google Calendar.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::calendar::*;
use common::push::*;
use common::{App, hook, id};
use connect_sandbox::{DeliveryState, Trigger};
use serde_json::{Value, json};

const WATCH: &str = "/calendars/primary/events/watch";
const STOP: &str = "/channels/stop";

#[test]
fn channel_gets_sync_and_then_exists_for_each_change() {
    let (mut app, token) = ada(&[]);
    let (status, made) = app.google(&token, "POST", WATCH, Some(channel("one")));
    assert_eq!(
        (status, &made["kind"], &made["id"], &made["token"]),
        (200, &json!("api#channel"), &json!("one"), &json!("secret"))
    );
    let week = app.now.as_millisecond() + 604_800_000;
    assert_eq!(made["expiration"], week.to_string());
    assert!(
        made["resourceUri"].as_str().unwrap().contains("/calendars/ada%40gmail%2Eexample/events"),
        "{made}"
    );

    let sync = next(&mut app).remove(0);
    let request = &sync.request;
    assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("POST", RECEIVER));
    assert!(request.body().is_empty());
    assert_eq!((sync.header("x-goog-channel-id"), sync.header("x-goog-channel-token")), ("one", "secret"));
    assert_eq!(sync.header("x-goog-resource-id"), made["resourceId"]);
    assert_eq!(sync.header("x-goog-resource-uri"), made["resourceUri"]);
    assert_eq!(sync.header("x-goog-channel-expiration"), "Sun, 22 Nov 2026 10:00:00 GMT");
    assert_eq!((sync.state(), sync.number()), ("sync", 1));

    let mut last = 1;
    let event = app.google_insert(&token, hour());
    let path = format!("{EVENTS}/{}", id(&event));
    for (method, body) in [("PATCH", Some(json!({ "summary": "New" }))), ("DELETE", None)] {
        let told = next(&mut app);
        assert_eq!(states(&told), ["exists"]);
        assert!(told[0].number() > last && told[0].request.body().is_empty());
        last = told[0].number();
        assert!(app.google(&token, method, &path, body).0 < 300);
    }
    assert_eq!(states(&next(&mut app)), ["exists"], "a deletion");
    app.google_ok(&token, EVENTS);
    assert_eq!(states(&next(&mut app)), [""; 0]);
    let other = "/calendars/open@group.calendar.google.com/events";
    assert_eq!(app.google(&token, "POST", other, Some(hour())).0, 200);
    assert_eq!(states(&next(&mut app)), [""; 0], "another calendar");
}

#[test]
fn changes_through_connect_and_control_calls_are_notified() {
    let (mut app, connect) = hook::app(&[("initial_sync", "off")]);
    let account = app.ok(&connect, "/oauth/connection-status")["connections"]["google"][0]["id"].clone();
    let token = app.google_token(account.as_str().unwrap(), &["calendar"]);
    watch(&mut app, &token, "one");
    let google = |app: &mut App| {
        app.pass(1);
        let all = receive(app, 200);
        all.iter().map(|one| one.state().to_owned()).filter(|state| !state.is_empty()).collect::<Vec<_>>()
    };
    app.create(&connect, common::meeting());
    assert_eq!(google(&mut app), ["exists"]);
    let calendar = app.google_ok(&token, "/calendars/primary")["id"].as_str().unwrap().to_owned();
    app.sandbox
        .trigger(Trigger::created().provider("google").calendar(calendar).title("Lunch"), app.now)
        .unwrap();
    assert_eq!(google(&mut app), ["exists"]);
    let key = json!({ "provider": "google", "change": "updated", "title": "Later" });
    assert_eq!(app.post("/sandbox/trigger", &key).0, 200);
    assert_eq!(google(&mut app), ["exists"]);
}

#[test]
fn calendar_list_channel_reports_new_seed() {
    let (mut app, token) = ada(&[]);
    let path = "/users/me/calendarList/watch";
    assert_eq!(app.google(&token, "POST", path, Some(channel("list"))).0, 200);
    assert_eq!(states(&next(&mut app)), ["sync"]);
    app.google_insert(&token, hour());
    assert_eq!(states(&next(&mut app)), [""; 0]);
    app.sandbox.seed(&team().replace("\"Open\"", "\"Shut\"")).unwrap();
    assert_eq!(states(&next(&mut app)), [""; 0], "the change is noticed now, and reported a second later");
    assert_eq!(states(&next(&mut app)), ["exists"]);
}

#[test]
fn deleted_calendar_is_reported_as_not_exists() {
    let (mut app, token) = ada(&[("push_after_end", "on")]);
    let path = "/calendars/open@group.calendar.google.com/events/watch";
    assert_eq!(app.google(&token, "POST", path, Some(channel("one"))).0, 200);
    next(&mut app);
    app.sandbox.seed(&team().replace("open@group", "other@group")).unwrap();
    next(&mut app);
    assert_eq!(states(&next(&mut app)), ["not_exists"]);
    assert_eq!(states(&next(&mut app)), [""; 0]);
}

#[test]
fn channel_lives_as_long_as_requested_up_to_the_maximum() {
    let (mut app, token) = ada(&[("google_channel_max", "7200")]);
    let now = app.now.as_millisecond();
    let hours = |hours: i64| (now + hours * 3_600_000).to_string();
    for (n, (expiration, ttl, lives)) in [
        (json!(hours(1)), json!(null), 1),
        (json!(now + 3_600_000), json!(null), 1),
        (json!(null), json!("3600"), 1),
        (json!(null), json!(3600), 1),
        (json!(hours(1)), json!("7000"), 1),
        (json!(hours(5)), json!("3600"), 1),
        (json!(hours(9)), json!(null), 2),
        (json!(null), json!(null), 2),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = channel(&format!("c{n}"));
        body["expiration"] = expiration;
        body["params"] = json!({ "ttl": ttl });
        let (status, made) = app.google(&token, "POST", WATCH, Some(body.clone()));
        assert_eq!((status, &made["expiration"]), (200, &json!(hours(lives))), "{body}");
    }
    for (expiration, ttl) in
        [(json!((now / 1000).to_string()), json!(null)), (json!("x"), json!(null)), (json!(null), json!("0"))]
    {
        let mut body = channel("bad");
        body["expiration"] = expiration;
        body["params"] = json!({ "ttl": ttl });
        let refused = app.google_refused(&token, "POST", WATCH, Some(body));
        assert_eq!(refused, (400, "pushInvalidTtl".to_owned()));
    }
}

#[test]
fn invalid_watch_request_is_refused() {
    let (mut app, token) = ada(&[]);
    watch(&mut app, &token, "taken");
    let changed = |name: &str, value: Value| {
        let mut body = channel("free");
        body[name] = value;
        body
    };
    for (body, reason) in [
        (changed("id", json!(null)), "required"),
        (changed("address", json!(null)), "required"),
        (changed("id", json!("x".repeat(65))), "invalid"),
        (changed("token", json!("x".repeat(257))), "invalid"),
        (changed("token", json!("\u{e9}")), "invalid"),
        (changed("id", json!("taken")), "channelIdNotUnique"),
        (changed("type", json!("email")), "push.channelTypeNotSupported"),
        (changed("type", json!(null)), "push.channelTypeNotSupported"),
        (changed("address", json!("http://app.example/push")), "push.webhookUrlNotHttps"),
        (changed("address", json!("ftp://127.0.0.1/push")), "push.webhookUrlNotHttps"),
        (changed("address", json!("app.example")), "push.webhookUrlNotHttps"),
    ] {
        let refused = app.google_refused(&token, "POST", WATCH, Some(body.clone()));
        assert_eq!(refused, (400, reason.to_owned()), "{body}");
    }
    let nowhere = "/calendars/nowhere/events/watch";
    assert_eq!(app.google_refused(&token, "POST", nowhere, Some(channel("n"))), (404, "notFound".to_owned()));
    let wrong = app.google_token("ada@gmail.example", &["calendar.settings.readonly"]);
    assert_eq!(app.google_refused(&wrong, "POST", WATCH, Some(channel("n"))).0, 403);
    let local = changed("address", json!("http://[::1]:8080/push"));
    assert_eq!(app.google(&token, "POST", WATCH, Some(local.clone())).0, 200);
    app.sandbox.set("push_address", "https").unwrap();
    let refused = app.google_refused(&token, "POST", WATCH, Some(local));
    assert_eq!(refused, (400, "push.webhookUrlNotHttps".to_owned()));
}

#[test]
fn some_calendars_refuse_channels() {
    let (mut app, token) = ada(&[("google_push_refused", "read, open@group.calendar.google.com")]);
    let refused = (400, "pushNotSupportedForRequestedResource".to_owned());
    let path = |calendar: &str| format!("/calendars/{calendar}/events/watch");
    for calendar in [HOLIDAYS, "read", "open@group.calendar.google.com"] {
        assert_eq!(
            app.google_refused(&token, "POST", &path(calendar), Some(channel("c"))),
            refused,
            "{calendar}"
        );
        assert!(app.google_ok(&token, &format!("/calendars/{calendar}/events"))["nextSyncToken"].is_string());
    }
    watch(&mut app, &token, "c");
    app.sandbox.set("google_push_refused", "*").unwrap();
    assert_eq!(app.google_refused(&token, "POST", WATCH, Some(channel("d"))), refused);
}

#[test]
fn only_its_creator_can_stop_a_channel() {
    let (mut app, token) = ada(&[]);
    let made = watch(&mut app, &token, "one");
    let stop = |resource: &Value| json!({ "id": "one", "resourceId": resource });
    let other = app.google_token("grace@gmail.example", &["calendar"]);
    for (token, body) in [(&other, stop(&made["resourceId"])), (&token, stop(&json!("x")))] {
        assert_eq!(app.google_refused(token, "POST", STOP, Some(body)), (404, "notFound".to_owned()));
    }
    assert_eq!(app.google(&token, "POST", STOP, Some(stop(&made["resourceId"]))), (204, Value::Null));
    assert_eq!(app.google_refused(&token, "POST", STOP, Some(stop(&made["resourceId"]))).0, 404);
    app.google_insert(&token, hour());
    assert_eq!(states(&next(&mut app)), [""; 0]);
    let again = app.google_refused(&token, "POST", WATCH, Some(channel("one")));
    assert_eq!(again, (400, "channelIdNotUnique".to_owned()), "a stopped channel");
}

#[test]
fn only_server_errors_are_retried() {
    for (status, retried) in [
        (200, false),
        (204, false),
        (203, false),
        (302, false),
        (401, false),
        (404, false),
        (500, true),
        (503, true),
        (501, false),
    ] {
        let (mut app, token) = ada(&[("delivery_backoff", "10")]);
        watch(&mut app, &token, "one");
        app.google_insert(&token, hour());
        app.pass(1);
        assert_eq!(receive(&mut app, status).len(), 1);
        let state = app.sandbox.delivery_log().last().unwrap().state;
        let arrived = [200, 201, 202, 204].contains(&status);
        let ended = if arrived { DeliveryState::Delivered } else { DeliveryState::Failed };
        assert_eq!(state, if retried { DeliveryState::Pending } else { ended }, "{status}");
        app.pass(10);
        let again = receive(&mut app, 200);
        assert_eq!(states(&again), vec!["exists"; usize::from(retried)], "{status}");
    }
}

#[test]
fn notifications_are_lost_repeated_and_late() {
    let (mut app, token) = ada(&[("push_lost_every", "2"), ("push_copies", "3")]);
    let (status, _) = app.google(&token, "POST", WATCH, Some(channel("one")));
    assert_eq!(status, 200);
    assert_eq!(states(&next(&mut app)), ["sync"; 3]);
    let mut counts = Vec::new();
    for _ in 0..4 {
        app.google_insert(&token, hour());
        let told = next(&mut app);
        assert!(told.windows(2).all(|pair| pair[0].number() == pair[1].number()));
        counts.push(told.len());
    }
    assert_eq!(counts, [3, 0, 3, 0]);

    let (mut app, token) = ada(&[("push_delay", "60")]);
    assert_eq!(app.google(&token, "POST", WATCH, Some(channel("one"))).0, 200);
    app.pass(59);
    assert_eq!(receive(&mut app, 200).len(), 0);
    assert_eq!(states(&next(&mut app)), ["sync"]);
}

#[test]
fn ended_channel_is_silent_unless_the_switch_is_on() {
    for (switch, told) in [("off", 0), ("on", 1)] {
        let (mut app, token) = ada(&[("push_after_end", switch)]);
        let mut body = channel("one");
        body["params"] = json!({ "ttl": "60" });
        assert_eq!(app.google(&token, "POST", WATCH, Some(body)).0, 200);
        next(&mut app);
        let stopped = watch(&mut app, &token, "two");
        let stop = json!({ "id": "two", "resourceId": stopped["resourceId"] });
        assert_eq!(app.google(&token, "POST", STOP, Some(stop)).0, 204);
        app.google_insert(&token, hour());
        app.pass(1);
        assert_eq!(receive(&mut app, 200).len(), 1 + told, "stopped: {switch}");
        let queued = watch(&mut app, &token, "three");
        app.google_insert(&token, hour());
        let stop = json!({ "id": "three", "resourceId": queued["resourceId"] });
        assert_eq!(app.google(&token, "POST", STOP, Some(stop)).0, 204);
        app.pass(1);
        assert_eq!(
            receive(&mut app, 200).len(),
            1 + 2 * told,
            "stopped while a notification was queued: {switch}"
        );
        app.pass(60);
        app.google_insert(&token, hour());
        app.pass(1);
        assert_eq!(receive(&mut app, 200).len(), 3 * told, "expired: {switch}");
    }
}
