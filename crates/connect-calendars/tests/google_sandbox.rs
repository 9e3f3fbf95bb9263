//! Tests of every Google Calendar call against the sandbox.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod google_common;

use std::collections::BTreeSet;

use connect_blocking::{Client, User};
use connect_calendars::{
    busy::Interval,
    google::{
        AccessRole, ApiKey, DeleteEvent, EventFeed, FreeBusy, GetEvent, InsertEvent, ListCalendars,
        ListColors, ListEvents, ListInstances, PatchEvent, SendUpdates, create, create_async, etag,
        recurrence,
    },
    sync::{EventCopy, round_async},
};
use connect_core::{
    AsyncCaller, Error, ErrorKind, Tokens,
    types::{
        AttendeeStatus, Availability, Event, EventStatus, EventTime, NewEvent, Privacy, Provider, Raw,
        Recurrence,
    },
};
use connect_sandbox::Fault;
use google_common::*;
use jiff::{SignedDuration, Timestamp, ZonedDateTime, civil::date};
use serde_json::{Value, json};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hour(calendar: &str) -> NewEvent {
    let start = at("2026-11-18T09:00:00Z");
    NewEvent::new((Provider::Google, calendar), "Meeting", start, start + SignedDuration::from_hours(1))
}

fn all(user: &User, list: ListEvents) -> Vec<Event> {
    user.pages(list).items().map(Result::unwrap).collect()
}

fn week() -> ListEvents {
    ListEvents::new("primary").between(at("2026-11-16T00:00:00Z"), at("2026-11-23T00:00:00Z"))
}

#[test]
fn calendar_has_the_title_chosen_by_the_user() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let list = |list: ListCalendars| -> Vec<_> {
        user.pages(list.page_size(2)).items().map(Result::unwrap).collect()
    };
    let calendars = list(ListCalendars::new());
    let mine = calendars.iter().find(|calendar| calendar.id == ADA).unwrap();
    assert_eq!((mine.title.as_str(), mine.color.as_deref()), ("Ada", Some("#ac725e")));
    assert_eq!(
        (mine.time_zone.as_deref(), mine.description.as_deref()),
        (Some("Europe/Budapest"), Some("About Ada"))
    );
    assert_eq!(mine.provider, Some(Provider::Google));
    assert!(mine.original.as_ref().unwrap().get().contains("accessRole"));
    assert_eq!(calendars.iter().find(|calendar| calendar.id == "written").unwrap().title, "Mine");
    assert!(calendars.iter().all(|calendar| calendar.id != "blocks"));
    assert_eq!(list(ListCalendars::new().show_hidden()).len(), calendars.len() + 1);
    let own: BTreeSet<_> =
        list(ListCalendars::new().min_access_role(AccessRole::Owner)).into_iter().map(|one| one.id).collect();
    assert!(own.contains(ADA) && !own.contains("written"));
}

#[test]
fn events_are_listed_over_empty_pages() {
    let server = sandbox(&[("google_empty_pages", "on")]);
    let user = ada(&server);
    let events = all(&user, week().occurrences().page_size(2));
    assert_eq!(events.len(), 7, "five stand-ups, the off-site and the review");
    assert!(events.windows(2).all(|two| two[0].start.as_ref().map(ToString::to_string)
        <= two[1].start.as_ref().map(ToString::to_string)));
    let standup = &events[0];
    assert_eq!(
        (standup.recurring_event_id.as_deref(), standup.location.as_deref()),
        (Some("standup"), Some("Room 5"))
    );
    assert_eq!(standup.start, Some(EventTime::Instant(at("2026-11-16T09:00:00Z"))));
    assert_eq!(standup.all_day, Some(false));
    let masters = all(&user, week());
    assert_eq!(
        masters.iter().map(|event| event.id.as_str()).collect::<BTreeSet<_>>(),
        ["offsite", "review", "standup"].into()
    );
    let standup = masters.iter().find(|event| event.id == "standup").unwrap();
    assert_eq!(recurrence(standup), Some(Recurrence::daily().count(5)));
    let instances: Vec<_> = user
        .pages(ListInstances::new("primary", "standup").page_size(2))
        .items()
        .map(Result::unwrap)
        .collect();
    assert_eq!(instances.len(), 5);
    let page = user.send(&week().time_zone("Asia/Tokyo")).unwrap();
    assert_eq!(page.time_zone.as_deref(), Some("Asia/Tokyo"));
    assert!(page.next_sync_token.is_some() && page.removed.is_empty());
}

