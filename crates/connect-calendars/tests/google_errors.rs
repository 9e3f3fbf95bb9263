//! Tests how Google Calendar errors are classified by reason and status, and which calls are retried.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod google_common;

use std::sync::atomic::{AtomicUsize, Ordering};

use connect_calendars::google::{
    DeleteEvent, FreeBusy, GetEvent, InsertEvent, ListCalendars, ListEvents, ListInstances, PatchEvent,
    create,
};
use connect_core::{
    Endpoint, Error, ErrorKind, Limits, Tokens,
    types::{NewEvent, Provider},
};
use google_common::*;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

fn refusal(code: u16, domain: &str, reason: &str) -> String {
    json!({ "error": { "code": code, "message": "In words.",
        "errors": [{ "domain": domain, "reason": reason, "message": "In words." }] } })
    .to_string()
}

fn error(status: u16, body: &str) -> Error {
    read(&GetEvent::new("c", "e"), status, body).unwrap_err()
}

fn name(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Authentication => "authentication",
        ErrorKind::Permission { .. } => "permission",
        ErrorKind::RateLimited => "limit",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Validation { .. } => "validation",
        ErrorKind::NotFound => "not found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Server => "server",
        ErrorKind::Http => "http",
        other => panic!("{other:?}"),
    }
}

#[test]
fn status_403_is_classified_by_its_reason() {
    for (domain, reason, kind) in [
        ("usageLimits", "userRateLimitExceeded", "limit"),
        ("usageLimits", "rateLimitExceeded", "limit"),
        ("usageLimits", "quotaExceeded", "limit"),
        ("usageLimits", "dailyLimitExceeded", "limit"),
        ("usageLimits", "somethingNewExceeded", "limit"),
        ("global", "calendarUsageLimits", "limit"),
        ("global", "quotaExceeded", "limit"),
        ("usageLimits", "accessNotConfigured", "configuration"),
        ("usageLimits", "ipRefererBlocked", "configuration"),
        ("global", "forbidden", "permission"),
        ("calendar", "forbiddenForNonOrganizer", "permission"),
        ("calendar", "requiredAccessLevel", "permission"),
        ("global", "insufficientPermissions", "permission"),
        ("global", "brandNew", "permission"),
    ] {
        let error = error(403, &refusal(403, domain, reason));
        assert_eq!((name(&error), error.server_code()), (kind, Some(reason)), "{domain} {reason}");
        assert!(error.message().unwrap().contains("In words."));
    }
    let unused = error(403, &refusal(403, "usageLimits", "accessNotConfigured"));
    assert!(unused.to_string().contains("accessNotConfigured"), "{unused}");
}

