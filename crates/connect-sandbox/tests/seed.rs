//! Users and their calendars from a seed file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{ALL, App};
use http::Request;
use serde_json::{Value, json};

const TEAM: &str = include_str!("../examples/team.json");

#[test]
fn seed_with_byte_order_mark_is_read() {
    let mut app = App::new(&[]);
    app.sandbox.seed(&format!("\u{feff}{TEAM}")).unwrap();
    for (path, body) in [
        ("/sandbox/seed", TEAM),
        ("/sandbox/faults", r#"{"endpoint": "GET /health", "status": 500}"#),
        ("/sandbox/set", r#"{"token_ttl": 30}"#),
    ] {
        for body in [format!("\u{feff}{body}"), body.to_owned()] {
            let request = Request::post(path).body(Bytes::from(body.clone())).unwrap();
            assert_eq!(app.send(request).status(), 200, "{path} {body:?}");
        }
    }
}

#[test]
fn example_seed_is_loaded() {
    let mut app = App::new(&[]);
    app.sandbox.seed(TEAM).unwrap();
    let token = app.sign_in("ada", "read-write").access;
    let calendars = app.ok(&token, "/calendars");
    let titles: Vec<_> =
        calendars.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Ada", "Team holidays", "Home"], "the seed replaces the demo calendars");
    assert_eq!(
        (&calendars[0]["timeZone"], &calendars[0]["color"]),
        (&json!("Europe/Budapest"), &json!("#1a73e8"))
    );

    let events = app.events(&token, ALL);
    let of = |title: &str| events.iter().filter(|event| event["title"] == title).collect::<Vec<_>>();
    let standups = of("Stand-up");
    assert_eq!(standups.len(), 12);
    assert!(standups.iter().all(|event| event["recurringEventId"] == "standup"));
    assert_eq!(standups[0]["attendees"][1], json!({ "email": "alan@example.org", "status": "tentative" }));
    assert_eq!(standups[0]["conference"], "https://meet.example/standup");
    let offsite = of("Off-site")[0];
    assert_eq!(
        (&offsite["start"], &offsite["end"]),
        (&json!("2026-11-19T00:00:00.000Z"), &json!("2026-11-21T00:00:00.000Z"))
    );
    let dentist = of("Dentist")[0];
    assert_eq!(
        (&dentist["start"], &dentist["provider"]),
        (&json!("2026-11-17T14:30:00.000Z"), &json!("apple"))
    );
    assert_eq!(dentist["lastModified"], "2026-11-01T08:00:00.000Z");
    assert!(!dentist["id"].as_str().unwrap().is_empty());

    let grace = app.sign_in("grace", "read").access;
    let account = app.ok(&grace, "/oauth/connection-status")["connections"]["microsoft"][0].clone();
    assert_eq!(
        (&account["id"], &account["calendarPermissionGranted"], &account["syncState"]),
        (&json!("grace@outlook.example"), &json!(false), &json!("reauth_required"))
    );
    assert_eq!(app.get(&grace, "/events").0, 403);
    let new = app.sign_in("new-user", "read").access;
    assert_eq!(app.ok(&new, "/calendars"), json!([]));
    let demo = app.sign_in("someone", "read").access;
    assert_eq!(app.ok(&demo, "/calendars").as_array().unwrap().len(), 8);
}

#[test]
fn seeded_events_are_writable_and_restored_by_seed() {
    let mut app = App::new(&[]);
    app.sandbox.seed(TEAM).unwrap();
    let token = app.sign_in("ada", "read-write").access;
    let change =
        json!({ "provider": "google", "calendarId": "primary", "eventId": "offsite", "title": "Retreat" });
    assert_eq!(app.call(&token, "PUT", "/event", Some(change)).1["title"], "Retreat");
    let path = "/event?provider=google&calendarId=ada%40gmail.example&eventId=standup";
    assert_eq!(app.call(&token, "DELETE", path, None).0, 204);
    assert_eq!(app.events(&token, ALL).len(), 2);
    let request = Request::post("/sandbox/seed").body(Bytes::from(TEAM)).unwrap();
    assert_eq!(app.send(request).status(), 200);
    assert_eq!(app.events(&token, ALL).len(), 14);
}

#[test]
fn invalid_seed_names_the_path_and_changes_nothing() {
    let team: Value = serde_json::from_str(TEAM).unwrap();
    let event = "/users/ada/google/calendars/0/events/0";
    for (pointer, value, path, words) in [
        ("/users", json!([]), "users", "object"),
        ("/users/ada/google", json!({}), "users.ada.google.calendars", "required"),
        ("/users/new-user", json!({ "yahoo": {} }), "users.new-user.yahoo", "caldav"),
        ("/users/ada/google/account", json!(7), "users.ada.google.account", "text"),
        (
            "/users/grace/microsoft/syncState",
            json!("x"),
            "users.grace.microsoft.syncState",
            "reauth_required",
        ),
        ("/users/ada/google/calendars", json!({}), "users.ada.google.calendars", "list"),
        (
            "/users/ada/google/calendars/1",
            json!({ "id": "a" }),
            "users.ada.google.calendars[1].title",
            "required",
        ),
        (
            "/users/ada/google/calendars/1/id",
            json!("ada@gmail.example"),
            "users.ada.google.calendars[1].id",
            "another",
        ),
        (event, json!({ "title": "A" }), "users.ada.google.calendars[0].events[0].start", "required"),
        (
            "/users/ada/google/calendars/0/events/0/start",
            json!("soon"),
            "users.ada.google.calendars[0].events[0].start",
            "ISO 8601",
        ),
        (
            "/users/ada/google/calendars/0/events/0/end",
            json!("2026-01-01"),
            "users.ada.google.calendars[0].events[0].end",
            "before",
        ),
        (
            "/users/ada/google/calendars/0/events/0/recurrence/frequency",
            json!("HOURLY"),
            "users.ada.google.calendars[0].events[0].recurrence",
            "DAILY",
        ),
        (
            "/users/ada/google/calendars/0/events/1/id",
            json!("standup"),
            "users.ada.google.calendars[0].events[1].id",
            "another",
        ),
    ] {
        let mut seed = team.clone();
        *seed.pointer_mut(pointer).unwrap() = value;
        let mut app = App::new(&[]);
        let error = app.sandbox.seed(&seed.to_string()).unwrap_err();
        assert_eq!(error.path, path);
        assert!(error.reason.contains(words), "{error}");
        let token = app.sign_in("ada", "read").access;
        assert_eq!(app.ok(&token, "/calendars").as_array().unwrap().len(), 8);
    }
    let mut app = App::new(&[]);
    let misspelt = TEAM.replace("\"location\"", "\"loaction\"");
    let error = app.sandbox.seed(&misspelt).unwrap_err();
    assert_eq!(error.path, "users.ada.google.calendars[0].events[1].loaction");
    assert!(error.reason.contains("location"), "the error lists the valid fields");
    let error = app.sandbox.seed("{\n  \"users\": {,}\n}").unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
    assert!(app.sandbox.seed("{}").is_err() && app.sandbox.seed("[]").is_err());
}

#[cfg(feature = "server")]
#[test]
fn server_starts_with_seed_or_returns_its_error() {
    use connect_sandbox::Server;
    let server = Server::builder().seed(TEAM).start().unwrap();
    assert!(server.requests().is_empty());
    let error = Server::builder().seed("{\"users\":{\"a\":7}}").start().unwrap_err().to_string();
    assert!(error.contains("users.a: must be an object"), "{error}");
}