#[test]
fn seeded_events_are_read_with_all_fields() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let review = user.send(&GetEvent::new("primary", "review")).unwrap();
    assert_eq!(
        (review.privacy.as_ref(), review.color.as_deref()),
        (Some(&Privacy::Private), Some("#d50000"))
    );
    assert_eq!(
        (review.availability.as_ref(), review.status.as_ref()),
        (Some(&Availability::Busy), Some(&EventStatus::Confirmed))
    );
    let guests: Vec<_> =
        review.attendees.iter().map(|one| (one.email.as_str(), one.status.clone())).collect();
    assert_eq!(
        guests,
        [
            ("grace@example.org", Some(AttendeeStatus::None)),
            ("alan@example.org", Some(AttendeeStatus::Accepted))
        ]
    );
    assert!(
        review.attendees.iter().all(|one| one.organizer.is_none()),
        "the organizer is not among the guests"
    );
    assert!(review.link.is_some() && review.last_modified.is_some() && review.extra.is_empty());
    let offsite = user.send(&GetEvent::new(ADA, "offsite")).unwrap();
    assert_eq!(offsite.calendar_id.as_deref(), Some(ADA));
    assert_eq!((offsite.all_day, offsite.availability.as_ref()), (Some(true), Some(&Availability::Free)));
    assert_eq!(
        (offsite.start, offsite.end),
        (Some(EventTime::Date(date(2026, 11, 19))), Some(EventTime::Date(date(2026, 11, 21))))
    );
    let mut colored = review.clone();
    let mut colors = user.send(&ListColors::new()).unwrap();
    assert_eq!((colors.events.len(), colors.calendars.len()), (11, 24));
    colors.events.insert("11".into(), "#123456".into());
    colors.apply(&mut colored);
    assert_eq!(colored.color.as_deref(), Some("#123456"));
}

