//! Messages of the Apptoto API: requested, automatic and cancelled.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::apptoto::*;
use serde_json::{Value, json};

fn send(app: &mut App, body: Value) -> (u16, Value) {
    app.apptoto("POST", "/send_message", Some(body))
}

fn with_people(people: Value) -> Value {
    changed(appointment(), json!({ "participants": people }))
}

#[test]
fn message_to_address_is_stored() {
    let mut app = App::new(&[]);
    assert_eq!(app.messages(), Vec::<Value>::new());
    let sms = json!({ "type": "sms", "to": "(650) 555-1212", "message": "Hi there!" });
    assert_eq!(send(&mut app, sms), (200, json!({ "success": true })));
    let email = json!({ "type": "email", "to": "fred@example.com", "template_id": 7, "subject": "S" });
    assert_eq!(send(&mut app, email).0, 200);
    let kept = app.messages();
    assert_eq!(
        kept[0],
        json!({
            "id": kept[0]["id"], "account": ADA, "to": "+16505551212", "type": "sms", "message": "Hi there!",
            "template_id": null, "subject": null, "event_id": null, "participant_id": null, "automatic": false,
            "credits": 1, "at": "2026-11-15T10:00:00.000Z", "state": "sent",
        })
    );
    assert_eq!((&kept[1]["to"], &kept[1]["type"]), (&json!("fred@example.com"), &json!("email")));
    assert_eq!(
        (&kept[1]["template_id"], &kept[1]["subject"], &kept[1]["message"]),
        (&json!("7"), &json!("S"), &Value::Null)
    );
    assert_eq!(app.sandbox.apptoto_messages(app.now).len(), 2);

    app.sandbox.set("apptoto_send_reply", "empty").unwrap();
    assert_eq!(
        send(&mut app, json!({ "type": "call", "to": "+1 650 555 1212", "message": "Ring" })),
        (200, Value::Null)
    );
    assert_eq!(app.messages().len(), 3);
}

#[test]
fn message_to_event_reaches_each_reachable_participant() {
    let mut app = App::new(&[]);
    let people = json!([
        { "name": "Fred", "phone": "650-555-1212", "email": "fred@example.com" },
        { "name": "Ann", "email": "ann@example.com" },
        { "name": "Bob", "phone": "650-555-0000" },
    ]);
    let event = app.write_event("POST", with_people(people));
    let id = |index: usize| event["participants"][index]["id"].clone();
    let told = json!({ "type": "sms", "event_id": event["id"], "message": "Hi {{ name }}!" });
    assert_eq!(send(&mut app, told).0, 200);
    let told = json!({ "type": "email", "participant_id": id(1).to_string(), "message": "Only Ann" });
    assert_eq!(send(&mut app, told).0, 200);
    let kept = app.messages();
    let seen: Vec<_> = kept.iter().map(|one| (one["to"].as_str().unwrap(), &one["participant_id"])).collect();
    assert_eq!(seen, [("+16505551212", &id(0)), ("+16505550000", &id(2)), ("ann@example.com", &id(1))]);
    assert!(kept.iter().all(|one| one["event_id"] == event["id"]));
    assert_eq!(kept[0]["message"], "Hi {{ name }}!", "fields are not replaced");

    let path = format!("/event?id={}", event["id"]);
    let plain = app.apptoto_ok("GET", &path, None);
    assert_eq!(plain["participants"][0].get("conversations"), None);
    for truth in ["true", "True"] {
        let told = app.apptoto_ok("GET", &format!("{path}&include_conversations={truth}"), None);
        let said = |index: usize| told["participants"][index]["conversations"].as_array().unwrap().clone();
        assert_eq!((said(0).len(), said(1).len()), (1, 1));
        assert_eq!(said(1)[0]["message"], "Only Ann");
    }
}

