//! Tests of the Microsoft Graph feed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

#[path = "support/graph.rs"]
mod graph;

use std::sync::{Arc, Mutex};

use connect_blocking::{ErrorKind, User};
use connect_calendars::{
    EventSeries,
    outlook::EventFeed,
    sync::{ChangeFeed, Changes, Cursor, EventCopy, EventId, round},
};
use connect_core::types::{EventStatus, EventTime, Provider};
use graph::{Sent, Wire, response};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn feed() -> EventFeed {
    EventFeed::new(at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"))
}

/// A user whose requests get these responses in order, and a recorder of the requests.
fn scripted(responses: &[(u16, String)]) -> (User, Wire) {
    let responses = responses.to_vec();
    let responses = Arc::new(Mutex::new(responses.into_iter()));
    let wire = Wire::default();
    let user = wire.user(move |_| {
        let (status, text) = responses.lock().unwrap().next().unwrap_or((418, "one request too many".into()));
        Ok(response(status, &text))
    });
    (user, wire)
}

const LINKS: &str = "https://graph.microsoft.com/v1.0/me/calendarView/delta?";

fn page(items: &[String], next: &str) -> (u16, String) {
    let kind = if next.starts_with("$delta") { "deltaLink" } else { "nextLink" };
    (200, format!(r#"{{"value":[{}],"@odata.{kind}":"{LINKS}{next}"}}"#, items.join(",")))
}

fn single(id: &str, title: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"singleInstance","subject":"{title}","isAllDay":false,"showAs":"busy",
            "start":{{"dateTime":"2026-01-05T09:00:00.0000000","timeZone":"UTC"}}}}"#
    )
}

fn removed(id: &str) -> String {
    format!(r#"{{"id":"{id}","@removed":{{"reason":"deleted"}}}}"#)
}

fn master(title: &str) -> String {
    format!(
        r#"{{"id":"series","type":"seriesMaster","subject":"{title}","isAllDay":false,"showAs":"free","isCancelled":false,
            "location":{{"displayName":"Room 5"}},"recurrence":{{"pattern":{{"type":"daily"}},"range":{{"type":"noEnd","startDate":"2026-01-01"}}}},
            "start":{{"dateTime":"2026-01-01T09:00:00","timeZone":"UTC"}}}}"#
    )
}

fn bare(day: u8) -> String {
    format!(
        r##"{{"@odata.type":"#microsoft.graph.event","id":"o{day}","type":"occurrence","seriesMasterId":"series",
            "start":{{"dateTime":"2026-01-{day:02}T09:00:00.0000000","timeZone":"UTC"}},
            "end":{{"dateTime":"2026-01-{day:02}T10:00:00.0000000","timeZone":"UTC"}}}}"##
    )
}

fn instance(day: u8, title: &str) -> String {
    format!(
        r#"{{"id":"o{day}","type":"occurrence","seriesMasterId":"series","subject":"{title}","isAllDay":false,
            "start":{{"dateTime":"2026-01-{day:02}T09:00:00.0000000","timeZone":"UTC"}}}}"#
    )
}

fn titles(copy: &EventCopy) -> Vec<(String, String)> {
    copy.iter().map(|event| (event.id.clone(), event.title.clone())).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(id, title)| ((*id).to_owned(), (*title).to_owned())).collect()
}

fn requested(wire: &Wire) -> Vec<String> {
    let what = |sent: &Sent| {
        let token =
            sent.query.iter().find(|(name, _)| name.starts_with("$delta") || name.starts_with("$skip"));
        let tail = sent.path.rsplit('/').next().unwrap_or_default().to_owned();
        token.map_or(tail, |(name, value)| format!("{name}={value}"))
    };
    wire.sent().iter().map(what).collect()
}

/// The pages of a full round: a single event, and a series of two occurrences.
fn first() -> [(u16, String); 2] {
    [
        page(&[single("e1", "One"), bare(7)], "$skiptoken=1"),
        page(&[bare(8), master("Daily")], "$deltatoken=1"),
    ]
}

