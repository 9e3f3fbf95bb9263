//! Google Calendar: authentication, scopes, and the format of calendars and events.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::calendar::*;
use common::oauth::error;
use common::{App, read};
use connect_sandbox::Fault;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn call_needs_valid_token_with_scope() {
    let (mut app, token) = ada(&[]);
    app.google_ok(&token, EVENTS);
    let connect = app.user().access;
    for bad in ["unknown", connect.as_str()] {
        assert_eq!(app.google_refused(bad, "GET", EVENTS, None), error(401, "authError"), "{bad}");
    }
    let reply = app.google_reply(&[("authorization", "Bearer x")], "GET", EVENTS, None);
    assert!(reply.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="));
    assert_eq!(read(&reply).1["error"]["status"], "UNAUTHENTICATED");
    assert_eq!(read(&reply).1["error"]["errors"][0]["location"], "Authorization");

    let reader = app.google_token("ada@gmail.example", &["calendar.readonly"]);
    app.google_ok(&reader, EVENTS);
    app.google_ok(&reader, "/users/me/calendarList");
    let narrow = error(403, "insufficientPermissions");
    assert_eq!(app.google_refused(&reader, "POST", EVENTS, Some(hour())), narrow);
    assert_eq!(app.google_refused(&reader, "DELETE", &format!("{EVENTS}/review"), None), narrow);
    let events = app.google_token("ada@gmail.example", &["calendar.events"]);
    assert_eq!(app.google_refused(&events, "GET", "/users/me/calendarList", None), narrow);

    app.pass(3599);
    assert_eq!(app.google_refused(&reader, "GET", EVENTS, None), error(401, "authError"));
    let fresh = app.google_token("ada@gmail.example", &["calendar.readonly"]);
    app.google_ok(&fresh, EVENTS);
    app.sandbox.expire_all(app.now);
    assert_eq!(app.google_refused(&fresh, "GET", EVENTS, None), error(401, "authError"));
}

#[test]
fn owned_scope_only_writes_owned_calendars() {
    let (mut app, all) = ada(&[]);
    let scopes = ["calendar.events.owned", "calendar.readonly", "calendar.events.public.readonly"];
    let owned = app.google_token("ada@gmail.example", &scopes);
    let mut insert = |token: &str, calendar: &str| {
        app.google(token, "POST", &format!("/calendars/{calendar}/events"), Some(hour()))
    };
    assert_eq!(insert(&owned, "primary").0, 200);
    assert_eq!(insert(&all, "written").0, 200);
    let (status, body) = insert(&owned, "written");
    assert_eq!(refusal(status, &body), error(403, "insufficientPermissions"));
    let (status, body) = insert(&all, "read");
    assert_eq!(refusal(status, &body), error(403, "requiredAccessLevel"));
    assert_eq!(body["error"]["errors"][0]["domain"], "calendar");

    let only = app.google_token("ada@gmail.example", &["calendar.events.public.readonly"]);
    assert_eq!(app.google_refused(&only, "GET", EVENTS, None), error(403, "insufficientPermissions"));
    app.google_ok(&only, "/calendars/open%40group.calendar.google.com/events");
}

#[test]
fn free_busy_access_hides_details() {
    let (mut app, token) = ada(&[]);
    let blocks = app.google_token("ada@gmail.example", &["calendar.events.freebusy"]);
    let hidden = |event: &Value| {
        assert_eq!((event.get("summary"), &event["visibility"]), (None, &json!("private")), "{event}");
        assert!(event["start"].is_object() && event.get("attendees").is_none());
    };
    hidden(&app.google_ok(&blocks, &format!("{EVENTS}/review")));
    hidden(&app.google_ok(&token, "/calendars/blocks/events/review"));
    // Ada may only read this calendar, so the details of its private event are hidden.
    hidden(&app.google_ok(&token, "/calendars/read/events/review"));
    assert_eq!(app.google_ok(&token, "/calendars/written/events/review")["summary"], "Review");
}

#[test]
fn api_key_only_reads_public_calendars() {
    let (mut app, token) = ada(&[]);
    let mut get = |headers: &[(&str, &str)], path: &str| {
        let (status, body) = read(&app.google_reply(headers, "GET", path, None));
        (status.as_u16(), body)
    };
    let holidays = format!("/calendars/{HOLIDAYS}/events");
    let key = ("x-goog-api-key", "sandbox-key");
    for (headers, path) in [
        (&[key][..], format!("{holidays}?singleEvents=true&orderBy=startTime")),
        (&[], format!("{holidays}?key=sandbox-key&singleEvents=true&orderBy=startTime")),
    ] {
        let (status, list) = get(headers, &path);
        assert_eq!((status, &list["accessRole"]), (200, &json!("reader")), "{list}");
        let days = list["items"].as_array().unwrap();
        assert!(
            days.iter()
                .any(|day| day["summary"] == "Thanksgiving Day" && day["start"]["date"] == "2026-11-26")
        );
    }
    assert_eq!(get(&[key], "/calendars/open%40group.calendar.google.com/events").0, 200);
    for calendar in ["primary", "ada%40gmail.example", "written", "nothing"] {
        let (status, body) = get(&[key], &format!("/calendars/{calendar}/events"));
        assert_eq!(refusal(status, &body), error(404, "notFound"), "{calendar}");
    }
    let (status, body) = get(&[key], "/users/me/calendarList");
    assert_eq!(refusal(status, &body), error(401, "required"));
    let (status, body) = get(&[], &format!("{holidays}?key=wrong"));
    assert_eq!(refusal(status, &body), error(400, "badRequest"));
    assert_eq!(body["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let (status, body) = get(&[], &holidays);
    assert_eq!(refusal(status, &body), error(403, "forbidden"));
    let bearer = format!("Bearer {token}");
    assert_eq!(get(&[("authorization", &bearer)], &holidays).0, 200, "an access token is enough as well");

    let reply = app.google_reply(&[key], "POST", &holidays, Some(hour()));
    assert_eq!(refusal(401, &read(&reply).1), error(401, "required"));
    app.sandbox.set("google_no_auth", "401").unwrap();
    let reply = app.google_reply(&[], "GET", &holidays, None);
    assert_eq!(refusal(reply.status().as_u16(), &read(&reply).1), error(401, "required"));
}

#[test]
fn calendar_list_has_pages_and_roles() {
    let (mut app, token) = ada(&[]);
    let list = "/users/me/calendarList?showHidden=true";
    let (pages, _) = app.google_pages(&token, &format!("{list}&maxResults=2"));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let all = pages.concat();
    let one = |id: &str| all.iter().find(|entry| entry["id"] == id).unwrap();
    let ada = one("ada@gmail.example");
    assert_eq!((&ada["summary"], &ada["timeZone"]), (&json!("Ada"), &json!("Europe/Budapest")));
    assert_eq!((&ada["primary"], &ada["accessRole"]), (&json!(true), &json!("owner")));
    assert_eq!((&ada["colorId"], &ada["backgroundColor"]), (&json!("1"), &json!("#ac725e")));
    let shared = one("read");
    assert_eq!((&shared["summaryOverride"], &shared["accessRole"]), (&json!("Mine"), &json!("reader")));
    assert_eq!(shared.get("primary"), None);

    let count = |list: Value| list["items"].as_array().unwrap().len();
    assert_eq!(count(app.google_ok(&token, "/users/me/calendarList")), 4, "one calendar is hidden");
    assert_eq!(count(app.google_ok(&token, "/users/me/calendarList?minAccessRole=writer")), 3);
    let mut refused =
        |query: &str| app.google_refused(&token, "GET", &format!("/users/me/calendarList?{query}"), None);
    assert_eq!(refused("minAccessRole=king"), error(400, "invalid"));
    assert_eq!(refused("maxResults=0"), error(400, "invalid"));
    assert_eq!(refused("pageToken=x"), error(400, "invalid"));

    assert_eq!(app.google_ok(&token, "/users/me/calendarList/primary")["id"], "ada@gmail.example");
    assert_eq!(app.google_ok(&token, "/calendars/ada%40gmail.example")["kind"], "calendar#calendar");
    let colors = app.google_ok(&token, "/colors");
    assert_eq!(colors["event"]["11"]["background"], "#d50000");
}

#[test]
fn calendar_list_sync_token_returns_changes() {
    let (mut app, token) = ada(&[]);
    let (_, sync) = app.google_pages(&token, "/users/me/calendarList?");
    let changes = |app: &mut App, sync: &str| {
        let (pages, sync) = app.google_pages(&token, &format!("/users/me/calendarList?syncToken={sync}"));
        (pages.concat(), sync)
    };
    assert!(changes(&mut app, &sync).0.is_empty());
    let mut team: Value = serde_json::from_str(&team()).unwrap();
    let calendars = team["users"]["ada"]["google"]["calendars"].as_array_mut().unwrap();
    calendars[0]["title"] = json!("Ada L.");
    calendars.pop();
    app.sandbox.seed(&team.to_string()).unwrap();
    let (told, next) = changes(&mut app, &sync);
    assert_eq!(
        (&told[0]["summary"], &told[1]["id"], &told[1]["deleted"]),
        (&json!("Ada L."), &json!("blocks"), &json!(true))
    );
    assert!(changes(&mut app, &next).0.is_empty());
    for query in
        ["minAccessRole=owner", "showOwnOrganizationOnly=true", "showHidden=false", "showDeleted=false"]
    {
        let path = format!("/users/me/calendarList?syncToken={next}&{query}");
        assert_eq!(app.google_refused(&token, "GET", &path, None), error(400, "badRequest"), "{query}");
    }
    app.sandbox.expire_sync_tokens();
    let path = format!("/users/me/calendarList?syncToken={next}");
    assert_eq!(app.google_refused(&token, "GET", &path, None), error(410, "fullSyncRequired"));
}

#[test]
fn event_has_google_format() {
    let (mut app, token) = ada(&[]);
    let review = app.google_ok(&token, &format!("{EVENTS}/review"));
    assert_eq!(
        review["start"],
        json!({ "dateTime": "2026-11-17T14:00:00+01:00", "timeZone": "Europe/Budapest" })
    );
    assert_eq!((&review["visibility"], &review["colorId"]), (&json!("private"), &json!("11")));
    assert_eq!(
        review["attendees"][0],
        json!({ "email": "grace@example.org", "responseStatus": "needsAction" })
    );
    assert_eq!(review["attendees"][1]["responseStatus"], "accepted");
    assert_eq!(review["updated"], "2026-11-03T08:00:00.000Z");
    assert!(
        review["htmlLink"].is_string() && review["iCalUID"].is_string() && review.get("location").is_none()
    );

    let offsite = app.google_ok(&token, &format!("{EVENTS}/offsite"));
    assert_eq!(
        (&offsite["start"], &offsite["end"]),
        (&json!({ "date": "2026-11-19" }), &json!({ "date": "2026-11-21" }))
    );
    assert_eq!(offsite["transparency"], "transparent");
    assert_eq!(offsite["extendedProperties"]["private"], json!({ "ticket": "42" }));

    let standup = app.google_ok(&token, &format!("{EVENTS}/standup?timeZone=Asia/Tokyo"));
    assert_eq!(standup["recurrence"], json!(["RRULE:FREQ=DAILY;COUNT=5"]));
    assert_eq!(standup["start"]["dateTime"], "2026-11-16T18:00:00+09:00");
    let one = app.google_ok(&token, &format!("{EVENTS}/standup_20261117T090000Z"));
    assert_eq!((&one["recurringEventId"], one.get("recurrence")), (&json!("standup"), None));
    assert_eq!(one["originalStartTime"], one["start"]);

    let short = app.google_ok(&token, &format!("{EVENTS}/review?maxAttendees=1"));
    assert_eq!((short["attendees"].as_array().unwrap().len(), &short["attendeesOmitted"]), (1, &json!(true)));
    let mut refused = |path: &str| app.google_refused(&token, "GET", &format!("{EVENTS}{path}"), None);
    assert_eq!(refused("/nothing"), error(404, "notFound"));
    assert_eq!(refused("/standup_20261130T090000Z"), error(404, "notFound"));
    assert_eq!(refused("?timeZone=Mars/Olympus"), error(400, "invalid"));
}

#[test]
fn touching_busy_blocks_are_merged() {
    let (mut app, token) = ada(&[]);
    let mut event = hour();
    event["start"]["dateTime"] = json!("2026-11-17T13:30:00Z");
    event["end"]["dateTime"] = json!("2026-11-17T16:00:00Z");
    app.google_insert(&token, event);
    let asked = json!({
        "timeMin": "2026-11-17T00:00:00Z", "timeMax": "2026-11-20T15:00:00+01:00", "timeZone": "Europe/Budapest",
        "items": [{ "id": "primary" }, { "id": "blocks" }, { "id": "nobody" }],
    });
    let (status, answer) = app.google(&token, "POST", "/freeBusy", Some(asked.clone()));
    assert_eq!(status, 200, "{answer}");
    let block = |day: u8, start: &str, end: &str| json!({ "start": format!("2026-11-{day}T{start}:00+01:00"), "end": format!("2026-11-{day}T{end}:00+01:00") });
    let standup = |day| block(day, "10:00", "10:15");
    let busy = json!([standup(17), block(17, "14:00", "17:00"), standup(18), standup(19), standup(20)]);
    assert_eq!(answer["calendars"]["primary"]["busy"], busy, "the off-site does not block time");
    assert_eq!(answer["calendars"]["blocks"]["busy"], json!([block(17, "14:00", "15:00")]));
    let unknown = &answer["calendars"]["nobody"]["errors"][0];
    assert_eq!((&unknown["domain"], &unknown["reason"]), (&json!("global"), &json!("notFound")));

    let blocks = app.google_token("ada@gmail.example", &["calendar.events.freebusy"]);
    assert_eq!(app.google(&blocks, "POST", "/freeBusy", Some(asked.clone())).0, 200);
    let mut empty = asked;
    empty["timeMax"] = empty["timeMin"].clone();
    assert_eq!(app.google_refused(&token, "POST", "/freeBusy", Some(empty)), error(400, "timeRangeEmpty"));
    assert_eq!(app.google_refused(&token, "POST", "/freeBusy", Some(json!({}))), error(400, "required"));
}

#[test]
fn error_contains_its_reason() {
    for (limit, status, domain, reason) in [
        ("userRateLimitExceeded", 403, "usageLimits", "userRateLimitExceeded"),
        ("rateLimitExceeded", 403, "usageLimits", "rateLimitExceeded"),
        ("quotaExceeded", 403, "usageLimits", "quotaExceeded"),
        ("accessNotConfigured", 403, "usageLimits", "accessNotConfigured"),
        ("429", 429, "usageLimits", "rateLimitExceeded"),
        ("backendError", 500, "global", "backendError"),
    ] {
        let (mut app, token) = ada(&[("google_limit", limit), ("google_limit_every", "2")]);
        app.google_ok(&token, EVENTS);
        let (found, body) = app.google(&token, "GET", EVENTS, None);
        assert_eq!(refusal(found, &body), error(status, reason));
        assert_eq!(body["error"]["errors"][0]["domain"], domain);
        app.google_ok(&token, EVENTS);
    }
}

#[test]
fn google_calls_are_counted_and_matched_by_faults() {
    let (mut app, token) = ada(&[]);
    let endpoint = "GET /google/calendar/v3/calendars/{calendarId}/events";
    app.sandbox.add_fault(Fault::on(endpoint).status(503).delay(Duration::from_secs(1)));
    assert_eq!(app.google_reply(&[], "GET", EVENTS, None).status(), 503);
    app.google_ok(&token, EVENTS);
    app.google_ok(&token, &format!("/calendars/{HOLIDAYS}/events"));
    app.google_refused(&token, "GET", "/calendars/nothing/events", None);
    let stats = app.sandbox.stats();
    assert_eq!(
        (stats.answered(endpoint, 200), stats.answered(endpoint, 404), stats.total(endpoint)),
        (2, 1, 4)
    );
    assert_eq!(app.sandbox.requests().last().unwrap().endpoint, endpoint);
}
