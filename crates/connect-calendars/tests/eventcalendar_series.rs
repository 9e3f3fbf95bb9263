//! Tests of series in the JSON for the Mobiscroll Eventcalendar: zones and exceptions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_calendars::eventcalendar::data;
use connect_core::types::{Event, decode};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn event(value: Value) -> Event {
    decode(value.to_string().as_bytes()).unwrap()
}

fn page(events: &[Value], zone: &str) -> Value {
    let events: Vec<Event> = events.iter().cloned().map(event).collect();
    serde_json::to_value(data(&events).time_zone(TimeZone::get(zone).unwrap()).without_originals()).unwrap()
}

/// A series on Mondays at 08:00 in Tokyo, when it is Sunday in New York.
fn google() -> Value {
    json!({
        "provider": "google", "calendarId": "work", "id": "s", "title": "Review",
        "start": "2026-07-05T23:00:00Z", "end": "2026-07-06T00:00:00Z", "allDay": false,
        "original": { "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO"],
                      "start": { "dateTime": "2026-07-06T08:00:00+09:00", "timeZone": "Asia/Tokyo" } }
    })
}

fn occurrence(status: &str, original_start: Value, start: Option<&str>) -> Value {
    json!({
        "provider": "google", "calendarId": "work", "id": "s_1", "recurringEventId": "s", "status": status,
        "start": start, "end": start, "original": { "originalStartTime": original_start }
    })
}

#[test]
fn series_is_written_in_its_own_zone() {
    for viewer in ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "UTC"] {
        let shown = page(&[google()], viewer);
        assert_eq!(shown[0]["start"], "2026-07-06T08:00:00.000+09:00", "{viewer}");
        assert_eq!(shown[0]["end"], "2026-07-06T09:00:00.000+09:00");
        assert_eq!(
            (&shown[0]["timezone"], &shown[0]["recurring"]),
            (&json!("Asia/Tokyo"), &json!("FREQ=WEEKLY;BYDAY=MO"))
        );
        assert_eq!(shown[0].get("recurringException"), None);
    }
    let own = serde_json::to_value(data([&event(google())])).unwrap();
    assert_eq!(own[0]["timezone"], "Asia/Tokyo", "the zone of the series, without `time_zone()`");
}

#[test]
fn cancelled_occurrence_is_an_exception_not_an_event() {
    let tokyo = |text: &str| json!({ "dateTime": text, "timeZone": "Asia/Tokyo" });
    let gone = occurrence("cancelled", tokyo("2026-07-13T08:00:00+09:00"), None);
    let shown = page(&[google(), gone], "America/New_York");
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(shown[0]["recurringException"], json!(["2026-07-13"]), "the day in Tokyo");
    let single =
        json!({ "provider": "google", "id": "x", "start": "2026-07-06T08:00:00Z", "status": "cancelled" });
    assert_eq!(page(&[single], "UTC"), json!([]));
}

#[test]
fn moved_occurrence_shows_once() {
    let start = json!({ "dateTime": "2026-07-13T08:00:00+09:00", "timeZone": "Asia/Tokyo" });
    let moved = occurrence("confirmed", start, Some("2026-07-14T01:00:00Z"));
    let mut other = moved.clone();
    other["calendarId"] = json!("home");
    let shown = page(&[moved.clone(), google(), other], "America/New_York");
    assert_eq!(shown[0]["start"], "2026-07-13T21:00:00.000-04:00");
    assert_eq!(shown[0].get("recurring"), None);
    assert_eq!(shown[1]["recurringException"], json!(["2026-07-13"]));
    assert_eq!(
        shown.as_array().unwrap().len(),
        3,
        "an occurrence of a series in another calendar is separate"
    );
    assert_eq!(page(&[moved], "UTC")[0].get("recurringException"), None);
}

