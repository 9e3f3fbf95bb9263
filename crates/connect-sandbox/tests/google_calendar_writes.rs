//! Google Calendar: insert, patch, update, delete.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::calendar::*;
use common::oauth::error;
use common::{App, read};
use serde_json::{Value, json};

fn with(mut event: Value, changes: &Value) -> Value {
    let changes = changes.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(changes);
    event
}

fn event(app: &mut App, token: &str, id: &str) -> Value {
    app.google_ok(token, &format!("{EVENTS}/{id}"))
}

#[test]
fn inserted_event_is_returned_as_sent() {
    let (mut app, token) = ada(&[]);
    let sent = json!({
        "summary": "Planning", "description": "<b>Bring</b> slides", "location": "Room 5",
        "start": { "dateTime": "2026-11-18T10:00:00", "timeZone": "America/New_York" },
        "end": { "dateTime": "2026-11-18T17:00:00+01:00", "timeZone": "Europe/Paris" },
        "attendees": [
            { "email": "grace@example.org", "displayName": "Grace", "optional": true },
            { "email": "ada@gmail.example", "responseStatus": "accepted" },
        ],
        "transparency": "transparent", "visibility": "confidential", "status": "tentative", "colorId": "2",
        "extendedProperties": { "private": { "a": "1" }, "shared": { "b": "2" } },
        "reminders": { "useDefault": false, "overrides": [{ "method": "email", "minutes": 30 }] },
        "guestsCanModify": true, "unknown": "is ignored",
    });
    let made = app.google_insert(&token, sent.clone());
    for name in [
        "summary",
        "description",
        "location",
        "transparency",
        "visibility",
        "status",
        "colorId",
        "extendedProperties",
        "reminders",
        "guestsCanModify",
    ] {
        assert_eq!(made[name], sent[name], "{name}");
    }
    assert_eq!(
        made["start"],
        json!({ "dateTime": "2026-11-18T16:00:00+01:00", "timeZone": "America/New_York" })
    );
    assert_eq!(made["end"], json!({ "dateTime": "2026-11-18T17:00:00+01:00", "timeZone": "Europe/Paris" }));
    let guests = &made["attendees"];
    assert_eq!(
        guests[0],
        json!({ "email": "grace@example.org", "displayName": "Grace", "optional": true, "responseStatus": "needsAction" })
    );
    assert_eq!((&guests[1]["self"], &guests[1]["organizer"]), (&json!(true), &json!(true)));
    assert_eq!((made.get("unknown"), &made["eventType"]), (None, &json!("default")));
    assert_eq!(event(&mut app, &token, common::id(&made)), made);

    let connect = app.sign_in("ada", "read-write").access;
    let shown = app.events(&connect, common::ALL);
    let shown = shown.iter().find(|one| one["title"] == "Planning").unwrap();
    assert_eq!(
        (&shown["start"], &shown["availability"]),
        (&json!("2026-11-18T15:00:00.000Z"), &json!("free"))
    );
    assert_eq!((&shown["color"], &shown["privacy"]), (&json!("#33b679"), &json!("confidential")));
    assert_eq!(shown["custom"], json!({ "a": "1", "b": "2" }));
    assert_eq!(shown["attendees"][0], json!({ "email": "grace@example.org", "status": "none" }));
    assert_eq!(shown["original"]["etag"], made["etag"]);
}

#[test]
fn insert_with_own_id_works_once() {
    let (mut app, token) = ada(&[]);
    let own = with(hour(), &json!({ "id": "0123456789abcdefghijklmnopqrstuv" }));
    assert_eq!(app.google_insert(&token, own.clone())["id"], own["id"]);
    let mut refused = |event: &Value| app.google_refused(&token, "POST", EVENTS, Some(event.clone()));
    assert_eq!(refused(&own), error(409, "duplicate"));
    for id in
        [json!("abcd"), json!("a".repeat(1025)), json!("UPPER"), json!("xyz12"), json!("a_b_c"), json!(12345)]
    {
        assert_eq!(refused(&with(hour(), &json!({ "id": id }))), error(400, "invalid"), "{id}");
    }
    app.google_delete(&token, own["id"].as_str().unwrap());
    assert_eq!(
        app.google_refused(&token, "POST", EVENTS, Some(own)),
        error(409, "duplicate"),
        "the id was used before"
    );
    app.google_insert(&token, with(hour(), &json!({ "id": "a".repeat(1024) })));
    app.google_insert(&token, with(hour(), &json!({ "id": "abcde" })));
}