#[test]
fn event_is_created_updated_and_deleted() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let custom: Raw = r#"{"n":18446744073709551617,"o":{"a":[1]},"s":"text"}"#.parse().unwrap();
    let new = hour("primary")
        .description("d")
        .location("l")
        .attendees(["grace@example.org", ADA])
        .custom(custom.clone())
        .privacy(Privacy::Public)
        .status(EventStatus::Tentative)
        .availability(Availability::Free)
        .auto_conference();
    let event = user.send(&InsertEvent::new(&new).color_id("3").send_updates(SendUpdates::Nobody)).unwrap();
    let read = user.send(&GetEvent::new("primary", &event.id)).unwrap();
    assert_eq!(event, read, "the response to the insert is the event");
    assert_eq!(
        (event.title.as_str(), event.description.as_deref(), event.location.as_deref()),
        ("Meeting", Some("d"), Some("l"))
    );
    assert_eq!(event.custom, Some(custom));
    assert_eq!(
        (event.privacy.as_ref(), event.status.as_ref()),
        (Some(&Privacy::Public), Some(&EventStatus::Tentative))
    );
    assert_eq!(
        (event.availability.as_ref(), event.color.as_deref()),
        (Some(&Availability::Free), Some("#8e24aa"))
    );
    assert_eq!(event.attendees[1].organizer, Some(true), "the organizer is among the guests");
    let conference = event.conference.as_ref().unwrap();
    assert!(conference.url().unwrap().starts_with("https://meet.google.com/"));
    assert_eq!(conference.provider.as_deref(), Some("googleMeet"));

    let update = event
        .change()
        .unwrap()
        .title("Later")
        .clear_description()
        .clear_custom()
        .conference("https://zoom.example/j/1")
        .attendees(["grace@example.org"])
        .dates(date(2026, 11, 18), date(2026, 11, 19));
    let changed = user.send(&PatchEvent::new(&update)).unwrap();
    assert_eq!(
        (changed.title.as_str(), changed.description.as_deref(), changed.location.as_deref()),
        ("Later", None, Some("l"))
    );
    assert_eq!((changed.custom.as_ref(), changed.attendees.len(), changed.all_day), (None, 1, Some(true)));
    assert_eq!(changed.conference.as_ref().unwrap().url(), Some("https://zoom.example/j/1"));
    let timed = changed
        .change()
        .unwrap()
        .time(at("2026-11-18T09:00:00Z"), at("2026-11-18T09:30:00Z"))
        .clear_conference();
    let changed = user.send(&PatchEvent::new(&timed)).unwrap();
    assert_eq!((changed.all_day, changed.conference.as_ref()), (Some(false), None));
    assert_eq!(changed.end, Some(EventTime::Instant(at("2026-11-18T09:30:00Z"))));

    user.send(&DeleteEvent::new(&changed.delete().unwrap())).unwrap();
    let error = user.send(&DeleteEvent::new(&changed.delete().unwrap())).unwrap_err();
    assert_eq!((error.server_code(), error.status().unwrap().as_u16()), (Some("deleted"), 410));
    let deleted = user.send(&week().show_deleted()).unwrap();
    assert!(deleted.removed.iter().any(|event| event.id == changed.id));
}

