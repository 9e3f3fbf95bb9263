//! Tests that recurrences are read from the events of all four providers.

#![allow(clippy::unwrap_used, clippy::panic)]

use connect_calendars::{EventRecurrence, EventSeries, patterned::PatternedRecurrence};
use connect_core::types::{Event, EventTime};
use jiff::civil::date;
use serde_json::json;

fn event(text: serde_json::Value) -> Event {
    serde_json::from_value(text).unwrap()
}

fn read(original: serde_json::Value) -> EventRecurrence {
    let start = "2026-07-06T07:00:00Z";
    event(json!({ "id": "s", "start": start, "original": original })).recurrence().unwrap()
}

/// The iCalendar object of a series with a time zone, a moved occurrence and a cancelled occurrence.
fn icalendar(start: &str, more: &str) -> String {
    [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:DAYLIGHT",
        "DTSTART:19810329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "UID:a",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260720T090000",
        "DTSTART;TZID=Europe/Berlin:20260721T100000",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:a",
        start,
        "SUMMARY:Review: what has been do",
        " ne",
        more,
        "BEGIN:VALARM",
        "TRIGGER:-PT15M",
        "RRULE:FREQ=SECONDLY",
        "END:VALARM",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:a",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260727T090000",
        "STATUS:CANCELLED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    .join("\r\n")
}

#[test]
fn google_series_has_its_lines_and_the_zone_of_its_start() {
    let rule = "RRULE:FREQ=WEEKLY;BYDAY=MO";
    let timed = read(json!({
        "recurrence": [rule, "EXDATE;TZID=Asia/Tokyo:20260713T080000,20260720T080000"],
        "start": { "dateTime": "2026-07-06T08:00:00+09:00", "timeZone": "Asia/Tokyo" }
    }));
    assert_eq!(timed.lines[0], rule);
    assert_eq!(timed.time_zone.as_deref(), Some("Asia/Tokyo"));
    let at = |text| EventTime::from(text);
    assert_eq!(timed.exceptions, [at("2026-07-12T23:00:00Z"), at("2026-07-19T23:00:00Z")]);
    let days = read(json!({
        "recurrence": [rule, "EXDATE;VALUE=DATE:20260713"], "start": { "date": "2026-07-06" }
    }));
    assert_eq!((days.time_zone, days.exceptions), (None, vec![at("2026-07-13")]));
    let utc = read(
        json!({ "recurrence": [rule], "start": { "dateTime": "2026-07-06T08:00:00Z", "timeZone": "UTC" } }),
    );
    assert_eq!(utc.time_zone.as_deref(), Some("UTC"));
}

#[test]
fn graph_series_has_the_zone_of_its_range() {
    let original = |range: &str, own: &str| {
        json!({
            "type": "seriesMaster", "originalStartTimeZone": own,
            // This is the zone that the request named with `Prefer`, not the zone of the series.
            "start": { "dateTime": "2026-07-06T07:00:00.0000000", "timeZone": "UTC" },
            "cancelledOccurrences": ["OID.AAMkAD=.2026-07-13", "OID.AAMkAD=.soon"],
            "recurrence": {
                "pattern": { "type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday" },
                "range": { "type": "noEnd", "startDate": "2026-07-06", "recurrenceTimeZone": range }
            }
        })
    };
    for (range, own, zone) in [
        ("Europe/Berlin", "Asia/Tokyo", "Europe/Berlin"),
        ("W. Europe Standard Time", "UTC", "W. Europe Standard Time"),
        ("", "Tokyo Standard Time", "Tokyo Standard Time"),
        ("", "", "UTC"),
    ] {
        let series = read(original(range, own));
        assert_eq!(series.lines, ["RRULE:FREQ=WEEKLY;BYDAY=MO"]);
        assert_eq!(series.time_zone.as_deref(), Some(zone));
        assert_eq!(series.exceptions, [EventTime::from("2026-07-13")]);
    }
}

#[test]
fn apple_and_caldav_series_are_read_from_their_icalendar_text() {
    let rule = "RRULE:FREQ=WEEKLY;UNTIL=20261231T235959Z;\r\n BYDAY=\r\n\tMO";
    let except = "EXDATE;TZID=Europe/Berlin:20260713T090000";
    for provider in ["apple", "caldav"] {
        let data = icalendar("DTSTART;TZID=Europe/Berlin:20260706T090000", &format!("{rule}\r\n{except}"));
        let event = event(json!({ "provider": provider, "id": "a", "start": "2026-07-06T07:00:00Z",
            "original": { "data": data, "etag": "\"1\"", "url": "/a.ics" } }));
        let series = event.recurrence().unwrap();
        assert_eq!(series.lines, ["RRULE:FREQ=WEEKLY;UNTIL=20261231T235959Z;BYDAY=MO", except], "{provider}");
        assert_eq!(series.time_zone.as_deref(), Some("Europe/Berlin"));
        let at = |text| EventTime::from(text);
        assert_eq!(series.exceptions, [at("2026-07-13T07:00:00Z"), at("2026-07-27T07:00:00Z")]);
    }
    for (start, zone) in [
        ("DTSTART;VALUE=DATE:20260706", None),
        ("DTSTART:20260706T070000Z", Some("UTC")),
        ("DTSTART;TZID=\"Europe/Berlin\":20260706T090000", Some("Europe/Berlin")),
        ("dtstart;tzid=W. Europe Standard Time:20260706T090000", Some("W. Europe Standard Time")),
        ("DTSTART:20260706T070000", None),
    ] {
        let series = read(json!({ "data": icalendar(start, "rrule:FREQ=DAILY;COUNT=3") }));
        assert_eq!(series.lines, ["rrule:FREQ=DAILY;COUNT=3"], "{start}");
        assert_eq!(series.time_zone.as_deref(), zone, "{start}");
    }
}

#[test]
fn event_that_does_not_repeat_has_no_recurrence() {
    let single = icalendar("DTSTART:20260706T070000Z", "EXDATE:20260713T070000Z");
    assert_eq!(event(json!({ "original": { "data": single } })).recurrence(), None);
    let series = icalendar("DTSTART:20260706T070000Z", "RRULE:FREQ=DAILY");
    let one = json!({ "recurringEventId": "a", "original": { "data": series } });
    assert_eq!(event(one).recurrence(), None, "an occurrence");
    for odd in ["", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VEVENT\nRRULE\nEND:VEVENT", ":", " \n \n"] {
        assert_eq!(event(json!({ "original": { "data": odd } })).recurrence(), None, "{odd:?}");
    }
}

#[test]
fn occurrence_has_its_original_start() {
    let start = |original: serde_json::Value, own: &str, all_day: bool| {
        event(json!({ "recurringEventId": "s", "start": own, "allDay": all_day, "original": original }))
            .original_start()
    };
    let at = |text: &str| Some(EventTime::from(text));
    let google =
        json!({ "originalStartTime": { "dateTime": "2026-07-13T08:00:00+09:00", "timeZone": "Asia/Tokyo" } });
    assert_eq!(start(google, "2026-07-14T01:00:00Z", false), at("2026-07-12T23:00:00Z"));
    let google = json!({ "originalStartTime": { "date": "2026-07-13" } });
    assert_eq!(start(google, "2026-07-14", true), at("2026-07-13"));
    let graph = json!({ "originalStart": "2026-07-13T07:00:00Z" });
    assert_eq!(start(graph.clone(), "2026-07-14T07:00:00Z", false), at("2026-07-13T07:00:00Z"));
    let graph = json!({ "originalStart": "2026-07-13T00:00:00Z" });
    assert_eq!(start(graph.clone(), "2026-07-14", true), at("2026-07-13"));
    let series = icalendar("DTSTART:20260706T070000Z", "RRULE:FREQ=DAILY");
    assert_eq!(start(json!({ "data": series }), "2026-07-21T08:00:00Z", false), at("2026-07-20T07:00:00Z"));
    assert_eq!(event(json!({ "original": graph })).original_start(), None, "not an occurrence");
}

#[test]
fn global_tzid_ends_with_the_iana_name() {
    for (tzid, zone) in [
        ("/mozilla.org/20070129_1/Asia/Tokyo", "Asia/Tokyo"),
        ("/freeassociation.sourceforge.net/Asia/Tokyo", "Asia/Tokyo"),
        ("/citadel.org/20210210_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("\"/softwarestudio.org/Tzfile/Europe/Berlin\"", "Europe/Berlin"),
        // A name that does not end with an IANA name stays unchanged, except for its quotes.
        ("/example.com/Moon/Tokyo", "/example.com/Moon/Tokyo"),
        ("Tokyo Standard Time", "Tokyo Standard Time"),
        ("\"(UTC+09:00) Osaka, Sapporo, Tokyo\"", "(UTC+09:00) Osaka, Sapporo, Tokyo"),
        ("\"a;b\"", "a;b"),
    ] {
        let except = format!("RRULE:FREQ=DAILY\r\nEXDATE;X-A=\"c:d;e\";TZID={tzid}:20260707T080000");
        let data = icalendar(&format!("DTSTART;TZID={tzid}:20260706T080000"), &except);
        let series = read(json!({ "data": data }));
        assert_eq!(series.time_zone.as_deref(), Some(zone));
        let known = jiff::tz::TimeZone::get(zone).ok();
        let time: jiff::civil::DateTime = "2026-07-07T08:00".parse().unwrap();
        let except =
            known.map_or(EventTime::Local(time), |zone| EventTime::Instant(zone.to_timestamp(time).unwrap()));
        assert_eq!(series.exceptions[0], except, "{tzid}");
    }
}

#[test]
fn all_day_series_has_no_time_zone() {
    let graph = json!({ "isAllDay": true, "originalStartTimeZone": "UTC",
        "start": { "dateTime": "2026-07-06T00:00:00.0000000", "timeZone": "UTC" },
        "recurrence": {
            "pattern": { "type": "weekly", "interval": 1, "daysOfWeek": ["monday"] },
            "range": { "type": "noEnd", "startDate": "2026-07-06", "recurrenceTimeZone": "UTC" } } });
    let days = icalendar("DTSTART;VALUE=DATE;TZID=Europe/Berlin:20260706", "RRULE:FREQ=DAILY");
    for original in [graph, json!({ "data": days })] {
        for start in ["2026-07-06T00:00:00.000Z", "2026-07-06"] {
            let event = event(json!({ "start": start, "allDay": true, "original": original.clone() }));
            assert_eq!(event.recurrence().unwrap().time_zone, None);
        }
    }
}

#[test]
fn graph_series_until_the_year_9999_is_read() {
    for (zone, until) in [
        ("Europe/Berlin", "99991231T235959Z"),
        ("America/Los_Angeles", "99991231T235959Z"),
        ("Moon Standard Time", "99991231T235959Z"),
    ] {
        let series = read(json!({ "recurrence": {
            "pattern": { "type": "daily", "interval": 1 },
            "range": { "type": "endDate", "startDate": "2026-07-06", "endDate": "9999-12-31",
                "recurrenceTimeZone": zone } } }));
        assert_eq!(series.lines, [format!("RRULE:FREQ=DAILY;UNTIL={until}")], "{zone}");
    }
}

/// A series with two moved occurrences: the 13th moved to the 14th, the 20th to another time.
fn overrides(zone: &str) -> String {
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned()];
    let mut add = |more: &[String]| {
        lines.push("BEGIN:VEVENT".into());
        lines.extend_from_slice(more);
        lines.push("END:VEVENT".into());
    };
    add(&[format!("DTSTART;TZID={zone}:20260706T090000"), "RRULE:FREQ=WEEKLY".into()]);
    for (by_rule, start) in [("20260713T090000", "20260714T090000"), ("20260720T090000", "20260720T150000")] {
        add(&[format!("RECURRENCE-ID;TZID={zone}:{by_rule}"), format!("DTSTART;TZID={zone}:{start}")]);
    }
    lines.push("END:VCALENDAR".into());
    lines.join("\r\n")
}

