//! Partial responses, moves of events, writes to calendars, and settings of Google Calendar.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::calendar::*;
use common::{encode, id};
use serde_json::{Value, json};

const OPEN: &str = "open@group.calendar.google.com";

#[test]
fn fields_select_a_part_of_the_response() {
    let (mut app, token) = ada(&[]);
    let whole = app.google_ok(&token, EVENTS);
    let item = |n: usize, name: &str| whole["items"][n][name].clone();
    for (fields, wanted) in [
        ("kind", json!({ "kind": whole["kind"] })),
        ("kind,timeZone", json!({ "kind": whole["kind"], "timeZone": whole["timeZone"] })),
        (
            "items/id",
            json!({ "items": [{ "id": item(0, "id") }, { "id": item(1, "id") }, { "id": item(2, "id") }] }),
        ),
        (
            "items(id,start/date),nextSyncToken,nothing",
            json!({ "nextSyncToken": whole["nextSyncToken"], "items": (0..3).map(|n| {
                let date = whole["items"][n]["start"].get("date");
                let start = date.map_or(json!({}), |date| json!({ "date": date }));
                json!({ "id": item(n, "id"), "start": start })
            }).collect::<Vec<_>>() }),
        ),
        ("*", whole.clone()),
        ("items/*,kind", json!({ "kind": whole["kind"], "items": whole["items"] })),
    ] {
        let shown = app.google_ok(&token, &format!("{EVENTS}?fields={}", encode(fields)));
        assert_eq!(shown, wanted, "{fields}");
    }
    let deep = format!("{}id{}", "items(".repeat(40), ")".repeat(40));
    for fields in
        [",", "items(", "items(id", "items)", "items()", "a//b", "/a", "a b", "items(id)x", deep.as_str()]
    {
        let path = format!("{EVENTS}?fields={}", encode(fields));
        assert_eq!(app.google_refused(&token, "GET", &path, None).0, 400, "{fields}");
    }
    // A write with an invalid selection changes nothing.
    let refused = app.google_refused(&token, "POST", &format!("{EVENTS}?fields=id("), Some(hour()));
    assert_eq!((refused.0, app.google_ok(&token, EVENTS)), (400, whole));
    let made = app.google(&token, "POST", &format!("{EVENTS}?fields=id"), Some(hour())).1;
    assert_eq!(made.as_object().unwrap().len(), 1);
    let path = "/calendars/nowhere/events?fields=items/id";
    assert_eq!(app.google_refused(&token, "GET", path, None), (404, "notFound".to_owned()));
}

#[test]
fn moved_event_keeps_its_id_and_leaves_its_calendar() {
    let (mut app, token) = ada(&[]);
    let moved = |event: &str, to: &str| format!("{EVENTS}/{event}/move?destination={}", encode(to));
    let (status, body) = app.google(&token, "POST", &moved("standup", OPEN), None);
    assert_eq!((status, id(&body), &body["summary"]), (200, "standup", &json!("Stand-up")));
    assert_eq!(app.google_ok(&token, &format!("{EVENTS}/standup"))["status"], "cancelled");
    let there = format!("/calendars/{OPEN}/events/standup");
    assert_eq!(app.google_ok(&token, &format!("{there}/instances"))["items"].as_array().unwrap().len(), 5);
    let occurrence = app.google_ok(&token, &format!("{there}/instances"))["items"][1]["id"].clone();
    let back = format!("/calendars/{OPEN}/events/{}/move?destination=primary", occurrence.as_str().unwrap());
    assert_eq!(app.google_refused(&token, "POST", &back, None).0, 400, "one occurrence");
    for (path, status) in [
        (moved("review", OPEN), 409),
        (moved("nothing", OPEN), 404),
        (moved("review", "nowhere"), 404),
        (moved("review", "read"), 403),
        (format!("{EVENTS}/review/move"), 400),
    ] {
        assert_eq!(app.google_refused(&token, "POST", &path, None).0, status, "{path}");
    }
    assert_eq!(app.google(&token, "POST", &moved("review", "primary"), None).0, 200, "the same calendar");
    assert_eq!(app.google_ok(&token, &format!("{EVENTS}/review"))["status"], "confirmed");
}

