//! The errors for unknown paths, and requests to paths of the real services.
//!
//! The sandbox serves Google and Microsoft at its own paths, such as `/google/token`, and at the paths of the
//! real services, such as `/token`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::oauth::{encoded, error, form, with};
use common::{App, get, graph, parameter, read};
use http::{Request, Response};
use serde_json::{Value, json};

fn send(app: &mut App, token: &str, method: &str, path: &str) -> (Response<Bytes>, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {token}"));
    let reply = app.send(request.body(Bytes::new()).unwrap());
    let body = read(&reply).1;
    (reply, body)
}

#[test]
fn unknown_google_path_gets_google_error() {
    let mut app = App::new(&[]);
    let token = app.google_token("ada@gmail.example", &["calendar"]);
    for (method, path, status, reason) in [
        ("GET", "/google/calendar/v3/nothing", 404, "notFound"),
        ("GET", "/google/calendar/v3/users/me/labels", 404, "notFound"),
        ("GET", "/google/calendar/v4/colors", 404, "notFound"),
        ("GET", "/google", 404, "notFound"),
        ("GET", "/calendar/v3/calendars/primary/acl", 404, "notFound"),
        ("POST", "/google/calendar/v3/colors", 405, "httpMethodNotAllowed"),
        ("GET", "/google/token", 405, "httpMethodNotAllowed"),
        ("GET", "/revoke", 405, "httpMethodNotAllowed"),
    ] {
        let (reply, body) = send(&mut app, &token, method, path);
        assert_eq!(
            common::calendar::refusal(reply.status().as_u16(), &body),
            error(status, reason),
            "{path}"
        );
        assert_eq!(reply.headers().contains_key("allow"), status == 405);
    }
}

#[test]
fn unknown_graph_path_gets_graph_error() {
    let mut app = App::new(&[]);
    let token = app.graph_token("ada@outlook.example", "Calendars.Read");
    for (path, segment) in [
        ("/microsoft/graph/v1.0/me/messages", "messages"),
        ("/microsoft/graph/v1.0/groups", "groups"),
        ("/microsoft/graph/v1.0/me/events/x/attachments/y", "attachments"),
        ("/microsoft/graph/v2.0/me/events", "v2.0"),
        ("/v1.0/me/calendars/x/calendarPermissions", "calendarPermissions"),
        ("/v1.0/users", "users"),
    ] {
        let (reply, body) = send(&mut app, &token, "GET", path);
        assert_eq!(graph::refusal(reply.status().as_u16(), &body), error(400, "BadRequest"), "{path}");
        assert_eq!(body["error"]["message"], format!("Resource not found for the segment '{segment}'."));
        assert_eq!(
            reply.headers()["request-id"],
            *body["error"]["innerError"]["request-id"].as_str().unwrap()
        );
    }
    let (reply, body) = send(&mut app, &token, "PUT", "/v1.0/me/events");
    assert_eq!(graph::refusal(reply.status().as_u16(), &body), error(405, "Request_BadRequest"));
    assert_eq!(reply.headers()["allow"], "GET, POST");
    let (reply, body) = send(&mut app, "nobody", "GET", "/microsoft/graph/v1.0/me/messages");
    assert_eq!(graph::refusal(reply.status().as_u16(), &body), error(401, "InvalidAuthenticationToken"));
}

#[test]
fn unknown_apptoto_path_gets_apptoto_error() {
    let mut app = App::new(&[]);
    for (method, path, status, code) in [
        ("GET", "/apptoto/api/v1/calendars", 404, "not_found"),
        ("GET", "/apptoto/api/v2/events", 404, "not_found"),
        ("POST", "/apptoto", 404, "not_found"),
        ("PATCH", "/apptoto/api/v1/events", 405, "method_not_allowed"),
        ("POST", "/apptoto/api/v1/event", 405, "method_not_allowed"),
    ] {
        let (reply, body) = send(&mut app, "x", method, path);
        assert_eq!((reply.status().as_u16(), &body["error"]), (status, &json!(code)), "{path}");
        assert_eq!(reply.headers().contains_key("allow"), status == 405, "{path}");
    }
    let (_, body) = send(&mut app, "x", "GET", "/apptotos");
    assert_eq!(body["error"], "Not Found");
    let mut app = App::new(&[("apptoto_error_body", "errors")]);
    let (_, body) = send(&mut app, "x", "GET", "/apptoto/api/v1/calendars");
    assert_eq!(body, json!({ "errors": ["There is no such endpoint"] }));
}

#[test]
fn unknown_connect_path_gets_connect_error() {
    let mut app = App::new(&[]);
    for path in ["/api/nothing", "/nothing", "/googles", "/calendar/v2/colors", "/v1.1/me", "/token/x"] {
        let (reply, body) = send(&mut app, "x", "GET", path);
        assert_eq!((reply.status().as_u16(), &body["error"]), (404, &json!("Not Found")), "{path}");
    }
}

