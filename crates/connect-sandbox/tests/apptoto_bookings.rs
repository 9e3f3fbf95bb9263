//! Bookings and imports at Apptoto.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::apptoto::*;
use common::oauth::basic;
use common::{App, read};
use http::Request;
use serde_json::{Value, json};

const SHOP: &str = r#"{ "apptoto": { "user@example.com": { "bookingPages": [ {
    "token": "bookwithfred", "title": "Fred", "timeZone": "America/Los_Angeles",
    "appointmentTypes": [ { "token": "consultation", "minutes": 60 }, { "token": "short", "minutes": 15 } ],
    "requires": ["name", "phone_number"], "requiredFields": ["zip"], "asksConsent": ["marketing"]
} ] } } }"#;

fn booking() -> Value {
    json!({
        "booking_page": "bookwithfred", "time": "2026-12-01T08:00:00", "name": "George Smith",
        "phone_number": "650-898-1212", "email_address": "george@example.com",
        "field_data": { "zip": 97701 }, "marketing_consent": false,
    })
}

#[test]
fn booking_gets_documented_response_and_creates_event() {
    let mut app = App::new(&[]);
    app.sandbox.seed(SHOP).unwrap();
    let booked = app.apptoto_ok("POST", "/book_now", Some(booking()));
    assert_eq!(
        booked,
        json!({ "success": true, "booking": {
            "id": booked["booking"]["id"], "state": "complete", "booking_page": "bookwithfred",
            "appointment_type_token": "consultation", "username": ADA, "created_at": "2026-11-15T10:00:00Z",
            "start_time": "2026-12-01T16:00:00Z", "end_time": "2026-12-01T17:00:00Z", "name": "George Smith",
            "phone": "+16508981212", "email": "george@example.com", "authenticated_phone": false,
            "authenticated_email": false, "rescheduled_at": null, "previous_time": null,
            "client_ip_address": "127.0.0.1", "field_data": { "zip": 97701 },
        } })
    );
    let events = app.events_at("");
    assert_eq!((events.len(), &events[0]["title"]), (1, &json!("Fred")));
    assert_eq!(events[0]["start_time"], "2026-12-01T08:00:00-08:00");
    assert_eq!(events[0]["participants"][0]["name"], "George Smith");
}

#[test]
fn disallowed_booking_gets_success_false() {
    let mut app = App::new(&[]);
    app.sandbox.seed(SHOP).unwrap();
    let attempt =
        |app: &mut App, changes: Value| app.apptoto("POST", "/book_now", Some(changed(booking(), changes)));
    for (changes, message) in [
        (json!({ "name": null }), "name is required"),
        (json!({ "phone_number": null }), "phone_number is required"),
        (json!({ "phone_number": "x" }), "phone_number is not a phone number"),
        (json!({ "email_address": "x" }), "email_address is not an e-mail address"),
        (json!({ "field_data": {} }), "zip is required"),
        (json!({ "marketing_consent": null }), "marketing_consent is required"),
        (json!({ "appointment_type_token": "long" }), "There is no such appointment type"),
        (json!({ "time": "2026-11-15T01:59:59" }), "The time is not available"),
    ] {
        assert_eq!(
            attempt(&mut app, changes.clone()),
            (200, json!({ "success": false, "message": message })),
            "{changes}"
        );
    }
    assert_eq!(attempt(&mut app, json!({})).1["success"], true);
    assert_eq!(attempt(&mut app, json!({})).1["success"], false, "taken");
    let short = json!({ "time": "2026-12-01T16:45:00Z", "appointment_type_token": "short" });
    assert_eq!(attempt(&mut app, short.clone()).1["success"], false, "the time is taken");
    assert_eq!(
        attempt(&mut app, changed(short, json!({ "time": "2026-12-01T17:00:00Z" }))).1["success"],
        true,
        "the time is free"
    );
    app.sandbox.set("apptoto_booking_refused", "400").unwrap();
    assert_eq!(attempt(&mut app, json!({})).0, 400);

    assert_eq!(attempt(&mut app, json!({ "booking_page": "nobody" })).0, 404);
    for wrong in [json!({ "booking_page": null }), json!({ "time": "soon" }), json!({ "field_data": [] })] {
        assert_eq!(attempt(&mut app, wrong).1["error"], "invalid");
    }
    app.sandbox.set("apptoto_consent_fields", "texts,adverts").unwrap();
    let other = json!({ "time": "2026-12-02T08:00:00", "marketing_consent": null, "adverts": true });
    assert_eq!(attempt(&mut app, other).1["success"], true);
}

