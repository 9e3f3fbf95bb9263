//! Tests of the requests of Google Calendar calls, and of calls that are refused before they are sent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod google_common;

use connect_blocking::Client;
use connect_calendars::google::{
    AccessRole, ApiKey, DeleteEvent, FreeBusy, GetEvent, InsertEvent, ListCalendars, ListColors, ListEvents,
    ListInstances, PatchEvent, SendUpdates,
};
use connect_core::{
    Endpoint, ErrorKind,
    types::{
        Availability, ConferenceData, Event, EventStatus, NewEvent, Privacy, Provider, Raw, Recurrence,
        Safety, UpdateEvent,
    },
};
use google_common::*;
use jiff::{
    SignedDuration, Timestamp, ZonedDateTime,
    civil::date,
    tz::{Offset, TimeZone},
};
use serde_json::{Value, json};

const BASE: &str = "https://www.googleapis.com/calendar/v3";
const PRIMARY: (Provider, &str) = (Provider::Google, "primary");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn uri(call: &(impl Endpoint + Sync)) -> String {
    let uri = sent(call).uri().to_string();
    uri.strip_prefix(BASE).unwrap().to_owned()
}

fn hour() -> NewEvent {
    NewEvent::new(PRIMARY, "Meeting", at("2026-11-18T09:00:00Z"), at("2026-11-18T10:00:00Z"))
}

fn raw(value: serde_json::Value) -> Raw {
    Raw::from_value(&value).unwrap()
}

/// The private properties that a patch of the custom fields must send.
///
/// The first property has `text`, or null if `text` is `None`. The other properties are null. Google
/// deletes a property that is null.
fn custom(text: Option<&str>) -> Value {
    let rest = (2..=16).map(|number| (format!("connectCustom.{number}"), Value::Null));
    Value::Object(rest.chain([("connectCustom".to_owned(), json!(text))]).collect())
}

#[test]
fn read_calls_have_their_paths_and_queries() {
    assert_eq!(uri(&ListCalendars::new()), "/users/me/calendarList");
    let calendars = ListCalendars::new().show_hidden().min_access_role(AccessRole::Writer).page_size(10);
    assert_eq!(uri(&calendars), "/users/me/calendarList?showHidden=true&minAccessRole=writer&maxResults=10");
    assert_eq!(uri(&ListColors::new()), "/colors");
    let list = ListEvents::new("primary")
        .between(at("2026-11-18T00:00:00Z"), at("2026-11-19T00:00:00Z"))
        .occurrences()
        .time_zone("Europe/Berlin")
        .page_size(5)
        .show_deleted()
        .search("a b")
        .event_type("default")
        .event_type("focusTime")
        .parameter("maxAttendees", "1");
    assert_eq!(
        uri(&list),
        "/calendars/primary/events?timeMin=2026-11-18T00%3A00%3A00.000Z&timeMax=2026-11-19T00%3A00%3A00.000Z\
         &singleEvents=true&orderBy=startTime&timeZone=Europe%2FBerlin&maxResults=5&showDeleted=true&q=a+b\
         &eventTypes=default&eventTypes=focusTime&maxAttendees=1"
    );
    assert_eq!(uri(&ListEvents::new("primary").occurrences().masters()), "/calendars/primary/events");
    assert_eq!(
        uri(&GetEvent::new("primary", "e1").time_zone("UTC")),
        "/calendars/primary/events/e1?timeZone=UTC"
    );
    assert_eq!(
        uri(&ListInstances::new("a", "b").page_size(3)),
        "/calendars/a/events/b/instances?maxResults=3"
    );
    let busy = FreeBusy::new(at("2026-11-18T00:00:00Z"), at("2026-11-19T00:00:00Z")).calendars(["a", "b"]);
    assert_eq!(
        body_of(&busy),
        json!({ "timeMin": "2026-11-18T00:00:00.000Z", "timeMax": "2026-11-19T00:00:00.000Z",
                "items": [{ "id": "a" }, { "id": "b" }] })
    );
    assert_eq!((sent(&busy).method().as_str(), busy.safety()), ("POST", Safety::Safe));
}

