//! Tests of the mirror of Connect calendars, with pages and deliveries in every order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_calendars::sync::{ChangeFeed, Changes, Cursor, EventCopy, Mirror};
use connect_core::{
    Endpoint, Error, ErrorKind,
    types::{Delivery, EventPage, decode},
};
use jiff::Timestamp;
use serde_json::{Value, json};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn december() -> Mirror {
    Mirror::new(at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))
}

/// An event on this day of December 2026, modified `modified` seconds after 10:00 on November 21.
fn event(id: &str, day: u32, modified: u32) -> Value {
    json!({
        "provider": "google", "calendarId": "work", "id": id, "title": format!("{id} as of {modified}"),
        "start": format!("2026-12-{day:02}T09:00:00Z"), "end": format!("2026-12-{day:02}T10:00:00Z"),
        "lastModified": format!("2026-11-21T10:00:{modified:02}Z"), "original": { "id": id },
    })
}

fn with(mut event: Value, name: &str, value: impl Into<Value>) -> Value {
    event[name] = value.into();
    event
}

fn page(events: &[Value], next: Option<&str>) -> EventPage {
    decode(json!({ "events": events, "nextPageToken": next }).to_string().as_bytes()).unwrap()
}

/// A delivery in the documented format, sent at the event's `lastModified`, or at 10:10 by default.
fn delivery(kind: &str, event: Value) -> Delivery {
    let second = event.get("lastModified").cloned().unwrap_or(json!("2026-11-21T10:10:00Z"));
    let body = json!({
        "provider": "google", "calendarId": "work", "userId": "ada", "timestamp": second,
        "events": [with(event.clone(), "changeType", kind)],
    });
    decode(body.to_string().as_bytes()).unwrap()
}

/// The query of the next request.
fn query(mirror: &Mirror) -> Vec<(String, String)> {
    let request = mirror.request().unwrap();
    Endpoint::query(&request).unwrap().into_iter().map(|(name, value)| (name.into_owned(), value)).collect()
}

/// A mirror and its copy.
struct MirroredCopy(Mirror, EventCopy);

impl MirroredCopy {
    /// The state after a first sweep that listed these events.
    fn of(events: &[Value]) -> Self {
        let mut state = Self(december(), EventCopy::new());
        state.sweep(events);
        state
    }

    fn sweep(&mut self, events: &[Value]) -> Changes {
        self.0.begin();
        self.last_page(events)
    }

    /// Passes the last page of a sweep to the mirror.
    fn last_page(&mut self, events: &[Value]) -> Changes {
        let changes = self.0.advance(Ok(page(events, None))).unwrap().expect("the sweep ends with this page");
        self.1.apply(changes.clone());
        changes
    }

    fn page(&mut self, events: &[Value], next: &str) {
        assert!(self.0.advance(Ok(page(events, Some(next)))).unwrap().is_none());
    }

    fn deliver(&mut self, kind: &str, event: Value) -> Changes {
        let changes = self.0.delivered(&delivery(kind, event));
        self.1.apply(changes.clone());
        changes
    }

    fn titles(&self) -> Vec<&str> {
        self.1.iter().map(|event| &*event.title).collect()
    }
}

fn ids(changes: &Changes) -> (Vec<&str>, Vec<&str>) {
    let removed = changes.removed.iter().map(|id| &*id.id).collect();
    (changes.events.iter().map(|event| &*event.id).collect(), removed)
}

#[test]
fn sweep_reports_new_changed_and_removed_events() {
    let mut state = MirroredCopy(december(), EventCopy::new());
    assert!(state.0.is_stale() && state.0.cursor().is_none() && state.0.request().is_none());
    state.0.begin();
    assert!(!state.0.is_stale() && state.0.cursor().is_none());
    state.page(&[event("a", 1, 1)], "t1");
    state.page(&[], "t2");
    let first = state.last_page(&[event("b", 2, 1)]);
    assert!(first.full && !state.0.is_stale() && state.0.request().is_none());
    assert_eq!(ids(&first), (vec!["a", "b"], vec![]));

    let nothing = state.sweep(&[event("a", 1, 1), event("b", 2, 1)]);
    assert_eq!(nothing, Changes::default());
    let second = state.sweep(&[event("b", 2, 2), event("c", 3, 1)]);
    assert_eq!(ids(&second), (vec!["b", "c"], vec!["a"]));
    assert_eq!(state.titles(), ["b as of 2", "c as of 1"]);
}