#[test]
fn calendars_are_created_changed_and_deleted() {
    let (mut app, token) = ada(&[]);
    let sent = json!({ "summary": "New", "description": "d", "location": "Budapest", "timeZone": "Europe/Budapest" });
    let (status, made) = app.google(&token, "POST", "/calendars", Some(sent.clone()));
    assert_eq!((status, &made["kind"]), (200, &json!("calendar#calendar")));
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(made[name], *value);
    }
    let path = format!("/calendars/{}", encode(id(&made)));
    let (_, patched) = app.google(&token, "PATCH", &path, Some(json!({ "summary": "Newer" })));
    assert_eq!((&patched["summary"], &patched["location"]), (&json!("Newer"), &json!("Budapest")));
    let (_, replaced) = app.google(&token, "PUT", &path, Some(json!({ "summary": "Newest" })));
    assert_eq!((&replaced["summary"], replaced.get("location")), (&json!("Newest"), None));
    let entry = format!("/users/me/calendarList/{}", encode(id(&made)));
    let settings =
        json!({ "summaryOverride": "Mine", "hidden": true, "backgroundColor": "#123456", "summary": "x" });
    let (_, shown) = app.google(&token, "PATCH", &entry, Some(settings.clone()));
    assert_eq!(
        (&shown["summaryOverride"], &shown["hidden"], &shown["summary"]),
        (&json!("Mine"), &json!(true), &json!("Newest"))
    );
    assert_ne!(shown["backgroundColor"], "#123456");
    let (_, shown) = app.google(&token, "PUT", &format!("{entry}?colorRgbFormat=true"), Some(settings));
    assert_eq!(shown["backgroundColor"], "#123456");
    assert_eq!(app.google(&token, "POST", &format!("{path}/events"), Some(hour())).0, 200);
    assert_eq!(app.google(&token, "DELETE", &path, None), (204, Value::Null));
    assert_eq!(app.google_refused(&token, "GET", &path, None).0, 404);
    for (method, path, body, status) in [
        ("POST", "/calendars", Some(json!({ "description": "x" })), 400),
        ("POST", "/calendars", Some(json!({ "summary": "x", "timeZone": "Nowhere" })), 400),
        ("PUT", "/calendars/primary", Some(json!({ "timeZone": "UTC" })), 400),
        ("PATCH", "/calendars/written", Some(json!({ "summary": "x" })), 403),
        ("DELETE", "/calendars/primary", None, 400),
        ("DELETE", "/calendars/read", None, 403),
        ("POST", "/calendars/open@group.calendar.google.com/clear", None, 400),
    ] {
        assert_eq!(app.google_refused(&token, method, path, body).0, status, "{method} {path}");
    }
    assert_eq!(app.google(&token, "POST", "/calendars/primary/clear", None).0, 204);
    assert_eq!(app.google_list(&token, "").len(), 0);
}

#[test]
fn settings_have_the_zone_of_the_primary_calendar() {
    let (mut app, token) = ada(&[]);
    let list = app.google_ok(&token, "/users/me/settings");
    let zone = app.google_ok(&token, "/users/me/settings/timezone");
    assert_eq!((&zone["kind"], &zone["value"]), (&json!("calendar#setting"), &json!("Europe/Budapest")));
    assert!(list["items"].as_array().unwrap().contains(&zone));
    assert_eq!(app.google_ok(&token, "/users/me/settings/weekStart")["value"], "0");
    assert_eq!(
        app.google_refused(&token, "GET", "/users/me/settings/zone", None),
        (404, "notFound".to_owned())
    );
}
