//! Sign-in with Apptoto: applications, authorization, exchange, and undocumented behaviour.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::oauth::*;
use common::{App, get, parameter, read};
use connect_sandbox::{AppError, AuthorizationServer, ClientType, OAuthApp, OAuthCredentials};
use serde_json::{Value, json};

const APPTOTO: AuthorizationServer = AuthorizationServer::Apptoto;
const AUTHORIZE: &str = "/apptoto/www/oauth/authorize";
const TOKEN: &str = "/apptoto/api/oauth/token";
const REVOKE: &str = "/apptoto/api/oauth/revoke";
const SCOPE: &str = "events:read events:write messaging:send";

const ASK: Pairs<'_> = &[
    ("client_id", "apptoto-client"),
    ("redirect_uri", REDIRECT),
    ("response_type", "code"),
    ("scope", SCOPE),
];

const EXCHANGE: Pairs<'_> = &[
    ("grant_type", "authorization_code"),
    ("client_id", "apptoto-client"),
    ("client_secret", "apptoto-secret"),
    ("redirect_uri", REDIRECT),
];

/// The parameters that the public application sends instead of those of the confidential
/// application.
const PUBLIC: Pairs<'_> = &[("client_id", "apptoto-public-client"), ("redirect_uri", LOOPBACK)];
const S256: Pairs<'_> = &[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

fn sign_in(app: &mut App) -> Value {
    let code = app.new_code(AUTHORIZE, ASK);
    app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]))
}

fn refresh(token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "apptoto-client"),
        ("client_secret", "apptoto-secret"),
        ("refresh_token", token),
    ]
}

fn error_of(app: &mut App, query: Pairs<'_>) -> Option<String> {
    parameter(&app.sent_to(AUTHORIZE, query), "error")
}

#[test]
fn apptoto_sign_in_from_authorization_to_withdrawal() {
    let mut app = App::new(&[("oauth_user", "ada@example.com")]);
    let location = app.sent_to(AUTHORIZE, &with(ASK, &[("state", "s 1"), ("login_hint", "ignored")]));
    assert!(location.starts_with("http://127.0.0.1:8765/callback?code="), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("s 1"));
    let code = parameter(&location, "code").unwrap();
    let exchange = with(EXCHANGE, &[("code", &code)]);
    let tokens = app.granted(TOKEN, &exchange);
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!(SCOPE)));
    assert_eq!((tokens.get("expires_in"), tokens.get("refresh_token")), (None, None), "undocumented");
    let access = text(&tokens, "access_token");
    let known = app.sandbox.provider_token(&access).unwrap();
    assert_eq!((known.server, known.user.as_str(), known.expires), (APPTOTO, "ada@example.com", None));
    assert_eq!(known.scopes.join(" "), SCOPE);

    assert_eq!(app.refused(TOKEN, &exchange), error(400, "invalid_grant"), "twice");
    assert_eq!(app.sandbox.provider_token(&access), None);
    let again = text(&sign_in(&mut app), "access_token");
    assert_eq!(
        app.send(form(REVOKE, &encoded(&[("token", &again)]))).status(),
        404,
        "Apptoto has no revocation endpoint by default"
    );
    assert!(app.sandbox.withdraw_consent(APPTOTO, "apptoto-client", "ada@example.com"));
    assert_eq!(app.sandbox.provider_token(&again), None);
    let counts = app.sandbox.stats().providers.apptoto;
    assert_eq!((counts.code.granted, counts.code.refused, counts.authorizations.granted), (2, 1, 2));
}

