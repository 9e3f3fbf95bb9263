//! Creating, updating and deleting events and series.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::{App, encode, id, meeting};
use serde_json::{Value, json};

fn with(mut event: Value, more: Value) -> Value {
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// Creates a daily series of five occurrences from 16 November, and returns its id.
fn series(app: &mut App, token: &str) -> String {
    let rule = json!({ "recurrence": { "frequency": "DAILY", "count": 5 }, "title": "Series" });
    id(&app.create(token, with(meeting(), rule))).to_owned()
}

/// Returns the titles and starts of the events of the test series. The year and the month of each
/// start are omitted.
fn shown(app: &mut App, token: &str) -> Vec<(String, String)> {
    let query = format!(
        "start=2026-11-15&end=2026-12-15&pageSize=1000&calendarIds={}",
        encode(r#"{"google":["primary"]}"#)
    );
    let events = app.events(token, &query);
    let own = events.iter().filter(|event| event["title"].as_str().unwrap().starts_with("Series"));
    own.map(|event| {
        (event["title"].as_str().unwrap().to_owned(), event["start"].as_str().unwrap()[8..16].to_owned())
    })
    .collect()
}

fn days(app: &mut App, token: &str) -> Vec<String> {
    shown(app, token).into_iter().map(|(_, start)| start).collect()
}

fn place(event: &str) -> Value {
    json!({ "provider": "google", "calendarId": "primary", "eventId": event })
}

fn occurrence(series: &str, day: &str) -> Value {
    with(place(&format!("{series}_202611{day}T090000Z")), json!({ "recurringEventId": series }))
}

fn put(app: &mut App, token: &str, body: Value) -> Value {
    let (status, body) = app.call(token, "PUT", "/event", Some(body));
    assert_eq!(status, 200, "{body}");
    body
}

fn delete(app: &mut App, token: &str, body: Value) {
    let (status, body) = app.call(token, "DELETE", "/event", Some(body));
    assert_eq!((status.as_u16(), body), (204, Value::Null));
}

#[test]
fn create_response_is_plain_or_wrapped() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let event =
        app.create(&token, with(meeting(), json!({ "attendees": ["a@example.org"], "description": "é" })));
    assert_eq!(
        (&event["success"], &event["title"], &event["description"]),
        (&json!(true), &json!("Meeting"), &json!("é"))
    );
    assert_eq!(event["attendees"], json!([{ "email": "a@example.org", "status": "none" }]));
    assert_ne!(event["calendarId"], "primary", "the calendar alias is resolved");

    app.sandbox.set("event_response", "wrapped").unwrap();
    app.sandbox.set("create_status", "200").unwrap();
    let (status, body) = app.call(&token, "POST", "/event", Some(meeting()));
    assert_eq!(
        (status.as_u16(), &body["success"], &body["event"]["title"]),
        (200, &json!(true), &json!("Meeting"))
    );
    assert!(body.get("title").is_none());
}

#[test]
fn create_error_names_the_invalid_field() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let mut details = |body: Value| {
        let (status, body) = app.call(&token, "POST", "/event", Some(body));
        assert_eq!(status, 400, "{body}");
        assert!(body["message"].is_string());
        let details = body["details"].as_object().unwrap();
        assert!(details.values().all(|texts| texts[0].is_string()));
        details.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(details(json!({})), ["calendarId", "end", "provider", "start", "title"]);
    assert_eq!(details(with(meeting(), json!({ "end": "2026-11-16T08:00:00Z" }))), ["end"]);
    assert_eq!(
        details(with(meeting(), json!({ "attendees": ["nobody"], "privacy": "x", "allDay": 1 }))),
        ["allDay", "attendees", "privacy"]
    );
    for rule in [
        json!({}),
        json!({ "frequency": "HOURLY" }),
        json!({ "frequency": "DAILY", "count": 2, "until": "20261231T235959Z" }),
        json!({ "frequency": "WEEKLY", "byDay": ["XX"] }),
        json!({ "frequency": "DAILY", "interval": 0 }),
        json!({ "frequency": "DAILY", "until": "never" }),
    ] {
        assert_eq!(details(with(meeting(), json!({ "recurrence": rule }))), ["recurrence"]);
    }
    let (status, _) = app.call(&token, "POST", "/event", Some(with(meeting(), json!({ "calendarId": "x" }))));
    assert_eq!(status, 404);
    let (status, _) = app.call(&token, "POST", "/event", Some(json!("text")));
    assert_eq!(status, 400);
}

#[test]
fn provider_stores_supported_conference_and_attendees() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let wanted = json!({ "conference": "https://own.example/1", "conferenceData": { "autoGenerate": true }, "attendees": ["a@b"] });
    let mut conference = |provider: &str, more: &Value| {
        let event = with(with(meeting(), json!({ "provider": provider })), more.clone());
        let event = app.create(&token, event);
        (
            event["conference"].as_str().unwrap_or("none").to_owned(),
            event["attendees"].as_array().unwrap().len(),
        )
    };
    assert!(conference("google", &wanted).0.starts_with("https://meet.google.com/"));
    assert!(conference("microsoft", &wanted).0.starts_with("https://teams.microsoft.com/"));
    assert_eq!(conference("apple", &wanted), ("https://own.example/1".to_owned(), 2));
    let own = json!({ "conference": "https://own.example/1", "attendees": ["a@b"] });
    assert_eq!(conference("google", &own), ("https://own.example/1".to_owned(), 1));
    assert_eq!(conference("microsoft", &own), ("none".to_owned(), 2));
    assert_eq!(conference("caldav", &own), ("https://own.example/1".to_owned(), 2));
}