#[test]
fn exdate_and_exrule_are_written_as_exceptions() {
    let mut series = google();
    series["original"]["recurrence"] = json!([
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "EXDATE;TZID=Asia/Tokyo:20260713T080000",
        "EXDATE:20260719T230000Z,20260802T230000Z",
        "EXRULE:FREQ=MONTHLY;BYMONTHDAY=6",
    ]);
    let shown = page(&[series], "America/New_York");
    assert_eq!(shown[0]["recurringException"], json!(["2026-07-13", "2026-07-20", "2026-08-03"]));
    assert_eq!(shown[0]["recurringExceptionRule"], "FREQ=MONTHLY;BYMONTHDAY=6");
    let days = json!({
        "provider": "google", "id": "d", "start": "2026-07-06", "end": "2026-07-07", "allDay": true,
        "original": { "recurrence": ["RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260708"], "start": { "date": "2026-07-06" } }
    });
    let shown = page(&[days], "America/New_York");
    assert_eq!((&shown[0]["start"], &shown[0]["end"]), (&json!("2026-07-06"), &json!("2026-07-06")));
    assert_eq!(shown[0]["recurringException"], json!(["2026-07-08"]));
    assert_eq!(shown[0].get("timezone"), None, "an all-day series has no zone");
}

fn outlook(pattern: Value, zone: &str) -> Value {
    json!({
        "provider": "microsoft", "calendarId": "AAMk", "id": "m", "title": "Review",
        "start": "2026-07-05T23:00:00Z", "end": "2026-07-06T00:00:00Z", "allDay": false,
        "original": {
            "type": "seriesMaster", "cancelledOccurrences": ["OID.m.2026-07-20"],
            "start": { "dateTime": "2026-07-05T23:00:00.0000000", "timeZone": "UTC" },
            "recurrence": { "pattern": pattern, "range": {
                "type": "endDate", "startDate": "2026-07-06", "endDate": "2026-12-28", "recurrenceTimeZone": zone } }
        }
    })
}