#[test]
fn sweep_requests_window_calendars_and_each_page_once() {
    let mut mirror = december().calendar(("google", "work")).calendar(("apple", "home")).page_size(7);
    mirror.begin();
    let expected = [
        ("start", "2026-12-01T00:00:00.000Z"),
        ("end", "2027-01-01T00:00:00.000Z"),
        ("calendarIds", r#"{"google":["work"],"apple":["home"]}"#),
        ("pageSize", "7"),
    ];
    let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(query(&mirror), expected);
    assert_eq!(query(&mirror), expected, "the request stays the same until its response");
    mirror.advance(Ok(page(&[], Some("t1")))).unwrap();
    assert_eq!(query(&mirror).last().unwrap(), &("nextPageToken".to_owned(), "t1".to_owned()));
    mirror.begin();
    assert_eq!(query(&mirror).last().unwrap().1, "t1", "`begin` continues a sweep under way");
}

#[test]
fn error_leaves_the_sweep_unchanged() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    state.0.begin();
    state.page(&[event("a", 1, 1)], "t1");
    let request = state.0.request();
    for kind in [ErrorKind::Server, ErrorKind::Timeout, ErrorKind::Authentication] {
        let error = state.0.advance(Err(Error::new(kind))).unwrap_err();
        assert_eq!(state.0.request(), request, "{error}");
    }
    let error = state.0.advance(Ok(page(&[event("x", 1, 1)], Some("t1")))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PageLoop));
    assert_eq!(state.0.request(), request);
    assert_eq!(
        ids(&state.last_page(&[event("b", 2, 1)])),
        (vec!["b"], vec![]),
        "the page with the repeated token is ignored"
    );
}

#[test]
fn refused_page_token_restarts_the_sweep_once() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    state.0.begin();
    let first = state.0.request();
    let refused = || Err(Error::validation("Invalid nextPageToken"));
    assert!(state.0.advance(refused()).is_err(), "without a page token, the request itself is refused");
    state.page(&[event("a", 1, 2)], "t1");
    assert!(state.0.advance(refused()).unwrap().is_none());
    assert_eq!(state.0.request(), first);
    state.page(&[event("a", 1, 3)], "t1");
    assert!(state.0.advance(refused()).is_err(), "the second refusal is an error");
    assert_eq!(state.0.request(), first, "after the error, the sweep can still continue");
    assert_eq!(ids(&state.last_page(&[event("b", 1, 1)])), (vec!["b"], vec!["a"]));
}

#[test]
fn cursor_resumes_the_mirror() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1)]);
    state.deliver("created", event("c", 3, 1));
    let cursor = Cursor::new(state.0.cursor().unwrap().as_str());
    state.0 = december().resume(&cursor, state.1.fingerprints());
    assert!(state.0.is_stale(), "deliveries since the cursor was saved are unknown");
    assert_eq!(state.0.cursor(), Some(cursor));
    let changes = state.sweep(&[event("a", 1, 1), event("b", 2, 2), event("d", 4, 1)]);
    assert!(!changes.full);
    assert_eq!(ids(&changes), (vec!["b", "d"], vec!["c"]));

    let mut unreadable = december().resume(&Cursor::new("not a mirror cursor"), state.1.fingerprints());
    assert!(unreadable.is_stale());
    unreadable.begin();
    assert!(unreadable.advance(Ok(page(&[], None))).unwrap().unwrap().full);
}

#[test]
fn delivery_changes_the_copy_immediately() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    assert_eq!(ids(&state.deliver("created", event("b", 2, 2))), (vec!["b"], vec![]));
    assert_eq!(ids(&state.deliver("updated", event("a", 1, 3))), (vec!["a"], vec![]));
    assert_eq!(state.titles(), ["a as of 3", "b as of 2"]);
    assert_eq!(ids(&state.deliver("deleted", json!({"id": "a"}))), (vec![], vec!["a"]));
    assert_eq!(state.titles(), ["b as of 2"]);
    assert!(!state.0.is_stale());
    assert_eq!(state.sweep(&[event("b", 2, 2)]), Changes::default(), "the next sweep has no changes");
}

