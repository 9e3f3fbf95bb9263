//! Sign-in with Google: authorization, exchange, refresh and revocation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::google::*;
use common::oauth::*;
use common::{App, parameter, read};
use connect_sandbox::{AuthorizationServer, ClientType, Fault, OAuthApp};
use serde_json::json;

#[test]
fn google_sign_in_from_authorization_to_revocation() {
    let mut app = App::new(&[]);
    let asked = with(ASK, &[("state", "a b&c"), ("login_hint", "ada@example.com")]);
    let location = app.sent_to(AUTHORIZE, &asked);
    assert!(location.starts_with("http://127.0.0.1:8765/callback?code=4%2F0"), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("a b&c"));
    assert_eq!(parameter(&location, "iss"), None);

    let code = parameter(&location, "code").unwrap();
    let first = app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]));
    assert_eq!(
        (&first["token_type"], &first["expires_in"], &first["scope"]),
        (&json!("Bearer"), &json!(3599), &json!(READ))
    );
    let (access, refresh_token) = (text(&first, "access_token"), text(&first, "refresh_token"));
    let known = app.sandbox.provider_token(&access).unwrap();
    assert_eq!(
        (known.server, known.client_id.as_str(), known.user.as_str(), known.scopes.as_slice()),
        (AuthorizationServer::Google, "google-client", "ada@example.com", &[READ.to_owned()][..])
    );
    assert_eq!(known.expires.unwrap().as_second(), app.now.as_second() + 3599);
    assert_eq!(app.sandbox.provider_token(&refresh_token), None, "a refresh token is not an access token");

    for _ in 0..2 {
        let again = app.granted(TOKEN, &refresh(&refresh_token));
        assert_eq!(again.get("refresh_token"), None, "Google does not rotate");
        assert_ne!(text(&again, "access_token"), access);
        assert_eq!(app.sandbox.provider_token(&text(&again, "access_token")).unwrap().user, known.user);
    }

    assert_eq!(app.post_form(REVOKE, &[("token", &access)]), (200, json!({})));
    assert_eq!(app.sandbox.provider_token(&access), None);
    assert_eq!(app.refused(TOKEN, &refresh(&refresh_token)), error(400, "invalid_grant"));
    assert_eq!(app.post_form(REVOKE, &[("token", &access)]), (400, json!({ "error": "invalid_token" })));

    let counts = app.sandbox.stats().providers.google;
    assert_eq!((counts.code.granted, counts.code.refused), (1, 0));
    assert_eq!((counts.refresh.granted, counts.refresh.refused), (2, 1));
    assert_eq!((counts.authorizations.granted, counts.revocations), (1, 1));
    assert_eq!(app.sandbox.stats().exchanges, Default::default(), "the statistics of Connect do not change");
}

#[test]
fn refresh_token_comes_on_first_consent_or_prompt() {
    let mut app = App::new(&[]);
    let has = |tokens: serde_json::Value| tokens.get("refresh_token").is_some();
    assert!(!has(sign_in(&mut app, &[("access_type", ""), ("login_hint", "online")])));
    assert!(has(sign_in(&mut app, &[])));
    assert!(!has(sign_in(&mut app, &[])), "the second consent");
    assert!(has(sign_in(&mut app, &[("prompt", "select_account consent")])));
    assert!(!has(sign_in(&mut app, &[("prompt", "consent"), ("access_type", "online")])));
    assert!(has(sign_in(&mut app, &[("login_hint", "another")])));
    assert!(app.sandbox.withdraw_consent(AuthorizationServer::Google, "google-client", "another"));
    assert!(!app.sandbox.withdraw_consent(AuthorizationServer::Google, "google-client", "another"));
    assert!(has(sign_in(&mut app, &[("login_hint", "another")])), "the first consent of another user");
}

#[test]
fn included_scopes_accumulate_and_user_may_grant_fewer() {
    let mut app = App::new(&[]);
    sign_in(&mut app, &[]);
    assert_eq!(text(&sign_in(&mut app, &[("scope", WRITE)]), "scope"), WRITE);
    let both =
        sign_in(&mut app, &[("scope", WRITE), ("include_granted_scopes", "true"), ("prompt", "consent")]);
    assert_eq!(text(&both, "scope"), format!("{WRITE} {READ}"));

    let token = text(&both, "refresh_token");
    let mut narrow = |scope: &str| app.post_form(TOKEN, &with(&refresh(&token), &[("scope", scope)]));
    let (status, narrowed) = narrow(READ);
    assert_eq!((status, text(&narrowed, "scope").as_str()), (200, READ));
    assert_eq!(narrow("openid").1["error"], "invalid_scope", "a refresh cannot add scopes");
    assert_eq!(narrow("").1["scope"], both["scope"]);
    assert_eq!(app.sandbox.provider_token(&text(&narrowed, "access_token")).unwrap().scopes, [READ]);

    let mut app = App::new(&[("google_consent", "first")]);
    assert_eq!(text(&sign_in(&mut app, &[("scope", &format!("{WRITE} {READ}"))]), "scope"), WRITE);
}

