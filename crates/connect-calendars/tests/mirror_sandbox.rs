//! Tests of the mirror with thousands of random changes in the sandbox.
//!
//! Some changes are made through Connect, others directly in the calendars of the providers. Deliveries are
//! lost, repeated and reordered, and arrive between the pages of sweeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/sandbox_world.rs"]
mod sandbox_world;

use std::collections::BTreeMap;

use connect_blocking::User;
use connect_calendars::sync::{self, ChangeFeed, Changes, EventCopy, Mirror};
use connect_core::{
    Caller, Error,
    types::{Delivery, Event, EventPage, ListCalendars, ListEvents, NewEvent, Recurrence, SeriesMode},
};
use connect_sandbox::Trigger;
use jiff::{SignedDuration, Timestamp};
use sandbox_world::{CONNECT_WEBHOOKS, Random, World};

const STEPS: usize = 5_000;

struct Run {
    world: World,
    user: User,
    random: Random,
    start: Timestamp,
    end: Timestamp,
    mirror: Mirror,
    copy: EventCopy,
    read: Option<Result<EventPage, Error>>,
    inbox: Vec<Delivery>,
    listed: Vec<Event>,
    count: BTreeMap<&'static str, u32>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let world = World::new(seed, &CONNECT_WEBHOOKS);
        let user = world.connect();
        let now = world.with(|_, now| now);
        let days = SignedDuration::from_hours(24);
        // Whole seconds, because the ids of occurrences have no fractions.
        let now = Timestamp::from_second(now.as_second()).unwrap();
        let (start, end) = (now - days * 3, now + days * 11);
        Self {
            world,
            user,
            random: Random(seed * 77 + 1),
            start,
            end,
            mirror: Mirror::new(start, end).page_size(40),
            copy: EventCopy::new(),
            read: None,
            inbox: Vec::new(),
            listed: Vec::new(),
            count: BTreeMap::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.count.entry(what).or_default() += 1;
    }

    fn list(&self) -> Vec<Event> {
        let list = ListEvents::between(self.start, self.end).page_size(1000);
        self.user.pages(list).items().map(Result::unwrap).collect()
    }

    /// A random start, at most a day outside the window.
    fn time(&mut self) -> Timestamp {
        let minutes = i64::try_from(self.random.below(16 * 24 * 4)).unwrap() * 15;
        self.start - SignedDuration::from_hours(24) + SignedDuration::from_mins(minutes)
    }

    fn step(&mut self, number: usize) {
        if number % 25 == 0 || self.listed.is_empty() {
            self.listed = self.list();
        }
        match self.random.below(20) {
            0..=1 => self.create(),
            2..=4 => self.update(),
            5..=6 => self.delete(),
            7..=9 => self.outside(),
            10..=13 => self.deliver(),
            14..=16 => self.page(),
            17 => self.mirror.begin(),
            18 if self.random.below(10) == 0 => self.resume(),
            18 => self.world.advance(310),
            _ => self.world.advance(7),
        }
        self.world.advance(1);
        let came = self.world.webhooks();
        self.inbox.extend(came);
    }

    fn create(&mut self) {
        let calendars = self.user.call(&ListCalendars::new()).unwrap();
        let calendar = self.random.pick(&calendars).clone();
        let start = self.time();
        let mut event = NewEvent::new(&calendar, "New", start, start + SignedDuration::from_mins(45));
        if self.random.below(3) == 0 {
            let count = 2 + u32::try_from(self.random.below(9)).unwrap();
            event = event.recurrence(Recurrence::daily().count(count));
            self.count("series created");
        } else if self.random.below(5) == 0 {
            let day = start.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
            event = NewEvent::all_day(&calendar, "Day", day, day.tomorrow().unwrap());
            self.count("days created");
        } else {
            self.count("created");
        }
        self.user.call(&event).unwrap();
    }

    fn mode(&mut self, event: &Event) -> Option<SeriesMode> {
        event.recurring_event_id.as_ref()?;
        let modes = [SeriesMode::This, SeriesMode::This, SeriesMode::Following, SeriesMode::All];
        Some(*self.random.pick(&modes))
    }

    fn update(&mut self) {
        let event = self.random.pick(&self.listed).clone();
        let mut change = event.change().unwrap().title(format!("Changed {}", self.random.below(1000)));
        if self.random.below(2) == 0 {
            let start = self.time();
            change = change.time(start, start + SignedDuration::from_mins(30));
        }
        change = match self.mode(&event) {
            Some(SeriesMode::Following) => change.this_and_following(),
            Some(SeriesMode::All) => change.whole_series(),
            _ => change,
        };
        if self.user.call(&change).is_ok() {
            self.count(if event.recurring_event_id.is_some() { "series updated" } else { "updated" });
        } else {
            self.listed.clear(); // moving a series changes the ids of its occurrences
        }
    }

    fn delete(&mut self) {
        let event = self.random.pick(&self.listed).clone();
        let delete = event.delete().unwrap();
        let delete = match self.mode(&event) {
            Some(SeriesMode::Following) => delete.this_and_following(),
            Some(SeriesMode::All) => delete.whole_series(),
            _ => delete,
        };
        if self.user.call(&delete).is_ok() {
            self.count(if event.recurring_event_id.is_some() { "series deleted" } else { "deleted" });
        } else {
            self.listed.clear();
        }
    }

