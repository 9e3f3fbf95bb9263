//! A copy of Connect's calendars, rule by rule: pages and deliveries in every order.
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

/// An event on that day of December, modified at that second.
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

/// In the documented shape; told ten minutes later than anything here was modified, unless the event says when.
fn delivery(kind: &str, event: Value) -> Delivery {
    let second = event.get("lastModified").cloned().unwrap_or(json!("2026-11-21T10:10:00Z"));
    let body = json!({
        "provider": "google", "calendarId": "work", "userId": "ada", "timestamp": second,
        "events": [with(event.clone(), "changeType", kind)],
    });
    decode(body.to_string().as_bytes()).unwrap()
}

/// The query of what it asks next.
fn query(mirror: &Mirror) -> Vec<(String, String)> {
    let request = mirror.request().unwrap();
    Endpoint::query(&request).unwrap().into_iter().map(|(name, value)| (name.into_owned(), value)).collect()
}

/// A mirror and its copy.
struct Kept(Mirror, EventCopy);

impl Kept {
    /// After a first sweep that showed these.
    fn of(events: &[Value]) -> Self {
        let mut kept = Self(december(), EventCopy::new());
        kept.sweep(events);
        kept
    }

    fn sweep(&mut self, events: &[Value]) -> Changes {
        self.0.begin();
        self.last(events)
    }

    /// The last page of a sweep.
    fn last(&mut self, events: &[Value]) -> Changes {
        let changes = self.0.answered(Ok(page(events, None))).unwrap().expect("the end of the sweep");
        self.1.apply(changes.clone());
        changes
    }

    fn page(&mut self, events: &[Value], next: &str) {
        assert!(self.0.answered(Ok(page(events, Some(next)))).unwrap().is_none());
    }

    fn hears(&mut self, kind: &str, event: Value) -> Changes {
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
fn a_sweep_tells_what_is_new_differs_and_is_gone() {
    let mut kept = Kept(december(), EventCopy::new());
    assert!(kept.0.is_stale() && kept.0.cursor().is_none() && kept.0.request().is_none());
    kept.0.begin();
    assert!(!kept.0.is_stale() && kept.0.cursor().is_none());
    kept.page(&[event("a", 1, 1)], "t1");
    kept.page(&[], "t2");
    let first = kept.last(&[event("b", 2, 1)]);
    assert!(first.full && !kept.0.is_stale() && kept.0.request().is_none());
    assert_eq!(ids(&first), (vec!["a", "b"], vec![]));

    let nothing = kept.sweep(&[event("a", 1, 1), event("b", 2, 1)]);
    assert_eq!(nothing, Changes::default());
    let second = kept.sweep(&[event("b", 2, 2), event("c", 3, 1)]);
    assert_eq!(ids(&second), (vec!["b", "c"], vec!["a"]));
    assert_eq!(kept.titles(), ["b as of 2", "c as of 1"]);
}

#[test]
fn it_asks_for_the_window_the_calendars_and_each_page_once() {
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
    assert_eq!(query(&mirror), expected, "until it is answered");
    mirror.answered(Ok(page(&[], Some("t1")))).unwrap();
    assert_eq!(query(&mirror).last().unwrap(), &("nextPageToken".to_owned(), "t1".to_owned()));
    mirror.begin();
    assert_eq!(query(&mirror).last().unwrap().1, "t1", "a round that is under way goes on");
}

#[test]
fn an_error_leaves_the_sweep_where_it_is() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    kept.0.begin();
    kept.page(&[event("a", 1, 1)], "t1");
    let request = kept.0.request();
    for kind in [ErrorKind::Server, ErrorKind::Timeout, ErrorKind::Authentication] {
        let error = kept.0.answered(Err(Error::new(kind))).unwrap_err();
        assert_eq!(kept.0.request(), request, "{error}");
    }
    let error = kept.0.answered(Ok(page(&[event("x", 1, 1)], Some("t1")))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PageLoop));
    assert_eq!(kept.0.request(), request);
    assert_eq!(ids(&kept.last(&[event("b", 2, 1)])), (vec!["b"], vec![]), "nothing of the page that looped");
}

