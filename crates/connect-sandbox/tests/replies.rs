//! Replies to invitations through Google Calendar and Microsoft Graph.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::calendar::EVENTS;
use common::graph::{ADA, event_path};
use common::{App, calendar, graph};
use connect_sandbox::Invitation;
use serde_json::{Value, json};

const GOOGLE: &str = "ada@gmail.example";

fn seed(app: &mut App) {
    let account = |account: &str| {
        let talk = json!({
            "id": "talk", "title": "Talk", "start": "2026-11-18T13:00:00Z", "end": "2026-11-18T14:00:00Z",
            "recurrence": { "frequency": "DAILY", "count": 3 },
            "attendees": [
                { "email": "grace@example.org", "organizer": true, "status": "accepted" },
                { "email": account, "status": "none" }, { "email": "alan@example.org", "status": "declined" },
            ],
        });
        json!({ "account": account, "calendars": [{ "id": account, "title": "Own", "events": [talk] }] })
    };
    let users = json!({ "ada": { "google": account(GOOGLE), "microsoft": account(ADA) } });
    app.sandbox.seed(&json!({ "users": users }).to_string()).unwrap();
}

fn graph(switches: &[(&str, &str)]) -> (App, String) {
    let (mut app, token) = graph::ada(switches);
    seed(&mut app);
    (app, token)
}

fn answer(app: &mut App, token: &str, id: &str, action: &str, body: Value) -> (u16, Value) {
    app.graph(token, "POST", &format!("{}/{action}", event_path(id)), Some(body))
}

fn replies(app: &App) -> Vec<Invitation> {
    app.sandbox.invitations().to_vec()
}

#[test]
fn graph_reply_changes_only_the_own_status() {
    let (mut app, token) = graph(&[]);
    let before = app.graph_ok(&token, &event_path("talk"));
    assert_eq!(
        (&before["isOrganizer"], &before["responseStatus"]["response"]),
        (&json!(false), &json!("none"))
    );
    let body = json!({ "comment": "Late", "sendResponse": true });
    assert_eq!(answer(&mut app, &token, "talk", "tentativelyAccept", body), (202, Value::Null));
    let mut after = app.graph_ok(&token, &event_path("talk"));
    assert_eq!(after["responseStatus"]["response"], "tentativelyAccepted");
    let own = after["attendees"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|one| one["emailAddress"]["address"] == ADA);
    let own = own.unwrap();
    assert_eq!(own["status"]["response"], "tentativelyAccepted");
    own["status"]["response"] = json!("none");
    after["responseStatus"] = before["responseStatus"].clone();
    for name in ["@odata.etag", "changeKey", "lastModifiedDateTime"] {
        assert_ne!(after[name], before[name], "{name}");
        after[name] = before[name].clone();
    }
    assert_eq!(after, before);
    let [reply] = &replies(&app)[..] else { panic!() };
    assert_eq!((reply.kind, &*reply.to, reply.status), ("reply", "grace@example.org", Some("tentative")));
    assert_eq!((reply.comment.as_deref(), &*reply.event), (Some("Late"), "talk"));

    assert_eq!(answer(&mut app, &token, "talk", "accept", json!({ "sendResponse": false })).0, 202);
    assert_eq!(app.graph_ok(&token, &event_path("talk"))["responseStatus"]["response"], "accepted");
    assert_eq!(replies(&app).len(), 1, "no response was to be sent");
}

#[test]
fn graph_decline_removes_or_keeps_the_event() {
    let (mut app, token) = graph(&[]);
    let path = format!("{}/instances?startDateTime=2026-11-01&endDateTime=2026-12-01", event_path("talk"));
    let first = graph::ids(&app.graph_list(&token, &path))[0].to_owned();
    assert_eq!(answer(&mut app, &token, &first, "decline", json!({})).0, 202);
    assert_eq!(app.graph_list(&token, &path).len(), 2, "only the declined occurrence is removed");
    assert_eq!(answer(&mut app, &token, "talk", "decline", json!({})).0, 202);
    assert_eq!(app.graph(&token, "GET", &event_path("talk"), None).0, 404);
    assert_eq!(answer(&mut app, &token, "talk", "accept", json!({})).0, 404);
    assert_eq!(replies(&app).len(), 2);

    let (mut app, token) = graph(&[("graph_declined", "kept")]);
    assert_eq!(answer(&mut app, &token, "talk", "decline", json!({})).0, 202);
    assert_eq!(app.graph_ok(&token, &event_path("talk"))["responseStatus"]["response"], "declined");
}

