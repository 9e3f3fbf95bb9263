//! The state file: export, load and reset.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::calendar::EVENTS;
use common::oauth::basic;
use common::traffic::Traffic;
use common::{App, apptoto, calendar, get, graph, hook, read};
use connect_sandbox::{Attempt, AttemptOutcome, DeliveryState, Outcome};
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The result of a request: status, headers and body; `None` for a cut connection.
type Seen = Option<(u16, Vec<(String, Vec<u8>)>, Bytes)>;

fn seen(app: &mut App, request: Request<Bytes>) -> (Duration, Seen) {
    let answer = app.answer(request);
    let seen = match answer.outcome {
        Outcome::Cut => None,
        Outcome::Reply(reply) => {
            let headers = reply.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            Some((reply.status().as_u16(), headers.collect(), reply.body().clone()))
        }
    };
    (answer.delay, seen)
}

/// Makes the due attempts of deliveries, and returns their requests. Some attempts fail.
fn deliver(app: &mut App) -> Vec<String> {
    let attempts = app.sandbox.deliveries(app.now);
    let mut requests = Vec::new();
    for attempt in attempts {
        requests.push(format!("{} {:?}", attempt.number, attempt.request));
        let status = if attempt.request.body().len() % 4 == 0 { 500 } else { 204 };
        app.sandbox.delivered(attempt.token, AttemptOutcome::Status(status), app.now);
    }
    requests
}

/// Returns a sandbox with seeds and some switches that are not at their defaults.
fn seeded(seed: u64) -> App {
    let number = seed.to_string();
    let switches = [
        ("webhook_url", hook::URL),
        ("seed", number.as_str()),
        ("shared_accounts", if seed % 2 == 0 { "on" } else { "off" }),
        ("delivery_order", if seed % 3 == 0 { "shuffled" } else { "in_order" }),
        ("delivery_duplicates", if seed % 3 == 1 { "on" } else { "off" }),
        ("rate_limit", "seconds"),
        ("rate_limit_every", "31"),
        ("google_limit", "backendError"),
        ("google_limit_every", "29"),
        ("apptoto_auto_messages", "on"),
    ];
    let mut app = App::new(&switches);
    app.sandbox.seed(&graph::team()).unwrap();
    app
}

/// Lets some time pass, and sends a random request. Returns the request and its result.
fn step(app: &mut App, traffic: &mut Traffic) -> (Request<Bytes>, (Duration, Seen)) {
    app.pass([0, 0, 1, 20][traffic.below(4)]);
    let request = traffic.next();
    let result = seen(app, request.clone());
    if let Some((status, headers, body)) = &result.1 {
        traffic.learn(request.uri().path(), *status, headers, body);
    }
    (request, result)
}

fn run(seed: u64) -> (App, Traffic) {
    let (mut app, mut traffic) = (seeded(seed), Traffic::new(seed));
    for _ in 0..600 {
        step(&mut app, &mut traffic);
        if traffic.below(3) == 0 {
            deliver(&mut app);
        }
    }
    (app, traffic)
}

#[test]
fn loaded_state_handles_the_next_thousand_requests_alike() {
    let mut successful = BTreeSet::new();
    for seed in 1..=4 {
        let (mut app, mut traffic) = run(seed);
        let file = app.sandbox.state();
        // The other sandbox has another state before, and the state of another seed.
        let (mut copy, _) = run(seed + 100);
        copy.sandbox.reset();
        copy.sandbox.load(&file).unwrap();
        assert!(copy.sandbox.state() == file, "seed {seed}");
        copy.now = app.now;
        for number in 0..1000 {
            let (request, expected) = step(&mut app, &mut traffic);
            copy.now = app.now;
            let found = seen(&mut copy, request.clone());
            assert_eq!(found, expected, "seed {seed}, request {number}: {request:?}");
            if traffic.below(3) == 0 {
                assert_eq!(deliver(&mut copy), deliver(&mut app), "seed {seed}, after request {number}");
            }
        }
        assert!(copy.sandbox.state() == app.sandbox.state(), "seed {seed}");
        let requests = app.sandbox.stats().requests;
        let good =
            requests.into_iter().filter(|(_, statuses)| statuses.keys().any(|one| one.starts_with('2')));
        successful.extend(good.map(|(endpoint, _)| endpoint));
    }
    // The random requests reach the services: every kind succeeds at least once.
    assert!(successful.len() >= 45, "{} {successful:#?}", successful.len());
}

