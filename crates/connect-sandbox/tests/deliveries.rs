//! The content and the receivers of deliveries.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::hook::{self, URL, calendar, meeting_of, one, take, triggered};
use common::{ALL, App, encode, id};
use connect_sandbox::{DeliveryState, Trigger};
use serde_json::{Value, json};

/// The switches that make the sandbox notify the application about its own writes as well.
const LOUD: &[(&str, &str)] = &[("echo_suppression", "off")];

#[test]
fn delivery_has_documented_format() {
    let (mut app, token) = hook::app(LOUD);
    let created = app.create(&token, meeting_of(&app, "google"));
    let got = one(&mut app);
    assert!(got.id.starts_with("msg_") && got.id.len() == 40, "{}", got.id);
    assert_eq!((got.uri.as_str(), got.content_type.as_str()), (URL, "application/json"));
    assert_eq!(got.timestamp, app.now.as_second());
    assert_eq!(got.signed_by(&hook::keys(&mut app)[0]), 1);

    let listed = app.events(&token, ALL).into_iter().find(|event| event["id"] == created["id"]).unwrap();
    let mut event = got.body["events"][0].clone();
    assert_eq!(event.as_object_mut().unwrap().remove("changeType"), Some(json!("created")));
    assert_eq!(event, listed, "the same event as in GET /events");
    let channel =
        app.sandbox.subscriptions().iter().find(|one| one.calendar_id == listed["calendarId"]).unwrap();
    let rest = json!({
        "provider": "google", "userId": "user-1", "calendarId": listed["calendarId"], "changeType": "created",
        "timestamp": "2026-11-15T10:00:02.000Z", "events": got.body["events"],
        "metadata": { "channelId": channel.channel_id, "eventCount": 1, "isInitialSync": false },
    });
    assert_eq!(got.body, rest);
}

#[test]
fn updates_and_deletes_are_delivered_for_each_provider() {
    for provider in ["google", "microsoft", "apple", "caldav"] {
        let (mut app, token) = hook::app(LOUD);
        let event = app.create(&token, meeting_of(&app, provider));
        app.pass(300);
        take(&mut app, 200);
        let place = json!({ "provider": provider, "calendarId": event["calendarId"], "eventId": event["id"], "title": "New" });
        assert_eq!(app.call(&token, "PUT", "/event", Some(place)).0, 200);
        app.pass(300);
        let got = take(&mut app, 200).remove(0);
        assert_eq!(got.events(), [(id(&event).to_owned(), "updated".to_owned())]);
        assert_eq!(
            (&got.body["changeType"], &got.body["events"][0]["title"]),
            (&json!("updated"), &json!("New"))
        );

        let calendar = encode(event["calendarId"].as_str().unwrap());
        let path = format!("/event?provider={provider}&calendarId={calendar}&eventId={}", encode(id(&event)));
        assert_eq!(app.call(&token, "DELETE", &path, None).0, 204);
        app.pass(300);
        let got = take(&mut app, 200).remove(0);
        let gone = json!({
            "provider": provider, "calendarId": event["calendarId"], "id": event["id"], "title": "New",
            "status": "cancelled", "changeType": "deleted",
        });
        assert_eq!((&got.body["changeType"], &got.body["events"]), (&json!("deleted"), &json!([gone])));
    }
}