#[test]
fn a_page_token_that_is_refused_begins_again() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    kept.0.begin();
    let first = kept.0.request();
    let refused = || Err(Error::validation("Invalid nextPageToken"));
    assert!(kept.0.answered(refused()).is_err(), "without a token it is the request that is wrong");
    kept.page(&[event("a", 1, 2)], "t1");
    assert!(kept.0.answered(refused()).unwrap().is_none());
    assert_eq!(kept.0.request(), first);
    kept.page(&[event("a", 1, 3)], "t1");
    assert!(kept.0.answered(refused()).is_err(), "not for ever");
    assert_eq!(kept.0.request(), first, "whoever goes on all the same has a chance");
    assert_eq!(ids(&kept.last(&[event("b", 1, 1)])), (vec!["b"], vec!["a"]));
}

#[test]
fn the_cursor_goes_on_after_a_restart() {
    let mut kept = Kept::of(&[event("a", 1, 1), event("b", 2, 1)]);
    kept.hears("created", event("c", 3, 1));
    let cursor = Cursor::new(kept.0.cursor().unwrap().as_str());
    kept.0 = december().resume(&cursor);
    assert!(kept.0.is_stale(), "what was delivered meanwhile is not known, nor what went before");
    assert_eq!(kept.0.cursor(), Some(cursor));
    let changes = kept.sweep(&[event("a", 1, 1), event("b", 2, 2), event("d", 4, 1)]);
    assert!(!changes.full);
    assert_eq!(ids(&changes), (vec!["b", "d"], vec!["c"]));

    let mut unreadable = december().resume(&Cursor::new("of something else"));
    assert!(unreadable.is_stale());
    unreadable.begin();
    assert!(unreadable.answered(Ok(page(&[], None))).unwrap().unwrap().full);
}

#[test]
fn a_delivery_changes_the_copy_at_once() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    assert_eq!(ids(&kept.hears("created", event("b", 2, 2))), (vec!["b"], vec![]));
    assert_eq!(ids(&kept.hears("updated", event("a", 1, 3))), (vec!["a"], vec![]));
    assert_eq!(kept.titles(), ["a as of 3", "b as of 2"]);
    assert_eq!(ids(&kept.hears("deleted", json!({"id": "a"}))), (vec![], vec!["a"]));
    assert_eq!(kept.titles(), ["b as of 2"]);
    assert!(!kept.0.is_stale());
    assert_eq!(kept.sweep(&[event("b", 2, 2)]), Changes::default(), "the next sweep finds nothing to add");
}

#[test]
fn what_leaves_the_window_goes_and_what_enters_comes() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    let away = with(event("a", 1, 2), "start", "2027-02-01T09:00:00Z");
    let away = with(away, "end", "2027-02-01T10:00:00Z");
    assert_eq!(ids(&kept.hears("updated", away.clone())), (vec![], vec!["a"]));
    assert_eq!(kept.hears("updated", away), Changes::default());
    assert_eq!(kept.hears("updated", event("a", 1, 1)), Changes::default(), "late");
    assert_eq!(ids(&kept.hears("updated", event("a", 1, 3))), (vec!["a"], vec![]));
    assert!(!kept.0.is_stale());
}

#[test]
fn repeated_and_late_deliveries_change_nothing() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    kept.hears("updated", event("a", 1, 3));
    assert_eq!(kept.hears("updated", event("a", 1, 3)), Changes::default(), "repeated");
    assert_eq!(kept.hears("updated", event("a", 1, 2)), Changes::default(), "late");
    kept.hears("deleted", with(json!({"id": "a"}), "lastModified", "2026-11-21T10:00:05Z"));
    for modified in [3, 4, 5] {
        assert_eq!(kept.hears("updated", event("a", 1, modified)), Changes::default(), "after its deletion");
    }
    kept.sweep(&[]);
    assert_eq!(kept.hears("updated", event("a", 1, 4)), Changes::default(), "and after a sweep");
    assert!(!kept.0.is_stale());
    assert_eq!(ids(&kept.hears("created", event("a", 1, 6))), (vec!["a"], vec![]), "restored");
    // A deletion that was overtaken by the restoration.
    let late = with(json!({"id": "a"}), "lastModified", "2026-11-21T10:00:05Z");
    assert_eq!(kept.hears("deleted", late), Changes::default());
    assert!(kept.0.is_stale());
}

#[test]
fn what_a_sweep_removed_does_not_come_back_with_a_late_delivery() {
    let mut kept = Kept::of(&[event("a", 1, 3)]);
    kept.sweep(&[]);
    assert_eq!(kept.hears("updated", event("a", 1, 3)), Changes::default());
    assert_eq!(kept.hears("updated", event("a", 1, 2)), Changes::default());
    assert_eq!(ids(&kept.hears("updated", event("a", 1, 4))), (vec!["a"], vec![]));
}

