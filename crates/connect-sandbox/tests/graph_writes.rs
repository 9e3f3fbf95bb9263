//! Microsoft Graph: create, update, delete.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::graph::*;
use common::oauth::error;
use serde_json::{Value, json};

fn event(app: &mut App, token: &str, id: &str) -> Value {
    app.graph_ok(token, &event_path(id))
}

/// Returns the event as Connect lists it.
fn connect_event(app: &mut App, id: &str) -> Option<Value> {
    let connect = app.sign_in("ada", "read-write").access;
    app.events(&connect, common::ALL).into_iter().find(|one| common::id(one) == id)
}

fn utc(text: &str) -> Value {
    json!({ "dateTime": text, "timeZone": "UTC" })
}

fn starts(app: &mut App, token: &str, id: &str) -> Vec<String> {
    let path =
        format!("{}/instances?startDateTime=2026-01-01&endDateTime=2028-01-01&$top=1000", event_path(id));
    let all = app.graph_list(token, &path);
    all.iter().map(|one| one["start"]["dateTime"].as_str().unwrap()[..16].to_owned()).collect()
}

#[test]
fn created_event_is_returned_as_sent() {
    let (mut app, token) = ada(&[]);
    let sent = json!({
        "subject": "Planning", "body": { "contentType": "text", "content": "Bring <slides>" },
        "location": { "displayName": "Room 5", "address": { "city": "Budapest" } },
        "start": { "dateTime": "2026-11-18T10:00:00", "timeZone": "Eastern Standard Time" },
        "end": { "dateTime": "2026-11-18T17:00:00", "timeZone": "Europe/Paris" },
        "attendees": [{ "type": "optional", "emailAddress": { "name": "Grace", "address": "grace@example.org" } }],
        "showAs": "oof", "sensitivity": "personal", "importance": "high", "categories": ["Red"],
        "reminderMinutesBeforeStart": 5, "isReminderOn": false, "responseRequested": false,
        "transactionId": "7E163156-7762-4BEB-A1C6-729EA81755A7",
    });
    let made = app.graph_create(&token, sent.clone());
    for name in [
        "subject",
        "body",
        "showAs",
        "sensitivity",
        "importance",
        "categories",
        "reminderMinutesBeforeStart",
        "isReminderOn",
        "responseRequested",
        "transactionId",
    ] {
        assert_eq!(made[name], sent[name], "{name}");
    }
    assert_eq!(made["start"], utc("2026-11-18T15:00:00.0000000"));
    assert_eq!(made["end"], utc("2026-11-18T16:00:00.0000000"));
    assert_eq!(made["originalStartTimeZone"], "Eastern Standard Time");
    assert_eq!(made["originalEndTimeZone"], "Europe/Paris");
    assert_eq!(made["location"]["address"]["city"], "Budapest");
    let guest = &made["attendees"][0];
    assert_eq!((&guest["type"], &guest["emailAddress"]["name"]), (&json!("optional"), &json!("Grace")));
    assert_eq!((&made["isOnlineMeeting"], &made["type"]), (&json!(false), &json!("singleInstance")));

    let shown = connect_event(&mut app, common::id(&made)).unwrap();
    assert_eq!((&shown["title"], &shown["description"]), (&json!("Planning"), &json!("Bring <slides>")));
    assert_eq!((&shown["location"], &shown["privacy"]), (&json!("Room 5"), &json!("private")));
    assert_eq!(
        (&shown["start"], &shown["provider"]),
        (&json!("2026-11-18T15:00:00.000Z"), &json!("microsoft"))
    );
    let organizer = &shown["attendees"][1];
    assert_eq!((&organizer["email"], &organizer["organizer"]), (&json!(ADA), &json!(true)));
}

#[test]
fn repeated_transaction_id_creates_no_second_event() {
    for (value, status) in [("201", 201), ("200", 200), ("409", 409)] {
        let (mut app, token) = ada(&[("graph_transaction", value)]);
        let sent = with(hour(), &json!({ "transactionId": "one" }));
        let made = app.graph_create(&token, sent.clone());
        let before = app.graph_list(&token, EVENTS).len();
        let (again, body) = app.graph(&token, "POST", EVENTS, Some(sent));
        assert_eq!(again, status);
        if status == 409 {
            assert_eq!(refusal(again, &body), error(409, "ErrorDuplicateTransactionId"));
        } else {
            assert_eq!(body, made);
        }
        assert_eq!(app.graph_list(&token, EVENTS).len(), before);
        app.graph_create(&token, with(hour(), &json!({ "transactionId": "two" })));
        app.graph_create(&token, hour());
        app.graph_create(&token, hour());
        assert_eq!(app.graph_list(&token, EVENTS).len(), before + 3);
    }
}