#[test]
fn series_change_delivers_changed_occurrences() {
    let (mut app, token) = hook::app(LOUD);
    let mut series = meeting_of(&app, "google");
    series["recurrence"] = json!({ "frequency": "DAILY", "count": 5 });
    let master = app.create(&token, series);
    assert_eq!(one(&mut app).events(), [(id(&master).to_owned(), "created".to_owned())]);
    let one_of = |app: &mut App, n: usize| {
        let events = app.events(&token, ALL);
        events.into_iter().filter(|event| event["recurringEventId"] == master["id"]).nth(n).unwrap()
    };
    let change = |event: &Value, mode: &str| {
        json!({ "provider": "google", "calendarId": "primary", "eventId": event["id"],
            "recurringEventId": master["id"], "title": "x", "updateMode": mode, "deleteMode": mode })
    };
    let occurrence = one_of(&mut app, 1);
    app.call(&token, "PUT", "/event", Some(change(&occurrence, "this")));
    let got = one(&mut app);
    assert_eq!(got.events(), [(id(&occurrence).to_owned(), "updated".to_owned())]);
    assert_eq!(got.body["events"][0]["recurringEventId"], master["id"]);

    app.call(&token, "DELETE", "/event", Some(change(&occurrence, "this")));
    let got = one(&mut app);
    assert_eq!(got.events(), [(id(&occurrence).to_owned(), "deleted".to_owned())]);
    assert_eq!(got.body["events"][0]["recurringEventId"], master["id"]);

    let occurrence = one_of(&mut app, 2);
    let (_, rest) = app.call(&token, "PUT", "/event", Some(change(&occurrence, "following")));
    let got = one(&mut app);
    let kinds =
        [(id(&master).to_owned(), "updated".to_owned()), (id(&rest).to_owned(), "created".to_owned())];
    assert_eq!((got.events(), &got.body["changeType"]), (kinds.to_vec(), &json!("mixed")));
    let occurrence = one_of(&mut app, 1);
    app.call(&token, "DELETE", "/event", Some(change(&occurrence, "following")));
    assert_eq!(one(&mut app).events(), [(id(&master).to_owned(), "updated".to_owned())]);
    app.call(&token, "DELETE", "/event", Some(change(&master, "all")));
    assert_eq!(one(&mut app).events(), [(id(&master).to_owned(), "deleted".to_owned())]);
}

#[test]
fn pending_changes_are_delivered_together() {
    let (mut app, token) = hook::app(LOUD);
    let (first, second) = (app.create(&token, common::meeting()), app.create(&token, common::meeting()));
    let place = |event: &Value| json!({ "provider": "google", "calendarId": "primary", "eventId": event["id"], "title": "x" });
    app.call(&token, "PUT", "/event", Some(place(&first)));
    let got = one(&mut app);
    let new = |event: &Value| (id(event).to_owned(), "created".to_owned());
    assert_eq!(got.events(), [new(&second), new(&first)], "a new event that changes is still new");
    assert_eq!(
        (&got.body["changeType"], &got.body["metadata"]["eventCount"]),
        (&json!("created"), &json!(2))
    );

    app.call(&token, "DELETE", "/event", Some(place(&first)));
    app.call(&token, "PUT", "/event", Some(place(&second)));
    let got = one(&mut app);
    assert_eq!((got.events().len(), &got.body["changeType"]), (2, &json!("mixed")));
    assert_eq!(app.sandbox.stats().deliveries.made, hook::CHANNELS + 2);
}

#[test]
fn vector_body_has_brief_events() {
    let (mut app, token) = hook::app(&[("webhook_body", "vector"), ("echo_suppression", "off")]);
    let event = app.create(&token, common::meeting());
    let brief = json!({ "id": event["id"], "title": "Meeting", "lastModified": event["lastModified"] });
    let whole = json!({
        "eventType": "event.created", "userId": "user-1", "provider": "google",
        "calendarId": event["calendarId"], "events": [brief],
    });
    assert_eq!(one(&mut app).body, whole);
    triggered(&mut app, Trigger::deleted().event(id(&event)));
    triggered(&mut app, Trigger::created());
    assert_eq!(one(&mut app).body["eventType"], "event.updated", "the delivery has several kinds of changes");
}

#[test]
fn new_google_and_microsoft_channel_starts_with_events() {
    let mut app = App::new(&[("webhook_url", URL)]);
    let token = app.user().access;
    assert!(app.sandbox.deliveries(app.now).is_empty());
    let next = app.sandbox.next_delivery().unwrap();
    app.pass(1);
    assert_eq!(next, app.now);
    let got = take(&mut app, 200);
    let of =
        |provider: &str| app.sandbox.subscriptions().iter().filter(|one| one.provider == provider).count();
    assert_eq!(got.len(), of("google") + of("microsoft"));
    for got in got {
        assert!(["google", "microsoft"].contains(&got.body["provider"].as_str().unwrap()));
        assert_eq!(
            (&got.body["metadata"]["isInitialSync"], &got.body["changeType"]),
            (&json!(true), &json!("created"))
        );
        let calendars = encode(&json!([got.body["calendarId"]]).to_string());
        let month = "start=2026-11-15T10:00:01Z&end=2026-12-16T10:00:01Z";
        let there = app.events(&token, &format!("{month}&calendarIds={calendars}"));
        let there: Vec<_> =
            there.iter().map(|event| (id(event).to_owned(), "created".to_owned())).take(50).collect();
        assert!(!there.is_empty());
        assert_eq!(got.events(), there);
    }
    triggered(&mut app, Trigger::updated());
    assert_eq!(one(&mut app).body["metadata"]["isInitialSync"], false);

    let body = json!({ "provider": "google", "calendarId": calendar(&app, "google"), "channelId": "mine" });
    app.call(&token, "POST", "/subscribe-webhook", Some(body.clone()));
    let got = one(&mut app);
    assert_eq!(got.body["metadata"]["isInitialSync"], true);
    assert_eq!(got.body["metadata"]["channelId"], "mine");
    app.sandbox.set("initial_sync", "off").unwrap();
    app.call(&token, "POST", "/subscribe-webhook", Some(body));
    app.pass(1);
    assert!(take(&mut app, 200).is_empty());
}