#[test]
fn other_statuses_are_classified_by_status() {
    for (status, domain, reason, kind) in [
        (400, "calendar", "timeRangeEmpty", "validation"),
        (401, "global", "authError", "authentication"),
        (404, "global", "notFound", "not found"),
        (409, "global", "duplicate", "conflict"),
        (410, "calendar", "fullSyncRequired", "not found"),
        (410, "calendar", "updatedMinTooLongAgo", "not found"),
        (410, "global", "deleted", "not found"),
        (412, "global", "conditionNotMet", "conflict"),
        (429, "usageLimits", "rateLimitExceeded", "limit"),
        (500, "global", "backendError", "server"),
    ] {
        let error = error(status, &refusal(status, domain, reason));
        assert_eq!(name(&error), kind, "{status} {reason}");
        if status != 401 {
            assert_eq!(error.server_code(), Some(reason), "{status} {reason}");
        }
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
    let empty = error(400, &refusal(400, "calendar", "timeRangeEmpty"));
    let ErrorKind::Validation { details: Some(details) } = empty.kind() else { panic!("{empty:?}") };
    assert!(details.get().contains("timeRangeEmpty"));
}

#[test]
fn invalid_api_key_is_a_configuration_error() {
    let detailed = |reason: &str| {
        json!({ "error": { "code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
            "errors": [{ "domain": "global", "reason": "badRequest" }],
            "details": [{ "@type": "x" }, { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason }] } })
        .to_string()
    };
    let wrong = error(400, &detailed("API_KEY_INVALID"));
    assert_eq!((name(&wrong), wrong.server_code()), ("configuration", Some("API_KEY_INVALID")));
    let other = error(400, &detailed("SOMETHING_ELSE"));
    assert_eq!((name(&other), other.server_code()), ("validation", Some("badRequest")));
    let new_form = r#"{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}}"#;
    assert_eq!(name(&error(403, new_form)), "configuration");
    let bare = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#;
    let bare = error(429, bare);
    assert_eq!((name(&bare), bare.server_code()), ("limit", Some("RESOURCE_EXHAUSTED")));
}

#[test]
fn unreadable_body_is_classified_by_status() {
    for body in [
        "",
        "<html>",
        "null",
        "[]",
        "5",
        r#"{"error":null}"#,
        r#"{"error":[]}"#,
        r#"{"error":{"errors":5,"details":7}}"#,
    ] {
        for (status, kind) in [
            (400, "validation"),
            (403, "permission"),
            (404, "not found"),
            (410, "not found"),
            (412, "conflict"),
            (503, "server"),
        ] {
            assert_eq!(name(&error(status, body)), kind, "{status} {body}");
        }
    }
    let half = error(403, r#"{"error":{"message":"a\ud83d","errors":[{"reason":"userRateLimitExceeded"}]}}"#);
    assert_eq!(name(&half), "limit");
}

#[test]
fn byte_order_mark_before_json_is_skipped() {
    let marked = |body: &str| format!("\u{feff}{body}");
    let limited = error(403, &marked(&refusal(403, "usageLimits", "rateLimitExceeded")));
    assert_eq!((name(&limited), limited.server_code()), ("limit", Some("rateLimitExceeded")));
    let busy = r#"{"calendars":{"a":{"errors":[{"domain":"global","reason":"notFound"}]}}}"#;
    let response = read(&FreeBusy::new(Timestamp::UNIX_EPOCH, Timestamp::MAX), 200, &marked(busy)).unwrap();
    assert_eq!(name(&response.calendars["a"].intervals().unwrap_err()), "not found");
    let page = read(&ListEvents::new("c"), 200, &marked(r#"{"items":[{"id":"e"}]}"#)).unwrap();
    assert_eq!(page.events.len(), 1);
}

#[test]
fn rate_limit_is_retried_and_missing_permission_is_not() {
    let new = NewEvent::new((Provider::Google, "c"), "x", Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let tries = |reason: &'static str| {
        let wire = Wire::default();
        let user = wire.user(move |_| Ok(response(403, refusal(403, "usageLimits", reason))));
        user.send(&GetEvent::new("c", "e")).unwrap_err();
        let reads = wire.count();
        // The rate limit refused the request, so no event was created and a retry is safe.
        user.send(&InsertEvent::new(&new)).unwrap_err();
        (reads, wire.count() - reads)
    };
    assert_eq!(tries("userRateLimitExceeded"), (3, 3));
    assert_eq!(tries("accessNotConfigured"), (1, 1));
}

#[test]
fn rate_limit_delays_only_its_user() {
    for (status, reason) in [(403, "userRateLimitExceeded"), (429, "rateLimitExceeded")] {
        let wire = Wire::default();
        let client = wire.client(move |request| {
            if request.headers()["authorization"] != "Bearer access" {
                return Ok(response(200, r#"{"id":"e"}"#));
            }
            let mut limited = response(status, refusal(status, "usageLimits", reason));
            // The call fails, because it does not wait ten minutes before a retry.
            limited.headers_mut().insert("retry-after", "600".parse().unwrap());
            Ok(limited)
        });
        let [ada, grace] = ["ada", "grace"].map(|name| client.user(name));
        ada.import(Tokens::new("access", "refresh")).unwrap();
        grace.import(Tokens::new("other", "refresh")).unwrap();
        let call = GetEvent::new("c", "e");
        assert_eq!(name(&ada.send(&call).unwrap_err()), "limit");
        assert_eq!(grace.send(&call).unwrap().id, "e");
        assert_eq!(
            (name(&ada.send(&call).unwrap_err()), wire.count()),
            ("limit", 2),
            "no request is sent during the cool-down"
        );
    }
    assert_eq!(GetEvent::new("c", "e").limits(), Limits::of_each_user());
    assert_eq!((Limits::of_each_user().at_once, Limits::of_each_user().per_user), (None, true));
}

#[test]
fn every_call_reads_google_errors() {
    let body = refusal(403, "usageLimits", "rateLimitExceeded");
    let new = NewEvent::new((Provider::Google, "c"), "x", Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let event = connect_core::types::Event::new(Provider::Google, "c", "e");
    let kinds = [
        read(&ListCalendars::new(), 403, &body).map(drop),
        read(&ListEvents::new("c"), 403, &body).map(drop),
        read(&ListInstances::new("c", "e"), 403, &body).map(drop),
        read(&InsertEvent::new(&new), 403, &body).map(drop),
        read(&PatchEvent::new(&event.change().unwrap()), 403, &body).map(drop),
        read(&DeleteEvent::new(&event.delete().unwrap()), 403, &body).map(drop),
        read(&FreeBusy::new(Timestamp::UNIX_EPOCH, Timestamp::MAX), 403, &body).map(drop),
    ];
    for outcome in kinds {
        assert_eq!(name(&outcome.unwrap_err()), "limit");
    }
}

#[test]
fn response_without_a_list_is_an_error() {
    for body in ["", "{}", "[]", "<html>", r#"{"items":null}"#, r#"{"items":{}}"#] {
        for error in [
            read(&ListEvents::new("c"), 200, body).map(drop).unwrap_err(),
            read(&ListCalendars::new(), 200, body).map(drop).unwrap_err(),
            read(&FreeBusy::new(Timestamp::UNIX_EPOCH, Timestamp::MAX), 200, body).map(drop).unwrap_err(),
        ] {
            assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{body}: {error:?}");
        }
    }
    let odd = r#"{"items":[null,5,{"id":"e","start":7,"attendees":"x","summary":{}}],"timeZone":5}"#;
    let page = read(&ListEvents::new("c"), 200, odd).unwrap();
    assert_eq!((page.events.len(), page.events[0].id.as_str(), page.time_zone), (1, "e", None));
}

#[test]
fn unreadable_busy_time_is_an_error() {
    let body = r#"{"calendars":{"a":{"busy":[{"start":"2026-11-18T09:00:00Z","end":"soon"}]}}}"#;
    let error = read(&FreeBusy::new(Timestamp::UNIX_EPOCH, Timestamp::MAX), 200, body).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{error:?}");
    let body =
        r#"{"calendars":{"a":{"errors":[{"domain":"global","reason":"notFound"}]},"b":{"errors":[{}]}}}"#;
    let response = read(&FreeBusy::new(Timestamp::UNIX_EPOCH, Timestamp::MAX), 200, body).unwrap();
    let error = response.calendars["a"].intervals().unwrap_err();
    assert_eq!((name(&error), error.server_code()), ("not found", Some("notFound")));
    assert!(response.calendars["b"].intervals().is_err());
}

#[test]
fn insert_with_a_lost_response_finds_its_event() {
    let new = NewEvent::new((Provider::Google, "c"), "x", Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let run = |found: &'static str| {
        let (wire, tries) = (Wire::default(), AtomicUsize::new(0));
        let user = wire.user(move |request| {
            match (request.method().as_str(), tries.fetch_add(1, Ordering::SeqCst)) {
                ("POST", 0) => Ok(response(503, "")), // the event may have been created
                ("POST", _) => Ok(response(409, refusal(409, "global", "duplicate"))),
                _ => Ok(response(200, found)),
            }
        });
        (create(&user, &InsertEvent::once(&new, "k")), wire.uris())
    };
    let (event, uris) = run(r#"{"id":"k","summary":"x","status":"confirmed"}"#);
    assert_eq!(event.unwrap().title, "x");
    assert_eq!(uris.len(), 3);
    assert_eq!(uris[0], uris[1]);
    assert!(uris[2].starts_with(&format!("{}/", uris[0])), "{uris:?}");
    let (deleted, _) = run(r#"{"id":"k","status":"cancelled"}"#);
    let deleted = deleted.unwrap_err();
    assert_eq!((name(&deleted), deleted.server_code()), ("conflict", Some("duplicate")));
    let user = Wire::default().user(|request| match request.method().as_str() {
        "POST" => Ok(response(409, refusal(409, "global", "duplicate"))),
        _ => Ok(response(404, refusal(404, "global", "notFound"))),
    });
    assert_eq!(name(&create(&user, &InsertEvent::once(&new, "k")).unwrap_err()), "conflict");

    let wire = Wire::default();
    let user = wire.user(|_| Ok(response(503, "")));
    let error = create(&user, &InsertEvent::new(&new)).unwrap_err();
    assert!(error.may_have_happened());
    assert_eq!(wire.count(), 1, "without an id, a retry could create a second event");
}

#[test]
fn deletion_with_a_lost_response_succeeds() {
    let event = connect_core::types::Event::new(Provider::Google, "c", "e");
    let tries = AtomicUsize::new(0);
    let user = Wire::default().user(move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(response(503, "")),
        _ => Ok(response(410, refusal(410, "global", "deleted"))),
    });
    user.send(&DeleteEvent::new(&event.delete().unwrap())).unwrap();
}

proptest! {
    #[test]
    fn arbitrary_body_never_panics(body in ".{0,80}", status in 200_u16..600) {
        let _ = read(&ListEvents::new("c"), status, &body);
        let _ = read(&GetEvent::new("c", "e"), status, &body);
    }

    #[test]
    fn arbitrary_json_never_panics(reason in ".{0,20}", odd in prop_oneof![Just("null"), Just("[]"), Just("{}"), Just("5"), Just("\"x\""), Just("\"\\ud83d\"")], status in 200_u16..600) {
        let reason = json!(reason);
        let body = format!(r#"{{"items":[{{"id":{odd},"start":{odd},"end":{{"date":{odd},"dateTime":{odd}}},"attendees":[{odd}],
            "extendedProperties":{{"private":{odd},"shared":{odd}}},"conferenceData":{{"entryPoints":[{odd}],"conferenceSolution":{odd}}},
            "recurrence":[{odd}],"colorId":{odd},"summary":{reason}}}],"nextPageToken":null,
            "error":{{"code":{odd},"message":{odd},"errors":[{odd},{{"reason":{reason}}}],"details":{odd}}}}}"#);
        if status == 200 {
            let page = read(&ListEvents::new("c"), 200, &body).unwrap();
            prop_assert_eq!(page.events.len(), 1);
        } else {
            let _ = read(&ListEvents::new("c"), status, &body);
        }
    }
}