#[test]
fn invalid_graph_event_is_refused() {
    let (mut app, token) = ada(&[]);
    let day = |zone: &str, at: &str| json!({ "dateTime": at, "timeZone": zone });
    let all_day = |start: Value, end: Value| json!({ "isAllDay": true, "start": start, "end": end });
    for (changes, code) in [
        (json!({ "start": null }), "ErrorPropertyValidationFailure"),
        (json!({ "end": {} }), "ErrorPropertyValidationFailure"),
        (json!({ "start": utc("2026-11-18T10:00:00+01:00") }), "ErrorPropertyValidationFailure"),
        (json!({ "end": utc("2026-11-18T08:00:00") }), "ErrorPropertyValidationFailure"),
        (json!({ "start": day("Mars", "2026-11-18T10:00:00") }), "TimeZoneNotSupportedException"),
        (all_day(utc("2026-11-18T01:00:00"), utc("2026-11-19T00:00:00")), "ErrorInvalidRequest"),
        (all_day(utc("2026-11-18T00:00:00"), utc("2026-11-19T01:00:00")), "ErrorInvalidRequest"),
        (all_day(utc("2026-11-18T00:00:00"), utc("2026-11-18T00:00:00")), "ErrorInvalidRequest"),
        (
            all_day(utc("2026-11-18T00:00:00"), day("Tokyo Standard Time", "2026-11-19T00:00:00")),
            "ErrorInvalidRequest",
        ),
        (json!({ "showAs": "away" }), "RequestBodyRead"),
        (json!({ "sensitivity": "secret" }), "RequestBodyRead"),
        (json!({ "importance": "huge" }), "RequestBodyRead"),
        (json!({ "subject": 1 }), "RequestBodyRead"),
        (json!({ "isAllDay": "yes" }), "RequestBodyRead"),
        (json!({ "title": "Connect's" }), "RequestBodyRead"),
        (json!({ "summary": "Google's" }), "RequestBodyRead"),
        (json!({ "body": { "contentType": "markdown", "content": "x" } }), "RequestBodyRead"),
        (json!({ "attendees": [{ "emailAddress": { "name": "No address" } }] }), "ErrorInvalidRecipients"),
        (json!({ "recurrence": { "pattern": {} } }), "ErrorInvalidRecurrencePattern"),
        (json!({ "extensions": [{}] }), "ErrorPropertyValidationFailure"),
    ] {
        let body = with(hour(), &changes);
        assert_eq!(app.graph_refused(&token, "POST", EVENTS, Some(body)), error(400, code), "{changes}");
    }
    assert_eq!(app.graph_refused(&token, "POST", EVENTS, None), error(400, "BadRequest"));
    let denied = error(403, "ErrorAccessDenied");
    assert_eq!(app.graph_refused(&token, "POST", "/me/calendars/read/events", Some(hour())), denied);
    assert_eq!(app.graph_refused(&token, "DELETE", "/me/calendars/read/events/talk", None), denied);
    let (status, _) = app.graph(&token, "POST", "/me/calendars/other/events", Some(hour()));
    assert_eq!(status, 201);
    assert_eq!(app.graph_list(&token, EVENTS).len(), 3, "a refused request creates no event");
}