#[test]
fn disconnect_ends_deliveries() {
    let (mut app, token) = hook::app(&[]);
    triggered(&mut app, Trigger::updated().provider("google"));
    app.pass(1);
    assert_eq!(take(&mut app, 503).len(), 1);
    triggered(&mut app, Trigger::updated().provider("google"));
    app.call(&token, "POST", "/oauth/disconnect?provider=google", None);
    app.pass(600);
    assert!(take(&mut app, 200).is_empty(), "neither retries nor new deliveries are due");
    let last = hook::last(&app);
    assert_eq!(
        (last.state, last.error.as_deref()),
        (DeliveryState::Failed, Some("the account is disconnected"))
    );
    let error = app.sandbox.resend(None, app.now).unwrap_err().to_string();
    assert!(error.contains("disconnected"), "{error}");
    assert_eq!(app.sandbox.next_delivery(), None);

    triggered(&mut app, Trigger::updated());
    app.sandbox.set("webhook_url", "").unwrap();
    app.pass(600);
    assert!(take(&mut app, 200).is_empty());
}

#[test]
fn deliveries_end_on_unsubscribe_and_follow_new_url() {
    let (mut app, token) = hook::app(&[]);
    app.sandbox.set("webhook_url", "http://other.example/").unwrap();
    triggered(&mut app, Trigger::updated());
    assert_eq!(one(&mut app).uri, "http://other.example/");
    let channel = app.sandbox.subscriptions()[0].clone();
    triggered(&mut app, Trigger::updated().calendar(&channel.calendar_id));
    let body = json!({ "provider": channel.provider, "channelId": channel.channel_id });
    app.call(&token, "POST", "/unsubscribe-webhook", Some(body));
    app.pass(1);
    assert!(take(&mut app, 200).is_empty());
    assert!(app.sandbox.trigger(Trigger::updated().calendar(&channel.calendar_id), app.now).is_err());
}

#[test]
fn subscription_with_chosen_end_is_not_renewed() {
    let (mut app, token) = hook::app(&[]);
    let chosen = calendar(&app, "google");
    let end = app.now.as_millisecond() + 60_000;
    let body = json!({ "provider": "google", "calendarId": chosen, "expiration": end });
    app.call(&token, "POST", "/subscribe-webhook", Some(body));
    app.pass(59);
    take(&mut app, 200);
    triggered(&mut app, Trigger::updated().calendar(&chosen));
    app.pass(1);
    assert!(take(&mut app, 200).is_empty(), "the subscription ended before the notification");
    assert!(app.sandbox.subscriptions().iter().all(|one| one.calendar_id != chosen));

    app.pass(400 * 24 * 3600);
    app.sandbox.deliveries(app.now);
    assert_eq!(app.sandbox.subscriptions().len(), 7);
    assert!(app.sandbox.subscriptions().iter().all(|one| one.expiration > app.now && one.renewed));
    triggered(&mut app, Trigger::updated());
    one(&mut app);
}

#[test]
fn seeded_users_are_subscribed() {
    let seed = include_str!("../examples/team.json");
    let mut app = App::new(&[("webhook_url", URL)]);
    app.sandbox.seed(seed).unwrap();
    let name = serde_json::from_str::<Value>(seed).unwrap()["users"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .clone();
    app.sign_in(&name, "read");
    assert!(!app.sandbox.subscriptions().is_empty());
    let count = app.sandbox.subscriptions().len();
    app.sandbox.seed(seed).unwrap();
    assert_eq!(app.sandbox.subscriptions().len(), count);
    app.pass(1);
    take(&mut app, 200);
    triggered(&mut app, Trigger::created().user(&name).title("Lunch"));
    app.pass(300);
    assert_eq!(take(&mut app, 200)[0].body["events"][0]["title"], "Lunch");
}