#[test]
fn event_leaving_the_window_is_removed_and_may_return() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    let away = with(event("a", 1, 2), "start", "2027-02-01T09:00:00Z");
    let away = with(away, "end", "2027-02-01T10:00:00Z");
    assert_eq!(ids(&state.deliver("updated", away.clone())), (vec![], vec!["a"]));
    assert_eq!(state.deliver("updated", away), Changes::default());
    assert_eq!(state.deliver("updated", event("a", 1, 1)), Changes::default(), "late delivery");
    assert_eq!(ids(&state.deliver("updated", event("a", 1, 3))), (vec!["a"], vec![]));
    assert!(!state.0.is_stale());
}

#[test]
fn repeated_or_late_delivery_changes_nothing() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    state.deliver("updated", event("a", 1, 3));
    assert_eq!(state.deliver("updated", event("a", 1, 3)), Changes::default(), "repeated delivery");
    assert_eq!(state.deliver("updated", event("a", 1, 2)), Changes::default(), "late delivery");
    state.deliver("deleted", with(json!({"id": "a"}), "lastModified", "2026-11-21T10:00:05Z"));
    for modified in [3, 4, 5] {
        assert_eq!(
            state.deliver("updated", event("a", 1, modified)),
            Changes::default(),
            "version before the deletion"
        );
    }
    state.sweep(&[]);
    assert_eq!(
        state.deliver("updated", event("a", 1, 4)),
        Changes::default(),
        "version before the deletion, after a sweep"
    );
    assert!(!state.0.is_stale());
    assert_eq!(ids(&state.deliver("created", event("a", 1, 6))), (vec!["a"], vec![]), "restored");
    // The event was deleted before it was restored, but the deletion is delivered last.
    let late = with(json!({"id": "a"}), "lastModified", "2026-11-21T10:00:05Z");
    assert_eq!(state.deliver("deleted", late), Changes::default());
    assert!(state.0.is_stale());
}

#[test]
fn late_delivery_does_not_restore_an_event_removed_by_a_sweep() {
    let mut state = MirroredCopy::of(&[event("a", 1, 3)]);
    state.sweep(&[]);
    assert_eq!(state.deliver("updated", event("a", 1, 3)), Changes::default());
    assert_eq!(state.deliver("updated", event("a", 1, 2)), Changes::default());
    assert_eq!(ids(&state.deliver("updated", event("a", 1, 4))), (vec!["a"], vec![]));
}

#[test]
fn event_outside_the_window_stays_out_after_a_late_deletion() {
    let mut state = MirroredCopy::of(&[]);
    let away = with(event("a", 1, 7), "start", "2027-02-01T09:00:00Z");
    state.deliver("updated", with(away, "end", "2027-02-01T10:00:00Z"));
    // The event was deleted at second 3, restored at second 5, and moved out of the window at second 7.
    state.deliver("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:03Z"}));
    assert_eq!(state.deliver("created", event("a", 1, 5)), Changes::default());
    assert!(state.1.is_empty() && !state.0.is_stale());
    assert_eq!(ids(&state.deliver("updated", event("a", 1, 8))).0, ["a"]);
}

#[test]
fn undated_event_outside_the_window_makes_a_sweep_due() {
    let mut state = MirroredCopy::of(&[]);
    let away = with(event("a", 1, 7), "start", "2027-02-01T09:00:00Z");
    let mut away = with(away, "end", "2027-02-01T10:00:00Z");
    state.deliver("updated", away.clone());
    away.as_object_mut().unwrap().remove("lastModified");
    state.deliver("updated", away);
    state.sweep(&[]);
    // The event was deleted at second 3 and restored at second 5, before it left the window at second 7.
    state.deliver("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:03Z"}));
    state.deliver("created", event("a", 1, 5));
    assert!(state.0.is_stale());
}

#[test]
fn event_that_may_have_become_a_series_makes_a_sweep_due() {
    let unclear = |modified| with(event("a", 1, modified), "original", Value::Null);
    let mut state = MirroredCopy::of(&[unclear(1)]);
    assert_eq!(ids(&state.deliver("updated", unclear(2))).0, ["a"]);
    assert!(state.0.is_stale());
}