    /// Makes a change directly in the calendar of a provider.
    fn outside(&mut self) {
        let event = self.random.pick(&self.listed).clone();
        let trigger = match self.random.below(3) {
            0 => Trigger::created().start(self.time()),
            1 => Trigger::updated().event(&event.id).start(self.time()),
            _ => Trigger::deleted().event(&event.id),
        };
        let trigger = trigger
            .user("ada")
            .provider(event.provider.as_ref().unwrap().as_str())
            .calendar(event.calendar_id.as_ref().unwrap());
        if self.world.with(|sandbox, now| sandbox.trigger(trigger, now)).is_ok() {
            self.count(match event.provider.as_ref().unwrap().as_str() {
                "google" => "outside google",
                "microsoft" => "outside microsoft",
                "apple" => "outside apple",
                _ => "outside caldav",
            });
        }
    }

    /// Loses a random pending delivery, or passes it to the mirror.
    ///
    /// Some of the passed deliveries stay pending, so that they arrive again.
    fn deliver(&mut self) {
        if self.inbox.is_empty() {
            return;
        }
        let place = if self.random.below(2) == 0 { 0 } else { self.random.below(self.inbox.len()) };
        let delivery = self.inbox[place].clone();
        match self.random.below(10) {
            0..=1 => {
                self.inbox.remove(place);
                return self.count("lost");
            }
            2..=3 => self.count("repeated"),
            _ => drop(self.inbox.remove(place)),
        }
        let changes = self.mirror.delivered(&delivery);
        self.count("delivered");
        self.copy.apply(changes);
    }

    /// Reads a page, or passes the page that the previous call of this method read to the mirror.
    fn page(&mut self) {
        match self.read.take() {
            None => self.read = self.mirror.request().map(|request| self.user.call(&request)),
            Some(page) => {
                if let Some(changes) = self.mirror.advance(page).unwrap() {
                    self.copy.apply(changes);
                    self.count("sweeps");
                }
            }
        }
    }

    fn resume(&mut self) {
        if let Some(cursor) = self.mirror.cursor() {
            self.read = None;
            self.mirror =
                Mirror::new(self.start, self.end).page_size(40).resume(&cursor, self.copy.fingerprints());
            self.count("resumed");
        }
    }

    fn assert_copy_is_current(&self) {
        self.assert_same(|event| event.clone());
    }

    fn assert_same<T: PartialEq + std::fmt::Debug>(&self, part: impl Fn(&Event) -> T) {
        let mut changes = Changes::default();
        changes.events = self.list();
        let mut listed = EventCopy::new();
        listed.apply(changes);
        let without = |one: &EventCopy, other: &EventCopy| {
            let alike =
                |event: &&Event| other.get(&sync::EventId::from(*event)).map(&part) == Some(part(event));
            one.iter().filter(|event| !alike(event)).map(&part).collect::<Vec<_>>()
        };
        assert_eq!((without(&self.copy, &listed), without(&listed, &self.copy)), (vec![], vec![]));
    }
}

#[test]
fn copy_is_current_after_thousands_of_changes() {
    let mut run = Run::new(1);
    for number in 0..STEPS {
        run.step(number);
    }
    while run.read.is_some() {
        run.page();
    }
    let changes = sync::round(&run.user, &mut run.mirror).unwrap(); // finishes a sweep under way
    run.copy.apply(changes);
    let changes = sync::round(&run.user, &mut run.mirror).unwrap();
    run.copy.apply(changes);
    run.assert_copy_is_current();
    assert!(!run.mirror.is_stale());
    println!("{} events, {:?}", run.copy.len(), run.count);
    let kinds = [
        "created",
        "days created",
        "series created",
        "updated",
        "series updated",
        "deleted",
        "series deleted",
        "outside google",
        "outside microsoft",
        "outside apple",
        "outside caldav",
        "delivered",
        "lost",
        "repeated",
        "sweeps",
        "resumed",
    ];
    assert!(kinds.iter().all(|kind| run.count.contains_key(kind)), "{:?}", run.count);
}

/// If every delivery arrives and no sweep is due, the copy must equal the list of events.
#[test]
fn deliveries_keep_the_copy_current_until_a_sweep_is_due() {
    let mut run = Run::new(2);
    let mut series = 0;
    for _ in 0..150 {
        // Deliveries with the sandbox's Google objects lack the recurrence that Google sends, so the test
        // sweeps after a new series was created.
        let more = run.count.get("series created").copied().unwrap_or(0);
        if run.mirror.is_stale() || std::mem::replace(&mut series, more) != more {
            let changes = sync::round(&run.user, &mut run.mirror).unwrap();
            run.copy.apply(changes);
            run.count("sweeps");
        } else {
            run.count("correct without a sweep");
        }
        // No delivery reports that a removed occurrence changes `lastModified` of its sibling occurrences.
        run.assert_same(|event| {
            let mut event = event.clone();
            (event.last_modified, event.original) = (None, None);
            event
        });
        run.listed = run.list();
        let now = run.world.with(|_, now| now);
        // The demo events were modified at a time that the simulated clock has not reached.
        run.listed.retain(|event| event.last_modified <= Some(now));
        match run.random.below(8) {
            0..=2 => run.create(),
            _ if run.listed.is_empty() => run.create(),
            3 => run.update(),
            4 => run.delete(),
            _ => run.outside(),
        }
        run.world.advance(310);
        for delivery in run.world.webhooks() {
            let changes = run.mirror.delivered(&delivery);
            run.copy.apply(changes);
        }
    }
    println!("{:?}", run.count);
    assert!(run.count["correct without a sweep"] > 50, "{:?}", run.count);
}