#[test]
fn event_that_left_the_window_stays_away_after_a_late_deletion() {
    let mut kept = Kept::of(&[]);
    let away = with(event("a", 1, 7), "start", "2027-02-01T09:00:00Z");
    kept.hears("updated", with(away, "end", "2027-02-01T10:00:00Z"));
    // It was deleted at 3, restored at 5 and moved at 7.
    kept.hears("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:03Z"}));
    assert_eq!(kept.hears("created", event("a", 1, 5)), Changes::default());
    assert!(kept.1.is_empty() && !kept.0.is_stale());
    assert_eq!(ids(&kept.hears("updated", event("a", 1, 8))).0, ["a"]);
}

#[test]
fn event_that_left_the_window_undated_makes_a_sweep_due_after_a_deletion() {
    let mut kept = Kept::of(&[]);
    let away = with(event("a", 1, 7), "start", "2027-02-01T09:00:00Z");
    let mut away = with(away, "end", "2027-02-01T10:00:00Z");
    kept.hears("updated", away.clone());
    away.as_object_mut().unwrap().remove("lastModified");
    kept.hears("updated", away);
    kept.sweep(&[]);
    // It was deleted at 3 and restored at 5, both before it left the window at 7.
    kept.hears("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:03Z"}));
    kept.hears("created", event("a", 1, 5));
    assert!(kept.0.is_stale());
}

#[test]
fn event_that_may_have_become_a_series_makes_a_sweep_due() {
    let unclear = |modified| with(event("a", 1, modified), "original", Value::Null);
    let mut kept = Kept::of(&[unclear(1)]);
    assert_eq!(ids(&kept.hears("updated", unclear(2))).0, ["a"]);
    assert!(kept.0.is_stale());
}

#[test]
fn late_occurrence_older_than_its_series_is_ignored() {
    let late = with(event("s_1", 2, 3), "recurringEventId", "s");
    let google = with(event("s", 1, 5), "original", json!({"recurrence": ["RRULE:FREQ=DAILY"]}));
    let unclear = with(event("s", 1, 5), "original", Value::Null);
    let away = with(unclear.clone(), "start", "2027-02-01T09:00:00Z");
    let away = with(away, "end", "2027-02-01T10:00:00Z");
    for series in [google, unclear, away] {
        let mut kept = Kept::of(&[]);
        kept.hears("updated", series.clone());
        assert!(kept.0.is_stale());
        kept.sweep(&[]);
        assert_eq!(kept.hears("updated", late.clone()), Changes::default(), "{series}");
        assert!(kept.1.is_empty() && !kept.0.is_stale(), "{series}");
        let later = with(late.clone(), "lastModified", "2026-11-21T10:00:09Z");
        assert_eq!(ids(&kept.hears("updated", later)).0, ["s_1"], "{series}");
    }
}

#[test]
fn late_occurrence_of_a_series_whose_deletion_came_late_is_ignored() {
    // A series with this id was deleted at 5; the event that took its place is known.
    let mut kept = Kept::of(&[event("s", 1, 9)]);
    kept.hears("deleted", json!({"id": "s", "lastModified": "2026-11-21T10:00:05Z"}));
    assert!(kept.0.is_stale());
    kept.sweep(&[event("s", 1, 9)]);
    let late = with(event("s_1", 2, 3), "recurringEventId", "s");
    assert_eq!(kept.hears("updated", late), Changes::default());
    assert_eq!(kept.titles(), ["s as of 9"]);
    assert!(!kept.0.is_stale());
}

#[test]
fn late_deletion_during_a_sweep_hides_no_page() {
    let mut kept = Kept::of(&[event("a", 1, 9)]);
    kept.0.begin();
    kept.hears("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:05Z"}));
    assert_eq!(kept.last(&[event("a", 1, 9)]), Changes::default());
    assert_eq!(kept.titles(), ["a as of 9"]);
}

#[test]
fn an_order_that_cannot_be_told_makes_a_sweep_due() {
    let undated = |title: &str| {
        let mut event = with(event("a", 1, 1), "title", title);
        event.as_object_mut().unwrap().remove("lastModified");
        event
    };
    let mut kept = Kept::of(&[undated("one")]);
    assert_eq!(ids(&kept.hears("updated", undated("two"))), (vec!["a"], vec![]));
    assert!(kept.0.is_stale());
    kept.sweep(&[undated("two")]);
    assert!(!kept.0.is_stale());
    kept.hears("deleted", json!({"id": "a"}));
    assert_eq!(kept.hears("updated", undated("two")), Changes::default());
    assert!(kept.0.is_stale(), "late, or restored");

    // Two changes within one tick.
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    assert_eq!(ids(&kept.hears("updated", with(event("a", 1, 1), "title", "two"))).0, ["a"]);
    assert!(kept.0.is_stale());
}

