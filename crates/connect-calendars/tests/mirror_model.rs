//! Random tests of the mirror against a model of the service. Changes are random, pages are delayed, and
//! deliveries are lost, repeated and reordered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, ops::Range};

use connect_calendars::sync::{ChangeFeed, EventCopy, Mirror};
use connect_core::{
    Error, ErrorKind,
    types::{Delivery, EventPage, decode},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The window, in hours.
const WINDOW: Range<u32> = 10..30;
const PAGE: usize = 3;

/// An event of the service, or a series with its occurrences.
#[derive(Clone, Debug)]
struct Entry {
    start: u32,
    /// The occurrences of a series, by number.
    series: Option<BTreeMap<u32, Occurrence>>,
    modified: u32,
    /// Whether the provider omits `lastModified`.
    undated: bool,
    /// Whether a Google event has an original object, which distinguishes a series from a single event.
    has_original: bool,
}

#[derive(Clone, Debug)]
struct Occurrence {
    start: u32,
    modified: u32,
}

#[derive(Default)]
struct Service {
    entries: BTreeMap<u32, Entry>,
    clock: u32,
    outbox: Vec<Delivery>,
}

fn time(hour: u32) -> String {
    (Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour.into())).to_string()
}

fn second(tick: u32) -> String {
    (Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::from(tick) + 1_000_000)).to_string()
}

fn calendar_of(id: u32) -> (&'static str, &'static str) {
    [("google", "work"), ("google", "home"), ("apple", "work")][id as usize % 3]
}

impl Service {
    /// The listed events, sorted by start. A moved event may be on a different page than before.
    fn list(&self) -> Vec<(u32, Value)> {
        let mut all = Vec::new();
        for (id, entry) in &self.entries {
            match &entry.series {
                None => all.push((entry.start, self.event(*id, entry))),
                Some(series) => all
                    .extend(series.iter().map(|(n, one)| (one.start, self.occurrence(*id, entry, *n, one)))),
            }
        }
        all.retain(|(start, _)| WINDOW.contains(start));
        all.sort_by_key(|(start, event)| (*start, event["id"].to_string()));
        all
    }

    fn event(&self, id: u32, entry: &Entry) -> Value {
        let (provider, calendar) = calendar_of(id);
        let mut event = json!({
            "provider": provider, "calendarId": calendar, "id": format!("e{id}"),
            "title": format!("as of {}", entry.modified), "start": time(entry.start), "end": time(entry.start + 1),
        });
        if !entry.undated {
            event["lastModified"] = json!(second(entry.modified));
        }
        if entry.has_original && provider == "google" {
            let rules: Vec<_> = entry.series.iter().map(|_| "RRULE:FREQ=DAILY").collect();
            event["original"] = json!({ "recurrence": rules });
        }
        event
    }

    fn occurrence(&self, id: u32, entry: &Entry, number: u32, one: &Occurrence) -> Value {
        let single = Entry { start: one.start, modified: one.modified, series: None, ..entry.clone() };
        let mut event = self.event(id, &single);
        event["id"] = json!(format!("e{id}_{number}"));
        event["recurringEventId"] = json!(format!("e{id}"));
        event
    }

    fn send_delivery(&mut self, kind: &str, id: u32, mut event: Value) {
        let (provider, calendar) = calendar_of(id);
        event["changeType"] = json!(kind);
        let body = json!({
            "provider": provider, "calendarId": calendar, "timestamp": second(self.clock), "events": [event],
        });
        self.outbox.push(decode(body.to_string().as_bytes()).unwrap());
    }

