//! The page at `/sandbox`: its content, its HTML escaping, and that viewing the page changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{ALL, App, get};
use connect_sandbox::{App as Application, AttemptOutcome, AuthorizationServer, Fault, OAuthApp, Trigger};
use http::Request;
use serde_json::json;

const SECTIONS: [&str; 9] = [
    "apps",
    "users",
    "calendars",
    "providers",
    "subscriptions",
    "deliveries",
    "faults",
    "switches",
    "requests",
];

const MARKUP: &str = "\"><script>alert(1)</script>'&";

fn look(app: &mut App) -> String {
    let reply = app.send(get("/sandbox"));
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    String::from_utf8(reply.body().to_vec()).unwrap()
}

fn section<'a>(html: &'a str, id: &str) -> &'a str {
    let start = html.split_once(&format!("<h2 id=\"{id}\">")).unwrap().1;
    start.split_once("</table>").unwrap().0
}

/// Returns the rows of a section's table as HTML.
fn rows(html: &str, id: &str) -> Vec<Vec<String>> {
    let body = section(html, id).split_once("<tbody>\n").unwrap().1.split_once("</tbody>").unwrap().0;
    let cells = |line: &str| {
        let line = line.strip_prefix("<tr><th scope=\"row\">").unwrap().strip_suffix("</td></tr>").unwrap();
        line.replace("</th>", "</td>").split("</td><td>").map(str::to_owned).collect()
    };
    body.lines().map(cells).collect()
}

/// Returns a sandbox in which every text that a caller can choose is `text`.
fn filled(text: &str) -> App {
    let mut app = App::new(&[("webhook_url", "https://app.example/hook"), ("initial_sync", "off")]);
    let event = json!({ "title": "One", "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T10:00:00Z" });
    let calendars = json!([{ "id": text, "title": text, "events": [event] }]);
    let seed = json!({ "users": {
        text: { "google": { "account": text, "calendars": calendars } },
        "new": { "apple": { "account": text, "syncState": "reauth_required", "calendars": [] } },
        "bare": {},
    } });
    app.sandbox.seed(&seed.to_string()).unwrap();
    app.sign_in(&common::encode(text), "read-write");
    app.sandbox.trigger(Trigger::created().user(text), app.now).unwrap();
    app.pass(2);
    for attempt in app.sandbox.deliveries(app.now) {
        app.sandbox.delivered(attempt.token, AttemptOutcome::Failed(text.to_owned()), app.now);
    }
    let mine = Application::new(text, format!("https://a/{text}")).display_name(text);
    app.sandbox.register(mine.webhook_url(format!("https://b/{text}"))).unwrap();
    let mine = OAuthApp::new(text, format!("https://c/{text}"));
    app.sandbox.register_provider_app(AuthorizationServer::Microsoft, mine).unwrap();
    app.sandbox.add_fault(Fault::on(text).grant_type(text).header(text, text).status(500).times(3).skip(2));
    app.sandbox.set("app_name", text).unwrap();
    app
}

#[test]
fn page_shows_the_sandbox_state() {
    let mut app = filled("ada");
    app.send(get("/api/nothing?a=b"));
    app.sandbox.add_fault(Fault::on("*").when_status(200).cut_after());
    app.answer(get("/api/health"));
    let html = look(&mut app);
    let registered = &app.sandbox.apps()[1].client_id;
    let demo = ["sandbox-client", "ada", "", "http://127.0.0.1:8765/callback", "https://app.example/hook"];
    assert_eq!(
        rows(&html, "apps"),
        [&demo[..], &[registered, "ada", "ada", "https://a/ada", "https://b/ada"]]
    );
    assert_eq!(
        rows(&html, "users"),
        [
            ["ada", "sandbox-client", "google", "ada", "active", "1"],
            ["bare", "any, from a seed", "none", "", "", ""],
            ["new", "any, from a seed", "apple", "ada", "reauth_required", "0"],
        ]
    );
    assert_eq!(rows(&html, "calendars"), [["ada", "ada", "2", "google", "ada", "ada", "sandbox-client"]]);
    let microsoft = &app.sandbox.provider_apps(AuthorizationServer::Microsoft)[2].client_id;
    let providers = rows(&html, "providers");
    assert_eq!(providers.len(), 7);
    assert!(providers.contains(
        &[microsoft, "microsoft", "ada", "confidential", "https://c/ada"].map(str::to_owned).to_vec()
    ));
    let channel = &app.sandbox.subscriptions()[0].channel_id;
    let watched =
        [channel, "ada", "sandbox-client", "google", "ada", "the service", "2026-11-22T10:00:00.000Z", "yes"];
    assert_eq!(rows(&html, "subscriptions"), [watched]);
    let id = &app.sandbox.delivery_log().next().unwrap().id;
    assert_eq!(rows(&html, "deliveries"), [[id, "ada", "google", "ada", "pending", "ada"]]);
    assert_eq!(
        rows(&html, "faults"),
        [["ada", "grant type ada, after 2 other requests", "3", "status 500, ada: ada"]]
    );
    let switches = rows(&html, "switches");
    assert_eq!(switches.len(), connect_sandbox::switches().count());
    let changed: Vec<_> = switches.iter().take_while(|row| row[1] == "changed").map(|row| &*row[0]).collect();
    assert_eq!(changed, ["initial_sync", "app_name", "webhook_url"]);
    assert!(switches.iter().skip(3).all(|row| row[1].is_empty() && row[2] == row[3]));
    let requests = rows(&html, "requests");
    assert_eq!(requests[0], ["GET", "/api/health", "GET /health", "cut"]);
    assert_eq!(requests[1], ["GET", "/api/nothing?a=b", "unknown", "404"]);
}