fn put(app: &mut App, file: &str) -> (u16, Value) {
    let request = Request::put("/sandbox/state").body(Bytes::from(file.to_owned())).unwrap();
    let (status, body) = read(&app.send(request));
    (status.as_u16(), body)
}

/// Returns the path and the reason of the error, after checking that the file changes nothing.
fn refused(app: &mut App, file: &Value) -> String {
    let before = app.sandbox.state();
    let error = app.sandbox.load(&file.to_string()).unwrap_err().to_string();
    assert_eq!(app.sandbox.seed(&file.to_string()).unwrap_err().to_string(), error);
    assert!(app.sandbox.state() == before, "{error}");
    let (status, body) = put(app, &file.to_string());
    assert_eq!((status, &body["message"]), (400, &json!(error)));
    error
}

#[test]
fn state_is_a_seed_for_calls_and_for_the_start() {
    let (mut app, token) = calendar::ada(&[("rotation", "strict")]);
    let page = app.google_ok(&token, &format!("{EVENTS}?maxResults=2500"));
    let sync = page["nextSyncToken"].as_str().unwrap();
    app.google_insert(
        &token,
        json!({ "summary": "New", "start": { "date": "2026-11-20" }, "end": { "date": "2026-11-21" } }),
    );
    let file = app.send(get("/sandbox/state"));
    assert_eq!(file.headers()["content-type"], "application/json");
    let file = std::str::from_utf8(file.body()).unwrap();
    let loads: [fn(&mut App, &str); 4] = [
        |app, file| assert_eq!(put(app, file), (200, json!({ "success": true }))),
        |app, file| assert_eq!(app.post("/sandbox/seed", &serde_json::from_str(file).unwrap()).0, 200),
        |app, file| app.sandbox.seed(file).unwrap(),
        |app, file| app.sandbox.load(&format!("\u{feff}{file}")).unwrap(),
    ];
    for load in loads {
        let mut copy = App::new(&[("google_no_auth", "401")]);
        load(&mut copy, file);
        assert_eq!(copy.sandbox.settings().value("rotation").as_deref(), Some("strict"));
        assert_eq!(copy.sandbox.settings().value("google_no_auth").as_deref(), Some("403"));
        let changes = copy.google_ok(&token, &format!("{EVENTS}?syncToken={sync}"));
        assert_eq!(changes["items"].as_array().unwrap().len(), 1);
        assert_eq!(changes["items"][0]["summary"], "New");
    }
}

#[test]
fn edited_state_shows_the_edit_as_a_change() {
    let (mut app, token) = calendar::ada(&[]);
    let page = app.google_ok(&token, &format!("{EVENTS}?maxResults=2500"));
    let sync = page["nextSyncToken"].as_str().unwrap();
    let mut file: Value = serde_json::from_str(&app.sandbox.state()).unwrap();
    let events = &mut file["state"]["world"]["users"][0][1]["google"]["calendars"][0]["events"];
    let review = events.as_array_mut().unwrap().iter_mut().find(|event| event["id"] == "review").unwrap();
    review["fields"]["title"] = json!("Edited");
    app.sandbox.load(&file.to_string()).unwrap();
    let changes = app.google_ok(&token, &format!("{EVENTS}?syncToken={sync}"));
    assert_eq!(changes["items"].as_array().unwrap().len(), 1);
    assert_eq!(changes["items"][0]["summary"], "Edited");
}

