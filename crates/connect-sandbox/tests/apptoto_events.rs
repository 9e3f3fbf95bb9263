//! Events of the Apptoto API: create, change, delete, and list.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::apptoto::*;
use serde_json::{Value, json};

fn refused(app: &mut App, method: &str, event: Value) -> (u16, String) {
    let (status, body) = app.apptoto(method, "/events", Some(json!({ "events": [event] })));
    (status, body["message"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned())
}

fn ids(people: &Value) -> Vec<&Value> {
    people.as_array().unwrap().iter().map(|one| &one["id"]).collect()
}

#[test]
fn event_response_has_documented_fields() {
    let mut app = App::new(&[]);
    let event = changed(
        appointment(),
        json!({
            "time_zone": "America/Los_Angeles", "location": "Room 5", "content": "Bring \"it\"",
            "all_day": false, "show_as": 3, "external_id": "x-1", "custom_data": { "n": 1, "deep": [{}] },
            "participants": [{ "name": "Fred Smith", "phone": "650-555-1212", "email": "fred@example.com" }],
        }),
    );
    let made = app.write_event("POST", event);
    let expected = json!({
        "id": made["id"], "calendar_id": made["calendar_id"],
        "start_time": "2026-11-17T14:00:00-08:00", "end_time": "2026-11-17T15:00:00-08:00",
        "title": "Check-up", "location": "Room 5", "content": "Bring \"it\"", "is_deleted": false,
        "participants": [{
            "id": made["participants"][0]["id"], "name": "Fred Smith", "phone": "650-555-1212",
            "normalized_phone": "+16505551212", "email": "fred@example.com", "state": "initial",
        }],
        "custom_data": { "n": 1, "deep": [{}] },
    });
    assert_eq!(made, expected);
    assert!(made["id"].is_u64() && made["calendar_id"].is_u64() && made["participants"][0]["id"].is_u64());
    for path in [format!("/event?id={}", made["id"]), "/event?external_id=x-1".to_owned()] {
        assert_eq!(app.apptoto_ok("GET", &path, None), expected, "bare: {path}");
    }
    let listed = app.apptoto_ok("GET", &format!("/events?id={}", made["id"]), None);
    assert_eq!(listed, json!({ "events": [expected] }), "like the older call by id");

    app.sandbox.set("apptoto_event_fields", "all").unwrap();
    let all = app.apptoto_ok("GET", "/event?external_id=x-1", None);
    assert_eq!(
        (&all["external_id"], &all["show_as"], &all["all_day"], &all["time_zone"]),
        (&json!("x-1"), &json!(3), &json!(false), &json!("America/Los_Angeles"))
    );
}

#[test]
fn omitted_fields_get_defaults() {
    let mut app = App::new(&[("apptoto_event_fields", "all"), ("apptoto_create_status", "201")]);
    let (status, body) = app.apptoto("POST", "/events", Some(json!({ "events": [appointment()] })));
    let made = &body["events"][0];
    assert_eq!(status, 201);
    assert_eq!((&made["location"], &made["content"]), (&json!(""), &json!("")));
    assert_eq!((&made["participants"], &made["custom_data"]), (&json!([]), &json!({})));
    assert_eq!((&made["all_day"], &made["show_as"]), (&json!(false), &Value::Null));
}

#[test]
fn unknown_calendar_name_creates_it_unless_prevented() {
    let mut app = App::new(&[]);
    let first = app.write_event("POST", appointment());
    let second = app.write_event("POST", changed(appointment(), json!({ "title": "Second" })));
    assert_eq!(first["calendar_id"], second["calendar_id"], "the name selects the same calendar");
    let other = app.write_event("POST", changed(appointment(), json!({ "calendar": "Other" })));
    assert_ne!(first["calendar_id"], other["calendar_id"]);
    let by_id = json!({ "calendar": null, "calendar_id": other["calendar_id"] });
    assert_eq!(app.write_event("POST", changed(appointment(), by_id))["calendar_id"], other["calendar_id"]);

    for method in ["POST", "PUT"] {
        let event = changed(appointment(), json!({ "calendar": "New" }));
        let body = json!({ "events": [appointment(), event], "prevent_calendar_creation": true });
        let (status, refused) = app.apptoto(method, "/events", Some(body));
        assert_eq!(
            (status, &refused),
            (400, &json!({ "error": "invalid", "message": "events[1].calendar: there is no such calendar" }))
        );
        let known = json!({ "events": [appointment()], "prevent_calendar_creation": true });
        assert_eq!(app.apptoto(method, "/events", Some(known)).0, 200);
    }
    assert_eq!(app.events_at("").len(), 6, "a refused batch creates no event");
}

#[test]
fn put_creates_once_and_keeps_omitted_fields() {
    let mut app = App::new(&[]);
    let people = json!([
        { "name": "Fred", "phone": "650-555-1212" }, { "name": "Ann", "email": "ann@example.com" },
    ]);
    let new = json!({ "external_id": "order-1", "location": "A", "custom_data": { "a": 1, "b": 2 }, "participants": people });
    let first = app.write_event("PUT", changed(appointment(), new.clone()));
    assert_eq!(app.write_event("PUT", changed(appointment(), new)), first, "a repeated PUT changes nothing");
    assert_eq!(app.events_at("").len(), 1);

    let patched = app.write_event("PUT", json!({ "external_id": "order-1", "title": "New title" }));
    assert_eq!(patched, changed(first.clone(), json!({ "title": "New title" })));
    let change = json!({ "id": first["id"], "location": null, "custom_data": { "c": 3 },
        "participants": [{ "name": "Frederick", "phone": "+1 650 555 1212" }, { "name": "Bob", "phone": "650-555-0000" }] });
    let changed_event = app.write_event("PUT", change);
    assert_eq!((&changed_event["location"], &changed_event["title"]), (&json!(""), &json!("New title")));
    assert_eq!(changed_event["custom_data"], json!({ "c": 3 }));
    let people = &changed_event["participants"];
    assert_eq!(
        (&people[0]["name"], &people[1]["name"], people.as_array().unwrap().len()),
        (&json!("Frederick"), &json!("Bob"), 2)
    );
    assert_eq!(people[0]["id"], first["participants"][0]["id"], "the same number is the same participant");
    assert!(!ids(&first["participants"]).contains(&&people[1]["id"]));

    let without = json!({ "id": first["id"], "participants": [], "custom_data": null });
    let without = app.write_event("PUT", without);
    assert_eq!((&without["participants"], &without["custom_data"]), (&json!([]), &json!({})));
    let renamed = app.write_event("PUT", json!({ "id": first["id"], "external_id": "order-2" }));
    assert_eq!(app.apptoto_ok("GET", "/event?external_id=order-2", None), renamed);
    assert_eq!(app.apptoto("GET", "/event?external_id=order-1", None).0, 404);
    app.write_event("PUT", appointment());
    assert_eq!(app.events_at("").len(), 2, "without an id a PUT creates");
}

#[test]
fn event_cannot_move_to_another_calendar() {
    let mut app = App::new(&[]);
    let made = app.write_event("POST", changed(appointment(), json!({ "external_id": "x" })));
    let other = app.write_event("POST", changed(appointment(), json!({ "calendar": "Other" })));
    assert_eq!(
        app.write_event("PUT", json!({ "external_id": "x", "calendar": "Practice" })),
        made,
        "its own calendar is accepted"
    );
    for to in [
        json!({ "calendar": "Other" }),
        json!({ "calendar": "New" }),
        json!({ "calendar_id": other["calendar_id"] }),
    ] {
        let event = changed(json!({ "external_id": "x", "title": "Moved" }), to);
        let message = "events[0].calendar: an event cannot be moved to another calendar".to_owned();
        assert_eq!(refused(&mut app, "PUT", event), (400, message));
    }
    assert_eq!(app.apptoto_ok("GET", "/event?external_id=x", None), made);
    app.sandbox.set("apptoto_move", "ignored").unwrap();
    let stays = app.write_event("PUT", json!({ "external_id": "x", "calendar": "Other", "title": "Stays" }));
    assert_eq!((&stays["calendar_id"], &stays["title"]), (&made["calendar_id"], &json!("Stays")));
}

#[test]
fn external_id_is_unique_among_live_events() {
    let mut app = App::new(&[]);
    let event = changed(appointment(), json!({ "external_id": "x" }));
    let first = app.write_event("POST", event.clone());
    let taken = (400, "events[0].external_id: another event of the account has this external id".to_owned());
    assert_eq!(refused(&mut app, "POST", event.clone()), taken.clone());
    let twice = json!({ "events": [changed(event.clone(), json!({ "external_id": "y" })), changed(event.clone(), json!({ "external_id": "y" }))] });
    assert_eq!(app.apptoto("POST", "/events", Some(twice)).0, 400);
    let other = app.write_event("POST", changed(event.clone(), json!({ "external_id": "z" })));
    assert_eq!(refused(&mut app, "PUT", json!({ "id": other["id"], "external_id": "x" })), taken);
    app.apptoto_ok("DELETE", "/events?external_id=z", None);
    assert_eq!(app.events_at("").len(), 1);
    app.apptoto_ok("DELETE", "/events?external_id=x", None);
    let second = app.write_event("PUT", event.clone());
    assert_ne!(first["id"], second["id"]);
    assert_eq!(
        app.apptoto_ok("GET", "/event?external_id=x", None)["id"],
        second["id"],
        "the event that is not deleted"
    );
    app.sandbox.set("apptoto_duplicate", "created").unwrap();
    app.write_event("POST", event);
    assert_eq!(app.events_at("").len(), 2);
}

#[test]
fn deleted_event_is_marked_and_listed_on_request() {
    let mut app = App::new(&[]);
    let made = app.write_event("POST", appointment());
    let path = format!("/events?id={}", made["id"]);
    let deleted = changed(made.clone(), json!({ "is_deleted": true }));
    for _ in 0..2 {
        assert_eq!(
            app.apptoto_ok("DELETE", &path, None),
            json!({ "events": [deleted] }),
            "deleting again has the same result"
        );
    }
    assert_eq!(app.events_at(""), Vec::<Value>::new());
    for query in ["include-deleted=true", "include_deleted=1"] {
        assert_eq!(app.events_at(query), std::slice::from_ref(&deleted), "{query}");
    }
    assert_eq!(app.apptoto_ok("GET", &format!("/event?id={}", made["id"]), None), deleted);
    for (path, status) in
        [("/events?id=5", 404), ("/events?external_id=none", 404), ("/events", 400), ("/events?id=x", 400)]
    {
        assert_eq!(app.apptoto("DELETE", path, None).0, status, "{path}");
    }
}

#[test]
fn pages_of_thirty_end_with_an_empty_page() {
    let mut app = App::new(&[]);
    let event = |n: u32| {
        let start = format!("2026-12-{:02}T10:{:02}:00Z", 28 - n / 3, n % 3);
        changed(
            appointment(),
            json!({ "title": n.to_string(), "start_time": start, "end_time": "2026-12-31T00:00:00Z" }),
        )
    };
    let events: Vec<_> = (0..65).map(event).collect();
    app.apptoto_ok("POST", "/events", Some(json!({ "events": events })));
    let sizes: Vec<_> = (1..=4).map(|page| app.events_at(&format!("page={page}")).len()).collect();
    assert_eq!(sizes, [30, 30, 5, 0]);
    let all = app.events_at("page_size=200");
    let starts: Vec<_> = all.iter().map(|one| one["start_time"].as_str().unwrap().to_owned()).collect();
    let mut sorted = starts.clone();
    sorted.sort();
    assert_eq!((starts.len(), starts), (65, sorted), "by start");
    let by_seven: Vec<Value> =
        (1..=10).flat_map(|page| app.events_at(&format!("page_size=7&page={page}"))).collect();
    assert_eq!(by_seven, all);
    assert_eq!(app.events_at("page=18446744073709551615"), Vec::<Value>::new());
    assert_eq!(app.events_at("page_size=18446744073709551615").len(), 65);
    for wrong in
        ["page=0", "page_size=0", "page=one", "page=-1", "include-deleted=perhaps", "begin=soon", "id=x"]
    {
        assert_eq!(app.apptoto("GET", &format!("/events?{wrong}"), None).0, 400, "{wrong}");
    }
}

#[test]
fn list_bounds_filter_by_start_and_follow_the_switch() {
    let mut app = App::new(&[]);
    for hour in [9, 10, 11] {
        let start = format!("2026-11-17T{hour:02}:00:00+01:00");
        let event = json!({ "title": hour.to_string(), "start_time": start, "end_time": "2026-11-17T12:00:00+01:00" });
        app.write_event("POST", changed(appointment(), event));
    }
    let list = |app: &mut App, query: &str| titles(&app.events_at(query)).join(" ");
    assert_eq!(
        list(&mut app, "begin=2026-11-17T10%3A00%3A00%2B01%3A00"),
        "10 11",
        "the lower bound is inclusive"
    );
    assert_eq!(list(&mut app, "begin=2026-11-17T09%3A00%3A00Z"), "10 11", "the same time in another zone");
    assert_eq!(list(&mut app, "end=2026-11-17T09%3A00%3A00Z"), "9 10", "up to then");
    assert_eq!(
        list(&mut app, "until=2026-11-17T09%3A00%3A00Z"),
        "9 10 11",
        "the parameter is unknown and ignored"
    );
    app.sandbox.set("apptoto_end", "until").unwrap();
    assert_eq!(list(&mut app, "until=2026-11-17T09%3A00%3A00Z"), "9 10");
}

#[test]
fn list_by_phone_or_email_has_entry_per_participant() {
    let mut app = App::new(&[]);
    let people = json!([
        { "name": "Fred", "phone": "650-555-1212" },
        { "name": "Fred's mother", "phone": "+16505551212", "email": "m@example.com" },
        { "name": "Ann", "email": "Ann@example.com" },
    ]);
    app.write_event("POST", changed(appointment(), json!({ "participants": people })));
    app.write_event("POST", changed(appointment(), json!({ "title": "Nobody" })));
    let names = |app: &mut App, query: &str| -> Vec<String> {
        let entries = app.events_at(query);
        let one = |entry: &Value| {
            let [only] = &entry["participants"].as_array().unwrap()[..] else { panic!("{entry}") };
            only["name"].as_str().unwrap().to_owned()
        };
        entries.iter().map(one).collect()
    };
    // Two participants with the same phone number give two entries.
    for number in ["650-555-1212", "%2B16505551212", "(650) 555 1212"] {
        assert_eq!(
            names(&mut app, &format!("phone_number={}", number.replace(' ', "%20"))),
            ["Fred", "Fred's mother"]
        );
    }
    assert_eq!(names(&mut app, "email_address=ann%40example.com"), ["Ann"]);
    assert_eq!(names(&mut app, "phone_number=650-555-1212&email_address=m%40example.com"), ["Fred's mother"]);
    assert_eq!(names(&mut app, "phone_number=650-555-1212&page_size=1&page=2"), ["Fred's mother"]);
    for none in ["phone_number=650-555-0000", "phone_number=x", "email_address=x"] {
        assert_eq!(names(&mut app, none), Vec::<String>::new(), "{none}");
    }
}

#[test]
fn invalid_event_error_names_field_and_creates_nothing() {
    let mut app = App::new(&[]);
    for (changes, message) in [
        (json!({ "calendar": null }), "events[0].calendar: is required"),
        (json!({ "calendar_id": 5 }), "events[0].calendar_id: there is no such calendar"),
        (json!({ "calendar_id": "x" }), "events[0].calendar_id: must be a whole number"),
        (json!({ "title": " " }), "events[0].title: is required"),
        (json!({ "title": ["a"] }), "events[0].title: must be a text"),
        (json!({ "start_time": null }), "events[0].start_time: is required"),
        (
            json!({ "start_time": "2026-11-17T14:00:00" }),
            "events[0].start_time: must be an ISO 8601 time with an offset",
        ),
        (json!({ "end_time": "soon" }), "events[0].end_time: must be an ISO 8601 time with an offset"),
        (
            json!({ "end_time": "2026-11-17T13:59:59-08:00" }),
            "events[0].end_time: must not be before start_time",
        ),
        (json!({ "all_day": 1 }), "events[0].all_day: must be true or false"),
        (json!({ "show_as": 5 }), "events[0].show_as: must be null or a number from 0 to 4"),
        (json!({ "custom_data": [] }), "events[0].custom_data: must be an object"),
        (json!({ "participants": {} }), "events[0].participants: must be a list"),
        (json!({ "participants": [7] }), "events[0].participants[0]: must be an object"),
        (
            json!({ "participants": [{}] }),
            "events[0].participants[0].name: is required if phone and email are missing",
        ),
    ] {
        for method in ["POST", "PUT"] {
            let event = changed(appointment(), changes.clone());
            assert_eq!(refused(&mut app, method, event), (400, message.to_owned()), "{method}");
        }
    }
    let long = changed(appointment(), json!({ "content": "a".repeat(64 * 1024 + 1) }));
    assert_eq!(refused(&mut app, "POST", long).1, "events[0].content: must not be longer than 65536 bytes");
    let large = changed(appointment(), json!({ "custom_data": { "a": "a".repeat(64 * 1024) } }));
    assert_eq!(
        refused(&mut app, "POST", large).1,
        "events[0].custom_data: must not be larger than 65536 bytes"
    );
    let many = json!({ "events": vec![appointment(); 1001] });
    assert_eq!(
        app.apptoto("POST", "/events", Some(many)).1["message"],
        "events: must not have more than 1000 entries"
    );
    for body in
        [json!({}), json!({ "events": [] }), json!({ "events": null }), json!({ "events": {} }), json!([])]
    {
        assert_eq!(app.apptoto("POST", "/events", Some(body.clone())).0, 400, "{body}");
    }
    let unknown = json!({ "events": [appointment(), { "id": 5, "title": "A" }] });
    assert_eq!(
        app.apptoto("PUT", "/events", Some(unknown)),
        (404, json!({ "error": "not_found", "message": "There is no such event" }))
    );
    assert_eq!(app.apptoto("GET", "/event", None).0, 400);
    assert_eq!(app.apptoto("GET", "/event?id=5", None).0, 404);
    assert_eq!(
        app.events_at("include-deleted=true"),
        Vec::<Value>::new(),
        "a refused batch creates no event"
    );
}

#[test]
fn malformed_and_oversized_bodies_are_refused() {
    let mut app = App::new(&[]);
    let key = common::oauth::basic(ADA, "sandbox-key");
    for body in ["", "{", "null", "[]", "\"events\"", "{\"events\":[{]}", "\u{0}"] {
        for (method, path) in
            [("POST", "/events"), ("PUT", "/contacts"), ("POST", "/send_message"), ("POST", "/import")]
        {
            let reply = app.apptoto_reply(&key, method, path, body);
            assert_eq!(reply.status(), 400, "{method} {path} {body:?}");
        }
    }
    let deep = format!("{{\"events\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(app.apptoto_reply(&key, "POST", "/events", &deep).status(), 400);
    let over = format!("{{\"events\":[],\"x\":\"{}\"}}", "a".repeat(1024 * 1024));
    assert_eq!(app.apptoto_reply(&key, "POST", "/events", &over).status(), 413);
}

#[test]
fn oversized_batch_is_written_but_gets_502() {
    let mut app = App::new(&[("apptoto_batch", "2")]);
    let batch = |count: usize| Some(json!({ "events": vec![appointment(); count] }));
    assert_eq!(app.apptoto("POST", "/events", batch(2)).0, 200);
    let body = batch(3).unwrap().to_string();
    let reply = app.apptoto_reply(&common::oauth::basic(ADA, "sandbox-key"), "POST", "/events", &body);
    assert_eq!(
        (reply.status().as_u16(), reply.headers()["content-type"].to_str().unwrap()),
        (502, "text/html; charset=utf-8")
    );
    assert_eq!(app.events_at("").len(), 5);
}

#[test]
fn account_is_limited_to_ten_thousand_events() {
    let mut app = App::new(&[]);
    let batch = json!({ "events": vec![appointment(); 1000] });
    for _ in 0..10 {
        assert_eq!(app.apptoto("POST", "/events", Some(batch.clone())).0, 200);
    }
    assert_eq!(refused(&mut app, "POST", appointment()), (400, "The account is full".to_owned()));
    assert_eq!(app.events_at("page_size=5000").len(), 1000, "the page size is limited");
}
