//! Tests of the registry of applications: create, list, edit, and validate applications.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use common::{App, parameter, read};
use connect_sandbox::{App as Application, AppError};
use http::Request;
use serde_json::{Value, json};

fn control(app: &mut App, method: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri("/sandbox/apps");
    let (status, body) = read(&app.send(request.body(Bytes::from(body.to_string())).unwrap()));
    (status.as_u16(), body)
}

fn exchange(app: &mut App, id: &str, secret: &str, form: &str) -> (u16, Value) {
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    let request = Request::post("/api/oauth/token").header("authorization", format!("Basic {basic}"));
    let (status, body) = read(&app.send(request.body(Bytes::from(form.to_owned())).unwrap()));
    (status.as_u16(), body)
}

#[test]
fn app_is_created_listed_and_edited_over_http() {
    let mut app = App::new(&[]);
    let (status, made) =
        control(&mut app, "POST", &json!({ "name": "Mine", "redirectUri": "https://mine.example/cb" }));
    assert_eq!((status, &made["displayName"], &made["webhookUrl"]), (201, &Value::Null, &Value::Null));
    let id = made["clientId"].as_str().unwrap();
    assert!(id.starts_with("proj-") && made["clientSecret"].as_str().unwrap().starts_with("secret-"));

    let change =
        json!({ "clientId": id, "displayName": "Planner", "webhookUrl": "https://mine.example/hook" });
    let (status, edited) = control(&mut app, "PATCH", &change);
    assert_eq!(status, 200);
    assert_eq!((&edited["name"], &edited["displayName"]), (&json!("Mine"), &json!("Planner")));
    assert_eq!((&edited["clientId"], &edited["clientSecret"]), (&made["clientId"], &made["clientSecret"]));
    let (_, cleared) = control(&mut app, "PATCH", &json!({ "clientId": id, "displayName": null }));
    assert_eq!((&cleared["displayName"], &cleared["webhookUrl"]), (&Value::Null, &edited["webhookUrl"]));

    let (_, list) = control(&mut app, "GET", &Value::Null);
    assert_eq!(list["apps"][0]["clientId"], "sandbox-client", "the demo application is the first");
    assert_eq!(list["apps"][1], cleared);
    control(&mut app, "PATCH", &json!({ "clientId": "sandbox-client", "displayName": "Demo" }));
    assert_eq!(app.sandbox.settings().value("display_name").as_deref(), Some("Demo"));
    assert_eq!(app.sandbox.credentials().redirect_uri, "http://127.0.0.1:8765/callback");
}

#[test]
fn invalid_app_is_refused_with_reason_and_no_effect() {
    let mut app = App::new(&[]);
    for (method, body, status, words) in [
        ("POST", json!({ "redirectUri": "https://a.example/" }), 400, "name"),
        ("POST", json!({ "name": "A" }), 400, "redirectUri"),
        ("POST", json!({ "name": "A", "redirectUri": "/cb" }), 400, "redirectUri"),
        ("POST", json!({ "name": "A", "redirectUri": "https://a/", "webhookUrl": "x" }), 400, "webhookUrl"),
        ("POST", json!({ "name": "A", "redirectUri": "https://a/", "colour": "red" }), 400, "colour"),
        ("POST", json!({ "name": "A", "redirectUri": "https://a/\r\nx: y" }), 400, "redirectUri"),
        ("PATCH", json!({ "name": "A" }), 400, "clientId"),
        ("PATCH", json!({ "clientId": "nobody" }), 404, "nobody"),
        ("PATCH", json!({ "clientId": "sandbox-client", "name": " " }), 400, "name"),
    ] {
        let (found, answer) = control(&mut app, method, &body);
        assert!(found == status && answer.to_string().contains(words), "{body}: {found} {answer}");
    }
    assert_eq!(app.sandbox.apps().len(), 1);
    assert_eq!(app.sandbox.register(Application::new("", "https://a/")), Err(AppError::Name));
}

#[test]
fn apps_do_not_share_users_codes_or_tokens() {
    let mut app = App::new(&[]);
    let mine = app.sandbox.register(Application::new("Mine", "https://mine.example/cb")).unwrap();
    let (id, secret) = (mine.client_id, mine.client_secret);
    let location = app.location(&format!("client_id={id}&user_id=user-1"));
    assert!(location.starts_with("https://mine.example/cb?code="));
    let code = parameter(&location, "code").unwrap();
    let form = format!("grant_type=authorization_code&code={code}");
    assert_eq!(app.token(&form).1["error_description"], "Client mismatch");
    assert_eq!(exchange(&mut app, &id, "sandbox-secret", &form).0, 401);
    let (status, body) = exchange(&mut app, &id, &secret, &form);
    assert_eq!(status, 200);
    let tokens = common::tokens(&body);
    assert_eq!(common::claims(&tokens.access)["aud"], json!(id));

    let demo = app.user();
    app.create(&demo.access, common::meeting());
    app.call(&demo.access, "POST", "/oauth/disconnect?provider=apple", None);
    assert_eq!(
        app.ok(&tokens.access, "/calendars").as_array().unwrap().len(),
        8,
        "the user of the other application"
    );
    assert!(app.refresh(&tokens.refresh).is_err(), "refreshed with the demo application's secret");
    let form = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh);
    assert_eq!(exchange(&mut app, &id, &secret, &form).0, 200);
    app.post("/api/oauth/revoke", &json!({ "token": demo.access }));
    assert_eq!(app.get(&tokens.access, "/calendars").0, 200, "only the demo application's token is revoked");
}
