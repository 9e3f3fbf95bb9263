//! OAuth parameters in the query and in the body of a request, and repeated parameters.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::google::{ASK, AUTHORIZE, EXCHANGE, REVOKE, TOKEN, refresh, sign_in};
use common::oauth::*;
use common::{App, get, parameter, read};
use http::Request;
use serde_json::json;

const MICROSOFT: Pairs<'_> = &[
    ("client_id", "microsoft-client"),
    ("redirect_uri", REDIRECT),
    ("response_type", "code"),
    ("scope", "Calendars.Read"),
];
const TENANT: &str = "/microsoft/common/oauth2/v2.0";

fn post(path: &str, kind: Option<&str>, body: &str) -> Request<Bytes> {
    let request =
        kind.iter().fold(Request::post(path), |request, kind| request.header("content-type", *kind));
    request.body(Bytes::from(body.to_owned())).unwrap()
}

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

#[test]
fn google_revokes_token_in_query_or_form() {
    for (kind, in_query) in [(None, true), (FORM, true), (FORM, false)] {
        let mut app = App::new(&[]);
        let tokens = sign_in(&mut app, &[]);
        let token = encoded(&[("token", &text(&tokens, "access_token"))]);
        let (path, body) =
            if in_query { (format!("{REVOKE}?{token}"), "") } else { (REVOKE.into(), &*token) };
        assert_eq!(read(&app.send(post(&path, kind, body))), (http::StatusCode::OK, json!({})));
        let refused = app.refused(TOKEN, &refresh(&text(&tokens, "refresh_token")));
        assert_eq!(refused, error(400, "invalid_grant"));
        assert_eq!(read(&app.send(post(&path, kind, body))).1, json!({ "error": "invalid_token" }));
    }
}

#[test]
fn google_refuses_repeated_revocation_token() {
    let mut app = App::new(&[]);
    let tokens = sign_in(&mut app, &[]);
    let token = encoded(&[("token", &text(&tokens, "access_token"))]);
    for (query, body) in
        [(&*token, &*token), (&format!("{token}&{token}"), ""), ("", &format!("{token}&token=x"))]
    {
        let reply = app.send(post(&format!("{REVOKE}?{query}"), FORM, body));
        assert_eq!((reply.status().as_u16(), &read(&reply).1["error"]), (400, &json!("invalid_request")));
    }
    let json = app.send(post(REVOKE, Some("application/json"), &json!({ "token": "x" }).to_string()));
    assert_eq!(read(&json).1["error"], "invalid_request");
    assert_eq!(app.post_form(TOKEN, &refresh(&text(&tokens, "refresh_token"))).0, 200, "it stands");
}

#[test]
fn openid_providers_accept_form_authorization_requests() {
    for (path, asked) in [(AUTHORIZE, ASK), (&*format!("{TENANT}/authorize"), MICROSOFT)] {
        let mut app = App::new(&[]);
        let asked = with(asked, &[("state", "s")]);
        let (query, body) = asked.split_at(2);
        for (query, body) in [("".into(), encoded(&asked)), (encoded(query), encoded(body))] {
            let reply = app.send(form(&format!("{path}?{query}"), &body));
            let location = reply.headers()["location"].to_str().unwrap();
            assert!(location.starts_with(&format!("{REDIRECT}?code=")), "{location}");
            assert_eq!(parameter(location, "state").as_deref(), Some("s"));
        }
        let twice = app.send(form(&format!("{path}?{}", encoded(&asked)), "state=s"));
        let location = twice.headers()["location"].to_str().unwrap();
        assert_eq!(parameter(location, "error").as_deref(), Some("invalid_request"), "{location}");
        let elsewhere = app.send(form(&format!("{path}?{}", encoded(&asked)), "redirect_uri=x"));
        assert_eq!((elsewhere.status().as_u16(), elsewhere.headers().get("location")), (400, None));
    }
    let mut app = App::new(&[]);
    let reply = app.send(form("/apptoto/www/oauth/authorize", &encoded(MICROSOFT)));
    assert_eq!(read(&reply).1["error"], "invalid_request", "Apptoto does not document form parameters");
}

