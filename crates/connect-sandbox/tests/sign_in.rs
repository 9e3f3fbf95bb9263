//! Connect's authorization endpoint, its provider page, and the code exchange.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{App, claims, get, parameter, read};
use http::Request;
use serde_json::json;

const CLIENT: &str = "client_id=sandbox-client";

#[test]
fn consent_redirects_with_code_and_state() {
    let mut app = App::new(&[("redirect_uri", "http://app.example/cb?tenant=7")]);
    let query = format!("{CLIENT}&user_id=u&redirect_uri=http://evil.example/&state=a%26b%20c");
    let reply = app.send(get(&format!("/api/oauth/authorize?{query}")));
    let location = reply.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("http://app.example/cb?tenant=7&code="), "{location}");
    assert_eq!(parameter(location, "state").as_deref(), Some("a&b c"));
    let cookie = reply.headers()["set-cookie"].to_str().unwrap();
    for part in ["oauth_req=", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=7200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

#[test]
fn unknown_client_gets_401_and_missing_user_400() {
    let mut app = App::new(&[]);
    let (status, body) = read(&app.send(get("/api/oauth/authorize?client_id=x&user_id=u")));
    assert_eq!(
        (status.as_u16(), &body["error"], &body["message"]),
        (401, &json!("Unauthorized"), &json!("Invalid Client"))
    );
    assert_eq!(app.send(get(&format!("/api/oauth/authorize?{CLIENT}"))).status(), 400);
    assert_eq!(app.send(get(&format!("/api/oauth/authorize?{CLIENT}&user_id=u&scope=root"))).status(), 400);
    assert_eq!(app.sandbox.stats().users, 0);
}

#[test]
fn providers_parameter_is_list_or_repeated() {
    for (n, providers) in ["providers=google,apple", "providers=google&providers=apple"].iter().enumerate() {
        let mut app = App::new(&[]);
        let location = app.location(&format!("{CLIENT}&user_id=u{n}&{providers}"));
        let code = parameter(&location, "code").unwrap();
        let tokens = common::tokens(&app.token(&format!("grant_type=authorization_code&code={code}")).1);
        let status = app.ok(&tokens.access, "/oauth/connection-status");
        let count = |name: &str| status["connections"][name].as_array().unwrap().len();
        assert_eq!([count("google"), count("microsoft"), count("apple"), count("caldav")], [1, 0, 1, 0]);
    }
}

#[test]
fn provider_page_is_escaped_and_approves_or_denies() {
    let mut app = App::new(&[("auto_consent", "off")]);
    let query = format!("{CLIENT}&user_id=%3Cscript%3E%22&state=s%26%3C&scope=read");
    let page = app.location(&query);
    assert_eq!(page, format!("/api/oauth/providers?{query}"));
    let html = app.send(get(&page));
    let html = std::str::from_utf8(html.body()).unwrap();
    assert!(html.contains("&lt;script&gt;&quot;") && !html.contains("<script>"));
    assert!(html.contains("&amp;user_id="), "the form action is escaped");

    let mut submit = |form: &str| {
        let request = Request::post(&page).body(Bytes::from(form.to_owned())).unwrap();
        let reply = app.send(request);
        reply.headers().get("location").map(|value| value.to_str().unwrap().to_owned())
    };
    let denied = submit("decision=deny&provider=google").unwrap();
    assert_eq!(denied, "http://127.0.0.1:8765/callback?error=access_denied&state=s%26%3C");
    assert_eq!(submit("decision=approve"), None, "approving without an account does not redirect");
    let approved = submit("decision=approve&provider=google&provider=caldav").unwrap();
    let code = parameter(&approved, "code").unwrap();
    let tokens = common::tokens(&app.token(&format!("grant_type=authorization_code&code={code}")).1);
    let calendars = app.ok(&tokens.access, "/calendars");
    assert!(
        calendars
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["provider"] == "google" || one["provider"] == "caldav")
    );
}

