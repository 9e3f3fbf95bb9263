//! Microsoft Graph: the events and pages of lists.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::graph::*;
use common::oauth::error;
use serde_json::{Value, json};

const STANDUPS: [&str; 5] = [
    "standup_20261116T090000Z",
    "standup_20261117T090000Z",
    "standup_20261118T090000Z",
    "standup_20261119T090000Z",
    "standup_20261120T090000Z",
];

fn window(path: &str, start: &str, end: &str) -> String {
    format!("{path}?startDateTime={start}&endDateTime={end}")
}

#[test]
fn view_lists_occurrences_in_order() {
    let (mut app, token) = ada(&[]);
    let all = app.graph_list(&token, VIEW);
    let [one, two, three, four, five] = STANDUPS;
    assert_eq!(ids(&all), [one, two, "review", three, "offsite", four, five]);
    assert!(all.iter().all(|event| event["type"] == "occurrence" || event["seriesMasterId"].is_null()));
    for path in ["/me/calendar/calendarView", "/me/calendars/own/calendarView"] {
        let path = window(path, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
        assert_eq!(ids(&app.graph_list(&token, &path)), ids(&all), "{path}");
    }
    let other = window("/me/calendars/other/calendarView", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
    assert_eq!(ids(&app.graph_list(&token, &other)), ["talk"]);
}

#[test]
fn view_bounds_have_offset_or_are_utc() {
    let (mut app, token) = ada(&[]);
    let mut view = |start: &str, end: &str| {
        let prefer = [("prefer", "outlook.timezone=\"Tokyo Standard Time\"")];
        let path = window("/me/calendarView", start, end);
        let (status, body) = app.graph_with(&token, &prefer, "GET", &path, None);
        if status == 200 { Ok(body["value"].as_array().unwrap().len()) } else { Err(refusal(status, &body)) }
    };
    assert_eq!(view("2026-11-17T13:00:00Z", "2026-11-17T14:00:00Z"), Ok(1));
    assert_eq!(view("2026-11-17T14:00:00%2B01:00", "2026-11-17T15:00:00%2B01:00"), Ok(1));
    assert_eq!(
        view("2026-11-17T13:00:00", "2026-11-17T14:00:00.0000000"),
        Ok(1),
        "the preferred time zone does not matter"
    );
    assert_eq!(view("2026-11-17T14:00:00", "2026-11-17T15:00:00"), Ok(0));
    assert_eq!(view("2026-11-17", "2026-11-18"), Ok(2));
    let wrong = Err(error(400, "ErrorInvalidParameter"));
    assert_eq!(view("2026-11-17T14:00:00+01:00", "2026-11-17T15:00:00+01:00"), wrong, "a + is a space");
    assert_eq!(view("soon", "2026-11-17T15:00:00Z"), wrong);
    assert_eq!(view("", "2026-11-17T15:00:00Z"), wrong);
    assert_eq!(view("2026-11-18T00:00:00Z", "2026-11-17T00:00:00Z"), wrong);
    assert_eq!(view("2026-01-01", "2032-01-01"), Err(error(400, "ErrorCalendarViewRangeTooBig")));
    app.sandbox.set("graph_view_days", "none").unwrap();
    app.graph_ok(&token, &window("/me/calendarView", "2026-01-01", "2032-01-01"));
    assert_eq!(
        app.graph_refused(&token, "GET", "/me/calendarView", None),
        error(400, "ErrorInvalidParameter")
    );
    let lower = "/me/calendarView?startdatetime=2026-11-17&enddatetime=2026-11-18";
    assert_eq!(app.graph_list(&token, lower).len(), 2, "parameter names are case-insensitive");
}

#[test]
fn event_list_has_series_and_single_events() {
    let (mut app, token) = ada(&[]);
    for path in ["/me/events", "/me/calendar/events", "/me/calendars/own/events"] {
        let all = app.graph_list(&token, path);
        assert_eq!(ids(&all), ["offsite", "review", "standup"], "{path}");
    }
    let mut order = |order: &str| {
        let all = app.graph_list(&token, &format!("/me/events?$orderby={order}&$top=2"));
        ids(&all).iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(order("start/dateTime"), ["standup", "review", "offsite"]);
    assert_eq!(order("start/dateTime%20desc"), ["offsite", "review", "standup"]);
    assert_eq!(order("lastModifiedDateTime%20asc"), ["offsite", "standup", "review"]);
    assert_eq!(
        app.graph_refused(&token, "GET", "/me/events?$orderby=color", None),
        error(400, "ErrorInvalidUrlQuery")
    );
    let skipped = app.graph_list(&token, "/me/events?$orderby=start/dateTime%20desc&$skip=1&$top=1");
    assert_eq!(ids(&skipped), ["review", "standup"]);
}

#[test]
fn graph_instances_lists_occurrences_of_a_series() {
    let (mut app, token) = ada(&[]);
    let mut list = |id: &str, start: &str, end: &str| {
        let path = window(&format!("/me/events/{id}/instances"), start, end);
        let (status, body) = app.graph(&token, "GET", &path, None);
        if status != 200 {
            return Err(refusal(status, &body).0);
        }
        Ok(body["value"].as_array().unwrap().iter().map(|one| common::id(one).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(list("standup", "2026-11-17", "2026-11-19").unwrap(), [STANDUPS[1], STANDUPS[2]]);
    assert_eq!(list("review", "2026-11-17", "2026-11-19").unwrap(), ["review"]);
    assert_eq!(list(STANDUPS[1], "2026-11-17", "2026-11-19"), Err(400));
    assert_eq!(list("nothing", "2026-11-17", "2026-11-19"), Err(400));
    assert_eq!(list("standup", "", ""), Err(400));
}

#[test]
fn page_size_is_as_requested_or_ten() {
    let (mut app, token) = ada(&[]);
    let sizes = |app: &mut App, path: &str, headers: &[(&str, &str)]| {
        let (pages, _) = app.graph_pages(&token, headers, path);
        pages.iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&mut app, &format!("{VIEW}&$top=3"), &[]), [3, 3, 1]);
    assert_eq!(sizes(&mut app, VIEW, &[("prefer", "odata.maxpagesize=4")]), [4, 3]);
    for _ in 0..8 {
        app.graph_create(&token, hour());
    }
    assert_eq!(sizes(&mut app, VIEW, &[]), [10, 5]);
    assert_eq!(sizes(&mut app, "/me/events?$top=1000", &[]), [11]);
    for top in ["0", "1001", "many"] {
        let path = format!("{VIEW}&$top={top}");
        assert_eq!(
            app.graph_refused(&token, "GET", &path, None),
            error(400, "ErrorInvalidParameter"),
            "{top}"
        );
    }
    app.sandbox.set("graph_empty_pages", "on").unwrap();
    assert_eq!(sizes(&mut app, &format!("{VIEW}&$top=5"), &[]), [5, 0, 5, 0, 5]);
}

#[test]
fn pages_list_each_stable_event_once() {
    let (mut app, token) = ada(&[]);
    let first = app.graph_ok(&token, &format!("{VIEW}&$top=3"));
    app.graph_delete(&token, "standup_20261116T090000Z");
    app.graph_create(&token, with(hour(), &json!({ "start": day(16), "end": day(16) })));
    let next = followed(first["@odata.nextLink"].as_str().unwrap());
    let rest = app.graph_list(&token, &next);
    assert_eq!(ids(&rest), [STANDUPS[2], "offsite", STANDUPS[3], STANDUPS[4]]);
    // Each request chooses its own time zone.
    let zone = [("prefer", "outlook.timezone=\"Tokyo Standard Time\"")];
    let (_, page) = app.graph_with(&token, &zone, "GET", &next, None);
    assert_eq!(page["value"][0]["start"]["timeZone"], "Tokyo Standard Time");
    for broken in [format!("{VIEW}&$top=3&$skiptoken=x"), next.replace("11-16", "11-15")] {
        assert_eq!(app.graph_refused(&token, "GET", &broken, None), error(400, "ErrorInvalidParameter"));
    }
}

fn day(day: u8) -> Value {
    json!({ "dateTime": format!("2026-11-{day}T08:00:00"), "timeZone": "UTC" })
}

#[test]
fn select_limits_the_properties() {
    let (mut app, token) = ada(&[]);
    let names = |event: &Value| {
        let mut names: Vec<_> = event.as_object().unwrap().keys().cloned().collect();
        names.sort_unstable();
        names
    };
    let select = "$select=subject,start,createdDateTime,lastModifiedDateTime";
    let view = app.graph_ok(&token, &format!("{VIEW}&{select}"));
    assert_eq!(
        names(&view["value"][0]),
        ["@odata.etag", "id", "start", "subject"],
        "a view ignores the selection of these times"
    );
    let list = app.graph_ok(&token, &format!("/me/events?{select}"));
    assert_eq!(
        names(&list["value"][0]),
        ["@odata.etag", "createdDateTime", "id", "lastModifiedDateTime", "start", "subject"]
    );
    let one = app.graph_ok(&token, "/me/events/review?$select=subject");
    assert_eq!(names(&one), ["@odata.context", "@odata.etag", "id", "subject"]);
    for query in ["$select=summary", "$filter=location%20eq%20'x'", "$search=x", "$expand=attachments"] {
        assert_eq!(app.graph_refused(&token, "GET", &format!("{VIEW}&{query}"), None).0, 400, "{query}");
    }
}

#[test]
fn next_link_has_the_host_of_the_request() {
    let (mut app, token) = ada(&[("graph_page", "1")]);
    for (host, begins) in [
        ("sandbox:8080", "http://sandbox:8080/microsoft/graph/v1.0/me/"),
        ("[::1]:80", "http://[::1]:80/microsoft/graph/v1.0/me/"),
        ("a b", "http://localhost/microsoft/graph/v1.0/me/"),
        ("user@sandbox", "http://localhost/microsoft/graph/v1.0/me/"),
    ] {
        let list = app.graph_with(&token, &[("host", host)], "GET", "/me/events", None).1;
        let link = list["@odata.nextLink"].as_str().unwrap();
        assert!(link.starts_with(begins), "{host}: {link}");
    }
}

#[test]
fn next_link_origin_follows_its_switch() {
    for (value, begins) in [
        ("own", "http://localhost/microsoft/graph/v1.0/me/"),
        ("foreign", "http://graph.microsoft.example/microsoft/graph/v1.0/me/"),
        ("http", "http://localhost/microsoft/graph/v1.0/me/"),
        ("userinfo", "http://localhost@graph.microsoft.example/microsoft/graph/v1.0/me/"),
    ] {
        let (mut app, token) = ada(&[("graph_next_link", value), ("graph_page", "1")]);
        for path in [
            "/me/calendars",
            VIEW,
            "/me/events",
            "/me/calendarView/delta?startDateTime=2026-11-16&endDateTime=2026-11-17",
        ] {
            let list = app.graph_ok(&token, path);
            let link = list["@odata.nextLink"].as_str().unwrap();
            assert!(link.starts_with(begins), "{link}");
        }
    }
}
