//! Tests of seeds with Apptoto accounts, and of arbitrary requests. Each request must get a response and must
//! not cause a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::apptoto::*;
use common::oauth::basic;
use common::{App, read};
use proptest::prelude::*;
use serde_json::{Value, json};

fn seed() -> Value {
    json!({ "apptoto": { ADA: {
        "events": [{
            "id": 123, "calendar": "Practice", "title": "Seeded", "external_id": "s-1",
            "start_time": "2026-11-20T10:00:00+01:00", "end_time": "2026-11-20T11:00:00+01:00",
            "participants": [{ "name": "Fred", "phone": "650-555-1212" }],
        }],
        "contacts": [{ "id": 77, "address_book": "Patients", "name": "Fred Smith", "external_id": "c-1", "phone": "650-555-1212" }],
        "bookingPages": [{ "token": "shop" }],
    } } })
}

#[test]
fn seeded_account_has_the_seeded_data() {
    let mut app = App::new(&[]);
    app.sandbox.seed(&seed().to_string()).unwrap();
    let event = app.apptoto_ok("GET", "/event?id=123", None);
    assert_eq!(
        (&event["title"], &event["start_time"]),
        (&json!("Seeded"), &json!("2026-11-20T10:00:00+01:00"))
    );
    assert_eq!(app.apptoto_ok("GET", "/event?external_id=s-1", None), event);
    assert_eq!(
        app.apptoto_ok("GET", "/contact?id=77", None)["phone_numbers"][0]["normalized"],
        "+16505551212"
    );
    let booking = json!({ "booking_page": "shop", "time": "2026-12-01T08:00:00" });
    assert_eq!(app.apptoto_ok("POST", "/book_now", Some(booking))["success"], true);
    app.write_event("PUT", json!({ "id": 123, "title": "Changed" }));
    app.sandbox.seed(&seed().to_string()).unwrap();
    assert_eq!(titles(&app.events_at("")), ["Seeded"], "a seed replaces the account");
}

#[test]
fn seed_with_users_and_apptoto_is_applied_whole_or_not() {
    let users = json!({ "ada": { "google": { "calendars": [{ "id": "a", "title": "A" }] } } });
    let both = changed(seed(), json!({ "users": users }));
    let mut app = App::new(&[]);
    app.sandbox.seed(&both.to_string()).unwrap();
    let token = app.sign_in("ada", "read").access;
    assert_eq!(app.ok(&token, "/calendars").as_array().unwrap().len(), 1);
    assert_eq!(app.events_at("").len(), 1);

    let account = format!("/apptoto/{ADA}");
    let path = |rest: &str| format!("apptoto.{ADA}{rest}");
    for (pointer, value, path, words) in [
        ("/apptoto".to_owned(), json!([]), "apptoto".to_owned(), "object"),
        (account.clone(), json!([]), path(""), "object"),
        (format!("{account}/contact"), json!([]), path(".contact"), "apiKey, events, contacts"),
        (format!("{account}/events"), json!({}), path(".events"), "list"),
        (format!("{account}/events/0/title"), json!(""), path(".events[0].title"), "required"),
        (format!("{account}/events/0/start_time"), json!("x"), path(".events[0].start_time"), "ISO 8601"),
        (format!("{account}/events/0/tittle"), json!(""), path(".events[0].tittle"), "title"),
        (format!("{account}/events/0/id"), json!(0), path(".events[0].id"), "999999"),
        (format!("{account}/contacts/0/name"), json!(""), path(".contacts[0].name"), "required"),
        (format!("{account}/bookingPages/0/token"), json!(""), path(".bookingPages[0].token"), "required"),
        (
            format!("{account}/bookingPages/0/timeZone"),
            json!("Mars"),
            path(".bookingPages[0].timeZone"),
            "zone",
        ),
        (
            format!("{account}/bookingPages/0/requires"),
            json!(["age"]),
            path(".bookingPages[0].requires"),
            "phone_number",
        ),
        (
            format!("{account}/bookingPages/0/asksConsent"),
            json!(["x"]),
            path(".bookingPages[0].asksConsent"),
            "marketing",
        ),
        ("/users/ada/google/calendars".to_owned(), json!(7), "users.ada.google.calendars".to_owned(), "list"),
    ] {
        let mut wrong = both.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() { &mut wrong } else { wrong.pointer_mut(parent).unwrap() };
        parent[name] = value;
        let mut app = App::new(&[]);
        let error = app.sandbox.seed(&wrong.to_string()).unwrap_err();
        assert_eq!(error.path, path, "{error}");
        assert!(error.reason.contains(words), "{error}");
        assert_eq!(app.events_at(""), Vec::<Value>::new(), "{error}");
    }
    let mut twice = seed();
    let event = twice["apptoto"][ADA]["events"][0].clone();
    twice["apptoto"][ADA]["events"] = json!([event, event]);
    assert_eq!(App::new(&[]).sandbox.seed(&twice.to_string()).unwrap_err().path, path(".events[1].id"));
}

