//! Tests of the conversion between events and Google event objects, in both directions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod google_common;

use connect_calendars::google::{GetEvent, InsertEvent, PatchEvent, color, color_id, recurrence};
use connect_core::types::{
    AttendeeStatus, Availability, ConferenceData, End, Event, EventStatus, EventTime, Frequency, NewEvent,
    Privacy, Provider, Raw, Recurrence, UpdateEvent, Weekday,
};
use google_common::*;
use jiff::{
    SignedDuration, Timestamp, ToSpan, ZonedDateTime,
    civil::{Date, date},
    tz::TimeZone,
};
use proptest::{collection, option, prelude::*};
use serde_json::{Value, json};

const CALENDAR: (Provider, &str) = (Provider::Google, "c");

/// The event read from a Google object.
fn reads(object: &Value) -> Event {
    read(&GetEvent::new("c", "e"), 200, &object.to_string()).unwrap()
}

/// The object that Google stores for a body: the body without null fields and empty objects.
fn stored(body: &Value) -> Value {
    let mut stored = match body {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), stored(value)))
                .collect(),
        ),
        Value::Array(items) => items.iter().map(stored).collect(),
        other => other.clone(),
    };
    if let Some(fields) = stored.as_object_mut() {
        fields.retain(|_, value| *value != json!({}));
    }
    stored
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (-2_000_000_000_000_i64..4_000_000_000_000)
        .prop_map(|millis| Timestamp::from_millisecond(millis).unwrap())
}

fn day() -> impl Strategy<Value = Date> {
    (0_i32..60_000).prop_map(|days| date(1960, 1, 1).checked_add(days.days()).unwrap())
}

#[derive(Clone, Debug)]
enum When {
    Times(Timestamp, i64),
    Days(Date, i32),
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        (instant(), 0_i64..1_000_000_000).prop_map(|(start, long)| When::Times(start, long)),
        (day(), 1_i32..400).prop_map(|(first, long)| When::Days(first, long)),
    ]
}