#[test]
fn connect_code_works_once_for_ten_minutes() {
    let mut app = App::new(&[]);
    let code = app.code("u", "read");
    let form = format!("grant_type=authorization_code&code={code}");
    app.pass(600);
    assert_eq!(app.token(&form).0, 200);
    let (status, body) = app.token(&form);
    assert_eq!((status.as_u16(), &body["error"]), (400, &json!("invalid_grant")));

    let late = app.code("u", "read");
    app.pass(601);
    let (_, body) = app.token(&format!("grant_type=authorization_code&code={late}"));
    assert_eq!(body, json!({ "error": "invalid_grant", "error_description": "Authorization code expired" }));
    assert_eq!(
        (app.sandbox.stats().exchanges.code.granted, app.sandbox.stats().exchanges.code.refused),
        (1, 2)
    );
}

#[test]
fn redirect_uri_must_match_if_sent() {
    let mut app = App::new(&[]);
    let code = app.code("u", "read");
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri=");
    assert_eq!(app.token(&format!("{form}http%3A%2F%2Felsewhere%2F")).0, 400);
    assert_eq!(app.token(&format!("{form}http%3A%2F%2F127.0.0.1%3A8765%2Fcallback")).0, 200);
}

#[test]
fn code_can_be_the_user_id() {
    let mut app = App::new(&[("code", "user_id")]);
    assert_eq!(app.code("user-9", "read"), "user-9");
    let form = "grant_type=authorization_code&code=user-9";
    assert_eq!(app.token(form).0, 200);
    assert_eq!(app.token(form).0, 400);
}

#[test]
fn tokens_are_distinct_jwts() {
    let mut app = App::new(&[("token_ttl", "120")]);
    let code = app.code("user-1", "read");
    let (_, body) = app.token(&format!("grant_type=authorization_code&code={code}"));
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(120)));
    let first = common::tokens(&body);
    let access = claims(&first.access);
    assert_eq!(
        (&access["sub"], &access["aud"], &access["projectId"]),
        (&json!("user-1"), &json!("sandbox-client"), &json!("sandbox-client"))
    );
    assert_eq!(access["exp"], json!(app.now.as_second() + 120));
    let refresh = claims(&first.refresh);
    assert_eq!(refresh["type"], "refresh");
    assert!(refresh.get("exp").is_none() && refresh["jti"].is_string());
    let second = app.refresh(&first.refresh).unwrap();
    assert!(second.access != first.access && second.refresh != first.refresh);
}

#[test]
fn credentials_are_read_from_basic_json_or_form() {
    let mut app = App::new(&[("client_secret", "s:p+c %&é")]);
    let attempt = |app: &mut App, authorization: Option<String>, kind: &str, body: String| {
        let code = app.code("u", "read");
        let mut request = Request::post("/api/oauth/token").header("content-type", kind);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        app.send(request.body(Bytes::from(body.replace("CODE", &code))).unwrap()).status().as_u16()
    };
    let basic = |pair: &str| {
        use base64::Engine as _;
        Some(format!("basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    let code = "grant_type=authorization_code&code=CODE";
    assert_eq!(attempt(&mut app, basic("sandbox-client:s:p+c %&é"), FORM, code.into()), 200);
    assert_eq!(attempt(&mut app, basic("sandbox-client:s%3Ap%2Bc+%25%26%C3%A9"), FORM, code.into()), 200);
    assert_eq!(attempt(&mut app, basic("sandbox-client:wrong"), FORM, code.into()), 401);
    assert_eq!(attempt(&mut app, Some("Basic !!!".into()), FORM, code.into()), 401);
    assert_eq!(attempt(&mut app, None, FORM, code.into()), 401);
    let secret = common::encode("s:p+c %&é");
    let form = format!("{code}&client_id=sandbox-client&client_secret={secret}");
    assert_eq!(attempt(&mut app, None, FORM, form), 200);
    let body = json!({ "grant_type": "authorization_code", "code": "CODE", "client_id": "sandbox-client", "client_secret": "s:p+c %&é" });
    assert_eq!(attempt(&mut app, None, "application/json; charset=utf-8", body.to_string()), 200);
    assert_eq!(attempt(&mut app, None, "application/json", "{".into()), 400);
}

#[test]
fn token_endpoint_error_names_the_cause() {
    let mut app = App::new(&[]);
    for (form, error) in [
        ("", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
    ] {
        let (status, body) = app.token(form);
        assert_eq!((status.as_u16(), body["error"].as_str()), (400, Some(error)), "{form}");
        assert!(body["error_description"].is_string());
    }
}
