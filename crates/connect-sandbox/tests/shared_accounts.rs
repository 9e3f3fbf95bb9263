//! Users of Connect who connected the same account, with the switch `shared_accounts`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::hook::{URL, take};
use common::{ALL, App, encode, id};
use serde_json::{Value, json};

const ACCOUNT: &str = "team@example.com";
const PLACE: &str = "provider=google&calendarId=work";

fn calendar(name: &str) -> Value {
    json!({ "id": name, "title": name, "events": [
        { "id": format!("{name}-1"), "title": "Stand-up", "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T09:15:00Z" }
    ] })
}

/// Returns a sandbox in which Ada and Bob have the same account. In the seed, only Bob's entry for
/// this account has the calendar `home`.
fn team(switches: &[(&str, &str)]) -> (App, String, String) {
    let mut app = App::new(&[&[("webhook_url", URL), ("initial_sync", "off")], switches].concat());
    let of = |calendars: Value| json!({ "google": { "account": ACCOUNT, "calendars": calendars } });
    let users = json!({ "ada": of(json!([calendar("work")])), "bob": of(json!([calendar("work"), calendar("home")])) });
    app.sandbox.seed(&json!({ "users": users }).to_string()).unwrap();
    let (ada, bob) = (app.sign_in("ada", "read-write").access, app.sign_in("bob", "read-write").access);
    (app, ada, bob)
}

fn titles(app: &mut App, token: &str) -> Vec<String> {
    let mut titles: Vec<_> =
        app.events(token, ALL).iter().map(|event| event["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

fn lunch() -> Value {
    json!({ "provider": "google", "calendarId": "work", "title": "Lunch",
        "start": "2026-11-17T11:00:00Z", "end": "2026-11-17T12:00:00Z" })
}

#[test]
fn shared_account_shows_other_users_changes() {
    let (mut app, ada, bob) = team(&[("shared_accounts", "on")]);
    let both = ["Stand-up", "Stand-up"];
    assert_eq!(
        (titles(&mut app, &ada), titles(&mut app, &bob)),
        (both.map(str::to_owned).to_vec(), both.map(str::to_owned).to_vec())
    );
    let event = app.create(&ada, lunch());
    assert!(titles(&mut app, &bob).contains(&"Lunch".to_owned()));
    let path = format!("/event?{PLACE}&eventId={}", encode(id(&event)));
    assert_eq!(app.call(&bob, "DELETE", &path, None).0, 204);
    assert!(!titles(&mut app, &ada).contains(&"Lunch".to_owned()));
}

#[test]
fn unshared_account_is_copied_per_user() {
    let (mut app, ada, bob) = team(&[]);
    app.create(&ada, lunch());
    assert!(titles(&mut app, &ada).contains(&"Lunch".to_owned()));
    assert!(!titles(&mut app, &bob).contains(&"Lunch".to_owned()));
    let connected = |app: &mut App, token: &str| app.ok(token, "/calendars").as_array().unwrap().len();
    assert_eq!((connected(&mut app, &ada), connected(&mut app, &bob)), (1, 2));
}

#[test]
fn shared_write_is_delivered_to_the_other_user() {
    let (mut app, ada, _) = team(&[("shared_accounts", "on")]);
    app.pass(300);
    take(&mut app, 200);
    app.create(&ada, lunch());
    app.pass(300);
    let told: Vec<_> = take(&mut app, 200).iter().map(|got| got.body["userId"].clone()).collect();
    assert_eq!(told, ["bob"], "the writer's own notification is suppressed");
}

#[test]
fn provider_change_is_delivered_to_all_sharing_users() {
    let (mut app, ..) = team(&[("shared_accounts", "on")]);
    app.pass(300);
    take(&mut app, 200);
    app.sandbox.trigger(connect_sandbox::Trigger::created().user("bob").calendar("work"), app.now).unwrap();
    app.pass(300);
    let mut told: Vec<_> = take(&mut app, 200).iter().map(|got| got.body["userId"].clone()).collect();
    told.sort_by_key(|user| user.to_string());
    assert_eq!(told, ["ada", "bob"]);
}

#[test]
fn disconnect_keeps_account_of_the_other_user() {
    let (mut app, ada, bob) = team(&[("shared_accounts", "on")]);
    app.create(&bob, lunch());
    assert_eq!(app.call(&ada, "POST", "/oauth/disconnect?provider=google", None).0, 200);
    assert_eq!(titles(&mut app, &ada), Vec::<String>::new());
    assert_eq!(titles(&mut app, &bob), ["Lunch", "Stand-up", "Stand-up"]);
    assert_eq!(app.call(&bob, "POST", "/oauth/disconnect?provider=google", None).0, 200);
    assert_eq!(titles(&mut app, &bob), Vec::<String>::new());
}

#[test]
fn reloading_seed_restores_shared_account() {
    let (mut app, ada, bob) = team(&[("shared_accounts", "on")]);
    app.create(&ada, lunch());
    let account = json!({ "google": { "account": ACCOUNT, "calendars": [calendar("work")] } });
    let users = json!({ "users": { "ada": account, "bob": account } });
    app.sandbox.seed(&users.to_string()).unwrap();
    assert_eq!(
        (titles(&mut app, &ada), titles(&mut app, &bob)),
        (vec!["Stand-up".to_owned()], vec!["Stand-up".to_owned()])
    );
}
