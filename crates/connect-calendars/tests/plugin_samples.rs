//! Tests with the samples in the documentation of the plugin. Each test checks that the fields of a sample
//! are sent to the provider and read back, or that the request is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use connect_calendars::{
    EventSeries,
    backend::{Backend, CalendarBackend, Connect, Google, Outlook},
    eventcalendar::{PageEvent, data},
    plugin::CalendarSync,
};
use connect_core::types::{CalendarRef, Event, NewEvent, UpdateEvent};
use connect_sandbox::ClientType;
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn sent(value: Value) -> PageEvent {
    serde_json::from_value(value).unwrap()
}

/// Signs a user in, and returns the first calendar of the user.
fn at<B: CalendarBackend>(backend: B) -> (CalendarSync<B>, CalendarRef) {
    let sync = CalendarSync::init(backend, ());
    sync.sign_in(|url| Ok(consent(url))).unwrap();
    let calendar = CalendarRef::from(&sync.get_calendars().unwrap()[0]);
    (sync, calendar)
}

fn google() -> (SignInSetup, CalendarSync<Backend<Google, connect_blocking::User>>, CalendarRef) {
    let world = SignInSetup::new(Whose::Google, ClientType::Confidential);
    let user = client_of!(connect_blocking::Client, &world).user("ada");
    let (sync, calendar) = at(Backend::new(Google::new(), user));
    (world, sync, calendar)
}

fn outlook() -> (SignInSetup, CalendarSync<Backend<Outlook, connect_blocking::User>>, CalendarRef) {
    let world = SignInSetup::new(Whose::Microsoft, ClientType::Confidential);
    let user = client_of!(connect_blocking::Client, &world).user("ada");
    let (sync, calendar) = at(Backend::new(Outlook::new(), user));
    (world, sync, calendar)
}

fn shown(event: &Event) -> Value {
    serde_json::to_value(data([event])).unwrap()[0].clone()
}

#[test]
fn google_create_sample_reaches_google() {
    let (_world, sync, calendar) = google();
    // `new Date(2022, 1, 15, 12)` in Budapest, written as JSON.
    let page = sent(json!({
        "start": "2022-02-15T11:00:00.000Z", "end": "2022-02-16T13:00:00.000Z", "title": "My new event", "room": "A1",
        "recipients": ["Jack", "Sam"], "tooltip": "a tooltip", "color": "#ff0000",
        "googleEvent": { "description": "My new event description" },
    }));
    let event = sync.add_event(&page.new_event(&calendar).unwrap()).unwrap();
    assert_eq!(
        (&*event.title, event.description.as_deref()),
        ("My new event", Some("My new event description"))
    );
    let custom: Value = event.custom.as_ref().unwrap().decode().unwrap();
    assert_eq!(custom, json!({ "room": "A1", "recipients": ["Jack", "Sam"] }));
    let shown = shown(&event);
    assert_eq!((&shown["room"], &shown["googleCalendarId"]), (&json!("A1"), &json!(calendar.id)));
    assert_eq!(shown["googleEvent"]["description"], "My new event description");
}

#[test]
fn google_update_sample_reaches_google() {
    let (_world, sync, calendar) = google();
    let new =
        sent(json!({ "start": "2022-02-11T10:00:00Z", "end": "2022-02-11T15:00:00Z", "title": "My event" }));
    let event = sync.add_event(&new.new_event(&calendar).unwrap()).unwrap();
    // The event of the sample ends before it starts. The update is refused without a request.
    let sample = |end: &str| {
        sent(json!({
            "start": "2022-02-20T10:00:00Z", "end": end, "title": "My updated event", "id": event.id,
            "googleEvent": { "description": "My updated event description", "transparency": "transparent" },
        }))
    };
    assert!(sample("2022-02-11T15:00:00Z").change(event.change().unwrap()).is_err());
    let change = sample("2022-02-20T15:00:00Z").change(event.change().unwrap()).unwrap();
    let updated = sync.update_event(&change).unwrap();
    assert_eq!(updated.description.as_deref(), Some("My updated event description"));
    assert_eq!((&*updated.title, updated.availability), ("My updated event", Some("free".into())));
}