#[test]
fn late_occurrence_older_than_its_series_is_ignored() {
    let late = with(event("s_1", 2, 3), "recurringEventId", "s");
    let google = with(event("s", 1, 5), "original", json!({"recurrence": ["RRULE:FREQ=DAILY"]}));
    let unclear = with(event("s", 1, 5), "original", Value::Null);
    let away = with(unclear.clone(), "start", "2027-02-01T09:00:00Z");
    let away = with(away, "end", "2027-02-01T10:00:00Z");
    for series in [google, unclear, away] {
        let mut state = MirroredCopy::of(&[]);
        state.deliver("updated", series.clone());
        assert!(state.0.is_stale());
        state.sweep(&[]);
        assert_eq!(state.deliver("updated", late.clone()), Changes::default(), "{series}");
        assert!(state.1.is_empty() && !state.0.is_stale(), "{series}");
        let later = with(late.clone(), "lastModified", "2026-11-21T10:00:09Z");
        assert_eq!(ids(&state.deliver("updated", later)).0, ["s_1"], "{series}");
    }
}

#[test]
fn late_occurrence_of_a_series_whose_deletion_came_late_is_ignored() {
    // A series with the id `s` was deleted at second 5. Afterwards, an event with this id was created.
    let mut state = MirroredCopy::of(&[event("s", 1, 9)]);
    state.deliver("deleted", json!({"id": "s", "lastModified": "2026-11-21T10:00:05Z"}));
    assert!(state.0.is_stale());
    state.sweep(&[event("s", 1, 9)]);
    let late = with(event("s_1", 2, 3), "recurringEventId", "s");
    assert_eq!(state.deliver("updated", late), Changes::default());
    assert_eq!(state.titles(), ["s as of 9"]);
    assert!(!state.0.is_stale());
}

#[test]
fn late_deletion_during_a_sweep_keeps_the_listed_event() {
    let mut state = MirroredCopy::of(&[event("a", 1, 9)]);
    state.0.begin();
    state.deliver("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:05Z"}));
    assert_eq!(state.last_page(&[event("a", 1, 9)]), Changes::default());
    assert_eq!(state.titles(), ["a as of 9"]);
}

#[test]
fn undecidable_order_makes_a_sweep_due() {
    let undated = |title: &str| {
        let mut event = with(event("a", 1, 1), "title", title);
        event.as_object_mut().unwrap().remove("lastModified");
        event
    };
    let mut state = MirroredCopy::of(&[undated("one")]);
    assert_eq!(ids(&state.deliver("updated", undated("two"))), (vec!["a"], vec![]));
    assert!(state.0.is_stale());
    state.sweep(&[undated("two")]);
    assert!(!state.0.is_stale());
    state.deliver("deleted", json!({"id": "a"}));
    assert_eq!(state.deliver("updated", undated("two")), Changes::default());
    assert!(state.0.is_stale(), "the delivery is late, or the event was restored");

    // Two changes with the same `lastModified`.
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    assert_eq!(ids(&state.deliver("updated", with(event("a", 1, 1), "title", "two"))).0, ["a"]);
    assert!(state.0.is_stale());
}

#[test]
fn page_read_before_a_deletion_does_not_restore_the_event() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1)]);
    state.0.begin();
    // The mirror receives the page, and then event a is deleted.
    state.page(&[event("a", 1, 1)], "t1");
    assert_eq!(
        ids(&state.deliver("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:05Z"}))).1,
        ["a"]
    );
    state.deliver("deleted", json!({"id": "b", "lastModified": "2026-11-21T10:00:05Z"}));
    // The server read this page before event b was deleted. The mirror receives the page after the deletion.
    let changes = state.last_page(&[event("b", 2, 1), event("c", 3, 1)]);
    assert_eq!(ids(&changes), (vec!["c"], vec![]));
    assert!(!state.0.is_stale());
    assert_eq!(state.titles(), ["c as of 1"]);
    // The server reads the pages of the next sweep after the deletion, so a listed event a was restored.
    assert_eq!(ids(&state.sweep(&[event("a", 1, 1), event("c", 3, 1)])), (vec!["a"], vec![]));
}

#[test]
fn page_with_a_later_version_of_a_deleted_event_makes_sweep_due() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    state.0.begin();
    state.deliver("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:05Z"}));
    assert_eq!(state.last_page(&[event("a", 1, 9)]), Changes::default());
    assert!(state.0.is_stale());
    assert_eq!(ids(&state.sweep(&[event("a", 1, 9)])).0, ["a"]);
}

#[test]
fn event_delivered_during_a_sweep_stays_unlisted() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1)]);
    state.0.begin();
    state.page(&[], "t1");
    state.deliver("created", event("b", 2, 1));
    state.deliver("updated", event("a", 1, 2)); // the event moved from the second page to the first
    assert_eq!(state.last_page(&[]), Changes::default());
    assert_eq!(state.titles(), ["a as of 2", "b as of 1"]);
    assert_eq!(
        ids(&state.sweep(&[event("a", 1, 2)])),
        (vec![], vec!["b"]),
        "the next sweep lists the current events"
    );
}

