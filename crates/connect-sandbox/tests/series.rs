//! Series and their occurrences in each API.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::App;
use common::calendar::{EVENTS, ada};
use serde_json::{Value, json};

/// Returns a sandbox and the access token of its user, who has the same series at each provider. The series
/// are in the time zone of Berlin.
fn series_of_each_provider(event: &Value) -> (App, String) {
    let mut app = App::new(&[]);
    let calendar = json!([{ "id": "work", "title": "Work", "timeZone": "Europe/Berlin", "events": [event] }]);
    let providers = ["google", "microsoft", "apple", "caldav"];
    let accounts =
        providers.map(|name| (name.to_owned(), json!({ "account": "a@example.org", "calendars": calendar })));
    let seed = json!({ "users": { "ada": Value::Object(accounts.into_iter().collect()) } });
    app.sandbox.seed(&seed.to_string()).unwrap();
    let token = app.sign_in("ada", "read-write").access;
    (app, token)
}

fn standup() -> Value {
    json!({
        "id": "standup", "title": "Stand-up; with everybody", "start": "2026-10-19T07:00:00Z",
        "end": "2026-10-19T07:15:00Z", "timeZone": "Europe/Berlin", "location": "é".repeat(60),
        "recurrence": { "frequency": "WEEKLY", "byDay": ["MO", "WE"], "until": "20261231T235959Z" },
        "lastModified": "2026-10-02T08:00:00Z",
    })
}

fn of<'a>(events: &'a [Value], provider: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["provider"] == provider).collect()
}

const MASTERS: &str = "start=2026-10-01&end=2027-02-01&singleEvents=false";
const OCCURRENCES: &str = "start=2026-10-24&end=2026-10-31&pageSize=100";

/// Returns the lines of an event's iCalendar text, without line folding.
fn unfolded(event: &Value) -> Vec<String> {
    let text = event["original"]["data"].as_str().unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    assert!(!text.replace("\r\n", "").contains('\n'), "{text}");
    text.replace("\r\n ", "").lines().map(str::to_owned).collect()
}

#[test]
fn original_of_series_has_provider_recurrence() {
    let (mut app, token) = series_of_each_provider(&standup());
    let masters = app.events(&token, MASTERS);
    let google = &of(&masters, "google")[0]["original"];
    assert_eq!(google["recurrence"], json!(["RRULE:FREQ=WEEKLY;UNTIL=20261231T235959Z;BYDAY=MO,WE"]));
    assert_eq!(google["start"], json!({ "dateTime": "2026-10-19T07:00:00Z", "timeZone": "Europe/Berlin" }));

    let microsoft = &of(&masters, "microsoft")[0]["original"];
    assert_eq!(microsoft["type"], "seriesMaster");
    let recurrence = json!({
        "pattern": { "type": "weekly", "interval": 1, "month": 0, "dayOfMonth": 0, "firstDayOfWeek": "monday",
                     "index": "first", "daysOfWeek": ["monday", "wednesday"] },
        "range": { "type": "endDate", "startDate": "2026-10-19", "endDate": "2026-12-31",
                   "recurrenceTimeZone": "Europe/Berlin", "numberOfOccurrences": 0 },
    });
    assert_eq!(microsoft["recurrence"], recurrence);

    for provider in ["apple", "caldav"] {
        let lines = unfolded(of(&masters, provider)[0]);
        let expected = [
            "UID:standup".to_owned(),
            "DTSTART;TZID=Europe/Berlin:20261019T090000".to_owned(),
            "DTEND;TZID=Europe/Berlin:20261019T091500".to_owned(),
            "RRULE:FREQ=WEEKLY;UNTIL=20261231T235959Z;BYDAY=MO,WE".to_owned(),
            "SUMMARY:Stand-up\\; with everybody".to_owned(),
            format!("LOCATION:{}", "é".repeat(60)),
        ];
        for line in expected {
            assert!(lines.contains(&line), "{line} in {lines:#?}");
        }
        assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 1);
    }
}

#[test]
fn original_of_occurrence_has_its_original_start() {
    let (mut app, token) = series_of_each_provider(&standup());
    let all = app.events(&token, OCCURRENCES);
    let google = &of(&all, "google")[0]["original"];
    assert_eq!(google["recurringEventId"], "standup");
    assert_eq!(google["originalStartTime"]["dateTime"], "2026-10-26T08:00:00Z", "after the clocks went back");
    assert!(google.get("recurrence").is_none());
    let microsoft = &of(&all, "microsoft")[0]["original"];
    assert_eq!((&microsoft["type"], &microsoft["seriesMasterId"]), (&json!("occurrence"), &json!("standup")));
    assert_eq!(microsoft["originalStart"], "2026-10-26T08:00:00Z");
    assert!(microsoft.get("recurrence").is_none());
    let lines = unfolded(of(&all, "caldav")[1]);
    assert!(lines.contains(&"RECURRENCE-ID:20261028T080000Z".to_owned()), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("RRULE")));
}

