//! Webhook subscriptions and deliveries with a sandbox.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{
    Outcome, World,
    hook::{Listening, Target},
};
use serde_json::Value;

/// Starts `listen` and makes its URL the webhook URL of the sandbox.
///
/// Then signs a user in, so that the calendars are subscribed.
fn listen(arguments: &[&str], switches: &[(&str, &str)]) -> (World, Listening) {
    let world = World::with(&[switches, &[("initial_sync", "off"), ("delivery_backoff", "1")]].concat());
    let mut command = world.command(&[&["webhooks", "listen"], arguments].concat());
    // `listen` needs no credentials.
    for name in ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"] {
        command.env_remove(format!("MOBISCROLL_CONNECT_{name}"));
    }
    let listening = Listening::start(&mut command);
    set_url(&world, &listening.url);
    world.login(&[]).ok();
    (world, listening)
}

fn set_url(world: &World, url: &str) {
    world.server.with(|sandbox| sandbox.set("webhook_url", url).map(drop)).unwrap();
}

fn attempts(world: &World, id: &str) -> Vec<u16> {
    let id = id.to_owned();
    world.server.with(move |sandbox| {
        let delivery = sandbox.delivery_log().find(|one| one.id == id).unwrap();
        delivery.attempts.iter().filter_map(|tried| tried.status).collect()
    })
}

#[test]
fn triggered_change_is_delivered_and_handled_once() {
    let (world, mut listening) = listen(&[], &[]);
    let response =
        world.run(&["webhooks", "trigger", "--change", "created", "--title", "Dentist", "--json"]).json();
    let id = response["delivery"].as_str().unwrap();
    let shown = listening.next();
    assert_eq!((&shown["id"], &shown["verified"], &shown["status"]), (&id.into(), &true.into(), &200.into()));
    let event = &shown["delivery"]["events"][0];
    assert_eq!((&event["title"], &event["changeType"]), (&"Dentist".into(), &"created".into()));
    assert_eq!(event["id"], response["event"]["id"]);

    let text = world.run(&["webhooks", "resend"]).ok();
    assert_eq!(text, format!("The sandbox is sending delivery {id} again.\n"));
    let shown = listening.next();
    assert_eq!((&shown["id"], &shown["duplicate"]), (&id.into(), &true.into()));
    assert_eq!(world.run(&["webhooks", "resend", id, "--json"]).json()["delivery"], id);
    listening.next();
    let unknown = world.run(&["webhooks", "resend", "msg_none", "--json"]);
    assert_eq!((unknown.code, unknown.error()["code"].as_str()), (Some(2), Some("VALIDATION_ERROR")));
}

#[test]
fn trigger_changes_the_named_calendar() {
    let (world, mut listening) = listen(&[], &[]);
    world.login(&["--user", "ben"]).ok();
    let calendars = world.run(&["calendars", "--provider", "microsoft", "--json"]).json();
    let calendar = calendars[1]["id"].as_str().unwrap();
    let table = world.run(&["calendars", "--provider", "microsoft"]).ok();
    let key = table.lines().find(|line| line.contains(calendar)).unwrap().split('\t').next().unwrap();
    let place = |response: &Value| {
        [&response["userId"], &response["provider"], &response["calendarId"]].map(Value::to_string)
    };
    for name in [calendar, key] {
        let response = world.run(&["webhooks", "trigger", "--calendar", name, "--json"]).json();
        assert_eq!(place(&response), ["\"me\"", "\"microsoft\"", &format!("{calendar:?}")]);
    }
    let response =
        world.run(&["webhooks", "trigger", "--user", "ben", "--provider", "google", "--json"]).json();
    assert_eq!(place(&response)[..2], ["\"ben\"", "\"google\""]);
    assert_eq!(response["event"]["changeType"], "updated");
    listening.next();

    for (arguments, code) in [
        (&["--calendar", "nothing"][..], 5),
        (&["--calendar", key, "--provider", "google"], 5),
        (&["--calendar", calendar, "--user", "ben"], 2),
        (&["--user", "nobody"], 2),
        (&["--change", "moved"], 2),
    ] {
        let done = world.run(&[&["webhooks", "trigger"], arguments].concat());
        assert_eq!(done.code, Some(code), "{arguments:?} {}", done.err);
    }
}