#[test]
fn apptoto_app_is_registered_edited_and_deleted() {
    let mut app = App::new(&[]);
    let ours = OAuthApp::new("Ours", "https://ours.example/cb").scopes(["events:read", "contacts:read"]);
    let OAuthCredentials { client_id, client_secret, redirect_uri, .. } =
        app.sandbox.register_provider_app(APPTOTO, ours.clone()).unwrap();
    let secret = client_secret.unwrap();
    let own = [("client_id", client_id.as_str()), ("redirect_uri", redirect_uri.as_str())];
    let ask = with(&with(ASK, &own), &[("scope", "events:read")]);
    let exchange = with(&with(EXCHANGE, &own), &[("client_secret", &secret)]);
    for scope in [SCOPE, "events:write", "Events:read", "calendars:write", "api", "events:read events:write"]
    {
        assert_eq!(
            error_of(&mut app, &with(&ask, &[("scope", scope)])).as_deref(),
            Some("invalid_scope"),
            "{scope} is not registered"
        );
    }
    let code = app.new_code(AUTHORIZE, &ask);
    let unticked = with(&exchange, &[("code", &code), ("scope", "events:write")]);
    assert_eq!(app.refused(TOKEN, &unticked), error(400, "invalid_scope"));
    let tokens = app.granted(TOKEN, &with(&exchange, &[("code", &code)]));

    let edited = OAuthApp::new("Ours", "https://ours.example/other").scopes(["events:write"]);
    app.sandbox.update_provider_app(APPTOTO, &client_id, edited).unwrap();
    assert_eq!(app.visit(AUTHORIZE, &ask).headers().get("location"), None, "the redirect URI has changed");
    let ask = with(&ask, &[("redirect_uri", "https://ours.example/other"), ("scope", "events:write")]);
    let left = app.new_code(AUTHORIZE, &ask);
    let after = app.sandbox.provider_apps(APPTOTO).pop().unwrap();
    assert_eq!((after.client_id.as_str(), after.client_secret), (client_id.as_str(), Some(secret.clone())));

    let other = text(&sign_in(&mut app), "access_token");
    assert!(app.sandbox.delete_provider_app(APPTOTO, &client_id));
    assert_eq!(app.sandbox.provider_token(&text(&tokens, "access_token")), None);
    assert!(app.sandbox.provider_token(&other).is_some(), "the token of another application stays valid");
    let exchange = with(&exchange, &[("code", &left), ("redirect_uri", "https://ours.example/other")]);
    assert_eq!(app.refused(TOKEN, &exchange), error(401, "invalid_client"));

    let wrong = ours.clone().scopes(["calendars:write"]);
    let refused = app.sandbox.register_provider_app(APPTOTO, wrong);
    assert_eq!(refused, Err(AppError::Scope("calendars:write".to_owned())));
    let two = ours.redirect_uri("https://ours.example/two");
    assert_eq!(app.sandbox.register_provider_app(APPTOTO, two), Err(AppError::RedirectUri));
}

#[test]
fn public_app_exchanges_with_pkce_and_no_secret() {
    let mut app = App::new(&[]);
    let public = app.sandbox.provider_credentials(APPTOTO, ClientType::Public).unwrap();
    assert!(public.client_secret.is_some(), "Apptoto shows a secret");
    assert_eq!(error_of(&mut app, &with(ASK, PUBLIC)).as_deref(), Some("invalid_request"));
    let code = app.new_code(AUTHORIZE, &with(&with(ASK, PUBLIC), S256));
    let exchange = with(&with(EXCHANGE, PUBLIC), &[("code", &code), ("client_secret", "")]);
    assert_eq!(app.refused(TOKEN, &exchange), error(400, "invalid_grant"));
    let wrong = with(&exchange, &[("code_verifier", CHALLENGE)]);
    assert_eq!(app.refused(TOKEN, &wrong), error(400, "invalid_grant"));
    let wrong = with(&exchange, &[("code_verifier", VERIFIER), ("client_secret", "apptoto-secret")]);
    assert_eq!(app.refused(TOKEN, &wrong), error(401, "invalid_client"));
    app.granted(TOKEN, &with(&exchange, &[("code_verifier", VERIFIER)]));

    let plain: Pairs<'_> = &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    let ask = with(&with(ASK, PUBLIC), plain);
    assert_eq!(error_of(&mut app, &ask).as_deref(), Some("invalid_request"));
    app.sandbox.set("apptoto_pkce", "any").unwrap();
    let code = app.new_code(AUTHORIZE, &ask);
    app.granted(TOKEN, &with(&exchange, &[("code", &code), ("code_verifier", VERIFIER)]));

    let code = app.new_code(AUTHORIZE, &with(ASK, S256));
    let confidential = with(EXCHANGE, &[("code", &code)]);
    assert_eq!(
        app.refused(TOKEN, &confidential),
        error(400, "invalid_grant"),
        "a verifier is checked if a challenge was sent"
    );
    app.granted(TOKEN, &with(&confidential, &[("code_verifier", VERIFIER)]));
}