#[test]
fn custom_fields_change_without_touching_other_properties() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let raw = |text: &str| text.parse::<Raw>().unwrap();
    let others = raw(r#"{"extendedProperties":{"private":{"crm":"7"},"shared":{"s":"1"}}}"#);
    let insert = InsertEvent::new(&hour("primary")).fields(others);
    let event = user.send(&insert).unwrap();
    assert_eq!(event.custom.as_ref().unwrap().get(), r#"{"crm":"7"}"#);
    let private = |event: &Event| {
        let original: Value = event.original.as_ref().unwrap().decode().unwrap();
        assert_eq!(original["extendedProperties"]["shared"], json!({ "s": "1" }));
        original["extendedProperties"]["private"].clone()
    };
    let long = format!(r#"{{"a":"{}","b":2}}"#, "é".repeat(3000));
    for known in [false, true] {
        for text in [&long, r#"{"b":3}"#, "{}"] {
            let patch = PatchEvent::new(&event.change().unwrap().custom(raw(text)));
            let patch = if known { patch.knowing(&event) } else { patch };
            let changed = user.send(&patch).unwrap();
            assert_eq!(changed.custom.as_ref().unwrap().get(), text);
            assert_eq!(private(&changed)["crm"], "7");
        }
        let patch = PatchEvent::new(&event.change().unwrap().clear_custom());
        let patch = if known { patch.knowing(&event) } else { patch };
        let cleared = user.send(&patch).unwrap();
        assert_eq!(private(&cleared), json!({ "crm": "7" }));
        assert_eq!(cleared.custom.unwrap().get(), r#"{"crm":"7"}"#);
    }
}

#[test]
fn all_day_event_keeps_its_dates() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let day = NewEvent::all_day((Provider::Google, "primary"), "Day", date(2026, 11, 18), date(2026, 11, 19));
    let event = user.send(&InsertEvent::new(&day)).unwrap();
    assert_eq!(
        (event.start.clone(), event.end.clone()),
        (Some(EventTime::Date(date(2026, 11, 18))), Some(EventTime::Date(date(2026, 11, 19))))
    );
    let original: serde_json::Value = event.original.as_ref().unwrap().decode().unwrap();
    assert_eq!(
        (&original["start"], &original["end"]),
        (&json!({ "date": "2026-11-18" }), &json!({ "date": "2026-11-19" }))
    );
    let moved = user
        .send(&PatchEvent::new(&event.change().unwrap().dates(date(2026, 12, 31), date(2027, 1, 1))))
        .unwrap();
    assert_eq!(
        (moved.start, moved.end),
        (Some(EventTime::Date(date(2026, 12, 31))), Some(EventTime::Date(date(2027, 1, 1))))
    );
}

#[test]
fn occurrence_and_whole_series_change_separately() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let series = hour("primary").recurrence(Recurrence::daily().count(4));
    let series = user.send(&InsertEvent::new(&series).time_zone("Europe/Budapest")).unwrap();
    let instances = || -> Vec<Event> {
        user.pages(ListInstances::new("primary", &series.id)).items().map(Result::unwrap).collect()
    };
    let second = &instances()[1];
    user.send(&PatchEvent::new(&second.change().unwrap().title("Other"))).unwrap();
    user.send(&PatchEvent::new(&second.change().unwrap().location("Room 9").whole_series())).unwrap();
    user.send(&DeleteEvent::new(&instances()[3].delete().unwrap())).unwrap();
    let left = instances();
    assert_eq!(
        left.iter().map(|one| one.title.as_str()).collect::<Vec<_>>(),
        ["Meeting", "Other", "Meeting"]
    );
    assert!(left.iter().all(|one| one.location.as_deref() == Some("Room 9")));
    let masters = all(&user, ListEvents::new("primary"));
    let off: Vec<_> = masters.iter().filter(|one| one.status == Some(EventStatus::Cancelled)).collect();
    assert_eq!(off.len(), 1, "the cancelled occurrence is listed as cancelled");
    assert_eq!(off[0].recurring_event_id.as_deref(), Some(series.id.as_str()));
    user.send(&DeleteEvent::new(&left[0].delete().unwrap().whole_series())).unwrap();
    assert!(all(&user, ListEvents::new("primary")).iter().all(|one| one.id != series.id));
    let days =
        NewEvent::all_day((Provider::Google, "primary"), "Days", date(2026, 11, 18), date(2026, 11, 19))
            .recurrence(Recurrence::daily().until(at("2026-11-20T10:00:00Z")));
    let days = user.send(&InsertEvent::new(&days)).unwrap();
    let days: Vec<_> =
        user.pages(ListInstances::new("primary", &days.id)).items().map(Result::unwrap).collect();
    assert_eq!(days.len(), 3, "the series includes the last day");
}

#[test]
fn series_until_a_date_has_an_occurrence_on_that_day() {
    let server = sandbox(&[]);
    let user = ada(&server);
    // At 20:00 in Los Angeles, it is the next day in UTC.
    let start: ZonedDateTime = "2026-12-28T20:00[America/Los_Angeles]".parse().unwrap();
    let end = start.clone() + SignedDuration::from_mins(30);
    let rule = |until: &str| format!("FREQ=DAILY;UNTIL={until}").parse::<Recurrence>().unwrap();
    let new = NewEvent::new((Provider::Google, "primary"), "Choir", start.clone(), end)
        .recurrence(rule("20261231"));
    let series = user.send(&InsertEvent::new(&new)).unwrap();
    let starts = || -> Vec<String> {
        let instances = user.pages(ListInstances::new("primary", &series.id)).items().map(Result::unwrap);
        let local = |event: Event| start.time_zone().to_datetime(event.start.unwrap().instant().unwrap());
        instances.map(|event| local(event).to_string()).collect()
    };
    let expected = |days: [u8; 4]| days.map(|day| format!("2026-12-{day}T20:00:00"));
    assert_eq!(starts(), expected([28, 29, 30, 31]));
    let change = series.change_series().unwrap().recurrence(rule("20261230"));
    user.send(&PatchEvent::new(&change).time_zone("America/Los_Angeles")).unwrap();
    assert_eq!(starts(), expected([28, 29, 30, 31])[..3]);
}

#[test]
fn insert_with_the_same_key_creates_one_event() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let insert = InsertEvent::once(&hour("primary"), "order-4711");
    let first = create(&user, &insert).unwrap();
    let changed = user.send(&PatchEvent::new(&first.change().unwrap().title("Changed"))).unwrap();
    let again = create(&user, &insert).unwrap();
    assert_eq!(again, changed, "the existing event is returned with its changes");
    let error = user.send(&insert).unwrap_err();
    assert_eq!(
        (error.kind().to_string(), error.server_code()),
        (ErrorKind::Conflict.to_string(), Some("duplicate"))
    );
    assert_eq!(user.send(&insert.existing().unwrap()).unwrap(), changed);
    // The response to the first attempt is lost after the event was created.
    let lost = InsertEvent::once(&hour("primary"), "order-4712");
    server.with(|sandbox| {
        sandbox.add_fault(Fault::on("POST /google/calendar/v3/calendars/{calendarId}/events").cut_after())
    });
    let event = create(&user, &lost).unwrap();
    assert_eq!(server.stats().faults.fired, 1);
    assert_eq!(all(&user, week()).iter().filter(|one| one.id == event.id).count(), 1);
    user.send(&DeleteEvent::new(&event.delete().unwrap())).unwrap();
    let error = create(&user, &lost).unwrap_err();
    assert!(error.message().unwrap().contains("deleted"), "{error}");
}