#[test]
fn older_page_does_not_undo_a_delivery() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1), event("c", 3, 1)]);
    state.0.begin();
    state.page(&[event("a", 1, 2)], "t1"); // page received before the delivery
    state.deliver("updated", event("a", 1, 3));
    state.deliver("updated", event("b", 2, 3));
    let away = with(with(event("c", 3, 3), "start", "2027-02-01T09:00:00Z"), "end", "2027-02-01T10:00:00Z");
    state.deliver("updated", away);
    // The server read this page before the deliveries. The mirror receives the page after the deliveries.
    let changes = state.last_page(&[event("b", 2, 2), event("c", 3, 2)]);
    assert_eq!(changes, Changes::default());
    assert_eq!(state.titles(), ["a as of 3", "b as of 3"]);
    assert!(!state.0.is_stale());
}

#[test]
fn later_page_replaces_a_delivered_version() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1)]);
    state.0.begin();
    state.deliver("updated", event("a", 1, 2));
    let away = with(with(event("b", 3, 2), "start", "2027-02-01T09:00:00Z"), "end", "2027-02-01T10:00:00Z");
    state.deliver("updated", away);
    assert_eq!(ids(&state.last_page(&[event("a", 1, 3), event("b", 2, 3)])), (vec!["a", "b"], vec![]));
    assert_eq!(state.titles(), ["a as of 3", "b as of 3"]);
}

#[test]
fn first_sweep_includes_deliveries_during_it() {
    let mut state = MirroredCopy(december(), EventCopy::new());
    state.deliver("created", event("before", 1, 1));
    state.0.begin();
    state.page(&[event("a", 1, 1), event("b", 1, 1)], "t1");
    state.deliver("created", event("c", 2, 1));
    state.deliver("updated", event("a", 1, 2));
    state.deliver("deleted", json!({"id": "b"}));
    let changes = state.last_page(&[event("d", 4, 1)]);
    assert!(changes.full);
    assert_eq!(state.titles(), ["a as of 2", "c as of 1", "d as of 1"]);
}

#[test]
fn event_listed_twice_keeps_its_later_version() {
    let mut state = MirroredCopy::of(&[]);
    for (one, other) in [(1, 2), (4, 3)] {
        state.0.begin();
        state.page(&[event("a", 1, one)], "t1");
        state.last_page(&[event("a", 5, other)]);
        assert_eq!(state.titles(), [format!("a as of {}", one.max(other))]);
    }
}

#[test]
fn event_listed_twice_keeps_the_version_listed_last() {
    let undated = |title: &str| with(with(event("a", 1, 1), "lastModified", Value::Null), "title", title);
    let mut state = MirroredCopy::of(&[undated("one")]);
    state.0.begin();
    state.page(&[undated("two")], "t1");
    assert_eq!(state.last_page(&[undated("one")]), Changes::default());
    state.0.begin();
    state.page(&[undated("one")], "t1");
    assert_eq!(ids(&state.last_page(&[undated("two")])), (vec!["a"], vec![]));
}

#[test]
fn sweep_that_restarts_lists_all_events_again() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1)]);
    state.0.begin();
    state.page(&[event("a", 1, 1), event("b", 2, 1)], "t1");
    assert!(state.0.advance(Err(Error::validation("Invalid nextPageToken"))).unwrap().is_none());
    assert_eq!(ids(&state.last_page(&[event("a", 1, 1)])), (vec![], vec!["b"]));
}

#[test]
fn listed_event_that_becomes_a_series_during_the_sweep_is_removed() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1)]);
    state.0.begin();
    state.page(&[event("a", 1, 1)], "t1");
    let original = json!({ "recurrence": ["RRULE:FREQ=DAILY"] });
    state.deliver("updated", with(event("a", 1, 9), "original", original));
    assert_eq!(ids(&state.last_page(&[event("b", 2, 1)])), (vec![], vec!["a"]));
    assert!(state.0.is_stale());
}

