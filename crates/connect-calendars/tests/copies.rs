//! Tests of three copies of the same calendars, read through Connect, Google and Outlook.
//!
//! Random changes are made through all three services. Sync tokens and delta links expire, pages are delayed,
//! and deliveries are lost, repeated and reordered. In the end, each copy must equal the list of events that
//! its service returns.
//!
//! `SYNC_CHANGES` sets the number of changes, `SYNC_SEED` the seed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

#[path = "support/sandbox_world.rs"]
mod sandbox_world;

use std::collections::BTreeMap;

use connect_blocking::User;
use connect_calendars::{
    backend::{Backend, CalendarBackend, Connect, Google, Outlook},
    google, outlook,
    sync::{ChangeFeed, EventCopy, Mirror},
};
use connect_core::{
    Caller, Endpoint, Error, ErrorKind,
    types::{CalendarRef, Delivery, EventStatus, ListCalendars, NewEvent, Provider, Recurrence},
};
use jiff::{SignedDuration, Timestamp};
use sandbox_world::{
    CONNECT_WEBHOOKS, Random, World, assert_same, by_id, compare_google, compare_outlook, primary,
};
use serde_json::Value;

#[test]
fn copies_equal_the_server_lists_after_random_changes() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (changes, seed) = (number("SYNC_CHANGES", 1_500), number("SYNC_SEED", 5));
    let mut run = Run::new(seed);
    let mut tried = 0;
    while run.counts["changes"] < changes {
        run.step();
        tried += 1;
        assert!(tried < changes * 40, "nothing changes: {:?}", run.counts);
    }
    run.finish();
    println!("seed {seed}: {:?}", run.counts);
    for what in [
        "by connect",
        "by google",
        "by outlook",
        "created",
        "series",
        "days",
        "updated",
        "deleted",
        "refused",
        "google rounds",
        "outlook rounds",
        "connect rounds",
        "google full",
        "outlook full",
        "expiries",
        "resumed",
        "delivered",
        "lost",
        "repeated",
    ] {
        assert!(run.counts.get(what).is_some_and(|count| *count > 0), "{what}: {:?}", run.counts);
    }
}

struct Run {
    world: World,
    random: Random,
    start: Timestamp,
    end: Timestamp,
    /// The backends that make changes, one for each service.
    writers: Vec<(&'static str, Box<dyn CalendarBackend>)>,
    calendars: Vec<Vec<CalendarRef>>,
    google: Follower<google::EventFeed>,
    outlook: Follower<outlook::EventFeed>,
    connect: Follower<Mirror>,
    inbox: Vec<Delivery>,
    counts: BTreeMap<&'static str, u64>,
}

/// A copy and the feed that updates it.
struct Follower<F: ChangeFeed> {
    user: User,
    feed: F,
    copy: EventCopy,
    /// A response that the feed has not received yet.
    response: Option<Result<<F::Request as Endpoint>::Output, Error>>,
}

impl<F: ChangeFeed<Request: Sync>> Follower<F> {
    fn new(user: User, feed: F) -> Self {
        Self { user, feed, copy: EventCopy::new(), response: None }
    }