#[test]
fn a_page_does_not_bring_back_what_was_deleted_before_or_after_it_came() {
    let mut kept = Kept::of(&[event("a", 1, 1), event("b", 2, 1)]);
    kept.0.begin();
    kept.page(&[event("a", 1, 1)], "t1"); // read and answered, then deleted
    assert_eq!(
        ids(&kept.hears("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:05Z"}))).1,
        ["a"]
    );
    kept.hears("deleted", json!({"id": "b", "lastModified": "2026-11-21T10:00:05Z"}));
    let changes = kept.last(&[event("b", 2, 1), event("c", 3, 1)]); // read, deleted, then answered
    assert_eq!(ids(&changes), (vec!["c"], vec![]));
    assert!(!kept.0.is_stale());
    assert_eq!(kept.titles(), ["c as of 1"]);
    // The pages of the next sweep are read after the deletion: what they show is there again.
    assert_eq!(ids(&kept.sweep(&[event("a", 1, 1), event("c", 3, 1)])), (vec!["a"], vec![]));
}

#[test]
fn a_page_that_shows_what_was_deleted_in_a_later_state_makes_a_sweep_due() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    kept.0.begin();
    kept.hears("deleted", json!({"id": "a", "lastModified": "2026-11-21T10:00:05Z"}));
    assert_eq!(kept.last(&[event("a", 1, 9)]), Changes::default());
    assert!(kept.0.is_stale());
    assert_eq!(ids(&kept.sweep(&[event("a", 1, 9)])).0, ["a"]);
}

#[test]
fn what_was_delivered_during_a_sweep_stays_though_no_page_showed_it() {
    let mut kept = Kept::of(&[event("a", 1, 1)]);
    kept.0.begin();
    kept.page(&[], "t1");
    kept.hears("created", event("b", 2, 1));
    kept.hears("updated", event("a", 1, 2)); // it moved from the second page to the first
    assert_eq!(kept.last(&[]), Changes::default());
    assert_eq!(kept.titles(), ["a as of 2", "b as of 1"]);
    assert_eq!(ids(&kept.sweep(&[event("a", 1, 2)])), (vec![], vec!["b"]), "the next sweep decides");
}

#[test]
fn an_older_page_does_not_undo_a_delivery() {
    let mut kept = Kept::of(&[event("a", 1, 1), event("b", 2, 1), event("c", 3, 1)]);
    kept.0.begin();
    kept.page(&[event("a", 1, 2)], "t1"); // answered before the delivery
    kept.hears("updated", event("a", 1, 3));
    kept.hears("updated", event("b", 2, 3));
    let away = with(with(event("c", 3, 3), "start", "2027-02-01T09:00:00Z"), "end", "2027-02-01T10:00:00Z");
    kept.hears("updated", away);
    let changes = kept.last(&[event("b", 2, 2), event("c", 3, 2)]); // read before, answered after
    assert_eq!(changes, Changes::default());
    assert_eq!(kept.titles(), ["a as of 3", "b as of 3"]);
    assert!(!kept.0.is_stale());
}

#[test]
fn a_later_page_goes_beyond_a_delivery() {
    let mut kept = Kept::of(&[event("a", 1, 1), event("b", 2, 1)]);
    kept.0.begin();
    kept.hears("updated", event("a", 1, 2));
    let away = with(with(event("b", 3, 2), "start", "2027-02-01T09:00:00Z"), "end", "2027-02-01T10:00:00Z");
    kept.hears("updated", away);
    assert_eq!(ids(&kept.last(&[event("a", 1, 3), event("b", 2, 3)])), (vec!["a", "b"], vec![]));
    assert_eq!(kept.titles(), ["a as of 3", "b as of 3"]);
}

#[test]
fn the_first_sweep_holds_what_was_delivered_meanwhile() {
    let mut kept = Kept(december(), EventCopy::new());
    kept.hears("created", event("before", 1, 1));
    kept.0.begin();
    kept.page(&[event("a", 1, 1), event("b", 1, 1)], "t1");
    kept.hears("created", event("c", 2, 1));
    kept.hears("updated", event("a", 1, 2));
    kept.hears("deleted", json!({"id": "b"}));
    let changes = kept.last(&[event("d", 4, 1)]);
    assert!(changes.full);
    assert_eq!(kept.titles(), ["a as of 2", "c as of 1", "d as of 1"]);
}

