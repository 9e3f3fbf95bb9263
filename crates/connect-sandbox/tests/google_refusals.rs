//! Requests that Google refuses, and the errors in the responses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::google::*;
use common::oauth::*;
use common::{App, get, parameter, read};
use http::Request;
use serde_json::json;

#[test]
fn invalid_client_or_redirect_uri_is_not_redirected() {
    let mut app = App::new(&[]);
    let evil = "https://evil.example/callback";
    let wrong: &[(Pairs<'_>, u16, &str)] = &[
        (&[("client_id", "nobody")], 401, "invalid_client"),
        (&[("client_id", "")], 400, "invalid_request"),
        (&[("redirect_uri", evil)], 400, "redirect_uri_mismatch"),
        (&[("redirect_uri", "")], 400, "invalid_request"),
        (&[("redirect_uri", "http://127.0.0.1:8766/callback")], 400, "redirect_uri_mismatch"),
        (&[("redirect_uri", "http://127.0.0.1:8765/callback/")], 400, "redirect_uri_mismatch"),
        (&[("redirect_uri", "http://127.0.0.1:8765/callback?a=b")], 400, "redirect_uri_mismatch"),
        (&[("redirect_uri", "http://127.0.0.1:8765/callback#f")], 400, "redirect_uri_mismatch"),
        (&[("redirect_uri", evil), ("redirect_uri", REDIRECT)], 400, "invalid_request"),
        (&[("redirect_uri", REDIRECT), ("redirect_uri", evil)], 400, "invalid_request"),
        (&[("client_id", "google-client"), ("client_id", "google-client")], 400, "invalid_request"),
    ];
    for (changes, status, error) in wrong {
        let reply = app.visit(AUTHORIZE, &with(ASK, changes));
        assert_eq!(reply.headers().get("location"), None, "{changes:?}");
        let (found, body) = read(&reply);
        assert_eq!((found.as_u16(), &body["error"]), (*status, &json!(error)), "{changes:?}");
    }
    assert_eq!(app.sandbox.stats().providers.google.authorizations.refused, wrong.len() as u64);
}

#[test]
fn other_authorization_error_redirects_with_state() {
    let mut app = App::new(&[]);
    let long = "a".repeat(129);
    let wrong: &[(Pairs<'_>, &str)] = &[
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("scope", "")], "invalid_request"),
        (&[("scope", "calendar")], "invalid_scope"),
        (&[("scope", "https://www.googleapis.com/auth/")], "invalid_scope"),
        (&[("scope", "openid \"")], "invalid_scope"),
        (&[("scope", READ), ("scope", WRITE)], "invalid_request"),
        (&[("access_type", "sometimes")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "s256")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("code_challenge", &long)], "invalid_request"),
        (&[("prompt", "a"), ("prompt", "a")], "invalid_request"),
    ];
    for (changes, error) in wrong {
        let location = app.sent_to(AUTHORIZE, &with(&with(ASK, &[("state", "x/1")]), changes));
        assert!(location.starts_with("http://127.0.0.1:8765/callback?error="), "{location}");
        assert_eq!(parameter(&location, "error").as_deref(), Some(*error), "{changes:?}");
        assert_eq!(parameter(&location, "state").as_deref(), Some("x/1"), "{changes:?}");
        assert_eq!(parameter(&location, "code"), None);
    }
    let twice = app.sent_to(AUTHORIZE, &with(ASK, &[("state", "1"), ("state", "2")]));
    assert_eq!(parameter(&twice, "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(&twice, "state"), None);
}

#[test]
fn google_token_endpoint_refuses_each_invalid_request() {
    let mut app = App::new(&[]);
    let code = app.new_code(AUTHORIZE, ASK);
    let code = code.as_str();
    let wrong: &[(Pairs<'_>, u16, &str)] = &[
        (&[("grant_type", "")], 400, "invalid_request"),
        (&[("grant_type", "password")], 400, "unsupported_grant_type"),
        (&[("client_id", "")], 400, "invalid_request"),
        (&[("client_id", "nobody")], 401, "invalid_client"),
        (&[("client_secret", "")], 401, "invalid_client"),
        (&[("client_secret", "wrong")], 401, "invalid_client"),
        (&[("client_id", "google-public-client"), ("client_secret", "")], 400, "invalid_grant"),
        (&[("code", "")], 400, "invalid_request"),
        (&[("code", "unknown")], 400, "invalid_grant"),
        (&[("code", code), ("code", code)], 400, "invalid_request"),
        (&[("x", "1"), ("x", "2")], 400, "invalid_request"),
        (&[("redirect_uri", "")], 400, "invalid_request"),
        (&[("redirect_uri", "https://evil.example/")], 400, "redirect_uri_mismatch"),
        (&[("code_verifier", "")], 400, "invalid_grant"),
        (&[("code_verifier", CHALLENGE)], 400, "invalid_grant"),
        (&[("grant_type", "refresh_token")], 400, "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "unknown")], 400, "invalid_grant"),
        (&[("grant_type", "refresh_token"), ("refresh_token", code)], 400, "invalid_grant"),
    ];
    for (changes, status, expected) in wrong {
        assert_eq!(exchange(&mut app, code, changes), error(*status, expected), "{changes:?}");
    }
    let body = encoded(&with(EXCHANGE, &[("code", code)]));
    for kind in ["application/json", "text/plain", ""] {
        let request = Request::post(TOKEN).header("content-type", kind).body(body.clone().into()).unwrap();
        assert_eq!(read(&app.send(request)).1["error"], "invalid_request", "{kind}");
    }
    let reply = app.send(get(&format!("{TOKEN}?{body}")));
    assert_eq!((reply.status().as_u16(), reply.headers()["allow"].to_str().unwrap()), (405, "POST"));
    let reply = app.send(form(&format!("{TOKEN}?{body}"), ""));
    assert_eq!(read(&reply).1["error"], "invalid_request", "the token endpoint ignores the query");
    let empty = with(EXCHANGE, &[("code", code), ("refresh_token", ""), ("scope", "")]);
    app.granted(TOKEN, &empty);
}

#[test]
fn secret_is_accepted_in_basic_or_body_but_not_both() {
    let mut app = App::new(&[]);
    let mut attempt = |authorization: &str, changes: Pairs<'_>| {
        let code = app.new_code(AUTHORIZE, ASK);
        let fields =
            with(&with(EXCHANGE, &[("code", &code), ("client_id", ""), ("client_secret", "")]), changes);
        let mut request = form(TOKEN, &encoded(&fields));
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        let reply = app.send(request);
        let scheme = reply.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (reply.status().as_u16(), scheme.is_some_and(|scheme| scheme.starts_with("Basic ")))
    };
    let right = basic("google-client", "google-secret");
    assert_eq!(attempt(&right, &[]), (200, false));
    assert_eq!(
        attempt(&basic("google%2Dclient", "google%2Dsecret"), &[]),
        (200, false),
        "the credentials are form-encoded"
    );
    assert_eq!(attempt(&right, &[("client_id", "google-client")]), (200, false));
    assert_eq!(attempt(&right, &[("client_id", "google-public-client")]), (400, false));
    assert_eq!(attempt(&right, &[("client_secret", "google-secret")]), (400, false));
    assert_eq!(attempt(&basic("google-client", "wrong"), &[]), (401, true));
    assert_eq!(attempt(&basic("nobody", "google-secret"), &[]), (401, true));
    assert_eq!(attempt("Basic !!!", &[]), (401, true));
    assert_eq!(attempt("Bearer x", &[]), (401, true));
}

#[test]
fn revocation_requires_access_or_refresh_token() {
    let mut app = App::new(&[]);
    let tokens = sign_in(&mut app, &[]);
    let other = text(&sign_in(&mut app, &[("login_hint", "other")]), "access_token");
    assert_eq!(app.refused(REVOKE, &[]), error(400, "invalid_request"));
    assert_eq!(app.refused(REVOKE, &[("token", "a"), ("token", "b")]), error(400, "invalid_request"));
    assert_eq!(app.refused(REVOKE, &[("token", "unknown")]), error(400, "invalid_token"));
    assert_eq!(app.post_form(REVOKE, &[("token", &text(&tokens, "refresh_token"))]).0, 200);
    assert_eq!(app.sandbox.provider_token(&text(&tokens, "access_token")), None);
    assert!(app.sandbox.provider_token(&other).is_some());
}
