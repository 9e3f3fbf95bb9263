//! Tests the Google Calendar feed: pages, expired tokens, and a copy compared with the server's list.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod google_common;

use std::collections::BTreeMap;

use connect_blocking::User;
use connect_calendars::{
    google::{DeleteEvent, EventFeed, EventPage, InsertEvent, ListEvents, ListInstances, PatchEvent},
    sync::{ChangeFeed, Changes, Cursor, EventCopy, EventId, round},
};
use connect_core::{
    Error, ErrorKind,
    types::{Event, EventStatus, NewEvent, Provider, Recurrence},
};
use google_common::*;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The page that the feed reads from a response.
fn page(feed: &EventFeed, body: &Value) -> Result<EventPage, Error> {
    read(&feed.request().unwrap(), 200, &body.to_string())
}

fn gone(reason: &str) -> Error {
    let body = json!({ "error": { "code": 410, "errors": [{ "domain": "calendar", "reason": reason }] } });
    read(&ListEvents::new("c"), 410, &body.to_string()).unwrap_err()
}

/// Passes a response to the feed. Returns the changes if the response ends a round.
fn take(feed: &mut EventFeed, body: Value) -> Option<Changes> {
    let page = page(feed, &body);
    feed.advance(page).unwrap()
}

fn next_query(feed: &EventFeed) -> String {
    let request = sent(&feed.request().unwrap());
    request.uri().query().unwrap_or_default().to_owned()
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

fn removed(changes: &Changes) -> Vec<&str> {
    changes.removed.iter().map(|event| event.id.as_str()).collect()
}

/// A feed after its first round.
fn after_first_round(feed: EventFeed) -> EventFeed {
    let mut feed = feed;
    feed.begin();
    assert!(take(&mut feed, json!({ "items": [], "nextSyncToken": "t1" })).unwrap().full);
    feed
}

#[test]
fn round_continues_after_an_empty_page() {
    let mut feed = EventFeed::new("c").page_size(2);
    assert!(feed.request().is_none() && feed.cursor().is_none());
    feed.begin();
    assert_eq!(next_query(&feed), "maxResults=2");
    assert_eq!(take(&mut feed, json!({ "items": [{ "id": "a" }], "nextPageToken": "p1" })), None);
    assert_eq!(next_query(&feed), "maxResults=2&pageToken=p1");
    feed.begin();
    assert_eq!(next_query(&feed), "maxResults=2&pageToken=p1", "`begin` continues a round under way");
    assert_eq!(take(&mut feed, json!({ "items": [], "nextPageToken": "p2" })), None);
    assert!(feed.cursor().is_none());
    let changes = take(&mut feed, json!({ "items": [{ "id": "b" }], "nextSyncToken": "t1" })).unwrap();
    assert_eq!((changes.full, ids(&changes.events)), (true, vec!["a", "b"]));
    assert_eq!(changes.events[0].calendar_id.as_deref(), Some("c"));
    assert!(feed.request().is_none() && feed.cursor().is_some());
    feed.begin();
    assert_eq!(next_query(&feed), "maxResults=2&syncToken=t1");
    assert_eq!(take(&mut feed, json!({ "items": [], "nextPageToken": "p1" })), None);
    assert_eq!(next_query(&feed), "maxResults=2&syncToken=t1&pageToken=p1");
    let changes = take(&mut feed, json!({ "items": [], "nextSyncToken": "t2" })).unwrap();
    assert_eq!(changes, Changes::default());
}

#[test]
fn expired_sync_token_starts_a_full_round() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    assert_eq!(next_query(&feed), "syncToken=t1");
    assert_eq!(feed.advance(Err(gone("fullSyncRequired"))).unwrap(), None);
    assert_eq!(next_query(&feed), "");
    let changes = take(&mut feed, json!({ "items": [{ "id": "a" }], "nextSyncToken": "t2" })).unwrap();
    assert_eq!((changes.full, ids(&changes.events)), (true, vec!["a"]));
}

