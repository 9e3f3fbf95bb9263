//! Filters, writes to calendars, and the settings of a mailbox, through Microsoft Graph.
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

fn filtered(list: &str, filter: &str) -> String {
    let query: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    format!("{list}{}$filter={query}", if list.contains('?') { '&' } else { '?' })
}

#[test]
fn filter_selects_events() {
    let (mut app, token) = ada(&[]);
    for (filter, wanted) in [
        ("subject eq 'review'", "review"),
        ("subject ne 'Review'", "offsite standup"),
        ("startswith(subject,'off')", "offsite"),
        ("endswith(subject,'-UP')", "standup"),
        ("contains(subject,'-') and isAllDay eq false", "standup"),
        ("not contains(subject,'-')", "review"),
        ("start/dateTime ge '2026-11-17T13:00:00Z'", "offsite review"),
        ("Start/DateTime gt '2026-11-17T13:00:00' and end/dateTime le '2026-11-21'", "offsite"),
        ("start/dateTime lt '2026-11-17T14:00:00+01:00'", "standup"),
        ("lastModifiedDateTime lt 2026-11-03T08:00:00Z", "offsite standup"),
        ("type eq 'seriesMaster' or (showAs eq 'free' and isAllDay eq true)", "offsite standup"),
        ("subject eq 'a' and subject eq 'b' or subject eq 'Review'", "review"),
        ("seriesMasterId eq null and sensitivity eq 'private'", "review"),
        ("subject eq 'it''s'", ""),
    ] {
        let found = app.graph_ok(&token, &filtered(EVENTS, filter));
        let mut ids: Vec<_> = found["value"].as_array().unwrap().iter().map(id).collect();
        ids.sort_unstable();
        assert_eq!(ids.join(" "), wanted, "{filter}");
    }
    let occurrences = filtered(VIEW, "start/dateTime ge '2026-11-18T00:00:00Z' and type eq 'occurrence'");
    assert_eq!(app.graph_ok(&token, &occurrences)["value"].as_array().unwrap().len(), 3);
    app.sandbox.set("graph_page", "1").unwrap();
    let pages = app.graph_pages(&token, &[], &occurrences).0;
    assert_eq!(pages.concat().len(), 3);
}

#[test]
fn unsupported_filter_is_refused() {
    let (mut app, token) = ada(&[]);
    let deep = format!("{}subject eq 'a'", "not ".repeat(1000));
    for filter in [
        "",
        "subject",
        "subject eq",
        "subject eq a",
        "subject is 'a'",
        "subject eq 'a",
        "subject eq 'a' and",
        "(subject eq 'a'",
        "subject eq 'a')",
        "start/dateTime ge 'a'",
        "location/displayName eq 'a'",
        "contains(subject,true)",
        "contains(subject 'a')",
        "subject eq \"a\"",
        deep.as_str(),
    ] {
        let wanted = error(400, "ErrorInvalidUrlQueryFilter");
        assert_eq!(
            refused(&mut app, &token, "GET", &filtered(EVENTS, filter), Value::Null),
            wanted,
            "{filter}"
        );
    }
    let wanted = error(400, "UnsupportedEntityExpression");
    for filter in ["organizer/emailAddress/address eq 'a'", "attendees/any(a: a eq 'b')"] {
        assert_eq!(refused(&mut app, &token, "GET", &filtered(EVENTS, filter), Value::Null), wanted);
    }
    let wanted = error(400, "ErrorInvalidUrlQuery");
    for path in ["/me/calendars", "/me/mailboxSettings"] {
        let token = app.graph_token(ADA, "Calendars.Read MailboxSettings.Read");
        assert_eq!(refused(&mut app, &token, "GET", &filtered(path, "name eq 'a'"), Value::Null), wanted);
    }
}
