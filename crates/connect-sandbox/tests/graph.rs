//! Microsoft Graph: authentication, scopes, and the format of calendars and events.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::graph::*;
use common::oauth::error;
use common::{App, read};
use connect_sandbox::Fault;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn graph_call_needs_valid_token_with_scope() {
    let (mut app, token) = ada(&[]);
    app.graph_ok(&token, VIEW);
    let (connect, google) = (app.user().access, app.google_token(ADA, &["calendar"]));
    let refused = error(401, "InvalidAuthenticationToken");
    for bad in ["unknown", connect.as_str(), google.as_str()] {
        assert_eq!(app.graph_refused(bad, "GET", VIEW, None), refused, "{bad}");
    }
    for headers in [&[][..], &[("authorization", "Basic eDp5")]] {
        let reply = app.graph_reply(headers, "GET", VIEW, None);
        assert!(reply.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="));
        assert_eq!(refusal(reply.status().as_u16(), &read(&reply).1), refused);
    }
    let denied = error(403, "ErrorAccessDenied");
    for scope in ["Calendars.Read", "https://graph.microsoft.com/calendars.read"] {
        let reader = app.graph_token(ADA, scope);
        app.graph_ok(&reader, VIEW);
        assert_eq!(app.graph_refused(&reader, "POST", EVENTS, Some(hour())), denied);
        assert_eq!(app.graph_refused(&reader, "PATCH", "/me/events/review", Some(json!({}))), denied);
        assert_eq!(app.graph_refused(&reader, "DELETE", "/me/events/review", None), denied);
    }
    let other = app.graph_token(ADA, "User.Read");
    assert_eq!(app.graph_refused(&other, "GET", "/me/calendars", None), denied);

    app.pass(3599);
    assert_eq!(app.graph_refused(&token, "GET", VIEW, None), refused);
    let fresh = app.graph_token(ADA, "Calendars.Read");
    app.graph_ok(&fresh, VIEW);
    app.sandbox.expire_all(app.now);
    assert_eq!(app.graph_refused(&fresh, "GET", VIEW, None), refused);
}

#[test]
fn calendars_are_listed_in_pages() {
    let (mut app, token) = ada(&[]);
    let (pages, _) = app.graph_pages(&token, &[], "/me/calendars?$top=2");
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let all = pages.concat();
    let own = &all[0];
    assert_eq!(
        (&own["id"], &own["name"], &own["hexColor"]),
        (&json!("own"), &json!("Calendar"), &json!("#0078d4"))
    );
    assert_eq!((&own["isDefaultCalendar"], &own["isRemovable"]), (&json!(true), &json!(false)));
    for name in ["canEdit", "canShare", "canViewPrivateItems"] {
        assert_eq!(own[name], true, "{name}");
    }
    assert_eq!(own["owner"]["address"], ADA);
    assert!(own["changeKey"].is_string() && own["allowedOnlineMeetingProviders"].is_array());
    let team = &all[2];
    assert_eq!((&team["canEdit"], &team["color"]), (&json!(false), &json!("lightBlue")));
    assert_eq!(team["owner"]["name"], "Grace");

    assert_eq!(app.graph_ok(&token, "/me/calendar")["id"], "own");
    assert_eq!(app.graph_ok(&token, "/me/calendars/other")["name"], "Other");
    assert_eq!(app.graph_refused(&token, "GET", "/me/calendars/none", None), error(404, "ErrorItemNotFound"));
    let few = app.graph_ok(&token, "/me/calendars?$select=name&%24top=1");
    assert_eq!(few["value"], json!([{ "id": "own", "name": "Calendar" }]));
    for query in ["$top=0", "$top=1001", "$skip=x", "$filter=x", "$select=summary", "$count=true"] {
        assert_eq!(
            app.graph_refused(&token, "GET", &format!("/me/calendars?{query}"), None).0,
            400,
            "{query}"
        );
    }
    let usual = |app: &mut App| app.graph_pages(&token, &[], "/me/calendars").0.len();
    assert_eq!(usual(&mut app), 1);
    app.sandbox.set("graph_page", "1").unwrap();
    assert_eq!(usual(&mut app), 3);
}

#[test]
fn event_has_graph_format() {
    let (mut app, token) = ada(&[]);
    let review = app.graph_ok(&token, "/me/events/review");
    assert_eq!(review["start"], json!({ "dateTime": "2026-11-17T13:00:00.0000000", "timeZone": "UTC" }));
    assert_eq!((&review["subject"], &review["sensitivity"]), (&json!("Review"), &json!("private")));
    assert_eq!(review["body"], json!({ "contentType": "html", "content": "<b>Bring</b> slides &amp; tea" }));
    assert_eq!(review["bodyPreview"], "Bring slides & tea");
    let guests = review["attendees"].as_array().unwrap();
    assert_eq!(guests.len(), 2, "the organizer is not an attendee");
    assert_eq!(guests[0]["emailAddress"]["address"], "grace@example.org");
    assert_eq!((&guests[0]["type"], &guests[0]["status"]["response"]), (&json!("required"), &json!("none")));
    assert_eq!(guests[1]["status"]["response"], "tentativelyAccepted");
    assert_eq!(review["organizer"]["emailAddress"]["address"], ADA);
    assert_eq!(
        (&review["isOrganizer"], &review["responseStatus"]["response"]),
        (&json!(true), &json!("organizer"))
    );
    assert_eq!((&review["type"], &review["seriesMasterId"]), (&json!("singleInstance"), &Value::Null));
    assert_eq!(review["lastModifiedDateTime"], "2026-11-03T08:00:00.0000000Z");
    assert_eq!(review["@odata.etag"], json!(format!("W/\"{}\"", review["changeKey"].as_str().unwrap())));
    assert!(review["iCalUId"].is_string() && review["webLink"].is_string());

    let offsite = app.graph_ok(&token, "/me/calendar/events/offsite");
    assert_eq!((&offsite["isAllDay"], &offsite["showAs"]), (&json!(true), &json!("free")));
    assert_eq!(offsite["end"]["dateTime"], "2026-11-21T00:00:00.0000000");

    let talk = app.graph_ok(&token, "/me/calendars/other/events/talk");
    assert_eq!((&talk["showAs"], &talk["isOrganizer"]), (&json!("tentative"), &json!(false)));
    assert_eq!(talk["responseStatus"]["response"], "accepted");
    assert_eq!(talk["onlineMeeting"], json!({ "joinUrl": "https://teams.example/1" }));
    assert_eq!(app.graph_ok(&token, "/me/events/talk")["id"], "talk", "an event is found in every calendar");

    let standup = app.graph_ok(&token, "/me/events/standup");
    assert_eq!(
        (&standup["type"], &standup["location"]["displayName"]),
        (&json!("seriesMaster"), &json!("Room 5"))
    );
    assert_eq!(standup["recurrence"]["pattern"]["type"], "daily");
    let range = json!({
        "type": "numbered", "startDate": "2026-11-16", "endDate": "0001-01-01", "recurrenceTimeZone": "UTC",
        "numberOfOccurrences": 5,
    });
    assert_eq!(standup["recurrence"]["range"], range);
    let one = app.graph_ok(&token, "/me/events/standup_20261117T090000Z");
    assert_eq!((&one["type"], &one["seriesMasterId"]), (&json!("occurrence"), &json!("standup")));
    assert_eq!(
        (&one["recurrence"], &one["originalStart"]),
        (&Value::Null, &json!("2026-11-17T09:00:00.0000000Z"))
    );
}

#[test]
fn unknown_id_gets_404_and_malformed_id_400() {
    let (mut app, token) = ada(&[]);
    let made = app.graph_create(&token, hour());
    let unknown = format!("{}AAAA=", common::id(&made).trim_end_matches('='));
    let (not_found, malformed) = (error(404, "ErrorItemNotFound"), error(400, "ErrorInvalidIdMalformed"));
    let mut get = |path: &str| app.graph_refused(&token, "GET", path, None);
    assert_eq!(get(&event_path(&unknown)), not_found);
    assert_eq!(get("/me/events/standup_20261130T090000Z"), not_found);
    assert_eq!(get("/me/events/nonsense"), malformed);
    assert_eq!(get("/me/calendars/none/events/review"), not_found);
    assert_eq!(get("/me/calendars/other/events/nonsense/instances"), malformed);
}

#[test]
fn times_follow_the_preferred_time_zone() {
    let (mut app, token) = ada(&[]);
    let bearer = format!("Bearer {token}");
    for (zone, start) in [
        ("W. Europe Standard Time", "2026-11-17T14:00:00.0000000"),
        ("Europe/Budapest", "2026-11-17T14:00:00.0000000"),
        ("Tokyo Standard Time", "2026-11-17T22:00:00.0000000"),
        ("UTC", "2026-11-17T13:00:00.0000000"),
    ] {
        let prefer = format!("outlook.timezone=\"{zone}\", odata.maxpagesize=50");
        let headers =
            [("authorization", bearer.as_str()), ("prefer", &prefer), ("Prefer", "IdType=\"ImmutableId\"")];
        let reply = app.graph_reply(&headers, "GET", VIEW, None);
        let applied = format!("outlook.timezone=\"{zone}\", odata.maxpagesize=50, IdType=\"ImmutableId\"");
        assert_eq!(reply.headers()["preference-applied"], applied);
        let events = read(&reply).1["value"].as_array().unwrap().clone();
        let one = |id: &str| events.iter().find(|one| one["id"] == id).unwrap()["start"].clone();
        assert_eq!(one("review"), json!({ "dateTime": start, "timeZone": zone }));
        assert_eq!(one("offsite"), json!({ "dateTime": "2026-11-19T00:00:00.0000000", "timeZone": zone }));
    }
    let refused = |app: &mut App, zone: &str| {
        let prefer = format!("outlook.timezone=\"{zone}\"");
        let (status, body) = app.graph_with(&token, &[("prefer", &prefer)], "GET", VIEW, None);
        if status == 200 { (200, String::new()) } else { refusal(status, &body) }
    };
    let unknown = error(400, "TimeZoneNotSupportedException");
    assert_eq!(refused(&mut app, "Mars Standard Time"), unknown);
    assert_eq!(refused(&mut app, "Europe/Madrid").0, 200);
    app.sandbox.set("graph_zones", "listed").unwrap();
    assert_eq!(refused(&mut app, "Europe/Madrid"), unknown, "Graph does not document this name");
    assert_eq!(refused(&mut app, "Europe/Paris").0, 200);
}

#[test]
fn body_is_text_if_preferred() {
    let (mut app, token) = ada(&[]);
    let mut body = |id: &str, kind: &str| {
        let prefer = format!("outlook.body-content-type=\"{kind}\"");
        app.graph_with(&token, &[("prefer", &prefer)], "GET", &event_path(id), None).1["body"].clone()
    };
    assert_eq!(body("review", "text"), json!({ "contentType": "text", "content": "Bring slides & tea" }));
    assert_eq!(body("review", "html")["content"], "<b>Bring</b> slides &amp; tea");
}

#[test]
fn schedule_has_one_digit_per_slot() {
    let (mut app, token) = ada(&[]);
    app.graph_create(&token, with(hour(), &json!({ "showAs": "oof" })));
    app.graph_create(&token, with(hour(), &json!({ "showAs": "tentative" })));
    let time = |hour: u8| json!({ "dateTime": format!("2026-11-18T{hour:02}:00:00"), "timeZone": "UTC" });
    let asked = json!({
        "schedules": [ADA, "grace@outlook.example", "nobody@example.org"],
        "startTime": time(8), "endTime": time(12), "availabilityViewInterval": 60,
    });
    let (status, answer) = app.graph(&token, "POST", "/me/calendar/getSchedule", Some(asked.clone()));
    assert_eq!(status, 200, "{answer}");
    let [own, grace, nobody] = answer["value"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&own["scheduleId"], &own["availabilityView"]), (&json!(ADA), &json!("0300")));
    let items = own["scheduleItems"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert!(items.iter().any(|one| one["subject"] == "Stand-up" && one["status"] == "busy"));
    assert_eq!(items[0]["start"]["timeZone"], "UTC");
    assert_eq!((&grace["availabilityView"], &grace["scheduleItems"]), (&json!("0000"), &json!([])));
    assert_eq!(nobody["error"]["responseCode"], "ErrorMailRecipientNotFound");
    assert!(own.get("error").is_none());

    let seventeenth =
        |hour: u8| json!({ "dateTime": format!("2026-11-17T{hour:02}:00:00"), "timeZone": "UTC" });
    let of = json!({
        "Schedules": ["grace@outlook.example"], "StartTime": seventeenth(13), "endTime": seventeenth(14),
    });
    let (_, answer) = app.graph(&token, "POST", "/me/calendar/getSchedule", Some(of));
    let grace = &answer["value"][0];
    assert_eq!(grace["availabilityView"], "22", "two slots of half an hour");
    assert_eq!(grace["scheduleItems"][0].get("subject"), None, "the mailbox belongs to another user");
    for (name, value) in [
        ("schedules", json!([])),
        ("endTime", time(8)),
        ("availabilityViewInterval", json!(4)),
        ("startTime", json!({ "dateTime": "2026-11-18T08:00:00", "timeZone": "Nowhere" })),
    ] {
        let body = with(asked.clone(), &json!({ name: value }));
        assert_eq!(
            app.graph_refused(&token, "POST", "/me/calendar/getSchedule", Some(body)).0,
            400,
            "{name}"
        );
    }
}

#[test]
fn error_format_follows_switches() {
    let (mut app, token) = ada(&[]);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("client-request-id", "mine")];
    let get = |app: &mut App| {
        let reply = app.graph_reply(&headers, "GET", "/me/events/nonsense", None);
        assert_eq!(reply.headers()["client-request-id"], "mine");
        read(&reply).1["error"].clone()
    };
    let error = get(&mut app);
    assert_eq!(
        (&error["code"], &error["innerError"]["client-request-id"]),
        (&json!("ErrorInvalidIdMalformed"), &json!("mine"))
    );
    assert_eq!(error["innerError"]["date"], "2026-11-15T10:00:00");
    app.sandbox.set("graph_inner_error", "innererror").unwrap();
    assert!(get(&mut app)["innererror"].is_object() && get(&mut app).get("innerError").is_none());
    app.sandbox.set("graph_error_codes", "nested").unwrap();
    let error = get(&mut app);
    assert_eq!(
        (&error["code"], &error["innererror"]["code"]),
        (&json!("invalidRequest"), &json!("ErrorInvalidIdMalformed"))
    );
}