#[test]
fn update_of_a_changed_event_is_a_conflict() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let event = user.send(&GetEvent::new("primary", "review")).unwrap();
    let tag = etag(&event).unwrap();
    let update = event.change().unwrap().title("Mine");
    user.send(&PatchEvent::new(&update).if_match(&tag)).unwrap();
    let error = user.send(&PatchEvent::new(&update).if_match(&tag)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Conflict), "{error}");
    assert_eq!(error.server_code(), Some("conditionNotMet"));
    let error = user.send(&DeleteEvent::new(&event.delete().unwrap()).if_match(&tag)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Conflict), "{error}");
}

#[test]
fn free_busy_returns_busy_times() {
    let server = sandbox(&[]);
    let user = ada(&server);
    let (start, end) = (at("2026-11-17T00:00:00Z"), at("2026-11-18T00:00:00Z"));
    let response =
        user.send(&FreeBusy::new(start, end).calendars(["primary", "nobody@example.com"])).unwrap();
    let busy = response.calendars["primary"].intervals().unwrap();
    let interval = |start: &str, end: &str| Interval { start: at(start), end: at(end) };
    assert_eq!(
        busy,
        [
            interval("2026-11-17T09:00:00Z", "2026-11-17T09:15:00Z"),
            interval("2026-11-17T13:00:00Z", "2026-11-17T14:00:00Z")
        ]
    );
    let error = response.calendars["nobody@example.com"].intervals().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound), "{error}");
}

#[test]
fn api_key_reads_only_public_calendars() {
    let server = sandbox(&[("google_empty_pages", "on")]);
    let client = anonymous(&server);
    let key = ApiKey::new("sandbox-key").unwrap();
    let holidays = ListEvents::new(HOLIDAYS).occurrences().page_size(5);
    for key in [key.clone(), key.clone().in_query()] {
        let events: Vec<_> = client.pages(key.over(&holidays)).items().map(Result::unwrap).collect();
        assert!(events.len() > 20 && events.iter().any(|event| event.title == "Juneteenth"));
        let one = client.send(&key.over(&GetEvent::new(HOLIDAYS, &events[0].id))).unwrap();
        assert_eq!(one, events[0]);
        let open = client.send(&key.over(&ListEvents::new("open@group.calendar.google.com"))).unwrap();
        assert_eq!(open.events.len(), 1);
        let private = client.send(&key.over(&ListEvents::new(ADA))).unwrap_err();
        assert!(matches!(private.kind(), ErrorKind::NotFound), "{private}");
        let own = client.send(&key.over(&ListCalendars::new())).unwrap_err();
        assert!(matches!(own.kind(), ErrorKind::Authentication), "{own}");
    }
    for wrong in [ApiKey::new("AIza-wrong").unwrap(), ApiKey::new("AIza-wrong").unwrap().in_query()] {
        let error = client.send(&wrong.over(&holidays)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error}");
        assert_eq!(error.server_code(), Some("API_KEY_INVALID"));
        assert!(!format!("{error} {error:?}").contains("AIza"), "{error:?}");
    }
}