#[test]
fn all_day_event_is_midnight_in_every_zone() {
    let (mut app, token) = ada(&[]);
    let day =
        |day: u8| json!({ "dateTime": format!("2026-11-{day}T00:00:00"), "timeZone": "Tokyo Standard Time" });
    let sent = json!({ "subject": "Day off", "isAllDay": true, "start": day(18), "end": day(19) });
    let made = app.graph_create(&token, sent);
    assert_eq!(
        (&made["start"], &made["end"]),
        (&utc("2026-11-18T00:00:00.0000000"), &utc("2026-11-19T00:00:00.0000000"))
    );
    assert_eq!(made["originalStartTimeZone"], "Tokyo Standard Time");
    let id = common::id(&made).to_owned();
    let shown = connect_event(&mut app, &id).unwrap();
    assert_eq!((&shown["allDay"], &shown["start"]), (&json!(true), &json!("2026-11-18T00:00:00.000Z")));
    assert_eq!(shown["end"], "2026-11-19T00:00:00.000Z");
    assert_eq!(app.graph_patch(&token, &id, json!({ "subject": "Off" }))["isAllDay"], true);
    let refused =
        app.graph_refused(&token, "PATCH", &event_path("review"), Some(json!({ "isAllDay": true })));
    assert_eq!(refused, error(400, "ErrorInvalidRequest"), "the times are not midnights");
}

#[test]
fn graph_patch_keeps_omitted_properties() {
    let (mut app, token) = ada(&[]);
    let made = app.graph_create(
        &token,
        with(hour(), &json!({
            "body": { "contentType": "html", "content": "<p>Slides</p>" }, "categories": ["Red"],
            "attendees": [{ "type": "required", "emailAddress": { "name": "Grace", "address": "grace@example.org" } }],
            "showAs": "workingElsewhere",
        })),
    );
    let id = common::id(&made).to_owned();
    app.pass(60);
    let patched = app.graph_patch(&token, &id, json!({ "subject": "Other" }));
    assert_eq!(patched["subject"], "Other");
    for name in [
        "body",
        "start",
        "end",
        "attendees",
        "categories",
        "showAs",
        "originalStartTimeZone",
        "transactionId",
    ] {
        assert_eq!(patched[name], made[name], "{name}");
    }
    assert_ne!(
        (&patched["changeKey"], &patched["lastModifiedDateTime"]),
        (&made["changeKey"], &made["lastModifiedDateTime"])
    );
    let again = app.graph_patch(&token, &id, json!({}));
    assert_eq!(again, patched, "a repeated patch changes nothing");
    // Read-only properties are ignored, so that a client can send a whole event back.
    let mut whole = patched.clone();
    let (start, end) = (whole["start"].take(), whole["end"].take());
    whole.as_object_mut().unwrap().retain(|name, _| name != "start" && name != "end");
    assert_eq!(app.graph_patch(&token, &id, whole), patched);
    // The zone of the sent times becomes the event's own zone.
    let moved = app.graph_patch(&token, &id, json!({ "start": start, "end": end }));
    assert_eq!((&moved["start"], &moved["originalStartTimeZone"]), (&patched["start"], &json!("UTC")));
    let cleared = app.graph_patch(&token, &id, json!({ "body": null, "attendees": [], "showAs": "free" }));
    assert_eq!((&cleared["body"]["content"], &cleared["attendees"]), (&json!(""), &json!([])));
    assert_eq!(connect_event(&mut app, &id).unwrap()["availability"], "free");
    let moved = app.graph_patch(&token, &id, json!({ "end": utc("2026-11-18T12:00:00") }));
    assert_eq!(
        (&moved["start"], &moved["end"]["dateTime"]),
        (&made["start"], &json!("2026-11-18T12:00:00.0000000"))
    );
    let early = json!({ "end": utc("2026-11-18T08:00:00") });
    assert_eq!(app.graph_refused(&token, "PATCH", &event_path(&id), Some(early)).0, 400);
}

#[test]
fn setting_location_replaces_locations() {
    let (mut app, token) = ada(&[]);
    let place = |name: &str| json!({ "displayName": name });
    let made = app.graph_create(&token, with(hour(), &json!({ "locations": [place("A"), place("B")] })));
    assert_eq!(
        (&made["location"]["displayName"], made["locations"].as_array().unwrap().len()),
        (&json!("A"), 2)
    );
    let id = common::id(&made).to_owned();
    assert_eq!(app.graph_patch(&token, &id, json!({ "subject": "x" }))["locations"], made["locations"]);
    let patched = app.graph_patch(&token, &id, json!({ "location": place("C") }));
    assert_eq!(
        (&patched["location"]["displayName"], patched["locations"].as_array().unwrap().len()),
        (&json!("C"), 1)
    );
    assert_eq!(connect_event(&mut app, &id).unwrap()["location"], "C");
    let none = app.graph_patch(&token, &id, json!({ "locations": [] }));
    assert_eq!((&none["location"]["displayName"], &none["locations"]), (&json!(""), &json!([])));
}