#[test]
fn token_expiring_between_pages_restarts_the_round() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    take(
        &mut feed,
        json!({ "items": [{ "id": "old" }, { "id": "x", "status": "cancelled" }], "nextPageToken": "p1" }),
    );
    assert_eq!(feed.advance(Err(gone("fullSyncRequired"))).unwrap(), None);
    take(&mut feed, json!({ "items": [{ "id": "half" }], "nextPageToken": "p1" }));
    assert_eq!(feed.advance(Err(gone("fullSyncRequired"))).unwrap(), None);
    let changes = take(&mut feed, json!({ "items": [{ "id": "a" }], "nextSyncToken": "t2" })).unwrap();
    assert_eq!((changes.full, ids(&changes.events), removed(&changes)), (true, vec!["a"], vec![]));
}

#[test]
fn last_version_of_an_event_in_a_page_wins() {
    let (on, off) = (json!({ "id": "x", "summary": "On" }), json!({ "id": "x", "status": "cancelled" }));
    let other = json!({ "id": "y" });
    for (items, shown, gone) in [
        (json!([off, other, on]), vec!["x", "y"], vec![]),
        (json!([on, other, off]), vec!["y"], vec!["x"]),
        (json!([on, off, on, off, other]), vec!["y"], vec!["x"]),
        (json!([off, on, off, on]), vec!["x"], vec![]),
    ] {
        let mut feed = after_first_round(EventFeed::new("c"));
        feed.begin();
        let changes = take(&mut feed, json!({ "items": items, "nextSyncToken": "t2" })).unwrap();
        assert_eq!((ids(&changes.events), removed(&changes)), (shown, gone), "{items}");
    }
}

#[test]
fn bounds_order_and_search_are_sent_in_full_rounds_only() {
    for (name, value) in [
        ("timeMin", "2026-01-01T00:00:00Z"),
        ("timeMax", "2027-01-01T00:00:00Z"),
        ("updatedMin", "2026-01-01T00:00:00Z"),
        ("orderBy", "updated"),
        ("q", "review"),
        ("iCalUID", "a"),
        ("privateExtendedProperty", "a=b"),
        ("sharedExtendedProperty", "a=b"),
    ] {
        let mut feed = EventFeed::new("c").parameter(name, value).parameter("maxAttendees", "5");
        feed.begin();
        assert!(next_query(&feed).contains(&format!("{name}=")), "{name}");
        assert!(take(&mut feed, json!({ "items": [], "nextSyncToken": "t1" })).unwrap().full);
        feed.begin();
        assert_eq!(next_query(&feed), "maxAttendees=5&syncToken=t1", "{name}");
        assert!(!take(&mut feed, json!({ "items": [], "nextSyncToken": "t2" })).unwrap().full);
        // A feed with the same parameters accepts the cursor.
        let cursor = feed.cursor().unwrap();
        let mut again = EventFeed::new("c")
            .parameter("maxAttendees", "5")
            .parameter(name, value)
            .resume(&cursor)
            .unwrap();
        again.begin();
        assert_eq!(next_query(&again), "maxAttendees=5&syncToken=t2", "{name}");
        assert_eq!(again.advance(Err(gone("fullSyncRequired"))).unwrap(), None);
        assert!(next_query(&again).contains(&format!("{name}=")), "{name}: the next round is full");
    }
}

fn invalid_parameter(location: &str) -> Error {
    let entry =
        json!({ "domain": "global", "reason": "invalid", "locationType": "parameter", "location": location });
    let body = json!({ "error": { "code": 400, "message": "Invalid value.", "errors": [entry] } });
    read(&ListEvents::new("c"), 400, &body.to_string()).unwrap_err()
}

