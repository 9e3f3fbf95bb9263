//! Google Calendar: the events and pages of lists.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::calendar::*;
use common::oauth::error;
use serde_json::{Value, json};

#[test]
fn list_has_series_or_their_occurrences() {
    let (mut app, token) = ada(&[]);
    assert_eq!(ids(&app.google_list(&token, "")), ["offsite", "review", "standup"]);
    let day = |day: u8| format!("standup_202611{day}T090000Z");
    let all = app.google_list(&token, "singleEvents=true");
    let expected = ["offsite", "review", &day(16), &day(17), &day(18), &day(19), &day(20)];
    assert_eq!(ids(&all), expected);
    let started = app.google_list(&token, "singleEvents=true&orderBy=startTime");
    assert_eq!(
        ids(&started),
        [&day(16), &day(17), "review", &day(18), "offsite", &day(19), &day(20)].map(|id: &str| id)
    );
    assert_eq!(ids(&app.google_list(&token, "orderBy=updated")), ["offsite", "standup", "review"]);

    let list = app.google_ok(&token, EVENTS);
    assert_eq!(
        (&list["kind"], &list["summary"], &list["timeZone"], &list["accessRole"]),
        (&json!("calendar#events"), &json!("Ada"), &json!("Europe/Budapest"), &json!("owner"))
    );
    assert_eq!(list["updated"], "2026-11-03T08:00:00.000Z");
    assert!(list["etag"].is_string() && list["defaultReminders"].is_array());
}

#[test]
fn list_bounds_are_exclusive() {
    let (mut app, token) = ada(&[]);
    let mut found = |min: &str, max: &str| {
        let query = format!("singleEvents=true&timeMin={min}&timeMax={max}").replace('+', "%2B");
        let all = app.google_list(&token, &query);
        all.iter().map(|one| common::id(one).to_owned()).collect::<Vec<_>>()
    };
    // The review lasts from 13:00 to 14:00.
    assert_eq!(found("2026-11-17T12:00:00Z", "2026-11-17T13:00:00Z"), [""; 0]);
    assert_eq!(found("2026-11-17T12:00:00Z", "2026-11-17T13:00:01Z"), ["review"]);
    assert_eq!(found("2026-11-17T14:00:00Z", "2026-11-17T15:00:00Z"), [""; 0]);
    assert_eq!(found("2026-11-17T14:59:59+01:00", "2026-11-17T16:00:00+01:00"), ["review"]);
    // The last day of the off-site is the 20th.
    assert_eq!(found("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"), [""; 0]);
    assert_eq!(found("2026-11-20T12:00:00Z", "2026-11-22T00:00:00Z"), ["offsite"]);
    let series = app.google_list(&token, "timeMin=2026-11-20T08:00:00Z&timeMax=2026-11-20T10:00:00Z");
    assert_eq!(ids(&series), ["offsite", "standup"], "a series is listed if an occurrence is in the range");
}

#[test]
fn invalid_list_query_is_refused() {
    let (mut app, token) = ada(&[]);
    for (query, status, reason) in [
        ("orderBy=startTime", 400, "badRequest"),
        ("orderBy=title", 400, "invalid"),
        ("timeMin=2026-11-17T00:00:00", 400, "badRequest"),
        ("timeMin=2026-11-17", 400, "badRequest"),
        ("timeMax=soon", 400, "badRequest"),
        ("timeMin=2026-11-17T00:00:00Z&timeMax=2026-11-17T00:00:00Z", 400, "timeRangeEmpty"),
        ("maxResults=0", 400, "invalid"),
        ("maxResults=many", 400, "invalid"),
        ("singleEvents=yes", 400, "invalid"),
        ("eventTypes=party", 400, "invalid"),
        ("privateExtendedProperty=ticket", 400, "invalid"),
        ("pageToken=x", 400, "invalid"),
        ("syncToken=x", 400, "invalid"),
    ] {
        let path = format!("{EVENTS}?{query}");
        assert_eq!(app.google_refused(&token, "GET", &path, None), error(status, reason), "{query}");
    }
    let (_, body) = app.google(&token, "GET", &format!("{EVENTS}?orderBy=startTime"), None);
    assert_eq!(body["error"]["errors"][0]["location"], "orderBy");
}

