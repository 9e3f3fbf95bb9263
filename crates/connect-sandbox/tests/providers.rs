//! The control calls that register applications with Google, Microsoft and Apptoto.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::google::{ASK, AUTHORIZE, EXCHANGE, TOKEN};
use common::oauth::*;
use common::{App, parameter, read};
use http::Request;
use serde_json::{Value, json};

fn control(app: &mut App, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("/sandbox/providers{path}"));
    let (status, body) = read(&app.send(request.body(Bytes::from(body.to_string())).unwrap()));
    (status.as_u16(), body)
}

#[test]
fn provider_app_is_managed_over_http() {
    let mut app = App::new(&[]);
    for (provider, path) in [
        ("google", AUTHORIZE),
        ("microsoft", "/microsoft/common/oauth2/v2.0/authorize"),
        ("apptoto", "/apptoto/www/oauth/authorize"),
    ] {
        let body = json!({ "provider": provider, "name": "Mine", "redirectUri": "https://mine.example/cb" });
        let (status, made) = control(&mut app, "POST", "", &body);
        assert_eq!((status, &made["redirectUris"]), (201, &json!(["https://mine.example/cb"])), "{made}");
        assert!(made["clientSecret"].is_string() && made["public"] == false && made["name"] == "Mine");
        assert_eq!(made["scopes"].is_array(), provider == "apptoto");
        let id = text(&made, "clientId");
        let scope = if provider == "apptoto" { "events:read" } else { "openid" };
        let asked =
            with(ASK, &[("client_id", &id), ("scope", scope), ("redirect_uri", "https://mine.example/cb")]);
        assert!(app.sent_to(path, &asked).starts_with("https://mine.example/cb?code="));

        let body = json!({ "provider": provider, "clientId": id, "redirectUris": ["http://localhost/x"], "public": true });
        let (status, edited) = control(&mut app, "PATCH", "", &body);
        assert_eq!((status, &edited["public"], &edited["name"]), (200, &json!(true), &json!("Mine")));
        assert_eq!(edited["clientSecret"].is_null(), provider == "microsoft");
        assert_eq!(app.visit(path, &asked).status(), 400);
        let asked = with(&asked, &[("redirect_uri", "http://localhost:4711/x")]);
        assert!(app.sent_to(path, &asked).starts_with("http://localhost:4711/x?code="));

        let listed = control(&mut app, "GET", "", &Value::Null).1;
        assert_eq!(listed[provider]["apps"][2], edited);
        let named = json!({ "provider": provider, "clientId": id });
        assert_eq!(control(&mut app, "DELETE", "", &named), (200, json!({ "success": true })));
        assert_eq!(control(&mut app, "DELETE", "", &named).0, 404);
        assert_eq!(app.visit(path, &asked).status().as_u16() / 100, 4);
    }
}

#[test]
fn provider_consent_is_withdrawn_over_http() {
    let mut app = App::new(&[]);
    let tokens = common::google::sign_in(&mut app, &[("login_hint", "ada@example.com")]);
    let consent = json!({ "provider": "google", "clientId": "google-client", "user": "ada@example.com" });
    for withdrawn in [true, false] {
        let answer = control(&mut app, "POST", "/withdraw", &consent);
        assert_eq!(answer, (200, json!({ "success": true, "withdrawn": withdrawn })));
    }
    let refresh_token = text(&tokens, "refresh_token");
    assert_eq!(app.refused(TOKEN, &common::google::refresh(&refresh_token)), error(400, "invalid_grant"));
}

#[test]
fn invalid_provider_app_is_refused_with_reason() {
    let mut app = App::new(&[]);
    let good = json!({ "provider": "google", "name": "A", "redirectUri": "https://a.example/" });
    for (method, path, change, status, words) in [
        ("POST", "", json!({ "provider": "apple" }), 400, "apple"),
        ("POST", "", json!({ "provider": null }), 400, "expected value"),
        ("POST", "", json!({ "name": "" }), 400, "name"),
        ("POST", "", json!({ "redirectUri": "https://a.example/#f" }), 400, "redirectUri"),
        ("POST", "", json!({ "redirectUris": ["https://b.example/"] }), 400, "redirectUris"),
        ("POST", "", json!({ "redirectUri": null, "redirectUris": [] }), 400, "redirectUri"),
        ("POST", "", json!({ "scopes": ["events:read"] }), 400, "scopes"),
        ("POST", "", json!({ "provider": "apptoto", "scopes": ["all"] }), 400, "all"),
        ("POST", "", json!({ "colour": "red" }), 400, "colour"),
        ("PATCH", "", json!({}), 400, "clientId"),
        ("PATCH", "", json!({ "clientId": "microsoft-client" }), 404, "microsoft-client"),
        ("DELETE", "", json!({}), 400, "name"),
        ("POST", "/withdraw", json!({}), 400, "name"),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (found, answer) = control(&mut app, method, path, &body);
        assert!(found == status && answer.to_string().contains(words), "{body}: {found} {answer}");
    }
    let nobody = json!({ "provider": "google", "clientId": "nobody", "user": "ada" });
    assert_eq!(control(&mut app, "POST", "/withdraw", &nobody).0, 404);
    assert_eq!(control(&mut app, "GET", "", &Value::Null).1["google"]["apps"].as_array().unwrap().len(), 2);
}

#[test]
fn google_installed_app_may_send_its_secret() {
    let mut app = App::new(&[]);
    let public = control(&mut app, "GET", "", &Value::Null).1["google"]["apps"][1].clone();
    let (id, secret) = (text(&public, "clientId"), text(&public, "clientSecret"));
    for (sent, expected) in [(&*secret, None), ("", None), ("wrong", Some(error(401, "invalid_client")))] {
        let own = [("client_id", &*id), ("redirect_uri", "http://localhost:5000/")];
        let location = app.sent_to(AUTHORIZE, &with(ASK, &own));
        let code = parameter(&location, "code").unwrap();
        let fields = with(&with(EXCHANGE, &own), &[("client_secret", sent), ("code", &code)]);
        match expected {
            None => assert!(app.granted(TOKEN, &fields)["refresh_token"].is_string() || sent.is_empty()),
            Some(expected) => assert_eq!(app.refused(TOKEN, &fields), expected),
        }
    }
}