#[test]
fn graph_write_with_stale_etag_is_refused() {
    let (mut app, token) = ada(&[]);
    let first = app.graph_create(&token, hour());
    let path = event_path(common::id(&first));
    let tag = |event: &Value| event["@odata.etag"].as_str().unwrap().to_owned();
    let write = |app: &mut App, method: &str, tag: &str, body: Option<Value>| {
        app.graph_with(&token, &[("if-match", tag)], method, &path, body)
    };
    let (status, second) = write(&mut app, "PATCH", &tag(&first), Some(json!({ "subject": "Second" })));
    assert_eq!(status, 200);
    for (method, body) in [("PATCH", Some(json!({ "subject": "x" }))), ("DELETE", None)] {
        let (status, body) = write(&mut app, method, &tag(&first), body);
        assert_eq!(refusal(status, &body), error(412, "ErrorIrresolvableConflict"), "{method}");
    }
    assert_eq!(write(&mut app, "PATCH", "*", Some(json!({ "subject": "Third" }))).0, 200);
    assert_eq!(write(&mut app, "DELETE", &tag(&second), None).0, 412);
    let third = tag(&app.graph_ok(&token, &path));
    assert_eq!(write(&mut app, "DELETE", &third, None).0, 204);
    assert_eq!(app.graph_refused(&token, "GET", &path, None), error(404, "ErrorItemNotFound"));
    assert_eq!(app.graph_refused(&token, "DELETE", &path, None), error(404, "ErrorItemNotFound"));
}

#[test]
fn series_follows_its_pattern_and_range() {
    let (mut app, token) = ada(&[]);
    let zoned = |at: &str| json!({ "dateTime": at, "timeZone": "Central Europe Standard Time" });
    let recurrence = json!({
        "pattern": { "type": "weekly", "interval": 1, "daysOfWeek": ["wednesday"], "firstDayOfWeek": "monday" },
        "range": { "type": "numbered", "startDate": "2026-10-21", "numberOfOccurrences": 3 },
    });
    let sent = json!({
        "subject": "Weekly", "recurrence": recurrence,
        "start": zoned("2026-10-21T09:00:00"), "end": zoned("2026-10-21T09:30:00"),
    });
    let made = app.graph_create(&token, sent.clone());
    assert_eq!(
        (&made["type"], &made["start"]["dateTime"]),
        (&json!("seriesMaster"), &json!("2026-10-21T07:00:00.0000000"))
    );
    assert_eq!(made["recurrence"]["pattern"]["daysOfWeek"], json!(["wednesday"]));
    assert_eq!(made["recurrence"]["range"]["recurrenceTimeZone"], "Central Europe Standard Time");
    let id = common::id(&made).to_owned();
    // The series starts at nine o'clock local time, whatever the offset.
    assert_eq!(starts(&mut app, &token, &id), ["2026-10-21T07:00", "2026-10-28T08:00", "2026-11-04T08:00"]);

    let renamed = app.graph_patch(&token, &id, json!({ "subject": "Renamed" }));
    assert_eq!((&renamed["recurrence"], starts(&mut app, &token, &id).len()), (&made["recurrence"], 3));
    let mut daily = renamed["recurrence"].clone();
    daily["pattern"] = json!({ "type": "daily", "interval": 2 });
    daily["range"] = json!({ "type": "endDate", "startDate": "2026-10-21", "endDate": "2026-10-25" });
    let patched = app.graph_patch(&token, &id, json!({ "recurrence": daily }));
    assert_eq!(patched["recurrence"]["range"]["endDate"], "2026-10-25");
    assert_eq!(starts(&mut app, &token, &id), ["2026-10-21T07:00", "2026-10-23T07:00", "2026-10-25T08:00"]);
    let one = format!("{}_20261023T070000Z", id);
    let refused = app.graph_refused(&token, "PATCH", &event_path(&one), Some(json!({ "recurrence": daily })));
    assert_eq!(refused, error(400, "ErrorInvalidRecurrencePattern"));
    assert_eq!(app.graph_patch(&token, &id, json!({ "recurrence": null }))["type"], "singleInstance");

    for (name, value) in [
        ("startDate", json!("2026-10-22")),
        ("numberOfOccurrences", json!(0)),
        ("type", json!("forever")),
        ("recurrenceTimeZone", json!("Mars")),
    ] {
        let mut wrong = sent.clone();
        wrong["recurrence"]["range"][name] = value;
        assert_eq!(app.graph(&token, "POST", EVENTS, Some(wrong)).0, 400, "{name}");
    }
}