#[test]
fn icalendar_lists_exceptions_and_removed_dates() {
    let (mut app, token) = series_of_each_provider(&standup());
    let occurrences = app.events(&token, OCCURRENCES);
    for provider in ["apple", "microsoft"] {
        let ids: Vec<_> = of(&occurrences, provider).iter().map(|one| one["id"].clone()).collect();
        let change = json!({
            "provider": provider, "calendarId": "work", "eventId": ids[0], "recurringEventId": "standup",
            "title": "Later", "start": "2026-10-26T10:00:00Z", "end": "2026-10-26T11:00:00Z",
        });
        assert_eq!(app.call(&token, "PUT", "/event", Some(change)).0, 200);
        let removal = json!({
            "provider": provider, "calendarId": "work", "eventId": ids[1], "recurringEventId": "standup",
        });
        assert_eq!(app.call(&token, "DELETE", "/event", Some(removal)).0, 204);
    }
    let masters = app.events(&token, MASTERS);
    let text = unfolded(of(&masters, "apple")[0]).join("\n");
    let (master, changed) = text.split_once("END:VEVENT\n").unwrap();
    assert!(master.contains("EXDATE;TZID=Europe/Berlin:20261028T090000"), "{text}");
    for line in [
        "UID:standup",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261026T090000",
        "SUMMARY:Later",
        "DTSTART;TZID=Europe/Berlin:20261026T110000",
    ] {
        assert!(changed.contains(line), "{line} in {text}");
    }
    let left = app.events(&token, OCCURRENCES);
    assert_eq!(of(&left, "microsoft")[0]["original"]["type"], "exception");
}

#[test]
fn original_of_all_day_series_has_dates() {
    let event = json!({
        "id": "rent", "title": "Rent", "start": "2026-01-31", "end": "2026-02-01", "allDay": true,
        "timeZone": "Europe/Berlin", "recurrence": { "frequency": "MONTHLY", "byMonthDay": [-1], "count": 12 },
    });
    let (mut app, token) = series_of_each_provider(&event);
    let masters = app.events(&token, "start=2026-01-01&end=2027-02-01&singleEvents=false");
    let google = &of(&masters, "google")[0]["original"];
    assert_eq!(google["start"], json!({ "date": "2026-01-31" }));
    assert_eq!(google["recurrence"], json!(["RRULE:FREQ=MONTHLY;COUNT=12;BYMONTHDAY=-1"]));
    let lines = unfolded(of(&masters, "apple")[0]);
    assert!(lines.contains(&"DTSTART;VALUE=DATE:20260131".to_owned()), "{lines:#?}");
    let microsoft = &of(&masters, "microsoft")[0]["original"]["recurrence"];
    assert_eq!(microsoft["pattern"]["type"], "relativeMonthly", "the last day is the last of all weekdays");
    assert_eq!(microsoft["range"]["numberOfOccurrences"], 12);
}

#[test]
fn connect_series_uses_zone_of_its_original() {
    let (mut app, token) = series_of_each_provider(&standup());
    let event = json!({
        "provider": "google", "calendarId": "work", "title": "Call", "start": "2026-10-20T16:00:00Z",
        "end": "2026-10-20T17:00:00Z", "recurrence": { "frequency": "WEEKLY" },
    });
    let written = app.create(&token, event);
    assert_eq!(written["original"]["recurrence"], json!(["RRULE:FREQ=WEEKLY"]));
    assert_eq!(written["original"]["start"]["timeZone"], "UTC");
    let all = app.events(&token, "start=2026-10-27&end=2026-10-28");
    assert_eq!(all.last().unwrap()["start"], "2026-10-27T16:00:00.000Z");
}

#[test]
fn missing_day_of_month_is_skipped_except_at_outlook() {
    let (mut app, token) = series_of_each_provider(&standup());
    let mut days = |provider: &str, first: &str, recurrence: &Value| -> Vec<String> {
        let end = first.parse::<jiff::civil::Date>().unwrap().tomorrow().unwrap().to_string();
        let event = json!({
            "provider": provider, "calendarId": "work", "title": "Rent", "start": first, "end": end,
            "allDay": true, "recurrence": recurrence,
        });
        let event = app.create(&token, event);
        let id = event["id"].as_str().unwrap().to_owned();
        let found = app.events(&token, &format!("start={first}&end=2030-01-01&pageSize=1000"));
        let own = found.iter().filter(|one| one["recurringEventId"] == id.as_str());
        own.map(|one| one["start"].as_str().unwrap()[..10].to_owned()).take(4).collect()
    };
    let monthly = json!({ "frequency": "MONTHLY" });
    let last = json!({ "frequency": "MONTHLY", "byMonthDay": [30] });
    let yearly = json!({ "frequency": "YEARLY" });
    for provider in ["google", "apple", "caldav"] {
        assert_eq!(
            days(provider, "2026-01-31", &monthly),
            ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]
        );
        assert_eq!(days(provider, "2024-02-29", &yearly), ["2024-02-29", "2028-02-29"]);
    }
    assert_eq!(
        days("microsoft", "2026-01-31", &monthly),
        ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    );
    assert_eq!(
        days("microsoft", "2026-01-30", &last),
        ["2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30"]
    );
    assert_eq!(
        days("microsoft", "2024-02-29", &yearly),
        ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]
    );
}