#[test]
fn full_round_is_followed_by_changes() {
    let (user, wire) = scripted(&[
        first()[0].clone(),
        first()[1].clone(),
        page(&[], "$skiptoken=2"),
        page(&[single("e1", "Uno"), single("e2", "Two"), removed("e3")], "$deltatoken=2"),
        page(&[removed("e1"), removed("series")], "$deltatoken=3"),
    ]);
    let mut feed = feed().time_zone("Asia/Tokyo").immutable_ids().page_size(50);
    assert!(feed.cursor().is_none() && feed.request().is_none());
    let mut copy = EventCopy::new();
    let changes = round(&user, &mut feed).unwrap();
    assert!(changes.full && changes.removed.is_empty());
    copy.apply(changes);
    assert_eq!(titles(&copy), pairs(&[("e1", "One"), ("o7", "Daily"), ("o8", "Daily")]));

    let changes = round(&user, &mut feed).unwrap();
    assert!(!changes.full);
    copy.apply(changes);
    assert_eq!(titles(&copy), pairs(&[("e1", "Uno"), ("e2", "Two"), ("o7", "Daily"), ("o8", "Daily")]));
    copy.apply(round(&user, &mut feed).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e2", "Two")]));

    assert_eq!(requested(&wire), ["delta", "$skiptoken=1", "$deltatoken=1", "$skiptoken=2", "$deltatoken=2"]);
    let sent = wire.sent();
    for request in &sent {
        let prefer = r#"outlook.timezone="Asia/Tokyo", IdType="ImmutableId", odata.maxpagesize=50"#;
        assert_eq!(request.prefer.as_deref(), Some(prefer), "{}", request.url);
    }
    assert_eq!(sent[0].path, "/v1.0/me/calendarView/delta");
    assert_eq!(sent[0].parameter("startDateTime"), Some("2026-01-01T00:00:00.000Z"));
    assert!(sent[0].parameter("$expand").is_none() && sent[0].parameter("$top").is_none());
}

#[test]
fn occurrence_inherits_the_fields_of_its_series() {
    let (user, _) = scripted(&first());
    let changes = round(&user, &mut feed().calendar("work")).unwrap();
    let event = changes.events.iter().find(|event| event.id == "o7").unwrap();
    assert_eq!((event.title.as_str(), event.location.as_deref()), ("Daily", Some("Room 5")));
    assert_eq!(event.start, Some(EventTime::Instant(at("2026-01-07T09:00:00Z"))));
    assert_eq!(
        (event.recurring_event_id.as_deref(), event.calendar_id.as_deref()),
        (Some("series"), Some("work"))
    );
    assert_eq!(event.status, Some(EventStatus::Confirmed));
    assert_eq!(event.recurrence(), None, "an occurrence has no recurrence");
    assert!(event.original.as_ref().unwrap().field::<String>("subject").is_none());
    assert!(
        changes.events.iter().all(|event| event.id != "series"),
        "the series itself is not in the changes"
    );
}

#[test]
fn occurrence_of_a_declined_series_is_not_busy() {
    let series = |more: &str| {
        let master = format!(
            r#"{{"id":"series","type":"seriesMaster","subject":"A","isAllDay":false,"showAs":"busy"{more}}}"#
        );
        let one = |day: &str, more: &str| {
            format!(
                r#"{{"id":"o{day}","type":"occurrence","seriesMasterId":"series"{more},
                "start":{{"dateTime":"2026-01-{day}T09:00:00","timeZone":"UTC"}},
                "end":{{"dateTime":"2026-01-{day}T10:00:00","timeZone":"UTC"}}}}"#
            )
        };
        let own = r#","responseStatus":{"response":"accepted"}"#;
        let (user, _) = scripted(&[page(&[one("07", ""), one("08", own), master], "$deltatoken=1")]);
        let events = round(&user, &mut feed()).unwrap().events;
        connect_calendars::busy::of_events(&events, &jiff::tz::TimeZone::UTC).len()
    };
    assert_eq!(
        series(r#","responseStatus":{"response":"declined"}"#),
        1,
        "the other occurrence was accepted separately"
    );
    assert_eq!(series(r#","responseStatus":{"response":"accepted"}"#), 2);
    assert_eq!(series(r#","responseStatus":{"response":"notResponded"}"#), 2);
    assert_eq!(series(r#","responseStatus":5"#), 2);
    assert_eq!(series(""), 2);
}

#[test]
fn exception_keeps_its_own_fields() {
    let exception = r#"{"id":"x","type":"exception","seriesMasterId":"series","subject":"Other","isAllDay":false,"location":null}"#;
    let (user, _) = scripted(&[page(&[exception.to_owned(), master("Daily")], "$deltatoken=1")]);
    let changes = round(&user, &mut feed()).unwrap();
    assert_eq!((changes.events[0].title.as_str(), changes.events[0].location.as_deref()), ("Other", None));
}

#[test]
fn occurrence_of_an_all_day_series_has_dates() {
    let master = r#"{"id":"series","type":"seriesMaster","subject":"A","isAllDay":true}"#;
    let day = r#"{"id":"o","type":"occurrence","seriesMasterId":"series","start":{"dateTime":"2026-01-07T00:00:00.0000000","timeZone":"UTC"}}"#;
    let (user, _) = scripted(&[page(&[day.to_owned(), master.to_owned()], "$deltatoken=1")]);
    let changes = round(&user, &mut feed()).unwrap();
    assert_eq!(changes.events[0].start, Some(EventTime::Date(jiff::civil::date(2026, 1, 7))));
}

/// Graph does not report the removal of the occurrence of the 7th. The feed must read the series again.
#[test]
fn changed_series_is_read_again() {
    let instances =
        |items: &[String], next: &str| (200, format!(r#"{{"value":[{}]{next}}}"#, items.join(",")));
    let next = format!(
        r#","@odata.nextLink":"{}""#,
        "https://graph.microsoft.com/v1.0/me/events/series/instances?$skip=1"
    );
    let (user, wire) = scripted(&[
        first()[0].clone(),
        first()[1].clone(),
        page(&[master("Weekly"), bare(8)], "$deltatoken=2"),
        instances(&[instance(8, "Weekly")], &next),
        instances(&[instance(15, "Weekly")], ""),
    ]);
    let (mut feed, mut copy) = (feed(), EventCopy::new());
    copy.apply(round(&user, &mut feed).unwrap());
    let changes = round(&user, &mut feed).unwrap();
    assert_eq!(changes.removed, [EventId::new((Provider::Microsoft, "primary"), "series")]);
    copy.apply(changes);
    assert_eq!(titles(&copy), pairs(&[("e1", "One"), ("o15", "Weekly"), ("o8", "Weekly")]));
    let sent = wire.sent();
    assert_eq!(sent[3].path, "/v1.0/me/events/series/instances");
    assert_eq!(sent[3].parameter("endDateTime"), Some("2026-02-01T00:00:00.000Z"));
    assert!(sent[4].url.ends_with("instances?$skip=1"));
}

#[test]
fn occurrence_without_its_series_reads_the_occurrences() {
    let (user, wire) = scripted(&[
        page(&[bare(7)], "$deltatoken=1"),
        (200, format!(r#"{{"value":[{},{}]}}"#, instance(7, "Daily"), instance(8, "Daily"))),
    ]);
    let changes = round(&user, &mut feed()).unwrap();
    assert_eq!((changes.events.len(), changes.full), (2, true));
    assert_eq!(changes.events[0].title, "Daily");
    assert_eq!(requested(&wire), ["delta", "instances"]);
}

#[test]
fn series_not_found_uses_only_received_events() {
    let gone = (404, r#"{"error":{"code":"ErrorItemNotFound"}}"#.to_owned());
    let (user, _) = scripted(&[
        first()[0].clone(),
        first()[1].clone(),
        page(&[master("Weekly"), bare(8)], "$deltatoken=2"),
        gone.clone(),
        page(&[bare(9)], "$deltatoken=3"),
        gone,
    ]);
    let (mut feed, mut copy) = (feed(), EventCopy::new());
    copy.apply(round(&user, &mut feed).unwrap());
    copy.apply(round(&user, &mut feed).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e1", "One"), ("o8", "Weekly")]));
    copy.apply(round(&user, &mut feed).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e1", "One")]));
}

fn gone() -> (u16, String) {
    (410, r#"{"error":{"code":"resyncRequired","message":"Sync state is gone."}}"#.to_owned())
}

#[test]
fn expired_delta_link_restarts_the_round() {
    for forgot in [gone(), (410, "<html>".into()), (400, r#"{"error":{"code":"syncStateNotFound"}}"#.into())]
    {
        let (user, wire) = scripted(&[
            first()[0].clone(),
            first()[1].clone(),
            forgot,
            page(&[single("e9", "Nine")], "$deltatoken=9"),
        ]);
        let (mut feed, mut copy) = (feed(), EventCopy::new());
        copy.apply(round(&user, &mut feed).unwrap());
        let changes = round(&user, &mut feed).unwrap();
        assert!(changes.full);
        copy.apply(changes);
        assert_eq!(titles(&copy), pairs(&[("e9", "Nine")]));
        assert_eq!(requested(&wire), ["delta", "$skiptoken=1", "$deltatoken=1", "delta"]);
    }
}

#[test]
fn link_expired_twice_is_not_sent_in_the_next_round() {
    let gone = || (410, r#"{"error":{"code":"SyncStateNotFound"}}"#.to_owned());
    let (user, wire) = scripted(&[
        first()[0].clone(),
        gone(),
        first()[0].clone(),
        gone(),
        page(&[single("e9", "Nine")], "$deltatoken=9"),
    ]);
    let mut feed = feed();
    let error = round(&user, &mut feed).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(410));
    assert_eq!(feed.cursor(), None);
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(requested(&wire), ["delta", "$skiptoken=1", "delta", "$skiptoken=1", "delta"]);
}

fn refused() -> (u16, String) {
    (400, r#"{"error":{"code":"ErrorInvalidUrlQuery","message":"The token is not valid."}}"#.to_owned())
}

#[test]
fn refused_link_is_not_sent_again() {
    // The delta link of the last round is refused.
    let (user, wire) = scripted(&[refused(), page(&[single("e9", "Nine")], "$deltatoken=9")]);
    let mut feed = self::feed().resume(&cursor()).unwrap();
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(requested(&wire), ["$deltatoken=1", "delta"]);
    // After a next link was refused twice, the next round reads all events.
    let end = page(&[single("e9", "Nine")], "$deltatoken=9");
    let (user, wire) = scripted(&[first()[0].clone(), refused(), first()[0].clone(), refused(), end.clone()]);
    let mut feed = self::feed().resume(&cursor()).unwrap();
    let error = round(&user, &mut feed).unwrap_err();
    assert_eq!((error.server_code(), feed.cursor()), (Some("ErrorInvalidUrlQuery"), None));
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(
        requested(&wire),
        ["$deltatoken=1", "$skiptoken=1", "delta", "$skiptoken=1", "delta"],
        "each link is sent once"
    );
    // The next link in the list of a series' occurrences is refused.
    let next = r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/me/events/series/instances?$skip=1""#;
    let part = (200, format!(r#"{{"value":[]{next}}}"#));
    let (user, wire) = scripted(&[page(&[bare(7)], "$deltatoken=1"), part, refused(), end]);
    let mut feed = self::feed();
    assert!(round(&user, &mut feed).is_err());
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(wire.sent().len(), 4);
}

#[test]
fn refused_initial_request_is_an_error() {
    let (user, wire) = scripted(&[refused(), refused(), page(&[], "$deltatoken=1")]);
    let mut feed = self::feed();
    for _ in 0..2 {
        assert_eq!(round(&user, &mut feed).unwrap_err().server_code(), Some("ErrorInvalidUrlQuery"));
    }
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(wire.sent().len(), 3);
    // If the delta link and then the initial request are refused, the feed drops its cursor.
    let (user, _) = scripted(&[refused(), refused()]);
    let mut feed = self::feed().resume(&cursor()).unwrap();
    assert!(round(&user, &mut feed).is_err());
    assert_eq!(feed.cursor(), None);
}

#[test]
fn repeated_expiry_is_an_error() {
    let (user, wire) = scripted(&[gone()]);
    assert!(round(&user, &mut feed()).is_err());
    assert_eq!(wire.sent().len(), 1);
    let start = page(&[], "$skiptoken=1");
    let (user, wire) = scripted(&[start.clone(), gone(), start, gone()]);
    let error = round(&user, &mut feed()).unwrap_err();
    assert_eq!((error.server_code(), wire.sent().len()), (Some("resyncRequired"), 4));
}

#[test]
fn error_leaves_the_round_unchanged() {
    let broken = (403, r#"{"error":{"code":"ErrorAccessDenied"}}"#.to_owned());
    let (user, wire) = scripted(&[first()[0].clone(), broken, first()[1].clone()]);
    let mut feed = feed();
    let error = round(&user, &mut feed).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Permission { .. }));
    assert!(feed.cursor().is_none());
    assert_eq!(round(&user, &mut feed).unwrap().events.len(), 3);
    assert_eq!(requested(&wire), ["delta", "$skiptoken=1", "$skiptoken=1"]);
}

#[test]
fn page_without_a_link_is_an_error() {
    let (user, _) = scripted(&[(200, r#"{"value":[]}"#.into())]);
    let error = round(&user, &mut feed()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{error:?}");
}

#[test]
fn repeated_next_link_is_an_error() {
    let there = page(&[], "$skiptoken=1");
    let (user, wire) = scripted(&[there.clone(), there.clone(), there]);
    let error = round(&user, &mut feed()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PageLoop), "{error:?}");
    assert_eq!(wire.sent().len(), 2);
}

#[test]
fn link_to_another_host_is_refused() {
    for link in
        ["https://evil.example/x", "http://graph.microsoft.com/v1.0/x", "https://graph.microsoft.com:444/x"]
    {
        for kind in ["nextLink", "deltaLink"] {
            let (user, wire) = scripted(&[(200, format!(r#"{{"value":[],"@odata.{kind}":"{link}"}}"#))]);
            let mut feed = feed();
            let error = round(&user, &mut feed).and_then(|_| round(&user, &mut feed)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{link}: {error:?}");
            assert_eq!(wire.sent().len(), 1);
        }
    }
}

fn cursor() -> Cursor {
    let (user, _) = scripted(&[page(&[], "$deltatoken=1")]);
    let mut feed = feed();
    round(&user, &mut feed).unwrap();
    feed.cursor().unwrap()
}

#[test]
fn cursor_resumes_only_a_feed_with_the_same_settings() {
    let saved = Cursor::new(cursor().as_str());
    let (user, wire) = scripted(&[page(&[single("e", "E")], "$deltatoken=2")]);
    let mut feed = feed().resume(&saved).unwrap();
    assert_eq!(feed.cursor(), Some(saved.clone()));
    let changes: Changes = round(&user, &mut feed).unwrap();
    assert!(!changes.full && changes.events.len() == 1);
    assert_eq!(requested(&wire), ["$deltatoken=1"]);
    assert_ne!(feed.cursor().unwrap(), saved);

    let other = |feed: EventFeed| feed.resume(&saved).map(drop).unwrap_err().to_string();
    assert!(other(self::feed().calendar("c")).contains("another"));
    assert!(other(self::feed().time_zone("UTC")).contains("another"));
    assert!(other(self::feed().immutable_ids()).contains("another"));
    assert!(other(self::feed().text_bodies()).contains("another"));
    assert!(
        other(EventFeed::new(at("2026-01-01T00:00:00Z"), at("2026-02-02T00:00:00Z"))).contains("another")
    );
    assert!(self::feed().page_size(3).resume(&saved).is_ok(), "the page size may change");
    for odd in ["", "{}", "null", "https://graph.microsoft.com/", "[1]"] {
        assert!(self::feed().resume(&Cursor::new(odd)).is_err(), "{odd}");
    }
}

#[test]
fn invalid_window_is_refused() {
    let (user, wire) = scripted(&[]);
    let mut backwards = EventFeed::new(at("2026-02-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
    assert!(round(&user, &mut backwards).unwrap_err().to_string().contains("end"));
    for odd in ["", " ", ".", ".."] {
        let error = round(&user, &mut feed().calendar(odd)).unwrap_err();
        assert!(error.to_string().contains("calendarId"), "{odd:?}: {error}");
    }
    assert!(round(&user, &mut feed().page_size(0)).unwrap_err().to_string().contains("page_size"));
    assert_eq!(wire.sent().len(), 0);
}

#[test]
fn series_turned_into_a_single_event_loses_its_occurrences() {
    let (user, wire) = scripted(&[
        first()[0].clone(),
        first()[1].clone(),
        page(&[single("series", "Once")], "$deltatoken=2"),
        page(&[master("Daily"), bare(9)], "$deltatoken=3"),
        (200, format!(r#"{{"value":[{}]}}"#, instance(9, "Daily"))),
    ]);
    let (mut feed, mut copy) = (feed(), EventCopy::new());
    copy.apply(round(&user, &mut feed).unwrap());
    copy.apply(round(&user, &mut feed).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e1", "One"), ("series", "Once")]));
    copy.apply(round(&user, &mut feed).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e1", "One"), ("o9", "Daily")]));
    assert_eq!(wire.sent().len(), 5);
}

#[test]
fn event_changing_its_kind_between_pages_keeps_the_last_kind() {
    let once = || vec![single("series", "Once")];
    let with = |pages: [Vec<String>; 2]| {
        let [first, last] = pages;
        let (user, wire) = scripted(&[page(&first, "$skiptoken=1"), page(&last, "$deltatoken=1")]);
        let mut copy = EventCopy::new();
        copy.apply(round(&user, &mut feed()).unwrap());
        assert_eq!(wire.sent().len(), 2, "the occurrences are not requested");
        titles(&copy)
    };
    assert_eq!(with([vec![bare(7), master("Daily")], once()]), pairs(&[("series", "Once")]));
    assert_eq!(with([vec![bare(7)], once()]), pairs(&[("series", "Once")]));
    assert_eq!(with([once(), vec![bare(7), master("Daily")]]), pairs(&[("o7", "Daily")]));
}

#[test]
fn series_id_that_changes_the_path_is_refused() {
    let item = r#"{"id":"o","type":"occurrence","seriesMasterId":"..","start":null}"#;
    let (user, wire) = scripted(&[page(&[item.to_owned()], "$deltatoken=1")]);
    assert!(round(&user, &mut feed()).unwrap_err().to_string().contains("recurringEventId"));
    assert_eq!(wire.sent().len(), 1);
}

#[test]
fn last_version_of_an_event_wins() {
    let (user, _) = scripted(&[
        page(&[single("a", "1"), single("b", "1"), removed("c")], "$skiptoken=1"),
        page(&[single("a", "2"), removed("b"), single("c", "2"), r#"{"no":"id"}"#.into()], "$deltatoken=1"),
    ]);
    let mut copy = EventCopy::new();
    copy.apply(round(&user, &mut feed()).unwrap());
    assert_eq!(titles(&copy), pairs(&[("a", "2"), ("c", "2")]));
}

#[test]
fn series_removed_between_pages_removes_its_occurrences() {
    let (user, wire) = scripted(&[
        page(&[bare(7), master("Daily"), single("e1", "One")], "$skiptoken=1"),
        page(&[removed("series")], "$deltatoken=1"),
    ]);
    let mut copy = EventCopy::new();
    copy.apply(round(&user, &mut feed()).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e1", "One")]));
    assert_eq!(wire.sent().len(), 2, "the removed series is not requested");
}