#[test]
fn unrequested_calendars_are_not_counted() {
    let mut app = App::new(&[("reauth", "apple"), ("auto_subscribe", "off")]);
    let token = app.user().access;
    let states = |html: &str| {
        let rows = rows(html, "users");
        rows.into_iter().map(|row| (row[4].clone(), row[5].clone())).collect::<Vec<_>>()
    };
    let (active, again) = ("active", "reauth_required");
    let expected = |calendars: [&str; 4]| {
        let states = [active, active, again, active].map(str::to_owned);
        states.into_iter().zip(calendars.map(str::to_owned)).collect::<Vec<_>>()
    };
    let html = look(&mut app);
    assert_eq!(states(&html), expected(["not created yet"; 4]));
    assert!(section(&html, "calendars").contains("<td colspan=\"7\">none</td>"));
    app.ok(&token, "/calendars");
    let html = look(&mut app);
    assert_eq!(states(&html), expected(["3", "2", "2", "1"]));
    assert_eq!(rows(&html, "calendars").len(), 8);
}

#[test]
fn caller_texts_are_escaped() {
    let mut app = filled(MARKUP);
    app.send(get("/api/\"onload='x'&?y='x'"));
    let html = look(&mut app);
    assert!(!html.contains("<script") && !html.contains("'x'") && !html.contains("\"onload"), "{html}");
    let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;";
    for (id, count) in [
        ("apps", 5),
        ("users", 3),
        ("calendars", 4),
        ("providers", 2),
        ("subscriptions", 2),
        ("deliveries", 3),
        ("faults", 4),
        ("switches", 1),
    ] {
        assert_eq!(section(&html, id).matches(escaped).count(), count, "{id}");
    }
    assert!(section(&html, "requests").contains("/api/&quot;onload=&#39;x&#39;&amp;?y=&#39;x&#39;"));
}

#[test]
fn page_does_not_show_secrets() {
    let mut app = App::new(&[("client_secret", "SECRET"), ("apptoto_api_key", "SECRET")]);
    for query in ["code=SECRET&x=1", "x=1&access_token=SECRET", "%63ode=SECRET", "key=SECRET&token=SECRET"] {
        app.send(get(&format!("/api/nothing?{query}")));
    }
    app.sandbox.register(Application::new("A", "https://a/")).unwrap();
    app.sandbox.register_provider_app(AuthorizationServer::Google, OAuthApp::new("A", "https://a/")).unwrap();
    let html = look(&mut app);
    assert!(!html.contains("SECRET"), "{html}");
    for app in app.sandbox.apps() {
        assert!(!html.contains(&app.client_secret));
    }
    for server in AuthorizationServer::ALL {
        for app in app.sandbox.provider_apps(server) {
            assert!(!html.contains(&app.client_secret.unwrap_or("SECRET".to_owned())), "{}", app.client_id);
        }
    }
    let paths: Vec<_> = rows(&html, "requests").into_iter().map(|row| row[1].clone()).collect();
    let expected = ["key=***&amp;token=***", "code=***", "x=1&amp;access_token=***", "code=***&amp;x=1"]
        .map(|query| format!("/api/nothing?{query}"));
    assert_eq!(paths, expected);
    assert_eq!(rows(&html, "switches")[..2].iter().map(|row| &*row[2]).collect::<Vec<_>>(), ["***"; 2]);
}

#[test]
fn page_limits_requests_and_rows() {
    let mut app = App::new(&[]);
    for n in 0..60 {
        app.send(get(&format!("/api/nothing?n={n}")));
    }
    for n in 0..1001 {
        app.sandbox.add_fault(Fault::on(format!("fault {n}")).status(500));
    }
    let html = look(&mut app);
    let requests = rows(&html, "requests");
    assert_eq!(
        (requests.len(), &*requests[0][1], &*requests[49][1]),
        (50, "/api/nothing?n=59", "/api/nothing?n=10")
    );
    assert!(section(&html, "requests").contains("The last requests, the newest first (50 of 60)</caption>"));
    assert!(html.contains("<a href=\"#requests\">Requests</a> (60)"));
    assert_eq!(rows(&html, "faults").len(), 1000);
    assert!(section(&html, "faults").contains("(1000 of 1001)</caption>"));
}