#[test]
fn every_nth_graph_call_gets_retry_after() {
    for (limit, code) in [
        ("429", "TooManyRequests"),
        ("503", "ServiceUnavailable"),
        ("504", "GatewayTimeout"),
        ("509", "BandwidthLimitExceeded"),
    ] {
        let (mut app, token) = ada(&[("graph_limit", limit), ("graph_limit_every", "2")]);
        app.graph_ok(&token, VIEW);
        let bearer = format!("Bearer {token}");
        let reply = app.graph_reply(&[("authorization", &bearer)], "GET", VIEW, None);
        assert_eq!(refusal(reply.status().as_u16(), &read(&reply).1), error(limit.parse().unwrap(), code));
        assert_eq!(reply.headers()["retry-after"], "2");
        app.graph_ok(&token, VIEW);
        app.sandbox.set("graph_retry_after", "none").unwrap();
        let reply = app.graph_reply(&[("authorization", &bearer)], "GET", VIEW, None);
        assert_eq!(reply.headers().get("retry-after"), None);
    }
}

#[test]
fn mailbox_limits_concurrent_requests_of_an_app() {
    let (mut app, token) = ada(&[("latency_ms", "1000")]);
    let statuses = |app: &mut App, token: &str, count: usize| {
        (0..count).map(|_| app.graph(token, "GET", VIEW, None).0).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&mut app, &token, 5), [200, 200, 200, 200, 429]);
    let grace = app.graph_token("grace@outlook.example", "Calendars.Read");
    assert_eq!(statuses(&mut app, &grace, 2), [200, 200], "the limit is per mailbox");
    app.pass(1);
    assert_eq!(statuses(&mut app, &token, 4), [200; 4]);
    let most = app.sandbox.stats().most_at_once;
    assert_eq!((most[ADA], most["grace@outlook.example"]), (5, 2));
    app.sandbox.set("graph_concurrency", "none").unwrap();
    assert_eq!(statuses(&mut app, &token, 3), [200; 3]);
    assert_eq!(app.sandbox.stats().most_at_once[ADA], 7);

    let (mut app, token) = ada(&[]);
    assert_eq!(statuses(&mut app, &token, 9), [200; 9], "sequential requests are not limited");
    assert_eq!(app.sandbox.stats().most_at_once[ADA], 1);
}

#[test]
fn graph_calls_are_counted_and_matched_by_faults() {
    let (mut app, token) = ada(&[]);
    let endpoint = "GET /microsoft/graph/v1.0/me/calendars/{calendarId}/events/{eventId}";
    app.sandbox.add_fault(Fault::on(endpoint).status(503).delay(Duration::from_secs(1)));
    let path = "/me/calendars/own/events/review";
    assert_eq!(app.graph(&token, "GET", path, None).0, 503);
    app.graph_ok(&token, path);
    app.graph_refused(&token, "GET", "/me/calendars/own/events/nothing", None);
    let stats = app.sandbox.stats();
    assert_eq!(
        (stats.answered(endpoint, 200), stats.answered(endpoint, 400), stats.total(endpoint)),
        (1, 1, 3)
    );
    assert_eq!(app.sandbox.requests().last().unwrap().endpoint, endpoint);
    let (status, _) = app.graph(&token, "DELETE", "/me/calendars", None);
    assert_eq!(status, 405);
}