#[test]
fn popup_returns_code_without_redirect() {
    for (popup, bound, other) in [
        ("postmessage", "postmessage", "http://127.0.0.1:8765"),
        ("origin", "http://127.0.0.1:8765", "postmessage"),
    ] {
        let mut app = App::new(&[("google_popup", popup)]);
        let asked = with(
            ASK,
            &[
                ("redirect_uri", "postmessage"),
                ("access_type", ""),
                ("code_challenge", ""),
                ("code_challenge_method", ""),
                ("state", "s"),
            ],
        );
        let reply = app.visit(AUTHORIZE, &asked);
        let (status, body) = read(&reply);
        assert_eq!((status.as_u16(), &body["state"]), (200, &json!("s")));
        let code = text(&body, "code");
        let exchange = with(EXCHANGE, &[("code", &code), ("code_verifier", ""), ("redirect_uri", other)]);
        assert_eq!(app.refused(TOKEN, &exchange), error(400, "redirect_uri_mismatch"));
        let tokens = app.granted(TOKEN, &with(&exchange, &[("redirect_uri", bound)]));
        assert!(tokens["refresh_token"].is_string(), "the popup flow always gets a refresh token");
    }
    let mut app = App::new(&[]);
    let reply = app.visit(AUTHORIZE, &with(&with(ASK, PUBLIC), &[("redirect_uri", "postmessage")]));
    assert_eq!((reply.status().as_u16(), reply.headers().get("location")), (400, None));
}

#[test]
fn public_app_uses_pkce_and_any_loopback_port() {
    let mut app = App::new(&[("public_pkce", "required")]);
    let asked = with(ASK, PUBLIC);
    let public = with(EXCHANGE, &with(PUBLIC, &[("client_secret", "")]));
    let code = app.new_code(AUTHORIZE, &asked);
    let exchange = with(&public, &[("code", &code)]);
    let other_port = "http://127.0.0.1:49153/callback";
    for (changes, expected) in [
        ([("client_secret", "google-secret")], error(401, "invalid_client")),
        ([("code_verifier", "")], error(400, "invalid_grant")),
        ([("redirect_uri", other_port)], error(400, "redirect_uri_mismatch")),
    ] {
        assert_eq!(app.refused(TOKEN, &with(&exchange, &changes)), expected, "{changes:?}");
    }
    let tokens = app.granted(TOKEN, &exchange);
    let refresh_token = text(&tokens, "refresh_token");
    let refresh =
        with(&refresh(&refresh_token), &[("client_id", "google-public-client"), ("client_secret", "")]);
    app.granted(TOKEN, &refresh);

    let ipv6 = app.sent_to(AUTHORIZE, &with(&asked, &[("redirect_uri", "http://[::1]:5000/callback")]));
    assert!(ipv6.starts_with("http://[::1]:5000/callback?code="));
    let bare = with(&asked, &[("code_challenge", ""), ("code_challenge_method", "")]);
    assert_eq!(parameter(&app.sent_to(AUTHORIZE, &bare), "error").as_deref(), Some("invalid_request"));
    app.sandbox.set("public_pkce", "optional").unwrap();
    let code = app.new_code(AUTHORIZE, &bare);
    app.granted(TOKEN, &with(&public, &[("code", &code), ("code_verifier", "")]));
}

#[test]
fn google_code_works_once_for_ten_minutes() {
    let mut app = App::new(&[]);
    let code = app.new_code(AUTHORIZE, ASK);
    app.pass(600);
    app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]));
    let late = app.new_code(AUTHORIZE, ASK);
    app.pass(601);
    assert_eq!(exchange(&mut app, &late, &[]), error(400, "invalid_grant"));

    for (reuse, survives) in [("revoke", false), ("refuse", true)] {
        let mut app = App::new(&[("code_reuse", reuse)]);
        let code = app.new_code(AUTHORIZE, ASK);
        let tokens = app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]));
        let public = [("client_id", "google-public-client"), ("client_secret", "")];
        assert_eq!(exchange(&mut app, &code, &public), error(400, "invalid_grant"));
        let access = text(&tokens, "access_token");
        assert!(app.sandbox.provider_token(&access).is_some(), "another client's exchange revokes nothing");
        assert_eq!(exchange(&mut app, &code, &[]), error(400, "invalid_grant"));
        assert_eq!(app.sandbox.provider_token(&access).is_some(), survives);
        let status = app.post_form(TOKEN, &refresh(&text(&tokens, "refresh_token"))).0;
        assert_eq!(status == 200, survives);
    }
}

