//! The device authorization grant of Google and Microsoft (RFC 8628).
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::oauth::*;
use common::{App, claims, get, read};
use connect_sandbox::{AuthorizationServer, OAuthApp};
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[derive(Clone, Copy)]
struct Server {
    name: AuthorizationServer,
    client: &'static str,
    start: &'static str,
    token: &'static str,
    page_member: &'static str,
    lifetime: i64,
    declined: (u16, &'static str),
    pending: u16,
    unknown: &'static str,
    no_client: u16,
}

const GOOGLE: Server = Server {
    name: AuthorizationServer::Google,
    client: "google-public-client",
    start: "/google/device/code",
    token: "/google/token",
    page_member: "verification_url",
    lifetime: 1800,
    declined: (403, "access_denied"),
    pending: 428,
    unknown: "invalid_grant",
    no_client: 401,
};

const MICROSOFT: Server = Server {
    name: AuthorizationServer::Microsoft,
    client: "microsoft-public-client",
    start: "/microsoft/common/oauth2/v2.0/devicecode",
    token: "/microsoft/common/oauth2/v2.0/token",
    page_member: "verification_uri",
    lifetime: 900,
    declined: (400, "authorization_declined"),
    pending: 400,
    unknown: "bad_verification_code",
    no_client: 400,
};

const BOTH: [Server; 2] = [GOOGLE, MICROSOFT];

/// The response of the device authorization endpoint.
struct Started {
    device_code: String,
    user_code: String,
    page: String,
    body: Value,
}

impl Server {
    fn start(self, app: &mut App, scope: &str) -> Started {
        let body = app.granted(self.start, &[("client_id", self.client), ("scope", scope)]);
        let page = text(&body, self.page_member);
        Started {
            device_code: text(&body, "device_code"),
            user_code: text(&body, "user_code"),
            page: page.strip_prefix("http://localhost").unwrap().to_owned(),
            body,
        }
    }

    fn poll(self, app: &mut App, started: &Started) -> (u16, Value) {
        self.poll_as(app, self.client, &started.device_code)
    }

    fn poll_as(self, app: &mut App, client: &str, code: &str) -> (u16, Value) {
        app.post_form(self.token, &[("grant_type", GRANT), ("client_id", client), ("device_code", code)])
    }

    /// Checks that the next poll, an interval later, is refused.
    fn refuses(self, app: &mut App, started: &Started, expected: (u16, &str)) {
        app.pass(5);
        let (status, body) = self.poll(app, started);
        assert_eq!((status, body["error"].as_str().unwrap()), expected, "{body}");
    }
}

impl Started {
    fn decide(&self, app: &mut App, decision: &str) -> u16 {
        let fields =
            [("user_code", &*self.user_code), ("login_hint", "ada@example.org"), ("decision", decision)];
        app.send(form(&self.page, &encoded(&fields))).status().as_u16()
    }