#[test]
fn invalid_google_event_is_refused() {
    let (mut app, token) = ada(&[]);
    let (day, time) = (json!({ "date": "2026-11-18" }), json!({ "dateTime": "2026-11-18T10:00:00Z" }));
    let next = json!({ "date": "2026-11-19" });
    let naive = json!({ "dateTime": "2026-11-18T10:00:00" });
    for (changes, reason) in [
        (json!({ "start": null }), "required"),
        (json!({ "end": {} }), "required"),
        (json!({ "start": day }), "invalid"),
        (json!({ "start": { "date": "2026-11-18", "dateTime": "2026-11-18T10:00:00Z" } }), "invalid"),
        (json!({ "start": naive }), "invalid"),
        (json!({ "start": { "dateTime": "2026-11-18T10:00:00Z", "timeZone": "Mars/Olympus" } }), "invalid"),
        (json!({ "start": { "date": "18.11.2026" }, "end": next }), "invalid"),
        (json!({ "start": time, "end": { "dateTime": "2026-11-18T09:00:00Z" } }), "timeRangeEmpty"),
        (json!({ "start": next, "end": day }), "timeRangeEmpty"),
        (json!({ "start": day, "end": day }), "timeRangeEmpty"),
        (json!({ "status": "maybe" }), "invalid"),
        (json!({ "visibility": "secret" }), "invalid"),
        (json!({ "transparency": "clear" }), "invalid"),
        (json!({ "colorId": "12" }), "invalid"),
        (json!({ "summary": 1 }), "invalid"),
        (json!({ "attendees": [{}] }), "required"),
        (json!({ "attendees": [{ "email": "a@b", "responseStatus": "no" }] }), "invalid"),
        (json!({ "extendedProperties": { "private": { "a": 1 } } }), "invalid"),
        (json!({ "recurrence": ["RRULE:FREQ=DAILY"] }), "required"),
        (json!({ "recurrence": ["DTSTART:20261118T100000Z"], "start": day, "end": next }), "invalid"),
    ] {
        let body = with(hour(), &changes);
        assert_eq!(app.google_refused(&token, "POST", EVENTS, Some(body)), error(400, reason), "{changes}");
    }
    let reply = app.google_reply(&[("authorization", &format!("Bearer {token}"))], "POST", EVENTS, None);
    assert_eq!(refusal(400, &read(&reply).1), error(400, "parseError"));
    for query in ["sendUpdates=some", "conferenceDataVersion=2", "maxAttendees=none"] {
        let path = format!("{EVENTS}?{query}");
        assert_eq!(app.google_refused(&token, "POST", &path, Some(hour())), error(400, "invalid"), "{query}");
    }
    for query in ["sendUpdates=all", "sendUpdates=externalOnly&conferenceDataVersion=1", "sendUpdates=none"] {
        assert_eq!(app.google(&token, "POST", &format!("{EVENTS}?{query}"), Some(hour())).0, 200, "{query}");
    }
}

