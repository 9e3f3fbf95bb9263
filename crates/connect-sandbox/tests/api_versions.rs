//! Tests of the changes in version 1.6.1 of Connect's API, and of the behaviour before this version.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{ALL, App, id};
use serde_json::{Value, json};

const LINK: &str = "https://meet.example/1";
const PAGE: &str = "https://any.example/page";

/// Returns a user with two events at each provider: `call` with a conference, and `plain` with a URL.
fn of_each_provider(api: &str, scope: &str) -> (App, String) {
    let mut app = App::new(&[("api", api)]);
    let event = json!({
        "id": "call", "title": "Call", "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T10:00:00Z",
        "description": "Secret", "conference": LINK, "conferenceData": { "provider": "own", "conferenceId": "1" },
    });
    let plain = json!({ "id": "plain", "title": "Plain", "start": "2026-11-17T09:00:00Z",
                        "end": "2026-11-17T10:00:00Z", "url": PAGE });
    let calendar = json!([{ "id": "work", "title": "Work", "events": [event, plain] }]);
    let providers = ["google", "microsoft", "apple", "caldav"];
    let accounts =
        providers.map(|name| (name.to_owned(), json!({ "account": "a@example.org", "calendars": calendar })));
    let seed = json!({ "users": { "ada": Value::Object(accounts.into_iter().collect()) } });
    app.sandbox.seed(&seed.to_string()).unwrap();
    let token = app.sign_in("ada", scope).access;
    (app, token)
}

fn one(app: &mut App, token: &str, provider: &str, id: &str) -> Value {
    let events = app.events(token, ALL);
    events.into_iter().find(|event| event["provider"] == provider && event["id"] == id).unwrap()
}

