//! Sign-in with Microsoft: authorization, exchange, refresh, and each error.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::oauth::*;
use common::{App, get, parameter, read};
use connect_sandbox::{AuthorizationServer, OAuthApp};
use serde_json::{Value, json};

const AUTHORIZE: &str = "/microsoft/common/oauth2/v2.0/authorize";
const TOKEN: &str = "/microsoft/common/oauth2/v2.0/token";
const SCOPE: &str = "Calendars.ReadWrite offline_access";

const ASK: Pairs<'_> = &[
    ("client_id", "microsoft-client"),
    ("redirect_uri", REDIRECT),
    ("response_type", "code"),
    ("scope", SCOPE),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

const EXCHANGE: Pairs<'_> = &[
    ("grant_type", "authorization_code"),
    ("client_id", "microsoft-client"),
    ("client_secret", "microsoft-secret"),
    ("redirect_uri", REDIRECT),
    ("code_verifier", VERIFIER),
];

/// The parameters that the public application sends instead of those of the confidential
/// application.
const PUBLIC: Pairs<'_> = &[("client_id", "microsoft-public-client"), ("redirect_uri", LOOPBACK)];

fn sign_in(app: &mut App, changes: Pairs<'_>) -> Value {
    let code = app.new_code(AUTHORIZE, &with(ASK, changes));
    app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]))
}

fn refresh(token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "microsoft-client"),
        ("client_secret", "microsoft-secret"),
        ("refresh_token", token),
    ]
}

#[test]
fn microsoft_sign_in_from_authorization_to_withdrawal() {
    let mut app = App::new(&[]);
    let asked = with(ASK, &[("state", "12345"), ("login_hint", "ada@contoso.example")]);
    let location = app.sent_to(AUTHORIZE, &asked);
    assert!(location.starts_with("http://127.0.0.1:8765/callback?code="), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("12345"));
    let code = parameter(&location, "code").unwrap();
    let first = app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]));
    assert_eq!(
        (&first["token_type"], &first["expires_in"], &first["scope"]),
        (&json!("Bearer"), &json!(3599), &json!(SCOPE))
    );
    let known = app.sandbox.provider_token(&text(&first, "access_token")).unwrap();
    assert_eq!(
        (known.server, known.client_id.as_str(), known.user.as_str()),
        (AuthorizationServer::Microsoft, "microsoft-client", "ada@contoso.example")
    );
    let second = app.granted(TOKEN, &refresh(&text(&first, "refresh_token")));
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let third = app.granted(TOKEN, &refresh(&text(&first, "refresh_token")));
    assert_ne!(third["refresh_token"], second["refresh_token"], "an earlier refresh token can be used again");
    app.granted(TOKEN, &refresh(&text(&second, "refresh_token")));
    app.granted(TOKEN, &refresh(&text(&third, "refresh_token")));

    let revoke = "/microsoft/common/oauth2/v2.0/revoke";
    assert_eq!(app.send(form(revoke, "token=x")).status(), 404, "Microsoft has no revocation endpoint");
    let token = text(&first, "access_token");
    let (status, _) = app.post_form("/google/revoke", &[("token", &token)]);
    assert_eq!(status, 400, "the token is not from Google");
    assert!(app.sandbox.provider_token(&token).is_some());

    let microsoft = AuthorizationServer::Microsoft;
    assert!(app.sandbox.withdraw_consent(microsoft, "microsoft-client", "ada@contoso.example"));
    assert_eq!(app.sandbox.provider_token(&token), None);
    let refused = app.refused(TOKEN, &refresh(&text(&third, "refresh_token")));
    assert_eq!(refused, error(400, "invalid_grant"));

    let counts = app.sandbox.stats().providers.microsoft;
    assert_eq!((counts.code.granted, counts.refresh.granted, counts.refresh.refused), (1, 4, 1));
    assert_eq!(app.sandbox.stats().providers.google.code, Default::default());
}

#[test]
fn refresh_token_requires_offline_access() {
    let mut app = App::new(&[]);
    assert_eq!(sign_in(&mut app, &[("scope", "Calendars.Read openid")]).get("refresh_token"), None);
}

