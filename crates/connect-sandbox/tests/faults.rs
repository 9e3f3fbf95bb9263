//! Faults, statistics and control calls.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::{App, get, read};
use connect_sandbox::{Fault, Outcome};
use serde_json::json;
use std::time::Duration;

#[test]
fn status_fault_replaces_the_call() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    app.sandbox.add_fault(Fault::on("POST /event").status(429).header("retry-after", "1").times(2));
    let before = app.events(&token, common::ALL).len();
    for _ in 0..2 {
        let (status, body) = app.call(&token, "POST", "/event", Some(common::meeting()));
        assert_eq!((status.as_u16(), body["message"].is_string()), (429, true));
    }
    assert_eq!(app.events(&token, common::ALL).len(), before);
    app.create(&token, common::meeting());
    let stats = app.sandbox.stats();
    assert_eq!((stats.faults.asked, stats.faults.fired), (2, 2));
    assert_eq!((stats.answered("POST /event", 429), stats.answered("POST /event", 201)), (2, 1));
}

#[test]
fn cut_before_skips_call_and_cut_after_executes_it() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    let before = app.events(&token, common::ALL).len();
    app.sandbox.add_fault(Fault::on("POST /event").cut_before());
    app.sandbox.add_fault(Fault::on("POST /event").cut_after());
    for expected in [before, before + 1] {
        let request = http::Request::post("/api/event").header("authorization", format!("Bearer {token}"));
        let answer = app.answer(request.body(common::meeting().to_string().into()).unwrap());
        assert!(matches!(answer.outcome, Outcome::Cut));
        assert_eq!(app.events(&token, common::ALL).len(), expected);
    }
    assert_eq!(app.sandbox.stats().cut("POST /event"), 2);
}

#[test]
fn refresh_with_lost_response_rotates_token() {
    let mut app = App::new(&[("rotation", "strict")]);
    let tokens = app.user();
    app.sandbox.add_fault(Fault::on("POST /oauth/token").grant_type("refresh_token").cut_after());
    app.user();
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id=sandbox-client&client_secret=sandbox-secret",
        tokens.refresh
    );
    let request = http::Request::post("/api/oauth/token").body(form.into()).unwrap();
    assert!(matches!(app.answer(request).outcome, Outcome::Cut));
    app.refresh(&tokens.refresh).unwrap_err();
    let exchanges = app.sandbox.stats().exchanges;
    assert_eq!((exchanges.code.granted, exchanges.refresh.granted, exchanges.refresh.refused), (2, 1, 1));
}

#[test]
fn fault_delays_responses_by_status() {
    let mut app = App::new(&[("latency_ms", "5")]);
    let token = app.user().access;
    app.sandbox.add_fault(Fault::on("GET /calendars").when_status(401).delay(Duration::from_millis(100)));
    let mut delay = |token: &str| {
        let request = http::Request::get("/api/calendars").header("authorization", format!("Bearer {token}"));
        app.answer(request.body(bytes::Bytes::new()).unwrap()).delay.as_millis()
    };
    assert_eq!([delay(&token), delay("x"), delay("x")], [5, 105, 5]);
}

#[test]
fn fault_returns_garbage_or_truncated_body() {
    let mut app = App::new(&[]);
    app.sandbox.add_fault(Fault::on("GET /health").garbage());
    app.sandbox.add_fault(Fault::on("GET /health").truncate(5));
    let reply = app.send(get("/api/health"));
    assert!(reply.status() == 200 && reply.body().starts_with(b"<!DOCTYPE"));
    assert_eq!(&app.send(get("/api/health")).body()[..], b"{\"sta");
}

#[test]
fn cut_body_declares_a_longer_body() {
    let mut app = App::new(&[]);
    assert_eq!(app.post("/sandbox/faults", &json!({ "endpoint": "GET /health", "cut_body": 5 })).0, 200);
    let reply = app.send(get("/api/health"));
    assert_eq!(
        (&reply.body()[..], &reply.headers()["content-length"]),
        (&b"{\"sta"[..], &"15".parse().unwrap())
    );
    assert_eq!(app.post("/sandbox/faults", &json!({ "endpoint": "GET /health", "cut_body": -1 })).0, 400);
}