fn data(event: &Value) -> Vec<String> {
    let text = event["original"]["data"].as_str().unwrap().replace("\r\n ", "");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn conference_data_has_join_url_and_provider_data() {
    let (mut app, token) = of_each_provider("1.6.1", "read-write");
    let google = one(&mut app, &token, "google", "call");
    assert_eq!(google["conferenceData"]["url"], LINK);
    assert_eq!(google["conferenceData"]["provider"], "own", "other fields stay");
    assert_eq!(google["conferenceData"]["original"], google["original"]["conferenceData"]);
    assert_eq!(google["conferenceData"]["original"]["entryPoints"][0]["uri"], LINK);
    let microsoft = one(&mut app, &token, "microsoft", "call");
    assert_eq!(microsoft["conferenceData"]["url"], LINK);
    assert_eq!(microsoft["conferenceData"]["original"], json!({ "joinUrl": LINK }));
    let caldav = one(&mut app, &token, "caldav", "call");
    assert_eq!(caldav["conferenceData"]["url"], LINK);
    assert!(caldav["conferenceData"].get("original").is_none());
    for provider in ["google", "microsoft"] {
        let plain = one(&mut app, &token, provider, "plain");
        assert!(plain.get("conferenceData").is_none() && plain.get("conference").is_none(), "{plain}");
    }
}

#[test]
fn write_response_contains_the_join_url() {
    for (api, shown) in [("1.6.1", true), ("1.6.0", false)] {
        let (mut app, token) = of_each_provider(api, "read-write");
        for provider in ["google", "microsoft"] {
            let event = json!({
                "provider": provider, "calendarId": "work", "title": "New", "start": "2026-11-18T09:00:00Z",
                "end": "2026-11-18T10:00:00Z", "conferenceData": { "autoGenerate": true },
            });
            let created = app.create(&token, event);
            let change = json!({
                "provider": provider, "calendarId": "work", "eventId": id(&created), "title": "Newer",
                "conferenceData": created["conferenceData"],
            });
            let (_, updated) = app.call(&token, "PUT", "/event", Some(change));
            for event in [&created, &updated] {
                let data = &event["conferenceData"];
                assert!(data["conferenceId"].is_string(), "{data}");
                assert_eq!(data.get("url"), shown.then_some(&event["conference"]), "{api} {provider}");
                assert_eq!(data.get("original").is_some(), shown, "{api} {provider}");
            }
        }
    }
}

#[test]
fn conference_data_before_1_6_1_is_the_sent_data() {
    let (mut app, token) = of_each_provider("1.6.0", "read-write");
    for provider in ["google", "microsoft", "apple", "caldav"] {
        let event = one(&mut app, &token, provider, "call");
        assert_eq!(event["conferenceData"], json!({ "provider": "own", "conferenceId": "1" }));
        assert_eq!(event["conference"], LINK);
    }
}

#[test]
fn free_busy_contains_only_times() {
    let leaked = |api: &str, provider: &str| {
        let (mut app, token) = of_each_provider(api, "free-busy");
        let events = app.events(&token, ALL);
        let blocks = events.iter().filter(|event| event["provider"] == provider);
        let known = ["description", "conference", "conferenceData", "title", "original"];
        let mut leaked: Vec<_> =
            blocks.flat_map(|one| known.iter().filter(|name| one.get(**name).is_some())).collect();
        leaked.dedup();
        leaked.into_iter().copied().collect::<Vec<_>>().join(" ")
    };
    for provider in ["google", "microsoft", "apple", "caldav"] {
        assert_eq!(leaked("1.6.1", provider), "", "{provider}");
    }
    let before = ["google", "microsoft", "apple", "caldav"].map(|provider| leaked("1.6.0", provider));
    assert_eq!(before, ["", "description", "description", "description conference"]);
}

#[test]
fn apple_and_caldav_conference_is_the_url_property() {
    for provider in ["apple", "caldav"] {
        let (mut app, token) = of_each_provider("1.6.1", "read-write");
        let plain = one(&mut app, &token, provider, "plain");
        assert_eq!(plain["conference"], PAGE, "any URL");
        assert!(data(&plain).contains(&format!("URL;VALUE=URI:{PAGE}")));
        let put = |app: &mut App, conference: Value| {
            let change = json!({ "provider": provider, "calendarId": "work", "eventId": "plain", "conference": conference });
            app.call(&token, "PUT", "/event", Some(change)).1
        };
        let changed = put(&mut app, json!(LINK));
        assert_eq!(changed["conference"], LINK);
        assert!(data(&changed).contains(&format!("URL;VALUE=URI:{LINK}")), "{changed}");
        let cleared = put(&mut app, Value::Null);
        assert!(cleared.get("conference").is_none(), "{cleared}");
        assert!(!data(&cleared).iter().any(|line| line.starts_with("URL")));

        let (mut app, token) = of_each_provider("1.6.0", "read-write");
        let plain = one(&mut app, &token, provider, "plain");
        assert!(plain.get("conference").is_none(), "{plain}");
        assert!(data(&plain).contains(&format!("URL;VALUE=URI:{PAGE}")), "the user's URL is kept");
    }
}

#[test]
fn update_keeps_the_uid() {
    for (api, expected) in [("1.6.1", "UID:call"), ("1.6.0", "UID:call@mobiscroll.com")] {
        for provider in ["apple", "caldav"] {
            let (mut app, token) = of_each_provider(api, "read-write");
            assert!(data(&one(&mut app, &token, provider, "call")).contains(&"UID:call".to_owned()));
            let change =
                json!({ "provider": provider, "calendarId": "work", "eventId": "call", "title": "Newer" });
            let (status, updated) = app.call(&token, "PUT", "/event", Some(change));
            assert_eq!((status.as_u16(), id(&updated)), (200, "call"));
            assert!(data(&updated).contains(&expected.to_owned()), "{api} {updated}");
        }
    }
}

#[test]
fn delivery_contains_the_join_url() {
    for (api, shown) in [("1.6.1", true), ("1.6.0", false)] {
        let (mut app, token) = of_each_provider(api, "read-write");
        app.sandbox.set("webhook_url", "https://app.example/hook").unwrap();
        let subscribe = json!({ "provider": "google", "calendarId": "work" });
        assert_eq!(app.call(&token, "POST", "/subscribe-webhook", Some(subscribe)).0, 200);
        app.pass(60);
        let due = app.sandbox.deliveries(app.now).into_iter();
        let bodies = due.map(|one| serde_json::from_slice::<Value>(one.request.body()).unwrap());
        let events: Vec<_> = bodies.flat_map(|body| body["events"].as_array().unwrap().clone()).collect();
        let event = events.iter().find(|event| event["id"] == "call").unwrap();
        assert_eq!(event["conferenceData"].get("url").is_some(), shown, "{api}: {event}");
    }
}