#[test]
fn seed_beside_the_state_is_added_to_the_state() {
    let (app, token) = calendar::ada(&[]);
    let mut file: Value = serde_json::from_str(&app.sandbox.state()).unwrap();
    file["users"] = json!({ "bob": { "google": { "account": "bob@gmail.example", "calendars": [] } } });
    file["apptoto"] = json!({ "shop@example.com": { "apiKey": "shop-key" } });
    let mut copy = App::new(&[]);
    copy.sandbox.load(&file.to_string()).unwrap();
    copy.google_ok(&token, EVENTS);
    let bob = copy.google_token("bob@gmail.example", &["calendar"]);
    assert_eq!(copy.google_ok(&bob, "/users/me/calendarList")["items"], json!([]));
    let key = basic("shop@example.com", "shop-key");
    assert_eq!(copy.apptoto_reply(&key, "GET", "/events", "").status(), 200);
}

#[test]
fn invalid_file_error_names_the_place_and_changes_nothing() {
    let (mut app, token) = calendar::ada(&[]);
    app.google_ok(&token, EVENTS);
    app.apptoto_ok("POST", "/events", Some(json!({ "events": [apptoto::appointment()] })));
    let file: Value = serde_json::from_str(&app.sandbox.state()).unwrap();
    let calendar = "/state/world/users/0/1/google/calendars/0";
    let event = format!("{calendar}/events/2");
    for (pointer, value, expected) in [
        (format!("{event}/fields/start"), json!("nine"), "google.calendars[0].events[2].fields.start: "),
        (format!("{event}/fields/titel"), json!("T"), "events[2].fields.titel: unknown field `titel`"),
        (
            format!("{event}/fields/status"),
            json!("maybe"),
            "events[2].fields.status: \"maybe\" is not one of ",
        ),
        (format!("{event}/series/rule/interval"), json!(0), "rule.interval: 0 is not an interval"),
        (format!("{event}/series/rule/zone"), json!("Mars"), "rule.zone: \"Mars\" is not a time zone"),
        (format!("{event}/series/rule/byDay"), json!(["XX"]), "rule.byDay: \"XX\" is not a weekday"),
        (
            format!("{event}/id"),
            json!("review"),
            "calendars[0].events: two events of the calendar have the same id",
        ),
        (calendar.to_owned(), json!(1), "calendars[0]: invalid type: integer `1`"),
        (
            "/state/world/settings/rotation".to_owned(),
            json!("loose"),
            "state.world.settings: \"loose\" is not a value",
        ),
        (
            "/state/connect/keys/active/secret".to_owned(),
            json!("x"),
            "state.connect.keys.active.secret: \"x\" is not",
        ),
        ("/state/world".to_owned(), json!({}), "state.world: missing field "),
        ("/state/more".to_owned(), json!(1), "state.more: unknown field `more`"),
        ("/state".to_owned(), Value::Null, "state: invalid type: null"),
        ("/stat".to_owned(), json!({}), "stat: is not a known field (expected state, users, apptoto)"),
        ("/users".to_owned(), json!({ "bob": {"google": {}} }), "users.bob.google.calendars: is required"),
        (
            "/apptoto".to_owned(),
            json!({ "a@example.com": { "events": [{}] } }),
            "apptoto.a@example.com.events[0].",
        ),
    ] {
        let mut wrong = file.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match wrong.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
            parent => parent[name] = value,
        }
        let error = refused(&mut app, &wrong);
        assert!(error.contains(expected), "{pointer}: {error}");
    }
    assert!(app.sandbox.load("{").unwrap_err().to_string().starts_with("the JSON document: "));
    assert!(app.sandbox.load("{}").unwrap_err().to_string().starts_with("users: is required"));
}