#[test]
fn retry_reaches_a_target_that_was_down() {
    let target = Target::new();
    let (world, mut listening) = listen(&["--forward-to", &target.url(), "--once"], &[]);
    let id = world.run(&["webhooks", "trigger", "--json"]).json()["delivery"].clone();
    assert_eq!(listening.next()["status"], 502);
    target.respond(&["200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]);
    let shown = listening.next();
    assert_eq!((&shown["id"], &shown["status"], &shown["duplicate"]), (&id, &200.into(), &false.into()));
    let came = target.next();
    assert_eq!(came.all("webhook-id"), [id.as_str().unwrap()]);
    world.server.with(|sandbox| {
        let delivery = sandbox.delivery_log().find(|one| id == *one.id).unwrap();
        assert_eq!(came.body, delivery.body, "the body is forwarded unchanged");
    });
    listening.end().ok();
    assert_eq!(attempts(&world, id.as_str().unwrap())[0], 502);
}

#[test]
fn minimal_delivery_and_rotated_key_are_accepted() {
    let (world, mut listening) = listen(&[], &[("webhook_body", "vector"), ("delivery_duplicates", "on")]);
    world.run(&["webhooks", "trigger", "--provider", "google"]).ok();
    let shown = [listening.next(), listening.next()];
    assert!(shown.iter().all(|one| one["verified"] == true && one["id"] == shown[0]["id"]), "{shown:?}");
    assert!(shown.iter().any(|one| one["duplicate"] == true), "{shown:?}");
    assert_eq!(
        shown.iter().find(|one| one["duplicate"] == false).unwrap()["delivery"]["eventType"],
        "event.updated"
    );

    // Deliveries have signatures of both keys while both are listed.
    let now = jiff::Timestamp::now();
    world.server.with(|sandbox| sandbox.rotate_keys(now));
    world.run(&["webhooks", "trigger", "--provider", "google"]).ok();
    assert_eq!(listening.next()["verified"], true);
}

#[test]
fn subscribe_and_unsubscribe_change_the_subscriptions() {
    let world = World::new();
    world.login(&[]).ok();
    let subscribe = ["webhooks", "subscribe", "google"];
    let calendars = world.run(&["calendars", "--provider", "google", "--json"]).json();
    let id = calendars[0]["id"].as_str().unwrap().to_owned();
    let failed = world.run(&[&subscribe[..], &[&id, "--json"]].concat());
    assert_eq!(failed.code, Some(2), "{}", failed.err);
    assert!(failed.error()["cause"].as_str().unwrap().contains("no webhook URL"), "{}", failed.err);

    set_url(&world, &common::nowhere());
    let made = [&subscribe[..], &[&id, "--channel-id", "mine", "--expires", "2099-12-01", "--json"]].concat();
    let made = world.run(&made).json();
    assert_eq!((&made["calendarId"], &made["channelId"]), (&id.as_str().into(), &"mine".into()));
    // The subscription lasts until the end of the day in the user's time zone.
    assert_eq!(made["subscription"]["expiration"], "2099-12-01T23:00:00Z");
    let resource = made["subscription"]["resourceId"].as_str().unwrap();
    let subscribed = || world.server.with(|sandbox| sandbox.subscriptions().len());
    assert_eq!(subscribed(), 1);

    let ended = world.run(&["webhooks", "unsubscribe", "google", "mine", "--resource-id", resource]).ok();
    assert_eq!((ended.as_str(), subscribed()), ("Unsubscribed channel mine.\n", 0));

    let all = world.run(&["webhooks", "subscribe", "--all", "--json"]).json();
    assert_eq!((all.as_array().unwrap().len(), subscribed()), (8, 8));
    let text = world.run(&["webhooks", "subscribe", "--all"]).ok();
    assert_eq!((text.lines().count(), subscribed()), (8, 8));
    assert!(text.starts_with(&format!("Subscribed {id}: channel ")), "{text}");
}

#[test]
fn subscriptions_before_a_failure_are_printed() {
    let world = World::with(&[("webhook_url", &common::nowhere()), ("auto_subscribe", "off")]);
    world.login(&[]).ok();
    world.server.with(|sandbox| {
        let fault = connect_sandbox::Fault::on("POST /subscribe-webhook");
        sandbox.add_fault(fault.skip(2).status(400).body(r#"{"message":"Full"}"#));
    });
    let done = world.run(&["webhooks", "subscribe", "--all", "--json"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap().as_array().unwrap().len(), 2);
    assert!(done.error()["message"].as_str().unwrap().contains("cannot subscribe calendar"), "{}", done.err);
}

#[test]
fn trigger_and_resend_need_a_sandbox() {
    let world = World::new();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", elsewhere.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in elsewhere.incoming() {
            use std::io::{Read as _, Write as _};
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET "), "the check must not change anything");
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}").unwrap();
        }
    });
    for command in ["trigger", "resend"] {
        for base_url in [url.as_str(), "https://connect.mobiscroll.com/api"] {
            let done = world.run(&["webhooks", command, "--base-url", base_url, "--json"]);
            let error = done.error();
            assert_eq!(done.code, Some(2), "{error}");
            assert_eq!(error["message"], format!("{base_url} is not a sandbox"));
        }
        let nobody = world.run(&["webhooks", command, "--base-url", &common::nowhere()]);
        assert_eq!(nobody.code, Some(6), "{}", nobody.err);
        let early = world.run(&["webhooks", command]);
        assert_eq!(early.code, Some(2), "{}", early.err);
    }
}

#[test]
fn keys_are_fetched_once_and_no_secret_is_shown() {
    let (world, mut listening) = listen(&[], &[]);
    world.run(&["webhooks", "trigger"]).ok();
    listening.next();
    let keys = world.server.stats().requests["GET /.well-known/webhook-keys"].values().sum::<u64>();
    assert_eq!(keys, 1);
    let Outcome { out, err, .. } = world.run(&["webhooks", "resend", "--json"]);
    assert!(world.secrets().iter().all(|secret| !out.contains(secret) && !err.contains(secret)));
}