#[test]
fn event_that_was_read_is_updated_with_its_changes() {
    let (_world, sync, calendar) = google();
    let new = sent(
        json!({ "start": "2022-02-11T10:00:00Z", "end": "2022-02-11T15:00:00Z", "title": "Old", "room": "A1",
        "googleEvent": { "description": "kept", "colorId": "5" } }),
    );
    let event = sync.add_event(&new.new_event(&calendar).unwrap()).unwrap();
    let mut page = shown(&event);
    (page["title"], page["start"], page["room"]) = (json!("New"), json!("2022-02-11T11:00:00Z"), json!("B2"));
    page["googleEvent"]["location"] = json!("Budapest");
    let changed = sync.update_event(&sent(page).change(event.change().unwrap()).unwrap()).unwrap();
    assert_eq!((&*changed.title, changed.description.as_deref()), ("New", Some("kept")));
    assert_eq!(changed.start.as_ref().unwrap().to_string(), "2022-02-11T11:00:00.000Z");
    assert_eq!(changed.location.as_deref(), Some("Budapest"));
    assert_eq!((&shown(&changed)["room"], &changed.color), (&json!("B2"), &event.color));

    let (_world, sync, calendar) = outlook();
    let new = sent(
        json!({ "start": "2022-02-11T10:00:00Z", "end": "2022-02-11T15:00:00Z", "title": "Old", "room": "A1",
        "outlookEvent": { "body": { "contentType": "text", "content": "kept" }, "importance": "high" } }),
    );
    let event = sync.add_event(&new.new_event(&calendar).unwrap()).unwrap();
    let mut page = shown(&event);
    (page["title"], page["start"], page["room"]) = (json!("New"), json!("2022-02-11T11:00:00Z"), json!("B2"));
    page["outlookEvent"]["importance"] = json!("low");
    let changed = sync.update_event(&sent(page).change(event.change().unwrap()).unwrap()).unwrap();
    assert_eq!((&*changed.title, changed.description.as_deref()), ("New", Some("kept")));
    let shown = shown(&changed);
    assert_eq!((&shown["room"], &shown["outlookEvent"]["importance"]), (&json!("B2"), &json!("low")));
}

#[test]
fn outlook_samples_reach_outlook() {
    let (_world, sync, calendar) = outlook();
    for (reminder, properties) in [(true, json!({})), (false, json!({ "room": "A1", "seats": 12 }))] {
        let mut page = json!({
            "start": "2022-02-15T11:00:00.000Z", "end": "2022-02-16T13:00:00.000Z", "title": "My new event",
            "outlookEvent": { "isReminderOn": reminder, "reminderMinutesBeforeStart": 30 },
        });
        page.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        let event = sync.add_event(&sent(page).new_event(&calendar).unwrap()).unwrap();
        let shown = shown(&event);
        assert_eq!(shown["outlookEvent"]["isReminderOn"], reminder);
        assert_eq!(shown["outlookCalendarId"], json!(calendar.id));
        assert_eq!(shown.get("room"), properties.get("room"));
        let page = sent(
            json!({ "id": event.id, "title": "My updated event", "outlookEvent": { "isReminderOn": !reminder } }),
        );
        let changed = sync.update_event(&page.change(event.change().unwrap()).unwrap()).unwrap();
        assert_eq!(changed.original.unwrap().field::<bool>("isReminderOn"), Some(!reminder));
    }
}