#[test]
fn patch_keeps_omitted_fields_and_update_clears_them() {
    let (mut app, token) = ada(&[]);
    let made = app.google_insert(
        &token,
        with(hour(), &json!({
            "location": "Room 5", "description": "Slides", "attendees": [{ "email": "a@example.org" }],
            "extendedProperties": { "private": { "a": "1", "b": "2" } }, "reminders": { "useDefault": false },
        })),
    );
    let id = common::id(&made).to_owned();
    app.pass(60);
    let patched = app.google_patch(
        &token,
        &id,
        json!({
            "summary": "Other", "location": null, "attendees": [{ "email": "b@example.org" }],
            "extendedProperties": { "private": { "a": null, "c": "3" } },
        }),
    );
    assert_eq!((&patched["summary"], patched.get("location")), (&json!("Other"), None));
    assert_eq!((&patched["description"], &patched["start"]), (&made["description"], &made["start"]));
    assert_eq!(patched["attendees"].as_array().unwrap().len(), 1, "an array replaces the old value");
    assert_eq!(patched["attendees"][0]["email"], "b@example.org");
    assert_eq!(patched["extendedProperties"]["private"], json!({ "b": "2", "c": "3" }));
    assert_ne!((&patched["etag"], &patched["updated"]), (&made["etag"], &made["updated"]));
    assert_eq!(app.google_patch(&token, &id, json!({})), patched, "an empty patch changes nothing");

    let (status, replaced) = app.google(&token, "PUT", &format!("{EVENTS}/{id}"), Some(hour()));
    assert_eq!((status, &replaced["summary"]), (200, &json!("Meeting")));
    for name in ["description", "location", "attendees", "extendedProperties"] {
        assert_eq!(replaced.get(name), None, "{name}");
    }
    assert_eq!(replaced["reminders"], json!({ "useDefault": true }));
    let short = json!({ "summary": "No times" });
    let path = format!("{EVENTS}/{id}");
    assert_eq!(app.google_refused(&token, "PUT", &path, Some(short)), error(400, "required"));
    assert_eq!(
        app.google_refused(&token, "PATCH", &format!("{EVENTS}/no"), Some(json!({}))),
        error(404, "notFound")
    );
}

#[test]
fn patch_to_date_requires_clearing_date_time() {
    let (mut app, token) = ada(&[]);
    let id = common::id(&app.google_insert(&token, hour())).to_owned();
    let days = json!({ "start": { "date": "2026-11-18" }, "end": { "date": "2026-11-19" } });
    let path = format!("{EVENTS}/{id}");
    assert_eq!(app.google_refused(&token, "PATCH", &path, Some(days)), error(400, "invalid"));
    let day = |date: &str| json!({ "date": date, "dateTime": null, "timeZone": null });
    let patched =
        app.google_patch(&token, &id, json!({ "start": day("2026-11-18"), "end": day("2026-11-19") }));
    assert_eq!(
        (&patched["start"], &patched["end"]),
        (&json!({ "date": "2026-11-18" }), &json!({ "date": "2026-11-19" }))
    );
    let connect = app.sign_in("ada", "read-write").access;
    let shown = app.events(&connect, common::ALL);
    let shown = shown.iter().find(|one| common::id(one) == id).unwrap();
    assert_eq!((&shown["allDay"], &shown["end"]), (&json!(true), &json!("2026-11-19T00:00:00.000Z")));
}

