//! Expiry, rotation and revocation, seen from outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use serde_json::{Value, json};

#[test]
fn an_access_token_lives_as_long_as_it_says() {
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
fn the_body_of_an_expired_401_is_a_switch() {
    for (style, expected) in [("error", json!({ "error": "Unauthorized" })), ("empty", Value::Null)] {
        let mut app = App::new(&[("expired_body", style)]);
        let tokens = app.user();
        app.sandbox.expire_all(app.now);
        let (status, body) = app.get(&tokens.access, "/calendars");
        assert_eq!((status.as_u16(), body), (401, expected));
    }
}

#[test]
fn rotation_leaves_earlier_access_tokens_alone() {
    for rotation in ["strict", "grace", "family"] {
        let mut app = App::new(&[("rotation", rotation)]);
        let first = app.user();
        let second = app.refresh(&first.refresh).unwrap();
        app.ok(&first.access, "/calendars");
        app.ok(&second.access, "/calendars");
    }
}

#[test]
fn expire_all_spares_what_comes_after() {
    let mut app = App::new(&[]);
    let old = app.user();
    assert_eq!(app.post("/sandbox/expire", &json!({})).0, 200);
    let new = app.refresh(&old.refresh).unwrap();
    assert_eq!(app.get(&old.access, "/calendars").0, 401);
    app.ok(&new.access, "/calendars");
    assert_eq!(app.sandbox.stats().expiries, 1);
}

#[test]
fn strict_refuses_a_replay_only() {
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
fn grace_accepts_one_generation_back_and_revokes_at_two() {
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
    assert_eq!(app.sandbox.stats().family_revocations, 1, "what is revoked is not revoked again");
    assert_eq!(app.sandbox.stats().expired_answers, 0, "a revoked token has not expired");
}

#[test]
fn family_revokes_at_the_first_replay_but_no_other_sign_in() {
    let mut app = App::new(&[("rotation", "family")]);
    let other = app.user();
    let first = app.user();
    let second = app.refresh(&first.refresh).unwrap();
    app.refresh(&first.refresh).unwrap_err();
    assert_eq!(app.get(&second.access, "/calendars").0, 401);
    app.ok(&other.access, "/calendars");
}

#[test]
fn revoke_ends_every_sign_in_of_the_user_and_is_always_a_success() {
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
fn an_access_token_does_not_refresh_and_a_refresh_token_is_no_bearer() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    assert_eq!(app.refresh(&tokens.access).unwrap_err()["error"], "invalid_grant");
    assert_eq!(app.get(&tokens.refresh, "/calendars").0, 401);
}

#[test]
fn the_same_seed_gives_the_same_tokens() {
    let sign_in = |seed| App::new(&[("seed", seed)]).user().access;
    assert_eq!(sign_in("7"), sign_in("7"));
    assert_ne!(sign_in("7"), sign_in("8"));
}

#[test]
fn odd_authorization_headers_are_401() {
    let mut app = App::new(&[]);
    let tokens = app.user();
    for value in ["", "Bearer", "Bearer ", "Basic eA==", "Token x"] {
        let request = http::Request::get("/api/calendars").header("authorization", value);
        assert_eq!(app.send(request.body(bytes::Bytes::new()).unwrap()).status(), 401, "{value:?}");
    }
    let request =
        http::Request::get("/api/calendars").header("authorization", format!("bearer {}", tokens.access));
    assert_eq!(app.send(request.body(bytes::Bytes::new()).unwrap()).status(), 200, "the scheme has no case");
    let request = http::Request::get("/api/calendars").header("authorization", &b"Bearer \xff"[..]);
    assert_eq!(app.send(request.body(bytes::Bytes::new()).unwrap()).status(), 401);
}
