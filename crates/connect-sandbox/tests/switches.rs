//! The switches for response formats, accounts and limits.
//!
//! Every switch must accept each value that its description lists.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{ALL, App, encode, id, read};
use connect_sandbox::{Settings, switches};
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn unknown_switch_value_error_lists_allowed_values() {
    for switch in switches().filter(|switch| switch.values.contains('|')) {
        let error = Settings::default().set(switch.name, "\u{0}?").unwrap_err().to_string();
        assert!(error.contains(switch.name) && error.contains(switch.values), "{error}");
        assert!(!switch.about.is_empty());
        for value in switch.values.split('|').filter(|value| *value != "N") {
            Settings::default().set(switch.name, value).unwrap();
        }
    }
    for (name, value) in [("account_limit", "-1"), ("rate_limit_every", "0"), ("server_errors", "x")] {
        assert!(Settings::default().set(name, value).is_err(), "{name}={value}");
    }
}

#[test]
fn legacy_routes_follow_their_switch() {
    for (value, status) in [("on", 200), ("off", 404)] {
        let mut app = App::new(&[("legacy_routes", value)]);
        let token = app.user().access;
        assert_eq!(app.get(&token, "/connection-status").0, status);
        assert_eq!(app.call(&token, "POST", "/disconnect?provider=apple", None).0, status);
        assert_eq!(app.get(&token, "/oauth/connection-status").0, 200);
    }
}

#[test]
fn calendar_id_follows_its_switch() {
    for (value, present) in [("present", true), ("missing", false)] {
        let mut app = App::new(&[("calendar_id", value)]);
        let (token, busy) = (app.user().access, app.sign_in("busy", "free-busy").access);
        let written = app.create(&token, common::meeting());
        assert_eq!(written.get("calendarId").is_some(), present);
        for token in [token, busy] {
            let events = app.events(&token, ALL);
            assert!(!events.is_empty());
            assert!(events.iter().all(|event| event.get("calendarId").is_some() == present));
        }
    }
}

#[test]
fn attendee_format_follows_its_switch() {
    for (value, strings) in [("objects", false), ("strings", true)] {
        let mut app = App::new(&[("attendees", value)]);
        let token = app.user().access;
        let events = app.events(&token, ALL);
        let mut attendees =
            events.iter().filter_map(|event| event["attendees"].as_array()).flatten().peekable();
        assert!(attendees.peek().is_some());
        assert!(attendees.all(|attendee| attendee.is_string() == strings && attendee.is_object() != strings));
    }
}

/// Returns the time in the field `name`, with every digit replaced by 0.
///
/// Returns `missing` if the event has no such field, and `null` if the field is null.
fn shape(event: &Value, name: &str) -> String {
    match event.get(name) {
        None => "missing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(value) => {
            value.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
        }
    }
}

#[test]
fn odd_dates_keep_order_pages_and_all_day_events() {
    let mut app = App::new(&[("odd_dates", "on")]);
    let token = app.user().access;
    let odd = app.events(&token, &format!("{ALL}&pageSize=50"));
    app.sandbox.set("odd_dates", "off").unwrap();
    let plain = app.events(&token, ALL);
    assert!(odd.iter().map(id).eq(plain.iter().map(id)), "odd dates must not change the order");
    let mut shapes = BTreeMap::<(String, String), usize>::new();
    for (event, plain) in odd.iter().zip(&plain) {
        if event["allDay"] == true {
            assert_eq!((&event["start"], &event["end"]), (&plain["start"], &plain["end"]));
        } else {
            *shapes.entry((shape(event, "start"), shape(event, "end"))).or_default() += 1;
        }
    }
    let full = "0000-00-00T00:00:00.000Z";
    for (start, end) in [
        (full, full),
        ("0000-00-00T00:00:00.000", "0000-00-00T00:00:00.000"),
        ("0000-00-00", "0000-00-00"),
        ("0000-00-00T00:00Z", "0000-00-00T00:00Z"),
        ("0000-00-00T00:00:00Z", "0000-00-00T00:00:00Z"),
        ("null", "null"),
        (full, "null"),
        (full, "missing"),
        ("missing", "missing"),
    ] {
        assert!(shapes.remove(&(start.to_owned(), end.to_owned())).unwrap_or(0) > 5, "{start} {end}");
    }
    assert!(shapes.is_empty(), "{shapes:?}");
}

#[test]
fn error_style_follows_its_switch() {
    for (value, not_found) in [
        ("message", json!({ "error": "Not Found", "message": "Calendar not found" })),
        ("error", json!({ "error": "Calendar not found" })),
    ] {
        let mut app = App::new(&[("error_style", value)]);
        let token = app.user().access;
        let mut event = common::meeting();
        event["calendarId"] = json!("unknown");
        assert_eq!(app.call(&token, "POST", "/event", Some(event)).1, not_found);
        // The switch does not change the error for an invalid page size, which has only one documented
        // format.
        let (_, invalid) = app.get(&token, "/events?pageSize=0");
        assert!(invalid["message"].is_string() && invalid["details"].is_object());
        let reader = app.sign_in("reader", "read").access;
        let (_, denied) = app.call(&reader, "POST", "/event", Some(json!({})));
        assert_eq!(denied["message"], "Write access denied for current scope");
        assert_eq!(app.token("grant_type=x").1["error"], "unsupported_grant_type");
    }
}