#[test]
fn conference_may_be_an_object() {
    let mut app = App::new(&[("conference", "object")]);
    let token = app.user().access;
    let event = app.create(&token, with(meeting(), json!({ "conferenceData": { "autoGenerate": true } })));
    assert!(event["conference"]["url"].as_str().unwrap().starts_with("https://meet"));
    assert_eq!(event["conference"]["provider"], "googleMeet");
}

#[test]
fn all_day_event_has_midnights_and_exclusive_end() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let day = json!({ "allDay": true, "start": "2026-11-16", "end": "2026-11-16" });
    let event = app.create(&token, with(meeting(), day));
    assert_eq!(
        (&event["start"], &event["end"]),
        (&json!("2026-11-16T00:00:00.000Z"), &json!("2026-11-17T00:00:00.000Z"))
    );
}

#[test]
fn update_keeps_omitted_fields_and_null_clears() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let full = json!({ "description": "d", "location": "l", "attendees": ["a@b"], "custom": { "k": 1 } });
    let event = app.create(&token, with(meeting(), full));
    let changed = put(
        &mut app,
        &token,
        with(place(id(&event)), json!({ "title": "New", "description": null, "attendees": [] })),
    );
    assert_eq!(
        (&changed["title"], &changed["location"], &changed["custom"]),
        (&json!("New"), &json!("l"), &json!({ "k": 1 }))
    );
    assert!(changed.get("description").is_none() && changed.get("attendees").is_none());
    assert_eq!(changed["start"], event["start"]);

    for wrong in
        [json!({ "title": null }), json!({ "end": "2026-11-16T08:00:00Z" }), json!({ "updateMode": "some" })]
    {
        assert_eq!(app.call(&token, "PUT", "/event", Some(with(place(id(&event)), wrong))).0, 400);
    }
    assert_eq!(app.call(&token, "PUT", "/event", Some(place("unknown"))).0, 404);
    assert_eq!(app.call(&token, "PUT", "/event", Some(json!({ "provider": "google" }))).0, 400);
}

#[test]
fn series_expands_and_occurrence_changes_alone() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let series = series(&mut app, &token);
    assert_eq!(days(&mut app, &token), ["16T09:00", "17T09:00", "18T09:00", "19T09:00", "20T09:00"]);

    let one = with(
        occurrence(&series, "18"),
        json!({
            "title": "Series (moved)", "start": "2026-11-18T15:00:00Z", "end": "2026-11-18T16:00:00Z", "updateMode": "this",
        }),
    );
    let changed = put(&mut app, &token, one);
    assert_eq!(changed["recurringEventId"], json!(series));
    assert_eq!(id(&changed), format!("{series}_20261118T090000Z"), "the id does not change");
    assert_eq!(days(&mut app, &token), ["16T09:00", "17T09:00", "18T15:00", "19T09:00", "20T09:00"]);

    // An update of the series also changes the exception, except for the fields that the exception
    // overrides.
    put(&mut app, &token, with(place(&series), json!({ "location": "Room 5", "title": "Series all" })));
    let events = shown(&mut app, &token);
    assert_eq!(events.iter().filter(|(title, _)| title == "Series all").count(), 4);
    let read = put(&mut app, &token, with(occurrence(&series, "18"), json!({})));
    assert_eq!((&read["title"], &read["location"]), (&json!("Series (moved)"), &json!("Room 5")));
}