#[test]
fn access_token_is_for_one_resource() {
    let mut app = App::new(&[("microsoft_scope", "resource")]);
    let both = "Calendars.Read offline_access https://other.example/thing";
    let tokens = sign_in(&mut app, &[("scope", both)]);
    assert_eq!(tokens["scope"], "https://graph.microsoft.com/Calendars.Read");
    let token = text(&tokens, "refresh_token");
    let mut narrow = |scope: &str| app.post_form(TOKEN, &with(&refresh(&token), &[("scope", scope)])).1;
    assert_eq!(narrow("https://other.example/thing")["scope"], "https://other.example/thing");
    assert_eq!(narrow("calendars.read")["scope"], "https://graph.microsoft.com/calendars.read");
    assert_eq!(narrow("Calendars.Read https://other.example/thing")["error"], "invalid_scope");
    assert_eq!(narrow("Calendars.ReadWrite")["error"], "invalid_scope");

    let code = app.new_code(AUTHORIZE, &with(ASK, &[("scope", both)]));
    let exchange = with(EXCHANGE, &[("code", &code)]);
    let wide = with(&exchange, &[("scope", both)]);
    assert_eq!(app.refused(TOKEN, &wide), error(400, "invalid_scope"));
    let narrow = with(&exchange, &[("scope", "https://other.example/thing")]);
    assert_eq!(app.granted(TOKEN, &narrow)["scope"], "https://other.example/thing");
}

#[test]
fn error_has_numbers_and_ids() {
    let mut app = App::new(&[]);
    let (status, body) = app.post_form(TOKEN, &with(EXCHANGE, &[("code", "unknown")]));
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    let number = body["error_codes"][0].as_u64().unwrap();
    let description = text(&body, "error_description");
    assert!(description.starts_with(&format!("AADSTS{number}: ")), "{description}");
    assert_eq!(body["timestamp"], "2026-11-15 10:00:00Z");
    for name in ["trace_id", "correlation_id"] {
        assert!(text(&body, name).len() == 36 && description.contains(&text(&body, name)), "{name}");
    }
}

#[test]
fn secret_is_refused_for_public_and_required_otherwise() {
    let mut app = App::new(&[]);
    let code = app.new_code(AUTHORIZE, &with(ASK, PUBLIC));
    let public = with(&with(EXCHANGE, PUBLIC), &[("code", &code)]);
    assert_eq!(app.refused(TOKEN, &public), error(401, "invalid_client"));
    app.granted(TOKEN, &with(&public, &[("client_secret", "")]));

    let code = app.new_code(AUTHORIZE, ASK);
    let exchange = with(EXCHANGE, &[("code", &code)]);
    for secret in ["", "wrong"] {
        let refused = app.refused(TOKEN, &with(&exchange, &[("client_secret", secret)]));
        assert_eq!(refused, error(401, "invalid_client"));
    }
    let body = with(&exchange, &[("client_id", ""), ("client_secret", "")]);
    let mut request = form(TOKEN, &encoded(&body));
    let secret = basic("microsoft-client", "microsoft-secret");
    request.headers_mut().insert("authorization", secret.parse().unwrap());
    assert_eq!(app.send(request).status(), 200);
}

#[test]
fn credentials_with_origin_are_refused() {
    let mut app = App::new(&[]);
    let code = app.new_code(AUTHORIZE, ASK);
    let send = |app: &mut App, fields: Pairs<'_>, authorization: Option<String>| {
        let mut request = form(TOKEN, &encoded(fields));
        request.headers_mut().insert("origin", "https://page.example".parse().unwrap());
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        let (status, body) = read(&app.send(request));
        (status.as_u16(), body["error"].as_str().unwrap_or("").to_owned())
    };
    let exchange = with(EXCHANGE, &[("code", &code)]);
    assert_eq!(send(&mut app, &exchange, None), error(400, "invalid_request"));
    let body = with(&exchange, &[("client_secret", "")]);
    let secret = basic("microsoft-client", "microsoft-secret");
    assert_eq!(send(&mut app, &body, Some(secret)), error(400, "invalid_request"));
    let code = app.new_code(AUTHORIZE, &with(ASK, PUBLIC));
    let public = with(&with(EXCHANGE, PUBLIC), &[("code", &code), ("client_secret", "")]);
    assert_eq!(send(&mut app, &public, None).0, 200);
}