#[test]
fn google_write_with_stale_etag_is_refused() {
    let (mut app, token) = ada(&[]);
    let first = app.google_insert(&token, hour());
    let id = common::id(&first).to_owned();
    let tag = |event: &Value| event["etag"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let path = format!("{EVENTS}/{id}");
    let write = |app: &mut App, method: &str, tag: &str, body: Option<Value>| {
        let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
        let reply = app.google_reply(&headers, method, &path, body);
        (reply.status().as_u16(), read(&reply).1)
    };
    let (status, second) = write(&mut app, "PATCH", &tag(&first), Some(json!({ "summary": "Second" })));
    assert_eq!(status, 200);
    for (method, body) in
        [("PATCH", Some(json!({ "summary": "x" }))), ("PUT", Some(hour())), ("DELETE", None)]
    {
        let (status, body) = write(&mut app, method, &tag(&first), body);
        assert_eq!(refusal(status, &body), error(412, "conditionNotMet"), "{method}");
    }
    assert_eq!(event(&mut app, &token, &id)["summary"], "Second");
    let headers = [("authorization", bearer.as_str()), ("if-none-match", &tag(&second))];
    let reply = app.google_reply(&headers, "GET", &path, None);
    assert_eq!((reply.status().as_u16(), reply.body().len()), (304, 0));
    assert_eq!(write(&mut app, "PATCH", "*", Some(json!({ "summary": "Third" }))).0, 200);
    let third = tag(&event(&mut app, &token, &id));
    assert_eq!(write(&mut app, "DELETE", &format!("\"x\", {third}"), None).0, 204);
}

#[test]
fn deleting_google_event_twice_gets_410() {
    let (mut app, token) = ada(&[]);
    let delete =
        |app: &mut App, id: &str| app.google_refused(&token, "DELETE", &format!("{EVENTS}/{id}"), None);
    app.google_delete(&token, "review");
    assert_eq!(delete(&mut app, "review"), error(410, "deleted"));
    assert_eq!(delete(&mut app, "nothing"), error(404, "notFound"));
    let gone = event(&mut app, &token, "review");
    assert_eq!((&gone["status"], &gone["summary"]), (&json!("cancelled"), &json!("Review")));
    app.google_delete(&token, "standup_20261117T090000Z");
    assert_eq!(delete(&mut app, "standup_20261117T090000Z"), error(410, "deleted"));
    assert_eq!(event(&mut app, &token, "standup_20261117T090000Z")["status"], "cancelled");
    app.google_patch(&token, "offsite", json!({ "status": "cancelled" }));
    assert_eq!(delete(&mut app, "offsite"), error(410, "deleted"));
    assert_eq!(app.google_patch(&token, "offsite", json!({ "status": "confirmed" }))["summary"], "Off-site");
    app.google_delete(&token, "standup");
    assert_eq!(delete(&mut app, "standup_20261118T090000Z"), error(404, "notFound"));
}

#[test]
fn series_keeps_lines_and_uses_its_time_zone() {
    let (mut app, token) = ada(&[]);
    let zoned = |at: &str| json!({ "dateTime": at, "timeZone": "Europe/Budapest" });
    let lines = json!(["RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=3", "EXDATE;TZID=Europe/Budapest:20261028T090000"]);
    let made = app.google_insert(
        &token,
        json!({
            "summary": "Weekly", "recurrence": lines,
            "start": zoned("2026-10-21T09:00:00"), "end": zoned("2026-10-21T09:30:00"),
        }),
    );
    assert_eq!(
        (&made["recurrence"], &made["start"]["dateTime"]),
        (&lines, &json!("2026-10-21T09:00:00+02:00"))
    );
    let id = common::id(&made).to_owned();
    let starts = |app: &mut App| -> Vec<String> {
        let list = app.google_ok(&token, &format!("{EVENTS}/{id}/instances"));
        let items = list["items"].as_array().unwrap().iter();
        items.map(|one| one["start"]["dateTime"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(starts(&mut app), ["2026-10-21T09:00:00+02:00", "2026-11-04T09:00:00+01:00"]);
    // An update of another field does not change the series. New recurrence lines replace the series.
    let renamed = app.google_patch(&token, &id, json!({ "summary": "Renamed" }));
    assert_eq!((&renamed["recurrence"], starts(&mut app).len()), (&lines, 2));
    let twice = json!({ "recurrence": ["RRULE:FREQ=DAILY;COUNT=2"] });
    assert_eq!(app.google_patch(&token, &id, twice.clone())["recurrence"], twice["recurrence"]);
    assert_eq!(starts(&mut app), ["2026-10-21T09:00:00+02:00", "2026-10-22T09:00:00+02:00"]);
    let one = format!("{EVENTS}/{id}_20261022T070000Z");
    assert_eq!(app.google_refused(&token, "PATCH", &one, Some(twice)), error(400, "invalid"));
    let single = app.google_patch(&token, &id, json!({ "recurrence": null }));
    assert_eq!(single.get("recurrence"), None);
}

#[test]
fn occurrence_patch_creates_exception() {
    let (mut app, token) = ada(&[]);
    let one = "standup_20261118T090000Z";
    let changed = app.google_patch(
        &token,
        one,
        json!({ "summary": "Later", "start": { "dateTime": "2026-11-18T12:00:00+01:00" },
                "end": { "dateTime": "2026-11-18T12:15:00+01:00" } }),
    );
    assert_eq!((&changed["id"], &changed["recurringEventId"]), (&json!(one), &json!("standup")));
    assert_eq!(changed["originalStartTime"]["dateTime"], "2026-11-18T10:00:00+01:00");
    app.google_patch(&token, "standup", json!({ "location": "Room 6", "summary": "Daily" }));
    let after = event(&mut app, &token, one);
    assert_eq!((&after["summary"], &after["location"]), (&json!("Later"), &json!("Room 6")));
    assert_eq!(event(&mut app, &token, "standup_20261119T090000Z")["summary"], "Daily");
}

#[test]
fn conference_requires_conference_data_version() {
    let (mut app, token) = ada(&[]);
    let request =
        json!({ "createRequest": { "requestId": "r", "conferenceSolutionKey": { "type": "hangoutsMeet" } } });
    let wanted = with(hour(), &json!({ "conferenceData": request }));
    assert_eq!(app.google_insert(&token, wanted.clone()).get("hangoutLink"), None);
    let (_, made) = app.google(&token, "POST", &format!("{EVENTS}?conferenceDataVersion=1"), Some(wanted));
    let link = made["hangoutLink"].as_str().unwrap();
    assert!(link.starts_with("https://meet.google.com/"));
    assert_eq!(made["conferenceData"]["entryPoints"][0]["uri"], link);
    let id = common::id(&made);
    assert_eq!(app.google_patch(&token, id, json!({ "conferenceData": null }))["hangoutLink"], link);
    let path = format!("{EVENTS}/{id}?conferenceDataVersion=1");
    let (_, renamed) = app.google(&token, "PATCH", &path, Some(json!({ "summary": "x" })));
    assert_eq!(renamed["hangoutLink"], link);
    let (_, without) = app.google(&token, "PATCH", &path, Some(json!({ "conferenceData": null })));
    assert_eq!((without.get("hangoutLink"), without.get("conferenceData")), (None, None));
}

#[test]
fn guests_are_notified_as_requested() {
    let (mut app, token) = ada(&[]);
    let guests = json!([{ "email": "a@example.org" }, { "email": "b@gmail.example" }, { "email": "ada@gmail.example" }]);
    for (query, told) in [
        ("", vec![]),
        ("?sendUpdates=none", vec![]),
        ("?sendUpdates=externalOnly", vec!["a@example.org"]),
        ("?sendUpdates=all", vec!["a@example.org", "b@gmail.example"]),
    ] {
        let before = app.sandbox.invitations().len();
        let body = with(hour(), &json!({ "summary": "Review", "attendees": guests }));
        let (status, made) = app.google(&token, "POST", &format!("{EVENTS}{query}"), Some(body));
        assert_eq!(status, 200);
        let id = made["id"].as_str().unwrap();
        for (method, body) in [("PATCH", Some(json!({ "summary": "Later" }))), ("DELETE", None)] {
            assert!(app.google(&token, method, &format!("{EVENTS}/{id}{query}"), body).0 < 300);
        }
        let all = &app.sandbox.invitations()[before..];
        assert!(all.iter().all(|one| one.event == id && one.provider == "google"), "{all:?}");
        let of =
            |kind: &str| all.iter().filter(|one| one.kind == kind).map(|one| &*one.to).collect::<Vec<_>>();
        for kind in ["invitation", "update", "cancellation"] {
            assert_eq!(of(kind), told, "{query}: {kind}");
        }
    }
    let (status, listed) = read(&app.send(common::get("/sandbox/invitations")));
    let first = &listed["invitations"][0];
    assert_eq!(
        (status.as_u16(), &first["to"], &first["kind"]),
        (200, &json!("a@example.org"), &json!("invitation"))
    );
    assert_eq!(first["title"], "Review");
}
