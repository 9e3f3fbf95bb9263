//! Random tests of a copy that follows a Microsoft Graph calendar.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

#[path = "support/graph.rs"]
mod graph;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use connect_blocking::Request;
use connect_calendars::{
    outlook::EventFeed,
    sync::{ChangeFeed, EventCopy, round},
};
use graph::{Wire, response};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A model of the Graph delta query.
///
/// For a changed series, the query returns the series with its fields, and the occurrences without their
/// fields. The query never reports removed occurrences, even if the series became a single event.
#[derive(Default)]
struct Calendar {
    singles: BTreeMap<String, String>,
    series: BTreeMap<String, (String, BTreeSet<u8>)>,
    /// The ids of changed events, in order.
    log: Vec<String>,
    /// Links to positions in `log` before this position have expired.
    forgotten: usize,
    page_size: usize,
    fail_next: bool,
    instances: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Single(u8, String),
    Series(u8, String, BTreeSet<u8>),
    DropOccurrence(u8, u8),
    Remove(u8),
    Forget,
    Fail,
    Sync,
}

fn change() -> impl Strategy<Value = Change> {
    let title = "[a-z]{1,3}";
    prop_oneof![
        (0..6_u8, title).prop_map(|(id, title)| Change::Single(id, title)),
        (0..6_u8).prop_map(Change::Remove),
        (0..6_u8, title, proptest::collection::btree_set(1..9_u8, 0..5))
            .prop_map(|(id, title, days)| Change::Series(id, title, days)),
        (0..6_u8, 1..9_u8).prop_map(|(id, day)| Change::DropOccurrence(id, day)),
        Just(Change::Forget),
        Just(Change::Fail),
        Just(Change::Sync),
        Just(Change::Sync),
    ]
}

impl Calendar {
    fn change(&mut self, change: Change) {
        let touched = match change {
            Change::Single(id, title) => {
                let id = self.remove(id);
                self.singles.insert(id.clone(), title);
                id
            }
            Change::Series(id, title, days) => {
                let id = self.remove(id);
                self.series.insert(id.clone(), (title, days));
                id
            }
            Change::DropOccurrence(id, day) => {
                let Some((_, days)) = self.series.get_mut(&format!("e{id}")) else { return };
                days.remove(&day);
                format!("e{id}")
            }
            Change::Remove(id) => self.remove(id),
            Change::Forget => return self.forgotten = self.log.len() + 1,
            Change::Fail => return self.fail_next = true,
            Change::Sync => return,
        };
        self.log.push(touched);
    }

    /// Removes the event or series with this id. A new event may reuse the id.
    fn remove(&mut self, id: u8) -> String {
        let id = format!("e{id}");
        self.singles.remove(&id);
        self.series.remove(&id);
        id
    }

    fn expected_titles(&self) -> BTreeMap<String, String> {
        let occurrences = self.series.iter().flat_map(|(id, (title, days))| {
            days.iter().map(move |day| (format!("{id}-{day}"), title.clone()))
        });
        self.singles.clone().into_iter().chain(occurrences).collect()
    }

    fn respond(&mut self, request: &Request) -> (u16, Value) {
        if std::mem::take(&mut self.fail_next) {
            return (403, json!({"error": {"code": "ErrorAccessDenied"}}));
        }
        let path: Vec<&str> = request.uri().path().split('/').collect();
        if let [.., "events", id, "instances"] = path[..] {
            return match self.series.get(id).filter(|_| self.instances) {
                Some((title, days)) => {
                    let items: Vec<_> = days.iter().map(|day| occurrence(id, *day, Some(title))).collect();
                    (200, json!({"value": items}))
                }
                None => (404, json!({"error": {"code": "ErrorItemNotFound"}})),
            };
        }
        // The query is `since=..&at=..`, except in the initial request.
        let query: BTreeMap<String, String> =
            form_urlencoded::parse(request.uri().query().unwrap().as_bytes()).into_owned().collect();
        let number = |name: &str| query.get(name).map(|text| text.parse::<usize>().unwrap());
        let (since, at) = (number("since"), number("at").unwrap_or(0));
        if since.is_some_and(|since| since > 0 && since < self.forgotten) {
            return (410, json!({"error": {"code": "resyncRequired"}}));
        }
        let items = self.items(since.filter(|since| *since > 0));
        let page: Vec<_> = items.iter().skip(at).take(self.page_size).cloned().collect();
        let link =
            |since: usize, at: usize| format!("https://graph.microsoft.com/v1.0/d?since={since}&at={at}");
        let next = at + self.page_size;
        if next < items.len() {
            (200, json!({"value": page, "@odata.nextLink": link(since.unwrap_or(0), next)}))
        } else {
            (200, json!({"value": page, "@odata.deltaLink": link(self.log.len() + 1, 0)}))
        }
    }

    fn items(&self, since: Option<usize>) -> Vec<Value> {
        let touched: BTreeSet<String> = match since {
            Some(since) => self.log[since - 1..].iter().cloned().collect(),
            None => self.singles.keys().chain(self.series.keys()).cloned().collect(),
        };
        let mut items = Vec::new();
        for id in touched {
            if let Some(title) = self.singles.get(&id) {
                items.push(json!({"id": id, "type": "singleInstance", "subject": title, "isAllDay": false}));
            } else if let Some((title, days)) = self.series.get(&id) {
                items.extend(days.iter().map(|day| occurrence(&id, *day, None)));
                items.push(json!({"id": id, "type": "seriesMaster", "subject": title, "isAllDay": false}));
            } else {
                items.push(json!({"id": id, "@removed": {"reason": "deleted"}}));
            }
        }
        items
    }
}

fn occurrence(series: &str, day: u8, title: Option<&str>) -> Value {
    let start = json!({"dateTime": format!("2026-01-{day:02}T09:00:00.0000000"), "timeZone": "UTC"});
    let mut item = json!({"id": format!("{series}-{day}"), "type": "occurrence", "seriesMasterId": series, "start": start});
    if let Some(title) = title {
        item["subject"] = json!(title);
        item["isAllDay"] = json!(false);
    }
    item
}

fn new_feed() -> EventFeed {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    EventFeed::new(at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn copy_equals_the_calendar_after_random_changes(
        changes in proptest::collection::vec(change(), 1..40),
        page_size in 1..4_usize,
        instances in any::<bool>(),
    ) {
        let calendar = Arc::new(Mutex::new(Calendar { page_size, instances, ..Calendar::default() }));
        let server = Arc::clone(&calendar);
        let user = Wire::default().user(move |request| {
            let (status, body) = server.lock().unwrap().respond(request);
            Ok(response(status, &body.to_string()))
        });
        let (mut feed, mut copy) = (new_feed(), EventCopy::new());
        for change in changes.into_iter().chain([Change::Sync]) {
            let sync = matches!(change, Change::Sync);
            calendar.lock().unwrap().change(change);
            if !sync {
                continue;
            }
            // If a request fails, a second call of `round` continues the round. The next round starts from
            // the cursor.
            let changes = round(&user, &mut feed).or_else(|_| round(&user, &mut feed)).unwrap();
            copy.apply(changes);
            feed = new_feed().resume(&feed.cursor().unwrap()).unwrap();
            let seen: BTreeMap<_, _> = copy.iter().map(|event| (event.id.clone(), event.title.clone())).collect();
            prop_assert_eq!(seen, calendar.lock().unwrap().expected_titles());
        }
    }
}