#[test]
fn ids_with_special_characters_stay_one_path_segment() {
    assert_eq!(
        uri(&ListEvents::new(HOLIDAYS)),
        "/calendars/en.usa%23holiday%40group.v.calendar.google.com/events"
    );
    assert_eq!(uri(&GetEvent::new("a/b%c d", "é?x&y")), "/calendars/a%2Fb%25c%20d/events/%C3%A9%3Fx%26y");
    let update = UpdateEvent::new(Provider::Google, "a#b", "c#d").title("x");
    assert_eq!(uri(&PatchEvent::new(&update)), "/calendars/a%23b/events/c%23d?sendUpdates=all");
    for (calendar, event) in [("", "e"), ("a", ""), ("..", "e"), ("a", "."), (" ", "e")] {
        assert!(refused(&GetEvent::new(calendar, event)).contains("Id: "), "{calendar:?} {event:?}");
    }
    assert!(refused(&ListEvents::new("..")).contains("calendarId"));
}

#[test]
fn insert_sends_all_fields() {
    let call = InsertEvent::new(&hour());
    let request = sent(&call);
    assert_eq!((request.method().as_str(), call.safety()), ("POST", Safety::Once));
    assert_eq!(uri(&call), "/calendars/primary/events");
    assert_eq!(
        body_of(&call),
        json!({ "summary": "Meeting", "start": { "dateTime": "2026-11-18T09:00:00.000Z" },
                "end": { "dateTime": "2026-11-18T10:00:00.000Z" } })
    );
    let full = hour()
        .description("d")
        .location("l")
        .attendees(["a@example.com", "b@example.com"])
        .custom(r#"{"name":"x","ticket":42}"#.parse().unwrap())
        .availability(Availability::Free)
        .privacy(Privacy::Confidential)
        .status(EventStatus::Tentative);
    let call = InsertEvent::new(&full)
        .time_zone("Europe/Berlin")
        .color_id("11")
        .send_updates(SendUpdates::All)
        .fields(raw(json!({ "guestsCanModify": true, "extendedProperties": { "shared": { "s": "1" } },
                            "location": "Google's" })))
        .parameter("maxAttendees", "5");
    assert_eq!(uri(&call), "/calendars/primary/events?sendUpdates=all&maxAttendees=5");
    assert_eq!(
        body_of(&call),
        json!({
            "summary": "Meeting", "description": "d", "location": "Google's", "colorId": "11",
            "start": { "dateTime": "2026-11-18T09:00:00.000Z", "timeZone": "Europe/Berlin" },
            "end": { "dateTime": "2026-11-18T10:00:00.000Z", "timeZone": "Europe/Berlin" },
            "attendees": [{ "email": "a@example.com" }, { "email": "b@example.com" }],
            "extendedProperties": { "private": { "connectCustom": r#"{"name":"x","ticket":42}"# }, "shared": { "s": "1" } },
            "transparency": "transparent", "visibility": "confidential", "status": "tentative",
            "guestsCanModify": true,
        })
    );
    let other = NewEvent::new(
        (Provider::Microsoft, "c"),
        "x",
        at("2026-11-18T09:00:00Z"),
        at("2026-11-18T10:00:00Z"),
    );
    assert!(refused(&InsertEvent::new(&other)).contains("provider"));
    assert!(refused(&InsertEvent::new(&hour()).fields(raw(json!([1])))).contains("fields"));
}

#[test]
fn series_has_a_zone_and_an_all_day_until_is_a_date() {
    let series = hour().recurrence(Recurrence::weekly().until(at("2026-12-24T10:00:00Z")));
    let body = body_of(&InsertEvent::new(&series));
    assert_eq!(body["recurrence"], json!(["RRULE:FREQ=WEEKLY;UNTIL=20261224T100000Z"]));
    assert_eq!((&body["start"]["timeZone"], &body["end"]["timeZone"]), (&json!("UTC"), &json!("UTC")));
    let body = body_of(&InsertEvent::new(&series).time_zone("Asia/Tokyo"));
    assert_eq!(body["start"]["timeZone"], "Asia/Tokyo");

    let days = NewEvent::all_day(PRIMARY, "Days", date(2026, 11, 18), date(2026, 11, 19))
        .recurrence(Recurrence::daily().until(at("2026-12-24T10:00:00Z")).on_days([1, -1]));
    let body = body_of(&InsertEvent::new(&days).time_zone("Asia/Tokyo"));
    assert_eq!(body["recurrence"], json!(["RRULE:FREQ=DAILY;UNTIL=20261224;BYMONTHDAY=1,-1"]));
    assert_eq!(body["start"], json!({ "date": "2026-11-18" }), "dates have no zone");
}

#[test]
fn insert_sends_conference_data() {
    let conference = |event: NewEvent| {
        let call = InsertEvent::new(&event);
        assert_eq!(uri(&call), "/calendars/primary/events?conferenceDataVersion=1");
        body_of(&call)["conferenceData"].clone()
    };
    let auto = conference(hour().auto_conference().conference("https://ignored.example"));
    assert_eq!(auto["createRequest"]["conferenceSolutionKey"]["type"], "hangoutsMeet");
    let id = |event: &InsertEvent| body_of(event)["conferenceData"]["createRequest"]["requestId"].clone();
    let (one, two) =
        (InsertEvent::new(&hour().auto_conference()), InsertEvent::new(&hour().auto_conference()));
    assert_eq!(id(&one), id(&one.clone()), "a retry requests the same conference");
    assert_ne!(id(&one), id(&two), "another event requests another conference");
    let (one, two) = (
        InsertEvent::once(&hour().auto_conference(), "k"),
        InsertEvent::once(&hour().auto_conference(), "k"),
    );
    assert_eq!(id(&one), id(&two));
    assert_eq!(id(&one.conference_request_id("mine")), "mine");

    let zoom = "https://zoom.example/j/1";
    assert_eq!(
        conference(hour().conference(zoom).conference_data(ConferenceData::by("Zoom"))),
        json!({ "conferenceSolution": { "key": { "type": "addOn" }, "name": "Zoom" },
                "entryPoints": [{ "entryPointType": "video", "uri": zoom }] })
    );
    let meet = conference(hour().conference("https://meet.google.com/abc-defg-hij?x=1"));
    assert_eq!(
        (&meet["conferenceSolution"]["key"]["type"], &meet["conferenceId"]),
        (&json!("hangoutsMeet"), &json!("abc-defg-hij"))
    );
    let own = ConferenceData::by("x").field("notes", raw(json!("n"))).field("entryPoints", raw(json!([])));
    assert_eq!(conference(hour().conference_data(own)), json!({ "notes": "n", "entryPoints": [] }));
    assert!(
        refused(&InsertEvent::new(&hour().conference_data(ConferenceData::by("x"))))
            .contains("conferenceData")
    );
    let call = InsertEvent::new(&hour().auto_conference()).parameter("conferenceDataVersion", "0");
    assert_eq!(
        uri(&call),
        "/calendars/primary/events?conferenceDataVersion=0",
        "the parameter of the caller takes precedence"
    );
}

#[test]
fn insert_with_a_caller_id_is_idempotent() {
    let call = InsertEvent::once(&hour(), "order-4711");
    assert_eq!(call.safety(), Safety::Idempotent);
    assert_eq!(body_of(&call)["id"], "2sugrmvv0d0p7umefjj0qfqomgb982ic54o6v6nl2biehslvc7hg");
    assert_eq!(
        uri(&call.existing().unwrap()),
        "/calendars/primary/events/2sugrmvv0d0p7umefjj0qfqomgb982ic54o6v6nl2biehslvc7hg"
    );
    assert_ne!(body_of(&InsertEvent::once(&hour(), "order-4712"))["id"], body_of(&call)["id"]);
    assert_eq!(body_of(&InsertEvent::new(&hour()).id("abcde"))["id"], "abcde");
    for odd in ["", "abcd", "wxyz0", "UPPER", "with space"] {
        assert!(refused(&InsertEvent::new(&hour()).id(odd)).starts_with("id:"), "{odd}");
    }
    assert_eq!(InsertEvent::new(&hour()).existing(), None);
}

#[test]
fn patch_clears_fields_with_null_and_keeps_the_rest() {
    let update = UpdateEvent::new(Provider::Google, "primary", "e1");
    assert_eq!(body_of(&PatchEvent::new(&update)), json!({}));
    let cleared = update
        .clone()
        .clear_description()
        .clear_location()
        .clear_attendees()
        .clear_recurrence()
        .clear_custom()
        .clear_conference();
    let call = PatchEvent::new(&cleared);
    assert_eq!(
        body_of(&call),
        json!({ "description": null, "location": null, "attendees": [], "recurrence": null,
                "extendedProperties": { "private": custom(None) }, "conferenceData": null })
    );
    assert_eq!(uri(&call), "/calendars/primary/events/e1?sendUpdates=all&conferenceDataVersion=1");
    assert_eq!((sent(&call).method().as_str(), call.safety()), ("PATCH", Safety::Idempotent));

    let days = update.clone().dates(date(2026, 11, 18), date(2026, 11, 19));
    assert_eq!(
        body_of(&PatchEvent::new(&days))["start"],
        json!({ "date": "2026-11-18", "dateTime": null, "timeZone": null }),
        "a timed event becomes an all-day one"
    );
    let time = update.clone().time(at("2026-11-18T09:00:00Z"), at("2026-11-18T10:00:00Z"));
    assert_eq!(
        body_of(&PatchEvent::new(&time).time_zone("UTC"))["end"],
        json!({ "dateTime": "2026-11-18T10:00:00.000Z", "date": null, "timeZone": "UTC" })
    );

    let tagged = PatchEvent::new(&update.clone().title("x")).if_match("\"3\"");
    assert_eq!(sent(&tagged).headers()["if-match"], "\"3\"");
    assert_eq!(tagged.safety(), Safety::Once, "a repeated request conflicts with the first");
    assert!(refused(&PatchEvent::new(&update).if_match("a\nb")).contains("etag"));
}

#[test]
fn patch_of_a_known_event_keeps_its_data() {
    let known = json!({
        "id": "e1", "start": { "date": "2026-11-18" }, "end": { "date": "2026-11-19" },
        "attendees": [{ "email": "A@example.com", "responseStatus": "accepted", "comment": "c" }],
        "extendedProperties": { "private": { "old": "1", "both": "2" } },
    });
    let event = read(&GetEvent::new("primary", "e1"), 200, &known.to_string()).unwrap();
    let update = event
        .change()
        .unwrap()
        .attendees(["a@example.com", "new@example.com"])
        .custom(raw(json!({ "both": "3" })))
        .recurrence(Recurrence::daily().until(at("2026-12-24T10:00:00Z")));
    let body = body_of(&PatchEvent::new(&update).knowing(&event));
    assert_eq!(body["attendees"], json!([known["attendees"][0], { "email": "new@example.com" }]));
    assert_eq!(
        body["extendedProperties"]["private"],
        custom(Some(r#"{"both":"3"}"#)),
        "other private properties stay"
    );
    assert_eq!(body["recurrence"], json!(["RRULE:FREQ=DAILY;UNTIL=20261224"]), "the known event is all-day");
    let cleared = event.change().unwrap().clear_custom();
    assert_eq!(
        body_of(&PatchEvent::new(&cleared).knowing(&event)),
        json!({ "extendedProperties": { "private": custom(None) } })
    );
}

#[test]
fn occurrence_and_series_have_their_own_paths() {
    let mut event = Event::new(Provider::Google, "primary", "s_1");
    event.recurring_event_id = Some("s".to_owned());
    let change = event.change().unwrap().title("x");
    assert_eq!(uri(&PatchEvent::new(&change)), "/calendars/primary/events/s_1?sendUpdates=all");
    assert_eq!(
        uri(&PatchEvent::new(&change.clone().whole_series())),
        "/calendars/primary/events/s?sendUpdates=all"
    );
    assert!(refused(&PatchEvent::new(&change.this_and_following())).contains("following"));
    let delete = event.delete().unwrap();
    let call = DeleteEvent::new(&delete).send_updates(SendUpdates::ExternalOnly).if_match("\"1\"");
    assert_eq!(uri(&call), "/calendars/primary/events/s_1?sendUpdates=externalOnly");
    assert_eq!(sent(&call).headers()["if-match"], "\"1\"");
    assert_eq!(
        uri(&DeleteEvent::new(&delete.clone().whole_series())),
        "/calendars/primary/events/s?sendUpdates=all"
    );
    assert!(refused(&DeleteEvent::new(&delete.this_and_following())).contains("following"));
}

#[test]
fn series_update_with_times_of_an_occurrence_is_refused() {
    let mut occurrence = Event::new(Provider::Google, "primary", "s_1");
    occurrence.recurring_event_id = Some("s".to_owned());
    let change = || occurrence.change().unwrap().whole_series();
    let (start, end) = (at("2026-11-18T09:00:00Z"), at("2026-11-18T10:00:00Z"));
    for moved in [change().time(start, end), change().dates(date(2026, 11, 18), date(2026, 11, 19))] {
        assert!(refused(&PatchEvent::new(&moved)).contains("series"));
    }
    assert_eq!(
        uri(&PatchEvent::new(&change().recurrence(Recurrence::weekly()))),
        "/calendars/primary/events/s?sendUpdates=all"
    );
    let alone = occurrence.change().unwrap().time(start, end);
    assert_eq!(uri(&PatchEvent::new(&alone)), "/calendars/primary/events/s_1?sendUpdates=all");
    // The event is the series itself, with and without its own id as `recurring_event_id`.
    let mut series = Event::new(Provider::Google, "primary", "s");
    for of in [None, Some("s".to_owned())] {
        series.recurring_event_id = of;
        let moved = series.change().unwrap().time(start, end).whole_series();
        assert_eq!(uri(&PatchEvent::new(&moved)), "/calendars/primary/events/s?sendUpdates=all");
    }
}

#[test]
fn remaining_guests_keep_replies_only_of_a_known_event() {
    let known = json!({ "id": "e1", "attendees": [
        { "email": "a@example.com", "responseStatus": "declined", "optional": true }] });
    let event = read(&GetEvent::new("primary", "e1"), 200, &known.to_string()).unwrap();
    let update = event.change().unwrap().attendees(["a@example.com"]);
    assert_eq!(body_of(&PatchEvent::new(&update))["attendees"], json!([{ "email": "a@example.com" }]));
    assert_eq!(body_of(&PatchEvent::new(&update).knowing(&event))["attendees"], known["attendees"]);
}

#[test]
fn documented_update_with_end_before_start_is_refused() {
    let update = UpdateEvent::new(Provider::Google, "primary", "1")
        .time(at("2022-02-20T09:00:00Z"), at("2022-02-11T10:00:00Z"));
    assert!(refused(&PatchEvent::new(&update)).contains("before"));
    let update =
        UpdateEvent::new(Provider::Google, "primary", "1").dates(date(2022, 2, 20), date(2022, 2, 20));
    assert!(refused(&PatchEvent::new(&update)).contains("first day"));
    assert!(
        refused(&ListEvents::new("a").between(at("2022-02-20T09:00:00Z"), at("2022-02-11T10:00:00Z")))
            .contains("end")
    );
    assert!(refused(&FreeBusy::new(at("2022-02-20T09:00:00Z"), at("2022-02-11T10:00:00Z"))).contains("end"));
}

#[test]
fn numeric_id_is_read_as_text() {
    let event = read(&GetEvent::new("primary", "1"), 200, r#"{"id": 1, "summary": "x"}"#).unwrap();
    assert_eq!(event.id, "1");
    assert_eq!(
        uri(&PatchEvent::new(&event.change().unwrap())),
        "/calendars/primary/events/1?sendUpdates=all"
    );
}

#[test]
fn documented_range_with_months_from_zero_is_sent() {
    // new Date(2022, 1, 1) and new Date(2022, 3, 0): February 1, and the day before April 1.
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let start = date(2022, 2, 1).to_zoned_datetime(zone.clone()).unwrap();
    let end = date(2022, 4, 1).yesterday().unwrap().to_zoned_datetime(zone).unwrap();
    assert_eq!(
        uri(&ListEvents::new("primary").between(&start, &end)),
        "/calendars/primary/events?timeMin=2022-01-31T23%3A00%3A00.000Z&timeMax=2022-03-30T22%3A00%3A00.000Z"
    );
}

#[test]
fn api_key_is_sent_and_never_printed() {
    let key = ApiKey::new("AIza-s3cret").unwrap();
    let call = key.over(&ListEvents::new("primary").page_size(1));
    let request = sent(&call);
    assert_eq!(request.headers()["x-goog-api-key"], "AIza-s3cret");
    assert!(request.headers()["x-goog-api-key"].is_sensitive());
    assert!(request.headers().get("authorization").is_none());
    assert!(!request.uri().to_string().contains("s3cret"));
    let in_query = key.clone().in_query();
    let queried = in_query.over(&ListEvents::new("primary").parameter("key", "other"));
    let request = sent(&queried);
    assert_eq!(request.uri().query(), Some("key=AIza-s3cret"));
    assert!(request.headers().get("x-goog-api-key").is_none());
    let shown = format!("{key:?} {in_query:?} {call:?} {queried:?}");
    assert!(!shown.contains("s3cret") && shown.contains("[redacted]"), "{shown}");
    for odd in ["", "a\nb", "é"] {
        assert!(ApiKey::new(odd).is_err(), "{odd:?}");
    }
}

#[tokio::test]
async fn api_key_in_the_query_is_not_in_errors() {
    // No server listens on this port.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base_url = format!("http://127.0.0.1:{port}");
    let call = ApiKey::new("AIza-s3cret").unwrap().in_query().over(&ListEvents::new("primary"));
    let blocking = Client::anonymous_builder().base_url(&*base_url).build().unwrap();
    let hyper = connect_hyper::Client::anonymous_builder().base_url(&*base_url).build().unwrap();
    for error in [blocking.send(&call).unwrap_err(), hyper.send(&call).await.unwrap_err()] {
        assert!(matches!(error.kind(), ErrorKind::Network { .. }), "{error}");
        assert!(!format!("{error} {error:?} {error:#?}").contains("s3cret"), "{error:?}");
    }
}

fn zoned(text: &str) -> ZonedDateTime {
    text.parse().unwrap()
}

#[test]
fn series_in_an_unnamed_zone_is_refused() {
    for zone in [
        TimeZone::fixed(Offset::constant(9)),
        TimeZone::posix("JST-9").unwrap(),
        zoned("2026-11-18T09:00+02:00[+02:00]").time_zone().clone(),
        TimeZone::unknown(),
    ] {
        let start = at("2026-11-18T23:00:00Z").to_zoned_datetime(zone);
        let end = start.checked_add(SignedDuration::from_hours(1)).unwrap();
        let plain = NewEvent::new(PRIMARY, "Meeting", &start, &end);
        assert_eq!(body_of(&InsertEvent::new(&plain))["start"]["timeZone"], Value::Null);
        let series = plain.clone().recurrence(Recurrence::weekly());
        let why = refused(&InsertEvent::new(&series));
        assert!(why.starts_with("time_zone: ") && why.contains("IANA"), "{why}");
        let named = body_of(&InsertEvent::new(&series).time_zone("Asia/Tokyo"));
        assert_eq!(named["start"]["timeZone"], "Asia/Tokyo");
        let lines = raw(json!({ "recurrence": ["RRULE:FREQ=WEEKLY"] }));
        refused(&InsertEvent::new(&plain.provider_fields(Provider::Google, lines)));

        let change = || UpdateEvent::new(Provider::Google, "primary", "e1").time(&start, &end);
        assert_eq!(body_of(&PatchEvent::new(&change()))["start"]["timeZone"], Value::Null);
        refused(&PatchEvent::new(&change().recurrence(Recurrence::weekly())));
        refused(&PatchEvent::new(&change().whole_series()));
        let known = json!({ "id": "e1", "recurrence": ["RRULE:FREQ=DAILY"] });
        let known = read(&GetEvent::new("primary", "e1"), 200, &known.to_string()).unwrap();
        refused(&PatchEvent::new(&change()).knowing(&known));
    }
}

#[test]
fn new_times_of_a_series_have_their_zone() {
    let (start, hour) = (zoned("2026-10-05T09:00[America/New_York]"), SignedDuration::from_hours(1));
    let change =
        UpdateEvent::new(Provider::Google, "primary", "s").time(&start, start.checked_add(hour).unwrap());
    let sent =
        json!({ "dateTime": "2026-10-05T13:00:00.000Z", "date": null, "timeZone": "America/New_York" });
    for change in [change.clone().whole_series(), change.clone(), change.recurrence(Recurrence::daily())] {
        let body = body_of(&PatchEvent::new(&change));
        assert_eq!((&body["start"], &body["end"]["timeZone"]), (&sent, &json!("America/New_York")));
        let body = body_of(&PatchEvent::new(&change).time_zone("Asia/Tokyo"));
        assert_eq!(body["start"]["timeZone"], "Asia/Tokyo", "the zone of the call takes precedence");
    }
    // A start without a time zone does not change the zone of the series.
    let moved = UpdateEvent::new(Provider::Google, "primary", "s").whole_series();
    let moved = moved.time(start.timestamp(), start.timestamp() + hour);
    assert_eq!(body_of(&PatchEvent::new(&moved))["start"].get("timeZone"), None);
}

#[test]
fn series_update_notifies_unless_the_series_has_no_guests() {
    let known = |value: Value| read(&GetEvent::new("primary", "e"), 200, &value.to_string()).unwrap();
    let occurrence = known(json!({ "id": "s_1", "recurringEventId": "s", "attendees": [] }));
    let series = known(json!({ "id": "s", "attendees": [] }));
    let other = known(json!({ "id": "t" }));
    let all = occurrence.change().unwrap().title("x").whole_series();
    let told = "/calendars/primary/events/s?sendUpdates=all";
    for event in [&occurrence, &other] {
        assert_eq!(uri(&PatchEvent::new(&all).knowing(event)), told);
    }
    assert_eq!(uri(&PatchEvent::new(&all).knowing(&series)), "/calendars/primary/events/s");
    let alone = occurrence.change().unwrap().title("x");
    assert_eq!(uri(&PatchEvent::new(&alone).knowing(&occurrence)), "/calendars/primary/events/s_1");
    assert_eq!(
        uri(&PatchEvent::new(&alone).knowing(&series)),
        "/calendars/primary/events/s_1?sendUpdates=all"
    );
}
