//! Changes that a control call triggers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::hook::{self, calendar, one, trigger};
use common::{ALL, App, id};
use serde_json::{Value, json};

fn listed(app: &mut App, token: &str, id: &Value) -> Option<Value> {
    app.events(token, ALL).into_iter().find(|event| event["id"] == *id)
}

#[test]
fn trigger_changes_calendar_and_returns_the_change() {
    let (mut app, token) = hook::app(&[]);
    let under_way =
        json!({ "change": "created", "start": "2026-11-15T09:00:00Z", "end": "2026-11-15T11:00:00Z" });
    assert_eq!(trigger(&mut app, under_way).0, 200);
    one(&mut app);
    let before = app.events(&token, ALL);
    let (status, response) = trigger(&mut app, json!({}));
    assert_eq!((status, &response["success"]), (200, &json!(true)));
    assert_eq!(
        (&response["clientId"], &response["userId"], &response["provider"]),
        (&json!("sandbox-client"), &json!("user-1"), &json!("google"))
    );
    assert_eq!(
        (&response["calendarId"], &response["due"]),
        (&json!(calendar(&app, "google")), &json!("2026-11-15T10:00:03.000Z"))
    );
    let event = &response["event"];
    assert_eq!(event["changeType"], "updated");
    let next = before.iter().find(|one| {
        one["calendarId"] == response["calendarId"] && one["start"].as_str().unwrap() >= "2026-11-15T10:00:01"
    });
    let next = next.unwrap();
    assert_eq!(event["id"], next["id"], "the trigger changes the next event");
    assert_eq!(event["title"], format!("{} (changed)", next["title"].as_str().unwrap()));
    assert_eq!(event["lastModified"], "2026-11-15T10:00:02.000Z");
    let now = listed(&mut app, &token, &event["id"]).unwrap();
    assert_eq!((&now["title"], &now["lastModified"]), (&event["title"], &event["lastModified"]));
    let got = one(&mut app);
    assert_eq!((json!(got.id), &got.body["events"][0]), (response["delivery"].clone(), event));
}

#[test]
fn trigger_creates_updates_and_deletes_as_requested() {
    for provider in ["google", "microsoft", "apple", "caldav"] {
        let (mut app, token) = hook::app(&[]);
        let create = json!({ "provider": provider, "change": "created", "title": "Lunch", "start": "2026-11-20T12:00" });
        let (status, made) = trigger(&mut app, create);
        assert_eq!(
            (status, &made["provider"], &made["event"]["changeType"]),
            (200, &json!(provider), &json!("created"))
        );
        let event = listed(&mut app, &token, &made["event"]["id"]).unwrap();
        assert_eq!((&event["title"], &event["end"]), (&json!("Lunch"), &json!("2026-11-20T13:00:00.000Z")));

        app.pass(5);
        let place = json!({ "provider": provider, "calendarId": made["calendarId"], "eventId": event["id"] });
        let mut change = place.clone();
        change["start"] = json!("2026-11-21T08:00:00Z");
        let (_, moved) = trigger(&mut app, change.clone());
        let event = listed(&mut app, &token, &moved["event"]["id"]).unwrap();
        assert_eq!(
            (&event["start"], &event["end"], &event["title"]),
            (&json!("2026-11-21T08:00:00.000Z"), &json!("2026-11-21T09:00:00.000Z"), &json!("Lunch"))
        );
        change["end"] = json!("2026-11-21T07:00:00Z");
        let (status, refused) = trigger(&mut app, change);
        assert!(
            status == 400 && refused["message"].as_str().unwrap().contains("before it starts"),
            "{refused}"
        );

        let mut delete = place;
        delete["change"] = json!("deleted");
        let (_, gone) = trigger(&mut app, delete);
        assert_eq!(
            (&gone["event"]["changeType"], &gone["event"]["status"]),
            (&json!("deleted"), &json!("cancelled"))
        );
        assert!(gone["event"].get("end").is_none() && listed(&mut app, &token, &event["id"]).is_none());
    }
}