#[test]
fn changed_series_makes_a_sweep_due() {
    let occurrence = |id: &str, day| with(event(id, day, 1), "recurringEventId", "s");
    let master = |kind: &str| {
        let mut state =
            MirroredCopy::of(&[occurrence("s_1", 1), occurrence("s_2", 2), event("single", 3, 1)]);
        let changes = state.deliver(kind, event("s", 1, 5));
        (state, changes)
    };
    let (state, changes) = master("updated");
    assert_eq!(
        (changes, state.0.is_stale()),
        (Changes::default(), true),
        "the copy has occurrences of this series"
    );
    let (state, changes) = master("deleted");
    assert_eq!((ids(&changes), state.0.is_stale()), ((vec![], vec!["s_1", "s_2"]), false));
    assert_eq!(state.titles(), ["single as of 1"]);

    let mut state = MirroredCopy::of(&[]);
    let google = with(event("s", 1, 5), "original", json!({"recurrence": ["RRULE:FREQ=DAILY"]}));
    assert_eq!(state.deliver("created", google), Changes::default());
    assert!(state.0.is_stale());
    // Deliveries for an occurrence change only that occurrence.
    let mut state = MirroredCopy::of(&[occurrence("s_1", 1)]);
    assert_eq!(
        ids(&state.deliver("updated", with(occurrence("s_1", 1), "lastModified", "2026-11-21T10:00:09Z"))).0,
        ["s_1"]
    );
    assert_eq!(ids(&state.deliver("deleted", json!({"id": "s_1", "recurringEventId": "s"}))).1, ["s_1"]);
    assert!(!state.0.is_stale());
}

#[test]
fn possible_series_is_added_and_makes_a_sweep_due() {
    let mut state = MirroredCopy::of(&[]);
    let mut unclear = event("s", 1, 1);
    unclear.as_object_mut().unwrap().remove("original");
    assert_eq!(ids(&state.deliver("created", unclear)).0, ["s"]);
    assert!(state.0.is_stale());
    let occurrence = |id: &str, day| with(event(id, day, 1), "recurringEventId", "s");
    state.deliver("created", occurrence("s_1", 1));
    state.deliver("created", occurrence("s_2", 2));
    // Removing the master removes all its occurrences from the copy, so the sweep adds them all again.
    let changes = state.sweep(&[occurrence("s_1", 1), occurrence("s_2", 2)]);
    assert_eq!(ids(&changes), (vec!["s_1", "s_2"], vec!["s"]));
    assert_eq!(state.titles(), ["s_1 as of 1", "s_2 as of 1"]);
}

#[test]
fn unlisted_possible_series_makes_a_sweep_due() {
    let unclear = |modified| with(event("s", 1, modified), "original", Value::Null);
    let mut state = MirroredCopy::of(&[]);
    state.deliver("created", unclear(1));
    state.0.begin();
    state.deliver("updated", unclear(2));
    assert!(state.0.is_stale(), "a page may have listed old occurrences of the series");
    state.last_page(&[]);
    assert!(state.0.is_stale());
    state.sweep(&[event("s", 1, 2)]);
    assert!(!state.0.is_stale());
}

#[test]
fn older_page_does_not_restore_a_deleted_series() {
    let occurrence = |id: &str, day| with(event(id, day, 1), "recurringEventId", "s");
    let mut state = MirroredCopy::of(&[occurrence("s_1", 1)]);
    state.0.begin();
    state.deliver("deleted", json!({"id": "s", "lastModified": "2026-11-21T10:00:05Z"}));
    assert_eq!(state.deliver("updated", occurrence("s_1", 1)), Changes::default(), "late delivery");
    assert_eq!(state.last_page(&[occurrence("s_1", 1), occurrence("s_2", 2)]), Changes::default());
    assert!(state.1.is_empty() && !state.0.is_stale());
}

#[test]
fn deletion_without_calendar_finds_the_event_by_id() {
    let other = with(event("b", 2, 1), "calendarId", "home");
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 2, 1), other]);
    let brief = |id: &str| -> Delivery {
        decode(json!({"events": [{"id": id, "changeType": "deleted"}]}).to_string().as_bytes()).unwrap()
    };
    assert_eq!(ids(&state.0.delivered(&brief("a"))).1, ["a"]);
    state.sweep(&[event("b", 2, 1), with(event("b", 2, 1), "calendarId", "home")]);
    assert_eq!(state.0.delivered(&brief("b")), Changes::default(), "the id exists in two calendars");
    assert!(state.0.is_stale());
}