    fn open(&self, app: &mut App, code: &str) -> (u16, String) {
        let reply = app.visit(&self.page, &[("user_code", code)]);
        (reply.status().as_u16(), String::from_utf8(reply.body().to_vec()).unwrap())
    }
}

#[test]
fn device_signs_in_after_the_user_enters_the_code() {
    for server in BOTH {
        let mut app = App::new(&[]);
        let started = server.start(&mut app, "openid email profile");
        assert_eq!(
            (&started.body["expires_in"], &started.body["interval"]),
            (&json!(server.lifetime), &json!(5))
        );
        assert!(started.user_code.len() <= 15 && started.page.len() <= 40, "{}", started.body);
        let message = started.body["message"].as_str();
        assert_eq!(message.is_some(), server.name == AuthorizationServer::Microsoft);
        assert!(message.is_none_or(|text| text.contains(&started.user_code) && text.contains(&started.page)));

        let (status, body) = server.poll(&mut app, &started);
        assert_eq!((status, &body["error"]), (server.pending, &json!("authorization_pending")));
        assert_eq!(started.decide(&mut app, "approve"), 200);
        app.pass(5);
        let (status, tokens) = server.poll(&mut app, &started);
        assert_eq!(status, 200, "{tokens}");
        let claims = claims(&text(&tokens, "id_token"));
        assert_eq!((&claims["email"], &claims["aud"]), (&json!("ada@example.org"), &json!(server.client)));
        assert_eq!(
            app.sandbox.provider_token(&text(&tokens, "access_token")).unwrap().user,
            "ada@example.org"
        );

        server.refuses(&mut app, &started, (400, server.unknown));
        assert!(app.sandbox.provider_token(&text(&tokens, "access_token")).is_some(), "still valid");
        assert_eq!(started.decide(&mut app, "approve"), 400, "the code was used");
        assert_eq!(app.sandbox.stats().providers.google.code, Default::default());
    }
}

#[test]
fn early_poll_is_told_to_slow_down_at_google_only() {
    let mut app = App::new(&[]);
    let started = GOOGLE.start(&mut app, "openid");
    let poll = |app: &mut App, seconds: i64| {
        app.pass(seconds);
        text(&GOOGLE.poll(app, &started).1, "error")
    };
    assert_eq!(poll(&mut app, 0), "authorization_pending", "the first poll");
    assert_eq!(poll(&mut app, 4), "slow_down");
    assert_eq!(poll(&mut app, 9), "slow_down", "the interval is now 10 s");
    assert_eq!(poll(&mut app, 15), "authorization_pending", "the interval is now 15 s");
    assert_eq!(GOOGLE.poll(&mut app, &started).0, 403);
    started.decide(&mut app, "approve");
    assert_eq!(GOOGLE.poll(&mut app, &started).0, 200, "an approved code is not slowed down");

    let started = MICROSOFT.start(&mut app, "openid");
    for _ in 0..3 {
        let (status, body) = MICROSOFT.poll(&mut app, &started);
        assert_eq!((status, &body["error"]), (400, &json!("authorization_pending")));
        assert_eq!(body["error_codes"], json!([70016]));
    }
    let mut app = App::new(&[("device_interval", "0")]);
    let started = GOOGLE.start(&mut app, "openid");
    assert_eq!(started.body["interval"], 0);
    for _ in 0..3 {
        assert_eq!(GOOGLE.poll(&mut app, &started).0, 428);
    }
}

#[test]
fn declined_code_stays_declined() {
    for server in BOTH {
        let mut app = App::new(&[]);
        let started = server.start(&mut app, "openid");
        assert_eq!(started.decide(&mut app, "deny"), 200);
        assert_eq!(started.decide(&mut app, "approve"), 400);
        server.refuses(&mut app, &started, server.declined);
        server.refuses(&mut app, &started, server.declined);
        let counts = app.sandbox.stats().providers;
        let counts = [counts.google, counts.microsoft].map(|counts| counts.authorizations.refused);
        assert_eq!(counts.iter().sum::<u64>(), 1);
    }
}

#[test]
fn expired_code_cannot_be_approved_or_exchanged() {
    for server in BOTH {
        let mut app = App::new(&[]);
        let (late, early) = (server.start(&mut app, "openid"), server.start(&mut app, "openid"));
        app.pass(server.lifetime - 1);
        assert_eq!(early.decide(&mut app, "approve"), 200, "a second before the end");
        app.pass(1);
        assert_eq!(late.decide(&mut app, "approve"), 400);
        for started in [late, early] {
            let (status, body) = server.poll(&mut app, &started);
            assert_eq!((status, &body["error"]), (400, &json!("expired_token")));
        }
    }
}

#[test]
fn code_of_another_client_is_unknown() {
    for (server, other) in [(GOOGLE, MICROSOFT), (MICROSOFT, GOOGLE)] {
        let mut app = App::new(&[]);
        let mine = OAuthApp::new("Other", "http://localhost/").public();
        let client = app.sandbox.register_provider_app(server.name, mine).unwrap().client_id;
        let started = server.start(&mut app, "openid");
        started.decide(&mut app, "approve");
        for code in [started.device_code.as_str(), started.user_code.as_str(), "unknown"] {
            let (status, body) = server.poll_as(&mut app, &client, code);
            assert_eq!((status, body["error"].as_str().unwrap()), (400, server.unknown));
        }
        assert_eq!(
            other.poll(&mut app, &started).1["error"],
            other.unknown,
            "the code is from another server"
        );
        let unknown = server.poll_as(&mut app, "nobody", &started.device_code);
        assert_eq!(unknown.0, server.no_client, "{}", unknown.1);
        assert_eq!(server.poll(&mut app, &started).0, 200, "the code is still valid for its client");
    }
}

#[test]
fn user_code_may_be_typed_without_hyphen_in_lower_case() {
    for server in BOTH {
        let mut app = App::new(&[]);
        let started = server.start(&mut app, "openid");
        let typed = started.user_code.replace('-', " ").to_lowercase();
        for wrong in ["", "-", "<b>", &started.user_code[1..], &started.device_code] {
            let (status, page) = started.open(&mut app, wrong);
            assert_eq!((status, page.contains("<b>")), (if wrong.is_empty() { 200 } else { 400 }, false));
            assert!(page.contains("name=\"user_code\""), "{page}");
            server.refuses(&mut app, &started, (server.pending, "authorization_pending"));
        }
        assert_eq!(started.open(&mut app, &typed).0, 200);
        assert_eq!(server.poll(&mut app, &started).0, 200, "with auto_consent, the code suffices");
    }
}

#[test]
fn consent_page_of_a_device_shows_app_and_scopes() {
    for server in BOTH {
        let mut app = App::new(&[("auto_consent", "off")]);
        let started = server.start(&mut app, "openid email");
        let (status, page) = started.open(&mut app, &started.user_code);
        assert_eq!(status, 200);
        for shown in ["Demo application (public)", "value=\"approve\"", "value=\"deny\"", "email address"] {
            assert!(page.contains(shown), "{page}");
        }
        server.refuses(&mut app, &started, (server.pending, "authorization_pending"));
        let action = page.split("action=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        assert_eq!(app.send(form(&action, "decision=approve")).status(), 200);
        app.pass(5);
        assert_eq!(server.poll(&mut app, &started).0, 200);
    }
}

#[test]
fn google_device_supports_only_the_documented_scopes() {
    let mut app = App::new(&[]);
    let start = |app: &mut App, client: &str, scope: &str| {
        app.post_form(GOOGLE.start, &[("client_id", client), ("scope", scope)])
    };
    let calendar = "https://www.googleapis.com/auth/calendar";
    let (status, body) = start(&mut app, GOOGLE.client, &format!("openid {calendar}"));
    assert_eq!((status, &body["error"]), (400, &json!("invalid_scope")));
    assert_eq!(body["error_description"], format!("Invalid device flow scope: {calendar}"));
    assert_eq!(start(&mut app, GOOGLE.client, "email https://www.googleapis.com/auth/drive.file").0, 200);
    let (status, body) = start(&mut app, "google-client", "openid");
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")), "not an application for devices");
    for missing in ["client_id", "scope"] {
        let fields = with(&[("client_id", GOOGLE.client), ("scope", "openid")], &[(missing, "")]);
        assert_eq!(app.post_form(GOOGLE.start, &fields).1["error"], "invalid_request");
    }
}

#[test]
fn refresh_token_of_a_device_follows_the_server() {
    let mut app = App::new(&[]);
    for (server, scope, offline) in [
        (GOOGLE, "openid", true),
        (MICROSOFT, "openid Calendars.Read", false),
        (MICROSOFT, "Calendars.ReadWrite offline_access", true),
    ] {
        let started = server.start(&mut app, scope);
        started.decide(&mut app, "approve");
        let (_, tokens) = server.poll(&mut app, &started);
        assert_eq!(tokens.get("refresh_token").is_some(), offline, "{tokens}");
        assert_eq!(tokens.get("id_token").is_some(), scope.starts_with("openid"), "{tokens}");
        if offline {
            let refresh = text(&tokens, "refresh_token");
            let fields =
                [("grant_type", "refresh_token"), ("client_id", server.client), ("refresh_token", &*refresh)];
            app.granted(server.token, &fields);
        }
        let graph = app.graph(&text(&tokens, "access_token"), "GET", "/me/calendars", None).0;
        assert_eq!(graph == 200, server.name == AuthorizationServer::Microsoft);
    }
}

#[test]
fn withdrawn_consent_ends_an_approved_code() {
    for server in BOTH {
        let mut app = App::new(&[]);
        let (started, open) = (server.start(&mut app, "openid"), server.start(&mut app, "openid"));
        started.decide(&mut app, "approve");
        assert!(app.sandbox.withdraw_consent(server.name, server.client, "ada@example.org"));
        server.refuses(&mut app, &started, (400, server.unknown));
        server.refuses(&mut app, &open, (server.pending, "authorization_pending"));
    }
}

#[test]
fn short_grant_type_is_accepted_by_microsoft_only() {
    let mut app = App::new(&[]);
    for (server, expected) in [(GOOGLE, "unsupported_grant_type"), (MICROSOFT, "authorization_pending")] {
        let started = server.start(&mut app, "openid");
        let fields = [
            ("grant_type", "device_code"),
            ("client_id", server.client),
            ("device_code", &*started.device_code),
        ];
        assert_eq!(app.post_form(server.token, &fields).1["error"], expected);
    }
    let apptoto = app.post_form(
        "/apptoto/api/oauth/token",
        &[("grant_type", GRANT), ("client_id", "apptoto-public-client"), ("device_code", "x")],
    );
    assert_eq!(apptoto.1["error"], "unsupported_grant_type");
    let (status, body) =
        app.post_form(MICROSOFT.token, &[("grant_type", GRANT), ("client_id", MICROSOFT.client)]);
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "the device code is missing");
}

#[test]
fn exchange_with_wrong_scope_keeps_the_code_valid() {
    let mut app = App::new(&[]);
    let started = MICROSOFT.start(&mut app, "Calendars.Read openid");
    started.decide(&mut app, "approve");
    let fields =
        [("grant_type", GRANT), ("client_id", MICROSOFT.client), ("device_code", &*started.device_code)];
    let wrong = with(&fields, &[("scope", "Calendars.ReadWrite")]);
    assert_eq!(app.post_form(MICROSOFT.token, &wrong).1["error"], "invalid_scope");
    let narrow = app.granted(MICROSOFT.token, &with(&fields, &[("scope", "calendars.read")]));
    assert_eq!(narrow["scope"], "calendars.read");
    assert!(narrow.get("id_token").is_some(), "the device authorization request had the scope");
}

#[test]
fn codes_depend_on_the_seed() {
    let start = |seed: &str| MICROSOFT.start(&mut App::new(&[("seed", seed)]), "openid").body;
    assert_eq!(start("1"), start("1"));
    assert_ne!(start("1")["user_code"], start("2")["user_code"]);
}

#[test]
fn device_paths_of_the_real_servers_work() {
    let mut app = App::new(&[]);
    let google = app.granted("/device/code", &[("client_id", GOOGLE.client), ("scope", "openid")]);
    assert_eq!(google["verification_url"], "http://localhost/device");
    let microsoft = "/organizations/oauth2/v2.0/devicecode";
    let microsoft = app.granted(microsoft, &[("client_id", MICROSOFT.client), ("scope", "openid")]);
    assert_eq!(microsoft["verification_uri"], "http://localhost/common/oauth2/deviceauth");
    for page in ["/device", "/common/oauth2/deviceauth"] {
        assert_eq!(app.send(get(page)).status(), 200);
    }
    let (status, body) = read(&app.send(form("/nobody/oauth2/v2.0/devicecode", "client_id=x&scope=openid")));
    assert_eq!((status.as_u16(), &body["error"]), (400, &json!("invalid_request")));
}