#[test]
fn page_is_accessible_without_script() {
    let mut app = App::new(&[]);
    let html = look(&mut app);
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\""));
    assert!(html.contains("<title>Sandbox</title>") && html.contains("name=\"viewport\""));
    for id in SECTIONS {
        assert!(html.contains(&format!("<a href=\"#{id}\">")), "{id} is linked");
        let section = section(&html, id);
        assert!(section.contains(&format!("aria-labelledby=\"{id}-caption\"")), "{id}");
        assert!(section.contains(&format!("<caption id=\"{id}-caption\">")), "{id}");
        assert_eq!(section.matches("<th ").count(), section.matches("<th scope=").count(), "{id}");
    }
    for (what, count) in [("<h1>", 1), ("<h2 ", 9), ("<table>", 9), ("<style>", 1)] {
        assert_eq!(html.matches(what).count(), count, "{what}");
    }
    for forbidden in ["<script", "<link", "<img", "<form", "src=", "url(", "@import"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn page_forbids_framing_and_caching() {
    let mut app = App::new(&[]);
    for path in ["/sandbox", "/sandbox/", "/api/sandbox", "/sandbox?x=1"] {
        let reply = app.send(get(path));
        assert_eq!(reply.status(), 200, "{path}");
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
        assert_eq!(reply.headers()["content-security-policy"], policy);
        assert_eq!(reply.headers()["cache-control"], "no-store");
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
    }
    let reply = app.send(Request::post("/sandbox").body(Bytes::new()).unwrap());
    assert_eq!((reply.status().as_u16(), &reply.headers()["allow"]), (405, &"GET".parse().unwrap()));
}

#[test]
fn page_refuses_foreign_origins() {
    let mut app = App::new(&[]);
    let own = ("host", "localhost:8080");
    for (headers, status) in [
        (&[own, ("sec-fetch-site", "none")][..], 200),
        (&[own, ("sec-fetch-site", "same-origin")], 200),
        (&[own, ("sec-fetch-site", "cross-site")], 403),
        (&[own, ("sec-fetch-site", "same-site")], 403),
        (&[own, ("origin", "http://evil.example")], 403),
        (&[("host", "evil.example")], 403),
    ] {
        for path in ["/sandbox", "/sandbox/", "/api/sandbox"] {
            let request = headers
                .iter()
                .fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
            let reply = app.send(request.body(Bytes::new()).unwrap());
            assert_eq!(reply.status(), status, "{path} {headers:?}");
            assert_eq!(reply.body().starts_with(b"<!DOCTYPE html>"), status == 200, "{path} {headers:?}");
        }
    }
}

/// Returns the responses of a fixed sequence of calls. If `looks` is true, the page is viewed after each
/// call.
fn run(looks: bool) -> Vec<String> {
    let switches = [("webhook_url", "https://app.example/hook"), ("delivery_order", "shuffled")];
    let mut app = App::new(&switches);
    app.sandbox
        .seed(r#"{ "users": { "seeded": { "google": { "account": "s@gmail.example", "calendars": [] } } } }"#)
        .unwrap();
    let mut said = Vec::new();
    let mut step = |app: &mut App, answer: String| {
        said.push(answer);
        // The clock is ahead while the page is viewed, so that deliveries are due.
        app.pass(600);
        if looks {
            let before = format!("{:?}", app.sandbox);
            look(app);
            assert_eq!(format!("{:?}", app.sandbox), before, "viewing changed the state");
        }
        app.pass(-590);
    };
    step(&mut app, String::new());
    let tokens = app.user();
    step(&mut app, format!("{tokens:?}"));
    let events = app.events(&tokens.access, ALL);
    step(&mut app, format!("{events:?}"));
    let made = app.create(&tokens.access, common::meeting());
    step(&mut app, made.to_string());
    let triggered = app.sandbox.trigger(Trigger::created(), app.now).unwrap();
    step(&mut app, format!("{triggered:?}"));
    let attempts = app.sandbox.deliveries(app.now);
    step(&mut app, format!("{attempts:?}"));
    let credentials = app.sandbox.register(Application::new("A", "https://a/")).unwrap();
    step(&mut app, format!("{credentials:?}"));
    let (stats, requests) = (app.sandbox.stats(), app.sandbox.requests().to_vec());
    step(&mut app, format!("{stats:?} {requests:?}"));
    said
}

#[test]
fn viewing_the_page_changes_nothing() {
    assert_eq!(run(true), run(false));
}
