//! The calendar list and the event list: pages, parameters, scopes, and the separation of users.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::{ALL, App, encode, id};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn keys(events: &[Value]) -> BTreeSet<String> {
    events
        .iter()
        .map(|event| format!("{} {} {}", event["provider"], event["calendarId"], event["id"]))
        .collect()
}

#[test]
fn demo_user_has_events_of_all_providers() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    let calendars = app.ok(&tokens.access, "/calendars");
    let calendars = calendars.as_array().unwrap();
    assert_eq!(calendars.len(), 8);
    for calendar in calendars {
        for name in ["provider", "id", "title", "timeZone", "description"] {
            assert!(calendar[name].is_string(), "{name}");
        }
        assert!(calendar["original"].is_object());
    }
    let events = app.events(&tokens.access, ALL);
    assert!(events.len() > 500, "{}", events.len());
    let providers: BTreeSet<_> = events.iter().map(|event| event["provider"].to_string()).collect();
    assert_eq!(providers.len(), 4);
    assert!(events.iter().any(|event| event["recurringEventId"].is_string()));
    assert!(events.iter().any(|event| event["status"] == "cancelled"));
    for event in &events {
        let start = event["start"].as_str().unwrap();
        assert!(start.ends_with('Z') && start.len() == 24, "{start}");
        assert!(event["end"].as_str().unwrap() >= start);
        if event["allDay"] == true {
            assert!(start.ends_with("T00:00:00.000Z") && event["end"].as_str().unwrap() > start);
        }
        assert!(event["original"].is_object() && event["lastModified"].is_string());
    }
}

#[test]
fn pages_list_each_event_once_in_order() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    let whole = app.events(&tokens.access, ALL);
    for size in [1, 7, 100, 250] {
        let range =
            if size == 1 { "start=2026-11-01&end=2026-11-08" } else { "start=2026-01-01&end=2027-12-31" };
        let pages = app.pages(&tokens.access, &format!("{range}&pageSize={size}"));
        assert!(pages.iter().rev().skip(1).all(|page| page.len() == size), "every page but the last is full");
        let events = pages.concat();
        assert_eq!(keys(&events).len(), events.len(), "no event is listed twice");
        assert!(events.windows(2).all(|pair| pair[0]["start"].as_str() <= pair[1]["start"].as_str()));
        if size != 1 {
            assert_eq!(keys(&events), keys(&whole));
        }
    }
}

#[test]
fn event_created_between_pages_moves_no_other() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    let whole = keys(&app.events(&tokens.access, "start=2026-11-01&end=2026-12-01&pageSize=1000"));
    let first = app.ok(&tokens.access, "/events?start=2026-11-01&end=2026-12-01&pageSize=20");
    let token = encode(first["nextPageToken"].as_str().unwrap());
    let early = json!({
        "provider": "google", "calendarId": "primary", "title": "Early",
        "start": "2026-11-01T00:00:00Z", "end": "2026-11-01T00:10:00Z",
    });
    app.create(&tokens.access, early);
    let rest = app.ok(&tokens.access, &format!("/events?pageSize=1000&nextPageToken={token}"));
    let both =
        [first["events"].as_array().unwrap().clone(), rest["events"].as_array().unwrap().clone()].concat();
    assert_eq!(keys(&both), whole);
}