#[test]
fn list_filters_by_text_type_property_and_update() {
    let (mut app, token) = ada(&[]);
    let mut event = hour();
    event["id"] = json!("focus0");
    event["eventType"] = json!("focusTime");
    event["extendedProperties"] = json!({ "shared": { "team": "red" } });
    app.google_insert(&token, event);
    for (query, expected) in [
        ("q=ROOM", &["standup"][..]),
        ("q=alan@example", &["review"]),
        ("eventTypes=focusTime", &["focus0"]),
        ("eventTypes=focusTime&eventTypes=default", &["focus0", "offsite", "review", "standup"]),
        ("sharedExtendedProperty=team%3Dred", &["focus0"]),
        ("privateExtendedProperty=ticket%3D42", &["offsite"]),
        ("iCalUID=review%40google.com", &["review"]),
        ("updatedMin=2026-11-03T08:00:00Z", &["focus0", "review"]),
    ] {
        assert_eq!(ids(&app.google_list(&token, query)), expected, "{query}");
    }
    app.sandbox.set("google_updated_min_days", "10").unwrap();
    let path = format!("{EVENTS}?updatedMin=2026-11-03T08:00:00Z");
    assert_eq!(app.google_refused(&token, "GET", &path, None), error(410, "updatedMinTooLongAgo"));
    app.google_list(&token, "updatedMin=2026-11-10T08:00:00Z");
}

fn demo(switches: &[(&str, &str)]) -> (App, String) {
    let mut app = App::new(switches);
    let token = app.google_token("user-1@gmail.example", &["calendar"]);
    (app, token)
}

#[test]
fn pages_list_each_event_once_and_may_be_empty() {
    let query =
        "singleEvents=true&orderBy=startTime&timeMin=2026-10-01T00:00:00Z&timeMax=2026-12-31T00:00:00Z";
    let (mut app, token) = demo(&[]);
    let (whole, _) = app.google_pages(&token, &format!("{EVENTS}?{query}"));
    assert_eq!(whole.len(), 1);
    let (pages, _) = app.google_pages(&token, &format!("{EVENTS}?{query}&maxResults=7"));
    assert!(pages.len() > 8 && pages.iter().all(|page| !page.is_empty()));
    assert_eq!(pages.concat(), whole[0]);
    let (limited, _) = app.google_pages(&token, &format!("{EVENTS}?{query}&maxResults=100000"));
    assert_eq!(limited, whole, "the page size is limited to the maximum");

    app.sandbox.set("google_empty_pages", "on").unwrap();
    let (pages, _) = app.google_pages(&token, &format!("{EVENTS}?{query}&maxResults=7"));
    assert!(pages[0].len() == 7 && pages[1].is_empty() && !pages[2].is_empty());
    assert!(!pages.last().unwrap().is_empty());
    assert_eq!(pages.concat(), whole[0]);
}

#[test]
fn demo_user_has_invitations_without_a_reply() {
    let (mut app, token) = demo(&[]);
    let events = app.google_list(&token, "timeMin=2026-11-01T00:00:00Z");
    let waits = |event: &&Value| {
        let own = event["attendees"].as_array().and_then(|all| all.iter().find(|one| one["self"] == true));
        event["organizer"]["self"] != true && own.is_some_and(|own| own["responseStatus"] == "needsAction")
    };
    assert!(events.iter().filter(waits).count() > 1);
}

#[test]
fn page_token_is_bound_to_query_and_calendar() {
    let (mut app, token) = demo(&[]);
    let first = app.google_ok(&token, &format!("{EVENTS}?singleEvents=true&maxResults=5"));
    let page = first["nextPageToken"].as_str().unwrap().to_owned();
    app.google_ok(&token, &format!("{EVENTS}?singleEvents=true&maxResults=9&pageToken={page}"));
    let other =
        app.google_ok(&token, "/users/me/calendarList")["items"][1]["id"].as_str().unwrap().to_owned();
    let changed = {
        let mut letters = page.clone().into_bytes();
        letters[30] ^= 1;
        String::from_utf8(letters).unwrap()
    };
    for path in [
        format!("{EVENTS}?maxResults=5&pageToken={page}"),
        format!("{EVENTS}?singleEvents=true&q=x&pageToken={page}"),
        format!("/calendars/{other}/events?singleEvents=true&pageToken={page}"),
        format!("{EVENTS}?singleEvents=true&pageToken={changed}"),
    ] {
        assert_eq!(app.google_refused(&token, "GET", &path, None), error(400, "invalid"), "{path}");
    }
}