    /// Makes one change. The clock advances with each change, so that the order of changes is known.
    fn change(&mut self, Change { id, start, what, undated, has_original }: Change) {
        self.clock += 1;
        let now = self.clock;
        let Some(entry) = self.entries.get_mut(&id) else {
            let series = (what % 3 == 0)
                .then(|| (0..4).map(|n| (n, Occurrence { start: start + n * 5, modified: now })).collect());
            let entry = Entry { start, series, modified: now, undated, has_original };
            let event = self.event(id, &entry);
            self.entries.insert(id, entry);
            return self.send_delivery("created", id, event);
        };
        let number = u32::from(what) % 4;
        let has = entry.series.as_ref().is_some_and(|series| series.contains_key(&number));
        match what % 8 {
            0 | 1 => {
                let gone = self.entries.remove(&id).unwrap();
                let mut brief = json!({ "id": format!("e{id}") });
                if what % 16 < 8 && !gone.undated {
                    brief["lastModified"] = json!(second(gone.modified)); // a deletion does not change `lastModified`
                }
                self.send_delivery("deleted", id, brief);
            }
            2 if has => {
                entry.series.as_mut().unwrap().remove(&number);
                let brief = json!({ "id": format!("e{id}_{number}"), "recurringEventId": format!("e{id}") });
                self.send_delivery("deleted", id, brief);
            }
            3 | 4 if has => {
                entry.series.as_mut().unwrap().insert(number, Occurrence { start, modified: now });
                let entry = self.entries[&id].clone();
                let event = self.occurrence(id, &entry, number, &entry.series.as_ref().unwrap()[&number]);
                self.send_delivery("updated", id, event);
            }
            _ => {
                let shift = |one: &mut Occurrence| *one = Occurrence { start: one.start + 1, modified: now };
                entry.series.iter_mut().flatten().for_each(|(_, one)| shift(one));
                (entry.start, entry.modified) = (start, now);
                let entry = self.entries[&id].clone();
                let event = self.event(id, &entry);
                self.send_delivery("updated", id, event);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Change {
    id: u32,
    start: u32,
    what: u8,
    undated: bool,
    has_original: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Change(Change),
    /// The service makes the page that the mirror requested, from its events at this moment.
    Read,
    /// The page reaches the mirror.
    Receive,
    Fail,
    /// A pending delivery arrives. If the flag is set, the delivery stays pending, and arrives again later.
    Deliver(prop::sample::Index, bool),
    Lose(prop::sample::Index),
    Begin,
    Restart,
}

fn steps(losing: bool) -> impl Strategy<Value = Vec<Step>> {
    let change = (0..9_u32, 0..40_u32, any::<u8>(), prop::bool::weighted(0.2), any::<bool>());
    let change = change.prop_map(|(id, start, what, undated, has_original)| {
        Step::Change(Change { id, start, what, undated, has_original })
    });
    let index = any::<prop::sample::Index>;
    let deliver = (index(), prop::bool::weighted(0.2)).prop_map(|(which, again)| Step::Deliver(which, again));
    let step = prop_oneof![
        6 => change,
        5 => Just(Step::Read),
        5 => Just(Step::Receive),
        1 => Just(Step::Fail),
        5 => deliver,
        u32::from(losing) => index().prop_map(Step::Lose),
        1 => Just(Step::Begin),
        u32::from(losing) => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..120)
}

struct Run {
    service: Service,
    mirror: Mirror,
    copy: EventCopy,
    /// The page that the service read and the mirror has not received yet.
    read: Option<EventPage>,
}

fn mirror() -> Mirror {
    let at = |hour: u32| time(hour).parse::<Timestamp>().unwrap();
    Mirror::new(at(WINDOW.start), at(WINDOW.end))
}

impl Run {
    fn new() -> Self {
        Self { service: Service::default(), mirror: mirror(), copy: EventCopy::new(), read: None }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Change(change) => self.service.change(change),
            Step::Read => self.read = self.read.take().or_else(|| self.page()),
            Step::Receive => self.receive_page(),
            Step::Fail => {
                if self.read.take().is_some() {
                    self.mirror.advance(Err(Error::new(ErrorKind::Server))).unwrap_err();
                }
            }
            Step::Deliver(which, again) => {
                if !self.service.outbox.is_empty() {
                    let place = which.index(self.service.outbox.len());
                    let delivery = self.service.outbox[place].clone();
                    if !again {
                        self.service.outbox.remove(place);
                    }
                    self.copy.apply(self.mirror.delivered(&delivery));
                }
            }
            Step::Lose(which) => {
                if !self.service.outbox.is_empty() {
                    self.service.outbox.remove(which.index(self.service.outbox.len()));
                }
            }
            Step::Begin => self.mirror.begin(),
            Step::Restart => {
                self.read = None;
                if let Some(cursor) = self.mirror.cursor() {
                    self.mirror = mirror().resume(&cursor, self.copy.fingerprints());
                }
            }
        }
    }

    /// The page that the service returns for the mirror's request.
    ///
    /// A page token contains the key of the last event of the previous page.
    fn page(&self) -> Option<EventPage> {
        let request = self.mirror.request()?;
        let query = connect_core::Endpoint::query(&request).unwrap();
        let token = query.into_iter().find(|(name, _)| name == "nextPageToken").map(|(_, token)| token);
        let after = token.map(|token| {
            let (start, id) = token.split_once(' ').unwrap();
            (start.parse::<u32>().unwrap(), id.to_owned())
        });
        let key = |(start, event): &(u32, Value)| (*start, event["id"].to_string());
        let mut rest = self.service.list();
        rest.retain(|one| after.as_ref().is_none_or(|after| key(one) > *after));
        let more = rest.len() > PAGE;
        rest.truncate(PAGE);
        let next = rest.last().filter(|_| more).map(|one| format!("{} {}", key(one).0, key(one).1));
        let events: Vec<_> = rest.into_iter().map(|(_, event)| event).collect();
        Some(decode(json!({ "events": events, "nextPageToken": next }).to_string().as_bytes()).unwrap())
    }

    fn receive_page(&mut self) {
        if let Some(page) = self.read.take() {
            if let Some(changes) = self.mirror.advance(Ok(page)).unwrap() {
                self.copy.apply(changes);
            }
        }
    }

    fn sweep(&mut self) {
        self.mirror.begin();
        while self.mirror.request().is_some() {
            self.read = self.page();
            self.receive_page();
        }
    }

    fn is_idle(&self) -> bool {
        self.mirror.request().is_none()
    }

    fn assert_copy_is_current(&self) {
        let mut listed = EventCopy::new();
        let events: Vec<_> = self.service.list().into_iter().map(|(_, event)| event).collect();
        let page: EventPage = decode(json!({ "events": events }).to_string().as_bytes()).unwrap();
        let mut changes = connect_calendars::sync::Changes::default();
        changes.events = page.events;
        listed.apply(changes);
        assert_eq!(self.copy, listed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    /// A sweep without concurrent changes must correct every error of the copy.
    #[test]
    fn sweep_without_changes_corrects_the_copy(steps in steps(true)) {
        let mut run = Run::new();
        steps.into_iter().for_each(|step| run.step(step));
        run.receive_page();
        run.sweep(); // finishes a sweep under way
        run.sweep();
        run.assert_copy_is_current();
        prop_assert!(!run.mirror.is_stale());
        // The cursor and the copy resume the mirror in another process.
        run.mirror = mirror().resume(&run.mirror.cursor().unwrap(), run.copy.fingerprints());
        run.sweep();
        run.assert_copy_is_current();
    }

    /// If no delivery is lost or pending, and no sweep is under way or due, the copy must be correct.
    #[test]
    fn copy_that_is_not_stale_is_correct(steps in steps(false)) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
            if run.service.outbox.is_empty() && run.is_idle() && !run.mirror.is_stale() {
                run.assert_copy_is_current();
            }
        }
        run.receive_page();
        run.sweep();
        while !run.service.outbox.is_empty() {
            let which = run.service.clock;
            let place = which as usize % run.service.outbox.len();
            let delivery = run.service.outbox.remove(place);
            run.copy.apply(run.mirror.delivered(&delivery));
        }
        if !run.mirror.is_stale() {
            run.assert_copy_is_current();
        }
    }
}