#[test]
fn tokens_are_bound_to_app_and_revoked_with_it() {
    let mut app = App::new(&[]);
    let google = AuthorizationServer::Google;
    let mine = OAuthApp::new("Mine", "https://mine.example/cb");
    let mine = app.sandbox.register_provider_app(google, mine).unwrap();
    let secret = mine.client_secret.clone().unwrap();
    let own = [
        ("client_id", mine.client_id.as_str()),
        ("client_secret", secret.as_str()),
        ("redirect_uri", "https://mine.example/cb"),
    ];
    let code = app.new_code(AUTHORIZE, &with(ASK, &[own[0], own[2]]));
    assert_eq!(
        exchange(&mut app, &code, &[]),
        error(400, "invalid_grant"),
        "the code belongs to another application"
    );
    let fields = with(&with(EXCHANGE, &[("code", &code)]), &own);
    let tokens = app.granted(TOKEN, &fields);
    let refresh_token = text(&tokens, "refresh_token");
    assert_eq!(app.refused(TOKEN, &refresh(&refresh_token)), error(400, "invalid_grant"));
    let left = app.new_code(AUTHORIZE, &with(ASK, &[own[0], own[2]]));

    assert!(app.sandbox.delete_provider_app(google, &mine.client_id));
    assert!(!app.sandbox.delete_provider_app(google, &mine.client_id));
    assert_eq!(app.sandbox.provider_token(&text(&tokens, "access_token")), None);
    let fields = with(&fields, &[("code", &left)]);
    assert_eq!(app.refused(TOKEN, &fields), error(401, "invalid_client"));

    for app_ in
        [OAuthApp::new("", "https://a/"), OAuthApp::new("A", "/cb"), OAuthApp::new("A", "https://a/#f")]
    {
        assert!(app.sandbox.register_provider_app(google, app_).is_err());
    }
    assert_eq!(
        app.sandbox.provider_credentials(google, ClientType::Confidential).unwrap().client_id,
        "google-client"
    );
}

#[test]
fn denied_consent_gets_access_denied() {
    let mut app = App::new(&[("auto_consent", "off")]);
    let query = with(ASK, &[("state", "s"), ("login_hint", "<b>")]);
    let page = app.visit(AUTHORIZE, &query);
    let html = std::str::from_utf8(page.body()).unwrap();
    assert!(page.status() == 200 && html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
    assert_eq!(app.sandbox.stats().providers.google.authorizations, Default::default());
    let path = format!("{AUTHORIZE}?{}", encoded(&query));
    let location = app.sandbox.deny(&format!("http://127.0.0.1:1{path}"), app.now).unwrap();
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "state").as_deref(), Some("s"));
    let reply = app.send(form(&path, "decision=approve"));
    let location = reply.headers()["location"].to_str().unwrap().to_owned();
    exchange_ok(&mut app, &parameter(&location, "code").unwrap());
    assert_eq!(app.send(form(&path, "decision=maybe")).status(), 400);
}

fn exchange_ok(app: &mut App, code: &str) {
    app.granted(TOKEN, &with(EXCHANGE, &[("code", code)]));
}

#[test]
fn callback_contains_issuer_with_the_switch() {
    for (value, issuer) in [("on", "http://localhost/google"), ("wrong", "http://localhost/elsewhere")] {
        let mut app = App::new(&[("callback_iss", value)]);
        for changes in [("prompt", "none"), ("response_type", "token")] {
            let location = app.sent_to(AUTHORIZE, &with(ASK, &[changes]));
            assert_eq!(parameter(&location, "iss").as_deref(), Some(issuer));
        }
    }
}

#[test]
fn tokens_expire_including_refresh_in_testing() {
    let mut app = App::new(&[("google_token_ttl", "60"), ("google_publishing", "testing")]);
    let tokens = sign_in(&mut app, &[]);
    assert_eq!((&tokens["expires_in"], &tokens["refresh_token_expires_in"]), (&json!(60), &json!(604_800)));
    let access = text(&tokens, "access_token");
    let expires = |app: &App| app.sandbox.provider_token(&access).unwrap().expires.unwrap();
    assert!(expires(&app) > app.now);
    app.sandbox.expire_all(app.now);
    assert!(expires(&app) < app.now);
    let refresh_token = text(&tokens, "refresh_token");
    app.pass(604_799);
    app.granted(TOKEN, &refresh(&refresh_token));
    app.pass(1);
    assert_eq!(app.refused(TOKEN, &refresh(&refresh_token)), error(400, "invalid_grant"));
}

#[test]
fn fault_matches_endpoint_name_and_grant_type() {
    let mut app = App::new(&[]);
    let tokens = sign_in(&mut app, &[]);
    app.sandbox.add_fault(Fault::on("POST /google/token").grant_type("refresh_token").status(503));
    let refresh_token = text(&tokens, "refresh_token");
    assert_eq!(app.send(form(TOKEN, &encoded(&refresh(&refresh_token)))).status(), 503);
    app.granted(TOKEN, &refresh(&refresh_token));
    assert_eq!(app.sandbox.stats().answered("POST /google/token", 200), 2);
}

#[test]
fn google_sign_in_does_not_change_connects_values() {
    let (mut with, mut without) = (App::new(&[]), App::new(&[]));
    sign_in(&mut with, &[]);
    assert_eq!(with.user().access, without.user().access);
}

#[test]
fn provider_statistics_appear_after_first_request() {
    let mut app = App::new(&[]);
    let stats = |app: &mut App| read(&app.send(common::get("/sandbox/stats"))).1;
    assert_eq!(stats(&mut app).get("providers"), None);
    sign_in(&mut app, &[]);
    assert_eq!(stats(&mut app)["providers"]["google"]["code"], json!({ "granted": 1, "refused": 0 }));
}
