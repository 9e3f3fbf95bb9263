//! Authentication of the Apptoto API: scopes, API keys, and expired tokens.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::apptoto::*;
use common::oauth::*;
use common::{App, read};
use connect_sandbox::{AuthorizationServer, OAuthApp};
use serde_json::{Value, json};

/// Every call, its scope, and the status of its response for an empty account.
const CALLS: [(&str, &str, &str, u16); 13] = [
    ("GET", "/events", "events:read", 200),
    ("GET", "/event?id=1", "events:read", 404),
    ("POST", "/events", "events:write", 400),
    ("PUT", "/events", "events:write", 400),
    ("DELETE", "/events?id=1", "events:write", 404),
    ("GET", "/contact?id=1", "contacts:read", 404),
    ("POST", "/contacts", "contacts:write", 400),
    ("PUT", "/contacts", "contacts:write", 400),
    ("GET", "/address_books", "address_books:read", 200),
    ("POST", "/book_now", "bookings:write", 400),
    ("POST", "/send_message", "messaging:send", 400),
    ("POST", "/import", "imports:write", 400),
    ("GET", "/import?id=1", "imports:read", 404),
];

#[test]
fn call_needs_exactly_its_scope() {
    let mut app = App::new(&[]);
    for (method, path, scope, status) in CALLS {
        let others: Vec<_> = ALL.split(' ').filter(|one| *one != scope).collect();
        let others = app.apptoto_bearer(&others.join(" "));
        let reply = app.apptoto_reply(&others, method, path, "{}");
        let (found, body) = read(&reply);
        assert_eq!(found, 403, "{method} {path}");
        assert_eq!(
            body,
            json!({ "error": "insufficient_scope", "message": format!("The access token needs the scope {scope}") })
        );
        assert_eq!(reply.headers()["content-type"], "application/json; charset=utf-8");
        assert_eq!(
            reply.headers()["www-authenticate"],
            format!("Bearer realm=\"Apptoto\", error=\"insufficient_scope\", scope=\"{scope}\"")
        );
        let own = app.apptoto_bearer(scope);
        assert_eq!(app.apptoto_reply(&own, method, path, "{}").status(), status, "{method} {path}");
        let key = basic(ADA, "sandbox-key");
        let keyed = app.apptoto_reply(&key, method, path, "{}");
        assert_eq!(keyed.status(), status, "an API key needs no scope: {method} {path}");
    }
}

#[test]
fn legacy_scope_allows_every_call() {
    let mut app = App::new(&[("apptoto_scope_api", "on")]);
    let bearer = app.apptoto_bearer("api");
    for (method, path, _, status) in CALLS {
        assert_eq!(app.apptoto_reply(&bearer, method, path, "{}").status(), status, "{method} {path}");
    }
}

#[test]
fn wrong_credentials_get_401_with_scheme() {
    let mut app = App::new(&[]);
    let mut refused = |auth: &str| -> (u16, Value, Vec<String>) {
        let reply = app.apptoto_reply(auth, "GET", "/events", "");
        let challenges = reply.headers().get_all("www-authenticate").iter();
        let challenges = challenges.map(|one| one.to_str().unwrap().to_owned()).collect();
        let (status, body) = read(&reply);
        (status.as_u16(), body["error"].clone(), challenges)
    };
    let (both, key) = (
        vec!["Bearer realm=\"Apptoto\"".to_owned(), "Basic realm=\"Apptoto\"".to_owned()],
        vec!["Basic realm=\"Apptoto\"".to_owned()],
    );
    for none in ["", "Digest x", "sandbox-key"] {
        assert_eq!(refused(none), (401, json!("unauthorized"), both.clone()), "{none}");
    }
    for wrong in [
        basic(ADA, "wrong"),
        basic(ADA, ""),
        basic("nobody@example.com", "sandbox-key"),
        basic("", "sandbox-key"),
        "Basic !!!".to_owned(),
        "Basic".to_owned(),
        "Basic /w==".to_owned(),
    ] {
        assert_eq!(refused(&wrong), (401, json!("unauthorized"), key.clone()), "{wrong}");
    }
    let invalid = "Bearer realm=\"Apptoto\", error=\"invalid_token\", error_description=\"The access token is invalid\"";
    for wrong in ["Bearer x", "Bearer", "bearer "] {
        assert_eq!(refused(wrong), (401, json!("invalid_token"), vec![invalid.to_owned()]), "{wrong}");
    }
}

#[test]
fn token_of_other_server_is_refused() {
    let mut app = App::new(&[]);
    let google = text(&common::google::sign_in(&mut app, &[]), "access_token");
    let connect = app.user().access;
    for token in [google, connect] {
        assert_eq!(app.apptoto_reply(&format!("Bearer {token}"), "GET", "/events", "").status(), 401);
    }
}

#[test]
fn api_key_comes_from_the_switch_or_the_seed() {
    let mut app = App::new(&[("apptoto_api_key", "other"), ("oauth_user", "ada@example.com")]);
    let fred = r#"{ "apptoto": { "fred@example.com": { "apiKey": "s3cret: é+" }, "bob@example.com": {} } }"#;
    app.sandbox.seed(fred).unwrap();
    for (email, key, status) in [
        ("ada@example.com", "other", 200),
        ("ada@example.com", "sandbox-key", 401),
        ("bob@example.com", "other", 200),
        ("fred@example.com", "s3cret: é+", 200),
        ("fred@example.com", "other", 401),
    ] {
        let reply = app.apptoto_reply(&basic(email, key), "GET", "/events", "");
        assert_eq!(reply.status(), status, "{email} {key}");
    }
    app.sandbox.set("apptoto_api_key", "new").unwrap();
    assert_eq!(
        app.apptoto_reply(&basic("ada@example.com", "other"), "GET", "/events", "").status(),
        401,
        "disabled"
    );
}