#[test]
fn series_starts_on_first_day_of_pattern() {
    let (mut app, token) = ada(&[]);
    let sent = with(
        hour(),
        &json!({ "recurrence": {
        "pattern": { "type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last" },
        "range": { "type": "numbered", "startDate": "2026-11-18", "numberOfOccurrences": 2 },
    } }),
    );
    let made = app.graph_create(&token, sent);
    assert_eq!(made["start"]["dateTime"], "2026-11-27T09:00:00.0000000");
    assert_eq!(starts(&mut app, &token, common::id(&made)), ["2026-11-27T09:00", "2026-12-25T09:00"]);
}

#[test]
fn connect_rule_is_written_as_closest_pattern() {
    let (mut app, token) = ada(&[]);
    let connect = app.sign_in("ada", "read-write").access;
    for (rule, pattern) in [
        (
            json!({ "frequency": "MONTHLY", "byMonthDay": [-1] }),
            json!({ "type": "relativeMonthly", "index": "last" }),
        ),
        (
            json!({ "frequency": "YEARLY" }),
            json!({ "type": "absoluteYearly", "month": 11, "dayOfMonth": 16 }),
        ),
        (
            json!({ "frequency": "WEEKLY", "byDay": ["MO"] }),
            json!({ "type": "weekly", "daysOfWeek": ["monday"] }),
        ),
        (
            json!({ "frequency": "DAILY", "byDay": ["FR"] }),
            json!({ "type": "weekly", "daysOfWeek": ["friday"] }),
        ),
    ] {
        let sent = with(common::meeting(), &json!({ "provider": "microsoft", "recurrence": rule }));
        let made = app.create(&connect, sent);
        let told = event(&mut app, &token, common::id(&made))["recurrence"]["pattern"].clone();
        for (name, value) in pattern.as_object().unwrap() {
            assert_eq!(&told[name], value, "{told}");
        }
    }
}

#[test]
fn graph_occurrence_update_creates_exception() {
    let (mut app, token) = ada(&[]);
    let one = "standup_20261118T090000Z";
    let changed = app.graph_patch(
        &token,
        one,
        json!({ "subject": "Later", "start": utc("2026-11-18T12:00:00"), "end": utc("2026-11-18T12:15:00") }),
    );
    assert_eq!((&changed["id"], &changed["type"]), (&json!(one), &json!("exception")));
    assert_eq!(
        (&changed["seriesMasterId"], &changed["originalStart"]),
        (&json!("standup"), &json!("2026-11-18T09:00:00.0000000Z"))
    );
    app.graph_patch(
        &token,
        "standup",
        json!({ "location": { "displayName": "Room 6" }, "subject": "Daily" }),
    );
    let after = event(&mut app, &token, one);
    assert_eq!((&after["subject"], &after["location"]["displayName"]), (&json!("Later"), &json!("Room 6")));
    assert_eq!(event(&mut app, &token, "standup_20261119T090000Z")["subject"], "Daily");
    app.graph_delete(&token, "standup_20261117T090000Z");
    assert_eq!(starts(&mut app, &token, "standup").len(), 4);
    let gone = app.graph_refused(&token, "GET", &event_path("standup_20261117T090000Z"), None);
    assert_eq!(gone, error(404, "ErrorItemNotFound"));
    app.graph_delete(&token, "standup");
    assert_eq!(app.graph_refused(&token, "GET", &event_path(one), None), error(404, "ErrorItemNotFound"));
}