#[test]
fn fault_list_with_an_error_adds_no_fault() {
    let mut app = App::new(&[]);
    let faults = json!([
        { "endpoint": "GET /health", "status": 503, "headers": { "retry-after": "2" }, "body": "busy", "skip": 1 },
        { "endpoint": "*", "delay_ms": 7, "when_status": 404 },
    ]);
    assert_eq!(app.post("/sandbox/faults", &faults).0, 200);
    assert_eq!(app.send(get("/api/health")).status(), 200);
    let reply = app.send(get("/api/health"));
    assert_eq!(
        (reply.status().as_u16(), &reply.body()[..], &reply.headers()["retry-after"]),
        (503, &b"busy"[..], &"2".parse().unwrap())
    );
    for wrong in [
        json!({ "endpoint": "GET /nowhere", "status": 500 }),
        json!({ "endpoint": "*" }),
        json!({ "endpoint": "*", "status": 42 }),
        json!({ "endpoint": "*", "staus": 500 }),
        json!({ "endpoint": "*", "cut": "never" }),
        json!([{ "endpoint": "*", "status": 500 }, { "endpoint": "*" }]),
        json!("x"),
    ] {
        let (status, body) = app.post("/api/sandbox/faults", &wrong);
        assert!(status == 400 && body["message"].is_string(), "{wrong}");
    }
    assert_eq!(app.sandbox.stats().faults.asked, 2);
}

#[test]
fn switch_list_with_an_error_sets_no_switch() {
    let mut app = App::new(&[]);
    let (status, body) = app.post("/sandbox/set", &json!({ "token_ttl": 30, "auto_consent": false }));
    assert_eq!(
        (status.as_u16(), &body["settings"]["token_ttl"], &body["settings"]["auto_consent"]),
        (200, &json!("30"), &json!("off"))
    );
    assert_eq!(app.post("/sandbox/set", &json!({ "token_ttl": 60, "rotation": "loose" })).0, 400);
    assert_eq!(app.sandbox.settings().value("token_ttl").as_deref(), Some("30"));
    assert_eq!(app.post("/sandbox/set", &json!([])).0, 400);
}

#[test]
fn statistics_over_http_match_the_api() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    app.ok(&token, "/calendars");
    app.get("x", "/calendars");
    app.send(get("/api/nowhere"));
    app.send(get("/"));
    let (_, stats) = read(&app.send(get("/sandbox/stats")));
    assert_eq!(
        stats,
        json!({
            "requests": {
                "GET /calendars": { "200": 1, "401": 1 },
                "GET /oauth/authorize": { "302": 1 },
                "POST /oauth/token": { "200": 1 },
                "unknown": { "404": 2 },
            },
            "exchanges": { "code": { "granted": 1, "refused": 0 }, "refresh": { "granted": 0, "refused": 0 } },
            "expiries": 0,
            "expired_answers": 0,
            "revocations": 0,
            "family_revocations": 0,
            "faults": { "asked": 0, "fired": 0 },
            "users": 1,
            "deliveries": {
                "made": 0, "delivered": 0, "failed": 0, "attempts": 0, "suppressed": 0, "resent": 0,
            },
        })
    );
    let last = &app.sandbox.requests()[2];
    assert_eq!((last.method.as_str(), last.path.as_str(), last.status), ("GET", "/api/calendars", Some(200)));
    assert_eq!(last.authorization.as_deref(), Some("Bearer ***"));
}

#[test]
fn readme_lists_every_fault_field() {
    let mut app = App::new(&[]);
    let (status, answer) = app.post("/sandbox/faults", &json!({ "nothing": 1 }));
    let message = answer["message"].as_str().unwrap();
    let fields: Vec<_> =
        message.split_once("expected one of ").unwrap().1.split('`').skip(1).step_by(2).collect();
    assert!(status == 400 && fields.len() >= 12, "{message}");
    for field in fields {
        assert!(include_str!("../README.md").contains(&format!("\n| `{field}` |")), "{field}");
    }
}

#[test]
fn cleared_faults_do_not_apply_and_do_not_count() {
    let mut app = App::new(&[]);
    let token = app.user().access;
    for times in [1, 5] {
        app.sandbox.add_fault(Fault::on("GET /calendars").status(503).times(times));
    }
    assert_eq!(app.call(&token, "GET", "/calendars", None).0, 503);
    let request = http::Request::delete("/sandbox/faults").body(bytes::Bytes::new()).unwrap();
    assert_eq!(read(&app.send(request)).0, 200);
    assert_eq!(app.call(&token, "GET", "/calendars", None).0, 200);

    let faults = app.sandbox.stats().faults;
    assert_eq!((faults.asked, faults.fired), (1, 1));
}

#[test]
fn faults_for_any_number_of_requests_are_counted() {
    let mut app = App::new(&[]);
    for _ in 0..2 {
        app.sandbox.add_fault(Fault::on("GET /calendars").status(503).times(u64::MAX));
    }
    assert_eq!(app.sandbox.stats().faults.asked, u64::MAX);
    app.sandbox.clear_faults();
    assert_eq!(app.sandbox.stats().faults.asked, 0);
}