#[test]
fn refused_token_starts_a_full_round() {
    let bare = || read(&ListEvents::new("c"), 400, "").unwrap_err();
    for refused in [invalid_parameter("syncToken"), invalid_parameter("somewhere"), bare()] {
        let mut feed = after_first_round(EventFeed::new("c"));
        feed.begin();
        assert_eq!(feed.advance(Err(refused)).unwrap(), None);
        assert_eq!(next_query(&feed), "");
        let changes = take(&mut feed, json!({ "items": [{ "id": "a" }], "nextSyncToken": "t2" })).unwrap();
        assert!(changes.full);
    }
    for refused in [invalid_parameter("pageToken"), invalid_parameter("somewhere"), bare()] {
        let mut feed = EventFeed::new("c");
        feed.begin();
        take(&mut feed, json!({ "items": [{ "id": "half" }], "nextPageToken": "p1" }));
        assert_eq!(feed.advance(Err(refused)).unwrap(), None);
        assert_eq!(next_query(&feed), "");
        let changes = take(&mut feed, json!({ "items": [{ "id": "a" }], "nextSyncToken": "t2" })).unwrap();
        assert_eq!((changes.full, ids(&changes.events)), (true, vec!["a"]));
    }
}

#[test]
fn page_tokens_refused_repeatedly_are_an_error() {
    let mut feed = after_first_round(EventFeed::new("c"));
    for _ in 0..2 {
        feed.begin();
        let mut restarts = 0;
        let error = loop {
            take(&mut feed, json!({ "items": [], "nextPageToken": "p1" }));
            match feed.advance(Err(invalid_parameter("pageToken"))) {
                Ok(changes) => assert_eq!(changes, None),
                Err(error) => break error,
            }
            restarts += 1;
        };
        assert_eq!((restarts, error.server_code()), (3, Some("invalid")));
        assert!(feed.request().is_none() && feed.cursor().is_none());
    }
    feed.begin();
    assert_eq!(next_query(&feed), "");
}

#[test]
fn status_400_without_a_token_makes_the_next_round_full() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    assert_eq!(feed.advance(Err(invalid_parameter("timeZone"))).unwrap(), None);
    assert_eq!(feed.advance(Err(invalid_parameter("timeZone"))).unwrap_err().server_code(), Some("invalid"));
    assert!(feed.request().is_none());
    feed.begin();
    assert_eq!(next_query(&feed), "");
    // An error of a request that was not sent does not invalidate the sync token.
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    assert!(feed.advance(Err(Error::validation("timeZone: is odd"))).is_err());
    assert_eq!(next_query(&feed), "syncToken=t1");
}

#[test]
fn tokens_expiring_repeatedly_are_an_error() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    let mut restarts = 0;
    let error = loop {
        if let Err(error) = feed.advance(Err(gone("fullSyncRequired"))) {
            break error;
        }
        restarts += 1;
        assert!(restarts < 10);
        take(&mut feed, json!({ "items": [], "nextPageToken": "p1" }));
    };
    assert_eq!((restarts, error.server_code()), (3, Some("fullSyncRequired")));
    feed.begin();
    assert_eq!(next_query(&feed), "", "the failed token is not sent again");
    let plain = feed.advance(Err(gone("deleted"))).unwrap_err();
    assert_eq!(plain.server_code(), Some("deleted"), "without a token, the error is returned");
}

#[test]
fn other_error_leaves_the_round_unchanged() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    take(&mut feed, json!({ "items": [{ "id": "a" }], "nextPageToken": "p1" }));
    let error = read(&ListEvents::new("c"), 500, "").unwrap_err();
    assert!(matches!(feed.advance(Err(error)).unwrap_err().kind(), ErrorKind::Server));
    assert_eq!(next_query(&feed), "syncToken=t1&pageToken=p1");
    let changes = take(&mut feed, json!({ "items": [{ "id": "b" }], "nextSyncToken": "t2" })).unwrap();
    assert_eq!((changes.full, ids(&changes.events)), (false, vec!["a", "b"]));
}

#[test]
fn repeated_page_token_ends_the_round_with_an_error() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    take(&mut feed, json!({ "items": [], "nextPageToken": "p1" }));
    let again = page(&feed, &json!({ "items": [], "nextPageToken": "p1" }));
    assert!(matches!(feed.advance(again).unwrap_err().kind(), ErrorKind::PageLoop));
    assert!(feed.request().is_none());
    feed.begin();
    assert_eq!(next_query(&feed), "syncToken=t1");
}