fn new_event(title: &str, when: &When) -> NewEvent {
    match when {
        When::Times(start, long) => {
            NewEvent::new(CALENDAR, title, *start, *start + SignedDuration::from_millis(*long))
        }
        When::Days(first, long) => {
            NewEvent::all_day(CALENDAR, title, *first, first.checked_add(long.days()).unwrap())
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(".{0,4}", inner, 0..3)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn custom() -> impl Strategy<Value = Value> {
    collection::btree_map(".{0,60}", json_value(), 0..4)
        .prop_map(|all| Value::Object(all.into_iter().collect()))
}

fn rule() -> impl Strategy<Value = Recurrence> {
    let frequency = prop_oneof![
        Just(Frequency::Daily),
        Just(Frequency::Weekly),
        Just(Frequency::Monthly),
        Just(Frequency::Yearly)
    ];
    (
        frequency,
        1_u32..5,
        prop_oneof![Just(0_u32), 1_u32..50, Just(1000)],
        // UNTIL has whole seconds.
        instant().prop_map(|instant| Timestamp::from_second(instant.as_second()).unwrap()),
        collection::vec(-31_i8..32, 0..3),
        collection::vec(1_i8..13, 0..3),
    )
        .prop_map(|(frequency, interval, count, until, days, months)| {
            let rule = Recurrence::every(frequency).interval(interval).in_months(months);
            let rule = match frequency {
                Frequency::Weekly => rule.on([Weekday::Monday, Weekday::Sunday]),
                _ => rule.on_days(days.into_iter().filter(|day| *day != 0)),
            };
            match count {
                0 => rule,
                1000 => rule.until(until),
                count => rule.count(count),
            }
        })
}

/// The rule that Google must receive. In an all-day series, the UNTIL time becomes its date in UTC.
fn by_day(rule: &Recurrence, all_day: bool) -> Recurrence {
    match rule.end() {
        End::Until(last) if all_day => rule.clone().until(jiff::tz::Offset::UTC.to_datetime(last).date()),
        _ => rule.clone(),
    }
}

proptest! {
    #[test]
    fn written_event_is_read_back_unchanged(
        (title, when) in (".{0,20}", when()),
        (description, location) in (option::of(".{1,20}"), option::of(".{1,20}")),
        guests in collection::vec("[a-z]{1,8}@example\\.com", 0..3),
        custom in option::of(custom()),
        availability in option::of(prop_oneof![Just(Availability::Busy), Just(Availability::Free)]),
        privacy in option::of(prop_oneof![Just(Privacy::Public), Just(Privacy::Private), Just(Privacy::Confidential)]),
        status in option::of(prop_oneof![Just(EventStatus::Confirmed), Just(EventStatus::Tentative), Just(EventStatus::Cancelled)]),
        rule in option::of(rule()),
        (link, by) in (option::of("https://[a-z]{1,8}\\.example/[a-z0-9]{0,8}"), option::of("[A-Za-z]{1,8}")),
        color in option::of(1_usize..12),
        zone in option::of(Just("Europe/Berlin")),
        as_patch in any::<bool>(),
    ) {
        let body = if as_patch {
            let update = UpdateEvent::new(Provider::Google, "c", "e").title(&title);
            let mut update = match &when {
                When::Times(start, long) => update.time(*start, *start + SignedDuration::from_millis(*long)),
                When::Days(first, long) => update.dates(*first, first.checked_add(long.days()).unwrap()),
            };
            if let Some(text) = &description { update = update.description(text); }
            if let Some(text) = &location { update = update.location(text); }
            if !guests.is_empty() { update = update.attendees(&guests); }
            if let Some(custom) = &custom { update = update.custom(Raw::from_value(custom).unwrap()); }
            if let Some(value) = &availability { update = update.availability(value); }
            if let Some(value) = &privacy { update = update.privacy(value); }
            if let Some(value) = &status { update = update.status(value); }
            if let Some(rule) = &rule { update = update.recurrence(rule.clone()); }
            if let Some(link) = &link {
                update = update.conference(link);
                if let Some(by) = &by { update = update.conference_data(ConferenceData::by(by)); }
            }
            let mut call = PatchEvent::new(&update);
            if let Some(color) = color { call = call.color_id(&color.to_string()); }
            if let Some(zone) = zone { call = call.time_zone(zone); }
            body_of(&call)
        } else {
            let mut event = new_event(&title, &when).attendees(&guests);
            if let Some(text) = &description { event = event.description(text); }
            if let Some(text) = &location { event = event.location(text); }
            if let Some(custom) = &custom { event = event.custom(Raw::from_value(custom).unwrap()); }
            if let Some(value) = &availability { event = event.availability(value); }
            if let Some(value) = &privacy { event = event.privacy(value); }
            if let Some(value) = &status { event = event.status(value); }
            if let Some(rule) = &rule { event = event.recurrence(rule.clone()); }
            if let Some(link) = &link {
                event = event.conference(link);
                if let Some(by) = &by { event = event.conference_data(ConferenceData::by(by)); }
            }
            let mut call = InsertEvent::new(&event);
            if let Some(color) = color { call = call.color_id(&color.to_string()); }
            if let Some(zone) = zone { call = call.time_zone(zone); }
            body_of(&call)
        };
        let read = reads(&stored(&body));
        prop_assert_eq!(&read.title, &title);
        prop_assert_eq!((&read.description, &read.location), (&description, &location));
        let (start, end, all_day) = match when {
            When::Times(start, long) => (EventTime::Instant(start), EventTime::Instant(start + SignedDuration::from_millis(long)), false),
            When::Days(first, long) => (EventTime::Date(first), EventTime::Date(first.checked_add(long.days()).unwrap()), true),
        };
        prop_assert_eq!((&read.start, &read.end, read.all_day), (&Some(start), &Some(end), Some(all_day)));
        prop_assert_eq!(read.attendees.iter().map(|one| one.email.clone()).collect::<Vec<_>>(), guests);
        prop_assert_eq!(read.custom.as_ref().map(|raw| raw.decode::<Value>().unwrap()), custom);
        prop_assert_eq!(&read.availability, &Some(availability.unwrap_or(Availability::Busy)));
        prop_assert_eq!(&read.privacy, &privacy);
        prop_assert_eq!(&read.status, &Some(status.unwrap_or(EventStatus::Confirmed)));
        prop_assert_eq!(recurrence(&read), rule.map(|rule| by_day(&rule, all_day)));
        let conference = read.conference.as_ref();
        prop_assert_eq!(conference.and_then(|one| one.url()), link.as_deref());
        if link.is_some() && by.is_some() {
            prop_assert_eq!(conference.and_then(|one| one.provider.clone()), by);
        }
        prop_assert_eq!(read.color, color.map(|id| connect_calendars::google::color(&id.to_string()).unwrap().to_owned()));
    }

    #[test]
    fn google_event_is_written_back_unchanged(
        (summary, when) in (".{1,20}", when()),
        (description, location) in (option::of(".{1,20}"), option::of(".{1,20}")),
        private in collection::btree_map("[a-z]{1,8}", "[a-z0-9 ]{0,12}", 0..3),
        transparency in prop_oneof![Just("opaque"), Just("transparent")],
        visibility in option::of(prop_oneof![Just("public"), Just("private"), Just("confidential")]),
        status in prop_oneof![Just("confirmed"), Just("tentative")],
        rule in option::of(rule()),
        link in option::of("[a-z]{3}-[a-z]{4}-[a-z]{3}"),
        color in option::of(1_usize..12),
        guests in collection::vec(("[a-z]{1,8}", prop_oneof![Just("needsAction"), Just("accepted"), Just("declined"), Just("tentative")], any::<bool>()), 0..4),
    ) {
        let all_day = matches!(when, When::Days(..));
        let mut google = json!({ "summary": summary, "transparency": transparency, "status": status });
        let (start, end) = match &when {
            When::Times(start, long) => {
                let text = |at: Timestamp| json!({ "dateTime": connect_core::types::Moment::from(at).to_string(), "timeZone": "Europe/Berlin" });
                (text(*start), text(*start + SignedDuration::from_millis(*long)))
            }
            When::Days(first, long) => {
                (json!({ "date": first.to_string() }), json!({ "date": first.checked_add(long.days()).unwrap().to_string() }))
            }
        };
        google["start"] = start;
        google["end"] = end;
        if let Some(text) = &description { google["description"] = json!(text); }
        if let Some(text) = &location { google["location"] = json!(text); }
        if !private.is_empty() { google["extendedProperties"] = json!({ "private": { "connectCustom": json!(private).to_string() } }); }
        if let Some(text) = visibility { google["visibility"] = json!(text); }
        if let Some(rule) = &rule {
            let line = by_day(rule, all_day).rrule().unwrap();
            google["recurrence"] = json!([if all_day { line.replace("T235959Z", "") } else { line }]);
        }
        if let Some(code) = &link {
            google["conferenceData"] = json!({
                "conferenceSolution": { "key": { "type": "hangoutsMeet" }, "name": "Google Meet" }, "conferenceId": code,
                "entryPoints": [{ "entryPointType": "video", "uri": format!("https://meet.google.com/{code}") }],
            });
        }
        if let Some(color) = color { google["colorId"] = json!(color.to_string()); }
        let entries: Vec<_> = guests.iter().enumerate().map(|(at, (name, response, optional))| {
            json!({ "email": format!("{name}{at}@example.com"), "responseStatus": response, "optional": optional, "displayName": name })
        }).collect();
        if !entries.is_empty() { google["attendees"] = json!(entries); }

        let event = reads(&google);
        // The update writes all fields that were read.
        let mut update = event.calendar("c").change_all();
        if let Some(rule) = recurrence(&update.0) { update.1 = update.1.recurrence(rule); }
        let mut call = PatchEvent::new(&update.1).knowing(&update.0).time_zone("Europe/Berlin");
        if let Some(color) = &update.0.color { call = call.color_id(&color_id(color).unwrap()); }
        prop_assert_eq!(stored(&body_of(&call)), google);
    }

    #[test]
    fn reply_of_a_guest_is_read(response in prop_oneof![Just("needsAction"), Just("accepted"), Just("declined"), Just("tentative"), Just("brandNew")], organizer in option::of(any::<bool>())) {
        let entry = json!({ "email": "a@example.com", "responseStatus": response, "organizer": organizer, "comment": "c" });
        let event = reads(&json!({ "id": "e", "organizer": { "email": "boss@example.com" }, "attendees": [entry] }));
        prop_assert_eq!(event.attendees.len(), 1, "the organizer is not a guest");
        let expected = match response { "needsAction" => AttendeeStatus::None, other => AttendeeStatus::from(other) };
        prop_assert_eq!((&event.attendees[0].status, event.attendees[0].organizer), (&Some(expected), organizer));
        prop_assert_eq!(event.attendees[0].extra.get("comment").map(Raw::get), Some("\"c\""));
    }
}

/// Creates an update that sets all fields of an event.
trait ChangeAll {
    fn change_all(self) -> (Event, UpdateEvent);
}

impl ChangeAll for Event {
    fn change_all(self) -> (Event, UpdateEvent) {
        let event = self;
        let mut event_with_id = event.clone();
        event_with_id.id = "e".to_owned();
        let update = event_with_id.change().or_else(|_| event_with_id.change_series());
        let mut update = update.unwrap().title(&event.title);
        update = match (&event.start, &event.end) {
            (Some(EventTime::Instant(start)), Some(EventTime::Instant(end))) => update.time(*start, *end),
            (Some(EventTime::Date(first)), Some(EventTime::Date(end))) => update.dates(*first, *end),
            other => panic!("{other:?}"),
        };
        if let Some(text) = &event.description {
            update = update.description(text);
        }
        if let Some(text) = &event.location {
            update = update.location(text);
        }
        if let Some(custom) = &event.custom {
            update = update.custom(custom.clone());
        }
        if let Some(value) = &event.availability {
            update = update.availability(value);
        }
        if let Some(value) = &event.privacy {
            update = update.privacy(value);
        }
        if let Some(value) = &event.status {
            update = update.status(value);
        }
        if let Some(url) = event.conference.as_ref().and_then(|conference| conference.url()) {
            update = update.conference(url);
        }
        if !event.attendees.is_empty() {
            update = update.attendees(event.attendees.iter().map(|guest| guest.email.clone()));
        }
        (event, update)
    }
}

#[test]
fn every_google_field_is_read() {
    let google = json!({
        "kind": "calendar#event", "id": "e_1", "etag": "\"1\"", "status": "tentative", "summary": "S", "description": "<b>d</b>",
        "location": "l", "htmlLink": "https://calendar.example/e", "updated": "2026-11-18T09:00:00.123Z", "colorId": "11",
        "start": { "dateTime": "2026-11-18T10:00:00+01:00", "timeZone": "Europe/Berlin" },
        "end": { "dateTime": "2026-11-18T11:00:00+01:00", "timeZone": "Europe/Berlin" },
        "recurringEventId": "e", "originalStartTime": { "dateTime": "2026-11-18T10:00:00+01:00" },
        "visibility": "default", "organizer": { "email": "boss@example.com" }, "hangoutLink": "https://meet.google.com/a",
        "extendedProperties": { "private": { "a": "[1]" }, "shared": { "b": "c" } },
        "conferenceData": { "entryPoints": [{ "entryPointType": "phone", "uri": "tel:1" }] }, "sequence": 18446744073709551615_u64,
    });
    let event = reads(&google);
    assert_eq!(
        (event.provider.as_ref(), event.calendar_id.as_deref(), event.id.as_str()),
        (Some(&Provider::Google), Some("c"), "e_1")
    );
    assert_eq!(event.recurring_event_id.as_deref(), Some("e"));
    assert_eq!(
        (event.title.as_str(), event.description.as_deref(), event.location.as_deref()),
        ("S", Some("<b>d</b>"), Some("l"))
    );
    assert_eq!(event.start, Some(EventTime::Instant("2026-11-18T09:00:00Z".parse().unwrap())));
    assert_eq!(
        (event.all_day, event.status.clone(), event.availability.clone()),
        (Some(false), Some(EventStatus::Tentative), Some(Availability::Busy))
    );
    assert_eq!((event.privacy.as_ref(), event.color.as_deref()), (None, Some("#d50000")));
    assert_eq!(event.link.as_deref(), Some("https://calendar.example/e"));
    assert_eq!(event.last_modified, Some("2026-11-18T09:00:00.123Z".parse().unwrap()));
    assert_eq!(event.custom.as_ref().unwrap().get(), r#"{"a":"[1]"}"#);
    assert_eq!(event.conference.as_ref().unwrap().url(), Some("https://meet.google.com/a"));
    assert_eq!(event.conference_data.as_ref().unwrap().decode::<Value>().unwrap(), google["conferenceData"]);
    assert_eq!(
        event.original.as_ref().unwrap().get(),
        google.to_string(),
        "the original object is unchanged"
    );
    assert!(event.attendees.is_empty() && event.extra.is_empty());

    let video = json!({ "id": "e", "conferenceData": { "conferenceSolution": { "name": "Zoom", "key": { "type": "addOn" } },
        "entryPoints": [{ "entryPointType": "phone", "uri": "tel:1" }, { "entryPointType": "video", "uri": "https://zoom.example/1" }] } });
    let conference = reads(&video).conference.unwrap();
    assert_eq!(
        (conference.url(), conference.provider.as_deref()),
        (Some("https://zoom.example/1"), Some("Zoom"))
    );
    let little = reads(&json!({ "id": "e", "status": "cancelled" }));
    assert_eq!(
        (little.start, little.all_day, little.availability, little.title.as_str()),
        (None, None, None, "")
    );
    assert_eq!((color("0"), color("12"), color("x"), color_id("#000000")), (None, None, None, None));
}

/// Days with and without a change of the clocks, and their lengths in hours.
const ZONES: [(&str, &str, i64); 11] = [
    ("Europe/Berlin", "2026-03-29", 23),
    ("Europe/Berlin", "2026-10-25", 25),
    ("Europe/Berlin", "2026-11-18", 24),
    ("America/New_York", "2026-03-08", 23),
    ("America/New_York", "2026-11-01", 25),
    ("America/Sao_Paulo", "2018-11-04", 23), // the day begins at 01:00
    ("Australia/Lord_Howe", "2026-10-04", 23), // 23.5 hours, rounded down
    ("Asia/Tokyo", "2026-03-29", 24),
    ("Africa/Casablanca", "2026-03-22", 23), // the clocks change at the end of Ramadan
    ("Asia/Kathmandu", "2026-11-01", 24),
    ("Pacific/Auckland", "2026-04-05", 25),
];

#[test]
fn days_with_a_clock_change_keep_their_instants() {
    let mut seen = std::collections::BTreeSet::new();
    for (zone, day, hours) in ZONES {
        let day: Date = day.parse().unwrap();
        let zone_rules = TimeZone::get(zone).unwrap();
        let start: ZonedDateTime = day.to_zoned_datetime(zone_rules.clone()).unwrap();
        let end = day.tomorrow().unwrap().to_zoned_datetime(zone_rules).unwrap();
        let long = end.timestamp().duration_since(start.timestamp());
        assert_eq!(long.as_hours(), hours, "{zone} {day}");
        seen.insert(hours);
        // A timed event from midnight to midnight.
        let new = NewEvent::new(CALENDAR, "Day", &start, &end);
        let body = body_of(&InsertEvent::new(&new).time_zone(zone));
        assert_eq!(body["start"]["timeZone"], zone);
        let event = reads(&stored(&body));
        assert_eq!(
            (event.start, event.end),
            (Some(EventTime::Instant(start.timestamp())), Some(EventTime::Instant(end.timestamp())))
        );
        // Google sends the times with the UTC offsets of that day.
        let google_time = |at: &ZonedDateTime| json!({ "dateTime": at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(), "timeZone": zone });
        let event = reads(&json!({ "id": "e", "start": google_time(&start), "end": google_time(&end) }));
        assert_eq!(
            (event.start, event.end),
            (Some(EventTime::Instant(start.timestamp())), Some(EventTime::Instant(end.timestamp()))),
            "{zone} {day}"
        );
        assert_eq!(event.all_day, Some(false));
        // An all-day event has dates only, with an exclusive end.
        let new = NewEvent::all_day(CALENDAR, "Day", day, day.tomorrow().unwrap());
        let body = body_of(&InsertEvent::new(&new).time_zone(zone));
        assert_eq!(
            (&body["start"], &body["end"]),
            (&json!({ "date": day.to_string() }), &json!({ "date": day.tomorrow().unwrap().to_string() }))
        );
        let event = reads(&stored(&body));
        assert_eq!(
            (event.start, event.end, event.all_day),
            (Some(EventTime::Date(day)), Some(EventTime::Date(day.tomorrow().unwrap())), Some(true))
        );
    }
    assert_eq!(seen, [23, 24, 25].into());
}