#[test]
fn pkce_verifier_is_checked_and_defaults_to_plain() {
    let mut app = App::new(&[]);
    let plain: Pairs<'_> = &[("code_challenge", VERIFIER), ("code_challenge_method", "")];
    let none: Pairs<'_> = &[("code_challenge", ""), ("code_challenge_method", "")];
    let s256: Pairs<'_> = &[("code_challenge", CHALLENGE)];
    for (asked, verifier, granted) in [
        (s256, VERIFIER, true),
        (s256, CHALLENGE, false),
        (s256, "", false),
        (plain, VERIFIER, true),
        (plain, CHALLENGE, false),
        (none, "", true),
        (none, VERIFIER, false),
    ] {
        let code = app.new_code(AUTHORIZE, &with(ASK, asked));
        let fields = with(EXCHANGE, &[("code", &code), ("code_verifier", verifier)]);
        let (status, body) = app.post_form(TOKEN, &fields);
        assert_eq!(status == 200, granted, "{asked:?} {verifier} {body}");
    }
}

#[test]
fn response_mode_is_query_fragment_or_form_post() {
    let mut app = App::new(&[("callback_iss", "on")]);
    let location = app.sent_to(AUTHORIZE, &with(ASK, &[("response_mode", "fragment"), ("state", "a#b")]));
    let (uri, fragment) = location.split_once('#').unwrap();
    assert_eq!(uri, REDIRECT);
    let given = format!("x?{fragment}");
    assert_eq!(parameter(&given, "state").as_deref(), Some("a#b"));
    assert_eq!(parameter(&given, "iss").as_deref(), Some("http://localhost/microsoft/common/v2.0"));
    let code = parameter(&given, "code").unwrap();
    app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]));

    let page = app.visit(AUTHORIZE, &with(ASK, &[("response_mode", "form_post"), ("state", "\"><b>")]));
    let html = std::str::from_utf8(page.body()).unwrap();
    assert!(html.contains(&format!("action=\"{REDIRECT}\"")) && html.contains("name=\"code\""), "{html}");
    assert!(html.contains("value=\"&quot;&gt;&lt;b&gt;\"") && page.headers()["cache-control"] == "no-store");
    let reply = app.visit(AUTHORIZE, &with(ASK, &[("response_mode", "smoke")]));
    assert_eq!((reply.status().as_u16(), reply.headers().get("location")), (400, None));
}

#[test]
fn invalid_tenant_is_refused() {
    let mut app = App::new(&[]);
    for (tenant, known) in [
        ("organizations", true),
        ("consumers", true),
        ("contoso.example", true),
        ("9188040d-6c67-4c5b-b112-36a304b66dad", true),
        ("nobody", false),
        ("", false),
    ] {
        let path = |end: &str| format!("/microsoft/{tenant}/oauth2/v2.0/{end}");
        let reply = app.visit(&path("authorize"), ASK);
        assert_eq!(reply.status() == 302, known, "{tenant}");
        let (status, _) = app.post_form(&path("token"), &refresh("x"));
        assert_eq!(status, 400);
    }
    assert_eq!(app.send(get(TOKEN)).headers()["allow"], "POST");
    let longer = get("/microsoft/a/b/oauth2/v2.0/token");
    assert_eq!(app.send(longer).status(), 404);
    assert_eq!(app.sandbox.stats().answered("POST /microsoft/{tenant}/oauth2/v2.0/token", 400), 6);
}

