//! The provider page and the consent page: their texts, their forms, and HTML escaping.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{App, get, parameter};
use http::{Request, Response};
use serde_json::{Value, json};

const QUERY: &str = "client_id=sandbox-client&user_id=u&state=s%26%3C";

fn consenting(switches: &[(&str, &str)]) -> App {
    App::new(&[&[("auto_consent", "off")], switches].concat())
}

fn text(reply: &Response<Bytes>) -> String {
    String::from_utf8(reply.body().to_vec()).unwrap()
}

fn page(app: &mut App, query: &str) -> String {
    let reply = app.send(get(&format!("/api/oauth/providers?{query}")));
    assert_eq!(reply.status(), 200);
    text(&reply)
}

fn submit(app: &mut App, path: &str, form: &str) -> Response<Bytes> {
    app.send(Request::post(path).body(Bytes::from(form.to_owned())).unwrap())
}

fn target(reply: &Response<Bytes>) -> String {
    assert_eq!(reply.status(), 302);
    reply.headers()["location"].to_str().unwrap().to_owned()
}

fn status(app: &mut App, location: &str) -> (String, Value) {
    let code = parameter(location, "code").unwrap();
    let tokens = common::tokens(&app.token(&format!("grant_type=authorization_code&code={code}")).1);
    let status = app.ok(&tokens.access, "/oauth/connection-status");
    (tokens.access, status["connections"].clone())
}