#[test]
fn occurrence_update_requires_series_id() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let series = series(&mut app, &token);
    let alone = place(&format!("{series}_20261118T090000Z"));
    for body in [alone.clone(), with(alone, json!({ "recurringEventId": "other" }))] {
        assert_eq!(app.call(&token, "PUT", "/event", Some(body.clone())).0, 400);
        assert_eq!(app.call(&token, "DELETE", "/event", Some(body)).0, 400);
    }
    let (status, _) = app.call(&token, "DELETE", "/event", Some(occurrence(&series, "25")));
    assert_eq!(status, 404, "the series does not have this occurrence");
}

#[test]
fn update_of_following_splits_the_series() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let series = series(&mut app, &token);
    put(&mut app, &token, with(occurrence(&series, "20"), json!({ "title": "Series x" })));
    let later = json!({ "updateMode": "following", "title": "Series 2" });
    let second = put(&mut app, &token, with(occurrence(&series, "18"), later));
    assert_ne!(id(&second), series);
    let titles: Vec<_> = shown(&mut app, &token)
        .into_iter()
        .map(|(title, start)| format!("{title} {}", &start[..2]))
        .collect();
    assert_eq!(titles, ["Series 16", "Series 17", "Series 2 18", "Series 2 19", "Series x 20"]);

    let moved =
        json!({ "updateMode": "following", "start": "2026-11-19T12:00:00Z", "end": "2026-11-19T13:00:00Z" });
    put(&mut app, &token, with(occurrence(id(&second), "19"), moved));
    assert_eq!(days(&mut app, &token), ["16T09:00", "17T09:00", "18T09:00", "19T12:00", "20T12:00"]);
}

#[test]
fn update_of_all_moves_every_occurrence() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let series = series(&mut app, &token);
    delete(&mut app, &token, occurrence(&series, "17"));
    let hour = json!({ "updateMode": "all", "start": "2026-11-18T10:30:00Z", "end": "2026-11-18T11:00:00Z" });
    let master = put(&mut app, &token, with(occurrence(&series, "18"), hour));
    assert_eq!(
        (&master["start"], &master["end"]),
        (&json!("2026-11-16T10:30:00.000Z"), &json!("2026-11-16T11:00:00.000Z"))
    );
    assert_eq!(
        days(&mut app, &token),
        ["16T10:30", "18T10:30", "19T10:30", "20T10:30"],
        "a deleted occurrence stays deleted"
    );
    put(&mut app, &token, with(place(&series), json!({ "recurrence": null })));
    assert_eq!(days(&mut app, &token), ["16T10:30"]);
}

#[test]
fn delete_removes_one_following_or_all() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let series = series(&mut app, &token);
    delete(&mut app, &token, occurrence(&series, "17"));
    assert_eq!(days(&mut app, &token), ["16T09:00", "18T09:00", "19T09:00", "20T09:00"]);
    delete(&mut app, &token, with(place(&series), json!({ "deleteMode": "this" })));
    assert_eq!(
        days(&mut app, &token),
        ["18T09:00", "19T09:00", "20T09:00"],
        "the first remaining occurrence"
    );
    delete(&mut app, &token, with(occurrence(&series, "19"), json!({ "deleteMode": "following" })));
    assert_eq!(days(&mut app, &token), ["18T09:00"]);
    delete(&mut app, &token, place(&series));
    assert!(days(&mut app, &token).is_empty());
    assert_eq!(app.call(&token, "DELETE", "/event", Some(place(&series))).0, 404);
}

#[test]
fn delete_reads_the_query_and_may_respond_200() {
    let mut app = App::new(&[("delete_status", "200")]);
    let token = app.user().access;
    let event = app.create(&token, with(meeting(), json!({ "provider": "microsoft" })));
    let path = format!(
        "/event?provider=microsoft&calendarId={}&eventId={}",
        encode(event["calendarId"].as_str().unwrap()),
        encode(id(&event))
    );
    let (status, body) = app.call(&token, "DELETE", &path, None);
    assert_eq!((status.as_u16(), &body["success"]), (200, &json!(true)));
    assert_eq!(app.call(&token, "DELETE", &path, None).0, 404);
    assert_eq!(app.call(&token, "DELETE", "/event?provider=google", None).0, 400);
}