#[test]
fn refresh_tokens_and_lifetimes_follow_switches() {
    for (kind, rotates) in [("kept", false), ("new", true)] {
        let mut app = App::new(&[("apptoto_refresh_tokens", kind), ("apptoto_token_ttl", "7200")]);
        let tokens = sign_in(&mut app);
        assert_eq!(tokens["expires_in"], 7200);
        let token = text(&tokens, "refresh_token");
        for _ in 0..2 {
            let next = app.granted(TOKEN, &refresh(&token));
            assert_eq!(next["refresh_token"].is_string(), rotates);
            assert_ne!(next["access_token"], tokens["access_token"]);
        }
        let wide = with(&refresh(&token), &[("scope", "lists:read")]);
        assert_eq!(app.refused(TOKEN, &wide), error(400, "invalid_scope"));
        app.sandbox.delete_provider_app(APPTOTO, "apptoto-client");
        assert_eq!(app.refused(TOKEN, &refresh(&token)), error(401, "invalid_client"));
    }
}

#[test]
fn legacy_scope_follows_its_switch() {
    let mut app = App::new(&[("apptoto_scope_api", "on")]);
    let code = app.new_code(AUTHORIZE, &with(ASK, &[("scope", "api")]));
    assert_eq!(app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]))["scope"], "api");
}

#[test]
fn revocation_endpoint_follows_its_switch() {
    let mut app = App::new(&[("apptoto_revoke", "on"), ("apptoto_refresh_tokens", "kept")]);
    let tokens = sign_in(&mut app);
    let (access, refresh_token) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let revoke = [
        ("client_id", "apptoto-client"),
        ("client_secret", "apptoto-secret"),
        ("token", refresh_token.as_str()),
        ("token_type_hint", "refresh_token"),
    ];
    let bare = with(&revoke, &[("client_secret", "")]);
    assert_eq!(app.refused(REVOKE, &bare), error(401, "invalid_client"));
    assert_eq!(app.refused(REVOKE, &with(&revoke, &[("token", "")])), error(400, "invalid_request"));
    let other = with(&revoke, &[("client_id", "apptoto-public-client"), ("client_secret", "")]);
    assert_eq!(app.post_form(REVOKE, &other).0, 200);
    assert!(app.sandbox.provider_token(&access).is_some(), "only the client of a token can revoke it");
    for _ in 0..2 {
        assert_eq!(app.post_form(REVOKE, &revoke).0, 200, "revoking an unknown token succeeds");
    }
    assert_eq!(app.sandbox.provider_token(&access), None);
    assert_eq!(app.sandbox.stats().providers.apptoto.revocations, 1);
}

#[test]
fn unpublished_app_only_works_for_its_owner() {
    let mut app = App::new(&[("apptoto_published", "off"), ("oauth_user", "owner")]);
    let mine = OAuthApp::new("Mine", "https://mine.example/cb");
    let id = app.sandbox.register_provider_app(APPTOTO, mine).unwrap().client_id;
    let ask = with(ASK, &[("client_id", &id), ("redirect_uri", "https://mine.example/cb")]);
    assert_eq!(error_of(&mut app, &ask), None);
    app.sandbox.set("oauth_user", "someone").unwrap();
    assert_eq!(error_of(&mut app, &ask).as_deref(), Some("access_denied"));
    app.sandbox.set("apptoto_published", "on").unwrap();
    assert_eq!(error_of(&mut app, &ask), None);
}