#[test]
fn cancelled_occurrence_is_kept_while_its_series_exists() {
    let off = |id: &str, series: &str| json!({ "id": id, "status": "cancelled", "recurringEventId": series });
    let items = json!([
        off("living_1", "living"), off("dead_1", "dead"), off("was_1", "was"), off("unknown_1", "unknown"),
        { "id": "dead", "status": "cancelled" }, { "id": "living", "recurrence": ["RRULE:FREQ=DAILY"] },
        { "id": "was", "summary": "A single event now" },
    ]);
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    let changes = take(&mut feed, json!({ "items": items, "nextSyncToken": "t2" })).unwrap();
    assert_eq!(ids(&changes.events), ["living", "living_1", "unknown_1", "was"]);
    assert_eq!(changes.events[1].status, Some(EventStatus::Cancelled));
    assert_eq!(removed(&changes), ["dead", "dead_1", "was_1"]);
    assert_eq!(changes.removed[0], EventId::new((Provider::Google, "c"), "dead"));

    let mut feed = after_first_round(EventFeed::new("c").occurrences());
    feed.begin();
    assert_eq!(next_query(&feed), "singleEvents=true&syncToken=t1");
    let changes = take(&mut feed, json!({ "items": items, "nextSyncToken": "t2" })).unwrap();
    assert_eq!(ids(&changes.events), ["living", "was"]);
    assert_eq!(removed(&changes), ["dead", "dead_1", "living_1", "unknown_1", "was_1"]);
}

#[test]
fn event_deleted_between_two_pages_is_removed() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    take(
        &mut feed,
        json!({ "items": [{ "id": "a" }, { "id": "b", "status": "cancelled" }], "nextPageToken": "p1" }),
    );
    let last =
        json!({ "items": [{ "id": "a", "status": "cancelled" }, { "id": "b" }], "nextSyncToken": "t2" });
    let changes = take(&mut feed, last).unwrap();
    assert_eq!((ids(&changes.events), removed(&changes)), (vec!["b"], vec!["a"]));
}

#[test]
fn cursor_requires_the_same_calendar_and_parameters() {
    let made = || EventFeed::new("c").occurrences().time_zone("UTC").parameter("maxAttendees", "1");
    let cursor = after_first_round(made()).cursor().unwrap();
    let resumed = |feed: EventFeed| {
        let mut feed = feed.resume(&Cursor::new(cursor.as_str())).unwrap();
        feed.begin();
        next_query(&feed)
    };
    let all = "singleEvents=true&timeZone=UTC&maxAttendees=1";
    assert_eq!(resumed(made()), format!("{all}&syncToken=t1"));
    assert_eq!(resumed(made().page_size(9)), format!("{all}&maxResults=9&syncToken=t1"));
    let other_order = EventFeed::new("c").parameter("maxAttendees", "1").time_zone("UTC").occurrences();
    assert!(resumed(other_order).contains("syncToken=t1"));
    for other in
        [EventFeed::new("c"), made().time_zone("Europe/Berlin"), made().parameter("maxAttendees", "2")]
    {
        assert!(!resumed(other).contains("syncToken"));
    }
    assert!(EventFeed::new("d").resume(&cursor).is_err());
    for odd in ["", "t1", "{}", "null"] {
        assert!(EventFeed::new("c").resume(&Cursor::new(odd)).is_err(), "{odd}");
    }
}

#[test]
fn round_after_a_missing_sync_token_is_full() {
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    take(&mut feed, json!({ "items": [] })).unwrap();
    assert_eq!(feed.cursor(), None);
    feed.begin();
    assert_eq!(next_query(&feed), "");
}

/// The listed events by id.
fn shown(events: impl IntoIterator<Item = Event>) -> BTreeMap<String, Event> {
    events.into_iter().map(|event| (event.id.clone(), event)).collect()
}

