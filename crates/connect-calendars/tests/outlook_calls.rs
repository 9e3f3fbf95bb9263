//! Tests of the Microsoft Graph calls: requests, pages and errors.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

#[path = "support/graph.rs"]
mod graph;

use std::sync::atomic::{AtomicUsize, Ordering};

use connect_blocking::{ErrorKind, Request, Response, TransportError};
use connect_calendars::eventcalendar::PageEvent;
use connect_calendars::outlook::{
    self, CalendarView, CreateEvent, DEFAULT_CALENDAR, DeleteEvent, GetEvent, GetSchedule, ListCalendars,
    ListEvents, UpdateEvent,
};
use connect_core::{
    Endpoint,
    types::{self, Event, NewEvent, Provider, Raw, Recurrence},
};
use graph::{Wire, body, read, refusal, response, sent};
use jiff::{
    SignedDuration, Timestamp, ZonedDateTime,
    civil::date,
    tz::{Offset, TimeZone},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn view() -> CalendarView {
    CalendarView::new(at("2026-03-01T00:00:00+01:00"), at("2026-04-01T00:00:00Z"))
}

fn meeting() -> NewEvent {
    NewEvent::new(
        (Provider::Microsoft, "a/b="),
        "Stand-up",
        at("2026-01-13T08:00:00Z"),
        at("2026-01-13T08:30:00Z"),
    )
}

const CUSTOM: &str = "singleValueExtendedProperties($filter=id eq 'String {5f0c2b7e-3d0a-4f55-9c61-8f1f6f0f9a3e} Name ConnectCustom')";

#[test]
fn view_has_its_range_and_options() {
    let plain = sent(&view());
    assert_eq!((plain.method.as_str(), plain.path.as_str()), ("GET", "/v1.0/me/calendar/calendarView"));
    assert_eq!(plain.parameter("startDateTime"), Some("2026-02-28T23:00:00.000Z"));
    assert_eq!(plain.parameter("endDateTime"), Some("2026-04-01T00:00:00.000Z"));
    assert_eq!(plain.parameter("$top"), Some("1000"));
    assert_eq!(plain.parameter("$expand"), Some(CUSTOM));
    assert_eq!(plain.prefer, None);

    let call =
        view().calendar("AAMk/x=").page_size(7).time_zone("Europe/Berlin").immutable_ids().text_bodies();
    let asked = sent(&call.parameter("$orderby", "start/dateTime").custom_property("String {a} Name 'b'"));
    assert_eq!(asked.path, "/v1.0/me/calendars/AAMk%2Fx%3D/calendarView");
    assert_eq!(asked.parameter("$top"), Some("7"));
    assert_eq!(asked.parameter("$orderby"), Some("start/dateTime"));
    assert!(asked.parameter("$expand").unwrap().contains("id eq 'String {a} Name ''b'''"));
    assert_eq!(
        asked.prefer.as_deref(),
        Some(r#"outlook.timezone="Europe/Berlin", IdType="ImmutableId", outlook.body-content-type="text""#)
    );
}

#[test]
fn invalid_view_is_refused() {
    assert!(refusal(&view().page_size(0)).contains("page_size"));
    assert!(refusal(&view().page_size(1001)).contains("page_size"));
    assert!(refusal(&view().time_zone("a\"b")).contains("time_zone"));
    assert!(refusal(&view().time_zone("a\nb")).contains("time_zone"));
    assert!(refusal(&view().time_zone("")).contains("time_zone"));
    assert!(
        refusal(&CalendarView::new(at("2026-04-01T00:00:00Z"), at("2026-03-01T00:00:00Z"))).contains("end")
    );
    assert!(refusal(&GetEvent::new(DEFAULT_CALENDAR, " ")).contains("eventId"));
}

#[test]
fn read_calls_have_their_paths() {
    assert_eq!(sent(&ListCalendars::new()).url, "https://graph.microsoft.com/v1.0/me/calendars");
    assert_eq!(sent(&ListCalendars::new().page_size(50)).parameter("$top"), Some("50"));
    assert_eq!(sent(&ListEvents::new().calendar("c")).path, "/v1.0/me/calendars/c/events");
    let get = sent(&GetEvent::new("c", "e+/="));
    assert_eq!(
        (get.path.as_str(), get.parameter("$expand")),
        ("/v1.0/me/calendars/c/events/e%2B%2F%3D", Some(CUSTOM))
    );
    assert_eq!(sent(&GetEvent::new(DEFAULT_CALENDAR, "e")).path, "/v1.0/me/events/e");
}

#[test]
fn id_that_changes_the_path_is_refused() {
    let (start, end) = (at("2026-01-13T08:00:00Z"), at("2026-01-13T08:30:00Z"));
    let on = |calendar: &str, id: &str| {
        let update = types::UpdateEvent::new(Provider::Microsoft, calendar, id).title("A");
        let delete = types::DeleteEvent::new(Provider::Microsoft, calendar, id);
        [
            refusal(&GetEvent::new(calendar, id)),
            refusal(&UpdateEvent::new(&update)),
            refusal(&DeleteEvent::new(&delete)),
        ]
    };
    for odd in ["", " ", ".", ".."] {
        assert!(on("c", odd).iter().all(|why| why.contains("eventId")), "{odd:?}: {:?}", on("c", odd));
        let mut calendars = on(odd, "e").to_vec();
        calendars.extend([
            refusal(&view().calendar(odd)),
            refusal(&ListEvents::new().calendar(odd)),
            refusal(&CreateEvent::new(&NewEvent::new((Provider::Microsoft, odd), "A", start, end))),
        ]);
        assert!(calendars.iter().all(|why| why.contains("calendarId")), "{odd:?}: {calendars:?}");
    }
    for odd in [".", ".."] {
        let mut event = occurrence();
        event.recurring_event_id = Some(odd.to_owned());
        let update = event.change().unwrap().title("A").whole_series();
        assert!(refusal(&UpdateEvent::new(&update)).contains("recurringEventId"));
        assert!(
            refusal(&DeleteEvent::new(&event.delete().unwrap().whole_series())).contains("recurringEventId")
        );
    }
    assert_eq!(sent(&GetEvent::new("c", "...")).path, "/v1.0/me/calendars/c/events/...");
}

/// Responds with three pages. The second page is empty.
fn pages(request: &Request) -> Result<Response, TransportError> {
    let next = |skip| format!("https://graph.microsoft.com/v1.0/me/calendar/calendarView?$skip={skip}&x=%2B");
    Ok(match request.uri().query() {
        Some("$skip=1&x=%2B") => response(200, &format!(r#"{{"value":[],"@odata.nextLink":"{}"}}"#, next(2))),
        Some("$skip=2&x=%2B") => response(200, r#"{"value":[{"id":"e2"}]}"#),
        _ => response(200, &format!(r#"{{"value":[{{"id":"e1"}}],"@odata.nextLink":"{}"}}"#, next(1))),
    })
}

#[test]
fn next_link_is_followed_unchanged_with_the_same_prefer() {
    let wire = Wire::default();
    let user = wire.user(pages);
    let events: Vec<Event> =
        user.pages(view().time_zone("Asia/Tokyo").immutable_ids()).items().collect::<Result<_, _>>().unwrap();
    assert_eq!(events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["e1", "e2"]);
    let sent = wire.sent();
    assert_eq!(sent.len(), 3);
    for request in &sent {
        assert_eq!(
            request.prefer.as_deref(),
            Some(r#"outlook.timezone="Asia/Tokyo", IdType="ImmutableId""#),
            "{}",
            request.url
        );
    }
    assert!(sent[1].url.ends_with("calendarView?$skip=1&x=%2B"), "{}", sent[1].url);
}

#[test]
fn calendars_are_listed_over_pages() {
    let wire = Wire::default();
    let user = wire.user(|request| {
        Ok(match request.uri().query() {
            None => response(
                200,
                r##"{"value":[{"id":"c1","name":"Work","color":"auto","hexColor":"","canEdit":true}],
                    "@odata.nextLink":"https://graph.microsoft.com/v1.0/me/calendars?$skip=10"}"##,
            ),
            Some(_) => {
                response(200, r##"{"value":[{"id":"c2","name":"Home","hexColor":"#ff0000"},{"name":null}]}"##)
            }
        })
    });
    let calendars = user.pages(ListCalendars::new()).items().collect::<Result<Vec<_>, _>>().unwrap();
    let seen: Vec<_> =
        calendars.iter().map(|c| (c.id.as_str(), c.title.as_str(), c.color.as_deref())).collect();
    assert_eq!(seen, [("c1", "Work", None), ("c2", "Home", Some("#ff0000")), ("", "", None)]);
    assert_eq!(calendars[0].provider, Some(Provider::Microsoft));
    assert_eq!(calendars[0].original.as_ref().unwrap().field::<bool>("canEdit"), Some(true));
}

#[test]
fn next_link_to_another_host_is_refused() {
    for link in [
        "https://evil.example/v1.0/me/calendars?x=1",
        "http://graph.microsoft.com/v1.0/me/calendars?x=1",
        "https://graph.microsoft.com:8443/v1.0/me/calendars?x=1",
        "https://graph.microsoft.com@evil.example/v1.0/me/calendars",
        "https://user@graph.microsoft.com/v1.0/me/calendars",
        "https://graph.microsoft.com.evil.example/v1.0/me/calendars",
        "//evil.example/v1.0/me/calendars",
        "/v1.0/me/calendars?x=1",
        "not a link",
    ] {
        let wire = Wire::default();
        let text = format!(r#"{{"value":[{{"id":"1"}}],"@odata.nextLink":"{link}"}}"#);
        let user = wire.user(move |_| Ok(response(200, &text)));
        let error = user.pages(ListCalendars::new()).items().find_map(Result::err).unwrap();
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{link}: {error:?}");
        assert_eq!(wire.sent().len(), 1, "{link}");
        let error = user.pages(view()).items().find_map(Result::err).unwrap();
        assert_eq!((wire.sent().len(), error.attempts()), (2, 0), "{link}");
    }
}

#[test]
fn response_without_a_list_is_an_error() {
    for odd in ["{}", "[]", "5", "", "<html>", r#"{"value":null}"#, r#"{"value":{}}"#] {
        for error in [
            read(&view(), odd).map(drop).unwrap_err(),
            read(&ListCalendars::new(), odd).map(drop).unwrap_err(),
            read(&GetSchedule::new(["a"], at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")), odd)
                .map(drop)
                .unwrap_err(),
        ] {
            assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{odd}: {error:?}");
        }
    }
    for odd in ["[]", "5", "", "\"a\""] {
        let error = read(&GetEvent::new("c", "e"), odd).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{odd}: {error:?}");
    }
}

#[test]
fn new_event_is_sent_in_utc() {
    let event = meeting()
        .description("Bring <b>nothing</b>")
        .location("Room 5")
        .attendee("ada@example.com")
        .custom(r#"{"a": 18446744073709551617}"#.parse().unwrap())
        .auto_conference();
    let request = sent(&CreateEvent::new(&event));
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1.0/me/calendars/a%2Fb%3D/events")
    );
    let expected: serde_json::Value = serde_json::json!({
        "subject": "Stand-up",
        "start": {"dateTime": "2026-01-13T08:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-01-13T08:30:00", "timeZone": "UTC"},
        "body": {"contentType": "html", "content": "Bring <b>nothing</b>"},
        "location": {"displayName": "Room 5"},
        "attendees": [{"emailAddress": {"address": "ada@example.com"}, "type": "required"}],
        "singleValueExtendedProperties": [
            {"id": outlook::CUSTOM_PROPERTY, "value": r#"{"a": 18446744073709551617}"#}],
        "isOnlineMeeting": true,
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&request.body).unwrap(), expected);
    let zoned = CreateEvent::new(&meeting()).time_zone("Europe/Berlin");
    assert_eq!(body(&zoned)["start"]["timeZone"], "UTC", "only a series is sent in the zone");
    assert_eq!(sent(&zoned).prefer.as_deref(), Some(r#"outlook.timezone="Europe/Berlin""#));
}

#[test]
fn series_is_sent_in_its_zone() {
    let series = meeting().recurrence(Recurrence::weekly().until(at("2026-04-14T07:00:00Z")));
    for zone in ["Europe/Berlin", "W. Europe Standard Time"] {
        let body = body(&CreateEvent::new(&series).time_zone(zone));
        assert_eq!(body["start"], serde_json::json!({"dateTime": "2026-01-13T09:00:00", "timeZone": zone}));
        assert_eq!(
            body["recurrence"],
            serde_json::json!({
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
                "range": {"type": "endDate", "startDate": "2026-01-13", "endDate": "2026-04-14", "recurrenceTimeZone": zone},
            })
        );
    }
    assert_eq!(body(&CreateEvent::new(&series))["recurrence"]["range"]["recurrenceTimeZone"], "UTC");
    assert!(refusal(&CreateEvent::new(&series).time_zone("Moon Standard Time")).contains("Moon"));
    let fridays = meeting().recurrence(Recurrence::monthly().on_days([1, 15]));
    assert!(refusal(&CreateEvent::new(&fridays)).contains("more than one day"));
    // In that night, 02:30 occurs twice in Berlin. A local time does not tell the first from the second.
    let (start, end) = (at("2026-10-25T01:30:00Z"), at("2026-10-25T02:30:00Z"));
    let night = NewEvent::new((Provider::Microsoft, "c"), "N", start, end).recurrence(Recurrence::daily());
    assert!(refusal(&CreateEvent::new(&night).time_zone("Europe/Berlin")).contains("twice"));
    assert_eq!(body(&CreateEvent::new(&night))["start"]["dateTime"], "2026-10-25T01:30:00");
}

#[test]
fn all_day_event_is_sent_as_midnights() {
    let day = date(2026, 12, 24);
    let event =
        NewEvent::all_day((Provider::Microsoft, DEFAULT_CALENDAR), "Closed", day, day.tomorrow().unwrap());
    let sent = body(&CreateEvent::new(&event));
    assert_eq!(sent["isAllDay"], true);
    assert_eq!(sent["start"], serde_json::json!({"dateTime": "2026-12-24T00:00:00", "timeZone": "UTC"}));
    assert_eq!(sent["end"], serde_json::json!({"dateTime": "2026-12-25T00:00:00", "timeZone": "UTC"}));
    let sent =
        body(&CreateEvent::new(&event.recurrence(Recurrence::yearly().count(2))).time_zone("Asia/Tokyo"));
    assert_eq!(sent["end"], serde_json::json!({"dateTime": "2026-12-25T00:00:00", "timeZone": "Asia/Tokyo"}));
    assert_eq!(sent["recurrence"]["range"]["startDate"], "2026-12-24");
}

#[test]
fn transaction_id_depends_on_calendar_and_key() {
    let id = |calendar: &str, key: &str| {
        let event = NewEvent::new(
            (Provider::Microsoft, calendar),
            "A",
            at("2026-01-13T08:00:00Z"),
            at("2026-01-13T09:00:00Z"),
        );
        body(&CreateEvent::once(&event, key))["transactionId"].as_str().unwrap().to_owned()
    };
    let one = id("c", "order 7");
    assert_eq!(one, id("c", "order 7"));
    assert_ne!(one, id("c", "order 8"));
    assert_ne!(one, id("d", "order 7"));
    let lengths: Vec<_> = one.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert!(one.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{one}");
}

fn tries(call: &(impl Endpoint + Sync), status: u16) -> usize {
    let wire = Wire::default();
    let _ = wire.user(move |_| Ok(response(status, ""))).send(call);
    wire.sent().len()
}

#[test]
fn only_repeatable_calls_are_retried() {
    let event = meeting();
    let update = UpdateEvent::new(&types::UpdateEvent::new(Provider::Microsoft, "c", "e").location("A"));
    let delete = DeleteEvent::new(&types::DeleteEvent::new(Provider::Microsoft, "c", "e"));
    let schedule = GetSchedule::new(["a"], at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
    assert_eq!(tries(&CreateEvent::new(&event), 503), 1);
    assert_eq!(tries(&CreateEvent::new(&event), 429), 3);
    assert_eq!(tries(&CreateEvent::new(&event), 509), 3, "509 is a rate limit like 429");
    assert_eq!(tries(&CreateEvent::once(&event, "k"), 503), 3);
    assert_eq!(tries(&CreateEvent::new(&event).transaction_id("t"), 504), 3);
    assert_eq!(tries(&update, 503), 3);
    assert_eq!(tries(&update.clone().if_match("W/\"1\""), 503), 1);
    assert_eq!(tries(&delete, 503), 3);
    assert_eq!(tries(&schedule, 503), 3);
    assert_eq!(tries(&view(), 503), 3);
}

#[test]
fn deletion_with_a_lost_response_succeeds() {
    let count = AtomicUsize::new(0);
    let user = Wire::default().user(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Err(TransportError::broken("the response was lost")),
        _ => Ok(response(404, "")),
    });
    user.send(&DeleteEvent::new(&types::DeleteEvent::new(Provider::Microsoft, "c", "e"))).unwrap();
    let wire = Wire::default();
    wire.user(|_| Ok(response(204, "")))
        .send(&DeleteEvent::new(&types::DeleteEvent::new(Provider::Microsoft, "c", "e")))
        .unwrap();
    let sent = &wire.sent()[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("DELETE", "/v1.0/me/calendars/c/events/e"));
}

fn occurrence() -> Event {
    let mut event = Event::new(Provider::Microsoft, "c", "one");
    event.recurring_event_id = Some("series".into());
    event
}

#[test]
fn occurrence_and_series_have_their_own_paths() {
    let change = || occurrence().change().unwrap().location("A");
    assert_eq!(sent(&UpdateEvent::new(&change())).path, "/v1.0/me/calendars/c/events/one");
    assert_eq!(sent(&UpdateEvent::new(&change().whole_series())).path, "/v1.0/me/calendars/c/events/series");
    assert!(refusal(&UpdateEvent::new(&change().this_and_following())).contains("all following ones"));
    let delete = || occurrence().delete().unwrap();
    assert_eq!(sent(&DeleteEvent::new(&delete())).path, "/v1.0/me/calendars/c/events/one");
    assert_eq!(sent(&DeleteEvent::new(&delete().whole_series())).path, "/v1.0/me/calendars/c/events/series");
    assert!(refusal(&DeleteEvent::new(&delete().this_and_following())).contains("all following ones"));
}

#[test]
fn event_of_another_provider_is_refused() {
    let event =
        NewEvent::new((Provider::Google, "c"), "A", at("2026-01-13T08:00:00Z"), at("2026-01-13T09:00:00Z"));
    assert!(refusal(&CreateEvent::new(&event)).contains("google"));
    assert!(
        refusal(&UpdateEvent::new(&types::UpdateEvent::new(Provider::Google, "c", "e"))).contains("google")
    );
    assert!(
        refusal(&DeleteEvent::new(&types::DeleteEvent::new(Provider::Google, "c", "e"))).contains("google")
    );
    assert!(
        refusal(&UpdateEvent::new(&types::UpdateEvent::new(Provider::Microsoft, "c", "")))
            .contains("eventId")
    );
    assert!(
        refusal(&DeleteEvent::new(&types::DeleteEvent::new(Provider::Microsoft, "c", ""))).contains("empty")
    );
    // This example from the documentation of the calendar integration ends before it starts.
    let backwards = types::UpdateEvent::new(Provider::Microsoft, "c", "1")
        .time(at("2026-02-20T10:00:00Z"), at("2026-02-11T10:00:00Z"));
    assert!(refusal(&UpdateEvent::new(&backwards)).contains("ends before it starts"));
}

#[test]
fn update_sends_only_changed_fields() {
    let update = |change: types::UpdateEvent| UpdateEvent::new(&change);
    let new = || types::UpdateEvent::new(Provider::Microsoft, "c", "e");
    assert_eq!(body(&update(new())), serde_json::json!({}));
    let cleared = new()
        .clear_description()
        .clear_location()
        .clear_attendees()
        .clear_recurrence()
        .clear_custom()
        .clear_conference_data();
    assert_eq!(
        body(&update(cleared)),
        serde_json::json!({
            "body": {"contentType": "text", "content": ""},
            "location": {"displayName": ""},
            "attendees": [],
            "recurrence": null,
            "singleValueExtendedProperties": [{"id": outlook::CUSTOM_PROPERTY, "value": "null"}],
            "isOnlineMeeting": false,
        })
    );
    let request = sent(&update(new().title("B")).if_match("W/\"x\"").immutable_ids());
    assert_eq!((request.method.as_str(), request.if_match.as_deref()), ("PATCH", Some("W/\"x\"")));
    assert_eq!(request.body, r#"{"subject":"B"}"#);
    let (start, end) = (at("2026-07-13T08:00:00Z"), at("2026-07-13T09:00:00Z"));
    let moved = body(&update(new().time(start, end)).time_zone("Europe/Berlin"));
    assert_eq!(
        (moved["start"]["timeZone"].as_str(), moved["isAllDay"].as_bool()),
        (Some("UTC"), Some(false))
    );
    let series = new().whole_series().time(start, end);
    assert_eq!(body(&update(series).time_zone("Europe/Berlin"))["start"]["dateTime"], "2026-07-13T10:00:00");
    assert!(refusal(&update(new().recurrence(Recurrence::daily()))).contains(".time(start, end)"));
    let repeats = update(new().recurrence(Recurrence::daily()).time(start, end));
    let repeats = body(&repeats.time_zone("UTC"));
    assert_eq!(repeats["recurrence"]["pattern"]["type"], "daily");
}

#[test]
fn series_update_with_times_of_an_occurrence_is_refused() {
    let (start, end) = (at("2026-07-13T08:00:00Z"), at("2026-07-13T09:00:00Z"));
    let of = |event: &Event| event.change().unwrap().whole_series();
    let (day, next) = (date(2026, 7, 13), date(2026, 7, 14));
    for change in [of(&occurrence()).time(start, end), of(&occurrence()).dates(day, next)] {
        let why = refusal(&UpdateEvent::new(&change).time_zone("Europe/Berlin"));
        assert!(why.contains("read the series"), "{why}");
    }
    // Fields other than times apply to all occurrences.
    assert_eq!(body(&UpdateEvent::new(&of(&occurrence()).title("B"))), serde_json::json!({"subject": "B"}));
    let alone = occurrence().change().unwrap().time(start, end);
    assert_eq!(body(&UpdateEvent::new(&alone))["start"]["timeZone"], "UTC");
    let mut series = Event::new(Provider::Microsoft, "c", "series");
    for id in [None, Some("series".to_owned())] {
        series.recurring_event_id = id;
        let moved = UpdateEvent::new(&of(&series).time(start, end)).time_zone("Europe/Berlin");
        assert_eq!(sent(&moved).path, "/v1.0/me/calendars/c/events/series");
        assert_eq!(body(&moved)["start"]["dateTime"], "2026-07-13T10:00:00");
    }
}

#[test]
fn series_update_with_times_needs_a_zone() {
    let (start, end) = (at("2026-07-13T08:00:00Z"), at("2026-07-13T09:00:00Z"));
    let (day, next) = (date(2026, 7, 13), date(2026, 7, 14));
    let new = || types::UpdateEvent::new(Provider::Microsoft, "c", "e");
    for change in [
        new().whole_series().time(start, end),
        new().whole_series().dates(day, next),
        new().recurrence(Recurrence::daily()).time(start, end),
    ] {
        let why = refusal(&UpdateEvent::new(&change));
        assert!(why.contains(".time_zone("), "{why}");
        let zoned = body(&UpdateEvent::new(&change).time_zone("Europe/Berlin"));
        assert_eq!(zoned["start"]["timeZone"], "Europe/Berlin");
    }
    // The event that Graph returned has the type `seriesMaster`, so `knowing` identifies it as a series.
    let series = read(&GetEvent::new("c", "e"), r#"{"id":"e","type":"seriesMaster"}"#).unwrap();
    let moved = || UpdateEvent::new(&series.change().unwrap().time(start, end));
    assert_eq!(body(&moved())["start"]["timeZone"], "UTC");
    assert!(refusal(&moved().knowing(&series)).contains(".time_zone("));
    let zoned = body(&moved().knowing(&series).time_zone("Europe/Berlin"));
    assert_eq!(zoned["start"]["dateTime"], "2026-07-13T10:00:00");
    let other = Event::new(Provider::Microsoft, "c", "another");
    assert_eq!(body(&moved().knowing(&other))["start"]["timeZone"], "UTC");
    // Updates without times, or with dates only, need no zone.
    assert!(body(&UpdateEvent::new(&new().whole_series().title("A"))).get("start").is_none());
    assert_eq!(body(&UpdateEvent::new(&new().dates(day, next)))["start"]["timeZone"], "UTC");
}

/// An event with two guests and a room. The organizer is also a guest if `organizer_is_listed`.
fn party(organizer_is_listed: bool) -> Event {
    let guest = |kind: &str, name: &str, response: &str| {
        serde_json::json!({"type": kind, "status": {"response": response, "time": "2026-01-01T00:00:00Z"},
            "emailAddress": {"name": name, "address": format!("{name}@example.com")}})
    };
    let mut guests = vec![
        guest("required", "Ada", "accepted"),
        guest("optional", "Bob", "declined"),
        guest("resource", "Room", "accepted"),
    ];
    if organizer_is_listed {
        guests.push(guest("required", "Me", "organizer"));
    }
    let me = serde_json::json!({"emailAddress": {"name": "Me", "address": "me@example.com"}});
    let event =
        serde_json::json!({"id": "e", "type": "singleInstance", "attendees": guests, "organizer": me});
    read(&GetEvent::new("c", "e"), &event.to_string()).unwrap()
}

#[test]
fn guests_of_a_known_event_keep_their_data() {
    for listed in [false, true] {
        let event = party(listed);
        // A caller adds one guest and removes another.
        let emails = event.attendees.iter().map(|guest| guest.email.to_lowercase());
        let emails: Vec<_> =
            emails.filter(|email| !email.starts_with("ada")).chain(["eve@example.com".to_owned()]).collect();
        assert!(emails.contains(&"me@example.com".to_owned()));
        let change = event.change().unwrap().attendees(emails);
        let known = body(&UpdateEvent::new(&change).knowing(&event));
        let there = event.original.as_ref().unwrap().field::<serde_json::Value>("attendees").unwrap();
        let new = serde_json::json!({"emailAddress": {"address": "eve@example.com"}, "type": "required"});
        assert_eq!(known["attendees"], serde_json::json!([there[1], there[2], new]));
        let unknown = body(&UpdateEvent::new(&change));
        let all_required = unknown["attendees"].as_array().unwrap().iter();
        assert_eq!(all_required.filter(|guest| guest["type"] == "required").count(), 4);
    }
    let odd = r#"{"id":"e","attendees":[5,null,{"emailAddress":7},{"emailAddress":{"address":"b@x"},"type":"optional"}]}"#;
    let odd = read(&GetEvent::new("c", "e"), odd).unwrap();
    let change = odd.change().unwrap().attendees(["B@x", "c@x"]);
    let sent = body(&UpdateEvent::new(&change).knowing(&odd));
    assert_eq!(
        (sent["attendees"][0]["type"].as_str(), sent["attendees"].as_array().unwrap().len()),
        (Some("optional"), 2)
    );
    let cleared = UpdateEvent::new(&odd.change().unwrap().clear_attendees()).knowing(&odd);
    assert_eq!(body(&cleared)["attendees"], serde_json::json!([]));
}

#[test]
fn graph_fields_are_sent() {
    let fields =
        r#"{"subject":"Mine","importance":"high","singleValueExtendedProperties":[{"id":"x","value":"y"}]}"#;
    let event = meeting().custom("{}".parse().unwrap());
    let body = body(&CreateEvent::new(&event).fields(fields.parse().unwrap()));
    assert_eq!((body["subject"].as_str(), body["importance"].as_str()), (Some("Mine"), Some("high")));
    assert_eq!(body["singleValueExtendedProperties"].as_array().unwrap().len(), 2);
    assert!(refusal(&CreateEvent::new(&event).fields("[]".parse().unwrap())).contains("fields"));
}

fn failed(status: u16, text: &str) -> connect_blocking::Error {
    let text = text.to_owned();
    Wire::default()
        .user(move |_| {
            let mut response = response(status, &text);
            response.headers_mut().insert("request-id", "r-1".parse().unwrap());
            Ok(response)
        })
        .send(&UpdateEvent::new(&types::UpdateEvent::new(Provider::Microsoft, "c", "e").title("A")))
        .unwrap_err()
}

#[test]
fn errors_have_graph_codes() {
    let body = |code: &str| {
        format!(
            r#"{{"error":{{"code":"{code}","message":"No.","innerError":{{"date":"2026-01-13","request-id":"r-2"}}}}}}"#
        )
    };
    type Is = fn(&ErrorKind) -> bool;
    let kinds: [(u16, &str, Is); 11] = [
        (400, "ErrorOccurrenceCrossingBoundary", |kind| matches!(kind, ErrorKind::Conflict)),
        (400, "ErrorInvalidIdMalformed", |kind| matches!(kind, ErrorKind::Validation { .. })),
        (403, "ErrorAccessDenied", |kind| matches!(kind, ErrorKind::Permission { .. })),
        (404, "ErrorItemNotFound", |kind| matches!(kind, ErrorKind::NotFound)),
        (409, "ErrorIrresolvableConflict", |kind| matches!(kind, ErrorKind::Conflict)),
        (412, "ErrorIrresolvableConflict", |kind| matches!(kind, ErrorKind::Conflict)),
        (410, "syncStateNotFound", |kind| matches!(kind, ErrorKind::NotFound)),
        (429, "TooManyRequests", |kind| matches!(kind, ErrorKind::RateLimited)),
        (503, "ServiceUnavailable", |kind| matches!(kind, ErrorKind::Server)),
        (504, "GatewayTimeout", |kind| matches!(kind, ErrorKind::Server)),
        (509, "BandwidthLimitExceeded", |kind| matches!(kind, ErrorKind::RateLimited)),
    ];
    for (status, code, is) in kinds {
        let error = failed(status, &body(code));
        assert!(is(error.kind()), "{status}: {error:?}");
        assert_eq!(
            (error.server_code(), error.message(), error.request_id()),
            (Some(code), Some("No."), Some("r-1"))
        );
        let garbage = failed(status, "<html>");
        assert!(code.contains("Boundary") || is(garbage.kind()), "{status}: {garbage:?}");
        assert_eq!((garbage.server_code(), garbage.status().unwrap().as_u16()), (None, status));
    }
}

#[test]
fn byte_order_mark_before_json_is_skipped() {
    let error =
        failed(400, "\u{feff}{\"error\":{\"code\":\"ErrorOccurrenceCrossingBoundary\",\"message\":\"No.\"}}");
    assert!(matches!(error.kind(), ErrorKind::Conflict), "{error:?}");
    assert_eq!(
        (error.server_code(), error.message()),
        (Some("ErrorOccurrenceCrossingBoundary"), Some("No."))
    );
    let call = GetSchedule::new(["x"], at("2026-01-13T08:00:00Z"), at("2026-01-13T12:00:00Z"));
    let refused = r#"{"value":[{"scheduleId":"x","error":{"responseCode":"ErrorMailRecipientNotFound"}}]}"#;
    let schedules = read(&call, &format!("\u{feff}{refused}")).unwrap().mailboxes;
    let error = schedules[0].busy.as_ref().unwrap_err();
    assert_eq!(error.server_code(), Some("ErrorMailRecipientNotFound"));
}

#[test]
fn nested_error_code_is_read_in_both_spellings() {
    for inner in ["innerError", "innererror"] {
        let nested = format!(
            r#"{{"error":{{"code":"generalException","message":"m","{inner}":{{"code":"b","{inner}":{{"code":"ErrorOccurrenceCrossingBoundary"}}}}}}}}"#
        );
        let error = failed(400, &nested);
        assert_eq!(error.server_code(), Some("ErrorOccurrenceCrossingBoundary"), "{inner}");
        assert!(matches!(error.kind(), ErrorKind::Conflict), "{error:?}");
    }
    for odd in [
        "null",
        "5",
        "[]",
        r#"{"error":null}"#,
        r#"{"error":5}"#,
        r#"{"error":{"code":5,"message":[],"innerError":"x"}}"#,
    ] {
        let error = failed(400, odd);
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{odd}: {error:?}");
    }
    let deep = format!(r#"{{"error":{}1{}}}"#, r#"{"innerError":"#.repeat(100), "}".repeat(100));
    failed(400, &deep);
}

#[test]
fn schedule_returns_busy_times() {
    let call =
        GetSchedule::new(["ada@example.com", "x"], at("2026-01-13T08:00:00Z"), at("2026-01-13T12:00:00Z"))
            .interval(60);
    let request = sent(&call);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1.0/me/calendar/getSchedule"));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&request.body).unwrap(),
        serde_json::json!({
            "schedules": ["ada@example.com", "x"],
            "startTime": {"dateTime": "2026-01-13T08:00:00", "timeZone": "UTC"},
            "endTime": {"dateTime": "2026-01-13T12:00:00", "timeZone": "UTC"},
            "availabilityViewInterval": 60,
        })
    );
    let item = |status: &str, hour: u8| {
        format!(
            r#"{{"status":"{status}","start":{{"dateTime":"2026-01-13T{hour:02}:00:00.0000000","timeZone":"UTC"}},
               "end":{{"dateTime":"2026-01-13T{hour:02}:30:00.0000000","timeZone":"UTC"}}}}"#
        )
    };
    let text = format!(
        r#"{{"value":[
            {{"scheduleId":"ada@example.com","availabilityView":"0000","scheduleItems":[{},{},{},{}]}},
            {{"scheduleId":"digits","availabilityView":"02240","scheduleItems":[]}},
            {{"scheduleId":"odd","availabilityView":"1003","scheduleItems":[{{"status":"busy","start":"soon"}}]}},
            {{"scheduleId":"free","availabilityView":"0000"}},
            {{"scheduleId":"x","error":{{"message":"no such mailbox","responseCode":"ErrorMailRecipientNotFound"}}}},
            {{"scheduleId":"lost","scheduleItems":[{{"status":"busy"}}]}}]}}"#,
        item("workingElsewhere", 10),
        item("busy", 9),
        item("free", 11),
        item("tentative", 8),
    );
    let schedules = read(&call, &text).unwrap().mailboxes;
    let hours = |at: usize| -> Vec<(Timestamp, SignedDuration)> {
        let busy = schedules[at].busy.as_ref().unwrap();
        busy.iter().map(|taken| (taken.start, taken.end.duration_since(taken.start))).collect()
    };
    let half = SignedDuration::from_mins(30);
    assert_eq!(
        hours(0),
        ["2026-01-13T08:00:00Z", "2026-01-13T09:00:00Z"].map(|start| (at(start), half)),
        "`workingElsewhere` is not busy"
    );
    assert_eq!(
        hours(1),
        [(at("2026-01-13T09:00:00Z"), SignedDuration::from_hours(2))],
        "4 means `workingElsewhere`"
    );
    let hour = SignedDuration::from_hours(1);
    assert_eq!(hours(2), [(at("2026-01-13T08:00:00Z"), hour), (at("2026-01-13T11:00:00Z"), hour)]);
    assert_eq!(hours(3), []);
    let error = schedules[4].busy.as_ref().unwrap_err();
    assert_eq!(
        (error.server_code(), error.message()),
        (Some("ErrorMailRecipientNotFound"), Some("no such mailbox"))
    );
    let unread = schedules[5].busy.as_ref().unwrap_err();
    assert!(
        matches!(unread.kind(), ErrorKind::Decode { .. }),
        "an unreadable schedule is an error: {unread:?}"
    );
}

#[test]
fn series_in_an_unnamed_zone_is_refused() {
    for zone in [
        TimeZone::fixed(Offset::constant(9)),
        TimeZone::posix("JST-9").unwrap(),
        "2026-11-18T09:00+02:00[+02:00]".parse::<ZonedDateTime>().unwrap().time_zone().clone(),
    ] {
        let start = at("2026-01-13T23:00:00Z").to_zoned_datetime(zone);
        let end = start.checked_add(SignedDuration::from_hours(1)).unwrap();
        let plain = NewEvent::new((Provider::Microsoft, "c"), "Stand-up", &start, &end);
        assert_eq!(body(&CreateEvent::new(&plain))["start"]["timeZone"], "UTC");
        let series = plain.clone().recurrence(Recurrence::weekly());
        let why = refusal(&CreateEvent::new(&series));
        assert!(why.contains("time_zone: ") && why.contains("IANA"), "{why}");
        let named = body(&CreateEvent::new(&series).time_zone("Asia/Tokyo"));
        assert_eq!(named["start"]["dateTime"], "2026-01-14T08:00:00");
        let change = || types::UpdateEvent::new(Provider::Microsoft, "c", "e").time(&start, &end);
        refusal(&UpdateEvent::new(&change().whole_series()));
        refusal(&UpdateEvent::new(&change().recurrence(Recurrence::daily())));
        assert_eq!(body(&UpdateEvent::new(&change()))["start"]["timeZone"], "UTC");
    }
}

#[test]
fn series_with_a_graph_rule_starts_in_its_zone() {
    let start: ZonedDateTime = "2026-01-12T09:00[Asia/Tokyo]".parse().unwrap();
    let end = start.checked_add(SignedDuration::from_hours(1)).unwrap();
    let rule =
        |value: serde_json::Value| Raw::from_value(&serde_json::json!({ "recurrence": value })).unwrap();
    let weekly = serde_json::json!({
        "pattern": { "type": "weekly", "interval": 1, "daysOfWeek": ["monday"] },
        "range": { "type": "noEnd", "startDate": "2026-01-12" },
    });
    let plain = NewEvent::new((Provider::Microsoft, "c"), "Stand-up", &start, &end);
    let of_request =
        CreateEvent::new(&plain.clone().provider_fields(Provider::Microsoft, rule(weekly.clone())));
    let of_call = CreateEvent::new(&plain).fields(rule(weekly.clone()));
    for call in [of_request, of_call] {
        let sent = body(&call);
        assert_eq!(
            sent["start"],
            serde_json::json!({ "dateTime": "2026-01-12T09:00:00", "timeZone": "Asia/Tokyo" })
        );
        assert_eq!(
            (&sent["end"]["timeZone"], &sent["recurrence"]),
            (&serde_json::json!("Asia/Tokyo"), &weekly)
        );
    }
    let page = serde_json::json!({
        "title": "T", "start": "2026-01-12T09:00", "end": "2026-01-12T10:00", "timezone": "Asia/Tokyo",
        "outlookEvent": { "recurrence": weekly },
    });
    let page: PageEvent = serde_json::from_value(page).unwrap();
    let sent = body(&CreateEvent::new(&page.new_event((Provider::Microsoft, "c")).unwrap()));
    assert_eq!(
        sent["start"],
        serde_json::json!({ "dateTime": "2026-01-12T09:00:00", "timeZone": "Asia/Tokyo" })
    );
    // Neither a null rule nor a Google rule creates a Graph series.
    let none = plain.clone().provider_fields(Provider::Microsoft, rule(serde_json::json!(null)));
    let googles = plain.provider_fields(Provider::Google, rule(serde_json::json!(["RRULE:FREQ=DAILY"])));
    for event in [none, googles] {
        assert_eq!(body(&CreateEvent::new(&event))["start"]["timeZone"], "UTC");
    }
}