#[test]
fn default_scopes_permit_writing_own_calendars_only() {
    let server = sandbox(&[]);
    let user = signed_in(
        &server,
        ADA,
        &["calendar.events.public.readonly", "calendar.readonly", "calendar.events.owned"],
    );
    user.send(&InsertEvent::new(&hour("primary"))).unwrap();
    let error = user.send(&InsertEvent::new(&hour("written"))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Permission { .. }), "{error}");
    assert_eq!(error.server_code(), Some("insufficientPermissions"));
    let error = ada(&server).send(&InsertEvent::new(&hour("read"))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Permission { .. }), "{error}");
}

#[test]
fn rate_limits_are_retried_and_a_disabled_api_is_not() {
    for (limit, outlives) in [
        ("userRateLimitExceeded", true),
        ("rateLimitExceeded", true),
        ("quotaExceeded", true),
        ("429", true),
        ("backendError", true),
        ("accessNotConfigured", false),
    ] {
        let server = sandbox(&[("google_limit", limit), ("google_limit_every", "2")]);
        let user = ada(&server);
        let outcomes: Vec<Result<_, Error>> =
            (0..4).map(|_| user.send(&GetEvent::new("primary", "review"))).collect();
        assert_eq!(outcomes.iter().all(Result::is_ok), outlives, "{limit}");
        if let Some(Err(error)) = outcomes.iter().find(|outcome| outcome.is_err()) {
            assert!(matches!(error.kind(), ErrorKind::Configuration), "{error}");
            assert!(error.to_string().contains("accessNotConfigured"), "{error}");
        }
    }
}

#[test]
fn expired_sync_token_is_a_410_full_sync_required() {
    let server = sandbox(&[("google_sync_ttl", "0")]);
    let user = ada(&server);
    let token = user.send(&ListEvents::new("primary")).unwrap().next_sync_token.unwrap();
    let error = user.send(&ListEvents::new("primary").sync_token(token)).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.server_code()), (410, Some("fullSyncRequired")));
}

#[tokio::test(flavor = "multi_thread")]
async fn async_client_creates_once_and_follows_changes() {
    let server = sandbox(&[("google_empty_pages", "on")]);
    let blocking = tokio::task::block_in_place(|| ada(&server));
    let tokens: Tokens = connect_core::Caller::tokens(&blocking, std::time::Duration::MAX).unwrap();
    let client = connect_hyper::Client::builder("id", "secret")
        .profile(connect_calendars::google::profile())
        .base_url(base_url(&server))
        .build()
        .unwrap();
    let user = client.user("ada");
    user.import(tokens).await.unwrap();
    let insert = InsertEvent::once(&hour("primary"), "k");
    let first = create_async(&user, &insert).await.unwrap();
    assert_eq!(create_async(&user, &insert).await.unwrap(), first);
    let (mut feed, mut copy) = (EventFeed::new("primary").page_size(1), EventCopy::new());
    copy.apply(round_async(&user, &mut feed).await.unwrap());
    assert_eq!(copy.len(), 4);
    user.call(&DeleteEvent::new(&first.delete().unwrap())).await.unwrap();
    let changes = round_async(&user, &mut feed).await.unwrap();
    assert_eq!((changes.full, changes.removed.len()), (false, 1));
}

#[test]
fn client_without_a_base_url_is_a_configuration_error() {
    let client =
        Client::builder("id", "secret").profile(connect_calendars::google::profile()).build().unwrap();
    let error = client.user("ada").send(&ListCalendars::new()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration), "{error}");
}