#[test]
fn an_event_that_is_shown_twice_counts_in_its_later_state() {
    let mut kept = Kept::of(&[]);
    for (one, other) in [(1, 2), (4, 3)] {
        kept.0.begin();
        kept.page(&[event("a", 1, one)], "t1");
        kept.last(&[event("a", 5, other)]);
        assert_eq!(kept.titles(), [format!("a as of {}", one.max(other))]);
    }
}

#[test]
fn a_change_of_a_series_makes_a_sweep_due() {
    let occurrence = |id: &str, day| with(event(id, day, 1), "recurringEventId", "s");
    let master = |kind: &str| {
        let mut kept = Kept::of(&[occurrence("s_1", 1), occurrence("s_2", 2), event("single", 3, 1)]);
        let changes = kept.hears(kind, event("s", 1, 5));
        (kept, changes)
    };
    let (kept, changes) = master("updated");
    assert_eq!((changes, kept.0.is_stale()), (Changes::default(), true), "known events refer to it");
    let (kept, changes) = master("deleted");
    assert_eq!((ids(&changes), kept.0.is_stale()), ((vec![], vec!["s_1", "s_2"]), false));
    assert_eq!(kept.titles(), ["single as of 1"]);

    let mut kept = Kept::of(&[]);
    let google = with(event("s", 1, 5), "original", json!({"recurrence": ["RRULE:FREQ=DAILY"]}));
    assert_eq!(kept.hears("created", google), Changes::default());
    assert!(kept.0.is_stale());
    // An occurrence is an event like others.
    let mut kept = Kept::of(&[occurrence("s_1", 1)]);
    assert_eq!(
        ids(&kept.hears("updated", with(occurrence("s_1", 1), "lastModified", "2026-11-21T10:00:09Z"))).0,
        ["s_1"]
    );
    assert_eq!(ids(&kept.hears("deleted", json!({"id": "s_1", "recurringEventId": "s"}))).1, ["s_1"]);
    assert!(!kept.0.is_stale());
}

#[test]
fn what_may_be_a_series_is_taken_and_a_sweep_is_due() {
    let mut kept = Kept::of(&[]);
    let mut unclear = event("s", 1, 1);
    unclear.as_object_mut().unwrap().remove("original");
    assert_eq!(ids(&kept.hears("created", unclear)).0, ["s"]);
    assert!(kept.0.is_stale());
    let occurrence = |id: &str, day| with(event(id, day, 1), "recurringEventId", "s");
    kept.hears("created", occurrence("s_1", 1));
    kept.hears("created", occurrence("s_2", 2));
    // To remove the master removes its occurrences from the copy, those that have not changed among them.
    let changes = kept.sweep(&[occurrence("s_1", 1), occurrence("s_2", 2)]);
    assert_eq!(ids(&changes), (vec!["s_1", "s_2"], vec!["s"]));
    assert_eq!(kept.titles(), ["s_1 as of 1", "s_2 as of 1"]);
}

#[test]
fn what_may_be_a_series_and_no_page_showed_makes_a_sweep_due() {
    let unclear = |modified| with(event("s", 1, modified), "original", Value::Null);
    let mut kept = Kept::of(&[]);
    kept.hears("created", unclear(1));
    kept.0.begin();
    kept.hears("updated", unclear(2));
    assert!(kept.0.is_stale(), "a page may have shown its occurrences as they were");
    kept.last(&[]);
    assert!(kept.0.is_stale());
    kept.sweep(&[event("s", 1, 2)]);
    assert!(!kept.0.is_stale());
}

#[test]
fn a_deleted_series_does_not_come_back_with_an_older_page() {
    let occurrence = |id: &str, day| with(event(id, day, 1), "recurringEventId", "s");
    let mut kept = Kept::of(&[occurrence("s_1", 1)]);
    kept.0.begin();
    kept.hears("deleted", json!({"id": "s", "lastModified": "2026-11-21T10:00:05Z"}));
    assert_eq!(kept.hears("updated", occurrence("s_1", 1)), Changes::default(), "nor with a late delivery");
    assert_eq!(kept.last(&[occurrence("s_1", 1), occurrence("s_2", 2)]), Changes::default());
    assert!(kept.1.is_empty() && !kept.0.is_stale());
}

