//! `connect events respond` replies to invitations at Google and Outlook.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::signed_in::SignedInUser;
use serde_json::{Value, json};

const DAYS: [&str; 4] = ["--from", "2027-02-01", "--to", "2027-02-28"];

/// A user with an invitation to an event and to a series, and with an event of the user's own.
fn invited(service: &'static str) -> SignedInUser {
    let signed = SignedInUser::at(service);
    let event = |id: &str, organizer: &str, guest: &str| {
        json!({ "id": id, "title": id, "start": "2027-02-01T09:00:00Z", "end": "2027-02-01T10:00:00Z",
            "attendees": [{ "email": organizer, "organizer": true }, { "email": guest, "status": "none" }] })
    };
    let (me, grace) = ("user@example.com", "grace@example.org");
    let mut choir = event("choir", grace, me);
    choir["recurrence"] = json!({ "frequency": "WEEKLY", "count": 2 });
    let events = json!([event("talk", grace, me), choir, event("own", me, grace)]);
    let calendars = json!([{ "id": me, "title": "Own", "events": events }]);
    let seed = json!({ "users": { "me": { service: { "account": me, "calendars": calendars } } } });
    signed.world.server.with(|sandbox| sandbox.seed(&seed.to_string())).unwrap();
    signed
}

/// The replies that the organizer got: event, status and comment.
fn replies(signed: &SignedInUser) -> Vec<(String, &'static str, Option<String>)> {
    let sent = signed.world.server.invitations().into_iter();
    sent.map(|one| (one.event, one.status.unwrap(), one.comment)).collect()
}

fn respond(event: &str, more: &[&str]) -> Vec<String> {
    let all = [&["events", "respond", event], more, &DAYS].concat();
    all.into_iter().map(str::to_owned).collect()
}

fn run(signed: &SignedInUser, event: &str, more: &[&str]) -> common::Outcome {
    let arguments = respond(event, more);
    signed.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn reply_with_a_comment_reaches_the_organizer() {
    for service in ["google", "microsoft"] {
        let signed = invited(service);
        let text = run(&signed, "talk", &["accepted", "--comment", "15 minutes late"]).ok();
        let expected = "Replied accepted to talk, 2027-02-01 10:00-11:00.\nThe organizer is notified.\n";
        assert_eq!(text, expected, "{service}");
        let late = Some("15 minutes late".to_owned());
        assert_eq!(replies(&signed), [("talk".to_owned(), "accepted", late)]);
        let printed = run(&signed, "talk", &["tentative", "--notify", "none", "--json"]).json();
        assert_eq!((&printed["success"], &printed["reply"]), (&json!(true), &json!("tentative")));
        assert_eq!((&printed["id"], replies(&signed).len()), (&json!("talk"), 1));
    }
}

#[test]
fn reply_to_a_series_needs_all() {
    for service in ["google", "microsoft"] {
        let signed = invited(service);
        let refused = run(&signed, "choir", &["accepted"]);
        assert!(refused.code == Some(2) && refused.err.contains("--all"), "{}", refused.err);
        let text = run(&signed, "choir", &["accepted", "--all"]).ok();
        assert!(
            text.starts_with("Replied accepted to choir, ") && text.contains("and its whole series"),
            "{text}"
        );
        assert_eq!(replies(&signed), [("choir".to_owned(), "accepted", None)]);
        let listed = signed.run(&[&["events", "list", "--json"], &DAYS[..]].concat()).json();
        let mut events = listed["events"].as_array().unwrap().iter();
        let id = events.find(|event| event["title"] == "choir").unwrap()["id"].as_str().unwrap();
        let text = run(&signed, id, &["tentative", "--this"]).ok();
        assert!(text.contains(", only this occurrence.\n"), "{text}");
        assert_eq!(replies(&signed)[1].0, id);
    }
}

#[test]
fn dry_run_sends_no_reply() {
    for (service, method) in [("google", "PATCH"), ("microsoft", "POST")] {
        let signed = invited(service);
        let mut plan = run(&signed, "talk", &["declined", "--dry-run", "--json"]).json();
        let change = plan["changes"][0].take();
        let words = "Reply declined to talk, 2027-02-01 10:00-11:00. The organizer is notified.";
        assert_eq!((&change["change"], &change["request"]["method"]), (&json!(words), &json!(method)));
        assert_ne!(change["request"]["body"], Value::Null);
        assert_eq!(replies(&signed), []);
    }
}

#[test]
fn organizer_cannot_reply() {
    for service in ["google", "microsoft"] {
        let refused = run(&invited(service), "own", &["accepted"]);
        assert!(refused.code == Some(2) && refused.err.contains("organizes the event"), "{}", refused.err);
    }
}

#[test]
fn connect_refuses_and_names_the_services_that_can_reply() {
    let signed = SignedInUser::at("connect");
    let before = signed.world.server.requests().len();
    let refused = run(&signed, "talk", &["accepted"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("Mobiscroll Connect cannot reply"), "{}", refused.err);
    assert!(refused.err.contains("--via google"), "{}", refused.err);
    assert_eq!(signed.world.server.requests().len(), before);
    let unknown = run(&signed, "talk", &["perhaps"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("tentative"), "{}", unknown.err);
}