#[test]
fn token_ends_on_expiry_revocation_and_app_deletion() {
    let status =
        |app: &mut App, bearer: &str| app.apptoto_reply(bearer, "GET", "/events", "").status().as_u16();
    let mut app = App::new(&[("apptoto_token_ttl", "60")]);
    let bearer = app.apptoto_bearer("events:read");
    app.pass(59);
    assert_eq!(status(&mut app, &bearer), 200);
    app.pass(1);
    let reply = app.apptoto_reply(&bearer, "GET", "/events", "");
    assert_eq!(reply.status(), 401);
    let challenge = reply.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.ends_with("error=\"invalid_token\", error_description=\"The access token expired\""));

    let mut app = App::new(&[]);
    let (first, second) = (app.apptoto_bearer("events:read"), app.apptoto_bearer("events:write"));
    app.sandbox.set("oauth_user", "bob@example.com").unwrap();
    let bob = app.apptoto_bearer("events:read");
    assert!(app.sandbox.withdraw_consent(AuthorizationServer::Apptoto, "apptoto-client", ADA));
    assert_eq!((status(&mut app, &first), status(&mut app, &second)), (401, 401), "withdrawn");
    assert_eq!(status(&mut app, &bob), 200, "the token of another account stays valid");
    let again = app.apptoto_bearer("events:read");
    assert!(app.sandbox.delete_provider_app(AuthorizationServer::Apptoto, "apptoto-client"));
    assert_eq!((status(&mut app, &bob), status(&mut app, &again)), (401, 401), "deleted");
}

#[test]
fn unpublished_app_only_opens_its_owners_account() {
    let mut app = App::new(&[("apptoto_published", "off"), ("oauth_user", "owner@example.com")]);
    let own = OAuthApp::new("Mine", "https://mine.example/cb");
    let own = app.sandbox.register_provider_app(AuthorizationServer::Apptoto, own).unwrap();
    let ask = [
        ("client_id", own.client_id.as_str()),
        ("redirect_uri", "https://mine.example/cb"),
        ("response_type", "code"),
        ("scope", "events:read"),
    ];
    let secret = own.client_secret.unwrap();
    let code = app.new_code("/apptoto/www/oauth/authorize", &ask);
    let exchange = [
        ("grant_type", "authorization_code"),
        ("client_id", own.client_id.as_str()),
        ("client_secret", secret.as_str()),
        ("redirect_uri", "https://mine.example/cb"),
        ("code", code.as_str()),
    ];
    let token = text(&app.granted("/apptoto/api/oauth/token", &exchange), "access_token");
    assert_eq!(app.apptoto_reply(&format!("Bearer {token}"), "GET", "/events", "").status(), 200);
    app.sandbox.set("oauth_user", "bob@example.com").unwrap();
    let location = app.sent_to("/apptoto/www/oauth/authorize", &ask);
    assert_eq!(common::parameter(&location, "error").as_deref(), Some("access_denied"));
}

#[test]
fn accounts_do_not_share_data() {
    let mut app = App::new(&[]);
    let made = app.write_event("POST", appointment());
    app.sandbox.set("oauth_user", "bob@example.com").unwrap();
    let bob = app.apptoto_bearer("events:read");
    let (_, body) = read(&app.apptoto_reply(&bob, "GET", "/events", ""));
    assert_eq!(body, json!({ "events": [] }));
    let reply = app.apptoto_reply(&bob, "GET", &format!("/event?id={}", made["id"]), "");
    assert_eq!(reply.status(), 404);
}

#[test]
fn rate_limit_and_error_body_follow_switches() {
    let mut app = App::new(&[("apptoto_rate", "2")]);
    for status in [200, 200, 429] {
        assert_eq!(app.apptoto("GET", "/events", None).0, status);
    }
    app.pass(59);
    assert_eq!(app.apptoto("GET", "/events", None).0, 429);
    app.pass(1);
    assert_eq!(app.apptoto("GET", "/events", None).0, 200);

    let body = Some(json!({ "events": [{ "title": "A" }] }));
    for (form, status, expected) in [
        ("error", "400", json!({ "error": "invalid", "message": "events[0].calendar: is required" })),
        ("errors", "422", json!({ "errors": ["events[0].calendar: is required"] })),
        ("empty", "400", Value::Null),
    ] {
        let mut app = App::new(&[("apptoto_error_body", form), ("apptoto_invalid_status", status)]);
        let (found, refused) = app.apptoto("POST", "/events", body.clone());
        assert_eq!((found.to_string().as_str(), refused), (status, expected), "{form}");
    }
    let mut app = App::new(&[("apptoto_error_body", "errors")]);
    let bearer = app.apptoto_bearer("lists:read");
    let refused = read(&app.apptoto_reply(&bearer, "GET", "/events", "")).1;
    assert_eq!(refused, json!({ "errors": ["insufficient_scope"] }));
}

#[test]
fn undocumented_paths_do_not_exist() {
    let mut app = App::new(&[]);
    for path in ["/calendars", "/contacts", "/lists", "/conversations", "/events/1", "/bookings"] {
        let status = app.apptoto("GET", path, None).0;
        assert_eq!(status, if path == "/contacts" { 405 } else { 404 }, "{path}");
    }
    let reply = app.apptoto_reply("", "PATCH", "/events", "");
    assert_eq!(
        (reply.status().as_u16(), reply.headers()["allow"].to_str().unwrap()),
        (405, "GET, POST, PUT, DELETE")
    );
}