#[test]
fn consent_page_of_posted_request_keeps_parameters() {
    let mut app = App::new(&[("auto_consent", "off")]);
    let (query, body) = ASK.split_at(2);
    let page = app.send(form(&format!("{AUTHORIZE}?{}", encoded(query)), &encoded(body)));
    let page = String::from_utf8(page.body().to_vec()).unwrap();
    let action = page.split_once("action=\"").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
    let reply = app.send(form(&action, "decision=approve"));
    let code = parameter(reply.headers()["location"].to_str().unwrap(), "code").unwrap();
    app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]));
}

#[test]
fn token_endpoint_refuses_query_that_repeats_the_body() {
    let mut app = App::new(&[("apptoto_revoke", "on"), ("apptoto_refresh_tokens", "kept")]);
    let paths = [TOKEN, &*format!("{TENANT}/token"), "/apptoto/api/oauth/token"];
    for path in paths {
        let server = path.split('/').nth(1).unwrap();
        let (id, secret) = (format!("{server}-client"), format!("{server}-secret"));
        let form = |token| {
            [
                ("client_id", &*id),
                ("client_secret", &*secret),
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
            ]
        };
        let unknown = app.refused(path, &form("unknown"));
        assert_eq!(unknown, error(400, "invalid_grant"), "{path}");
        let (query, body) = (encoded(&form("unknown")), encoded(&form("unknown")));
        for (path, body) in [
            (format!("{path}?{query}"), ""),
            (format!("{path}?grant_type=refresh_token"), &*body),
            (format!("{path}?client_id=other"), &*body),
            (path.to_owned(), &*format!("{body}&grant_type=refresh_token")),
        ] {
            let reply = app.send(common::oauth::form(&path, body));
            assert_eq!(read(&reply).1["error"], "invalid_request", "{path} {body}");
        }
        let other = app.send(common::oauth::form(&format!("{path}?x=1"), &body));
        assert_eq!(read(&other).1["error"], "invalid_grant", "other query parameters are ignored");
    }
    let revoke = "/apptoto/api/oauth/revoke?token=a";
    let client = [("client_id", "apptoto-client"), ("client_secret", "apptoto-secret")];
    assert_eq!(app.refused(revoke, &client), error(400, "invalid_request"), "RFC 7009 2.1: the body");
    assert_eq!(app.refused(revoke, &with(&client, &[("token", "a")])), error(400, "invalid_request"));
}

#[test]
fn connect_refuses_repeated_parameter() {
    let mut app = App::new(&[]);
    let code = app.code("ada", "read");
    let basic = basic("sandbox-client", "sandbox-secret");
    let good = format!("grant_type=authorization_code&code={code}");
    for (query, body) in [
        ("", format!("{good}&code={code}")),
        ("", format!("{good}&grant_type=refresh_token")),
        ("", format!("{good}&client_secret=sandbox-secret")),
        ("grant_type=authorization_code", good.clone()),
        (&*format!("code={code}"), good.clone()),
    ] {
        let mut request = form(&format!("/api/oauth/token?{query}"), &body);
        request.headers_mut().insert("authorization", basic.parse().unwrap());
        let (status, answer) = read(&app.send(request));
        assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_request")), "{query} {body}");
    }
    assert_eq!(
        app.token(&format!("{good}&redirect_uri=&redirect_uri=")).0,
        200,
        "an empty parameter counts as absent"
    );

    let asked = "client_id=sandbox-client&user_id=ada";
    for twice in
        ["user_id=grace", "client_id=sandbox-client", "state=a&state=a", "scope=read&scope=read-write"]
    {
        let (status, answer) = read(&app.send(get(&format!("/api/oauth/authorize?{asked}&{twice}"))));
        assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_request")), "{twice}");
    }
    app.location(&format!("{asked}&providers=google&providers=apple&state=&state=a"));
}