#[test]
fn delivery_without_times_makes_a_sweep_due_or_removes() {
    let without_times = |kind: &str, ids: &[&str]| -> Delivery {
        let events: Vec<_> = ids.iter().map(|id| json!({"id": id, "title": "x"})).collect();
        let body = json!({"eventType": kind, "provider": "google", "calendarId": "work", "events": events});
        decode(body.to_string().as_bytes()).unwrap()
    };
    for (kind, events, removed, stale) in [
        ("event.deleted", ["a"].as_slice(), 1, true),
        ("event.updated", &["a"], 0, true),
        ("event.deleted", &["a", "b"], 0, true),
        ("event.moved", &["a"], 0, true),
        ("", &["a"], 0, true),
        ("event.deleted", &[""], 0, true),
    ] {
        let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 1, 1)]);
        let changes = state.0.delivered(&without_times(kind, events));
        assert_eq!(
            (changes.removed.len(), changes.events.len(), state.0.is_stale()),
            (removed, 0, stale),
            "{kind}"
        );
    }
}

#[test]
fn incomplete_delivery_makes_a_sweep_due() {
    for body in [
        json!({"events": 5}),
        json!({"events": [], "metadata": {"eventCount": 2}}),
        json!({"provider": "google", "calendarId": "work", "events": [{"id": "a", "changeType": "created", "start": "soon"}]}),
    ] {
        let mut state = MirroredCopy::of(&[]);
        let delivery: Delivery = decode(body.to_string().as_bytes()).unwrap();
        assert_eq!((state.0.delivered(&delivery), state.0.is_stale()), (Changes::default(), true), "{body}");
    }
}

#[test]
fn last_change_of_an_event_in_a_delivery_wins() {
    let mut state = MirroredCopy::of(&[]);
    let created = with(event("a", 1, 1), "changeType", "created");
    let deleted = json!({"id": "a", "changeType": "deleted", "lastModified": "2026-11-21T10:00:05Z"});
    let body = json!({"provider": "google", "calendarId": "work", "changeType": "mixed", "events": [created, deleted]});
    let delivery: Delivery = decode(body.to_string().as_bytes()).unwrap();
    state.1.apply(state.0.delivered(&delivery));
    assert!(state.1.is_empty());
}

#[test]
fn delivery_for_another_calendar_is_ignored() {
    let mut mirror = december().calendar(("google", "home"));
    let changes = mirror.delivered(&delivery("created", event("a", 1, 1)));
    assert_eq!(changes, Changes::default());
}

#[test]
fn listed_event_without_calendar_id_is_matched() {
    let without_calendar = |id: &str, modified| {
        let mut event = event(id, 1, modified);
        event.as_object_mut().unwrap().remove("calendarId");
        event
    };
    // A mirror of a single calendar adds the calendar's id to events without a calendar id.
    let mut state = MirroredCopy(december().calendar(("google", "work")), EventCopy::new());
    state.sweep(&[without_calendar("a", 1)]);
    assert_eq!(state.1.iter().next().unwrap().calendar_id.as_deref(), Some("work"));
    assert_eq!(state.deliver("updated", event("a", 1, 1)), Changes::default(), "unchanged event");
    // In a mirror of several calendars, a delivery also updates a listed event that has no calendar id.
    let mut state = MirroredCopy::of(&[without_calendar("a", 1)]);
    assert_eq!(ids(&state.deliver("updated", event("a", 1, 2))).0, ["a"]);
    assert_eq!(state.titles(), ["a as of 2"]);
    assert_eq!(state.sweep(&[without_calendar("a", 2)]), Changes::default());
}

#[test]
fn moved_window_takes_effect_with_the_next_sweep() {
    let mut state = MirroredCopy::of(&[event("a", 1, 1), event("b", 20, 1)]);
    state.0.window(at("2026-12-15T00:00:00Z"), at("2027-01-15T00:00:00Z"));
    assert!(state.0.is_stale());
    assert_eq!(state.1.len(), 2, "the copy changes with the next sweep");
    state.0.begin();
    assert_eq!(query(&state.0)[0].1, "2026-12-15T00:00:00.000Z");
    assert_eq!(ids(&state.last_page(&[event("b", 20, 1)])), (vec![], vec!["a"]));
    assert!(!state.0.is_stale());
    // If the window moves during a sweep, the sweep ends in the old window, and another sweep is due.
    state.0.begin();
    state.0.window(at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    state.last_page(&[event("b", 20, 1)]);
    assert!(state.0.is_stale());
}