#[test]
fn trigger_changes_only_the_given_occurrence() {
    let (mut app, token) = hook::app(&[]);
    let events = app.events(&token, ALL);
    let occurrence = events
        .iter()
        .find(|event| event["recurringEventId"].is_string() && event["provider"] == "google")
        .unwrap();
    let (status, response) = trigger(
        &mut app,
        json!({ "calendarId": occurrence["calendarId"], "eventId": id(occurrence), "title": "Moved" }),
    );
    assert_eq!((status, &response["event"]["recurringEventId"]), (200, &occurrence["recurringEventId"]));
    let changed = app.events(&token, ALL).iter().filter(|event| event["title"] == "Moved").count();
    assert_eq!(changed, 1);
    trigger(
        &mut app,
        json!({ "calendarId": occurrence["calendarId"], "eventId": id(occurrence), "change": "deleted" }),
    );
    let left = app
        .events(&token, ALL)
        .iter()
        .filter(|event| event["recurringEventId"] == occurrence["recurringEventId"])
        .count();
    let before =
        events.iter().filter(|event| event["recurringEventId"] == occurrence["recurringEventId"]).count();
    assert_eq!(left, before - 1);
}

#[test]
fn trigger_error_names_the_missing_item() {
    let says = |app: &mut App, body: Value, text: &str| {
        let (status, response) = trigger(app, body);
        assert!(
            status == 400 && response["message"].as_str().unwrap().contains(text),
            "{response} does not contain {text:?}"
        );
    };
    let mut app = App::new(&[]);
    says(&mut app, json!({}), "no user has signed in");
    says(&mut app, json!({ "user": "ada" }), "no user \"ada\"");
    says(&mut app, json!({ "clientId": "x" }), "no application has the clientId \"x\"");
    let token = app.user().access;
    says(&mut app, json!({}), "no webhook URL");
    app.sandbox.set("webhook_url", hook::URL).unwrap();
    says(&mut app, json!({}), "no subscribed calendar matches the request");
    let first = app.ok(&token, "/calendars")[0].clone();
    let body = json!({ "provider": first["provider"], "calendarId": first["id"] });
    assert_eq!(app.call(&token, "POST", "/subscribe-webhook", Some(body)).0, 200);
    says(&mut app, json!({ "provider": "apple" }), "no subscribed calendar matches the request");
    says(&mut app, json!({ "calendarId": "x" }), "no subscribed calendar matches the request");
    says(&mut app, json!({ "eventId": "x" }), "no event \"x\"");
    says(&mut app, json!({ "change": "moved" }), "moved");
    says(&mut app, json!({ "start": "soon" }), "soon");
    says(&mut app, json!({ "titel": "x" }), "titel");
    says(&mut app, json!([1]), "");
    let empty =
        json!({ "users": { "eve": { "caldav": { "calendars": [{ "id": "empty", "title": "Empty" }] } } } });
    app.sandbox.seed(&empty.to_string()).unwrap();
    app.sign_in("eve", "read");
    says(&mut app, json!({ "user": "eve" }), "no events");
    says(&mut app, json!({ "user": "eve", "change": "deleted" }), "no events");
    assert_eq!(trigger(&mut app, json!({ "user": "eve", "change": "created" })).0, 200);
}

#[test]
fn app_is_only_notified_about_its_users() {
    let (mut app, _) = hook::app(&[]);
    let other = connect_sandbox::App::new("Other", "https://other.example/")
        .webhook_url("https://other.example/hook");
    let other = app.sandbox.register(other).unwrap();
    app.location(&format!("client_id={}&user_id=user-1", other.client_id));
    app.pass(1);
    hook::take(&mut app, 200);
    let (_, response) = trigger(&mut app, json!({ "clientId": other.client_id, "user": "user-1" }));
    assert_eq!(response["clientId"], other.client_id);
    assert_eq!(one(&mut app).uri, "https://other.example/hook");
    trigger(&mut app, json!({ "clientId": "sandbox-client" }));
    assert_eq!(one(&mut app).uri, hook::URL);
}