/// Inserts a series with the recurrence lines `lines` at Google, which must store the lines unchanged.
///
/// Returns the starts of the series' occurrences between the dates `from` and `to`.
fn listed(lines: Value, start: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let (mut app, token) = ada(&[]);
    let moment = |at: &str| {
        if at.contains('T') { json!({ "dateTime": at, "timeZone": zone }) } else { json!({ "date": at }) }
    };
    let end = if start.contains('T') {
        start.to_owned()
    } else {
        start.parse::<jiff::civil::Date>().unwrap().tomorrow().unwrap().to_string()
    };
    let event =
        json!({ "summary": "Series", "start": moment(start), "end": moment(&end), "recurrence": lines });
    let event = app.google_insert(&token, event);
    assert_eq!(event["recurrence"], lines);
    let id = event["id"].as_str().unwrap();
    let path =
        format!("{EVENTS}/{id}/instances?timeMin={from}T00:00:00Z&timeMax={to}T00:00:00Z&timeZone={zone}");
    let items = app.google_ok(&token, &path)["items"].as_array().unwrap().clone();
    let start = |item: &Value| {
        item["start"]["dateTime"].as_str().or(item["start"]["date"].as_str()).unwrap().to_owned()
    };
    items.iter().map(start).collect()
}

#[test]
fn long_running_daily_series_continues_today() {
    for first in ["1970-01-01T09:00:00", "2010-01-01T09:00:00"] {
        let found = listed(json!(["RRULE:FREQ=DAILY"]), first, "Europe/Berlin", "2026-11-29", "2026-12-01");
        assert_eq!(found, ["2026-11-29T09:00:00+01:00", "2026-11-30T09:00:00+01:00"]);
    }
    let counted =
        listed(json!(["RRULE:FREQ=DAILY;COUNT=6000"]), "2010-01-01", "UTC", "2026-06-01", "2027-01-01");
    assert_eq!(counted.last().map(String::as_str), Some("2026-06-05"));
    let lasts = listed(
        json!(["RRULE:FREQ=DAILY;UNTIL=99991231T235959Z"]),
        "2010-01-01",
        "UTC",
        "9000-01-01",
        "9000-01-02",
    );
    assert_eq!(lasts, ["9000-01-01"]);
}

#[test]
fn list_over_all_time_gets_a_response() {
    let (mut app, token) = ada(&[]);
    let event = json!({ "start": { "date": "0001-01-01" }, "end": { "date": "0001-01-02" }, "recurrence": ["RRULE:FREQ=DAILY"] });
    let id = app.google_insert(&token, event)["id"].as_str().unwrap().to_owned();
    let path = format!(
        "{EVENTS}/{id}/instances?maxResults=2500&timeMin=0001-01-01T00:00:00Z&timeMax=9999-12-01T00:00:00Z"
    );
    assert_eq!(app.google_ok(&token, &path)["items"].as_array().unwrap().len(), 2500);
}

#[test]
fn google_and_caldav_recurrence_lines_are_read() {
    let berlin =
        |lines: Value| listed(lines, "2026-11-02T09:00:00", "Europe/Berlin", "2026-11-01", "2026-11-08");
    let rule = "RRULE:FREQ=DAILY;COUNT=4";
    let second = "2026-11-03T09:00:00+01:00".to_owned();
    for line in [
        "EXDATE;TZID=\"Europe/Berlin\":20261103T090000",
        "EXDATE;VALUE=DATE:20261103",
        "exdate:20261103t080000z",
    ] {
        let left = berlin(json!([rule, line]));
        assert!(left.len() == 3 && !left.contains(&second), "{line}: {left:?}");
    }
    let with = berlin(json!(["RRULE:FREQ=DAILY;COUNT=1", "RDATE;TZID=Europe/Berlin:20261104T180000"]));
    assert_eq!(with, ["2026-11-02T09:00:00+01:00", "2026-11-04T18:00:00+01:00"]);
}

#[test]
fn invalid_recurrence_line_error_names_expected_value() {
    let (mut app, token) = ada(&[]);
    let start = json!({ "dateTime": "2026-11-02T09:00:00", "timeZone": "Europe/Berlin" });
    for (line, expected) in [
        ("RRULE:FREQ=DAILY;INTERVAL=0", "INTERVAL=0 (expected a whole number from 1 to 2147483647)"),
        ("RRULE:FREQ=SECONDLY", "FREQ=SECONDLY (expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY)"),
        ("EXDATE;TZID=Nowhere:20261103T090000", "EXDATE: unknown time zone Nowhere (expected an IANA name)"),
    ] {
        let event = json!({ "start": start, "end": start, "recurrence": ["RRULE:FREQ=DAILY", line] });
        let event = if line.starts_with("RRULE") {
            json!({ "start": start, "end": start, "recurrence": [line] })
        } else {
            event
        };
        let (status, body) = app.google(&token, "POST", EVENTS, Some(event));
        assert_eq!(status, 400, "{line}");
        assert_eq!(body["error"]["message"], format!("Invalid recurrence rule: {expected}"));
    }
}