#[test]
fn occurrence_never_has_the_original_start_of_another() {
    let start = |data: String, own: &str| {
        event(json!({ "recurringEventId": "s", "start": own, "original": { "data": data } })).original_start()
    };
    let at = |text: &str| Some(EventTime::from(text));
    let berlin = || overrides("Europe/Berlin");
    assert_eq!(start(berlin(), "2026-07-14T07:00:00Z"), at("2026-07-13T07:00:00Z"));
    assert_eq!(start(berlin(), "2026-07-20T13:00:00Z"), at("2026-07-20T07:00:00Z"));
    // The start of an unchanged occurrence is its original start.
    assert_eq!(start(berlin(), "2026-07-27T07:00:00Z"), at("2026-07-27T07:00:00Z"));
    // In an unknown zone, the changed occurrence cannot be identified.
    let unknown = || overrides("Moon Standard Time");
    assert_eq!(start(unknown(), "2026-07-20T13:00:00Z"), None);
    assert_eq!(start(unknown(), "2026-07-27T07:00:00Z"), None);
    let same_start = berlin().replace("20260714T090000", "20260720T150000");
    assert_eq!(start(same_start, "2026-07-20T13:00:00Z"), None);
    assert_eq!(start("BEGIN:VCALENDAR".into(), "2026-07-20T13:00:00Z"), None);
}