#[test]
fn google_series_sample_repeats() {
    let (_world, sync, calendar) = google();
    for (recurrence, days) in [
        (json!(["RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=4"]), 4),
        (json!(["RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=4", "EXDATE;TZID=Europe/Budapest:20270211T100000"]), 3),
    ] {
        let page = sent(json!({
            "start": "2027-02-04T10:00", "end": "2027-02-04T11:00", "title": format!("Thursdays {days}"),
            "timezone": "Europe/Budapest", "googleEvent": { "recurrence": recurrence },
        }));
        let series = sync.add_event(&page.new_event(&calendar).unwrap()).unwrap();
        assert_eq!(series.recurrence().unwrap().time_zone.as_deref(), Some("Europe/Budapest"));
        let (start, end) = ("2027-02-01T00:00:00Z".parse().unwrap(), "2027-04-01T00:00:00Z".parse().unwrap());
        let events = sync.get_events(&calendar, start, end).unwrap().events;
        let found: Vec<_> = events.iter().filter(|event| event.title.ends_with(&days.to_string())).collect();
        assert_eq!(found.len(), days, "{recurrence}");
        assert!(
            found.iter().all(|event| shown(event)["googleEvent"]["recurringEventId"] == json!(series.id))
        );
    }
}

#[test]
fn rule_of_a_page_counts_in_the_event_zone() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    for whose in [Whose::Google, Whose::Microsoft] {
        // The series is daily at 23:30 until April 2. The clocks change on March 28.
        let page = sent(json!({
            "start": "2027-03-26T23:30", "end": "2027-03-26T23:45", "title": "Late", "recurring": "FREQ=DAILY;UNTIL=2027-04-02",
        }));
        let page = if whose == Whose::Google {
            page.in_zone(berlin.clone())
        } else {
            sent(
                json!({ "timezone": "Europe/Berlin", "start": "2027-03-26T23:30", "end": "2027-03-26T23:45", "title": "Late",
                "recurring": "FREQ=DAILY;UNTIL=20270402" }),
            )
        };
        let (start, end) = ("2027-03-25T00:00:00Z".parse().unwrap(), "2027-05-01T00:00:00Z".parse().unwrap());
        let events = if whose == Whose::Google {
            let (_world, sync, calendar) = google();
            sync.add_event(&page.new_event(&calendar).unwrap()).unwrap();
            sync.get_events(&calendar, start, end).unwrap().events
        } else {
            let (_world, sync, calendar) = outlook();
            sync.add_event(&page.new_event(&calendar).unwrap()).unwrap();
            sync.get_events(&calendar, start, end).unwrap().events
        };
        let late: Vec<_> = events.iter().filter(|event| event.title == "Late").collect();
        assert_eq!(late.len(), 8, "{whose:?}: the last day is April 2");
        for event in late {
            let local = berlin.to_datetime(event.start.as_ref().unwrap().instant().unwrap());
            assert_eq!((local.hour(), local.minute()), (23, 30), "{whose:?}: {local}");
        }
    }
}

#[test]
fn connect_refuses_fields_of_a_provider() {
    let world = SignInSetup::new(Whose::Connect, ClientType::Confidential);
    let user = client_of!(connect_blocking::Client, &world).user("ada");
    let (sync, calendar) = at(Backend::new(Connect::new(), user));
    let name = if calendar.provider.as_str() == "google" { "googleEvent" } else { "outlookEvent" };
    let page = |fields: Value| {
        let mut page = json!({ "start": "2027-02-15T11:00:00Z", "end": "2027-02-15T12:00:00Z", "title": "T", "room": "A1" });
        page[name] = fields;
        sent(page)
    };
    let refused = |new: NewEvent| sync.add_event(&new).unwrap_err().message().unwrap().to_owned();
    let message = refused(page(json!({ "description": "D" })).new_event(&calendar).unwrap());
    assert!(message.starts_with("providerFields: "), "{message}");
    let event = sync.add_event(&page(json!(null)).new_event(&calendar).unwrap()).unwrap();
    assert_eq!(event.custom.as_ref().unwrap().get(), r#"{"room":"A1"}"#);
    // With a change, a page may also send the original object of the event.
    let read = json!({ "etag": "\"1\"", "@odata.etag": "W/1", "description": "D", "importance": "high" });
    let change: UpdateEvent = page(read).change(event.change().unwrap()).unwrap();
    assert_eq!(sync.update_event(&change.title("New")).unwrap().title, "New");
}