    /// Sends a request, or passes the response that the previous call of this method received to the feed.
    ///
    /// Returns whether the round read all events if the response ended a round, and `None` otherwise.
    fn step(&mut self) -> Option<bool> {
        self.feed.begin();
        let Some(response) = self.response.take() else {
            self.response = self.feed.request().map(|request| self.user.call(&request));
            return None;
        };
        let changes = match self.feed.advance(response) {
            Ok(changes) => changes?,
            // Tokens expired repeatedly in one round, so the next round reads all events.
            Err(error) => {
                assert_eq!(error.status().map(|status| status.as_u16()), Some(410), "{error:?}");
                return None;
            }
        };
        let full = changes.full;
        self.copy.apply(changes);
        Some(full)
    }
}

impl Run {
    fn new(seed: u64) -> Self {
        let world = World::new(seed, &CONNECT_WEBHOOKS);
        let (connect, google, outlook) = (world.connect(), world.google(), world.outlook());
        let now = Timestamp::from_second(world.now().as_second()).unwrap();
        let days = SignedDuration::from_hours(24);
        let (start, end) = (now - days * 3, now + days * 11);
        let writers: Vec<(&str, Box<dyn CalendarBackend>)> = vec![
            ("by connect", Box::new(Backend::new(Connect::new(), connect.clone()))),
            ("by google", Box::new(Backend::new(Google::new(), google.clone()))),
            ("by outlook", Box::new(Backend::new(Outlook::new(), outlook.clone()))),
        ];
        let all = connect.call(&ListCalendars::new()).unwrap();
        let own = |provider: Provider, id: String| vec![CalendarRef::new(provider, id)];
        let google_id = primary(&world, &google, "/google/calendar/v3/calendars/primary");
        let outlook_id = primary(&world, &outlook, "/microsoft/graph/v1.0/me/calendar");
        let calendars = vec![
            all.iter().map(CalendarRef::from).collect(),
            own(Provider::Google, google_id.clone()),
            own(Provider::Microsoft, outlook_id.clone()),
        ];
        let feed = outlook::EventFeed::new(start, end).calendar(&outlook_id).page_size(20);
        Self {
            google: Follower::new(google, google::EventFeed::new(google_id).page_size(20)),
            outlook: Follower::new(outlook, feed),
            connect: Follower::new(connect, Mirror::new(start, end).page_size(100)),
            random: Random(seed * 2_654_435_761 + 1),
            counts: BTreeMap::from([("changes", 0)]),
            inbox: Vec::new(),
            world,
            start,
            end,
            writers,
            calendars,
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        match self.random.below(24) {
            0..=9 => self.change(),
            10..=12 => {
                let ended = self.google.step();
                self.ended(ended, ["google rounds", "google full"]);
            }
            13..=15 => {
                let ended = self.outlook.step();
                self.ended(ended, ["outlook rounds", "outlook full"]);
            }
            16 => {
                let ended = self.connect.step();
                self.ended(ended, ["connect rounds", "connect full"]);
            }
            17..=20 => self.deliver(),
            21 if self.random.below(12) == 0 => {
                self.world.with(|sandbox, _| sandbox.expire_sync_tokens());
                self.count("expiries");
            }
            22 if self.random.below(12) == 0 => self.resume(),
            _ => self.world.advance(47),
        }
        self.world.advance(1);
        self.inbox.extend(self.world.webhooks());
        if self.inbox.len() > 200 {
            self.inbox.drain(..100);
            self.count("lost");
        }
    }

    fn ended(&mut self, ended: Option<bool>, [rounds, full]: [&'static str; 2]) {
        if let Some(everything) = ended {
            self.count(rounds);
            if everything {
                self.count(full);
            }
        }
    }

    /// Makes a change as one of the three users.
    fn change(&mut self) {
        let who = self.random.below(3);
        // Many events would slow the test down.
        let many = self.connect.copy.len() > 400;
        let outcome = match self.random.below(if many { 5 } else { 9 }) {
            0..=2 => self.edit(who, false),
            3..=5 => self.edit(who, true),
            _ => self.create(who),
        };
        match outcome {
            Some(Ok(())) => {
                self.count("changes");
                self.count(self.writers[who].0);
            }
            // The event was deleted or moved, or may not be moved past an adjacent occurrence.
            Some(Err(error)) => {
                let known = [ErrorKind::NotFound, ErrorKind::Conflict]
                    .iter()
                    .any(|kind| std::mem::discriminant(kind) == std::mem::discriminant(error.kind()))
                    || matches!(error.kind(), ErrorKind::Validation { .. });
                assert!(known, "{}: {error:?}", self.writers[who].0);
                self.count("refused");
            }
            None => {}
        }
    }

    fn create(&mut self, who: usize) -> Option<Result<(), Error>> {
        let calendar = self.random.pick(&self.calendars[who]).clone();
        let title = format!("New {}", self.random.below(1000));
        let start = self.time();
        let mut new = NewEvent::new(calendar.clone(), &title, start, start + SignedDuration::from_mins(45));
        let what = match self.random.below(6) {
            0 => {
                let days = 2 + u32::try_from(self.random.below(6)).unwrap();
                new = new.recurrence(Recurrence::daily().count(days));
                "series"
            }
            1 => {
                let day = start.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
                new = NewEvent::all_day(calendar, &title, day, day.tomorrow().unwrap());
                "days"
            }
            _ => "created",
        };
        let outcome = self.writers[who].1.create(&new).map(drop);
        if outcome.is_ok() {
            self.count(what);
        }
        Some(outcome)
    }

    /// Updates or deletes a random event in the copy of user `who`.
    fn edit(&mut self, who: usize, delete: bool) -> Option<Result<(), Error>> {
        let copy = [&self.connect.copy, &self.google.copy, &self.outlook.copy][who];
        let place = self.random.below(copy.len().max(1));
        let event = copy.iter().nth(place)?.clone();
        if event.status == Some(EventStatus::Cancelled) {
            return None;
        }
        let whole = self.random.below(4) == 0;
        let (what, outcome) = if delete {
            let request = event.delete().or_else(|_| event.delete_series()).unwrap();
            let request = if whole { request.whole_series() } else { request };
            ("deleted", self.writers[who].1.delete(&request))
        } else {
            let request = event
                .change()
                .or_else(|_| event.change_series())
                .unwrap()
                .title(format!("Changed {}", self.random.below(1000)));
            let request = if whole { request.whole_series() } else { request };
            let start = self.time();
            let moved = event.recurring_event_id.is_none() && event.all_day != Some(true);
            let request = if moved && self.random.below(2) == 0 {
                request.time(start, start + SignedDuration::from_mins(30))
            } else {
                request
            };
            ("updated", self.writers[who].1.update(&request).map(drop))
        };
        if outcome.is_ok() {
            self.count(what);
        }
        Some(outcome)
    }

    /// A random start, at most a day outside the window.
    fn time(&mut self) -> Timestamp {
        let quarters = i64::try_from(self.random.below(16 * 24 * 4)).unwrap();
        self.start - SignedDuration::from_hours(24) + SignedDuration::from_mins(quarters * 15)
    }

    /// Loses a random pending delivery, or passes it to the Connect feed.
    ///
    /// Some of the passed deliveries stay pending, so that they arrive again.
    fn deliver(&mut self) {
        if self.inbox.is_empty() {
            return;
        }
        let place = self.random.below(self.inbox.len());
        let delivery = self.inbox[place].clone();
        match self.random.below(10) {
            0..=1 => {
                self.inbox.remove(place);
                return self.count("lost");
            }
            2..=3 => self.count("repeated"),
            _ => drop(self.inbox.remove(place)),
        }
        let changes = self.connect.feed.delivered(&delivery);
        self.connect.copy.apply(changes);
        self.count("delivered");
    }

    /// Replaces the feeds with new feeds that continue from the saved cursors, as in a new process.
    fn resume(&mut self) {
        if let Some(cursor) = self.google.feed.cursor() {
            let id = self.calendars[1][0].id.clone();
            self.google.feed = google::EventFeed::new(id).page_size(20).resume(&cursor).unwrap();
            self.google.response = None;
        }
        if let Some(cursor) = self.outlook.feed.cursor() {
            let feed = outlook::EventFeed::new(self.start, self.end).calendar(&self.calendars[2][0].id);
            self.outlook.feed = feed.page_size(20).resume(&cursor).unwrap();
            self.outlook.response = None;
        }
        if let Some(cursor) = self.connect.feed.cursor() {
            let feed = Mirror::new(self.start, self.end).page_size(100);
            self.connect.feed = feed.resume(&cursor, self.connect.copy.fingerprints());
            self.connect.response = None;
        }
        self.count("resumed");
    }

    /// Finishes the rounds under way, reads one more round, and compares the copies with the services.
    fn finish(&mut self) {
        for _ in 0..2 {
            while self.google.step().is_none() {}
            while self.outlook.step().is_none() {}
            while self.connect.step().is_none() {}
        }
        let (world, window) = (&self.world, (self.start, self.end));
        let (google, left_over) = compare_google(world, &self.google.user, &self.google.copy);
        let outlook = compare_outlook(world, &self.outlook.user, &self.outlook.copy, window);
        let events =
            [("google events", google), ("google left over", left_over), ("outlook events", outlook)];
        self.counts.extend(events.map(|(name, count)| (name, count as u64)));
        self.compare_connect();
    }

    fn compare_connect(&mut self) {
        let path = format!("/api/events?start={}&end={}&pageSize=500", self.start, self.end);
        let shown = self.world.all(&self.connect.user, &path, "events", ("nextPageToken", "&nextPageToken="));
        let part = |item: &Value| {
            ["title", "start", "end", "allDay", "recurringEventId", "calendarId"]
                .map(|name| item[name].clone())
        };
        let there = by_id(&shown, part);
        let here: BTreeMap<_, _> = self
            .connect
            .copy
            .iter()
            .map(|event| (event.id.clone(), part(&serde_json::to_value(event).unwrap())))
            .collect();
        let times = |items: BTreeMap<String, [Value; 6]>| -> BTreeMap<String, (Value, Value)> {
            items.into_iter().map(|(id, [title, .., calendar])| (id, (title, calendar))).collect()
        };
        assert_same("connect", &times(here), &times(there.clone()));
        self.counts.insert("connect events", there.len() as u64);
    }
}
