//! Expiry, rotation and revocation of Connect's tokens.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use serde_json::{Value, json};

#[test]
fn access_token_expires_after_its_lifetime() {
    let mut app = App::new(&[("token_ttl", "60")]);
    let tokens = app.user();
    app.pass(59);
    app.ok(&tokens.access, "/calendars");
    app.pass(1);
    let (status, body) = app.get(&tokens.access, "/calendars");
    assert_eq!(
        (status.as_u16(), body),
        (401, json!({ "error": "Unauthorized", "message": "Access token expired" }))
    );
    assert_eq!(app.sandbox.stats().expired_answers, 1);
}

#[test]
fn expired_token_body_follows_its_switch() {
    for (style, expected) in [("error", json!({ "error": "Unauthorized" })), ("empty", Value::Null)] {
        let mut app = App::new(&[("expired_body", style)]);
        let tokens = app.user();
        app.sandbox.expire_all(app.now);
        let (status, body) = app.get(&tokens.access, "/calendars");
        assert_eq!((status.as_u16(), body), (401, expected));
    }
}

#[test]
fn rotation_keeps_earlier_access_tokens_valid() {
    for rotation in ["strict", "grace", "family"] {
        let mut app = App::new(&[("rotation", rotation)]);
        let first = app.user();
        let second = app.refresh(&first.refresh).unwrap();
        app.ok(&first.access, "/calendars");
        app.ok(&second.access, "/calendars");
    }
}

#[test]
fn expire_all_keeps_later_tokens_valid() {
    let mut app = App::new(&[]);
    let old = app.user();
    assert_eq!(app.post("/sandbox/expire", &json!({})).0, 200);
    let new = app.refresh(&old.refresh).unwrap();
    assert_eq!(app.get(&old.access, "/calendars").0, 401);
    app.ok(&new.access, "/calendars");
    assert_eq!(app.sandbox.stats().expiries, 1);
}

#[test]
fn strict_rotation_refuses_only_replays() {
    let mut app = App::new(&[("rotation", "strict")]);
    let first = app.user();
    let second = app.refresh(&first.refresh).unwrap();
    let refused = app.refresh(&first.refresh).unwrap_err();
    assert_eq!(refused, json!({ "error": "invalid_grant", "error_description": "Invalid refresh token" }));
    app.ok(&second.access, "/calendars");
    app.refresh(&second.refresh).unwrap();
    assert_eq!(app.sandbox.stats().family_revocations, 0);
}

#[test]
fn grace_rotation_accepts_only_previous_generation() {
    let mut app = App::new(&[]);
    let first = app.user();
    let second = app.refresh(&first.refresh).unwrap();
    let sibling = app.refresh(&first.refresh).unwrap();
    assert_ne!(second.refresh, sibling.refresh);
    let third = app.refresh(&second.refresh).unwrap();
    app.refresh(&sibling.refresh).unwrap();
    assert_eq!(app.sandbox.stats().family_revocations, 0);
    assert_eq!(app.refresh(&first.refresh).unwrap_err()["error"], "invalid_grant");
    assert_eq!(app.sandbox.stats().family_revocations, 1);
    assert_eq!(app.get(&third.access, "/calendars").0, 401);
    app.refresh(&third.refresh).unwrap_err();
    assert_eq!(app.sandbox.stats().family_revocations, 1, "a family is counted once");
    assert_eq!(app.sandbox.stats().expired_answers, 0, "a revoked token does not count as expired");
}

#[test]
fn family_rotation_revokes_only_the_replayed_sign_in() {
    let mut app = App::new(&[("rotation", "family")]);
    let other = app.user();
    let first = app.user();
    let second = app.refresh(&first.refresh).unwrap();
    app.refresh(&first.refresh).unwrap_err();
    assert_eq!(app.get(&second.access, "/calendars").0, 401);
    app.ok(&other.access, "/calendars");
}

#[test]
fn revocation_ends_all_sign_ins_and_always_succeeds() {
    let mut app = App::new(&[]);
    let (first, second, other) = (app.user(), app.user(), app.sign_in("other", "read"));
    assert_eq!(
        app.post("/api/oauth/revoke", &json!({ "token": first.access })),
        (http::StatusCode::OK, json!({ "success": true }))
    );
    for tokens in [&first, &second] {
        assert_eq!(app.get(&tokens.access, "/calendars").0, 401);
        app.refresh(&tokens.refresh).unwrap_err();
    }
    app.ok(&other.access, "/calendars");
    assert_eq!(app.post("/api/oauth/revoke", &json!({ "token": "unknown" })).0, 200);
    assert_eq!(app.post("/api/oauth/revoke", &json!({ "token": 7 })).0, 400);
    assert_eq!(app.post("/api/oauth/revoke", &json!({})).0, 400);
    assert_eq!(app.post("/api/oauth/revoke", &json!([])).0, 400);
    assert_eq!(app.sandbox.stats().revocations, 1);
}

#[test]
fn access_and_refresh_tokens_are_not_interchangeable() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    assert_eq!(app.refresh(&tokens.access).unwrap_err()["error"], "invalid_grant");
    assert_eq!(app.get(&tokens.refresh, "/calendars").0, 401);
}

#[test]
fn same_seed_generates_same_tokens() {
    let sign_in = |seed| App::new(&[("seed", seed)]).user().access;
    assert_eq!(sign_in("7"), sign_in("7"));
    assert_ne!(sign_in("7"), sign_in("8"));
}

#[test]
fn malformed_authorization_header_gets_401() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    for value in ["", "Bearer", "Bearer ", "Basic eA==", "Token x"] {
        let request = http::Request::get("/api/calendars").header("authorization", value);
        assert_eq!(app.send(request.body(bytes::Bytes::new()).unwrap()).status(), 401, "{value:?}");
    }
    let request =
        http::Request::get("/api/calendars").header("authorization", format!("bearer {}", tokens.access));
    assert_eq!(
        app.send(request.body(bytes::Bytes::new()).unwrap()).status(),
        200,
        "the scheme is case-insensitive"
    );
    let request = http::Request::get("/api/calendars").header("authorization", &b"Bearer \xff"[..]);
    assert_eq!(app.send(request.body(bytes::Bytes::new()).unwrap()).status(), 401);
}