#[test]
fn occurrence_cannot_move_past_adjacent_ones() {
    let (mut app, token) = ada(&[]);
    let path = event_path("standup_20261118T090000Z");
    let mut to = |start: &str, end: &str| {
        let (status, body) =
            app.graph(&token, "PATCH", &path, Some(json!({ "start": utc(start), "end": utc(end) })));
        if status == 200 { Ok(()) } else { Err(refusal(status, &body)) }
    };
    let crossing = Err(error(400, "ErrorOccurrenceCrossingBoundary"));
    assert_eq!(to("2026-11-19T10:00:00", "2026-11-19T10:15:00"), crossing, "past the next occurrence");
    assert_eq!(to("2026-11-17T08:00:00", "2026-11-17T08:15:00"), crossing, "before the previous occurrence");
    assert_eq!(to("2026-11-18T09:00:00", "2026-11-19T09:10:00"), crossing, "into the next occurrence");
    assert_eq!(to("2026-11-19T08:00:00", "2026-11-19T08:15:00"), Ok(()));
    // After the next occurrence is deleted, the occurrence can move to its day.
    app.graph_delete(&token, "standup_20261119T090000Z");
    let moved = json!({ "start": utc("2026-11-19T10:00:00"), "end": utc("2026-11-19T10:15:00") });
    assert_eq!(app.graph(&token, "PATCH", &path, Some(moved)).0, 200);
}

#[test]
fn online_meeting_is_created_once_and_kept() {
    let (mut app, token) = ada(&[]);
    let made = app.graph_create(&token, with(hour(), &json!({ "isOnlineMeeting": true })));
    let link = made["onlineMeeting"]["joinUrl"].as_str().unwrap().to_owned();
    assert!(
        link.starts_with("https://teams.microsoft.com/")
            && made["onlineMeetingProvider"] == "teamsForBusiness"
    );
    let id = common::id(&made).to_owned();
    for patch in
        [json!({ "subject": "x" }), json!({ "isOnlineMeeting": true }), json!({ "isOnlineMeeting": false })]
    {
        assert_eq!(app.graph_patch(&token, &id, patch)["onlineMeeting"]["joinUrl"], link.as_str());
    }
    assert_eq!(connect_event(&mut app, &id).unwrap()["conference"], link.as_str());
    let later = app.graph_patch(&token, "review", json!({ "isOnlineMeeting": true }));
    assert!(later["onlineMeeting"]["joinUrl"].is_string());
}

#[test]
fn custom_fields_are_open_extensions() {
    let (mut app, token) = ada(&[]);
    let id = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name color";
    let made = app.graph_create(
        &token,
        with(hour(), &json!({
            "extensions": [{ "@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "Com.Example", "ticket": 42 }],
            "singleValueExtendedProperties": [{ "id": id, "value": "red" }],
        })),
    );
    let event = common::id(&made).to_owned();
    assert_eq!((made.get("extensions"), made.get("singleValueExtendedProperties")), (None, None));
    assert_eq!(connect_event(&mut app, &event).unwrap()["custom"], json!({ "ticket": 42, "color": "red" }));
    let filter = common::encode(&format!("extensions,singleValueExtendedProperties($filter=id eq '{id}')"));
    let path = format!("{}?$expand={filter}", event_path(&event));
    let shown = app.graph_ok(&token, &path);
    assert_eq!(
        (&shown["extensions"][0]["extensionName"], &shown["extensions"][0]["ticket"]),
        (&json!("Com.Example"), &json!(42))
    );
    assert_eq!(shown["singleValueExtendedProperties"], json!([{ "id": id, "value": "red" }]));
    app.graph_patch(&token, &event, json!({ "subject": "x" }));
    assert_eq!(app.graph_ok(&token, &path)["extensions"], shown["extensions"]);
    let patch = json!({ "singleValueExtendedProperties": [{ "id": id, "value": "blue" }] });
    app.graph_patch(&token, &event, patch);
    assert_eq!(connect_event(&mut app, &event).unwrap()["custom"], json!({ "ticket": 42, "color": "blue" }));
    let offsite = app.graph_ok(&token, "/me/events/offsite?$expand=extensions");
    assert_eq!(offsite["extensions"][0]["ticket"], 42, "the custom field that Connect wrote");
    let refused = app.graph_refused(&token, "PATCH", &event_path(&event), Some(json!({ "extensions": [] })));
    assert_eq!(refused, error(400, "ErrorInvalidRequest"));
}
