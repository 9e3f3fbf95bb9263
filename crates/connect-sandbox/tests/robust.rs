//! Tests with arbitrary requests. Each request must get a response, and must not cause a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::{App, encode};
use connect_sandbox::Outcome;
use proptest::prelude::*;

const PATHS: &[&str] = &[
    "/api/oauth/authorize",
    "/api/oauth/providers",
    "/api/oauth/token",
    "/api/oauth/revoke",
    "/api/oauth/connection-status",
    "/api/oauth/disconnect",
    "/api/calendars",
    "/api/events",
    "/api/event",
    "/api/health",
    "/sandbox/stats",
    "/sandbox/faults",
    "/sandbox/set",
    "/sandbox/trigger",
    "/sandbox/resend",
    "/sandbox/deliveries",
    "/sandbox/rotate-keys",
    "/sandbox/advance",
    "/api/subscribe-webhook",
    "/.well-known/webhook-keys",
    "/google/o/oauth2/v2/auth",
    "/google/token",
    "/google/revoke",
    "/microsoft/common/oauth2/v2.0/authorize",
    "/microsoft/common/oauth2/v2.0/token",
    "/apptoto/www/oauth/authorize",
    "/apptoto/api/oauth/token",
    "/apptoto/api/oauth/revoke",
    "/microsoft//oauth2/v2.0/token",
    "/",
    "/api",
    "/api/",
];
const NAMES: &[&str] = &[
    "client_id",
    "user_id",
    "scope",
    "state",
    "providers",
    "provider",
    "account",
    "start",
    "end",
    "calendarIds",
    "pageSize",
    "nextPageToken",
    "singleEvents",
    "calendarId",
    "eventId",
    "recurringEventId",
    "deleteMode",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "login_hint",
    "response_mode",
];
const FIELDS: &[&str] = &[
    "provider",
    "calendarId",
    "eventId",
    "title",
    "start",
    "end",
    "allDay",
    "attendees",
    "recurrence",
    "conference",
    "conferenceData",
    "updateMode",
    "token",
    "grant_type",
    "endpoint",
    "times",
    "delay_ms",
    "latency_ms",
    "seed",
    "change",
    "user",
    "seconds",
    "channelId",
    "expiration",
    "webhook_url",
    "key_overlap",
    "delivery_order",
];

const FORM: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "token",
    "decision",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "google",
            "primary",
            "this",
            "following",
            "sandbox-client",
            "read",
            "2026-11-16T09:00:00Z",
            "9999-12-31",
            "-009999-01-01T00:00:00Z",
            "9999-12-30T21:59:59.999999999Z",
            "[]",
            "{\"google\":[\"primary\"]}",
            "1000",
            "refresh_token",
            "authorization_code",
            "google-client",
            "microsoft-client",
            "apptoto-client",
            "events:read",
            "http://127.0.0.1:8765/callback",
            "http://[::1]:1/callback",
            "code",
            "postmessage",
            "created",
            "deleted",
            "shuffled",
            "http://x/",
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let recurrence = (prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), 1..1000_i64, -31..32_i64).prop_map(
        |(frequency, interval, day)| serde_json::json!({ "frequency": frequency, "interval": interval, "byMonthDay": [day] }),
    );
    prop_oneof![
        text().prop_map(serde_json::Value::String),
        any::<i64>().prop_map(Into::into),
        any::<bool>().prop_map(Into::into),
        Just(serde_json::Value::Null),
        recurrence,
        prop::collection::vec(text(), 0..3).prop_map(Into::into),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        prop::collection::btree_map(prop::sample::select(FIELDS), value(), 0..8)
            .prop_map(|fields| serde_json::to_vec(&fields).unwrap()),
        prop::collection::vec((prop::sample::select(FORM), text()), 0..8)
            .prop_map(|fields| common::oauth::encoded_owned(&fields).into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn arbitrary_request_gets_a_response(
        calls in prop::collection::vec((
            prop::sample::select(&["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"][..]),
            prop::sample::select(PATHS),
            prop::collection::vec((prop::sample::select(NAMES), text()), 0..4),
            body(),
            any::<bool>(),
            prop::sample::select(&["application/json", "application/x-www-form-urlencoded", "text/plain"][..]),
        ), 1..12),
    ) {
        let mut app = App::new(&[("webhook_url", common::hook::URL)]);
        let token = app.user().access;
        for (method, path, query, body, signed_in, kind) in calls {
            let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
            let mut request = http::Request::builder().method(method).uri(format!("{path}?{}", query.join("&"))).header("content-type", kind);
            if signed_in {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = app.answer(request.body(Bytes::from(body)).unwrap());
            app.pass(1);
            common::hook::take(&mut app, 503);
            app.sandbox.next_delivery();
            if let Outcome::Reply(reply) = answer.outcome {
                let json = reply.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
                if json && !app.sandbox.requests().is_empty() && reply.status() != 200 {
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(reply.body()).is_ok());
                }
            }
        }
    }
}

proptest! {
    // Few cases, because each lists the events of twenty thousand years.
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn events_at_time_limits_are_listed(
        start in -377_705_023_201_000..253_402_207_200_000_i64,
        length in 0..100_000_000_000_i64,
        all_day in any::<bool>(),
        rule in prop::option::of(value()),
    ) {
        let mut app = App::new(&[("webhook_url", common::hook::URL), ("echo_suppression", "off")]);
        let token = app.user().access;
        let at = |ms: i64| jiff::Timestamp::from_millisecond(ms.min(253_402_207_200_000)).unwrap().to_string();
        let mut event = common::meeting();
        event["start"] = at(start).into();
        event["end"] = at(start + length).into();
        event["allDay"] = all_day.into();
        if let Some(rule) = rule {
            event["recurrence"] = rule;
        }
        let (_, body) = app.call(&token, "POST", "/event", Some(event));
        for masters in ["true", "false"] {
            let query = format!("start=-009999-01-03&end=9999-12-30&pageSize=1000&singleEvents={masters}");
            app.ok(&token, &format!("/events?{query}"));
        }
        if let Some(id) = body["id"].as_str() {
            let path = format!("/event?provider=google&calendarId=primary&eventId={}&deleteMode=this", encode(id));
            prop_assert!(app.call(&token, "DELETE", &path, None).0.is_success());
        }
        common::hook::trigger(&mut app, serde_json::json!({ "eventId": body["id"], "start": at(start) }));
        app.pass(1);
        common::hook::take(&mut app, 200);
    }
}

#[test]
fn oversized_body_gets_413() {
    let mut app = App::new(&[]);
    let request = http::Request::post("/api/oauth/revoke")
        .body(Bytes::from(vec![b' '; connect_sandbox::MAX_BODY + 1]))
        .unwrap();
    assert_eq!(app.send(request).status(), 413);
}