#[test]
fn outlook_series_has_a_rule_in_its_own_zone() {
    let weekly =
        json!({ "type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday" });
    let moved = json!({
        "provider": "microsoft", "calendarId": "AAMk", "id": "o", "recurringEventId": "m", "status": "confirmed",
        "start": "2026-07-14T01:00:00Z", "end": "2026-07-14T02:00:00Z",
        "original": { "type": "exception", "originalStart": "2026-07-12T23:00:00Z" }
    });
    for zone in ["Tokyo Standard Time", "Asia/Tokyo"] {
        let shown = page(&[outlook(weekly.clone(), zone), moved.clone()], "America/New_York");
        assert_eq!(shown[0]["start"], "2026-07-06T08:00:00.000+09:00", "{zone}");
        assert_eq!(
            (&shown[0]["timezone"], &shown[0]["outlookCalendarId"]),
            (&json!("Asia/Tokyo"), &json!("AAMk"))
        );
        let rule = shown[0]["recurring"].as_str().unwrap();
        assert!(rule.starts_with("FREQ=WEEKLY;UNTIL=2026122") && rule.ends_with(";BYDAY=MO"), "{rule}");
        assert_eq!(shown[0]["recurringException"], json!(["2026-07-13", "2026-07-20"]));
    }
    let last = json!({ "type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31 });
    let shown = page(&[outlook(last, "Asia/Tokyo")], "UTC");
    assert!(shown[0]["recurring"].as_str().unwrap().ends_with(";BYMONTHDAY=-1"), "{shown}");
}

#[test]
fn caldav_series_has_its_rule_and_zone() {
    let data = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Asia/Tokyo:20260706T080000\r\nRRULE:FREQ=WEEKLY;BY\r\n DAY=MO\r\n\
                EXDATE;TZID=Asia/Tokyo:20260713T080000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let mut series = google();
    (series["provider"], series["original"]) = (json!("caldav"), json!({ "data": data }));
    let shown = page(&[series], "America/New_York");
    assert_eq!(shown[0]["start"], "2026-07-06T08:00:00.000+09:00");
    assert_eq!(
        (&shown[0]["recurring"], &shown[0]["recurringException"]),
        (&json!("FREQ=WEEKLY;BYDAY=MO"), &json!(["2026-07-13"]))
    );
    assert_eq!(shown[0].get("googleCalendarId"), None);
}

#[test]
fn custom_fields_keep_their_names() {
    let mut single = google();
    single["original"] = json!({});
    single["custom"] = json!({ "room": "A1", "seats": [1, 2], "id": "not that", "start": "never" });
    let shown = page(&[single], "UTC");
    assert_eq!((&shown[0]["room"], &shown[0]["seats"]), (&json!("A1"), &json!([1, 2])));
    assert_eq!((&shown[0]["id"], &shown[0]["start"]), (&json!("s"), &json!("2026-07-05T23:00:00.000+00:00")));
}

#[test]
fn series_in_an_unknown_zone_has_no_rule() {
    let weekly =
        json!({ "type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday" });
    for zone in ["Customized Time Zone", "tzone://Microsoft/Custom", "Ours/EST", "Moon Standard Time"] {
        let shown = page(&[outlook(weekly.clone(), zone)], "America/New_York");
        assert_eq!((shown[0].get("recurring"), shown[0].get("recurringException")), (None, None), "{zone}");
        assert_eq!(shown[0]["start"], "2026-07-05T19:00:00.000-04:00", "the first event of the series");
        let mut series = google();
        series["original"]["start"]["timeZone"] = json!(zone);
        assert_eq!(page(&[series], "America/New_York")[0].get("recurring"), None, "{zone}");
    }
    for zone in
        ["tokyo standard time", "TOKYO STANDARD TIME", "/mozilla.org/20070129_1/Asia/Tokyo", "asia/tokyo"]
    {
        let shown = page(&[outlook(weekly.clone(), zone)], "America/New_York");
        assert_eq!(shown[0]["start"], "2026-07-06T08:00:00.000+09:00", "{zone}");
        assert_eq!(shown[0]["timezone"], "Asia/Tokyo", "{zone}");
    }
    // An all-day series needs no zone.
    let mut days = outlook(weekly, "Customized Time Zone");
    (days["start"], days["end"], days["allDay"]) = (json!("2026-07-06"), json!("2026-07-07"), json!(true));
    assert!(page(&[days], "America/New_York")[0]["recurring"].is_string());
}

#[test]
fn series_without_a_named_zone_has_no_rule() {
    let floating = |rule: &str| {
        let data = format!(
            "BEGIN:VEVENT\r\nDTSTART:20260706T080000\r\nRRULE:{rule}\r\nEXDATE:20260713T080000\r\nEND:VEVENT\r\n"
        );
        let mut series = google();
        (series["provider"], series["original"]) = (json!("apple"), json!({ "data": data }));
        series
    };
    let unnamed = |rule: &str| {
        let mut series = google();
        series["original"]["recurrence"] = json!([format!("RRULE:{rule}")]);
        series["original"]["start"].as_object_mut().unwrap().remove("timeZone");
        series
    };
    let connect = |rule: &str| {
        let mut series = google();
        (series["recurrence"], series["original"]) = (json!(rule), json!({}));
        series
    };
    for rule in [
        "FREQ=WEEKLY;BYDAY=MO",
        "FREQ=WEEKLY",
        "FREQ=DAILY",
        "FREQ=MONTHLY;BYMONTHDAY=6",
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=MONTHLY",
        "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=6",
    ] {
        for series in [floating(rule), unnamed(rule), connect(rule)] {
            for (viewer, start) in [
                ("America/New_York", "2026-07-05T19:00:00.000-04:00"),
                ("Asia/Tokyo", "2026-07-06T08:00:00.000+09:00"),
                ("Pacific/Kiritimati", "2026-07-06T13:00:00.000+14:00"),
            ] {
                let shown = page(std::slice::from_ref(&series), viewer);
                assert_eq!(shown[0]["start"], start, "{rule}");
                assert_eq!(
                    (shown[0].get("recurring"), shown[0].get("recurringException")),
                    (None, None),
                    "{rule} {viewer} {series}"
                );
            }
            let own = serde_json::to_value(data([&event(series)])).unwrap();
            assert_eq!(own[0].get("recurring"), None, "{rule}");
        }
        // The days of a rule fit a start without an offset, and an all-day start.
        for (start, end) in [("2026-07-06T08:00:00", "2026-07-06T09:00:00"), ("2026-07-06", "2026-07-07")] {
            let mut local = floating(rule);
            (local["start"], local["end"]) = (json!(start), json!(end));
            let shown = page(&[local], "America/New_York");
            assert_eq!((&shown[0]["start"], &shown[0]["recurring"]), (&json!(start), &json!(rule)));
            assert_eq!(shown[0].get("timezone"), None);
        }
    }
}

#[test]
fn all_day_exceptions_do_not_depend_on_the_viewer_zone() {
    let mut series = outlook(json!({ "type": "daily", "interval": 1 }), "UTC");
    (series["start"], series["end"], series["allDay"]) =
        (json!("2026-12-01"), json!("2026-12-02"), json!(true));
    series["original"]["cancelledOccurrences"] = json!(["OID.m.2026-12-09"]);
    let moved = json!({
        "provider": "microsoft", "calendarId": "AAMk", "id": "o", "recurringEventId": "m", "allDay": false,
        "start": "2026-12-07T12:00:00Z", "end": "2026-12-07T13:00:00Z",
        "original": { "type": "exception", "originalStart": "2026-12-07T00:00:00Z" }
    });
    for viewer in ["America/New_York", "Asia/Tokyo", "UTC"] {
        let shown = page(&[series.clone(), moved.clone()], viewer);
        assert_eq!(shown[0]["recurringException"], json!(["2026-12-07", "2026-12-09"]), "{viewer}");
    }
    let days = json!({
        "provider": "google", "id": "d", "start": "2026-12-01", "end": "2026-12-02", "allDay": true,
        "original": { "recurrence": ["RRULE:FREQ=DAILY", "EXDATE:20261207T000000Z"], "start": { "date": "2026-12-01" } }
    });
    assert_eq!(page(&[days], "America/New_York")[0]["recurringException"], json!(["2026-12-07"]));
}

#[test]
fn bysetpos_with_bymonthday_is_the_last_day_or_unsupported() {
    let rule = |line: &str| {
        let mut series = google();
        series["original"]["recurrence"] = json!([format!("RRULE:{line}")]);
        page(&[series], "UTC")[0].get("recurring").cloned()
    };
    for (line, shown) in [
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("FREQ=MONTHLY;BYSETPOS=-1;COUNT=3;BYMONTHDAY=31,28,30,29", "FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-1"),
        ("freq=monthly;bysetpos=-1;bymonthday=28,29,30,31", "freq=monthly;bymonthday=-1"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
        ("FREQ=YEARLY;BYSETPOS=-1;BYMONTHDAY=29,28;BYMONTH=2", "FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=2"),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=28,29,30;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=-1"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"),
        ("FREQ=MONTHLY;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=30"),
    ] {
        assert_eq!(rule(line), Some(json!(shown)), "{line}");
    }
    for line in [
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
        "FREQ=MONTHLY;BYSETPOS=-1;BYMONTHDAY=29,28",
        "FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=28,29;BYSETPOS=-1",
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=1",
    ] {
        assert_eq!(rule(line), None, "{line}");
    }
    let day = |day: i8| {
        let monthly = json!({ "type": "absoluteMonthly", "interval": 1, "dayOfMonth": day });
        page(&[outlook(monthly, "Asia/Tokyo")], "UTC")[0].get("recurring").cloned()
    };
    assert!(day(31).unwrap().as_str().unwrap().contains("BYMONTHDAY=-1"));
    assert!(day(28).is_some() && day(29).is_none() && day(30).is_none());
}