#[test]
fn invalid_page_token_is_refused() {
    let mut app = App::new(&[]);
    let (tokens, other) = (app.user(), app.sign_in("other", "read"));
    let page = app.ok(&tokens.access, "/events?start=2026-11-01&end=2026-12-01&pageSize=5");
    assert_eq!(page["pageSize"], 5);
    let raw = page["nextPageToken"].as_str().unwrap();
    let token = encode(raw);
    let mut status = |bearer: &str, query: &str| app.get(bearer, &format!("/events?{query}")).0.as_u16();
    let own = &tokens.access;
    assert_eq!(status(own, &format!("pageSize=5&nextPageToken={token}")), 200);
    assert_eq!(status(own, &format!("start=2026-11-01T00:00Z&end=2026-12-01&nextPageToken={token}")), 200);
    assert_eq!(status(own, &format!("start=2026-11-02&nextPageToken={token}")), 400);
    assert_eq!(status(own, &format!("singleEvents=false&nextPageToken={token}")), 400);
    assert_eq!(status(own, &format!("calendarIds=%5B%22x%22%5D&nextPageToken={token}")), 400);
    assert_eq!(status(own, "nextPageToken=garbage"), 400);
    assert_eq!(status(own, "nextPageToken=e30%3D"), 400);
    assert_eq!(status(&other.access, &format!("nextPageToken={token}")), 400);

    use base64::Engine as _;
    let json: Value =
        serde_json::from_slice(&base64::engine::general_purpose::STANDARD.decode(raw).unwrap()).unwrap();
    assert!(json["google"]["token"].is_object() && json["google"]["isDepleted"].is_boolean());
    let forged = base64::engine::general_purpose::STANDARD
        .encode(json.to_string().replace("2026-12-01", "2026-12-02"));
    assert_eq!(status(own, &format!("nextPageToken={}", encode(&forged))), 400);
}

#[test]
fn list_parameters_are_checked_and_have_defaults() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    for query in [
        "pageSize=0",
        "pageSize=-1",
        "pageSize=x",
        "start=soon",
        "singleEvents=yes",
        "calendarIds=%7B",
        "calendarIds=%7B%22google%22%3A1%7D",
    ] {
        assert_eq!(app.get(&token, &format!("/events?{query}")).0, 400, "{query}");
    }
    assert_eq!(app.ok(&token, "/events?pageSize=5000")["pageSize"], 1000);
    let page = app.ok(&token, "/events");
    assert_eq!(page["pageSize"], 250);
    let month = |event: &Value| {
        event["end"].as_str() > Some("2026-11-01") && event["start"].as_str() < Some("2026-12-01")
    };
    let events = page["events"].as_array().unwrap();
    assert!(events.len() > 30 && events.iter().all(month));
}