#[test]
fn accounts_are_connected_with_or_without_calendars() {
    let mut app = consenting(&[]);
    let first = app.location(QUERY);
    assert_eq!(first, format!("/api/oauth/providers?{QUERY}"));
    for (provider, form) in [("google", "decision=allow&calendars=on"), ("microsoft", "decision=allow")] {
        let path = format!("/api/oauth/consent?provider={provider}&{QUERY}");
        assert!(page(&mut app, QUERY).contains(&path.replace('&', "&amp;")), "the page links to {path}");
        let consent = text(&app.send(get(&path)));
        assert!(consent.contains(&format!("u@{}", if provider == "google" { "gmail" } else { "outlook" })));
        assert!(consent.contains("<label for=\"calendars\">") && consent.contains("id=\"calendars\""));
        assert_eq!(target(&submit(&mut app, &path, form)), first, "the form leads back to the first page");
    }
    let html = page(&mut app, QUERY);
    assert!(html.contains("Connected: u@gmail.example"));
    assert!(html.contains("Connected without calendar access: u@outlook.example"));

    let back = target(&submit(&mut app, &first, "decision=back"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("s&<"));
    let (token, connections) = status(&mut app, &back);
    let granted = |provider: &str| connections[provider][0]["calendarPermissionGranted"].clone();
    assert_eq!((granted("google"), granted("microsoft")), (json!(true), json!(false)));
    let scopes = connections["microsoft"][0]["grantedScopes"].as_array().unwrap();
    assert!(!scopes.is_empty() && !scopes.contains(&json!("Calendars.ReadWrite")));
    assert_eq!((&connections["apple"], &connections["caldav"]), (&json!([]), &json!([])));
    let calendars = app.ok(&token, "/calendars");
    assert!(calendars.as_array().unwrap().iter().all(|calendar| calendar["provider"] == "google"));
}

#[test]
fn apple_and_caldav_pages_have_no_calendar_checkbox() {
    let mut app = consenting(&[]);
    for provider in ["apple", "caldav"] {
        let path = format!("/api/oauth/consent?provider={provider}&{QUERY}");
        assert!(!text(&app.send(get(&path))).contains("checkbox"));
        submit(&mut app, &path, "decision=allow");
    }
    let back = target(&submit(&mut app, &format!("/api/oauth/providers?{QUERY}"), "decision=back"));
    let (token, connections) = status(&mut app, &back);
    assert_eq!(connections["apple"][0]["calendarPermissionGranted"], Value::Null);
    assert_eq!(app.ok(&token, "/calendars").as_array().unwrap().len(), 3);
}

#[test]
fn every_denial_redirects_with_access_denied() {
    let mut app = consenting(&[]);
    let denied = "http://127.0.0.1:8765/callback?error=access_denied&state=s%26%3C";
    let (first, consent) =
        (format!("/api/oauth/providers?{QUERY}"), format!("/api/oauth/consent?provider=google&{QUERY}"));
    assert_eq!(target(&submit(&mut app, &first, "decision=back")), denied, "no account is connected");
    assert_eq!(target(&submit(&mut app, &first, "decision=deny")), denied);
    assert_eq!(target(&submit(&mut app, &consent, "decision=deny&calendars=on")), denied);
    for (path, form) in [(&first, "decision=maybe"), (&consent, ""), (&first, "decision=approve")] {
        assert_eq!(submit(&mut app, path, form).status(), 400, "{form}");
    }
    let unasked = format!("/api/oauth/consent?provider=apple&{QUERY}&providers=google");
    assert_eq!(submit(&mut app, &unasked, "decision=allow").status(), 400);
    assert_eq!(app.send(get("/api/oauth/consent?provider=google&client_id=x&user_id=u")).status(), 401);
}

#[test]
fn script_signs_in_with_one_post() {
    let mut app = consenting(&[]);
    let path = format!("/api/oauth/providers?{QUERY}");
    let form = "decision=approve&provider=google&provider=microsoft&withhold=google";
    let (_, connections) = {
        let back = target(&submit(&mut app, &path, form));
        status(&mut app, &back)
    };
    assert_eq!(connections["google"][0]["calendarPermissionGranted"], false);
    assert_eq!(connections["microsoft"][0]["calendarPermissionGranted"], true);
}

#[test]
fn pages_show_app_name_or_generic_text() {
    let mut app = consenting(&[]);
    let html = page(&mut app, QUERY);
    assert!(html.contains("The application is using Mobiscroll Connect"));
    assert!(html.contains(">Back to the application</button>"));
    app.sandbox.set("display_name", "Ada's <Planner> & Co").unwrap();
    let html = page(&mut app, QUERY);
    assert!(html.contains("Ada&#39;s &lt;Planner&gt; &amp; Co is using Mobiscroll Connect"));
    assert!(html.contains(">Back to Ada&#39;s &lt;Planner&gt; &amp; Co</button>"));
    assert!(!html.contains("The application"));
}

#[test]
fn request_texts_are_escaped_in_pages() {
    let mut app = consenting(&[("display_name", "<script>alert(1)</script>")]);
    let evil = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%27";
    let query = format!("client_id=sandbox-client&user_id={evil}&state={evil}&theme={evil}&lng={evil}");
    for path in ["providers?", "consent?provider=google&"] {
        let html = text(&app.send(get(&format!("/api/oauth/{path}{query}"))));
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;alert(1)"), "{html}");
        assert!(html.contains("data-theme=\"auto\""));
    }
}

#[test]
fn pages_forbid_scripts_frames_and_foreign_targets() {
    let mut app = consenting(&[("redirect_uri", "https://app.example:8443/cb?x=1")]);
    let reply = app.send(get(&format!("/api/oauth/providers?{QUERY}")));
    let policy = reply.headers()["content-security-policy"].to_str().unwrap();
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self' https://app.example:8443",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(reply.headers()["cache-control"], "no-store");
    assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
    assert!(!text(&reply).contains("<script"));

    app.sandbox.set("redirect_uri", "http://a;script-src:*;/").unwrap();
    let reply = app.send(get(&format!("/api/oauth/providers?{QUERY}")));
    assert!(!reply.headers()["content-security-policy"].to_str().unwrap().contains("script-src"));
}

#[test]
fn pages_follow_language_direction_and_theme() {
    let mut app = consenting(&[]);
    for (extra, lang, dir, words) in [
        ("", "en", "ltr", "Connect your calendars"),
        ("&lng=AR", "ar", "rtl", "يستخدم التطبيق خدمة Mobiscroll Connect"),
        ("&lng=pt_br", "pt-BR", "ltr", "Conecte seus"),
        ("&lng=pt-AO", "pt-PT", "ltr", "Ligue os seus"),
        ("&lng=es-MX", "es", "ltr", "Conecta tus"),
        ("&lng=fr", "fr", "ltr", "Connectez vos"),
        ("&lng=de", "de", "ltr", "Kalender verbinden"),
        ("&lng=it", "it", "ltr", "Collega i tuoi"),
        ("&lng=ja", "en", "ltr", "Connect your"),
    ] {
        let html = page(&mut app, &format!("{QUERY}{extra}"));
        assert!(html.contains(&format!("<html lang=\"{lang}\" dir=\"{dir}\"")), "{extra}: {html}");
        assert!(html.contains(words), "{extra}");
    }
    let request =
        Request::get(format!("/api/oauth/providers?{QUERY}")).header("accept-language", "ja, ar;q=0.7");
    let html = text(&app.send(request.body(Bytes::new()).unwrap()));
    assert!(html.contains("dir=\"rtl\"") && html.contains("<bdi>"));
    for theme in ["light", "dark", "auto"] {
        let html = page(&mut app, &format!("{QUERY}&theme={theme}"));
        assert!(html.contains(&format!("data-theme=\"{theme}\"")));
    }
}

#[test]
fn account_over_the_limit_is_not_connected() {
    let mut app = consenting(&[("account_limit", "1")]);
    let consent = |provider: &str| format!("/api/oauth/consent?provider={provider}&{QUERY}");
    target(&submit(&mut app, &consent("google"), "decision=allow&calendars=on"));
    assert!(text(&app.send(get(&consent("apple")))).contains("role=\"alert\""));
    let refused = submit(&mut app, &consent("apple"), "decision=allow");
    assert!(refused.status() == 403 && text(&refused).contains("limit"));
    let path = format!("/api/oauth/providers?{QUERY}");
    assert_eq!(submit(&mut app, &path, "decision=approve&provider=google&provider=apple").status(), 403);
    let back = target(&submit(&mut app, &path, "decision=back"));
    let (token, connections) = status(&mut app, &back);
    assert_eq!((connections["google"].as_array().unwrap().len(), &connections["apple"]), (1, &json!([])));
    assert_eq!(app.ok(&token, "/oauth/connection-status")["limitReached"], true);

    let mut auto = App::new(&[("account_limit", "2")]);
    let token = auto.user().access;
    assert_eq!(
        auto.ok(&token, "/calendars").as_array().unwrap().len(),
        5,
        "only Google and Microsoft are connected"
    );
    auto.call(&token, "POST", "/oauth/disconnect?provider=google", None);
    assert_eq!(auto.ok(&token, "/oauth/connection-status")["limitReached"], false);
}

/// Loads the provider page, and sends `cookie` if there is one. Returns the cookie of the page, and the form
/// data that disconnects `provider`.
fn disconnect_form(app: &mut App, query: &str, cookie: Option<&str>, provider: &str) -> (String, String) {
    let request = Request::get(format!("/api/oauth/providers?{query}"));
    let request = cookie.iter().fold(request, |request, cookie| request.header("cookie", *cookie));
    let reply = app.send(request.body(Bytes::new()).unwrap());
    let fresh = reply.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
    assert_eq!(fresh.is_some(), cookie.is_none());
    let cookie = fresh
        .map_or_else(|| cookie.unwrap().to_owned(), |cookie| cookie.split(';').next().unwrap().to_owned());
    let html = text(&reply);
    let item = html.split_once(&format!("<li id=\"{provider}\">")).unwrap().1.split_once("</li>").unwrap().0;
    assert!(item.contains("name=\"decision\" value=\"disconnect\""), "{item}");
    let csrf = item.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
    (cookie, format!("decision=disconnect&provider={provider}&csrf={csrf}"))
}

fn disconnect(app: &mut App, query: &str, headers: &[(&str, &str)], form: &str) -> Response<Bytes> {
    let request = Request::post(format!("/api/oauth/providers?{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.send(request.body(Bytes::from(form.to_owned())).unwrap())
}

#[test]
fn page_disconnects_one_account() {
    let mut app = App::new(&[("webhook_url", "https://app.example/hook")]);
    let back = app.location(QUERY);
    let (token, before) = status(&mut app, &back);
    assert!(before.as_object().unwrap().values().all(|accounts| accounts.as_array().unwrap().len() == 1));
    let (cookie, form) = disconnect_form(&mut app, QUERY, None, "google");
    let again = disconnect_form(&mut app, QUERY, Some(&format!("a=b; {cookie}")), "google").1;
    assert_eq!(again, form, "the session does not change");
    for provider in ["google", "caldav"] {
        let form = form.replace("google", provider);
        let own = [("cookie", &*cookie), ("origin", "http://localhost"), ("sec-fetch-site", "same-origin")];
        let reply = disconnect(&mut app, QUERY, &own, &form);
        assert_eq!(target(&reply), format!("/api/oauth/providers?{QUERY}"));
        assert!(page(&mut app, QUERY).contains(&format!("id=\"connect-{provider}\"")));
    }
    let after = app.ok(&token, "/oauth/connection-status")["connections"].clone();
    assert_eq!((&after["google"], &after["caldav"]), (&json!([]), &json!([])));
    assert_eq!((&after["apple"], &after["microsoft"]), (&before["apple"], &before["microsoft"]));
    let watched: Vec<_> = app.sandbox.subscriptions().iter().map(|one| one.provider).collect();
    assert!(
        !watched.is_empty() && !watched.contains(&"google") && !watched.contains(&"caldav"),
        "{watched:?}"
    );
}

#[test]
fn forged_disconnect_form_is_refused() {
    let mut app = App::new(&[]);
    let back = app.location(QUERY);
    let (token, _) = status(&mut app, &back);
    let (cookie, form) = disconnect_form(&mut app, QUERY, None, "google");
    let (other, others) = disconnect_form(&mut app, QUERY, None, "google");
    let neighbour = QUERY.replace("user_id=u", "user_id=neighbour");
    app.location(&neighbour);
    let (_, neighbours) = disconnect_form(&mut app, &neighbour, Some(&cookie), "google");
    let bare = form.split_once("&csrf").unwrap().0;
    for (headers, form) in [
        (&[][..], &*form),
        (&[("cookie", &*other)], &form),
        (&[("cookie", &*cookie)], &others),
        (&[("cookie", &*cookie)], &neighbours),
        (&[("cookie", &*cookie)], bare),
        (&[("cookie", &*cookie)], &format!("{bare}&csrf=")),
        (&[("cookie", &*cookie), ("origin", "http://localhost:3000")], &form),
        (&[("cookie", &*cookie), ("origin", "null")], &form),
        (&[("cookie", &*cookie), ("sec-fetch-site", "cross-site")], &form),
    ] {
        assert_eq!(disconnect(&mut app, QUERY, headers, form).status(), 403, "{headers:?} {form}");
    }
    let unknown = form.replace("google", "yahoo");
    assert_eq!(disconnect(&mut app, QUERY, &[("cookie", &*cookie)], &unknown).status(), 400);
    let connections = app.ok(&token, "/oauth/connection-status")["connections"].clone();
    assert_eq!(connections["google"].as_array().unwrap().len(), 1);
}
