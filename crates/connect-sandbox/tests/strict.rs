//! Ambiguous requests: the sandbox must refuse them instead of guessing their meaning.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{ALL, App, read};
use http::Request;
use serde_json::{Value, json};

#[test]
fn invalid_mode_or_series_changes_nothing() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let mut series = common::meeting();
    series["recurrence"] = json!({ "frequency": "DAILY", "count": 5 });
    let event = app.create(&token, series);
    let count = app.events(&token, ALL).len();
    let address =
        json!({ "provider": "google", "calendarId": "primary", "eventId": event["id"], "title": "x" });
    for (field, value) in [
        ("updateMode", json!(7)),
        ("updateMode", json!("")),
        ("updateMode", json!(["this"])),
        ("recurringEventId", json!("")),
        ("recurringEventId", json!(7)),
    ] {
        let mut body = address.clone();
        body[field] = value.clone();
        let (status, answer) = app.call(&token, "PUT", "/event", Some(body.clone()));
        assert!(status == 400 && answer["details"][field].is_array(), "{field} {value}: {answer}");
        body["deleteMode"] = body["updateMode"].take();
        assert_eq!(app.call(&token, "DELETE", "/event", Some(body)).0.as_u16(), 400, "{field} {value}");
    }
    let path = format!("/event?provider=google&calendarId=primary&eventId={}", event["id"].as_str().unwrap());
    for empty in ["&deleteMode=", "&recurringEventId="] {
        assert_eq!(app.call(&token, "DELETE", &format!("{path}{empty}"), None).0, 400);
    }
    let events = app.events(&token, ALL);
    assert!(events.len() == count && events.iter().all(|event| event["title"] != "x"));
    assert_eq!(app.call(&token, "DELETE", &path, None).0, 204);
}

#[test]
fn conference_data_fields_are_checked() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    for (data, status) in [
        (json!({ "autoGenerate": "yes" }), 400),
        (json!({ "provider": 7 }), 400),
        (json!([]), 400),
        (json!({ "autoGenerate": null, "provider": null, "more": {} }), 201),
        (json!({ "autoGenerate": true, "provider": "googleMeet" }), 201),
    ] {
        let mut event = common::meeting();
        event["conferenceData"] = data.clone();
        assert_eq!(app.call(&token, "POST", "/event", Some(event)).0.as_u16(), status, "{data}");
    }
}

#[test]
fn disconnect_accepts_object_list_or_empty_body() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    for (body, status) in
        [("\0", 400), ("\"\"", 400), ("null", 400), ("{", 400), ("{}", 200), ("[]", 200), ("", 200)]
    {
        let request = Request::post("/api/oauth/disconnect?provider=apple");
        let request = request.header("authorization", format!("Bearer {token}"));
        let reply = app.send(request.body(Bytes::from(body)).unwrap());
        assert_eq!(reply.status().as_u16(), status, "{body:?}");
    }
}

#[test]
fn wrong_method_gets_405_with_allowed_methods() {
    let mut app = App::new(&[]);
    for (path, allow) in
        [("/api/calendars", "GET"), ("/api/event", "POST, PUT, DELETE"), ("/api/subscribe-webhook", "POST")]
    {
        let reply = app.send(Request::patch(path).body(Bytes::new()).unwrap());
        assert_eq!((reply.status().as_u16(), reply.headers()["allow"].to_str().unwrap()), (405, allow));
        assert!(read(&reply).1["message"].is_string());
    }
    let (status, body) = app.call("", "PATCH", "/nowhere", None);
    assert_eq!((status.as_u16(), &body["error"]), (404, &Value::from("Not Found")));
    assert_eq!(app.sandbox.stats().answered("unknown", 405), 3);
}