#[test]
fn a_deleted_event_need_not_say_where_it_was() {
    let other = with(event("b", 2, 1), "calendarId", "home");
    let mut kept = Kept::of(&[event("a", 1, 1), event("b", 2, 1), other]);
    let brief = |id: &str| -> Delivery {
        decode(json!({"events": [{"id": id, "changeType": "deleted"}]}).to_string().as_bytes()).unwrap()
    };
    assert_eq!(ids(&kept.0.delivered(&brief("a"))).1, ["a"]);
    kept.sweep(&[event("b", 2, 1), with(event("b", 2, 1), "calendarId", "home")]);
    assert_eq!(kept.0.delivered(&brief("b")), Changes::default(), "in which of the two calendars?");
    assert!(kept.0.is_stale());
}

#[test]
fn the_shape_without_times_makes_a_sweep_due_or_removes() {
    let vector = |kind: &str, ids: &[&str]| -> Delivery {
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
        let mut kept = Kept::of(&[event("a", 1, 1), event("b", 1, 1)]);
        let changes = kept.0.delivered(&vector(kind, events));
        assert_eq!(
            (changes.removed.len(), changes.events.len(), kept.0.is_stale()),
            (removed, 0, stale),
            "{kind}"
        );
    }
}

#[test]
fn a_delivery_that_could_not_be_read_whole_makes_a_sweep_due() {
    for body in [
        json!({"events": 5}),
        json!({"events": [], "metadata": {"eventCount": 2}}),
        json!({"provider": "google", "calendarId": "work", "events": [{"id": "a", "changeType": "created", "start": "soon"}]}),
    ] {
        let mut kept = Kept::of(&[]);
        let delivery: Delivery = decode(body.to_string().as_bytes()).unwrap();
        assert_eq!((kept.0.delivered(&delivery), kept.0.is_stale()), (Changes::default(), true), "{body}");
    }
}

#[test]
fn the_last_change_of_a_delivery_counts() {
    let mut kept = Kept::of(&[]);
    let created = with(event("a", 1, 1), "changeType", "created");
    let deleted = json!({"id": "a", "changeType": "deleted", "lastModified": "2026-11-21T10:00:05Z"});
    let body = json!({"provider": "google", "calendarId": "work", "changeType": "mixed", "events": [created, deleted]});
    let delivery: Delivery = decode(body.to_string().as_bytes()).unwrap();
    kept.1.apply(kept.0.delivered(&delivery));
    assert!(kept.1.is_empty());
}

#[test]
fn other_calendars_are_not_heard_of() {
    let mut mirror = december().calendar(("google", "home"));
    let changes = mirror.delivered(&delivery("created", event("a", 1, 1)));
    assert_eq!(changes, Changes::default());
}

#[test]
fn lists_need_not_name_their_calendars() {
    let nameless = |id: &str, modified| {
        let mut event = event(id, 1, modified);
        event.as_object_mut().unwrap().remove("calendarId");
        event
    };
    // Of one calendar it is clear which one it is.
    let mut kept = Kept(december().calendar(("google", "work")), EventCopy::new());
    kept.sweep(&[nameless("a", 1)]);
    assert_eq!(kept.1.iter().next().unwrap().calendar_id.as_deref(), Some("work"));
    assert_eq!(kept.hears("updated", event("a", 1, 1)), Changes::default(), "the same");
    // Of several, deliveries still find theirs.
    let mut kept = Kept::of(&[nameless("a", 1)]);
    assert_eq!(ids(&kept.hears("updated", event("a", 1, 2))).0, ["a"]);
    assert_eq!(kept.titles(), ["a as of 2"]);
    assert_eq!(kept.sweep(&[nameless("a", 2)]), Changes::default());
}

#[test]
fn the_window_slides() {
    let mut kept = Kept::of(&[event("a", 1, 1), event("b", 20, 1)]);
    kept.0.window(at("2026-12-15T00:00:00Z"), at("2027-01-15T00:00:00Z"));
    assert!(kept.0.is_stale());
    assert_eq!(kept.1.len(), 2, "until the next sweep");
    kept.0.begin();
    assert_eq!(query(&kept.0)[0].1, "2026-12-15T00:00:00.000Z");
    assert_eq!(ids(&kept.last(&[event("b", 20, 1)])), (vec![], vec!["a"]));
    assert!(!kept.0.is_stale());
    // A sweep of the old window goes on as it began, and another one is due.
    kept.0.begin();
    kept.0.window(at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    kept.last(&[event("b", 20, 1)]);
    assert!(kept.0.is_stale());
}