#[test]
fn graph_refuses_a_reply_of_the_organizer() {
    let (mut app, token) = graph::ada(&[]);
    for action in ["accept", "decline", "tentativelyAccept"] {
        let (status, body) = answer(&mut app, &token, "review", action, json!({}));
        assert_eq!((status, &body["error"]["code"]), (400, &json!("ErrorInvalidRequest")));
        assert!(body["error"]["message"].as_str().unwrap().contains("organizer"), "{body}");
    }
    assert_eq!(answer(&mut app, &token, "review", "accept", json!({ "sendResponse": "yes" })).0, 400);
    assert_eq!(app.graph(&token, "GET", &format!("{}/accept", event_path("review")), None).0, 405);
}

#[test]
fn graph_sends_no_response_that_the_organizer_did_not_request() {
    let (mut app, token) = graph(&[]);
    app.graph_patch(&token, "talk", json!({ "responseRequested": false }));
    assert_eq!(answer(&mut app, &token, "talk", "accept", json!({})).0, 400);
    assert_eq!(answer(&mut app, &token, "talk", "accept", json!({ "sendResponse": false })).0, 202);
}

#[test]
fn google_guest_changes_only_the_own_entry() {
    let (mut app, token) = calendar::ada(&[]);
    seed(&mut app);
    let path = format!("{EVENTS}/talk");
    let before = app.google_ok(&token, &path);
    assert_eq!(before["organizer"], json!({ "email": "grace@example.org" }));
    let guests = json!([
        { "email": GOOGLE, "responseStatus": "accepted", "comment": "Late", "organizer": true },
        { "email": "alan@example.org", "responseStatus": "accepted" }, { "email": "eve@example.org" },
    ]);
    let patch = json!({ "attendees": guests });
    let (_, after) = app.google(&token, "PATCH", &format!("{path}?sendUpdates=all"), Some(patch.clone()));
    let mut expected = before["attendees"].clone();
    expected[1]["responseStatus"] = json!("accepted");
    expected[1]["comment"] = json!("Late");
    assert_eq!((&after["attendees"], &after["organizer"]), (&expected, &before["organizer"]));
    let [reply] = &replies(&app)[..] else { panic!() };
    assert_eq!((reply.kind, &*reply.to, reply.status), ("reply", "grace@example.org", Some("accepted")));
    assert_eq!(reply.comment.as_deref(), Some("Late"));
    app.google(&token, "PATCH", &format!("{path}?sendUpdates=all"), Some(patch));
    assert_eq!(replies(&app).len(), 1, "an unchanged reply is not sent again");
    let declined = json!({ "attendees": [{ "email": GOOGLE, "responseStatus": "declined" }] });
    app.google(&token, "PATCH", &format!("{path}?sendUpdates=none"), Some(declined));
    assert_eq!(
        (app.google_ok(&token, &path)["attendees"][1]["responseStatus"].clone(), replies(&app).len()),
        (json!("declined"), 1)
    );
}

#[test]
fn google_organizer_can_omit_guests() {
    let (mut app, token) = calendar::ada(&[]);
    let guests = json!([{ "email": GOOGLE, "responseStatus": "accepted" }, { "email": "alan@example.org" }]);
    let made = app.google_patch(&token, "offsite", json!({ "attendees": guests }));
    assert_eq!(made["attendees"].as_array().unwrap().len(), 2);
    let own = json!([{ "email": GOOGLE, "responseStatus": "tentative" }]);
    let after = app.google_patch(&token, "offsite", json!({ "attendees": own, "attendeesOmitted": true }));
    assert_eq!(after["attendees"].as_array().unwrap().len(), 2, "{after}");
    assert_eq!(after["attendees"][0]["responseStatus"], "tentative");
    let after = app.google_patch(&token, "offsite", json!({ "attendees": own }));
    assert_eq!(after["attendees"].as_array().unwrap().len(), 1);
}
