//! Writes to calendars, and the settings of a mailbox, through Microsoft Graph.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
mod common;

use common::graph::*;
use common::{App, id};
use serde_json::{Value, json};

const SETTINGS: &str = "/me/mailboxSettings";

fn refused(app: &mut App, token: &str, method: &str, path: &str, body: Value) -> (u16, String) {
    let (status, body) = app.graph(token, method, path, (!body.is_null()).then_some(body));
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn calendar_is_created_renamed_and_deleted() {
    let (mut app, token) = ada(&[]);
    let new = json!({ "name": "Trips", "color": "lightGreen" });
    let (status, made) = app.graph(&token, "POST", "/me/calendars", Some(new));
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["name"], &made["color"]), (&json!("Trips"), &json!("lightGreen")));
    assert_eq!((&made["isDefaultCalendar"], &made["isRemovable"]), (&json!(false), &json!(true)));
    let path = format!("/me/calendars/{}", id(&made));
    assert_eq!(app.graph_ok(&token, &path)["name"], "Trips");
    assert_eq!(app.graph_ok(&token, &format!("{path}/events"))["value"], json!([]));

    let (status, changed) = app.graph(&token, "PATCH", &path, Some(json!({ "name": "Travel" })));
    assert_eq!((status, &changed["name"], &changed["color"]), (200, &json!("Travel"), &json!("lightGreen")));
    let names = |app: &mut App| {
        let all = app.graph_ok(&token, "/me/calendars");
        all["value"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut app), ["Calendar", "Other", "Team", "Travel"]);
    assert_eq!(app.graph(&token, "DELETE", &path, None).0, 204);
    assert_eq!(names(&mut app), ["Calendar", "Other", "Team"]);
    assert_eq!(refused(&mut app, &token, "GET", &path, Value::Null), error(404, "ErrorItemNotFound"));
}

#[test]
fn wrong_write_of_calendar_is_refused() {
    let (mut app, token) = ada(&[]);
    for (method, path, body, wanted) in [
        ("POST", "/me/calendars", json!({ "name": "Other" }), error(409, "ErrorFolderExists")),
        ("POST", "/me/calendars", json!({}), error(400, "ErrorPropertyValidationFailure")),
        ("POST", "/me/calendars", json!({ "name": "" }), error(400, "ErrorPropertyValidationFailure")),
        ("POST", "/me/calendars", json!({ "name": "a", "color": "pink" }), error(400, "RequestBodyRead")),
        ("PATCH", "/me/calendars/other", json!({ "name": "Calendar" }), error(409, "ErrorFolderExists")),
        ("PATCH", "/me/calendars/read", json!({ "name": "a" }), error(403, "ErrorAccessDenied")),
        ("PATCH", "/me/calendars/none", json!({ "name": "a" }), error(404, "ErrorItemNotFound")),
        ("DELETE", "/me/calendars/own", Value::Null, error(400, "ErrorDeleteDistinguishedFolder")),
        ("DELETE", "/me/calendar", Value::Null, error(400, "ErrorDeleteDistinguishedFolder")),
    ] {
        assert_eq!(refused(&mut app, &token, method, path, body), wanted, "{method} {path}");
    }
    assert_eq!(app.graph(&token, "PATCH", "/me/calendars/other", Some(json!({ "name": "Other" }))).0, 200);
    let reader = app.graph_token(ADA, "Calendars.Read");
    for (method, path) in
        [("POST", "/me/calendars"), ("PATCH", "/me/calendar"), ("DELETE", "/me/calendars/other")]
    {
        let wanted = error(403, "ErrorAccessDenied");
        assert_eq!(refused(&mut app, &reader, method, path, json!({ "name": "a" })), wanted);
    }
    assert_eq!(app.graph_ok(&token, "/me/calendars")["value"].as_array().unwrap().len(), 3);
}

#[test]
fn mailbox_settings_are_read_and_changed() {
    let (mut app, calendars) = ada(&[]);
    let token = app.graph_token(ADA, "MailboxSettings.ReadWrite");
    let all = app.graph_ok(&token, SETTINGS);
    assert_eq!(all["timeZone"], "Central Europe Standard Time");
    assert_eq!(all["workingHours"]["startTime"], "08:00:00.0000000");
    assert_eq!(app.graph_ok(&token, "/me/mailboxSettings/timeZone")["value"], all["timeZone"]);
    let hours = app.graph_ok(&token, "/me/mailboxSettings/workingHours");
    assert_eq!(hours["timeZone"]["name"], all["timeZone"]);

    let change = json!({ "timeZone": "Asia/Tokyo", "workingHours": { "endTime": "16:30:00.0000000" } });
    let (status, changed) = app.graph(&token, "PATCH", SETTINGS, Some(change));
    assert_eq!((status, &changed["timeZone"]), (200, &json!("Asia/Tokyo")));
    assert!(changed.get("language").is_none());
    let all = app.graph_ok(&token, SETTINGS);
    let hours = &all["workingHours"];
    assert_eq!(
        (&hours["startTime"], &hours["endTime"]),
        (&json!("08:00:00.0000000"), &json!("16:30:00.0000000"))
    );
    assert_eq!(app.graph_ok(&token, "/me/mailboxSettings/timeZone")["value"], "Asia/Tokyo");

    let hours = |name: &str, value: Value| json!({ "workingHours": { name: value } });
    for (body, code) in [
        (json!({ "timeZone": "Nowhere" }), "InvalidTimeZone"),
        (hours("timeZone", json!({ "name": "Nowhere" })), "InvalidTimeZone"),
        (hours("startTime", json!("08")), "RequestBodyRead"),
        (hours("startTime", json!("16:30:00")), "ErrorInvalidTimeSettings"),
        (hours("daysOfWeek", json!(["someday"])), "InvalidArguments"),
    ] {
        assert_eq!(refused(&mut app, &token, "PATCH", SETTINGS, body), error(400, code));
    }
    assert_eq!(app.graph_ok(&token, SETTINGS), all);
    let wanted = error(400, "BadRequest");
    assert_eq!(refused(&mut app, &token, "GET", "/me/mailboxSettings/none", Value::Null), wanted);
    let reader = app.graph_token(ADA, "MailboxSettings.Read");
    assert_eq!(app.graph_ok(&reader, SETTINGS), all);
    let denied = error(403, "ErrorAccessDenied");
    assert_eq!(refused(&mut app, &reader, "PATCH", SETTINGS, json!({})), denied);
    assert_eq!(refused(&mut app, &calendars, "GET", SETTINGS, Value::Null), denied);
    assert_eq!(refused(&mut app, &reader, "GET", "/me/calendars", Value::Null), denied);
}