#[test]
fn calendars_are_selected_by_object_list_or_alias() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let calendars = app.ok(&token, "/calendars");
    let first = calendars[0]["id"].as_str().unwrap().to_owned();
    let mut of = |ids: Value| {
        let events = app.events(&token, &format!("{ALL}&calendarIds={}", encode(&ids.to_string())));
        events.iter().map(|event| event["calendarId"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let only = BTreeSet::from([first.clone()]);
    assert_eq!(of(json!({ "google": [first] })), only);
    assert_eq!(of(json!([first, "unknown"])), only);
    assert_eq!(of(json!({ "google": ["primary"], "apple": ["unknown"] })), only);
    assert_eq!(of(json!({ "apple": [first] })), BTreeSet::new());
    assert_eq!(of(json!({})).len(), 8);
}

#[test]
fn list_without_single_events_has_series_only() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let masters = app.events(&token, &format!("{ALL}&singleEvents=false"));
    assert!(masters.iter().all(|event| event["recurringEventId"].is_null()));
    let occurrences = app.events(&token, ALL);
    let series: BTreeSet<_> =
        occurrences.iter().filter_map(|event| event["recurringEventId"].as_str()).collect();
    assert!(series.len() > 10);
    assert!(series.iter().all(|series| masters.iter().any(|event| id(event) == *series)));
}

#[test]
fn free_busy_scope_only_returns_blocks() {
    let mut app = App::new(&[]);
    let token = app.sign_in("user-1", "free-busy").access;
    let (status, body) = app.get(&token, "/calendars");
    assert_eq!(
        (status.as_u16(), body),
        (403, json!({ "error": "Calendar list access is forbidden for free-busy scope" }))
    );
    let events = app.events(&token, ALL);
    let full = app.user().access;
    let busy = |event: &&Value| event["availability"] != "free" && event["status"] != "cancelled";
    assert_eq!(events.len(), app.events(&full, ALL).iter().filter(busy).count());
    assert!(events.len() > 300);
    for event in &events {
        let names: BTreeSet<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(names.into_iter().eq([
            "allDay",
            "availability",
            "calendarId",
            "end",
            "id",
            "provider",
            "start"
        ]));
    }
}

#[test]
fn scope_is_inherited_and_denies_writes() {
    for (switch, error) in [("401", "Unauthorized"), ("403", "Forbidden")] {
        let mut app = App::new(&[("write_denied", switch)]);
        let first = app.sign_in("user-1", "read");
        let token = app.refresh(&first.refresh).unwrap().access;
        app.ok(&token, "/calendars");
        for method in ["POST", "PUT", "DELETE"] {
            let (status, body) = app.call(&token, method, "/event", Some(json!({})));
            assert_eq!(status.as_str(), switch);
            assert_eq!(body, json!({ "error": error, "message": "Write access denied for current scope" }));
        }
        assert_eq!(app.sandbox.stats().expired_answers, 0);
    }
}

#[test]
fn users_do_not_share_events() {
    let mut app = App::new(&[]);
    let (one, two) = (app.sign_in("one", "read-write").access, app.sign_in("two", "read-write").access);
    let count = app.events(&two, ALL).len();
    app.create(&one, common::meeting());
    assert_eq!(app.events(&two, ALL).len(), count);
    let mine = keys(&app.events(&one, ALL));
    let others = keys(&app.events(&two, ALL));
    assert!(mine.is_disjoint(&others));
    let ids =
        |keys: &BTreeSet<String>| keys.iter().map(|key| key.rsplit(' ').next().unwrap().to_owned()).collect();
    let (mine, others): (BTreeSet<String>, BTreeSet<String>) = (ids(&mine), ids(&others));
    assert!(mine.is_disjoint(&others), "users share no event ids");
    app.call(&one, "POST", "/oauth/disconnect?provider=google", None);
    assert_eq!(app.ok(&two, "/calendars").as_array().unwrap().len(), 8);
    assert_eq!(app.sandbox.stats().users, 2);
}

#[test]
fn disconnect_removes_the_calendars() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let status = app.ok(&token, "/connection-status");
    assert_eq!(status["limitReached"], false);
    let account = status["connections"]["apple"][0].clone();
    assert_eq!(
        (&account["grantedScopes"], &account["calendarPermissionGranted"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!((&account["syncState"], &account["syncStateUpdatedAt"]), (&json!("active"), &Value::Null));
    assert_eq!(status["connections"]["google"][0]["calendarPermissionGranted"], true);

    assert_eq!(app.call(&token, "POST", "/oauth/disconnect", None).0, 400);
    assert_eq!(app.call(&token, "POST", "/oauth/disconnect?provider=yahoo", None).0, 400);
    assert_eq!(
        app.call(&token, "POST", "/oauth/disconnect?provider=apple&account=x", Some(json!([]))).0,
        404
    );
    let path = format!("/disconnect?provider=apple&account={}", encode(account["id"].as_str().unwrap()));
    let (status, body) = app.call(&token, "POST", &path, Some(json!({})));
    assert_eq!((status.as_u16(), &body["success"]), (200, &json!(true)));
    assert_eq!(app.ok(&token, "/oauth/connection-status")["connections"]["apple"], json!([]));
    assert!(app.events(&token, ALL).iter().all(|event| event["provider"] != "apple"));
    assert_eq!(app.ok(&token, "/calendars").as_array().unwrap().len(), 6);
}

#[test]
fn same_seed_generates_same_events() {
    let list = |seed| {
        let mut app = App::new(&[("seed", seed)]);
        let token = app.user().access;
        app.events(&token, ALL)
    };
    assert_eq!(list("3"), list("3"));
    assert_ne!(keys(&list("3")), keys(&list("4")));
}