#[test]
fn unknown_control_call_is_refused_and_not_recorded() {
    let mut app = App::new(&[]);
    app.sandbox.add_fault(connect_sandbox::Fault::on("*").status(500));
    for (method, path, status, allow) in [
        ("GET", "/sandbox/nonsense", 404, None),
        ("GET", "/api/sandbox/nonsense", 404, None),
        ("POST", "/sandbox/stats/x", 404, None),
        ("GET", "/sandbox//stats", 404, None),
        ("POST", "/sandbox/stats", 405, Some("GET")),
        ("HEAD", "/sandbox/stats", 405, Some("GET")),
        ("DELETE", "/sandbox/apps", 405, Some("GET, POST, PATCH")),
        ("GET", "/api/sandbox/set", 405, Some("POST")),
    ] {
        let (reply, body) = send(&mut app, "x", method, path);
        let text = if status == 404 { "There is no such endpoint" } else { "The method is not allowed here" };
        assert_eq!((reply.status().as_u16(), &body["message"]), (status, &json!(text)), "{method} {path}");
        assert_eq!(reply.headers().get("allow").map(|allow| allow.to_str().unwrap()), allow, "{path}");
    }
    assert_eq!((app.sandbox.requests().len(), app.sandbox.stats().faults.fired), (0, 0));
    let exchange = send(&mut app, "x", "POST", "/sandbox/oauth2/v2.0/token").1;
    assert_eq!(exchange["error"], "Internal Server Error", "the path is a tenant's, not a control call");
}

#[test]
fn google_is_also_served_at_its_real_paths() {
    let mut app = App::new(&[]);
    app.sent_to("/o/oauth2/auth", common::google::ASK);
    let location = app.sent_to("/o/oauth2/v2/auth", &with(common::google::ASK, &[("prompt", "consent")]));
    let code = parameter(&location, "code").unwrap();
    let tokens = app.granted("/token", &with(common::google::EXCHANGE, &[("code", &code)]));
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let (_, list) = send(&mut app, &token, "GET", "/calendar/v3/users/me/calendarList");
    for calendar in list["items"].as_array().unwrap() {
        let path = format!("/calendar/v3/calendars/{}", common::id(calendar));
        assert_eq!(send(&mut app, &token, "GET", &path).1["summary"], calendar["summary"]);
        let events = send(&mut app, &token, "GET", &format!("{path}/events?maxResults=1")).1;
        let event = &events["items"][0];
        assert_eq!(send(&mut app, &token, "GET", &format!("{path}/events/{}", common::id(event))).1, *event);
    }
    assert_eq!(app.sandbox.stats().answered("GET /google/calendar/v3/users/me/calendarList", 200), 1);
    assert_eq!(app.send(form("/revoke", &encoded(&[("token", &token)]))).status(), 200);
}

#[test]
fn graph_and_microsoft_are_also_served_at_real_paths() {
    let mut app = App::new(&[]);
    let asked = [
        ("client_id", "microsoft-client"),
        ("redirect_uri", common::oauth::REDIRECT),
        ("response_type", "code"),
        ("scope", "Calendars.Read"),
    ];
    let location = app.sent_to("/contoso.example/oauth2/v2.0/authorize", &asked);
    let exchange = [
        ("grant_type", "authorization_code"),
        ("client_id", "microsoft-client"),
        ("client_secret", "microsoft-secret"),
        ("redirect_uri", common::oauth::REDIRECT),
        ("code", &parameter(&location, "code").unwrap()),
    ];
    assert_eq!(app.refused("/no_tenant/oauth2/v2.0/token", &exchange).0, 400);
    let tokens = app.granted("/contoso.example/oauth2/v2.0/token", &exchange);
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let range = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z";
    let (mut path, mut pages) = (format!("/v1.0/me/calendarView?{range}&$top=20"), 0);
    loop {
        let page = send(&mut app, &token, "GET", &path).1;
        let event = &page["value"][0];
        let one = send(&mut app, &token, "GET", &format!("/v1.0/me/events/{}", common::id(event))).1;
        assert_eq!(one["subject"], event["subject"]);
        pages += 1;
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        path = next.strip_prefix("http://localhost").unwrap().to_owned();
        assert!(path.starts_with("/v1.0/me/calendarView?"), "links keep the client's prefix");
    }
    assert!(pages > 1);
    let calendars = send(&mut app, &token, "GET", "/v1.0/me/calendars").1;
    let path = format!("/v1.0/me/calendars/{}/events", common::id(&calendars["value"][0]));
    assert_eq!(send(&mut app, &token, "GET", &path).0.status(), 200);
    assert_eq!(app.send(get("/v1.0/me/events")).status(), 401);
}
