//! Tests of the JSON for the Mobiscroll Eventcalendar, and of the JSON that pages send back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_calendars::eventcalendar::{PageEvent, data, last_day};
use connect_core::types::{Event, NewEvent, Patch, Recurrence, decode};
use jiff::{civil::date, tz::TimeZone};
use serde_json::{Value, json};

fn event(value: Value) -> Event {
    decode(value.to_string().as_bytes()).unwrap()
}

fn timed() -> Event {
    event(json!({
        "provider": "google", "calendarId": "work", "id": "e1", "title": "<b>Stand-up</b>", "color": "#ff0000",
        "start": "2026-12-24T09:00:00.000Z", "end": "2026-12-24T09:15:00.000Z", "allDay": false,
        "original": { "id": "e1", "big": 18446744073709551615_u64 },
    }))
}

fn days(first: &str, end: &str) -> Event {
    event(json!({ "id": "d", "title": "Away", "start": first, "end": end, "allDay": true }))
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn sent(value: Value) -> PageEvent {
    serde_json::from_value(value).unwrap()
}

fn times(new: &NewEvent) -> (String, String, Option<bool>) {
    let fields = new.fields().unwrap();
    (fields.start.unwrap().to_string(), fields.end.unwrap().to_string(), fields.all_day)
}

#[test]
fn data_has_the_fields_of_the_eventcalendar() {
    let event = timed();
    let expected = json!([{
        "id": "e1", "title": "<b>Stand-up</b>", "color": "#ff0000", "allDay": false,
        "start": "2026-12-24T09:00:00.000Z", "end": "2026-12-24T09:15:00.000Z",
        "googleCalendarId": "work", "googleEvent": { "id": "e1", "big": 18446744073709551615_u64 },
    }]);
    assert_eq!(serde_json::to_value(data([&event])).unwrap(), expected);
    let all = data([&event]).time_zone(berlin()).resources().read_only().without_originals();
    let expected = json!([{
        "id": "e1", "title": "<b>Stand-up</b>", "color": "#ff0000", "allDay": false,
        "start": "2026-12-24T10:00:00.000+01:00", "end": "2026-12-24T10:15:00.000+01:00",
        "timezone": "Europe/Berlin", "resource": "work", "editable": false, "googleCalendarId": "work",
    }]);
    assert_eq!(serde_json::to_value(all).unwrap(), expected);
    let mut outlook = timed();
    outlook.provider = Some("microsoft".into());
    let json = serde_json::to_value(data([&outlook])).unwrap();
    assert!(json[0].get("outlookEvent").is_some() && json[0].get("googleEvent").is_none());
    outlook.provider = Some("apple".into());
    let json = serde_json::to_value(data([&outlook])).unwrap();
    assert!(json[0].get("outlookEvent").is_none() && json[0].get("googleEvent").is_none());
}

#[test]
fn end_of_an_all_day_event_is_inclusive_or_exclusive() {
    for (first, end, inclusive, exclusive) in [
        ("2026-12-24", "2026-12-25", "2026-12-24", "2026-12-25"),
        ("2026-12-24T00:00:00Z", "2026-12-27T00:00:00Z", "2026-12-26", "2026-12-27"),
        ("2026-12-31", "2027-01-01", "2026-12-31", "2027-01-01"),
        ("2026-12-24", "2026-12-24", "2026-12-24", "2026-12-24"),
        ("2026-07-05T00:00:00Z", "2026-07-08T23:59:59.999Z", "2026-07-08", "2026-07-09"),
        ("2026-07-05", "2026-07-08T12:00", "2026-07-08", "2026-07-09"),
        ("2026-07-05", "2026-07-05T18:00:00Z", "2026-07-05", "2026-07-06"),
    ] {
        let event = days(first, end);
        let end = |json: Value| json[0]["end"].clone();
        assert_eq!(end(serde_json::to_value(data([&event])).unwrap()), inclusive);
        assert_eq!(end(serde_json::to_value(data([&event]).exclusive_ends()).unwrap()), exclusive);
        assert_eq!(last_day(&event).unwrap().to_string(), inclusive);
    }
    assert_eq!(last_day(&timed()), None);
    let open = event(json!({"start": "2026-12-24", "allDay": true}));
    assert_eq!(last_day(&open), Some(date(2026, 12, 24)));
}

#[test]
fn all_day_event_survives_the_round_trip() {
    for (first, end) in
        [("2026-12-24", "2026-12-25"), ("2026-12-24", "2026-12-27"), ("2026-03-29", "2026-03-30")]
    {
        let event = days(first, end);
        let json = serde_json::to_value(data([&event])).unwrap();
        let again = sent(json[0].clone()).new_event(("google", "work")).unwrap();
        assert_eq!(times(&again), (first.to_owned(), end.to_owned(), Some(true)));
        let json = serde_json::to_value(data([&event]).exclusive_ends()).unwrap();
        let again = sent(json[0].clone()).exclusive_ends().new_event(("google", "work")).unwrap();
        assert_eq!(times(&again), (first.to_owned(), end.to_owned(), Some(true)));
    }
}

#[test]
fn data_omits_unreadable_times_and_inexpressible_rules() {
    let odd = event(json!({"id": "o", "start": "soon", "end": "2026-12-24T10:00"}));
    let expected = json!([{"id": "o", "title": "", "end": "2026-12-24T10:00:00", "allDay": false}]);
    assert_eq!(serde_json::to_value(data([&odd]).time_zone(berlin())).unwrap(), expected);
    let rules = |lines: Value| {
        let mut master = timed();
        let start = json!({ "dateTime": "2026-12-24T09:00:00Z", "timeZone": "UTC" });
        master.original = Some(json!({ "recurrence": lines, "start": start }).to_string().parse().unwrap());
        serde_json::to_value(data([&master])).unwrap()[0].get("recurring").cloned()
    };
    assert_eq!(rules(json!(["RRULE:FREQ=DAILY;COUNT=3"])), Some(json!("FREQ=DAILY;COUNT=3")));
    assert_eq!(rules(json!(["RRULE:FREQ=DAILY", "EXDATE:20261224T090000Z"])), Some(json!("FREQ=DAILY")));
    assert_eq!(rules(json!(["RRULE:FREQ=DAILY", "RDATE:20261224T100000Z"])), None);
    assert_eq!(rules(json!(["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"])), None);
    assert_eq!(rules(json!([])), None);
}

#[test]
fn page_times_are_read_in_all_formats() {
    let at = |start: Value, end: Value| {
        let page = sent(json!({"title": "T", "start": start, "end": end})).in_zone(berlin());
        times(&page.new_event(("google", "work")).unwrap())
    };
    let nine = ("2026-12-24T08:00:00.000Z".to_owned(), "2026-12-24T09:00:00.000Z".to_owned());
    for (start, end) in [
        (json!("2026-12-24T08:00:00.000Z"), json!("2026-12-24T09:00:00Z")),
        (json!("2026-12-24T09:00:00+01:00"), json!("2026-12-24T10:00:00+01:00")),
        (json!("2026-12-24T09:00"), json!("2026-12-24T10:00:00")),
        (json!(1_798_099_200_000_i64), json!(1_798_102_800_000_i64)),
        (
            json!("Thu Dec 24 2026 09:00:00 GMT+0100 (Mitteleuropäische Normalzeit)"),
            json!("Thu Dec 24 2026 10:00:00 GMT+0100"),
        ),
        (json!("Thu, 24 Dec 2026 08:00:00 GMT"), json!("Thu, 24 Dec 2026 09:00:00 GMT")),
    ] {
        let (from, to, all_day) = at(start.clone(), end);
        assert_eq!(((from, to), all_day), (nine.clone(), None), "{start}");
    }
}

#[test]
fn page_days_are_read_in_all_formats() {
    let at = |page: PageEvent| times(&page.in_zone(berlin()).new_event(("google", "work")).unwrap());
    let christmas = ("2026-12-24".to_owned(), "2026-12-25".to_owned(), Some(true));
    for (start, end) in [
        (json!("2026-12-24"), json!("2026-12-24")),
        (json!("2026-12-24T00:00"), json!("2026-12-24T23:59")),
        // Midnight in Berlin in the format of JSON.stringify.
        (json!("2026-12-23T23:00:00.000Z"), json!("2026-12-23T23:00:00.000Z")),
        (json!("2026-12-24"), json!(null)),
    ] {
        let page = sent(json!({"allDay": true, "start": start, "end": end}));
        assert_eq!(at(page.clone()), christmas, "{start}");
        assert_eq!(at(page.exclusive_ends()), christmas, "{start}: at least one day");
    }
    let until =
        sent(json!({"allDay": true, "start": "2026-12-23T23:00:00.000Z", "end": "2026-12-24T23:00:00.000Z"}));
    assert_eq!(at(until.clone().exclusive_ends()), christmas);
    assert_eq!(at(until).1, "2026-12-26", "the 25th is the last day");
    assert_eq!(at(sent(json!({"start": "2026-12-24", "end": "2026-12-24"}))), christmas, "without allDay");
    let timed = at(sent(json!({"allDay": false, "start": "2026-12-24", "end": "2026-12-25"})));
    assert_eq!(timed, ("2026-12-23T23:00:00.000Z".to_owned(), "2026-12-24T23:00:00.000Z".to_owned(), None));
}

#[test]
fn invalid_page_events_have_clear_errors() {
    for (value, message) in [
        (json!({}), "start: is missing"),
        (json!({"end": "2026-12-24"}), "start: is missing"),
        (json!({"start": "2026-12-24T09:00:00Z"}), "end: is missing"),
        (
            json!({"start": "2026-12-24T09:00:00Z", "end": "2026-12-24T08:00:00Z"}),
            "end: the event ends before it starts",
        ),
        (
            json!({"allDay": true, "start": "2022-02-20", "end": "2022-02-11"}),
            "end: the event ends before it starts",
        ),
        (
            json!({"start": "soon", "end": "later"}),
            "start: is not a time (expected ISO 8601, the text of a JavaScript Date, or milliseconds since 1970)",
        ),
        (
            json!({"start": 1, "end": i64::MAX}),
            "end: is not a time (expected ISO 8601, the text of a JavaScript Date, or milliseconds since 1970)",
        ),
        (
            json!({"start": "Invalid Date", "end": 1}),
            "start: is not a time (expected ISO 8601, the text of a JavaScript Date, or milliseconds since 1970)",
        ),
        (
            json!({"start": "9999-12-31", "end": "9999-12-31"}),
            "end: is out of range (expected a year from -9999 to 9999)",
        ),
        (
            json!({"start": 1, "end": 2, "recurring": {"repeat": "daily"}}),
            "recurring: is not the text of a rule (expected a rule such as FREQ=DAILY;COUNT=5)",
        ),
        (
            json!({"start": 1, "end": 2, "recurring": "FREQ=DAILY", "recurringException": ["2026-12-24"]}),
            "recurringException: exceptions of a series cannot be sent (delete the occurrences instead)",
        ),
        (
            json!({"start": 1, "end": 2, "recurringExceptionRule": "FREQ=WEEKLY"}),
            "recurringExceptionRule: exceptions of a series cannot be sent (delete the occurrences instead)",
        ),
        (
            json!({"start": 1, "end": 2, "timezone": "Moon"}),
            "timezone: \"Moon\" is not a known time zone (expected a name such as Europe/Berlin)",
        ),
        (json!({"start": 1, "end": 2, "googleEvent": []}), "googleEvent: is not a JSON object"),
    ] {
        let error = sent(value.clone()).new_event(("google", "work")).unwrap_err();
        assert_eq!(error.to_string(), message, "{value}");
    }
}

#[test]
fn new_event_has_the_rule_of_the_page() {
    let rule = |more: Value| {
        let mut value = json!({"title": "T", "start": 0, "end": 1});
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sent(value).new_event(("google", "work")).unwrap().fields().unwrap().recurrence
    };
    let three = connect_core::types::Patch::Set(Recurrence::daily().count(3));
    assert_eq!(rule(json!({"recurring": "FREQ=DAILY;COUNT=3"})), three);
    assert_eq!(rule(json!({"googleEvent": {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}})), three);
    let lines =
        json!({"start": 0, "end": 1, "googleEvent": {"recurrence": ["RRULE:FREQ=DAILY", "EXDATE:1"]}});
    assert!(sent(lines.clone()).new_event(("google", "work")).is_ok(), "Google receives the lines unchanged");
    let error = sent(lines).new_event(("microsoft", "work")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "googleEvent.recurrence: is not a list with a single rule (expected a list such as [\"RRULE:FREQ=DAILY\"])"
    );
    for nothing in [json!(""), json!(" "), json!([]), json!(null)] {
        let page = json!({"recurring": "FREQ=DAILY;COUNT=3", "recurringExceptionRule": nothing, "recurringException": nothing});
        assert_eq!(rule(page), three);
    }
    assert_eq!(
        rule(json!({"recurring": null, "googleEvent": {"recurrence": []}})),
        connect_core::types::Patch::Keep
    );
}

#[test]
fn update_has_only_the_fields_of_the_page() {
    let change = |value: Value| sent(value).change(timed().change().unwrap()).unwrap().fields().unwrap();
    let title = change(json!({"id": "e1", "title": "New"}));
    assert_eq!((title.title.as_deref(), title.start), (Some("New"), None));
    let days = change(json!({"id": "e1", "allDay": true, "start": "2026-12-24", "end": "2026-12-26"}));
    assert_eq!(
        (days.title, days.end.unwrap().to_string(), days.all_day),
        (None, "2026-12-27".to_owned(), Some(true))
    );
    let texts = change(json!({"description": "D", "location": "L", "start": 0, "end": 3_600_000}));
    assert_eq!(texts.all_day, Some(false));
    assert!(sent(json!({"end": 1})).change(timed().change().unwrap()).is_err());
    assert_eq!(sent(json!({"id": 1})).id.as_deref(), Some("1"));
    assert_eq!(sent(json!({"id": "x", "resource": [1], "cssClass": "new"})).id.as_deref(), Some("x"));
    assert_eq!(sent(json!({"id": null})).id, None);
}

#[test]
fn provider_receives_the_rule_of_its_object() {
    let (lines, pattern) = (json!(["RRULE:FREQ=DAILY"]), json!({"pattern": {"type": "weekly"}}));
    let fields = |provider: &str, more: Value| {
        let mut page = json!({"start": 0, "end": 1, "googleEvent": {"recurrence": lines}, "outlookEvent": {"recurrence": pattern}});
        page.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let fields = sent(page).new_event((provider, "work")).unwrap().fields().unwrap();
        (fields.recurrence, fields.provider_fields.first().map(|(_, raw)| raw.get().to_owned()))
    };
    let (daily, none) = (Patch::Set(Recurrence::daily()), Patch::Keep);
    let patterned = Some(json!({"recurrence": pattern}).to_string());
    assert_eq!(fields("microsoft", json!({})), (none.clone(), patterned.clone()));
    let two = json!({"googleEvent": {"recurrence": ["RRULE:FREQ=DAILY", "EXDATE:1"]}});
    assert_eq!(fields("microsoft", two), (none.clone(), patterned));
    assert_eq!(fields("google", json!({})), (daily.clone(), None));
    // `recurring` takes precedence over both objects. An Outlook event without a rule in `outlookEvent` gets
    // the rule in `googleEvent`.
    let weekly = Patch::Set(Recurrence::weekly());
    assert_eq!(fields("microsoft", json!({"recurring": "FREQ=WEEKLY"})), (weekly, None));
    assert_eq!(fields("microsoft", json!({"outlookEvent": {"recurrence": null}})).0, daily);
    assert_eq!(fields("google", json!({"googleEvent": null})), (none, None));
}

#[test]
fn unchanged_event_of_a_page_changes_nothing() {
    for custom in [
        json!({"room": "A1", "order": 3, "date": "2026-12-01", "tooltip": "T", "location": "L", "description": "D",
               "color": "red", "resource": [1, {"a": null}]}),
        json!({"connectCustom": {"location": 1}, "id": "mine", "start": "never", "timezone": "Moon", "recurring": 1}),
        json!({"location": "only here"}),
        json!({"room": "A1"}),
        json!({}),
    ] {
        for provider in ["google", "microsoft", "apple"] {
            let mut event = timed();
            event.provider = Some(provider.into());
            event.original = None;
            event.description = Some("Real".to_owned());
            event.custom = Some(custom.to_string().parse().unwrap());
            let json = serde_json::to_value(data([&event])).unwrap()[0].clone();
            let page = sent(json.clone());
            let fields = page.change(event.change().unwrap()).unwrap().fields().unwrap();
            assert_eq!((fields.description, fields.location), (Patch::Keep, Patch::Keep), "{json}");
            assert_eq!(
                (fields.title.as_ref(), &fields.start, &fields.end),
                (Some(&event.title), &event.start, &event.end)
            );
            let sent: Value = match fields.custom {
                Patch::Set(custom) => custom.decode().unwrap(),
                _ => json!({}),
            };
            assert_eq!(sent, custom, "{json}");
        }
    }
}

#[test]
fn custom_fields_are_edited_under_their_names() {
    let mut event = timed();
    event.custom = Some(json!({"room": "A1", "order": 3, "location": "L"}).to_string().parse().unwrap());
    let mut json = serde_json::to_value(data([&event])).unwrap()[0].clone();
    assert_eq!((&json["room"], &json["order"], json.get("location")), (&json!("A1"), &json!(3), None));
    (json["room"], json["order"], json["tooltip"]) = (json!("B2"), json!(4), json!("Tooltip"));
    (json["location"], json["description"]) = (json!("Berlin"), json!("New"));
    let fields = sent(json).change(event.change().unwrap()).unwrap().fields().unwrap();
    let Patch::Set(custom) = fields.custom else { panic!("no custom fields") };
    assert_eq!(custom.decode::<Value>().unwrap(), json!({"room": "B2", "order": 4, "location": "L"}));
    assert_eq!(
        (fields.location, fields.description),
        (Patch::Set("Berlin".into()), Patch::Set("New".into()))
    );
    let odd = sent(json!({"start": 0, "end": 1, "connectCustom": []}));
    assert_eq!(
        odd.new_event(("google", "w")).unwrap_err().to_string(),
        "connectCustom: is not a JSON object"
    );
}

#[test]
fn read_only_fields_are_not_sent_back() {
    for (provider, original, written) in [
        (
            "google",
            json!({"id": "e1", "kind": "calendar#event", "htmlLink": "https://g", "created": "1", "updated": "2", "iCalUID": "u",
                   "creator": {}, "organizer": {}, "eventType": "default", "colorId": "5", "summary": "S"}),
            json!({"colorId": "5"}),
        ),
        ("google", json!({"htmlLink": "https://g", "start": {"date": "2026-12-24"}}), json!(null)),
        (
            "microsoft",
            json!({"id": "e1", "changeKey": "k", "webLink": "https://o", "createdDateTime": "1", "lastModifiedDateTime": "2",
                   "importance": "high", "type": "singleInstance"}),
            json!({"importance": "high"}),
        ),
        ("microsoft", json!({"changeKey": "k", "hasAttachments": false}), json!(null)),
        // An object without fields that only the provider sets is sent unchanged.
        ("google", json!({"eventType": "focusTime"}), json!({"eventType": "focusTime"})),
    ] {
        let mut event = timed();
        event.provider = Some(provider.into());
        event.original = Some(original.to_string().parse().unwrap());
        let page = sent(serde_json::to_value(data([&event])).unwrap()[0].clone());
        let change = page.change(event.change().unwrap()).unwrap().fields().unwrap();
        let new = page.new_event((provider, "work")).unwrap().fields().unwrap();
        for fields in [change, new] {
            let own: Value =
                fields.provider_fields.first().map_or(json!(null), |(_, raw)| raw.decode().unwrap());
            assert_eq!(own, written, "{original}");
        }
    }
}
