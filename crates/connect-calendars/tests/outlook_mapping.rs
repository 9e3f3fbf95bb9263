//! Tests of the conversion between events and Microsoft Graph event objects, in both directions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

#[path = "support/graph.rs"]
mod graph;

use connect_calendars::{
    EventSeries,
    outlook::{self, BodyType, CUSTOM_PROPERTY, CreateEvent, GetEvent, UpdateEvent},
};
use connect_core::types::{
    AttendeeStatus, Availability, Event, EventStatus, EventTime, NewEvent, Privacy, Provider, Raw,
    Recurrence, Weekday,
};
use graph::{body, read, refusal};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, date},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn event(graph: &Value) -> Event {
    read(&GetEvent::new("cal", "e"), &graph.to_string()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn start(date_time: &str, zone: impl Into<Value>, all_day: bool) -> Option<EventTime> {
    event(&json!({"start": {"dateTime": date_time, "timeZone": zone.into()}, "isAllDay": all_day})).start
}

fn instant(date_time: &str, zone: &str) -> Timestamp {
    start(date_time, zone, false).unwrap().instant().unwrap()
}

#[test]
fn every_field_is_read() {
    let graph = json!({
        "@odata.etag": "W/\"1\"", "id": "AAMk", "type": "exception", "seriesMasterId": "series",
        "subject": "Stand-up", "bodyPreview": "Hi", "body": {"contentType": "html", "content": "<p>Hi</p>"},
        "start": {"dateTime": "2026-01-13T09:00:00.0000000", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2026-01-13T09:30:00.0000000", "timeZone": "Europe/Berlin"},
        "isAllDay": false, "location": {"displayName": "Room 5"}, "locations": [{"displayName": "Room 6"}],
        "webLink": "https://outlook.office365.com/x", "showAs": "oof", "sensitivity": "personal", "isCancelled": false,
        "responseStatus": {"response": "accepted"}, "lastModifiedDateTime": "2026-01-01T10:00:00.1234567Z",
        "organizer": {"emailAddress": {"name": "Ada", "address": "Ada@example.com"}},
        "attendees": [
            {"type": "required", "status": {"response": "tentativelyAccepted"}, "emailAddress": {"name": "Bob", "address": "bob@example.com"}},
            {"type": "resource", "status": {"response": "notResponded"}, "emailAddress": {"name": "r@example.com", "address": "r@example.com"}}],
        "onlineMeeting": {"joinUrl": "https://teams.example/1"}, "onlineMeetingProvider": "teamsForBusiness",
        "onlineMeetingUrl": "https://old.example",
    });
    let event = event(&graph);
    assert_eq!((event.id.as_str(), event.calendar_id.as_deref()), ("AAMk", Some("cal")));
    assert_eq!(event.provider, Some(Provider::Microsoft));
    assert_eq!(event.recurring_event_id.as_deref(), Some("series"));
    assert_eq!((event.title.as_str(), event.description.as_deref()), ("Stand-up", Some("<p>Hi</p>")));
    assert_eq!(event.start, Some(EventTime::Instant(at("2026-01-13T08:00:00Z"))));
    assert_eq!(event.end, Some(EventTime::Instant(at("2026-01-13T08:30:00Z"))));
    assert_eq!((event.all_day, event.location.as_deref()), (Some(false), Some("Room 5")));
    assert_eq!(event.link.as_deref(), Some("https://outlook.office365.com/x"));
    assert_eq!(
        (event.availability.clone(), event.privacy.clone()),
        (Some(Availability::Busy), Some(Privacy::Private))
    );
    assert_eq!(event.status, Some(EventStatus::Confirmed));
    assert_eq!(event.last_modified, Some(at("2026-01-01T10:00:00.1234567Z")));
    let guests: Vec<_> = event
        .attendees
        .iter()
        .map(|guest| (guest.email.as_str(), guest.status.clone(), guest.organizer))
        .collect();
    assert_eq!(
        guests,
        [
            ("bob@example.com", Some(AttendeeStatus::Tentative), None),
            ("r@example.com", Some(AttendeeStatus::None), None),
            ("Ada@example.com", None, Some(true)),
        ]
    );
    assert_eq!(event.attendees[0].extra.get("name").unwrap().get(), "\"Bob\"");
    let conference = event.conference.clone().unwrap();
    assert_eq!(conference.url(), Some("https://teams.example/1"));
    assert_eq!(conference.provider.as_deref(), Some("teamsForBusiness"));
    assert_eq!(event.original.as_ref().unwrap().get(), graph.to_string());
    assert_eq!((outlook::etag(&event).as_deref(), event.color.as_deref()), (Some("W/\"1\""), None));
    assert!(event.change().is_ok() && event.delete().is_ok());
}

#[test]
fn missing_or_invalid_fields_are_ignored() {
    let odd = json!({"id": 5, "subject": null, "body": {"content": ""}, "bodyPreview": "", "start": 5, "end": {"dateTime": "soon"},
        "isAllDay": "yes", "location": [], "attendees": [null, 5, {"emailAddress": {}}, {"emailAddress": {"address": "a@b"}, "status": 5}],
        "organizer": null, "onlineMeeting": null, "showAs": 5, "isCancelled": null, "lastModifiedDateTime": "-009999-01-01T00:00:00Z",
        "singleValueExtendedProperties": {}, "extensions": 7, "webLink": ""});
    let event = event(&odd);
    assert_eq!((event.id.as_str(), event.title.as_str(), event.description), ("", "", None));
    assert_eq!((event.start, event.end), (None, Some(EventTime::Unreadable("soon".into()))));
    assert_eq!((event.all_day, event.location, event.link, event.status), (None, None, None, None));
    assert_eq!(event.attendees.len(), 1);
    assert_eq!(
        (event.availability, event.privacy, event.custom, event.last_modified),
        (None, None, None, None)
    );
    let half = read(
        &GetEvent::new("c", "e"),
        r#"{"id":"1","subject":"a\ud83d b","location":{"displayName":"\ude00"}}"#,
    );
    assert!(half.unwrap().title.starts_with("a\u{fffd}"));
}

#[test]
fn values_are_mapped_in_both_directions() {
    let with = |field: &str, value: Value| event(&json!({"isCancelled": false, field: value}));
    for (show_as, availability, status) in [
        ("free", Availability::Free, EventStatus::Confirmed),
        ("busy", Availability::Busy, EventStatus::Confirmed),
        ("oof", Availability::Busy, EventStatus::Confirmed),
        ("workingElsewhere", Availability::Free, EventStatus::Confirmed),
        ("unknown", Availability::Busy, EventStatus::Confirmed),
        ("tentative", Availability::Busy, EventStatus::Tentative),
    ] {
        let event = with("showAs", json!(show_as));
        assert_eq!((event.availability, event.status), (Some(availability), Some(status)), "{show_as}");
    }
    for (sensitivity, privacy) in [
        ("normal", Privacy::Public),
        ("personal", Privacy::Private),
        ("private", Privacy::Private),
        ("confidential", Privacy::Confidential),
        ("new", Privacy::from("new")),
    ] {
        assert_eq!(with("sensitivity", json!(sensitivity)).privacy, Some(privacy), "{sensitivity}");
    }
    for (response, status, organizer) in [
        ("accepted", Some(AttendeeStatus::Accepted), None),
        ("declined", Some(AttendeeStatus::Declined), None),
        ("tentativelyAccepted", Some(AttendeeStatus::Tentative), None),
        ("none", Some(AttendeeStatus::None), None),
        ("notResponded", Some(AttendeeStatus::None), None),
        ("organizer", None, Some(true)),
    ] {
        let guest = json!([{"emailAddress": {"address": "a@b"}, "status": {"response": response}}]);
        let event = with("attendees", guest);
        assert_eq!(
            (event.attendees[0].status.clone(), event.attendees[0].organizer),
            (status, organizer),
            "{response}"
        );
    }
    assert_eq!(
        event(&json!({"isCancelled": true, "showAs": "tentative"})).status,
        Some(EventStatus::Cancelled)
    );
    let answered = with("responseStatus", json!({"response": "tentativelyAccepted"}));
    assert_eq!(answered.status, Some(EventStatus::Tentative));
    for (kind, series) in [
        (json!("occurrence"), true),
        (json!("exception"), true),
        (json!("singleInstance"), false),
        (json!("seriesMaster"), false),
        (Value::Null, true),
    ] {
        let event = event(&json!({"type": kind, "seriesMasterId": "s"}));
        assert_eq!(event.recurring_event_id.is_some(), series, "{kind}");
    }
    assert_eq!(event(&json!({"type": "occurrence", "seriesMasterId": null})).recurring_event_id, None);
    assert_eq!(with("bodyPreview", json!("Hi")).description.as_deref(), Some("Hi"));
    assert_eq!(
        event(&json!({"body": {"contentType": "text", "content": "A"}, "bodyPreview": "B"}))
            .description
            .as_deref(),
        Some("A")
    );
    assert_eq!(with("locations", json!([{}, {"displayName": "B"}])).location.as_deref(), Some("B"));
    assert_eq!(with("onlineMeetingUrl", json!("https://x")).conference.unwrap().url(), Some("https://x"));
    // An organizer who is also a guest is listed once.
    let both = event(
        &json!({"organizer": {"emailAddress": {"address": "A@b"}}, "attendees": [{"emailAddress": {"address": "a@B"}}]}),
    );
    assert_eq!((both.attendees.len(), both.attendees[0].organizer), (1, Some(true)));
}

#[test]
fn times_are_read_in_their_zones() {
    assert_eq!(instant("2026-01-13T09:00:00.1234567", "UTC"), at("2026-01-13T09:00:00.1234567Z"));
    assert_eq!(instant("2026-01-13T09:00:00", "tzone://Microsoft/Utc"), at("2026-01-13T09:00:00Z"));
    assert_eq!(instant("2026-01-13T09:00:00.0000000", "Pacific Standard Time"), at("2026-01-13T17:00:00Z"));
    assert_eq!(instant("2026-07-13T09:00:00.0000000", "Pacific Standard Time"), at("2026-07-13T16:00:00Z"));
    assert_eq!(instant("2026-01-13T09:00:00.0000000", "Asia/Kathmandu"), at("2026-01-13T03:15:00Z"));
    assert_eq!(
        instant("2026-01-13T09:00:00Z", "Asia/Tokyo"),
        at("2026-01-13T09:00:00Z"),
        "an offset takes precedence over the zone"
    );
    // Days with 23 and 25 hours.
    assert_eq!(instant("2026-03-29T01:59:59", "W. Europe Standard Time"), at("2026-03-29T00:59:59Z"));
    assert_eq!(
        instant("2026-03-29T02:30:00", "W. Europe Standard Time"),
        at("2026-03-29T01:30:00Z"),
        "the clocks skip this time"
    );
    assert_eq!(instant("2026-03-29T03:00:00", "W. Europe Standard Time"), at("2026-03-29T01:00:00Z"));
    assert_eq!(
        instant("2026-10-25T02:30:00", "Europe/Berlin"),
        at("2026-10-25T00:30:00Z"),
        "of a time that occurs twice, the first"
    );
    assert_eq!(instant("2026-10-25T03:00:00", "Europe/Berlin"), at("2026-10-25T02:00:00Z"));
    for zone in [
        json!("Customized Time Zone"),
        json!(""),
        json!(null),
        json!(5),
        json!("Etc/Unknown"),
        json!("../UTC"),
    ] {
        let time = start("2026-01-13T09:00:00.0000000", zone.clone(), false);
        assert_eq!(time, Some(EventTime::Local(date(2026, 1, 13).at(9, 0, 0, 0))), "{zone}");
    }
    for odd in ["soon", "", "-009999-01-01T00:00:00", "2026-13-01T00:00:00"] {
        assert_eq!(start(odd, "UTC", false), Some(EventTime::Unreadable(odd.into())), "{odd}");
    }
    start("9999-12-31T23:59:59.9999999", "Dateline Standard Time", false);
}

#[test]
fn all_day_event_is_read_as_dates() {
    for zone in ["UTC", "Tokyo Standard Time", "Moon Standard Time"] {
        assert_eq!(
            start("2026-12-24T00:00:00.0000000", zone, true),
            Some(EventTime::Date(date(2026, 12, 24)))
        );
    }
    assert_eq!(
        start("2026-12-24T01:00:00", "UTC", true),
        Some(EventTime::Instant(at("2026-12-24T01:00:00Z")))
    );
    let day = date(2026, 12, 24);
    let sent = NewEvent::all_day((Provider::Microsoft, "cal"), "Closed", day, date(2026, 12, 25));
    let back = event(&body(&CreateEvent::new(&sent)));
    assert_eq!(
        (back.start, back.end, back.all_day),
        (Some(EventTime::Date(day)), Some(EventTime::Date(date(2026, 12, 25))), Some(true))
    );
}

/// All Windows zone names of `windowsZones` in CLDR.
const WINDOWS_ZONES: [&str; 139] = [
    "AUS Central Standard Time",
    "AUS Eastern Standard Time",
    "Afghanistan Standard Time",
    "Alaskan Standard Time",
    "Aleutian Standard Time",
    "Altai Standard Time",
    "Arab Standard Time",
    "Arabian Standard Time",
    "Arabic Standard Time",
    "Argentina Standard Time",
    "Astrakhan Standard Time",
    "Atlantic Standard Time",
    "Aus Central W. Standard Time",
    "Azerbaijan Standard Time",
    "Azores Standard Time",
    "Bahia Standard Time",
    "Bangladesh Standard Time",
    "Belarus Standard Time",
    "Bougainville Standard Time",
    "Canada Central Standard Time",
    "Cape Verde Standard Time",
    "Caucasus Standard Time",
    "Cen. Australia Standard Time",
    "Central America Standard Time",
    "Central Asia Standard Time",
    "Central Brazilian Standard Time",
    "Central Europe Standard Time",
    "Central European Standard Time",
    "Central Pacific Standard Time",
    "Central Standard Time",
    "Central Standard Time (Mexico)",
    "Chatham Islands Standard Time",
    "China Standard Time",
    "Cuba Standard Time",
    "Dateline Standard Time",
    "E. Africa Standard Time",
    "E. Australia Standard Time",
    "E. Europe Standard Time",
    "E. South America Standard Time",
    "Easter Island Standard Time",
    "Eastern Standard Time",
    "Eastern Standard Time (Mexico)",
    "Egypt Standard Time",
    "Ekaterinburg Standard Time",
    "FLE Standard Time",
    "Fiji Standard Time",
    "GMT Standard Time",
    "GTB Standard Time",
    "Georgian Standard Time",
    "Greenland Standard Time",
    "Greenwich Standard Time",
    "Haiti Standard Time",
    "Hawaiian Standard Time",
    "India Standard Time",
    "Iran Standard Time",
    "Israel Standard Time",
    "Jordan Standard Time",
    "Kaliningrad Standard Time",
    "Korea Standard Time",
    "Libya Standard Time",
    "Line Islands Standard Time",
    "Lord Howe Standard Time",
    "Magadan Standard Time",
    "Magallanes Standard Time",
    "Marquesas Standard Time",
    "Mauritius Standard Time",
    "Middle East Standard Time",
    "Montevideo Standard Time",
    "Morocco Standard Time",
    "Mountain Standard Time",
    "Mountain Standard Time (Mexico)",
    "Myanmar Standard Time",
    "N. Central Asia Standard Time",
    "Namibia Standard Time",
    "Nepal Standard Time",
    "New Zealand Standard Time",
    "Newfoundland Standard Time",
    "Norfolk Standard Time",
    "North Asia East Standard Time",
    "North Asia Standard Time",
    "North Korea Standard Time",
    "Omsk Standard Time",
    "Pacific SA Standard Time",
    "Pacific Standard Time",
    "Pacific Standard Time (Mexico)",
    "Pakistan Standard Time",
    "Paraguay Standard Time",
    "Qyzylorda Standard Time",
    "Romance Standard Time",
    "Russia Time Zone 10",
    "Russia Time Zone 11",
    "Russia Time Zone 3",
    "Russian Standard Time",
    "SA Eastern Standard Time",
    "SA Pacific Standard Time",
    "SA Western Standard Time",
    "SE Asia Standard Time",
    "Saint Pierre Standard Time",
    "Sakhalin Standard Time",
    "Samoa Standard Time",
    "Sao Tome Standard Time",
    "Saratov Standard Time",
    "Singapore Standard Time",
    "South Africa Standard Time",
    "South Sudan Standard Time",
    "Sri Lanka Standard Time",
    "Sudan Standard Time",
    "Syria Standard Time",
    "Taipei Standard Time",
    "Tasmania Standard Time",
    "Tocantins Standard Time",
    "Tokyo Standard Time",
    "Tomsk Standard Time",
    "Tonga Standard Time",
    "Transbaikal Standard Time",
    "Turkey Standard Time",
    "Turks And Caicos Standard Time",
    "US Eastern Standard Time",
    "US Mountain Standard Time",
    "UTC",
    "UTC+12",
    "UTC+13",
    "UTC-02",
    "UTC-08",
    "UTC-09",
    "UTC-11",
    "Ulaanbaatar Standard Time",
    "Venezuela Standard Time",
    "Vladivostok Standard Time",
    "Volgograd Standard Time",
    "W. Australia Standard Time",
    "W. Central Africa Standard Time",
    "W. Europe Standard Time",
    "W. Mongolia Standard Time",
    "West Asia Standard Time",
    "West Bank Standard Time",
    "West Pacific Standard Time",
    "Yakutsk Standard Time",
    "Yukon Standard Time",
];

#[test]
fn every_windows_zone_is_known() {
    for zone in WINDOWS_ZONES {
        for text in ["2026-01-13T09:00:00.0000000", "2026-07-13T09:00:00.0000000"] {
            let off = instant(text, zone).duration_since(at(&format!("{}Z", &text[..19])));
            assert!(off.abs() <= SignedDuration::from_hours(14), "{zone}: {off}");
        }
    }
    for (zone, utc) in [
        ("Dateline Standard Time", "2026-01-13T21:00:00Z"),
        ("Line Islands Standard Time", "2026-01-12T19:00:00Z"),
        ("India Standard Time", "2026-01-13T03:30:00Z"),
        ("AUS Eastern Standard Time", "2026-01-12T22:00:00Z"),
        ("E. South America Standard Time", "2026-01-13T12:00:00Z"),
        ("GMT Standard Time", "2026-01-13T09:00:00Z"),
    ] {
        assert_eq!(instant("2026-01-13T09:00:00.0000000", zone), at(utc), "{zone}");
    }
}

#[test]
fn custom_fields_are_one_extended_property() {
    let property = |id: &str, value: Value| json!({"id": id, "value": value});
    let own = r#"{ "n":18446744073709551617, "a":[1.0,"\ud83d"], "n": 1 }"#;
    let lower = CUSTOM_PROPERTY.to_lowercase();
    for id in [CUSTOM_PROPERTY, lower.as_str()] {
        let properties = json!([property("String {0} Name x", json!("{}")), property(id, json!(own))]);
        let event = event(&json!({"singleValueExtendedProperties": properties, "extensions": [{"a": 1}]}));
        assert_eq!(event.custom.unwrap().get(), own);
    }
    let extension = json!([{"@odata.type": "x", "id": "y", "extensionName": "z", "key": "v"}, {"other": 7}]);
    for nothing in ["null", "[]", "5", "", "{", "\"a\""] {
        let properties = json!([property(CUSTOM_PROPERTY, json!(nothing))]);
        assert_eq!(event(&json!({"singleValueExtendedProperties": properties})).custom, None, "{nothing}");
        let read = event(&json!({"singleValueExtendedProperties": properties, "extensions": extension}));
        assert_eq!(read.custom.unwrap().get(), r#"{"key":"v","other":7}"#);
    }
    let renamed =
        json!({"singleValueExtendedProperties": [property("String {1} Name mine", json!("{\"a\":1}"))]})
            .to_string();
    let read_as = |call: GetEvent| read(&call, &renamed).unwrap().custom;
    assert_eq!(read_as(GetEvent::new("c", "e")), None);
    assert!(read_as(GetEvent::new("c", "e").custom_property("String {1} Name mine")).is_some());
    // The response to a write has no extended properties.
    let new = NewEvent::new(
        (Provider::Microsoft, "c"),
        "A",
        at("2026-01-13T08:00:00Z"),
        at("2026-01-13T09:00:00Z"),
    );
    let created = read(&CreateEvent::new(&new.external_event_id("7")), r#"{"id":"e"}"#).unwrap();
    assert_eq!(
        (created.external_event_id().as_deref(), created.calendar_id.as_deref()),
        (Some("7"), Some("c"))
    );
}

#[test]
fn values_that_graph_lacks_are_refused() {
    let new = || {
        NewEvent::new((Provider::Microsoft, "c"), "A", at("2026-01-13T08:00:00Z"), at("2026-01-13T09:00:00Z"))
    };
    assert!(refusal(&CreateEvent::new(&new().status(EventStatus::Cancelled))).contains("delete it instead"));
    assert!(refusal(&CreateEvent::new(&new().status("odd"))).contains("status"));
    let free =
        body(&CreateEvent::new(&new().status(EventStatus::Tentative).availability(Availability::Free)));
    assert_eq!(free["showAs"], "free");
    assert_eq!(body(&CreateEvent::new(&new().availability("oof")))["showAs"], "oof");
    assert_eq!(body(&CreateEvent::new(&new().privacy("personal")))["sensitivity"], "personal");
    assert_eq!(body(&CreateEvent::new(&new().status(EventStatus::Confirmed)))["showAs"], "busy");
    let change = || connect_core::types::UpdateEvent::new(Provider::Microsoft, "c", "e");
    let confirmed = || change().status(EventStatus::Confirmed);
    assert_eq!(
        body(&UpdateEvent::new(&confirmed())),
        json!({}),
        "the request leaves the availability unchanged, such as free or out of office"
    );
    let busy = confirmed().availability(Availability::Busy);
    assert_eq!(body(&UpdateEvent::new(&busy)), json!({"showAs": "busy"}));
    let tentative = change().status(EventStatus::Tentative);
    assert_eq!(body(&UpdateEvent::new(&tentative)), json!({"showAs": "tentative"}));
    let text = CreateEvent::new(&new().description("a < b && c > d"));
    assert_eq!(body(&text)["body"]["contentType"], "text");
    assert_eq!(body(&text.body_type(BodyType::Html))["body"]["contentType"], "html");
}

/// The event that Graph stores for a body. Graph adds fields such as an id, an organizer and replies.
fn stored(body: &Value) -> Value {
    let mut event = body.clone();
    event["id"] = json!("AAMk");
    event["organizer"] = json!({"emailAddress": {"address": "me@example.com"}});
    event["isCancelled"] = json!(false);
    event["type"] = json!(if body["recurrence"].is_null() { "singleInstance" } else { "seriesMaster" });
    for guest in event["attendees"].as_array_mut().into_iter().flatten() {
        guest["status"] = json!({"response": "none", "time": "0001-01-01T00:00:00Z"});
    }
    event
}

prop_compose! {
    fn json_object()(big in any::<u128>(), fields in proptest::collection::btree_map("[a-z\"\\\\é]{0,6}", prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,8}".prop_map(|text| json!(text)),
        Just(json!({"deep": [null, true, "x"]})),
    ], 0..5)) -> Raw {
        // JSON that an application may write: numbers beyond 64 bits, spaces, and a repeated name.
        let fields = Raw::from_value(&fields).unwrap();
        format!(r#"{{ "n":{big}, "m": [{fields},1.00] , "n":1e2}}"#).parse().unwrap()
    }
}

#[derive(Clone, Debug)]
enum When {
    Days(Date, i64),
    Time(Timestamp, i64),
}

fn when() -> impl Strategy<Value = When> {
    let second = 1_700_000_000_i64..1_900_000_000;
    prop_oneof![
        (0_i64..4000, 1_i64..5).prop_map(|(day, days)| {
            When::Days(date(2024, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap(), days)
        }),
        (second, 0_i64..200_000, 0_i32..10_000_000).prop_map(|(second, length, ticks)| When::Time(
            Timestamp::new(second, ticks * 100).unwrap(),
            length
        )),
    ]
}

fn maybe(text: &'static str) -> impl Strategy<Value = Option<String>> {
    proptest::option::of(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sent_event_is_read_back_unchanged(
        when in when(),
        (title, description, location) in (".{0,12}", maybe(".{1,20}"), maybe(".{1,12}")),
        guests in proptest::collection::vec("[a-z]{1,5}@example\\.org", 0..4),
        custom in proptest::option::of(json_object()),
        availability in proptest::option::of(proptest::sample::select(vec![Availability::Busy, Availability::Free])),
        privacy in proptest::option::of(proptest::sample::select(vec![Privacy::Public, Privacy::Private, Privacy::Confidential])),
        status in proptest::option::of(proptest::sample::select(vec![EventStatus::Confirmed, EventStatus::Tentative])),
        repeats in any::<bool>(),
        zone in proptest::sample::select(vec![None, Some("Asia/Kathmandu"), Some("India Standard Time"), Some("UTC")]),
    ) {
        let calendar = (Provider::Microsoft, "cal");
        let (mut new, start, end) = match when {
            When::Days(first, days) => {
                let end = first.checked_add(jiff::Span::new().days(days)).unwrap();
                (NewEvent::all_day(calendar, &title, first, end), EventTime::Date(first), EventTime::Date(end))
            }
            When::Time(start, length) => {
                let end = start + SignedDuration::from_secs(length);
                (NewEvent::new(calendar, &title, start, end), EventTime::Instant(start), EventTime::Instant(end))
            }
        };
        if let Some(text) = &description { new = new.description(text); }
        if let Some(text) = &location { new = new.location(text); }
        if let Some(raw) = &custom { new = new.custom(raw.clone()); }
        if let Some(value) = &availability { new = new.availability(value); }
        if let Some(value) = &privacy { new = new.privacy(value); }
        if let Some(value) = &status { new = new.status(value); }
        if repeats { new = new.recurrence(Recurrence::weekly().interval(2).on([Weekday::Monday]).count(5)); }
        new = new.attendees(guests.clone());
        let mut call = CreateEvent::new(&new);
        if let Some(zone) = zone { call = call.time_zone(zone); }

        let read = event(&stored(&body(&call)));
        prop_assert_eq!(&read.title, &title);
        prop_assert_eq!((&read.start, &read.end), (&Some(start), &Some(end)));
        prop_assert_eq!(&read.description, &description);
        prop_assert_eq!(&read.location, &location);
        prop_assert_eq!(read.custom.as_ref().map(Raw::get), custom.as_ref().map(Raw::get));
        let free = availability == Some(Availability::Free);
        if availability.is_some() { prop_assert_eq!(&read.availability, &availability); }
        if privacy.is_some() { prop_assert_eq!(&read.privacy, &privacy); }
        let kept = status.clone().filter(|_| !free).unwrap_or(EventStatus::Confirmed);
        prop_assert_eq!(&read.status, &Some(kept));
        let invited: Vec<_> = read.attendees.iter().filter(|guest| guest.organizer.is_none()).map(|guest| guest.email.clone()).collect();
        prop_assert_eq!(invited, guests);
        let expected = repeats.then(|| vec!["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=5;BYDAY=MO".to_owned()]);
        prop_assert_eq!(read.recurrence().map(|recurrence| recurrence.lines), expected);
    }

    #[test]
    fn arbitrary_field_never_panics_or_fails(
        field in proptest::sample::select(vec!["id", "type", "seriesMasterId", "subject", "body", "start", "end", "isAllDay", "location",
            "locations", "attendees", "organizer", "onlineMeeting", "showAs", "sensitivity", "isCancelled", "responseStatus",
            "lastModifiedDateTime", "singleValueExtendedProperties", "extensions", "recurrence", "webLink"]),
        value in prop_oneof![Just("null".to_owned()), Just("[[]]".to_owned()), Just("-1e999".to_owned()), "\"[-+:TZ0-9a-z]{0,12}\"",
            "\\{\"(dateTime|content|displayName|emailAddress|address|response)\":(\"[-+:TZ0-9]{0,24}\"|5|\\{\\})\\}"],
        all_day in any::<bool>(),
    ) {
        let all_day = if field == "isAllDay" { String::new() } else { format!(r#","isAllDay":{all_day}"#) };
        let text = format!(r#"{{"{field}":{value}{all_day}}}"#);
        let event = read(&GetEvent::new("c", "e"), &text).unwrap();
        let _ = event.recurrence();
        let original = event.original.unwrap();
        prop_assert_eq!(original.get(), text.as_str());
    }
}