#[test]
fn delete_reads_query_body_or_both() {
    for (value, by_query, by_body) in [("both", 204, 204), ("query", 204, 400), ("body", 400, 204)] {
        let mut app = App::new(&[("delete_by", value)]);
        let token = app.user().access;
        let event = app.create(&token, common::meeting());
        let query = format!(
            "/event?provider=google&calendarId=primary&eventId={}",
            encode(event["id"].as_str().unwrap())
        );
        let expected = if by_query == 204 { json!({}) } else { json!({ "provider": "x" }) };
        assert_eq!(app.call(&token, "DELETE", &query, Some(expected)).0, by_query, "{value} by query");
        let event = app.create(&token, common::meeting());
        let body = json!({ "provider": "google", "calendarId": "primary", "eventId": event["id"] });
        assert_eq!(app.call(&token, "DELETE", "/event", Some(body)).0, by_body, "{value} by body");
    }
}

#[test]
fn withheld_account_is_omitted_or_refused_if_only_one() {
    let mut app = App::new(&[("withheld", "google")]);
    let token = app.user().access;
    let status = app.ok(&token, "/oauth/connection-status")["connections"].clone();
    assert_eq!(status["google"][0]["calendarPermissionGranted"], false);
    assert_eq!(status["microsoft"][0]["calendarPermissionGranted"], true);
    assert!(
        app.events(&token, ALL).iter().all(|event| event["provider"] != "google"),
        "the other accounts have access"
    );
    assert_eq!(app.ok(&token, "/calendars").as_array().unwrap().len(), 5);

    let refused = json!({
        "error": "Forbidden",
        "code": "calendar_permission_required",
        "message": "Calendar access was not granted for any connected account",
        "accounts": [{ "provider": "google", "account": "user-1@gmail.example" }],
    });
    let only_google = format!("/events?calendarIds={}", encode(r#"{"google":["primary"]}"#));
    let subscribe = json!({ "provider": "google", "calendarId": "x" });
    app.sandbox.set("webhook_url", "https://app.example/hook").unwrap();
    for (method, path, body) in [
        ("GET", only_google.as_str(), None),
        ("POST", "/event", Some(common::meeting())),
        ("DELETE", "/event?provider=google&calendarId=primary&eventId=x", None),
        ("POST", "/subscribe-webhook", Some(subscribe)),
    ] {
        assert_eq!(
            app.call(&token, method, path, body),
            (http::StatusCode::FORBIDDEN, refused.clone()),
            "{path}"
        );
    }
    for provider in ["microsoft", "apple", "caldav"] {
        app.call(&token, "POST", &format!("/oauth/disconnect?provider={provider}"), None);
    }
    for path in ["/calendars", "/events"] {
        assert_eq!(app.get(&token, path), (http::StatusCode::FORBIDDEN, refused.clone()));
    }
    app.call(&token, "POST", "/oauth/disconnect?provider=google", None);
    assert_eq!(app.ok(&token, "/calendars"), json!([]), "a user without accounts gets an empty list");
}

#[test]
fn account_may_require_new_sign_in() {
    for provider in ["google", "microsoft", "apple", "caldav"] {
        let mut app = App::new(&[]);
        let token = app.user().access;
        app.pass(60);
        app.ok(&token, "/calendars");
        app.sandbox.set("reauth", provider).unwrap();
        let status = app.ok(&token, "/oauth/connection-status")["connections"].clone();
        for other in ["google", "microsoft", "apple", "caldav"] {
            let account = &status[other][0];
            let expected = if other == provider {
                (json!("reauth_required"), json!("2026-11-15T10:01:00.000Z"))
            } else {
                (json!("active"), Value::Null)
            };
            assert_eq!((account["syncState"].clone(), account["syncStateUpdatedAt"].clone()), expected);
        }
    }
}

#[test]
fn rate_limited_call_gets_retry_after() {
    for (form, header) in [("seconds", "2"), ("date", "Sun, 15 Nov 2026 10:00:02 GMT")] {
        let mut app = App::new(&[("rate_limit", form), ("rate_limit_every", "3")]);
        let token = app.user().access; // The exchange is the first API call. Pages do not count.
        let mut statuses = Vec::new();
        for _ in 0..6 {
            let request = Request::get("/api/calendars").header("authorization", format!("Bearer {token}"));
            let reply = app.send(request.body(Bytes::new()).unwrap());
            statuses.push(reply.status().as_u16());
            if reply.status() == 429 {
                assert_eq!(reply.headers()["retry-after"], header);
                assert_eq!(read(&reply).1["message"], "Rate limit exceeded");
            }
        }
        assert_eq!(statuses, [200, 429, 200, 200, 429, 200]);
    }
}

#[test]
fn every_nth_call_gets_503_and_has_no_effect() {
    let mut app = App::new(&[("server_errors", "2")]);
    let token = app.user().access;
    assert_eq!(app.call(&token, "POST", "/event", Some(common::meeting())).0, 503);
    assert_eq!(app.call(&token, "POST", "/oauth/disconnect?provider=apple", None).0, 200);
    assert_eq!(app.get(&token, "/calendars").0, 503);
    app.sandbox.set("server_errors", "0").unwrap();
    assert!(app.events(&token, ALL).iter().all(|event| event["title"] != "Meeting"));
}