#[test]
fn invalid_message_is_refused_and_not_stored() {
    let mut app = App::new(&[]);
    let event = app.write_event("POST", with_people(json!([{ "name": "Ann", "email": "ann@example.com" }])));
    let deleted = app.write_event("POST", appointment());
    app.apptoto_ok("DELETE", &format!("/events?id={}", deleted["id"]), None);
    for (body, status, message) in [
        (json!({ "to": "650-555-1212", "message": "x" }), 400, "type: is required"),
        (
            json!({ "type": "fax", "to": "650-555-1212", "message": "x" }),
            400,
            "type: must be sms, call or email",
        ),
        (
            json!({ "type": "sms", "to": "650-555-1212" }),
            400,
            "message: is required if template_id is missing",
        ),
        (
            json!({ "type": "sms", "message": "x" }),
            400,
            "to: exactly one of to, event_id and participant_id is required",
        ),
        (
            json!({ "type": "sms", "to": "650-555-1212", "event_id": event["id"], "message": "x" }),
            400,
            "to: exactly one of to, event_id and participant_id is required",
        ),
        (
            json!({ "type": "sms", "to": "fred@example.com", "message": "x" }),
            400,
            "to: must be a phone number",
        ),
        (
            json!({ "type": "email", "to": "650-555-1212", "message": "x" }),
            400,
            "to: must be an e-mail address",
        ),
        (json!({ "type": "sms", "event_id": 5, "message": "x" }), 404, "There is no such event"),
        (json!({ "type": "sms", "event_id": deleted["id"], "message": "x" }), 404, "There is no such event"),
        (json!({ "type": "sms", "participant_id": 5, "message": "x" }), 404, "There is no such participant"),
        (
            json!({ "type": "sms", "event_id": event["id"], "message": "x" }),
            400,
            "type: is sms, but no selected participant has a phone number",
        ),
    ] {
        let (found, refused) = send(&mut app, body.clone());
        assert_eq!((found, refused["message"].as_str()), (status, Some(message)), "{body}");
    }
    assert_eq!(app.messages(), Vec::<Value>::new());
}

#[test]
fn automatic_messages_follow_event_changes() {
    let mut app = App::new(&[("apptoto_auto_messages", "on")]);
    let people =
        json!([{ "name": "Fred", "phone": "650-555-1212" }, { "name": "Ann", "email": "ann@example.com" }]);
    let event = app.write_event("POST", with_people(people));
    let states = |app: &mut App| -> Vec<(String, String, String)> {
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let all = app.messages();
        all.iter().map(|one| (text(one, "to"), text(one, "state"), text(one, "at"))).collect()
    };
    let entry = |to: &str, state: &str, at: &str| (to.to_owned(), state.to_owned(), at.to_owned());
    let day_before = "2026-11-16T22:00:00.000Z";
    assert_eq!(
        states(&mut app),
        [entry("+16505551212", "pending", day_before), entry("ann@example.com", "pending", day_before)]
    );
    let change = json!({ "id": event["id"], "start_time": "2026-11-18T14:00:00-08:00", "end_time": "2026-11-18T15:00:00-08:00",
        "participants": [{ "name": "Fred", "phone": "650-555-1212" }] });
    app.write_event("PUT", change);
    let moved = "2026-11-17T22:00:00.000Z";
    assert_eq!(states(&mut app)[0], entry("+16505551212", "pending", moved));
    assert_eq!(states(&mut app)[1].1, "cancelled", "the participant was removed");

    app.pass(3 * 24 * 3600);
    assert_eq!(states(&mut app)[0], entry("+16505551212", "sent", moved));
    let path = format!("/event?id={}&include_conversations=true", event["id"]);
    let reminded = app.apptoto_ok("GET", &path, None);
    assert_eq!(reminded["participants"][0]["state"], "reminded");
    assert_eq!(reminded["participants"][0]["conversations"].as_array().unwrap().len(), 1);
}

#[test]
fn deleting_event_cancels_pending_messages() {
    let mut app = App::new(&[]);
    let people = json!([{ "name": "Fred", "phone": "650-555-1212" }]);
    let quiet = app.write_event("POST", with_people(people.clone()));
    assert_eq!(app.messages(), Vec::<Value>::new(), "automatic messages are off");
    let marked = app.write_event("POST", changed(with_people(people), json!({ "content": "#auto" })));
    app.apptoto_ok("DELETE", &format!("/events?id={}", marked["id"]), None);
    app.apptoto_ok("DELETE", &format!("/events?id={}", quiet["id"]), None);
    let kept = app.messages();
    assert_eq!(
        (kept.len(), &kept[0]["state"], &kept[0]["automatic"]),
        (1, &json!("cancelled"), &json!(true))
    );
    app.pass(7 * 24 * 3600);
    assert_eq!(app.messages()[0]["state"], "cancelled");
}

#[test]
fn messaged_participants_are_not_removed() {
    for (switch, left) in [("on", vec!["Bob", "Fred"]), ("off", vec!["Bob"])] {
        let mut app = App::new(&[("apptoto_keep_messaged", switch)]);
        let people = json!([{ "name": "Fred", "phone": "650-555-1212" }, { "name": "Ann", "email": "ann@example.com" }]);
        let event = app.write_event("POST", with_people(people));
        let fred = event["participants"][0]["id"].clone();
        send(&mut app, json!({ "type": "sms", "participant_id": fred, "message": "x" }));
        let change =
            json!({ "id": event["id"], "participants": [{ "name": "Bob", "phone": "650-555-0000" }] });
        let after = app.write_event("PUT", change);
        let names: Vec<_> = after["participants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, left);
    }
}