/// Makes a random change to a random event.
fn change(user: &User, pick: &mut impl FnMut(usize) -> usize, turn: usize) {
    let calendar = (Provider::Google, "primary");
    let events: Vec<_> =
        user.pages(ListEvents::new("primary").page_size(2500)).items().map(Result::unwrap).collect();
    let start: Timestamp = "2026-11-01T09:00:00Z".parse().unwrap();
    let start = start + SignedDuration::from_hours(24 * i64::try_from(pick(60)).unwrap());
    let new = NewEvent::new(calendar, format!("Turn {turn}"), start, start + SignedDuration::from_hours(1));
    let target = events.get(pick(events.len()));
    let changed = match (pick(12), target) {
        (0, _) | (_, None) => user.send(&InsertEvent::new(&new)).map(drop),
        (1, _) => {
            let rule = Recurrence::weekly().count(4);
            user.send(&InsertEvent::new(&new.recurrence(rule)).time_zone("Europe/Budapest")).map(drop)
        }
        (2 | 3, Some(event)) => user
            .send(&DeleteEvent::new(&event.delete().or_else(|_| event.delete_series()).unwrap()))
            .map(drop),
        (4, Some(event)) => user
            .send(&PatchEvent::new(
                &event
                    .change()
                    .or_else(|_| event.change_series())
                    .unwrap()
                    .time(start, start + SignedDuration::from_hours(2)),
            ))
            .map(drop),
        (5 | 6, Some(event)) => {
            // If the event is a series, one of its occurrences is changed.
            let all = ListInstances::new("primary", &event.id).page_size(2500);
            let Ok(all) = user.pages(all).items().collect::<Result<Vec<_>, _>>() else { return };
            let Some(one) = all.get(pick(all.len())) else { return };
            if pick(2) == 0 {
                user.send(&DeleteEvent::new(&one.delete().unwrap())).map(drop)
            } else {
                user.send(&PatchEvent::new(&one.change().unwrap().title(format!("Other {turn}")))).map(drop)
            }
        }
        (7, Some(event)) => user
            .send(&PatchEvent::new(
                &event.change_series().unwrap().location(format!("Room {turn}")).whole_series(),
            ))
            .map(drop),
        (_, Some(event)) => user
            .send(&PatchEvent::new(
                &event.change().or_else(|_| event.change_series()).unwrap().title(format!("Turn {turn}")),
            ))
            .map(drop),
    };
    if let Err(error) = changed {
        // A cancelled event cannot be changed. An occurrence cannot be moved past an adjacent occurrence.
        let known = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation { .. });
        assert!(known, "{error:?}");
    }
}