#[test]
fn reset_returns_to_the_start() {
    let (mut app, token) = calendar::ada(&[("rotation", "strict")]);
    let mut other = App::new(&[("rotation", "strict")]);
    other.sandbox.seed(&calendar::team()).unwrap();
    let start = other.sandbox.state();
    app.sandbox.allow_host("sandbox.test").unwrap();
    app.google_insert(
        &token,
        json!({ "summary": "New", "start": { "date": "2026-11-20" }, "end": { "date": "2026-11-21" } }),
    );
    app.apptoto_ok("POST", "/events", Some(json!({ "events": [apptoto::appointment()] })));
    app.post("/sandbox/seed", &serde_json::from_str(&graph::team()).unwrap());
    app.post("/sandbox/set", &json!({ "rotation": "grace", "seed": 7 }));
    app.post("/sandbox/advance", &json!({ "seconds": 500 }));
    app.post("/sandbox/faults", &json!({ "endpoint": "*", "status": 503 }));
    let request = Request::post("/sandbox/reset").header("host", "sandbox.test").body(Bytes::new()).unwrap();
    assert_eq!(read(&app.send(request)).1, json!({ "success": true }));
    assert!(app.sandbox.state() == start);
    assert!(app.sandbox.requests().is_empty());
    assert_eq!(app.google(&token, "GET", EVENTS, None).0, 401);
    let token = app.google_token("ada@gmail.example", &["calendar"]);
    assert_eq!(app.google_ok(&token, "/users/me/calendarList")["items"].as_array().unwrap().len(), 4);
}

#[test]
fn loaded_seed_without_state_starts_anew() {
    let (mut app, _) = calendar::ada(&[("rotation", "strict")]);
    app.post("/sandbox/set", &json!({ "rotation": "grace" }));
    let mut other = App::new(&[("rotation", "strict")]);
    other.sandbox.seed(&graph::team()).unwrap();
    assert_eq!(put(&mut app, &graph::team()).0, 200);
    assert!(app.sandbox.state() == other.sandbox.state());
}

#[test]
fn attempt_of_before_the_reset_changes_no_later_attempt() {
    let (mut app, _) = hook::app(&[("initial_sync", "off")]);
    let file = app.sandbox.state();
    let attempt = |app: &mut App| {
        hook::trigger(app, json!({}));
        app.pass(1);
        app.sandbox.deliveries(app.now).remove(0).token
    };
    let old = attempt(&mut app);
    app.sandbox.load(&file).unwrap();
    let new = attempt(&mut app);
    assert_ne!(old, new);
    app.sandbox.delivered(old, AttemptOutcome::Status(204), app.now);
    let states = |app: &App| app.sandbox.delivery_log().last().unwrap().state;
    assert_eq!(states(&app), DeliveryState::Pending);
    app.sandbox.delivered(new, AttemptOutcome::Status(204), app.now);
    assert_eq!(states(&app), DeliveryState::Delivered);
}

#[test]
fn running_attempt_is_made_again_by_the_loaded_sandbox() {
    let (mut app, _) = hook::app(&[]);
    hook::trigger(&mut app, json!({}));
    app.pass(1);
    let attempts = app.sandbox.deliveries(app.now);
    let mut copy = App::new(&[]);
    copy.now = app.now;
    copy.sandbox.load(&app.sandbox.state()).unwrap();
    let again = copy.sandbox.deliveries(copy.now);
    let bodies =
        |attempts: &[Attempt]| attempts.iter().map(|one| one.request.body().clone()).collect::<Vec<_>>();
    assert_eq!((again.len(), bodies(&again)), (1, bodies(&attempts)));
}

#[test]
fn times_finer_than_a_millisecond_do_not_change() {
    let mut app = App::new(&[("webhook_url", hook::URL), ("initial_sync", "off")]);
    app.now = "2026-11-15T10:00:00.123456789Z".parse().unwrap();
    app.user();
    let mut copy = App::new(&[]);
    copy.now = app.now;
    copy.sandbox.load(&app.sandbox.state()).unwrap();
    // The next poll of an Apple calendar is counted from the start of the subscription.
    let polled = [&mut copy, &mut app].map(|app| {
        assert_eq!(hook::trigger(app, json!({ "provider": "apple" })).0, 200);
        app.sandbox.next_delivery()
    });
    assert!(polled[0].is_some());
    assert_eq!(polled[0], polled[1]);
}