#[test]
fn instances_lists_occurrences_of_a_series() {
    let (mut app, token) = ada(&[]);
    let instances = format!("{EVENTS}/standup/instances");
    let starts = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|one| one["start"]["dateTime"].as_str().unwrap()[8..16].to_owned()).collect()
    };
    let all = app.google_ok(&token, &instances);
    assert_eq!(starts(&all), ["16T10:00", "17T10:00", "18T10:00", "19T10:00", "20T10:00"]);
    assert_eq!(all.get("nextSyncToken"), None);
    let some = app.google_ok(&token, &format!("{instances}?timeMin=2026-11-19T00:00:00Z&maxResults=1"));
    assert_eq!(starts(&some), ["19T10:00"]);
    let page = some["nextPageToken"].as_str().unwrap();
    let next = app.google_ok(&token, &format!("{instances}?timeMin=2026-11-19T00:00:00Z&pageToken={page}"));
    assert_eq!(starts(&next), ["20T10:00"]);

    app.google_delete(&token, "standup_20261117T090000Z");
    app.google_patch(
        &token,
        "standup_20261118T090000Z",
        json!({ "start": { "dateTime": "2026-11-18T09:30:00+01:00" } }),
    );
    assert_eq!(starts(&app.google_ok(&token, &instances)), ["16T10:00", "18T09:30", "19T10:00", "20T10:00"]);
    let one = app.google_ok(&token, &format!("{instances}?originalStart=2026-11-18T10:00:00%2B01:00"));
    assert_eq!(starts(&one), ["18T09:30"]);
    let gone =
        app.google_ok(&token, &format!("{instances}?showDeleted=true&originalStart=2026-11-17T09:00:00Z"));
    assert_eq!(gone["items"][0]["status"], "cancelled");
    assert_eq!(
        app.google_refused(&token, "GET", &format!("{EVENTS}/x/instances"), None),
        error(404, "notFound")
    );
}

#[test]
fn deleted_events_are_listed_with_show_deleted() {
    let (mut app, token) = ada(&[]);
    app.google_delete(&token, "review");
    app.google_delete(&token, "standup_20261117T090000Z");
    app.google_patch(&token, "offsite", json!({ "status": "cancelled" }));
    let of = |items: &[Value]| -> Vec<(String, String)> {
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        items.iter().map(|one| (text(one, "id"), text(one, "status"))).collect()
    };
    let pair = |id: &str, status: &str| (id.to_owned(), status.to_owned());
    let exception = pair("standup_20261117T090000Z", "cancelled");
    // A list always contains the deleted occurrences of a series.
    assert_eq!(of(&app.google_list(&token, "")), [pair("standup", "confirmed"), exception.clone()]);
    let all = app.google_list(&token, "showDeleted=true");
    let gone = [
        pair("offsite", "cancelled"),
        pair("review", "cancelled"),
        pair("standup", "confirmed"),
        exception.clone(),
    ];
    assert_eq!(of(&all), gone);
    let exception_shown = all.last().unwrap();
    assert_eq!(exception_shown["originalStartTime"]["dateTime"], "2026-11-17T10:00:00+01:00");
    assert_eq!(exception_shown["recurringEventId"], "standup");
    assert_eq!(app.google_list(&token, "singleEvents=true").len(), 4);
    let single = of(&app.google_list(&token, "singleEvents=true&showDeleted=true"));
    assert_eq!(single.len(), 7);
    assert!(single.contains(&exception));
}

#[test]
fn endless_series_is_listed_up_to_the_horizon() {
    let (mut app, token) = ada(&[("google_horizon_days", "10")]);
    let mut event = hour();
    event["recurrence"] = json!(["RRULE:FREQ=DAILY"]);
    for name in ["start", "end"] {
        event[name]["timeZone"] = json!("Europe/Budapest");
    }
    let id = common::id(&app.google_insert(&token, event)).to_owned();
    let instances = |app: &mut App, query: &str| {
        app.google_ok(&token, &format!("{EVENTS}/{id}/instances?{query}"))["items"].as_array().unwrap().len()
    };
    assert_eq!(instances(&mut app, ""), 8);
    assert_eq!(instances(&mut app, "timeMax=2026-12-18T12:00:00Z"), 31);
}