/// Sync tokens expire, and pages may be empty. `FEED_CHANGES` sets the number of changes,
/// `FEED_SEED` the seed.
#[test]
fn copy_equals_the_server_list_after_random_changes() {
    let number = |name: &str, usual: usize| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (all, seed) = (number("FEED_CHANGES", DEFAULT_CHANGES), number("FEED_SEED", 7));
    let server = sandbox(&[("google_empty_pages", "on"), ("google_horizon_days", "60")]);
    let user = ada(&server);
    let mut state = seed as u64;
    let mut pick = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    let feeds =
        || [EventFeed::new("primary").page_size(5), EventFeed::new("primary").occurrences().page_size(5)];
    let mut feeds = feeds();
    let mut copies = [EventCopy::new(), EventCopy::new()];
    let lists = [ListEvents::new("primary"), ListEvents::new("primary").occurrences()];
    let (mut full, mut partial, mut middle, mut cancelled, mut compared, mut left_over) = (0, 0, 0, 0, 0, 0);
    for turn in 0..all {
        change(&user, &mut pick, turn);
        if pick(40) == 0 {
            server.with(|sandbox| sandbox.expire_sync_tokens());
        }
        if pick(8) > 0 && turn + 1 < all {
            continue;
        }
        for ((feed, copy), list) in feeds.iter_mut().zip(&mut copies).zip(&lists) {
            if pick(3) == 0 {
                // A new feed continues from the cursor, as in another process.
                let fresh = EventFeed::new("primary").page_size(7);
                let fresh = if *list == lists[1] { fresh.occurrences() } else { fresh };
                *feed = match feed.cursor() {
                    Some(cursor) => fresh.resume(&cursor).unwrap(),
                    None => fresh,
                };
            }
            feed.begin();
            let changes = loop {
                let request = feed.request().unwrap();
                if let Some(changes) = feed.advance(user.send(&request)).unwrap() {
                    break changes;
                }
                if pick(25) == 0 {
                    // The tokens expire between two pages.
                    server.with(|sandbox| sandbox.expire_sync_tokens());
                    middle += 1;
                }
                if pick(10) == 0 {
                    change(&user, &mut pick, turn);
                }
            };
            *(if changes.full { &mut full } else { &mut partial }) += 1;
            copy.apply(changes);
            copy.apply(round(&user, feed).unwrap());
            let there = shown(user.pages(list.clone()).items().map(Result::unwrap));
            let here = shown(copy.iter().cloned());
            let (kept, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
                here.into_iter().partition(|(id, _)| there.contains_key(id));
            assert_eq!(kept, there, "turn {turn}");
            // After a series is moved, the feed lists its earlier exceptions as cancelled occurrences.
            let stays = |event: &Event| {
                let series = event.recurring_event_id.as_ref();
                *list == lists[0]
                    && event.status == Some(EventStatus::Cancelled)
                    && series.is_some_and(|series| there.contains_key(series))
            };
            assert!(rest.values().all(stays), "turn {turn}: {rest:?}");
            left_over += rest.len();
            let here = kept;
            cancelled += here.values().filter(|event| event.status == Some(EventStatus::Cancelled)).count();
            compared += here.len();
        }
    }
    println!(
        "{full} full rounds, {partial} others, {middle} expiries between pages, {compared} events compared, {cancelled} cancelled, {left_over} left over"
    );
    assert!(
        full > all / 50 && partial > all / 10 && middle > all / 200 && cancelled > all / 20,
        "{full} {partial} {middle} {cancelled}"
    );
}

/// The default number of changes. 2000 changes take a minute.
const DEFAULT_CHANGES: usize = 400;

#[test]
fn show_deleted_false_is_not_sent_with_a_sync_token() {
    for (value, later) in
        [("false", "syncToken=t1"), ("False", "syncToken=t1"), ("true", "showDeleted=true&syncToken=t1")]
    {
        let mut feed = EventFeed::new("c").parameter("showDeleted", value);
        feed.begin();
        assert_eq!(next_query(&feed), format!("showDeleted={value}"));
        take(&mut feed, json!({ "items": [], "nextSyncToken": "t1" }));
        feed.begin();
        assert_eq!(next_query(&feed), later);
        assert!(!take(&mut feed, json!({ "items": [], "nextSyncToken": "t2" })).unwrap().full);
    }
}

#[test]
fn cancelled_series_removes_its_exceptions() {
    let exception = |id: &str, series: &str, status: &str| json!({ "id": id, "status": status, "recurringEventId": series });
    let items = json!([
        exception("dead_1", "dead", "confirmed"), exception("dead_2", "dead", "tentative"),
        { "id": "dead", "status": "cancelled" }, exception("dead_3", "dead", "confirmed"),
        { "id": "living", "recurrence": ["RRULE:FREQ=DAILY"] }, exception("living_1", "living", "confirmed"),
        exception("unknown_1", "unknown", "confirmed"),
    ]);
    let mut feed = after_first_round(EventFeed::new("c"));
    feed.begin();
    let changes = take(&mut feed, json!({ "items": items, "nextSyncToken": "t2" })).unwrap();
    assert_eq!(ids(&changes.events), ["living", "living_1", "unknown_1"]);
    assert_eq!(removed(&changes), ["dead", "dead_1", "dead_2", "dead_3"]);
    // The removed events are on two pages of a full round.
    let mut feed = EventFeed::new("c");
    feed.begin();
    take(&mut feed, json!({ "items": [exception("dead_1", "dead", "confirmed")], "nextPageToken": "p" }));
    let changes =
        take(&mut feed, json!({ "items": [{ "id": "dead", "status": "cancelled" }], "nextSyncToken": "t" }));
    let changes = changes.unwrap();
    assert!(changes.full && changes.events.is_empty() && changes.removed.is_empty());
}