#[test]
fn microsoft_invalid_requests_get_their_errors() {
    let mut app = App::new(&[]);
    let evil = "https://evil.example/";
    let untold: &[(Pairs<'_>, u16, &str)] = &[
        (&[("client_id", "nobody")], 400, "unauthorized_client"),
        (&[("client_id", "google-client")], 400, "unauthorized_client"),
        (&[("redirect_uri", evil)], 400, "invalid_request"),
        (&[("redirect_uri", "")], 400, "invalid_request"),
        (&[("redirect_uri", LOOPBACK)], 400, "invalid_request"),
        (&[("redirect_uri", "postmessage")], 400, "invalid_request"),
    ];
    for (changes, status, error) in untold {
        let reply = app.visit(AUTHORIZE, &with(ASK, changes));
        assert_eq!(reply.headers().get("location"), None, "{changes:?}");
        let (found, body) = read(&reply);
        assert_eq!((found.as_u16(), &body["error"]), (*status, &json!(error)), "{changes:?}");
    }
    let told: &[(Pairs<'_>, &str)] = &[
        (&[("response_type", "id_token")], "unsupported_response_type"),
        (&[("scope", "")], "invalid_request"),
        (&[("scope", "a\\b")], "invalid_scope"),
        (&[("state", "1"), ("state", "1")], "invalid_request"),
        (&[("code_challenge_method", "S512")], "invalid_request"),
    ];
    for (changes, error) in told {
        let location = app.sent_to(AUTHORIZE, &with(ASK, changes));
        assert_eq!(parameter(&location, "error").as_deref(), Some(*error), "{changes:?}");
    }
    let code = app.new_code(AUTHORIZE, ASK);
    let refused: &[(Pairs<'_>, u16, &str)] = &[
        (&[("client_id", "nobody")], 400, "unauthorized_client"),
        (&[("grant_type", "client_credentials")], 400, "unsupported_grant_type"),
        (&[("redirect_uri", evil)], 400, "invalid_grant"),
        (&[("code", "a"), ("code", "b")], 400, "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], 400, "invalid_grant"),
    ];
    for (changes, status, expected) in refused {
        let fields = with(&with(EXCHANGE, &[("code", &code)]), changes);
        assert_eq!(app.refused(TOKEN, &fields), error(*status, expected), "{changes:?}");
    }
    let fields = with(EXCHANGE, &[("code", &code)]);
    assert_eq!(
        app.refused("/google/token", &fields),
        error(401, "invalid_client"),
        "the client is not registered with Google"
    );
    let tokens = app.granted(TOKEN, &fields);
    assert_eq!(app.refused(TOKEN, &fields), error(400, "invalid_grant"), "twice");
    let dead = refresh(tokens["refresh_token"].as_str().unwrap());
    assert_eq!(
        app.refused(TOKEN, &dead),
        error(400, "invalid_grant"),
        "the tokens of a deleted application are revoked"
    );
    let late = app.new_code(AUTHORIZE, ASK);
    app.pass(601);
    assert_eq!(app.refused(TOKEN, &with(&fields, &[("code", &late)])), error(400, "invalid_grant"));
}

#[test]
fn deleted_app_leaves_no_tokens_or_consents() {
    let mut app = App::new(&[]);
    let server = AuthorizationServer::Microsoft;
    let native = OAuthApp::new("Native", "http://127.0.0.1/cb").public();
    let id = app.sandbox.register_provider_app(server, native).unwrap().client_id;
    let mine: [(&str, &str); 3] =
        [("client_id", &id), ("client_secret", ""), ("redirect_uri", "http://127.0.0.1:5/cb")];
    let code = app.new_code(AUTHORIZE, &with(ASK, &mine));
    let tokens = app.granted(TOKEN, &with(&with(EXCHANGE, &mine), &[("code", &code)]));
    let confidential = OAuthApp::new("Native", "http://127.0.0.1/cb");
    app.sandbox.update_provider_app(server, &id, confidential).unwrap();
    let reply = app.visit(AUTHORIZE, &with(ASK, &mine));
    assert_eq!(reply.status(), 400, "the redirect URI of a confidential application has to match exactly");
    assert!(app.sandbox.delete_provider_app(server, &id));
    assert_eq!(app.sandbox.provider_token(&text(&tokens, "access_token")), None);
    assert!(app.sandbox.update_provider_app(server, &id, OAuthApp::new("A", "https://a/")).is_err());
}