#[test]
fn readme_seed_is_valid() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```json\n{ \"apptoto\"").unwrap();
    let seed = format!("{{ \"apptoto\"{}", rest.split_once("```").unwrap().0);
    let mut app = App::new(&[]);
    app.sandbox.seed(&seed).unwrap();
    let fred = basic("fred@example.com", "sandbox-key");
    let (status, event) = read(&app.apptoto_reply(&fred, "GET", "/event?external_id=order-1", ""));
    assert_eq!((status.as_u16(), &event["id"], &event["title"]), (200, &json!(123), &json!("Check-up")));
}

const PATHS: [(&str, &str); 13] = [
    ("GET", "/events"),
    ("POST", "/events"),
    ("PUT", "/events"),
    ("DELETE", "/events"),
    ("GET", "/event"),
    ("GET", "/contact"),
    ("POST", "/contacts"),
    ("PUT", "/contacts"),
    ("GET", "/address_books"),
    ("POST", "/book_now"),
    ("POST", "/send_message"),
    ("POST", "/import"),
    ("GET", "/import"),
];

const FIELDS: &[&str] = &[
    "events",
    "contacts",
    "id",
    "external_id",
    "calendar",
    "calendar_id",
    "title",
    "start_time",
    "end_time",
    "participants",
    "custom_data",
    "show_as",
    "name",
    "phone",
    "phone_numbers",
    "number",
    "email_addresses",
    "address",
    "address_book",
    "booking_page",
    "time",
    "field_data",
    "type",
    "to",
    "event_id",
    "participant_id",
    "message",
    "file",
    "spec",
    "based_on_import_id",
];

fn value() -> impl Strategy<Value = Value> {
    let texts = prop::sample::select(vec![
        "",
        "2026-11-18T10:00:00Z",
        "2026-11-18T10:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "-009999-01-01T00:00:00-23:59",
        "Practice",
        "demo",
        "sms",
        "email",
        "650-555-1212",
        "fred@example.com",
        "s-1",
        "#auto",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![-1_i64, 0, 1, 77, 123, i64::MAX]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let object = prop::collection::btree_map(
            prop::sample::select(FIELDS).prop_map(str::to_owned),
            inner.clone(),
            0..7,
        );
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            object.prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Returns a valid or empty request body in which up to four fields were set to arbitrary values.
fn body() -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec((prop::sample::select(FIELDS), value()), 0..5);
    (fields, any::<bool>(), any::<bool>()).prop_map(|(fields, whole, listed)| {
        let mut one = if whole {
            changed(appointment(), json!({ "address_book": "A", "name": "F" }))
        } else {
            json!({})
        };
        fields.into_iter().for_each(|(name, value)| one[name] = value);
        if listed { json!({ "events": [one], "contacts": [one] }) } else { one }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_apptoto_request_gets_a_response(
        calls in prop::collection::vec(
            (prop::sample::select(&PATHS[..]), "[a-z_-]{0,12}=[ -~]{0,12}|id=(77|123)|page(_size)?=[0-9]{1,20}|begin=[0-9TZ:.+-]{0,20}", body(),
             prop::sample::select(&["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"][..])),
            1..6,
        ),
    ) {
        let mut app = App::new(&[("apptoto_auto_messages", "on")]);
        app.sandbox.seed(&seed().to_string()).unwrap();
        for ((method, path), query, body, kind) in calls {
            let query: String = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form_urlencoded::parse(query.as_bytes())).finish();
            let request = http::Request::builder().method(method).uri(format!("/apptoto/api/v1{path}?{query}"))
                .header("authorization", basic(ADA, "sandbox-key")).header("content-type", kind)
                .body(body.to_string().into()).unwrap();
            let reply = app.send(request);
            prop_assert!([200, 400, 404].contains(&reply.status().as_u16()), "{}", reply.status());
            prop_assert!(serde_json::from_slice::<Value>(reply.body()).is_ok());
        }
        let first = app.apptoto_ok("GET", "/events", None);
        prop_assert_eq!(app.apptoto_ok("GET", "/events", None), first);
        app.messages();
    }
}
