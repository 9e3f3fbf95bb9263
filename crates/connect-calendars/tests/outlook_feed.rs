//! What has changed in a calendar of Microsoft Graph.
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
use graph::{Sent, Wire, answer};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn feed() -> EventFeed {
    EventFeed::new(at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"))
}

/// A user whose answers come one after the other, and what was asked.
fn scripted(answers: &[(u16, String)]) -> (User, Wire) {
    let answers = answers.to_vec();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let wire = Wire::default();
    let user = wire.user(move |_| {
        let (status, text) = answers.lock().unwrap().next().unwrap_or((418, "one request too many".into()));
        Ok(answer(status, &text))
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

fn asked(wire: &Wire) -> Vec<String> {
    let what = |sent: &Sent| {
        let token =
            sent.query.iter().find(|(name, _)| name.starts_with("$delta") || name.starts_with("$skip"));
        let tail = sent.path.rsplit('/').next().unwrap_or_default().to_owned();
        token.map_or(tail, |(name, value)| format!("{name}={value}"))
    };
    wire.sent().iter().map(what).collect()
}

/// A round in which everything came: a single event and a series of two.
fn first() -> [(u16, String); 2] {
    [
        page(&[single("e1", "One"), bare(7)], "$skiptoken=1"),
        page(&[bare(8), master("Daily")], "$deltatoken=1"),
    ]
}

#[test]
fn everything_then_what_has_changed() {
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

    assert_eq!(asked(&wire), ["delta", "$skiptoken=1", "$deltatoken=1", "$skiptoken=2", "$deltatoken=2"]);
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
fn an_occurrence_has_what_its_series_has() {
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
    assert_eq!(event.recurrence(), None, "that of the series is not its own");
    assert!(event.original.as_ref().unwrap().field::<String>("subject").is_none());
    assert!(changes.events.iter().all(|event| event.id != "series"), "a series is no event of the view");
}

#[test]
fn occurrence_of_a_declined_series_takes_no_time() {
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
    assert_eq!(series(r#","responseStatus":{"response":"declined"}"#), 1, "one was accepted for itself");
    assert_eq!(series(r#","responseStatus":{"response":"accepted"}"#), 2);
    assert_eq!(series(r#","responseStatus":{"response":"notResponded"}"#), 2);
    assert_eq!(series(r#","responseStatus":5"#), 2);
    assert_eq!(series(""), 2);
}

#[test]
fn an_exception_says_itself_what_it_has() {
    let exception = r#"{"id":"x","type":"exception","seriesMasterId":"series","subject":"Other","isAllDay":false,"location":null}"#;
    let (user, _) = scripted(&[page(&[exception.to_owned(), master("Daily")], "$deltatoken=1")]);
    let changes = round(&user, &mut feed()).unwrap();
    assert_eq!((changes.events[0].title.as_str(), changes.events[0].location.as_deref()), ("Other", None));
}

#[test]
fn a_series_of_whole_days_has_days() {
    let master = r#"{"id":"series","type":"seriesMaster","subject":"A","isAllDay":true}"#;
    let day = r#"{"id":"o","type":"occurrence","seriesMasterId":"series","start":{"dateTime":"2026-01-07T00:00:00.0000000","timeZone":"UTC"}}"#;
    let (user, _) = scripted(&[page(&[day.to_owned(), master.to_owned()], "$deltatoken=1")]);
    let changes = round(&user, &mut feed()).unwrap();
    assert_eq!(changes.events[0].start, Some(EventTime::Date(jiff::civil::date(2026, 1, 7))));
}

/// Graph does not say that the occurrence of the 7th is gone.
#[test]
fn a_series_that_was_touched_is_read_anew() {
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
fn an_occurrence_without_its_series_has_it_read() {
    let (user, wire) = scripted(&[
        page(&[bare(7)], "$deltatoken=1"),
        (200, format!(r#"{{"value":[{},{}]}}"#, instance(7, "Daily"), instance(8, "Daily"))),
    ]);
    let changes = round(&user, &mut feed()).unwrap();
    assert_eq!((changes.events.len(), changes.full), (2, true));
    assert_eq!(changes.events[0].title, "Daily");
    assert_eq!(asked(&wire), ["delta", "instances"]);
}

#[test]
fn a_series_that_cannot_be_read_any_more_is_what_came_of_it() {
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
fn a_server_that_forgot_begins_anew_in_the_same_round() {
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
        assert_eq!(asked(&wire), ["delta", "$skiptoken=1", "$deltatoken=1", "delta"]);
    }
}

#[test]
fn what_the_server_forgets_twice_in_a_round_is_not_asked_for_in_the_next() {
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
    assert_eq!(asked(&wire), ["delta", "$skiptoken=1", "delta", "$skiptoken=1", "delta"]);
}

fn refused() -> (u16, String) {
    (400, r#"{"error":{"code":"ErrorInvalidUrlQuery","message":"The token is not valid."}}"#.to_owned())
}

#[test]
fn a_link_that_is_refused_is_given_up() {
    // That of the last round.
    let (user, wire) = scripted(&[refused(), page(&[single("e9", "Nine")], "$deltatoken=9")]);
    let mut feed = self::feed().resume(&cursor()).unwrap();
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(asked(&wire), ["$deltatoken=1", "delta"]);
    // That of a page, twice: the next round begins with everything.
    let end = page(&[single("e9", "Nine")], "$deltatoken=9");
    let (user, wire) = scripted(&[first()[0].clone(), refused(), first()[0].clone(), refused(), end.clone()]);
    let mut feed = self::feed().resume(&cursor()).unwrap();
    let error = round(&user, &mut feed).unwrap_err();
    assert_eq!((error.server_code(), feed.cursor()), (Some("ErrorInvalidUrlQuery"), None));
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(
        asked(&wire),
        ["$deltatoken=1", "$skiptoken=1", "delta", "$skiptoken=1", "delta"],
        "each link once"
    );
    // That of a series' occurrences.
    let next = r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/me/events/series/instances?$skip=1""#;
    let part = (200, format!(r#"{{"value":[]{next}}}"#));
    let (user, wire) = scripted(&[page(&[bare(7)], "$deltatoken=1"), part, refused(), end]);
    let mut feed = self::feed();
    assert!(round(&user, &mut feed).is_err());
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(wire.sent().len(), 4);
}

#[test]
fn a_feed_that_is_refused_without_a_link_says_so() {
    let (user, wire) = scripted(&[refused(), refused(), page(&[], "$deltatoken=1")]);
    let mut feed = self::feed();
    for _ in 0..2 {
        assert_eq!(round(&user, &mut feed).unwrap_err().server_code(), Some("ErrorInvalidUrlQuery"));
    }
    assert!(round(&user, &mut feed).unwrap().full);
    assert_eq!(wire.sent().len(), 3);
    // After the link the beginning as well: nothing is kept of either.
    let (user, _) = scripted(&[refused(), refused()]);
    let mut feed = self::feed().resume(&cursor()).unwrap();
    assert!(round(&user, &mut feed).is_err());
    assert_eq!(feed.cursor(), None);
}

#[test]
fn a_server_that_only_forgets_is_not_asked_for_ever() {
    let (user, wire) = scripted(&[gone()]);
    assert!(round(&user, &mut feed()).is_err());
    assert_eq!(wire.sent().len(), 1);
    let start = page(&[], "$skiptoken=1");
    let (user, wire) = scripted(&[start.clone(), gone(), start, gone()]);
    let error = round(&user, &mut feed()).unwrap_err();
    assert_eq!((error.server_code(), wire.sent().len()), (Some("resyncRequired"), 4));
}

#[test]
fn an_error_leaves_the_round_where_it_is() {
    let broken = (403, r#"{"error":{"code":"ErrorAccessDenied"}}"#.to_owned());
    let (user, wire) = scripted(&[first()[0].clone(), broken, first()[1].clone()]);
    let mut feed = feed();
    let error = round(&user, &mut feed).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Permission { .. }));
    assert!(feed.cursor().is_none());
    assert_eq!(round(&user, &mut feed).unwrap().events.len(), 3);
    assert_eq!(asked(&wire), ["delta", "$skiptoken=1", "$skiptoken=1"]);
}

#[test]
fn changes_without_a_link_are_no_end() {
    let (user, _) = scripted(&[(200, r#"{"value":[]}"#.into())]);
    let error = round(&user, &mut feed()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{error:?}");
}

#[test]
fn links_that_go_round_are_an_error() {
    let there = page(&[], "$skiptoken=1");
    let (user, wire) = scripted(&[there.clone(), there.clone(), there]);
    let error = round(&user, &mut feed()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PageLoop), "{error:?}");
    assert_eq!(wire.sent().len(), 2);
}

#[test]
fn a_link_to_anywhere_else_is_not_followed() {
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
fn a_cursor_goes_on_and_only_where_it_was() {
    let kept = Cursor::new(cursor().as_str());
    let (user, wire) = scripted(&[page(&[single("e", "E")], "$deltatoken=2")]);
    let mut feed = feed().resume(&kept).unwrap();
    assert_eq!(feed.cursor(), Some(kept.clone()));
    let changes: Changes = round(&user, &mut feed).unwrap();
    assert!(!changes.full && changes.events.len() == 1);
    assert_eq!(asked(&wire), ["$deltatoken=1"]);
    assert_ne!(feed.cursor().unwrap(), kept);

    let other = |feed: EventFeed| feed.resume(&kept).map(drop).unwrap_err().to_string();
    assert!(other(self::feed().calendar("c")).contains("another"));
    assert!(other(self::feed().time_zone("UTC")).contains("another"));
    assert!(other(self::feed().immutable_ids()).contains("another"));
    assert!(other(self::feed().text_bodies()).contains("another"));
    assert!(
        other(EventFeed::new(at("2026-01-01T00:00:00Z"), at("2026-02-02T00:00:00Z"))).contains("another")
    );
    assert!(self::feed().page_size(3).resume(&kept).is_ok(), "pages may have another size");
    for odd in ["", "{}", "null", "https://graph.microsoft.com/", "[1]"] {
        assert!(self::feed().resume(&Cursor::new(odd)).is_err(), "{odd}");
    }
}

#[test]
fn a_window_that_cannot_be_is_not_asked_for() {
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
fn a_series_that_became_a_single_event_leaves_no_occurrences() {
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
fn what_becomes_another_kind_of_event_while_the_pages_are_read_is_what_it_was_last() {
    let once = || vec![single("series", "Once")];
    let with = |pages: [Vec<String>; 2]| {
        let [first, last] = pages;
        let (user, wire) = scripted(&[page(&first, "$skiptoken=1"), page(&last, "$deltatoken=1")]);
        let mut copy = EventCopy::new();
        copy.apply(round(&user, &mut feed()).unwrap());
        assert_eq!(wire.sent().len(), 2, "there is nothing more to be read");
        titles(&copy)
    };
    assert_eq!(with([vec![bare(7), master("Daily")], once()]), pairs(&[("series", "Once")]));
    assert_eq!(with([vec![bare(7)], once()]), pairs(&[("series", "Once")]));
    assert_eq!(with([once(), vec![bare(7), master("Daily")]]), pairs(&[("o7", "Daily")]));
}

#[test]
fn a_series_of_an_id_that_leads_elsewhere_is_not_asked_for() {
    let item = r#"{"id":"o","type":"occurrence","seriesMasterId":"..","start":null}"#;
    let (user, wire) = scripted(&[page(&[item.to_owned()], "$deltatoken=1")]);
    assert!(round(&user, &mut feed()).unwrap_err().to_string().contains("recurringEventId"));
    assert_eq!(wire.sent().len(), 1);
}

#[test]
fn the_last_word_about_an_event_counts() {
    let (user, _) = scripted(&[
        page(&[single("a", "1"), single("b", "1"), removed("c")], "$skiptoken=1"),
        page(&[single("a", "2"), removed("b"), single("c", "2"), r#"{"no":"id"}"#.into()], "$deltatoken=1"),
    ]);
    let mut copy = EventCopy::new();
    copy.apply(round(&user, &mut feed()).unwrap());
    assert_eq!(titles(&copy), pairs(&[("a", "2"), ("c", "2")]));
}

#[test]
fn a_series_that_goes_while_the_pages_are_read_takes_its_occurrences_along() {
    let (user, wire) = scripted(&[
        page(&[bare(7), master("Daily"), single("e1", "One")], "$skiptoken=1"),
        page(&[removed("series")], "$deltatoken=1"),
    ]);
    let mut copy = EventCopy::new();
    copy.apply(round(&user, &mut feed()).unwrap());
    assert_eq!(titles(&copy), pairs(&[("e1", "One")]));
    assert_eq!(wire.sent().len(), 2, "there is nothing left of it to be read");
}