#[test]
fn booking_accepts_a_form() {
    let mut app = App::new(&[]);
    app.sandbox.seed(SHOP).unwrap();
    let form = "booking_page=bookwithfred&time=2026-12-01T08%3A00%3A00&name=George&phone_number=650-898-1212\
                &field_data%5Bzip%5D=97701&marketing_consent=true";
    let request = Request::post("/apptoto/api/v1/book_now")
        .header("authorization", basic(ADA, "sandbox-key"))
        .header("content-type", "application/x-www-form-urlencoded");
    let (status, body) = read(&app.send(request.body(Bytes::from(form)).unwrap()));
    assert_eq!(
        (status.as_u16(), &body["booking"]["field_data"]),
        (200, &json!({ "zip": "97701" })),
        "{body}"
    );
    let demo = json!({ "booking_page": "demo", "time": "2026-12-01T08:00:00", "name": "A" });
    app.sandbox.set("oauth_user", "new@example.com").unwrap();
    let reply =
        app.apptoto_reply(&basic("new@example.com", "sandbox-key"), "POST", "/book_now", &demo.to_string());
    assert_eq!(
        read(&reply).1["booking"]["end_time"],
        "2026-12-01T08:30:00Z",
        "every account has the page demo"
    );
}

#[test]
fn import_state_advances_to_its_end() {
    let state = |app: &mut App, id: &Value| {
        app.apptoto_ok("GET", &format!("/import?id={id}"), None)["import"]["state"].clone()
    };
    let start = |app: &mut App, file: &str| {
        let body = json!({ "file": file, "spec": "s", "type": "contacts" });
        let body = app.apptoto_ok("POST", "/import", Some(body));
        assert_eq!(body, json!({ "import": { "id": body["import"]["id"], "state": "launching" } }));
        body["import"]["id"].clone()
    };
    let mut app = App::new(&[]);
    let id = start(&mut app, "a,b\n1,2");
    let states: Vec<_> = (0..4).map(|_| state(&mut app, &id)).collect();
    assert_eq!(states, ["running", "finished", "finished", "finished"]);
    let empty = start(&mut app, " \n");
    assert_eq!([state(&mut app, &empty), state(&mut app, &empty)], ["running", "invalid"]);
    app.sandbox.set("apptoto_import_end", "aborted").unwrap();
    let other = start(&mut app, "x");
    assert_eq!([state(&mut app, &other), state(&mut app, &other)], ["running", "aborted"]);

    let mut app = App::new(&[("apptoto_import_steps", "clock")]);
    let id = start(&mut app, "x");
    let mut seen = Vec::new();
    for seconds in [0, 1, 1, 1, 1] {
        app.pass(seconds);
        seen.push(state(&mut app, &id));
    }
    assert_eq!(seen, ["launching", "launching", "running", "running", "finished"]);
    assert_eq!(app.apptoto("GET", "/import?id=5", None).0, 404);
    assert_eq!(app.apptoto("GET", "/import", None).0, 400);
}

#[test]
fn import_is_validated_and_accepts_both_form_types() {
    let mut app = App::new(&[]);
    let first =
        app.apptoto_ok("POST", "/import", Some(json!({ "file": "x", "spec": "s" })))["import"]["id"].clone();
    let range = json!({ "support_delete": true, "start_time": "2026-11-01", "end_time": "2026-12-01" });
    let right = changed(json!({ "file": "x", "based_on_import_id": first }), range);
    assert_eq!(app.apptoto("POST", "/import", Some(right.clone())).0, 200);
    for (changes, message) in [
        (json!({ "file": null }), "file: is required"),
        (json!({ "type": "lists" }), "type: must be events or contacts"),
        (json!({ "end_time": null }), "end_time: is required if support_delete is true"),
        (json!({ "start_time": "soon" }), "start_time: must be an ISO 8601 date or time"),
        (json!({ "based_on_import_id": 5 }), "based_on_import_id: there is no such import"),
        (json!({ "based_on_import_id": null }), "spec: is required if based_on_import_id is missing"),
    ] {
        let (status, body) = app.apptoto("POST", "/import", Some(changed(right.clone(), changes)));
        assert_eq!((status, body["message"].as_str()), (400, Some(message)));
    }
    let parts = "--b\r\nContent-Disposition: form-data; name=\"spec\"\r\n\r\ns\r\n--b\r\n\
                 Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n--b--\r\n";
    for (kind, body, status) in [
        ("application/x-www-form-urlencoded", "file=a%2Cb&spec=s&support_delete=false", 200),
        ("multipart/form-data; boundary=b", parts, 200),
        ("Multipart/Form-Data; Boundary=b", parts, 200),
        ("multipart/form-data; boundary=B", parts, 400),
        ("application/json", "\u{feff}{\"file\":\"a,b\",\"spec\":\"s\"}", 200),
        ("multipart/form-data; boundary=other", parts, 400),
        ("multipart/form-data", parts, 400),
    ] {
        let request =
            Request::post("/apptoto/api/v1/import").header("authorization", basic(ADA, "sandbox-key"));
        let request = request.header("content-type", kind).body(Bytes::from(body)).unwrap();
        assert_eq!(app.send(request).status(), status, "{kind}");
    }
}