#[test]
fn apptoto_invalid_requests_get_their_errors() {
    let mut app = App::new(&[]);
    let untold: &[(Pairs<'_>, u16, &str)] = &[
        (&[("client_id", "nobody")], 401, "invalid_client"),
        (&[("redirect_uri", "https://evil.example/")], 400, "invalid_request"),
        (&[("redirect_uri", "http://127.0.0.1:8765/callback?x=1")], 400, "invalid_request"),
        (&[("redirect_uri", "")], 400, "invalid_request"),
        (&[("redirect_uri", REDIRECT), ("redirect_uri", REDIRECT)], 400, "invalid_request"),
    ];
    for (changes, status, error) in untold {
        let reply = app.visit(AUTHORIZE, &with(ASK, changes));
        assert_eq!(reply.headers().get("location"), None, "{changes:?}");
        let (found, body) = read(&reply);
        assert_eq!((found.as_u16(), &body["error"]), (*status, &json!(error)), "{changes:?}");
    }
    let told: &[(Pairs<'_>, &str)] = &[
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("scope", "")], "invalid_request"),
        (&[("scope", "events:read"), ("scope", "events:read")], "invalid_request"),
    ];
    for (changes, error) in told {
        assert_eq!(error_of(&mut app, &with(ASK, changes)).as_deref(), Some(*error), "{changes:?}");
    }
    let code = app.new_code(AUTHORIZE, ASK);
    let refused: &[(Pairs<'_>, u16, &str)] = &[
        (&[("client_secret", "")], 401, "invalid_client"),
        (&[("client_secret", "wrong")], 401, "invalid_client"),
        (&[("client_id", "nobody")], 401, "invalid_client"),
        (&[("redirect_uri", "https://evil.example/")], 400, "invalid_grant"),
        (&[("redirect_uri", "")], 400, "invalid_request"),
        (&[("code_verifier", VERIFIER)], 400, "invalid_grant"),
        (&[("grant_type", "password")], 400, "unsupported_grant_type"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], 400, "invalid_grant"),
        (&[("code", "x"), ("code", "y")], 400, "invalid_request"),
    ];
    for (changes, status, expected) in refused {
        let fields = with(&with(EXCHANGE, &[("code", &code)]), changes);
        assert_eq!(app.refused(TOKEN, &fields), error(*status, expected), "{changes:?}");
    }
    assert_eq!(app.send(get(TOKEN)).headers()["allow"], "POST");
    assert_eq!(
        app.send(form("/apptoto/www/oauth/token", "")).status(),
        404,
        "the token endpoint is on the API host"
    );
    app.pass(601);
    let late = app.refused(TOKEN, &with(EXCHANGE, &[("code", &code)]));
    assert_eq!(late, error(400, "invalid_grant"));
}

#[test]
fn apps_of_all_providers_are_listed_over_http() {
    let mut app = App::new(&[]);
    let mine = OAuthApp::new("Mine", "https://mine.example/cb");
    let mine = app.sandbox.register_provider_app(APPTOTO, mine).unwrap();
    let (status, list) = read(&app.send(get("/sandbox/providers")));
    assert_eq!(status, 200);
    for name in ["google", "microsoft", "apptoto"] {
        let default = &list[name]["apps"][0];
        let told = ["clientId", "clientSecret", "redirectUri"].map(|field| text(default, field));
        assert_eq!(told, [format!("{name}-client"), format!("{name}-secret"), REDIRECT.to_owned()]);
    }
    assert_eq!(list["microsoft"]["apps"][1]["clientSecret"], Value::Null);
    assert_eq!(list["apptoto"]["apps"][2]["clientId"], json!(mine.client_id));
}