#[test]
fn original_start_is_a_date_if_the_series_is_all_day() {
    let occurrence = |by_rule: &str, own: &str, all_day: bool| {
        event(json!({ "recurringEventId": "s", "start": own, "allDay": all_day,
            "original": { "originalStart": by_rule } }))
    };
    let at = |text: &str| Some(EventTime::from(text));
    let moved = occurrence("2026-07-13T07:00:00Z", "2026-07-14", true);
    assert_eq!(moved.original_start(), at("2026-07-13T07:00:00Z"));
    let timed = occurrence("2026-07-13T00:00:00Z", "2026-07-13T08:00:00Z", false);
    assert_eq!(timed.original_start(), at("2026-07-13T00:00:00Z"));
    let whole = event(json!({ "id": "s", "start": "2026-07-06", "allDay": true }));
    let series = event(json!({ "id": "s", "start": "2026-07-06T00:00:00Z", "allDay": false }));
    assert_eq!(timed.original_start_in(&whole), at("2026-07-13"));
    assert_eq!(timed.original_start_in(&series), at("2026-07-13T00:00:00Z"));
    assert_eq!(moved.original_start_in(&series), at("2026-07-13T07:00:00Z"));
    let midnight = occurrence("2026-07-13T00:00:00Z", "2026-07-14", true);
    assert_eq!(midnight.original_start_in(&series), at("2026-07-13T00:00:00Z"));
    assert_eq!(midnight.original_start_in(&whole), at("2026-07-13"));
}

#[test]
fn rule_with_parameters_is_read() {
    for line in [
        r#"RRULE;X-A="a:b":FREQ=WEEKLY;BYDAY=MO"#,
        r#"rrule;x-a=b;X-C="d;e:f":freq=weekly;byday=mo"#,
        "RRULE;X-A=b:FREQ=WEEKLY;BYDAY=MO",
    ] {
        let start = date(2026, 1, 13);
        let pattern = PatternedRecurrence::from_rrule(line, start).unwrap();
        assert_eq!(pattern.rrule(start).unwrap(), "RRULE:FREQ=WEEKLY;BYDAY=MO", "{line}");
        let event = event(json!({ "recurrence": [line, "EXDATE:20260120", "EXRULE:FREQ=DAILY"] }));
        let recurrence = event.recurrence().unwrap();
        let values: Vec<_> = recurrence.values("rrule").map(str::to_uppercase).collect();
        assert_eq!(values, ["FREQ=WEEKLY;BYDAY=MO"], "{line}");
    }
}
